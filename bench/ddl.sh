#!/usr/bin/env bash
# ddl.sh: what the guard of DDL costs: CREATE, ALTER and DROP TABLE, outside the mesh and inside it, with
# the event triggers enabled and disabled.
#
#	bench/ddl.sh [STATEMENTS [ROUNDS]]		of each kind 1,000, in 7 rounds
#
# Needs a running server (PGHOST, PGPORT, ...) where we are superuser and the extension is installed; makes
# a database of its own and drops it. The two ways take turns within every round, the one that goes first
# changing from round to round; the ratio is that of the medians. All statements of a run are one
# transaction of one DO block each way, so that neither the client nor the disk is measured; with
# SEPARATE=1 each statement is sent by psql and committed by itself.
set -euo pipefail

statements=${1:-1000}
rounds=${2:-7}
db=datamesh_bench_ddl
export PGOPTIONS='-c client_min_messages=error'

run_sql() { psql -XqAt -v ON_ERROR_STOP=1 -d "$db" "$@"; }

clean_up() {
	psql -XqAt -d postgres -c "DROP DATABASE IF EXISTS $db" -c "DROP ROLE IF EXISTS bench_ddl_team" -c "DROP ROLE IF EXISTS bench_ddl_port" >/dev/null 2>&1 || true
}
trap clean_up EXIT
clean_up
psql -XqAt -d postgres -c "CREATE DATABASE $db"
run_sql <<'SQL'
CREATE EXTENSION datamesh CASCADE;
CREATE ROLE bench_ddl_team;
CALL datamesh.create_domain('bench_ddl', owner => 'bench_ddl_team');
CREATE SCHEMA outside;
CREATE PROCEDURE public.round_of_ddl(place text, statements integer) LANGUAGE plpgsql AS $$
BEGIN
    FOR i IN 1 .. statements LOOP
        EXECUTE format('CREATE TABLE %I.t%s (id bigint, name text, amount numeric(18,2), seen timestamptz)', place, i);
        EXECUTE format('ALTER TABLE %I.t%s ADD COLUMN note text', place, i);
        EXECUTE format('DROP TABLE %I.t%s', place, i);
        IF i % 10 = 0 THEN COMMIT; END IF;
    END LOOP;
END $$;
SQL

triggers() { # ENABLE ALWAYS, or DISABLE; a preloaded library lets nobody else do that
	PGOPTIONS="$PGOPTIONS -c datamesh.break_glass=on" run_sql -c "ALTER EVENT TRIGGER datamesh_guard_start $1" -c "ALTER EVENT TRIGGER datamesh_guard_end $1" \
		-c "ALTER EVENT TRIGGER datamesh_guard_rewrite $1"
}

one_by_one() {
	local i
	for ((i = 1; i <= statements; i++)); do
		echo "CREATE TABLE $1.t$i (id bigint, name text, amount numeric(18,2), seen timestamptz);"
		echo "ALTER TABLE $1.t$i ADD COLUMN note text;"
		echo "DROP TABLE $1.t$i;"
	done
}

# milliseconds that a session takes for the statements, its start left out
measure() {
	if [ -n "${SEPARATE:-}" ]; then
		{
			echo 'SELECT clock_timestamp() AS began \gset'
			one_by_one "$1"
			echo "SELECT extract(epoch FROM clock_timestamp() - :'began') * 1000"
		} | run_sql
	else
		run_sql <<-SQL
			CALL public.round_of_ddl('$1', 20);
			SELECT clock_timestamp() AS began \\gset
			CALL public.round_of_ddl('$1', $statements);
			SELECT extract(epoch FROM clock_timestamp() - :'began') * 1000
		SQL
	fi
}

median() { tr ' ' '\n' | sed '/^$/d' | sort -n | awk '{ v[NR] = $1 } END { print (NR % 2) ? v[(NR + 1) / 2] : (v[NR / 2] + v[NR / 2 + 1]) / 2 }'; }

echo "$statements times CREATE TABLE, ALTER TABLE ADD COLUMN, DROP TABLE; $rounds rounds; $(run_sql -c 'SELECT version()' | cut -d' ' -f1-2)"
for place in outside bench_ddl_internal; do
	on=
	off=
	for ((round = 1; round <= rounds; round++)); do
		for way in $([ $((round % 2)) = 0 ] && echo on off || echo off on); do
			if [ "$way" = on ]; then
				triggers 'ENABLE ALWAYS'
				on+=" $(measure "$place")"
			else
				triggers DISABLE
				off+=" $(measure "$place")"
			fi
		done
	done
	with=$(median <<<"$on")
	without=$(median <<<"$off")
	label=$([ "$place" = outside ] && echo 'outside the mesh' || echo 'inside the mesh')
	awk -v l="$label" -v a="$with" -v b="$without" 'BEGIN { printf "%-17s with the guard %8.1f ms, without %8.1f ms: %.3f\n", l, a, b, a / b }'
done
