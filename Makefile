# eventctl: `make` builds, `make demo` shows, `make test` proves. `make help` lists the rest.
#
# Variants are folders of their own: `make BUILD=build/asan SANITIZE=address,undefined`.
# DEV=1 makes warnings errors (CI does; a user with a newer compiler is not stopped by one).

.DEFAULT_GOAL := all
.DELETE_ON_ERROR:
.SECONDARY:
MAKEFLAGS += --no-print-directory
ifeq ($(filter -j%,$(MAKEFLAGS)),)
MAKEFLAGS += -j$(shell nproc 2>/dev/null || echo 2)
endif

VERSION  := 0.1.0
BUILD    ?= build
CC       ?= cc
OPTIMIZE ?= -O2
SANITIZE ?=
WARNINGS := -Wall -Wextra -Wshadow -Wstrict-prototypes -Wmissing-prototypes -Wpointer-arith \
            -Wwrite-strings -Wformat=2 -Wundef -Wvla
ifeq ($(DEV),1)
WARNINGS += -Werror
endif
HARDENING := -fstack-protector-strong -D_FORTIFY_SOURCE=2
ifneq ($(SANITIZE),)
HARDENING := -fsanitize=$(SANITIZE) -fno-omit-frame-pointer -fno-sanitize-recover=all
endif
ALL_CFLAGS = -std=gnu11 -D_GNU_SOURCE -DEVENTCTL_VERSION='"$(VERSION)"' -g $(OPTIMIZE) \
             $(HARDENING) $(WARNINGS) -I. -include core/banned.h -MMD -MP \
             $(shell pkg-config --cflags $(MODULES) 2>/dev/null) $(CFLAGS)
MODULES    := libcurl libcrypto yaml-0.1 jansson ncursesw
INGEST_MODULES := libcurl libcrypto yaml-0.1 jansson libssl libevent libevent_pthreads sqlite3
LIBS        = $(shell pkg-config --libs $(MODULES)) -lm
LINK        = $(CC) $(HARDENING) $(LDFLAGS) -o $@
# V=1 shows the commands.
Q   := $(if $(V),,@)
SAY := @$(if $(V),:,printf '  %-4s %s\n')

sources = $(sort $(wildcard $(1)/*.c))
objects = $(patsubst %.c,$(BUILD)/%.o,$(1))

CORE    := $(call sources,core)
API     := $(call sources,api)
CTL     := $(call sources,ctl)
TUI     := $(call sources,tui)
INGEST  := $(call sources,ingest)
SANDBOX := $(call sources,tests/sandbox)

.PHONY: all deps
all: $(BUILD)/eventctl $(BUILD)/ingestd $(BUILD)/genesys-sandbox

# Everything that compiles waits for the libraries to be there.
deps:
	@./install-deps

$(BUILD)/%.o: %.c | deps
	@mkdir -p $(@D)
	$(SAY) CC $@
	$(Q)$(CC) $(ALL_CFLAGS) -c -o $@ $<

$(BUILD)/eventctl: $(call objects,$(CORE) $(API) $(TUI) $(CTL))
	$(SAY) LINK $@
	$(Q)$(LINK) $^ $(LIBS)

$(BUILD)/ingestd: MODULES := $(INGEST_MODULES)
$(BUILD)/ingestd: $(call objects,$(CORE) $(INGEST))
	$(SAY) LINK $@
	$(Q)$(LINK) -pthread $^ $(LIBS)

$(BUILD)/genesys-sandbox: MODULES := libcurl libevent libcrypto jansson
$(BUILD)/genesys-sandbox: $(call objects,$(SANDBOX))
	$(SAY) LINK $@
	$(Q)$(LINK) $^ $(LIBS)

# The units look for programs in /usr/bin. DESTDIR is for packagers.
UNITS := ingest/ingestd.service $(wildcard manifests/*.service manifests/*.timer)
PREFIX ?= /usr
.PHONY: install
install: all
	install -d $(DESTDIR)$(PREFIX)/bin $(DESTDIR)$(PREFIX)/lib/systemd/system \
	    $(DESTDIR)$(PREFIX)/share/doc/ingestd
	install $(BUILD)/eventctl $(BUILD)/ingestd $(DESTDIR)$(PREFIX)/bin
	for unit in $(UNITS); do \
	    sed 's|/usr/bin/|$(PREFIX)/bin/|' $$unit \
	        >$(DESTDIR)$(PREFIX)/lib/systemd/system/$${unit##*/} || exit 1; \
	done
	install -m 644 ingest/README.md ingest/ingestd.example.yaml \
	    $(DESTDIR)$(PREFIX)/share/doc/ingestd

-include $(patsubst %.o,%.d,$(call objects,$(CORE) $(API) $(TUI) $(CTL) $(INGEST) $(SANDBOX)))
-include tests/tests.mk
