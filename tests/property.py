#!/usr/bin/env python3
"""What must hold of plan, check and apply, whatever the manifest and whatever is at the service.

Each round makes a manifest and a remote state out of a seed and lets eventctl work on them:

  - the same input gives the same plan, byte for byte; exit 2 if and only if it holds changes;
    check agrees; neither writes
  - apply makes exactly the writes of the plan, and nothing is left to do afterwards; what is not
    in the plan is not touched; no two objects carry one marker
  - the same after an apply on a bad line (half of the rounds), however far it got
  - what somebody changes after the plan was made, or while it is being applied, stays as they
    left it

  property.py [--seed N] [--rounds N] [--round N] [--eventctl FILE] [--sandbox FILE]

A failure prints the seed and the round to repeat it with. Nothing depends on the clock.
"""
import argparse
import concurrent.futures
import copy
import http.client
import http.server
import json
import os
import random
import re
import sys
import tempfile
import threading
import urllib.parse

from bench.sandbox import PATHS, RUN_LIMIT_S, SUBSCRIPTIONS, TRIGGERS, Eventctl, Sandbox, is_write

WORKERS = 4
EXIT_OK, EXIT_FAILED, EXIT_CHANGES, EXIT_REFUSED, EXIT_STALE = 0, 1, 2, 5, 6

TOPIC = "v2.detail.events.conversation.{id}."
GUIDE_TOPICS = {"Interaction.Created": "customer.start", "Interaction.Confirmed": "acd.end",
                "Interaction.Closed": "customer.end", "Interaction.Transferred": "user.end",
                "Interaction.Abandoned": "acd.end"}
TOPICS = ["customer.start", "customer.end", "acd.start", "acd.end", "user.start", "user.end",
          "acw", "wrapup", "flow.start", "flow.end"]
FIELDS = ["direction", "mediaType", "queueId", "score", "flags", "a.b", "_x", "language-1"]
WORDS = ["VOICE", "chat", "", "true", "null", "5", "ünï©ode ✓", 'quo"te', "back\\slash", "a, b",
         " space ", "x" * 200]
SCALARS = WORDS + [0, 1, -7, 2.5, 3.0, 1e20, 2 ** 53, True, False]
ORDERED = [0, 3, -2, 1.25, "a", "zz"]
DESCRIPTIONS = ["", "for the CRM", "Ä description: with # signs, 'quotes' and ✓", "[brackets] @v1/x",
                "d" * 150]
MARKER = re.compile(r"\[eventctl ([^\s\]]+@\d+)!?(?: (?:[a-z][0-9a-f]{4})*)?\]$")


class Broken(Exception):
    """A property that did not hold."""


def expect(holds, what):
    if not holds:
        raise Broken(what() if callable(what) else what)


# -- manifests ----------------------------------------------------------------------------------

def some(rng, values, least=1, most=4):
    return rng.sample(values, rng.randint(least, min(most, len(values))))


def new_criterion(rng, field):
    operator = rng.choice(["eq", "ne", "gt", "ge", "lt", "le", "in", "not_in", "contains",
                           "exists", "all", "size"])
    if operator in ("in", "not_in", "all"):
        value = some(rng, SCALARS)
    elif operator in ("gt", "ge", "lt", "le"):
        value = rng.choice(ORDERED)
    elif operator == "exists":
        value = rng.random() < 0.5
    elif operator == "size":
        value = rng.randint(0, 9)
    else:
        value = rng.choice(SCALARS)
    return {"field": field, "op": operator, "value": value}


def new_filter(rng):
    return [new_criterion(rng, field) for field in some(rng, FIELDS, 0, 4)]


def new_events(rng, via):
    if via == "event-streams":
        return some(rng, list(GUIDE_TOPICS), 1, 4)
    topics = some(rng, TOPICS, 1, 3)
    names = {topic: [name for name, has in GUIDE_TOPICS.items() if has == topic] for topic in topics}
    return [rng.choice(names[topic]) if names[topic] and rng.random() < 0.5 else TOPIC + topic
            for topic in topics]


def new_delivery(rng):
    delivery = {"url": f"https://ingest.example.com/{rng.randint(1, 9)}"}
    if rng.random() < 0.6:
        batching = {"mode": "batched"}
        if rng.random() < 0.6:
            batching["window"] = rng.choice(["50ms", "100ms", "1s", "1m"])
        if rng.random() < 0.6:
            batching["size"] = rng.choice([2, 50, 1000])
        delivery["batching"] = batching
    return delivery


