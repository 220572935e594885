/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Network interfaces of Linux that timestamp packets: what they can do, switching it on, the speed
 * of their links (system.md 5.2, 5.7). Reached only through the table of base/nic.h. The settings
 * of the card's clock are never touched.
 */
#include "config.h"

#include "base/nic.h"

#ifdef HAVE_LINUX_TIMESTAMPING

#include <errno.h>
#include <ifaddrs.h>
#include <linux/ethtool.h>
#include <linux/net_tstamp.h>
#include <linux/sockios.h>
#include <net/if.h>
#include <stdlib.h>
#include <string.h>
#include "base/log.h"
#include "base/text.h"
#include "chronyd/os/linux_internal.h"

/* The card and its driver must support all of these. */
#define NEEDED_FLAGS                                                                               \
    (SOF_TIMESTAMPING_RX_HARDWARE | SOF_TIMESTAMPING_TX_HARDWARE | SOF_TIMESTAMPING_RAW_HARDWARE)

#ifdef HAVE_LINUX_TIMESTAMPING_RXFILTER_NTP
#define FILTER_NTP HWTSTAMP_FILTER_NTP_ALL
#else
#define FILTER_NTP HWTSTAMP_FILTER_ALL
#endif

static char **nic_list(void *ctx)
{
    struct ifaddrs *first, *item;
    size_t count = 0;
    char **names;

    if (getifaddrs(&first) < 0) {
        LOG_DEBUG("getifaddrs() failed : %s", text_errno(errno));
        return NULL;
    }
    for (item = first; item; item = item->ifa_next)
        count++;
    names = mem_array(count + 1, sizeof(*names));
    count = 0;
    for (item = first; item; item = item->ifa_next)
        names[count++] = text_dup(item->ifa_name);
    freeifaddrs(first);
    return names;
}

/* Reads the receive filters that the card supports, as bits. */
static bool get_abilities(struct linux_world *w, const char *name, uint32_t *rx_filters)
{
    struct ethtool_ts_info info = {.cmd = ETHTOOL_GET_TS_INFO};
    struct ifreq r;

    if (!linux_interface_request(w, name, SIOCETHTOOL, &info, &r)) {
        LOG_DEBUG("ioctl(%s) failed : %s", "SIOCETHTOOL", text_errno(errno));
        return false;
    }
    if ((info.so_timestamping & NEEDED_FLAGS) != NEEDED_FLAGS) {
        LOG_DEBUG("HW timestamping not supported on %s", name);
        errno = EOPNOTSUPP;
        return false;
    }
    if (info.phc_index < 0) {
        LOG_DEBUG("PHC missing on %s", name);
        errno = EOPNOTSUPP;
        return false;
    }
    *rx_filters = info.rx_filters;
    return true;
}

int nic_choose_filter(enum nic_filter filter, uint32_t reported)
{
#define IS_REPORTED(f) ((reported & (UINT32_C(1) << (f))) != 0)
    switch (filter) {
    case NIC_FILTER_NONE:
        break;
    case NIC_FILTER_NTP:
        return FILTER_NTP;
    case NIC_FILTER_PTP:
        return IS_REPORTED(HWTSTAMP_FILTER_PTP_V2_L4_EVENT) ? HWTSTAMP_FILTER_PTP_V2_L4_EVENT
               : IS_REPORTED(HWTSTAMP_FILTER_PTP_V2_EVENT)  ? HWTSTAMP_FILTER_PTP_V2_EVENT
                                                            : HWTSTAMP_FILTER_NONE;
    case NIC_FILTER_ALL:
        return HWTSTAMP_FILTER_ALL;
    case NIC_FILTER_AUTO:
        return IS_REPORTED(FILTER_NTP)            ? FILTER_NTP
               : IS_REPORTED(HWTSTAMP_FILTER_ALL) ? HWTSTAMP_FILTER_ALL
                                                  : HWTSTAMP_FILTER_NONE;
    }
    return HWTSTAMP_FILTER_NONE;
#undef IS_REPORTED
}

/* In a container the setting may not be permitted, and may be right already. */
static bool is_set_already(struct linux_world *w, const char *name, int rx_filter)
{
    struct hwtstamp_config config = {.flags = 0};
    struct ifreq r;

    if (!linux_interface_request(w, name, SIOCGHWTSTAMP, &config, &r)) {
        LOG_DEBUG("ioctl(%s) failed : %s", "SIOCGHWTSTAMP", text_errno(errno));
        return false;
    }
    return config.tx_type == HWTSTAMP_TX_ON && config.rx_filter == rx_filter;
}

/* Sets the filter. The driver may choose a broader one, which is returned in its place. */
static bool set_timestamping(struct linux_world *w, const char *name, int *rx_filter)
{
    struct hwtstamp_config config = {.tx_type = HWTSTAMP_TX_ON, .rx_filter = *rx_filter};
    struct ifreq r;

    if (linux_interface_request(w, name, SIOCSHWTSTAMP, &config, &r)) {
        *rx_filter = config.rx_filter;
        return true;
    }
    int error = errno;
    LOG(error == EPERM ? LOG_SEV_ERROR : LOG_SEV_DEBUG, "ioctl(%s) failed : %s", "SIOCSHWTSTAMP",
        text_errno(error));
    if (is_set_already(w, name, *rx_filter))
        return true;
    errno = error;
    return false;
}

static bool nic_enable(void *ctx, const char *name, enum nic_filter filter, struct nic *nic)
{
    struct linux_world *w = ctx;
    uint32_t reported;

    errno = EOPNOTSUPP;
    if (w->timestamp_method != TIMESTAMPING_LINUX ||
        !linux_interface_index(w, name, &nic->if_index) || !get_abilities(w, name, &reported))
        return false;
    int rx_filter = nic_choose_filter(filter, reported);
    if (!set_timestamping(w, name, &rx_filter))
        return false;
    nic->tx_only = rx_filter == HWTSTAMP_FILTER_NONE;
    timestamps_use_hardware(w);
    return true;
}

static bool nic_speed(void *ctx, const char *name, int *speed)
{
    struct ethtool_cmd command = {.cmd = ETHTOOL_GSET};
    struct ifreq r;

    if (!linux_interface_request(ctx, name, SIOCETHTOOL, &command, &r)) {
        LOG_DEBUG("ioctl(%s) failed : %s", "SIOCETHTOOL", text_errno(errno));
        return false;
    }
    /* All bits are set if the driver does not know the speed. ethtool_cmd_speed() would overflow
       an int then. */
    uint32_t value = (uint32_t)command.speed_hi << 16 | command.speed;
    *speed = value <= INT32_MAX ? (int)value : 0;
    return true;
}

static bool nic_keep_sent(void *ctx, int count)
{
    return timestamps_keep_sent(ctx, count);
}

const struct nic_ops linux_nics = {
    .list = nic_list,
    .enable = nic_enable,
    .speed = nic_speed,
    .keep_sent = nic_keep_sent,
};

#endif
