# Every way to read a port gives what plain SELECT gives, or is refused: roles x products x paths.
#
# One session of psql for each role and product walks all paths; between markers stands what each
# gave. Rows are compared as sorted lines. A path may be refused only if it says so below, or if plain
# SELECT is refused as well.
use strict;
use warnings;
use FindBin;
use lib "$FindBin::RealBin/../lib";
use Mesh ();
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

my $here = "$ENV{DATAMESH_ROOT}/test/security";
my @roles = qw(sales_team dana finance_team marketing_team mark twofold carol executives mallory postgres);
my @products = qw(people people_live plain);

# What makes plans parallel that need not be has another name since 16.
my $only_in_workers = 'force_parallel_mode';

# PORT and NAME stand for sales.people and people. "or": what a refusal says.
my @paths = (
	[ 'the port of the major version', 'SELECT * FROM PORT_v1' ],
	[ 'TABLE', 'TABLE PORT' ],
	[ 'whole rows', 'SELECT (p).* FROM PORT AS p' ],
	[ 'COPY', q{COPY (SELECT * FROM PORT) TO STDOUT (FORMAT csv, DELIMITER '|', NULL '~')} ],
	[ 'COPY of the view', q{COPY PORT TO STDOUT (FORMAT csv, DELIMITER '|', NULL '~')}, or => qr/cannot copy from view/ ],
	[ 'cursor', 'BEGIN; DECLARE c SCROLL CURSOR FOR SELECT * FROM PORT; FETCH ALL FROM c; ROLLBACK' ],
	[ 'cursor, backward', 'BEGIN; DECLARE c SCROLL CURSOR FOR SELECT * FROM PORT; MOVE ALL FROM c; FETCH BACKWARD ALL FROM c; ROLLBACK' ],
	[ 'cursor that outlives its transaction', 'BEGIN; DECLARE c CURSOR WITH HOLD FOR SELECT * FROM PORT; COMMIT; FETCH ALL FROM c; CLOSE c' ],
	[ 'prepared, custom plan', 'SET plan_cache_mode = force_custom_plan; PREPARE q AS SELECT * FROM PORT; EXECUTE q; DEALLOCATE q; RESET plan_cache_mode' ],
	[ 'prepared, generic plan', 'SET plan_cache_mode = force_generic_plan; PREPARE q AS SELECT * FROM PORT; EXECUTE q; DEALLOCATE q; RESET plan_cache_mode' ],
	[ 'CREATE TABLE AS', 'BEGIN; CREATE TEMP TABLE t AS SELECT * FROM PORT; SELECT * FROM t; ROLLBACK' ],
	[ 'SELECT INTO', 'BEGIN; SELECT * INTO TEMP t FROM PORT; SELECT * FROM t; ROLLBACK' ],
	[ 'INSERT SELECT RETURNING', 'BEGIN; CREATE TEMP TABLE t AS TABLE PORT WITH NO DATA; INSERT INTO t TABLE PORT RETURNING *; ROLLBACK' ],
	[ 'MERGE', 'BEGIN; CREATE TEMP TABLE t AS TABLE PORT WITH NO DATA; MERGE INTO t USING PORT AS p ON t.id = p.id WHEN NOT MATCHED THEN INSERT VALUES (p.*); SELECT * FROM t; ROLLBACK',
		or => qr/INSERT has more target columns|syntax error/ ],
	[ 'materialized view', 'BEGIN; CREATE MATERIALIZED VIEW playground.m AS TABLE PORT; TABLE playground.m; ROLLBACK' ],
	[ 'row_to_json', 'SELECT (json_populate_record(NULL::PORT, row_to_json(p))).* FROM PORT AS p' ],
	[ 'to_jsonb of all', 'SELECT r.* FROM (SELECT jsonb_agg(p) AS j FROM PORT AS p) AS a, LATERAL jsonb_populate_recordset(NULL::PORT, a.j) AS r' ],
	[ 'array_agg', 'SELECT (u).* FROM (SELECT unnest(array_agg(p)) AS u FROM PORT AS p) AS x' ],
	[ 'record as text and back', 'SELECT (p::text::PORT).* FROM PORT AS p' ],
	[ 'SQL function, inlined', 'BEGIN; CREATE FUNCTION playground.f() RETURNS SETOF PORT LANGUAGE sql STABLE AS $$ TABLE PORT $$; SELECT * FROM playground.f(); ROLLBACK' ],
	[ 'SQL function, not inlined', 'BEGIN; CREATE FUNCTION playground.f() RETURNS SETOF PORT LANGUAGE sql VOLATILE SET work_mem = 1024 AS $$ TABLE PORT $$; SELECT * FROM playground.f(); ROLLBACK' ],
	[ 'plpgsql function', 'BEGIN; CREATE FUNCTION playground.f() RETURNS SETOF PORT LANGUAGE plpgsql AS $$ BEGIN RETURN QUERY TABLE PORT; END $$; SELECT * FROM playground.f(); ROLLBACK' ],
	[ 'plpgsql, EXECUTE', q{BEGIN; CREATE FUNCTION playground.f() RETURNS SETOF PORT LANGUAGE plpgsql AS $$ BEGIN RETURN QUERY EXECUTE 'TABLE PORT'; END $$; SELECT * FROM playground.f(); ROLLBACK} ],
	[ 'plpgsql, loop', 'BEGIN; CREATE FUNCTION playground.f() RETURNS SETOF PORT LANGUAGE plpgsql AS $$ DECLARE r PORT; BEGIN FOR r IN TABLE PORT LOOP RETURN NEXT r; END LOOP; END $$; SELECT * FROM playground.f(); ROLLBACK' ],
	[ 'SECURITY DEFINER function', 'BEGIN; CREATE FUNCTION playground.f() RETURNS SETOF PORT LANGUAGE sql SECURITY DEFINER AS $$ TABLE PORT $$; SELECT * FROM playground.f(); ROLLBACK' ],
	[ 'trigger', 'BEGIN; CREATE TEMP TABLE t AS TABLE PORT WITH NO DATA; CREATE TEMP TABLE fired (i integer); CREATE FUNCTION playground.f() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN INSERT INTO t TABLE PORT; RETURN NULL; END $$; CREATE TRIGGER fire AFTER INSERT ON fired EXECUTE FUNCTION playground.f(); INSERT INTO fired VALUES (1); SELECT * FROM t; ROLLBACK' ],
	[ 'rule', 'BEGIN; CREATE TEMP TABLE t AS TABLE PORT WITH NO DATA; CREATE TEMP TABLE ruled (i integer); CREATE RULE r AS ON INSERT TO ruled DO ALSO INSERT INTO t TABLE PORT; INSERT INTO ruled VALUES (1); SELECT * FROM t; ROLLBACK' ],
	[ 'policy of a table of ones own', 'BEGIN; CREATE TEMP TABLE t AS TABLE PORT; ALTER TABLE t ENABLE ROW LEVEL SECURITY; ALTER TABLE t FORCE ROW LEVEL SECURITY; CREATE POLICY p ON t USING (EXISTS (SELECT FROM PORT AS p WHERE p.id = t.id AND p IS NOT DISTINCT FROM (t::text)::PORT)); SELECT * FROM t; ROLLBACK', unless => 'postgres' ],
	[ 'view over the port', 'BEGIN; CREATE VIEW playground.v AS TABLE PORT; TABLE playground.v; ROLLBACK' ],
	[ 'view with the rights of who asks', 'BEGIN; CREATE VIEW playground.v WITH (security_invoker) AS TABLE PORT; TABLE playground.v; ROLLBACK' ],
	[ 'view over a view', 'BEGIN; CREATE VIEW playground.v WITH (security_barrier) AS TABLE PORT; CREATE VIEW playground.w AS SELECT * FROM playground.v; TABLE playground.w; ROLLBACK' ],
	[ 'temporary view', 'BEGIN; CREATE TEMP VIEW v AS TABLE PORT; TABLE v; ROLLBACK' ],
	[ 'subquery', 'SELECT * FROM (SELECT * FROM PORT OFFSET 0) AS p' ],
	[ 'common table expression', 'WITH p AS MATERIALIZED (SELECT * FROM PORT) SELECT * FROM p' ],
	[ 'recursion', 'WITH RECURSIVE r AS (SELECT * FROM PORT UNION SELECT * FROM r WHERE id < 0) SELECT * FROM r' ],
	[ 'lateral, one row at a time', 'SELECT p.* FROM (SELECT id FROM PORT) AS i, LATERAL (SELECT * FROM PORT AS p WHERE p.id = i.id OFFSET 0) AS p' ],
	[ 'join with itself', 'SELECT a.* FROM PORT AS a JOIN PORT AS b ON a.id = b.id' ],
	[ 'semi-join', 'SELECT * FROM PORT WHERE id IN (SELECT id FROM PORT_v1)' ],
	[ 'anti-join', 'SELECT * FROM PORT AS p WHERE NOT EXISTS (SELECT FROM PORT AS o WHERE o.id = -p.id)' ],
	[ 'full join', 'SELECT a.* FROM PORT AS a FULL JOIN PORT AS b ON a.id = b.id' ],
	[ 'set operations', 'SELECT * FROM PORT INTERSECT SELECT * FROM PORT_v1' ],
	[ 'DISTINCT and ORDER BY', 'SELECT DISTINCT * FROM PORT ORDER BY 2 DESC, 1' ],
	[ 'GROUP BY', 'SELECT (max(p::text)::PORT).* FROM PORT AS p GROUP BY id' ],
	[ 'grouping sets', 'SELECT (max(p::text)::PORT).* FROM PORT AS p GROUP BY GROUPING SETS ((id))' ],
	[ 'window', 'SELECT (w).* FROM (SELECT first_value(p) OVER (PARTITION BY id) AS w FROM PORT AS p) AS x' ],
	[ 'column by column', 'SELECT (x).* FROM (SELECT ROW(p.*)::PORT AS x FROM PORT AS p) AS y' ],
	[ 'a filter by id', 'SELECT * FROM PORT WHERE id >= 0' ],
	[ 'parallel', 'BEGIN; SET LOCAL WORKERS = on; SET LOCAL parallel_setup_cost = 0; SET LOCAL parallel_tuple_cost = 0; SET LOCAL min_parallel_table_scan_size = 0; SELECT * FROM PORT; ROLLBACK' ],
	[ 'compiled', 'BEGIN; SET LOCAL jit = on; SET LOCAL jit_above_cost = 0; SET LOCAL jit_inline_above_cost = 0; SET LOCAL jit_optimize_above_cost = 0; SELECT * FROM PORT; ROLLBACK' ],
	[ 'index only', 'BEGIN; SET LOCAL enable_seqscan = off; SET LOCAL enable_bitmapscan = off; SELECT * FROM PORT WHERE id > -1; ROLLBACK' ],
	[ 'without pruning', 'BEGIN; SET LOCAL enable_partition_pruning = off; SET LOCAL enable_partitionwise_join = on; SET LOCAL constraint_exclusion = off; SELECT * FROM PORT; ROLLBACK' ],
	[ 'repeatable read', 'BEGIN ISOLATION LEVEL REPEATABLE READ; SELECT * FROM PORT; COMMIT' ],
	[ 'serializable, read only', 'BEGIN ISOLATION LEVEL SERIALIZABLE READ ONLY; SELECT * FROM PORT; COMMIT' ],
	[ 'without row security', 'BEGIN; SET LOCAL row_security = off; SELECT * FROM PORT; ROLLBACK', or => qr/would be affected by row-level security/ ],
	[ 'other search_path', 'BEGIN; SET LOCAL search_path = playground, pg_temp, pg_catalog; SELECT * FROM PORT; ROLLBACK' ],
	[ 'as of now', 'SELECT * FROM datamesh.as_of(NULL::PORT, now())', or => qr/is live and keeps no releases/ ],
	[ 'its release', q{SELECT a.* FROM (SELECT release FROM datamesh.releases WHERE product = 'PORT' AND is_current) AS r, LATERAL datamesh.at_release(NULL::PORT, r.release) AS a}, or => qr/is live and keeps no releases/ ],
	[ 'table_to_xml', xml('PORT', q{table_to_xml('PORT', false, false, '')}) ],
	[ 'query_to_xml', xml('PORT', q{query_to_xml('TABLE PORT', false, false, '')}) ],
	[ 'the partitions', q{SELECT format('SELECT ATTRIBUTES FROM %s', i.inhrelid::regclass) FROM pg_inherits AS i WHERE i.inhparent = (SELECT c.oid FROM pg_class AS c WHERE c.relname = 'NAME_v1' AND c.relkind = 'p') \gexec}, or => qr/permission denied|^$/, unless => 'postgres' ],
	[ 'the source', 'SELECT ATTRIBUTES FROM sales_internal.SOURCE', or => qr/permission denied/, unless => 'sales_team twofold postgres' ]);

