#!/usr/bin/env python3
"""What `plan`, `check` and `apply` take, against a sandbox on loopback with 10 % of the objects
differing. Requests and memory are asserted; times are shown beside their bars and decide nothing,
since they belong to the machine.

  bench.py [--quick] [--eventctl FILE] [--sandbox FILE] [--runs N]

--quick leaves out the 10,000 objects and shows no table: it is what `make test` runs.
"""
import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile

from sandbox import PAGE_SIZE, Eventctl, Sandbox, is_listing, is_write

HERE = os.path.dirname(os.path.abspath(__file__))
LATENCY_MS = 50
MEMORY_BAR_MIB = 50
WALL_BARS_S = {1000: 0.2, 10000: 2.0}

# Measured on two cores against stand-ins on loopback, 10 % of the objects differing.
PEERS = [
    ("auth0-deploy-cli 8.44.0, dry run", "1,000 / 10,000", "21 / 28 s", "1.9 / 2.2 GiB",
     "23 / 203; exit 0 despite drift"),
    ("auth0-deploy-cli 8.44.0, import, 100 differ", "1,000", "144 s", "1.9 GiB", "1,000 writes"),
    ("Terraform 1.11.4, best form, plan", "1,000 / 10,000", "2.6 / 20.8 s", "134 / 745 MiB",
     "one GET each"),
    ("kubectl 1.32.4, diff", "1,000 / 5,000", "4.3 / 19 s", "47 MiB", "two each"),
]


# -- what is compared ---------------------------------------------------------------------------

STREAM = """\
  stream-{n:05d}:
    version: 1
    description: Voice interactions of queue {n} for the CRM
    events: [Interaction.Created, Interaction.Confirmed, Interaction.Closed]
    filter:
      - {{field: interactionType, op: in, value: [voice, callback]}}
      - {{field: status, op: ne, value: abandoned-{n}}}
    delivery: {{url: "https://ingest.example.com/q/{n}",
               batching: {{mode: batched, window: 250ms, size: 50}}}}
"""
TRIGGER = """\
  trigger-{n:05d}:
    version: 1
    via: trigger
    description: Wrap-up of queue {n} for the data warehouse
    events: ["v2.detail.events.conversation.{{id}}.acd.end"]
    filter:
      - {{field: mediaType, op: eq, value: VOICE}}
      - {{field: queueId, op: eq, value: 6c1b0000-0000-4000-8000-{n:012d}}}
    target: {{workflow: 3f0c1b52-8a54-4d0e-9d1f-6a2f7c9e5b10, dataFormat: Json}}
    ttl: 60s
"""


def manifest(count):
    """As many objects as that, half of each kind."""
    parts = ["apiVersion: eventctl/v1\norganization: acme-dev\nsubscriptions:\n"]
    for n in range(count):
        parts.append((TRIGGER if n % 2 else STREAM).format(n=n))
    return "".join(parts)


def drifted(objects):
    """Every tenth object as if somebody had switched it off or pointed it elsewhere."""
    changed = json.loads(json.dumps(objects))
    for kind in changed.values():
        for place, entity in enumerate(kind):
            if place % 10 == 0:
                entity["enabled"] = False
                entity["version"] += 1
    return changed


# -- running ------------------------------------------------------------------------------------

class Measured:
    """One command, run several times: medians, and what the sandbox saw of each run."""

    def __init__(self, runs):
        self.wall_s = statistics.median(run["wall_s"] for run in runs)
        self.cpu_s = statistics.median(run["cpu_s"] for run in runs)
        self.peak_mib = max(run["peak_kib"] for run in runs) / 1024
        self.logs = [run["log"] for run in runs]
        self.exits = {run["exit"] for run in runs}
        self.last_lines = {run["last_line"] for run in runs}


