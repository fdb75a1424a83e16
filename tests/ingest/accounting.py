#!/usr/bin/env python3
"""Every acknowledged event is accounted for at the sink or among the dead letters.

  accounting.py [--ingestd FILE] [--load FILE] [--rounds N] [--seed N] [--events N]

First nothing is killed, and each event is at the sink exactly once, sent twice or not. Then ingestd is
killed (SIGKILL) at random moments, --rounds times, while a load client goes on sending: nothing
acknowledged is missing, whatever was repeated, also when the sink fails. The seed is printed; the moments are counts of
acknowledged events, so that a slow machine is killed at the same places as a fast one.
"""
import argparse
import collections
import json
import os
import random
import re
import signal
import socket
import subprocess
import sys
import tempfile

from harness import Ingestd, LIMIT_S, Sink, die_with_parent, wait_for


def free_port():
    """A port below the ephemeral ones: connecting to a dead ephemeral port may reach oneself."""
    for port in random.sample(range(10000, 30000), 200):
        with socket.socket() as probe:
            try:
                probe.bind(("127.0.0.1", port))
                return port
            except OSError:
                continue
    raise RuntimeError("no free port")


class Load:
    """One run of the load client; `acknowledged` are the numbers that got 202."""

    def __init__(self, options, ingestd, port, **more):
        self.path = ingestd.path("acknowledged")
        arguments = {"port": port, "secret": ingestd.path("hmac.secret"),
                     "acknowledged": self.path, **more}
        self.process = subprocess.Popen(
            [options.load, *(f"--{name}={value}" for name, value in arguments.items())],
            stdout=subprocess.PIPE, encoding="utf-8", preexec_fn=die_with_parent)

    def lines(self):
        try:
            with open(self.path, encoding="ascii") as lines:
                return [int(line) for line in lines]
        except FileNotFoundError:
            return []

    def bytes(self):
        return os.path.getsize(self.path) if os.path.exists(self.path) else 0

    def finish(self):
        said, _ = self.process.communicate(timeout=20 * LIMIT_S)
        assert self.process.returncode == 0, said
        return said.strip()

    def end(self):
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
        return self.finish()


def account(ingestd, acknowledged):
    """(missing, repeated): numbers of acknowledged events that are nowhere, or at the sink again."""
    counts = collections.Counter(line["event"]["sequenceNumber"] for line in ingestd.delivered())
    dead = ingestd.status()["dead_letters"]["count"]
    assert dead == 0, f"{dead} dead letters, though the sink takes everything"
    return ([n for n in acknowledged if n not in counts],
            [n for n, count in counts.items() if count > 1])


def with_port(port):
    def change(config):
        config["listen"]["address"] = f"127.0.0.1:{port}"
        config["sinks"]["crm"]["rotate_size"] = 0
    return change


def nothing_killed(options, folder, batch):
    """Exactly once by key at the sink, though everything is sent twice."""
    ingestd = Ingestd(options.ingestd, folder, change=with_port(free_port()))
    with ingestd:
        port = ingestd.endpoint()[1]
        for _ in range(2):
            Load(options, ingestd, port, events=options.events, batch=batch).finish()
        acknowledged = Load.lines(type("", (), {"path": ingestd.path("acknowledged")}))
        assert len(acknowledged) == 2 * options.events, len(acknowledged)
        ingestd.settled()
        missing, repeated = account(ingestd, acknowledged)
        assert not missing and not repeated, f"missing {missing[:9]}, repeated {repeated[:9]}"
        state = ingestd.subscription()
        assert state["duplicates"] == options.events, state
        assert state["delivered"] == options.events, state


