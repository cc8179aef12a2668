# Wellspoken. `make` alone lists what can be done; nothing but Python 3.11 or newer, pip and make
# is needed.

PYTHON ?= python3
PORT ?= 8080

VENV := .venv
BIN := $(VENV)/bin
RUN := $(VENV)/.ready-to-run
WORK := $(VENV)/.ready-to-work
ASSURANCE := .venv-assurance
ASSURED := $(ASSURANCE)/.ready
UV := 0.13.9
PIP := $(BIN)/python -m pip --disable-pip-version-check --no-input
COMPILE := .venv-lock/bin/uv pip compile --quiet --universal --python-version 3.11 \
	--generate-hashes --no-emit-index-url --no-header $(if $(UPGRADE),--upgrade)
# COMPLETE=1 makes a test that is skipped a failed one; PYTEST_ARGS go to pytest
PYTEST_ARGS ?=
# what goes to the benchmarks: --quick, --only NAME, --all
BENCH ?=
# what goes to the fault tests: --kills 500, --only NAME, --seed N
CHAOS ?=
# tests mostly wait for each other: three side by side suit two cores
WORKERS ?= 3
SIDE_BY_SIDE = --numprocesses=$(WORKERS) --dist=worksteal
SUITE := $(if $(COMPLETE),-p tests.plugins.complete) $(PYTEST_ARGS)

# An environment that was made elsewhere, or half made, or whose Python is gone, is made anew.
SOUND := $(shell [ "$$(cat $(RUN) 2>/dev/null)" = "$(CURDIR)" ] && $(BIN)/python -c '' 2>/dev/null \
	&& [ -x $(BIN)/wellspoken ] && echo yes)
ifneq ($(SOUND),yes)
.PHONY: $(RUN)
endif

.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
.PHONY: help setup demo check test coverage nightly bench chaos docs licences sbom audit lock clean

help: ## list what can be done
	@awk 'BEGIN { FS = ":.*## " } /^[a-z]+:.*## / { printf "  make %-8s %s\n", $$1, $$2 }' \
		$(MAKEFILE_LIST)

setup: $(RUN) ## make .venv with the command .venv/bin/wellspoken in it

demo: $(RUN) ## try it with a sample knowledge base, no key, no server (PORT=8080 moves it)
	@exec $(BIN)/wellspoken demo --port $(PORT)

check: $(WORK) ## style, types and the layer contract
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports

test: check ## the checks and the whole test suite
	$(BIN)/python -m pytest $(SIDE_BY_SIDE) $(SUITE)

coverage: $(WORK) ## the whole test suite with its coverage, which must be 85 %
	@rm -f .coverage .coverage.*
	$(BIN)/coverage run -m pytest $(SIDE_BY_SIDE) $(SUITE)
	@$(BIN)/coverage combine --quiet
	$(BIN)/coverage report --fail-under=85

nightly: $(WORK) $(ASSURED) ## fuzz the API, kill the service 500 times a platform, coverage (two hours)
	$(BIN)/python -m tests.assurance.fuzz --schemathesis $(ASSURANCE)/bin/schemathesis --seconds 300
	KILL_RUNS=500 $(BIN)/python -m pytest $(SUITE) \
		tests/integration/test_slack_kills.py tests/integration/test_discord_kills.py
	$(MAKE) coverage

bench: $(WORK) ## measure everything and fill docs/benchmarks.md (an hour; BENCH="--only search")
	$(BIN)/python -m benchmarks $(BENCH)

chaos: $(WORK) ## break things under load and write docs/chaos.md (half an hour; CHAOS="--kills 500")
	$(BIN)/python -m tests.chaos $(CHAOS)

docs: $(RUN) ## write the generated pages of docs/ anew
	$(BIN)/python -m adapters.cli.docs

licences: $(RUN) ## write docs/licences.md anew from what is installed
	$(BIN)/python -m tests.assurance licences

sbom: $(RUN) $(ASSURED) ## write what is shipped to build/wellspoken.cdx.json (CycloneDX)
	@$(BIN)/python -m tests.assurance sbom
	@$(ASSURANCE)/bin/python -m tests.assurance.validate build/wellspoken.cdx.json

audit: $(RUN) $(ASSURED) ## check locks, licences and models, and ask for known weaknesses
	@$(BIN)/python -m tests.assurance audit --pip-audit $(ASSURANCE)/bin/pip-audit

lock: ## write the lock files anew from pyproject.toml (UPGRADE=1: to the newest versions)
	@[ -x .venv-lock/bin/uv ] || $(PYTHON) -m venv .venv-lock
	@.venv-lock/bin/python -m pip install --disable-pip-version-check --quiet uv==$(UV)
	$(COMPILE) -o requirements/runtime.lock pyproject.toml requirements/build.in
	$(COMPILE) -c requirements/runtime.lock --group dev -o requirements/dev.lock \
		pyproject.toml requirements/build.in
	$(COMPILE) -c requirements/dev.lock --group assurance -o requirements/assurance.lock

clean: ## remove .venv and what the tools left behind; data in .wellspoken stays
	rm -rf $(VENV) $(ASSURANCE) .venv-lock .mypy_cache .ruff_cache .pytest_cache .hypothesis
	rm -rf .import_linter_cache .coverage .coverage.* htmlcov build dist
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

$(RUN): requirements/runtime.lock pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null || { \
		echo "Wellspoken needs Python 3.11 or newer; name one, as in: make $(or $(MAKECMDGOALS),setup) PYTHON=python3.12" >&2; \
		exit 1; }
	@[ "$(SOUND)" = yes ] || { rm -rf $(VENV) && $(PYTHON) -m venv $(VENV); } || { \
		echo "The environment cannot be made; on Debian and Ubuntu: apt install python3-venv" >&2; \
		exit 1; }
	@echo "Installing into $(VENV), about a minute the first time …" >&2
	@$(PIP) install --quiet --require-hashes -r requirements/runtime.lock
	@$(PIP) install --quiet --no-deps --no-build-isolation --editable .
	@echo "$(CURDIR)" > $(RUN)

$(WORK): requirements/dev.lock $(RUN)
	@echo "Installing the tools for checks and tests …" >&2
	@$(PIP) install --quiet --require-hashes -r requirements/dev.lock
	@touch $(WORK)

$(ASSURED): requirements/assurance.lock | $(RUN)
	@echo "Installing the tools that look at what is shipped …" >&2
	@$(BIN)/python -m venv --clear $(ASSURANCE)
	@$(ASSURANCE)/bin/python -m pip install --disable-pip-version-check --no-input --quiet \
		--require-hashes -r requirements/assurance.lock
	@touch $(ASSURED)
