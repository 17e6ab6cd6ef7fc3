# A dump carries the mesh. What pg_dumpall --globals-only and pg_dump write makes, in another cluster
# where every role has another OID, a mesh that works: the same rows, an event log that verifies and goes
# on, teams that own their domains. What must not come along is a right for whoever happens
# to have a name or an OID that somebody had.
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
	my ($domain, $product, $version) = @_;
	return <<"END";
CALL datamesh.load_contract(\$doc\$
apiVersion: v3.1.0
kind: DataContract
id: x
status: active
version: $version
domain: $domain
dataProduct: $product
description: {purpose: "It's \\"quoted\\"."}
roles: [{role: executive, access: read}]
slaProperties: [{property: ly, value: 4, unit: h}]
customProperties: [{property: datamesh.retention, value: 7}]
schema:
- name: $product
  physicalName: t
  properties: [{name: id, logicalType: integer, required: true}]
\$doc\$);
END
}

my $verify = 'SELECT count(*) FROM datamesh.verify_event_log()';
my $everything = <<'END';
SELECT string_agg(t, E'\n' ORDER BY t) FROM (
  SELECT d::text AS t FROM datamesh.domains d UNION ALL SELECT c::text FROM datamesh.consumers c
  UNION ALL SELECT p::text FROM datamesh.products p UNION ALL SELECT c::text FROM datamesh.contracts c
  UNION ALL SELECT c::text FROM datamesh.contract_columns c UNION ALL SELECT e::text FROM datamesh.events e
  UNION ALL SELECT datamesh.contract_yaml(c.product, c.version::text) FROM datamesh.contracts c) AS x
END

my $a = node('a');
$a->safe_psql('postgres', 'CREATE DATABASE mesh');
$a->safe_psql('mesh', <<'END' . contract('sales', 'orders', '1.0.0') . contract('sales', 'orders', '1.1.0'));
CREATE EXTENSION datamesh CASCADE;
CREATE ROLE "Sales Team";
CREATE ROLE ops_team;
CREATE ROLE executive;
CALL datamesh.create_domain('sales', 'Sales Team', 'Sells.');
CALL datamesh.create_domain('Odd "name"', 'ops_team');
CALL datamesh.create_consumer('executive', 'executive', 'Directors.');
CREATE SCHEMA sales_raw AUTHORIZATION "Sales Team";
CALL datamesh.add_internal_schema('sales', 'sales_raw');
SET ROLE "Sales Team";
CREATE TABLE sales_internal.t (id int);
INSERT INTO sales_internal.t SELECT generate_series(1, 10);
END
# In a session of its own: a publish commits as it goes.
$a->safe_psql('mesh', q{CALL datamesh.publish('sales.orders', '1.0.0')});
$a->safe_psql('mesh', q{INSERT INTO sales_internal.t VALUES (11)});
$a->safe_psql('mesh', q{CALL datamesh.publish('sales.orders', '1.0.0')});
is($a->safe_psql('mesh', 'SET ROLE executive; SELECT count(*) FROM sales.orders'), '11', 'a consumer reads the port');
my $before = $a->safe_psql('mesh', $everything);
is($a->safe_psql('mesh', $verify), '0', 'the event log verifies before the dump');

$a->command_ok([ 'pg_dump', '-d', $a->connstr('mesh'), '-f', "$dir/mesh.sql" ], 'pg_dump, plain');
$a->command_ok([ 'pg_dump', '-Fc', '-d', $a->connstr('mesh'), '-f', "$dir/mesh.custom" ], 'pg_dump, custom format');

# The other cluster has had roles before, so that the OIDs of A mean others here, or nobody.
my $b = node('b');
carry_roles($a, $b, $dir);
carry_database($b, 'mesh', "$dir/mesh.sql");

is($b->safe_psql('mesh', $everything), $before, 'every row and document is the same');
is($b->safe_psql('mesh', $verify), '0', 'the event log verifies');
isnt($b->safe_psql('mesh', q{SELECT oid FROM pg_roles WHERE rolname = 'Sales Team'}),
	$b->safe_psql('mesh', q{SELECT owner_oid FROM datamesh.domain WHERE domain_name = 'sales'}),
	'the OID that was recorded is not the role\'s here');

