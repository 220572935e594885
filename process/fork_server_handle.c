/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The main process's handle of the fork server; see fork_server.h. It owns the channel: orders are
 * queued until they are sent, messages go to the pool of helpers or to the owners of lone
 * processes, and signs of life are asked for. Nothing that arrives here may end the process.
 */
#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>
#include "base/log.h"
#include "base/text.h"
#include "process/channel.h"
#include "process/fork_server.h"
#include "process/helper_pool.h"

#define ORDER_PAUSE 0.05 /* seconds until orders are sent again */
#define BURST       64   /* messages for each event */
#define MAX_ORDERS  4096 /* that wait: more than there can be children to kill */
/* For the exit status of a process whose channel has ended. */
#define STATUS_PAUSE 5 /* ms */
#define STATUS_TRIES 100
/* For the first start of a lone process. */
#define START_PAUSE 50 /* ms */
#define START_TRIES ((int)(FORK_SERVER_START * 1000.0 / START_PAUSE))

/* A child whose channel has ended. */
struct leaving {
    struct fork_server *fork_server;
    struct leaving *next;
    pid_t pid;
    timer_id timer;
};

struct fork_server {
    pid_t pid;
    struct channel channel; /* closed: lost */
    struct helper_pool *pool;
    struct process_table *processes; /* NULL: nobody asks */
    struct loop *loop;               /* NULL: not attached yet */
    struct fork_server_events events;
    timer_id order_timer;
    timer_id ping_timer;
    struct leaving *leaving;
    int unanswered; /* pings since the last message */
    bool answered;  /* one of them */
    /* Those that were started before the handle was attached. */
    struct lone_process *kept;
    size_t kept_count;
};

/* ---- Orders ---- */

static void on_order_timer(void *arg);

/* It stops at a full queue or a lack of memory. The reader finds the end of the channel. */
static void send_orders(struct fork_server *f)
{
    if (f->channel.fd >= 0 && channel_flush(&f->channel) == CHANNEL_AGAIN && f->loop &&
        f->order_timer == 0)
        f->order_timer = loop_timer_add(f->loop, ORDER_PAUSE, on_order_timer, f);
}

static void on_order_timer(void *arg)
{
    struct fork_server *f = arg;

    f->order_timer = 0;
    send_orders(f);
}

static void give_order(struct fork_server *f, const struct ipc_message *order)
{
    if (f->channel.fd >= 0 && channel_send(&f->channel, order, -1) == CHANNEL_AGAIN)
        send_orders(f);
}

void fork_server_order(struct fork_server *fork_server, enum ipc_type order)
{
    const struct ipc_message message = {.type = order};

    give_order(fork_server, &message);
}

void fork_server_want(struct fork_server *fork_server, enum process_role role, uint16_t number)
{
    const struct ipc_message message = {.type = IPC_WANTED,
                                        .u.lone = {.role = role, .number = number}};

    give_order(fork_server, &message);
}

void fork_server_pass_binder(struct fork_server *fork_server, int channel)
{
    const struct ipc_message message = {.type = IPC_BINDER};

    /* It is the first order but a ping, so there is room. If not, its end is closed, and nothing
       is bound. */
    if (fork_server->channel.fd >= 0)
        channel_send_blocking(&fork_server->channel, &message, channel);
    close(channel);
}

void fork_server_kill(struct fork_server *fork_server, pid_t pid)
{
    const struct ipc_message message = {.type = IPC_KILL, .u.process.pid = (int32_t)pid};

    give_order(fork_server, &message);
}

/* ---- Children whose channel has ended ---- */

static void forget_leaving(struct leaving *leaving)
{
    for (struct leaving **p = &leaving->fork_server->leaving; *p; p = &(*p)->next) {
        if (*p == leaving) {
            *p = leaving->next;
            break;
        }
    }
    loop_timer_cancel(leaving->fork_server->loop, leaving->timer);
    free(leaving);
}

