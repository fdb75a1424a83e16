/* The three-way plan: what is wanted, what is there, what was last applied. */
#include "tests/unit/test_plan_fixture.h"

static void nothing_there_is_all_created(void **state)
{
    struct world *world = *state;
    struct plan *plan;

    world_add(world, "b", 1);
    world_add(world, "a", 1);
    plan = make_plan(world);
    assert_int_equal(plan->count, 2);
    assert_string_equal(plan_change_name(&plan->changes[0]), "a@v1");
    assert_int_equal(plan->changes[0].action, PLAN_CREATE);
    assert_int_equal(plan->changes[0].risk, RISK_NONE);
}

static void applied_is_unchanged(void **state)
{
    struct world *world = *state;
    struct plan *plan;

    world_add(world, "a", 1);
    make_trigger(world_add(world, "t", 4));
    apply_all(world);
    assert_int_equal(world->remote.count, 3); /* a trigger has one event */
    plan = make_plan(world);
    assert_int_equal(plan->count, 0);
    assert_int_equal(plan->unchanged, 3);
    assert_int_equal(plan->ours, 3);
}

static void manifest_change_is_pending(void **state)
{
    struct world *world = *state;
    struct subscription *subscription = world_add(world, "a", 1);
    struct plan *plan;

    apply_all(world);
    subscription->window_ms = 200;
    plan = make_plan(world);
    assert_int_equal(plan->count, 1);
    assert_int_equal(plan->changes[0].action, PLAN_UPDATE);
    assert_int_equal(plan->changes[0].field_count, 1);
    assert_int_equal(plan->changes[0].fields[0].field, FIELD_BATCH_WINDOW);
    assert_int_equal(plan->changes[0].fields[0].cause, CAUSE_PENDING);
    assert_int_equal(plan->changes[0].risk, RISK_DELAY);
    assert_false(plan_change_drifted(&plan->changes[0]));
}

static void remote_change_is_drift(void **state)
{
    struct world *world = *state;
    struct plan *plan;

    world_add(world, "a", 1);
    apply_all(world);
    drift(&world->remote.items[0], FIELD_ENABLED, json_false());
    plan = make_plan(world);
    assert_int_equal(plan->count, 1);
    assert_int_equal(plan->changes[0].fields[0].cause, CAUSE_DRIFTED);
    assert_true(plan_change_drifted(&plan->changes[0]));
    assert_false(plan_change_pending(&plan->changes[0]));
    assert_int_equal(plan_count_drifted(plan), 1);
}

static void both_changed_is_both(void **state)
{
    struct world *world = *state;
    struct subscription *subscription = world_add(world, "a", 1);
    struct plan *plan;

    apply_all(world);
    drift(&world->remote.items[0], FIELD_URL, json_string("https://elsewhere.example"));
    subscription->url = "https://example.com/new";
    plan = make_plan(world);
    assert_int_equal(plan->changes[0].fields[0].cause, CAUSE_BOTH);
}

static void drift_that_the_manifest_accepted_is_nothing(void **state)
{
    struct world *world = *state;
    struct subscription *subscription = world_add(world, "a", 1);

    apply_all(world);
    drift(&world->remote.items[0], FIELD_BATCH_SIZE, json_integer(70));
    subscription->size = 70;
    assert_int_equal(make_plan(world)->count, 0);
}

static void order_of_events_and_criteria_is_nothing(void **state)
{
    struct world *world = *state;
    struct criterion filter[2] = {{.field = "a", .op = FILTER_IN, .value = "[1,2]"},
                                  {.field = "b", .op = FILTER_EQ, .value = "5.0"}};
    struct criterion turned[2] = {{.field = "b", .op = FILTER_EQ, .value = "5"},
                                  {.field = "a", .op = FILTER_IN, .value = "[2,1]"}};
    struct subscription *subscription = world_add(world, "a", 1);
    struct manifest_event first = subscription->events[0];

    subscription->filter = filter;
    subscription->filter_count = 2;
    apply_all(world);
    subscription->filter = turned;
    subscription->events[0] = subscription->events[1];
    subscription->events[1] = first;
    assert_int_equal(make_plan(world)->count, 0);
}

static void narrowed_filter_may_drop_and_widened_does_not(void **state)
{
    struct world *world = *state;
    struct criterion filter = {.field = "a", .op = FILTER_EQ, .value = "\"x\""};
    struct subscription *subscription = world_add(world, "a", 1);

    apply_all(world);
    subscription->filter = &filter;
    subscription->filter_count = 1;
    assert_int_equal(make_plan(world)->changes[0].risk, RISK_MAY_DROP);
    object_list_release(&world->remote);
    apply_all(world);
    subscription->filter_count = 0;
    assert_int_equal(make_plan(world)->changes[0].risk, RISK_NONE);
}

