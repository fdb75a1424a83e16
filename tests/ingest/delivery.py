#!/usr/bin/env python3
"""From the queue to the sink: order, retries, dead letters, replay, pausing, filters, reload, stop.

  delivery.py [--ingestd FILE] [--only TEXT] [--seed N]
"""
import collections
import contextlib
import json
import os
import random
import signal
import subprocess
import sys
import threading

import letters
from harness import LIMIT_S, OPTIONS, Ingestd, Key, Sink, encode, event, main, sign_hmac, wait_for


class Place:
    def __init__(self, folder):
        self.folder = folder
        self.stack = contextlib.ExitStack()
        self.ingestd = None

    def start(self, sink=None, change=None):
        self.ingestd = Ingestd(OPTIONS.ingestd, self.folder, sink=sink, change=change)
        return self.stack.enter_context(self.ingestd)

    def sink(self, answer=lambda delivery: 200):
        sink = Sink(answer)
        self.stack.callback(sink.close)
        return sink


def order_under_failures(place):
    """Random failures: each interaction's events arrive in order, those that die are dead, none is
    missing, and others do not wait for one that fails: the second attempt of int-0's first event is
    not answered before all events of the other interactions are done."""
    rng = random.Random(OPTIONS.seed)
    verdicts, lock, others_done = {}, threading.Lock(), threading.Event()
    others = {n for n in range(400) if n * 7 % 20}

    def answer(delivery):
        number, attempt = delivery["event"]["sequenceNumber"], delivery["headers"]["ingest-attempt"]
        if (number, attempt) == (0, "2"):
            others_done.wait(LIMIT_S)
        with lock:
            if number not in verdicts:  # how often it fails before it succeeds
                verdicts[number] = rng.choice((0, 0, 0, 0, 1, 2, 3, 4)) if number else 2
            verdicts[number] -= 1
            well = verdicts[number] < 0
            if well or attempt == "4":
                others.discard(number)
            if not others:
                others_done.set()
            return 200 if well else rng.choice((500, 503, 429, 404))
    sink = place.sink(answer)
    ingestd = place.start(sink, lambda c: c["sinks"]["crm"].update(
        retries=["1ms", "2ms", "3ms"], timeout="10m", breaker={"failures": 10000}))
    total, interactions = 400, 20
    for first in range(0, total, 8):
        batch = [event(n, interaction=f"int-{n * 7 % interactions}")
                 for n in range(first, first + 8)]
        ingestd.send(batch)
    ingestd.settled()
    arrived = collections.defaultdict(list)
    for delivery in sink.deliveries:
        body = delivery["event"]
        arrived[body["payload"]["id"]].append(body["sequenceNumber"])
    for interaction, numbers in arrived.items():
        assert numbers == sorted(numbers), (interaction, numbers)
    assert others_done.is_set(), f"{len(others)} waited"
    dead = ingestd.status()["dead_letters"]["count"]
    delivered = sum(len(numbers) for numbers in arrived.values())
    assert delivered + dead == total, (delivered, dead)
    assert 0 < dead < total / 2, dead


def order_by_time(place):
    """Where the sink asks for it, an earlier event that comes later goes first."""
    sink = place.sink()
    ingestd = place.start(sink, lambda c: c["sinks"]["crm"].update(order="time",
                                                                   order_wait="1500ms"))
    for number, minute in enumerate((5, 3, 1, 4, 2)):
        ingestd.send(event(number, interaction="int-1",
                           startTime=f"2023-10-27T10:0{minute}:00Z"))
    ingestd.settled()
    assert sink.numbers() == [2, 4, 1, 3, 0], sink.numbers()


def what_a_sink_sees(place):
    sink = place.sink()
    ingestd = place.start(sink)
    ingestd.send(event(5))
    ingestd.send({"nothing": "known"})
    ingestd.settled()
    first, second = sink.deliveries
    assert first["event"] == event(5)
    assert len(first["headers"]["idempotency-key"]) == 32
    assert first["headers"]["ingest-subscription"] == "sub-1"
    assert first["headers"]["ingest-event-type"] == "Interaction.Created"
    assert first["headers"]["ingest-attempt"] == "1"
    assert "ingest-replayed" not in first["headers"]
    assert "ingest-quarantined" in second["headers"], second["headers"]


