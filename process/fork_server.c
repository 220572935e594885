/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The fork server, as far as it runs in the new process; see fork_server.h for its promise, and
 * fork_server_handle.c for the main process's half. It has its own small loop: orders, ended
 * children, restarts that are due. It knows of helpers what their role says (helper_role.h), and
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
#include "base/number.h"
#include "base/text.h"
#include "process/binder.h"
#include "process/channel.h"
#include "process/fork_server.h"
#include "process/process_facts.h"
#include "process/process_table.h"
#include "process/rehearsal.h"
#include "process/signals.h"

/* Back-off of restarts: at once after a single crash, then 1 s and doubling, unless it is urgent. A
   process that lived for STABLE_TIME starts afresh. Without any back-off, somebody who makes a
   process crash could try thousands of times in an hour what it takes to take it over. Who was
   killed by somebody of this machine, and not by order of the main process, did not crash. */
#define MAX_BACKOFF    64.0
#define URGENT_BACKOFF 1.0
#define STABLE_TIME    60.0

/* Limits for a main process that was taken over: generations alive at a time (one that serves,
   one that starts, two that drain), and orders in a row (one more is allowed each second). */
#define MAX_GENERATIONS 4
#define MAX_CREDIT      8.0

/* The generation of lone processes; their numbers are indices of the list of the specification.
   Their places come before those of helpers, whose generations and numbers begin with 1. */
#define LONE 0

struct child {
    pid_t pid;
    uint32_t generation;
    uint16_t number;
    bool replaced; /* its place is for another one: it was ended by order */
    bool ordered;  /* its end */
    struct mono_time started;
};

/* A place that has to be filled: each lone process, and each helper of the adopted generation. */
struct place {
    bool wanted; /* a lone process: from the start or by order */
    pid_t last;  /* the one that ended there, until there is another */
    bool vacant;
    int failures; /* in a row */
    int last_status;
    bool crashed;      /* or was ended by order */
    int crashes;       /* of the failures in a row */
    bool announced;    /* the failure was logged */
    bool start_failed; /* ... it was a failed start, which has logged its reason */
    struct mono_time restart_at;
};

struct server {
    const struct fork_server_spec *spec;
    struct channel channel;
    struct channel binder;          /* binder.h; closed: the main process has not asked for it */
    const struct helper_role *role; /* NULL: no helpers are wanted */
    int helpers;                    /* of a generation */
    uint32_t last_generation;
    uint32_t starting, adopted; /* 0: none */
    struct child *children;
    size_t child_count;
    const struct lone_role *lone; /* lone_count of them */
    int lone_count;
    struct place *places; /* of lone processes, and then of helpers */
    double credit;        /* generations that may be ordered now */
    struct mono_time credit_at;
    sigset_t wait_mask;
};

/* ---- Children ---- */

static int place_count(const struct server *s)
{
    return s->lone_count + s->helpers;
}

static struct place *place_of(const struct server *s, uint32_t generation, uint16_t number)
{
    return &s->places[generation == LONE ? number : s->lone_count + number - 1];
}

/* The place of a child among those of the main process's table. */
static struct process_place place_in_table(const struct server *s, uint32_t generation,
                                           uint16_t number)
{
    if (generation == LONE)
        return (struct process_place){.role = s->lone[number].role,
                                      .number = s->lone[number].number};
    return (struct process_place){
        .role = PROCESS_KE_HELPER, .number = number, .generation = generation};
}

/* Never returns: the body of a child. */
static _Noreturn void run_child(struct server *s, const struct helper_identity *identity,
                                int channel)
{
    const struct helper_role *role = s->role;
    const struct process_place place = place_in_table(s, identity->generation, identity->number);

    process_facts_show(&s->channel, &place);
    if (identity->generation == LONE) {
        const struct lone_role *lone = &s->lone[identity->number];

        prctl(PR_SET_NAME, lone->process_name);
        if (role)
            role->forget(role->ctx);
        _exit(lone->run(lone->ctx, s->spec->sandbox, channel));
    }
    prctl(PR_SET_NAME, role->process_name);
    _exit(role->run(role->ctx, identity, channel));
}

/* Tells the main process about the child, and passes its end of the child's channel. If that
   fails, the child finds its channel closed, ends, and is started again. */
static void introduce(const struct server *s, const struct child *child, int channel)
{
    struct ipc_message message;

    memset(&message, 0, sizeof(message));
    if (child->generation == LONE) {
        message.type = IPC_LONE_NEW;
        message.u.lone.role = s->lone[child->number].role;
        message.u.lone.number = s->lone[child->number].number;
        message.u.lone.pid = (int32_t)child->pid;
    } else {
        message.type = IPC_HELPER_NEW;
        message.u.helper.generation = child->generation;
        message.u.helper.number = child->number;
        message.u.helper.pid = (int32_t)child->pid;
    }
    channel_send_blocking(&s->channel, &message, channel);
}

