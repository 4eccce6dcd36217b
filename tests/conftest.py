"""What every test gets: an environment without our settings, and the servers of `tests/servers.py`."""

from tests.brokers import apache_kafka, either_broker, kafka_parts
from tests.servers import (
    broker,
    database,
    own_broker,
    own_postgres,
    postgres_server,
    scrub_environment,
    server_dir,
    templates,
)

__all__ = [
    "apache_kafka",
    "broker",
    "database",
    "either_broker",
    "kafka_parts",
    "own_broker",
    "own_postgres",
    "postgres_server",
    "server_dir",
    "templates",
]

scrub_environment()
