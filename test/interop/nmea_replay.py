#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
#
# Brings a recorded NMEA log to the present for "gpsfake -i", which feeds a sentence for each line that
# it reads. The log goes to STAMPED with new times, dates and checksums: its first second is
# LEAD seconds from now on a clock that is ahead of the system's by OFFSET. Then a line for each sentence
# is printed, LATENCY after the second that the sentence is about has begun on that clock, until
# the log or the reader ends.
#
#     nmea_replay.py LOG OFFSET STAMPED
import datetime
import itertools
import os
import sys
import time

# What a loaded machine needs to start gpsfake and gpsd. If that is not enough, the lines wait in the
# pipe, and gpsfake catches up.
LEAD = 5
LATENCY = 0.15
DAY = 86400


def checksum(text):
    value = 0
    for character in text:
        value ^= ord(character)
    return f"{value:02X}"


# The fields of a sentence, of which the first is its type without the talker.
def parse(line):
    text, _, check = line.strip().partition("*")
    if text[:1] != "$" or checksum(text[1:]) != check:
        sys.exit(f"bad sentence: {line}")
    fields = text[1:].split(",")
    return fields[0][2:], fields


# Seconds of the day, or none in sentences without a time.
def time_of_day(line):
    kind, fields = parse(line)
    if kind not in ("GGA", "RMC", "ZDA"):
        return None
    clock = fields[1]
    return int(clock[0:2]) * 3600 + int(clock[2:4]) * 60 + int(clock[4:6])


def stamp(line, second):
    kind, fields = parse(line)
    if kind in ("GGA", "RMC", "ZDA"):
        now = datetime.datetime.fromtimestamp(second, datetime.timezone.utc)
        # What follows the seconds stays.
        fields[1] = now.strftime("%H%M%S") + fields[1][6:]
        if kind == "RMC":
            fields[9] = now.strftime("%d%m%y")
        elif kind == "ZDA":
            fields[2:5] = now.strftime("%d,%m,%Y").split(",")
    text = ",".join(fields)
    return f"${text}*{checksum(text)}\r\n"


def main():
    log, offset, stamped = sys.argv[1], float(sys.argv[2]), sys.argv[3]
    with open(log, encoding="ascii") as file:
        lines = file.readlines()
    first = time_of_day(lines[0])
    start = int(time.time() + offset) + LEAD
    seconds = []
    with open(stamped + ".new", "w", encoding="ascii", newline="") as file:
        for line in lines:
            clock = time_of_day(line)
            # Sentences without a time belong to those before them; days end in between.
            seconds.append(seconds[-1] if clock is None else start + (clock - first) % DAY)
            file.write(stamp(line, seconds[-1]))
    os.rename(stamped + ".new", stamped)
    for second, sentences in itertools.groupby(seconds):
        time.sleep(max(0.0, second + LATENCY - offset - time.time()))
        print("\n" * len(list(sentences)), end="", flush=True)


main()
