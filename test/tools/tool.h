/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the clients of the system tests share: arguments, hexadecimal, IPv4 sockets, time. They are
 * blocking programs of one thread that print what a server did, a line for each fact, and leave it
 * to the test to judge. Nothing here is part of the daemon.
 */
#ifndef TEST_TOOLS_TOOL_H
#define TEST_TOOLS_TOOL_H

#include <netinet/in.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/socket.h>

/* Ends the program with status 2 and a line on standard error: the tool was used wrongly or the
   system refused something; never the result of a test. */
_Noreturn void tool_fail(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* A number of an argument; outside of the range: tool_fail. */
long tool_number(const char *text, long min, long max);
/* Octets of a hexadecimal argument; not hexadecimal or too long: tool_fail. */
size_t tool_hex(const char *text, uint8_t *out, size_t size);
/* Prints octets in lower case, without a line end. */
void tool_print_hex(const uint8_t *data, size_t length);

struct sockaddr_in tool_address(const char *text, int port);
/* A datagram or stream socket bound to an address; NULL: not bound. */
int tool_socket(int type, const struct sockaddr_in *source);
/* connect() of a socket to 127.0.0.1; negative: errno says why. */
int tool_connect(int fd, int port);
/* Waits until fd is readable; false after so many seconds. */
bool tool_wait_readable(int fd, double seconds);

double tool_seconds(void); /* monotonic */
void tool_sleep(double seconds);

#endif
