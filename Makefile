# Two commands on a bare machine: `make run` and `make test`. Everything lives in .venv.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
PORT ?= 8501
# Test files are shared out among this many processes; each opens its own TensorFlow (1.5 GB).
WORKERS ?= 2
SECONDS ?= 600
export TF_CPP_MIN_LOG_LEVEL := 3
export PIP_DISABLE_PIP_VERSION_CHECK := 1

.PHONY: help setup run test lint unit slice e2e oracle soak kills bench clean
help:
	@echo "make run     start the dashboard on http://localhost:$(PORT)"
	@echo "make setup   install what the dashboard needs, and no more"
	@echo "make test    lint, types, format and tests"
	@echo "make e2e     browser tests (installs Debian's Chromium when it is missing)"
	@echo "make oracle  check methods and metrics against Xplique and Quantus, in an environment of their own"
	@echo "make soak    fuzz every reader by seed for SECONDS=$(SECONDS)"
	@echo "make kills   kill every command that writes at random moments, and fill its disk"
	@echo "make bench   measure the ratios of README's table"
	@echo "make clean   remove .venv and caches"

$(VENV)/.ready: requirements.txt pyproject.toml
	test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet -r requirements.txt
	$(BIN)/python -m pip install --quiet --no-deps -e .
	@touch $@

$(VENV)/.dev-ready: requirements-dev.txt $(VENV)/.ready
	$(BIN)/python -m pip install --quiet -r requirements-dev.txt
	@touch $@

setup: $(VENV)/.ready

run: $(VENV)/.ready
	$(BIN)/streamlit run app.py --server.port $(PORT)

lint: $(VENV)/.dev-ready
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

unit: $(VENV)/.dev-ready
	$(BIN)/python -m pytest -m "not e2e" -n $(WORKERS) --dist loadfile tests

# A minute of the fuzzers on seeds that stay the same: what a change breaks, not what luck finds.
slice: $(VENV)/.dev-ready
	$(BIN)/python -m tests.soak --seconds 60 --seed 9000

test: lint unit slice

e2e: $(VENV)/.dev-ready
	@command -v chromium >/dev/null || command -v chromium-headless-shell >/dev/null || sh tests/e2e/install_chromium.sh
	$(BIN)/python -m pytest -m e2e tests/e2e

ORACLE := .venv-oracle
ORACLES := tests/oracles/requirements-oracle
# In two steps: Xplique and Quantus pin versions that cannot be had together with ours.
$(ORACLE)/.ready: requirements.txt requirements-dev.txt $(ORACLES).txt $(ORACLES)-no-deps.txt
	test -x $(ORACLE)/bin/python || $(PYTHON) -m venv $(ORACLE)
	$(ORACLE)/bin/python -m pip install --quiet -r requirements.txt -r requirements-dev.txt -r $(ORACLES).txt
	$(ORACLE)/bin/python -m pip install --quiet --no-deps -r $(ORACLES)-no-deps.txt
	@touch $@

oracle: $(ORACLE)/.ready
	$(ORACLE)/bin/python -m pytest -m oracle -ra tests/oracles

soak: $(VENV)/.dev-ready
	$(BIN)/python -m tests.soak --seconds $(SECONDS)

kills: $(VENV)/.dev-ready
	$(BIN)/python -m tests.kills

bench: $(VENV)/.ready
	$(BIN)/osteo bench

clean:
	rm -rf $(VENV) $(ORACLE) .pytest_cache .mypy_cache .ruff_cache *.egg-info
