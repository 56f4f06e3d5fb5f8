# Everything that is built lies below build/. Needs Go and make; `make race`
# needs a C compiler too.

GO ?= go
# How long `make fuzz` runs each target, and how often `make bench` each benchmark.
FUZZTIME ?= 10s
COUNT ?= 5
BENCH ?= .
# How long `make bench-live` makes its measurements; some take half of it. With
# SOAK, such as 1h, it measures the memory under load for so long, and nothing else.
LIVE ?= 1m
SOAK ?=

# What the two modules are made of; Go itself knows more exactly, and rebuilds
# only what has changed.
main_files := go.mod go.sum $(shell find cmd internal -type f -not -name '*_test.go' -not -path '*/testdata/*')
tools_files := tools/go.mod tools/go.sum $(shell find tools -type f -name '*.go' -not -name '*_test.go')

# The tests of the tools run the built programs, of which Go's test cache does
# not know: -count=1 runs them every time. They wait more than they compute, so
# more of them run side by side than there are cores.
tools_test = cd tools && LOGFEED_BINARY="$(CURDIR)/$(1)" GO_CARBON_BINARY="$(CURDIR)/build/go-carbon" $(GO) test -count=1 -parallel 8

.PHONY: help
help: ## show these targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "make %-10s %s\n", $$1, $$2 }' Makefile

.PHONY: build
build: build/logfeed ## build build/logfeed

# Without C, as in the packages: it starts a little sooner.
build/logfeed: $(main_files)
	CGO_ENABLED=0 $(GO) build -o $@ ./cmd/logfeed

build/logfeed-race: $(main_files)
	$(GO) build -race -o $@ ./cmd/logfeed

build/go-carbon: tools/go.mod tools/go.sum
	cd tools && $(GO) build -o ../$@ github.com/go-graphite/go-carbon

build/carbonapi: tools/carbonapi/go.mod tools/carbonapi/go.sum
	cd tools/carbonapi && CGO_ENABLED=0 $(GO) build -o ../../$@ github.com/go-graphite/carbonapi/cmd/carbonapi

build/staticcheck: tools/go.mod tools/go.sum
	cd tools && $(GO) build -o ../$@ honnef.co/go/tools/cmd/staticcheck

build/demo: $(tools_files)
	cd tools && $(GO) build -o ../$@ ./demo

.PHONY: demo
demo: build/demo build/logfeed build/go-carbon ## a real log through logfeed into a real go-carbon and back (KEEP=1 leaves them running)
	build/demo -logfeed build/logfeed -go-carbon build/go-carbon -log testdata/apache_logs -dir build $(if $(filter-out 0,$(KEEP)),-keep)

# The stories and tests of the running program wait more than they compute: more
# of them run side by side than there are cores.
main_test = $(GO) test -parallel 8

.PHONY: test
test: build/logfeed build/go-carbon ## all tests, among them the round trip through go-carbon
	$(main_test) ./...
	$(call tools_test,build/logfeed) ./...

.PHONY: race
race: build/logfeed-race build/go-carbon ## all tests under the race detector, the running logfeed included
	$(main_test) -race ./...
	$(call tools_test,build/logfeed-race) -race ./...

.PHONY: memory
memory: build/logfeed build/go-carbon ## what a backfill of a month takes in memory, and what one of a year
	$(call tools_test,build/logfeed) -run '^TestMemoryOfASpan$$' -v .

.PHONY: manual
manual: ## write the manual page and the shells' completions anew, which are made of the flags
	$(GO) test ./cmd/logfeed -run '^(TestManualPage|TestCompletions)$$' -count=1 -update

.PHONY: manual-test
manual-test: ## the manual page in mandoc, the completions in bash, zsh and fish (Debian's packages of these names)
	$(GO) test -tags shells -count=1 ./cmd/logfeed -run '^(TestManualPageIsClean|TestShellsComplete)$$' -v

.PHONY: httpd-test
httpd-test: build/logfeed ## parser and piped log against a real Apache httpd (needs Debian's apache2; see tools/httpdtest)
	cd tools && LOGFEED_BINARY="$(CURDIR)/build/logfeed" $(GO) test -tags httpdtest -count=1 -timeout 15m -v ./httpdtest

