#include "ctl/lock.h"

#include "core/file.h"
#include "ctl/folders.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <unistd.h>

static char *lock_path(const char *what, const char *organization_id, const char *owner,
                       struct error *error)
{
    char *folder = folder_state(error);
    char *path = NULL;

    if (!folder)
        return NULL;
    if (file_make_folder(folder, error) &&
        asprintf(&path, "%s/%s-%s%s%s.lock", folder, what, organization_id, owner[0] ? "-" : "",
                 owner) < 0) {
        path = NULL;
        error_no_memory(error);
    }
    free(folder);
    return path;
}

int lock_open(const char *what, const char *organization_id, const char *owner, struct error *error)
{
    char *path = lock_path(what, organization_id, owner, error);
    int lock = -1;

    if (!path)
        return -1;
    /* The file stays: were it removed at the end, two could lock what is no longer one file. */
    lock = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
    if (lock < 0)
        error_set(error, ERROR_FAILED, "%s: %s", path, strerror(errno));
    else if (flock(lock, LOCK_EX | LOCK_NB) < 0) {
        error_set(error, ERROR_REFUSED, "another %s of this organisation is running (%s is locked)",
                  what, path);
        close(lock);
        lock = -1;
    }
    free(path);
    return lock;
}

void lock_close(int lock)
{
    if (lock >= 0)
        close(lock);
}
