#!/usr/bin/env python3
"""The sandbox delivers: filters, batching, signatures, throttling, retries, health, triggers.

  delivery.py [--sandbox FILE] [--only TEXT]

The receivers are Python's; signatures are verified by the openssl command.
"""
import base64
import collections
import contextlib
import hashlib
import http.client
import http.server
import json
import os
import re
import signal
import ssl
import subprocess
import sys
import threading
import time

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(os.path.dirname(HERE), "ingest"))
# pylint: disable-next=wrong-import-position
from harness import LIMIT_S, OPTIONS, die_with_parent, main, wait_for

SUBSCRIPTIONS = "/api/v2/eventstreams/subscriptions"
TRIGGERS = "/api/v2/processautomation/triggers"
TOPIC = "v2.detail.events.conversation.{id}."
STEPS = 16  # sequence numbers of a conversation
WORKFLOW = "3f0c1b52-8a54-4d0e-9d1f-6a2f7c9e5b10"


# -- the receiver -----------------------------------------------------------------------------------

class Receiver:
    """Takes deliveries and remembers each request: headers (lower-case names), body, events, at.

    `answer(request)` decides: a status, or None to hang up without a word. It may wait.
    """

    def __init__(self, answer=lambda request: 202, tls=None):
        self.answer, self.requests, self.lock = answer, [], threading.Lock()
        self.ended, self.under_way, self.most = threading.Event(), 0, 0
        receiver = self

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"
            disable_nagle_algorithm = True

            def do_POST(self):
                body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
                document = json.loads(body)
                request = {"path": self.path, "body": body, "document": document,
                           "events": document if isinstance(document, list) else [document],
                           "headers": {k.lower(): v for k, v in self.headers.items()},
                           "at": time.monotonic()}
                with receiver.lock:
                    receiver.requests.append(request)
                    receiver.under_way += 1
                    receiver.most = max(receiver.most, receiver.under_way)
                status = receiver.answer(request)
                with receiver.lock:
                    receiver.under_way -= 1
                    request.update(status=status, answered=time.monotonic())
                self.close_connection = status is None
                if status is not None:
                    with contextlib.suppress(OSError):
                        self.send_response(status)
                        self.send_header("Content-Length", "0")
                        self.end_headers()

            def log_message(self, *_):
                pass

        class Server(http.server.ThreadingHTTPServer):
            daemon_threads = True
            request_queue_size = 128

            def handle_error(self, *_):
                pass  # who does not trust the certificate hangs up

        self.server = Server(("127.0.0.1", 0), Handler)
        if tls:
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            context.load_cert_chain(*tls)
            self.server.socket = context.wrap_socket(self.server.socket, server_side=True,
                                                     do_handshake_on_connect=False)
        self.scheme = "https" if tls else "http"
        threading.Thread(target=self.server.serve_forever, args=(0.05,), daemon=True).start()

    @property
    def url(self):
        return f"{self.scheme}://localhost:{self.server.server_port}/events"

    def events(self):
        """All that it answered with 2xx, in the order of their coming."""
        with self.lock:
            return [event for request in self.requests if 200 <= (request.get("status") or 0) < 300
                    for event in request["events"]]

    def hang(self):
        """For `answer`: waits until the receiver is closed."""
        self.ended.wait(LIMIT_S)

    def close(self):
        self.ended.set()
        self.server.shutdown()
        self.server.server_close()


def certificate(folder):
    """A self-signed certificate of localhost: (certificate, key)."""
    files = os.path.join(folder, "tls.pem"), os.path.join(folder, "tls.key")
    subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt",
                    "ec_paramgen_curve:prime256v1", "-nodes", "-days", "2", "-subj", "/CN=localhost",
                    "-addext", "subjectAltName=DNS:localhost", "-out", files[0], "-keyout",
                    files[1]], check=True, capture_output=True)
    return files


def pem_id(pem):
    der = base64.b64decode("".join(pem.strip().splitlines()[1:-1]))
    return hashlib.sha256(der).hexdigest()[:16]


def verify(folder, request, pem):
    """The signature is right for the body, by that key, and of this minute."""
    found = re.fullmatch(r"keyId=([0-9a-f]{16}),alg=ed25519,t=(\d+),sig=([A-Za-z0-9+/=]+)",
                         request["headers"]["x-genesys-signature"])
    assert found, request["headers"]
    key, at, signature = found.groups()
    assert key == pem_id(pem), (key, pem)
    assert abs(time.time() - int(at)) < 2 * LIMIT_S, at
    names = {}
    for name, data in (("key", pem.encode()), ("sig", base64.b64decode(signature)),
                       ("data", at.encode() + b"." + request["body"])):
        names[name] = os.path.join(folder, "verify." + name)
        with open(names[name], "wb") as out:
            out.write(data)
    subprocess.run(["openssl", "pkeyutl", "-verify", "-pubin", "-inkey", names["key"], "-rawin",
                    "-in", names["data"], "-sigfile", names["sig"]], check=True,
                   capture_output=True)


# -- the sandbox ------------------------------------------------------------------------------------

