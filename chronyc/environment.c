/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The environment on the operating system: sockets, clock, resolver, random numbers, user. Keeps to
 * the calls of chronyc.md 15.
 */
#include "chronyc/environment.h"

#include "config.h"

#include <errno.h>
#include <grp.h>
#include <math.h>
#include <netdb.h>
#include <netinet/in.h>
#include <pwd.h>
#include <stdlib.h>
#include <string.h>
#include <sys/select.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>
#ifdef HAVE_GETRANDOM
#include <sys/random.h>
#endif
#include "base/number.h"
#include "base/text.h"
#include "chronyc/line_input.h"
#include "chronyc/machine.h"
#include "chronyc/quit_signal.h"
#include "chronyc/screen.h"
#include "chronyc/unix_socket.h"

#define RANDOM_FILE "/dev/urandom"

struct os_environment {
    struct unix_socket unix_socket; /* fd is also that of a UDP socket */
    bool is_unix;
    struct screen screen;
    FILE *err;
    bool random_failed; /* which was told */
};

/* From the kernel, without a file: chronyc works without /dev/urandom. */
static size_t kernel_random(uint8_t *data, size_t length)
{
    size_t done = 0;

#ifdef HAVE_GETRANDOM
    while (done < length) {
        ssize_t n = getrandom(data + done, length - done, GRND_NONBLOCK);
        if (n > 0)
            done += (size_t)n;
        else if (n == 0 || errno != EINTR)
            break;
    }
#else
#endif
    return done;
}

static bool file_random(uint8_t *data, size_t length)
{
    FILE *f = fopen(RANDOM_FILE, "r");

    if (!f)
        return false;
    setvbuf(f, NULL, _IONBF, 0); /* take no more than asked for */
    errno = EIO;                 /* of an end of file */
    bool result = fread(data, 1, length, f) == length;
    int error = errno;
    fclose(f);
    errno = error;
    return result;
}

static bool os_random(void *ctx, void *data, size_t length)
{
    struct os_environment *os = ctx;
    size_t done = kernel_random(data, length);

    if (done == length || file_random((uint8_t *)data + done, length - done))
        return true;
    if (!os->random_failed)
        fprintf(os->err, "Could not read %s : %s\n", RANDOM_FILE, text_errno(errno));
    os->random_failed = true;
    return false;
}

/* A family that the system does not have is no error: the next address is tried. */
static int open_udp(const struct ip_port *remote, FILE *err)
{
    struct sockaddr_storage address;
    socklen_t length = ip_port_to_sockaddr(remote, &address);

    if (length == 0)
        return -1;
    int fd = socket_prepare(socket(address.ss_family, SOCK_DGRAM, 0));
    if (fd < 0) {
        if (errno != EAFNOSUPPORT)
            fprintf(err, "Could not open socket : %s\n", text_errno(errno));
        return -1;
    }
    if (connect(fd, (const struct sockaddr *)&address, length) < 0) {
        close(fd);
        return -1;
    }
    return fd;
}

static bool os_open(void *ctx, const struct endpoint *endpoint)
{
    struct os_environment *os = ctx;

    os->is_unix = endpoint->path != NULL;
    if (os->is_unix)
        return unix_socket_open(&os->unix_socket, endpoint->path, os_random, ctx, os->err);
    int fd = open_udp(&endpoint->addr, os->err);
    os->unix_socket.fd = fd;
    return fd >= 0;
}

static void os_close(void *ctx)
{
    struct os_environment *os = ctx;

    if (os->is_unix)
        unix_socket_close(&os->unix_socket);
    else
        close(os->unix_socket.fd);
    os->unix_socket.fd = -1;
}

static bool os_send(void *ctx, const void *data, size_t length)
{
    struct os_environment *os = ctx;

    if (send(os->unix_socket.fd, data, length, 0) == (ssize_t)length)
        return true;
    /* The queue of a daemon's Unix socket is short. A full queue counts as a lost datagram, which
       is sent again. */
    return errno == EAGAIN || errno == ENOBUFS;
}

/* Longer times are waited for in parts. */
#define WAIT_MAX 86400.0

