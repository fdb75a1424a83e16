/* Any bytes as an event that a sink's compatibility map is applied to: no crash, no leak, and what
 * was JSON is JSON afterwards, with what was to go gone and what was to be there there. The first
 * byte says in which envelope the event is. */
#include "core/json.h"
#include "ingest/compat.h"

#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t length);

static const struct config_rename renames[] = {{"a", "b"}, {"c.d", "c"}, {"e", "f.g"}};
static const struct config_default defaults[] = {{"h", "1"}, {"f.i", "[\"x\"]"}};
static const char *const drops[] = {"j", "k.l"};
static const struct config_compat rule = {NULL, renames, 3, defaults, 2, drops, 2};
static const struct config_sink sink = {.name = "s", .compat = &rule, .compat_count = 1};

/* Aborts when it does not hold. */
static void require(int holds)
{
    if (!holds)
        abort();
}

static void check(const char *text, size_t length, enum envelope_form form)
{
    json_t *event = json_read(text, length, JSON_DECODE_ANY | JSON_ALLOW_NUL, NULL), *payload;

    require(event != NULL);
    payload = form == FORM_GUIDE ? json_object_get(event, "payload") : event;
    if (form == FORM_GUIDE || form == FORM_BARE) {
        require(!json_object_get(payload, "a") && !json_object_get(payload, "e"));
        require(json_object_get(payload, "h") && !json_object_get(payload, "j"));
        require(json_object_get(json_object_get(payload, "f"), "i") != NULL);
        require(!json_object_get(json_object_get(payload, "k"), "l"));
    }
    json_decref(event);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t length)
{
    struct error error = ERROR_INIT;
    struct compat_event event = {.type = "T"};
    struct compat *compat;
    json_t *before;
    char *mapped = NULL;
    size_t mapped_bytes;

    if (length == 0 || !compat_new(&compat, &sink, &error))
        return 0;
    event.form = bytes[0] % (FORM_OTHER + 1);
    event.text = (const char *)bytes + 1;
    event.length_bytes = length - 1;
    before = json_read(event.text, event.length_bytes, JSON_DECODE_ANY | JSON_ALLOW_NUL, NULL);
    if (compat_map(compat, &event, &mapped, &mapped_bytes) == COMPAT_MAPPED && before)
        check(mapped, mapped_bytes, event.form);
    free(mapped);
    json_decref(before);
    compat_drop(compat);
    return 0;
}
