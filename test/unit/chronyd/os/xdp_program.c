/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The program that answers in the kernel beside server_answer(): random and hostile packets go
 * through both, and verdicts, replies and the records of clients are compared. XDP_PACKETS=N sets
 * their number. Skipped where the kernel or the rights to load a program are missing.
 */
#include "test/unit/support/unit.h"

#include <arpa/inet.h>
#include <bpf/bpf.h>
#include <errno.h>
#include <linux/bpf.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>
#include "base/text.h"
#include "chronyd/os/xdp_program.h"
#include "ntp/server/answer.h"

#define PACKETS      200000
#define LOOPBACK     1 /* the interface on which test runs come in */
#define VLAN         5
#define PORT         11123
#define FRAME_MAX    1400
#define NTP_OCTETS   48
#define RENEWAL      500 /* packets between changes of the contents */
#define UNLIMITED    (-19)
#define MAC_OF_HOST  0x02, 0, 0, 0, 0, 0x11
#define MAC_OF_OTHER 0x02, 0, 0, 0, 0, 0x22

static const uint8_t own_mac[6] = {MAC_OF_HOST}, vlan_mac[6] = {MAC_OF_HOST + 1},
                     other_mac[6] = {MAC_OF_OTHER};

/* ---- A world with the clocks of this machine, and random numbers from a seed ---- */

static uint64_t seed = 1;

static uint32_t next_random(void)
{
    seed = seed * 6364136223846793005U + 1442695040888963407U;
    return (uint32_t)(seed >> 32) ^ (uint32_t)(seed >> 13);
}

static bool one_in(uint32_t n)
{
    return next_random() % n == 0;
}

static struct instant read_clock(clockid_t clock)
{
    struct timespec t;

    clock_gettime(clock, &t);
    return (struct instant){t.tv_sec, (int32_t)t.tv_nsec};
}

static struct raw_time raw_now(void *ctx)
{
    return (struct raw_time){read_clock(CLOCK_REALTIME)};
}

static struct mono_time mono_now(void *ctx)
{
    return (struct mono_time){read_clock(CLOCK_MONOTONIC)};
}

static struct mono_time boot_now(void *ctx)
{
    return (struct mono_time){read_clock(CLOCK_BOOTTIME)};
}

static void random_bytes(void *ctx, void *out, size_t length)
{
    for (size_t i = 0; i < length; i++)
        ((uint8_t *)out)[i] = (uint8_t)next_random();
}

static const struct world_ops ops = {
    .raw_now = raw_now,
    .mono_now = mono_now,
    .boot_now = boot_now,
    .random_bytes = random_bytes,
};
static const struct world world = {.ops = &ops};

/* ---- Both sides ---- */

struct fixture {
    struct client_log_conf log_conf;
    struct client_limits limits;
    struct access_table *access;
    struct xdp_program *program;
    struct fast_path *path;
    struct time_page_content content;

    /* The server of the sockets, with a copy of the records. */
    struct server_shard shard;
    void *log_memory;
    size_t log_size;
    struct server_snapshot *snapshot;

    uint8_t reply[NTP_MAX_LENGTH];
    uint8_t frame[FRAME_MAX];
    size_t length;
    uint8_t out[FRAME_MAX + 64];
    uint32_t out_length;

    struct ip_addr own[4];
    size_t own_count;
    uint64_t results[XDP_RESULTS]; /* before the packet */
};

static const char *skip_reason;

static bool has_rights(const char *error)
{
    if (geteuid() == 0 && !strstr(error, "not permitted"))
        return true;
    skip_reason = error;
    return false;
}

static void set_access(struct fixture *f, const char *subnet, int bits, bool allow)
{
    struct subnet s = {.bits = bits};

    assert_true(ip_addr_parse(subnet, &s.addr));
    assert_true(access_table_set(f->access, &s, allow, false));
}

static void take_access(struct fixture *f)
{
    const struct plain_value access = access_table_value(f->access);
    const struct server_tables tables = {.access = access};

    server_snapshots_free(f->snapshot);
    f->snapshot = server_snapshots_new(&tables, 1);
    f->snapshot->limits = f->limits;
    assert_true(fast_path_set_access(f->path, &access));
}

static void set_hosts(struct fixture *f)
{
    struct xdp_interface interfaces[3] = {
        {.index = LOOPBACK}, {.index = LOOPBACK, .vlan = VLAN}, {.index = LOOPBACK + 1}};
    const struct fast_path_hosts hosts = {interfaces, 3, f->own, f->own_count};

    memcpy(interfaces[0].mac, own_mac, 6);
    memcpy(interfaces[1].mac, vlan_mac, 6);
    memcpy(interfaces[2].mac, other_mac, 6);
    assert_int_equal(fast_path_set_hosts(f->path, &hosts), 0);
}

