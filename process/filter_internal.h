/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Shared by the two files of the system call filter: filter.c (level 1, loading) and
 * filter_denied.c (level 2 and the resolver). Only for builds with libseccomp.
 */
#ifndef PROCESS_FILTER_INTERNAL_H
#define PROCESS_FILTER_INTERNAL_H

#include <seccomp.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "process/filter.h"

/* Arguments that are ints in the kernel, whatever a register holds above them. */
#define INT_MASK 0xffffffffU

/* Adds a rule without conditions for each of the calls. A name that the library or the architecture
   does not have is skipped. False if the library refuses. */
bool filter_add_names(scmp_filter_ctx ctx, uint32_t action, const char *const *names, size_t count);

/* New threads of this process and no other children: clone() with any other flags gets the action,
   and clone3(), whose flags a filter cannot see, does not exist, upon which libc takes clone().
   `allowed`: the rules are exceptions of a filter that denies by default. */
bool filter_add_threads_only(scmp_filter_ctx ctx, uint32_t action, bool allowed);

/* The rules of a filter that allows by default. Violations that are dangerous get the action. */
bool filter_add_denied(scmp_filter_ctx ctx, enum process_role role, uint32_t violation);

#endif
