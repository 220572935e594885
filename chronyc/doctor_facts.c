/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the checks need to know, from the daemon as far as it answers, from the configuration file,
 * and from /proc. See doctor.h.
 */
#include "chronyc/doctor.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/file.h"
#include "base/log.h"
#include "base/number.h"
#include "base/sync_status.h"
#include "base/text.h"
#include "chronyc/exchange.h"
#include "conf/conf.h"
#include "conf/files.h"
#include "config.h"

#define DAEMON_NAME "chronyd"
#define PATH_SIZE   4096

/* A daemon on the same machine answers within milliseconds. */
#define TIMEOUT_MS  500
#define MAX_RETRIES 1

#define FILES_MAX 1000 /* of a daemon that says that it has more than anybody can name */

/* ---- The daemon ---- */

/* There is one channel at a time: the client opens its own again with its next command. */
static void begin_asking(struct doctor *d)
{
    client_disconnect(d->client);
    d->client->next_endpoint = 0;
    d->silence = *d->client->env;
    d->silence.out = open_memstream(&d->said, &d->said_size);
    if (!d->silence.out)
        LOG_FATAL("Could not allocate memory");
    d->silence.err = d->silence.out;
    d->asking = *d->client;
    d->asking.env = &d->silence;
    d->asking.json = NULL;
    d->asking.debug = false;
    d->asking.timeout_ms = TIMEOUT_MS;
    d->asking.max_retries = MAX_RETRIES;
    d->asking.endpoint_count = 0;
}

static void end_asking(struct doctor *d)
{
    client_disconnect(&d->asking);
    fclose(d->silence.out);
    free(d->said);
}

bool doctor_ask(struct doctor *d, unsigned int command, int32_t index, union cmd_reply_body *body,
                unsigned int *status)
{
    struct cmd_request request = {.command = (uint16_t)command, .u.index = index};
    bool ok = d->asking.endpoint_count > 0 && exchange_report(&d->asking, &request, body);

    if (status)
        *status = d->asking.endpoint_count > 0 ? d->asking.status : CMD_STATUS_LATER;
    return ok;
}

/* Whether there is anything to talk to; a client needs a socket of its own beside the daemon's. */
static bool may_talk(const struct doctor *d, const struct endpoint *endpoint)
{
    if (!endpoint->path)
        return ip_addr_is_loopback(&endpoint->addr.addr);
    if (machine_try_socket(d->machine, endpoint->path) != 0)
        return false;
    char *directory = file_directory(endpoint->path);
    bool ok = machine_may_write(d->machine, directory);
    free(directory);
    return ok;
}

/* Reaches the daemon at one endpoint. */
static enum doctor_contact contact(struct doctor *d, struct endpoint *endpoint)
{
    union cmd_reply_body body = {0};
    unsigned int status = CMD_STATUS_LATER;

    client_disconnect(&d->asking);
    d->asking.endpoints = endpoint;
    d->asking.endpoint_count = 1;
    d->asking.next_endpoint = 0;
    d->asking.version = CMD_VERSION;
    if (endpoint->path && doctor_ask(d, CMD_SURROUNDINGS, 0, &body, &status)) {
        d->around = body.surroundings;
        return CONTACT_FULL;
    }
    if (endpoint->path && status == CMD_STATUS_LATER)
        return CONTACT_NONE;
    doctor_ask(d, CMD_TRACKING, 0, &body, &status);
    return status == CMD_STATUS_LATER ? CONTACT_NONE : CONTACT_OPEN;
}

static void find_daemon(struct doctor *d)
{
    struct client *c = d->client;
    union cmd_reply_body body;

    for (size_t i = 0; i < c->endpoint_count && d->contact == CONTACT_NONE; i++) {
        if (!may_talk(d, &c->endpoints[i]))
            continue;
        d->endpoint = &c->endpoints[i];
        d->over_unix = c->endpoints[i].path != NULL;
        d->contact = contact(d, &c->endpoints[i]);
    }
    if (d->contact == CONTACT_NONE) {
        d->endpoint = NULL;
        d->asking.endpoint_count = 0;
        return;
    }
    d->has_tracking = doctor_ask(d, CMD_TRACKING, 0, &body, NULL);
    if (d->has_tracking)
        d->tracking = body.tracking;
}