# XML names the columns; absent ones are null. xmltable turns it into rows.
sub xml
{
	my ($port, $call) = @_;
	return "SELECT x.* FROM (SELECT $call AS d) AS t, LATERAL XMLTABLE('//row' PASSING t.d COLUMNS TYPES) AS x";
}

my %columns = (
	people => 'id integer, name text, email text, card text, phone text, salary numeric, born date, pin text, nick text, bonus integer, city text, region text',
	plain => 'id integer, label text, even boolean');
$columns{people_live} = $columns{people};

sub script
{
	my ($product) = @_;
	my $names = join ', ', map { (split)[0] } split /, /, $columns{$product};
	my $text = "\\pset null ~\n\\set VERBOSITY terse\n\\set SHOW_CONTEXT never\nSET client_min_messages = error;\n\\echo == plain\nSELECT * FROM sales.$product;\n";
	foreach my $path (@paths)
	{
		my ($name, $sql) = @$path;
		$sql =~ s/\bWORKERS\b/$only_in_workers/g;
		$sql =~ s/PORT/sales.$product/g;
		$sql =~ s/NAME/$product/g;
		$sql =~ s/\bTYPES\b/$columns{$product}/g;
		$sql =~ s/\bATTRIBUTES\b/$names/g;
		my $source = $product =~ s/_live$//r;
		$sql =~ s/SOURCE/$source/g;
		$sql .= ';' if $sql !~ /\\gexec$/;
		$text .= "\\echo == $name\n$sql\nROLLBACK;\nDEALLOCATE ALL;\n";
	}
	return $text;
}

