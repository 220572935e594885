/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Names of Linux capabilities, as in capabilities(7), in small letters and without CAP_.
 */
#ifndef CHRONYC_CAPABILITY_H
#define CHRONYC_CAPABILITY_H

#include <stdint.h>
#include "chronyc/format.h"

/* A number that has no name yet: capability and the number. */
struct formatted capability_name(unsigned int number);
/* The names with this character between them; "none", and "-" if all bits are ones: not known. */
void print_capabilities(FILE *out, uint64_t set, char between);

#endif
