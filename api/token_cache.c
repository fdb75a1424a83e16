#include "api/token_cache.h"

#include "api/reply.h"
#include "api/token.h"

#include "core/digest.h"
#include "core/file.h"
#include "core/json.h"

#include <errno.h>
#include <fcntl.h>
#include <openssl/crypto.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

enum { KEY_DIGITS = 32, FILE_MAX_BYTES = 16384, CLOCK_SLACK_S = 60 };

struct token_cache {
    int folder, lock; /* descriptors; lock is -1 while it is not held */
    bool lock_held;
    char file[64], lock_file[64], new_file[96];
};

/* Opens the folder, and makes it where it is missing. */
static int open_folder(const char *folder, struct error *error)
{
    int fd = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

    if (fd < 0 && errno == ENOENT && !file_make_folder(folder, error)) {
        error_wrap(error, "token cache folder");
        return -1;
    }
    if (fd < 0)
        fd = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd < 0)
        error_set(error, ERROR_FAILED, "token cache folder: %s", strerror(errno));
    return fd;
}

/* Mine, and nobody else may do what `others` names. */
static bool is_mine(int fd, mode_t others, const char *what, struct error *error)
{
    struct stat status;

    if (fstat(fd, &status) < 0)
        return error_set(error, ERROR_FAILED, "token cache %s: %s", what, strerror(errno));
    if (status.st_uid != geteuid())
        return error_set(error, ERROR_FAILED, "token cache %s belongs to somebody else: not used",
                         what);
    if (status.st_mode & others)
        return error_set(error, ERROR_FAILED,
                         "token cache %s is open to others (mode %04o): not used", what,
                         (unsigned)status.st_mode & 07777);
    return true;
}

static bool set_names(struct token_cache *cache, const char *login_url, const char *client_id,
                      const char *secret)
{
    char key[KEY_DIGITS + 1];
    struct buf text;
    bool ok;

    buf_init(&text, 65536);
    buf_printf(&text, "%s\n%s\n%s", login_url, client_id, secret);
    ok = !text.failed && digest_hex(text.data, text.length, KEY_DIGITS, key);
    if (text.data)
        OPENSSL_cleanse(text.data, text.length);
    buf_release(&text);
    if (!ok)
        return false;
    snprintf(cache->file, sizeof(cache->file), "token-%s.json", key);
    snprintf(cache->lock_file, sizeof(cache->lock_file), "token-%s.lock", key);
    snprintf(cache->new_file, sizeof(cache->new_file), "token-%s.%ld.new", key, (long)getpid());
    return true;
}

struct token_cache *token_cache_open(const char *folder, const char *login_url,
                                     const char *client_id, const char *secret, struct error *error)
{
    struct token_cache *cache = calloc(1, sizeof(*cache));
    bool ok;

    if (!cache) {
        error_no_memory(error);
        return NULL;
    }
    cache->folder = cache->lock = -1;
    cache->folder = open_folder(folder, error);
    ok = cache->folder >= 0 && is_mine(cache->folder, S_IWGRP | S_IWOTH, "folder", error);
    if (ok && !set_names(cache, login_url, client_id, secret))
        ok = error_no_memory(error);
    if (ok)
        return cache;
    token_cache_close(cache);
    return NULL;
}

void token_cache_close(struct token_cache *cache)
{
    if (!cache)
        return;
    token_cache_unlock(cache);
    if (cache->lock >= 0)
        close(cache->lock);
    if (cache->folder >= 0)
        close(cache->folder);
    free(cache);
}

enum cache_lock token_cache_lock(struct token_cache *cache, struct error *error)
{
    if (cache->lock_held)
        return CACHE_LOCKED;
    if (cache->lock < 0)
        cache->lock = openat(cache->folder, cache->lock_file,
                             O_RDWR | O_CREAT | O_NOFOLLOW | O_CLOEXEC, 0600);
    if (cache->lock < 0) {
        error_set(error, ERROR_FAILED, "token cache lock: %s", strerror(errno));
        return CACHE_BROKEN;
    }
    if (!is_mine(cache->lock, S_IWGRP | S_IWOTH, "lock", error))
        return CACHE_BROKEN;
    if (flock(cache->lock, LOCK_EX | LOCK_NB) == 0) {
        cache->lock_held = true;
        return CACHE_LOCKED;
    }
    if (errno == EWOULDBLOCK || errno == EINTR)
        return CACHE_BUSY;
    error_set(error, ERROR_FAILED, "token cache lock: %s", strerror(errno));
    return CACHE_BROKEN;
}

void token_cache_unlock(struct token_cache *cache)
{
    if (cache->lock_held)
        flock(cache->lock, LOCK_UN);
    cache->lock_held = false;
}

