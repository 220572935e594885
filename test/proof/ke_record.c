/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * NTS-KE: the record reader and the framing of messages.
 *
 * Proved: no octet outside of what was received is read; a record that is given out is inside;
 * each record moves by at least four octets; a message is complete only if it ends with the one
 * right End of Message; a record that is written is read back as it was.
 * Assumed: reading one record is from an arbitrary position of up to 16384 octets, the longest
 * message. The check of a message starts from any state that an earlier check can have left, in
 * up to 24 octets, and follows up to two more records; cutting a message in two gives the same
 * judgement for all messages of up to 8 octets and all places of the cut.
 * Stubs: none.
 *
 * sources: nts/ke_record.c base/wire.c
 * options: --unwind 9 --unwindset ke_message_check.0:4
 */
#include "nts/ke_record.h"
#include "nts/context.h"
#include "test/proof/proof.h"

#define MAX_RECEIVED 24
#define MAX_MESSAGE  8 /* two records without a body */
#define MAX_BODY     8

void prove_next(void)
{
    size_t length = size_within(0, NTS_KE_MAX_MESSAGE), before = size_within(0, length);
    struct reader r = reader_make(any_octets(length), length);
    struct ke_record record;

    r.pos = before;
    r.failed = nondet_bool();
    if (!ke_record_next(&r, &record)) {
        proof_assert(r.pos <= r.size);
        proof_reached("end");
        return;
    }
    proof_reached("record");
    proof_assert(!r.failed && r.pos <= r.size && r.pos == before + 4 + record.length);
    proof_assert(record.type != KE_RECORD_END && record.type < 0x8000);
    proof_assert(record.body == r.data + before + 4);
    proof_assert_readable(record.body, record.length);
}

/* Any progress within this length. */
static struct ke_scan any_scan(size_t length)
{
    struct ke_scan scan = {.pos = size_within(0, length),
                           .ended = nondet_bool(),
                           .last_end = nondet_bool(),
                           .invalid = nondet_bool()};

    proof_assume(!scan.last_end || scan.ended);
    return scan;
}

void prove_check(void)
{
    size_t length = size_within(0, MAX_RECEIVED);
    uint8_t *data = any_octets(length);
    struct ke_scan before = any_scan(length), scan = before;

    proof_assume(length - before.pos <= MAX_MESSAGE);
    enum ke_message_status status = ke_message_check(&scan, data, length);
    proof_assert(scan.pos >= before.pos && scan.pos <= length);
    proof_assert(status == KE_MESSAGE_INVALID || !scan.invalid);
    proof_assert(!before.invalid || status == KE_MESSAGE_INVALID);
    if (status != KE_MESSAGE_COMPLETE)
        return;
    proof_assert(scan.pos == length && scan.ended);
    if (before.pos == length)
        return;
    proof_reached("complete");
    proof_assert(!before.ended && length >= 4);
    proof_assert(data[length - 4] == 0x80 && data[length - 3] == 0);
    proof_assert(data[length - 2] == 0 && data[length - 1] == 0);
}

void prove_cut(void)
{
    size_t length = size_within(0, MAX_MESSAGE), cut = size_within(0, length);
    uint8_t *data = any_octets(length);
    struct ke_scan whole = {0}, parts = {0};

    enum ke_message_status status = ke_message_check(&whole, data, length);
    enum ke_message_status first = ke_message_check(&parts, data, cut);
    enum ke_message_status last = ke_message_check(&parts, data, length);
    proof_assert(last == status);
    proof_assert(first != KE_MESSAGE_INVALID || status == KE_MESSAGE_INVALID);
    if (first == KE_MESSAGE_INCOMPLETE && last == KE_MESSAGE_COMPLETE)
        proof_reached("completed by the second part");
}

void prove_add(void)
{
    size_t size = size_within(0, MAX_BODY + 8), length = nondet_size();
    struct writer w = writer_make(any_octets(size), size);
    uint8_t *body = any_octets(MAX_BODY);
    const bool critical = nondet_bool();
    const uint16_t type = nondet_u16() & 0x7fff;
    struct ke_record record;

    w.pos = size_within(0, size);
    w.failed = nondet_bool();
    struct reader r = reader_make(w.data, size);
    r.pos = w.pos;
    proof_assume(type != KE_RECORD_END && (length <= MAX_BODY || length > size));
    ke_record_add(&w, critical, type, body, length);
    proof_assert(w.pos <= size);
    if (w.failed) {
        proof_assert(w.pos == r.pos);
        proof_reached("no room");
        return;
    }
    proof_reached("added");
    proof_assert(ke_record_next(&r, &record));
    proof_assert(record.critical == critical && record.type == type && record.length == length);
    for (size_t i = 0; i < record.length; i++)
        proof_assert(record.body[i] == body[i]);
}