/* ---- Files ---- */

static void add_file(struct doctor *d, enum report_file what, bool failing, const char *path)
{
    d->files = mem_resize(d->files, d->file_count + 1, sizeof(*d->files));
    d->files[d->file_count++] = (struct doctor_file){what, failing, text_dup(path)};
}

static void ask_for_files(struct doctor *d)
{
    union cmd_reply_body body;
    uint32_t count = d->around.files < FILES_MAX ? d->around.files : FILES_MAX;

    for (uint32_t i = 0; i < count; i++) {
        if (!doctor_ask(d, CMD_SURROUNDINGS, (int32_t)i, &body, NULL))
            return;
        if (body.surroundings.file != REPORT_FILE_NONE)
            add_file(d, (enum report_file)body.surroundings.file, body.surroundings.failing,
                     body.surroundings.path);
    }
}

const struct doctor_file *doctor_file(const struct doctor *d, enum report_file what)
{
    for (size_t i = 0; i < d->file_count; i++)
        if (d->files[i].what == what)
            return &d->files[i];
    return NULL;
}

bool doctor_path(const struct doctor *d, const char *path, char *buf, size_t size)
{
    bool absolute = path[0] == '/';
    int length = snprintf(buf, size, "/proc/%d/%s%s%s", d->daemon.pid, absolute ? "root" : "cwd",
                          absolute ? "" : "/", path);
    struct stat there, here;

    if (d->has_daemon && length >= 0 && (size_t)length < size &&
        machine_stat(d->machine, buf, &there) &&
        !(machine_stat(d->machine, path, &here) && here.st_dev == there.st_dev &&
          here.st_ino == there.st_ino))
        return true;
    return text_copy(buf, size, path);
}

bool doctor_stat(const struct doctor *d, const char *path, struct stat *st)
{
    char buf[PATH_SIZE];

    return doctor_path(d, path, buf, sizeof(buf)) && machine_stat(d->machine, buf, st);
}

const char *doctor_socket(const struct doctor *d)
{
    const struct client *c = d->client;
    const struct doctor_file *file = doctor_file(d, REPORT_FILE_SOCKET);

    for (size_t i = 0; i < c->endpoint_count; i++)
        if (c->endpoints[i].path)
            return c->endpoints[i].path;
    return file ? file->path : DEFAULT_COMMAND_SOCKET;
}

/* ---- Configuration ---- */

/* Names are not looked up: that may take long, and what they mean is not judged here. */
static int resolve_nothing(const char *name, struct ip_addr *addrs, int max, void *arg)
{
    return 0;
}

static void read_conf(struct doctor *d)
{
    const struct conf_env env = {.resolve = resolve_nothing};
    enum log_severity threshold = log_threshold();
    struct conf_error error;
    char place[PATH_SIZE], path[PATH_SIZE];
    FILE *f = NULL;

    /* What is no file could make the reader wait. A path of the user is one of this process. */
    bool found = d->wanted_conf ? text_copy(place, sizeof(place), d->conf_path)
                                : doctor_path(d, d->conf_path, place, sizeof(place));
    if (found && machine_path(d->machine, place, path, sizeof(path)))
        f = file_open_read(path);
    if (!f) {
        d->conf_error = text_dup(text_errno(errno));
        return;
    }
    fclose(f);
    d->conf_is_readable = true;
    log_set_threshold(LOG_SEV_FATAL); /* warnings are for those who check the configuration */
    d->conf = conf_new(&env);
    if (!conf_read_file(d->conf, &env, path, &error)) {
        d->conf_error = text_dup(error.message);
        conf_free(d->conf);
        d->conf = NULL;
    }
    log_set_threshold(threshold);
}

/* The file that a daemon would use if nothing else is known. */
static char *usual_conf_path(const struct doctor *d)
{
    char path[PATH_SIZE];

    if (d->has_daemon && process_option(d->machine, d->daemon.pid, "-f", path, sizeof(path)))
        return text_dup(path);
    return text_dup(DEFAULT_CONF_FILE);
}

