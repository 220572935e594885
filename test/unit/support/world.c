/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The virtual world of the unit tests. Whatever a test does not need is missing from the table of
 * functions, so that a module which uses more than it should is noticed at once.
 */
#include "test/unit/support/world.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include "base/text.h"

#define MAX_SOCKETS 128
#define MAX_NAMES   32
#define MAX_FILES   16
#define FIRST_PORT  40000
#define LOOKUP_TIME 0.01

struct datagram {
    struct datagram *next;
    int64_t due; /* ns */
    int fd;      /* -1: by address */
    bool errqueue;
    int64_t stamp; /* by hardware, ns; 0: none */
    struct sim_packet packet;
};

struct sim_socket {
    bool open;
    enum ip_family family;
    struct ip_port local;
    struct ip_port remote; /* IP_UNSPEC: not connected */
    bool timestamps_tx;
};

struct sim_name {
    const char *name;
    enum resolve_status status;
    struct ip_addr addrs[ADDR_MAX_PER_NAME];
    int count;
    int lookups;
    double last;
};

struct lookup {
    struct lookup *next;
    int64_t due;
    const char *name;
    resolve_handler handler;
    void *arg;
};

struct sim_file {
    char path[256];
    char *text;
    mode_t mode;
};

struct sim_world {
    struct world world;
    int64_t now; /* ns since the start */
    int64_t step;
    uint64_t random;
    struct sim_socket sockets[MAX_SOCKETS];
    uint16_t last_port;
    struct datagram *network;
    struct sim_packet *sent;
    size_t sent_count;
    size_t send_calls;
    void (*host)(const struct sim_packet *packet, void *arg);
    void *host_arg;
    double delay;
    int loss;
    bool timestamps;
    bool hardware;
    double hardware_delay;
    bool unreachable;
    bool send_failure;
    struct ip_addr no_route;
    struct sim_name names[MAX_NAMES];
    struct lookup *lookups;
    struct sim_file files[MAX_FILES];
};

static struct instant at(int64_t ns)
{
    return instant_make(SIM_START, ns);
}

static int64_t to_ns(double seconds)
{
    return (int64_t)llround(seconds * 1e9);
}

static struct raw_time raw_now(void *ctx)
{
    struct sim_world *sim = ctx;

    return (struct raw_time){at(sim->now + sim->step)};
}

static struct mono_time mono_now(void *ctx)
{
    struct sim_world *sim = ctx;

    return (struct mono_time){instant_make(1000, sim->now)};
}

static void random_bytes(void *ctx, void *out, size_t length)
{
    struct sim_world *sim = ctx;
    uint8_t *p = out;

    for (size_t i = 0; i < length; i++) {
        sim->random ^= sim->random << 13;
        sim->random ^= sim->random >> 7;
        sim->random ^= sim->random << 17;
        p[i] = (uint8_t)(sim->random >> 24);
    }
}

/* Network. */

static bool takes(const struct sim_socket *s, const struct ip_port *from, const struct ip_port *to)
{
    return s->open && s->family == to->addr.family && s->local.port == to->port &&
           (ip_addr_is_any(&s->local.addr) || ip_addr_equal(&s->local.addr, &to->addr)) &&
           (s->remote.addr.family == IP_UNSPEC || ip_port_equal(&s->remote, from));
}

static int find_socket(const struct sim_world *sim, const struct ip_port *from,
                       const struct ip_port *to)
{
    for (int i = 0; i < MAX_SOCKETS; i++)
        if (takes(&sim->sockets[i], from, to))
            return i;
    return -1;
}

static void enqueue(struct sim_world *sim, const struct datagram *d)
{
    struct datagram *copy = malloc(sizeof(*copy)), **link = &sim->network;

    *copy = *d;
    while (*link && (*link)->due <= d->due)
        link = &(*link)->next;
    copy->next = *link;
    *link = copy;
}

void sim_deliver(struct sim_world *sim, const struct ip_port *from, const struct ip_port *to,
                 const void *data, size_t length, double delay)
{
    struct datagram d = {.due = sim->now + to_ns(delay), .fd = -1};

    d.packet.from = *from;
    d.packet.to = *to;
    d.packet.length = length;
    memcpy(d.packet.data, data, length);
    enqueue(sim, &d);
}

