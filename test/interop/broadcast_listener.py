#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
#
# Receives NTP broadcasts and prints what is in each: broadcast_listener.py DEVICE PORT... Takes
# datagrams on the ports over IPv4 and IPv6, there also to the groups of NTP, ff02::101 and ff05::101.
# A line is: port, address and port of the sender, octets, leap, version, mode, stratum, poll,
# precision, root delay, root dispersion (seconds), reference ID, age of the reference timestamp,
# origin, receive timestamp, what the transmit timestamp is ahead of this clock (seconds).
import selectors
import socket
import struct
import sys
import time

NTP_TO_UNIX = 2208988800
GROUPS = ("ff02::101", "ff05::101")


def open_sockets(device, port):
    udp4 = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    udp4.bind(("", port))
    yield udp4
    if not socket.has_ipv6:
        return
    try:
        udp6 = socket.socket(socket.AF_INET6, socket.SOCK_DGRAM)
    except OSError:
        return
    udp6.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
    index = struct.pack("@I", socket.if_nametoindex(device))
    for group in GROUPS:
        member = socket.inet_pton(socket.AF_INET6, group) + index
        udp6.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_JOIN_GROUP, member)
    udp6.bind(("", port))
    yield udp6


def seconds(timestamp):
    return (timestamp >> 32) - NTP_TO_UNIX + (timestamp & 0xFFFFFFFF) / 2**32


def describe(port, sender, packet, now):
    if len(packet) < 48:
        return f"{port} {sender[0]} {sender[1]} {len(packet)}"
    (first, stratum, poll, precision, delay, dispersion, refid, reference, origin, receive,
     transmit) = struct.unpack("!BBbbII4sQQQQ", packet[:48])
    return (f"{port} {sender[0]} {sender[1]} {len(packet)} {first >> 6} {first >> 3 & 7} {first & 7} "
            f"{stratum} {poll} {precision} {delay / 65536:.6f} {dispersion / 65536:.6f} "
            f"{refid.hex()} {now - seconds(reference):.6f} {origin:x} {receive:x} "
            f"{seconds(transmit) - now:.6f}")


def main():
    selector = selectors.DefaultSelector()
    for port in map(int, sys.argv[2:]):
        for udp in open_sockets(sys.argv[1], port):
            selector.register(udp, selectors.EVENT_READ, port)
    print("ready", flush=True)
    while True:
        for key, _ in selector.select():
            packet, sender = key.fileobj.recvfrom(2048)
            print(describe(key.data, sender, packet, time.time()), flush=True)


main()
