#include "core/diag.h"

#include "core/buf.h"
#include "core/mask.h"
#include "core/text.h"

#include <assert.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#define SCHEMA(id, summary)                                                                        \
    {                                                                                              \
        id, DIAG_ERROR, false, summary                                                             \
    }
#define LINT(id, severity, summary)                                                                \
    {                                                                                              \
        id, DIAG_##severity, true, summary                                                         \
    }

const struct diag_rule diag_rule_table[] = {
    SCHEMA("file-read", "a file can be read"),
    SCHEMA("file-too-large", "a file has at most 32 MiB"),
    SCHEMA("not-utf8", "a file is UTF-8"),
    SCHEMA("nul-byte", "a file or a value holds no NUL"),
    SCHEMA("control-character", "a file holds no control characters, nor any that hide or reorder "
                                "text: what a reviewer sees is what is read"),
    SCHEMA("yaml-syntax", "a file is YAML"),
    SCHEMA("yaml-tab", "indentation is spaces: tools disagree on how wide a tab is"),
    SCHEMA("yaml-duplicate-key", "a key stands once: tools disagree on which of two counts"),
    SCHEMA("yaml-documents", "a file is one document: the second would be overlooked"),
    SCHEMA("yaml-key", "a key is plain text"),
    SCHEMA("yaml-merge-key", "no `<<`: it is not in YAML 1.2, and hides what is set where"),
    SCHEMA("yaml-depth", "nesting is at most 32 deep"),
    SCHEMA("yaml-alias", "an alias names an anchor before it, and not one around it"),
    SCHEMA("yaml-size", "a document, its aliases followed, has at most 2,000,000 nodes, and a "
                        "value at most 64 KiB"),
    SCHEMA("yaml-tag", "only the tags of YAML's core schema"),
    SCHEMA("yaml-directive", "no directives but %YAML"),
    SCHEMA("yaml-ambiguous", "what YAML 1.1 and 1.2 read differently is quoted: yes, no, on, off, "
                             "y, n, 0123, 1_000, +49…"),
    SCHEMA("unknown-key", "only keys that mean something"),
    SCHEMA("wrong-type", "a value is of the key's type"),
    SCHEMA("bad-value", "a value has the key's form"),
    SCHEMA("out-of-range", "a number, duration or length is within the key's limits"),
    SCHEMA("missing-key", "what has no default is given"),
    SCHEMA("not-for-this-kind", "a key is one that the subscription's kind has"),
    SCHEMA("via-unsupported", "the kind is one that this version can manage"),
    SCHEMA("organization-mismatch", "all files name one organisation"),
    SCHEMA("owner-mismatch", "all files name one owner"),
    SCHEMA("duplicate-name", "a subscription's name stands once in all files"),
    SCHEMA("duplicate-event", "an event stands once in a subscription"),
    SCHEMA("duplicate-topic", "two events of a trigger subscription are not one topic"),
    SCHEMA("unknown-event", "an event is one that its kind of subscription can have"),
    SCHEMA("unknown-rule", "a rule that is switched off exists and may be"),
    SCHEMA("bad-variable", "a variable's reference is closed, and its value one line of text"),
    SCHEMA("undeclared-variable", "a variable is declared in its file"),
    SCHEMA("unset-variable", "a variable has a value"),
    SCHEMA("empty-manifest", "a manifest has subscriptions: applying none would delete all"),
    LINT("catch-all", ERROR, "every event of a domain is asked for: needless load, needless data"),
    LINT("immediate-high-volume", WARNING,
         "immediate delivery of busy events: bursts overwhelm the receiver, and its 503s lose "
         "events"),
    LINT("busy-topic-without-filter", WARNING,
         "a trigger on a busy topic without a criterion: the organisation's 6,000 invocations a "
         "minute are shared"),
    LINT("insecure-url", ERROR, "deliveries would not be encrypted, or not leave the service"),
    LINT("unreachable-url", WARNING,
         "the receiver's address is private: the service cannot "
         "reach it"),
    LINT("url-userinfo", ERROR, "a name or password stands in a URL: URLs are logged"),
    LINT("url-query-secret", WARNING, "a secret stands in a URL's query: URLs are logged"),
    LINT("unknown-topic", WARNING,
         "a topic that eventctl does not know; `validate --online` "
         "asks the service"),
    LINT("unknown-field", WARNING,
         "a field that the event does not have: the criterion would "
         "never hold"),
    LINT("ttl-and-delay", ERROR, "the service takes a ttl or a delay, not both"),
    LINT("window-range", WARNING, "a batch window or size that batches nothing, or delays much"),
    LINT("description-too-long", ERROR,
         "description and marker fit in the service's 512 "
         "characters together"),
    LINT("contradiction", ERROR, "criteria that can not hold together: no event ever comes"),
    LINT("duplicate-criterion", WARNING, "a criterion stands twice"),
    LINT("overlapping-subscriptions", WARNING,
         "two subscriptions deliver the same events to one "
         "target: each comes twice"),
    LINT("value-case", WARNING,
         "a value in the wrong case: VOICE in topics, voice in the "
         "guide's events"),
    LINT("unused-variable", WARNING, "a variable is declared and not used"),
    LINT("missing-description", WARNING, "nobody says what the subscription is for"),
    LINT("residual-filter", WARNING,
         "a criterion that the source cannot apply: all events "
         "travel, and the ingest service drops the others"),
    {NULL, DIAG_ERROR, false, NULL},
};