def new_subscription(rng):
    via = rng.choice(["event-streams", "trigger"])
    wanted = {"version": rng.randint(1, 4), "via": via, "events": new_events(rng, via),
              "description": rng.choice(DESCRIPTIONS), "filter": new_filter(rng)}
    if rng.random() < 0.2:
        wanted["enabled"] = rng.random() < 0.5
    if rng.random() < 0.1:
        wanted["protect"] = True
    if via == "event-streams":
        wanted["delivery"] = new_delivery(rng)
    else:
        wanted["target"] = {"workflow": f"3f0c1b52-8a54-4d0e-9d1f-{rng.randint(1, 9):012d}"}
        if rng.random() < 0.7:
            wanted["target"]["dataFormat"] = rng.choice(["Json", "TopLevelPrimitives"])
        if rng.random() < 0.5:
            wanted.update(rng.choice([{"ttl": "10s"}, {"ttl": "1h"}, {"delay": "60s"},
                                      {"delay": "15m"}]))
    return wanted


def new_manifest(rng):
    names = [f"s{n}" for n in range(12)] + ["a.b-c_d", "0" * 30]
    return {name: new_subscription(rng) for name in some(rng, names, 1, 8)}


def next_manifest(rng, manifest):
    """Another state of the same manifest, as its authors would change it."""
    changed = copy.deepcopy(manifest)
    for name in list(changed):
        wanted, dice = changed[name], rng.random()
        if dice < 0.12 and len(changed) > 1:
            del changed[name]
        elif dice < 0.24:
            wanted["version"] += rng.choice([1, 1, 2])
        elif dice < 0.28:
            wanted["version"] = max(1, wanted["version"] - 1)
        elif dice < 0.36:
            changed[name] = dict(new_subscription(rng), version=wanted["version"])
        elif dice < 0.44:
            wanted["filter"] = new_filter(rng)
        elif dice < 0.52:
            wanted["events"] = new_events(rng, wanted["via"])
        elif dice < 0.60:
            wanted["enabled"] = not wanted.get("enabled", True)
        elif dice < 0.64:
            wanted["protect"] = not wanted.get("protect", False)
        elif dice < 0.70:
            wanted["description"] = rng.choice(DESCRIPTIONS)
        elif dice < 0.76 and "delivery" in wanted:
            wanted["delivery"] = new_delivery(rng)
        elif dice < 0.80:
            rng.shuffle(wanted["filter"])
            rng.shuffle(wanted["events"])
    for name, wanted in new_manifest(rng).items():
        if rng.random() < 0.2:
            changed.setdefault(name, wanted)
    return changed


def write_manifest(rng, folder, manifest, owner):
    """Several files in a folder; YAML takes JSON for flow style."""
    os.makedirs(folder, exist_ok=True)
    for name in os.listdir(folder):
        os.unlink(os.path.join(folder, name))
    files = [[] for _ in range(rng.randint(1, 3))]
    for item in manifest.items():
        rng.choice(files).append(item)
    for number, items in enumerate(files):
        lines = ["apiVersion: eventctl/v1"]
        if number == 0:
            lines.append("organization: acme-dev")
            lines += [f"owner: {owner}"] if owner else []
        if items:
            lines.append("subscriptions:")
        lines += [f"  {json.dumps(name)}: {json.dumps(wanted, ensure_ascii=rng.random() < 0.5)}"
                  for name, wanted in items]
        with open(os.path.join(folder, f"{number}.yaml"), "w", encoding="utf-8") as file:
            file.write("\n".join(lines) + "\n")


def seconds(text):
    return int(text[:-1]) * {"s": 1, "m": 60, "h": 3600}[text[-1]]


