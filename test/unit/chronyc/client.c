/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The client beside the recorded exchanges: command line, fall-back between daemons, long lines,
 * output that cannot be written, completion, and names that must not reach the terminal.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "base/number.h"
#include "base/text.h"
#include "base/wire.h"
#include "chronyc/client.h"
#include "chronyc/commands.h"

#define OPENED_MAX 16

/* A machine on which the daemon at one address answers, and all others are silent. */
struct fake {
    struct environment env;
    struct ip_addr answering; /* IP_UNSPEC: none */
    uint16_t features;        /* of the daemon that answers */
    const char *name;         /* of every address, and the answer to sourcename */
    const char *input;
    struct ip_port opened[OPENED_MAX];
    size_t opened_count;
    size_t sent;
    struct instant now;
    double waited;
    int pauses; /* in the last run */
    int interrupted_pause;
    int user_changes;
    uint8_t reply[CMD_REPLY_MAX];
    size_t reply_length;
    bool quit;
    char *out;
    char *err;
    size_t out_size, err_size;
};

static bool fake_open(void *ctx, const struct endpoint *endpoint)
{
    struct fake *f = ctx;

    if (endpoint->path)
        return false;
    assert_true(f->opened_count < OPENED_MAX);
    f->opened[f->opened_count++] = endpoint->addr;
    return true;
}

static void fake_close(void *ctx)
{
}

static bool fake_send(void *ctx, const void *data, size_t length)
{
    struct fake *f = ctx;
    struct cmd_request_header request;
    union cmd_reply_body body = {0};

    f->sent++;
    f->reply_length = 0;
    assert_true(cmd_request_header_decode(data, length, &request));
    if (ip_addr_equal(&f->opened[f->opened_count - 1].addr, &f->answering)) {
        struct cmd_reply_header reply = {.version = CMD_VERSION,
                                         .command = request.command,
                                         .reply = cmd_command_find(request.command)->reply,
                                         .features = f->features,
                                         .sequence = request.sequence};

        if (request.command == CMD_ACTIVITY)
            body.activity.online = 3;
        if (request.command == CMD_SOURCE_COUNT)
            body.source_count = 1;
        if (request.command == CMD_SOURCENAME)
            text_copy(body.name, sizeof(body.name), f->name);
        f->reply_length = cmd_reply_encode(&reply, &body, f->reply, sizeof(f->reply));
    }
    return true;
}

static enum wait_result fake_wait(void *ctx, double timeout)
{
    struct fake *f = ctx;

    if (f->reply_length > 0)
        return WAIT_READY;
    f->waited += timeout;
    f->now = instant_add(f->now, timeout);
    return WAIT_TIMEOUT;
}

static bool fake_receive(void *ctx, void *data, size_t size, size_t *length)
{
    struct fake *f = ctx;

    assert_true(f->reply_length <= size);
    memcpy(data, f->reply, f->reply_length);
    *length = f->reply_length;
    return true;
}

static int fake_resolve(void *ctx, const char *name, enum ip_family family, struct ip_addr *addrs,
                        int max)
{
    if (strcmp(name, "two.example") != 0)
        return 0;
    for (int i = 0; i < 2 && i < max; i++)
        addrs[i] = family == IP_V6 ? ip_addr_loopback(IP_V6) : ip_addr_v4(192, 0, 2, (uint8_t)i);
    return 2;
}

static bool fake_reverse(void *ctx, const struct ip_addr *addr, char *name, size_t size)
{
    struct fake *f = ctx;

    return f->name && text_copy(name, size, f->name);
}

static struct instant fake_now(void *ctx)
{
    return ((struct fake *)ctx)->now;
}

static bool fake_pause(void *ctx, double seconds)
{
    struct fake *f = ctx;

    f->waited += seconds;
    return ++f->pauses != f->interrupted_pause;
}

static bool fake_random(void *ctx, void *data, size_t length)
{
    struct fake *f = ctx;

    memset(data, (int)f->sent + 7, length);
    return true;
}

static bool fake_quit(void *ctx)
{
    return ((struct fake *)ctx)->quit;
}

static bool fake_change_user(void *ctx, const char *user)
{
    struct fake *f = ctx;

    f->user_changes++;
    return strcmp(user, "nosuch") != 0;
}

static char *fake_read_line(void *ctx, const char *prompt)
{
    struct fake *f = ctx;

    if (!f->input)
        return NULL;
    char *line = text_dup(f->input);
    f->input = NULL;
    return line;
}