static void forget_all_leaving(struct fork_server *f)
{
    while (f->leaving)
        forget_leaving(f->leaving);
}

static void on_farewell(void *arg)
{
    struct leaving *leaving = arg;

    leaving->timer = 0;
    fork_server_kill(leaving->fork_server, leaving->pid);
    forget_leaving(leaving);
}

void fork_server_see_off(struct fork_server *fork_server, pid_t pid)
{
    if (!fork_server->loop || fork_server->channel.fd < 0)
        return;
    struct leaving *leaving = mem_alloc(sizeof(*leaving));

    leaving->fork_server = fork_server;
    leaving->pid = pid;
    leaving->next = fork_server->leaving;
    leaving->timer = loop_timer_add(fork_server->loop, FORK_SERVER_FAREWELL, on_farewell, leaving);
    fork_server->leaving = leaving;
}

/* ---- The end ---- */

/* The channel of a process is closed a moment before its exit status is known. Waiting is
   harmless, because the daemon is about to end. */
static bool take_status(pid_t pid, int *status)
{
    if (pid <= 0)
        return false;
    for (int i = 0; i < STATUS_TRIES; i++) {
        pid_t ended = waitpid(pid, status, WNOHANG);

        if (ended != 0)
            return ended == pid;
        poll(NULL, 0, STATUS_PAUSE);
    }
    return false;
}

static void describe_end(struct fork_server *f, char *text, size_t size)
{
    int status;

    if (!take_status(f->pid, &status))
        text_copy(text, size, "ended");
    else if (WIFSIGNALED(status))
        snprintf(text, size, "was killed by signal %d", WTERMSIG(status));
    else
        snprintf(text, size, "ended with status %d", WEXITSTATUS(status));
}

static void lose(struct fork_server *f, const char *how)
{
    LOG_ERROR("Fork server (process %d) %s; no helper process can be started again", (int)f->pid,
              how);
    if (f->loop) {
        loop_fd_remove(f->loop, f->channel.fd);
        loop_timer_cancel(f->loop, f->order_timer);
        loop_timer_cancel(f->loop, f->ping_timer);
    }
    f->order_timer = f->ping_timer = 0;
    forget_all_leaving(f);
    channel_close(&f->channel);
    if (f->pool)
        helper_pool_fork_server_lost(f->pool);
    if (f->events.lost)
        f->events.lost(f->events.arg);
}

static void on_ping_timer(void *arg)
{
    struct fork_server *f = arg;

    f->ping_timer = 0;
    if (f->unanswered >= FORK_SERVER_SILENCE) {
        lose(f, "does not answer");
        return;
    }
    f->unanswered++;
    f->ping_timer = loop_timer_add(f->loop, FORK_SERVER_PING, on_ping_timer, f);
    fork_server_order(f, IPC_PING);
}

/* ---- The table of processes ---- */

/* The message is about a process that was started. The file is the table's from now on. */
static void note_process(struct fork_server *f, const struct ipc_message *message, int file)
{
    struct process_place place;

    if (!f->processes) {
        if (message->type == IPC_FACTS && file >= 0)
            close(file);
    } else if (message->type == IPC_LONE_NEW) {
        place =
            (struct process_place){.role = message->u.lone.role, .number = message->u.lone.number};
        process_table_started(f->processes, &place, message->u.lone.pid);
    } else if (message->type == IPC_HELPER_NEW) {
        place = (struct process_place){.role = PROCESS_KE_HELPER,
                                       .number = message->u.helper.number,
                                       .generation = message->u.helper.generation};
        process_table_started(f->processes, &place, message->u.helper.pid);
    } else if (message->type == IPC_FACTS) {
        place = (struct process_place){.role = message->u.facts.role,
                                       .number = message->u.facts.number,
                                       .generation = message->u.facts.generation};
        process_table_facts(f->processes, &place, message->u.facts.pid, file);
    }
}

