/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Text of the mail about a large adjustment (discipline.md 15.6). Called by the reference. The mail
 * program is started through the world; this file only writes to its stream.
 */
#include "clock/change_mail.h"
#include <stdio.h>
#include <time.h>
#include "base/log.h"
#include "config.h"

void change_mail_send(const struct world *world, const char *user, struct local_time when,
                      double correction, double threshold)
{
    char host[256], text[128];
    time_t seconds = (time_t)when.i.sec;
    struct tm local;

    FILE *mail = world->ops->mail_open(world->ctx, MAIL_PROGRAM);
    if (!mail) {
        LOG_ERROR("Could not send mail notification to user %s\n", user);
        return;
    }
    if (!world->ops->host_name(world->ctx, host, sizeof(host)))
        snprintf(host, sizeof(host), "<UNKNOWN>");

    fprintf(mail, "To: %s\n", user);
    fprintf(mail, "Subject: chronyd reports change to system clock on node [%s]\n\n", host);
    if (localtime_r(&seconds, &local)) {
        if (strftime(text, sizeof(text),
                     "On %A, %d %B %Y\n  with the system clock reading "
                     "%H:%M:%S (%Z)",
                     &local) > 0)
            fprintf(mail, "%s\n\n", text);
    }
    fprintf(mail,
            "chronyd started to apply an adjustment of %.3f seconds to it,\n"
            "  which exceeded the reporting threshold of %.3f seconds\n\n",
            correction, threshold);
    world->ops->mail_close(world->ctx, mail);
}
