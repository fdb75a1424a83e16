/* The filter language: read once into terms, asked for every row. */
#include "tui/order.h"

#include "core/text.h"
#include "tui/column_value.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { QUERY_TERMS_MOST = 64, QUERY_BYTES_MOST = 4096, COLUMN_NAME_MOST = 24, CELL_MOST = 64 };
#define BLANKS " \t\r\n\v\f"

/* Texts that rows have beside the columns'. */
enum { FIELD_ANY = -1, FIELD_SINK = COLUMNS, FIELD_ERROR };
enum comparison { COMPARE_HOLDS, COMPARE_GE, COMPARE_LE, COMPARE_GT, COMPARE_LT, COMPARE_EQ };

struct term {
    bool negated;
    int field; /* FIELD_ANY: name or id; enum column_id; FIELD_SINK, FIELD_ERROR */
    enum comparison by;
    const char *text; /* HOLDS: in the query's own copy */
    double number;
};
struct query {
    size_t count;
    struct term terms[QUERY_TERMS_MOST];
    char text[]; /* cut into words */
};

/* -- numbers --------------------------------------------------------------------------------------
 */

struct unit {
    const char *name;
    double factor;
};
/* End with a NULL name. */
static const struct unit count_units[] = {{"", 1}, {"k", 1e3}, {"M", 1e6}, {"G", 1e9}, {NULL, 0}};
static const struct unit second_units[] = {{"", 1},     {"ms", 1e-3}, {"s", 1}, {"m", 60},
                                           {"h", 3600}, {"d", 86400}, {NULL, 0}};

static const struct unit *units_of(enum column_id column)
{
    return column_kind(column) == COLUMN_KIND_SECONDS ? second_units : count_units;
}

static bool fail_unit(struct error *error, const char *word, const char *unit,
                      const struct unit *units)
{
    struct buf names;

    buf_init(&names, CELL_MOST);
    for (; units->name; units++)
        if (*units->name)
            buf_printf(&names, " %s", units->name);
    error_set(error, ERROR_INVALID, "%s: no unit \"%s\" is known here, but:%s", word, unit,
              buf_text(&names));
    buf_release(&names);
    return false;
}

/* `text` stands behind the operator `sign` of `word`. */
static bool read_number(struct term *term, const char *text, const char *word, const char *sign,
                        struct error *error)
{
    const struct unit *units = units_of((enum column_id)term->field);
    size_t signs = *text == '-' || *text == '+';
    size_t length = signs + strspn(text + signs, "0123456789.");
    char digits[CELL_MOST], *end;

    if (length == signs || length >= sizeof(digits))
        return error_set(error, ERROR_INVALID, "%s: a number is expected after %s", word, sign);
    memcpy(digits, text, length);
    digits[length] = '\0';
    term->number = strtod(digits, &end);
    if (*end)
        return error_set(error, ERROR_INVALID, "%s: a number is expected after %s", word, sign);
    for (const struct unit *unit = units; unit->name; unit++)
        if (strcasecmp(unit->name, text + length) == 0) {
            term->number *= unit->factor;
            return true;
        }
    return fail_unit(error, word, text + length, units);
}

/* -- words ----------------------------------------------------------------------------------------
 */

static const struct {
    const char *sign;
    enum comparison by;
} operators[] = {{":", COMPARE_HOLDS}, {">=", COMPARE_GE}, {"<=", COMPARE_LE},
                 {">", COMPARE_GT},    {"<", COMPARE_LT},  {"=", COMPARE_EQ}};

static int find_field(const char *name)
{
    if (strcasecmp(name, "sink") == 0)
        return FIELD_SINK;
    return strcasecmp(name, "error") == 0 ? FIELD_ERROR : column_find(name);
}

static bool fail_field(struct error *error, const char *word, const char *name)
{
    const char *names[COLUMNS + 3] = {NULL};
    const char *nearest;

    for (size_t i = 0; i < COLUMNS; i++)
        names[i] = column_table[i].name;
    names[COLUMNS] = "sink";
    names[COLUMNS + 1] = "error";
    nearest = text_nearest(name, names);
    return error_set(error, ERROR_INVALID, "%s: there is no column \"%s\"%s%s%s", word, name,
                     nearest ? "; did you mean " : "", nearest ? nearest : "", nearest ? "?" : "");
}

static bool is_text_field(int field)
{
    return field >= COLUMNS || column_kind((enum column_id)field) == COLUMN_KIND_TEXT;
}

/* "depth>100": what is before the operator, which stands at word[length]. */
static bool read_field(struct term *term, const char *word, size_t length, const char **sign,
                       struct error *error)
{
    char name[COLUMN_NAME_MOST];
    size_t i = 0;

