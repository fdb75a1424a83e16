#include "api/reply.h"

#include "core/json.h"
#include "core/text.h"

#include <ctype.h>
#include <curl/curl.h>
#include <math.h>

enum { SHOWN_MAX = 700, SHOWN_DETAILS_MAX = 5 };

json_t *reply_parse(const char *bytes, size_t length_bytes, struct error *error)
{
    json_error_t why;
    json_t *json = json_read(bytes ? bytes : "", length_bytes, JSON_DECODE_ANY, &why);
    struct buf text;

    if (json)
        return json;
    buf_init(&text, SHOWN_MAX);
    text_add_safe(&text, why.text, strlen(why.text));
    error_set(error, ERROR_FAILED, "the answer is no JSON: %s (byte %d of %zu)", buf_text(&text),
              why.position, length_bytes);
    buf_release(&text);
    return NULL;
}

/* The service's own words, safe to show and not too long. */
static void add_words(struct buf *out, const char *words)
{
    size_t length = strlen(words), most = 300;

    while (length > most && most > 0 && ((unsigned char)words[most] & 0xC0) == 0x80)
        most--;
    text_add_safe(out, words, length < most ? length : most);
    if (length > most)
        buf_add_text(out, "…");
}

static bool is_token_text(const char *text)
{
    size_t length = 0;

    while (text[length] > ' ' && text[length] <= '~')
        length++;
    return length > 0 && length <= REPLY_TOKEN_MAX_BYTES && text[length] == '\0';
}

/* False when a lifetime is named that no token can have. */
static bool read_lifetime(const json_t *value, int64_t *lifetime_s)
{
    double seconds = json_number_value(value);

    *lifetime_s = REPLY_TOKEN_LIFE_DEFAULT_S;
    if (!json_is_number(value))
        return true;
    if (!(seconds >= 1))
        return false;
    *lifetime_s =
        seconds > REPLY_TOKEN_LIFE_MAX_S ? REPLY_TOKEN_LIFE_MAX_S : (int64_t)floor(seconds);
    return true;
}

static enum reply_login read_grant(const json_t *body, struct reply_token *token,
                                   struct error *error)
{
    const char *text = json_text(body, "access_token");

    if (!text || !is_token_text(text)) {
        error_set(error, ERROR_FAILED, "the login's answer holds no usable token");
        return LOGIN_LATER;
    }
    if (!read_lifetime(json_object_get(body, "expires_in"), &token->lifetime_s)) {
        error_set(error, ERROR_FAILED, "the login's answer holds a token that has expired");
        return LOGIN_LATER;
    }
    token->text = strdup(text);
    if (token->text)
        return LOGIN_GRANTED;
    error_no_memory(error);
    return LOGIN_LATER;
}

/* The login's own limit is a 400. */
static bool is_login_limit(long status, const char *code, const char *words)
{
    return status == 429 || status == 408 || status >= 500 ||
           (status == 400 && strcmp(code, "invalid_request") == 0 &&
            strncmp(words, "rate limit exceeded", 19) == 0);
}

enum reply_login reply_read_login(long status, const char *bytes, size_t length_bytes,
                                  const char *correlation_id, struct reply_token *token,
                                  struct error *error)
{
    json_t *body = json_read(bytes ? bytes : "", length_bytes, 0, NULL);
    const char *code = json_text(body, "error"), *words = json_text(body, "error_description");
    enum reply_login login;
    struct buf text;

    *token = (struct reply_token){.text = NULL};
    if (!words)
        words = json_text(body, "description");
    if (!words)
        words = json_text(body, "message");
    buf_init(&text, SHOWN_MAX);
    if (status == 200) {
        login = read_grant(body, token, error);
    } else {
        login = is_login_limit(status, code ? code : "", words ? words : "") ? LOGIN_LATER
                                                                             : LOGIN_REFUSED;
        add_words(&text, code ? code : "");
        buf_add_text(&text, code && words ? ": " : "");
        add_words(&text, words ? words : "");
        error_set(error, login == LOGIN_LATER ? ERROR_FAILED : ERROR_AUTH,
                  "login %s (status %ld%s%s%s%s)",
                  login == LOGIN_LATER ? "not possible now" : "refused", status,
                  text.length ? ", " : "", buf_text(&text),
                  *correlation_id ? ", correlation id " : "", correlation_id);
    }
    buf_release(&text);
    json_decref(body);
    return login;
}

