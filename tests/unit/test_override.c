/* Overrides: accepted while they hold, taken back when they have expired, and what is no override.
 */
#include "core/override.h"
#include "tests/unit/test_plan_fixture.h"

enum { NOW_S = 1800000000, UNTIL_S = NOW_S + 1800 };

static struct object *remote_of(struct world *world)
{
    return &world->remote.items[0];
}

/* Writes what a plan's first change says, as the service would keep it. */
static void carry_out(struct world *world, const struct plan *plan)
{
    const struct plan_change *change = &plan->changes[0];
    struct object *live = remote_of(world);
    char *description = object_description(change->after);
    struct object written;

    assert_int_equal(change->action, PLAN_UPDATE);
    assert_non_null(description);
    assert_true(object_copy(&written, change->after));
    free(written.id);
    written.id = strdup("id-0");
    written.version = live->version + 1;
    assert_true(object_set_description(&written, description));
    free(description);
    object_release(live);
    *live = written;
}

static void override_with(struct world *world, const struct override_wish *wish)
{
    struct error error = ERROR_INIT;
    struct plan plan;

    desire(world);
    if (!override_plan(&plan, remote_of(world), &world->desired.items[0], wish, NOW_S, &error))
        fail_msg("%s", error.text);
    carry_out(world, &plan);
    plan_release(&plan);
}

/* One subscription, applied and then overridden: 50 events became 500. */
static int setup_overridden(void **state)
{
    struct world *world;

    setup(state);
    world = *state;
    world->now_s = NOW_S;
    world_add(world, "calls", 1);
    apply_all(world);
    override_with(
        world, &(struct override_wish){.size = 500, .until_s = UNTIL_S, .reason = "CRM is slow"});
    return 0;
}

static void assert_accepted(const struct plan *plan)
{
    assert_int_equal(plan->count, 0);
    assert_int_equal(plan->unchanged, 1);
    assert_int_equal(plan->override_count, 1);
    assert_int_equal(plan->overrides[0].field_count, 1);
    assert_int_equal(plan->overrides[0].fields[0].field, FIELD_BATCH_SIZE);
}

/* The one field that differs, and why. */
static void assert_change(const struct plan *plan, enum field field, enum plan_cause cause)
{
    assert_int_equal(plan->count, 1);
    assert_int_equal(plan->changes[0].action, PLAN_UPDATE);
    assert_int_equal(plan->changes[0].field_count, 1);
    assert_int_equal(plan->changes[0].fields[0].field, field);
    assert_int_equal(plan->changes[0].fields[0].cause, cause);
}

static void set_number(struct world *world, enum field field, int value)
{
    drift(remote_of(world), field, json_integer(value));
}

/* -- while it holds -------------------------------------------------------------------------- */

static void it_is_accepted_until_its_last_second(void **state)
{
    struct world *world = *state;
    const struct plan *plan = make_plan(world);

    assert_accepted(plan);
    assert_string_equal(remote_of(world)->fields[FIELD_BATCH_SIZE], "500");
    assert_int_equal(plan->overrides[0].object->marker.override.until_s, UNTIL_S);
    assert_string_equal(plan->overrides[0].object->marker.override.reason, "CRM is slow");
    assert_string_equal(plan->overrides[0].wanted->fields[FIELD_BATCH_SIZE], "50");
    assert_false(plan->overrides[0].fields[0].pending);
    world->now_s = UNTIL_S - 1;
    assert_accepted(make_plan(world));
}

static void other_drift_is_healed_and_it_is_kept(void **state)
{
    struct world *world = *state;
    const struct plan *plan;

    drift(remote_of(world), FIELD_ENABLED, json_false());
    plan = make_plan(world);
    assert_change(plan, FIELD_ENABLED, CAUSE_DRIFTED);
    assert_int_equal(plan->override_count, 1);
    carry_out(world, plan);
    assert_string_equal(remote_of(world)->fields[FIELD_ENABLED], "true");
    assert_accepted(make_plan(world));
    world->now_s = UNTIL_S;
    assert_change(make_plan(world), FIELD_BATCH_SIZE, CAUSE_EXPIRED);
}

static void the_manifests_own_change_of_it_waits(void **state)
{
    struct world *world = *state;
    const struct plan *plan;

    world->subscriptions[0].size = 80;
    plan = make_plan(world);
    assert_accepted(plan);
    assert_true(plan->overrides[0].fields[0].pending);
    assert_string_equal(plan->overrides[0].wanted->fields[FIELD_BATCH_SIZE], "80");
}

static void of_what_the_manifest_changes_only_the_rest_is_applied(void **state)
{
    struct world *world = *state;
    const struct plan *plan;

    world->subscriptions[0].size = 80;
    world->subscriptions[0].window_ms = 300;
    plan = make_plan(world);
    assert_change(plan, FIELD_BATCH_WINDOW, CAUSE_PENDING);
    carry_out(world, plan);
    assert_string_equal(remote_of(world)->fields[FIELD_BATCH_SIZE], "500");
    plan = make_plan(world);
    assert_accepted(plan);
    assert_true(plan->overrides[0].fields[0].pending);
    world->now_s = UNTIL_S;
    plan = make_plan(world);
    assert_change(plan, FIELD_BATCH_SIZE, CAUSE_EXPIRED);
    assert_string_equal(plan->changes[0].after->fields[FIELD_BATCH_SIZE], "80");
}

