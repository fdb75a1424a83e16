/* Reads a whole head in place (RFC 9112, 9110): the bytes after each part become its NUL. */
#include "ingest/http_parts.h"

#include <string.h>
#include <strings.h>

const char http_token_lower[256] = {
    ['!'] = '!', ['#'] = '#', ['$'] = '$', ['%'] = '%', ['&'] = '&', ['\''] = '\'', ['*'] = '*',
    ['+'] = '+', ['-'] = '-', ['.'] = '.', ['^'] = '^', ['_'] = '_', ['`'] = '`',   ['|'] = '|',
    ['~'] = '~', ['0'] = '0', ['1'] = '1', ['2'] = '2', ['3'] = '3', ['4'] = '4',   ['5'] = '5',
    ['6'] = '6', ['7'] = '7', ['8'] = '8', ['9'] = '9', ['A'] = 'a', ['B'] = 'b',   ['C'] = 'c',
    ['D'] = 'd', ['E'] = 'e', ['F'] = 'f', ['G'] = 'g', ['H'] = 'h', ['I'] = 'i',   ['J'] = 'j',
    ['K'] = 'k', ['L'] = 'l', ['M'] = 'm', ['N'] = 'n', ['O'] = 'o', ['P'] = 'p',   ['Q'] = 'q',
    ['R'] = 'r', ['S'] = 's', ['T'] = 't', ['U'] = 'u', ['V'] = 'v', ['W'] = 'w',   ['X'] = 'x',
    ['Y'] = 'y', ['Z'] = 'z', ['a'] = 'a', ['b'] = 'b', ['c'] = 'c', ['d'] = 'd',   ['e'] = 'e',
    ['f'] = 'f', ['g'] = 'g', ['h'] = 'h', ['i'] = 'i', ['j'] = 'j', ['k'] = 'k',   ['l'] = 'l',
    ['m'] = 'm', ['n'] = 'n', ['o'] = 'o', ['p'] = 'p', ['q'] = 'q', ['r'] = 'r',   ['s'] = 's',
    ['t'] = 't', ['u'] = 'u', ['v'] = 'v', ['w'] = 'w', ['x'] = 'x', ['y'] = 'y',   ['z'] = 'z',
};

/* What the headers that frame a message say, while the head is read. */
struct framing {
    struct http_reader *reader;
    size_t hosts, lengths, codings;
    bool is_chunked; /* the last coding */
};

/* -- values --------------------------------------------------------------------------------------
 */

static bool is_blank(char c)
{
    return c == ' ' || c == '\t';
}

static bool is_control(unsigned char c)
{
    return (c < 0x20 && c != '\t') || c == 0x7F;
}

/* Eight bytes at a time: might one be below 0x20 or 0x7F? (A tab is, too.) */
static bool may_be_control(uint64_t bytes)
{
    const uint64_t ones = UINT64_C(0x0101010101010101), tops = ones << 7;
    uint64_t deleted = bytes ^ (ones * 0x7F);

    return (((bytes - ones * 0x20) & ~bytes) | ((deleted - ones) & ~deleted)) & tops;
}

bool http_value_valid(const char *bytes, size_t length_bytes)
{
    size_t at = 0;
    uint64_t eight;

    for (; at + sizeof(eight) <= length_bytes; at += sizeof(eight)) {
        memcpy(&eight, bytes + at, sizeof(eight));
        if (!may_be_control(eight))
            continue;
        for (size_t i = 0; i < sizeof(eight); i++)
            if (is_control((unsigned char)bytes[at + i]))
                return false;
    }
    for (; at < length_bytes; at++)
        if (is_control((unsigned char)bytes[at]))
            return false;
    return true;
}

/* -- headers that mean something -----------------------------------------------------------------
 */

static bool read_host(struct framing *framing, const struct http_header *header)
{
    if (++framing->hosts > 1)
        return http_refuse(framing->reader, 400, "two Host headers");
    return header->value_length > 0 || http_refuse(framing->reader, 400, "empty Host");
}