static bool is_conflict(const struct reply_context *context, const json_t *body)
{
    const char *words = json_text(body, "message");

    return context->status == 409 ||
           (context->status == 400 && words && strcmp(context->method, "PUT") == 0 &&
            strcasestr(words, "version"));
}

/* Each detail names a field and a code; each of `errors` is an error body of its own. */
static void add_details(struct buf *out, const json_t *body)
{
    static const struct {
        const char *list, *what, *where;
    } lists[] = {{"details", "errorCode", "fieldName"}, {"errors", "message", "code"}};
    size_t shown = 0;

    for (size_t l = 0; l < sizeof(lists) / sizeof(lists[0]); l++) {
        const json_t *list = json_object_get(body, lists[l].list);
        for (size_t i = 0; i < json_array_size(list) && shown < SHOWN_DETAILS_MAX; i++) {
            const json_t *one = json_array_get(list, i);
            const char *what = json_text(one, lists[l].what);
            const char *where = json_text(one, lists[l].where);
            const char *first = where ? where : what;
            if (!first)
                continue;
            buf_add_text(out, shown++ ? ", " : "; ");
            add_words(out, first);
            if (where && what) {
                buf_add_text(out, ": ");
                add_words(out, what);
            }
        }
    }
}

static const char *status_words(long status)
{
    static const struct {
        long status;
        const char *words;
    } table[] = {
        {401, "the token was refused"},
        {403, "permission is missing"},
        {404, "not found"},
        {409, "conflict"},
        {429, "rate limit reached"},
        {500, "the service failed"},
        {502, "the service is not there"},
        {503, "the service is unavailable"},
        {504, "the service did not answer"},
    };

    for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++)
        if (table[i].status == status)
            return table[i].words;
    return "unexpected answer";
}

void reply_set_error(struct error *error, const struct reply_context *context, const json_t *body)
{
    bool conflict = is_conflict(context, body);
    bool denied = context->status == 401 || context->status == 403;
    const char *words = json_text(body, "message");
    const char *correlation = context->correlation_id;
    char inner[REPLY_CORRELATION_SIZE] = "";
    struct buf text;

    if (!*correlation && json_text(body, "contextId")) {
        const char *id = json_text(body, "contextId");
        reply_read_correlation(id, strlen(id), inner);
        correlation = inner;
    }
    buf_init(&text, 16 * SHOWN_MAX);
    add_words(&text, words && *words ? words : status_words(context->status));
    if (context->status == 403 && context->permission &&
        !strstr(buf_text(&text), context->permission))
        buf_printf(&text, "; needed: permission %s", context->permission);
    add_details(&text, body);
    error_set(error,
              denied     ? ERROR_AUTH
              : conflict ? ERROR_STALE
                         : ERROR_FAILED,
              "%s %.200s: %ld %s%s%s%s", context->method, context->path, context->status,
              text.failed ? status_words(context->status) : buf_text(&text),
              *correlation ? " (correlation id " : "", correlation, *correlation ? ")" : "");
    buf_release(&text);
}

/* Copies a text of the service, safe to show; false when it is absent or empty, or there is no
 * memory. */
static bool read_name(const json_t *object, const char *key, char *out, size_t size,
                      bool *no_memory)
{
    const char *value = json_text(object, key);
    struct buf text;

    if (!value || !*value)
        return false;
    buf_init(&text, 16 * SHOWN_MAX);
    text_add_safe(&text, value, strnlen(value, SHOWN_MAX));
    snprintf(out, size, "%s", buf_text(&text));
    *no_memory = *no_memory || text.failed;
    buf_release(&text);
    return !*no_memory;
}

