/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A complete NTP client in the virtual world: loop, stub of clock and sources, sockets, keys and
 * the set of sources, and scripted servers that answer at chosen addresses.
 */
#ifndef TEST_UNIT_SUPPORT_RIG_H
#define TEST_UNIT_SUPPORT_RIG_H

#include "conf/conf.h"
#include "ntp/client/association.h"
#include "ntp/client/sources.h"
#include "test/unit/support/env.h"

struct rig {
    struct sim_world *sim;
    bool owns_sim;
    struct loop *loop;
    struct stub_env stub;
    struct conf *conf;
    struct ntp_keys *keys;
    struct ntp_sockets *sockets;
    struct ntp_sources *sources;
    struct ntp_mono_scale mono; /* sent to peers */
    int rounds;                 /* of resolving that ended */

    /* The scripted servers: all addresses but `silent` ones answer while `answer` is set. */
    bool answer;
    struct ip_addr silent;
    int leap;
    int stratum;
    uint32_t refid;
    double offset; /* of their clocks to the virtual time */
    double delay;  /* one way */
    uint32_t key;  /* 0: none */
    /* Changes the response, or sends something else and returns false. */
    bool (*tamper)(struct rig *rig, const struct sim_packet *request, uint8_t *response,
                   size_t *length);
};

/* sim NULL: its own. nts may be NULL. */
void rig_init(struct rig *rig, struct sim_world *sim, const struct ntp_nts *nts);
/* Makes sockets and sources anew, after a change of rig->conf. */
void rig_restart(struct rig *rig, const struct ntp_nts *nts);
void rig_free(struct rig *rig);

/* "192.0.2.1 iburst minpoll 4"; line of a server directive without its word. */
enum ntp_sources_status rig_add(struct rig *rig, enum source_kind kind, bool pool,
                                const char *line);
/* Adds a server, and starts it as the daemon does at the end of the first round. */
void rig_add_server(struct rig *rig, const char *line);
/* Starts everything that has an address. */
void rig_start(struct rig *rig);
void rig_run(struct rig *rig, double seconds);

/* Record of a source in the stub; it must exist. */
struct source *rig_source(struct rig *rig, const char *addr);
struct ip_addr rig_addr(const char *text);
/* Reports; the source must exist. */
struct report_activity rig_activity(const struct rig *rig);
struct report_ntpdata rig_ntpdata(const struct rig *rig, const char *addr);
const struct response_tally *rig_responses(const struct rig *rig, const char *addr);
int rig_poll(const struct rig *rig, const char *addr);

#endif
