/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Reads the configuration for --check: the parser is the daemon's, and goes on behind a line that
 * the daemon would end with. What it says becomes a finding with its place. It never waits for
 * long: files are bounded, and so are their number of lines and the time for a pipe.
 */
#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>
#include "base/file.h"
#include "base/log.h"
#include "base/number.h"
#include "base/text.h"
#include "chronyd/check/check.h"

/* No configuration is as large; files that include each other several times are. */
#define MAX_FILE_SIZE (16 * 1024 * 1024)
#define MAX_LINES     100000
/* Milliseconds without a character from a pipe. */
#define PIPE_WAIT 3000

/* ---- Messages ---- */

/* Cuts `length` characters out of the text. */
static void cut(char *at, size_t length)
{
    memmove(at, at + length, strlen(at + length) + 1);
}

/* The copy that lives as long as the check; NULL for the command line. */
static const char *keep_file(struct check *c, const char *file)
{
    struct conf_strings *files = &c->files;

    /* Mostly it is the last one. */
    for (size_t i = files->count; file && i > 0; i--) {
        if (strcmp(files->items[i - 1], file) == 0)
            return files->items[i - 1];
    }
    if (!file)
        return NULL;
    files->items = mem_resize(files->items, files->count + 1, sizeof(*files->items));
    files->items[files->count] = text_dup(file);
    return files->items[files->count++];
}

/* The longest known file that the text begins with; NULL: none. */
static const char *match_file(const struct check *c, const char *text, const char *file)
{
    const char *best = NULL;

    for (size_t i = 0; i <= c->files.count; i++) {
        const char *known = i < c->files.count ? c->files.items[i] : file;

        if (known && strncmp(text, known, strlen(known)) == 0 &&
            (!best || strlen(known) > strlen(best)))
            best = known;
    }
    return best;
}

static size_t order_of(const struct check *c, const struct check_place *place)
{
    for (size_t i = c->line_count; i > 0; i--) {
        const struct check_place *known = &c->lines[i - 1].place;

        if (known->line == place->line && known->file == place->file)
            return known->order;
    }
    return place->order;
}

/* The file whose name the text begins with. An unknown one has no character in its name that
   separates words of messages. */
static const char *find_file(struct check *c, const char *text, const char *file)
{
    const char *known = match_file(c, text, file);
    char name[1024];

    if (known)
        return known;
    snprintf(name, sizeof(name), "%.*s", (int)strcspn(text, " :;,"), text);
    return keep_file(c, name);
}

/* Takes " at line N in file F" or " at line N" out of the message. */
static void take_place(struct check *c, char *text, const char *file, struct check_place *place)
{
    static const char line_words[] = " at line ", file_words[] = " in file ";
    char *at = strstr(text, line_words);
    int number;
    size_t used;

    if (!at || !text_scan_int(at + strlen(line_words), &number, &used))
        return;
    size_t length = strlen(line_words) + used;
    const char *found = NULL;
    if (strncmp(at + length, file_words, strlen(file_words)) == 0) {
        length += strlen(file_words);
        found = find_file(c, at + length, file);
        length += strlen(found);
    }
    cut(at, length);
    place->file = found;
    place->line = number;
    place->order = order_of(c, place);
}

