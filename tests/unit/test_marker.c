/* The marker at the end of a description: written, read again, damaged. */
#include "core/marker.h"
#include "core/text.h"
#include "tests/unit/unit.h"

#include <stdio.h>

static struct marker marker_of(const char *description)
{
    struct marker marker;
    size_t text_bytes;

    marker_parse(description, &marker, &text_bytes);
    return marker;
}

static char *text_of(const struct marker *marker)
{
    struct buf out;

    buf_init(&out, 4096);
    marker_add(&out, marker);
    assert_false(out.failed);
    return buf_take(&out);
}

/* Is read as a marker, and written again as the same bytes. */
static struct marker round_trip(const char *description)
{
    struct marker marker = marker_of(description);
    char *text = text_of(&marker);

    assert_true(marker.present);
    assert_string_equal(text, description);
    free(text);
    return marker;
}

static const char overridden[] =
    "[eventctl2 acme/voice@3 n1a2bs0f3c until 6923F1AA w77e0s9f3c \"CRM is slow\"]";

static void markers_of_before_are_read(void **state)
{
    struct marker marker = round_trip("[eventctl acme/team/voice@3! n1a2bd0f3c]");

    (void)state;
    assert_string_equal(marker.organization, "acme");
    assert_string_equal(marker.owner, "team");
    assert_string_equal(marker.name, "voice");
    assert_int_equal(marker.version, 3);
    assert_true(marker.protect);
    assert_string_equal(marker.hashes[FIELD_DESCRIPTION], "0f3c");
    assert_int_equal(marker.override.until_s, 0);
}

static void an_override_is_read_and_written(void **state)
{
    struct marker marker = round_trip(overridden);

    (void)state;
    assert_string_equal(marker.owner, "");
    assert_int_equal(marker.override.until_s, 0x6923F1AA);
    assert_string_equal(marker.hashes[FIELD_BATCH_SIZE], "0f3c");
    assert_string_equal(marker.override.hashes[FIELD_BATCH_SIZE], "9f3c");
    assert_string_equal(marker.override.hashes[FIELD_BATCH_WINDOW], "77e0");
    assert_string_equal(marker.override.hashes[FIELD_URL], "");
    assert_string_equal(marker.override.reason, "CRM is slow");
}

/* A slash in it was once taken for the one behind an owner. */
static void a_reason_may_have_slashes_and_no_text(void **state)
{
    (void)state;
    assert_string_equal(
        round_trip("[eventctl2 acme/a@1 n1a2b until 6923F1AA s9f3c \"a/b @ c\"]").owner, "");
    assert_string_equal(round_trip("[eventctl2 acme/o/a@1 n1a2b until 6923F1AA s9f3c \"\"]").owner,
                        "o");
}

static void text_before_it_is_told_apart(void **state)
{
    char description[256];
    struct marker marker;
    size_t text_bytes;

    (void)state;
    snprintf(description, sizeof(description), "[eventctl x/y@1] Calls %s", overridden);
    marker_parse(description, &marker, &text_bytes);
    assert_true(marker.present);
    assert_string_equal(marker.name, "voice");
    assert_int_equal(text_bytes, strlen("[eventctl x/y@1] Calls"));
}

static void a_damaged_override_is_no_marker(void **state)
{
    static const char *const damaged[] = {
        "[eventctl acme/a@1 n1a2b until 6923F1AA s9f3c \"the old word\"]",
        "[eventctl2 acme/a@1 n1a2b]",
        "[eventctl2 acme/a@1 until 6923F1AA s9f3c \"\"]",
        "[eventctl2 acme/a@1 n1a2b until 6923F1A s9f3c \"\"]",
        "[eventctl2 acme/a@1 n1a2b until 6923F1AAA s9f3c \"\"]",
        "[eventctl2 acme/a@1 n1a2b until 6923f1aa s9f3c \"\"]",
        "[eventctl2 acme/a@1 n1a2b until 00000000 s9f3c \"\"]",
        "[eventctl2 acme/a@1 n1a2b until 6923F1AA \"\"]",
        "[eventctl2 acme/a@1 n1a2b until 6923F1AA s9f3 \"\"]",
        "[eventctl2 acme/a@1 n1a2b until 6923F1AA s9f3c]",
        "[eventctl2 acme/a@1 n1a2b until 6923F1AA s9f3c \"]",
        "[eventctl2 acme/a@1 n1a2b until 6923F1AA s9f3c \"a\"b\"]",
        "[eventctl2 acme/a@1 n1a2b until 6923F1AA s9f3c \"a\nb\"]",
        "[eventctl2 acme/a@1 n1a2b until 6923F1AA s9f3c \"a]\"]",
        "[eventctl2 acme/a@1 n1a2b until 6923F1AA s9f3c \"a\"] ",
        "[eventctl2 acme/a@1 n1a2b until 6923F1AA s9f3c \"a",
        "[eventctl2 acme/a@1 n1a2b until ",
    };

    (void)state;
    for (size_t i = 0; i < sizeof(damaged) / sizeof(damaged[0]); i++) {
        struct marker marker;
        size_t text_bytes;
        marker_parse(damaged[i], &marker, &text_bytes);
        if (marker.present || marker.override.until_s || text_bytes != strlen(damaged[i]))
            fail_msg("taken for a marker: %s", damaged[i]);
    }
}

