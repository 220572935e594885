/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * See file_trouble.h. Called by everybody who writes files on the daemon's run path; knows
 * nothing of the contents.
 */
#include "base/file_trouble.h"

#include <stddef.h>

enum log_severity file_trouble_begin(struct file_trouble *trouble)
{
    bool news = !trouble || !trouble->failed;

    if (trouble)
        trouble->failed = true;
    return news ? LOG_SEV_ERROR : LOG_SEV_DEBUG;
}

void file_trouble_end(struct file_trouble *trouble, const char *path)
{
    if (!trouble || !trouble->failed || trouble->in_round)
        return;
    trouble->failed = false;
    LOG_INFO("Writing of %s works again", path);
}
