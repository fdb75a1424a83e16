#!/usr/bin/env python3
"""A store that goes wrong: no 202 for what was not stored, and well again without a hand.

  faults.py [--ingestd FILE] [--shim FILE] [--only TEXT]

The disk and the clock fail by a preloaded shim (shim.c) that is told through a file what to do.
"""
import contextlib
import os
import sqlite3
import struct
import subprocess
import sys
import threading

from harness import OPTIONS, Ingestd, Key, event, main, wait_for

WRITE, SYNC, TRUNCATE, READ = range(4)
ENOSPC, EIO, EROFS = 28, 5, 30
FAULT, FAULTS = struct.Struct("7i"), 4
TAIL = struct.Struct("qq")
DAY_S = 86400


class Shim:
    """The other end of shim.c's control file."""

    def __init__(self, folder):
        self.path = os.path.join(folder, "control")
        with open(self.path, "wb") as out:
            out.write(b"\0" * FAULT.size * FAULTS + TAIL.pack(0, -1))

    def environment(self, files):
        return {"LD_PRELOAD": preload(OPTIONS.shim), "SHIM_CONTROL": self.path,
                "SHIM_FILES": files}

    def put(self, offset, data):
        with open(self.path, "r+b") as control:
            control.seek(offset)
            control.write(data)

    def fail(self, op, error=0, skip=0, times=-1, partial=0, delay_ms=0):
        self.put(op * FAULT.size, FAULT.pack(error, skip, times, partial, delay_ms, 0, 0))

    def failed(self, op):
        with open(self.path, "rb") as control:
            control.seek(op * FAULT.size)
            return FAULT.unpack(control.read(FAULT.size))[6]

    def heal(self):
        for op in range(FAULTS):
            self.fail(op, times=0)

    def clock(self, offset_s):
        self.put(FAULT.size * FAULTS, struct.pack("q", offset_s))

    def free(self, size):
        self.put(FAULT.size * FAULTS + 8, struct.pack("q", size))


def preload(shim):
    """The shim, behind AddressSanitizer's runtime where the program needs that first."""
    libraries = subprocess.run(["ldd", OPTIONS.ingestd], capture_output=True, text=True).stdout
    asan = [line.split("=>")[1].split()[0] for line in libraries.splitlines()
            if "libasan" in line or "libtsan" in line]
    return " ".join([*asan, os.path.abspath(shim)])


class Place:
    def __init__(self, folder):
        self.folder, self.shim = folder, Shim(folder)
        self.stack = contextlib.ExitStack()
        self.ingestd = None

    def start(self, change=None, files="/data/queue.db", sink=None):
        def short_hold(config):
            config["limits"] = {"hold": "300ms"}
            if change:
                change(config)
        self.ingestd = Ingestd(OPTIONS.ingestd, self.folder, sink=sink, change=short_hold,
                               env=self.shim.environment(files))
        return self.stack.enter_context(self.ingestd)

    def post(self, number):
        """The status that an event of that number gets, with its headers."""
        return self.ingestd.post(event(number))

    def ready(self):
        return self.ingestd.admin("GET", "/readyz", token=None)

    def stored(self):
        """Sequence numbers in the queue's file, read by SQLite's own reader."""
        file = sqlite3.connect(f"file:{self.ingestd.data}/queue.db?mode=ro", uri=True)
        bodies = [row[0] for row in file.execute("SELECT body FROM arrivals")]
        file.close()
        return [int(bytes(body).split(b'"sequenceNumber": ')[1].split(b",")[0]) for body in bodies]

    def recovers(self, trouble, numbers):
        """503 while it lasts, red, counted; 202 by itself once it is over. `numbers` are fresh."""
        first, second, third = numbers
        status, headers = self.post(first)
        assert status == 503 and headers["Retry-After"], (status, dict(headers))
        code, why = self.ready()
        assert code == 503 and why.strip(), (code, why)
        counted = self.ingestd.metrics()
        assert counted.get(f'ingestd_store_failures_total{{trouble="{trouble}"}}', 0) >= 1, \
            [name for name in counted if "store_failures" in name]
        self.shim.heal()
        self.shim.free(-1)
        # A request that comes while it is ill is tried again within its hold: no sender must retry.
        wait_for("a 202", lambda: self.post(second)[0] == 202)
        wait_for("readiness", lambda: self.ready()[0] == 200)
        assert self.post(third)[0] == 202
        self.ingestd.settled()
        assert first not in self.stored() or first in [
            line["event"]["sequenceNumber"] for line in self.ingestd.delivered()]
        for number in (second, third):
            assert number in self.stored(), f"{number} was acknowledged and is not stored"


