/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The daemon's life: creation of the modules (in the order of daemon.md 4), modes of operation
 * (daemon.md 10), shutdown (daemon.md 14). Owns everything in struct chronyd.
 */
#include "chronyd/chronyd.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/text.h"
#include "chronyd/rtc/rtc_start.h"
#include "config.h"
#include "ntp/client/association.h"
#include "process/binder.h"
#include "process/fork_server.h"

#define INITSTEPSLEW_REMOVAL_DELAY 2.0 /* seconds (discipline.md 19.2) */
#define NTP_END_WARNING_SECONDS    (10 * 365 * 24 * 3600LL)

/* ---- Callbacks of modules ---- */

static void on_bad_source(struct source *source, void *arg)
{
    struct chronyd *d = arg;

    if (!source_is_refclock(source))
        ntp_sources_replace_bad(d->ntp_sources, source_address(source));
}

static uint32_t local_refid(const struct source *source, void *arg)
{
    const struct chronyd *d = arg;
    const struct association *a = ntp_sources_find(d->ntp_sources, source_address(source));

    return a ? ip_addr_refid(association_local_addr(a)) : 0;
}

static void on_selection(void *arg)
{
    history_collector_observe(((struct chronyd *)arg)->history);
}

static void on_sample(const struct source *source, const struct source_sample *sample, void *arg)
{
    history_collector_sample(((struct chronyd *)arg)->history, source, sample);
}

static bool cmd_is_allowed(void *ctx, const struct ip_addr *addr)
{
    return access_table_is_allowed(((struct chronyd *)ctx)->cmd_access, addr);
}

/* An unspecified address counts in the totals only. */
static bool cmd_admit(void *ctx, const struct ip_addr *addr)
{
    struct chronyd *d = ctx;
    const struct ip_addr unspecified = {.family = IP_UNSPEC};
    int record =
        client_log_access(d->client_log, &d->client_limits, CLIENT_CMD, addr ? addr : &unspecified,
                          local_clock_event_time(d->clock, NULL));

    if (!addr || ip_addr_is_loopback(addr))
        return true;
    return client_log_limit(d->client_log, &d->client_limits, CLIENT_CMD, record) == LIMIT_PASS;
}

static const struct cmd_service_ops cmd_ops = {
    .is_allowed = cmd_is_allowed,
    .admit = cmd_admit,
    .execute = chronyd_execute,
};

enum cmd_status chronyd_rekey(struct chronyd *d)
{
    d->keys_loaded = ntp_keys_load(d->keys, d->world, d->conf->key_file);
    enum nts_rekey nts = nts_part_rekey(d->nts_part);
    if (nts != NTS_REKEY_LATER && d->conf->nts_server.certs.count > 0)
        history_collector_certificates(d->history, nts == NTS_REKEY_DONE);
    ntp_server_wipe_old_keys(d->ntp_server);
    if (nts == NTS_REKEY_LATER)
        return CMD_STATUS_LATER;
    return nts == NTS_REKEY_DONE && d->keys_loaded ? CMD_STATUS_SUCCESS : CMD_STATUS_FAILED;
}

void chronyd_rekeyed(struct chronyd *d, bool ok)
{
    history_collector_certificates(d->history, ok);
    if (d->cmd_service)
        cmd_service_answer(d->cmd_service, CMD_REKEY,
                           ok && d->keys_loaded ? CMD_STATUS_SUCCESS : CMD_STATUS_FAILED);
}

static void on_reload_signal(void *arg)
{
    chronyd_rekey(arg);
}

/* ---- Start ---- */

static void warn_about_era_end(struct chronyd *d)
{
    struct instant end = {.sec = ntp_era_split() + UINT32_MAX};
    char text[32];

    if (end.sec - world_raw_now(d->world).i.sec < NTP_END_WARNING_SECONDS) {
        instant_format_utc(end, text, sizeof(text));
        LOG_WARN("Assumed NTP time ends at %s!", text);
    }
}

