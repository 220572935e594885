/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Warnings about server certificates that end; see certificate_watch.h. Logs one line for each
 * certificate when its state becomes worse, never more.
 */
#include "nts/certificate_watch.h"
#include <stdio.h>
#include <stdlib.h>
#include "base/instant.h"
#include "base/log.h"
#include "base/number.h"
#include "base/text.h"

#define DAY       86400
#define DATE_SIZE 32

struct certificate_watch {
    struct tls_credentials *credentials;
    enum certificate_state *reported; /* for each pair */
    size_t count;
    bool silent;
};

static const struct {
    enum certificate_state state;
    int days;
} limits[] = {{CERTIFICATE_1_DAY, 1}, {CERTIFICATE_7_DAYS, 7}, {CERTIFICATE_21_DAYS, 21}};

enum certificate_state certificate_state(const struct tls_certificate_dates *dates, int64_t now)
{
    if (now < dates->not_before)
        return CERTIFICATE_NOT_YET;
    if (now > dates->not_after)
        return CERTIFICATE_EXPIRED;
    for (size_t i = 0; i < COUNT(limits); i++)
        if (dates->not_after - now <= (int64_t)limits[i].days * DAY)
            return limits[i].state;
    return CERTIFICATE_VALID;
}

bool certificate_describe(const struct tls_certificate_dates *dates, enum certificate_state state,
                          char *text, size_t size)
{
    char from[DATE_SIZE], to[DATE_SIZE];

    instant_format_utc(instant_make(dates->not_before, 0), from, sizeof(from));
    instant_format_utc(instant_make(dates->not_after, 0), to, sizeof(to));
    text[0] = '\0';
    switch (state) {
    case CERTIFICATE_VALID:
        return false;
    case CERTIFICATE_NOT_YET:
        snprintf(text, size, "Certificate in %s (%s) is not valid yet (from %s to %s UTC)",
                 dates->file, dates->subject, from, to);
        return true;
    case CERTIFICATE_EXPIRED:
        snprintf(text, size, "Certificate in %s (%s) has expired (from %s to %s UTC)", dates->file,
                 dates->subject, from, to);
        return true;
    default:
        break;
    }
    for (size_t i = 0; i < COUNT(limits); i++)
        if (limits[i].state == state)
            snprintf(text, size, "Certificate in %s (%s) expires within %d day%s (at %s UTC)",
                     dates->file, dates->subject, limits[i].days, limits[i].days == 1 ? "" : "s",
                     to);
    return true;
}

struct certificate_watch *certificate_watch_new(struct tls_credentials *credentials, bool silent)
{
    struct certificate_watch *watch = mem_alloc(sizeof(*watch));
    struct tls_certificate_dates dates;

    watch->credentials = tls_credentials_ref(credentials);
    watch->silent = silent;
    while (tls_credentials_dates(credentials, watch->count, &dates))
        watch->count++;
    watch->reported = mem_array(watch->count, sizeof(*watch->reported));
    return watch;
}

void certificate_watch_free(struct certificate_watch *watch)
{
    if (!watch)
        return;
    tls_credentials_unref(watch->credentials);
    free(watch->reported);
    free(watch);
}

bool certificate_watch_dates(const struct certificate_watch *watch, size_t pair,
                             struct tls_certificate_dates *dates)
{
    return tls_credentials_dates(watch->credentials, pair, dates);
}

void certificate_watch_check(struct certificate_watch *watch, int64_t now)
{
    struct tls_certificate_dates dates;
    char text[TLS_ERROR_SIZE];

    for (size_t i = 0; i < watch->count && tls_credentials_dates(watch->credentials, i, &dates);
         i++) {
        enum certificate_state state = certificate_state(&dates, now);
        if (state > watch->reported[i] && !watch->silent &&
            certificate_describe(&dates, state, text, sizeof(text)))
            LOG(state >= CERTIFICATE_EXPIRED ? LOG_SEV_ERROR : LOG_SEV_WARN, "%s", text);
        watch->reported[i] = state;
    }
    watch->silent = false;
}
