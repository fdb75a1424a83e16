/* What a program takes of memory that only loads the dashboard's libraries and makes libcurl ready:
 * the floor under eventctl's own figure. Waits until its input ends. */
#include <curl/curl.h>
#include <unistd.h>

int main(void)
{
    char byte;

    if (curl_global_init(CURL_GLOBAL_DEFAULT) != CURLE_OK || !curl_multi_init() ||
        !curl_easy_init())
        return 1;
    return read(STDIN_FILENO, &byte, 1) < 0;
}
