#!/usr/bin/env python3
"""`eventctl top` without a screen: --once, --json, --count, pipes, recordings.

  text.py [--eventctl build/eventctl] [--ingestd build/ingestd] [--only WORD]

Endpoints are tiny servers of this file (down, slow, flapping, garbage, huge …) and an ingestd.
"""
import contextlib
import http.server
import json
import os
import pty
import signal
import stat
import subprocess
import sys
import threading

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "ingest"))
import harness  # noqa: E402
from harness import LIMIT_S, TOKEN, Ingestd  # noqa: E402

START_MS = 1_600_000_000_000  # of the servers' clock: years before ours
ESCAPE = "\x1b"
HANG, HANG_UP = "hang", "hang up"


# -- what endpoints say ----------------------------------------------------------------------------

def subscription(number=1, turn=0, **more):
    count = 10 * turn
    return {"id": f"sub-{number}", "name": f"voice-{number}", "sink": "crm", "known": True,
            "paused": False, "depth": 0, "parked": 0, "oldest_ms": None, "accepted": count,
            "delivered": count, "replayed": 0, "duplicates": 0, "filtered": 0, "retried": 0,
            "dead_lettered": 0, "quarantined": 0, "p50_s": 0.01, "p95_s": 0.02, "p99_s": 0.03,
            "last_error": "", "last_error_ms": None, "last_delivered_ms": START_MS, **more}


def status(turn, subscriptions=None, **more):
    """The turn-th status: its clock goes on by a second, its counters by ten."""
    rows = [subscription(turn=turn)] if subscriptions is None else subscriptions
    return {"status_version": 1, "version": "0.1.0", "instance": "one", "started_ms": START_MS,
            "now_ms": START_MS + 1000 * turn, "ready": True, "not_ready": "", "connections": 0,
            "queue": {"trouble": "fine", "first_position": 1, "last_position": 1, "bytes": 1,
                      "wal_bytes": 0, "free_bytes": 1 << 30, "reserve_bytes": 1 << 20,
                      "pending_bytes": 0, "ledger_bytes": 1, "ledger_backlog": 0,
                      "received_requests": turn, "accepted_events": 10 * turn,
                      "store_failures": 0, "signature_failures": 0, "replies_202": turn,
                      "replies_503": 0},
            "delivery": {"depth": sum(r["depth"] for r in rows), "parked": 0, "oldest_ms": None,
                         "workers": 1, "workers_busy": 0, "workers_wanted": 1, "workers_least": 1,
                         "workers_most": 4, "dedupe_keys": 0, "dedupe_dropped": 0},
            "dead_letters": {"count": 0, "bytes": 0, "quota_bytes": 1 << 20, "reasons": []},
            "sinks": [], "subscriptions": rows, **more}


def says_status(path, turn):
    return (200, json.dumps(status(turn)).encode()) if path == "/v1/status" else (404, b"")


METRICS = """# TYPE ingestd_build_info gauge
ingestd_build_info{version="0.1.0",instance="one"} 1
# TYPE ingestd_accepted_events counter
ingestd_accepted_events_total{subscription="sub-1"} %d
# TYPE ingestd_queue_depth gauge
ingestd_queue_depth{subscription="sub-1"} 7
# EOF
"""


class Endpoint:
    """Answers GETs by `says(path, turn)`: (status, body), bytes as they are, HANG or HANG_UP."""

    def __init__(self, says=says_status):
        self.ended, self.lock, self.turns, self.asked = threading.Event(), threading.Lock(), {}, []
        endpoint = self

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"
            disable_nagle_algorithm = True

            def do_GET(self):
                with endpoint.lock:
                    turn = endpoint.turns.get(self.path, 0)
                    endpoint.turns[self.path] = turn + 1
                    endpoint.asked.append((self.path, self.headers.get("Authorization")))
                answer = says(self.path, turn)
                with contextlib.suppress(OSError):
                    self.answer(answer)

            def answer(self, answer):
                if answer == HANG:
                    endpoint.ended.wait(LIMIT_S)
                if answer in (HANG, HANG_UP):
                    self.close_connection = True
                elif isinstance(answer, bytes):
                    self.close_connection = True
                    self.wfile.write(answer)
                else:
                    self.send_response(answer[0])
                    self.send_header("Content-Length", str(len(answer[1])))
                    self.end_headers()
                    self.wfile.write(answer[1])

            def log_message(self, *_):
                pass

        class Server(http.server.ThreadingHTTPServer):
            daemon_threads = True

            def handle_error(self, *_):
                pass

        self.server = Server(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_port}"
        threading.Thread(target=self.server.serve_forever, args=(0.05,), daemon=True).start()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.ended.set()
        self.server.shutdown()
        self.server.server_close()