def there_as_wanted(state, manifest):
    """None, or what of the manifest is not at the service: the little that can be told without
    eventctl's own reading of either."""
    by_name = {(kind, entity["name"]): entity for kind, entity in everything(state)}
    for name, wanted in manifest.items():
        trigger = wanted["via"] == "trigger"
        for event in wanted["events"] if trigger else [None]:
            full = f"{name}@v{wanted['version']}" + (f"/{event}" if trigger else "")
            found = by_name.get(("triggers" if trigger else "subscriptions", full))
            if not found:
                return f"{full} is missing"
            facts = [(found["enabled"], wanted.get("enabled", True))]
            if trigger:
                facts += [(found["topicName"], TOPIC + GUIDE_TOPICS[event]
                           if event in GUIDE_TOPICS else event),
                          (found["target"]["id"], wanted["target"]["workflow"]),
                          (found.get("eventTTLSeconds"), seconds(wanted["ttl"])
                           if "ttl" in wanted else None),
                          (found.get("delayBySeconds"), seconds(wanted["delay"])
                           if "delay" in wanted else None)]
            else:
                facts += [(found["delivery"]["url"], wanted["delivery"]["url"]),
                          (sorted(found["eventTypes"]), sorted(wanted["events"])),
                          (found["batching"]["mode"].lower(),
                           wanted["delivery"].get("batching", {}).get("mode", "immediate"))]
            if not found["description"].startswith(wanted["description"]):
                return f"{full} has another description: {found}"
            for is_so, should_be in facts:
                if is_so != should_be:
                    return f"{full} has {is_so} instead of {should_be}: {found}"
    return None


# -- what others do at the service --------------------------------------------------------------

def everything(state):
    return [(kind, entity) for kind in PATHS for entity in state[kind]]


def path_of(kind, entity):
    return f"{PATHS[kind]}/{entity['id']}"


def writable(entity):
    """A copy without what only the service writes."""
    body = {key: value for key, value in entity.items()
            if key not in ("id", "selfUri", "health", "dateCreated", "dateModified")}
    if "delivery" in body:
        body["delivery"] = {"url": body["delivery"]["url"]}
    return body


def damage(rng, description):
    at = description.rindex("[eventctl ")
    place = rng.randrange(at + 1, len(description))
    return rng.choice([description[:at].rstrip(), description[:place],
                       description[:place] + "§" + description[place + 1:]])


def change(rng, kind, body):
    """Changes one thing of a body as a person would in a form; the marker stays."""
    what = rng.choice(["enabled", "enabled", "filter", "place", "text", "rest", "name", "marker"])
    if what == "filter" and kind == "triggers":
        body["matchCriteria"] = rng.choice([[], [{"jsonPath": "x", "operator": "Equal", "value": 1}]])
    elif what == "filter":
        body["filterExpression"] = {"field": "x", "operator": "EQ", "value": rng.choice([1, "y"])}
        body.pop("additionalFilter", None)
    elif what == "place" and kind == "triggers":
        body["target"]["id"] = "3f0c1b52-8a54-4d0e-9d1f-00000000000a"
    elif what == "place":
        body["delivery"]["url"] = "https://elsewhere.example.com/"
    elif what == "text":
        body["description"] = "changed " + (body.get("description") or "")
    elif what == "rest" and kind == "triggers":
        body.pop("delayBySeconds", None)
        body["eventTTLSeconds"] = rng.choice([11, 77])
    elif what == "rest":
        body["batching"] = rng.choice([{"mode": "Immediate"},
                                       {"mode": "Batched", "windowMs": 333, "maxSize": 7}])
    elif what == "name":
        body["name"] = f"renamed {rng.randrange(10 ** 9)}"
    elif what == "marker" and "[eventctl " in (body.get("description") or ""):
        body["description"] = damage(rng, body["description"])
    else:
        body["enabled"] = not body["enabled"]


def marked(state):
    """The ids of the objects by what their markers say."""
    found = {}
    for kind, entity in everything(state):
        match = MARKER.search(entity.get("description") or "")
        if match:
            found.setdefault((kind, match[1], entity.get("topicName")), []).append(entity["id"])
    return found


def must(answer):
    status, body = answer
    if status >= 300:
        raise RuntimeError(f"the test's own call was refused: {status} {body}")
    return body


def interfere(rng, sandbox):
    """People at work: fields, markers and names change, objects go."""
    for kind, entity in everything(sandbox.objects()):
        dice = rng.random()
        if dice < 0.08:
            must(sandbox.api("DELETE", path_of(kind, entity)))
        elif dice < 0.40:
            body = writable(entity)
            for _ in range(rng.choice([1, 1, 2])):
                change(rng, kind, body)
            must(sandbox.api("PUT", path_of(kind, entity), body))
        elif dice < 0.42:
            body = writable(entity)
            body["name"] = f"copy {rng.randrange(10 ** 9)}"
            must(sandbox.api("POST", PATHS[kind], body))


