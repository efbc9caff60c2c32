# On a fresh machine: `make compare` or `make test`; each sets up what it needs in .venv.

PYTHON ?= python3
BIN := .venv/bin
OUT ?= out/report
JOBS ?= auto
PADDLE := paddle@.venv-paddle/bin/python
FRAMEWORKS ?= all,$(PADDLE)

.DEFAULT_GOAL := help
.PHONY: help compare test test-slow test-all test-whole test-frameworks check format docs docs-outputs bench bench-keep clean

help:
	@echo "make compare   run the catalogue over numpy, torch and jax; the report goes to $(OUT)"
	@echo "make test      run the tests"
	@echo "make test-all  run the tests with the slow sweeps, and those of real ports"
	@echo "make test-slow run the slow sweeps alone; MINUTES=30 begins none after so many"
	@echo "make test-whole  run all tests: of the longest sweeps, the others run a part"
	@echo "make test-frameworks  install the other frameworks, test them, and run the catalogue over them"
	@echo "make check     formatting, lint, types"
	@echo "make format    format the code"
	@echo "make docs      build the documentation, strictly and without a network; it goes to out/docs"
	@echo "make docs-outputs  run the code of README and the documentation, and put in what it prints"
	@echo "make bench     measure speed, as ratios in one run; results go to out/bench"
	@echo "make bench-keep  put what make bench measured last beside the code, in benchmarks/results"
	@echo "make clean     remove the environment and what was built"

# Installing again is only needed when what is to be installed has changed.
.venv/.run: pyproject.toml setup.py constraints.txt
	test -x $(BIN)/python || $(PYTHON) -m venv .venv
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -c constraints.txt -e '.[all]'
	touch $@

.venv/.dev: .venv/.run
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -c constraints.txt -e '.[dev]'
	touch $@

# Libraries that real ports are written in: see tests/verify/own/test_transformers.py.
.venv/.own: .venv/.dev
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -c constraints.txt -e '.[own]'
	touch $@

compare: .venv/.run
	$(BIN)/gradparity run --out $(OUT)

# Tests start hundreds of Pythons, each of which would compile gradparity for itself where the shell
# says that no bytecode is to be written.
test test-slow test-all test-whole: export PYTHONDONTWRITEBYTECODE =

# Pages are tested in a Chromium of the system's; without one those tests are skipped, and say so.
test: .venv/.dev
	$(BIN)/pytest -n $(JOBS) --dist loadfile -m "not slow"

# What is not begun in time is skipped, and counted.
test-slow: .venv/.own
	$(BIN)/pytest -n $(JOBS) -m "slow and not rare" -rs $(if $(MINUTES),--begin-for $(MINUTES))

test-all: .venv/.own
	$(BIN)/pytest -n $(JOBS) -m "not rare"

test-whole: .venv/.own
	$(BIN)/pytest -n $(JOBS)

.venv/.frameworks: .venv/.dev
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -c constraints.txt -e '.[frameworks,tensorflow]'
	touch $@

# Paddle pins what the others have in newer releases: an environment of its own.
.venv-paddle/.ready: pyproject.toml setup.py
	test -x .venv-paddle/bin/python || $(PYTHON) -m venv .venv-paddle
	.venv-paddle/bin/python -m pip install --quiet --disable-pip-version-check -e '.[paddle]'
	touch $@

# A framework that ends the process it runs in costs one row.
test-frameworks: .venv/.frameworks .venv-paddle/.ready
	GRADPARITY_ELSEWHERE=$(PADDLE) $(BIN)/pytest tests/adapters/test_frameworks.py
	$(BIN)/gradparity run --adapters $(FRAMEWORKS) --out out/frameworks

check: .venv/.dev
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/pyright

format: .venv/.dev
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

.venv/.docs: .venv/.run
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -c constraints.txt -e '.[docs]'
	touch $@

# The reference is made of the code, and the figures by runs; a warning fails.
docs: .venv/.docs
	$(BIN)/sphinx-build -W --keep-going -q -b html docs out/docs
	@echo "out/docs/index.html"

docs-outputs: .venv/.dev
	$(BIN)/python docs/outputs.py --write

# A missed target does not keep the others from being measured.
bench: .venv/.dev
	status=0; \
	$(BIN)/python benchmarks/reference.py || status=1; \
	$(BIN)/python benchmarks/runs.py || status=1; \
	$(BIN)/python benchmarks/ports.py || status=1; \
	exit $$status

bench-keep:
	mkdir -p benchmarks/results
	cp out/bench/reference.json out/bench/runs.json out/bench/ports.json benchmarks/results/

clean:
	rm -rf .venv .venv-paddle build dist out *.egg-info
