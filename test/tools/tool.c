/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Support of the clients of the system tests; see tool.h. Calls the system directly: these programs
 * have no world of their own.
 */
#include "test/tools/tool.h"
#include <arpa/inet.h>
#include <errno.h>
#include <poll.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include "base/text.h"

void tool_fail(const char *format, ...)
{
    va_list args;

    fflush(stdout);
    va_start(args, format);
    vfprintf(stderr, format, args);
    va_end(args);
    fputc('\n', stderr);
    exit(2);
}

long tool_number(const char *text, long min, long max)
{
    long value;

    if (!text || text_parse_long(text, min, max, &value) != TEXT_NUMBER_OK)
        tool_fail("Not a number from %ld to %ld : %s", min, max, text ? text : "none");
    return value;
}

size_t tool_hex(const char *text, uint8_t *out, size_t size)
{
    if (!text)
        tool_fail("Octets in hexadecimal are missing");
    size_t length = text_from_hex(text, out, size);
    if (length == 0 && text[0] != '\0')
        tool_fail("Not hexadecimal or too long : %s", text);
    return length;
}

void tool_print_hex(const uint8_t *data, size_t length)
{
    for (size_t i = 0; i < length; i++)
        printf("%02x", data[i]);
}

struct sockaddr_in tool_address(const char *text, int port)
{
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons((uint16_t)port)};

    if (inet_pton(AF_INET, text, &address.sin_addr) != 1)
        tool_fail("Not an IPv4 address : %s", text);
    return address;
}

int tool_socket(int type, const struct sockaddr_in *source)
{
    int fd = socket(AF_INET, type, 0), on = 1;

    if (fd < 0)
        tool_fail("Could not open socket : %s", strerror(errno));
    if (source) {
        /* The port is chosen when the connection is made: there are then enough of them. */
        setsockopt(fd, IPPROTO_IP, IP_BIND_ADDRESS_NO_PORT, &on, sizeof(on));
        if (bind(fd, (const struct sockaddr *)source, sizeof(*source)) < 0)
            tool_fail("Could not bind socket : %s", strerror(errno));
    }
    return fd;
}

int tool_connect(int fd, int port)
{
    const struct sockaddr_in address = tool_address("127.0.0.1", port);

    return connect(fd, (const struct sockaddr *)&address, sizeof(address));
}

bool tool_wait_readable(int fd, double seconds)
{
    struct pollfd p = {.fd = fd, .events = POLLIN};

    return poll(&p, 1, seconds > 0.0 ? (int)(seconds * 1e3 + 0.5) : 0) > 0;
}

double tool_seconds(void)
{
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

void tool_sleep(double seconds)
{
    const struct timespec t = {.tv_sec = (time_t)seconds,
                               .tv_nsec = (long)((seconds - (double)(time_t)seconds) * 1e9)};

    nanosleep(&t, NULL);
}
