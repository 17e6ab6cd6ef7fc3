#!/usr/bin/env bash
# fuzz_test.sh: build the pure kernels alone, with sanitizers, and drive them; speaks TAP.
#
# First a million inputs for each kernel, always the same ones (INPUTS=n for another number); then, where clang has
# libFuzzer, what it finds in ten seconds (SECONDS_EACH=n), starting from corpus/.
set -uo pipefail
cd "$(dirname "$0")/../.." || exit 2

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
inputs=${INPUTS-1000000}
limit=${SECONDS_EACH-10}
sanitizers=address,undefined
flags=(-std=gnu99 -O2 -g -Wall -Wextra -Werror -Isrc -fno-sanitize-recover=all)
sources=(test/fuzz/fuzz.c src/masking/kernel*.c)
export ASAN_OPTIONS=abort_on_error=0:detect_leaks=1 UBSAN_OPTIONS=print_stacktrace=1

# works COMPILER SANITIZERS: can it build and run a program with them?
works() {
	local program='int main(void) { return 0; }'
	[[ $2 != *fuzzer* ]] || program='int LLVMFuzzerTestOneInput(const char *d, unsigned long n) { return d == 0 && n; }'
	echo "$program" >"$work/probe.c"
	"$1" "-fsanitize=$2" "$work/probe.c" -o "$work/probe" >/dev/null 2>&1 &&
		"$work/probe" -runs=1 >/dev/null 2>&1
}

# result NUMBER STATUS TEXT: a line of TAP, and what was said if it failed.
result() {
	if [ "$2" -eq 0 ]; then
		echo "ok $1 - $3"
	else
		echo "not ok $1 - $3"
		tail -n 40 "$work/log" | sed 's/^/# /'
	fi
}

compiler=
for candidate in clang gcc cc; do
	if [ -z "$compiler" ] && works "$candidate" "$sanitizers"; then
		compiler=$candidate
	fi
done
echo 1..2

if [ -z "$compiler" ]; then
	echo "ok 1 # SKIP no compiler here has -fsanitize=$sanitizers"
else
	{
		"$compiler" "${flags[@]}" -DDM_STANDALONE "-fsanitize=$sanitizers" "${sources[@]}" -o "$work/standalone" &&
			"$work/standalone" "$inputs"
	} >"$work/log" 2>&1
	result 1 $? "$inputs inputs for each kernel under $sanitizers ($compiler)"
fi

if ! works clang "fuzzer,$sanitizers"; then
	echo "ok 2 # SKIP no clang with libFuzzer here"
else
	mkdir "$work/found"
	{
		clang "${flags[@]}" "-fsanitize=fuzzer,$sanitizers" "${sources[@]}" -o "$work/fuzzer" &&
			"$work/fuzzer" -max_total_time="$limit" -max_len=600 -artifact_prefix="$work/" "$work/found" test/fuzz/corpus
	} >"$work/log" 2>&1
	result 2 $? "libFuzzer finds nothing in $limit s"
fi
