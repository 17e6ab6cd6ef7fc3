#!/usr/bin/env bash
# demo_test.sh: the demo does what it says, in TAP.
#
# Files that are no orders are told apart before anything is built; the generated story and a small
# Online Retail file (gzipped, Windows line ends, Windows-1252, American dates) come to their end;
# neither an end nor an interruption leaves a process or a file behind.
set -u
cd "$(dirname "$0")/../.." || exit 1
demo=$PWD/scripts/demo.sh
box=$(mktemp -d "${TMPDIR:-/tmp}/demo.XXXXXX") || exit 1
export TMPDIR=$box/t
mkdir "$TMPDIR"
trap 'rm -rf "$box"' EXIT
number=0
header=InvoiceNo,StockCode,Description,Quantity,InvoiceDate,UnitPrice,CustomerID,Country

# check NAME COMMAND...: one TAP line.
check() {
	local name=$1
	shift
	number=$((number + 1))
	if "$@"; then
		echo "ok $number - $name"
	else
		echo "not ok $number - $name"
		sed 's/^/# /' "$box/out" | tail -n 40
	fi
}

run() { timeout -k 10 600 bash "$demo" "$@" >"$box/out" 2>&1; }

# refuses PATTERN ARGUMENTS...: it fails with these words, and has built nothing.
refuses() {
	local pattern=$1
	shift
	! run "$@" && grep -q -- "$pattern" "$box/out" && ! grep -q Building "$box/out"
}

says() { grep -q -- "$1" "$box/out"; }
headings() { [ "$(grep -cE '^[0-9]+\. ' "$box/out")" -ge "$1" ]; }
nothing_left() { [ -z "$(ls -A "$TMPDIR")" ] && [ -z "$(find /proc -maxdepth 2 -name exe -lname "$box/*" 2>/dev/null)" ]; }

# files that are no orders
printf 'a,b,c\n1,2,3\n' >"$box/other.csv"
echo "$header" >"$box/empty.csv"
echo "no gzip" >"$box/broken.csv.gz"
check 'a file that is not there' refuses 'there is no file' --orders "$box/missing.csv"
check 'a folder' refuses 'is a folder' --orders "$box"
check 'another header' refuses 'expected: InvoiceNo,StockCode' --orders "$box/other.csv"
check 'a header and nothing else' refuses 'no lines after its header' --orders "$box/empty.csv"
check 'a file that is no gzip' refuses 'no gzip file' --orders "$box/broken.csv.gz"
check 'no file named' refuses 'needs the name of a file' --orders
check 'an argument that it does not know' refuses 'what is "--order"' --order
check '--help' run --help
check '--help names --orders' says '--orders FILE'

# the generated story
check 'the story comes to its end' run
check 'in numbered steps' headings 11
check 'it says what the rule leaves out' says 'no_customer'
check 'it shows the refusal' says 'ERROR: .*customer_lifetime_value'
check 'it shows what a stranger gets' says 'permission denied'
check 'it ends with one SELECT as three people' grep -qE '^ +sales_team=> +marketing_team=> +supplier=>$' "$box/out"
check 'the owner reads names, marketing their ends, a stranger nothing' grep -qE 'Customer [0-9]+ .*C[*]{3}[0-9] ' "$box/out"
check 'and leaves nothing behind' nothing_left

# a small Online Retail file, made the way spreadsheets make them
{
	printf '%s\r\n' "$header"
	for i in $(seq 1 300); do
		printf '%d,8512%dA,"CAF\xc9, SET",%d,12/%d/2010 8:26,%d.55,%s,United Kingdom\r\n' \
			$((536000 + i)) $((i % 9)) $((i % 7 + 1)) $((i % 28 + 1)) $((i % 5 + 1)) $((17000 + i % 40)).0
	done
	printf 'C536999,85123A,BACK,-6,12/29/2010 9:00,2.55,17001.0,United Kingdom\r\n'
	printf '537000,85123A,NOBODY,6,12/29/2010 9:00,2.55,,United Kingdom\r\n'
	printf '537001,85123A,GIFT,6,12/29/2010 9:00,0,17002.0,United Kingdom\r\n'
} | gzip >"$box/small orders.csv.gz"
check 'the story of a file comes to its end' run --orders "$box/small orders.csv.gz"
check 'with the lines counted' grep -qE '^ +303 +\| +1 +\| +1 +\| +1 +\| +1 +\| +300' "$box/out"

# a Ctrl-C at three moments: while building, while the server starts, in the middle of the story
interrupted() {
	local pid
	: >"$box/out"
	# a job of its own: background jobs of a script would ignore the interrupt
	perl -e '$SIG{INT} = "DEFAULT"; setpgrp; exec @ARGV' bash "$demo" >"$box/out" 2>&1 &
	pid=$!
	# however long it takes on a busy machine; the suite's own time is the limit
	until grep -q -- "$1" "$box/out"; do
		kill -0 "$pid" 2>/dev/null || return 1
		sleep 0.1
	done
	kill -INT "-$pid" && ! wait "$pid" && nothing_left
}
check 'interrupted while it builds' interrupted '^Building'
check 'interrupted in the story' interrupted '^2\. '

echo "1..$number"
