/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Messages between the processes of the daemon: fixed size, versioned, encoded field by field, and
 * validated as if the sender were hostile, against the one table of who may say what and when
 * (ipc.c). The codec is pure; process/channel.h moves messages and descriptors.
 */
#ifndef PROCESS_IPC_H
#define PROCESS_IPC_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "base/addr.h"
#include "base/clock_change.h"
#include "base/crypto.h"
#include "base/step_reason.h"
#include "base/world.h"
#include "process/guard_verdict.h"
#include "process/ke_end.h"
#include "process/role.h"

#define IPC_VERSION      2
#define IPC_MESSAGE_SIZE 512
#define IPC_LONG_SIZE    4096 /* of messages of the kinds that are marked so in the table */
#define IPC_TEXT_SIZE    448  /* of a reason, with terminator */
#define IPC_NAME_SIZE    256  /* of a host, with terminator */
#define IPC_OCTETS_SIZE  492  /* of a query or a report */
#define IPC_SERVER_SIZE  257  /* of a negotiated NTP server, with terminator */
#define IPC_REASON_SIZE  121  /* of why a key establishment failed, with terminator */
#define IPC_MAX_COOKIES  8
#define IPC_COOKIE_SIZE  256
#define IPC_PACKET_SIZE  1600 /* of a datagram of the NTP server */
#define IPC_REPLY_SIZE   48   /* of a reply that is to be signed */

/* Who sends. The main process has another role on the channel of each kind of process. */
enum ipc_role {
    IPC_DISPATCHER, /* the main process, to an NTS-KE helper */
    IPC_HELPER,
    IPC_SUPERVISOR, /* the main process, to the fork server */
    IPC_FORK_SERVER,
    IPC_ASKER, /* the main process, to the resolver */
    IPC_RESOLVER,
    IPC_CHECKER,  /* the process that judges certificates, to the fork server */
    IPC_REPORTER, /* the main process, to the metrics server */
    IPC_METRICS,
    IPC_CLOCK_USER, /* the main process, to the guard of the clock */
    IPC_GUARD,
    IPC_SERVER, /* the main process, to a server worker */
    IPC_WORKER,
    IPC_KE_ASKER, /* the main process, to the NTS-KE client process */
    IPC_KE_CLIENT,
};
#define IPC_ROLES (IPC_KE_CLIENT + 1)

/* What a sender has said of itself so far. Roles without a life of their own stay at the first. */
enum ipc_state {
    IPC_FRESH,
    IPC_WORKING, /* a helper is ready; a dispatcher has passed connections, a reporter the socket */
    IPC_LEAVING, /* nothing more is to come of what it is for */
};

enum ipc_type {
    IPC_CONNECTION = 1, /* dispatcher to helper, with the connected socket */
    IPC_DRAIN = 2,      /* ... no more connections come, end after the last session */
    IPC_READY = 3,      /* helper to dispatcher: takes connections from now on */
    IPC_FAILED = 4,     /* ... cannot work, with the reason; it ends */
    IPC_OUTCOME = 5,    /* ... a session has ended */
    IPC_HELPER_NEW = 6, /* fork server to supervisor, with the latter's end of a helper's channel */
    IPC_LONE_NEW = 7,   /* ... of the channel of a lone process */
    IPC_REFUSED = 8,    /* ... no new generation now, too many were ordered */
    IPC_ALIVE = 9,      /* ... answer to IPC_PING */
    IPC_LOOKUP = 10,    /* asker to resolver; one at a time */
    IPC_ADDRESSES = 11, /* resolver to asker: the answer */
    IPC_FILES = 12,     /* fork server to supervisor: what the files of a new generation are like */
    IPC_CHANGED = 13,   /* ... bad files have changed, to be read again */
    IPC_START = 14,     /* supervisor to fork server: start a new generation */
    IPC_ADOPT = 15,     /* ... the new generation works: restart its helpers, and only these */
    IPC_ABANDON = 16,   /* ... the new generation does not work: forget it */
    IPC_PING = 17,      /* ... give a sign of life */
    IPC_KILL = 18,      /* ... kill this child */
    IPC_VERDICT = 19,   /* checker to fork server: on the next pair of files */
    IPC_WANTED = 20,    /* supervisor to fork server: start this lone process, if it is not there */
    IPC_LISTEN = 21,    /* reporter to metrics server, with the listening socket */
    IPC_QUERY = 22,     /* metrics server to reporter: a request of the control protocol */
    IPC_REPORT = 23,    /* reporter to metrics server: the answer */
    IPC_CERTIFICATE = 24, /* helper to dispatcher: one that it uses, before it is ready */
    IPC_FACTS = 25,  /* fork server, or its child that has just begun, to supervisor, with its file
                       of process/process_facts.h */
    IPC_BINDER = 26, /* supervisor to fork server, with the latter's end of the channel of */
    IPC_BIND = 27,   /* ... bind the socket that comes with it */
    IPC_BOUND = 28,  /* fork server to supervisor: the answer */
    IPC_GUARD_READ = 32,      /* clock user to guard: nothing but the frequency is wanted */
    IPC_GUARD_FREQUENCY = 33, /* ... set it */
    IPC_GUARD_STEP = 34,      /* ... step */
    IPC_GUARD_STATUS = 35,    /* ... set the status of synchronisation */
    IPC_GUARD_LEAP = 36,      /* ... set the leap second and the TAI offset */
    IPC_GUARD_UPDATE = 37,    /* ... an update of the reference is about to correct the clock */
    IPC_GUARD_RTC = 38,       /* ... set the RTC, with its descriptor */
    IPC_GUARD_REPLY = 39,     /* guard to clock user: the answer to each of them */
    IPC_KE_ESTABLISH = 50,    /* KE asker to KE client: a session, with its socket */
    IPC_KE_STOP = 51,         /* ... a session is not wanted any more */
    IPC_KE_TRUST = 52,        /* KE client to KE asker: on a set of trusted certificates */
    IPC_KE_ANSWER = 53,       /* ... what a server has answered, with the keys */
    IPC_KE_ENDED = 54,        /* ... a session has ended */
    IPC_SHARD = 40,     /* server to worker, with the memory that it writes; the first message */
    IPC_TIME_PAGE = 41, /* ... with the time page */
    IPC_TABLES = 42,    /* ... with what it answers from, in place of the tables before */
    IPC_SERVER_SOCKET = 43, /* ... with a socket to answer on */
    IPC_SERVER_CLOSE = 44,  /* ... closes the socket of a family */
    IPC_CLOCK_CHANGE = 45,  /* ... what it holds of local times is to be adjusted */
    IPC_CLIENTS_RESET = 46, /* ... clears counters of clients, or waits for the next message */
    IPC_PACKET_BACK = 47,   /* ... a packet that is for the server */
    IPC_PACKET = 48,        /* worker to server: a packet that is not for the server */
    IPC_DONE = 49,          /* ... an order that has a sequence number was obeyed */
};