def nobody():
    """The URL of a port at which nobody listens any more."""
    with Endpoint() as gone:
        return gone.url


# -- running it ------------------------------------------------------------------------------------

class Place:
    def __init__(self, folder):
        self.folder, self.stack = folder, contextlib.ExitStack()
        self.token_file = os.path.join(folder, "ingest.token")
        with open(self.token_file, "w", encoding="ascii") as out:
            out.write(TOKEN + "\n")
        os.chmod(self.token_file, 0o600)
        self.env = {"PATH": os.environ["PATH"], "HOME": folder, "LC_ALL": "C.UTF-8",
                    "TERM": "xterm-256color", "COLUMNS": "120"}
        for name in ("ASAN_OPTIONS", "UBSAN_OPTIONS"):
            if name in os.environ:
                self.env[name] = os.environ[name]

    def path(self, name):
        return os.path.join(self.folder, name)

    def endpoint(self, says=says_status):
        return self.stack.enter_context(Endpoint(says))

    def command(self, endpoints, *arguments):
        """`endpoints`: URLs by name."""
        named = [word for name, url in endpoints.items() for word in ("--endpoint", f"{name}={url}")]
        given = ["--ingest-token-file", self.token_file] if endpoints else []
        return [os.path.abspath(harness.OPTIONS.eventctl), "top", *named, *given, *arguments]

    def run(self, endpoints, *arguments, code=0, **env):
        """Its stdout, once it ended with that code; never with an escape code."""
        done = subprocess.run(self.command(endpoints, *arguments), cwd=self.folder,
                              env={**self.env, **env}, stdin=subprocess.DEVNULL,
                              capture_output=True, timeout=LIMIT_S, check=False)
        out, self.errors = done.stdout.decode(), done.stderr.decode()
        assert done.returncode == code, f"ended with {done.returncode}: {out[-500:]}{self.errors}"
        assert ESCAPE not in out and "\r" not in out, repr(out[:500])
        return out

    def start(self, endpoints, *arguments, **more):
        process = subprocess.Popen(self.command(endpoints, *arguments), cwd=self.folder,
                                   env=self.env, stdin=subprocess.DEVNULL,
                                   preexec_fn=harness.die_with_parent, **more)
        self.stack.callback(process.kill)
        return process

    def once(self, endpoints, *arguments, code=0):
        """The one object of --once --json."""
        out = self.run(endpoints, "--once", "--json", *arguments, code=code)
        assert out.endswith("\n") and out.count("\n") == 1, out[:500]
        return json.loads(out)


# -- cases -----------------------------------------------------------------------------------------

def healthy_json(place):
    told = place.once({"one": place.endpoint().url}, "--interval", "100ms")
    assert told["health"] == "healthy", told
    assert list(told) == ["at_ms", "health", "endpoints", "totals", "subscriptions"], list(told)
    endpoint, row = told["endpoints"][0], told["subscriptions"][0]
    assert (endpoint["name"], endpoint["state"], endpoint["problem"]) == ("one", "live", None)
    assert row["name"] == "voice-1" and row["depth"] == 0, row
    assert row["received"] == 10 and row["delivered"] == 10, row  # by the endpoint's own clock
    assert told["totals"]["subscriptions"] == 1 and told["totals"]["received"] == 10
    assert told["totals"]["states"]["OK"] == 1, told["totals"]


def healthy_text(place):
    out = place.run({"one": place.endpoint().url}, "--once", "--interval", "100ms")
    lines = out.splitlines()
    assert lines[0].startswith("endpoint one  live"), lines[0]
    assert lines[1].startswith("healthy: 1 subscription "), lines[1]
    assert "NAME" in lines[2] and "DEPTH" in lines[2], lines[2]
    assert "voice-1" in lines[3] and "OK" in lines[3], lines[3]
    assert lines[4:] == [""], lines
    assert max(map(len, lines)) <= 120, out


