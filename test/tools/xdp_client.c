/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Load for an NTP server over a pair of virtual interfaces, from within the kernel, so that it is
 * not the limit; and the time that the program of the server takes, without a network.
 *
 *   xdp_client run NUMBER
 *   xdp_client send OBJECT INTERFACE SERVER-MAC SERVER-ADDRESS PORT SECONDS RATE
 *   xdp_client drop OBJECT INTERFACE
 *
 * run prints nanoseconds for each IPv4 and IPv6 request, for a packet that is passed on, and the
 * length of the program. send sends requests of the address of the interface as fast as it can, or
 * RATE of them a second (0: no limit), and prints "sent N replies N seconds S busy S", where busy
 * is the time that the processors of the machine were not idle. drop takes what comes in on the
 * interface until it is ended. OBJECT is test/bench/bpf/load.c, compiled for BPF.
 */
#include <arpa/inet.h>
#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <errno.h>
#include <ifaddrs.h>
#include <linux/bpf.h>
#include <net/if.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>
#include "base/text.h"
#include "chronyd/os/xdp_program.h"
#include "ntp/access.h"

/* Packets that are handed over at once. Each of them counts as a page in the buffer of a socket,
   which has room for 50 of them. */
#define BATCH    64
#define SMALL    8
#define V4_FRAME 90 /* Ethernet, IPv4, UDP, NTP */

static void give_up(const char *what)
{
    fprintf(stderr, "%s : %s\n", what, text_errno(errno));
    exit(1);
}

