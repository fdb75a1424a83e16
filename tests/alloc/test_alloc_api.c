/* The API's client with memory that runs out: reading replies, and work on a real sandbox, whose
 * path is in GENESYS_SANDBOX (else that part is skipped and the exit code 77). */
#include "api/driver.h"
#include "api/ingest_answer.h"
#include "api/ingest_sample.h"
#include "api/reply.h"
#include "api/token.h"
#include "core/json.h"
#include "tests/alloc/alloc.h"

#include <curl/curl.h>
#include <signal.h>
#include <stdint.h>
#include <sys/wait.h>
#include <unistd.h>

enum { HANG_S = 120 };

static void must(bool ok)
{
    if (!ok)
        abort();
}

static bool told(bool ok, const struct error *error)
{
    if (!ok && (error->code == ERROR_NONE || !error->text[0]))
        alloc_wrong("it failed without an error");
    return ok;
}

/* -- replies ---------------------------------------------------------------------------------- */

static const char subscriptions_page[] =
    "{\"entities\":[{\"id\":\"sub-1\",\"name\":\"voice@v1\",\"version\":7,\"enabled\":true,"
    "\"description\":\"Voice [eventctl acme-dev/team/voice@1! n12abdcdef]\","
    "\"eventTypes\":[\"Interaction.Created\",\"Interaction.Closed\"],"
    "\"filterExpression\":{\"field\":\"status\",\"operator\":\"NOT_IN\",\"value\":[\"b\",\"a\"]},"
    "\"additionalFilter\":[{\"field\":\"x\",\"operator\":\"EXISTS\",\"value\":true}],"
    "\"batching\":{\"mode\":\"Batched\",\"windowMs\":100},"
    "\"delivery\":{\"url\":\"https://ingest.example.com/a/rather/long/path\"},"
    "\"health\":{\"state\":\"THROTTLED\"}}],"
    "\"nextUri\":\"/api/v2/eventstreams/subscriptions?after=abc\"}";
static const char triggers_page[] =
    "{\"entities\":[{\"id\":\"00000000-0000-4000-8000-000000000001\",\"name\":\"answers@v2/x\","
    "\"topicName\":\"v2.detail.events.conversation.{id}.acd.end\",\"version\":3,\"enabled\":false,"
    "\"target\":{\"type\":\"Workflow\",\"id\":\"3f0c1b52-8a54-4d0e-9d1f-6a2f7c9e5b10\"},"
    "\"matchCriteria\":[{\"jsonPath\":\"mediaType\",\"operator\":\"In\",\"values\":[\"VOICE\"]},"
    "{\"jsonPath\":\"n\",\"operator\":\"Strange\",\"value\":{\"a\":[1,2.5,null]}}],"
    "\"eventTTLSeconds\":60,\"description\":\"by hand\"}],\"nextUri\":null}";

/* One page as bytes: parsed, paged, each entity read and written again. */
static bool read_page(enum via via, const char *text, size_t nth, enum alloc_mode mode,
                      struct buf *result)
{
    struct error error = ERROR_INIT;
    const json_t *entities;
    struct object object;
    json_t *page, *body = NULL;
    char *next = NULL;
    bool ok;

    object_init(&object);
    alloc_on(nth, mode);
    page = reply_parse(text, strlen(text), &error);
    ok = told(page && reply_read_page(page, "https://api.example.com", &entities, &next, &error) &&
                  driver_find(via)->entity_read(json_array_get(entities, 0), &object, &error),
              &error);
    body = ok ? remote_body(&object, 7) : NULL;
    alloc_off();
    ok = body != NULL;
    if (ok) {
        json_add_canonical(result, body);
        buf_printf(result, " %s %s", next ? next : "-", object.health ? object.health : "-");
    }
    json_decref(page);
    json_decref(body);
    free(next);
    object_release(&object);
    return ok;
}

