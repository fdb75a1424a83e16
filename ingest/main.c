/* ingestd's command line: what to read, what to print; service.c does the rest. */
#include "core/buf.h"
#include "core/diag.h"
#include "core/text.h"
#include "ingest/admin.h"
#include "ingest/config.h"
#include "ingest/config_files.h"
#include "ingest/config_network.h"
#include "ingest/dev.h"
#include "ingest/log.h"
#include "ingest/metrics.h"
#include "ingest/service.h"
#include "ingest/status.h"

#include <getopt.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#define USUAL_CONFIG "/etc/ingestd/ingestd.yaml"
#define DEV_FOLDER   "ingestd-dev"

enum {
    DOCUMENT_MAX_BYTES = 1024 * 1024,
    WORDS_MOST = 3,
    FILES_RESERVE = 100 /* neither connections nor deliveries: databases, event loops, libraries */
};

/* --- the command line ---------------------------------------------------------------------- */

struct options {
    const char *config;
    const char *listen, *admin; /* instead of the configuration's; NULL: as it says */
    const char *log_level;
    bool dev, help, version;
    const char *words[WORDS_MOST];
    size_t word_count;
};

/* One row for each option: parsing and help come from it. The text goes to `offset`. */
static const struct option_row {
    const char *name, *value; /* value NULL: takes none, and the place is a bool */
    size_t offset;
    const char *help;
} option_rows[] = {
    {"config", "FILE", offsetof(struct options, config),
     "the configuration; " USUAL_CONFIG " unless told"},
    {"dev", NULL, offsetof(struct options, dev),
     "without one, in FOLDER (./" DEV_FOLDER " unless told), which it makes"},
    {"listen", "ADDRESS", offsetof(struct options, listen),
     "take events there instead; port 0: any that is free"},
    {"admin", "ADDRESS", offsetof(struct options, admin), "and administrators there"},
    {"log-level", "LEVEL", offsetof(struct options, log_level),
     "error, warning, info (unless told) or debug"},
    {"help", NULL, offsetof(struct options, help), "this text; -h too"},
    {"version", NULL, offsetof(struct options, version), "the version"},
};
enum { OPTION_ROWS = sizeof(option_rows) / sizeof(option_rows[0]) };

static void set_option(struct options *options, const struct option_row *row, const char *value)
{
    void *at = (char *)options + row->offset;

    if (row->value)
        *(const char **)at = value;
    else
        *(bool *)at = true;
}

static bool parse_options(struct options *options, int argc, char **argv, struct error *error)
{
    struct option rows[OPTION_ROWS + 1] = {{NULL, 0, NULL, 0}};
    int index = 0;

    for (size_t i = 0; i < OPTION_ROWS; i++)
        rows[i] =
            (struct option){option_rows[i].name,
                            option_rows[i].value ? required_argument : no_argument, NULL, (int)i};
    opterr = 0;
    for (int got; (got = getopt_long(argc, argv, ":h", rows, &index)) != -1;) {
        if (got == ':')
            return error_set(error, ERROR_INVALID, "%s needs a value", argv[optind - 1]);
        if (got == 'h') {
            options->help = true;
            continue;
        }
        if (got == '?')
            return error_set(error, ERROR_INVALID, "no option \"%s\"; see ingestd --help",
                             argv[optind - 1]);
        set_option(options, &option_rows[got], optarg);
    }
    for (; optind < argc; optind++) {
        if (options->word_count == WORDS_MOST)
            return error_set(error, ERROR_INVALID, "\"%s\" is too much", argv[optind]);
        options->words[options->word_count++] = argv[optind];
    }
    return true;
}

static bool check_address(const char *name, const char *text, struct error *error)
{
    struct config_address address;

    return !text || config_address_read(text, &address) ||
           error_set(error, ERROR_INVALID, "--%s %s: an address is 127.0.0.1:8443 or [::1]:8443",
                     name, text);
}

