/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The sink of all messages (daemon.md 15): standard error, the file of -l, or the system log. It is
 * the one place with state of the whole process, because code without a context has to log, too. It
 * must never allocate, never fail its caller, and never log itself. It is not thread-safe.
 */
#include "base/log.h"

#include <assert.h>
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "base/file.h"
#include "base/log_syslog.h"
#include "base/text.h"
#include "config.h"

/* Longest message, terminator included. */
#define MESSAGE_SIZE 2048
/* ... with the time, and with its origin in debug mode. */
#define LINE_SIZE (MESSAGE_SIZE + 512)

enum destination { TO_STDERR, TO_FILE, TO_SYSLOG, TO_FUNCTION };

static struct {
    enum destination destination;
    enum log_severity threshold;
    FILE *file;
    char *path;         /* absolute or not, as given with -l */
    unsigned long lost; /* messages that could not be written to the file */
    int lost_error;
    bool cut; /* the file ends in a part of a line */
    bool fatal_to_stderr;
    bool context_info;
    bool ending; /* a fatal message is being handled */
    int parent_fd;
    void (*hook)(void *arg);
    void *hook_arg;
    const char *origin_prefix;
    void (*function)(enum log_severity severity, const char *text, void *arg);
    void *function_arg;
} sink = {.parent_fd = -1, .origin_prefix = ""};

void log_set_threshold(enum log_severity severity)
{
    sink.threshold = severity < log_lowest() ? log_lowest() : severity;
}

enum log_severity log_threshold(void)
{
    return sink.threshold;
}

enum log_severity log_lowest(void)
{
#ifdef FEAT_DEBUG
    return LOG_SEV_DEBUG;
#else
    return LOG_SEV_INFO;
#endif
}

static FILE *open_log(const char *path)
{
    return file_open_append(path, 0640);
}

bool log_open_file(const char *path)
{
    FILE *file = open_log(path);

    if (!file)
        return false;
    char *copy = text_dup(path);
    log_close();
    sink.file = file;
    sink.path = copy;
    sink.lost = 0;
    sink.cut = false;
    sink.destination = TO_FILE;
    return true;
}

void log_open_syslog(void)
{
    log_close();
    log_syslog_open();
    sink.destination = TO_SYSLOG;
}

void log_open_stderr(void)
{
    log_close();
}

void log_open_function(void (*function)(enum log_severity severity, const char *text, void *arg),
                       void *arg)
{
    log_close();
    sink.function = function;
    sink.function_arg = arg;
    sink.destination = TO_FUNCTION;
}

void log_reopen_file(void)
{
    struct stat st;

    if (sink.destination != TO_FILE || stat(sink.path, &st) == 0 || errno != ENOENT)
        return;
    FILE *file = open_log(sink.path);
    if (!file)
        return;
    fclose(sink.file);
    sink.file = file;
}

void log_close(void)
{
    if (sink.destination == TO_SYSLOG)
        log_syslog_close();
    if (sink.file)
        fclose(sink.file);
    free(sink.path);
    sink.file = NULL;
    sink.path = NULL;
    sink.destination = TO_STDERR;
}

int log_file_descriptor(void)
{
    return sink.destination == TO_FILE ? fileno(sink.file) : -1;
}

int log_open_for_signals(bool may_open, bool *is_syslog)
{
    *is_syslog = sink.destination == TO_SYSLOG;
    if (sink.destination == TO_STDERR)
        return STDERR_FILENO;
    return *is_syslog && may_open ? log_syslog_connect() : -1;
}

void log_reconnect(void)
{
    if (sink.destination != TO_SYSLOG)
        return;
    log_syslog_close();
    log_syslog_open();
}

void log_set_fatal_to_stderr(bool on)
{
    sink.fatal_to_stderr = on;
}

void log_set_parent_fd(int fd)
{
    sink.parent_fd = fd;
}

/* Writes everything to the foreground process and closes the descriptor. */
static bool write_parent(const char *data, size_t length)
{
    size_t done = 0;

    while (done < length) {
        ssize_t n = write(sink.parent_fd, data + done, length - done);

        if (n < 0 && errno == EINTR)
            continue;
        if (n <= 0)
            break;
        done += (size_t)n;
    }
    close(sink.parent_fd);
    sink.parent_fd = -1;
    return done == length;
}

bool log_release_parent(void)
{
    return sink.parent_fd < 0 || write_parent("", 1);
}

void log_set_fatal_hook(void (*hook)(void *arg), void *arg)
{
    sink.hook = hook;
    sink.hook_arg = arg;
}

void log_set_origin_prefix(const char *prefix)
{
    sink.origin_prefix = prefix;
}

void log_set_context_info(bool info)
{
    sink.context_info = info;
}

