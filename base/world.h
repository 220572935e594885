/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The world: every side effect of the daemon's run path goes through this table. chronyd/os/
 * implements it on Linux, test/sim/ in virtual time, unit tests with stubs.
 *
 * Functions return false or -1 on failure and leave the reason in errno. Descriptors are small
 * non-negative numbers that only the world that made them understands.
 */
#ifndef BASE_WORLD_H
#define BASE_WORLD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <sys/types.h>
#include "base/addr.h"
#include "base/instant.h"

struct timex;
struct device_ops;
struct nic_ops;
struct tm;

enum world_event { WORLD_READ = 1, WORLD_WRITE = 2, WORLD_EXCEPT = 4 };

struct world_fd {
    int fd;
    unsigned int events;  /* wanted */
    unsigned int revents; /* reported by wait */
};

enum world_socket_type { WORLD_UDP, WORLD_TCP };

/* The purpose of a socket decides about its options (system.md 6.1). */
struct world_socket {
    enum world_socket_type type;
    enum ip_family family;
    const struct ip_port *local;  /* NULL: not bound */
    const struct ip_port *remote; /* NULL: not connected */
    const char *device;           /* NULL: none */
    bool broadcast;
    bool packet_info; /* report destination addresses */
    bool timestamps_rx;
    bool timestamps_tx; /* ask for transmit timestamps of every packet */
    int dscp;           /* 1..63, 0: unset */
    int group;   /* UDP with a local address: so many sockets are opened for it, and each gets the
                  packets of certain sources; 0: one */
    int backlog; /* TCP with a local address: listen; 0: not listening */
};

/* Where a time stamp was made (ntp.md 5.1). */
enum timestamp_source { TIMESTAMP_DAEMON = 0, TIMESTAMP_KERNEL = 1, TIMESTAMP_HARDWARE = 2 };

#define WORLD_DATAGRAM_SIZE 1600
#define WORLD_BATCH         64

/* One datagram. For Unix sockets `path` is the other side, else `remote`. */
struct world_datagram {
    uint8_t *data; /* buffer of the caller */
    size_t size;   /* its size when receiving */
    size_t length; /* received, or to be sent */
    struct ip_port remote;
    struct ip_addr local; /* destination received at / source to send from; IP_UNSPEC: unknown */
    int if_index;         /* -1: unknown / any */
    const char *path;     /* Unix; when receiving it points to path_buf */
    char path_buf[112];
    bool truncated;
    struct raw_time kernel_time;        /* zero: none */
    struct hardware_time hardware_time; /* of the network card's clock, zero: none */
    int hardware_if_index;              /* of the port that stamped it, 0 or less: unknown */
    int hardware_length;                /* length of the frame at layer 2, -1: unknown */
    bool want_tx_timestamp;             /* when sending */
};

/* A datagram with this buffer and nothing else. path_buf is not cleared: it is large, and unused
   without path. */
static inline void world_datagram_init(struct world_datagram *msg, uint8_t *data, size_t size)
{
    msg->data = data;
    msg->size = size;
    msg->length = 0;
    msg->remote = (struct ip_port){.addr = {.family = IP_UNSPEC}};
    msg->local = (struct ip_addr){.family = IP_UNSPEC};
    msg->if_index = -1;
    msg->path = NULL;
    msg->truncated = false;
    msg->kernel_time = (struct raw_time){{0, 0}};
    msg->hardware_time = (struct hardware_time){{0, 0}};
    msg->hardware_if_index = msg->hardware_length = -1;
    msg->want_tx_timestamp = false;
}

struct world_file_info {
    int64_t mtime;
    int64_t changed; /* nanoseconds since 1970, of contents or of owner and mode (ctime) */
    uint64_t size;
    uint64_t device, inode;
    mode_t mode;
    uid_t uid;
    gid_t gid;
    bool is_regular;
    bool is_directory;
};

/* Result of a resolution; more than one try may be needed. */
enum resolve_status {
    RESOLVE_SUCCESS,
    RESOLVE_TRY_AGAIN,    /* the name service does not answer, or cannot say now */
    RESOLVE_TIMED_OUT,    /* no answer within the limit of a lookup */
    RESOLVE_UNAVAILABLE,  /* the lookup could not be made: no helper, no thread */
    RESOLVE_NO_INTERFACE, /* an address with the name of an interface that does not exist */
    RESOLVE_NOT_FOUND,    /* the name, or an address of it, does not exist */
    RESOLVE_BROKEN,       /* the name service has failed */
    /* Final ones: the last two in builds without FORCE_DNSRETRY, ... */
    RESOLVE_FAILURE,
    RESOLVE_FINALLY_BROKEN,
    RESOLVE_FAMILY_OFF, /* ... and this daemon does not use addresses of this kind */
    RESOLVE_STATUSES,
};
/* Whether there should be no other try. */
static inline bool resolve_is_final(enum resolve_status status)
{
    return status >= RESOLVE_FAILURE;
}
typedef void (*resolve_handler)(enum resolve_status status, const struct ip_addr *addrs, int count,
                                void *arg);

