#include "tests/fuzz/peers/peer.h"

#include <string.h>

#include <llhttp.h>

static int note_target(llhttp_t *parser, const char *bytes, size_t length)
{
    buf_add(&((struct peer_view *)parser->data)->target, bytes, length);
    return 0;
}

static int note_body(llhttp_t *parser, const char *bytes, size_t length)
{
    buf_add(&((struct peer_view *)parser->data)->body, bytes, length);
    return 0;
}

/* Pausing makes it say where the request ended. */
static int note_end(llhttp_t *parser)
{
    ((struct peer_view *)parser->data)->complete = true;
    return HPE_PAUSED;
}

void peer_llhttp(const char *bytes, size_t length, struct peer_view *view)
{
    llhttp_settings_t settings;
    llhttp_errno_t code;
    llhttp_t parser;

    llhttp_settings_init(&settings);
    settings.on_url = note_target;
    settings.on_body = note_body;
    settings.on_message_complete = note_end;
    llhttp_init(&parser, HTTP_REQUEST, &settings);
    parser.data = view;
    code = llhttp_execute(&parser, bytes, length);
    view->end = code == HPE_OK ? length : (size_t)(llhttp_get_error_pos(&parser) - bytes);
    view->method = llhttp_method_name((llhttp_method_t)llhttp_get_method(&parser));
    view->why = llhttp_errno_name(code);
    /* A method of RTSP or ICE is known to it, but not for HTTP. */
    view->unknown_method = code == HPE_INVALID_METHOD ||
                           (code == HPE_INVALID_CONSTANT && llhttp_get_error_reason(&parser) &&
                            strstr(llhttp_get_error_reason(&parser), "Invalid method"));
}
