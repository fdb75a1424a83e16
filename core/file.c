#include "core/file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static bool file_error(struct error *error, const char *path)
{
    return error_set(error, ERROR_FAILED, "%s: %s", path, strerror(errno));
}

bool file_read(const char *path, struct buf *out, struct error *error)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    char chunk[64 * 1024];
    ssize_t length = 0;

    if (fd < 0)
        return file_error(error, path);
    while ((length = read(fd, chunk, sizeof(chunk))) > 0 || (length < 0 && errno == EINTR))
        if (length > 0) {
            buf_add(out, chunk, (size_t)length);
            if (out->failed)
                break;
        }
    if (length < 0)
        file_error(error, path);
    else if (out->failed)
        error_set(error, ERROR_FAILED, "%s: too large (more than %zu bytes), or no memory", path,
                  out->limit);
    close(fd);
    return length >= 0 && !out->failed;
}

bool file_write_all(int fd, const char *bytes, size_t length_bytes)
{
    while (length_bytes > 0) {
        ssize_t written = write(fd, bytes, length_bytes);
        if (written < 0 && errno == EINTR)
            continue;
        if (written < 0)
            return false;
        bytes += written;
        length_bytes -= (size_t)written;
    }
    return true;
}

bool file_replace(const char *path, const void *bytes, size_t length_bytes, struct error *error)
{
    return file_replace_mode(path, bytes, length_bytes, 0600, error);
}

bool file_replace_mode(const char *path, const void *bytes, size_t length_bytes, unsigned mode,
                       struct error *error)
{
    char *temporary = NULL;
    int fd = -1;
    bool ok = false;

    if (asprintf(&temporary, "%s.XXXXXX", path) < 0)
        return error_no_memory(error);
    fd = mkostemp(temporary, O_CLOEXEC); /* mode 0600 */
    if (fd < 0) {
        file_error(error, path);
        goto cleanup;
    }
    ok = file_write_all(fd, bytes, length_bytes) && fchmod(fd, mode) == 0 && fsync(fd) == 0;
    if (close(fd) < 0)
        ok = false;
    ok = ok && rename(temporary, path) == 0;
    if (!ok) {
        file_error(error, path);
        unlink(temporary);
    }
cleanup:
    free(temporary);
    return ok;
}

bool file_make_folder(const char *path, struct error *error)
{
    char *copy = strdup(path);
    bool ok = true;

    if (!copy)
        return error_no_memory(error);
    for (char *slash = copy + 1; ok && *slash; slash++)
        if (*slash == '/') {
            *slash = '\0';
            ok = mkdir(copy, 0700) == 0 || errno == EEXIST || errno == EISDIR || errno == EROFS;
            *slash = '/';
        }
    ok = ok && (mkdir(copy, 0700) == 0 || errno == EEXIST);
    if (!ok)
        file_error(error, path);
    free(copy);
    return ok;
}
