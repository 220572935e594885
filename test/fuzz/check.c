/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * chronyd --check: configurations with everything wrong, on a machine where every file has the same
 * octets. Lines that would read files of this machine are left out.
 */
#include <stdlib.h>
#include <string.h>
#include "base/log.h"
#include "base/text.h"
#include "chronyd/check/check.h"
#include "test/fuzz/support.h"

#define MAX_LINES 64

static bool find_user(const char *name, uid_t *uid, gid_t *gid)
{
    *uid = *gid = (uid_t)strlen(name);
    return name[0] != 'x';
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
    struct check_interface interfaces[] = {{"eth0", TIMESTAMPS_HARDWARE}, {"lo", TIMESTAMPS_NONE}};
    char *text = mem_alloc(size + 1), *rest = text, *line, *lines[MAX_LINES];
    struct options options = {.control_clock = true, .need_root = true, .directives = lines};
    struct fuzz_world fuzz;

    fuzz_world_init(&fuzz, data, size);
    log_set_threshold(LOG_SEV_WARN);
    const struct surroundings around = {
        .world = &fuzz.world,
        .now = FUZZ_TIME,
        .has_nts = true,
        .has_refclocks = true,
        .has_cmdmon = true,
        .self = {"root", 0, 0},
        .interfaces = interfaces,
        .interface_count = 2,
        .knows_interfaces = true,
        .find_user = find_user,
    };
    memcpy(text, data, size);
    while ((line = strsep(&rest, "\n")) && options.directive_count < MAX_LINES) {
        if (!reads_files(line))
            lines[options.directive_count++] = line;
    }
    options.conf_file = "/dev/null";
    struct check *c = check_new(&options, &around);
    for (size_t i = 0; i < c->findings.count; i++) {
        assert(c->findings.items[i].text[0] != 0);
        assert(c->findings.items[i].fix && c->findings.items[i].fix[0] != 0);
    }
    check_free(c);
    free(text);
    return 0;
}
