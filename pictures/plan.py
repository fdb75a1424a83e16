"""The plan of the README's first look, as eventctl prints it for a sandbox that is empty."""
import os
import re
import subprocess
import tempfile

ROOT = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..")
COLOURS = {"1": "strong", "2": "dim", "31": "remove", "32": "add", "33": "change", "35": "paused"}


def planned(eventctl, sandbox):
    with tempfile.TemporaryDirectory() as home, subprocess.Popen(
            [sandbox, "--listen", "127.0.0.1:0"], stdout=subprocess.PIPE, encoding="utf-8") as api:
        try:
            url = api.stdout.readline().strip()
            return subprocess.run(
                [eventctl, "plan", "--color", "always", "manifests/demo"], cwd=ROOT, check=True,
                env={"HOME": home, "PATH": os.environ["PATH"], "LC_ALL": "C.UTF-8",
                     "EVENTCTL_API_URL": url, "EVENTCTL_LOGIN_URL": url,
                     "EVENTCTL_CLIENT_ID": "sandbox-client",
                     "EVENTCTL_CLIENT_SECRET": "sandbox-secret",
                     "INGEST_URL": "https://ingest.acme.example/events"},
                stdout=subprocess.PIPE, encoding="utf-8").stdout
        finally:
            api.kill()


def lines(eventctl, sandbox):
    """What a terminal shows, as terminal.py reads it."""
    styled = re.sub("\033\\[(\\d+)m(.*?)\033\\[0m",
                    lambda found: f"«{COLOURS[found[1]]}:{found[2]}»",
                    planned(os.path.abspath(eventctl), os.path.abspath(sandbox)))
    assert "\033" not in styled, "a colour that plan.py does not know"
    return ["«dim:$» «strong:eventctl plan manifests/demo»", *styled.splitlines()]
