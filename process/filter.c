/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Makes the system call filter of a promise and loads it. What is allowed and denied is in the
 * files promise_*.c.
 */
#include "config.h"

#include "process/filter.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include "base/log.h"
#include "base/number.h"

#ifdef FEAT_SCFILTER

#include <errno.h>
#include <seccomp.h>
#include <sys/syscall.h>
#include <unistd.h>

/* Calls have numbers from 0, but on MIPS. */
#ifdef __NR_Linux
#define FIRST_NUMBER __NR_Linux
#else
#define FIRST_NUMBER 0
#endif
/* Arguments that are ints in the kernel, whatever a register holds above them. */
#define INT_MASK UINT64_C(0xffffffff)
/* Calls that a promise names without conditions. */
#define MAX_DECIDED 512

struct rules {
    scmp_filter_ctx ctx;
    enum call_levels levels;
    uint32_t otherwise; /* action without a rule; the library refuses rules with the same one */
    uint32_t ends, kills;
    int decided[MAX_DECIDED]; /* numbers of calls about which there is a rule without conditions */
    size_t decided_count;
};

/* New calls, which have the same number on every architecture but Alpha, where libseccomp may not
   know the names yet. */
static const struct {
    const char *name;
    int number;
} new_calls[] = {
    {"fchmodat2", 452},      {"setxattrat", 463},   {"removexattrat", 466},
    {"open_tree_attr", 467}, {"file_setattr", 469},
};

/* __NR_SCMP_ERROR: a call that the library and the architecture do not have cannot be made. */
int filter_call_number(const char *name)
{
    int number = seccomp_syscall_resolve_name(name);

    for (size_t i = 0; number == __NR_SCMP_ERROR && i < COUNT(new_calls); i++)
        if (strcmp(name, new_calls[i].name) == 0)
            number = FIRST_NUMBER + new_calls[i].number;
    return number;
}

static uint32_t scmp_action(const struct rules *r, enum call_action action)
{
    switch (action) {
    case CALL_WORKS:
        return SCMP_ACT_ALLOW;
    case CALL_FAILS:
        return SCMP_ACT_ERRNO(EPERM);
    case CALL_MISSING:
        return SCMP_ACT_ERRNO(ENOSYS);
    case CALL_ENDS:
        return r->ends;
    default:
        return r->kills;
    }
}

static struct scmp_arg_cmp scmp_argument(const struct argument *a)
{
    switch (a->test) {
    case ARGUMENT_IS:
        return SCMP_CMP(a->index, SCMP_CMP_MASKED_EQ, INT_MASK, a->value & INT_MASK);
    case ARGUMENT_IS_NOT:
        return SCMP_CMP(a->index, SCMP_CMP_NE, a->value, 0);
    case ARGUMENT_ABOVE:
        return SCMP_CMP(a->index, SCMP_CMP_GT, a->value, 0);
    case ARGUMENT_IS_OTHER:
        return SCMP_CMP(a->index, SCMP_CMP_NE, (scmp_datum_t)getpid(), 0);
    default:
        return SCMP_CMP(a->index, SCMP_CMP_MASKED_EQ, a->mask, a->value);
    }
}

static bool is_decided(const struct rules *r, int number)
{
    for (size_t i = 0; i < r->decided_count; i++)
        if (r->decided[i] == number)
            return true;
    return false;
}

static bool add_name(struct rules *r, uint32_t action, const char *name)
{
    int number = filter_call_number(name);

    if (number == __NR_SCMP_ERROR || is_decided(r, number))
        return true;
    if (r->decided_count == MAX_DECIDED)
        return false;
    r->decided[r->decided_count++] = number;
    return action == r->otherwise || seccomp_rule_add(r->ctx, action, number, 0) >= 0;
}