static void start_clock(struct chronyd *d)
{
    struct kernel_clock kernel;
    struct local_clock_params params = {
        .conf = d->conf->clock,
        .control = d->options->control_clock,
        .rtc_sync = d->conf->rtc.sync,
    };

    if (d->guarded_clock) {
        kernel = guarded_clock_kernel(d->guarded_clock);
        params.kernel = &kernel;
    }
    d->loop = loop_new(d->world);
    d->mlog = measurement_log_new(d->world, &d->conf->log);
    d->clock = local_clock_new(d->world, d->loop, &params);
}

/* Option -s, and tracking of the RTC. */
static void start_rtc(struct chronyd *d)
{
    struct rtc_env env = {d->world, d->loop, d->clock, d->mlog, d->guarded_clock};
    struct rtc_coefficients coefficients = {.valid = false};

    if (d->conf->rtc.file)
        coefficients = rtc_file_read(d->world, d->conf->rtc.file);
    if (d->options->set_from_rtc)
        d->rtc_was_good = rtc_start_set_clock(d->world, d->clock, &d->conf->rtc,
                                              d->conf->reference.drift_file.path, &coefficients);
    d->rtc = rtc_new(&env, &d->conf->rtc, &coefficients);
}

static void apply_cmd_access(struct chronyd *d)
{
    d->cmd_access = access_table_new();
    for (size_t i = 0; i < d->conf->command.access.count; i++) {
        const struct conf_access_rule *rule = &d->conf->command.access.rules[i];

        access_table_set(d->cmd_access, &rule->subnet, rule->allow, rule->all);
        access_log_rule("command", rule);
    }
}

static void apply_ntp_name(const struct conf_access_rule *rule, void *arg)
{
    ntp_server_set_access(((struct chronyd *)arg)->ntp_server, rule);
}

static void apply_cmd_name(const struct conf_access_rule *rule, void *arg)
{
    if (access_table_set(((struct chronyd *)arg)->cmd_access, &rule->subnet, rule->allow,
                         rule->all))
        access_log_rule("command", rule);
}

/* Names in access rules that have no address yet. */
static void start_access_names(struct chronyd *d)
{
    struct access_names_params params = {
        .world = d->world,
        .loop = d->loop,
        .rules = &d->conf->server.access,
        .apply = apply_ntp_name,
        .arg = d,
    };

    d->ntp_access_names = access_names_new(&params);
    params.rules = &d->conf->command.access;
    params.apply = apply_cmd_name;
    d->cmd_access_names = access_names_new(&params);
}

/* What needs root: keys, command and NTP sockets, access rules. */
static void start_servers(struct chronyd *d)
{
    bool kalman = d->conf->selection.estimator == ESTIMATOR_KALMAN;
    struct cmd_policy policy = {
        .ops = &cmd_ops,
        .ctx = d,
        .open_commands = d->conf->command.open,
        .features = kalman ? CMD_FEATURE_KALMAN : 0,
    };
    struct nic_clocks_env nic_env = {d->world, d->loop, d->clock};

    d->keys = ntp_keys_new();
    ntp_keys_load(d->keys, d->world, d->conf->key_file);
    d->client_log = client_log_new(d->world, &d->conf->client_log);
    d->client_limits = client_limits_make(&d->conf->client_log);
    d->cmd_service = cmd_service_new(d->world, d->loop, &d->conf->command, &policy);
    d->nic_clocks = nic_clocks_new(&nic_env, &d->conf->nic_clocks);
    d->ntp_env = (struct ntp_env){
        .world = d->world,
        .loop = d->loop,
        .clock = d->clock,
        .nic_clocks = d->nic_clocks,
        .log = d->mlog,
        .log_raw_measurements = (d->conf->log.files & LOGFILE_RAWMEASUREMENTS) != 0,
        .leap_is_slewed = d->conf->reference.leap.mode == LEAPSEC_SLEW,
    };
    workers_part_start(d);
    d->ntp_sockets =
        ntp_sockets_new(&d->ntp_env, &d->conf->sockets, &d->conf->client, &d->conf->broadcasts);
    warn_about_era_end(d);
    struct ntp_server_params params = (struct ntp_server_params){
        .env = &d->ntp_env,
        .conf = d->conf->server,
        .ptp_port = d->conf->sockets.ptp_port,
        .log = d->client_log,
        .limits = d->client_limits,
        .keys = d->keys,
        .sockets = d->ntp_sockets,
    };
    d->ntp_server = ntp_server_new(&params);
    apply_cmd_access(d);
    start_access_names(d);
}