def envelopes(place):
    """All the forms that events come in: each is delivered once though it is sent twice, and its
    interaction and type are found."""
    ingestd = place.start()
    with open(os.path.join(os.path.dirname(__file__), "envelopes.json"), encoding="utf-8") as file:
        fixtures = json.load(file)
    for fixture in fixtures:
        for _ in range(2):
            body = encode(fixture["body"])
            status, _ = ingestd.post(body, sign_hmac(body) | fixture.get("headers", {}),
                                     "/hub" + fixture.get("query", ""))
            assert status == 202, (fixture["name"], status)
    ingestd.settled()
    lines = ingestd.delivered()
    assert len(lines) == len(fixtures), (len(lines), len(fixtures))
    for fixture, line in zip(fixtures, lines):
        for key in ("type", "interaction", "subscription"):
            assert line[key] == fixture[key], (fixture["name"], key, line[key])


def mixed_batch(place):
    """An event of another subscription is not delivered to the batch's sink, and not lost."""
    sink = place.sink(lambda delivery: 200)
    ingestd = place.start(sink)
    batch = [event(1, subscription="a"), event(2, subscription="b"), event(3, subscription="a")]
    ingestd.send(batch)
    ingestd.settled()
    assert sink.numbers() == [1, 3], sink.numbers()
    code, said = ingestd.admin("GET", "/v1/dlq?subscription=b&reason=other-subscription")
    assert code == 200 and said["count"] == 1, said
    assert ingestd.admin("POST", "/v1/dlq/replay", {"all": True, "reason": "to its own"})[0] == 200
    wait_for("the replay", lambda: sink.numbers() == [1, 3, 2])
    assert sink.deliveries[-1]["headers"]["ingest-subscription"] == "b", sink.deliveries[-1]


def batch_of_an_odd_id(place):
    """Events of one batch are of one subscription, however its id is written."""
    ingestd = place.start()
    ids = ("s 1", "caf\u00e9", 'q"x', "x" * 300, "a\nb")
    for number, name in enumerate(ids):
        ingestd.send([event(n, subscription=name) for n in (3 * number, 3 * number + 1)]
                     + [event(3 * number + 2, subscription="sub-2")])
    ingestd.settled()
    numbers = sorted(line["event"]["sequenceNumber"] for line in ingestd.delivered())
    assert numbers == [n for n in range(3 * len(ids)) if n % 3 < 2], numbers
    letters = ingestd.admin("GET", "/v1/dlq")[1]["dead_letters"]
    assert [l["subscription"] for l in letters] == ["sub-2"] * len(ids), letters


def mixed_batch_filtered(place):
    """The replay of such an event is its first time: its own filter drops it, and what was delivered
    before is not delivered again."""
    sink = place.sink()
    ingestd = place.start(sink, lambda c: c.update(subscriptions={"b": {
        "filter": [{"field": "channelType", "op": "eq", "value": "voice"}]}}))
    ingestd.send(event(1, subscription="b"))
    ingestd.settled()
    ingestd.send([event(2, subscription="a"), event(1, subscription="b"),
                  event(3, subscription="b", channelType="chat"), event(4, subscription="b")])
    ingestd.settled()
    assert ingestd.status()["dead_letters"]["count"] == 3
    assert ingestd.admin("POST", "/v1/dlq/replay", {"all": True, "reason": "to its own"})[0] == 200
    wait_for("an empty table", lambda: not ingestd.status()["dead_letters"]["count"])
    ingestd.settled()
    assert sink.numbers() == [1, 2, 4], sink.numbers()
    state = ingestd.subscription("b")
    assert (state["delivered"], state["filtered"], state["duplicates"]) == (2, 1, 1), state


def nested(number, depth):
    """An event that nests so deep, as bytes: no encoder makes it."""
    inner = b"[" * (depth - 2) + b"]" * (depth - 2)
    return encode(event(number, surprise="@")).replace(b'"@"', inner)


