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
import time

from harness import OPTIONS, Ingestd, Key, Sink, encode, event, main, wait_for

WRITE, SYNC, TRUNCATE, READ, OPEN = range(5)
ENOSPC, EIO, EROFS = 28, 5, 30
FAULT, FAULTS = struct.Struct("7i"), 5
HEAD = struct.Struct("qq")
DAY_S = 86400


class Shim:
    """The other end of shim.c's control file."""

    def __init__(self, folder):
        self.path = os.path.join(folder, "control")
        with open(self.path, "wb") as out:
            out.write(HEAD.pack(0, -1) + b"\0" * FAULT.size * FAULTS)

    def environment(self, files):
        return {"LD_PRELOAD": preload(OPTIONS.shim), "SHIM_CONTROL": self.path,
                "SHIM_FILES": files}

    def put(self, offset, data):
        with open(self.path, "r+b") as control:
            control.seek(offset)
            control.write(data)

    def fail(self, op, error=0, skip=0, times=-1, partial=0, delay_ms=0):
        self.put(HEAD.size + op * FAULT.size,
                 FAULT.pack(error, skip, times, partial, delay_ms, 0, 0))

    def failed(self, op):
        with open(self.path, "rb") as control:
            control.seek(HEAD.size + op * FAULT.size)
            return FAULT.unpack(control.read(FAULT.size))[6]

    def heal(self):
        for op in range(FAULTS):
            self.fail(op, times=0)

    def clock(self, offset_s):
        self.put(0, struct.pack("q", offset_s))

    def free(self, size):
        self.put(8, struct.pack("q", size))


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


PAUSED = {"subscriptions": {"sub-1": {"sink": "crm", "paused": True}}}


def numbers(place):
    return [line["event"]["sequenceNumber"] for line in place.ingestd.delivered()]


def resume(place):
    code, _ = place.ingestd.admin("POST", "/v1/subscriptions/sub-1/resume", {"reason": "test"})
    assert code == 200, code


def letters(place):
    code, page = place.ingestd.admin("GET", "/v1/dlq?limit=1000")
    assert code == 200, code
    return page["dead_letters"]


def pages_of(path):
    """The size of a database's pages and their number; its log is copied into it."""
    with sqlite3.connect(path) as file:
        page_bytes = file.execute("PRAGMA page_size").fetchone()[0]
        file.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    file.close()
    return page_bytes, os.path.getsize(path) // page_bytes


def change_page(path, page, page_bytes, data):
    """Replaces a page, counted from 1, and returns what it was."""
    with open(path, "r+b") as file:
        file.seek((page - 1) * page_bytes)
        was = file.read(page_bytes)
        file.seek((page - 1) * page_bytes)
        file.write(data)
    return was


