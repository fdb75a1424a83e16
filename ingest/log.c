#include "ingest/log.h"

#include "core/buf.h"
#include "core/clock.h"
#include "core/text.h"

#include <pthread.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

enum { LINE_MOST_BYTES = 8192, EVENTS_MOST = 128 };

static const struct {
    const char *word;
    int syslog; /* sd-daemon(3)'s prefix */
} levels[] = {
    [LOG_LEVEL_ERROR] = {"error", 3},
    [LOG_LEVEL_WARNING] = {"warning", 4},
    [LOG_LEVEL_INFO] = {"info", 6},
    [LOG_LEVEL_DEBUG] = {"debug", 7},
};

/* How often an event was written in the running second; events are literals, so their address tells
 * them apart well enough. */
struct burst {
    const char *event;
    int64_t second;
    unsigned written, left_out;
};

static struct {
    pthread_mutex_t lock;
    enum log_level most;
    bool systemd;
    struct burst bursts[EVENTS_MOST];
} logger = {.lock = PTHREAD_MUTEX_INITIALIZER, .most = LOG_LEVEL_INFO};

void log_begin(enum log_level most, bool systemd)
{
    logger.most = most;
    logger.systemd = systemd;
}

/* True when the line is to be written; *left_out is how many before it were not. */
static bool burst_allows(const char *event, unsigned *left_out)
{
    int64_t second = clock_monotonic_ms() / 1000;
    struct burst *found = NULL;

    *left_out = 0;
    for (struct burst *burst = logger.bursts; burst < logger.bursts + EVENTS_MOST; burst++)
        if (burst->event == event || !burst->event) {
            found = burst;
            break;
        }
    if (!found)
        return true;
    if (found->event != event || found->second != second) {
        *left_out = found->event == event ? found->left_out : 0;
        *found = (struct burst){.event = event, .second = second};
    }
    if (found->written < LOG_BURST) {
        found->written++;
        return true;
    }
    found->left_out++;
    return false;
}

static void add_time(struct buf *line)
{
    int64_t now_us = clock_unix_us();
    time_t seconds = (time_t)(now_us / 1000000);
    struct tm utc;

    gmtime_r(&seconds, &utc);
    buf_printf(line, "%04d-%02d-%02dT%02d:%02d:%02d.%03dZ ", utc.tm_year + 1900, utc.tm_mon + 1,
               utc.tm_mday, utc.tm_hour, utc.tm_min, utc.tm_sec, (int)(now_us % 1000000 / 1000));
}

/* A value in quotes when it needs them, without what a terminal would act on. */
static void add_value(struct buf *line, const char *text)
{
    if (!text)
        text = "-";
    bool plain = *text && !strpbrk(text, " \"=\\");
    struct buf safe;

    buf_init(&safe, LINE_MOST_BYTES);
    text_add_safe(&safe, text, strlen(text));
    if (!plain)
        buf_add_char(line, '"');
    for (const char *c = buf_text(&safe); *c; c++) {
        if (*c == '"')
            buf_add_char(line, '\\');
        buf_add_char(line, *c);
    }
    if (!plain)
        buf_add_char(line, '"');
    buf_release(&safe);
}

void log_event(enum log_level level, const char *event, ...)
{
    struct buf line;
    unsigned left_out;
    va_list pairs;

    if (level > logger.most)
        return;
    pthread_mutex_lock(&logger.lock);
    bool allowed = burst_allows(event, &left_out);
    pthread_mutex_unlock(&logger.lock);
    if (!allowed)
        return;

    buf_init(&line, LINE_MOST_BYTES);
    if (logger.systemd)
        buf_printf(&line, "<%d>", levels[level].syslog);
    else
        add_time(&line);
    buf_printf(&line, "level=%s event=%s", levels[level].word, event);
    va_start(pairs, event);
    for (const char *name; (name = va_arg(pairs, const char *));) {
        buf_printf(&line, " %s=", name);
        add_value(&line, va_arg(pairs, const char *));
    }
    va_end(pairs);
    if (left_out)
        buf_printf(&line, " left_out=%u", left_out);
    buf_add_char(&line, '\n');
    if (line.length && write(STDERR_FILENO, line.data, line.length) < 0) {
        /* Nowhere to say it. */
    }
    buf_release(&line);
}

const char *log_number(int64_t number)
{
    static _Thread_local char texts[8][24];
    static _Thread_local unsigned next;
    char *text = texts[next++ % 8];

    snprintf(text, sizeof texts[0], "%lld", (long long)number);
    return text;
}
