/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The fork server; see fork_server.h for its promise. The first half runs in the new process and has
 * its own small loop: orders, ended children, restarts that are due. The second half is the main
 * process's handle. The fork server reads the octets of certificates and keys, never parses them, and
 * never handles a connection.
 */
#include "nts/fork_server.h"
#include <errno.h>
#include <math.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>
#include "base/log.h"
#include "base/text.h"
#include "base/wire.h"
#include "nts/helper_pool.h"
#include "nts/ipc.h"
#include "nts/server_files.h"
#include "nts/tls_credentials.h"

/* Back-off of restarts: at once after a single crash, then 1 s and doubling. A helper that lived
   for STABLE_TIME starts afresh. */
#define MAX_BACKOFF  64.0
#define STABLE_TIME  60.0
#define SEND_TIMEOUT 5000 /* ms */

struct child {
    pid_t pid;
    uint32_t generation;
    uint16_t number;
    struct mono_time started;
};

/* The helper of one number in the adopted generation. */
struct place {
    bool vacant;
    int failures; /* in a row */
    int last_status;
    bool announced; /* the failure was logged */
    struct mono_time restart_at;
};

struct server {
    const struct helper_spec *spec;
    int channel;
    int helpers;
    uint32_t last_generation;
    uint32_t starting; /* 0: none */
    uint32_t adopted;  /* 0: none */
    /* What the helpers of these generations parse; NULL: none. Those of the adopted one are kept for
       helpers that are started again: the files may be bad by then. */
    struct server_files *starting_files;
    struct server_files *adopted_files;
    struct child *children;
    size_t child_count;
    struct place *places;
    sigset_t wait_mask;
};

/* ---- the new process ---- */

static bool send_waiting(int channel, const struct ipc_message *message, int fd)
{
    struct pollfd p = {.fd = channel, .events = POLLOUT};
    enum ipc_result result = ipc_send(channel, message, fd);

    while (result == IPC_AGAIN) {
        int r = poll(&p, 1, SEND_TIMEOUT);
        if (r == 0 || (r < 0 && errno != EINTR))
            return false;
        result = ipc_send(channel, message, fd);
    }
    return result == IPC_OK;
}

static void set_files(struct server_files **place, struct server_files *files)
{
    server_files_free(*place);
    *place = files;
}

/* In a child: it keeps the files of one generation, or of none. */
static struct server_files *keep_files_of(struct server *s, uint32_t generation)
{
    struct server_files **kept = generation == s->starting ? &s->starting_files : &s->adopted_files;
    struct server_files *files = *kept;

    *kept = NULL;
    set_files(&s->starting_files, NULL);
    set_files(&s->adopted_files, NULL);
    return files;
}

static bool start_helper(struct server *s, uint32_t generation, uint16_t number, bool restarted)
{
    const struct helper_identity identity = {.generation = generation,
                                             .number = number,
                                             .restarted = restarted,
                                             .renewal = generation > 1 && !restarted};
    struct ipc_message message = {.type = IPC_HELPER_NEW};
    int ends[2];
    pid_t pid;

    if (!ipc_pair(ends)) {
        LOG_ERROR("Could not open socket pair : %s", text_errno(errno));
        return false;
    }
    pid = fork();
    if (pid == 0)
        _exit(helper_run(s->spec, &identity, keep_files_of(s, generation), ends[1]));
    close(ends[1]);
    if (pid < 0) {
        LOG_ERROR("fork() failed : %s", text_errno(errno));
        close(ends[0]);
        return false;
    }
    s->children = mem_resize(s->children, s->child_count + 1, sizeof(*s->children));
    s->children[s->child_count++] = (struct child){.pid = pid,
                                                   .generation = generation,
                                                   .number = number,
                                                   .started = world_mono_now(s->spec->world)};
    message.u.helper.generation = generation;
    message.u.helper.number = number;
    message.u.helper.pid = (int32_t)pid;
    /* If the main process does not get it, the helper sees the end of its channel. */
    send_waiting(s->channel, &message, ends[0]);
    close(ends[0]);
    return true;
}

static void kill_generation(struct server *s, uint32_t generation)
{
    for (size_t i = 0; i < s->child_count; i++)
        if (s->children[i].generation == generation)
            s->spec->sandbox.kill(s->children[i].pid, s->spec->sandbox.arg);
}

