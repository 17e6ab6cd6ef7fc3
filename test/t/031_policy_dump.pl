# A dump carries the policies that were set, their history, and what the reports say of them; it does not carry
# the defaults, which CREATE EXTENSION makes. Into the same cluster under another name, and DROP EXTENSION leaves nothing.
use strict;
use warnings;
use FindBin;
use lib "$FindBin::RealBin/../lib";
use Mesh ();
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

my $dir = PostgreSQL::Test::Utils::tempdir;
my $node = Mesh::cluster('a');
$node->append_conf('postgresql.conf', "fsync = off\nautovacuum = off");
$node->start;
$node->safe_psql('postgres', 'CREATE DATABASE mesh');
$node->safe_psql('mesh', <<'END');
CREATE EXTENSION datamesh CASCADE;
CREATE ROLE sales_team;
CALL datamesh.create_domain('sales', 'sales_team');
CALL datamesh.set_policy('quality.freshness', severity => 'CRITICAL', why => 'first');
CALL datamesh.set_policy('quality.freshness', parameters => '{"freshness_sla_hours": 12}', why => 'second');
CALL datamesh.set_policy('security.encryption', severity => 'OFF');
SET ROLE sales_team;
CREATE TABLE sales_internal.t AS SELECT 1 AS id;
CREATE FUNCTION sales_internal.look(product text, contract jsonb) RETURNS SETOF datamesh.violation LANGUAGE sql STABLE
	AS $$ SELECT NULL, NULL, NULL, 'looked at', NULL, NULL::jsonb $$;
CALL datamesh.set_policy('sales.look', check_function => 'sales_internal.look', domain => 'sales');
CALL datamesh.set_policy('quality.freshness', parameters => '{"freshness_sla_hours": 4}', domain => 'sales');
CALL datamesh.load_contract($doc$
apiVersion: v3.1.0
kind: DataContract
id: x
status: active
version: 1.0.0
domain: sales
dataProduct: t
slaProperties: [{property: freshness, value: 1, unit: h}]
schema:
- name: t
  properties: [{name: id, logicalType: integer, required: true}]
$doc$);
END
$node->safe_psql('mesh', q{CALL datamesh.publish('sales.t')});
# Reports name releases; times are compared as text of one zone.
my $everything = <<'END';
SELECT string_agg(t, E'\n' ORDER BY t) FROM (
  SELECT p::text AS t FROM datamesh.policies p WHERE set_by IS NOT NULL UNION ALL SELECT c::text FROM datamesh.policy_changes c
  UNION ALL SELECT d::text FROM datamesh.domain_policies('sales') d WHERE d.why <> 'the default'
  UNION ALL SELECT c::text FROM datamesh.compliance c UNION ALL SELECT o::text FROM datamesh.compliance_over_time o) AS x
END
my $before = $node->safe_psql('mesh', $everything);
like($before, qr/sales\.look/, 'there is something to carry');
$node->command_ok([ 'pg_dump', '-d', $node->connstr('mesh'), '-f', "$dir/mesh.sql" ], 'pg_dump');
$node->safe_psql('postgres', 'CREATE DATABASE again');
$node->command_ok([ 'psql', '-X', '-q', '-v', 'ON_ERROR_STOP=1', '-d', $node->connstr('again'), '-f', "$dir/mesh.sql" ],
	'the dump restores without an error');
is($node->safe_psql('again', $everything), $before, 'policies, history and compliance are the same');
is($node->safe_psql('again', 'SELECT count(*) FROM datamesh.policies WHERE set_by IS NULL'),
	$node->safe_psql('mesh', 'SELECT count(*) FROM datamesh.policies WHERE set_by IS NULL'), 'and every default is there once');

# They are in force, and can be set again.
$node->safe_psql('again', q{SET ROLE sales_team; CALL datamesh.publish('sales.t')});
is($node->safe_psql('again', q{SELECT v ->> 'message' FROM jsonb_array_elements(datamesh.governance_report('sales.t') -> 'violations') AS v WHERE v ->> 'rule' = 'sales.look'}),
	'looked at', 'the function is asked');
my ($rc, $out, $err) = $node->psql('again', q{CALL datamesh.set_policy('quality.freshness', parameters => '{"freshness_sla_hours": 13}', domain => 'sales')});
like($err, qr/cannot loosen policy "quality.freshness"/, 'what the council set binds the domain');
$node->safe_psql('again', q{CALL datamesh.set_policy('quality.uniqueness', severity => 'OFF')});
is($node->safe_psql('again', 'SELECT count(*) FROM datamesh.verify_event_log()'), '0', 'the event log goes on');

$node->safe_psql('again', 'DROP EXTENSION datamesh CASCADE');
is($node->safe_psql('again', q{SELECT count(*) FROM pg_namespace WHERE nspname = 'datamesh'}), '0', 'DROP EXTENSION takes all of it');

$node->stop;
done_testing();