/* Those of ingestd's configuration alone. */
static const struct diag_rule ingest_rule_table[] = {
    {"not-encrypted", DIAG_WARNING, false,
     "events or tokens travel without TLS where others could read them"},
    {NULL, DIAG_ERROR, false, NULL},
};

const struct diag_rule *diag_rule_find(const char *id)
{
    for (const struct diag_rule *rule = diag_rule_table; rule->id; rule++)
        if (strcmp(rule->id, id) == 0)
            return rule;
    for (const struct diag_rule *rule = ingest_rule_table; rule->id; rule++)
        if (strcmp(rule->id, id) == 0)
            return rule;
    return NULL;
}

void diag_list_init(struct diag_list *list)
{
    *list = (struct diag_list){.entries = NULL};
    arena_init(&list->arena);
}

void diag_list_release(struct diag_list *list)
{
    arena_release(&list->arena);
    free(list->entries);
    *list = (struct diag_list){.entries = NULL};
}

static bool is_disabled(const struct diag_list *list, const struct diag_rule *rule)
{
    if (!rule->lint || !list->disabled)
        return false;
    for (const char *const *id = list->disabled; *id; id++)
        if (strcmp(*id, rule->id) == 0)
            return true;
    return false;
}

/* Room for one more; NULL when there is none, or enough are kept. */
static struct diag *new_entry(struct diag_list *list)
{
    if (list->count == DIAG_MOST) {
        list->dropped++;
        return NULL;
    }
    if (list->count == list->size) {
        size_t size = list->size ? 2 * list->size : 16;
        struct diag *grown = realloc(list->entries, size * sizeof(*grown));
        if (!grown) {
            list->no_memory = true;
            return NULL;
        }
        list->entries = grown;
        list->size = size;
    }
    return &list->entries[list->count];
}

static unsigned file_rank(const struct diag_list *list, const struct source *source)
{
    unsigned next = 0;

    for (size_t i = list->count; i > 0; i--) {
        const struct diag *diag = &list->entries[i - 1];
        if (diag->place.source == source)
            return diag->file;
        next = diag->file >= next ? diag->file + 1 : next;
    }
    return next;
}

void diag_add(struct diag_list *list, const char *id, struct place place, const char *hint,
              const char *format, ...)
{
    const struct diag_rule *rule = diag_rule_find(id);
    struct diag *diag;
    va_list arguments;
    char *text = NULL;
    int length;

    assert(rule);
    if (is_disabled(list, rule))
        return;
    if (rule->severity == DIAG_ERROR)
        list->errors++;
    else
        list->warnings++;
    diag = new_entry(list);
    if (!diag)
        return;
    va_start(arguments, format);
    length = vasprintf(&text, format, arguments);
    va_end(arguments);
    *diag = (struct diag){.rule = rule, .place = place, .file = file_rank(list, place.source)};
    diag->message = length < 0 ? NULL : arena_copy(&list->arena, text, (size_t)length);
    diag->hint = hint ? arena_text(&list->arena, hint) : NULL;
    free(length < 0 ? NULL : text);
    if (!diag->message || (hint && !diag->hint))
        list->no_memory = true;
    else
        list->count++;
}

void diag_add_other(struct diag_list *list, struct place other)
{
    if (list->count > 0 && list->dropped == 0)
        list->entries[list->count - 1].other = other;
}

static bool is_before(const struct diag *a, const struct diag *b)
{
    if (a->file != b->file)
        return a->file < b->file;
    if (a->place.line != b->place.line)
        return a->place.line < b->place.line;
    return a->place.column < b->place.column;
}

/* By insertion: stable, and at most DIAG_MOST entries that mostly stand in order already. */
void diag_sort(struct diag_list *list)
{
    for (size_t i = 1; i < list->count; i++) {
        struct diag diag = list->entries[i];
        size_t at = i;
        for (; at > 0 && is_before(&diag, &list->entries[at - 1]); at--)
            list->entries[at] = list->entries[at - 1];
        list->entries[at] = diag;
    }
}

enum {
    LINE_SHOWN = 100, /* characters of a line that are shown at most */
    LEAD_SHOWN = 40,  /* of them before the caret, in a line that is longer */
    TAB_SHOWN = 4
};