/* What can be, at this time, of a token of this service. */
static bool is_plausible(const struct cached_token *token, int64_t now_s)
{
    return token->granted_s <= now_s + CLOCK_SLACK_S && token->expires_s > now_s &&
           token->expires_s > token->granted_s &&
           token->expires_s - now_s <= REPLY_TOKEN_LIFE_MAX_S &&
           token->expires_s - token->granted_s <= REPLY_TOKEN_LIFE_MAX_S;
}

static bool is_header_text(const char *text)
{
    size_t length = 0;

    while (text[length] > ' ' && text[length] <= '~')
        length++;
    return length > 0 && length <= REPLY_TOKEN_MAX_BYTES && text[length] == '\0';
}

/* False with no error: nothing of use in it. */
static bool parse(const char *bytes, size_t length, int64_t now_s, struct cached_token *token,
                  struct error *error)
{
    json_t *json = json_read(bytes, length, 0, NULL);
    const char *text = json_text(json, "access_token");
    bool ok;

    token->granted_s = json_integer_value(json_object_get(json, "granted"));
    token->expires_s = json_integer_value(json_object_get(json, "expires"));
    ok = text && is_header_text(text) && token->granted_s > 0 && token->expires_s < INT64_MAX / 2 &&
         is_plausible(token, now_s);
    if (ok && !(token->text = strdup(text)))
        ok = error_no_memory(error);
    if (text)
        OPENSSL_cleanse((char *)text, strlen(text));
    json_decref(json);
    return ok;
}

bool token_cache_read(struct token_cache *cache, int64_t now_s, struct cached_token *token,
                      struct error *error)
{
    char bytes[FILE_MAX_BYTES];
    ssize_t length = 0;
    bool ok;
    int fd = openat(cache->folder, cache->file, O_RDONLY | O_NOFOLLOW | O_CLOEXEC | O_NONBLOCK);

    *token = (struct cached_token){.text = NULL};
    if (fd < 0 && errno == ENOENT)
        return false;
    if (fd < 0)
        return error_set(error, ERROR_FAILED, "token cache file: %s: not used",
                         errno == ELOOP ? "it is a symbolic link" : strerror(errno));
    ok = is_mine(fd, S_IRWXG | S_IRWXO, "file", error);
    if (ok) {
        length = read(fd, bytes, sizeof(bytes));
        ok = length > 0 && parse(bytes, (size_t)length, now_s, token, error);
        OPENSSL_cleanse(bytes, sizeof(bytes));
    }
    close(fd);
    return ok;
}

/* A file of others' making stays as it is. */
static bool may_replace(const struct token_cache *cache, struct error *error)
{
    struct stat status;

    if (fstatat(cache->folder, cache->file, &status, AT_SYMLINK_NOFOLLOW) < 0)
        return errno == ENOENT ||
               error_set(error, ERROR_FAILED, "token cache file: %s", strerror(errno));
    if (!S_ISREG(status.st_mode) || status.st_uid != geteuid() ||
        (status.st_mode & (S_IRWXG | S_IRWXO)))
        return error_set(error, ERROR_FAILED,
                         "token cache file is open to others or no file of yours: not written");
    return true;
}

static bool write_all(int fd, const char *bytes, size_t length)
{
    while (length > 0) {
        ssize_t written = write(fd, bytes, length);
        if (written < 0 && errno == EINTR)
            continue;
        if (written <= 0)
            return false;
        bytes += written;
        length -= (size_t)written;
    }
    return true;
}

static bool replace(struct token_cache *cache, const struct buf *text, struct error *error)
{
    int fd;
    bool ok;

    unlinkat(cache->folder, cache->new_file, 0);
    fd = openat(cache->folder, cache->new_file,
                O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
    ok = fd >= 0 && write_all(fd, text->data, text->length);
    if (fd >= 0)
        ok = close(fd) == 0 && ok;
    ok = ok && renameat(cache->folder, cache->new_file, cache->folder, cache->file) == 0;
    if (ok)
        return true;
    error_set(error, ERROR_FAILED, "token cache file: %s", strerror(errno));
    if (fd >= 0)
        unlinkat(cache->folder, cache->new_file, 0);
    return false;
}

bool token_cache_write(struct token_cache *cache, const struct cached_token *token,
                       struct error *error)
{
    struct buf text;
    bool ok;

    if (!may_replace(cache, error))
        return false;
    buf_init(&text, FILE_MAX_BYTES);
    buf_printf(&text, "{\"access_token\":");
    json_add_string(&text, token->text, strlen(token->text));
    buf_printf(&text, ",\"granted\":%lld,\"expires\":%lld}\n", (long long)token->granted_s,
               (long long)token->expires_s);
    ok = text.failed ? error_no_memory(error) : replace(cache, &text, error);
    if (text.data)
        OPENSSL_cleanse(text.data, text.size);
    buf_release(&text);
    return ok;
}
