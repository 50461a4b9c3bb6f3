# The tasks of supportmcp; `make` alone lists them.

# Pinned here and nowhere else. The modules, tests' included, are pinned in go.mod,
# and what comes from npm in .ci/node/package-lock.json.
GOLANGCI_LINT_VERSION := v2.15.0

GO        ?= go
BENCH     ?= .
BENCHTIME ?= 1s
# Per fuzz target, about thirty seconds on two cores. A number of runs and not a
# duration: before Go 1.27 a duration can fail without a finding (go.dev/issue/75804).
FUZZTIME  ?= 120000x

# Where the random inputs of property tests begin in make check: always at the same
# place, so that a change is judged by its own faults. make soak begins elsewhere.
RAPID_SEED ?= 1

# How much is proven in make check. make soak SEEDS=20000 ORDEALS=750 SEQUENCES=1000
# DELUGES=200 DURATION=30m proves more; SEED and ORDEAL are where to begin.
SEEDS    ?= 300
SEED     ?= 1
ORDEALS  ?= 75
ORDEAL   ?= 0
RESTARTS ?= 10
DEMOS    ?= 10
SEQUENCES ?= 200
DELUGES  ?= 20
DURATION ?= 1m

# How long make load asks a service, and over how many connections.
LOAD        ?= 10m
CONNECTIONS ?= 64

LINT := bin/golangci-lint-$(GOLANGCI_LINT_VERSION)

# The Inspector needs Node 22.19. Where the machine's is older, npm brings another.
NODE_IS_NEW := const [a, b] = process.versions.node.split("."); process.exit(a > 22 || a == 22 && b >= 19 ? 0 : 1)
NODE        := PATH="$(CURDIR)/.ci/node/node_modules/node/bin:$$PATH" node
NPM         := .ci/node/node_modules/.package-lock.json

SHELL       := bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help
.NOTPARALLEL:
.PHONY: help demo test check tidy lint generated race proof mutants soak load fuzz bench generate format tools cross build clients inspector conformance

help: ## list the tasks
	@sed -nE 's/^([a-z]+):[^#]*## (.*)/make \1\t\2/p' $(MAKEFILE_LIST) | expand -t 18

demo: ## tell the stories against the sandbox
	$(GO) run ./cmd/supportmcp demo

test: ## run all tests
	$(GO) test ./...

check: tidy lint generated cross race proof mutants fuzz clients inspector conformance ## everything a change must pass

tidy: ## fail when go.mod or go.sum is not tidy
	$(GO) mod tidy -diff

lint: $(LINT) ## check rules, layout and import directions
	$(LINT) run --allow-parallel-runners ./...

generated: ## fail when go generate changes a file
	before=$$(git status --porcelain && git diff HEAD); \
	$(GO) generate ./...; \
	after=$$(git status --porcelain && git diff HEAD); \
	[ "$$before" = "$$after" ] || { echo "generated files were stale; look at them and commit them:"; git status --short; exit 1; }

cross: ## build the program for every system it is made for
	for system in linux darwin windows; do for machine in amd64 arm64; do \
		(set -x; CGO_ENABLED=0 GOOS=$$system GOARCH=$$machine $(GO) build -o /dev/null ./cmd/supportmcp); \
	done; done

# Under the race detector a loop finds in its first rounds what it would find in a
# thousand, so -short takes fewer of them. The whole number is run by make test. Many
# tests wait for clocks and disks, so more of them go at once than there are processors.
race: ## run all tests under the race detector, PostgreSQL included
	RAPID_SEED=$(RAPID_SEED) SUPPORTMCP_REQUIRE_POSTGRES=1 $(GO) test -race -short -parallel 4 -timeout 30m ./...

proof: ## simulate SEEDS runs; kill servers in ORDEALS runs on each database, and DEMOS demos
	$(GO) test -count=1 -timeout 0 -parallel 4 -v -run '^TestWhatever|^TestOneSeed' ./internal/proof -from $(SEED) -seeds $(SEEDS) | $(SUMMARY)
	SUPPORTMCP_REQUIRE_POSTGRES=1 $(GO) test -count=1 -timeout 0 -parallel 10 -v -run '^TestKilledServers|^TestServersSurvive|^TestADemoKilled' \
		./cmd/supportmcp -ordeal $(ORDEAL) -ordeals $(ORDEALS) -restarts $(RESTARTS) -demos $(DEMOS) | $(SUMMARY)

soak: proof ## prove more, try SEQUENCES new ones on ledger and model, and keep a server under load for DURATION
	SUPPORTMCP_REQUIRE_POSTGRES=1 $(GO) test -count=1 -timeout 0 -v -run '/^model$$' ./internal/ledger -rapid.checks $(SEQUENCES) | $(SUMMARY)
	$(GO) test -count=1 -timeout 0 -v -run '^TestAServerUnderLoad' ./cmd/supportmcp -soak $(DURATION) | $(SUMMARY)
	$(GO) test -count=1 -timeout 0 -v -run '^TestADeluge' ./cmd/supportmcp -deluge $(ORDEAL) -deluges $(DELUGES) | $(SUMMARY)

load: ## ask a service over CONNECTIONS at once for LOAD
	$(GO) test -count=1 -timeout 0 -v -run '^TestManyConnections' ./cmd/supportmcp -load $(LOAD) -connections $(CONNECTIONS) | $(SUMMARY)

# A test's verdict and what it logs, without the names of everything that runs.
SUMMARY := grep -vE '^ *(=== |--- PASS: .*/)|^PASS$$'

mutants: ## plant each fault of the list and want the tests to find it
	SUPPORTMCP_REQUIRE_POSTGRES=1 $(GO) test -count=1 -timeout 0 -v -run '^TestEveryPlantedFault' ./internal/proof/mutants -plant . | $(SUMMARY)

fuzz: ## run every fuzz target for FUZZTIME
	{ grep -rEo --include='*_test.go' '^func Fuzz[A-Za-z0-9_]+' . || true; } | while IFS=: read -r file func; do \
		(set -x; $(GO) test -run '^$$' -fuzz "^$${func#func }$$" -fuzztime $(FUZZTIME) "$${file%/*}" </dev/null); \
	done

build: ## build the program into bin
	$(GO) build -o bin/supportmcp ./cmd/supportmcp

clients: build $(NPM) ## do a whole ticket with the TypeScript SDKs, in both eras
	$(NODE) .ci/node/clients.mjs

inspector: build $(NPM) ## list, call and read everything with the MCP Inspector
	$(NODE) .ci/node/inspector.mjs

conformance: build $(NPM) ## run the official conformance suite
	$(GO) test -c -o bin/fixtures.test ./server
	$(NODE) .ci/node/conformance.mjs

bench: ## run the benchmarks that match BENCH, each for BENCHTIME
	$(GO) test -run '^$$' -bench '$(BENCH)' -benchmem -benchtime $(BENCHTIME) ./...

generate: ## write the generated files
	$(GO) generate ./...

format: $(LINT) ## lay out all files as the linter wants them
	$(LINT) fmt ./...

tools: $(LINT) ## install the pinned tools into bin

$(LINT):
	GOBIN=$(CURDIR)/bin $(GO) install github.com/golangci/golangci-lint/v2/cmd/golangci-lint@$(GOLANGCI_LINT_VERSION)
	mv bin/golangci-lint $@

$(NPM): .ci/node/package.json .ci/node/package-lock.json
	cd .ci/node; if node -e '$(NODE_IS_NEW)'; then npm ci --omit=optional; else npm ci; fi
	touch $@
