"""Filings (备案): what becomes of one, where it is kept, and the desk that answers."""
