"""Dead letters: while they are full, and replays that are taken back or stand in nobody's way; for
delivery.py, which runs these."""
import threading
import time

from harness import LIMIT_S, event, wait_for

FULL_GAP_S = 5  # settle.c: while there is no room, a doomed event is not sent more often


def replay(ingestd, **selected):
    code, said = ingestd.admin("POST", "/v1/dlq/replay", {"reason": "test", **selected})
    assert code == 200, said
    return said["replaying"]


def take_back(ingestd, what, **selected):
    """What "abort" or "discard" says that it did."""
    code, said = ingestd.admin("POST", "/v1/dlq/" + what, {"reason": "test", **selected})
    assert code == 200, said
    return said[what + "ed"]


def letters(ingestd, query="limit=1000"):
    return ingestd.admin("GET", "/v1/dlq?" + query)[1]["dead_letters"]


def one_attempt(config):
    config["sinks"]["crm"].update(retries=[], concurrency=1, timeout="10m")


def full_quota(place):
    """While there is no room for dead letters, what would become one waits, is not sent all the
    time, and holds nobody up; a restart changes nothing; with room again, all goes on."""
    bad = set(range(100, 140))  # letters of one size
    sink = place.sink(lambda d: 422 if d["event"]["sequenceNumber"] in bad else 200)

    def change(config):
        config["dead_letters"] = {"quota": "8KiB"}
        config["sinks"]["crm"].update(retries=["1ms"])
    ingestd = place.start(sink, change)

    def all_stand():
        status = ingestd.status()
        depth, dead = status["delivery"]["depth"], status["dead_letters"]["count"]
        return status["delivery"]["parked"] == depth > 0 and dead and depth + dead == 40 and dead
    began = time.monotonic()
    for number in sorted(bad):
        ingestd.send(event(number))
    dead = wait_for("the quota", all_stand)
    wait_for("another attempt", lambda: ingestd.status()["sinks"][0]["attempts"] > 2 * 40)
    assert time.monotonic() - began >= FULL_GAP_S, "it is sent without a pause"
    ingestd.send(event(1000))
    wait_for("the others", lambda: 1000 in sink.numbers())
    ingestd.stop()
    ingestd.start()
    assert wait_for("the same", all_stand) == dead
    gone = letters(ingestd)[:dead // 2]
    assert take_back(ingestd, "discard", ids=[letter["id"] for letter in gone]) == len(gone)
    wait_for("more dead letters", lambda: ingestd.status()["dead_letters"]["count"] >= dead)
    lost = {int(letter["interaction"].removeprefix("int-")) for letter in gone}
    bad.clear()
    replay(ingestd, all=True)
    wait_for("an empty table", lambda: not ingestd.status()["dead_letters"]["count"])
    ingestd.settled()
    assert sorted(set(sink.numbers())) == sorted({*range(100, 140), 1000} - lost), sink.numbers()
    assert len(sink.numbers()) == len(set(sink.numbers())), sink.numbers()


def replays_of_others(place):
    """Replays of a paused subscription keep nobody else's waiting, and all can be taken back."""
    bad = True
    sink = place.sink(lambda delivery: 422 if bad else 200)
    ingestd = place.start(sink, lambda c: c["sinks"]["crm"].update(retries=[]))
    for first in range(0, 1200, 400):
        ingestd.send([event(first + n) for n in range(400)])
    ingestd.send(event(5000, subscription="sub-2"))
    ingestd.settled()
    bad = False
    ingestd.admin("POST", "/v1/subscriptions/sub-1/pause", {"reason": "test"})
    assert replay(ingestd, filter={"subscription": "sub-1"}) == 1200
    assert replay(ingestd, filter={"subscription": "sub-2"}) == 1
    wait_for("the other's replay", lambda: 5000 in sink.numbers())
    assert take_back(ingestd, "abort", all=True) == 1200
    assert ingestd.subscription()["depth"] == 0
    ingestd.admin("POST", "/v1/subscriptions/sub-1/resume", {"reason": "test"})
    ingestd.send(event(6000))
    ingestd.settled()
    assert sink.numbers() == [5000, 6000], len(sink.numbers())
    assert replay(ingestd, all=True) == 1200
    wait_for("all of them", lambda: not ingestd.status()["dead_letters"]["count"])
    assert sorted(sink.numbers()) == [*range(1200), 5000, 6000], len(sink.numbers())


def replays_of_paused(place):
    """What was given out before its subscription was paused can be taken back, or discarded, but for
    what is under way."""
    bad, answer = True, threading.Event()

    def said(_):
        return 422 if bad else answer.wait(LIMIT_S) and 200
    sink = place.sink(said)
    ingestd = place.start(sink, one_attempt)
    for number in range(20):
        ingestd.send(event(number, interaction=f"int-{number % 4}"))
    ingestd.settled()
    bad, left = False, 20
    for what in ("abort", "discard"):
        answer.clear()
        assert replay(ingestd, all=True) == left
        wait_for("all in memory", lambda: ingestd.subscription()["depth"] == left and
                 ingestd.status()["sinks"][0]["in_flight"] == 1)
        ingestd.admin("POST", "/v1/subscriptions/sub-1/pause", {"reason": "test"})
        assert take_back(ingestd, what, all=True) == left - 1
        assert ingestd.subscription()["depth"] == 1
        left -= 1
        answer.set()
        ingestd.settled()
        ingestd.admin("POST", "/v1/subscriptions/sub-1/resume", {"reason": "test"})
        states = [letter["state"] for letter in letters(ingestd)]
        assert states == (["waiting"] * left if what == "abort" else []), (what, states)
    assert len(sink.numbers()) == 2, sink.numbers()


def replays_of_resting(place):
    """While a sink rests, replays for it can be taken back, and are delivered once it is well."""
    verdict = 422
    sink = place.sink(lambda delivery: verdict)
    ingestd = place.start(sink, one_attempt)
    for number in range(5):
        ingestd.send(event(number))
    ingestd.settled()
    verdict = (503, {"Retry-After": "300"})
    assert replay(ingestd, all=True) == 5
    wait_for("a rest", lambda: ingestd.status()["sinks"][0]["rests"] == "retry-after")
    assert take_back(ingestd, "abort", all=True) == 5
    assert [letter["state"] for letter in letters(ingestd)] == ["waiting"] * 5
    assert ingestd.subscription()["depth"] == 0
    verdict = 200
    ingestd.stop()
    ingestd.start()
    assert replay(ingestd, all=True) == 5
    wait_for("all of them", lambda: not ingestd.status()["dead_letters"]["count"])
    assert sorted(sink.numbers()) == [*range(5)], sink.numbers()


def selected_by_time(place):
    """0 is a time, not the lack of one; and what stands twice is not chosen from."""
    ingestd = place.start(place.sink(lambda delivery: 422), one_attempt)
    ingestd.send(event(1), event(2))
    ingestd.settled()
    assert take_back(ingestd, "discard", filter={"until": 0}) == 0
    assert len(letters(ingestd, "until=0")) == 0 and len(letters(ingestd, "since=0")) == 2
    assert ingestd.admin("GET", "/v1/dlq?limit=1&limit=2")[0] == 400
    assert take_back(ingestd, "discard", filter={"since": 0}) == 2


def many_criteria(place):
    """A filter may be as long in the configuration as in what is published."""
    criteria = [{"field": f"f{n}", "op": "eq", "value": "x"} for n in range(64)]
    ingestd = place.start(change=lambda c: c.update(
        subscriptions={"sub-1": {"sink": "crm", "filter": criteria}}))
    for count, answer in ((64, 200), (65, 422)):
        published = [{"id": "sub-2", "filter": (criteria * 2)[:count]}]
        assert ingestd.admin("PUT", "/v1/subscriptions", {
            "reason": "test", "subscriptions": published})[0] == answer, count


CASES = [full_quota, replays_of_others, replays_of_paused, replays_of_resting, selected_by_time,
         many_criteria]