static const struct {
    const char *part, *fix;
} message_fixes[] = {
    {"a comment needs a line of its own", "put the comment on a line of its own"},
    {"Nothing is included from the directory", "write confdir in place of include, or a pattern "
                                               "such as DIRECTORY/*.conf"},
    {"Connection timed out", "write into the pipe; the daemon would wait for it"},
    {"line ignored", "correct the line; the daemon leaves it out"},
    {", using ", "write the value that is meant; the daemon takes the one at the end of the line"},
    {"no longer supported", "remove the line"},
    {"no support for NTS", "install a build with NTS (chronyd --version shows +NTS)"},
    {"cannot answer in the kernel", "install a build with XDP, or remove the line"},
    {"no metrics server", "install a build with libmicrohttpd, or remove the line"},
    {"NUL character", "write the file again; NUL characters are what a power cut leaves"},
    {"Nothing is read for", "name 1 to 10 directories"},
    {"Invalid directive", "correct or remove the line; chrony.conf(5) has all directives"},
    {"Could not open ", "create the file or correct the path, or remove the line"},
    {"Could not read ", "correct the path, or remove the line"},
    {"String too long", "make the line shorter than 2047 characters"},
    {"Maximum include level", "files may be ten levels deep; one of them may include itself"},
    {"unknown refclock driver", "write PPS, SOCK, SHM, PHC or RTC, in upper case"},
    {"tai option requires", "add leapseclist FILE or leapsectz right/UTC"},
    {"rtcfile directive cannot", "remove rtcfile (rtcsync is the usual choice)"},
    {"RTC refclock cannot", "remove the refclock or the other directive"},
    {"templearn directive cannot", "remove tempcomp or templearn"},
    {"requires estimator kalman", "add estimator kalman, or remove pollpolicy"},
    {"Bad subnet", "write a prefix length of at most 32 (IPv4) or 128 (IPv6)"},
    {"Uneven number", "write one ntsserverkey for each ntsservercert"},
    {"cannot be enabled with noclientlog", "remove noclientlog or the rate limit"},
};

/* "write X" for a message with "(did you mean X?)". */
static bool fix_nearest(struct check *c, const char *text)
{
    static const char words[] = "did you mean ";
    const char *word = strstr(text, words);

    if (!word)
        return false;
    word += strlen(words);
    check_fix(c, "write %.*s", (int)strcspn(word, "?"), word);
    return true;
}

static void fix_message(struct check *c, const char *text, const char *directive)
{
    if (fix_nearest(c, text))
        return;
    for (size_t i = 0; i < COUNT(message_fixes); i++) {
        if (strstr(text, message_fixes[i].part)) {
            check_fix(c, "%s", message_fixes[i].fix);
            return;
        }
    }
    check_fix(c, "see %s in chrony.conf(5)", directive ? directive : "the directive");
}

void check_add_message(struct check *c, enum check_severity severity, const struct check_line *line,
                       const char *directive, const char *file, const char *text)
{
    struct check_line where = {.place.order = SIZE_MAX, .directive = NULL};
    char *copy = text_dup(text);

    if (line)
        where = *line;
    const char *of = directive ? directive : line ? line->directive : NULL;
    take_place(c, copy, file, &where.place);
    /* Most messages of the parser name the directive. */
    bool is_named = of && (strcasestr(copy, of) || strstr(copy, "Invalid directive"));
    where.directive = NULL;
    (severity == CHECK_ERROR ? check_error : check_warn)(c, &where, is_named ? NULL : of, "%s",
                                                         copy);
    fix_message(c, copy, of);
    free(copy);
}

/* ---- Errors ---- */

/* Writes the equivalent, in which `*` stands for the arguments. */
static void fix_foreign(struct check *c, const char *equivalent, const char *args)
{
    const char *star = strchr(equivalent, '*');

    if (star && args[0] != '\0')
        check_fix(c, "%.*s%s%s", (int)(star - equivalent), equivalent, args, star + 1);
    else
        check_fix(c, "%.*s%s", (int)strcspn(equivalent, "*"), equivalent, star ? star + 1 : "");
}

static bool add_foreign_directive(struct check *c, const struct check_line *line)
{
    const char *whose;
    const char *equivalent = check_foreign_directive(line->directive, line->args, &whose);

    if (!equivalent)
        return false;
    check_error(c, line, NULL, "this is a directive of %s", whose);
    fix_foreign(c, equivalent, line->args);
    return true;
}

/* The word behind the last colon of "Invalid option in X directive: WORD". */
static bool add_foreign_option(struct check *c, const struct check_line *line, const char *error)
{
    const char *colon = strstr(error, "Invalid option") ? strstr(error, ": ") : NULL;
    char word[64];

    if (!colon)
        return false;
    snprintf(word, sizeof(word), "%.*s", (int)strcspn(colon + 2, " "), colon + 2);
    const char *equivalent = check_foreign_option(word);
    if (!equivalent)
        return false;
    check_error(c, line, NULL, "%s is an option of ntpd", word);
    fix_foreign(c, equivalent, "");
    return true;
}