def bad_neighbours(place):
    """What one event of an array is changes nothing for the others of it."""
    ingestd = place.start()
    parts = [encode(event(1)), nested(2, 70), nested(3, 900), nested(4, 2049), encode(event(5)),
             nested(6, 100000), b'{"a": 1e400}', b'{"a"}', b"", b"\xff", encode(event(7))]
    body = b"[" + b",".join(parts) + b"]"
    assert ingestd.post(body)[0] == 202
    ingestd.settled()
    lines = ingestd.delivered()
    assert sorted(line["event"]["sequenceNumber"] for line in lines) == [1, 2, 3, 5, 7], lines
    assert not any(line.get("quarantined") for line in lines), lines
    dead = ingestd.admin("GET", "/v1/dlq")[1]["dead_letters"]
    assert [letter["reason"] for letter in dead] == ["not-json"] * 6, dead
    whole = [ingestd.admin("GET", f"/v1/dlq/{letter['id']}")[1] for letter in dead]
    assert whole[0]["body"] == parts[3].decode() and whole[2]["body"] == parts[6].decode(), dead


def too_many_events(place):
    """More than 100,000 in an array: delivered whole, as one quarantined event."""
    ingestd = place.start()
    assert ingestd.post([1] * 100001)[0] == 202
    ingestd.settled()
    lines = ingestd.delivered()
    assert len(lines) == 1 and lines[0]["quarantined"] and len(lines[0]["event"]) == 100001


def refused_events(place):
    """What a well sink will not take opens no breaker: all others are delivered meanwhile."""
    sink = place.sink(lambda delivery: 422 if delivery["event"]["sequenceNumber"] < 100 else 200)
    ingestd = place.start(sink, lambda c: c["sinks"]["crm"].update(
        retries=["1ms", "1ms", "1ms"], breaker={"failures": 2, "open": "1h"}))
    for number in (*range(20), *range(100, 120)):
        ingestd.send(event(number))
    ingestd.settled()
    assert sorted(n for n in sink.numbers() if n >= 100) == [*range(100, 120)], sink.numbers()
    assert ingestd.status()["dead_letters"]["count"] == 20
    assert ingestd.status()["sinks"][0]["breaker"] == "closed"


def dedupe_window(place):
    """Suppressed within the window, across a restart; a key counts only once it was delivered."""
    failing = True
    sink = place.sink(lambda delivery: 500 if failing else 200)
    ingestd = place.start(sink, lambda c: c["sinks"]["crm"].update(
        retries=["1ms", "1ms", "1ms"], breaker={"failures": 1000}))
    ingestd.send(event(1))
    ingestd.settled()
    assert ingestd.status()["dead_letters"]["count"] == 1
    failing = False
    ingestd.send(event(1))  # was never delivered: no duplicate
    ingestd.settled()
    assert sink.numbers() == [1]
    ingestd.send(event(1))
    ingestd.settled()
    ingestd.stop()
    ingestd.start()
    ingestd.send(event(1))
    ingestd.send(event(1, kind="Interaction.Closed"))
    ingestd.settled()
    assert sink.numbers() == [1, 1], sink.numbers()
    assert sink.deliveries[1]["event"]["eventType"] == "Interaction.Closed"