def narrow_text(place):
    url = place.endpoint().url
    for columns in ("1", "20", "40", "80"):
        out = place.run({"one": url}, "--once", "--interval", "100ms", COLUMNS=columns)
        assert max(map(len, out.splitlines())) <= max(20, int(columns)), out


def token_is_sent_and_kept(place):
    endpoint = place.endpoint()
    place.run({"one": endpoint.url}, "--once", "--interval", "100ms", "--record", "kept")
    assert {token for _, token in endpoint.asked} == {"Bearer " + TOKEN}, endpoint.asked[:3]
    with open(place.path("kept"), encoding="utf-8") as lines:
        assert TOKEN not in lines.read()


def down(place):
    told = place.once({"one": nobody()}, code=1)
    endpoint = told["endpoints"][0]
    assert told["health"] == "cannot-tell" and endpoint["state"] == "down", told
    assert endpoint["problem"] and endpoint["retry_ms"] > endpoint["down_since_ms"], endpoint
    assert not endpoint["refused"] and told["subscriptions"] == []
    assert "down since" in place.run({"one": nobody()}, "--once", code=1)


def one_of_two_down(place):
    told = place.once({"one": nobody(), "two": place.endpoint().url}, "--interval", "100ms", code=2)
    assert [e["state"] for e in told["endpoints"]] == ["down", "live"], told["endpoints"]
    assert told["health"] == "degraded" and len(told["subscriptions"]) == 1


def hanging_beside_a_quick_one(place):
    hangs, quick = place.endpoint(lambda *_: HANG), place.endpoint()
    told = place.once({"hangs": hangs.url, "quick": quick.url}, "--interval", "200ms", code=2)
    assert [e["state"] for e in told["endpoints"]] == ["down", "live"], told["endpoints"]
    assert len(quick.asked) > 10 and len(hangs.asked) == 1, (len(quick.asked), len(hangs.asked))


def wrong_token(place):
    for code in (401, 403):
        told = place.once({"one": place.endpoint(lambda *_, c=code: (c, b"{}")).url}, code=1)
        assert told["endpoints"][0]["refused"], told
        assert TOKEN not in json.dumps(told)


def garbage(place):
    answers = [(200, b"<html>\x1b[2J\x1b]0;x\x07</html>"), (200, b"\xff\xfe\x00\x1b"), (200, b""),
               (200, b'{"status_version": 1, "subscriptions": [{"id": "\\u001b[2J"'),
               (200, b'{"status_version": 99}'), (200, b"[" * 100000), (500, b"\x1b[2Jno\x1b"),
               b"\x1b[2J\x00\xff", b"HTTP/1.1 200 OK\r\nContent-Length: 99\r\n\r\n{", HANG_UP]
    for answer in answers:
        url = place.endpoint(lambda *_, a=answer: a).url
        told = place.once({"one": url}, code=1)
        assert told["endpoints"][0]["state"] == "down", (answer, told)
        assert told["endpoints"][0]["problem"], (answer, told)
        place.run({"one": url}, "--once", code=1)


def metrics_where_there_is_no_status(place):
    def says(path, turn):
        return (200, (METRICS % (10 * turn)).encode()) if path == "/metrics" else (404, b"no")

    endpoint = place.endpoint(says)
    told = place.once({"one": endpoint.url}, "--interval", "100ms")
    assert [r["depth"] for r in told["subscriptions"]] == [7], told
    assert [p for p, _ in endpoint.asked].count("/v1/status") == 1, endpoint.asked


def flapping(place):
    def says(path, turn):
        return says_status(path, turn) if turn % 3 == 0 else HANG_UP

    for line in place.run({"one": place.endpoint(says).url}, "--json", "--count", "3",
                          "--interval", "100ms", code=1).splitlines():
        told = json.loads(line)
        assert told["endpoints"][0]["state"] in ("live", "late", "down"), told
        for row in told["subscriptions"]:  # never a negative rate, never one of nothing
            assert row["received"] is None or row["received"] >= 0, row


def counters_that_run_backwards(place):
    def says(path, turn):
        return 200, json.dumps(status(turn, [subscription(turn=100 - turn)])).encode()

    told = place.once({"one": place.endpoint(says).url}, "--interval", "100ms")
    assert told["subscriptions"][0]["received"] is None, told["subscriptions"]