class Sandbox:
    def __init__(self, folder, *options):
        self.errors = os.path.join(folder, "sandbox.err")
        with open(self.errors, "ab") as errors:
            self.process = subprocess.Popen(
                [OPTIONS.sandbox, "--listen", "127.0.0.1:0", "--rate-limit", "0", *options],
                stdout=subprocess.PIPE, stderr=errors, preexec_fn=die_with_parent)
        line = self.process.stdout.readline().decode().strip()
        assert line.startswith("http://"), self.said()
        self.host, self.token = line[len("http://"):], None

    def said(self):
        with open(self.errors, encoding="utf-8", errors="replace") as errors:
            return errors.read()

    def __enter__(self):
        return self

    def __exit__(self, kind, *_):
        self.process.send_signal(signal.SIGTERM)
        self.process.wait(LIMIT_S)
        self.process.stdout.close()
        if kind is None or self.process.returncode:
            assert self.process.returncode == 0, self.said()

    def call(self, method, path, body=None, headers=None):
        """(status, JSON)"""
        connection = http.client.HTTPConnection(self.host, timeout=LIMIT_S)
        try:
            connection.request(method, path, None if body is None else json.dumps(body),
                               {"Content-Type": "application/json", **(headers or {})})
            reply = connection.getresponse()
            text = reply.read()
            return reply.status, json.loads(text) if text else None
        finally:
            connection.close()

    def control(self, method, name, body=None):
        status, reply = self.call(method, "/_sandbox/" + name, body)
        assert status in (200, 204), (status, reply)
        return reply

    def api(self, method, path, body=None):
        """As a client with a token."""
        if not self.token:
            pair = base64.b64encode(b"sandbox-client:sandbox-secret").decode()
            connection = http.client.HTTPConnection(self.host, timeout=LIMIT_S)
            connection.request("POST", "/oauth/token", "grant_type=client_credentials",
                               {"Authorization": "Basic " + pair,
                                "Content-Type": "application/x-www-form-urlencoded"})
            self.token = json.loads(connection.getresponse().read())["access_token"]
            connection.close()
        status, reply = self.call(method, path, body, {"Authorization": "Bearer " + self.token})
        assert status in (200, 204), (status, reply)
        return reply

    def subscribe(self, url, name="all", types=("*",), **more):
        """A new subscription; its id."""
        return self.api("POST", SUBSCRIPTIONS, {
            "name": name, "eventTypes": list(types), "delivery": {"url": url}, **more})["id"]

    def subscription(self, one):
        return self.api("GET", f"{SUBSCRIPTIONS}/{one}")

    def change(self, one, **members):
        return self.api("PUT", f"{SUBSCRIPTIONS}/{one}", {**self.subscription(one), **members})

    def trigger(self, topic, criteria=(), **more):
        return self.api("POST", TRIGGERS, {
            "name": topic, "topicName": TOPIC + topic, "enabled": True,
            "target": {"type": "Workflow", "id": WORKFLOW}, "matchCriteria": list(criteria),
            **more})["id"]

    def traffic(self, **settings):
        """Starts traffic that is as fast as it can be, unless told."""
        return self.control("PUT", "traffic", {"conversations_per_s": 100000, "pace_ms": 0,
                                               **settings})

    def delivery(self, **settings):
        return self.control("PUT", "delivery", settings)

    def deliveries(self):
        return self.control("GET", "deliveries")

    def target(self, one):
        return next(t for t in self.deliveries()["targets"] if t["id"] == one)

    def settled(self):
        """Waits until nothing waits and nothing is generated; what there was."""
        return wait_for("idleness", lambda: (d := self.deliveries())["idle"] and d)

    def run(self, **settings):
        self.traffic(**settings)
        return self.settled()


BATCHED = {"mode": "Batched", "windowMs": 10, "maxSize": 100}


class Place:
    def __init__(self, folder):
        self.folder, self.stack = folder, contextlib.ExitStack()

    def sandbox(self, *options):
        return self.stack.enter_context(Sandbox(self.folder, *options))

    def receiver(self, answer=lambda request: 202, tls=None):
        receiver = Receiver(answer, tls)
        self.stack.callback(receiver.close)
        return receiver

    def log(self, name="events.log"):
        with open(os.path.join(self.folder, name), encoding="utf-8") as lines:
            return [json.loads(line) for line in lines]


def key_of(event):
    return event["payload"]["id"], event["eventType"], event["sequenceNumber"]


def keys_of(events):
    return sorted(map(key_of, events))


def canonical(events):
    return sorted(json.dumps(event, sort_keys=True) for event in events)


def by_conversation(events):
    found = collections.defaultdict(list)
    for event in events:
        found[event["payload"]["id"]].append(event)
    return found


# -- what is generated ------------------------------------------------------------------------------

def lifecycles(place):
    """Each conversation has the guide's events in a sensible order, with its own id and times that
    grow; abandoned and transferred ones come about as often as they should."""
    sandbox, receiver = place.sandbox(), place.receiver()
    sandbox.delivery(concurrency=1)
    sandbox.subscribe(receiver.url, batching=BATCHED)
    sandbox.run(conversations=400, abandon_percent=25, transfer_percent=25)
    paths = collections.Counter()
    conversations = by_conversation(receiver.events())
    for events in conversations.values():
        paths[" ".join(e["eventType"].split(".")[1] for e in events)] += 1
        times = [e["payload"]["startTime"] for e in events]
        assert times == sorted(set(times)), times
        numbers = [e["sequenceNumber"] for e in events]
        assert numbers == sorted(set(numbers)), numbers
        for event in events:
            payload = event["payload"]
            assert payload["channelType"] == payload["interactionType"]
            assert payload["direction"] in ("inbound", "outbound")
            abandoned = any(e["eventType"] == "Interaction.Abandoned" for e in events)
            assert event["eventType"] != "Interaction.Closed" or (
                payload["status"] == ("abandoned" if abandoned else "completed"))
    assert len(conversations) == 400
    assert set(paths) == {"Created Confirmed Closed", "Created Abandoned Closed",
                          "Created Confirmed Transferred Confirmed Closed"}, paths
    assert 70 < paths["Created Abandoned Closed"] < 130, paths
    assert 50 < paths["Created Confirmed Transferred Confirmed Closed"] < 110, paths