/* The bytes of the character at s, which is valid UTF-8 (struct source), and its code. */
static size_t read_character(const char *s, uint32_t *code)
{
    unsigned char lead = (unsigned char)*s;
    size_t length = lead < 0x80 ? 1 : lead < 0xE0 ? 2 : lead < 0xF0 ? 3 : 4;

    *code = length == 1 ? lead : lead & (0x7Fu >> length);
    for (size_t i = 1; i < length; i++)
        *code = *code << 6 | ((unsigned char)s[i] & 0x3F);
    return length;
}

/* Ranges of characters that take no column, or two. Near enough for a caret; a terminal's own
 * idea may differ. */
static const struct {
    uint32_t first, last;
    size_t width;
} unusual_widths[] = {
    {0x300, 0x36F, 0},   {0x200B, 0x200F, 0}, {0xFE00, 0xFE0F, 0},   {0x1100, 0x115F, 2},
    {0x2E80, 0xA4CF, 2}, {0xAC00, 0xD7A3, 2}, {0xF900, 0xFAFF, 2},   {0xFE30, 0xFE6F, 2},
    {0xFF00, 0xFF60, 2}, {0xFFE0, 0xFFE6, 2}, {0x1F300, 0x1FAFF, 2}, {0x20000, 0x3FFFD, 2},
};
enum { UNUSUAL_WIDTHS = sizeof(unusual_widths) / sizeof(unusual_widths[0]) };

/* Appends a character so that a terminal only shows it. Returns the columns it takes. */
static size_t add_character(struct buf *out, const char *s, size_t length, uint32_t code)
{
    size_t before = out->length;

    if (code == '\t') {
        buf_printf(out, "%*s", TAB_SHOWN, "");
        return TAB_SHOWN;
    }
    text_add_safe(out, s, length);
    if (out->length - before != length || code < 0x80)
        return out->length - before;
    for (size_t i = 0; i < UNUSUAL_WIDTHS; i++)
        if (code >= unusual_widths[i].first && code <= unusual_widths[i].last)
            return unusual_widths[i].width;
    return 1;
}

static size_t count_characters(const char *s, size_t length)
{
    size_t count = 0;

    for (size_t i = 0; i < length; i++)
        count += ((unsigned char)s[i] & 0xC0) != 0x80;
    return count;
}

static bool is_masked(const struct mask *masks, size_t count, size_t at)
{
    for (size_t i = 0; i < count; i++)
        if (at >= masks[i].from && at < masks[i].to)
            return true;
    return false;
}

/* Appends the line, or the part of it around the column, and a caret under the column. */
static void add_line(struct buf *out, const struct place *place)
{
    size_t length = 0, column = place->column, from = 1, width = 0, at = 1;
    const char *line = source_line(place->source, place->line, &length);
    struct mask masks[MASK_MOST];
    size_t characters, mask_count;

    if (!line)
        return;
    mask_count = mask_find(line, length, masks);
    characters = count_characters(line, length);
    if (characters > LINE_SHOWN && column > LINE_SHOWN - LEAD_SHOWN)
        from = column - LEAD_SHOWN;
    buf_printf(out, "%5u | %s", place->line, from > 1 ? "…" : "");
    width = from > 1;
    for (size_t i = 0, n; i < length && at < from + LINE_SHOWN; i += n, at++) {
        uint32_t code;
        n = read_character(line + i, &code);
        if (at < from)
            continue;
        bool hidden = is_masked(masks, mask_count, i);
        size_t columns =
            hidden ? add_character(out, "*", 1, '*') : add_character(out, line + i, n, code);
        width += at < column ? columns : 0;
    }
    buf_printf(out, "%s\n      | %*s^\n", at <= characters ? "…" : "", (int)width, "");
}

static void add_place(struct buf *out, const struct place *place)
{
    if (!place->source)
        return;
    text_add_safe(out, place->source->path, strlen(place->source->path));
    if (place->line > 0)
        buf_printf(out, ":%u:%u", place->line, place->column);
    buf_add_text(out, ": ");
}

void diag_print(struct buf *out, const struct diag *diag)
{
    add_place(out, &diag->place);
    buf_printf(out, "%s[%s]: ", diag->rule->severity == DIAG_ERROR ? "error" : "warning",
               diag->rule->id);
    text_add_safe(out, diag->message, strlen(diag->message));
    buf_add_char(out, '\n');
    if (diag->place.source && diag->place.line > 0)
        add_line(out, &diag->place);
    if (diag->hint) {
        buf_add_text(out, "  hint: ");
        text_add_safe(out, diag->hint, strlen(diag->hint));
        buf_add_char(out, '\n');
    }
    if (diag->other.source) {
        add_place(out, &diag->other);
        buf_add_text(out, "note: first given here\n");
        add_line(out, &diag->other);
    }
}
