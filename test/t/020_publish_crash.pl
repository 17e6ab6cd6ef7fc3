# A publish that is killed between any two of its steps leaves the old release readable and nothing
# half-made; one that is cancelled ends at once and says so in its report; and while it runs others
# see how far it is, and go on reading.
use strict;
use warnings;
use IPC::Run;
use FindBin;
use lib "$FindBin::RealBin/../lib";
use Mesh ();
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;
use Time::HiRes qw(sleep);

my $node = Mesh::cluster('publish');
$node->append_conf('postgresql.conf', "restart_after_crash = on\nautovacuum = off\n");
$node->start;

sub contract
{
	my ($product, $version, $columns, $rules) = @_;
	return <<"END";
CALL datamesh.load_contract(\$doc\$
apiVersion: v3.1.0
kind: DataContract
id: x
status: active
version: $version
domain: sales
name: $product
schema:
- name: $product
  physicalName: $product
  properties: [$columns]
  quality: [$rules]
servers: [{server: s, type: postgres, host: h, port: 5432, database: d, schema: sales_internal}]
\$doc\$);
END
}

my $slow_check = "{type: sql, name: slow, query: 'SELECT count(*) FROM sales_internal.pause', mustBeGreaterOrEqualTo: 0}";
$node->safe_psql('postgres', <<'END' . contract('t', '1.0.0', '{name: id}, {name: stage}', '') . contract('u', '1.0.0', '{name: id}', '') . contract('checked', '1.0.0', '{name: id}', $slow_check));
CREATE EXTENSION datamesh CASCADE;
CREATE ROLE team LOGIN;
CREATE ROLE stranger LOGIN;
CALL datamesh.create_domain('sales', 'team');
SET ROLE team;
CREATE TABLE sales_internal.base (id integer, stage text);
INSERT INTO sales_internal.base SELECT i, 'old' FROM generate_series(1, 5000) i;
-- how long each row of the source takes, and each check
CREATE TABLE sales_internal.pace (row_seconds float8, check_seconds float8);
INSERT INTO sales_internal.pace VALUES (0, 0);
CREATE FUNCTION sales_internal.wait(seconds float8) RETURNS boolean LANGUAGE plpgsql VOLATILE AS
$$ BEGIN IF seconds > 0 THEN PERFORM pg_sleep(seconds); END IF; RETURN true; END $$;
CREATE VIEW sales_internal.t AS SELECT b.id, b.stage, 'more'::text AS extra FROM sales_internal.base b, sales_internal.pace p
WHERE sales_internal.wait(CASE WHEN b.id > 2000 THEN p.row_seconds ELSE 0 END);
CREATE VIEW sales_internal.pause AS SELECT FROM sales_internal.pace WHERE sales_internal.wait(check_seconds);
CREATE TABLE sales_internal.u AS SELECT 1 AS id;
CREATE TABLE sales_internal.checked AS SELECT 1 AS id;
END
$node->safe_psql('postgres', "CALL datamesh.publish('sales.$_')") for qw(t u checked);

my @sessions;

# A session that stays; what it is told to do it does in the background.
sub session
{
	my ($in, $out) = ('', '');
	my $handle = IPC::Run::start(
		[ 'psql', '-X', '-q', '-A', '-t', '-d', $node->connstr('postgres') ],
		'<', \$in, '>', \$out, '2>', \$out, IPC::Run::timeout(120));
	my $session = { in => \$in, out => \$out, handle => $handle };
	push @sessions, $session;
	return $session;
}

sub order
{
	my ($session, $sql) = @_;
	${ $session->{in} } .= "$sql\n";
	$session->{handle}->pump_nb;
}

sub answer
{
	my ($session, $pattern) = @_;
	$session->{handle}->pump until ${ $session->{out} } =~ $pattern;
	return ${ $session->{out} };
}

sub leave
{
	my ($session) = @_;
	eval { ${ $session->{in} } .= "\\q\n"; $session->{handle}->finish; };
	return ${ $session->{out} };
}

sub wait_for_phase
{
	my ($phase) = @_;
	return $node->poll_query_until('postgres', "SELECT count(*) = 1 FROM datamesh.progress WHERE phase = '$phase'");
}

sub publisher_pid
{
	return $node->safe_psql('postgres', 'SELECT pid FROM datamesh.progress');
}

sub set_pace
{
	$node->safe_psql('postgres', "UPDATE sales_internal.pace SET row_seconds = $_[0], check_seconds = $_[1]");
}

my $state = <<'END';
SELECT (SELECT string_agg(DISTINCT stage, ',') || ' ' || count(*) FROM sales.t),
       (SELECT count(*) FROM sales.u), (SELECT count(*) FROM sales.checked),
       (SELECT count(*) FROM pg_class WHERE relnamespace = 'sales_releases'::regnamespace AND relkind IN ('r', 'p')),
       (SELECT count(*) FROM pg_class WHERE relnamespace = 'sales'::regnamespace),
       (SELECT string_agg(product || '=' || version, ' ' ORDER BY product) FROM datamesh.ports),
       (SELECT count(*) FROM datamesh.releases), (SELECT count(*) FROM datamesh.verify_event_log()),
       (SELECT count(*) FROM datamesh.progress)
END

sub kill_and_recover
{
	my $pid = publisher_pid();
	kill 'KILL', $pid;
	leave($_) for splice @sessions;
	$node->poll_query_until('postgres', 'SELECT NOT pg_is_in_recovery()') or die 'no recovery';
}