/* The same time and reference for both. */
static void set_time(struct fixture *f)
{
    struct time_page_lines *l = &f->content.lines;
    const struct raw_time raw = raw_now(NULL);
    const struct reference_data reference = {
        .synchronised = true,
        .leap = (int)(next_random() % 3),
        .stratum = 1 + (int)(next_random() % 15),
        .refid = next_random(),
        .ref_time = {{raw.i.sec - 100, 123456789}},
        .root_delay = next_random() % 1000 / 1e4,
        .root_dispersion = next_random() % 1000 / 1e5,
    };

    f->snapshot->time = (struct transmit_time){
        .scale = {.start = raw},
        .event_time = {raw.i},
        .reference = reference,
        .precision_log = -20 - (int)(next_random() % 11),
    };
    *l = (struct time_page_lines){
        .mono_ns = time_page_ns(mono_now(NULL).i),
        .utc_ns = time_page_ns(raw.i),
        .served_ntp = ntp_time_from_instant(raw.i, (struct ntp_time){0}),
        .leap = (uint8_t)reference.leap,
        .stratum = (uint8_t)reference.stratum,
        .precision = (int8_t)f->snapshot->time.precision_log,
        .refid = reference.refid,
        .root_delay = ntp_short_from_double(reference.root_delay),
        .root_dispersion = ntp_short_from_double(reference.root_dispersion),
        .reference = ntp_time_from_instant(reference.ref_time.i, (struct ntp_time){0}),
        .flags = TIME_PAGE_SYNCHRONISED,
    };
    l->valid_until_ns = l->mono_ns + 4000000000;
    fast_path_set_time(f->path, &f->content);
}

static uint8_t *kernel_log(const struct fixture *f)
{
    return (uint8_t *)&xdp_program_memory(f->program)->slots[1] - client_log_head();
}

/* log: octets. False: there are no rights, or the kernel is too old. */
static bool begin(struct fixture *f, unsigned long log, bool limited)
{
    char error[256];
    static char reason[256];

    *f = (struct fixture){.log_conf = {.limit = log, .off = log == 0}};
    f->log_conf.ntp =
        (struct ratelimit_conf){.enabled = limited, .interval = 1, .burst = 4, .leak = 2, .kod = 2};
    f->limits = client_limits_make(&f->log_conf);
    f->access = access_table_new();
    const struct plain_value access = access_table_value(f->access);
    const struct fast_path_sizes sizes = fast_path_sizes(&f->log_conf, &access);
    f->program = xdp_program_load(&sizes, error, sizeof(error));
    if (!f->program) {
        text_copy(reason, sizeof(reason), error);
        access_table_free(f->access);
        if (!has_rights(reason))
            return false;
        fail_msg("%s", error);
    }
    const struct fast_path_params params = {
        .world = &world,
        .log = &f->log_conf,
        .limits = f->limits,
        .memory = *xdp_program_memory(f->program),
        .port = PORT,
    };
    f->path = fast_path_new(&params);
    f->log_size = client_log_memory(&f->log_conf);
    f->log_memory = mem_alloc(f->log_size);
    bool bad;
    f->shard = (struct server_shard){.world = &world, .random = random_pool_make(&world)};
    f->shard.counts = &f->shard.own_counts;
    f->shard.log = client_log_adopt(&world, &f->log_conf, f->log_memory, &bad);
    memcpy(f->log_memory, kernel_log(f), f->log_size);
    assert_true(ip_addr_parse("192.0.2.1", &f->own[0]));
    assert_true(ip_addr_parse("2001:db8::1", &f->own[1]));
    assert_true(ip_addr_parse("10.1.0.1", &f->own[2]));
    assert_true(ip_addr_parse("fe80::1", &f->own[3]));
    f->own_count = 4;
    set_hosts(f);
    set_access(f, "0.0.0.0", 0, true);
    set_access(f, "::", 0, true);
    take_access(f);
    set_time(f);
    return true;
}

static void end(struct fixture *f)
{
    fast_path_free(f->path);
    xdp_program_free(f->program);
    access_table_free(f->access);
    server_snapshots_free(f->snapshot);
    client_log_free(f->shard.log);
    free(f->log_memory);
}

#define BEGIN(f, log, limited)                                                                     \
    if (getenv("TEST_WRAPPER"))                                                                    \
        skip(); /* valgrind takes what libbpf tells the kernel for not initialised */              \
    if (!begin(f, log, limited)) {                                                                 \
        print_message("SKIP %s\n", skip_reason);                                                   \
        skip();                                                                                    \
    }

/* ---- Packets ---- */

struct layout {
    size_t ip, udp, ntp; /* where they begin */
    bool v6;
};

static uint16_t get16(const uint8_t *p)
{
    return (uint16_t)(p[0] << 8 | p[1]);
}

static void put16(uint8_t *p, uint32_t value)
{
    p[0] = (uint8_t)(value >> 8);
    p[1] = (uint8_t)value;
}

