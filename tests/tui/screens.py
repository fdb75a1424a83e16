#!/usr/bin/env python3
"""The dashboard's screens, compared as text with those kept in tests/tui/screens/.

  screens.py [--program build/asan/tui-screens] [--update] [FILE.screen...]

A file is one view in one situation. Its first line says what it shows; `recording:` names the options
of scenario.py, or a file beside it; `steps:` what happens (see screens.c). Then, for each size and
form, `== 120x36 utf-8` and the screen as it should look. `utf-8` and `ascii` are without colours: all
must be told by words and signs. `styles` shows as «bad:FAIL» what colours would say. --update writes
what was seen: read the difference before you commit it.
"""
import argparse
import os
import re
import shlex
import subprocess
import sys
import tempfile

HERE = os.path.dirname(os.path.abspath(__file__))
FOLDER = os.path.join(HERE, "screens")
HEAD = re.compile(r"^== (\d+)x(\d+) (utf-8|ascii|styles)$")


def parse(path):
    """(the lines before the first screen, {what: text})."""
    head, screens, lines = [], {}, None
    with open(path, encoding="utf-8") as file:
        for line in file.read().splitlines():
            if HEAD.match(line):
                lines = screens.setdefault(line[3:], [])
            else:
                (head if lines is None else lines).append(line)
    return head, {what: "\n".join(lines) + "\n" for what, lines in screens.items()}


def value(head, key):
    return next((line[len(key) + 1:].strip() for line in head if line.startswith(key + ":")), "")


class Recordings:
    """Each made once."""

    def __init__(self, folder):
        self.folder, self.made = folder, {}

    def path(self, options):
        if options.endswith(".ndjson"):
            return os.path.join(FOLDER, options)
        if options not in self.made:
            path = os.path.join(self.folder, f"{len(self.made)}.ndjson")
            with open(path, "wb") as out:
                subprocess.run([sys.executable, os.path.join(HERE, "scenario.py"),
                                *shlex.split(options)], stdout=out, check=True)
            self.made[options] = path
        return self.made[options]


def drawn(program, recording, what, steps):
    size, form = what.split(" ")
    done = subprocess.run([program, recording, size, form, *shlex.split(steps, posix=False)],
                          capture_output=True, text=True, encoding="utf-8", timeout=120, check=False)
    if done.returncode or done.stderr:
        return f"exit {done.returncode}: {done.stderr}"
    columns, rows = map(int, size.split("x"))
    lines = done.stdout.splitlines()
    if len(lines) > rows:
        return f"{len(lines)} lines on {rows} rows\n{done.stdout}"
    if form == "ascii" and (not done.stdout.isascii() or any(len(line) > columns for line in lines)):
        return f"more than ASCII, or than {columns} columns\n{done.stdout}"
    return done.stdout


def without_end(text):
    return text.rstrip("\n")


def show_difference(path, what, wanted, seen):
    print(f"FAIL {os.path.basename(path)}: {what}")
    for number, (one, two) in enumerate(
            zip((wanted + "\n" * 100).splitlines(), (seen + "\n" * 100).splitlines()), 1):
        if one != two:
            print(f"  {number:3} - {one}\n      + {two}")


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--program", default="build/asan/tui-screens")
    parser.add_argument("--update", action="store_true")
    parser.add_argument("files", nargs="*")
    options = parser.parse_args()
    paths = options.files or sorted(os.path.join(FOLDER, name) for name in os.listdir(FOLDER)
                                    if name.endswith(".screen"))
    passed = failed = 0
    with tempfile.TemporaryDirectory() as folder:
        recordings = Recordings(folder)
        for path in paths:
            head, screens = parse(path)
            recording, steps = recordings.path(value(head, "recording")), value(head, "steps")
            seen = {what: drawn(options.program, recording, what, steps) for what in screens}
            for what, wanted in screens.items():
                if without_end(wanted) == without_end(seen[what]):
                    passed += 1
                elif not options.update:
                    failed += 1
                    show_difference(path, what, wanted, seen[what])
            if options.update:
                with open(path, "w", encoding="utf-8") as out:
                    out.write("\n".join(head) + "\n")
                    for what, text in seen.items():
                        out.write(f"== {what}\n{without_end(text)}\n")
    print(f"{passed} passed, {failed} failed")
    return 1 if failed or not passed and not options.update else 0


if __name__ == "__main__":
    sys.exit(main())
