/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Accepting NTS-KE connections in the main process; see ke_listener.h. Every accepted connection
 * has an entry here until its session ends, wherever it runs, so that one client address cannot
 * hold more than its share. It never waits for a client or for a helper.
 */
#include "nts/ke_listener.h"
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include "base/log.h"
#include "base/text.h"
#include "nts/ke_connections.h"
#include "nts/ke_credentials.h"
#include "nts/ke_sessions.h"
#include "process/helper_pool.h"

#define FAMILIES     2
#define ACCEPT_PAUSE 0.5 /* seconds without descriptors */
#define MAX_BACKLOG  65535

struct ke_listener {
    struct ke_listener_env env;
    struct helper_pool *pool; /* of the fork server; NULL: sessions run in this process */
    struct ke_sessions *sessions;
    struct ke_credentials *credentials; /* of these sessions */
    timer_id pause_timer;
    int listeners[FAMILIES];
    int listener_count;
    bool is_closed; /* a socket could not be opened */
    bool lacking;   /* descriptors or memory for connections, which was logged */
    bool started;   /* from now on a socket that cannot be opened is not fatal */
    bool has_certificates;
    struct mono_time certificates_at; /* when those in use were read */
    struct ke_connections *connections;
    unsigned int ends[KE_ENDS]; /* of sessions, by reason */
};

int ke_listener_address_limit(int max_connections)
{
    return max_connections / 4 > 1 ? max_connections / 4 : 1;
}

/* ---- Connections ---- */

static bool is_over_limit(const struct ke_listener *s, const struct ip_addr *addr)
{
    return ke_connections_of_client(s->connections, addr) >=
           ke_listener_address_limit(s->env.conf->max_connections);
}

/* Anybody can make handshakes fail, so these are debug messages. Their numbers show an
   administrator whether the certificate or the clients are the cause. */
static void report_failures(const struct ke_listener *s)
{
    LOG_DEBUG(
        "TLS handshakes that failed so far: %u (server name refused), %u (nothing in common), "
        "%u (refused by clients)",
        s->ends[KE_END_BAD_NAME], s->ends[KE_END_NO_MATCH], s->ends[KE_END_REFUSED]);
}

static void on_session_ended(uint32_t id, enum ke_end end, void *arg)
{
    struct ke_listener *s = arg;

    s->ends[end]++;
    LOG_DEBUG("NTS-KE session %u ended (%s)", (unsigned int)id, ke_end_text(end));
    if (end == KE_END_BAD_NAME || end == KE_END_NO_MATCH || end == KE_END_REFUSED)
        report_failures(s);
    ke_connections_remove(s->connections, id);
}

unsigned int ke_listener_ends(const struct ke_listener *listener, enum ke_end end)
{
    return listener->ends[end];
}

static void fill_in(struct report_certificate *report, const char *file, int64_t not_before,
                    int64_t not_after)
{
    text_copy(report->file, sizeof(report->file), file);
    report->not_before = instant_make(not_before, 0);
    report->not_after = instant_make(not_after, 0);
}

bool ke_listener_report_certificate(const struct ke_listener *listener, size_t number,
                                    struct report_certificate *report)
{
    struct tls_certificate_dates dates;

    if (listener->pool) {
        const struct ipc_certificate *c = helper_pool_certificate(listener->pool, number);

        if (c)
            fill_in(report, c->file, c->not_before, c->not_after);
        return c != NULL;
    }
    if (!ke_credentials_dates(listener->credentials, number, &dates))
        return false;
    fill_in(report, dates.file, dates.not_before, dates.not_after);
    return true;
}

/* A connection that waited for room in a helper's queue was passed on, or its helper has ended. */
static void on_socket_released(int fd, void *arg)
{
    const struct ke_listener *s = arg;

    s->env.world->ops->socket_close(s->env.world->ctx, fd);
}

/* ---- Accepting (nts.md 15.2) ---- */

static void set_listening(struct ke_listener *s, bool on)
{
    for (int i = 0; i < s->listener_count; i++)
        loop_fd_set_events(s->env.loop, s->listeners[i], on ? WORLD_READ : 0);
}

static void on_pause_end(void *arg)
{
    struct ke_listener *s = arg;

    s->pause_timer = 0;
    set_listening(s, !s->pool || helper_pool_is_ready(s->pool));
}

static void open_listeners(struct ke_listener *s);

static void note_certificates(struct ke_listener *s)
{
    s->has_certificates = true;
    s->certificates_at = world_mono_now(s->env.world);
}

double ke_listener_certificates_age(const struct ke_listener *listener)
{
    return listener->has_certificates
               ? mono_diff(world_mono_now(listener->env.world), listener->certificates_at)
               : -1.0;
}

