/* The token kept across runs: what is trusted, what is not, and who may write. */
#include "api/token.h"
#include "api/token_cache.h"

#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <dirent.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#define LOGIN "https://login.example.com"

enum { NOW_S = 1800000000 };

static char folder[64];

static struct token_cache *open_cache(const char *client_id)
{
    struct error error = ERROR_INIT;
    struct token_cache *cache = token_cache_open(folder, LOGIN, client_id, "secret", &error);

    assert_string_equal(error.text, "");
    assert_non_null(cache);
    return cache;
}

static void write_token(struct token_cache *cache, const char *text, int64_t granted_s,
                        int64_t expires_s)
{
    struct cached_token token = {(char *)(uintptr_t)text, granted_s, expires_s};
    struct error error = ERROR_INIT;

    assert_true(token_cache_write(cache, &token, &error));
}

/* The first file of the folder that ends so. */
static void find_file(const char *ending, char *path, size_t size)
{
    DIR *listing = opendir(folder);
    const struct dirent *entry;

    path[0] = '\0';
    while ((entry = readdir(listing)))
        if (strlen(entry->d_name) > strlen(ending) &&
            strcmp(entry->d_name + strlen(entry->d_name) - strlen(ending), ending) == 0)
            snprintf(path, size, "%s/%s", folder, entry->d_name);
    closedir(listing);
    assert_true(path[0] != '\0');
}

/* True when the token of that text is read; *why is what was said otherwise. */
static bool reads(const char *client_id, int64_t now_s, const char *text, struct error *why)
{
    struct token_cache *cache = open_cache(client_id);
    struct cached_token token;
    bool read;

    *why = ERROR_INIT;
    read = token_cache_read(cache, now_s, &token, why);
    if (read)
        assert_string_equal(token.text, text);
    else
        assert_null(token.text);
    secret_free(token.text);
    token_cache_close(cache);
    return read;
}

static int setup(void **state)
{
    (void)state;
    snprintf(folder, sizeof(folder), "/tmp/eventctl-cache-XXXXXX");
    assert_non_null(mkdtemp(folder));
    return 0;
}

static int teardown(void **state)
{
    char command[128];

    (void)state;
    snprintf(command, sizeof(command), "rm -rf %s", folder);
    return system(command);
}

static void test_kept(void **state)
{
    struct token_cache *cache = open_cache("client-a");
    char path[512];
    struct stat status;
    struct error why;

    (void)state;
    write_token(cache, "secret-1", NOW_S, NOW_S + 3600);
    write_token(cache, "secret-2", NOW_S, NOW_S + 3600);
    token_cache_close(cache);
    find_file(".json", path, sizeof(path));
    assert_int_equal(stat(path, &status), 0);
    assert_int_equal(status.st_mode & 07777, 0600);
    assert_true(reads("client-a", NOW_S + 10, "secret-2", &why));
    assert_false(reads("client-b", NOW_S + 10, "", &why));
    assert_int_equal(why.code, ERROR_NONE);
}

static void test_times(void **state)
{
    static const struct {
        int64_t granted, expires;
        bool good;
    } cases[] = {
        {0, 3600, true},       {-3000, 600, true},
        {-3600, 0, false},     {30, 3600, true},
        {3600, 7200, false},   {0, 200000, false},
        {-100, -200, false},   {-100000, 100, true},
        {-180000, 100, false}, {0, INT64_MAX - NOW_S, false},
    };
    struct error why;

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct token_cache *cache = open_cache("client-a");
        write_token(cache, "secret", NOW_S + cases[i].granted, NOW_S + cases[i].expires);
        token_cache_close(cache);
        assert_int_equal(reads("client-a", NOW_S, "secret", &why), cases[i].good);
        assert_int_equal(why.code, ERROR_NONE);
    }
}

static void overwrite(const char *path, const char *text)
{
    int fd = open(path, O_WRONLY | O_TRUNC);

    assert_int_equal(write(fd, text, strlen(text)), strlen(text));
    close(fd);
}

static void test_garbage(void **state)
{
    static const char *const texts[] = {
        "",
        "{",
        "[]",
        "{\"access_token\":\"x\"}",
        "{\"access_token\":\"a\\nb\",\"granted\":1800000000,\"expires\":1800003600}",
        "{\"access_token\":7,\"granted\":1800000000,\"expires\":1800003600}",
        "{\"access_token\":\"x\",\"granted\":\"now\",\"expires\":1800003600}",
    };
    struct token_cache *cache = open_cache("client-a");
    char path[512];
    struct error why;

    (void)state;
    write_token(cache, "secret", NOW_S, NOW_S + 3600);
    token_cache_close(cache);
    find_file(".json", path, sizeof(path));
    for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
        overwrite(path, texts[i]);
        assert_false(reads("client-a", NOW_S, "", &why));
        assert_int_equal(why.code, ERROR_NONE);
    }
}