/* False with errno set. */
static bool start_child(struct server *s, const struct helper_identity *identity)
{
    int ends[2];

    if (!channel_pair(ends))
        return false;
    pid_t pid = fork();
    if (pid == 0) {
        close(ends[0]);
        run_child(s, identity, ends[1]);
    }
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
        if (child.generation == LONE && s->lone[child.number].started)
            s->lone[child.number].started(s->lone[child.number].ctx);
    }
    close(ends[0]);
    errno = error;
    return pid > 0;
}

static const char *place_name(const struct server *s, int index, char *text, size_t size)
{
    if (index < s->lone_count && !process_role_is_numbered(s->lone[index].role))
        return s->lone[index].name;
    if (index < s->lone_count) {
        snprintf(text, size, "%s #%d", s->lone[index].name, s->lone[index].number);
        return text;
    }
    snprintf(text, size, "%s helper #%d", s->role->service, index - s->lone_count + 1);
    return text;
}

static void kill_generation(struct server *s, uint32_t generation)
{
    for (size_t i = 0; i < s->child_count; i++)
        if (s->children[i].generation == generation)
            sandbox_kill(s->spec->sandbox, s->children[i].pid);
}

/* How the last process in a place has ended. */
static void describe_status(const struct server *s, int index, char *text, size_t size)
{
    const int status = s->places[index].last_status;
    const bool lone = index < s->lone_count;
    const char *bad_files = lone ? s->lone[index].bad_files : s->role->bad_files;
    char call[32];

    if (WIFSIGNALED(status) && WTERMSIG(status) == SIGSYS)
        snprintf(text, size, "killed by signal %d: forbidden system call %s", SIGSYS,
                 violations_last(s->spec->sandbox->violations,
                                 lone ? s->lone[index].role : PROCESS_KE_HELPER, call,
                                 sizeof(call)));
    else if (WIFSIGNALED(status))
        snprintf(text, size, "killed by signal %d", WTERMSIG(status));
    else if (bad_files && WEXITSTATUS(status) == HELPER_EXIT_BAD_FILES)
        text_copy(text, size, bad_files);
    else
        snprintf(text, size, "exit status %d", WEXITSTATUS(status));
}

/* Whether it was ended by a signal that stops the whole service, or by order. Then a restart is
   not urgent. */
static bool ended_calmly(int status)
{
    if (!WIFSIGNALED(status))
        return WEXITSTATUS(status) == HELPER_EXIT_DONE;
    return WTERMSIG(status) == SIGTERM || WTERMSIG(status) == SIGINT || WTERMSIG(status) == SIGQUIT;
}

/* By a signal that nobody but a user of this machine, or the kernel when memory is short, sends. */
static bool was_killed(const struct child *child, int status)
{
    return !child->ordered && WIFSIGNALED(status) &&
           (WTERMSIG(status) == SIGKILL || ended_calmly(status));
}

static double backoff(const struct server *s, const struct place *place)
{
    const ptrdiff_t index = place - s->places;
    const bool is_urgent = (index < s->lone_count && s->lone[index].is_urgent) || !place->crashed;
    const int doublings = place->crashes < 16 ? (int)fmax(place->crashes - 1, 0.0) : 15;

    return fmin(ldexp(1.0, doublings) / 2.0 + 0.5, is_urgent ? URGENT_BACKOFF : MAX_BACKOFF);
}

static void plan_restart(struct server *s, const struct child *child, int status)
{
    struct place *place = place_of(s, child->generation, child->number);
    struct mono_time now = world_mono_now(s->spec->world);

    if (mono_diff(now, child->started) >= STABLE_TIME)
        place->failures = place->crashes = 0;
    if (place->failures == 0 || place->last_status != status)
        place->announced = false;
    place->failures++;
    place->last_status = status;
    place->crashed = !was_killed(child, status);
    place->crashes += place->crashed;
    place->last = child->pid;
    place->vacant = true;
    double delay = place->failures > 1 || ended_calmly(status) ? backoff(s, place) : 0.0;
    place->restart_at = mono_add(now, delay);
}

static void reap(struct server *s)
{
    int status;
    pid_t pid;

    /* Some of them have judged certificates, and need no restart. */
    while ((pid = waitpid(-1, &status, WNOHANG)) > 0) {
        for (size_t i = 0; i < s->child_count; i++) {
            struct child child = s->children[i];
            if (child.pid != pid)
                continue;
            s->children[i] = s->children[--s->child_count];
            if (!child.replaced && (child.generation == LONE || child.generation == s->adopted))
                plan_restart(s, &child, status);
            break;
        }
    }
}

