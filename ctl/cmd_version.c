#include "ctl/command.h"

#include <curl/curl.h>
#include <openssl/crypto.h>
#include <yaml.h>

static void run(const struct options *options, const struct option_words *words,
                struct report *report)
{
    (void)options;
    (void)words;
    report->facts = json_pack("{s:s, s:s, s:s, s:s, s:s}", "eventctl", EVENTCTL_VERSION, "libcurl",
                              curl_version_info(CURLVERSION_NOW)->version, "openssl",
                              OpenSSL_version(OPENSSL_VERSION_STRING), "libyaml",
                              yaml_get_version_string(), "jansson", jansson_version_str());
    if (!report->facts)
        error_no_memory(&report->error);
}

const struct command command_version = {
    .name = "version",
    .words = "",
    .summary = "the version of eventctl and of its libraries",
    .run = run,
};