static struct timeval to_timeval(double seconds)
{
    struct timeval tv;

    if (!(seconds > 0.0))
        seconds = 0.0;
    if (seconds > WAIT_MAX)
        seconds = WAIT_MAX;
    tv.tv_sec = (time_t)seconds;
    /* Rounded up, so that the time has really passed. */
    tv.tv_usec = (suseconds_t)ceil((seconds - (double)tv.tv_sec) * 1e6);
    if (tv.tv_usec > 999999)
        tv.tv_usec = 999999;
    return tv;
}

static enum wait_result os_wait(void *ctx, double timeout)
{
    struct os_environment *os = ctx;

    for (;;) {
        double part = timeout < WAIT_MAX ? timeout : WAIT_MAX;
        struct timeval tv = to_timeval(part);
        fd_set readable;

        FD_ZERO(&readable);
        FD_SET(os->unix_socket.fd, &readable);
        int n = select(os->unix_socket.fd + 1, &readable, NULL, NULL, &tv);
        if (n != 0)
            return n > 0 ? WAIT_READY : WAIT_FAILED;
        timeout -= part;
        if (timeout <= 0.0)
            return WAIT_TIMEOUT;
    }
}

static bool os_receive(void *ctx, void *data, size_t size, size_t *length)
{
    struct os_environment *os = ctx;
    struct iovec iov = {.iov_base = data, .iov_len = size};
    struct msghdr message = {.msg_iov = &iov, .msg_iovlen = 1};
    ssize_t n = recvmsg(os->unix_socket.fd, &message, 0);

    if (n < 0)
        return false;
    *length = (size_t)n;
    return true;
}

static int to_af(enum ip_family family)
{
    return family == IP_V4 ? AF_INET : family == IP_V6 ? AF_INET6 : AF_UNSPEC;
}

static int os_resolve(void *ctx, const char *name, enum ip_family family, struct ip_addr *addrs,
                      int max)
{
    struct addrinfo hints = {.ai_family = to_af(family), .ai_socktype = SOCK_DGRAM}, *list;
    bool has_scope = strchr(name, '%') != NULL;
    int count = 0;

    /* An address with an interface is no name. */
    if (has_scope)
        hints.ai_flags = AI_NUMERICHOST;
    if (name[0] == '\0' || getaddrinfo(name, NULL, &hints, &list) != 0)
        return 0;
    for (const struct addrinfo *ai = list; ai && count < max; ai = ai->ai_next) {
        uint32_t scope = ip_scope_from_sockaddr(ai->ai_addr, ai->ai_addrlen);
        struct ip_port addr;

        /* Only an interface that the user names counts. */
        if ((scope != 0 && !has_scope) ||
            !ip_port_from_sockaddr(ai->ai_addr, ai->ai_addrlen, &addr))
            continue;
        addr.addr.scope = scope;
        addrs[count++] = addr.addr;
    }
    freeaddrinfo(list);
    return count;
}

static bool os_reverse(void *ctx, const struct ip_addr *addr, char *name, size_t size)
{
    struct ip_port port = {.addr = *addr};
    struct sockaddr_storage address;
    socklen_t length = ip_port_to_sockaddr(&port, &address);

    return length > 0 && getnameinfo((const struct sockaddr *)&address, length, name,
                                     (socklen_t)size, NULL, 0, 0) == 0;
}

static bool os_user_name(void *ctx, uint32_t uid, char *name, size_t size)
{
    const struct passwd *pw = getpwuid((uid_t)uid);

    if (pw)
        text_copy(name, size, pw->pw_name);
    return pw != NULL;
}

static struct instant os_now(void *ctx)
{
    struct timespec ts = {0};

    clock_gettime(CLOCK_REALTIME, &ts);
    return instant_make(ts.tv_sec, ts.tv_nsec);
}

static bool os_pause(void *ctx, double seconds)
{
    while (seconds > 0.0) {
        double part = seconds < WAIT_MAX ? seconds : WAIT_MAX;
        struct timeval tv = to_timeval(part);

        if (select(0, NULL, NULL, NULL, &tv) < 0)
            return false;
        seconds -= part;
    }
    return true;
}

