# Access that was granted, in a dump: in another cluster, where every role has another OID, those who had
# access have it, publishes keep it, what expires and is revoked there goes, and a role that only has
# the name of a reader has nothing.
use strict;
use warnings;
use FindBin;
use lib "$FindBin::RealBin/../lib";
use Mesh;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

my $dir = PostgreSQL::Test::Utils::tempdir;

# Can a role read the product, and if not, why?
sub reading
{
	my ($node, $role) = @_;
	my ($rc, $out, $err) = $node->psql('mesh', qq{SET ROLE "$role"; SELECT count(*) FROM sales.orders});
	return $rc == 0 ? $out : $err =~ s/.*ERROR:  ([^\n]*).*/$1/sr;
}

my $state = <<'END';
SELECT string_agg(t, E'\n' ORDER BY t) FROM (
  SELECT a::text AS t FROM datamesh.access a
  UNION ALL SELECT (request, product, role, purpose, until, decisions)::text FROM datamesh.access_requests) AS x
END

my $a = node('a');
$a->safe_psql('postgres', 'CREATE DATABASE mesh');
$a->safe_psql('mesh', <<'END');
CREATE EXTENSION datamesh CASCADE;
CREATE ROLE sales_team;
CREATE ROLE analyst;
CREATE ROLE "the ""odd"" one";
CREATE ROLE guest;
CREATE ROLE waits;
CREATE ROLE revoked;
CALL datamesh.create_domain('sales', 'sales_team');
SET ROLE sales_team;
CREATE TABLE sales_internal.t (id integer);
INSERT INTO sales_internal.t VALUES (1);
CALL datamesh.load_contract($doc$
apiVersion: v3.1.0
kind: DataContract
id: orders
status: active
version: 1.0.0
domain: sales
dataProduct: orders
schema: [{name: orders, physicalName: t, properties: [{name: id, physicalType: integer}]}]
$doc$);
END
$a->safe_psql('mesh', q{SET ROLE sales_team; CALL datamesh.publish('sales.orders')});
my $request = 0;
foreach my $role ('analyst', 'the "odd" one', 'guest', 'revoked')
{
	my $quoted = $role =~ s/"/""/gr;
	$request++;
	$a->safe_psql('mesh', <<"END");
SET ROLE "$quoted";
CALL datamesh.request_access('sales.orders', 'a study', until => '2100-01-01');
SET ROLE sales_team;
CALL datamesh.approve($request);
END
}
$a->safe_psql('mesh', q{SET ROLE waits; CALL datamesh.request_access('sales.orders', 'later')});
$a->safe_psql('mesh', q{SET ROLE sales_team; CALL datamesh.revoke_access('sales.orders', 'revoked', 'enough')});
is(reading($a, 'analyst'), '1', 'who was granted access has it');
my $before = $a->safe_psql('mesh', $state);
$a->command_ok([ 'pg_dump', '-d', $a->connstr('mesh'), '-f', "$dir/mesh.sql" ], 'pg_dump');

my $b = node('b');
carry_roles($a, $b, $dir);
carry_database($b, 'mesh', "$dir/mesh.sql");

is($b->safe_psql('mesh', $state), $before, 'access and requests are the same');
is(reading($b, 'analyst'), '1', 'who had access has it');
is(reading($b, 'the ""odd"" one'), '1', 'whatever the name');
like(reading($b, 'revoked'), qr/permission denied/, 'who lost it has not');
is($b->safe_psql('mesh', 'SET ROLE sales_team; SELECT count(*) FROM datamesh.access_review() WHERE finding <> \'nobody\''), '0',
	'and the review finds nothing wrong');

$b->safe_psql('mesh', q{SET ROLE sales_team; CALL datamesh.publish('sales.orders')});
is(reading($b, 'analyst'), '1', 'a publish keeps it here too');

# a role that only has the name
$b->safe_psql('mesh', 'DROP OWNED BY guest; DROP ROLE guest; CREATE ROLE guest');
$b->safe_psql('mesh', q{SET ROLE sales_team; CALL datamesh.publish('sales.orders')});
like(reading($b, 'guest'), qr/permission denied/, 'a role of a reader\'s name reads nothing');
is($b->safe_psql('mesh', q{SET ROLE sales_team; SELECT string_agg(role, ',') FROM datamesh.access_review() WHERE finding = 'role gone'}),
	'guest', 'and the review knows');
is($b->safe_psql('mesh', q{SET ROLE sales_team; SELECT status FROM datamesh.access_requests WHERE role = 'waits'}),
	'outdated', 'what nobody had decided is asked again');

# decisions here
$b->safe_psql('mesh', q{SET ROLE sales_team; CALL datamesh.revoke_access('sales.orders', 'the "odd" one')});
like(reading($b, 'the ""odd"" one'), qr/permission denied/, 'revoked here');
is(reading($b, 'analyst'), '1', 'and nobody else');
$b->safe_psql('mesh', q{SET ROLE guest; CALL datamesh.request_access('sales.orders', 'for myself')});
$b->safe_psql('mesh', q{SET ROLE sales_team; CALL datamesh.approve(6)});
is(reading($b, 'guest'), '1', 'granted here');
is($b->safe_psql('mesh', q{SET ROLE sales_team; SELECT string_agg(purpose, ',') FROM datamesh.access WHERE role = 'guest'}),
	'for myself', 'which does not bring back what the role before it had');
$b->safe_psql('mesh', q{UPDATE datamesh.access_grant SET until = now() - interval '1 hour' WHERE role_name = 'analyst'});
like(reading($b, 'analyst'), qr/expired/, 'over');
$b->safe_psql('mesh', 'SET ROLE sales_team; CALL datamesh.expire_access()');
like(reading($b, 'analyst'), qr/permission denied/, 'and revoked');
is($b->safe_psql('mesh', 'SELECT count(*) FROM datamesh.verify_event_log()'), '0', 'the event log verifies');

done_testing();
