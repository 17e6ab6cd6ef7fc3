#!/usr/bin/perl
# tap_count.pl FILE STATUS: what a file of TAP output says, as one line "passed failed skipped".
#
# STATUS is the exit status of the program that wrote it. A plan that is missing or not kept, and a
# program that failed although its tests did not, count as one failure more; lines that failed are
# shown on standard error.
use strict;
use warnings;
use TAP::Parser;

my ($file, $status) = @ARGV;
open my $in, '<', $file or die "tap_count.pl: cannot read $file: $!\n";
my $tap = do { local $/; <$in> // '' };
$tap = "# nothing\n" if $tap !~ /\S/;

my ($passed, $failed, $skipped) = (0, 0, 0);
my $parser = TAP::Parser->new({ tap => $tap });
my $explain = 0;    # the comments after a failure say why
while (my $result = $parser->next)
{
	print STDERR '        ', $result->as_string, "\n" if $result->is_comment && $explain;
	next unless $result->is_test;
	$explain = !$result->is_ok;
	if ($result->has_skip) { $skipped++ }
	elsif ($result->is_ok) { $passed++ }
	else { $failed++; print STDERR '    ', $result->as_string, "\n" }
}
if ($parser->skip_all)
{
	$skipped++;
	print STDERR '    skipped: ', $parser->skip_all, "\n";
}
if ($parser->parse_errors)
{
	$failed++;
	print STDERR "    $_\n" for $parser->parse_errors;
}
elsif ($status != 0 && $failed == 0)
{
	$failed++;
	print STDERR "    it ended with status $status",
	  $status == 124 ? ' (its time was up)' : '', "\n";
}
print "$passed $failed $skipped\n";