# ---- killed
my $before = $node->safe_psql('postgres', $state);
$node->safe_psql('postgres', "UPDATE sales_internal.base SET stage = 'new'");
set_pace(0.01, 0);
my $publisher = session();
order($publisher, "CALL datamesh.publish('sales.t');");
ok(wait_for_phase('copying and measuring'), 'a publish that copies');
$node->poll_query_until('postgres', 'SELECT rows_done >= 2000 FROM datamesh.progress');
kill_and_recover();
is($node->safe_psql('postgres', $state), $before, 'killed while it copies');

set_pace(0, 60);
$publisher = session();
order($publisher, "CALL datamesh.publish('sales.checked');");
ok(wait_for_phase('checking'), 'a publish that checks');
kill_and_recover();
is($node->safe_psql('postgres', $state), $before, 'killed while it checks');

set_pace(0, 0);
$node->safe_psql('postgres', contract('t', '1.1.0', '{name: id}, {name: stage}, {name: extra}', ''));
my $reader = session();
order($reader, 'BEGIN; SELECT count(*) FROM sales.t;');
answer($reader, qr/5000/);
$publisher = session();
order($publisher, "CALL datamesh.publish('sales.t');");
ok(wait_for_phase('waiting for readers'), 'a publish that waits for readers');
kill_and_recover();
is($node->safe_psql('postgres', $state), $before, 'killed before the switch');

# everything is written, and the event waits for its turn
my $holder = session();
order($holder, "BEGIN; CALL datamesh.publish('sales.u'); SELECT 'held';");
answer($holder, qr/held/);
$publisher = session();
order($publisher, "CALL datamesh.publish('sales.t', '1.0.0');");
ok(wait_for_phase('switching'), 'a publish that has switched');
$node->poll_query_until('postgres',
	"SELECT count(*) = 1 FROM pg_locks WHERE NOT granted AND relation = 'datamesh.event_log_head'::regclass");
kill_and_recover();
is($node->safe_psql('postgres', $state), $before, 'killed after the switch, before the commit');

# ---- the same again, cancelled and terminated
set_pace(0.01, 0);
$publisher = session();
order($publisher, "CALL datamesh.publish('sales.t', '1.0.0');");
wait_for_phase('copying and measuring');
$node->poll_query_until('postgres', 'SELECT rows_done >= 2000 FROM datamesh.progress');
my $seen = $node->safe_psql('postgres',
	"SET ROLE stranger; SELECT product, rows_done BETWEEN 2000 AND 5000, rows_expected > 0, started <= now() FROM datamesh.progress");
is($seen, 'sales.t|t|t|t', 'anybody sees what is running, and how far it is');
$node->safe_psql('postgres', 'SELECT pg_cancel_backend(' . publisher_pid() . ')');
like(answer($publisher, qr/ERROR/), qr/canceling statement due to user request/, 'cancelled');
leave($publisher);
is($node->safe_psql('postgres', $state), $before, 'cancelled while it copies: nothing is left');
is( $node->safe_psql('postgres',
		"SELECT outcome, report #>> '{error,sqlstate}' FROM datamesh.reports WHERE product = 'sales.t' ORDER BY report_id DESC LIMIT 1"),
	'failed|57014', 'and the report says so');
splice @sessions;

$publisher = session();
order($publisher, "CALL datamesh.publish('sales.t', '1.0.0');");
wait_for_phase('copying and measuring');
$node->safe_psql('postgres', 'SELECT pg_terminate_backend(' . publisher_pid() . ')');
$node->poll_query_until('postgres', 'SELECT count(*) = 0 FROM datamesh.progress');
leave($_) for splice @sessions;
is($node->safe_psql('postgres', $state), $before, 'terminated: nothing is left');

# ---- a second publish of the product waits, and says for what
$publisher = session();
order($publisher, "CALL datamesh.publish('sales.t', '1.0.0');");
wait_for_phase('copying and measuring');
my $second = session();
order($second, "CALL datamesh.publish('sales.t', '1.0.0');");
ok(wait_for_phase('waiting for another publish'), 'the second publish waits');
$node->safe_psql('postgres', 'SELECT pg_cancel_backend(pid) FROM datamesh.progress');
like(answer($_, qr/ERROR/), qr/canceling statement/, 'both can be cancelled') for $publisher, $second;
leave($_) for splice @sessions;

# ---- a change of shape waits for a reader, and makes nobody wait behind it
set_pace(0, 0);
$reader = session();
order($reader, 'BEGIN; SELECT count(*) FROM sales.t;');
answer($reader, qr/5000/);
$publisher = session();
order($publisher, "SET datamesh.switch_timeout = 0; CALL datamesh.publish('sales.t'); SELECT 'published';");
wait_for_phase('waiting for readers');
for my $try (1 .. 20)
{
	my ($rc, $out, $err) = $node->psql('postgres', "SET statement_timeout = '5s'; SELECT min(stage) FROM sales.t");
	is($out, 'old', 'a new reader is not held up') if $rc || $try == 20;
	sleep 0.02;
}
order($reader, 'COMMIT;');
like(answer($publisher, qr/published|ERROR/), qr/published/, 'when the reader has gone the port changes');
is($node->safe_psql('postgres', 'SELECT stage, extra, count(*) FROM sales.t GROUP BY 1, 2'), 'new|more|5000', 'and shows the new column');
leave($_) for splice @sessions;

$node->stop;
done_testing();
