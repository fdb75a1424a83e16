#!/bin/sh
# Puts the C files of llhttp (Node's HTTP parser, 9.2.1) into FOLDER, for the fuzzer that compares
# with it. Debian has no package of it; the source of the Python package httptools holds them, and
# pip brings that. Does nothing when they are there.
#
#   tests/fuzz/llhttp.sh [FOLDER]    exit 0: they are there, 77: cannot be had
set -eu

into=${1:-$(cd "$(dirname "$0")/../.." && pwd)/build/llhttp}
package=httptools
version=0.6.4
sum=4e93eee4add6493b59a5c514da98c939b244fce4a0d8879cd3f466562f4b7d5c
source=$package-$version

[ ! -e "$into/llhttp.h" ] || exit 0
if ! command -v python3 >/dev/null 2>&1 || ! python3 -m pip --version >/dev/null 2>&1; then
    echo "llhttp: python3 with pip is not installed" >&2
    exit 77
fi
mkdir -p "$into"
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
echo "$package==$version --hash=sha256:$sum" >"$work/requirements.txt"
if ! python3 -m pip --quiet --disable-pip-version-check download --no-deps --require-hashes \
    --no-binary "$package" --dest "$work" --requirement "$work/requirements.txt" >&2; then
    echo "llhttp: $source cannot be had" >&2
    exit 77
fi
echo "$sum  $work/$source.tar.gz" | sha256sum --check --quiet
tar -xzf "$work/$source.tar.gz" -C "$work"
found=$work/$source/vendor/llhttp
# The header comes last: it says that all are there.
cp "$found/src/llhttp.c" "$found/src/api.c" "$found/src/http.c" "$found/LICENSE-MIT" "$into"
cp "$found/include/llhttp.h" "$into/llhttp.h.part"
mv "$into/llhttp.h.part" "$into/llhttp.h"
