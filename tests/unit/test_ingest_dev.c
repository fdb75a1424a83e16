/* The folder that `ingestd --dev` makes, and that what it says to type is true. */
#include "ingest/dev.h"

#include "core/clock.h"
#include "core/file.h"
#include "ingest/dev_key.h"
#include "ingest/live.h"
#include "unit.h"

#include <limits.h>
#include <openssl/err.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

static char top[] = "/tmp/test-ingest-dev-XXXXXX";
static char folder[64];

static const char *const names[] = {"certificate.key", "certificate.pem", "hmac.secret",
                                    "signing.key",     "signing.pub",     "admin.token",
                                    "ingestd.yaml"};
enum { NAMES = sizeof(names) / sizeof(names[0]) };

static int setup(void **state)
{
    (void)state;
    memcpy(top + strlen(top) - 6, "XXXXXX", 6);
    assert_non_null(mkdtemp(top));
    snprintf(folder, sizeof(folder), "%s/it's a folder", top);
    return 0;
}

static int teardown(void **state)
{
    char command[128];

    (void)state;
    snprintf(command, sizeof(command), "rm -r %s", top);
    return system(command);
}

static void prepare(char path[PATH_MAX])
{
    struct error error = ERROR_INIT;

    if (!dev_prepare(folder, path, PATH_MAX, &error))
        fail_msg("%s", error.text);
    assert_int_equal(ERR_peek_error(), 0);
}

static void read_file(const char *name, struct buf *out)
{
    struct error error = ERROR_INIT;
    char path[PATH_MAX];

    snprintf(path, sizeof(path), "%s/%s", folder, name);
    buf_init(out, 1 << 20);
    if (!file_read(path, out, &error))
        fail_msg("%s", error.text);
}

static void write_file(const char *name, const struct buf *bytes)
{
    struct error error = ERROR_INIT;
    char path[PATH_MAX];

    snprintf(path, sizeof(path), "%s/%s", folder, name);
    assert_true(file_replace(path, bytes->data, bytes->length, &error));
}

static void remove_file(const char *name)
{
    char path[PATH_MAX];

    snprintf(path, sizeof(path), "%s/%s", folder, name);
    assert_int_equal(unlink(path), 0);
}

static void test_modes(void **state)
{
    char path[PATH_MAX];
    struct stat stat_of;
    mode_t mask = umask(0); /* a careless one */

    (void)state;
    prepare(path);
    umask(mask);
    assert_int_equal(stat(folder, &stat_of), 0);
    assert_int_equal(stat_of.st_mode & 07777, 0700);
    for (size_t i = 0; i < NAMES; i++) {
        snprintf(path, sizeof(path), "%s/%s", folder, names[i]);
        assert_int_equal(stat(path, &stat_of), 0);
        assert_int_equal(stat_of.st_mode & 07777, 0600);
    }
}

static void test_twice_is_the_same(void **state)
{
    struct buf before[NAMES], after;
    char path[PATH_MAX];

    (void)state;
    prepare(path);
    for (size_t i = 0; i < NAMES; i++)
        read_file(names[i], &before[i]);
    prepare(path);
    for (size_t i = 0; i < NAMES; i++) {
        read_file(names[i], &after);
        assert_string_equal(buf_text(&before[i]), buf_text(&after));
        buf_release(&after);
        buf_release(&before[i]);
    }
}

/* What is gone is made anew, with what was made from it; all else stays. */
static void test_one_is_gone(void **state)
{
    static const bool anew[NAMES][NAMES] = {
        {true, true, false, false, false, false, false},
        {false, true, false, false, false, false, false},
        {false, false, true, false, false, false, false},
        {false, false, false, true, true, false, false},
        {false, false, false, false, false, false, false}, /* the same from the same key */
        {false, false, false, false, false, true, false},
        {false, false, false, false, false, false, false},
    };
    struct buf before[NAMES], after;
    char path[PATH_MAX];

    (void)state;
    for (size_t gone = 0; gone < NAMES; gone++) {
        prepare(path);
        for (size_t i = 0; i < NAMES; i++)
            read_file(names[i], &before[i]);
        remove_file(names[gone]);
        prepare(path);
        for (size_t i = 0; i < NAMES; i++) {
            read_file(names[i], &after);
            assert_int_equal(strcmp(buf_text(&before[i]), buf_text(&after)) != 0, anew[gone][i]);
            buf_release(&after);
            buf_release(&before[i]);
        }
    }
}

