#!/usr/bin/env python3
"""The program and its listener: TLS, client certificates, reload, stop, systemd, bad starts.

  tls.py [--ingestd FILE] [--only TEXT]
"""
import contextlib
import http.client
import os
import shutil
import signal
import socket
import sqlite3
import ssl
import subprocess
import sys
import time
import warnings

from harness import (HUB, LIMIT_S, OPTIONS, Ingestd, Key, Sink, encode, event, main, receive_all,
                     sign_hmac, wait_for)

STOP_S = 10  # what ingestd promises of a stop


def openssl(*arguments):
    subprocess.run(["openssl", *arguments], check=True, capture_output=True)


def request_bytes(body, *lines):
    """A whole signed request, as it goes over the wire."""
    head = ["POST /hub HTTP/1.1", "Host: a", f"Content-Length: {len(body)}",
            f"{HUB}: {sign_hmac(body)[HUB]}", *lines]
    return "\r\n".join([*head, "", ""]).encode() + body


class Place:
    """A CA of its own, certificates by it, and ingestd with TLS."""

    def __init__(self, folder):
        self.folder, self.stack, self.ingestd = folder, contextlib.ExitStack(), None
        self.authority("ca")
        self.certificate("server", "localhost")

    def path(self, name):
        return os.path.join(self.folder, name)

    def write(self, name, text, mode=0o600):
        with open(self.path(name), "w", encoding="ascii") as out:
            out.write(text)
        os.chmod(self.path(name), mode)
        return self.path(name)

    def authority(self, name):
        openssl("req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1",
                "-nodes", "-days", "2", "-subj", "/CN=" + name, "-keyout", self.path(name + ".key"),
                "-out", self.path(name + ".pem"))

    def certificate(self, name, host, authority="ca", subject=None, extensions=""):
        openssl("req", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes",
                "-subj", "/CN=" + (subject or host), "-keyout", self.path(name + ".key"),
                "-out", self.path(name + ".csr"))
        self.write(name + ".ext", f"subjectAltName=DNS:{host}\n{extensions}")
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

    def post(self, client=None, path="/hub", headers=None, number=1):
        """The status of one event's POST by TLS."""
        body = encode(event(number))
        connection = http.client.HTTPConnection(*self.ingestd.endpoint())
        connection.sock = self.handshaken(client)  # no machine need know what "localhost" is
        try:
            connection.request("POST", path, body,
                               sign_hmac(body) if headers is None else headers)
            return connection.getresponse().status
        finally:
            connection.close()

    def served(self):
        """The certificate that a new connection is shown, as bytes."""
        with self.handshaken() as connection:
            return connection.getpeercert(binary_form=True)

    def handshaken(self, client=None):
        """A connection by TLS on which nothing was said yet."""
        return self.trusting(client).wrap_socket(self.ingestd.connect(),
                                                 server_hostname="localhost")

    def stored(self):
        return self.ingestd.status()["queue"]["last_position"]

    def reload(self, result):
        """SIGHUP, and waits until it is counted as "ok" or "failed"."""
        name = f'ingestd_reloads_total{{result="{result}"}}'
        before = self.ingestd.metrics().get(name, 0)
        self.ingestd.process.send_signal(signal.SIGHUP)
        wait_for("the reload", lambda: self.ingestd.metrics().get(name, 0) > before)


class Spoken:
    """TLS over a socket by hand: Python's SSLSocket cannot say close_notify and go on reading."""

    def __init__(self, context, raw):
        self.raw, self.incoming, self.outgoing = raw, ssl.MemoryBIO(), ssl.MemoryBIO()
        self.tls = context.wrap_bio(self.incoming, self.outgoing, server_hostname="localhost")
        while not self.does(self.tls.do_handshake):
            self.incoming.write(raw.recv(65536))

    def does(self, act):
        """False: it wants to read first."""
        try:
            act()
            return True
        except ssl.SSLWantReadError:
            return False
        finally:
            self.raw.sendall(self.outgoing.read())

    def sendall(self, data):
        assert self.does(lambda: self.tls.write(data))

    def say_end(self):
        self.does(self.tls.unwrap)
        self.raw.shutdown(socket.SHUT_WR)

    def recv(self, size):
        while True:
            try:
                return self.tls.read(size)
            except ssl.SSLWantReadError:
                got = self.raw.recv(65536)
                if not got:
                    return b""
                self.incoming.write(got)
            except ssl.SSLError:
                return b""


