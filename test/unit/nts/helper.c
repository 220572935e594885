/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The NTS-KE server with its processes: handshakes through helpers, helpers that die, new generations
 * with good and bad files, limits per address; and the same with sessions in the main process.
 */
#include "test/unit/support/tls.h"
#include "test/unit/support/unit.h"
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>
#include "base/log.h"
#include "nts/certificate_watch.h"
#include "nts/cookie.h"
#include "nts/helper_pool.h"
#include "nts/ke_client.h"
#include "nts/ke_connections.h"
#include "nts/ke_server.h"
#include "process/ipc.h"

#define MAX_IDLE 100

struct fixture {
    struct tls_fixture tls;
    struct helper_spec spec;
    struct ke_server *server;
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
    int idle[MAX_IDLE];
    int idle_count;
};

/* ---- What the daemon gives ---- */

static bool is_allowed(const struct ip_addr *addr, void *arg)
{
    assert_true(ip_addr_is_loopback(addr) || (addr->family == IP_V4 && addr->u.v4[0] == 127));
    return !((struct fixture *)arg)->denied;
}

static bool count(const struct ip_addr *addr, void *arg)
{
    struct fixture *f = arg;

    f->counted++;
    return !f->limited;
}

static const struct nts_server_key *current_key(void *arg)
{
    return &((struct fixture *)arg)->key;
}

static int64_t client_now(void *arg)
{
    return world_raw_now(((struct fixture *)arg)->tls.linux).i.sec;
}

static int client_updates(void *arg)
{
    return 1;
}

static void on_rekeyed(bool ok, void *arg)
{
    struct fixture *f = arg;

    f->rekeyed++;
    f->rekeyed_ok = ok;
}

static void no_limit(void *arg)
{
}

static void say_dropped(void *arg)
{
    LOG_INFO("rights dropped");
}

static void say_filtered(void *arg)
{
    LOG_INFO("filter loaded");
}

static void kill_child(pid_t pid, void *arg)
{
    kill(pid, SIGKILL);
}

/* Closes what the daemon would close: all but the log, which is recognised by being a file. */
static void close_descriptors(const int *keep, size_t count_kept, void *arg)
{
    struct fixture *f = arg;
    char link[64], target[128];

    assert_int_equal(count_kept, 1);
    for (int fd = 3; fd < 256; fd++) {
        snprintf(link, sizeof(link), "/proc/self/fd/%d", fd);
        ssize_t n = readlink(link, target, sizeof(target) - 1);
        if (n < 0)
            continue;
        target[n] = '\0';
        if (fd != keep[0] && strcmp(target, f->tls.log_path) != 0)
            close(fd);
    }
}

/* ---- Fixture ---- */

static int set_up(void **state)
{
    struct fixture *f = calloc(1, sizeof(*f));
    struct sockaddr_in sa;
    socklen_t length = sizeof(sa);

    tls_fixture_init(&f->tls);
    /* The server opens the port itself: the listener of the fixture only finds a free one. */
    assert_int_equal(getsockname(f->tls.listener, (struct sockaddr *)&sa, &length), 0);
    close(f->tls.listener);
    f->tls.listener = socket(AF_INET, SOCK_STREAM, 0);
    f->tls.conf.nts_server.port = f->tls.port;
    f->tls.conf.sockets.server.v4 = ip_addr_loopback(IP_V4);
    f->tls.conf.sockets.server.v6 = ip_addr_loopback(IP_V6);
    f->key = (struct nts_server_key){.id = 5, .aead = AEAD_AES_SIV_CMAC_256, .key.length = 32};
    memset(f->key.key.data, 0x77, 32);
    f->spec = (struct helper_spec){
        .world = f->tls.linux,
        .conf = &f->tls.conf,
        .aeads = tls_fixture_aeads(),
        .sandbox = {.limit_fork_server = no_limit,
                    .kill = kill_child,
                    .drop = no_limit,
                    .load_filter = no_limit,
                    .close_descriptors = close_descriptors,
                    .arg = f},
        .run_helper = helper_run,
    };
    f->client_env = (struct ke_client_env){
        .world = &f->tls.world,
        .loop = f->tls.loop,
        .conf = &f->tls.conf,
        .aeads = tls_fixture_aeads(),
        .now = client_now,
        .clock_updates = client_updates,
        .arg = f,
    };
    *state = f;
    return 0;
}

static void end_server(struct fixture *f)
{
    int status;

    ke_server_free(f->server);
    f->server = NULL;
    fork_server_free(f->handle);
    f->handle = NULL;
    if (f->fork_server > 0) {
        assert_int_equal(waitpid(f->fork_server, &status, 0), f->fork_server);
        assert_true(WIFEXITED(status) || WTERMSIG(status) == SIGKILL);
    }
    f->fork_server = 0;
}

static int tear_down(void **state)
{
    struct fixture *f = *state;

    for (int i = 0; i < f->idle_count; i++)
        close(f->idle[i]);
    ke_client_free(f->client);
    end_server(f);
    tls_fixture_free(&f->tls);
    free(f);
    return 0;
}

static void count_loss(void *arg)
{
    ((struct fixture *)arg)->lost++;
}

static void start_server(struct fixture *f, int processes)
{
    const struct ke_server_env env = {
        .world = &f->tls.world,
        .loop = f->tls.loop,
        .conf = &f->tls.conf,
        .aeads = tls_fixture_aeads(),
        .is_allowed = is_allowed,
        .count = count,
        .current_key = current_key,
        .rekeyed = on_rekeyed,
        .arg = f,
    };
    const struct fork_server_events events = {.lost = count_loss, .arg = f};
    char error[1024];

    f->tls.conf.nts_server.processes = processes;
    if (processes > 0) {
        f->handle = fork_server_start(&f->spec, error, sizeof(error));
        if (!f->handle)
            fail_msg("%s", error);
        f->fork_server = fork_server_pid(f->handle);
    }
    f->server = ke_server_new(&env, f->handle ? fork_server_pool(f->handle) : NULL);
    assert_non_null(f->server);
    if (f->handle)
        fork_server_attach(f->handle, f->tls.loop, &events);
}

/* ---- Clients ---- */

static bool client_is_done(void *arg)
{
    return !ke_client_is_active(((struct fixture *)arg)->client);
}

/* A whole session; true: it gave keys, and the cookies are of the current key. */
static bool establish(struct fixture *f)
{
    struct ip_port address = {.addr = ip_addr_loopback(IP_V4), .port = f->tls.port};
    struct nts_server_key keys[NTS_SERVER_KEYS] = {{0}};
    struct nts_context context;
    struct ke_result result;

    f->client = ke_client_start(&f->client_env, &address, "ntp.test.example", 0);
    assert_non_null(f->client);
    assert_true(tls_fixture_run(&f->tls, client_is_done, f, 20.0));
    bool ok = ke_client_take_result(f->client, &result);
    ke_client_free(f->client);
    f->client = NULL;
    keys[f->key.id % NTS_SERVER_KEYS] = f->key;
    if (ok)
        assert_true(nts_cookie_decode(keys, NULL, result.cookies[0].data, result.cookies[0].length,
                                      &context));
    return ok;
}

