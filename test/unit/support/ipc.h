/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A message for the tests of messages and of channels.
 */
#ifndef TEST_UNIT_SUPPORT_IPC_H
#define TEST_UNIT_SUPPORT_IPC_H

#include "process/ipc.h"

/* A connection of a client of the family. Every field has a value that is not 0. */
struct ipc_message connection_message(enum ip_family family);

#endif