static bool add_rule(const struct rules *r, uint32_t action, const struct call_rule *rule)
{
    struct scmp_arg_cmp arguments[COUNT(rule->arguments)];
    int number = filter_call_number(rule->name);
    unsigned int count = 0;

    if (number == __NR_SCMP_ERROR || is_decided(r, number) || action == r->otherwise)
        return true;
    for (size_t i = 0; i < COUNT(rule->arguments); i++)
        if (rule->arguments[i].test != ARGUMENT_ANY)
            arguments[count++] = scmp_argument(&rule->arguments[i]);
    return seccomp_rule_add_array(r->ctx, action, number, count, arguments) >= 0;
}

static bool add_group(struct rules *r, const struct call_group *group)
{
    const uint32_t action = scmp_action(r, group->action);

    for (const char *const *name = group->names; name && *name; name++)
        if (!add_name(r, action, *name))
            return false;
    for (const struct call_rule *rule = group->rules; rule && rule->name; rule++)
        if (!add_rule(r, action, rule))
            return false;
    return true;
}

/* Calls that this program does not know, and that libc may know. */
static bool add_new_calls(struct rules *r)
{
    for (int i = PROMISE_FIRST_NEW; i <= PROMISE_LAST_NEW; i++)
        if (!is_decided(r, FIRST_NUMBER + i) &&
            seccomp_rule_add(r->ctx, SCMP_ACT_ERRNO(ENOSYS), FIRST_NUMBER + i, 0) < 0)
            return false;
    return true;
}

static bool add_groups(struct rules *r, const struct promise *promise, unsigned int work)
{
    for (const struct call_group *const *group = promise->groups; *group; group++) {
        if (!((*group)->levels & r->levels) || ((*group)->work & ~work))
            continue;
        if (!add_group(r, *group))
            return false;
    }
    return r->levels == LEVELS_DENIED || add_new_calls(r);
}

/* Ends the whole process. Kernels before 4.14 can only end the thread that made the call. */
static uint32_t kill_action(void)
{
    return seccomp_api_get() >= 3 ? SCMP_ACT_KILL_PROCESS : SCMP_ACT_KILL;
}

static void load(int level, enum process_role role, unsigned int work)
{
    const struct promise *promise = promise_of(role);
    struct rules r = {.levels = filter_levels(level, role),
                      .ends = SCMP_ACT_TRAP,
                      .kills = level > 0 ? kill_action() : SCMP_ACT_TRAP};

    r.otherwise = r.levels == LEVELS_LISTED ? r.ends : SCMP_ACT_ALLOW;
    r.ctx = seccomp_init(r.otherwise);
    if (!r.ctx)
        LOG_FATAL("Failed to initialize seccomp");
    /* Calls by the numbers of another architecture. */
    if (seccomp_attr_set(r.ctx, SCMP_FLTATR_ACT_BADARCH, r.kills) < 0)
        LOG_FATAL("Failed to initialize seccomp");
    if (!add_groups(&r, promise, work))
        LOG_FATAL("Failed to add seccomp rules");
    if (seccomp_load(r.ctx) < 0)
        LOG_FATAL("Failed to load seccomp rules");
    seccomp_release(r.ctx);
    LOG(role == PROCESS_MAIN ? LOG_SEV_INFO : LOG_SEV_DEBUG, "Loaded seccomp filter (level %d)",
        r.levels == LEVELS_LISTED ? 1 : 2);
}

#else

int filter_call_number(const char *name)
{
    return -1;
}

#endif

enum call_levels filter_levels(int level, enum process_role role)
{
    return promise_of(role)->lists_calls && abs(level) == 1 ? LEVELS_LISTED : LEVELS_DENIED;
}

void filter_check_level(int level)
{
    if (level < -2 || level > 2)
        LOG_FATAL("Unsupported filter level");
#ifndef FEAT_SCFILTER
    if (level != 0)
        LOG_FATAL("system call filter not supported");
#endif
}

void filter_load(int level, enum process_role role, unsigned int work)
{
    filter_check_level(level);
#ifdef FEAT_SCFILTER
    if (level != 0)
        load(level, role, work);
#endif
}