static int connect_idle(struct fixture *f)
{
    struct sockaddr_in sa = {.sin_family = AF_INET,
                             .sin_addr.s_addr = htonl(INADDR_LOOPBACK),
                             .sin_port = htons(f->tls.port)};
    int fd = socket(AF_INET, SOCK_STREAM, 0);

    assert_int_equal(connect(fd, (struct sockaddr *)&sa, sizeof(sa)), 0);
    f->idle[f->idle_count++] = fd;
    return fd;
}

/* From an address of its own. */
static int connect_idle_from(struct fixture *f, int number)
{
    struct sockaddr_in sa = {.sin_family = AF_INET,
                             .sin_addr.s_addr = htonl(INADDR_LOOPBACK),
                             .sin_port = htons(f->tls.port)};
    struct sockaddr_in source = {.sin_family = AF_INET,
                                 .sin_addr.s_addr = htonl(0x7f000100u + (uint32_t)number)};
    int fd = socket(AF_INET, SOCK_STREAM, 0);

    assert_int_equal(bind(fd, (struct sockaddr *)&source, sizeof(source)), 0);
    assert_int_equal(connect(fd, (struct sockaddr *)&sa, sizeof(sa)), 0);
    f->idle[f->idle_count++] = fd;
    return fd;
}

static bool never(void *arg)
{
    return false;
}

static void run_for(struct fixture *f, double seconds)
{
    tls_fixture_run(&f->tls, never, NULL, seconds);
}

/* Seconds, as they pass for a daemon that runs: little by little. */
static void let_time_pass(struct fixture *f, double seconds)
{
    for (double passed = 0.0; passed <= seconds; passed += 2.5) {
        f->tls.clock_offset += 2.5;
        run_for(f, 0.02);
    }
}

/* The other side has closed it. */
static bool is_closed(int fd)
{
    char octet;
    ssize_t n = recv(fd, &octet, 1, MSG_DONTWAIT);

    return n == 0 || (n < 0 && errno == ECONNRESET);
}

static pid_t only_helper(struct fixture *f)
{
    pid_t pids[8];

    return helper_pool_pids(ke_server_pool(f->server), pids, 8) == 1 ? pids[0] : 0;
}

struct generation {
    struct fixture *f;
    uint32_t wanted;
};

static bool generation_is_there(void *arg)
{
    const struct generation *g = arg;

    return helper_pool_generation(ke_server_pool(g->f->server)) >= g->wanted;
}

struct log_text {
    struct fixture *f;
    const char *text;
};

static bool log_has(void *arg)
{
    const struct log_text *t = arg;
    char *log = tls_fixture_log(&t->f->tls);
    bool found = strstr(log, t->text) != NULL;

    free(log);
    return found;
}

static void await_log(struct fixture *f, const char *text)
{
    struct log_text t = {f, text};

    if (!tls_fixture_run(&f->tls, log_has, &t, 20.0))
        assert_true(tls_fixture_log_has(&f->tls, text));
}

static int log_count(struct fixture *f, const char *text)
{
    char *log = tls_fixture_log(&f->tls);
    int n = 0;

    for (const char *p = log; (p = strstr(p, text)); p++)
        n++;
    free(log);
    return n;
}

/* ---- Tests ---- */

static void helpers_serve_with_the_current_key(void **state)
{
    struct fixture *f = *state;

    start_server(f, 2);
    for (int i = 0; i < 6; i++) {
        f->key.id++;
        f->key.key.data[0]++;
        assert_true(establish(f));
    }
    assert_int_equal(f->counted, 6);
    assert_int_equal(log_count(f, "\n"), 0);
}

static void sessions_in_the_main_process(void **state)
{
    struct fixture *f = *state;

    start_server(f, 0);
    assert_true(establish(f));
    assert_true(establish(f));
    assert_int_equal(log_count(f, "\n"), 0);
}

static void access_and_rate_limit_come_first(void **state)
{
    struct fixture *f = *state;

    start_server(f, 1);
    f->denied = true;
    assert_false(establish(f));
    assert_int_equal(f->counted, 0);
    f->denied = false;
    f->limited = true;
    assert_false(establish(f));
    assert_int_equal(f->counted, 1);
    f->limited = false;
    assert_true(establish(f));
}

static bool process_is_gone(void *arg)
{
    char path[64], state = '?';

    snprintf(path, sizeof(path), "/proc/%d/stat", *(pid_t *)arg);
    FILE *file = fopen(path, "r");
    if (!file)
        return true;
    (void)!fscanf(file, "%*d %*s %c", &state);
    fclose(file);
    return state == 'Z' || state == 'X';
}

static bool helper_is_new(void *arg)
{
    const struct generation *g = arg;
    pid_t pid = only_helper(g->f);

    return pid > 0 && (uint32_t)pid != g->wanted;
}

static void killed_helper_is_replaced_and_nobody_is_lost(void **state)
{
    struct fixture *f = *state;

    start_server(f, 1);
    assert_true(establish(f));
    for (int i = 0; i < 2; i++) {
        struct generation old = {f, (uint32_t)only_helper(f)};
        assert_true(old.wanted > 0);
        pid_t pid = (pid_t)old.wanted;
        kill(pid, SIGKILL);
        while (!process_is_gone(&pid))
            usleep(1000);
        /* The connection waits until there is another one. */
        assert_true(establish(f));
        assert_true(tls_fixture_run(&f->tls, helper_is_new, &old, 10.0));
    }
    assert_int_equal(log_count(f, "NTS-KE helper #1 ended (killed by signal 9), starting it again"),
                     1);
    assert_int_equal(log_count(f, "\n"), 1);
}

static void others_serve_while_one_is_restarted(void **state)
{
    struct fixture *f = *state;
    pid_t pids[2];

    start_server(f, 2);
    assert_int_equal(helper_pool_pids(ke_server_pool(f->server), pids, 2), 2);
    kill(pids[0], SIGSTOP);
    /* A helper that does nothing gets one connection, the next ones go to the other. */
    connect_idle(f);
    run_for(f, 0.1);
    for (int i = 0; i < 3; i++) {
        assert_true(establish(f));
        /* Until the other's outcome is known, both have one session. */
        run_for(f, 0.3);
    }
    /* A connection that is passed to it while it dies would be lost with it. */
    kill(pids[0], SIGKILL);
    assert_true(tls_fixture_run(&f->tls, process_is_gone, &pids[0], 5.0));
    for (int i = 0; i < 3; i++)
        assert_true(establish(f));
}