/* The first datagram that is due for a socket. */
static struct datagram **find_datagram(struct sim_world *sim, int fd, bool errqueue)
{
    for (struct datagram **link = &sim->network; *link; link = &(*link)->next) {
        struct datagram *d = *link;
        if (d->due > sim->now || d->errqueue != errqueue)
            continue;
        if (d->fd >= 0 ? d->fd == fd : takes(&sim->sockets[fd], &d->packet.from, &d->packet.to))
            return link;
    }
    return NULL;
}

static bool family_enabled(void *ctx, enum ip_family family)
{
    return family == IP_V4 || family == IP_V6;
}

static int socket_open(void *ctx, const struct world_socket *spec)
{
    struct sim_world *sim = ctx;
    int fd = 3;

    if (spec->remote && (sim->unreachable || ip_addr_equal(&spec->remote->addr, &sim->no_route))) {
        errno = ENETUNREACH;
        return -1;
    }
    while (fd < MAX_SOCKETS && sim->sockets[fd].open)
        fd++;
    if (fd == MAX_SOCKETS)
        return -1;
    struct sim_socket *s = &sim->sockets[fd];
    *s = (struct sim_socket){.open = true, .family = spec->family};
    s->timestamps_tx = spec->timestamps_tx;
    s->local.addr = spec->family == IP_V6 ? ip_addr_any(IP_V6) : ip_addr_any(IP_V4);
    if (spec->local)
        s->local = *spec->local;
    if (s->local.port == 0)
        s->local.port = (uint16_t)(FIRST_PORT + sim->last_port++);
    if (spec->remote)
        s->remote = *spec->remote;
    return fd;
}

static void socket_close(void *ctx, int fd)
{
    struct sim_world *sim = ctx;

    sim->sockets[fd].open = false;
    for (struct datagram **link = &sim->network; *link;) {
        struct datagram *d = *link;
        if (d->fd != fd) {
            link = &d->next;
            continue;
        }
        *link = d->next;
        free(d);
    }
}

static int receive(void *ctx, int fd, struct world_datagram *msgs, int count, bool errqueue)
{
    struct sim_world *sim = ctx;
    struct datagram **link;
    int n = 0;

    for (; n < count && (link = find_datagram(sim, fd, errqueue)); n++) {
        struct datagram *d = *link;
        *link = d->next;
        world_datagram_init(&msgs[n], msgs[n].data, msgs[n].size);
        memcpy(msgs[n].data, d->packet.data, d->packet.length);
        msgs[n].length = d->packet.length;
        msgs[n].remote = errqueue ? d->packet.to : d->packet.from;
        msgs[n].local = d->packet.to.addr;
        /* As the kernel does, without the scope, which is the index of the interface. */
        msgs[n].if_index = msgs[n].remote.addr.scope != 0 ? (int)msgs[n].remote.addr.scope : 1;
        msgs[n].remote.addr.scope = 0;
        if (sim->timestamps)
            msgs[n].kernel_time.i = at(d->due + sim->step);
        if (sim->hardware && !errqueue)
            d->stamp = d->due;
        if (d->stamp != 0)
            msgs[n].hardware_time.i = instant_add(at(d->stamp), SIM_HARDWARE_OFFSET);
        free(d);
    }
    return n;
}

static struct ip_addr source_address(const struct sim_socket *s, const struct world_datagram *msg)
{
    if (ip_addr_is_real(&msg->local))
        return msg->local;
    if (!ip_addr_is_any(&s->local.addr))
        return s->local.addr;
    struct ip_addr v6 = {.family = IP_V6, .u.v6 = {0x20, 1, 0xd, 0xb8, [15] = 100}};
    return s->family == IP_V6 ? v6 : ip_addr_v4(192, 0, 2, 100);
}