static void new_version_replaces(void **state)
{
    struct world *world = *state;
    struct subscription *subscription = world_add(world, "a", 1);
    struct plan *plan;

    apply_all(world);
    subscription->version = 2;
    plan = make_plan(world);
    assert_int_equal(plan->count, 1);
    assert_int_equal(plan->changes[0].action, PLAN_REPLACE);
    assert_string_equal(plan->changes[0].before->name, "a@v1");
    assert_string_equal(plan->changes[0].after->name, "a@v2");
    assert_int_equal(plan->changes[0].risk, RISK_DUPLICATES);
    assert_int_equal(plan_writes(plan), 2);
    assert_false(plan->changes[0].downgrade);
}

static void half_done_replacement_is_finished(void **state)
{
    struct world *world = *state;
    struct subscription *subscription = world_add(world, "a", 1);
    struct plan *plan;

    apply_all(world);
    subscription->version = 2;
    apply_all(world);
    plan = make_plan(world);
    assert_int_equal(plan->count, 1);
    assert_int_equal(plan->changes[0].action, PLAN_DELETE);
    assert_true(plan->changes[0].superseded);
    assert_string_equal(plan->changes[0].before->name, "a@v1");
}

static void older_manifest_is_refused_unless_allowed(void **state)
{
    struct world *world = *state;
    struct subscription *subscription = world_add(world, "a", 2);
    struct plan_limits limits = {30, 30, false};
    struct error error = ERROR_INIT;
    struct plan *plan;

    apply_all(world);
    subscription->version = 1;
    plan = make_plan(world);
    assert_true(plan->changes[0].downgrade);
    assert_false(plan_allowed(plan, &limits, &error));
    assert_int_equal(error.code, ERROR_REFUSED);
    assert_non_null(strstr(error.text, "--allow-downgrade"));
    limits.allow_downgrade = true;
    error = ERROR_INIT;
    assert_true(plan_allowed(plan, &limits, &error));
}

static void other_kind_is_a_replacement_too(void **state)
{
    struct world *world = *state;
    struct subscription *subscription = world_add(world, "a", 1);
    struct plan *plan;

    apply_all(world);
    make_trigger(subscription);
    plan = make_plan(world);
    assert_int_equal(plan->count, 3); /* two triggers, and the old subscription goes */
    assert_int_equal(plan->changes[0].action, PLAN_CREATE);
    assert_int_equal(plan->changes[2].action, PLAN_DELETE);
    assert_true(plan->changes[2].superseded);
}

static void dropped_event_of_a_trigger_needs_prune(void **state)
{
    struct world *world = *state;
    struct subscription *subscription = world_add(world, "a", 1);
    struct plan *plan;

    make_trigger(subscription);
    apply_all(world);
    subscription->event_count = 1;
    plan = make_plan(world);
    assert_int_equal(plan->count, 0);
    assert_int_equal(plan->orphan_count, 1);
    world->prune = true;
    plan = make_plan(world);
    assert_int_equal(plan->count, 1);
    assert_int_equal(plan->changes[0].action, PLAN_DELETE);
    assert_int_equal(plan->changes[0].risk, RISK_MAY_DROP);
}

static void protection_outlives_the_manifest_and_beats_prune(void **state)
{
    struct world *world = *state;
    struct plan_limits limits = {100, 100, false};
    struct error error = ERROR_INIT;
    struct plan *plan;

    world_add(world, "a", 1)->protect = true;
    world_add(world, "b", 1);
    apply_all(world);
    world->subscriptions[0] = world->subscriptions[1];
    world->manifest.subscription_count = 1; /* a is gone, and its `protect` with it */
    world->prune = true;
    plan = make_plan(world);
    assert_int_equal(plan->count, 1);
    assert_true(plan->changes[0].protected);
    assert_false(plan_allowed(plan, &limits, &error));
    assert_int_equal(error.code, ERROR_REFUSED);
}

static void lost_marker_is_drift_not_a_second_object(void **state)
{
    struct world *world = *state;
    struct plan *plan;

    world_add(world, "a", 1);
    apply_all(world);
    remark(&world->remote.items[0], "text");
    plan = make_plan(world);
    assert_int_equal(plan->count, 1);
    assert_int_equal(plan->changes[0].action, PLAN_UPDATE);
    assert_true(plan->changes[0].marker_missing);
    assert_true(plan_change_drifted(&plan->changes[0]));
}

static void damaged_marker_is_no_marker(void **state)
{
    struct world *world = *state;
    struct plan *plan;

    world_add(world, "a", 1);
    apply_all(world);
    remark(&world->remote.items[0], "text [eventctl acme/a@1 n12");
    plan = make_plan(world);
    assert_int_equal(plan->changes[0].action, PLAN_UPDATE);
    assert_true(plan->changes[0].marker_missing);
}

