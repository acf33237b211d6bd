# Everything that is done often. `make` alone lists it.
# Arguments for a command: make up ARGS="--detach --data DIR --nodes 2"

SHELL = /bin/sh
VENV = .venv
BIN = $(VENV)/bin
ARGS =
PACKAGES = roomlog schemas ingest streams projector api analytics
SOURCES = $(wildcard $(PACKAGES) tests bench loadtest infra)

.PHONY: help up down status test test-tools test-web lint fmt bench loadtest web clean venv
.DEFAULT_GOAL = help

help: ## List the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-11s %s\n", $$1, $$2 }' Makefile

# The stack stops itself in order on Ctrl-C; make gets that signal too and has nothing to add.
up: venv ## Start the whole stack and say what to open (Ctrl-C stops it)
	@exec $(BIN)/roomlog up $(ARGS)

down: venv ## Stop the stack
	@exec $(BIN)/roomlog down $(ARGS)

status: venv ## Show what runs where
	@exec $(BIN)/roomlog status $(ARGS)

# Hundreds of processes run our modules, which are compiled once here, whatever the environment says.
test: export PYTHONDONTWRITEBYTECODE =
test: venv ## Check everything: code, web client, and all tests on a real stack
	@$(MAKE) --no-print-directory --jobs=3 --output-sync=target test-tools test-web lint
	$(BIN)/python -m pytest $(ARGS)

test-tools:
	@infra/browser.sh
	@infra/pgbouncer.sh
	@infra/balancers.sh

test-web: venv
	@$(BIN)/python -m roomlog.stack.web check

lint: venv ## Check style and types
	$(BIN)/ruff check $(SOURCES)
	$(BIN)/ruff format --check $(SOURCES)
	$(BIN)/mypy

fmt: venv ## Format the code
	$(BIN)/ruff check --fix-only $(SOURCES)
	$(BIN)/ruff format $(SOURCES)

bench: venv ## Run the benchmarks
	$(BIN)/python -m bench $(ARGS)

SCENARIO =
loadtest: venv ## Run load tests: SCENARIO=extreme (no name lists them)
	@$(BIN)/python -m loadtest $(SCENARIO) $(ARGS)

web: venv ## Build the web client
	@$(BIN)/python -m roomlog.stack.web build

clean: ## Remove what was built (the environment and the data stay)
	rm -rf web/dist web/node_modules build *.egg-info .mypy_cache .ruff_cache .pytest_cache .hypothesis
	find $(PACKAGES) tests -name __pycache__ -type d -prune -exec rm -rf {} +

venv:
	@infra/venv.sh $(VENV)

.PHONY: faults faults-brokers faults-long proofs

faults: venv ## Break each service in turn under load, and count what went wrong: all must be 0
	$(BIN)/roomlog check --ephemeral --each --faults all --messages 1000 --rate 150 $(ARGS)
	ROOMLOG_TEST_MUTANTS=1 $(BIN)/python -m pytest tests/acceptance/test_checker_mutants.py

COMING_AND_GOING = add-ingest remove-ingest add-streams remove-streams add-projector remove-projector \
	add-broker kill-broker freeze-broker kill-kafka

faults-brokers: venv ## Three brokers, four nodes: brokers, nodes and workers come, go and die under load; all must be 0
	$(BIN)/roomlog check --ephemeral --each --nodes 4 --streams 2 --projectors 2 --brokers 3 \
		--messages 1000 --rate 100 $(addprefix --fault ,$(COMING_AND_GOING)) $(ARGS)

faults-long: venv ## A million messages, a random fault every 20 s: half an hour on two idle cores, 5 GB of disk
	$(BIN)/roomlog check --ephemeral --faults all --every 20s --messages 1000000 \
		--rate 900 --clients 8 --rooms 8 $(ARGS)

# Each for a hundred seconds at 500 messages/s, in which PostgreSQL is away for sixty, or read models are rebuilt.
proofs: venv ## Prove it at scale: PostgreSQL away and a rebuild under load, plans on all of the real chat
	$(BIN)/roomlog check --ephemeral --each --fault stop-postgres --fault rebuild --messages 50000 \
		--rate 620 --reads 40 --clients 10 --rooms 8 --every 25s $(ARGS)
	ROOMLOG_TEST_CORPUS=whole $(BIN)/python -m pytest tests/integration/test_plans.py

.PHONY: infra-check

infra-check: venv ## Check what is in infra/, without Docker and without a cloud (ARGS="NAME..." for single checks)
	@infra/prometheus.sh
	@$(BIN)/python -m infra.checks $(ARGS)
	ROOMLOG_TEST_INFRA=1 $(BIN)/python -m pytest -q tests/unit/infra

.PHONY: observability-check

observability-check: venv ## Try every panel and alert on a real Prometheus and stack, and follow a message in all logs
	@infra/prometheus.sh
	ROOMLOG_TEST_OBSERVABILITY=1 ROOMLOG_LOG_FORMAT=json \
		$(BIN)/python -m pytest tests/acceptance/test_observability.py $(ARGS)

.PHONY: test-tls

test-tls: venv ## Test TLS, passwords and rights, on servers that want them: a minute
	@infra/valkey_tls.sh
	ROOMLOG_TEST_TLS=1 $(BIN)/python -m pytest tests/secured $(ARGS)

.PHONY: balancers

balancers: venv ## Test the load balancers, with sockets that idle for 150 s (more than any timeout of theirs)
	@infra/balancers.sh
	ROOMLOG_TEST_IDLE_S=150 $(BIN)/python -m pytest tests/integration/test_balancers.py

.PHONY: secrets

secrets: venv ## Make the passwords and keys of the compose file: infra/secrets
	@$(BIN)/python -m infra.make_secrets
