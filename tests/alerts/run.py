#!/usr/bin/python3
"""What manifests/ holds for those who operate it: alert rules, dashboard, scaling, units, CI jobs.

  run.py [--ingestd FILE] [--eventctl FILE] [--sandbox FILE] [--only TEXT]

Each is read by the program that it is for, where that can be had: rules by promtool, units by
systemd-analyze, jobs by a shell beside a sandbox, and all of Prometheus by a real one that scrapes an
ingestd. Runs by Debian's python3, for its python3-yaml. Prometheus is found in PATH, or where
./install-deps unpacks it.
"""
import contextlib
import glob
import json
import os
import re
import shlex
import shutil
import subprocess
import sys

import yaml

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
sys.path.insert(0, os.path.join(ROOT, "tests", "ingest"))
import harness  # noqa: E402
from harness import LIMIT_S, OPTIONS, Ingestd, Sink, event, wait_for  # noqa: E402
from prometheus import Prometheus, tool  # noqa: E402

MANIFESTS = os.path.join(ROOT, "manifests")
HISTOGRAM = ("_bucket", "_count", "_sum")
TARGET_LABELS = {"endpoint", "instance", "job", "le"}  # of the scrape, not of ingestd
RECONCILE = {"eventctl_reconcile_" + name for name in (
    "drifted_objects", "auth_failures_total", "last_success_timestamp_seconds",
    "token_expires_timestamp_seconds")}


class Place:
    def __init__(self, folder):
        self.folder = folder
        self.stack = contextlib.ExitStack()

    def path(self, name):
        return os.path.join(self.folder, name)

    def write(self, name, text):
        with open(self.path(name), "w", encoding="utf-8") as out:
            out.write(text)
        return self.path(name)

    def sandbox(self):
        """The environment of an eventctl that speaks to a sandbox of its own."""
        process = self.stack.enter_context(subprocess.Popen(
            [OPTIONS.sandbox, "--listen", "127.0.0.1:0", "--exit-with-parent"],
            stdout=subprocess.PIPE, text=True))
        self.stack.callback(process.terminate)
        url = process.stdout.readline().strip()
        os.mkdir(self.path("bin"))
        os.symlink(os.path.abspath(OPTIONS.eventctl), self.path("bin/eventctl"))
        return {**os.environ, "PATH": self.path("bin") + ":" + os.environ["PATH"],
                "HOME": self.folder, "EVENTCTL_API_URL": url, "EVENTCTL_LOGIN_URL": url,
                "EVENTCTL_CLIENT_ID": "sandbox-client", "EVENTCTL_CLIENT_SECRET": "sandbox-secret",
                "INGEST_URL": "https://ingest.acme.example/events"}


def text_of(name):
    with open(os.path.join(MANIFESTS, name), encoding="utf-8") as file:
        return file.read()


def read(name):
    return yaml.safe_load(text_of(name))


def rules():
    return [rule for group in read("alerts.yaml")["groups"] for rule in group["rules"]]


def run(*command, **more):
    """Runs it; it must succeed. What it said."""
    done = subprocess.run(command, text=True, capture_output=True, timeout=LIMIT_S, **more)
    assert done.returncode == 0, f"{command} ended with {done.returncode}:\n{done.stdout}{done.stderr}"
    return done.stdout


# -- eventctl's words -------------------------------------------------------------------------------

def commands_of_help():
    """{command: its help}, from `eventctl help`."""
    names = re.findall(r"^  (?!eventctl )([a-z]+(?: [a-z]+)?) +\S", run(OPTIONS.eventctl, "help"), re.M)
    return {name: run(OPTIONS.eventctl, "help", *name.split()) for name in names}


def check_command(line, known):
    """Says what eventctl does not know of `eventctl WORDS [--OPTION…]`; "" when it knows it all."""
    words = shlex.split(line)[1:]
    name = next((n for n in (" ".join(words[:2]), words[0]) if n in known), None)
    if not name:
        return f"{line}: no such command"
    # Its options begin a line of their own; the details of its help may name those of others.
    options = set(re.findall(r"^ +(?:-., +)?(--[a-z-]+)", known[name], re.M))
    options |= set(re.findall(r"^ +(-[a-z]), ", known[name], re.M))
    strange = [w for w in words if re.match(r"--?[a-z]", w) and w not in options]
    return f"{line}: {name} knows no {strange}" if strange else ""


