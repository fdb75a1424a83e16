/* Findings: kept, counted, ordered, shown. */
#include "core/buf.h"
#include "core/diag.h"
#include "tests/unit/unit.h"

#include <stdio.h>

static struct diag_list list;
static struct source first, second;

static void load(struct source *source, const char *path, const char *text)
{
    assert_true(source_from_text(source, path, text, strlen(text), &list));
}

static int setup(void **state)
{
    (void)state;
    first = second = (struct source){.path = NULL};
    diag_list_init(&list);
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    diag_list_release(&list);
    source_release(&first);
    source_release(&second);
    return 0;
}

static void check_shown(const char *wanted)
{
    struct buf out;

    buf_init(&out, 65536);
    for (size_t i = 0; i < list.count; i++)
        diag_print(&out, &list.entries[i]);
    assert_string_equal(buf_text(&out), wanted);
    buf_release(&out);
}

static void a_finding_shows_its_line_a_caret_and_a_hint(void **state)
{
    (void)state;
    load(&first, "manifests/a.yaml", "a: 1\n      evnets: [x]\r\n");
    diag_add(&list, "unknown-key", (struct place){&first, 2, 7}, "did you mean \"events\"?",
             "unknown key \"%s\"", "evnets");
    diag_add_other(&list, (struct place){&first, 1, 1});
    check_shown("manifests/a.yaml:2:7: error[unknown-key]: unknown key \"evnets\"\n"
                "    2 |       evnets: [x]\n"
                "      |       ^\n"
                "  hint: did you mean \"events\"?\n"
                "manifests/a.yaml:1:1: note: first given here\n"
                "    1 | a: 1\n"
                "      | ^\n");
}

static void the_caret_stands_under_its_character(void **state)
{
    (void)state;
    load(&first, "a", "\t\xE6\xBC\xA2\x1b\xC3\xA9!\n");
    diag_add(&list, "bad-value", (struct place){&first, 1, 5}, NULL, "m");
    check_shown("a:1:5: error[bad-value]: m\n"
                "    1 |     \xE6\xBC\xA2\\x1b\xC3\xA9!\n"
                "      |            ^\n");
}

static void a_long_line_is_shown_around_the_caret(void **state)
{
    char text[1001], wanted[600];

    (void)state;
    memset(text, 'x', 1000);
    text[1000] = '\0';
    text[499] = '!';
    load(&first, "a", text);
    diag_add(&list, "bad-value", (struct place){&first, 1, 500}, NULL, "m");
    snprintf(wanted, sizeof(wanted),
             "a:1:500: error[bad-value]: m\n    1 | …%.*s…\n      | %41s^\n", 100, text + 459, "");
    check_shown(wanted);
}

static void text_from_outside_cannot_reach_the_terminal(void **state)
{
    (void)state;
    load(&first, "a\x1b", "x");
    diag_add(&list, "bad-value", (struct place){&first, 0, 0}, "h\x1b[2J", "m\x1b]0;t\x07\n");
    check_shown("a\\x1b: error[bad-value]: m\\x1b]0;t\\x07\\n\n  hint: h\\x1b[2J\n");
}

static void findings_are_ordered_by_file_then_place(void **state)
{
    static const char *const wanted[] = {"b2", "b3", "a1", "a1-again"};

    (void)state;
    load(&first, "a", "1\n2\n3\n");
    load(&second, "b", "1\n2\n3\n");
    diag_add(&list, "bad-value", (struct place){&second, 3, 1}, NULL, "b3");
    diag_add(&list, "bad-value", (struct place){&first, 1, 1}, NULL, "a1");
    diag_add(&list, "bad-value", (struct place){&second, 2, 9}, NULL, "b2");
    diag_add(&list, "bad-value", (struct place){&first, 1, 1}, NULL, "a1-again");
    diag_sort(&list);
    for (size_t i = 0; i < 4; i++)
        assert_string_equal(list.entries[i].message, wanted[i]);
}

static void past_the_most_they_are_counted_only(void **state)
{
    (void)state;
    load(&first, "a", "x");
    for (int i = 0; i < DIAG_MOST + 5; i++)
        diag_add(&list, "missing-description", (struct place){&first, 1, 1}, NULL, "m");
    diag_add(&list, "bad-value", (struct place){&first, 1, 1}, NULL, "m");
    assert_int_equal(list.count, DIAG_MOST);
    assert_int_equal(list.dropped, 6);
    assert_int_equal(list.errors, 1);
    assert_int_equal(list.warnings, DIAG_MOST + 5);
}

static void only_lint_rules_can_be_switched_off(void **state)
{
    static const char *const off[] = {"catch-all", "bad-value", NULL};

    (void)state;
    list.disabled = off;
    diag_add(&list, "catch-all", (struct place){NULL, 0, 0}, NULL, "m");
    diag_add(&list, "bad-value", (struct place){NULL, 0, 0}, NULL, "m");
    check_shown("error[bad-value]: m\n");
    assert_int_equal(list.errors, 1);
}

static void every_rule_has_an_id_of_its_own_and_a_summary(void **state)
{
    (void)state;
    for (const struct diag_rule *rule = diag_rule_table; rule->id; rule++) {
        assert_ptr_equal(diag_rule_find(rule->id), rule);
        assert_int_equal(strspn(rule->id, "abcdefghijklmnopqrstuvwxyz0123456789-"),
                         strlen(rule->id));
        assert_true(strlen(rule->summary) > 10);
    }
    assert_null(diag_rule_find("no-such-rule"));
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        UNIT(a_finding_shows_its_line_a_caret_and_a_hint),
        UNIT(the_caret_stands_under_its_character),
        UNIT(a_long_line_is_shown_around_the_caret),
        UNIT(text_from_outside_cannot_reach_the_terminal),
        UNIT(findings_are_ordered_by_file_then_place),
        UNIT(past_the_most_they_are_counted_only),
        UNIT(only_lint_rules_can_be_switched_off),
        UNIT(every_rule_has_an_id_of_its_own_and_a_summary),
    };

    return cmocka_run_group_tests_name("diag", tests, NULL, NULL);
}