static uint32_t add_octets(uint32_t sum, const uint8_t *octets, size_t length)
{
    for (size_t i = 0; i < length; i++)
        sum += i % 2 == 0 ? (uint32_t)octets[i] << 8 : octets[i];
    return sum;
}

static uint16_t folded(uint32_t sum)
{
    while (sum >> 16 != 0)
        sum = (sum & 0xffff) + (sum >> 16);
    return (uint16_t)sum;
}

/* The sum of UDP with its pseudo header: 0xffff if the checksum is right. */
static uint16_t udp_sum(const uint8_t *frame, const struct layout *at, size_t length)
{
    uint32_t sum = 17 + (uint32_t)length;

    sum =
        at->v6 ? add_octets(sum, frame + at->ip + 8, 32) : add_octets(sum, frame + at->ip + 12, 8);
    return folded(add_octets(sum, frame + at->udp, length));
}

static void set_checksums(uint8_t *frame, const struct layout *at, size_t udp_length)
{
    if (!at->v6) {
        size_t header = (frame[at->ip] & 15U) * 4;
        put16(frame + at->ip + 10, 0);
        put16(frame + at->ip + 10, (uint16_t)~folded(add_octets(0, frame + at->ip, header)));
    }
    put16(frame + at->udp + 6, 0);
    uint16_t check = (uint16_t)~udp_sum(frame, at, udp_length);
    put16(frame + at->udp + 6, check != 0 ? check : 0xffff);
}

static const char *const sources_v4[] = {
    "192.0.2.7",     "192.0.2.8",  "198.51.100.1", "203.0.113.5", "10.9.9.9",  "10.9.9.10",
    "127.0.0.1",     "0.1.2.3",    "224.0.0.1",    "240.0.0.1",   "192.0.2.1", "10.0.0.0",
    "192.168.77.77", "172.16.5.4", "100.64.1.1",   "8.8.8.8"};
static const char *const sources_v6[] = {
    "2001:db8::7", "2001:db8::8",    "2001:db8:1::1", "fe80::7", "ff02::1",     "::1",
    "::",          "::ffff:1.2.3.4", "2001:db8::1",   "fd00::1", "2620:fe::fe", "2001:db8:2::2"};

static void put_address(uint8_t *out, bool v6, const char *text)
{
    struct ip_addr addr;

    assert_true(ip_addr_parse(text, &addr));
    memcpy(out, v6 ? addr.u.v6 : addr.u.v4, v6 ? 16 : 4);
}

/* NTP: mostly a request of a client, of any length. */
static size_t put_ntp(uint8_t *ntp)
{
    size_t length = NTP_OCTETS;

    if (one_in(12))
        length = one_in(2) ? next_random() % 120 : next_random() % 1200;
    random_bytes(NULL, ntp, length > NTP_OCTETS ? length : NTP_OCTETS);
    if (!one_in(10)) {
        uint8_t version = one_in(3) ? (uint8_t)(1 + next_random() % 4) : 4;
        ntp[0] = (uint8_t)((ntp[0] & 0xc0) | version << 3 | 3);
    }
    if (!one_in(3)) /* as most clients do */
        memset(ntp + 24, 0, 16);
    if (one_in(8)) /* receive and transmit are the same */
        memcpy(ntp + 32, ntp + 40, 8);
    if (one_in(20))
        memset(ntp + 40, 0, 8);
    return length;
}

static struct layout make_frame(struct fixture *f)
{
    struct layout at = {.ip = 14, .v6 = one_in(2)};
    uint8_t *frame = f->frame;
    bool tagged = one_in(4);
    bool known_tag = !one_in(4);

    memcpy(frame, one_in(30) ? other_mac : tagged && known_tag ? vlan_mac : own_mac, 6);
    memcpy(frame + 6, other_mac, 6);
    if (one_in(50))
        frame[6] |= 1;
    if (tagged) {
        put16(frame + 12, one_in(20) ? 0x88a8 : 0x8100);
        put16(frame + 14, (known_tag ? VLAN : next_random() % 8) | (next_random() & 0xf000));
        at.ip = 18;
    }
    put16(frame + at.ip - 2, one_in(50) ? next_random() : at.v6 ? 0x86dd : 0x0800);
    size_t options = !at.v6 && one_in(30) ? 4 * (next_random() % 11) : 0;
    size_t extension = at.v6 && one_in(30) ? 8 : 0;
    at.udp = at.ip + (at.v6 ? 40 : 20) + options + extension;
    at.ntp = at.udp + 8;
    size_t ntp_length = put_ntp(frame + at.ntp);
    size_t udp_length = 8 + ntp_length;
    uint8_t *ip = frame + at.ip;