static void expect_processes(struct fork_server *f, const struct fork_server_spec *spec)
{
    struct process_place place = {.role = PROCESS_FORK_SERVER};

    f->processes = spec->processes;
    if (!f->processes)
        return;
    process_table_started(f->processes, &place, f->pid);
    for (size_t i = 0; i < spec->lone_count; i++) {
        place = (struct process_place){.role = spec->lone[i].role, .number = spec->lone[i].number};
        process_table_expect(f->processes, &place);
    }
}

/* ---- Messages ---- */

static void close_kept(struct fork_server *f, size_t index)
{
    close(f->kept[index].channel);
    f->kept[index] = f->kept[--f->kept_count];
}

/* Gives it to its owner, or keeps it until there is one, in the place of one before it. */
static void take_lone(struct fork_server *f, const struct lone_process *lone)
{
    if (f->loop) {
        if (f->events.lone)
            f->events.lone(lone, f->events.arg);
        else
            close(lone->channel);
        return;
    }
    for (size_t i = 0; i < f->kept_count; i++)
        if (f->kept[i].role == lone->role && f->kept[i].number == lone->number)
            close_kept(f, i);
    f->kept = mem_resize(f->kept, f->kept_count + 1, sizeof(*f->kept));
    f->kept[f->kept_count++] = *lone;
}

/* fd: -1 if there is none, or this process had no descriptor free for it. */
static void take_message(struct fork_server *f, const struct ipc_message *message, int fd)
{
    f->unanswered = 0;
    f->answered = f->answered || message->type == IPC_ALIVE;
    note_process(f, message, fd);
    if (message->type == IPC_FACTS)
        return;
    /* Without its channel a lone process ends, and the next one is started. */
    if (fd >= 0 && message->type == IPC_LONE_NEW) {
        const struct lone_process lone = {.role = message->u.lone.role,
                                          .number = message->u.lone.number,
                                          .channel = fd,
                                          .pid = message->u.lone.pid};

        take_lone(f, &lone);
    } else if (f->pool && message->type == IPC_HELPER_NEW) {
        if (f->events.helper_restarted &&
            message->u.helper.generation == helper_pool_generation(f->pool))
            f->events.helper_restarted(f->events.arg);
        helper_pool_add(f->pool, message, fd);
    } else if (f->pool && message->type == IPC_REFUSED) {
        helper_pool_refused(f->pool, message->u.refused.generation);
    } else if (f->pool && message->type == IPC_FILES) {
        helper_pool_files(f->pool, message);
    } else if (f->pool && message->type == IPC_CHANGED) {
        helper_pool_renew(f->pool);
    } else if (fd >= 0) {
        close(fd);
    }
}

/* False: nothing more is there. */
static bool read_message(struct fork_server *f)
{
    struct ipc_message message;
    char text[64];
    int fd;

    if (f->channel.fd < 0)
        return false;
    switch (channel_receive(&f->channel, &message, &fd)) {
    case CHANNEL_OK:
    case CHANNEL_NO_DESCRIPTOR:
        take_message(f, &message, fd);
        return true;
    case CHANNEL_AGAIN:
        return false;
    case CHANNEL_CLOSED:
        describe_end(f, text, sizeof(text));
        lose(f, text);
        return false;
    default:
        lose(f, "sent an invalid message");
        return false;
    }
}

void fork_server_read(struct fork_server *fork_server)
{
    read_message(fork_server);
}

bool fork_server_await_lone(struct fork_server *fork_server, enum process_role role,
                            uint16_t number, struct lone_process *process)
{
    struct fork_server *f = fork_server;

    for (int i = 0; i < START_TRIES && f->channel.fd >= 0; i++) {
        for (size_t j = 0; j < f->kept_count; j++) {
            if (f->kept[j].role != role || f->kept[j].number != number)
                continue;
            *process = f->kept[j];
            f->kept[j] = f->kept[--f->kept_count];
            return true;
        }
        struct pollfd p = {.fd = f->channel.fd, .events = POLLIN};

        poll(&p, 1, START_PAUSE);
        read_message(f);
    }
    return false;
}

