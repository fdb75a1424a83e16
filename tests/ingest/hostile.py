#!/usr/bin/env python3
"""What bad input gets: nothing but its own error, and the next good event gets its 202.

  hostile.py [--ingestd FILE] [--only TEXT]

One ingestd for each case; each ends with a good event that must go all the way to the sink.
"""
import contextlib
import gzip
import os
import socket
import ssl
import subprocess
import sys
import threading
import time

import crowds
from harness import (HUB, LIMIT_S, OPTIONS, SIGNATURE, Ingestd, Key, Sink, encode, event, main,
                     receive_all, sign_hmac, wait_for)

DAY_S = 86400


class Place:
    """An ingestd with every kind of key; started by `start`, ended with the case."""

    def __init__(self, folder):
        self.folder = folder
        self.keys = {kind: Key(folder, kind, kind) for kind in ("p256", "rsa", "ed25519")}
        self.ingestd = None
        self.stack = contextlib.ExitStack()

    def start(self, change=None, sink=None):
        def sources(config):
            config["sources"]["genesys"] = {
                "path": "/events", "scheme": "genesys-signature",
                "keys": {name: key.public for name, key in self.keys.items()}}
            config["sources"]["key"] = {
                "path": "/key", "scheme": "api-key", "header": "X-Api-Key",
                "keys": {"now": self.ingestd_file("api.key", b"correct-horse-battery-staple")}}
            if change:
                change(config)
        self.ingestd = Ingestd(OPTIONS.ingestd, self.folder, sink=sink, change=sources)
        return self.stack.enter_context(self.ingestd)

    def ingestd_file(self, name, data):
        path = os.path.join(self.folder, name)
        with open(path, "wb") as out:
            os.fchmod(out.fileno(), 0o600)
            out.write(data)
        return path

    def still_good(self, number=777):
        """The next good event gets its 202, and is delivered."""
        self.ingestd.send(event(number))
        self.ingestd.settled()
        numbers = [line["event"]["sequenceNumber"] for line in self.ingestd.delivered()
                   if isinstance(line["event"], dict) and "sequenceNumber" in line["event"]]
        assert numbers.count(number) == 1, numbers


def refused(place, wanted, reason=None, **request):
    """The request gets that status, nothing is stored, and the reason is counted."""
    stored = place.ingestd.status()["queue"]["last_position"]
    status, _ = place.ingestd.post(**request)
    assert status == wanted, f"answered {status}, not {wanted}"
    assert place.ingestd.status()["queue"]["last_position"] == stored, "it was stored"
    if reason:
        counted = [value for name, value in place.ingestd.metrics().items()
                   if name.startswith("ingestd_signature_failures_total")
                   and f'reason="{reason}"' in name]
        assert counted and sum(counted) >= 1, f"{reason} is not counted"


# -- signatures ------------------------------------------------------------------------------------

def forged(place):
    place.start()
    body = encode(event(1))
    for kind, key in place.keys.items():
        other = encode(event(2))
        refused(place, 401, "signature", body=body, headers=key.sign(other), path="/events")
        status, _ = place.ingestd.post(body, key.sign(body), "/events")
        assert status == 202, f"{kind}: {status}"
    refused(place, 401, "signature", body=body, headers=sign_hmac(body, b"another secret!!"))
    refused(place, 401, body=body, headers={"X-Api-Key": "wrong"}, path="/key")
    refused(place, 401, "missing", body=body, headers={})
    refused(place, 401, "missing", body=body, headers={}, path="/events")
    place.still_good()


def old_and_future(place):
    place.start()
    body, key = encode(event(1)), place.keys["p256"]
    now = int(time.time())
    refused(place, 401, "expired", body=body, headers=key.sign(body, now - DAY_S), path="/events")
    refused(place, 401, "future", body=body, headers=key.sign(body, now + DAY_S), path="/events")
    refused(place, 401, "malformed", body=body, path="/events",
            headers=key.sign(body, at_s=0) | {SIGNATURE: "keyId=p256,alg=ecdsa-p256-sha256,t=-1,"
                                                         "sig=AAAA"})
    place.still_good()