static bool os_quit(void *ctx)
{
    return quit_signal_came();
}

static char *os_read_line(void *ctx, const char *prompt)
{
    return line_input_read(stdin, stdout, prompt);
}

static bool os_screen_enter(void *ctx)
{
    return screen_enter(&((struct os_environment *)ctx)->screen);
}

static void os_screen_leave(void *ctx)
{
    screen_leave(&((struct os_environment *)ctx)->screen);
}

static void os_screen_size(void *ctx, int *rows, int *columns)
{
    screen_size(rows, columns);
}

static int os_screen_key(void *ctx, double timeout)
{
    return screen_key(timeout);
}

static void os_forget_interrupt(void *ctx)
{
    quit_signal_forget_interrupt();
}

/* https://no-color.org: any value but an empty one. */
static bool want_colors(void)
{
    const char *no_color = getenv("NO_COLOR"), *term = getenv("TERM");

    return isatty(STDOUT_FILENO) && (!no_color || no_color[0] == '\0') && term &&
           strcmp(term, "dumb") != 0;
}

/* By the locale of the user, without making it that of the program, whose reports have none. */
static bool want_utf8(void)
{
    static const char *const variables[] = {"LC_ALL", "LC_CTYPE", "LANG"};

    for (size_t i = 0; i < COUNT(variables); i++) {
        const char *locale = getenv(variables[i]);

        if (locale && locale[0] != '\0')
            return isatty(STDOUT_FILENO) &&
                   (strcasestr(locale, "utf-8") || strcasestr(locale, "utf8"));
    }
    return false;
}

static bool os_change_user(void *ctx, const char *user)
{
    struct os_environment *os = ctx;

    if (strcmp(user, "root") == 0 || geteuid() != 0)
        return true;
    const struct passwd *pw = getpwnam(user);
    if (!pw) {
        fprintf(os->err, "Could not get user/group ID of %s\n", user);
        return false;
    }
    if (setgroups(0, NULL) < 0) {
        fprintf(os->err, "setgroups() failed : %s\n", text_errno(errno));
        return false;
    }
    if (setgid(pw->pw_gid) < 0) {
        fprintf(os->err, "setgid(%u) failed : %s\n", pw->pw_gid, text_errno(errno));
        return false;
    }
    if (setuid(pw->pw_uid) < 0) {
        fprintf(os->err, "setuid(%u) failed : %s\n", pw->pw_uid, text_errno(errno));
        return false;
    }
    return true;
}

struct os_environment *os_environment_new(struct environment *env)
{
    struct os_environment *os = mem_alloc(sizeof(*os));

    os->unix_socket.fd = -1;
    os->err = stderr;
    *env = (struct environment){
        .out = stdout,
        .err = stderr,
        .out_terminal = isatty(STDOUT_FILENO),
        .colors = want_colors(),
        .err_terminal = isatty(STDERR_FILENO),
        .utf8 = want_utf8(),
        .terminal = isatty(STDIN_FILENO) && isatty(STDOUT_FILENO) && isatty(STDERR_FILENO),
        .open = os_open,
        .close = os_close,
        .send = os_send,
        .wait = os_wait,
        .receive = os_receive,
        .resolve = os_resolve,
        .reverse = os_reverse,
        .user_name = os_user_name,
        .now = os_now,
        .pause = os_pause,
        .random = os_random,
        .quit = os_quit,
        .change_user = os_change_user,
        .read_line = os_read_line,
        .screen_enter = os_screen_enter,
        .screen_leave = os_screen_leave,
        .screen_size = os_screen_size,
        .screen_key = os_screen_key,
        .machine = &machine_system,
        .forget_interrupt = os_forget_interrupt,
        .ctx = os,
    };
    if (gethostname(env->host_name, sizeof(env->host_name) - 1) < 0)
        text_copy(env->host_name, sizeof(env->host_name), "unknown");
    quit_signal_install();
    return os;
}

void os_environment_free(struct os_environment *os)
{
    free(os);
}