    while (strncmp(word + length, operators[i].sign, strlen(operators[i].sign)) != 0)
        i++;
    *sign = operators[i].sign;
    term->by = operators[i].by;
    if (length == 0)
        return error_set(error, ERROR_INVALID, "%s: a column is expected before %s", word, *sign);
    snprintf(name, sizeof(name), "%.*s", (int)length, word);
    term->field = length < sizeof(name) ? find_field(name) : -1;
    if (term->field < 0)
        return fail_field(error, word, name);
    if (term->by != COMPARE_HOLDS && is_text_field(term->field))
        return error_set(error, ERROR_INVALID, "%s: %s is text, ask for it with %s:", word, name,
                         name);
    return true;
}

static bool fail_state(struct error *error, const char *word, const char *state)
{
    struct buf names;

    buf_init(&names, CELL_MOST);
    for (size_t i = ROW_OK; i < ROW_STATES; i++)
        buf_printf(&names, "%s%s", i > ROW_OK ? ", " : "", row_state_words[i]);
    error_set(error, ERROR_INVALID, "%s: there is no state \"%s\", but: %s", word, state,
              buf_text(&names));
    buf_release(&names);
    return false;
}

/* A part of a word is enough, as of any text. */
static bool is_state(const char *part)
{
    for (size_t i = 0; i < ROW_STATES; i++)
        if (strcasestr(row_state_words[i], part))
            return true;
    return false;
}

static bool read_term(struct term *term, const char *word, struct error *error)
{
    const char *from, *sign = "";
    size_t length;

    term->negated = *word == '!';
    from = word + term->negated;
    length = strcspn(from, ":<>=");
    term->text = from;
    term->field = FIELD_ANY;
    if (!*from)
        return error_set(error, ERROR_INVALID, "%s: a word is expected after !", word);
    if (!from[length])
        return true;
    if (!read_field(term, from, length, &sign, error))
        return false;
    term->text = from + length + strlen(sign);
    if (term->by != COMPARE_HOLDS)
        return read_number(term, term->text, from, sign, error);
    if (!*term->text)
        return error_set(error, ERROR_INVALID, "%s: a text is expected after :", from);
    if (term->field == COLUMN_STATE && !is_state(term->text))
        return fail_state(error, from, term->text);
    return true;
}

struct query *query_new(const char *text, struct error *error)
{
    size_t length = strlen(text);
    struct query *query;
    char *word, *rest = NULL;

    if (length > QUERY_BYTES_MOST) {
        error_set(error, ERROR_INVALID, "the filter has over %d bytes", QUERY_BYTES_MOST);
        return NULL;
    }
    query = calloc(1, sizeof(*query) + length + 1);
    if (!query) {
        error_no_memory(error);
        return NULL;
    }
    memcpy(query->text, text, length);
    for (word = strtok_r(query->text, BLANKS, &rest); word; word = strtok_r(NULL, BLANKS, &rest)) {
        bool room = query->count < QUERY_TERMS_MOST ||
                    error_set(error, ERROR_INVALID, "%s: the filter has over %d words", word,
                              QUERY_TERMS_MOST);
        if (!room || !read_term(&query->terms[query->count++], word, error)) {
            free(query);
            return NULL;
        }
    }
    return query;
}

void query_free(struct query *query)
{
    free(query);
}

/* -- asking ---------------------------------------------------------------------------------------
 */

/* Of ASCII letters the case does not matter. */
static bool has(const char *text, const char *part)
{
    return text && strcasestr(text, part) != NULL;
}

static bool holds_text(const struct term *term, const struct row_view *view)
{
    char text[CELL_MOST];
    enum column_id column;

    if (term->field == FIELD_SINK)
        return has(view->of->sink, term->text);
    if (term->field == FIELD_ERROR)
        return has(view->of->last_error, term->text);
    column = (enum column_id)term->field;
    if (column_kind(column) == COLUMN_KIND_TEXT)
        return has(column_word(column, view), term->text);
    column_text(text, sizeof(text), column, view);
    return column_known(column, view) && has(text, term->text);
}

/* Figures are floats, so that they are compared as such: 0.3 is the 0.3 that was measured. */
static bool holds_number(const struct term *term, const struct row_view *view)
{
    float value = (float)column_number((enum column_id)term->field, view);
    float number = (float)term->number;

    switch (term->by) {
    case COMPARE_GE:
        return value >= number;
    case COMPARE_LE:
        return value <= number;
    case COMPARE_GT:
        return value > number;
    case COMPARE_LT:
        return value < number;
    default:
        return value == number;
    }
}

static bool holds(const struct term *term, const struct row_view *view)
{
    if (term->field == FIELD_ANY)
        return has(view->of->name, term->text) || has(view->of->id, term->text);
    return term->by == COMPARE_HOLDS ? holds_text(term, view) : holds_number(term, view);
}

bool query_holds(const struct query *query, const struct row_view *view)
{
    for (size_t i = 0; query && i < query->count; i++)
        if (holds(&query->terms[i], view) == query->terms[i].negated)
            return false;
    return true;
}
