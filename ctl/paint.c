#include "ctl/paint.h"

#include "core/json.h"
#include "core/text.h"

#include <stdlib.h>
#include <string.h>

void paint_start(struct buf *out, enum paint paint, bool color)
{
    static const char *const codes[PAINTS] = {
        [PAINT_ADD] = "\033[32m",    [PAINT_CHANGE] = "\033[33m", [PAINT_REPLACE] = "\033[35m",
        [PAINT_REMOVE] = "\033[31m", [PAINT_DIM] = "\033[2m",     [PAINT_STRONG] = "\033[1m"};

    if (color)
        buf_add_text(out, codes[paint]);
}

void paint_end(struct buf *out, bool color)
{
    if (color)
        buf_add_text(out, "\033[0m");
}

void paint_text(struct buf *out, const char *text)
{
    text_add_safe(out, text, strlen(text));
}

static void paint_json(struct buf *out, const json_t *value)
{
    char *text = json_canonical(value);

    if (text)
        paint_text(out, text);
    else
        out->failed = true;
    free(text);
}

void paint_value(struct buf *out, enum field field, const char *canonical)
{
    static const int64_t unit_ms[FIELD_COUNT] = {
        [FIELD_BATCH_WINDOW] = 1, [FIELD_TTL] = 1000, [FIELD_DELAY] = 1000};

    if (strcmp(canonical, "null") == 0)
        buf_add_text(out, "none");
    else if (unit_ms[field])
        text_add_duration(out, strtoll(canonical, NULL, 10) * unit_ms[field]);
    else
        paint_text(out, canonical);
}

void paint_element(struct buf *out, enum field field, const json_t *element)
{
    const char *name = json_text(element, "field"), *op = json_text(element, "op");

    if (field == FIELD_FILTER && name && op) {
        paint_text(out, name);
        buf_add_char(out, ' ');
        paint_text(out, op);
        buf_add_char(out, ' ');
        paint_json(out, json_object_get(element, "value"));
    } else if (json_is_string(element)) {
        paint_text(out, json_string_value(element));
    } else {
        paint_json(out, element);
    }
}