static void test_certificate_is_renewed(void **state)
{
    struct error error = ERROR_INIT;
    struct buf key, old, now;
    char path[PATH_MAX];

    (void)state;
    prepare(path);
    read_file("certificate.key", &key);
    read_file("certificate.pem", &now);
    assert_false(dev_key_expired(&key, &now, clock_unix_s()));
    assert_true(dev_key_expired(&key, &now, clock_unix_s() + INT64_C(7) * 86400));
    buf_init(&old, 1 << 16);
    assert_true(dev_key_certificate(&key, clock_unix_s() - INT64_C(8) * 86400, &old, &error));
    write_file("certificate.pem", &old);
    prepare(path);
    buf_release(&now);
    read_file("certificate.pem", &now);
    assert_string_not_equal(buf_text(&old), buf_text(&now));
    assert_false(dev_key_expired(&key, &now, clock_unix_s()));
    buf_release(&key);
    buf_release(&old);
    buf_release(&now);
}

static void test_bad_folders(void **state)
{
    static const char *const folders[] = {"", "/dev/null/x", "/tmp/a\nb", "/tmp/\xff"};
    char path[PATH_MAX];

    (void)state;
    for (size_t i = 0; i < sizeof(folders) / sizeof(folders[0]); i++) {
        struct error error = ERROR_INIT;
        assert_false(dev_prepare(folders[i], path, sizeof(path), &error));
        assert_int_not_equal(error.code, ERROR_NONE);
    }
    struct error error = ERROR_INIT;
    assert_false(dev_prepare(folder, path, 10, &error));
    assert_true(strstr(error.text, "too long"));
}

/* -- what it says to type -------------------------------------------------------------------- */

static struct live *open_live(void)
{
    struct error error = ERROR_INIT;
    struct diag_list diags;
    struct source source;
    struct config config;
    char path[PATH_MAX];

    prepare(path);
    config_init(&config);
    diag_list_init(&diags);
    assert_true(source_read(&source, path, &diags));
    if (!config_read(&config, &source, &diags))
        fail_msg("%s", diags.count ? diags.entries[0].message : "no memory");
    assert_int_equal(diags.count, 0);
    source_release(&source);
    diag_list_release(&diags);
    struct live *live = live_new(&config, NULL, 0, &error);
    if (!live)
        fail_msg("%s", error.text);
    return live;
}

static void test_configuration(void **state)
{
    struct live *live = open_live();

    (void)state;
    assert_string_equal(live->config->listen.address, "127.0.0.1:8443");
    assert_string_equal(live->config->admin.address, "127.0.0.1:8444");
    assert_non_null(live->tls);
    assert_non_null(auth_find(live->auth, "/events"));
    assert_non_null(auth_find(live->auth, "/messaging"));
    live_drop(live);
}

/* Runs the commands with a curl that only writes its arguments, one a line. */
static void run_commands(const struct buf *commands, struct buf *out)
{
    static const char before[] = "curl() { for word; do printf '%s\\n' \"$word\"; done; }\n";
    char path[PATH_MAX], command[PATH_MAX + 8], chunk[4096];
    struct buf script;
    size_t length;

    buf_init(&script, 1 << 16);
    buf_printf(&script, "%s%s", before, buf_text(commands));
    write_file("typed.sh", &script);
    buf_release(&script);
    snprintf(path, sizeof(path), "%s/typed.sh", folder);
    snprintf(command, sizeof(command), "sh \"%s\"", path);
    FILE *pipe = popen(command, "r");
    assert_non_null(pipe);
    while ((length = fread(chunk, 1, sizeof(chunk), pipe)) > 0)
        buf_add(out, chunk, length);
    assert_int_equal(pclose(pipe), 0);
}

