/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The NTS-KE client process of tests, see ke_process.h.
 */
#include "test/unit/support/ke_process.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <cmocka.h>

#define START 0.001 /* seconds until a process that is wanted is there */

static void on_done(enum channel_result why, void *arg)
{
    assert_int_equal(why, CHANNEL_CLOSED);
}

static pid_t next_pid(struct ke_process_fixture *f)
{
    return f->pid = 1000000 + f->wanted;
}

static void on_start(void *arg)
{
    struct ke_process_fixture *f = arg;
    int ends[2];

    f->start_timer = 0;
    assert_true(channel_pair(ends));
    f->process = ke_client_process_new(&f->spec, f->loop);
    ke_client_process_serve(f->process, ends[1], on_done, f);
    ke_client_link_take(f->link, ends[0], next_pid(f));
}

static void want(void *arg)
{
    struct ke_process_fixture *f = arg;

    f->wanted++;
    if (!f->by_hand)
        f->start_timer = loop_timer_add(f->loop, START, on_start, f);
}

static void end(pid_t pid, void *arg)
{
    struct ke_process_fixture *f = arg;

    assert_int_equal(pid, f->pid);
    f->ended++;
    f->pid = 0;
    ke_client_process_free(f->process);
    f->process = NULL;
    channel_close(&f->other);
}

void ke_process_fixture_start(struct ke_process_fixture *f, struct world *world, struct loop *loop,
                              const struct nts_client_conf *conf, const struct nts_aeads *aeads)
{
    const struct ke_client_link_env env = {
        .world = world, .loop = loop, .aeads = *aeads, .want = want, .end = end, .arg = f};

    *f = (struct ke_process_fixture){
        .loop = loop,
        .spec = {.world = world, .conf = conf, .aeads = *aeads},
        .other = channel_make(-1, IPC_KE_ASKER, 0),
    };
    f->link = ke_client_link_new(&env);
}

void ke_process_fixture_end(struct ke_process_fixture *f)
{
    loop_timer_cancel(f->loop, f->start_timer);
    ke_client_link_free(f->link);
    ke_client_process_free(f->process);
    channel_close(&f->other);
}

void ke_process_fixture_be_process(struct ke_process_fixture *f)
{
    int ends[2];

    assert_true(channel_pair(ends));
    channel_close(&f->other);
    f->other = channel_make(ends[1], IPC_KE_ASKER, 0);
    ke_client_link_take(f->link, ends[0], next_pid(f));
}

void ke_process_fixture_crash(struct ke_process_fixture *f)
{
    ke_client_process_free(f->process);
    f->process = NULL;
    channel_close(&f->other);
}
