#include "ctl/moment.h"

#include "core/text.h"

#include <ctype.h>
#include <string.h>
#include <time.h>

/* Exactly so many digits; moves *at past them. */
static bool take_number(const char **at, int digits, int least, int most, int *value)
{
    *value = 0;
    for (; digits > 0; digits--, ++*at) {
        if (!isdigit((unsigned char)**at))
            return false;
        *value = *value * 10 + (**at - '0');
    }
    return *value >= least && *value <= most;
}

static bool take_char(const char **at, const char *allowed)
{
    if (!**at || !strchr(allowed, **at))
        return false;
    ++*at;
    return true;
}

/* ".123": milliseconds, further digits dropped. */
static bool take_fraction(const char **at, int64_t *ms)
{
    int scale = 100;

    if (**at != '.')
        return true;
    ++*at;
    if (!isdigit((unsigned char)**at))
        return false;
    for (; isdigit((unsigned char)**at); ++*at, scale /= 10)
        *ms += (int64_t)(**at - '0') * scale;
    return true;
}

/* "Z" or "+02:00", in minutes east. */
static bool take_zone(const char **at, int *minutes)
{
    int hours, rest, sign = **at == '-' ? -1 : 1;

    *minutes = 0;
    if (take_char(at, "Zz"))
        return true;
    if (!take_char(at, "+-") || !take_number(at, 2, 0, 23, &hours) || !take_char(at, ":") ||
        !take_number(at, 2, 0, 59, &rest))
        return false;
    *minutes = sign * (hours * 60 + rest);
    return true;
}

/* RFC 3339, section 5.6; a leap second is the one after it. */
static bool parse_time(const char *at, int64_t *ms)
{
    struct tm time = {.tm_isdst = 0};
    int day, second, zone;
    int64_t minute_s;

    *ms = 0;
    if (!take_number(&at, 4, 1970, 9999, &time.tm_year) || !take_char(&at, "-") ||
        !take_number(&at, 2, 1, 12, &time.tm_mon) || !take_char(&at, "-") ||
        !take_number(&at, 2, 1, 31, &time.tm_mday) || !take_char(&at, "Tt ") ||
        !take_number(&at, 2, 0, 23, &time.tm_hour) || !take_char(&at, ":") ||
        !take_number(&at, 2, 0, 59, &time.tm_min) || !take_char(&at, ":") ||
        !take_number(&at, 2, 0, 60, &second) || !take_fraction(&at, ms) || !take_zone(&at, &zone) ||
        *at)
        return false;
    time.tm_year -= 1900;
    time.tm_mon -= 1;
    day = time.tm_mday;
    minute_s = timegm(&time);
    *ms += (minute_s + second - (int64_t)zone * 60) * 1000;
    if (time.tm_mday != day)
        return false; /* no such day in that month */
    return *ms > 0;
}

bool moment_parse(const char *text, int64_t now_ms, int64_t *ms)
{
    int64_t ago_ms;

    if (!text_parse_duration(text, &ago_ms))
        return parse_time(text, ms);
    *ms = now_ms - ago_ms;
    return ago_ms < now_ms;
}

void moment_add(struct buf *out, int64_t ms)
{
    time_t seconds = (time_t)(ms / 1000);
    struct tm time;
    char text[64];

    if (ms <= 0 || !gmtime_r(&seconds, &time) ||
        strftime(text, sizeof(text), "%Y-%m-%dT%H:%M:%SZ", &time) == 0)
        buf_add_char(out, '-');
    else
        buf_add_text(out, text);
}

void moment_add_clock(struct buf *out, int64_t at_s, int64_t now_s)
{
    enum { DAY_S = 24 * 3600 };
    time_t seconds = (time_t)at_s;
    struct tm time;
    char text[64];

    if (!gmtime_r(&seconds, &time) ||
        strftime(text, sizeof(text), at_s / DAY_S == now_s / DAY_S ? "%H:%M UTC" : "%F %H:%M UTC",
                 &time) == 0)
        buf_add_char(out, '-');
    else
        buf_add_text(out, text);
}
