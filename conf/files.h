/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Files and directories that the daemon reads and writes, as one list: for those who look after
 * them, and need not know which directive names which.
 */
#ifndef CONF_FILES_H
#define CONF_FILES_H

#include <stdbool.h>
#include <stddef.h>
#include "base/report.h"
#include "conf/conf.h"

struct conf_file {
    enum report_file what;
    const char *path; /* of the configuration */
};

/* The file with this index, in the order of enum report_file; the configuration file itself is not
   among them. False: there are fewer. */
bool conf_file(const struct conf *conf, size_t index, struct conf_file *file);

#endif
