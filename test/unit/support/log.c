/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Log of a test.
 */
#include "test/unit/support/log.h"

#include "test/unit/support/unit.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include "base/log.h"

static char log_path[64];

void capture_log(void)
{
    strcpy(log_path, "/tmp/test_log_XXXXXX");
    int fd = mkstemp(log_path);
    assert_true(fd >= 0);
    close(fd);
    assert_true(log_open_file(log_path));
}

void end_log_capture(void)
{
    log_set_context_info(false);
    log_open_stderr();
    unlink(log_path);
}

static const char *read_log(void)
{
    static char log[65536];
    FILE *file = fopen(log_path, "r");

    assert_non_null(file);
    log[fread(log, 1, sizeof(log) - 1, file)] = '\0';
    fclose(file);
    return log;
}

int logged(const char *text)
{
    int n = 0;

    for (const char *p = read_log(); (p = strstr(p, text)); p++)
        n++;
    return n;
}

bool logged_before(const char *first, const char *second)
{
    const char *log = read_log(), *a = strstr(log, first), *b = strstr(log, second);

    return a && b && a < b;
}
