/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Processes and sockets of the machine, from /proc. What a process may not see is missing; the
 * functions say so where it matters.
 */
#ifndef CHRONYC_MACHINE_PROCESS_H
#define CHRONYC_MACHINE_PROCESS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "chronyc/machine.h"

#define PROCESS_NAME_SIZE 16 /* of the kernel (TASK_COMM_LEN), with terminator */

#define PROCESS_MAY_SET_CLOCK (1ULL << 25) /* CAP_SYS_TIME (capabilities(7)) */

struct process {
    int pid;
    int parent;
    char name[PROCESS_NAME_SIZE]; /* printable */
    char state;                   /* as ps shows it */
    uint32_t uid, gid;            /* effective */
    uint64_t capabilities;        /* effective */
    uint64_t bounding;            /* what it, or a program that it starts, can get at most */
    int seccomp;                  /* 0 off, 1 strict, 2 filter; -1: the kernel does not tell */
};

/* False: there is none with this number, or it has just ended. */
bool process_read(const struct machine *machine, int pid, struct process *process);

struct processes {
    struct process *items;
    size_t count;
    bool unknown; /* /proc cannot be read */
};

/* All that can be seen. */
struct processes processes_read(const struct machine *machine);
void processes_free(struct processes *processes);

/* Seconds of system time at which the process was started (within a second); negative: unknown. */
double process_started(const struct machine *machine, int pid);

/* The value of an option like -f, "-f VALUE" or "-fVALUE", on the command line of a process. False:
   it has none, or it cannot be read. */
bool process_option(const struct machine *machine, int pid, const char *option, char *value,
                    size_t size);

/* Whether one of the words of its command line is this one. */
bool process_has_word(const struct machine *machine, int pid, const char *wanted);

/* ---- Sockets ---- */

struct machine_socket {
    bool tcp; /* listening; else UDP */
    uint16_t port;
    bool loopback; /* bound to an address of the machine itself */
    uint32_t uid;  /* who has made it */
    unsigned long inode;
    int pid; /* a process that holds it; 0: none was found */
};

struct machine_sockets {
    struct machine_socket *items;
    size_t count;
    bool unknown; /* /proc/net cannot be read */
    bool hidden;  /* files of some processes cannot be read, so holders may be missing */
};

/* UDP sockets without a peer and listening TCP sockets with one of the ports, in the network
   namespace of the process (0: one's own), which counts as the holder of what it shares with
   others. processes: where to look for the holders. */
struct machine_sockets sockets_read(const struct machine *machine, int pid, const uint16_t *ports,
                                    size_t port_count, const struct processes *processes);
/* The process that holds the Unix socket with this path; 0: it cannot be found. */
int unix_socket_holder(const struct machine *machine, const char *path,
                       const struct processes *processes);
void sockets_free(struct machine_sockets *sockets);

#endif