static void renamed_object_is_known_by_its_marker(void **state)
{
    struct world *world = *state;
    struct plan *plan;

    world_add(world, "a", 1);
    apply_all(world);
    free(world->remote.items[0].name);
    world->remote.items[0].name = strdup("my name");
    drift(&world->remote.items[0], FIELD_NAME, json_string("my name"));
    plan = make_plan(world);
    assert_int_equal(plan->count, 1);
    assert_int_equal(plan->changes[0].action, PLAN_UPDATE);
    assert_int_equal(plan->changes[0].fields[0].field, FIELD_NAME);
    assert_int_equal(plan->changes[0].fields[0].cause, CAUSE_DRIFTED);
}

static void foreign_and_unmanaged_are_left_alone(void **state)
{
    struct world *world = *state;
    struct plan *plan;

    world_add(world, "a", 1);
    world_add(world, "b", 1);
    apply_all(world);
    memcpy(world->remote.items[0].marker.organization, "other", 6);
    free(world->remote.items[0].name);
    world->remote.items[0].name = strdup("z@v1");
    remark(&world->remote.items[1], "by hand");
    free(world->remote.items[1].name);
    world->remote.items[1].name = strdup("by hand");
    world->prune = true;
    plan = make_plan(world);
    assert_int_equal(plan->foreign_count, 1);
    assert_int_equal(plan->unmanaged_count, 1);
    assert_int_equal(plan->count, 2);
    assert_int_equal(plan->changes[0].action, PLAN_CREATE);
    assert_int_equal(plan->changes[1].action, PLAN_CREATE);
}

static void other_owner_is_foreign(void **state)
{
    struct world *world = *state;
    struct plan *plan;

    world_add(world, "a", 1);
    world->manifest.owner = "team-x";
    apply_all(world);
    world->manifest.owner = "team-y";
    plan = make_plan(world);
    assert_int_equal(plan->foreign_count, 1);
    assert_int_equal(plan->conflict_count, 1); /* it has our name */
}

static void two_of_one_marker_are_a_conflict(void **state)
{
    struct world *world = *state;
    struct plan_limits limits = {100, 100, true};
    struct error error = ERROR_INIT;
    struct plan *plan;

    world_add(world, "a", 1);
    apply_all(world);
    apply_all(world);
    plan = make_plan(world);
    assert_int_equal(plan->conflict_count, 1);
    assert_false(plan_allowed(plan, &limits, &error));
    assert_int_equal(error.code, ERROR_FAILED);
}

static void limits_name_figure_and_flag(void **state)
{
    struct world *world = *state;
    struct plan_limits limits = {30, 30, false};
    struct error error = ERROR_INIT;
    struct plan plan = {.ours = 10};
    struct plan_change changes[4] = {{.action = PLAN_UPDATE},
                                     {.action = PLAN_UPDATE},
                                     {.action = PLAN_UPDATE},
                                     {.action = PLAN_REPLACE}};

    (void)world;
    plan.changes = changes;
    plan.count = 3;
    assert_true(plan_allowed(&plan, &limits, &error)); /* 30 % is not more than 30 % */
    plan.count = 4;
    assert_false(plan_allowed(&plan, &limits, &error));
    assert_int_equal(error.code, ERROR_REFUSED);
    assert_non_null(strstr(error.text, "--max-updates 40"));
    plan.ours = 9; /* too few to speak of a share */
    error = ERROR_INIT;
    assert_true(plan_allowed(&plan, &limits, &error));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        UNIT(nothing_there_is_all_created),
        UNIT(applied_is_unchanged),
        UNIT(manifest_change_is_pending),
        UNIT(remote_change_is_drift),
        UNIT(both_changed_is_both),
        UNIT(drift_that_the_manifest_accepted_is_nothing),
        UNIT(order_of_events_and_criteria_is_nothing),
        UNIT(narrowed_filter_may_drop_and_widened_does_not),
        UNIT(new_version_replaces),
        UNIT(half_done_replacement_is_finished),
        UNIT(older_manifest_is_refused_unless_allowed),
        UNIT(other_kind_is_a_replacement_too),
        UNIT(dropped_event_of_a_trigger_needs_prune),
        UNIT(protection_outlives_the_manifest_and_beats_prune),
        UNIT(lost_marker_is_drift_not_a_second_object),
        UNIT(damaged_marker_is_no_marker),
        UNIT(renamed_object_is_known_by_its_marker),
        UNIT(foreign_and_unmanaged_are_left_alone),
        UNIT(other_owner_is_foreign),
        UNIT(two_of_one_marker_are_a_conflict),
        UNIT(limits_name_figure_and_flag),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
