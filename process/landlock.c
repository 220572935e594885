/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The system calls of Landlock, which libc does not have, with their numbers and layouts, which old
 * kernel headers do not have. Each version of the interface adds rights; a right that the kernel
 * does not know must not be asked for.
 */
#include "process/landlock.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>
#include "base/number.h"
#include "base/text.h"

/* ---- The interface of the kernel ---- */

#ifdef SYS_landlock_create_ruleset
#define CREATE_RULESET SYS_landlock_create_ruleset
#define ADD_RULE       SYS_landlock_add_rule
#define RESTRICT_SELF  SYS_landlock_restrict_self
#elif defined(__NR_Linux)
#define CREATE_RULESET (__NR_Linux + 444)
#define ADD_RULE       (__NR_Linux + 445)
#define RESTRICT_SELF  (__NR_Linux + 446)
#else
#define CREATE_RULESET 444
#define ADD_RULE       445
#define RESTRICT_SELF  446
#endif

#define CREATE_VERSION 1U /* flag: asks for the version */
enum { RULE_PATH = 1, RULE_PORT = 2 };

struct ruleset_attributes {
    uint64_t files;
    uint64_t network; /* since version 4 */
    uint64_t scoped;  /* since version 6 */
};

struct path_attributes {
    uint64_t allowed;
    int32_t fd;
} __attribute__((packed));

struct port_attributes {
    uint64_t allowed;
    uint64_t port;
};

#define FILE_EXECUTE   (UINT64_C(1) << 0)
#define FILE_WRITE     (UINT64_C(1) << 1)
#define FILE_READ      (UINT64_C(1) << 2)
#define DIRECTORY_READ (UINT64_C(1) << 3)
#define REMOVE_FILE    (UINT64_C(1) << 5)
#define MAKE_REGULAR   (UINT64_C(1) << 8)
#define MAKE_SOCKET    (UINT64_C(1) << 9)
#define FIRST_RIGHTS   (MAKE_SYMLINK * 2 - 1) /* of version 1: all up to symbolic links */
#define MAKE_SYMLINK   (UINT64_C(1) << 12)
#define REFER          (UINT64_C(1) << 13) /* version 2 */
#define TRUNCATE       (UINT64_C(1) << 14) /* 3 */
#define DEVICE_CONTROL (UINT64_C(1) << 15) /* 5 */
/* Rights that a rule for a file can have; the others are those of directories. */
#define OF_FILES (FILE_EXECUTE | FILE_WRITE | FILE_READ | TRUNCATE | DEVICE_CONTROL)

#define BIND_TCP    (UINT64_C(1) << 0) /* 4 */
#define CONNECT_TCP (UINT64_C(1) << 1)

#define SCOPE_ABSTRACT (UINT64_C(1) << 0) /* 6 */
#define SCOPE_SIGNAL   (UINT64_C(1) << 1)

int landlock_abi(void)
{
    long abi = syscall(CREATE_RULESET, NULL, (size_t)0, CREATE_VERSION);

    return abi < 0 ? 0 : (int)abi;
}

unsigned int landlock_kinds(int abi, const struct landlock_wish *wish)
{
    unsigned int kinds = 0;

    if (abi >= 1)
        kinds |= LANDLOCK_FILES;
    if (abi >= 3)
        kinds |= LANDLOCK_TRUNCATE;
    if (abi >= 4)
        kinds |=
            (wish->binds_any ? 0 : LANDLOCK_BIND) | (wish->connects_any ? 0 : LANDLOCK_CONNECT);
    if (abi >= 5)
        kinds |= LANDLOCK_DEVICES;
    if (abi >= 6)
        kinds |= LANDLOCK_SIGNALS | (wish->abstract_sockets ? 0 : LANDLOCK_ABSTRACT);
    return kinds;
}

static struct ruleset_attributes handled(int abi, unsigned int kinds)
{
    return (struct ruleset_attributes){
        .files = (kinds & LANDLOCK_FILES ? FIRST_RIGHTS : 0) | (abi >= 2 ? REFER : 0) |
                 (kinds & LANDLOCK_TRUNCATE ? TRUNCATE : 0) |
                 (kinds & LANDLOCK_DEVICES ? DEVICE_CONTROL : 0),
        .network =
            (kinds & LANDLOCK_BIND ? BIND_TCP : 0) | (kinds & LANDLOCK_CONNECT ? CONNECT_TCP : 0),
        .scoped = (kinds & LANDLOCK_ABSTRACT ? SCOPE_ABSTRACT : 0) |
                  (kinds & LANDLOCK_SIGNALS ? SCOPE_SIGNAL : 0),
    };
}