static struct fake *fake_new(void)
{
    struct fake *f = mem_alloc(sizeof(*f));

    f->now.sec = 1000000000;
    f->env = (struct environment){
        .out = open_memstream(&f->out, &f->out_size),
        .err = open_memstream(&f->err, &f->err_size),
        .open = fake_open,
        .close = fake_close,
        .send = fake_send,
        .wait = fake_wait,
        .receive = fake_receive,
        .resolve = fake_resolve,
        .reverse = fake_reverse,
        .now = fake_now,
        .pause = fake_pause,
        .random = fake_random,
        .quit = fake_quit,
        .change_user = fake_change_user,
        .read_line = fake_read_line,
        .ctx = f,
    };
    return f;
}

static void fake_free(struct fake *f)
{
    fclose(f->env.out);
    fclose(f->env.err);
    free(f->out);
    free(f->err);
    free(f);
}

static int run(struct fake *f, char **argv)
{
    int argc = 0, status;

    while (argv[argc])
        argc++;
    f->pauses = 0;
    status = chronyc_run(argc, argv, &f->env);
    fflush(f->env.out);
    fflush(f->env.err);
    return status;
}

#define RUN(f, ...) run(f, (char *[]){(char *)"chronyc", __VA_ARGS__, NULL})
#define ARG(text)   ((char *)(text))

static void silent_daemons_are_tried_in_order_with_all_retries(void **state)
{
    struct fake *f = fake_new();

    f->answering = ip_addr_v4(192, 0, 2, 9);
    assert_int_equal(RUN(f, ARG("-h"), ARG("/no/socket,192.0.2.8,nosuch.example,192.0.2.9"),
                         ARG("-p"), ARG("11323"), ARG("activity")),
                     0);
    assert_int_equal(f->opened_count, 2);
    assert_int_equal(f->opened[0].addr.u.v4[3], 8);
    assert_int_equal(f->opened[0].port, 11323);
    assert_int_equal(f->sent, 4);
    assert_true(f->waited > 6.99 && f->waited < 7.01);
    assert_int_equal(strncmp(f->out, "200 OK\n3 sources online\n", 24), 0);
    fake_free(f);
}

static void end_of_the_list_starts_it_again_for_the_next_command(void **state)
{
    struct fake *f = fake_new();

    assert_int_equal(RUN(f, ARG("-h"), ARG("192.0.2.8,192.0.2.9"), ARG("-m"), ARG("retries 0"),
                         ARG("activity"), ARG("activity")),
                     1);
    assert_int_equal(f->opened_count, 2);
    assert_string_equal(f->out, "506 Cannot talk to daemon\n");
    f->input = "activity";
    assert_int_equal(RUN(f, ARG("-h"), ARG("192.0.2.8,,192.0.2.9")), 1);
    assert_int_equal(f->opened_count, 3); /* an empty element ends the list */
    fake_free(f);
}

static void names_give_all_their_addresses_of_the_family(void **state)
{
    struct fake *f = fake_new();

    RUN(f, ARG("-h"), ARG("two.example"), ARG("activity"));
    assert_int_equal(f->opened_count, 2);
    f->opened_count = 0;
    assert_int_equal(RUN(f, ARG("-6"), ARG("-h"), ARG("192.0.2.1"), ARG("activity")), 1);
    assert_int_equal(f->opened_count, 0);
    assert_string_equal(f->err, "Could not open connection to daemon\n");
    fake_free(f);
}

static void quit_signal_gives_up_at_once(void **state)
{
    struct fake *f = fake_new();

    f->quit = true;
    assert_int_equal(RUN(f, ARG("-h"), ARG("192.0.2.8"), ARG("activity")), 1);
    assert_true(f->waited == 0.0);
    assert_string_equal(f->out, "506 Cannot talk to daemon\n");
    fake_free(f);
}

static void options_of_the_command_line(void **state)
{
    struct fake *f = fake_new();

    assert_int_equal(RUN(f, ARG("tracking"), ARG("--version")), 0);
    assert_int_equal(strncmp(f->out, "chronyc (chrony) version ", 25), 0);
    assert_non_null(strstr(f->out, "READLINE +SECHASH +IPV6 "));
    assert_int_equal(RUN(f, ARG("-c"), ARG("--help"), ARG("--version")), 0);
    assert_non_null(strstr(f->out, "Usage: chronyc [OPTION]... [COMMAND]...\n\nOptions:\n  -4\t"));
    assert_int_equal(RUN(f, ARG("-u"), ARG("nosuch"), ARG("activity")), 1);
    assert_int_equal(f->opened_count, 0);

    /* Options end at the command. */
    f->answering = ip_addr_loopback(IP_V4);
    assert_int_equal(
        RUN(f, ARG("-ach127.0.0.1"), ARG("-f"), ARG("file"), ARG("activity"), ARG("-x")), 0);
    assert_non_null(strstr(f->out, "\n3,0,0,0,0\n"));
    fake_free(f);
}

