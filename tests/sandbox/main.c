#include "accounts.h"
#include "audit.h"
#include "delivery.h"
#include "faults.h"
#include "keys.h"
#include "requests.h"
#include "sandbox.h"
#include "server.h"
#include "state.h"
#include "store.h"
#include "traffic.h"

#include <event2/event.h>
#include <getopt.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <unistd.h>

enum { EXIT_USAGE = 2, RATE_LIMIT_DEFAULT = 300, TOKEN_LIFETIME_DEFAULT_S = 86400 };

static const char usage[] =
    "usage: genesys-sandbox [option...]\n"
    "\n"
    "A local Genesys Cloud: login and API on one port. Its first line of output is its URL.\n"
    "\n"
    "  --listen HOST:PORT    where to listen (127.0.0.1:0: any free port)\n"
    "  --state FILE          keep the objects in this file\n"
    "  --client ID:SECRET    an OAuth client; may be repeated (sandbox-client:sandbox-secret)\n"
    "  --organization NAME   the organisation (acme-dev)\n"
    "  --rate-limit N        API calls a minute and token, 0 for no limit (300)\n"
    "  --token-lifetime S    lifetime of a token in seconds (86400)\n"
    "  --flow UUID           a workflow that exists; may be repeated (any UUID)\n"
    "  --deny PERMISSION     a permission that nobody has; may be repeated\n"
    "  --delivery-ca FILE    trust this CA when events are delivered (the system's)\n"
    "  --data-action URL     where the workflows of triggers post their events (nowhere)\n"
    "  --data-action-key FILE\n"
    "                        and the file with their key\n"
    "  --events-log FILE     write a line for each event that matched or was acknowledged\n"
    "  --exit-with-parent    end when the process that started this one ends\n"
    "  --help                this text\n"
    "\n"
    "tests/sandbox/README.md describes the control path /_sandbox/.\n";

struct options {
    const char *listen;
    const char *state;
    bool exit_with_parent;
    const char *data_action;
    char *data_action_key; /* to be freed */
};

static const struct option names[] = {
    {"listen", required_argument, NULL, 'l'},
    {"state", required_argument, NULL, 's'},
    {"client", required_argument, NULL, 'c'},
    {"organization", required_argument, NULL, 'o'},
    {"rate-limit", required_argument, NULL, 'r'},
    {"token-lifetime", required_argument, NULL, 't'},
    {"flow", required_argument, NULL, 'f'},
    {"deny", required_argument, NULL, 'd'},
    {"delivery-ca", required_argument, NULL, 'C'},
    {"data-action", required_argument, NULL, 'a'},
    {"data-action-key", required_argument, NULL, 'k'},
    {"events-log", required_argument, NULL, 'e'},
    {"exit-with-parent", no_argument, NULL, 'p'},
    {"parent-death", no_argument, NULL, 'p'},
    {"help", no_argument, NULL, 'h'},
    {NULL, 0, NULL, 0},
};

static bool read_count(const char *text, int *value)
{
    char *end;
    long number = strtol(text, &end, 10);

    if (!*text || *end || number < 0 || number > INT32_MAX)
        return false;
    *value = (int)number;
    return true;
}

/* A member of the delivery settings, as the control path would set it. Takes over `document`. */
static bool delivery_option(struct sandbox *sandbox, json_t *document)
{
    char *wrong = delivery_set(sandbox->delivery, document);
    bool right = !wrong;

    free(wrong);
    json_decref(document);
    return right;
}

/* The first line of a file; NULL: it cannot be read. */
static char *read_line(const char *path)
{
    FILE *file = fopen(path, "re");
    char *line = NULL;
    size_t size = 0;

    if (file && getline(&line, &size, file) >= 0)
        line[strcspn(line, "\r\n")] = '\0';
    if (file)
        fclose(file);
    return line;
}

/* One option; false when its value is wrong. */
static bool option_set(struct sandbox *sandbox, struct options *options, int name,
                       const char *value)
{
    struct settings *settings = &sandbox->settings;

    switch (name) {
    case 'l':
        options->listen = value;
        return true;
    case 's':
        options->state = value;
        return true;
    case 'c':
        return accounts_add_client(sandbox->accounts, value);
    case 'o':
        settings->organization = value;
        return *value != '\0';
    case 'r':
        return read_count(value, &settings->rate_limit);
    case 't':
        return read_count(value, &settings->token_lifetime_s);
    case 'f':
        return text_is_uuid(value) && !json_array_append_new(settings->flows, json_string(value));
    case 'd':
        return !json_array_append_new(settings->deny, json_string(value));
    case 'p':
        return options->exit_with_parent = true;
    case 'C':
        return delivery_option(sandbox, json_pack("{s:s}", "ca_file", value));
    case 'a':
        options->data_action = value;
        return true;
    case 'k':
        free(options->data_action_key);
        return (options->data_action_key = read_line(value));
    case 'e':
        return delivery_log_to(sandbox->delivery, value);
    default:
        return false;
    }
}