def sync_fails(place):
    place.start()
    assert place.post(1)[0] == 202
    place.shim.fail(SYNC, EIO)
    place.recovers("io", (2, 3, 4))


def one_sync_fails(place):
    """A single failed sync: what was in that commit is stored by the next, or not acknowledged."""
    place.start(lambda c: c["limits"].update(hold="5s"))
    for number in range(20):
        if number % 3 == 0:
            place.shim.fail(SYNC, EIO, times=1)
        status, _ = place.post(number)
        assert status in (202, 503), status
        if status == 202:
            assert number in place.stored(), f"{number} is not stored"
    place.shim.heal()
    assert place.post(99)[0] == 202


def write_fails(place):
    place.start()
    assert place.post(1)[0] == 202
    place.shim.fail(WRITE, EIO)
    place.recovers("io", (2, 3, 4))


def disk_full(place):
    place.start()
    assert place.post(1)[0] == 202
    place.shim.fail(WRITE, ENOSPC)
    place.recovers("full", (2, 3, 4))


def short_writes(place):
    """Half of each write is done and said so: SQLite goes on, or the request is not acknowledged."""
    place.start()
    place.shim.fail(WRITE, partial=1, times=40)
    for number in range(10):
        status, _ = place.post(number)
        assert status in (202, 503), status
        if status == 202:
            assert number in place.stored(), number
    place.shim.heal()
    wait_for("a 202", lambda: place.post(50)[0] == 202)