static bool read_subscriptions(size_t nth, enum alloc_mode mode, struct buf *result)
{
    return read_page(VIA_EVENT_STREAMS, subscriptions_page, nth, mode, result);
}

static bool read_triggers(size_t nth, enum alloc_mode mode, struct buf *result)
{
    return read_page(VIA_TRIGGER, triggers_page, nth, mode, result);
}

static bool read_login(size_t nth, enum alloc_mode mode, struct buf *result)
{
    static const char text[] = "{\"access_token\":\"abcdefghijklmnopqrstuvwxyz0123456789\","
                               "\"token_type\":\"bearer\",\"expires_in\":86399}";
    struct error error = ERROR_INIT;
    struct reply_token token;
    enum reply_login login;

    alloc_on(nth, mode);
    login = reply_read_login(200, text, sizeof(text) - 1, "c0", &token, &error);
    alloc_off();
    if (login == LOGIN_REFUSED)
        alloc_wrong("want of memory is taken for wrong credentials");
    if (login == LOGIN_GRANTED)
        buf_printf(result, "%s %lld", token.text, (long long)token.lifetime_s);
    secret_free(token.text);
    return told(login == LOGIN_GRANTED, &error);
}

/* With less memory the text may say less, but the kind of error stays. */
static bool read_errors(size_t nth, enum alloc_mode mode, struct buf *result)
{
    static const char text[] =
        "{\"message\":\"The version is stale, and more than that is to be told about it\","
        "\"code\":\"version.conflict\",\"status\":409,\"contextId\":\"c1\","
        "\"details\":[{\"errorCode\":\"e\",\"fieldName\":\"a.long.name.of.a.field\"}]}";
    static const long stati[] = {400, 401, 403, 404, 409, 500};
    enum error_code codes[sizeof(stati) / sizeof(stati[0])];
    struct error why = ERROR_INIT;
    json_t *body;

    alloc_on(nth, mode);
    body = reply_parse(text, sizeof(text) - 1, &why);
    for (size_t i = 0; i < sizeof(stati) / sizeof(stati[0]); i++) {
        struct reply_context context = {"PUT", "/api/v2/x", stati[i], "c1", "a:b:edit"};
        struct error error = ERROR_INIT;
        reply_set_error(&error, &context, body);
        told(false, &error);
        codes[i] = error.code;
    }
    alloc_off();
    for (size_t i = 0; i < sizeof(stati) / sizeof(stati[0]); i++)
        buf_printf(result, "%d ", (int)codes[i]);
    json_decref(body);
    return body != NULL;
}

static bool read_identity(size_t nth, enum alloc_mode mode, struct buf *result)
{
    static const char text[] = "{\"organization\":{\"id\":\"189263db-78e4-4668-84cd-53b14af4f0e9\","
                               "\"name\":\"acme-dev\"},\"OAuthClient\":{\"id\":\"client\","
                               "\"name\":\"a client\"}}";
    struct error error = ERROR_INIT;
    struct remote_identity identity;
    json_t *body;
    bool ok;

    memset(&identity, 0, sizeof(identity));
    alloc_on(nth, mode);
    body = reply_parse(text, sizeof(text) - 1, &error);
    ok = told(body && reply_read_identity(body, &identity, &error), &error);
    alloc_off();
    if (ok)
        buf_printf(result, "%s %s", identity.organization_id, identity.organization);
    json_decref(body);
    return ok;
}

/* -- what an ingest service says ----------------------------------------------------------------
 */

enum { SUBSCRIPTIONS = 200 }; /* so many that lists, names and the arena grow */

static void write_status(struct buf *text)
{
    buf_add_text(text, "{\"status_version\":1,\"instance\":\"i\",\"dead_letters\":{\"reasons\":["
                       "{\"subscription\":\"s\",\"reason\":\"timeout\",\"count\":3}]},"
                       "\"sinks\":[{\"name\":\"crm\",\"breaker\":\"open\"}],\"subscriptions\":[");
    for (int i = 0; i < SUBSCRIPTIONS; i++)
        buf_printf(text, "%s{\"id\":\"sub-%d\",\"depth\":%d,\"name\":\"caf\\u00e9 %0*d\"}",
                   i ? "," : "", i, i, SAMPLE_TEXT_MOST / 2, i);
    buf_add_text(text, "]}");
}

