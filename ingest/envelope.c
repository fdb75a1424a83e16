#include "ingest/envelope.h"

#include <string.h>

/* -- bytes ---------------------------------------------------------------------------------------
 *
 * Only brackets, commas outside of strings, and strings themselves are looked at; what stands
 * between them is the workers' to judge.
 */

static const bool is_mark[256] = {
    ['{'] = true, ['}'] = true, ['['] = true, [']'] = true, [','] = true, ['"'] = true,
};

static bool is_white(char c)
{
    return c == ' ' || c == '\t' || c == '\n' || c == '\r';
}

static const char *skip_white(const char *at, const char *end)
{
    while (at < end && is_white(*at))
        at++;
    return at;
}

static const char *skip_plain(const char *at, const char *end)
{
    while (at < end && !is_mark[(unsigned char)*at])
        at++;
    return at;
}

/* Eight bytes at a time: is one of them a quote or a backslash? */
static bool has_quote(const char *at)
{
    const uint64_t ones = UINT64_C(0x0101010101010101), tops = ones << 7;
    uint64_t bytes, quotes, slashes;

    memcpy(&bytes, at, sizeof(bytes));
    quotes = bytes ^ (ones * '"');
    slashes = bytes ^ (ones * '\\');
    return (((quotes - ones) & ~quotes) | ((slashes - ones) & ~slashes)) & tops;
}

/* From behind an opening quote to behind the closing one; NULL when there is none. */
static const char *skip_string(const char *at, const char *end, bool *escapes)
{
    *escapes = false;
    for (;;) {
        while (end - at >= 8 && !has_quote(at))
            at += 8;
        while (at < end && *at != '"' && *at != '\\')
            at++;
        if (at == end)
            return NULL;
        if (*at == '"')
            return at + 1;
        *escapes = true;
        if (end - at < 2)
            return NULL;
        at += 2;
    }
}

/* -- the scan ------------------------------------------------------------------------------------
 */

struct scan {
    const char *at, *end;
    uint64_t kinds; /* of the open brackets down to ENVELOPE_DEPTH_TOLD, the innermost lowest: 1 is
                     * an array */
    size_t depth;
    size_t first_depth; /* of the members of the first envelope; 0: it has passed */
    struct envelope found;
};

static const struct envelope not_json = {.events = 1};

/* After the key "subscriptionId": notes its value, if it is a plain string. The last one counts,
 * as it does for the workers' reader. */
static void read_subscription(struct scan *scan)
{
    const char *at = skip_white(scan->at, scan->end), *close;
    bool escapes;

    if (at == scan->end || *at != ':')
        return;
    scan->found.subscription = NULL;
    scan->found.subscription_length = 0;
    at = skip_white(at + 1, scan->end);
    if (at == scan->end || *at != '"')
        return;
    close = skip_string(at + 1, scan->end, &escapes);
    if (!close || escapes || close - at == 2)
        return;
    scan->found.subscription = at + 1;
    scan->found.subscription_length = (size_t)(close - at) - 2;
}

static bool scan_string(struct scan *scan)
{
    static const char key[] = "subscriptionId";
    const char *begin = scan->at;
    bool escapes;

    scan->at = skip_string(begin, scan->end, &escapes);
    if (!scan->at)
        return false;
    if (scan->depth == scan->first_depth && scan->at - begin == sizeof(key) &&
        memcmp(begin, key, sizeof(key) - 1) == 0)
        read_subscription(scan);
    return true;
}

static void scan_open(struct scan *scan, bool array)
{
    if (++scan->depth <= ENVELOPE_DEPTH_TOLD)
        scan->kinds = scan->kinds << 1 | array;
}

static bool scan_close(struct scan *scan, bool array)
{
    if (scan->depth-- > ENVELOPE_DEPTH_TOLD)
        return true;
    if ((scan->kinds & 1) != array)
        return false;
    scan->kinds >>= 1;
    return true;
}

static bool scan_comma(struct scan *scan)
{
    if (scan->depth > 1 || !scan->found.batch)
        return true;
    scan->first_depth = 0;
    return ++scan->found.events <= ENVELOPE_EVENTS_MOST;
}

static bool scan_mark(struct scan *scan)
{
    char mark = *scan->at++;

    switch (mark) {
    case '"':
        return scan_string(scan);
    case ',':
        return scan_comma(scan);
    case '{':
    case '[':
        scan_open(scan, mark == '[');
        return true;
    default:
        return scan_close(scan, mark == ']');
    }
}

/* From the first bracket to its counterpart. */
static bool scan_brackets(struct scan *scan)
{
    scan->found.batch = *scan->at == '[';
    scan->found.events = 1;
    scan->first_depth = scan->found.batch ? 2 : 1;
    do {
        if (!scan_mark(scan))
            return false;
        if (scan->depth > 0)
            scan->at = skip_plain(scan->at, scan->end);
    } while (scan->depth > 0 && scan->at < scan->end);
    return scan->depth == 0;
}

struct envelope envelope_scan(const char *body, size_t length_bytes)
{
    struct scan scan = {.at = body, .end = body + length_bytes};
    struct envelope broken = not_json;

    scan.at = skip_white(scan.at, scan.end);
    if (scan.at == scan.end || (*scan.at != '{' && *scan.at != '['))
        return not_json;
    if (scan_brackets(&scan) && skip_white(scan.at, scan.end) == scan.end) {
        scan.found.json = true;
        return scan.found;
    }
    broken.subscription = scan.found.subscription;
    broken.subscription_length = scan.found.subscription_length;
    return broken;
}

/* -- the cut -------------------------------------------------------------------------------------
 */

/* From inside an array to the comma or bracket that ends the element. */
static const char *skip_element(const char *at, const char *end)
{
    size_t depth = 0;
    bool escapes;

    for (;;) {
        at = skip_plain(at, end);
        if (at == end || (depth == 0 && (*at == ',' || *at == ']')))
            return at;
        if (*at == '{' || *at == '[')
            depth++;
        else if (*at == '}' || *at == ']')
            depth -= depth > 0;
        if (*at++ != '"')
            continue;
        at = skip_string(at, end, &escapes);
        if (!at)
            return end;
    }
}

static void trim(const char *begin, const char *end, const char **part, size_t *part_bytes)
{
    begin = skip_white(begin, end);
    while (end > begin && is_white(end[-1]))
        end--;
    *part = begin;
    *part_bytes = (size_t)(end - begin);
}

/* An array that the scan said to be JSON, and not an empty one. */
static bool is_cut(const char *body, size_t length_bytes)
{
    struct envelope envelope = envelope_scan(body, length_bytes);
    const char *end = body + length_bytes;

    return envelope.json && envelope.batch && *skip_white(skip_white(body, end) + 1, end) != ']';
}

bool envelope_next(const char *body, size_t length_bytes, size_t *offset, const char **part,
                   size_t *part_bytes)
{
    const size_t done = SIZE_MAX;
    const char *end = body + length_bytes, *begin, *stop;

    if (*offset == done)
        return false;
    if (*offset == 0 && !is_cut(body, length_bytes)) {
        trim(body, end, part, part_bytes);
        *offset = done;
        return true;
    }
    begin = *offset == 0 ? skip_white(body, end) + 1 : body + *offset;
    stop = skip_element(begin, end);
    trim(begin, stop, part, part_bytes);
    *offset = stop < end && *stop == ',' ? (size_t)(stop - body) + 1 : done;
    return true;
}
