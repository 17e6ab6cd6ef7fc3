# Every way that pg_dump and pg_restore offer to carry a mesh gives back one that works: several jobs, which
# copy the rows of the catalog in any order and over many sessions, the schema and the rows apart, INSERT
# statements, a dump of what was restored, and the same dump once more over a mesh that is there. What must
# not come of it is that somebody gets past the guard or the foreign keys of a mesh that is at work.
use strict;
use warnings;
use FindBin;
use lib "$FindBin::RealBin/../lib";
use Mesh ();
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

my $dir = PostgreSQL::Test::Utils::tempdir;
my $node = Mesh::cluster('mesh');
$node->append_conf('postgresql.conf', "fsync = off\nautovacuum = off");
$node->start;

# An error of a statement, or nothing.
sub error_of
{
	my ($db, $sql) = @_;
	my ($rc, $out, $err) = $node->psql($db, $sql, extra_params => [ '-v', 'VERBOSITY=terse' ]);
	return $err;
}

sub contract
{
	my ($product, $version, $mode, $more) = @_;
	return <<"END";
CALL datamesh.load_contract(\$doc\$
apiVersion: v3.1.0
kind: DataContract
id: $product
status: active
version: $version
domain: sales
dataProduct: $product
roles: [{role: executive, access: read}, {role: marketing, access: read}]
slaProperties: [{property: ly, value: 4, unit: h}]
customProperties: [{property: datamesh.mode, value: $mode}, {property: datamesh.dependencies, value: [sales.orders]}$more]
servers: [{server: s, type: postgres, host: h, port: 5432, database: d, schema: sales_internal}]
schema:
- name: $product
  physicalName: $product
  properties:
  - {name: id, logicalType: integer, required: true, unique: true}
  - {name: who, logicalType: string, classification: restricted, customProperties: [{property: datamesh.mask, value: redact}]}
\$doc\$);
END
}

$node->safe_psql('postgres', 'CREATE DATABASE mesh');
$node->safe_psql('mesh', <<'END' . contract('orders', '1.0.0', 'snapshot', ', {property: datamesh.indexes, value: [[id]]}') . contract('current', '1.0.0', 'live', ''));
CREATE EXTENSION datamesh CASCADE;
CREATE ROLE sales_team LOGIN;
CREATE ROLE marketing_team;
CREATE ROLE executive;
CREATE ROLE analyst LOGIN;
CREATE ROLE council;
CALL datamesh.create_domain('sales', 'sales_team');
CALL datamesh.create_domain('marketing', 'marketing_team');
CALL datamesh.create_consumer('executive', 'executive');
CALL datamesh.add_council_member('council');
CALL datamesh.set_policy('quality.freshness', parameters => '{"freshness_sla_hours": 12}');
SET ROLE sales_team;
CREATE TABLE sales_internal.orders AS SELECT i AS id, 'name ' || i AS who FROM generate_series(1, 20) AS i;
CREATE TABLE sales_internal.current AS TABLE sales_internal.orders;
END
$node->safe_psql('mesh', "CALL datamesh.publish('sales.$_')") for qw(orders orders current);
$node->safe_psql('mesh', contract('orders', '1.1.0', 'snapshot', ', {property: datamesh.indexes, value: [[id]]}'));
$node->safe_psql('mesh', q{CALL datamesh.publish('sales.orders')});
$node->safe_psql('mesh', q{SET ROLE analyst; CALL datamesh.request_access('sales.orders', purpose => 'A study.')});
$node->safe_psql('mesh', q{SET ROLE marketing_team; CALL datamesh.open_dispute('sales.orders', 'Who counts?', 'We do.')});

