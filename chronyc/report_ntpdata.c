/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The last valid measurement of a source: ntpdata (chronyc.md 10.6).
 */
#include "chronyc/reports.h"

#include <math.h>
#include "chronyc/arguments.h"
#include "chronyc/exchange.h"
#include "chronyc/format.h"
#include "chronyc/report_json.h"

#define MODE_PEER_MAX 1 /* source modes up to this one are NTP */

static const char *mode_name(unsigned int mode)
{
    switch (mode) {
    case 1:
        return "Symmetric active";
    case 2:
        return "Symmetric passive";
    case 4:
        return "Server";
    default:
        return "Invalid";
    }
}

static const char *timestamp_name(char source)
{
    switch (source) {
    case 'D':
        return "Daemon";
    case 'K':
        return "Kernel";
    case 'H':
        return "Hardware";
    default:
        return "Invalid";
    }
}

static void put_address(struct printer *p, const char *label, const struct ip_addr *addr)
{
    char text[ADDR_TEXT_SIZE];

    put_text(p, label);
    put_word(p, 0, ip_addr_format(addr, text, sizeof(text)));
    put_text(p, " (");
    put_refid(p, ip_addr_refid(addr));
    put_text(p, ")\n");
}

static void put_named_uint(struct printer *p, const char *label, uint32_t value)
{
    put_text(p, label);
    put_uint(p, 0, value);
    put_text(p, "\n");
}

static void put_named_word(struct printer *p, const char *label, const char *word)
{
    put_text(p, label);
    put_word(p, 0, word);
    put_text(p, "\n");
}

static void put_log2(struct printer *p, const char *label, int value, int decimals)
{
    put_text(p, label);
    put_int(p, 0, value);
    put_text(p, " (");
    put_number(p, 0, decimals, false, log2_to_seconds(value));
    put_text(p, " seconds)\n");
}

static void put_seconds(struct printer *p, const char *label, int decimals, bool plus, double value)
{
    put_text(p, label);
    put_number(p, 0, decimals, plus, value);
    put_text(p, " seconds\n");
}

static void put_header_fields(struct printer *p, const struct report_ntpdata *n)
{
    char refid[8] = "";

    put_text(p, "Leap status     : ");
    put_leap(p, n->leap);
    put_text(p, "\n");
    put_named_uint(p, "Version         : ", n->version);
    put_named_word(p, "Mode            : ", mode_name(n->mode));
    put_named_uint(p, "Stratum         : ", n->stratum);
    put_log2(p, "Poll interval   : ", n->poll, 0);
    put_log2(p, "Precision       : ", n->precision, 9);
    put_seconds(p, "Root delay      : ", 6, false, n->root_delay);
    put_seconds(p, "Root dispersion : ", 6, false, n->root_dispersion);
    put_text(p, "Reference ID    : ");
    put_refid(p, n->refid);
    put_text(p, " (");
    if (n->stratum <= 1)
        refid_format(n->refid, refid, sizeof(refid));
    put_word(p, 0, refid);
    put_text(p, ")\nReference time  : ");
    put_date(p, n->ref_time);
    put_text(p, "\n");
}

static void put_measurement(struct printer *p, const struct report_ntpdata *n)
{
    put_seconds(p, "Offset          : ", 9, true, n->offset);
    put_seconds(p, "Peer delay      : ", 9, false, n->peer_delay);
    put_seconds(p, "Peer dispersion : ", 9, false, n->peer_dispersion);
    put_seconds(p, "Response time   : ", 9, false, n->response_time);
    put_text(p, "Jitter asymmetry: ");
    put_number(p, 0, 2, true, n->jitter_asymmetry);
    put_text(p, "\nNTP tests       : ");
    put_bits(p, 3, n->tests >> 7);
    put_text(p, " ");
    put_bits(p, 3, n->tests >> 4);
    put_text(p, " ");
    put_bits(p, 4, n->tests);
    put_text(p, "\nInterleaved     : ");
    put_yes_no(p, n->interleaved);
    put_text(p, "\nAuthenticated   : ");
    put_yes_no(p, n->authenticated);
    put_text(p, "\n");
    put_named_word(p, "TX timestamping : ", timestamp_name(n->tx_source));
    put_named_word(p, "RX timestamping : ", timestamp_name(n->rx_source));
}

static void put_counters(struct printer *p, const struct report_ntpdata *n)
{
    put_named_uint(p, "Total TX        : ", n->total_tx);
    put_named_uint(p, "Total RX        : ", n->total_rx);
    put_named_uint(p, "Total valid RX  : ", n->total_valid);
    put_named_uint(p, "Total good RX   : ", n->total_good);
    put_named_uint(p, "Total kernel TX : ", n->total_kernel_tx);
    put_named_uint(p, "Total kernel RX : ", n->total_kernel_rx);
    put_named_uint(p, "Total HW TX     : ", n->total_hw_tx);
    put_text(p, "Total HW RX     : ");
    put_uint(p, 0, n->total_hw_rx);
    put_end(p);
}

static bool print_source(struct client *c, struct printer *p, const struct ip_addr *addr,
                         bool separate)
{
    struct cmd_request request = {.command = CMD_NTPDATA, .u.addr = *addr};
    union cmd_reply_body body;

    if (!exchange_report(c, &request, &body))
        return false;
    if (c->json) {
        document_begin_row(c->json);
        json_ntpdata(c->json, &body.ntpdata);
        return true;
    }
    if (separate)
        put_text(p, "\n");
    put_address(p, "Remote address  : ", &body.ntpdata.remote_addr);
    put_named_uint(p, "Remote port     : ", body.ntpdata.remote_port);
    put_address(p, "Local address   : ", &body.ntpdata.local_addr);
    put_header_fields(p, &body.ntpdata);
    put_measurement(p, &body.ntpdata);
    put_counters(p, &body.ntpdata);
    return true;
}

static bool print_all(struct client *c, struct printer *p)
{
    struct cmd_request request = {.command = CMD_SOURCE_COUNT};
    union cmd_reply_body body;

    if (!exchange_report(c, &request, &body))
        return false;
    uint32_t count = body.source_count;
    for (uint32_t i = 0; i < count; i++) {
        request = (struct cmd_request){.command = CMD_SOURCE_DATA, .u.index = (int32_t)i};
        if (!exchange_report(c, &request, &body))
            return false;
        if (body.source.mode > MODE_PEER_MAX || !ip_addr_is_real(&body.source.addr))
            continue;
        if (!print_source(c, p, &body.source.addr, true))
            return false;
    }
    return true;
}

bool show_ntpdata(struct client *c, char *args)
{
    struct printer p = printer_make(c->env->out, c->csv);
    struct ip_addr addr;

    if (args[0] != '\0' && !argument_source(c, args, &addr)) {
        fprintf(c->env->err, "Could not get address for hostname\n");
        return false;
    }
    if (c->json)
        document_begin_rows(c->json);
    return args[0] != '\0' ? print_source(c, &p, &addr, false) : print_all(c, &p);
}
