/* The model with memory that runs out: manifest, lint, schema, plan, and the plan's file. */
#include "core/json.h"
#include "core/override.h"
#include "core/plan_file.h"
#include "core/publication.h"
#include "tests/alloc/alloc.h"

#include <stdint.h>
#include <unistd.h>

static const char first_file[] = "apiVersion: eventctl/v1\n"
                                 "organization: acme dev\n"
                                 "owner: team-x\n"
                                 "variables: [INGEST_URL, UNUSED]\n"
                                 "lint: {disable: [unknown-field]}\n"
                                 "defaults: &all\n"
                                 "  delivery:\n"
                                 "    url: ${INGEST_URL}/in\n"
                                 "    batching: {mode: batched, window: 1m, size: 5}\n"
                                 "  target: {workflow: 3f0c1b52-8a54-4d0e-9d1f-6a2f7c9e5b10}\n"
                                 "subscriptions:\n"
                                 "  voice:\n"
                                 "    version: 3\n"
                                 "    description: \"Voice, für \\\"CRM\\\"\"\n"
                                 "    events: [Interaction.Created, Interaction.Closed]\n"
                                 "    filter: &criteria\n"
                                 "      - {field: status, op: ne, value: Abandoned}\n"
                                 "      - {field: m, op: in, value: [3, 1.5, true, \"x\\ty\", 2]}\n"
                                 "      - {field: k, op: size, value: 2}\n"
                                 "    protect: true\n"
                                 "  same:\n"
                                 "    version: 1\n"
                                 "    events: [Interaction.Closed, Interaction.Created]\n"
                                 "    filter: *criteria\n";
static const char second_file[] =
    "apiVersion: eventctl/v1\n"
    "x-note: nothing\n"
    "subscriptions:\n"
    "  answers:\n"
    "    version: 2\n"
    "    via: trigger\n"
    "    events: [Interaction.Confirmed, \"v2.detail.events.conversation.{id}.customer.end\"]\n"
    "    filter: [{field: mediaType, op: eq, value: voice}, {field: ani, op: exists}]\n"
    "    target: {workflow: 3f0c1b52-8a54-4d0e-9d1f-6a2f7c9e5b10, dataFormat: Json}\n"
    "    ttl: 1m\n"
    "    enabled: false\n"
    "  odd:\n"
    "    version: 1\n"
    "    via: trigger\n"
    "    events: [\"v2.detail.events.nothing\"]\n"
    "    target: {workflow: 3f0c1b52-8a54-4d0e-9d1f-6a2f7c9e5b10}\n"
    "    delay: 2m\n";
static const char wrong_file[] =
    "apiVersion: eventctl/v1\n"
    "organization: acme\n"
    "subscripptions: {}\n"
    "subscriptions:\n"
    "  Bad Name: {version: 0, events: []}\n"
    "  a:\n"
    "    version: one\n"
    "    via: eventbridge\n"
    "  b:\n"
    "    version: 1\n"
    "    events: [Interaction.Creatd, \"*\", \"*\"]\n"
    "    filter: [{field: $.x, op: eqq, value: 1}, {field: x, op: in, value: 3},\n"
    "             {field: y, op: eq, value: 1}, {field: y, op: eq, value: 2}]\n"
    "    delivery: {url: \"http://user:pw@127.0.0.1/${NOPE}\", batching: {mode: batched}}\n"
    "    ttl: 10s\n"
    "  b: {version: 1}\n";

static char plan_path[] = "/tmp/alloc-plan-XXXXXX";

static const char *variable(void *context, const char *name)
{
    (void)context;
    return strcmp(name, "INGEST_URL") == 0 ? "https://ingest.example.com" : NULL;
}

static bool read_texts(struct manifest *manifest, struct diag_list *diags,
                       const struct manifest_text *texts, size_t count)
{
    struct manifest_options options = {.texts = texts, .text_count = count, .variable = variable};

    manifest_init(manifest);
    diag_list_init(diags);
    return manifest_read(manifest, &options, diags);
}

/* Adds the findings as they are shown. */
static bool print_findings(struct diag_list *diags, struct buf *result)
{
    struct buf shown;
    bool ok;

    buf_init(&shown, 1024 * 1024);
    diag_sort(diags);
    for (size_t i = 0; i < diags->count; i++)
        diag_print(&shown, &diags->entries[i]);
    ok = !shown.failed;
    alloc_off();
    buf_add_text(result, buf_text(&shown));
    buf_release(&shown);
    return ok;
}

/* -- manifests -------------------------------------------------------------------------------- */

