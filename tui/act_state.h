/* An action on its way: the steps, and what they share. Private to act*.c.
 *
 * act.c is the machine: a table says of each step what it asks for, what it sends and what becomes
 * of the answer. Calls go out in `step` alone, never from within an answer; a change is sent once.
 */
#ifndef TUI_ACT_STATE_H
#define TUI_ACT_STATE_H

#include "tui/dialog.h"
#include "tui/dialog_box.h"

enum act_at {
    AT_WHERE,  /* which endpoint; pause and resume */
    AT_COUNT,  /* the dry run */
    AT_RATE,   /* replay */
    AT_REASON, /* this and the next are the confirmation */
    AT_NAME,   /* of each endpoint that is marked production */
    AT_SEND,   /* the change, one target after the other */
    AT_WATCH,  /* a replay goes on */
    AT_ABORT,
    AT_LOOK, /* how many came back */
    AT_OVER,
    ACT_STEPS
};

struct act;
struct act_target {
    size_t endpoint;
    const char *id, *name; /* id NULL: dead letters; name: for people */
    size_t row;            /* of the fleet, of a subscription */
    bool paused, done;
};

/* What is done. */
struct act_verb {
    const char *title, *word, *doing, *done, *effect;
    void (*path)(const struct act *act, const struct act_target *target, struct buf *out);
    json_t *(*body)(const struct act *act); /* NULL: no memory */
    /* Of a 2xx. False: it does not say what it should. */
    bool (*read)(struct act *act, const struct ingest_answer *answer);
    void (*finish)(struct act *act); /* the last target's answer is there */
};

struct act_place {
    const char *name;
    bool production, chosen;
};

struct act {
    struct dialog dialog;
    struct top *top;
    struct arena arena;
    enum act_at at;
    const struct act_verb *verb; /* NULL: not known before the endpoint is */
    struct act_place *places;    /* all endpoints */
    size_t place_count;
    struct act_target *targets;
    size_t target_count;
    size_t skipped; /* what is as it should be already */
    /* What is asked for. */
    char says[256];
    bool complains; /* says what was wrong with what was typed */
    bool hides;     /* not all that is confirmed was to be seen when it was drawn last */
    struct prompt prompt;
    struct list where;
    size_t *where_endpoints; /* of its items; SIZE_MAX: all */
    size_t naming;           /* the place whose name is asked for */
    double rate;
    char reason[PROMPT_BYTES];
    /* What is sent. */
    unsigned ask;   /* 0: nothing is under way */
    int64_t due_ms; /* of the step's next call */
    size_t next;    /* of the targets */
    size_t done, failed, unknown;
    /* Dead letters. */
    struct letter_filter filter;
    int64_t count; /* counted, and then what was really taken; -1: not known yet */
    int64_t left, taken_back;
    int64_t sent_ms; /* by the endpoint's clock, to the second; -1: not told */
    bool aborted, abort_unknown;
};

/* A step; what is NULL it does not have. */
struct act_step {
    const char *keys; /* for the last line */
    bool confirms;    /* what is shown, by Enter */
    int leaves;       /* this key ends the dialog, as Escape may; 0: none */
    void (*begin)(struct act *act);
    void (*chosen)(struct act *act);                  /* from `where` */
    void (*typed)(struct act *act, const char *text); /* into `prompt` */
    void (*send)(struct act *act);
    void (*answered)(struct act *act, const struct ingest_answer *answer);
    bool (*escape)(struct act *act); /* false: the dialog ends, as without */
    void (*left)(struct act *act);   /* the dialog ends here: logs what is to be said of it */
};
const struct act_step *act_step_of(const struct act *act);

/* -- the machine: act.c */

/* NULL: it is refused, or there is no memory, and that is said. */
struct act *act_new(struct top *top);
void act_free(struct dialog *dialog, struct top *top);
void act_enter(struct act *act, enum act_at at);
/* Of a prompt's step: says what is wrong, and asks again. */
void act_complain(struct act *act, const char *what);
/* POST; takes the body over. A call that cannot be made is answered at once, as not sent. */
void act_ask(struct act *act, size_t endpoint, const char *path, json_t *body);
const char *act_place_name(const struct act *act, const struct act_target *target);

/* -- answers: act_send.c */

/* What an answer to a change is: DONE, REFUSED (also what was not sent), AUTH or UNKNOWN. */
enum log_kind act_judge(const struct ingest_answer *answer);
/* The result comes first in each line, which may be cut off at its end. Of several targets each has
 * its line in the log, and the summary alone is said. */
void act_say_target(struct act *act, const struct act_target *target, enum log_kind kind,
                    const char *result, const char *doing, const char *detail);
/* The line of a call that failed; answer NULL: it was left before one came. */
void act_say_failure(struct act *act, const struct act_target *target, enum log_kind kind,
                     const char *doing, const struct ingest_answer *answer);

/* Of dead letters: the result, then of which. */
void act_say_count(struct act *act, enum log_kind kind, const char *format, ...)
    __attribute__((format(printf, 3, 4))); /* act_letters.c */

/* -- steps */

void act_reason_begin(struct act *act);
void act_reason_typed(struct act *act, const char *text);
void act_name_begin(struct act *act);
void act_name_typed(struct act *act, const char *text);
void act_send_begin(struct act *act);
void act_send(struct act *act);
void act_send_answered(struct act *act, const struct ingest_answer *answer);
void act_send_left(struct act *act);

void act_where_chosen(struct act *act); /* act_pause.c */

void act_count_begin(struct act *act); /* act_letters.c */
void act_count_send(struct act *act);
void act_count_answered(struct act *act, const struct ingest_answer *answer);
void act_rate_begin(struct act *act);
void act_rate_typed(struct act *act, const char *text);

void act_watch_begin(struct act *act); /* act_watch.c */
void act_watch_send(struct act *act);
void act_watch_answered(struct act *act, const struct ingest_answer *answer);
bool act_watch_escape(struct act *act);
void act_watch_left(struct act *act);
void act_abort_begin(struct act *act);
void act_abort_send(struct act *act);
void act_abort_answered(struct act *act, const struct ingest_answer *answer);
void act_abort_left(struct act *act);
void act_look_begin(struct act *act);
void act_look_send(struct act *act);
void act_look_answered(struct act *act, const struct ingest_answer *answer);
void act_look_left(struct act *act);

/* -- act_draw.c */
void act_draw(struct dialog *dialog, struct top *top, struct canvas *canvas);

#endif
