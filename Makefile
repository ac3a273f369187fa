.DEFAULT_GOAL := help
.PHONY: help setup mini demo dev check test soak lint types bench wheels schema lock upgrade clean

# Byte code is kept: where a machine forbids it, each of our processes would compile all that it imports.
export PYTHONDONTWRITEBYTECODE :=
BIN := .venv/bin
STAMP := .venv/.set-up
MINI := .venv/mini
PROJECTS := pyproject.toml schema/pyproject.toml tests/support/pyproject.toml $(wildcard packages/*/pyproject.toml)

help: ## list the targets
	@awk -F ':.*## ' '/^[a-z]+:.*## / {printf "  make %-8s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

setup: $(STAMP) ## make .venv with the locked libraries and our packages (PYTHON=python3.12 to choose)

$(STAMP): requirements.lock requirements-bootstrap.lock scripts/setup.sh $(PROJECTS)
	@PYTHON='$(PYTHON)' sh scripts/setup.sh
	@touch $@

mini: $(MINI)/.set-up ## mini-swe-agent, in an environment of its own

$(MINI)/.set-up: requirements-mini.lock $(STAMP)
	@echo "setup: installing mini-swe-agent into $(MINI)" >&2
	@$(BIN)/python -m venv --clear $(MINI)
	@$(MINI)/bin/python -m pip install -qq --disable-pip-version-check --no-deps --require-hashes -r requirements-mini.lock
	@touch $@

demo: setup ## tasks, runs, rewards, pairs and a release on this machine; no key needed
	@$(BIN)/trajhub run

dev: setup ## the Dagster UI on the demo's project
	@$(BIN)/trajhub dev

check: lint ## for every commit: lint, types, and the tests that need no box, browser or graph
	$(BIN)/python -m pytest -q -n 3 --dist loadscope -m "not (soak or docker or chromium or boxes or graph)"

test: setup mini ## every test but the long ones
	$(BIN)/python -m pytest -n 3 --dist loadscope --no-loadscope-reorder

soak: setup ## the long fuzz, kill, load and wheel tests; a thousand cases of each property
	SOAK_EXAMPLES=1000 $(BIN)/python -m pytest -m soak --timeout 3600

lint: setup types ## style, formatting, types, import contracts
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/lint-imports

types: setup ## strict type check of schema/ and packages/
	$(BIN)/mypy

bench: setup ## every benchmark, each a table
	@for script in benchmarks/*.py; do echo "== $$script"; $(BIN)/python $$script || exit 1; done

wheels: setup ## build each package and run its tests alone in an empty environment
	@$(BIN)/python -m trajtests.wheels

schema: setup ## write the JSON Schema files anew
	@$(BIN)/python -m trajschema.generate schema

lock: setup ## write the locks anew; pinned versions stay
	@$(BIN)/python scripts/lock.py

upgrade: setup ## write the locks anew with the newest versions
	@$(BIN)/python scripts/lock.py --upgrade

clean: ## remove what was built and .venv; the data in .trajhub stays
	rm -rf .venv dist .pytest_cache .hypothesis .mypy_cache .ruff_cache .import_linter_cache
	find . -name .trajhub -prune -o -name __pycache__ -type d -prune -exec rm -rf {} +
