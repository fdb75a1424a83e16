#include "outbox.h"

#include "courier.h"

#include <stdlib.h>

void outbox_init(struct outbox *outbox)
{
    *outbox = (struct outbox){0};
    STAILQ_INIT(&outbox->queue);
    LIST_INIT(&outbox->batches);
}

void outbox_drop(struct outbox *outbox, struct items *from, struct item *item)
{
    STAILQ_REMOVE(from, item, item, link);
    outbox->waiting--;
    happening_release(item->happening);
    free(item);
}

static size_t drop_all(struct outbox *outbox, struct items *items)
{
    size_t lost = 0;
    struct item *item;

    while ((item = STAILQ_FIRST(items))) {
        lost += !item->acknowledged;
        outbox_drop(outbox, items, item);
    }
    return lost;
}

void outbox_batch_free(struct outbox *outbox, struct batch *batch)
{
    outbox_answered(outbox, batch);
    outbox->batch_count--;
    LIST_REMOVE(batch, link);
    post_free(batch->post);
    free(batch->text);
    free(batch);
}

static size_t discard(struct outbox *outbox, bool under_way_too)
{
    size_t lost = drop_all(outbox, &outbox->queue);
    struct batch *batch = LIST_FIRST(&outbox->batches);

    outbox->queued = 0;
    while (batch) {
        struct batch *next = LIST_NEXT(batch, link);
        if (under_way_too || !batch->under_way) {
            lost += drop_all(outbox, &batch->items);
            outbox_batch_free(outbox, batch);
        }
        batch = next;
    }
    return lost;
}

size_t outbox_release(struct outbox *outbox)
{
    return discard(outbox, true);
}

size_t outbox_discard(struct outbox *outbox)
{
    return discard(outbox, false);
}

static void enqueue(struct outbox *outbox, struct item *item, int64_t now_ms)
{
    item->at_ms = now_ms;
    STAILQ_INSERT_TAIL(&outbox->queue, item, link);
    outbox->queued++;
}

void outbox_add(struct outbox *outbox, struct happening *happening, int64_t now_ms)
{
    struct item *item = text_zeroed(sizeof *item);

    item->happening = happening_keep(happening);
    outbox->waiting++;
    enqueue(outbox, item, now_ms);
}

void outbox_requeue(struct outbox *outbox, struct batch *batch, struct item *item, int64_t now_ms)
{
    STAILQ_REMOVE(&batch->items, item, item, link);
    enqueue(outbox, item, now_ms);
}

/* The parked batch whose time came first; NULL: none has come. */
static struct batch *find_due(const struct outbox *outbox, int64_t now_ms)
{
    struct batch *batch = LIST_FIRST(&outbox->batches);
    struct batch *found = NULL;

    for (; batch; batch = LIST_NEXT(batch, link)) {
        if (!batch->under_way && batch->at_ms <= now_ms && (!found || batch->at_ms < found->at_ms))
            found = batch;
    }
    return found;
}

static struct batch *batch_make(struct outbox *outbox, size_t size)
{
    struct batch *batch = text_zeroed(sizeof *batch);
    struct item *item;

    STAILQ_INIT(&batch->items);
    while (size-- > 0 && (item = STAILQ_FIRST(&outbox->queue))) {
        STAILQ_REMOVE_HEAD(&outbox->queue, link);
        STAILQ_INSERT_TAIL(&batch->items, item, link);
        outbox->queued--;
    }
    LIST_INSERT_HEAD(&outbox->batches, batch, link);
    outbox->batch_count++;
    return batch;
}

struct batch *outbox_next(struct outbox *outbox, const struct outbox_rules *rules, int64_t now_ms)
{
    if (outbox->under_way >= rules->under_way_max)
        return NULL;
    struct batch *due = find_due(outbox, now_ms);
    if (due || outbox->batch_count >= rules->batches_max || !outbox->queued)
        return due;
    bool full = outbox->queued >= rules->size;
    bool waited = now_ms - STAILQ_FIRST(&outbox->queue)->at_ms >= rules->window_ms;
    return full || waited ? batch_make(outbox, rules->size) : NULL;
}

void outbox_sent(struct outbox *outbox, struct batch *batch, int64_t now_ms)
{
    batch->under_way = true;
    batch->at_ms = now_ms;
    batch->attempts++;
    outbox->under_way++;
}

void outbox_answered(struct outbox *outbox, struct batch *batch)
{
    outbox->under_way -= batch->under_way;
    batch->under_way = false;
}

void outbox_park(struct batch *batch, int64_t until_ms)
{
    batch->at_ms = until_ms;
}

void outbox_hurry(struct outbox *outbox)
{
    struct batch *batch = LIST_FIRST(&outbox->batches);

    for (; batch; batch = LIST_NEXT(batch, link)) {
        if (!batch->under_way)
            batch->at_ms = 0;
    }
}
