# What proves: `make test` runs all of it. Included by the Makefile.

UNIT := $(call sources,tests/unit)
FUZZ := $(call sources,tests/fuzz)
FUZZ_SECONDS ?= 60
export FUZZ_SECONDS

.PHONY: demo test test-deps unit-programs fuzz-programs fuzz lint bench bench-ingest bench-top help clean

demo: all $(BUILD)/crm
	@tests/demo.sh $(BUILD)

test: test-deps
	@tests/test.sh

test-deps:
	@./install-deps test

# -- built with sanitizers -----------------------------------------------------------------------

unit-programs: $(patsubst tests/unit/%.c,$(BUILD)/unit/%,$(UNIT))

$(BUILD)/unit/%: MODULES += cmocka
$(BUILD)/unit/%: $(BUILD)/tests/unit/%.o $(call objects,$(CORE) $(API))
	@mkdir -p $(@D)
	$(SAY) LINK $@
	$(Q)$(LINK) $^ $(LIBS)

# Those of ingestd are linked with it instead of with api. It comes as an archive, so that a test may
# stand in for a whole file of it by defining that file's functions itself.
INGEST_TESTED := $(BUILD)/ingest.a $(call objects,$(CORE))
$(BUILD)/ingest.a: $(call objects,$(filter-out ingest/main.c,$(INGEST)))
	$(SAY) AR $@
	$(Q)rm -f $@ && ar rcs $@ $^

# Those of the dashboard likewise: a test may be the wire itself.
TUI_TESTED := $(BUILD)/tui.a $(call objects,$(CORE) $(API))
$(BUILD)/tui.a: $(call objects,$(TUI))
	$(SAY) AR $@
	$(Q)rm -f $@ && ar rcs $@ $^

$(BUILD)/unit/test_tui_%: $(BUILD)/tests/unit/test_tui_%.o $(TUI_TESTED)
	@mkdir -p $(@D)
	$(SAY) LINK $@
	$(Q)$(LINK) $^ $(LIBS)

$(BUILD)/unit/test_ingest_%: MODULES := $(INGEST_MODULES) cmocka
$(BUILD)/unit/test_ingest_%: $(BUILD)/tests/unit/test_ingest_%.o $(INGEST_TESTED)
	@mkdir -p $(@D)
	$(SAY) LINK $@
	$(Q)$(LINK) -pthread $^ $(LIBS)

# The dashboard's screens as text, from recordings.
$(BUILD)/tui-screens: $(BUILD)/tests/tui/screens.o $(TUI_TESTED)
	$(SAY) LINK $@
	$(Q)$(LINK) $^ $(LIBS)

# Fuzzers are of clang: CC=clang SANITIZE=address,undefined,fuzzer-no-link BUILD=build/fuzz.
fuzz-programs: $(patsubst tests/fuzz/%.c,$(BUILD)/fuzzers/%,$(FUZZ))

$(BUILD)/fuzzers/%: $(BUILD)/tests/fuzz/%.o $(call objects,$(CORE) $(API))
	@mkdir -p $(@D)
	$(SAY) LINK $@
	$(Q)$(LINK) -fsanitize=fuzzer $^ $(LIBS)

$(BUILD)/fuzzers/fuzz_ingest_%: MODULES := $(INGEST_MODULES)
$(BUILD)/fuzzers/fuzz_ingest_%: $(BUILD)/tests/fuzz/fuzz_ingest_%.o $(INGEST_TESTED)
	@mkdir -p $(@D)
	$(SAY) LINK $@
	$(Q)$(LINK) -fsanitize=fuzzer -pthread $^ $(LIBS)

# The one that compares with other HTTP readers: Debian's http-parser, and llhttp, which pip brings.
LLHTTP ?= build/llhttp
LLHTTP_OBJECTS := $(patsubst %,$(BUILD)/llhttp/%.o,llhttp api http)
$(LLHTTP)/llhttp.h:
	$(Q)tests/fuzz/llhttp.sh $(LLHTTP)
$(LLHTTP_OBJECTS): $(BUILD)/llhttp/%.o: $(LLHTTP)/llhttp.h
	@mkdir -p $(@D)
	$(SAY) CC $@
	$(Q)$(CC) -g $(OPTIMIZE) $(HARDENING) -I$(LLHTTP) -c -o $@ $(LLHTTP)/$*.c
$(BUILD)/tests/fuzz/peers/llhttp.o: CFLAGS += -I$(LLHTTP)
$(BUILD)/tests/fuzz/peers/llhttp.o: $(LLHTTP)/llhttp.h
$(BUILD)/fuzzers/fuzz_ingest_http_differential: LIBS += -lhttp_parser
$(BUILD)/fuzzers/fuzz_ingest_http_differential: $(LLHTTP_OBJECTS) \
    $(call objects,$(call sources,tests/fuzz/peers))

