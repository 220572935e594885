/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The daemon in a build without NTS, see nts_part.h and nts.md 2: directives have no effect, a
 * source with the nts option counts as authenticated but can form no request, which is said once.
 */
#include <stdlib.h>
#include <unistd.h>

#include "base/text.h"
#include "chronyd/check/check.h"
#include "chronyd/chronyd.h"
#include "chronyd/nts_part.h"
#include "ntp/client/nts_client.h"

struct nts_part {
    struct chronyd *daemon;
    bool reported;
};

struct ntp_nts_client {
    struct nts_part *part;
};

static struct ntp_nts_client *client_create(void *ctx, const struct ntp_nts_client_params *params)
{
    struct ntp_nts_client *client = mem_alloc(sizeof(*client));

    client->part = ctx;
    return client;
}

static void client_destroy(struct ntp_nts_client *client)
{
    free(client);
}

static bool client_prepare(struct ntp_nts_client *client)
{
    LOG(client->part->reported ? LOG_SEV_DEBUG : LOG_SEV_WARN, "Missing NTS support");
    client->part->reported = true;
    return false;
}

static bool client_add_request(struct ntp_nts_client *client, const struct ntp_info *info,
                               struct writer *w)
{
    return false;
}

static enum response_reason client_check_response(struct ntp_nts_client *client,
                                                  const uint8_t *packet,
                                                  const struct ntp_info *info)
{
    return RESPONSE_NTS_UNASKED;
}

static void client_change_nts_address(struct ntp_nts_client *client, const struct ip_port *nts_addr)
{
}

static void client_save(struct ntp_nts_client *client)
{
}

static void client_report(const struct ntp_nts_client *client, struct report_authdata *report)
{
    report->last_ke_ago = UINT32_MAX;
}

static void client_explain(const struct ntp_nts_client *client, struct findings *findings)
{
    findings_add(findings, FINDING_NTS_MISSING);
}

static const struct ntp_nts_client_ops client_ops = {
    .create = client_create,
    .destroy = client_destroy,
    .prepare = client_prepare,
    .add_request = client_add_request,
    .check_response = client_check_response,
    .change_nts_address = client_change_nts_address,
    .save = client_save,
    .report = client_report,
    .explain = client_explain,
};

struct nts_part *nts_part_new(struct chronyd *daemon)
{
    struct nts_part *part = mem_alloc(sizeof(*part));

    part->daemon = daemon;
    return part;
}

void nts_part_free(struct nts_part *part)
{
    free(part);
}

const struct helper_role *nts_part_helper_role(struct nts_part *part)
{
    return NULL;
}

bool nts_part_client_role(struct nts_part *part, struct lone_role *role)
{
    return false;
}

void nts_part_start_tls(struct nts_part *part)
{
}

bool nts_part_take_client(struct nts_part *part, int channel, pid_t pid)
{
    close(channel);
    return false;
}

bool nts_part_reads_keys(const struct nts_part *part)
{
    return false;
}

const struct ntp_nts_server_ops *nts_part_server_ops(const struct nts_part *part)
{
    return NULL;
}

void nts_part_start_client(struct nts_part *part)
{
    part->daemon->nts.client = &client_ops;
    part->daemon->nts.client_ctx = part;
}

void nts_part_start_server(struct nts_part *part)
{
}

void nts_part_stop_server(struct nts_part *part)
{
}

enum nts_rekey nts_part_rekey(struct nts_part *part)
{
    return NTS_REKEY_DONE;
}

void nts_part_save(struct nts_part *part)
{
}

bool nts_part_count_ends(const struct nts_part *part, struct report_counts *report)
{
    return false;
}

/* The parser has said that there is no NTS. */
void check_certificates(struct check *c)
{
}

bool nts_part_report_certificate(const struct nts_part *part, int32_t index,
                                 struct report_certificate *report)
{
    return false;
}

double nts_part_certificates_age(const struct nts_part *part)
{
    return -1.0;
}

void nts_part_explain(const struct nts_part *part, struct findings *findings)
{
}
