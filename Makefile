# What people type. `make` alone lists the targets; CMakePresets.json holds the builds.
SHELL := /bin/bash
.SHELLFLAGS := -eu -o pipefail -c
.DEFAULT_GOAL := help
JOBS ?= $(shell nproc)
PYTHON := .venv/bin/python
SOURCES = git ls-files -z '*.h' '*.cc'
TIDY = python3 tests/tidy.py

.NOTPARALLEL:

.PHONY: help
help: ## This list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-10s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

.PHONY: demo
demo: ## See it work on a simulated region; CRASH=1 kills the worker half way
	@.ci/install tools clients
	@[ -e build/release/build.ninja ] || cmake --preset release
	@cmake --build --preset release -j $(JOBS) --target autorecycle autorecycle-sim
	@$(PYTHON) demo/demo.py --build build/release $(if $(filter-out 0,$(CRASH)),--crash)

.PHONY: test
test: setup build ## Everything: unit tests with sanitizers, house rules, integration tests
	@failed=; \
	ctest --preset dev -j $(JOBS) --output-log build/dev/ctest.log || failed+=' ctest'; \
	$(PYTHON) -m pytest tests/integration || failed+=' integration'; \
	echo; echo 'ctest:'; grep -E 'tests passed|Failed|Total Test time' build/dev/ctest.log || true; \
	if [ -n "$$failed" ]; then echo "make test: failed:$$failed"; exit 1; fi; \
	echo 'make test: passed'

.PHONY: build
build: build/dev/build.ninja ## Build with AddressSanitizer and UndefinedBehaviorSanitizer
	@cmake --build --preset dev -j $(JOBS)

build/%/build.ninja:
	@.ci/install tools
	@cmake --preset $*

.PHONY: setup
setup: ## Install what is needed, skip what is there
	@.ci/install

.PHONY: check
check: ## What a commit must pass before the tests: format, tidy, clang-tidy of what changed
	@$(SOURCES) | xargs -0 -r clang-format-16 --dry-run --Werror
	@$(TIDY)
	@$(MAKE) --no-print-directory lint

.PHONY: format
format: ## Format all sources in place
	@$(SOURCES) | xargs -0 -r clang-format-16 -i

.PHONY: tidy
tidy: ## Check the house rules: include arrows, sizes, banned calls
	@$(TIDY)

BASE ?= HEAD
.PHONY: lint
lint: build/dev/build.ninja ## clang-tidy of what differs from BASE (HEAD); ALL=1 for everything
	@cmake --build --preset dev -j $(JOBS) --target proto >/dev/null  # the generated headers
	@if [ -n "$(ALL)" ]; then git ls-files '*.cc'; \
	else git diff --name-only --diff-filter=d $(BASE) -- '*.cc'; \
	  git ls-files --others --exclude-standard '*.cc'; fi | sort -u | \
	xargs -r -P $(JOBS) -n 4 clang-tidy-16 -p build/dev --quiet --warnings-as-errors='*' \
	  2> >(grep -vE '^[0-9]+ warnings? generated' >&2)  # those of the system's headers

LINTERS := .venv/linters/bin
.PHONY: lint-operations
lint-operations: ## Linters of terraform/, packaging/, .github/ and shell scripts
	@.ci/install linters
	@$(LINTERS)/tflint --config=$(CURDIR)/.tflint.hcl --chdir=terraform --recursive
	@$(LINTERS)/checkov --config-file .checkov.yaml
	@$(LINTERS)/actionlint
	@$(LINTERS)/hadolint packaging/Dockerfile
	@git grep -lE '^#!/bin/(ba)?sh' -- ':!*.py' | xargs shellcheck

.PHONY: tsan
tsan: build/tsan/build.ninja ## Unit tests with ThreadSanitizer
	@cmake --build --preset tsan -j $(JOBS)
	@ctest --preset tsan -j $(JOBS)

SOAK_MESSAGES ?= 1000000
SOAK_PROCESS_MESSAGES ?= 100000
SOAK_RUNS ?= 1000000
SOAK_FROM ?= 1
SOAK_KILLS ?= 200
.PHONY: soak
soak: soak-queue soak-recycle soak-dlq ## SOAK_MESSAGES (1000000) messages, SOAK_RUNS (1000000) recycles, SOAK_KILLS (200)

