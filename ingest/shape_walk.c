#include "ingest/shape_walk.h"

#include "core/digest.h"
#include "core/json.h"
#include "ingest/shape.h"

#include <stdlib.h>
#include <string.h>

enum {
    SEEN_SLOTS = 2 * SHAPE_FIELDS_MOST, /* a power of two */
    NAME_MOST_BYTES = 128,              /* a longer one stands as its digest */
    NAME_LONGEST_BYTES = 6 * NAME_MOST_BYTES + 3,
    PATH_MOST_BYTES = (SHAPE_DEPTH_MOST + 1) * (NAME_LONGEST_BYTES + 3),
    LINES_MOST_BYTES = 256 * 1024,
};

#define HASH_START UINT64_C(14695981039346656037)

struct walk {
    uint64_t seen[SEEN_SLOTS]; /* 0: free */
    size_t count;
    uint64_t sum;
    struct buf *path, *lines; /* NULL: only the fingerprint is wanted; lines end with NUL each */
    bool failed;
};

/* FNV-1a: can go on from where it stopped, as a path grows. */
static uint64_t hash_bytes(uint64_t hash, const char *bytes, size_t length_bytes)
{
    for (size_t i = 0; i < length_bytes; i++)
        hash = (hash ^ (unsigned char)bytes[i]) * UINT64_C(1099511628211);
    return hash;
}

/* Spreads every bit over all of them (murmur3's finaliser), so that sums tell sets apart. */
static uint64_t hash_mix(uint64_t hash)
{
    hash = (hash ^ hash >> 33) * UINT64_C(0xff51afd7ed558ccd);
    hash = (hash ^ hash >> 33) * UINT64_C(0xc4ceb9fe1a85ec53);
    hash ^= hash >> 33;
    return hash ? hash : 1;
}

/* True when it is new and there is room for it. */
static bool seen_add(struct walk *walk, uint64_t hash)
{
    size_t slot = hash % SEEN_SLOTS;

    while (walk->seen[slot] && walk->seen[slot] != hash)
        slot = (slot + 1) % SEEN_SLOTS;
    if (walk->seen[slot] || walk->count == SHAPE_FIELDS_MOST)
        return false;
    walk->seen[slot] = hash;
    walk->count++;
    return true;
}

/* Whole and real numbers are one type: whether a duration is 5 or 5.5 is no shape. */
static const char *type_word(const json_t *value)
{
    static const char *const words[] = {
        [JSON_OBJECT] = ":object",  [JSON_ARRAY] = ":array", [JSON_STRING] = ":string",
        [JSON_INTEGER] = ":number", [JSON_REAL] = ":number", [JSON_TRUE] = ":boolean",
        [JSON_FALSE] = ":boolean",  [JSON_NULL] = ":null",
    };

    return words[json_typeof(value)];
}

static uint64_t path_add(struct walk *walk, uint64_t hash, const char *bytes, size_t length_bytes)
{
    if (walk->path)
        buf_add(walk->path, bytes, length_bytes);
    return hash_bytes(hash, bytes, length_bytes);
}