def dead_letters(place):
    """List, filter, page, show, dry run, replay, come back, discard: each with its record."""
    bad = {1, 2, 3, 4, 5}
    sink = place.sink(lambda d: 500 if d["event"]["sequenceNumber"] in bad else 200)
    ingestd = place.start(sink, lambda c: c["sinks"]["crm"].update(
        retries=["1ms", "1ms", "1ms"], breaker={"failures": 1000}))
    admin = ingestd.admin
    for number in range(1, 11):
        ingestd.send(event(number, kind="Interaction.Closed" if number % 2 else
                           "Interaction.Created"))
    ingestd.settled()
    listed = admin("GET", "/v1/dlq?limit=2")[1]
    assert listed["count"] == 5 and len(listed["dead_letters"]) == 2 and listed["next"], listed
    rest = admin("GET", f"/v1/dlq?limit=100&after={listed['next']}")[1]
    assert len(rest["dead_letters"]) == 3 and rest["next"] is None
    assert admin("GET", "/v1/dlq?type=Interaction.Closed")[1]["count"] == 3
    assert admin("GET", "/v1/dlq?reason=timeout")[1]["count"] == 0
    one = listed["dead_letters"][0]
    shown = admin("GET", f"/v1/dlq/{one['id']}")[1]
    assert json.loads(shown["body"])["sequenceNumber"] in bad and shown["verdict"], shown
    assert admin("GET", "/v1/dlq/999999")[0] == 404
    # Refused: no reason, nothing selected, a misspelt condition.
    assert admin("POST", "/v1/dlq/replay", {"all": True})[0] == 400
    assert admin("POST", "/v1/dlq/replay", {"reason": "x"})[0] == 400
    for misspelt in ({"filter": {"subscripton": "a"}}, {"all": True, "dryrun": True},
                     {"all": True, "rates": 1}, {"filter": {"state": "deleted"}}):
        for what in ("replay", "discard"):
            code, said = admin("POST", "/v1/dlq/" + what, {"reason": "x", **misspelt})
            assert code == 400, (what, misspelt, said)
    for what, state in (("replay", "replaying"), ("abort", "waiting")):
        code, said = admin("POST", "/v1/dlq/" + what, {"reason": "x", "filter": {"state": state}})
        assert code == 400, (what, said)
    assert admin("GET", "/v1/dlq?subscripton=a")[0] == 400
    assert admin("GET", "/v1/status?since=1")[0] == 400
    dry = admin("POST", "/v1/dlq/replay", {"all": True, "dry_run": True})
    assert dry == (200, {"dry_run": True, "count": 5, "bytes": dry[1]["bytes"]}), dry
    # One comes back, told apart.
    code, said = admin("POST", "/v1/dlq/replay", {"ids": [one["id"]], "reason": "try", "by": "eve"})
    assert code == 200 and said["replaying"] == 1, said
    wait_for("it to come back",
             lambda: admin("GET", "/v1/dlq?came_back=true")[1]["count"] == 1)
    ingestd.settled()
    bad.clear()
    code, said = admin("POST", "/v1/dlq/discard",
                       {"filter": {"type": "Interaction.Created"}, "reason": "not needed"})
    assert said["discarded"] == 2, said
    code, said = admin("POST", "/v1/dlq/replay", {"all": True, "reason": "mended", "rate": 1000})
    assert said["replaying"] == 3, said
    wait_for("an empty table", lambda: admin("GET", "/v1/dlq")[1]["count"] == 0)
    assert sorted(sink.numbers()) == [1, 3, 5, 6, 7, 8, 9, 10], sink.numbers()
    replayed = [d for d in sink.deliveries if "ingest-replayed" in d["headers"]]
    assert len(replayed) == 3
    assert ingestd.subscription()["replayed"] == 3
    actions = admin("GET", "/v1/actions")[1]["actions"]
    assert [a["what"] for a in actions] == ["dlq-replay", "dlq-discard", "dlq-replay"], actions
    assert actions[-1]["who"].startswith("eve@") and actions[-1]["reason"] == "try", actions


def replay_survives_a_kill(place):
    """What was marked for replay and had not begun goes on after a kill."""
    failing = True
    sink = place.sink(lambda delivery: 500 if failing else 200)
    ingestd = place.start(sink, lambda c: c["sinks"]["crm"].update(
        retries=["1ms", "1ms", "1ms"], breaker={"failures": 10000}))
    for number in range(20):
        ingestd.send(event(number))
    ingestd.settled()
    failing = False
    ingestd.admin("POST", "/v1/dlq/replay", {"all": True, "reason": "x", "rate": 10})
    wait_for("the first", lambda: len(sink.numbers()) >= 2)
    settled = 20 - ingestd.status()["dead_letters"]["count"]
    ingestd.kill()
    unsettled = len(sink.numbers()) - settled
    ingestd.start()
    wait_for("all of them", lambda: len(set(sink.numbers())) == 20)
    ingestd.settled()
    assert ingestd.status()["dead_letters"]["count"] == 0
    # Those of the last moments may come again, and no others.
    assert len(sink.numbers()) <= 20 + unsettled, (sink.numbers(), settled)