/* Returns 0, or the exit status plus 1 with which to stop at once. */
static int options_read(struct sandbox *sandbox, struct options *options, int count, char **words)
{
    int name;

    while ((name = getopt_long(count, words, "", names, NULL)) != -1) {
        if (name == 'h') {
            fputs(usage, stdout);
            return 1 + EXIT_SUCCESS;
        }
        if (name == '?')
            return 1 + EXIT_USAGE;
        if (!option_set(sandbox, options, name, optarg)) {
            fprintf(stderr, "genesys-sandbox: wrong value: %s\n", optarg);
            return 1 + EXIT_USAGE;
        }
    }
    if (optind < count) {
        fprintf(stderr, "genesys-sandbox: %s is not an option\n", words[optind]);
        return 1 + EXIT_USAGE;
    }
    if (options->data_action &&
        !delivery_option(sandbox,
                         json_pack("{s:{s:s, s:s?}}", "data_action", "url", options->data_action,
                                   "key", options->data_action_key))) {
        fprintf(stderr, "genesys-sandbox: wrong value: %s\n", options->data_action);
        return 1 + EXIT_USAGE;
    }
    if (!accounts_have_client(sandbox->accounts))
        accounts_add_client(sandbox->accounts, "sandbox-client:sandbox-secret");
    text_uuid_of_name(sandbox->settings.organization, sandbox->settings.organization_id);
    return 0;
}

static void sandbox_init(struct sandbox *sandbox)
{
    *sandbox = (struct sandbox){
        .base = event_base_new(),
        .settings = {.organization = "acme-dev",
                     .rate_limit = RATE_LIMIT_DEFAULT,
                     .token_lifetime_s = TOKEN_LIFETIME_DEFAULT_S,
                     .page_size_max = SANDBOX_PAGE_MAX,
                     .deny = json_array(),
                     .flows = json_array()},
        .accounts = accounts_new(),
        .subscriptions = store_new(true),
        .triggers = store_new(false),
        .audit = audit_new(),
        .faults = faults_new(),
        .requests = requests_new(),
        .keys = keys_new(),
    };
    sandbox->delivery = delivery_new(sandbox);
    sandbox->traffic = traffic_new(sandbox);
}

static void sandbox_release(struct sandbox *sandbox)
{
    state_close(sandbox->state);
    traffic_free(sandbox->traffic);
    delivery_free(sandbox->delivery);
    requests_free(sandbox->requests);
    faults_free(sandbox->faults);
    audit_free(sandbox->audit);
    store_free(sandbox->triggers);
    store_free(sandbox->subscriptions);
    accounts_free(sandbox->accounts);
    json_decref(sandbox->settings.deny);
    json_decref(sandbox->settings.flows);
    keys_free(sandbox->keys);
    event_base_free(sandbox->base);
}

static void on_stop(evutil_socket_t signal, short events, void *base)
{
    (void)signal;
    (void)events;
    event_base_loopbreak(base);
}

static int serve(struct sandbox *sandbox, const char *address)
{
    struct server *server = server_new(sandbox);
    struct event *terminate = evsignal_new(sandbox->base, SIGTERM, on_stop, sandbox->base);
    struct event *interrupt = evsignal_new(sandbox->base, SIGINT, on_stop, sandbox->base);
    char *url = server_listen(server, address);

    if (url) {
        event_add(terminate, NULL);
        event_add(interrupt, NULL);
        printf("%s\n", url);
        fflush(stdout);
        event_base_dispatch(sandbox->base);
    }
    event_free(terminate);
    event_free(interrupt);
    server_free(server);
    int status = url ? EXIT_SUCCESS : EXIT_FAILURE;
    free(url);
    return status;
}

static void follow_parent(void)
{
    pid_t parent = getppid();

    prctl(PR_SET_PDEATHSIG, SIGTERM);
    if (getppid() != parent)
        raise(SIGTERM);
}

int main(int count, char **words)
{
    struct sandbox sandbox;
    struct options options = {.listen = "127.0.0.1:0"};

    signal(SIGPIPE, SIG_IGN);
    sandbox_init(&sandbox);
    int status = options_read(&sandbox, &options, count, words);
    free(options.data_action_key);
    if (status) {
        sandbox_release(&sandbox);
        return status - 1;
    }
    if (options.exit_with_parent)
        follow_parent();
    if (options.state) {
        sandbox.state = state_open(&sandbox, options.state);
        if (!sandbox.state) {
            sandbox_release(&sandbox);
            return EXIT_FAILURE;
        }
    }
    status = serve(&sandbox, options.listen);
    sandbox_release(&sandbox);
    return status;
}
