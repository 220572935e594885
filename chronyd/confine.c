/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The files and ports that the main process may use under Landlock (process/promise_main.c), as far
 * as the configuration names them. A file that is replaced is another one for Landlock, so it is
 * the directory that is allowed, and that of the file which a link leads to.
 */
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/file.h"
#include "base/number.h"
#include "base/text.h"
#include "chronyd/chronyd.h"
#include "chronyd/nts_part.h"
#include "config.h"

static void allow_directory_of(struct sandbox *sandbox, const char *path, enum path_use use)
{
    char *directory = file_directory(path);

    sandbox_allow_path(sandbox, directory, use);
    free(directory);
}

/* Devices and sensors that come later, or again, can be anywhere in these, behind links that are
   not there yet. */
static const char *file_system_of(const char *path)
{
    return strncmp(path, "/dev/", 5) == 0 ? "/dev" : strncmp(path, "/sys/", 5) == 0 ? "/sys" : NULL;
}

/* The directory of the file that a link leads to. */
static void allow_link(struct sandbox *sandbox, const char *path, enum path_use use)
{
    char target[PATH_MAX];

    if (realpath(path, target) && strcmp(path, target) != 0)
        allow_directory_of(sandbox, target, use);
}

/* A file, or a directory with all that is below it. */
static void allow(struct sandbox *sandbox, const char *path, enum path_use use)
{
    struct stat st;

    if (!path)
        return;
    if (file_system_of(path))
        sandbox_allow_path(sandbox, file_system_of(path), use);
    if (stat(path, &st) == 0 && S_ISDIR(st.st_mode)) {
        sandbox_allow_path(sandbox, path, use);
        return;
    }
    allow_directory_of(sandbox, path, use);
    allow_link(sandbox, path, use);
}

static void allow_directory(struct sandbox *sandbox, const char *path, enum path_use use)
{
    if (path)
        sandbox_allow_path(sandbox, path, use);
}

static void allow_strings(struct sandbox *sandbox, const struct conf_strings *files)
{
    for (size_t i = 0; i < files->count; i++)
        allow(sandbox, files->items[i], PATH_READ);
}

static void allow_state(struct sandbox *sandbox, const struct conf *conf,
                        const struct options *options)
{
    const char *const files[] = {
        conf->reference.drift_file.path,
        conf->rtc.file,
        conf->history.file,
        options->log_file,
        conf->command.path,
        conf->process.pid_file,
        conf->process.time_page,
    };
    const char *const directories[] = {conf->selection.dump_dir, conf->nts_client.dump_dir,
                                       conf->log.dir};

    for (size_t i = 0; i < COUNT(files); i++)
        if (files[i])
            allow_directory_of(sandbox, files[i], PATH_WRITE);
    for (size_t i = 0; i < COUNT(directories); i++)
        allow_directory(sandbox, directories[i], PATH_WRITE);
}

/* The directory, and those to which links in it lead now. */
static void allow_source_directory(struct chronyd *d, const char *directory)
{
    char **names = d->world->ops->list_files(d->world->ctx, directory, ".sources");

    allow_directory(&d->sandbox, directory, PATH_READ);
    for (size_t i = 0; names && names[i]; i++) {
        const size_t size = strlen(directory) + strlen(names[i]) + 2;
        char *path = mem_alloc(size);

        snprintf(path, size, "%s/%s", directory, names[i]);
        allow_link(&d->sandbox, path, PATH_READ);
        free(path);
        free(names[i]);
    }
    free(names);
}

static void allow_source_directories(struct chronyd *d)
{
    const struct conf_strings *lists = &d->conf->client.source_dirs;

    for (size_t i = 0; i < lists->count; i++) {
        char *list = text_dup(lists->items[i]), *rest = list, *directory;

        while ((directory = strsep(&rest, " ")))
            if (directory[0] != '\0')
                allow_source_directory(d, directory);
        free(list);
    }
}