def spoken_commands(runbook):
    """What stands in `…`, with a word in place of each template."""
    text = re.sub(r"\{\{-? (?:with|end).*?\}\}", "", runbook)
    text = re.sub(r"\{\{.*?\}\}", "X", text)
    commands = re.findall(r"`(eventctl [^`]*)`", text)
    assert text.startswith("`eventctl ") and commands, f"does not begin with what to type: {text}"
    return commands


# -- the cases --------------------------------------------------------------------------------------

def rules_hold(place):
    run(tool("promtool"), "check", "rules", os.path.join(MANIFESTS, "alerts.yaml"))
    run(tool("promtool"), "test", "rules", "alerts.test.yaml", cwd=MANIFESTS)
    run(tool("promtool"), "check", "config", "--syntax-only", os.path.join(MANIFESTS, "prometheus.yaml"))


def each_rule_is_tested(place):
    """alerts.test.yaml sees each of them fire, and after that not."""
    looks = {}
    for test in read("alerts.test.yaml")["tests"]:
        for look in test.get("promql_expr_test", []):
            name = re.search(r'alertname="(\w+)"', look["expr"]).group(1)
            looks.setdefault(name, []).append((look["eval_time"], bool(look["exp_samples"])))
    for rule in rules():
        fires = [fired for _, fired in looks.get(rule["alert"], [])]
        assert True in fires and not fires[0] and not fires[-1], (rule["alert"], looks)
    assert len(looks) == len(rules()), set(looks) - {rule["alert"] for rule in rules()}


def each_rule_says_what_to_do(place):
    """Severity, summary, description, and commands that eventctl knows."""
    known, wrong = commands_of_help(), []
    for rule in rules():
        assert rule["labels"]["severity"] in ("critical", "warning", "info"), rule
        said = rule["annotations"]
        assert set(said) == {"summary", "description", "runbook"} and all(said.values()), rule
        wrong += [f"{rule['alert']}: {what}" for command in spoken_commands(said["runbook"])
                  if (what := check_command(command, known))]
    assert not wrong, "\n".join(wrong)


def declared():
    """{series name: its labels} of what ingestd and reconcile serve."""
    series = {name: {"instance"} for name in RECONCILE}
    for line in run(OPTIONS.ingestd, "help", "metrics").splitlines():
        if not line.startswith("| `"):
            continue
        name, kind, labels = [cell.strip() for cell in line.split("|")[1:4]]
        for suffix in HISTOGRAM if kind == "histogram" else ("",):
            series[name.strip("`") + suffix] = set(filter(None, labels.split(", ")))
    return series


def adapter_rule():
    """The rule of prometheus-adapter that a comment of hpa.yaml gives."""
    lines = re.findall(r"^#   (.*)$", text_of("hpa.yaml"), re.M)
    return yaml.safe_load("\n".join(lines))[0]


def queries():
    """(where, PromQL) of everything in manifests/ that asks Prometheus something."""
    for rule in rules():
        yield "alerts.yaml " + rule["alert"], rule["expr"]
    dashboard = json.loads(text_of("grafana.json"))
    for panel in dashboard["panels"]:
        for target in panel.get("targets", []):
            yield "grafana.json " + panel["title"], target["expr"]
    for note in dashboard["annotations"]["list"]:
        yield "grafana.json " + note["name"], note["expr"]
    for trigger in read("keda.yaml")["spec"]["triggers"]:
        yield "keda.yaml", trigger["metadata"]["query"]
    yield "hpa.yaml", adapter_rule()["metricsQuery"]


def metrics_are_declared(place):
    """All that is asked for is served, with those labels."""
    series, seen = declared(), set()
    assert len(series) > 40 and {"source", "reason"} == series["ingestd_signature_failures_total"]
    asked = [*queries(), *(("grafana.json variable", v["definition"])
                           for v in json.loads(text_of("grafana.json"))["templating"]["list"]
                           if v["type"] == "query")]
    for where, query in asked:
        for name, labels in re.findall(r"\b((?:ingestd|eventctl)_\w+)(?:\{([^}]*)\})?", query):
            assert name in series, f"{where}: nobody serves {name}"
            used = set(re.findall(r"(\w+) *(?:=|!)", labels))
            assert used <= series[name] | TARGET_LABELS, f"{where}: {name} has no {used - series[name]}"
            seen.add(name)
    assert RECONCILE <= seen, RECONCILE - seen
    assert adapter_rule()["seriesQuery"] in series


