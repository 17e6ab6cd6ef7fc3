# The council in a dump: in another cluster, where every role has another OID, the members have their
# seats and votes, what waits goes on waiting with the votes that it has, and a role that only has a
# member's name decides nothing.
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
	my ($version, $columns) = @_;
	return <<"END";
CALL datamesh.load_contract(\$doc\$
apiVersion: v3.1.0
kind: DataContract
id: orders
status: active
version: $version
domain: sales
dataProduct: orders
roles: [{role: marketing}]
schema:
- name: orders
  physicalName: t
  properties: $columns
\$doc\$);
END
}

# What the council knows and has before it, without OIDs.
my $state = <<'END';
SELECT string_agg(t, E'\n' ORDER BY t) FROM (
  SELECT m::text AS t FROM datamesh.council_members m UNION ALL SELECT c::text FROM datamesh.council c
  UNION ALL SELECT a::text FROM datamesh.approvals a UNION ALL SELECT w::text FROM datamesh.waivers w
  UNION ALL SELECT d::text FROM datamesh.disputes d UNION ALL SELECT p::text FROM datamesh.policies p WHERE p.set_by IS NOT NULL
  UNION ALL SELECT s.level || s.why FROM datamesh.stated_level s) AS x
END

my $a = node('a');
$a->safe_psql('postgres', 'CREATE DATABASE mesh');
$a->safe_psql('mesh', <<'END' . contract('1.0.0', '[{name: id, physicalType: integer}, {name: n, physicalType: integer}]'));
CREATE EXTENSION datamesh CASCADE;
CREATE ROLE sales_team;
CREATE ROLE marketing_team;
CREATE ROLE lead_a;
CREATE ROLE lead_b;
CREATE ROLE lead_c;
CALL datamesh.create_domain('sales', 'sales_team');
CALL datamesh.create_domain('marketing', 'marketing_team');
CALL datamesh.add_council_member('lead_a', 'sales');
CALL datamesh.add_council_member('lead_b', 'marketing');
CALL datamesh.add_council_member('lead_c');
CALL datamesh.set_council(quorum => 2, longest_waiver_days => 90);
CALL datamesh.set_policy('quality.schema_evolution', severity => 'CRITICAL');
SET ROLE sales_team;
CREATE TABLE sales_internal.t (id integer, n integer);
INSERT INTO sales_internal.t VALUES (1, 1);
END
$a->safe_psql('mesh', q{CALL datamesh.publish('sales.orders')});
$a->safe_psql('mesh', contract('2.0.0', '[{name: id, physicalType: integer}]'));
my ($rc, $out, $err) = $a->psql('mesh', q{CALL datamesh.publish('sales.orders')});
like($err, qr/waits for an approval/, 'a version waits');
$a->safe_psql('mesh', <<'END');
SET ROLE lead_a;
CALL datamesh.approve(1);
CALL datamesh.waive('quality.freshness', 'sales.orders', now() + interval '30 days', 'not yet');
SET ROLE lead_b;
CALL datamesh.approve(2);
SET ROLE marketing_team;
CALL datamesh.open_dispute('sales.orders', 'What is an order?', 'Returns are counted.');
CALL datamesh.comment_dispute(1, 'They are not with us.');
SET ROLE sales_team;
CALL datamesh.state_level('sales.orders', '2.0.0', 'major', 'to be sure');
END
is($a->safe_psql('mesh', 'SELECT count(*) FROM datamesh.pending_approvals'), '0', 'another level that is stated needs another request');
$a->safe_psql('mesh', q{SET ROLE sales_team; CALL datamesh.request_approval('sales.orders', '2.0.0'); SET ROLE lead_a; CALL datamesh.approve(3);});
my $before = $a->safe_psql('mesh', $state);
$a->command_ok([ 'pg_dump', '-d', $a->connstr('mesh'), '-f', "$dir/mesh.sql" ], 'pg_dump');

my $b = node('b');
carry_roles($a, $b, $dir);
carry_database($b, 'mesh', "$dir/mesh.sql");

is($b->safe_psql('mesh', $state), $before, 'the council, its requests and votes are the same');
isnt($b->safe_psql('mesh', q{SELECT oid FROM pg_roles WHERE rolname = 'lead_a'}),
	$b->safe_psql('mesh', q{SELECT role_oid FROM datamesh.council_member WHERE role_name = 'lead_a'}),
	'the OID that was recorded is not the role\'s here');

# somebody who has but the name of a member
$b->safe_psql('mesh', 'DROP OWNED BY lead_c; DROP ROLE lead_c; CREATE ROLE lead_c');
($rc, $out, $err) = $b->psql('mesh', 'SET ROLE lead_c; CALL datamesh.approve(3)');
like($err, qr/no member of the council/, 'a role of a member\'s name is none');

($rc, $out, $err) = $b->psql('mesh', q{CALL datamesh.publish('sales.orders')});
like($err, qr/Request 3 has 1 of the 2 votes/, 'the vote that was cast before counts');
$b->safe_psql('mesh', 'SET ROLE lead_b; CALL datamesh.approve(3)');
$b->safe_psql('mesh', q{CALL datamesh.publish('sales.orders')});
is($b->safe_psql('mesh', q{SELECT string_agg(version::text, ',' ORDER BY version) FROM datamesh.ports}), '1.0.0,2.0.0',
	'the deciding vote is cast here, and the version is published');
is($b->safe_psql('mesh', 'SELECT count(*) FROM datamesh.verify_event_log()'), '0', 'the event log verifies');
$b->safe_psql('mesh', 'SET client_min_messages = error; DROP EXTENSION datamesh CASCADE');
is($b->safe_psql('mesh', q{SELECT count(*) FROM pg_namespace WHERE nspname = 'datamesh'}), '0', 'and the extension can go');

done_testing();
