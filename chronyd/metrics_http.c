/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * HTTP for the metrics server's process, see metrics_http.h. The library parses requests and writes
 * answers; who may stay, and for how long, is decided here, because the library's own limits count
 * silence only, and refuse new clients rather than old ones.
 */
#include "chronyd/metrics_http.h"

#include <math.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>
#include "base/addr.h"
#include "base/number.h"
#include "base/text.h"

#define ROUND 1.0       /* seconds between looks at the time limits */
#define BLOCK (1 << 14) /* octets of an answer that are copied at once */
#define PLAIN "text/plain; charset=utf-8"

/* A place for a connection. */
struct client {
    struct MHD_Connection *connection; /* NULL: free */
    int fd;
    struct ip_addr addr;
    struct mono_time since; /* it came, or was answered */
    bool answered;
    bool closing;
};

struct metrics_http {
    struct world *world;
    const struct metrics_library *library;
    struct metrics_pages *pages;
    struct MHD_Daemon *daemon;
    struct client clients[METRICS_HTTP_MAX];
};

/* ---- Who may stay ---- */

/* The library notices that nothing more comes, and closes the connection. */
static void hang_up(struct client *client)
{
    client->closing = true;
    (void)shutdown(client->fd, SHUT_RDWR);
}

static bool is_waiting(const struct client *client, const struct ip_addr *addr)
{
    return client->connection && !client->closing && !client->answered &&
           (!addr || ip_addr_equal(&client->addr, addr));
}

/* Connections, of one address or (NULL) of all. */
static int count_clients(const struct metrics_http *http, const struct ip_addr *addr)
{
    int count = 0;

    for (size_t i = 0; i < COUNT(http->clients); i++) {
        const struct client *client = &http->clients[i];

        count +=
            client->connection && !client->closing && (!addr || ip_addr_equal(&client->addr, addr));
    }
    return count;
}

static void close_oldest(struct metrics_http *http, const struct ip_addr *addr)
{
    struct client *oldest = NULL;

    for (size_t i = 0; i < COUNT(http->clients); i++) {
        struct client *client = &http->clients[i];

        if (is_waiting(client, addr) && (!oldest || mono_diff(client->since, oldest->since) < 0.0))
            oldest = client;
    }
    if (oldest)
        hang_up(oldest);
}

static struct ip_addr address_of(const struct metrics_http *http, struct MHD_Connection *connection)
{
    const union MHD_ConnectionInfo *info =
        http->library->get_connection_info(connection, MHD_CONNECTION_INFO_CLIENT_ADDRESS);
    const struct sockaddr *sa = info ? info->client_addr : NULL;
    struct ip_port address = {.addr = {.family = IP_UNSPEC}};

    if (sa)
        ip_port_from_sockaddr(sa,
                              sa->sa_family == AF_INET6 ? sizeof(struct sockaddr_in6)
                                                        : sizeof(struct sockaddr_in),
                              &address);
    return address.addr;
}

static void add_client(struct metrics_http *http, struct MHD_Connection *connection,
                       struct client *client)
{
    const union MHD_ConnectionInfo *info =
        http->library->get_connection_info(connection, MHD_CONNECTION_INFO_CONNECTION_FD);

    *client = (struct client){
        .connection = connection,
        .fd = info ? info->connect_fd : -1,
        .addr = address_of(http, connection),
        .since = world_mono_now(http->world),
    };
    if (count_clients(http, &client->addr) > METRICS_HTTP_PER_CLIENT)
        close_oldest(http, &client->addr);
    else if (count_clients(http, NULL) > METRICS_HTTP_FULL)
        close_oldest(http, NULL);
}

/* The library has a new connection, or closes one. */
static void on_connection(void *ctx, struct MHD_Connection *connection, void **place,
                          enum MHD_ConnectionNotificationCode code)
{
    struct metrics_http *http = ctx;
    struct client *client = *place;

