# One word per chore. `make help` lists them.
.DEFAULT_GOAL := help
SHELL := /bin/sh
PYTHON ?= python3.11
VENV := .venv
BIN := $(VENV)/bin

# Written when the environment holds exactly what the lock names.
STAMP := $(VENV)/.installed

.PHONY: help setup demo test check fmt generate bench soak lock clean

help: ## list the chores
	@grep -E '^[a-z]+:.*## ' $(MAKEFILE_LIST) | sed 's/:.*## /\t/' | sort | expand -t 12

setup: $(STAMP) ## build .venv from requirements.lock

$(STAMP): requirements.lock pyproject.toml
	@command -v $(PYTHON) >/dev/null || { \
	  echo "make setup needs Python 3.11 as '$(PYTHON)'; say where it is with PYTHON=/path/to/python3.11" >&2; exit 1; }
	test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements.lock
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation -e .
	@touch $@

demo: setup ## everything on this machine: broker, gateway and 37 simulated stations
	$(BIN)/yizhan demo $(ARGS)

test: setup mosquitto ## every test but the long ones
	$(BIN)/python -m pytest -n 2 --dist worksteal $(ARGS) || \
	  $(BIN)/python -m pytest --last-failed --last-failed-no-failures none $(ARGS)

check: setup ## style, types, import direction, generated files
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports --no-logo
	$(BIN)/python -m yizhan.generate --check

fmt: setup ## put every file in shape
	$(BIN)/ruff check --fix-only .
	$(BIN)/ruff format .

generate: setup ## write the files that are made from the code
	$(BIN)/python -m yizhan.generate

bench: setup mosquitto ## measure what is promised about speed
	$(BIN)/python -m benchmarks $(ARGS)

soak: setup mosquitto ## the long form of the fault tests
	HYPOTHESIS_PROFILE=soak $(BIN)/python -m pytest -m soak --timeout 0 $(ARGS)

lock: setup ## write requirements.lock anew from pyproject.toml
	$(BIN)/uv pip compile --quiet --upgrade --python-version 3.11 --python-platform x86_64-manylinux_2_28 \
	  --extra all --group dev --generate-hashes --no-emit-index-url --no-emit-find-links --no-header --no-annotate \
	  --output-file requirements.lock pyproject.toml

.PHONY: mosquitto
mosquitto:
	@if command -v mosquitto >/dev/null || test -x /usr/sbin/mosquitto; then exit 0; fi; \
	if test "$$(id -u)" -ne 0; then \
	  echo "the tests need the broker mosquitto: apt-get install mosquitto (as root)" >&2; exit 1; fi; \
	echo "installing the broker mosquitto for the tests"; \
	apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends mosquitto

clean: ## remove what the chores made, the environment included
	rm -rf $(VENV) build .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache demo-data
