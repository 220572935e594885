/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Reading what "ke_client session" has printed. The file is one that the same test made.
 */
#include "test/tools/nts_session.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include "base/text.h"
#include "test/tools/tool.h"

void nts_session_load(struct nts_session *session, const char *path)
{
    char line[1024], *value;
    FILE *file = fopen(path, "r");

    if (!file)
        tool_fail("Could not open %s : %s", path, strerror(errno));
    while (fgets(line, sizeof(line), file)) {
        text_normalise(line);
        value = text_split(line);
        if (strcmp(line, "aead") == 0)
            session->context.aead = (int)tool_number(value, 1, UINT16_MAX);
        else if (strcmp(line, "c2s") == 0)
            session->context.c2s.length = tool_hex(value, session->context.c2s.data, AEAD_MAX_KEY);
        else if (strcmp(line, "s2c") == 0)
            session->context.s2c.length = tool_hex(value, session->context.s2c.data, AEAD_MAX_KEY);
        else if (strcmp(line, "cookie") == 0 && session->cookie_count < NTS_MAX_COOKIES) {
            struct nts_cookie *cookie = &session->cookies[session->cookie_count++];
            cookie->length = tool_hex(value, cookie->data, sizeof(cookie->data));
        }
    }
    fclose(file);
    if (session->cookie_count == 0)
        tool_fail("No cookies in %s", path);
}
