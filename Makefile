# Everything a bare Debian machine needs. The work is done by the programs in scripts/, which say what they do.
.PHONY: run setup test check bench soak shots stop
.NOTPARALLEL:

PORT ?= 8000
PY = .venv/bin/python
export PORT

run: ## set up, load the demonstration city on an empty database, serve on http://127.0.0.1:$(PORT)
	@scripts/python -m scripts.set_up
	@exec $(PY) -m scripts.serve foreground

setup: ## what `make run` needs, without running it
	@scripts/python -m scripts.set_up --database

test: ## everything: the checks, then all tests on a throw-away PostgreSQL and Redis, and on SQLite what is marked for both
	@scripts/python -m scripts.set_up --tests
	@exec $(PY) -m scripts.test

check: ## the quick part: format, lint, types, layers, migrations, templates, catalogue, deployment settings
	@scripts/python -m scripts.set_up --tests
	@exec $(PY) -m scripts.check

bench: ## the portal beside its peers, also written to var/bench.json
	@scripts/python -m scripts.set_up --tests
	@exec $(PY) -m scripts.services run -- $(PY) -m scripts.bench

soak: ## the long fault runs
	@scripts/python -m scripts.set_up --tests
	@exec $(PY) -m scripts.services run -- $(PY) -m scripts.soak

shots: ## a picture of every main page for each role, in var/shots
	@scripts/python -m scripts.set_up --tests
	@exec $(PY) -m scripts.services run -- $(PY) -m scripts.shots

stop: ## end what `make run` started
	@scripts/python -m scripts.serve stop
