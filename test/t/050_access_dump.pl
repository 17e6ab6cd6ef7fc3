# Who may see what comes back from a dump: in another cluster, where every OID is another, consumers, stewards and
# grants are the roles of their names that carry the mark which the dump brought along, and nobody else; what has ended has ended. A standby
# decides as its primary does, and learns of a change when it replays it.
use strict;
use warnings;
use IPC::Run;
use FindBin;
use lib "$FindBin::RealBin/../lib";
use Mesh ();
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

my $dir = PostgreSQL::Test::Utils::tempdir;
my $node = Mesh::cluster('a', allows_streaming => 1);
$node->append_conf('postgresql.conf', "fsync = off\nautovacuum = off");
$node->start;
$node->safe_psql('postgres', 'CREATE DATABASE mesh');
$node->safe_psql('mesh', <<'END');
CREATE EXTENSION datamesh CASCADE;
CREATE ROLE sales_team;
CREATE ROLE marketing_team;
CREATE ROLE dana;
CREATE ROLE ann;
CREATE ROLE bob;
CALL datamesh.create_domain('sales', 'sales_team');
CALL datamesh.create_consumer('marketing', 'marketing_team');
SET ROLE sales_team;
CREATE TABLE sales_internal.t AS SELECT 1 AS id, 'Ann' AS name;
CALL datamesh.load_contract($doc$
apiVersion: v3.1.0
kind: DataContract
id: x
status: active
version: 1.0.0
domain: sales
dataProduct: t
schema:
- name: t
  properties: [{name: id, logicalType: integer, required: true}, {name: name}]
roles: [{role: marketing, access: read}]
team: {members: [{username: dana, role: data steward}]}
$doc$);
END
$node->safe_psql('mesh', q{CALL datamesh.publish('sales.t')});
$node->safe_psql('mesh', <<'END');
INSERT INTO datamesh.port_policy (policy_id, port_id, rules)
SELECT 70001, port_id, jsonb_build_object('stewards', jsonb_build_array(jsonb_build_object('role', 'dana', 'oid', 'dana'::regrole::oid::bigint,
           'cluster', (pg_control_system()).system_identifier)))
       || '{"columns": [{"name": "name", "masks": [{"mask": "partial", "strength": 1}, {"mask": "redact", "strength": 4}],
           "default": 2, "consumers": {"marketing": 1}}], "filters": ["id > 0"], "rows": {"default": null, "consumers": {"marketing": [1]}}}'
FROM datamesh.port;
INSERT INTO datamesh.access_grant (product_id, role_name, role_oid, since, until)
SELECT product_id, r, r::regrole, '2020-01-01', '2020-02-01' FROM datamesh.product, unnest(ARRAY['ann', 'bob']) AS r;
-- the mark of who is known to the mesh; bob has none, and dana what a publish gives to stewards
GRANT USAGE ON SCHEMA datamesh TO ann;
END

my $decisions = <<'END';
CREATE FUNCTION pg_temp.look() RETURNS SETOF text LANGUAGE plpgsql AS $$
DECLARE who text;
BEGIN
	FOREACH who IN ARRAY ARRAY['sales_team', 'marketing_team', 'dana', 'ann', 'bob'] LOOP
		EXECUTE format('SET ROLE %I', who);
		RETURN NEXT concat_ws(' ', who, datamesh.mask_choice(70001, 1), datamesh.filter_choice(70001, 1), datamesh.reader_name(70001));
		BEGIN
			PERFORM datamesh.may_read(1);
		EXCEPTION WHEN insufficient_privilege THEN
			RETURN NEXT who || ': ' || sqlerrm;
		END;
		RESET ROLE;
	END LOOP;
END $$;
SELECT * FROM pg_temp.look();
END
my $before = $node->safe_psql('mesh', $decisions);
is($before, join("\n", 'sales_team 0 0', 'marketing_team 1 1 marketing', 'dana 0 0',
	'ann 2 -1 role ann', 'ann: access to data product sales.t has expired', 'bob 2 -1 role bob', 'bob: access to data product sales.t has expired'), 'who sees what');

