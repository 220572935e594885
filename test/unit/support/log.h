/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What a test has logged: the log goes to a file of its own between the two calls.
 */
#ifndef TEST_UNIT_SUPPORT_LOG_H
#define TEST_UNIT_SUPPORT_LOG_H

#include <stdbool.h>

void capture_log(void);
void end_log_capture(void);
/* How often the text is in the log. */
int logged(const char *text);
/* Whether the first text is there, and before the second one. */
bool logged_before(const char *first, const char *second);

#endif
