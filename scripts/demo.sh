#!/usr/bin/env bash
# demo.sh [--orders FILE] [--keep] [--help]: from orders to a published data product, step by step.
#
# Without arguments: a small generated data set, the same every time. With --orders: a CSV of the
# form of UCI's Online Retail (plain or .gz), with the columns
#   InvoiceNo,StockCode,Description,Quantity,InvoiceDate,UnitPrice,CustomerID,Country
# Builds datamesh, runs it in a throwaway cluster and removes all of it at the end, also after
# Ctrl-C; --keep leaves the cluster running and says how to reach and how to end it.
#
# Every step is checked as it is told: what should work must, and what should be refused must be.
set -euo pipefail

# shellcheck source=scripts/lib/common.sh
. "$(dirname "${BASH_SOURCE[0]}")/lib/common.sh"
# shellcheck source=scripts/lib/packages.sh
. "$ROOT/scripts/lib/packages.sh"
# shellcheck source=scripts/lib/cluster.sh
. "$ROOT/scripts/lib/cluster.sh"

HEADER=InvoiceNo,StockCode,Description,Quantity,InvoiceDate,UnitPrice,CustomerID,Country
ORDERS=
KEEP_CLUSTER=
STEP=0

usage() { sed -n '2,/^set/{/^set/d;s/^# \{0,1\}//;p}' "$0"; }

if [ -t 1 ]; then
	BOLD=$'\e[1m' DIM=$'\e[2m' PLAIN=$'\e[0m'
else
	BOLD='' DIM='' PLAIN=''
fi

