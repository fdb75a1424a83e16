/* Manifests from memory, and their findings as one line of text: "rule@line:column …". */
#ifndef TESTS_UNIT_FINDINGS_H
#define TESTS_UNIT_FINDINGS_H

#include "core/buf.h"
#include "core/manifest.h"
#include "tests/unit/unit.h"

#define HEAD "apiVersion: eventctl/v1\norganization: acme-dev\n"

struct reading_of_text {
    struct manifest manifest;
    struct diag_list diags;
    struct buf findings; /* in the order of the text */
    bool ok;
};

static inline const char *no_variable(void *context, const char *name)
{
    (void)context;
    return strcmp(name, "INGEST_URL") == 0 ? "https://ingest.example.com/e"
           : strcmp(name, "FIVE") == 0     ? "5"
           : strcmp(name, "EVIL") == 0     ? "a: b\nc"
           : strcmp(name, "HASH") == 0     ? "x # ${FIVE} {y: z}"
                                           : NULL;
}

static inline void findings_add(struct buf *out, struct diag_list *diags)
{
    diag_sort(diags);
    for (size_t i = 0; i < diags->count; i++)
        buf_printf(out, "%s%s@%u:%u", i > 0 ? " " : "", diags->entries[i].rule->id,
                   diags->entries[i].place.line, diags->entries[i].place.column);
}

static inline void read_texts(struct reading_of_text *reading, const struct manifest_text *texts,
                              size_t count)
{
    struct manifest_options options = {
        .texts = texts, .text_count = count, .variable = no_variable};

    manifest_init(&reading->manifest);
    diag_list_init(&reading->diags);
    buf_init(&reading->findings, SIZE_MAX / 2);
    reading->ok = manifest_read(&reading->manifest, &options, &reading->diags);
    findings_add(&reading->findings, &reading->diags);
}

static inline void read_text(struct reading_of_text *reading, const char *text)
{
    struct manifest_text one = {"m.yaml", text, strlen(text)};

    read_texts(reading, &one, 1);
}

static inline void release_reading(struct reading_of_text *reading)
{
    buf_release(&reading->findings);
    diag_list_release(&reading->diags);
    manifest_release(&reading->manifest);
}

/* A text and exactly the findings that it gives. */
struct finding_case {
    const char *text;
    const char *findings;
};

static inline void check_findings(const struct finding_case *cases, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        struct reading_of_text reading;
        read_text(&reading, cases[i].text);
        if (strcmp(buf_text(&reading.findings), cases[i].findings) != 0)
            print_error("of this text:\n%s\n", cases[i].text);
        assert_string_equal(buf_text(&reading.findings), cases[i].findings);
        assert_int_equal(reading.ok, reading.diags.errors == 0);
        release_reading(&reading);
    }
}

#define CHECK_FINDINGS(cases) check_findings(cases, sizeof(cases) / sizeof((cases)[0]))

#endif
