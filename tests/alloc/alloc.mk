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

-include $(patsubst %.c,$(BUILD)/%.d,$(ALLOC) tests/alloc/alloc.c)
