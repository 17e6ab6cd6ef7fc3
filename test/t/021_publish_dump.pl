# pg_dump carries what was published: in another cluster consumers read the same release through the
# same port with the same rights, history is there, and publishing goes on.
use strict;
use warnings;
use FindBin;
use lib "$FindBin::RealBin/../lib";
use Mesh;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

my $from = node('from');
$from->safe_psql('postgres', 'CREATE DATABASE mesh');
$from->safe_psql('mesh', <<'END');
CREATE EXTENSION datamesh CASCADE;
CREATE ROLE team;
CREATE ROLE reader;
CREATE ROLE stranger;
CALL datamesh.create_domain('sales', 'team');
CALL datamesh.create_consumer('readers', role => 'reader');
SET ROLE team;
CREATE TABLE sales_internal.t AS SELECT i AS id, 'first' AS stage FROM generate_series(1, 100) i;
CALL datamesh.load_contract($doc$
apiVersion: v3.1.0
kind: DataContract
id: x
status: active
version: 1.0.0
domain: sales
name: t
schema:
- name: t
  physicalName: t
  properties: [{name: id, required: true, unique: true}, {name: stage, description: Which release}]
roles: [{role: readers, access: read}]
servers: [{server: s, type: postgres, host: h, port: 5432, database: d, schema: sales_internal}]
customProperties: [{property: datamesh.indexes, value: [[id]]}, {property: datamesh.retention, value: 2}]
$doc$);
CALL datamesh.publish('sales.t');
UPDATE sales_internal.t SET stage = 'second';
CALL datamesh.publish('sales.t');
END

my $dir = PostgreSQL::Test::Utils::tempdir;
$from->command_ok([ 'pg_dump', '-d', $from->connstr('mesh'), '-f', "$dir/mesh.sql" ], 'the mesh is dumped');

my $to = node('to');
# relations have other OIDs than where they came from, too
$to->safe_psql('template1', 'CREATE TABLE something (); DROP TABLE something');
carry_roles($from, $to, $dir);
carry_database($to, 'mesh', "$dir/mesh.sql");

my $port = "SELECT DISTINCT stage, count(*) OVER () FROM sales.t GROUP BY stage, id";
is($to->safe_psql('mesh', "SET ROLE reader; $port"), 'second|100', 'a consumer reads the same release');
isnt($to->psql('mesh', "SET ROLE stranger; $port"), 0, 'a stranger does not');
isnt($to->psql('mesh', 'SET ROLE reader; SELECT * FROM sales_releases.t_v1'), 0, 'nobody reads a release but by its port');
my $first = $to->safe_psql('mesh', "SELECT min(release) FROM datamesh.releases WHERE product = 'sales.t'");
is($to->safe_psql('mesh', "SET ROLE reader; SELECT DISTINCT stage FROM datamesh.at_release(NULL::sales.t, $first)"),
	'first', 'and the release before');
is($to->safe_psql('mesh', "SELECT col_description('sales.t'::regclass, 2)"), 'Which release', 'comments are there');
$to->safe_psql('mesh', "SET ROLE team; UPDATE sales_internal.t SET stage = 'third'; CALL datamesh.publish('sales.t')");
is($to->safe_psql('mesh', "SET ROLE reader; $port"), 'third|100', 'publishing goes on');
is($to->safe_psql('mesh', "SELECT count(*), count(*) FILTER (WHERE is_current), count(*) FILTER (WHERE expired_at IS NULL) FROM datamesh.releases"),
	'3|1|2', 'with the history and the retention that were there');
is($to->safe_psql('mesh', 'SELECT count(*) FROM datamesh.verify_event_log()'), '0', 'and with an event log that verifies');

$from->stop;
$to->stop;
done_testing();
