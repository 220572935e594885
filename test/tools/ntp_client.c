/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * NTP client that sends what a well-behaved one never would, always to 127.0.0.1:
 *
 *   ntp_client [OPTION]... send HEX...        these packets; prints the replies
 *   ntp_client [OPTION]... lengths [field]    a request cut or filled to each length from 0
 *                                             to 2000, with zeros or with one unknown extension
 *                                             field
 *   ntp_client [OPTION]... versions           each version and mode in the first octet
 *   ntp_client [OPTION]... random NUMBER SEED random octets, and NTS requests with errors
 *   ntp_client [OPTION]... nts NAME...        NTS requests, right and wrong ones (see the table)
 *   ntp_client [OPTION]... placeholders       NTS requests with 0 to 16 placeholders
 *   ntp_client [OPTION]... steady RATE TIME   that many requests a second; prints how many were not
 *                                             answered, by an unsynchronised server, or wrongly
 *
 * Options: -p PORT, -k FILE (printed by "ke_client session"), -c NUMBER (the cookie to use, 0 to
 * 7).
 *
 * After each packet comes a plain request, whose reply shows that nothing more is to be expected
 * for the packet before. A server that does not answer it, and a reply longer than its request, end
 * the program with status 1.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>
#include "base/text.h"
#include "base/wire.h"
#include "ntp/wire/packet.h"
#include "nts/auth_field.h"
#include "nts/context.h"
#include "test/tools/nts_session.h"
#include "test/tools/tool.h"

#define PACKET_SIZE          4096
#define MAX_LENGTH           2000
#define PROBE_TIMEOUT        10.0
#define FIRST_OCTET          0x23 /* version 4, client */
#define TRANSMIT_OFFSET      40
#define ORIGIN_OFFSET        24
#define RECEIVE_OFFSET       32
#define PROBE_MARK           0x50524f4245000000u /* transmit timestamps of plain requests */
#define STEADY_MARK          0x5354454144000000u
#define AUTH_LENGTH          40 /* of the field in a request */
#define UNKNOWN_FIELD        0x8123
#define SECONDS_1900_TO_1970 2208988800.0
#define MAX_STEADY           100000
#define STEADY_GRACE         4.0   /* s, for the last replies: a server's process may be stopped */
#define STEADY_TOLERANCE     0.001 /* s, for timestamps that are made a moment before or after */
#define MAX_PLACEHOLDERS     16

struct client {
    int fd;
    uint64_t probes;
    uint64_t random; /* state of the generator */
    struct nts_session session;
    int cookie; /* the one to use */
    /* Seconds for a reply that another process of the server makes than that of plain ones. */
    double patience;
};

_Noreturn static void server_failed(const char *text)
{
    printf("%s\n", text);
    exit(1);
}

/* ---- Packets out and in ---- */

static size_t plain_request(uint8_t packet[NTP_HEADER_LENGTH], uint64_t transmit)
{
    struct writer w = writer_make(packet, NTP_HEADER_LENGTH);

    writer_u8(&w, FIRST_OCTET);
    writer_zeros(&w, TRANSMIT_OFFSET - 1);
    writer_u64(&w, transmit);
    return w.pos;
}

static uint64_t origin_of(const uint8_t *packet)
{
    struct reader r = reader_make(packet + ORIGIN_OFFSET, 8);

    return reader_u64(&r);
}

static void send_packet(struct client *client, const uint8_t *packet, size_t length)
{
    while (send(client->fd, packet, length, 0) < 0)
        if (errno != EINTR && errno != ENOBUFS)
            tool_fail("Could not send : %s", strerror(errno));
}

static size_t receive_packet(struct client *client, uint8_t packet[PACKET_SIZE])
{
    if (!tool_wait_readable(client->fd, PROBE_TIMEOUT))
        server_failed("the server does not answer any more");
    ssize_t n = recv(client->fd, packet, PACKET_SIZE, 0);
    if (n < 0)
        server_failed("the server's socket is closed");
    return (size_t)n;
}

/* Sends one packet and gives the length of its reply, 0: none. */
static size_t exchange(struct client *client, const uint8_t *packet, size_t length,
                       uint8_t reply[PACKET_SIZE])
{
    uint8_t probe[NTP_HEADER_LENGTH], input[PACKET_SIZE];
    uint64_t mark = PROBE_MARK + ++client->probes;
    size_t n, reply_length = 0;

    send_packet(client, packet, length);
    if (client->patience > 0.0)
        tool_wait_readable(client->fd, client->patience);
    send_packet(client, probe, plain_request(probe, mark));
    while ((n = receive_packet(client, input)) != NTP_HEADER_LENGTH || origin_of(input) != mark) {
        if (n > length)
            server_failed("a reply is longer than its request");
        if (reply_length > 0)
            server_failed("two replies to one packet");
        memcpy(reply, input, n);
        reply_length = n;
    }
    return reply_length;
}