.PHONY: realtest
realtest: build/logfeed build/go-carbon ## against Debian's carbon-cache and logrotate and a cut network (root; see tools/realtest)
	$(call tools_test,build/logfeed) -tags realtest -timeout 30m ./realtest

.PHONY: cluster-test
cluster-test: build/logfeed build/go-carbon build/carbonapi ## three web servers, a relay, three stores: each is killed, every cell is right (root; Debian's carbon-c-relay, graphite-carbon)
	cd tools && $(GO) test -tags realtest,cluster -c -o ../build/cluster.test ./realtest
	cd tools/realtest && LOGFEED_BINARY="$(CURDIR)/build/logfeed" GO_CARBON_BINARY="$(CURDIR)/build/go-carbon" CARBONAPI_BINARY="$(CURDIR)/build/carbonapi" \
		unshare --net -- sh -c 'ip link set lo up && exec "$(CURDIR)/build/cluster.test" -test.run "^TestCluster" -test.v -test.timeout 30m'
	cd tools && GO_CARBON_BINARY="$(CURDIR)/build/go-carbon" CARBONAPI_BINARY="$(CURDIR)/build/carbonapi" $(GO) test -count=1 -tags cluster -v ./dashboards

.PHONY: e2e
e2e: package ## the installed .deb between a real Apache under load and a real Graphite (Debian, root; see tools/e2e; SHOTS=DIR keeps pictures)
	cd tools && LOGFEED_DEB="$(CURDIR)/build/logfeed_$(VERSION)-1_$(GOARCH).deb" SHOTS="$(abspath $(SHOTS))" $(GO) test -tags e2e -count=1 -timeout 15m -v ./e2e

.PHONY: dashboards
dashboards: ## make those of deploy/grafana anew
	cd tools && $(GO) run ./dashboards ../deploy/grafana

.PHONY: terminal-shot
terminal-shot: build/logfeed ## pictures of logfeed in a terminal, into docs/ (Debian's xvfb, xterm, imagemagick, fonts-dejavu-core)
	tools/terminal-shot

.PHONY: status-test
status-test: build/logfeed build/go-carbon ## the status page in a real browser (Debian's chromium; STATUS_SHOTS=DIR keeps what it looks like)
	$(call tools_test,build/logfeed) -tags statustest -v ./statustest

.PHONY: status-shots
status-shots: export STATUS_SHOTS = $(CURDIR)/docs
status-shots: build/logfeed build/go-carbon ## the pictures of docs/status.md anew (Debian's chromium)
	$(call tools_test,build/logfeed) -tags statustest -run '^TestPage$$' ./statustest

build/herd: $(main_files) $(tools_files)
	cd tools && $(GO) build -o ../$@ ./herd

.PHONY: herd
herd: build/herd ## a thousand senders and a relay that goes away: what arrives when, as pictures in docs/ (25 min; Debian's carbon-c-relay)
	build/herd -steady 6m -picture docs/herd-steady.svg
	build/herd -steady 4m -outage 5m -recovery 8m -max-rate 10 -picture docs/herd-outage.svg

build/limit: $(main_files) $(tools_files)
	cd tools && $(GO) build -o ../$@ ./limit

.PHONY: limit
limit: build/limit build/go-carbon ## how many points a second one go-carbon takes and stores
	build/limit

build/benchpeers: $(tools_files)
	cd tools && $(GO) build -o ../$@ ./benchpeers

# Which tables of docs/performance.md `make bench-peers` makes anew; all take 10 GB
# of disk, and as much memory free for the page cache.
ROWS ?= peers,formats,packed,cold,sizes,points

.PHONY: bench-peers
bench-peers: build/benchpeers build/logfeed build/go-carbon ## whole programs on 1.3 GB of log, logfeed into go-carbon beside wc, Python, mtail, GoAccess (ROWS= chooses tables; Debian's mtail, goaccess, zstd, python3)
	@missing=; for program in python3 mtail goaccess zstd; do command -v $$program >/dev/null || missing="$$missing $$program"; done; \
	if [ -n "$$missing" ] && [ "$$(id -u)" -eq 0 ] && command -v apt-get >/dev/null; then apt-get install -q -y --no-install-recommends $$missing || true; fi; \
	for program in $$missing; do command -v $$program >/dev/null || echo "$$program is missing: its rows are left out (apt-get install $$program)"; done
	build/benchpeers -rows $(ROWS) -dir build/benchpeers.data -doc docs/performance.md -picture docs/performance.svg

