# devops-tui. "make" alone lists the targets.

SHELL       := bash
.SHELLFLAGS := -eu -o pipefail -c
BIN         := $(CURDIR)/bin
VERSION     := $(shell git describe --tags --always --dirty 2>/dev/null || echo dev)
COMMIT      := $(shell git rev-parse --short=12 HEAD 2>/dev/null)
LDFLAGS     := -s -w -X devops-tui/internal/app.version=$(VERSION) -X devops-tui/internal/app.commit=$(COMMIT)
GOBUILD     := CGO_ENABLED=0 go build -trimpath -buildvcs=false
# The race detector needs a C compiler; CI insists on it.
RACE        ?= $(shell command -v "$$(go env CC)" >/dev/null 2>&1 && echo -race)
TESTFLAGS   ?=
PKG         ?= ./...
FUZZTIME    ?= 60s
BENCH       ?= .
NODES       ?= 3
LOAD        ?= 60
ARGS        ?=

.PHONY: help run build test bench fuzz lint cluster cluster-down demo clean worlds screenshots

help: ## this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-13s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

run: build ## build and open the cockpit (ARGS="…" for its flags)
	@$(BIN)/devops-tui $(ARGS)

demo: build ## open the cockpit on the built-in demo world
	@$(BIN)/devops-tui --demo $(ARGS)

build: ## build bin/devops-tui
	@$(GOBUILD) -ldflags '$(LDFLAGS)' -o $(BIN)/devops-tui ./cmd/devops-tui

# Built apart from the tests, so that it is seen and not counted against their time.
worlds:
	@echo "test worlds: a real Kubernetes control plane is built once (about 20 CPU minutes when nothing is cached)"
	@go run ./test/cluster/cmd/cluster build -metrics -helm -rollouts

test: worlds ## all tests, with the race detector, against real engines (PKG=./internal/text for one)
	@[ -n "$(RACE)" ] || echo "no C compiler: testing without the race detector"
	go vet $(PKG)
	go test $(RACE) -timeout 20m $(TESTFLAGS) $(PKG)

# The second part starts the built cockpit in a terminal against real engines
# and prints its figures next to those of test/bench/floor.
BLACKBOX = DEVOPS_TUI_BINARY=$(BIN)/devops-tui go test -run '^$$' -bench '^BenchmarkBlackBox' -benchtime 1x -timeout 60m $(TESTFLAGS) ./test/bench/blackbox -args
.PHONY: bench bench-full
bench: build ## benchmarks (BENCH=Frame for some, PKG=./internal/text for one package)
	go test -run '^$$' -bench '$(BENCH)' -benchmem -timeout 60m $(TESTFLAGS) $(PKG:./...=./internal/...)
	$(if $(filter ../...,$(BENCH)$(PKG)),$(BLACKBOX) -quick -pods 1000 -containers 20)

bench-full: build ## the cockpit from outside with 10,000 pods and 100 containers (made once, about 4 minutes)
	$(BLACKBOX) -pods 10000 -containers 100

fuzz: ## FuzzSafe for FUZZTIME (60s), every other fuzz target for 10s
	@found=0; while IFS=: read -r file target; do \
	  found=1; time=10s; [ $$target = FuzzSafe ] && time=$(FUZZTIME); \
	  echo "== $$target in $$(dirname $$file), $$time"; \
	  go test -run '^$$' -fuzz "^$$target\$$" -fuzztime $$time -fuzzminimizetime 1x ./$$(dirname $$file); \
	done < <(grep -roE --include='*_test.go' '^func Fuzz[A-Za-z0-9_]+' cmd internal themes | sed 's/:func /:/'); \
	[ $$found = 1 ] || { echo "no fuzz target found"; exit 1; }

screenshots: build ## take the README's pictures again, from real sessions
	go run ./test/shot -out docs/cockpit.svg -settle 45s $(BIN)/devops-tui --demo
	go run ./test/shot -out docs/plan.svg -cols 130 -rows 36 -settle 6s -keys "3 wait=2s B wait=3s" $(BIN)/devops-tui --demo
	go run ./test/shot -out docs/run.svg -cols 130 -rows 36 -settle 30s -keys "2 wait=2s enter wait=4s" $(BIN)/devops-tui --demo

lint: ## gofumpt, go vet, staticcheck
	@GOBIN=$(BIN)/tools go -C tools install tool
	@unformatted=$$($(BIN)/tools/gofumpt -l cmd internal test themes); \
	  [ -z "$$unformatted" ] || { echo "not gofumpt-ed:"; echo "$$unformatted"; exit 1; }
	go vet $(PKG)
	$(BIN)/tools/staticcheck $(PKG)

cluster: ## start a Kubernetes of your own and print its kubeconfig (NODES=3 LOAD=60 pods); no root, no images
	@$(GOBUILD) -o $(BIN)/cluster ./test/cluster/cmd/cluster
	@$(BIN)/cluster up -nodes $(NODES) -demo-load $(LOAD)

cluster-down: ## stop it
	@$(GOBUILD) -o $(BIN)/cluster ./test/cluster/cmd/cluster
	@$(BIN)/cluster down

clean: ## remove what was built here (the test worlds stay in the user's cache)
	@rm -rf $(BIN)
