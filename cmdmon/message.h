/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The control protocol's messages (cmdmon.md 4 to 14): codes, and the values of each request and
 * reply, shared by the daemon and chronyc. Which commands there are is in message_commands.h, and
 * what is where on the wire in the rows of message_request.c and message_reply.c. Pure functions
 * over bytes and values: no socket, no clock, no judgement on whether a request is allowed.
 */
#ifndef CMDMON_MESSAGE_H
#define CMDMON_MESSAGE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "base/addr.h"
#include "base/instant.h"
#include "base/report.h"
#include "cmdmon/message_commands.h"
#include "cmdmon/message_field.h"
#include "conf/source_options.h"

#define CMD_VERSION            6
#define CMD_VERSION_NO_PADDING 5 /* same messages, requests not padded (cmdmon.md 8) */
#define CMD_VERSION_OLDEST     4 /* oldest that a version mismatch is reported from */
#define CMD_REQUEST_HEADER     20
#define CMD_REPLY_HEADER       28
#define CMD_REQUEST_MIN        CMD_REPLY_HEADER /* shorter datagrams are dropped (cmdmon.md 9) */
#define CMD_REQUEST_MAX        860              /* longer ones too */
#define CMD_REPLY_MAX          520
#define CMD_NAME_SIZE          256 /* of name fields on the wire */
#define CMD_CLIENTS_MAX        8   /* in one reply */

enum cmd_type { CMD_TYPE_REQUEST = 1, CMD_TYPE_REPLY = 2 };

/* Request codes (cmdmon.md 11). Obsolete codes have no name here. */
#define CMD_CODE(code, number, length, access, reply, open, execute) code = number,
enum cmd_code { CMD_COMMANDS(CMD_CODE) };
#undef CMD_CODE

/* Reply codes (cmdmon.md 12). */
enum reply_code {
    REPLY_NULL = 1,
    REPLY_SOURCE_COUNT = 2,
    REPLY_SOURCE_DATA = 3,
    REPLY_TRACKING = 5,
    REPLY_SOURCESTATS = 6,
    REPLY_RTC = 7,
    REPLY_ACTIVITY = 12,
    REPLY_SMOOTHING = 13,
    REPLY_SETTIME = 17,
    REPLY_MANUAL_LIST = 18,
    REPLY_SOURCENAME = 19,
    REPLY_AUTHDATA = 20,
    REPLY_CLIENTS = 21,
    REPLY_SELECTDATA = 23,
    REPLY_SERVERSTATS = 25,
    REPLY_NTPDATA = 26,
    REPLY_ESTIMATOR = CMD_FIRST_OWN,
    REPLY_TEMPERATURE = CMD_FIRST_OWN + 1,
    REPLY_EXPLAIN = CMD_FIRST_OWN + 2,
    REPLY_CLOCK = CMD_FIRST_OWN + 3,
    REPLY_COUNTS = CMD_FIRST_OWN + 4,
    REPLY_CERTIFICATE = CMD_FIRST_OWN + 5,
    REPLY_DAEMON = CMD_FIRST_OWN + 6,
    REPLY_HISTORY = CMD_FIRST_OWN + 7,
    REPLY_SOURCE_COUNTS = CMD_FIRST_OWN + 10,
    REPLY_PROCESSES = CMD_FIRST_OWN + 11,
    REPLY_XDP = CMD_FIRST_OWN + 12,
    REPLY_SURROUNDINGS = CMD_FIRST_OWN + 8,
};

/* Status codes (cmdmon.md 7). */
enum cmd_status {
    CMD_STATUS_SUCCESS = 0,
    CMD_STATUS_FAILED = 1,
    CMD_STATUS_UNAUTHORISED = 2,
    CMD_STATUS_INVALID = 3,
    CMD_STATUS_NO_SOURCE = 4,
    CMD_STATUS_DUPLICATE_LOGON = 5,
    CMD_STATUS_NOT_ENABLED = 6,
    CMD_STATUS_BAD_SUBNET = 7,
    CMD_STATUS_ACCESS_ALLOWED = 8,
    CMD_STATUS_ACCESS_DENIED = 9,
    CMD_STATUS_NO_HOST_ACCESS = 10,
    CMD_STATUS_SOURCE_EXISTS = 11,
    CMD_STATUS_TOO_MANY_SOURCES = 12,
    CMD_STATUS_NO_RTC = 13,
    CMD_STATUS_BAD_RTC_FILE = 14,
    CMD_STATUS_INACTIVE = 15,
    CMD_STATUS_BAD_SAMPLE = 16,
    CMD_STATUS_INVALID_FAMILY = 17,
    CMD_STATUS_BAD_VERSION = 18,
    CMD_STATUS_BAD_LENGTH = 19,
    CMD_STATUS_INVALID_NAME = 21,
    CMD_STATUS_LATER = 0xffff, /* never sent: the daemon does not know yet */
};

