#!/usr/bin/env python3
"""Writes a recording for `eventctl top --replay`: a surge, and what it does to a contact centre.

  scenario.py [--subscriptions N] [--seconds N] [--endpoints N] [--down [--back S]] [--refused]
              [--hostile] > FILE

Always the same for the same options. Two minutes: all is well; the CRM slows down, a queue grows and
dead letters with it; somebody edits a subscription by hand; the CRM recovers and the queue drains.
--down: the last endpoint stops answering at 50 s; --back: until then. --refused: from 50 s on it
refuses the token, and Genesys Cloud its own. --hostile: names that would break a screen.
"""
import argparse
import json
import math
import sys

START_MS = 1795514400000  # 2026-11-24 10:00:00 UTC
TROUBLE_S = 50  # from then on an endpoint does not answer, or refuses
NAMES = ["voice-lifecycle", "chat-transcripts", "callback-crm", "wrapup-export", "queue-answers",
         "survey-results", "quality-scores", "email-archive", "messaging-open", "compliance-hold"]
HOSTILE = ["\x1b[2J\x1b]0;owned\x07", "\u202egnp.exe", "\u5b57" * 250, "e\u0301" * 250, "a\nb\tc", "x" * 500,
           "\u05e9\u05dc\u05d5\u05dd", "", "\U0001f469\u200d\U0001f4bb team", "\x9b31mred"]
SINKS = ["crm", "warehouse", "compliance"]


class Subscription:
    """One subscription at one endpoint; `step` lets a second pass."""

    def __init__(self, number, share, names=NAMES):
        name = names[number % len(names)]
        turn = number // len(NAMES)
        self.name = name if not turn else f"{name}-{turn + 1}"
        self.id = f"{0x5eed0000 + number:08x}-0000-4000-8000-{number:012x}"
        self.number, self.rate = number, 40.0 / (1 + number % 7) * share
        self.slow = number % len(NAMES) in (0, 2)  # what the CRM takes
        self.paused = number % len(NAMES) == 7
        self.sink = SINKS[number % len(NAMES) % 3]
        self.counts = dict.fromkeys(("accepted", "delivered", "replayed", "duplicates", "filtered",
                                     "retried", "dead_lettered", "quarantined"), 0)
        self.depth, self.dead, self.waits_s = 0, 0, 0.0
        self.error_at = self.delivered_at = None

    def step(self, second):
        surge = 1 + 2.5 * math.exp(-((second - 60) / 25) ** 2)
        wave = 1 + 0.15 * math.sin(second / 5 + self.number)
        received = round(self.rate * surge * wave)
        trouble = self.slow and 40 <= second < 90
        able = 0 if self.paused else round(self.rate * (0.4 if trouble else 6))
        waiting = self.depth + received
        failed = min(waiting, round(self.rate / 20)) if trouble else 0
        delivered = min(waiting - failed, able)
        dead = failed // 2 if second >= 46 else 0
        self.counts["accepted"] += received
        self.counts["delivered"] += delivered
        self.counts["duplicates"] += received // 50
        self.counts["retried"] += failed
        self.counts["dead_lettered"] += dead
        self.depth = waiting - delivered - dead
        self.dead += dead
        self.waits_s = self.waits_s + 1 if self.depth > received else 0.0
        self.error_at = second if failed else self.error_at
        self.delivered_at = second if delivered else self.delivered_at

    def status(self, second):
        base = 0.004 + 0.001 * (self.number % 5)
        late = 1 + self.waits_s * 40
        return {"id": self.id, "name": self.name, "sink": self.sink, "known": True,
                "paused": self.paused, "depth": self.depth, "parked": 0,
                "oldest_ms": at_ms(second - self.waits_s) if self.depth else None, **self.counts,
                "p50_s": base * late, "p95_s": base * 3 * late, "p99_s": base * 5 * late,
                "last_error": "http-503: the CRM is busy" if self.error_at is not None else "",
                "last_error_ms": at_ms(self.error_at) if self.error_at is not None else None,
                "last_delivered_ms":
                    at_ms(self.delivered_at) if self.delivered_at is not None else None}


def at_ms(second):
    return int(START_MS + second * 1000)


