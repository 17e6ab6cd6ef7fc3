# The guard of DDL is never in the way of a restore, of pg_upgrade or of DROP EXTENSION, and is there again
# after them. What is dumped here is what a restore stumbles over most easily: a live product whose source has
# row level security, indexes on releases, grants to consumers who are known by name only.
use strict;
use warnings;
use FindBin;
use lib "$FindBin::RealBin/../lib";
use Mesh;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

my $dir = PostgreSQL::Test::Utils::tempdir;

sub contract
{
	my ($product, $mode, $indexes) = @_;
	return <<"END";
CALL datamesh.load_contract(\$doc\$
apiVersion: v3.1.0
kind: DataContract
id: $product
status: active
version: 1.0.0
domain: sales
dataProduct: $product
roles: [{role: executive, access: read}, {role: marketing, access: read}]
customProperties: [{property: datamesh.mode, value: $mode}$indexes]
servers: [{server: s, type: postgres, host: h, port: 5432, database: d, schema: sales_internal}]
schema:
- name: $product
  physicalName: $product
  properties: [{name: id, logicalType: integer, required: true}]
\$doc\$);
END
}

my @forbidden = (
	[ 'DROP VIEW sales.orders' => qr/it is a port of data product "sales\.orders"/ ],
	[ 'DROP TABLE sales_internal.live CASCADE' => qr/live data product "sales\.live" reads it/ ],
	[ 'CREATE TABLE sales.x (id integer)' => qr/only datamesh puts relations into schema "sales"/ ],
	[ 'GRANT SELECT ON sales.orders TO stranger' => qr/no contract allows it/ ],
	[ 'GRANT SELECT ON sales_internal.orders TO marketing_team' => qr/it is internal to domain "sales"/ ]);

sub guarded
{
	my ($node, $db, $when) = @_;
	like(error_of($node, $db, $_->[0]), $_->[1], "$when: $_->[0] is refused") for @forbidden;
	is(error_of($node, $db, 'GRANT SELECT ON sales.orders TO marketing_team'), '', "$when: a reader of the contract may be granted");
	is($node->safe_psql($db, 'SET ROLE marketing_team; SELECT count(*) FROM sales.orders'), '2', "$when: the port is read");
	is($node->safe_psql($db, 'SET ROLE executive; SELECT count(*) FROM sales.live'), '2', "$when: the live port too");
}

my $a = node('a');
$a->safe_psql('postgres', 'CREATE DATABASE mesh');
$a->safe_psql('mesh', <<'END' . contract('orders', 'snapshot', ', {property: datamesh.indexes, value: [[id]]}') . contract('live', 'live', ''));
CREATE EXTENSION datamesh CASCADE;
CREATE ROLE sales_team;
CREATE ROLE marketing_team;
CREATE ROLE executive;
CREATE ROLE stranger;
CALL datamesh.create_domain('sales', 'sales_team');
CALL datamesh.create_domain('marketing', 'marketing_team');
CALL datamesh.create_consumer('executive', 'executive');
SET ROLE sales_team;
CREATE TABLE sales_internal.orders (id integer PRIMARY KEY);
CREATE TABLE sales_internal.live (id integer PRIMARY KEY);
INSERT INTO sales_internal.orders VALUES (1), (2);
INSERT INTO sales_internal.live VALUES (1), (2);
ALTER TABLE sales_internal.live ENABLE ROW LEVEL SECURITY;
CREATE POLICY everybody ON sales_internal.live USING (true);
CREATE RULE quiet AS ON DELETE TO sales_internal.live DO ALSO NOTHING;
CREATE MATERIALIZED VIEW sales_internal.kept AS SELECT count(*) FROM sales_internal.orders;
END
$a->safe_psql('mesh', "CALL datamesh.publish('sales.$_')") for qw(orders orders live);
guarded($a, 'mesh', 'before the dump');

$a->command_ok([ 'pg_dump', '-d', $a->connstr('mesh'), '-f', "$dir/mesh.sql" ], 'pg_dump, plain');
$a->command_ok([ 'pg_dump', '-Fc', '-d', $a->connstr('mesh'), '-f', "$dir/mesh.custom" ], 'pg_dump, custom format');

# an empty cluster, whose roles have other OIDs
my $b = node('b');
carry_roles($a, $b, $dir);
carry_database($b, 'mesh', "$dir/mesh.sql");
guarded($b, 'mesh', 'after psql');
is($b->safe_psql('mesh', 'SELECT count(*) FROM datamesh.verify_event_log()'), '0', 'the event log verifies');
$b->safe_psql('mesh', "CALL datamesh.publish('sales.orders')");

# pg_restore, in one session and in one transaction
$b->safe_psql('postgres', "CREATE DATABASE $_") for qw(custom single parts);
$b->command_ok([ 'pg_restore', '--exit-on-error', '-d', $b->connstr('custom'), "$dir/mesh.custom" ], 'pg_restore');
guarded($b, 'custom', 'after pg_restore');
$b->command_ok([ 'pg_restore', '--single-transaction', '-d', $b->connstr('single'), "$dir/mesh.custom" ], 'pg_restore in one transaction');
guarded($b, 'single', 'after one transaction');

# in parts, the superuser breaks the glass for what comes after the data
$b->command_ok([ 'pg_restore', '--exit-on-error', "--section=$_", '-d', $b->connstr('parts'), "$dir/mesh.custom" ], $_) for qw(pre-data data);
{
	local $ENV{PGOPTIONS} = '-c datamesh.break_glass=on';
	$b->command_ok([ 'pg_restore', '--exit-on-error', '--section=post-data', '-d', $b->connstr('parts'), "$dir/mesh.custom" ], 'post-data');
}
guarded($b, 'parts', 'after a restore in parts');

# pg_upgrade runs the server in a mode of its own
$b->stop;
system_or_bail('pg_ctl', '-w', '-s', '-D', $b->data_dir, '-l', $b->logfile, '-o', '-b', 'start');
is(error_of($b, 'single', 'DROP VIEW sales.orders; ALTER TABLE sales_internal.live DROP COLUMN id CASCADE'),
	"psql:<stdin>:1: NOTICE:  drop cascades to 2 other objects", 'in binary upgrade mode nothing is refused');
system_or_bail('pg_ctl', '-w', '-s', '-D', $b->data_dir, '-m', 'fast', 'stop');

# preloaded, or disabled by a superuser, and dropped
$b->append_conf('postgresql.conf', "shared_preload_libraries = 'datamesh'");
$b->start;
guarded($b, 'mesh', 'preloaded');
$b->safe_psql('mesh', 'DROP EXTENSION datamesh CASCADE');
is($b->safe_psql('mesh', 'SELECT count(*) FROM sales_internal.orders'), '2', 'DROP EXTENSION leaves the sources');
is($b->safe_psql('mesh', 'SELECT count(*) FROM pg_event_trigger'), '0', 'and no trigger');
is(error_of($b, 'mesh', 'CREATE TABLE sales.x (id integer); DROP SCHEMA sales, sales_releases, sales_internal CASCADE'),
	"psql:<stdin>:1: NOTICE:  drop cascades to 5 other objects", 'what was guarded is guarded no more');
is(error_of($b, 'mesh', q{CREATE EXTENSION datamesh; CALL datamesh.create_domain('fresh', 'sales_team')}), '', 'and the extension comes back');
like(error_of($b, 'mesh', 'CREATE TABLE fresh.x (id integer)'), qr/only datamesh puts/, 'with its guard');

$a->stop;
$b->stop;
done_testing();
