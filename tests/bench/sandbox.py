"""A local Genesys and eventctl against it, for tests that are written in Python.

`Sandbox` is one genesys-sandbox; `control` reaches its control path, `api` is another client's
call, behind eventctl's back. `Eventctl` runs the program in a home of its own, so that neither
the user's configuration nor a token of another run reaches it.
"""
import base64
import http.client
import json
import os
import signal
import subprocess
import urllib.parse

RUN_LIMIT_S = 300  # a run that hangs ends the test; nothing else depends on the clock

SUBSCRIPTIONS = "/api/v2/eventstreams/subscriptions"
TRIGGERS = "/api/v2/processautomation/triggers"
PATHS = {"subscriptions": SUBSCRIPTIONS, "triggers": TRIGGERS}
PAGE_SIZE = 200


class Sandbox:
    """One genesys-sandbox, ended by `stop` or with its parent."""

    def __init__(self, program, *options):
        self.process = subprocess.Popen(
            [program, "--listen", "127.0.0.1:0", "--exit-with-parent", "--rate-limit", "0",
             *options], stdout=subprocess.PIPE)
        self.url = self.process.stdout.readline().decode().strip()
        if not self.url:
            raise RuntimeError(f"{program} did not start")
        self.connection = None
        self.token = None

    def stop(self):
        """Ends it; raises when it had gone, or goes, in another way than with exit code 0."""
        self.process.send_signal(signal.SIGTERM)
        code = self.process.wait(RUN_LIMIT_S)
        self.process.stdout.close()
        if code != 0:
            raise RuntimeError(f"the sandbox ended with {code}")

    def call(self, method, path, body=None, headers=None):
        """(status, body as JSON or None)"""
        if not self.connection:
            self.connection = http.client.HTTPConnection(
                urllib.parse.urlsplit(self.url).netloc, timeout=RUN_LIMIT_S)
        self.connection.request(method, path, body, headers or {})
        reply = self.connection.getresponse()
        text = reply.read()
        return reply.status, json.loads(text) if text else None

    def control(self, method, path, body=None):
        status, answer = self.call(method, "/_sandbox/" + path,
                                   None if body is None else json.dumps(body))
        if status >= 300:
            raise RuntimeError(f"{method} /_sandbox/{path}: {status} {answer}")
        return answer

    def api(self, method, path, body=None):
        """(status, body) of a call to the API by another client."""
        if not self.token:
            client = base64.b64encode(b"sandbox-client:sandbox-secret").decode()
            _, answer = self.call("POST", "/oauth/token", "grant_type=client_credentials",
                                  {"Authorization": "Basic " + client,
                                   "Content-Type": "application/x-www-form-urlencoded"})
            self.token = answer["access_token"]
        return self.call(method, path, None if body is None else json.dumps(body),
                         {"Authorization": "Bearer " + self.token,
                          "Content-Type": "application/json"})

    def objects(self):
        """{"subscriptions": […], "triggers": […]}, as they truly are."""
        return self.control("GET", "objects")

    def seed(self, objects):
        """Makes these, and nothing else, what is there."""
        self.control("DELETE", "objects")
        self.control("POST", "objects", objects)

    def faults(self, rules):
        self.control("PUT", "faults", rules)

    def forget(self):
        """Forgets the requests that were seen."""
        self.control("DELETE", "requests")

    def requests(self):
        """Every request since `forget`, as "METHOD PATH"."""
        return self.control("GET", "requests")["log"]


def is_listing(line):
    return any(line == f"GET {path}" or line.startswith(f"GET {path}?") for path in PATHS.values())


def is_write(line):
    return not line.startswith("GET ") and line != "POST /oauth/token"


class Eventctl:
    """The program, in a home of its own, with a sandbox for its service."""

    def __init__(self, program, sandbox, home):
        self.program = program
        self.home = home
        self.environment = {
            "PATH": os.environ["PATH"], "LC_ALL": "C.UTF-8", "TZ": "UTC", "HOME": home,
            "TERM": "dumb", "EVENTCTL_API_URL": sandbox.url, "EVENTCTL_LOGIN_URL": sandbox.url,
            "EVENTCTL_CLIENT_ID": "sandbox-client", "EVENTCTL_CLIENT_SECRET": "sandbox-secret"}
        for name in ("ASAN_OPTIONS", "UBSAN_OPTIONS", "LSAN_OPTIONS"):
            if name in os.environ:
                self.environment[name] = os.environ[name]

    def run(self, *arguments):
        """A subprocess.CompletedProcess with bytes in stdout and stderr."""
        return subprocess.run([self.program, *arguments], cwd=self.home, env=self.environment,
                              stdin=subprocess.DEVNULL, capture_output=True, timeout=RUN_LIMIT_S,
                              check=False)
