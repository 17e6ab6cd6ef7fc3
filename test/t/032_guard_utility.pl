# With the library preloaded, statements that no event trigger sees are held against the mesh: memberships and
# attributes of roles, settings of roles, databases and the server, REASSIGN OWNED, TRUNCATE, and whatever takes
# the guard itself away. And it is in nobody's way: what teams and superusers do every day passes, databases
# without the extension know nothing of it, and neither do ROLLBACK, pg_upgrade, a restore and DROP EXTENSION.
use strict;
use warnings;
use FindBin;
use lib "$FindBin::RealBin/../lib";
use Mesh ();
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

my $dir = PostgreSQL::Test::Utils::tempdir;
my $node = Mesh::cluster('guard');
$node->append_conf('postgresql.conf',
	"fsync = off\nautovacuum = off\nshared_preload_libraries = 'datamesh'");
$node->start;

# An error of a statement, or nothing.
sub error_of
{
	my ($sql, $db, @more) = @_;
	my ($rc, $out, $err) =
	  $node->psql($db // 'mesh', $sql, extra_params => [ '-v', 'VERBOSITY=verbose', @more ]);
	return $err;
}

sub refused
{
	my ($sql, $pattern, $what) = @_;
	like(error_of($sql), $pattern, $what // "refused: $sql");
}

# Without an error or a warning.
sub passes
{
	my ($sql, $what) = @_;
	is(error_of($sql), '', $what // "passes: $sql");
}

sub product
{
	my ($product, $mode) = @_;
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
customProperties: [{property: datamesh.mode, value: $mode}]
schema:
- name: $product
  physicalName: $product
  properties: [{name: id, logicalType: integer, required: true}]
\$doc\$);
END
}

$node->safe_psql('postgres', 'CREATE DATABASE mesh; CREATE DATABASE plain');
$node->safe_psql('mesh', <<'END' . product('orders', 'snapshot') . product('live', 'live'));
CREATE EXTENSION datamesh CASCADE;
CREATE ROLE sales_team;
CREATE ROLE marketing_team;
CREATE ROLE executive;
CREATE ROLE stranger;
CREATE ROLE alice LOGIN;
CREATE ROLE bob LOGIN;
CREATE ROLE analysts;
CREATE ROLE readers;
CREATE ROLE "we ""all""";
CREATE ROLE platform CREATEROLE LOGIN;
GRANT readers TO platform WITH ADMIN OPTION; -- since 16 CREATEROLE alone does not hand out memberships
CREATE ROLE lead LOGIN;
CALL datamesh.create_domain('sales', 'sales_team');
CALL datamesh.create_domain('marketing', 'marketing_team');
CALL datamesh.create_consumer('executive', 'executive');
GRANT sales_team TO lead WITH ADMIN OPTION;
SET ROLE sales_team;
CREATE TABLE sales_internal.orders (id integer PRIMARY KEY);
CREATE TABLE sales_internal.live (id integer PRIMARY KEY);
INSERT INTO sales_internal.orders VALUES (1), (2);
INSERT INTO sales_internal.live VALUES (1), (2);
END
$node->safe_psql('mesh', "CALL datamesh.publish('sales.$_')") for qw(orders live);
my $release = $node->safe_psql('mesh',
	"SELECT quote_ident(relation_schema) || '.' || quote_ident(relation_name) FROM datamesh.release WHERE relation_name IS NOT NULL");

# ---- every trigger of the catalog fires whatever the session is ----
is( $node->safe_psql('mesh', <<'END'), '', 'triggers of the catalog are ENABLE ALWAYS');
SELECT tgrelid::regclass, tgname FROM pg_trigger WHERE NOT tgisinternal AND tgenabled <> 'A'
AND tgrelid IN (SELECT oid FROM pg_class WHERE relnamespace = 'datamesh'::regnamespace)
UNION ALL SELECT oid, evtname FROM pg_event_trigger WHERE evtenabled <> 'A'
END

# ---- memberships ----
refused('GRANT sales_port TO alice', qr/MD503.*cannot grant role "sales_port" to role "alice": it would own the ports of domain "sales"/s);
refused('GRANT analysts TO sales_port', qr/MD503.*the ports of domain "sales" would read with its rights/s);
refused('GRANT sales_team TO marketing_team', qr/MD503.*the team of domain "marketing" would read what is internal to domain "sales"/s);
refused('GRANT sales_team TO executive', qr/the reading group "executive" would read what is internal/);
refused('GRANT sales_team TO executive', qr/HINT:.*roles of a contract/, 'the hint says the way');
refused('DO $$ BEGIN EXECUTE \'GRANT sales_team TO executive\'; END $$', qr/reading group "executive"/, 'in DO');
refused("SELECT 1;\nGRANT sales_team TO executive", qr/reading group "executive"/, 'among other statements');
passes('BEGIN; GRANT executive TO analysts; GRANT "we ""all""" TO executive; COMMIT', 'a group of readers has members and memberships');
refused('GRANT sales_team TO analysts, executive', qr/reading group "executive"/, 'the second of two');
refused('GRANT sales_team TO "we ""all"""', qr/MD503.*"executive" would read what is internal/s, 'by a role in between');
passes('REVOKE "we ""all""" FROM executive; GRANT sales_team TO "we ""all"""');
refused('GRANT "we ""all""" TO executive', qr/MD503.*"executive" would read what is internal/s, 'by what the role brings');
refused('ALTER GROUP "we ""all""" ADD USER executive', qr/MD503.*"executive" would read what is internal/s, 'ALTER GROUP');
refused('CREATE ROLE carol IN ROLE sales_port', qr/cannot grant role "sales_port" to role "carol"/);
refused('CREATE ROLE carol IN ROLE sales_team ROLE executive', qr/"executive" would read what is internal/);
refused('CREATE ROLE carol ADMIN sales_port', qr/the ports of domain "sales" would read with its rights/);
refused('GRANT pg_read_all_data TO sales_team', qr/MD503.*would get past every contract with "pg_read_all_data"/s);
refused('GRANT pg_read_server_files TO executive', qr/would get past every contract/);
is($node->safe_psql('mesh', "SELECT count(*) FROM pg_roles WHERE rolname = 'carol'"), '0', 'what is refused makes no role');

# the life of every day
passes('GRANT sales_team TO alice');
passes('GRANT sales_team TO bob WITH ADMIN OPTION');
passes('GRANT marketing_team TO alice', 'a person is in two teams');
passes('GRANT executive TO alice; GRANT marketing_team TO bob');
passes('REVOKE sales_team FROM alice, bob');
passes('SET SESSION AUTHORIZATION lead; GRANT sales_team TO alice', 'a lead takes somebody into the team');
passes('CREATE ROLE carol IN ROLE sales_team; ALTER ROLE carol LOGIN CREATEDB; ALTER ROLE carol RENAME TO caroline; DROP ROLE caroline');
passes('GRANT pg_monitor TO sales_team; GRANT pg_read_all_data TO stranger; REVOKE pg_read_all_data FROM stranger');
passes('CREATE ROLE backup SUPERUSER; GRANT pg_read_all_data TO backup; DROP ROLE backup');
passes('ALTER ROLE executive RENAME TO board; ALTER ROLE board RENAME TO executive', 'roles are known by OID');

# CREATEROLE is no right to read
my $platform = 'SET SESSION AUTHORIZATION platform;';
refused("$platform GRANT sales_team TO platform", qr/MD503.*CREATEROLE alone does not reach that far/s);
refused("$platform GRANT executive TO platform", qr/the reading group "executive", and CREATEROLE alone/);
refused("$platform GRANT pg_read_all_data TO platform", qr/it gets past every contract, and CREATEROLE alone/);
refused("$platform CREATE ROLE mole IN ROLE sales_team", qr/CREATEROLE alone/);
refused("$platform CREATE ROLE mole IN ROLE pg_read_server_files", qr/CREATEROLE alone/);
refused("$platform ALTER ROLE sales_team LOGIN PASSWORD 'x'", qr/MD503.*CREATEROLE alone does not reach that far/s);
refused("$platform ALTER ROLE executive PASSWORD 'x'", qr/cannot give role "executive" a password/);
# ... nor to be somebody who reads: members, and whom the mesh gives a right in person
refused("$platform ALTER ROLE bob PASSWORD 'x'", qr/cannot give role "bob" a password: it brings the rights of/);
refused("$platform ALTER ROLE bob LOGIN", qr/cannot give role "bob" LOGIN: it brings the rights of/);
refused("ALTER ROLE bob LOGIN; $platform ALTER ROLE bob RENAME TO robert", qr/cannot give role "bob" another name: it brings the rights of/);
my ($give, $take) = $node->pg_version < 16 ? ('', '') : ('GRANT bob TO platform WITH ADMIN OPTION;', 'RESET SESSION AUTHORIZATION; REVOKE bob FROM platform');
passes("ALTER ROLE bob NOLOGIN; $give $platform ALTER ROLE bob RENAME TO robert; ALTER ROLE robert RENAME TO bob; $take", 'nobody comes in by the name of a role that does not log in');
passes("GRANT bob TO platform WITH ADMIN OPTION; $platform ALTER ROLE bob PASSWORD 'x'; RESET SESSION AUTHORIZATION; REVOKE bob FROM platform");
passes("ALTER ROLE bob LOGIN PASSWORD 'y'; SET SESSION AUTHORIZATION bob; ALTER ROLE bob PASSWORD 'x'", 'a person sets his own');
passes("$platform CREATE ROLE dave LOGIN; GRANT readers TO dave; ALTER ROLE dave PASSWORD 'x'; DROP ROLE dave");
refused("SET SESSION AUTHORIZATION alice; $_", qr/42501/, "who may not anyway hears it from PostgreSQL: $_")
  for ('GRANT executive TO bob', 'GRANT sales_team TO executive', 'ALTER ROLE sales_team BYPASSRLS');

# ---- attributes ----
for my $attribute (qw(SUPERUSER BYPASSRLS CREATEROLE REPLICATION))
{
	refused("ALTER ROLE $_ $attribute", qr/MD503.*cannot give role "$_" $attribute/s) for qw(sales_team sales_port executive);
	passes("ALTER ROLE $_ NO$attribute") for qw(sales_team sales_port executive);
	passes("ALTER ROLE stranger $attribute; ALTER ROLE stranger NO$attribute");
}
refused('ALTER ROLE sales_port LOGIN', qr/cannot give role "sales_port" LOGIN: it is the port role of domain "sales"/);
refused("ALTER ROLE sales_port PASSWORD 'x'", qr/cannot give role "sales_port" PASSWORD/);
passes('ALTER ROLE sales_team LOGIN; ALTER ROLE sales_team NOLOGIN');
is( $node->safe_psql('mesh', <<'END'), '0', 'nothing of it was done');
SELECT count(*) FROM pg_roles WHERE rolname IN ('sales_team', 'sales_port', 'executive')
AND (rolsuper OR rolbypassrls OR rolcreaterole OR rolreplication OR (rolcanlogin AND rolname = 'sales_port'))
END

# ---- settings ----
refused("ALTER ROLE $_ SET session_replication_role = replica", qr/MD501.*foreign keys would not be held/s) for qw(sales_team sales_port executive alice);
refused('ALTER ROLE ALL SET session_replication_role = replica', qr/for all roles/);
refused('ALTER DATABASE mesh SET session_replication_role = replica', qr/for database "mesh"/);
refused('ALTER ROLE sales_team IN DATABASE mesh SET session_replication_role = replica', qr/MD501/);
refused('SET session_replication_role = replica; ALTER DATABASE mesh SET session_replication_role FROM CURRENT', qr/MD501.*for database "mesh"/s);
refused('ALTER SYSTEM SET session_replication_role = replica', qr/MD501.*for the server/s);
refused('ALTER ROLE current_user SET datamesh.break_glass = on', qr/MD501.*not before/s);
refused("ALTER SYSTEM SET shared_preload_libraries = 'pg_stat_statements'", qr/MD501.*datamesh would not be loaded any more/s);
passes("ALTER SYSTEM SET shared_preload_libraries = 'pg_stat_statements', 'datamesh'");
passes('ALTER SYSTEM RESET shared_preload_libraries; ALTER SYSTEM SET shared_preload_libraries = datamesh; ALTER SYSTEM RESET ALL', 'postgresql.conf names it too');
passes('ALTER SYSTEM SET shared_preload_libraries = datamesh');
$node->append_conf('postgresql.conf', "shared_preload_libraries = ''");
refused("ALTER SYSTEM RESET $_", qr/MD501.*datamesh would not be loaded any more/s) for qw(shared_preload_libraries ALL);
passes('ALTER SYSTEM SET work_mem = 8192; ALTER SYSTEM RESET work_mem');
passes('ALTER ROLE sales_team SET search_path = sales_internal; ALTER ROLE sales_team RESET ALL');
passes('ALTER ROLE stranger SET session_replication_role = replica; ALTER ROLE stranger RESET ALL');
passes('ALTER DATABASE plain SET session_replication_role = replica; ALTER DATABASE plain RESET session_replication_role');
passes('ALTER DATABASE mesh RESET session_replication_role');

# ---- what belongs to whom ----
refused('REASSIGN OWNED BY sales_port TO stranger', qr/MD501.*these are the ports of domain "sales"/s);
refused('REASSIGN OWNED BY sales_team TO stranger', qr/MD501.*team of domain "sales".*set_domain_owner/s);
refused('REASSIGN OWNED BY stranger TO sales_port', qr/MD501.*cannot reassign anything to role "sales_port"/s);
refused('DROP OWNED BY sales_port CASCADE', qr/MD501/);
passes('CREATE TABLE public.t (id integer); ALTER TABLE public.t OWNER TO stranger; REASSIGN OWNED BY stranger TO alice; DROP TABLE public.t');
passes(q{CREATE TABLE sales_internal.side (id integer); ALTER TABLE sales_internal.side OWNER TO alice}, 'somebody of the team owns a table');
refused('REASSIGN OWNED BY alice TO stranger', qr/MD501.*sales_internal\.side would belong to role "stranger"/s);
passes('REASSIGN OWNED BY alice TO sales_team; DROP TABLE sales_internal.side');

# ---- TRUNCATE ----
refused("TRUNCATE $release", qr/MD501.*it holds releases of domain "sales"/s);
refused('TRUNCATE sales_releases.orders_v1', qr/MD501.*cannot truncate/s, 'by way of the parent');
refused('TRUNCATE datamesh.product CASCADE', qr/MD501.*cannot truncate table "datamesh\.product"/s);
refused('CREATE TABLE public.side (id integer REFERENCES datamesh.product); TRUNCATE datamesh.contract CASCADE', qr/MD501/, 'by CASCADE');
like(error_of('BEGIN; TRUNCATE sales_internal.live; ROLLBACK'), qr/WARNING.*live data product "sales\.live" reads table "sales_internal\.live".*executive, marketing/s, 'a live source is warned of');
passes('BEGIN; TRUNCATE sales_internal.orders; ROLLBACK', 'a source that is copied is the team\'s own');
is($node->safe_psql('mesh', 'SET ROLE executive; SELECT (SELECT count(*) FROM sales.orders) + (SELECT count(*) FROM sales.live)'), '4', 'all is still there');

# ---- the guard itself ----
refused("ALTER EVENT TRIGGER datamesh_guard_start $_", qr/MD501.*datamesh_guard_start/s) for ('DISABLE', 'ENABLE', 'ENABLE REPLICA', 'RENAME TO x');
passes('ALTER EVENT TRIGGER datamesh_guard_start ENABLE ALWAYS');
refused('DROP EVENT TRIGGER datamesh_guard_start', qr/extension datamesh requires it/);
refused('ALTER EXTENSION datamesh DROP EVENT TRIGGER datamesh_guard_start', qr/MD501.*take objects out of extension/s);
refused("ALTER TABLE datamesh.event_log $_", qr/MD501.*change when triggers of table "datamesh\.event_log" fire/s)
  for ('DISABLE TRIGGER event_log_guard', 'DISABLE TRIGGER ALL', 'DISABLE TRIGGER USER', 'ENABLE REPLICA TRIGGER event_log_guard', 'ENABLE TRIGGER ALL');
refused('DROP TRIGGER guard_changed ON datamesh.port', qr/MD501.*cannot drop trigger "guard_changed" of table "datamesh\.port"/s);
passes('SET session_replication_role = replica; BEGIN; CREATE TABLE public.u (id integer); ROLLBACK');
refused('SET session_replication_role = replica; DROP VIEW sales.orders', qr/MD501/, 'a replica is guarded as well');
refused('SET session_replication_role = replica; GRANT sales_team TO executive', qr/MD503/, 'and here');
passes('CREATE TABLE public.t (id integer); ALTER TABLE public.t DISABLE TRIGGER ALL; DROP TABLE public.t');

# ---- it is in nobody's way ----
is(error_of("BEGIN; SELECT 1/0; GRANT sales_team TO executive; ROLLBACK; SELECT 1", 'mesh', '-v', 'ON_ERROR_STOP=0') =~ /MD5/ ? 'looked' : 'silent', 'silent', 'nothing is looked up in a transaction that failed');
passes("BEGIN; SAVEPOINT s; GRANT sales_team TO bob; ROLLBACK TO s; PREPARE p AS SELECT 1; EXECUTE p; DEALLOCATE p; ROLLBACK");
is(error_of('GRANT sales_team TO executive; REVOKE sales_team FROM executive', 'plain'), '', 'a database without the extension knows of no mesh');
is(error_of('ALTER DATABASE plain SET session_replication_role = replica; TRUNCATE pg_catalog.pg_description', 'plain') =~ /MD5/ ? 'guarded' : 'silent', 'silent', 'nor of anything else of it');
$node->safe_psql('postgres', 'ALTER DATABASE plain RESET ALL');

# ---- the glass ----
my $events = "SELECT count(*) FROM datamesh.events WHERE kind = 'break_glass'";
is($node->safe_psql('mesh', $events), '0', 'nobody has broken the glass');
like(error_of('SET datamesh.break_glass = on; GRANT sales_team TO executive; REVOKE sales_team FROM executive'),
	qr/NOTICE.*let pass by datamesh\.break_glass: cannot grant role "sales_team"/s, 'a superuser breaks it');
like(error_of('SET datamesh.break_glass = on; BEGIN; ALTER TABLE datamesh.event_log DISABLE TRIGGER ALL; ALTER TABLE datamesh.event_log ENABLE ALWAYS TRIGGER event_log_guard; COMMIT'), qr/NOTICE/);
like(error_of("SET datamesh.break_glass = on; BEGIN; TRUNCATE $release; ROLLBACK"), qr/NOTICE.*let pass.*truncate/s);
like(error_of("SET datamesh.break_glass = on; ALTER SYSTEM RESET shared_preload_libraries"), qr/NOTICE/);
is($node->safe_psql('mesh', "SELECT string_agg(details ->> 'command', ',' ORDER BY event_id) FROM datamesh.events WHERE kind = 'break_glass'"),
	'GRANT ROLE,ALTER TABLE,ALTER SYSTEM', 'and the event log tells of what was done, not of what was rolled back');
refused('SET datamesh.break_glass = on; SET SESSION AUTHORIZATION platform; GRANT sales_team TO platform', qr/MD503/, 'the glass is for superusers');
is($node->safe_psql('mesh', 'SELECT count(*) FROM datamesh.verify_event_log()'), '0', 'the log verifies');

$node->append_conf('postgresql.conf', "shared_preload_libraries = 'datamesh'");

# ---- restore, pg_upgrade, single-user mode, DROP EXTENSION ----
$node->command_ok([ 'pg_dump', '-d', $node->connstr('mesh'), '-f', "$dir/mesh.sql" ], 'pg_dump');
$node->command_ok([ 'pg_dump', '-Fc', '--data-only', '-n', 'datamesh', '-e', 'datamesh', '-d', $node->connstr('mesh'), '-f', "$dir/data" ], 'pg_dump of the rows alone');
$node->command_ok([ 'pg_dumpall', '-g', '-d', $node->connstr('mesh'), '-f', "$dir/globals.sql" ], 'pg_dumpall -g');
{
	my ($rc, $out, $err) = $node->psql('mesh', slurp_file("$dir/globals.sql"));
	unlike($err, qr/cannot (grant|give|set)/, 'roles are restored into the cluster that has them');
}
$node->safe_psql('postgres', "CREATE DATABASE $_") for qw(copy rows);
$node->command_ok([ 'psql', '-XqAt', '-v', 'ON_ERROR_STOP=1', '-d', $node->connstr('copy'), '-f', "$dir/mesh.sql" ], 'a dump is restored');
like(error_of('GRANT sales_team TO executive', 'copy'), qr/MD503/, 'and guarded from then on');
$node->safe_psql('rows', 'CREATE EXTENSION datamesh CASCADE');
$node->command_ok([ 'pg_restore', '--disable-triggers', '--exit-on-error', '-d', $node->connstr('rows'), "$dir/data" ], 'rows alone, their triggers disabled');
like(error_of('TRUNCATE datamesh.product CASCADE', 'rows'), qr/MD501/, 'and guarded in the next session');

$node->stop;
system_or_bail('pg_ctl', '-w', '-s', '-D', $node->data_dir, '-l', $node->logfile, '-o', '-b', 'start');
is(error_of('GRANT sales_team TO executive; REVOKE sales_team FROM executive; ALTER EVENT TRIGGER datamesh_guard_start DISABLE; ALTER EVENT TRIGGER datamesh_guard_start ENABLE ALWAYS'), '', 'pg_upgrade is not guarded');
system_or_bail('pg_ctl', '-w', '-s', '-D', $node->data_dir, '-m', 'fast', 'stop');
my ($single, $said);
IPC::Run::run([ 'postgres', '--single', '-D', $node->data_dir, 'mesh' ], '<',
	\"GRANT sales_team TO executive;\nREVOKE sales_team FROM executive;\n", '>', \$single, '2>', \$said);
unlike($said, qr/MD5|cannot grant|ERROR/, 'nor is single-user mode');
$node->start;
passes('CREATE TABLE public.t (id integer); DROP TABLE public.t');
like($node->safe_psql('mesh', 'SHOW shared_preload_libraries'), qr/^datamesh$/, 'still preloaded');
is(error_of('DROP EXTENSION datamesh CASCADE', 'copy', '-v', 'VERBOSITY=terse') =~ /ERROR/ ? 'error' : '', '', 'DROP EXTENSION');
is(error_of('GRANT sales_team TO executive; REVOKE sales_team FROM executive', 'copy'), '', 'and what was guarded is guarded no more');

$node->stop;
done_testing();
