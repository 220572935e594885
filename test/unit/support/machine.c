/* SPDX-License-Identifier: GPL-2.0-or-later */
/* See machine.h. */
#include "test/unit/support/unit.h"

#include "test/unit/support/machine.h"

#include <ftw.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

#include "base/text.h"
#include "chronyc/client.h"

#define PATH_SIZE 512
#define WORDS_MAX 16

/* ---- Files ---- */

static void full_path(const struct fake_machine *m, const char *path, char *buf)
{
    assert_true(machine_path(&m->machine, path, buf, PATH_SIZE));
}

static void make_parents(const struct fake_machine *m, const char *path)
{
    char full[PATH_SIZE];

    full_path(m, path, full);
    for (char *slash = full + strlen(m->root) + 1; (slash = strchr(slash, '/')); *slash++ = '/') {
        *slash = '\0';
        mkdir(full, 0755);
    }
}

void fake_machine_file(const struct fake_machine *m, const char *path, const char *format, ...)
{
    char full[PATH_SIZE];
    va_list args;

    make_parents(m, path);
    full_path(m, path, full);
    FILE *f = fopen(full, "w");
    assert_non_null(f);
    va_start(args, format);
    vfprintf(f, format, args);
    va_end(args);
    fclose(f);
}

void fake_machine_directory(const struct fake_machine *m, const char *path)
{
    char full[PATH_SIZE];

    make_parents(m, path);
    full_path(m, path, full);
    mkdir(full, 0755);
}

void fake_machine_link(const struct fake_machine *m, const char *path, const char *target)
{
    char full[PATH_SIZE];

    make_parents(m, path);
    full_path(m, path, full);
    unlink(full);
    assert_int_equal(symlink(target, full), 0);
}

void fake_machine_program(const struct fake_machine *m, const char *name, const char *script)
{
    char path[PATH_SIZE], full[PATH_SIZE];

    snprintf(path, sizeof(path), "/usr/bin/%s", name);
    fake_machine_file(m, path, "#!/bin/sh\n%s\n", script);
    full_path(m, path, full);
    assert_int_equal(chmod(full, 0755), 0);
}

static int remove_entry(const char *path, const struct stat *st, int flag, struct FTW *ftw)
{
    return remove(path);
}

static void remove_tree(const struct fake_machine *m, const char *path)
{
    char full[PATH_SIZE];

    full_path(m, path, full);
    nftw(full, remove_entry, 8, FTW_DEPTH | FTW_PHYS);
}

/* ---- Processes and sockets ---- */

void fake_machine_process(const struct fake_machine *m, int pid, int parent, const char *name,
                          uint64_t capabilities, unsigned long inode)
{
    char path[PATH_SIZE], target[64];

    snprintf(path, sizeof(path), "/proc/%d/status", pid);
    fake_machine_file(
        m, path,
        "Name:\t%s\nState:\tS (sleeping)\nPPid:\t%d\nUid:\t0\t%u\t0\t0\n"
        "Gid:\t0\t%u\t0\t0\nCapEff:\t%016llx\nCapBnd:\t000001ffffffffff\nSeccomp:\t2\n",
        name, parent, (unsigned int)geteuid(), (unsigned int)getegid(),
        (unsigned long long)capabilities);
    snprintf(path, sizeof(path), "/proc/%d/fd", pid);
    fake_machine_directory(m, path);
    snprintf(path, sizeof(path), "/proc/%d/fd/5", pid);
    snprintf(target, sizeof(target), "socket:[%lu]", inode);
    if (inode > 0)
        fake_machine_link(m, path, target);
}

void fake_machine_socket(const struct fake_machine *m, const char *table, const char *address,
                         unsigned int port, unsigned int state, unsigned long inode)
{
    char path[PATH_SIZE], full[PATH_SIZE];

    snprintf(path, sizeof(path), "/proc/net/%s", table);
    if (!machine_exists(&m->machine, path))
        fake_machine_file(m, path, "  sl  local_address rem_address   st\n");
    full_path(m, path, full);
    FILE *f = fopen(full, "a");
    assert_non_null(f);
    fprintf(f,
            "  12: %s:%04X 00000000:0000 %02X 00000000:00000000 00:00000000 00000000     0"
            "        0 %lu 2 0000000000000000 0\n",
            address, port, state, inode);
    fclose(f);
}