/* ---- Metrics ---- */

bool chronyd_serves_metrics(const struct chronyd *d)
{
    return d->conf->command.metrics.addr.family != IP_UNSPEC && d->main_mode == REFERENCE_NORMAL;
}

static void end_metrics_process(void *ctx, pid_t pid)
{
    fork_server_kill(((struct chronyd *)ctx)->fork_server, pid);
}

static void see_off_metrics_process(void *ctx, pid_t pid)
{
    fork_server_see_off(((struct chronyd *)ctx)->fork_server, pid);
}

static void start_metrics_server(struct chronyd *d)
{
    const struct metrics_server_env env = {
        .world = d->world,
        .loop = d->loop,
        .execute = chronyd_execute,
        .kill = end_metrics_process,
        .see_off = see_off_metrics_process,
        .ctx = d,
    };

    if (chronyd_serves_metrics(d))
        d->metrics_server = metrics_server_new(&env, &d->conf->command.metrics);
}

static void on_mode_end(enum reference_mode mode, bool success, void *arg);

void chronyd_init(struct chronyd *d, const struct options *options)
{
    *d = (struct chronyd){
        .options = options,
        .main_mode = options->mode == MODE_SET_ONCE       ? REFERENCE_UPDATE_ONCE
                     : options->mode == MODE_MEASURE_ONCE ? REFERENCE_PRINT_ONCE
                                                          : REFERENCE_NORMAL,
    };
    d->nts_part = nts_part_new(d);
}

static void open_refclocks(struct chronyd *d)
{
    struct refclock_env env = {d->world, d->loop, d->clock, d->mlog};

    d->refclocks = refclock_set_new(&env);
    refclock_set_open(d->refclocks, &d->conf->refclocks);
}

void chronyd_open(struct chronyd *d)
{
    start_clock(d);
    start_rtc(d);
    open_refclocks(d);
    start_servers(d);
    start_metrics_server(d);
}

static void on_sources_work_done(void *arg)
{
    chronyd_work_done(arg);
}

static void start_sources(struct chronyd *d)
{
    struct reference_env reference_env = {
        .world = d->world,
        .loop = d->loop,
        .clock = d->clock,
        .log = d->mlog,
        .on_end = on_mode_end,
        .on_end_arg = d,
    };
    struct source_register_env register_env = {
        .world = d->world,
        .clock = d->clock,
        .log = d->mlog,
        .on_bad = on_bad_source,
        .local_refid = local_refid,
        .on_selection = on_selection,
        .on_sample = on_sample,
        .arg = d,
    };

    d->reference = reference_new(&reference_env, &d->conf->reference);
    register_env.reference = d->reference;
    d->sources = source_register_new(&register_env, &d->conf->selection);
    d->ntp_env.reference = d->reference;
    d->ntp_env.sources = d->sources;
    refclock_set_attach(d->refclocks, d->sources, d->reference);
    nts_part_start_client(d->nts_part);
    struct ntp_sources_params params = (struct ntp_sources_params){
        .env = &d->ntp_env,
        .conf = d->conf->client,
        .ptp_port = d->conf->sockets.ptp_port,
        .keys = d->keys,
        .nts = &d->nts,
        .sockets = d->ntp_sockets,
        .mono = ntp_server_mono_scale(d->ntp_server),
    };
    d->ntp_sources = ntp_sources_new(&params);
    ntp_sources_set_work_handler(d->ntp_sources, on_sources_work_done, d);
}

static void start_clock_helpers(struct chronyd *d)
{
    struct manual_env manual_env = {d->world, d->clock, d->reference};
    struct temperature_env temperature_env = {d->world, d->loop, d->clock, d->mlog};

    d->manual = manual_new(&manual_env, d->conf->manual);
    d->temperature = temperature_new(&temperature_env, &d->conf->tempcomp);
    d->temperature_learning = temperature_learning_new(&temperature_env, &d->conf->templearn);
    d->smoothing = smoothing_new(d->clock, d->reference, &d->conf->smoothing);
    d->ntp_env.smoothing = d->smoothing;
}

