#include "ctl/endpoints.h"

#include "api/token.h"
#include "core/file.h"
#include "core/text.h"

#include <openssl/crypto.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

enum { TOKEN_MAX_BYTES = 1024, NAME_MAX_BYTES = 64 };

/* -- tokens ---------------------------------------------------------------------------------- */

/* What goes into a header: visible ASCII alone. */
static bool take_token(char **token, const char *text, size_t length, const char *from,
                       struct error *error)
{
    if (length == 0)
        return error_set(error, ERROR_AUTH, "%s holds no token", from);
    for (size_t i = 0; i < length; i++)
        if (text[i] <= ' ' || text[i] > '~')
            return error_set(error, ERROR_AUTH,
                             "%s holds no token: one is visible ASCII without blanks", from);
    *token = strndup(text, length);
    return *token || error_no_memory(error);
}

/* Whoever can read a token can replay, discard and pause. The group's bits are not looked at: for a
 * file with an access list they are its mask. */
static bool token_from_file(char **token, const char *path, struct error *error)
{
    struct error why = ERROR_INIT;
    struct stat status;
    struct buf text;
    bool ok;

    if (stat(path, &status) == 0 && (status.st_mode & S_IRWXO))
        return error_set(error, ERROR_AUTH, "%s is open to everybody: chmod 600", path);
    buf_init(&text, TOKEN_MAX_BYTES);
    ok = file_read(path, &text, &why) ||
         error_set(error, ERROR_AUTH, "the token cannot be read: %s", why.text);
    while (ok && text.length > 0 && strchr("\r\n", text.data[text.length - 1]))
        text.length--;
    ok = ok && take_token(token, buf_text(&text), text.length, path, error);
    if (text.data)
        OPENSSL_cleanse(text.data, text.size);
    buf_release(&text);
    return ok;
}

/* `token_file`: the profile's, or NULL. */
static bool read_token(char **token, const struct options *options, const char *name,
                       const char *token_file, struct error *error)
{
    static const char variable[] = "EVENTCTL_INGEST_TOKEN";
    const char *environment = getenv(variable);

    if (options->ingest_token_file)
        return token_from_file(token, options->ingest_token_file, error);
    if (environment && *environment)
        return take_token(token, environment, strlen(environment), variable, error);
    if (token_file)
        return token_from_file(token, token_file, error);
    return error_set(error, ERROR_AUTH,
                     "endpoint %s has no token: --ingest-token-file, %s, or token_file in the "
                     "profile",
                     name, variable);
}

/* -- one endpoint ------------------------------------------------------------------------------ */

static bool check_name(const char *name, size_t length, struct error *error)
{
    if (length == 0 || length > NAME_MAX_BYTES || text_utf8_check(name, length) < length)
        return error_set(error, ERROR_INVALID, "an endpoint's name has 1 to %d bytes, not \"%s\"",
                         NAME_MAX_BYTES, name);
    for (size_t i = 0; i < length; i++)
        if ((unsigned char)name[i] <= ' ' || name[i] == 0x7F)
            return error_set(error, ERROR_INVALID,
                             "an endpoint's name has no blanks or control characters: \"%s\"",
                             name);
    return true;
}

/* What is wrong with a URL that is not this simple, api/ingest.h says. It is not said back: it may
 * hold a password. */
static bool check_url(const char *url, struct text_url *parts, struct error *error)
{
    if (!text_parse_url(url, parts))
        return error_set(error, ERROR_INVALID, "an endpoint's URL is http:// or https://");
    return !parts->has_userinfo ||
           error_set(error, ERROR_INVALID, "an endpoint's URL holds no user and no password");
}

/* The texts are copied. */
static bool add(struct endpoints *endpoints, const struct options *options,
                const struct settings_endpoint *from, struct error *error)
{
    char **token = &endpoints->tokens[endpoints->count];
    struct text_url parts;
    struct wire_endpoint made;

    if (!check_name(from->name, strlen(from->name), error))
        return false;
    if (!check_url(from->url, &parts, error))
        return error_wrap(error, "endpoint %s", from->name);
    for (size_t i = 0; i < endpoints->count; i++)
        if (strcmp(endpoints->items[i].name, from->name) == 0)
            return error_set(error, ERROR_INVALID,
                             "two endpoints are named %s: --endpoint NAME=URL tells them apart",
                             from->name);
    if (!read_token(token, options, from->name, from->token_file, error))
        return false;
    made =
        (struct wire_endpoint){arena_text(&endpoints->arena, from->name),
                               arena_text(&endpoints->arena, from->url), *token, from->production};
    endpoints->items[endpoints->count++] = made;
    return (made.name && made.url) || error_no_memory(error);
}

