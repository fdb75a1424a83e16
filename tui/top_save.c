/* The screen as text, in a new file that only its owner may read: it may hold events. */
#include "tui/top_state.h"

#include "core/file.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

enum { TEXT_MOST_BYTES = 16 * 1024 * 1024, NAMES_MOST = 99 };

/* As it was drawn last, without the prompt. */
static bool draw_text(struct top *top, struct buf *out)
{
    struct canvas canvas;
    struct top_own *own = top->own;

    if (!canvas_init(&canvas, own->rows, own->columns, own->ascii))
        return false;
    canvas_clear(&canvas);
    top_draw(top, &canvas);
    canvas_dump(&canvas, false, out);
    canvas_release(&canvas);
    return !out->failed;
}

/* False: errno says why. A file that was not written whole is taken away. */
static bool write_new(const char *path, const struct buf *text)
{
    int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    bool ok;
    int why;

    if (fd < 0)
        return false;
    ok = file_write_all(fd, buf_text(text), text->length);
    why = errno;
    if (close(fd) < 0 && ok) {
        why = errno;
        ok = false;
    }
    if (!ok)
        (void)unlink(path);
    errno = why;
    return ok;
}

/* "eventctl-top-20261124-100005.txt", then "…-2.txt": never one that is there. */
static bool write_named(const struct top *top, char *path, size_t size, const struct buf *text)
{
    time_t now = (time_t)(top->now_ms / 1000);
    char stamp[32] = "";
    struct tm tm;

    if (gmtime_r(&now, &tm))
        strftime(stamp, sizeof(stamp), "%Y%m%d-%H%M%S", &tm);
    for (int i = 1; i <= NAMES_MOST; i++) {
        char turn[16] = "";
        int length;
        if (i > 1)
            snprintf(turn, sizeof(turn), "-%d", i);
        length = snprintf(path, size, "%s%seventctl-top-%s%s.txt",
                          top->save_folder ? top->save_folder : "", top->save_folder ? "/" : "",
                          stamp, turn);
        if (length < 0 || (size_t)length >= size) {
            errno = ENAMETOOLONG;
            return false;
        }
        if (write_new(path, text))
            return true;
        if (errno != EEXIST)
            return false;
    }
    return false;
}

void top_save(struct top *top, const char *path)
{
    char name[PATH_MAX] = "";
    struct buf text;

    if (top->own->rows == 0)
        return; /* nothing was shown yet */
    buf_init(&text, TEXT_MOST_BYTES);
    if (path)
        snprintf(name, sizeof(name), "%s", path);
    if (!draw_text(top, &text))
        top_say(top, LOG_PROBLEM, "the screen was not saved: there is no memory");
    else if (path ? write_new(name, &text) : write_named(top, name, sizeof(name), &text))
        top_say(top, LOG_DONE, "the screen is in %s", name);
    else
        top_say(top, LOG_PROBLEM, "the screen was not saved: %s: %s", name, strerror(errno));
    buf_release(&text);
    top->dirty = true;
}
