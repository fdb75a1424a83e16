/* Login, its cache and renewal, limits, stopping, against the sandbox. */
#include "tests/unit/test_api_sandbox.h"

#include "core/clock.h"

static struct buf lines; /* what was logged, one a line, "LEVEL text" */

static void keep_line(void *context, enum log_level level, const char *line)
{
    (void)context;
    buf_printf(&lines, "%d %s\n", (int)level, line);
}

static int reset(void **state)
{
    (void)state;
    sandbox_clear();
    buf_reset(&lines);
    return 0;
}

static struct client *logging_client(const struct client_options *options)
{
    struct client_options with = *options;
    struct error error = ERROR_INIT;
    struct client *client;

    with.log = keep_line;
    client = client_new(&with, &error);
    assert_string_equal(error.text, "");
    return client;
}

static bool identify(struct client *client, struct error *error)
{
    struct remote_identity identity;

    *error = ERROR_INIT;
    return remote_identify(client, &identity, error);
}

static void test_revoked(void **state)
{
    struct client_options options = sandbox_options();
    struct client *client = logging_client(&options);
    struct error error;

    (void)state;
    assert_true(identify(client, &error));
    sandbox_do("POST", "/_sandbox/revoke", NULL);
    assert_true(identify(client, &error));
    assert_int_equal(sandbox_count("POST /oauth/token"), 2);
    assert_int_equal(sandbox_count("GET /api"), 3);
    assert_non_null(strstr(buf_text(&lines), "1 GET /api/v2/tokens/me: the token was refused"));
    sandbox_do("PUT", "/_sandbox/faults",
               "{\"fault\":\"token_revoked\",\"match\":{\"path\":\"/api\"}}");
    assert_false(identify(client, &error));
    assert_int_equal(error.code, ERROR_AUTH);
    assert_int_equal(sandbox_count("GET /api"), 5);
    assert_null(strstr(buf_text(&lines), "\n3 ")); /* the error is told by whoever gets it */
    client_free(client);
}

static void test_wrong_client(void **state)
{
    struct client_options options = sandbox_options();
    struct client *client;
    struct client_status status;
    struct error error = ERROR_INIT;

    (void)state;
    options.credentials[0] = (struct client_credential){"sandbox-client", "old-secret"};
    client = logging_client(&options);
    assert_false(client_login(client, &error));
    assert_int_equal(error.code, ERROR_AUTH);
    assert_false(identify(client, &error));
    assert_int_equal(error.code, ERROR_AUTH);
    assert_non_null(strstr(error.text, "correlation id c0"));
    client_free(client);
    options.credentials[1] = (struct client_credential){"sandbox-client", "sandbox-secret"};
    client = logging_client(&options);
    assert_true(identify(client, &error));
    client_get_status(client, &status);
    assert_int_equal(status.credential, 1);
    assert_int_equal(status.logins, 2);
    client_free(client);
    assert_non_null(strstr(buf_text(&lines), "3 login refused"));
    assert_null(strstr(buf_text(&lines), "secret"));
}

/* What is promised of `check`: such a client could not write if it wanted to. */
static void test_read_only(void **state)
{
    static const char *const methods[] = {"POST", "PUT", "DELETE", "PATCH"};
    struct client_options options = sandbox_options();
    struct client *client;

    (void)state;
    options.read_only = true;
    client = logging_client(&options);
    for (size_t i = 0; i < sizeof(methods) / sizeof(methods[0]); i++) {
        struct request request = {.method = methods[i],
                                  .path = "/api/v2/processautomation/triggers"};
        struct error error = ERROR_INIT;
        json_t *body = NULL;
        assert_false(client_call(client, &request, &body, &error));
        assert_int_equal(error.code, ERROR_FAILED);
    }
    struct error error = ERROR_INIT;
    assert_true(identify(client, &error));
    client_free(client);
}

static void test_login_trouble(void **state)
{
    static const char *const faults[] = {
        "{\"fault\":\"login_rate_limited\",\"times\":2,\"match\":{\"path\":\"/oauth\"}}",
        "{\"fault\":\"garbage\",\"times\":2,\"match\":{\"path\":\"/oauth\"}}",
        "{\"fault\":\"cut_after\",\"times\":2,\"match\":{\"path\":\"/oauth\"}}",
        "{\"fault\":\"status\",\"status\":503,\"times\":2,\"match\":{\"path\":\"/oauth\"}}",
    };
    struct error error;

    (void)state;
    for (size_t i = 0; i < sizeof(faults) / sizeof(faults[0]); i++) {
        struct client *client = sandbox_client();
        sandbox_do("DELETE", "/_sandbox/requests", NULL);
        sandbox_do("PUT", "/_sandbox/faults", faults[i]);
        assert_true(identify(client, &error));
        assert_int_equal(sandbox_count("POST /oauth/token"), 3);
        client_free(client);
    }
}