struct world_ops {
    /* Clocks. mono: CLOCK_MONOTONIC. */
    struct raw_time (*raw_now)(void *ctx);
    struct mono_time (*mono_now)(void *ctx);
    struct mono_time (*mono_raw_now)(void *ctx); /* for the measurement of the precision only */
    /* CLOCK_BOOTTIME: goes on while the machine sleeps, when `mono` stands. NULL: it never
       sleeps. */
    struct mono_time (*boot_now)(void *ctx);
    int (*adjtimex)(void *ctx, struct timex *t);
    /* Kernel and clock facts: sysconf(_SC_CLK_TCK) (or -1) and the release as text. */
    long (*clock_ticks)(void *ctx);
    bool (*kernel_release)(void *ctx, char *buf, size_t size);

    /* Waits until a descriptor is ready, a signal comes, there is something to dispatch, or
       timeout seconds have passed (negative: no limit). Returns the number of descriptors with
       events, plus one if there is something to dispatch; 0: only on time-out; -1 with errno
       (EINTR: a signal). */
    int (*wait)(void *ctx, struct world_fd *fds, size_t count, double timeout);
    /* True when a signal asked for the given thing since the last call. */
    bool (*quit_requested)(void *ctx);
    bool (*reload_requested)(void *ctx); /* SIGHUP */

    /* Sockets; all are non-blocking and close-on-exec. */
    bool (*family_enabled)(void *ctx, enum ip_family family);
    int (*socket_open)(void *ctx, const struct world_socket *spec);
    int (*unix_open)(void *ctx, const char *path); /* bound datagram socket; old file removed */
    int (*unix_stream_connect)(void *ctx, const char *path);
    void (*socket_close)(void *ctx, int fd);
    void (*unix_remove)(void *ctx, const char *path);
    /* One call for each report of readiness; number of datagrams (0 when none), -1 on error. The
       caller sets data and size of each entry, and receive all the rest (path_buf with path only);
       entries may change places, with their buffers.
       errqueue: looped-back packets with transmit timestamps. The world finds out what was sent
       (ntp.md 5.3): data is the payload alone, remote where it went, hardware_length the length of
       all that was looped back. */
    int (*receive)(void *ctx, int fd, struct world_datagram *msgs, int count, bool errqueue);
    /* Number of datagrams that the system accepted, in order, -1 if none because of an error. */
    int (*send)(void *ctx, int fd, const struct world_datagram *msgs, int count);
    /* Streams: octets, 0 at end of file (read), -1 with errno EAGAIN when it would block. */
    ssize_t (*stream_read)(void *ctx, int fd, void *data, size_t size);
    ssize_t (*stream_write)(void *ctx, int fd, const void *data, size_t length);
    void (*stream_shutdown)(void *ctx, int fd);
    /* Acknowledges the next data without delay. Otherwise a peer that holds back small writes until
       the acknowledgement (Nagle's algorithm) costs 40 ms. NULL: nothing to do. */
    void (*stream_quick_ack)(void *ctx, int fd);
    /* TCP_NODELAY is set on what it returns. */
    int (*accept)(void *ctx, int fd, struct ip_port *remote);
    /* Pending error of a socket, which is cleared; 0: none. */
    int (*socket_error)(void *ctx, int fd);

    /* Random octets fit for keys. */
    void (*random_bytes)(void *ctx, void *out, size_t length);

    /* Queues a resolution; the handler is called once, later, by `dispatch`. Names are
       resolved one after another.
       family IP_UNSPEC: any that is enabled. `reload` re-reads the resolver configuration first. */
    bool (*resolve)(void *ctx, const char *name, enum ip_family family, bool reload,
                    resolve_handler handler, void *arg);
    /* Delivers answers that came during the last wait, by calling their handlers. The loop calls it
       once after each wait, after the wake handler and before those of descriptors. */
    void (*dispatch)(void *ctx);
    /* Resolutions that are queued or under way: the loop has something to wait for. */
    int (*pending)(void *ctx);

