# Tandem. `make` alone lists the targets; README.md says what they need.
SHELL       := /bin/bash
.DEFAULT_GOAL := help
.DELETE_ON_ERROR:

VERSION     ?= $(shell git describe --tags --always --dirty 2>/dev/null || echo dev)
GO          ?= go
BIN         := bin
AGENT_BIN   := session/agent/image/bin
LDFLAGS     := -s -w
STATICCHECK := honnef.co/go/tools/cmd/staticcheck@v0.8.2
FUZZTIME    ?= 10s

##@ Everyday

.PHONY: help
help: ## List the targets
	@awk 'BEGIN {FS = ":.*## "} /^##@/ {printf "\n%s\n", substr($$0, 5)} /^[a-zA-Z0-9_-]+:.*## / {printf "  %-16s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

.PHONY: build
build: agent ## Build bin/tandem with the agents inside
	CGO_ENABLED=0 $(GO) build -trimpath -ldflags "$(LDFLAGS) -X main.version=$(VERSION)" -o $(BIN)/tandem ./cmd/tandem

.PHONY: agent
agent: ## Build the agents that bin/tandem embeds
	@for arch in amd64 arm64; do \
	  CGO_ENABLED=0 GOOS=linux GOARCH=$$arch $(GO) build -trimpath -buildvcs=false -tags netgo,osusergo -ldflags "$(LDFLAGS) -X main.version=$(VERSION)" \
	    -o $(AGENT_BIN)/tandem-agent-linux-$$arch ./cmd/tandem-agent || exit 1; \
	done

.PHONY: demo
demo: ## Show one whole session on a real cluster, driven over JSON-RPC
	@scripts/need-tools
	@$(MAKE) --no-print-directory build
	@scripts/with-cluster scripts/demo

.PHONY: test
test: ## Everything: static checks, unit tests, the cluster's tests, end to end
	@scripts/need-tools test
	@scripts/test-all

.PHONY: bench
bench: build ## Measure start, stop, tunnels, memory and requests beside kubectl and OpenSSH (ARGS=-update: into docs)
	@scripts/need-tools bench
	@scripts/with-cluster scripts/bench $(ARGS)

.PHONY: bench-check
bench-check: build ## Measure the tunnels and fail where a ratio to kubectl is worse than the committed one by more than a quarter
	@scripts/need-tools bench
	@scripts/with-cluster scripts/bench -tunnels -check $(ARGS)

.PHONY: torture
torture: ## 1 GiB each way through every data plane while the link is cut and connections are reset
	TANDEM_TORTURE_MIB=1024 $(GO) test ./session/tunnel -count=1 -timeout 20m -run '^TestTorture$$' -v

.PHONY: bench-env
bench-env: ## Measure the environment's resolution and encoding for 10, 1 000 and 10 000 variables
	TANDEM_BENCH=1 $(GO) test ./envfile -count=1 -run '^TestEnvReport$$' -v

.PHONY: bench-language
bench-language: ## Measure the diagnostics of a manifest of 2 000 lines after an edit, in process and over stdio
	$(GO) test ./manifest/language -run '^$$' -bench Diagnostics
	TANDEM_BENCH=1 $(GO) test ./rpc -count=1 -run '^TestDiagnosticsReport$$' -v

.PHONY: scale
scale: build ## Leave a thousand sessions' objects and watches on a real API server, on a cluster of its own, and measure
	@scripts/need-tools
	@scripts/scale $(ARGS)

##@ Parts of the test

.PHONY: lint
lint: ## gofmt, go vet and staticcheck, also for macOS and Windows
	@unformatted=$$(gofmt -l $$(git ls-files '*.go')); [ -z "$$unformatted" ] || { echo "gofmt -w these:"; echo "$$unformatted"; exit 1; }
	$(GO) vet ./...
	$(GO) run $(STATICCHECK) ./...
	GOOS=darwin CGO_ENABLED=0 $(GO) build -o /dev/null ./cmd/tandem
	GOOS=windows CGO_ENABLED=0 $(GO) build -o /dev/null ./cmd/tandem

.PHONY: test-unit
test-unit: agent ## Tests that need no cluster, with the race detector
	$(GO) test -race $$($(GO) list ./... | grep -v /e2e)

.PHONY: test-cluster
test-cluster: build ## Tests against a real cluster, tandem built with the race detector; budgets; the demo
	@scripts/need-tools test
	@scripts/with-cluster scripts/test-cluster

.PHONY: test-vscode
test-vscode: build ## The extension in a real VS Code, on a real cluster (Chromium and code-server are installed)
	@scripts/need-tools
	@scripts/with-cluster scripts/test-vscode

.PHONY: test-faults
test-faults: build ## Break everything a session depends on, under load, on a cluster of its own (ARGS=-run NAME: some of it)
	@scripts/need-tools
	@scripts/test-faults $(ARGS)

.PHONY: soak
soak: build ## 2 000 sessions against one server, 1 000 000 connections through one forward (TANDEM_SOAK_COUNT=N: of either)
	@scripts/need-tools
	@scripts/with-cluster scripts/soak $(ARGS)

.PHONY: test-readers
test-readers: ## 100 000 random variables through every real reader of an environment file
	@scripts/need-tools test
	TANDEM_LONG=1 $(GO) test ./envfile -count=1 -run 'TestRoundTrip|TestModelsAgree' -v

.PHONY: test-configs
test-configs: ## Every variant of editors' files, 3 000 random ones, as many sequences of edits, and 5 minutes of fuzzing
	@scripts/need-tools test
	TANDEM_LONG=1 $(GO) test ./debug/runconfig -count=1 -rapid.checks=3000 -timeout 30m
	@scripts/fuzz 5m 'debug/runconfig/.*'

.PHONY: fuzz
fuzz: ## Every fuzz target for FUZZTIME (default 10s)
	@scripts/fuzz $(FUZZTIME)

##@ The test cluster (root on Linux; nothing is downloaded but Go modules and Debian packages)

.PHONY: cluster-up
cluster-up: ## Build and start the single-node Kubernetes, push the shop's images
	@testbed/cluster up

.PHONY: cluster-down
cluster-down: ## Stop it and remove every trace
	@testbed/cluster down

.PHONY: cluster-status
cluster-status: ## Say whether it runs, and how to reach it
	@testbed/cluster status

##@ Shipping

.PHONY: dist
dist: ## Release archives, VS Code packages, bill of materials and checksums, in dist/
	@scripts/need-tools
	@scripts/dist dist

.PHONY: dist-check
dist-check: ## Build the release twice and compare (PLATFORMS="linux/amd64": those only)
	@scripts/need-tools
	@scripts/dist-check $(PLATFORMS)

##@ Housekeeping

.PHONY: clean
clean: ## Remove what was built
	rm -rf $(BIN) dist $(AGENT_BIN)/tandem-agent-*
