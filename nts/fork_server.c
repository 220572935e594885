/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The fork server, as far as it runs in the new process; see fork_server.h for its promise, and
 * fork_server_handle.c for the main process's half. It has its own small loop: orders, ended
 * children, restarts that are due. It reads the octets of certificates and keys, never parses them, and
 * never handles a connection.
 */
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
#include "nts/certificate_checker.h"
#include "nts/certificate_store.h"
#include "nts/fork_server.h"
#include "nts/server_files.h"
#include "process/ipc.h"

/* Back-off of restarts: at once after a single crash, then 1 s and doubling. A process that lived
   for STABLE_TIME starts afresh. */
#define MAX_BACKOFF 64.0
#define STABLE_TIME 60.0
#define SEND_PAUSE  20 /* ms */
#define SEND_TRIES  200

/* What a main process that was taken over can order: generations that are alive at a time (one that
   serves, one that starts, two that drain), and how many in a row, to which one is added each
   second. */
#define MAX_GENERATIONS 4
#define MAX_CREDIT      8.0

/* The generation and number of the resolver, which no helper has. */
#define RESOLVER 0

struct child {
    pid_t pid;
    uint32_t generation;
    uint16_t number;
    struct mono_time started;
};

/* Who is to be there: the resolver, and the helper of each number in the adopted generation. */
struct place {
    bool vacant;
    int failures; /* in a row */
    int last_status;
    bool announced;    /* the failure was logged */
    bool start_failed; /* ... that of the start, which says why itself */
    struct mono_time restart_at;
};

struct server {
    const struct helper_spec *spec;
    int channel;
    int helpers; /* 0: none are wanted */
    uint32_t last_generation;
    uint32_t starting;               /* 0: none */
    uint32_t adopted;                /* 0: none */
    struct certificate_store *store; /* what helpers parse; NULL: none are wanted */
    struct child *children;
    size_t child_count;
    struct place *places; /* by number */
    double credit;        /* generations that may be ordered now */
    struct mono_time credit_at;
    sigset_t wait_mask;
};

/* ---- Messages to the main process ---- */

/* Waits for room, but not for ever: a main process that does not read is as good as gone. */
static bool send_waiting(int channel, const struct ipc_message *message, int fd)
{
    struct pollfd p = {.fd = channel, .events = POLLOUT};
    enum ipc_result result = ipc_send(channel, message, fd);

    for (int i = 0; result == IPC_AGAIN && i < SEND_TRIES; i++) {
        /* Room in the queue is not all that can be missing. */
        if (poll(&p, 1, SEND_PAUSE) > 0)
            poll(NULL, 0, SEND_PAUSE);
        result = ipc_send(channel, message, fd);
    }
    return result == IPC_OK;
}

/* ---- Children ---- */

/* In a child: it keeps the files of one generation, or of none, and what others parse is wiped. */
static struct server_files *keep_files_of(struct server *s, uint32_t generation)
{
    const struct server_files *kept = NULL;

    if (generation != RESOLVER)
        kept = generation == s->starting ? certificate_store_starting(s->store)
                                         : certificate_store_adopted(s->store);
    struct server_files *files = kept ? server_files_share(kept) : NULL;
    certificate_store_free(s->store);
    s->store = NULL;
    return files;
}

/* Never returns: the body of a child. */
static _Noreturn void run_child(struct server *s, const struct helper_identity *identity,
                                int channel)
{
    struct server_files *files = keep_files_of(s, identity->generation);

    if (identity->number == RESOLVER) {
        prctl(PR_SET_NAME, "chronyd-names");
        s->spec->run_resolver(channel, s->spec->sandbox.arg);
        _exit(HELPER_EXIT_DONE);
    }
    prctl(PR_SET_NAME, "chronyd-ntske");
    _exit(s->spec->run_helper(s->spec, identity, files, channel));
}

/* Tells the main process about the child, with its end of the child's channel. If it does not get
   that, the child sees the end of its channel, ends, and is started again. */
static void introduce(const struct server *s, const struct child *child, int channel)
{
    struct ipc_message message;

    memset(&message, 0, sizeof(message));
    if (child->number == RESOLVER) {
        message.type = IPC_RESOLVER_NEW;
        message.u.resolver.pid = (int32_t)child->pid;
    } else {
        message.type = IPC_HELPER_NEW;
        message.u.helper.generation = child->generation;
        message.u.helper.number = child->number;
        message.u.helper.pid = (int32_t)child->pid;
    }
    send_waiting(s->channel, &message, channel);
}

/* False with errno set. */
static bool start_child(struct server *s, const struct helper_identity *identity)
{
    int ends[2];

    if (!ipc_pair(ends))
        return false;
    pid_t pid = fork();
    if (pid == 0)
        run_child(s, identity, ends[1]);
    int error = errno;
    close(ends[1]);
    if (pid > 0) {
        const struct child child = {.pid = pid,
                                    .generation = identity->generation,
                                    .number = identity->number,
                                    .started = world_mono_now(s->spec->world)};

        s->children = mem_resize(s->children, s->child_count + 1, sizeof(*s->children));
        s->children[s->child_count++] = child;
        introduce(s, &child, ends[0]);
    }
    close(ends[0]);
    errno = error;
    return pid > 0;
}

