# Every target sets up what it needs; `make setup` does nothing when nothing changed.

PYTHON ?= python3
VENV   := .venv
RUN    := $(VENV)/bin
STAMP  := $(VENV)/.ready
INPUTS := pyproject.toml providers/aws/pyproject.toml providers/gcp/pyproject.toml constraints/dev.txt

.DEFAULT_GOAL := help
.PHONY: help setup demo kube test lint format bench bench-scale bench-firewall bench-informers docs clean

help: ## print this
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-16s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

setup: $(STAMP) ## make .venv with the pinned packages

$(STAMP): $(INPUTS)
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' \
	  || { echo "cloudlb needs Python 3.11 or newer; $(PYTHON) is $$($(PYTHON) --version 2>&1). Try: make PYTHON=python3.12 $(MAKECMDGOALS)" >&2; exit 1; }
	@test -x $(RUN)/python || $(PYTHON) -m venv $(VENV)
	@echo "setting up $(VENV) (once; a minute or two)"
	@$(RUN)/python -m pip install --quiet --disable-pip-version-check -c constraints/dev.txt hatchling editables
	@$(RUN)/python -m pip install --quiet --disable-pip-version-check --no-build-isolation -c constraints/dev.txt \
	  --editable . --editable './providers/aws[emulator]' --editable ./providers/gcp \
	  $$($(PYTHON) -c 'import tomllib; g = tomllib.load(open("pyproject.toml", "rb"))["dependency-groups"]; print(*g["test"], *g["lint"])')
	@touch $@

demo: setup ## see the main job done on an emulated cloud
	@$(RUN)/python examples/demo.py

kube: setup ## get a real API server for the cluster tests (the first time: some minutes, with Go)
	@$(RUN)/python tests/cluster/tools/get.py

test: setup kube ## run all tests
	@$(RUN)/python -m pytest

lint: setup ## ruff, mypy --strict and the import contracts
	@$(RUN)/ruff check .
	@$(RUN)/ruff format --check .
	@$(RUN)/mypy
	@$(RUN)/lint-imports

format: setup ## let ruff format and fix
	@$(RUN)/ruff format .
	@$(RUN)/ruff check --fix .

bench: setup ## count calls against the budgets
	@$(RUN)/python tests/bench/run.py

bench-scale: setup kube ## measure the controller with 300 Services (about a quarter of an hour)
	@$(RUN)/python tests/bench/scale.py

bench-firewall: setup ## measure the list of 5,000 firewall rules
	@$(RUN)/python tests/bench/firewall.py

bench-informers: setup kube ## measure the copies of a large cluster (about two minutes)
	@$(RUN)/python tests/bench/informers.py

docs: setup ## write the generated pages anew
	@$(RUN)/python docs/generate.py

clean: ## remove what make made
	@rm -rf $(VENV) .mypy_cache .pytest_cache .ruff_cache .import_linter_cache .hypothesis
