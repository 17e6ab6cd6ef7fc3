#!/usr/bin/env bash
# test.sh [SUITE...]: build datamesh, run its suites in a throwaway cluster, count what passed.
#
# Suites: regress isolation tap pgtap security fuzz readme demo (all of them if none is named).
# A suite's tests can be named after a colon: regress:base,catalog  tap:020_crash  pgtap:publish
# WERROR=1 makes the compiler's warnings errors. KEEP=1 leaves the working folder behind.
#
# The last line is "N passed, M failed[, K skipped]"; the exit status is 0 if and only if nothing
# failed. A regression or isolation test is one file of each; TAP and pgTAP count their assertions.
set -euo pipefail

# shellcheck source=scripts/lib/common.sh
. "$(dirname "${BASH_SOURCE[0]}")/lib/common.sh"
# shellcheck source=scripts/lib/packages.sh
. "$ROOT/scripts/lib/packages.sh"
# shellcheck source=scripts/lib/cluster.sh
. "$ROOT/scripts/lib/cluster.sh"

ALL_SUITES=(regress isolation tap pgtap security fuzz readme demo)
ALL_SECONDS=2700 # no run takes longer than this, whatever hangs
PASSED=0
FAILED=0
SKIPPED=0
COUNTED=
MODULES=

# The counting line is the last one however the run ends.
at_exit() {
	[ -n "$COUNTED" ] || say "the run did not finish" "$PASSED passed, $((FAILED + 1)) failed"
}

usage() { sed -n '2,/^set/{/^set/d;s/^# \{0,1\}//;p}' "$0"; }

# seconds LIMIT: the limit, or what is left of the whole run's time.
seconds() {
	local left=$((ALL_SECONDS - SECONDS))
	[ "$left" -gt 5 ] || left=5
	echo $((left < $1 ? left : $1))
}

# count NAME PASSED FAILED SKIPPED: add to the sums and say it.
count() {
	PASSED=$((PASSED + $2)) FAILED=$((FAILED + $3)) SKIPPED=$((SKIPPED + $4))
	if [ "$3" -eq 0 ]; then
		say "  ok    $1: $2 passed$([ "$4" -eq 0 ] || echo ", $4 skipped")"
	else
		say "  FAIL  $1: $2 passed, $3 failed"
	fi
}

indent() { sed 's/^/    /'; }

make_variable() { make -s PG_CONFIG="$PG_CONFIG" --eval="dm_print:; @echo \$($1)" dm_print; }

# A crash of the server is a failure of its own: the tests after it may not notice.
check_server() {
	local crashes
	crashes=$(grep -aE 'was terminated by signal|TRAP: |PANIC: ' "$SERVER_LOG" | head -5 || true)
	[ -n "$crashes" ] || return 0
	count "$1: the server crashed" 0 1 0
	indent <<<"$crashes"
}

fresh_cluster() {
	start_cluster "$1"
	say "$1"
}

# pg_regress_suite SUITE VARIABLE OTHER TESTS: run make installcheck for the tests of one variable
# (REGRESS or ISOLATION) with the other empty, and read the lines of pg_regress (before and since 16).
pg_regress_suite() {
	local suite=$1 variable=$2 other=$3 tests=$4 log=$WORK/$1.out status=0 passed failed expected
	tests=${tests:-$(make_variable "$variable")}
	expected=$(wc -w <<<"$tests")
	if [ "$expected" -eq 0 ]; then
		say "  (no tests)"
		return 0
	fi
	rm -f regression.diffs output_iso/regression.diffs
	bounded "$(seconds 1500)" "${AS_USER[@]}" make -s installcheck PG_CONFIG="$PG_CONFIG" \
		"$variable=$tests" "$other=" >"$log" 2>&1 || status=$?
	passed=$(grep -cE '^(test )? *[^ ]+ +\.\.\. ok |^ok [0-9]' "$log" || true)
	failed=$((expected - passed))
	if [ "$failed" -eq 0 ] && [ "$status" -ne 0 ]; then
		failed=1
	fi
	if [ "$failed" -ne 0 ]; then
		grep -vE '\.\.\. ok |^ok [0-9]' "$log" | indent
		head -c 60000 regression.diffs output_iso/regression.diffs 2>/dev/null | indent || true
		[ "$status" -ne 124 ] || say "    its time was up"
	fi
	count "$suite" "$passed" "$failed" 0
	check_server "$suite"
}