static void doctor_keeps_the_rights_of_root_unless_a_user_is_named(void **state)
{
    struct fake *f = fake_new();

    f->answering = ip_addr_v4(192, 0, 2, 9);
    RUN(f, ARG("-h"), ARG("192.0.2.9"), ARG("activity"));
    assert_int_equal(f->user_changes, 1);
    RUN(f, ARG("-h"), ARG("192.0.2.9"), ARG("-m"), ARG("activity"), ARG("doctor"));
    assert_int_equal(f->user_changes, 2);
    RUN(f, ARG("-h"), ARG("192.0.2.9"), ARG("doctor"));
    assert_int_equal(f->user_changes, 2);
    RUN(f, ARG("-h"), ARG("192.0.2.9"), ARG("-m"), ARG(" doctor -f /etc/chrony.conf"));
    assert_int_equal(f->user_changes, 2);
    RUN(f, ARG("-h"), ARG("192.0.2.9"), ARG("-u"), ARG("daemon"), ARG("doctor"));
    assert_int_equal(f->user_changes, 3);
    fake_free(f);
}

static void the_nearest_command_is_suggested_on_a_terminal_only(void **state)
{
    struct fake *f = fake_new();

    f->answering = ip_addr_loopback(IP_V4);
    assert_int_equal(RUN(f, ARG("-h"), ARG("127.0.0.1"), ARG("trakcing")), 1);
    assert_string_equal(f->err, "Unrecognized command\n");
    fake_free(f);

    f = fake_new();
    f->answering = ip_addr_loopback(IP_V4);
    f->env.err_terminal = true;
    assert_int_equal(RUN(f, ARG("-h"), ARG("127.0.0.1"), ARG("trakcing")), 1);
    assert_int_equal(RUN(f, ARG("-h"), ARG("127.0.0.1"), ARG("nonsense")), 1);
    assert_string_equal(f->err, "Unrecognized command\nDid you mean tracking?\n"
                                "Unrecognized command\n");
    fake_free(f);
}

static void wrong_options_are_named_on_a_terminal_only(void **state)
{
    struct fake *f = fake_new();

    f->answering = ip_addr_loopback(IP_V4);
    assert_int_equal(RUN(f, ARG("-h"), ARG("127.0.0.1"), ARG("add server a ibrust")), 1);
    assert_int_equal(RUN(f, ARG("-h"), ARG("127.0.0.1"), ARG("local orphans")), 1);
    assert_string_equal(f->err, "Invalid option in add command\n"
                                "Invalid syntax for local command\n");
    fake_free(f);

    f = fake_new();
    f->answering = ip_addr_loopback(IP_V4);
    f->env.err_terminal = true;
    assert_int_equal(RUN(f, ARG("-h"), ARG("127.0.0.1"), ARG("add server a ibrust")), 1);
    assert_int_equal(RUN(f, ARG("-h"), ARG("127.0.0.1"), ARG("add server a #")), 1);
    assert_int_equal(RUN(f, ARG("-h"), ARG("127.0.0.1"), ARG("add server a maxpoll 99 key 1")), 1);
    assert_int_equal(RUN(f, ARG("-h"), ARG("127.0.0.1"), ARG("add server a minpoll")), 1);
    assert_int_equal(RUN(f, ARG("-h"), ARG("127.0.0.1"), ARG("local orphans")), 1);
    assert_int_equal(RUN(f, ARG("-h"), ARG("127.0.0.1"), ARG("local stratum 99")), 1);
    assert_int_equal(RUN(f, ARG("-h"), ARG("127.0.0.1"), ARG("selectopts 127.0.0.1 +perfer")), 1);
    assert_string_equal(f->err, "Invalid option in add command\n"
                                "Unknown option ibrust, did you mean iburst?\n"
                                "Invalid option in add command\n"
                                "Unknown option #\n"
                                "Invalid value in add command\n"
                                "Option maxpoll cannot be 99\n"
                                "Invalid value in add command\n"
                                "Option minpoll needs a value\n"
                                "Invalid syntax for local command\n"
                                "Unknown option orphans, did you mean orphan?\n"
                                "Invalid syntax for local command\n"
                                "Invalid syntax for selectopts command\n"
                                "Unknown option perfer, did you mean prefer?\n");
    fake_free(f);
}

