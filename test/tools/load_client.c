/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Load for an NTP server on the loopback interface, for benchmarks:
 *
 *   load_client [OPTION]... plain | interleaved | cmac | nts
 *
 * Many clients, each with an address of its own (127.16.0.1 and up), ask again as soon as they were
 * answered; packets go out and come in by batches through one socket. Each reply is checked for its
 * length and its origin timestamp. Options: -p PORT, -t SECONDS, -a NUMBER (of addresses),
 * -k FILE (nts: printed by "ke_client session"), -m HEX (cmac: AES-128 key with ID 1).
 *
 * A request without a reply for a second is sent again. Its reply may come after all, when client
 * or server had no processor: that is late, and neither lost nor invalid. At the end there is time
 * for the last replies, so: sent = replies + late + lost + invalid.
 *
 * Prints: replies N lost N invalid N interleaved N seconds S sent N late N
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include "base/crypto.h"
#include "base/text.h"
#include "base/wire.h"
#include "ntp/wire/packet.h"
#include "nts/auth_field.h"
#include "test/tools/nts_session.h"
#include "test/tools/tool.h"

#define BATCH           64
#define FIRST_ADDRESS   0x7f100001u
#define MAX_CLIENTS     60000
#define FIRST_OCTET     0x23
#define LOSS_TIMEOUT    1.0
#define CHECK_INTERVAL  0.5
#define ORIGIN_OFFSET   24
#define RECEIVE_OFFSET  32
#define TRANSMIT_OFFSET 40
#define SOCKET_BUFFER   (8 << 20)
#define MAC_KEY_ID      1

enum kind { KIND_PLAIN, KIND_INTERLEAVED, KIND_CMAC, KIND_NTS };

static const char *const kind_names[] = {"plain", "interleaved", "cmac", "nts"};

struct client {
    uint8_t request[NTP_MAX_LENGTH];
    size_t length;
    double sent; /* 0: nothing is outstanding */
    int missing; /* replies to requests that were sent again */
};

struct load {
    enum kind kind;
    int fd;
    int count;
    double seconds;
    struct sockaddr_in server;
    struct nts_session session;
    uint8_t mac_key[16];
    struct client *clients;
    int *ready; /* ring of clients that may ask */
    int ready_head, ready_count;
    long requests, replies, late, lost, interleaved, bad;
};

union control {
    struct cmsghdr align;
    char data[CMSG_SPACE(sizeof(struct in_pktinfo))];
};

struct batch {
    struct mmsghdr headers[BATCH];
    struct iovec iov[BATCH];
    struct sockaddr_in names[BATCH];
    union control control[BATCH];
    uint8_t buffers[BATCH][NTP_MAX_LENGTH];
    int clients[BATCH];
};

/* ---- Requests ---- */

static void put_time(uint8_t *at, uint64_t value)
{
    struct writer w = writer_make(at, 8);

    writer_u64(&w, value);
}

static uint64_t get_time(const uint8_t *at)
{
    struct reader r = reader_make(at, 8);

    return reader_u64(&r);
}

static void add_nts(const struct load *load, int number, struct writer *w)
{
    const struct nts_session *session = &load->session;
    const struct nts_cookie *cookie = &session->cookies[number % session->cookie_count];
    uint8_t uid[32] = {0}, nonce[NTS_NONCE_LENGTH] = {0};

    put_time(uid, (uint64_t)number);
    put_time(nonce, (uint64_t)number);
    if (!ntp_ext_add(w, NTP_EXT_NTS_UID, uid, sizeof(uid)) ||
        !ntp_ext_add(w, NTP_EXT_NTS_COOKIE, cookie->data, cookie->length) ||
        !auth_field_add(w, session->context.aead, &session->context.c2s, nonce, NULL, 0, 0))
        tool_fail("Could not make an NTS request");
}

/* Everything that the same client sends again and again. */
static void make_request(const struct load *load, int number)
{
    struct client *client = &load->clients[number];
    struct writer w = writer_make(client->request, sizeof(client->request));
    uint8_t mac[16];

    writer_u8(&w, FIRST_OCTET);
    writer_zeros(&w, TRANSMIT_OFFSET - 1);
    writer_u64(&w, 0xa000000000000000u + (uint64_t)number);
    if (load->kind == KIND_CMAC) {
        struct cmac_key key;

        if (!cmac_key_init(&key, KEY_AES128, load->mac_key, sizeof(load->mac_key)))
            tool_fail("Could not make a MAC");
        cmac_key_compute(&key, w.data, w.pos, mac);
        writer_u32(&w, MAC_KEY_ID);
        writer_bytes(&w, mac, sizeof(mac));
    } else if (load->kind == KIND_NTS) {
        add_nts(load, number, &w);
    }
    client->length = w.pos;
}

