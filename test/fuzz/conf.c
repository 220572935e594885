/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Configuration files, line by line as the daemon reads them. Lines that would read other files are
 * left out, because those would be the files of this machine.
 */
#include <stdlib.h>
#include <string.h>
#include "base/log.h"
#include "base/text.h"
#include "conf/conf.h"
#include "test/fuzz/support.h"

static int resolve(const char *name, struct ip_addr *addrs, int max, void *arg)
{
    addrs[0] = ip_addr_v4(192, 0, 2, 1);
    return 1;
}

static bool reads_files(const char *line)
{
    char *copy = text_dup(line);

    text_normalise(copy);
    text_split(copy);
    bool reads = text_equal_nocase(copy, "include") || text_equal_nocase(copy, "confdir");
    free(copy);
    return reads;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const struct conf_env env = {.resolve = resolve};
    char *text = mem_alloc(size + 1), *line = text, *end;
    struct conf *conf = conf_new(&env);
    struct conf_error error;
    bool good = true;
    int number = 1;

    log_set_threshold(LOG_SEV_FATAL);
    memcpy(text, data, size);
    for (; good && line; line = end, number++) {
        end = strchr(line, 0x0a);
        if (end)
            *end++ = 0;
        if (!reads_files(line))
            good = conf_read_line(conf, &env, line, number, &error);
    }
    if (good && !conf_check(conf, &error))
        good = false;
    assert(good || strlen(error.message) < sizeof(error.message));
    conf_free(conf);
    free(text);
    return 0;
}
