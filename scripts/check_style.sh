#!/usr/bin/env bash
# check_style.sh: hold what is checked in against the rules of docs/architecture.md and .clang-format.
#
# Each finding is one line that names the file; the last line counts them. Exit status 0 if and only
# if there is none. Nothing is changed: run clang-format -i for what it finds.
set -u

# shellcheck source=scripts/lib/common.sh
. "$(dirname "${BASH_SOURCE[0]}")/lib/common.sh"
# shellcheck source=scripts/lib/packages.sh
. "$ROOT/scripts/lib/packages.sh"

# report RULE: each line of standard input is a finding against this rule.
report() { sed "/^\$/d; s|^|$1: |"; }

sources() { find src -name '*.[ch]' | sort; }
shell_scripts() { find scripts .ci test bench -type f \( -name '*.sh' -o -path .ci/run \) 2>/dev/null | sort; }
text_files() {
	find . \( -name .git -o -name results -o -name output_iso -o -name tmp_check -o -path ./sql/datamesh--\* \
		-o -path ./test/expected -o -path ./test/fuzz/corpus -o -path ./test/fixtures -o -path ./test/data -o -name __pycache__ \) -prune \
		-o -type f -size -1000k \
		! -name '*.o' ! -name '*.so' ! -name '*.bc' ! -name '*.dep' ! -name '*.gz' ! -name '*.diffs' \
		! -name regression.out -print | sed 's|^\./||' | sort
}

# An area's layer, from the table of rooms.
layer() { awk -F'|' -v area="\`$1\`" '{ gsub(/ /, "", $3); gsub(/ /, "", $2) } $3 == area { print $2 }' docs/architecture.md; }

check_format() {
	local file
	for file in $(sources); do
		clang-format --dry-run -Werror "$file" >/dev/null 2>&1 || echo "$file"
	done | report "clang-format -i is due"
}

check_shell() {
	shell_scripts | xargs shellcheck -x -f gcc 2>&1 | report "shellcheck"
	shell_scripts | while read -r file; do bash -n "$file" 2>&1; done | report "bash -n"
}

check_text() {
	text_files | xargs grep -nIE '[[:space:]]+$' -- 2>/dev/null | grep -v '\.out:' |
		cut -c1-120 | report "white space at the end of a line"
	text_files | while read -r file; do
		[ ! -s "$file" ] || [ -z "$(tail -c 1 "$file" | tr -d '\n')" ] || echo "$file"
	done | report "no newline at the end"
	find sql/parts src -type f -print0 | xargs -0 grep -lI $'\r' | report "carriage returns"
	find sql/parts test/sql -type f -name '*.sql' -print0 | xargs -0 grep -nI $'^ *\t' |
		cut -c1-120 | report "tabs in SQL"
	# the words are put together here so that this line is no finding
	grep -rnIwE 'TO''DO|FIX''ME|X''XX' src sql/parts test bench scripts docs README.md 2>/dev/null |
		grep -vE 'XX{3,}' | report "unfinished work"
}