def add_strangers(rng, sandbox, manifest):
    """Objects without a marker, and those of other manifests; rarely with a name of ours."""
    markers = ["", "made by hand", "x [eventctl other-org/s1@1 n1234]",
               "[eventctl acme-dev/somebody-else/s1@1]", "[eventctl acme-dev/s1@", "[eventctl ]"]
    for number in range(rng.randint(0, 4)):
        name = f"by hand {number}"
        if rng.random() < 0.06:
            wanted = rng.choice(list(manifest))
            name = f"{wanted}@v{manifest[wanted]['version']}"
        body = {"name": name, "description": rng.choice(markers), "enabled": rng.random() < 0.5}
        if rng.random() < 0.5:
            body.update(eventTypes=["*"], delivery={"url": "http://10.0.0.1/"})
            sandbox.api("POST", SUBSCRIPTIONS, body)
        else:
            body.update(topicName=TOPIC + rng.choice(TOPICS), target={
                "type": "Workflow", "id": "3f0c1b52-8a54-4d0e-9d1f-00000000000b"})
            sandbox.api("POST", TRIGGERS, body)


def respell_value(rng, value):
    if isinstance(value, list):
        return rng.sample(value, len(value))
    if isinstance(value, int) and not isinstance(value, bool) and abs(value) < 2 ** 50:
        return rng.choice([value, float(value)])
    return value


def respell_trigger(rng, entity):
    for one in entity.get("matchCriteria") or []:
        for key in {"value", "values"} & set(one):
            if one["operator"] != "Size":  # 3.0 is no size to the service
                one[key] = respell_value(rng, one[key])
    criteria = entity.get("matchCriteria") or []
    rng.shuffle(criteria)
    entity["matchCriteria"] = criteria or rng.choice([None, []])
    settings = entity["target"].get("workflowTargetSettings") or {}
    if settings.get("dataFormat") == "TopLevelPrimitives" and rng.random() < 0.5:
        entity["target"]["workflowTargetSettings"] = rng.choice([None, {}, {"dataFormat": None}])
    for key in ("eventTTLSeconds", "delayBySeconds"):
        if key not in entity and rng.random() < 0.5:
            entity[key] = None


def respell_subscription(rng, entity):
    more = entity.get("additionalFilter") or []
    criteria = [entity.get("filterExpression")] + (more if isinstance(more, list) else [more])
    criteria = [one for one in criteria if one]
    for one in criteria:
        if "value" in one:
            one["value"] = respell_value(rng, one["value"])
    rng.shuffle(criteria)
    rng.shuffle(entity["eventTypes"])
    entity["filterExpression"] = criteria.pop() if criteria and rng.random() < 0.8 else None
    entity["additionalFilter"] = criteria or rng.choice([None, []])
    if len(criteria) == 1 and rng.random() < 0.5:
        entity["additionalFilter"] = criteria[0]


def respell(rng, sandbox):
    """The service says the same in other words."""
    state = sandbox.objects()
    for entity in state["triggers"]:
        respell_trigger(rng, entity)
    for entity in state["subscriptions"]:
        respell_subscription(rng, entity)
    sandbox.seed(state)


# -- a line that can be bad, and somebody who is quicker ----------------------------------------

def bad_line(rng):
    """Faults at random places of a run, each a few times."""
    kinds = ([{"fault": "cut_after"}, {"fault": "cut_before"}, {"fault": "reset_after"},
              {"fault": "status", "status": 503}, {"fault": "status", "status": 502, "effect": True},
              {"fault": "latency", "ms": 5}, {"fault": "truncate"},
              {"fault": "garbage", "match": {"method": rng.choice(["POST", "PUT"])}},
              {"fault": "version_conflict_409", "match": {"method": "PUT"}}] * 3
             + [{"fault": "rate_limited", "retry_after": 1}, {"fault": "token_revoked"}])
    rules = []
    for _ in range(rng.randint(1, 4)):
        rule = dict(rng.choice(kinds), skip=rng.randint(0, 8), times=rng.randint(1, 3))
        if "match" not in rule and rng.random() < 0.5:
            rule["match"] = {"method": rng.choice(["POST", "PUT", "DELETE", "GET"])}
            rule["skip"] = rng.randint(0, 2)
        rules.append(rule)
    return rules


