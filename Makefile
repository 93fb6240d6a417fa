# Every target sets up what it needs, in .venv, with nothing but Python (3.11 or later) and a package registry.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
SMOLAGENTS := benchmarks/.venv-smolagents
PIP_INSTALL := install --quiet --disable-pip-version-check

.PHONY: demo test check format bench clean

demo: $(VENV)/.with-core ## a real agent solves a real task, from a recording: no key, no network
	@$(BIN)/actlet demo

test: $(VENV)/.with-test ## the whole suite
	@$(BIN)/python -m pytest -n auto --dist loadgroup

check: $(VENV)/.with-dev ## formatting, lint and types
	@$(BIN)/ruff format --check .
	@$(BIN)/ruff check .
	@$(BIN)/mypy

format: $(VENV)/.with-dev
	@$(BIN)/ruff format .
	@$(BIN)/ruff check --fix .

bench: $(VENV)/.with-test $(SMOLAGENTS)/.installed ## speed and memory, next to smolagents and to bare Python
	@SMOLAGENTS_PYTHON=$(abspath $(SMOLAGENTS))/bin/python $(BIN)/python -m benchmarks

$(BIN)/python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "actlet needs Python 3.11 or later: make PYTHON=python3.12")'
	@$(PYTHON) -m venv $(VENV)

$(VENV)/.with-core: pyproject.toml | $(BIN)/python
	@echo "setting up $(VENV) ..."
	@$(BIN)/pip $(PIP_INSTALL) -e .
	@touch $@

$(VENV)/.with-%: pyproject.toml | $(BIN)/python
	@echo "setting up $(VENV) for $* ..."
	@$(BIN)/pip $(PIP_INSTALL) -e '.[$*]'
	@touch $@ $(VENV)/.with-core

$(SMOLAGENTS)/.installed:
	@echo "setting up smolagents, to compare with ..."
	@$(PYTHON) -m venv $(SMOLAGENTS)
	@$(SMOLAGENTS)/bin/pip $(PIP_INSTALL) 'smolagents[openai]==1.26.0' litellm
	@touch $@

clean:
	rm -rf $(VENV) $(SMOLAGENTS) build dist .pytest_cache .mypy_cache .ruff_cache
