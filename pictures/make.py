#!/usr/bin/env python3
"""Makes the pictures of the README.

  pictures/make.py [--screens build/tui-screens] [--eventctl FILE] [--sandbox FILE] [--check]

top.svg is the dashboard, from a recording; plan.svg what `eventctl plan` prints, run here against a
sandbox; pipeline.svg a drawing. --check compares with the pictures that are here instead of writing
them: CI does.
"""
import argparse
import os
import subprocess
import sys
import tempfile

import pipeline
import plan
import terminal

HERE = os.path.dirname(os.path.abspath(__file__))
SCENARIO = os.path.join(HERE, "..", "tests", "tui", "scenario.py")
SIZE = "120x36"


def dashboard(options):
    """The 85th second of a surge."""
    with tempfile.NamedTemporaryFile(suffix=".ndjson") as recording:
        subprocess.run([sys.executable, SCENARIO, "--seconds", "90"], stdout=recording, check=True)
        lines = subprocess.run([options.screens, recording.name, SIZE, "styles", "@85"], check=True,
                               capture_output=True, text=True, encoding="utf-8").stdout.splitlines()
    return terminal.drawing(lines, SIZE, "eventctl top")


def first_plan(options):
    lines = plan.lines(options.eventctl, options.sandbox)
    return terminal.drawing(lines, f"120x{len(lines)}", "eventctl plan")


PICTURES = {"top.svg": dashboard, "plan.svg": first_plan, "pipeline.svg": lambda _: pipeline.drawing()}


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--screens", default="build/tui-screens")
    parser.add_argument("--eventctl", default="build/eventctl")
    parser.add_argument("--sandbox", default="build/genesys-sandbox")
    parser.add_argument("--check", action="store_true")
    options = parser.parse_args()
    stale = 0
    for name, make in PICTURES.items():
        made = make(options)
        path = os.path.join(HERE, name)
        if not options.check:
            with open(path, "w", encoding="utf-8") as out:
                out.write(made)
        elif not os.path.exists(path) or open(path, encoding="utf-8").read() != made:
            print(f"FAIL pictures/{name} is not what pictures/make.py makes")
            stale += 1
    return 1 if stale else 0


if __name__ == "__main__":
    sys.exit(main())
