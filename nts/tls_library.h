/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The TLS library, which does not start by itself in chronyd: only processes that use it start it
 * (nts.md 6.1). To be called before rights are given up, since it reads the policy of the system; a
 * failure is fatal.
 */
#ifndef NTS_TLS_LIBRARY_H
#define NTS_TLS_LIBRARY_H

/* For the life of the process. It may be called again. */
void tls_library_start(void);

#endif
