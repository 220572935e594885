#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
#
# Clients of the metrics server that do not behave: http_crowd.py PORT WHAT. Prints one line of names
# and numbers.
#
#   idle N      opens N connections at once, which send nothing, and waits until all are closed:
#               `open N` at first, then `closed SECONDS`
#   drip        sends a request one octet at a time, for ever: `closed SECONDS`
#   garbage N   sends N pieces of rubbish, each over its own connection: `answered N`, those that got
#               a status 2xx, which is none
#   flood S     connects for S seconds as fast as it can, sends half a request and stays, with up to
#               900 connections: `connections N`
#   pipeline    sends 100 requests at once over a connection: `answers N`
import os
import random
import select
import socket
import sys
import time

PORT = int(sys.argv[1])
WHAT = sys.argv[2]


def connect(timeout=20):
    s = socket.socket()
    s.settimeout(timeout)
    s.connect(("127.0.0.1", PORT))
    return s


def read_all(s):
    data = b""
    try:
        while True:
            more = s.recv(65536)
            if not more:
                break
            data += more
    except OSError:
        pass
    return data


def idle(count):
    begin = time.monotonic()
    clients = {}
    for _ in range(count):
        s = connect()
        clients[s.fileno()] = s
    print("open", len(clients), flush=True)
    poll = select.poll()
    for fd in clients:
        poll.register(fd, select.POLLIN)
    while clients and time.monotonic() - begin < 60:
        for fd, _ in poll.poll(1000):
            poll.unregister(fd)
            clients.pop(fd).close()
    print("left", len(clients), "closed %.1f" % (time.monotonic() - begin))


def drip():
    begin = time.monotonic()
    s = connect()
    try:
        s.sendall(b"GET /metrics HTTP/1.1\r\nHost: a\r\nX: ")
        while time.monotonic() - begin < 60:
            s.sendall(b"x")
            if select.select([s], [], [], 0.2)[0] and not s.recv(1000):
                break
    except OSError:
        pass
    print("closed %.1f" % (time.monotonic() - begin))


def garbage(count):
    rng = random.Random(1)
    pieces = [
        b"GET /metrics HTTP/1.1\r\nX: " + b"x" * 1000000 + b"\r\n\r\n",
        b"GET /" + b"a" * 100000 + b" HTTP/1.1\r\n\r\n",
        b"GET /metrics HTTP/1.1\r\n" + b"A: b\r\n" * 50000 + b"\r\n",
        b"POST /metrics HTTP/1.1\r\nContent-Length: 99999999999999999999\r\n\r\n" + b"x" * 100000,
        b"POST /metrics HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\nffffffffffffffff\r\n",
        b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + bytes(500),
        b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
        b"\r\n" * 10000,
        b"GET http://%zz%00/..;/..%2f HTTP/9.9\r\n\r\n",
        b"GET /metrics HTTP/1.1\r\nHost: a\r\nContent-Length: -1\r\n\r\n",
        b"\0" * 5000,
    ]
    answered = 0
    for i in range(count):
        piece = pieces[i] if i < len(pieces) else rng.randbytes(rng.randrange(1, 3000))
        s = connect(1)
        try:
            s.sendall(piece)
            s.shutdown(socket.SHUT_WR)
        except OSError:
            pass
        status = read_all(s).split(b" ")[1:2]
        answered += bool(status) and status[0].startswith(b"2")
        s.close()
    print("answered", answered)


def flood(seconds):
    begin = time.monotonic()
    clients = []
    count = 0
    while time.monotonic() - begin < seconds:
        s = socket.socket()
        s.setblocking(False)
        try:
            s.connect(("127.0.0.1", PORT))
        except BlockingIOError:
            pass
        except OSError:
            s.close()
            continue
        clients.append(s)
        count += 1
        try:
            s.send(b"GET /metrics HTTP/1.1\r\nHo")
        except OSError:
            pass
        if len(clients) > 900:
            for s in clients[:450]:
                s.close()
            del clients[:450]
    print("connections", count)


def pipeline():
    s = connect()
    try:
        s.sendall(b"GET /metrics HTTP/1.1\r\nHost: a\r\n\r\n" * 100)
    except OSError:
        pass
    print("answers", read_all(s).count(b"HTTP/1.1 200"))


if __name__ == "__main__":
    if WHAT == "idle":
        idle(int(sys.argv[3]))
    elif WHAT == "drip":
        drip()
    elif WHAT == "garbage":
        garbage(int(sys.argv[3]))
    elif WHAT == "flood":
        flood(float(sys.argv[3]))
    elif WHAT == "pipeline":
        pipeline()
    else:
        sys.exit("unknown: " + WHAT)
    sys.stdout.flush()
    os._exit(0)
