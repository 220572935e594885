/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The name column of reports (chronyc.md 8.1).
 */
#ifndef CHRONYC_NAMES_H
#define CHRONYC_NAMES_H

#include "chronyc/client.h"

#define NAME_TEXT_SIZE 256

/* Name of an address: reverse lookup unless names are off, cut to max characters (0: not cut). */
void name_of_address(struct client *c, const struct ip_addr *addr, size_t max, char *buf,
                     size_t size);

/*
 * Name of a source: the characters of the reference ID of a reference clock, the original name of
 * an NTP source with -N (this asks the daemon), else as name_of_address.
 */
void name_of_source(struct client *c, const struct ip_addr *addr, uint32_t refid,
                    bool reference_clock, size_t max, char *buf, size_t size);

/* Whether a name from the daemon is complete and printable. */
bool name_is_printable(const char *name);

#endif
