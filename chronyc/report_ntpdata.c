/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The last valid measurement of a source: ntpdata (chronyc.md 10.6).
 */
#include "chronyc/reports.h"

#include <inttypes.h>
#include "chronyc/arguments.h"
#include "chronyc/exchange.h"
#include "chronyc/format.h"
#include "chronyc/report_rows.h"
#include "cmdmon/message_words.h"

static void print_address(FILE *out, const char *label, const struct ip_addr *addr)
{
    char text[ADDR_TEXT_SIZE];

    fprintf(out, "%s: %s (%08" PRIX32 ")\n", label, ip_addr_format(addr, text, sizeof(text)),
            ip_addr_refid(addr));
}

static void print_header_fields(FILE *out, const struct report_ntpdata *n, const char *refid)
{
    fprintf(out, "Leap status     : %s\n", field_word(words_leap, n->leap)->plain);
    fprintf(out, "Version         : %u\n", n->version);
    fprintf(out, "Mode            : %s\n", field_word(words_ntp_mode, n->mode)->plain);
    fprintf(out, "Stratum         : %u\n", n->stratum);
    fprintf(out, "Poll interval   : %d (%.0f seconds)\n", n->poll, log2_to_seconds(n->poll));
    fprintf(out, "Precision       : %d (%.9f seconds)\n", n->precision,
            log2_to_seconds(n->precision));
    fprintf(out, "Root delay      : %.6f seconds\n", n->root_delay);
    fprintf(out, "Root dispersion : %.6f seconds\n", n->root_dispersion);
    fprintf(out, "Reference ID    : %08" PRIX32 " (%s)\n", n->refid, refid);
    fprintf(out, "Reference time  : %s\n", format_date(n->ref_time).s);
}

static void print_measurement(FILE *out, const struct report_ntpdata *n)
{
    fprintf(out, "Offset          : %+.9f seconds\n", n->offset);
    fprintf(out, "Peer delay      : %.9f seconds\n", n->peer_delay);
    fprintf(out, "Peer dispersion : %.9f seconds\n", n->peer_dispersion);
    fprintf(out, "Response time   : %.9f seconds\n", n->response_time);
    fprintf(out, "Jitter asymmetry: %+.2f\n", n->jitter_asymmetry);
    fprintf(out, "NTP tests       : %s %s %s\n", format_bits(3, n->tests >> 7).s,
            format_bits(3, n->tests >> 4).s, format_bits(4, n->tests).s);
    fprintf(out, "Interleaved     : %s\n", field_word(words_yes_no, n->interleaved)->plain);
    fprintf(out, "Authenticated   : %s\n", field_word(words_yes_no, n->authenticated)->plain);
    fprintf(out, "TX timestamping : %s\n", field_word(words_timestamping, n->tx_source)->plain);
    fprintf(out, "RX timestamping : %s\n", field_word(words_timestamping, n->rx_source)->plain);
}

static void print_counters(FILE *out, const struct report_ntpdata *n)
{
    fprintf(out, "Total TX        : %" PRIu32 "\n", n->total_tx);
    fprintf(out, "Total RX        : %" PRIu32 "\n", n->total_rx);
    fprintf(out, "Total valid RX  : %" PRIu32 "\n", n->total_valid);
    fprintf(out, "Total good RX   : %" PRIu32 "\n", n->total_good);
    fprintf(out, "Total kernel TX : %" PRIu32 "\n", n->total_kernel_tx);
    fprintf(out, "Total kernel RX : %" PRIu32 "\n", n->total_kernel_rx);
    fprintf(out, "Total HW TX     : %" PRIu32 "\n", n->total_hw_tx);
    fprintf(out, "Total HW RX     : %" PRIu32 "\n", n->total_hw_rx);
}

static bool show_source(struct client *c, const struct ip_addr *addr, bool separate)
{
    struct cmd_request request = {.command = CMD_NTPDATA, .u.addr = *addr};
    FILE *out = c->env->out;
    union cmd_reply_body body;
    char refid[8] = "";
    struct row_given given = {.name = refid};

    if (!exchange_report(c, &request, &body))
        return false;
    if (body.ntpdata.stratum <= 1)
        refid_format(body.ntpdata.refid, refid, sizeof(refid));
    if (row_show(c, REPLY_NTPDATA, &body, &given))
        return true;
    if (separate)
        fputc('\n', out);
    print_address(out, "Remote address  ", &body.ntpdata.remote_addr);
    fprintf(out, "Remote port     : %u\n", body.ntpdata.remote_port);
    print_address(out, "Local address   ", &body.ntpdata.local_addr);
    print_header_fields(out, &body.ntpdata, refid);
    print_measurement(out, &body.ntpdata);
    print_counters(out, &body.ntpdata);
    return true;
}

static bool show_all(struct client *c)
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
        if (body.source.mode > REPORT_PEER || !ip_addr_is_real(&body.source.addr))
            continue;
        if (!show_source(c, &body.source.addr, true))
            return false;
    }
    return true;
}

bool show_ntpdata(struct client *c, char *args)
{
    struct ip_addr addr;

    if (args[0] != '\0' && !argument_source(c, args, &addr)) {
        fprintf(c->env->err, "Could not get address for hostname\n");
        return false;
    }
    rows_begin(c);
    return args[0] != '\0' ? show_source(c, &addr, false) : show_all(c);
}
