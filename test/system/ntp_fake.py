#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""An NTP server with faults, and a name server, for system tests of chronyc explain.

ntp PORT ADDRESS=FAULT...: answers at each address with a fault of its own; prints "ready" first.
dns ADDRESS ADDRESS-OF-SERVERS: a name server that knows the names below.
"""
import select
import socket
import struct
import sys
import threading
import time

EPOCH = 2208988800
START = time.time()


def timestamp(t):
    return int((t + EPOCH) * 2 ** 32) & (2 ** 64 - 1)


class Answer:
    """The answer of a server without faults."""

    def __init__(self, request, now):
        self.leap, self.stratum, self.precision = 0, 1, -23
        self.version, self.mode = request[0] >> 3 & 7, 4
        self.root_delay = self.root_dispersion = 0
        self.refid = b"TEST"
        self.origin = request[40:48]
        self.receive = self.transmit = now
        self.more = b""
        self.delay = 0.0
        self.times = 1
        self.silent = False

    def pack(self):
        def when(t):
            return struct.pack("!Q", 0 if t == 0 else timestamp(t))
        return (struct.pack("!BBbbIi4s", self.leap << 6 | self.version << 3 | self.mode, self.stratum, 4,
                            self.precision, int(self.root_delay * 65536),
                            int(self.root_dispersion * 65536), self.refid) +
                when(self.receive - 10 if self.receive else time.time()) + self.origin +
                when(self.receive) + when(self.transmit) + self.more)


# Each changes an answer; count: how many this address has given before.

def silent(a, request, count):
    a.silent = True


def stops(a, request, count):
    a.silent = count >= 4


def unsynchronised(a, request, count):
    a.leap, a.stratum = 3, 0


def stratum16(a, request, count):
    a.stratum = 16


def rate(a, request, count):
    a.leap, a.stratum, a.refid = 3, 0, b"RATE"


def deny(a, request, count):
    a.leap, a.stratum, a.refid = 3, 0, b"DENY"


def distance(a, request, count):
    a.root_dispersion = 17.5


def origin(a, request, count):
    a.origin = bytes([a.origin[0] ^ 1]) + a.origin[1:]


def zero(a, request, count):
    a.receive = 0


def malformed(a, request, count):
    a.more = b"xyz"


def mode(a, request, count):
    a.mode = 5


def repeats(a, request, count):
    a.receive = a.transmit = START


def twice(a, request, count):
    a.times = 2


def late(a, request, count):
    a.delay = 0.05


def grows(a, request, count):
    a.delay = 0.1 if count >= 8 else 0.0


def coarse(a, request, count):
    a.precision = 1


def slow(a, request, count):
    a.receive -= 5.0


def interleaved(a, request, count):
    if count % 2 == 0:
        a.leap, a.stratum = 3, 0
    else:
        a.origin = request[32:40]


def loop(a, request, count):
    a.stratum, a.refid = 2, socket.inet_aton("127.0.0.1")  # of the client


def nak(a, request, count):
    a.more = bytes(4)


def other_key(a, request, count):
    a.more = struct.pack("!I", 77) + bytes(16)


def good(a, request, count):
    pass


def send(s, data, client, times):
    for _ in range(times):
        s.sendto(data, client)


def serve_ntp(port, servers):
    sockets = {}
    for server in servers:
        address, fault = server.split("=")
        s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        s.bind((address, int(port)))
        sockets[s] = [globals()[fault], 0]
    print("ready", flush=True)
    while True:
        for s in select.select(list(sockets), [], [])[0]:
            request, client = s.recvfrom(2048)
            if len(request) < 48:
                continue
            fault, count = sockets[s]
            a = Answer(request, time.time())
            fault(a, request, count)
            sockets[s][1] += 1
            if a.silent:
                continue
            if a.delay > 0:
                threading.Timer(a.delay, send, (s, a.pack(), client, a.times)).start()
            else:
                send(s, a.pack(), client, a.times)


NOERROR, SERVFAIL, NXDOMAIN = 0, 2, 3
A, AAAA = 1, 28
# Name: code, its IPv4 addresses (the last octet), its IPv6 addresses. Names that begin
# with quiet get no answer; others do not exist.
NAMES = {
    b"broken": (SERVFAIL, [], []),
    b"empty": (NOERROR, [], []),
    b"four": (NOERROR, [21], []),
    b"six": (NOERROR, [], ["2001:db8::1"]),
    b"pool": (NOERROR, [31, 32], []),
}


def serve_dns(address, base):
    s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    s.bind((address, 53))
    print("ready", flush=True)
    while True:
        query, client = s.recvfrom(2048)
        end = query.index(b"\0", 12) + 5
        name = query[13:13 + query[12]]
        kind = struct.unpack("!H", query[end - 4:end - 2])[0]
        if name.startswith(b"quiet"):
            continue
        code, four, six = NAMES.get(name, (NXDOMAIN, [], []))
        data = []
        if kind == A:
            data = [socket.inet_aton(base.rsplit(".", 1)[0] + ".%d" % n) for n in four]
        elif kind == AAAA:
            data = [socket.inet_pton(socket.AF_INET6, n) for n in six]
        answers = b"".join(struct.pack("!HHHIH", 0xc00c, kind, 1, 1, len(d)) + d for d in data)
        s.sendto(query[:2] + struct.pack("!HHHHH", 0x8180 | code, 1, len(data), 0, 0) +
                 query[12:end] + answers, client)


if sys.argv[1] == "ntp":
    serve_ntp(sys.argv[2], sys.argv[3:])
else:
    serve_dns(sys.argv[2], sys.argv[3])
