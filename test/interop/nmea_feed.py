#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
#
# A GPS receiver at a pseudo-terminal, whose name it prints: NMEA sentences with the time of the
# system plus an offset, one set in each second, a while after its beginning, until it is ended. It takes
# what is written to it and does nothing with it.
#
#     nmea_feed.py OFFSET
import datetime
import os
import pty
import sys
import time
import tty

LATENCY = 0.15


def sentence(text):
    checksum = 0
    for character in text:
        checksum ^= ord(character)
    return f"${text}*{checksum:02X}\r\n"


def burst(now):
    clock = now.strftime("%H%M%S.00")
    place = "5025.0000,N,01430.0000,E"
    return "".join(map(sentence, (
        f"GPRMC,{clock},A,{place},0.0,0.0,{now.strftime('%d%m%y')},,,A",
        f"GPGGA,{clock},{place},1,08,1.0,200.0,M,45.0,M,,",
        "GPGSA,A,3,01,02,03,04,05,06,07,08,,,,,1.5,1.0,1.1",
        f"GPZDA,{clock},{now.strftime('%d,%m,%Y')},00,00",
    )))


def main():
    offset = float(sys.argv[1])
    # Our end of the terminal stays open, so that nothing ends when gpsd closes it for a moment.
    receiver, terminal = pty.openpty()
    tty.setraw(terminal)
    os.set_blocking(receiver, False)
    print(os.ttyname(terminal), flush=True)
    while True:
        # At the beginning of each second of the receiver.
        time.sleep(1.0 - (time.time() + offset) % 1.0)
        second = round(time.time() + offset)
        data = burst(datetime.datetime.fromtimestamp(second, datetime.timezone.utc)).encode()
        time.sleep(LATENCY)
        try:
            os.read(receiver, 65536)
        except BlockingIOError:
            pass
        try:
            os.write(receiver, data)
        except BlockingIOError:
            # Nobody reads.
            pass


main()