/* No blank is behind the value. Its end is a NUL now, in the place of its CR unless there was one.
 * Other readers do not agree about blanks, tabs above all, where the framing is decided. */
static bool ends_bare(const struct http_header *header)
{
    return header->value[header->value_length + 1] == '\n';
}

static bool read_length(struct framing *framing, const struct http_header *header)
{
    enum { DIGITS_MOST = 18 }; /* fits, whatever they are */
    uint64_t length = 0;

    if (++framing->lengths > 1)
        return http_refuse(framing->reader, 400, "two Content-Length headers");
    if (header->value_length == 0 || header->value_length > DIGITS_MOST)
        return http_refuse(framing->reader, 400, "bad Content-Length");
    for (size_t i = 0; i < header->value_length; i++) {
        unsigned digit = (unsigned)header->value[i] - '0';
        if (digit > 9)
            return http_refuse(framing->reader, 400, "bad Content-Length");
        length = length * 10 + digit;
    }
    if (!ends_bare(header))
        return http_refuse(framing->reader, 400, "bad Content-Length");
    framing->reader->content_length = length;
    return true;
}

static bool read_coding(struct framing *framing, const struct http_header *header)
{
    framing->codings++;
    framing->is_chunked = strcasecmp(header->value, "chunked") == 0 && ends_bare(header);
    return true;
}

/* True when the comma-separated list has that word. */
static bool list_has(const char *list, const char *word)
{
    size_t length = strlen(word);

    for (const char *at = list; *at; at += strcspn(at, ",")) {
        at += strspn(at, ", \t");
        if (strncasecmp(at, word, length) == 0 && strchr(", \t", at[length]))
            return true; /* strchr finds the NUL, too */
    }
    return false;
}

static bool read_connection(struct framing *framing, const struct http_header *header)
{
    if (list_has(header->value, "close"))
        framing->reader->keep_alive = false;
    return true;
}

static bool read_expect(struct framing *framing, const struct http_header *header)
{
    framing->reader->expects_continue = strcasecmp(header->value, "100-continue") == 0;
    return true;
}

static const struct {
    const char *name;
    size_t length;
    bool (*read)(struct framing *framing, const struct http_header *header);
} meanings[] = {
    {"host", 4, read_host},
    {"content-length", 14, read_length},
    {"transfer-encoding", 17, read_coding},
    {"connection", 10, read_connection},
    {"expect", 6, read_expect},
};

static bool read_meaning(struct framing *framing, const struct http_header *header)
{
    for (size_t i = 0; i < sizeof(meanings) / sizeof(meanings[0]); i++)
        if (meanings[i].length == header->name_length &&
            memcmp(meanings[i].name, header->name, header->name_length) == 0)
            return meanings[i].read(framing, header);
    return true;
}

static bool settle_framing(const struct framing *framing)
{
    struct http_reader *reader = framing->reader;

    if (framing->hosts == 0)
        return http_refuse(reader, 400, "no Host");
    if (framing->codings > 0 && framing->lengths > 0)
        return http_refuse(reader, 400, "Content-Length beside Transfer-Encoding");
    if (framing->codings > 1 || (framing->codings == 1 && !framing->is_chunked))
        return http_refuse(reader, 501, "Transfer-Encoding is not chunked");
    reader->chunked = framing->codings == 1;
    if (!reader->chunked && reader->content_length == 0)
        reader->expects_continue = false;
    return true;
}

/* -- lines ---------------------------------------------------------------------------------------
 */

/* Lower-cases what is a token; returns its end. The NUL behind the head is none. */
static char *read_name(char *at)
{
    char lower;

    while ((lower = http_token_lower[(unsigned char)*at]) != '\0')
        *at++ = lower;
    return at;
}

