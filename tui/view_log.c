/* What was done here, and what failed: the newest last. The scroll counts from the end. */
#include "tui/view_paper.h"

#include "tui/format.h"
#include "tui/top_state.h"

#include <string.h>

static const struct {
    const char *word;
    enum style style;
} kinds[] = {
    [LOG_DONE] = {"done", STYLE_GOOD},       [LOG_REFUSED] = {"refused", STYLE_WARN},
    [LOG_UNKNOWN] = {"unknown", STYLE_WARN}, [LOG_NOTE] = {"note", STYLE_PLAIN},
    [LOG_PROBLEM] = {"problem", STYLE_BAD},  [LOG_AUTH] = {"auth", STYLE_ALARM},
};
enum { WORD_COLUMNS = 7 };

/* "10:00:05  problem  frankfurt is down: …" */
static void add_line(struct paper *paper, const struct top *top, const struct log_line *line)
{
    const char *only = top->own->log_text, *word = kinds[line->kind].word;
    char when[FORMAT_SIZE];

    if (*only && !strcasestr(line->text, only) && !strcasestr(word, only))
        return;
    format_time(when, sizeof(when), line->at_ms, top->now_ms);
    paper_printf(paper, kinds[line->kind].style, (int)strlen(when) + WORD_COLUMNS + 2, "%s %-*s %s",
                 when, WORD_COLUMNS, word, line->text);
}

static void draw(struct top *top, struct canvas *canvas)
{
    const struct log_line *line;
    struct paper paper;
    int most, from;

    paper_init(&paper, canvas->width, canvas->ascii);
    for (size_t i = 0; (line = top_log(top, i)); i++)
        add_line(&paper, top, line);
    if (paper.count == 0)
        paper_printf(&paper, STYLE_DIM, 0, "%s",
                     top->log_count ? "No line has the filter's text." : "Nothing happened yet.");
    most = (int)paper.count > canvas->height ? (int)paper.count - canvas->height : 0;
    if (top->scroll[VIEW_LOG] > most)
        top->scroll[VIEW_LOG] = most;
    from = most - top->scroll[VIEW_LOG];
    paper_draw(&paper, canvas, &from);
    paper_release(&paper);
}

static bool on_request(struct top *top, enum top_request request)
{
    static const struct {
        enum top_request asked, from_the_end;
    } turned[] = {
        {REQUEST_UP, REQUEST_DOWN},           {REQUEST_DOWN, REQUEST_UP},
        {REQUEST_PAGE_UP, REQUEST_PAGE_DOWN}, {REQUEST_PAGE_DOWN, REQUEST_PAGE_UP},
        {REQUEST_FIRST, REQUEST_LAST},        {REQUEST_LAST, REQUEST_FIRST},
    };

    for (size_t i = 0; i < sizeof(turned) / sizeof(turned[0]); i++)
        if (turned[i].asked == request)
            return view_scroll(&top->scroll[VIEW_LOG], turned[i].from_the_end, view_page(top));
    return false;
}

const struct view view_log = {.title = "Log", .draw = draw, .request = on_request};
