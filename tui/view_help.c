/* The keys and the columns, from their tables; the filter's words, states and styles. */
#include "tui/view_paper.h"

#include <string.h>

enum { KEYS_COLUMNS = 14 };

static const char *const filter_lines[] = {
    "voice          in the name or the id, whatever its case",
    "state:fail     a column's text holds it; sink: and error: too",
    "depth>100      a column's number (> >= < <= =); with a unit: oldest>5m p95>=300ms dead>1k",
    "!word          the word does not hold",
    "Words between blanks must all hold. What is not known holds nothing but its \"!\".",
};
static const char *const command_lines[] = {
    "sort COLUMN    sort by it",
    "filter TEXT    as if typed after /",
    "view NAME      overview, subscription, letters, drift, log, help",
    "save FILE      the screen as text in a new file",
    "Any key's name does what the key does.",
};
static const char *const cell_lines[] = {
    "0 is zero, ? is not known; what is dimmed is old, and says how old. Gaps in graphs are times",
    "of which nothing is known. Rates come from counters, and begin anew when an endpoint "
    "restarts.",
    "The view is frozen (z); a subscription is paused (P). After a move of the cursor the rows "
    "keep",
    "their order for five steps.",
};

static void add_lines(struct paper *paper, const char *head, const char *const *lines, size_t count)
{
    paper_printf(paper, STYLE_PLAIN, 0, "%s", "");
    paper_printf(paper, STYLE_HEAD, 0, "%s", head);
    for (size_t i = 0; i < count; i++)
        paper_printf(paper, STYLE_PLAIN, 2 + KEYS_COLUMNS + 1, "  %s", lines[i]);
}

static void add_keys(struct paper *paper, bool read_only)
{
    paper_printf(paper, STYLE_HEAD, 0, "Keys");
    for (size_t i = 1; i < REQUESTS; i++)
        if (!request_table[i].acts || !read_only)
            paper_printf(paper, STYLE_PLAIN, 2 + KEYS_COLUMNS + 1, "  %-*s %s", KEYS_COLUMNS,
                         request_table[i].keys, request_table[i].help);
    if (read_only)
        paper_printf(paper, STYLE_DIM, 2, "  --read-only: nothing can be changed from here");
}

static void add_columns(struct paper *paper)
{
    paper_printf(paper, STYLE_PLAIN, 0, "%s", "");
    paper_printf(paper, STYLE_HEAD, 0, "Columns");
    for (size_t i = 0; i < COLUMNS; i++)
        paper_printf(paper, STYLE_PLAIN, 2 + KEYS_COLUMNS + 1, "  %-*s %s: %s", KEYS_COLUMNS,
                     column_table[i].name, column_table[i].title, column_table[i].help);
}

#define ADD(paper, head, lines) add_lines(paper, head, lines, sizeof(lines) / sizeof((lines)[0]))

static void draw(struct top *top, struct canvas *canvas)
{
    struct paper paper;

    paper_init(&paper, canvas->width, canvas->ascii);
    add_keys(&paper, top->read_only);
    ADD(&paper, "Filter (/)", filter_lines);
    ADD(&paper, "Commands (:)", command_lines);
    add_columns(&paper);
    ADD(&paper, "Numbers", cell_lines);
    paper_draw(&paper, canvas, &top->scroll[VIEW_HELP]);
    paper_release(&paper);
}

static bool on_request(struct top *top, enum top_request request)
{
    if (request == REQUEST_HELP) /* the key that came here leads away, too */
        request = REQUEST_BACK;
    if (request == REQUEST_BACK) {
        top_show(top, top->before);
        top->before = VIEW_OVERVIEW;
        return true;
    }
    return view_scroll(&top->scroll[VIEW_HELP], request, view_page(top));
}

const struct view view_help = {.title = "Help", .draw = draw, .request = on_request};
