/* Descriptions as anybody may have written them: what is read as a marker is written so
 * that it is read as the same, and a reason of any bytes stays within its room and can be read
 * back.
 */
#include "core/marker.h"
#include "core/text.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void write_again(const struct marker *marker)
{
    struct marker again;
    struct buf text;
    size_t text_bytes;

    buf_init(&text, 64 * 1024);
    marker_add(&text, marker);
    marker_parse(buf_text(&text), &again, &text_bytes);
    if (text.failed || text_bytes != 0 || memcmp(&again, marker, sizeof(again)) != 0)
        abort();
    buf_release(&text);
}

static void give_reason(struct marker marker, const char *reason)
{
    struct marker cut;

    marker_set_reason(&marker, reason);
    if (strlen(marker.override.reason) > MARKER_REASON_MAX)
        abort();
    write_again(&marker);
    if (text_utf8_check(reason, strlen(reason)) < strlen(reason))
        return; /* units are those of a text */
    for (size_t units = 0; units < DESCRIPTION_MAX; units += 7) {
        cut = marker;
        if (marker_fit(&cut, units) && text_utf16_length(cut.override.reason) > units)
            abort();
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char *text = malloc(size + 1);
    struct marker marker;
    size_t text_bytes;

    if (!text)
        return 0;
    memcpy(text, data, size);
    text[size] = '\0';
    marker_parse(text, &marker, &text_bytes);
    if (text_bytes > strlen(text) || (!marker.present && text_bytes != strlen(text)))
        abort();
    if (marker.present)
        write_again(&marker);
    marker_parse("[eventctl2 acme/a@1 n1a2b until 6923F1AA s9f3c \"\"]", &marker, &text_bytes);
    give_reason(marker, text);
    free(text);
    return 0;
}
