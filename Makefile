# The one door to this repository. `make` alone lists what there is.
#
# What is installed is stamped with a hash of the lock file it came from, inside the folder it fills: nothing is done
# twice, and whatever is deleted or locked anew is installed again.

.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
SHELL := /bin/bash
PYTHON := .venv/bin/python

hash = $(shell cat $(1) 2>/dev/null | sha256sum | cut -c 1-16)
# What of pyproject.toml says how we are installed: all before the first table that does not.
package = $(shell sed '/^\[dependency-groups\]/,$$d' pyproject.toml | cat - requirements/development.txt | sha256sum | cut -c 1-16)
sources = $(shell find $(1) \( -name node_modules -o -name dist \) -prune -o -type f -print 2>/dev/null | LC_ALL=C sort)

PACKAGES := .venv/.installed-$(package)
WEB := web/node_modules/.installed-$(call hash,web/package-lock.json)
BENCH := bench/node_modules/.installed-$(call hash,bench/package-lock.json)
NODE := .venv/newer_node/.installed-$(call hash,requirements/node.txt)
PAGES := web/dist/.built-$(call hash,$(call sources,web contracts/typescript))

.PHONY: help
help: ## list the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-10s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

.PHONY: setup
setup: $(PACKAGES) $(WEB) chromium ## install everything into .venv and web/node_modules, and Chromium for the tests

.PHONY: demo
demo: $(PACKAGES) $(PAGES) ## serve a small campus on http://localhost:3001
	.venv/bin/coursewire demo

.PHONY: test
test: setup check pages test-web test-python ## check, then run all tests

.PHONY: check
check: check-style check-types check-imports check-contracts check-web ## ruff, mypy, import-linter, contracts, tsc, biome

.PHONY: bench
bench: $(PACKAGES) $(BENCH) $(NODE) ## compare with Node socket.io, python-socketio and Hocuspocus on this machine
	$(PYTHON) -m bench

.PHONY: contracts
contracts: $(PACKAGES) ## write contracts/ and docs/reference/ from the Python contracts
	.venv/bin/coursewire contracts

.PHONY: fuzz
fuzz: $(PACKAGES) ## run the property tests with many more examples
	$(PYTHON) -m pytest tests/property -n 2 --hypothesis-profile=fuzz

.PHONY: pages
pages: $(PAGES) ## build the browser pages into web/dist

.PHONY: format
format: $(PACKAGES) $(WEB) ## format all sources
	.venv/bin/ruff format .
	.venv/bin/ruff check --fix .
	npm --prefix web run format

.PHONY: lock
lock: $(PACKAGES) ## resolve the dependencies anew into requirements/ (UPGRADE=1 takes the newest)
	scripts/lock $(if $(UPGRADE),--upgrade)

# The parts of `test` and `check`. `make -k check` shows everything that is wrong at once.

.PHONY: test-python test-web check-style check-types check-imports check-contracts check-web chromium
test-python: $(PACKAGES) $(PAGES) chromium
	@if scripts/setup has-chromium; then set --; else set -- -m 'not browser'; fi; \
	set -x; $(PYTHON) -m pytest -n 3 --dist worksteal "$$@"

test-web: $(WEB)
	npm --prefix web test

check-style: $(PACKAGES)
	.venv/bin/ruff check .
	.venv/bin/ruff format --check .

check-types: $(PACKAGES)
	.venv/bin/mypy

check-imports: $(PACKAGES)
	.venv/bin/lint-imports --no-logo

check-contracts: $(PACKAGES)
	.venv/bin/coursewire contracts --check

check-web: $(WEB)
	npm --prefix web run check

chromium:
	@scripts/setup chromium

$(PACKAGES):
	scripts/setup python
	rm -f .venv/.installed-*
	touch $@

$(WEB):
	scripts/setup node web
	touch $@

$(BENCH):
	scripts/setup node bench
	touch $@

$(NODE): $(PACKAGES)
	scripts/setup newer-node .venv/newer_node
	touch $@

$(PAGES): $(WEB)
	npm --prefix web run build
	touch $@