static void write_metrics(struct buf *text)
{
    for (int i = 0; i < SUBSCRIPTIONS; i++)
        buf_printf(text,
                   "ingestd_queue_depth{subscription=\"sub-%d\\n%0*d\"} %d\n"
                   "ingestd_dead_letters{subscription=\"sub-%d\",reason=\"timeout\"} 1\n"
                   "ingestd_dead_lettered_events_total{subscription=\"sub-%d\",reason=\"x\"} 2\n",
                   i, SAMPLE_TEXT_MOST / 2, i, i, i, i);
    buf_add_text(text, "ingestd_sink_breaker{sink=\"crm\"} 2\n"
                       "ingestd_build_info{version=\"1\",instance=\"i\"} 1\n");
}

static bool read_sample(void (*write)(struct buf *text), size_t nth, enum alloc_mode mode,
                        struct buf *result)
{
    struct error error = ERROR_INIT;
    struct ingest_sample sample;
    struct buf text;
    bool ok;

    buf_init(&text, 4 * 1024 * 1024);
    write(&text);
    sample_init(&sample);
    alloc_on(nth, mode);
    ok = told(sample_read(&sample, text.data, text.length, &error), &error);
    alloc_off();
    buf_release(&text);
    if (!ok && (sample.arena.blocks || sample.subscription_count))
        alloc_wrong("a sample that could not be read is not released");
    buf_printf(result, "%s %zu %zu %zu %lld", sample.instance, sample.subscription_count,
               sample.reason_count, sample.sink_count, (long long)sample.dead_count);
    for (size_t i = 0; i < sample.subscription_count; i++)
        buf_printf(result, " %s %lld", sample.subscriptions[i].id,
                   (long long)sample.subscriptions[i].depth);
    sample_release(&sample);
    return ok;
}

static bool read_status(size_t nth, enum alloc_mode mode, struct buf *result)
{
    return read_sample(write_status, nth, mode, result);
}

static bool read_metrics(size_t nth, enum alloc_mode mode, struct buf *result)
{
    return read_sample(write_metrics, nth, mode, result);
}

/* With less memory its words are missing, but the kind of error stays. */
static bool read_refusal(size_t nth, enum alloc_mode mode, struct buf *result)
{
    static char body[] = "{\"error\":\"a bearer token is needed\"}";
    struct http_response response = {.end = HTTP_ANSWERED, .status = 401};
    struct ingest_answer answer;

    response.body = (struct buf){.data = body, .length = sizeof(body) - 1};
    alloc_on(nth, mode);
    ingest_answer_read(&answer, &response, 1);
    alloc_off();
    told(false, &answer.error);
    buf_printf(result, "%d", (int)answer.error.code);
    return true;
}

/* -- a sandbox -------------------------------------------------------------------------------- */

static char sandbox_url[64];
static pid_t sandbox_pid;

static bool sandbox_start(void)
{
    const char *program = getenv("GENESYS_SANDBOX");
    size_t length = 0;
    int ends[2];

    if (!program || access(program, X_OK) != 0 || pipe(ends) != 0)
        return false;
    sandbox_pid = fork();
    if (sandbox_pid == 0) {
        dup2(ends[1], STDOUT_FILENO);
        execl(program, program, "--listen", "127.0.0.1:0", "--exit-with-parent", "--rate-limit",
              "0", (char *)NULL);
        _exit(127);
    }
    close(ends[1]);
    while (length + 1 < sizeof(sandbox_url) && read(ends[0], sandbox_url + length, 1) == 1 &&
           sandbox_url[length] != '\n')
        length++;
    sandbox_url[length] = '\0';
    close(ends[0]);
    return length > 0;
}

