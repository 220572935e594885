/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Messages of NTS key establishment as they come in: the same judgement however they are cut.
 */
#include "nts/ke_record.h"
#include "test/fuzz/support.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct ke_scan whole = {0}, parts = {0};
    enum ke_message_status status = ke_message_check(&whole, data, size), last = status;
    struct ke_record record;
    size_t step = size > 0 ? 1 + data[size - 1] % 7 : 1;

    for (size_t length = 0; length < size; length += step) {
        last = ke_message_check(&parts, data, length);
        if (last == KE_MESSAGE_INVALID)
            break;
    }
    if (last != KE_MESSAGE_INVALID)
        last = ke_message_check(&parts, data, size);
    assert(last == status || status == KE_MESSAGE_INVALID || last == KE_MESSAGE_INVALID);
    if (status == KE_MESSAGE_COMPLETE)
        assert(last == KE_MESSAGE_COMPLETE || last == KE_MESSAGE_INVALID);

    struct reader r = reader_make(data, size);
    while (ke_record_next(&r, &record))
        assert(record.body + record.length <= data + size);
    return 0;
}
