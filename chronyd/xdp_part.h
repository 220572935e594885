/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The directive xdp in the daemon: puts together the program in the kernel
 * (chronyd/os/xdp_program.h), what it is told (ntp/server/fast_path.h), and the interfaces and
 * addresses of this host (chronyd/os/links.h). In a build without XDP chronyd/xdp_missing.c stands
 * for it, and the directive is an error.
 */
#ifndef CHRONYD_XDP_PART_H
#define CHRONYD_XDP_PART_H

#include <stdbool.h>
#include "base/report.h"

struct chronyd;
struct xdp_part;

/*
 * Loads and attaches the program, while the daemon still has its rights, after the server has its
 * access rules. NULL: the directive is not used, or it failed, which was logged: then the sockets
 * answer everything. passed_sockets: the service manager has given sockets.
 */
struct xdp_part *xdp_part_new(struct chronyd *daemon, bool passed_sockets);
void xdp_part_free(struct xdp_part *part);

/* When loop and time page are there: begins to answer. NULL is allowed. */
void xdp_part_start(struct xdp_part *part);

/* The fast path, which wants to know the contents of the time page; NULL: there is none. */
struct fast_path *xdp_part_fast_path(const struct xdp_part *part);

/* False: there is none. */
bool xdp_part_report(const struct xdp_part *part, struct report_xdp *report);

#endif