static void describe_status(int status, char *text, size_t size)
{
    if (WIFSIGNALED(status))
        snprintf(text, size, "killed by signal %d", WTERMSIG(status));
    else if (WEXITSTATUS(status) == HELPER_EXIT_BAD_FILES)
        snprintf(text, size, "certificate or key is bad");
    else
        snprintf(text, size, "exit status %d", WEXITSTATUS(status));
}

/* Ended by the signals of a stop of the whole service, or told so: then a restart is not urgent. */
static bool ended_calmly(int status)
{
    if (!WIFSIGNALED(status))
        return WEXITSTATUS(status) == HELPER_EXIT_DONE;
    return WTERMSIG(status) == SIGTERM || WTERMSIG(status) == SIGINT || WTERMSIG(status) == SIGQUIT;
}

static void plan_restart(struct server *s, const struct child *child, int status)
{
    struct place *place = &s->places[child->number - 1];
    struct mono_time now = world_mono_now(s->spec->world);

    if (mono_diff(now, child->started) >= STABLE_TIME)
        place->failures = 0;
    if (place->failures == 0 || place->last_status != status)
        place->announced = false;
    place->failures++;
    place->last_status = status;
    place->vacant = true;
    double delay = place->failures > 1 || ended_calmly(status)
                       ? fmin(ldexp(1.0, place->failures - 1) / 2.0 + 0.5, MAX_BACKOFF)
                       : 0.0;
    place->restart_at = mono_add(now, delay);
}

static void reap(struct server *s)
{
    int status;
    pid_t pid;

    while ((pid = waitpid(-1, &status, WNOHANG)) > 0) {
        for (size_t i = 0; i < s->child_count; i++) {
            struct child child = s->children[i];
            if (child.pid != pid)
                continue;
            s->children[i] = s->children[--s->child_count];
            if (child.generation == s->adopted)
                plan_restart(s, &child, status);
            break;
        }
    }
}

/* Starts what is due; milliseconds to the next restart, or -1. */
static int restart_due(struct server *s)
{
    struct mono_time now = world_mono_now(s->spec->world);
    double next = -1.0;

    for (int i = 0; i < s->helpers; i++) {
        struct place *place = &s->places[i];
        double left;

        if (!place->vacant)
            continue;
        left = mono_diff(place->restart_at, now);
        if (left <= 0.0) {
            char text[64];
            describe_status(place->last_status, text, sizeof(text));
            if (!place->announced)
                LOG_WARN("NTS-KE helper #%d ended (%s), starting it again", i + 1, text);
            place->announced = true;
            place->vacant = false;
            if (start_helper(s, s->adopted, (uint16_t)(i + 1), true))
                continue;
            place->vacant = true;
            place->restart_at = mono_add(now, MAX_BACKOFF);
            left = MAX_BACKOFF;
        }
        if (next < 0.0 || left < next)
            next = left;
    }
    return next < 0.0 ? -1 : (int)ceil(next * 1000.0);
}

static void start_generation(struct server *s)
{
    s->starting = ++s->last_generation;
    set_files(&s->starting_files, server_files_read(s->spec->world, s->spec->conf));
    tls_credentials_warn_permissions(s->spec->conf);
    for (int i = 1; i <= s->helpers; i++)
        if (!start_helper(s, s->starting, (uint16_t)i, false))
            break; /* the main process gives the generation up after a while */
}

static void adopt_generation(struct server *s)
{
    if (s->starting == 0)
        return;
    s->adopted = s->starting;
    s->starting = 0;
    set_files(&s->adopted_files, s->starting_files);
    s->starting_files = NULL;
    for (int i = 0; i < s->helpers; i++) {
        bool alive = false;

        for (size_t j = 0; j < s->child_count; j++)
            alive = alive ||
                    (s->children[j].generation == s->adopted && s->children[j].number == i + 1);
        /* It may have died between its first message and this order. */
        s->places[i] =
            (struct place){.vacant = !alive, .restart_at = world_mono_now(s->spec->world)};
    }
}

/* Only a helper that was not reaped yet can have this process ID. */
static void kill_helper(const struct server *s, pid_t pid)
{
    for (size_t i = 0; i < s->child_count; i++)
        if (s->children[i].pid == pid)
            s->spec->sandbox.kill(pid, s->spec->sandbox.arg);
}

