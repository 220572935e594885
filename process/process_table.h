/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The processes of the daemon that the main process knows of: each place in which one runs or
 * should run, with the process that was started there last. What was started is told by the fork
 * server (fork_server_handle.c); what a process may do is never asked of itself, but read from the
 * kernel (process_facts.h).
 */
#ifndef PROCESS_PROCESS_TABLE_H
#define PROCESS_PROCESS_TABLE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>
#include "process/role.h"

/* A place. */
struct process_place {
    enum process_role role;
    uint16_t number;     /* from 1, among those of the role; 0: there is one only */
    uint32_t generation; /* of helpers, from 1; 0: there are none */
};

struct process_row {
    struct process_place place;
    pid_t pid;         /* 0: none was started yet */
    int status_file;   /* for process_facts_read(); -1: there is none */
    uint32_t restarts; /* processes in this place before this one; also in older generations */
    bool rests;        /* none is wanted there now */
};

struct process_table;

struct process_table *process_table_new(void);
/* Closes the files. NULL is allowed. */
void process_table_free(struct process_table *table);

/* A process is to run there. */
void process_table_expect(struct process_table *table, const struct process_place *place);
/* A process was started there; telling it twice is the same as once. */
void process_table_started(struct process_table *table, const struct process_place *place,
                           pid_t pid);
/* ... and its file of facts, which the table owns from then on. -1: there is none. */
void process_table_facts(struct process_table *table, const struct process_place *place, pid_t pid,
                         int status_file);

/* The process there was ended by order, and the next one does not count as a restart. */
void process_table_rest(struct process_table *table, const struct process_place *place);

/* The rows by role, number and generation. */
size_t process_table_count(const struct process_table *table);
const struct process_row *process_table_row(const struct process_table *table, size_t index);

#endif
