/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Commands that the client carries out alone (chronyc.md 12), and manual, which is partly a report.
 */
#include "chronyc/commands.h"

#include <stdlib.h>
#include <string.h>
#include "base/crypto.h"
#include "base/text.h"
#include "chronyc/exchange.h"
#include "chronyc/reports.h"
#include "config.h"

#define TIMEOUT_MIN_MS 100
#define RETRIES_MAX    30

bool run_dns(struct client *c, char *args)
{
    if (strcmp(args, "-46") == 0)
        c->family = IP_UNSPEC;
    else if (strcmp(args, "-4") == 0)
        c->family = IP_V4;
    else if (strcmp(args, "-6") == 0)
        c->family = IP_V6;
    else if (strcmp(args, "-n") == 0)
        c->numeric = true;
    else if (strcmp(args, "+n") == 0)
        c->numeric = false;
    else {
        fprintf(c->env->err, "Unrecognized dns command\n");
        return false;
    }
    return true;
}

/* As atoi: no number is 0. */
static int scan_or_zero(const char *text)
{
    size_t used;
    int value;

    return text_scan_int(text, &value, &used) ? value : 0;
}

bool run_timeout(struct client *c, char *args)
{
    int timeout = scan_or_zero(args);

    if (timeout < TIMEOUT_MIN_MS) {
        fprintf(c->env->err, "Timeout %d is too short\n", timeout);
        return false;
    }
    c->timeout_ms = timeout;
    return true;
}

bool run_retries(struct client *c, char *args)
{
    int retries = scan_or_zero(args);

    if (retries < 0 || retries > RETRIES_MAX) {
        fprintf(c->env->err, "Invalid maximum number of retries\n");
        return false;
    }
    c->max_retries = retries;
    return true;
}

bool run_quit(struct client *c, char *args)
{
    c->finished = true;
    return true;
}

bool run_obsolete(struct client *c, char *args)
{
    fprintf(c->env->err, "Authentication is no longer supported\n");
    return true;
}

bool run_manual(struct client *c, char *args)
{
    struct cmd_request request = {0};

    if (strncmp(args, "list", 4) == 0)
        return show_manual_list(c);
    return build_manual(c, args, &request) && exchange_command(c, &request);
}

#define KEY_MIN_LENGTH   10
#define KEY_MAX_LENGTH   512
#define KEY_DEFAULT_BITS 160

#ifdef FEAT_SECHASH
#define KEY_DEFAULT_TYPE "SHA1"
#else
#define KEY_DEFAULT_TYPE "MD5"
#endif

struct key_request {
    uint32_t id;
    const char *type;
    uint32_t bits;
};

static bool parse_keygen(char *args, struct key_request *key)
{
    char *type = text_split(args), *bits = text_split(type), *rest = text_split(bits);
    size_t used;

    *key = (struct key_request){1, KEY_DEFAULT_TYPE, KEY_DEFAULT_BITS};
    if (rest[0] != '\0')
        return false;
    if (args[0] != '\0' && !text_scan_uint(args, &key->id, &used))
        return false;
    if (type[0] != '\0')
        key->type = type;
    return bits[0] == '\0' || text_scan_uint(bits, &key->bits, &used);
}

/* Number of random octets for a key; 0: the type is unknown. */
static size_t key_length(const struct key_request *key)
{
    enum key_type type = key_type_parse(key->type);

    if (type == KEY_INVALID || !key_type_supported(type))
        return 0;
    size_t length = key_type_is_cipher(type) ? key_type_key_length(type)
                                             : (size_t)(((uint64_t)key->bits + 7) / 8);
    if (length < KEY_MIN_LENGTH)
        return KEY_MIN_LENGTH;
    return length > KEY_MAX_LENGTH ? KEY_MAX_LENGTH : length;
}

bool run_keygen(struct client *c, char *args)
{
    const struct environment *env = c->env;
    struct key_request key;
    uint8_t data[KEY_MAX_LENGTH];
    char hex[2 * KEY_MAX_LENGTH + 1];

    if (!parse_keygen(args, &key)) {
        fprintf(env->err, "Invalid syntax for keygen command\n");
        return false;
    }
    size_t length = key_length(&key);
    if (length == 0) {
        fprintf(env->err, "Unknown hash function or cipher %s\n", key.type);
        return false;
    }
    if (!env->random(env->ctx, data, length)) {
        fprintf(env->err, "Could not get random bytes\n");
        return false;
    }
    text_to_hex(data, length, hex);
    fprintf(env->out, "%u %s HEX:%s\n", key.id, key.type, hex);
    crypto_wipe(data, sizeof(data));
    crypto_wipe(hex, sizeof(hex));
    return true;
}