/* ---- Generated plain packets ---- */

static int send_hex(struct client *client, char **arguments)
{
    uint8_t packet[PACKET_SIZE], reply[PACKET_SIZE];

    for (; *arguments; arguments++) {
        size_t length = tool_hex(*arguments, packet, sizeof(packet));
        size_t reply_length = exchange(client, packet, length, reply);

        if (reply_length > 0)
            tool_print_hex(reply, reply_length);
        else
            printf("none");
        putchar('\n');
    }
    return 0;
}

static int lengths(struct client *client, bool with_field)
{
    uint8_t packet[PACKET_SIZE] = {0}, reply[PACKET_SIZE];

    plain_request(packet, 1);
    for (size_t length = 0; length <= MAX_LENGTH; length++) {
        struct writer w = writer_make(packet + NTP_HEADER_LENGTH, 4);

        if (with_field && length >= NTP_HEADER_LENGTH + 4) {
            writer_u16(&w, UNKNOWN_FIELD);
            writer_u16(&w, (uint16_t)(length - NTP_HEADER_LENGTH));
        }
        size_t reply_length = exchange(client, packet, length, reply);
        if (reply_length > 0)
            printf("%zu -> %zu\n", length, reply_length);
    }
    return 0;
}

static int versions(struct client *client)
{
    uint8_t packet[NTP_HEADER_LENGTH], reply[PACKET_SIZE];

    plain_request(packet, 1);
    for (unsigned int first = 0; first < 64; first++) {
        packet[0] = (uint8_t)first;
        /* Those of peers are for the main process. */
        client->patience = (first & 7) <= 1 ? 0.3 : 0.0;
        if (exchange(client, packet, sizeof(packet), reply) > 0)
            printf("version %u mode %u -> version %d mode %d\n", first >> 3, first & 7,
                   reply[0] >> 3 & 7, reply[0] & 7);
    }
    return 0;
}

/* ---- NTS ---- */

/* What a request has beside or instead of the right things. */
struct variant {
    const char *name;
    uint8_t first_octet; /* 0: FIRST_OCTET */
    bool no_uid, no_cookie, no_auth;
    int uids;        /* more of them */
    int cookies;     /* more of them */
    int flip_cookie; /* octet of the cookie that is changed; 0: none, from 1 */
    int cut_cookie;  /* octets that the cookie lacks */
    int placeholders;
    int placeholder_extra; /* octets that the placeholders are longer than the cookie */
    bool flip_auth;        /* an octet of the ciphertext is changed */
    bool flip_header;      /* after the authenticator was made */
    bool wrong_key;
    bool field_after_auth;
    bool unknown_field;
    int nonce_length; /* value written instead of the right one; 0: right */
    int cipher_length;
    int field_length;  /* of the authenticator */
    const char *plain; /* encrypted, hexadecimal */
};

static const struct variant variants[] = {
    {.name = "right"},
    {.name = "two-uids", .uids = 1},
    {.name = "no-uid", .no_uid = true},
    {.name = "no-cookie", .no_cookie = true},
    {.name = "no-authenticator", .no_auth = true},
    {.name = "two-cookies", .cookies = 1},
    {.name = "forged-cookie-key-id", .flip_cookie = 1},
    {.name = "forged-cookie-slot", .flip_cookie = 4},
    {.name = "forged-cookie-nonce", .flip_cookie = 8},
    {.name = "forged-cookie-text", .flip_cookie = 40},
    {.name = "short-cookie", .cut_cookie = 4},
    {.name = "tiny-cookie", .cut_cookie = 84},
    {.name = "forged-authenticator", .flip_auth = true},
    {.name = "changed-header", .flip_header = true},
    {.name = "wrong-key", .wrong_key = true},
    {.name = "field-after-authenticator", .field_after_auth = true},
    {.name = "unknown-field", .unknown_field = true},
    {.name = "seven-placeholders", .placeholders = 7},
    {.name = "long-placeholder", .placeholders = 1, .placeholder_extra = 4},
    {.name = "short-placeholder", .placeholders = 1, .placeholder_extra = -4},
    {.name = "nonce-length-0", .nonce_length = -1},
    {.name = "nonce-length-65535", .nonce_length = 65535},
    {.name = "ciphertext-length-0", .cipher_length = -1},
    {.name = "ciphertext-length-15", .cipher_length = 15},
    {.name = "ciphertext-length-65535", .cipher_length = 65535},
    {.name = "field-length-0", .field_length = -1},
    {.name = "field-length-12", .field_length = 12},
    {.name = "field-length-18", .field_length = 18},
    {.name = "field-length-65532", .field_length = 65532},
    {.name = "encrypted-unknown-field", .plain = "8123000801020304"},
    {.name = "encrypted-placeholder-of-another-length", .plain = "0304000801020304"},
    {.name = "encrypted-field-length-0", .plain = "81230000"},
    {.name = "encrypted-field-length-6", .plain = "8123000601020304"},
    {.name = "encrypted-field-too-long", .plain = "8123000c01020304"},
    {.name = "mode-1", .first_octet = 0x21},
    {.name = "mode-4", .first_octet = 0x24},
};