    memset(ip, 0, at.udp - at.ip);
    if (at.v6) {
        ip[0] = 0x60 | (next_random() & 15);
        random_bytes(NULL, ip + 1, 3);
        put16(ip + 4, (uint32_t)(udp_length + extension));
        ip[6] = extension > 0 ? (one_in(2) ? 0 : 44) : 17;
        ip[7] = (uint8_t)next_random();
        put_address(ip + 8, true, sources_v6[next_random() % 12]);
        put_address(ip + 24, true,
                    one_in(15)   ? "fe80::1"
                    : one_in(15) ? "2001:db8::2"
                                 : "2001:db8::1");
        if (extension > 0)
            ip[40] = 17;
    } else {
        ip[0] = (uint8_t)(0x45 + options / 4);
        ip[1] = (uint8_t)next_random();
        put16(ip + 2, (uint32_t)(20 + options + udp_length));
        put16(ip + 4, next_random());
        put16(ip + 6,
              one_in(20) ? next_random() : (next_random() & 0x4000) | (one_in(30) ? 0x8000 : 0));
        ip[8] = (uint8_t)next_random();
        ip[9] = one_in(40) ? 6 : 17;
        put_address(ip + 12, false, sources_v4[next_random() % 16]);
        put_address(ip + 16, false,
                    one_in(15)  ? "192.0.2.255"
                    : one_in(2) ? "192.0.2.1"
                                : "10.1.0.1");
    }
    put16(frame + at.udp, one_in(30) ? 0 : one_in(4) ? 123 : next_random());
    put16(frame + at.udp + 2, one_in(30) ? next_random() : PORT);
    put16(frame + at.udp + 4, one_in(40) ? next_random() % 100 : (uint32_t)udp_length);
    f->length = at.ntp + ntp_length;
    set_checksums(frame, &at, udp_length);
    if (!at.v6 && one_in(10))
        put16(frame + at.udp + 6, 0);
    if (one_in(20)) /* a flipped bit anywhere, with wrong checksums */
        frame[next_random() % f->length] ^= (uint8_t)(1U << next_random() % 8);
    if (one_in(40)) /* trailing octets */
        f->length += next_random() % 8;
    if (one_in(40))
        f->length = 14 + next_random() % (f->length - 14);
    return at;
}

/* ---- What has to be answered, told from the octets by the words of the specification ---- */

static bool is_own(const struct fixture *f, bool v6, const uint8_t *octets)
{
    for (size_t i = 0; i < f->own_count; i++) {
        const struct ip_addr *own = &f->own[i];

        if (!ip_addr_is_link_local(own) && (own->family == IP_V6) == v6 &&
            memcmp(own->u.v6, octets, v6 ? 16 : 4) == 0)
            return true;
    }
    return false;
}

/* A plain request to this host, whoever it is from. */
static bool is_plain(const struct fixture *f, struct layout *at)
{
    const uint8_t *p = f->frame;
    uint16_t vlan = 0;

    if (f->length < 18)
        return false;
    *at = (struct layout){.ip = 14};
    if (get16(p + 12) == 0x8100) {
        vlan = get16(p + 14) & 0xfff;
        at->ip = 18;
    }
    if ((vlan != 0 && vlan != VLAN) || memcmp(p, vlan != 0 ? vlan_mac : own_mac, 6) != 0 ||
        (p[6] & 1))
        return false;
    uint16_t type = get16(p + at->ip - 2);
    at->v6 = type == 0x86dd;
    at->udp = at->ip + (at->v6 ? 40 : 20);
    at->ntp = at->udp + 8;
    if ((type != 0x0800 && type != 0x86dd) || f->length != at->ntp + NTP_OCTETS)
        return false;
    const uint8_t *ip = p + at->ip;
    if (at->v6 ? (ip[0] >> 4 != 6 || get16(ip + 4) != 56 || ip[6] != 17)
               : (ip[0] != 0x45 || get16(ip + 2) != 76 || ip[9] != 17 || ip[8] == 0 ||
                  (get16(ip + 6) & 0xbfff) != 0 || folded(add_octets(0, ip, 20)) != 0xffff))
        return false;
    const uint8_t *udp = p + at->udp;
    if (get16(udp) == 0 || get16(udp + 2) != PORT || get16(udp + 4) != 56)
        return false;
    return get16(udp + 6) == 0 ? !at->v6 : udp_sum(p, at, 56) == 0xffff;
}

static struct ip_addr source_of(const struct fixture *f, const struct layout *at)
{
    struct ip_addr addr = {.family = at->v6 ? IP_V6 : IP_V4};

    memcpy(addr.u.v6, f->frame + at->ip + (at->v6 ? 8 : 12), at->v6 ? 16 : 4);
    return addr;
}

static bool is_possible_source(const struct fixture *f, const struct ip_addr *addr)
{
    const uint8_t *o = addr->u.v6;

    if (is_own(f, addr->family == IP_V6, o))
        return false;
    if (addr->family == IP_V4)
        return o[0] != 0 && o[0] != 127 && o[0] < 224;
    return (o[0] != 0 || o[1] != 0) && o[0] != 0xff && !(o[0] == 0xfe && (o[1] & 0xc0) == 0x80);
}

