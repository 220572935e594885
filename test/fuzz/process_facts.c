/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the kernel writes about a process (/proc/PID/status): whatever stands there, also without a
 * terminator, values are in their range.
 */
#include <stdlib.h>
#include <string.h>
#include "base/text.h"
#include "process/process_facts.h"
#include "test/fuzz/support.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct process_facts facts;
    char *text = mem_alloc(size + 1);

    memcpy(text, data, size);
    memset(text + size, '9', 1);
    char *exact = realloc(text, size > 0 ? size : 1);
    assert(exact);
    if (process_facts_parse(exact, size, &facts)) {
        assert(facts.seccomp >= 0 && facts.seccomp <= 2);
        assert(facts.memory == PROCESS_NO_SIZE || facts.memory % 1024 == 0);
        assert(size > strlen("CapInh:0\nCapPrm:0\nCapEff:0\nCapBnd:0\nCapAmb:0\n"));
    }
    free(exact);
    return 0;
}
