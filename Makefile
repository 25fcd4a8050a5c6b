# Everything here sets itself up: python3 (3.11 or newer) and make are enough.

PYTHON ?= python3
VENV ?= .venv
BIN = $(VENV)/bin
READY = $(VENV)/.ready
# The newest wandb is locked; the oldest that we support gets an environment of its own.
LOWEST_WANDB = 0.28.2
LOWEST = .venv-lowest
# The frameworks that `janitor.lifecycle` has callbacks for: another of its own, for they are large.
FRAMEWORKS = .venv-frameworks
TORCH = torch==2.13.0
# All extras but `frameworks` and `sweep-gp`.
LOCKED_EXTRAS = cel dashboard emulator html metrics notify sweep sweep-importance
# Many tests wait for a server or a process: three at once keep two cores busy.
JOBS ?= 3

.PHONY: demo test check test-lowest test-frameworks test-long coverage bench format lock docs clean

demo: $(READY)
	$(BIN)/janitor demo

test: $(READY)
	$(BIN)/pytest -n $(JOBS) --dist worksteal -m "not long"

check: $(READY)
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/pytest -q -p no:cacheprovider -n $(JOBS) tests/docs

# The rules and the contract of the W&B store, on the oldest wandb that we support.
test-lowest: $(LOWEST)/.ready
	$(LOWEST)/bin/pytest -n $(JOBS) tests/rules tests/stores

# The callbacks in the real Hugging Face Trainer and the real Lightning, on the CPU.
test-frameworks: $(FRAMEWORKS)/.ready
	$(FRAMEWORKS)/bin/pytest tests/frameworks

# As `make test`, and the tests that take minutes: 200 passes and 200 kills.
test-long: $(READY)
	$(BIN)/pytest -n $(JOBS) --timeout 3600

# As `make test`, and which lines of the package no test ran.
coverage: $(READY)
	$(BIN)/python -m pip install --quiet 'coverage>=7.10'
	$(BIN)/coverage erase
	$(BIN)/coverage run -m pytest -n $(JOBS) --dist worksteal -m "not long"
	$(BIN)/coverage combine --quiet
	$(BIN)/coverage report

bench: $(READY)
	$(BIN)/python -m tests.bench.scan
	$(BIN)/python -m tests.bench.local

format: $(READY)
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

# Versions and hashes of all that we install, without the address of any package registry.
lock: $(READY)
	$(BIN)/python -m pip install --quiet uv
	$(BIN)/uv pip compile pyproject.toml $(LOCKED_EXTRAS:%=--extra %) --group dev --universal \
	  --python-version 3.11 --generate-hashes --no-annotate --no-header --no-emit-index-url \
	  --quiet --output-file requirements.lock
	$(BIN)/uv pip compile pyproject.toml --extra cel --extra html --extra metrics --extra notify \
	  --constraint requirements.lock --universal --python-version 3.11 --generate-hashes \
	  --no-annotate --no-header --no-emit-index-url --quiet --output-file k8s/requirements.lock

# The parts of README and manual that are made from the code.
docs: $(READY)
	$(BIN)/python -m tests.docs.generated

clean:
	rm -rf $(VENV) $(LOWEST) $(FRAMEWORKS) .mypy_cache .pytest_cache .ruff_cache .hypothesis .coverage build dist

$(READY): requirements.lock pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
	  { echo "janitor needs Python 3.11 or newer; name one with make PYTHON=..." >&2; exit 1; }
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --require-hashes -r requirements.lock
	$(BIN)/python -m pip install --quiet --no-deps --no-build-isolation --editable .
	@touch $@

$(LOWEST)/.ready: requirements.lock pyproject.toml
	$(PYTHON) -m venv $(LOWEST)
	$(LOWEST)/bin/python -m pip install --quiet --require-hashes -r requirements.lock
	$(LOWEST)/bin/python -m pip install --quiet wandb==$(LOWEST_WANDB)
	$(LOWEST)/bin/python -m pip install --quiet --no-deps --no-build-isolation --editable .
	@touch $@

$(FRAMEWORKS)/.ready: requirements.lock pyproject.toml
	$(PYTHON) -m venv $(FRAMEWORKS)
	$(FRAMEWORKS)/bin/python -m pip install --quiet --require-hashes -r requirements.lock
	$(FRAMEWORKS)/bin/python -m pip install --quiet --no-build-isolation --editable '.[frameworks]' '$(TORCH)'
	@touch $@