def same_seed_same_events(place):
    """The events depend on the seed alone: not on the pace, on what is repeated or out of order,
    nor on the run."""
    def seen(**settings):
        with Sandbox(place.folder) as sandbox:
            receiver = place.receiver()
            sandbox.subscribe(receiver.url, batching=BATCHED)
            sandbox.run(conversations=50, **settings)
            return sorted(set(canonical(receiver.events())))
    first = seen(seed=7)
    assert len(first) >= 150
    assert seen(seed=7) == first
    assert seen(seed=7, pace_ms=5, duplicate_percent=50, reorder_percent=50,
                conversations_per_s=1000) == first
    assert not set(seen(seed=8)) & set(first)


def media_by_weight(place):
    sandbox, receiver = place.sandbox(), place.receiver()
    sandbox.subscribe(receiver.url, types=["Interaction.Created"], batching=BATCHED)
    sandbox.run(conversations=400, media={"chat": 3, "email": 1})
    found = collections.Counter(e["payload"]["channelType"] for e in receiver.events())
    assert set(found) == {"chat", "email"} and 250 < found["chat"] < 350, found


def out_of_order(place):
    """Without reordering the events of a conversation come in their order; with it the same events
    come, and not in their order."""
    def seen(percent):
        with Sandbox(place.folder) as sandbox:
            receiver = place.receiver()
            sandbox.delivery(concurrency=1)
            sandbox.subscribe(receiver.url, batching=BATCHED)
            sandbox.run(conversations=40, reorder_percent=percent)
            return receiver.events()

    def disorder(events):
        return sum(e != sorted(e, key=lambda one: one["sequenceNumber"])
                   for e in by_conversation(events).values())
    straight, mixed = seen(0), seen(30)
    assert disorder(straight) == 0 and 5 < disorder(mixed) < 40, disorder(mixed)
    assert canonical(straight) == canonical(mixed)
    assert disorder(seen(100)) == 40


def duplicates(place):
    """What is told twice comes again, the same, after it was acknowledged, and counts once."""
    sandbox, receiver = place.sandbox(), place.receiver()
    one = sandbox.subscribe(receiver.url, batching=BATCHED)
    sandbox.run(conversations=30, duplicate_percent=100)
    counts = collections.Counter(canonical(receiver.events()))
    target = sandbox.target(one)
    assert set(counts.values()) == {2}, counts.most_common(1)
    assert target["matched"] == target["acknowledged"] == target["repeated"] == len(counts), target


def schema_change(place):
    """From a conversation on payloads look otherwise; a filter on what changed no longer holds."""
    sandbox, receiver, strict = place.sandbox(), place.receiver(), place.receiver()
    sandbox.subscribe(receiver.url, batching=BATCHED)
    sandbox.subscribe(strict.url, "strict", batching=BATCHED, filterExpression={
        "field": "direction", "operator": "IN", "value": ["inbound", "outbound"]})
    sandbox.run(conversations=40, schema_change_after=25)
    new = 0
    for event in receiver.events():
        changed = (event["sequenceNumber"] - 1) // STEPS >= 25
        new += changed
        assert isinstance(event["payload"]["direction"], dict) == changed, event
        assert ("engagementId" in event["payload"]) == changed, event
    assert 0 < new < len(receiver.events())
    assert len(strict.events()) == len(receiver.events()) - new


def surge(place):
    """One conversation a second, a thousand in the surge: without it this takes minutes."""
    sandbox = place.sandbox()
    sandbox.control("PUT", "traffic", {"conversations_per_s": 1, "pace_ms": 0,
                                       "surge": {"after_s": 3600, "for_s": 3600, "times": 1000}})
    assert sandbox.control("GET", "traffic")["started"] < LIMIT_S
    sandbox.control("PUT", "traffic", {"surge": {"for_s": 3600, "times": 1000}})
    wait_for("the surge", lambda: sandbox.control("GET", "traffic")["started"] > 300)
    sandbox.control("DELETE", "traffic")
    told = sandbox.control("GET", "traffic")
    assert not told["running"] and told == sandbox.control("GET", "traffic")
    assert sandbox.deliveries()["idle"]


def starting_again(place):
    """A PUT while it runs changes what it names and goes on; after the end it begins anew."""
    sandbox, receiver = place.sandbox(), place.receiver()
    sandbox.subscribe(receiver.url, batching=BATCHED)
    sandbox.control("PUT", "traffic", {"conversations_per_s": 0, "pace_ms": 0, "seed": 5})
    wait_for("the first", lambda: sandbox.control("GET", "traffic")["finished"] == 1)
    sandbox.control("PUT", "traffic", {"conversations_per_s": 1000, "conversations": 20})
    sandbox.settled()
    told = sandbox.control("GET", "traffic")
    assert (told["seed"], told["started"], told["finished"]) == (5, 20, 20), told
    first = canonical(receiver.events())
    sandbox.run(conversations=20, seed=5)
    assert canonical(receiver.events()) == sorted(first * 2)


# -- what is matched --------------------------------------------------------------------------------