def replayed(place):
    """The same signed request again within the tolerance is taken, and delivered once."""
    place.start()
    body = encode(event(1))
    headers = place.keys["ed25519"].sign(body)
    for _ in range(3):
        status, _ = place.ingestd.post(body, headers, "/events")
        assert status == 202, status
    place.still_good()
    assert place.ingestd.subscription()["duplicates"] == 2


def confused(place):
    place.start()
    body, keys = encode(event(1)), place.keys
    for headers in (keys["p256"].sign(body, algorithm="rsa-sha256"),
                    keys["rsa"].sign(body, key_id="p256"),
                    keys["rsa"].sign(body, algorithm="ed25519")):
        refused(place, 401, "algorithm", body=body, headers=headers, path="/events")
    for algorithm in ("none", "hmac-sha256", "HS256", "ECDSA-P256-SHA256"):
        refused(place, 401, "scheme", body=body, path="/events",
                headers=keys["p256"].sign(body, algorithm=algorithm))
    # The public key's own bytes as an HMAC secret.
    with open(keys["rsa"].public, "rb") as public:
        refused(place, 401, body=body, path="/events", headers=sign_hmac(body, public.read()))
    place.still_good()


def unknown_key(place):
    place.start()
    body = encode(event(1))
    refused(place, 401, "key", body=body, path="/events",
            headers=place.keys["p256"].sign(body, key_id="p999"))
    place.still_good()


def broken_header(place):
    place.start()
    body = encode(event(1))
    good = place.keys["p256"].sign(body)[SIGNATURE]
    for value in (good[:-20], good[:10], "", ",", "keyId=", good + ",sig=AAAA", good + "," + good,
                  good.replace("sig=", "sig=="), good.replace(",t=", ",t= "), "x" * 9000):
        refused(place, 401, body=body, path="/events", headers={SIGNATURE: value})
    twice = (f"POST /events HTTP/1.1\r\nHost: a\r\nContent-Length: {len(body)}\r\n"
             f"{SIGNATURE}: {good}\r\n{SIGNATURE}: {good}\r\nConnection: close\r\n\r\n").encode()
    reply = place.ingestd.raw(twice + body)
    assert reply.startswith(b"HTTP/1.1 401 "), reply[:60]
    place.still_good()


def too_many_failures(place):
    place.start(lambda config: config.update(limits={"failures_per_minute": 5}))
    body = encode(event(1))
    seen = [place.ingestd.post(body, sign_hmac(body, b"not the secret")) for _ in range(20)]
    codes = [status for status, _ in seen]
    assert codes[0] == 401 and set(codes) == {401, 429}, codes
    # A new minute may begin once meanwhile.
    assert codes.count(401) <= 12, codes
    assert seen[codes.index(429)][1]["Retry-After"], "no Retry-After"


def wrong_place(place):
    place.start(lambda config: config["sources"]["hub"].update(networks=["192.0.2.0/24"]))
    body = encode(event(1))
    refused(place, 401, "network", body=body)
    refused(place, 404, body=body, path="/nowhere")
    refused(place, 404, body=body, path="/events/")
    for method in ("GET", "PUT", "DELETE", "HEAD", "OPTIONS", "TRACE"):
        reply = place.ingestd.raw(f"{method} /events HTTP/1.1\r\nHost: a\r\n"
                                  "Connection: close\r\n\r\n".encode())
        assert reply.startswith((b"HTTP/1.1 405 ", b"HTTP/1.1 404 ")), (method, reply[:60])
        assert method != "GET" or b"Allow: POST" in reply, reply


# -- bodies ----------------------------------------------------------------------------------------

def quarantined(place):
    """Signed, but no JSON: taken, marked, and to be found among the dead letters."""
    place.start()
    bodies = [b"\x00\xff\xfe no json", b"", b"{", b'{"a":}', b"[" * 5000, b'{"a":' * 3000,
              b"null", b'"text"', b"17", gzip.compress(b'{"a": "' + b"0" * 5_000_000 + b'"}'),
              b'{"subscriptionId":"sub-1"', b"\xef\xbb\xbf{}x"]
    for body in bodies:
        status, _ = place.ingestd.post(body)
        assert status == 202, (body[:20], status)
    place.still_good()
    dead = place.ingestd.admin("GET", "/v1/dlq")[1]["dead_letters"]
    assert dead and all(letter["reason"] == "not-json" for letter in dead), dead
    alive = [line for line in place.ingestd.delivered() if line.get("quarantined")]
    assert len(dead) + len(alive) == len(bodies), (len(dead), len(alive))
    for letter in dead:
        whole = place.ingestd.admin("GET", f"/v1/dlq/{letter['id']}")[1]
        assert "body" in whole or "body_base64" in whole, whole


