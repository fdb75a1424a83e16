#!/usr/bin/env python3
"""The program and its listener: TLS, client certificates, reload, stop, systemd, bad starts.

  tls.py [--ingestd FILE] [--only TEXT]
"""
import argparse
import contextlib
import http.client
import os
import signal
import socket
import ssl
import subprocess
import sys
import tempfile
import time
import warnings

from harness import HUB, LIMIT_S, Ingestd, Sink, encode, event, receive_all, run, sign_hmac, wait_for

OPTIONS = None
STOP_S = 10  # what ingestd promises of a stop


def openssl(*arguments):
    subprocess.run(["openssl", *arguments], check=True, capture_output=True)


class Place:
    """A CA of its own, certificates by it, and ingestd with TLS."""

    def __init__(self, folder):
        self.folder, self.stack, self.ingestd = folder, contextlib.ExitStack(), None
        self.authority("ca")
        self.certificate("server", "localhost")

    def path(self, name):
        return os.path.join(self.folder, name)

    def authority(self, name):
        openssl("req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1",
                "-nodes", "-days", "2", "-subj", "/CN=" + name, "-keyout", self.path(name + ".key"),
                "-out", self.path(name + ".pem"))

    def certificate(self, name, host, authority="ca"):
        openssl("req", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes",
                "-subj", "/CN=" + host, "-keyout", self.path(name + ".key"),
                "-out", self.path(name + ".csr"))
        with open(self.path(name + ".ext"), "w", encoding="ascii") as extensions:
            extensions.write(f"subjectAltName=DNS:{host}\n")
        openssl("x509", "-req", "-in", self.path(name + ".csr"), "-days", "2",
                "-CA", self.path(authority + ".pem"), "-CAkey", self.path(authority + ".key"),
                "-CAcreateserial", "-extfile", self.path(name + ".ext"),
                "-out", self.path(name + ".pem"))

    def make(self, change=None, sink=None, **more):
        def tls(config):
            config["listen"] = {"address": "127.0.0.1:0", "certificate": self.path("server.pem"),
                                "key": self.path("server.key")}
            if change:
                change(config)
        self.ingestd = Ingestd(OPTIONS.ingestd, self.folder, sink=sink, change=tls, **more)
        return self.ingestd

    def start(self, *arguments, **more):
        return self.stack.enter_context(self.make(*arguments, **more))

    def trusting(self, client=None):
        context = ssl.create_default_context(cafile=self.path("ca.pem"))
        if client:
            context.load_cert_chain(self.path(client + ".pem"), self.path(client + ".key"))
        return context

    def post(self, client=None, path="/hub", headers=None):
        """The status of one event's POST by TLS."""
        body = encode(event(1))
        connection = http.client.HTTPSConnection("localhost", self.ingestd.endpoint()[1],
                                                 timeout=LIMIT_S, context=self.trusting(client))
        try:
            connection.request("POST", path, body,
                               sign_hmac(body) if headers is None else headers)
            return connection.getresponse().status
        finally:
            connection.close()

    def served(self):
        """The certificate that a new connection is shown, as bytes."""
        with self.trusting().wrap_socket(self.ingestd.connect(),
                                         server_hostname="localhost") as connection:
            return connection.getpeercert(binary_form=True)

    def reload(self, result):
        """SIGHUP, and waits until it is counted as "ok" or "failed"."""
        name = f'ingestd_reloads_total{{result="{result}"}}'
        before = self.ingestd.metrics().get(name, 0)
        self.ingestd.process.send_signal(signal.SIGHUP)
        wait_for("the reload", lambda: self.ingestd.metrics().get(name, 0) > before)


# -- TLS -------------------------------------------------------------------------------------------

def good_client(place):
    place.start()
    assert place.post() == 202


