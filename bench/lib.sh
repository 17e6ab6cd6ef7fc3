# shellcheck shell=bash disable=SC2034
# What the benchmarks of this folder share: timing in turn, medians, and goals. Sourced, not run.
# Uses OPTIONS, ROWS, RUNS, WORKERS, WORK_MEM, JSON, prepare and what to measure of the script that sources
# it, and the cluster in $WORK.

WORK_MEM=64MB
SHARED_BUFFERS=$(awk '/^MemTotal:/ { mb = $2 / 4096; print int(mb > 2048 ? 2048 : mb) "MB" }' /proc/meminfo)
JSON=
HERE= # this folder's copy below $WORK
MS=
LOAD=$(cut -d' ' -f1 /proc/loadavg) # before we add to it
declare -A TIMES=()
LINES_SHOWN=()
JSON_LINES=()

usage() { sed -n '2,/^set/{/^set/d;s/^# \{0,1\}//;p}' "$0"; }

# options ARGUMENTS...: each goes to its variable, as the table OPTIONS says: --option is NAME (any value),
# NAME:N (a whole number of at least N), or NAME: (no value: NAME becomes 1).
options() {
	local entry name
	while [ $# -gt 0 ]; do
		case $1 in
		-h | --help)
			usage
			exit 0
			;;
		esac
		entry=${OPTIONS[$1]-}
		name=${entry%%:*}
		[ -n "$entry" ] || die "unknown option \"$1\"" "bash bench/$(basename "$0") --help lists them."
		if [[ $entry == *: ]]; then
			printf -v "$name" 1
			shift
			continue
		fi
		[ $# -gt 1 ] || die "$1 needs a value"
		[[ $entry != *:* ]] || number "$1" "$2" "${entry#*:}"
		printf -v "$name" '%s' "$2"
		shift 2
	done
}

# begin ARGUMENTS...: from the options to a cluster with what is measured; standard output becomes 3.
begin() {
	options "$@"
	exec 3>&1
	[ -z "$JSON" ] || exec 1>&2
	make_work
	need_for_build
	install_missing
	progress "Building in $WORK"
	# shellcheck disable=SC2119
	build || {
		tail -n 40 "$WORK/build.log" >&2
		die "the build failed; its last words stand above"
	}
	HERE=$WORK/src/bench
	prepare
}

number() {
	if ! [[ $2 =~ ^[0-9]{1,9}$ ]] || ((10#$2 < $3)); then
		die "$1 is a whole number of at least $3, not \"$2\""
	fi
}

progress() { [ -n "$JSON" ] || say "$@"; }

# The settings of a session that measures.
settings() {
	cat <<-END
		SET max_parallel_workers_per_gather = $WORKERS;
		SET work_mem = '$WORK_MEM';
		SET jit = off;
	END
}

# run_sql FILE [psql options]: as superuser; what it says goes to $WORK/psql.log.
run_sql() {
	local file=$1
	shift
	bounded 3600 psql -X -q -At -v ON_ERROR_STOP=1 "$@" -f "$file" >"$WORK/psql.log" 2>&1 || {
		cat "$WORK/psql.log" >&2
		die "psql failed on $(basename "$file"); its words stand above"
	}
}

# time_sql FILE: MS = the milliseconds that its statements took together, from when they are sent to
# when their answer is there; connecting and settings are not in it.
time_sql() {
	{
		settings
		cat <<-'END'
			SELECT count(*) FROM pg_class \g /dev/null
			\o /dev/null
			\timing on
		END
		cat "$1"
	} >"$WORK/bench/timed.sql"
	run_sql "$WORK/bench/timed.sql"
	MS=$(awk '/^Time: / { sum += $2 } END { printf "%.3f", sum }' "$WORK/psql.log")
}

# measure NAME...: each once a run, in turn, so that what else the machine does meets them alike.
measure() {
	local run name
	for ((run = 1; run <= RUNS; run++)); do
		progress "Measuring $*: run $run of $RUNS"
		for name in "$@"; do
			"time_$name"
			TIMES[$name]+="$MS "
		done
	done
}

median() {
	tr ' ' '\n' <<<"${TIMES[$1]}" | grep . | sort -n |
		awk '{ v[NR] = $1 } END { printf "%.2f", NR % 2 ? v[(NR + 1) / 2] : (v[NR / 2] + v[NR / 2 + 1]) / 2 }'
}

calculate() { awk "BEGIN { printf \"%.2f\", $1 }"; }

holds() { awk "BEGIN { exit !($1) }"; }

# compare LABEL A B RELATION GOAL: the ratio A / B, and whether it is at most / at least GOAL
# (none: shown for information).
compare() {
	local label=$1 a b ratio reached=missed words
	a=$(median "$2")
	b=$(median "$3")
	ratio=$(calculate "$a / ($b > 0 ? $b : 0.001)")
	words="at most $5"
	[ "$4" = "<=" ] || words="at least $5"
	if [ -z "$5" ]; then
		words=- reached=
	elif holds "$ratio $4 $5"; then
		reached=reached
	fi
	LINES_SHOWN+=("$(printf '%-58s %9s %9s %8s  %-14s %s' "$label" "$a" "$b" "$ratio" "$words" "$reached")")
	JSON_LINES+=("$(printf '{"figure": "%s", "ms": %s, "other_ms": %s, "ratio": %s, "goal": "%s %s", "reached": %s}' \
		"$label" "$a" "$b" "$ratio" "$4" "$5" "$(case $reached in reached) echo true ;; missed) echo false ;; *) echo null ;; esac)")")
}

skipped() {
	LINES_SHOWN+=("$(printf '%-58s %s' "$1" "$2")")
	JSON_LINES+=("$(printf '{"figure": "%s", "skipped": "%s"}' "$1" "$2")")
}

server_setting() { psql -X -q -At -c "SHOW $1"; }

settings_line() {
	local name line
	line="$(psql -X -q -At -c 'SHOW server_version'), $(nproc) cores (load $LOAD at the start)"
	line+=", max_parallel_workers_per_gather $WORKERS, work_mem $WORK_MEM, jit off"
	for name in hash_mem_multiplier shared_buffers wal_level fsync full_page_writes autovacuum; do
		line+=", $name $(server_setting $name)"
	done
	echo "$line"
}

# report MORE WORDS...: the figures, as a table below what was measured, how, and these words; or as JSON with
# MORE among its fields.
report() {
	local data line separator=" "
	data=$(data_line)
	if [ -n "$JSON" ]; then
		printf '{"data": "%s", "settings": "PostgreSQL %s", "runs": %s, %s"figures": [\n' "$data" "$(settings_line)" "$RUNS" "$1"
		for line in "${JSON_LINES[@]}"; do
			printf '%s %s\n' "$separator" "$line"
			separator=","
		done
		printf ']}\n'
		return 0
	fi
	shift
	say "" "Data: $data. Medians of $RUNS runs, measured in turn." "PostgreSQL $(settings_line)" "$@" ""
	printf '%-58s %9s %9s %8s  %-14s %s\n' "figure (A : B)" "A, ms" "B, ms" "A / B" goal reached
	say "${LINES_SHOWN[@]}"
}
