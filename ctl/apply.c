#include "ctl/apply.h"

#include "ctl/journal.h"
#include "ctl/progress.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

const char *apply_state_name(enum apply_state state)
{
    static const char *const names[APPLY_STATES] = {"not_sent", "done",     "half_done",
                                                    "failed",   "conflict", "unknown"};

    return names[state];
}

void apply_init(struct apply *apply)
{
    memset(apply, 0, sizeof(*apply));
}

void apply_release(struct apply *apply)
{
    for (size_t i = 0; i < apply->count; i++) {
        free(apply->items[i].error);
        if (apply->items[i].live)
            object_release(apply->items[i].live);
        free(apply->items[i].live);
    }
    free(apply->items);
    free(apply->journal);
    apply_init(apply);
}

/* A run of apply: where it stands. */
struct run {
    struct apply *apply;
    const struct apply_options *options;
    size_t next;             /* the item to look at next */
    size_t under_way, ended; /* writes */
    size_t total;            /* writes */
    bool deleting;           /* the second round */
    bool halted;             /* nothing more is sent */
    enum error_code halt;    /* and why */
    struct error no_memory;
};

/* One write under way; freed by its callback. */
struct flight {
    struct run *run;
    struct apply_item *item;
    struct remote_write write;
};

static const char *const op_names[] = {
    [REMOTE_CREATE] = "create", [REMOTE_UPDATE] = "update", [REMOTE_DELETE] = "delete"};

static void keep_error(struct apply_item *item, const struct error *error)
{
    if (!item->error)
        item->error = malloc(sizeof(*item->error));
    if (item->error)
        *item->error = *error;
}

static void keep_live(struct apply_item *item, struct object *live)
{
    if (live->name && !item->live && (item->live = malloc(sizeof(*item->live))))
        *item->live = *live;
    else
        object_release(live);
}

static enum apply_state state_of(const struct flight *flight)
{
    static const enum apply_state states[] = {[REMOTE_DONE] = APPLY_DONE,
                                              [REMOTE_FAILED] = APPLY_FAILED,
                                              [REMOTE_CONFLICT] = APPLY_CONFLICT,
                                              [REMOTE_UNKNOWN] = APPLY_UNKNOWN};
    enum apply_state state = states[flight->write.outcome];
    bool second_half =
        flight->item->change->action == PLAN_REPLACE && flight->write.op == REMOTE_DELETE;

    if (second_half)
        return state == APPLY_DONE ? APPLY_DONE : APPLY_HALF;
    if (flight->item->change->action == PLAN_REPLACE && state == APPLY_DONE)
        return APPLY_HALF;
    return state;
}

/* What goes wrong for one object goes on with the others; what goes wrong for all does not. */
static void halt_on(struct run *run, const struct error *error)
{
    if (error->code == ERROR_AUTH || error->code == ERROR_INTERRUPTED) {
        run->halted = true;
        run->halt = error->code;
    }
}

static void count_under_way(struct run *run, int more)
{
    run->under_way += (size_t)more;
    *run->options->writing = run->under_way > 0;
}

static void write_done(void *context, struct remote_write *write)
{
    struct flight *flight = context;
    struct run *run = flight->run;
    struct apply_item *item = flight->item;

    count_under_way(run, -1);
    run->ended++;
    item->state = state_of(flight);
    item->found_later |= write->found_later;
    if (write->op != REMOTE_DELETE && write->outcome == REMOTE_DONE)
        snprintf(item->id, sizeof(item->id), "%s", write->id_now);
    if (write->outcome != REMOTE_DONE) {
        keep_error(item, &write->error);
        keep_live(item, &write->live);
        halt_on(run, &write->error);
    } else {
        object_release(&write->live);
    }
    /* What never left needs no doubt: the journal speaks of the write, not of the item. */
    journal_outcome(run->options->journal, op_names[write->op], plan_change_name(item->change),
                    write->outcome == REMOTE_DONE      ? "done"
                    : write->outcome == REMOTE_UNKNOWN ? "unknown"
                                                       : "failed",
                    write->id_now);
    free(flight);
}

/* The write that an item needs in this round; false when it needs none. */
static bool item_write(const struct run *run, const struct apply_item *item,
                       struct remote_write *write)
{
    const struct plan_change *change = item->change;

