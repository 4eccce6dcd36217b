"""Messages in motion: topics, the log, beats. The only package that speaks Kafka.

Kafka is transport and nothing else: it may lose, repeat, reorder or forget everything, and no money is wrong,
because whoever needs an answer sends again by his own timer. docs/adr/0002-kafka-is-transport.md says why.
"""
