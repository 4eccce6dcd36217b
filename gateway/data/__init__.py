"""Data files of the care side; `docs/data.md` says what each column means and what its source is."""
