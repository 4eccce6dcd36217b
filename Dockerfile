# One image for every process of ours; docker-compose.yml says what each one is.
FROM python:3.11-slim

ENV PYTHONUNBUFFERED=1 PYTHONDONTWRITEBYTECODE=1

WORKDIR /opt/settlement
COPY constraints.txt ./
RUN python -m pip install --no-cache-dir --disable-pip-version-check -r constraints.txt

COPY proto ./proto
COPY runtime ./runtime
COPY ledger ./ledger
COPY bus ./bus
COPY clearing ./clearing
COPY gateway ./gateway
COPY homepool ./homepool

# home nodes run as 10001, which owns keys and state; gateways as 10002, which cannot read a node's private key
RUN groupadd --gid 10001 node && useradd --uid 10001 --gid 10001 --no-create-home --shell /usr/sbin/nologin node \
 && groupadd --gid 10002 gateway && useradd --uid 10002 --gid 10002 --no-create-home --shell /usr/sbin/nologin gateway \
 && install -d -o node -g node -m 0755 /var/lib/settlement /var/lib/settlement/keys /var/lib/settlement/state

USER 10001:10001
CMD ["python", "-m", "bus", "--help"]
