/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Files that more than one role opens after its start.
 */
#include "process/promise.h"

const struct path_rule paths_of_name_services[] = {
    /* resolv.conf, hosts, nsswitch.conf, passwd, trusted certificates, settings of modules */
    {"/etc", PATH_READ},
    /* where links lead elsewhere, as /etc/resolv.conf to /mnt/wsl */
    {"/etc/resolv.conf", PATH_READ},
    {"/etc/hosts", PATH_READ},
    {"/etc/nsswitch.conf", PATH_READ},
    /* modules and their libraries, also where distributions put them elsewhere */
    {"/usr", PATH_READ},
    {"/lib", PATH_READ},
    {"/lib32", PATH_READ},
    {"/lib64", PATH_READ},
    {"/nix/store", PATH_READ},
    {"/gnu/store", PATH_READ},
    {"/run/current-system", PATH_READ},
    /* what resolvconf, systemd-resolved, NetworkManager and nscd write, and resolv.conf leads to */
    {"/run", PATH_READ},
    {"/var/run", PATH_READ},
    {"/var/cache/nscd", PATH_READ},
    {"/var/db/nscd", PATH_READ},
    /* databases of sssd, extrausers and Berkeley DB */
    {"/var/lib/sss", PATH_READ},
    {"/var/lib/extrausers", PATH_READ},
    {"/var/lib/misc", PATH_READ},
    /* itself; the number of processors */
    {"/proc", PATH_READ},
    {"/sys/devices/system/cpu", PATH_READ},
    {"/dev/null", PATH_DEVICE},
    {"/dev/random", PATH_READ},
    {"/dev/urandom", PATH_READ},
    {.path = NULL},
};
