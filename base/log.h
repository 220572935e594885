/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The log sink for messages (daemon.md 15). It is the one place with state of the whole process:
 * destination, threshold and context. Measurement logs are in clock/measurement_log.h.
 */
#ifndef BASE_LOG_H
#define BASE_LOG_H

#include <stdbool.h>

enum log_severity {
    LOG_SEV_DEBUG = -1,
    LOG_SEV_INFO = 0,
    LOG_SEV_WARN = 1,
    LOG_SEV_ERROR = 2,
    LOG_SEV_FATAL = 3,
};

/* Starts with standard error and severity info. */
void log_set_threshold(enum log_severity severity);
enum log_severity log_threshold(void);
/* Lowest severity that this build can log: debug only with --enable-debug. */
enum log_severity log_lowest(void);

/* Destinations. log_open_file: appends, created with mode 0640, no link followed in the last
   component; false with errno set. */
bool log_open_file(const char *path);
void log_open_syslog(void);
void log_open_stderr(void);
/* Calls a function with each message, without time and prefix; for simulations and tests. */
void log_open_function(void (*function)(enum log_severity severity, const char *text, void *arg),
                       void *arg);
/* Opens the -l file again if nothing exists at its path any more; keeps the old one on failure. */
void log_reopen_file(void);
void log_close(void);

/* Descriptor of the -l file, or -1. A forked process that closes inherited descriptors keeps it. */
int log_file_descriptor(void);
/* A descriptor that a signal handler may write a line to, if the destination is no file: standard
   error, or, if it may be opened, a new connection to the system log; -1: none. */
int log_open_for_signals(bool may_open, bool *is_syslog);
/* To be called directly after closing inherited descriptors: connects to the system log again if
   it is the destination. Its old descriptor is closed, and its number may soon belong to another
   file. */
void log_reconnect(void);

/* Copies fatal messages as "Fatal error : TEXT" to standard error too (-n with syslog). */
void log_set_fatal_to_stderr(bool on);
/* Descriptor of the foreground process that waits for readiness, or -1. A fatal message is written
   to it as text with its terminator. log_release_parent writes the one NUL byte that means success
   and closes it; false if the foreground process is gone. */
void log_set_parent_fd(int fd);
bool log_release_parent(void);
/* Called before a fatal message ends the process (e.g. to stop helpers). */
void log_set_fatal_hook(void (*hook)(void *arg), void *arg);
/* Prefix of debug origins in helpers, "nks#N:"; must stay valid. */
void log_set_origin_prefix(const char *prefix);

/* Messages about access rules and sources are info while a control command is executed or source
   directories are loaded, and debug otherwise (daemon.md 15). */
void log_set_context_info(bool info);
enum log_severity log_context_severity(void);

void log_message(enum log_severity severity, const char *file, int line, const char *label,
                 const char *format, ...) __attribute__((format(printf, 5, 6)));
/* Logs "Fatal error : ..." and exits with status 1 without the shutdown sequence. */
_Noreturn void log_fatal(const char *file, int line, const char *label, const char *format, ...)
    __attribute__((format(printf, 4, 5)));

#define LOG(sev, ...)    log_message((sev), __FILE__, __LINE__, __func__, __VA_ARGS__)
#define LOG_INFO(...)    LOG(LOG_SEV_INFO, __VA_ARGS__)
#define LOG_WARN(...)    LOG(LOG_SEV_WARN, __VA_ARGS__)
#define LOG_ERROR(...)   LOG(LOG_SEV_ERROR, __VA_ARGS__)
#define LOG_FATAL(...)   log_fatal(__FILE__, __LINE__, __func__, __VA_ARGS__)
#define LOG_CONTEXT(...) LOG(log_context_severity(), __VA_ARGS__)
/* The arguments are not evaluated when the message would be dropped. */
#define LOG_DEBUG(...)                                                                             \
    do {                                                                                           \
        if (log_threshold() <= LOG_SEV_DEBUG)                                                      \
            LOG(LOG_SEV_DEBUG, __VA_ARGS__);                                                       \
    } while (0)

#endif