class Between(http.server.ThreadingHTTPServer):
    """Stands between eventctl and the sandbox and does something right before the first request
    that touches one object is passed on: whatever eventctl read of it before is stale then."""

    daemon_threads = True

    def __init__(self, url, path, act):
        super().__init__(("127.0.0.1", 0), Passing)
        self.behind = urllib.parse.urlsplit(url).netloc
        self.path, self.act = path, act
        self.lock = threading.Lock()
        self.url = f"http://127.0.0.1:{self.server_address[1]}"
        threading.Thread(target=self.serve_forever, daemon=True).start()

    def close(self):
        self.shutdown()
        self.server_close()

    def before(self, path):
        with self.lock:
            if self.act and path == self.path:
                self.act()
                self.act = None


class Passing(http.server.BaseHTTPRequestHandler):
    """Passes a request on as it is."""

    protocol_version = "HTTP/1.1"

    def log_message(self, *_):
        """Says nothing."""

    def pass_on(self):
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        headers = {name: value for name, value in self.headers.items() if name != "Host"}
        self.server.before(self.path)
        behind = http.client.HTTPConnection(self.server.behind, timeout=RUN_LIMIT_S)
        behind.request(self.command, self.path, body or None, headers)
        reply = behind.getresponse()
        text = reply.read()
        self.send_response_only(reply.status)
        for name, value in reply.getheaders():
            if name.lower() not in ("content-length", "connection", "transfer-encoding"):
                self.send_header(name, value)
        if reply.status != 204:
            self.send_header("Content-Length", str(len(text)))
        self.end_headers()
        self.wfile.write(text)
        behind.close()

    do_GET = do_POST = do_PUT = do_DELETE = pass_on  # the names that http.server looks for


# -- one round ----------------------------------------------------------------------------------

