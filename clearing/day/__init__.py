"""A day closed, compared and judged: the run, its differences, the actions on them, and the proof of it all."""