enum log_severity log_context_severity(void)
{
    return sink.context_info ? LOG_SEV_INFO : LOG_SEV_DEBUG;
}

/* Where in the program a message was made. */
struct origin {
    const char *file;
    int line;
    const char *label;
};

/* Returns the length. */
static size_t format_line(char *line, size_t size, enum log_severity severity,
                          const struct origin *origin, const char *prefix, const char *text)
{
    char stamp[64] = "";
    time_t now = time(NULL);
    struct tm tm;
    int length;

    if (gmtime_r(&now, &tm))
        strftime(stamp, sizeof(stamp), "%Y-%m-%dT%H:%M:%SZ", &tm);
    if (sink.threshold <= LOG_SEV_DEBUG)
        length =
            snprintf(line, size, "%s %c:%s%s:%d:(%s) %s%s\n", stamp, "DIWEF"[severity + 1],
                     sink.origin_prefix, origin->file, origin->line, origin->label, prefix, text);
    else
        length = snprintf(line, size, "%s %s%s\n", stamp, prefix, text);
    return length < 0 ? 0 : (size_t)length < size ? (size_t)length : size - 1;
}

static bool write_octets(const char *data, size_t length)
{
    ssize_t n;

    do
        n = write(fileno(sink.file), data, length);
    while (n < 0 && errno == EINTR);
    if (n >= 0 && (size_t)n < length) {
        sink.cut = sink.cut || n > 0;
        errno = ENOSPC;
    }
    return n >= 0 && (size_t)n == length;
}

/* The disk may be full. Lost messages are counted, and their number is written when there is room
   again. */
static void write_file(const char *line, size_t length, const struct origin *origin)
{
    char note[LINE_SIZE], text[128];
    size_t note_length = 0;

    if (sink.lost > 0) {
        snprintf(text, sizeof(text), "%lu message%s could not be written : %s", sink.lost,
                 sink.lost == 1 ? "" : "s", text_errno(sink.lost_error));
        note[0] = '\n';
        note_length = 1 + format_line(note + 1, sizeof(note) - 1, LOG_SEV_WARN, origin, "", text);
    }
    /* The end of a line that was cut. */
    if (note_length > 0 && !write_octets(note + !sink.cut, note_length - !sink.cut)) {
        sink.lost++;
        return;
    }
    sink.lost = 0;
    sink.cut = false;
    if (!write_octets(line, length)) {
        sink.lost++;
        sink.lost_error = errno;
    }
}

static void write_line(enum log_severity severity, const struct origin *origin, const char *prefix,
                       const char *text)
{
    char line[LINE_SIZE];
    size_t length = format_line(line, sizeof(line), severity, origin, prefix, text);

    if (sink.destination == TO_FILE) {
        write_file(line, length, origin);
    } else {
        fwrite(line, 1, length, stderr);
        fflush(stderr);
    }
}

static void emit(enum log_severity severity, const struct origin *origin, const char *text)
{
    const char *prefix = severity == LOG_SEV_FATAL ? "Fatal error : " : "";
    char message[MESSAGE_SIZE + 16];

    switch (sink.destination) {
    case TO_STDERR:
    case TO_FILE:
        write_line(severity, origin, prefix, text);
        break;
    case TO_SYSLOG:
        snprintf(message, sizeof(message), "%s%s", prefix, text);
        log_syslog_write(severity, message);
        break;
    case TO_FUNCTION:
        sink.function(severity, text, sink.function_arg);
        break;
    }
    if (severity == LOG_SEV_FATAL && sink.fatal_to_stderr && sink.destination != TO_STDERR)
        fprintf(stderr, "%s%s\n", prefix, text);
}

void log_message(enum log_severity severity, const char *file, int line, const char *label,
                 const char *format, ...)
{
    const struct origin origin = {file, line, label};
    char text[MESSAGE_SIZE];
    int error = errno;
    va_list ap;

    assert(severity >= LOG_SEV_DEBUG && severity < LOG_SEV_FATAL);
    if (severity < sink.threshold)
        return;
    va_start(ap, format);
    vsnprintf(text, sizeof(text), format, ap);
    va_end(ap);
    emit(severity, &origin, text);
    errno = error;
}

void log_fatal(const char *file, int line, const char *label, const char *format, ...)
{
    const struct origin origin = {file, line, label};
    char text[MESSAGE_SIZE];
    va_list ap;

    va_start(ap, format);
    vsnprintf(text, sizeof(text), format, ap);
    va_end(ap);
    emit(LOG_SEV_FATAL, &origin, text);
    if (!sink.ending) {
        /* The hook may fail with a fatal message of its own, which must not call it again. */
        sink.ending = true;
        if (sink.parent_fd >= 0)
            write_parent(text, strlen(text) + 1);
        if (sink.hook)
            sink.hook(sink.hook_arg);
    }
    exit(1);
}
