# shellcheck shell=bash disable=SC2034
# What the benchmarks of this folder share: timing in turn, medians, and goals. Sourced, not run.
# Uses ROWS, RUNS, WORKERS, WORK_MEM, JSON of the script that sources it, and the cluster in $WORK.

MS=
LOAD=$(cut -d' ' -f1 /proc/loadavg) # before we add to it
declare -A TIMES=()
LINES_SHOWN=()
JSON_LINES=()

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