static void send_one(struct sim_world *sim, int fd, const struct world_datagram *msg)
{
    const struct sim_socket *s = &sim->sockets[fd];
    struct sim_packet p = {.time = sim_time(sim),
                           .length = msg->length,
                           .tx_timestamp = s->timestamps_tx || msg->want_tx_timestamp};

    p.from = (struct ip_port){source_address(s, msg), s->local.port};
    p.to = s->remote.addr.family != IP_UNSPEC ? s->remote : msg->remote;
    memcpy(p.data, msg->data, msg->length);
    sim->sent = realloc(sim->sent, (sim->sent_count + 1) * sizeof(p));
    sim->sent[sim->sent_count++] = p;

    if (sim->timestamps && p.tx_timestamp) {
        struct datagram d = {.due = sim->now + 1000, .fd = fd, .errqueue = true, .packet = p};
        enqueue(sim, &d);
        /* In a message of its own, as with OPT_TX_SWHW. */
        d.due = sim->now + to_ns(sim->hardware_delay);
        d.stamp = sim->now + 1500;
        if (sim->hardware && sim->hardware_delay >= 0.0)
            enqueue(sim, &d);
    }
    if (sim->loss > 0) {
        sim->loss--;
        return;
    }
    if (find_socket(sim, &p.from, &p.to) >= 0)
        sim_deliver(sim, &p.from, &p.to, p.data, p.length, sim->delay);
    else if (sim->host)
        sim->host(&p, sim->host_arg);
}

static int send_datagrams(void *ctx, int fd, const struct world_datagram *msgs, int count)
{
    struct sim_world *sim = ctx;
    int n = 0;

    sim->send_calls++;
    if (sim->send_failure) {
        errno = ENETUNREACH;
        return -1;
    }
    /* The kernel refuses to send to port 0, and a batch ends there. */
    for (; n < count; n++) {
        if (sim->sockets[fd].remote.addr.family == IP_UNSPEC && msgs[n].remote.port == 0)
            break;
        send_one(sim, fd, &msgs[n]);
    }
    return n > 0 ? n : -1;
}

static int socket_error(void *ctx, int fd)
{
    return 0;
}

/* Resolver. */

static struct sim_name *find_name(const struct sim_world *sim, const char *name)
{
    for (int i = 0; i < MAX_NAMES; i++)
        if (sim->names[i].name && strcmp(sim->names[i].name, name) == 0)
            return (struct sim_name *)(uintptr_t)&sim->names[i];
    return NULL;
}

static struct sim_name *get_name(struct sim_world *sim, const char *name)
{
    struct sim_name *n = find_name(sim, name);

    for (int i = 0; !n && i < MAX_NAMES; i++)
        if (!sim->names[i].name) {
            n = &sim->names[i];
            *n = (struct sim_name){.name = text_dup(name), .status = RESOLVE_TRY_AGAIN};
            n->last = -1.0;
        }
    return n;
}

void sim_set_name(struct sim_world *sim, const char *name, enum resolve_status status,
                  const struct ip_addr *addrs, int count)
{
    struct sim_name *n = get_name(sim, name);

    n->status = status;
    n->count = count;
    for (int i = 0; i < count; i++)
        n->addrs[i] = addrs[i];
}

int sim_lookups(const struct sim_world *sim, const char *name, double *last)
{
    const struct sim_name *n = find_name(sim, name);

    if (last)
        *last = n ? n->last : -1.0;
    return n ? n->lookups : 0;
}

static bool resolve(void *ctx, const char *name, enum ip_family family, bool reload,
                    resolve_handler handler, void *arg)
{
    struct sim_world *sim = ctx;
    struct sim_name *n = get_name(sim, name);
    struct lookup *l = malloc(sizeof(*l)), **link = &sim->lookups;

    n->lookups++;
    n->last = sim_time(sim);
    *l = (struct lookup){
        .due = sim->now + to_ns(LOOKUP_TIME), .name = n->name, .handler = handler, .arg = arg};
    while (*link)
        link = &(*link)->next;
    *link = l;
    return true;
}

