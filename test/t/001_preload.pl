# The library can be preloaded, and everything works with and without it: hooks are optional, and a
# cluster that names datamesh in shared_preload_libraries must start and answer.
use strict;
use warnings;
use FindBin;
use lib "$FindBin::RealBin/../lib";
use Mesh ();
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

my $node = Mesh::cluster('preload');
$node->start;
$node->safe_psql('postgres', 'CREATE EXTENSION datamesh CASCADE');
my $version = $node->safe_psql('postgres',
	"SELECT extversion FROM pg_extension WHERE extname = 'datamesh'");
like($version, qr/^\d+\.\d+\.\d+$/, 'the extension works without being preloaded');

$node->append_conf('postgresql.conf', "shared_preload_libraries = 'datamesh'");
$node->restart;
is( $node->safe_psql('postgres', 'SHOW datamesh.sample_keys'),
	'5', 'its settings are there before anything of it was called');
is( $node->safe_psql('postgres',
		"SELECT extversion FROM pg_extension WHERE extname = 'datamesh'"),
	$version, 'the extension works when preloaded');

$node->stop;
done_testing();