static void on_time_page(const struct time_page_content *content, void *arg)
{
    fast_path_set_time(arg, content);
}

static void start_time_pages(struct chronyd *d)
{
    const struct time_page_source source = {
        .env = &d->ntp_env,
        .mono = ntp_server_mono_scale(d->ntp_server),
        .add_net_correction = d->conf->sockets.ptp_port != 0,
    };
    struct time_page *pages[TIME_PAGES_MAX];
    int count = 0;

    if (d->worker_page.page)
        pages[count++] = d->worker_page.page;
    if (d->program_page.page)
        pages[count++] = d->program_page.page;
    struct fast_path *path = xdp_part_fast_path(d->xdp_part);
    if (count > 0 || path)
        d->time_pages = time_page_writer_new(&source, pages, count);
    if (path)
        time_page_writer_set_listener(d->time_pages, on_time_page, path);
}

void chronyd_start(struct chronyd *d)
{
    start_sources(d);
    nts_part_start_server(d->nts_part);
    start_clock_helpers(d);
    start_time_pages(d);
    xdp_part_start(d->xdp_part);
    loop_set_reload_handler(d->loop, on_reload_signal, d);
}

/* ---- Modes of operation ---- */

/* With initstepslew, -q and -Q use its hosts only. */
static bool uses_configured_sources(const struct chronyd *d)
{
    return d->main_mode == REFERENCE_NORMAL || d->conf->initstepslew.count == 0;
}

/* Without -t, -q and -Q wait without limit while a source may still get its address. */
static void warn_about_unresolved(struct chronyd *d)
{
    struct report_activity activity;

    ntp_sources_report_activity(d->ntp_sources, &activity);
    if (activity.unresolved > 0 && (int)activity.unresolved == source_register_count(d->sources))
        LOG_WARN("No source has an address yet, waiting for name resolution%s",
                 d->options->timeout < 0 ? " without a time limit (option -t sets one)" : "");
}

/* End of the first round of resolving: sources begin to be polled. */
static void on_resolving_round_end(void *arg)
{
    struct chronyd *d = arg;

    if (d->sources_started)
        return;
    d->sources_started = true;
    if (d->options->reload_dumps)
        source_register_reload(d->sources);
    source_register_remove_dump_files(d->sources);
    rtc_start(d->rtc, d->reference);
    if (uses_configured_sources(d))
        refclock_set_start(d->refclocks);
    ntp_sources_start_all(d->ntp_sources);
    ntp_sources_set_auto_start(d->ntp_sources);
    if (reference_is_one_shot(d->reference)) {
        warn_about_unresolved(d);
        source_register_check_one_shot(d->sources);
    }
}

/* In the one-shot modes the file may be that of a daemon that runs. */
static void start_history(struct chronyd *d)
{
    const struct history_env env = {
        .world = d->world,
        .loop = d->loop,
        .clock = d->clock,
        .reference = d->reference,
        .sources = d->sources,
        .sensor = d->conf->tempcomp.file ? d->conf->tempcomp.file : d->conf->templearn.file,
    };

    if (d->main_mode == REFERENCE_NORMAL)
        d->history = history_collector_new(&env, &d->conf->history);
}

static void begin_main_mode(struct chronyd *d)
{
    reference_set_mode(d->reference, d->main_mode);
    start_history(d);
    if (d->on_ready && !d->on_ready(d)) {
        loop_quit(d->loop);
        return;
    }
    if (uses_configured_sources(d))
        ntp_sources_add_configured(d->ntp_sources);
    d->ntp_broadcast = ntp_broadcast_new(&d->ntp_env, &d->conf->broadcasts, d->ntp_sockets);
    ntp_sources_set_round_handler(d->ntp_sources, on_resolving_round_end, d);
    ntp_sources_resolve_now(d->ntp_sources);
}

