/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Files of sources (.sources).
 */
#include "conf/conf.h"
#include "test/fuzz/support.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const struct conf_env env = {0};
    struct conf *conf = conf_new(&env);
    struct conf_error error;
    struct fuzz_world fuzz;
    size_t count;

    fuzz_world_init(&fuzz, data, size);
    bool read = conf_read_line(conf, &env, "sourcedir /sources", 1, &error);
    assert(read);
    struct source_conf *list =
        conf_read_source_dirs(&conf->client.source_dirs, &fuzz.world, &count);
    for (size_t i = 0; i < count; i++) {
        assert(list[i].name);
        assert(source_conf_compare(&list[i], &list[i]) == 0);
    }
    source_conf_list_free(list, count);
    conf_free(conf);
    return 0;
}
