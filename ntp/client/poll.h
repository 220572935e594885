/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Adaptation of the polling interval (ntp.md 14). Pure.
 */
#ifndef NTP_CLIENT_POLL_H
#define NTP_CLIENT_POLL_H

#include <stdbool.h>

#define MIN_POLL        (-7)
#define MAX_POLL        24
#define DEFAULT_MINPOLL 6
#define DEFAULT_MAXPOLL 10

struct poll_state {
    int min;
    int max;
    int current;  /* log2 s */
    double score; /* 0.0 to 1.0 */
};

/* Changes the score, and moves whole steps of it to the interval (ntp.md 14.1). */
void poll_adjust(struct poll_state *poll, double adjustment);

/* The adjustment after a good sample (ntp.md 14.2). err: error of the prediction; distance: error
   bound of the measurement, both in seconds; target: at least 1. */
double poll_adjustment(double err, double distance, int samples, int target);

/* Separation from other requests in seconds (ntp.md 8.2). */
double poll_separation(int poll);

#endif
