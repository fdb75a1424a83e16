#!/usr/bin/env python3
"""What ingestd makes durable in a second, beside what people write themselves: fastify with
better-sqlite3, and node:http with a file, all of them durable before they reply, measured by wrk
on this machine in the same run. What is asserted is that every 202 is in the store; rates and times
are shown beside their bars and decide nothing, since they belong to the machine.

  ingest.py [--quick] [--only TEXT] [--seconds N] [--runs N] [--build DIR] [--peers DIR]
            [--folder DIR]

--quick runs each kind for a second, once, looks at what was delivered, and shows no table: it is
what `make test` runs. --only takes the cases whose name holds TEXT. --folder must be on the disk
that is to be measured, and not in memory. Peers are left out of a quick run unless they are there
(tests/bench/peers.sh).
"""
import argparse
import contextlib
import json
import os
import shutil
import statistics
import subprocess
import sys
import tempfile

from servers import API_KEY, HERE, SECRET, Peer, Served, cpu_s
from harness import HUB, SIGNATURE, Key, wait_for

CONNECTIONS = 64
BATCH = 32
STAGE_REQUESTS = {1: 60000, BATCH: 6000}

# How many distinct requests a second of measuring gets, of one event and of a batch. After the last
# comes the first again, whose events are duplicates then; RSA signs slowly, so it has few.
DISTINCT = {"key": (40000, 800), "hub": (40000, 800), "p256": (20000, 800), "rsa": (600, 200)}
SCHEMES = {"key": "API key", "hub": "HMAC-SHA256", "p256": "P-256", "rsa": "RSA-2048"}


class Case:
    """One server and one kind of request."""

    def __init__(self, name, make, scheme, batch=1, in_quick=True):
        self.name, self.make, self.scheme, self.batch = name, make, scheme, batch
        self.in_quick = in_quick
        self.runs = []

    def label(self):
        kind = f"{SCHEMES[self.scheme]}, {self.batch} events" if self.batch > 1 else \
            SCHEMES[self.scheme]
        return f"{self.name}: {kind}"

    def median(self, what):
        return statistics.median(run[what] for run in self.runs)


def all_cases(bench):
    """ingestd has no scheme that verifies nothing, on purpose: an API key is the least there is.
    The peers verify nothing unless their name says so, and keep a batch in one row, as ingestd."""
    def peer(*arguments, secret=False):
        return lambda: Peer(bench.options.peers, *arguments, secret=secret)

    def ingestd(**kind):
        return lambda: Served(bench.program("ingestd"), bench.keys, **kind)

    batched, single = peer("fastify.js", "batched"), peer("fastify.js", "single")
    cases = [Case("fastify batched", batched, "key"),
             Case("fastify single", single, "key"),
             Case("node:http append", peer("append.js"), "key"),
             Case("fastify batched, verified", peer("fastify.js", "batched", secret=True), "hub"),
             Case("fastify batched", batched, "key", BATCH, in_quick=False)]
    if not bench.with_peers:
        cases = []
    for batch in (1, BATCH):
        for scheme in SCHEMES:
            cases.append(Case("ingestd", ingestd(), scheme, batch))
            cases.append(Case("ingestd, paused", ingestd(deliver=False), scheme, batch,
                              in_quick=scheme == "key"))
    cases.append(Case("ingestd, sink hangs", ingestd(hangs=True), "key"))
    return [case for case in cases if bench.options.only in case.label() and
            (case.in_quick or not bench.options.quick)]