static void on_channel(int fd, unsigned int event, void *arg)
{
    for (int i = 0; i < BURST && read_message(arg); i++)
        ;
}

/* ---- Life ---- */

struct fork_server *fork_server_connect(int channel, pid_t pid)
{
    struct fork_server *f = mem_alloc(sizeof(*f));

    f->channel = channel_make(channel, IPC_FORK_SERVER, MAX_ORDERS);
    f->pid = pid;
    return f;
}

/* Waits for a sign of life: before the first one each role has proved its sandbox. False: the
   process has ended instead, or hangs. */
static bool await_self_test(struct fork_server *f)
{
    fork_server_order(f, IPC_PING);
    for (int i = 0; i < START_TRIES && !f->answered && f->channel.fd >= 0; i++) {
        struct pollfd p = {.fd = f->channel.fd, .events = POLLIN};

        poll(&p, 1, START_PAUSE);
        while (!f->answered && read_message(f))
            ;
    }
    return f->answered;
}

struct fork_server *fork_server_start(const struct fork_server_spec *spec, char *error, size_t size)
{
    int ends[2];

    if (!channel_pair(ends)) {
        snprintf(error, size, "Could not open socket pair");
        return NULL;
    }
    fflush(NULL);
    pid_t pid = fork();
    if (pid == 0) {
        close(ends[0]);
        fork_server_run(spec, ends[1]);
        _exit(0);
    }
    close(ends[1]);
    if (pid < 0) {
        snprintf(error, size, "fork() failed : %s", text_errno(errno));
        close(ends[0]);
        return NULL;
    }
    struct fork_server *f = fork_server_connect(ends[0], pid);
    expect_processes(f, spec);
    if (spec->sandbox->confines && !await_self_test(f)) {
        snprintf(error, size, "Self-test of the processes failed");
        fork_server_free(f);
        waitpid(pid, NULL, 0);
        return NULL;
    }
    if (!spec->helpers)
        return f;
    f->pool = helper_pool_new(f, spec->helpers);
    if (!helper_pool_await_first(f->pool, error, size)) {
        fork_server_free(f);
        waitpid(pid, NULL, 0);
        return NULL;
    }
    return f;
}

void fork_server_attach(struct fork_server *fork_server, struct loop *loop,
                        const struct fork_server_events *events)
{
    fork_server->loop = loop;
    fork_server->events = *events;
    for (size_t i = 0; i < fork_server->kept_count; i++)
        take_lone(fork_server, &fork_server->kept[i]);
    fork_server->kept_count = 0;
    if (fork_server->channel.fd < 0) {
        if (events->lost)
            events->lost(events->arg);
        return;
    }
    loop_fd_add(loop, fork_server->channel.fd, WORLD_READ, on_channel, fork_server);
    fork_server->ping_timer = loop_timer_add(loop, FORK_SERVER_PING, on_ping_timer, fork_server);
    send_orders(fork_server);
}

void fork_server_free(struct fork_server *fork_server)
{
    struct fork_server *f = fork_server;

    if (!f)
        return;
    helper_pool_free(f->pool);
    forget_all_leaving(f);
    if (f->loop) {
        loop_timer_cancel(f->loop, f->order_timer);
        loop_timer_cancel(f->loop, f->ping_timer);
        if (f->channel.fd >= 0)
            loop_fd_remove(f->loop, f->channel.fd);
    }
    channel_close(&f->channel);
    while (f->kept_count > 0)
        close_kept(f, 0);
    free(f->kept);
    free(f);
}

int fork_server_channel(const struct fork_server *fork_server)
{
    return fork_server->channel.fd;
}

pid_t fork_server_pid(const struct fork_server *fork_server)
{
    return fork_server->pid;
}

struct helper_pool *fork_server_pool(struct fork_server *fork_server)
{
    return fork_server->pool;
}

void fork_server_set_pool(struct fork_server *fork_server, struct helper_pool *pool)
{
    fork_server->pool = pool;
}
