#include "ingest/lane.h"

#include "core/digest.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct known *known_hold(struct known *known)
{
    if (known)
        atomic_fetch_add(&known->references, 1);
    return known;
}

void known_drop(struct known *known)
{
    if (!known || atomic_fetch_sub(&known->references, 1) > 1)
        return;
    free(known->name);
    match_free(known->match);
    free(known);
}

static bool lane_salt(struct lane *lane)
{
    char hex[2 * EVENT_KEY_BYTES + 1];
    unsigned byte;

    if (!digest_hex(lane->id, strlen(lane->id), 2 * EVENT_KEY_BYTES, hex))
        return false;
    for (size_t i = 0; i < EVENT_KEY_BYTES && sscanf(hex + 2 * i, "%2x", &byte) == 1; i++)
        lane->salt[i] = (uint8_t)byte;
    return true;
}

static void lane_series(struct lane *lane, struct metrics *metrics)
{
    static const enum metric of_count[LANE_COUNTS] = {
        [LANE_ACCEPTED] = METRIC_ACCEPTED,     [LANE_QUARANTINED] = METRIC_QUARANTINED,
        [LANE_DELIVERED] = METRIC_DELIVERED,   [LANE_REPLAYED] = METRIC_REPLAYED,
        [LANE_DUPLICATES] = METRIC_DUPLICATES, [LANE_FILTERED] = METRIC_FILTERED,
        [LANE_RETRIED] = METRIC_RETRIED};

    for (size_t i = 0; i < LANE_COUNTS; i++)
        lane->counts[i] = metrics_series(metrics, of_count[i], lane->id, NULL);
    lane->seconds = metrics_series(metrics, METRIC_DELIVERY_SECONDS, lane->id, NULL);
}

struct lane *lane_new(const char *id, struct metrics *metrics)
{
    struct lane *lane = calloc(1, sizeof(*lane));

    if (!lane)
        return NULL;
    snprintf(lane->id, sizeof(lane->id), "%s", id);
    lane->pause = -1;
    lane->told = -1;
    if (!lane_salt(lane)) {
        free(lane);
        return NULL;
    }
    lane_series(lane, metrics);
    return lane;
}

void lane_free(struct lane *lane)
{
    for (struct row *row = lane->first_row, *next; row; row = next) {
        next = row->next;
        free(row);
    }
    known_drop(lane->known);
    free(lane);
}

void lane_key(const struct lane *lane, const uint8_t key[EVENT_KEY_BYTES],
              uint8_t out[EVENT_KEY_BYTES])
{
    for (size_t i = 0; i < EVENT_KEY_BYTES; i++)
        out[i] = key[i] ^ lane->salt[i];
}

/* -- rows ---------------------------------------------------------------------------------------
 */

struct row *lane_row_new(struct lane *lane, int64_t position, int64_t received_us)
{
    struct row *row = calloc(1, sizeof(*row));

    if (!row)
        return NULL;
    *row = (struct row){.before = lane->last_row,
                        .position = position,
                        .received_us = received_us,
                        .unresolved = 1};
    if (lane->last_row)
        lane->last_row->next = row;
    else
        lane->first_row = row;
    lane->last_row = row;
    return row;
}

static void row_remove(struct lane *lane, struct row *row)
{
    *(row->before ? &row->before->next : &lane->first_row) = row->next;
    *(row->next ? &row->next->before : &lane->last_row) = row->before;
    free(row);
}

bool lane_row_done(struct lane *lane, struct row *row)
{
    if (--row->unresolved)
        return false;
    if (row->before) {
        if (!row->before->unresolved)
            row_remove(lane, row->before);
        if (row->next && !row->next->unresolved)
            row_remove(lane, row);
        return false;
    }
    while (lane->first_row && !lane->first_row->unresolved) {
        lane->settled = lane->first_row->position;
        row_remove(lane, lane->first_row);
    }
    return true;
}

/* -- parked -------------------------------------------------------------------------------------
 */

void lane_park(struct lane *lane, struct delivery *delivery)
{
    delivery->parked = true;
    delivery->parked_before = NULL;
    delivery->parked_next = lane->parked_list;
    if (lane->parked_list)
        lane->parked_list->parked_before = delivery;
    lane->parked_list = delivery;
    lane->parked++;
}

void lane_unpark(struct lane *lane, struct delivery *delivery)
{
    if (delivery->parked_before)
        delivery->parked_before->parked_next = delivery->parked_next;
    else
        lane->parked_list = delivery->parked_next;
    if (delivery->parked_next)
        delivery->parked_next->parked_before = delivery->parked_before;
    delivery->parked = false;
    lane->parked--;
}

void lane_replay(struct lane *lane, struct delivery *delivery)
{
    delivery->replay_next = lane->replay_list;
    lane->replay_list = delivery;
    lane->replays++;
}

void lane_replay_end(struct lane *lane, struct delivery *delivery)
{
    struct delivery **link = &lane->replay_list;

    while (*link != delivery)
        link = &(*link)->replay_next;
    *link = delivery->replay_next;
    lane->replays--;
}

static void lower(int64_t *least, int64_t number)
{
    if (number < *least)
        *least = number;
}

void lane_oldest(const struct lane *lane, int64_t *position, int64_t *received_us)
{
    *position = *received_us = INT64_MAX;
    if (lane->first_row) {
        *position = lane->first_row->position;
        *received_us = lane->first_row->received_us;
    }
    for (const struct delivery *parked = lane->parked_list; parked; parked = parked->parked_next)
        if (!parked->dead_id) {
            lower(position, parked->place.position);
            lower(received_us, parked->received_us);
        }
}
