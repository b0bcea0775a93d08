PYTHON ?= python3
ARGS ?=
BIN = .venv/bin

.PHONY: setup setup-dev demo test lint bench faults test-sglang lock clean help

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

test-sglang: setup-dev  ## the model client against a real SGLang on this machine's CPU (3 GB the first time)
	$(BIN)/python tests/contract/sglang/live.py -- $(BIN)/pytest tests/contract/sglang --timeout 900 $(ARGS)

faults: setup-dev  ## the fault matrix at full volumes; SECONDS=1800 SEED=1 set its random row, ARGS="-k test_15" picks one
	@FAULTS=full FAULTS_SECONDS=$(or $(SECONDS),1800) FAULTS_SEED=$(or $(SEED),1) $(BIN)/pytest tests/faults --timeout 14400 $(ARGS)
	@$(if $(ARGS),,$(BIN)/pytest tests/integration/fhir -m volume --timeout 14400)

lint: setup-dev  ## format, lint, types, import rules
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports --no-logo

lock:  ## rewrite the locks from pyproject.toml (needs uv)
	scripts/lock.sh

clean:  ## remove what was built; the demo's data in .countersign stay
	rm -rf .venv .cache .mypy_cache .ruff_cache .pytest_cache .import_linter_cache build dist
