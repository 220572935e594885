/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A process proves its own sandbox when it has entered it: what its promise denies fails, and each
 * call of its daily work gets through. What is wrong is found at the start, and not weeks later.
 * Nothing that is tried has an effect: the arguments are such that the kernel refuses them.
 */
#ifndef PROCESS_SELF_TEST_H
#define PROCESS_SELF_TEST_H

#include <stdbool.h>
#include <stddef.h>
#include "process/promise.h"

/* After Landlock, before the filter: a file, a port, a connection, a signal, and a program (with a
   child, if `forks`), as far as the kernel restricts them. False: problem says what works. */
bool self_test_landlock(const struct landlock_wish *wish, const struct landlock_result *landlock,
                        bool forks, char *problem, size_t size);
/* Under the filter, whose handler is installed (violation.h). */
bool self_test_filter(int level, enum process_role role, unsigned int work, char *problem,
                      size_t size);

#endif