class Round:
    """One manifest, one remote state, and what is expected of them."""

    def __init__(self, options, seed, number, home):
        self.rng = random.Random(f"{seed}/{number}")
        self.sandbox = Sandbox(options.sandbox)
        self.home = home
        self.eventctl = Eventctl(options.eventctl, self.sandbox, home)
        self.folder = os.path.join(home, "manifest")
        self.owner = self.rng.choice(["", "", "team-x"])
        self.prune = self.rng.random() < 0.5
        self.mode = ["plain", "bad-line", "saved", "bad-line", "stale", "bad-line", "between",
                     "bad-line"][number % 8]
        self.manifest = {}
        self.story = []

    def play(self):
        rng = self.rng
        manifest = new_manifest(rng)
        if rng.random() < 0.85:
            self.write(manifest)
            self.apply_all()
            self.settled()
            interfere(rng, self.sandbox)
        add_strangers(rng, self.sandbox, manifest)
        if rng.random() < 0.8:
            manifest = next_manifest(rng, manifest)
        self.write(manifest)
        plan = self.plan()
        if rng.random() < 0.6:
            respell(rng, self.sandbox)
            self.same_plan(plan)
        if plan["exit_code"] == EXIT_FAILED:
            self.refused(EXIT_FAILED)
        elif any(one["protected"] for one in plan["plan"]["changes"]):
            self.refused(EXIT_REFUSED)
        else:
            getattr(self, "play_" + self.mode.replace("-", "_"))(plan["plan"]["changes"])
        self.sandbox.stop()

    # -- running ----------------------------------------------------------------

    def write(self, manifest):
        self.manifest = manifest
        write_manifest(self.rng, self.folder, manifest, self.owner)

    def run(self, *arguments, json_output=True):
        """(exit code, stdout as JSON, stdout as it is, the requests)"""
        self.sandbox.forget()
        done = self.eventctl.run(*arguments, *(["-o", "json"] if json_output else []))
        log = self.sandbox.requests()
        text = done.stdout.decode()
        self.story.append(f"{' '.join(arguments)}: exit {done.returncode}: {done.stderr.decode()}")
        expect("Sanitizer" not in done.stderr.decode(), "a sanitizer complained")
        document = json.loads(text) if json_output else None
        if document:
            expect(document["exit_code"] == done.returncode, "the document has another exit code")
        return done.returncode, document, text, log

    def options(self, *more):
        return [*more, "-f", self.folder, *(["--prune"] if self.prune else [])]

    def apply(self, *more):
        return self.run("apply", "--yes", "--max-updates", "100", "--max-deletes", "100",
                        "--settle", "300ms", *more)

    def apply_all(self):
        code, _, _, _ = self.apply("--allow-downgrade", *self.options())
        expect(code == EXIT_OK, f"apply of a new manifest: exit {code}")

    # -- what holds of reading ----------------------------------------------------

    def plan(self):
        """A plan, with all that must hold of any."""
        code, document, text, log = self.run("plan", "--detailed-exitcode", *self.options())
        reads = [line for line in log if line != "POST /oauth/token"]
        expect(all(re.match(r"GET /api/v2/(tokens/me$|eventstreams/subscriptions\?|"
                            r"processautomation/triggers\?)", line) for line in reads),
               f"plan did more than list: {reads}")
        if document["plan"]["conflicts"]:
            expect(code == EXIT_FAILED, f"a plan with conflicts: exit {code}")
        else:
            expect(code == (EXIT_CHANGES if document["plan"]["changes"] else EXIT_OK),
                   f"plan with {len(document['plan']['changes'])} changes: exit {code}")
        for one in document["plan"]["changes"]:
            match = MARKER.search(f"{(one.get('before') or {}).get('marker', '')}")
            name = match[1].rpartition("/")[2].partition("@")[0] if match else None
            expect(one["action"] != "delete" or self.prune or not name or name in self.manifest,
                   f"without --prune {one['name']} would be deleted")
        again = self.run("plan", "--detailed-exitcode", *self.options())
        expect(again[2] == text, "the second plan differs")
        checked, check, _, log = self.run("check", *self.options())
        expect(checked == code, f"check: exit {checked}, plan: {code}")
        expect(check["plan"] == document["plan"], "check sees another plan")
        expect(not any(map(is_write, log)), "check wrote")
        return document

    def same_plan(self, plan):
        now = self.run("plan", "--detailed-exitcode", *self.options())[1]
        for document in (plan, now):
            for one in document["plan"]["changes"]:
                one["fields"] = [field["field"] for field in one["fields"]]
                one["before"] = None
        expect(now["plan"] == plan["plan"], lambda: "another plan after the service respelled: "
               f"{json.dumps(plan['plan'])} → {json.dumps(now['plan'])}")

    def settled(self):
        plan = self.plan()
        expect(plan["exit_code"] == EXIT_OK, lambda: "after apply there is still to do: "
               + json.dumps(plan["plan"]["changes"]))
        wrong = there_as_wanted(self.sandbox.objects(), self.manifest)
        expect(not wrong, wrong)

    # -- what holds of writing ----------------------------------------------------

    def no_twins(self, before):
        """No marker of which there is more than one now stood on as many before."""
        was, now = marked(before), marked(self.sandbox.objects())
        for key, ids in now.items():
            expect(len(ids) <= max(1, len(was.get(key, []))), f"{key} stands on {ids}")

    def untouched(self, before, changes):
        """All that no change names is as it was."""
        named = {one["id"] for one in changes if one["id"]}
        now = {entity["id"]: entity for _, entity in everything(self.sandbox.objects())}
        for _, entity in everything(before):
            if entity["id"] not in named:
                expect(now.get(entity["id"]) == entity,
                       lambda gone=entity: f"touched: {gone} → {now.get(gone['id'])}")

    def refused(self, code):
        """A conflict or a protection: nothing is written."""
        before = self.sandbox.objects()
        got, _, _, log = self.apply("--allow-downgrade", *self.options())
        expect(got == code, f"apply should be refused with {code}: exit {got}")
        expect(not any(map(is_write, log)), "a refused apply wrote")
        expect(self.sandbox.objects() == before, "a refused apply changed something")

    def applied(self, changes, *arguments):
        """An apply on a good line: just the plan's writes."""
        before = self.sandbox.objects()
        code, document, _, log = self.apply(*arguments)
        expect(code == EXIT_OK, lambda: f"apply: exit {code}: {json.dumps(document.get('error'))}")
        count = {action: sum(one["action"] == action for one in changes)
                 for action in ("create", "update", "replace", "delete")}
        wanted = {"POST": count["create"] + count["replace"], "PUT": count["update"],
                  "DELETE": count["replace"] + count["delete"]}
        made = {method: sum(map(is_write, [line for line in log if line.startswith(method + " ")]))
                for method in wanted}
        expect(made == wanted, f"writes {made}, planned {wanted}")
        self.untouched(before, changes)
        self.no_twins(before)
        self.settled()

    # -- the kinds of rounds --------------------------------------------------------

    def play_plain(self, changes):
        self.applied(changes, "--allow-downgrade", *self.options())

    def play_bad_line(self, changes):
        before = self.sandbox.objects()
        for _ in range(self.rng.choice([1, 1, 2])):
            self.sandbox.faults(bad_line(self.rng))
            self.apply("--allow-downgrade", *self.options())
            self.sandbox.faults([])
            self.untouched(before, changes)
            self.no_twins(before)
        left = self.plan()
        expect(not left["plan"]["conflicts"], lambda: f"conflicts: {left['plan']['conflicts']}")
        self.applied(left["plan"]["changes"], "--allow-downgrade", *self.options())
        self.untouched(before, changes)

    def save(self):
        path = os.path.join(self.home, "plan")
        self.run("plan", "--out", path, *self.options())
        return path

    def play_saved(self, changes):
        self.applied(changes, "--allow-downgrade", self.save())

    def victims(self, changes):
        """(kind, entity) of what the plan would change or delete."""
        named = {one["id"] for one in changes if one["id"]}
        return [(kind, entity) for kind, entity in everything(self.sandbox.objects())
                if entity["id"] in named]

    def play_stale(self, changes):
        """Somebody changes one object between plan and apply."""
        victims = self.victims(changes)
        path = self.save()
        if not victims:
            self.applied(changes, "--allow-downgrade", path)
            return
        kind, entity = self.rng.choice(victims)
        body = dict(writable(entity), description="mine now")
        must(self.sandbox.api("PUT", path_of(kind, entity), body))
        before = self.sandbox.objects()
        code, document, _, log = self.apply("--allow-downgrade", path)
        expect(code == EXIT_STALE, f"a stale plan: exit {code}")
        expect(len(document["moved"]) == 1, f"moved: {document['moved']}")
        expect(not any(map(is_write, log)), "a stale plan wrote")
        expect(self.sandbox.objects() == before, "a stale plan changed something")

    def play_between(self, changes):
        """Somebody changes one object right before eventctl's first request for it."""
        victims = self.victims(changes)
        if not victims:
            self.play_plain(changes)
            return
        kind, entity = self.rng.choice(victims)
        path = path_of(kind, entity)
        body = dict(writable(entity), description="mine now")
        before = self.sandbox.objects()
        between = Between(self.sandbox.url, path,
                          lambda: must(self.sandbox.api("PUT", path, body)))
        self.eventctl.environment["EVENTCTL_API_URL"] = between.url
        code, _, _, _ = self.apply("--allow-downgrade", *self.options())
        self.eventctl.environment["EVENTCTL_API_URL"] = self.sandbox.url
        between.close()
        expect(code not in (EXIT_OK, EXIT_CHANGES), f"a concurrent change: exit {code}")
        left = [now for _, now in everything(self.sandbox.objects()) if now["id"] == entity["id"]]
        expect(left and left[0]["description"] == "mine now"
               and left[0]["version"] == entity["version"] + 1, f"overwritten: {left}")
        self.untouched(before, changes)
        self.no_twins(before)