# How long `make torture` goes on, how many histories `make model` plays, and how
# many lines `make hosts` writes.
TORTURE ?= 10m
SEEDS ?= 10000
HOSTS ?= 1000000

.PHONY: torture
torture: ## kill -9 logfeed and Carbon at random for TORTURE (SEED=N chooses the same schedule again)
	$(GO) test -tags torture ./cmd/logfeed -run 'TestTorture|TestReplay|TestDamaged' -count=1 -v -timeout 30m -torture.for $(TORTURE) $(if $(SEED),-torture.seed $(SEED))

.PHONY: model
model: ## SEEDS random histories of logs against the follower
	$(GO) test ./internal/tail -run '^TestModel$$' -count=1 -timeout 60m -seeds $(SEEDS)

.PHONY: hosts
hosts: ## what a million different Host headers cost beside one value (HOSTS=N lines)
	$(GO) test ./cmd/logfeed -run '^TestManyHosts$$' -count=1 -v -timeout 30m -hosts $(HOSTS)

.PHONY: soak
soak: ## the long versions of model, torture and realtest, about an hour
	$(MAKE) model SEEDS=100000
	$(MAKE) torture
	LOGFEED_SOAK=1 $(MAKE) realtest

.PHONY: lint
lint: build/staticcheck ## gofmt, go vet, staticcheck, tidy go.mod
	@unformatted=$$("$$($(GO) env GOROOT)/bin/gofmt" -l cmd internal tools) && if [ -n "$$unformatted" ]; then echo "gofmt -w is due for:"; echo "$$unformatted"; exit 1; fi
	$(GO) vet ./...
	$(GO) vet -tags torture ./cmd/logfeed
	$(GO) vet -tags benchlive,shells ./cmd/logfeed
	cd tools && $(GO) vet -tags realtest,cluster,httpdtest,statustest,e2e ./...
	build/staticcheck ./...
	cd tools && ../build/staticcheck ./...
	$(GO) mod tidy -diff
	cd tools && $(GO) mod tidy -diff
	cd tools/carbonapi && $(GO) mod tidy -diff

.PHONY: bench
bench: ## benchmarks COUNT times each (BENCH='Parse|Add' chooses)
	$(GO) test -run '^$$' -bench '$(BENCH)' -benchmem -count $(COUNT) ./...

.PHONY: bench-live
bench-live: build/logfeed build/go-carbon ## what following costs, beside mtail (Debian) and tail -F, into docs/performance-live.md (8 min; SOAK=1h: only whether its memory grows)
	$(GO) test -tags benchlive -c -o build/latency.test ./cmd/logfeed
	cd tools && $(GO) build -o ../build/benchlive ./benchlive
	build/benchlive $(if $(SOAK),-soak $(SOAK),-for $(LIVE)) -doc docs/performance-live.md

.PHONY: fuzz
fuzz: ## every fuzz target for FUZZTIME
	@set -e; for package in $$($(GO) list ./...); do \
		listed=$$($(GO) test -list '^Fuzz' $$package); \
		for target in $$(echo "$$listed" | grep '^Fuzz' || true); do \
			echo "$$package $$target"; \
			GO="$(GO)" tools/fuzz.sh $$package $$target $(FUZZTIME); \
		done; \
	done

# Of what is released. The same commit makes the same bytes.
VERSION ?= 0.1.0
GOARCH ?= $(shell $(GO) env GOARCH)
SOURCE_DATE_EPOCH ?= $(shell git -c safe.directory='*' log -1 --format=%ct)
static = CGO_ENABLED=0 $(GO) build -trimpath -buildvcs=false -ldflags '-s -w -X main.version=$(VERSION)'

