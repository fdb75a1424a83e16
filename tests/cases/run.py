#!/usr/bin/env python3
"""Runs the command-line cases: each file is a transcript (see README.md beside this file).

  run.py [--update] [--eventctl FILE] [--sandbox FILE] [--ingestd FILE] [CASE...]

--update writes what was seen into the files; read the difference before you commit it.
"""
import argparse
import concurrent.futures
import difflib
import http.server
import json
import os
import pty
import re
import shlex
import signal
import subprocess
import sys
import tempfile
import threading
import time
import tty
import urllib.request

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(os.path.dirname(HERE), "ingest"))
import harness  # pylint: disable=wrong-import-position

RUN_LIMIT_S = 120  # a run that hangs ends the case; nothing else depends on the clock
SHOWN_LINES = 60  # of one difference
CHECKED = ("stdout", "stderr", "exit", "requests", "writes", "objects", "json", "letters",
           "actions", "calls", "published")
BESIDE = ("stdin", "terminal", "interrupt")  # belong to the run before them
UNLESS_TOLD = ("stdout", "stderr", "exit")  # compared even without their section
UNSEEN = "[\x7f-\x9f\u200e\u200f\u2028-\u202e\u2066-\u2069\ufeff]"
ALWAYS_OTHER = (  # what no run can foretell, and the word that stands for it
    (re.compile(r"c0000000-0000-4000-8000-[0-9a-f]{12}"), "$CORRELATION"),
    (re.compile(r"again in \d+ ms"), "again in $N ms"),
    (re.compile(r"after \d+ (ms|milliseconds)\b"), r"after $N \1"),
)
IN_CHANGES = (  # likewise, in what endpoints are sent
    (re.compile(r'"by":"[^"]*"'), '"by":"$USER"'),
    (re.compile(r'"(since|until)":\d+'), r'"\1":$MS'),
    (re.compile(r"(since|until)=\d+"), r"\1=$MS"),
)
KEYS = re.compile(r"\b[0-9a-f]{16}\b")  # ids of keys, likewise: $KEY1, $KEY2
TIMES = re.compile(r"\b20\d\d-\d\d-\d\dT\d\d:\d\d:\d\dZ")  # where an ingestd is: $TIME


class Section:
    """`== VERB ARGUMENTS` and the lines up to the next one."""

    def __init__(self, verb, arguments):
        self.verb, self.arguments, self.lines = verb, arguments, []

    @property
    def text(self):
        return "".join(self.lines)


def read_case(path):
    head, sections = [], []
    with open(path, encoding="utf-8", newline="") as file:
        for line in file:
            match = re.match(r"== (\S+) ?(.*)\n", line)
            if match:
                sections.append(Section(match[1], match[2]))
            elif sections:
                sections[-1].lines.append(line)
            else:
                head.append(line)
    return head, sections


def write_case(path, head, sections):
    with open(path, "w", encoding="utf-8", newline="") as file:
        file.writelines(head)
        for section in sections:
            file.write(f"== {section.verb} {section.arguments}".rstrip() + "\n")
            file.writelines(section.lines)


