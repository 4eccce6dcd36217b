"""Payment instructions, the files that carry them, and what the bank says of them."""
