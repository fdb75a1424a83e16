#!/bin/sh
# Installs what ingestd is measured against into build/peers, once for each package-lock.json.
#
#   tests/bench/peers.sh        exit 0: it is there, 1: failed, 77: skipped
#
# better-sqlite3 is compiled here, against the headers of the Node that is installed, so that
# nothing comes from anywhere but npm. PEERS names another folder than build/peers.
set -eu

here=$(cd "$(dirname "$0")" && pwd)/peers
root=$(cd "$here/../../.." && pwd)
into=${PEERS:-$root/build/peers}

for command in node npm python3 make c++; do
    if ! command -v "$command" >/dev/null 2>&1; then
        echo "SKIP peers: $command is not installed"
        exit 77
    fi
done

# Node's own headers, beside its program or where Debian's libnode-dev has them.
nodedir=
for folder in "$(dirname "$(node -p process.execPath)")/.." /usr; do
    [ -n "$nodedir" ] || [ ! -e "$folder/include/node/node.h" ] || nodedir=$(cd "$folder" && pwd)
done
if [ -z "$nodedir" ]; then
    echo "SKIP peers: Node's headers are not installed"
    exit 77
fi

# Compiled code belongs to one version of Node.
have=$into/installed
want=$(node -p process.version; cat "$here/package-lock.json")
mkdir -p "$into"
if [ ! -e "$have" ] || [ "$(cat "$have")" != "$want" ]; then
    rm -f "$have"
    cp "$here/package.json" "$here/package-lock.json" "$into"
    (cd "$into" && npm ci --ignore-scripts --no-audit --no-fund --loglevel=error) >&2
    if ! (cd "$into/node_modules/better-sqlite3" &&
        npm run build-release -- --nodedir="$nodedir") >"$into/build.log" 2>&1; then
        tail -n 30 "$into/build.log" >&2
        exit 1
    fi
    printf '%s\n' "$want" >"$have"
fi
