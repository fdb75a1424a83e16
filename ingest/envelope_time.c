/* ISO 8601 times, as far as events write them. */
#include "ingest/envelope.h"

#include <string.h>

/* Exactly `count` digits; -1 when there is anything else. Moves on. */
static int read_digits(const char **text, int count)
{
    int number = 0;

    for (; count > 0; count--, (*text)++) {
        if (**text < '0' || **text > '9')
            return -1;
        number = number * 10 + (**text - '0');
    }
    return number;
}

static bool read_char(const char **text, const char *any_of)
{
    if (!**text || !strchr(any_of, **text))
        return false;
    (*text)++;
    return true;
}

static int days_in_month(int year, int month)
{
    static const int days[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
    bool leap = (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;

    return month == 2 && leap ? 29 : days[month - 1];
}

/* Days from 1970-01-01 on; the year begins in March, so that a leap day is its last. */
static int64_t days_since_epoch(int year, int month, int day)
{
    int64_t from_march = (month + 9) % 12, years = year - (month <= 2);

    return years * 365 + years / 4 - years / 100 + years / 400 + (from_march * 153 + 2) / 5 + day -
           1 - 719468;
}

static bool read_date(const char **text, int64_t *days)
{
    int year = read_digits(text, 4), month, day;

    if (year < 1 || !read_char(text, "-"))
        return false;
    month = read_digits(text, 2);
    if (month < 1 || month > 12 || !read_char(text, "-"))
        return false;
    day = read_digits(text, 2);
    if (day < 1 || day > days_in_month(year, month))
        return false;
    *days = days_since_epoch(year, month, day);
    return true;
}

/* Tenths, hundredths, …: as many as there are, of which three count. */
static bool read_fraction(const char **text, int64_t *ms)
{
    const char *begin = *text;

    for (int64_t unit = 100; **text >= '0' && **text <= '9'; (*text)++, unit /= 10)
        *ms += unit * (**text - '0');
    return *text > begin;
}

static bool read_clock(const char **text, int64_t *ms)
{
    int hour = read_digits(text, 2), minute, second = 0;

    if (hour < 0 || hour > 23 || !read_char(text, ":"))
        return false;
    minute = read_digits(text, 2);
    if (minute < 0 || minute > 59)
        return false;
    if (read_char(text, ":"))
        second = read_digits(text, 2);
    if (second < 0 || second > 60) /* 60: a leap second */
        return false;
    *ms = ((hour * 60 + minute) * 60 + second) * INT64_C(1000);
    return !read_char(text, ".,") || read_fraction(text, ms);
}

/* Z, +hh, +hhmm or +hh:mm; none is taken for UTC. */
static bool read_offset(const char **text, int64_t *ms)
{
    bool west = **text == '-';
    int hours, minutes = 0;

    *ms = 0;
    if (!**text || read_char(text, "Zz"))
        return true;
    if (!read_char(text, "+-"))
        return false;
    hours = read_digits(text, 2);
    if (read_char(text, ":") || **text)
        minutes = read_digits(text, 2);
    if (hours < 0 || hours > 23 || minutes < 0 || minutes > 59)
        return false;
    *ms = (hours * 60 + minutes) * INT64_C(60000) * (west ? -1 : 1);
    return true;
}

int64_t event_time_ms(const char *text)
{
    int64_t days, clock_ms, offset_ms, ms;

    if (!read_date(&text, &days) || !read_char(&text, "Tt ") || !read_clock(&text, &clock_ms) ||
        !read_offset(&text, &offset_ms) || *text)
        return 0;
    ms = days * INT64_C(86400000) + clock_ms - offset_ms;
    return ms > 0 ? ms : 0;
}
