/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Keys and cookies of a key establishment, as "ke_client session" prints them.
 */
#ifndef TEST_TOOLS_NTS_SESSION_H
#define TEST_TOOLS_NTS_SESSION_H

#include "nts/context.h"

struct nts_session {
    struct nts_context context;
    struct nts_cookie cookies[NTS_MAX_COOKIES];
    int cookie_count;
};

/* Reads the file; anything wrong: tool_fail. */
void nts_session_load(struct nts_session *session, const char *path);

#endif