enum cmd_access {
    CMD_RO, /* Unix socket, and UDP when opened */
    CMD_RW, /* Unix socket only */
};

/* What is the same for all requests with a code. */
struct cmd_command {
    const struct cmd_layout *request; /* fields and length */
    uint16_t code;                    /* enum cmd_code */
    uint8_t access;                   /* enum cmd_access */
    uint16_t reply;                   /* enum reply_code, of the success case */
    uint16_t open; /* set of conf.h's enum open_command that opens it for UDP (cmdmon.md 3.1) */
};

/* All commands, in the order of the list. */
extern const struct cmd_command cmd_commands[];
extern const size_t cmd_command_count;
/* NULL: the code is unknown or obsolete. */
const struct cmd_command *cmd_command_find(unsigned int code);
/* The fields of a reply; NULL: the code is unknown or obsolete. */
const struct cmd_layout *cmd_reply_layout(unsigned int reply);

/* Required length of a request in octets, padded as the protocol version asks (cmdmon.md 9); 0 for
   unknown and obsolete codes. */
size_t cmd_request_length(unsigned int code, unsigned int version);
/* Length of a reply in octets; 0 for unknown and obsolete codes. */
size_t cmd_reply_length(unsigned int reply);

struct cmd_request_header {
    uint8_t version;
    uint8_t type;
    uint16_t reserved; /* zero */
    uint16_t command;
    uint16_t attempt;
    uint32_t sequence;
};

/* What a client has to know of the daemon to explain what it shows (cmdmon.md 6). */
enum cmd_feature {
    CMD_FEATURE_KALMAN = 1 << 0, /* values of sources are those of the estimator kalman */
};

struct cmd_reply_header {
    uint8_t version;
    uint8_t type;
    uint16_t reserved; /* zero */
    uint16_t command;
    uint16_t reply;
    uint16_t status;
    uint16_t features; /* enum cmd_feature; zero from other daemons */
    uint32_t sequence;
};

/* Online, offline and burst: sources with (address AND mask) equal; family IP_UNSPEC means all. */
struct cmd_mask_addr {
    struct ip_addr mask;
    struct ip_addr addr;
};

struct cmd_burst {
    struct cmd_mask_addr where;
    int32_t good_samples;
    int32_t total_samples;
};

/* minpoll, maxpoll, minstratum, polltarget */
struct cmd_source_integer {
    struct ip_addr addr;
    int32_t value;
};

/* maxdelay, maxdelayratio, maxdelaydevratio */
struct cmd_source_number {
    struct ip_addr addr;
    double value;
};

struct cmd_subnet {
    struct ip_addr addr; /* IP_UNSPEC: both families */
    int32_t bits;        /* not checked */
};

struct cmd_makestep {
    int32_t limit; /* negative: no limit */
    double threshold;
};

struct cmd_clients {
    uint32_t first_index;
    uint32_t count; /* not limited */
    uint32_t min_hits;
    bool reset;
};

/* An NTP source by address, or a reference clock by ID when the family is IP_UNSPEC. */
struct cmd_selectopts {
    struct ip_addr addr;
    uint32_t refid;
    uint32_t mask;    /* enum select_option: which options to change */
    uint32_t options; /* enum select_option: their new values */
};

struct cmd_offset {
    struct ip_addr addr;
    uint32_t refid;
    double offset;
};

struct cmd_local {
    bool enabled; /* false: the rest is ignored */
    int32_t stratum;
    bool orphan;
    double distance;
    double activate;
    double wait_synced;
    double wait_unsynced;
};

enum cmd_source_type { CMD_SOURCE_SERVER = 1, CMD_SOURCE_PEER = 2, CMD_SOURCE_POOL = 3 };

struct cmd_add_source {
    uint32_t type;                /* enum cmd_source_type, not checked */
    char name[CMD_NAME_SIZE + 1]; /* CMD_NAME_SIZE characters: not terminated on the wire */
    struct source_options options;
};

#define CMD_EXPLAIN_CLOCK (-1)

struct cmd_explain {
    int32_t index;  /* of a source, or CMD_EXPLAIN_CLOCK */
    uint32_t first; /* finding of the subject */
};

