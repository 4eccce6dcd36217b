"""Clearing over gRPC: desks for operators, institutions and the bank's side, and the process that serves them."""