def dashboard_is_sound(place):
    """Valid JSON of Grafana's form: ids once, no panel over another, each asks the chosen source."""
    dashboard = json.loads(text_of("grafana.json"))
    variables = {v["name"]: v for v in dashboard["templating"]["list"]}
    assert variables["datasource"]["type"] == "datasource"
    assert variables["datasource"]["query"] == "prometheus"
    taken, ids = set(), [panel["id"] for panel in dashboard["panels"]]
    assert len(ids) == len(set(ids)) > 20
    for panel in dashboard["panels"]:
        at = panel["gridPos"]
        cells = {(x, y) for x in range(at["x"], at["x"] + at["w"])
                 for y in range(at["y"], at["y"] + at["h"])}
        assert at["x"] + at["w"] <= 24 and not cells & taken, panel["title"]
        taken |= cells
        if panel["type"] == "row":
            continue
        assert panel["title"] and panel["description"] and panel["targets"], panel
        for asks in (panel, *panel["targets"]):
            assert asks["datasource"] == {"type": "prometheus", "uid": "${datasource}"}, panel
        used = {name for target in panel["targets"]
                for name in re.findall(r"\$(\w+)", target["expr"])}
        assert used <= {*variables, "__rate_interval"}, used


def scaling_is_sound(place):
    """KEDA's and Kubernetes's objects have the members that these want, and agree."""
    keda, hpa = read("keda.yaml"), read("hpa.yaml")
    assert (keda["apiVersion"], keda["kind"]) == ("keda.sh/v1alpha1", "ScaledObject")
    assert (hpa["apiVersion"], hpa["kind"]) == ("autoscaling/v2", "HorizontalPodAutoscaler")
    spec, trigger = keda["spec"], keda["spec"]["triggers"][0]
    assert trigger["type"] == "prometheus"
    # All of a trigger's metadata is text, or KEDA refuses it.
    assert all(isinstance(value, str) for value in trigger["metadata"].values()), trigger
    assert {"serverAddress", "query", "threshold"} <= set(trigger["metadata"])
    external = hpa["spec"]["metrics"][0]["external"]
    assert external["metric"]["name"] == adapter_rule()["name"]["as"]
    assert adapter_rule()["metricsQuery"] == trigger["metadata"]["query"]
    target = external["target"]
    assert (target["type"], target["averageValue"]) == ("AverageValue", trigger["metadata"]["threshold"])
    assert (spec["minReplicaCount"], spec["maxReplicaCount"]) == \
        (hpa["spec"]["minReplicas"], hpa["spec"]["maxReplicas"])
    assert 0 < spec["minReplicaCount"] < spec["fallback"]["replicas"] < spec["maxReplicaCount"]
    assert spec["scaleTargetRef"]["name"] == hpa["spec"]["scaleTargetRef"]["name"]
    assert spec["advanced"]["horizontalPodAutoscalerConfig"]["behavior"] == hpa["spec"]["behavior"]


def unit_lines(path):
    with open(path, encoding="utf-8") as unit:
        return [line for line in unit.read().replace("\\\n", " ").splitlines()
                if line and line[0] not in "#;"]


def units_are_hardened(place):
    """As hard as ingestd's unit, and each starts what eventctl knows."""
    known = commands_of_help()
    own = unit_lines(os.path.join(ROOT, "ingest", "ingestd.service"))
    hard = {line for line in own[own.index("CapabilityBoundingSet="):] if not line.startswith("[")}
    hard -= {"WantedBy=multi-user.target"}
    assert len(hard) > 20, hard
    for name in ("eventctl-check.service", "eventctl-reconcile.service"):
        lines = unit_lines(os.path.join(MANIFESTS, name))
        assert hard <= set(lines), (name, hard - set(lines))
        assert "DynamicUser=yes" in lines and "StateDirectoryMode=0700" in lines, name
        starts = [line for line in lines if line.startswith("ExecStart=")]
        wrong = [check_command(line.replace("ExecStart=/usr/bin/", ""), known) for line in starts]
        assert len(starts) == 1 and not any(wrong), wrong