static void new_generation_serves_the_new_certificate(void **state)
{
    struct fixture *f = *state;
    struct generation second = {f, 2};
    struct test_cert old_ca = f->tls.ca;
    const int64_t now = client_now(f);
    const struct test_cert_spec ca = {
        .cn = "New CA", .from = now - TEST_DAY, .to = now + 50 * TEST_DAY, .ca = true};
    const struct test_cert_spec leaf = {
        .cn = "new", .dns = "ntp.test.example", .from = now - 60, .to = now + 40 * TEST_DAY};
    const struct test_cert *list[] = {&f->tls.ca};

    start_server(f, 2);
    assert_true(establish(f));
    int idle = connect_idle(f);
    run_for(f, 0.1);
    f->tls.ca = test_cert_make(&ca);
    tls_fixture_new_leaf(&f->tls, &leaf);
    /* Files alone change nothing. */
    assert_true(establish(f));
    ke_server_rekey(f->server);
    assert_true(tls_fixture_run(&f->tls, generation_is_there, &second, 10.0));
    /* The old generation keeps its connection until its own end. */
    assert_false(is_closed(idle));
    assert_false(establish(f));
    test_cert_write(f->tls.trusted[0].path, list, 1);
    assert_true(establish(f));
    assert_int_equal(log_count(f, "read certificates and keys again"), 1);
    test_cert_free(&old_ca);
}

static void bad_files_keep_the_old_generation(void **state)
{
    struct fixture *f = *state;
    const struct test_cert_spec spec = {.cn = "other"};
    const int64_t now = client_now(f);
    const struct test_cert_spec expired = {.cn = "expired",
                                           .dns = "ntp.test.example",
                                           .from = now - 3 * TEST_DAY,
                                           .to = now - TEST_DAY};
    struct test_cert other = test_cert_make(&spec);

    start_server(f, 1);
    pid_t before = only_helper(f);
    test_key_write(f->tls.key_files[0], &other);
    ke_server_rekey(f->server);
    await_log(f, "The certificate and the given key do not match. (");
    await_log(f, "server.key); old certificate and key stay in use");
    unlink(f->tls.key_files[0]);
    ke_server_rekey(f->server);
    await_log(f, "server.key: No such file or directory); old certificate and key stay in use");
    tls_fixture_new_leaf(&f->tls, &expired);
    ke_server_rekey(f->server);
    await_log(f, "has expired (from ");
    assert_int_equal(only_helper(f), before);
    assert_int_equal(helper_pool_generation(ke_server_pool(f->server)), 1);
    assert_true(establish(f));
    test_cert_free(&other);
}

static void orders_during_a_start_are_remembered(void **state)
{
    struct fixture *f = *state;
    struct generation third = {f, 3};

    start_server(f, 1);
    for (int i = 0; i < 5; i++)
        ke_server_rekey(f->server);
    assert_true(tls_fixture_run(&f->tls, generation_is_there, &third, 10.0));
    run_for(f, 0.2);
    assert_int_equal(helper_pool_generation(ke_server_pool(f->server)), 3);
    assert_true(establish(f));
}

/* Its replacement uses what the generation was started with, and not the files of today. */
static void helper_is_replaced_while_files_are_bad(void **state)
{
    struct fixture *f = *state;

    start_server(f, 1);
    for (int i = 0; i < 2; i++) {
        struct generation old = {f, (uint32_t)only_helper(f)};

        unlink(i == 0 ? f->tls.key_files[0] : f->tls.cert_files[0]);
        ke_server_rekey(f->server);
        await_log(
            f, i == 0
                   ? "server.key: No such file or directory); old certificate and key stay in use"
                   : "server.crt: No such file or directory); old certificate and key stay in use");
        kill((pid_t)old.wanted, SIGKILL);
        assert_true(tls_fixture_run(&f->tls, helper_is_new, &old, 10.0));
        assert_true(establish(f));
    }
    assert_int_equal(log_count(f, "No such file or directory"), 2);
}

static void say_dumpable(void *arg)
{
    LOG_INFO("dumpable %d", prctl(PR_GET_DUMPABLE, 0, 0, 0, 0));
}

/* The private keys in it are not for a core dump, nor for a tracer of the same user. */
static void fork_server_cannot_be_traced(void **state)
{
    struct fixture *f = *state;
    char path[64];

    f->spec.sandbox.limit_fork_server = say_dumpable;
    start_server(f, 1);
    await_log(f, "dumpable 0");
    snprintf(path, sizeof(path), "/proc/%d/environ", (int)f->fork_server);
    if (geteuid() != 0)
        assert_int_equal(open(path, O_RDONLY), -1);
}

static void one_address_gets_a_quarter(void **state)
{
    struct fixture *f = *state;
    int fds[5];

    assert_int_equal(ke_server_address_limit(100), 25);
    assert_int_equal(ke_server_address_limit(1), 1);
    f->tls.conf.nts_server.max_connections = 16;
    start_server(f, 2);
    for (int i = 0; i < 5; i++)
        fds[i] = connect_idle(f);
    run_for(f, 0.3);
    for (int i = 0; i < 4; i++)
        assert_false(is_closed(fds[i]));
    assert_true(is_closed(fds[4]));
    /* Another address is served, and this one as soon as one of its sessions is over. */
    close(f->idle[0]);
    f->idle[0] = socket(AF_INET, SOCK_STREAM, 0);
    run_for(f, 0.3);
    for (int i = 0; i < 2; i++) {
        assert_true(establish(f));
        /* Until its outcome is known, the session counts. */
        run_for(f, 0.3);
    }
}

struct counted {
    struct fixture *f;
    int wanted;
};

static bool is_counted(void *arg)
{
    const struct counted *c = arg;

    return c->f->counted >= c->wanted;
}

/* What a helper cannot take at once is not closed: it waits in the backlog until there is room. */
static void connections_wait_for_a_busy_helper(void **state)
{
    struct fixture *f = *state;
    struct counted c = {f, 0};

    f->tls.conf.nts_server.max_connections = 4;
    start_server(f, 1);
    pid_t helper = only_helper(f);
    kill(helper, SIGSTOP);
    while (c.wanted < 4 + HELPER_POOL_ON_THE_WAY) {
        connect_idle_from(f, c.wanted++);
        assert_true(tls_fixture_run(&f->tls, is_counted, &c, 5.0));
    }
    for (int i = 0; i < 3; i++)
        connect_idle_from(f, c.wanted + i);
    run_for(f, 0.2);
    assert_int_equal(f->counted, c.wanted);
    for (int i = 0; i < f->idle_count; i++)
        assert_false(is_closed(f->idle[i]));
    kill(helper, SIGCONT);
    c.wanted += 3;
    assert_true(tls_fixture_run(&f->tls, is_counted, &c, 10.0));
    assert_true(establish(f));
}

static void sessions_of_a_dead_helper_do_not_count(void **state)
{
    struct fixture *f = *state;

    f->tls.conf.nts_server.max_connections = 8;
    start_server(f, 1);
    connect_idle(f);
    connect_idle(f);
    run_for(f, 0.2);
    assert_false(establish(f));
    struct generation old = {f, (uint32_t)only_helper(f)};
    kill((pid_t)old.wanted, SIGKILL);
    assert_true(tls_fixture_run(&f->tls, helper_is_new, &old, 10.0));
    assert_true(establish(f));
}

