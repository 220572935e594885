/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Requests about network interfaces by their names, for timestamping and for addresses with an
 * interface (fe80::1%eth0). Each request has a socket of its own, of a family that is on.
 */
#include "config.h"

#include <errno.h>
#include <linux/sockios.h>
#include <net/if.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>
#include "base/log.h"
#include "base/text.h"
#include "chronyd/os/linux_internal.h"

bool linux_interface_request(struct linux_world *w, const char *name, unsigned long number,
                             void *data, struct ifreq *r)
{
    memset(r, 0, sizeof(*r));
    if (!text_copy(r->ifr_name, sizeof(r->ifr_name), name)) {
        errno = ENODEV;
        return false;
    }
    int fd = sockets_create_probe(w);
    if (fd < 0)
        return false;
    if (data)
        r->ifr_data = data;
    int result = ioctl(fd, number, r);
    int error = errno;
    close(fd);
    errno = error;
    return result >= 0;
}

bool linux_interface_index(struct linux_world *w, const char *name, int *index)
{
    struct ifreq r;

    if (!linux_interface_request(w, name, SIOCGIFINDEX, NULL, &r)) {
        LOG_DEBUG("ioctl(%s) failed : %s", "SIOCGIFINDEX", text_errno(errno));
        return false;
    }
    *index = r.ifr_ifindex;
    return true;
}
