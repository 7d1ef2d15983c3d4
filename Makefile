# make demo    the wine notebook all the way, in ./demo            make test      lint, types, imports, tests, notebooks
# make bench   speed, against the peers                            make test-all  the same and the slow tests
# make docs    what is generated: docs/verbs.md, docs/pictures     make clean     forget builds and environments
# make labextension  build the sidebar after a change              make browser   the sidebar in Chromium

PYTHON ?= python3
VENV ?= .venv
BIN := $(VENV)/bin
export PATH := $(abspath $(BIN)):$(PATH)
# Nothing of the person's own MLflow or Jupyter set-up reaches in here.
unexport MLFLOW_TRACKING_URI MLFLOW_EXPERIMENT_NAME PYTHONPATH
# Images of containers set it; thousands of processes would each compile what they import of us.
unexport PYTHONDONTWRITEBYTECODE
WORKERS ?= 2
# How often a test that fails is tried again. With all of a machine's servers, browsers and kernels on two cores one of
# thousands may fail once in a while; the summary names it (RERUN), and it is a fault to be mended.
RERUNS ?= 0
test-all: RERUNS = 1

.PHONY: demo test test-all checks lint types imports sidebar notebooks unit browser slow unit-and-slow bench docs clean

demo: $(VENV)/.demo
	$(BIN)/nbmlops demo --to demo

test: checks unit

test-all: checks browser unit-and-slow

# Side by side: each of them has work for one core.
checks: $(VENV)/.dev $(VENV)/.checks
	@$(MAKE) --no-print-directory --jobs $(WORKERS) --output-sync=target lint types imports sidebar notebooks

lint: $(VENV)/.dev
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .

types: $(VENV)/.dev
	$(BIN)/mypy

imports: $(VENV)/.dev
	$(BIN)/lint-imports

# In a copy: executing a notebook leaves files beside it. One that fails leaves its deployment, too.
notebooks: $(VENV)/.dev
	rm -rf build/notebooks && mkdir -p build && cp -r example-notebooks build/notebooks
	cd build/notebooks/issue-labels && $(abspath $(BIN))/python make_issues.py
	cd build/notebooks && $(abspath $(BIN))/python -m pytest -p no:cacheprovider -c /dev/null --rootdir . --nbval-lax -q . \
		; found=$$?; $(abspath $(BIN))/nbmlops undeploy parcels --purge >/dev/null 2>&1; exit $$found

unit: $(VENV)/.dev
	$(BIN)/python -m pytest -n $(WORKERS) --dist worksteal --reruns $(RERUNS) -m "not slow and not browser"

# JupyterLab in Chromium; pictures go to test-artifacts/browser.
browser: $(VENV)/.dev $(VENV)/.checks
	@./.ci/apt chromium fonts-dejavu-core
	$(BIN)/python -m pytest -n $(WORKERS) --reruns $(RERUNS) -m browser

# The TypeScript of the sidebar: style, types, logic.
sidebar: $(VENV)/.checks
	cd labextension && jlpm run types
	cd labextension/checks && jlpm run lint && jlpm run types && jlpm run test

slow: $(VENV)/.dev
	$(BIN)/python -m pytest --reruns $(RERUNS) -m slow

# Together, so that what waits in one test is another one's time.
unit-and-slow: $(VENV)/.dev
	$(BIN)/python -m pytest -n $(WORKERS) --dist worksteal --reruns $(RERUNS) --durations 30 -m "not browser"

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

# After a change to the sidebar: build it, and let the environment see what is built.
.PHONY: labextension
labextension: $(VENV)/.checks
	cd labextension && jlpm run build:prod
	$(BIN)/jupyter-builder develop . --overwrite

# What checks the sidebar, beside what builds it.
$(VENV)/.checks: labextension/yarn.lock labextension/checks/yarn.lock $(VENV)/.dev
	cd labextension && jlpm install --immutable --silent
	cd labextension/checks && jlpm install --immutable --silent
	touch $@

# Debian ships venv apart from Python; root may fetch it, anybody else is told.
$(BIN)/python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { echo "nbmlops needs Python 3.11 or newer: make PYTHON=python3.12 ..."; exit 1; }
	@$(PYTHON) -m venv $(VENV) >/dev/null 2>&1 || { rm -rf $(VENV); ./.ci/apt python3-venv && $(PYTHON) -m venv $(VENV); }

.PHONY: system
system:
	@./.ci/apt git

clean:
	rm -rf nbmlops/labextension labextension/lib labextension/node_modules labextension/checks/node_modules
	rm -rf $(VENV) build demo .mypy_cache .ruff_cache .pytest_cache .import_linter_cache