def units_are_valid(place):
    """As systemd reads them, with this program in place of the installed one."""
    paths = []
    for path in sorted(glob.glob(os.path.join(MANIFESTS, "*.service"))
                       + glob.glob(os.path.join(MANIFESTS, "*.timer"))):
        text = text_of(path).replace("/usr/bin/eventctl", os.path.abspath(OPTIONS.eventctl))
        paths.append(place.write(os.path.basename(path), text))
    assert len(paths) == 3, paths
    done = subprocess.run(["systemd-analyze", "verify", "--man=no", *paths], text=True,
                          capture_output=True, timeout=LIMIT_S)
    said = [line for line in (done.stdout + done.stderr).splitlines() if "eventctl" in line]
    assert done.returncode == 0 and not said, (done.returncode, said or done.stderr)
    when = re.search("^OnCalendar=(.*)$", text_of("eventctl-check.timer"), re.M).group(1)
    run("systemd-analyze", "calendar", when)


def job_commands(job):
    """The shell text of a job's steps, GitHub's or GitLab's."""
    return job.get("script") or [step["run"] for step in job["steps"] if "run" in step]


def ci_jobs_run(place):
    """The jobs' own commands: a valid manifest passes, a wrong one does not; check fails until the
    manifest is applied, and leaves what it found."""
    environment = place.sandbox()
    github, gitlab = read("ci/github.yml"), read("ci/gitlab.yml")
    on = github[True]  # YAML 1.1's word for `on`
    assert "pull_request" in on and on["schedule"][0]["cron"], on
    assert "merge_request_event" in gitlab["validate"]["rules"][0]["if"]
    assert '"schedule"' in gitlab["check"]["rules"][0]["if"]
    for line in gitlab[".eventctl"]["before_script"]:
        run("bash", "-n", "-c", line)
    shutil.copytree(os.path.join(MANIFESTS, "demo"), place.path("manifests"))

    def ends(job):
        commands = [c for c in job_commands(job) if c.startswith("eventctl ")]
        assert len(commands) == 1, commands
        return subprocess.run(["sh", "-c", commands[0]], cwd=place.folder, env=environment,
                              capture_output=True, timeout=LIMIT_S).returncode
    both = [{**github["jobs"], "of": "github"}, {**gitlab, "of": "gitlab"}]
    for jobs in both:
        assert ends(jobs["validate"]) == 0, jobs["of"]
        assert ends(jobs["check"]) == 2, jobs["of"]
        with open(place.path("drift.json"), encoding="utf-8") as found:
            assert json.load(found)["format_version"]
        os.remove(place.path("drift.json"))
    run("eventctl", "apply", "--yes", "-f", "manifests", cwd=place.folder, env=environment)
    for jobs in both:
        assert ends(jobs["check"]) == 0, jobs["of"]
    place.write("manifests/wrong.yaml", "apiVersion: eventctl/v1\nsubscriptions: {a: {}}\n")
    for jobs in both:
        assert ends(jobs["validate"]) == 3, jobs["of"]


def reconcile_keeps_the_figures(place):
    """The metrics file has what the rules ask for, in the form that Prometheus reads."""
    path = place.path("eventctl.prom")
    subprocess.run(["eventctl", "reconcile", "--once", "--mode", "report", "--metrics-file", path,
                    "-f", os.path.join(MANIFESTS, "demo")], cwd=place.folder, env=place.sandbox(),
                   capture_output=True, timeout=LIMIT_S)
    with open(path, encoding="utf-8") as file:
        text = file.read()
    names = set(re.findall(r"^(\w+)(?:\{.*\})? ", text, re.M))
    assert RECONCILE <= names, RECONCILE - names
    figures = dict(re.findall(r"^(\w+)(?:\{.*\})? (\S+)$", text, re.M))
    assert float(figures["eventctl_reconcile_drifted_objects"]) > 0, figures
    assert float(figures["eventctl_reconcile_auth_failures_total"]) == 0, figures
    # node_exporter reads the older text format, in which a counter's help is of another name.
    checked = subprocess.run([tool("promtool"), "check", "metrics"], input=text, text=True,
                             capture_output=True, timeout=LIMIT_S)
    said = [line for line in checked.stderr.splitlines()
            if line and not line.endswith("_total no help text")]
    assert checked.returncode in (0, 3) and not said, (checked.returncode, said)
    assert os.stat(path).st_mode & 0o044 == 0o044, "node_exporter is another user"


