# Every target makes what it needs, from a machine with nothing but Python 3.11 or later, and only inside this folder.
# `make help` lists them.

.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
.NOTPARALLEL:
.PHONY: help demo test soak check format lint types rooms bench test-agents clean

BIN := .venv/bin
BENCH ?=
TESTS ?=
AGENTS := .cache/agents

help: ## this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "  make %-12s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

demo: .venv/installed ## every front through every provider, against built-in upstreams; no account needed
	@$(BIN)/a2a demo

test: .venv/installed-dev ## all tests with branch coverage (TESTS=path for some of them, without)
	@echo "test: pytest $(TESTS)"
ifeq ($(TESTS),)
	@$(BIN)/coverage erase
	@$(BIN)/coverage run -m pytest -m "not agents and not soak" -n auto --dist loadfile
	@$(BIN)/coverage combine --quiet
	@$(BIN)/coverage report
else
	@$(BIN)/python -m pytest $(TESTS)
endif

soak: .venv/installed-dev ## the tests that take minutes: chaos over real HTTP, keyrings that are slow or shut
	@$(BIN)/python -m pytest -m soak

check: lint types test ## what a change must pass: lint, types, all tests (the rooms' rules are tests)

format: .venv/installed-dev ## put the source into its form
	@$(BIN)/ruff format
	@$(BIN)/ruff check --fix

lint: .venv/installed-dev ## ruff: form and rules
	@echo "lint: ruff format --check, ruff check"
	@$(BIN)/ruff format --check
	@$(BIN)/ruff check

types: .venv/installed-dev ## mypy, strict
	@echo "types: mypy"
	@$(BIN)/mypy

rooms: .venv/installed-dev ## who may import whom, and what start-up loads
	@$(BIN)/python -m pytest tests/rooms

bench: .venv/installed ## against a bare relay, ratios beside the targets (BENCH=--quick for two minutes)
	@$(BIN)/python -m bench.run $(BENCH)
	@$(BIN)/python -m bench.record $(if $(findstring quick,$(BENCH)),--seconds 10)

test-agents: .venv/installed-dev $(AGENTS)/installed ## real agents from npm against a2a serve (needs npm)
	@PATH="$(CURDIR)/$(AGENTS)/node_modules/.bin:$$PATH" $(BIN)/python -m pytest -m agents tests/agents

clean: ## remove what the other targets made
	rm -rf .venv .cache .mypy_cache .ruff_cache .pytest_cache .hypothesis .coverage .coverage.* build dist
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

.venv/installed: pyproject.toml scripts/venv
	@scripts/venv
	@touch $@

.venv/installed-dev: pyproject.toml scripts/venv
	@scripts/venv dev
	@touch .venv/installed $@

# Node 22 comes from npm's package `node`; the packages go into a folder of ours that git does not see.
$(AGENTS)/installed: scripts/agents
	@scripts/agents $(AGENTS)
	@touch $@