static void the_longest_reason_is_read_and_a_longer_one_is_not(void **state)
{
    char text[512], reason[MARKER_REASON_MAX + 2];

    (void)state;
    for (int more = 0; more < 2; more++) {
        memset(reason, 'x', sizeof(reason));
        reason[MARKER_REASON_MAX + more] = '\0';
        snprintf(text, sizeof(text), "[eventctl2 a/b@1 n1a2b until 6923F1AA s9f3c \"%s\"]", reason);
        assert_int_equal(marker_of(text).present, !more);
    }
}

static void a_reason_is_cut_between_characters(void **state)
{
    struct marker marker = marker_of(overridden);
    char reason[400] = "", expected[400] = "";

    (void)state;
    for (size_t i = 0; i < 70; i++) {
        memcpy(reason + 3 * i, "\xe2\x82\xac", 4); /* €: three bytes, one unit */
        if (i < MARKER_REASON_UNITS)
            memcpy(expected + 3 * i, "\xe2\x82\xac", 4);
    }
    marker_set_reason(&marker, reason);
    assert_string_equal(marker.override.reason, expected);
    snprintf(reason, sizeof(reason), "%059d\xf0\x9f\x98\x80", 7); /* it takes two units */
    marker_set_reason(&marker, reason);
    assert_int_equal(strlen(marker.override.reason), 59);
}

static void a_reason_is_made_to_fit_the_format(void **state)
{
    struct marker marker = marker_of(overridden);
    char *text;

    (void)state;
    marker_set_reason(&marker, "say \"no\" [now]\n\x1b[31m\x7f");
    assert_string_equal(marker.override.reason, "say 'no' (now)  (31m ");
    text = text_of(&marker);
    round_trip(text);
    free(text);
}

/* Bytes that are no text must not write past the reason's room. */
static void a_reason_that_is_no_text_stays_within_its_room(void **state)
{
    struct marker marker = marker_of(overridden);
    char reason[1001];

    (void)state;
    memset(reason, 0x80, sizeof(reason));
    reason[0] = '\xe2';
    reason[1000] = '\0';
    marker_set_reason(&marker, reason);
    assert_true(strlen(marker.override.reason) <= MARKER_REASON_MAX);
}

static void it_is_cut_to_the_room_there_is(void **state)
{
    struct marker marker = marker_of(overridden);
    size_t units = text_utf16_length(overridden), without = units - strlen("CRM is slow");

    (void)state;
    assert_true(marker_fit(&marker, units));
    assert_string_equal(marker.override.reason, "CRM is slow");
    assert_true(marker_fit(&marker, units - 5));
    assert_string_equal(marker.override.reason, "CRM is");
    assert_true(marker_fit(&marker, without));
    assert_string_equal(marker.override.reason, "");
    assert_false(marker_fit(&marker, without - 1));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(markers_of_before_are_read),
        cmocka_unit_test(an_override_is_read_and_written),
        cmocka_unit_test(a_reason_may_have_slashes_and_no_text),
        cmocka_unit_test(text_before_it_is_told_apart),
        cmocka_unit_test(a_damaged_override_is_no_marker),
        cmocka_unit_test(the_longest_reason_is_read_and_a_longer_one_is_not),
        cmocka_unit_test(a_reason_is_cut_between_characters),
        cmocka_unit_test(a_reason_is_made_to_fit_the_format),
        cmocka_unit_test(a_reason_that_is_no_text_stays_within_its_room),
        cmocka_unit_test(it_is_cut_to_the_room_there_is),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
