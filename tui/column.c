/* The table that all columns come from, which of them fit, and their cells as text and JSON. */
#include "tui/column.h"

#include "core/text.h"
#include "tui/column_value.h"
#include "tui/format.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* -- the table ------------------------------------------------------------------------------------
 */

static char *format_drain_alone(char *out, size_t size, double seconds)
{
    return format_drain(out, size, seconds > 0 ? 1 : seconds, seconds);
}

const int column_priority_widths[5] = {40, 60, 80, 100, 120};

/* clang-format off */
const struct column column_table[COLUMNS] = {
    [COLUMN_STATE]      = {"state", "STATE", 7, 0, true, -1, NULL,
                           "OK, DRIFT, LATE, PAUSED, FAIL or GONE; the age of what is stale"},
    [COLUMN_NAME]       = {"name", "NAME", 12, 0, true, -1, NULL,
                           "the subscription's name, else its id"},
    [COLUMN_RECEIVED]   = {"received", "IN/S", 5, 2, false, FIGURE_RECEIVED, format_rate,
                           "events that came in, a second"},
    [COLUMN_DELIVERED]  = {"delivered", "OUT/S", 5, 0, false, FIGURE_DELIVERED, format_rate,
                           "events that were delivered, a second"},
    [COLUMN_TREND]      = {"trend", "TREND", 8, 3, true, FIGURE_DELIVERED, format_rate,
                           "deliveries a second over time"},
    [COLUMN_DEPTH]      = {"depth", "DEPTH", 5, 1, false, FIGURE_DEPTH, format_count,
                           "events that wait"},
    [COLUMN_DRAIN]      = {"drain", "DRAIN", 6, 1, false, FIGURE_DRAIN_S, format_drain_alone,
                           "until none waits, at the present rate"},
    [COLUMN_OLDEST]     = {"oldest", "OLDEST", 6, 2, false, FIGURE_OLDEST_S, format_seconds,
                           "how long the oldest event has waited"},
    [COLUMN_P50]        = {"p50", "P50", 5, 4, false, FIGURE_P50_S, format_seconds,
                           "half of the events are delivered within"},
    [COLUMN_P95]        = {"p95", "P95", 5, 2, false, FIGURE_P95_S, format_seconds,
                           "95 of 100 events are delivered within"},
    [COLUMN_P99]        = {"p99", "P99", 5, 4, false, FIGURE_P99_S, format_seconds,
                           "99 of 100 events are delivered within"},
    [COLUMN_RETRIES]    = {"retries", "RTY/S", 5, 3, false, FIGURE_RETRIES, format_rate,
                           "attempts that will be made again, a second"},
    [COLUMN_DUPLICATES] = {"duplicates", "DUP/S", 5, 4, false, FIGURE_DUPLICATES, format_rate,
                           "events that had come before, a second"},
    [COLUMN_DEAD]       = {"dead", "DEAD", 5, 0, false, FIGURE_DEAD, format_count,
                           "dead letters"},
    [COLUMN_GROWTH]     = {"growth", "+/MIN", 6, 1, false, FIGURE_DEAD_GROWTH, format_growth,
                           "dead letters more, a minute"},
    [COLUMN_DRIFT]      = {"drift", "DRIFT", 7, 3, true, -1, NULL,
                           "what differs from the manifest: drifted, pending, …"},
    [COLUMN_VERSION]    = {"version", "VER", 4, 4, false, -1, NULL,
                           "the manifest's version of it"},
};
/* clang-format on */

int column_find(const char *name)
{
    for (int i = 0; i < COLUMNS; i++)
        if (strcasecmp(column_table[i].name, name) == 0)
            return i;
    return -1;
}

/* -- layout ---------------------------------------------------------------------------------------
 */

enum { TREND_LEAST = 5, TREND_SHORT = 6, TREND_MOST = 40, NAME_USUAL = 21 /* of 80 */ };

/* The trend grows with the screen, so that a wide one shows more time and not only a wider name. */
static int trend_width(int screen_columns)
{
    int full_at = column_priority_widths[4];
    int width = column_table[COLUMN_TREND].width + (screen_columns - full_at) / 2;

    if (screen_columns < full_at)
        return TREND_SHORT;
    return width < TREND_MOST ? width : TREND_MOST;
}

static int width_of(enum column_id column, int screen_columns)
{
    int least = column_priority_widths[0], priority = column_table[column].priority;

    if (priority > 0 && screen_columns < column_priority_widths[priority])
        return 0;
    if (column == COLUMN_STATE && screen_columns < least)
        return screen_columns > 0 ? 1 : 0;
    return column == COLUMN_TREND ? trend_width(screen_columns) : column_table[column].width;
}

/* What a name lacks beside many columns: the trend gives it, and where it has too little to give,
 * the version goes. */
static int room_for_name(int left, int widths[COLUMNS])
{
    int lacks = NAME_USUAL - left, spare = widths[COLUMN_TREND] - TREND_LEAST;

    if (lacks <= 0 || widths[COLUMN_TREND] == 0)
        return left;
    if (lacks > spare && widths[COLUMN_VERSION] > 0) {
        left += widths[COLUMN_VERSION] + 1;
        widths[COLUMN_VERSION] = 0;
        lacks = NAME_USUAL - left;
    }
    lacks = lacks < spare ? lacks : spare;
    if (lacks <= 0)
        return left;
    widths[COLUMN_TREND] -= lacks;
    return left + lacks;
}

