/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Dropping root with libcap. The order is that of system.md 10.3: keep capabilities over the change
 * of user, groups, group, user, then reduce them.
 */
#include "config.h"

#include "chronyd/os/privileges.h"

#include <errno.h>
#include <grp.h>
#include <pwd.h>
#include <stddef.h>
#include <sys/prctl.h>
#include <unistd.h>
#ifdef FEAT_PRIVDROP
#include <sys/capability.h>
#endif
#include "base/log.h"
#include "base/text.h"

void privileges_find_user(const char *name, uid_t *uid, gid_t *gid)
{
    const struct passwd *user = getpwnam(name);

    if (!user)
        LOG_FATAL("Could not get user/group ID of %s", name);
    *uid = user->pw_uid;
    *gid = user->pw_gid;
}

#ifdef FEAT_PRIVDROP

static const struct {
    unsigned int privilege;
    cap_value_t value;
} capabilities[] = {
    {PRIVILEGE_SYS_TIME, CAP_SYS_TIME}, {PRIVILEGE_NET_BIND_SERVICE, CAP_NET_BIND_SERVICE},
    {PRIVILEGE_NET_RAW, CAP_NET_RAW},   {PRIVILEGE_DAC_READ_SEARCH, CAP_DAC_READ_SEARCH},
    {PRIVILEGE_SETUID, CAP_SETUID},     {PRIVILEGE_SETGID, CAP_SETGID},
    {PRIVILEGE_KILL, CAP_KILL},
};
#define CAPABILITY_COUNT (sizeof(capabilities) / sizeof(capabilities[0]))

void privileges_limit(unsigned int keep)
{
    cap_value_t values[CAPABILITY_COUNT];
    int count = 0;

    for (size_t i = 0; i < CAPABILITY_COUNT; i++) {
        if (keep & capabilities[i].privilege)
            values[count++] = capabilities[i].value;
    }
    cap_t set = cap_init();
    if (!set || (count > 0 && (cap_set_flag(set, CAP_EFFECTIVE, count, values, CAP_SET) < 0 ||
                               cap_set_flag(set, CAP_PERMITTED, count, values, CAP_SET) < 0)))
        LOG_FATAL("cap_from_text() failed");
    if (cap_set_proc(set) < 0)
        LOG_FATAL("cap_set_proc() failed");
    cap_free(set);
}

void privileges_drop(uid_t uid, gid_t gid, unsigned int keep)
{
    if (prctl(PR_SET_KEEPCAPS, 1, 0, 0, 0) < 0)
        LOG_FATAL("prctl() failed");
    if (setgroups(0, NULL) < 0)
        LOG_FATAL("setgroups() failed : %s", text_errno(errno));
    if (setgid(gid) < 0)
        LOG_FATAL("setgid(%u) failed : %s", (unsigned int)gid, text_errno(errno));
    if (setuid(uid) < 0)
        LOG_FATAL("setuid(%u) failed : %s", (unsigned int)uid, text_errno(errno));
    LOG_DEBUG("Dropped root privileges: UID %u GID %u", (unsigned int)uid, (unsigned int)gid);
    privileges_limit(keep);
}

#else

void privileges_limit(unsigned int keep)
{
    (void)keep;
}

void privileges_drop(uid_t uid, gid_t gid, unsigned int keep)
{
    (void)uid;
    (void)gid;
    (void)keep;
    LOG_FATAL("dropping root privileges not supported");
}

#endif

void privileges_forbid_new(void)
{
    if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0)
        LOG_FATAL("prctl() failed");
}

bool privileges_may_set_clock(void)
{
#ifdef FEAT_PRIVDROP
    return cap_get_bound(CAP_SYS_TIME) > 0;
#else
    return true;
#endif
}