static bool find_level(const char *text, enum log_level *level, struct error *error)
{
    static const char *const words[] = {[LOG_LEVEL_ERROR] = "error",
                                        [LOG_LEVEL_WARNING] = "warning",
                                        [LOG_LEVEL_INFO] = "info",
                                        [LOG_LEVEL_DEBUG] = "debug"};

    *level = LOG_LEVEL_INFO;
    for (size_t i = 0; text && i < sizeof(words) / sizeof(words[0]); i++)
        if (strcmp(words[i], text) == 0) {
            *level = (enum log_level)i;
            return true;
        }
    return !text || error_set(error, ERROR_INVALID,
                              "--log-level %s: write error, warning, info or debug", text);
}

/* --- the configuration ----------------------------------------------------------------------- */

static void print_findings(FILE *stream, struct diag_list *diags)
{
    struct buf out;

    buf_init(&out, DOCUMENT_MAX_BYTES);
    diag_sort(diags);
    for (size_t i = 0; i < diags->count; i++)
        diag_print(&out, &diags->entries[i]);
    fputs(buf_text(&out), stream);
    buf_release(&out);
}

/* What the command line says stands above what the file says. */
static bool take_overrides(const struct options *options, struct config *config)
{
    if (options->listen)
        config->listen.address = arena_text(&config->arena, options->listen);
    if (options->admin)
        config->admin.address = arena_text(&config->arena, options->admin);
    return config->listen.address && config->admin.address;
}

/* A connection for which there is no file would be refused anyway; but then there would be none for
 * the databases, the sinks and the admin listener either. */
static void fit_connections(struct config *config)
{
    int64_t others = FILES_RESERVE + ADMIN_CONNECTIONS_MOST, most;
    struct rlimit files;

    if (getrlimit(RLIMIT_NOFILE, &files) != 0 || files.rlim_cur > INT32_MAX)
        return;
    for (size_t i = 0; i < config->sink_count; i++)
        others += config->sinks[i].concurrency;
    most = (int64_t)files.rlim_cur - others;
    if (most < (int64_t)files.rlim_cur / 4)
        most = (int64_t)files.rlim_cur / 4;
    if (config->limits.connections <= most)
        return;
    log_event(LOG_LEVEL_WARNING, "few-files", "limit", log_number((int64_t)files.rlim_cur),
              "connections", log_number(config->limits.connections), "taken", log_number(most),
              NULL);
    config->limits.connections = most;
}

/* Findings go to the stream. False: they or the error say why, and the config is empty. */
static bool read_config(const struct options *options, struct config *config, FILE *findings,
                        struct error *error)
{
    struct source source;
    struct diag_list diags;
    bool ok;

    config_init(config);
    diag_list_init(&diags);
    ok = source_read(&source, options->config, &diags) && config_read(config, &source, &diags);
    print_findings(findings, &diags);
    if (diags.no_memory || (ok && !take_overrides(options, config)))
        ok = error_no_memory(error);
    else if (!ok)
        error_set(error, ERROR_INVALID, "%s: %zu error%s", options->config, diags.errors,
                  diags.errors == 1 ? "" : "s");
    if (!ok)
        config_release(config);
    diag_list_release(&diags);
    source_release(&source);
    return ok;
}

/* For a reload: findings are in the log. */
static bool reread(void *context, struct config *config)
{
    struct error error = ERROR_INIT;

    if (read_config(context, config, stderr, &error) && config_check_files(config, &error)) {
        fit_connections(config);
        return true;
    }
    config_release(config);
    log_event(LOG_LEVEL_ERROR, "config-refused", "detail", error.text, NULL);
    return false;
}

/* --- running --------------------------------------------------------------------------------- */

