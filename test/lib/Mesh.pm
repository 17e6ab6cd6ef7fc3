# Mesh.pm: what tests with clusters of their own share.
package Mesh;
use strict;
use warnings;
use Exporter 'import';
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;

our @EXPORT = qw(node error_of carry_roles carry_database);

# A new cluster, not started. Its superuser is called postgres, whoever runs the tests.
sub cluster
{
	my ($name, %how) = @_;
	my $node = PostgreSQL::Test::Cluster->new($name);
	$node->init(%how, extra => [ @{ $how{extra} // [] }, '-U', 'postgres' ]);
	$ENV{PGUSER} = 'postgres';
	return $node;
}

# A cluster that runs.
sub node
{
	my ($name) = @_;
	my $node = cluster($name);
	$node->append_conf('postgresql.conf', "fsync = off\nautovacuum = off");
	$node->start;
	return $node;
}

# What an open session (of background_psql) says to a query. Older test modules leave the end of a line, and the
# marks of their own.
sub said
{
	my ($session, $sql) = @_;
	return $session->query($sql) =~ s/^background_psql: QUERY_SEPARATOR\n?//mgr =~ s/\n\z//r;
}

# An error of a statement, or nothing.
sub error_of
{
	my ($node, $db, $sql) = @_;
	my ($rc, $out, $err) = $node->psql($db, $sql, extra_params => [ '-v', 'VERBOSITY=terse' ]);
	return $err;
}

# All roles of a cluster but its superuser, made in another, where they get other OIDs.
sub carry_roles
{
	my ($from, $to, $dir) = @_;
	my $superuser = $to->safe_psql('postgres', 'SELECT current_user');
	$from->command_ok([ 'pg_dumpall', '-g', '--no-role-passwords', '-d', $from->connstr('postgres'), '-f', "$dir/globals.sql" ],
		'the roles are dumped');
	my $globals = slurp_file("$dir/globals.sql");
	$globals =~ s/^(CREATE|ALTER) ROLE "?\Q$superuser\E"?[ ;].*$//mg;
	append_to_file("$dir/globals_to.sql", $globals);
	$to->safe_psql('postgres', join(';', map { "CREATE ROLE decoy$_" } 1 .. 40));
	$to->command_ok([ 'psql', '-XqAt', '-v', 'ON_ERROR_STOP=1', '-d', $to->connstr('postgres'), '-f', "$dir/globals_to.sql" ],
		'the roles are there');
}

# A plain dump, restored into a new database.
sub carry_database
{
	my ($node, $db, $file) = @_;
	$node->safe_psql('postgres', "CREATE DATABASE $db");
	$node->command_ok([ 'psql', '-XqAt', '-v', 'ON_ERROR_STOP=1', '-d', $node->connstr($db), '-f', $file ],
		"a plain dump restores into $db without an error");
}

1;
