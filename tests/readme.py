#!/usr/bin/env python3
"""Plays every ```console block of README.md in one shell and compares what comes out.

A line "$ command" is run; the lines up to the next one are what it prints. A line that is only
"…" stands for any number of lines. --update writes what was seen. The ports are others in
every run, so that nothing else on the machine is in the way. Every ```yaml block must be a valid
manifest.
"""
import argparse
import os
import re
import socket
import subprocess
import sys
import tempfile

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
PORTS = ["127.0.0.1:8700", "127.0.0.1:8443", "127.0.0.1:8444"]
MARK = "=== end of command"


def free_address():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return "127.0.0.1:%d" % probe.getsockname()[1]


class Shell:
    """One bash for all blocks, so that variables and jobs last."""

    def __init__(self, home):
        self.addresses = {port: free_address() for port in PORTS}
        environment = {"PATH": os.environ["PATH"], "HOME": home, "LC_ALL": "C.UTF-8", "TERM": "dumb"}
        self.process = subprocess.Popen(["bash", "--norc"], cwd=ROOT, env=environment,
                                        stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                                        stderr=subprocess.STDOUT, encoding="utf-8")

    def run(self, command):
        waited = [self.addresses[port] for port in PORTS if port in command] \
            if command.rstrip().endswith("=$!") else []
        for port, address in self.addresses.items():
            command = command.replace(port, address)
        for address in waited:
            # The reader has typed on by the time it listens; a test waits until it does.
            command += f"\nuntil : 2>/dev/null </dev/tcp/{address.replace(':', '/')}; do :; done 2>/dev/null"
        self.process.stdin.write(command + f"\necho '{MARK}'\n")
        self.process.stdin.flush()
        lines = []
        for line in self.process.stdout:
            if line.rstrip("\n").endswith(MARK):
                break
            line = line.rstrip("\n")
            for port, address in self.addresses.items():
                line = line.replace(address, port)
            lines.append(line)
        return lines

    def close(self):
        self.process.stdin.write('kill $sandbox $ingestd 2>/dev/null; wait\n')
        self.process.stdin.close()
        self.process.wait(60)


def matches(expected, seen):
    pattern = "".join("(?:.*\n)*" if line == "…" else re.escape(line) + "\n" for line in expected)
    return re.fullmatch(pattern, "".join(line + "\n" for line in seen)) is not None


def check_yaml(text):
    """How many manifests of the page are valid, and how many are not."""
    passed = failed = 0
    for block in re.findall(r"^```yaml\n(.*?)^```", text, re.S | re.M):
        done = subprocess.run([os.path.join(ROOT, "build/eventctl"), "validate", "-f", "-"],
                              input=block, encoding="utf-8", capture_output=True, check=False,
                              env=dict(os.environ, INGEST_URL="https://ingest.acme.example/in"))
        passed += done.returncode == 0
        if done.returncode != 0:
            failed += 1
            print(done.stdout + done.stderr)
    return passed, failed


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--update", action="store_true")
    update = parser.parse_args().update
    path = os.path.join(ROOT, "README.md")
    with open(path, encoding="utf-8") as file:
        text = file.read()
    lines, out, inside, place = text.split("\n"), [], False, 0
    passed, failed = check_yaml(text)
    with tempfile.TemporaryDirectory() as home:
        shell = Shell(home)
        while place < len(lines):
            line = lines[place]
            place += 1
            out.append(line)
            if line.startswith("```"):
                inside = line == "```console"
            if not inside or not line.startswith("$ "):
                continue
            expected = []
            while not lines[place].startswith(("$ ", "```")):
                expected.append(lines[place])
                place += 1
            seen = shell.run(line[2:])
            if matches(expected, seen):
                passed += 1
                out.extend(expected)
            elif update:
                passed += 1
                out.extend(seen)
            else:
                failed += 1
                print("\n".join([f"FAIL {line}", "expected:", *expected, "seen:", *seen]))
        shell.close()
    if update:
        with open(path, "w", encoding="utf-8") as file:
            file.write("\n".join(out))
    print(f"{passed} passed, {failed} failed")
    return 1 if failed or not passed else 0


if __name__ == "__main__":
    sys.exit(main())