def one_page_corrupt(place):
    """What can be read is delivered; each request that cannot is a dead letter and counted; and when
    the page is well again, a replay delivers these, too."""
    ingestd = place.start(lambda c: c.update(PAUSED))
    for number in range(200):
        assert ingestd.post(event(number, pad="x" * 400))[0] == 202
    ingestd.stop()
    path = ingestd.data + "/queue.db"
    page_bytes, pages = pages_of(path)
    was = change_page(path, pages // 2, page_bytes, b"\xa5" * page_bytes)
    ingestd.start()
    assert place.post(1000)[0] == 202
    resume(place)
    ingestd.settled()
    unreadable = ingestd.metrics()["ingestd_unreadable_requests_total"]
    assert 1 <= unreadable <= 40, unreadable
    delivered = numbers(place)
    assert len(set(delivered)) == len(delivered) == 201 - unreadable, (len(delivered), unreadable)
    assert 1000 in delivered
    dead = letters(place)
    assert len(dead) == unreadable and {l["reason"] for l in dead} == {"unreadable"}, dead
    code, one = ingestd.admin("GET", f"/v1/dlq/{dead[0]['id']}")
    assert code == 200 and one["part"] == -1 and one["position"] > 0, one
    replay = {"all": True, "reason": "test"}
    assert ingestd.admin("POST", "/v1/dlq/replay", replay)[0] == 200
    wait_for("them to come back", lambda: len([l for l in letters(place) if l["replays"] == 1])
             == unreadable)
    ingestd.stop()
    change_page(path, pages // 2, page_bytes, was)
    ingestd.start()
    assert ingestd.admin("POST", "/v1/dlq/replay", replay)[0] == 200
    wait_for("no dead letter", lambda: not letters(place))
    ingestd.settled()
    assert sorted(numbers(place)) == [*range(200), 1000], sorted(numbers(place))


def unread_for_a_moment(place):
    """The queue's disk cannot be read for a while: all that was acknowledged is delivered after."""
    ingestd = place.start(lambda c: c.update(PAUSED))
    for number in range(300):
        assert place.post(number)[0] == 202
    ingestd.stop()
    ingestd.start()
    place.shim.fail(READ, EIO)
    resume(place)
    wait_for("failures", lambda: "queue-read-failed" in ingestd.log())
    wait_for("more of them", lambda: place.shim.failed(READ) > 10)
    place.shim.heal()
    ingestd.settled()
    assert sorted(numbers(place)) == [*range(300)] and not letters(place)
    assert not ingestd.metrics().get("ingestd_unreadable_requests_total")


def unread_at_the_start(place):
    """The disk is ill for a moment in the midst of a start: the start waits, or fails and says so; the
    next one has all events."""
    ingestd = place.start(lambda c: c.update(PAUSED))
    for number in range(300):
        assert place.post(number)[0] == 202
    ingestd.stop()
    for skip in range(0, 60, 7):
        place.shim.fail(READ, EIO, skip=skip, times=3)
        try:
            ingestd.start()
        except AssertionError as ended:
            assert "queue.db" in str(ended) and ingestd.process.returncode == 1, ended
            place.shim.heal()
            ingestd.start()
        place.shim.heal()
        assert ingestd.status()["delivery"]["depth"] == 300, (skip, ingestd.status()["delivery"])
        ingestd.stop()
    ingestd.start()
    resume(place)
    ingestd.settled()
    assert sorted(numbers(place)) == [*range(300)]


def unread_parked(place):
    """The same while events wait for a retry: their bodies are only in the queue."""
    works = threading.Event()
    sink = place.stack.enter_context(contextlib.closing(
        Sink(lambda delivery: 200 if works.is_set() else 500)))
    ingestd = place.start(sink=sink, change=lambda c: c["sinks"]["crm"].update(
        retries=["500ms"] * 8, breaker={"failures": 100000}))
    for number in range(40):  # more than SQLite keeps in memory
        assert ingestd.post(event(number, pad="x" * 100_000))[0] == 202
    wait_for("parked ones", lambda: ingestd.status()["delivery"]["parked"] >= 40)
    ingestd.stop()
    ingestd.start()
    wait_for("parked ones", lambda: ingestd.status()["delivery"]["parked"] >= 40)
    place.shim.fail(READ, EIO)
    wait_for("failures", lambda: place.shim.failed(READ) > 20)
    works.set()
    place.shim.heal()
    ingestd.settled()
    assert sorted(sink.numbers()) == [*range(40)] and not letters(place), letters(place)


def read_only_folder(place):
    """Nothing can be written from the start on: it says which file, and takes nothing."""
    place.shim.fail(OPEN, EROFS)
    try:
        place.start(files="/data/")
    except AssertionError as ended:
        assert "/data/" in str(ended) and "Read-only" in str(ended), ended
        assert place.ingestd.process.returncode == 1
        place.ingestd.process = None
    else:
        raise AssertionError("it started")
    place.shim.heal()
    with Ingestd(OPTIONS.ingestd, place.folder) as well:
        assert well.post(event(1))[0] == 202


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


def ledger_fails(place, op):
    """The same when it cannot be synced, or read: the disk is ill and gets well again."""
    ingestd = place.start(files="/data/ledger.db")
    place.shim.fail(op, EIO)
    for number in range(50):
        assert place.post(number)[0] == 202
    wait_for("deliveries", lambda: len(ingestd.delivered()) >= 50)
    code, _ = ingestd.admin("POST", "/v1/subscriptions/sub-1/pause", {"reason": "test"})
    assert code in (200, 500, 503), code
    place.shim.heal()
    wait_for("an empty backlog", lambda: ingestd.status()["queue"]["ledger_backlog"] == 0)
    resume(place)
    ingestd.settled()
    ingestd.stop()
    ingestd.start()
    ingestd.settled()
    assert sorted(numbers(place)) == [*range(50)]


def ledger_write_fails(place):
    ledger_fails(place, WRITE)


def ledger_sync_fails(place):
    ledger_fails(place, SYNC)


def ledger_read_fails(place):
    ledger_fails(place, READ)


def ledger_unread_at_the_start(place):
    """A ledger whose disk is ill is left as it is: the start fails and says which file, again and
    again; when the disk is well, nothing has been forgotten."""
    ingestd = place.start(files="/data/ledger.db")
    for number in range(50):
        assert place.post(number)[0] == 202
    ingestd.settled()
    ingestd.stop()
    for skip in range(0, 12, 2):
        place.shim.fail(READ, EIO, skip=skip)
        try:
            ingestd.start()
        except AssertionError as ended:
            assert "ledger.db" in str(ended) and ingestd.process.returncode == 1, ended
        else:
            ingestd.kill()
        assert os.listdir(ingestd.data).count("ledger.db") == 1
        assert not [name for name in os.listdir(ingestd.data) if "broken" in name]
    place.shim.heal()
    ingestd.start()
    ingestd.settled()
    assert sorted(numbers(place)) == [*range(50)]


def ledger_page_corrupt(place):
    """Whichever page of the ledger is broken: ingestd starts, takes events and delivers each at least
    once; dead letters are still there, or again; the broken file is kept as it was."""
    sink = place.stack.enter_context(contextlib.closing(
        Sink(lambda d: 400 if d["event"]["sequenceNumber"] < 20 else 200)))
    ingestd = place.start(sink=sink, files="/none/",
                          change=lambda c: c["sinks"]["crm"].update(retries=["1ms"]))
    for number in range(60):
        assert place.post(number)[0] == 202
    ingestd.settled()
    ingestd.stop()
    path = ingestd.data + "/ledger.db"
    page_bytes, pages = pages_of(path)
    with open(path, "rb") as file:
        good = file.read()
    ingestd.start()
    for page in range(1, pages + 1):
        ingestd.stop()
        for name in os.listdir(ingestd.data):
            if name.startswith("ledger.db"):
                os.unlink(os.path.join(ingestd.data, name))
        with open(path, "wb") as file:
            file.write(good)
        change_page(path, page, page_bytes, b"\xa5" * page_bytes)
        with open(path, "rb") as file:
            bad = file.read()
        ingestd.start()
        assert place.post(1000 + page)[0] == 202, page
        wait_for("all", lambda p=page: set(sink.numbers()) >= {*range(20, 60), 1000 + p})
        ingestd.settled()
        dead = ingestd.status()["dead_letters"]["count"]
        assert dead == 20, (page, dead)
        aside = [name for name in os.listdir(ingestd.data)
                 if name.startswith("ledger.db.broken-") and name[-1] == "Z"]
        assert len(aside) == 1, (page, os.listdir(ingestd.data))
        with open(os.path.join(ingestd.data, aside[0]), "rb") as file:
            assert file.read() == bad, page
        assert "ledger-set-aside" in ingestd.log()


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


def dead_letters_expire(place):
    """Past their retention they go, and do not come again from the queue; those to be replayed and
    younger ones stay."""
    sink = Sink(lambda delivery: 422)
    place.stack.callback(sink.close)

    def change(config):
        config["dead_letters"] = {"retention": "24h"}
        config["sinks"]["crm"].update(retries=[])
        config["subscriptions"] = {"sub-2": {"sink": "crm"}}
    ingestd = place.start(change, sink=sink)

    def left():
        return [letter["interaction"] for letter in ingestd.admin("GET", "/v1/dlq")[1]["dead_letters"]]
    ingestd.send(event(1), event(2, subscription="sub-2"))
    ingestd.settled()
    place.shim.clock(DAY_S // 2)
    ingestd.send(event(3))
    ingestd.settled()
    ingestd.admin("POST", "/v1/subscriptions/sub-2/pause", {"reason": "x"})
    ingestd.admin("POST", "/v1/dlq/replay", {"reason": "x", "filter": {"subscription": "sub-2"}})
    ingestd.stop()
    ingestd.start()
    assert left() == ["int-1", "int-2", "int-3"], left()
    ingestd.stop()
    place.shim.clock(DAY_S + DAY_S // 4)
    ingestd.start()  # it looks at the start, and then each minute
    wait_for("one to go", lambda: left() == ["int-2", "int-3"])
    ingestd.stop()
    ingestd.start()
    ingestd.settled()
    assert left() == ["int-2", "int-3"], left()


def clock_off_by_a_day(place):
    """The machine's clock is wrong by a day, either way, and then set right: senders are told so, and
    nothing is lost or delivered twice."""
    key = Key(place.folder, "p256")
    ingestd = place.start(lambda c: c["sources"].update(genesys={
        "path": "/events", "scheme": "genesys-signature", "keys": {"p256": key.public}}))

    def signed(number, at_s):
        body = encode(event(number))
        return ingestd.post(body, key.sign(body, at_s), "/events")[0]

    def failed(reason):
        return ingestd.metrics().get("ingestd_signature_failures_total"
                                     f'{{source="genesys",reason="{reason}"}}', 0)
    for number, (offset, reason) in enumerate(((0, ""), (DAY_S, "expired"), (0, ""),
                                               (-DAY_S, "future"), (0, ""))):
        place.shim.clock(offset)
        assert place.post(number)[0] == 202
        assert place.post(number)[0] == 202  # the same again
        now_s = time.time()
        assert signed(5 + number, now_s) == (401 if reason else 202), offset
        assert not reason or failed(reason) == 1, ingestd.metrics()
        if reason:  # what it takes for now is good
            assert signed(5 + number, now_s + offset) == 202, offset
        assert signed(5 + number, now_s + offset) == 202, offset  # the same again
    ingestd.settled()
    ingestd.stop()
    place.shim.clock(-DAY_S)
    ingestd.start()
    for number in range(10):
        assert place.post(number)[0] == 202
    ingestd.settled()
    numbers = sorted(line["event"]["sequenceNumber"] for line in ingestd.delivered())
    assert numbers == [*range(10)], numbers


CASES = [sync_fails, one_sync_fails, write_fails, disk_full, short_writes, slow_sync,
         reserve_reached, held_back, read_only, locked_by_another, second_ingestd,
         one_page_corrupt, unread_for_a_moment, unread_at_the_start, unread_parked,
         read_only_folder, no_database, ledger_full, ledger_write_fails, ledger_sync_fails,
         ledger_read_fails, ledger_unread_at_the_start, ledger_page_corrupt, sink_disk_full,
         dead_letters_expire, clock_off_by_a_day]


if __name__ == "__main__":
    sys.exit(main(CASES, Place, shim="build/shim.so"))
