/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Metrics of the daemon as a whole: its processes, sources by activity, and what it does as a
 * server.
 */
#include "metrics/family.h"

#include "base/number.h"
#include "cmdmon/message_words.h"
#include "metrics/facts.h"

#define ACTIVITY(family, member, help_text)                                                        \
    {                                                                                              \
        .name = "chrony_activity_" family "_sources", .report = FACTS_ACTIVITY, .help = help_text, \
        .value = FIELD(struct report_activity, 0, WIRE_NONE, member, NULL, SHOW_INTEGER)           \
    }

#define SERVER(family, unit_name, help_text, kind, member)                                         \
    {                                                                                              \
        .name = "chrony_serverstats_" family, .report = FACTS_SERVERSTATS, .type = kind,           \
        .known = true, .unit = unit_name, .help = help_text,                                       \
        .value = FIELD(struct report_serverstats, 0, WIRE_NONE, member, NULL, SHOW_COUNTER)        \
    }
#define SERVER_COUNTER(family, member, help_text)                                                  \
    SERVER(family, NULL, help_text, METRIC_COUNTER, member)

#define COUNTS(family, of, help_text, words)                                                       \
    {                                                                                              \
        .name = "chrony_server_" family, .type = METRIC_COUNTER, .report = of, .help = help_text,  \
        .by = "result", .count = FIELD(struct report_counts, 0, WIRE_NONE, count),                 \
        .value =                                                                                   \
            FIELD(struct report_counts, 0, WIRE_NONE, counts[0], NULL, SHOW_COUNTER, 0, words)     \
    }

/* ---- Program and processes ---- */

#define DAEMON(member, ...) FIELD(struct report_daemon, 0, WIRE_NONE, member, __VA_ARGS__)
#define OF_DAEMON(family, help_text, ...)                                                          \
    {                                                                                              \
        .name = "chrony_" family, .report = FACTS_DAEMON, .help = help_text, __VA_ARGS__           \
    }
#define PROCESS(member, ...) FIELD(struct report_process, 0, WIRE_NONE, member, __VA_ARGS__)
#define OF_PROCESS(family, help_text, ...)                                                         \
    {                                                                                              \
        .name = "chrony_" family, .report = FACTS_PROCESS, .help = help_text,                      \
        METRIC_LABELS(process_labels), .valid = is_known_role, __VA_ARGS__                         \
    }

static const struct cmd_field build_labels[] = {
    DAEMON(version, "version", SHOW_TEXT),
    DAEMON(features, "features", SHOW_TEXT),
};

/* Those of a newer daemon would all have the same label. */
static bool is_known_role(const void *report)
{
    return ((const struct report_process *)report)->role <= REPORT_PROCESS_NTS_KE_CLIENT;
}

static const struct cmd_field process_labels[] = {
    PROCESS(role, "process", SHOW_WORD, 0, words_process),
};

/* ---- Certificates ---- */

#define CERTIFICATE(member, ...) FIELD(struct report_certificate, 0, WIRE_NONE, member, __VA_ARGS__)
#define OF_CERTIFICATE(family, help_text, ...)                                                     \
    {                                                                                              \
        .name = "chrony_server_certificate_" family "_seconds", .report = FACTS_CERTIFICATE,       \
        .unit = "seconds", .help = help_text, METRIC_LABELS(certificate_labels), __VA_ARGS__       \
    }

static const struct cmd_field certificate_labels[] = {
    CERTIFICATE(file, "file", SHOW_TEXT),
};

/* ---- Families ---- */

