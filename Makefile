# Two commands: `make run` starts the service, `make test` passes the tests. Both set up what they need in .venv.
PYTHON ?= python3
BIN := .venv/bin
PIP := @$(BIN)/python -m pip --disable-pip-version-check install --quiet

.PHONY: run test lint bench

run: .venv/run
	$(BIN)/python -m service

test: lint
	@# Coverage writes outside the tree, so that two runs at once do not meet.
	@data=$$(mktemp -d) && trap 'rm -rf "$$data"' EXIT && COVERAGE_FILE="$$data/coverage" $(BIN)/python -m pytest

bench: .venv/test
	$(BIN)/python -m tests.bench.growth tests/bench/growth.svg
	$(BIN)/python -m tests.bench --json bench.json

lint: .venv/test
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports

.venv/python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "Python 3.11 or newer is needed: make PYTHON=python3.12 ...")'
	@$(PYTHON) -m venv .venv
	@touch $@

.venv/run: requirements.txt .venv/python
	$(PIP) -r $<
	@touch $@

.venv/test: requirements-dev.txt requirements.txt .venv/python
	$(PIP) -r $<
	@touch $@ .venv/run
