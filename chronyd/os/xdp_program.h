/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Loads the program that answers in the kernel (ntp/server/xdp/program.c) and attaches it to
 * interfaces. It needs CAP_BPF, CAP_NET_ADMIN and CAP_PERFMON (the kernel's verifier else refuses
 * sums of pointers and variables), so it is called at the start. Afterwards the daemon holds a
 * descriptor for each interface and the mapped memory, and needs no rights: when the descriptors
 * are closed, which the kernel does when the daemon ends, however it ends, the program is detached.
 */
#ifndef CHRONYD_OS_XDP_PROGRAM_H
#define CHRONYD_OS_XDP_PROGRAM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "ntp/server/fast_path.h"

struct xdp_program;

/* NULL: error, a text, says why, and what can be done. */
struct xdp_program *xdp_program_load(const struct fast_path_sizes *sizes, char *error,
                                     size_t error_size);
/* Unmaps the memory. Interfaces stay attached as long as their descriptors are open. */
void xdp_program_free(struct xdp_program *program);

/* Closes everything but the mapped memory: it cannot be attached any more. */
void xdp_program_settle(struct xdp_program *program);

const struct fast_path_memory *xdp_program_memory(const struct xdp_program *program);
/* For tests, which run it without an interface. */
int xdp_program_descriptor(const struct xdp_program *program);

/* Attaches it to an interface, in its driver or, generic, in the network stack. Returns the
   descriptor that holds it there; -1: error says why. */
int xdp_program_attach(const struct xdp_program *program, uint32_t index, bool generic, char *error,
                       size_t error_size);

#endif