class StandIn:
    """Answers as its lines say: `METHOD PATH STATUS [BODY]`, or instead of a status `cut` (half an
    answer), `close` (none) or `hang`. A path that ends with * is the begin of one that has no line
    of its own; of several lines for a path each is used once, but for the last."""

    def __init__(self, lines):
        self.calls, self.ended = [], threading.Event()
        self.lines = [line.strip().split(" ", 3) for line in lines if line.strip()]
        owner = self

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"
            disable_nagle_algorithm = True

            def answer(self):
                body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
                owner.calls.append(f"{self.command} {self.path} {body.decode()}".rstrip())
                status, *rest = owner.choose(self.command, self.path)
                self.close_connection = not status.isdigit()
                if status == "hang":
                    owner.ended.wait(RUN_LIMIT_S)
                elif status == "cut":
                    self.wfile.write(b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n{")
                elif status != "close":
                    content = (rest[0] if rest else "").encode()
                    self.wfile.write(b"HTTP/1.1 %s as told\r\nContent-Type: application/json\r\n"
                                     b"Content-Length: %d\r\n\r\n%s"
                                     % (status.encode(), len(content), content))

            do_GET = do_POST = do_PUT = answer

            def log_message(self, *_):
                pass

        class Server(http.server.ThreadingHTTPServer):
            daemon_threads = True

            def handle_error(self, *_):
                pass  # the other side went away: that is what some cases do

        self.server = Server(("127.0.0.1", 0), Handler)
        threading.Thread(target=self.server.serve_forever, args=(0.05,), daemon=True).start()

    @property
    def url(self):
        return f"http://127.0.0.1:{self.server.server_port}"

    def choose(self, method, path):
        fitting = [line for line in self.lines if line[:2] == [method, path]] or \
            [line for line in self.lines if line[0] == method and line[1].endswith("*") and
             path.startswith(line[1][:-1])]
        if not fitting:
            return "404", '{"error": "nothing here"}'
        if len(fitting) > 1:
            self.lines.remove(fitting[0])
        return fitting[0][2:]

    def close(self):
        self.ended.set()
        self.server.shutdown()
        self.server.server_close()


class Ingest:
    """An ingestd and its sink, which answers as the case says."""

    def __init__(self, program, folder):
        os.makedirs(folder)
        self.status = 200
        self.sink = harness.Sink(lambda delivery: self.status)
        self.ingestd = harness.Ingestd(program, folder, self.sink, self.change)
        self.ingestd.start()

    @staticmethod
    def change(config):
        """What a sink refuses is dead at once, however much it refuses."""
        config["sinks"]["crm"].update(retries=[], breaker={"failures": 1000000})

    @property
    def url(self):
        return "http://" + self.ingestd.admin_address

    def letters(self):
        _, page = self.ingestd.admin("GET", "/v1/dlq?limit=1000")
        return [f"{one['id']} {one['subscription']} {one['reason']} {one['state']}, "
                f"{one['replays']} replays" for one in page["dead_letters"]]

    def actions(self):
        """What the endpoint keeps of changes, the oldest first."""
        _, kept = self.ingestd.admin("GET", "/v1/actions")
        return [f"{one['what']} {one['target']}: {one['result']}, since {one['reason']}"
                for one in reversed(kept["actions"])]

    def published(self):
        """What it was told of subscriptions, but for the owner's organisation."""
        _, document = self.ingestd.admin("GET", "/v1/subscriptions")
        return [", ".join([
            f"{one['id']} {one['name']}@{one['version']}",
            "owner " + one.get("owner", "none").partition("/")[2],
            *(f"{each['field']} {each['op']} {json.dumps(each['value'])}"
              for each in one.get("filter", [])),
            *(f"key {each['id']}" for each in one.get("keys", [])),
        ]) for one in document["subscriptions"]]

    def close(self):
        self.ingestd.stop()
        self.sink.close()


class Case:
    """One transcript being played."""

    def __init__(self, path, options, folder):
        self.path, self.options, self.folder = path, options, folder
        self.head, self.sections = read_case(path)
        self.sandbox = self.api = self.result = None
        self.ingests, self.stand_ins = {}, {}
        self.problems, self.keys = [], {}
        self.environment = {
            "PATH": os.environ["PATH"], "LC_ALL": "C.UTF-8", "TZ": "UTC", "HOME": folder,
            "TERM": "dumb",
        }
        for name in ("ASAN_OPTIONS", "UBSAN_OPTIONS", "LSAN_OPTIONS"):
            if name in os.environ:
                self.environment[name] = os.environ[name]

    def play(self):
        try:
            for place, section in enumerate(self.sections):
                following = self.sections[place + 1:]
                self.verb(section, following)
        finally:
            self.stop_sandbox()
            for other in (*self.ingests.values(), *self.stand_ins.values()):
                other.close()
        return self.problems

    def verb(self, section, following):
        if section.verb in CHECKED or section.verb in BESIDE:
            return
        action = getattr(self, "do_" + section.verb, None)
        if not action:
            raise ValueError(f"{self.path}: unknown section {section.verb}")
        action(section, following)

    # -- what a case may say --------------------------------------------------

    def do_sandbox(self, section, _):
        self.stop_sandbox()
        arguments = shlex.split(self.fill(section.arguments))
        if "--listen" not in arguments:
            arguments += ["--listen", "127.0.0.1:0"]
        self.sandbox = subprocess.Popen(
            [self.options.sandbox, "--exit-with-parent", *arguments], cwd=self.folder,
            stdout=subprocess.PIPE, env=self.environment)
        self.api = self.sandbox.stdout.readline().decode().strip()
        self.environment.update(
            EVENTCTL_API_URL=self.api, EVENTCTL_LOGIN_URL=self.api,
            EVENTCTL_CLIENT_ID="sandbox-client", EVENTCTL_CLIENT_SECRET="sandbox-secret")

    def do_file(self, section, _):
        path = os.path.join(self.folder, section.arguments)
        os.makedirs(os.path.dirname(path), exist_ok=True)
        with open(path, "w", encoding="utf-8", newline="") as file:
            file.write(self.fill(section.text))

    def do_bytes(self, section, _):
        """A file whose content is a Python expression that yields bytes."""
        path = os.path.join(self.folder, section.arguments)
        with open(path, "wb") as file:
            file.write(eval(section.text, {"__builtins__": {}}))  # pylint: disable=eval-used

    def do_shell(self, section, _):
        subprocess.run(["sh", "-euc", self.fill(section.arguments or section.text)],
                       cwd=self.folder, env=self.environment, check=True, timeout=RUN_LIMIT_S,
                       stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL)

    def do_env(self, section, _):
        name, equals, value = section.arguments.partition("=")
        if equals:
            self.environment[name] = self.fill(value)
        else:
            self.environment.pop(name, None)

    def do_ingestd(self, section, _):
        """An ingest service of that name: $URL_NAME; its token is in NAME/token."""
        name = section.arguments
        self.ingests[name] = Ingest(self.options.ingestd, os.path.join(self.folder, name))
        self.environment["EVENTCTL_INGEST_TOKEN"] = harness.TOKEN

    def do_sink(self, section, _):
        """`NAME STATUS`: what deliveries of that ingestd are answered with from now on."""
        name, status = section.arguments.split()
        self.ingests[name].status = int(status)

    def do_events(self, section, _):
        """Sends a number of events of a subscription, `NAME SUBSCRIPTION COUNT`, or the lines below
        as they are, each signed; waits until each is delivered or dead."""
        ingestd = self.ingests[section.arguments.split()[0]].ingestd
        if section.lines:
            sent = [plain(line.rstrip("\n")).encode() for line in section.lines]
        else:
            _, subscription, count = section.arguments.split()
            sent = [harness.event(number, f"{subscription}-{number}", subscription=subscription)
                    for number in range(1, int(count) + 1)]
        for one in sent:  # one after the other, so that ids are in their order
            ingestd.send(one)
            ingestd.settled()

    def do_admin(self, section, _):
        """`NAME METHOD PATH [STATUS]` and a body, to the ingestd's admin listener: behind eventctl's
        back."""
        name, method, path, *wanted = section.arguments.split()
        status, reply = self.ingests[name].ingestd.admin(
            method, path, json.loads(section.text) if section.lines else None)
        if status != int(wanted[0] if wanted else 200):
            raise ValueError(f"{method} {path}: {status} {reply}")

    def do_answers(self, section, _):
        """A stand-in for an endpoint, by the lines below; its URL is $URL_NAME."""
        self.stand_ins[section.arguments] = StandIn(self.fill(section.text).splitlines())
        self.environment.setdefault("EVENTCTL_INGEST_TOKEN", harness.TOKEN)

    def do_control(self, section, _):
        """`METHOD PATH` and a body, to the sandbox's control path."""
        method, path = section.arguments.split()
        self.request(method, path, self.fill(section.text).strip(), {})

    def do_api(self, section, _):
        """`METHOD PATH` and a body, to the API as another client: behind eventctl's back."""
        method, path = section.arguments.split()
        self.call(method, path, self.fill(section.text).strip())

    def do_change(self, section, _):
        """Reads the object at a path, sets its members by lines `name = JSON` (dots reach inside;
        `{}` in a text stands for the text before), and writes it back, as an admin's screen does."""
        body = json.loads(self.call("GET", section.arguments, ""))
        for line in section.lines:
            path, _, value = self.fill(line).rstrip("\n").partition(" = ")
            *outer, name = path.split(".")
            place = body
            for part in outer:
                place = place[part]
            new = json.loads(value)
            if isinstance(new, str) and "{}" in new:
                new = new.replace("{}", place[name])
            place[name] = new
        self.call("PUT", section.arguments, json.dumps(body))

    def call(self, method, path, body):
        token = json.loads(self.request(
            "POST", "/oauth/token", "grant_type=client_credentials",
            {"Authorization": "Basic c2FuZGJveC1jbGllbnQ6c2FuZGJveC1zZWNyZXQ=",
             "Content-Type": "application/x-www-form-urlencoded"}))["access_token"]
        return self.request(method, path, body, {"Authorization": "Bearer " + token,
                                                 "Content-Type": "application/json"})

    def do_run(self, section, following):
        if self.sandbox:
            self.request("DELETE", "/_sandbox/requests", "", {})
        words = shlex.split(plain(self.fill(section.arguments)))
        environment = dict(self.environment)
        while words and re.match(r"[A-Z_][A-Z0-9_]*=", words[0]):
            name, _, value = words.pop(0).partition("=")
            environment[name] = value
        command = [self.options.eventctl]
        while words and re.match(r"[0-9]*[<>]", words[0]):  # 3<FILE, as in a shell
            command = ["sh", "-c", f'exec "$0" "$@" {words.pop(0)}', *command]
        beside = {}
        for other in following:
            if other.verb not in BESIDE:
                break
            beside[other.verb] = other
        code, stdout, stderr = self.execute([*command, *words], environment, beside)
        self.result = {"stdout": self.clean(stdout), "stderr": self.clean(stderr),
                       "exit": str(code)}
        if self.sandbox and self.sandbox.poll() is None:
            self.look_at_sandbox()
        self.look_at_ingests()
        self.check(section, following)

    def execute(self, command, environment, beside):
        """Runs it; returns its exit code, stdout and stderr."""
        master = None
        typed = beside.get("terminal")
        stdin = self.fill(beside["stdin"].text if "stdin" in beside else "").encode()
        with tempfile.TemporaryFile() as given, tempfile.TemporaryFile() as out, \
                tempfile.TemporaryFile() as err:
            given.write(stdin)
            given.seek(0)
            streams = [given, out, err]
            if typed:
                try:
                    master, slave = pty.openpty()
                except OSError as error:
                    raise Skipped(f"no pseudo-terminals here: {error}") from error
                tty.setraw(slave)
                os.write(master, self.fill(typed.text).encode())
                streams = [slave] * 3
            process = subprocess.Popen(command, cwd=self.folder, env=environment,
                                       stdin=streams[0], stdout=streams[1], stderr=streams[2])
            if typed:
                os.close(slave)
            try:
                if "interrupt" in beside:
                    self.interrupt(process, beside["interrupt"], err)
                screen = read_terminal(master) if typed else b""
                code = process.wait(RUN_LIMIT_S)
            finally:
                if process.poll() is None:
                    process.kill()
                    process.wait()
                if typed:
                    os.close(master)
            out.seek(0)
            err.seek(0)
            return code, screen if typed else out.read(), err.read()

    def interrupt(self, process, section, err):
        """`interrupt [TIMES] METHOD PATH`: SIGINT when that request has arrived; again when the
        one before was answered. `FILE NAME` instead: when that file is there; `LISTENING`: when a
        SIGINT no longer just ends the program; `CALL NAME METHOD PATH`: at that stand-in."""
        words = section.arguments.split(" ", 1)
        times = int(words[0]) if words[0].isdigit() else 1
        line = self.fill(words[1] if words[0].isdigit() else section.arguments)
        path = os.path.join(self.folder, line.removeprefix("FILE "))
        self.wait_until(process, lambda: os.path.exists(path) if line.startswith("FILE ") else
                        catches_interrupt(process.pid) if line == "LISTENING" else
                        self.was_called(line.removeprefix("CALL ")) if line.startswith("CALL ") else
                        line in self.request_log())
        for turn in range(times):
            process.send_signal(signal.SIGINT)
            if turn + 1 < times:
                self.wait_until(process, lambda: os.fstat(err.fileno()).st_size > 0)

    def was_called(self, line):
        name, call = line.split(" ", 1)
        return any(one.startswith(call) for one in self.stand_ins[name].calls)

    def wait_until(self, process, there):
        limit = time.monotonic() + RUN_LIMIT_S
        while not there():
            if process.poll() is not None or time.monotonic() > limit:
                raise TimeoutError("what the interrupt waits for did not come")
            time.sleep(0.005)  # how often it looks, not how long it waits

    def request_log(self):
        return json.loads(self.request("GET", "/_sandbox/requests", "", {}))["log"]

    def look_at_sandbox(self):
        log = self.request_log()
        self.result["requests"] = "".join(sorted(line + "\n" for line in log))
        self.result["writes"] = "".join(
            line + "\n" for line in log
            if not line.startswith("GET ") and line != "POST /oauth/token")
        objects = json.loads(self.request("GET", "/_sandbox/objects", "", {}))
        self.result["objects"] = "".join(sorted(
            f"{kind[:-1]} {one['name']}, version {one['version']}\n"
            for kind in objects for one in objects[kind]))

    def look_at_ingests(self):
        seen = {"letters": [], "actions": [], "calls": [], "published": []}
        for name, ingest in self.ingests.items():
            seen["letters"] += [f"{name} {one}" for one in ingest.letters()]
            seen["actions"] += [f"{name} {one}" for one in ingest.actions()]
            seen["published"] += [f"{name} {one}" for one in ingest.published()]
        for name, one in self.stand_ins.items():
            seen["calls"] += [f"{name} {call}" for call in one.calls]
            one.calls.clear()
        for what, lines in seen.items():
            text = self.clean("".join(line + "\n" for line in lines).encode())
            for pattern, word in IN_CHANGES:
                text = pattern.sub(word, text)
            self.result[what] = text

    # -- checking -------------------------------------------------------------

    def check(self, run, following):
        """Compares with the sections between this run and the next step."""
        expected = {}
        for section in following:
            if section.verb in CHECKED:
                expected[section.verb] = section
            elif section.verb not in BESIDE:
                break
        for what in CHECKED:
            section = expected.get(what)
            if section is None and (what not in UNLESS_TOLD or
                                    (what == "stdout" and "json" in expected)):
                continue
            if what == "json":
                self.check_json(run, section)
                continue
            seen = self.result.get(what, "")
            manner = section.arguments if section and what != "exit" else ""
            if manner == "has":
                missing = [line for line in section.lines if line.strip("\n") not in seen]
                if missing:
                    self.problem(run, what, "".join(missing), seen)
            elif manner != "any":
                self.compare(run, following, what, section, seen)

    def compare(self, run, following, what, section, seen):
        if what == "exit":
            wanted = section.arguments if section else "0"
        else:
            wanted = section.text if section else ""
        if wanted == seen:
            return
        if self.options.update:
            self.update(following, what, section, seen)
        else:
            self.problem(run, what, wanted, seen)

    def check_json(self, run, section):
        """stdout is one JSON document, and holds what the lines `path = value` say."""
        text = self.result["stdout"]
        try:
            document = json.loads(text, object_pairs_hook=unique_members)
        except ValueError as error:
            self.problem(run, "json", "one JSON document\n", f"{error}\n{text}")
            return
        seen = []
        for line in section.lines:
            path = line.partition(" = ")[0].strip()
            value = json.dumps(json_at(document, path), ensure_ascii=False, sort_keys=True)
            value = re.sub(UNSEEN, lambda found: f"\\u{ord(found[0]):04x}", value)
            seen.append(f"{path} = {value}\n" if path else "\n")
        if seen == section.lines:
            return
        if self.options.update:
            section.lines = seen
            write_case(self.path, self.head, self.sections)
        else:
            self.problem(run, "json", section.text, "".join(seen))

    def update(self, following, what, section, seen):
        if section is None:
            section = Section(what, "")
            place = 0
            while place < len(following) and following[place].verb in (*CHECKED, *BESIDE):
                place += 1
            position = self.sections.index(following[place]) if place < len(following) \
                else len(self.sections)
            self.sections.insert(position, section)
        if what == "exit":
            section.arguments = seen
        else:
            section.lines = seen.splitlines(keepends=True)
        write_case(self.path, self.head, self.sections)

    def problem(self, run, what, wanted, seen):
        difference = list(difflib.unified_diff(
            wanted.splitlines(), seen.splitlines(), "expected", "seen", lineterm=""))
        if len(difference) > SHOWN_LINES:
            difference[SHOWN_LINES:] = [f"({len(difference) - SHOWN_LINES} lines more)"]
        shown = "\n".join(difference)
        self.problems.append(f"run {run.arguments}\n{what} differs:\n{shown}")

    # -- helpers --------------------------------------------------------------

    def urls(self):
        return {f"$URL_{name}": one.url
                for name, one in (*self.ingests.items(), *self.stand_ins.items())}

    def fill(self, text):
        for name, url in self.urls().items():
            text = text.replace(name, url)
        return text.replace("$API", self.api or "").replace("$DIR", self.folder)

    def clean(self, raw):
        text = pictured(raw.decode("utf-8", "surrogateescape"))
        if self.api:
            text = text.replace(self.api, "$API").replace(self.api.partition("//")[2], "$HOST")
        for name, url in self.urls().items():
            text = text.replace(url, name).replace(url.partition(":")[2].strip("/"), "$HOST")
        text = text.replace(self.folder, "$DIR")
        if self.ingests:
            text = TIMES.sub("$TIME", text)
            text = KEYS.sub(lambda found: self.keys.setdefault(
                found[0], f"$KEY{len(self.keys) + 1}"), text)
        for pattern, word in ALWAYS_OTHER:
            text = pattern.sub(word, text)
        if text and not text.endswith("\n"):
            text += "\n(no line end)\n"
        return text

    def request(self, method, path, body, headers):
        request = urllib.request.Request(self.api + path, method=method,
                                         data=body.encode() if body else None, headers=headers)
        with urllib.request.urlopen(request, timeout=RUN_LIMIT_S) as reply:
            return reply.read().decode()

    def stop_sandbox(self):
        if self.sandbox:
            self.sandbox.send_signal(signal.SIGTERM)
            code = self.sandbox.wait(RUN_LIMIT_S)
            self.sandbox.stdout.close()
            self.sandbox = None
            if code != 0:
                self.problems.append(f"the sandbox ended with {code}")


def catches_interrupt(pid):
    with open(f"/proc/{pid}/status", encoding="ascii", errors="replace") as file:
        caught = re.search(r"^SigCgt:\s*([0-9a-f]+)", file.read(), re.MULTILINE)
    return bool(caught and int(caught[1], 16) >> (signal.SIGINT - 1) & 1)


def pictured(text):
    """Control characters as their pictures (␛), other unseen ones and wrong bytes as <…>."""
    text = re.sub(r"[\x00-\x08\x0b-\x1f]", lambda found: chr(0x2400 + ord(found[0])), text)
    text = re.sub("[\udc80-\udcff]", lambda found: f"<{ord(found[0]) - 0xdc00:02x}>", text)
    return re.sub(UNSEEN, lambda found: f"<U+{ord(found[0]):04X}>", text)


def plain(text):
    """Pictures of control characters as what they stand for."""
    return re.sub("[\u2401-\u241f]", lambda found: chr(ord(found[0]) - 0x2400), text)


def read_terminal(master):
    """Everything up to the end of the program: then the last descriptor of the other side closes."""
    screen = b""
    while True:
        try:
            piece = os.read(master, 65536)
        except OSError:
            return screen
        if not piece:
            return screen
        screen += piece


def unique_members(pairs):
    names = [name for name, _ in pairs]
    if len(names) != len(set(names)):
        raise ValueError(f"a member stands twice in {names}")
    return dict(pairs)


def json_at(value, path):
    """The value at `plan.changes.0.name`; `.length` of a list; "absent" when it is not there."""
    for name in path.split("."):
        if isinstance(value, list) and name == "length":
            value = len(value)
        elif isinstance(value, list) and name.isdigit() and int(name) < len(value):
            value = value[int(name)]
        elif isinstance(value, dict) and name in value:
            value = value[name]
        else:
            return "absent"
    return value


class Skipped(Exception):
    """What the case needs is not to be had on this machine."""


def run_one(path, options):
    with tempfile.TemporaryDirectory() as folder:
        try:
            return Case(path, options, os.path.realpath(folder)).play()
        except Skipped as why:
            return why
        except Exception as error:  # a broken case is a failed case, not the end of the run
            return [f"{type(error).__name__}: {error}"]


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--update", action="store_true")
    parser.add_argument("--eventctl", default="build/eventctl")
    parser.add_argument("--sandbox", default="build/genesys-sandbox")
    parser.add_argument("--ingestd", default="build/ingestd")
    parser.add_argument("cases", nargs="*")
    options = parser.parse_args()
    options.eventctl = os.path.abspath(options.eventctl)
    options.sandbox = os.path.abspath(options.sandbox)
    options.ingestd = os.path.abspath(options.ingestd)
    cases = options.cases or sorted(
        os.path.join(HERE, name) for name in os.listdir(HERE) if name.endswith(".case"))
    failed = skipped = 0
    with concurrent.futures.ThreadPoolExecutor(os.cpu_count() or 2) as pool:
        for path, problems in zip(cases, pool.map(lambda case: run_one(case, options), cases)):
            if isinstance(problems, Skipped):
                skipped += 1
                print(f"SKIP {os.path.basename(path)}: {problems}")
            elif problems:
                failed += 1
                print(f"FAIL {os.path.basename(path)}")
                for problem in problems:
                    print("    " + problem.replace("\n", "\n    "))
    print(f"{len(cases) - failed - skipped} passed, {failed} failed, {skipped} skipped")
    return 1 if failed or not cases else 0


if __name__ == "__main__":
    sys.exit(main())
