/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The surroundings of --check on this machine. Nothing is changed: the one socket is for requests
 * about interfaces, and the effective user is another one only while the kernel is asked what that
 * one may do.
 */
#include "config.h"

#include "chronyd/check/surroundings.h"

#include <errno.h>
#include <ifaddrs.h>
#ifdef HAVE_LINUX_TIMESTAMPING
#include <linux/ethtool.h>
#include <linux/net_tstamp.h>
#include <linux/sockios.h>
#endif
#include <fcntl.h>
#include <grp.h>
#include <net/if.h>
#include <netinet/in.h>
#include <pwd.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>
#include "base/file.h"
#include "base/text.h"
#include "chronyd/os/world_linux.h"
#include "process/privileges.h"

/* Files that are read here are small. */
#define MAX_FILE_SIZE (64 * 1024 * 1024)

#ifdef HAVE_LINUX_TIMESTAMPING
static enum check_timestamps find_timestamps(const char *name)
{
    const unsigned int needed = SOF_TIMESTAMPING_TX_HARDWARE | SOF_TIMESTAMPING_RAW_HARDWARE;
    struct ethtool_ts_info info = {.cmd = ETHTOOL_GET_TS_INFO};
    struct ifreq r = {.ifr_data = (void *)&info};
    int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);

    if (fd < 0)
        fd = socket(AF_INET6, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    if (fd < 0 || !text_copy(r.ifr_name, sizeof(r.ifr_name), name)) {
        if (fd >= 0)
            close(fd);
        return TIMESTAMPS_UNKNOWN;
    }
    int result = ioctl(fd, SIOCETHTOOL, &r);
    int error = errno;
    close(fd);
    if (result < 0)
        return error == EOPNOTSUPP ? TIMESTAMPS_NONE : TIMESTAMPS_UNKNOWN;
    return (info.so_timestamping & needed) == needed && info.phc_index >= 0 ? TIMESTAMPS_HARDWARE
                                                                            : TIMESTAMPS_NONE;
}
#else
static enum check_timestamps find_timestamps(const char *name)
{
    return TIMESTAMPS_NONE;
}
#endif

static void add_interface(struct surroundings *s, const char *name)
{
    for (size_t i = 0; i < s->interface_count; i++) {
        if (strcmp(s->interfaces[i].name, name) == 0)
            return;
    }
    s->interfaces = mem_resize(s->interfaces, s->interface_count + 1, sizeof(*s->interfaces));
    struct check_interface *interface = &s->interfaces[s->interface_count++];
    memset(interface, 0, sizeof(*interface));
    text_copy(interface->name, sizeof(interface->name), name);
    interface->timestamps = find_timestamps(name);
}

static void add_address(struct surroundings *s, const struct sockaddr *address)
{
    struct ip_port addr;
    size_t length =
        address->sa_family == AF_INET6 ? sizeof(struct sockaddr_in6) : sizeof(struct sockaddr_in);

    if ((address->sa_family != AF_INET && address->sa_family != AF_INET6) ||
        !ip_port_from_sockaddr(address, length, &addr))
        return;
    s->addresses = mem_resize(s->addresses, s->address_count + 1, sizeof(*s->addresses));
    s->addresses[s->address_count++] = addr.addr;
}

static void find_interfaces(struct surroundings *s)
{
    struct ifaddrs *first;

    s->knows_interfaces = getifaddrs(&first) == 0;
    if (!s->knows_interfaces)
        return;
    for (struct ifaddrs *item = first; item; item = item->ifa_next) {
        add_interface(s, item->ifa_name);
        if (item->ifa_addr)
            add_address(s, item->ifa_addr);
    }
    freeifaddrs(first);
}