/* Whether the kernel has to decide about a request, and not the sockets. */
static bool is_for_kernel(const struct fixture *f, struct layout *at, bool has_time)
{
    if (!has_time || !is_plain(f, at))
        return false;
    const uint8_t *ntp = f->frame + at->ntp;
    const struct ip_addr source = source_of(f, at);
    int version = ntp[0] >> 3 & 7;
    bool interleaved = version == 4 && (ntp[31] & 1) && memcmp(ntp + 32, ntp + 40, 8) != 0;

    return (ntp[0] & 7) == 3 && version >= 1 && version <= 4 && !interleaved &&
           is_own(f, at->v6, f->frame + at->ip + (at->v6 ? 24 : 16)) &&
           is_possible_source(f, &source) && access_table_is_allowed(f->access, &source);
}

/* ---- Running and comparing ---- */

static uint32_t run(struct fixture *f)
{
    LIBBPF_OPTS(bpf_test_run_opts, opts, .data_in = f->frame, .data_size_in = (uint32_t)f->length,
                .data_out = f->out, .data_size_out = sizeof(f->out), .repeat = 1);

    memset(f->out, 0xa5, sizeof(f->out));
    if (bpf_prog_test_run_opts(xdp_program_descriptor(f->program), &opts) != 0)
        fail_msg("test run of %zu octets: %s", f->length, text_errno(errno));
    f->out_length = opts.data_size_out;
    return opts.retval;
}

/* When the kernel saw the request that it took last from an address: the middle of the tick of the
   client log that it noted. The time of the log is ahead by its phase. Now without records. */
static struct local_time seen_at(const struct fixture *f, const struct ip_addr *source)
{
    struct local_time now = {raw_now(NULL).i};
    const uint8_t *records = kernel_log(f) + client_log_head();
    struct client_record r;

    for (size_t i = 0; i < f->log_size - client_log_head(); i += sizeof(r)) {
        memcpy(&r, records + i, sizeof(r));
        if (!ip_addr_equal(&r.addr, source))
            continue;
        const uint32_t stamp = r.last_hit[CLIENT_NTP];
        const int64_t high = now.i.sec & ~(int64_t)0xfffffff;

        now.i = instant_make(high | stamp >> CLIENT_LOG_TIME_BITS,
                             (stamp % 16 * 2 + 1) * 31250000LL - client_log_phase(f->shard.log));
        break;
    }
    return now;
}

static struct ntp_arrival arrival_of(const struct fixture *f, const struct layout *at)
{
    const struct ip_addr source = source_of(f, at);

    return (struct ntp_arrival){
        .packet = f->frame + at->ntp,
        .length = NTP_OCTETS,
        .remote = {source, get16(f->frame + at->udp)},
        .time = {.time = seen_at(f, &source), .source = TIMESTAMP_KERNEL},
    };
}

static double seconds_of(const uint8_t *stamp)
{
    return (double)get16(stamp) * 65536 + get16(stamp + 2) +
           (get16(stamp + 4) * 65536.0 + get16(stamp + 6)) / 4294967296.0;
}

static void compare_replies(const struct fixture *f, const struct layout *at)
{
    const uint8_t *out = f->out + at->ntp, *reply = f->reply;
    const double now = (double)raw_now(NULL).i.sec + 2208988800.0;

    assert_memory_equal(out, reply, 32);
    assert_memory_not_equal(out + 32, out + 24, 8);
    assert_memory_not_equal(out + 40, out + 24, 8);
    assert_int_equal(out[39] & 1, 1);
    assert_int_equal(out[47] & 1, 0);
    assert_between(seconds_of(out + 32), now - 60, now + 60);
    assert_between(seconds_of(out + 40) - seconds_of(out + 32), -2e-6, 0.1);
    assert_between(seconds_of(out + 32) - seconds_of(reply + 32), f->log_conf.off ? -60 : -0.1,
                   0.1);
}

static void compare_headers(const struct fixture *f, const struct layout *at)
{
    const uint8_t *in = f->frame, *out = f->out;
    const size_t address = at->v6 ? 16 : 4, first = at->ip + (at->v6 ? 8 : 12);

    assert_int_equal(f->out_length, f->length);
    assert_memory_equal(out, in + 6, 6);
    assert_memory_equal(out + 6, in, 6);
    assert_memory_equal(out + 12, in + 12, at->ip - 12);
    assert_memory_equal(out + first, in + first + address, address);
    assert_memory_equal(out + first + address, in + first, address);
    assert_memory_equal(out + at->udp, in + at->udp + 2, 2);
    assert_memory_equal(out + at->udp + 2, in + at->udp, 2);
    assert_int_equal(get16(out + at->udp + 4), 56);
    assert_int_equal(udp_sum(out, at, 56), 0xffff);
    if (at->v6) {
        static const uint8_t start[8] = {0x60, 0, 0, 0, 0, 56, 17, 64};
        assert_memory_equal(out + at->ip, start, sizeof(start));
    } else {
        static const uint8_t start[10] = {0x45, 0, 0, 76, 0, 0, 0x40, 0, 64, 17};
        assert_memory_equal(out + at->ip, start, sizeof(start));
        assert_int_equal(folded(add_octets(0, out + at->ip, 20)), 0xffff);
    }
}