# Consumers read what they read before, the team publishes, releases go on.
is($b->safe_psql('mesh', 'SET ROLE executive; SELECT count(*) FROM sales.orders_v1'), '11', 'a consumer reads the port as before');
like(error_of($b, 'mesh', 'SET ROLE ops_team; SELECT count(*) FROM sales.orders'), qr/permission denied/, 'and nobody else');
like(error_of($b, 'mesh', 'SET ROLE executive; SELECT count(*) FROM sales_internal.t'), qr/permission denied/, 'nor any other way');
$b->safe_psql('mesh', q{INSERT INTO sales_internal.t VALUES (12)});
$b->safe_psql('mesh', q{SET ROLE "Sales Team"; CALL datamesh.publish('sales.orders', '1.0.0')});
is($b->safe_psql('mesh', 'SET ROLE executive; SELECT count(*) FROM sales.orders'), '12', 'the team publishes');
$b->safe_psql('mesh', q{SET ROLE "Sales Team"; CALL datamesh.rollback('sales.orders', 1)});
is($b->safe_psql('mesh', 'SET ROLE executive; SELECT count(*) FROM sales.orders'), '10', 'and goes back to a release made before the dump');

# It works: the team loads, the numbers go on, the log goes on.
$b->safe_psql('mesh', 'SET ROLE "Sales Team";' . contract('sales', 'orders', '2.0.0') . contract('sales', 'more', '1.0.0'));
is($b->safe_psql('mesh', $verify), '0', 'and goes on');
is($b->safe_psql('mesh', 'SELECT count(*) - count(DISTINCT event_id), max(event_id) - count(*) FROM datamesh.events'),
	'0|0', 'without a gap');
is($b->safe_psql('mesh', q{SELECT newest_version FROM datamesh.products WHERE product = 'sales.orders'}),
	'2.0.0', 'a contract can be loaded');
like(error_of($b, 'mesh', q{UPDATE datamesh.event_log SET actor = 'x'}), qr/append-only/, 'its guard is on');
is($b->safe_psql('mesh', q{SELECT string_agg(tgenabled::text, '') FROM pg_trigger WHERE tgname = 'event_log_guard'}),
	'AA', 'always');
like(error_of($b, 'mesh', q{SET ROLE ops_team;} . contract('sales', 'orders', '3.0.0')),
	qr/permission denied for domain "sales"/, 'another team is refused as before');
like(error_of($b, 'mesh', q{CALL datamesh.create_domain('Odd "name"', 'ops_team')}),
	qr/already exists, nothing to do/, 'making a domain again is still nothing');
$b->safe_psql('mesh', q{CALL datamesh.create_domain('fresh', 'ops_team')});
like(error_of($b, 'mesh', q{CALL datamesh.create_consumer('executive', 'executive')}),
	qr/already exists, nothing to do/, 'the consumer is its role here');

# Who listens is told, with a hash that the log can be held against later.
my $heard = $b->safe_psql('mesh',
	q{LISTEN datamesh; CALL datamesh.create_domain('fresh', 'ops_team', 'It''s "new".'); SELECT 1});
like($heard, qr/notification "datamesh" with payload "\{"event": \d+, "kind": "domain_described", "hash": "[0-9a-f]{64}"\}"/,
	'an event is announced');
my ($event, $hash) = $heard =~ /"event": (\d+),.*"hash": "([0-9a-f]{64})"/;
is($b->safe_psql('mesh', "SELECT count(*) FROM datamesh.verify_event_log($event, '\\x$hash')"), '0', 'with its hash');

# A role that goes and comes again under its name is somebody else.
$b->safe_psql('mesh', 'DROP OWNED BY executive; DROP ROLE executive; CREATE ROLE executive');
is(error_of($b, 'mesh', q{CALL datamesh.create_consumer('executive', 'executive')}),
	'', 'a role made again under the name was not the consumer until the platform said so');
$b->safe_psql('mesh', q{REASSIGN OWNED BY ops_team TO decoy1; DROP OWNED BY ops_team; DROP ROLE ops_team; CREATE ROLE ops_team});
like(error_of($b, 'mesh', q{SET ROLE ops_team; CALL datamesh.add_internal_schema('fresh', 'fresh_internal')}),
	qr/belongs to another role/, 'nor does it get the domain');