static void processes_end_with_the_server(void **state)
{
    struct fixture *f = *state;
    pid_t pids[2];

    start_server(f, 2);
    assert_int_equal(helper_pool_pids(ke_server_pool(f->server), pids, 2), 2);
    end_server(f);
    for (int i = 0; i < 2; i++)
        assert_true(tls_fixture_run(&f->tls, process_is_gone, &pids[i], 5.0));
}

static bool fork_server_is_lost(void *arg)
{
    return ((struct fixture *)arg)->lost > 0;
}

static void death_of_the_fork_server_is_reported(void **state)
{
    struct fixture *f = *state;

    start_server(f, 1);
    kill(f->fork_server, SIGKILL);
    assert_true(tls_fixture_run(&f->tls, fork_server_is_lost, f, 10.0));
    assert_true(tls_fixture_log_has(&f->tls, "was killed by signal 9; no helper process"));
    /* It was waited for. */
    assert_int_equal(waitpid(f->fork_server, NULL, 0), -1);
    f->fork_server = 0;
    /* Nothing hangs and nothing is reported twice. */
    ke_server_rekey(f->server);
    run_for(f, 0.1);
    assert_int_equal(f->lost, 1);
    assert_int_equal(log_count(f, "Fork server"), 1);
}

static void silent_fork_server_is_reported(void **state)
{
    struct fixture *f = *state;

    start_server(f, 1);
    run_for(f, 0.1);
    kill(f->fork_server, SIGSTOP);
    for (int i = 0; i < FORK_SERVER_SILENCE; i++) {
        f->tls.clock_offset += FORK_SERVER_PING;
        run_for(f, 0.1);
        assert_int_equal(f->lost, 0);
    }
    f->tls.clock_offset += FORK_SERVER_PING;
    assert_true(tls_fixture_run(&f->tls, fork_server_is_lost, f, 10.0));
    assert_true(tls_fixture_log_has(&f->tls, "does not answer"));
    kill(f->fork_server, SIGCONT);
}

/* A machine that slept, or whose processes were all stopped, finds a lot of time gone at once. */
static void sleep_is_no_silence(void **state)
{
    struct fixture *f = *state;

    start_server(f, 1);
    for (int i = 0; i < 3 * FORK_SERVER_SILENCE; i++) {
        f->tls.clock_offset += 1000.0;
        run_for(f, 0.05);
    }
    assert_int_equal(f->lost, 0);
    assert_true(establish(f));
}

/* The same for a helper that has a session, and for one that starts. */
static void sleep_is_no_silence_of_helpers(void **state)
{
    struct fixture *f = *state;

    start_server(f, 1);
    pid_t pid = only_helper(f);
    connect_idle(f);
    run_for(f, 0.1);
    kill(pid, SIGSTOP);
    f->tls.clock_offset += 1000.0;
    run_for(f, 0.1);
    kill(pid, SIGCONT);
    assert_true(establish(f));
    assert_int_equal(only_helper(f), pid);
    kill(f->fork_server, SIGSTOP);
    ke_server_rekey(f->server);
    f->tls.clock_offset += 1000.0;
    run_for(f, 0.1);
    assert_int_equal(f->rekeyed, 0);
    kill(f->fork_server, SIGCONT);
    await_log(f, "NTS-KE helpers read certificates and keys again");
    assert_true(f->rekeyed_ok);
    assert_int_equal(log_count(f, "\n"), 1);
}

static bool both_helpers_are_there(void *arg)
{
    pid_t pids[2];

    return helper_pool_pids(ke_server_pool(((struct fixture *)arg)->server), pids, 2) == 2;
}

/* Waits for the next message of a helper, which must be of this type. */
static void await_message(int channel, enum ipc_type type, struct ipc_message *message)
{
    enum ipc_result result;
    int fd;

    while ((result = ipc_receive(channel, IPC_HELPER, message, &fd)) == IPC_AGAIN)
        usleep(1000);
    assert_int_equal(result, IPC_OK);
    assert_int_equal(message->type, type);
}

/* A helper that is asked for something else ends; here the test is the main process. */
static void helper_ends_on_an_invalid_request(void **state)
{
    struct fixture *f = *state;
    const struct helper_identity identity = {.generation = 1, .number = 1};
    struct ipc_message message;
    int ends[2], status;

    assert_true(ipc_pair(ends));
    pid_t pid = fork();
    if (pid == 0) {
        close(ends[0]);
        _exit(helper_run(&f->spec, &identity, server_files_read(f->tls.linux, &f->tls.conf),
                         ends[1]));
    }
    close(ends[1]);
    await_message(ends[0], IPC_READY, &message);
    assert_int_equal(send(ends[0], "x", 1, 0), 1);
    assert_int_equal(waitpid(pid, &status, 0), pid);
    assert_int_equal(WEXITSTATUS(status), HELPER_EXIT_FATAL);
    assert_true(tls_fixture_log_has(&f->tls, "Invalid helper request"));
    close(ends[0]);
}

/* ... and here it is a helper that lies: its channel ends, the server goes on. */
static void lying_helper_is_cut_off(void **state)
{
    struct fixture *f = *state;
    struct ipc_message new_helper = {.type = IPC_HELPER_NEW,
                                     .u.helper = {.generation = 1, .number = 1, .pid = 4242}};
    const struct ipc_message ready = {.type = IPC_READY};
    const struct ipc_message lie = {.type = IPC_OUTCOME,
                                    .u.outcome = {.session = 3, .outcome = IPC_SESSION_COMPLETE}};
    struct ipc_message message;
    struct helper_pool_events events = {0};
    int orders[2], channel[2], fd;
    char error[256], order[8];

    assert_true(ipc_pair(orders));
    assert_true(ipc_pair(channel));
    assert_int_equal(ipc_send(orders[1], &new_helper, channel[0]), IPC_OK);
    close(channel[0]);
    assert_int_equal(ipc_send(channel[1], &ready, -1), IPC_OK);
    struct fork_server *fork_server = fork_server_connect(orders[0], 0);
    struct helper_pool *pool = helper_pool_new(fork_server, 1, 10);
    fork_server_set_pool(fork_server, pool);
    assert_true(helper_pool_await_first(pool, error, sizeof(error)));
    helper_pool_attach(pool, f->tls.loop, &events);
    assert_true(helper_pool_is_ready(pool));
    /* The end of a session that it was never given. */
    assert_int_equal(ipc_send(channel[1], &lie, -1), IPC_OK);
    run_for(f, 0.05);
    assert_false(helper_pool_is_ready(pool));
    assert_int_equal(ipc_receive(channel[1], IPC_MAIN, &message, &fd), IPC_CLOSED);
    assert_true(
        tls_fixture_log_has(&f->tls, "Invalid message from NTS-KE helper #1 (process 4242)"));
    /* It may not care about the end of its channel, so the fork server is to end it. */
    assert_int_equal(recv(orders[1], order, sizeof(order), 0), 1);
    assert_int_equal(recv(orders[1], order, sizeof(order), 0), 1);
    assert_int_equal(recv(orders[1], order, sizeof(order), 0), IPC_KILL_SIZE);
    assert_memory_equal(order, "k\0\0\x10\x92", IPC_KILL_SIZE);
    fork_server_free(fork_server);
    close(channel[1]);
    close(orders[1]);
}