struct ipc_connection {
    uint32_t session;
    struct ip_port peer;
    uint32_t key_id; /* of the key that encrypts cookies */
    int aead;
    struct secret key;
};

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

struct ipc_certificate {
    char file[IPC_TEXT_SIZE]; /* printable ASCII */
    int64_t not_before;       /* s since 1970 */
    int64_t not_after;
};

/* A request or the body of a reply of the control protocol. What the octets mean is for the two
   sides to judge. */
struct ipc_octets {
    uint32_t id;     /* of the query */
    uint16_t status; /* of the control protocol; without success there are no octets */
    size_t length;
    uint8_t data[IPC_OCTETS_SIZE];
};

/* To the guard of the clock. Which members there are depends on the type; what they may be is for
   the guard to judge. */
struct ipc_guard_request {
    uint32_t id;
    double freq_ppm;         /* frequency */
    double base_ppm;         /* ... without what slews */
    enum step_reason reason; /* step */
    double offset;           /* ... s */
    bool synchronised;       /* status */
    double est_error;        /* ... s */
    double max_error;        /* ... s */
    int32_t leap;            /* leap second: -1, 0, 1 */
    int32_t tai_offset;      /* ... s; 0: unknown */
    int64_t seconds;         /* RTC: since 1970 */
};

struct ipc_guard_reply {
    uint32_t id; /* of the request */
    enum guard_verdict verdict;
    bool done;                       /* never with a refusal */
    double freq_ppm;                 /* in effect now, finite */
    uint64_t refusals;               /* of this guard so far */
    enum guard_verdict last_refusal; /* GUARD_ALLOWED: none */
};

struct ipc_ke_establish {
    uint32_t session;
    struct ip_port server;
    uint32_t cert_set;
    bool checks_dates; /* of certificates */
    int64_t now;       /* corrected time, s since 1970 */
    char name[IPC_NAME_SIZE];
};

struct ipc_cookie {
    size_t length; /* 4 to IPC_COOKIE_SIZE, a multiple of 4 */
    uint8_t data[IPC_COOKIE_SIZE];
};

/* The keys have the length that belongs to the algorithm. */
struct ipc_ke_answer {
    uint32_t session;
    int aead;
    struct secret c2s, s2c;
    bool has_alternate; /* form of the keys (nts.md 5.6) */
    struct secret alternate_c2s, alternate_s2c;
    int cookie_count; /* 1 to IPC_MAX_COOKIES */
    struct ipc_cookie cookies[IPC_MAX_COOKIES];
    char ntp_server[IPC_SERVER_SIZE]; /* of 0x21 to 0x7e; empty: not negotiated */
    uint16_t ntp_port;                /* 0: not negotiated */
    int64_t valid_until;              /* of the server's certificate, s since 1970 */
};

