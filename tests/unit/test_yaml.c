/* YAML: the tree, its places, and what is refused. */
#include "core/yaml.h"
#include "tests/unit/findings.h"

static struct arena texts;
static struct source source;
static struct diag_list list;
static struct yaml yaml;

static int setup(void **state)
{
    (void)state;
    arena_init(&texts);
    source = (struct source){.path = NULL};
    diag_list_init(&list);
    yaml_init(&yaml);
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    yaml_release(&yaml);
    diag_list_release(&list);
    source_release(&source);
    arena_release(&texts);
    return 0;
}

static bool parse(const char *text, size_t length)
{
    return source_from_text(&source, "y", text, length, &list) &&
           yaml_read(&yaml, &source, &texts, &list);
}

static void a_tree_has_its_texts_and_places(void **state)
{
    const struct yaml_node *b, *c;

    (void)state;
    assert_true(parse("a: 1\nb:\n  - x\n  - 'y'\nc: {d: é, e: [z]}\n", 41));
    assert_int_equal(yaml.nodes->kind, YAML_MAPPING);
    assert_int_equal(yaml.nodes->count, 3);
    b = yaml_find(yaml.nodes, "b");
    struct yaml_walk walk = yaml_walk(b);
    assert_true(yaml_next(&walk) && !walk.key);
    assert_string_equal(walk.value->text, "x");
    assert_true(walk.value->plain);
    assert_true(yaml_next(&walk));
    assert_false(walk.value->plain);
    assert_int_equal(walk.value->line, 4);
    assert_int_equal(walk.value->column, 5);
    assert_false(yaml_next(&walk));
    c = yaml_find(yaml.nodes, "c");
    assert_string_equal(yaml_find(c, "d")->text, "é");
    assert_int_equal(yaml_find_key(c, "e")->column, 11); /* characters, not bytes */
    assert_null(yaml_find(c, "x"));
    assert_null(yaml_find(b, "x"));
}

static void an_alias_shares_its_anchors_node(void **state)
{
    (void)state;
    assert_true(parse("a: &x {k: v}\nb: *x\n", 19));
    assert_ptr_equal(yaml_find(yaml.nodes, "a"), yaml_find(yaml.nodes, "b"));
}

static void nothing_is_an_empty_scalar(void **state)
{
    (void)state;
    assert_true(parse("# only a comment\n", 17));
    assert_int_equal(yaml.nodes->kind, YAML_SCALAR);
    assert_int_equal(yaml_type(yaml.nodes->text, yaml.nodes->plain), YAML_NULL);
}

static void scalars_have_the_core_schemas_types(void **state)
{
    static const struct {
        const char *text;
        enum yaml_type type;
    } cases[] = {
        {"", YAML_NULL},     {"~", YAML_NULL},          {"null", YAML_NULL},  {"nULL", YAML_TEXT},
        {"true", YAML_BOOL}, {"False", YAML_BOOL},      {"yes", YAML_TEXT},   {"12", YAML_INT},
        {"-0", YAML_INT},    {"0x1F", YAML_INT},        {"0o17", YAML_INT},   {"0o8", YAML_TEXT},
        {"1.5", YAML_FLOAT}, {".5e-3", YAML_FLOAT},     {"1e3", YAML_FLOAT},  {"1e", YAML_TEXT},
        {".", YAML_TEXT},    {"-.inf", YAML_FLOAT},     {".nan", YAML_FLOAT}, {"1_000", YAML_TEXT},
        {"0x", YAML_TEXT},   {"2024-01-01", YAML_TEXT},
    };
    int64_t whole;
    double real;

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
        assert_int_equal(yaml_type(cases[i].text, true), cases[i].type);
    assert_int_equal(yaml_type("12", false), YAML_TEXT);
    assert_true(yaml_integer("0o17", &whole) && whole == 15);
    assert_false(yaml_integer("9223372036854775808", &whole));
    assert_true(yaml_real("1.5", &real) && real > 1.4 && real < 1.6);
    assert_false(yaml_real(".inf", &real));
}

static void what_yaml_1_1_reads_differently_is_known(void **state)
{
    static const char *const ambiguous[] = {"yes",  "No",    "ON",    "off",    "y",  "N",
                                            "0123", "1_000", "12:30", "+49123", "0b1"};
    static const char *const plain[] = {"true", "0", "10", "0x1f", "1.5", "yess", "", "-5", "a:b"};

    (void)state;
    for (size_t i = 0; i < sizeof(ambiguous) / sizeof(ambiguous[0]); i++)
        assert_true(yaml_is_ambiguous(ambiguous[i]));
    for (size_t i = 0; i < sizeof(plain) / sizeof(plain[0]); i++)
        assert_false(yaml_is_ambiguous(plain[i]));
}

/* A whole document with nothing wrong, to stand beside a hazard. */
#define WHOLE                                                                                      \
    "apiVersion: eventctl/v1\norganization: o\nsubscriptions: {s: {version: 1, description: d, "   \
    "events: [Interaction.Abandoned], delivery: {url: 'https://h.example'}}}\n"