    if (code == MHD_CONNECTION_NOTIFY_CLOSED) {
        if (client)
            client->connection = NULL;
        return;
    }
    for (size_t i = 0; i < COUNT(http->clients); i++) {
        if (http->clients[i].connection)
            continue;
        *place = &http->clients[i];
        add_client(http, connection, &http->clients[i]);
        return;
    }
}

static void close_late(struct metrics_http *http)
{
    struct mono_time now = world_mono_now(http->world);

    for (size_t i = 0; i < COUNT(http->clients); i++) {
        struct client *client = &http->clients[i];

        if (client->connection && !client->closing &&
            mono_diff(now, client->since) > METRICS_HTTP_TIMEOUT)
            hang_up(client);
    }
}

/* ---- Answers ---- */

static ssize_t read_page(void *ctx, uint64_t position, char *buffer, size_t size)
{
    const struct metrics_page *page = ctx;
    size_t left = page->length - (size_t)position;
    size_t count = left < size ? left : size;

    memcpy(buffer, page->text + position, count);
    return (ssize_t)count;
}

static void release_page(void *ctx)
{
    metrics_page_release(ctx);
}

/* Sends an answer, after which the connection is closed. */
static enum MHD_Result send_answer(const struct metrics_http *http,
                                   struct MHD_Connection *connection, unsigned int status,
                                   const char *type, struct MHD_Response *response)
{
    const union MHD_ConnectionInfo *info =
        http->library->get_connection_info(connection, MHD_CONNECTION_INFO_SOCKET_CONTEXT);
    struct client *client = info ? info->socket_context : NULL;

    if (!response)
        return MHD_NO;
    http->library->add_response_header(response, MHD_HTTP_HEADER_CONTENT_TYPE, type);
    http->library->add_response_header(response, MHD_HTTP_HEADER_CACHE_CONTROL, "no-store");
    http->library->add_response_header(response, MHD_HTTP_HEADER_CONNECTION, "close");
    if (status == MHD_HTTP_METHOD_NOT_ALLOWED)
        http->library->add_response_header(response, MHD_HTTP_HEADER_ALLOW, "GET, HEAD");
    enum MHD_Result result = http->library->queue_response(connection, status, response);
    http->library->destroy_response(response);
    if (client) {
        client->answered = true;
        client->since = world_mono_now(http->world);
    }
    return result;
}

/* The text lives as long as the program. */
static enum MHD_Result send_text(const struct metrics_http *http, struct MHD_Connection *connection,
                                 unsigned int status, const char *type, const char *text)
{
    return send_answer(http, connection, status, type,
                       http->library->create_response_from_buffer(strlen(text), (void *)text,
                                                                  MHD_RESPMEM_PERSISTENT));
}

static enum MHD_Result send_metrics(struct metrics_http *http, struct MHD_Connection *connection)
{
    static const char *const types[] = {
        [METRICS_OPENMETRICS] = "application/openmetrics-text; version=1.0.0; charset=utf-8",
        [METRICS_PLAIN] = "text/plain; version=0.0.4; charset=utf-8",
    };
    enum metrics_format format = metrics_http_format(http->library->lookup_connection_value(
        connection, MHD_HEADER_KIND, MHD_HTTP_HEADER_ACCEPT));
    struct metrics_page *page = metrics_pages_get(http->pages, format);

    if (!page)
        return send_text(http, connection, MHD_HTTP_SERVICE_UNAVAILABLE, PLAIN,
                         "The daemon does not answer.\n");
    struct MHD_Response *response = http->library->create_response_from_callback(
        page->length, BLOCK, read_page, page, release_page);
    if (!response)
        metrics_page_release(page);
    return send_answer(http, connection, MHD_HTTP_OK, types[format], response);
}

