#!/bin/sh
# Layout, static checks, and the rules of the house that a machine can see. Prints what is wrong.
set -u
cd "$(dirname "$0")/.."
status=0
fail() {
    echo "lint: $*"
    status=1
}
flags="-std=gnu11 -D_GNU_SOURCE -DEVENTCTL_VERSION=\"0\" -I. -include core/banned.h"
flags="$flags $(pkg-config --cflags libcurl libssl yaml-0.1 jansson ncursesw libevent sqlite3 cmocka)"
sources=$(find core api tui ctl ingest tests -name '*.c' -not -path '*/node_modules/*' | sort)
headers=$(find core api tui ctl ingest tests -name '*.h' -not -path '*/node_modules/*' | sort)

# Layout is clang-format's word; of version 14, Debian 12's, since others decide otherwise.
if clang-format --version | grep -q 'version 14\.'; then
    # shellcheck disable=SC2086 # lists of words, here and below
    clang-format --dry-run -Werror $sources $headers || fail "clang-format"
fi

# Each header compiles alone.
for header in $headers; do
    [ "$header" = core/banned.h ] || cc $flags -Wall -Wextra -fsyntax-only -x c "$header" ||
        fail "$header does not compile alone"
done

# A .c includes its own header first.
for source in $sources; do
    own="${source%.c}.h"
    [ ! -f "$own" ] || grep -m1 '^#include' "$source" | grep -q "[\"/]${own##*/}\"$" ||
        fail "$source does not include $own first"
done

# Nothing includes upwards or sideways: core <- api <- ctl, core <- ingest; the sandbox is on its own.
grep -n '#include "\(api\|ctl\|tui\|ingest\)/' core/*.[ch] && fail "core includes upwards"
grep -n '#include "\(ctl\|tui\|ingest\)/' api/*.[ch] && fail "api includes upwards"
grep -n '#include "\(ctl\|ingest\)/' tui/*.[ch] && fail "tui includes sideways"
grep -n '#include "\(api\|ctl\|tui\)/' ingest/*.[ch] && fail "ingest includes sideways"
grep -n '#include "\(core\|api\|ctl\)/' tests/sandbox/*.[ch] && fail "the sandbox shares code"

# No file over 800 lines, no header over 300.
for file in $sources; do
    [ "$(wc -l <"$file")" -le 800 ] || fail "$file is over 800 lines"
done
for file in $headers; do
    [ "$(wc -l <"$file")" -le 300 ] || fail "$file is over 300 lines"
done

cppcheck --quiet --std=c11 --error-exitcode=1 --inline-suppr -I. --force -D__GNUC__ \
    --enable=warning,performance --suppress=missingIncludeSystem \
    --suppress=unusedStructMember --suppress=nullPointerOutOfMemory \
    --suppress=normalCheckLevelMaxBranches -j2 core api tui ctl ingest tests/sandbox || fail "cppcheck"

# What is made from a table is as the table has it.
build/eventctl schema | cmp - manifests/subscription.schema.json ||
    fail "manifests/subscription.schema.json is not what \`eventctl schema\` prints"
ingest/document.sh --check build/ingestd || fail "ingest/document.sh"
exit $status
