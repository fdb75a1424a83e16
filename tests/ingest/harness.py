"""One ingestd and what stands around it, for tests that are written in Python.

`Ingestd` is the program in a folder of its own, started, stopped or killed as often as a test likes.
`Sink` stands for a CRM: it records what it is given and answers as it is told. `sign_*` make the
signatures that senders make, by Python's hmac or the openssl command, never by the project's code.
"""
import argparse
import base64
import ctypes
import hashlib
import hmac
import http.client
import http.server
import json
import os
import signal
import socket
import subprocess
import tempfile
import threading
import time

LIMIT_S = 60  # whatever takes longer hangs: the test fails; nothing else depends on the clock
SECRET = b"a secret of the tests, 32 bytes!"
TOKEN = "an-admin-token-of-the-tests"
HUB, SIGNATURE = "X-Hub-Signature-256", "X-Genesys-Signature"
PR_SET_PDEATHSIG = 1


def die_with_parent():
    ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)


def wait_for(what, condition, limit_s=LIMIT_S):
    """Waits until condition() is true, and returns what it returned."""
    until = time.monotonic() + limit_s
    while True:
        value = condition()
        if value:
            return value
        if time.monotonic() > until:
            raise AssertionError(f"waited {limit_s} s for {what}")
        time.sleep(0.01)


# -- events and signatures -------------------------------------------------------------------------

def event(number, interaction=None, kind="Interaction.Created", subscription="sub-1", **more):
    """One event in the guide's envelope; `number` makes it differ from all others."""
    payload = {"id": interaction or f"int-{number}", "channelType": "voice",
               "startTime": "2023-10-27T10:00:00Z", "direction": "inbound", **more}
    return {"subscriptionId": subscription, "eventType": kind, "sequenceNumber": number,
            "payload": payload}


def encode(value):
    return value if isinstance(value, bytes) else json.dumps(value).encode()


def sign_hmac(body, secret=SECRET):
    mac = hmac.new(secret, encode(body), hashlib.sha256).digest()
    return {HUB: "sha256=" + base64.b64encode(mac).decode()}


KINDS = {  # openssl genpkey's arguments and the algorithm's name in the header
    "p256": (["-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:prime256v1"],
             "ecdsa-p256-sha256"),
    "rsa": (["-algorithm", "RSA", "-pkeyopt", "rsa_keygen_bits:2048"], "rsa-sha256"),
    "ed25519": (["-algorithm", "ED25519"], "ed25519"),
}


class Key:
    """A private key; `public` is the file that ingestd gets."""

    def __init__(self, folder, name, kind="p256"):
        self.name, (arguments, self.algorithm) = name, KINDS[kind]
        self.private = os.path.join(folder, name + ".key")
        self.public = os.path.join(folder, name + ".pub.pem")
        subprocess.run(["openssl", "genpkey", *arguments, "-out", self.private], check=True,
                       capture_output=True)
        subprocess.run(["openssl", "pkey", "-in", self.private, "-pubout", "-out", self.public],
                       check=True, capture_output=True)

    def signature(self, data):
        given = self.private + ".data"
        with open(given, "wb") as out:
            out.write(data)
        command = (["pkeyutl", "-sign", "-rawin", "-inkey", self.private, "-in", given]
                   if self.algorithm == "ed25519" else
                   ["dgst", "-sha256", "-sign", self.private, given])
        return subprocess.run(["openssl", *command], check=True, capture_output=True).stdout

    def sign(self, body, at_s=None, key_id=None, algorithm=None):
        at = str(int(time.time() if at_s is None else at_s))
        sig = base64.b64encode(self.signature(at.encode() + b"." + encode(body))).decode()
        return {SIGNATURE: f"keyId={key_id or self.name},alg={algorithm or self.algorithm},"
                           f"t={at},sig={sig}"}


# -- the CRM ----------------------------------------------------------------------------------------

