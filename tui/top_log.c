/* The log: a ring of lines; and the foot line, which says the newest. */
#include "tui/top_state.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Cut to `size`, not within a character. */
__attribute__((format(printf, 3, 0))) static void write_text(char *out, size_t size,
                                                             const char *format, va_list arguments)
{
    int length = vsnprintf(out, size, format, arguments);
    size_t end = size - 1;

    if (length < 0) {
        *out = '\0';
    } else if ((size_t)length >= size) {
        while (end > 0 && ((unsigned char)out[end - 1] & 0xC0) == 0x80)
            end--;
        if (end > 0 && (unsigned char)out[end - 1] >= 0xC0)
            end--;
        out[end] = '\0';
    }
}

/* Without memory a line is left out. */
static void add(struct top *top, enum log_kind kind, const char *text)
{
    struct log_line *line;
    char *copy;

    if (!top->log)
        top->log = calloc(LOG_LINES, sizeof(*top->log));
    copy = top->log ? strdup(text) : NULL;
    if (!copy)
        return;
    if (top->log_count == LOG_LINES) {
        free(top->log[top->log_first].text);
        top->log_first = (top->log_first + 1) % LOG_LINES;
        top->log_count--;
    }
    line = &top->log[(top->log_first + top->log_count) % LOG_LINES];
    *line = (struct log_line){.at_ms = top->now_ms, .kind = kind, .text = copy};
    top->log_count++;
    if (top->scroll[VIEW_LOG] > 0) /* from the end: what is read stays where it is */
        top->scroll[VIEW_LOG]++;
    if (top->view == VIEW_LOG)
        top->dirty = true;
}

static void say(struct top *top, enum log_kind kind, const char *text)
{
    snprintf(top->message, sizeof(top->message), "%.*s", (int)sizeof(top->message) - 1, text);
    top->message_kind = kind;
    top->dirty = true;
}

void top_hint(struct top *top, enum log_kind kind, const char *format, ...)
{
    char text[sizeof(top->message)];
    va_list arguments;

    va_start(arguments, format);
    write_text(text, sizeof(text), format, arguments);
    va_end(arguments);
    say(top, kind, text);
}

void top_note(struct top *top, enum log_kind kind, const char *format, ...)
{
    char text[LOG_TEXT_BYTES];
    va_list arguments;

    va_start(arguments, format);
    write_text(text, sizeof(text), format, arguments);
    va_end(arguments);
    add(top, kind, text);
}

void top_say(struct top *top, enum log_kind kind, const char *format, ...)
{
    char text[LOG_TEXT_BYTES];
    va_list arguments;

    va_start(arguments, format);
    write_text(text, sizeof(text), format, arguments);
    va_end(arguments);
    add(top, kind, text);
    top_hint(top, kind, "%s", text);
}

const struct log_line *top_log(const struct top *top, size_t n)
{
    return n < top->log_count ? &top->log[(top->log_first + n) % LOG_LINES] : NULL;
}

void top_log_free(struct top *top)
{
    for (size_t i = 0; i < top->log_count; i++)
        free(top->log[(top->log_first + i) % LOG_LINES].text);
    free(top->log);
    top->log = NULL;
    top->log_count = top->log_first = 0;
}
