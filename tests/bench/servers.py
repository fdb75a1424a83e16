"""The servers that tests/bench/ingest.py measures: each is started in a folder of its own, says
where it listens and which process it is, and what it has stored is counted afterwards from its
files, by nothing that belongs to it."""
import os
import sqlite3
import subprocess
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(os.path.dirname(HERE), "ingest"))
from harness import LIMIT_S, SECRET, Ingestd, Sink, die_with_parent, wait_for  # noqa: E402

API_KEY = b"an-api-key-of-the-benchmark-0123"
TICKS = os.sysconf("SC_CLK_TCK")


def cpu_s(pid):
    """User and system time that a process has used."""
    with open(f"/proc/{pid}/stat", encoding="utf-8") as stat:
        fields = stat.read().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / TICKS


def count_rows(path, sql):
    # Not read-only: a log that a killed server left is read by way of its index, which is made.
    store = sqlite3.connect(path)
    try:
        return store.execute(sql).fetchone()
    finally:
        store.close()


class Peer:
    """One of tests/bench/peers, run by Node."""

    def __init__(self, home, script, *arguments, secret=False):
        self.home, self.script, self.arguments, self.secret = home, script, arguments, secret

    def start(self, folder):
        self.folder = folder
        given = [*self.arguments, folder]
        if self.secret:
            given.append(os.path.join(folder, "secret"))
            with open(given[-1], "wb") as out:
                out.write(SECRET)
        self.process = subprocess.Popen(
            ["node", os.path.join(HERE, "peers", self.script), *given],
            env={**os.environ, "PEERS": self.home, "NODE_ENV": "production"},
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, preexec_fn=die_with_parent)
        line = self.process.stdout.readline().decode().strip()
        if not line.startswith("listening "):
            raise AssertionError(f"{self.script} said {line!r}")
        self.address, self.pid = line.removeprefix("listening "), self.process.pid

    def look(self):
        return {}

    def stop(self):
        self.process.stdin.close()
        self.process.wait(LIMIT_S)
        self.process.stdout.close()

    def stored(self):
        """Requests that are in its files."""
        lines = os.path.join(self.folder, "events.ndjson")
        if os.path.exists(lines):
            with open(lines, "rb") as file:
                return sum(1 for _ in file)
        return count_rows(os.path.join(self.folder, "events.db"), "SELECT count(*) FROM events")[0]


class Served:
    """ingestd, with a source for each scheme. `deliver`: to a file, as in production; else the
    subscription is paused, or, when `hangs`, the sink takes deliveries and never answers."""

    def __init__(self, program, keys, deliver=True, hangs=False):
        self.program, self.keys, self.deliver, self.hangs = program, keys, deliver, hangs
        self.sink = None

    def start(self, folder):
        self.sink = Sink(lambda _: self.sink.hang()) if self.hangs else None
        self.ingestd = Ingestd(self.program, folder, sink=self.sink, change=self.change)
        self.ingestd.write("api.key", API_KEY)
        self.ingestd.start()
        self.address, self.pid = self.ingestd.address, self.ingestd.process.pid

    def change(self, config):
        del config["queue"]  # as in production
        sources = config["sources"]
        sources["key"] = {"path": "/key", "scheme": "api-key",
                          "keys": {"k1": os.path.join(os.path.dirname(self.keys["p256"].public),
                                                      "api.key")}}
        for kind, key in self.keys.items():
            sources[kind] = {"path": "/" + kind, "scheme": "genesys-signature",
                             "tolerance": "12h", "keys": {key.name: key.public}}
        if self.hangs:
            config["sinks"]["crm"]["timeout"] = "10m"
        else:
            config["sinks"]["crm"]["sync"] = True
        if not self.deliver:
            config["subscriptions"] = {"sub-1": {"paused": True}}

    def look(self):
        """What it says of itself, once all that it took is stored."""
        status = wait_for("all to be stored", self.quiet)
        metrics = self.ingestd.metrics()
        lane = next(s for s in status["subscriptions"] if s["id"] == "sub-1")
        commits = metrics["ingestd_commit_seconds_count"]
        return {"accepted": status["queue"]["accepted_events"],
                "settled": lane["delivered"] + lane["duplicates"],
                "depth": status["delivery"]["depth"],
                "commit_ms": metrics["ingestd_commit_seconds_sum"] / commits * 1000,
                "commit_requests": metrics["ingestd_commit_requests_sum"] / commits}

    def quiet(self):
        status = self.ingestd.status()
        return status if not status["connections"] and not status["queue"]["pending_bytes"] else None

    def stop(self):
        """By SIGKILL: what it acknowledged must be there all the same."""
        self.ingestd.kill()
        if self.sink:
            self.sink.close()

    def count(self, sql):
        return count_rows(os.path.join(self.ingestd.data, "queue.db"), sql)

    def stored(self):
        return self.count("SELECT count(*) FROM arrivals")[0]
