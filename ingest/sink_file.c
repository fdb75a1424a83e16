#include "ingest/sink_file.h"

#include "core/clock.h"
#include "core/file.h"
#include "ingest/log.h"
#include "ingest/sink_rotate.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

enum { CHUNK_BYTES = 64 * 1024 };

static bool file_error(const struct sink_file *file, struct error *error)
{
    return error_set(error, ERROR_FAILED, "%s: %s", file->config->path, strerror(errno));
}

/* Where the last whole line ends; -1 when it cannot be read. */
static off_t whole_length(int fd, off_t length)
{
    char chunk[CHUNK_BYTES];

    while (length > 0) {
        size_t want = length < CHUNK_BYTES ? (size_t)length : CHUNK_BYTES;
        const char *newline;
        if (pread(fd, chunk, want, length - (off_t)want) != (ssize_t)want)
            return -1;
        newline = memrchr(chunk, '\n', want);
        if (newline)
            return length - (off_t)want + (newline - chunk) + 1;
        length -= (off_t)want;
    }
    return 0;
}

/* Does a line of ours begin there, or one whose bytes never reached the disk? */
static bool is_ours(int fd, off_t start)
{
    char begun[sizeof(SINK_FILE_LINE_START) - 1];
    ssize_t length = pread(fd, begun, sizeof(begun), start);

    return length > 0 &&
           (begun[0] == '\0' || memcmp(begun, SINK_FILE_LINE_START, (size_t)length) == 0);
}

static bool mend_end(struct sink_file *file, off_t length, struct error *error)
{
    off_t whole = whole_length(file->fd, length);

    if (whole == length)
        return true;
    if (whole < 0)
        return file_error(file, error);
    if (!is_ours(file->fd, whole))
        return error_set(error, ERROR_INVALID,
                         "%s: its last line has no end and is none of ingestd's; is it the right "
                         "file?",
                         file->config->path);
    if (ftruncate(file->fd, whole) != 0)
        return file_error(file, error);
    log_event(LOG_LEVEL_WARNING, "sink-line-cut-off", "sink", file->config->name, "path",
              file->config->path, "bytes", log_number((int64_t)(length - whole)), NULL);
    return true;
}

static int64_t birth_us(int fd)
{
    struct statx status;

    if (statx(fd, "", AT_EMPTY_PATH, STATX_BTIME, &status) == 0 && (status.stx_mask & STATX_BTIME))
        return status.stx_btime.tv_sec * 1000000 + status.stx_btime.tv_nsec / 1000;
    return clock_unix_us();
}

/* What is no regular file is refused: it cannot be cut back, locked or rotated. */
static bool look_at_file(struct sink_file *file, struct error *error)
{
    struct stat status;

    if (fstat(file->fd, &status) != 0)
        return file_error(file, error);
    if (!S_ISREG(status.st_mode))
        return error_set(error, ERROR_INVALID, "%s: not a regular file", file->config->path);
    if (flock(file->fd, LOCK_EX | LOCK_NB) != 0 && errno == EWOULDBLOCK)
        return error_set(error, ERROR_FAILED, "%s: another sink or process writes to it",
                         file->config->path);
    file->born_us = birth_us(file->fd);
    return mend_end(file, status.st_size, error);
}

static bool open_file(struct sink_file *file, struct error *error)
{
    file->whole_bytes = -1;
    file->fd = open(file->config->path,
                    O_RDWR | O_APPEND | O_CREAT | O_CLOEXEC | O_NOCTTY | O_NONBLOCK, 0640);
    if (file->fd < 0)
        return file_error(file, error);
    if (look_at_file(file, error)) {
        if (file->config->sync)
            rotate_sync_folder(file->config->path);
        return true;
    }
    close(file->fd);
    file->fd = -1;
    return false;
}

bool sink_file_open(struct sink_file *file, const struct config_sink *config, struct error *error)
{
    *file = (struct sink_file){.config = config, .fd = -1, .whole_bytes = -1};
    return open_file(file, error);
}

/* Cuts back what a failed write left; never makes longer what somebody else cut. */
static bool make_whole(struct sink_file *file)
{
    struct stat status;

    if (file->whole_bytes >= 0 &&
        (fstat(file->fd, &status) != 0 ||
         (status.st_size > file->whole_bytes && ftruncate(file->fd, file->whole_bytes) != 0)))
        return false;
    file->whole_bytes = -1;
    return true;
}

void sink_file_close(struct sink_file *file)
{
    if (file->fd < 0)
        return;
    if (!make_whole(file))
        log_event(LOG_LEVEL_ERROR, "sink-line-not-cut-off", "sink", file->config->name, "path",
                  file->config->path, NULL);
    close(file->fd);
    file->fd = -1;
}

/* Has somebody moved or deleted it? When that cannot be told, it has not. */
static bool was_moved(const struct sink_file *file)
{
    struct stat here, there;

    if (fstat(file->fd, &here) != 0)
        return false;
    if (stat(file->config->path, &there) != 0)
        return errno == ENOENT || errno == ENOTDIR;
    return here.st_dev != there.st_dev || here.st_ino != there.st_ino;
}

static bool is_due(const struct sink_file *file, off_t length, size_t more_bytes, int64_t now_us)
{
    const struct config_sink *config = file->config;

    if (length == 0)
        return false;
    return (config->rotate_bytes > 0 && length + (off_t)more_bytes > config->rotate_bytes) ||
           (config->rotate_ms > 0 && (now_us - file->born_us) / 1000 >= config->rotate_ms);
}

/* A file that cannot be renamed is written on: a long file is better than events that wait. */
static bool rotate_file(struct sink_file *file, int64_t now_us, struct error *error)
{
    if (!rotate_rename(file->config->path, now_us)) {
        log_event(LOG_LEVEL_ERROR, "sink-rotation-failed", "sink", file->config->name, "path",
                  file->config->path, "detail", strerror(errno), NULL);
        return true;
    }
    close(file->fd);
    file->fd = -1;
    if (file->config->keep > 0)
        rotate_prune(file->config->path, file->config->keep);
    return open_file(file, error);
}

/* Open, whole, the file that is at the path, and rotated when that is due. */
static bool make_ready(struct sink_file *file, size_t more_bytes, int64_t now_us,
                       struct error *error)
{
    struct stat status;

    if (file->fd >= 0 && was_moved(file))
        sink_file_close(file);
    if (file->fd < 0 && !open_file(file, error))
        return false;
    if (!make_whole(file) || fstat(file->fd, &status) != 0)
        return file_error(file, error);
    return !is_due(file, status.st_size, more_bytes, now_us) || rotate_file(file, now_us, error);
}

bool sink_file_append(struct sink_file *file, const char *lines, size_t length_bytes,
                      int64_t now_us, struct error *error)
{
    struct stat status;

    if (!make_ready(file, length_bytes, now_us, error))
        return false;
    /* Asked each time: logrotate's copytruncate may have made it shorter. */
    if (fstat(file->fd, &status) != 0)
        return file_error(file, error);
    if (file_write_all(file->fd, lines, length_bytes) &&
        (!file->config->sync || fdatasync(file->fd) == 0))
        return true;
    file_error(file, error);
    file->whole_bytes = status.st_size;
    if (!make_whole(file))
        log_event(LOG_LEVEL_ERROR, "sink-line-not-cut-off", "sink", file->config->name, "path",
                  file->config->path, NULL);
    return false;
}
