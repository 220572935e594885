/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The program that gives packets to the sockets of server workers, run here as the kernel runs it:
 * by the source address alone, and evenly.
 */
#include "test/unit/support/unit.h"

#include <string.h>
#include "base/wire.h"
#include "chronyd/os/selector.h"

#define HEADER  40
#define CLIENTS 4096

/* Runs a program over a network header. */
static uint32_t run(const struct sock_filter *program, size_t length, const uint8_t *header)
{
    uint32_t a = 0, x = 0;

    for (size_t i = 0; i < length; i++) {
        const uint32_t k = program[i].k;

        switch (program[i].code) {
        case BPF_LD | BPF_W | BPF_ABS: {
            const uint32_t offset = k - (uint32_t)SKF_NET_OFF;
            struct reader r = reader_make(header, HEADER);

            assert_true(offset <= HEADER - 4);
            reader_skip(&r, offset);
            a = reader_u32(&r);
            break;
        }
        case BPF_ALU | BPF_ADD | BPF_X:
            a += x;
            break;
        case BPF_ALU | BPF_MUL | BPF_K:
            a *= k;
            break;
        case BPF_ALU | BPF_RSH | BPF_K:
            a >>= k;
            break;
        case BPF_ALU | BPF_MOD | BPF_K:
            assert_int_not_equal(k, 0);
            a %= k;
            break;
        case BPF_MISC | BPF_TAX:
            x = a;
            break;
        case BPF_RET | BPF_A:
            assert_int_equal(i, length - 1);
            return a;
        default:
            fail();
        }
    }
    fail();
    return 0;
}

/* Clients of one network, whose addresses differ in the last octets by this step. */
static void check(enum ip_family family, int count, uint32_t step)
{
    struct sock_filter program[SELECTOR_MAX];
    const size_t length = selector_program(family, count, program);
    const size_t last = family == IP_V6 ? 8 + 16 : 12 + 4;
    unsigned int seen[64] = {0};

    assert_true(length <= SELECTOR_MAX);
    for (uint32_t i = 0; i < CLIENTS; i++) {
        uint8_t header[HEADER];
        const uint32_t host = i * step;

        memset(header, (int)i, sizeof(header)); /* all but the address changes, too */
        memset(header + (family == IP_V6 ? 8 : 12), 0x20, family == IP_V6 ? 16 : 4);
        header[last - 1] = (uint8_t)host;
        header[last - 2] = (uint8_t)(host >> 8);
        header[last - 3] = (uint8_t)(host >> 16);
        const uint32_t chosen = run(program, length, header);

        assert_true(chosen < (uint32_t)count);
        seen[chosen]++;
        memset(header, (int)~i, family == IP_V6 ? 8 : 12);
        assert_int_equal(run(program, length, header), chosen);
    }
    for (int i = 0; i < count; i++) {
        const unsigned int share = CLIENTS / (unsigned int)count;

        assert_in_range(seen[i], share / 2, share + share / 2);
    }
}

static void clients_are_divided_evenly(void **state)
{
    const uint32_t steps[] = {1, 2, 4, 16, 64, 256};

    for (size_t i = 0; i < sizeof(steps) / sizeof(steps[0]); i++) {
        for (int count = 1; count <= 64; count = count < 4 ? count + 1 : 2 * count) {
            check(IP_V4, count, steps[i]);
            check(IP_V6, count, steps[i]);
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(clients_are_divided_evenly)};

    return cmocka_run_group_tests(tests, NULL, NULL);
}