like(error_of($b, 'mesh', q{SET ROLE decoy1; CALL datamesh.add_internal_schema('fresh', 'fresh_internal')}),
	qr/belongs to another role/, 'nor the role that was given the schema, until the platform says so');
$b->safe_psql('mesh', q{CALL datamesh.set_domain_owner('fresh', 'decoy1')});
like(error_of($b, 'mesh', q{SET ROLE decoy1; CALL datamesh.add_internal_schema('fresh', 'fresh_internal')}),
	qr/registered already/, 'now it does');

# Into another database of the same cluster, from the custom format.
$a->safe_psql('postgres', 'CREATE DATABASE copy');
$a->command_ok([ 'pg_restore', '--exit-on-error', '-d', $a->connstr('copy'), "$dir/mesh.custom" ],
	'pg_restore of the custom format');
is($a->safe_psql('copy', $everything), $before, 'is the same too');
is($a->safe_psql('copy', $verify), '0', 'and verifies');
# The two databases share their port roles; a third that makes a domain of this name gets its own.
$a->safe_psql('postgres', 'CREATE DATABASE third');
$a->safe_psql('third', q{CREATE EXTENSION datamesh CASCADE; CALL datamesh.create_domain('sales', 'Sales Team')});
is($a->safe_psql('third', 'SELECT port_role FROM datamesh.domains'), 'sales_port_2', 'a port role is never shared by accident');

like(error_of($a, 'third', q{CALL datamesh.drop_domain('sales')}), qr/left to its owner/, 'and goes with its domain');
$a->safe_psql('third', 'DROP SCHEMA sales_internal');
is($a->safe_psql('third', q{SELECT count(*) FROM pg_roles WHERE rolname LIKE 'sales_port%'}), '1', 'alone');
like(error_of($a, 'copy', q{BEGIN; CALL datamesh.drop_domain('Odd "name"'); ROLLBACK}),
	qr/role "Odd "name"_port" is kept, another database uses it/, 'a port role that two databases share stays with the other');

# What is dumped after a restore is what was dumped before it.
$a->command_ok([ 'pg_dump', '-d', $a->connstr('copy'), '-f', "$dir/copy.sql" ], 'the copy can be dumped');
my ($first, $second) = map { my $s = slurp_file("$dir/$_.sql"); $s =~ s/^--.*$//mg; $s =~ s/^\\(un)?restrict .*$//mg; $s } qw(mesh copy);
is($second, $first, 'and gives the same dump');

# A dump into which somebody wrote is told by its log.
my $forged = slurp_file("$dir/mesh.sql");
ok($forged =~ s/domain_created/domain_forged!/, 'forge an event in a dump');
append_to_file("$dir/forged.sql", $forged);
carry_database($a, 'forged', "$dir/forged.sql");
is($a->safe_psql('forged', 'SELECT event_id, problem FROM datamesh.verify_event_log()'),
	'1|its content does not fit its hash: the event was changed', 'the forged event is found');

# A domain goes when its products are retired, with all that was published.
like(error_of($a, 'forged', q{CALL datamesh.drop_domain('sales')}), qr/has published products/, 'a domain in use stays');
$a->safe_psql('forged', q{CALL datamesh.deprecate('sales.orders', '1.0.0', end_of_life => current_date)});
$a->safe_psql('forged', q{CALL datamesh.retire('sales.orders')});
like(error_of($a, 'forged', q{CALL datamesh.drop_domain('sales')}), qr/\A(psql:<stdin>:\d+: NOTICE: [^\n]*\n?)+\z/, 'and can go when its products are retired');
is($a->safe_psql('forged', q{SELECT string_agg(nspname, ',' ORDER BY nspname) FROM pg_namespace WHERE nspname LIKE 'sales%'}),
	'sales_internal,sales_raw', 'but its own schemas');

# And it all goes away.
$a->safe_psql('copy', 'DROP EXTENSION datamesh CASCADE');
is($a->safe_psql('copy', q{SELECT count(*) FROM sales_internal.t}), '11', 'DROP EXTENSION leaves the domain its data');
is($a->safe_psql('copy', q{SELECT count(*) FROM pg_namespace WHERE nspname = 'datamesh'}), '0', 'and nothing of ours');

$a->stop;
$b->stop;
done_testing();
