# Needs make, Python 3.11 or newer and pip. What the commands do: tools/bootstrap.py.
PYTHON ?= python3
BOOTSTRAP = $(PYTHON) tools/bootstrap.py

.PHONY: help demo test lint docs venv clean

help:
	@echo "make demo   set up and run the main job on example videos"
	@echo "make test   set up and pass lint, docs and all tests"
	@echo "make lint   style, types and imports only"
	@echo "make docs   build the documentation only"
	@echo "make venv   set up .venv for development"
	@echo "make clean  remove what the others made"

demo:
	@$(BOOTSTRAP) demo

test:
	@$(BOOTSTRAP) tox lint,docs,py

lint:
	@$(BOOTSTRAP) tox lint

docs:
	@$(BOOTSTRAP) tox docs

venv:
	@$(BOOTSTRAP) venv

clean:
	rm -rf .venv .tools .tox demo dist site .mypy_cache .ruff_cache .pytest_cache .import_linter_cache