static uint64_t next_random(struct client *client)
{
    /* xorshift64*; the seed is an argument, so that a run can be repeated. */
    client->random ^= client->random >> 12;
    client->random ^= client->random << 25;
    client->random ^= client->random >> 27;
    return client->random * 0x2545f4914f6cdd1du;
}

static void put_length(uint8_t *at, int value)
{
    struct writer w = writer_make(at, 2);

    if (value != 0)
        writer_u16(&w, (uint16_t)(value < 0 ? 0 : value));
}

/* Without the limits that the codec knows. */
static void add_raw_field(struct writer *w, uint16_t type, int body_length)
{
    writer_u16(w, type);
    writer_u16(w, (uint16_t)(4 + body_length));
    writer_zeros(w, (size_t)body_length);
}

static void add_cookies(const struct client *client, const struct variant *v, struct writer *w)
{
    struct nts_cookie cookie = client->session.cookies[client->cookie];
    int length = (int)cookie.length + v->placeholder_extra;

    if (v->flip_cookie > 0 && (size_t)v->flip_cookie <= cookie.length)
        cookie.data[v->flip_cookie - 1] ^= 1;
    for (int i = 0; i < 1 + v->cookies; i++)
        if (!v->no_cookie)
            ntp_ext_add(w, NTP_EXT_NTS_COOKIE, cookie.data, cookie.length - (size_t)v->cut_cookie);
    for (int i = 0; i < v->placeholders; i++)
        add_raw_field(w, NTP_EXT_NTS_PLACEHOLDER, length);
}

static void add_authenticator(struct client *client, const struct variant *v, struct writer *w)
{
    uint8_t nonce[NTS_NONCE_LENGTH], plain[64];
    struct secret key = client->session.context.c2s;
    size_t start = w->pos, plain_length = v->plain ? tool_hex(v->plain, plain, 64) : 0;

    for (size_t i = 0; i < sizeof(nonce); i++)
        nonce[i] = (uint8_t)next_random(client);
    key.data[0] ^= v->wrong_key ? 1 : 0;
    if (w->pos > NTP_MAX_LENGTH - AUTH_LENGTH - plain_length) {
        /* Too long to be read at all. */
        add_raw_field(w, NTP_EXT_NTS_AUTH, AUTH_LENGTH - 4);
        return;
    }
    if (!auth_field_add(w, client->session.context.aead, &key, nonce, plain, plain_length, 0))
        tool_fail("Could not make an authenticator");
    put_length(w->data + start + 2, v->field_length);
    put_length(w->data + start + 4, v->nonce_length);
    put_length(w->data + start + 6, v->cipher_length);
    w->data[w->pos - 1] ^= v->flip_auth ? 1 : 0;
    secret_wipe(&key);
}

static size_t build_request(struct client *client, const struct variant *v,
                            uint8_t packet[PACKET_SIZE])
{
    struct writer w = writer_make(packet, PACKET_SIZE);
    uint8_t uid[NTS_UID_LENGTH];

    w.pos = plain_request(packet, next_random(client));
    if (v->first_octet != 0)
        packet[0] = v->first_octet;
    for (int i = 0; i < 1 + v->uids && !v->no_uid; i++) {
        memset(uid, 'a' + i, sizeof(uid));
        ntp_ext_add(&w, NTP_EXT_NTS_UID, uid, sizeof(uid));
    }
    add_cookies(client, v, &w);
    if (v->unknown_field)
        ntp_ext_add(&w, UNKNOWN_FIELD, NULL, 60);
    if (!v->no_auth)
        add_authenticator(client, v, &w);
    if (v->flip_header)
        packet[TRANSMIT_OFFSET] ^= 1;
    if (v->field_after_auth)
        ntp_ext_add(&w, UNKNOWN_FIELD, NULL, 28);
    if (w.failed)
        tool_fail("A request does not fit");
    return w.pos;
}