static bool add_from_profile(struct endpoints *endpoints, const struct options *options,
                             const struct settings *settings, const char *name, struct error *error)
{
    const char *names[OPTION_LIST_MOST + 1];
    const char *nearest;
    size_t count = 0;

    for (size_t i = 0; i < settings->endpoint_count; i++) {
        if (strcmp(settings->endpoints[i].name, name) == 0)
            return add(endpoints, options, &settings->endpoints[i], error);
        if (count < OPTION_LIST_MOST)
            names[count++] = settings->endpoints[i].name;
    }
    names[count] = NULL;
    nearest = text_nearest(name, names);
    return error_set(error, ERROR_INVALID,
                     "--endpoint %s: the profile has none of that name, and it is no URL%s%s%s",
                     name, nearest ? "; did you mean " : "", nearest ? nearest : "",
                     nearest ? "?" : "");
}

static bool is_same_place(const struct text_url *a, const struct text_url *b)
{
    return a->https == b->https && a->port == b->port && strcasecmp(a->host, b->host) == 0;
}

/* By any name, production stays production. */
static bool is_production(const struct settings *settings, const char *url)
{
    struct text_url given, known;

    if (!text_parse_url(url, &given))
        return false;
    for (size_t i = 0; i < settings->endpoint_count; i++)
        if (settings->endpoints[i].production &&
            text_parse_url(settings->endpoints[i].url, &known) && is_same_place(&given, &known))
            return true;
    return false;
}

/* One --endpoint: URL, NAME=URL or NAME. */
static bool add_given(struct endpoints *endpoints, const struct options *options,
                      const struct settings *settings, const char *given, struct error *error)
{
    struct settings_endpoint one = {.url = given};
    const char *scheme = strstr(given, "://"), *equals = strchr(given, '=');
    struct text_url parts;
    char *name = NULL;
    bool ok;

    if (!scheme && !equals)
        return add_from_profile(endpoints, options, settings, given, error);
    if (equals && (!scheme || equals < scheme)) {
        name = strndup(given, (size_t)(equals - given));
        one.url = equals + 1;
    } else {
        if (!check_url(given, &parts, error))
            return error_wrap(error, "--endpoint");
        name = strdup(parts.host);
    }
    one.name = name;
    one.production = is_production(settings, one.url);
    ok = name ? add(endpoints, options, &one, error) : error_no_memory(error);
    free(name);
    return ok;
}

/* -- all of them ------------------------------------------------------------------------------- */

void endpoints_init(struct endpoints *endpoints)
{
    *endpoints = (struct endpoints){.items = NULL};
    arena_init(&endpoints->arena);
}

void endpoints_release(struct endpoints *endpoints)
{
    for (size_t i = 0; endpoints->tokens && endpoints->tokens[i]; i++)
        secret_free(endpoints->tokens[i]);
    free(endpoints->tokens);
    free(endpoints->items);
    arena_release(&endpoints->arena);
    endpoints_init(endpoints);
}

bool endpoints_read(struct endpoints *endpoints, const struct options *options,
                    const struct settings *settings, struct error *error)
{
    size_t given = options->endpoints.count, most = given ? given : settings->endpoint_count;

    if (most == 0)
        return error_set(error, ERROR_INVALID,
                         "no ingest endpoint: give one with --endpoint, or `endpoints` in a "
                         "profile (`eventctl help environment`)");
    endpoints->ca_file = settings->ca_file;
    endpoints->items = calloc(most, sizeof(*endpoints->items));
    endpoints->tokens = calloc(most + 1, sizeof(*endpoints->tokens));
    if (!endpoints->items || !endpoints->tokens)
        return error_no_memory(error);
    for (size_t i = 0; i < given; i++)
        if (!add_given(endpoints, options, settings, options->endpoints.items[i], error))
            return false;
    for (size_t i = 0; i < settings->endpoint_count && given == 0; i++)
        if (!add(endpoints, options, &settings->endpoints[i], error))
            return false;
    return true;
}

bool endpoints_only(const struct endpoints *endpoints, size_t *number, struct error *error)
{
    struct buf names;

    *number = 0;
    if (endpoints->count == 1)
        return true;
    buf_init(&names, 512);
    for (size_t i = 0; i < endpoints->count && !names.failed; i++)
        buf_printf(&names, "%s%s", i ? ", " : "", endpoints->items[i].name);
    error_set(error, ERROR_INVALID,
              "an id is one endpoint's: --endpoint says of which (there are %s)", buf_text(&names));
    buf_release(&names);
    return false;
}
