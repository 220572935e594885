# SPDX-License-Identifier: GPL-2.0-or-later
"""What test/dialect and test/names read: the files of the tree, and C text apart from its comments."""
import os
import re

TOP = os.path.realpath(os.path.join(os.path.dirname(os.path.abspath(__file__)), ".."))
# From the lowest layer to the highest.
PRODUCT = ("base", "conf", "history", "process", "clock", "source", "ntp", "nts", "cmdmon", "metrics", "chronyd", "chronyc")

C_TOKEN = re.compile(r"""/\*.*?\*/|//[^\n]*|"(?:\\.|[^"\\\n])*"|'(?:\\.|[^'\\\n])*'""", re.DOTALL)


def files(*folders, suffixes=()):
    """Paths below the folders, from the top, in order. suffixes: () for all files."""
    found = []
    for folder in folders:
        for root, _, names in os.walk(os.path.join(TOP, folder)):
            found += [os.path.relpath(os.path.join(root, name), TOP) for name in names]
    return sorted(p for p in found if "__pycache__" not in p and p.endswith(tuple(suffixes) or ""))


def read(path):
    with open(os.path.join(TOP, path), encoding="utf-8", errors="replace") as stream:
        return stream.read()


def line_of(text, position):
    return text.count("\n", 0, position) + 1


def c_code(text):
    """The text with comments, and what is in quotes, replaced by spaces; lines stay where they are."""
    def blank(match):
        token = match.group()
        if token[0] in "\"'":
            return token[0] + " " * (len(token) - 2) + token[0]
        return re.sub(r"[^\n]", " ", token)

    return C_TOKEN.sub(blank, text)


def c_comments(text):
    """(line, comment) for each comment."""
    return [(line_of(text, m.start()), m.group()) for m in C_TOKEN.finditer(text) if m.group()[0] == "/"]


def script_comments(text):
    """(line, comment) for each comment of a script, with the lines of one comment together."""
    found = []
    for number, line in enumerate(text.split("\n"), 1):
        match = re.search(r"(?:^|\s)#(?:\s|$)(.*)", line)
        if match is None:
            continue
        previous = found[-1] if found else None
        if previous and re.match(r"\s*#", line) and previous[0] + previous[1].count("\n") == number - 1:
            found[-1] = (previous[0], previous[1] + "\n" + match.group(1))
        else:
            found.append((number, match.group(1)))
    return found
