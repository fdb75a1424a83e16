#!/usr/bin/env python3
"""Looks whether each test that README.md names is there.

  check.py [--guide FILE]

A test is `FILE` or `FILE: NAME`, FILE from tests/, NAME a function that its file also calls or lists,
a test's title, or a rule. A row names a test or says why not. --guide: the guide's text, in which what
is quoted must stand, in this order.
"""
import argparse
import os
import re
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
TESTS = os.path.dirname(HERE)
DEFINED = {".py": r"^ *def {}\(", ".c": r"^static void {}\(void \*\*state\)",
           ".js": r"^test\('{}'", ".yaml": r'alertname="{}"'}


def read(path):
    with open(path, encoding="utf-8") as file:
        return file.read()


def rows(text):
    """(heading, quotation, tests, why not) of each."""
    heading = ""
    for line in text.splitlines():
        if line.startswith("#"):
            heading = line.lstrip("# ")
        elif line.startswith("| “"):
            said, tests, why = (cell.strip() for cell in line[1:-1].split("|"))
            yield heading, said[1:-1], re.findall("`([^`]+)`", tests), why


def what_is_wrong(test):
    """Why `test` shows nothing; "" when it is there."""
    path, _, name = test.partition(": ")
    full = os.path.join(TESTS, path)
    if not os.path.isfile(full):
        return "there is no such file"
    kind = os.path.splitext(path)[1]
    if not name:
        return "" if kind == ".case" else "no function is named"
    text = read(full)
    if not re.search(DEFINED[kind].format(re.escape(name)), text, re.M):
        return f"nothing there is called {name}"
    if kind in (".py", ".c") and len(re.findall(rf"\b{name}\b", text)) < 2:
        return f"{name} is never run"
    return ""


def squeezed(text):
    return " ".join(text.split())


def misquoted(found, guide):
    """What does not stand in the guide behind what was quoted before it, headings included."""
    text, at, heading = squeezed(guide), 0, ""
    for where, said, _, _ in found:
        for words in ([where] if where != heading else []) + [said]:
            next_at = text.find(words, at)
            if next_at < 0:
                yield words
            else:
                at = next_at
        heading = where


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--guide")
    options = parser.parse_args()
    found = list(rows(read(os.path.join(HERE, "README.md"))))
    passed, wrong = 0, []
    for _, said, tests, why in found:
        if not tests and not why:
            wrong.append(f"“{said}”: neither a test nor a reason")
        for test in tests:
            problem = what_is_wrong(test)
            if problem:
                wrong.append(f"{test}: {problem}")
            passed += not problem
    if options.guide:
        wrong += [f"not in the guide, or not there: “{words}”"
                  for words in misquoted(found, read(options.guide))]
    for line in wrong:
        print("FAIL", line)
    print(f"{passed} passed, {len(wrong) + (not found)} failed")
    return 1 if wrong or not found else 0


if __name__ == "__main__":
    sys.exit(main())