static enum server_result result_of(const struct fixture *f, uint32_t verdict,
                                    const struct layout *at)
{
    if (verdict == XDP_DROP)
        return SERVER_DROPPED_RATE;
    return memcmp(f->out + at->ntp + 12, "RATE", 4) == 0 && f->out[at->ntp + 1] == 0
               ? SERVER_ANSWERED_KOD_RATE
               : SERVER_ANSWERED;
}

static void compare_records(struct fixture *f, bool by_chance)
{
    const size_t head = client_log_head();

    if (!f->log_conf.off && !by_chance)
        assert_memory_equal(kernel_log(f) + head, (uint8_t *)f->log_memory + head,
                            f->log_size - head);
}

/* What the sockets do with the same request and the same records. Chance decides about requests
   over the rate, so that several tries may be needed to get what the kernel did. */
static void answer_too(struct fixture *f, const struct layout *at, const uint8_t *before,
                       enum server_result wanted)
{
    const struct ntp_arrival arrival = arrival_of(f, at);
    enum server_result result = SERVER_RESULTS;
    int tries = 0;

    do {
        struct writer w = writer_make(f->reply, sizeof(f->reply));

        memcpy(f->log_memory, before, f->log_size);
        result = server_answer(f->snapshot, &f->shard, &arrival, &w);
        if (wanted != SERVER_DROPPED_RATE && result == wanted)
            assert_int_equal(w.pos, NTP_OCTETS);
    } while (result != wanted && ++tries < 500);
    if (result != wanted)
        fail_msg("the kernel's result is %s, that of the sockets %s", server_result_text(wanted),
                 server_result_text(result));
    compare_records(f, tries > 0 || wanted != SERVER_ANSWERED);
}

static void print_frame(const struct fixture *f)
{
    for (size_t i = 0; i < f->length; i++)
        print_message("%02x%s", f->frame[i], i % 16 == 15 ? "\n" : " ");
    print_message("\n");
}

static uint32_t compare(struct fixture *f, bool has_time)
{
    static uint8_t before[1 << 20];
    struct layout at;
    const bool for_kernel = is_for_kernel(f, &at, has_time);

    memcpy(before, kernel_log(f), f->log_size);
    const uint32_t verdict = run(f);
    if (verdict == XDP_PASS) {
        if (for_kernel) {
            print_frame(f);
            fail_msg("a request that the kernel should have taken was passed on");
        }
        assert_int_equal(f->out_length, f->length);
        assert_memory_equal(f->out, f->frame, f->length);
        assert_memory_equal(before, kernel_log(f), f->log_size);
        return verdict;
    }
    if (!for_kernel) {
        print_frame(f);
        fail_msg("verdict %u about a packet for the sockets", verdict);
    }
    assert_true(verdict == XDP_TX || (verdict == XDP_DROP && f->limits.services[0].limited));
    answer_too(f, &at, before, result_of(f, verdict, &at));
    if (verdict == XDP_TX) {
        compare_headers(f, &at);
        compare_replies(f, &at);
    }
    return verdict;
}

static void change_access(struct fixture *f)
{
    const struct server_snapshot old = *f->snapshot;

    access_table_free(f->access);
    f->access = access_table_new();
    set_access(f, "0.0.0.0", 0, !one_in(4));
    set_access(f, "::", 0, !one_in(4));
    for (int i = 0; i < 6; i++) {
        struct subnet s = {.bits = (int)(next_random() % 33)};
        ip_addr_parse(sources_v4[next_random() % 16], &s.addr);
        access_table_set(f->access, &s, one_in(2), one_in(8));
        s.bits = (int)(next_random() % 129);
        ip_addr_parse(sources_v6[next_random() % 12], &s.addr);
        access_table_set(f->access, &s, one_in(2), one_in(8));
    }
    take_access(f);
    f->snapshot->time = old.time;
}

static long packet_count(void)
{
    const char *text = getenv("XDP_PACKETS");

    return text ? atol(text) : PACKETS;
}

