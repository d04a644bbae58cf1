# Everything a developer does here. `make` alone lists it.

VERSION ?= $(shell git describe --tags --always --dirty 2>/dev/null || echo dev)
GOLANGCI := github.com/golangci/golangci-lint/v2/cmd/golangci-lint@v2.5.0
# The race detector needs a C compiler; without one the tests run all the same. It leaves SQLite's own code, C turned
# into Go, alone: to watch that makes the tests several times slower and finds nothing of ours.
RACE := $(if $(shell command -v gcc || command -v clang || command -v cc),-race -gcflags=modernc.org/sqlite/lib=-race=false)

# What the detector has nothing to find in, and takes minutes under it, runs in a second go without it: tests of one goroutine
# (their files begin with //go:build !race), and those of the program, which start processes. They are built as the program is, without
# C, so that the program of the journeys is compiled by then.
unraced = $(shell grep -l '^func Test' $$(grep -lr --include='*_test.go' '^//go:build !race' server))
unraced_tests = $(shell grep -ho '^func Test[A-Za-z0-9]*' $(unraced) | cut -d' ' -f2 | paste -sd'|')

export CGO_ENABLED ?= $(if $(RACE),1,0)

.DEFAULT_GOAL := help
.PHONY: help build run preview test miniprogram-test miniprogram-compile lint fmt tidy bench fuzz openapi clean

help: ## list these targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-20s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

build: ## build bin/xiaopu, one static binary
	CGO_ENABLED=0 go build -trimpath -ldflags "-s -w -X main.version=$(VERSION)" -o bin/xiaopu ./server/cmd/xiaopu

run: build ## build and serve the demo organisation, with data in data/; the mini-program at /m/ where there is Node
	@scripts/preview || true
	./bin/xiaopu serve --demo --preview miniprogram/preview/dist

preview: ## build the mini-program's preview for /m/
	@scripts/preview

test: ## run every Go test, on SQLite and on a MariaDB and Redis started for it, and those of the mini-program
	@[ -n "$(RACE)" ] || echo "make test: no C compiler here, so the race detector is off" >&2
	$(if $(RACE),scripts/testenv sh -c 'go test $(RACE) -timeout 15m $$(go list ./... | grep -v /cmd/) && CGO_ENABLED=0 go test ./server/cmd/... && CGO_ENABLED=0 go test -run "^($(unraced_tests))$$" $(sort $(addprefix ./,$(dir $(unraced))))',scripts/testenv go test -timeout 15m ./...)
	@scripts/miniprogram-test

miniprogram-test: ## test the mini-program alone: types, unit tests, journeys in headless Chromium (screenshots in miniprogram/shots)
	@scripts/miniprogram-test

miniprogram-compile: ## compile the mini-program with WeChat's own compiler (installs 276 MB once) and check what its packages weigh
	@scripts/miniprogram-compile

lint: ## check style and import rules (the first run builds the linter)
	go run $(GOLANGCI) run

fmt: ## format the Go code
	go run $(GOLANGCI) fmt

tidy: ## bring go.mod and go.sum in line with the imports
	go mod tidy

bench: ## measure against bare programs, with the database as durable as in production; BENCH=HTTP, Sweep, Import, Push, Privacy, Notify, Recognize or Phone for a part
	$(if $(filter Phone,$(BENCH)),,XIAOPU_TESTENV_DURABLE=1 scripts/testenv go test -run '^$$' -bench '$(or $(BENCH),.)' -benchtime 1x -timeout 30m ./server/bench)
	$(if $(filter-out Phone,$(BENCH)),,@scripts/miniprogram-test bench)

fuzz: ## run every fuzz test for FUZZTIME (1m) each
	scripts/fuzz

openapi: ## write docs/openapi.json from the Go types, and the mini-program's types from that (needs Node)
	go run ./server/cmd/xiaopu openapi > docs/openapi.json.tmp && mv docs/openapi.json.tmp docs/openapi.json
	node miniprogram/scripts/types.mjs

clean: ## remove what was built; data/ stays
	rm -rf bin miniprogram/preview/dist
	go clean -testcache