static bool read_and_lint(size_t nth, enum alloc_mode mode, struct buf *result)
{
    const struct manifest_text texts[] = {{"a.yaml", first_file, sizeof(first_file) - 1},
                                          {"b.yaml", second_file, sizeof(second_file) - 1}};
    struct manifest manifest;
    struct diag_list diags;
    bool read, ok;

    alloc_on(nth, mode);
    read = read_texts(&manifest, &diags, texts, 2);
    if (!read && !diags.no_memory)
        alloc_wrong("the manifest is refused, but not for want of memory");
    ok = read && !diags.no_memory && print_findings(&diags, result);
    alloc_off();
    if (ok)
        buf_printf(result, "%zu %s\n", manifest.subscription_count, manifest.hash);
    manifest_release(&manifest);
    diag_list_release(&diags);
    return ok;
}

static bool find_what_is_wrong(size_t nth, enum alloc_mode mode, struct buf *result)
{
    const struct manifest_text text = {"wrong.yaml", wrong_file, sizeof(wrong_file) - 1};
    struct manifest manifest;
    struct diag_list diags;
    bool ok;

    alloc_on(nth, mode);
    if (read_texts(&manifest, &diags, &text, 1))
        alloc_wrong("a wrong manifest is read as a right one");
    ok = !diags.no_memory && print_findings(&diags, result);
    alloc_off();
    manifest_release(&manifest);
    diag_list_release(&diags);
    return ok;
}

static bool write_schema(size_t nth, enum alloc_mode mode, struct buf *result)
{
    char *schema;

    alloc_on(nth, mode);
    schema = manifest_schema();
    alloc_off();
    if (schema)
        buf_add_text(result, schema);
    free(schema);
    return schema != NULL;
}

/* -- plans ------------------------------------------------------------------------------------ */

enum { OVERRIDDEN = 3, OVERRIDDEN_S = 1800000000 }; /* which object, and until when */

/* A manifest, what it asks for, and what might be at the service. */
struct world {
    struct manifest manifest;
    struct diag_list diags;
    struct object_list desired, remote;
};

static void must(bool ok)
{
    if (!ok)
        abort();
}

/* An object as an apply would have left it. */
static void add_remote(struct world *world, const struct object *wanted, int number)
{
    struct object object;
    char *description;

    must(object_copy(&object, wanted));
    description = object_description(&object);
    must(description && object_set_description(&object, description));
    free(description);
    must(asprintf(&object.id, "id-%d", number) > 0);
    object.version = number;
    must(object_list_add(&world->remote, &object));
}

static void set(struct object *object, enum field field, json_t *value)
{
    must(value && object_set(object, field, value));
    json_decref(value);
}

/* As an override leaves it, that holds until OVERRIDDEN_S. */
static void override_size(struct object *object)
{
    struct marker_override *override = &object->marker.override;

    set(object, FIELD_BATCH_SIZE, json_integer(500));
    set(object, FIELD_ENABLED, json_false());
    override->until_s = OVERRIDDEN_S;
    must(marker_hash("500", override->hashes[FIELD_BATCH_SIZE]));
    marker_set_reason(&object->marker, "slow");
}

/* One of each: of an older version, drifted, an orphan, overridden and drifted, with its marker
 * gone, foreign; the rest is missing. */
static void world_fill(struct world *world)
{
    struct object *remote;

    for (size_t i = 0; i < world->desired.count; i++)
        add_remote(world, &world->desired.items[i], (int)i + 1);
    remote = world->remote.items;
    must(world->remote.count >= 5);
    set(&remote[1], FIELD_ENABLED, json_false());
    set(&remote[1], FIELD_FILTER, json_array());
    remote[0].marker.version--;
    snprintf(remote[2].marker.name, sizeof(remote[3].marker.name), "gone");
    remote[4].marker.present = false;
    add_remote(world, &world->desired.items[0], 77);
    snprintf(world->remote.items[5].marker.organization, 8, "other");
    override_size(&world->remote.items[OVERRIDDEN]);
}

static void world_make(struct world *world)
{
    const struct manifest_text texts[] = {{"a.yaml", first_file, sizeof(first_file) - 1},
                                          {"b.yaml", second_file, sizeof(second_file) - 1}};
    struct error error = ERROR_INIT;

    must(read_texts(&world->manifest, &world->diags, texts, 2));
    object_list_init(&world->desired);
    object_list_init(&world->remote);
    must(object_list_desire(&world->desired, &world->manifest, &error));
    world_fill(world);
}

static void world_release(struct world *world)
{
    object_list_release(&world->desired);
    object_list_release(&world->remote);
    manifest_release(&world->manifest);
    diag_list_release(&world->diags);
}

static struct plan_input input_of(const struct world *world)
{
    return (struct plan_input){.desired = &world->desired,
                               .remote = &world->remote,
                               .owner = world->manifest.owner,
                               .organizations = {world->manifest.organization},
                               .prune = true,
                               .now_s = OVERRIDDEN_S - 1};
}

