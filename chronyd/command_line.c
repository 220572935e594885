/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Command line of chronyd, see command_line.h. getopt() keeps its own state, so this is to be
 * called once, by main().
 */
#include "chronyd/command_line.h"

#include <getopt.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>

#include "base/number.h"
#include "base/text.h"
#include "config.h"

/* The usage text of daemon.md 3, tabs included. */
static const char *const usage_lines[] = {
    "  -4\t\tUse IPv4 addresses only",
    "  -6\t\tUse IPv6 addresses only",
    "  -f FILE\tSpecify configuration file (" DEFAULT_CONF_FILE ")",
    "  -n\t\tDon't run as daemon",
    "  -d\t\tDon't run as daemon and log to stderr",
#ifdef FEAT_DEBUG
    "  -d -d\t\tEnable debug messages",
#endif
    "  -l FILE\tLog to file",
    "  -L LEVEL\tSet logging threshold (0)",
    "  -p\t\tPrint configuration and exit",
    "  -q\t\tSet clock and exit",
    "  -Q\t\tLog offset and exit",
    "  -r\t\tReload dump files",
    "  -R\t\tAdapt configuration for restart",
    "  -s\t\tSet clock from RTC",
    "  -t SECONDS\tExit after elapsed time",
    "  -u USER\tSpecify user (" DEFAULT_USER ")",
    "  -U\t\tDon't check for root",
    "  -F LEVEL\tSet system call filter level (0)",
    "  -P PRIORITY\tSet process priority (0)",
    "  -m\t\tLock memory",
    "  -x\t\tDon't control clock",
    "  -N FD\t\tNotify supervisor",
    "  --check\tCheck configuration and exit",
    "  -v, --version\tPrint version and exit",
    "  -h, --help\tPrint usage and exit",
};

/* Those that chrony does not have. */
static bool is_extra(const char *line)
{
    return strncmp(line, "  --check", 9) == 0;
}

void command_line_print_usage(const char *program, bool extras, FILE *out)
{
    fprintf(out, "Usage: %s [OPTION]... [DIRECTIVE]...\n\nOptions:\n", program);
    for (size_t i = 0; i < COUNT(usage_lines); i++)
        if (extras || !is_extra(usage_lines[i]))
            fprintf(out, "%s\n", usage_lines[i]);
}

void command_line_print_version(FILE *out)
{
    fprintf(out, "chronyd (chrony) version %s (%s)\n", CHRONY_VERSION, CHRONYD_FEATURES);
}

/* A command line that works with chrony must start the daemon. So a number out of range becomes the
   nearest limit, and letters behind a number are ignored, both with a warning. */
static int parse_int(const char *text)
{
    bool clamped;
    size_t used;
    int value;

    if (!text_scan_clamped(text, INT_MIN, INT_MAX, &value, &clamped, &used))
        LOG_FATAL("Invalid argument %s", text);
    if (clamped || text[used] != '\0')
        LOG_WARN("Invalid argument %s, using %d", text, value);
    return value;
}

static enum log_severity clamp_severity(int level)
{
    if (level < (int)log_lowest())
        return log_lowest();
    return level > LOG_SEV_FATAL ? LOG_SEV_FATAL : (enum log_severity)level;
}

static void set_one_shot(struct options *o, enum daemon_mode mode)
{
    o->mode = mode;
    o->foreground = true;
    o->syslog = false;
    o->client_only = mode == MODE_MEASURE_ONCE;
    if (mode == MODE_MEASURE_ONCE) {
        o->need_root = false;
        o->control_clock = false;
    }
}

static void set_print(struct options *o)
{
    o->print_conf = true;
    o->foreground = true;
    o->syslog = false;
    o->need_root = false;
    o->min_severity = LOG_SEV_WARN;
}

/* Effect of one option; false: unknown. */
static bool apply(struct options *o, int option, const char *arg, int *debug_count)
{
    switch (option) {
    case '4':
        o->family = IP_V4;
        break;
    case '6':
        o->family = IP_V6;
        break;
    case 'd':
        (*debug_count)++;
        o->foreground = true;
        o->syslog = false;
        break;
    case 'f':
        o->conf_file = arg;
        break;
    case 'F':
        o->filter_level = parse_int(arg);
        break;
    case 'l':
        o->log_file = arg;
        break;
    case 'L':
        o->min_severity = clamp_severity(parse_int(arg));
        break;
    case 'm':
        o->lock_memory = true;
        break;
    case 'n':
        o->foreground = true;
        break;
    case 'N':
        o->notify_fd = parse_int(arg);
        break;
    case 'p':
        set_print(o);
        break;
    case 'P':
        o->priority = parse_int(arg);
        break;
    case 'q':
        set_one_shot(o, MODE_SET_ONCE);
        break;
    case 'Q':
        set_one_shot(o, MODE_MEASURE_ONCE);
        break;
    case 'r':
        o->reload_dumps = true;
        break;
    case 'R':
        o->restarted = true;
        break;
    case 's':
        o->set_from_rtc = true;
        break;
    case 't':
        o->timeout = parse_int(arg);
        break;
    case 'u':
        o->user = arg;
        break;
    case 'U':
        o->need_root = false;
        break;
    case 'x':
        o->control_clock = false;
        break;
    default:
        return false;
    }
    return true;
}

/* Takes --check out of the arguments, up to `--`. Returns how many are left. */
static int take_check(struct options *o, int argc, char **argv)
{
    int left = argc > 0 ? 1 : 0, i = left;

    for (; i < argc && strcmp(argv[i], "--") != 0; i++) {
        if (strcmp(argv[i], "--check") == 0)
            o->check = true;
        else
            argv[left++] = argv[i];
    }
    while (i < argc)
        argv[left++] = argv[i++];
    if (left < argc)
        argv[left] = NULL;
    return left;
}

enum command_line_action command_line_parse(struct options *o, int argc, char **argv)
{
    int debug_count = 0;
    int option;

    *o = (struct options){
        .program = argc > 0 ? argv[0] : "chronyd",
        .conf_file = DEFAULT_CONF_FILE,
        .mode = MODE_NORMAL,
        .min_severity = LOG_SEV_INFO,
        .timeout = -1,
        .syslog = true,
        .need_root = true,
        .control_clock = true,
    };

    for (int i = 1; i < argc; i++) {
        if (strcmp(argv[i], "--help") == 0)
            return ACTION_HELP;
        if (strcmp(argv[i], "--version") == 0)
            return ACTION_VERSION;
    }

    argc = take_check(o, argc, argv);
    while ((option = getopt(argc, argv, "46df:F:hl:L:mnN:pP:qQrRst:u:Uvx")) != -1) {
        if (option == 'h')
            return ACTION_HELP;
        if (option == 'v')
            return ACTION_VERSION;
        if (!apply(o, option, optarg, &debug_count))
            return ACTION_USAGE_ERROR;
    }
    if (debug_count >= 2)
        o->min_severity = log_lowest();

    o->directives = argv + optind;
    o->directive_count = argc - optind;
    return o->check ? ACTION_CHECK : ACTION_RUN;
}
