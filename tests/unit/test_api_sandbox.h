/* A local Genesys for one test program: started, told what should go wrong, asked what it was
 * asked.
 *
 * Its path comes from GENESYS_SANDBOX; without it the program is skipped (exit 77).
 */
#ifndef TEST_API_SANDBOX_H
#define TEST_API_SANDBOX_H

#include "api/remote.h"

#include "core/json.h"

#include <curl/curl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#define EVENT_STREAMS "/api/v2/eventstreams/subscriptions"
#define TRIGGERS      "/api/v2/processautomation/triggers"

static char sandbox_url[64];
static pid_t sandbox_pid;

static inline void sandbox_start(void)
{
    const char *program = getenv("GENESYS_SANDBOX");
    int ends[2];
    size_t length = 0;

    if (!program || access(program, X_OK) != 0) {
        fprintf(stderr, "skipped: GENESYS_SANDBOX names no program\n");
        exit(77);
    }
    if (pipe(ends) != 0)
        exit(1);
    sandbox_pid = fork();
    if (sandbox_pid == 0) {
        dup2(ends[1], STDOUT_FILENO);
        execl(program, program, "--listen", "127.0.0.1:0", (char *)NULL);
        _exit(127);
    }
    close(ends[1]);
    while (length + 1 < sizeof(sandbox_url) && read(ends[0], sandbox_url + length, 1) == 1 &&
           sandbox_url[length] != '\n')
        length++;
    sandbox_url[length] = '\0';
    close(ends[0]);
    if (length == 0)
        exit(1);
}

static inline void sandbox_stop(void)
{
    kill(sandbox_pid, SIGTERM);
    waitpid(sandbox_pid, NULL, 0);
}

static inline size_t sandbox_take(char *bytes, size_t size, size_t count, void *context)
{
    buf_add(context, bytes, size * count);
    return size * count;
}

/* One call to the control path, or any other; the answer as JSON, or NULL. */
static inline json_t *sandbox_call(const char *method, const char *path, const char *body)
{
    CURL *easy = curl_easy_init();
    struct buf url, answer;
    json_t *json;

    buf_init(&url, 4096);
    buf_init(&answer, 64 * 1024 * 1024);
    buf_printf(&url, "%s%s", sandbox_url, path);
    curl_easy_setopt(easy, CURLOPT_URL, url.data);
    curl_easy_setopt(easy, CURLOPT_PROXY, "");
    if (body)
        curl_easy_setopt(easy, CURLOPT_POSTFIELDS, body);
    curl_easy_setopt(easy, CURLOPT_CUSTOMREQUEST, method);
    curl_easy_setopt(easy, CURLOPT_WRITEFUNCTION, sandbox_take);
    curl_easy_setopt(easy, CURLOPT_WRITEDATA, &answer);
    assert_int_equal(curl_easy_perform(easy), CURLE_OK);
    json = json_loadb(buf_text(&answer), answer.length, 0, NULL);
    curl_easy_cleanup(easy);
    buf_release(&url);
    buf_release(&answer);
    return json;
}

static inline void sandbox_do(const char *method, const char *path, const char *body)
{
    json_decref(sandbox_call(method, path, body));
}

/* As it was at the start. */
static inline void sandbox_clear(void)
{
    sandbox_do("DELETE", "/_sandbox/faults", NULL);
    sandbox_do("DELETE", "/_sandbox/objects", NULL);
    sandbox_do("DELETE", "/_sandbox/requests", NULL);
    sandbox_do("PUT", "/_sandbox/settings",
               "{\"rate_limit\":0,\"token_lifetime_s\":86400,\"read_lag_ms\":0,"
               "\"read_lag_reads\":0,\"page_size_max\":200,\"deny\":[],\"flows\":[]}");
}

/* How often a request line that begins so was seen. */
static inline size_t sandbox_count(const char *line)
{
    json_t *report = sandbox_call("GET", "/_sandbox/requests", NULL);
    json_t *log = json_object_get(report, "log");
    size_t count = 0;

    for (size_t i = 0; i < json_array_size(log); i++)
        count += strncmp(json_string_value(json_array_get(log, i)), line, strlen(line)) == 0;
    json_decref(report);
    return count;
}

/* The objects of a kind as the sandbox truly has them. */
static inline size_t sandbox_objects(const char *kind)
{
    json_t *objects = sandbox_call("GET", "/_sandbox/objects", NULL);
    size_t count = json_array_size(json_object_get(objects, kind));

    json_decref(objects);
    return count;
}

static inline struct client_options sandbox_options(void)
{
    return (struct client_options){.api_url = sandbox_url,
                                   .login_url = sandbox_url,
                                   .credentials = {{"sandbox-client", "sandbox-secret"}},
                                   .retry_base_ms = 10,
                                   .retry_total_ms = 5000,
                                   .timeout_ms = 1000};
}

static inline struct client *sandbox_client(void)
{
    struct client_options options = sandbox_options();
    struct error error = ERROR_INIT;
    struct client *client = client_new(&options, &error);

    assert_string_equal(error.text, "");
    assert_non_null(client);
    return client;
}

/* An object as a manifest would ask for it, number `n` of its kind. */
static inline void make_object(struct object *object, enum via via, int n, const char *word)
{
    char name[64];
    json_t *filter = json_loads("[{\"field\":\"mediaType\",\"op\":\"eq\",\"value\":\"VOICE\"},"
                                "{\"field\":\"direction\",\"op\":\"in\","
                                "\"value\":[\"INBOUND\",\"OUTBOUND\"]}]",
                                0, NULL);
    json_t *fields =
        json_pack("[s,s,b,[s],o,s,n,n,s,s,s,n,n,b]", "", word, 1, "Interaction.Created", filter,
                  "immediate", "https://ingest.example.com/events",
                  "3f0c0000-0000-4000-8000-000000000001", "TopLevelPrimitives", 0);

    assert_non_null(fields);
    object_init(object);
    object->via = via;
    snprintf(name, sizeof(name), "voice-%d@v1%s", n, via == VIA_TRIGGER ? "/acd.end" : "");
    json_array_set_new(fields, FIELD_NAME, json_string(name));
    object->name = strdup(name);
    if (via == VIA_TRIGGER)
        object->topic = strdup("v2.detail.events.conversation.{id}.acd.end");
    object->marker = (struct marker){.present = true, .version = 1, .organization = "acme-dev"};
    snprintf(object->marker.name, sizeof(object->marker.name), "voice-%d", n);
    for (enum field field = 0; field < FIELD_COUNT; field++)
        if (field_table[field].by_via[via]) {
            const json_t *value = json_array_get(fields, field);
            assert_true(field_table[field].set ? object_set_sorted(object, field, value)
                                               : object_set(object, field, value));
        }
    json_decref(fields);
}

static inline void write_ended(void *context, struct remote_write *write)
{
    (void)write;
    *(bool *)context = true;
}

/* Carries one write through to its end. */
static inline void run_write(struct client *client, struct remote_write *write)
{
    struct error error = ERROR_INIT;
    bool ended = false;

    assert_true(remote_write_start(client, write, write_ended, &ended, &error));
    while (!ended)
        client_step(client, 1000);
}

#endif