/* Tokens of two seconds: renewed beside the requests, none of which ever meets an old one. */
static void test_refresh(void **state)
{
    struct client_options options = sandbox_options();
    struct client *client = logging_client(&options);
    struct client_status status;
    struct error error;
    int64_t end_ms = clock_monotonic_ms() + 3500;

    (void)state;
    sandbox_do("PUT", "/_sandbox/settings", "{\"token_lifetime_s\":3}");
    while (clock_monotonic_ms() < end_ms)
        assert_true(identify(client, &error));
    client_get_status(client, &status);
    assert_in_range(status.logins, 2, 4);
    assert_null(strstr(buf_text(&lines), "\n3 "));
    client_free(client);
}

/* The login fails while a token still serves: requests go on. */
static void test_refresh_fails(void **state)
{
    struct client_options options = sandbox_options();
    struct client *client;
    struct error error;
    int64_t end_ms = clock_monotonic_ms() + 1900;

    (void)state;
    options.no_retries = true;
    client = logging_client(&options);
    sandbox_do("PUT", "/_sandbox/settings", "{\"token_lifetime_s\":3}");
    assert_true(identify(client, &error));
    sandbox_do("PUT", "/_sandbox/faults",
               "{\"fault\":\"status\",\"status\":503,\"match\":{\"path\":\"/oauth\"}}");
    while (clock_monotonic_ms() < end_ms)
        assert_true(identify(client, &error));
    assert_non_null(strstr(buf_text(&lines), "could not be renewed yet"));
    client_free(client);
}

static void remove_folder(const char *folder)
{
    char command[128];

    snprintf(command, sizeof(command), "rm -rf %s", folder);
    assert_int_equal(system(command), 0);
}

static void test_cache(void **state)
{
    struct client_options options = sandbox_options();
    char folder[] = "/tmp/eventctl-tokens-XXXXXX";
    struct client_status status;
    struct error error;

    (void)state;
    assert_non_null(mkdtemp(folder));
    options.token_cache = folder;
    for (int i = 0; i < 3; i++) {
        struct client *client = logging_client(&options);
        assert_true(identify(client, &error));
        client_get_status(client, &status);
        assert_int_equal(status.token_from_cache, i > 0);
        assert_in_range(status.token_expires_in_s, 86300, 86400);
        client_free(client);
    }
    assert_int_equal(sandbox_count("POST /oauth/token"), 1);
    sandbox_do("POST", "/_sandbox/revoke", NULL); /* a kept token that does not serve any more */
    struct client *client = logging_client(&options);
    assert_true(identify(client, &error));
    assert_int_equal(sandbox_count("POST /oauth/token"), 2);
    client_free(client);
    remove_folder(folder);
}

/* Four processes at one moment: one of them logs in. */
static void test_cache_race(void **state)
{
    enum { PROCESSES = 4 };
    struct client_options options = sandbox_options();
    char folder[] = "/tmp/eventctl-tokens-XXXXXX";
    pid_t pids[PROCESSES];

    (void)state;
    assert_non_null(mkdtemp(folder));
    options.token_cache = folder;
    sandbox_do("PUT", "/_sandbox/faults",
               "{\"fault\":\"latency\",\"ms\":200,\"match\":{\"path\":\"/oauth\"}}");
    for (int i = 0; i < PROCESSES; i++) {
        pids[i] = fork();
        if (pids[i] == 0) {
            struct error error = ERROR_INIT;
            struct client *client = client_new(&options, &error);
            bool ok = client && identify(client, &error);
            client_free(client);
            _exit(ok ? 0 : 1);
        }
    }
    for (int i = 0; i < PROCESSES; i++) {
        int status = 0;
        assert_int_equal(waitpid(pids[i], &status, 0), pids[i]);
        assert_int_equal(status, 0);
    }
    assert_int_equal(sandbox_count("POST /oauth/token"), 1);
    assert_int_equal(sandbox_count("GET /api"), PROCESSES);
    remove_folder(folder);
}

static void test_rate(void **state)
{
    struct client_options options = sandbox_options();
    struct client *client = logging_client(&options);
    struct client_status status;
    struct error error;

    (void)state;
    sandbox_do("PUT", "/_sandbox/settings", "{\"rate_limit\":20}");
    for (int i = 0; i < 14; i++)
        assert_true(identify(client, &error));
    client_get_status(client, &status);
    assert_int_equal(status.rate_count, 14);
    assert_int_equal(status.rate_allowed, 20);
    assert_true(status.waiting_ms > 5000); /* six calls left for a minute */
    assert_in_range(client_width(client), 1, 8);
    assert_true(client_eta_ms(client, 6) > 30000);
    assert_true(status.clock_skew_s >= -2 && status.clock_skew_s <= 2);
    client_free(client);
}

static void test_refused_by_rate(void **state)
{
    struct client_options options = sandbox_options();
    struct client *client = logging_client(&options);
    struct error error;
    int64_t start_ms = clock_monotonic_ms();

    (void)state;
    sandbox_do("PUT", "/_sandbox/faults",
               "{\"fault\":\"rate_limited\",\"retry_after\":2,\"times\":1,"
               "\"match\":{\"path\":\"/api\"}}");
    assert_true(identify(client, &error));
    assert_in_range(clock_monotonic_ms() - start_ms, 1990, 4000);
    assert_non_null(strstr(buf_text(&lines), "1 rate limit reached: waiting 2s"));
    sandbox_do("PUT", "/_sandbox/faults",
               "{\"fault\":\"rate_limited\",\"retry_after\":600,\"match\":{\"path\":\"/api\"}}");
    assert_false(identify(client, &error)); /* longer than may be waited */
    assert_non_null(strstr(error.text, "429"));
    client_free(client);
}

