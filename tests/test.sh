#!/bin/sh
# Everything that `make test` proves, one step after the other; a failed step does not hide the
# next. Ends with one line: N passed, N failed, N skipped.
#
#   tests/test.sh [STEP...]      all of them unless told
#   CI=true                      a skipped step is a failed one
set -u
unset MAKEFLAGS MAKELEVEL
cd "$(dirname "$0")/.."
log=$(mktemp -d)
trap 'rm -rf "$log"' EXIT
passed=0
failed=0
skipped=0
make="make --no-print-directory DEV=1"
export LC_ALL=C.UTF-8
export ASAN_OPTIONS=detect_leaks=1:strict_string_checks=1:detect_stack_use_after_return=1
export UBSAN_OPTIONS=print_stacktrace=1
export TSAN_OPTIONS=halt_on_error=1:second_deadlock_stack=1
tsan="BUILD=build/tsan SANITIZE=thread OPTIMIZE=-O1"
asan="BUILD=build/asan SANITIZE=address,undefined OPTIMIZE=-O1"

# Counts what a step says of itself: cmocka's lines, or "N passed, N failed" at its end; a step
# that says nothing counts as one.
count() {
    awk '
        /^\[  PASSED  \] [0-9]+ test/ { p += $4; said = 1 }
        /^ *[0-9]+ FAILED TEST/ { f += $1; said = 1 }
        /^# pass [0-9]+/ { p += $3; said = 1 }
        /^# fail [0-9]+/ { f += $3; said = 1 }
        /^[0-9]+ passed, [0-9]+ failed/ { p += $1; f += $3; s += $5; said = 1 }
        END { if (said) print p + 0, f + 0, s + 0; else print "- - 0" }' "$1"
}

# step NAME COMMAND...
step() {
    name=$1
    shift
    if [ -n "$wanted" ]; then
        case " $wanted " in *" $name "*) ;; *) return ;; esac
    fi
    printf '\n== %s\n' "$name"
    code=0
    "$@" >"$log/$name" 2>&1 || code=$?
    read -r p f s <<COUNTS
$(count "$log/$name")
COUNTS
    grep '^SKIP' "$log/$name"
    skipped=$((skipped + s))
    if [ "$code" = 77 ]; then
        skipped=$((skipped + 1))
        return
    fi
    [ "$p" != - ] || { p=0; f=0; [ "$code" != 0 ] || p=1; }
    [ "$code" = 0 ] || [ "$f" != 0 ] || f=1
    passed=$((passed + p))
    failed=$((failed + f))
    if [ "$code" = 0 ]; then
        tail -n "${tail:-1}" "$log/$name"
    else
        grep -nE 'FAIL|ERROR|rror: |Failure|SUMMARY|WARNING: Thread' "$log/$name" | head -n 60
        tail -n 100 "$log/$name"
        echo "step $name failed (exit $code)"
    fi
}

build() {
    $make all ingest-tools build/crm bench-programs && $make $asan all unit-programs alloc-programs build/asan/tui-screens && $make $tsan build/tsan/ingestd
}
unit() {
    status=0
    for program in build/asan/unit/test_*; do
        case $program in *.d) continue ;; esac
        GENESYS_SANDBOX=build/asan/genesys-sandbox "$program" || status=1
    done
    return $status
}
cases() {
    tests/cases/run.py --eventctl build/asan/eventctl --sandbox build/asan/genesys-sandbox \
        --ingestd build/asan/ingestd
}
sdk() {
    SANDBOX=$PWD/build/asan/genesys-sandbox tests/sdk/run.sh
}

# Genesys's stand-in delivers, by itself.
sandbox() {
    tests/sandbox/delivery.py --sandbox build/asan/genesys-sandbox
}
network() {
    tests/network.py --eventctl build/asan/eventctl --sandbox build/asan/genesys-sandbox
}
alloc() {
    status=0
    for program in build/asan/alloc/test_*; do
        GENESYS_SANDBOX=build/asan/genesys-sandbox "$program" || status=1
    done
    return $status
}
property() {
    tests/property.py --eventctl build/asan/eventctl --sandbox build/asan/genesys-sandbox
}
# ingestd from outside, with AddressSanitizer, and with ThreadSanitizer where threads meet most.
delivery() {
    tests/ingest/delivery.py --ingestd build/asan/ingestd
}
threads() {
    tests/ingest/delivery.py --ingestd build/tsan/ingestd &&
        tests/ingest/accounting.py --ingestd build/tsan/ingestd --load build/load --rounds 5 \
            --events 2000 || return
    for case in reload_storm stop_in_ stop_at_once stop_with_stuck_admin stop_with_all; do
        tests/ingest/tls.py --ingestd build/tsan/ingestd --only $case || return
    done
}
hostile() {
    tests/ingest/hostile.py --ingestd build/asan/ingestd
}
faults() {
    tests/ingest/faults.py --ingestd build/asan/ingestd --shim build/shim.so
}
tls() {
    tests/ingest/tls.py --ingestd build/asan/ingestd
}
# The dashboard: without a screen, its screens as text, and on a terminal.
top() {
    tests/tui/text.py --eventctl build/asan/eventctl --ingestd build/ingestd
}
screens() {
    tests/tui/screens.py --program build/asan/tui-screens &&
        pictures/make.py --screens build/asan/tui-screens --check
}
terminal() {
    tests/tui/terminal.py --eventctl build/asan/eventctl --ingestd build/ingestd \
        --sandbox build/asan/genesys-sandbox
}
# What manifests/ holds for operations, with a real Prometheus.
alerts() {
    tests/alerts/run.py --ingestd build/asan/ingestd --eventctl build/asan/eventctl \
        --sandbox build/asan/genesys-sandbox
}
# The whole pipeline at 1,000 events a second for a minute, every event accounted for.
storm() {
    tests/storm/storm.py --build build --rate 1000 --seconds 60
}
# As users run it: kills must fall where the speed of the real program makes them fall.
accounting() {
    tests/ingest/accounting.py --ingestd build/ingestd --load build/load --rounds 50
}
# What a newcomer types first, without a terminal, and nothing left running.
demo() {
    tests/demo.sh build </dev/null
}

wanted=$*
step build build
step lint tests/lint.sh
step unit unit
step cases cases
step readme tests/readme.py
step guide tests/guide/check.py
step demo demo
step network network
step sdk sdk
step sandbox sandbox
step alloc alloc
step property property
step delivery delivery
step threads threads
step hostile hostile
step tls tls
step faults faults
step accounting accounting
step top top
step screens screens
step terminal terminal
step alerts alerts
step storm storm
step bench tests/bench/bench.py --quick
step bench-ingest tests/bench/ingest.py --quick
step bench-top tests/bench/top.py --quick
step fuzz tests/fuzz/run.sh "${FUZZ_SECONDS:-60}"
[ "$skipped" = 0 ] || [ "${CI:-}" != true ] || failed=$((failed + skipped))
printf '\n%d passed, %d failed, %d skipped\n' "$passed" "$failed" "$skipped"
[ "$failed" = 0 ] && [ "$passed" -gt 0 ]
