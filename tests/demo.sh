#!/bin/sh
# The demo: a manifest is validated, planned and applied to a sandbox; a subscription is changed
# behind eventctl's back; the check finds it, an apply heals it. Then ingestd takes a signed event,
# which comes out at its sink, and refuses a forged one. On a terminal it ends in the dashboard, with
# traffic from the sandbox, else in what `top --once` prints. Leaves nothing running.
#
#   tests/demo.sh BUILD-FOLDER
set -eu
build=$(cd "${1:-build}" && pwd)
cd "$(dirname "$0")/.."
work=$(mktemp -d)
sandbox=
ingestd=
cleanup() {
    for pid in $sandbox $ingestd; do
        kill "$pid" 2>/dev/null && wait "$pid" 2>/dev/null || :
    done
    rm -rf "$work"
}
trap cleanup EXIT
trap 'exit 130' INT TERM

say() {
    printf '\n\033[1m# %s\033[0m\n' "$1" | if [ -t 1 ]; then cat; else sed 's/\x1b\[[0-9;]*m//g'; fi
}
# run EXIT-CODE COMMAND...: shows the command, runs it, and insists on its exit code.
run() {
    wanted=$1
    shift
    printf '$ eventctl %s\n' "$*"
    code=0
    "$build/eventctl" "$@" || code=$?
    [ "$code" = "$wanted" ] || { echo "demo: exit $code, expected $wanted" >&2; exit 1; }
    [ "$code" = 0 ] || echo "(exit $code)"
}

mkfifo "$work/address"
"$build/genesys-sandbox" --listen 127.0.0.1:0 --organization acme-dev >"$work/address" &
sandbox=$!
read -r api <"$work/address"
export EVENTCTL_API_URL="$api" EVENTCTL_LOGIN_URL="$api"
export EVENTCTL_CLIENT_ID=sandbox-client EVENTCTL_CLIENT_SECRET=sandbox-secret
export INGEST_URL=https://ingest.acme.example/events
export XDG_CACHE_HOME="$work/cache" XDG_STATE_HOME="$work/state" XDG_CONFIG_HOME="$work/config"

say "A local Genesys Cloud listens at $api. The manifest is checked, without it:"
run 0 validate -f manifests/demo

say "What would change? (Nothing is written.)"
run 0 plan -f manifests/demo --out "$work/plan"

say "The plan that was just read is applied, and verified:"
run 0 apply --yes "$work/plan"

say "In the admin screen, somebody switches a subscription off:"
# As the screen would: read the object, change one word, write it back.
token=$(curl -sS -u "$EVENTCTL_CLIENT_ID:$EVENTCTL_CLIENT_SECRET" \
    -d grant_type=client_credentials "$api/oauth/token" | sed 's/.*"access_token": *"\([^"]*\)".*/\1/')
subscription=$(curl -sS -H "Authorization: Bearer $token" \
    "$api/api/v2/eventstreams/subscriptions/sub-00000001")
printf '%s' "$subscription" | sed 's/"enabled": *true/"enabled": false/' |
    curl -sS -o /dev/null -X PUT -H "Authorization: Bearer $token" \
        -H 'Content-Type: application/json' --data-binary @- \
        "$api/api/v2/eventstreams/subscriptions/sub-00000001"
echo '$ curl -X PUT … {…, "enabled": false}'

say "The check that runs in CI finds it:"
run 2 check -f manifests/demo

say "It is healed, and the check is clean:"
run 0 apply --yes -f manifests/demo
run 0 check -f manifests/demo

say "ingestd takes what Genesys sends. It makes itself a certificate, keys and a token:"
mkfifo "$work/ingestd"
echo '$ ingestd --dev'
"$build/ingestd" --dev "$work/dev" --listen 127.0.0.1:0 --admin 127.0.0.1:0 \
    >"$work/ingestd" 2>"$work/ingestd.log" &
ingestd=$!
exec 3<"$work/ingestd"
{ read -r _ address && read -r _ admin; } <&3 || { cat "$work/ingestd.log" >&2; exit 1; }
echo "listening $address"

body='{"subscriptionId":"sub-1","eventType":"Interaction.Created","payload":{"id":"int-98765","channelType":"voice","startTime":"2023-10-27T10:00:00Z"}}'
# post SECRET WANTED: sends the body, signed with that secret, and insists on the reply.
post() {
    signature=$(printf %s "$body" | openssl dgst -sha256 -hmac "$1" -binary | openssl base64 -A)
    echo "\$ curl https://$address/messaging -H 'X-Hub-Signature-256: sha256=…' -d '$body'"
    code=$(curl -sS -o /dev/null -w '%{http_code}' --cacert "$work/dev/certificate.pem" \
        -H "X-Hub-Signature-256: sha256=$signature" --data-binary "$body" \
        "https://$address/messaging")
    echo "$code"
    [ "$code" = "$2" ] || { echo "demo: $code, expected $2" >&2; exit 1; }
}
say "An event, signed as Genesys signs it, is on disk when the 202 comes:"
post "$(cat "$work/dev/hmac.secret")" 202

say "It comes out at the sink, here a file:"
until [ -s "$work/dev/events.ndjson" ]; do sleep 0.02; done
cat "$work/dev/events.ndjson"

say "A forged one is refused:"
post guessed 401

say "What Prometheus sees:"
curl -sS -H "Authorization: Bearer $(cat "$work/dev/admin.token")" "http://$admin/metrics" |
    grep -E '^ingestd_(accepted|delivered|signature_failures).*_total.* [1-9]'

say "What an operator sees:"
EVENTCTL_INGEST_TOKEN=$(cat "$work/dev/admin.token")
export EVENTCTL_INGEST_TOKEN
run 0 top --once -f manifests/demo --endpoint "dev=http://$admin"

if [ -t 0 ] && [ -t 1 ] && [ "${TERM:-dumb}" != dumb ]; then
    say "And with traffic: Genesys delivers, ingestd takes, a CRM is behind it. (? tells the keys, q ends.)"
    tests/storm/storm.py --build "$build" --rate 100 --calm --top
fi
