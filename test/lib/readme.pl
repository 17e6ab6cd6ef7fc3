#!/usr/bin/perl
# readme.pl FILE...: do what a page tells people to do, and say in TAP whether it goes as it says.
#
# Blocks marked sql are typed into one psql session per page, in their order. A block marked text
# right after one is what must come out (white space at line ends aside); without one, nothing may
# be an error. Of blocks marked sh each line is run if it is about make (without sudo: the test
# installs into a private copy of PostgreSQL), and scripts are asked for their --help.
use strict;
use warnings;

my $number = 0;
my $failed = 0;

sub report
{
	my ($ok, $name, @why) = @_;
	$number++;
	$failed++ unless $ok;
	print $ok ? '' : 'not ', "ok $number - $name\n";
	print "# $_\n" for $ok ? () : map { split /\n/ } @why;
}

# The blocks of a page: [language, line number, text].
sub blocks
{
	my ($file) = @_;
	my (@blocks, $current);
	open my $in, '<', $file or die "readme.pl: cannot read $file: $!\n";
	while (my $line = <$in>)
	{
		if ($line =~ /^```(\w*)/)
		{
			if ($current) { $current = undef }
			else { push @blocks, $current = [ $1, $., '' ] }
		}
		elsif ($current) { $current->[2] .= $line }
	}
	return @blocks;
}

sub tidy
{
	my ($text) = @_;
	$text =~ s/[ \t]+$//mg;
	$text =~ s/\n{2,}/\n/g;
	$text =~ s/^\n+|\n+$//g;
	return $text;
}

# One session for all SQL of a page; the answers come back block by block.
sub run_sql
{
	my (@texts) = @_;
	my $script = ($ENV{TMPDIR} // '/tmp') . "/readme.$$.sql";
	open my $out, '>', $script or die "readme.pl: cannot write $script: $!\n";
	print $out "$_\n\\echo ==next==\n" for @texts;
	close $out;
	my $said = `psql -Xq <'$script' 2>&1`;
	unlink $script;
	return split /^==next==\n/m, $said, -1;
}

# What make said that is worth reading when it failed: not the tests that passed, nor the lists of
# their names; and of a regression test what came instead.
sub what_failed
{
	my ($said) = @_;
	my @lines = grep { !/\.\.\. ok\b|^ok \d|^# ?[=+]|^=====|pg_(?:isolation_)?regress / } split /\n/, $said;
	splice @lines, 0, @lines - 60 if @lines > 60;
	for my $diffs (grep { -s } qw(regression.diffs output_iso/regression.diffs))
	{
		open my $in, '<', $diffs or next;
		my @diff = grep { defined } map { scalar <$in> } 1 .. 200;
		push @lines, map { chomp; $_ } @diff;
	}
	return @lines;
}

sub run_shell
{
	my ($file, $line, $command) = @_;
	$command =~ s/\bsudo //g;
	$command =~ s/\s+#.*//;
	if ($command =~ /^make\b/)
	{
		unlink qw(regression.diffs output_iso/regression.diffs);
		my $said = `$command 2>&1`;
		report($? == 0, "$file:$line: $command", what_failed($said));
	}
	elsif ($command =~ /^(?:bash )?(\S+\.sh)\b/)
	{
		my $script = $1;
		my $said = `bash $script --help 2>&1`;
		my $name = (split m{/}, $script)[-1];
		report($? == 0 && index($said, $name) >= 0, "$file:$line: $script is there", $said);
	}
}

for my $file (@ARGV)
{
	my @blocks = blocks($file);
	for my $block (grep { $_->[0] eq 'sh' } @blocks)
	{
		run_shell($file, $block->[1], $_) for grep { /\S/ } split /\n/, $block->[2];
	}

	my @sql = grep { $blocks[$_][0] eq 'sql' } 0 .. $#blocks;
	my @said = run_sql(map { $blocks[$_][2] } @sql);
	for my $i (0 .. $#sql)
	{
		my (undef, $line, $text) = @{ $blocks[ $sql[$i] ] };
		my $next = $sql[$i] < $#blocks ? $blocks[ $sql[$i] + 1 ] : ['', 0, ''];
		my $name = "$file:$line: " . substr($text =~ s/\s+/ /gr, 0, 50);
		my $answer = tidy($said[$i] // 'no answer: the session ended before');
		if ($next->[0] eq 'text')
		{
			my $expected = tidy($next->[2]);
			report($answer eq $expected, $name, "expected:", $expected, "came:", $answer);
		}
		else { report($answer !~ /^(?:ERROR|FATAL|PANIC):/m && defined $said[$i], $name, $answer) }
	}
}
print "1..$number\n";
exit($failed ? 1 : 0);