# The kept corpora are read; what a run finds on top stays in build/. `make fuzz FUZZ_SECONDS=3600`
# is the long form.
fuzz: test-deps
	@tests/fuzz/run.sh $(FUZZ_SECONDS)

# -- what ingestd is tested with ---------------------------------------------------------------

# The CRM that the storm delivers to.
$(BUILD)/crm: MODULES := libevent jansson
$(BUILD)/crm: $(call objects,tests/storm/crm.c)
	$(SAY) LINK $@
	$(Q)$(LINK) $^ $(LIBS)

.PHONY: demo-storm
demo-storm: all $(BUILD)/crm
	@tests/storm/storm.py --build $(BUILD) $$([ -t 0 ] && [ -t 1 ] && echo --top)

.PHONY: ingest-tools
ingest-tools: $(BUILD)/load $(BUILD)/shim.so

$(BUILD)/load: MODULES := libcrypto
$(BUILD)/load: $(call objects,tests/ingest/load.c core/buf.c)
	$(SAY) LINK $@
	$(Q)$(LINK) $^ $(LIBS)

# Preloaded into a program of any variant, so it is of none.
$(BUILD)/shim.so: tests/ingest/shim.c | deps
	@mkdir -p $(@D)
	$(SAY) LINK $@
	$(Q)$(CC) -std=gnu11 -D_GNU_SOURCE $(WARNINGS) -O1 -fPIC -shared -o $@ $< -ldl -pthread

# Kills ingestd ROUNDS times under load and accounts for every acknowledged event.
ROUNDS ?= 1000
.PHONY: soak
STORM_SECONDS ?= 1800
soak: test-deps all ingest-tools $(BUILD)/crm
	@tests/ingest/accounting.py --ingestd $(BUILD)/ingestd --load $(BUILD)/load --rounds $(ROUNDS)
	@tests/storm/storm.py --build $(BUILD) --rate 1000 --seconds $(STORM_SECONDS)

.PHONY: pictures
pictures: $(BUILD)/tui-screens
	@pictures/make.py --screens $<

lint: test-deps all
	@tests/lint.sh

bench: test-deps all
	@tests/bench/bench.py

bench-ingest: all bench-programs
	@./install-deps bench
	@tests/bench/peers.sh
	@tests/bench/ingest.py --build $(BUILD)

bench-top: all $(BUILD)/bench-libraries
	@./install-deps bench
	@tests/bench/top.py

.PHONY: bench-programs
bench-programs: $(BUILD)/bench-requests $(BUILD)/bench-stages $(BUILD)/bench-libraries

# Linked with what eventctl is linked with, used or not.
$(BUILD)/bench-libraries: MODULES := libcurl libcrypto yaml-0.1 jansson ncursesw
$(BUILD)/bench-libraries: $(BUILD)/tests/bench/libraries.o
	$(SAY) LINK $@
	$(Q)$(LINK) -Wl,--no-as-needed $^ $(LIBS)

$(BUILD)/bench-%: MODULES := $(INGEST_MODULES)
$(BUILD)/bench-%: $(BUILD)/tests/bench/%.o $(INGEST_TESTED)
	$(SAY) LINK $@
	$(Q)$(LINK) -pthread $^ $(LIBS)

include tests/alloc/alloc.mk

clean:
	rm -rf build

help:
	@echo 'make            build/eventctl, build/ingestd and build/genesys-sandbox'
	@echo 'make demo       a manifest applied, drifted, healed; an event taken, delivered'
	@echo 'make demo-storm   a surge, a poisoned interaction, a changed payload; every event accounted for'
	@echo 'make test       everything that is proven; tests/test.sh STEP... runs some of it'
	@echo 'make lint       layout, static checks, house rules'
	@echo 'make fuzz       FUZZ_SECONDS=60 for each fuzzer'
	@echo 'make bench      plan and check at 100, 1,000 and 10,000 objects'
	@echo 'make bench-ingest   durable 202s beside fastify and node, by stage'
	@echo 'make bench-top  what the dashboard costs, beside its budgets and htop'
	@echo 'make soak       ROUNDS=1000 kills of ingestd under load, STORM_SECONDS=1800 of storm, every event accounted for'
	@echo 'make pictures   those of the README, anew'
	@echo 'make install    PREFIX=/usr, DESTDIR= for packagers'
	@echo 'make clean'

-include $(patsubst %.c,$(BUILD)/%.d,$(UNIT) $(FUZZ) tests/ingest/load.c tests/tui/screens.c tests/storm/crm.c tests/bench/requests.c tests/bench/stages.c)