static void allow_settings(struct chronyd *d)
{
    struct sandbox *sandbox = &d->sandbox;
    const struct conf *conf = d->conf;
    const char *const files[] = {
        conf->key_file,      conf->reference.leap.list,  conf->rtc.hwclock_file,
        conf->tempcomp.file, conf->tempcomp.points_file, conf->templearn.file,
    };

    for (size_t i = 0; i < COUNT(files); i++)
        allow(sandbox, files[i], PATH_READ);
    /* Another place of the time zones, which libc knows, too. */
    allow_directory(sandbox, getenv("TZDIR"), PATH_READ);
    allow_source_directories(d);
}

/* Those that come later (waitdevice), and those that went away and came back, are new files. */
static void allow_refclock(struct sandbox *sandbox, const struct refclock_conf *clock)
{
    char *path = text_dup(clock->parameter);

    path[strcspn(path, ":")] = '\0';
    if (strcmp(clock->driver, "SOCK") == 0)
        allow_directory_of(sandbox, path, PATH_WRITE);
    else if (path[0] == '/')
        allow(sandbox, path, PATH_DEVICE);
    else
        sandbox_allow_path(sandbox, "/dev", PATH_DEVICE); /* the PHC of an interface */
    free(path);
}

static void allow_devices(struct sandbox *sandbox, const struct conf *conf)
{
    for (size_t i = 0; i < conf->refclocks.count; i++)
        if (strcmp(conf->refclocks.items[i].driver, "SHM") != 0)
            allow_refclock(sandbox, &conf->refclocks.items[i]);
    if (conf->nic_clocks.count > 0)
        sandbox_allow_path(sandbox, "/dev", PATH_DEVICE);
    if (conf->rtc.file || conf->rtc.sync)
        allow(sandbox, conf->rtc.device, PATH_DEVICE);
}

/* Places of one system or another: those that are not there are not waited for. */
static void allow_existing(struct sandbox *sandbox, const char *path, enum path_use use)
{
    if (access(path, F_OK) == 0)
        sandbox_allow_path(sandbox, path, use);
}

/* What other processes do where there are any. */
static void allow_work(struct chronyd *d)
{
    struct sandbox *sandbox = &d->sandbox;
    const struct path_rule *services = paths_of_name_services;
    const bool establishes_keys = !sandbox->has_ke_client;

    for (; (!sandbox_wants_resolver(sandbox) || establishes_keys) && services->path; services++)
        allow_existing(sandbox, services->path, services->use);
    if (establishes_keys) {
        /* the system's trusted certificates of SUSE */
        allow_existing(sandbox, "/var/lib/ca-certificates", PATH_READ);
        for (size_t i = 0; i < d->conf->nts_client.count; i++)
            allow(sandbox, d->conf->nts_client.certs[i].path, PATH_READ);
    }
    if (nts_part_reads_keys(d->nts_part)) {
        allow_strings(sandbox, &d->conf->nts_server.certs);
        allow_strings(sandbox, &d->conf->nts_server.keys);
    }
}

static void allow_ports(struct sandbox *sandbox, const struct conf *conf)
{
    /* a client's socket with a local address */
    sandbox_allow_port(sandbox, 0);
    if (conf->nts_server.certs.count > 0)
        sandbox_allow_port(sandbox, conf->nts_server.port);
    if (conf->command.metrics.addr.family != IP_UNSPEC)
        sandbox_allow_port(sandbox, conf->command.metrics.port);
}

void setup_confinement(struct chronyd *d)
{
    const char *manager = getenv("NOTIFY_SOCKET");

    d->sandbox.uses_abstract_sockets = manager && manager[0] == '@';
    d->sandbox.runs_programs = d->conf->reference.mail_user != NULL;
    allow_state(&d->sandbox, d->conf, d->options);
    allow_settings(d);
    allow_devices(&d->sandbox, d->conf);
    allow_work(d);
    allow_ports(&d->sandbox, d->conf);
}
