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
	@grep -E '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed 's/:.*## /\t/' | sort | expand -t 24

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

test: setup programs ## every test but the long ones
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

bench: setup programs ## measure what is promised about speed
	$(BIN)/python -m benchmarks $(ARGS)

soak: setup programs ## the long form of the fault tests
	HYPOTHESIS_PROFILE=soak $(BIN)/python -m pytest -m soak --timeout 0 $(ARGS)

COMPILE := $(BIN)/uv pip compile --quiet --python-version 3.11 --python-platform x86_64-manylinux_2_28 \
  --generate-hashes --no-emit-index-url --no-emit-find-links --no-header --no-annotate

lock: setup ## write requirements.lock, and what each image installs, anew from pyproject.toml
	$(COMPILE) --upgrade --extra all --group dev --output-file requirements.lock pyproject.toml
	for part in agent gateway simulators; do $(COMPILE) --constraint requirements.lock --extra $$part \
	  --output-file deploy/requirements/$$part.txt pyproject.toml || exit 1; done
	echo setuptools | $(COMPILE) --constraint requirements.lock --output-file deploy/requirements/build.txt -

.PHONY: dashboards-pictures dashboards-types dashboards-week
dashboards-pictures: setup programs ## draw what the dashboards would tell into build/dashboards
	$(BIN)/python -m tests.support.pictures $(ARGS)

dashboards-week: setup programs ## ask every query of the dashboards of a simulated week; 14 minutes of a core
	SIMULATED_HOURS=168 $(BIN)/python -m pytest --timeout 0 tests/integration/dashboards $(ARGS)

dashboards-types: setup ## check the dashboards' JSON against Grafana's types; needs node and npm
	$(BIN)/python -m tests.support.grafana_types

# Debian's programs that the tests start, each with its package.
PROGRAMS := mosquitto:mosquitto influxd:influxdb docker-compose:docker-compose systemd-analyze:systemd openssl:openssl

.PHONY: programs
programs:
	@missing=""; for each in $(PROGRAMS); do \
	  PATH="$$PATH:/usr/sbin" command -v "$${each%:*}" >/dev/null || missing="$$missing $${each#*:}"; done; \
	if test -z "$$missing"; then exit 0; fi; \
	if test "$$(id -u)" -ne 0; then \
	  echo "the tests need$$missing: apt-get install$$missing (as root)" >&2; exit 1; fi; \
	echo "installing for the tests:$$missing"; \
	apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends $$missing

clean: ## remove what the chores made, the environment included
	rm -rf $(VENV) build .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache demo-data
