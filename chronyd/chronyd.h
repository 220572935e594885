/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The daemon: one struct that owns every module; nothing else creates or frees modules. It does
 * not know what kind of world it lives in: chronyd/daemon.c starts it as a Linux process, and the
 * simulator runs many of them in one process.
 */
#ifndef CHRONYD_CHRONYD_H
#define CHRONYD_CHRONYD_H

#include <stdbool.h>
#include "base/loop.h"
#include "base/world.h"
#include "chronyd/command_line.h"
#include "chronyd/guard_part.h"
#include "chronyd/history_collector.h"
#include "chronyd/manual.h"
#include "chronyd/metrics_server.h"
#include "chronyd/nts_part.h"
#include "chronyd/os/time_page_memory.h"
#include "chronyd/refclock/refclock.h"
#include "chronyd/rtc/rtc.h"
#include "chronyd/time_page_writer.h"
#include "chronyd/workers_part.h"
#include "clock/guard_channel.h"
#include "clock/guarded_clock.h"
#include "clock/local_clock.h"
#include "clock/measurement_log.h"
#include "clock/nic_clocks.h"
#include "clock/reference.h"
#include "clock/smoothing.h"
#include "clock/temperature_learning.h"
#include "chronyd/xdp_part.h"
#include "cmdmon/service.h"
#include "conf/conf.h"
#include "ntp/access.h"
#include "ntp/access_names.h"
#include "ntp/auth.h"
#include "ntp/broadcast.h"
#include "ntp/client/sources.h"
#include "ntp/env.h"
#include "ntp/keys.h"
#include "ntp/server/client_log.h"
#include "ntp/server/server.h"
#include "ntp/server/worker.h"
#include "ntp/sockets.h"
#include "process/process_table.h"
#include "process/sandbox.h"
#include "source/source.h"

struct chronyd {
    const struct options *options;
    struct conf *conf;
    struct sandbox sandbox; /* users and rights of the processes */

    struct world *world;
    struct loop *loop;
    timer_id dump_timer; /* of a dump command in progress */
    struct measurement_log *mlog;
    /* What sets the clock, made before chronyd_open(). NULL: this process does. */
    struct guarded_clock *guarded_clock;
    struct guard_channel *guard_channel; /* to the guard's process; NULL: there is none */
    struct guard_process guard_process;  /* what it inherits; empty in this process */
    struct local_clock *clock;
    struct rtc *rtc; /* NULL: not tracked */
    struct reference *reference;
    struct source_register *sources;
    struct refclock_set *refclocks;
    struct manual *manual;
    struct temperature *temperature;                   /* NULL: no tempcomp */
    struct temperature_learning *temperature_learning; /* NULL: no templearn */
    struct smoothing *smoothing;                       /* NULL: no smoothtime */

    struct history_collector *history; /* NULL: no historyfile */

    struct nic_clocks *nic_clocks;
    struct ntp_env ntp_env;
    struct ntp_keys *keys;
    bool keys_loaded; /* by the last rekey */
    struct client_log *client_log;
    struct client_limits client_limits;
    struct ntp_sockets *ntp_sockets;
    struct ntp_server *ntp_server;
    struct ntp_sources *ntp_sources;
    struct ntp_broadcast *ntp_broadcast;
    struct xdp_part *xdp_part; /* NULL: nothing is answered in the kernel */

    struct server_worker_env server_worker; /* of the processes that answer NTP requests */
    struct time_page_memory worker_page;    /* for processes of the daemon; usually none, as is: */
    struct time_page_memory program_page;   /* for programs of this machine */
    struct time_page_writer *time_pages;    /* NULL: there is no page */

    struct process_table *processes;       /* NULL in the simulator */
    struct fork_server *fork_server;       /* NULL: there is none */
    struct binder *binder;                 /* NULL: this process binds its ports itself */
    struct metrics_server *metrics_server; /* NULL: no metrics are served */
    struct nts_part *nts_part;
    struct ntp_nts nts; /* filled in by nts_part */

    struct access_table *cmd_access;
    struct access_names *ntp_access_names;
    struct access_names *cmd_access_names;
    struct cmd_service *cmd_service;

    enum reference_mode main_mode; /* after initstepslew: normal, -q or -Q */
    bool pidfile_written;
    bool rtc_was_good;    /* the clock was set from it (-s) */
    bool sources_started; /* the first round of resolving has ended */
    int exit_status;

    /* Called when the daemon is ready. False: the daemon ends. May be NULL. */
    bool (*on_ready)(struct chronyd *daemon);
};

/* The life of a daemon, in this order; loop_run() or loop_run_once() comes before the last call.
   The caller owns conf and world: it sets them after the first call and frees them after the last
   one (daemon.md 4, 14). */
void chronyd_init(struct chronyd *daemon, const struct options *options);
/* Clock and sockets, which may need root. */
void chronyd_open(struct chronyd *daemon);
/* The rest of the modules. */
void chronyd_start(struct chronyd *daemon);
/* The mode of operation begins. */
void chronyd_begin(struct chronyd *daemon);
/* Frees all modules and the loop. */
void chronyd_stop(struct chronyd *daemon);

/* Runs the daemon from the configuration to the end of its main loop (daemon.md 4 steps 7 to 26,
   14). The message log is open and the process is detached. passed_fds: sockets from the service
   manager. Returns the exit status; fatal errors do not return. */
int chronyd_run(const struct options *options, int passed_fds);

/* Names the files and ports that this process may use under Landlock; before others are made. */
void setup_confinement(struct chronyd *daemon);

/* Steps of the start that concern the process, in chronyd/setup.c. */
void setup_read_conf(struct chronyd *daemon, int passed_fds);
void setup_files(struct chronyd *daemon);
/* The limits of open files and locked memory, before other processes are made and rights are
   dropped. */
void setup_limits(struct chronyd *daemon);
void setup_helpers(struct chronyd *daemon);
/* Memory of the time pages, which no other process inherits. */
void setup_time_pages(struct chronyd *daemon);
/* Puts them into the event loop. */
void setup_attach_helpers(struct chronyd *daemon);
/* Answering in the kernel, which needs rights to begin. passed_sockets: the service manager has
   given some. */
void setup_fast_path(struct chronyd *daemon, bool passed_sockets);
void setup_privileges(struct chronyd *daemon);

/* Executes one control command; ctx is the daemon. For struct cmd_service_ops. */
enum cmd_status chronyd_execute(void *ctx, const struct cmd_request *request,
                                union cmd_reply_body *body);

/* The rekey command, and SIGHUP for certificates. CMD_STATUS_LATER: chronyd_rekeyed will be
   called. */
enum cmd_status chronyd_rekey(struct chronyd *daemon);
/* Whether metrics are configured, and served in this mode of operation. */
bool chronyd_serves_metrics(const struct chronyd *daemon);

/* A rekey has ended, by command or because files have changed. ok: all certificates can be used.
   Answers the clients that wait. */
void chronyd_rekeyed(struct chronyd *daemon, bool ok);

/* Work on many sources, or a dump of many, has ended. When none is left, answers the commands that
   wait for that. */
void chronyd_work_done(struct chronyd *daemon);

#endif