static void test_open_to_others(void **state)
{
    struct token_cache *cache = open_cache("client-a");
    struct cached_token token = {(char *)(uintptr_t) "secret-2", NOW_S, NOW_S + 3600};
    char path[512];
    struct error why;

    (void)state;
    write_token(cache, "secret", NOW_S, NOW_S + 3600);
    find_file(".json", path, sizeof(path));
    assert_int_equal(chmod(path, 0640), 0);
    assert_false(reads("client-a", NOW_S, "", &why));
    assert_non_null(strstr(why.text, "open to others"));
    why = ERROR_INIT;
    assert_false(token_cache_write(cache, &token, &why));
    assert_non_null(strstr(why.text, "not written"));
    token_cache_close(cache);
    assert_int_equal(chmod(path, 0600), 0);
    assert_true(reads("client-a", NOW_S, "secret", &why));
    assert_int_equal(chmod(folder, 0770), 0);
    why = ERROR_INIT;
    assert_null(token_cache_open(folder, LOGIN, "client-a", "secret", &why));
    assert_non_null(strstr(why.text, "open to others"));
    assert_int_equal(chmod(folder, 0700), 0);
}

static void test_symbolic_link(void **state)
{
    struct token_cache *cache = open_cache("client-a");
    struct cached_token token = {(char *)(uintptr_t) "secret-2", NOW_S, NOW_S + 3600};
    char path[512], elsewhere[600];
    struct error why;

    (void)state;
    write_token(cache, "secret", NOW_S, NOW_S + 3600);
    find_file(".json", path, sizeof(path));
    snprintf(elsewhere, sizeof(elsewhere), "%s.elsewhere", path);
    assert_int_equal(rename(path, elsewhere), 0);
    assert_int_equal(symlink(elsewhere, path), 0);
    assert_false(reads("client-a", NOW_S, "", &why));
    assert_non_null(strstr(why.text, "symbolic link"));
    why = ERROR_INIT;
    assert_false(token_cache_write(cache, &token, &why));
    token_cache_close(cache);
}

static void test_lock(void **state)
{
    struct token_cache *one = open_cache("client-a"), *two = open_cache("client-a");
    struct token_cache *other = open_cache("client-b");
    struct error why = ERROR_INIT;

    (void)state;
    assert_int_equal(token_cache_lock(one, &why), CACHE_LOCKED);
    assert_int_equal(token_cache_lock(one, &why), CACHE_LOCKED);
    assert_int_equal(token_cache_lock(two, &why), CACHE_BUSY);
    assert_int_equal(token_cache_lock(other, &why), CACHE_LOCKED);
    token_cache_unlock(one);
    assert_int_equal(token_cache_lock(two, &why), CACHE_LOCKED);
    token_cache_close(two);
    assert_int_equal(token_cache_lock(one, &why), CACHE_LOCKED);
    assert_int_equal(why.code, ERROR_NONE);
    token_cache_close(one);
    token_cache_close(other);
}

static void test_no_folder(void **state)
{
    struct error why = ERROR_INIT;

    (void)state;
    assert_null(token_cache_open("/dev/null/x", LOGIN, "client-a", "secret", &why));
    assert_int_equal(why.code, ERROR_FAILED);
}

/* Nobody's uid, for whom a folder of ours is read-only, where we are root. */
enum { NOBODY = 65534 };

static void test_no_right(void **state)
{
    struct error why = ERROR_INIT;
    char path[128];

    (void)state;
    snprintf(path, sizeof(path), "%s/cache/eventctl", folder);
    assert_int_equal(chmod(folder, 0555), 0);
    if (geteuid() == 0)
        assert_int_equal(seteuid(NOBODY), 0);
    assert_null(token_cache_open(path, LOGIN, "client-a", "secret", &why));
    if (getuid() == 0)
        assert_int_equal(seteuid(0), 0);
    assert_int_equal(chmod(folder, 0700), 0);
    assert_non_null(strstr(why.text, "Permission denied"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_kept, setup, teardown),
        cmocka_unit_test_setup_teardown(test_times, setup, teardown),
        cmocka_unit_test_setup_teardown(test_garbage, setup, teardown),
        cmocka_unit_test_setup_teardown(test_open_to_others, setup, teardown),
        cmocka_unit_test_setup_teardown(test_symbolic_link, setup, teardown),
        cmocka_unit_test_setup_teardown(test_lock, setup, teardown),
        cmocka_unit_test_setup_teardown(test_no_folder, setup, teardown),
        cmocka_unit_test_setup_teardown(test_no_right, setup, teardown),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
