/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Pages of the metrics server: how often the main process is asked, and what happens when it does
 * not answer. The main process is a thread of the test.
 */
#include "test/unit/support/unit.h"

#include <poll.h>
#include <pthread.h>
#include <stdatomic.h>
#include <string.h>
#include <unistd.h>
#include "chronyd/metrics_page.h"
#include "chronyd/metrics_server.h"
#include "chronyd/os/world_linux.h"
#include "process/channel.h"

struct fixture {
    struct world *real;
    struct world_ops ops;
    struct world world; /* its clock only */
    double clock_offset;
    double clock_step; /* each look at the clock takes so long */
    struct channel channel;
    struct channel main;
    struct metrics_pages *pages;
    pthread_t thread;
    atomic_int queries;
};

static struct mono_time mono_now(void *ctx)
{
    struct fixture *f = ctx;

    f->clock_offset += f->clock_step;
    return mono_add(world_mono_now(f->real), f->clock_offset);
}

/* Answers as a daemon does that knows its tracking only. */
static void *answer(void *arg)
{
    struct fixture *f = arg;
    struct pollfd p = {.fd = f->main.fd, .events = POLLIN};
    struct ipc_message message;
    enum channel_result result;
    int none;

    while (poll(&p, 1, -1) >= 0) {
        struct cmd_request request;
        union cmd_reply_body body = {.tracking.stratum = 7};
        uint8_t reply[CMD_REPLY_MAX];

        result = channel_receive(&f->main, &message, &none);
        if (result == CHANNEL_AGAIN)
            continue;
        if (result != CHANNEL_OK || !metrics_server_decode(&message.u.octets, &request))
            break;
        atomic_fetch_add(&f->queries, 1);
        message.type = IPC_REPORT;
        message.u.octets.status = CMD_STATUS_NOT_ENABLED;
        message.u.octets.length = 0;
        if (request.command == CMD_TRACKING) {
            const struct cmd_reply_header header = {.version = CMD_VERSION,
                                                    .reply = REPLY_TRACKING};
            size_t length = cmd_reply_encode(&header, &body, reply, sizeof(reply));

            message.u.octets.status = CMD_STATUS_SUCCESS;
            message.u.octets.length = length - CMD_REPLY_HEADER;
            memcpy(message.u.octets.data, reply + CMD_REPLY_HEADER, length - CMD_REPLY_HEADER);
        }
        channel_send(&f->main, &message, -1);
    }
    return NULL;
}

static void start(struct fixture *f, bool answers)
{
    const struct world_linux_options options = {.ipv4 = true};
    const struct ipc_message listen = {.type = IPC_LISTEN};
    struct ipc_message message;
    int ends[2], fd;

    memset(f, 0, sizeof(*f));
    f->real = world_linux_new(&options);
    f->ops = *f->real->ops;
    f->ops.mono_now = mono_now;
    f->world = (struct world){.ops = &f->ops, .ctx = f};
    assert_true(channel_pair(ends));
    f->channel = channel_make(ends[0], IPC_REPORTER, 0);
    f->main = channel_make(ends[1], IPC_METRICS, 0);
    assert_int_equal(channel_send(&f->main, &listen, ends[1]), CHANNEL_OK);
    assert_int_equal(channel_receive(&f->channel, &message, &fd), CHANNEL_OK);
    close(fd);
    f->pages = metrics_pages_new(&f->world, &f->channel);
    if (answers)
        assert_int_equal(pthread_create(&f->thread, NULL, answer, f), 0);
}

static void end(struct fixture *f)
{
    metrics_pages_free(f->pages);
    channel_close(&f->channel);
    if (f->thread)
        pthread_join(f->thread, NULL);
    channel_close(&f->main);
    world_linux_free(f->real);
}