check_layers() {
	local area file include other mine theirs
	for area in $(find src -mindepth 1 -maxdepth 1 -type d -exec basename {} \; | sort); do
		mine=$(layer "$area")
		if [ -z "$mine" ]; then
			[ -z "$(find "src/$area" -type f)" ] || echo "src/$area is not in the table of rooms of docs/architecture.md"
			continue
		fi
		while IFS=: read -r file include; do
			other=${include%%/*}
			[ "$other" != "$area" ] || continue
			[ -e "src/$include" ] || continue # a header of PostgreSQL
			theirs=$(layer "$other")
			if [ "${theirs:-99}" -ge "$mine" ]; then
				echo "$file (layer $mine) includes $include (layer ${theirs:-unknown})"
			fi
		done < <(grep -rEo '^#include "[a-z_]+/[a-z_]+\.h"' "src/$area" | sed 's/:#include "/:/; s/"$//')
	done | report "layers point down only"
}

check_compat() {
	grep -rn PG_VERSION_NUM src | grep -v '^src/base/compat\.h:' | report "version tests belong in src/base/compat.h"
}

# Every function of the install pieces, and every other object, has a comment; one finding for each.
check_sql() {
	grep -niE 'OR REPLACE|IF (NOT )?EXISTS +[^ (]' sql/parts/*.sql | grep -vE '^[^:]*:[0-9]*: *--' |
		report "CREATE, never OR REPLACE or IF [NOT] EXISTS"
	cat sql/parts/*.sql | perl -0777 -ne '
		s/--[^\n]*//g;
		my (%made, %told);
		while (/\bCREATE\s+(FUNCTION|PROCEDURE|AGGREGATE|TYPE|VIEW|MATERIALIZED VIEW|TABLE|SCHEMA|SEQUENCE|DOMAIN)\s+([a-z_.]+)/g)
		{ $made{lc $2} //= $1 }
		while (/\bCOMMENT\s+ON\s+(FUNCTION|PROCEDURE|AGGREGATE|TYPE|VIEW|MATERIALIZED VIEW|TABLE|SCHEMA|SEQUENCE|DOMAIN)\s+([a-z_.]+)/g)
		{ $told{lc $2} = 1 }
		print "$made{$_} $_\n" for grep { !$told{$_} } sort keys %made;
		for my $name (sort keys %made) { print "$made{$name} $name is not schema-qualified\n" if $name !~ /\./ && $made{$name} ne "SCHEMA" }
	' | report "no COMMENT, or no schema"
	perl -0777 -ne '
		s/--[^\n]*//g;
		while (/\b(CREATE\s+(?:FUNCTION|PROCEDURE)\s+[a-z_.]+[^;]*?SECURITY\s+DEFINER[^;]*;)/gi)
		{ my $s = $1; print "$ARGV: ", substr($s, 0, 70) =~ s/\s+/ /gr, "\n" unless $s =~ /SET\s+search_path\s*(=|TO)\s*pg_catalog,\s*pg_temp/i }
	' sql/parts/*.sql | report "SECURITY DEFINER without a pinned search_path"
}

check_docs() {
	local area file
	for file in sql/parts/*.sql; do
		area=$(basename "$file" .sql)
		[ -e "docs/reference/$area.md" ] || echo "docs/reference/$area.md"
	done | report "an area without its reference page"
	sed -n "s/.*MAKE_SQLSTATE('\(.\)', *'\(.\)', *'\(.\)', *'\(.\)', *'\(.\)').*/\1\2\3\4\5/p" src/base/errors.h |
		while read -r code; do
			grep -qs "$code" docs/errors.md || echo "$code of src/base/errors.h"
		done | report "an error code that docs/errors.md does not explain"
	for file in docs/*.md docs/reference/*.md; do
		[ "$file" = docs/README.md ] || grep -qF "(${file#docs/})" docs/README.md || echo "$file"
	done | report "a page that docs/README.md does not list"
	# links between our own pages
	find . -name '*.md' -not -path './.git/*' | sed 's|^\./||' | while read -r file; do
		grep -oE '\]\([^)#:]+[)#]' "$file" | tr -d ')#' | sed 's/^](//' | while read -r link; do
			[ -e "$(dirname "$file")/$link" ] || echo "$file: $link"
		done
	done | report "a link that leads nowhere"
}

check_version() {
	local version meta
	version=$(sed -n "s/^default_version *= *'\(.*\)'/\1/p" datamesh.control)
	meta=$(grep -o '"version": *"[^"]*"' META.json | sed 's/.*"\([^"]*\)"$/\1/' | grep -v '^1\.0\.0$' | sort -u)
	[ "$version" = "$meta" ] || echo "datamesh.control says $version, META.json says $meta" | report "one version"
	grep -q "^## $version\b" CHANGELOG.md || echo "CHANGELOG.md has no heading for $version" | report "one version"
}

# Tests that stand in a list that runs, and lists without files that are not there.
check_lists() {
	local list variable folder suffix names file
	for list in REGRESS:sql:.sql ISOLATION:specs:.spec; do
		IFS=: read -r variable folder suffix <<<"$list"
		names=" $(sed -e ':a' -e '/\\$/{N;s/\\\n//;ba' -e '}' Makefile | sed -n "s/^$variable *=//p" | tr '\t' ' ') "
		for file in test/"$folder"/*"$suffix"; do
			[ -e "$file" ] || continue
			[[ $names == *" $(basename "$file" "$suffix") "* ]] || echo "$file is not in $variable"
		done
		for file in $names; do
			[ -e "test/$folder/$file$suffix" ] || echo "test/$folder/$file$suffix is not there, though $variable names it"
			[ -e "test/expected/$file.out" ] || echo "test/expected/$file.out is not there"
		done
	done | report "the Makefile's lists of tests"
	for file in sql/parts/*.sql; do
		grep -qF "$file" Makefile || echo "$file"
	done | report "an install piece that the Makefile does not name"
	for file in $(find src -name '*.c' | sort); do
		grep -qF "${file%.c}.o" Makefile || echo "$file"
	done | report "a C file that the Makefile does not name"
}

all_checks() {
	check_format
	check_shell
	check_text
	check_layers
	check_compat
	check_sql
	check_docs
	check_version
	check_lists
}

cd "$ROOT" || exit 2
make_work
need_for_style
install_missing
all_checks >"$WORK/findings" 2>&1
cat "$WORK/findings"
findings=$(wc -l <"$WORK/findings")
say "style: $findings findings"
[ "$findings" -eq 0 ]