step() {
	STEP=$((STEP + 1))
	printf '\n%s%d. %s%s\n' "$BOLD" "$STEP" "$1" "$PLAIN"
	shift
	[ $# -eq 0 ] || printf '   %s\n' "$@"
	echo
}

tell() { printf '   %s\n' "$@" | sed 's/^ *$//'; }

# ask ROLE: run the SQL of standard input as that role; its words go to $WORK/answer.
ask() {
	local status=0
	cat >"$WORK/question.sql"
	[ "${#AS_USER[@]}" -eq 0 ] || chmod 644 "$WORK/question.sql"
	bounded 600 "${AS_USER[@]}" psql -Xq -U "$1" -d demo -v ON_ERROR_STOP=1 -v VERBOSITY=default \
		-v SHOW_CONTEXT=never -P pager=off -f "$WORK/question.sql" >"$WORK/answer" 2>&1 || status=$?
	sed -i 's/^psql:[^ ]*: //' "$WORK/answer"
	return "$status"
}

show_question() { sed -e "1s/^/   $DIM$1=>$PLAIN /" -e "2,\$s/^/   ${1//?/ }   /" "$WORK/question.sql"; }
show_answer() { sed '/^$/d; s/^/   /' "$WORK/answer"; }

# sql ROLE: show the SQL, run it, show the answer; it must work.
sql() {
	local status=0
	ask "$1" || status=$?
	show_question "$1"
	show_answer
	[ "$status" -eq 0 ] || die "step $STEP did not work; what it said stands above"
}

# quietly ROLE: the same, and nothing is shown unless it fails.
quietly() {
	ask "$1" && return 0
	show_question "$1"
	show_answer
	die "step $STEP did not work; what it said stands above"
}

# refused ROLE WORDS: the same, and it must be refused, with these words in the answer.
refused() {
	local status=0
	ask "$1" || status=$?
	show_question "$1"
	show_answer
	[ "$status" -ne 0 ] || die "step $STEP should have been refused, and was not"
	grep -q -- "$2" "$WORK/answer" || die "step $STEP was refused for another reason than \"$2\""
}

# Before anything is built: is this a file that we can read?
check_orders() {
	local first
	[ -e "$ORDERS" ] || die "there is no file \"$ORDERS\""
	[ ! -d "$ORDERS" ] || die "\"$ORDERS\" is a folder" "Name the CSV file in it."
	[ -r "$ORDERS" ] || die "\"$ORDERS\" cannot be read by $(id -un)"
	if [[ $ORDERS == *.gz ]]; then
		gzip -t "$ORDERS" 2>/dev/null || die "\"$ORDERS\" is no gzip file, or a damaged one"
	fi
	first=$(orders | head -n 1 | tr -d '\r"' || true)
	[ "$first" = "$HEADER" ] ||
		die "\"$ORDERS\" does not begin with the line that Online Retail begins with" \
			"expected: $HEADER" "found:    ${first:0:200}"
	[ "$(orders | head -n 2 | wc -l)" -gt 1 ] || die "\"$ORDERS\" has no lines after its header"
}

# The file as UTF-8 without a byte order mark.
orders() {
	local reader=cat
	[[ $ORDERS != *.gz ]] || reader='gzip -dc'
	$reader "$ORDERS" 2>/dev/null | sed $'1s/^\xef\xbb\xbf//'
}

# Files that are not UTF-8 are taken for Windows-1252, which the original is in.
load_orders() {
	local encoding=UTF8
	orders >"$WORK/orders.csv"
	iconv -f UTF-8 -t UTF-8 "$WORK/orders.csv" >/dev/null 2>&1 || encoding=WIN1252
	[ "${#AS_USER[@]}" -eq 0 ] || chmod 644 "$WORK/orders.csv"
	quietly sales_team <<SQL
CREATE TEMP TABLE line (invoice text, stock text, description text, quantity text, at text, price text,
                        customer text, country text);
\copy line FROM '$WORK/orders.csv' (FORMAT csv, HEADER true, ENCODING '$encoding')
SET datestyle = 'ISO, MDY';
INSERT INTO sales_internal.orders_raw
SELECT invoice, stock, description, quantity::integer, at::timestamp, price::numeric,
       nullif(regexp_replace(customer, '\.0\$', ''), ''), country
  FROM line;
SQL
	rm -f "$WORK/orders.csv"
}

story() {
	step "Four groups of people" \
		"The platform team installs datamesh and gives each business domain its place. A domain is two" \
		"schemas: sales_internal, where the team works as it likes, and sales, where only published products" \
		"appear. \"executive\" reads products and has none of its own."
	quietly postgres <<'SQL'
CREATE ROLE sales_team LOGIN;
CREATE ROLE marketing_team LOGIN;
CREATE ROLE finance_team LOGIN;
CREATE ROLE executives LOGIN;
CREATE ROLE supplier LOGIN;
GRANT CREATE, TEMPORARY ON DATABASE demo TO sales_team;
SQL
	sql postgres <<'SQL'
CREATE EXTENSION datamesh CASCADE;
CALL datamesh.create_domain('sales', owner => 'sales_team', description => 'Orders and customers');
CALL datamesh.create_domain('marketing', owner => 'marketing_team');
CALL datamesh.create_domain('finance', owner => 'finance_team');
CALL datamesh.create_consumer('executive', role => 'executives');
SQL

	step "The sales team has orders" "Lines of invoices as they come from the shop, good and bad."
	quietly sales_team <<'SQL'
CREATE TABLE sales_internal.orders_raw (
    invoice_no text, stock_code text, description text, quantity integer, invoice_date timestamp,
    unit_price numeric, customer_id text, country text);
SQL
	if [ -n "$ORDERS" ]; then
		tell "Reading $ORDERS"
		load_orders
	else
		quietly sales_team <"$ROOT/scripts/demo/orders.sql"
	fi
	quietly sales_team <<'SQL'
ANALYZE sales_internal.orders_raw;
CREATE TABLE sales_internal.customers_master AS
SELECT DISTINCT customer_id, 'Customer ' || customer_id AS customer_name
  FROM sales_internal.orders_raw WHERE customer_id IS NOT NULL;
SQL
	sql sales_team <<'SQL'
SELECT to_char(count(*), 'FM9,999,999') AS lines,
       to_char(count(DISTINCT invoice_no), 'FM9,999,999') AS invoices,
       to_char(count(DISTINCT customer_id), 'FM9,999,999') AS customers,
       to_char(sum(quantity * unit_price), 'FM999,999,999.00') AS value
  FROM sales_internal.orders_raw;
SQL

	step "The contract" \
		"What consumers may rely on: an Open Data Contract Standard document, in YAML. Columns, rules, how" \
		"fresh, who may read, and what they see of personal data. (The file: scripts/demo/contract.yaml)"
	sed 's/^/   | /' "$ROOT/scripts/demo/contract.yaml"
	echo
	contract=$(<"$ROOT/scripts/demo/contract.yaml")
	tell "The team makes the table that its build will fill, and loads the contract. That is a draft: nobody" \
		"sees anything yet." ""
	sql sales_team <<'SQL'
CREATE TABLE sales_internal.customer_lifetime_value (
    customer_id text, customer_name text, ltv_score double precision, total_revenue numeric(18,2),
    order_count integer, avg_order_value numeric(18,2), first_order_date date, last_order_date date,
    segment text, _computed_at timestamptz, _product_version text);
SQL
	tell "${DIM}sales_team=>$PLAIN CALL datamesh.load_contract('... the document above ...');" ""
	load_contract "$contract" || {
		show_answer
		die "step $STEP did not work; what it said stands above"
	}
	sql sales_team <<'SQL'
SELECT product, version, status, mode, source FROM datamesh.contracts;
SQL

	step "A first build, and a refusal" \
		"The team computes the product its own way; datamesh.ltv gives count, sums, dates, score and segment" \
		"in one pass. This first build takes every line as it is."
	build_product sales_internal.orders_raw "(ltv).ltv_score"
	tell "Publishing is the one door. Each rule is measured while the data is copied, and the copy is judged:" ""
	refused sales_team 'failed governance validation' <<'SQL'
CALL datamesh.publish('sales.customer_lifetime_value');
SQL
	tell "" "Nothing that a consumer can see has changed. The report of the refusal is kept:" ""
	sql sales_team <<'SQL'
SELECT violation ->> 'severity' AS severity, violation ->> 'rule' AS rule, violation ->> 'failing_rows' AS rows,
       violation ->> 'sample_keys' AS sample_keys
  FROM jsonb_array_elements(datamesh.governance_report('sales.customer_lifetime_value') -> 'violations') AS violation;
SQL

	step "The mended build" \
		"The team states its rule: an order is a line with a customer, of an invoice that was not cancelled" \
		"(its number does not begin with C), with a quantity and a price above zero. The score of somebody" \
		"who left long ago ends at 0."
	sql sales_team <<'SQL'
CREATE VIEW sales_internal.orders AS
SELECT * FROM sales_internal.orders_raw
 WHERE customer_id IS NOT NULL AND invoice_no NOT LIKE 'C%' AND quantity >= 1 AND unit_price > 0;
SQL
	sql sales_team <<'SQL'
SELECT to_char(count(*), 'FM9,999,999') AS lines,
       to_char(count(*) FILTER (WHERE customer_id IS NULL), 'FM9,999,999') AS no_customer,
       to_char(count(*) FILTER (WHERE invoice_no LIKE 'C%'), 'FM9,999,999') AS cancelled,
       to_char(count(*) FILTER (WHERE quantity < 1), 'FM9,999,999') AS quantity_below_1,
       to_char(count(*) FILTER (WHERE unit_price <= 0), 'FM9,999,999') AS no_price,
       (SELECT to_char(count(*), 'FM9,999,999') FROM sales_internal.orders) AS kept
  FROM sales_internal.orders_raw;
SQL
	tell "(A line can be left out for more than one reason.)" ""
	build_product sales_internal.orders "greatest((ltv).ltv_score, 0)"
	sql sales_team <<'SQL'
CALL datamesh.publish('sales.customer_lifetime_value');
SELECT product, version, status FROM datamesh.contracts WHERE product = 'sales.customer_lifetime_value';
SQL

	step "What a consumer sees" "Marketing is named in the contract, and reads; names are masked as the contract says."
	sql marketing_team <<'SQL'
SELECT segment, count(*) AS customers, sum(total_revenue) AS revenue, max(last_order_date) AS last_order
  FROM sales.customer_lifetime_value GROUP BY segment ORDER BY revenue DESC;
SELECT customer_id, customer_name, order_count, total_revenue, round(ltv_score) AS ltv_score, segment
  FROM sales.customer_lifetime_value ORDER BY ltv_score DESC, customer_id LIMIT 3;
SQL
	tell "The documentation came along:" ""
	sql marketing_team <<'SQL'
SELECT col_description('sales.customer_lifetime_value'::regclass, 3) AS ltv_score;
SQL
	tell "The team's own tables stay the team's own, and who is not in the contract reads nothing:" ""
	refused marketing_team 'permission denied' <<'SQL'
SELECT count(*) FROM sales_internal.customer_lifetime_value;
SQL
	refused supplier 'permission denied' <<'SQL'
SELECT count(*) FROM sales.customer_lifetime_value;
SQL

	step "Breaking the data, three times" "Each is refused, and says why; consumers keep the good release."
	break_and_publish "a customer without a number" \
		"UPDATE sales_internal.customer_lifetime_value SET customer_id = NULL
 WHERE customer_id = (SELECT min(customer_id) FROM sales_internal.customer_lifetime_value);" customer_id
	break_and_publish "a customer twice" \
		"INSERT INTO sales_internal.customer_lifetime_value
SELECT * FROM sales_internal.customer_lifetime_value ORDER BY customer_id LIMIT 1;" customer_id
	break_and_publish "a negative revenue" \
		"UPDATE sales_internal.customer_lifetime_value SET total_revenue = -0.01
 WHERE customer_id = (SELECT max(customer_id) FROM sales_internal.customer_lifetime_value);" total_revenue
	sql executives <<'SQL'
SELECT count(*) AS customers, count(customer_id) AS numbered, count(DISTINCT customer_id) AS different,
       min(total_revenue) >= 0 AS no_negative
  FROM sales.customer_lifetime_value;
SQL

	step "A second release, and going back" \
		"Next day's build is published like the first. Older releases stay readable, and one CALL goes back."
	quietly sales_team <<'SQL'
DELETE FROM sales_internal.customer_lifetime_value
 WHERE customer_id = (SELECT max(customer_id) FROM sales_internal.customer_lifetime_value);
SQL
	sql sales_team <<'SQL'
CALL datamesh.publish('sales.customer_lifetime_value');
SELECT release, version, rows, is_current FROM datamesh.releases
 WHERE product = 'sales.customer_lifetime_value' ORDER BY release;
SELECT (SELECT count(*) FROM sales.customer_lifetime_value) AS now,
       (SELECT count(*) FROM datamesh.as_of(NULL::sales.customer_lifetime_value,
               (SELECT min(published_at) FROM datamesh.releases))) AS as_first_published;
SQL
	sql sales_team <<'SQL'
SELECT min(release) AS first FROM datamesh.releases WHERE product = 'sales.customer_lifetime_value' \gset
CALL datamesh.rollback('sales.customer_lifetime_value', :first);
SELECT count(*) AS after_going_back FROM sales.customer_lifetime_value;
SQL

	step "Asking for access" \
		"The supplier is not in the contract: it asks, with a purpose and for a time. The owner decides, and the" \
		"decision grants. What was granted can be revoked, and ends at once."
	sql supplier <<'SQL'
CALL datamesh.request_access('sales.customer_lifetime_value', purpose => 'planning next season together',
                             until => now() + interval '30 days');
SQL
	quietly sales_team <<'SQL'
SELECT request AS id FROM datamesh.access_requests WHERE status = 'pending' \gset
CALL datamesh.approve(:id);
SQL
	tell "${DIM}sales_team=>$PLAIN CALL datamesh.approve(...);" ""
	sql supplier <<'SQL'
SELECT customer_id, customer_name, segment FROM sales.customer_lifetime_value ORDER BY ltv_score DESC, customer_id LIMIT 1;
SELECT DISTINCT reader, basis, access, mask FROM datamesh.my_access('sales.customer_lifetime_value') WHERE "column" = 'customer_name';
SQL
	sql sales_team <<'SQL'
CALL datamesh.revoke_access('sales.customer_lifetime_value', 'supplier', 'the season is planned');
SQL
	refused supplier 'permission denied' <<'SQL'
SELECT count(*) FROM sales.customer_lifetime_value;
SQL

	step "Everything is on record" "Each change of state is a row of an append-only, hash-chained log."
	sql postgres <<'SQL'
SELECT event_id, kind, actor, product, version FROM datamesh.events ORDER BY event_id;
SELECT count(*) AS events_that_were_tampered_with FROM datamesh.verify_event_log();
SQL

	step "One SELECT, three people" \
		"The team that owns the product, marketing, which the contract names, and a supplier without access." \
		"What each sees is decided when the query runs, and there is no other way in."
	side_by_side sales_team marketing_team supplier <<'SQL'
SELECT customer_id AS id, customer_name, segment FROM sales.customer_lifetime_value
 ORDER BY ltv_score DESC, customer_id LIMIT 3;
SQL
}

# side_by_side ROLE...: run the SQL of standard input as each role; the answers stand beside each other.
side_by_side() {
	local question role status width=38
	question=$(cat)
	printf '%s\n' "$question" | sed 's/^/   /'
	for role in "$@"; do
		status=0
		ask "$role" <<<"$question" || status=$?
		{ echo "$role=>" && sed '/^$/d; /rows)$/d; /^LINE/,$d' "$WORK/answer" | fold -s -w "$((width - 2))"; } >"$WORK/side.$role"
		if [ "$role" = supplier ]; then
			[ "$status" -ne 0 ] || die "step $STEP: $role should have been refused, and was not"
		else
			[ "$status" -eq 0 ] || die "step $STEP did not work for $role: $(<"$WORK/answer")"
		fi
	done
	cmp -s "$WORK/side.$1" <(sed "1s/.*/$1=>/" "$WORK/side.$2") && die "step $STEP: $1 and $2 see the same"
	echo
	(cd "$WORK" && paste -d '\t' "${@/#/side.}") |
		awk -F '\t' -v width="$width" '{ printf "   "; for (i = 1; i <= NF; i++) printf "%-" width "s", $i; print "" }' |
		sed 's/ *$//'
}

load_contract() {
	ask sales_team <<SQL
CALL datamesh.load_contract(\$yaml\$$1
\$yaml\$);
SQL
}

# build_product ORDERS SCORE: show and run the team's transformation.
build_product() {
	sql sales_team <<SQL
TRUNCATE sales_internal.customer_lifetime_value;
INSERT INTO sales_internal.customer_lifetime_value
WITH invoice AS (
    SELECT customer_id, invoice_no, min(invoice_date)::date AS order_date, sum(quantity * unit_price) AS amount
      FROM $1 GROUP BY customer_id, invoice_no
), o AS (
    SELECT customer_id, datamesh.ltv(amount, order_date, (SELECT max(order_date) FROM invoice)) AS ltv
      FROM invoice GROUP BY customer_id
)
SELECT o.customer_id, c.customer_name, $2, (ltv).total_revenue, (ltv).order_count,
       (ltv).avg_order_value, (ltv).first_order_date, (ltv).last_order_date, (ltv).segment, now(), '1.2.0'
  FROM o LEFT JOIN sales_internal.customers_master AS c USING (customer_id);
SQL
}

# break_and_publish WHAT SQL COLUMN: the publish must be refused; the source is put back afterwards.
break_and_publish() {
	tell "${BOLD}$1${PLAIN}"
	quietly sales_team <<'SQL'
CREATE TABLE sales_internal.kept AS SELECT * FROM sales_internal.customer_lifetime_value;
SQL
	sql sales_team <<<"$2"
	refused sales_team "CRITICAL:.*($3)" <<<"CALL datamesh.publish('sales.customer_lifetime_value');"
	echo
	quietly sales_team <<'SQL'
TRUNCATE sales_internal.customer_lifetime_value;
INSERT INTO sales_internal.customer_lifetime_value SELECT * FROM sales_internal.kept;
DROP TABLE sales_internal.kept;
SQL
}

main() {
	while [ $# -gt 0 ]; do
		case $1 in
		--orders)
			[ $# -gt 1 ] || die "--orders needs the name of a file"
			ORDERS=$2
			shift
			;;
		--orders=*) ORDERS=${1#*=} ;;
		--keep) KEEP_CLUSTER=1 ;;
		-h | --help)
			usage
			exit 0
			;;
		*) die "what is \"$1\"?" "Try: bash $0 --help" ;;
		esac
		shift
	done
	if [ -n "$ORDERS" ]; then
		ORDERS=$(realpath -- "$ORDERS" 2>/dev/null || echo "$ORDERS")
		check_orders
	fi

	make_work
	need_for_build
	install_missing
	say "Building datamesh with $("$PG_CONFIG" --version)"
	if ! build with_llvm=no; then
		tail -n 40 "$WORK/build.log" >&2
		die "the build failed; the compiler's words stand above"
	fi
	start_cluster demo
	"${AS_USER[@]}" createdb demo
	story
	if [ -n "$KEEP_CLUSTER" ]; then
		KEEP=running
		say "" "The cluster is still there:  $BIN/psql -h $WORK/s -U postgres demo" \
			"To end it:  ${AS_USER[*]} $BIN/pg_ctl -D $DATA stop; rm -rf $WORK"
		say "" "Done in $SECONDS seconds."
	else
		stop_cluster
		say "" "Done in $SECONDS seconds; nothing of it is left."
	fi
}

main "$@"
