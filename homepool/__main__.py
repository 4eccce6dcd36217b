"""`python -m homepool`."""

from homepool.cli import main

main()
