/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The texts of ke_end.h, for the debug log and tests.
 */
#include "process/ke_end.h"

static const char *const texts[KE_ENDS] = {
    [KE_END_NONE] = "not ended",
    [KE_END_COMPLETE] = "complete",
    [KE_END_NOT_CONNECTED] = "not connected",
    [KE_END_CLOSED] = "closed by peer in handshake",
    [KE_END_BAD_NAME] = "server name refused",
    [KE_END_NO_MATCH] = "nothing in common",
    [KE_END_REFUSED] = "refused by peer",
    [KE_END_HANDSHAKE] = "handshake failed",
    [KE_END_NO_ALPN] = "not NTS-KE",
    [KE_END_TRANSFER] = "transfer failed",
    [KE_END_BAD_MESSAGE] = "invalid message",
    [KE_END_NO_USE] = "message not usable",
    [KE_END_TIMED_OUT] = "timed out",
    [KE_END_GAVE_WAY] = "gave way to another",
    [KE_END_REJECTED] = "not begun",
    [KE_END_HELPER_LOST] = "helper lost",
};

const char *ke_end_text(enum ke_end end)
{
    return texts[end];
}