static void on_pool_changed(void *arg)
{
    struct ke_listener *s = arg;

    if (helper_pool_generation(s->pool) != 0)
        open_listeners(s);
    if (s->pause_timer == 0)
        set_listening(s, helper_pool_is_ready(s->pool));
}

static void on_pool_renewed(bool ok, void *arg)
{
    struct ke_listener *s = arg;

    if (ok)
        note_certificates(s);
    on_pool_changed(s);
    if (s->env.rekeyed)
        s->env.rekeyed(ok, s->env.arg);
}

static void close_socket(struct ke_listener *s, int fd)
{
    s->env.world->ops->socket_close(s->env.world->ctx, fd);
}

static enum helper_pool_result pass(struct ke_listener *s, uint32_t session, int fd,
                                    const struct ip_port *peer, const struct nts_server_key *key)
{
    struct ipc_message message = {.type = IPC_CONNECTION,
                                  .u.connection = {.session = session,
                                                   .peer = *peer,
                                                   .key_id = key->id,
                                                   .aead = key->aead,
                                                   .key = key->key}};
    enum helper_pool_result result = helper_pool_pass(s->pool, &message, fd);

    secret_wipe(&message.u.connection.key);
    return result;
}

/* Gives the connection to a helper, or starts its session. Returns NULL, or the reason why not. */
static const char *serve(struct ke_listener *s, int fd, const struct ip_port *peer)
{
    const struct nts_server_key *key = s->env.current_key(s->env.arg);
    uint32_t session;

    if (!ke_connections_add(s->connections, &peer->addr, &session)) {
        close_socket(s, fd);
        return "too many connections";
    }
    if (!s->pool) {
        /* It logs the reason. */
        if (!ke_sessions_start(s->sessions, session, fd, peer, key))
            on_session_ended(session, KE_END_REJECTED, s);
        return NULL;
    }
    enum helper_pool_result result = pass(s, session, fd, peer, key);
    if (result == HELPER_POOL_KEPT)
        return NULL;
    close_socket(s, fd);
    if (result == HELPER_POOL_OK)
        return NULL;
    ke_connections_remove(s->connections, session);
    return result == HELPER_POOL_FULL ? "too many connections" : "no helper";
}

static void on_listener(int listener, unsigned int event, void *arg)
{
    struct ke_listener *s = arg;
    const struct ke_listener_env *env = &s->env;
    char text[ADDR_TEXT_SIZE];
    const char *reason = NULL;
    struct ip_port peer;

    if (s->pool) {
        /* Ended sessions make room; without a helper left the connection stays in the backlog. */
        helper_pool_poll(s->pool);
        if (!helper_pool_is_ready(s->pool))
            return;
    }
    int fd = env->world->ops->accept(env->world->ctx, listener, &peer);
    if (fd < 0) {
        if (errno == EMFILE || errno == ENFILE || errno == ENOBUFS || errno == ENOMEM) {
            if (!s->lacking)
                LOG_ERROR("Could not accept NTS-KE connection : %s", text_errno(errno));
            s->lacking = true;
            set_listening(s, false);
            if (s->pause_timer == 0)
                s->pause_timer = loop_timer_add(env->loop, ACCEPT_PAUSE, on_pause_end, s);
        }
        return;
    }
    s->lacking = false;
    if (!env->is_allowed(&peer.addr, env->arg))
        reason = "access denied";
    else if (!env->count(&peer.addr, env->arg))
        reason = "rate limit";
    else if (is_over_limit(s, &peer.addr))
        reason = "too many connections from this address";
    if (reason)
        close_socket(s, fd);
    else
        reason = serve(s, fd, &peer);
    if (reason)
        LOG_DEBUG("Rejected connection from %s (%s)", ip_port_format(&peer, text, sizeof(text)),
                  reason);
}

static void open_listener(struct ke_listener *s, enum ip_family family)
{
    const struct nts_server_conf *conf = s->env.conf;
    const struct world *world = s->env.world;
    const struct ip_addr *bound = family == IP_V6 ? &s->env.bind->v6 : &s->env.bind->v4;
    const struct ip_port local = {
        .addr = ip_addr_is_real(bound) ? *bound : ip_addr_any(family),
        .port = conf->port,
    };
    int64_t processes = conf->processes > 1 ? conf->processes : 1;
    int64_t backlog = processes * conf->max_connections;
    const struct world_socket spec = {
        .type = WORLD_TCP,
        .family = family,
        .local = &local,
        .device = s->env.bind->device,
        .backlog = (int)(backlog < MAX_BACKLOG ? backlog : MAX_BACKLOG),
    };
    char text[ADDR_TEXT_SIZE];

    if (!world->ops->family_enabled(world->ctx, family))
        return;
    int fd = world->ops->socket_open(world->ctx, &spec);
    if (fd < 0 && errno == EADDRINUSE && !s->started)
        LOG_FATAL("Could not open NTS-KE socket on %s : %s",
                  ip_port_format(&local, text, sizeof(text)), text_errno(EADDRINUSE));
    if (fd < 0) {
        int error = errno;
        s->is_closed = true;
        LOG_ERROR("Could not open NTS-KE socket on %s : %s%s",
                  ip_port_format(&local, text, sizeof(text)), text_errno(error),
                  ip_port_bind_hint(&local, error));
        return;
    }
    s->listeners[s->listener_count++] = fd;
    loop_fd_add(s->env.loop, fd, WORLD_READ, on_listener, s);
}