def slow_sync(place):
    """Slow is not broken: 202s come late, together, and are true."""
    place.start(lambda c: c["limits"].update(hold="8s"))
    place.shim.fail(SYNC, delay_ms=150)
    seen = []
    threads = [threading.Thread(target=lambda n=n: seen.append((n, place.post(n)[0])))
               for n in range(20)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(seen) == [(n, 202) for n in range(20)], seen
    place.shim.heal()
    assert sorted(place.stored()) == [*range(20)]


def reserve_reached(place):
    place.start(lambda c: c["queue"].update(reserve="64MiB"))
    assert place.post(1)[0] == 202
    place.shim.free(10 << 20)
    wait_for("red", lambda: place.ready()[0] == 503)
    wait_for("a 503", lambda: place.post(1000)[0] == 503)
    place.recovers("full", (2, 3, 4))


def held_back(place):
    """A 503 comes late, so that a sender's few retries reach further."""
    place.start(lambda c: c["limits"].update(hold="1200ms"))
    place.shim.fail(SYNC, EIO)
    import time
    begun = time.monotonic()
    assert place.post(1)[0] == 503
    assert time.monotonic() - begun >= 1.1
    place.shim.heal()
    wait_for("a 202", lambda: place.post(2)[0] == 202)


def read_only(place):
    place.start()
    assert place.post(1)[0] == 202
    place.shim.fail(WRITE, EROFS)
    status, _ = place.post(2)
    assert status == 503, status
    place.shim.heal()
    wait_for("a 202", lambda: place.post(3)[0] == 202)


def locked_by_another(place):
    place.start()
    assert place.post(1)[0] == 202
    other = sqlite3.connect(place.ingestd.data + "/queue.db", isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    status, headers = place.post(2)
    assert status == 503 and headers["Retry-After"], status
    assert place.ready()[0] == 503
    other.execute("ROLLBACK")
    other.close()
    wait_for("a 202", lambda: place.post(3)[0] == 202)
    wait_for("readiness", lambda: place.ready()[0] == 200)


def second_ingestd(place):
    place.start()
    second = subprocess.run([OPTIONS.ingestd, "--config", place.ingestd.path("ingestd.yaml")],
                            capture_output=True, text=True, timeout=60)
    assert second.returncode == 1 and "another ingestd" in second.stderr, second
    assert place.post(1)[0] == 202


def one_page_corrupt(place):
    """What can be read is delivered, what cannot is counted, new events are taken."""
    ingestd = place.start(lambda c: c.update(subscriptions={"sub-1": {"sink": "crm",
                                                                      "paused": True}}))
    for number in range(200):
        assert ingestd.post(event(number, pad="x" * 400))[0] == 202
    ingestd.stop()
    path = ingestd.data + "/queue.db"
    with sqlite3.connect(path) as file:
        page_bytes = file.execute("PRAGMA page_size").fetchone()[0]
        file.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    pages = os.path.getsize(path) // page_bytes
    with open(path, "r+b") as file:
        file.seek((pages // 2) * page_bytes)
        file.write(b"\xa5" * page_bytes)
    ingestd.config["subscriptions"]["sub-1"]["paused"] = False
    ingestd.write_config()
    ingestd.start()
    ingestd.admin("POST", "/v1/subscriptions/sub-1/resume", {"reason": "test"})
    status = wait_for("an answer", lambda: place.post(1000)[0])
    if status == 202:
        wait_for("the new one", lambda: 1000 in [l["event"]["sequenceNumber"]
                                                 for l in ingestd.delivered()])
    else:
        assert status == 503 and place.ready()[0] == 503
    delivered = {line["event"]["sequenceNumber"] for line in ingestd.delivered()}
    assert len(delivered) >= 150, f"only {len(delivered)} of 200 were read"
    assert ingestd.metrics().get("ingestd_unreadable_requests_total", 0) >= 1 or \
        len(delivered) >= 200


def no_database(place):
    """A queue that is none is named at the start, not overwritten."""
    ingestd = Ingestd(OPTIONS.ingestd, place.folder)
    os.makedirs(ingestd.data, mode=0o700)
    with open(ingestd.data + "/queue.db", "wb") as out:
        out.write(b"this is somebody's diary" * 1000)
    ended = subprocess.run([OPTIONS.ingestd, "--config", ingestd.path("ingestd.yaml")],
                           capture_output=True, text=True, timeout=60)
    assert ended.returncode in (1, 3) and "queue.db" in ended.stderr, ended
    with open(ingestd.data + "/queue.db", "rb") as kept:
        assert kept.read(24) == b"this is somebody's diary"


def ledger_full(place):
    """The ledger cannot be written: 202s go on, what was delivered is delivered, and nothing is lost
    or twice when it is well again."""
    ingestd = place.start(files="/data/ledger.db")
    place.shim.fail(WRITE, ENOSPC)
    for number in range(50):
        assert place.post(number)[0] == 202
    wait_for("deliveries", lambda: len(ingestd.delivered()) >= 50)
    place.shim.heal()
    wait_for("an empty backlog", lambda: ingestd.status()["queue"]["ledger_backlog"] == 0)
    ingestd.settled()
    ingestd.stop()
    ingestd.start()
    ingestd.settled()
    numbers = sorted(line["event"]["sequenceNumber"] for line in ingestd.delivered())
    assert numbers == [*range(50)], numbers


def sink_disk_full(place):
    """The NDJSON sink's disk is full: no half line, no loss; retried when there is room."""
    ingestd = place.start(files="events.ndjson", change=lambda c: c["sinks"]["crm"].update(
        retries=["50ms"] * 8, breaker={"failures": 3, "open": "50ms"}))
    place.shim.fail(WRITE, ENOSPC, partial=0)
    for number in range(30):
        assert place.post(number)[0] == 202
    wait_for("failures", lambda: ingestd.status()["sinks"][0]["failures"] >= 2)
    place.shim.heal()
    wait_for("the end", lambda: ingestd.status()["delivery"]["depth"] == 0)
    numbers = [line["event"]["sequenceNumber"] for line in ingestd.delivered()]
    dead = ingestd.status()["dead_letters"]["count"]
    assert len(numbers) == len(set(numbers)) and len(numbers) + dead == 30, (len(numbers), dead)


def clock_off_by_a_day(place):
    """The machine's clock is wrong by a day, either way, and then set right: senders are told so, and
    nothing is lost or delivered twice."""
    ingestd = place.start()
    key = Key(place.folder, "p256")
    for number, offset in enumerate((0, DAY_S, 0, -DAY_S, 0)):
        place.shim.clock(offset)
        assert place.post(number)[0] == 202
        assert place.post(number)[0] == 202  # the same again
    ingestd.settled()
    ingestd.stop()
    place.shim.clock(-DAY_S)
    ingestd.start()
    for number in range(5):
        assert place.post(number)[0] == 202
    ingestd.settled()
    numbers = sorted(line["event"]["sequenceNumber"] for line in ingestd.delivered())
    assert numbers == [*range(5)], numbers
    assert key.public


CASES = [sync_fails, one_sync_fails, write_fails, disk_full, short_writes, slow_sync,
         reserve_reached, held_back, read_only, locked_by_another, second_ingestd,
         one_page_corrupt, no_database, ledger_full, sink_disk_full, clock_off_by_a_day]


if __name__ == "__main__":
    sys.exit(main(CASES, Place, shim="build/shim.so"))
