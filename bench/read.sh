#!/usr/bin/env bash
# bench/read.sh [OPTION...]: what it costs to read a port instead of a table, beside the goals.
#
#   --rows N             rows of the product (3000000)
#   --runs N             how often each is measured, in turn; medians are shown (7)
#   --seconds N          how long point lookups are measured, each way (5)
#   --work-mem SIZE      work_mem (64MB)
#   --shared-buffers SIZE  shared_buffers (a quarter of the memory, at most 2GB: the rows stay in it)
#   --preload            with shared_preload_libraries = 'datamesh'
#   --json               the figures as JSON, and nothing else, on standard output
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
RUNS=7
SECONDS_EACH=5
WORKERS=0
PRELOAD=
declare -A OPTIONS=([--rows]=ROWS:1 [--runs]=RUNS:1 [--seconds]=SECONDS_EACH:1 [--work-mem]=WORK_MEM
	[--shared-buffers]=SHARED_BUFFERS [--preload]=PRELOAD: [--json]=JSON:)
PORT=bench_sales.customer_lifetime_value
BASE=bench.base

# What marketing sees, written by hand.
MASKED="(SELECT customer_id, datamesh.mask_partial(customer_name, 1, '***', 1) AS customer_name, ltv_score, total_revenue,
	order_count, avg_order_value, first_order_date, datamesh.mask_date_trunc(last_order_date, 'year') AS last_order_date,
	segment, _computed_at, datamesh.mask_first(_product_version, 2) AS _product_version FROM $BASE)"
FILTERED="(SELECT * FROM $BASE WHERE segment = 'gold')"

# name|reader|goal|label|query, R standing for what is read; no goal: shown for information
FIGURES=(
	"count|bench_finance|1.05|count(*)|SELECT count(*) FROM R AS r"
	"sums|bench_finance|1.05|sum, avg and max of three columns|SELECT sum(order_count), avg(ltv_score), max(first_order_date) FROM R AS r"
	"row|bench_finance|1.05|every column of every row|SELECT count(customer_id), count(customer_name), sum(ltv_score), sum(total_revenue), sum(order_count), sum(avg_order_value), max(first_order_date), max(last_order_date), max(segment), max(_computed_at), max(_product_version) FROM R AS r"
	"filter|bench_finance|1.05|filter on a column without mask|SELECT count(*) FROM R AS r WHERE order_count > 38"
	"group|bench_finance|1.05|GROUP BY|SELECT segment, count(*), sum(total_revenue) FROM R AS r GROUP BY segment"
	"maskable|bench_finance|1.05|column that others see masked|SELECT max(length(customer_name)) FROM R AS r"
	"nested|bench_finance|1.20|nested loop, 20000 index lookups|SELECT count(*), sum(r.order_count) FROM bench.keys AS k JOIN R AS r USING (customer_id)"
	"masked|bench_marketing|1.10|masked: one column|SELECT max(length(customer_name)) FROM R AS r"
	"masked_all|bench_marketing|1.10|masked: three columns|SELECT max(length(customer_name)), max(last_order_date), max(_product_version) FROM R AS r"
	"masked_none|bench_marketing|1.10|masked: columns without mask|SELECT sum(order_count), avg(ltv_score) FROM R AS r"
	"masked_filter|bench_marketing|1.10|masked: filter on a column without mask|SELECT max(length(customer_name)) FROM R AS r WHERE order_count > 20"
	"filtered|bench_audit||rows filtered by the contract|SELECT count(*), sum(order_count) FROM R AS r"
)

