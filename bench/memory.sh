#!/usr/bin/env bash
# memory.sh: what checks and a publish take of memory, held against work_mem * hash_mem_multiplier.
#
#	bench/memory.sh [ROWS]		3000000 rows of the product that bench/run.sh measures
#
# Needs a running server on this machine (PGHOST, PGPORT, ...) where we are superuser and the extension is
# installed, and a kernel that shows /proc; makes a database of its own and drops it. Every statement runs in
# a new session, first over a thousand rows, then over all. Shown is the private memory of the session
# (RssAnon, read every few milliseconds) at its largest: over few rows (code, catalogs, the plan), over all
# rows, and the difference, which is what the rows took. Memory that was freed but not given back to the
# system counts. For parallel workers: the largest of one of them, all of it.
set -euo pipefail

rows=${1:-3000000}
db=datamesh_bench_memory
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
export PGOPTIONS='-c client_min_messages=error -c jit=off'

run_sql() { psql -XqAt -v ON_ERROR_STOP=1 -d "$db" "$@"; }

clean_up() {
	psql -XqAt -d postgres -c "DROP DATABASE IF EXISTS $db WITH (FORCE)" -c "DROP ROLE IF EXISTS bench_memory_team" \
		-c "DROP ROLE IF EXISTS bench_memory_port" >/dev/null 2>&1 || true
}
trap clean_up EXIT
clean_up
psql -XqAt -d postgres -c "CREATE DATABASE $db"

{
	cat <<-'SQL'
		CREATE EXTENSION datamesh CASCADE;
		CREATE ROLE bench_memory_team;
		CALL datamesh.create_domain('bench_memory', owner => 'bench_memory_team');
	SQL
	# the table of the product alone
	sed '/) h) v;$/q' "$here/data.sql"
	cat <<-'SQL'
		ALTER TABLE bench.product SET SCHEMA bench_memory_internal;
		ALTER TABLE bench_memory_internal.product RENAME TO big;
		CREATE TABLE bench_memory_internal.small AS SELECT * FROM bench_memory_internal.big LIMIT 1000;
		ALTER TABLE bench_memory_internal.big OWNER TO bench_memory_team;
		ALTER TABLE bench_memory_internal.small OWNER TO bench_memory_team;
		VACUUM (ANALYZE, FREEZE) bench_memory_internal.big, bench_memory_internal.small;
	SQL
	for table in big small; do
		echo "CALL datamesh.load_contract(\$contract\$"
		sed -e "s/bench_sales_internal.customer_lifetime_value/bench_memory_internal.$table/" -e "s/bench_sales/bench_memory/" \
			-e "s/^name: .*/name: $table/" -e "s/^id: .*/id: bench-memory-$table/" -e "s/^  - name: customer_lifetime_value/  - name: $table/" \
			"$here/contract.yaml"
		echo "\$contract\$);"
	done
} >"/tmp/$db.$$.sql"
run_sql -v rows="$rows" -f "/tmp/$db.$$.sql" >/dev/null
rm -f "/tmp/$db.$$.sql"

key() { printf '{"check": "duplicate_values", "columns": ["customer_id"%s]}' "${1:+, \"$1\"}"; }
keys() { # of so many columns beside the id
	local columns=(segment order_count customer_name ltv_score total_revenue avg_order_value first_order_date last_order_date _computed_at)
	local list
	list=$(key)
	for column in "${columns[@]:0:$1}"; do list+=", $(key "$column")"; done
	echo "[$list]"
}
check() { echo "SELECT count(*) FROM datamesh.check_table('bench_memory_internal.TABLE', '$1');"; }

declare -A statement=(
	[one unique key]=$(check "$(keys 0)")
	[four unique keys]=$(check "$(keys 3)")
	[ten unique keys]=$(check "$(keys 9)")
	[exact distinct_values]=$(check '[{"check": "distinct_values", "column": "customer_id", "mustBeGreaterThan": 0}]')
	[check_product, ten rules]="SELECT count(*) FROM datamesh.check_product('bench_memory.TABLE');"
	[publish, ten rules]="CALL datamesh.publish('bench_memory.TABLE', dry_run => true);"
	[plain GROUP BY, for comparison]="SELECT count(*) FROM (SELECT customer_id FROM bench_memory_internal.TABLE GROUP BY 1) g;"
)

anonymous() { # of a process, in kB: into the variable named
	local name value
	printf -v "$1" 0
	while IFS=: read -r name value; do
		[ "$name" != RssAnon ] || printf -v "$1" '%s' "$(tr -dc 0-9 <<<"$value")"
	done 2>/dev/null <"/proc/$2/status" || true
}

# largest TABLE STATEMENT MEMORY WORKERS: PEAK and WORKER, in kB
largest() {
	local pid now count=0 out
	out=$(mktemp)
	coproc SESSION { run_sql >"$out" 2>&1; }
	local session=$SESSION_PID to=${SESSION[1]}
	echo "SET work_mem = '$3'; SET max_parallel_workers_per_gather = $4; SELECT pg_backend_pid();" >&"$to"
	until pid=$(head -n 1 "$out") && [ -n "$pid" ]; do sleep 0.01; done
	printf '%s\nSELECT %s;\n\\q\n' "${2//TABLE/$1}" "'done'" >&"$to"
	PEAK=0 WORKER=0
	while [ -e "/proc/$pid" ]; do
		anonymous now "$pid"
		PEAK=$((now > PEAK ? now : PEAK))
		if ((count++ % 8 == 0 && $4 > 0)); then
			for worker in $(pgrep -f "parallel worker for PID $pid" || true); do
				anonymous now "$worker"
				WORKER=$((now > WORKER ? now : WORKER))
			done
		fi
	done
	wait "$session" || true
	grep -qx 'done' "$out" || { cat "$out" >&2 && exit 1; }
	rm -f "$out"
}

bytes() { run_sql -c "SELECT pg_size_bytes('$1') * current_setting('hash_mem_multiplier')::float8"; }
mb() { awk "BEGIN { printf \"%.1f\", ($1) / 1024 }"; }

echo "$rows rows; $(run_sql -c 'SHOW server_version'); hash_mem_multiplier $(run_sql -c 'SHOW hash_mem_multiplier'). In MB."
printf '%-32s %8s %7s %7s | %8s %8s %8s | %8s\n' statement work_mem workers bound 'few rows' 'all rows' 'growth' worker
for memory in 4MB 64MB; do
	for workers in 0 2; do
		for name in 'one unique key' 'four unique keys' 'ten unique keys' 'exact distinct_values' \
			'check_product, ten rules' 'publish, ten rules' 'plain GROUP BY, for comparison'; do
			largest small "${statement[$name]}" $memory $workers
			few=$PEAK
			largest big "${statement[$name]}" $memory $workers
			printf '%-32s %8s %7s %7s | %8s %8s %8s | %8s\n' "$name" $memory $workers "$(mb "$(bytes $memory) / 1024")" \
				"$(mb "$few")" "$(mb "$PEAK")" "$(mb "$PEAK - $few")" "$(mb $WORKER)"
		done
	done
done
