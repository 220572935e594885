/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Warns before a server certificate expires: once for each of the limits 21, 7 and 1
 * days, and when it has expired or is not valid yet. Driven by the owner's timer with the time of
 * day; owns no file. Used by helper number 1 and by the main process with ntsprocesses 0.
 */
#ifndef NTS_CERTIFICATE_WATCH_H
#define NTS_CERTIFICATE_WATCH_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "nts/tls_credentials.h"

#define CERTIFICATE_WATCH_INTERVAL 3600.0 /* seconds between checks */

/* Ordered by urgency. */
enum certificate_state {
    CERTIFICATE_VALID,
    CERTIFICATE_21_DAYS, /* expires in 21 days or less */
    CERTIFICATE_7_DAYS,
    CERTIFICATE_1_DAY,
    CERTIFICATE_EXPIRED,
    CERTIFICATE_NOT_YET,
};

enum certificate_state certificate_state(const struct tls_certificate_dates *dates, int64_t now);
/* Text for people, with file and dates. False (and an empty text) for CERTIFICATE_VALID. */
bool certificate_describe(const struct tls_certificate_dates *dates, enum certificate_state state,
                          char *text, size_t size);

struct certificate_watch;

/* Holds a reference of the credentials. silent: the state at the first check counts as
   reported. */
struct certificate_watch *certificate_watch_new(struct tls_credentials *credentials, bool silent);
void certificate_watch_free(struct certificate_watch *watch);
/* The dates of a certificate that is watched, from 0. False beyond the last one. */
bool certificate_watch_dates(const struct certificate_watch *watch, size_t pair,
                             struct tls_certificate_dates *dates);
/* Logs each certificate that has become worse since the last check (warning; expired: error). */
void certificate_watch_check(struct certificate_watch *watch, int64_t now);

#endif
