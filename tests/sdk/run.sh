#!/bin/sh
# Runs Genesys's own JavaScript SDK, unmodified and from npm, against genesys-sandbox.
#
#   tests/sdk/run.sh        exit 0: passed, 1: failed, 77: skipped
#
# The SDK is installed into build/sdk, once for each package-lock.json. SANDBOX names another
# sandbox than build/genesys-sandbox.
set -eu

here=$(cd "$(dirname "$0")" && pwd)
root=$(cd "$here/../.." && pwd)
into=$root/build/sdk
sandbox=${SANDBOX:-$root/build/genesys-sandbox}

for command in node npm; do
    if ! command -v "$command" >/dev/null 2>&1; then
        echo "SKIP sdk: $command is not installed"
        exit 77
    fi
done
if [ ! -x "$sandbox" ]; then
    echo "sdk: $sandbox is not built" >&2
    exit 1
fi

mkdir -p "$into"
if ! cmp -s "$here/package-lock.json" "$into/installed-lock.json"; then
    rm -f "$into/installed-lock.json"
    cp "$here/package.json" "$here/package-lock.json" "$into"
    (cd "$into" && npm ci --ignore-scripts --no-audit --no-fund --loglevel=error) >&2
    cp "$here/package-lock.json" "$into/installed-lock.json"
fi
cp "$here/sdk.test.js" "$into"

url=$into/url.$$
pid=
stop() {
    [ -z "$pid" ] || kill "$pid" 2>/dev/null || true
    [ -z "$pid" ] || wait "$pid" 2>/dev/null || true
    rm -f "$url"
}
trap stop EXIT
trap 'exit 1' HUP INT TERM

rm -f "$url"
mkfifo "$url"
"$sandbox" --listen 127.0.0.1:0 --rate-limit 0 --exit-with-parent \
    --client sdk-one:secret-one --client sdk-two:secret-two >"$url" &
pid=$!
read -r address <"$url"

status=0
SANDBOX_URL=$address node --test "$into/sdk.test.js" || status=1
exit $status