static void listen_on_socket(struct fake_machine *m)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    char full[PATH_SIZE];

    make_parents(m, FAKE_SOCKET);
    full_path(m, FAKE_SOCKET, full);
    assert_true(text_copy(address.sun_path, sizeof(address.sun_path), full));
    m->socket = socket(AF_UNIX, SOCK_DGRAM, 0);
    assert_true(m->socket >= 0);
    assert_int_equal(bind(m->socket, (const struct sockaddr *)&address, sizeof(address)), 0);
}

void fake_machine_stop_daemon(struct fake_machine *m)
{
    m->daemon.answers = false;
    remove_tree(m, "/proc/100");
    close(m->socket);
    m->socket = -1;
}

/* ---- The daemon ---- */

static void answer_surroundings(const struct fake_daemon *d, int32_t index,
                                struct report_surroundings *report)
{
    *report = d->around;
    for (report->files = 0; report->files < FAKE_FILES && d->files[report->files].path;)
        report->files++;
    if (index < 0 || (uint32_t)index >= report->files)
        return;
    report->file = (int)d->files[index].what;
    report->failing = d->files[index].failing;
    text_copy(report->path, sizeof(report->path), d->files[index].path);
}

static enum cmd_status answer_certificate(const struct fake_machine *m, int32_t index,
                                          struct report_certificate *report)
{
    if (index != 0)
        return CMD_STATUS_NO_SOURCE;
    report->total = 1;
    text_copy(report->file, sizeof(report->file), "/x.pem");
    report->not_before = instant_add(m->now, -m->daemon.certificate_begun);
    report->not_after = instant_add(m->now, m->daemon.certificate_left);
    report->seconds_left = m->daemon.certificate_left;
    return CMD_STATUS_SUCCESS;
}

static enum cmd_status answer(const struct fake_machine *m, const struct cmd_request *request,
                              union cmd_reply_body *body)
{
    const struct fake_daemon *d = &m->daemon;

    if (d->is_old && request->command >= CMD_FIRST_OWN)
        return CMD_STATUS_INVALID;
    switch (request->command) {
    case CMD_SURROUNDINGS:
        answer_surroundings(d, request->u.index, &body->surroundings);
        return CMD_STATUS_SUCCESS;
    case CMD_CLOCK:
        body->clock.uptime_seconds = d->uptime;
        return CMD_STATUS_SUCCESS;
    case CMD_TRACKING:
        body->tracking = d->tracking;
        return CMD_STATUS_SUCCESS;
    case CMD_SOURCE_COUNT:
        body->source_count = d->sources;
        return CMD_STATUS_SUCCESS;
    case CMD_SOURCE_DATA:
        body->source = d->source;
        return CMD_STATUS_SUCCESS;
    case CMD_ACTIVITY:
        body->activity = d->activity;
        return CMD_STATUS_SUCCESS;
    case CMD_CERTIFICATE:
        return answer_certificate(m, request->u.index, &body->certificate);
    case CMD_SERVERSTATS:
        body->serverstats = d->serverstats;
        return CMD_STATUS_SUCCESS;
    default:
        return CMD_STATUS_INVALID;
    }
}

static bool fake_send(void *ctx, const void *data, size_t length)
{
    struct fake_machine *m = ctx;
    struct cmd_request_header header;
    struct cmd_request request;
    union cmd_reply_body body = {0};

    m->reply_length = 0;
    assert_true(cmd_request_header_decode(data, length, &header));
    assert_true(cmd_request_decode(data, length, header.command, &request));
    request.command = header.command;
    if (!m->daemon.answers)
        return true;
    struct cmd_reply_header reply = {.version = CMD_VERSION,
                                     .command = header.command,
                                     .status = (uint16_t)answer(m, &request, &body),
                                     .sequence = header.sequence};
    reply.reply =
        reply.status == CMD_STATUS_SUCCESS ? cmd_command_find(header.command)->reply : REPLY_NULL;
    m->reply_length = cmd_reply_encode(&reply, &body, m->reply, sizeof(m->reply));
    return true;
}

static bool fake_open(void *ctx, const struct endpoint *endpoint)
{
    return true;
}

static void fake_close(void *ctx)
{
}

static enum wait_result fake_wait(void *ctx, double timeout)
{
    struct fake_machine *m = ctx;

    if (m->reply_length > 0)
        return WAIT_READY;
    m->now = instant_add(m->now, timeout);
    return WAIT_TIMEOUT;
}