static void find_build(struct surroundings *s)
{
    s->has_nts = strstr(CHRONYD_FEATURES, "+NTS") != NULL;
    s->has_refclocks = strstr(CHRONYD_FEATURES, "+REFCLOCK") != NULL;
    s->has_rtc_support = strstr(CHRONYD_FEATURES, "+RTC") != NULL;
    s->has_privdrop = strstr(CHRONYD_FEATURES, "+PRIVDROP") != NULL;
    s->has_signd = strstr(CHRONYD_FEATURES, "+SIGND") != NULL;
    s->has_filter = strstr(CHRONYD_FEATURES, "+SCFILTER") != NULL;
    s->has_cmdmon = strstr(CHRONYD_FEATURES, "+CMDMON") != NULL;
#ifdef FEAT_METRICS
    s->has_metrics = true;
#endif
#ifdef FEAT_XDP
    s->has_xdp = true;
#endif
#ifdef FEAT_PPS
    s->has_pps = true;
#endif
#ifdef FEAT_PHC
    s->has_phc = true;
#endif
    /* The era begins 50 years before the build, unless a packager has chosen another begin. */
    s->built = NTP_ERA_SPLIT + 18250LL * 24 * 3600;
    if (s->built > time(NULL) + 366LL * 24 * 3600)
        s->built = 0;
}

/* The daemon has no supplementary groups. Those of root would let others read files of root's
   group. */
static bool has_no_groups(void)
{
    return getgroups(0, NULL) == 0 || setgroups(0, NULL) == 0;
}

static enum check_answer ask_kernel(const struct check_user *user, const char *path, int how)
{
    bool is_self = user->uid == geteuid();
    unsigned int reserved;
    bool assumed = !is_self && geteuid() == 0 && has_no_groups() &&
                   privileges_may_become(user->uid, user->gid) &&
                   privileges_assume(user->uid, user->gid, &reserved);

    if (!is_self && !assumed)
        return ANSWER_UNKNOWN;
    int result = faccessat(AT_FDCWD, path, how, AT_EACCESS);
    int error = errno;
    if (assumed)
        privileges_resume(reserved);
    errno = error;
    return result == 0                         ? ANSWER_YES
           : error == EACCES || error == EROFS ? ANSWER_NO
                                               : ANSWER_UNKNOWN;
}

static void give_up_rights(const struct check_user *user)
{
    if (geteuid() != 0)
        return;
    if (user->uid != 0 && privileges_may_become(user->uid, user->gid))
        privileges_drop(user->uid, user->gid, 0);
    else
        privileges_limit(0);
}

/* As the world's, but a file that is far too large is not read. */
static FILE *read_bounded(void *ctx, const char *path)
{
    FILE *f = file_open_read(path);
    struct stat st;

    if (f && fstat(fileno(f), &st) == 0 && st.st_size > MAX_FILE_SIZE) {
        fclose(f);
        errno = EFBIG;
        return NULL;
    }
    return f;
}

struct linux_surroundings {
    struct surroundings s; /* the first member */
    struct world *real;
    struct world bounded; /* the same with read_bounded() */
    struct world_ops ops;
};

static void make_world(struct linux_surroundings *own)
{
    const struct world_linux_options options = {.ipv4 = true, .ipv6 = true};

    own->real = world_linux_new(&options);
    own->ops = *own->real->ops;
    own->ops.file_read = read_bounded;
    own->bounded = (struct world){.ops = &own->ops, .ctx = own->real->ctx};
    own->s.world = &own->bounded;
}

struct surroundings *surroundings_new(void)
{
    struct linux_surroundings *own = mem_alloc(sizeof(*own));
    struct surroundings *s = &own->s;
    const struct passwd *self = getpwuid(geteuid());
    char number[32];

    snprintf(number, sizeof(number), "%u", (unsigned int)geteuid());
    make_world(own);
    s->now = time(NULL);
    s->has_rtc = access("/sys/class/rtc/rtc0", F_OK) == 0 || access("/dev/rtc", F_OK) == 0 ||
                 access("/dev/rtc0", F_OK) == 0;
    s->self = (struct check_user){text_dup(self ? self->pw_name : number), geteuid(), getegid()};
    s->find_user = privileges_look_up_user;
    s->ask_kernel = ask_kernel;
    s->give_up_rights = give_up_rights;
    find_build(s);
    find_interfaces(s);
    return s;
}

void surroundings_free(struct surroundings *s)
{
    struct linux_surroundings *own = (struct linux_surroundings *)s;

    if (!s)
        return;
    world_linux_free(own->real);
    free((char *)s->self.name);
    free(s->interfaces);
    free(s->addresses);
    free(own);
}