def old_protocols(place):
    place.start()
    context = place.trusting()
    warnings.simplefilter("ignore", DeprecationWarning)  # of the old protocol, which is the point
    context.minimum_version = ssl.TLSVersion.MINIMUM_SUPPORTED
    context.maximum_version = ssl.TLSVersion.TLSv1_1
    context.set_ciphers("ALL:@SECLEVEL=0")
    try:
        context.wrap_socket(place.ingestd.connect(), server_hostname="localhost")
    except (ssl.SSLError, ConnectionError):
        pass
    else:
        raise AssertionError("TLS 1.1 was taken")
    # Plain HTTP on the TLS port, and noise: closed, and others go on.
    for noise in (b"POST /hub HTTP/1.1\r\nHost: a\r\n\r\n", os.urandom(3000)):
        place.ingestd.raw(noise)
    assert place.post() == 202


def client_certificates(place):
    place.certificate("crm", "crm.example")
    place.certificate("other", "other.example")
    place.authority("another-ca")
    place.certificate("stranger", "crm.example", authority="another-ca")

    def mtls(config):
        config["listen"]["client_ca"] = place.path("ca.pem")
        config["sources"]["peer"] = {"path": "/peer", "scheme": "mtls",
                                     "keys": {"crm": "crm.example"}}
    place.start(mtls)
    assert place.post("crm", "/peer", {}) == 202
    assert place.post("other", "/peer", {}) == 401
    assert place.post(None, "/peer", {}) == 401
    assert place.post("crm", "/hub", {}) == 401, "a certificate is no signature"
    assert place.post(None, "/hub") == 202
    try:
        status = place.post("stranger", "/peer", {})
    except (ssl.SSLError, ConnectionError):
        status = 401  # already the handshake refused it
    assert status == 401, status


def half_closed(place):
    """A sender that says it has no more to say still gets its answer."""
    place.start(lambda c: c.update(listen={"address": "127.0.0.1:0", "plaintext": True}))
    body = encode(event(1))
    with place.ingestd.connect() as connection:
        connection.sendall(f"POST /hub HTTP/1.1\r\nHost: a\r\nContent-Length: {len(body)}\r\n"
                           f"{HUB}: {sign_hmac(body)[HUB]}\r\n\r\n".encode() + body)
        connection.shutdown(socket.SHUT_WR)
        assert receive_all(connection).startswith(b"HTTP/1.1 202 ")


# -- reload ----------------------------------------------------------------------------------------

def new_certificate(place):
    """For new connections; one that is open goes on."""
    ingestd = place.start()
    first = place.served()
    body = encode(event(1))
    kept = http.client.HTTPSConnection("localhost", ingestd.endpoint()[1], timeout=LIMIT_S,
                                       context=place.trusting())

    def status():
        kept.request("POST", "/hub", body, sign_hmac(body))
        reply = kept.getresponse()
        reply.read()
        return reply.status
    assert status() == 202
    local = kept.sock.getsockname()
    place.certificate("server", "localhost")
    place.reload("ok")
    assert place.served() != first
    assert status() == 202 and kept.sock.getsockname() == local, "the connection was dropped"
    kept.close()


def broken_certificate(place):
    place.start()
    first = place.served()
    with open(place.path("server.pem"), "w", encoding="ascii") as broken:
        broken.write("-----BEGIN CERTIFICATE-----\nnonsense\n")
    place.reload("failed")
    assert place.served() == first and place.post() == 202


def reload_storm(place):
    """Fifty reloads while events come: each gets its 202."""
    ingestd = place.start()
    for number in range(50):
        ingestd.process.send_signal(signal.SIGHUP)
        assert place.post() == 202, number
    assert ingestd.process.poll() is None


# -- start and stop --------------------------------------------------------------------------------

def systemd(place):
    """What the manager is told, and when."""
    manager = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
    place.stack.callback(manager.close)
    manager.settimeout(LIMIT_S)
    manager.bind(place.path("notify"))
    ingestd = place.make(env={"NOTIFY_SOCKET": place.path("notify")}).start()
    assert manager.recv(4096).decode().strip() == "READY=1"
    place.reload("ok")
    assert manager.recv(4096).decode().startswith("RELOADING=1")
    assert manager.recv(4096).decode().strip() == "READY=1"
    ingestd.stop()
    assert manager.recv(4096).decode().strip() == "STOPPING=1"


