# What proves: `make test` runs all of it. Included by the Makefile.

ASAN := build/asan
UNIT := $(call sources,tests/unit)
FUZZ := $(call sources,tests/fuzz)
export ASAN_OPTIONS  := detect_leaks=1:strict_string_checks=1:detect_stack_use_after_return=1
export UBSAN_OPTIONS := print_stacktrace=1
export LC_ALL        := C.UTF-8
FUZZ_SECONDS ?= 60

.PHONY: demo test test-deps unit cases sdk fuzz-short fuzz lint bench readme help clean

demo: all
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

# Fuzzers are of clang: CC=clang SANITIZE=address,undefined,fuzzer-no-link BUILD=build/fuzz.
fuzz-programs: $(patsubst tests/fuzz/%.c,$(BUILD)/fuzzers/%,$(FUZZ))

$(BUILD)/fuzzers/%: $(BUILD)/tests/fuzz/%.o $(call objects,$(CORE) $(API))
	@mkdir -p $(@D)
	$(SAY) LINK $@
	$(Q)$(LINK) -fsanitize=fuzzer $^ $(LIBS)

clean:
	rm -rf build

help:
	@sed -n 's/^# \(make [^:]*:\)/\1/p' Makefile

-include $(patsubst %.c,$(BUILD)/%.d,$(UNIT) $(FUZZ))
