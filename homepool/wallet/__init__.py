"""Wallet transfers (医保钱包) between pools: the legs, their book, and what carries them from node to node."""