static void dispatch(void *ctx)
{
    struct sim_world *sim = ctx;

    while (sim->lookups && sim->lookups->due <= sim->now) {
        struct lookup *l = sim->lookups;
        struct sim_name *n = get_name(sim, l->name);
        struct ip_addr addr;

        sim->lookups = l->next;
        if (ip_addr_parse(l->name, &addr))
            l->handler(RESOLVE_SUCCESS, &addr, 1, l->arg);
        else
            l->handler(n->status, n->addrs, n->status == RESOLVE_SUCCESS ? n->count : 0, l->arg);
        free(l);
    }
}

static int pending(void *ctx)
{
    struct sim_world *sim = ctx;

    return sim->lookups ? 1 : 0;
}

/* Waiting. */

static int ready(struct sim_world *sim, struct world_fd *fds, size_t count)
{
    int n = sim->lookups && sim->lookups->due <= sim->now ? 1 : 0;

    for (size_t i = 0; i < count; i++) {
        fds[i].revents = 0;
        if (find_datagram(sim, fds[i].fd, false))
            fds[i].revents |= WORLD_READ;
        if (find_datagram(sim, fds[i].fd, true))
            fds[i].revents |= WORLD_EXCEPT;
        fds[i].revents &= fds[i].events;
        n += fds[i].revents != 0;
    }
    return n;
}

/* Packets to a socket that is gone are lost. */
static void drop_lost(struct sim_world *sim)
{
    for (struct datagram **link = &sim->network; *link;) {
        struct datagram *d = *link;
        if (d->fd >= 0 || d->due > sim->now ||
            find_socket(sim, &d->packet.from, &d->packet.to) >= 0) {
            link = &d->next;
            continue;
        }
        *link = d->next;
        free(d);
    }
}

static int wait_events(void *ctx, struct world_fd *fds, size_t count, double timeout)
{
    struct sim_world *sim = ctx;
    int64_t end = timeout >= 0.0 ? sim->now + (int64_t)ceil(timeout * 1e9) : INT64_MAX;

    for (;;) {
        int n = ready(sim, fds, count);
        int64_t next = end;

        if (n > 0)
            return n;
        drop_lost(sim);
        if (sim->now >= end)
            return 0;
        if (sim->lookups && sim->lookups->due < next)
            next = sim->lookups->due;
        for (const struct datagram *d = sim->network; d; d = d->next)
            if (d->due > sim->now && d->due < next)
                next = d->due;
        if (next == INT64_MAX)
            abort();
        sim->now = next;
    }
}

static bool no(void *ctx)
{
    return false;
}

/* Files. */

void sim_set_file(struct sim_world *sim, const char *path, const char *text, mode_t mode)
{
    struct sim_file *file = NULL;

    for (int i = 0; i < MAX_FILES && !file; i++)
        if (strcmp(sim->files[i].path, path) == 0)
            file = &sim->files[i];
    for (int i = 0; i < MAX_FILES && !file; i++)
        if (sim->files[i].path[0] == '\0')
            file = &sim->files[i];
    if (!file)
        abort();
    free(file->text);
    file->text = text ? text_dup(text) : NULL;
    file->mode = mode;
    text_copy(file->path, sizeof(file->path), text ? path : "");
}

static const struct sim_file *find_file(const struct sim_world *sim, const char *path)
{
    for (int i = 0; i < MAX_FILES; i++)
        if (sim->files[i].text && strcmp(sim->files[i].path, path) == 0)
            return &sim->files[i];
    return NULL;
}

static FILE *file_read(void *ctx, const char *path)
{
    const struct sim_file *file = find_file(ctx, path);

    if (!file) {
        errno = ENOENT;
        return NULL;
    }
    FILE *stream = tmpfile();
    if (stream) {
        fputs(file->text, stream);
        rewind(stream);
    }
    return stream;
}

static bool file_info(void *ctx, const char *path, struct world_file_info *info)
{
    const struct sim_file *file = find_file(ctx, path);

    if (!file)
        return false;
    *info = (struct world_file_info){.mode = file->mode, .is_regular = true};
    return true;
}

