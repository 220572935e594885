/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Access rules with a host name that could not be resolved when the configuration was read: the
 * name is looked up again and again in the background, and the rule is applied when it has an
 * address (config.md 16). Until then the rule does not exist.
 */
#ifndef NTP_ACCESS_NAMES_H
#define NTP_ACCESS_NAMES_H

#include "base/loop.h"
#include "base/world.h"
#include "conf/groups.h"

struct access_names;

struct access_names_params {
    struct world *world;
    struct loop *loop;
    const struct conf_access_rules *rules;
    /* Called with the rule of a name that was resolved, in order of time; the rule is for one
       address. Context messages (log_set_context_info) have the severity info meanwhile. */
    void (*apply)(const struct conf_access_rule *rule, void *arg);
    void *arg;
};

/* Starts the lookups, if there are names at all. Everything given must outlive it, except params
   itself. */
struct access_names *access_names_new(const struct access_names_params *params);
/* The world may not be dispatched afterwards: a lookup may be under way. */
void access_names_free(struct access_names *names);

/* A rule was applied at run time. It is later than all of the configuration, so that a name does
   not undo it. */
void access_names_add_rule(struct access_names *names, const struct conf_access_rule *rule);

#endif