static void sandbox_stop(void)
{
    kill(sandbox_pid, SIGTERM);
    waitpid(sandbox_pid, NULL, 0);
}

static size_t take(char *bytes, size_t size, size_t count, void *context)
{
    buf_add(context, bytes, size * count);
    return size * count;
}

/* One call to the control path; the answer as JSON, or NULL. */
static json_t *control(const char *method, const char *path, const char *body)
{
    static CURL *easy;
    struct buf url, answer;
    json_t *json;

    easy = easy ? easy : curl_easy_init();
    buf_init(&url, 4096);
    buf_init(&answer, SIZE_MAX / 2);
    buf_printf(&url, "%s/_sandbox/%s", sandbox_url, path);
    curl_easy_reset(easy);
    curl_easy_setopt(easy, CURLOPT_URL, url.data);
    curl_easy_setopt(easy, CURLOPT_PROXY, "");
    if (body)
        curl_easy_setopt(easy, CURLOPT_POSTFIELDS, body);
    curl_easy_setopt(easy, CURLOPT_CUSTOMREQUEST, method);
    curl_easy_setopt(easy, CURLOPT_WRITEFUNCTION, take);
    curl_easy_setopt(easy, CURLOPT_WRITEDATA, &answer);
    must(curl_easy_perform(easy) == CURLE_OK);
    json = json_loadb(buf_text(&answer), answer.length, 0, NULL);
    buf_release(&url);
    buf_release(&answer);
    return json;
}

/* Everything that is at the service, without what its clock says. */
static json_t *everything(void)
{
    static const char *const of_the_clock[] = {"dateCreated", "dateModified", "health", "id",
                                               "selfUri"};
    json_t *objects = control("GET", "objects", NULL), *kind, *entity;
    const char *name;
    size_t i;

    json_object_foreach(objects, name, kind) json_array_foreach(
        kind, i, entity) for (size_t m = 0; m < sizeof(of_the_clock) / sizeof(of_the_clock[0]); m++)
        json_object_del(entity, of_the_clock[m]);
    return objects;
}

static void add_everything(struct buf *result)
{
    json_t *objects = everything();

    json_add_canonical(result, objects);
    json_decref(objects);
}

static struct client_options client_options(void)
{
    return (struct client_options){.api_url = sandbox_url,
                                   .login_url = sandbox_url,
                                   .credentials = {{"sandbox-client", "sandbox-secret"}},
                                   .retry_base_ms = 1,
                                   .retry_total_ms = 100,
                                   .timeout_ms = 10000};
}

/* -- what a manifest asks for ------------------------------------------------------------------ */

static struct manifest manifest;
static struct diag_list diags;
static struct object_list wanted; /* one of each kind: wanted.items[via] */

static void wanted_make(void)
{
    static const char text[] =
        "apiVersion: eventctl/v1\n"
        "organization: acme-dev\n"
        "subscriptions:\n"
        "  a:\n"
        "    version: 1\n"
        "    description: A subscription with a description of some length\n"
        "    events: [Interaction.Created, Interaction.Closed]\n"
        "    filter: [{field: status, op: in, value: [b, a]}, {field: direction, op: eq, value: "
        "inbound}]\n"
        "    delivery: {url: \"https://ingest.example.com/in\", batching: {mode: batched, window: "
        "2s}}\n"
        "  b:\n"
        "    version: 1\n"
        "    via: trigger\n"
        "    description: A trigger with a description of some length\n"
        "    events: [Interaction.Confirmed]\n"
        "    filter: [{field: mediaType, op: in, value: [VOICE, CHAT]}]\n"
        "    target: {workflow: 3f0c1b52-8a54-4d0e-9d1f-6a2f7c9e5b10, dataFormat: Json}\n"
        "    ttl: 1m\n";
    struct manifest_text one = {"a.yaml", text, sizeof(text) - 1};
    struct manifest_options options = {.texts = &one, .text_count = 1};
    struct error error = ERROR_INIT;

    manifest_init(&manifest);
    diag_list_init(&diags);
    must(manifest_read(&manifest, &options, &diags));
    object_list_init(&wanted);
    must(object_list_desire(&wanted, &manifest, &error) && wanted.count == VIA_COUNT);
}

