/* Cells as values: what is known, what it is, which comes first. */
#include "tui/column_value.h"

#include "tui/format.h"

#include <math.h>
#include <string.h>

const enum style column_state_styles[ROW_STATES] = {
    [ROW_UNKNOWN] = STYLE_DIM, [ROW_OK] = STYLE_GOOD,       [ROW_DRIFT] = STYLE_WARN,
    [ROW_LATE] = STYLE_WARN,   [ROW_PAUSED] = STYLE_PAUSED, [ROW_FAIL] = STYLE_BAD,
    [ROW_GONE] = STYLE_DIM,
};

/* The drain time has a format of its own, so that it is named here. */
enum column_kind column_kind(enum column_id column)
{
    if (column == COLUMN_VERSION)
        return COLUMN_KIND_COUNT;
    if (column_table[column].figure < 0)
        return COLUMN_KIND_TEXT;
    if (column == COLUMN_DRAIN || column_table[column].format == format_seconds)
        return COLUMN_KIND_SECONDS;
    return COLUMN_KIND_COUNT;
}

double column_number(enum column_id column, const struct row_view *view)
{
    if (column == COLUMN_VERSION)
        return view->of->version > 0 ? (double)view->of->version : NAN;
    if (column_table[column].figure < 0)
        return NAN;
    return (double)view->point.figures[column_table[column].figure];
}

/* No mark means no drift only where the Genesys side has told of the row at all. */
static const char *drift_of(const struct row *row)
{
    bool told = row->drift[0] || row->health[0] || row->version > 0;

    return told ? row->drift : NULL;
}

const char *column_word(enum column_id column, const struct row_view *view)
{
    switch (column) {
    case COLUMN_STATE:
        return view->point.state == ROW_UNKNOWN ? NULL : row_state_words[view->point.state];
    case COLUMN_NAME:
        return view->of->name;
    case COLUMN_DRIFT:
        return drift_of(view->of);
    default:
        return NULL;
    }
}

bool column_known(enum column_id column, const struct row_view *view)
{
    return column_kind(column) == COLUMN_KIND_TEXT ? column_word(column, view) != NULL
                                                   : !isnan(column_number(column, view));
}

/* -- order ----------------------------------------------------------------------------------------
 */

static int sign(int difference)
{
    return (difference > 0) - (difference < 0);
}

/* The worst first; what is gone asks for nobody any more. */
static int compare_states(enum row_state a, enum row_state b)
{
    static const int ranks[ROW_STATES] = {
        [ROW_FAIL] = 0, [ROW_PAUSED] = 1, [ROW_LATE] = 2,    [ROW_DRIFT] = 3,
        [ROW_OK] = 4,   [ROW_GONE] = 5,   [ROW_UNKNOWN] = 6,
    };

    return sign(ranks[a] - ranks[b]);
}

/* By the alphabet, whatever their case; "" (no drift) last. */
static int compare_words(const char *a, const char *b)
{
    if (!*a || !*b)
        return !*a - !*b;
    return sign(strcasecmp(a, b));
}

static int compare_known(enum column_id column, const struct row_view *a, const struct row_view *b)
{
    double left, right;

    if (column == COLUMN_STATE)
        return compare_states(a->point.state, b->point.state);
    if (column_kind(column) == COLUMN_KIND_TEXT)
        return compare_words(column_word(column, a), column_word(column, b));
    left = column_number(column, a);
    right = column_number(column, b);
    return (left < right) - (left > right);
}

int column_compare_values(enum column_id column, const struct row_view *a, const struct row_view *b)
{
    bool a_known = column_known(column, a), b_known = column_known(column, b);

    return a_known && b_known ? compare_known(column, a, b) : b_known - a_known;
}

int column_compare(enum column_id column, const struct row_view *a, const struct row_view *b)
{
    int order = column_compare_values(column, a, b);

    return order ? order : sign(strcmp(a->of->id, b->of->id));
}
