#include "ctl/change.h"

#include "core/text.h"
#include "ctl/confirm.h"

#include <ctype.h>
#include <string.h>

enum { REASON_MAX_BYTES = 1000, QUESTION_MAX_BYTES = 64 * 1024 };

bool change_check(const struct options *options, struct error *error)
{
    const char *reason = options->reason;
    size_t length = reason ? strlen(reason) : 0;

    if (options->dry_run && !reason)
        return true;
    if (strspn(reason ? reason : "", " \t\r\n") == length)
        return error_set(error, ERROR_INVALID,
                         "--reason is missing: why is this done? The endpoint keeps it");
    return (length <= REASON_MAX_BYTES && text_utf8_check(reason, length) == length) ||
           error_set(error, ERROR_INVALID, "--reason is a text of at most %d bytes",
                     REASON_MAX_BYTES);
}

bool change_confirm(const struct change_consent *consent, struct error *error)
{
    const struct outcome_words *words = &outcome_words[consent->kind];
    const struct wire_endpoint *endpoint = consent->endpoint;
    struct confirm confirm = {.name = endpoint->production ? endpoint->name : NULL,
                              .does = words->does,
                              .nothing = "nothing was done",
                              .yes = consent->yes};
    struct buf question;
    bool ok;

    buf_init(&question, QUESTION_MAX_BYTES);
    buf_printf(&question, "%c%s %s at %sendpoint %s? %s", toupper((unsigned char)words->verb[0]),
               words->verb + 1, consent->what, endpoint->production ? "production " : "",
               endpoint->name, consent->effect);
    if (question.failed)
        ok = error_no_memory(error);
    else {
        confirm.question = buf_text(&question);
        ok = confirm_ask(&confirm, error);
    }
    buf_release(&question);
    return ok;
}

enum outcome_state change_send(struct ask *ask, size_t endpoint, const char *path,
                               const json_t *content, struct buf *body, struct error *error)
{
    enum ingest_end end = ask_change(ask, endpoint, path, content, body, error);

    if (end == INGEST_NOT_SENT)
        return OUTCOME_NOT_SENT;
    if (error->code == ERROR_NONE)
        return OUTCOME_DONE;
    if (error->code == ERROR_REFUSED || error->code == ERROR_AUTH)
        return OUTCOME_REFUSED;
    error_wrap(error, "nobody knows whether it was done"); /* also of a 5xx */
    return OUTCOME_UNKNOWN;
}
