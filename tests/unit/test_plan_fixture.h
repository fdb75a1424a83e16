/* A manifest made by hand, what it wants, what is at the service, and the plan between the two. */
#ifndef TESTS_UNIT_TEST_PLAN_FIXTURE_H
#define TESTS_UNIT_TEST_PLAN_FIXTURE_H

#include "core/plan.h"
#include "tests/unit/unit.h"

#include <stdio.h>

/* A manifest of up to four subscriptions, made by hand. */
struct world {
    struct subscription subscriptions[4];
    struct manifest_event events[4][3];
    struct manifest manifest;
    struct object_list desired, remote;
    struct plan plan;
    bool prune;
    int64_t now_s;
};

static inline struct subscription *world_add(struct world *world, const char *name, int64_t version)
{
    size_t i = world->manifest.subscription_count++;
    struct subscription *subscription = &world->subscriptions[i];

    world->events[i][0].name = "Interaction.Created";
    world->events[i][1].name = "Interaction.Closed";
    *subscription = (struct subscription){.name = name,
                                          .version = version,
                                          .via = VIA_EVENT_STREAMS,
                                          .description = "text",
                                          .events = world->events[i],
                                          .event_count = 2,
                                          .enabled = true,
                                          .url = "https://example.com/in",
                                          .batched = true,
                                          .window_ms = 100,
                                          .size = 50};
    return subscription;
}

static inline void make_trigger(struct subscription *subscription)
{
    subscription->via = VIA_TRIGGER;
    subscription->workflow = "3f0c0000-0000-4000-8000-000000000001";
    subscription->data_format = "Json";
}

static inline int setup(void **state)
{
    static struct world world;

    memset(&world, 0, sizeof(world));
    world.manifest.organization = "acme";
    world.manifest.owner = "";
    world.manifest.subscriptions = world.subscriptions;
    *state = &world;
    return 0;
}

static inline int teardown(void **state)
{
    struct world *world = *state;

    plan_release(&world->plan);
    object_list_release(&world->desired);
    object_list_release(&world->remote);
    return 0;
}

static inline void desire(struct world *world)
{
    struct error error = ERROR_INIT;

    object_list_release(&world->desired);
    assert_true(object_list_desire(&world->desired, &world->manifest, &error));
}

/* Puts what is desired now at the service, as an apply would. */
static inline void apply_all(struct world *world)
{
    desire(world);
    for (size_t i = 0; i < world->desired.count; i++) {
        struct object copy;
        char *description;
        assert_true(object_copy(&copy, &world->desired.items[i]));
        description = object_description(&copy);
        assert_non_null(description);
        assert_true(object_set_description(&copy, description));
        free(description);
        assert_true(asprintf(&copy.id, "id-%zu", world->remote.count) > 0);
        copy.version = 1;
        assert_true(object_list_add(&world->remote, &copy));
    }
}

static inline struct plan *make_plan(struct world *world)
{
    struct plan_input input = {.desired = &world->desired,
                               .remote = &world->remote,
                               .owner = world->manifest.owner,
                               .organizations = {"acme"},
                               .prune = world->prune,
                               .now_s = world->now_s};
    struct error error = ERROR_INIT;

    desire(world);
    plan_release(&world->plan);
    assert_true(plan_make(&world->plan, &input, &error));
    return &world->plan;
}

/* Sets a remote field as somebody else would: the marker stays. */
static inline void drift(struct object *object, enum field field, json_t *value)
{
    assert_true(object_set(object, field, value));
    json_decref(value);
}

static inline void remark(struct object *object, const char *description)
{
    assert_true(object_set_description(object, description));
}

#endif
