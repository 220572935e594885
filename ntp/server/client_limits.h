/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The rate limits of clients as plain values (ntp.md 23.5): token buckets that the client log
 * (ntp/server/client_log.h) uses, one kind for each service.
 */
#ifndef NTP_SERVER_CLIENT_LIMITS_H
#define NTP_SERVER_CLIENT_LIMITS_H

#include <stdbool.h>
#include <stdint.h>

struct client_log_conf;

/* Times of the client log are in units of 2^-4 s. */
#define CLIENT_LOG_TIME_BITS 4

enum client_service { CLIENT_NTP = 0, CLIENT_NTS_KE = 1, CLIENT_CMD = 2 };
#define CLIENT_SERVICES 3

/* Parameters of a token bucket (ntp.md 23.5); public for the test of the table in ntp.md 27.7. */
struct token_bucket {
    int interval;
    int shift;
    uint16_t tokens_per_hit;
    uint16_t max_tokens;
    int leak;
    int kod;
};
struct token_bucket token_bucket_make(int interval, int burst, int leak, int kod);

/* The rate limits of all services: a plain value. */
struct client_limits {
    struct {
        bool limited;
        struct token_bucket bucket;
    } services[CLIENT_SERVICES];
};
struct client_limits client_limits_make(const struct client_log_conf *conf);

/* The interval (log2 s) of a service's rate limit (ntp.md 20.2); -19 if it is not limited. */
int client_limits_interval(const struct client_limits *limits, enum client_service service);

#endif
