#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
#
# grafana_dashboard.py DASHBOARD MANUAL: what can be checked of a dashboard without Grafana: the keys that Grafana's model
# of dashboards requires, places and names of panels, and that each metric stands in the manual.
import json
import re
import sys

KINDS = {"row", "stat", "table", "timeseries"}
board = json.load(open(sys.argv[1]))
documented = set(re.findall(r"^`(chrony_[a-z_]+)`", open(sys.argv[2]).read(), re.M)) | {"up"}
wrong = []


def check(condition, text):
    if not condition:
        wrong.append(text)


def has_keys(value, where, **keys):
    for key, kind in keys.items():
        check(isinstance(value.get(key), kind), "%s: %s is no %s" % (where, key, kind))


has_keys(board, "dashboard", title=str, uid=str, schemaVersion=int, panels=list, templating=dict, time=dict, tags=list,
         annotations=dict, editable=bool, graphTooltip=int, version=int, links=list, timezone=str, refresh=str)
check(board.get("id", 0) is None, "id belongs to one Grafana")
check(re.fullmatch(r"[a-zA-Z0-9_-]{1,40}", board["uid"]), "uid")
check(board["schemaVersion"] >= 36, "schemaVersion")
variables = {v["name"] for v in board["templating"]["list"]}
for v in board["templating"]["list"]:
    has_keys(v, "variable " + v["name"], type=str, name=str, query=(str, dict), options=list)
    check(v["type"] in ("datasource", "query", "textbox"), "type of the variable " + v["name"])
check("datasource" in variables, "no choice of the data source")

ids = [p["id"] for p in board["panels"]]
check(len(ids) == len(set(ids)), "IDs of panels are not unique")
used = {}
for p in board["panels"]:
    where = "panel %s" % p.get("title")
    has_keys(p, where, id=int, title=str, type=str, gridPos=dict)
    check(p["type"] in KINDS, "%s: type %s" % (where, p["type"]))
    place = p["gridPos"]
    check(0 <= place["x"] and 1 <= place["w"] and place["x"] + place["w"] <= 24 and place["h"] >= 1, where + ": place")
    for x in range(place["x"], place["x"] + place["w"]):
        for y in range(place["y"], place["y"] + place["h"]):
            check((x, y) not in used, "%s lies on %s" % (where, used.get((x, y))))
            used[x, y] = where
    if p["type"] == "row":
        continue
    has_keys(p, where, targets=list, fieldConfig=dict, options=dict, datasource=dict)
    has_keys(p["fieldConfig"], where, defaults=dict, overrides=list)
    check(p["datasource"] == {"type": "prometheus", "uid": "${datasource}"}, where + ": data source")
    refs = [t["refId"] for t in p["targets"]]
    check(refs and len(refs) == len(set(refs)), where + ": refId")
    for t in p["targets"]:
        has_keys(t, where, expr=str, refId=str, datasource=dict)
        for name in re.findall(r"\b(?:chrony_[a-z_]+|up)\b", re.sub(r"by \([^)]*\)", "", t["expr"])):
            check(name in documented, "%s: %s is not in the manual" % (where, name))
        for name in re.findall(r"\$(\w+)", t["expr"]):
            check(name in variables or name == "__rate_interval", "%s: no variable %s" % (where, name))

print("\n".join(wrong))
sys.exit(bool(wrong))
