PYTHON ?= python3
ARGS ?=
BIN = .venv/bin

.PHONY: attack setup setup-dev demo test test-containers lint bench bench-reading faults test-llama test-sglang test-java \
	docs client lock clean help

help:  ## list what there is
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed 's/:.*## /	/' | expand -t 16

setup:  ## make .venv from the hashed lock
	@$(PYTHON) scripts/bootstrap.py

setup-dev:
	@$(PYTHON) scripts/bootstrap.py --dev

demo: setup  ## run everything on embedded defaults and send sample reports; ARGS=--once exits when they are through
	@$(BIN)/countersign demo $(ARGS)

test: setup-dev  ## all tests; what is missing on this machine is skipped with its reason
	@$(BIN)/python scripts/test_tools.py
	@$(BIN)/pytest $(ARGS)

bench: setup-dev  ## listeners side by side, then reports/s from MLLP to FHIR; OUT=docs/benchmarks keeps tables and pictures
	@$(BIN)/python -m tests.benchmarks.mllp $(if $(OUT),--out $(OUT)) $(ARGS)
	@$(BIN)/python -m tests.benchmarks.throughput $(if $(OUT),--out $(OUT)) --reports $(or $(REPORTS),3000)

bench-reading: setup-dev  ## our reading beside other programs on 1,000 chest reports of PyPI (makes .cache/reading); ARGS=--pipeline
	@$(BIN)/python -m tests.benchmarks.reading $(if $(OUT),--out $(OUT)) $(ARGS)

test-sglang: setup-dev  ## the model client against a real SGLang on this machine's CPU (3 GB the first time)
	$(BIN)/python tests/contract/sglang/live.py -- $(BIN)/pytest tests/contract/sglang --timeout 900 $(ARGS)

test-llama: setup-dev  ## the model client against llama.cpp's real server and a small model (130 MB the first time)
	$(BIN)/python tests/contract/llama/live.py -- $(BIN)/pytest tests/contract/llama --timeout 900 $(ARGS)

test-java: setup-dev  ## HAPI FHIR as the EHR, HL7's validator, HAPI HL7v2 and Camel (Java 17, Maven; 500 MB the first time)
	$(BIN)/python tests/contract/hapi/live.py -- $(BIN)/pytest tests/contract/hapi --timeout 900 $(ARGS)

faults: setup-dev  ## the fault matrix at full volumes; SECONDS=1800 SEED=1 set its random row, ARGS="-k test_15" picks one
	@FAULTS=full FAULTS_SECONDS=$(or $(SECONDS),1800) FAULTS_SEED=$(or $(SEED),1) $(BIN)/pytest tests/faults --timeout 14400 $(ARGS)
	@$(if $(ARGS),,$(BIN)/pytest tests/integration/fhir -m volume --timeout 14400)

test-containers: setup-dev  ## build the image, run compose.yaml and the chart's pods in podman; says so where it cannot
	@$(BIN)/pytest tests/containers -m containers --timeout 3600 $(ARGS)

attack: setup-dev  ## documents, races, doors, slow senders and a hostile model at full size, SECONDS=3600 beside honest load
	@ATTACK_SECONDS=$(or $(SECONDS),3600) ATTACK_INTERLEAVINGS=$(or $(INTERLEAVINGS),1000) $(BIN)/pytest \
		tests/attack tests/integration/workflow/test_one_winner.py --timeout 14400 $(ARGS)

docs:  ## the documentation as a site in build/site; a link that leads nowhere ends it (an environment of its own)
	@test -x .venv-docs/bin/mkdocs || { $(PYTHON) -m venv .venv-docs && \
		.venv-docs/bin/pip install --quiet --require-hashes -r requirements-docs.lock; }
	@NO_MKDOCS_2_WARNING=1 .venv-docs/bin/mkdocs build

lint: setup-dev  ## format, lint, types, import rules, dependencies
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/mypy --explicit-package-bases tests
	$(BIN)/lint-imports --no-logo
	$(BIN)/deptry services integration
	$(BIN)/deptry tests scripts --ignore DEP002,DEP004

client: setup-dev  ## a typed Python client of API v1 in build/countersign_client, by openapi-python-client (an environment of its own)
	@$(BIN)/python scripts/python_client.py

lock:  ## rewrite the locks from pyproject.toml (needs uv)
	scripts/lock.sh

clean:  ## remove what was built; the demo's data in .countersign stay
	rm -rf .venv .venv-docs .cache .mypy_cache .ruff_cache .pytest_cache .import_linter_cache build dist
