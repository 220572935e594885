/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Dropping root with libcap. The order is that of system.md 10.3: keep capabilities over the change
 * of user, groups, group, user, then reduce them.
 */
#include "config.h"

#include "process/privileges.h"

#include <errno.h>
#include <grp.h>
#include <pwd.h>
#include <signal.h>
#include <stddef.h>
#include <stdio.h>
#include <sys/prctl.h>
#include <unistd.h>
#ifdef FEAT_PRIVDROP
#include <sys/capability.h>
#endif
#include "base/log.h"
#include "base/number.h"
#include "base/text.h"

bool privileges_look_up_user(const char *name, uid_t *uid, gid_t *gid)
{
    const struct passwd *user = getpwnam(name);

    if (!user)
        return false;
    *uid = user->pw_uid;
    *gid = user->pw_gid;
    return true;
}

void privileges_find_user(const char *name, uid_t *uid, gid_t *gid)
{
    if (!privileges_look_up_user(name, uid, gid))
        LOG_FATAL("Could not get user/group ID of %s", name);
}

#ifdef FEAT_PRIVDROP

static const struct {
    unsigned int privilege;
    cap_value_t value;
    const char *name;
} capabilities[] = {
    {PRIVILEGE_SYS_TIME, CAP_SYS_TIME, "CAP_SYS_TIME"},
    {PRIVILEGE_NET_BIND_SERVICE, CAP_NET_BIND_SERVICE, "CAP_NET_BIND_SERVICE"},
    {PRIVILEGE_NET_RAW, CAP_NET_RAW, "CAP_NET_RAW"},
    {PRIVILEGE_DAC_READ_SEARCH, CAP_DAC_READ_SEARCH, "CAP_DAC_READ_SEARCH"},
    {PRIVILEGE_SETUID, CAP_SETUID, "CAP_SETUID"},
    {PRIVILEGE_SETGID, CAP_SETGID, "CAP_SETGID"},
    {PRIVILEGE_IPC_LOCK, CAP_IPC_LOCK, "CAP_IPC_LOCK"},
};
#define CAPABILITY_COUNT COUNT(capabilities)

static cap_t present_set(void)
{
    cap_t set = cap_get_proc();

    if (!set)
        LOG_FATAL("cap_get_proc() failed : %s", text_errno(errno));
    return set;
}

/* Those of the wanted capabilities that this set of the process does not have. */
static unsigned int missing_in(unsigned int wanted, cap_flag_t flag)
{
    unsigned int missing = 0;
    cap_t set = present_set();

    for (size_t i = 0; i < CAPABILITY_COUNT; i++) {
        cap_flag_value_t value = CAP_CLEAR;

        if (wanted & capabilities[i].privilege &&
            (cap_get_flag(set, capabilities[i].value, flag, &value) < 0 || value != CAP_SET))
            missing |= capabilities[i].privilege;
    }
    cap_free(set);
    return missing;
}

unsigned int privileges_missing(unsigned int wanted)
{
    return missing_in(wanted, CAP_PERMITTED);
}

#define ALL_PRIVILEGES (2 * PRIVILEGE_IPC_LOCK - 1)

static unsigned int reserved_now(void)
{
    return missing_in(ALL_PRIVILEGES, CAP_EFFECTIVE) & ~missing_in(ALL_PRIVILEGES, CAP_PERMITTED);
}

static void take_away(unsigned int privileges, bool permitted)
{
    cap_t set = present_set();

    for (size_t i = 0; i < CAPABILITY_COUNT; i++) {
        const cap_value_t *value = &capabilities[i].value;

        if (!(privileges & capabilities[i].privilege))
            continue;
        cap_set_flag(set, CAP_EFFECTIVE, 1, value, CAP_CLEAR);
        if (!permitted)
            continue;
        cap_set_flag(set, CAP_PERMITTED, 1, value, CAP_CLEAR);
        cap_set_flag(set, CAP_INHERITABLE, 1, value, CAP_CLEAR);
    }
    if (cap_set_proc(set) < 0)
        LOG_FATAL("cap_set_proc() failed : %s", text_errno(errno));
    cap_free(set);
}

