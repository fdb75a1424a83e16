#include "ctl/report.h"

#include "core/text.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { NOTES_MAX_BYTES = 1024 * 1024 };

void report_init(struct report *report, const char *command)
{
    memset(report, 0, sizeof(*report));
    report->command = command;
    settings_init(&report->settings);
    diag_list_init(&report->diags);
    manifest_init(&report->manifest);
    remote_listing_init(&report->listing);
    object_list_init(&report->desired);
    plan_init(&report->made);
    plan_file_init(&report->saved);
    apply_init(&report->apply);
    endpoints_init(&report->endpoints);
    outcome_init(&report->outcome);
    shapes_init(&report->shapes);
    publish_init(&report->publish);
    buf_init(&report->notes, NOTES_MAX_BYTES);
}

void report_release(struct report *report)
{
    free(report->moved);
    free(report->objects);
    free(report->document);
    json_decref(report->facts);
    buf_release(&report->notes);
    shapes_release(&report->shapes);
    outcome_release(&report->outcome); /* before the endpoints that it names */
    publish_release(&report->publish); /* likewise */
    endpoints_release(&report->endpoints);
    apply_release(&report->apply);
    plan_file_release(&report->saved);
    plan_release(&report->made);
    object_list_release(&report->desired);
    remote_listing_release(&report->listing);
    diag_list_release(&report->diags); /* before the sources that it names */
    manifest_release(&report->manifest);
    settings_release(&report->settings);
}

void report_note(struct report *report, const char *format, ...)
{
    va_list arguments;
    char line[1024];

    va_start(arguments, format);
    vsnprintf(line, sizeof(line), format, arguments);
    va_end(arguments);
    text_add_safe(&report->notes, line, strlen(line));
    buf_add_char(&report->notes, '\n');
}
