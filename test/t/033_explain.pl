# With the library preloaded, EXPLAIN tells who may not look into a port nothing of what is in it: no name of a
# relation, column, index or function beneath, no condition, no count of rows that a filter hid, no estimate. The
# reader tries every statement that can be explained, every format and option, plans of many shapes and other ways
# for a plan to get out; whatever came back, errors and notices included, is searched for what is hidden.
use strict;
use warnings;
use FindBin;
use lib "$FindBin::RealBin/../lib";
use Mesh ();
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

my $node = Mesh::cluster('explain');
$node->append_conf('postgresql.conf',
	"fsync = off\nautovacuum = off\nshared_preload_libraries = 'datamesh'\nlog_min_messages = warning");
$node->start;

sub product
{
	my ($product, $mode, $custom, $mask) = @_;
	$mask = defined $mask ? ", customProperties: [{property: datamesh.mask, value: '$mask'}]" : '';
	return <<"END";
CALL datamesh.load_contract(\$doc\$
apiVersion: v3.1.0
kind: DataContract
id: $product
status: active
version: 1.0.0
domain: sales
dataProduct: $product
roles: [{role: reading, access: read}]
customProperties: [{property: datamesh.mode, value: $mode}$custom]
schema:
- name: $product
  physicalName: src_$product
  properties: [{name: id, logicalType: integer, required: true}, {name: total, logicalType: integer, physicalType: bigint}, {name: word, logicalType: string, physicalType: text$mask}]
\$doc\$);
END
}

# what the reader is shown of 3001 rows, and what nobody is shown by default
my $filter = q(, {property: datamesh.rowFilter, value: {reading: "total < 9", default: "total > 95"}});
$node->safe_psql('postgres', 'CREATE DATABASE mesh; CREATE DATABASE plain');
$node->safe_psql('mesh',
	<<'END' . product('orders', 'snapshot', ', {property: datamesh.indexes, value: [[id]]}') . product('shown', 'live', '') . product('grouped', 'live', '') . product('joined', 'live', '') . product('inlined', 'live', '') . product('filtered', 'snapshot', "$filter, {property: datamesh.indexes, value: [[id]]}", 'partial(1, ***, 1)') . product('watched', 'live', $filter, 'redact'));
