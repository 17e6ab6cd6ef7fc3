#!/usr/bin/env bash
# fuzz_test.sh: build the pure kernels alone, with sanitizers, and drive them; speaks TAP.
#
# First a million inputs for each kernel, always the same ones (INPUTS=n for another number), one line of TAP for each
# kernel; then, where clang has libFuzzer, what it finds in ten seconds (SECONDS_EACH=n), starting from corpus/.
set -uo pipefail
cd "$(dirname "$0")/../.." || exit 2

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
inputs=${INPUTS-1000000}
limit=${SECONDS_EACH-10}
sanitizers=address,undefined
flags=(-std=gnu99 -O2 -g -Wall -Wextra -Werror -Isrc -fno-sanitize-recover=all)
sources=(test/fuzz/fuzz.c src/masking/kernel*.c src/ltv/kernel.c -lm)
export ASAN_OPTIONS=abort_on_error=0:detect_leaks=1 UBSAN_OPTIONS=print_stacktrace=1

# works COMPILER SANITIZERS: can it build and run a program with them?
works() {
	local program='int main(void) { return 0; }'
	[[ $2 != *fuzzer* ]] || program='int LLVMFuzzerTestOneInput(const char *d, unsigned long n) { return d == 0 && n; }'
	echo "$program" >"$work/probe.c"
	"$1" "-fsanitize=$2" "$work/probe.c" -o "$work/probe" >/dev/null 2>&1 &&
		"$work/probe" -runs=1 >/dev/null 2>&1
}

# result STATUS TEXT: a line of TAP, and what was said if it failed.
tests=0
result() {
	tests=$((tests + 1))
	if [ "$1" -eq 0 ]; then
		echo "ok $tests - $2"
	else
		echo "not ok $tests - $2"
		tail -n 40 "$work/log" | sed 's/^/# /'
	fi
}

skip() {
	tests=$((tests + 1))
	echo "ok $tests # SKIP $1"
}

# What the kernels' headers declare, and fuzz.c does not call: a kernel that nobody drives.
{
	sed -n 's/^extern .*[ *]\(Dm[A-Za-z0-9]*\)(.*/\1/p' src/masking/kernel.h src/ltv/kernel.h |
		while read -r name; do
			grep -q "\\b$name\\b" test/fuzz/fuzz.c || echo "no driver calls $name"
		done
} >"$work/log"
result "$([ ! -s "$work/log" ] && echo 0 || echo 1)" "every function of the kernels has a driver"

compiler=
for candidate in clang gcc cc; do
	if [ -z "$compiler" ] && works "$candidate" "$sanitizers"; then
		compiler=$candidate
	fi
done

if [ -z "$compiler" ]; then
	skip "no compiler here has -fsanitize=$sanitizers"
else
	{
		"$compiler" "${flags[@]}" -DDM_STANDALONE "-fsanitize=$sanitizers" "${sources[@]}" -o "$work/standalone" &&
			"$work/standalone" "$inputs"
	} >"$work/log" 2>&1
	status=$?
	for kernel in $(sed -n 's/^\t.*{"\([a-z_]*\)", drive_.*/&/p' test/fuzz/fuzz.c | grep -o '"[a-z_]*"' | tr -d '"'); do
		result "$(grep -qx "$kernel: $inputs inputs" "$work/log" && echo 0 || echo 1)" \
			"$kernel: $inputs inputs under $sanitizers ($compiler)"
	done
	result "$status" "nothing found, and the digests are those of the published vectors"
fi

if ! works clang "fuzzer,$sanitizers"; then
	skip "no clang with libFuzzer here"
else
	mkdir "$work/found"
	{
		clang "${flags[@]}" "-fsanitize=fuzzer,$sanitizers" "${sources[@]}" -o "$work/fuzzer" &&
			"$work/fuzzer" -max_total_time="$limit" -max_len=600 -artifact_prefix="$work/" "$work/found" test/fuzz/corpus
	} >"$work/log" 2>&1
	result $? "libFuzzer finds nothing in $limit s"
fi
echo "1..$tests"