def play(options, number):
    """None, or what did not hold."""
    with tempfile.TemporaryDirectory() as home:
        home = os.path.realpath(home)
        one = Round(options, options.seed, number, home)
        try:
            one.play()
            return None
        except Exception as problem:  # whatever goes wrong is a failed round, not the end
            one.sandbox.process.kill()
            one.sandbox.process.wait()
            what = problem if isinstance(problem, Broken) else f"{type(problem).__name__}: {problem}"
            return f"({one.mode}) {what}\n" + "\n".join(one.story)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--seed", default="1")
    parser.add_argument("--rounds", type=int, default=60)
    parser.add_argument("--round", type=int, help="this one only")
    parser.add_argument("--eventctl", default="build/eventctl")
    parser.add_argument("--sandbox", default="build/genesys-sandbox")
    options = parser.parse_args()
    options.eventctl = os.path.abspath(options.eventctl)
    options.sandbox = os.path.abspath(options.sandbox)
    rounds = range(options.rounds) if options.round is None else [options.round]
    failed = 0
    with concurrent.futures.ThreadPoolExecutor(WORKERS) as pool:
        for number, problem in zip(rounds, pool.map(lambda n: play(options, n), rounds)):
            if problem:
                failed += 1
                print(f"FAIL --seed {options.seed} --round {number}: {problem}")
    print(f"{len(rounds) - failed} passed, {failed} failed")
    return 1 if failed or not rounds else 0


if __name__ == "__main__":
    sys.exit(main())
