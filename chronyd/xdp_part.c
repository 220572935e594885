/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Answering in the kernel, as part of the daemon. It holds a descriptor for each interface to which
 * the program is attached, two netlink sockets, and the mapped arrays. None of its trouble ends the
 * daemon: what the program does not answer, the sockets do.
 */
#include "chronyd/xdp_part.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include "base/text.h"
#include "chronyd/chronyd.h"
#include "chronyd/os/links.h"
#include "chronyd/os/xdp_program.h"

/* Interfaces and addresses change in bursts. */
#define NEWS_DELAY 0.1 /* seconds */

struct attachment {
    char name[IF_NAMESIZE];
    uint32_t index;
    int descriptor;
};

struct xdp_part {
    struct chronyd *daemon;
    struct xdp_program *program;
    struct fast_path *path;
    struct links *links;
    struct attachment *attachments;
    size_t attachment_count;
    bool is_started;
    bool is_waiting; /* for the end of a burst of news */
    timer_id timer;
    bool list_failed, is_crowded; /* was said */
};

/* ---- Hosts ---- */

static struct attachment *find_attachment(const struct xdp_part *part, uint32_t index)
{
    for (size_t i = 0; i < part->attachment_count; i++)
        if (part->attachments[i].index == index && part->attachments[i].descriptor >= 0)
            return &part->attachments[i];
    return NULL;
}

static bool is_served_device(const struct xdp_part *part, const char *name)
{
    const char *device = part->daemon->conf->sockets.server.device;

    return !device || strcmp(device, name) == 0;
}

/* Whether server sockets answer at an address. */
static bool is_served_address(const struct xdp_part *part, const struct ip_addr *addr)
{
    const struct bind_conf *bind = &part->daemon->conf->sockets.server;
    const struct ip_addr *bound = addr->family == IP_V4 ? &bind->v4 : &bind->v6;
    const enum ip_family only = part->daemon->options->family;

    if (only != IP_UNSPEC && addr->family != only)
        return false;
    return ip_addr_is_any(bound) || !ip_addr_is_real(bound) || ip_addr_equal(bound, addr);
}

/* The interfaces to which the program is attached, and the VLANs on them, as far as they are up. */
static size_t gather_interfaces(const struct xdp_part *part, const struct link_list *list,
                                struct xdp_interface *out)
{
    size_t count = 0;

    for (size_t i = 0; i < list->link_count; i++) {
        const struct link_info *link = &list->links[i];
        const uint32_t index = link->vlan != 0 ? link->parent : link->index;

        if (link->vlan == LINK_OTHER_TAG || !link->is_ethernet || !link->is_up ||
            !is_served_device(part, link->name) || !find_attachment(part, index))
            continue;
        out[count] = (struct xdp_interface){.index = index, .vlan = link->vlan};
        memcpy(out[count++].mac, link->mac, sizeof(link->mac));
    }
    return count;
}

static size_t gather_addresses(const struct xdp_part *part, const struct link_list *list,
                               struct ip_addr *out)
{
    size_t count = 0;

    for (size_t i = 0; i < list->address_count; i++)
        if (is_served_address(part, &list->addresses[i]))
            out[count++] = list->addresses[i];
    return count;
}

static void tell_hosts(struct xdp_part *part, const struct link_list *list)
{
    struct xdp_interface *interfaces = mem_array(list->link_count + 1, sizeof(*interfaces));
    struct ip_addr *addresses = mem_array(list->address_count + 1, sizeof(*addresses));
    const struct fast_path_hosts hosts = {
        .interfaces = interfaces,
        .interface_count = gather_interfaces(part, list, interfaces),
        .addresses = addresses,
        .address_count = gather_addresses(part, list, addresses),
    };
    const size_t left = fast_path_set_hosts(part->path, &hosts);

    if (left > 0 && !part->is_crowded)
        LOG_WARN("xdp: for %zu of the addresses and VLANs there is no room, so the sockets answer "
                 "there",
                 left);
    part->is_crowded = left > 0;
    free(interfaces);
    free(addresses);
}

/* ---- Interfaces that go and come ---- */

