#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""NTP requests from 64 addresses of this host: ntp_crowd.py PORT ROUNDS. Prints the number of replies."""
import socket
import struct
import sys

port, rounds = int(sys.argv[1]), int(sys.argv[2])
answered = 0
for i in range(1, 65):
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as s:
        s.bind((f"127.1.{i}.{4 * (i % 60)}", 0))
        s.settimeout(0.2)
        for j in range(rounds):
            s.sendto(struct.pack("!B39xII", 0x23, i, j + 1), ("127.0.0.1", port))
            try:
                answered += len(s.recv(100)) == 48
            except socket.timeout:
                pass
print(answered)
