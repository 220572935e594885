/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A user at a terminal: runs a program on a pseudo-terminal, types, and reads the screen.
 *
 *   terminal_client PROGRAM [ARGUMENT]... < SCRIPT
 *
 * Lines of the script: expect TEXT, absent TEXT, reversed TEXT, colored TEXT (on the screen,
 * waiting up to 10 seconds), send TEXT (with \r \n \t \e and \xNN), screen alternate|normal, keys
 * (waits until the program reads single keys), hangup, exit STATUS. The program must have ended at
 * the end of the script; then the terminal's settings must be those of the start. Status 0: all was
 * as expected; 1: not, and the screen is printed.
 */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/wait.h>
#include <termios.h>
#include <unistd.h>
#include "base/text.h"
#include "test/tools/emulator.h"
#include "test/tools/tool.h"

#define ROWS    24
#define COLUMNS 100
#define TIMEOUT 10.0

struct terminal {
    int fd;    /* of the user's side */
    int slave; /* kept open, to see the settings at the end */
    pid_t pid;
    int status; /* of the program, once it has ended */
    bool ended;
    struct termios settings;
    struct emulator *emulator;
};

static void open_terminal(struct terminal *t)
{
    struct winsize size = {.ws_row = ROWS, .ws_col = COLUMNS};

    t->fd = posix_openpt(O_RDWR | O_NOCTTY);
    if (t->fd < 0 || grantpt(t->fd) < 0 || unlockpt(t->fd) < 0)
        tool_fail("Could not open a pseudo-terminal : %s", strerror(errno));
    t->slave = open(ptsname(t->fd), O_RDWR | O_NOCTTY);
    if (t->slave < 0 || ioctl(t->slave, TIOCSWINSZ, &size) < 0 ||
        tcgetattr(t->slave, &t->settings) < 0)
        tool_fail("Could not open the terminal : %s", strerror(errno));
    t->emulator = emulator_new(ROWS, COLUMNS);
}

static void start_program(struct terminal *t, char **argv)
{
    t->pid = fork();
    if (t->pid < 0)
        tool_fail("Could not fork : %s", strerror(errno));
    if (t->pid > 0)
        return;
    setsid();
    if (ioctl(t->slave, TIOCSCTTY, 0) < 0)
        _exit(126);
    for (int fd = 0; fd < 3; fd++)
        dup2(t->slave, fd);
    close(t->slave);
    close(t->fd);
    execvp(argv[0], argv);
    _exit(127);
}

/* Takes what the program has written within the time; false: nothing. */
static bool receive(struct terminal *t, double seconds)
{
    char data[4096];

    if (!tool_wait_readable(t->fd, seconds))
        return false;
    ssize_t n = read(t->fd, data, sizeof(data));
    if (n <= 0)
        return false;
    emulator_feed(t->emulator, data, (size_t)n);
    return true;
}

static bool contains(char *text, const char *part)
{
    bool result = strstr(text, part) != NULL;

    free(text);
    return result;
}

static bool reads_keys(const struct terminal *t)
{
    struct termios settings;

    return tcgetattr(t->slave, &settings) == 0 && (settings.c_lflag & ICANON) == 0;
}

static bool shows(const struct terminal *t, const char *command, const char *text)
{
    const struct emulator *e = t->emulator;

    if (strcmp(command, "expect") == 0)
        return contains(emulator_text(e), text);
    if (strcmp(command, "absent") == 0)
        return !contains(emulator_text(e), text);
    if (strcmp(command, "reversed") == 0)
        return contains(emulator_reversed(e), text);
    if (strcmp(command, "colored") == 0)
        return contains(emulator_colored(e), text);
    if (strcmp(command, "keys") == 0)
        return reads_keys(t);
    if (strcmp(command, "screen") == 0) {
        bool alternate = strcmp(text, "alternate") == 0;

        return emulator_is_alternate(e) == alternate && emulator_shows_cursor(e) != alternate;
    }
    tool_fail("Unknown line of the script : %s", command);
}

