/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The machine that a configuration is judged on: plain facts, and the questions that depend on the
 * configuration. surroundings_linux.c collects those of this machine; tests make them up.
 */
#ifndef CHRONYD_CHECK_SURROUNDINGS_H
#define CHRONYD_CHECK_SURROUNDINGS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>
#include "base/addr.h"
#include "base/world.h"

struct check_user {
    const char *name;
    uid_t uid;
    gid_t gid;
};

/* Hardware timestamps of an interface. */
enum check_timestamps { TIMESTAMPS_UNKNOWN, TIMESTAMPS_NONE, TIMESTAMPS_HARDWARE };

struct check_interface {
    char name[32];
    enum check_timestamps timestamps;
};

enum check_answer { ANSWER_NO, ANSWER_YES, ANSWER_UNKNOWN };

struct surroundings {
    const struct world *world; /* files, zones; nothing else of it is used */
    int64_t now;               /* seconds since 1970 */
    int64_t built;             /* about when this program was built; 0: not known */
    bool has_rtc;
    bool has_nts, has_refclocks, has_pps, has_phc, has_rtc_support, has_privdrop; /* this build */
    bool has_signd, has_filter, has_cmdmon, has_metrics, has_xdp;
    struct check_user self; /* that runs the check */
    struct check_interface *interfaces;
    size_t interface_count;
    bool knows_interfaces; /* the list could be made */
    struct ip_addr *addresses;
    size_t address_count;

    /* IDs of a user; false: there is no such user. */
    bool (*find_user)(const char *name, uid_t *uid, gid_t *gid);
    /* Asks the kernel whether a user may use an existing path in this way (R_OK | W_OK | X_OK),
       without supplementary groups, as the daemon has none. NULL, or ANSWER_UNKNOWN: it cannot be
       asked. */
    enum check_answer (*ask_kernel)(const struct check_user *user, const char *path, int how);
    /* Becomes this user without any capability, as far as that is possible, for what parses
       certificates. NULL: nothing is given up. */
    void (*give_up_rights)(const struct check_user *user);
};

/* Facts of this machine and this program. Freed by surroundings_free. */
struct surroundings *surroundings_new(void);
void surroundings_free(struct surroundings *s);

#endif