static bool fake_receive(void *ctx, void *data, size_t size, size_t *length)
{
    struct fake_machine *m = ctx;

    assert_true(m->reply_length <= size);
    memcpy(data, m->reply, m->reply_length);
    *length = m->reply_length;
    return true;
}

static struct instant fake_now(void *ctx)
{
    return ((struct fake_machine *)ctx)->now;
}

static bool fake_pause(void *ctx, double seconds)
{
    return true;
}

static bool fake_random(void *ctx, void *data, size_t length)
{
    memset(data, 7, length);
    return true;
}

static bool fake_quit(void *ctx)
{
    return false;
}

static bool fake_change_user(void *ctx, const char *user)
{
    return true;
}

/* ---- The machine ---- */

static bool read_clock(const struct machine *machine, struct machine_clock *clock)
{
    const struct fake_machine *m = (const struct fake_machine *)machine;

    *clock = m->clock;
    return m->has_clock;
}

struct fake_machine *fake_machine_new(void)
{
    struct fake_machine *m = mem_alloc(sizeof(*m));

    strcpy(m->root, "/tmp/doctor-test.XXXXXX");
    assert_non_null(mkdtemp(m->root));
    m->machine = (struct machine){.root = m->root, .read_clock = read_clock};
    m->has_clock = true;
    m->now.sec = time(NULL);
    m->env = (struct environment){
        .open = fake_open,
        .close = fake_close,
        .send = fake_send,
        .wait = fake_wait,
        .receive = fake_receive,
        .now = fake_now,
        .pause = fake_pause,
        .random = fake_random,
        .quit = fake_quit,
        .change_user = fake_change_user,
        .machine = &m->machine,
        .ctx = m,
    };
    m->daemon = (struct fake_daemon){
        .answers = true,
        .around = {.pid = FAKE_PID,
                   .uid = geteuid(),
                   .flags = REPORT_CONTROLS_CLOCK,
                   .filter_level = 1,
                   .certificates_ago = UINT32_MAX},
        .uptime = 100000,
        .activity = {.online = 1},
        .certificate_left = 60.0 * 86400.0,
        .certificate_begun = 86400.0,
    };
    fake_machine_process(m, FAKE_PID, 1, "chronyd", FAKE_CAP_SYS_TIME, 1000);
    fake_machine_socket(m, "udp", "00000000", 50000, 7, 1);
    listen_on_socket(m);
    return m;
}

void fake_machine_free(struct fake_machine *m)
{
    if (m->socket >= 0)
        close(m->socket);
    remove_tree(m, "");
    free(m);
}

/* ---- Running ---- */

char *fake_machine_run(struct fake_machine *m, const char *words)
{
    char *argv[WORDS_MAX + 1] = {"chronyc", "-h", FAKE_SOCKET}, *out = NULL,
                           *copy = text_dup(words);
    size_t size;
    int argc = 3;

    for (char *word = strtok(copy, " "); word && argc < WORDS_MAX; word = strtok(NULL, " "))
        argv[argc++] = word;
    m->env.out = open_memstream(&out, &size);
    m->env.err = m->env.out;
    m->status = chronyc_run(argc, argv, &m->env);
    fclose(m->env.out);
    free(copy);
    return out;
}

json_t *fake_machine_doctor(struct fake_machine *m, const char *arguments)
{
    char words[256];
    json_error_t error;

    snprintf(words, sizeof(words), "-j doctor %s", arguments);
    char *text = fake_machine_run(m, words);
    json_t *document = json_loads(text, 0, &error);
    if (!document)
        fail_msg("%s: %s", error.text, text);
    free(text);
    return document;
}

json_t *finding_of(json_t *document, const char *check, const char *code)
{
    json_t *row;
    size_t i;

    json_array_foreach(
        document, i,
        row) if (strcmp(json_string_value(json_object_get(row, "check")), check) == 0 &&
                 strcmp(json_string_value(json_object_get(row, "code")), code) == 0) return row;
    return NULL;
}

void assert_finding(struct fake_machine *m, const char *check, const char *code,
                    const char *severity)
{
    json_t *document = fake_machine_doctor(m, "");
    json_t *row = finding_of(document, check, code);
    const char *found = json_string_value(json_object_get(row, "severity"));

    if ((!row) != (!severity) || (row && strcmp(found, severity) != 0))
        fail_msg("%s, %s: %s instead of %s:\n%s", check, code, row ? found : "nothing",
                 severity ? severity : "nothing", json_dumps(document, JSON_INDENT(1)));
    json_decref(document);
}
