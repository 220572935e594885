/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The list of commands of the control protocol: one row each. What has one entry per command is made
 * from these rows by the compiler: the codes (cmdmon/message.h), lengths and access classes
 * (cmdmon/message.c) and the daemon's table of executors (chronyd/commands.c), so none can lack one.
 *
 * A new command touches four files: its row here; the fields of its body in cmdmon/message_request.c,
 * unless another command has the same ones; its executor in chronyd/commands_*.c; its words in
 * chronyc/commands.c. A row may be added and marked as obsolete by removal; a number is never reused.
 */
#ifndef CMDMON_MESSAGE_COMMANDS_H
#define CMDMON_MESSAGE_COMMANDS_H

/* X(code, number, length without padding, access, reply, who may open it for UDP, executor)
   See cmdmon.md, "Request codes". */
#define CMD_COMMANDS(X)                                                                            \
    X(CMD_ONLINE, 1, 60, CMD_RW, REPLY_NULL, 0, execute_online)                                    \
    X(CMD_OFFLINE, 2, 60, CMD_RW, REPLY_NULL, 0, execute_offline)                                  \
    X(CMD_BURST, 3, 68, CMD_RW, REPLY_NULL, 0, execute_burst)                                      \
    X(CMD_MINPOLL, 4, 44, CMD_RW, REPLY_NULL, 0, execute_minpoll)                                  \
    X(CMD_MAXPOLL, 5, 44, CMD_RW, REPLY_NULL, 0, execute_maxpoll)                                  \
    X(CMD_DUMP, 6, 24, CMD_RW, REPLY_NULL, 0, execute_dump)                                        \
    X(CMD_MAXDELAY, 7, 44, CMD_RW, REPLY_NULL, 0, execute_maxdelay)                                \
    X(CMD_MAXDELAYRATIO, 8, 44, CMD_RW, REPLY_NULL, 0, execute_maxdelayratio)                      \
    X(CMD_MAXUPDATESKEW, 9, 24, CMD_RW, REPLY_NULL, 0, execute_maxupdateskew)                      \
    X(CMD_SETTIME, 11, 32, CMD_RW, REPLY_SETTIME, 0, execute_settime)                              \
    X(CMD_MANUAL, 13, 24, CMD_RW, REPLY_NULL, 0, execute_manual)                                   \
    X(CMD_SOURCE_COUNT, 14, 20, CMD_RO, REPLY_SOURCE_COUNT,                                        \
      OPEN_AUTHDATA | OPEN_NTPDATA | OPEN_SELECTDATA | OPEN_SOURCES | OPEN_SOURCESTATS,            \
      execute_source_count)                                                                        \
    X(CMD_SOURCE_DATA, 15, 24, CMD_RO, REPLY_SOURCE_DATA, OPEN_SOURCES, execute_source_data)       \
    X(CMD_REKEY, 16, 20, CMD_RW, REPLY_NULL, 0, execute_rekey)                                     \
    X(CMD_ALLOW, 17, 44, CMD_RW, REPLY_NULL, 0, execute_ntp_access)                                \
    X(CMD_ALLOW_ALL, 18, 44, CMD_RW, REPLY_NULL, 0, execute_ntp_access)                            \
    X(CMD_DENY, 19, 44, CMD_RW, REPLY_NULL, 0, execute_ntp_access)                                 \
    X(CMD_DENY_ALL, 20, 44, CMD_RW, REPLY_NULL, 0, execute_ntp_access)                             \
    X(CMD_CMDALLOW, 21, 44, CMD_RW, REPLY_NULL, 0, execute_command_access)                         \
    X(CMD_CMDALLOW_ALL, 22, 44, CMD_RW, REPLY_NULL, 0, execute_command_access)                     \
    X(CMD_CMDDENY, 23, 44, CMD_RW, REPLY_NULL, 0, execute_command_access)                          \
    X(CMD_CMDDENY_ALL, 24, 44, CMD_RW, REPLY_NULL, 0, execute_command_access)                      \
    X(CMD_ACCHECK, 25, 40, CMD_RO, REPLY_NULL, 0, execute_accheck)                                 \
    X(CMD_CMDACCHECK, 26, 40, CMD_RO, REPLY_NULL, 0, execute_cmdaccheck)                           \
    X(CMD_DELETE_SOURCE, 29, 40, CMD_RW, REPLY_NULL, 0, execute_delete_source)                     \
    X(CMD_WRITERTC, 30, 20, CMD_RW, REPLY_NULL, 0, execute_writertc)                               \
    X(CMD_DFREQ, 31, 24, CMD_RW, REPLY_NULL, 0, execute_dfreq)                                     \
    X(CMD_TRACKING, 33, 20, CMD_RO, REPLY_TRACKING, OPEN_TRACKING, execute_tracking)               \
    X(CMD_SOURCESTATS, 34, 24, CMD_RO, REPLY_SOURCESTATS, OPEN_SOURCESTATS, execute_sourcestats)   \
    X(CMD_RTC, 35, 20, CMD_RO, REPLY_RTC, OPEN_RTCDATA, execute_rtc)                               \
    X(CMD_TRIMRTC, 36, 20, CMD_RW, REPLY_NULL, 0, execute_trimrtc)                                 \
    X(CMD_CYCLELOGS, 37, 20, CMD_RW, REPLY_NULL, 0, execute_cyclelogs)                             \
    X(CMD_MANUAL_LIST, 41, 20, CMD_RO, REPLY_MANUAL_LIST, OPEN_MANUAL, execute_manual_list)        \
    X(CMD_MANUAL_DELETE, 42, 24, CMD_RW, REPLY_NULL, 0, execute_manual_delete)                     \
    X(CMD_MAKESTEP, 43, 20, CMD_RW, REPLY_NULL, 0, execute_makestep)                               \
    X(CMD_ACTIVITY, 44, 20, CMD_RO, REPLY_ACTIVITY, OPEN_ACTIVITY, execute_activity)               \
    X(CMD_MINSTRATUM, 45, 44, CMD_RW, REPLY_NULL, 0, execute_minstratum)                           \
    X(CMD_POLLTARGET, 46, 44, CMD_RW, REPLY_NULL, 0, execute_polltarget)                           \
    X(CMD_MAXDELAYDEVRATIO, 47, 44, CMD_RW, REPLY_NULL, 0, execute_maxdelaydevratio)               \
    X(CMD_RESELECT, 48, 20, CMD_RW, REPLY_NULL, 0, execute_reselect)                               \
    X(CMD_RESELECTDIST, 49, 24, CMD_RW, REPLY_NULL, 0, execute_reselectdist)                       \
    X(CMD_MODIFY_MAKESTEP, 50, 28, CMD_RW, REPLY_NULL, 0, execute_modify_makestep)                 \
    X(CMD_SMOOTHING, 51, 20, CMD_RO, REPLY_SMOOTHING, OPEN_SMOOTHING, execute_smoothing)           \
    X(CMD_SMOOTHTIME, 52, 24, CMD_RW, REPLY_NULL, 0, execute_smoothtime)                           \
    X(CMD_REFRESH, 53, 20, CMD_RW, REPLY_NULL, 0, execute_refresh)                                 \
    X(CMD_SERVERSTATS, 54, 20, CMD_RO, REPLY_SERVERSTATS, OPEN_SERVERSTATS, execute_serverstats)   \
    X(CMD_NTPDATA, 57, 40, CMD_RO, REPLY_NTPDATA, OPEN_NTPDATA, execute_ntpdata)                   \
    X(CMD_SHUTDOWN, 62, 20, CMD_RW, REPLY_NULL, 0, execute_shutdown)                               \
    X(CMD_ONOFFLINE, 63, 20, CMD_RW, REPLY_NULL, 0, execute_onoffline)                             \
    X(CMD_ADD_SOURCE, 64, 372, CMD_RW, REPLY_NULL, 0, execute_add_source)                          \
    X(CMD_SOURCENAME, 65, 40, CMD_RO, REPLY_SOURCENAME, OPEN_SOURCENAME, execute_sourcename)       \
    X(CMD_RESET_SOURCES, 66, 20, CMD_RW, REPLY_NULL, 0, execute_reset_sources)                     \
    X(CMD_AUTHDATA, 67, 40, CMD_RO, REPLY_AUTHDATA, OPEN_AUTHDATA, execute_authdata)               \
    X(CMD_CLIENTS, 68, 36, CMD_RO, REPLY_CLIENTS, OPEN_CLIENTS, execute_clients)                   \
    X(CMD_SELECTDATA, 69, 24, CMD_RO, REPLY_SELECTDATA, OPEN_SELECTDATA, execute_selectdata)       \
    X(CMD_RELOAD_SOURCES, 70, 20, CMD_RW, REPLY_NULL, 0, execute_reload_sources)                   \
    X(CMD_DOFFSET, 71, 24, CMD_RW, REPLY_NULL, 0, execute_doffset)                                 \
    X(CMD_SELECTOPTS, 72, 52, CMD_RW, REPLY_NULL, 0, execute_selectopts)                           \
    X(CMD_OFFSET, 73, 48, CMD_RW, REPLY_NULL, 0, execute_offset)                                   \
    X(CMD_LOCAL, 74, 48, CMD_RW, REPLY_NULL, 0, execute_local)

#endif
