#!/usr/bin/env python3
"""`make bench-top`: what the dashboard costs, beside its budgets and htop in the same run.

  top.py [--eventctl FILE] [--seconds N] [--quick]

The dashboard runs under a pseudo-terminal of 120x36 and is fed by a small HTTP server with 100 and
with 10,000 subscriptions, once a second. Figures are printed; only what cannot be a matter of speed is
asserted: that there is output, and that nothing is written when nothing changed.
"""
import argparse
import contextlib
import fcntl
import http.server
import json
import os
import pty
import select
import shutil
import signal
import socket
import statistics
import struct
import sys
import tempfile
import termios
import threading
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "tui"))
import scenario  # noqa: E402  (its folder has just been added)

ROWS, COLUMNS = 36, 120
TICKS_S = os.sysconf("SC_CLK_TCK")
PAGE_KIB = os.sysconf("SC_PAGE_SIZE") // 1024
TOKEN = "benchmark-token"
BUDGETS = {"cpu": 2.0, "frame": 2048, "still": 0, "rss": 8.0, "key": 5.0, "paint": 50.0}


class Endpoint:
    """Serves the statuses of a scenario, a new one with each second; or one and the same."""

    def __init__(self, subscriptions, still=False):
        fleet = [scenario.Subscription(n, 1) for n in range(subscriptions)]
        self.bodies = []
        for second in range(1 if still else 20):
            for subscription in fleet:
                subscription.step(second)
            self.bodies.append(scenario.status("bench", fleet, second))
        outer = self
        self.silent, self.ended = False, threading.Event()

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_GET(self):
                if outer.silent:  # every endpoint times out from now on
                    outer.ended.wait()
                    self.close_connection = True
                    return
                body = outer.next_body()
                with contextlib.suppress(ConnectionError):  # it was ended meanwhile
                    self.send_response(200)
                    self.send_header("Content-Type", "application/json")
                    self.send_header("Content-Length", str(len(body)))
                    self.end_headers()
                    self.wfile.write(body)

            def log_message(self, *_):
                pass
        self.encoded = [json.dumps(body).encode() for body in self.bodies]
        self.at = 0
        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = "http://127.0.0.1:%d" % self.server.server_address[1]
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def next_body(self):
        self.at += 1
        return self.encoded[self.at % len(self.encoded)]

    def close(self):
        self.ended.set()
        self.server.shutdown()
        self.server.server_close()


class Silent:
    """Takes connections and never answers."""

    def __init__(self):
        self.socket = socket.create_server(("127.0.0.1", 0), backlog=100)
        self.url = "http://127.0.0.1:%d" % self.socket.getsockname()[1]

    def close(self):
        self.socket.close()


class Program:
    """A program under a pseudo-terminal."""

    def __init__(self, command, environment):
        self.began = time.monotonic()
        self.pid, self.terminal = pty.fork()
        if self.pid == 0:
            os.execvpe(command[0], command, environment)
        fcntl.ioctl(self.terminal, termios.TIOCSWINSZ, struct.pack("4H", ROWS, COLUMNS, 0, 0))

    def read(self, limit_s):
        """Bytes that come within the limit; b"" when none did."""
        ready, _, _ = select.select([self.terminal], [], [], limit_s)
        try:
            return os.read(self.terminal, 1 << 20) if ready else b""
        except OSError:
            return b""

    def drain(self, seconds):
        """How many bytes come in that time."""
        count, end = 0, time.monotonic() + seconds
        while (left := end - time.monotonic()) > 0:
            count += len(self.read(left))
        return count

    def cpu_ms(self):
        with open(f"/proc/{self.pid}/stat", encoding="utf-8") as file:
            fields = file.read().rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) * 1000 / TICKS_S

    def cpu_ns(self):
        """Finer than the ticks of stat."""
        with open(f"/proc/{self.pid}/schedstat", encoding="utf-8") as file:
            return int(file.read().split()[0])

    def rss_mib(self):
        with open(f"/proc/{self.pid}/statm", encoding="utf-8") as file:
            return int(file.read().split()[1]) * PAGE_KIB / 1024

    def key_ms(self, key):
        self.drain(0.1)
        began = time.monotonic()
        os.write(self.terminal, key)
        while not self.read(5):
            if time.monotonic() - began > 5:
                return float("nan")
        return (time.monotonic() - began) * 1000

    def end(self):
        try:
            os.kill(self.pid, signal.SIGTERM)
        except ProcessLookupError:
            pass
        self.drain(0.2)
        os.waitpid(self.pid, 0)
        os.close(self.terminal)