static void colours_are_for_source_states_where_they_are_wanted(void **state)
{
    const char *plain = "MS Name/IP address         Stratum Poll Reach LastRx Last sample"
                        "               \n"
                        "======================================================================"
                        "=========\n"
                        "^* [UNSPEC]                      0   0     0     0     +0ns[   +0ns] +/-"
                        "    0ns\n";
    const char *colored = "\n\033[0;1;32m^* [UNSPEC]                   \033[0m   0   0     0";
    struct fake *f = fake_new();

    f->answering = ip_addr_loopback(IP_V4);
    assert_int_equal(RUN(f, ARG("-h127.0.0.1"), ARG("-n"), ARG("sources")), 0);
    assert_string_equal(f->out, plain);
    fake_free(f);

    /* --color always is for pagers that understand it. */
    f = fake_new();
    f->answering = ip_addr_loopback(IP_V4);
    RUN(f, ARG("-h127.0.0.1"), ARG("-n"), ARG("--color=always"), ARG("sources"));
    assert_non_null(strstr(f->out, colored));
    fake_free(f);

    f = fake_new();
    f->answering = ip_addr_loopback(IP_V4);
    f->env.colors = true; /* a terminal */
    RUN(f, ARG("-h127.0.0.1"), ARG("-n"), ARG("--color"), ARG("never"), ARG("sources"));
    assert_string_equal(f->out, plain);
    RUN(f, ARG("-h127.0.0.1"), ARG("-n"), ARG("sources"));
    assert_non_null(strstr(f->out, colored));
    fake_free(f);

    /* Never in CSV; and no other word. */
    f = fake_new();
    f->answering = ip_addr_loopback(IP_V4);
    RUN(f, ARG("-h127.0.0.1"), ARG("-c"), ARG("--color=always"), ARG("sources"));
    assert_null(strchr(f->out, '\033'));
    assert_int_equal(RUN(f, ARG("-h127.0.0.1"), ARG("--color=yes"), ARG("sources")), 1);
    fake_free(f);
}

/* The daemon says in its replies that its estimator gives the columns another meaning. */
static void the_legend_of_sourcestats_explains_the_estimator_in_use(void **state)
{
    const char *note =
        "Estimator kalman: Frequency and Offset are what its filters estimate, Freq Skew\n"
        "is 3.5 standard deviations of Frequency, Std Dev is the learnt jitter of one\n"
        "sample. NP, NR and Span are of the samples that the selection works with.\n";
    struct fake *plain = fake_new(), *kalman = fake_new();

    plain->answering = kalman->answering = ip_addr_loopback(IP_V4);
    kalman->features = CMD_FEATURE_KALMAN;
    assert_int_equal(RUN(plain, ARG("-h127.0.0.1"), ARG("-nw"), ARG("sourcestats -v")), 0);
    assert_int_equal(RUN(kalman, ARG("-h127.0.0.1"), ARG("-nw"), ARG("sourcestats -v")), 0);
    assert_null(strstr(plain->out, "kalman"));
    assert_memory_equal(kalman->out, note, strlen(note));
    assert_string_equal(kalman->out + strlen(note), plain->out);
    assert_int_equal(kalman->sent, plain->sent);
    fake_free(plain);

    plain = fake_new();
    plain->answering = kalman->answering;
    plain->features = CMD_FEATURE_KALMAN;
    RUN(plain, ARG("-h127.0.0.1"), ARG("-n"), ARG("sourcestats"));
    RUN(plain, ARG("-h127.0.0.1"), ARG("-n"), ARG("sources -v"));
    RUN(plain, ARG("-h127.0.0.1"), ARG("-c"), ARG("sourcestats -v"));
    assert_null(strstr(plain->out, "kalman"));
    fake_free(plain);
    fake_free(kalman);
}