static const char *place_name(int number, char *text, size_t size)
{
    if (number == RESOLVER)
        return "Name resolving helper";
    snprintf(text, size, "NTS-KE helper #%d", number);
    return text;
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

static double backoff(const struct place *place)
{
    return fmin(ldexp(1.0, place->failures < 16 ? place->failures - 1 : 15) / 2.0 + 0.5,
                MAX_BACKOFF);
}

static void plan_restart(struct server *s, const struct child *child, int status)
{
    struct place *place = &s->places[child->number];
    struct mono_time now = world_mono_now(s->spec->world);

    if (mono_diff(now, child->started) >= STABLE_TIME)
        place->failures = 0;
    if (place->failures == 0 || place->last_status != status)
        place->announced = false;
    place->failures++;
    place->last_status = status;
    place->vacant = true;
    double delay = place->failures > 1 || ended_calmly(status) ? backoff(place) : 0.0;
    place->restart_at = mono_add(now, delay);
}

static void reap(struct server *s)
{
    int status;
    pid_t pid;

    /* Processes that have judged certificates are among them, and are nobody's loss. */
    while ((pid = waitpid(-1, &status, WNOHANG)) > 0) {
        for (size_t i = 0; i < s->child_count; i++) {
            struct child child = s->children[i];
            if (child.pid != pid)
                continue;
            s->children[i] = s->children[--s->child_count];
            if (child.number == RESOLVER || child.generation == s->adopted)
                plan_restart(s, &child, status);
            break;
        }
    }
}

static void announce_end(struct place *place, int number)
{
    char name[32], text[64];

    describe_status(place->last_status, text, sizeof(text));
    if (!place->announced)
        LOG_WARN("%s ended (%s), starting it again", place_name(number, name, sizeof(name)), text);
    place->announced = true;
}

static void start_again(struct server *s, int number)
{
    const struct helper_identity identity = {
        .generation = number == RESOLVER ? RESOLVER : s->adopted,
        .number = (uint16_t)number,
        .restarted = true,
    };
    struct place *place = &s->places[number];
    char name[32];

    if (start_child(s, &identity)) {
        place->vacant = place->start_failed = false;
        return;
    }
    if (!place->start_failed)
        LOG_ERROR("Could not start %s : %s", place_name(number, name, sizeof(name)),
                  text_errno(errno));
    place->start_failed = true;
    place->failures++;
    place->restart_at = mono_add(world_mono_now(s->spec->world), backoff(place));
}

/* Starts what is due; milliseconds to the next restart, or -1. */
static int restart_due(struct server *s)
{
    struct mono_time now = world_mono_now(s->spec->world);
    double next = -1.0;

    for (int i = 0; i <= s->helpers; i++) {
        struct place *place = &s->places[i];

        if (place->vacant && mono_diff(place->restart_at, now) <= 0.0) {
            /* The first start of the resolver follows no end. */
            if (place->failures > 0 && !place->start_failed)
                announce_end(place, i);
            start_again(s, i);
        }
        if (place->vacant) {
            double left = fmax(mono_diff(place->restart_at, now), 0.0);
            next = next < 0.0 ? left : fmin(next, left);
        }
    }
    return next < 0.0 ? -1 : (int)ceil(next * 1000.0);
}

/* ---- Orders ---- */

static int living_generations(const struct server *s)
{
    int count = 0;

    for (size_t i = 0; i < s->child_count; i++) {
        bool is_first = s->children[i].number != RESOLVER;

        for (size_t j = 0; j < i && is_first; j++)
            is_first = s->children[j].generation != s->children[i].generation;
        count += is_first;
    }
    return count;
}

/* Whether one more generation may be started now. */
static bool has_credit(struct server *s)
{
    struct mono_time now = world_mono_now(s->spec->world);

    s->credit = fmin(s->credit + mono_diff(now, s->credit_at), MAX_CREDIT);
    s->credit_at = now;
    return s->credit >= 1.0 && living_generations(s) < MAX_GENERATIONS;
}

/* Tells the main process what the files of a generation are like. False: there is nothing to start
   its helpers with. */
static bool read_files(struct server *s, uint32_t generation)
{
    struct ipc_message message = {.type = IPC_FILES};
    const bool usable = certificate_store_read(s->store) != NULL;
    const char *problem = certificate_store_problem(s->store);

    server_files_warn_permissions(s->spec->conf);
    message.u.files.generation = generation;
    message.u.files.usable = usable;
    message.u.files.text[0] = '\0';
    if (problem)
        text_copy(message.u.files.text, sizeof(message.u.files.text), problem);
    send_waiting(s->channel, &message, -1);
    return usable;
}

static void look_at_files(struct server *s)
{
    const struct ipc_message changed = {.type = IPC_CHANGED};

    if (s->store && certificate_store_poll(s->store, world_mono_now(s->spec->world)))
        send_waiting(s->channel, &changed, -1);
}

static void start_generation(struct server *s)
{
    struct ipc_message refused = {.type = IPC_REFUSED};
    const uint32_t generation = ++s->last_generation;

    if (s->helpers == 0 || s->starting != 0 || !has_credit(s)) {
        refused.u.refused.generation = generation;
        send_waiting(s->channel, &refused, -1);
        return;
    }
    if (!read_files(s, generation))
        return;
    s->starting = generation;
    s->credit -= 1.0;
    for (int i = 1; i <= s->helpers; i++) {
        const struct helper_identity identity = {.generation = generation, .number = (uint16_t)i};

        if (!start_child(s, &identity)) {
            /* The main process gives the generation up after a while. */
            LOG_ERROR("Could not start NTS-KE helper #%d : %s", i, text_errno(errno));
            break;
        }
    }
}

static void adopt_generation(struct server *s)
{
    if (s->starting == 0)
        return;
    s->adopted = s->starting;
    s->starting = 0;
    certificate_store_adopt(s->store);
    for (int i = 1; i <= s->helpers; i++) {
        bool alive = false;

        for (size_t j = 0; j < s->child_count; j++)
            alive =
                alive || (s->children[j].generation == s->adopted && s->children[j].number == i);
        /* It may have died between its first message and this order. */
        s->places[i] =
            (struct place){.vacant = !alive, .restart_at = world_mono_now(s->spec->world)};
    }
}

/* Only a child that was not reaped yet can have this process ID. */
static void kill_child(const struct server *s, pid_t pid)
{
    for (size_t i = 0; i < s->child_count; i++)
        if (s->children[i].pid == pid)
            s->spec->sandbox.kill(pid, s->spec->sandbox.arg);
}

/* False: the end. */
static bool take_order(struct server *s)
{
    const struct ipc_message alive = {.type = IPC_ALIVE};
    uint8_t order[IPC_KILL_SIZE + 1];
    ssize_t n = recv(s->channel, order, sizeof(order), 0);

    if (n < 0)
        return errno == EAGAIN || errno == EINTR;
    if (n == IPC_KILL_SIZE && order[0] == IPC_ORDER_KILL) {
        struct reader r = reader_make(order + 1, IPC_KILL_SIZE - 1);
        kill_child(s, (pid_t)reader_u32(&r));
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
        if (s->starting != 0)
            kill_generation(s, s->starting);
        s->starting = 0;
        if (s->store)
            certificate_store_abandon(s->store);
        return true;
    case IPC_ORDER_PING:
        send_waiting(s->channel, &alive, -1);
        return true;
    default:
        return false;
    }
}

static void ignore_signal(int number)
{
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

/* Milliseconds to the next look at bad files, or -1. */
static int look_due(const struct server *s)
{
    double wait =
        !s->store ? -1.0 : certificate_store_wait(s->store, world_mono_now(s->spec->world));

    return wait < 0.0 ? -1 : (int)ceil(wait * 1000.0);
}

/* Of two times in milliseconds, either of which may be -1 (never). */
static int earlier(int a, int b)
{
    return a < 0 ? b : b < 0 || a < b ? a : b;
}

void fork_server_run(const struct helper_spec *spec, int channel)
{
    const struct certificate_store_spec store = {.world = spec->world,
                                                 .conf = spec->conf,
                                                 .check = certificate_checker,
                                                 .arg = (void *)(uintptr_t)spec};
    struct server s = {
        .spec = spec,
        .channel = channel,
        .helpers = spec->run_helper ? spec->conf->nts_server.processes : 0,
        .credit = MAX_CREDIT,
        .credit_at = world_mono_now(spec->world),
    };
    struct pollfd p = {.fd = channel, .events = POLLIN};
    bool running = true;

    prctl(PR_SET_NAME, "chronyd-fork");
    set_signals(&s);
    /* Private keys will be in this process: no core dumps, no tracing by others of this user. */
    prctl(PR_SET_DUMPABLE, 0, 0, 0, 0);
    spec->sandbox.close_descriptors(&channel, 1, spec->sandbox.arg);
    spec->sandbox.limit_fork_server(spec->sandbox.arg);
    s.places = mem_array((size_t)s.helpers + 1, sizeof(*s.places));
    s.places[RESOLVER] = (struct place){.vacant = spec->run_resolver, .restart_at = s.credit_at};

    if (s.helpers > 0)
        s.store = certificate_store_new(&store);

    while (running) {
        struct timespec timeout;

        reap(&s);
        look_at_files(&s);
        int milliseconds = earlier(restart_due(&s), look_due(&s));
        timeout.tv_sec = milliseconds / 1000;
        timeout.tv_nsec = milliseconds % 1000 * 1000000L;
        if (ppoll(&p, 1, milliseconds < 0 ? NULL : &timeout, &s.wait_mask) > 0)
            running = take_order(&s);
    }
    for (size_t i = 0; i < s.child_count; i++)
        spec->sandbox.kill(s.children[i].pid, spec->sandbox.arg);
    free(s.children);
    free(s.places);
    certificate_store_free(s.store);
}
