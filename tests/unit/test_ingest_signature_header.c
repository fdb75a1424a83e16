/* The signature header's form: what is read, and what is not. */
#include "ingest/auth.h"
#include "unit.h"

#include <stdio.h>

#define LONG_ID                                                                                    \
    "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"                             \
    "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"

static bool read_text(const char *text, enum config_encoding encoding, struct signature_header *out)
{
    size_t length = strlen(text);
    char *exact = malloc(length + 1); /* so that a sanitizer sees a step past the end */
    bool good;

    assert_non_null(exact);
    memcpy(exact, text, length);
    good = signature_header_read(exact, length, encoding, out);
    free(exact);
    return good;
}

static void test_whole(void **state)
{
    static const char *const texts[] = {
        "keyId=k-1,alg=ed25519,t=1700000000,sig=AQID",
        "sig=AQID,t=1700000000,alg=ed25519,keyId=k-1",
        "t=1700000000,keyId=k-1,sig=AQID,alg=ed25519",
    };
    struct signature_header header;

    (void)state;
    for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
        memset(&header, 0xFF, sizeof(header));
        assert_true(read_text(texts[i], ENCODING_BASE64, &header));
        assert_string_equal(header.key_id, "k-1");
        assert_string_equal(header.algorithm, "ed25519");
        assert_string_equal(header.time, "1700000000");
        assert_int_equal(header.time_s, 1700000000);
        assert_int_equal(header.signature_bytes, 3);
        assert_memory_equal(header.signature, "\1\2\3", 3);
    }
}

static const struct {
    const char *text;
    bool good;
} forms[] = {
    {"", false},
    {",", false},
    {",,,", false},
    {"keyId", false},
    {"keyId=k,alg=a,t=1", false},
    {"keyId=k,alg=a,t=1,", false},
    {"keyId=k,alg=a,t=1,sig=", false},
    {"keyId=k,alg=a,t=1,sig=AQID,", false},
    {",keyId=k,alg=a,t=1,sig=AQID", false},
    {"keyId=k,,alg=a,t=1,sig=AQID", false},
    {"keyId=k,alg=a,t=1,sig=AQID,sig=AQID", false},
    {"keyId=k,keyId=k,t=1,sig=AQID", false},
    {"keyId=k,alg=a,t=1,t=1", false},
    {"keyId=k,alg=a,t=1,sig=AQID,x=1", false},
    {"keyId=k,alg=a,t=1,x=1", false},
    {"keyId=k,alg=a,t=1,sig=AQID ", false},
    {" keyId=k,alg=a,t=1,sig=AQID", false},
    {"keyId=k, alg=a,t=1,sig=AQID", false},
    {"keyId =k,alg=a,t=1,sig=AQID", false},
    {"keyId= k,alg=a,t=1,sig=AQID", false},
    {"keyid=k,alg=a,t=1,sig=AQID", false},
    {"keyId=k;alg=a;t=1;sig=AQID", false},
    {"keyId=\"k\",alg=a,t=1,sig=AQID", true}, /* marks are part of the id */
    {"keyId=a=b,alg=a,t=1,sig=AQID", true},
    {"keyId=\xC3\xA4,alg=a,t=1,sig=AQID", false},
    {"keyId=,alg=a,t=1,sig=AQID", false},
    {"keyId=" LONG_ID ",alg=a,t=1,sig=AQID", true},
    {"keyId=" LONG_ID "x,alg=a,t=1,sig=AQID", false},
    {"keyId=k,alg=,t=1,sig=AQID", false},
    {"keyId=k,alg=0123456789abcdef0123456789ABCDEF,t=1,sig=AQID", true},
    {"keyId=k,alg=0123456789abcdef0123456789ABCDEF0,t=1,sig=AQID", false},
    {"keyId=k,alg=a/b,t=1,sig=AQID", false},
    {"keyId=k,alg=a,t=0,sig=AQID", true},
    {"keyId=k,alg=a,t=,sig=AQID", false},
    {"keyId=k,alg=a,t=01,sig=AQID", false},
    {"keyId=k,alg=a,t=-1,sig=AQID", false},
    {"keyId=k,alg=a,t=+1,sig=AQID", false},
    {"keyId=k,alg=a,t=1.5,sig=AQID", false},
    {"keyId=k,alg=a,t=0x1,sig=AQID", false},
    {"keyId=k,alg=a,t=1 ,sig=AQID", false},
    {"keyId=k,alg=a,t=9223372036854775807,sig=AQID", true},
    {"keyId=k,alg=a,t=9223372036854775808,sig=AQID", false},
    {"keyId=k,alg=a,t=18446744073709551617,sig=AQID", false},
    {"keyId=k,alg=a,t=100000000000000000000,sig=AQID", false},
    {"keyId=k,alg=a,t=1,sig=AQ==", true},
    {"keyId=k,alg=a,t=1,sig=AQI=", true},
    {"keyId=k,alg=a,t=1,sig=AQ", false},
    {"keyId=k,alg=a,t=1,sig=AQ=", false},
    {"keyId=k,alg=a,t=1,sig=AR==", false}, /* the last bits are not zero */
    {"keyId=k,alg=a,t=1,sig=AQJ=", false},
    {"keyId=k,alg=a,t=1,sig=A===", false},
    {"keyId=k,alg=a,t=1,sig====", false},
    {"keyId=k,alg=a,t=1,sig=A=ID", false},
    {"keyId=k,alg=a,t=1,sig=AQ==AQID", false},
    {"keyId=k,alg=a,t=1,sig=AQID\n", false},
    {"keyId=k,alg=a,t=1,sig=AQ ID", false},
    {"keyId=k,alg=a,t=1,sig=A-_D", false}, /* base64url */
    {"keyId=k,alg=a,t=1,sig=A+/D", true},
};

