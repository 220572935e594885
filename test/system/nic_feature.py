#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
#
# nic_feature.py INTERFACE: on a virtual Ethernet interface, makes checksums of what is sent complete
# (they are left to the other end, and so do not exist on the wire) and lets it take packets that the
# other end sends from XDP (generic receive offload). What "ethtool -K INTERFACE tx off gro on" does.
import ctypes
import fcntl
import socket
import struct
import sys

SIOCETHTOOL = 0x8946
ETHTOOL_STXCSUM = 0x17
ETHTOOL_SGRO = 0x2C

with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as s:
    for command, value in ((ETHTOOL_STXCSUM, 0), (ETHTOOL_SGRO, 1)):
        data = ctypes.create_string_buffer(struct.pack("II", command, value), 8)
        fcntl.ioctl(s, SIOCETHTOOL, struct.pack("16sP", sys.argv[1].encode(), ctypes.addressof(data)) + bytes(16))
