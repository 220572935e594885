/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The reason of a failed key establishment, see ke_failure.h. Pure.
 */
#include "nts/ke_failure.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include "base/text.h"

void ke_failure_set(struct ke_failure *failure, enum finding_code code, const char *format, ...)
{
    char text[sizeof(failure->text) + 1];
    va_list args;

    if (failure->code != 0)
        return;
    failure->code = code;
    va_start(args, format);
    vsnprintf(text, sizeof(text), format, args);
    va_end(args);
    text_copy_marked(failure->text, sizeof(failure->text), text);
    text_make_printable(failure->text);
}

void ke_failure_of_socket(struct ke_failure *failure, int error)
{
    switch (error) {
    case ECONNREFUSED:
        ke_failure_set(failure, FINDING_NTS_CONNECTION_REFUSED, "%s", "");
        break;
    case ETIMEDOUT:
        ke_failure_set(failure, FINDING_NTS_CONNECTION_TIMEOUT, "%s", "");
        break;
    case ENETUNREACH:
    case EHOSTUNREACH:
    case ENETDOWN:
    case EHOSTDOWN:
    case EADDRNOTAVAIL:
        ke_failure_set(failure, FINDING_NTS_UNREACHABLE, "%s", "");
        break;
    default:
        ke_failure_set(failure, FINDING_NTS_NOT_CONNECTED, "%s", text_errno(error));
        break;
    }
}
