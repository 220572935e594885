/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Shared by ipc.c and ipc_bodies.c: each function writes the body of one kind of message, or
 * reads and checks it.
 */
#ifndef PROCESS_IPC_BODIES_H
#define PROCESS_IPC_BODIES_H

#include "process/codec.h"
#include "process/ipc.h"

typedef void ipc_body(struct codec *c, struct ipc_message *m);

ipc_body ipc_body_nothing, ipc_body_connection, ipc_body_failed, ipc_body_outcome;
ipc_body ipc_body_process, ipc_body_lone, ipc_body_lone_new, ipc_body_helper, ipc_body_facts;
ipc_body ipc_body_refused, ipc_body_files, ipc_body_verdict, ipc_body_certificate;
ipc_body ipc_body_bind, ipc_body_bound, ipc_body_lookup, ipc_body_addresses, ipc_body_query;
ipc_body ipc_body_report, ipc_body_guard_request, ipc_body_guard_frequency, ipc_body_guard_step;
ipc_body ipc_body_guard_status, ipc_body_guard_leap, ipc_body_guard_rtc, ipc_body_guard_reply;
ipc_body ipc_body_ke_establish, ipc_body_ke_stop, ipc_body_ke_trust, ipc_body_ke_answer;
ipc_body ipc_body_ke_ended, ipc_body_memory, ipc_body_server_socket, ipc_body_clock_change;
ipc_body ipc_body_reset, ipc_body_packet, ipc_body_packet_back, ipc_body_done;

#endif