static void hazards_are_refused_where_they_stand(void **state)
{
    static const struct finding_case cases[] = {
        {"x-a: 1\nx-b: {c: 1, c: 2}\nx-a: 2\nx-a: 3\n" WHOLE,
         "yaml-duplicate-key@2:13 yaml-duplicate-key@3:1 yaml-duplicate-key@4:1"},
        {"x-m: {1: x, \"1\": y}\n" WHOLE, "yaml-duplicate-key@1:13"},
        /* and what else is wrong with the document is said as well */
        {"a: 1\na: 2\n", "unknown-key@1:1 yaml-duplicate-key@2:1 unknown-key@2:1"},
        {"a:\n\tb: 1\n", "yaml-tab@2:1"},
        {"a: {\n  \tb: 1}\n", "yaml-tab@2:3"},
        {"a: 1\n---\nb: 2\n", "yaml-documents@2:1"},
        {"? [a]\n: b\n", "yaml-key@1:3"},
        {"a: &x b\n*x : c\n", "yaml-key@2:1"},
        {"a:\n  <<: {b: c}\n", "yaml-merge-key@2:3"},
        {"a: *x\n", "yaml-alias@1:4"},
        {"a: &x [*x]\n", "yaml-alias@1:8"},
        {"a: !ruby/object x\n", "yaml-tag@1:4"},
        {"a: !!int x\n", "yaml-tag@1:4"},
        {"%TAG ! tag:x,1:\n---\na: 1\n", "yaml-directive@1:1"},
        {"a: \"\\0\"\n", "nul-byte@1:4"},
        {"a: x\x01\n", "control-character@1:5"},
        {"a: \xE2\x80\xAEx\n", "control-character@1:4"},
        {"a: b\rc: d\n", "control-character@1:5"},
        {"a: \"b\nc: d\n", "yaml-syntax@1:4"},
        {"a: [b\n", "yaml-syntax@2:1"},
        {"a: b: c\n", "yaml-syntax@1:5"},
        {"a: [v2.x.{id}.y]\n", "yaml-syntax@1:10"},
        {"[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]", "yaml-depth@1:33"},
        {"a: x\xFFy\n", "not-utf8@1:5"},
    };

    (void)state;
    CHECK_FINDINGS(cases);
}

static void what_is_no_hazard_is_read(void **state)
{
    static const char *const good[] = {
        "%YAML 1.2\n---\na: 1\n...\n",
        "\xEF\xBB\xBF"
        "a: 1\n",
        "a: |\n  x\n  \ty\n#\tcomment\nb: 1\n",
        "a: \"x\n\ty\"\n",
        "a: !!str 5\n",
        "a: '<<'\n\"<<\": b\n",
        "a: 1\r\nb: 2\r\n",
    };

    (void)state;
    for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++) {
        if (!parse(good[i], strlen(good[i])))
            print_error("refused:\n%s\n", good[i]);
        assert_int_equal(list.count, 0);
        teardown(state);
        setup(state);
    }
}

static void aliases_are_counted_as_often_as_they_stand(void **state)
{
    struct buf text;

    (void)state;
    buf_init(&text, 65536);
    buf_add_text(&text, "a0: &a0 [x]\n");
    for (int i = 1; i <= 30; i++)
        buf_printf(&text, "a%d: &a%d [*a%d, *a%d]\n", i, i, i - 1, i - 1);
    assert_false(parse(text.data, text.length));
    assert_string_equal(list.entries[0].rule->id, "yaml-size");
    assert_true(list.entries[0].place.line < 25);
    buf_release(&text);
}

static void what_is_too_large_is_refused(void **state)
{
    size_t length = YAML_SCALAR_MAX_BYTES + 1;
    char *text = calloc(1, (size_t)SOURCE_LIMIT_BYTES + 1);

    (void)state;
    assert_non_null(text);
    memset(text, 'x', length);
    assert_false(parse(text, length));
    assert_string_equal(list.entries[0].rule->id, "yaml-size");
    source_release(&source);
    assert_false(parse(text, (size_t)SOURCE_LIMIT_BYTES + 1));
    assert_string_equal(list.entries[1].rule->id, "file-too-large");
    free(text);
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        UNIT(a_tree_has_its_texts_and_places),
        UNIT(an_alias_shares_its_anchors_node),
        UNIT(nothing_is_an_empty_scalar),
        UNIT(scalars_have_the_core_schemas_types),
        UNIT(what_yaml_1_1_reads_differently_is_known),
        UNIT(hazards_are_refused_where_they_stand),
        UNIT(what_is_no_hazard_is_read),
        UNIT(aliases_are_counted_as_often_as_they_stand),
        UNIT(what_is_too_large_is_refused),
    };

    return cmocka_run_group_tests_name("yaml", tests, NULL, NULL);
}
