/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A classic BPF program, which every kernel since 4.5 takes from any process: a hash of the source
 * address in the network header, modulo the number of sockets. The kernel numbers them in the order
 * in which they were bound.
 */
#include "chronyd/os/selector.h"

#include <stdint.h>
#include <sys/socket.h>

#ifndef SO_ATTACH_REUSEPORT_CBPF
#define SO_ATTACH_REUSEPORT_CBPF 51
#endif

#define V4_SOURCE  12
#define V6_SOURCE  8
#define MULTIPLIER 0x9e3779b1U /* 2^32 over the golden ratio: neighbours get far apart */
#define HIGH_BITS  16

struct list {
    struct sock_filter *program;
    size_t length;
};

static void add(struct list *list, uint16_t code, uint32_t operand)
{
    list->program[list->length++] = (struct sock_filter){.code = code, .k = operand};
}

size_t selector_program(enum ip_family family, int count, struct sock_filter program[SELECTOR_MAX])
{
    const uint32_t source = (uint32_t)SKF_NET_OFF + (family == IP_V6 ? V6_SOURCE : V4_SOURCE);
    const uint32_t words = family == IP_V6 ? 4 : 1;
    struct list list = {.program = program};

    for (uint32_t i = 0; i < words; i++) {
        add(&list, BPF_LD | BPF_W | BPF_ABS, source + 4 * i);
        if (i > 0)
            add(&list, BPF_ALU | BPF_ADD | BPF_X, 0);
        add(&list, BPF_ALU | BPF_MUL | BPF_K, MULTIPLIER);
        add(&list, BPF_MISC | BPF_TAX, 0);
    }
    add(&list, BPF_ALU | BPF_RSH | BPF_K, HIGH_BITS);
    add(&list, BPF_ALU | BPF_MOD | BPF_K, (uint32_t)count);
    add(&list, BPF_RET | BPF_A, 0);
    return list.length;
}

bool selector_attach(int fd, enum ip_family family, int count)
{
    struct sock_filter program[SELECTOR_MAX];
    const struct sock_fprog all = {.len = (unsigned short)selector_program(family, count, program),
                                   .filter = program};

    return setsockopt(fd, SOL_SOCKET, SO_ATTACH_REUSEPORT_CBPF, &all, sizeof(all)) == 0;
}