product() {
	echo "CREATE EXTENSION datamesh CASCADE;"
	echo "CREATE ROLE bench_team; CREATE ROLE bench_finance; CREATE ROLE bench_marketing; CREATE ROLE bench_audit;"
	cat "$HERE/data.sql"
	echo "DROP TABLE bench.orders, bench.proved, bench.proved_small;"
	echo "CALL datamesh.create_domain('bench_sales', owner => 'bench_team');"
	echo "CALL datamesh.create_consumer('bench_finance', role => 'bench_finance');"
	echo "CALL datamesh.create_consumer('bench_marketing', role => 'bench_marketing');"
	echo "CALL datamesh.create_consumer('bench_audit', role => 'bench_audit');"
	echo "ALTER TABLE bench.product SET SCHEMA bench_sales_internal;"
	echo "ALTER TABLE bench_sales_internal.product RENAME TO customer_lifetime_value;"
	echo "ALTER TABLE bench_sales_internal.customer_lifetime_value OWNER TO bench_team;"
	echo "CALL datamesh.load_contract(\$contract\$"
	cat "$HERE/read_contract.yaml"
	echo "\$contract\$);"
	echo "CALL datamesh.publish('$PORT');"
	echo "CREATE TABLE $BASE AS SELECT * FROM bench_sales_internal.customer_lifetime_value;"
	echo "CREATE INDEX ON $BASE (customer_id);"
	echo "CREATE TABLE bench.keys AS SELECT customer_id FROM $BASE WHERE hashtext(customer_id) % ($ROWS / 20000 + 1) = 0;"
	echo "GRANT USAGE ON SCHEMA bench TO bench_finance, bench_marketing, bench_audit;"
	echo "GRANT SELECT ON ALL TABLES IN SCHEMA bench TO bench_finance, bench_marketing, bench_audit;"
	# the sources are no longer needed, and the two that are measured shall find the memory alike
	echo "SET datamesh.break_glass = on; TRUNCATE bench_sales_internal.customer_lifetime_value;"
	echo "VACUUM (FREEZE, ANALYZE); CHECKPOINT;"
}

prepare() {
	start_cluster bench
	stop_cluster
	{
		echo "shared_buffers = $SHARED_BUFFERS"
		echo "max_wal_size = 16GB"
		echo "checkpoint_timeout = 1h"
		echo "autovacuum = off"
		[ -z "$PRELOAD" ] || echo "shared_preload_libraries = 'datamesh'"
	} | "${AS_USER[@]}" tee -a "$DATA/postgresql.conf" >/dev/null
	restart_cluster
	mkdir -p "$WORK/bench"
	progress "Making $ROWS rows and publishing them"
	product >"$WORK/bench/product.sql"
	run_sql "$WORK/bench/product.sql" -v rows="$ROWS"
}

# relation port|hand READER: what R stands for, the port or what a query by hand would read.
relation() {
	case $1:$2 in
	port:*) echo "$PORT" ;;
	*:bench_marketing) echo "$MASKED" ;;
	*:bench_audit) echo "$FILTERED" ;;
	*) echo "$BASE" ;;
	esac
}

# Both ways of all figures in one session for each reader and number of workers, in turn; the first
# round warms the caches and is left out. The session has read a port before.
script() {
	local reader=$1 workers=$2 run figure name who goal label query
	cat <<-END
		SET max_parallel_workers_per_gather = $workers;
		SET work_mem = '$WORK_MEM';
		SET jit = off;
		SET parallel_setup_cost = 0;
		SET ROLE $reader;
		SELECT FROM $PORT LIMIT 1;
		\\timing on
	END
	for ((run = 0; run <= RUNS; run++)); do
		for figure in "${FIGURES[@]}"; do
			IFS='|' read -r name who goal label query <<<"$figure"
			[ "$who" = "$reader" ] || continue
			if [ "$name" = nested ]; then
				echo "SET enable_hashjoin = off; SET enable_mergejoin = off;"
			fi
			printf '\\echo @%s %s\n' "$run" "${name}_port_$workers"
			echo "${query/ R / $(relation port "$who") };"
			printf '\\echo @%s %s\n' "$run" "${name}_hand_$workers"
			echo "${query/ R / $(relation hand "$who") };"
			echo "RESET enable_hashjoin; RESET enable_mergejoin;"
		done
	done
}

