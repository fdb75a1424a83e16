#!/usr/bin/env python3
"""Runs the command-line cases: each file is a transcript (see README.md beside this file).

  run.py [--update] [--eventctl FILE] [--sandbox FILE] [CASE...]

--update writes what was seen into the files; read the difference before you commit it.
"""
import argparse
import concurrent.futures
import difflib
import json
import os
import re
import shlex
import signal
import subprocess
import sys
import tempfile
import urllib.request

HERE = os.path.dirname(os.path.abspath(__file__))
RUN_LIMIT_S = 120  # a run that hangs ends the case; nothing else depends on the clock
CHECKED = ("stdout", "stderr", "exit", "requests")


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


class Case:
    """One transcript being played."""

    def __init__(self, path, options, folder):
        self.path, self.options, self.folder = path, options, folder
        self.head, self.sections = read_case(path)
        self.sandbox = self.api = self.result = None
        self.problems = []
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
        return self.problems

    def verb(self, section, following):
        if section.verb in CHECKED:
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
                       cwd=self.folder, env=self.environment, check=True, timeout=RUN_LIMIT_S)

    def do_env(self, section, _):
        name, equals, value = section.arguments.partition("=")
        if equals:
            self.environment[name] = self.fill(value)
        else:
            self.environment.pop(name, None)

    def do_control(self, section, _):
        """`METHOD PATH` and a body, to the sandbox's control path."""
        method, path = section.arguments.split()
        self.request(method, path, self.fill(section.text).strip(), {})

    def do_api(self, section, _):
        """`METHOD PATH` and a body, to the API as another client: behind eventctl's back."""
        method, path = section.arguments.split()
        token = json.loads(self.request(
            "POST", "/oauth/token", "grant_type=client_credentials",
            {"Authorization": "Basic c2FuZGJveC1jbGllbnQ6c2FuZGJveC1zZWNyZXQ=",
             "Content-Type": "application/x-www-form-urlencoded"}))["access_token"]
        self.request(method, path, self.fill(section.text).strip(),
                     {"Authorization": "Bearer " + token, "Content-Type": "application/json"})

    def do_run(self, section, following):
        if self.sandbox:
            self.request("DELETE", "/_sandbox/requests", "", {})
        words = shlex.split(self.fill(section.arguments))
        environment = dict(self.environment)
        while words and re.match(r"[A-Z_][A-Z0-9_]*=", words[0]):
            name, _, value = words.pop(0).partition("=")
            environment[name] = value
        stdin = next((s.text for s in following[:1] if s.verb == "stdin"), "")
        done = subprocess.run([self.options.eventctl, *words], cwd=self.folder, env=environment,
                              input=self.fill(stdin).encode(), capture_output=True,
                              timeout=RUN_LIMIT_S, check=False)
        self.result = {"stdout": self.clean(done.stdout), "stderr": self.clean(done.stderr),
                       "exit": str(done.returncode)}
        if self.sandbox and self.sandbox.poll() is None:
            log = json.loads(self.request("GET", "/_sandbox/requests", "", {}))["log"]
            self.result["requests"] = "".join(sorted(line + "\n" for line in log))
        self.check(section, following)

    def do_stdin(self, _section, _following):
        """Belongs to the run before it."""

    # -- checking -------------------------------------------------------------

    def check(self, run, following):
        """Compares with the sections between this run and the next step."""
        expected = {}
        for section in following:
            if section.verb in CHECKED:
                expected[section.verb] = section
            elif section.verb != "stdin":
                break
        for what in ("stdout", "stderr", "exit", "requests"):
            section = expected.get(what)
            if what == "exit":
                wanted, seen = section.arguments if section else "0", self.result["exit"]
            elif section is None:
                if what == "requests":
                    continue
                wanted, seen = "", self.result[what]
            else:
                wanted, seen = section.text, self.result.get(what, "")
            if section is not None and section.arguments == "any" and what != "exit":
                continue
            if section is not None and section.arguments == "has" and what != "exit":
                missing = [line for line in section.lines if line.strip("\n") not in seen]
                if missing:
                    self.problem(run, what, "".join(missing), seen)
                continue
            if wanted != seen:
                if self.options.update and self.update(following, what, section, seen):
                    continue
                self.problem(run, what, wanted, seen)

    def update(self, following, what, section, seen):
        if section is None:
            section = Section(what, "")
            place = 0
            while place < len(following) and following[place].verb in (*CHECKED, "stdin"):
                place += 1
            position = self.sections.index(following[place]) if place < len(following) \
                else len(self.sections)
            self.sections.insert(position, section)
        if what == "exit":
            section.arguments = seen
        else:
            section.lines = seen.splitlines(keepends=True)
        write_case(self.path, self.head, self.sections)
        return True

    def problem(self, run, what, wanted, seen):
        difference = "\n".join(difflib.unified_diff(
            wanted.splitlines(), seen.splitlines(), "expected", "seen", lineterm=""))
        self.problems.append(f"run {run.arguments}\n{what} differs:\n{difference}")

    # -- helpers --------------------------------------------------------------

    def fill(self, text):
        return text.replace("$API", self.api or "").replace("$DIR", self.folder)

    def clean(self, raw):
        text = raw.decode("utf-8", "backslashreplace")
        if self.api:
            text = text.replace(self.api, "$API").replace(self.api.partition("//")[2], "$HOST")
        text = text.replace(self.folder, "$DIR")
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


def run_one(path, options):
    with tempfile.TemporaryDirectory() as folder:
        try:
            return Case(path, options, os.path.realpath(folder)).play()
        except Exception as error:  # a broken case is a failed case, not the end of the run
            return [f"{type(error).__name__}: {error}"]


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--update", action="store_true")
    parser.add_argument("--eventctl", default="build/eventctl")
    parser.add_argument("--sandbox", default="build/genesys-sandbox")
    parser.add_argument("cases", nargs="*")
    options = parser.parse_args()
    options.eventctl = os.path.abspath(options.eventctl)
    options.sandbox = os.path.abspath(options.sandbox)
    cases = options.cases or sorted(
        os.path.join(HERE, name) for name in os.listdir(HERE) if name.endswith(".case"))
    failed = 0
    with concurrent.futures.ThreadPoolExecutor(os.cpu_count() or 2) as pool:
        for path, problems in zip(cases, pool.map(lambda case: run_one(case, options), cases)):
            if problems:
                failed += 1
                print(f"FAIL {os.path.basename(path)}")
                for problem in problems:
                    print("    " + problem.replace("\n", "\n    "))
    print(f"{len(cases) - failed} passed, {failed} failed")
    return 1 if failed or not cases else 0


if __name__ == "__main__":
    sys.exit(main())