bool reply_read_identity(const json_t *body, struct remote_identity *identity, struct error *error)
{
    const json_t *organization = json_object_get(body, "organization");
    const json_t *client = json_object_get(body, "OAuthClient");

    bool no_memory = false, named;

    memset(identity, 0, sizeof(*identity));
    named = read_name(organization, "id", identity->organization_id,
                      sizeof(identity->organization_id), &no_memory);
    read_name(organization, "name", identity->organization, sizeof(identity->organization),
              &no_memory);
    read_name(client, "id", identity->client_id, sizeof(identity->client_id), &no_memory);
    read_name(client, "name", identity->client, sizeof(identity->client), &no_memory);
    if (no_memory)
        return error_no_memory(error);
    return named || error_set(error, ERROR_FAILED, "tokens/me names no organisation");
}

/* The path of `uri` when it lies under the same API; NULL when it does not. */
static const char *path_of(const char *uri, const char *api_url)
{
    size_t origin = strlen(api_url);

    while (origin > 0 && api_url[origin - 1] == '/')
        origin--;
    if (strncasecmp(uri, api_url, origin) == 0)
        uri += origin;
    return strncmp(uri, "/api/v2/", 8) == 0 ? uri : NULL;
}

/* Nothing in it that could be another request, another host or another folder. */
static bool is_plain_path(const char *path)
{
    size_t length = strlen(path);

    for (size_t i = 0; i < length; i++)
        if (path[i] <= ' ' || path[i] > '~' || path[i] == '#' || path[i] == '\\')
            return false;
    return length <= REPLY_URI_MAX_BYTES && !strstr(path, "/../");
}

bool reply_read_page(const json_t *body, const char *api_url, const json_t **entities, char **next,
                     struct error *error)
{
    const json_t *uri = json_object_get(body, "nextUri");
    const char *text = json_string_value(uri);
    const char *path;

    *next = NULL;
    *entities = json_object_get(body, "entities");
    if (!json_is_array(*entities))
        return error_set(error, ERROR_FAILED, "a page without entities");
    if (!uri || json_is_null(uri) || (text && !*text))
        return true;
    path = text ? path_of(text, api_url) : NULL;
    if (!path || !is_plain_path(path))
        return error_set(error, ERROR_FAILED, "a page's nextUri leads away from the API");
    *next = strdup(path);
    return *next || error_no_memory(error);
}

int64_t reply_read_number(const char *value)
{
    int64_t number = 0;
    size_t digits;

    value += strspn(value, " \t");
    digits = strspn(value, "0123456789");
    if (digits == 0 || digits > 18 || value[digits + strspn(value + digits, " \t\r\n")] != '\0')
        return -1;
    for (size_t i = 0; i < digits; i++)
        number = number * 10 + (value[i] - '0');
    return number;
}

int64_t reply_read_retry_after(const char *value, int64_t now_unix_s)
{
    int64_t seconds = reply_read_number(value);

    if (seconds < 0) {
        time_t date = isdigit((unsigned char)*value) ? -1 : curl_getdate(value, NULL);
        if (date == (time_t)-1)
            return -1;
        seconds = (int64_t)date > now_unix_s ? (int64_t)date - now_unix_s : 0;
    }
    return seconds > INT64_MAX / 1000 ? INT64_MAX : seconds * 1000;
}

void reply_read_correlation(const char *value, size_t length_bytes,
                            char out[REPLY_CORRELATION_SIZE])
{
    size_t length = 0;

    for (size_t i = 0; i < length_bytes && length + 1 < REPLY_CORRELATION_SIZE; i++)
        if (value[i] && (isalnum((unsigned char)value[i]) || strchr("-_.:", value[i])))
            out[length++] = value[i];
    out[length] = '\0';
}