/* No descriptor is free where a connection goes: that connection is lost, and nothing else. */
static void helper_without_descriptors_loses_one_connection(void **state)
{
    struct fixture *f = *state;
    const struct helper_identity identity = {.generation = 1, .number = 1};
    struct ipc_message message, connection = {.type = IPC_CONNECTION};
    struct rlimit limit;
    int ends[2], fd, status;

    connection.u.connection.key_id = f->key.id;
    connection.u.connection.aead = f->key.aead;
    connection.u.connection.key = f->key.key;
    connection.u.connection.peer.addr = ip_addr_loopback(IP_V4);
    assert_true(ipc_pair(ends));
    pid_t pid = fork();
    if (pid == 0) {
        close(ends[0]);
        _exit(helper_run(&f->spec, &identity, server_files_read(f->spec.world, f->spec.conf),
                         ends[1]));
    }
    close(ends[1]);
    await_message(ends[0], IPC_READY, &message);
    assert_int_equal(prlimit(pid, RLIMIT_NOFILE, NULL, &limit), 0);
    struct rlimit none = limit;
    none.rlim_cur = 3;
    assert_int_equal(prlimit(pid, RLIMIT_NOFILE, &none, NULL), 0);
    for (uint32_t session = 1; session <= 3; session++) {
        connection.u.connection.session = session;
        assert_int_equal(ipc_send(ends[0], &connection, f->tls.listener), IPC_OK);
        await_message(ends[0], IPC_OUTCOME, &message);
        assert_int_equal(message.u.outcome.session, session);
        assert_int_equal(message.u.outcome.outcome, IPC_SESSION_REJECTED);
    }
    assert_int_equal(log_count(f, "Could not receive NTS-KE connection : Too many open files"), 1);
    assert_int_equal(prlimit(pid, RLIMIT_NOFILE, &limit, NULL), 0);
    connection.u.connection.session = 4;
    assert_int_equal(ipc_send(ends[0], &connection, f->tls.listener), IPC_OK);
    await_message(ends[0], IPC_OUTCOME, &message);
    assert_int_equal(message.u.outcome.session, 4);
    assert_int_not_equal(message.u.outcome.outcome, IPC_SESSION_REJECTED);
    assert_int_equal(ipc_receive(ends[0], IPC_HELPER, &message, &fd), IPC_AGAIN);
    close(ends[0]);
    assert_int_equal(waitpid(pid, &status, 0), pid);
    assert_int_equal(WEXITSTATUS(status), HELPER_EXIT_DONE);
}

/* ... and where the channel of a new helper goes: a later one is taken in. */
static void lack_of_descriptors_does_not_end_the_service(void **state)
{
    struct fixture *f = *state;
    struct rlimit limit;
    int taken[64], count_taken = 0;
    pid_t pids[2];

    /* valgrind applies limits itself, and not to descriptors that come in messages. */
    if (getenv("TEST_WRAPPER"))
        skip();
    start_server(f, 2);
    assert_int_equal(helper_pool_pids(ke_server_pool(f->server), pids, 2), 2);
    assert_int_equal(getrlimit(RLIMIT_NOFILE, &limit), 0);
    struct rlimit none = limit;
    none.rlim_cur = 64;
    assert_int_equal(setrlimit(RLIMIT_NOFILE, &none), 0);
    /* The one of the dead helper's channel is taken before the next helper is there. */
    kill(f->fork_server, SIGSTOP);
    kill(pids[0], SIGKILL);
    run_for(f, 0.1);
    for (int fd; (fd = dup(f->tls.listener)) >= 0;)
        taken[count_taken++] = fd;
    kill(f->fork_server, SIGCONT);
    run_for(f, 0.5);
    while (count_taken > 0)
        close(taken[--count_taken]);
    assert_int_equal(setrlimit(RLIMIT_NOFILE, &limit), 0);
    assert_int_equal(log_count(f, "Could not receive channel of NTS-KE helper : Too many"), 1);
    assert_true(establish(f));
    assert_true(tls_fixture_run(&f->tls, both_helpers_are_there, f, 20.0));
    assert_int_equal(f->lost, 0);
    assert_true(establish(f));
}

/* Nobody reads the orders: none is lost, and they come in their order. */
static void orders_wait_for_room(void **state)
{
    struct fixture *f = *state;
    const struct fork_server_events events = {.lost = count_loss, .arg = f};
    const uint32_t count = 3000;
    uint32_t expected = 1;
    uint8_t order[8];
    int ends[2];

    assert_true(ipc_pair(ends));
    struct fork_server *handle = fork_server_connect(ends[0], 0);
    fork_server_attach(handle, f->tls.loop, &events);
    for (uint32_t i = 1; i <= count; i++)
        fork_server_kill(handle, (pid_t)i);
    fork_server_order(handle, IPC_ORDER_NEW);
    for (int rounds = 0; expected <= count && rounds < 1000; rounds++) {
        ssize_t n;

        while (expected <= count && (n = recv(ends[1], order, sizeof(order), 0)) > 0) {
            assert_int_equal(n, IPC_KILL_SIZE);
            assert_int_equal(order[0], IPC_ORDER_KILL);
            assert_int_equal(order[3] << 8 | order[4], expected);
            expected++;
        }
        run_for(f, 0.05);
    }
    assert_int_equal(expected, count + 1);
    assert_int_equal(recv(ends[1], order, sizeof(order), 0), 1);
    assert_int_equal(order[0], IPC_ORDER_NEW);
    fork_server_free(handle);
    close(ends[1]);
}

struct releases {
    int released, ended;
};

static void on_release(int fd, void *arg)
{
    assert_true(fd > 2);
    ((struct releases *)arg)->released++;
}

static void on_ended(uint32_t session, enum ipc_outcome outcome, void *arg)
{
    ((struct releases *)arg)->ended++;
}

/* A helper that does not read for a while, with a short queue: connections wait, and are closed when
   they were sent; what does not fit any more is refused. */
