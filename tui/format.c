#include "tui/format.h"

#include "api/ingest_sample.h"

#include <math.h>
#include <stdio.h>
#include <time.h>

static char *put_word(char *out, size_t size, const char *sign, const char *word)
{
    snprintf(out, size, "%s%s", sign, word);
    return out;
}

static char *put(char *out, size_t size, const char *sign, int decimals, double value,
                 const char *unit)
{
    snprintf(out, size, "%s%.*f%s", sign, decimals, value, unit);
    return out;
}

static bool is_unknown(double value)
{
    return isnan(value) || value == (double)SAMPLE_UNKNOWN;
}

static const char *sign_of(double value)
{
    return value < 0 ? "-" : "";
}

/* -- by powers ----------------------------------------------------------------------------------
 */

/* What is too large for one unit goes to the next before it would be printed wider: 999.96 is
 * "1.0" of the next one. */
struct ladder {
    double unit;
    const char *letters;  /* one for each power of the unit */
    double decimal_below; /* so many of a unit have a decimal */
};
static const struct ladder thousands = {1000, "kMGTPE", 99.95}, binary = {1024, "KMGTPE", 9.95};

static char *put_ladder(char *out, size_t size, const char *sign, double value,
                        const struct ladder *ladder)
{
    char letter[2] = "";

    if (isinf(value))
        return put_word(out, size, sign, "inf");
    for (size_t i = 0; ladder->letters[i]; i++) {
        value /= ladder->unit;
        letter[0] = ladder->letters[i];
        if (value < 999.5)
            return put(out, size, sign, value < ladder->decimal_below, value, letter);
    }
    snprintf(out, size, "%s>999%s", sign, letter);
    return out;
}

/* `value` is not negative. */
static char *put_count(char *out, size_t size, const char *sign, double value)
{
    if (value < 9999.5)
        return put(out, size, value < 0.5 ? "" : sign, 0, value, "");
    return put_ladder(out, size, sign, value, &thousands);
}

/* What is below 1 and not 0 is not to look like 0. */
static char *put_small(char *out, size_t size, const char *sign, double value)
{
    if (value < 0.005)
        return put_word(out, size, sign, value > 0 ? "<0.01" : "0");
    return put(out, size, sign, value < 0.095 ? 2 : 1, value, "");
}

char *format_count(char *out, size_t size, double count)
{
    if (is_unknown(count))
        return put_word(out, size, "", "?");
    return put_count(out, size, sign_of(count), fabs(count));
}

char *format_rate(char *out, size_t size, double a_second)
{
    double value = fabs(a_second);

    if (is_unknown(a_second))
        return put_word(out, size, "", "?");
    return value < 9.95 ? put_small(out, size, sign_of(a_second), value)
                        : put_count(out, size, sign_of(a_second), value);
}

char *format_growth(char *out, size_t size, double a_minute)
{
    const char *sign = a_minute > 0 ? "+" : sign_of(a_minute);
    double value = fabs(a_minute);

    if (is_unknown(a_minute))
        return put_word(out, size, "", "?");
    return value < 0.95 ? put_small(out, size, sign, value) : put_count(out, size, sign, value);
}

char *format_bytes(char *out, size_t size, double bytes)
{
    double value = fabs(bytes);

    if (is_unknown(bytes))
        return put_word(out, size, "", "?");
    if (value < 1023.5)
        return put(out, size, value < 0.5 ? "" : sign_of(bytes), 0, value, "B");
    return put_ladder(out, size, sign_of(bytes), value, &binary);
}

/* -- by the clock -------------------------------------------------------------------------------
 */

enum { MINUTE_S = 60, HOUR_S = 3600, DAY_S = 86400, DAYS_MOST = 99999 };

/* `seconds`: not negative, at least half a second or 0. */
static char *put_whole_seconds(char *out, size_t size, const char *sign, double seconds)
{
    long long s;

    if (isinf(seconds))
        return put_word(out, size, sign, "inf");
    if (seconds >= (double)DAYS_MOST * DAY_S) {
        snprintf(out, size, "%s>%dd", sign, DAYS_MOST);
        return out;
    }
    s = llround(seconds);
    if (s < MINUTE_S)
        snprintf(out, size, "%s%llds", sign, s);
    else if (s < HOUR_S)
        snprintf(out, size, "%s%lldm%02lld", sign, s / MINUTE_S, s % MINUTE_S);
    else if (s < DAY_S)
        snprintf(out, size, "%s%lldh%02lld", sign, s / HOUR_S, s % HOUR_S / MINUTE_S);
    else
        snprintf(out, size, "%s%lldd%02lldh", sign, s / DAY_S, s % DAY_S / HOUR_S);
    return out;
}

char *format_seconds(char *out, size_t size, double seconds)
{
    const char *sign = sign_of(seconds);
    double value = fabs(seconds), ms = value * 1000;

    if (is_unknown(seconds))
        return put_word(out, size, "", "?");
    if (value > 0 && ms < 0.05)
        return put_word(out, size, sign, "<0.1ms");
    if (value > 0 && ms < 999.5)
        return put(out, size, sign, ms < 9.95, ms, "ms");
    if (value > 0 && value < 9.95)
        return put(out, size, sign, 1, value, "s");
    return put_whole_seconds(out, size, sign, value);
}

char *format_drain(char *out, size_t size, double depth, double seconds)
{
    if (!is_unknown(depth) && depth <= 0)
        return put_word(out, size, "", "now");
    if (is_unknown(depth) || is_unknown(seconds) || seconds < 0)
        return put_word(out, size, "", "?");
    if (isinf(seconds))
        return put_word(out, size, "", "never");
    return put_whole_seconds(out, size, "", seconds < 1 ? 1 : seconds);
}

/* False: further away than a calendar goes. */
static bool split(int64_t ms, struct tm *out)
{
    time_t s = (time_t)(ms / 1000 - (ms % 1000 < 0));

    return gmtime_r(&s, out);
}

char *format_time(char *out, size_t size, int64_t ms, int64_t now_ms)
{
    struct tm then, now;

    if (ms == SAMPLE_UNKNOWN || !split(ms, &then))
        return put_word(out, size, "", "?");
    if (now_ms != SAMPLE_UNKNOWN && split(now_ms, &now) && now.tm_year == then.tm_year &&
        now.tm_yday == then.tm_yday)
        snprintf(out, size, "%02d:%02d:%02d", then.tm_hour, then.tm_min, then.tm_sec);
    else
        snprintf(out, size, "%02d-%02d %02d:%02d", then.tm_mon + 1, then.tm_mday, then.tm_hour,
                 then.tm_min);
    return out;
}
