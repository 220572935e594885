/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Names of sources and clients in reports. What a daemon or a resolver says is printed only after
 * a check, so that neither can send control characters to the terminal.
 */
#include "chronyc/names.h"

#include <string.h>
#include "base/text.h"
#include "chronyc/exchange.h"

bool name_is_printable(const char *name)
{
    return strlen(name) < CMD_NAME_SIZE && text_is_graphic(name);
}

static void cut(char *name, size_t max)
{
    if (max > 0 && strlen(name) > max) {
        name[max - 1] = '>';
        name[max] = '\0';
    }
}

void name_of_address(struct client *c, const struct ip_addr *addr, size_t max, char *buf,
                     size_t size)
{
    if (c->numeric || c->csv) {
        ip_addr_format(addr, buf, size);
        return;
    }
    if (!ip_addr_is_real(addr) || !c->env->reverse(c->env->ctx, addr, buf, size) ||
        !text_is_graphic(buf))
        ip_addr_format(addr, buf, size);
    cut(buf, max);
}

static void original_name(struct client *c, const struct ip_addr *addr, char *buf, size_t size)
{
    struct cmd_request request = {.command = CMD_SOURCENAME, .u.addr = *addr};
    union cmd_reply_body body;

    if (exchange_report(c, &request, &body)) {
        if (!name_is_printable(body.name) || !text_copy(buf, size, body.name))
            text_copy(buf, size, "?");
        return;
    }
    text_copy(buf, size, "?");
    if (c->json)
        document_drop_status(c->json); /* the report goes on */
}

void name_of_source(struct client *c, const struct ip_addr *addr, uint32_t refid,
                    bool reference_clock, size_t max, char *buf, size_t size)
{
    if (reference_clock)
        refid_format(refid, buf, size);
    else if (c->original_names)
        original_name(c, addr, buf, size);
    else
        name_of_address(c, addr, max, buf, size);
}