suite_regress() {
	fresh_cluster regress
	pg_regress_suite regress REGRESS ISOLATION "$1"
}

suite_isolation() {
	fresh_cluster isolation
	pg_regress_suite isolation ISOLATION REGRESS "$1"
}

# tap_file NAME SECONDS COMMAND...: run a program that writes TAP, count what it says.
tap_file() {
	local name=$1 limit=$2 log status=0 numbers
	log=$WORK/${name//\//_}
	shift 2
	bounded "$(seconds "$limit")" "$@" >"$log.tap" 2>"$log.err" || status=$?
	numbers=$(perl test/lib/tap_count.pl "$log.tap" "$status" 2>"$log.why")
	# shellcheck disable=SC2086
	count "$name" $numbers
	indent <"$log.why"
	if [[ $numbers != *' 0 '* ]]; then
		tail -n 60 "$log.err" | indent
	fi
}

# chosen FOLDER SUFFIX TESTS: the files of a suite, all or the named ones.
chosen() {
	local file names=" $3 "
	for file in "$1"/*"$2"; do
		[ -e "$file" ] || continue
		if [ -z "$3" ] || [[ $names == *" $(basename "$file" "$2") "* ]]; then
			echo "$file"
		fi
	done
}

# perl_modules: the folder of PostgreSQL's test modules; fails where there are none.
perl_modules() {
	local modules
	modules=$(dirname "$("$PG_CONFIG" --pgxs)")/../test/perl
	if ! perl -MIPC::Run -e 1 2>/dev/null || [ ! -e "$modules/PostgreSQL/Test/Cluster.pm" ]; then
		count "$1: needs perl's IPC::Run and PostgreSQL's test modules" 0 1 0
		return 1
	fi
	MODULES=$modules
}

# perl_test NAME FILE ARGUMENTS...: a test in Perl that makes clusters of its own.
perl_test() {
	local name=$1
	shift
	"${AS_USER[@]}" mkdir -p "$WORK/tap/$name"
	tap_file "$name" 900 "${AS_USER[@]}" env -u PGHOST -u PGPORT -u PGUSER -u PGDATABASE \
		TESTDIR="$WORK/tap/$name" TESTDATADIR="$WORK/tap/$name/tmp_check" \
		TESTLOGDIR="$WORK/tap/$name/tmp_check/log" DATAMESH_ROOT="$WORK/src" \
		PG_REGRESS="$(dirname "$("$PG_CONFIG" --pgxs)")/../test/regress/pg_regress" \
		perl -I "$MODULES" -I test/t -I test/lib "$@"
	rm -rf "$WORK/tap/$name"
}

# Preload, restart, crash, dump.
suite_tap() {
	local file
	say "tap"
	stop_cluster
	perl_modules tap || return 0
	for file in $(chosen test/t .pl "$1"); do
		perl_test "tap/$(basename "$file" .pl)" "$file"
	done
}

# Every attack is carried out, and nothing may leak.
suite_security() {
	say "security"
	stop_cluster
	perl_modules security || return 0
	# shellcheck disable=SC2086
	perl_test security/attacks test/security/security.pl $1
	[ -n "$1" ] || perl_test security/differential test/security/differential.pl
}

# Each file is a behaviour suite in a database of its own, in which datamesh and pgtap are there.
suite_pgtap() {
	local file name
	fresh_cluster pgtap
	if [ ! -e "$("$PG_CONFIG" --sharedir)/extension/pgtap.control" ]; then
		count "pgtap: this PostgreSQL has no pgtap extension" 0 0 1
		return 0
	fi
	for file in $(chosen test/pgtap .sql "$1"); do
		name=$(basename "$file" .sql)
		"${AS_USER[@]}" createdb "pgtap_$name"
		"${AS_USER[@]}" psql -Xq -d "pgtap_$name" -c 'CREATE EXTENSION datamesh CASCADE' \
			-c 'CREATE EXTENSION pgtap' 2>"$WORK/pgtap.err" || indent <"$WORK/pgtap.err"
		tap_file "pgtap/$name" 300 "${AS_USER[@]}" psql -XAtq -v ON_ERROR_STOP=1 \
			-d "pgtap_$name" -f "$file"
		"${AS_USER[@]}" dropdb --force "pgtap_$name"
	done
	check_server pgtap
}

# The kernels that need no PostgreSQL, alone and under sanitizers; skipped where no compiler has them.
suite_fuzz() {
	say "fuzz"
	stop_cluster
	tap_file fuzz 900 "${AS_USER[@]}" bash test/fuzz/fuzz_test.sh
}

# The pages of docs/reference whose examples begin with an empty database; those of others are parts of a story.
COMPLETE_PAGES=(access base catalog contract contract_compare ltv masking publish quality quality_measure)

# What the README tells people to type, typed, and what it shows compared with what comes; and the
# pages of the reference, each in a database of its own.
suite_readme() {
	local page
	fresh_cluster readme
	if [ ! -e README.md ]; then
		count "readme: there is no README.md" 0 1 0
		return 0
	fi
	tap_file readme/README.md 1200 "${AS_USER[@]}" perl test/lib/readme.pl README.md
	for page in "${COMPLETE_PAGES[@]}"; do
		"${AS_USER[@]}" createdb page
		"${AS_USER[@]}" psql -Xq -d page -c 'CREATE EXTENSION datamesh CASCADE' 2>/dev/null
		tap_file "readme/$page.md" 300 "${AS_USER[@]}" env PGDATABASE=page \
			perl test/lib/readme.pl "docs/reference/$page.md"
		"${AS_USER[@]}" dropdb --force page
		"${AS_USER[@]}" psql -XqAt -c "SELECT format('DROP ROLE %I;', rolname) FROM pg_roles
			WHERE oid >= 16384 AND NOT rolsuper" | "${AS_USER[@]}" psql -Xq
	done
	check_server readme
}

# The demo builds and cleans up for itself: its words, its refusals, and that it leaves nothing.
suite_demo() {
	say "demo"
	stop_cluster
	tap_file demo 900 "${AS_USER[@]}" bash test/lib/demo_test.sh
}

main() {
	local suite tests
	for suite in "$@"; do
		case $suite in
		-h | --help)
			usage
			COUNTED=1
			exit 0
			;;
		esac
		[[ " ${ALL_SUITES[*]} " == *" ${suite%%:*} "* ]] ||
			die "there is no suite \"${suite%%:*}\"" "The suites are: ${ALL_SUITES[*]}"
	done
	[ $# -gt 0 ] || set -- "${ALL_SUITES[@]}"

	make_work
	need_for_tests
	install_missing
	say "Building with $("$PG_CONFIG" --version)"
	if ! build ${WERROR:+"WERROR=$WERROR"}; then
		tail -n 60 "$WORK/build.log" | indent
		say "the build failed"
		COUNTED=1
		say "0 passed, 1 failed"
		exit 1
	fi
	grep -E 'warning: ' "$WORK/build.log" | indent || true

	for suite in "$@"; do
		tests=
		[[ $suite != *:* ]] || tests=${suite#*:}
		"suite_${suite%%:*}" "${tests//,/ }"
	done
	stop_cluster
	say "($SECONDS s)"
	COUNTED=1
	say "$PASSED passed, $FAILED failed$([ "$SKIPPED" -eq 0 ] || echo ", $SKIPPED skipped")"
	[ "$FAILED" -eq 0 ] && [ "$PASSED" -gt 0 ]
}

main "$@"