/* A name that could be taken for a part of the path stands as a JSON string. */
static uint64_t name_add(struct walk *walk, uint64_t hash, const char *name)
{
    size_t length = strlen(name);
    char digest[DIGEST_HEX + 1];
    struct buf quoted;

    if (length > 0 && length <= NAME_MOST_BYTES &&
        strspn(name, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-") == length)
        return path_add(walk, hash, name, length);
    buf_init(&quoted, NAME_LONGEST_BYTES);
    if (length <= NAME_MOST_BYTES)
        json_add_string(&quoted, name, length);
    else if (digest_hex(name, length, DIGEST_HEX, digest))
        buf_printf(&quoted, "\"sha256:%s\"", digest);
    else
        quoted.failed = true;
    walk->failed |= quoted.failed;
    hash = path_add(walk, hash, buf_text(&quoted), quoted.length);
    buf_release(&quoted);
    return hash;
}

static void note(struct walk *walk, uint64_t hash, const json_t *value)
{
    const char *type = type_word(value);
    uint64_t mixed = hash_mix(hash_bytes(hash, type, strlen(type)));

    if (!seen_add(walk, mixed))
        return;
    walk->sum += mixed;
    if (!walk->lines)
        return;
    buf_add(walk->lines, buf_text(walk->path), walk->path->length);
    buf_add(walk->lines, type, strlen(type) + 1);
}

static void walk_value(struct walk *walk, const json_t *value, uint64_t hash, int depth);

static void walk_members(struct walk *walk, const json_t *object, uint64_t hash, int depth)
{
    size_t length = walk->path ? walk->path->length : 0;
    const char *name;
    json_t *member;

    json_object_foreach((json_t *)object, name, member)
    {
        uint64_t below = depth > 0 ? path_add(walk, hash, ".", 1) : hash;
        below = name_add(walk, below, name);
        walk_value(walk, member, below, depth + 1);
        if (walk->path)
            walk->path->length = length;
    }
}

/* All elements are one. */
static void walk_elements(struct walk *walk, const json_t *array, uint64_t hash, int depth)
{
    size_t length = walk->path ? walk->path->length : 0;

    hash = path_add(walk, hash, "[]", 2);
    for (size_t i = 0; i < json_array_size(array); i++)
        walk_value(walk, json_array_get(array, i), hash, depth + 1);
    if (walk->path)
        walk->path->length = length;
}

static void walk_value(struct walk *walk, const json_t *value, uint64_t hash, int depth)
{
    if (depth > 0)
        note(walk, hash, value);
    if (depth == SHAPE_DEPTH_MOST || walk->count == SHAPE_FIELDS_MOST)
        return;
    if (json_is_object(value))
        walk_members(walk, value, hash, depth);
    else if (json_is_array(value))
        walk_elements(walk, value, hash, depth);
}

/* What is no object at all is a field without a name, "$". */
static void walk_fields(struct walk *walk, const json_t *fields)
{
    uint64_t hash = HASH_START;

    if (fields && !json_is_object(fields)) {
        hash = path_add(walk, hash, "$", 1);
        walk_value(walk, fields, hash, 1);
    } else if (fields) {
        walk_value(walk, fields, hash, 0);
    }
}

bool shape_fingerprint(const json_t *fields, uint64_t *fingerprint)
{
    struct walk walk = {.count = 0};

    walk_fields(&walk, fields);
    *fingerprint = walk.sum;
    return !walk.failed;
}

uint64_t shape_text_fingerprint(const char *text)
{
    uint64_t sum = 0;

    while (*text) {
        size_t length = strcspn(text, "\n");
        sum += hash_mix(hash_bytes(HASH_START, text, length));
        text += length + (text[length] == '\n');
    }
    return sum;
}

static int compare_lines(const void *a, const void *b)
{
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

static void add_sorted(struct buf *text, const char *lines, size_t count)
{
    const char *sorted[SHAPE_FIELDS_MOST] = {NULL};

    for (size_t i = 0; i < count; i++, lines += strlen(lines) + 1)
        sorted[i] = lines;
    qsort(sorted, count, sizeof(sorted[0]), compare_lines);
    for (size_t i = 0; i < count; i++) {
        buf_add_text(text, sorted[i]);
        buf_add_char(text, '\n');
    }
}

bool shape_of(const json_t *fields, struct buf *text, char hash[SHAPE_HASH_DIGITS + 1])
{
    struct buf path, lines;
    struct walk walk = {.path = &path, .lines = &lines};
    size_t start = text->length;
    bool ok;

    buf_init(&path, PATH_MOST_BYTES);
    buf_init(&lines, LINES_MOST_BYTES);
    walk_fields(&walk, fields);
    ok = !walk.failed && !path.failed && !lines.failed;
    if (ok)
        add_sorted(text, lines.data, walk.count);
    ok = ok && !text->failed &&
         digest_hex(buf_text(text) + start, text->length - start, SHAPE_HASH_DIGITS, hash);
    buf_release(&path);
    buf_release(&lines);
    return ok;
}
