#include "tests/fuzz/peers/peer.h"

#include <http_parser.h>

static int note_target(http_parser *parser, const char *bytes, size_t length)
{
    buf_add(&((struct peer_view *)parser->data)->target, bytes, length);
    return 0;
}

static int note_body(http_parser *parser, const char *bytes, size_t length)
{
    buf_add(&((struct peer_view *)parser->data)->body, bytes, length);
    return 0;
}

/* Pausing makes it say where the request ended. */
static int note_end(http_parser *parser)
{
    ((struct peer_view *)parser->data)->complete = true;
    http_parser_pause(parser, 1);
    return 0;
}

void peer_http_parser(const char *bytes, size_t length, struct peer_view *view)
{
    http_parser_settings settings;
    http_parser parser;

    http_parser_settings_init(&settings);
    settings.on_url = note_target;
    settings.on_body = note_body;
    settings.on_message_complete = note_end;
    http_parser_init(&parser, HTTP_REQUEST);
    parser.data = view;
    view->end = http_parser_execute(&parser, &settings, bytes, length);
    view->method = http_method_str((enum http_method)parser.method);
    view->why = http_errno_name(HTTP_PARSER_ERRNO(&parser));
    view->unknown_method = HTTP_PARSER_ERRNO(&parser) == HPE_INVALID_METHOD;
}
