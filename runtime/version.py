"""Which program this is: the version of pyproject.toml, which an installed process does not have beside it."""

from typing import Final

VERSION: Final = "0.1.0"