CREATE EXTENSION datamesh CASCADE;
CREATE ROLE sales_team LOGIN;
CREATE ROLE reader LOGIN;
CREATE ROLE member LOGIN IN ROLE sales_team, reader;
CREATE ROLE other LOGIN;
CALL datamesh.create_domain('sales', 'sales_team');
CALL datamesh.create_consumer('reading', 'reader');
GRANT CREATE ON SCHEMA public TO reader, sales_team;
SET ROLE sales_team;
-- 7919 rows that nobody counts, 1237 of them shown
CREATE TABLE sales_internal.secret_base (secret_id integer PRIMARY KEY, secret_total bigint, secret_word text, secret_region integer);
INSERT INTO sales_internal.secret_base SELECT i, i % 97, 'word' || i % 7, CASE WHEN i <= 1237 THEN 1 ELSE 2 END FROM generate_series(1, 7919) AS i;
CREATE INDEX secret_index ON sales_internal.secret_base (secret_region, secret_id);
CREATE TABLE sales_internal.secret_other (secret_key integer PRIMARY KEY, secret_note text);
INSERT INTO sales_internal.secret_other SELECT i, 'note' || i FROM generate_series(1, 6143) AS i;
CREATE TABLE sales_internal.src_orders (id integer PRIMARY KEY, total bigint, word text);
INSERT INTO sales_internal.src_orders SELECT secret_id, secret_total, secret_word FROM sales_internal.secret_base WHERE secret_id <= 2003;
CREATE TABLE sales_internal.src_filtered AS SELECT secret_id AS id, secret_total AS total, secret_word AS word FROM sales_internal.secret_base WHERE secret_id <= 3001;
CREATE TABLE sales_internal.src_watched AS SELECT * FROM sales_internal.src_filtered;
CREATE VIEW sales_internal.src_shown AS SELECT secret_id AS id, secret_total AS total, secret_word AS word FROM sales_internal.secret_base WHERE secret_region = 1;
CREATE VIEW sales_internal.src_grouped AS SELECT secret_region AS id, count(*) AS total, max(secret_word) AS word FROM sales_internal.secret_base WHERE secret_id > 4000 GROUP BY secret_region;
CREATE VIEW sales_internal.src_joined AS SELECT b.secret_id AS id, b.secret_total AS total, o.secret_note AS word FROM sales_internal.secret_base b JOIN sales_internal.secret_other o ON o.secret_key = b.secret_id WHERE b.secret_region = 2 AND o.secret_key IN (SELECT secret_id FROM sales_internal.secret_base WHERE secret_total = 5);
CREATE FUNCTION public.opened(n integer) RETURNS TABLE (i integer) LANGUAGE sql STABLE AS 'SELECT g FROM generate_series(1, 4813) AS g WHERE g > n';
-- a live source runs no code but of superusers
RESET ROLE;
ALTER FUNCTION public.opened(integer) OWNER TO CURRENT_USER;
SET ROLE sales_team;
CREATE VIEW sales_internal.src_inlined AS SELECT f.i AS id, f.i::bigint AS total, o.secret_note AS word FROM public.opened(2) AS f JOIN sales_internal.secret_other AS o ON o.secret_key = f.i AND o.secret_key % 10 = 1;
ANALYZE;
END
$node->safe_psql('mesh', "CALL datamesh.publish('sales.$_')") for qw(orders shown grouped joined inlined filtered watched);
my @ports = qw(orders shown grouped joined inlined filtered watched);
$node->safe_psql('mesh', <<'END');
SET ROLE reader;
CREATE TABLE public.mine (k integer PRIMARY KEY, note text);
INSERT INTO public.mine SELECT i * 3, 'mine' FROM generate_series(1, 50) AS i;
CREATE VIEW public.my_view AS SELECT s.id, m.note FROM sales.shown AS s JOIN public.mine AS m ON m.k = s.id;
CREATE FUNCTION public.my_inlined() RETURNS SETOF sales.shown LANGUAGE sql STABLE AS 'SELECT * FROM sales.shown';
CREATE FUNCTION public.my_explain(query text) RETURNS SETOF text LANGUAGE plpgsql AS $$ BEGIN RETURN QUERY EXECUTE 'EXPLAIN (ANALYZE, VERBOSE) ' || query; END $$;
RESET ROLE;
ANALYZE public.mine;
SET ROLE sales_team;
CREATE FUNCTION public.peer(query text) RETURNS SETOF text LANGUAGE plpgsql SECURITY DEFINER AS $$ BEGIN RETURN QUERY EXECUTE 'EXPLAIN (ANALYZE, VERBOSE) ' || query; END $$;
END

# Everything that came back of a session of this role.
sub session
{
	my ($role, $sql) = @_;
	my ($rc, $out, $err) = $node->psql('mesh', "SET SESSION AUTHORIZATION $role;\n$sql",
		extra_params => [ '-v', 'VERBOSITY=verbose', '-v', 'ON_ERROR_STOP=0' ], on_error_stop => 0);
	$err =~ s/^LOCATION:.*$//mg;
	return "$out\n$err";
}

# Names and figures of what is beneath: the whole, what is hidden, and estimates.
my $hidden = qr/secret|_internal|_releases|_v1_r|release|src_|current_release|7919|6682|6143|4813|3001|2723|mask_|_choice|policy|3919|3920|Removed|Filter|Cond|Buffers|Memory|Blocks|cost|Width|Plan Rows|Plan-Rows|Output|Sort Key|Group Key|Workers|JIT|Cache/;