/* The number of new cookies in an authenticated reply, or -1. */
static int count_cookies(const struct client *client, const uint8_t *reply,
                         const struct ntp_ext_field *auth)
{
    uint8_t plain[NTP_MAX_LENGTH];
    struct ntp_ext_field field;
    size_t plain_length, pos = 0;
    int count = 0;

    if (!auth_field_open(reply, auth, client->session.context.aead, &client->session.context.s2c,
                         plain, &plain_length))
        return -1;
    while (ntp_ext_next_inner(plain, plain_length, &pos, &field))
        count += field.type == NTP_EXT_NTS_COOKIE;
    return pos == plain_length ? count : -1;
}

static void print_reply(const struct client *client, const uint8_t *reply, size_t length)
{
    struct ntp_header header;
    struct ntp_ext_field field;
    struct ntp_info info;
    size_t pos = NTP_HEADER_LENGTH;
    int uids = 0, cookies = -1;

    if (length == 0) {
        puts("none");
        return;
    }
    if (!ntp_packet_parse(reply, length, &info)) {
        puts("malformed");
        return;
    }
    ntp_header_read(reply, &header);
    while (ntp_ext_next(reply, &info, &pos, &field)) {
        uids += field.type == NTP_EXT_NTS_UID;
        if (field.type == NTP_EXT_NTS_AUTH)
            cookies = count_cookies(client, reply, &field);
    }
    printf("%zu", length);
    if (header.stratum == 0 && header.leap == LEAP_UNSYNC && header.refid == NTP_KOD_NTSN)
        printf(" NAK");
    printf(" uids %d", uids);
    if (cookies >= 0)
        printf(" authenticated cookies %d", cookies);
    putchar('\n');
}

static void send_variant(struct client *client, const struct variant *v, const char *name)
{
    uint8_t packet[PACKET_SIZE], reply[PACKET_SIZE];
    size_t length = build_request(client, v, packet);

    printf("%s %zu -> ", name, length);
    print_reply(client, reply, exchange(client, packet, length, reply));
}

static int nts(struct client *client, char **names)
{
    for (; *names; names++) {
        const struct variant *v = NULL;
        for (size_t i = 0; i < sizeof(variants) / sizeof(variants[0]); i++)
            if (strcmp(variants[i].name, *names) == 0)
                v = &variants[i];
        if (!v)
            tool_fail("Unknown request : %s", *names);
        send_variant(client, v, v->name);
    }
    return 0;
}

static int placeholders(struct client *client)
{
    char name[16];

    for (int i = 0; i <= MAX_PLACEHOLDERS; i++) {
        const struct variant v = {.placeholders = i};
        snprintf(name, sizeof(name), "%d", i);
        send_variant(client, &v, name);
    }
    return 0;
}

/* ---- Many packets ---- */

static int random_packets(struct client *client, long number)
{
    uint8_t packet[PACKET_SIZE] = {0}, reply[PACKET_SIZE];
    const struct variant right = {.placeholders = 1};
    long answered = 0;

    for (long i = 0; i < number; i++) {
        size_t length = next_random(client) % (NTP_MAX_LENGTH + 20);

        if (client->session.cookie_count > 0 && i % 2 == 0) {
            length = build_request(client, &right, packet);
            for (uint64_t n = next_random(client) % 4; n > 0; n--)
                packet[next_random(client) % length] = (uint8_t)next_random(client);
            if (next_random(client) % 4 == 0)
                length = next_random(client) % (length + 1);
        } else {
            for (size_t k = 0; k < length; k++)
                packet[k] = (uint8_t)next_random(client);
            if (i % 4 == 1)
                packet[0] = FIRST_OCTET;
        }
        answered += exchange(client, packet, length, reply) > 0;
    }
    printf("answered %ld of %ld\n", answered, number);
    return 0;
}

/* The system clock, as NTP counts seconds in this era. */
static double ntp_seconds(void)
{
    struct timespec now;

    clock_gettime(CLOCK_REALTIME, &now);
    return (double)now.tv_sec + SECONDS_1900_TO_1970 + (double)now.tv_nsec * 1e-9;
}

static double ntp_timestamp(const uint8_t *packet, size_t offset)
{
    struct reader r = reader_make(packet + offset, 8);
    uint32_t seconds = reader_u32(&r), fraction = reader_u32(&r);

    return (double)seconds + (double)fraction / 4294967296.0;
}