static void add_objects(struct buf *result, const struct object_list *list)
{
    for (size_t i = 0; i < list->count; i++) {
        json_t *json = object_to_json(&list->items[i]);
        must(json != NULL);
        json_add_canonical(result, json);
        buf_add_char(result, '\n');
        json_decref(json);
    }
}

static void add_plan(struct buf *result, const struct plan *plan)
{
    for (size_t i = 0; i < plan->count; i++) {
        const struct plan_change *change = &plan->changes[i];
        buf_printf(result, "%s %s %s", plan_action_table[change->action].sign,
                   plan_change_name(change), risk_name(change->risk));
        for (size_t f = 0; f < change->field_count; f++)
            buf_printf(result, " %s:%s", field_table[change->fields[f].field].name,
                       plan_cause_name(change->fields[f].cause));
        buf_add_char(result, '\n');
    }
    buf_printf(result, "%zu %zu %zu %zu %zu\n", plan->unchanged, plan->conflict_count,
               plan->orphan_count, plan->unmanaged_count, plan->foreign_count);
}

/* A failure that was not told would be the user's only hint. */
static bool told(bool ok, const struct error *error)
{
    if (!ok && error->code == ERROR_NONE)
        alloc_wrong("it failed without an error");
    return ok;
}

static bool desire(size_t nth, enum alloc_mode mode, struct buf *result)
{
    struct error error = ERROR_INIT;
    struct object_list list;
    struct world world;
    bool ok;

    world_make(&world);
    object_list_init(&list);
    alloc_on(nth, mode);
    ok = told(object_list_desire(&list, &world.manifest, &error), &error);
    alloc_off();
    if (ok)
        add_objects(result, &list);
    object_list_release(&list);
    world_release(&world);
    return ok;
}

static bool make_plan(size_t nth, enum alloc_mode mode, struct buf *result)
{
    struct error error = ERROR_INIT;
    struct plan_input input;
    struct world world;
    struct plan plan;
    bool ok;

    world_make(&world);
    input = input_of(&world);
    alloc_on(nth, mode);
    ok = told(plan_make(&plan, &input, &error), &error);
    alloc_off();
    if (ok)
        add_plan(result, &plan);
    plan_release(&plan);
    world_release(&world);
    return ok;
}

/* That object overridden once more, or with that taken back. */
static bool plan_override(bool cancel, size_t nth, enum alloc_mode mode, struct buf *result)
{
    const struct override_wish wish = {
        .size = 700, .window_ms = 900, .until_s = OVERRIDDEN_S, .reason = "slow"};
    struct error error = ERROR_INIT;
    struct world world;
    const struct object *live, *wanted;
    struct plan plan;
    bool ok;

    world_make(&world);
    live = &world.remote.items[OVERRIDDEN];
    wanted = &world.desired.items[OVERRIDDEN];
    alloc_on(nth, mode);
    ok = cancel ? override_plan_cancel(&plan, live, wanted, &error)
                : override_plan(&plan, live, wanted, &wish, OVERRIDDEN_S - 1, &error);
    ok = told(ok, &error);
    alloc_off();
    if (ok)
        add_plan(result, &plan);
    plan_release(&plan);
    world_release(&world);
    return ok;
}

static bool start_override(size_t nth, enum alloc_mode mode, struct buf *result)
{
    return plan_override(false, nth, mode, result);
}

static bool end_override(size_t nth, enum alloc_mode mode, struct buf *result)
{
    return plan_override(true, nth, mode, result);
}

static bool object_round(size_t nth, enum alloc_mode mode, struct buf *result)
{
    struct error error = ERROR_INIT;
    struct object copy, back;
    char *description, fingerprint[17];
    struct world world;
    json_t *json;
    bool ok;

    world_make(&world);
    object_init(&copy);
    object_init(&back);
    alloc_on(nth, mode);
    ok = object_copy(&copy, &world.remote.items[1]);
    description = ok ? object_description(&copy) : NULL;
    ok = description && object_set_description(&copy, description) &&
         object_fingerprint(&copy, fingerprint);
    json = ok ? object_to_json(&copy) : NULL;
    ok = json && told(object_from_json(&back, json, &error), &error);
    alloc_off();
    if (ok) {
        buf_printf(result, "%s %s\n", description, fingerprint);
        must(object_fingerprint(&back, fingerprint));
        buf_add_text(result, fingerprint);
    }
    json_decref(json);
    free(description);
    object_release(&copy);
    object_release(&back);
    world_release(&world);
    return ok;
}

/* -- the plan's file --------------------------------------------------------------------------- */

static bool write_plan(const struct world *world, size_t nth, enum alloc_mode mode,
                       struct error *error)
{
    struct plan_input input = input_of(world);
    struct plan_file file;
    struct plan plan;
    bool ok;

