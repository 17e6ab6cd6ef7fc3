# Every attack, carried out as the attacker would, and nothing may leak.
#
# attacks/*.sql are scripts for psql. Each is run in a copy of the mesh that mesh.sql makes, with errors, notices
# and contexts in full, and everything that comes back is searched for the secrets of secrets.txt. The first lines of
# a script say how:
#
#	-- as: ROLE			who connects (a script may \connect as others)
#	-- says: REGEX		what must be found in the answer; any number of such lines
#	-- silent: REGEX	what must not be found, beyond the secrets; any number
#	-- control: ROLE	run by this role the same script must show a secret: so the attack can succeed
#	-- control: no, WHY	there is no such role
#	-- preload: yes|no	only with, or only without, the library preloaded
#
# All of it is done twice: as CREATE EXTENSION leaves a server, and with shared_preload_libraries.
# Arguments name the attacks to run, by the beginning of their names.
use strict;
use warnings;
use FindBin;
use lib "$FindBin::RealBin/../lib";
use Mesh ();
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

my $here = "$ENV{DATAMESH_ROOT}/test/security";

sub secrets
{
	my @lines = grep { !/^\s*(#|$)/ } split /\n/, slurp_file("$here/secrets.txt");
	return map { qr/$_/i } @lines;
}

sub attack
{
	my ($file) = @_;
	my $text = slurp_file($file);
	my %attack = (file => $file, says => [], silent => [], preload => '');
	($attack{name}) = $file =~ m{([^/]+)\.sql$};
	foreach my $line (split /\n/, $text)
	{
		last if $line !~ /^--/;
		next if $line !~ /^-- (as|says|silent|control|preload): (.*)$/;
		if ($1 eq 'says' || $1 eq 'silent') { push @{ $attack{$1} }, $2 }
		else { $attack{$1} = $2 }
	}
	die "$file does not say who attacks" if !defined $attack{as};
	die "$file does not say what the control is" if !defined $attack{control};
	return \%attack;
}

# All that comes back when a role runs the script in a copy of the mesh.
sub answer
{
	my ($node, $attack, $role) = @_;
	my ($out, $err);
	local %ENV = (%ENV, PGOPTIONS => '-c client_min_messages=log -c statement_timeout=120s');

	$node->safe_psql('postgres', 'CREATE DATABASE attacked TEMPLATE mesh');
	my $done = IPC::Run::run(
		[ 'psql', '-X', '-a', '-d', $node->connstr('attacked') . " user=$role",
			'-v', 'VERBOSITY=verbose', '-v', 'SHOW_CONTEXT=always', '-v', "role=$role", '-f', $attack->{file} ],
		'>', \$out, '2>', \$err);
	$node->safe_psql('postgres', 'DROP DATABASE attacked WITH (FORCE)');
	$err =~ s/^LINE \d+: .*$//mg;
	return ($done, answer_without_script($out, $attack->{file}) . $err);
}

# psql -a repeats the script, so that one sees in a failure where it was; what an attacker typed himself is no leak.
sub answer_without_script
{
	my ($out, $file) = @_;
	my %typed = map { $_ => 1 } split /\n/, slurp_file($file);
	return join('', map { "$_\n" } grep { !$typed{$_} } split(/\n/, $out));
}

sub leaks
{
	my ($text, @secrets) = @_;
	return grep { $text =~ $_ } @secrets;
}

sub run_attack
{
	my ($node, $attack, $preload, @secrets) = @_;
	my $name = "$attack->{name} (preload: $preload)";
	my ($done, $text) = answer($node, $attack, $attack->{as});
	my @leaked = leaks($text, @secrets);
	my @unsaid = grep { $text !~ /$_/m } @{ $attack->{says} };
	my @said = grep { $text =~ /$_/m } @{ $attack->{silent} };

	ok($done && !@leaked && !@unsaid && !@said, $name)
	  or diag("leaked: @leaked\nnot said: @unsaid\nsaid: @said\n$text");
	return if $attack->{control} =~ /^no\b/;

	($done, $text) = answer($node, $attack, $attack->{control});
	ok(leaks($text, @secrets) > 0, "$name: $attack->{control} sees a secret this way")
	  or diag($text);
}

my @secrets = secrets();
my @attacks = map { attack($_) } sort glob("$here/attacks/*.sql");
if (@ARGV)
{
	my $names = join '|', map { quotemeta } @ARGV;
	@attacks = grep { $_->{name} =~ /^(?:$names)/ } @attacks;
}
foreach my $preload ('no', 'yes')
{
	my @chosen = grep { $_->{preload} eq '' || $_->{preload} eq $preload } @attacks;
	my $node = Mesh::cluster("preload_$preload");
	$node->append_conf('postgresql.conf', "fsync = off\nautovacuum = off\nmax_parallel_workers_per_gather = 2\nlog_statement = none");
	$node->append_conf('postgresql.conf', "shared_preload_libraries = 'datamesh'") if $preload eq 'yes';
	$node->start;
	$node->safe_psql('postgres', 'CREATE DATABASE mesh');
	my ($rc, $out, $err) = $node->psql('mesh', slurp_file("$here/mesh.sql"), on_error_stop => 1);
	is($rc, 0, "the mesh stands (preload: $preload)") or BAIL_OUT($err);
	run_attack($node, $_, $preload, @secrets) foreach @chosen;
	$node->stop;
}
done_testing();