class Bench:
    """The options, keys and requests, and the assertions so far."""

    def __init__(self, options, folder):
        self.options, self.folder = options, folder
        self.with_peers = os.path.exists(os.path.join(options.peers, "installed"))
        self.keys = {kind: Key(folder, kind, kind) for kind in ("p256", "rsa")}
        self.files = {}
        for name, data in (("api.key", API_KEY), ("hmac.secret", SECRET)):
            with open(os.path.join(folder, name), "wb") as out:
                os.fchmod(out.fileno(), 0o600)
                out.write(data)
        self.passed = self.failed = 0

    def program(self, name):
        return os.path.join(self.options.build, name)

    def expect(self, holds, what):
        if holds:
            self.passed += 1
        else:
            self.failed += 1
            print(f"FAIL {what}", flush=True)

    # -- requests ---------------------------------------------------------------

    def requests(self, scheme, batch):
        """A file of signed requests; returns its path and how many there are."""
        if (scheme, batch) not in self.files:
            count = max(DISTINCT[scheme][batch > 1] * self.options.seconds, 500)
            path = os.path.join(self.folder, f"{scheme}-{batch}.requests")
            by_scheme = {
                "key": ["--header", "X-API-Key", "--secret", os.path.join(self.folder, "api.key")],
                "hub": ["--header", HUB, "--prefix", "sha256=",
                        "--hmac", os.path.join(self.folder, "hmac.secret")]}
            if scheme in self.keys:
                key = self.keys[scheme]
                by_scheme[scheme] = ["--header", SIGNATURE, "--sign", key.private,
                                     "--key-id", key.name, "--alg", key.algorithm]
            subprocess.run([self.program("bench-requests"), "--out", path, "--count", str(count),
                            "--batch", str(batch), "--path", "/" + scheme, *by_scheme[scheme]],
                           check=True)
            self.files[scheme, batch] = path, count
        return self.files[scheme, batch]

    def wrk(self, server, case, seconds):
        path, _ = self.requests(case.scheme, case.batch)
        done = subprocess.run(
            ["wrk", "-t1", f"-c{CONNECTIONS}", f"-d{seconds}s",
             "-s", os.path.join(HERE, "wrk", "requests.lua"),
             f"http://{server.address}/{case.scheme}", "--", path],
            check=True, capture_output=True, text=True)
        return json.loads(done.stdout.rstrip("\n").rpartition("\n")[2])

    # -- measuring --------------------------------------------------------------

    @contextlib.contextmanager
    def running(self, case):
        folder = tempfile.mkdtemp(dir=self.folder)
        server = case.make()
        server.start(folder)
        try:
            yield server
        finally:
            server.stop()
            self.stored = server.stored()
            shutil.rmtree(folder)

    def measure(self, case):
        self.requests(case.scheme, case.batch)
        quick = self.options.quick
        with self.running(case) as server:
            # A compiler that works while it serves needs a moment.
            warm = [] if quick else [self.wrk(server, case, 1)]
            before = cpu_s(server.pid)
            run = self.wrk(server, case, self.options.seconds)
            run["cpu_us"] = (cpu_s(server.pid) - before) * 1e6 / (run["replies"] * case.batch)
            run.update(server.look())
            if quick and case.name == "ingestd":
                self.expect_delivered(server, case)
            if "accepted" in run:
                self.expect_whole(server, case, run)
        self.expect_stored(case, [*warm, run])
        run["events"] = run["replies"] * case.batch / run["seconds"]
        case.runs.append(run)

    def expect_stored(self, case, runs):
        """wrk leaves without waiting for the last replies: at most one a connection."""
        counted = sum(run["replies"] for run in runs)
        most = counted + CONNECTIONS * len(runs)
        wrong = sum(run["refused"] + run["broken"] for run in runs)
        self.expect(counted > 0 and wrong == 0,
                    f"{case.label()}: {counted} replies, of which {wrong} were not 202")
        self.expect(counted <= self.stored <= most,
                    f"{case.label()}: {self.stored} stored, {counted} answered with 202")

    def expect_whole(self, server, case, run):
        rows, events, flagged, verdicts = server.count(
            "SELECT count(*), sum(events), sum(flags <> 0), count(DISTINCT verdict) FROM arrivals")
        self.expect((events, flagged, verdicts) == (run["accepted"], 0, 1) and
                    events == rows * case.batch,
                    f"{case.label()}: {rows} rows of {events} events, {flagged} flagged, "
                    f"{verdicts} verdicts; accepted {run['accepted']}")

    def expect_delivered(self, server, case):
        """Each distinct event once."""
        wait_for("an empty queue",
                 lambda: server.ingestd.status()["delivery"]["depth"] == 0)
        distinct = server.count("SELECT count(DISTINCT body) FROM arrivals")[0] * case.batch
        numbers = [line["event"]["sequenceNumber"] for line in server.ingestd.delivered()]
        self.expect(len(numbers) == len(set(numbers)) == distinct,
                    f"{case.label()}: {distinct} distinct events, {len(numbers)} delivered, "
                    f"{len(set(numbers))} of them distinct")

    def stages(self, case):
        """Nanoseconds a request by stage: {name: (CPU, clock)}."""
        path, _ = self.requests(case.scheme, case.batch)
        folder = tempfile.mkdtemp(dir=self.folder)
        server = case.make()
        server.start(folder)  # for its configuration
        server.stop()
        into = os.path.join(folder, "stages")
        os.mkdir(into)
        together = min(max(round(case.median("commit_requests")), 1), 1024)
        done = subprocess.run(
            [self.program("bench-stages"), server.ingestd.path("ingestd.yaml"), path, into,
             str(together), str(STAGE_REQUESTS[case.batch])],
            check=True, capture_output=True, text=True)
        shutil.rmtree(folder)
        return {name: (int(cpu), int(clock))
                for name, cpu, clock in map(str.split, done.stdout.splitlines())}