static void announce_end(const struct server *s, int index)
{
    struct place *place = &s->places[index];
    char name[32], text[96];

    describe_status(s, index, text, sizeof(text));
    if (!place->announced)
        LOG_WARN("%s ended (%s), starting it again", place_name(s, index, name, sizeof(name)),
                 text);
    place->announced = true;
}

static void start_again(struct server *s, int index)
{
    const bool lone = index < s->lone_count;
    const struct helper_identity identity = {
        .generation = lone ? LONE : s->adopted,
        .number = (uint16_t)(lone ? index : index - s->lone_count + 1),
        .restarted = true,
    };
    struct place *place = &s->places[index];
    char name[32];

    if (start_child(s, &identity)) {
        place->vacant = place->start_failed = false;
        place->last = 0;
        return;
    }
    if (!place->start_failed)
        LOG_ERROR("Could not start %s : %s", place_name(s, index, name, sizeof(name)),
                  text_errno(errno));
    place->start_failed = place->crashed = true;
    place->failures++;
    place->crashes++;
    place->restart_at = mono_add(world_mono_now(s->spec->world), backoff(s, place));
}

/* Starts the processes that are due. Returns milliseconds until the next restart, or -1. */
static int restart_due(struct server *s)
{
    struct mono_time now = world_mono_now(s->spec->world);
    double next = -1.0;

    for (int i = 0; i < place_count(s); i++) {
        struct place *place = &s->places[i];

        if (place->vacant && mono_diff(place->restart_at, now) <= 0.0) {
            /* The first start of a lone process is no restart. */
            if (place->failures > 0 && !place->start_failed)
                announce_end(s, i);
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
        bool is_first = s->children[i].generation != LONE;

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

/* Reads the files of a generation and reports their state to the main process. False: no pair can
   be used. */
static bool read_files(struct server *s, uint32_t generation)
{
    struct ipc_message message = {.type = IPC_FILES, .u.files.generation = generation};
    char *problem = message.u.files.text;

    message.u.files.usable = s->role->read(s->role->ctx, problem, sizeof(message.u.files.text));
    channel_send_blocking(&s->channel, &message, -1);
    return message.u.files.usable;
}

static void look_at_files(struct server *s)
{
    const struct ipc_message changed = {.type = IPC_CHANGED};

    if (s->role && s->role->look(s->role->ctx, world_mono_now(s->spec->world)))
        channel_send_blocking(&s->channel, &changed, -1);
}

static void start_generation(struct server *s)
{
    struct ipc_message refused = {.type = IPC_REFUSED};
    const uint32_t generation = ++s->last_generation;

    if (s->helpers == 0 || s->starting != 0 || !has_credit(s)) {
        refused.u.refused.generation = generation;
        channel_send_blocking(&s->channel, &refused, -1);
        return;
    }
    if (!read_files(s, generation))
        return;
    s->starting = generation;
    s->credit -= 1.0;
    for (int i = 1; i <= s->helpers; i++) {
        const struct helper_identity identity = {
            .generation = generation, .number = (uint16_t)i, .starting = true};

        if (!start_child(s, &identity)) {
            /* The main process gives the generation up after a while. */
            LOG_ERROR("Could not start %s helper #%d : %s", s->role->service, i, text_errno(errno));
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
    s->role->adopt(s->role->ctx);
    for (int i = 1; i <= s->helpers; i++) {
        bool alive = false;

        for (size_t j = 0; j < s->child_count && !alive; j++)
            alive = s->children[j].generation == s->adopted && s->children[j].number == i;
        /* It may have died between its first message and this order. */
        *place_of(s, s->adopted, (uint16_t)i) =
            (struct place){.vacant = !alive, .restart_at = world_mono_now(s->spec->world)};
    }
}

/* One that is there while it is ordered is not started again before the next order. */
static void leave_empty(struct server *s, struct place *place)
{
    place->wanted = place->vacant = false;
    place->failures = place->crashes = 0;
    place->last = 0;
}

/* The ID is that of a child that was not reaped yet, so no other process can have it; or that of
   the last one in a place, which has ended in the meantime. */
static void kill_child(struct server *s, pid_t pid)
{
    reap(s);
    for (size_t i = 0; i < s->child_count; i++) {
        struct child *child = &s->children[i];

        if (child->pid != pid)
            continue;
        child->ordered = true;
        sandbox_kill(s->spec->sandbox, pid);
        if (child->generation == LONE && !child->replaced &&
            s->lone[child->number].presence == LONE_WHILE_ORDERED) {
            child->replaced = true;
            leave_empty(s, &s->places[child->number]);
        }
    }
    for (int i = 0; i < s->lone_count; i++)
        if (s->lone[i].presence == LONE_WHILE_ORDERED && s->places[i].last == pid)
            leave_empty(s, &s->places[i]);
}

static void start_wanted(struct server *s, const struct ipc_lone *wanted)
{
    for (int i = 0; i < s->lone_count; i++) {
        struct place *place = &s->places[i];

        if (s->lone[i].role != wanted->role || s->lone[i].number != wanted->number || place->wanted)
            continue;
        place->wanted = place->vacant = true;
        place->restart_at = world_mono_now(s->spec->world);
    }
}

static void abandon_generation(struct server *s)
{
    if (s->starting != 0)
        kill_generation(s, s->starting);
    s->starting = 0;
    if (s->role)
        s->role->abandon(s->role->ctx);
}

/* False: the end. */
static bool take_order(struct server *s)
{
    const struct ipc_message alive = {.type = IPC_ALIVE};
    struct ipc_message order;
    int fd;
    enum channel_result result = channel_receive(&s->channel, &order, &fd);

    if (result != CHANNEL_OK)
        return result == CHANNEL_AGAIN;
    switch (order.type) {
    case IPC_START:
        start_generation(s);
        break;
    case IPC_ADOPT:
        adopt_generation(s);
        break;
    case IPC_ABANDON:
        abandon_generation(s);
        break;
    case IPC_WANTED:
        start_wanted(s, &order.u.lone);
        break;
    case IPC_KILL:
        kill_child(s, order.u.process.pid);
        break;
    case IPC_BINDER:
        channel_close(&s->binder);
        s->binder = channel_make(fd, IPC_SUPERVISOR, 0);
        break;
    case IPC_PING:
        channel_send_blocking(&s->channel, &alive, -1);
        break;
    default: /* a socket to bind, which is for the other channel */
        close(fd);
        return false;
    }
    return true;
}

/* Milliseconds to the next look at bad files, or -1. */
static int look_due(const struct server *s)
{
    double wait =
        !s->role ? -1.0 : s->role->look_wait(s->role->ctx, world_mono_now(s->spec->world));

    return wait < 0.0 ? -1 : (int)ceil(wait * 1000.0);
}

/* The earlier of two times in milliseconds; -1: never. */
static int earlier(int a, int b)
{
    return a < 0 ? b : b < 0 || a < b ? a : b;
}

void fork_server_run(const struct fork_server_spec *spec, int fd)
{
    struct server s = {
        .spec = spec,
        .channel = channel_make(fd, IPC_SUPERVISOR, 0),
        .binder = channel_make(-1, IPC_SUPERVISOR, 0),
        .role = spec->helpers,
        .helpers = spec->helpers ? spec->helpers->count : 0,
        .credit = MAX_CREDIT,
        .credit_at = world_mono_now(spec->world),
        .lone = spec->lone,
        .lone_count = (int)spec->lone_count,
    };
    bool running = true;

    prctl(PR_SET_NAME, "chronyd-fork");
    signals_set_server(&s.wait_mask);
    const struct process_place own_place = {.role = PROCESS_FORK_SERVER};
    process_facts_show(&s.channel, &own_place);
    sandbox_enter_fork_server(spec->sandbox, s.role != NULL, fd);
    if (spec->sandbox->confines && !rehearsal_succeeds(spec))
        _exit(HELPER_EXIT_FATAL);
    if (spec->limited)
        spec->limited(spec->arg);
    s.places = mem_array((size_t)place_count(&s), sizeof(*s.places));
    for (int i = 0; i < s.lone_count; i++) {
        const bool wanted = s.lone[i].presence == LONE_ALWAYS;

        s.places[i] = (struct place){.wanted = wanted, .vacant = wanted, .restart_at = s.credit_at};
    }

    while (running) {
        struct timespec timeout;

        reap(&s);
        look_at_files(&s);
        int milliseconds = earlier(restart_due(&s), look_due(&s));
        timeout.tv_sec = milliseconds / 1000;
        timeout.tv_nsec = milliseconds % 1000 * 1000000L;
        struct pollfd p[] = {{.fd = fd, .events = POLLIN}, {.fd = s.binder.fd, .events = POLLIN}};
        if (ppoll(p, 2, milliseconds < 0 ? NULL : &timeout, &s.wait_mask) <= 0)
            continue;
        if (p[1].revents && !binder_serve(&s.binder, spec->sandbox))
            channel_close(&s.binder);
        if (p[0].revents)
            running = take_order(&s);
    }
    for (size_t i = 0; i < s.child_count; i++)
        if (s.children[i].generation != LONE || !s.lone[s.children[i].number].ends_itself)
            sandbox_kill(spec->sandbox, s.children[i].pid);
    channel_close(&s.binder);
    free(s.children);
    free(s.places);
    if (s.role)
        s.role->forget(s.role->ctx);
}
