# OpenDeep: `make run` starts it, `make test` proves it. Everything lives in .venv.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
CHAOS_ATTEMPTS ?= 10000
export PIP_DISABLE_PIP_VERSION_CHECK := 1
# Every process starts in half the time from compiled files: write them where the shell says not to.
unexport PYTHONDONTWRITEBYTECODE

CORES := opendeep/call_processor_service/ami_protocol.py,opendeep/call_processor_service/attempt_states.py,opendeep/audio_processing_service/audiosocket_protocol.py,opendeep/audio_processing_service/realtime_protocol.py,opendeep/audio_processing_service/playout.py,opendeep/audio_processing_service/pcm.py,opendeep/task_manager/task_states.py,opendeep/task_manager/dial_policy.py

.PHONY: run test check lint unit covered integration peers asterisk chaos chaos-short chaos-asterisk long bench servers clean lock

run: $(VENV)/.run  ## start OpenDeep in practice mode on http://127.0.0.1:8000
	@exec $(BIN)/opendeep serve

test: $(VENV)/.dev servers lint covered integration chaos-short  ## everything

check: $(VENV)/.dev lint unit  ## the fast part

lint: $(VENV)/.dev
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports

unit: $(VENV)/.dev  ## parsers, tables, policies, contracts, whole calls in virtual time
	$(BIN)/pytest tests -m "not integration" -n 2 -q

covered: $(VENV)/.dev  ## the same, with the coverage of the cores
	$(BIN)/pytest tests -m "not integration" -n 2 -q --cov --cov-report=
	$(BIN)/coverage report --include=$(CORES) --fail-under=90 --skip-covered

integration: $(VENV)/.dev  ## real Asterisk, PostgreSQL, Chromium, speech and sockets on loopback
	$(BIN)/pytest tests/integration/asterisk -m integration -n 3 --dist loadfile -q
	$(BIN)/pytest tests -m integration -n 2 --dist loadfile -q --ignore=tests/integration/asterisk

peers: $(VENV)/.dev  ## our Realtime client against servers that others wrote (brings them: 400 MB)
	sh scripts/install_peers.sh all
	$(BIN)/pytest tests/integration/test_foreign_peers.py -q

asterisk: $(VENV)/.dev  ## two real Asterisks on loopback, until Ctrl-C
	@$(BIN)/python -m tests.integration.asterisk.servers

chaos: $(VENV)/.dev servers  ## kill everything under CHAOS_ATTEMPTS calls; the last line sums up
	@$(BIN)/python -m tests.chaos.run --attempts $(CHAOS_ATTEMPTS)

chaos-short: $(VENV)/.dev servers  ## 500 attempts of it, as every change must pass
	@$(BIN)/python -m tests.chaos.run --attempts 500

chaos-asterisk: $(VENV)/.dev servers  ## the same at a real Asterisk, counted by its network
	@$(BIN)/python -m tests.chaos.run --asterisk --attempts 1000

long: $(VENV)/.dev servers  ## the properties with many examples, and thousands of real calls
	$(BIN)/pytest tests -m "not integration" -n 2 -q --hypothesis-profile=long
	$(BIN)/python benchmarks/asterisk_calls.py soak --json
	$(BIN)/python -m tests.chaos.crashes --runs 50
	$(BIN)/python -m tests.chaos.run --attempts $(CHAOS_ATTEMPTS)
	$(BIN)/python -m tests.chaos.run --asterisk --attempts 1000
	$(BIN)/python benchmarks/days.py --json

bench: $(VENV)/.bench  ## the benchmarks, one JSON object each
	$(BIN)/python benchmarks/ami.py --json
	$(BIN)/python benchmarks/scheduler.py --json
	$(BIN)/python benchmarks/media.py --json
	$(BIN)/python benchmarks/barge_in.py --json
	$(BIN)/python benchmarks/recordings.py --json
	$(BIN)/python benchmarks/asterisk_calls.py load --calls 120 --calls 150 --json

servers:  ## what the integration tests need, where apt can bring it
	@sh scripts/install_test_servers.sh

lock: $(VENV)/.dev  ## resolve requirements/*.txt anew
	sh scripts/lock.sh $(BIN)/uv

clean:
	rm -rf $(VENV) .mypy_cache .ruff_cache .import_linter_cache .pytest_cache .hypothesis .coverage*

$(VENV)/.build: requirements/build.txt
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
	  { echo "OpenDeep needs Python 3.11 or newer: make run PYTHON=python3.12"; exit 1; }
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install -q --require-hashes -r requirements/build.txt
	@touch $@

$(VENV)/.run: $(VENV)/.build requirements/run.txt pyproject.toml
	$(BIN)/uv pip install -q --python $(BIN)/python --require-hashes -r requirements/run.txt
	$(BIN)/uv pip install -q --python $(BIN)/python --no-deps --no-build-isolation -e .
	@touch $@

$(VENV)/.dev: $(VENV)/.build requirements/dev.txt pyproject.toml
	$(BIN)/uv pip install -q --python $(BIN)/python --require-hashes -r requirements/dev.txt
	$(BIN)/uv pip install -q --python $(BIN)/python --no-deps --no-build-isolation -e .
	@touch $@ $(VENV)/.run

$(VENV)/.bench: $(VENV)/.dev requirements/bench.txt
	$(BIN)/uv pip install -q --python $(BIN)/python --require-hashes -r requirements/bench.txt
	@touch $@
