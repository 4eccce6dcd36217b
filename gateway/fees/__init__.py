"""Uploaded fees (2204/2301, 2205/2302, 5204): decided here alone, in slices that hold nobody up."""
