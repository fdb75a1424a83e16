#!/usr/bin/env python3
"""The whole pipeline in a storm: Genesys delivers, ingestd takes, a CRM is behind it, an operator acts.

  storm.py [--build build] [--rate EVENTS_A_SECOND] [--seconds N] [--top] [--calm]

What the guide fears happens in turn: a surge with a slow CRM, a poisoned interaction, a change of the
payload, a revoked token; ingestd is killed twice, and one call in ten to Genesys's API fails. At the end
every event that was generated is accounted for. Without --top each act prints what it shows; with it the
dashboard is in front and the acts are printed when it is left. --calm: traffic, and no acts.
"""
import argparse
import collections
import contextlib
import json
import os
import subprocess
import sys
import tempfile
import threading
import time
import urllib.request

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(HERE, "..", "ingest"))
from accounting import free_port  # noqa: E402
from harness import TOKEN, Ingestd, die_with_parent, wait_for  # noqa: E402

EVENTS_A_CONVERSATION = 3.2  # of those that the manifest asks for, on the average
POISON = "13"                # ends the ids of the interactions that the CRM chokes on
LONG_S = 180
MANIFEST = """apiVersion: eventctl/v1
organization: acme-dev
variables: [INGEST_URL]
lint: {disable: [unreachable-url]}
defaults:
  via: event-streams
  delivery: {url: "${INGEST_URL}", batching: {mode: batched, window: 100ms, size: 50}}
subscriptions:
  voice-lifecycle:
    version: 1
    events: [Interaction.Created, Interaction.Confirmed, Interaction.Closed]
    filter: [{field: interactionType, op: eq, value: voice}]
  chat-lifecycle:
    version: 1
    events: [Interaction.Created, Interaction.Closed]
    filter: [{field: interactionType, op: in, value: [chat, message]}]
  abandoned:
    version: 1
    events: [Interaction.Abandoned]
    delivery: {batching: {mode: batched, window: 1s, size: 20}}
"""


def call(url, method="GET", body=None):
    data = None if body is None else json.dumps(body).encode()
    request = urllib.request.Request(url, data=data, method=method,
                                     headers={"Content-Type": "application/json"})
    with urllib.request.urlopen(request, timeout=30) as reply:
        text = reply.read()
    return json.loads(text) if text else None


class Crm:
    """The stand-in behind ingestd; `log` is what it took."""

    def __init__(self, build, folder):
        self.log = os.path.join(folder, "crm.ndjson")
        self.process = subprocess.Popen([os.path.join(build, "crm"), "--log", self.log],
                                        stdout=subprocess.PIPE, encoding="utf-8",
                                        preexec_fn=die_with_parent)
        self.base = self.process.stdout.readline().strip()
        self.url = self.base + "/events"

    def set(self, **how):
        return call(self.base + "/_crm", "PUT", how)

    def taken(self):
        self.set()  # what it took is in the log then
        with open(self.log, encoding="utf-8") as lines:
            return [json.loads(line) for line in lines]