    memset(write, 0, sizeof(*write));
    write->settle_ms = run->options->settle_ms;
    if (run->deleting) {
        if (!(change->action == PLAN_DELETE && item->state == APPLY_NOT_SENT) &&
            !(change->action == PLAN_REPLACE && item->state == APPLY_HALF))
            return false;
        write->op = REMOTE_DELETE;
    } else {
        if (change->action == PLAN_DELETE)
            return false;
        write->op = change->action == PLAN_UPDATE ? REMOTE_UPDATE : REMOTE_CREATE;
    }
    write->object = write->op == REMOTE_DELETE ? change->before : change->after;
    write->via = write->object->via;
    if (write->op != REMOTE_CREATE) {
        write->id = change->before->id;
        write->version = change->before->version;
    }
    return true;
}

static void start_item(struct run *run, struct apply_item *item)
{
    struct flight *flight = malloc(sizeof(*flight));
    struct error error = ERROR_INIT;

    if (!flight) {
        error_no_memory(&error);
        goto failed;
    }
    flight->run = run;
    flight->item = item;
    if (!item_write(run, item, &flight->write)) {
        free(flight);
        return;
    }
    if (!journal_sending(run->options->journal, op_names[flight->write.op], flight->write.via,
                         plan_change_name(item->change), &error))
        goto failed;
    if (!remote_write_start(run->options->client, &flight->write, write_done, flight, &error)) {
        journal_outcome(run->options->journal, op_names[flight->write.op],
                        plan_change_name(item->change), "not sent", "");
        goto failed;
    }
    count_under_way(run, 1);
    return;
failed:
    keep_error(item, &error);
    run->halted = true;
    run->halt = error.code;
    free(flight);
}

static bool stopped(const struct run *run)
{
    return run->options->stop && *run->options->stop;
}

/* Keeps as many writes under way as the rate budget has room for, until the round is through. */
static void run_round(struct run *run, bool deleting)
{
    run->deleting = deleting;
    run->next = 0;
    while (run->next < run->apply->count || run->under_way > 0) {
        while (run->next < run->apply->count && !run->halted && !stopped(run) &&
               run->under_way < client_width(run->options->client))
            start_item(run, &run->apply->items[run->next++]);
        if (run->halted || stopped(run))
            run->next = run->apply->count;
        if (run->under_way > 0)
            client_step(run->options->client, 1000);
        progress_show(run->options->progress, run->ended, run->total,
                      client_eta_ms(run->options->client, run->total - run->ended));
    }
    if (stopped(run) && !run->halted) {
        run->halted = true;
        run->halt = ERROR_INTERRUPTED;
    }
}

static void count_states(struct apply *apply)
{
    memset(apply->states, 0, sizeof(apply->states));
    for (size_t i = 0; i < apply->count; i++)
        apply->states[apply->items[i].state]++;
}

/* Did somebody change things meanwhile? */
static bool met_conflict(const struct apply *apply)
{
    for (size_t i = 0; i < apply->count; i++)
        if (apply->items[i].error && apply->items[i].error->code == ERROR_STALE)
            return true;
    return apply->states[APPLY_CONFLICT] > 0;
}

/* The exit code of a run that did not do everything. */
static bool explain(struct run *run, struct error *error)
{
    const size_t *states = run->apply->states;
    size_t some = states[APPLY_DONE] + states[APPLY_HALF];
    enum error_code code = run->halted && run->halt == ERROR_INTERRUPTED ? ERROR_INTERRUPTED
                           : some > 0                                    ? ERROR_PARTIAL
                           : run->halted                                 ? run->halt
                           : met_conflict(run->apply)                    ? ERROR_STALE
                                                                         : ERROR_FAILED;
    const struct error *first = NULL;

    for (size_t i = 0; i < run->apply->count && !first; i++)
        first = run->apply->items[i].error;
    return error_set(error, code, "%s%s%zu of %zu changes done",
                     code == ERROR_INTERRUPTED ? "interrupted: "
                     : first                   ? first->text
                                               : "",
                     first && code != ERROR_INTERRUPTED ? "; " : "", states[APPLY_DONE],
                     run->apply->count);
}

bool apply_run(struct apply *apply, const struct plan *plan, const struct apply_options *options,
               struct error *error)
{
    struct run run = {.apply = apply, .options = options, .total = plan_writes(plan)};

    apply->items = calloc(plan->count + 1, sizeof(*apply->items));
    if (!apply->items)
        return error_no_memory(error);
    apply->count = plan->count;
    for (size_t i = 0; i < plan->count; i++)
        apply->items[i].change = &plan->changes[i];
    run_round(&run, false);
    count_states(apply);
    if (!run.halted && apply->states[APPLY_FAILED] + apply->states[APPLY_CONFLICT] +
                               apply->states[APPLY_UNKNOWN] ==
                           0)
        run_round(&run, true);
    progress_clear(options->progress);
    count_states(apply);
    return apply->states[APPLY_DONE] == apply->count || explain(&run, error);
}