# -- what is shown ---------------------------------------------------------------------------------

def print_table(head, rows):
    widths = [max(len(row[column]) for row in [head, *rows]) for column in range(len(head))]
    for row in [head, ["-" * width for width in widths], *rows]:
        print("| " + " | ".join(cell.ljust(width) for cell, width in zip(row, widths)) + " |")


def row_of(case):
    own = [f"{case.median('commit_requests'):.0f} in {case.median('commit_ms'):.2f} ms",
           f"{case.median('settled') / case.median('accepted'):.0%}"] \
        if "accepted" in case.runs[0] else ["-", "-"]
    return [case.name, SCHEMES[case.scheme] if case.name.startswith("ingestd") or
            "verified" in case.name else "nothing",
            str(case.batch), f"{case.median('events'):,.0f}", f"{case.median('p50_us') / 1000:.2f}",
            f"{case.median('p99_us') / 1000:.2f}", f"{case.median('cpu_us'):.1f}", *own]


def ratio(one, other, what):
    """The median of what each round's runs say, since they ran one soon after the other."""
    return statistics.median(a[what] / b[what] for a, b in zip(one.runs, other.runs))


def bars(by):
    """(what, wanted, what is there, whether that reaches it); by: {(name, scheme, batch): case}."""
    def find(name, scheme="key", batch=1):
        return by.get((name, scheme, batch))

    for mine in ("ingestd", "ingestd, paused"):
        one = find(mine)
        for other, least in (("fastify batched", 1.5), ("fastify single", 12),
                             ("node:http append", 1.2)):
            if one and find(other):
                is_now = ratio(one, find(other), "events")
                yield f"{mine}: rate / {other}", f">= {least}x", f"{is_now:.2f}x", is_now >= least
        if one and find("fastify batched"):
            most = min(5.0, find("fastify batched").median("p99_us") / 3000)
            is_now = one.median("p99_us") / 1000
            yield (f"{mine}: p99", f"<= {most:.2f} ms", f"{is_now:.2f} ms", is_now <= most)
        signed = find(mine, "p256", BATCH)
        if signed:
            is_now = signed.median("events")
            yield (f"{mine}: events/s, batches of {BATCH}, P-256", ">= 250,000", f"{is_now:,.0f}",
                   is_now >= 250000)
        if one and find("ingestd, sink hangs"):
            is_now = ratio(find("ingestd, sink hangs"), one, "p99_us")
            yield (f"p99 while the sink hangs / {mine}", "<= 2x", f"{is_now:.2f}x", is_now <= 2)
    verified = find("ingestd", "hub"), find("fastify batched, verified", "hub")
    if all(verified):
        is_now = ratio(*verified, "events")
        yield "ingestd / fastify batched, both verify HMAC", "-", f"{is_now:.2f}x", None


