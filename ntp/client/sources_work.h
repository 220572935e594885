/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Work on many sources in slices, so that thousands of them do not keep the event loop from
 * answering clients (ntp.md 18.10). The first slice is done at once, the others a moment later
 * each; what is asked for meanwhile is done after it. Up to SOURCES_SLICE sources all is done at
 * once.
 */
#ifndef NTP_CLIENT_SOURCES_WORK_H
#define NTP_CLIENT_SOURCES_WORK_H

#include "ntp/client/sources_state.h"

#define SOURCES_SLICE 250 /* sources that are added, removed or changed before the loop goes on */

struct source_work {
    struct source_work *next;
    /* One slice; true: that was all. */
    bool (*run)(struct ntp_sources *s, struct source_work *work);
    void (*free)(struct source_work *work); /* what it owns and itself */

    /* Work on the sources that there were when it was asked for. */
    void (*change)(struct record *r, struct source_work *work);
    struct record *at; /* the next one, NULL: none is left */
    uint32_t last_conf_id;
    struct record *selected; /* left for the end; NULL: none */
    struct ip_addr mask, addr;
    enum source_connectivity connectivity;
    int good, total;

    /* Work on the lists of .sources files: the new one, what is known of it, and the place in both. */
    struct source_conf *list;
    size_t count;
    struct loaded *loaded;
    bool *known;
    size_t old_at, new_at, add_at;
    bool begun, unresolved;
};

/* Takes the work over (allocated by mem_alloc). */
void sources_work_add(struct ntp_sources *s, struct source_work *work);
/* Does all of it now, for the start of the daemon. Nothing else may be waiting. */
void sources_work_do(struct ntp_sources *s, struct source_work *work);
/* Whether the selection is better held during work on so many: chrony runs it after each. */
bool sources_work_is_large(size_t count);
#endif