static void connections_wait_for_room(void **state)
{
    struct fixture *f = *state;
    struct ipc_message new_helper = {.type = IPC_HELPER_NEW,
                                     .u.helper = {.generation = 1, .number = 1, .pid = 4242}};
    const struct ipc_message ready = {.type = IPC_READY};
    struct releases releases = {0};
    const struct helper_pool_events events = {
        .ended = on_ended, .release = on_release, .arg = &releases};
    struct ip_port peer = {.addr = ip_addr_loopback(IP_V4), .port = 1};
    int orders[2], channel[2], fd, size = 1, sent = 0, kept = 0, received = 0;
    struct ipc_message message;
    char error[256];

    assert_true(ipc_pair(orders));
    assert_true(ipc_pair(channel));
    assert_int_equal(setsockopt(channel[0], SOL_SOCKET, SO_SNDBUF, &size, sizeof(size)), 0);
    assert_int_equal(ipc_send(orders[1], &new_helper, channel[0]), IPC_OK);
    close(channel[0]);
    assert_int_equal(ipc_send(channel[1], &ready, -1), IPC_OK);
    struct fork_server *handle = fork_server_connect(orders[0], 0);
    struct helper_pool *pool = helper_pool_new(handle, 1, 1000);
    fork_server_set_pool(handle, pool);
    assert_true(helper_pool_await_first(pool, error, sizeof(error)));
    helper_pool_attach(pool, f->tls.loop, &events);

    enum helper_pool_result result;
    for (uint32_t i = 0;
         (result = helper_pool_pass(pool, i, f->tls.listener, &peer, &f->key)) != HELPER_POOL_FULL;
         i++) {
        assert_true(result == HELPER_POOL_OK || (result == HELPER_POOL_KEPT && sent > 0));
        assert_true(result == HELPER_POOL_KEPT || kept == 0);
        *(result == HELPER_POOL_OK ? &sent : &kept) += 1;
        assert_true(i < 1000);
    }
    assert_true(kept > 3);
    run_for(f, 0.1);
    assert_int_equal(releases.released, 0);
    for (int rounds = 0; received < sent + kept - 2 && rounds < 1000; rounds++) {
        while (received < sent + kept - 2 &&
               ipc_receive(channel[1], IPC_MAIN, &message, &fd) == IPC_OK) {
            assert_int_equal(message.type, IPC_CONNECTION);
            assert_int_equal(message.u.connection.session, received);
            close(fd);
            received++;
        }
        run_for(f, 0.03);
    }
    assert_int_equal(received, sent + kept - 2);
    /* The helper ends, and with it all of its connections. */
    close(channel[1]);
    run_for(f, 0.1);
    assert_int_equal(releases.released, kept);
    assert_int_equal(releases.ended, sent + kept);
    fork_server_free(handle);
    close(orders[1]);
}

/* A main process that was taken over may order what it wants. */
static void generations_are_limited(void **state)
{
    struct fixture *f = *state;
    struct ipc_message message;
    int ends[2], fd, refused = 0, helpers = 0, status;

    f->tls.conf.nts_server.processes = 2;
    assert_true(ipc_pair(ends));
    pid_t pid = fork();
    if (pid == 0) {
        close(ends[0]);
        fork_server_run(&f->spec, ends[1]);
        _exit(0);
    }
    close(ends[1]);
    for (int i = 0; i < 100; i++) {
        assert_int_equal(send(ends[0], "n", 1, 0), 1);
        assert_int_equal(send(ends[0], "x", 1, 0), 1);
        for (int n = 0; n < 2; n++) {
            while (ipc_receive(ends[0], IPC_FORK_SERVER, &message, &fd) == IPC_AGAIN)
                usleep(1000);
            if (message.type == IPC_FILES) {
                assert_int_equal(message.u.files.generation, i + 1);
                n--;
                continue;
            }
            if (message.type == IPC_REFUSED) {
                assert_int_equal(message.u.refused.generation, i + 1);
                refused++;
                break;
            }
            assert_int_equal(message.type, IPC_HELPER_NEW);
            assert_int_equal(message.u.helper.generation, i + 1);
            helpers++;
            close(fd);
        }
    }
    /* A slow machine may take long enough for some more of them. */
    assert_true(helpers >= 2 && refused >= 50);
    close(ends[0]);
    assert_int_equal(waitpid(pid, &status, 0), pid);
}

/* What was refused is done later, without a word. */
static void renewals_in_a_row_are_all_done(void **state)
{
    struct fixture *f = *state;
    struct generation g = {f, 0};

    start_server(f, 1);
    for (int i = 0; i < 12; i++) {
        g.wanted = helper_pool_generation(ke_server_pool(f->server)) + 1;
        ke_server_rekey(f->server);
        f->tls.clock_offset += 3.0;
        assert_true(tls_fixture_run(&f->tls, generation_is_there, &g, 20.0));
    }
    assert_true(establish(f));
    assert_int_equal(log_count(f, "read certificates and keys again"), 12);
    assert_int_equal(log_count(f, "\n"), 12);
}

static void certificates_in_use_can_be_renewed_in_the_main_process(void **state)
{
    struct fixture *f = *state;

    start_server(f, 0);
    unlink(f->tls.cert_files[0]);
    ke_server_rekey(f->server);
    assert_true(tls_fixture_log_has(&f->tls, "old certificate and key stay in use"));
    assert_true(establish(f));
    test_cert_write(f->tls.cert_files[0], (const struct test_cert *[]){&f->tls.leaf}, 1);
    ke_server_rekey(f->server);
    assert_true(tls_fixture_log_has(&f->tls, "Read NTS server certificates and keys again"));
    assert_true(establish(f));
}

/* Whether somebody listens on the NTS-KE port. */
static bool port_is_open(const struct fixture *f)
{
    struct sockaddr_in sa = {.sin_family = AF_INET,
                             .sin_addr.s_addr = htonl(INADDR_LOOPBACK),
                             .sin_port = htons(f->tls.port)};
    int fd = socket(AF_INET, SOCK_STREAM, 0);
    int r = connect(fd, (struct sockaddr *)&sa, sizeof(sa));

    assert_true(r == 0 || errno == ECONNREFUSED);
    close(fd);
    return r == 0;
}

static bool port_opens(void *arg)
{
    return port_is_open(arg);
}

static void helpers_start_as_soon_as_files_are_mended(void **state)
{
    struct fixture *f = *state;
    struct generation second = {f, 2};

    unlink(f->tls.cert_files[0]);
    start_server(f, 2);
    assert_int_equal(log_count(f,
                               "/server.crt: No such file or directory); there is no NTS-KE until "
                               "this is mended\n"),
                     1);
    assert_int_equal(log_count(f, "\n"), 1);
    assert_false(port_is_open(f));
    assert_int_equal(helper_pool_generation(ke_server_pool(f->server)), 0);
    run_for(f, 0.1);
    test_cert_write(f->tls.cert_files[0], (const struct test_cert *[]){&f->tls.leaf}, 1);
    run_for(f, 0.1);
    assert_false(port_is_open(f));
    assert_int_equal(f->rekeyed, 0);
    assert_int_equal(ke_server_rekey(f->server), KE_REKEY_LATER);
    assert_true(tls_fixture_run(&f->tls, generation_is_there, &second, 10.0));
    assert_int_equal(f->rekeyed, 1);
    assert_true(f->rekeyed_ok);
    assert_true(establish(f));
    /* The fork server says so when it is told of the adoption, which nobody waits for. */
    await_log(f, "can be used now");
    assert_int_equal(log_count(f, "\n"), 2);
}

static int fail_to_run(const struct helper_spec *spec, const struct helper_identity *identity,
                       struct server_files *files, int channel)
{
    const struct fixture *f = spec->sandbox.arg;

    if (access(f->tls.key_files[0], X_OK) == 0)
        return HELPER_EXIT_FATAL;
    return helper_run(spec, identity, files, channel);
}

