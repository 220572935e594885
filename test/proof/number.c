/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Integers of the history file, which have as many octets as they need.
 *
 * Proved: from every position of a page, a number that does not end is refused after ten octets,
 * nothing outside of the page is read, and each number moves by at least one octet; each number of
 * 64 bits that is written is read back.
 * Assumed: a page of up to 32 octets: only what is left of it from the position on matters, and a
 * number has at most ten.
 * Stubs: none.
 *
 * sources: history/number.c base/wire.c
 * options: --unwind 11
 */
#include "history/number.h"
#include "test/proof/proof.h"

#define MAX_PAGE   32
#define MAX_NUMBER 10

void prove_read(void)
{
    size_t size = size_within(0, MAX_PAGE), before = size_within(0, size);
    struct reader r = reader_make(any_octets(size), size);

    r.pos = before;
    if (nondet_bool())
        history_read_unsigned(&r);
    else
        history_read_signed(&r);
    proof_assert(r.pos <= size && r.pos - before <= MAX_NUMBER);
    if (r.failed) {
        proof_reached("refused");
        return;
    }
    proof_assert(r.pos > before);
    proof_reached("read");
}

void prove_there_and_back(void)
{
    uint8_t octets[MAX_NUMBER];
    struct writer w = writer_make(octets, sizeof(octets));
    const uint64_t value = nondet_u64();
    const int64_t number = nondet_i64();

    if (nondet_bool()) {
        history_write_unsigned(&w, value);
        proof_assert(!w.failed);
        struct reader r = reader_make(octets, w.pos);
        proof_assert(history_read_unsigned(&r) == value && !r.failed && r.pos == w.pos);
        proof_reached("unsigned");
    } else {
        history_write_signed(&w, number);
        proof_assert(!w.failed);
        struct reader r = reader_make(octets, w.pos);
        proof_assert(history_read_signed(&r) == number && !r.failed && r.pos == w.pos);
        proof_reached("signed");
    }
}