# -- with a real Prometheus -------------------------------------------------------------------------

def at_once(groups):
    """Rules without their `for`, so that a test need not wait for what promtool has shown."""
    for group in groups["groups"]:
        for rule in group["rules"]:
            rule.pop("for", None)
    return groups


def a_real_prometheus(place):
    """It scrapes an ingestd as prometheus.yaml says and evaluates the rules: dead letters fire an
    alert, which clears when they are discarded, and again when they are replayed."""
    failing = True
    sink = Sink(lambda delivery: 500 if failing else 200)
    place.stack.callback(sink.close)
    os.mkdir(place.path("ingestd"))
    ingestd = place.stack.enter_context(Ingestd(
        OPTIONS.ingestd, place.path("ingestd"), sink=sink, change=lambda c: c["sinks"]["crm"].update(
            retries=["1ms"], breaker={"failures": 10000})))
    config = read("prometheus.yaml")
    config["global"] = {"scrape_interval": "200ms", "scrape_timeout": "200ms",
                        "evaluation_interval": "200ms"}
    job = next(job for job in config["scrape_configs"] if job["job_name"] == "ingestd")
    job["authorization"]["credentials_file"] = ingestd.path("token")
    job["static_configs"][0]["targets"] = [ingestd.admin_address]
    config["scrape_configs"] = [job]
    place.write("alerts.yaml", yaml.safe_dump(at_once(read("alerts.yaml"))))
    prometheus = place.stack.enter_context(Prometheus(
        place.write("prometheus.yaml", yaml.safe_dump(config)), place.path("tsdb")))

    target = wait_for("a scrape", prometheus.scraped)
    assert target["health"] == "up" and not target["lastError"], target
    wait_for("an evaluation", prometheus.evaluated)
    assert prometheus.firing() == {}, prometheus.firing()

    def fires():
        return prometheus.firing().get("IngestdDeadLettersGrow")
    ingestd.send(event(1), event(2))
    alert = wait_for("the alert", fires)
    assert alert["labels"] == {
        "alertname": "IngestdDeadLettersGrow", "severity": "warning", "subscription": "sub-1",
        "endpoint": "frankfurt", "instance": ingestd.admin_address}, alert
    assert alert["annotations"]["runbook"].startswith(
        "`eventctl dlq list --subscription 'sub-1' --endpoint frankfurt` tells"), alert
    assert ingestd.admin("POST", "/v1/dlq/discard", {"all": True, "reason": "seen"})[0] == 200
    wait_for("it to clear after the discard", lambda: not fires())

    ingestd.send(event(3))
    wait_for("the alert again", fires)
    failing = False
    assert ingestd.admin("POST", "/v1/dlq/replay", {"all": True, "reason": "mended"})[0] == 200
    wait_for("it to clear after the replay", lambda: not fires())
    assert sink.numbers() == [3], sink.numbers()

    for where, query in queries():
        answer = prometheus.query(re.sub(r"\$__rate_interval", "1m", re.sub(
            r"\$(endpoint|subscription)", ".*", query)))
        assert answer["status"] == "success", (where, answer)
        if where.startswith("keda.yaml"):
            assert answer["data"]["result"][0]["value"][1] == "0", answer


CASES = [rules_hold, each_rule_is_tested, each_rule_says_what_to_do, metrics_are_declared,
         dashboard_is_sound, scaling_is_sound, units_are_hardened, ci_jobs_run,
         reconcile_keeps_the_figures, a_real_prometheus]
if shutil.which("systemd-analyze"):
    CASES.append(units_are_valid)
else:
    print("SKIP units_are_valid: no systemd-analyze here")


if __name__ == "__main__":
    sys.exit(harness.main(CASES, Place, eventctl="build/eventctl", sandbox="build/genesys-sandbox"))