FILTERS = [  # a name, the filters, and what they mean
    ("voice, not abandoned",
     {"filterExpression": {"field": "interactionType", "operator": "EQ", "value": "voice"},
      "additionalFilter": {"field": "status", "operator": "NEQ", "value": "abandoned"}},
     lambda e: e["payload"]["interactionType"] == "voice"
     and e["payload"]["status"] != "abandoned"),
    ("two types", {"eventTypes": ["Interaction.Closed", "Interaction.Abandoned"]},
     lambda e: e["eventType"] in ("Interaction.Closed", "Interaction.Abandoned")),
    ("a list of filters",
     {"additionalFilter": [
         {"field": "channelType", "operator": "IN", "value": ["chat", "message"]},
         {"field": "direction", "operator": "NOT_IN", "value": ["outbound"]}]},
     lambda e: e["payload"]["channelType"] in ("chat", "message")
     and e["payload"]["direction"] != "outbound"),
    ("by type", {"filterExpression": {"field": "eventType", "operator": "CONTAINS",
                                      "value": "Creat"}},
     lambda e: e["eventType"] == "Interaction.Created"),
    ("ordered", {"filterExpression": {"field": "startTime", "operator": "GTE",
                                      "value": "2023-10-27T10:01:00Z"},
                 "additionalFilter": {"field": "startTime", "operator": "LT",
                                      "value": "2023-10-27T10:03"}},
     lambda e: "2023-10-27T10:01:00Z" <= e["payload"]["startTime"] < "2023-10-27T10:03"),
    ("ordered, the other way", {
        "filterExpression": {"field": "startTime", "operator": "GT",
                             "value": "2023-10-27T10:01:00Z"},
        "additionalFilter": {"field": "startTime", "operator": "LTE", "value": "2023-10-27T10:03"}},
     lambda e: "2023-10-27T10:01:00Z" < e["payload"]["startTime"] <= "2023-10-27T10:03"),
    ("a number against a text",
     {"filterExpression": {"field": "startTime", "operator": "GT", "value": 1}}, lambda e: False),
    ("exists", {"filterExpression": {"field": "queueId", "operator": "EXISTS"}}, lambda e: True),
    ("does not exist", {"filterExpression": {"field": "a.b", "operator": "EXISTS",
                                             "value": False}}, lambda e: True),
    ("not there", {"filterExpression": {"field": "a.b", "operator": "EQ", "value": 1}},
     lambda e: False),
    ("not there, in no list", {"filterExpression": {"field": "a.b", "operator": "NOT_IN",
                                                    "value": [1]}}, lambda e: True),
    ("bounds belong to it", {
        "filterExpression": {"field": "eventType", "operator": "GTE",
                             "value": "Interaction.Closed"},
        "additionalFilter": {"field": "eventType", "operator": "LTE",
                             "value": "Interaction.Confirmed"}},
     lambda e: e["eventType"] in ("Interaction.Closed", "Interaction.Confirmed")),
    ("or do not", {
        "filterExpression": {"field": "eventType", "operator": "GT",
                             "value": "Interaction.Closed"},
        "additionalFilter": {"field": "eventType", "operator": "LT",
                             "value": "Interaction.Created"}},
     lambda e: e["eventType"] == "Interaction.Confirmed"),
    ("not there, unlike", {"filterExpression": {"field": "a.b", "operator": "NEQ", "value": 1}},
     lambda e: True),
    ("inside an object", {"filterExpression": {"field": "direction.name", "operator": "EQ",
                                               "value": "inbound"}},
     lambda e: isinstance(e["payload"]["direction"], dict)
     and e["payload"]["direction"]["name"] == "inbound"),
]


def filters(place):
    """Each subscription gets what its types and filters say, judged by Python."""
    sandbox, everything = place.sandbox(), place.receiver()
    sandbox.subscribe(everything.url, batching=BATCHED)
    given = [(name, place.receiver(), holds) for name, _, holds in FILTERS]
    for (name, receiver, _), (_, members, _) in zip(given, FILTERS):
        sandbox.subscribe(receiver.url, name,
                          **{"types": members.pop("eventTypes", ["*"]), **members,
                             "batching": BATCHED})
    report = sandbox.run(conversations=120, abandon_percent=30, transfer_percent=30,
                         schema_change_after=100)
    assert len(everything.events()) > 300
    for name, receiver, holds in given:
        wanted = [e for e in everything.events() if holds(e)]
        assert keys_of(receiver.events()) == keys_of(wanted), name
        target = next(t for t in report["targets"] if t["name"] == name)
        assert target["matched"] == target["acknowledged"] == len(wanted), target
        assert all(e["subscriptionId"] == target["id"] for e in receiver.events()), name