static struct http_reader request;

static enum auth_reason ask(const struct live *live, const char *path)
{
    struct auth_sender sender = {.now_s = clock_unix_s()};

    return auth_verify(auth_find(live->auth, path), &request, &sender).reason;
}

/* Goes through the words that curl was given; at each body the request is whole. */
static size_t ask_all(const struct live *live, char *words, enum auth_reason reasons[4])
{
    size_t count = 0;
    const char *path = "/";
    bool body = false;

    for (char *rest = NULL, *word = strtok_r(words, "\n", &rest); word && count < 4;
         word = strtok_r(NULL, "\n", &rest)) {
        char *colon = strchr(word, ':');
        if (strncmp(word, "https://127.0.0.1:1234/", 23) == 0) {
            path = word + 22;
            request.header_count = 0;
        } else if (strncmp(word, "X-", 2) == 0 && colon) {
            *colon = '\0';
            for (char *c = word; *c; c++)
                *c = (char)(*c >= 'A' && *c <= 'Z' ? *c + 32 : *c);
            request.headers[request.header_count++] =
                (struct http_header){word, colon + 2, strlen(word), strlen(colon + 2)};
        } else if (body) {
            request.body = (struct buf){.data = word, .length = strlen(word)};
            reasons[count++] = ask(live, path);
        }
        body = strcmp(word, "--data-binary") == 0;
    }
    return count;
}

static void test_commands(void **state)
{
    enum auth_reason reasons[4] = {AUTH_REASONS, AUTH_REASONS, AUTH_REASONS, AUTH_REASONS};
    struct live *live;
    struct buf text, words, token;

    (void)state;
    if (system("command -v openssl >/dev/null 2>&1") != 0)
        skip();
    live = open_live();
    buf_init(&text, 1 << 16);
    buf_init(&words, 1 << 16);
    buf_add_text(&text, "{\"delivered\":1}\n");
    write_file("events.ndjson", &text); /* as the sink would */
    buf_reset(&text);
    dev_explain(&text, folder, "127.0.0.1:1234", "127.0.0.1:5678");
    run_commands(&text, &words);
    assert_true(strstr(buf_text(&words), "http://127.0.0.1:5678/v1/status"));
    assert_true(strstr(buf_text(&words), "{\"delivered\":1}"));
    read_file("admin.token", &token);
    assert_true(strstr(buf_text(&words), buf_text(&token)));
    assert_int_equal(ask_all(live, words.data, reasons), 3);
    assert_int_equal(reasons[0], AUTH_OK);
    assert_int_equal(reasons[1], AUTH_OK);
    assert_int_equal(reasons[2], AUTH_SIGNATURE);
    buf_release(&token);
    buf_release(&text);
    buf_release(&words);
    live_drop(live);
}

/* Secrets are named, never shown. */
static void test_no_secrets(void **state)
{
    static const char *const secrets[] = {"hmac.secret", "admin.token", "signing.key"};
    char path[PATH_MAX];
    struct buf text, secret;

    (void)state;
    prepare(path);
    buf_init(&text, 1 << 16);
    dev_explain(&text, folder, "127.0.0.1:1234", "127.0.0.1:5678");
    for (size_t i = 0; i < sizeof(secrets) / sizeof(secrets[0]); i++) {
        read_file(secrets[i], &secret);
        secret.data[20] = '\0';
        assert_true(strstr(buf_text(&text), secrets[i]));
        if (i < 2)
            assert_false(strstr(buf_text(&text), secret.data));
        buf_release(&secret);
    }
    assert_false(strstr(buf_text(&text), "PRIVATE"));
    buf_release(&text);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        UNIT(test_modes),       UNIT(test_twice_is_the_same),
        UNIT(test_one_is_gone), UNIT(test_certificate_is_renewed),
        UNIT(test_bad_folders), UNIT(test_configuration),
        UNIT(test_commands),    UNIT(test_no_secrets),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
