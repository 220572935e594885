/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The NTS-KE server for tests; see ke_server.h.
 */
#include "test/unit/support/ke_server.h"
#include "test/unit/support/unit.h"
#include <errno.h>
#include <netinet/in.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>
#include "nts/cookie.h"

/* ---- What the daemon gives ---- */

static bool is_allowed(const struct ip_addr *addr, void *arg)
{
    assert_true(ip_addr_is_loopback(addr) || (addr->family == IP_V4 && addr->u.v4[0] == 127));
    return !((struct ke_fixture *)arg)->denied;
}

static bool count(const struct ip_addr *addr, void *arg)
{
    struct ke_fixture *f = arg;

    f->counted++;
    return !f->limited;
}

static const struct nts_server_key *current_key(void *arg)
{
    return &((struct ke_fixture *)arg)->key;
}

int64_t ke_fixture_now(void *arg)
{
    return world_raw_now(((struct ke_fixture *)arg)->tls.linux).i.sec;
}

static int client_updates(void *arg)
{
    return 1;
}

static void on_rekeyed(bool ok, void *arg)
{
    struct ke_fixture *f = arg;

    f->rekeyed++;
    f->rekeyed_ok = ok;
}

/* ---- Fixture ---- */

int ke_fixture_set_up(void **state)
{
    struct ke_fixture *f = calloc(1, sizeof(*f));
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
    f->sandbox = (struct sandbox){
        .uid = getuid(), .gid = getgid(), .resolve_uid = getuid(), .resolve_gid = getgid()};
    f->spec = (struct ke_helper_spec){
        .world = f->tls.linux,
        .sandbox = &f->sandbox,
        .conf = &f->tls.conf.nts_server,
        .ntp_port = (uint16_t)f->tls.conf.sockets.port,
        .aeads = tls_fixture_aeads(),
    };
    f->fork_spec =
        (struct fork_server_spec){.world = f->tls.linux, .sandbox = &f->sandbox, .arg = f};
    f->client_env = (struct ke_client_env){
        .world = &f->tls.world,
        .loop = f->tls.loop,
        .conf = &f->tls.conf.nts_client,
        .bind = &f->tls.conf.sockets.client,
        .aeads = tls_fixture_aeads(),
        .now = ke_fixture_now,
        .clock_updates = client_updates,
        .arg = f,
    };
    *state = f;
    return 0;
}

void ke_fixture_end(struct ke_fixture *f)
{
    int status;

    ke_listener_free(f->listener);
    f->listener = NULL;
    fork_server_free(f->handle);
    f->handle = NULL;
    ke_helper_role_free(f->role);
    f->role = NULL;
    if (f->fork_server > 0) {
        assert_int_equal(waitpid(f->fork_server, &status, 0), f->fork_server);
        assert_true(WIFEXITED(status) || WTERMSIG(status) == SIGKILL);
    }
    f->fork_server = 0;
}

int ke_fixture_tear_down(void **state)
{
    struct ke_fixture *f = *state;

    for (int i = 0; i < f->idle_count; i++)
        close(f->idle[i]);
    ke_client_free(f->client);
    ke_fixture_end(f);
    tls_fixture_free(&f->tls);
    free(f);
    return 0;
}

void ke_fixture_count_loss(void *arg)
{
    ((struct ke_fixture *)arg)->lost++;
}

void ke_fixture_make_role(struct ke_fixture *f, int processes)
{
    f->tls.conf.nts_server.processes = processes;
    f->role = ke_helper_role_new(&f->spec);
}

void ke_fixture_start(struct ke_fixture *f, int processes)
{
    const struct ke_listener_env env = {
        .world = &f->tls.world,
        .loop = f->tls.loop,
        .conf = &f->tls.conf.nts_server,
        .ntp_port = (uint16_t)f->tls.conf.sockets.port,
        .bind = &f->tls.conf.sockets.server,
        .aeads = tls_fixture_aeads(),
        .is_allowed = is_allowed,
        .count = count,
        .current_key = current_key,
        .rekeyed = on_rekeyed,
        .arg = f,
    };
    const struct fork_server_events events = {.lost = ke_fixture_count_loss, .arg = f};
    char error[1024];

    f->tls.conf.nts_server.processes = processes;
    if (processes > 0) {
        if (!f->role)
            ke_fixture_make_role(f, processes);
        f->fork_spec.helpers = f->role;
        f->handle = fork_server_start(&f->fork_spec, error, sizeof(error));
        if (!f->handle)
            fail_msg("%s", error);
        f->fork_server = fork_server_pid(f->handle);
    }
    f->listener = ke_listener_new(&env, f->handle ? fork_server_pool(f->handle) : NULL);
    assert_non_null(f->listener);
    if (f->handle)
        fork_server_attach(f->handle, f->tls.loop, &events);
}

