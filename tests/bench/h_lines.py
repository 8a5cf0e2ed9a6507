#!/usr/bin/env python3
"""h_lines.py < symptoms.jsonl > lines: our symptoms as the alert lines of workload H, "t,id,RULE,R|C".

DATALOSS of the workload is the union of our data_loss_inbound and data_loss_outbound."""
import datetime
import json
import sys

RULES = {"heartbeat_lost": "NOHB", "clients_high": "CLIENTS", "retransmission_outbound": "RETR_OUT",
         "retransmission_inbound": "RETR_IN"}
WITHOUT_A_RULE = {"daemon_restarted", "host_rebooted"}  # the workload asks for no line about them


def milliseconds(text):
    at = datetime.datetime.fromisoformat(text.replace("Z", "+00:00"))
    return round(at.timestamp() * 1000)


def main():
    lossy = {}
    for line in sys.stdin:
        s = json.loads(line)
        t, who, kind, raised = milliseconds(s["at"]), s["subject"].split("/")[1], s["kind"], s["state"] == "raised"
        if s["state"] == "changed" or kind in WITHOUT_A_RULE:
            continue
        if kind in RULES:
            print(f"{t},{who},{RULES[kind]},{'R' if raised else 'C'}")
        elif kind.startswith("data_loss_"):
            lossy.setdefault((t, who), []).append((kind, raised))
        else:
            sys.exit(f"a kind that workload H does not know: {kind}")
    active = {}
    for (t, who), changes in lossy.items():
        now = active.setdefault(who, set())
        before = bool(now)
        for kind, raised in changes:
            (now.add if raised else now.discard)(kind)
        if bool(now) != before:
            print(f"{t},{who},DATALOSS,{'R' if now else 'C'}")


main()
