# make demo    the wine notebook all the way, in ./demo            make test      lint, types, imports, tests, notebooks
# make bench   speed, against the peers                            make test-all  the same and the slow tests
# make docs    what is generated: docs/verbs.md, docs/pictures     make clean     forget builds and environments

PYTHON ?= python3
VENV ?= .venv
BIN := $(VENV)/bin
export PATH := $(abspath $(BIN)):$(PATH)
# Nothing of the person's own MLflow or Jupyter set-up reaches in here.
unexport MLFLOW_TRACKING_URI MLFLOW_EXPERIMENT_NAME PYTHONPATH
WORKERS ?= 2

.PHONY: demo test test-all lint types imports notebooks unit slow bench docs clean

demo: $(VENV)/.demo
	$(BIN)/nbmlops demo --to demo

test: lint types imports notebooks unit

test-all: lint types imports notebooks slow unit

lint: $(VENV)/.dev
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .

types: $(VENV)/.dev
	$(BIN)/mypy

imports: $(VENV)/.dev
	$(BIN)/lint-imports

# In a copy: executing a notebook leaves files beside it.
notebooks: $(VENV)/.dev
	rm -rf build/notebooks && mkdir -p build && cp -r example-notebooks build/notebooks
	cd build/notebooks && $(abspath $(BIN))/python -m pytest -p no:cacheprovider -c /dev/null --rootdir . --nbval-lax -q .

unit: $(VENV)/.dev
	$(BIN)/python -m pytest -n $(WORKERS) -m "not slow"

slow: $(VENV)/.dev
	$(BIN)/python -m pytest -m slow

bench: $(VENV)/.dev
	$(BIN)/python -m benchmarks

docs: $(VENV)/.dev
	$(BIN)/python docs/make.py

$(VENV)/.demo: pyproject.toml | $(BIN)/python
	$(BIN)/pip install --quiet --disable-pip-version-check -e '.[demo]'
	touch $@

$(VENV)/.dev: pyproject.toml | $(BIN)/python system
	$(BIN)/pip install --quiet --disable-pip-version-check -e '.[dev]'
	touch $@ $(VENV)/.demo

# Debian ships venv apart from Python; root may fetch it, anybody else is told.
$(BIN)/python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { echo "nbmlops needs Python 3.11 or newer: make PYTHON=python3.12 ..."; exit 1; }
	@$(PYTHON) -m venv $(VENV) >/dev/null 2>&1 || { rm -rf $(VENV); ./.ci/apt python3-venv && $(PYTHON) -m venv $(VENV); }

.PHONY: system
system:
	@./.ci/apt git

clean:
	rm -rf $(VENV) build demo .mypy_cache .ruff_cache .pytest_cache .import_linter_cache