# Not in tools/go.mod: its hundred modules would move those of go-carbon.
build/nfpm: Makefile
	GOBIN="$(CURDIR)/build" $(GO) install github.com/goreleaser/nfpm/v2/cmd/nfpm@v2.45.2
	touch $@

# Without CGO and the directory in it, it is the same everywhere, and its own
# checksum stands in what it makes.
build/cyclonedx-gomod: Makefile
	CGO_ENABLED=0 GOBIN="$(CURDIR)/build" $(GO) install -trimpath github.com/CycloneDX/cyclonedx-gomod/cmd/cyclonedx-gomod@v1.10.0
	touch $@

build/sbom: $(tools_files)
	cd tools && $(GO) build -o ../$@ ./sbom

build/notices: $(tools_files)
	cd tools && $(GO) build -o ../$@ ./notices

# $(call bill,OS,ARCH,BINARY): what a binary is made of, as BINARY.cdx.json.
bill = GOOS=$(1) GOARCH=$(2) build/cyclonedx-gomod bin -json -noserial -notimestamp -std -version $(VERSION) -output $(3).cdx.json $(3) && \
	build/sbom $(3) $(3).cdx.json internal/status/page/uplot.js

.PHONY: package
package: build/nfpm build/cyclonedx-gomod build/sbom build/notices ## a .deb and an .rpm for GOARCH below build/ (VERSION=X.Y.Z)
	rm -rf build/package && mkdir -p build/package
	GOOS=linux GOARCH=$(GOARCH) $(static) -o build/package/logfeed ./cmd/logfeed
	$(call bill,linux,$(GOARCH),build/package/logfeed)
	build/notices build/package/logfeed >build/package/notices
	gzip -9nf build/package/notices
	gzip -9n <deploy/manual/logfeed.1 >build/package/logfeed.1.gz
	printf 'logfeed (%s-1) unstable; urgency=medium\n\n  * See CHANGELOG.md.\n\n -- logfeed <logfeed@users.noreply.github.com>  %s\n' \
		$(VERSION) "$$(LC_ALL=C date -u -R -d @$(SOURCE_DATE_EPOCH))" | gzip -9n >build/package/changelog.gz
	for packager in deb rpm; do \
		SOURCE_DATE_EPOCH=$(SOURCE_DATE_EPOCH) GOARCH=$(GOARCH) VERSION=$(VERSION) \
			build/nfpm package -f deploy/packaging/nfpm.yaml -p $$packager -t build/ || exit 1; \
	done

.PHONY: package-test
package-test: ## the packages twice, byte for byte; the .deb installed, upgraded, removed and purged on this machine (Debian, root)
	$(MAKE) package GOARCH=amd64 VERSION=0.1.0
	sha256sum build/logfeed_0.1.0-1_amd64.deb build/logfeed-0.1.0-1.x86_64.rpm >build/package.sums
	$(MAKE) package GOARCH=amd64 VERSION=0.1.0
	sha256sum -c build/package.sums
	$(MAKE) package GOARCH=amd64 VERSION=0.1.1
	deploy/packaging/test build/logfeed_0.1.0-1_amd64.deb build/logfeed_0.1.1-1_amd64.deb

.PHONY: readme-test
readme-test: build/nfpm build/cyclonedx-gomod build/sbom build/notices ## the README's commands for the installation, word for word, until points are in Carbon (Debian's apache2 and graphite-carbon, root)
	deploy/packaging/readme-test

.PHONY: dist
dist: build/cyclonedx-gomod build/sbom build/notices ## static binaries for Linux and macOS below build/dist, with checksums, and of each a bill of materials and the licences of what is in it
	rm -rf build/dist && mkdir -p build/dist
	set -e; for target in linux/amd64 linux/arm64 linux/386 darwin/amd64 darwin/arm64; do \
		name=build/dist/logfeed-$(VERSION)-$$(echo $$target | tr / -); \
		GOOS=$${target%/*} GOARCH=$${target#*/} $(static) -o $$name ./cmd/logfeed; \
		$(call bill,$${target%/*},$${target#*/},$$name) || exit 1; \
		build/notices $$name >$$name.notices.txt; \
	done
	cd build/dist && sha256sum * >SHA256SUMS

.PHONY: clean
clean: ## remove build/
	rm -rf build
