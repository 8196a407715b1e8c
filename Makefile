# `make help` explains itself.
VENV := .venv
PYTHON := $(VENV)/bin/python
DEMO := .demo
STAMP := $(VENV)/.installed

.DEFAULT_GOAL := check
.PHONY: help setup browser demo test check format lint types layers score adversary flips replay bench bench-evidence bench-extraction bench-rendering bench-crawl bench-quality bench-speed bench-marketplace kills soak side-by-side outcomes real words loanwords lock lock-peers clean

help: ## Show what each target does
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/^([a-z-]+):.*## (.*)/  make \1\t\2/' | expand -t 18

setup: $(STAMP) browser ## Create the environment in .venv and find or install a browser

$(STAMP): requirements.lock pyproject.toml tools/environment.sh
	@tools/environment.sh $(VENV)
	@touch $@

browser: $(STAMP)
	@tools/browser.sh $(PYTHON)

demo: setup ## Crawl two demo marketplaces on this machine and show what is flagged; everything is in .demo
	@$(PYTHON) -m fixtures.demo.tour $(DEMO)

test: setup ## Format, lint, types, layers and the whole test suite
	@$(MAKE) --no-print-directory check

check: $(STAMP) format lint types layers ## The same without looking for a browser first
	@$(PYTHON) -m pytest --numprocesses 2 --dist loadfile

format: $(STAMP)
	@$(VENV)/bin/ruff format --check --quiet . || { echo 'Not formatted. Run: $(VENV)/bin/ruff format .'; exit 1; }

lint: $(STAMP)
	@$(VENV)/bin/ruff check --quiet .

types: $(STAMP)
	@$(VENV)/bin/mypy --no-error-summary

layers: $(STAMP)
	@$(VENV)/bin/lint-imports --no-logo >/dev/null || $(VENV)/bin/lint-imports --no-logo

score: setup ## Precision and recall on the demo marketplaces, on the seed that was tuned on and on one that was not
	@$(PYTHON) -m benchmarks.score

bench: setup ## Measure what choices rest on: import times and error messages of the value libraries
	@$(PYTHON) -m benchmarks.vocabulary

bench-extraction: setup ## How well a shop that nobody described is read (TOUCHSTONE_BENCH_DATA names the saved pages)
	@$(PYTHON) -m benchmarks.extraction $(ARGS)

bench-rendering: setup ## What rendering = "auto" obtains, and how many pages it sends to a browser
	@$(PYTHON) -m benchmarks.rendering $(ARGS)

bench-crawl: setup ## What a page costs beside Scrapy, Playwright and Crawlee (ARGS="--repeat 3 --scale")
	@$(PYTHON) -m benchmarks.crawl $(ARGS)

bench-quality: setup ## How well names, products and photos are told, beside simple peers (TOUCHSTONE_BENCH_DATA names the data)
	@status=0; $(PYTHON) -m benchmarks.quality.mentions --part all --speed no || status=1; \
	  $(PYTHON) -m benchmarks.quality.aliases || status=1; \
	  $(PYTHON) -m benchmarks.quality.matching own generic few peers candidates || status=1; \
	  $(PYTHON) -m benchmarks.quality.prices --one-out || status=1; \
	  $(PYTHON) -m benchmarks.quality.images --matcher all || status=1; exit $$status

bench-speed: setup ## How fast, as the catalog grows
	@status=0; $(PYTHON) -m benchmarks.quality.mentions --part all --speed only || status=1; \
	  $(PYTHON) -m benchmarks.quality.matching speed || status=1; \
	  $(PYTHON) -m benchmarks.quality.lookup || status=1; exit $$status

bench-marketplace: setup ## A whole invented marketplace of 20,000 listings through the real path, beside two simpler ways (ARGS="--seed 102")
	@$(PYTHON) -m benchmarks.marketplace $(ARGS)

bench-evidence: setup ## What it costs to export 1,000 captured listings, beside a plain zip of the same files (ARGS="--listings 300")
	@$(PYTHON) -m benchmarks.evidence.export $(ARGS)

replay: setup ## Archives in ReplayWeb.page, in a real browser with the servers stopped (needs npm)
	@$(PYTHON) -m tools.replay

adversary: setup ## What the verifier and the standard tools find of everything that may be done to a bundle
	@$(PYTHON) -m pytest -s -q -p no:randomly tests/evidence/adversary_table.py

flips: setup ## Flip 2,000 single bytes of a bundle, each found or not
	@TOUCHSTONE_FLIPS=2000 $(PYTHON) -m pytest -q tests/evidence/test_evidence_bundle.py -k flipped

kills: setup ## Kill a sweep of 2,000 listings fifty times and resume it
	@TOUCHSTONE_KILLS=50 TOUCHSTONE_KILL_PAGES=2000 $(PYTHON) -m pytest -s tests/cli/test_cli_kills.py -k killed

soak: setup ## Two weeks of scheduled sweeps in 40 minutes, killed at random all the while (ARGS="--days 1 --minutes 3 --kills 20")
	@$(PYTHON) -m tools.clockwork.soak $(ARGS)

side-by-side: setup ## An hour of scheduled sweeps beside an analyst's, measured at the marketplace (ARGS="--minutes 10")
	@$(PYTHON) -m tools.clockwork.side_by_side $(ARGS)

outcomes: setup ## Four marketplaces for a simulated day: down, blocking, redesigned, fine
	@$(PYTHON) -m tools.clockwork.outcomes $(ARGS)

real: setup ## Crawl two shops that nobody here wrote, on this machine (needs Node.js; see docs/real-input.md)
	@tools/real.sh $(PYTHON)

words: $(STAMP) ## Make the list of honest words anew (detectors/words.txt.gz)
	@$(VENV)/bin/uv run --no-project --python $(PYTHON) --with wordfreq==3.1.1 python tools/words.py

loanwords: $(STAMP) ## Count anew how names are written in Hangul (detectors/loanwords.txt)
	@$(PYTHON) -m tools.loanwords

lock: $(STAMP) ## Lock the dependencies anew, with hashes and without addresses
	@$(PYTHON) -m pip install --quiet uv
	@$(VENV)/bin/uv pip compile --quiet --generate-hashes --universal --no-emit-index-url --no-header --all-extras --python-version 3.11 pyproject.toml -o requirements.lock

lock-peers: $(STAMP) ## Lock anew what bench-crawl compares with
	@$(PYTHON) -m pip install --quiet uv
	@$(VENV)/bin/uv pip compile --quiet --generate-hashes --universal --no-emit-index-url --no-header --python-version 3.11 benchmarks/crawl/peers.in -o benchmarks/crawl/peers.lock

clean: ## Delete the environment and the demo
	rm -rf $(VENV) $(DEMO) .bench-peers