def encoded_body(place):
    """A compressed body is stored as it came and never unpacked."""
    place.start()
    bomb = gzip.compress(b"0" * 50_000_000)
    status, _ = place.ingestd.post(bomb, sign_hmac(bomb) | {"Content-Encoding": "gzip"})
    assert status == 202, status
    place.still_good()
    with open(f"/proc/{place.ingestd.process.pid}/status", encoding="ascii") as state:
        peak = [int(line.split()[1]) for line in state if line.startswith("VmHWM")][0]
    assert peak < 400_000, f"{peak} KiB"


def too_large(place):
    place.start()
    large = b'{"a":"' + b"0" * (1 << 20) + b'"}'
    refused(place, 413, body=large)
    reply = place.ingestd.raw(b"POST /hub HTTP/1.1\r\nHost: a\r\n"
                              b"Content-Length: 99999999999\r\n\r\n")
    assert reply.startswith(b"HTTP/1.1 413 "), reply[:60]
    status, _ = place.ingestd.post(b"[" + large + b"]")
    assert status == 202, f"a batch may be larger: {status}"
    place.still_good()


def framing(place):
    """Lengths that do not fit, and what two readers could split in two ways."""
    place.start()
    body = encode(event(1))
    mac = sign_hmac(body)[HUB]
    head = f"POST /hub HTTP/1.1\r\nHost: a\r\n{HUB}: {mac}\r\n"
    n = len(body)
    for lines in (f"Content-Length: {n}\r\nContent-Length: {n}\r\n",
                  f"Content-Length: {n}\r\nContent-Length: {n + 1}\r\n",
                  f"Content-Length: {n}, {n}\r\n", f"Content-Length: +{n}\r\n",
                  f"Content-Length: {n}\r\nTransfer-Encoding: chunked\r\n",
                  "Transfer-Encoding: chunked\r\nTransfer-Encoding: identity\r\n",
                  "Transfer-Encoding: gzip, chunked\r\n", "Transfer-Encoding : chunked\r\n",
                  f"Content-Length : {n}\r\n", f" Content-Length: {n}\r\n",
                  f"Content-Length: {n}\r\n folded: 1\r\n", f"Content-Length: {n}\n",
                  f"Content-Length: {n}\r\nA\x00B: 1\r\n", "Content-Length: 0x10\r\n",
                  f"Content-Length: {n}\r\nHost: b\r\n"):
        reply = place.ingestd.raw((head + lines + "\r\n").encode() + body)
        assert reply[9:12] in (b"400", b"501"), (lines, reply[:60])
        assert reply.count(b"HTTP/1.1 ") == 1, (lines, reply)
    # Too short: the sender hangs up in the middle. Nothing is stored, nobody waits.
    with place.ingestd.connect() as connection:
        connection.sendall((head + f"Content-Length: {n + 9}\r\n\r\n").encode() + body)
        connection.shutdown(socket.SHUT_WR)
        assert b"202" not in receive_all(connection)
    place.still_good()


def chunked(place):
    place.start()
    body = encode(event(1))
    pieces = [body[i:i + 7] for i in range(0, len(body), 7)]
    sent = b"".join(b"%x\r\n%s\r\n" % (len(piece), piece) for piece in pieces)
    head = (f"POST /hub HTTP/1.1\r\nHost: a\r\n{HUB}: {sign_hmac(body)[HUB]}\r\n"
            "Transfer-Encoding: chunked\r\nConnection: close\r\n\r\n").encode()
    reply = place.ingestd.raw(head + sent + b"0\r\nX-Trailer: dropped\r\n\r\n")
    assert reply.startswith(b"HTTP/1.1 202 "), reply[:60]
    for wrong in (b"-1\r\n", b"fffffffffffffffff\r\n", b"zz\r\n", b"5\r\nab", b"5;a=\r\nx\r\n" * 9):
        reply = place.ingestd.raw(head + wrong + b"\r\n\r\n" * 3)
        assert reply.startswith((b"HTTP/1.1 400 ", b"HTTP/1.1 413 ")), (wrong, reply[:60])
    place.still_good()