# -- TLS -------------------------------------------------------------------------------------------

def good_client(place):
    place.start()
    assert place.post() == 202


def alert_of(context, place):
    """What the server's alert says; "" when it takes the connection."""
    try:
        with context.wrap_socket(place.ingestd.connect(), server_hostname="localhost"):
            return ""
    except ssl.SSLError as problem:
        return problem.reason or str(problem)


def old_protocols(place):
    """The server itself refuses them: its alert is what the client fails with."""
    place.start()
    warnings.simplefilter("ignore", DeprecationWarning)  # of the old protocols, which is the point
    for version in (ssl.TLSVersion.TLSv1, ssl.TLSVersion.TLSv1_1):
        context = place.trusting()
        context.set_ciphers("ALL:@SECLEVEL=0")
        context.minimum_version = context.maximum_version = version
        assert alert_of(context, place) == "TLSV1_ALERT_PROTOCOL_VERSION", version
    for version in (ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3):
        context = place.trusting()
        context.minimum_version = context.maximum_version = version
        assert alert_of(context, place) == "", version
    for ciphers in ("ECDHE-ECDSA-AES128-SHA256", "ECDHE-ECDSA-AES256-SHA", "AES128-GCM-SHA256"):
        context = place.trusting()
        context.maximum_version = ssl.TLSVersion.TLSv1_2
        context.set_ciphers(ciphers + ":@SECLEVEL=0")
        assert alert_of(context, place) == "SSLV3_ALERT_HANDSHAKE_FAILURE", ciphers
    assert place.post() == 202


def noise(place):
    """Plain HTTP on the TLS port, and bytes of no protocol: closed, counted, and others go on."""
    place.start()
    for said in (request_bytes(encode(event(1))), os.urandom(3000), b"\x16\x03\x01\x00\x00" * 50,
                 b"\x15\x03\x03\x00\x02\x02\x28"):
        assert b"HTTP/1.1" not in place.ingestd.raw(said), said[:20]
    assert place.stored() == 0
    assert place.post() == 202


def peers(place):
    """What makes a source of the CRM's certificate."""
    def change(config):
        config["listen"]["client_ca"] = place.path("ca.pem")
        config["sources"]["peer"] = {"path": "/peer", "scheme": "mtls",
                                     "keys": {"crm": "crm.example"}}
    return change


def client_certificates(place):
    place.certificate("crm", "crm.example")
    place.certificate("by-dns-name", "crm.example", subject="a7")
    place.certificate("other", "other.example")
    place.certificate("longer", "crm.example.evil.example")
    place.certificate("wildcard", "*.example")
    place.start(peers(place))
    assert place.post("crm", "/peer", {}) == 202
    assert place.post("by-dns-name", "/peer", {}) == 202
    before = place.stored()
    for client in (None, "other", "longer", "wildcard"):
        assert place.post(client, "/peer", {}) == 401, client
        assert place.post(client, "/peer") == 401, f"{client}: a signature is no certificate"
    assert place.post("crm", "/hub", {}) == 401, "a certificate is no signature"
    assert place.stored() == before
    assert place.post(None, "/hub") == 202


def strange_certificates(place):
    """Refused by the handshake already, whatever the path, and nothing is stored: another CA's, one
    that signed itself, one for servers only."""
    place.authority("another-ca")
    place.certificate("stranger", "crm.example", authority="another-ca")
    place.authority("crm.example")  # signed by itself
    place.certificate("server-only", "crm.example", extensions="extendedKeyUsage=serverAuth\n")
    place.certificate("crm", "crm.example")
    place.start(peers(place))
    for client in ("stranger", "crm.example", "server-only"):
        for path in ("/peer", "/hub"):
            try:
                status = place.post(client, path)
            except (ssl.SSLError, ConnectionError):
                continue
            raise AssertionError(f"{client} was answered {status} at {path}")
    assert place.stored() == 0
    assert place.post("crm", "/peer", {}) == 202