static void run_many(struct fixture *f, long count)
{
    long verdicts[5] = {0};
    bool has_time = true;

    for (long i = 0; i < count; i++) {
        if (i % RENEWAL == 0) {
            change_access(f);
            set_time(f);
            has_time = !one_in(20);
            if (!has_time) {
                f->content.lines.valid_until_ns = f->content.lines.mono_ns + one_in(2);
                fast_path_set_time(f->path, &f->content);
            }
        }
        make_frame(f);
        verdicts[compare(f, has_time)]++;
    }
    print_message("%ld packets: %ld answered, %ld dropped, %ld passed on\n", count,
                  verdicts[XDP_TX], verdicts[XDP_DROP], verdicts[XDP_PASS]);
    assert_true(verdicts[XDP_TX] > count / 50 && verdicts[XDP_PASS] > count / 10);
    assert_true(f->limits.services[0].limited == (verdicts[XDP_DROP] > 0));
    fast_path_count(f->path, f->results);
    assert_int_equal(f->results[XDP_RESULT_ANSWERED] + f->results[XDP_RESULT_KOD],
                     verdicts[XDP_TX]);
    assert_int_equal(f->results[XDP_RESULT_DROPPED], verdicts[XDP_DROP]);
    assert_int_equal(f->results[XDP_RESULT_BUSY], 0);
}

/* Eight records, so that clients drive each other out. */
static void random_packets_are_answered_as_by_sockets(void **state)
{
    struct fixture f;

    BEGIN(&f, 960, true);
    run_many(&f, packet_count() / 2);
    end(&f);
}

static void without_limits_and_with_many_records_it_is_the_same(void **state)
{
    struct fixture f;

    BEGIN(&f, 4 * 960, false);
    run_many(&f, packet_count() / 4);
    end(&f);
}

static void without_client_log_it_is_the_same(void **state)
{
    struct fixture f;

    BEGIN(&f, 0, false);
    run_many(&f, packet_count() / 4);
    end(&f);
}

static void make_request(struct fixture *f)
{
    do
        make_frame(f);
    while (!is_for_kernel(f, &(struct layout){0}, true) || f->frame[13] != 0 ||
           f->frame[12] != 0x08);
}

/* Served time at a reading of the monotonic clock, from the lines of the page. */
static long double served_at(const struct time_page_lines *l, int64_t mono)
{
    const long double e = (long double)(mono - l->mono_ns);

    return (long double)l->served_ntp.hi + (long double)l->served_ntp.lo / 4294967296.0L +
           (e + e * (long double)l->served_rate / 4294967296.0L) / 1e9L;
}

static long double stamp_of(const uint8_t *p)
{
    return (long double)((uint32_t)get16(p) << 16 | get16(p + 2)) +
           (long double)((uint32_t)get16(p + 4) << 16 | get16(p + 6)) / 4294967296.0L;
}

/* Over the whole time that a page holds, with the largest slews. */
static void time_is_that_of_the_page(void **state)
{
    static const double rates[] = {0.0, 1e-6, -1e-6, 1e-4, -1e-4, 0.08, -0.08};
    struct layout at;
    struct fixture f;

    BEGIN(&f, 960, false);
    make_request(&f);
    for (size_t i = 0; i < 7; i++) {
        for (int64_t age = 1000000; age < 4000000000; age += 49000000) {
            struct time_page_lines *l = &f.content.lines;

            l->precision = -32;
            l->served_rate = (int64_t)llround(rates[i] * 4294967296.0);
            l->mono_ns = time_page_ns(mono_now(NULL).i) - age;
            l->valid_until_ns = l->mono_ns + 4000000000;
            fast_path_set_time(f.path, &f.content);
            const int64_t before = time_page_ns(mono_now(NULL).i);
            const uint32_t verdict = run(&f);
            const int64_t after = time_page_ns(mono_now(NULL).i);
            if (after >= l->valid_until_ns)
                continue;
            assert_int_equal(verdict, XDP_TX);
            assert_true(is_plain(&f, &at));
            const long double receive = stamp_of(f.out + at.ntp + 32);
            const long double transmit = stamp_of(f.out + at.ntp + 40);
            /* What the two clocks of this machine were read apart is part of it. */
            assert_true(receive > served_at(l, before) - 500e-9L);
            assert_true(transmit >= receive - 1e-9L && transmit < served_at(l, after) + 500e-9L);
        }
    }
    end(&f);
}

/* The line grows with the bound, is rounded up, and never less than what a server would say. */
static void root_dispersion_grows(void **state)
{
    struct layout at;
    struct fixture f;

    BEGIN(&f, 960, false);
    make_request(&f);
    for (int i = 0; i < 300; i++) {
        struct time_page_lines *l = &f.content.lines;
        const double growth = next_random() % 1000 * 1e-6, first = next_random() % 1000 * 1e-5;
        const int64_t age = 1000000 + next_random() % 3000000000;

        l->mono_ns = time_page_ns(mono_now(NULL).i) - age;
        l->valid_until_ns = l->mono_ns + 4000000000;
        l->bound_growth = (int64_t)ceil(growth * 4294967296.0);
        l->root_dispersion = ntp_short_from_double(first);
        fast_path_set_time(f.path, &f.content);
        assert_int_equal(run(&f), XDP_TX);
        assert_true(is_plain(&f, &at));
        const uint8_t *p = f.out + at.ntp + 8;
        const uint32_t told = (uint32_t)get16(p) << 16 | get16(p + 2);
        const double seconds = (double)(time_page_ns(mono_now(NULL).i) - l->mono_ns) / 1e9;
        assert_true(told >= ntp_short_from_double(first + growth * (double)age / 1e9));
        assert_true(told <= ntp_short_from_double(first + growth * seconds) + 2);
    }
    end(&f);
}