/* A file that this user may not open, and the daemon may. */
static bool note_closed_file(struct check *c, const struct check_line *line, const char *error)
{
    static const char words[] = "Could not open ";
    const char *reason = strstr(error, " : ");

    if (c->around->self.uid == 0 || strncmp(error, words, strlen(words)) != 0 || !reason ||
        strcmp(reason + 3, text_errno(EACCES)) != 0)
        return false;
    check_note(c, line, NULL, "not allowed to read %.*s as user %s",
               (int)(reason - error - (ptrdiff_t)strlen(words)), error + strlen(words),
               c->around->self.name);
    check_fix(c, "run the check as root");
    return true;
}

static void add_error(struct check *c, const struct check_line *line, const char *error)
{
    size_t before = c->findings.count;

    if (note_closed_file(c, line, error))
        return;

    if (strncmp(error, "Invalid directive", 17) != 0 || !add_foreign_directive(c, line)) {
        if (!add_foreign_option(c, line, error))
            check_add_message(c, CHECK_ERROR, line, NULL, NULL, error);
    }
    if (line->fragment && c->findings.count > before) {
        struct check_finding *f = &c->findings.items[before];
        size_t size = strlen(f->text) + 64;
        char *text = mem_alloc(size);

        snprintf(text, size, "%s; the daemon leaves the line out and goes on", f->text);
        free(f->text);
        f->text = text;
    }
}

/* ---- Watching the parser ---- */

struct reading {
    struct check *check;
    struct check_log log;
};

/* Messages since the last event are about the current line. */
static void flush_messages(struct reading *r)
{
    struct check *c = r->check;

    for (size_t i = 0; i < r->log.texts.count; i++)
        check_add_message(c, CHECK_WARNING, c->current > 0 ? &c->lines[c->current - 1] : NULL, NULL,
                          NULL, r->log.texts.items[i]);
    check_log_free(&r->log);
}

static void on_begin(const struct conf_line *line, void *arg)
{
    struct reading *r = arg;
    struct check *c = r->check;
    char *directive = text_dup(line->word);

    flush_messages(r);
    for (char *p = directive; *p != '\0'; p++)
        *p = (char)tolower((unsigned char)*p);
    if (check_is_full(c->line_count))
        c->lines = mem_resize(c->lines, 2 * c->line_count + 1, sizeof(*c->lines));
    c->lines[c->line_count] = (struct check_line){
        .place = {keep_file(c, line->file), line->number, c->line_count},
        .directive = directive,
        .args = text_dup(line->args),
        .fragment = line->fragment,
        .parent = c->current,
    };
    c->current = ++c->line_count;
}

static bool on_end(const char *error, void *arg)
{
    struct reading *r = arg;
    struct check *c = r->check;
    struct check_line *line = &c->lines[c->current - 1];

    flush_messages(r);
    line->accepted = !error;
    c->current = line->parent;
    if (c->has_ended)
        return false;
    c->has_bad_lines = c->has_bad_lines || error;
    if (error)
        add_error(c, line, error);
    /* Files that include each other twice would be read a thousand times. */
    c->has_ended = error && strstr(error, "Maximum include level");
    if (!c->has_ended && c->line_count >= MAX_LINES) {
        check_error(c, line, "include", "more than %d lines are read, the rest is not checked",
                    MAX_LINES);
        check_fix(c, "look for files that include each other");
        c->has_ended = true;
    }
    return !c->has_ended;
}

/* ---- Files ---- */

/* Copies what comes out of a pipe into memory. -1 with errno. */
static int copy_pipe(int fd)
{
    int memory = memfd_create("chrony.conf", MFD_CLOEXEC);
    size_t total = 0;

    while (memory >= 0) {
        struct pollfd p = {.fd = fd, .events = POLLIN};
        char data[4096];
        ssize_t n = poll(&p, 1, PIPE_WAIT) == 1 ? read(fd, data, sizeof(data)) : -1;
        bool failed = n < 0 || (n > 0 && write(memory, data, (size_t)n) != n);

        total += n > 0 ? (size_t)n : 0;
        if (n == 0 && lseek(memory, 0, SEEK_SET) == 0)
            return memory;
        if (failed || total > MAX_FILE_SIZE) {
            close(memory);
            errno = failed ? (p.revents == 0 ? ETIMEDOUT : EIO) : EFBIG;
            return -1;
        }
    }
    return -1;
}

