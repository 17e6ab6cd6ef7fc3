# The key of keyed masks: where it is and where it is not, how its file is protected, what each trouble with
# it does (never another hash, never an unmasked value), and that a dump carries everything but the key.
# The digests are computed a second time here, with Perl's own HMAC.
use strict;
use warnings;
use Digest::SHA qw(hmac_sha256_hex);
use FindBin;
use lib "$FindBin::RealBin/../lib";
use Mesh ();
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

my $node = Mesh::cluster('mask_key');
$node->append_conf('postgresql.conf', "fsync = off\nautovacuum = off\nlog_statement = all\nlog_min_messages = debug1");
$node->start;
my $file = $node->data_dir . '/datamesh_mask.key';

sub sql { return $node->safe_psql('postgres', shift) }

sub error_of
{
	my ($rc, $out, $err) = $node->psql('postgres', shift, extra_params => [ '-v', 'VERBOSITY=verbose' ]);
	return $err;
}

sub digest_of
{
	my ($key, $purpose, $policy, $context, $value) = @_;
	return hmac_sha256_hex($purpose . pack('N', length $policy) . $policy . pack('N', length $context) . $context . $value, $key);
}

sub put_file
{
	my ($content, $mode) = @_;
	unlink $file;
	open(my $handle, '>', $file) or die $!;
	chmod $mode, $file;
	print $handle $content;
	close $handle;
}

sql('CREATE EXTENSION datamesh CASCADE');
ok(!-e $file, 'installing makes no key');
sql('CALL datamesh.rotate_key()');
is(sprintf('%04o', (stat $file)[2] & 07777), '0600', 'the file is for the server alone');
ok(!-e "$file.new", 'and nothing is left beside it');
my ($hex) = slurp_file($file) =~ /^([0-9a-f]{64})$/m;
ok(defined $hex, 'it holds a key of 32 bytes');

# A person's own computation
my $key = pack('H*', $hex);
is(sql("SELECT datamesh.mask_hash('ann', 'p')"), digest_of($key, 'h', 'p', '', 'ann'), 'mask_hash is the documented HMAC');
is( sql("SELECT datamesh.mask_pseudonym(5::bigint, 'p', 'm')"),
	hex(substr(digest_of($key, 'p', 'p', 'm', pack('NN', 0, 5)), 0, 16)) >> 1,
	'and so is a pseudonym');
is(sql('SELECT key_id FROM datamesh.mask_keys'), substr(hmac_sha256_hex('datamesh mask key', $key), 0, 16), 'and the id');

# One session meets each trouble: the cached key helps nobody round it
my $session = $node->background_psql('postgres', on_error_stop => 0);
my $mask = "SELECT datamesh.mask_hash('ann', 'p')";
my $before = Mesh::said($session, $mask);
is($before, sql($mask), 'two sessions mask alike');
for my $mode (0640, 0604, 0660)
{
	chmod $mode, $file;
	is(Mesh::said($session, $mask), '', sprintf('with permissions %04o nothing is masked', $mode));
	like(error_of($mask), qr/MD302.*may be read or written by others.*DETAIL: .*0600 or narrower/s, 'and the error says why');
}
chmod 0600, $file;
is(Mesh::said($session, $mask), $before, 'mended, the same session goes on');
my $content = slurp_file($file);
unlink $file;
is(Mesh::said($session, $mask), '', 'without the file nothing is masked');
like(error_of($mask), qr/MD302.*cannot be opened/s, 'and the error says so');
put_file("# nothing\n" . ('0' x 64) . "\n", 0600);
like(error_of($mask), qr/MD302.*does not hold key/s, 'another key is not used instead');
mkdir "$file.dir";
like(error_of("SET datamesh.mask_key_file = '$file.dir'; $mask"), qr/no regular file|cannot be opened|Is a directory/, 'a directory is no key');
put_file($content, 0400);
is(Mesh::said($session, $mask), $before, 'narrower permissions will do');
chmod 0600, $file;