static void detach(struct attachment *a)
{
    close(a->descriptor);
    a->descriptor = -1;
    LOG_WARN("xdp: interface %s is gone", a->name);
}

static bool has_index(const struct link_list *list, uint32_t index)
{
    for (size_t i = 0; i < list->link_count; i++)
        if (list->links[i].index == index)
            return true;
    return false;
}

static const struct link_info *find_link(const struct link_list *list, const char *name)
{
    for (size_t i = 0; i < list->link_count; i++)
        if (strcmp(list->links[i].name, name) == 0)
            return &list->links[i];
    return NULL;
}

/* After the start the rights to attach again are gone. */
static void look_after_attachments(struct xdp_part *part, const struct link_list *list)
{
    for (size_t i = 0; i < part->attachment_count; i++) {
        struct attachment *a = &part->attachments[i];

        if (a->descriptor >= 0 && !has_index(list, a->index)) {
            detach(a);
        } else if (a->descriptor < 0 && a->index != 0 && find_link(list, a->name)) {
            LOG_WARN("xdp: interface %s is there again; its requests are answered by the sockets "
                     "until chronyd is started again",
                     a->name);
            a->index = 0;
        }
    }
}

static void update(struct xdp_part *part)
{
    struct link_list list;

    /* What is not known is not answered. */
    const bool ok = links_read(part->links, &list);
    if (!ok && !part->list_failed)
        LOG_WARN("xdp: the interfaces could not be listed, so the sockets answer");
    part->list_failed = !ok;
    if (ok)
        look_after_attachments(part, &list);
    tell_hosts(part, &list);
    link_list_clear(&list);
}

static void look_again(void *arg)
{
    struct xdp_part *part = arg;

    part->is_waiting = false;
    links_take_news(part->links);
    update(part);
    if (part->list_failed) {
        part->is_waiting = true;
        part->timer = loop_timer_add(part->daemon->loop, 1.0, look_again, part);
    }
}

static void on_news(int fd, unsigned int event, void *arg)
{
    struct xdp_part *part = arg;

    links_take_news(part->links);
    if (part->is_waiting)
        return;
    part->is_waiting = true;
    part->timer = loop_timer_add(part->daemon->loop, NEWS_DELAY, look_again, part);
}

/* ---- Start and stop ---- */

static void attach(struct xdp_part *part, const struct link_info *link,
                   const struct xdp_interface_conf *conf)
{
    struct attachment a = {.index = link->index};
    char error[256];

    if (find_attachment(part, link->index))
        return;
    a.descriptor =
        xdp_program_attach(part->program, link->index, conf->generic, error, sizeof(error));
    if (a.descriptor < 0) {
        LOG_ERROR("xdp: could not attach to interface %s : %s", link->name, error);
        return;
    }
    text_copy(a.name, sizeof(a.name), link->name);
    part->attachments = mem_resize(part->attachments, part->attachment_count + 1, sizeof(a));
    part->attachments[part->attachment_count++] = a;
    LOG_INFO("Answering in the kernel on interface %s%s", link->name,
             conf->generic ? " (generic)" : "");
}

/* All that can have requests of their own: no VLAN, whose packets come in below it. */
static void attach_all(struct xdp_part *part, const struct link_list *list,
                       const struct xdp_interface_conf *conf)
{
    for (size_t i = 0; i < list->link_count; i++)
        if (list->links[i].is_ethernet && list->links[i].vlan == 0)
            attach(part, &list->links[i], conf);
}

static void attach_configured(struct xdp_part *part, const struct link_list *list)
{
    const struct xdp_conf *conf = &part->daemon->conf->xdp;

    for (size_t i = 0; i < conf->count; i++) {
        const struct xdp_interface_conf *item = &conf->items[i];
        const struct link_info *link = find_link(list, item->interface);

        if (strcmp(item->interface, "*") == 0)
            continue;
        if (!link)
            LOG_ERROR("xdp: there is no interface %s", item->interface);
        else if (!link->is_ethernet || link->vlan != 0)
            LOG_ERROR("xdp: interface %s is not an Ethernet interface of its own", link->name);
        else
            attach(part, link, item);
    }
    /* Those that are named come first, with their options. */
    for (size_t i = 0; i < conf->count; i++)
        if (strcmp(conf->items[i].interface, "*") == 0)
            attach_all(part, list, &conf->items[i]);
}