/* ---- Sending and receiving ---- */

static void give_turn(struct load *load, int number)
{
    load->clients[number].sent = 0.0;
    load->ready[(load->ready_head + load->ready_count++) % load->count] = number;
}

static void prepare(struct load *load, struct batch *b, int i, int number)
{
    struct client *client = &load->clients[number];
    struct msghdr *hdr = &b->headers[i].msg_hdr;

    b->clients[i] = number;
    b->iov[i] = (struct iovec){.iov_base = client->request, .iov_len = client->length};
    *hdr = (struct msghdr){.msg_name = &load->server,
                           .msg_namelen = sizeof(load->server),
                           .msg_iov = &b->iov[i],
                           .msg_iovlen = 1,
                           .msg_control = &b->control[i],
                           .msg_controllen = sizeof(b->control[i])};
    struct in_pktinfo info = {.ipi_spec_dst.s_addr = htonl(FIRST_ADDRESS + (uint32_t)number)};
    struct cmsghdr *cmsg = CMSG_FIRSTHDR(hdr);
    memset(&b->control[i], 0, sizeof(b->control[i]));
    cmsg->cmsg_level = IPPROTO_IP;
    cmsg->cmsg_type = IP_PKTINFO;
    cmsg->cmsg_len = CMSG_LEN(sizeof(info));
    memcpy(CMSG_DATA(cmsg), &info, sizeof(info));
}

static void send_batch(struct load *load, struct batch *b, double now)
{
    int n = load->ready_count < BATCH ? load->ready_count : BATCH;

    if (n == 0)
        return;
    for (int i = 0; i < n; i++)
        prepare(load, b, i, load->ready[(load->ready_head + i) % load->count]);
    int sent = sendmmsg(load->fd, b->headers, (unsigned int)n, 0);
    if (sent < 0) {
        if (errno != EAGAIN && errno != ENOBUFS)
            tool_fail("Could not send : %s", strerror(errno));
        return;
    }
    for (int i = 0; i < sent; i++)
        load->clients[b->clients[i]].sent = now;
    load->requests += sent;
    load->ready_head = (load->ready_head + sent) % load->count;
    load->ready_count -= sent;
}

/* The client that a reply came to, or -1. */
static int find_client(const struct load *load, struct msghdr *hdr)
{
    struct cmsghdr *cmsg = CMSG_FIRSTHDR(hdr);
    struct in_pktinfo info;

    if (!cmsg || cmsg->cmsg_level != IPPROTO_IP || cmsg->cmsg_type != IP_PKTINFO)
        return -1;
    memcpy(&info, CMSG_DATA(cmsg), sizeof(info));
    uint32_t number = ntohl(info.ipi_addr.s_addr) - FIRST_ADDRESS;
    return number < (uint32_t)load->count ? (int)number : -1;
}

/* In the interleaved mode the next request refers to this reply. */
static bool check_reply(struct load *load, struct client *client, const uint8_t *reply,
                        size_t length)
{
    uint64_t origin = length >= NTP_HEADER_LENGTH ? get_time(reply + ORIGIN_OFFSET) : 0;
    bool interleaved = load->kind == KIND_INTERLEAVED &&
                       origin == get_time(client->request + RECEIVE_OFFSET) && origin != 0;

    if (length != client->length || reply[1] == 0 ||
        (origin != get_time(client->request + TRANSMIT_OFFSET) && !interleaved))
        return false;
    if (load->kind == KIND_INTERLEAVED) {
        uint64_t receive = get_time(client->request + RECEIVE_OFFSET) + 3;

        memcpy(client->request + ORIGIN_OFFSET, reply + RECEIVE_OFFSET, 8);
        put_time(client->request + RECEIVE_OFFSET, receive);
    }
    load->interleaved += interleaved;
    return true;
}

/* The reply to a request that was sent again came after all. */
static bool is_late(struct load *load, struct client *client)
{
    if (client->missing == 0)
        return false;
    client->missing--;
    load->late++;
    load->lost--;
    return true;
}

static void take_reply(struct load *load, int number, const uint8_t *reply, size_t length)
{
    struct client *client = &load->clients[number];

    if (client->sent <= 0.0) {
        if (!is_late(load, client))
            load->bad++;
        return;
    }
    if (check_reply(load, client, reply, length))
        load->replies++;
    else if (is_late(load, client))
        return;
    else
        load->bad++;
    give_turn(load, number);
}

