#include "ingest/sink_rotate.h"

#include "ingest/log.h"

#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

enum { STAMP_CHARS = 16, DELETED_AT_ONCE = 1000 };

/* Where the last part of the path begins. */
static const char *base_name(const char *path)
{
    const char *slash = strrchr(path, '/');

    return slash ? slash + 1 : path;
}

static bool folder_of(const char *path, char out[PATH_MAX])
{
    size_t length = (size_t)(base_name(path) - path);

    if (length >= PATH_MAX)
        return false;
    snprintf(out, PATH_MAX, "%.*s", (int)length, path);
    if (length == 0)
        snprintf(out, PATH_MAX, ".");
    return true;
}

/* Never over another file. Where the file system cannot promise that, we look first: nobody else
 * makes such names. */
static bool rename_to_free(const char *from, const char *to)
{
    if (renameat2(AT_FDCWD, from, AT_FDCWD, to, RENAME_NOREPLACE) == 0)
        return true;
    if (errno != EINVAL && errno != ENOSYS)
        return false;
    if (faccessat(AT_FDCWD, to, F_OK, AT_SYMLINK_NOFOLLOW) == 0) {
        errno = EEXIST;
        return false;
    }
    return rename(from, to) == 0;
}

struct rotated {
    char name[NAME_MAX + 1];
    const char *stamp; /* in the name */
    unsigned long number;
};

static bool is_stamp(const char *text)
{
    static const char form[] = "dddddddd"
                               "T"
                               "dddddd"
                               "Z";

    for (size_t i = 0; i < STAMP_CHARS; i++)
        if (form[i] == 'd' ? !isdigit((unsigned char)text[i]) : text[i] != form[i])
            return false;
    return true;
}

/* False: no rotated file of `base`. */
static bool rotated_read(struct rotated *out, const char *base, const char *name)
{
    size_t length = strlen(base);
    char *end;

    if (strlen(name) > NAME_MAX || strncmp(name, base, length) != 0 || name[length] != '.' ||
        !is_stamp(name + length + 1))
        return false;
    snprintf(out->name, sizeof(out->name), "%s", name);
    out->stamp = out->name + length + 1;
    out->number = 0;
    if (out->stamp[STAMP_CHARS] == '\0')
        return true;
    if (out->stamp[STAMP_CHARS] != '-' || !isdigit((unsigned char)out->stamp[STAMP_CHARS + 1]))
        return false;
    out->number = strtoul(out->stamp + STAMP_CHARS + 1, &end, 10);
    return *end == '\0';
}

static bool is_older(const struct rotated *a, const struct rotated *b)
{
    int order = strncmp(a->stamp, b->stamp, STAMP_CHARS);

    return order < 0 || (order == 0 && a->number < b->number);
}

static void rotated_copy(struct rotated *to, const struct rotated *from)
{
    *to = *from;
    to->stamp = to->name + (from->stamp - from->name);
}

/* How many there are, and which is the oldest, or the newest. */
static int64_t count_rotated(DIR *folder, const char *base, bool newest, struct rotated *found)
{
    struct rotated one;
    struct dirent *entry;
    int64_t count = 0;

    rewinddir(folder);
    while ((entry = readdir(folder))) {
        if (!rotated_read(&one, base, entry->d_name))
            continue;
        if (count++ == 0 || (newest ? is_older(found, &one) : is_older(&one, found)))
            rotated_copy(found, &one);
    }
    return count;
}

/* Where the names go on: the time, and the first number of it that nothing has. */
static bool next_name(const char *path, int64_t now_us, char stamp[STAMP_CHARS + 1],
                      unsigned long *number)
{
    time_t now = (time_t)(now_us / 1000000);
    char name[PATH_MAX];
    struct rotated newest;
    struct tm utc;
    DIR *folder = folder_of(path, name) ? opendir(name) : NULL;

    *number = 0;
    if (!gmtime_r(&now, &utc) ||
        strftime(stamp, STAMP_CHARS + 1, "%Y%m%dT%H%M%SZ", &utc) != STAMP_CHARS) {
        errno = EOVERFLOW;
        stamp[0] = '\0';
    } else if (folder && count_rotated(folder, base_name(path), true, &newest) > 0 &&
               strncmp(newest.stamp, stamp, STAMP_CHARS) >= 0) {
        memcpy(stamp, newest.stamp, STAMP_CHARS);
        *number = newest.number + 1;
    }
    if (!folder)
        return false;
    closedir(folder);
    return stamp[0] != '\0';
}

bool rotate_rename(const char *path, int64_t now_us)
{
    char stamp[STAMP_CHARS + 1] = "", name[PATH_MAX];
    unsigned long number;
    int length;

    if (!next_name(path, now_us, stamp, &number))
        return false;
    length = number == 0 ? snprintf(name, sizeof(name), "%s.%s", path, stamp)
                         : snprintf(name, sizeof(name), "%s.%s-%lu", path, stamp, number);
    if (length >= (int)sizeof(name)) {
        errno = ENAMETOOLONG;
        return false;
    }
    return rename_to_free(path, name);
}

void rotate_prune(const char *path, int64_t keep)
{
    const char *base = base_name(path);
    char name[PATH_MAX];
    struct rotated oldest;
    DIR *folder = folder_of(path, name) ? opendir(name) : NULL;

    for (int i = 0; folder && i < DELETED_AT_ONCE; i++) {
        if (count_rotated(folder, base, false, &oldest) <= keep)
            break;
        if (unlinkat(dirfd(folder), oldest.name, 0) != 0) {
            log_event(LOG_LEVEL_WARNING, "sink-prune-failed", "path", oldest.name, "detail",
                      strerror(errno), NULL);
            break;
        }
    }
    if (folder)
        closedir(folder);
}

void rotate_sync_folder(const char *path)
{
    char name[PATH_MAX];
    int fd = folder_of(path, name) ? open(name, O_RDONLY | O_DIRECTORY | O_CLOEXEC) : -1;

    if (fd < 0)
        return;
    if (fsync(fd) != 0)
        log_event(LOG_LEVEL_WARNING, "sink-folder-not-synced", "path", name, "detail",
                  strerror(errno), NULL);
    close(fd);
}