static size_t attributes_size(int abi)
{
    return abi >= 6   ? sizeof(struct ruleset_attributes)
           : abi >= 4 ? offsetof(struct ruleset_attributes, scoped)
                      : offsetof(struct ruleset_attributes, network);
}

/* ---- Rules ---- */

static uint64_t rights_of(enum path_use use)
{
    switch (use) {
    case PATH_WRITE:
        return FILE_READ | DIRECTORY_READ | FILE_WRITE | TRUNCATE | REMOVE_FILE | MAKE_REGULAR |
               MAKE_SOCKET;
    case PATH_DEVICE:
        return FILE_READ | DIRECTORY_READ | FILE_WRITE | DEVICE_CONTROL;
    default:
        return FILE_READ | DIRECTORY_READ;
    }
}

static bool add_path(int ruleset, const struct path_rule *rule, uint64_t known)
{
    struct path_attributes attributes = {
        .allowed = rights_of(rule->use) & known,
        .fd = open(rule->path, O_PATH | O_CLOEXEC),
    };
    struct stat st;

    if (attributes.fd < 0)
        return false;
    if (fstat(attributes.fd, &st) == 0 && !S_ISDIR(st.st_mode))
        attributes.allowed &= OF_FILES;
    bool ok = syscall(ADD_RULE, ruleset, RULE_PATH, &attributes, 0U) == 0;
    close(attributes.fd);
    return ok;
}

static bool add_port(int ruleset, uint16_t port)
{
    const struct port_attributes attributes = {.allowed = BIND_TCP, .port = port};

    return syscall(ADD_RULE, ruleset, RULE_PORT, &attributes, 0U) == 0;
}

static unsigned int add_rules(int ruleset, const struct landlock_wish *wish, uint64_t known,
                              unsigned int kinds)
{
    unsigned int count = 0;

    for (size_t i = 0; i < wish->path_count; i++)
        count += add_path(ruleset, &wish->paths[i], known);
    for (size_t i = 0; kinds & LANDLOCK_BIND && i < wish->bind_port_count; i++)
        count += add_port(ruleset, wish->bind_ports[i]);
    return count;
}

struct landlock_result landlock_restrict(const struct landlock_wish *wish)
{
    struct landlock_result result = {.abi = landlock_abi()};
    const unsigned int kinds = landlock_kinds(result.abi, wish);
    const struct ruleset_attributes attributes = handled(result.abi, kinds);

    if (result.abi == 0)
        return result;
    long ruleset = syscall(CREATE_RULESET, &attributes, attributes_size(result.abi), 0U);
    if (ruleset < 0) {
        result.error = errno;
        return result;
    }
    unsigned int rules = add_rules((int)ruleset, wish, attributes.files, kinds);
    if (syscall(RESTRICT_SELF, (int)ruleset, 0U) == 0) {
        result.kinds = kinds;
        result.rules = rules;
    } else {
        result.error = errno;
    }
    close((int)ruleset);
    return result;
}

const char *landlock_describe(unsigned int kinds, char *text, size_t size)
{
    static const struct {
        enum landlock_kind kind;
        const char *name;
    } texts[] = {{LANDLOCK_FILES, "files"},         {LANDLOCK_TRUNCATE, "truncation"},
                 {LANDLOCK_DEVICES, "devices"},     {LANDLOCK_BIND, "TCP bind"},
                 {LANDLOCK_CONNECT, "TCP connect"}, {LANDLOCK_ABSTRACT, "abstract sockets"},
                 {LANDLOCK_SIGNALS, "signals"}};
    size_t length = 0;

    text_copy(text, size, "nothing");
    for (size_t i = 0; i < COUNT(texts); i++)
        if (kinds & texts[i].kind && length < size)
            length += (size_t)snprintf(text + length, size - length, "%s%s", length > 0 ? ", " : "",
                                       texts[i].name);
    return text;
}