static bool open_links(struct xdp_part *part)
{
    struct link_list list;

    part->links = links_open();
    if (!part->links || !links_read(part->links, &list)) {
        LOG_ERROR("xdp: could not list the interfaces : %s", text_errno(errno));
        return false;
    }
    attach_configured(part, &list);
    link_list_clear(&list);
    return part->attachment_count > 0;
}

static bool load(struct xdp_part *part)
{
    const struct chronyd *d = part->daemon;
    const struct plain_value access = ntp_server_access(d->ntp_server);
    const struct fast_path_sizes sizes = fast_path_sizes(&d->conf->client_log, &access);
    char error[256];

    part->program = xdp_program_load(&sizes, error, sizeof(error));
    if (!part->program) {
        LOG_ERROR("xdp: %s", error);
        return false;
    }
    const struct fast_path_params params = {
        .world = d->world,
        .log = &d->conf->client_log,
        .limits = d->client_limits,
        .memory = *xdp_program_memory(part->program),
        .port = d->conf->sockets.port,
        .dscp = d->conf->sockets.dscp,
    };
    part->path = fast_path_new(&params);
    return true;
}

static bool is_wanted(const struct chronyd *d, bool passed_sockets)
{
    if (d->conf->xdp.count == 0 || d->conf->sockets.port == 0 || d->main_mode != REFERENCE_NORMAL)
        return false;
    if (passed_sockets)
        LOG_WARN("xdp has no effect together with sockets from the service manager");
    return !passed_sockets;
}

struct xdp_part *xdp_part_new(struct chronyd *daemon, bool passed_sockets)
{
    if (!is_wanted(daemon, passed_sockets))
        return NULL;
    struct xdp_part *part = mem_alloc(sizeof(*part));

    part->daemon = daemon;
    if (load(part) && open_links(part)) {
        xdp_program_settle(part->program);
        ntp_server_set_fast_path(daemon->ntp_server, part->path);
        return part;
    }
    LOG_WARN("xdp: the sockets answer all requests");
    xdp_part_free(part);
    return NULL;
}

void xdp_part_start(struct xdp_part *part)
{
    if (!part)
        return;
    loop_fd_add(part->daemon->loop, links_news(part->links), WORLD_READ, on_news, part);
    part->is_started = true;
    look_again(part);
}

void xdp_part_free(struct xdp_part *part)
{
    if (!part)
        return;
    if (part->is_waiting)
        loop_timer_cancel(part->daemon->loop, part->timer);
    if (part->is_started)
        loop_fd_remove(part->daemon->loop, links_news(part->links));
    ntp_server_set_fast_path(part->daemon->ntp_server, NULL);
    fast_path_free(part->path);
    for (size_t i = 0; i < part->attachment_count; i++)
        if (part->attachments[i].descriptor >= 0)
            close(part->attachments[i].descriptor);
    links_close(part->links);
    xdp_program_free(part->program);
    free(part->attachments);
    free(part);
}

struct fast_path *xdp_part_fast_path(const struct xdp_part *part)
{
    return part ? part->path : NULL;
}

bool xdp_part_report(const struct xdp_part *part, struct report_xdp *report)
{
    uint64_t results[XDP_RESULTS];

    if (!part)
        return false;
    fast_path_count(part->path, results);
    *report = (struct report_xdp){
        .answered = results[XDP_RESULT_ANSWERED],
        .kods = results[XDP_RESULT_KOD],
        .dropped = results[XDP_RESULT_DROPPED],
        .form = results[XDP_RESULT_FORM],
        .mode = results[XDP_RESULT_MODE],
        .interleaved = results[XDP_RESULT_INTERLEAVED],
        .no_time = results[XDP_RESULT_TIME],
        .address = results[XDP_RESULT_ADDRESS],
        .access = results[XDP_RESULT_ACCESS],
        .busy = results[XDP_RESULT_BUSY],
    };
    for (size_t i = 0; i < part->attachment_count; i++)
        report->interfaces += part->attachments[i].descriptor >= 0;
    return true;
}