sub hides
{
	my ($sql, $what) = @_;
	my $result = session('reader', $sql);
	unlike($result, $hidden, "nothing hidden: " . ($what // $sql)) or diag($result);
	return $result;
}

# ---- what the reader is shown ----
is(session('reader', 'EXPLAIN SELECT * FROM sales.orders'), "Port Scan on sales.orders\n", 'a port is a line');
like(hides('EXPLAIN (ANALYZE, TIMING off, SUMMARY off) SELECT * FROM sales.shown'), qr/^Port Scan on sales\.shown \(actual rows=1237 loops=1\)$/m, 'with the rows that it gave');
like(hides('EXPLAIN (ANALYZE, SUMMARY off) SELECT total, count(*) FROM sales.shown WHERE id < 100 GROUP BY total ORDER BY 2'),
	qr/^Sort \(actual rows=\d+ loops=1\)\n  ->  HashAggregate \(actual rows=\d+ loops=1\)\n        ->  Port Scan on sales\.shown \(actual rows=99 loops=1\)$/m, 'the plan above it is there');
like(hides('EXPLAIN (ANALYZE, SUMMARY off) SELECT * FROM sales.orders AS o JOIN public.mine AS m ON m.k = o.id'),
	qr/Join \(actual rows=50 loops=1\).*->  Port Scan on sales\.orders.*mine m/s, 'with relations of the reader\'s own');
is(hides('EXPLAIN (ANALYZE, SUMMARY off) SELECT * FROM sales.inlined AS i JOIN public.mine AS m ON m.k = i.id') =~ /^Hidden Plan \(actual rows=\d+ loops=1\)$/m, 1, 'what the planner brought in and cannot be told apart hides the plan');
like(hides('EXPLAIN (ANALYZE, SUMMARY off) SELECT count(*) FROM sales.grouped'), qr/Port Scan on sales\.grouped/, 'a port that groups');

my $visible = $node->safe_psql('mesh', 'SET ROLE reader; SELECT count(*) FROM sales.filtered');
is($visible, '278', 'rows that the contract lets the reader see');
like(hides("EXPLAIN (ANALYZE, SUMMARY off) SELECT * FROM sales.$_"), qr/^Port Scan on sales\.$_ \(actual rows=278 loops=1\)$/m, "$_: rows that are shown are counted") for qw(filtered watched);
like(hides("EXPLAIN (ANALYZE, SUMMARY off) SELECT * FROM sales.$_ WHERE word = 'word3'"), qr/^Port Scan on sales\.$_ \(actual rows=0 loops=1\)$/m, "$_: a condition is on what is shown") for qw(filtered watched);

# ---- the same to those who see inside ----
for my $role (qw(sales_team member))
{
	like(session($role, "SET datamesh.sample_keys = 1; EXPLAIN (ANALYZE, VERBOSE, BUFFERS) SELECT * FROM sales.shown WHERE id = 5"), qr/sales_internal\.secret_base.*Buffers/s, "$role sees the plan");
}
like($node->safe_psql('mesh', 'EXPLAIN SELECT * FROM sales.shown'), qr/secret_base/, 'a superuser sees it');
like(session('reader', 'EXPLAIN SELECT * FROM public.mine'), qr/Seq Scan on mine  \(cost=.*rows=50/, 'a plan without ports is as ever');

# ---- every statement ----
my @queries = (
	(map { "SELECT * FROM sales.$_" } @ports),
	(map { "SELECT count(*), max(id), min(total) FROM sales.$_ WHERE total > 3" } @ports),
	(map { "SELECT p.*, m.* FROM sales.$_ AS p LEFT JOIN public.mine AS m ON m.k = p.id WHERE p.word LIKE 'w%' ORDER BY p.total DESC LIMIT 3" } @ports),
	(map { "SELECT * FROM public.mine AS m WHERE EXISTS (SELECT FROM sales.$_ AS p WHERE p.id = m.k) OR m.k = (SELECT max(id) FROM sales.$_)" } @ports),
	(map { "WITH c AS MATERIALIZED (SELECT * FROM sales.$_), d AS (SELECT * FROM c WHERE id > 2) SELECT * FROM d JOIN c USING (id)" } @ports),
	(map { "SELECT * FROM public.mine AS m, LATERAL (SELECT * FROM sales.$_ AS p WHERE p.id = m.k LIMIT 1) AS l" } @ports),
	'SELECT * FROM sales.shown UNION ALL SELECT * FROM sales.orders UNION SELECT * FROM sales.joined',
	'SELECT * FROM sales.shown INTERSECT SELECT * FROM sales.orders',
	'SELECT max(id) FROM sales.orders',
	'SELECT * FROM sales.orders WHERE id = 17',
	'SELECT * FROM sales.orders WHERE id IN (1, 2, 3) OR id = 9',
	'SELECT a.id FROM sales.shown AS a JOIN sales.shown AS b ON a.total = b.id JOIN sales.orders AS c ON c.id = b.id',
	'WITH RECURSIVE r AS (SELECT id FROM sales.shown WHERE id = 1 UNION ALL SELECT s.id FROM r JOIN sales.shown AS s ON s.id = r.id + 1 WHERE s.id < 5) SELECT * FROM r',
	'SELECT row_number() OVER (PARTITION BY total ORDER BY id), * FROM sales.shown',
	'SELECT generate_series(1, 2), id FROM sales.grouped',
	'SELECT DISTINCT ON (total) * FROM sales.joined ORDER BY total, id',
	'SELECT * FROM sales.shown WHERE false',
	'SELECT * FROM public.my_view',
	'SELECT * FROM public.my_inlined() AS f JOIN public.mine AS m ON m.k = f.id',
	'SELECT * FROM sales.orders FOR UPDATE',
	'INSERT INTO public.mine SELECT id + 100000, word FROM sales.shown ON CONFLICT (k) DO UPDATE SET note = excluded.note',
	'UPDATE public.mine SET note = s.word FROM sales.shown AS s WHERE s.id = k RETURNING s.*',
	'DELETE FROM public.mine USING sales.joined AS j WHERE j.id = k',
	'MERGE INTO public.mine AS m USING sales.shown AS s ON s.id = m.k WHEN MATCHED THEN UPDATE SET note = s.word',
	'UPDATE sales.orders SET total = 1',
	'DELETE FROM sales.shown',
	'INSERT INTO sales.shown VALUES (1, 2, $$x$$)');
for my $query (@queries)
{
	for my $options ('', '(ANALYZE)', '(ANALYZE, VERBOSE, BUFFERS, WAL, SETTINGS)', '(ANALYZE, FORMAT json)', '(VERBOSE, FORMAT xml)', '(ANALYZE, VERBOSE, BUFFERS, FORMAT yaml)')
	{
		hides("BEGIN; EXPLAIN $options $query; ROLLBACK");
	}
}
for my $port (@ports)
{
	hides("EXPLAIN (ANALYZE) CREATE TABLE public.taken_$port AS SELECT * FROM sales.$port");
	hides("EXPLAIN (ANALYZE) CREATE MATERIALIZED VIEW public.kept_$port AS SELECT * FROM sales.$port WITH NO DATA");
	hides("EXPLAIN VERBOSE DECLARE c CURSOR FOR SELECT * FROM sales.$port");
	like(hides("PREPARE p(integer, text) AS SELECT * FROM sales.$port WHERE id > \$1 AND word <> \$2; EXPLAIN (ANALYZE, VERBOSE, SUMMARY off) EXECUTE p(1 + 1, 'x'); EXPLAIN ANALYZE CREATE TABLE public.executed_$port AS EXECUTE p(3, NULL)"),
		qr/^(Port Scan on sales\.$port|Hidden Plan) \(actual rows=\d+ loops=1\)\n(.*\n)*?(Port Scan on sales\.$port|Hidden Plan|Result) \(actual rows=0 loops=1\)/m, "EXPLAIN EXECUTE on $port");
	like(hides("PREPARE p(integer) AS SELECT * FROM sales.$port WHERE id > \$1; EXPLAIN EXECUTE p; EXPLAIN EXECUTE p(now()); EXPLAIN EXECUTE p('x')"), qr/42601.*Expected 1 parameters but got 0.*42804.*22P02/s, "with arguments that do not fit") if $port eq 'shown';
	hides("SELECT public.my_explain('SELECT * FROM sales.$port')");
	hides("SELECT public.peer('SELECT * FROM sales.$port')", 'a function of somebody who sees inside');
	hides("SET plan_cache_mode = force_generic_plan; PREPARE p(integer) AS SELECT * FROM sales.$port WHERE id > \$1; EXECUTE p(1000000); EXPLAIN EXECUTE p(1)");
}
hides('BEGIN; CREATE VIEW public.later AS SELECT k AS id FROM public.mine; PREPARE p AS SELECT * FROM public.later; CREATE OR REPLACE VIEW public.later AS SELECT id FROM sales.shown; EXPLAIN (ANALYZE, VERBOSE) EXECUTE p; ROLLBACK', 'what was prepared before it read a port');
hides('PREPARE p(integer) AS INSERT INTO public.mine SELECT id + $1, word FROM sales.shown; BEGIN; EXPLAIN (ANALYZE, VERBOSE) EXECUTE p(1000000); ROLLBACK');
hides('PREPARE p AS SELECT * FROM public.mine; EXPLAIN (COSTS off) EXECUTE p');
like(session('reader', 'PREPARE p AS SELECT * FROM public.mine; EXPLAIN EXECUTE p'), qr/Seq Scan on mine  \(cost/, 'a prepared statement without ports is explained');
hides('DO $$ DECLARE t text; BEGIN FOR t IN EXPLAIN ANALYZE SELECT * FROM sales.joined LOOP RAISE NOTICE \'%\', t; END LOOP; END $$');
unlike(session('other', 'EXPLAIN SELECT * FROM sales.orders'), $hidden, 'who may not read it at all');
like(session('other', 'EXPLAIN SELECT * FROM sales.orders'), qr/permission denied/, 'is told so');
like($node->safe_psql('mesh', 'SET ROLE reader; EXPLAIN ANALYZE SELECT * FROM sales.shown'), qr/^Port Scan on sales\.shown/, 'a superuser who has become the reader');

# ---- plans of other shapes ----
my $only_in_workers = $node->pg_version >= 16 ? 'debug_parallel_query' : 'force_parallel_mode';
for my $setting ('enable_seqscan = off', 'enable_indexscan = off; SET enable_bitmapscan = off', 'enable_hashjoin = off', 'enable_hashjoin = off; SET enable_mergejoin = off',
	'enable_nestloop = off', 'enable_hashagg = off', 'enable_material = off; SET enable_memoize = off', "$only_in_workers = regress", "$only_in_workers = on",
	'parallel_setup_cost = 0; SET parallel_tuple_cost = 0; SET min_parallel_table_scan_size = 0; SET max_parallel_workers_per_gather = 2',
	'jit_above_cost = 0', 'enable_partitionwise_join = on; SET enable_partitionwise_aggregate = on', 'from_collapse_limit = 1; SET join_collapse_limit = 1', 'work_mem = 64')
{
	hides("SET $setting; " . join('', map { "EXPLAIN (ANALYZE, VERBOSE, BUFFERS) $_;" } grep { /^(SELECT|WITH)/ } @queries), $setting);
}

# ---- marks are not the reader's to set ----
for my $alias ("\"\\001" . "0:x\"", "U&\"\\00010:x\"", "U&\"\\00011:x\"", "U&\"\\00011bx\"", "U&\"\\0001-1:x\"", "U&\"\\000199:x\"")
{
	hides("EXPLAIN (ANALYZE, VERBOSE) SELECT * FROM sales.shown AS $alias JOIN public.mine AS m ON m.k = id; EXPLAIN (ANALYZE) SELECT * FROM public.mine AS $alias JOIN sales.grouped ON k = id", "the alias $alias");
}

# ---- other ways out ----
for my $setting (qw(debug_print_plan debug_print_rewritten debug_print_parse))
{
	my $result = session('reader', "SET client_min_messages = log; SET $setting = on; SELECT count(*) FROM sales.shown");
	like($result, qr/permission denied to set parameter "$setting"/, "$setting is for superusers");
	unlike($result, $hidden, "$setting shows nothing");
}
{
	my $auto = "SET log_statement = none; LOAD 'auto_explain'; SET auto_explain.log_min_duration = 0; SET auto_explain.log_analyze = on; SET client_min_messages = log;";
	my ($rc, $out, $err) = $node->psql('mesh', "$auto SET ROLE reader; SELECT count(*) FROM sales.shown");
	SKIP:
	{
		skip 'no auto_explain', 2 if $err =~ /could not access file/;
		is("$out$err", '1237', 'auto_explain tells the reader nothing');
		($rc, $out, $err) = $node->psql('mesh', "$auto SELECT count(*) FROM sales.shown");
		like($err, qr/secret_base/, 'and a superuser what it always does');
	}
}

# ---- not in anybody's way ----
$node->safe_psql('plain', 'CREATE TABLE t AS SELECT 1 AS i; ANALYZE t');
like($node->safe_psql('plain', 'EXPLAIN (ANALYZE, COSTS) SELECT * FROM t'), qr/Seq Scan on t  \(cost=.*actual time/, 'a database without the extension explains as ever');
like($node->safe_psql('mesh', 'EXPLAIN (ANALYZE, BUFFERS, FORMAT json) SELECT * FROM sales.orders'), qr/"Planning": \{/, 'with all that PostgreSQL says');
is($node->safe_psql('mesh', "SELECT value FROM datamesh.status() WHERE item = 'preloaded'"), 'yes', 'status() says that it is preloaded');
$node->safe_psql('mesh', 'CREATE ROLE late LOGIN IN ROLE reader');
unlike(session('late', 'EXPLAIN SELECT * FROM sales.shown'), $hidden, 'a member of the reading group is as it is');
$node->safe_psql('mesh', 'GRANT sales_team TO late');
like(session('late', 'EXPLAIN SELECT * FROM sales.shown'), qr/secret_base/, 'who joins the team sees inside from then on');
unlike(session('late', 'SET ROLE reader; EXPLAIN SELECT * FROM sales.shown'), $hidden, 'but not as the reader');
$node->safe_psql('mesh', 'REVOKE sales_team FROM late');
unlike(session('late', 'EXPLAIN SELECT * FROM sales.shown'), $hidden, 'and who has left it does not');

$node->stop;
done_testing();
