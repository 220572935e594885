/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The NTS-KE client process for tests, without a process: its code runs in the loop of the test, on
 * the other side of a channel, and starts and ends as the fork server would do it. Or the test is
 * the process, and says what it likes.
 */
#ifndef TEST_UNIT_SUPPORT_KE_PROCESS_H
#define TEST_UNIT_SUPPORT_KE_PROCESS_H

#include "nts/ke_client_link.h"
#include "nts/ke_client_process.h"
#include "process/channel.h"

struct ke_process_fixture {
    struct loop *loop;
    struct ke_client_process_spec spec;
    struct ke_client_link *link;
    struct ke_client_process *process; /* NULL: there is none, or it is the test */
    bool by_hand;                      /* no process comes by itself */
    int wanted;                        /* orders */
    int ended;
    pid_t pid; /* of the last one, which is no real ID; 0: it was ended by order */
    timer_id start_timer;
    struct channel other; /* of a process that is the test */
};

/* A link to a process that comes a moment after it is wanted. */
void ke_process_fixture_start(struct ke_process_fixture *f, struct world *world, struct loop *loop,
                              const struct nts_client_conf *conf, const struct nts_aeads *aeads);
void ke_process_fixture_end(struct ke_process_fixture *f);
/* By hand: the test is the process from now on, with the channel `other`. */
void ke_process_fixture_be_process(struct ke_process_fixture *f);
/* The process ends by itself. */
void ke_process_fixture_crash(struct ke_process_fixture *f);

#endif