static double now(void)
{
    struct timespec t;

    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

/* ---- Frames ---- */

static uint32_t sum_octets(uint32_t sum, const uint8_t *octets, size_t length)
{
    for (size_t i = 0; i < length; i++)
        sum += i % 2 == 0 ? (uint32_t)octets[i] << 8 : octets[i];
    return sum;
}

static void put_checksum(uint8_t *place, uint32_t sum)
{
    while (sum >> 16 != 0)
        sum = (sum & 0xffff) + (sum >> 16);
    sum = ~sum & 0xffff;
    place[0] = (uint8_t)(sum >> 8);
    place[1] = (uint8_t)sum;
}

static void put16(uint8_t *place, unsigned int value)
{
    place[0] = (uint8_t)(value >> 8);
    place[1] = (uint8_t)value;
}

/* A request; from and to: MAC addresses. Returns its length. */
static size_t make_frame(uint8_t *frame, const uint8_t *from, const uint8_t *to,
                         const struct ip_addr *source, const struct ip_addr *destination,
                         unsigned int port)
{
    const bool v6 = source->family == IP_V6;
    const size_t octets = v6 ? 16 : 4, header = v6 ? 40 : 20;
    uint8_t *ip = frame + 14, *udp = ip + header, *addresses = ip + (v6 ? 8 : 12);
    const size_t length = 14 + header + 56;

    memset(frame, 0, length);
    memcpy(frame, to, 6);
    memcpy(frame + 6, from, 6);
    put16(frame + 12, v6 ? 0x86dd : 0x0800);
    memcpy(addresses, source->u.v6, octets);
    memcpy(addresses + octets, destination->u.v6, octets);
    if (v6) {
        ip[0] = 0x60;
        put16(ip + 4, 56);
        ip[6] = 17;
        ip[7] = 64;
    } else {
        ip[0] = 0x45;
        put16(ip + 2, 76);
        ip[8] = 64;
        ip[9] = 17;
        put_checksum(ip + 10, sum_octets(0, ip, 20));
    }
    put16(udp, 40000);
    put16(udp + 2, port);
    put16(udp + 4, 56);
    udp[8] = 0x23;
    udp[8 + 47] = 77;
    put_checksum(udp + 6, sum_octets(sum_octets(17 + 56, addresses, 2 * octets), udp, 56));
    return length;
}

/* ---- run ---- */

static void random_bytes(void *ctx, void *out, size_t length)
{
    memset(out, 0x5a, length);
}

static struct mono_time mono_now(void *ctx)
{
    struct timespec t;

    clock_gettime(CLOCK_MONOTONIC, &t);
    return (struct mono_time){{t.tv_sec, (int32_t)t.tv_nsec}};
}

static struct mono_time boot_now(void *ctx)
{
    struct timespec t;

    clock_gettime(CLOCK_BOOTTIME, &t);
    return (struct mono_time){{t.tv_sec, (int32_t)t.tv_nsec}};
}

static void renew_time(struct fast_path *path)
{
    const int64_t mono = time_page_ns(mono_now(NULL).i);
    const struct time_page_content content = {
        .lines = {.mono_ns = mono,
                  .valid_until_ns = mono + 4000000000,
                  .utc_ns = 1800000000000000000,
                  .served_ntp = {4008988800u, 0},
                  .stratum = 1,
                  .precision = -25},
    };

    fast_path_set_time(path, &content);
}

/* The kernel's own measure of one run, on average. The packet is a new one each time. */
static double measure(int program, struct fast_path *path, const uint8_t *frame, size_t length,
                      long count, unsigned int verdict)
{
    uint8_t out[256];
    double sum = 0.0;

    for (long i = 0; i < count; i++) {
        LIBBPF_OPTS(bpf_test_run_opts, opts, .data_in = frame, .data_size_in = (uint32_t)length,
                    .data_out = out, .data_size_out = sizeof(out), .repeat = 1);

        if (i % 100000 == 0)
            renew_time(path);
        if (bpf_prog_test_run_opts(program, &opts) != 0 || opts.retval != verdict)
            give_up("the program does something else");
        sum += opts.duration;
    }
    return sum / (double)count;
}

static void print_lengths(int program)
{
    struct bpf_prog_info info = {0};
    uint32_t length = sizeof(info);

    if (bpf_obj_get_info_by_fd(program, &info, &length) == 0)
        printf("instructions %u machine-code %u octets\n", info.xlated_prog_len / 8,
               info.jited_prog_len);
}

static void run(long count)
{
    static const struct world_ops ops = {
        .random_bytes = random_bytes, .mono_now = mono_now, .boot_now = boot_now};
    static const struct world world = {.ops = &ops};
    static const uint8_t mac[6] = {2, 0, 0, 0, 0, 1}, other[6] = {2, 0, 0, 0, 0, 2};
    const struct client_log_conf log = {.limit = 524288};
    const struct subnet all = {0};
    struct access_table *access = access_table_new();
    struct ip_addr own[2], client[2];
    struct xdp_interface interface = {.index = 1};
    uint8_t frame[128];
    char error[256];

    access_table_set(access, &all, true, true);
    const struct plain_value nodes = access_table_value(access);
    const struct fast_path_sizes sizes = fast_path_sizes(&log, &nodes);
    struct xdp_program *program = xdp_program_load(&sizes, error, sizeof(error));
    if (!program) {
        fprintf(stderr, "%s\n", error);
        exit(1);
    }
    const struct fast_path_params params = {
        .world = &world,
        .log = &log,
        .limits = client_limits_make(&log),
        .memory = *xdp_program_memory(program),
        .port = 123,
    };
    struct fast_path *path = fast_path_new(&params);
    ip_addr_parse("192.0.2.1", &own[0]);
    ip_addr_parse("2001:db8::1", &own[1]);
    ip_addr_parse("198.51.100.7", &client[0]);
    ip_addr_parse("2001:db8:1::7", &client[1]);
    memcpy(interface.mac, mac, sizeof(mac));
    const struct fast_path_hosts hosts = {&interface, 1, own, 2};
    fast_path_set_hosts(path, &hosts);
    fast_path_set_access(path, &nodes);

    const int fd = xdp_program_descriptor(program);
    for (int i = 0; i < 2; i++) {
        size_t length = make_frame(frame, other, mac, &client[i], &own[i], 123);
        printf("%s %.0f ns\n", i == 0 ? "IPv4" : "IPv6",
               measure(fd, path, frame, length, count, XDP_TX));
    }
    size_t length = make_frame(frame, other, mac, &client[0], &own[0], 124);
    printf("passed-on %.0f ns\n", measure(fd, path, frame, length, count, XDP_PASS));
    print_lengths(fd);
    fast_path_free(path);
    xdp_program_free(program);
    access_table_free(access);
}

/* ---- send ---- */

/* frame: V4_FRAME octets, or NULL. */
static struct bpf_object *open_object(const char *path, unsigned int target, unsigned int port,
                                      double rate, const uint8_t *frame)
{
    struct bpf_object *object = bpf_object__open_file(path, NULL);
    struct bpf_map *map;
    size_t size;

    if (!object)
        give_up(path);
    bpf_object__for_each_map(map, object)
    {
        struct {
            uint32_t target, port;
            uint64_t interval;
            uint8_t frame[V4_FRAME];
        } constants = {target, port, rate > 0 ? (uint64_t)(1e9 / rate) : 0, {0}};

        if (frame)
            memcpy(constants.frame, frame, V4_FRAME);
        if (strstr(bpf_map__name(map), ".rodata") && bpf_map__initial_value(map, &size) &&
            (size != sizeof(constants) || bpf_map__set_initial_value(map, &constants, size) != 0))
            give_up("constants");
    }
    if (bpf_object__load(object) != 0)
        give_up("the programs could not be loaded");
    return object;
}

static int program_of(const struct bpf_object *object, const char *name)
{
    return bpf_program__fd(bpf_object__find_program_by_name(object, name));
}

static void attach(int program, unsigned int index)
{
    if (bpf_link_create(program, (int)index, BPF_XDP, NULL) < 0)
        give_up("attach");
}

static void own_addresses(const char *name, uint8_t mac[6], struct ip_addr *addr)
{
    struct ifaddrs *first = NULL, *item;
    struct ifreq request = {0};
    struct ip_port port;
    int fd = socket(AF_INET, SOCK_DGRAM, 0);

    text_copy(request.ifr_name, sizeof(request.ifr_name), name);
    if (ioctl(fd, SIOCGIFHWADDR, &request) < 0 || getifaddrs(&first) < 0)
        give_up(name);
    memcpy(mac, request.ifr_hwaddr.sa_data, 6);
    close(fd);
    for (item = first; item; item = item->ifa_next)
        if (strcmp(item->ifa_name, name) == 0 && item->ifa_addr &&
            item->ifa_addr->sa_family == AF_INET &&
            ip_port_from_sockaddr(item->ifa_addr, sizeof(struct sockaddr_in), &port))
            *addr = port.addr;
    freeifaddrs(first);
}

static uint64_t count_replies(const struct bpf_object *object)
{
    const int processors = libbpf_num_possible_cpus();
    static uint64_t values[1024];
    const int fd = bpf_object__find_map_fd_by_name(object, "replies");
    const uint32_t key = 0;
    uint64_t sum = 0;

    if (processors > 1024 || bpf_map_lookup_elem(fd, &key, values) != 0)
        give_up("counts");
    for (int i = 0; i < processors; i++)
        sum += values[i];
    return sum;
}

/* Time of all processors that was not idle, seconds. */
static double busy_time(void)
{
    FILE *f = fopen("/proc/stat", "r");
    double v[8] = {0};

    if (!f || fscanf(f, "cpu %lf %lf %lf %lf %lf %lf %lf %lf", &v[0], &v[1], &v[2], &v[3], &v[4],
                     &v[5], &v[6], &v[7]) != 8)
        give_up("/proc/stat");
    fclose(f);
    return (v[0] + v[1] + v[2] + v[5] + v[6]) / (double)sysconf(_SC_CLK_TCK);
}

static void send_all(char **args)
{
    const unsigned int index = if_nametoindex(args[1]);
    const unsigned int port = (unsigned int)atoi(args[4]);
    const double seconds = atof(args[5]), rate = atof(args[6]);
    struct ip_addr source = {0}, destination;
    uint8_t from[6], to[6], frame[128];
    unsigned int m[6];
    /* To begin a run takes milliseconds, within which the server has nothing to do. */
    const long repeat = rate > 0 && rate < 1e6 ? (long)(rate / 4) : 250000;
    long sent = 0;

    if (sscanf(args[2], "%x:%x:%x:%x:%x:%x", &m[0], &m[1], &m[2], &m[3], &m[4], &m[5]) != 6 ||
        !ip_addr_parse(args[3], &destination))
        give_up("arguments");
    for (int i = 0; i < 6; i++)
        to[i] = (uint8_t)m[i];
    own_addresses(args[1], from, &source);
    const size_t length = make_frame(frame, from, to, &source, &destination, port);
    struct bpf_object *object = open_object(args[0], index, port, rate, frame);
    attach(program_of(object, "load_count"), index);

    const int program = program_of(object, "load_send");
    const double busy = busy_time(), begin = now();
    while (now() - begin < seconds) {
        struct xdp_md context = {.data_end = (uint32_t)length};
        LIBBPF_OPTS(bpf_test_run_opts, opts, .data_in = frame, .data_size_in = (uint32_t)length,
                    .ctx_in = &context, .ctx_size_in = sizeof(context), .repeat = (int)repeat,
                    .flags = BPF_F_TEST_XDP_LIVE_FRAMES, .batch_size = rate > 0 ? SMALL : BATCH);

        if (bpf_prog_test_run_opts(program, &opts) != 0)
            give_up("send");
        sent += repeat;
    }
    const double end = now(), busy_end = busy_time();
    usleep(200000);
    printf("sent %ld replies %llu seconds %.3f busy %.3f\n", sent,
           (unsigned long long)count_replies(object), end - begin, busy_end - busy);
    bpf_object__close(object);
}

int main(int argc, char **argv)
{
    if (argc == 3 && strcmp(argv[1], "run") == 0) {
        run(atol(argv[2]));
    } else if (argc == 9 && strcmp(argv[1], "send") == 0) {
        send_all(argv + 2);
    } else if (argc == 4 && strcmp(argv[1], "drop") == 0) {
        attach(program_of(open_object(argv[2], 0, 0, 0, NULL), "load_drop"),
               if_nametoindex(argv[3]));
        pause();
    } else {
        fprintf(stderr, "see the head of test/tools/xdp_client.c\n");
        return 2;
    }
    return 0;
}