# A rotation reaches open sessions; an unfinished file of a crash is in nobody's way
open(my $junk, '>', "$file.new"); print $junk "junk"; close $junk;
sql('CALL datamesh.rotate_key()');
ok(!-e "$file.new", 'what a crash left is cleared away');
isnt(Mesh::said($session, $mask), $before, 'the open session uses the new key at once');
is(Mesh::said($session, $mask), sql($mask), 'like every other');
like(slurp_file($file), qr/^\Q$content\E/, 'the key before is still there');
$session->quit;

# A query that began before a rotation ends with the key it began with
my $reader = $node->background_psql('postgres');
$reader->query_safe('BEGIN ISOLATION LEVEL REPEATABLE READ');
my $old = Mesh::said($reader, $mask);
sql('CALL datamesh.rotate_key()');
is(Mesh::said($reader, $mask), $old, 'a snapshot keeps its key');
$reader->query_safe('COMMIT');
isnt(Mesh::said($reader, $mask), $old, 'and the next one has the new key');
$reader->quit;

# Nothing but the file knows the keys
my @keys = slurp_file($file) =~ /^([0-9a-f]{64})$/mg;
is(scalar @keys, 3, 'three keys so far');
sql("CREATE ROLE port; CREATE TABLE people (name text); INSERT INTO people VALUES ('ann');
	CREATE VIEW port_view AS SELECT datamesh.mask_hash(name, 'it''s \"p\"') AS name FROM people; ALTER VIEW port_view OWNER TO port; GRANT SELECT ON people TO port;
	GRANT EXECUTE ON FUNCTION datamesh.mask_hash(text, datamesh.mask_policy) TO port;");
my $dump = $node->backup_dir . '.sql';
$node->command_ok([ 'pg_dump', '-f', $dump, '-d', $node->connstr('postgres') ], 'a dump is made');
my $everything = slurp_file($dump) . slurp_file($node->logfile) . sql('SELECT string_agg(s::text, chr(10)) FROM pg_settings s')
  . sql('SELECT string_agg(e::text, chr(10)) FROM datamesh.event_log e');
ok(!grep({ index(lc $everything, $_) >= 0 } @keys), 'no key in dump, log, settings and events');
ok(index($everything, $key) < 0, 'nor in binary');

# The dump restores the view with its policy reference, and the row that names the key
$node->safe_psql('postgres', 'CREATE DATABASE restored');
$node->command_ok([ 'psql', '-X', '-q', '-v', 'ON_ERROR_STOP=1', '-d', $node->connstr('restored'), '-f', $dump ], 'it restores');
is($node->safe_psql('restored', 'SELECT name FROM port_view'), sql('SELECT name FROM port_view'), 'the view masks as before');
my $other = Mesh::cluster('mask_key_elsewhere');
$other->start;
$other->safe_psql('postgres', 'CREATE ROLE port');
$other->command_ok([ 'psql', '-X', '-q', '-v', 'ON_ERROR_STOP=1', '-d', $other->connstr('postgres'), '-f', $dump ], 'and on another server');
my ($rc, $out, $err) = $other->psql('postgres', 'SELECT name FROM port_view');
like($err, qr/mask key file cannot be opened.*copy of the file/s, 'where the view is refused until the key is there');
is($out, '', 'and shows nothing');
$other->safe_psql('postgres', 'CALL datamesh.rotate_key()');
isnt($other->safe_psql('postgres', 'SELECT name FROM port_view'), sql('SELECT name FROM port_view'), 'or a new one is made');
$other->stop;

# After a restart, and with the file elsewhere
my $elsewhere = PostgreSQL::Test::Utils::tempdir . '/keys';
rename $file, $elsewhere;
$node->append_conf('postgresql.conf', "datamesh.mask_key_file = '$elsewhere'");
$node->restart;
is(sql($mask), digest_of(pack('H*', $keys[2]), 'h', 'p', '', 'ann'), 'the setting names the file');
$node->stop;
done_testing();
