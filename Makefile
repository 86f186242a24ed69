# Two commands: `make run` starts the app, `make test` checks everything.
.DEFAULT_GOAL := help
SHELL := /bin/bash
PYTHON ?= python3
PORT ?= 8501
BIN := .venv/bin

help: ## show this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "  make %-12s %s\n", $$1, $$2}' Makefile

run: .venv/installed ## start the app on http://localhost:8501 (PORT=... changes it)
	@exec $(BIN)/python -m streamlit run app.py --server.port $(PORT)

# Tests start dozens of processes: none of them compiles again what another one has compiled.
test: export PYTHONDONTWRITEBYTECODE :=
test: lint types audit ## lint, types, audit and every test, with a real browser
	@$(BIN)/python -m tests.browser
	@$(BIN)/python -m pytest

lint: .venv/installed-dev ## ruff and the layers of the house
	@$(BIN)/python -m ruff format --check .
	@$(BIN)/python -m ruff check .
	@$(BIN)/python -c 'from importlinter.cli import lint_imports_command as c; c()'

types: .venv/installed-dev ## mypy, strict
	@$(BIN)/python -m mypy

audit: .venv/installed-dev ## known dangers in the code and in the pinned packages
	@$(BIN)/python -m tests.audit

soak: .venv/installed-dev ## the engine's long proof: random steps against the model
	@exec $(BIN)/python -m tests.engine.soak --steps 10000

proofs: .venv/installed-dev ## tracking's long proofs: random histories, kill -9 of everything, a crowd at once
	@$(BIN)/python -m tests.proofs.sabotage
	@$(BIN)/python -m tests.proofs.histories --steps 1200
	@$(BIN)/python -m tests.proofs.kills --rounds 30
	@exec $(BIN)/python -m tests.proofs.kills --rounds 0 --loaders 4 --syncs 2 --seconds 60

walls: .venv/installed-dev ## the walls' long proof: 100,000 attempts, 10,000 guesses, a storm on the pool
	@$(BIN)/python -m tests.core.guessing
	@$(BIN)/python -m tests.walls --attempts 100000
	@exec $(BIN)/python -m tests.db.storm --seconds 120

psql: .venv/installed ## open psql on the embedded database, as the application's role
	@exec $(BIN)/python -m goals_core psql

clean: ## forget the environment (the data in .goals stay)
	rm -rf .venv

# A marker file each, so that a second start installs nothing. Modules are compiled when they are
# first used: most of what libraries bring never is. Programs are run as
# `python -m …`: the scripts in .venv/bin cannot be run from a path with a space.
.venv/python: Makefile
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "Goals needs Python 3.11 or newer")'
	@test -x $(BIN)/python || $(PYTHON) -m venv .venv
	@touch $@

.venv/installed: .venv/python requirements.txt
	@echo "Installing what the app needs into .venv"
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-compile -r requirements.txt
	@touch $@

.venv/installed-dev: .venv/installed requirements-dev.txt
	@echo "Installing what the checks need into .venv"
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-compile -r requirements-dev.txt
	@touch $@

.PHONY: help run test lint types audit soak proofs walls psql clean
