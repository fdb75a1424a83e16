"""A Prometheus of a test: on a free loopback port, with its data in a folder of the test."""
import json
import os
import shutil
import socket
import subprocess
import urllib.error
import urllib.parse
import urllib.request

from harness import LIMIT_S, die_with_parent, wait_for

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
UNPACKED = os.path.join(ROOT, "build", "prometheus", "usr", "bin")
TRIES = 5  # a port that was free may be taken by the time that it is listened on


def tool(name):
    """The path of prometheus or promtool."""
    found = shutil.which(name, path=os.environ["PATH"] + ":" + UNPACKED)
    assert found, f"no {name}: ./install-deps test"
    return found


def free_address():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return "127.0.0.1:%d" % probe.getsockname()[1]


class Prometheus:
    def __init__(self, config, storage):
        self.config, self.storage, self.log_path = config, storage, storage + ".log"

    def __enter__(self):
        for _ in range(TRIES):
            self.address = free_address()
            with open(self.log_path, "wb") as log:
                self.process = subprocess.Popen(
                    [tool("prometheus"), "--config.file=" + self.config,
                     "--storage.tsdb.path=" + self.storage, "--log.level=warn",
                     "--web.listen-address=" + self.address],
                    stdout=log, stderr=log, preexec_fn=die_with_parent)
            if wait_for("Prometheus", self.ready_or_ended) == "ready":
                return self
        with open(self.log_path, encoding="utf-8") as log:
            raise AssertionError(f"Prometheus ended with {self.process.returncode}:\n{log.read()}")

    def __exit__(self, *_):
        self.process.terminate()
        self.process.wait(LIMIT_S)

    def ready_or_ended(self):
        if self.process.poll() is not None:
            return "ended"
        try:
            with urllib.request.urlopen(f"http://{self.address}/-/ready", timeout=LIMIT_S):
                return "ready"
        except OSError:
            return None

    def get(self, path, **arguments):
        url = f"http://{self.address}/api/v1/{path}?{urllib.parse.urlencode(arguments)}"
        try:
            with urllib.request.urlopen(url, timeout=LIMIT_S) as reply:
                return json.load(reply)
        except urllib.error.HTTPError as refused:
            return json.load(refused)

    def query(self, text):
        return self.get("query", query=text)

    def scraped(self):
        """Its only target, once it was scraped; else None."""
        targets = self.get("targets")["data"]["activeTargets"]
        return targets[0] if targets and targets[0]["health"] != "unknown" else None

    def evaluated(self):
        """Whether all rules were evaluated since the first scrape, without an error."""
        rules = [rule for group in self.get("rules")["data"]["groups"] for rule in group["rules"]]
        wrong = [rule["lastError"] for rule in rules if rule.get("lastError")]
        assert not wrong, wrong
        up = self.query("count_over_time(up[1m]) > 3")["data"]["result"]
        return bool(rules) and bool(up) and all(rule["health"] == "ok" for rule in rules)

    def firing(self):
        """{name: alert} of those that fire."""
        return {alert["labels"]["alertname"]: alert for alert in self.get("alerts")["data"]["alerts"]
                if alert["state"] == "firing"}
