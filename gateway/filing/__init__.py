"""Filings (备案) at the gateway: admitted, sent to the home node that keeps them, and listed."""