void column_layout(int screen_columns, int widths[COLUMNS])
{
    static const enum column_id given_up[] = {COLUMN_DELIVERED, COLUMN_DEAD};
    int left = screen_columns;

    for (enum column_id column = 0; column < COLUMNS; column++) {
        widths[column] = width_of(column, screen_columns);
        if (widths[column] > 0 && column != COLUMN_NAME)
            left -= widths[column] + 1;
    }
    left = room_for_name(left, widths);
    for (size_t i = 0; i < sizeof(given_up) / sizeof(given_up[0]); i++)
        if (left < column_table[COLUMN_NAME].width) {
            left += widths[given_up[i]] + 1;
            widths[given_up[i]] = 0;
        }
    widths[COLUMN_NAME] = left > 0 ? left : 0;
}

/* -- text -----------------------------------------------------------------------------------------
 */

char *column_state_text(char *out, size_t size, int width, const struct row_view *view)
{
    const char *word = row_state_words[view->point.state];
    char sign = row_state_chars[view->point.state], age[FORMAT_SIZE];
    double age_s = (double)view->point.age_s;

    if (width < column_table[COLUMN_STATE].width) {
        snprintf(out, size, "%c", sign);
        return out;
    }
    if (isnan(age_s)) {
        snprintf(out, size, "%s", word);
        return out;
    }
    format_seconds(age, sizeof(age), age_s);
    if (strlen(word) + 1 + strlen(age) <= (size_t)width)
        snprintf(out, size, "%s %s", word, age);
    else
        snprintf(out, size, "%c %s", sign, age);
    return out;
}

/* Never half a character at the end. */
static void put_word(char *out, size_t size, const char *word)
{
    snprintf(out, size, "%s", word);
    out[text_utf8_check(out, strlen(out))] = '\0';
}

void column_text(char *out, size_t size, enum column_id column, const struct row_view *view)
{
    if (column == COLUMN_STATE)
        column_state_text(out, size, column_table[column].width, view);
    else if (!column_known(column, view))
        snprintf(out, size, "?");
    else if (column == COLUMN_VERSION)
        snprintf(out, size, "%" PRId64, view->of->version);
    else if (column_kind(column) != COLUMN_KIND_TEXT)
        column_table[column].format(out, size, column_number(column, view));
    else if (column == COLUMN_DRIFT && !*view->of->drift)
        snprintf(out, size, "-");
    else
        put_word(out, size, column_word(column, view));
}

/* -- JSON -----------------------------------------------------------------------------------------
 */

/* The shortest number that is still this float; what has no end is null, as JSON has no word for
 * it. */
static json_t *number_json(double value)
{
    char text[FORMAT_SIZE];
    int precision = 6;

    if (!isfinite(value))
        return json_null();
    if (value == trunc(value) && fabs(value) < 1e15)
        return json_integer((json_int_t)value);
    do
        snprintf(text, sizeof(text), "%.*g", precision, value);
    while (strtof(text, NULL) != (float)value && ++precision <= 9);
    return json_real(strtod(text, NULL));
}

static json_t *text_json(const char *text)
{
    return text ? json_string(text) : json_null();
}

static json_t *time_json(int64_t ms)
{
    return ms > 0 ? json_integer(ms) : json_null();
}

static bool add_columns(json_t *object, const struct row_view *view)
{
    bool ok = true;

    for (enum column_id column = 0; column < COLUMNS; column++) {
        bool text = column_kind(column) == COLUMN_KIND_TEXT;
        if (column != COLUMN_TREND &&
            json_object_set_new(object, column_table[column].name,
                                text ? text_json(column_word(column, view))
                                     : number_json(column_number(column, view))) < 0)
            ok = false;
    }
    return ok;
}

/* What the row has beyond columns. */
static bool add_rest(json_t *object, const struct row_view *view)
{
    const struct row *row = view->of;
    const struct {
        const char *key;
        json_t *value;
    } members[] = {
        {"filtered", number_json((double)view->point.figures[FIGURE_FILTERED])},
        {"parked", number_json((double)view->point.figures[FIGURE_PARKED])},
        {"sink", text_json(row->sink && *row->sink ? row->sink : NULL)},
        {"health", text_json(row->health && *row->health ? row->health : NULL)},
        {"last_error", text_json(row->last_error && *row->last_error ? row->last_error : NULL)},
        {"last_error_ms", time_json(row->last_error_ms)},
        {"last_delivered_ms", time_json(row->last_delivered_ms)},
        {"sampled_ms", time_json(row->sampled_ms)},
        {"endpoints", json_integer((json_int_t)row->endpoints)},
        {"stale", json_boolean(view->point.stale)},
    };
    bool ok = true;

    for (size_t i = 0; i < sizeof(members) / sizeof(members[0]); i++)
        if (json_object_set_new(object, members[i].key, members[i].value) < 0)
            ok = false;
    return ok;
}

json_t *column_json(const struct row_view *view)
{
    json_t *object = json_object();
    bool ok = json_object_set_new(object, "id", json_string(view->of->id)) == 0;

    ok = add_columns(object, view) && ok;
    ok = add_rest(object, view) && ok;
    if (ok)
        return object;
    json_decref(object);
    return NULL;
}