def pausing(place):
    sink = place.sink()
    ingestd = place.start(sink)
    ingestd.send(event(1))
    ingestd.settled()
    assert ingestd.admin("POST", "/v1/subscriptions/sub-1/pause", {})[0] == 400
    code, said = ingestd.admin("POST", "/v1/subscriptions/sub-1/pause", {"reason": "CRM upgrade"})
    assert code == 200 and said["paused"], said
    for number in range(2, 10):
        ingestd.send(event(number))
    ingestd.send(event(100, subscription="sub-2"))
    wait_for("the other subscription", lambda: 100 in sink.numbers())
    assert sink.numbers() == [1, 100]
    state = ingestd.subscription()
    assert state["paused"] and state["depth"] == 8 and state["oldest_ms"], state
    ingestd.stop()
    ingestd.start()  # stays paused
    state = ingestd.subscription()
    assert state["paused"] and state["depth"] == 8, state
    ingestd.admin("POST", "/v1/subscriptions/sub-1/resume", {"reason": "done"})
    ingestd.settled()
    assert sorted(sink.numbers()) == [*range(1, 10), 100], sink.numbers()


def residual_filter(place):
    """What a published filter drops is counted, and its keys verify from now on."""
    ingestd = place.start(change=lambda c: c["sources"].update(
        genesys={"path": "/events", "scheme": "genesys-signature",
                 "keys": {"first": Key(place.folder, "first").public}}))
    key = Key(place.folder, "second", "ed25519")
    body = encode(event(1))
    assert ingestd.post(body, key.sign(body), "/events")[0] == 401
    with open(key.public, encoding="ascii") as pem:
        document = {"reason": "apply", "subscriptions": [
            {"id": "sub-9", "name": "voice", "version": 3,
             "filter": [{"field": "channelType", "op": "eq", "value": "voice"}],
             "keys": [{"id": "second", "pem": pem.read()}]}]}
    assert ingestd.admin("PUT", "/v1/subscriptions", document) == (200, {"published": 1})
    for number, channel in ((1, "voice"), (2, "chat"), (3, "voice")):
        body = encode(event(number, subscription="sub-9", channelType=channel))
        assert ingestd.post(body, key.sign(body), "/events")[0] == 202
    ingestd.settled()
    state = ingestd.subscription("sub-9")
    assert (state["delivered"], state["filtered"], state["name"]) == (2, 1, "voice"), state
    wrong = {"reason": "x", "subscriptions": [{"id": "sub-9", "filter": [{"field": "a",
                                                                           "op": "like"}]}]}
    assert ingestd.admin("PUT", "/v1/subscriptions", wrong)[0] == 422
    ingestd.stop()
    ingestd.start()  # it is remembered
    body = encode(event(4, subscription="sub-9", channelType="chat"))
    assert ingestd.post(body, key.sign(body), "/events")[0] == 202
    ingestd.settled()
    assert ingestd.subscription("sub-9")["filtered"] == 1


def keys_rotate(place):
    """SIGHUP takes a new key without dropping a connection; two are live meanwhile."""
    import http.client
    ingestd = place.start()
    ingestd.write("next.secret", b"the secret of next year, too!")
    body = encode(event(1))
    connection = http.client.HTTPConnection(*ingestd.endpoint(), timeout=60)

    def status(headers):
        connection.request("POST", "/hub", body, headers)
        reply = connection.getresponse()
        reply.read()
        return reply.status
    assert status(sign_hmac(body)) == 202
    local = connection.sock.getsockname()
    new = sign_hmac(body, b"the secret of next year, too!")
    assert status(new) == 401
    ingestd.config["sources"]["hub"]["keys"]["k2"] = ingestd.path("next.secret")
    ingestd.write_config()
    ingestd.process.send_signal(signal.SIGHUP)
    wait_for("the reload", lambda: ingestd.metrics().get('ingestd_reloads_total{result="ok"}'))
    assert status(new) == 202 and status(sign_hmac(body)) == 202
    assert connection.sock.getsockname() == local, "the connection was dropped"
    # A configuration that is wrong changes nothing.
    ingestd.write("ingestd.yaml", b"apiVersion: ingestd/v1\nsurprise: 1\n")
    ingestd.process.send_signal(signal.SIGHUP)
    wait_for("its refusal", lambda: ingestd.metrics().get('ingestd_reloads_total{result="failed"}'))
    assert status(new) == 202
    ingestd.write_config()


