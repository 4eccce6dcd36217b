"""The whole system on one machine: embedded servers, the processes of a plan, their supervision, and the
demo.

    plan.py + stack.toml   what there is: regions, nodes, databases, topics, command lines, environment
    embedded.py            PostgreSQL and a Kafka-compatible broker from wheels
    apache_kafka.py        Apache Kafka, one broker or three; java.py and kafka_jars.py find or fetch what it needs
    servers.py             given servers of one stack, or its own
    part.py                one supervised process
    supervisor.py          the stack: started in order, watched, killed and restarted by name, stopped in order
    endpoints.py           where everything is; `endpoints.json`
    run_folder.py          one stack a folder, previous logs, what dead stacks left running
    up.py, kafka_up.py     `python -m stack up`, `python -m stack kafka`

It starts the other packages as commands and imports none of them. `DSGW_POSTGRES` (a server's address whose
user may create databases) and `DSGW_KAFKA` (bootstrap addresses) in the environment win over the embedded
servers.
"""
