#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
#
# A GPS receiver behind a TCP port (gpsd gives the time of a pseudo-terminal to nobody): prints the
# port, then sends each client NMEA sentences with the time of the system plus an offset, one set in a
# second, until it is ended.
#
#     nmea_feed.py OFFSET
import datetime
import socket
import sys
import time


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
    clients = []
    server = socket.create_server(("127.0.0.1", 0))
    server.setblocking(False)
    print(server.getsockname()[1], flush=True)
    while True:
        # At the beginning of each second of the receiver.
        time.sleep(1.0 - (time.time() + offset) % 1.0)
        second = round(time.time() + offset)
        data = burst(datetime.datetime.fromtimestamp(second, datetime.timezone.utc)).encode()
        try:
            clients.append(server.accept()[0])
        except BlockingIOError:
            pass
        for client in clients[:]:
            try:
                client.sendall(data)
            except OSError:
                clients.remove(client)


main()
