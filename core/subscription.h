/* One subscription of a manifest's file, read into core/manifest.h's struct.
 *
 * Here is what the tables of core/keys.h cannot say: which defaults reach it, what its kind has,
 * which events it may name, and what a criterion's value is.
 */
#ifndef CORE_SUBSCRIPTION_H
#define CORE_SUBSCRIPTION_H

#include "core/keys.h"
#include "core/manifest.h"

/* What a file's subscriptions have in common. */
struct subscription_context {
    const struct spec_reader *reader;
    const struct subscription_keys *defaults;
    const struct yaml_node *defaults_node; /* NULL when the file has none */
};

/* False: findings say what is wrong, or there is no memory, and *out is of no use. */
MUST_CHECK bool subscription_read(const struct subscription_context *context,
                                  const struct yaml_node *name, const struct yaml_node *node,
                                  struct subscription *out);

/* Refuses `via: eventbridge` in a mapping, which is known but not supported. */
MUST_CHECK bool subscription_check_via(const struct spec_reader *reader,
                                       const struct yaml_node *node);

#endif