static bool serves_anybody(const struct conf *conf)
{
    const struct conf_access_rules *access = &conf->server.access;

    for (size_t i = 0; i < access->count; i++)
        if (access->rules[i].allow)
            return true;
    return access->name_count > 0;
}

/* What the daemon would say of itself. */
static void take_from_conf(struct doctor *d)
{
    bool controls = !d->has_daemon || !process_has_word(d->machine, d->daemon.pid, "-x");
    const struct conf *conf = d->conf;
    struct conf_file file;

    d->around = (struct report_surroundings){
        .flags = (controls ? REPORT_CONTROLS_CLOCK : 0) |
                 (conf->sockets.port > 0 && serves_anybody(conf) ? REPORT_SERVES_TIME : 0) |
                 (conf->rtc.on_utc ? REPORT_RTC_IN_UTC : 0) |
                 (conf->rtc.sync ? REPORT_RTC_SYNC : 0),
        .ntp_port = (uint16_t)conf->sockets.port,
        .ptp_port = (uint16_t)conf->sockets.ptp_port,
        .nts_port = conf->nts_server.certs.count > 0 ? conf->nts_server.port : 0,
        .cmd_port = (uint16_t)conf->command.port,
        .certificates_ago = UINT32_MAX,
    };
    add_file(d, REPORT_FILE_CONF, false, d->conf_path);
    for (size_t i = 0; conf_file(conf, i, &file); i++)
        add_file(d, file.what, false, file.path);
}

bool doctor_knows_settings(const struct doctor *d)
{
    return d->contact == CONTACT_FULL || d->conf;
}

static void find_conf(struct doctor *d)
{
    const struct doctor_file *file = doctor_file(d, REPORT_FILE_CONF);

    if (d->wanted_conf)
        d->conf_path = text_dup(d->wanted_conf);
    else if (d->contact == CONTACT_FULL)
        d->conf_path = file && d->has_daemon ? text_dup(file->path) : NULL;
    else
        d->conf_path = usual_conf_path(d);
    if (!d->conf_path)
        return; /* on the command line, or in a container */
    read_conf(d);
    if (d->contact != CONTACT_FULL && d->conf)
        take_from_conf(d);
}

/* ---- Processes ---- */

static const struct process *find_process(const struct doctor *d, int pid)
{
    for (size_t i = 0; i < d->processes.count; i++)
        if (d->processes.items[i].pid == pid &&
            strcmp(d->processes.items[i].name, DAEMON_NAME) == 0)
            return &d->processes.items[i];
    return NULL;
}

static int read_pid(const struct doctor *d)
{
    const struct doctor_file *file = doctor_file(d, REPORT_FILE_PID);
    char text[32];
    size_t used;
    int pid;

    if (!machine_read(d->machine, file ? file->path : DEFAULT_PID_FILE, text, sizeof(text)))
        return 0;
    return text_scan_int(text, &pid, &used) ? pid : 0;
}

/* Daemons of containers can be seen from outside. */
static bool is_in_our_network(const struct doctor *d, const struct process *p)
{
    char path[64], theirs[64], ours[64];

    snprintf(path, sizeof(path), "/proc/%d/ns/net", p->pid);
    return !machine_link(d->machine, path, theirs, sizeof(theirs)) ||
           !machine_link(d->machine, "/proc/self/ns/net", ours, sizeof(ours)) ||
           strcmp(theirs, ours) == 0;
}

bool doctor_shares_network(const struct doctor *d)
{
    return d->has_daemon ? is_in_our_network(d, &d->daemon) : d->contact == CONTACT_NONE;
}

/* Whether the daemon may be the one whose configuration was named. */
static bool has_wanted_conf(const struct doctor *d, const struct process *p)
{
    char path[PATH_SIZE];

    if (!d->wanted_conf)
        return true;
    if (!process_option(d->machine, p->pid, "-f", path, sizeof(path)))
        text_copy(path, sizeof(path), DEFAULT_CONF_FILE);
    return strcmp(path, d->wanted_conf) == 0;
}

