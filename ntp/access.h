/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Address filter: which addresses may use a service (ntp.md 19, cmdmon.md 16). One table for NTP
 * (which NTS-KE uses too), one for the control protocol. A pure data structure: the caller opens
 * and closes sockets and calls access_log_rule.
 */
#ifndef NTP_ACCESS_H
#define NTP_ACCESS_H

#include <stdbool.h>
#include "base/addr.h"
#include "base/plain.h"

struct access_table;
struct conf_access_rule;

/* Everything is denied in a new table. */
struct access_table *access_table_new(void);
void access_table_free(struct access_table *table);

/*
 * Applies a rule: allow or deny a subnet; `all` also removes more specific rules. Address family
 * IP_UNSPEC with 0 bits: both families (ntp.md 19.2). False: bad subnet, nothing changed.
 */
bool access_table_set(struct access_table *table, const struct subnet *subnet, bool allow,
                      bool all);

/* The longest match decides (ntp.md 19.3); addresses that are neither IPv4 nor IPv6 are denied. */
bool access_table_is_allowed(const struct access_table *table, const struct ip_addr *addr);

/* The nodes of the table as a plain value, and the same decision with a copy of them. */
struct access_node;
struct plain_value access_table_value(const struct access_table *table);
bool access_nodes_allow(const struct access_node *nodes, const struct ip_addr *addr);

/* Whether any address of IP_V4 or IP_V6 is allowed (ntp.md 19.4). */
bool access_table_any_allowed(const struct access_table *table, enum ip_family family);

/* Logs "Allowed NTP access from SUBNET" and the like (ntp.md 19.4); service is "NTP" or
   "command". */
void access_log_rule(const char *service, const struct conf_access_rule *rule);

#endif
