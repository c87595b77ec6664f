# `make` alone says what there is. Everything runs from .venv in this checkout, installed from hashes; nothing is global.
SHELL := /bin/bash
.SHELLFLAGS := -eu -o pipefail -c
.DEFAULT_GOAL := help

# The first Python that runs and is new enough; a name on the PATH may be a shim of another version.
ENOUGH := import sys; sys.exit(sys.version_info < (3, 11))
PYTHON ?= $(shell for p in python3 python3.13 python3.12 python3.11; do $$p -c '$(ENOUGH)' 2>/dev/null && echo $$p && break; done)
BIN := .venv/bin
READY := .venv/.ready-$(shell cat requirements.lock pyproject.toml | sha256sum | cut -c1-16)
UV := --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-header --quiet
PYTEST := $(BIN)/pytest -q -n 2

.PHONY: help
help: ## say what there is
	@grep -hE '^[a-z0-9-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/^([a-z0-9-]+):.*## (.*)/  make \1\t\2/' | expand -t 22

.PHONY: setup
setup: $(READY) ## install what is needed into .venv

$(READY): requirements.lock pyproject.toml
	@test -n "$(PYTHON)" || { echo "retrain needs Python 3.11 or later on the PATH, or make PYTHON=/its/path" >&2; exit 2; }
	@echo "setting up .venv (once; some minutes on a slow line)"
	@test -x $(BIN)/python || "$(PYTHON)" -m venv .venv
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes --only-binary :all: -r requirements.lock
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation --editable .
	@rm -f .venv/.ready-* && touch $@

.PHONY: demo
demo: $(READY) ## the main job on real data: embedded S3, no cluster
	@$(BIN)/retrain demo

.PHONY: test
test: $(READY) lint types drift ## everything: lint, types, drift and all tests
	@$(PYTEST)

.PHONY: check
check: $(READY) lint types drift ## lint, types, drift and the unit tests
	@$(PYTEST) --ignore tests/end_to_end -m 'not whole'

.PHONY: lint
lint: $(READY)
	@$(BIN)/ruff check --quiet . && $(BIN)/ruff format --quiet --check .

.PHONY: types
types: $(READY)
	@$(BIN)/mypy --no-error-summary

.PHONY: drift
drift: $(READY)
	@$(BIN)/retrain check && $(BIN)/retrain lint

.PHONY: manifests
manifests: $(READY) ## render manifests/generated and the pipelines' JSON Schema
	@$(BIN)/retrain render

.PHONY: images
images: $(READY) ## build the images (docker, podman or buildah); IMAGE_REGISTRY=… also pushes and pins their digests
	@$(BIN)/python -m images.build

.PHONY: cluster
cluster: $(READY) ## ask the cluster of KUBECONFIG whether it takes every overlay and gives each account its rights
	@$(BIN)/pytest -q -m cluster tests/manifests tests/cluster

.PHONY: e2e
e2e: $(READY) ## play whole runs on the cluster of KUBECONFIG; with IMAGE_LOAD or IMAGE_REGISTRY it builds the images first
	@$(if $(IMAGE_LOAD)$(IMAGE_REGISTRY),IMAGE_OVERLAYS=local $(BIN)/python -m images.build)
	@$(BIN)/pytest -q -rs -m e2e tests/end_to_end

.PHONY: faults
faults: $(READY) ## play schedules of the fault suite: SEEDS=10000 of them, or SEED=17 alone, step by step
	@PYTHONPATH=tests $(BIN)/python -m faults $(if $(SEED),--seed $(SEED),--seeds $(or $(SEEDS),1000))

.PHONY: bench
bench: $(READY) ## measure everything against a floor of the same run; ROWS=10000000 validates and trains on so many
	@PYTHONPATH=tests $(BIN)/python -m bench$(if $(ROWS),.scale $(ROWS))

.PHONY: lock
lock: ## resolve pyproject.toml into the lock files (needs uv)
	uv pip compile pyproject.toml --all-extras $(UV) -o requirements.lock
	uv pip compile pyproject.toml --extra steps $(UV) -c requirements.lock -o images/steps/requirements.lock
	uv pip compile pyproject.toml --extra steps --extra onnx $(UV) -c requirements.lock -o images/steps/requirements-onnx.lock
	uv pip compile pyproject.toml --extra cli $(UV) -c requirements.lock -o images/retrain/requirements.lock

.PHONY: clean
clean: ## remove what set-up, runs and tests left
	rm -rf .venv .retrain .mypy_cache .ruff_cache .hypothesis build