static const char *bad_name(const char *line, const char *name_end)
{
    if (is_blank(*line))
        return "folded line";
    if (name_end > line && is_blank(*name_end))
        return "space before a colon";
    return "bad header name";
}

/* Reads the line that begins at *line and moves on to the next. */
static bool read_header(struct http_reader *reader, char **line, struct http_header *header)
{
    char *name_end = read_name(*line);
    char *value = name_end + 1, *end, *value_end;

    if (name_end == *line || *name_end != ':')
        return http_refuse(reader, 400, bad_name(*line, name_end));
    while (is_blank(*value))
        value++;
    end = value_end = strchr(value, '\r'); /* there is one, or a NUL, which is refused */
    if (!end || end[1] != '\n' || !http_value_valid(value, (size_t)(end - value)))
        return http_refuse(reader, 400, "control character in a value");
    while (value_end > value && is_blank(value_end[-1]))
        value_end--;
    *name_end = *value_end = '\0';
    *header = (struct http_header){.name = *line,
                                   .value = value,
                                   .name_length = (size_t)(name_end - *line),
                                   .value_length = (size_t)(value_end - value)};
    *line = end + 2;
    return true;
}

static bool read_headers(struct http_reader *reader, char *line)
{
    size_t most = reader->limits->headers;
    struct framing framing = {.reader = reader};

    most = most < HTTP_HEADERS_MOST ? most : HTTP_HEADERS_MOST;
    while (line[0] != '\r' || line[1] != '\n') {
        struct http_header *header = &reader->headers[reader->header_count];
        if (reader->header_count == most)
            return http_refuse(reader, 431, "too many headers");
        if (!read_header(reader, &line, header) || !read_meaning(&framing, header))
            return false;
        reader->header_count++;
    }
    return settle_framing(&framing);
}

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

/* Reads what must be "HTTP/1.1" CRLF; sets *next to what follows. */
static bool read_version(struct http_reader *reader, char *at, char **next)
{
    static const char wanted[] = "HTTP/1.1\r\n";

    *next = at + sizeof(wanted) - 1;
    if (strncmp(at, wanted, sizeof(wanted) - 1) == 0)
        return true;
    if (strncmp(at, "HTTP/", 5) == 0 && is_digit(at[5]) && at[6] == '.' && is_digit(at[7]) &&
        at[8] == '\r' && at[9] == '\n')
        return http_refuse(reader, 505, "HTTP version");
    return http_refuse(reader, 400, "bad request line");
}

/* Origin-form only: a slash, then anything visible but '#'. */
static bool read_target(struct http_reader *reader, char *target, char **end)
{
    char *at = target;

    if (*target != '/')
        return http_refuse(reader, 400, "target is no path");
    while (*at > ' ' && *at < 0x7F && *at != '#')
        at++;
    if (*at != ' ')
        return http_refuse(reader, 400, "bad byte in the target");
    *at = '\0';
    *end = at;
    reader->path = target;
    reader->query = at;
    at = memchr(target, '?', (size_t)(at - target));
    if (at) {
        *at = '\0';
        reader->query = at + 1;
    }
    return true;
}

static bool read_request_line(struct http_reader *reader, char **headers)
{
    char *at = reader->head.data;

    while (http_token_lower[(unsigned char)*at])
        at++;
    if (*at != ' ')
        return http_refuse(reader, 400, "bad request line");
    *at++ = '\0';
    reader->method = reader->head.data;
    if (!read_target(reader, at, &at) || !read_version(reader, at + 1, headers))
        return false;
    /* Other protocols begin so: a tunnel, and HTTP/2. What follows is no body. */
    if (strcmp(reader->method, "CONNECT") == 0 || strcmp(reader->method, "PRI") == 0)
        return http_refuse(reader, 400, "another protocol");
    return true;
}

bool http_head_read(struct http_reader *reader)
{
    char *headers = NULL;

    reader->keep_alive = true;
    return read_request_line(reader, &headers) && read_headers(reader, headers);
}
