#include "core/source.h"

#include "core/buf.h"
#include "core/diag.h"
#include "core/text.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum {
    READ_BYTES = 64 * 1024,
    STOP_LOOK_MS = 200 /* a signal between two waits is noticed so late at the most */
};

static const char BYTE_ORDER_MARK[] = "\xEF\xBB\xBF";

void source_release(struct source *source)
{
    free(source->path);
    free(source->text);
    *source = (struct source){.path = NULL};
}

static void drop_text(struct source *source)
{
    free(source->text);
    source->text = NULL;
    source->length_bytes = 0;
}

/* The place of a byte in text that is valid up to there. */
static struct place place_of(const struct source *source, size_t offset)
{
    struct place place = {source, 1, 1};

    for (size_t i = 0; i < offset; i++) {
        unsigned char c = (unsigned char)source->text[i];
        if (c == '\n') {
            place.line++;
            place.column = 1;
        } else if ((c & 0xC0) != 0x80) {
            place.column++;
        }
    }
    return place;
}

/* Says what is wrong at `offset` and lets go of the text. */
static bool refuse_bytes(struct source *source, size_t offset, struct diag_list *diags)
{
    struct place place = place_of(source, offset);
    unsigned char byte = (unsigned char)source->text[offset];

    if (byte == 0)
        diag_add(diags, "nul-byte", place, "is this a text file? UTF-16 is not read",
                 "the file holds a NUL byte");
    else
        diag_add(diags, "not-utf8", place, "save the file as UTF-8",
                 "byte 0x%02x is not valid UTF-8", byte);
    drop_text(source);
    return false;
}

/* Takes the bytes over, without a byte-order mark, when they are text. */
static bool take_bytes(struct source *source, struct buf *bytes, struct diag_list *diags)
{
    size_t length = bytes->length, bad;

    source->text = buf_take(bytes);
    if (!source->text) {
        diags->no_memory = true;
        return false;
    }
    if (length >= 3 && memcmp(source->text, BYTE_ORDER_MARK, 3) == 0) {
        length -= 3;
        memmove(source->text, source->text + 3, length + 1);
    }
    bad = text_utf8_check(source->text, length);
    if (bad < length)
        return refuse_bytes(source, bad, diags);
    source->length_bytes = length;
    return true;
}

static bool start(struct source *source, const char *path, struct diag_list *diags)
{
    *source = (struct source){.path = strdup(path)};
    if (!source->path)
        diags->no_memory = true;
    return source->path != NULL;
}

static bool refuse_size(struct source *source, struct diag_list *diags)
{
    diag_add(diags, "file-too-large", (struct place){source, 0, 0},
             "split it: a manifest may be several files", "the file is larger than %d MiB",
             SOURCE_LIMIT_BYTES / (1024 * 1024));
    return false;
}

static bool refuse_read(struct source *source, struct diag_list *diags)
{
    diag_add(diags, "file-read", (struct place){source, 0, 0}, NULL, "cannot be read: %s",
             strerror(errno));
    return false;
}

/* Waits until a read would not; false: stopped. */
static bool wait_for_bytes(int fd, const volatile sig_atomic_t *stop)
{
    struct pollfd look = {.fd = fd, .events = POLLIN};

    while (stop && !*stop && poll(&look, 1, STOP_LOOK_MS) <= 0)
        ;
    return !stop || !*stop;
}

/* Reads to the end, but never past the limit: what is too large is refused by its size alone
 * where the size is known. */
static bool read_all(struct source *source, int fd, const volatile sig_atomic_t *stop,
                     struct buf *bytes, struct diag_list *diags)
{
    struct stat status;
    char chunk[READ_BYTES];
    ssize_t got;

    if (fstat(fd, &status) == 0 && S_ISREG(status.st_mode) && status.st_size > SOURCE_LIMIT_BYTES)
        return refuse_size(source, diags);
    do {
        if (!wait_for_bytes(fd, stop))
            return false;
        got = read(fd, chunk, sizeof(chunk));
        if (got < 0 && errno != EINTR && !(stop && errno == EAGAIN))
            return refuse_read(source, diags);
        if (got > 0 && (size_t)got > SOURCE_LIMIT_BYTES - bytes->length)
            return refuse_size(source, diags);
        if (got > 0)
            buf_add(bytes, chunk, (size_t)got);
    } while (got != 0 && !bytes->failed);
    return true;
}

bool source_read_until(struct source *source, const char *path, const volatile sig_atomic_t *stop,
                       struct diag_list *diags)
{
    bool standard_input = strcmp(path, "-") == 0;
    struct buf bytes;
    bool ok = false;
    int fd = -1;

    buf_init(&bytes, SOURCE_LIMIT_BYTES);
    if (!start(source, path, diags))
        goto cleanup;
    /* It is the poll, not the open, that waits for a FIFO's writer. */
    fd = standard_input ? STDIN_FILENO : open(path, O_RDONLY | O_CLOEXEC | (stop ? O_NONBLOCK : 0));
    if (fd < 0) {
        refuse_read(source, diags);
        goto cleanup;
    }
    ok = read_all(source, fd, stop, &bytes, diags) && take_bytes(source, &bytes, diags);
cleanup:
    if (fd >= 0 && !standard_input)
        close(fd);
    buf_release(&bytes);
    return ok;
}

bool source_read(struct source *source, const char *path, struct diag_list *diags)
{
    return source_read_until(source, path, NULL, diags);
}

bool source_from_text(struct source *source, const char *path, const char *text,
                      size_t length_bytes, struct diag_list *diags)
{
    struct buf bytes;

    if (!start(source, path, diags))
        return false;
    if (length_bytes > SOURCE_LIMIT_BYTES)
        return refuse_size(source, diags);
    buf_init(&bytes, SOURCE_LIMIT_BYTES);
    buf_add(&bytes, text, length_bytes);
    return take_bytes(source, &bytes, diags);
}

const char *source_line(const struct source *source, unsigned line, size_t *length_bytes)
{
    const char *start_of_line = source->text, *end;
    size_t left = source->length_bytes;

    if (!start_of_line || line == 0)
        return NULL;
    for (; line > 1; line--) {
        end = memchr(start_of_line, '\n', left);
        if (!end)
            return NULL;
        left -= (size_t)(end + 1 - start_of_line);
        start_of_line = end + 1;
    }
    end = memchr(start_of_line, '\n', left);
    *length_bytes = end ? (size_t)(end - start_of_line) : left;
    if (*length_bytes > 0 && start_of_line[*length_bytes - 1] == '\r')
        --*length_bytes;
    return start_of_line;
}