static volatile sig_atomic_t stop;

static void note_end(void *context, struct reply *reply)
{
    struct error *error = context;

    *error = reply->error;
    assert_int_equal(reply->fate, REPLY_NOT_SENT);
}

static void test_stop(void **state)
{
    struct client_options options = sandbox_options();
    struct request request = {.method = "GET", .path = "/api/v2/tokens/me"};
    struct client *client;
    struct error error = ERROR_INIT, ended = ERROR_INIT;

    (void)state;
    stop = 0;
    options.stop = &stop;
    client = logging_client(&options);
    assert_true(identify(client, &error));
    sandbox_do("PUT", "/_sandbox/faults",
               "{\"fault\":\"rate_limited\",\"retry_after\":3,\"match\":{\"path\":\"/api\"}}");
    assert_true(client_start(client, &request, note_end, &ended, &error));
    while (sandbox_count("GET /api") < 2)
        client_step(client, 20);
    client_step(client, 20);
    stop = 1;
    client_run(client);
    assert_int_equal(ended.code, ERROR_INTERRUPTED);
    assert_false(client_start(client, &request, note_end, &ended, &error));
    assert_int_equal(error.code, ERROR_INTERRUPTED);
    client_free(client);
}

static void test_hang(void **state)
{
    struct client_options options = sandbox_options();
    struct client *client;
    struct error error = ERROR_INIT;

    (void)state;
    options.timeout_ms = 150;
    options.retries = 1;
    client = logging_client(&options);
    assert_true(client_login(client, &error));
    sandbox_do("PUT", "/_sandbox/faults", "{\"fault\":\"hang\",\"match\":{\"path\":\"/api\"}}");
    assert_false(identify(client, &error));
    assert_non_null(strstr(error.text, "timed out"));
    assert_int_equal(sandbox_count("GET /api"), 2);
    client_free(client);
}

static void test_options(void **state)
{
    static const struct {
        const char *api, *login, *id, *secret;
        enum error_code code;
    } cases[] = {
        {"http://api.example.com", "https://x", "a", "b", ERROR_INVALID},
        {"https://x", "http://login.example.com", "a", "b", ERROR_INVALID},
        {"ftp://x", "https://x", "a", "b", ERROR_INVALID},
        {"https://a:b@x", "https://x", "a", "b", ERROR_INVALID},
        {NULL, "https://x", "a", "b", ERROR_INVALID},
        {"https://x", "https://x", NULL, NULL, ERROR_AUTH},
        {"https://x", "https://x", "a", NULL, ERROR_AUTH},
        {"https://x", "https://x", "a:b", "c", ERROR_AUTH},
        {"https://x", "https://x", "a", "b", ERROR_NONE},
        {"http://[::1]:8080/", "http://localhost", "a", "b", ERROR_NONE},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct client_options options = {.api_url = cases[i].api,
                                         .login_url = cases[i].login,
                                         .credentials = {{cases[i].id, cases[i].secret}}};
        struct error error = ERROR_INIT;
        struct client *client = client_new(&options, &error);
        assert_int_equal(error.code, cases[i].code);
        assert_int_equal(client != NULL, cases[i].code == ERROR_NONE);
        client_free(client);
    }
}

static void test_nobody_there(void **state)
{
    struct client_options options = sandbox_options();
    struct client *client;
    struct error error = ERROR_INIT;

    (void)state;
    options.api_url = "http://127.0.0.1:1";
    options.retries = 2;
    client = logging_client(&options);
    assert_false(identify(client, &error));
    assert_int_equal(error.code, ERROR_FAILED);
    client_free(client);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(test_revoked, reset),
        cmocka_unit_test_setup(test_wrong_client, reset),
        cmocka_unit_test_setup(test_read_only, reset),
        cmocka_unit_test_setup(test_login_trouble, reset),
        cmocka_unit_test_setup(test_refresh, reset),
        cmocka_unit_test_setup(test_refresh_fails, reset),
        cmocka_unit_test_setup(test_cache, reset),
        cmocka_unit_test_setup(test_cache_race, reset),
        cmocka_unit_test_setup(test_rate, reset),
        cmocka_unit_test_setup(test_refused_by_rate, reset),
        cmocka_unit_test_setup(test_stop, reset),
        cmocka_unit_test_setup(test_hang, reset),
        cmocka_unit_test_setup(test_options, reset),
        cmocka_unit_test_setup(test_nobody_there, reset),
    };
    int failed;

    sandbox_start();
    buf_init(&lines, 16 * 1024 * 1024);
    failed = cmocka_run_group_tests(tests, NULL, NULL);
    buf_release(&lines);
    sandbox_stop();
    return failed != 0;
}
