# notunnel: `make` alone lists what there is.

GO       ?= go
PYTHON   := .venv/bin/python
NOTUNNEL := bin/notunnel
SUDO     := $(if $(filter 0,$(shell id -u)),,sudo)
NESTED   := cmd/notunnel/licenses/generate model/autoencoder/avo test/bench/alternatives
BUILD    := CGO_ENABLED=0 $(GO) build -trimpath -ldflags "-s -w"

# Training: DATA is the folder of the logs, EXTRA more logs, OUT where the models go, WORK keeps
# what is computed on the way.
DATA ?=
EXTRA ?=
OUT  ?= model/data
WORK ?= model/train/work

.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
MAKEFLAGS += --no-print-directory

.PHONY: help
help: ## this list
	@awk -F ':.*## ' '/^[a-z0-9\/-]+:.*## /{printf "  make %-14s %s\n", $$1, $$2}' $(firstword $(MAKEFILE_LIST))

.PHONY: run
run: bin/coredns ## build and start the resolver of Corefile.example
	@echo 'In another terminal:'
	@echo '  dig @127.0.0.1 -p 1053 example.com'
	@echo '  curl -s 127.0.0.1:9153/metrics | grep notunnel'
	@echo 'Ctrl-C ends it.'
	@bin/coredns -conf Corefile.example

.PHONY: demo
demo: bin/coredns ## watch a recorded tunnel being cut, beside ordinary lookups
	@$(GO) run ./test/demo --resolver bin/coredns

.PHONY: test
test: ## every test that needs Go alone
	$(GO) test ./...
	@echo
	@echo 'Left out here:'
	@echo '  make race          the same tests under the race detector (a C compiler)'
	@echo '  make portable      the models without their kernel, and on arm64 (make deps)'
	@echo '  make e2e           real tunnel clients through the resolver (root, make deps)'
	@echo '  make train-sample  a small training from end to end (make deps)'

.PHONY: race
race: ## the same tests under the race detector
	CGO_ENABLED=1 $(GO) test -race ./...

.PHONY: portable
portable: ## the models without their kernel, here and on arm64 (make deps)
	GODEBUG=cpu.avx2=off $(GO) test -count 1 ./model/... ./segment
	GOARCH=arm64 CGO_ENABLED=0 $(GO) build ./...
	GOARCH=arm64 CGO_ENABLED=0 $(GO) test -exec qemu-aarch64 ./model/autoencoder ./model/forest ./segment

.PHONY: gate
gate: ## costs that are compared in one run: kernel, chain, flood
	$(GO) test -tags gate -count 1 -v -run '^TestGate' ./model/autoencoder ./test/bench

.PHONY: bench
bench: ## measure everything, write test/BENCHMARKS.md (some minutes; make deps)
	$(GO) run ./test/bench

.PHONY: e2e
e2e: ## real iodine, dns2tcp and dnsmasq with the resolver (root)
	$(GO) test -tags e2e -count 1 -timeout 20m -v -run '^TestE2E' ./test

.PHONY: lint
lint: ## gofmt and go vet, of the nested modules too
	@unformatted=$$(gofmt -l cmd model plugin segment test); \
	if [ -n "$$unformatted" ]; then echo "gofmt -w these:"; echo "$$unformatted"; exit 1; fi
	$(GO) vet ./...
	$(GO) vet -tags e2e ./test/...
	$(GO) vet -tags gate ./model/autoencoder ./test/bench
	for module in $(NESTED); do $(GO) vet -C $$module ./... || exit 1; done

LICENSES := $(GO) run -C cmd/notunnel/licenses/generate .

.PHONY: licenses
licenses: ## write the licences of the modules that the binaries carry
	$(LICENSES)

.PHONY: check-licenses
check-licenses: ## fail if make licenses would change anything
	$(LICENSES) --check

.PHONY: deps
deps: ## Debian and Python packages for e2e, portable, bench and training
	$(SUDO) apt-get update -q
	$(SUDO) apt-get install -q -y --no-install-recommends iodine dns2tcp dnsmasq-base iproute2 tcpdump dnsutils gcc libc6-dev python3-venv python3-torch qemu-user dnsperf valgrind
	test -x $(PYTHON) || /usr/bin/python3 -m venv --system-site-packages .venv
	$(PYTHON) -m pip install -q -r model/train/requirements.txt