def stop_in_time(place):
    """With a handshake, a half request and a hanging sink under way."""
    sink = Sink(lambda delivery: sink.hang() or 200)
    place.stack.callback(sink.close)
    ingestd = place.start(sink=sink, change=lambda c: c["sinks"]["crm"].update(timeout="10m"))
    assert place.post() == 202
    wait_for("a delivery", lambda: ingestd.status()["sinks"][0]["in_flight"])
    handshake = ingestd.connect()
    handshake.sendall(b"\x16\x03\x01")
    request = place.trusting().wrap_socket(ingestd.connect(), server_hostname="localhost")
    request.sendall(b"POST /hub HTTP/1.1\r\n")
    begun = time.monotonic()
    ingestd.stop()
    assert time.monotonic() - begun < STOP_S + LIMIT_S / 6, "more than it promises"
    handshake.close()
    request.close()
    ingestd.start()  # the delivery is done again
    assert ingestd.status()["delivery"]["depth"] == 1


def fails_to_start(place, change, *words):
    """It says why and ends, within the time, with 1 or 3."""
    ingestd = place.make(change)
    done = subprocess.run([OPTIONS.ingestd, "--config", ingestd.path("ingestd.yaml")],
                          capture_output=True, text=True, timeout=LIMIT_S)
    assert done.returncode in (1, 3), done
    for word in words:
        assert word in done.stderr, (word, done.stderr)
    assert "ERROR: AddressSanitizer" not in done.stderr, done.stderr


def bad_starts(place):
    taken = socket.socket()
    place.stack.callback(taken.close)
    taken.bind(("127.0.0.1", 0))
    taken.listen()
    port = taken.getsockname()[1]
    fails_to_start(place, lambda c: c["listen"].update(address=f"127.0.0.1:{port}"), str(port))
    fails_to_start(place, lambda c: c["admin"].update(address=f"127.0.0.1:{port}"), str(port))
    fails_to_start(place, lambda c: c["listen"].update(certificate=place.path("none")), "none")
    fails_to_start(place, lambda c: c["listen"].update(key=place.path("ca.key")), "ca.key")
    fails_to_start(place, lambda c: c["sources"]["hub"]["keys"].update(k2=place.path("no-key")),
                   "no-key")
    fails_to_start(place, lambda c: c.update(data="/proc/nowhere"), "/proc/nowhere")
    fails_to_start(place, lambda c: c["sinks"]["crm"].update(path="/proc/nowhere/e"),
                   "/proc/nowhere")
    with open(place.path("short"), "w", encoding="ascii") as short:
        short.write("short\n")
    os.chmod(place.path("short"), 0o600)
    fails_to_start(place, lambda c: c["admin"].update(token_file=place.path("short")), "token")


def check_config(place):
    """Finds what a start would stumble over, without starting; 0 or 3."""
    ingestd = place.make()

    def check():
        return subprocess.run([OPTIONS.ingestd, "check-config", ingestd.path("ingestd.yaml")],
                              capture_output=True, text=True, timeout=LIMIT_S)
    done = check()
    assert done.returncode == 0, done
    for section, key in (("listen", "certificate"), ("listen", "key"), ("admin", "token_file")):
        kept = ingestd.config[section][key]
        ingestd.config[section][key] = place.path("missing-file")
        ingestd.write_config()
        done = check()
        assert done.returncode == 3 and "missing-file" in done.stdout + done.stderr, done
        ingestd.config[section][key] = kept
    ingestd.config["sorces"] = {}
    ingestd.write_config()
    done = check()
    assert done.returncode == 3 and "sources" in done.stdout + done.stderr, done
    assert not os.path.exists(ingestd.data), "it made the data folder"


CASES = [good_client, old_protocols, client_certificates, half_closed, new_certificate,
         broken_certificate, reload_storm, systemd, stop_in_time, bad_starts, check_config]


@contextlib.contextmanager
def make():
    with tempfile.TemporaryDirectory() as folder:
        place = Place(folder)
        with place.stack:
            yield place


def main():
    global OPTIONS
    parser = argparse.ArgumentParser()
    parser.add_argument("--ingestd", default="build/ingestd")
    parser.add_argument("--only", default="")
    OPTIONS = parser.parse_args()
    return run([(case.__name__, case) for case in CASES if OPTIONS.only in case.__name__], make)


if __name__ == "__main__":
    sys.exit(main())
