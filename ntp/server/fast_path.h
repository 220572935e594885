/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The daemon's side of answering in the kernel (ntp.md 29): tells the program
 * (ntp/server/xdp/program.c), in memory that both have mapped, the time, the access rules, and the
 * addresses and interfaces of this host, and reads what it has counted. It makes no system call and
 * does not know how the program was loaded.
 */
#ifndef NTP_SERVER_FAST_PATH_H
#define NTP_SERVER_FAST_PATH_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "base/addr.h"
#include "base/plain.h"
#include "base/world.h"
#include "conf/groups.h"
#include "ntp/server/client_limits.h"
#include "ntp/server/shard.h"
#include "ntp/server/time_page.h"
#include "ntp/server/xdp/shared.h"

struct fast_path;

/* How large the arrays of the program have to be. */
struct fast_path_sizes {
    uint32_t slots; /* with the one that holds the head of the log */
    uint32_t nodes;
};
/* access: the rules at the start; there is room for as many again, and more. */
struct fast_path_sizes fast_path_sizes(const struct client_log_conf *log,
                                       const struct plain_value *access);

/* The arrays, zeroed. They are the caller's, and must outlive the fast path. */
struct fast_path_memory {
    struct fast_path_sizes sizes;
    uint32_t processors;
    struct xdp_head *head;
    struct xdp_content *contents; /* XDP_COPIES */
    struct access_node *nodes;    /* sizes.nodes */
    struct xdp_slot *slots;       /* sizes.slots */
    struct xdp_counts *counts;    /* processors */
};

struct fast_path_params {
    const struct world *world;         /* for random numbers */
    const struct client_log_conf *log; /* must outlive the fast path, as world */
    struct client_limits limits;
    struct fast_path_memory memory;
    int port;
    int dscp;
};

/* It answers nothing before it knows time, rules and hosts. Freeing makes it answer nothing again,
   and allows NULL. */
struct fast_path *fast_path_new(const struct fast_path_params *params);
void fast_path_free(struct fast_path *path);

/* The contents of the time page, whenever they change (ntp/server/time_page.h). */
void fast_path_set_time(struct fast_path *path, const struct time_page_content *content);

/* The access rules (access_table_value()). False: there is no room for them, and nothing is
   answered until there are fewer. */
bool fast_path_set_access(struct fast_path *path, const struct plain_value *access);

/* Where requests may come in and which of the addresses of this host they may be for. */
struct fast_path_hosts {
    const struct xdp_interface *interfaces;
    size_t interface_count;
    const struct ip_addr *addresses;
    size_t address_count;
};
/* Returns how many of them found no place, and are served by the sockets. */
size_t fast_path_set_hosts(struct fast_path *path, const struct fast_path_hosts *hosts);

/* Sums over all processors, by enum xdp_result. */
void fast_path_count(const struct fast_path *path, uint64_t results[XDP_RESULTS]);

/* What was answered in the kernel as one more shard of the server, with the counts of now. */
const struct server_shard *fast_path_shard(struct fast_path *path);

#endif
