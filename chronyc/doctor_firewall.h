/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The rules of the packet filter, as far as they say which ports are let in. Rules are programs;
 * only what they usually look like is understood, and what is not makes them opaque.
 */
#ifndef CHRONYC_DOCTOR_FIREWALL_H
#define CHRONYC_DOCTOR_FIREWALL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "chronyc/machine.h"

enum firewall_protocol { FIREWALL_TCP = 1, FIREWALL_UDP = 2 };

/* Ports that a rule accepts. */
struct firewall_range {
    unsigned int protocols; /* set of enum firewall_protocol */
    unsigned int first, last;
};

struct firewall {
    struct firewall_range *ranges;
    size_t count;
    bool drops;  /* what no rule accepts does not come in */
    bool opaque; /* a rule accepts ports by a set or a map, or all ports for some clients */
};

enum firewall_result {
    FIREWALL_READ,
    FIREWALL_NONE,   /* there are no rules, or no program that lists them */
    FIREWALL_HIDDEN, /* this user may not see them */
};

/* Reads the rules of nftables, or else of iptables. Freed by firewall_free if they were read. */
enum firewall_result firewall_read(const struct machine *machine, struct firewall *firewall);
void firewall_free(struct firewall *firewall);

/* The text of `nft list ruleset` or of `iptables-save`; adds to what is there. */
void firewall_parse(const char *text, struct firewall *firewall);

/* Whether a rule accepts this port. */
bool firewall_mentions(const struct firewall *firewall, enum firewall_protocol protocol,
                       unsigned int port);

#endif