# Every plan with workers must have them.
measure_queries() {
	local reader workers run name ms
	for workers in 0 2; do
		for reader in bench_finance bench_marketing bench_audit; do
			progress "Measuring as $reader with $workers workers, $RUNS runs"
			script "$reader" "$workers" >"$WORK/bench/queries.sql"
			run_sql "$WORK/bench/queries.sql"
			while read -r run name ms; do
				[ "$run" = 0 ] || TIMES[$name]+="$ms "
			done < <(awk '/^@/ { run = substr($1, 2); name = $2 }
				/^Time: / && name != "" { print run, name, $2; name = "" }' "$WORK/psql.log")
		done
	done
}

# How long the first query of a session takes, which loads the library if nobody did before.
measure_first() {
	local run what
	for ((run = 0; run <= RUNS; run++)); do
		for what in port hand; do
			echo "SET max_parallel_workers_per_gather = 0; SET jit = off; SET ROLE bench_finance;" >"$WORK/bench/first.sql"
			printf '\\timing on\nSELECT count(*) FROM %s;\n' "$(relation $what bench_finance)" >>"$WORK/bench/first.sql"
			run_sql "$WORK/bench/first.sql"
			[ "$run" = 0 ] || TIMES[first_$what]+="$(awk '/^Time: / { print $2 }' "$WORK/psql.log") "
		done
	done
}

# Point lookups: pgbench chooses one of the two ways for each transaction. The microseconds of one are the
# milliseconds of a thousand.
measure_points() {
	local mode=$1 reader=$2 what
	for what in port hand; do
		{
			echo "\\set i random(1, $ROWS)"
			echo "SELECT * FROM $(relation "$what" "$reader") AS r"
			echo "WHERE customer_id = 'C' || lpad((:i::bigint * 1000003 % 1000000007)::text, 10, '0');"
		} >"$WORK/tmp/point_$what.sql"
	done
	progress "Measuring point lookups as $reader, $mode"
	rm -f "$WORK"/tmp/points.*
	PGOPTIONS="-c role=$reader" bounded 600 pgbench -n -M "$mode" -f "$WORK/tmp/point_port.sql" \
		-f "$WORK/tmp/point_hand.sql" -T $((SECONDS_EACH * 2)) -l --log-prefix="$WORK/tmp/points" postgres \
		>"$WORK/psql.log" 2>&1 || die "pgbench failed: $(tail -n 3 "$WORK/psql.log")"
	for what in 0 1; do
		TIMES[point_${mode}_${reader}_$what]=$(cat "$WORK"/tmp/points.* | awk -v what=$what '$4 == what { print $3 }' | tr '\n' ' ')
	done
}

figures() {
	local figure name who goal label query workers words
	for workers in 0 2; do
		words=serial
		[ $workers = 0 ] || words="$workers workers"
		for figure in "${FIGURES[@]}"; do
			IFS='|' read -r name who goal label query <<<"$figure"
			compare "$label, $words" "${name}_port_$workers" "${name}_hand_$workers" "<=" "$goal"
		done
	done
	compare "1000 point lookups, prepared" point_prepared_bench_finance_0 point_prepared_bench_finance_1 "<=" 1.2
	compare "1000 point lookups, planned each time" point_simple_bench_finance_0 point_simple_bench_finance_1 "<=" 1.2
	compare "1000 point lookups, masked, prepared" point_prepared_bench_marketing_0 point_prepared_bench_marketing_1 "<=" 1.2
	compare "first query of a session: count(*)" first_port first_hand "<=" ""
}

data_line() {
	psql -X -q -At -c "SELECT format('%s rows of 11 columns, %s, one index', $ROWS, pg_size_pretty(pg_table_size('$BASE')))"
}

main() {
	begin "$@"
	measure_queries
	measure_points prepared bench_finance
	measure_points simple bench_finance
	measure_points prepared bench_marketing
	measure_first
	WORKERS="0 and 2"
	figures
	report "" "A reads the port, B the table. shared_preload_libraries '$(server_setting shared_preload_libraries)'" >&3
	stop_cluster
}

main "$@"
