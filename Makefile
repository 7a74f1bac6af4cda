# forestay: the commands of this project. `make run` and `make test` need Python 3.11+ and make, nothing else.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
ARGS ?=

.PHONY: run test check test-neo4j test-browser test-real test-all bench image clean

INSTALL := PYTHON="$(PYTHON)" scripts/install

# one environment: what holds more than `run` needs is laid anew after it
$(VENV)/run.done: requirements.lock requirements-uv.lock pyproject.toml
	@echo "installing what requirements.lock names ..."
	@$(INSTALL) requirements.lock
	@rm -f $(VENV)/dev.done $(VENV)/bench.done
	@touch $@

$(VENV)/dev.done: requirements-dev.lock requirements-uv.lock pyproject.toml
	@echo "installing what requirements-dev.lock names ..."
	@$(INSTALL) requirements-dev.lock --editable
	@rm -f $(VENV)/bench.done
	@touch $@ $(VENV)/run.done

$(VENV)/bench.done: requirements-bench.lock requirements-uv.lock pyproject.toml
	@echo "installing what requirements-bench.lock names ..."
	@$(INSTALL) requirements-bench.lock --editable
	@touch $@ $(VENV)/dev.done $(VENV)/run.done

# The main job: a believable estate, imported from three sources, ranked, served; the link is printed.
# On your own data: make run ARGS="--csv path/to/folder" (see README)
run: $(VENV)/run.done
	@$(BIN)/python -m app run $(ARGS)

test: $(VENV)/dev.done
	@$(BIN)/python -m pytest -n 2 $(ARGS)

check: $(VENV)/dev.done
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/lint-imports
	$(BIN)/mypy

test-neo4j: $(VENV)/dev.done
	FORESTAY_KERNELS= scripts/neo4j/with-server --servers 2 $(BIN)/python -m pytest -m neo4j -n 2 --dist worksteal $(ARGS)

test-browser: $(VENV)/dev.done
	FORESTAY_KERNELS= $(BIN)/python -m pytest -m browser $(ARGS)

# the suites on real servers where what they depend on changed since they passed; a pass is kept beside the suite (docs/testing.md)
test-real: $(VENV)/dev.done
	$(BIN)/python -m tests.suites run --real $(ARGS)

# everything, whatever changed
test-all: test check
	FORESTAY_THOROUGH=all FORESTAY_FUZZ_CASES=70 $(BIN)/python -m tests.suites run --all $(ARGS)

bench: $(VENV)/bench.done
	$(BIN)/python -m benchmarks.run $(ARGS)

image:
	docker build -t forestay .

clean:
	rm -rf $(VENV) build dist var

# known vulnerabilities of the locked dependencies; asks the package index's advisory service
audit: $(VENV)/dev.done
	$(BIN)/python -m pip_audit --strict --require-hashes --disable-pip -r requirements.lock
.PHONY: audit
