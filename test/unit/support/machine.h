/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A machine for doctor: a tree of files in a private directory with processes, sockets, programs
 * and a kernel clock, and a daemon that answers on a Unix socket in it.
 */
#ifndef TEST_UNIT_SUPPORT_MACHINE_H
#define TEST_UNIT_SUPPORT_MACHINE_H

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>
#include "chronyc/environment.h"
#include "chronyc/machine.h"
#include "cmdmon/message.h"

#define FAKE_SOCKET "/run/d.sock"
#define FAKE_PID    100
#define FAKE_FILES  8
#define FAKE_ROOT   64

#define FAKE_CAP_SYS_TIME 0x2000000ULL

struct fake_file {
    enum report_file what;
    const char *path;
    bool failing;
};

struct fake_daemon {
    bool answers;
    bool is_old; /* knows no commands of its own range */
    struct report_surroundings around;
    struct fake_file files[FAKE_FILES];
    uint32_t uptime;
    struct report_tracking tracking;
    uint32_t sources; /* all with these values */
    struct report_source source;
    struct report_activity activity;
    struct report_serverstats serverstats;
    double certificate_left;  /* s, of the only certificate of the server */
    double certificate_begun; /* s ago */
};

struct fake_machine {
    struct machine machine; /* the first member */
    char root[FAKE_ROOT];
    bool has_clock;
    struct machine_clock clock;

    struct environment env;
    struct fake_daemon daemon;
    int socket; /* of the daemon; -1: none */
    struct instant now;
    uint8_t reply[CMD_REPLY_MAX];
    size_t reply_length;
    int status; /* exit status of the last run */
};

/* With a process of the daemon that may set the clock, and without complaints. */
struct fake_machine *fake_machine_new(void);
void fake_machine_free(struct fake_machine *m);

/* Writes a file, with the directories above it. */
void fake_machine_file(const struct fake_machine *m, const char *path, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
void fake_machine_directory(const struct fake_machine *m, const char *path);
void fake_machine_link(const struct fake_machine *m, const char *path, const char *target);
/* A shell script in /usr/bin. */
void fake_machine_program(const struct fake_machine *m, const char *name, const char *script);
/* A process in /proc, which holds the socket with this inode unless that is 0. */
void fake_machine_process(const struct fake_machine *m, int pid, int parent, const char *name,
                          uint64_t capabilities, unsigned long inode);
/* The daemon's process is taken away, and its socket is closed. */
void fake_machine_stop_daemon(struct fake_machine *m);
/* A line in /proc/net; the tables are made anew by the first one of each. */
void fake_machine_socket(const struct fake_machine *m, const char *table, const char *address,
                         unsigned int port, unsigned int state, unsigned long inode);

/* Runs `chronyc OPTION... doctor` (words separated by spaces) and returns what it prints, which the
   caller frees. */
char *fake_machine_run(struct fake_machine *m, const char *words);
/* The document of `chronyc -j doctor ARGUMENTS`. */
json_t *fake_machine_doctor(struct fake_machine *m, const char *arguments);

/* The finding of a check with this code; NULL: there is none. */
json_t *finding_of(json_t *document, const char *check, const char *code);
/* Runs doctor and compares the severity of one finding; NULL: there is no such finding. */
void assert_finding(struct fake_machine *m, const char *check, const char *code,
                    const char *severity);

#endif
