# Two commands do everything: `make demo` and `make test`.

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
INSTALLED := $(VENV)/.installed
PORT ?= 8000
SERVE_NOTES := runs/demo-encounters/physionet.org/files/mimiciii/1.4/NOTEEVENTS.csv.gz
SOAK_MODEL ?= runs/demo/model
SOAK_SECONDS ?= 1200
# Per test, and there are five.
FUZZ_CASES ?= 3600

.PHONY: help install demo serve test lint types contracts unit soak format docs clean-demo

help: ## List the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-12s %s\n", $$1, $$2 }' Makefile

install: $(INSTALLED) ## Create .venv with everything that demo and test need

demo: $(INSTALLED) ## Run the main job on a synthetic hospital: about five minutes on two cores
	@PATH="$(CURDIR)/$(BIN):$$PATH" bash examples/demo.sh

test: lint types contracts unit ## Lint, types, import contracts, tests

lint: $(INSTALLED)
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .

types: $(INSTALLED)
	$(BIN)/mypy

contracts: $(INSTALLED)
	$(BIN)/lint-imports

# One thread per process: the tests run in parallel, and their models are tiny.
unit: $(INSTALLED)
	OMP_NUM_THREADS=1 $(BIN)/pytest --numprocesses auto --dist loadscope

# Another seed than the demo's: the model has seen none of these patients.
serve: $(INSTALLED) ## Open the review screen on the demo's model and ten encounters that it has not seen
	@test -f runs/demo/model/clem.json || { echo "There is no runs/demo/model: run make demo first." >&2; exit 2; }
	@test -f $(SERVE_NOTES) || $(BIN)/clem synthesize --layout mimic3 --admissions 10 --seed 2 --words 100 \
		--out runs/demo-encounters
	@test -f runs/demo/review.db || $(BIN)/clem worklist import runs/demo/review.db $(SERVE_NOTES) runs/demo/model \
		--encounter-id HADM_ID --note-id ROW_ID --text TEXT --kind CATEGORY
	@$(BIN)/clem serve runs/demo/model --store runs/demo/review.db --port $(PORT)

# Both are run and judged, even if the first breaks a promise.
soak: $(INSTALLED) ## Load on the service with the demo's model, for SOAK_SECONDS (1200), and 25,000 random requests
	@broken=0; \
	$(BIN)/python benchmarks/serving.py $(SOAK_MODEL) --seconds $(SOAK_SECONDS) || broken=1; \
	CLEM_FUZZ_CASES=$(FUZZ_CASES) OMP_NUM_THREADS=1 $(BIN)/pytest -q -p no:cacheprovider tests/serving/test_fuzz.py \
		|| broken=1; \
	exit $$broken

format: $(INSTALLED) ## Fix and format the code
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

docs: $(INSTALLED) ## Regenerate the parts of the documentation that restate the code
	$(BIN)/python docs/generate.py
	PYTHONPATH=tests $(BIN)/python -m wild.page

clean-demo: ## Delete the output of the demo
	rm -rf runs/demo runs/demo-linear runs/demo-pooled runs/demo-corpus runs/demo-raw runs/demo-encounters

$(INSTALLED): requirements.lock pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { \
		echo "clem-icd needs Python 3.11 or later; $(PYTHON) is $$($(PYTHON) --version 2>&1)." \
			"Install it, or name one: make PYTHON=python3.12 $(MAKECMDGOALS)" >&2; exit 2; }
	@$(PYTHON) -c 'import ensurepip, venv' 2>/dev/null || { \
		echo "$(PYTHON) cannot make virtual environments. On Debian and Ubuntu: apt install python3-venv" >&2; exit 2; }
	@echo "Installing into $(VENV); the first time this takes a few minutes."
	@$(PYTHON) -m venv $(VENV)
	@$(BIN)/pip install --quiet --quiet --disable-pip-version-check --constraint requirements.lock torch==2.13.0
	@$(BIN)/pip install --quiet --quiet --disable-pip-version-check --constraint requirements.lock --editable '.[all,dev]'
	@touch $(INSTALLED)