/* Called by the library when the head of a request is complete, and again when all of it is. */
static enum MHD_Result on_request(void *ctx, struct MHD_Connection *connection, const char *url,
                                  const char *method, const char *version, const char *data,
                                  size_t *size, void **state)
{
    struct metrics_http *http = ctx;
    static const char front[] = "<!DOCTYPE html>\n<title>chronyd</title>\n"
                                "<p>Metrics of chronyd: <a href=\"/metrics\">/metrics</a></p>\n";

    if (strcmp(method, MHD_HTTP_METHOD_GET) != 0 && strcmp(method, MHD_HTTP_METHOD_HEAD) != 0)
        return send_text(http, connection, MHD_HTTP_METHOD_NOT_ALLOWED, PLAIN,
                         "Only GET and HEAD are allowed.\n");
    if (*size > 0)
        return MHD_NO;
    if (!*state) {
        *state = ctx;
        return MHD_YES;
    }
    if (strcmp(url, "/metrics") == 0)
        return send_metrics(http, connection);
    if (strcmp(url, "/") == 0)
        return send_text(http, connection, MHD_HTTP_OK, "text/html; charset=utf-8", front);
    return send_text(http, connection, MHD_HTTP_NOT_FOUND, PLAIN,
                     "Not found; there is /metrics.\n");
}

/* ---- The Accept header ---- */

/* The parameter q of an item of the header, from 0 to 1. */
static double item_weight(const char *item, size_t length)
{
    double weight = 1.0;
    size_t used;

    for (size_t i = 1; i + 1 < length; i++) {
        if (strncmp(item + i, "q=", 2) != 0 || !strchr("; \t", item[i - 1]))
            continue;
        if (!text_scan_double(item + i + 2, &weight, &used) || !(weight > 0.0))
            return 0.0;
    }
    return fmin(weight, 1.0);
}

/* The weight that the header gives a media type; 0: none. */
static double weight_of(const char *accept, const char *type)
{
    const size_t length = strlen(type);
    double best = 0.0;

    while (accept && *accept != '\0') {
        accept += strspn(accept, " \t,");
        size_t item = strcspn(accept, ",");
        if (item >= length && strncasecmp(accept, type, length) == 0 &&
            strcspn(accept + length, " \t;,") == 0)
            best = fmax(best, item_weight(accept, item));
        accept += item;
    }
    return best;
}

enum metrics_format metrics_http_format(const char *accept)
{
    double open = weight_of(accept, "application/openmetrics-text");

    return open > 0.0 && open >= weight_of(accept, "text/plain") ? METRICS_OPENMETRICS
                                                                 : METRICS_PLAIN;
}

/* ---- Life ---- */

struct metrics_http *metrics_http_new(struct world *world, const struct metrics_library *library,
                                      struct metrics_pages *pages, int fd)
{
    struct metrics_http *http = mem_alloc(sizeof(*http));

    http->world = world;
    http->library = library;
    http->pages = pages;
    http->daemon = http->library->start_daemon(
        MHD_USE_EPOLL, 0, NULL, NULL, on_request, http, MHD_OPTION_LISTEN_SOCKET, fd,
        MHD_OPTION_CONNECTION_LIMIT, (unsigned int)METRICS_HTTP_MAX,
        MHD_OPTION_CONNECTION_MEMORY_LIMIT, (size_t)METRICS_HTTP_REQUEST,
        MHD_OPTION_NOTIFY_CONNECTION, on_connection, http, MHD_OPTION_END);
    if (http->daemon)
        return http;
    free(http);
    return NULL;
}

void metrics_http_free(struct metrics_http *http)
{
    if (!http)
        return;
    http->library->stop_daemon(http->daemon);
    free(http);
}

int metrics_http_fd(const struct metrics_http *http)
{
    return http->library->get_daemon_info(http->daemon, MHD_DAEMON_INFO_EPOLL_FD)->epoll_fd;
}

int metrics_http_timeout(const struct metrics_http *http)
{
    MHD_UNSIGNED_LONG_LONG wanted;
    int limit = count_clients(http, NULL) > 0 ? (int)(ROUND * 1000.0) : -1;

    if (http->library->get_timeout(http->daemon, &wanted) != MHD_YES)
        return limit;
    return limit >= 0 && wanted > (MHD_UNSIGNED_LONG_LONG)limit ? limit : (int)wanted;
}

void metrics_http_run(struct metrics_http *http)
{
    close_late(http);
    http->library->run(http->daemon);
}