def stops_clean(place):
    """SIGTERM in the middle of a load: what was acknowledged is stored, nothing hangs."""
    hanging = place.sink(lambda delivery: hanging.hang() or 200)
    ingestd = place.start(hanging, lambda c: c["sinks"]["crm"].update(timeout="10m"))
    for number in range(30):
        ingestd.send(event(number))
    wait_for("a delivery under way", lambda: ingestd.status()["sinks"][0]["in_flight"] > 0)
    ingestd.stop()
    assert "level=error" not in ingestd.log(), ingestd.log()
    ingestd.config["sinks"]["crm"] = {"type": "ndjson", "path": ingestd.events_path}
    ingestd.write_config()
    ingestd.start()
    ingestd.settled()
    numbers = sorted(line["event"]["sequenceNumber"] for line in ingestd.delivered())
    assert numbers == [*range(30)], numbers


def admin_is_closed(place):
    ingestd = place.start()
    for method, path in (("GET", "/metrics"), ("GET", "/v1/status"), ("GET", "/v1/dlq"),
                         ("PUT", "/v1/subscriptions"), ("POST", "/v1/dlq/discard"), ("GET", "/x")):
        for token in (None, "", "wrong", "an-admin-token-of-the-testt"):
            assert ingestd.admin(method, path, token=token)[0] == 401, (method, path, token)
    assert ingestd.admin("GET", "/healthz", token=None)[0] == 200
    assert ingestd.admin("GET", "/readyz", token=None) == (200, "ready\n")
    assert ingestd.admin("POST", "/v1/status")[0] == 405
    assert ingestd.admin("GET", "/v1/nothing")[0] == 404
    for body in ("[]", "{", '{"reason": 1}'):
        assert ingestd.admin("POST", "/v1/dlq/discard", body)[0] == 400


def shapes_are_seen(place):
    ingestd = place.start()
    ingestd.send(event(1), event(2), event(3, surprise=17))
    ingestd.settled()
    shapes = ingestd.admin("GET", "/v1/shapes")[1]["shapes"]
    assert len(shapes) == 2, shapes
    assert any("surprise:number" in shape["fields"] for shape in shapes), shapes
    assert ingestd.metrics()['ingestd_shapes{type="Interaction.Created"}'] == 2


def compatibility_map(place):
    """A sink sees events as its map has them; dead letters and idempotency keys are of the event as
    it came, and so is what cannot be mapped. A reload takes another map for what waits already."""
    down = True
    answers = []

    def answer(delivery):
        answers.append(delivery)
        number, attempt = delivery["event"]["sequenceNumber"], delivery["headers"]["ingest-attempt"]
        return 500 if (down and number == 1) or (number, attempt) == (5, "1") else 200
    sink = place.sink(answer)
    ingestd = place.start(sink, lambda c: c["sinks"]["crm"].update(
        retries=["1ms"], breaker={"failures": 1000}, compat=[
            {"type": "Interaction.Created", "rename": {"direction.value": "direction"},
             "default": {"wrapUp.code": "none"}, "drop": ["engagementId"]}]))
    new = {"direction": {"value": "inbound"}, "engagementId": "e-1"}
    skipped = 'ingestd_compat_skipped_events_total{sink="crm"}'
    ingestd.send(event(1, **new))
    ingestd.settled()
    ingestd.send(event(2), event(3, **new), event(4, kind="Interaction.Closed", **new),
                 event(5, wrapUp="none"))
    ingestd.settled()
    seen = {d["event"]["sequenceNumber"]: d["event"] for d in sink.deliveries}
    assert seen == {2: event(2, wrapUp={"code": "none"}), 3: event(3, wrapUp={"code": "none"}),
                    4: event(4, kind="Interaction.Closed", **new), 5: event(5, wrapUp="none")}, seen
    assert ingestd.metrics()[skipped] == 1  # however often it was tried
    refused = [d for d in answers if d["event"]["sequenceNumber"] == 1]
    assert len(refused) == 2 and all(d["event"]["payload"]["direction"] == "inbound"
                                     for d in refused), refused
    letter = ingestd.admin("GET", "/v1/dlq/1")[1]
    assert json.loads(letter["body"]) == event(1, **new), letter
    # Another map: what is replayed is seen by it, under the same key.
    down = False
    ingestd.config["sinks"]["crm"]["compat"] = [{"rename": {"engagementId": "engagement.id"}}]
    ingestd.write_config()
    ingestd.process.send_signal(signal.SIGHUP)
    wait_for("the reload", lambda: ingestd.metrics().get('ingestd_reloads_total{result="ok"}'))
    assert ingestd.admin("POST", "/v1/dlq/replay", {"all": True, "reason": "mended"})[0] == 200
    wait_for("the replay", lambda: 1 in sink.numbers())
    last = sink.deliveries[-1]
    assert last["event"]["payload"]["engagement"] == {"id": "e-1"}, last
    assert last["event"]["payload"]["direction"] == {"value": "inbound"}, last
    assert len({d["headers"]["idempotency-key"] for d in [*refused, last]}) == 1
    # The lines of a file are mapped, too.
    ingestd.settled()
    ingestd.stop()
    ingestd.config["sinks"]["crm"] = {"type": "ndjson", "path": ingestd.events_path,
                                      "compat": [{"drop": ["direction"]}]}
    ingestd.write_config()
    ingestd.start()
    ingestd.send([event(6, **new), event(7)])
    ingestd.settled()
    assert ["direction" in line["event"]["payload"] for line in ingestd.delivered()] == [False] * 2


