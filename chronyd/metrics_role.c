/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The process that serves metrics; see metrics_role.h for its promise. It waits for the main
 * process and for clients, and ends when the former is gone.
 */
#include "chronyd/metrics_role.h"

#include <poll.h>
#include <signal.h>
#include <unistd.h>
#include "base/log.h"
#include "chronyd/metrics_http.h"
#include "chronyd/metrics_page.h"
#include "process/channel.h"
#include "process/helper_role.h"
#include "process/signals.h"

/* A round that takes so many seconds is endless: the process ends, and another one is started. */
#define ENDLESS 60
/* The longest wait in milliseconds, so that a round is shorter than that. */
#define LONGEST 30000

/* Waits for the listening socket, which is the first message. -1: the main process is gone. */
static int await_socket(struct channel *channel)
{
    struct pollfd p = {.fd = channel->fd, .events = POLLIN};
    enum channel_result result = CHANNEL_AGAIN;
    struct ipc_message message;
    int fd = -1;

    while (result == CHANNEL_AGAIN) {
        poll(&p, 1, -1);
        result = channel_receive(channel, &message, &fd);
    }
    return fd;
}

static void serve(struct metrics_http *http, struct metrics_pages *pages, int channel)
{
    struct pollfd p[] = {{.fd = channel, .events = POLLIN},
                         {.fd = metrics_http_fd(http), .events = POLLIN}};
    bool running = true;

    while (running) {
        int timeout = metrics_http_timeout(http);

        alarm(ENDLESS);
        poll(p, 2, timeout < 0 || timeout > LONGEST ? LONGEST : timeout);
        running = metrics_pages_read(pages);
        if (running)
            metrics_http_run(http);
    }
    alarm(0);
}

static int run(void *ctx, const struct sandbox *sandbox, int fd)
{
    struct channel channel = channel_make(fd, IPC_REPORTER, 0);
    struct world *world = ctx;
    struct metrics_library library;

    signals_set_child(true);
    signal(SIGALRM, SIG_DFL);
    if (!metrics_library_load(&library))
        return HELPER_EXIT_BAD_FILES;
    sandbox_enter(sandbox, PROCESS_METRICS, fd);
    log_close();
    int listening = await_socket(&channel);
    if (listening < 0)
        return HELPER_EXIT_DONE;
    struct metrics_pages *pages = metrics_pages_new(world, &channel);
    struct metrics_http *http = metrics_http_new(world, &library, pages, listening);
    if (!http)
        return HELPER_EXIT_FATAL;
    serve(http, pages, fd);
    metrics_http_free(http);
    metrics_pages_free(pages);
    return HELPER_EXIT_DONE;
}

struct lone_role metrics_role_make(struct world *world)
{
    return (struct lone_role){
        .role = PROCESS_METRICS,
        .number = 1,
        .name = "Metrics server",
        .process_name = "chronyd-metrics",
        .bad_files = METRICS_LIBRARY_NAME " is missing or too old",
        .run = run,
        .ctx = world,
    };
}