class Bench:
    """The sandbox, the program, and the assertions so far."""

    def __init__(self, options, folder):
        self.options = options
        self.folder = folder
        self.sandbox = Sandbox(options.sandbox)
        self.eventctl = Eventctl(options.eventctl, self.sandbox, folder)
        self.passed = self.failed = 0

    def expect(self, holds, what):
        if holds:
            self.passed += 1
        else:
            self.failed += 1
            print(f"FAIL {what}")

    def once(self, arguments):
        out = os.path.join(self.folder, "out")
        read, write = os.pipe()
        self.sandbox.forget()
        with open(out, "wb") as stdout:
            subprocess.run([sys.executable, "-I", "-S", os.path.join(HERE, "measure.py"),
                            str(write), self.eventctl.program, *arguments], cwd=self.folder,
                           env=self.eventctl.environment, stdin=subprocess.DEVNULL, stdout=stdout,
                           pass_fds=[write], check=True)
        os.close(write)
        with os.fdopen(read) as pipe:
            run = json.load(pipe)
        with open(out, encoding="utf-8") as file:
            run["last_line"] = file.read().rstrip("\n").rpartition("\n")[2]
        run["log"] = self.sandbox.requests()
        return run

    def measure(self, *arguments, before=None):
        runs = []
        for _ in range(self.options.runs):
            if before:
                before()
            runs.append(self.once([*arguments, "--no-token-cache"]))
        return Measured(runs)

    def prepare(self, count):
        """Applies a manifest of so many objects for real; returns its path and the drifted state."""
        path = os.path.join(self.folder, f"{count}.yaml")
        with open(path, "w", encoding="utf-8") as file:
            file.write(manifest(count))
        self.sandbox.control("DELETE", "objects")
        self.sandbox.forget()
        done = self.eventctl.run("apply", "--yes", "--quiet", "-f", path)
        writes = sum(map(is_write, self.sandbox.requests()))
        self.expect(done.returncode == 0,
                    f"apply of {count} objects: exit {done.returncode}: {done.stderr.decode()}")
        self.expect(writes == count, f"apply of {count} objects: {writes} writes")
        state = drifted(self.sandbox.objects())
        self.sandbox.seed(state)
        return path, state

    # -- what is asserted -------------------------------------------------------

    def expect_reads(self, measured, what, count, times=1, writes=0):
        pages = times * sum(-(-half // PAGE_SIZE) for half in (count - count // 2, count // 2))
        for log in measured.logs:
            listings = sum(map(is_listing, log))
            self.expect(listings == pages, f"{what}: {listings} list calls for {pages} pages")
            written = sum(map(is_write, log))
            self.expect(written == writes, f"{what}: {written} writes for {writes} differences")
            others = len(log) - listings - written
            self.expect(others == 2, f"{what}: {others} calls beside; login and tokens/me are two")

    def expect_end(self, measured, what, code, line):
        self.expect(measured.exits == {code}, f"{what}: exit {measured.exits}, not {code}")
        self.expect(all(last.startswith(line) for last in measured.last_lines),
                    f"{what}: ended with {measured.last_lines}")


def calls_on_path(count):
    """Login, tokens/me, and the pages of the longer listing one after the other; the two kinds
    are listed side by side."""
    return 2 + -(-(count - count // 2) // PAGE_SIZE)


# -- the table ----------------------------------------------------------------------------------

def row_of(what, count, measured, bar_s):
    log = measured.logs[-1]
    lists, writes = sum(map(is_listing, log)), sum(map(is_write, log))
    wall = f"{measured.wall_s:.3f} s"
    bar = f"{bar_s:.3g} s ({measured.wall_s / bar_s:.2f} of it)" if bar_s else "-"
    requests = f"{len(log)}: {lists} list" + (f", {writes} write" if writes else "")
    return [what, f"{count:,}", wall, bar, f"{measured.cpu_s:.3f} s",
            f"{measured.peak_mib:.1f} MiB", requests]


def print_table(head, rows):
    widths = [max(len(row[column]) for row in [head, *rows]) for column in range(len(head))]
    for row in [head, ["-" * width for width in widths], *rows]:
        print("| " + " | ".join(cell.ljust(width) for cell, width in zip(row, widths)) + " |")


def run(bench, counts):
    """All measurements; returns the rows of the table."""
    rows = []
    for count in counts:
        path, state = bench.prepare(count)
        differences = sum(1 for kind in state.values() for entity in kind if not entity["enabled"])
        update = f"Plan: 0 to create, {differences} to update, 0 to replace, 0 to delete"
        for command in (["plan", "--detailed-exitcode"], ["check"]):
            what = f"eventctl {command[0]}"
            measured = bench.measure(*command, path)
            bench.expect_reads(measured, what, count)
            bench.expect_end(measured, what, 2, update if command[0] == "plan" else "")
            bench.expect(measured.peak_mib < MEMORY_BAR_MIB,
                         f"{what}: {measured.peak_mib:.1f} MiB at {count} objects")
            rows.append(row_of(what, count, measured, WALL_BARS_S.get(count)))
        if count != 1000:
            continue
        calls = calls_on_path(count)
        for command in (["plan", "--detailed-exitcode"], ["check"]):
            what = f"eventctl {command[0]}, {LATENCY_MS} ms latency, {calls} calls in a row"
            bench.sandbox.faults([{"fault": "latency", "ms": LATENCY_MS}])
            measured = bench.measure(*command, path)
            bench.sandbox.faults([])
            bench.expect_reads(measured, what, count)
            rows.append(row_of(what, count, measured, 1.5 * calls * LATENCY_MS / 1000))
        what = f"eventctl apply, {differences} differ"
        measured = bench.measure("apply", "--yes", "-f", path,
                                 before=lambda now=state: bench.sandbox.seed(now))
        bench.expect_reads(measured, what, count, times=2, writes=differences)
        bench.expect_end(measured, what, 0,
                         f"Applied: 0 created, {differences} updated, 0 replaced, 0 deleted; 0 failed")
        rows.append(row_of(what, count, measured, None))
    return rows


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--quick", action="store_true")
    parser.add_argument("--eventctl", default="build/eventctl")
    parser.add_argument("--sandbox", default="build/genesys-sandbox")
    parser.add_argument("--runs", type=int, default=0, help="of each command (5; 1 when quick)")
    options = parser.parse_args()
    options.eventctl = os.path.abspath(options.eventctl)
    options.sandbox = os.path.abspath(options.sandbox)
    options.runs = options.runs or (1 if options.quick else 5)
    with tempfile.TemporaryDirectory() as folder:
        bench = Bench(options, folder)
        rows = run(bench, [100, 1000] if options.quick else [100, 1000, 10000])
        bench.sandbox.stop()
    if not options.quick:
        print_table(["command", "objects", "wall", "bar", "own CPU", "peak memory", "requests"],
                    rows)
        print(f"\nMedian of {options.runs} runs on {os.cpu_count()} cores, 10 % of the objects "
              "differing, login included.\nPeers' published figures:\n")
        print_table(["peer", "objects", "wall", "peak memory", "requests"],
                    [list(peer) for peer in PEERS])
        print()
    print(f"{bench.passed} passed, {bench.failed} failed")
    return 1 if bench.failed or not bench.passed else 0


if __name__ == "__main__":
    sys.exit(main())