# The logs that train and eval learn from and are measured on; see
# model/train/sources.tsv.
TUNNELS = $(wildcard $(DATA)/tunnel/*.tsv.gz)
BENIGN  = $(foreach log,wrccdc-2018 graphtunnel-normal dnsperf-100k,$(DATA)/benign/log-$(log).tsv.gz)
COMPOSE = $(GO) run ./model/train/compose --names $(DATA)/benign/names.tsv.gz
# Logs of whole benign clients: more of them are needed, as few of these may be flagged.
CLIENTS = 'benign-clients*',benign-mail-server,benign-crawler,benign-scanned,benign-tracker
# Which Public Suffix List cuts the names, for the manifests.
CUT_BY  = --suffix-list "$$($(NOTUNNEL) version --suffix-list)"
# Composed logs in a folder, but for those that nothing is learned from.
taught  = $(1)/benign-*.tsv.gz $(1)/tunnel-*.tsv.gz

.PHONY: train
train: rows ## train all models: make train DATA=dir [OUT=dir]
	$(PYTHON) model/train/train_forest.py $(WORK)/rows.csv.gz --out $(OUT) $(CUT_BY) --data "composed traffic (seed 1) and the recorded logs of model/train/sources.tsv"
	$(PYTHON) model/train/train_joint.py $(WORK)/joint.csv.gz --out $(OUT) $(CUT_BY) --data "composed whole clients and rotating tunnels (seed 1), and recorded benign logs"

.PHONY: rows
rows: $(NOTUNNEL)
	@test -d "$(DATA)" || { echo 'make train DATA=dir: the folder with benign/ and tunnel/'; exit 2; }
	mkdir -p $(WORK)/composed
	$(COMPOSE) --out $(WORK)/composed --seed 1 --ordinary 8
	$(NOTUNNEL) encode -o $(WORK)/unseen.npy $(WORK)/composed/unseen-prefixes.txt.gz
	$(NOTUNNEL) encode -o $(WORK)/prefixes.npy --without $(WORK)/composed/unseen-prefixes.txt.gz $(DATA)/benign/prefixes.txt.gz
	$(PYTHON) model/train/train_autoencoder.py $(WORK)/prefixes.npy $(WORK)/unseen.npy --work $(WORK) --out $(OUT) $(CUT_BY) --data "distinct benign host-name prefixes, at most 50 per SLD, from public top-site lists, warning lists and certificate transparency"
	$(PYTHON) model/train/train_surprisal.py $(WORK)/prefixes.npy $(WORK)/unseen.npy --out $(OUT) $(CUT_BY) --data "labels of distinct benign host-name prefixes, at most 50 per SLD, from public top-site lists, warning lists and certificate transparency"
	$(NOTUNNEL) features -o $(WORK)/rows.csv.gz --model $(OUT) $(call taught,$(WORK)/composed) $(TUNNELS) $(BENIGN) $(EXTRA)
	mkdir -p $(WORK)/clients
	$(COMPOSE) --out $(WORK)/clients --seed 1 --sessions 1200 --only $(CLIENTS)
	$(NOTUNNEL) features --joint -o $(WORK)/joint.csv.gz --model $(OUT) $(WORK)/clients/*.tsv.gz $(WORK)/composed/tunnel-rotation*.tsv.gz $(BENIGN) $(EXTRA)

.PHONY: eval
eval: $(NOTUNNEL) ## measure the models: make eval DATA=dir, after make train with the same WORK
	@test -f "$(WORK)/rows.csv.gz" || { echo 'make eval DATA=dir: $(WORK)/rows.csv.gz is missing, run make train first'; exit 2; }
	mkdir -p $(WORK)/eval
	$(COMPOSE) --out $(WORK)/eval --seed 4 --ordinary 6
	$(NOTUNNEL) features -o $(WORK)/eval/rows.csv.gz --model $(OUT) $(call taught,$(WORK)/eval) $(TUNNELS) $(BENIGN) $(EXTRA)
	$(PYTHON) model/train/eval.py --command $(NOTUNNEL) --work $(WORK) --models $(OUT) --formats $(WORK)/eval/format-*.tsv.gz --logs $(call taught,$(WORK)/eval) $(TUNNELS) $(BENIGN) $(EXTRA)

# The logs are composed anew by this seed.
BUDGET_SEED = 5
.PHONY: budgets
budgets: ## measure what budgets refuse in whole networks: make budgets DATA=dir
	@test -d "$(DATA)" || { echo 'make budgets DATA=dir: the folder with benign/'; exit 2; }
	mkdir -p $(WORK)/networks
	$(COMPOSE) --networks --out $(WORK)/networks --seed $(BUDGET_SEED)
	$(GO) run ./test/budgets --composed $(WORK)/networks --seed $(BUDGET_SEED) --out model/data/BUDGETS.md $(foreach log,wrccdc-2018 graphtunnel-normal,$(DATA)/benign/log-$(log).tsv.gz)

.PHONY: train-sample
train-sample: $(NOTUNNEL) ## the same on the repository's own samples, into a temporary folder
	@test/samples/train.sh $(NOTUNNEL) $(PYTHON) $(RECORD)

.PHONY: bin/coredns bin/notunnel
bin/coredns: ## the resolver
	$(BUILD) -o $@ ./cmd/coredns

bin/notunnel: ## the offline command
	$(BUILD) -o $@ ./cmd/notunnel

.PHONY: clean
clean: ## remove what was built
	rm -rf bin