static void a_new_version_takes_it_along(void **state)
{
    struct world *world = *state;
    const struct plan *plan;

    world->subscriptions[0].version = 2;
    plan = make_plan(world);
    assert_int_equal(plan->count, 1);
    assert_int_equal(plan->changes[0].action, PLAN_REPLACE);
    assert_string_equal(plan->changes[0].after->name, "calls@v2");
    assert_string_equal(plan->changes[0].after->fields[FIELD_BATCH_SIZE], "500");
    assert_int_equal(plan->changes[0].after->marker.override.until_s, UNTIL_S);
}

/* -- what it is not -------------------------------------------------------------------------- */

static void what_somebody_else_makes_of_it_is_drift(void **state)
{
    struct world *world = *state;
    const struct plan *plan;

    set_number(world, FIELD_BATCH_SIZE, 501);
    plan = make_plan(world);
    assert_change(plan, FIELD_BATCH_SIZE, CAUSE_DRIFTED);
    assert_int_equal(plan->override_count, 0);
    carry_out(world, plan);
    assert_string_equal(remote_of(world)->fields[FIELD_BATCH_SIZE], "50");
    assert_int_equal(remote_of(world)->marker.override.until_s, 0);
}

static void set_back_by_hand_is_as_it_should_be(void **state)
{
    struct world *world = *state;
    const struct plan *plan;

    set_number(world, FIELD_BATCH_SIZE, 50);
    plan = make_plan(world);
    assert_int_equal(plan->count, 0);
    assert_int_equal(plan->override_count, 0);
}

/* Whoever can write a marker must not be able to hide for good, or more than batching. */
static void one_for_ever_is_not_believed(void **state)
{
    struct world *world = *state;

    remote_of(world)->marker.override.until_s = NOW_S + OVERRIDE_MOST_S;
    assert_accepted(make_plan(world));
    remote_of(world)->marker.override.until_s = NOW_S + OVERRIDE_MOST_S + 1;
    assert_change(make_plan(world), FIELD_BATCH_SIZE, CAUSE_DRIFTED);
}

static void one_of_another_field_is_not_believed(void **state)
{
    struct world *world = *state;
    struct marker_override *override = &remote_of(world)->marker.override;

    drift(remote_of(world), FIELD_URL, json_string("https://elsewhere.example/"));
    assert_true(marker_hash(remote_of(world)->fields[FIELD_URL], override->hashes[FIELD_URL]));
    assert_change(make_plan(world), FIELD_URL, CAUSE_DRIFTED);
}

/* -- when it has expired --------------------------------------------------------------------- */

static void expired_it_is_a_change_but_no_drift(void **state)
{
    struct world *world = *state;
    const struct plan *plan;

    world->now_s = UNTIL_S;
    plan = make_plan(world);
    assert_change(plan, FIELD_BATCH_SIZE, CAUSE_EXPIRED);
    assert_int_equal(plan->override_count, 0);
    assert_int_equal(plan_count_drifted(plan), 0);
    assert_false(plan_change_pending(&plan->changes[0]));
    assert_true(plan_change_expired(&plan->changes[0]));
    carry_out(world, plan);
    assert_string_equal(remote_of(world)->fields[FIELD_BATCH_SIZE], "50");
    assert_int_equal(remote_of(world)->marker.override.until_s, 0);
    assert_int_equal(make_plan(world)->count, 0);
}

/* -- making one ------------------------------------------------------------------------------ */

static void once_more_changes_and_extends_it(void **state)
{
    struct world *world = *state;
    const struct plan *plan;

    override_with(world, &(struct override_wish){
                             .window_ms = 1000, .until_s = UNTIL_S + 60, .reason = "still"});
    plan = make_plan(world);
    assert_int_equal(plan->count, 0);
    assert_int_equal(plan->overrides[0].field_count, 2);
    assert_int_equal(plan->overrides[0].object->marker.override.until_s, UNTIL_S + 60);
    assert_string_equal(plan->overrides[0].object->fields[FIELD_BATCH_SIZE], "500");
    world->now_s = UNTIL_S + 60;
    assert_int_equal(make_plan(world)->changes[0].field_count, 2);
}

/* Making one applies nothing else, and hides nothing else. */
static void drift_beside_it_stays_drift(void **state)
{
    struct world *world = *state;
    const struct plan *plan;

    drift(remote_of(world), FIELD_ENABLED, json_false());
    override_with(world,
                  &(struct override_wish){.size = 600, .until_s = UNTIL_S, .reason = "more"});
    assert_string_equal(remote_of(world)->fields[FIELD_ENABLED], "false");
    plan = make_plan(world);
    assert_change(plan, FIELD_ENABLED, CAUSE_DRIFTED);
    assert_int_equal(plan->override_count, 1);
}