static void watch_repeats_a_report_until_it_is_interrupted(void **state)
{
    struct fake *f = fake_new();
    const char *twice = "200 OK\n3 sources online\n0 sources offline\n"
                        "0 sources doing burst (return to online)\n"
                        "0 sources doing burst (return to offline)\n"
                        "0 sources with unknown address\n\n200 OK\n";

    f->answering = ip_addr_loopback(IP_V4);
    f->interrupted_pause = 3;
    assert_int_equal(RUN(f, ARG("-h127.0.0.1"), ARG("watch"), ARG("activity"), ARG("0.25")), 0);
    assert_int_equal(strncmp(f->out, twice, strlen(twice)), 0);
    assert_true(f->waited > 0.74 && f->waited < 0.76); /* the last pause is the interrupted one */
    assert_int_equal(f->sent, 3);
    fake_free(f);

    f = fake_new();
    f->answering = ip_addr_loopback(IP_V4);
    f->interrupted_pause = 2;
    assert_int_equal(RUN(f, ARG("-ch127.0.0.1"), ARG("watch"), ARG("activity")), 0);
    assert_string_equal(f->out, "3,0,0,0,0\n3,0,0,0,0\n");
    assert_true(f->waited > 3.99 && f->waited < 4.01);
    fake_free(f);
}

static void watch_takes_reports_only(void **state)
{
    static const char *const others[] = {
        "makestep", "manual on", "watch activity", "waitsync", "settime now", "nosuch", "5"};
    struct fake *f = fake_new();

    f->answering = ip_addr_loopback(IP_V4);
    f->interrupted_pause = 1;
    for (size_t i = 0; i < COUNT(others); i++)
        assert_int_equal(RUN(f, ARG("-h127.0.0.1"), ARG("watch"), ARG(others[i])), 1);
    assert_int_equal(RUN(f, ARG("-h127.0.0.1"), ARG("watch")), 1);
    assert_int_equal(f->sent, 0);
    assert_int_equal(strncmp(f->err, "Only reports can be watched\n", 28), 0);
    /* The number belongs to the option here. */
    assert_int_equal(RUN(f, ARG("-ch127.0.0.1"), ARG("watch"), ARG("clients"), ARG("-p"), ARG("5")),
                     0);
    assert_true(f->waited > 1.99 && f->waited < 2.01);
    assert_int_equal(
        RUN(f, ARG("-ch127.0.0.1"), ARG("watch"), ARG("manual"), ARG("list"), ARG("1")), 0);
    fake_free(f);
}

static void help_shows_what_chrony_lacks_on_terminals_only(void **state)
{
    struct fake *f = fake_new();

    f->answering = ip_addr_loopback(IP_V4);
    RUN(f, ARG("-h127.0.0.1"), ARG("help"));
    assert_null(strstr(f->out, "watch"));
    f->env.out_terminal = true;
    RUN(f, ARG("-h127.0.0.1"), ARG("help"));
    assert_non_null(strstr(f->out, "\nwatch <report> [<interval>] Show report repeatedly\n"));
    fake_free(f);
}

static void command_line_must_fit_in_the_buffer(void **state)
{
    struct fake *f = fake_new();
    char word[2048];

    memset(word, 'x', sizeof(word));
    word[2046] = '\0'; /* with its space 2047 characters */
    assert_int_equal(RUN(f, ARG("-h"), ARG("127.0.0.1"), word), 1);
    assert_string_equal(f->err, "Unrecognized command\n");
    word[2046] = 'x';
    word[2047] = '\0';
    assert_int_equal(RUN(f, ARG("-h"), ARG("127.0.0.1"), word), 1);
    assert_string_equal(f->err, "Unrecognized command\nCommand too long\n");
    fake_free(f);
}

static void unwritable_output_fails_reports_only(void **state)
{
    struct fake *f = fake_new();
    FILE *out = f->env.out;

    f->answering = ip_addr_loopback(IP_V4);
    f->env.out = fopen("/dev/full", "w");
    if (!f->env.out) {
        f->env.out = out;
        fake_free(f);
        skip();
    }
    assert_int_equal(RUN(f, ARG("-h"), ARG("127.0.0.1"), ARG("activity")), 1);
    assert_int_equal(RUN(f, ARG("-h"), ARG("127.0.0.1"), ARG("cyclelogs")), 0);
    assert_string_equal(f->err, "Could not write to stdout\nCould not write to stdout\n");
    fclose(f->env.out);
    f->env.out = out;
    fake_free(f);
}

static void control_characters_in_names_are_not_printed(void **state)
{
    struct fake *f = fake_new();

    f->answering = ip_addr_loopback(IP_V4);
    f->name = "a\033[2Jb";
    assert_int_equal(RUN(f, ARG("-h"), ARG("127.0.0.1"), ARG("sourcename"), ARG("192.0.2.1")), 1);
    assert_string_equal(f->out, "");
    f->name = "good.example";
    assert_int_equal(RUN(f, ARG("-h"), ARG("127.0.0.1"), ARG("sourcename"), ARG("192.0.2.1")), 0);
    assert_string_equal(f->out, "good.example\n");
    fake_free(f);
}