    must(plan_make(&plan, &input, error));
    plan_file_init(&file);
    snprintf(file.organization, sizeof(file.organization), "acme dev");
    file.created_s = 1;
    file.expires_s = 2;
    file.prune = true;
    file.manifest_paths = json_pack("[s]", "a.yaml");
    alloc_on(nth, mode);
    ok = told(plan_file_write(plan_path, &file, &plan, error), error);
    alloc_off();
    plan_file_release(&file);
    plan_release(&plan);
    return ok;
}

static bool save_plan(size_t nth, enum alloc_mode mode, struct buf *result)
{
    struct error error = ERROR_INIT;
    struct plan_file file;
    struct world world;
    bool ok;

    world_make(&world);
    ok = write_plan(&world, nth, mode, &error);
    if (ok) {
        must(plan_file_read(plan_path, &file, &error));
        add_plan(result, &file.plan);
        add_objects(result, &file.before);
        add_objects(result, &file.after);
        plan_file_release(&file);
    }
    world_release(&world);
    return ok;
}

static void note_moved(void *context, const struct plan_change *change, const struct object *live)
{
    (void)change;
    (void)live;
    ++*(long *)context;
}

static bool load_and_compare(size_t nth, enum alloc_mode mode, struct buf *result)
{
    struct error error = ERROR_INIT;
    struct plan_file file;
    long moved = 0, count = -1;
    struct world world;
    bool ok;

    world_make(&world);
    must(write_plan(&world, 0, mode, &error));
    world.remote.items[1].version++;
    plan_file_init(&file);
    alloc_on(nth, mode);
    ok = told(plan_file_read(plan_path, &file, &error), &error);
    if (ok)
        count = plan_file_compare(&file, &world.remote, note_moved, &moved);
    alloc_off();
    ok = count >= 0;
    if (ok) {
        add_plan(result, &file.plan);
        buf_printf(result, "%ld %ld %zu\n", count, moved, file.already_done);
    }
    plan_file_release(&file);
    world_release(&world);
    return ok;
}

static void add_publication(struct buf *result, const struct publication *publication)
{
    for (size_t i = 0; i < publication->count; i++) {
        const struct publication_change *change = &publication->changes[i];
        buf_printf(result, "%d %s %s\n", (int)change->action, change->name,
                   change->id ? change->id : "-");
    }
    json_add_canonical(result, publication->entries);
}

/* One entry is there already, one is ours and gone, and one has another key. */
static json_t *published(const struct world *world)
{
    json_t *document =
        json_pack("{s:[{s:s, s:s}, {s:s, s:s}, {s:s, s:[{s:s, s:s}]}]}", "subscriptions", "id",
                  "sub-of-others", "name", "x", "id", "sub-gone", "owner", "org//gone", "id",
                  world->remote.items[0].id, "keys", "id", "k", "pem", "p");

    must(document != NULL);
    return document;
}

static bool publish(size_t nth, enum alloc_mode mode, struct buf *result)
{
    struct publication_input input = {.complete = true, .organization_id = "org", .owner = ""};
    struct publication publication;
    struct error error = ERROR_INIT;
    json_t *document, *wish;
    struct plan_input plan;
    struct plan made;
    struct world world;
    bool ok;

    world_make(&world);
    plan = input_of(&world);
    must(plan_make(&made, &plan, &error));
    must((world.remote.items[0].public_key = strdup("no key")) != NULL);
    document = published(&world);
    publication_init(&publication);
    input.live = &world.remote;
    input.plan = &made;
    alloc_on(nth, mode);
    input.wish = wish = publication_wish(&world.desired, NULL);
    ok = wish && told(publication_make(&publication, document, &input, &error), &error);
    alloc_off();
    if (ok)
        add_publication(result, &publication);
    publication_release(&publication);
    json_decref(wish);
    json_decref(document);
    plan_release(&made);
    world_release(&world);
    return ok;
}

int main(void)
{
    static const struct {
        const char *name;
        alloc_scenario scenario;
    } scenarios[] = {
        {"read and lint a manifest", read_and_lint},
        {"find what is wrong in a manifest", find_what_is_wrong},
        {"write the schema", write_schema},
        {"objects that a manifest asks for", desire},
        {"make a plan", make_plan},
        {"start an override", start_override},
        {"end an override", end_override},
        {"an object to JSON and back", object_round},
        {"save a plan", save_plan},
        {"load a plan and compare it", load_and_compare},
        {"compare what is published", publish},
    };
    int fd = mkstemp(plan_path);

    if (fd < 0)
        return 1;
    close(fd);
    for (size_t i = 0; i < sizeof(scenarios) / sizeof(scenarios[0]); i++)
        alloc_try(scenarios[i].name, scenarios[i].scenario);
    unlink(plan_path);
    return alloc_end();
}