def killed(options, folder):
    """Nothing acknowledged is missing, however often ingestd is killed."""
    port = free_port()
    ingestd = Ingestd(options.ingestd, folder, change=with_port(port)).start()
    load = Load(options, ingestd, port, events=10 ** 9, batch=options.random.choice((1, 7)),
                connections=16)
    try:
        for _ in range(options.rounds):
            step = options.random.choice((0, 10, 300, 3000, 20000))
            until = load.bytes() + options.random.randint(0, step)
            wait_for("more to be acknowledged", lambda: load.bytes() >= until)
            ingestd.kill()
            ingestd.start()
        said = load.end()
        ingestd.settled()
        acknowledged = load.lines()
        missing, repeated = account(ingestd, acknowledged)
    finally:
        load.end()
    assert acknowledged, "nothing was acknowledged: nothing was tested"
    assert not missing, f"{len(missing)} of {len(acknowledged)} are missing: {missing[:9]}"
    ingestd.stop()
    counted = re.fullmatch(r"(\d+) acknowledged, \d+ sent, \d+ refused, \d+ broken", said)
    assert counted and int(counted[1]) == len(acknowledged), said
    print(f"{options.rounds} kills: {len(acknowledged)} acknowledged, 0 missing, "
          f"{len(repeated)} delivered again after a kill")


def dead_numbers(ingestd):
    """The sequence numbers of all dead letters."""
    numbers, after = [], 0
    while after is not None:
        page = ingestd.admin("GET", f"/v1/dlq?limit=1000&after={after}")[1]
        for letter in page["dead_letters"]:
            whole = ingestd.admin("GET", f"/v1/dlq/{letter['id']}")[1]
            numbers.append(json.loads(whole["body"])["sequenceNumber"])
        after = page["next"]
    return numbers


def killed_and_failing(options, folder):
    """With a sink that refuses every tenth event for good, and three reactors: each acknowledged
    event is at the sink or a dead letter, and no dead letter was delivered."""
    sink = Sink(lambda delivery: 500 if delivery["event"]["sequenceNumber"] % 10 == 0 else 200)
    port = free_port()

    def change(config):
        config["listen"].update(address=f"127.0.0.1:{port}", reactors=3)
        config["sinks"]["crm"].update(retries=["1ms", "5ms", "10ms"],
                                      breaker={"failures": 1000000})
    ingestd = Ingestd(options.ingestd, folder, sink=sink, change=change).start()
    load = Load(options, ingestd, port, events=1500, interactions=200)
    try:
        for _ in range(max(options.rounds // 5, 1)):
            until = load.bytes() + options.random.randint(0, 600)
            wait_for("more to be acknowledged",
                     lambda: load.bytes() >= until or load.process.poll() is not None)
            ingestd.kill()
            ingestd.start()
        load.finish()
        ingestd.settled()
        acknowledged, dead = load.lines(), dead_numbers(ingestd)
    finally:
        load.end()
        sink.close()
    delivered = set(sink.numbers())
    missing = set(acknowledged) - delivered - set(dead)
    assert len(acknowledged) == 1500 and not missing, f"missing: {sorted(missing)[:9]}"
    assert not delivered & set(dead), "delivered and dead"
    assert {n for n in acknowledged if n % 10 == 0} <= set(dead)
    ingestd.stop()
    print(f"{max(options.rounds // 5, 1)} kills with a failing sink: {len(acknowledged)} "
          f"acknowledged, {len(delivered)} delivered, {len(set(dead))} dead letters, 0 missing")


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--ingestd", default="build/ingestd")
    parser.add_argument("--load", default="build/load")
    parser.add_argument("--rounds", type=int, default=50)
    parser.add_argument("--events", type=int, default=5000)
    parser.add_argument("--seed", type=int, default=random.randrange(10 ** 6))
    options = parser.parse_args()
    options.random = random.Random(options.seed)
    print(f"seed {options.seed}")
    cases = [("nothing killed, single events", lambda f: nothing_killed(options, f, 1)),
             ("nothing killed, batches", lambda f: nothing_killed(options, f, 32)),
             ("killed at random", lambda f: killed(options, f)),
             ("killed, with a failing sink", lambda f: killed_and_failing(options, f))]
    failed = 0
    for name, case in cases:
        with tempfile.TemporaryDirectory() as folder:
            try:
                case(folder)
            except Exception as problem:
                failed += 1
                print(f"FAIL {name}: {type(problem).__name__}: {problem}", flush=True)
    print(f"{len(cases) - failed} passed, {failed} failed")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
