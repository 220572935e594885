/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The daemon in a build without XDP (configure --enable-xdp adds it), see xdp_part.h.
 */
#include "chronyd/xdp_part.h"

#include <stddef.h>

struct xdp_part *xdp_part_new(struct chronyd *daemon, bool passed_sockets)
{
    return NULL;
}

void xdp_part_free(struct xdp_part *part)
{
}

void xdp_part_start(struct xdp_part *part)
{
}

struct fast_path *xdp_part_fast_path(const struct xdp_part *part)
{
    return NULL;
}

bool xdp_part_report(const struct xdp_part *part, struct report_xdp *report)
{
    return false;
}