class Sink:
    """Takes deliveries by HTTP and remembers them.

    `answer(delivery)` decides: a status, (status, headers), or None to hang up without a word.
    A delivery is a dict: event (parsed, or bytes), headers (lower-case names), at (monotonic).
    """

    def __init__(self, answer=lambda delivery: 200):
        self.answer, self.deliveries, self.lock = answer, [], threading.Lock()
        self.ended = threading.Event()
        sink = self

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"
            disable_nagle_algorithm = True

            def do_POST(self):
                length = int(self.headers.get("Content-Length", 0))
                body = self.rfile.read(length)
                if len(body) < length:  # ingestd was killed meanwhile: nothing was delivered
                    self.close_connection = True
                    return
                try:
                    parsed = json.loads(body)
                except ValueError:
                    parsed = body
                delivery = {"event": parsed, "at": time.monotonic(),
                            "headers": {k.lower(): v for k, v in self.headers.items()}}
                verdict = sink.answer(delivery)
                if verdict is None:
                    self.close_connection = True
                    self.connection.close()
                    return
                status, headers = verdict if isinstance(verdict, tuple) else (verdict, {})
                if 200 <= status < 300:
                    with sink.lock:
                        sink.deliveries.append(delivery)
                try:
                    self.send_response(status)
                    for name, value in headers.items():
                        self.send_header(name, value)
                    self.send_header("Content-Length", "0")
                    self.end_headers()
                except OSError:
                    self.close_connection = True

            def log_message(self, *_):
                pass

        class Server(http.server.ThreadingHTTPServer):
            daemon_threads = True
            request_queue_size = 128

            def handle_error(self, *_):
                pass  # ingestd was killed while it was being answered: that is what some tests do

        self.server = Server(("127.0.0.1", 0), Handler)
        threading.Thread(target=self.server.serve_forever, args=(0.05,), daemon=True).start()

    @property
    def url(self):
        return f"http://127.0.0.1:{self.server.server_port}/events"

    def numbers(self):
        """The sequence numbers delivered, in their order."""
        with self.lock:
            return [d["event"]["sequenceNumber"] for d in self.deliveries]

    def hang(self):
        """For `answer`: waits until the sink is closed."""
        self.ended.wait(LIMIT_S)

    def close(self):
        self.ended.set()
        self.server.shutdown()
        self.server.server_close()


# -- ingestd ----------------------------------------------------------------------------------------