static const struct metric_family families[] = {
    OF_DAEMON("build", "The program that runs as the daemon.", .type = METRIC_INFO,
              METRIC_LABELS(build_labels)),
    OF_PROCESS("processes", "Processes of the daemon that run.",
               .value = PROCESS(alive, NULL, SHOW_INTEGER)),
    OF_PROCESS("processes_wanted", "Processes of the daemon that should run.",
               .value = PROCESS(wanted, NULL, SHOW_INTEGER)),
    OF_PROCESS("process_restarts",
               "Processes of the daemon that were replaced because they ended or did not answer.",
               .type = METRIC_COUNTER, .value = PROCESS(restarts, NULL, SHOW_COUNTER)),

    ACTIVITY("online", online, "NTP sources that are asked."),
    ACTIVITY("offline", offline, "NTP sources that are not asked."),
    ACTIVITY("burst_online", burst_online, "NTP sources in a burst that are asked afterwards."),
    ACTIVITY("burst_offline", burst_offline,
             "NTP sources in a burst that are not asked afterwards."),
    ACTIVITY("unresolved", unresolved, "NTP sources whose address is not known."),

    SERVER_COUNTER("ntp_packets_received", ntp_hits, "NTP requests received."),
    SERVER_COUNTER("ntp_packets_dropped", ntp_drops, "NTP requests dropped by the rate limit."),
    SERVER_COUNTER("command_packets_received", cmd_hits, "Commands received."),
    SERVER_COUNTER("command_packets_dropped", cmd_drops, "Commands dropped by the rate limit."),
    SERVER_COUNTER("client_log_records_dropped", log_drops,
                   "Records of clients that made room for others."),
    SERVER_COUNTER("nts_ke_connections_accepted", nts_ke_hits, "NTS-KE connections accepted."),
    SERVER_COUNTER("nts_ke_connections_dropped", nts_ke_drops,
                   "NTS-KE connections dropped by the rate limit."),
    SERVER_COUNTER("authenticated_ntp_packets", ntp_auth_hits,
                   "NTP requests received that were authenticated."),
    SERVER_COUNTER("interleaved_ntp_packets", ntp_interleaved_hits,
                   "NTP requests received in interleaved mode."),
    SERVER("ntp_timestamps_held", NULL, "Timestamps kept for clients in interleaved mode.",
           METRIC_GAUGE, ntp_timestamps),
    SERVER("ntp_timestamp_span_seconds", "seconds",
           "Time between the oldest and the newest of these timestamps.", METRIC_GAUGE,
           ntp_span_seconds),
    SERVER_COUNTER("ntp_daemon_rx_timestamps", ntp_daemon_rx,
                   "NTP requests with a receive timestamp of the daemon."),
    SERVER_COUNTER("ntp_daemon_tx_timestamps", ntp_daemon_tx,
                   "NTP replies with a transmit timestamp of the daemon."),
    SERVER_COUNTER("ntp_kernel_rx_timestamps", ntp_kernel_rx,
                   "NTP requests with a receive timestamp of the kernel."),
    SERVER_COUNTER("ntp_kernel_tx_timestamps", ntp_kernel_tx,
                   "NTP replies with a transmit timestamp of the kernel."),
    SERVER_COUNTER("ntp_hardware_rx_timestamps", ntp_hw_rx,
                   "NTP requests with a receive timestamp of the network card."),
    SERVER_COUNTER("ntp_hardware_tx_timestamps", ntp_hw_tx,
                   "NTP replies with a transmit timestamp of the network card."),

    OF_DAEMON("server_clients", "Clients of the server that it remembers.",
              .value = DAEMON(clients, NULL, SHOW_INTEGER)),
    OF_DAEMON("server_clients_limit", "Clients that the server can remember.",
              .value = DAEMON(clients_max, NULL, SHOW_INTEGER)),
    COUNTS("requests", FACTS_REQUESTS, "NTP requests, by what was done with them.",
           words_request_result),
    COUNTS("nts_key_establishments", FACTS_KE, "NTS key establishments, by how they ended.",
           words_ke_end),
    OF_CERTIFICATE("remaining", "Time until the certificate of the NTS server expires.",
                   .value = CERTIFICATE(seconds_left, NULL, SHOW_REAL)),
    OF_CERTIFICATE("not_before", "Start of the validity of the certificate, Unix time.",
                   .value = CERTIFICATE(not_before, NULL, SHOW_TIME)),
    OF_CERTIFICATE("not_after", "End of the validity of the certificate, Unix time.",
                   .value = CERTIFICATE(not_after, NULL, SHOW_TIME)),
};

const struct metric_table metric_table_daemon = {families, COUNT(families)};