def header_floods(place):
    place.start()
    for lines in ("".join(f"x-{i}: 1\r\n" for i in range(65)), "x: " + "y" * 17000 + "\r\n",
                  "".join(f"x-{i}: {'y' * 200}\r\n" for i in range(5000))):
        reply = place.ingestd.raw(("POST /hub HTTP/1.1\r\nHost: a\r\n" + lines + "\r\n").encode())
        assert reply.startswith(b"HTTP/1.1 431 "), reply[:60]
    reply = place.ingestd.raw(b"POST /" + b"a" * 20000)
    assert reply.startswith(b"HTTP/1.1 431 "), reply[:60]
    place.still_good()


def strange_ids(place):
    place.start()
    ids = ["a\u0000b", "line\nbreak\r\n\x1b[2Jescape", "x" * 65536, "\u202eright-to-left",
           "\ud83d\ude00" * 100, "", " ", "'; DROP TABLE arrivals; --", "${HOME}", "../../etc"]
    for number, name in enumerate(ids):
        place.ingestd.send({"subscriptionId": "sub-1", "eventType": name,
                            "sequenceNumber": number, "payload": {"id": name}})
        place.ingestd.send({"subscriptionId": name, "eventType": "Interaction.Created",
                            "sequenceNumber": 1000 + number, "payload": {"id": f"int-{number}"}})
    place.still_good()
    events = [line["event"] for line in place.ingestd.delivered()]
    got = sorted(one["sequenceNumber"] for one in events)
    assert got == sorted([*range(len(ids)), *range(1000, 1000 + len(ids)), 777]), got
    assert "\x1b" not in place.ingestd.log(), "an escape code in the log"
    text = place.ingestd.admin("GET", "/metrics")[1]
    assert "\x1b" not in text and text.endswith("# EOF\n")


def ten_thousand(place):
    place.start()
    batch = [event(n, interaction=f"int-{n % 50}") for n in range(10000)]
    body = encode(batch)
    status, _ = place.ingestd.post(body)
    assert status == 202, status
    place.still_good(10001)
    numbers = [line["event"]["sequenceNumber"] for line in place.ingestd.delivered()]
    assert sorted(numbers) == [*range(10000), 10001], len(numbers)


# -- connections -----------------------------------------------------------------------------------

def drip(connection, data, every_s=0.05):
    """Sends byte by byte until the other side closes; returns how long that took."""
    begun = time.monotonic()
    connection.settimeout(every_s)
    position = 0
    while time.monotonic() - begun < LIMIT_S:
        try:
            if position < len(data):
                connection.send(data[position:position + 1])
                position += 1
            if connection.recv(1) == b"":
                return time.monotonic() - begun
        except TimeoutError:
            continue
        except OSError:
            return time.monotonic() - begun
    raise AssertionError("never closed")


