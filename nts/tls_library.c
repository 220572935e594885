/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The one place that starts GnuTLS; see tls_library.h.
 */
#include "nts/tls_library.h"

#include <gnutls/gnutls.h>
#include "base/log.h"

void tls_library_start(void)
{
    int r = gnutls_global_init();

    if (r < 0)
        LOG_FATAL("Could not initialise gnutls : %s", gnutls_strerror(r));
}
