#include "ingest/surrogate.h"

#include <string.h>

enum { ESCAPE_BYTES = 6 }; /* \uXXXX */

/* The value of the escape there; -1: there is none. */
static int escape_value(const char *at, size_t left)
{
    static const char digits[] = "0123456789abcdefABCDEF";
    int value = 0;

    if (left < ESCAPE_BYTES || at[0] != '\\' || at[1] != 'u')
        return -1;
    for (int i = 2; i < ESCAPE_BYTES; i++) {
        const char *digit = at[i] ? strchr(digits, at[i]) : NULL;

        if (!digit)
            return -1;
        value = value * 16 + (int)(digit - digits < 16 ? digit - digits : digit - digits - 6);
    }
    return value;
}

static bool is_first(int value)
{
    return value >= 0xd800 && value <= 0xdbff;
}

static bool is_second(int value)
{
    return value >= 0xdc00 && value <= 0xdfff;
}

bool surrogates_mend(char *text, size_t bytes)
{
    bool mended = false;

    for (size_t at = 0; at < bytes; at++) {
        int value = escape_value(text + at, bytes - at);

        if (text[at] != '\\')
            continue;
        if (value < 0) {
            at++; /* what is escaped: a backslash as well */
            continue;
        }
        at += ESCAPE_BYTES - 1;
        if (is_first(value) && is_second(escape_value(text + at + 1, bytes - at - 1))) {
            at += ESCAPE_BYTES;
        } else if (is_first(value) || is_second(value)) {
            memcpy(text + at - 3, "fffd", 4);
            mended = true;
        }
    }
    return mended;
}