def slow_drip(place):
    """Closed when the phase's time is over, however many bytes came: never before, soon after."""
    folder = place.folder
    subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt",
                    "ec_paramgen_curve:prime256v1", "-nodes", "-days", "2", "-subj",
                    "/CN=localhost", "-keyout", folder + "/tls.key", "-out", folder + "/tls.pem"],
                   check=True, capture_output=True)

    def tls(config):
        config["listen"] = {"address": "127.0.0.1:0", "certificate": folder + "/tls.pem",
                            "key": folder + "/tls.key"}
        config["limits"] = {"handshake": "700ms", "head": "800ms", "body": "900ms",
                            "idle": "1s"}
    ingestd = place.start(tls)
    trusting = ssl.create_default_context()
    trusting.check_hostname, trusting.verify_mode = False, ssl.CERT_NONE

    def closed_after(phase, least_s, act):
        # Promised is a second; test_ingest_reactor.c holds that by a clock of its own. This bound is
        # generous: it catches a deadline that each byte moves, not a slow machine.
        took = act()
        print(f"{phase}: closed {(took - least_s) * 1000:.0f} ms after its deadline")
        assert least_s * 0.9 <= took < least_s + 20, f"{took:.2f} s for {least_s} s"

    def handshake():
        with ingestd.connect() as raw:
            return drip(raw, b"\x16\x03\x01\x02\x00\x01" + b"\x00" * 10000)

    def inside(data):
        def act():
            with trusting.wrap_socket(ingestd.connect()) as connection:
                return drip(connection, data)
        return act

    closed_after("handshake", 0.7, handshake)
    closed_after("head", 0.8, inside(b"POST /hub HTTP/1.1\r\n" + b"X: " + b"y" * 5000))
    closed_after("idle", 1.0, inside(b""))
    begun = b"POST /hub HTTP/1.1\r\nHost: a\r\nContent-Length: 9000\r\n\r\n"

    def in_body():
        with trusting.wrap_socket(ingestd.connect()) as connection:
            connection.sendall(begun)
            return drip(connection, b" " * 9000)
    closed_after("body", 0.9, in_body)
    phases = {name for name in ingestd.metrics() if name.startswith("ingestd_deadline_closes")}
    assert len(phases) >= 4, phases
    connection = trusting.wrap_socket(ingestd.connect())
    body = encode(event(1))
    connection.sendall(f"POST /hub HTTP/1.1\r\nHost: a\r\nContent-Length: {len(body)}\r\n"
                       f"{HUB}: {sign_hmac(body)[HUB]}\r\nConnection: close\r\n\r\n".encode() + body)
    assert receive_all(connection).startswith(b"HTTP/1.1 202 ")
    connection.close()


def slow_body_rate(place):
    """Under the least rate, a body is given up before its deadline."""
    place.start(lambda config: config.update(limits={"body": "10m", "body_rate": "1KiB"}))
    with place.ingestd.connect() as connection:
        connection.sendall(b"POST /hub HTTP/1.1\r\nHost: a\r\nContent-Length: 90000\r\n\r\n")
        took = drip(connection, b" " * 90000)
    assert took >= 1.8, took
    place.still_good()


def idle_thousands(place):
    """A crowd that says nothing: within the limit it is borne, over it it is turned away."""
    place.start(lambda config: config.update(
        limits={"connections": 2000, "connections_per_address": 5000}))
    crowd = []
    try:
        for _ in range(2500):
            try:
                crowd.append(place.ingestd.connect())
            except OSError:
                break
        wait_for("the limit", lambda: place.ingestd.metrics().get(
            'ingestd_refused_requests_total{reason="connections"}', 0) >= 1)
        assert place.ingestd.status()["connections"] <= 2000
    finally:
        for connection in crowd:
            connection.close()
    wait_for("them to be gone", lambda: place.ingestd.status()["connections"] < 1900)
    place.still_good()


def per_address(place):
    place.start(lambda config: config.update(limits={"connections_per_address": 10}))
    crowd = [place.ingestd.connect() for _ in range(30)]
    wait_for("the limit", lambda: sum(
        value for name, value in place.ingestd.metrics().items()
        if name.startswith("ingestd_refused_requests_total")) >= 20)
    for connection in crowd:
        connection.close()
    wait_for("them to be gone", lambda: place.ingestd.status()["connections"] == 0)
    place.still_good()


# -- sinks -----------------------------------------------------------------------------------------

def poisoned(place):
    """A sink that answers 500 for one interaction only: its events die after three retries, in order,
    and no other waits for them: its second attempt is not answered before all others are delivered."""
    healthy, poison, waited = [n for n in range(30) if n % 10], [], threading.Event()

    def answer(delivery):
        if delivery["event"]["payload"]["id"] != "poison":
            return 200
        poison.append(delivery["event"]["sequenceNumber"])
        if len(poison) == 2:
            waited.wait(LIMIT_S)
        return 500
    sink = Sink(answer)
    ingestd = place.start(sink=sink, change=lambda c: c["sinks"]["crm"].update(
        retries=["1ms", "1ms", "1ms"], timeout="10m"))
    for n in range(30):  # so few that their number alone makes no second worker
        ingestd.send(event(n, interaction="poison" if n % 10 == 0 else f"int-{n % 7}"))
    wait_for("the healthy ones", lambda: len(sink.numbers()) >= len(healthy))
    assert len(poison) <= 2 and sorted(sink.numbers()) == healthy, (poison, sink.numbers())
    waited.set()
    ingestd.settled()
    assert poison == [0] * 4 + [10] * 4 + [20] * 4, poison
    letters = ingestd.admin("GET", "/v1/dlq")[1]["dead_letters"]
    assert [(l["reason"], l["attempts"]) for l in letters] == [("http-500", 4)] * 3, letters
    sink.close()


