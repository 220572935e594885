/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * /proc, see machine_process.h. Its texts are read with bounds: a process has a name that it likes.
 */
#include "chronyc/machine_process.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/number.h"
#include "base/text.h"

#define PATH_SIZE 512

/* Ticks per second of /proc/PID/stat (proc(5)): 100 for all programs of user space. */
#define USER_HZ 100.0

/* ---- Processes ---- */

/* The value behind "KEY:", at the beginning of a line. NULL: there is no such line. */
static const char *status_value(const char *text, const char *key)
{
    size_t length = strlen(key);

    for (const char *line = text; line; line = strchr(line, '\n')) {
        line += line[0] == '\n';
        if (strncmp(line, key, length) == 0 && line[length] == ':')
            return line + length + 1 + strspn(line + length + 1, " \t");
    }
    return NULL;
}

static uint64_t status_number(const char *text, const char *key, int base)
{
    const char *value = status_value(text, key);

    return value ? strtoull(value, NULL, base) : 0;
}

/* The second number: that in effect, of four. */
static uint32_t effective_id(const char *text, const char *key)
{
    const char *value = status_value(text, key);
    uint32_t id = UINT32_MAX;

    if (value)
        sscanf(value, "%*u %" SCNu32, &id);
    return id;
}

bool process_read(const struct machine *machine, int pid, struct process *process)
{
    char path[PATH_SIZE], text[8192];
    const char *name, *state;

    snprintf(path, sizeof(path), "/proc/%d/status", pid);
    if (!machine_read(machine, path, text, sizeof(text)))
        return false;
    name = status_value(text, "Name");
    state = status_value(text, "State");
    *process = (struct process){
        .pid = pid,
        .parent = (int)status_number(text, "PPid", 10),
        .state = state ? state[0] : '?',
        .uid = effective_id(text, "Uid"),
        .gid = effective_id(text, "Gid"),
        .capabilities = status_number(text, "CapEff", 16),
        .bounding = status_number(text, "CapBnd", 16),
        .seccomp = status_value(text, "Seccomp") ? (int)status_number(text, "Seccomp", 10) : -1,
    };
    snprintf(process->name, sizeof(process->name), "%.*s", name ? (int)strcspn(name, "\n") : 0,
             name ? name : "");
    text_make_printable(process->name);
    return true;
}

struct collection {
    const struct machine *machine;
    struct processes processes;
};

static bool collect_process(const char *name, void *arg)
{
    struct collection *c = arg;
    struct processes *all = &c->processes;
    struct process process;
    long pid;

    /* A zombie holds nothing and does nothing. */
    if (text_parse_long(name, 1, INT32_MAX, &pid) != TEXT_NUMBER_OK ||
        !process_read(c->machine, (int)pid, &process) || process.state == 'Z')
        return true;
    all->items = mem_resize(all->items, all->count + 1, sizeof(*all->items));
    all->items[all->count++] = process;
    return true;
}

struct processes processes_read(const struct machine *machine)
{
    struct collection c = {.machine = machine};

    c.processes.unknown = !machine_list(machine, "/proc", collect_process, &c);
    return c.processes;
}

void processes_free(struct processes *processes)
{
    free(processes->items);
    *processes = (struct processes){0};
}

double process_started(const struct machine *machine, int pid)
{
    char path[PATH_SIZE], text[4096];
    unsigned long long ticks;

    snprintf(path, sizeof(path), "/proc/%d/stat", pid);
    if (!machine_read(machine, path, text, sizeof(text)))
        return -1.0;
    const char *end = strrchr(text, ')'); /* behind the name, which may have spaces */
    if (!end || sscanf(end + 1,
                       " %*c %*d %*d %*d %*d %*d %*u %*u %*u %*u %*u %*u %*u %*d %*d %*d %*d %*d "
                       "%*d %llu",
                       &ticks) != 1)
        return -1.0;
    char *stat = machine_text(machine, "/proc/stat", NULL);
    const char *boot = stat ? strstr(stat, "\nbtime ") : NULL;
    double started =
        boot ? strtod(boot + strlen("\nbtime "), NULL) + (double)ticks / USER_HZ : -1.0;
    free(stat);
    return started;
}

/* The next word of a command line; NULL: there are no more. The text ends with a zero in any
   case. */
static const char *next_word(const char *words, size_t length, const char *word)
{
    const char *next = word ? word + strlen(word) + 1 : words;

    return next < words + length ? next : NULL;
}

static char *command_line(const struct machine *machine, int pid, size_t *length)
{
    char path[PATH_SIZE];

    *length = 0;
    snprintf(path, sizeof(path), "/proc/%d/cmdline", pid);
    return machine_text(machine, path, length);
}

bool process_option(const struct machine *machine, int pid, const char *option, char *value,
                    size_t size)
{
    size_t length, n = strlen(option);
    char *words = command_line(machine, pid, &length);
    const char *word = NULL, *found = NULL;

    while (!found && words && (word = next_word(words, length, word)))
        if (strncmp(word, option, n) == 0)
            found = word[n] != '\0' ? word + n : next_word(words, length, word);
    bool ok = found && text_copy(value, size, found);
    free(words);
    return ok;
}

bool process_has_word(const struct machine *machine, int pid, const char *wanted)
{
    size_t length;
    char *words = command_line(machine, pid, &length);
    const char *word = NULL;
    bool found = false;

    while (!found && words && (word = next_word(words, length, word)))
        found = strcmp(word, wanted) == 0;
    free(words);
    return found;
}

/* ---- Sockets ---- */