    /* Files (base/file.h has the rules). */
    FILE *(*file_read)(void *ctx, const char *path);
    FILE *(*file_append)(void *ctx, const char *path, mode_t mode);
    FILE *(*file_new)(void *ctx, const char *path, mode_t mode);
    /* A file that is there, for reading and writing anywhere in it, and for this process alone.
       NULL: no such files in this world. */
    FILE *(*file_update)(void *ctx, const char *path);
    bool (*file_rename)(void *ctx, const char *from, const char *to);
    /* Waits until what was flushed is on the disk, or the entry of a file in its directory. NULL:
       it always is. */
    bool (*file_sync)(void *ctx, FILE *stream);
    bool (*file_sync_name)(void *ctx, const char *path);
    bool (*file_remove)(void *ctx, const char *path);
    bool (*file_info)(void *ctx, const char *path, struct world_file_info *info);
    /* Names (without directory) of files in a directory ending in suffix, sorted by strcmp, names
       with a leading period left out. An allocated array that ends in NULL, freed with its strings
       by the caller; NULL if the directory cannot be read. */
    char **(*list_files)(void *ctx, const char *directory, const char *suffix);
    /* Starts `PROGRAM -t` and returns a stream to its standard input; closed by mail_close. */
    FILE *(*mail_open)(void *ctx, const char *program);
    void (*mail_close)(void *ctx, FILE *stream);
    bool (*host_name)(void *ctx, char *buf, size_t size);

    /* mktime() in a time zone of the system (`zone` as in TZ): normalises the fields, which are
       those of a zone without daylight saving time, and gives the seconds since 1970, leap
       seconds counted if the zone does. False: they cannot be expressed. NULL: there are no zones
       in this world. */
    bool (*zone_time)(void *ctx, const char *zone, struct tm *fields, int64_t *seconds);
    /* False: this process has lost the right to set the clock for good. NULL: it has the right. */
    bool (*may_set_clock)(void *ctx);

    /* Clock devices (base/device.h), with the same ctx; NULL: this world has none. */
    const struct device_ops *devices;
    /* Timestamps of network cards (base/nic.h), with the same ctx; NULL: this world has none. */
    const struct nic_ops *nics;
};

struct world {
    const struct world_ops *ops;
    void *ctx;
};

static inline struct raw_time world_raw_now(const struct world *w)
{
    return w->ops->raw_now(w->ctx);
}

static inline struct mono_time world_mono_now(const struct world *w)
{
    return w->ops->mono_now(w->ctx);
}

static inline void world_random(const struct world *w, void *out, size_t length)
{
    w->ops->random_bytes(w->ctx, out, length);
}

/* Uniform in [0, 1] inclusive, from 32 random bits (discipline.md 1.1). */
static inline double world_random_unit(const struct world *w)
{
    uint32_t r;
    w->ops->random_bytes(w->ctx, &r, sizeof(r));
    return (double)r / 4294967295.0;
}

/*
 * Replacing a file atomically (daemon.md 22): write to the stream, then commit. The old file at
 * PATH stays until the new contents are complete.
 */
struct file_trouble;
struct world_replace_spec {
    const char *path;
    const char *tmp_path; /* NULL: PATH.tmp */
    mode_t mode;
    /* Message when writing fails, to which the reason is added; NULL: `Could not write PATH`. */
    const char *failure;
    struct file_trouble *trouble; /* NULL: every failure is logged */
    bool sync;      /* commit waits until the contents are on the disk, then renames */
    bool sync_name; /* ... and until the entry in the directory is on the disk */
};
struct world_replace {
    struct world_replace_spec spec;
    FILE *stream;
    char *path;
    char *tmp_path;
    int error; /* errno of the first failure; 0: none */
};
/* The paths and strings of the request must stay valid until commit or abandon. False after logging
   `Could not open PATH.tmp : ERRNO` (error). */
bool world_replace_begin(const struct world *w, struct world_replace *r,
                         const struct world_replace_spec *spec);
/* Flushes, to learn early whether the disk is full. Not needed before commit. */
bool world_replace_flush(struct world_replace *r);
/* Flushes, closes and renames. False: a write or the rename (`Could not replace NEW with OLD :
   ERRNO`) failed, which is logged; the temporary file is removed then and the old file is as it
   was. Frees everything. */
bool world_replace_commit(const struct world *w, struct world_replace *r);
/* Leaves the old file as it is, without a message. Frees everything. */
void world_replace_abandon(const struct world *w, struct world_replace *r);

#endif
