#!/bin/sh
# Puts the tables that the program declares into ingest/README.md, or with --check says whether they
# are there.
#
#   ingest/document.sh [--check] [INGESTD]
set -eu
cd "$(dirname "$0")/.."
check=
[ "${1:-}" != --check ] || { check=1; shift; }
ingestd=${1:-build/ingestd}
made=$(mktemp)
trap 'rm -f "$made"' EXIT
INGESTD=$ingestd awk '
    /^<!-- end -->/ { skip = 0 }
    !skip { print }
    /^<!-- (admin|status|metrics):/ {
        command = ENVIRON["INGESTD"] " help " substr($2, 1, length($2) - 1)
        while ((command | getline line) > 0) print line
        if (close(command)) exit 1
        skip = 1
    }' ingest/README.md >"$made"
if [ -n "$check" ]; then
    cmp -s "$made" ingest/README.md || {
        echo "ingest/README.md is not what the program declares: run ingest/document.sh"
        exit 1
    }
else
    cat "$made" >ingest/README.md
fi
