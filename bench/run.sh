#!/usr/bin/env bash
# bench/run.sh [OPTION...]: measure datamesh against what else would do its work, and against its goals.
#
#   --rows N             rows of the product and of the orders (3000000)
#   --runs N             how often each is measured, in turn; medians are shown (5)
#   --workers N          parallel workers beside the leader (cores - 1); DuckDB gets as many threads
#   --work-mem SIZE      work_mem (64MB)
#   --shared-buffers SIZE  shared_buffers (a quarter of the memory, at most 2GB: the rows stay in it)
#   --json               the figures as JSON, and nothing else, on standard output
#   --explain            also show how PostgreSQL and datamesh went about it
#
# Builds into a throwaway cluster; touches none that runs. A goal that is missed is shown, and is no
# failure: timings depend on the machine and on what else it does. KEEP=1 leaves the cluster's folder.
set -euo pipefail

# shellcheck source=scripts/lib/common.sh
. "$(dirname "${BASH_SOURCE[0]}")/../scripts/lib/common.sh"
# shellcheck source=scripts/lib/packages.sh
. "$ROOT/scripts/lib/packages.sh"
# shellcheck source=scripts/lib/cluster.sh
. "$ROOT/scripts/lib/cluster.sh"
# shellcheck source=bench/lib.sh
. "$ROOT/bench/lib.sh"

ROWS=3000000
RUNS=5
WORKERS=$(($(nproc) - 1))
EXPLAIN=
declare -A OPTIONS=([--rows]=ROWS:1 [--runs]=RUNS:1 [--workers]=WORKERS:0 [--work-mem]=WORK_MEM
	[--shared-buffers]=SHARED_BUFFERS [--json]=JSON: [--explain]=EXPLAIN:)
DUCKDB=
DUCKDB_NOTE=
USER_HOME=${HOME-}
PRODUCT=bench_sales.customer_lifetime_value
RULES="datamesh.contract('$PRODUCT')::jsonb" # the same ten for tables that are no product's source

python() { HOME=$USER_HOME bounded 600 python3 "$HERE/duckdb_checks.py" "$@"; }

# What is measured: time_NAME sets MS. (No subshells here: a signal must find the child.)
time_floor() { time_sql "$WORK/bench/floor.sql"; }
time_checks() { time_sql "$WORK/bench/checks.sql"; }
time_lesson() { time_sql "$HERE/lesson.sql"; }
time_single() { time_sql "$HERE/single.sql"; }
time_proved() { time_sql "$WORK/bench/proved.sql"; }
time_proved_small() { time_sql "$WORK/bench/proved_small.sql"; }
time_ltv_ours() { time_sql "$HERE/ltv_ours.sql"; }
time_ltv_plain() { time_sql "$HERE/ltv_plain.sql"; }
time_publish() { time_sql "$WORK/bench/publish.sql"; }
time_ctas() {
	time_sql "$WORK/bench/ctas.sql"
	run_sql "$WORK/bench/ctas_drop.sql"
}
time_duckdb() {
	python check "$WORK/tmp/rows.duckdb" $((WORKERS + 1)) >"$WORK/duckdb.log" || die "DuckDB failed"
	MS=$(cat "$WORK/duckdb.log")
}

statements() {
	local dir=$WORK/bench
	mkdir -p "$dir"
	echo "SELECT count(_product_version) FROM bench.product;" >"$dir/floor.sql"
	echo "SELECT * FROM datamesh.check_product('$PRODUCT');" >"$dir/checks.sql"
	echo "SELECT * FROM datamesh.check_table('bench.proved', $RULES);" >"$dir/proved.sql"
	echo "SELECT * FROM datamesh.check_table('bench.proved_small', $RULES);" >"$dir/proved_small.sql"
	echo "CREATE TABLE bench.copy AS SELECT * FROM bench_sales_internal.customer_lifetime_value;" >"$dir/ctas.sql"
	echo "DROP TABLE bench.copy;" >"$dir/ctas_drop.sql"
	echo "CALL datamesh.publish('$PRODUCT');" >"$dir/publish.sql"
	{
		echo "CREATE ROLE bench_team;"
		echo "CALL datamesh.create_domain('bench_sales', owner => 'bench_team');"
		# one table under two names would be measured warm by one and cold by the other: it is moved
		echo "ALTER TABLE bench.product SET SCHEMA bench_sales_internal;"
		echo "ALTER TABLE bench_sales_internal.product RENAME TO customer_lifetime_value;"
		echo "ALTER TABLE bench_sales_internal.customer_lifetime_value OWNER TO bench_team;"
		echo "CREATE VIEW bench.product AS SELECT * FROM bench_sales_internal.customer_lifetime_value;"
		echo "CALL datamesh.load_contract(\$contract\$"
		cat "$HERE/contract.yaml"
		echo "\$contract\$);"
	} >"$dir/product.sql"
}

