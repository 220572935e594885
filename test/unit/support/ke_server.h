/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * An NTS-KE server with its processes for tests: the fork server with the real roles and rights,
 * the listener, and clients. The fixture is what the daemon is for them; its world has a clock that
 * can be moved.
 */
#ifndef TEST_UNIT_SUPPORT_KE_SERVER_H
#define TEST_UNIT_SUPPORT_KE_SERVER_H

#include "nts/ke_client.h"
#include "nts/ke_helper.h"
#include "nts/ke_listener.h"
#include "process/channel.h"
#include "process/fork_server.h"
#include "process/helper_pool.h"
#include "test/unit/support/tls.h"

#define KE_FIXTURE_IDLE 100

struct ke_fixture {
    struct tls_fixture tls;
    struct sandbox sandbox;
    struct ke_helper_spec spec;
    struct helper_role *role; /* made by ke_fixture_start, unless it is there */
    struct fork_server_spec fork_spec;
    struct ke_listener *listener;
    struct fork_server *handle;
    pid_t fork_server;
    int lost; /* reports that it is */
    struct ke_client_env client_env;
    struct ke_client *client;
    struct nts_server_key key;
    int rekeyed;
    bool rekeyed_ok; /* the last one */
    bool denied, limited;
    int counted;
    int idle[KE_FIXTURE_IDLE];
    int idle_count;
};

int ke_fixture_set_up(void **state);
int ke_fixture_tear_down(void **state);
#define KE_TEST(function)                                                                          \
    cmocka_unit_test_setup_teardown(function, ke_fixture_set_up, ke_fixture_tear_down)

/* The role of so many helpers. */
void ke_fixture_make_role(struct ke_fixture *f, int processes);
/* With so many helpers; 0: sessions in this process. */
void ke_fixture_start(struct ke_fixture *f, int processes);
void ke_fixture_end(struct ke_fixture *f);
/* For the events of a fork server. */
void ke_fixture_count_loss(void *arg);
/* A pool over a handle, where the test is the fork server and its one helper: the other ends of
   both channels. */
struct helper_pool *ke_fixture_fake_pool(struct ke_fixture *f, struct channel *orders,
                                         struct channel *helper, int max_sessions,
                                         const struct helper_pool_events *events);

/* A whole session; true: it gave keys, and the cookies are of the current key. */
bool ke_fixture_establish(struct ke_fixture *f);
/* A connection that says nothing, from an address of its own or not; closed at the end. */
int ke_fixture_connect(struct ke_fixture *f);
int ke_fixture_connect_from(struct ke_fixture *f, int number);
/* The other side has closed it. */
bool ke_fixture_is_closed(int fd);
/* Whether somebody listens on the NTS-KE port; the second is for tls_fixture_run. */
bool ke_fixture_port_is_open(const struct ke_fixture *f);
bool ke_fixture_port_opens(void *fixture);

void ke_fixture_run_for(struct ke_fixture *f, double seconds);
/* Seconds, as they pass for a daemon that runs: little by little. */
void ke_fixture_let_time_pass(struct ke_fixture *f, double seconds);
int64_t ke_fixture_now(void *fixture);

/* 0: there is none, or several. */
pid_t ke_fixture_only_helper(struct ke_fixture *f);
struct ke_generation {
    struct ke_fixture *f;
    uint32_t wanted;
};
/* For tls_fixture_run, with a struct ke_generation: this generation serves; another helper than the
   one of this process ID does. */
bool ke_fixture_has_generation(void *generation);
bool ke_fixture_has_new_helper(void *generation);
/* ... with a pid_t. */
bool ke_fixture_process_is_gone(void *pid);

/* Runs until the log has the text. */
void ke_fixture_await_log(struct ke_fixture *f, const char *text);
int ke_fixture_log_count(struct ke_fixture *f, const char *text);

#endif
