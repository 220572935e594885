#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""The other end of NTP sockets, for system tests.

listen ADDRESS PORT COUNT: prints "SOURCE PORT TOS FIRST-OCTET LENGTH" for so many datagrams, or for
what comes within 15 seconds.
query ADDRESS PORT [LOCAL-ADDRESS]: sends one request of a client and prints the reply in the same
form, or "none" after a second.
flood ADDRESS PORT COUNT: sends requests as fast as it can and prints the number of replies.
spray ADDRESS PORT PREFIX COUNT: sends one request from each of so many addresses, which begin with the
two octets of PREFIX and are addresses of this machine, and prints the number of replies.
connect ADDRESS PORT COUNT: makes TCP connections and prints how many were closed at once.
"""
import socket
import struct
import sys
import time

IP_PKTINFO = 8  # of Linux; older versions of Python lack it

def open_socket(address):
    v6 = ":" in address
    s = socket.socket(socket.AF_INET6 if v6 else socket.AF_INET, socket.SOCK_DGRAM)
    if v6:
        s.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
        s.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_RECVTCLASS, 1)
    else:
        s.setsockopt(socket.IPPROTO_IP, socket.IP_RECVTOS, 1)
    return s


def receive(s):
    data, control, _, source = s.recvmsg(2048, 256)
    tos = 0
    for level, kind, value in control:
        if (level, kind) == (socket.IPPROTO_IP, socket.IP_TOS):
            tos = value[0]
        elif (level, kind) == (socket.IPPROTO_IPV6, socket.IPV6_TCLASS):
            tos = struct.unpack("i", value)[0]
    print(source[0], source[1], tos, data[0], len(data), flush=True)


def listen(address, port, count):
    s = open_socket(address)
    s.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    s.bind((address, int(port)))
    print("ready", flush=True)
    end = time.monotonic() + 15
    for _ in range(int(count)):
        s.settimeout(max(end - time.monotonic(), 0.01))
        try:
            receive(s)
        except socket.timeout:
            break


def query(address, port, local=None):
    s = open_socket(address)
    if local:
        s.bind((local, 0))
    s.settimeout(1)
    # Also with the interface of a link-local address.
    s.connect(socket.getaddrinfo(address, int(port), s.family, s.type)[0][4])
    s.send(b"\x23" + bytes(39) + b"\x01\x02\x03\x04\x05\x06\x07\x08")
    try:
        receive(s)
    except (socket.timeout, ConnectionRefusedError):
        print("none")


def flood(address, port, count):
    s = open_socket(address)
    s.connect((address, int(port)))
    s.setblocking(False)
    replies = 0
    for i in range(int(count) + 1000):
        try:
            if i < int(count):
                s.send(b"\x23" + bytes(39) + struct.pack("!Q", i + 1))
            else:
                time.sleep(0.001)
            s.recv(2048)
            replies += 1
        except BlockingIOError:
            pass
    print(replies)


def spray(address, port, prefix, count):
    s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    s.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1 << 22)
    s.setblocking(False)
    first = int.from_bytes(socket.inet_aton(prefix + ".0.0"), "big")
    replies = 0
    for i in range(int(count) + 500):
        if i < int(count):
            info = struct.pack("!iII", 0, first + i, 0)
            control = [(socket.IPPROTO_IP, IP_PKTINFO, info)]
            request = b"\x23" + bytes(39) + struct.pack("!Q", i + 1)
            s.sendmsg([request], control, 0, (address, int(port)))
        else:
            time.sleep(0.001)
        try:
            while s.recv(2048):
                replies += 1
        except BlockingIOError:
            pass
    print(replies)


def connect(address, port, count):
    closed = 0
    for _ in range(int(count)):
        with socket.create_connection((address, int(port)), 5) as s:
            s.settimeout(0.3)
            try:
                closed += s.recv(1) == b""
            except ConnectionResetError:
                closed += 1
            except socket.timeout:
                pass
    print(closed)


COMMANDS = {"listen": listen, "query": query, "flood": flood, "spray": spray, "connect": connect}
COMMANDS[sys.argv[1]](*sys.argv[2:])
