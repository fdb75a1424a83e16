#include "ctl/plan_out.h"

#include "core/file.h"
#include "core/plan_file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { LINKS_MOST = 40, LINK_MAX_BYTES = 4096 };

/* Where a path leads to. */
struct target {
    char *path;  /* behind symbolic links; owned */
    bool direct; /* a device or FIFO: written to, never replaced */
};

static bool refuse(struct error *error, const char *path, const char *why)
{
    return error_set(error, ERROR_INVALID, "--out %s: %s", path, why);
}

/* What a link at `at` says, as a path that can be opened from here. */
static char *step_over(const char *at, const char *link)
{
    const char *slash = strrchr(at, '/');
    char *next = NULL;

    if (link[0] == '/' || !slash)
        return strdup(link);
    return asprintf(&next, "%.*s/%s", (int)(slash - at), at, link) < 0 ? NULL : next;
}

/* The path behind symbolic links; the last may lead to what is not there yet. */
static char *follow_links(const char *path, struct error *error)
{
    char *at = strdup(path);

    for (int links = 0; at && links < LINKS_MOST; links++) {
        char link[LINK_MAX_BYTES];
        ssize_t length = readlink(at, link, sizeof(link) - 1);
        char *next;
        if (length < 0)
            return at;
        link[length] = '\0';
        next = step_over(at, link);
        free(at);
        at = next;
    }
    if (at)
        refuse(error, path, "too many symbolic links");
    else
        error_no_memory(error);
    free(at);
    return NULL;
}

static bool is_same_file(const struct stat *a, const struct stat *b)
{
    return a->st_dev == b->st_dev && a->st_ino == b->st_ino;
}

/* Replacing the file that output goes to would leave the output in a file without a name. */
static bool is_output(const struct stat *status)
{
    struct stat stream;

    for (int fd = STDOUT_FILENO; fd <= STDERR_FILENO; fd++)
        if (fstat(fd, &stream) == 0 && is_same_file(status, &stream))
            return true;
    return false;
}

static bool is_of_manifest(const struct stat *status, const struct manifest *manifest)
{
    struct stat source;

    for (size_t i = 0; manifest && i < manifest->source_count; i++)
        if (stat(manifest->sources[i]->path, &source) == 0 && is_same_file(status, &source))
            return true;
    return false;
}

/* A file that is there: may it be replaced? */
static bool check_regular(const char *path, const struct stat *status,
                          const struct manifest *manifest, struct error *error)
{
    if (is_of_manifest(status, manifest))
        return refuse(error, path, "this is a file of the manifest");
    if (is_output(status))
        return refuse(error, path, "this is where the output goes");
    if (status->st_size > 0 && !plan_file_is_one(path))
        return refuse(error, path,
                      "there is a file of that name that is no plan; it is not overwritten");
    return true;
}

/* Fills in `target`, whose path the caller frees. */
static bool find_target(const char *path, const struct manifest *manifest, struct target *target,
                        struct error *error)
{
    struct stat status;

    *target = (struct target){NULL, false};
    if (strcmp(path, "-") == 0)
        return refuse(error, path, "a plan is kept in a file; standard output has the text");
    if (stat(path, &status) == 0) {
        target->direct = S_ISCHR(status.st_mode) || S_ISFIFO(status.st_mode);
        if (!target->direct && !S_ISREG(status.st_mode))
            return refuse(error, path, "this is no file");
        if (!target->direct && !check_regular(path, &status, manifest, error))
            return false;
    } else if (errno != ENOENT) {
        return refuse(error, path, strerror(errno));
    }
    target->path = target->direct ? strdup(path) : follow_links(path, error);
    return target->path || error_no_memory(error);
}

bool plan_out_allowed(const char *path, const struct manifest *manifest, struct error *error)
{
    struct target target;
    bool ok = find_target(path, manifest, &target, error);

    free(target.path);
    return ok;
}

static bool write_direct(const char *path, const char *text, struct error *error)
{
    int fd = open(path, O_WRONLY | O_CLOEXEC | O_NOCTTY);
    bool ok = fd >= 0 && file_write_all(fd, text, strlen(text));

    if (fd >= 0 && close(fd) < 0)
        ok = false;
    return ok || error_set(error, ERROR_FAILED, "%s: %s", path, strerror(errno));
}

bool plan_out_write(const char *path, const struct manifest *manifest, const char *text,
                    struct error *error)
{
    struct target target;
    bool ok = find_target(path, manifest, &target, error);

    if (ok)
        ok = target.direct ? write_direct(target.path, text, error)
                           : file_replace(target.path, text, strlen(text), error);
    free(target.path);
    return ok;
}