/* False: the end. */
static bool take_order(struct server *s)
{
    uint8_t order[IPC_KILL_SIZE + 1];
    ssize_t n = recv(s->channel, order, sizeof(order), 0);

    if (n < 0)
        return errno == EAGAIN || errno == EINTR;
    if (n == IPC_KILL_SIZE && order[0] == IPC_ORDER_KILL) {
        struct reader r = reader_make(order + 1, IPC_KILL_SIZE - 1);
        kill_helper(s, (pid_t)reader_u32(&r));
        return true;
    }
    if (n != 1)
        return false;
    switch (order[0]) {
    case IPC_ORDER_NEW:
        start_generation(s);
        return true;
    case IPC_ORDER_ADOPT:
        adopt_generation(s);
        return true;
    case IPC_ORDER_ABANDON:
        kill_generation(s, s->starting);
        s->starting = 0;
        set_files(&s->starting_files, NULL);
        return true;
    default:
        return false;
    }
}

static void ignore_signal(int number)
{
    (void)number;
}

/* The service's stop signals are for the main process, whose end ends this one. SIGCHLD interrupts
   the wait and nothing else. */
static void set_signals(struct server *s)
{
    static const int ignored[] = {SIGHUP, SIGINT, SIGQUIT, SIGTERM, SIGPIPE};
    struct sigaction action = {.sa_handler = ignore_signal};
    sigset_t blocked;

    for (size_t i = 0; i < sizeof(ignored) / sizeof(ignored[0]); i++)
        signal(ignored[i], SIG_IGN);
    sigaction(SIGCHLD, &action, NULL);
    sigemptyset(&s->wait_mask);
    sigemptyset(&blocked);
    sigaddset(&blocked, SIGCHLD);
    sigprocmask(SIG_SETMASK, &blocked, NULL);
}

static void run(const struct helper_spec *spec, int channel)
{
    struct server s = {.spec = spec, .channel = channel, .helpers = spec->conf->nts_processes};
    struct pollfd p = {.fd = channel, .events = POLLIN};
    bool running = true;

    set_signals(&s);
    /* Private keys will be in this process: no core dumps, no tracing by others of this user. */
    prctl(PR_SET_DUMPABLE, 0, 0, 0, 0);
    spec->sandbox.close_descriptors(&channel, 1, spec->sandbox.arg);
    spec->sandbox.limit_fork_server(spec->sandbox.arg);
    s.places = mem_array((size_t)s.helpers, sizeof(*s.places));

    while (running) {
        struct timespec timeout;
        int milliseconds;

        reap(&s);
        milliseconds = restart_due(&s);
        timeout.tv_sec = milliseconds / 1000;
        timeout.tv_nsec = milliseconds % 1000 * 1000000L;
        if (ppoll(&p, 1, milliseconds < 0 ? NULL : &timeout, &s.wait_mask) > 0)
            running = take_order(&s);
    }
    for (size_t i = 0; i < s.child_count; i++)
        spec->sandbox.kill(s.children[i].pid, spec->sandbox.arg);
    free(s.children);
    free(s.places);
    set_files(&s.starting_files, NULL);
    set_files(&s.adopted_files, NULL);
}

/* ---- the main process ---- */

struct fork_server {
    pid_t pid;
    struct helper_pool *pool;
};

struct fork_server *fork_server_start(const struct helper_spec *spec, char *error, size_t size)
{
    struct fork_server *f;
    int ends[2];
    pid_t pid;

    if (!ipc_pair(ends)) {
        snprintf(error, size, "Could not open socket pair");
        return NULL;
    }
    fflush(NULL);
    pid = fork();
    if (pid == 0) {
        close(ends[0]);
        run(spec, ends[1]);
        _exit(0);
    }
    close(ends[1]);
    if (pid < 0) {
        snprintf(error, size, "fork() failed : %s", text_errno(errno));
        close(ends[0]);
        return NULL;
    }
    f = mem_alloc(sizeof(*f));
    f->pid = pid;
    f->pool = helper_pool_new(ends[0], spec->conf->nts_processes, spec->conf->max_nts_connections);
    if (!helper_pool_await_first(f->pool, error, size)) {
        fork_server_free(f);
        waitpid(pid, NULL, 0);
        return NULL;
    }
    return f;
}

void fork_server_free(struct fork_server *fork_server)
{
    if (fork_server == NULL)
        return;
    helper_pool_free(fork_server->pool);
    free(fork_server);
}

pid_t fork_server_pid(const struct fork_server *fork_server)
{
    return fork_server->pid;
}

struct helper_pool *fork_server_pool(struct fork_server *fork_server)
{
    return fork_server->pool;
}