/* With good files nothing but time can mend it: it is tried again, and an order is an order. */
static void helpers_that_cannot_start_are_tried_again(void **state)
{
    struct fixture *f = *state;
    struct generation fourth = {f, 4};

    f->spec.run_helper = fail_to_run;
    unlink(f->tls.cert_files[0]);
    start_server(f, 1);
    chmod(f->tls.key_files[0], 0700);
    test_cert_write(f->tls.cert_files[0], (const struct test_cert *[]){&f->tls.leaf}, 1);
    assert_int_equal(ke_server_rekey(f->server), KE_REKEY_LATER);
    await_log(f, "NTS-KE helpers failed; there is no NTS-KE\n");
    assert_false(f->rekeyed_ok);
    assert_int_equal(ke_server_rekey(f->server), KE_REKEY_LATER);
    while (f->rekeyed < 2)
        run_for(f, 0.05);
    assert_int_equal(log_count(f, "NTS-KE helpers failed; there is no NTS-KE\n"), 2);
    chmod(f->tls.key_files[0], 0600);
    run_for(f, 0.1);
    assert_int_equal(helper_pool_generation(ke_server_pool(f->server)), 0);
    f->tls.clock_offset += 60.0;
    assert_true(tls_fixture_run(&f->tls, generation_is_there, &fourth, 10.0));
    assert_true(establish(f));
}

/* A helper parses what it was given when it has no rights any more, and so does what checks files. */
static void files_are_parsed_without_rights(void **state)
{
    struct fixture *f = *state;
    FILE *file = fopen(f->tls.cert_files[0], "w");

    fputs("garbage\n", file);
    fclose(file);
    f->spec.sandbox.drop = say_dropped;
    f->spec.sandbox.load_filter = say_filtered;
    start_server(f, 1);
    char *log = tls_fixture_log(&f->tls);
    const char *dropped = strstr(log, "rights dropped"), *filtered = strstr(log, "filter loaded");
    const char *reason = strstr(log, "no certificate in PEM format");
    assert_non_null(dropped);
    assert_non_null(filtered);
    assert_non_null(reason);
    assert_true(dropped < filtered && filtered < reason);
    free(log);
    test_cert_write(f->tls.cert_files[0], (const struct test_cert *[]){&f->tls.leaf}, 1);
    ke_server_rekey(f->server);
    struct generation second = {f, 2};
    assert_true(tls_fixture_run(&f->tls, generation_is_there, &second, 10.0));
    /* One for each check, one for the helper. */
    assert_int_equal(log_count(f, "rights dropped"), 3);
    assert_int_equal(log_count(f, "filter loaded"), 3);
}

static void failed_handshakes_are_counted(void **state)
{
    struct fixture *f = *state;
    const struct tls_peer bad_name = {.alpn = "ntske/1", .server_name = "not_a_host"};
    const struct tls_peer old = {.alpn = "ntske/1", .priority = "NORMAL:-VERS-ALL:+VERS-TLS1.2"};

    if (log_lowest() != LOG_SEV_DEBUG)
        skip();
    log_set_threshold(LOG_SEV_DEBUG);
    for (int processes = 0; processes < 2; processes++) {
        tls_fixture_clear_log(&f->tls);
        start_server(f, processes);
        pid_t pid = tls_peer_client(&f->tls, &bad_name);
        await_log(f, "failed so far: 1 (server name refused), 0 (nothing in common), 0 (refused");
        waitpid(pid, NULL, 0);
        pid = tls_peer_client(&f->tls, &old);
        await_log(f, "failed so far: 1 (server name refused), 1 (nothing in common), 0 (refused");
        waitpid(pid, NULL, 0);
        end_server(f);
    }
    log_set_threshold(LOG_SEV_INFO);
}

static bool was_rekeyed(void *arg)
{
    return ((struct fixture *)arg)->rekeyed > 0;
}

static void end_of_a_renewal_is_reported(void **state)
{
    struct fixture *f = *state;

    start_server(f, 1);
    for (int bad = 0; bad < 2; bad++) {
        if (bad)
            unlink(f->tls.key_files[0]);
        f->rekeyed = 0;
        assert_int_equal(ke_server_rekey(f->server), KE_REKEY_LATER);
        assert_int_equal(f->rekeyed, 0);
        assert_true(tls_fixture_run(&f->tls, was_rekeyed, f, 10.0));
        assert_int_equal(f->rekeyed_ok, !bad);
        run_for(f, 0.1);
        assert_int_equal(f->rekeyed, 1);
    }
    /* Two in a row end once. */
    f->rekeyed = 0;
    ke_server_rekey(f->server);
    ke_server_rekey(f->server);
    assert_true(tls_fixture_run(&f->tls, was_rekeyed, f, 10.0));
    run_for(f, 0.2);
    assert_int_equal(f->rekeyed, 1);
}

static void main_process_serves_as_soon_as_files_are_mended(void **state)
{
    struct fixture *f = *state;

    unlink(f->tls.cert_files[0]);
    start_server(f, 0);
    assert_false(port_is_open(f));
    assert_int_equal(log_count(f, "; there is no NTS-KE until this is mended"), 1);
    run_for(f, 0.1);
    test_cert_write(f->tls.cert_files[0], (const struct test_cert *[]){&f->tls.leaf}, 1);
    run_for(f, 0.1);
    assert_false(port_is_open(f));
    f->tls.clock_offset += 10.0;
    assert_true(tls_fixture_run(&f->tls, port_opens, f, 5.0));
    assert_true(establish(f));
    assert_int_equal(log_count(f, "can be used now"), 1);
    assert_int_equal(log_count(f, "\n"), 2);
}

/* In the process that judges the files, which one of them has taken over: it says that they are good,
   and does not end. */
static void approve_and_hang(void *arg)
{
    const struct ipc_message good = {.type = IPC_READY};
    char name[16];

    prctl(PR_GET_NAME, name);
    if (strcmp(name, "chronyd-certs") != 0)
        return;
    for (int fd = 3; fd < 256; fd++)
        ipc_send(fd, &good, -1);
    for (;;)
        pause();
}

static void nobody_waits_for_who_judged_the_files(void **state)
{
    struct fixture *f = *state;

    f->spec.sandbox.load_filter = approve_and_hang;
    start_server(f, 1);
    assert_true(establish(f));
    for (int i = 0; i < 2 * FORK_SERVER_SILENCE; i++) {
        f->tls.clock_offset += FORK_SERVER_PING;
        run_for(f, 0.1);
    }
    assert_int_equal(f->lost, 0);
}

/* ---- Dates of certificates ---- */

