/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Hosts that used the server: clients (chronyc.md 10.9).
 */
#include "chronyc/reports.h"

#include <inttypes.h>
#include <string.h>
#include "base/text.h"
#include "chronyc/exchange.h"
#include "chronyc/format.h"
#include "chronyc/names.h"
#include "chronyc/report_rows.h"

#define NAME_WIDTH 25

struct clients_options {
    bool nts_ke; /* -k: NTS-KE instead of commands */
    bool reset;
    uint32_t min_hits;
};

/* Other words are ignored. */
static bool parse_options(char *args, struct clients_options *options)
{
    memset(options, 0, sizeof(*options));
    while (args[0] != '\0') {
        char *word = args;
        size_t used;

        args = text_split(args);
        if (strcmp(word, "-k") == 0) {
            options->nts_ke = true;
        } else if (strcmp(word, "-r") == 0) {
            options->reset = true;
        } else if (strcmp(word, "-p") == 0) {
            word = args;
            args = text_split(args);
            if (!text_scan_uint(word, &options->min_hits, &used))
                return false;
        }
    }
    return true;
}

static void show_client(struct client *c, struct report_client r, bool nts_ke)
{
    int width = NAME_WIDTH + client_extra_width(c);
    char name[NAME_TEXT_SIZE];
    struct row_given given = {.name = name};

    name_of_address(c, &r.addr, c->json ? 0 : (size_t)width, name, sizeof(name));
    if (nts_ke && !c->json) {
        r.cmd_hits = r.nts_ke_hits;
        r.cmd_drops = r.nts_ke_drops;
        r.cmd_interval = r.nts_ke_interval;
        r.last_cmd_ago = r.last_nts_ke_ago;
    }
    if (row_show_record(c, REPLY_CLIENTS, &r, &given))
        return;
    fprintf(c->env->out,
            "%-*s  %6" PRIu32 "  %5" PRIu32 "  %s  %s  %s  %6" PRIu32 "  %5" PRIu32 "  %s  %s\n",
            width, name, r.ntp_hits, r.ntp_drops, format_log2_interval(r.ntp_interval).s,
            format_log2_interval(r.ntp_timeout_interval).s, format_interval(r.last_ntp_ago).s,
            r.cmd_hits, r.cmd_drops, format_log2_interval(r.cmd_interval).s,
            format_interval(r.last_cmd_ago).s);
}

bool show_clients(struct client *c, char *args)
{
    struct cmd_request request = {.command = CMD_CLIENTS, .u.clients.count = CMD_CLIENTS_MAX};
    struct clients_options options;
    union cmd_reply_body body;

    if (!parse_options(args, &options)) {
        fprintf(c->env->err, "Invalid syntax for clients command\n");
        return false;
    }
    request.u.clients.min_hits = options.min_hits;
    request.u.clients.reset = options.reset;
    if (rows_begin(c))
        print_header(
            c->env->out, "Hostname", client_extra_width(c),
            options.nts_ke
                ? "                      NTP   Drop Int IntL Last  NTS-KE   Drop Int  Last"
                : "                      NTP   Drop Int IntL Last     Cmd   Drop Int  Last");
    do {
        if (!exchange_report(c, &request, &body))
            return false;
        for (uint32_t i = 0; i < body.clients.count; i++)
            if (body.clients.clients[i].addr.family != IP_UNSPEC)
                show_client(c, body.clients.clients[i], options.nts_ke);
        request.u.clients.first_index = body.clients.next_index;
    } while (body.clients.next_index < body.clients.indices &&
             body.clients.count >= CMD_CLIENTS_MAX);
    return true;
}