static void wanted_release(void)
{
    object_list_release(&wanted);
    manifest_release(&manifest);
    diag_list_release(&diags);
}

/* Puts the object at the service, as version 1, changed since when told. */
static void seed(enum via via, bool changed)
{
    json_t *body = remote_body(&wanted.items[via], 1), *seeds;
    char *text;

    if (changed)
        json_object_set_new(body, "enabled", json_false());
    json_object_set_new(
        body, "id",
        json_string(via == VIA_TRIGGER ? "00000000-0000-4000-8000-000000000001" : "sub-00000001"));
    seeds = json_pack("{s:[o]}", via == VIA_TRIGGER ? "triggers" : "subscriptions", body);
    text = json_write(seeds, 0);
    json_decref(control("POST", "objects", text));
    free(text);
    json_decref(seeds);
}

/* -- reading from the sandbox ------------------------------------------------------------------ */

static bool read_all(const char *token_cache, size_t nth, enum alloc_mode mode, struct buf *result)
{
    const bool needed[VIA_COUNT] = {true, true};
    struct client_options options = client_options();
    struct remote_identity identity;
    struct error error = ERROR_INIT;
    struct remote_listing listing;
    struct client *client;
    bool ok;

    options.token_cache = token_cache;
    alloc_on(nth, mode);
    client = client_new(&options, &error);
    remote_listing_init(&listing);
    ok = told(client && remote_identify(client, &identity, &error) &&
                  remote_list(client, needed, &listing, &error),
              &error);
    alloc_off();
    for (size_t i = 0; ok && i < listing.objects.count; i++) {
        json_t *json = object_to_json(&listing.objects.items[i]);
        json_add_canonical(result, json);
        json_decref(json);
    }
    if (ok)
        buf_printf(result, "%zu %s", listing.pages, identity.organization);
    remote_listing_release(&listing);
    client_free(client);
    return ok;
}

static bool client_reads(size_t nth, enum alloc_mode mode, struct buf *result)
{
    return read_all(NULL, nth, mode, result);
}

/* With a folder for tokens; `kept`: a token is there already. */
static bool read_cached(bool kept, size_t nth, enum alloc_mode mode, struct buf *result)
{
    char folder[] = "/tmp/alloc-cache-XXXXXX", command[64];
    bool ok;

    must(mkdtemp(folder) != NULL);
    ok = !kept || read_all(folder, 0, mode, result);
    buf_reset(result);
    ok = ok && read_all(folder, nth, mode, result);
    snprintf(command, sizeof(command), "rm -r %s", folder);
    must(system(command) == 0);
    return ok;
}

static bool client_keeps_token(size_t nth, enum alloc_mode mode, struct buf *result)
{
    return read_cached(false, nth, mode, result);
}

static bool client_takes_token(size_t nth, enum alloc_mode mode, struct buf *result)
{
    return read_cached(true, nth, mode, result);
}

/* -- writing to the sandbox -------------------------------------------------------------------- */

static void ended(void *context, struct remote_write *write)
{
    (void)write;
    *(bool *)context = true;
}

static bool run_write(struct client *client, struct remote_write *write, size_t nth,
                      enum alloc_mode mode)
{
    struct error error = ERROR_INIT;
    bool over = false;

    alloc_on(nth, mode);
    if (told(remote_write_start(client, write, ended, &over, &error), &error)) {
        while (!over)
            client_step(client, 1000);
        alloc_off();
        told(write->outcome == REMOTE_DONE, &write->error);
    }
    alloc_off();
    return write->outcome == REMOTE_DONE;
}

