/* Any bytes as a manifest: no crash, no leak, nothing slow, and what is promised holds. */
#include "core/buf.h"
#include "core/manifest.h"
#include "core/text.h"

#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t length);

static const char *variable(void *context, const char *name)
{
    (void)context;
    return name[0] == 'U' ? NULL : "https://ingest.example.com/events";
}

/* Aborts when it does not hold. */
static void require(int holds)
{
    if (!holds)
        abort();
}

static void check_findings(struct diag_list *diags)
{
    struct buf out;

    buf_init(&out, SIZE_MAX / 2);
    diag_sort(diags);
    for (size_t i = 0; i < diags->count; i++)
        diag_print(&out, &diags->entries[i]);
    require(text_utf8_check(buf_text(&out), out.length) == out.length);
    for (size_t i = 0; i < out.length; i++)
        require((unsigned char)out.data[i] >= 0x20 || out.data[i] == '\n');
    buf_release(&out);
}

static void check_subscription(const struct subscription *subscription)
{
    require(subscription->event_count > 0 && subscription->version > 0);
    require(subscription->via == VIA_TRIGGER ? !!subscription->workflow : !!subscription->url);
    require(subscription->place.line > 0);
    for (size_t i = 0; i < subscription->filter_count; i++)
        require(subscription->filter[i].field && subscription->filter[i].value);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t length)
{
    struct manifest_text text = {"fuzz.yaml", (const char *)bytes, length};
    struct manifest_options options = {.texts = &text, .text_count = 1, .variable = variable};
    struct manifest manifest;
    struct diag_list diags;

    manifest_init(&manifest);
    diag_list_init(&diags);
    if (manifest_read(&manifest, &options, &diags)) {
        require(diags.errors == 0 && manifest.subscription_count > 0);
        for (size_t i = 0; i < manifest.subscription_count; i++)
            check_subscription(&manifest.subscriptions[i]);
    } else {
        require(diags.errors > 0 && manifest.subscription_count == 0);
    }
    check_findings(&diags);
    diag_list_release(&diags);
    manifest_release(&manifest);
    return 0;
}