# All rows that a dump carries.
my $tables = $node->safe_psql('mesh', <<'END');
SELECT string_agg(format('SELECT %L || to_jsonb(t)::text AS line FROM %s AS t', relname, oid::regclass), ' UNION ALL ' ORDER BY relname)
FROM pg_class WHERE relkind = 'r' AND oid IN (SELECT unnest(extconfig) FROM pg_extension WHERE extname = 'datamesh')
END
my $everything = "SELECT string_agg(line, E'\\n' ORDER BY line COLLATE \"C\") FROM ($tables) AS x";
my $sequences = q{SELECT string_agg(sequencename || ' ' || coalesce(last_value::text, '-'), ', ' ORDER BY sequencename) FROM pg_sequences WHERE schemaname = 'datamesh'};
my $before = $node->safe_psql('mesh', $everything);
my $numbers = $node->safe_psql('mesh', $sequences);

# How every script of pg_dump begins, and a row that refers to nothing.
my $as_restore = q{SET check_function_bodies = off; SELECT pg_catalog.set_config('search_path', '', false);};
my $orphan = q{INSERT INTO datamesh.contract_sla (contract_id, position, property, definition) VALUES (0, 0, 'x', '{}')};

# What is there after any way of restoring.
sub whole
{
	my ($db, $how) = @_;
	is($node->safe_psql($db, $everything), $before, "$how: every row is there");
	is($node->safe_psql($db, $sequences), $numbers, "$how: and the sequences stand where they stood");
	is($node->safe_psql($db, 'SELECT * FROM datamesh.verify_event_log()'), '', "$how: the event log verifies");
	is($node->safe_psql($db, 'SELECT * FROM datamesh.verify_catalog()'), '', "$how: the foreign keys hold");
}

# The mesh goes on, and is guarded from its first act on.
sub works
{
	my ($db, $how) = @_;
	is($node->safe_psql($db, "SET ROLE executive; SELECT count(*), count(DISTINCT who) FROM sales.$_"), '20|1',
		"$how: a consumer reads sales.$_ masked") for qw(orders current);
	isnt(error_of($db, 'SET ROLE analyst; TABLE sales.orders'), '', "$how: who was not granted does not");
	is($node->safe_psql($db, q{SET ROLE sales_team; CALL datamesh.publish('sales.orders'); SELECT is_current FROM datamesh.releases ORDER BY release DESC LIMIT 1}),
		't', "$how: publishing goes on");
	like(error_of($db, 'DROP TABLE sales_internal.current CASCADE'), qr/live data product "sales\.current" reads it/, "$how: DDL is guarded");
	like(error_of($db, "$as_restore DROP TABLE sales_internal.current CASCADE"),
		qr/live data product "sales\.current" reads it/, "$how: from a session that looks like a restore as well");
	like(error_of($db, "$as_restore $orphan"),
		qr/violates foreign key constraint/, "$how: and the foreign keys are checked");
	is($node->safe_psql($db, 'SELECT * FROM datamesh.verify_event_log()'), '', "$how: the event log goes on");
}

sub dump_of
{
	my ($db, $name, @options) = @_;
	$node->command_ok([ 'pg_dump', @options, '-f', "$dir/$name", '-d', $node->connstr($db) ], "pg_dump $name");
}

sub restored
{
	my ($db, $how, @commands) = @_;
	$node->safe_psql('postgres', "CREATE DATABASE $db");
	$node->command_ok([ @$_ ], "$how: $_->[0]") for @commands;
	whole($db, $how);
}

my @psql = ('psql', '-X', '-q', '-v', 'ON_ERROR_STOP=1');
sub by_psql { my ($db, $name) = @_; return [ @psql, '-d', $node->connstr($db), '-f', "$dir/$name" ]; }
sub by_pg_restore { my ($db, $name, @options) = @_; return [ 'pg_restore', '--exit-on-error', @options, '-d', $node->connstr($db), "$dir/$name" ]; }

dump_of('mesh', 'folder', '-Fd', '-j', '3');
dump_of('mesh', 'plain.sql');
dump_of('mesh', 'inserts.sql', '--inserts');
dump_of('mesh', 'schema.sql', '--schema-only');
dump_of('mesh', 'rows.sql', '--data-only');

