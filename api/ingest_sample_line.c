#include "api/ingest_sample_line.h"

#include <math.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

enum { NUMBER_MOST = 64 };

struct cursor {
    const char *at, *end;
};

static void skip_blanks(struct cursor *cursor)
{
    while (cursor->at < cursor->end &&
           (*cursor->at == ' ' || *cursor->at == '\t' || *cursor->at == '\r'))
        cursor->at++;
}

static bool is_next(const struct cursor *cursor, char c)
{
    return cursor->at < cursor->end && *cursor->at == c;
}

static bool take(struct cursor *cursor, char c)
{
    skip_blanks(cursor);
    if (!is_next(cursor, c))
        return false;
    cursor->at++;
    return true;
}

static bool is_name_byte(char c, bool first)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_' || c == ':' ||
           (!first && c >= '0' && c <= '9');
}

static bool take_name(struct cursor *cursor, struct line_piece *name)
{
    skip_blanks(cursor);
    name->text = cursor->at;
    while (cursor->at < cursor->end && is_name_byte(*cursor->at, cursor->at == name->text))
        cursor->at++;
    name->length = (size_t)(cursor->at - name->text);
    return name->length > 0;
}

/* -- labels -------------------------------------------------------------------------------------
 */

static bool take_value(struct cursor *cursor, struct line_label *label)
{
    const char *at;

    if (!take(cursor, '"'))
        return false;
    label->escaped = false;
    for (at = cursor->at; at < cursor->end && *at != '"'; at++)
        if (*at == '\\' && at + 1 < cursor->end) {
            label->escaped = true;
            at++;
        }
    if (at >= cursor->end)
        return false;
    label->value = (struct line_piece){cursor->at, (size_t)(at - cursor->at)};
    cursor->at = at + 1;
    return true;
}

static bool is_new(const struct line *line, const struct line_piece *name)
{
    for (size_t i = 0; i < line->label_count; i++) {
        const struct line_piece *other = &line->labels[i].name;
        if (other->length == name->length && memcmp(other->text, name->text, name->length) == 0)
            return false;
    }
    return true;
}

/* After '{'. A comma may stand behind the last one. */
static bool take_labels(struct cursor *cursor, struct line *line)
{
    while (!take(cursor, '}')) {
        struct line_label *label = &line->labels[line->label_count];
        if (line->label_count == LINE_LABELS_MOST || !take_name(cursor, &label->name) ||
            !is_new(line, &label->name) || !take(cursor, '=') || !take_value(cursor, label))
            return false;
        line->label_count++;
        skip_blanks(cursor);
        if (!take(cursor, ',') && !is_next(cursor, '}'))
            return false;
    }
    return true;
}

const struct line_label *line_find(const struct line *line, const char *name)
{
    for (size_t i = 0; i < line->label_count; i++)
        if (line_piece_is(&line->labels[i].name, name))
            return &line->labels[i];
    return NULL;
}

size_t line_unescape(const struct line_label *label, char *out)
{
    const char *at = label->value.text, *end = at + label->value.length;
    size_t length = 0;

    for (; at < end; at++) {
        if (*at == '\\' && at + 1 < end && (at[1] == '"' || at[1] == '\\' || at[1] == 'n')) {
            at++;
            out[length++] = *at == 'n' ? '\n' : *at;
        } else { /* a backslash before anything else is itself */
            out[length++] = *at;
        }
    }
    return length;
}

/* -- the line -----------------------------------------------------------------------------------
 */

static struct line_piece take_word(struct cursor *cursor)
{
    struct line_piece word;

    skip_blanks(cursor);
    word.text = cursor->at;
    while (cursor->at < cursor->end && *cursor->at != ' ' && *cursor->at != '\t' &&
           *cursor->at != '\r')
        cursor->at++;
    word.length = (size_t)(cursor->at - word.text);
    return word;
}

bool line_read(struct line *line, const char *text, size_t length)
{
    struct cursor cursor = {text, text + length};
    struct line_piece word;
    double ignored;

    line->label_count = 0;
    if (!take_name(&cursor, &line->name) || (take(&cursor, '{') && !take_labels(&cursor, line)))
        return false;
    line->value = take_word(&cursor);
    if (line->value.text == line->name.text + line->name.length || /* nothing between the two */
        !line_number(&line->value, &line->number))
        return false;
    word = take_word(&cursor);
    if (word.length > 0 && *word.text != '#') {
        if (!line_number(&word, &ignored))
            return false;
        word = take_word(&cursor);
    }
    return word.length == 0 || *word.text == '#';
}

/* -- numbers ------------------------------------------------------------------------------------
 */

static bool word_of_number(const char *text, double *number)
{
    static const struct {
        const char *word;
        double number;
    } words[] = {
        {"NaN", NAN},
        {"Inf", INFINITY},
        {"+Inf", INFINITY},
        {"-Inf", -INFINITY},
        {"+NaN", NAN},
        {"Infinity", INFINITY},
        {"+Infinity", INFINITY},
        {"-NaN", NAN},
        {"-Infinity", -INFINITY},
    };

    for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++)
        if (strcasecmp(text, words[i].word) == 0) {
            *number = words[i].number;
            return true;
        }
    return false;
}

/* Most numbers are counts: for those strtod is too dear. */
static bool short_count(const struct line_piece *piece, double *number)
{
    uint64_t sum = 0;

    for (size_t i = 0; i < piece->length; i++) {
        if (piece->text[i] < '0' || piece->text[i] > '9')
            return false;
        sum = sum * 10 + (uint64_t)(piece->text[i] - '0');
    }
    *number = (double)sum;
    return true;
}

bool line_number(const struct line_piece *piece, double *number)
{
    char text[NUMBER_MOST], *end;

    if (piece->length > 0 && piece->length <= 15 && short_count(piece, number))
        return true;
    if (piece->length == 0 || piece->length >= sizeof(text))
        return false;
    memcpy(text, piece->text, piece->length);
    text[piece->length] = '\0';
    if (strlen(text) != piece->length)
        return false;
    if (text[strspn(text, "0123456789.eE+-")] != '\0') /* strtod also reads what is no decimal */
        return word_of_number(text, number);
    *number = strtod(text, &end);
    return end != text && *end == '\0';
}

bool line_piece_is(const struct line_piece *piece, const char *text)
{
    return strlen(text) == piece->length && memcmp(piece->text, text, piece->length) == 0;
}