def triggers(place):
    """A trigger's events are posted to the data action: bare, one a request, with key and topic; they
    fit the topic's schema, and the criteria."""
    sandbox, receiver = place.sandbox(), place.receiver()
    topics = ["customer.start", "customer.end", "acd.start", "acd.end", "user.start", "user.end",
              "acw", "wrapup", "flow.start", "flow.end"]
    ids = {TOPIC + topic: sandbox.trigger(topic) for topic in topics}
    answered = sandbox.trigger("acd.end", [
        {"jsonPath": "acdOutcome", "operator": "Equal", "value": "ANSWERED"},
        {"jsonPath": "mediaType", "operator": "In", "values": ["VOICE"]}])
    off = sandbox.trigger("acw", enabled=False)
    assert sandbox.deliveries()["targets"] == []  # they lead nowhere yet
    sandbox.delivery(data_action={"url": receiver.url, "key": "secret", "header": "X-Key",
                                  "topic_header": "X-Topic"})
    report = sandbox.run(conversations=25, abandon_percent=30, transfer_percent=30)
    assert report["generated"] == sandbox.control("GET", "traffic")["events"]
    seen = collections.Counter()
    for request in receiver.requests:
        body, topic = request["document"], request["headers"]["x-topic"]
        assert request["headers"]["x-key"] == "secret" and isinstance(body, dict)
        assert "x-genesys-signature" not in request["headers"]
        seen[topic] += 1
        if seen[topic] <= 3:
            verdict = sandbox.api("POST", f"{TRIGGERS}/{ids[topic]}/test", body)
            assert verdict["triggerMatches"], (topic, verdict)
    assert set(seen) == set(ids), seen
    matched = {t["id"]: t for t in report["targets"]}
    calls = sum(r["document"].get("acdOutcome") == "ANSWERED"
                and r["document"]["mediaType"] == "VOICE" for r in receiver.requests)
    assert matched[answered]["kind"] == "trigger"
    assert calls == 2 * matched[answered]["acknowledged"] > 0  # once for each of two triggers
    assert matched[off]["matched"] == 0
    for topic, one in ids.items():
        wanted = seen[topic] - (calls // 2 if topic.endswith("acd.end") else 0)
        assert matched[one]["acknowledged"] == wanted, (topic, matched[one])


def data_action_options(place):
    """By the command line; the headers are those that ingestd knows."""
    receiver = place.receiver()
    with open(os.path.join(place.folder, "key"), "w", encoding="utf-8") as key:
        key.write("of the file\n")
    sandbox = place.sandbox("--data-action", receiver.url, "--data-action-key",
                            os.path.join(place.folder, "key"))
    sandbox.trigger("customer.start")
    sandbox.run(conversations=3)
    assert len(receiver.requests) == 3
    for request in receiver.requests:
        assert request["headers"]["x-api-key"] == "of the file"
        assert request["headers"]["x-genesys-topic"] == TOPIC + "customer.start"
    assert sandbox.control("GET", "delivery")["data_action"]["url"] == receiver.url
    sandbox.delivery(data_action=None)
    sandbox.run(conversations=3, seed=2)
    assert len(receiver.requests) == 3


# -- batches and signatures -------------------------------------------------------------------------

def batches(place):
    """By size, and by the window, whichever comes first; a change of either holds at once."""
    sandbox, receiver = place.sandbox(), place.receiver()
    one = sandbox.subscribe(receiver.url, types=["Interaction.Created"], batching={
        "mode": "Batched", "windowMs": 60000, "maxSize": 7})
    sandbox.traffic(conversations=24)
    wait_for("three full batches", lambda: sandbox.target(one)["acknowledged"] == 21)
    assert sandbox.target(one)["waiting"] == 3 and not sandbox.deliveries()["idle"]
    assert [len(r["document"]) for r in receiver.requests] == [7, 7, 7]
    sandbox.change(one, batching={"mode": "Batched", "windowMs": 10, "maxSize": 7})
    sandbox.settled()
    assert sorted(len(r["document"]) for r in receiver.requests) == [3, 7, 7, 7]
    sandbox.change(one, batching={"mode": "Batched", "windowMs": 10, "maxSize": 1000})
    sandbox.run(conversations=1, seed=2)
    assert len(receiver.requests[-1]["document"]) == 1  # a list, of one


def singly(place):
    sandbox, receiver = place.sandbox(), place.receiver()
    sandbox.subscribe(receiver.url, batching={"mode": "Immediate"})
    sandbox.run(conversations=20)
    assert len(receiver.requests) > 50
    for request in receiver.requests:
        assert set(request["document"]) == {"subscriptionId", "eventType", "sequenceNumber",
                                            "payload"}, request["document"]


def signatures(place):
    """HTTPS with the given CA; openssl verifies what is signed, singly and in batches."""
    files = certificate(place.folder)
    sandbox = place.sandbox("--delivery-ca", files[0])
    receiver = place.receiver(tls=files)
    single = sandbox.subscribe(receiver.url, "single", ["Interaction.Created"])
    sandbox.subscribe(receiver.url, "batched", ["Interaction.Closed"], batching=BATCHED)
    sandbox.run(conversations=10)
    pem = sandbox.subscription(single)["delivery"]["publicKey"]
    assert {isinstance(r["document"], list) for r in receiver.requests} == {True, False}
    for request in receiver.requests:
        verify(place.folder, request, pem)


def untrusted(place):
    """A certificate that is not to be trusted gets nothing, until it is."""
    files = certificate(place.folder)
    sandbox, receiver = place.sandbox(), place.receiver(tls=files)
    sandbox.delivery(retry_ms=5)
    one = sandbox.subscribe(receiver.url)
    sandbox.traffic(conversations=5)
    wait_for("failures", lambda: sandbox.target(one)["replies"]["connection"] >= 5)
    assert receiver.requests == []
    sandbox.delivery(ca_file=files[0])
    target = sandbox.settled()["targets"][0]
    assert target["acknowledged"] == target["matched"] == len(receiver.events())


def key_rotation(place):
    """The new key is shown at once; the old one signs until the overlap is over. Restarts keep it."""
    state = os.path.join(place.folder, "state")
    sandbox, receiver = place.sandbox("--state", state), place.receiver()
    one = sandbox.subscribe(receiver.url, types=["Interaction.Created"])

    def shown():
        return sandbox.subscription(one)["delivery"]["publicKey"]

    def signer(seed):
        sandbox.run(conversations=2, seed=seed)
        return receiver.requests[-1]
    first = shown()
    verify(place.folder, signer(1), first)
    rotated = sandbox.control("POST", "keys/rotate", {"overlap_ms": 3600000})
    second = shown()
    assert second != first and rotated["public_key"] == second
    assert rotated["key_id"] == pem_id(second)
    verify(place.folder, signer(2), first)
    sandbox.control("POST", "keys/rotate", {"overlap_ms": 0})
    third = shown()
    assert third not in (first, second)
    verify(place.folder, signer(3), third)
    sandbox.subscribe(receiver.url, "new", enabled=False)
    keys = {s["delivery"]["publicKey"] for s in sandbox.control("GET", "objects")["subscriptions"]}
    assert keys == {third}
    with Sandbox(place.folder, "--state", state) as again:
        sandbox = again
        assert shown() == third
        verify(place.folder, signer(4), third)


# -- receivers that are not well --------------------------------------------------------------------

def retries(place):
    """5xx, 429 and a cut connection are tried again, the same, with growing gaps; the event counts
    once."""
    bad = [None, 503, 429, 500, 502]  # a kept connection that is cut libcurl tries again by itself
    sandbox = place.sandbox()
    receiver = place.receiver(lambda r: bad[len(receiver.requests) - 1]
                              if len(receiver.requests) <= len(bad) else 202)
    sandbox.delivery(retry_ms=10, concurrency=1)
    one = sandbox.subscribe(receiver.url, types=["Interaction.Created"])
    sandbox.run(conversations=1)
    target = sandbox.target(one)
    assert len({r["body"] for r in receiver.requests}) == 1
    assert [r["status"] for r in receiver.requests] == [*bad, 202]
    assert target["replies"] == {"503": 1, "429": 1, "500": 1, "connection": 1, "502": 1,
                                 "202": 1, "timeout": 0, "refused": 0}, target
    assert (target["matched"], target["acknowledged"], target["repeated"]) == (1, 1, 5), target
    gaps = [b["at"] - a["at"] for a, b in zip(receiver.requests, receiver.requests[1:])]
    for number, gap in enumerate(gaps):
        assert gap >= 0.010 * 2 ** number - 0.001, gaps  # it counts whole milliseconds


def nobody_there(place):
    """Connections that are refused are tried again, until somebody listens."""
    receiver = Receiver()
    port, url = receiver.server.server_port, receiver.url
    receiver.close()
    sandbox = place.sandbox()
    sandbox.delivery(retry_ms=1)
    one = sandbox.subscribe(url, batching=BATCHED)
    sandbox.traffic(conversations=10)
    wait_for("failures", lambda: sandbox.target(one)["replies"]["connection"] >= 3)
    there = place.receiver()
    sandbox.change(one, delivery={"url": there.url})
    target = sandbox.settled()["targets"][0]
    assert target["acknowledged"] == target["matched"] == len(there.events()), (port, target)


def timeouts(place):
    """Who does not answer in time gets it again."""
    sandbox = place.sandbox()
    receiver = place.receiver(lambda r: 202 if len(receiver.requests) > 1 else receiver.hang())
    sandbox.delivery(timeout_ms=100, retry_ms=1, concurrency=1)
    one = sandbox.subscribe(receiver.url, types=["Interaction.Created"])
    sandbox.run(conversations=1)
    target = sandbox.target(one)
    assert target["replies"]["timeout"] >= 1 and target["acknowledged"] == 1, target
    assert len({r["body"] for r in receiver.requests}) == 1


def refusals(place):
    """Any other 4xx is the receiver's last word: the event is lost, and counted."""
    sandbox = place.sandbox()
    receiver = place.receiver(lambda r: 401 if r["document"]["eventType"].endswith("Closed")
                              else 202)
    one = sandbox.subscribe(receiver.url)
    sandbox.run(conversations=20)
    closed = [r for r in receiver.requests if r["status"] == 401]
    target = sandbox.target(one)
    assert len(closed) == 20 == target["refused"] == target["replies"]["refused"], target
    assert target["acknowledged"] == target["matched"] - 20 and target["repeated"] == 0, target
    assert target["state"] == "HEALTHY"


def throttling(place):
    """Slow replies: one request at a time, and a rest after each."""
    sandbox, receiver = place.sandbox(), place.receiver()
    one = sandbox.subscribe(receiver.url)
    sandbox.delivery(slow_ms=0)  # whatever takes no less than nothing is slow
    sandbox.run(conversations=1)
    health = sandbox.subscription(one)["health"]
    assert health["state"] == "THROTTLED" == sandbox.target(one)["state"], health
    assert health["lastStatus"] == 202
    receiver.most, before = 0, len(receiver.requests)
    sandbox.delivery(slow_ms=30)

    def slow(_):
        begun = time.monotonic()
        wait_for("slowness", lambda: time.monotonic() > begun + 0.05)
        return 202
    receiver.answer = slow
    sandbox.run(conversations=2, seed=2)
    assert receiver.most == 1 and sandbox.target(one)["state"] == "THROTTLED"
    seen = receiver.requests[before:]
    rests = [b["at"] - a["answered"] for a, b in zip(seen, seen[1:])]
    assert len(seen) >= 6 and min(rests) >= 0.029, rests


def throttling_ends(place):
    """After three quick replies in a row."""
    sandbox, receiver = place.sandbox(), place.receiver()
    one = sandbox.subscribe(receiver.url, types=["Interaction.Created"])
    sandbox.delivery(slow_ms=0)
    sandbox.run(conversations=1)
    assert sandbox.target(one)["state"] == "THROTTLED"
    since = sandbox.subscription(one)["health"]["since"]
    sandbox.delivery(slow_ms=500)
    sandbox.run(conversations=2, seed=2)
    assert sandbox.target(one)["state"] == "THROTTLED"
    sandbox.run(conversations=1, seed=3)
    health = sandbox.subscription(one)["health"]
    assert health["state"] == "HEALTHY" == sandbox.target(one)["state"]
    assert health["since"] > since


def unhealthy(place):
    """A run of failures makes it UNHEALTHY, for the clients of the API too; one request at a time
    goes on trying, and success heals it. Nothing is lost."""
    sandbox, receiver = place.sandbox(), place.receiver(lambda request: 503)
    sandbox.delivery(retry_ms=1, unhealthy_after=20)
    one = sandbox.subscribe(receiver.url)
    assert sandbox.subscription(one)["health"]["lastStatus"] is None
    version = sandbox.subscription(one)["version"]
    sandbox.traffic(conversations=30)
    health = wait_for("ill health", lambda: (
        h := sandbox.subscription(one)["health"])["state"] == "UNHEALTHY" and h)
    assert health["lastStatus"] == 503 and re.match(r"20..-..-..T..:..:..", health["since"])
    assert sandbox.target(one)["replies"]["503"] >= 20
    assert sandbox.target(one)["state"] == "UNHEALTHY"
    before = len(receiver.requests)
    wait_for("more attempts", lambda: len(receiver.requests) > before + 6)
    assert len({r["body"] for r in receiver.requests}) == 4  # those that were under way, no more

    def slow(_):  # so slow that the time of all others comes
        begun = time.monotonic()
        wait_for("slowness", lambda: time.monotonic() > begun + 0.5)
        return 503
    receiver.answer = slow
    wait_for("a slow one", lambda: receiver.under_way)
    receiver.most, before = 1, len(receiver.requests)
    wait_for("more attempts", lambda: len(receiver.requests) > before + 2)
    assert receiver.most == 1, receiver.most
    receiver.answer = lambda request: 202
    target = sandbox.settled()["targets"][0]
    health = sandbox.subscription(one)
    assert health["health"]["state"] == "HEALTHY" == target["state"]
    assert health["health"]["lastStatus"] == 202 and health["version"] == version
    assert target["acknowledged"] == target["matched"] == len(receiver.events())


def recovery_hurries(place):
    """When it is well again, what failed before is tried at once, whatever gap it had to wait."""
    gates = {"Created": threading.Event(), "Abandoned": threading.Event()}
    failed = {}

    def answer(request):
        word = request["document"]["eventType"].split(".")[1]
        if word in gates and word not in failed:
            gates[word].wait(LIMIT_S)
            failed[word] = time.monotonic()
            return 503
        return 202
    sandbox, receiver = place.sandbox(), place.receiver(answer)
    sandbox.delivery(retry_ms=30000, unhealthy_after=2, concurrency=2)
    one = sandbox.subscribe(receiver.url, types=["Interaction.Created", "Interaction.Abandoned"])
    sandbox.traffic(conversations=1, abandon_percent=100)
    wait_for("both", lambda: receiver.under_way == 2)
    gates["Created"].set()
    wait_for("the first failure", lambda: sandbox.target(one)["replies"].get("503") == 1)
    sandbox.delivery(retry_ms=1)
    gates["Abandoned"].set()
    target = sandbox.settled()["targets"][0]
    assert (target["acknowledged"], target["state"]) == (2, "HEALTHY"), target
    assert receiver.requests[-1]["at"] < failed["Created"] + 25, "it waited for its gap"


def one_bad_others_fine(place):
    """Targets do not wait for each other."""
    sandbox = place.sandbox()
    bad, good = place.receiver(lambda request: 503), place.receiver()
    sandbox.subscribe(bad.url, "bad")
    one = sandbox.subscribe(good.url, "good", batching=BATCHED)
    sandbox.traffic(conversations=100)
    wait_for("the good one", lambda: not sandbox.control("GET", "traffic")["running"]
             and (t := sandbox.target(one))["acknowledged"] == t["matched"] > 0)
    assert not sandbox.deliveries()["idle"]


def full(place):
    """When a target's queue is full nothing more happens, until it can be taken; nothing is lost."""
    down = threading.Event()
    down.set()
    sandbox = place.sandbox()
    receiver = place.receiver(lambda request: 503 if down.is_set() else 202)
    sandbox.delivery(retry_ms=20)
    one = sandbox.subscribe(receiver.url, types=["Interaction.Created"], batching={
        "mode": "Batched", "windowMs": 10, "maxSize": 1000})
    sandbox.traffic()
    most = 50000
    wait_for("a full queue", lambda: sandbox.target(one)["waiting"] >= most)
    before, failures = sandbox.control("GET", "traffic"), sandbox.target(one)["replies"]["503"]
    wait_for("some more attempts", lambda: sandbox.target(one)["replies"]["503"] > failures)
    after = sandbox.control("GET", "traffic")
    assert after == before and after["running"], (before, after)
    assert sandbox.target(one)["waiting"] == most
    down.clear()
    wait_for("more", lambda: sandbox.control("GET", "traffic")["events"] > before["events"])
    sandbox.control("DELETE", "traffic")
    target = sandbox.settled()["targets"][0]
    assert target["acknowledged"] == target["matched"] == len(receiver.events()) > most, target
    assert len(set(keys_of(receiver.events()))) == target["matched"]


# -- changes of an object ---------------------------------------------------------------------------

def changes_hold_at_once(place):
    """URL and enabled: of the next request, what waits included; the filter: of the next event."""
    sandbox = place.sandbox()
    bad, good = place.receiver(lambda request: 503), place.receiver()
    sandbox.delivery(retry_ms=1)
    one = sandbox.subscribe(bad.url, types=["Interaction.Created"])
    sandbox.traffic(conversations=50)
    wait_for("all of them", lambda: sandbox.target(one)["matched"] == 50)
    sandbox.change(one, enabled=False)
    wait_for("the last answers", lambda: bad.under_way == 0)
    before = sandbox.target(one)
    sandbox.change(one, delivery={"url": good.url}, enabled=False)
    sandbox.traffic(conversations=20, seed=2)
    wait_for("the end", lambda: not sandbox.control("GET", "traffic")["running"])
    target = sandbox.target(one)
    assert target["matched"] == target["waiting"] == 50 and good.requests == [], target
    assert target["requests"] <= before["requests"] + 4
    sandbox.change(one, enabled=True)
    sandbox.settled()
    assert len(good.events()) == 50
    sandbox.change(one, filterExpression={"field": "channelType", "operator": "EQ",
                                          "value": "chat"})
    sandbox.run(conversations=50, seed=3)
    assert {e["payload"]["channelType"] for e in good.events()[50:]} == {"chat"}
    sandbox.change(one, eventTypes=["Interaction.Closed"], filterExpression=None)
    before = len(good.events())
    sandbox.run(conversations=50, seed=4)
    assert {e["eventType"] for e in good.events()[before:]} == {"Interaction.Closed"}


def deletion(place):
    """What waited for a deleted subscription is gone, and counted; others go on."""
    sandbox = place.sandbox()
    bad, good = place.receiver(lambda request: 503), place.receiver()
    sandbox.delivery(retry_ms=1)
    one = sandbox.subscribe(bad.url, types=["Interaction.Created"])
    other = sandbox.subscribe(good.url, "good", types=["Interaction.Created"])
    sandbox.traffic(conversations=50)
    wait_for("all of them", lambda: sandbox.target(one)["matched"] == 50)
    sandbox.api("DELETE", f"{SUBSCRIPTIONS}/{one}")
    sandbox.settled()
    target = sandbox.target(one)
    assert target["deleted"] and (target["discarded"], target["waiting"]) == (50, 0), target
    sandbox.run(conversations=10, seed=2)
    assert sandbox.target(one)["matched"] == 50
    assert sandbox.target(other)["acknowledged"] == 60 and not sandbox.target(other)["deleted"]
    sandbox.control("DELETE", "objects")
    sandbox.run(conversations=10, seed=3)
    assert sandbox.target(other)["matched"] == 60 and sandbox.target(other)["deleted"]


def events_log(place):
    """The lines add up to what was reported, and name what arrived."""
    path = os.path.join(place.folder, "events.log")
    sandbox = place.sandbox("--events-log", path)
    receiver = place.receiver(lambda r: 400 if "Transferred" in r["body"].decode() else 202)
    one = sandbox.subscribe(receiver.url)
    action = place.receiver()
    sandbox.delivery(data_action={"url": action.url})
    two = sandbox.trigger("customer.end")
    sandbox.run(conversations=60, transfer_percent=30, duplicate_percent=20, reorder_percent=20)
    lines = place.log()
    for target in map(sandbox.target, (one, two)):
        own = [line for line in lines if line["target"] == target["id"]]
        generated = [line for line in own if "generated" in line]
        acknowledged = [line for line in own if "acknowledged" in line]
        assert all(line["generated"] is True for line in generated)
        assert all(line["acknowledged"] is True for line in acknowledged)
        assert len(generated) == target["matched"] > 0
        assert len(acknowledged) == target["acknowledged"] == (
            target["matched"] - target["refused"])

        def names(some):
            return sorted((line["interaction"], line["type"], line["sequence"]) for line in some)
        assert len(set(names(generated))) == len(generated)
        assert set(names(acknowledged)) <= set(names(generated))
        if target["id"] == one:
            assert target["refused"] > 0
            assert names(acknowledged) == sorted(set(map(key_of, receiver.events())))
        else:
            assert {line["type"] for line in own} == {TOPIC + "customer.end"}
            assert {n[0] for n in names(acknowledged)} == {
                r["document"]["conversationId"] for r in action.requests}


def wrong_words(place):
    """What is wrong is refused as a whole."""
    sandbox = place.sandbox()
    for name, method, document in (
            ("traffic", "PUT", {"conversations_per_s": "many"}),
            ("traffic", "PUT", {"seed": 2, "conversations": 1.5}),
            ("traffic", "PUT", {"seed": 2, "abandon_percent": 101}),
            ("traffic", "PUT", {"seed": 2, "media": {"voice": 0}}),
            ("traffic", "PUT", {"seed": 2, "media": {"telex": 1}}),
            ("traffic", "PUT", {"seed": 2, "surge": 3}),
            ("traffic", "PUT", {"seed": 2, "what": 1}),
            ("traffic", "PUT", []),
            ("delivery", "PUT", {"retry_ms": 0}),
            ("delivery", "PUT", {"retry_ms": 7, "ca_file": 1}),
            ("delivery", "PUT", {"retry_ms": 7, "data_action": {"url": "ftp://x"}}),
            ("delivery", "PUT", {"retry_ms": 7, "data_action": {"url": "http://x", "key": "a\nb"}}),
            ("delivery", "PUT", {"retry_ms": 7, "data_action": {"url": "http://x", "a": "b"}}),
            ("delivery", "PUT", {"retry_ms": 7, "data_action": "http://x"}),
            ("keys/rotate", "POST", {"overlap_ms": -1}),
            ("keys/rotate", "POST", {"overlap_ms": "soon"})):
        status, reply = sandbox.call(method, "/_sandbox/" + name, document)
        assert status == 400 and reply["error"], (name, document, status, reply)
    told = sandbox.control("GET", "traffic")
    assert (told["seed"], told["running"], told["started"]) == (1, False, 0), told
    delivery = sandbox.control("GET", "delivery")
    assert delivery["retry_ms"] == 500 and delivery["data_action"] is None, delivery


def stopped_in_the_middle(place):
    """It ends cleanly with requests under way, parked and waiting (and sanitizers are content)."""
    receiver = place.receiver(lambda request: receiver.hang())
    bad = place.receiver(lambda request: 503)
    with Sandbox(place.folder) as sandbox:
        sandbox.subscribe(receiver.url)
        sandbox.subscribe(bad.url, "bad", batching=BATCHED)
        sandbox.traffic()
        wait_for("requests", lambda: receiver.under_way and bad.requests)


CASES = [lifecycles, same_seed_same_events, media_by_weight, out_of_order, duplicates,
         schema_change, surge, starting_again, filters, triggers, data_action_options, batches,
         singly, signatures, untrusted, key_rotation, retries, nobody_there, timeouts, refusals,
         throttling, throttling_ends, unhealthy, recovery_hurries, one_bad_others_fine, full, changes_hold_at_once,
         deletion, events_log, wrong_words, stopped_in_the_middle]

if __name__ == "__main__":
    sys.exit(main(CASES, Place, sandbox="build/genesys-sandbox"))
