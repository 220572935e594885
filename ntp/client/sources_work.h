/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Work on many sources in slices, so that thousands of them do not keep the event loop from
 * answering clients (ntp.md 18.10). The first slice is done at once, each other one after a short
 * pause. Later requests wait for the end. Work on up to SOURCES_SLICE sources is done at once.
 */
#ifndef NTP_CLIENT_SOURCES_WORK_H
#define NTP_CLIENT_SOURCES_WORK_H

#include "ntp/client/sources_state.h"

#define SOURCES_SLICE 250 /* sources that are added, removed or changed before the loop goes on */

struct source_work {
    struct source_work *next;
    /* One slice; true: that was all. */
    bool (*run)(struct ntp_sources *s, struct source_work *work);
    void (*free)(struct source_work *work); /* frees the work and all that it owns */

    /* For work on the sources that existed at the time of the request. */
    void (*change)(struct record *r, struct source_work *work);
    struct record *at; /* the next one, NULL: none is left */
    uint32_t last_conf_id;
    struct record *selected; /* left for the end; NULL: none */
    struct ip_addr mask, addr;
    enum source_connectivity connectivity;
    int good, total;

    /* For work on .sources files: the new list, its comparison with the old one, positions in
       both. */
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
/* Whether work on so many sources should postpone the selection, which else runs after each
   change. */
bool sources_work_is_large(size_t count);
#endif