# What a role gets on each path: name => { rows => sorted lines, error => text }.
sub answers
{
	my ($node, $role, $product) = @_;
	my ($out, $err);
	my %answer;
	my $name;

	IPC::Run::run([ 'sh', '-c', 'exec "$@" 2>&1', '-', 'psql', '-XAtq', '-F', '|', '-d', $node->connstr('mesh') . " user=$role", '-f', '-' ],
		'<', \script($product), '>', \$out);
	foreach my $line (split /\n/, $out)
	{
		if ($line =~ /^== (.*)$/) { $name = $1; $answer{$name} = { rows => [], error => '' } }
		elsif ($line =~ /^(psql:|ERROR|DETAIL|HINT|CONTEXT|LINE|WARNING|\s*\^)/) { $answer{$name}{error} .= "$line\n" if $line !~ /WARNING|no transaction in progress/ }
		else { push @{ $answer{$name}{rows} }, $line }
	}
	$_->{rows} = join "\n", sort @{ $_->{rows} } foreach values %answer;
	return \%answer;
}

sub compare
{
	my ($role, $product, $answers) = @_;
	my $plain = $answers->{plain};
	my @wrong;

	foreach my $path (@paths)
	{
		my ($name, $sql, %may) = @$path;
		my $got = $answers->{$name};
		my $free = defined $may{unless} && " $may{unless} " =~ / $role /;

		next if $free;
		if (!defined $got) { push @wrong, "$name: the session ended" }
		elsif ($plain->{error} ne '') { push @wrong, "$name: rows where SELECT is refused:\n" . head($got->{rows}) if $got->{rows} ne '' }
		elsif ($got->{error} ne '')
		{
			push @wrong, "$name: $got->{error}" if !defined $may{or} || $got->{error} !~ $may{or};
			push @wrong, "$name: rows before the refusal:\n" . head($got->{rows}) if $got->{rows} ne '';
		}
		elsif ($got->{rows} ne $plain->{rows} && !(defined $may{or} && $got->{rows} eq '' && '' =~ $may{or}))
		{
			push @wrong, "$name: not what SELECT gives:\n" . head($got->{rows}) . "\ninstead of\n" . head($plain->{rows});
		}
	}
	ok(!@wrong, "$role reads sales.$product alike on all paths") or diag(join "\n", @wrong);
}

sub head { my @lines = split /\n/, $_[0]; splice(@lines, 3) if @lines > 3; return join "\n", @lines }

my $node = Mesh::cluster('differential');
$node->append_conf('postgresql.conf', "fsync = off\nautovacuum = off\nmax_parallel_workers_per_gather = 2");
$node->start;
$node->safe_psql('postgres', 'CREATE DATABASE mesh');
my ($rc, $out, $err) = $node->psql('mesh', slurp_file("$here/mesh.sql"), on_error_stop => 1);
is($rc, 0, 'the mesh stands') or BAIL_OUT($err);
my %seen;
$only_in_workers = 'debug_parallel_query' if $node->pg_version >= 16;
foreach my $role (@roles)
{
	foreach my $product (@products)
	{
		my $answers = answers($node, $role, $product);
		$seen{$product}{ $answers->{plain}{rows} } = 1;
		compare($role, $product, $answers);
	}
}
# The matrix can tell roles apart, else it would compare nothing with nothing.
ok(keys %{ $seen{people} } >= 4, 'roles see different things') or diag(scalar keys %{ $seen{people} });
done_testing();
