/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The computer around the daemon, as doctor looks at it: files below a root directory, programs,
 * the kernel's clock. Nothing is changed, and nothing is waited for longer than MACHINE_PATIENCE.
 * Tests give a root directory of their own, with the files of the machine that they want.
 */
#ifndef CHRONYC_MACHINE_H
#define CHRONYC_MACHINE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/stat.h>

#define MACHINE_PATIENCE 3.0 /* s, for a program */

/* What adjtimex() tells. */
struct machine_clock {
    unsigned int status; /* STA_ bits */
    double freq_ppm;     /* of the clock against the oscillator, with the tick; positive: faster */
};

struct machine {
    const char *root; /* before each path; "" for the system */
    /* False: it cannot be read here. */
    bool (*read_clock)(const struct machine *machine, struct machine_clock *clock);
};

/* The operating system's. */
extern const struct machine machine_system;

/* The path below the root; false with errno if it is too long. */
bool machine_path(const struct machine *machine, const char *path, char *buf, size_t size);

/* Reads the beginning of a regular file, as those of /proc and /sys are, and terminates it. False
   with errno. */
bool machine_read(const struct machine *machine, const char *path, char *buf, size_t size);
/* The same for a file of any length up to MACHINE_TEXT_MAX; freed by the caller. length (may be
   NULL) counts octets, of which some may be zero. NULL with errno. */
char *machine_text(const struct machine *machine, const char *path, size_t *length);
#define MACHINE_TEXT_MAX (16U * 1024U * 1024U)

bool machine_stat(const struct machine *machine, const char *path, struct stat *st);
bool machine_exists(const struct machine *machine, const char *path);
/* Whether this process may make files in the directory. */
bool machine_may_write(const struct machine *machine, const char *path);
/* What a symbolic link says. */
bool machine_link(const struct machine *machine, const char *path, char *buf, size_t size);
/* Calls visit with each name in a directory, but "." and "..", until it returns false. False with
   errno: the directory cannot be read. */
bool machine_list(const struct machine *machine, const char *path,
                  bool (*visit)(const char *name, void *arg), void *arg);

struct machine_space {
    bool read_only;
    uint64_t free_bytes; /* for users other than root */
    bool no_inodes;      /* the file system counts them, and none is left */
};
bool machine_space(const struct machine *machine, const char *path, struct machine_space *space);

/* 0: something listens on the Unix socket; else the error number of the attempt to connect. */
int machine_try_socket(const struct machine *machine, const char *path);

/*
 * Runs a program of the usual directories, without a shell, with standard input and error closed.
 * Returns its standard output, terminated and freed by the caller, or NULL: it is not there, or
 * it did not end in time and was killed. status: its exit status, 255 for an end by a signal; may
 * be NULL.
 */
char *machine_run(const struct machine *machine, const char *const argv[], int *status);

#endif
