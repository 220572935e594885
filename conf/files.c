/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The list of files of a configuration, see files.h.
 */
#include "conf/files.h"

#include "base/number.h"

/* Counts down to the one that is looked for. */
struct search {
    size_t left;
    struct conf_file *file;
};

static bool take(struct search *search, enum report_file what, const char *path)
{
    if (!path || search->left-- > 0)
        return false;
    *search->file = (struct conf_file){what, path};
    return true;
}

static bool take_each(struct search *search, enum report_file what,
                      const struct conf_strings *paths)
{
    for (size_t i = 0; i < paths->count; i++)
        if (take(search, what, paths->items[i]))
            return true;
    return false;
}

bool conf_file(const struct conf *conf, size_t index, struct conf_file *file)
{
    const struct conf_file single[] = {
        {REPORT_FILE_PID, conf->process.pid_file},
        {REPORT_FILE_SOCKET, conf->command.path},
        {REPORT_FILE_DRIFT, conf->reference.drift_file.path},
        {REPORT_FILE_DUMP_DIR, conf->selection.dump_dir},
        {REPORT_FILE_NTS_DIR, conf->nts_client.dump_dir},
        {REPORT_FILE_LOG_DIR, conf->log.files != 0 ? conf->log.dir : NULL},
        {REPORT_FILE_RTC, conf->rtc.file},
        {REPORT_FILE_KEYS, conf->key_file},
    };
    struct search search = {index, file};

    for (size_t i = 0; i < COUNT(single); i++)
        if (take(&search, single[i].what, single[i].path))
            return true;
    return take_each(&search, REPORT_FILE_CERTIFICATE, &conf->nts_server.certs) ||
           take_each(&search, REPORT_FILE_PRIVATE_KEY, &conf->nts_server.keys) ||
           take(&search, REPORT_FILE_HWCLOCK, conf->rtc.hwclock_file) ||
           take(&search, REPORT_FILE_HISTORY, conf->history.file);
}