class Bench:
    def __init__(self, options, folder):
        self.options, self.folder, self.rows, self.failed = options, folder, [], 0
        token = os.path.join(folder, "token")
        with open(token, "w", encoding="ascii") as file:
            os.fchmod(file.fileno(), 0o600)
            file.write(TOKEN + "\n")
        self.token = token
        self.environment = {"PATH": os.environ["PATH"], "HOME": folder, "TERM": "xterm-256color",
                            "LC_ALL": "C.UTF-8"}

    def top(self, *urls):
        endpoints = [word for n, url in enumerate(urls) for word in ("--endpoint", f"e{n}={url}")]
        return Program([self.options.eventctl, "top", "--ingest-token-file", self.token, *endpoints],
                       self.environment)

    def expect(self, holds, what):
        if not holds:
            self.failed += 1
            print("FAIL " + what)

    def measure(self, program, what):
        """CPU, bytes and memory of so many seconds, once it has settled."""
        program.drain(3)
        cpu, began = program.cpu_ns(), time.monotonic()
        count = program.drain(self.options.seconds)
        seconds = time.monotonic() - began
        row = {"what": what, "cpu": (program.cpu_ns() - cpu) / 1e6 / seconds,
               "frame": count / seconds, "rss": program.rss_mib()}
        self.rows.append(row)
        return row

    def fed(self, subscriptions):
        endpoint = Endpoint(subscriptions)
        program = self.top(endpoint.url)
        self.expect(program.read(10), "no first paint")
        paint = (time.monotonic() - program.began) * 1000
        row = self.measure(program, f"eventctl top, {subscriptions:,} subscriptions")
        self.expect(row["frame"] > 0, "nothing was drawn")
        endpoint.silent = True
        keys = [program.key_ms(key) for key in (b"?", b"?") * 10]
        row.update(paint=paint, key=statistics.median(keys))
        program.end()
        endpoint.close()

    def still(self):
        endpoint = Endpoint(100, still=True)
        program = self.top(endpoint.url)
        program.drain(3)
        os.write(program.terminal, b"z")  # the clock and the ages stand still as well
        row = self.measure(program, "the same, frozen: nothing changes")
        self.expect(row["frame"] == 0, f"{row['frame']:.0f} bytes a second while nothing changed")
        program.end()
        endpoint.close()

    def keys(self):
        silent = [Silent() for _ in range(4)]
        program = self.top(*(one.url for one in silent))
        first = program.read(10)
        paint = (time.monotonic() - program.began) * 1000
        self.expect(first, "no first paint")
        times = [program.key_ms(key) for key in (b"?", b"?") * 10]
        self.rows.append({"what": "four endpoints that never answer", "key": statistics.median(times),
                          "paint": paint})
        program.end()
        for one in silent:
            one.close()

    def libraries(self):
        """The floor: what it is linked with, and nothing else."""
        program = Program([os.path.join(os.path.dirname(self.options.eventctl), "bench-libraries")],
                          self.environment)
        program.drain(0.5)
        self.rows.append({"what": "its libraries alone, loaded", "rss": program.rss_mib()})
        program.end()

    def htop(self):
        if not shutil.which("htop"):
            print("htop is not installed: no figures to compare with (./install-deps bench)")
            return
        program = Program(["htop", "-d", "10"], self.environment)
        self.measure(program, "htop")
        self.rows[-1]["key"] = statistics.median(program.key_ms(b"\x1b[B") for _ in range(10))
        program.end()

    def report(self):
        print("| what | CPU ms/s | bytes/s | RSS MiB | key ms | first paint ms |")
        print("|---|---|---|---|---|---|")
        cell = lambda row, key, form: form % row[key] if key in row else "-"
        for row in self.rows + [{"what": "budget (100 subscriptions)", **BUDGETS}]:
            print(f"| {row['what']} | {cell(row, 'cpu', '%.1f')} | {cell(row, 'frame', '%.0f')} | "
                  f"{cell(row, 'rss', '%.1f')} | {cell(row, 'key', '%.2f')} | "
                  f"{cell(row, 'paint', '%.0f')} |")
        print(f"\n{len(self.rows)} passed, {self.failed} failed")


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--eventctl", default="build/eventctl")
    parser.add_argument("--seconds", type=float, default=20)
    parser.add_argument("--quick", action="store_true", help="short, for the tests")
    options = parser.parse_args()
    if options.quick:
        options.seconds = 3
    with tempfile.TemporaryDirectory() as folder:
        bench = Bench(options, folder)
        bench.fed(100)
        bench.still()
        if not options.quick:
            bench.fed(10000)
        bench.keys()
        bench.libraries()
        if not options.quick:
            bench.htop()
        bench.report()
    return 1 if bench.failed else 0


if __name__ == "__main__":
    sys.exit(main())
