# Autovacuum holds a lock for as long as it works, which would look like somebody who uses the table.
# What asks for a lock and does not wait in its queue sends it away, as the server does for those who wait.
use strict;
use warnings;
use FindBin;
use lib "$FindBin::RealBin/../lib";
use Mesh ();
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

my $node = Mesh::cluster('main');
$node->append_conf('postgresql.conf', <<'END');
fsync = off
autovacuum = off
autovacuum_naptime = 1
autovacuum_vacuum_threshold = 5000
autovacuum_analyze_threshold = 5000
autovacuum_vacuum_insert_threshold = -1
autovacuum_vacuum_cost_limit = 1
autovacuum_vacuum_cost_delay = 100
END
$node->start;
$node->safe_psql('postgres', <<'END');
CREATE EXTENSION datamesh CASCADE;
CREATE ROLE team;
CREATE ROLE reader;
CALL datamesh.create_domain('sales', 'team');
CALL datamesh.create_consumer('readers', role => 'reader');
SET ROLE team;
CREATE TABLE sales_internal.t AS SELECT i AS id, repeat('x', 500) AS note FROM generate_series(1, 20000) i;
END

sub publish
{
	my ($product) = @_;
	$node->safe_psql('postgres', <<"END");
SET ROLE team;
CALL datamesh.load_contract(\$doc\$
apiVersion: v3.1.0
kind: DataContract
id: x
status: active
version: 1.0.0
domain: sales
name: $product
schema:
- name: $product
  physicalName: $product
  properties: [{name: id, required: true, unique: true}, {name: note}]
roles: [{role: readers, access: read}]
servers: [{server: s, type: postgres, host: h, port: 5432, database: d, schema: sales_internal}]
customProperties: [{property: datamesh.retention, value: 1}]
\$doc\$);
CALL datamesh.publish('sales.$product');
END
	return;
}

publish('t');
# nothing else is to do for it
$node->safe_psql('postgres', 'VACUUM (ANALYZE)');
$node->safe_psql('postgres', 'ALTER SYSTEM SET autovacuum = on');
$node->reload;

# Until autovacuum works on a relation, which at this pace takes it minutes to end.
sub autovacuum_on
{
	my ($relation) = @_;
	$node->safe_psql('postgres', "DELETE FROM $relation WHERE id % 2 = 0");
	return $node->poll_query_until('postgres', <<"END");
SELECT EXISTS (SELECT FROM pg_locks l JOIN pg_stat_activity a USING (pid) WHERE a.backend_type = 'autovacuum worker'
	AND l.relation = '$relation'::regclass AND l.mode = 'ShareUpdateExclusiveLock' AND l.granted)
END
}

sub release { return $node->safe_psql('postgres', "SELECT format('%I.%I', relation_schema, relation_name) FROM datamesh.release WHERE relation_name IS NOT NULL ORDER BY release_id LIMIT 1") }

# a release that retention drops
my $first = release();
ok(autovacuum_on($first), 'autovacuum works on the first release');
$node->safe_psql('postgres', "CALL datamesh.publish('sales.t')");
isnt(release(), $first, 'the publish that made it surplus has dropped it');

# a source that loses its row security when its product goes
ok(autovacuum_on('sales_internal.t'), 'autovacuum works on the source');
my ($status, $out, $err) = $node->psql('postgres', "CALL datamesh.deprecate('sales.t', '1.0.0', current_date); CALL datamesh.retire('sales.t')");
is($status, 0, 'the product retires');
unlike($err, qr/in use/, 'and its source is not in use');
is($node->safe_psql('postgres', "SELECT relrowsecurity FROM pg_class WHERE oid = 'sales_internal.t'::regclass"), 'f', 'it has lost its row security');

# it is nobody else who goes
$node->safe_psql('postgres', <<'END');
SET ROLE team;
CREATE TABLE sales_internal.u AS SELECT 1 AS id, 'x' AS note;
END
publish('u');
$node->safe_psql('postgres', "CALL datamesh.deprecate('sales.u', '1.0.0', current_date)");
my $session = $node->background_psql('postgres');
$session->query_safe('BEGIN; LOCK TABLE sales_internal.u IN SHARE UPDATE EXCLUSIVE MODE');
($status, $out, $err) = $node->psql('postgres', "CALL datamesh.retire('sales.u')");
like($err, qr/table sales_internal\.u is in use/, 'a session that uses a table keeps it');
like($session->query_safe('SELECT 1'), qr/^1$/, 'and goes on');
$session->quit;

done_testing();