def resumed(place):
    """A session does not outlive the CA that it rests upon: after the reload the ticket is void."""
    for version in (ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3):
        place.authority("ca")
        place.certificate("server", "localhost")
        place.certificate("crm", "crm.example")
        context = place.trusting("crm")
        context.minimum_version = context.maximum_version = version
        with place.make(peers(place)) as ingestd:
            status, session, _ = ask(place, context)
            assert status == b"202" and ask(place, context, session)[::2] == (b"202", True), version
            place.authority("next-ca")
            ingestd.config["listen"]["client_ca"] = place.path("next-ca.pem")
            ingestd.write_config()
            place.reload("ok")
            try:
                status, _, again = ask(place, context, session)
            except (ssl.SSLError, ConnectionError):
                continue  # the handshake refused it
            assert not again and status != b"202", (version, status, again)


def ask(place, context, session=None):
    """(status, session, whether the given one was resumed) of a POST by a client certificate."""
    with context.wrap_socket(place.ingestd.connect(), server_hostname="localhost",
                             session=session) as connection:
        body = encode(event(1))
        connection.sendall(request_bytes(body, "Connection: close").replace(b"/hub", b"/peer", 1))
        reply = receive_all(connection)
        return reply[9:12], connection.session, connection.session_reused


def half_close(place, connection, close):
    """Sends a request, and `close`s its own direction while the store is held: the 202 comes."""
    ingestd = place.ingestd
    store = sqlite3.connect(os.path.join(ingestd.data, "queue.db"), isolation_level=None)
    before = ingestd.metrics().get('ingestd_received_requests_total{source="hub"}', 0)
    store.execute("BEGIN IMMEDIATE")
    try:
        connection.sendall(request_bytes(encode(event(1))))
        wait_for("the request", lambda: ingestd.metrics().get(
            'ingestd_received_requests_total{source="hub"}', 0) > before)
        close(connection)
        for _ in range(3):
            ingestd.status()  # time enough to notice, though nothing says so
    finally:
        store.execute("ROLLBACK")
        store.close()
    try:
        reply = receive_all(connection)
    except ssl.SSLError as problem:
        reply = str(problem)
    assert reply[:13] == b"HTTP/1.1 202 ", reply[:60] or "closed without a reply"


def shut_write(connection):
    """The socket's own half close: an SSLSocket's shutdown() would forget about TLS."""
    socket.socket.shutdown(connection, socket.SHUT_WR)


def half_closed(place):
    """A sender that says it has no more to say still gets its answer."""
    place.start(lambda c: c.update(listen={"address": "127.0.0.1:0", "plaintext": True}))
    with place.ingestd.connect() as connection:
        half_close(place, connection, shut_write)


def half_closed_tls(place):
    """The same by TLS, by its own word for it (close_notify), then the socket's."""
    place.start()
    with place.ingestd.connect() as raw:
        half_close(place, Spoken(place.trusting(), raw), Spoken.say_end)


def half_closed_socket_under_tls(place):
    """The same by a sender that leaves out close_notify, as many do."""
    place.start()
    with place.handshaken() as connection:
        half_close(place, connection, shut_write)


# -- reload ----------------------------------------------------------------------------------------

def new_certificate(place):
    """For new connections; one that is open goes on."""
    place.start()
    first = place.served()
    with place.handshaken() as kept:
        def answered():
            kept.sendall(request_bytes(encode(event(1))))
            return kept.recv(4096).startswith(b"HTTP/1.1 202 ")
        assert answered()
        place.certificate("server", "localhost")
        place.reload("ok")
        assert place.served() != first
        assert answered(), "the connection was dropped"


