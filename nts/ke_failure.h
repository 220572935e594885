/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Why a key establishment as a client has failed: a value that is kept for explain until the next
 * one succeeds. The first reason that is found stays. Log messages are made elsewhere, and do not
 * depend on it.
 */
#ifndef NTS_KE_FAILURE_H
#define NTS_KE_FAILURE_H

#include <stdbool.h>
#include <stdint.h>
#include "base/finding.h"

struct ke_failure {
    unsigned int code;               /* enum finding_code; 0: there is none */
    double when;                     /* loop_uptime() */
    int number;                      /* of an alert, or of an error or warning record */
    int64_t valid_from, valid_until; /* of a certificate, seconds since 1970; 0: not known */
    /* What the sentence of the code needs beside that: printable ASCII, with "..." at the end
       when it was longer. */
    char text[REPORT_FINDING_TEXT + 1];
};

/* Sets code and text, unless there is a reason already. Text from outside is made printable. */
void ke_failure_set(struct ke_failure *failure, enum finding_code code, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
/* ... for an error (errno) of a socket; an empty text stands for the server's address. */
void ke_failure_of_socket(struct ke_failure *failure, int error);

#endif
