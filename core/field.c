#include "core/field.h"

#include <stdlib.h>
#include <string.h>

static const char *const risk_names[RISK_COUNT] = {"no loss", "delay", "duplicates possible",
                                                   "may drop"};

const char *risk_name(enum risk risk)
{
    return risk_names[risk];
}

/* Switched off: events of that time are not delivered. */
static enum risk risk_enabled(const char *before, const char *after)
{
    (void)before;
    return strcmp(after, "false") == 0 ? RISK_MAY_DROP : RISK_NONE;
}

/* Where the next element of a canonical array ends: at a comma or bracket outside of strings
 * and of inner arrays and objects. */
static const char *element_end(const char *element)
{
    int depth = 0;

    for (const char *c = element; *c; c++) {
        if (*c == '"') {
            for (c++; *c && *c != '"'; c++)
                if (*c == '\\' && c[1])
                    c++;
        } else if (*c == '[' || *c == '{') {
            depth++;
        } else if ((*c == ']' || *c == '}') && depth-- == 0) {
            return c;
        } else if (*c == ',' && depth == 0) {
            return c;
        }
    }
    return element + strlen(element);
}

/* True when each element of canonical array `part` stands in `whole` too. Canonical text makes
 * equal elements equal bytes. */
static bool set_contains(const char *whole, const char *part)
{
    for (const char *p = part + 1, *p_end; *p && *p != ']'; p = *p_end == ',' ? p_end + 1 : p_end) {
        bool found = false;
        p_end = element_end(p);
        for (const char *w = whole + 1, *w_end; *w && *w != ']' && !found;
             w = *w_end == ',' ? w_end + 1 : w_end) {
            w_end = element_end(w);
            found = w_end - w == p_end - p && memcmp(w, p, (size_t)(p_end - p)) == 0;
        }
        if (!found)
            return false;
    }
    return true;
}

/* An event that is no longer asked for is no longer delivered. */
static enum risk risk_events(const char *before, const char *after)
{
    return set_contains(after, before) ? RISK_NONE : RISK_MAY_DROP;
}

/* All criteria must hold: taking some away only widens. */
static enum risk risk_filter(const char *before, const char *after)
{
    return set_contains(before, after) ? RISK_NONE : RISK_MAY_DROP;
}

static enum risk risk_grows_delay(const char *before, const char *after)
{
    return strtoll(after, NULL, 10) > strtoll(before, NULL, 10) ? RISK_DELAY : RISK_NONE;
}

static enum risk risk_batch_mode(const char *before, const char *after)
{
    (void)before;
    return strcmp(after, "\"batched\"") == 0 ? RISK_DELAY : RISK_NONE;
}

/* What is being retried may still go to the old place. */
static enum risk risk_place(const char *before, const char *after)
{
    (void)before;
    (void)after;
    return RISK_DELAY;
}

/* A flow that reads the other format finds none of its inputs. */
static enum risk risk_format(const char *before, const char *after)
{
    (void)before;
    (void)after;
    return RISK_MAY_DROP;
}

/* A shorter life, or one where there was none, lets more events expire. */
static enum risk risk_ttl(const char *before, const char *after)
{
    long long was = strtoll(before, NULL, 10), now = strtoll(after, NULL, 10);

    return now != 0 && (was == 0 || now < was) ? RISK_MAY_DROP : RISK_NONE;
}

#define BOTH                                                                                       \
    {                                                                                              \
        true, true                                                                                 \
    }
#define STREAMS                                                                                    \
    {                                                                                              \
        true, false                                                                                \
    }
#define TRIGGER                                                                                    \
    {                                                                                              \
        false, true                                                                                \
    }

const struct field_row field_table[FIELD_COUNT] = {
    [FIELD_NAME] = {"name", 'n', BOTH, false, NULL},
    [FIELD_DESCRIPTION] = {"description", 'd', BOTH, false, NULL},
    [FIELD_ENABLED] = {"enabled", 'e', BOTH, false, risk_enabled},
    [FIELD_EVENTS] = {"events", 'v', STREAMS, true, risk_events},
    [FIELD_FILTER] = {"filter", 'f', BOTH, true, risk_filter},
    [FIELD_BATCH_MODE] = {"delivery.batching.mode", 'm', STREAMS, false, risk_batch_mode,
                          .overridable = true},
    [FIELD_BATCH_WINDOW] = {"delivery.batching.window", 'w', STREAMS, false, risk_grows_delay,
                            .overridable = true},
    [FIELD_BATCH_SIZE] = {"delivery.batching.size", 's', STREAMS, false, risk_grows_delay,
                          .overridable = true},
    [FIELD_URL] = {"delivery.url", 'u', STREAMS, false, risk_place},
    [FIELD_WORKFLOW] = {"target.workflow", 'k', TRIGGER, false, risk_place},
    [FIELD_DATA_FORMAT] = {"target.dataFormat", 'o', TRIGGER, false, risk_format},
    [FIELD_TTL] = {"ttl", 't', TRIGGER, false, risk_ttl},
    [FIELD_DELAY] = {"delay", 'y', TRIGGER, false, risk_grows_delay},
    [FIELD_PROTECT] = {"protect", 'p', BOTH, false, NULL},
};