void privileges_reserve(unsigned int privileges)
{
    if (privileges != 0)
        take_away(privileges, false);
}

void privileges_give_up(unsigned int privileges)
{
    take_away(privileges, true);
}

/* Names of capabilities, for messages. */
static const char *describe(unsigned int privileges, char *text, size_t size)
{
    size_t length = 0;

    text_copy(text, size, "none");
    for (size_t i = 0; i < CAPABILITY_COUNT; i++) {
        if (privileges & capabilities[i].privilege && length < size)
            length += (size_t)snprintf(text + length, size - length, "%s%s", length > 0 ? ", " : "",
                                       capabilities[i].name);
    }
    return text;
}

void privileges_limit(unsigned int keep)
{
    cap_value_t values[CAPABILITY_COUNT];
    char names[128];
    int count = 0;

    keep &= ~privileges_missing(keep);
    for (size_t i = 0; i < CAPABILITY_COUNT; i++) {
        if (keep & capabilities[i].privilege)
            values[count++] = capabilities[i].value;
    }
    cap_t set = cap_init();
    if (!set || (count > 0 && (cap_set_flag(set, CAP_EFFECTIVE, count, values, CAP_SET) < 0 ||
                               cap_set_flag(set, CAP_PERMITTED, count, values, CAP_SET) < 0)))
        LOG_FATAL("cap_from_text() failed : %s", text_errno(errno));
    if (cap_set_proc(set) < 0)
        LOG_FATAL("cap_set_proc() failed : %s (to keep: %s)", text_errno(errno),
                  describe(keep, names, sizeof(names)));
    cap_free(set);
}

/* Why a change of user failed, and what can be done. */
static const char *way_out(unsigned int wanted)
{
    return privileges_missing(wanted) == 0 ? ""
           : wanted == PRIVILEGE_SETUID
               ? "; CAP_SETUID is not permitted (-u root, or start as the user, with -U)"
               : "; CAP_SETGID is not permitted (-u root, or start as the user, with -U)";
}

void privileges_drop(uid_t uid, gid_t gid, unsigned int keep)
{
    keep &= ~privileges_missing(keep);
    if (keep != 0 && prctl(PR_SET_KEEPCAPS, 1, 0, 0, 0) < 0)
        LOG_FATAL("prctl(PR_SET_KEEPCAPS) failed : %s", text_errno(errno));
    /* In some user namespaces groups cannot be set. Without groups there is nothing to clear. */
    if (setgroups(0, NULL) < 0 && !(errno == EPERM && getgroups(0, NULL) == 0))
        LOG_FATAL("setgroups() failed : %s%s", text_errno(errno), way_out(PRIVILEGE_SETGID));
    if (setgid(gid) < 0)
        LOG_FATAL("setgid(%u) failed : %s%s", (unsigned int)gid, text_errno(errno),
                  way_out(PRIVILEGE_SETGID));
    if (setuid(uid) < 0)
        LOG_FATAL("setuid(%u) failed : %s%s", (unsigned int)uid, text_errno(errno),
                  way_out(PRIVILEGE_SETUID));
    LOG_DEBUG("Dropped root privileges: UID %u GID %u", (unsigned int)uid, (unsigned int)gid);
    privileges_limit(keep);
}