static char **list_files(void *ctx, const char *directory, const char *suffix)
{
    struct sim_world *sim = ctx;
    char **names = mem_array(MAX_FILES + 1, sizeof(*names));
    size_t length = strlen(directory), count = 0;

    for (int i = 0; i < MAX_FILES; i++) {
        const char *path = sim->files[i].path;
        const char *name = path + length + 1;
        if (!sim->files[i].text || strncmp(path, directory, length) != 0 || path[length] != '/' ||
            strlen(name) < strlen(suffix) ||
            strcmp(name + strlen(name) - strlen(suffix), suffix) != 0)
            continue;
        names[count++] = text_dup(name);
    }
    return names;
}

static const struct world_ops ops = {
    .raw_now = raw_now,
    .mono_now = mono_now,
    .wait = wait_events,
    .quit_requested = no,
    .reload_requested = no,
    .family_enabled = family_enabled,
    .socket_open = socket_open,
    .socket_close = socket_close,
    .receive = receive,
    .send = send_datagrams,
    .socket_error = socket_error,
    .random_bytes = random_bytes,
    .resolve = resolve,
    .dispatch = dispatch,
    .pending = pending,
    .file_read = file_read,
    .file_info = file_info,
    .list_files = list_files,
};

struct sim_world *sim_world_new(void)
{
    struct sim_world *sim = mem_alloc(sizeof(*sim));

    sim->world = (struct world){.ops = &ops, .ctx = sim};
    sim->random = 0x9e3779b97f4a7c15ULL;
    return sim;
}

void sim_world_free(struct sim_world *sim)
{
    while (sim->network) {
        struct datagram *d = sim->network;
        sim->network = d->next;
        free(d);
    }
    while (sim->lookups) {
        struct lookup *l = sim->lookups;
        sim->lookups = l->next;
        free(l);
    }
    for (int i = 0; i < MAX_NAMES; i++)
        free((char *)(uintptr_t)sim->names[i].name);
    for (int i = 0; i < MAX_FILES; i++)
        free(sim->files[i].text);
    free(sim->sent);
    free(sim);
}

struct world *sim_world_interface(struct sim_world *sim)
{
    return &sim->world;
}

static void set_flag(void *arg)
{
    *(bool *)arg = true;
}

void sim_run(struct sim_world *sim, struct loop *loop, double seconds)
{
    bool done = false;

    loop_timer_add(loop, seconds, set_flag, &done);
    while (!done)
        loop_run_once(loop);
}

double sim_time(const struct sim_world *sim)
{
    return (double)sim->now / 1e9;
}

struct raw_time sim_raw(const struct sim_world *sim)
{
    return (struct raw_time){at(sim->now + sim->step)};
}

void sim_step(struct sim_world *sim, double seconds)
{
    sim->step += to_ns(seconds);
}

size_t sim_sent_count(const struct sim_world *sim)
{
    return sim->sent_count;
}

const struct sim_packet *sim_sent(const struct sim_world *sim, size_t index)
{
    return &sim->sent[index];
}

void sim_clear_sent(struct sim_world *sim)
{
    sim->sent_count = 0;
    sim->send_calls = 0;
}

size_t sim_send_calls(const struct sim_world *sim)
{
    return sim->send_calls;
}

void sim_set_host(struct sim_world *sim, void (*host)(const struct sim_packet *packet, void *arg),
                  void *arg)
{
    sim->host = host;
    sim->host_arg = arg;
}

void sim_set_delay(struct sim_world *sim, double delay)
{
    sim->delay = delay;
}

void sim_set_loss(struct sim_world *sim, int packets)
{
    sim->loss = packets;
}

void sim_set_timestamps(struct sim_world *sim, bool on)
{
    sim->timestamps = on;
}

void sim_set_hardware(struct sim_world *sim, bool on, double delay)
{
    sim->hardware = on;
    sim->hardware_delay = delay;
}

void sim_set_unreachable(struct sim_world *sim, bool on)
{
    sim->unreachable = on;
}

void sim_set_send_failure(struct sim_world *sim, bool on)
{
    sim->send_failure = on;
}

void sim_set_no_route(struct sim_world *sim, const struct ip_addr *addr)
{
    sim->no_route = *addr;
}

size_t sim_open_sockets(const struct sim_world *sim)
{
    size_t n = 0;

    for (int i = 0; i < MAX_SOCKETS; i++)
        n += sim->sockets[i].open;
    return n;
}
