/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the kernel says of a process: its user, rights, filter and memory, from /proc/PID/status
 * (proc(5)). Each process opens that file of itself before it gives up anything, and the main
 * process keeps it. So neither a hidden /proc nor a restricted file system is in the way later, and
 * the number of a process that has ended cannot be taken for another one.
 */
#ifndef PROCESS_PROCESS_FACTS_H
#define PROCESS_PROCESS_FACTS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "process/channel.h"
#include "process/process_table.h"

#define PROCESS_NO_SIZE UINT64_MAX

struct process_facts {
    char state;                                                    /* as ps shows it */
    uint32_t uid;                                                  /* effective */
    uint64_t effective, permitted, inheritable, bounding, ambient; /* capabilities(7) */
    bool no_new_privileges;
    int seccomp; /* 0 none, 1 strict, 2 filter */
    /* Memory that no file backs and that is in RAM, octets; what is still shared with the process
       that this one was forked from counts, too. PROCESS_NO_SIZE: not known. */
    uint64_t memory;
};

enum process_facts_result {
    PROCESS_FACTS_READ,
    PROCESS_FACTS_ENDED,   /* the process is gone, or waits to be reaped */
    PROCESS_FACTS_UNKNOWN, /* they cannot be read, or make no sense; errno says why */
};

/* The text needs no terminator, and may be cut off. False: a line that each kernel since Linux 4.10
   has is missing or malformed. */
bool process_facts_parse(const char *text, size_t length, struct process_facts *facts);

/* Opens the file of the calling process, close-on-exec. -1 with errno. */
int process_facts_open(void);
/* In the fork server and its children, while their rights are still those of the fork server: shows
   the main process the file of this process. Without one (there is no /proc) that knows less. */
void process_facts_show(const struct channel *channel, const struct process_place *place);
/* Reads such a file, as it is now. fd -1: UNKNOWN. */
enum process_facts_result process_facts_read(int fd, struct process_facts *facts);

#endif
