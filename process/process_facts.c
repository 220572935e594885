/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Reader of /proc/PID/status; see process_facts.h. A process chooses its name, which the kernel
 * writes with newlines escaped; no other text in the file is the process's own.
 */
#include "process/process_facts.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>
#include "base/number.h"

/* The list of groups can be long, but not in a process that has changed its user. */
#define STATUS_SIZE 16384

struct value {
    const char *begin, *end; /* of the line behind "KEY:", without blanks at the beginning */
};

static bool find_value(const char *text, size_t length, const char *key, struct value *value)
{
    const char *const end = text + length;
    const size_t key_length = strlen(key);

    while (text < end) {
        const char *newline = memchr(text, '\n', (size_t)(end - text));

        if (!newline)
            return false;
        if ((size_t)(newline - text) > key_length && strncmp(text, key, key_length) == 0 &&
            text[key_length] == ':') {
            *value = (struct value){text + key_length + 1, newline};
            while (value->begin < newline && (*value->begin == ' ' || *value->begin == '\t'))
                value->begin++;
            return true;
        }
        text = newline + 1;
    }
    return false;
}

static int digit_of(char c)
{
    return c >= '0' && c <= '9' ? c - '0' : c >= 'a' && c <= 'f' ? c - 'a' + 10 : 16;
}

/* A number that ends with the line or a blank; the value goes on behind it. */
static bool take_number(struct value *value, unsigned int base, uint64_t max, uint64_t *number)
{
    const char *p = value->begin;
    uint64_t n = 0;

    for (; p < value->end && *p != ' ' && *p != '\t'; p++) {
        unsigned int digit = (unsigned int)digit_of(*p);

        if (digit >= base || digit > max || n > (max - digit) / base)
            return false;
        n = n * base + digit;
    }
    if (p == value->begin)
        return false;
    while (p < value->end && (*p == ' ' || *p == '\t'))
        p++;
    value->begin = p;
    *number = n;
    return true;
}

static bool parse_number(const char *text, size_t length, const char *key, unsigned int base,
                         uint64_t max, uint64_t *number)
{
    struct value value;

    return find_value(text, length, key, &value) && take_number(&value, base, max, number) &&
           value.begin == value.end;
}

static bool parse_set(const char *text, size_t length, const char *key, uint64_t *set)
{
    return parse_number(text, length, key, 16, UINT64_MAX, set);
}

/* "123 kB" */
static uint64_t parse_size(const char *text, size_t length, const char *key)
{
    struct value value;
    uint64_t kibibytes;

    if (!find_value(text, length, key, &value) ||
        !take_number(&value, 10, UINT64_MAX / 1024 - 1, &kibibytes) ||
        value.end - value.begin != 2 || strncmp(value.begin, "kB", 2) != 0)
        return PROCESS_NO_SIZE;
    return kibibytes * 1024;
}

bool process_facts_parse(const char *text, size_t length, struct process_facts *facts)
{
    uint64_t real, effective, no_new_privileges, seccomp = 0;
    struct value state, ids;

    memset(facts, 0, sizeof(*facts));
    if (!find_value(text, length, "State", &state) || state.begin == state.end ||
        !find_value(text, length, "Uid", &ids) || !take_number(&ids, 10, UINT32_MAX, &real) ||
        !take_number(&ids, 10, UINT32_MAX, &effective) ||
        !parse_set(text, length, "CapInh", &facts->inheritable) ||
        !parse_set(text, length, "CapPrm", &facts->permitted) ||
        !parse_set(text, length, "CapEff", &facts->effective) ||
        !parse_set(text, length, "CapBnd", &facts->bounding) ||
        !parse_set(text, length, "CapAmb", &facts->ambient) ||
        !parse_number(text, length, "NoNewPrivs", 10, 1, &no_new_privileges))
        return false;
    /* A kernel can be built without it. */
    struct value mode;
    if (find_value(text, length, "Seccomp", &mode) &&
        !parse_number(text, length, "Seccomp", 10, 2, &seccomp))
        return false;
    facts->state = *state.begin;
    facts->uid = (uint32_t)effective;
    facts->no_new_privileges = no_new_privileges != 0;
    facts->seccomp = (int)seccomp;
    facts->memory = parse_size(text, length, "RssAnon");
    return true;
}

int process_facts_open(void)
{
    return open("/proc/self/status", O_RDONLY | O_CLOEXEC | O_NOCTTY);
}

void process_facts_show(const struct channel *channel, const struct process_place *place)
{
    const struct ipc_message message = {.type = IPC_FACTS,
                                        .u.facts = {.role = place->role,
                                                    .number = place->number,
                                                    .generation = place->generation,
                                                    .pid = (int32_t)getpid()}};
    int file = process_facts_open();

    if (file < 0)
        return;
    channel_send_blocking(channel, &message, file);
    close(file);
}

enum process_facts_result process_facts_read(int fd, struct process_facts *facts)
{
    char text[STATUS_SIZE];
    size_t length = 0;
    ssize_t got;

    errno = EBADF;
    do {
        got = pread(fd, text + length, sizeof(text) - length, (off_t)length);
        length += got > 0 ? (size_t)got : 0;
    } while (got > 0 && length < sizeof(text));
    if (got < 0)
        return errno == ESRCH ? PROCESS_FACTS_ENDED : PROCESS_FACTS_UNKNOWN;
    if (!process_facts_parse(text, length, facts)) {
        errno = EINVAL;
        return PROCESS_FACTS_UNKNOWN;
    }
    return facts->state == 'Z' || facts->state == 'X' ? PROCESS_FACTS_ENDED : PROCESS_FACTS_READ;
}