/* systemd.exec(5): the variable may be inherited by what writes elsewhere. */
static bool logs_to_journal(void)
{
    const char *stream = getenv("JOURNAL_STREAM");
    unsigned long long device, inode;
    struct stat status;

    return stream && sscanf(stream, "%llu:%llu", &device, &inode) == 2 &&
           fstat(STDERR_FILENO, &status) == 0 && status.st_dev == device && status.st_ino == inode;
}

static void prepare_process(void)
{
    struct sigaction ignore = {.sa_handler = SIG_IGN};
    struct rlimit files;

    sigaction(SIGPIPE, &ignore, NULL);
    umask(077);
    if (getrlimit(RLIMIT_NOFILE, &files) == 0) {
        files.rlim_cur = files.rlim_max;
        setrlimit(RLIMIT_NOFILE, &files);
    }
}

/* The first lines are for those who start it: where it listens, once it does. */
static void print_addresses(const struct options *options, const struct service *service)
{
    const char *address = service_address(service), *admin = service_admin_address(service);
    struct buf out;

    buf_init(&out, DOCUMENT_MAX_BYTES);
    buf_printf(&out, "listening %s\nadmin %s\n", address, admin);
    if (options->dev)
        dev_explain(&out, options->word_count ? options->words[0] : DEV_FOLDER, address, admin);
    fputs(buf_text(&out), stdout);
    fflush(stdout);
    buf_release(&out);
}

static bool run_service(struct options *options, struct error *error)
{
    struct service *service;
    struct config config;
    enum log_level level;

    if (!find_level(options->log_level, &level, error) ||
        !check_address("listen", options->listen, error) ||
        !check_address("admin", options->admin, error))
        return false;
    if (strcmp(options->config, USUAL_CONFIG) == 0 && access(USUAL_CONFIG, F_OK) != 0)
        return error_set(error, ERROR_INVALID,
                         USUAL_CONFIG " is not there; \"ingestd --dev\" starts without one");
    prepare_process();
    log_begin(level, logs_to_journal());
    if (!read_config(options, &config, stderr, error))
        return false;
    if (!config_check_files(&config, error)) {
        config_release(&config);
        return false;
    }
    fit_connections(&config);
    service = service_start(&config, error);
    if (!service)
        return false;
    print_addresses(options, service);
    service_run(service, reread, options);
    service_stop(service);
    return true;
}

static bool run_start(struct options *options, struct error *error)
{
    char path[PATH_MAX];

    if (options->dev && options->config)
        return error_set(error, ERROR_INVALID, "--dev makes its own configuration: no --config");
    if (options->word_count > (options->dev ? 1 : 0))
        return error_set(error, ERROR_INVALID, "\"%s\" is too much",
                         options->words[options->dev ? 1 : 0]);
    if (options->dev) {
        umask(077);
        if (!dev_prepare(options->word_count ? options->words[0] : DEV_FOLDER, path, sizeof(path),
                         error))
            return false;
        options->config = path;
    }
    if (!options->config)
        options->config = USUAL_CONFIG;
    return run_service(options, error);
}

/* --- commands ----------------------------------------------------------------------------------
 */

static bool run_check(struct options *options, struct error *error)
{
    struct config config;
    size_t sources, sinks, subscriptions;

    if (options->word_count == 2)
        options->config = options->words[1];
    if (!options->config)
        options->config = USUAL_CONFIG;
    if (!read_config(options, &config, stdout, error))
        return false;
    sources = config.source_count;
    sinks = config.sink_count;
    subscriptions = config.subscription_count;
    if (!config_try(&config, error))
        return false;
    printf("%s is fine: sources %zu, sinks %zu, subscriptions %zu\n", options->config, sources,
           sinks, subscriptions);
    return true;
}

static bool run_version(struct options *options, struct error *error)
{
    (void)options;
    (void)error;
    puts("ingestd " EVENTCTL_VERSION);
    return true;
}

static bool run_help(struct options *options, struct error *error);

