/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Messages between the main process, the fork server, the NTS-KE helpers and the name resolving
 * helper: fixed size, versioned, encoded field by field, and validated as if the sender were
 * hostile, against a table of what each role may send. The codec is pure; the functions at the
 * end move messages and descriptors over Unix sequenced-packet sockets. Orders from the main
 * process to the fork server are shorter: one octet, and the process ID for IPC_ORDER_KILL.
 */
#ifndef PROCESS_IPC_H
#define PROCESS_IPC_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "base/addr.h"
#include "base/crypto.h"
#include "base/world.h"

#define IPC_VERSION      1
#define IPC_MESSAGE_SIZE 512
#define IPC_TEXT_SIZE    448 /* of a reason, with terminator */
#define IPC_NAME_SIZE    256 /* of a host, with terminator */

/* Who sent a message. */
enum ipc_role {
    IPC_MAIN, /* on the channel of an NTS-KE helper */
    IPC_HELPER,
    IPC_FORK_SERVER,
    IPC_ASKER, /* the main process, on the channel of the resolver */
    IPC_RESOLVER,
};
#define IPC_ROLES (IPC_RESOLVER + 1)

enum ipc_type {
    IPC_CONNECTION = 1, /* main to helper, with the connected socket */
    IPC_DRAIN = 2,      /* main to helper: no more connections come, end after the last session */
    IPC_READY = 3,      /* helper to main: takes connections from now on */
    IPC_FAILED = 4,     /* helper to main: cannot work, with the reason; it ends */
    IPC_OUTCOME = 5,    /* helper to main: a session has ended */
    IPC_HELPER_NEW = 6, /* fork server to main, with the main process's end of a helper's channel */
    IPC_RESOLVER_NEW = 7, /* ... of the resolver's channel */
    IPC_REFUSED = 8,      /* fork server to main: no new generation now, too many were ordered */
    IPC_ALIVE = 9,        /* fork server to main: answer to IPC_ORDER_PING */
    IPC_LOOKUP = 10,      /* main to resolver; one at a time */
    IPC_ADDRESSES = 11,   /* resolver to main: the answer */
    IPC_FILES = 12,       /* fork server to main: what the files of a new generation are like */
    IPC_CHANGED = 13,     /* fork server to main: bad files have changed, to be read again */
};

enum ipc_outcome {
    IPC_SESSION_COMPLETE = 1,
    IPC_SESSION_FAILED = 2,
    IPC_SESSION_TIMED_OUT = 3,
    IPC_SESSION_REJECTED = 4, /* not begun: no descriptor or TLS session for it */
    /* Kinds of failed handshakes (nts/tls.h). */
    IPC_SESSION_BAD_NAME = 5,
    IPC_SESSION_NO_MATCH = 6,
    IPC_SESSION_REFUSED = 7,
};
#define IPC_OUTCOMES (IPC_SESSION_REFUSED + 1)

struct ipc_lookup {
    uint32_t id;
    enum ip_family family; /* IP_UNSPEC: both */
    bool reload;           /* read the configuration of the resolver again */
    char name[IPC_NAME_SIZE];
};

struct ipc_addresses {
    uint32_t id; /* of the lookup */
    enum resolve_status status;
    int count; /* more than 0 only, and always, with RESOLVE_SUCCESS */
    struct ip_addr addrs[ADDR_MAX_PER_NAME];
};

struct ipc_message {
    enum ipc_type type;
    union {
        struct {
            uint32_t session;
            struct ip_port peer;
            uint32_t key_id; /* of the key that encrypts cookies */
            int aead;
            struct secret key;
        } connection;
        struct {
            char text[IPC_TEXT_SIZE]; /* printable ASCII */
        } failed;
        struct {
            uint32_t session;
            enum ipc_outcome outcome;
        } outcome;
        struct {
            uint32_t generation; /* from 1 */
            uint16_t number;     /* from 1 */
            int32_t pid;
        } helper;
        struct {
            int32_t pid;
        } resolver;
        struct {
            uint32_t generation; /* that will not come */
        } refused;
        struct {
            uint32_t generation;
            bool usable; /* its helpers are started; else it does not come */
            /* Why a certificate is bad, which was logged; empty: none is. */
            char text[IPC_TEXT_SIZE];
        } files;
        struct ipc_lookup lookup;
        struct ipc_addresses addresses;
    } u;
};

/* Orders to the fork server. */
enum ipc_order {
    IPC_ORDER_NEW = 'n', /* start a new generation */
    /* The new generation works: restart its helpers when they die, and only these. */
    IPC_ORDER_ADOPT = 'a',
    IPC_ORDER_ABANDON = 'x', /* the new generation does not work: forget it */
    IPC_ORDER_PING = 'p',    /* answer with IPC_ALIVE */
    IPC_ORDER_KILL = 'k',    /* followed by the process ID of a child, 4 octets in network order */
};
#define IPC_KILL_SIZE 5

/* Writes exactly IPC_MESSAGE_SIZE octets. Values out of range are a mistake of ours (assert). */
void ipc_encode(const struct ipc_message *message, uint8_t out[IPC_MESSAGE_SIZE]);
/* False: wrong size, version or type, a type that the sender may not send, a value out of range, a
   descriptor too few or too many, or octets that should be zero and are not. */
bool ipc_decode(const uint8_t *data, size_t size, int descriptors, enum ipc_role sender,
                struct ipc_message *message);

enum ipc_result {
    IPC_OK,
    IPC_AGAIN,         /* nothing there, or the queue is full */
    IPC_CLOSED,        /* the other side is gone */
    IPC_NO_DESCRIPTOR, /* received, but this process had no descriptor free, so the one in it is lost */
    IPC_BAD,           /* an invalid message, or the socket failed: give up this channel */
};

/* A pair of sequenced-packet sockets, non-blocking, close-on-exec. False with errno set. */
bool ipc_pair(int ends[2]);
/* fd: a descriptor to pass (it stays open here), or -1. Signals do not interrupt it. */
enum ipc_result ipc_send(int channel, const struct ipc_message *message, int fd);
/* *fd: the descriptor that came with it, close-on-exec and owned by the caller, or -1. The
   message is also valid with IPC_NO_DESCRIPTOR: it has to be handled without its descriptor. */
enum ipc_result ipc_receive(int channel, enum ipc_role sender, struct ipc_message *message,
                            int *fd);

#endif
