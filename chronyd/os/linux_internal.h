/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the files of the Linux world share: its state and the functions of its table. Nothing
 * outside chronyd/os/ and its tests includes this.
 */
#ifndef CHRONYD_OS_LINUX_INTERNAL_H
#define CHRONYD_OS_LINUX_INTERNAL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <sys/socket.h>
#include <sys/types.h>
#include "base/nic.h"
#include "base/world.h"
#include "chronyd/os/sent_ring.h"
#include "chronyd/os/world_linux.h"

/* Packet info, three timespecs, packet info of the timestamp and an extended error (system.md
   20). */
#define CONTROL_SIZE 256

/* Missing in older headers. The number is the same on all machines that pass configure's check. */
#if defined(HAVE_LINUX_TIMESTAMPING_OPT_ID) && !defined(SCM_TS_OPT_ID)
#define SCM_TS_OPT_ID 81
#endif

/* What the world knows about a descriptor that it opened. */
struct socket_state {
    bool open;
    bool is_unix;
    bool passed;    /* belongs to the service manager: never closed before the end */
    bool connected; /* sent to without an address */
    bool timestamps;
    bool tx_flags_permanent; /* every packet gets a transmit timestamp without being asked */
    enum world_socket_type type;
    enum ip_family family;
    struct ip_port remote; /* of a connected one */
    int error;             /* reported in the error queue, and not asked for yet; 0: none */
};

enum timestamp_method {
    TIMESTAMPING_LINUX, /* SO_TIMESTAMPING: all kinds, with transmit timestamps */
    TIMESTAMPING_NS,
    TIMESTAMPING_US,
    TIMESTAMPING_NONE,
};

struct random_source {
    struct random_stock *stock; /* a page of its own */
    bool wiped_on_fork;         /* the kernel empties the page in a child */
    FILE *device;
};

struct linux_world {
    struct world world;
    struct world_linux_options options;
    int socket_flags; /* those of SOCK_CLOEXEC and SOCK_NONBLOCK that socket() accepts */
    struct socket_state *sockets; /* indexed by descriptor */
    size_t socket_count;
    enum timestamp_method timestamp_method;
    bool tx_timestamps_per_message; /* kernel 4.7 or later */
    int timestamp_flags;            /* SO_TIMESTAMPING of each socket */
    int tx_timestamp_flags;         /* of packets whose transmit timestamp is wanted */
    struct sent_ring *sent;         /* NULL: transmit timestamps are matched by parsing the frame */
    bool sent_ring_warned;
    bool adopts_only;     /* this process opens no sockets */
    int timestamp_keeper; /* dummy socket that keeps receive timestamping on; -1: not needed yet */
    struct random_source random;
    struct resolver *resolver;
    /* Binds sockets for which this process lacks the right; NULL: nobody does. */
    bool (*bind_elsewhere)(int fd, const struct ip_port *local, void *arg);
    void *bind_arg;
    uid_t reader_uid; /* user that reads files that root may not read; 0: none */
    gid_t reader_gid;
    struct pollfd *poll_fds;
    size_t poll_size;
    char *zone;         /* of the last call of zone_time; NULL: none yet */
    char **environment; /* a copy with TZ set to this zone */
};

/* Lowest descriptor that the service manager can pass. */
#define FIRST_PASSED_FD 3

/* world_sockets.c */
void sockets_probe(struct linux_world *w);
struct socket_state *socket_state(struct linux_world *w, int fd);
/* A socket of the given domain and type that is non-blocking and close-on-exec; -1 with errno. */
int sockets_create(struct linux_world *w, int domain, int type);
/* A datagram socket for requests to the kernel and its drivers, of a family that this run uses
   and the kernel has. */
int sockets_create_probe(struct linux_world *w);
bool linux_family_enabled(void *ctx, enum ip_family family);
int linux_socket_open(void *ctx, const struct world_socket *spec);
int linux_unix_open(void *ctx, const char *path);
int linux_unix_stream_connect(void *ctx, const char *path);
void linux_socket_close(void *ctx, int fd);
void linux_unix_remove(void *ctx, const char *path);