def status(name, subscriptions, second):
    """What /v1/status says; ingest/README.md tells the fields."""
    dead = [s for s in subscriptions if s.dead]
    total = {key: sum(s.counts[key] for s in subscriptions) for key in subscriptions[0].counts}
    oldest = [s.status(second)["oldest_ms"] for s in subscriptions if s.depth]
    return {
        "status_version": 1, "version": "0.1.0", "instance": f"{name}-1",
        "started_ms": at_ms(-86400 * 3), "now_ms": at_ms(second), "ready": True, "not_ready": "",
        "connections": 12,
        "queue": {"trouble": "fine", "first_position": 1, "last_position": total["accepted"],
                  "bytes": 5 << 20, "wal_bytes": 1 << 20, "free_bytes": 40 << 30,
                  "reserve_bytes": 256 << 20, "pending_bytes": 0, "ledger_bytes": 1 << 20,
                  "ledger_backlog": 0, "received_requests": total["accepted"],
                  "accepted_events": total["accepted"], "store_failures": 0,
                  "signature_failures": 3, "replies_202": total["accepted"], "replies_503": 0},
        "delivery": {"depth": sum(s.depth for s in subscriptions), "parked": 0,
                     "oldest_ms": min(oldest) if oldest else None, "workers": 8, "workers_busy": 5,
                     "workers_wanted": 8, "workers_least": 2, "workers_most": 16,
                     "dedupe_keys": total["delivered"], "dedupe_dropped": 0},
        "dead_letters": {"count": sum(s.dead for s in dead), "bytes": 900 * sum(s.dead for s in dead),
                         "quota_bytes": 1 << 30,
                         "reasons": [{"subscription": s.id, "reason": "http-503", "count": s.dead,
                                      "came_back": s.dead // 8, "oldest_ms": at_ms(46)} for s in dead]},
        "sinks": [{"name": sink, "type": "http", "target": f"https://{sink}.acme.example/events",
                   "breaker": "closed", "rests": "", "rests_until_ms": None, "in_flight": 2,
                   "concurrency": 8, "attempts": total["delivered"], "failures": total["retried"]}
                  for sink in SINKS],
        "subscriptions": [s.status(second) for s in subscriptions],
    }


def letter(subscription, number, second, came_back):
    """One as /v1/dlq lists it; ingest/admin_dlq.c makes them."""
    return {"id": number, "state": "waiting", "subscription": subscription.id,
            "type": "Interaction.Closed" if number % 3 else "Interaction.Created",
            "interaction": f"int-{98000 + number}", "reason": "http-503",
            "detail": "HTTP 503 from https://crm.acme.example/events", "attempts": 4,
            "replays": int(came_back), "received_ms": at_ms(second - 72),
            "first_failed_ms": at_ms(second - 71), "died_ms": at_ms(second - number % 9),
            "due_ms": None, "event_time_ms": at_ms(second - 73), "quarantined": False,
            "position": 5000 + number, "part": 0, "key": f"{number:032x}", "body_bytes": 171}


def whole_letter(listed):
    body = {"subscriptionId": listed["subscription"], "eventType": listed["type"],
            "payload": {"id": listed["interaction"], "channelType": "voice", "direction": "inbound",
                        "note": "\x1b[31mnot red\x1b[0m \u202eobserved\u202c"}}
    headers = {"x-genesys-signature": "keyId=k1,alg=ed25519,t=1795514460,sig=\u2026",
               "content-type": "application/json", "user-agent": "genesys-events/1"}
    return {**listed, "source": "genesys", "verdict": "verified k1 ed25519", "headers": headers,
            "body": json.dumps(body, separators=(",", ":"))}


def dead_letters(subscriptions, second):
    """(path, answer) of all that a look at the dead letters may ask for."""
    for subscription in subscriptions:
        back = subscription.dead // 8
        for came_back, count in ((False, subscription.dead - back), (True, back)):
            listed = [letter(subscription, 1000 * subscription.number + 100 * came_back + n + 1, second,
                             came_back) for n in range(count)]
            if listed:
                said = str(came_back).lower()
                yield (f"/v1/dlq?subscription={subscription.id}&reason=http-503&came_back={said}"
                       "&limit=100", {"count": count, "bytes": 900 * count, "next": None,
                                      "dead_letters": listed})
            for one in listed:
                yield f"/v1/dlq/{one['id']}", whole_letter(one)


def not_answered(options, second):
    """What becomes of a question to the last endpoint, where it tells nothing then; None."""
    if options.down and TROUBLE_S <= second < options.back:
        return {"end": "not-sent", "error": "connection refused"}
    if options.refused and second >= TROUBLE_S:
        why = "a bearer token is needed, and must be the right one"
        return {"status": 401, "body": {"error": why}, "error": "status 401: " + why}
    return None


def genesys(subscriptions, second, refused=False):
    """What the Genesys side says; tui/genesys.h tells the members."""
    if refused:
        return {**genesys(subscriptions, TROUBLE_S), "at_ms": at_ms(second), "refused": True,
                "error": "the token was refused (invalid_client): log in anew"}
    edited = second >= 70

    def entry(s):
        drifted = edited and s.number == 4
        by = [{"at_ms": at_ms(65), "who": "Dana Admin", "from": "198.51.100.7", "what": "Update",
               "changed": "matchCriteria"}] if drifted else []
        fields = [{"field": "filter", "live": "[]", "cause": "drifted", "wanted":
                   '[{"field":"acdOutcome","op":"eq","value":"ANSWERED"}]'}] if drifted else []
        return {"id": s.id, "name": s.name, "version": 3, "health": "HEALTHY", "via": "event-streams",
                "drift": "drifted" if drifted else "", "filter": "[]",
                "delivery": "https://ingest.acme.example/events batched 500 ms 100 events",
                "events": ["Interaction.Created", "Interaction.Closed"], "fields": fields, "by": by}
    plan = ["~ queue-answers@v3   update; drifted", "    - acdOutcome eq ANSWERED   drifted", "",
            "Plan: 0 to create, 1 to update, 0 to replace, 0 to delete."] if edited else [
                f"No changes: {len(subscriptions)} objects are as the manifest says."]
    return {"at_ms": at_ms(second), "read_ms": at_ms(second), "error": None, "refused": False,
            "organization": "acme-dev", "token_expires_ms": at_ms(17 * 3600),
            "token_lifetime_ms": 86400000, "plan": plan,
            "subscriptions": [entry(s) for s in subscriptions]}


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--subscriptions", type=int, default=10)
    parser.add_argument("--seconds", type=int, default=120)
    parser.add_argument("--endpoints", type=int, default=2)
    parser.add_argument("--down", action="store_true")
    parser.add_argument("--back", type=int, default=1 << 30)
    parser.add_argument("--refused", action="store_true")
    parser.add_argument("--hostile", action="store_true")
    options = parser.parse_args()
    names = ["frankfurt", "dublin", "london", "paris"][:options.endpoints]
    write = lambda value: print(json.dumps(value, separators=(",", ":"), sort_keys=True))
    asked = lambda second, name, path: {"at_ms": at_ms(second) + 5, "took_ms": 5, "endpoint": name,
                                        "method": "GET", "path": path}
    write({"recording": 1, "version": "0.1.0", "started_ms": START_MS, "interval_ms": 1000,
           "endpoints": [{"name": name, "url": f"https://{name}.ingest.acme.example:8444",
                          "production": name == "frankfurt"} for name in names]})
    words = HOSTILE if options.hostile else NAMES
    fleet = {name: [Subscription(n, 1 / (i + 1), words) for n in range(options.subscriptions)]
             for i, name in enumerate(names)}
    for second in range(options.seconds):
        for name, subscriptions in fleet.items():
            for subscription in subscriptions:
                subscription.step(second)
            trouble = not_answered(options, second) if name == names[-1] else None
            if trouble:
                write({**asked(second, name, "/v1/status"), **trouble})
                continue
            write({**asked(second, name, "/v1/status"), "status": 200,
                   "body": status(name, subscriptions, second)})
            if second % 40 == 39:
                for path, body in dead_letters(subscriptions, second):
                    write({**asked(second, name, path), "status": 200, "body": body})
        if second % 30 == 10:
            write({"at_ms": at_ms(second), "genesys": genesys(
                fleet[names[0]], second, options.refused and second >= TROUBLE_S)})
    return 0


if __name__ == "__main__":
    sys.exit(main())