# The checks must say what they are asked: ten rules, all kept, and which were proved.
verify_checks() {
	local passed
	cat >"$WORK/bench/verify.sql" <<-END
		SELECT count(*) FILTER (WHERE status = 'pass') FROM datamesh.check_product('$PRODUCT');
		SELECT count(*) FILTER (WHERE status = 'pass' AND method = 'proved')
		FROM datamesh.check_table('bench.proved', $RULES);
	END
	run_sql "$WORK/bench/verify.sql"
	passed=$(tr '\n' ' ' <"$WORK/psql.log")
	progress "check_product: ${passed%% *} checks passed; with constraints, $(cut -d' ' -f2 <<<"$passed") were proved"
}

prepare_duckdb() {
	local threads=$((WORKERS + 1))
	if ! HOME=$USER_HOME python3 -c 'import duckdb' 2>/dev/null; then
		DUCKDB_NOTE="skipped: python3 has no module duckdb here"
		return 0
	fi
	DUCKDB_NOTE="version $(HOME=$USER_HOME python3 -c 'import duckdb; print(duckdb.__version__)'), $threads threads"
	echo "\\copy (SELECT * FROM bench.product) TO '$WORK/tmp/rows.csv' (FORMAT csv)" >"$WORK/bench/csv.sql"
	run_sql "$WORK/bench/csv.sql"
	python load "$WORK/tmp/rows.duckdb" "$WORK/tmp/rows.csv" $threads || die "DuckDB could not read the rows"
	rm -f "$WORK/tmp/rows.csv"
	DUCKDB=1
}

prepare() {
	start_cluster bench
	stop_cluster
	{
		echo "shared_buffers = $SHARED_BUFFERS"
		echo "max_wal_size = 16GB"
		echo "checkpoint_timeout = 1h"
		echo "autovacuum = off"
		echo "max_worker_processes = $((WORKERS + 8))"
		echo "max_parallel_workers = $((WORKERS + 8))"
	} | "${AS_USER[@]}" tee -a "$DATA/postgresql.conf" >/dev/null
	restart_cluster
	statements
	echo "CREATE EXTENSION datamesh CASCADE;" >"$WORK/bench/extension.sql"
	run_sql "$WORK/bench/extension.sql"
	progress "Making $ROWS rows"
	run_sql "$HERE/data.sql" -v rows="$ROWS"
	run_sql "$WORK/bench/product.sql"
	verify_checks
	prepare_duckdb
}


figures() {
	compare "check_product : SELECT count(last column)" checks floor "<=" 3
	compare "the lesson's plan, a query per figure : check_product" lesson checks ">=" 10
	compare "one SELECT with count(DISTINCT) : check_product" single checks ">=" 6
	if [ -n "$DUCKDB" ]; then
		compare "check_product : DuckDB, one query" checks duckdb "<=" 1
	else
		skipped "check_product : DuckDB, one query" "$DUCKDB_NOTE"
	fi
	compare "checks all proved, $ROWS rows : 10000 rows" proved proved_small "<=" 1.25
	compare "snapshot publish : CREATE TABLE AS" publish ctas "<=" 1.15
	compare "ltv aggregate : count, sum, avg, min, max and CASE" ltv_ours ltv_plain "<=" 1
}

data_line() {
	psql -X -q -At -c "SELECT format('%s rows of 11 columns, %s; 10 rules, that are 9 checks (least and greatest score are one range)', $ROWS,
		pg_size_pretty(pg_table_size('bench_sales_internal.customer_lifetime_value')))"
}

explain() {
	{
		settings
		cat <<-END
			\\echo == SELECT count(last column)
			EXPLAIN (ANALYZE, BUFFERS) $(cat "$WORK/bench/floor.sql")
			\\echo == datamesh.explain_checks
			SELECT * FROM datamesh.explain_checks('$PRODUCT');
			\\echo == the ltv aggregate
			EXPLAIN (ANALYZE, BUFFERS) $(cat "$HERE/ltv_ours.sql")
		END
	} >"$WORK/bench/explain.sql"
	run_sql "$WORK/bench/explain.sql"
	cat "$WORK/psql.log"
}

main() {
	local names=(floor checks lesson single)
	begin "$@"
	[ -z "$DUCKDB" ] || names+=(duckdb)
	measure "${names[@]}"
	measure proved proved_small
	measure ltv_ours ltv_plain
	measure ctas publish
	figures
	report "\"duckdb\": \"$DUCKDB_NOTE\", " "DuckDB: $DUCKDB_NOTE" >&3
	[ -z "$EXPLAIN" ] || explain
	stop_cluster
}

main "$@"
