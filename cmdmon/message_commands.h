/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The list of commands of the control protocol: one row each. What has one entry per command is
 * made from these rows by the compiler: the codes (message.h), fields, lengths, access and replies
 * (message_request.c) and the daemon's calls of executors (chronyd/execute.c).
 *
 * A new command touches at most four files: its row here; the fields of its body in
 * message_request.c, unless another command has the same; its executor in chronyd/execute_*.c; what
 * a user types in chronyc/commands.c. A report has its values in base/report.h, their rows in
 * message_reply.c and its layout for people in chronyc/report_*.c besides. A number is never used
 * again. Those of commands and replies that chrony does not have begin with CMD_FIRST_OWN, because
 * chrony goes on counting from where it is.
 */
#ifndef CMDMON_MESSAGE_COMMANDS_H
#define CMDMON_MESSAGE_COMMANDS_H

#define CMD_FIRST_OWN 0x8000

/* X(code, number, fields of the request, access, reply, who may open it for UDP, executor)
   See cmdmon.md, "Request codes". */
#define CMD_COMMANDS(X)                                                                            \
    X(CMD_ONLINE, 1, request_where, CMD_RW, REPLY_NULL, 0, execute_online)                         \
    X(CMD_OFFLINE, 2, request_where, CMD_RW, REPLY_NULL, 0, execute_offline)                       \
    X(CMD_BURST, 3, request_burst, CMD_RW, REPLY_NULL, 0, execute_burst)                           \
    X(CMD_MINPOLL, 4, request_source_integer, CMD_RW, REPLY_NULL, 0, execute_minpoll)              \
    X(CMD_MAXPOLL, 5, request_source_integer, CMD_RW, REPLY_NULL, 0, execute_maxpoll)              \
    X(CMD_DUMP, 6, request_ignored_word, CMD_RW, REPLY_NULL, 0, execute_dump)                      \
    X(CMD_MAXDELAY, 7, request_source_number, CMD_RW, REPLY_NULL, 0, execute_maxdelay)             \
    X(CMD_MAXDELAYRATIO, 8, request_source_number, CMD_RW, REPLY_NULL, 0, execute_maxdelayratio)   \
    X(CMD_MAXUPDATESKEW, 9, request_number, CMD_RW, REPLY_NULL, 0, execute_maxupdateskew)          \
    X(CMD_SETTIME, 11, request_time, CMD_RW, REPLY_SETTIME, 0, execute_settime)                    \
    X(CMD_MANUAL, 13, request_option, CMD_RW, REPLY_NULL, 0, execute_manual)                       \
    X(CMD_SOURCE_COUNT, 14, request_empty, CMD_RO, REPLY_SOURCE_COUNT,                             \
      OPEN_AUTHDATA | OPEN_ESTIMATOR | OPEN_NTPDATA | OPEN_SELECTDATA | OPEN_SOURCES |             \
          OPEN_SOURCESTATS,                                                                        \
      execute_source_count)                                                                        \
    X(CMD_SOURCE_DATA, 15, request_index, CMD_RO, REPLY_SOURCE_DATA, OPEN_SOURCES,                 \
      execute_source_data)                                                                         \
    X(CMD_REKEY, 16, request_empty, CMD_RW, REPLY_NULL, 0, execute_rekey)                          \
    X(CMD_ALLOW, 17, request_subnet, CMD_RW, REPLY_NULL, 0, execute_ntp_access)                    \
    X(CMD_ALLOW_ALL, 18, request_subnet, CMD_RW, REPLY_NULL, 0, execute_ntp_access)                \
    X(CMD_DENY, 19, request_subnet, CMD_RW, REPLY_NULL, 0, execute_ntp_access)                     \
    X(CMD_DENY_ALL, 20, request_subnet, CMD_RW, REPLY_NULL, 0, execute_ntp_access)                 \
    X(CMD_CMDALLOW, 21, request_subnet, CMD_RW, REPLY_NULL, 0, execute_command_access)             \
    X(CMD_CMDALLOW_ALL, 22, request_subnet, CMD_RW, REPLY_NULL, 0, execute_command_access)         \
    X(CMD_CMDDENY, 23, request_subnet, CMD_RW, REPLY_NULL, 0, execute_command_access)              \
    X(CMD_CMDDENY_ALL, 24, request_subnet, CMD_RW, REPLY_NULL, 0, execute_command_access)          \
    X(CMD_ACCHECK, 25, request_address, CMD_RO, REPLY_NULL, 0, execute_accheck)                    \
    X(CMD_CMDACCHECK, 26, request_address, CMD_RO, REPLY_NULL, 0, execute_cmdaccheck)              \
    X(CMD_DELETE_SOURCE, 29, request_address, CMD_RW, REPLY_NULL, 0, execute_delete_source)        \
    X(CMD_WRITERTC, 30, request_empty, CMD_RW, REPLY_NULL, 0, execute_writertc)                    \
    X(CMD_DFREQ, 31, request_number, CMD_RW, REPLY_NULL, 0, execute_dfreq)                         \
    X(CMD_TRACKING, 33, request_empty, CMD_RO, REPLY_TRACKING, OPEN_TRACKING, execute_tracking)    \
    X(CMD_SOURCESTATS, 34, request_index, CMD_RO, REPLY_SOURCESTATS, OPEN_SOURCESTATS,             \
      execute_sourcestats)                                                                         \
    X(CMD_RTC, 35, request_empty, CMD_RO, REPLY_RTC, OPEN_RTCDATA, execute_rtc)                    \
    X(CMD_TRIMRTC, 36, request_empty, CMD_RW, REPLY_NULL, 0, execute_trimrtc)                      \
    X(CMD_CYCLELOGS, 37, request_empty, CMD_RW, REPLY_NULL, 0, execute_cyclelogs)                  \
    X(CMD_MANUAL_LIST, 41, request_empty, CMD_RO, REPLY_MANUAL_LIST, OPEN_MANUAL,                  \
      execute_manual_list)                                                                         \
    X(CMD_MANUAL_DELETE, 42, request_index, CMD_RW, REPLY_NULL, 0, execute_manual_delete)          \
    X(CMD_MAKESTEP, 43, request_empty, CMD_RW, REPLY_NULL, 0, execute_makestep)                    \
    X(CMD_ACTIVITY, 44, request_empty, CMD_RO, REPLY_ACTIVITY, OPEN_ACTIVITY, execute_activity)    \
    X(CMD_MINSTRATUM, 45, request_source_integer, CMD_RW, REPLY_NULL, 0, execute_minstratum)       \
    X(CMD_POLLTARGET, 46, request_source_integer, CMD_RW, REPLY_NULL, 0, execute_polltarget)       \
    X(CMD_MAXDELAYDEVRATIO, 47, request_source_number, CMD_RW, REPLY_NULL, 0,                      \
      execute_maxdelaydevratio)                                                                    \
    X(CMD_RESELECT, 48, request_empty, CMD_RW, REPLY_NULL, 0, execute_reselect)                    \
    X(CMD_RESELECTDIST, 49, request_number, CMD_RW, REPLY_NULL, 0, execute_reselectdist)           \
    X(CMD_MODIFY_MAKESTEP, 50, request_makestep, CMD_RW, REPLY_NULL, 0, execute_modify_makestep)   \
    X(CMD_SMOOTHING, 51, request_empty, CMD_RO, REPLY_SMOOTHING, OPEN_SMOOTHING,                   \
      execute_smoothing)                                                                           \
    X(CMD_SMOOTHTIME, 52, request_option, CMD_RW, REPLY_NULL, 0, execute_smoothtime)               \
    X(CMD_REFRESH, 53, request_empty, CMD_RW, REPLY_NULL, 0, execute_refresh)                      \
    X(CMD_SERVERSTATS, 54, request_empty, CMD_RO, REPLY_SERVERSTATS, OPEN_SERVERSTATS,             \
      execute_serverstats)                                                                         \
    X(CMD_NTPDATA, 57, request_address, CMD_RO, REPLY_NTPDATA, OPEN_NTPDATA, execute_ntpdata)      \
    X(CMD_SHUTDOWN, 62, request_empty, CMD_RW, REPLY_NULL, 0, execute_shutdown)                    \
    X(CMD_ONOFFLINE, 63, request_empty, CMD_RW, REPLY_NULL, 0, execute_onoffline)                  \
    X(CMD_ADD_SOURCE, 64, request_add_source, CMD_RW, REPLY_NULL, 0, execute_add_source)           \
    X(CMD_SOURCENAME, 65, request_address, CMD_RO, REPLY_SOURCENAME, OPEN_SOURCENAME,              \
      execute_sourcename)                                                                          \
    X(CMD_RESET_SOURCES, 66, request_empty, CMD_RW, REPLY_NULL, 0, execute_reset_sources)          \
    X(CMD_AUTHDATA, 67, request_address, CMD_RO, REPLY_AUTHDATA, OPEN_AUTHDATA, execute_authdata)  \
    X(CMD_CLIENTS, 68, request_clients, CMD_RO, REPLY_CLIENTS, OPEN_CLIENTS, execute_clients)      \
    X(CMD_SELECTDATA, 69, request_index, CMD_RO, REPLY_SELECTDATA, OPEN_SELECTDATA,                \
      execute_selectdata)                                                                          \
    X(CMD_RELOAD_SOURCES, 70, request_empty, CMD_RW, REPLY_NULL, 0, execute_reload_sources)        \
    X(CMD_DOFFSET, 71, request_number, CMD_RW, REPLY_NULL, 0, execute_doffset)                     \
    X(CMD_SELECTOPTS, 72, request_selectopts, CMD_RW, REPLY_NULL, 0, execute_selectopts)           \
    X(CMD_OFFSET, 73, request_offset, CMD_RW, REPLY_NULL, 0, execute_offset)                       \
    X(CMD_LOCAL, 74, request_local, CMD_RW, REPLY_NULL, 0, execute_local)                          \
    X(CMD_ESTIMATOR, CMD_FIRST_OWN, request_index, CMD_RO, REPLY_ESTIMATOR, OPEN_ESTIMATOR,        \
      execute_estimator)                                                                           \
    X(CMD_TEMPERATURE, CMD_FIRST_OWN + 1, request_empty, CMD_RO, REPLY_TEMPERATURE,                \
      OPEN_TEMPERATURE, execute_temperature)                                                       \
    X(CMD_EXPLAIN, CMD_FIRST_OWN + 2, request_explain, CMD_RO, REPLY_EXPLAIN, 0, execute_explain)  \
    X(CMD_CLOCK, CMD_FIRST_OWN + 3, request_empty, CMD_RO, REPLY_CLOCK, 0, execute_clock)          \
    X(CMD_HISTORY, CMD_FIRST_OWN + 7, request_empty, CMD_RO, REPLY_HISTORY, 0, execute_history)    \
    X(CMD_COUNTS, CMD_FIRST_OWN + 4, request_index, CMD_RO, REPLY_COUNTS, 0, execute_counts)       \
    X(CMD_CERTIFICATE, CMD_FIRST_OWN + 5, request_index, CMD_RO, REPLY_CERTIFICATE, 0,             \
      execute_certificate)                                                                         \
    X(CMD_DAEMON, CMD_FIRST_OWN + 6, request_empty, CMD_RO, REPLY_DAEMON, 0, execute_daemon)       \
    X(CMD_SOURCE_COUNTS, CMD_FIRST_OWN + 10, request_index, CMD_RO, REPLY_SOURCE_COUNTS, 0,        \
      execute_source_counts)                                                                       \
    X(CMD_PROCESSES, CMD_FIRST_OWN + 11, request_index, CMD_RO, REPLY_PROCESSES, 0,                \
      execute_processes)                                                                           \
    X(CMD_XDP, CMD_FIRST_OWN + 12, request_empty, CMD_RO, REPLY_XDP, 0, execute_xdp)               \
    X(CMD_SURROUNDINGS, CMD_FIRST_OWN + 8, request_index, CMD_RO, REPLY_SURROUNDINGS, 0,           \
      execute_surroundings)

#endif
