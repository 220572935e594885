/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Rig of an NTP client with scripted servers.
 */
#include "test/unit/support/rig.h"

#include "test/unit/support/unit.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "ntp/wire/packet.h"

#define KEYS "1 MD5 secretkey1\n2 SHA256 secretkey22222\n3 MD5 short\n"

static struct ntp_time server_time(const struct rig *rig, double offset)
{
    struct instant t = instant_add(sim_raw(rig->sim).i, offset + rig->offset);

    return ntp_time_from_instant(t, (struct ntp_time){0, 1});
}

static void serve(const struct sim_packet *p, void *arg)
{
    struct rig *rig = arg;
    struct ntp_header request;
    uint8_t response[NTP_MAX_LENGTH];
    struct writer w = writer_make(response, sizeof(response));

    if (!rig->answer || ip_addr_equal(&p->to.addr, &rig->silent))
        return;
    ntp_header_read(p->data, &request);
    struct ntp_header h = (struct ntp_header){
        .leap = (uint8_t)rig->leap,
        .version = request.version,
        .mode = NTP_MODE_SERVER,
        .stratum = (uint8_t)rig->stratum,
        .poll = request.poll,
        .precision = -25,
        .root_delay = ntp_short_from_double(0.001),
        .root_dispersion = ntp_short_from_double(0.0005),
        .refid = rig->refid,
        .reference = server_time(rig, -20.0),
        .origin = request.transmit,
        .receive = server_time(rig, rig->delay),
        .transmit = server_time(rig, rig->delay + 1e-5),
    };
    writer_zeros(&w, NTP_HEADER_LENGTH);
    ntp_header_write(response, &h);
    if (rig->key != 0)
        assert_true(key_table_add_mac(ntp_keys_table(rig->keys), rig->key, request.version, &w));
    size_t length = w.pos;
    if (rig->tamper && !rig->tamper(rig, p, response, &length))
        return;
    sim_deliver(rig->sim, &p->to, &p->from, response, length, 2.0 * rig->delay + 1e-5);
}

static void round_ended(void *arg)
{
    struct rig *rig = arg;

    rig->rounds++;
}

static void replace(const struct ip_addr *addr, void *arg)
{
    struct rig *rig = arg;

    ntp_sources_replace_bad(rig->sources, addr);
}

static void start(struct rig *rig, const struct ntp_nts *nts)
{
    rig->sockets = ntp_sockets_new(&rig->stub.env, &rig->conf->sockets, &rig->conf->client,
                                   &rig->conf->broadcasts);
    rig->sources =
        ntp_sources_new(&(struct ntp_sources_params){.env = &rig->stub.env,
                                                     .conf = rig->conf->client,
                                                     .ptp_port = rig->conf->sockets.ptp_port,
                                                     .keys = rig->keys,
                                                     .nts = nts,
                                                     .sockets = rig->sockets,
                                                     .mono = &rig->mono});
    ntp_sources_set_round_handler(rig->sources, round_ended, rig);
}

static void shut_down(struct rig *rig)
{
    ntp_sources_free(rig->sources);
    ntp_sockets_free(rig->sockets);
}

void rig_init(struct rig *rig, struct sim_world *sim, const struct ntp_nts *nts)
{
    struct conf_env env = {0};

    *rig = (struct rig){.answer = true, .stratum = 1, .refid = 0x47505300, .delay = 0.005};
    rig->owns_sim = !sim;
    rig->sim = sim ? sim : sim_world_new();
    rig->loop = loop_new(sim_world_interface(rig->sim));
    stub_env_init(&rig->stub, rig->sim, rig->loop);
    rig->stub.on_bad = replace;
    rig->stub.on_bad_arg = rig;
    rig->conf = conf_new(&env);
    rig->keys = ntp_keys_new();
    sim_set_file(rig->sim, "/keys", KEYS, 0640);
    ntp_keys_load(rig->keys, sim_world_interface(rig->sim), "/keys");
    if (rig->owns_sim)
        sim_set_host(rig->sim, serve, rig);
    start(rig, nts);
}

void rig_restart(struct rig *rig, const struct ntp_nts *nts)
{
    shut_down(rig);
    start(rig, nts);
}

void rig_free(struct rig *rig)
{
    shut_down(rig);
    ntp_keys_free(rig->keys);
    conf_free(rig->conf);
    loop_free(rig->loop);
    if (rig->owns_sim)
        sim_world_free(rig->sim);
}

enum ntp_sources_status rig_add(struct rig *rig, enum source_kind kind, bool pool, const char *line)
{
    struct source_conf conf = {.kind = kind, .pool = pool};
    char text[512];

    snprintf(text, sizeof(text), "%s", line);
    assert_int_equal(source_options_parse(text, &conf.name, &conf.options, NULL), SOURCE_PARSE_OK);
    return ntp_sources_add(rig->sources, &conf, NULL);
}

void rig_start(struct rig *rig)
{
    ntp_sources_start_all(rig->sources);
    ntp_sources_set_auto_start(rig->sources);
}

void rig_add_server(struct rig *rig, const char *line)
{
    assert_int_equal(rig_add(rig, SOURCE_SERVER, false, line), NTP_SOURCES_SUCCESS);
    rig_start(rig);
}

void rig_run(struct rig *rig, double seconds)
{
    sim_run(rig->sim, rig->loop, seconds);
}

struct ip_addr rig_addr(const char *text)
{
    struct ip_addr addr;

    assert_true(ip_addr_parse(text, &addr) || ip_addr_parse_id(text, &addr));
    return addr;
}

struct source *rig_source(struct rig *rig, const char *addr)
{
    struct ip_addr a = rig_addr(addr);
    const struct association *found = ntp_sources_find(rig->sources, &a);

    assert_non_null(found);
    return association_source(found);
}

struct report_activity rig_activity(const struct rig *rig)
{
    struct report_activity report;

    ntp_sources_report_activity(rig->sources, &report);
    return report;
}

const struct response_tally *rig_responses(const struct rig *rig, const char *addr)
{
    struct ip_addr a = rig_addr(addr);

    return association_responses(ntp_sources_find(rig->sources, &a));
}

struct report_ntpdata rig_ntpdata(const struct rig *rig, const char *addr)
{
    struct ip_addr a = rig_addr(addr);
    struct report_ntpdata report;

    association_report_ntpdata(ntp_sources_find(rig->sources, &a), &report);
    return report;
}

int rig_poll(const struct rig *rig, const char *addr)
{
    struct ip_addr a = rig_addr(addr);
    struct report_source report = {0};

    association_report_source(ntp_sources_find(rig->sources, &a), &report);
    return report.poll;
}