static void waitsync_waits_between_tries(void **state)
{
    struct fake *f = fake_new();

    f->answering = ip_addr_loopback(IP_V4);
    assert_int_equal(
        RUN(f, ARG("-h"), ARG("127.0.0.1"), ARG("waitsync"), ARG("3"), ARG("0"), ARG("0")), 1);
    assert_true(f->waited == 20.0); /* the default interval, not after the last try */
    fake_free(f);
}

static void keys_have_the_length_of_their_type(void **state)
{
    struct fake *f = fake_new();

    RUN(f, ARG("-h"), ARG("127.0.0.1"), ARG("keygen"), ARG("10"), ARG("MD5"), ARG("40"));
    assert_string_equal(f->out, "10 MD5 HEX:07070707070707070707\n");
    RUN(f, ARG("-h"), ARG("127.0.0.1"), ARG("keygen"), ARG("3"), ARG("MD5"), ARG("99999"));
    assert_int_equal(f->out_size,
                     strlen("10 MD5 HEX:07070707070707070707\n") + strlen("3 MD5 HEX:\n") + 1024);
    fake_free(f);
}

static void check_completion(const char *line, const char *expected)
{
    const char *words[128];
    size_t count = command_complete(line, words, 128);
    char joined[1024] = "";

    for (size_t i = 0; i < count; i++) {
        strcat(joined, words[i]);
        strcat(joined, " ");
    }
    assert_string_equal(joined, expected);
}

static void completion_knows_commands_and_their_words(void **state)
{
    const char *words[128];

    check_completion("trac", "tracking ");
    check_completion("  cmd", "cmdaccheck cmdallow cmddeny ");
    check_completion("add ", "peer pool server ");
    check_completion("add p", "peer pool ");
    check_completion("manual ", "on off delete list reset ");
    check_completion("sources -", "-a -v ");
    check_completion("tracking ", "");
    check_completion("nosuch ", "");
    check_completion("dfr", "");
    check_completion("passw", "");
    size_t listed = 0;
    for (const struct command *cmd = command_table; cmd->name; cmd++)
        listed += cmd->section != SECTION_NONE;
    assert_true(listed >= 61);
    assert_int_equal(command_complete("", words, 128), listed);
    check_completion("watch trac", "tracking ");
    check_completion("watch man", "manual ");
    check_completion("watch  sources ", "-a -v ");
    check_completion("watch makes", "");
}

/* Every command can be found, and exactly one of its handlers is set. */
static void command_table_is_consistent(void **state)
{
    for (const struct command *cmd = command_table; cmd->name; cmd++) {
        assert_ptr_equal(command_find(cmd->name), cmd);
        assert_true(!cmd->run != !cmd->build);
        if (cmd->build)
            assert_non_null(cmd_command_find(cmd->code));
    }
    assert_null(command_find("track"));
    assert_null(command_find("TRACKING"));
    assert_null(command_find(""));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(silent_daemons_are_tried_in_order_with_all_retries),
        cmocka_unit_test(end_of_the_list_starts_it_again_for_the_next_command),
        cmocka_unit_test(names_give_all_their_addresses_of_the_family),
        cmocka_unit_test(quit_signal_gives_up_at_once),
        cmocka_unit_test(options_of_the_command_line),
        cmocka_unit_test(doctor_keeps_the_rights_of_root_unless_a_user_is_named),
        cmocka_unit_test(the_nearest_command_is_suggested_on_a_terminal_only),
        cmocka_unit_test(wrong_options_are_named_on_a_terminal_only),
        cmocka_unit_test(colours_are_for_source_states_where_they_are_wanted),
        cmocka_unit_test(the_legend_of_sourcestats_explains_the_estimator_in_use),
        cmocka_unit_test(watch_repeats_a_report_until_it_is_interrupted),
        cmocka_unit_test(watch_takes_reports_only),
        cmocka_unit_test(help_shows_what_chrony_lacks_on_terminals_only),
        cmocka_unit_test(command_line_must_fit_in_the_buffer),
        cmocka_unit_test(unwritable_output_fails_reports_only),
        cmocka_unit_test(control_characters_in_names_are_not_printed),
        cmocka_unit_test(waitsync_waits_between_tries),
        cmocka_unit_test(keys_have_the_length_of_their_type),
        cmocka_unit_test(completion_knows_commands_and_their_words),
        cmocka_unit_test(command_table_is_consistent),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