#define STATE_UNCONNECTED 7 /* of UDP */
#define STATE_LISTENING   10

static bool is_wanted(uint16_t port, const uint16_t *ports, size_t count)
{
    for (size_t i = 0; i < count; i++)
        if (port == ports[i])
            return true;
    return false;
}

/* Hexadecimal digits of the address, in words in the machine's order of octets. */
static bool is_loopback(const char *hex)
{
    static const char *const loopbacks[] = {"0100007F", "7F000001",
                                            "00000000000000000000000001000000",
                                            "00000000000000000000000000000001"};

    for (size_t i = 0; i < COUNT(loopbacks); i++)
        if (strcmp(hex, loopbacks[i]) == 0)
            return true;
    return false;
}

static bool parse_socket(const char *line, struct machine_socket *socket, unsigned int *state)
{
    char address[33];
    unsigned int port;

    if (sscanf(line, " %*u: %32[0-9A-F]:%x %*x:%*x %x %*x:%*x %*x:%*x %*x %" SCNu32 " %*u %lu",
               address, &port, state, &socket->uid, &socket->inode) != 5)
        return false;
    socket->port = (uint16_t)port;
    socket->loopback = is_loopback(address);
    return true;
}

struct table {
    const char *name;
    bool tcp;
};

static bool read_table(const struct machine *machine, int pid, const struct table *table,
                       const uint16_t *ports, size_t port_count, struct machine_sockets *sockets)
{
    char path[PATH_SIZE], *text = NULL;

    /* That of a process is the one of its network namespace. */
    snprintf(path, sizeof(path), "/proc/%d/net/%s", pid, table->name);
    if (pid > 0)
        text = machine_text(machine, path, NULL);
    snprintf(path, sizeof(path), "/proc/net/%s", table->name);
    if (!text)
        text = machine_text(machine, path, NULL);
    if (!text)
        return false;
    for (const char *line = strchr(text, '\n'); line; line = strchr(line, '\n')) {
        struct machine_socket socket = {.tcp = table->tcp};
        unsigned int state = 0, wanted = table->tcp ? STATE_LISTENING : STATE_UNCONNECTED;

        line++;
        if (!parse_socket(line, &socket, &state) || state != wanted ||
            !is_wanted(socket.port, ports, port_count))
            continue;
        sockets->items = mem_resize(sockets->items, sockets->count + 1, sizeof(*sockets->items));
        sockets->items[sockets->count++] = socket;
    }
    free(text);
    return true;
}

struct holder {
    const struct machine *machine;
    struct machine_sockets *sockets;
    int pid;
};

static bool check_descriptor(const char *name, void *arg)
{
    struct holder *h = arg;
    char path[PATH_SIZE], link[64];
    unsigned long inode;

    snprintf(path, sizeof(path), "/proc/%d/fd/%.32s", h->pid, name);
    if (!machine_link(h->machine, path, link, sizeof(link)) ||
        sscanf(link, "socket:[%lu]", &inode) != 1)
        return true;
    for (size_t i = 0; i < h->sockets->count; i++)
        if (h->sockets->items[i].inode == inode && h->sockets->items[i].pid == 0)
            h->sockets->items[i].pid = h->pid;
    return true;
}

static void look_at_process(const struct machine *machine, int pid, struct machine_sockets *sockets)
{
    struct holder h = {machine, sockets, pid};
    char path[PATH_SIZE];

    snprintf(path, sizeof(path), "/proc/%d/fd", pid);
    if (!machine_list(machine, path, check_descriptor, &h))
        sockets->hidden = true;
}

/* A socket may be held by several, as by a service manager that has opened it for another one. That
   process (0: none) comes first. */
static void find_holders(const struct machine *machine, int first,
                         const struct processes *processes, struct machine_sockets *sockets)
{
    if (first > 0)
        look_at_process(machine, first, sockets);
    for (size_t i = 0; i < processes->count; i++)
        look_at_process(machine, processes->items[i].pid, sockets);
}

struct machine_sockets sockets_read(const struct machine *machine, int pid, const uint16_t *ports,
                                    size_t port_count, const struct processes *processes)
{
    static const struct table tables[] = {
        {"udp", false}, {"udp6", false}, {"tcp", true}, {"tcp6", true}};
    struct machine_sockets sockets = {.unknown = true};

    for (size_t i = 0; i < COUNT(tables); i++)
        if (read_table(machine, pid, &tables[i], ports, port_count, &sockets))
            sockets.unknown = false;
    if (sockets.count > 0)
        find_holders(machine, pid, processes, &sockets);
    return sockets;
}

/* "Num: RefCount Protocol Flags Type St Inode Path" */
int unix_socket_holder(const struct machine *machine, const char *path,
                       const struct processes *processes)
{
    struct machine_socket socket = {.pid = 0};
    struct machine_sockets sockets = {.items = &socket};
    char *text = machine_text(machine, "/proc/net/unix", NULL);
    size_t length = strlen(path);

    for (char *line = text; line && sockets.count == 0; line = strchr(line, '\n')) {
        line += line[0] == '\n';
        size_t end = strcspn(line, "\n");
        if (end > length && line[end - length - 1] == ' ' &&
            strncmp(line + end - length, path, length) == 0 &&
            sscanf(line, "%*s %*s %*s %*s %*s %*s %lu", &socket.inode) == 1)
            sockets.count = 1;
    }
    free(text);
    if (sockets.count > 0)
        find_holders(machine, 0, processes, &sockets);
    return socket.pid;
}

void sockets_free(struct machine_sockets *sockets)
{
    free(sockets->items);
    *sockets = (struct machine_sockets){0};
}