# The same cluster, another database: bob is known by his OID.
$node->command_ok([ 'pg_dump', '-d', $node->connstr('mesh'), '-f', "$dir/mesh.sql" ], 'pg_dump');
$node->command_ok([ 'pg_dumpall', '--roles-only', '-d', $node->connstr('postgres'), '-f', "$dir/roles.sql" ], 'pg_dumpall');
$node->safe_psql('postgres', 'CREATE DATABASE again');
$node->command_ok([ 'psql', '-X', '-q', '-v', 'ON_ERROR_STOP=1', '-d', $node->connstr('again'), '-f', "$dir/mesh.sql" ],
	'the dump restores without an error');
is($node->safe_psql('again', $decisions), $before, 'the same in another database');

# A standby: read only, and no trigger fires there; invalidations come with the write-ahead log.
$node->backup('base');
my $standby = PostgreSQL::Test::Cluster->new('standby');
$standby->init_from_backup($node, 'base', has_streaming => 1);
$standby->start;
is($standby->safe_psql('mesh', <<'END'), "2\n1", 'a standby decides');
SET ROLE ann;
SELECT datamesh.mask_choice(70001, 1);
SET ROLE marketing_team;
SELECT datamesh.mask_choice(70001, 1);
END
{
	my ($in, $out) = ('', '');
	my $timer = IPC::Run::timeout(60);
	my $psql = IPC::Run::start([ 'psql', '-XAtq', '-d', $standby->connstr('mesh') ], '<', \$in, '>', \$out, $timer);
	$in .= "SET ROLE marketing_team;\nBEGIN ISOLATION LEVEL REPEATABLE READ;\nSELECT 'first ' || datamesh.mask_choice(70001, 1);\n";
	pump $psql until $out =~ /first (\S+)\n/;
	is($1, '1', 'in an open session of the standby');
	$node->safe_psql('mesh', q{UPDATE datamesh.port_policy SET rules = jsonb_set(rules, '{columns,0,consumers,marketing}', '-1')});
	$node->wait_for_catchup($standby);
	$in .= "SELECT 'second ' || datamesh.mask_choice(70001, 1);\n";
	pump $psql until $out =~ /second (\S+)\n/;
	is($1, '-1', 'the next query of the open session knows, though its snapshot is older');
	$in .= "\\q\n";
	finish $psql;
}
$standby->stop;
$node->stop;

# Another cluster: the names count, with the mark. bob's name does not.
my $other = Mesh::cluster('b');
$other->append_conf('postgresql.conf', "fsync = off\nautovacuum = off");
$other->start;
$other->safe_psql('postgres', 'CREATE ROLE ' . $_) for map { "other_$_" } 1 .. 10; # no OID is the same
$other->psql('postgres', slurp_file("$dir/roles.sql"), on_error_stop => 0);
$other->safe_psql('postgres', 'CREATE DATABASE mesh');
$other->command_ok([ 'psql', '-X', '-q', '-v', 'ON_ERROR_STOP=1', '-d', $other->connstr('mesh'), '-f', "$dir/mesh.sql" ],
	'the dump restores in another cluster');
is($other->safe_psql('mesh', $decisions), $before, 'the same in another cluster');
$other->safe_psql('mesh', q{UPDATE datamesh.access_grant SET until = NULL});
is($other->safe_psql('mesh', $decisions), join("\n", 'sales_team 0 0', 'marketing_team 1 1 marketing', 'dana 0 0', 'ann 2 -1 role ann',
	'bob 2 -1 role bob', 'bob: access to data product sales.t is not confirmed in this cluster'), 'a grant to a role that only has the name is none');
$other->safe_psql('mesh', 'DROP OWNED BY dana; DROP ROLE dana; CREATE ROLE dana');
is($other->safe_psql('mesh', "SET ROLE dana;\nSELECT datamesh.mask_choice(70001, 1)"), '2', 'a role made again under the name of a steward is none');
$other->safe_psql('mesh', "INSERT INTO datamesh.port_policy (port_id, rules) SELECT port_id, '{}' FROM datamesh.port");
is($other->safe_psql('mesh', 'SELECT count(DISTINCT policy_id) FROM datamesh.port_policy'), '2', 'numbers go on');

$other->stop;
done_testing();