static void page_serves_all_of_a_second(void **state)
{
    struct metrics_page *first, *second;
    struct fixture f;

    start(&f, true);
    first = metrics_pages_get(f.pages, METRICS_OPENMETRICS);
    assert_non_null(first);
    assert_non_null(strstr(first->text, "chrony_tracking_stratum"));
    assert_int_equal(strlen(first->text), first->length);
    assert_string_equal(first->text + first->length - 6, "# EOF\n");
    int asked = atomic_load(&f.queries);
    assert_true(asked > 0);
    for (int i = 0; i < 1000; i++)
        metrics_page_release(metrics_pages_get(f.pages, METRICS_OPENMETRICS));
    assert_int_equal(atomic_load(&f.queries), asked);

    /* The other format is another page. */
    second = metrics_pages_get(f.pages, METRICS_PLAIN);
    assert_non_null(second);
    assert_ptr_not_equal(first, second);
    metrics_page_release(second);

    /* A client that is slow still has the old one. */
    f.clock_offset += 1.1;
    second = metrics_pages_get(f.pages, METRICS_OPENMETRICS);
    assert_ptr_not_equal(first, second);
    assert_int_equal(atomic_load(&f.queries), 3 * asked);
    assert_string_equal(first->text + first->length - 6, "# EOF\n");
    metrics_page_release(first);
    metrics_page_release(second);
    assert_true(metrics_pages_read(f.pages));
    end(&f);
}

static int waiting_queries(struct fixture *f)
{
    struct ipc_message message;
    int none, count = 0;

    while (channel_receive(&f->main, &message, &none) == CHANNEL_OK)
        count++;
    return count;
}

static void silent_main_process_is_not_asked_by_each_client(void **state)
{
    struct fixture f;

    start(&f, false);
    f.clock_step = 2.0;
    assert_null(metrics_pages_get(f.pages, METRICS_PLAIN));
    f.clock_step = 0.0;
    assert_int_equal(waiting_queries(&f), 1);
    /* For neither format, else clients that take turns would make each other wait. */
    for (int i = 0; i < 10; i++) {
        assert_null(metrics_pages_get(f.pages, METRICS_PLAIN));
        assert_null(metrics_pages_get(f.pages, METRICS_OPENMETRICS));
    }
    assert_int_equal(waiting_queries(&f), 0);
    f.clock_offset += 1.1;
    f.clock_step = 2.0;
    assert_null(metrics_pages_get(f.pages, METRICS_OPENMETRICS));
    assert_int_equal(waiting_queries(&f), 1);
    assert_true(metrics_pages_read(f.pages));
    end(&f);
}

/* It answers again, and what it says of the first question is not taken for the second one. */
static void late_report_is_ignored(void **state)
{
    const struct ipc_message late = {.type = IPC_REPORT, .u.octets = {.id = 1, .length = 1}};
    struct fixture f;

    start(&f, false);
    f.clock_step = 2.0;
    assert_null(metrics_pages_get(f.pages, METRICS_PLAIN));
    f.clock_step = 0.0;
    assert_int_equal(waiting_queries(&f), 1);
    assert_int_equal(channel_send(&f.main, &late, -1), CHANNEL_OK);
    assert_int_equal(pthread_create(&f.thread, NULL, answer, &f), 0);
    f.clock_offset += 1.1;
    struct metrics_page *page = metrics_pages_get(f.pages, METRICS_PLAIN);
    assert_non_null(page);
    assert_non_null(strstr(page->text, "chrony_tracking_stratum"));
    metrics_page_release(page);
    end(&f);
}

static void slow_clients_hold_a_few_pages_only(void **state)
{
    struct metrics_page *held[METRICS_PAGES_MAX];
    struct fixture f;

    start(&f, true);
    for (int i = 0; i < METRICS_PAGES_MAX; i++) {
        held[i] = metrics_pages_get(f.pages, METRICS_PLAIN);
        assert_non_null(held[i]);
        f.clock_offset += 1.1;
    }
    assert_null(metrics_pages_get(f.pages, METRICS_PLAIN));
    metrics_page_release(held[0]);
    f.clock_offset += 1.1;
    held[0] = metrics_pages_get(f.pages, METRICS_PLAIN);
    assert_non_null(held[0]);
    for (int i = 0; i < METRICS_PAGES_MAX; i++)
        metrics_page_release(held[i]);
    end(&f);
}

static void end_of_the_main_process_is_seen(void **state)
{
    struct fixture f;

    start(&f, false);
    channel_close(&f.main);
    assert_null(metrics_pages_get(f.pages, METRICS_PLAIN));
    assert_false(metrics_pages_read(f.pages));
    end(&f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(page_serves_all_of_a_second),
        cmocka_unit_test(silent_main_process_is_not_asked_by_each_client),
        cmocka_unit_test(late_report_is_ignored),
        cmocka_unit_test(slow_clients_hold_a_few_pages_only),
        cmocka_unit_test(end_of_the_main_process_is_seen),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
