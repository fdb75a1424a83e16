#!/bin/sh
# Runs every fuzzer for SECONDS over its kept corpus, side by side. What is found on top of the
# corpus stays in build/fuzz/corpus; an input that breaks something in build/fuzz/found.
#
#   tests/fuzz/run.sh [SECONDS]
set -u
unset MAKEFLAGS MAKELEVEL
cd "$(dirname "$0")/../.."
seconds=${1:-60}
export ASAN_OPTIONS=${ASAN_OPTIONS:-detect_leaks=1:strict_string_checks=1}
make --no-print-directory -j2 BUILD=build/fuzz CC=clang OPTIMIZE=-O1 \
    SANITIZE=address,undefined,fuzzer-no-link fuzz-programs || exit 1
passed=0
failed=0
running=
for source in tests/fuzz/fuzz_*.c; do
    name=$(basename "$source" .c)
    kept=tests/fuzz/corpus/${name#fuzz_}
    mkdir -p "build/fuzz/corpus/$name" build/fuzz/found
    "build/fuzz/fuzzers/$name" -max_total_time="$seconds" -timeout=10 -rss_limit_mb=2048 \
        -print_final_stats=1 -artifact_prefix="build/fuzz/found/$name-" \
        "build/fuzz/corpus/$name" "$kept" >"build/fuzz/$name.log" 2>&1 &
    running="$running $!:$name"
done
for entry in $running; do
    if wait "${entry%%:*}"; then
        passed=$((passed + 1))
        echo "${entry#*:}: $(sed -n 's/^stat::number_of_executed_units: *//p' "build/fuzz/${entry#*:}.log") inputs"
    else
        failed=$((failed + 1))
        tail -n 40 "build/fuzz/${entry#*:}.log"
    fi
done
echo "$passed passed, $failed failed"
[ "$failed" = 0 ] && [ "$passed" -gt 0 ]