for my $jobs (2, 4)
{
	restored("jobs$jobs", "$jobs jobs", by_pg_restore("jobs$jobs", 'folder', "--jobs=$jobs"));
}
works('jobs4', '4 jobs');
restored('parts', 'in parts', map { by_pg_restore('parts', 'folder', '--jobs=4', "--section=$_") } qw(pre-data data post-data));
works('parts', 'in parts');
restored('apart', 'schema and rows apart', by_psql('apart', 'schema.sql'), by_psql('apart', 'rows.sql'));
works('apart', 'schema and rows apart');
restored('inserts', 'INSERT statements', by_psql('inserts', 'inserts.sql'));
works('inserts', 'INSERT statements');
restored('one', 'one transaction', by_pg_restore('one', 'folder', '--single-transaction'));

# A restore over a restore, which replaces everything.
$node->command_ok([ 'pg_restore', '--clean', '--if-exists', '--exit-on-error', '--jobs=4', '-d', $node->connstr('jobs2'), "$dir/folder" ],
	'the mesh is replaced by its dump');
whole('jobs2', 'replaced');
works('jobs2', 'replaced');

# The same dump once more: it stops at the first thing that is there, and nothing has changed.
restored('twice', 'plain', by_psql('twice', 'plain.sql'));
$node->command_fails(by_psql('twice', 'plain.sql'), 'the same dump once more is refused');
whole('twice', 'refused');
works('twice', 'refused');

# A dump of a restored mesh is that of the first.
dump_of("one", "again.sql");
my ($first, $second) = map { my $s = slurp_file("$dir/$_.sql"); $s =~ s/^--.*$//mg; $s =~ s/^\\(un)?restrict .*$//mg; $s } qw(plain again);
is($second, $first, 'what was restored is dumped as it was');

# Without owners nobody owns the domains: they stand still until the platform says whose they are.
restored('free', 'no owner', by_pg_restore('free', 'folder', '--no-owner', '--jobs=4'));
like(error_of('free', q{SET ROLE sales_team; CALL datamesh.publish('sales.orders')}), qr/belongs to another role/, 'no owner: the team owns nothing');

# With the hooks of a preloaded library: jobs truncate each table before they copy its rows.
$node->append_conf('postgresql.conf', "shared_preload_libraries = 'datamesh'");
$node->restart;
restored('preloaded', 'preloaded', by_pg_restore('preloaded', 'folder', '--jobs=4'));
works('preloaded', 'preloaded');

# Only what looks like a restore is taken for one.
$node->safe_psql('postgres', 'CREATE DATABASE young');
$node->safe_psql('young', 'CREATE EXTENSION datamesh CASCADE; GRANT ALL ON SCHEMA datamesh TO analyst; GRANT ALL ON ALL TABLES IN SCHEMA datamesh TO analyst');
like(error_of('young', $orphan), qr/violates foreign key constraint/, 'the foreign keys are checked in an empty mesh');
my ($rc, $out, $err) = $node->psql('young', "$as_restore $orphan", connstr => $node->connstr('young') . ' user=analyst');
like($err, qr/violates foreign key constraint/, 'a dump that somebody without the right to restore one plays in is checked');
like(error_of('young', "SET search_path = 'public'; SET check_function_bodies = off; $orphan"), qr/violates foreign key constraint/,
	'and so is what a superuser does with a search_path');
is($node->safe_psql('young', "$as_restore BEGIN; $orphan; SHOW session_replication_role; COMMIT"), "\norigin",
	'a restore gets past them, for one statement');
is($node->safe_psql('young', 'SELECT * FROM datamesh.verify_catalog()'), 'datamesh.contract_sla|contract_sla_contract_id_fkey|1',
	'what refers to nothing is found');

$node->stop;
done_testing();