struct ipc_ke_ended {
    uint32_t session;
    bool failed_start; /* nothing was sent to the server */
    uint8_t retry_factor;
    uint16_t code;      /* enum finding_code; 0: it has not failed */
    int32_t number;     /* of an alert or a record */
    int64_t valid_from; /* of a certificate, s since 1970 */
    int64_t valid_until;
    char text[IPC_REASON_SIZE]; /* printable ASCII */
};

/* A lone process (process/lone_role.h). */
struct ipc_lone {
    enum process_role role;
    uint16_t number; /* from 1 */
    int32_t pid;     /* of a new one; 0 in IPC_WANTED */
};

/* A process that tells of itself. */
struct ipc_facts {
    enum process_role role;
    uint16_t number;     /* 0: there is one only */
    uint32_t generation; /* 0: it has none */
    int32_t pid;
};

enum ipc_packet_kind {
    IPC_PACKET_RECEIVED,
    IPC_PACKET_SENT,    /* one of the main process that came back with its transmit timestamp */
    IPC_PACKET_TO_SIGN, /* a request with its reply, which Samba has to sign */
};

/* A packet on a socket of a server worker. Its times are readings of the system clock. */
struct ipc_packet {
    enum ipc_packet_kind kind;
    enum ip_family family; /* of the socket */
    struct ip_port remote;
    struct ip_addr local;        /* IP_UNSPEC: unknown */
    int32_t if_index;            /* -1: unknown */
    struct raw_time kernel_time; /* zero: none */
    struct raw_time time;        /* when the worker has read it */
    size_t length;
    uint8_t data[IPC_PACKET_SIZE];
    uint8_t reply[IPC_REPLY_SIZE]; /* to be signed */
};

struct ipc_clock_change {
    uint64_t number; /* of changes so far */
    enum clock_change_type type;
    double doffset; /* seconds */
};

/* Orders to a worker have numbers if somebody waits until they are obeyed. */
struct ipc_clients_reset {
    uint32_t sequence;
    bool hold;      /* nothing is answered before the next message, and nothing is cleared now */
    uint32_t first; /* index of a record */
    uint32_t count;
};

struct ipc_message {
    enum ipc_type type;
    union {
        struct ipc_connection connection;
        struct {
            char text[IPC_TEXT_SIZE]; /* printable ASCII */
        } failed;
        struct {
            uint32_t session;
            enum ke_end end; /* KE_END_COMPLETE to KE_END_REJECTED */
        } outcome;
        struct {
            uint32_t generation; /* from 1 */
            uint16_t number;     /* from 1 */
            int32_t pid;
        } helper;
        struct {
            int32_t pid;
        } process; /* that is to be killed */
        struct ipc_lone lone;
        struct {
            struct ip_port local; /* with a port */
        } bind;
        struct {
            int error; /* errno; 0: it is bound */
        } bound;
        struct ipc_facts facts;
        struct {
            uint32_t generation; /* that will not come */
        } refused;
        struct {
            uint32_t generation;
            bool usable; /* its helpers are started; else it does not come */
            /* Why a certificate is bad, which was logged; empty: none is. */
            char text[IPC_TEXT_SIZE];
        } files;
        struct {
            bool usable;
            char text[IPC_TEXT_SIZE]; /* why not; empty if usable */
        } verdict;
        struct ipc_certificate certificate;
        struct ipc_lookup lookup;
        struct ipc_addresses addresses;
        struct ipc_octets octets; /* of a query or a report */
        struct ipc_guard_request guard_request;
        struct ipc_guard_reply guard_reply;
        struct ipc_ke_establish establish;
        struct {
            uint32_t session;
        } stop;
        struct {
            uint32_t cert_set;
            char text[IPC_TEXT_SIZE]; /* what it lacks; empty: nothing */
        } trust;
        struct ipc_ke_answer ke_answer;
        struct ipc_ke_ended ke_ended;
        struct {
            uint32_t sequence; /* of the order; 0 in IPC_SHARD */
            uint64_t size;     /* octets */
        } memory;              /* of a shard or tables */
        struct {
            uint32_t sequence; /* IPC_SERVER_CLOSE */
            enum ip_family family;
        } server_socket;
        struct ipc_clock_change clock_change;
        struct ipc_clients_reset reset;
        struct ipc_packet packet;
        struct {
            uint32_t sequence;
        } done;
    } u;
};

/* Writes as many octets as messages of this type have, IPC_MESSAGE_SIZE or IPC_LONG_SIZE, and
   returns the number. A type that does not exist is a mistake of ours (assert); a value out of
   range is found by the receiver, which refuses the message. */
size_t ipc_encode(const struct ipc_message *message, uint8_t *out);
/* False: wrong size, version or type, a type that the sender may not send or not in its state, a
   value out of range, a descriptor too few or too many, or octets that should be zero and are not.
   The state of the sender goes on with a message that is valid. */
bool ipc_decode(const uint8_t *data, size_t size, int descriptors, enum ipc_role sender,
                enum ipc_state *state, struct ipc_message *message);

#endif
