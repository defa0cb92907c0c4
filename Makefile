# Plugward. `make demo` and `make test` are all a newcomer needs: each sets up what it uses.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
PIP := $(BIN)/python -m pip --disable-pip-version-check --quiet
UV ?= uv
JOBS ?= 2
SECONDS_MAX ?= 600

.DEFAULT_GOAL := help
.PHONY: help demo test lint types contracts unit bench fuzz torture lock clean

help:  ## what can be made
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 12

$(BIN)/python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' \
	  || { echo "plugward: error: $(PYTHON) is older than 3.11" >&2; \
	       echo "plugward: hint: make PYTHON=/path/to/python3.11" >&2; exit 2; }
	@$(PYTHON) -m venv $(VENV)

# A stamp a lock: set up once, in seconds afterwards.
$(VENV)/run.stamp: requirements/run.lock pyproject.toml | $(BIN)/python
	@echo "setting up $(VENV) (once)" >&2
	@$(PIP) install --require-hashes -r requirements/run.lock
	@$(PIP) install --no-deps --no-build-isolation --editable .
	@touch $@

$(VENV)/dev.stamp: requirements/dev.lock $(VENV)/run.stamp
	@echo "adding the development tools to $(VENV) (once)" >&2
	@$(PIP) install --require-hashes -r requirements/dev.lock
	@touch $@

demo: $(VENV)/run.stamp  ## grow a V2G world, serve it on loopback, authorize contracts against it
	@$(BIN)/plugward demo

test: lint types contracts unit  ## lint, types, import contracts, all tests with coverage

lint: $(VENV)/dev.stamp
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .

types: $(VENV)/dev.stamp
	@$(BIN)/mypy

contracts: $(VENV)/dev.stamp
	@$(BIN)/lint-imports

unit: $(VENV)/dev.stamp
	@$(BIN)/coverage erase
	@$(BIN)/coverage run -m pytest -n $(JOBS)
	@$(BIN)/coverage combine --quiet
	@$(BIN)/coverage report --skip-covered | tail -n 40
	@$(BIN)/python -m tests.coverage_floor

bench: $(VENV)/dev.stamp  ## measure, each figure beside its limit; writes benchmarks/report.json
	@$(BIN)/python -m benchmarks.report

torture: $(VENV)/dev.stamp  ## kill the authority at every step; writes docs/torture.md
	@$(BIN)/python -m tests.torture

fuzz: $(VENV)/dev.stamp  ## coverage-guided fuzzing of EXI and of every reader, SECONDS_MAX (600) each
	@test -x .interop/fuzz/bin/python || $(PYTHON) -m venv .interop/fuzz
	@.interop/fuzz/bin/python -m pip install --quiet --disable-pip-version-check atheris==3.0.0
	@.interop/fuzz/bin/python tests/fuzz/exi_decode.py .interop/fuzz-corpus -max_total_time=$(SECONDS_MAX)
	@PYTHONPATH=$$($(BIN)/python -c 'import sysconfig; print(sysconfig.get_path("purelib"))') \
	  .interop/fuzz/bin/python tests/fuzz/readers.py .interop/fuzz-readers -max_total_time=$(SECONDS_MAX)

lock:  ## resolve requirements/*.lock anew (needs uv)
	$(UV) pip compile -q --universal --python-version 3.11 --generate-hashes --no-emit-index-url \
	  --no-annotate --no-header pyproject.toml --extra postgresql --extra pkcs11 --extra build -o requirements/run.lock
	$(UV) pip compile -q --universal --python-version 3.11 --generate-hashes --no-emit-index-url \
	  --no-annotate --no-header pyproject.toml --extra dev -c requirements/run.lock -o requirements/dev.lock

clean:  ## forget everything that was set up
	@rm -rf $(VENV) .mypy_cache .ruff_cache .pytest_cache .import_linter_cache .hypothesis .benchmarks .coverage .interop