def not_ready(place):
    def says(path, turn):
        return 200, json.dumps(status(turn, ready=False, not_ready="disk \x1b[2Jfull")).encode()

    url = place.endpoint(says).url
    assert place.once({"one": url}, "--interval", "100ms", code=2)["health"] == "degraded"
    assert "NOT READY: disk" in place.run({"one": url}, "--once", "--interval", "100ms", code=2)


def hostile_names(place):
    names = ["\x1b[31mred\x07", "\u202egnp.exe", "字" * 500, "é" * 500, "a\nb\tc", "x" * 500]

    def says(path, turn):
        rows = [subscription(n, turn, name=name, last_error=name) for n, name in enumerate(names)]
        return 200, json.dumps(status(turn, rows)).encode()

    url = place.endpoint(says).url
    lines = place.run({"one": url}, "--once", "--interval", "100ms").splitlines()
    assert len(lines) == 3 + len(names) + 1, lines
    assert not any("\u202e" in line or "\t" in line for line in lines), lines
    told = place.once({"one": url}, "--interval", "100ms")
    assert len(told["subscriptions"]) == len(names)
    place.run({"one": url}, "--once", "--interval", "100ms", "--ascii").encode("ascii")
    place.run({"one": url}, "--once", "--interval", "100ms", LC_ALL="C").encode("ascii")


def ten_thousand(place):
    bodies = [json.dumps(status(turn, [subscription(n, turn, name="字" * 60 + f"{n}")
                                       for n in range(10000)])).encode() for turn in range(2)]

    def says(path, turn):
        return 200, bodies[min(turn, 1)]

    url = place.endpoint(says).url
    assert len(place.once({"one": url})["subscriptions"]) == 10000
    assert place.run({"one": url}, "--once").count("\n") == 10004


def count_and_interval(place):
    out = place.run({"one": place.endpoint().url}, "--json", "--count", "3", "--interval", "200ms")
    times = [json.loads(line)["at_ms"] for line in out.splitlines()]
    assert len(times) == 3 and times[2] - times[1] >= 150 and times[1] > times[0], times


def filter_and_sort(place):
    def says(path, turn):
        rows = [subscription(n, turn, depth=n) for n in range(5)]
        return 200, json.dumps(status(turn, rows)).encode()

    url = place.endpoint(says).url
    told = place.once({"one": url}, "--interval", "100ms", "--filter", "depth>2")
    assert sorted(r["depth"] for r in told["subscriptions"]) == [3, 4], told["subscriptions"]
    told = place.once({"one": url}, "--interval", "100ms", "--sort", "depth")
    depths = [r["depth"] for r in told["subscriptions"]]
    assert depths in (sorted(depths), sorted(depths, reverse=True)), depths
    place.run({"one": url}, "--once", "--filter", "depth>", code=3)
    place.run({"one": url}, "--once", "--sort", "dept", code=3)
    assert "did you mean depth" in place.errors, place.errors


def usage(place):
    place.run({}, "--once", code=3)  # no endpoint
    place.run({"one": "ftp://127.0.0.1"}, "--once", code=3)
    place.run({"one": nobody()}, "--once", "--count", "2", code=3)
    place.run({"one": nobody()}, "--record", "a", "--replay", "b", code=3)
    place.run({"one": nobody()}, "--once", "--interval", "soon", code=3)


def record_and_replay(place):
    endpoints = {"one": place.endpoint().url, "two": nobody()}
    live = place.once(endpoints, "--interval", "100ms", "--record", "kept", code=2)
    assert stat.S_IMODE(os.stat(place.path("kept")).st_mode) == 0o600
    place.once_again = place.run(endpoints, "--once", "--record", "kept", code=3)
    assert "is there already" in place.errors, place.errors
    told = [place.run({}, "--once", "--json", "--replay", "kept", code=2) for _ in range(2)]
    assert told[0] == told[1]
    again = json.loads(told[0])
    assert again["subscriptions"][0]["name"] == live["subscriptions"][0]["name"]
    assert again["subscriptions"][0]["received"] == 10, again["subscriptions"]
    assert [e["state"] for e in again["endpoints"]] == ["live", "down"], again["endpoints"]
    with open(place.path("kept"), "rb") as whole:
        lines = whole.read().splitlines(True)
    with open(place.path("cut"), "wb") as cut:
        cut.write(b"".join(lines)[:-20])
    place.run({}, "--once", "--replay", "cut", code=2)
    with open(place.path("bad"), "wb") as bad:
        bad.write(lines[0] + b"garbage\n" + lines[1])
    place.run({}, "--once", "--replay", "bad", code=3)
    assert "bad:2:" in place.errors, place.errors
    place.run({}, "--once", "--replay", "absent", code=3)


