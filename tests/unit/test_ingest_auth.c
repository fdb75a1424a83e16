/* Whom is believed, and for which reason not. */
#include "test_ingest_auth_fixture.h"

#include <pthread.h>

#define BODY "{\"id\":1}"

/* -- genesys-signature --------------------------------------------------------------------- */

/* What is done to a request that was signed well. */
enum harm {
    UNHARMED,
    BODY_CHANGED,
    BODY_LONGER,
    BODY_EMPTY,
    TIME_CHANGED, /* by a second, and not signed again */
    BIT_FLIPPED,  /* in the signature */
    BYTE_LOST,    /* its last */
    ALL_ZERO,
    HEADER_CUT, /* anywhere: its last character */
    HEADER_TWICE,
    HEADER_NONE,
    PART_TWICE,
    SPACE_INSIDE,
};

static const struct signed_case {
    const char *what;
    int signer;
    const char *id, *algorithm;
    int64_t offset_s;
    enum harm harm;
    enum auth_reason reason;
} signed_cases[] = {
    {"Ed25519", KEY_ED, "ed", "ed25519", 0, UNHARMED, AUTH_OK},
    {"P-256", KEY_P256, "p256", "ecdsa-p256-sha256", 0, UNHARMED, AUTH_OK},
    {"RSA", KEY_RSA, "rsa", "rsa-sha256", 0, UNHARMED, AUTH_OK},
    {"another's key", KEY_OTHER, "p256", "ecdsa-p256-sha256", 0, UNHARMED, AUTH_SIGNATURE},
    {"another of ours", KEY_ED, "rsa", "rsa-sha256", 0, UNHARMED, AUTH_SIGNATURE},
    {"unknown key", KEY_P256, "p257", "ecdsa-p256-sha256", 0, UNHARMED, AUTH_KEY},
    {"longer id", KEY_P256, "p2566", "ecdsa-p256-sha256", 0, UNHARMED, AUTH_KEY},
    {"no algorithm", KEY_P256, "p256", "none", 0, UNHARMED, AUTH_SCHEME},
    {"another's name", KEY_P256, "p256", "ES256", 0, UNHARMED, AUTH_SCHEME},
    {"in capitals", KEY_ED, "ed", "Ed25519", 0, UNHARMED, AUTH_SCHEME},
    {"secret instead", KEY_P256, "p256", "hmac-sha256", 0, UNHARMED, AUTH_SCHEME},
    {"RSA of a P-256", KEY_P256, "p256", "rsa-sha256", 0, UNHARMED, AUTH_ALGORITHM},
    {"P-256 of an Ed25519", KEY_ED, "ed", "ecdsa-p256-sha256", 0, UNHARMED, AUTH_ALGORITHM},
    {"Ed25519 of an RSA", KEY_RSA, "rsa", "ed25519", 0, UNHARMED, AUTH_ALGORITHM},
    {"old enough", KEY_P256, "p256", "ecdsa-p256-sha256", -300, UNHARMED, AUTH_OK},
    {"too old", KEY_P256, "p256", "ecdsa-p256-sha256", -301, UNHARMED, AUTH_EXPIRED},
    {"a day old", KEY_ED, "ed", "ed25519", -86400, UNHARMED, AUTH_EXPIRED},
    {"a bit ahead", KEY_P256, "p256", "ecdsa-p256-sha256", 300, UNHARMED, AUTH_OK},
    {"too far ahead", KEY_P256, "p256", "ecdsa-p256-sha256", 301, UNHARMED, AUTH_FUTURE},
    {"a day ahead", KEY_RSA, "rsa", "rsa-sha256", 86400, UNHARMED, AUTH_FUTURE},
    {"the beginning of time", KEY_ED, "ed", "ed25519", -NOW_S, UNHARMED, AUTH_EXPIRED},
    {"the end of time", KEY_ED, "ed", "ed25519", INT64_MAX - NOW_S, UNHARMED, AUTH_FUTURE},
    {"body changed", KEY_P256, "p256", "ecdsa-p256-sha256", 0, BODY_CHANGED, AUTH_SIGNATURE},
    {"body changed", KEY_ED, "ed", "ed25519", 0, BODY_CHANGED, AUTH_SIGNATURE},
    {"body changed", KEY_RSA, "rsa", "rsa-sha256", 0, BODY_CHANGED, AUTH_SIGNATURE},
    {"body longer", KEY_P256, "p256", "ecdsa-p256-sha256", 0, BODY_LONGER, AUTH_SIGNATURE},
    {"body gone", KEY_ED, "ed", "ed25519", 0, BODY_EMPTY, AUTH_SIGNATURE},
    {"time changed", KEY_P256, "p256", "ecdsa-p256-sha256", 0, TIME_CHANGED, AUTH_SIGNATURE},
    {"time changed", KEY_ED, "ed", "ed25519", 0, TIME_CHANGED, AUTH_SIGNATURE},
    {"bit flipped", KEY_P256, "p256", "ecdsa-p256-sha256", 0, BIT_FLIPPED, AUTH_SIGNATURE},
    {"bit flipped", KEY_ED, "ed", "ed25519", 0, BIT_FLIPPED, AUTH_SIGNATURE},
    {"bit flipped", KEY_RSA, "rsa", "rsa-sha256", 0, BIT_FLIPPED, AUTH_SIGNATURE},
    {"byte lost", KEY_P256, "p256", "ecdsa-p256-sha256", 0, BYTE_LOST, AUTH_SIGNATURE},
    {"byte lost", KEY_ED, "ed", "ed25519", 0, BYTE_LOST, AUTH_SIGNATURE},
    {"byte lost", KEY_RSA, "rsa", "rsa-sha256", 0, BYTE_LOST, AUTH_SIGNATURE},
    {"all zero", KEY_P256, "p256", "ecdsa-p256-sha256", 0, ALL_ZERO, AUTH_SIGNATURE},
    {"all zero", KEY_ED, "ed", "ed25519", 0, ALL_ZERO, AUTH_SIGNATURE},
    {"all zero", KEY_RSA, "rsa", "rsa-sha256", 0, ALL_ZERO, AUTH_SIGNATURE},
    {"header cut", KEY_ED, "ed", "ed25519", 0, HEADER_CUT, AUTH_MALFORMED},
    {"header twice", KEY_ED, "ed", "ed25519", 0, HEADER_TWICE, AUTH_MALFORMED},
    {"header gone", KEY_ED, "ed", "ed25519", 0, HEADER_NONE, AUTH_MISSING},
    {"part twice", KEY_ED, "ed", "ed25519", 0, PART_TWICE, AUTH_MALFORMED},
    {"space inside", KEY_ED, "ed", "ed25519", 0, SPACE_INSIDE, AUTH_MALFORMED},
};

static void put_header(char *header, enum harm harm)
{
    if (harm == HEADER_CUT)
        header[strlen(header) - 1] = '\0';
    if (harm == PART_TWICE)
        strcpy_s_safe(header);
    if (harm == SPACE_INSIDE)
        *strchr(header, ',') = ' ';
    if (harm != HEADER_NONE)
        add_header("x-genesys-signature", header);
    if (harm == HEADER_TWICE)
        add_header("x-genesys-signature", header);
}