static bool wait_for(struct terminal *t, const char *command, const char *text)
{
    double end = tool_seconds() + TIMEOUT;

    while (!shows(t, command, text)) {
        double left = end - tool_seconds();

        if (left <= 0.0)
            return false;
        receive(t, left < 0.05 ? left : 0.05);
    }
    return true;
}

static void type(struct terminal *t, const char *text)
{
    char data[256];
    size_t length = 0;

    while (text[0] != '\0' && length < sizeof(data)) {
        char c = *text++;
        uint8_t octet;

        if (c == '\\' && text[0] != '\0') {
            c = *text++;
            if (c == 'x' && strlen(text) >= 2) {
                char digits[3] = {text[0], text[1], '\0'};

                tool_hex(digits, &octet, 1);
                c = (char)octet;
                text += 2;
            } else {
                c = c == 'r' ? '\r' : c == 'n' ? '\n' : c == 't' ? '\t' : c == 'e' ? '\033' : c;
            }
        }
        data[length++] = c;
    }
    if (write(t->fd, data, length) != (ssize_t)length)
        tool_fail("Could not type : %s", strerror(errno));
}

/* The program ends by itself, and leaves the terminal as it was. */
static bool has_exited(struct terminal *t, const char *text)
{
    double end = tool_seconds() + TIMEOUT;
    struct termios settings;

    while (!t->ended && tool_seconds() < end) {
        receive(t, 0.02);
        t->ended = waitpid(t->pid, &t->status, WNOHANG) == t->pid;
    }
    while (receive(t, 0.02))
        ;
    if (!t->ended || !WIFEXITED(t->status) ||
        WEXITSTATUS(t->status) != (int)tool_number(text, 0, 255)) {
        printf("the program %s, status %#x\n", t->ended ? "has ended" : "still runs",
               (unsigned int)t->status);
        return false;
    }
    if (tcgetattr(t->slave, &settings) < 0 || settings.c_lflag != t->settings.c_lflag ||
        settings.c_iflag != t->settings.c_iflag || settings.c_oflag != t->settings.c_oflag ||
        memcmp(settings.c_cc, t->settings.c_cc, sizeof(settings.c_cc)) != 0) {
        printf("the settings of the terminal have changed\n");
        return false;
    }
    return true;
}

static bool run_line(struct terminal *t, char *line)
{
    char *text = strchr(line, ' ');

    if (text)
        *text++ = '\0';
    else
        text = line + strlen(line);
    if (strcmp(line, "send") == 0) {
        type(t, text);
        return true;
    }
    if (strcmp(line, "hangup") == 0)
        return kill(t->pid, SIGHUP) == 0;
    if (strcmp(line, "exit") == 0)
        return has_exited(t, text);
    return wait_for(t, line, text);
}

int main(int argc, char **argv)
{
    struct terminal t = {.status = 0};
    char line[512];
    int number = 0;
    bool result = true;

    if (argc < 2)
        tool_fail("Usage: terminal_client PROGRAM [ARGUMENT]... < SCRIPT");
    open_terminal(&t);
    start_program(&t, argv + 1);
    while (result && fgets(line, sizeof(line), stdin)) {
        number++;
        line[strcspn(line, "\n")] = '\0';
        if (line[0] == '\0')
            continue;
        result = run_line(&t, line);
    }
    if (result && !t.ended) {
        printf("the script has no exit\n");
        result = false;
    }
    if (!result) {
        char *text = emulator_text(t.emulator);

        printf("line %d of the script: %s\n--- screen\n%s", number, line, text);
        free(text);
    }
    if (!t.ended) {
        kill(t.pid, SIGKILL);
        waitpid(t.pid, &t.status, 0);
    }
    emulator_free(t.emulator);
    close(t.fd);
    close(t.slave);
    return result ? 0 : 1;
}