class Ingestd:
    """ingestd with a configuration, in a folder of its own.

    `change(config)` may alter the configuration, a dict, before it is written; JSON is YAML.
    """

    def __init__(self, program, folder, sink=None, change=None, env=None, wrapper=()):
        self.program, self.folder, self.wrapper = program, folder, list(wrapper)
        self.env = {**os.environ, **(env or {})}
        self.process, self.log_path = None, os.path.join(folder, "log")
        self.events_path = os.path.join(folder, "events.ndjson")
        self.data = os.path.join(folder, "data")
        self.write("hmac.secret", SECRET)
        self.write("token", TOKEN.encode())
        self.config = {
            "apiVersion": "ingestd/v1", "data": self.data,
            "listen": {"address": "127.0.0.1:0", "plaintext": True},
            "admin": {"address": "127.0.0.1:0", "token_file": self.path("token")},
            "queue": {"reserve": "1MiB"},
            "sources": {"hub": {"path": "/hub", "scheme": "hub-signature-256",
                                "keys": {"k1": self.path("hmac.secret")}}},
            "sinks": {"crm": {"type": "http", "url": sink.url,
                              "retries": ["20ms", "20ms", "20ms"], "timeout": "10s"}}
            if sink else {"crm": {"type": "ndjson", "path": self.events_path, "sync": False}},
        }
        if change:
            change(self.config)
        self.write_config()

    def path(self, name):
        return os.path.join(self.folder, name)

    def write(self, name, data):
        descriptor = os.open(self.path(name), os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        with os.fdopen(descriptor, "wb") as out:
            out.write(data)
        return self.path(name)

    def write_config(self):
        self.write("ingestd.yaml", json.dumps(self.config, indent=1).encode())

    def start(self, wait=True):
        with open(self.log_path, "ab") as log:
            self.process = subprocess.Popen(
                [*self.wrapper, self.program, "--config", self.path("ingestd.yaml"),
                 "--log-level", "info"], stdout=subprocess.PIPE, stderr=log, env=self.env,
                preexec_fn=die_with_parent)
        if wait:
            self.address = self.announced("listening ")
            self.admin_address = self.announced("admin ")
        return self

    def announced(self, word):
        line = self.process.stdout.readline().decode().strip()
        if not line.startswith(word):
            self.process.wait(LIMIT_S)
            raise AssertionError(f"ingestd said {line!r} and ended with "
                                 f"{self.process.returncode}:\n{self.log()}")
        return line[len(word):]

    def log(self):
        with open(self.log_path, encoding="utf-8", errors="replace") as log:
            return log.read()

    def kill(self):
        self.process.kill()
        self.process.wait(LIMIT_S)
        self.process.stdout.close()

    def stop(self, code=0):
        """Ends it by SIGTERM; it must end with that code."""
        self.process.send_signal(signal.SIGTERM)
        self.process.wait(LIMIT_S)
        self.process.stdout.close()
        if self.process.returncode != code:
            raise AssertionError(f"ingestd ended with {self.process.returncode}:\n"
                                 + self.log()[-4000:])

    def __enter__(self):
        return self.start()

    def __exit__(self, kind, *_):
        # What a test complains of first may only be the silence after a crash.
        if kind is not None:
            time.sleep(0.2)
        if self.process.poll() is not None:
            if kind is None or self.process.returncode not in (0, -signal.SIGKILL):
                raise AssertionError(f"ingestd had ended with {self.process.returncode}:\n"
                                     + self.log()[-6000:])
        elif kind is None:
            self.stop()
        else:
            self.kill()

    # -- talking to it ------------------------------------------------------------------------------

    def endpoint(self, address=None):
        host, _, port = (address or self.address).rpartition(":")
        return host.strip("[]"), int(port)

    def connect(self):
        return socket.create_connection(self.endpoint(), timeout=LIMIT_S)

    def post(self, body, headers=None, path="/hub"):
        """Sends a body, signed by HMAC unless headers are given; (status, headers)."""
        body = encode(body)
        connection = http.client.HTTPConnection(*self.endpoint(), timeout=LIMIT_S)
        try:
            connection.request("POST", path, body,
                               sign_hmac(body) if headers is None else headers)
            reply = connection.getresponse()
            reply.read()
            return reply.status, reply.headers
        finally:
            connection.close()

    def send(self, *events):
        """Sends events, one a request; each must be accepted."""
        for one in events:
            status, _ = self.post(one)
            assert status == 202, f"answered {status}"

    def raw(self, data, limit_s=LIMIT_S):
        """Sends bytes as they are; what came back until the other side closed."""
        with self.connect() as connection:
            connection.settimeout(limit_s)
            connection.sendall(data)
            return receive_all(connection)

    def admin(self, method, path, body=None, token=TOKEN):
        """(status, JSON or text)"""
        connection = http.client.HTTPConnection(*self.endpoint(self.admin_address),
                                                timeout=LIMIT_S)
        try:
            connection.request(method, path, None if body is None else json.dumps(body),
                               {"Authorization": "Bearer " + token} if token else {})
            reply = connection.getresponse()
            text = reply.read().decode()
            kind = reply.headers.get("Content-Type", "")
            return reply.status, json.loads(text) if kind == "application/json" else text
        finally:
            connection.close()

    def status(self):
        code, status = self.admin("GET", "/v1/status")
        assert code == 200, code
        return status

    def subscription(self, name="sub-1"):
        found = [s for s in self.status()["subscriptions"] if s["id"] == name]
        return found[0] if found else None

    def settled(self):
        """Waits until nothing is left to be delivered."""
        wait_for("an empty queue", lambda: self.status()["delivery"]["depth"] == 0)

    def metrics(self):
        """{'name{labels}': value} of /metrics."""
        lines = self.admin("GET", "/metrics")[1].splitlines()
        return {line.rsplit(" ", 1)[0]: float(line.rsplit(" ", 1)[1])
                for line in lines if not line.startswith("#")}

    def delivered(self):
        """The events of the NDJSON sink, as its lines hold them."""
        if not os.path.exists(self.events_path):
            return []
        with open(self.events_path, encoding="utf-8") as lines:
            return [json.loads(line) for line in lines]


def receive_all(connection):
    received = b""
    try:
        while data := connection.recv(65536):
            received += data
    except ConnectionResetError:
        pass
    return received


# -- running ----------------------------------------------------------------------------------------

OPTIONS = argparse.Namespace()  # of the command line, once main has read them


def main(cases, place, **more):
    """Runs each case, a function, with a place(folder) of its own, whose `stack` it then closes;
    `more` are options beside --ingestd and --only, with their defaults. Returns the exit code."""
    parser = argparse.ArgumentParser()
    for name, default in {"ingestd": "build/ingestd", "only": "", **more}.items():
        parser.add_argument("--" + name, default=default, type=type(default))
    parser.parse_args(namespace=OPTIONS)
    chosen = [case for case in cases if OPTIONS.only in case.__name__]
    failed = 0
    for case in chosen:
        try:
            with tempfile.TemporaryDirectory() as folder:
                given = place(folder)
                with given.stack:
                    case(given)
        except Exception as problem:  # a test's own mistake is a failure too
            failed += 1
            print(f"FAIL {case.__name__}: {type(problem).__name__}: {problem}", flush=True)
    print(f"{len(chosen) - failed} passed, {failed} failed")
    return 1 if failed or not chosen else 0
