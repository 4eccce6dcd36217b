"""Traffic against the institutions' door, and what it costs: the beginning of the load test.

Sees only the contract (`proto`), the data files of the directory, `/proc` and, for the names of backends,
`pg_stat_activity`. `python -m loadtest bench` is `make bench`.

`directory` and `population` say who is treated where, `bills` writes the messages, `arrivals` says when they are due,
`driver` sends them from the `generator`'s own process, `answers` checks every answer, `cpu` counts what the servers
used, `echo` is what they are compared with, `bench` plays the rounds and `report` prints them.
"""
