/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Capabilities by number; see capability.h. New ones get the next number.
 */
#include "chronyc/capability.h"

#include <stdio.h>
#include "base/number.h"
#include "base/text.h"

static const char *const names[] = {
    "chown",
    "dac_override",
    "dac_read_search",
    "fowner",
    "fsetid",
    "kill",
    "setgid",
    "setuid",
    "setpcap",
    "linux_immutable",
    "net_bind_service",
    "net_broadcast",
    "net_admin",
    "net_raw",
    "ipc_lock",
    "ipc_owner",
    "sys_module",
    "sys_rawio",
    "sys_chroot",
    "sys_ptrace",
    "sys_pacct",
    "sys_admin",
    "sys_boot",
    "sys_nice",
    "sys_resource",
    "sys_time",
    "sys_tty_config",
    "mknod",
    "lease",
    "audit_write",
    "audit_control",
    "setfcap",
    "mac_override",
    "mac_admin",
    "syslog",
    "wake_alarm",
    "block_suspend",
    "audit_read",
    "perfmon",
    "bpf",
    "checkpoint_restore",
};

struct formatted capability_name(unsigned int number)
{
    struct formatted f;

    if (number < COUNT(names))
        text_copy(f.s, sizeof(f.s), names[number]);
    else
        snprintf(f.s, sizeof(f.s), "capability_%u", number);
    return f;
}

void print_capabilities(FILE *out, uint64_t set, char between)
{
    bool is_first = true;

    if (set == 0 || set == UINT64_MAX) {
        fputs(set == 0 ? "none" : "-", out);
        return;
    }
    for (unsigned int i = 0; i < 64; i++) {
        if (!(set >> i & 1))
            continue;
        if (!is_first)
            fputc(between, out);
        fputs(capability_name(i).s, out);
        is_first = false;
    }
}
