/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Landlock (Linux 5.13 and later): a process gives up files, TCP ports, signals and abstract
 * sockets by itself, for good, and so do its children. It is best effort: what the kernel does not
 * know is not restricted, and can be asked for. Under it file permissions hold as before.
 */
#ifndef PROCESS_LANDLOCK_H
#define PROCESS_LANDLOCK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* How a file, or everything below a directory, may be used. */
enum path_use {
    PATH_READ,
    PATH_WRITE,  /* also read, made, removed, renamed within its directory; sockets are made */
    PATH_DEVICE, /* a file that is there is read, written and controlled */
};

struct path_rule {
    const char *path;
    enum path_use use;
};

/* What is asked of the kernel. */
struct landlock_wish {
    const struct path_rule *paths; /* path_count of them; a path that does not exist is left out */
    size_t path_count;
    bool binds_any, connects_any; /* TCP: everything is allowed */
    const uint16_t *bind_ports;   /* bind_port_count of them: else only these; 0: a free port */
    size_t bind_port_count;
    bool abstract_sockets; /* those of others may be used */
};

/* What the kernel has done. */
enum landlock_kind {
    LANDLOCK_FILES = 1,
    LANDLOCK_TRUNCATE = 2,
    LANDLOCK_DEVICES = 4, /* ioctl() on them */
    LANDLOCK_BIND = 8,    /* TCP */
    LANDLOCK_CONNECT = 16,
    LANDLOCK_ABSTRACT = 32,
    LANDLOCK_SIGNALS = 64,
};

struct landlock_result {
    int abi;            /* 0: the kernel has no Landlock, or it is off */
    unsigned int kinds; /* bits of enum landlock_kind that are restricted */
    unsigned int rules; /* that were accepted: exceptions of it */
    int error;          /* errno of what went wrong; 0: nothing. Then nothing is restricted */
};

/* The version of the interface that the kernel has; 0: none. */
int landlock_abi(void);
/* The kinds that this version can restrict, of those that are wished. Pure. */
unsigned int landlock_kinds(int abi, const struct landlock_wish *wish);
/* Restricts the calling thread and what it makes from now on. Without new privileges forbidden it
   fails. Descriptors that are open stay usable. */
struct landlock_result landlock_restrict(const struct landlock_wish *wish);

/* The kinds in words: `files, TCP bind, signals`; `nothing`. Returns text. */
const char *landlock_describe(unsigned int kinds, char *text, size_t size);

#endif
