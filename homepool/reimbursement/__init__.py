"""Bills that people paid themselves and hand in later (零星报销): decided by the same engine, paid once."""