static void states_of_a_certificate(void **state)
{
    const struct tls_certificate_dates dates = {.file = "a.crt",
                                                .subject = "CN=a",
                                                .not_before = 1000000000,
                                                .not_after = 1000000000 + 30 * TEST_DAY};
    const int64_t end = dates.not_after;
    char text[256];

    assert_int_equal(certificate_state(&dates, 999999999), CERTIFICATE_NOT_YET);
    assert_int_equal(certificate_state(&dates, 1000000000), CERTIFICATE_VALID);
    assert_int_equal(certificate_state(&dates, end - 21 * TEST_DAY - 1), CERTIFICATE_VALID);
    assert_int_equal(certificate_state(&dates, end - 21 * TEST_DAY), CERTIFICATE_21_DAYS);
    assert_int_equal(certificate_state(&dates, end - 7 * TEST_DAY), CERTIFICATE_7_DAYS);
    assert_int_equal(certificate_state(&dates, end - TEST_DAY), CERTIFICATE_1_DAY);
    assert_int_equal(certificate_state(&dates, end), CERTIFICATE_1_DAY);
    assert_int_equal(certificate_state(&dates, end + 1), CERTIFICATE_EXPIRED);
    assert_false(certificate_describe(&dates, CERTIFICATE_VALID, text, sizeof(text)));
    assert_true(certificate_describe(&dates, CERTIFICATE_1_DAY, text, sizeof(text)));
    assert_string_equal(text, "Certificate in a.crt (CN=a) expires within 1 day "
                              "(at 2001-10-09 01:46:40 UTC)");
    assert_true(certificate_describe(&dates, CERTIFICATE_EXPIRED, text, sizeof(text)));
    assert_string_equal(text, "Certificate in a.crt (CN=a) has expired "
                              "(from 2001-09-09 01:46:40 to 2001-10-09 01:46:40 UTC)");
}

static void each_limit_is_reported_once(void **state)
{
    struct fixture *f = *state;
    char error[TLS_ERROR_SIZE];
    struct tls_credentials *credentials = tls_fixture_credentials(&f->tls, error);
    struct tls_certificate_dates dates;

    assert_non_null(credentials);
    assert_true(tls_credentials_dates(credentials, 0, &dates));
    assert_string_equal(dates.file, f->tls.cert_files[0]);
    assert_false(tls_credentials_dates(credentials, 1, &dates));
    struct certificate_watch *watch = certificate_watch_new(credentials, false);
    for (int64_t t = dates.not_after - 30 * TEST_DAY; t < dates.not_after + 3 * TEST_DAY; t += 3600)
        certificate_watch_check(watch, t);
    assert_int_equal(log_count(f, "expires within 21 days"), 1);
    assert_int_equal(log_count(f, "expires within 7 days"), 1);
    assert_int_equal(log_count(f, "expires within 1 day "), 1);
    assert_int_equal(log_count(f, "has expired"), 1);
    assert_int_equal(log_count(f, "\n"), 4);
    certificate_watch_free(watch);
    tls_credentials_unref(credentials);
}

static void expired_certificate_is_reported_at_the_start_and_served(void **state)
{
    struct fixture *f = *state;
    const int64_t now = client_now(f);
    const struct test_cert_spec expired = {.cn = "expired",
                                           .dns = "ntp.test.example",
                                           .from = now - 3 * TEST_DAY,
                                           .to = now - TEST_DAY};

    tls_fixture_new_leaf(&f->tls, &expired);
    f->tls.conf.nts_trust.no_cert_time_check = 2;
    start_server(f, 2);
    assert_int_equal(log_count(f, "has expired (from "), 1);
    assert_true(establish(f));
}

static void helper_that_does_not_answer_is_replaced(void **state)
{
    struct fixture *f = *state;

    start_server(f, 1);
    pid_t pid = only_helper(f);
    kill(pid, SIGSTOP);
    connect_idle(f);
    run_for(f, 0.1);
    let_time_pass(f, 30.0);
    assert_true(tls_fixture_run(&f->tls, process_is_gone, &pid, 10.0));
    assert_true(establish(f));
    assert_int_equal(log_count(f, "does not answer"), 1);
}

static void old_helper_that_does_not_end_is_killed(void **state)
{
    struct fixture *f = *state;

    start_server(f, 1);
    pid_t pid = only_helper(f);
    kill(pid, SIGSTOP);
    ke_server_rekey(f->server);
    await_log(f, "NTS-KE helpers read certificates and keys again");
    assert_true(establish(f));
    assert_false(process_is_gone(&pid));
    let_time_pass(f, 30.0);
    assert_true(tls_fixture_run(&f->tls, process_is_gone, &pid, 10.0));
    assert_true(establish(f));
}

static bool same_client(const char *a, const char *b)
{
    struct ip_addr addr_a, addr_b;

    assert_true(ip_addr_parse(a, &addr_a) && ip_addr_parse(b, &addr_b));
    return ke_connections_same_client(&addr_a, &addr_b);
}

static void an_ipv6_network_is_one_client(void **state)
{
    assert_true(same_client("2001:db8:1:2::1", "2001:db8:1:2:ffff:ffff:ffff:ffff"));
    assert_false(same_client("2001:db8:1:2::1", "2001:db8:1:3::1"));
    assert_true(same_client("192.0.2.1", "192.0.2.1"));
    assert_false(same_client("192.0.2.1", "192.0.2.2"));
    assert_false(same_client("0.0.0.1", "::1"));
}

#define TEST(function) cmocka_unit_test_setup_teardown(function, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(helpers_serve_with_the_current_key),
        TEST(sessions_in_the_main_process),
        TEST(access_and_rate_limit_come_first),
        TEST(killed_helper_is_replaced_and_nobody_is_lost),
        TEST(others_serve_while_one_is_restarted),
        TEST(new_generation_serves_the_new_certificate),
        TEST(bad_files_keep_the_old_generation),
        TEST(orders_during_a_start_are_remembered),
        TEST(helper_is_replaced_while_files_are_bad),
        TEST(fork_server_cannot_be_traced),
        TEST(helpers_start_as_soon_as_files_are_mended),
        TEST(helpers_that_cannot_start_are_tried_again),
        TEST(files_are_parsed_without_rights),
        TEST(end_of_a_renewal_is_reported),
        TEST(failed_handshakes_are_counted),
        TEST(one_address_gets_a_quarter),
        cmocka_unit_test(an_ipv6_network_is_one_client),
        TEST(connections_wait_for_a_busy_helper),
        TEST(sessions_of_a_dead_helper_do_not_count),
        TEST(processes_end_with_the_server),
        TEST(death_of_the_fork_server_is_reported),
        TEST(silent_fork_server_is_reported),
        TEST(sleep_is_no_silence),
        TEST(sleep_is_no_silence_of_helpers),
        TEST(nobody_waits_for_who_judged_the_files),
        TEST(helper_without_descriptors_loses_one_connection),
        TEST(lack_of_descriptors_does_not_end_the_service),
        TEST(orders_wait_for_room),
        TEST(connections_wait_for_room),
        TEST(generations_are_limited),
        TEST(renewals_in_a_row_are_all_done),
        TEST(helper_ends_on_an_invalid_request),
        TEST(lying_helper_is_cut_off),
        TEST(helper_that_does_not_answer_is_replaced),
        TEST(old_helper_that_does_not_end_is_killed),
        TEST(certificates_in_use_can_be_renewed_in_the_main_process),
        TEST(main_process_serves_as_soon_as_files_are_mended),
        cmocka_unit_test(states_of_a_certificate),
        TEST(each_limit_is_reported_once),
        TEST(expired_certificate_is_reported_at_the_start_and_served),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
