# A preloaded server remembers who reads what, and the review names who does not; without it nothing is called unused.
use strict;
use warnings;
use FindBin;
use lib "$FindBin::RealBin/../lib";
use Mesh ();
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

my $node = Mesh::cluster('use');
$node->append_conf('postgresql.conf', "fsync = off\nautovacuum = off");
$node->start;
$node->safe_psql('postgres', q{
CREATE ROLE sales_team LOGIN;
CREATE ROLE marketing_team LOGIN;
CREATE ROLE analyst LOGIN;
CREATE ROLE ann LOGIN IN ROLE marketing_team;
CREATE EXTENSION datamesh CASCADE;
CALL datamesh.create_domain('sales', owner => 'sales_team');
CALL datamesh.create_domain('marketing', owner => 'marketing_team');
SET ROLE sales_team;
CREATE TABLE sales_internal.orders (id integer PRIMARY KEY);
INSERT INTO sales_internal.orders SELECT generate_series(1, 10);
CALL datamesh.load_contract($y$
apiVersion: v3.1.0
kind: DataContract
id: orders
name: orders
domain: sales
version: 1.0.0
status: active
roles: [{role: marketing, access: read}]
servers: [{server: s, type: postgres, host: h, port: 5432, database: d, schema: sales_internal}]
schema: [{name: orders, physicalName: orders, properties: [{name: id, required: true, unique: true}]}]
$y$);
});
$node->safe_psql('postgres', q{SET ROLE sales_team; CALL datamesh.publish('sales.orders')});
$node->safe_psql('postgres', q{SET ROLE analyst; CALL datamesh.request_access('sales.orders', 'to count', until => '2100-01-01')});
$node->safe_psql('postgres', q{SET ROLE sales_team; CALL datamesh.approve(1)});

# role, and whether the server has seen it read
sub unused
{
	my ($role) = @_;
	return $node->safe_psql('postgres', "SET ROLE $role; " .
		q{SELECT role, figures ->> 'basis', figures ? 'used', mend FROM datamesh.access_review('sales.orders', older_than => '0 days') WHERE finding = 'unused' ORDER BY role});
}

$node->safe_psql('postgres', 'SELECT count(*) FROM sales.orders', extra_params => [ '-U', 'analyst' ]);
is(unused('sales_team'), '', 'without preload nobody is called unused');

$node->append_conf('postgresql.conf', "shared_preload_libraries = 'datamesh'");
$node->restart;
is(unused('sales_team'),
	"analyst|grant|f|CALL datamesh.revoke_access('sales.orders', 'analyst')\n"
	  . "marketing_team|contract|f|-- publish a version of the contract that does not name it, if it is needed no more",
	'nobody has read since the start');
is($node->safe_psql('postgres', q{SET ROLE sales_team; SELECT count(*) FROM datamesh.access_review('sales.orders', older_than => '1 day') WHERE finding = 'unused'}),
	'0', 'a server that has just been started calls nothing unused for a day');

$node->safe_psql('postgres', 'SELECT count(*) FROM sales.orders', extra_params => [ '-U', 'analyst' ]);
like(unused('sales_team'), qr/^analyst\|grant\|t\|.*\nmarketing_team\|contract\|f\|/, 'a grant that was used');
$node->safe_psql('postgres', 'BEGIN READ ONLY; SELECT count(*) FROM sales.orders_v1; COMMIT', extra_params => [ '-U', 'ann' ]);
like(unused('sales_team'), qr/^analyst\|grant\|t\|.*\nmarketing_team\|contract\|t\|/, 'a member reads for its role, in a read-only transaction');
$node->safe_psql('postgres', 'SELECT count(*) FROM sales.orders', extra_params => [ '-U', 'sales_team' ]);
unlike(unused('sales_team'), qr/sales_team/, 'the owner is nobody to be reviewed');

is($node->safe_psql('postgres', q{SELECT used IS NULL AND since IS NULL FROM datamesh.last_use(-1, 10)}, extra_params => [ '-U', 'ann' ]),
	't', 'a product that there is not');
is($node->safe_psql('postgres', q{SELECT used IS NULL, since IS NULL FROM datamesh.last_use(1, 'analyst'::regrole)}, extra_params => [ '-U', 'ann' ]),
	't|t', 'others are told nothing');
is($node->safe_psql('postgres', q{SELECT used IS NULL, since IS NULL FROM datamesh.last_use(1, 'analyst'::regrole)}, extra_params => [ '-U', 'analyst' ]),
	'f|f', 'the role itself is');
$node->stop;
done_testing();