/* The only daemon, apart from its own children. NULL: there is none, or more than one. */
static const struct process *only_daemon(struct doctor *d)
{
    const struct process *found = NULL;

    d->daemons = 0;
    for (size_t i = 0; i < d->processes.count; i++) {
        const struct process *p = &d->processes.items[i];

        if (strcmp(p->name, DAEMON_NAME) != 0 || find_process(d, p->parent) ||
            !is_in_our_network(d, p) || !has_wanted_conf(d, p))
            continue;
        d->daemons++;
        found = p;
    }
    return d->daemons == 1 ? found : NULL;
}

/* Numbers of processes in a container are other ones than outside, so the user has to agree. */
static void find_daemon_process(struct doctor *d)
{
    const struct process *p = NULL;
    union cmd_reply_body body;

    if (d->contact == CONTACT_FULL) {
        p = find_process(d, (int)d->around.pid);
        if (p && p->uid != d->around.uid)
            p = NULL;
    } else {
        p = find_process(d, unix_socket_holder(d->machine, doctor_socket(d), &d->processes));
        if (!p)
            p = find_process(d, read_pid(d));
        if (!p)
            p = only_daemon(d);
    }
    d->has_daemon = p != NULL;
    d->daemon_age = -1.0;
    if (p)
        d->daemon = *p;
    if (d->contact == CONTACT_FULL && doctor_ask(d, CMD_CLOCK, 0, &body, NULL)) {
        d->daemon_age = body.clock.uptime_seconds;
        return;
    }
    double started = p ? process_started(d->machine, p->pid) : -1.0;
    if (started >= 0.0)
        d->daemon_age = fmax((double)d->now.sec - started, 0.0);
}

/* ---- All of it ---- */

bool doctor_is_synchronised(const struct doctor *d)
{
    return d->has_tracking && d->tracking.leap != LEAP_UNSYNC;
}

void doctor_find_facts(struct doctor *d)
{
    begin_asking(d);
    find_daemon(d);
    if (d->contact == CONTACT_FULL)
        ask_for_files(d);
    d->processes = processes_read(d->machine);
    find_daemon_process(d);
    find_conf(d);
    /* A PID file of another name than the usual one. */
    if (!d->has_daemon)
        find_daemon_process(d);
}

void doctor_free_facts(struct doctor *d)
{
    end_asking(d);
    conf_free(d->conf);
    free(d->conf_error);
    free(d->conf_path);
    for (size_t i = 0; i < d->file_count; i++)
        free(d->files[i].path);
    free(d->files);
    processes_free(&d->processes);
}

/* ---- The unit ---- */

/* "0::/system.slice/chrony.service" */
static bool unit_of_process(const struct doctor *d, char *buf, size_t size)
{
    char path[64], text[4096];

    snprintf(path, sizeof(path), "/proc/%d/cgroup", d->daemon.pid);
    if (!d->has_daemon || !machine_read(d->machine, path, text, sizeof(text)))
        return false;
    char *end = strstr(text, ".service");
    if (!end)
        return false;
    end[strlen(".service")] = '\0';
    const char *name = strrchr(text, '/');
    return name && strstr(name, "chrony") && text_copy(buf, size, name + 1);
}

const char *doctor_unit(const struct doctor *d, char *buf, size_t size)
{
    static const char *const directories[] = {"/etc/systemd/system", "/usr/lib/systemd/system",
                                              "/lib/systemd/system"};
    static const char *const names[] = {"chronyd.service", "chrony.service"};
    char path[PATH_SIZE];

    if (unit_of_process(d, buf, size))
        return buf;
    for (size_t i = 0; i < COUNT(directories); i++)
        for (size_t j = 0; j < COUNT(names); j++) {
            snprintf(path, sizeof(path), "%s/%s", directories[i], names[j]);
            if (machine_exists(d->machine, path) && text_copy(buf, size, names[j]))
                return buf;
        }
    buf[0] = '\0';
    return buf;
}
