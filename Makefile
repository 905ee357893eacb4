# `make run` starts the service, `make test` lints and passes the quick tests, in three minutes on two cores; both
# set up what they need in .venv. `make ci` adds what takes longer, up to an hour: the coverage of the quick tests, the
# slow ones, among them the page in Chromium (of which `make test` passes a few stories), small faults that each core
# module's tests must find, and `make engines`: the page on old browsers, and on others than Chromium. That needs
# Node.js and npm, too.
PYTHON ?= python3
BIN := .venv/bin
PIP := @$(BIN)/python -m pip --disable-pip-version-check install --quiet

.PHONY: run test ci coverage slow mutants engines lint bench bench-voice soak

run: .venv/run
	$(BIN)/python -m service

test: lint
	$(BIN)/python -m pytest -m "not slow"

ci: coverage slow mutants engines

coverage: .venv/test
	@# It writes outside the tree, so that two runs at once do not meet.
	@data=$$(mktemp -d) && trap 'rm -rf "$$data"' EXIT && COVERAGE_FILE="$$data/coverage" \
		$(BIN)/python -m pytest -m "not slow" --cov --cov-report=term-missing:skip-covered

slow: .venv/test tests/axe/node_modules/.ready tests/asyncapi/node_modules/.ready tests/schemathesis/.venv/.ready
	$(BIN)/python -m pytest -m "slow and not alone" -n 2 --timeout 900
	@# Chromium's sound has been seen to stall for a whole browser: what fails for another reason fails twice.
	$(BIN)/python -m pytest -m alone -n 0 --timeout 900 || $(BIN)/python -m pytest -m alone -n 0 --timeout 900 --last-failed

mutants: .venv/test
	$(BIN)/python -m tests.mutants

engines: .venv/test tests/engines/node_modules/.ready
	node tests/engines/lint.mjs
	node --test --test-reporter=dot tests/engines/lint.test.mjs
	$(BIN)/python -m pytest -n 0 tests/engines/story.py

# MINUTES are for each of one, two and three processes; what fails is told with its seed, and how to play it again.
MINUTES ?= 5
soak: .venv/test
	$(BIN)/python -m tests.model --processes 1 --minutes $(MINUTES)
	$(BIN)/python -m tests.model --processes 2 --minutes $(MINUTES)
	$(BIN)/python -m tests.model --processes 3 --minutes $(MINUTES)

bench: .venv/test
	$(BIN)/python -m tests.bench.growth tests/bench/growth.svg
	$(BIN)/python -m tests.bench --json bench.json

# How fast and how safe a hands-free call is: in Chromium, spoken by espeak-ng. QUICK=--quick takes each tenth utterance.
bench-voice: .venv/test
	$(BIN)/python -m tests.bench.voice $(QUICK) --json bench-voice.json

lint: .venv/test
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports

tests/engines/node_modules/.ready: tests/engines/package-lock.json tests/engines/unpack.mjs
	@cd tests/engines && npm ci --silent && node unpack.mjs
	@touch $@

# What of the tests needs axe-core is skipped where npm cannot bring it.
tests/axe/node_modules/.ready: tests/axe/package-lock.json
	@if npm ci --prefix tests/axe --silent; then touch $@; else echo "axe-core is missing: npm did not bring it"; fi

tests/asyncapi/node_modules/.ready: tests/asyncapi/package-lock.json
	@if npm ci --prefix tests/asyncapi --silent; then touch $@; else echo "AsyncAPI's parser is missing: npm did not bring it"; fi

# Apart from the other tools: it brings an HTTP client, a web framework and a plugin of pytest along.
tests/schemathesis/.venv/.ready: tests/schemathesis/requirements.txt
	@if $(PYTHON) -m venv $(@D) && $(@D)/bin/python -m pip --disable-pip-version-check install --quiet -r $<; \
		then touch $@; else echo "schemathesis is missing: pip did not bring it"; fi

.venv/python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "Python 3.11 or newer is needed: make PYTHON=python3.12 ...")'
	@$(PYTHON) -m venv .venv
	@touch $@

.venv/run: requirements.txt .venv/python
	@echo "Installing into .venv, once: about a minute ..."
	$(PIP) -r $<
	@touch $@

.venv/test: requirements-dev.txt requirements.txt .venv/python
	@echo "Installing into .venv what tests need, once: about a minute ..."
	$(PIP) -r $<
	@touch $@ .venv/run
