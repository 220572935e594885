/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Terminal settings and keys. Signals of the terminal stay on, so that Ctrl-C also interrupts the
 * waiting for a daemon; only suspending is off, which would leave the screen as it is.
 */
#include "chronyc/screen.h"

#include <sys/ioctl.h>
#include <sys/select.h>
#include <unistd.h>

#define DEFAULT_ROWS    24
#define DEFAULT_COLUMNS 80
#define TIMEOUT_MAX     86400.0

bool screen_enter(struct screen *s)
{
    if (!isatty(STDIN_FILENO) || !isatty(STDOUT_FILENO) || tcgetattr(STDIN_FILENO, &s->saved) < 0)
        return false;
    struct termios settings = s->saved;
    settings.c_lflag &= ~(tcflag_t)(ICANON | ECHO);
    settings.c_lflag |= ISIG;
    settings.c_cc[VSUSP] = _POSIX_VDISABLE;
    settings.c_cc[VMIN] = 1;
    settings.c_cc[VTIME] = 0;
    return tcsetattr(STDIN_FILENO, TCSANOW, &settings) == 0;
}

void screen_leave(const struct screen *s)
{
    tcsetattr(STDIN_FILENO, TCSANOW, &s->saved);
}

void screen_size(int *rows, int *columns)
{
    struct winsize size;

    *rows = DEFAULT_ROWS;
    *columns = DEFAULT_COLUMNS;
    if (ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_row > 0 && size.ws_col > 0) {
        *rows = size.ws_row;
        *columns = size.ws_col;
    }
}

int screen_key(double timeout)
{
    struct timeval tv;
    unsigned char key;
    fd_set readable;

    if (!(timeout < TIMEOUT_MAX))
        timeout = TIMEOUT_MAX;
    tv.tv_sec = (time_t)timeout;
    tv.tv_usec = (suseconds_t)((timeout - (double)tv.tv_sec) * 1e6);
    FD_ZERO(&readable);
    FD_SET(STDIN_FILENO, &readable);
    if (select(STDIN_FILENO + 1, &readable, NULL, NULL, &tv) <= 0)
        return 0;
    return read(STDIN_FILENO, &key, 1) == 1 ? key : -1;
}