static void add_initstepslew_sources(struct chronyd *d)
{
    for (size_t i = 0; i < d->conf->initstepslew.count; i++) {
        char name[ADDR_TEXT_SIZE];
        struct source_conf conf = {.kind = SOURCE_SERVER, .name = name};

        ip_addr_format(&d->conf->initstepslew.servers[i], name, sizeof(name));
        source_options_default(&conf.options);
        conf.options.iburst = true;
        enum ntp_sources_status status = ntp_sources_add(d->ntp_sources, &conf, NULL);
        if (status != NTP_SOURCES_SUCCESS)
            LOG_ERROR("Could not add source %s : %s", name, ntp_sources_status_text(status));
    }
}

static void after_initstepslew(void *arg)
{
    struct chronyd *d = arg;

    ntp_sources_remove_all(d->ntp_sources);
    source_register_forget_reports(d->sources);
    begin_main_mode(d);
}

static void on_mode_end(enum reference_mode mode, bool success, void *arg)
{
    struct chronyd *d = arg;

    if (mode == REFERENCE_INIT_STEP_SLEW) {
        loop_timer_add(d->loop, INITSTEPSLEW_REMOVAL_DELAY, after_initstepslew, d);
        return;
    }
    d->exit_status = success ? 0 : 1;
    loop_quit(d->loop);
}

static void on_timeout(void *arg)
{
    struct chronyd *d = arg;

    LOG_INFO("Timeout reached");
    d->exit_status = reference_our_stratum(d->reference) >= NTP_MAX_STRATUM ? 1 : 0;
    loop_quit(d->loop);
}

/* The mode of operation, after the clock was set from the RTC. */
static void begin_mode(void *arg)
{
    struct chronyd *d = arg;

    if (d->conf->initstepslew.count == 0) {
        begin_main_mode(d);
        ntp_sockets_end_start(d->ntp_sockets);
        return;
    }
    ntp_sockets_end_start(d->ntp_sockets);
    /* In -q and -Q these hosts are the only sources. */
    add_initstepslew_sources(d);
    if (d->main_mode == REFERENCE_NORMAL) {
        reference_set_mode(d->reference, REFERENCE_INIT_STEP_SLEW);
        ntp_sources_start_all(d->ntp_sources);
        source_register_check_one_shot(d->sources);
    } else {
        begin_main_mode(d);
    }
}

void chronyd_begin(struct chronyd *d)
{
    if (d->options->timeout >= 0)
        loop_timer_add(d->loop, d->options->timeout, on_timeout, d);
    if (!d->rtc_was_good || !rtc_measure_initially(d->rtc, begin_mode, d))
        begin_mode(d);
}

/* ---- Shutdown ---- */

void chronyd_stop(struct chronyd *d)
{
    time_page_writer_free(d->time_pages);
    d->time_pages = NULL;
    xdp_part_free(d->xdp_part);
    d->xdp_part = NULL;
    local_clock_cancel_correction(d->clock);
    history_collector_free(d->history);
    d->history = NULL;
    source_register_dump(d->sources);
    reference_set_mode(d->reference, REFERENCE_IGNORE);

    smoothing_free(d->smoothing);
    d->smoothing = d->ntp_env.smoothing = NULL;
    temperature_learning_free(d->temperature_learning);
    temperature_free(d->temperature);
    manual_free(d->manual);
    nts_part_stop_server(d->nts_part);
    ntp_broadcast_free(d->ntp_broadcast);
    ntp_sources_free(d->ntp_sources);
    nts_part_free(d->nts_part);
    metrics_server_free(d->metrics_server);
    cmd_service_free(d->cmd_service);
    access_names_free(d->ntp_access_names);
    access_names_free(d->cmd_access_names);
    access_table_free(d->cmd_access);
    ntp_server_free(d->ntp_server);
    ntp_sockets_free(d->ntp_sockets);
    workers_part_free(d);
    nic_clocks_free(d->nic_clocks);
    client_log_free(d->client_log);
    ntp_keys_free(d->keys);
    refclock_set_free(d->refclocks);
    source_register_free(d->sources);
    reference_free(d->reference);
    rtc_free(d->rtc);
    local_clock_free(d->clock);
    guard_part_free(d);
    measurement_log_free(d->mlog);
    binder_free(d->binder);
    fork_server_free(d->fork_server);
    process_table_free(d->processes);
    loop_free(d->loop);
}
