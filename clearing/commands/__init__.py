"""The commands of `python -m clearing`, a module a group: what an operator types, and how the answer is printed."""