static void test_forms(void **state)
{
    struct signature_header header;

    (void)state;
    for (size_t i = 0; i < sizeof(forms) / sizeof(forms[0]); i++)
        if (read_text(forms[i].text, ENCODING_BASE64, &header) != forms[i].good)
            fail_msg("%s", forms[i].text);
}

static void test_nul_inside(void **state)
{
    static const char text[] = "keyId=k\0,alg=a,t=1,sig=AQID";
    struct signature_header header;

    (void)state;
    assert_false(signature_header_read(text, sizeof(text) - 1, ENCODING_BASE64, &header));
}

/* Cut anywhere, it is not the header that it was. */
static void test_cut(void **state)
{
    static const char text[] = "keyId=k,alg=a,t=17,sig=AQI=";
    struct signature_header header;

    (void)state;
    for (size_t length = 0; length < sizeof(text) - 1; length++)
        assert_false(signature_header_read(text, length, ENCODING_BASE64, &header));
}

static void test_hex(void **state)
{
    static const struct {
        const char *text;
        bool good;
    } cases[] = {
        {"00", true},    {"0aff", true}, {"0", false},    {"", false},
        {"0AFF", false}, {"0g", false},  {"0a f", false}, {"0x0a", false},
    };
    uint8_t out[4];
    size_t bytes;

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
        assert_int_equal(signature_decode(cases[i].text, strlen(cases[i].text), ENCODING_HEX, out,
                                          sizeof(out), &bytes),
                         cases[i].good);
    assert_true(signature_decode("0aff", 4, ENCODING_HEX, out, sizeof(out), &bytes));
    assert_int_equal(bytes, 2);
    assert_memory_equal(out, "\x0a\xff", 2);
}

static void test_sizes(void **state)
{
    char text[2060];
    uint8_t out[SIGNATURE_BYTES_MOST];
    size_t bytes;

    (void)state;
    memset(text, 'A', sizeof(text));
    /* 1368 digits are 1026 bytes, of which padding takes two away */
    assert_false(signature_decode(text, 1368, ENCODING_BASE64, out, sizeof(out), &bytes));
    text[1367] = '=';
    assert_false(signature_decode(text, 1368, ENCODING_BASE64, out, sizeof(out), &bytes));
    text[1366] = '=';
    assert_true(signature_decode(text, 1368, ENCODING_BASE64, out, sizeof(out), &bytes));
    assert_int_equal(bytes, SIGNATURE_BYTES_MOST);
    assert_false(signature_decode(text, 1372, ENCODING_BASE64, out, sizeof(out), &bytes));
    assert_false(signature_decode("AQID", 4, ENCODING_BASE64, out, 2, &bytes));
    memset(text, '0', sizeof(text));
    assert_true(signature_decode(text, 2048, ENCODING_HEX, out, sizeof(out), &bytes));
    assert_false(signature_decode(text, 2050, ENCODING_HEX, out, sizeof(out), &bytes));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_whole),      cmocka_unit_test(test_forms),
        cmocka_unit_test(test_nul_inside), cmocka_unit_test(test_cut),
        cmocka_unit_test(test_hex),        cmocka_unit_test(test_sizes),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