/* Each reason for which a page must not be used. */
static void pages_that_must_not_be_used_are_not(void **state)
{
    struct fixture f;

    BEGIN(&f, 960, false);
    make_request(&f);
    for (int i = 0; i < 8; i++) {
        set_time(&f);
        struct time_page_lines *l = &f.content.lines;
        l->leap = i == 1 ? LEAP_UNSYNC : l->leap;
        l->stratum = i == 2 ? 0 : l->stratum;
        l->refid = i == 3 ? REFID_SMOOTH : l->refid;
        l->flags |= i == 4 ? TIME_PAGE_STEPPING : 0;
        l->changing_since_ns = i == 5 ? l->mono_ns : 0;
        l->valid_until_ns = i == 6 ? l->mono_ns : l->valid_until_ns;
        l->mono_ns += i == 7 ? 1000000000 : 0; /* it begins to hold in a second */
        fast_path_set_time(f.path, &f.content);
        assert_int_equal(run(&f), i == 0 ? XDP_TX : XDP_PASS);
    }
    end(&f);
}

static void what_is_freed_answers_nothing(void **state)
{
    struct fixture f;

    BEGIN(&f, 960, false);
    make_request(&f);
    assert_int_equal(run(&f), XDP_TX);
    fast_path_free(f.path);
    f.path = NULL;
    assert_int_equal(run(&f), XDP_PASS);
    end(&f);
}

static void rules_without_room_switch_it_off(void **state)
{
    struct fixture f;

    BEGIN(&f, 960, false);
    make_request(&f);
    const struct plain_value access = access_table_value(f.access);
    const struct plain_value large = {access.data, 1U << 30, access.generation};
    assert_false(fast_path_set_access(f.path, &large));
    assert_int_equal(run(&f), XDP_PASS);
    assert_true(fast_path_set_access(f.path, &access));
    assert_int_equal(run(&f), XDP_TX);
    end(&f);
}

/* Tables with open addressing: what fits is served, what does not is counted. */
static void more_addresses_than_fit_are_counted(void **state)
{
    struct ip_addr addrs[1000];
    struct fixture f;

    BEGIN(&f, 960, false);
    for (size_t i = 0; i < 1000; i++)
        addrs[i] = ip_addr_v4(10, 2, (uint8_t)(i / 250), (uint8_t)(1 + i % 250));
    const struct fast_path_hosts hosts = {.addresses = addrs, .address_count = 1000};
    const size_t left = fast_path_set_hosts(f.path, &hosts);
    assert_between((double)left, 1000 - XDP_ADDRESSES, 1000 - XDP_ADDRESSES / 2);
    end(&f);
}

static void shard_tells_what_was_counted(void **state)
{
    struct report_serverstats report;
    struct report_client client;
    struct layout at;
    struct fixture f;

    BEGIN(&f, 4 * 960, false);
    make_request(&f);
    for (int i = 0; i < 10; i++)
        assert_int_equal(run(&f), XDP_TX);
    const struct server_shard *shard = fast_path_shard(f.path);
    server_shard_report_stats(shard, &report);
    assert_int_equal(report.ntp_hits, 10);
    assert_int_equal(report.ntp_kernel_rx, 10);
    assert_int_equal(shard->counts->results[SERVER_ANSWERED], 10);
    assert_int_equal(client_log_used(shard->log), 1);
    assert_true(is_plain(&f, &at));
    const struct ip_addr source = source_of(&f, &at);
    assert_true(client_log_report_client(shard->log, &source, (struct local_time){raw_now(NULL).i},
                                         &client));
    assert_int_equal(client.ntp_hits, 10);
    assert_true(client.last_ntp_ago <= 1);
    end(&f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(random_packets_are_answered_as_by_sockets),
        cmocka_unit_test(without_limits_and_with_many_records_it_is_the_same),
        cmocka_unit_test(without_client_log_it_is_the_same),
        cmocka_unit_test(time_is_that_of_the_page),
        cmocka_unit_test(root_dispersion_grows),
        cmocka_unit_test(pages_that_must_not_be_used_are_not),
        cmocka_unit_test(what_is_freed_answers_nothing),
        cmocka_unit_test(rules_without_room_switch_it_off),
        cmocka_unit_test(more_addresses_than_fit_are_counted),
        cmocka_unit_test(shard_tells_what_was_counted),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
