"""The close of a month and of a year, and its document."""