/* Opens what is to be read. A pipe is copied if an operator has named it. -1 with errno. */
static int open_bounded(const char *path, bool named)
{
    int fd = open(path, O_RDONLY | O_NONBLOCK | O_CLOEXEC | O_NOCTTY);
    struct stat st;

    if (fd < 0 || fstat(fd, &st) < 0 || (S_ISREG(st.st_mode) && st.st_size <= MAX_FILE_SIZE))
        return fd;
    int copy = -1;
    errno = S_ISDIR(st.st_mode) ? EISDIR : S_ISREG(st.st_mode) ? EFBIG : ERRNO_NOT_A_FILE;
    if (named && !S_ISDIR(st.st_mode) && !S_ISREG(st.st_mode))
        copy = copy_pipe(fd);
    int error = errno;
    close(fd);
    errno = error;
    return copy;
}

static FILE *open_file(const char *path, bool named, void *arg)
{
    struct reading *r = arg;
    int fd = open_bounded(path, named);

    if (fd < 0)
        return NULL;
    keep_file(r->check, path);
    return fdopen(fd, "r");
}

/* Names are not looked up: their addresses do not matter, and the name server may be far away. */
static int resolve(const char *name, struct ip_addr *addrs, int max, void *arg)
{
    const struct surroundings *around = ((struct reading *)arg)->check->around;
    const char *interface = strchr(name, '%');

    addrs[0] = ip_addr_v4(192, 0, 2, 1);
    if (!interface)
        return 1;
    if (!ip_addr_parse_scoped(name, &addrs[0], &interface))
        return 0;
    for (size_t i = 0; i < around->interface_count; i++) {
        if (strcmp(around->interfaces[i].name, interface) == 0) {
            addrs[0].scope = (uint32_t)i + 1;
            return 1;
        }
    }
    return 0;
}

static void read_all(struct check *c, const struct conf_env *env)
{
    const struct options *options = c->options;
    struct conf_error error = {.message = ""};

    for (int i = 0; i < options->directive_count; i++)
        conf_read_line(c->conf, env, options->directives[i], i + 1, &error);
    if (options->directive_count > 0 || conf_read_file(c->conf, env, options->conf_file, &error) ||
        c->has_ended)
        return;
    c->is_unread = true;
    check_error(c, NULL, NULL, "%s", error.message);
    check_fix(c, "correct the path (-f FILE), or run the check as a user who may read the file");
}

static void on_problem(const char *text, const char *directive, size_t index, void *arg)
{
    struct check *c = arg;
    const char *kind = strcmp(directive, "allow") == 0      ? "allow deny"
                       : strcmp(directive, "cmdallow") == 0 ? "cmdallow cmddeny"
                                                            : directive;
    const struct check_line *line = check_find_nth(c, kind, index);

    check_add_message(c, CHECK_ERROR, line ? line : check_find(c, "ntsserverkey"), directive, NULL,
                      text);
}

void check_reading(struct check *c)
{
    struct reading r = {.check = c};
    const struct conf_watch watch = {on_begin, on_end, open_file, &r};
    const struct conf_env env = {
        .client_only = c->options->client_only,
        .restarted = c->options->restarted,
        .without_nts = !c->around->has_nts,
        .without_metrics = !c->around->has_metrics,
        .without_xdp = !c->around->has_xdp,
        .resolve = resolve,
        .resolve_arg = &r,
        .watch = &watch,
    };

    c->conf = conf_new(&env);
    check_log_begin(&r.log);
    read_all(c, &env);
    flush_messages(&r);
    check_log_end(&r.log);
    conf_check_all(c->conf, on_problem, c);
}