struct helper_pool *ke_fixture_fake_pool(struct ke_fixture *f, struct channel *orders,
                                         struct channel *helper, int max_sessions,
                                         const struct helper_pool_events *events)
{
    const struct ipc_message new_helper = {.type = IPC_HELPER_NEW,
                                           .u.helper = {.generation = 1, .number = 1, .pid = 4242}};
    const struct ipc_message ready = {.type = IPC_READY};
    int order_ends[2], helper_ends[2], size = 1;
    char error[256];

    assert_true(channel_pair(order_ends));
    assert_true(channel_pair(helper_ends));
    *orders = channel_make(order_ends[1], IPC_SUPERVISOR, 0);
    *helper = channel_make(helper_ends[1], IPC_DISPATCHER, 0);
    assert_int_equal(setsockopt(helper_ends[0], SOL_SOCKET, SO_SNDBUF, &size, sizeof(size)), 0);
    assert_int_equal(channel_send(orders, &new_helper, helper_ends[0]), CHANNEL_OK);
    close(helper_ends[0]);
    assert_int_equal(channel_send(helper, &ready, -1), CHANNEL_OK);
    f->tls.conf.nts_server.max_connections = max_sessions;
    ke_fixture_make_role(f, 1);
    f->handle = fork_server_connect(order_ends[0], 0);
    struct helper_pool *pool = helper_pool_new(f->handle, f->role);
    fork_server_set_pool(f->handle, pool);
    assert_true(helper_pool_await_first(pool, error, sizeof(error)));
    helper_pool_attach(pool, f->tls.loop, events);
    return pool;
}

/* ---- Clients ---- */

static bool client_is_done(void *arg)
{
    return !ke_client_is_active(((struct ke_fixture *)arg)->client);
}

/* A whole session; true: it gave keys, and the cookies are of the current key. */
bool ke_fixture_establish(struct ke_fixture *f)
{
    struct ip_port address = {.addr = ip_addr_loopback(IP_V4), .port = f->tls.port};
    struct nts_server_key keys[NTS_SERVER_KEYS] = {{0}};
    struct nts_context context;
    struct ke_result result;
    struct ke_failure failure;

    f->client = ke_client_start(&f->client_env, &address, "ntp.test.example", 0, &failure);
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

int ke_fixture_connect(struct ke_fixture *f)
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
int ke_fixture_connect_from(struct ke_fixture *f, int number)
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

void ke_fixture_run_for(struct ke_fixture *f, double seconds)
{
    tls_fixture_run(&f->tls, never, NULL, seconds);
}

/* Seconds, as they pass for a daemon that runs: little by little. */
void ke_fixture_let_time_pass(struct ke_fixture *f, double seconds)
{
    for (double passed = 0.0; passed <= seconds; passed += 2.5) {
        f->tls.clock_offset += 2.5;
        ke_fixture_run_for(f, 0.02);
    }
}

/* The other side has closed it. */
bool ke_fixture_is_closed(int fd)
{
    char octet;
    ssize_t n = recv(fd, &octet, 1, MSG_DONTWAIT);

    return n == 0 || (n < 0 && errno == ECONNRESET);
}

pid_t ke_fixture_only_helper(struct ke_fixture *f)
{
    pid_t pids[8];

    return helper_pool_pids(ke_listener_pool(f->listener), pids, 8) == 1 ? pids[0] : 0;
}

bool ke_fixture_has_generation(void *arg)
{
    const struct ke_generation *g = arg;

    return helper_pool_generation(ke_listener_pool(g->f->listener)) >= g->wanted;
}

struct log_text {
    struct ke_fixture *f;
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

void ke_fixture_await_log(struct ke_fixture *f, const char *text)
{
    struct log_text t = {f, text};

    if (!tls_fixture_run(&f->tls, log_has, &t, 20.0))
        assert_true(tls_fixture_log_has(&f->tls, text));
}

int ke_fixture_log_count(struct ke_fixture *f, const char *text)
{
    char *log = tls_fixture_log(&f->tls);
    int n = 0;

    for (const char *p = log; (p = strstr(p, text)); p++)
        n++;
    free(log);
    return n;
}

bool ke_fixture_process_is_gone(void *arg)
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

bool ke_fixture_has_new_helper(void *arg)
{
    const struct ke_generation *g = arg;
    pid_t pid = ke_fixture_only_helper(g->f);

    return pid > 0 && (uint32_t)pid != g->wanted;
}

/* Whether somebody listens on the NTS-KE port. */
bool ke_fixture_port_is_open(const struct ke_fixture *f)
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

bool ke_fixture_port_opens(void *arg)
{
    return ke_fixture_port_is_open(arg);
}
