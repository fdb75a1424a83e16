# Programs whose n-th allocation fails: `make alloc-programs`. Included by tests.mk.

ALLOC := $(filter tests/alloc/test_%,$(call sources,tests/alloc))
ALLOC_WRAPPED := malloc calloc realloc reallocarray strdup strndup asprintf vasprintf \
                 __asprintf_chk __vasprintf_chk

.PHONY: alloc-programs
alloc-programs: $(patsubst tests/alloc/%.c,$(BUILD)/alloc/%,$(ALLOC))

$(BUILD)/alloc/%: $(BUILD)/tests/alloc/%.o $(BUILD)/tests/alloc/alloc.o \
                  $(call objects,$(CORE) $(API))
	@mkdir -p $(@D)
	$(SAY) LINK $@
	$(Q)$(LINK) $(ALLOC_WRAPPED:%=-Wl,--wrap=%) $^ $(LIBS)

$(BUILD)/alloc/test_alloc_ingest: MODULES := $(INGEST_MODULES)
$(BUILD)/alloc/test_alloc_ingest: $(BUILD)/tests/alloc/test_alloc_ingest.o \
                                  $(BUILD)/tests/alloc/alloc.o $(INGEST_TESTED)
	@mkdir -p $(@D)
	$(SAY) LINK $@
	$(Q)$(LINK) $(ALLOC_WRAPPED:%=-Wl,--wrap=%) -pthread $^ $(LIBS)

-include $(patsubst %.c,$(BUILD)/%.d,$(ALLOC) tests/alloc/alloc.c)
