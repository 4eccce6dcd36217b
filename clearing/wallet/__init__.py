"""Transfers between wallets (医保钱包) in the clearing: their own run, column and positions."""