def replay_prints_each_interval(place):
    place.run({"one": place.endpoint().url}, "--count", "4", "--interval", "100ms", "--record",
              "kept")
    out = place.run({}, "--json", "--replay", "kept")
    times = [json.loads(line)["at_ms"] for line in out.splitlines()]
    assert len(times) >= 4 and times == sorted(times), times
    assert len(place.run({}, "--json", "--replay", "kept", "--count", "2").splitlines()) == 2


def reader_goes_away(place):
    process = place.start({"one": place.endpoint().url}, "--json", "--interval", "100ms",
                          stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    json.loads(process.stdout.readline())
    process.stdout.close()
    process.wait(LIMIT_S)
    assert process.stderr.read() == b"" and process.returncode >= 0, process.returncode


def signals_end_it(place):
    for name in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
        process = place.start({"one": place.endpoint().url}, "--json", "--interval", "100ms",
                              stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        json.loads(process.stdout.readline())
        process.send_signal(name)
        process.communicate(timeout=LIMIT_S)
        assert process.returncode == 130, (name, process.returncode)


def signal_while_nobody_reads(place):
    """A pipe that is full must not keep it from ending."""
    rows = [subscription(n) for n in range(2000)]
    process = place.start({"one": place.endpoint(
        lambda _, turn: (200, json.dumps(status(turn, rows)).encode())).url},
        "--json", "--interval", "100ms", stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    assert process.stdout.read(1) == b"{"
    process.send_signal(signal.SIGTERM)
    process.wait(LIMIT_S)
    assert process.returncode == 130, process.returncode


def terminals_that_cannot(place):
    for term in ("dumb", "no-such-terminal", ""):
        place.env["TERM"] = term
        own, its = pty.openpty()
        process = place.start({"one": place.endpoint().url}, "--interval", "100ms", stdout=its,
                              stderr=subprocess.DEVNULL)
        os.close(its)
        said = b""
        while said.count(b"\n") < 5:
            said += os.read(own, 65536)
        process.terminate()
        with contextlib.suppress(OSError):
            while more := os.read(own, 65536):
                said += more
        process.wait(LIMIT_S)
        os.close(own)
        assert b"voice-1" in said and b"\x1b" not in said, (term, said)


def a_real_ingestd(place):
    with Ingestd(harness.OPTIONS.ingestd, place.folder) as ingestd:
        ingestd.send(harness.event(1), harness.event(2))
        ingestd.settled()
        endpoints = {"real": "http://" + ingestd.admin_address}
        told = place.once(endpoints, "--interval", "200ms")
        row = next(r for r in told["subscriptions"] if r["name"] == "sub-1" or r.get("id") == "sub-1")
        assert row["depth"] == 0 and row["received"] == 0, row
        assert told["endpoints"][0]["state"] == "live" and told["health"] == "healthy", told
        with open(place.token_file, "w", encoding="ascii") as out:
            out.write("another-token-altogether-000000000\n")
        assert place.once(endpoints, code=1)["endpoints"][0]["refused"]


CASES = [healthy_json, healthy_text, narrow_text, token_is_sent_and_kept, down, one_of_two_down,
         hanging_beside_a_quick_one, wrong_token, garbage, metrics_where_there_is_no_status,
         flapping, counters_that_run_backwards, not_ready, hostile_names, ten_thousand,
         count_and_interval, filter_and_sort, usage, record_and_replay,
         replay_prints_each_interval, reader_goes_away, signals_end_it, signal_while_nobody_reads,
         terminals_that_cannot, a_real_ingestd]

if __name__ == "__main__":
    sys.exit(harness.main(CASES, Place, eventctl="build/eventctl"))
