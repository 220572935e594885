#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""An NTS-KE server that does not do what it should, for the system tests.

ke_fake.py PORT CERT KEY MODE [ARGUMENT]: TLS 1.3 with ALPN ntske/1 unless the mode says otherwise.
  reply HEX      answers each request with these octets, and closes
  silent         completes the handshake and says nothing
  close          completes the handshake and closes
  noalpn         completes the handshake without ALPN
  tls12          no TLS 1.3
  accept         accepts connections and says nothing
  hangup         accepts connections and closes them
  text           answers with a line of text in place of TLS
  raw HEX        answers with these octets in place of TLS

ke_fake.py PORT udp MODE ADDRESS SERVER: listens at the address, in front of the NTP server at another one.
  pass           passes all packets
  plain          passes only those of 48 octets
  damage         passes all, and changes the last octet of responses
ke_fake.py PORT udp shift ADDRESS SECONDS: an NTP server whose clock is ahead by these.
"""
import socket
import ssl
import struct
import sys
import threading
import time

SHORT = 48


def tls_context(mode, cert, key):
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.set_ciphers("DEFAULT@SECLEVEL=0")
    context.load_cert_chain(cert, key)
    if mode == "tls12":
        context.maximum_version = ssl.TLSVersion.TLSv1_2
    else:
        context.minimum_version = ssl.TLSVersion.TLSv1_3
    if mode != "noalpn":
        context.set_alpn_protocols(["ntske/1"])
    return context


def speak(connection, mode, argument, context):
    """One session; what the client does wrong is not of interest."""
    try:
        if mode == "accept":
            connection.recv(1 << 16)
            threading.Event().wait()
        if mode == "text":
            connection.recv(1 << 16)
            connection.sendall(b"HTTP/1.1 400 Bad Request\r\nConnection: close\r\n\r\n")
        if mode == "raw":
            connection.recv(1 << 16)
            connection.sendall(bytes.fromhex(argument))
        if mode in ("text", "raw", "hangup"):
            connection.close()
            return
        session = context.wrap_socket(connection, server_side=True)
        if mode != "close":
            session.recv(1 << 14)
        if mode == "reply":
            session.sendall(bytes.fromhex(argument))
        if mode == "silent":
            threading.Event().wait()
        session.unwrap()
    except (OSError, ssl.SSLError):
        pass
    connection.close()


def serve_tcp(port, cert, key, mode, argument=""):
    plain = mode in ("accept", "hangup", "text", "raw")
    context = None if plain else tls_context(mode, cert, key)
    with socket.create_server(("0.0.0.0", port)) as listener:
        while True:
            connection, _ = listener.accept()
            threading.Thread(
                target=speak, args=(connection, mode, argument, context), daemon=True
            ).start()


def shifted_response(request, seconds):
    """Stratum 1, without authentication."""
    now = int((time.time() + 2208988800 + seconds) * (1 << 32)) & ((1 << 64) - 1)
    head = struct.pack("!BBbbIII", 0x24, 1, 6, -20, 0, 0, 0x47505300)
    return head + struct.pack("!Q", now) + request[40:48] + struct.pack("!QQ", now, now)


def serve_shifted(port, address, seconds):
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as server:
        server.bind((address, port))
        while True:
            request, client = server.recvfrom(4096)
            server.sendto(shifted_response(request, seconds), client)


def serve_udp(port, mode, address, server):
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as front:
        front.bind((address, port))
        while True:
            request, client = front.recvfrom(4096)
            if mode == "plain" and len(request) != SHORT:
                continue
            with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as back:
                back.settimeout(1)
                back.sendto(request, (server, port))
                try:
                    response = bytearray(back.recv(4096))
                except OSError:
                    continue
            if mode == "damage":
                response[-1] ^= 1
            front.sendto(response, client)


if sys.argv[2:4] == ["udp", "shift"]:
    serve_shifted(int(sys.argv[1]), sys.argv[4], int(sys.argv[5]))
elif sys.argv[2] == "udp":
    serve_udp(int(sys.argv[1]), *sys.argv[3:])
else:
    serve_tcp(int(sys.argv[1]), *sys.argv[2:])
