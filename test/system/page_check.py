# SPDX-License-Identifier: GPL-2.0-or-later
"""Checks a page of chronyc report: page_check.py FILE

Tags are closed in their order, identifiers are unique and those referred to exist, nothing is loaded from elsewhere, no
number is missing in the drawings, and all that is drawn is inside of its chart.
"""
import re
import sys
from html.parser import HTMLParser

VOID = {"meta", "br"}
PATH = re.compile(r"[MlhvzM]|-?\d+")


class Page(HTMLParser):
    def __init__(self):
        super().__init__(convert_charrefs=True)
        self.stack, self.problems, self.ids, self.references = [], [], set(), set()
        self.tags, self.charts = {}, 0

    def problem(self, text):
        self.problems.append("line %d: %s" % (self.getpos()[0], text))

    def handle_starttag(self, tag, attrs):
        attributes = dict(attrs)
        self.tags[tag] = self.tags.get(tag, 0) + 1
        if len(attributes) != len(attrs):
            self.problem("an attribute twice in " + tag)
        if tag not in VOID:
            self.stack.append(tag)
        if tag in ("script", "link", "img", "iframe", "object", "base", "form") or "src" in attributes:
            self.problem("the page loads something: " + tag)
        if any(name.startswith("on") for name in attributes):
            self.problem("a script in " + tag)
        if "id" in attributes:
            if attributes["id"] in self.ids:
                self.problem("two elements with the identifier " + attributes["id"])
            self.ids.add(attributes["id"])
        if "href" in attributes:
            if not attributes["href"].startswith("#"):
                self.problem("a link to " + attributes["href"])
            self.references.add(attributes["href"][1:])
        self.references.update(attributes.get("aria-labelledby", "").split())
        if tag == "path":
            self.check_path(attributes["d"])

    def handle_startendtag(self, tag, attrs):
        self.handle_starttag(tag, attrs)
        self.handle_endtag(tag)

    def handle_endtag(self, tag):
        if not self.stack or self.stack.pop() != tag:
            self.problem("</%s> does not fit" % tag)

    def check_path(self, path):
        words = PATH.findall(path)
        if "".join(words) != path.replace(" ", ""):
            self.problem("a path has something else: " + path[:80])
            return
        x = y = place = 0
        while place < len(words):
            command, place = words[place], place + 1
            count = {"M": 2, "l": 2, "h": 1, "v": 1, "z": 0}[command]
            numbers, place = [int(word) for word in words[place:place + count]], place + count
            if command == "M":
                x, y = numbers
            elif command == "l":
                x, y = x + numbers[0], y + numbers[1]
            elif command == "h":
                x += numbers[0]
            elif command == "v":
                y += numbers[0]
            if not (0 <= x <= 900 and 0 <= y <= 1000):
                self.problem("(%d, %d) is outside of the chart" % (x, y))
                return


page = Page()
page.feed(open(sys.argv[1], encoding="utf-8").read())
page.close()
if page.stack:
    page.problem("not closed: " + " ".join(page.stack))
for name in page.references - page.ids:
    page.problem("nothing is called " + name)
for tag in ("title", "h1", "table", "svg", "desc", "path", "th"):
    if tag not in page.tags:
        page.problem("there is no " + tag)
for text in page.problems[:20]:
    print(text)
sys.exit(1 if page.problems else 0)