/* One write, and whether its outcome is true: what failed has had no effect. */
static bool client_writes(enum remote_op op, enum via via, size_t nth, enum alloc_mode mode,
                          struct buf *result)
{
    struct client_options options = client_options();
    struct error error = ERROR_INIT;
    struct object before;
    struct remote_write write = {.op = op,
                                 .via = via,
                                 .object = &wanted.items[via],
                                 .id = via == VIA_TRIGGER ? "00000000-0000-4000-8000-000000000001"
                                                          : "sub-00000001",
                                 .version = 1,
                                 .settle_ms = 30};
    struct client *client = client_new(&options, &error);
    json_t *was, *now;
    char *description;
    bool done;

    json_decref(control("DELETE", "objects", NULL));
    if (op != REMOTE_CREATE)
        seed(via, op == REMOTE_UPDATE);
    must(object_copy(&before, &wanted.items[via]));
    description = object_description(&before);
    must(description && object_set_description(&before, description));
    free(description);
    before.version = 1;
    if (op == REMOTE_DELETE)
        write.object = &before;
    must(client && client_login(client, &error));
    was = everything();
    done = run_write(client, &write, nth, mode);
    now = everything();
    if (!done && write.outcome != REMOTE_UNKNOWN && !json_equal(was, now))
        alloc_wrong("said to have failed, and yet it had its effect: %s", write.error.text);
    if (done)
        add_everything(result);
    json_decref(was);
    json_decref(now);
    object_release(&before);
    object_release(&write.live);
    client_free(client);
    return done;
}

#define WRITES(name, op, via)                                                                      \
    static bool name(size_t nth, enum alloc_mode mode, struct buf *result)                         \
    {                                                                                              \
        return client_writes(op, via, nth, mode, result);                                          \
    }
WRITES(create_subscription, REMOTE_CREATE, VIA_EVENT_STREAMS)
WRITES(create_trigger, REMOTE_CREATE, VIA_TRIGGER)
WRITES(update_subscription, REMOTE_UPDATE, VIA_EVENT_STREAMS)
WRITES(update_trigger, REMOTE_UPDATE, VIA_TRIGGER)
WRITES(delete_subscription, REMOTE_DELETE, VIA_EVENT_STREAMS)
WRITES(delete_trigger, REMOTE_DELETE, VIA_TRIGGER)

struct row {
    const char *name;
    alloc_scenario scenario;
};

static void try_all(const struct row *rows)
{
    for (; rows->name; rows++) {
        alarm(HANG_S); /* a callback that never comes ends the program */
        alloc_try(rows->name, rows->scenario);
    }
}

int main(void)
{
    static const struct row replies[] = {
        {"read a page of subscriptions", read_subscriptions},
        {"read a page of triggers", read_triggers},
        {"read a login's answer", read_login},
        {"read error answers", read_errors},
        {"read the identity", read_identity},
        {"read a status", read_status},
        {"read metrics", read_metrics},
        {"read a refusal", read_refusal},
        {NULL, NULL},
    };
    static const struct row calls[] = {
        {"log in, identify and list", client_reads},
        {"the same, keeping the token", client_keeps_token},
        {"the same with a kept token", client_takes_token},
        {"create a subscription", create_subscription},
        {"create a trigger", create_trigger},
        {"update a subscription", update_subscription},
        {"update a trigger", update_trigger},
        {"delete a subscription", delete_subscription},
        {"delete a trigger", delete_trigger},
        {NULL, NULL},
    };

    curl_global_init(CURL_GLOBAL_DEFAULT);
    wanted_make();
    try_all(replies);
    if (!sandbox_start()) {
        wanted_release();
        if (alloc_end() != 0)
            return 1;
        printf("SKIP alloc: GENESYS_SANDBOX names no program\n");
        return 77;
    }
    for (enum via via = 0; via < VIA_COUNT; via++)
        seed(via, false);
    try_all(calls);
    sandbox_stop();
    wanted_release();
    return alloc_end();
}