static const struct command {
    const char *name, *words, *help;
    size_t words_most;
    bool (*run)(struct options *options, struct error *error);
} commands[] = {
    {"check-config", "[FILE]", "look at a configuration and at the files that it names", 1,
     run_check},
    {"help", "[TOPIC]", "this text, or a topic's: config, metrics, status, admin", 1, run_help},
    {"version", "", "print the version", 0, run_version},
    {NULL, NULL, NULL, 0, NULL},
};

static const struct topic {
    const char *name;
    void (*add)(struct buf *out);
} topics[] = {
    {"config", config_help},
    {"metrics", metrics_document},
    {"status", status_document},
    {"admin", admin_document},
    {NULL, NULL},
};

static void add_usage(struct buf *out)
{
    buf_add_text(out, "Takes Genesys Cloud events by HTTPS, stores them, and delivers them.\n\n"
                      "  ingestd [--config FILE | --dev [FOLDER]] [OPTION…]\n");
    for (const struct command *command = commands; command->name; command++)
        buf_printf(out, "  ingestd %-12s %-12s %s\n", command->name, command->words, command->help);
    buf_add_text(out, "\nOptions:\n");
    for (size_t i = 0; i < OPTION_ROWS; i++) {
        const struct option_row *row = &option_rows[i];
        int left = 20 - (int)strlen(row->name);
        const char *value = row->value                      ? row->value
                            : strcmp(row->name, "dev") == 0 ? "[FOLDER]"
                                                            : "";
        buf_printf(out, "  --%s %-*s %s\n", row->name, left, value, row->help);
    }
    buf_add_text(out, "\nOn SIGHUP it reads keys, certificates, sources and subscriptions again;\n"
                      "on SIGTERM it answers what it took, and ends.\n");
}

static bool run_help(struct options *options, struct error *error)
{
    const char *name = options->word_count > 1 ? options->words[1] : NULL;
    const struct topic *topic = topics;
    struct buf out;
    bool ok;

    while (name && topic->name && strcmp(topic->name, name) != 0)
        topic++;
    if (name && !topic->name)
        return error_set(error, ERROR_INVALID,
                         "no help on \"%s\"; there is config, metrics, status, admin", name);
    buf_init(&out, DOCUMENT_MAX_BYTES);
    (name ? topic->add : add_usage)(&out);
    ok = !out.failed || error_no_memory(error);
    if (ok)
        fputs(buf_text(&out), stdout);
    buf_release(&out);
    return ok;
}

static bool run_command(struct options *options, struct error *error)
{
    const char *names[8] = {NULL};
    const char *nearest, *word = options->words[0];

    for (size_t i = 0; commands[i].name; i++) {
        names[i] = commands[i].name;
        if (strcmp(commands[i].name, word) != 0)
            continue;
        if (options->word_count - 1 > commands[i].words_most)
            return error_set(error, ERROR_INVALID, "usage: ingestd %s %s", word, commands[i].words);
        return commands[i].run(options, error);
    }
    nearest = text_nearest(word, names);
    return error_set(error, ERROR_INVALID, "no command \"%s\"%s%s%s", word,
                     nearest ? "; did you mean " : "; see ingestd --help", nearest ? nearest : "",
                     nearest ? "?" : "");
}

static bool run(struct options *options, struct error *error)
{
    if (options->help) {
        options->word_count = 0;
        return run_help(options, error);
    }
    if (options->version)
        return run_version(options, error);
    return options->word_count > 0 && !options->dev ? run_command(options, error)
                                                    : run_start(options, error);
}

int main(int argc, char **argv)
{
    struct options options = {.config = NULL};
    struct error error = ERROR_INIT;

    if (parse_options(&options, argc, argv, &error) && run(&options, &error) && fflush(stdout) != 0)
        error_set(&error, ERROR_FAILED, "standard output cannot be written");
    if (error.code != ERROR_NONE) {
        fflush(stdout); /* findings stand before what they come to */
        fprintf(stderr, "ingestd: error: %s\n", error.text);
    }
    return error.code;
}
