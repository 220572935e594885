/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The list of daemons (chronyc.md 4.1, 4.2) and name resolution by the client's settings.
 */
#include "chronyc/client.h"

#include <stdlib.h>
#include <string.h>
#include "base/text.h"

#define DEFAULT_TIMEOUT_MS 1000
#define DEFAULT_RETRIES    2

void client_init(struct client *c, const struct environment *env)
{
    *c = (struct client){
        .env = env,
        .family = IP_UNSPEC,
        .timeout_ms = DEFAULT_TIMEOUT_MS,
        .max_retries = DEFAULT_RETRIES,
        .version = CMD_VERSION,
        .exit_status = EXIT_FAILURE,
    };
}

void client_free(struct client *c)
{
    client_disconnect(c);
    document_free(c->json);
    c->json = NULL;
    for (size_t i = 0; i < c->endpoint_count; i++)
        free(c->endpoints[i].path);
    free(c->endpoints);
    c->endpoints = NULL;
    c->endpoint_count = 0;
}

int client_resolve(struct client *c, const char *name, struct ip_addr *addrs, int max)
{
    const char *interface;

    if (max < 1)
        return 0;
    if (ip_addr_parse(name, &addrs[0]))
        return c->family == IP_UNSPEC || addrs[0].family == c->family;
    int count = c->env->resolve(c->env->ctx, name, c->family, addrs, max);

    if (count < 1 && ip_addr_parse_scoped(name, &addrs[0], &interface))
        fprintf(c->env->err, "Invalid host %s : no interface %s\n", name, interface);
    return count;
}

static struct endpoint *add_endpoint(struct client *c)
{
    c->endpoints = mem_resize(c->endpoints, c->endpoint_count + 1, sizeof(*c->endpoints));
    c->endpoints[c->endpoint_count] = (struct endpoint){0};
    return &c->endpoints[c->endpoint_count++];
}

static void add_host(struct client *c, const char *host, int port)
{
    struct ip_addr addrs[ADDR_MAX_PER_NAME];

    if (host[0] == '/') {
        add_endpoint(c)->path = text_dup(host);
        return;
    }
    int count = client_resolve(c, host, addrs, ADDR_MAX_PER_NAME);
    for (int i = 0; i < count; i++)
        add_endpoint(c)->addr = (struct ip_port){.addr = addrs[i], .port = (uint16_t)port};
}

void client_add_hosts(struct client *c, const char *hosts, int port)
{
    char *copy = text_dup(hosts), *host = copy;

    while (host) {
        char *comma = strchr(host, ',');

        if (comma)
            *comma++ = '\0';
        if (host[0] == '\0')
            break; /* an empty element ends the list */
        add_host(c, host, port);
        host = comma;
    }
    free(copy);
}

bool client_connect(struct client *c)
{
    client_disconnect(c);
    while (c->next_endpoint < c->endpoint_count) {
        const struct endpoint *endpoint = &c->endpoints[c->next_endpoint++];

        if (c->env->open(c->env->ctx, endpoint)) {
            c->connected = true;
            return true;
        }
    }
    c->next_endpoint = 0;
    return false;
}

void client_disconnect(struct client *c)
{
    if (c->connected)
        c->env->close(c->env->ctx);
    c->connected = false;
}
