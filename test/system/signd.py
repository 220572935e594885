#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Samba's side of MS-SNTP signing, and one of its clients, for system tests.

serve PATH: signs on a Unix socket by appending the key ID and 16 octets.
query ADDRESS PORT: prints "VERSION-AND-MODE LENGTH KEY-ID" of a reply, or "none".
"""
import os
import socket
import struct
import sys


def read(connection, length):
    data = b""
    while len(data) < length:
        part = connection.recv(length - len(data))
        if not part:
            return None
        data += part
    return data


def serve(path):
    s = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    s.bind(path)
    os.chmod(path, 0o666)
    s.listen(1)
    print("ready", flush=True)
    while True:
        connection, _ = s.accept()
        while request := read(connection, 68):
            length, version, operation, slot, _, key = struct.unpack(">IIIHHI", request[:20])
            if (length, version, operation) != (64, 0, 0):
                sys.exit("bad request: " + request.hex())
            signed = request[20:] + struct.pack(">I", key) + b"\x5a" * 16
            reply = struct.pack(">IIII", 12 + len(signed), 0, 3, slot) + signed
            # In two parts.
            connection.send(reply[:10])
            connection.send(reply[10:])


def query(address, port):
    s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    s.settimeout(2)
    s.connect((address, int(port)))
    s.send(b"\x1b" + bytes(39) + b"\1\2\3\4\5\6\7\x08" + struct.pack(">I", 1000) + bytes(16))
    try:
        reply = s.recv(2048)
        key = struct.unpack(">I", reply[48:52])[0] if len(reply) >= 52 else 0
        origin = reply[24:32] == b"\1\2\3\4\5\6\7\x08"
        print(reply[0] & 0x3f, len(reply), key, reply[52:] == b"\x5a" * 16 and origin)
    except socket.timeout:
        print("none")


{"serve": serve, "query": query}[sys.argv[1]](*sys.argv[2:])