static void immediate_delivery_becomes_batched_and_is_again_later(void **state)
{
    struct world *world = *state;
    const struct plan *plan;

    object_list_release(&world->remote);
    world->subscriptions[0].batched = false;
    apply_all(world);
    override_with(world,
                  &(struct override_wish){.size = 500, .until_s = UNTIL_S, .reason = "surge"});
    assert_string_equal(remote_of(world)->fields[FIELD_BATCH_MODE], "\"batched\"");
    assert_string_equal(remote_of(world)->fields[FIELD_BATCH_WINDOW], "100");
    assert_int_equal(make_plan(world)->overrides[0].field_count, 3);
    assert_int_equal(world->plan.count, 0);
    world->now_s = UNTIL_S;
    plan = make_plan(world);
    assert_int_equal(plan->changes[0].field_count, 3);
    carry_out(world, plan);
    assert_string_equal(remote_of(world)->fields[FIELD_BATCH_SIZE], "null");
    assert_int_equal(make_plan(world)->count, 0);
}

static void what_the_manifest_says_already_is_refused(void **state)
{
    struct world *world = *state;
    struct error error = ERROR_INIT;
    struct plan plan;

    object_list_release(&world->remote);
    apply_all(world);
    assert_false(override_plan(
        &plan, remote_of(world), &world->desired.items[0],
        &(struct override_wish){.size = 50, .until_s = UNTIL_S, .reason = "none"}, NOW_S, &error));
    assert_int_equal(error.code, ERROR_INVALID);
}

static void without_room_in_the_description_it_is_refused(void **state)
{
    struct world *world = *state;
    struct error error = ERROR_INIT;
    char text[DESCRIPTION_MAX];
    const struct override_wish wish = {.size = 500, .until_s = UNTIL_S, .reason = "CRM is slow"};
    size_t room = marker_room("acme", "", "calls", 1, VIA_EVENT_STREAMS);
    struct plan plan;

    memset(text, 'x', sizeof(text));
    text[room] = '\0';
    world->subscriptions[0].description = text;
    object_list_release(&world->remote);
    apply_all(world);
    assert_false(
        override_plan(&plan, remote_of(world), &world->desired.items[0], &wish, NOW_S, &error));
    assert_int_equal(error.code, ERROR_REFUSED);
    text[room - 30] = '\0'; /* for its mark, and for some of the reason */
    object_list_release(&world->remote);
    apply_all(world);
    override_with(world, &wish);
    assert_int_equal(make_plan(world)->override_count, 1);
    assert_memory_equal(remote_of(world)->marker.override.reason, "C", 1);
    assert_true(strlen(remote_of(world)->marker.override.reason) < strlen(wish.reason));
}

static void cancelled_it_is_as_the_manifest_says(void **state)
{
    struct world *world = *state;
    struct error error = ERROR_INIT;
    struct plan plan;

    drift(remote_of(world), FIELD_ENABLED, json_false());
    desire(world);
    assert_true(override_plan_cancel(&plan, remote_of(world), &world->desired.items[0], &error));
    assert_change(&plan, FIELD_BATCH_SIZE, CAUSE_ASKED);
    carry_out(world, &plan);
    plan_release(&plan);
    assert_int_equal(remote_of(world)->marker.override.until_s, 0);
    assert_change(make_plan(world), FIELD_ENABLED, CAUSE_DRIFTED);
    assert_false(override_plan_cancel(&plan, remote_of(world), &world->desired.items[0], &error));
    assert_int_equal(error.code, ERROR_INVALID);
}

#define OVERRIDDEN(function) cmocka_unit_test_setup_teardown(function, setup_overridden, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        OVERRIDDEN(it_is_accepted_until_its_last_second),
        OVERRIDDEN(other_drift_is_healed_and_it_is_kept),
        OVERRIDDEN(the_manifests_own_change_of_it_waits),
        OVERRIDDEN(of_what_the_manifest_changes_only_the_rest_is_applied),
        OVERRIDDEN(a_new_version_takes_it_along),
        OVERRIDDEN(what_somebody_else_makes_of_it_is_drift),
        OVERRIDDEN(set_back_by_hand_is_as_it_should_be),
        OVERRIDDEN(one_for_ever_is_not_believed),
        OVERRIDDEN(one_of_another_field_is_not_believed),
        OVERRIDDEN(expired_it_is_a_change_but_no_drift),
        OVERRIDDEN(once_more_changes_and_extends_it),
        OVERRIDDEN(drift_beside_it_stays_drift),
        OVERRIDDEN(immediate_delivery_becomes_batched_and_is_again_later),
        OVERRIDDEN(what_the_manifest_says_already_is_refused),
        OVERRIDDEN(without_room_in_the_description_it_is_refused),
        OVERRIDDEN(cancelled_it_is_as_the_manifest_says),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