/* Returns how many there were. */
static int receive_batch(struct load *load, struct batch *b, bool wait)
{
    for (int i = 0; i < BATCH; i++) {
        b->iov[i] = (struct iovec){.iov_base = b->buffers[i], .iov_len = sizeof(b->buffers[i])};
        b->headers[i].msg_hdr = (struct msghdr){.msg_name = &b->names[i],
                                                .msg_namelen = sizeof(b->names[i]),
                                                .msg_iov = &b->iov[i],
                                                .msg_iovlen = 1,
                                                .msg_control = &b->control[i],
                                                .msg_controllen = sizeof(b->control[i])};
    }
    if (wait && !tool_wait_readable(load->fd, CHECK_INTERVAL))
        return 0;
    int n = recvmmsg(load->fd, b->headers, BATCH, MSG_DONTWAIT, NULL);
    for (int i = 0; i < n; i++) {
        int number = find_client(load, &b->headers[i].msg_hdr);

        if (number >= 0)
            take_reply(load, number, b->buffers[i], b->headers[i].msg_len);
    }
    return n;
}

/* What was sent before `now`, when there is nothing to be received any more. */
static void find_lost(struct load *load, double now)
{
    for (int i = 0; i < load->count; i++) {
        struct client *client = &load->clients[i];

        if (client->sent > 0.0 && now - client->sent > LOSS_TIMEOUT) {
            load->lost++;
            client->missing++;
            give_turn(load, i);
        }
    }
}

/* The last replies. */
static void finish(struct load *load, struct batch *b)
{
    double end = tool_seconds() + LOSS_TIMEOUT;

    while (load->requests > load->replies + load->late + load->bad && tool_seconds() < end)
        receive_batch(load, b, true);
    for (int i = 0; i < load->count; i++)
        load->lost += load->clients[i].sent > 0.0;
}

static void run(struct load *load)
{
    struct batch *b = mem_alloc(sizeof(*b));
    double start = tool_seconds(), now = start, checked = start;
    long last = -1;

    while (now - start < load->seconds) {
        send_batch(load, b, now);
        receive_batch(load, b, load->ready_count == 0);
        now = tool_seconds();
        if (now - checked > CHECK_INTERVAL) {
            while (receive_batch(load, b, false) > 0)
                ;
            find_lost(load, now);
            checked = now;
        }
        if (now - start > 1.0 && load->replies == last)
            tool_fail("No valid reply (%ld invalid ones)", load->bad);
        if (load->replies == 0 && now - start > 1.0)
            last = 0;
    }
    finish(load, b);
    printf("replies %ld lost %ld invalid %ld interleaved %ld seconds %.3f sent %ld late %ld\n",
           load->replies, load->lost, load->bad, load->interleaved, now - start, load->requests,
           load->late);
    free(b);
}

/* ---- Start ---- */

static void open_socket(struct load *load)
{
    int one = 1, size = SOCKET_BUFFER;

    load->fd = socket(AF_INET, SOCK_DGRAM, 0);
    if (load->fd < 0 || setsockopt(load->fd, IPPROTO_IP, IP_PKTINFO, &one, sizeof(one)) < 0)
        tool_fail("Could not open socket : %s", strerror(errno));
    /* Beyond the limit of the system with the right to do so, else up to it. */
    if (setsockopt(load->fd, SOL_SOCKET, SO_RCVBUFFORCE, &size, sizeof(size)) < 0)
        (void)setsockopt(load->fd, SOL_SOCKET, SO_RCVBUF, &size, sizeof(size));
}

static enum kind parse_kind(const char *name)
{
    for (int i = 0; i < 4; i++)
        if (strcmp(name, kind_names[i]) == 0)
            return (enum kind)i;
    tool_fail("See the head of load_client.c");
}

int main(int argc, char **argv)
{
    struct load load = {.count = 200, .seconds = 2.0};
    int option, port = 0;

    while ((option = getopt(argc, argv, "p:t:a:k:m:")) != -1) {
        if (option == 'p')
            port = (int)tool_number(optarg, 1, 65535);
        else if (option == 't')
            load.seconds = (double)tool_number(optarg, 1, 3600);
        else if (option == 'a')
            load.count = (int)tool_number(optarg, 1, MAX_CLIENTS);
        else if (option == 'k')
            nts_session_load(&load.session, optarg);
        else if (option != 'm' || tool_hex(optarg, load.mac_key, sizeof(load.mac_key)) != 16)
            tool_fail("See the head of load_client.c");
    }
    if (port == 0 || optind + 1 != argc)
        tool_fail("See the head of load_client.c");
    load.kind = parse_kind(argv[optind]);
    if (load.kind == KIND_NTS && load.session.cookie_count == 0)
        tool_fail("Option -k is missing");
    load.server = tool_address("127.0.0.1", port);
    load.clients = mem_array((size_t)load.count, sizeof(*load.clients));
    load.ready = mem_array((size_t)load.count, sizeof(*load.ready));
    for (int i = 0; i < load.count; i++) {
        make_request(&load, i);
        give_turn(&load, i);
    }
    open_socket(&load);
    run(&load);
    free(load.ready);
    free(load.clients);
    return 0;
}