.PHONY: soak-queue
soak-queue: ## SOAK_MESSAGES (1000000) through everything that goes wrong; SOAK_SEED repeats a run
	@.ci/install tools clients
	@[ -e build/soak/build.ninja ] || cmake --preset release -B build/soak -DAUTORECYCLE_TESTS=ON
	@cmake --build build/soak -j $(JOBS) --target autorecycle-soak autorecycle autorecycle-sim
	@SOAK_MESSAGES=$(SOAK_MESSAGES) SOAK_SEED=$(SOAK_SEED) build/soak/tests/soak/autorecycle-soak
	@AUTORECYCLE_BUILD=build/soak AUTORECYCLE_SOAK_MESSAGES=$(SOAK_PROCESS_MESSAGES) \
	  $(PYTHON) -m pytest tests/integration/test_runtime_processes.py

.PHONY: soak-recycle
soak-recycle: ## SOAK_RUNS (1000000) seeded recycles from SOAK_FROM (1), then SOAK_KILLS (200) times kill -9
	@.ci/install tools clients
	@[ -e build/soak/build.ninja ] || cmake --preset release -B build/soak -DAUTORECYCLE_TESTS=ON
	@cmake --build build/soak -j $(JOBS) --target autorecycle-recycle-soak autorecycle autorecycle-sim
	@build/soak/tests/recycle_proof/autorecycle-recycle-soak --runs $(SOAK_RUNS) --from $(SOAK_FROM)
	@build/soak/tests/recycle_proof/autorecycle-recycle-soak --runs $(SOAK_RUNS) --from $(SOAK_FROM) --crowded
	@AUTORECYCLE_BUILD=build/soak AUTORECYCLE_KILLS=$(SOAK_KILLS) \
	  $(PYTHON) -m pytest tests/integration/test_recycle_kill.py

SOAK_LETTERS ?= 100000
.PHONY: soak-dlq
soak-dlq: ## SOAK_LETTERS (100000) dead letters replayed through faults and crashes, then with kill -9
	@.ci/install tools clients
	@[ -e build/soak/build.ninja ] || cmake --preset release -B build/soak -DAUTORECYCLE_TESTS=ON
	@cmake --build build/soak -j $(JOBS) --target autorecycle-replay-soak autorecycle autorecycle-sim
	@build/soak/tests/dlq/autorecycle-replay-soak $(or $(SOAK_SEED),1) $(SOAK_LETTERS)
	@AUTORECYCLE_BUILD=build/soak AUTORECYCLE_LETTERS=$(SOAK_LETTERS) AUTORECYCLE_SEED=$(SOAK_SEED) \
	  $(PYTHON) -m pytest -s tests/integration/test_dlq_kill.py

.PHONY: mutants
mutants: ## Break the recycle engine on purpose, five times, and see the proof notice each
	@.ci/install tools
	@python3 tests/recycle_proof/mutants.py

.PHONY: job-docs
job-docs: build/dev/build.ninja ## Write docs/jobs anew from the catalogue
	@cmake --build --preset dev -j $(JOBS) --target autorecycle
	@build/dev/autorecycle jobs docs docs/jobs

.PHONY: timelines
timelines: build/dev/build.ninja ## Write docs/timelines anew from the simulator
	@cmake --build --preset dev -j $(JOBS) --target autorecycle-timelines
	@build/dev/tests/recycle_proof/autorecycle-timelines docs/timelines

FUZZ_SECONDS ?= 60
.PHONY: fuzz
fuzz: build/fuzz/build.ninja ## Every fuzzer for FUZZ_SECONDS (60) each, JOBS at a time
	@cmake --build --preset fuzz -j $(JOBS) --target fuzzers
	@.ci/fuzz build/fuzz $(FUZZ_SECONDS) $(JOBS)

.PHONY: install
install: release ## Install the release build; DESTDIR and PREFIX (/usr/local) as usual
	@DESTDIR=$(DESTDIR) cmake --install build/release --prefix $(or $(PREFIX),/usr/local)

.PHONY: package
package: ## A Debian package, by packaging/build-deb
	@packaging/build-deb

.PHONY: release
release: build/release/build.ninja ## Build what is shipped: build/release/autorecycle
	@cmake --build --preset release -j $(JOBS)

.PHONY: bench
bench: ## Ours and its peers on the same servers; BENCH_ARGS=--quick for four minutes
	@.ci/install
	@cmake --preset release -DAUTORECYCLE_BENCH=ON >/dev/null
	@cmake --build --preset release -j $(JOBS) --target benchmarks
	@$(PYTHON) bench/run.py $(BENCH_ARGS)

.PHONY: run-local
run-local: release ## A simulated region and a worker to play with, until Ctrl-C
	@.ci/install clients
	@$(PYTHON) demo/local.py --build build/release

.PHONY: clean
clean: ## Remove all builds (ccache and .venv stay)
	@rm -rf build