def broken_certificate(place):
    """Whatever is wrong with a file at a reload: the log names it, all goes on as before, and a
    reload with good files heals it."""
    ingestd = place.start()
    first = place.served()
    kept = place.handshaken()
    with open(place.path("server.pem"), encoding="ascii") as pem:
        good = pem.read()
    place.certificate("another", "localhost")
    with open(place.path("another.pem"), encoding="ascii") as pem:
        of_another_key = pem.read()
    for wrong in ("-----BEGIN CERTIFICATE-----\nnonsense\n", "", good[:len(good) // 2],
                  of_another_key, None):
        if wrong is None:
            os.unlink(place.path("server.pem"))
        else:
            place.write("server.pem", wrong)
        said = ingestd.log().count("event=reload-failed")
        place.reload("failed")
        lines = wait_for("the log", lambda: ingestd.log().split("event=reload-failed")[said + 1:])
        assert place.path("server.") in lines[0], lines  # of a pair that does not fit, the key's
        assert place.served() == first and place.post() == 202
    kept.sendall(request_bytes(encode(event(1)), "Connection: close"))
    assert receive_all(kept).startswith(b"HTTP/1.1 202 "), "the open connection did not go on"
    kept.close()
    place.certificate("server", "localhost")
    place.reload("ok")
    assert place.served() != first and place.post() == 202


def broken_others(place):
    """The same of the key, the CA and a signature key: not even the good ones of the new files are
    taken."""
    place.certificate("crm", "crm.example")
    ingestd = place.start(peers(place))
    first, trusting = place.served(), place.trusting("crm")
    for name in ("server.key", "ca.pem"):
        place.write(name, "")
        ingestd.write("hmac.secret", b"a secret that must not be taken!")
        place.reload("failed")
        with trusting.wrap_socket(ingestd.connect(), server_hostname="localhost") as connection:
            assert connection.getpeercert(binary_form=True) == first
            connection.sendall(request_bytes(encode(event(1)), "Connection: close"))
            assert receive_all(connection).startswith(b"HTTP/1.1 202 "), name
        assert ask(place, trusting)[0] == b"202", name
        place.authority("ca")
        place.certificate("server", "localhost")
        place.certificate("crm", "crm.example")
    ingestd.write("hmac.secret", b"")
    place.reload("failed")
    with trusting.wrap_socket(ingestd.connect(), server_hostname="localhost") as connection:
        assert connection.getpeercert(binary_form=True) == first, "a certificate beside a bad key"


def reload_storm(place):
    """Fifty reloads while events come: each gets its 202."""
    ingestd = place.start()
    for number in range(50):
        ingestd.process.send_signal(signal.SIGHUP)
        assert place.post() == 202, number
    assert ingestd.process.poll() is None


# -- start and stop --------------------------------------------------------------------------------

class Manager:
    """What systemd is to ingestd: a datagram socket that is told how it goes."""

    def __init__(self, place, address):
        self.socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        place.stack.callback(self.socket.close)
        self.socket.settimeout(LIMIT_S)
        self.socket.bind(address.replace("@", "\0", 1))
        self.env = {"NOTIFY_SOCKET": address}

    def told(self):
        return self.socket.recv(4096).decode().split("\n")

    def rest(self):
        """What it was told besides, without waiting for more."""
        messages = []
        self.socket.setblocking(False)
        try:
            while True:
                messages.append(self.told())
        except BlockingIOError:
            return messages


def told_reload(manager, begun_us):
    """RELOADING=1 with the time that systemd wants with it, then READY=1."""
    first, clock = manager.told()
    name, _, at_us = clock.partition("=")
    assert (first, name) == ("RELOADING=1", "MONOTONIC_USEC"), (first, clock)
    assert begun_us <= int(at_us) <= time.monotonic_ns() // 1000, (begun_us, clock)
    assert manager.told() == ["READY=1"]


def systemd(place):
    """What the manager is told, and when; a reload that fails ends with READY=1 too."""
    for address in (place.path("notify"), f"@ingestd-test-{os.getpid()}"):
        place.certificate("server", "localhost")
        manager = Manager(place, address)
        ingestd = place.make(env=manager.env).start(wait=False)
        assert manager.told() == ["READY=1"]
        ingestd.address = ingestd.announced("listening ")  # said before: it listens when ready
        ingestd.admin_address = ingestd.announced("admin ")
        assert place.post() == 202
        for result in ("ok", "failed"):
            begun_us = time.monotonic_ns() // 1000
            place.reload(result)
            told_reload(manager, begun_us)
            place.write("server.pem", "")
        ingestd.stop()
        assert manager.told() == ["STOPPING=1"]
        assert manager.rest() == []


def unit_is_valid(place):
    """The unit that is installed, as systemd reads it, with this program in place of the installed
    one: it has nothing to say of it."""
    with open(os.path.join(os.path.dirname(__file__), "..", "..", "ingest", "ingestd.service"),
              encoding="ascii") as unit:
        text = unit.read().replace("/usr/bin/ingestd", os.path.abspath(OPTIONS.ingestd))
    path = place.write("ingestd.service", text, 0o644)
    done = subprocess.run(["systemd-analyze", "verify", "--man=no", path], text=True,
                          capture_output=True, timeout=LIMIT_S)
    said = [line for line in (done.stdout + done.stderr).splitlines() if "ingestd" in line]
    assert done.returncode == 0 and not said, (done.returncode, said or done.stderr)


def systemd_failed_start(place):
    """Who never was ready never says so; a manager that cannot be reached hinders nobody."""
    manager = Manager(place, place.path("notify"))
    ingestd = place.make(lambda c: c["listen"].update(certificate=place.path("none")),
                         env=manager.env).start(wait=False)
    assert ingestd.process.wait(LIMIT_S) in (1, 3)
    ingestd.process.stdout.close()
    assert ["READY=1"] not in manager.rest()
    for address in (place.path("nobody"), "relative", "", "/" + "x" * 200):
        with place.make(env={"NOTIFY_SOCKET": address}):
            place.reload("ok")
            assert place.post() == 202


def stops(place, number=signal.SIGTERM):
    """The seconds that it took to end with 0, all told."""
    begun = time.monotonic()
    place.ingestd.process.send_signal(number)
    code = place.ingestd.process.wait(LIMIT_S)
    took = time.monotonic() - begun
    place.ingestd.process.stdout.close()
    log = place.ingestd.log()
    assert code == 0 and "level=error" not in log, (code, log[-2000:])
    assert took < STOP_S, f"{took:.1f} s"
    return took


def closed(connection):
    """The other side closed, with or without a word."""
    try:
        return receive_all(connection) is not None
    except ssl.SSLError:
        return True


def client_hello(place):
    """The first message of a handshake, as a client sends it."""
    incoming, outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
    try:
        place.trusting().wrap_bio(incoming, outgoing, server_hostname="localhost").do_handshake()
    except ssl.SSLWantReadError:
        return outgoing.read()


def stop_in_handshake(place):
    """At each point of it: nothing said, half a hello, a whole one whose answer is not taken up."""
    ingestd = place.make(lambda c: c.update(limits={"handshake": "5m"})).start()
    hello = client_hello(place)
    raw = [ingestd.connect() for _ in range(3)]
    raw[1].sendall(hello[:len(hello) // 2])
    raw[2].sendall(hello)
    assert raw[2].recv(1)  # the server's part of the handshake
    wait_for("all of them", lambda: ingestd.status()["connections"] == 3)
    stops(place)
    assert all(closed(connection) for connection in raw)
    for connection in raw:
        connection.close()


def refuses(place):
    try:
        place.handshaken().close()
        return False
    except OSError:
        return True


def stop_in_request(place):
    """What is half sent may be ended and is answered; what is never ended is given up; nobody new
    is let in."""
    manager = Manager(place, place.path("notify"))
    ingestd = place.make(env=manager.env).start()
    assert manager.told() == ["READY=1"]
    idle, never, ended = (place.handshaken() for _ in range(3))
    whole = request_bytes(encode(event(1)), "Expect: 100-continue")
    ended.sendall(whole[:-9])
    assert ended.recv(4096) == b"HTTP/1.1 100 Continue\r\n\r\n"  # so its head was read
    never.sendall(whole[:-9])
    assert never.recv(4096).startswith(b"HTTP/1.1 100 ")
    ingestd.process.send_signal(signal.SIGTERM)
    assert manager.told() == ["STOPPING=1"]
    ended.sendall(whole[-9:])
    reply = receive_all(ended)
    assert reply.startswith(b"HTTP/1.1 202 ") and b"\r\nConnection: close\r\n" in reply, reply
    assert closed(idle)
    wait_for("nobody new to be let in", lambda: refuses(place))
    stops(place)
    assert b"202" not in receive_all(never)
    for connection in (idle, never, ended):
        connection.close()
    with place.make():
        place.ingestd.settled()
        assert len(place.ingestd.delivered()) == 1


def stop_with_all(place):
    """A handshake, a half request and a hanging sink: their times do not add up past the limit."""
    sink = Sink(lambda delivery: sink.hang() or 200)
    place.stack.callback(sink.close)
    ingestd = place.make(sink=sink, change=lambda c: c["sinks"]["crm"].update(
        timeout="10m")).start()
    assert place.post() == 202
    wait_for("a delivery", lambda: ingestd.status()["sinks"][0]["in_flight"])
    with ingestd.connect() as handshake, place.handshaken() as request:
        handshake.sendall(b"\x16\x03\x01")
        request.sendall(b"POST /hub HTTP/1.1\r\n")
        stops(place)


def stop_with_stuck_admin(place):
    """Half a call on the admin listener, and one that does not read its reply."""
    ingestd = place.make().start()
    half, deaf = (socket.create_connection(ingestd.endpoint(ingestd.admin_address), LIMIT_S)
                  for _ in range(2))
    half.sendall(b"GET /healthz HTT")
    deaf.sendall(b"GET /healthz HTTP/1.1\r\nHost: a\r\n\r\n" * 2000)
    assert ingestd.admin("GET", "/healthz")[0] == 200
    stops(place)
    half.close()
    deaf.close()


def stop_with_hanging_sink(place):
    """Cut off within the time; what was not delivered is delivered by the next start, as is what
    came behind it."""
    for number in (signal.SIGTERM, signal.SIGINT):
        sink = Sink(lambda delivery: sink.hang() or 200)
        ingestd = place.make(sink=sink, change=lambda c: c["sinks"]["crm"].update(
            timeout="10m")).start()
        for n in range(20):
            assert place.post(number=n) == 202
        wait_for("a delivery", lambda: ingestd.status()["sinks"][0]["in_flight"])
        stops(place, number)
        sink.close()
        sink = Sink()
        with place.make(sink=sink) as ingestd:
            ingestd.settled()
            assert sorted(sink.numbers()) == [*range(20)], sink.numbers()
            assert ingestd.status()["dead_letters"]["count"] == 0
        sink.close()
        shutil.rmtree(ingestd.data)


def stop_at_once(place):
    """A stop straight after the start, in the middle of reloads, and asked for more than once."""
    for signals in ((signal.SIGTERM,), (signal.SIGHUP, signal.SIGTERM),
                    (signal.SIGTERM, signal.SIGTERM, signal.SIGINT, signal.SIGHUP)):
        ingestd = place.make().start()
        for number in signals[:-1]:
            ingestd.process.send_signal(number)
        stops(place, signals[-1])


def program(*arguments):
    """ingestd run to its end, without a terminal to ask at."""
    return subprocess.run([OPTIONS.ingestd, *arguments], stdin=subprocess.DEVNULL, text=True,
                          capture_output=True, timeout=LIMIT_S)


def fails_to_start(place, code, change, *words):
    """It says why, in one line of its own, and ends with that code; it listens nowhere."""
    done = program("--config", place.make(change).path("ingestd.yaml"))
    lines = [line for line in done.stderr.splitlines() if line.startswith("ingestd: error: ")]
    assert done.returncode == code and len(lines) == 1 and not done.stdout, done
    for word in words:
        assert word in lines[0], (word, lines)


def taken_port(place):
    """By another program, by one that shares ports, by another ingestd: 1, with the address and
    the reason; by its own other listener: 3."""
    why = "Address already in use"
    for shares in (False, True):
        taken = socket.socket()
        place.stack.callback(taken.close)
        taken.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, shares)
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        address = f"127.0.0.1:{taken.getsockname()[1]}"
        fails_to_start(place, 1, lambda c: c["listen"].update(address=address), address, why)
        fails_to_start(place, 1, lambda c: c["admin"].update(address=address), address, why)
    taken.close()
    done = program("--config", place.make(lambda c: (
        c["listen"].update(address=address),
        c["admin"].update(address=address))).path("ingestd.yaml"))
    assert done.returncode == 3 and address in done.stderr, done
    fails_to_start(place, 1, lambda c: c["listen"].update(address="192.0.2.1:0"), "192.0.2.1:0",
                   "Cannot assign requested address")
    running = place.start()
    done = program("--config", running.path("ingestd.yaml"))
    assert done.returncode == 1, done  # its folder is in use

    def beside(config):
        config["data"] = place.path("other-data")
        config["sinks"]["crm"]["path"] = place.path("other-events")
    fails_to_start(place, 1, lambda c: (beside(c), c["listen"].update(address=running.address)),
                   running.address, why)
    fails_to_start(place, 1, lambda c: (beside(c), c["admin"].update(
        address=running.admin_address)), running.admin_address, why)
    place.ingestd = running
    assert place.post() == 202


def bad_paths(place):
    """What cannot be written: 1, with the path; a sink's folder that is not there, or a token too
    short: 3. Else it starts."""
    for path in ("/proc/nowhere", place.path("token") + "/under"):
        fails_to_start(place, 1, lambda c: c.update(data=path), path)
        fails_to_start(place, 3, lambda c: c["sinks"]["crm"].update(path=path + "/e"), path)
    short = place.write("short", "fifteen letters\n")
    fails_to_start(place, 3, lambda c: c["admin"].update(token_file=short), short,
                   "at least 16 bytes")
    with place.make():
        assert place.post() == 202


def broken_files(place):
    """(what is wrong, a change of the configuration that makes it so, words of the message): one of
    each kind of file that a configuration names, in each way that it can be wrong."""
    place.certificate("crm", "crm.example")
    key, ca = Key(place.folder, "signs"), place.path("ca.pem")
    protected = place.path("protected.key")
    openssl("pkey", "-in", place.path("server.key"), "-aes128", "-passout", "pass:secret", "-out",
            protected)
    with open(place.path("server.pem"), encoding="ascii") as pem:
        cut = place.write("cut.pem", pem.read()[:200])
    missing, garbage = place.path("missing"), place.write("garbage", "no PEM, but long enough\n")
    empty, huge = place.write("empty", ""), place.write("huge", "x" * (2 << 20))
    large = place.write("large", "x" * 20000)
    under = place.path("token") + "/file"
    unusable = (missing, place.folder, empty, under)

    def setting(section, name):
        return lambda value: lambda config: config[section].update({name: value})

    def secret(value):
        return lambda config: config["sources"]["hub"]["keys"].update(k2=value)

    def public(value):
        return lambda config: config["sources"].update(genesys={
            "path": "/g", "scheme": "genesys-signature", "keys": {"g1": value}})

    def api_key(value):
        return lambda config: config["sources"].update(api={
            "path": "/a", "scheme": "api-key", "keys": {"a1": value}})

    def sink(name):
        return lambda value: lambda config: config["sinks"].update(crm={
            "type": "http", "url": "https://127.0.0.1:1/", name: value})
    kinds = {
        "certificate": (setting("listen", "certificate"), (garbage, cut, place.path("server.key"))),
        "key": (setting("listen", "key"), (garbage, protected, place.path("ca.key"), ca)),
        "client_ca": (setting("listen", "client_ca"), (garbage, cut, place.path("ca.key"))),
        "admin token": (setting("admin", "token_file"), (
            place.write("short", "fifteen letters\n"), large, huge)),
        "secret": (secret, (ca, place.path("server.key"), huge)),
        "public key": (public, (garbage, key.private, ca, huge)),
        "API key": (api_key, (place.write("two-lines", "one line\nand another\n"), ca, huge)),
        "sink's CA": (sink("ca_file"), (garbage, place.path("server.key"))),
        "sink's token": (sink("token_file"), (large, huge, place.path("two-lines"))),
    }
    for kind, (change, wrong) in kinds.items():
        for path in (*unusable, *wrong):
            yield f"{kind}: {os.path.basename(path)}", change(path), path
    shown = place.write("open", "a secret that all can read\n", 0o644)
    for kind in ("admin token", "secret", "API key", "sink's token"):
        yield kind + ": for all to read", kinds[kind][0](shown), shown
    weak = place.write("weak", "15 bytes only..")
    for kind in ("admin token", "secret", "API key"):
        yield kind + ": too short", kinds[kind][0](weak), weak

    def file_sink(path):
        return lambda config: config["sinks"].update(crm={"type": "ndjson", "path": path})
    yield "sink's file: a folder", file_sink(place.folder), place.folder
    yield "sink's file: no folder", file_sink(missing + "/file"), missing
    yield "sink's file: a key", file_sink(place.path("server.key")), place.path("server.key")
    yield ("sink's file: within the data", file_sink(place.ingestd.data + "/queue.db"),
           place.ingestd.data)
    twice = os.path.join(os.path.dirname(place.folder), ".", os.path.basename(place.folder))
    yield ("sink's file: another's", lambda config: (
        config.update(default_sink="crm"),
        config["sinks"].update(crm={"type": "ndjson", "path": place.path("out")},
                               bi={"type": "ndjson", "path": twice + "/out"})), place.path("out"))
    yield "data: a file", lambda config: config.update(data=place.path("token")), place.path("token")


def check_config(place):
    """Finds what a start would stumble over, names the file, ends with 3, and makes nothing."""
    done = program("check-config", place.make().path("ingestd.yaml"))
    assert done.returncode == 0 and " is fine" in done.stdout and not done.stderr, done
    missed = []
    for what, change, path in broken_files(place):
        done = program("check-config", place.make(change).path("ingestd.yaml"))
        if done.returncode != 3 or path not in done.stderr or " is fine" in done.stdout:
            missed.append((what, done.returncode, done.stdout, done.stderr))
    assert not missed, "\n".join(map(str, missed))
    assert not os.path.exists(place.ingestd.data), "it made the data folder"


def start_refuses(place):
    """What check-config refuses, a start refuses too, and says which file it was."""
    missed = []
    for what, change, path in broken_files(place):
        ingestd = place.make(change).start(wait=False)
        if ingestd.process.stdout.readline():
            ingestd.kill()
            missed.append((what, "it started"))
            continue
        code = ingestd.process.wait(LIMIT_S)
        ingestd.process.stdout.close()
        said = ingestd.log().rpartition("ingestd: error: ")[2]
        if code not in (1, 3) or path not in said:
            missed.append((what, code, said))
    assert not missed, "\n".join(map(str, missed))


def bad_configuration(place):
    """Errors of the configuration itself; 3, and each with its place."""
    ingestd = place.make()
    path = ingestd.path("ingestd.yaml")
    ingestd.config["sorces"] = {}
    ingestd.write_config()
    for name, word in ((path, '"sources"'), (place.path("none.yaml"), ""), (place.folder, "")):
        for way in ("check-config", "--config"):
            done = program(way, name)
            said = done.stdout + done.stderr
            assert done.returncode == 3 and name + ":" in said and word in said, done


CASES = [good_client, old_protocols, noise, client_certificates, strange_certificates, resumed,
         half_closed, half_closed_tls, half_closed_socket_under_tls, new_certificate,
         broken_certificate, broken_others, reload_storm, systemd, systemd_failed_start,
         stop_in_handshake, stop_in_request, stop_with_stuck_admin, stop_with_hanging_sink,
         stop_with_all, stop_at_once, taken_port, bad_paths, check_config, start_refuses,
         bad_configuration]


if __name__ == "__main__":
    if shutil.which("systemd-analyze"):
        CASES.append(unit_is_valid)
    else:
        print("SKIP unit_is_valid: no systemd-analyze here")
    sys.exit(main(CASES, Place))