def retention_trims(place):
    """Settled requests go when their time is over; what is not settled stays."""
    ingestd = place.start(change=lambda c: (
        c["queue"].update(retention="1s"),
        c.update(subscriptions={"sub-2": {"sink": "crm", "paused": True}})))
    for number in range(100):
        ingestd.send(event(number))
    ingestd.send(event(1000, subscription="sub-2"))
    wait_for("the trim", lambda: ingestd.status()["queue"]["first_position"] > 50)
    ingestd.admin("POST", "/v1/subscriptions/sub-2/resume", {"reason": "x"})
    ingestd.settled()
    assert 1000 in [line["event"]["sequenceNumber"] for line in ingestd.delivered()]


def metrics_are_open_metrics(place):
    """Each metric stands once, in the form that OpenMetrics wants; the counters add up."""
    ingestd = place.start()
    for number in range(7):
        ingestd.send(event(number))
    ingestd.settled()
    text = ingestd.admin("GET", "/metrics")[1]
    families = [line.split()[2] for line in text.splitlines() if line.startswith("# TYPE")]
    assert len(families) == len(set(families)) and text.endswith("# EOF\n")
    metrics = ingestd.metrics()
    assert metrics['ingestd_accepted_events_total{subscription="sub-1"}'] == 7
    assert metrics['ingestd_delivered_events_total{subscription="sub-1"}'] == 7
    assert metrics['ingestd_queue_depth{subscription="sub-1"}'] == 0
    assert metrics['ingestd_delivery_seconds_count{subscription="sub-1"}'] == 7


def dead_letters_are_measured(place):
    """The table's dead letters by subscription and reason, as the status tells them; what is gone is
    told as 0."""
    bad = {1, 2, 3}
    sink = place.sink(lambda d: 500 if d["event"]["sequenceNumber"] in bad else 200)
    ingestd = place.start(sink, lambda c: (
        c["sinks"]["crm"].update(retries=["1ms"], breaker={"failures": 1000}),
        c.update(dead_letters={"quota": "16MiB"})))
    ingestd.send(event(1), event(2), event(3, subscription="sub-2"), event(4))
    assert ingestd.post(b"no json")[0] == 202
    ingestd.settled()

    def measured():
        """({subscription reason: count}, bytes) of the metrics and of the status, or None while
        they differ."""
        metrics, dead = ingestd.metrics(), ingestd.status()["dead_letters"]
        told = {f'ingestd_dead_letters{{subscription="{r["subscription"]}",'
                f'reason="{r["reason"]}"}}': r["count"] for r in dead["reasons"]}
        shown = {name: value for name, value in metrics.items()
                 if name.startswith("ingestd_dead_letters{")}
        assert metrics["ingestd_dead_letter_quota_bytes"] == dead["quota_bytes"] == 16 << 20
        same = shown == told and metrics["ingestd_dead_letter_bytes"] == dead["bytes"]
        return same and (shown, dead["bytes"])
    shown, size = wait_for("the same figures", measured)
    assert sum(shown.values()) == 4 and size > 0, shown
    first = 'ingestd_dead_letters{subscription="sub-1",reason="http-500"}'
    assert shown[first] == 2, shown
    assert ingestd.admin("POST", "/v1/dlq/discard", {
        "filter": {"subscription": "sub-1"}, "reason": "not needed"})[0] == 200
    bad.clear()
    assert ingestd.admin("POST", "/v1/dlq/replay", {
        "filter": {"reason": "http-500"}, "reason": "mended"})[0] == 200
    wait_for("the replay", lambda: ingestd.status()["dead_letters"]["count"] == 1)
    shown, _ = wait_for("the same figures", measured)
    assert shown[first] == 0 and sum(shown.values()) == 1, shown


