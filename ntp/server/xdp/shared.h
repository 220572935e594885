/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the program that answers in the kernel (ntp/server/xdp/program.c) shares with the daemon
 * (ntp/server/fast_path.h): the layout of the memory-mapped arrays. The daemon alone writes head
 * and contents, the program alone the counters; the records of clients are the program's, and
 * the daemon clears their counts on command. Numbers are in the order of the host unless it says
 * otherwise.
 */
#ifndef NTP_SERVER_XDP_SHARED_H
#define NTP_SERVER_XDP_SHARED_H

#include <stdint.h>
#include "ntp/access_node.h"
#include "ntp/server/client_record.h"

/* Contents are written in turn, so that a packet is never decided by half of one. */
#define XDP_COPIES 4
/* Addresses and interfaces lie in tables with open addressing; what finds no place within so many
   tries is not served by the program. */
#define XDP_ADDRESSES  256
#define XDP_INTERFACES 128
#define XDP_PROBES     8
/* Locks of the slots of client records, shared by slots whose lowest bits are the same. */
#define XDP_LOCKS 4096

struct xdp_head {
    uint32_t turn;           /* of the newest contents, in the copy turn % XDP_COPIES */
    uint32_t access_started; /* generation of access rules that is or was being written */
};

/* An interface, or one VLAN of it. */
struct xdp_interface {
    uint32_t index; /* of the interface that the packet came in by; 0: no entry */
    uint16_t vlan;  /* 0: without a tag */
    uint8_t mac[6]; /* that packets to this host have as their destination */
};

/* How a reading of CLOCK_BOOTTIME becomes NTP time: integers only. With e nanoseconds after
   boot_ns, less than 2^32, delta = 3 * e + (e * scale >> XDP_SCALE_BITS). */
struct xdp_time {
    uint64_t boot_ns;
    uint64_t valid_until_ns; /* 0: not at all */
    uint64_t scale;
    uint64_t served;     /* NTP time at boot_ns */
    uint64_t log;        /* time of the client log, in units of 2^-32 s */
    uint64_t growth;     /* of root dispersion, in units of 2^-16 s * 2^-XDP_GROWTH_BITS per ns */
    uint64_t fuzz;       /* bits below the precision */
    uint64_t reference;  /* in network order, as what follows */
    uint32_t root_delay; /* in network order */
    uint32_t refid;      /* in network order */
    uint32_t root_dispersion; /* at boot_ns, in the order of the host */
    uint8_t leap;
    uint8_t stratum;
    int8_t precision;
    uint8_t padding;
};
#define XDP_SCALE_BITS  30
#define XDP_GROWTH_BITS 46

struct xdp_content {
    struct xdp_time time;
    struct client_limits limits;
    uint32_t log_seed;
    uint32_t slot_mask;         /* number of slots of records less 1 */
    uint32_t access_base;       /* index of the first node */
    uint32_t access_generation; /* modulo 2^32 */
    uint16_t port;              /* in network order */
    uint8_t traffic_class;      /* of replies */
    int8_t min_poll;
    uint8_t has_log;
    uint8_t padding[3];
    struct xdp_interface interfaces[XDP_INTERFACES];
    uint32_t v4[XDP_ADDRESSES];    /* in network order; 0: no entry */
    uint32_t v6[XDP_ADDRESSES][4]; /* the same */
};

/* The records of one slot of the table of clients. */
struct xdp_slot {
    struct client_record records[CLIENT_SLOT_RECORDS];
};

/* What became of a packet to the port of NTP. */
enum xdp_result {
    XDP_RESULT_ANSWERED,
    XDP_RESULT_KOD,
    XDP_RESULT_DROPPED, /* over the rate */
    /* Passed to the sockets, because ... */
    XDP_RESULT_FORM,        /* it is not a plain packet of 48 octets, or a checksum is wrong */
    XDP_RESULT_MODE,        /* it is not a client's request of version 1 to 4 */
    XDP_RESULT_INTERLEAVED, /* it asks for the interleaved mode */
    XDP_RESULT_TIME,        /* there is no valid time */
    XDP_RESULT_ADDRESS,     /* it is not from and to addresses that are served here */
    XDP_RESULT_ACCESS,      /* the client is not allowed */
    XDP_RESULT_BUSY,        /* something it needs is being changed */
};
#define XDP_RESULTS (XDP_RESULT_BUSY + 1)

/* One for each processor, which share no line of the cache. */
struct xdp_counts {
    _Alignas(64) uint64_t results[XDP_RESULTS];
    uint64_t new_records;
    uint64_t record_drops; /* records that gave way to others */
};

/* Every bit of the result depends on every bit of x: addresses differ in few of them. */
static inline uint32_t xdp_hash(uint32_t x)
{
    x = (x ^ x >> 16) * 0x7feb352dU;
    x = (x ^ x >> 15) * 0x846ca68bU;
    return x ^ x >> 16;
}

static inline uint32_t xdp_hash_v6(const uint32_t v6[4])
{
    return xdp_hash(v6[0] ^ v6[1] * 31 ^ v6[2] * 961 ^ v6[3] * 29791);
}

static inline uint32_t xdp_hash_interface(uint32_t index, uint16_t vlan)
{
    return xdp_hash(index << 12 ^ vlan);
}

#endif