/* What was asked and what came, of requests of which each has a number. */
struct tally {
    double *sent_at; /* 0: answered */
    long sent, answered, unsynchronised, wrong;
};

/* An answer is wrong if its times are not between those of the request and of now, by the clock of
   this machine, which is the server's, too. */
static void take_answer(struct tally *tally, const uint8_t *packet, long total)
{
    uint64_t number = origin_of(packet) - STEADY_MARK;
    double now = ntp_seconds();

    if (number >= (uint64_t)total || tally->sent_at[number] <= 0.0)
        return;
    double received = ntp_timestamp(packet, RECEIVE_OFFSET);
    double transmitted = ntp_timestamp(packet, TRANSMIT_OFFSET);
    tally->answered++;
    if (packet[0] >> 6 == 3)
        tally->unsynchronised++;
    else if (received < tally->sent_at[number] - STEADY_TOLERANCE ||
             transmitted < received - STEADY_TOLERANCE || transmitted > now + STEADY_TOLERANCE)
        tally->wrong++;
    tally->sent_at[number] = 0.0;
}

static int steady(struct client *client, long rate, long seconds)
{
    struct tally tally = {.sent = 0};
    double start = tool_seconds();
    long total = rate * seconds;
    uint8_t packet[PACKET_SIZE];

    if (total > MAX_STEADY)
        tool_fail("Too many requests");
    tally.sent_at = mem_array((size_t)total, sizeof(*tally.sent_at));
    while (tally.answered < total && tool_seconds() - start < (double)seconds + STEADY_GRACE) {
        double due = start + (double)tally.sent / (double)rate - tool_seconds();

        if (tally.sent < total && due <= 0.0) {
            tally.sent_at[tally.sent] = ntp_seconds();
            send_packet(client, packet,
                        plain_request(packet, STEADY_MARK + (uint64_t)tally.sent++));
        } else if (tool_wait_readable(client->fd, tally.sent < total ? due : 0.1) &&
                   receive_packet(client, packet) == NTP_HEADER_LENGTH) {
            take_answer(&tally, packet, total);
        }
    }
    printf("sent %ld unanswered %ld unsynchronised %ld wrong %ld\n", tally.sent,
           tally.sent - tally.answered, tally.unsynchronised, tally.wrong);
    free(tally.sent_at);
    return 0;
}

/* ---- Arguments ---- */

static int run_mode(struct client *client, const char *mode, int count, char **arguments)
{
    if (strcmp(mode, "send") == 0)
        return send_hex(client, arguments);
    if (strcmp(mode, "lengths") == 0)
        return lengths(client, count == 1 && strcmp(arguments[0], "field") == 0);
    if (strcmp(mode, "versions") == 0)
        return versions(client);
    if (strcmp(mode, "random") == 0 && count == 2) {
        client->random = (uint64_t)tool_number(arguments[1], 1, INT32_MAX);
        return random_packets(client, tool_number(arguments[0], 1, INT32_MAX));
    }
    if (strcmp(mode, "steady") == 0 && count == 2)
        return steady(client, tool_number(arguments[0], 1, MAX_STEADY),
                      tool_number(arguments[1], 1, MAX_STEADY));
    if (client->session.cookie_count == 0)
        tool_fail("Unknown mode, or option -k is missing : %s", mode);
    if (strcmp(mode, "nts") == 0)
        return nts(client, arguments);
    if (strcmp(mode, "placeholders") == 0)
        return placeholders(client);
    tool_fail("Unknown mode : %s", mode);
}

int main(int argc, char **argv)
{
    struct client client = {.random = 88172645463325252u};
    int option, port = 0;

    while ((option = getopt(argc, argv, "p:k:c:")) != -1) {
        if (option == 'p')
            port = (int)tool_number(optarg, 1, 65535);
        else if (option == 'k')
            nts_session_load(&client.session, optarg);
        else if (option == 'c')
            client.cookie = (int)tool_number(optarg, 0, NTS_MAX_COOKIES - 1);
        else
            tool_fail("See the head of ntp_client.c");
    }
    if (port == 0 || optind >= argc)
        tool_fail("See the head of ntp_client.c");
    client.fd = tool_socket(SOCK_DGRAM, NULL);
    if (tool_connect(client.fd, port) < 0)
        tool_fail("Could not connect : %s", strerror(errno));
    return run_mode(&client, argv[optind], argc - optind - 1, argv + optind + 1);
}