def gauges_are_filled(place):
    """Each gauge of the table has a figure once there is something to tell, without anybody asking
    for the status first; when it started is exact."""
    sink = place.sink(lambda delivery: 500)
    ingestd = place.start(sink, lambda c: c["sinks"]["crm"].update(retries=["1ms"]))
    ingestd.send(event(1))
    gauges = [line.split("`")[1] for line in document("metrics") if line.split(" | ")[1] == "gauge"]
    assert len(gauges) > 10, gauges

    def empty():
        figures = {name.partition("{")[0] for name in ingestd.metrics()}
        return [name for name in gauges if name not in figures]
    try:
        wait_for("all gauges", lambda: not empty(), 10)
    except AssertionError:
        raise AssertionError(f"never filled: {empty()}") from None
    metrics = ingestd.metrics()
    assert metrics["ingestd_ready"] == 1
    started_ms = metrics["ingestd_start_time_seconds"] * 1000
    assert int(started_ms + 0.0005) == ingestd.status()["started_ms"], started_ms


def fields(value, path=""):
    """The paths of a document's values: "queue.bytes", "sinks[].name"."""
    if isinstance(value, dict):
        return {f for key, inner in value.items()
                for f in fields(inner, f"{path}.{key}" if path else key)}
    if isinstance(value, list):
        return {f for inner in value for f in fields(inner, path + "[]")}
    return {path}


def document(topic):
    """The rows of the table that `ingestd help TOPIC` prints."""
    text = subprocess.run([OPTIONS.ingestd, "help", topic], capture_output=True, text=True,
                          check=True).stdout
    return [line for line in text.splitlines() if line.startswith("| `")]


def documented(topic):
    """Their first column."""
    return [line.split("`")[1] for line in document(topic)]


def the_contract_is_kept(place):
    """What the tables declare is what is served: status, metrics and calls."""
    sink = place.sink(lambda delivery: 500)
    ingestd = place.start(sink, lambda c: c["sinks"]["crm"].update(retries=["1ms"]))
    ingestd.send(event(1))
    wait_for("a dead letter", lambda: ingestd.status()["dead_letters"]["count"])
    seen, declared = fields(ingestd.status()), set(documented("status"))
    assert seen == declared, (seen - declared, declared - seen)
    names = [line.split()[2] for line in ingestd.admin("GET", "/metrics")[1].splitlines()
             if line.startswith("# TYPE")]
    assert names == [name.removesuffix("_total") for name in documented("metrics")], names
    for call in documented("admin"):
        method, path = call.split()
        code, _ = ingestd.admin(method, path.replace("{id}", "1"), {} if method != "GET" else None)
        assert code not in (404, 405), (call, code)


CASES = [the_contract_is_kept, order_under_failures, order_by_time, what_a_sink_sees, envelopes,
         mixed_batch, batch_of_an_odd_id, mixed_batch_filtered, bad_neighbours, too_many_events,
         refused_events, dedupe_window, dead_letters, replay_survives_a_kill, pausing,
         residual_filter, keys_rotate, stops_clean, admin_is_closed, shapes_are_seen,
         compatibility_map,
         retention_trims, metrics_are_open_metrics, dead_letters_are_measured, gauges_are_filled,
         *letters.CASES]


if __name__ == "__main__":
    sys.exit(main(CASES, Place, seed=random.randrange(10 ** 6)))