void privileges_check_change(uid_t uid, gid_t gid)
{
    if ((gid != getegid() || getgroups(0, NULL) > 0) && privileges_missing(PRIVILEGE_SETGID))
        LOG_FATAL("setgid(%u) failed : %s%s", (unsigned int)gid, text_errno(EPERM),
                  way_out(PRIVILEGE_SETGID));
    if (uid != geteuid() && privileges_missing(PRIVILEGE_SETUID))
        LOG_FATAL("setuid(%u) failed : %s%s", (unsigned int)uid, text_errno(EPERM),
                  way_out(PRIVILEGE_SETUID));
    if (privileges_missing(PRIVILEGE_SETUID | PRIVILEGE_SETGID) == 0 &&
        !privileges_may_become(uid, gid) && errno == EINVAL)
        LOG_FATAL(
            "setuid(%u) or setgid(%u) failed : %s; the user namespace (rootless container) has no "
            "such ID (map more IDs, or -u root)",
            (unsigned int)uid, (unsigned int)gid, text_errno(EINVAL));
}

#else

unsigned int privileges_missing(unsigned int wanted)
{
    return 0;
}

static unsigned int reserved_now(void)
{
    return 0;
}

void privileges_reserve(unsigned int privileges)
{
}

void privileges_give_up(unsigned int privileges)
{
}

void privileges_limit(unsigned int keep)
{
}

void privileges_drop(uid_t uid, gid_t gid, unsigned int keep)
{
    LOG_FATAL("dropping root privileges not supported");
}

void privileges_check_change(uid_t uid, gid_t gid)
{
}

#endif

bool privileges_assume(uid_t uid, gid_t gid, unsigned int *reserved)
{
    *reserved = reserved_now();
    if (setegid(gid) < 0)
        return false;
    if (seteuid(uid) == 0)
        return true;
    privileges_resume(*reserved);
    return false;
}

void privileges_resume(unsigned int reserved)
{
    int error = errno;

    /* The real IDs are still root's. */
    if (seteuid(getuid()) < 0 || setegid(getgid()) < 0)
        LOG_FATAL("seteuid(%u) failed : %s", (unsigned int)getuid(), text_errno(errno));
    /* The return to root has made all that is permitted effective. */
    privileges_reserve(reserved);
    /* A change of user has reset it to the system's default. */
    prctl(PR_SET_DUMPABLE, 0, 0, 0, 0);
    errno = error;
}

bool privileges_may_become(uid_t uid, gid_t gid)
{
    int dumpable = prctl(PR_GET_DUMPABLE, 0, 0, 0, 0);
    unsigned int reserved;

    if (privileges_missing(PRIVILEGE_SETUID | PRIVILEGE_SETGID) ||
        !privileges_assume(uid, gid, &reserved))
        return false;
    privileges_resume(reserved);
    prctl(PR_SET_DUMPABLE, dumpable, 0, 0, 0);
    return true;
}

bool privileges_kill(pid_t pid, uid_t uid)
{
    unsigned int reserved;

    if (kill(pid, SIGKILL) == 0)
        return true;
    if (errno != EPERM || !privileges_assume(uid, getegid(), &reserved))
        return false;
    int result = kill(pid, SIGKILL);
    privileges_resume(reserved);
    return result == 0;
}

bool privileges_port_needs_bind_service(int port)
{
    int first_free = 1024;
    FILE *f = fopen("/proc/sys/net/ipv4/ip_unprivileged_port_start", "re");

    if (f) {
        if (fscanf(f, "%d", &first_free) != 1)
            first_free = 1024;
        fclose(f);
    }
    return port > 0 && port < first_free;
}

void privileges_forbid_new(void)
{
    if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0)
        LOG_FATAL("prctl(PR_SET_NO_NEW_PRIVS) failed : %s", text_errno(errno));
}

bool privileges_may_set_clock(void)
{
#ifdef FEAT_PRIVDROP
    return cap_get_bound(CAP_SYS_TIME) > 0;
#else
    return true;
#endif
}

void privileges_empty_bounding_set(void)
{
    for (unsigned long i = 0; prctl(PR_CAPBSET_READ, i, 0, 0, 0) >= 0; i++)
        prctl(PR_CAPBSET_DROP, i, 0, 0, 0);
}