/* streams.c */
ssize_t linux_stream_read(void *ctx, int fd, void *data, size_t size);
ssize_t linux_stream_write(void *ctx, int fd, const void *data, size_t length);
void linux_stream_shutdown(void *ctx, int fd);
void linux_stream_quick_ack(void *ctx, int fd);
int linux_accept(void *ctx, int fd, struct ip_port *remote);
int linux_socket_error(void *ctx, int fd);

/* datagrams.c */
int linux_receive(void *ctx, int fd, struct world_datagram *msgs, int count, bool errqueue);
int linux_send(void *ctx, int fd, const struct world_datagram *msgs, int count);

/* timestamps.c */
void timestamps_probe(struct linux_world *w);
/* Sockets opened from now on ask for hardware timestamps, too. */
void timestamps_use_hardware(struct linux_world *w);
/* Transmit timestamps by ID, see base/nic.h. */
bool timestamps_keep_sent(struct linux_world *w, int count);
void timestamps_forget_sent(struct linux_world *w);
/* Switches timestamps on; the socket is marked as having them. `tx`: for every packet. */
void timestamps_enable(struct linux_world *w, int fd, bool tx);
/* Finds out which timestamps a socket has that another process has opened. */
void timestamps_adopt(struct linux_world *w, int fd);
/* Called for a received packet without a kernel timestamp although timestamping is on. */
void timestamps_missing(struct linux_world *w);

/* ancillary.c */
struct control_info {
    bool has_tx_error; /* the extended error of a transmit timestamp */
    uint32_t tx_id;    /* in it */
    int error;         /* that the network has reported; 0: none */
};
/* Takes addresses, interfaces and timestamps from the control messages into msg. False: the message
   must be dropped. */
bool control_parse(struct msghdr *hdr, struct world_datagram *msg, struct control_info *info);

/* interface.c: one request to the driver of an interface (data: its argument, NULL: none; the
   answer is in r). False with errno. */
struct ifreq;
bool linux_interface_request(struct linux_world *w, const char *name, unsigned long number,
                             void *data, struct ifreq *r);
/* Index of an interface by its name; false: there is none. */
bool linux_interface_index(struct linux_world *w, const char *name, int *index);

#ifdef HAVE_LINUX_TIMESTAMPING
/* nic_linux.c */
extern const struct nic_ops linux_nics;
/* The value of hwtstamp_config.rx_filter to ask for; reported: bits of the filters of the card. */
int nic_choose_filter(enum nic_filter filter, uint32_t reported);
#endif

/* zone.c */
bool linux_zone_time(void *ctx, const char *zone, struct tm *fields, int64_t *seconds);
void zone_free(struct linux_world *w);

/* random.c */
void random_init(struct random_source *random);
void random_free(struct random_source *random);
void linux_random_bytes(void *ctx, void *out, size_t length);

/* world_files.c */
FILE *linux_file_read(void *ctx, const char *path);
FILE *linux_file_append(void *ctx, const char *path, mode_t mode);
FILE *linux_file_update(void *ctx, const char *path);
FILE *linux_file_new(void *ctx, const char *path, mode_t mode);
bool linux_file_sync(void *ctx, FILE *stream);
bool linux_file_sync_name(void *ctx, const char *path);
bool linux_file_rename(void *ctx, const char *from, const char *to);
bool linux_file_remove(void *ctx, const char *path);
bool linux_file_info(void *ctx, const char *path, struct world_file_info *info);
char **linux_list_files(void *ctx, const char *directory, const char *suffix);
FILE *linux_mail_open(void *ctx, const char *program);
void linux_mail_close(void *ctx, FILE *stream);
bool linux_host_name(void *ctx, char *buf, size_t size);

#endif
