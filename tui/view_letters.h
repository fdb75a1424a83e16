/* What the files of the dead letters' view share: three levels, one below the other.
 *
 * Groups come from the newest samples; a list and a letter are asked for. An answer that is under
 * way when its level is left is cancelled. Private to view_letters*.c and top.c.
 */
#ifndef TUI_VIEW_LETTERS_H
#define TUI_VIEW_LETTERS_H

#include "api/dead_letter.h"
#include "tui/view_paper.h"

void view_letters_free(struct top *top);

enum letters_level { LETTERS_GROUPS, LETTERS_LIST, LETTERS_ONE };
enum {
    LETTERS_PAGE = 100,      /* asked for at a time */
    LETTERS_MOST = 10000,    /* of one list: as many as one action takes */
    LETTERS_AGAIN_MS = 2000, /* while some are replayed, the list is read so often */
    LETTERS_PROBLEM_BYTES = 512
};

/* One endpoint, subscription and reason; what comes back is a group of its own. */
struct letter_group {
    size_t endpoint;
    const char *subscription, *reason; /* borrowed from the sample, or owned */
    int came_back;                     /* 0, 1; -1: it is not told which did */
    int64_t count, oldest_ms;
    bool stale; /* of an endpoint that is not live */
};
struct letter_groups {
    struct letter_group *items;
    size_t count;
};

struct letter_list {
    struct letter_page *pages;
    size_t page_count;
    const struct letter **items;
    size_t count;
    int64_t total, next_id; /* next 0: that was all */
};

struct letter_mark {
    size_t endpoint;
    int64_t id;
};

struct letters {
    enum letters_level level;
    int scroll[3];
    /* The groups: which one is selected is known by what it is, since counts change their order. */
    struct letter_group at; /* owned texts; NULL: none yet */
    int group_place;
    size_t came_from; /* the overview's selected row when the groups were looked at last */
    /* The list of the group `at`. */
    struct letter_list list, fresh; /* fresh: read anew, not whole yet */
    unsigned list_ask;              /* 0: none is under way */
    bool anew, acting;              /* acting: to be read anew once the dialog is gone */
    int64_t asked_after, read_ms;   /* read: -1: not yet */
    char list_problem[LETTERS_PROBLEM_BYTES];
    int cursor;
    struct letter_mark *marks; /* sorted; what is gone is no longer shown, whatever is marked */
    size_t mark_count, mark_capacity;
    /* One letter. */
    unsigned one_ask;
    int64_t one_id;
    struct letter_page one; /* count 0: not read */
    char one_problem[LETTERS_PROBLEM_BYTES];
    struct paper paper; /* made for so many columns; 0: not made */
};

/* -- groups -- */
/* Those that the filter lets through, the greatest first. Borrows from the samples. */
MUST_CHECK bool letter_groups_make(const struct top *top, struct letter_groups *groups);
void letter_groups_release(struct letter_groups *groups);
int letter_groups_find(const struct letter_groups *groups,
                       const struct letter_group *group); /* -1 */
void letter_groups_draw(struct top *top, struct letters *letters, struct canvas *canvas);
bool letter_groups_move(struct top *top, struct letters *letters, enum top_request request);
/* "http-503 of voice at frankfurt" */
void letter_group_name(const struct top *top, const struct letter_group *group, char *out,
                       size_t size);
/* For an action on some of it: "dead letter 4 of voice (http-503)". */
void letter_group_what(const struct top *top, const struct letter_group *group, const char *which,
                       char *out, size_t size);
MUST_CHECK bool letter_group_copy(struct letter_group *to, const struct letter_group *from);
void letter_group_release(struct letter_group *group);
void letter_group_filter(const struct letter_group *group, struct letter_filter *filter);

/* -- the list -- */
void letter_list_open(struct top *top, struct letters *letters); /* of letters->at */
void letter_list_close(struct top *top, struct letters *letters);
void letter_list_read_anew(struct top *top, struct letters *letters);
void letter_list_step(struct top *top, struct letters *letters);
void letter_list_draw(struct top *top, struct letters *letters, struct canvas *canvas);
bool letter_list_move(struct top *top, struct letters *letters, enum top_request request);
const struct letter *letter_list_selected(const struct letters *letters); /* NULL: none */
void letter_list_mark(struct letters *letters, int64_t id);               /* or unmark */
bool letter_list_is_marked(const struct letters *letters, int64_t id);
size_t letter_list_marked(const struct letters *letters); /* of those that are in the list */

/* -- one letter -- */
void letter_one_open(struct top *top, struct letters *letters, int64_t id);
void letter_one_close(struct top *top, struct letters *letters);
void letter_one_draw(struct top *top, struct letters *letters, struct canvas *canvas);
/* Its lines, for a screen of so many columns. */
void letter_one_write(struct paper *paper, const struct letter *letter, const char *name,
                      int64_t now_ms);

/* -- tables -- */
struct letters_column {
    const char *title;
    int width; /* 0: what is left */
    int least; /* shown on screens of so many columns */
    bool left;
};
/* `cells` NULL: the heads. */
void letters_row(struct canvas *canvas, int row, const struct letters_column *columns, size_t count,
                 const char *const *cells, enum style style);
/* Moves a cursor among `count`; false: that is no move. */
bool letters_move(int *cursor, enum top_request request, int count, int page);
/* Keeps the cursor's row within so many rows. */
void letters_keep(int *scroll, int cursor, int rows);

#endif