/* Opens the sockets once there is a usable certificate. If none can be opened, it tries again
   with the next generation. */
static void open_listeners(struct ke_listener *s)
{
    if (s->listener_count > 0)
        return;
    s->is_closed = false;
    open_listener(s, IP_V4);
    open_listener(s, IP_V6);
}

/* ---- Sessions in this process (ntsprocesses 0) ---- */

static void use_credentials(struct tls_credentials *credentials, void *arg)
{
    struct ke_listener *s = arg;

    ke_sessions_set_credentials(s->sessions, credentials);
    note_certificates(s);
    open_listeners(s);
}

static void start_sessions(struct ke_listener *s)
{
    const struct ke_sessions_env env = {
        .world = s->env.world,
        .loop = s->env.loop,
        .conf = s->env.conf,
        .ntp_port = s->env.ntp_port,
        .aeads = s->env.aeads,
        .ended = on_session_ended,
        .arg = s,
    };
    const struct ke_credentials_spec spec = {
        .world = s->env.world,
        .loop = s->env.loop,
        .conf = s->env.conf,
        .use = use_credentials,
        .arg = s,
    };

    s->sessions = ke_sessions_new(&env);
    s->credentials = ke_credentials_new(&spec);
}

/* ---- Life ---- */

struct ke_listener *ke_listener_new(const struct ke_listener_env *env, struct helper_pool *pool)
{
    struct ke_listener *s = mem_alloc(sizeof(*s));
    int processes = env->conf->processes > 1 ? env->conf->processes : 1;
    uint32_t seed;

    s->env = *env;
    world_random(env->world, &seed, sizeof(seed));
    /* Room for sessions of two generations, and for connections on the way to helpers. */
    s->connections = ke_connections_new(
        2 * (size_t)processes * ((size_t)env->conf->max_connections + HELPER_POOL_ON_THE_WAY),
        seed);
    if (!pool) {
        start_sessions(s);
    } else {
        const struct helper_pool_events events = {
            .changed = on_pool_changed,
            .ended = on_session_ended,
            .renewed = on_pool_renewed,
            .release = on_socket_released,
            .arg = s,
        };

        s->pool = pool;
        if (helper_pool_generation(pool) != 0) {
            note_certificates(s);
            open_listeners(s);
        }
        helper_pool_attach(s->pool, env->loop, &events);
    }
    s->started = true;
    return s;
}

void ke_listener_free(struct ke_listener *listener)
{
    if (!listener)
        return;
    for (int i = 0; i < listener->listener_count; i++) {
        loop_fd_remove(listener->env.loop, listener->listeners[i]);
        close_socket(listener, listener->listeners[i]);
    }
    loop_timer_cancel(listener->env.loop, listener->pause_timer);
    if (listener->pool)
        helper_pool_detach(listener->pool);
    ke_credentials_free(listener->credentials);
    ke_sessions_free(listener->sessions);
    ke_connections_free(listener->connections);
    free(listener);
}

enum ke_rekey ke_listener_rekey(struct ke_listener *listener)
{
    if (listener->pool)
        return helper_pool_renew(listener->pool) ? KE_REKEY_LATER : KE_REKEY_FAILED;
    return ke_credentials_reload(listener->credentials) ? KE_REKEY_DONE : KE_REKEY_FAILED;
}

struct ke_listener_state ke_listener_state(const struct ke_listener *listener)
{
    struct ke_listener_state state = {.is_closed = listener->is_closed,
                                      .port = (uint16_t)listener->env.conf->port};

    if (listener->pool) {
        const struct helper_pool_state pool = helper_pool_state(listener->pool);

        if (helper_pool_generation(listener->pool) != 0) {
            state.wanted = pool.wanted;
            state.ready = pool.ready;
        }
        state.problem = helper_pool_problem(listener->pool);
    } else {
        state.problem = ke_credentials_problem(listener->credentials);
    }
    return state;
}

struct helper_pool *ke_listener_pool(struct ke_listener *listener)
{
    return listener->pool;
}