/* A request without its header. The member of the union is that named for the codes. */
struct cmd_request {
    uint16_t command; /* enum cmd_code */
    union {
        struct cmd_mask_addr where;               /* ONLINE OFFLINE */
        struct cmd_burst burst;                   /* BURST */
        struct cmd_source_integer source_integer; /* MINPOLL MAXPOLL MINSTRATUM POLLTARGET */
        struct cmd_source_number source_number;   /* MAXDELAY MAXDELAYRATIO MAXDELAYDEVRATIO */
        double number;                            /* MAXUPDATESKEW DFREQ RESELECTDIST DOFFSET */
        struct instant time;                      /* SETTIME */
        int32_t option; /* MANUAL (0 off, 1 on, 2 reset) SMOOTHTIME (0 reset, 1 activate) */
        int32_t index;  /* SOURCE_DATA SOURCESTATS SELECTDATA ESTIMATOR MANUAL_DELETE SURROUNDINGS
                          PROCESSES; an unsigned index above INT32_MAX is negative, out of range
                          either way */
        struct cmd_subnet subnet; /* ALLOW to CMDDENY_ALL */
        struct ip_addr addr;      /* ACCHECK CMDACCHECK DELETE_SOURCE NTPDATA SOURCENAME AUTHDATA */
        struct cmd_makestep makestep;     /* MODIFY_MAKESTEP */
        struct cmd_clients clients;       /* CLIENTS */
        struct cmd_selectopts selectopts; /* SELECTOPTS */
        struct cmd_offset offset;         /* OFFSET */
        struct cmd_local local;           /* LOCAL */
        struct cmd_add_source add;        /* ADD_SOURCE */
        struct cmd_explain explain;       /* EXPLAIN */
    } u;
};

struct cmd_settime_reply {
    double offset; /* seconds, positive: clock is fast */
    double freq_change_ppm;
    double new_freq_ppm;
};

struct cmd_clients_reply {
    uint32_t indices; /* in the table */
    uint32_t next_index;
    uint32_t count; /* 0..CMD_CLIENTS_MAX; a larger number is reduced by decoding */
    struct report_client clients[CMD_CLIENTS_MAX];
};

/* Body of a reply. The member is that of the reply code. */
union cmd_reply_body {
    uint32_t source_count;
    struct report_source source;
    struct report_tracking tracking;
    struct report_sourcestats sourcestats;
    struct report_rtc rtc;
    struct report_activity activity;
    struct report_smoothing smoothing;
    struct cmd_settime_reply settime;
    struct report_manual_list manual_list; /* count as received: may exceed the array */
    char name[CMD_NAME_SIZE + 1];          /* 256 characters long: not terminated on the wire */
    struct report_authdata authdata;
    struct cmd_clients_reply clients;
    struct report_selectdata selectdata;
    struct report_serverstats serverstats;
    struct report_ntpdata ntpdata;
    struct report_estimator estimator;
    struct report_temperature temperature;
    struct report_history history;
    struct report_counts counts;
    struct report_source_counts source_counts;
    struct report_certificate certificate;
    struct report_daemon daemon;
    struct report_explanation explanation;
    struct report_clock clock;
    struct report_surroundings surroundings;
    struct report_process_facts process_facts;
    struct report_xdp xdp;
};

/*
 * Headers. Decoding is for any datagram: false only when it is shorter than the header; whether
 * version, type and reserved fields are acceptable is for the caller to judge.
 */
bool cmd_request_header_decode(const void *data, size_t length, struct cmd_request_header *header);
bool cmd_reply_header_decode(const void *data, size_t length, struct cmd_reply_header *header);

/*
 * Decodes the body of a request datagram whose header says `command`. False: the code is unknown
 * or obsolete, or the datagram is shorter than the unpadded request. Trailing octets are ignored.
 */
bool cmd_request_decode(const void *data, size_t length, unsigned int command,
                        struct cmd_request *request);
/*
 * Writes header and body of a request and pads it with zeros to the length required by
 * header->version. The header's type, reserved fields and command are filled in here. Returns the
 * length, or 0 when the buffer (CMD_REQUEST_MAX is always enough) is too small or the code unknown.
 */
size_t cmd_request_encode(const struct cmd_request_header *header,
                          const struct cmd_request *request, void *buf, size_t size);

/*
 * Writes a reply: version, command, reply code, status, features and sequence from the header (type
 * and reserved fields are filled in), then the body of that reply code; body may be NULL for
 * REPLY_NULL. Unused octets are zero. Returns the length, or 0 when the buffer (CMD_REPLY_MAX is
 * always enough) is too small or the reply code unknown.
 */
size_t cmd_reply_encode(const struct cmd_reply_header *header, const union cmd_reply_body *body,
                        void *buf, size_t size);
/* Decodes the body of a reply datagram with the given reply code. False: unknown code or too
   short. Trailing octets are ignored. */
bool cmd_reply_decode(const void *data, size_t length, unsigned int reply,
                      union cmd_reply_body *body);

#endif
