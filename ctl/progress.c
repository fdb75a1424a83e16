#include "ctl/progress.h"

#include "core/text.h"

#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

enum { BAR_WIDTH = 30, BAR_EVERY_MS = 100, LINE_EVERY_MS = 10000 };

static int64_t now_ms(void)
{
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

void progress_init(struct progress *progress, const char *what, bool silent)
{
    const char *term = getenv("TERM");

    *progress = (struct progress){.what = what, .silent = silent};
    progress->terminal = isatty(STDERR_FILENO) && term && strcmp(term, "dumb") != 0;
    progress->shown_ms = now_ms();
}

static void add_eta(struct buf *line, int64_t eta_ms)
{
    if (eta_ms >= 1000) {
        buf_add_text(line, ", about ");
        text_add_duration(line, eta_ms >= 120000 ? eta_ms / 60000 * 60000 : eta_ms / 1000 * 1000);
        buf_add_text(line, " left");
    }
}

void progress_show(struct progress *progress, size_t done, size_t total, int64_t eta_ms)
{
    int64_t now = now_ms();
    struct buf line;

    if (progress->silent || total == 0 ||
        now - progress->shown_ms < (progress->terminal ? BAR_EVERY_MS : LINE_EVERY_MS))
        return;
    progress->shown_ms = now;
    buf_init(&line, 512);
    if (progress->terminal) {
        buf_add_text(&line, "\r[");
        for (size_t i = 0; i < BAR_WIDTH; i++)
            buf_add_char(&line, i * total < done * BAR_WIDTH ? '#' : '.');
        buf_printf(&line, "] %zu of %zu %s", done, total, progress->what);
        add_eta(&line, eta_ms);
        buf_add_text(&line, "   ");
        progress->bar_on_screen = true;
    } else {
        buf_printf(&line, "%zu of %zu %s", done, total, progress->what);
        add_eta(&line, eta_ms);
        buf_add_char(&line, '\n');
    }
    fputs(buf_text(&line), stderr);
    fflush(stderr);
    buf_release(&line);
}

void progress_clear(struct progress *progress)
{
    if (progress->bar_on_screen)
        fprintf(stderr, "\r%*s\r", 79, "");
    progress->bar_on_screen = false;
}
