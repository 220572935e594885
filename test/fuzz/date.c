/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Dates of settime in chronyc.
 */
#include <stdlib.h>
#include <string.h>
#include "base/text.h"
#include "chronyc/date.h"
#include "test/fuzz/support.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const struct instant now = {FUZZ_TIME, 0};
    char *text = mem_alloc(size + 1);
    struct instant result;

    memcpy(text, data, size);
    if (date_parse(text, now, &result))
        assert(result.nsec == 0);
    free(text);
    return 0;
}