class Storm:
    def __init__(self, options, folder, stack):
        self.options, self.folder, self.stack = options, folder, stack
        self.said, self.failures = [], 0
        self.counts = collections.Counter()  # of runs of ingestd that were killed
        self.crm = Crm(options.build, folder)
        stack.callback(self.crm.process.kill)
        self.make_certificate()
        self.port, self.admin_port = free_port(), free_port()
        self.ingestd = Ingestd(self.program("ingestd"), folder, self.crm, self.configure).start()
        stack.callback(lambda: self.ingestd.process.poll() is None and self.ingestd.kill())
        self.start_sandbox()
        self.manifest = self.write("manifest.yaml", MANIFEST)
        self.write("ingest.token", TOKEN + "\n")

    # -- what is there --------------------------------------------------------------------------

    def program(self, name):
        return os.path.join(self.options.build, name)

    def path(self, name):
        return os.path.join(self.folder, name)

    def write(self, name, text):
        with open(self.path(name), "w", encoding="utf-8") as out:
            os.fchmod(out.fileno(), 0o600)
            out.write(text)
        return self.path(name)

    def make_certificate(self):
        subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt",
                        "ec_paramgen_curve:prime256v1", "-nodes", "-days", "2", "-subj",
                        "/CN=localhost", "-addext", "subjectAltName=IP:127.0.0.1", "-keyout",
                        self.path("tls.key"), "-out", self.path("tls.pem")], check=True,
                       capture_output=True)
        os.chmod(self.path("tls.key"), 0o600)

    def configure(self, config):
        config["listen"] = {"address": f"127.0.0.1:{self.port}", "certificate": self.path("tls.pem"),
                            "key": self.path("tls.key")}
        config["admin"]["address"] = f"127.0.0.1:{self.admin_port}"
        config["sources"]["genesys"] = {"path": "/events", "scheme": "genesys-signature"}
        config["sinks"]["crm"].update(retries=["200ms", "200ms", "200ms"], concurrency=16,
                                      breaker={"failures": 1000000})

    def start_sandbox(self):
        self.events_log = self.path("events.ndjson")
        process = subprocess.Popen(
            [self.program("genesys-sandbox"), "--rate-limit", "0", "--delivery-ca",
             self.path("tls.pem"), "--events-log", self.events_log],
            stdout=subprocess.PIPE, encoding="utf-8", preexec_fn=die_with_parent)
        self.stack.callback(process.kill)
        self.api = process.stdout.readline().strip()

    def environment(self):
        return {"PATH": os.environ["PATH"], "HOME": self.folder, "LC_ALL": "C.UTF-8",
                "TERM": os.environ.get("TERM", "dumb"), "EVENTCTL_API_URL": self.api,
                "EVENTCTL_LOGIN_URL": self.api, "EVENTCTL_CLIENT_ID": "sandbox-client",
                "EVENTCTL_CLIENT_SECRET": "sandbox-secret", "EVENTCTL_INGEST_TOKEN": TOKEN,
                "INGEST_URL": f"https://127.0.0.1:{self.port}/events"}

    def endpoint(self):
        return ["--endpoint", f"ingest=http://{self.ingestd.admin_address}"]

    # -- doing and saying -------------------------------------------------------------------------

    def say(self, text):
        self.said.append(text)
        if not self.options.top:
            print(text, flush=True)

    def act(self, title):
        self.say(f"\n# {title}")

    def expect(self, holds, what):
        self.say(("  ok    " if holds else "  FAIL  ") + what)
        self.failures += not holds

    def eventctl(self, *words, code=0):
        """Its stdout; the exit code must be one of `code`."""
        done = subprocess.run([self.program("eventctl"), *words], env=self.environment(),
                              cwd=self.folder, stdin=subprocess.DEVNULL, capture_output=True,
                              encoding="utf-8", timeout=LONG_S, check=False)
        shown = " ".join(words).replace(self.folder + "/", "")
        self.say(f"$ eventctl {shown}")
        codes = code if isinstance(code, tuple) else (code,)
        if done.returncode not in codes:
            self.expect(False, f"exit {done.returncode}: {(done.stderr or done.stdout)[-600:]}")
        self.errors = done.stderr
        return done.stdout

    def top(self):
        """What the dashboard shows, as JSON; 2 says that something is not well, which it may be."""
        return json.loads(self.eventctl("top", "--once", "--json", "--interval", "500ms",
                                        *self.endpoint(), code=(0, 2)))

    def sandbox(self, name, method="GET", body=None):
        return call(f"{self.api}/_sandbox/{name}", method, body)

    # -- the acts -----------------------------------------------------------------------------------

    def calm(self):
        self.act("The manifest is applied, and the ingest service gets its keys")
        self.say(self.eventctl("apply", "--yes", "-f", self.manifest, *self.endpoint())
                 .rstrip().rpartition("\n")[2])
        self.eventctl("check", "-f", self.manifest, *self.endpoint())
        self.sandbox("faults", "PUT", [{"fault": "status", "status": 503, "skip": n, "times": 1,
                                        "match": {"path": "/api/v2/"}} for n in range(9, 400, 10)])
        rate = self.options.rate / EVENTS_A_CONVERSATION
        self.sandbox("traffic", "PUT", {
            "conversations_per_s": rate, "seed": 7,
            "pace_ms": 300, "duplicate_percent": 1, "reorder_percent": 1,
            "surge": {"after_s": 2, "for_s": self.options.seconds / 4, "times": 2},
            "schema_change_after": round(rate * self.options.seconds / 2)})
        self.begun = time.monotonic()
        wait_for("events at the CRM", lambda: self.crm.set()["taken"] > self.options.rate, LONG_S)

    def surge(self):
        self.act("The CRM slows down in a surge: 202s stay, the queue grows")
        self.crm.set(delay_ms=150)
        wait_for("a queue", lambda: self.depth() > self.options.rate, LONG_S)
        totals = self.top()["totals"]
        self.expect(totals["depth"] > 0, f"depth {totals['depth']}, received {totals['received']}/s, "
                    f"delivered {totals['delivered']}/s, empty in {totals['drain'] or '?'}")
        states = {target["state"] for target in self.sandbox("deliveries")["targets"]}
        self.expect(states == {"HEALTHY"}, "Genesys throttles nothing: its 202s come at once")
        self.eventctl("override", "voice-lifecycle", "--batch-size", "500", "--for", "10s", "--reason",
                      "the CRM is slow", "--yes", "-f", self.manifest)
        self.say(next((line for line in self.eventctl("plan", "-f", self.manifest).splitlines()
                       if "accepted" in line), "no line says that it is accepted").strip())
        self.eventctl("check", "-f", self.manifest, *self.endpoint())
        self.kill()
        self.crm.set(delay_ms=0)
        wait_for("the queue to drain", lambda: self.depth() < self.options.rate, LONG_S)
        self.say("the CRM is well again, and the queue has drained")
        self.expire()

    def expire(self):
        """The override ends by itself; what it changed is taken back."""
        words = ["check", "-f", self.manifest]
        ended = lambda: subprocess.run([self.program("eventctl"), *words], env=self.environment(),
                                       cwd=self.folder, stdin=subprocess.DEVNULL,
                                       capture_output=True, check=False).returncode == 2
        wait_for("the override to expire", ended, LONG_S)
        self.say("the override has expired: check says so")
        self.eventctl("reconcile", "--once", "--mode", "heal", "-f", self.manifest, *self.endpoint())
        self.eventctl(*words, *self.endpoint())

    def poison(self):
        self.act("The CRM chokes on some interactions: three retries, then dead letters; others flow")
        before = self.crm.set(poison=POISON)["taken"]
        wait_for("dead letters", lambda: self.status()["dead_letters"]["count"] >= 5, LONG_S)
        self.expect(self.crm.set()["taken"] > before, "the others went on")
        self.eventctl("dlq", "list", "--limit", "5", *self.endpoint())
        self.crm.set(poison="")
        self.kill()
        # 7: one that came back, since it was failing when the CRM was mended
        self.eventctl("dlq", "replay", "--all", "--reason", "the CRM is mended", "--yes",
                      *self.endpoint(), code=(0, 7))

    def shapes(self):
        self.act("Genesys changes the payload: nothing is refused, the new shape is told")
        traffic = lambda: self.sandbox("traffic")
        wait_for("the change", lambda: traffic()["started"] >= traffic()["schema_change_after"], LONG_S)
        wait_for("both shapes", lambda: self.new_shapes() > 0, LONG_S)
        self.eventctl("shapes", "list", *self.endpoint())
        self.expect(True, "a new shape is in `eventctl shapes list`")

    def new_shapes(self):
        shapes = self.ingestd.admin("GET", "/v1/shapes")[1]["shapes"]
        counts = collections.Counter(shape["type"] for shape in shapes)
        return sum(count > 1 for count in counts.values())

    def token(self):
        self.act("Somebody revokes the token: it is asked for again, once")
        self.sandbox("revoke", "POST", {})
        self.eventctl("check", "-f", self.manifest, *self.endpoint(), code=(0, 2))
        self.eventctl("apply", "--yes", "-f", self.manifest, *self.endpoint())
        self.eventctl("check", "-f", self.manifest, *self.endpoint())

    def kill(self):
        self.counts.update(self.counted())
        self.ingestd.kill()
        self.say("kill -9: ingestd")
        self.ingestd.start()

    def counted(self):
        rows = self.status()["subscriptions"]
        return {name: sum(row[name] for row in rows)
                for name in ("duplicates", "filtered", "dead_lettered", "replayed")}

    def status(self):
        return self.ingestd.status()

    def depth(self):
        return self.status()["delivery"]["depth"]

    # -- the account ----------------------------------------------------------------------------------

    def settle(self):
        self.act("The traffic ends, and everything comes to rest")
        wanted = self.options.rate * self.options.seconds
        wait_for("events enough", lambda: self.matched() >= wanted, 3 * LONG_S)
        seconds = time.monotonic() - self.begun
        self.sandbox("traffic", "DELETE")
        self.say(f"  {self.matched()} events in {seconds:.0f} s")
        wait_for("the traffic to end", lambda: self.sandbox("deliveries")["idle"], 3 * LONG_S)
        wait_for("an empty queue", lambda: self.depth() == 0, LONG_S)
        for _ in range(3):  # what failed at the last moment
            if self.status()["dead_letters"]["count"] == 0:
                break
            self.eventctl("dlq", "replay", "--all", "--reason", "once more", "--yes",
                          *self.endpoint(), code=(0, 7))
            wait_for("an empty queue", lambda: self.depth() == 0, LONG_S)

    def matched(self):
        return sum(target["matched"] for target in self.sandbox("deliveries")["targets"])

    def account(self):
        self.act("Every event, accounted for")
        generated, acknowledged = set(), set()
        with open(self.events_log, encoding="utf-8") as lines:
            for line in map(json.loads, lines):
                which = (line["target"], line["interaction"], line["type"], line["sequence"])
                (generated if line.get("generated") else acknowledged).add(which)
        taken = collections.Counter((line["subscription"], line["interaction"], line["type"],
                                     line["sequence"]) for line in self.crm.taken())
        self.counts.update(self.counted())
        failed = sum(rule["times"] == 0 for rule in self.sandbox("faults"))
        dead = self.status()["dead_letters"]["count"]
        missing = acknowledged - set(taken)
        lost = len(missing) - dead
        self.say(f"  generated {len(generated)}, acknowledged {len(acknowledged)}, delivered "
                 f"{len(taken)}, delivered again {sum(taken.values()) - len(taken)}")
        self.say("  duplicates suppressed {duplicates}, filtered {filtered}, dead-lettered "
                 "{dead_lettered}, replayed {replayed}".format(**self.counts)
                 + f"; dead letters left {dead}; calls to Genesys's API that failed {failed}")
        self.expect(len(generated) > self.options.rate * self.options.seconds / 2, "there was traffic")
        self.expect(generated == acknowledged, "all that was generated was acknowledged")
        self.expect(set(taken) <= generated, "nothing was delivered that was not generated")
        self.expect(lost <= 0 and dead == 0, f"lost: {max(lost, 0)}")
        if missing:
            self.say(f"  missing: {sorted(map(str, missing))[:5]}")

    def acts(self):
        self.calm()
        if self.options.calm:
            return
        for one in (self.surge, self.poison, self.shapes, self.token, self.settle, self.account):
            one()

    def guarded(self):
        try:
            self.acts()
        except Exception as problem:
            self.expect(False, f"{type(problem).__name__}: {problem}")

    def run(self):
        if not self.options.top:
            self.guarded()
            return
        acts = threading.Thread(target=self.guarded, daemon=True)
        acts.start()
        subprocess.run([self.program("eventctl"), "top", "-f", self.manifest, *self.endpoint()],
                       env=self.environment(), cwd=self.folder, check=False)
        if not self.options.calm:
            print("The acts go on to their end …", flush=True)
            acts.join()
            print("\n".join(self.said))


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--build", default="build")
    parser.add_argument("--rate", type=float, default=300)
    parser.add_argument("--seconds", type=float, default=30)
    parser.add_argument("--top", action="store_true")
    parser.add_argument("--calm", action="store_true")
    options = parser.parse_args()
    options.build = os.path.abspath(options.build)
    with tempfile.TemporaryDirectory() as folder, contextlib.ExitStack() as stack:
        began = time.monotonic()
        storm = Storm(options, folder, stack)
        storm.run()
        if not options.calm:
            print(f"\n{time.monotonic() - began:.0f} s\n"
                  f"{int(storm.failures == 0)} passed, {storm.failures} failed")
    return 1 if storm.failures else 0


if __name__ == "__main__":
    sys.exit(main())
