/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * How an NTS key establishment ended, and why. A session decides it (nts/ke_session.c), its process
 * tells it to the main process (IPC_OUTCOME), which counts it (nts/ke_listener.h). Texts are for
 * people; nothing parses them.
 */
#ifndef PROCESS_KE_END_H
#define PROCESS_KE_END_H

enum ke_end {
    KE_END_NONE = 0,      /* it has not ended */
    KE_END_COMPLETE,      /* a server sent its response, a client could use it */
    KE_END_NOT_CONNECTED, /* clients only */
    KE_END_CLOSED,        /* by the peer, during the handshake */
    KE_END_BAD_NAME,      /* a server refuses the name that the client wants to speak to */
    KE_END_NO_MATCH,      /* nothing in common: version, algorithms, certificate */
    KE_END_REFUSED,       /* the peer sent an alert during the handshake */
    KE_END_HANDSHAKE,     /* ... failed for another reason */
    KE_END_NO_ALPN,       /* the peer does not speak NTS-KE */
    KE_END_TRANSFER,      /* TLS failed after the handshake, or the peer closed it */
    KE_END_BAD_MESSAGE,   /* longer than allowed, or no NTS-KE */
    KE_END_NO_USE,        /* the message could not be answered, or not be used */
    KE_END_TIMED_OUT,
    KE_END_GAVE_WAY, /* to another one: there were too many */
    KE_END_REJECTED, /* not begun: no descriptor, certificate or TLS session for it */
    /* What the main process finds itself, and no other process may say. */
    KE_END_HELPER_LOST, /* the process that had it is gone */
};
#define KE_ENDS (KE_END_HELPER_LOST + 1)

const char *ke_end_text(enum ke_end end);

#endif
