/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The program comes out of the compiler as an object file, whose octets are part of this daemon.
 * libbpf makes its arrays, and loads it.
 */
#include "chronyd/os/xdp_program.h"

#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <errno.h>
#include <linux/if_link.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>
#include "base/log.h"
#include "base/text.h"

/* Made from ntp/server/xdp/program.c by the Makefile. */
extern const unsigned char xdp_program_octets[];
extern const unsigned int xdp_program_octet_count;

/* The kernel rounds elements of arrays up to this. */
#define ELEMENT_ALIGNMENT 8
_Static_assert(sizeof(struct xdp_head) % ELEMENT_ALIGNMENT == 0 &&
                   sizeof(struct xdp_content) % ELEMENT_ALIGNMENT == 0 &&
                   sizeof(struct access_node) % ELEMENT_ALIGNMENT == 0 &&
                   sizeof(struct xdp_slot) % ELEMENT_ALIGNMENT == 0 &&
                   sizeof(struct xdp_counts) % ELEMENT_ALIGNMENT == 0,
               "elements lie without gaps");

struct mapping {
    void *start;
    size_t length;
};

#define MAPPINGS 5

struct xdp_program {
    struct bpf_object *object;
    int descriptor;
    struct mapping mappings[MAPPINGS];
    int mapping_count;
    struct fast_path_memory memory;
};

static int on_libbpf_message(enum libbpf_print_level level, const char *format, va_list args)
{
    char text[512];

    vsnprintf(text, sizeof(text), format, args);
    text[strcspn(text, "\n")] = '\0';
    LOG_DEBUG("%s", text);
    return 0;
}

static struct bpf_map *find_map(const struct xdp_program *p, const char *name)
{
    return bpf_object__find_map_by_name(p->object, name);
}

static bool set_count(const struct xdp_program *p, const char *name, uint32_t count)
{
    struct bpf_map *map = find_map(p, name);

    return map && bpf_map__set_max_entries(map, count) == 0;
}

/* NULL: the memory cannot be had. */
static void *map_memory(struct xdp_program *p, const char *name)
{
    const struct bpf_map *map = find_map(p, name);
    const size_t page = (size_t)sysconf(_SC_PAGESIZE);

    if (!map)
        return NULL;
    size_t length = (size_t)bpf_map__value_size(map) * bpf_map__max_entries(map);
    length = (length + page - 1) / page * page;
    void *start = mmap(NULL, length, PROT_READ | PROT_WRITE, MAP_SHARED, bpf_map__fd(map), 0);
    if (start == MAP_FAILED)
        return NULL;
    p->mappings[p->mapping_count++] = (struct mapping){start, length};
    return start;
}

static bool load(struct xdp_program *p, const struct fast_path_sizes *sizes)
{
    const int processors = libbpf_num_possible_cpus();

    if (processors <= 0 || !set_count(p, "nodes", sizes->nodes) ||
        !set_count(p, "slots", sizes->slots) || !set_count(p, "counts", (uint32_t)processors) ||
        bpf_object__load(p->object) != 0)
        return false;
    struct bpf_program *program = bpf_object__find_program_by_name(p->object, "holdover_ntp");
    p->descriptor = program ? bpf_program__fd(program) : -1;
    p->memory = (struct fast_path_memory){
        .sizes = *sizes,
        .processors = (uint32_t)processors,
        .head = map_memory(p, "head"),
        .contents = map_memory(p, "contents"),
        .nodes = map_memory(p, "nodes"),
        .slots = map_memory(p, "slots"),
        .counts = map_memory(p, "counts"),
    };
    return p->descriptor >= 0 && p->mapping_count == MAPPINGS;
}

static const char *load_hint(int error)
{
    if (error == EPERM || error == EACCES)
        return " (it needs CAP_BPF, CAP_NET_ADMIN and CAP_PERFMON at the start)";
    return error == ENOMEM || error == E2BIG ? "" : " (it needs Linux 5.12 or later)";
}

struct xdp_program *xdp_program_load(const struct fast_path_sizes *sizes, char *error,
                                     size_t error_size)
{
    struct xdp_program *p = mem_alloc(sizeof(*p));

    libbpf_set_print(on_libbpf_message);
    p->descriptor = -1;
    errno = 0;
    p->object = bpf_object__open_mem(xdp_program_octets, xdp_program_octet_count, NULL);
    if (p->object && load(p, sizes))
        return p;
    int reason = errno;
    snprintf(error, error_size, "The program could not be loaded : %s%s", text_errno(reason),
             load_hint(reason));
    xdp_program_free(p);
    return NULL;
}

void xdp_program_settle(struct xdp_program *p)
{
    bpf_object__close(p->object);
    p->object = NULL;
    p->descriptor = -1;
}

void xdp_program_free(struct xdp_program *p)
{
    if (!p)
        return;
    for (int i = 0; i < p->mapping_count; i++)
        munmap(p->mappings[i].start, p->mappings[i].length);
    bpf_object__close(p->object);
    free(p);
}

const struct fast_path_memory *xdp_program_memory(const struct xdp_program *program)
{
    return &program->memory;
}

int xdp_program_descriptor(const struct xdp_program *program)
{
    return program->descriptor;
}

static const char *attach_hint(int error, bool generic)
{
    switch (error) {
    case EBUSY:
    case EEXIST:
        return " (another XDP program is attached to it)";
    case EPERM:
    case EACCES:
        return " (it needs CAP_BPF, CAP_NET_ADMIN and CAP_PERFMON at the start)";
    case EOPNOTSUPP:
    case EINVAL:
        return generic ? "" : " (if its driver has no XDP: the option generic)";
    default:
        return "";
    }
}

int xdp_program_attach(const struct xdp_program *program, uint32_t index, bool generic, char *error,
                       size_t error_size)
{
    LIBBPF_OPTS(bpf_link_create_opts, opts,
                .flags = generic ? XDP_FLAGS_SKB_MODE : XDP_FLAGS_DRV_MODE);
    int fd = bpf_link_create(program->descriptor, (int)index, BPF_XDP, &opts);

    if (fd >= 0)
        return fd;
    snprintf(error, error_size, "%s%s", text_errno(-fd), attach_hint(-fd, generic));
    return -1;
}