GROUPS = [("HTTP", ["http"]), ("verify", ["verify"]), ("parse", ["scan", "ticket", "free"]),
          ("store", ["store"])]


def stage_row(bench, case):
    """CPU of each stage alone, beside the CPU of the whole, which has the network and loop too."""
    stages = bench.stages(case)
    whole = case.median("cpu_us") * case.batch
    parts = [sum(stages[name][0] for name in names) / 1000 for _, names in GROUPS]
    rest = max(whole - sum(parts), 0)
    total = sum(parts) + rest
    cells = [f"{part:.2f} ({part / total:.0%})" for part in [*parts, rest]]
    return [case.label(), f"{whole:.1f}", *cells, f"{stages['store'][1] / 1000:.1f}"]


def show(bench, cases):
    print_table(["server", "verifies", "events", "events/s", "p50 ms", "p99 ms", "CPU us/event",
                 "a commit", "settled"], [row_of(case) for case in cases])
    print(f"\nMedian of {bench.options.runs} runs of {bench.options.seconds} s by wrk -t1 "
          f"-c{CONNECTIONS}, on {os.cpu_count()} cores that wrk shares; 400-byte events. All are "
          "synced before the reply.\nSettled: delivered or found to be duplicates, of what was "
          "accepted, when wrk ended. CPU: all threads, deliveries included.\n")
    rows = [[what, wanted, is_now, "" if reached is None else "OK" if reached else "below"]
            for what, wanted, is_now, reached in
            bars({(case.name, case.scheme, case.batch): case for case in cases})]
    print_table(["bar", "wanted", "is", ""], rows)
    staged = [case for case in cases if case.name == "ingestd, paused"]
    if staged:
        print("\nCPU of one request by stage, in us, each alone on one thread with as many a "
              "commit as there were;\nthe network, loop and hand-over are what is left of the "
              "whole.\n")
        print_table(["requests", "whole", *(name for name, _ in GROUPS), "network, loop",
                     "store, by the clock"], [stage_row(bench, case) for case in staged])
    print()


# -- running ---------------------------------------------------------------------------------------

def missing(options):
    """What a run needs and is not there; "" when all is."""
    for name in ("wrk", "openssl"):
        if not shutil.which(name):
            return f"{name} is not installed"
    if options.quick or os.path.exists(os.path.join(options.peers, "installed")):
        return ""
    return "the peers are not installed: tests/bench/peers.sh"


def read_options():
    parser = argparse.ArgumentParser()
    parser.add_argument("--quick", action="store_true")
    parser.add_argument("--only", default="")
    parser.add_argument("--seconds", type=int, default=0, help="of each run (5; 1 when quick)")
    parser.add_argument("--runs", type=int, default=0, help="of each case (3; 1 when quick)")
    parser.add_argument("--build", default="build")
    parser.add_argument("--peers", default="build/peers")
    parser.add_argument("--folder", default="", help="on the disk to measure (the build folder)")
    options = parser.parse_args()
    options.build, options.peers = os.path.abspath(options.build), os.path.abspath(options.peers)
    options.folder = os.path.abspath(options.folder or options.build)
    options.seconds = options.seconds or (1 if options.quick else 5)
    options.runs = options.runs or (1 if options.quick else 3)
    return options


def main():
    options = read_options()
    lacks = missing(options)
    if lacks:
        print(f"SKIP bench-ingest: {lacks}")
        return 77
    with tempfile.TemporaryDirectory(dir=options.folder) as folder:
        bench = Bench(options, folder)
        cases = all_cases(bench)
        for number in range(options.runs):
            # Every other round the other way round: what ran before is not always the same.
            for case in cases if number % 2 == 0 else reversed(cases):
                bench.measure(case)
        if not options.quick:
            show(bench, cases)
    print(f"{bench.passed} passed, {bench.failed} failed")
    return 1 if bench.failed or not bench.passed else 0


if __name__ == "__main__":
    sys.exit(main())