def hangs_resets_redirects(place):
    """Each costs attempts of its own event; a 202 does not wait for any of it."""
    def answer(delivery):
        kind = delivery["event"]["payload"]["id"].partition("-")[0]
        if kind == "hang":
            sink.hang()
        return {"reset": None, "redirect": (302, {"Location": sink.url}), "hang": 200}.get(kind, 200)
    sink = Sink(answer)
    ingestd = place.start(sink=sink, change=lambda c: c["sinks"]["crm"].update(
        timeout="300ms", breaker={"failures": 1000}))
    for n, kind in enumerate(("hang", "reset", "redirect", "good")):
        begun = time.monotonic()
        ingestd.send(event(n, interaction=f"{kind}-1"))
        assert time.monotonic() - begun < 5
    ingestd.settled()
    assert sink.numbers() == [3], sink.numbers()
    reasons = sorted(l["reason"] for l in ingestd.admin("GET", "/v1/dlq")[1]["dead_letters"])
    assert reasons == ["redirect", "reset", "timeout"], reasons
    sink.close()


def late_answer(place):
    """A 200 that comes after the timeout is no delivery, and is not taken for the answer to what is
    sent after it: the event goes out once more, with the same key, and that counts."""
    attempts, second = [], threading.Event()

    def answer(delivery):
        attempts.append(delivery["headers"]["idempotency-key"])
        if len(attempts) == 1:
            second.wait(LIMIT_S)  # so ingestd has given it up
            return 200
        second.set()
        return 500 if len(attempts) == 2 else 200
    sink = Sink(answer)
    ingestd = place.start(sink=sink, change=lambda c: c["sinks"]["crm"].update(
        timeout="1s", concurrency=1, retries=["20ms"] * 8))
    ingestd.send(event(1))
    ingestd.settled()
    wait_for("the late answer", lambda: len(sink.deliveries) >= 2)
    failures = ingestd.status()["sinks"][0]["failures"]
    state = ingestd.subscription()
    assert state["delivered"] == 1 and not state["dead_lettered"], state
    assert len(set(attempts)) == 1 and len(attempts) == failures + 1, (attempts, failures)
    assert failures >= 2 and len(sink.deliveries) == failures, failures  # one of them was the 500
    ingestd.send(event(1))
    ingestd.settled()
    assert ingestd.subscription()["duplicates"] == 1 and len(attempts) == failures + 1, attempts
    sink.close()


def sink_down(place):
    """A sink that is gone altogether opens its breaker: nothing dies, everything goes when it is
    back."""
    sink = Sink(lambda delivery: 500 if down else 200)
    down = True
    ingestd = place.start(sink=sink, change=lambda c: c["sinks"]["crm"].update(
        retries=["1h", "1h", "1h"], breaker={"failures": 5, "open": "100ms"}))
    for n in range(100):
        ingestd.send(event(n))
    wait_for("the breaker", lambda: ingestd.status()["sinks"][0]["breaker"] != "closed")
    depth = ingestd.status()["delivery"]["depth"]
    assert depth == 100, depth
    down = False
    # Those that failed once wait for an hour; all others go at once.
    wait_for("the others", lambda: len(sink.numbers()) >= 80)
    assert ingestd.status()["dead_letters"]["count"] == 0
    sink.close()


CASES = [forged, old_and_future, replayed, confused, unknown_key, broken_header, too_many_failures,
         wrong_place, quarantined, encoded_body, too_large, framing, chunked, header_floods,
         strange_ids, ten_thousand, slow_drip, slow_body_rate, idle_thousands, per_address,
         poisoned, hangs_resets_redirects, late_answer, sink_down, *crowds.CASES]


if __name__ == "__main__":
    sys.exit(main(CASES, Place))
