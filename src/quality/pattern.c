/*-------------------------------------------------------------------------
 *
 * pattern.c
 *		Holding many strings against one regular expression.
 *
 * PostgreSQL's engine converts every string to wide characters and sets up its
 * machine anew for each: some 0.7 microseconds a row, the most expensive check
 * there is.  Most patterns in contracts are simple, though (^[0-9a-f]{32}$, ^\d+$,
 * ^[A-Z]{2}-...), and are compiled here into a table that is walked byte by byte.
 *
 * What is compiled: alternation, groups, ^ and $ at the ends of the whole pattern,
 * the quantifiers * + ? {n} {n,} {n,m}, the dot, ASCII literals, bracket expressions
 * of ASCII characters, ranges and named classes, and \d \w \s and their complements.
 * Anything else (back references, look-around, word boundaries, embedded options,
 * non-ASCII characters, collating elements) is left to the engine, and so is every
 * string with a byte outside ASCII, because classes and case depend on the locale
 * there.  For ASCII strings the table must say just what the engine says;
 * test/sql/quality_measure_kernels.sql holds them against each other.
 *
 * How: the pattern is parsed into a nondeterministic automaton (Thompson's
 * construction) of at most NFA_STATES states; sets of those become the states of a
 * deterministic one when they are first met.  If there are too many of those, the
 * engine takes over.  Whether something matches is all that is asked, so greediness
 * does not matter.
 *
 * What the engine must decide is remembered by value in a small direct-mapped
 * cache: columns with few distinct values then ask it once for each.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "catalog/pg_collation.h"
#include "common/hashfn.h"
#include "mb/pg_wchar.h"
#include "miscadmin.h"
#include "regex/regex.h"
#include "utils/builtins.h"
#include "utils/lsyscache.h"

#include "quality/pattern.h"

#define NFA_STATES 320
#define NFA_WORDS (NFA_STATES / 64)
#define DFA_STATES 256
#define ASCII 128

#define CACHE_ENTRIES 256
#define CACHE_BYTES 48

/* One state of the nondeterministic automaton. */
typedef struct NfaState
{
	enum
	{
		NFA_SPLIT, /* goes to a, and to b if that is not -1, without reading */
		NFA_CHARS, /* reads one of chars, then goes to a */
		NFA_MATCH,
	} kind;
	int a;
	int b;
	uint64 chars[ASCII / 64];
} NfaState;

typedef struct Nfa
{
	int nstates;
	NfaState states[NFA_STATES];
} Nfa;

typedef struct StateSet
{
	uint64 words[NFA_WORDS];
} StateSet;

#define UNKNOWN 0xFFFF

typedef struct Dfa
{
	int nstates;
	StateSet sets[DFA_STATES];
	bool accepts[DFA_STATES]; /* if the string ends here */
	uint16 next[DFA_STATES][ASCII];
} Dfa;

typedef struct CacheEntry
{
	uint8 length_plus_one; /* 0: free */
	bool matches;
	char value[CACHE_BYTES];
} CacheEntry;

struct DmPattern
{
	text *regex;
	Oid collation;
	Nfa *nfa; /* NULL: only the engine can do it */
	Dfa *dfa;
	CacheEntry *cache;
};

/* ---- parsing ---- */

/*
 * A piece of automaton: enter at start, leave through "end", a split that goes nowhere yet.
 */
typedef struct Fragment
{
	int start;
	int end;
} Fragment;

typedef struct Parser
{
	const char *at;
	Nfa *nfa;
	bool failed;      /* not for us */
	int top_branches; /* alternatives outside all groups */
} Parser;

static int
add_state(Parser *p, int kind, int a)
{
	NfaState *state;

	if (p->nfa->nstates >= NFA_STATES)
	{
		p->failed = true;
		return 0;
	}
	state = &p->nfa->states[p->nfa->nstates];
	memset(state, 0, sizeof(NfaState));
	state->kind = kind;
	state->a = a;
	state->b = -1;
	return p->nfa->nstates++;
}

static void
add_char(uint64 *chars, unsigned char c)
{
	chars[c / 64] |= UINT64CONST(1) << (c % 64);
}

static bool
has_char(const uint64 *chars, unsigned char c)
{
	return (chars[c / 64] >> (c % 64)) & 1;
}

static void
add_range(uint64 *chars, unsigned char from, unsigned char to)
{
	for (int c = from; c <= to; c++)
		add_char(chars, c);
}

/* NUL does not occur in strings: complements may contain it or not. */
static void
complement(uint64 *chars)
{
	chars[0] = ~chars[0];
	chars[1] = ~chars[1];
}

/* [:name:]; false if locales do not agree on its ASCII characters (as on punct), or it is none. */
static bool
add_class(uint64 *chars, const char *name, int length)
{
	static const struct
	{
		const char *name;
		const char *ranges;
	} classes[] = {
		{"alpha", "azAZ"},   {"digit", "09"},     {"alnum", "azAZ09"},
		{"lower", "az"},     {"upper", "AZ"},     {"xdigit", "09afAF"},
		{"space", "\t\r  "}, {"blank", "\t\t  "}, {"word", "azAZ09__"},
	};

	for (int i = 0; i < lengthof(classes); i++)
	{
		if (strlen(classes[i].name) == length && memcmp(classes[i].name, name, length) == 0)
		{
			for (const char *r = classes[i].ranges; *r; r += 2)
				add_range(chars, r[0], r[1]);
			return true;
		}
	}
	return false;
}

/* \d and its kin, after the backslash; adds to chars. */
static bool
add_class_escape(uint64 *chars, char c)
{
	uint64 these[2] = {0, 0};

	switch (pg_ascii_tolower(c))
	{
		case 'd':
			add_class(these, "digit", 5);
			break;
		case 'w':
			add_class(these, "word", 4);
			break;
		case 's':
			add_class(these, "space", 5);
			break;
		default:
			return false;
	}
	if (c >= 'A' && c <= 'Z')
		complement(these);
	chars[0] |= these[0];
	chars[1] |= these[1];
	return true;
}

/* A character that a backslash makes literal, or -1. */
static int
literal_escape(char c)
{
	switch (c)
	{
		case 't':
			return '\t';
		case 'n':
			return '\n';
		case 'r':
			return '\r';
		case 'f':
			return '\f';
		case 'v':
			return '\v';
		default:
			if ((c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
				c == '\0' || IS_HIGHBIT_SET(c))
				return -1;
			return c;
	}
}

/* One end of a range, or a single character; -1 if it is anything else. */
static int
bracket_char(Parser *p)
{
	char c = *p->at;

	if (c == '\0' || IS_HIGHBIT_SET(c) || c == '[')
		return -1;
	if (c == '\\')
	{
		int literal = literal_escape(p->at[1]);

		p->at += 2;
		return literal;
	}
	p->at++;
	return (unsigned char) c;
}

static void
parse_bracket_item(Parser *p, uint64 *chars)
{
	int from;
	int to;

	if (p->at[0] == '[' && p->at[1] == ':')
	{
		const char *end = strstr(p->at + 2, ":]");

		/* "word" is a class only behind a backslash */
		if (end == NULL || strncmp(p->at + 2, "word", 4) == 0 ||
			!add_class(chars, p->at + 2, end - (p->at + 2)))
			p->failed = true;
		else
			p->at = end + 2;
		return;
	}
	if (p->at[0] == '\\' && add_class_escape(chars, p->at[1]))
	{
		/* complements within brackets are not allowed everywhere; and no range may begin here */
		if (p->at[1] >= 'A' && p->at[1] <= 'Z')
			p->failed = true;
		p->at += 2;
		if (p->at[0] == '-' && p->at[1] != ']')
			p->failed = true;
		return;
	}
	from = bracket_char(p);
	to = from;
	if (from >= 0 && p->at[0] == '-' && p->at[1] != ']')
	{
		p->at++;
		to = bracket_char(p);
	}
	if (from < 0 || to < from)
		p->failed = true;
	else
		add_range(chars, from, to);
}

/* After the opening bracket. */
static void
parse_bracket(Parser *p, uint64 *chars)
{
	bool negated = *p->at == '^';
	bool first = true;

	if (negated)
		p->at++;
	while (!p->failed && (first || *p->at != ']'))
	{
		/* "-" is itself at an end; elsewhere its meaning is best left to the engine */
		if (*p->at == '-' && !first && p->at[1] != ']')
			p->failed = true;
		else
			parse_bracket_item(p, chars);
		first = false;
	}
	if (p->failed)
		return;
	p->at++;
	if (negated)
		complement(chars);
}

static Fragment parse_alternatives(Parser *p, int depth);

/* A state that reads chars, and one to leave through. */
static Fragment
chars_fragment(Parser *p, const uint64 *chars)
{
	Fragment f;

	f.end = add_state(p, NFA_SPLIT, -1);
	f.start = add_state(p, NFA_CHARS, f.end);
	memcpy(p->nfa->states[f.start].chars, chars, sizeof(p->nfa->states[0].chars));
	return f;
}

static Fragment
empty_fragment(Parser *p)
{
	Fragment f;

	f.start = f.end = add_state(p, NFA_SPLIT, -1);
	return f;
}

static Fragment
parse_group(Parser *p, int depth)
{
	Fragment f;

	if (p->at[0] == '?')
	{
		if (p->at[1] != ':')
		{
			p->failed = true; /* look-around and options */
			return empty_fragment(p);
		}
		p->at += 2;
	}
	f = parse_alternatives(p, depth + 1);
	if (*p->at != ')')
		p->failed = true;
	else
		p->at++;
	return f;
}

static Fragment
parse_atom(Parser *p, int depth)
{
	uint64 chars[2] = {0, 0};
	char c = *p->at++;

	switch (c)
	{
		case '(':
			return parse_group(p, depth);
		case '[':
			parse_bracket(p, chars);
			break;
		case '.':
			complement(chars);
			break;
		case '\\':
			if (!add_class_escape(chars, *p->at))
			{
				int literal = literal_escape(*p->at);

				if (literal < 0)
					p->failed = true;
				else
					add_char(chars, literal);
			}
			if (!p->failed)
				p->at++;
			break;
		case '^':
		case '$':
		case '*':
		case '+':
		case '?':
		case '{':
		case ')':
			p->failed = true;
			break;
		default:
			if (IS_HIGHBIT_SET(c))
				p->failed = true;
			else
				add_char(chars, c);
	}
	return chars_fragment(p, chars);
}

static Fragment
concatenate(Parser *p, Fragment a, Fragment b)
{
	p->nfa->states[a.end].a = b.start;
	return (Fragment){a.start, b.end};
}

static Fragment
optional(Parser *p, Fragment f)
{
	Fragment r;

	r.end = add_state(p, NFA_SPLIT, -1);
	r.start = add_state(p, NFA_SPLIT, f.start);
	p->nfa->states[r.start].b = r.end;
	p->nfa->states[f.end].a = r.end;
	return r;
}

static Fragment
any_number(Parser *p, Fragment f)
{
	Fragment r;

	r.end = add_state(p, NFA_SPLIT, -1);
	r.start = add_state(p, NFA_SPLIT, f.start);
	p->nfa->states[r.start].b = r.end;
	p->nfa->states[f.end].a = r.start;
	return r;
}

/* A number in braces. */
static int
parse_number(Parser *p)
{
	int n = 0;

	if (*p->at < '0' || *p->at > '9')
		p->failed = true;
	while (*p->at >= '0' && *p->at <= '9' && n <= 255)
		n = n * 10 + (*p->at++ - '0');
	if (n > 255)
		p->failed = true; /* the engine's limit, and its error */
	return n;
}

/* The quantifier behind an atom: at least min, at most max (-1: any number) times. */
static void
parse_quantifier(Parser *p, int *min, int *max)
{
	*min = *max = 1;
	switch (*p->at)
	{
		case '*':
			*min = 0;
			*max = -1;
			break;
		case '+':
			*max = -1;
			break;
		case '?':
			*min = 0;
			break;
		case '{':
			p->at++;
			*min = *max = parse_number(p);
			if (*p->at == ',')
			{
				p->at++;
				*max = *p->at == '}' ? -1 : parse_number(p);
			}
			if (*p->at != '}' || (*max >= 0 && *max < *min))
				p->failed = true;
			break;
		default:
			return;
	}
	if (p->failed)
		return;
	p->at++;
	if (*p->at == '?')
		p->at++; /* not greedy: the same strings */
	if (*p->at == '*' || *p->at == '+' || *p->at == '?' || *p->at == '{')
		p->failed = true;
}

/* An atom and its quantifier: as many copies of the atom as that asks for. */
static Fragment
parse_piece(Parser *p, int depth)
{
	const char *atom = p->at;
	const char *behind;
	int min;
	int max;
	int first_state = p->nfa->nstates;
	Fragment f = parse_atom(p, depth);
	Fragment result;

	if (p->failed)
		return f;
	parse_quantifier(p, &min, &max);
	behind = p->at;
	if (p->failed || (min == 1 && max == 1))
		return f;

	/* start again: every copy is a parse of its own */
	p->nfa->nstates = first_state;
	result = empty_fragment(p);
	for (int i = 0; !p->failed && i < (max < 0 ? min + 1 : max); i++)
	{
		p->at = atom;
		f = parse_atom(p, depth);
		if (p->failed)
			break;
		if (i >= min)
			f = max < 0 ? any_number(p, f) : optional(p, f);
		result = concatenate(p, result, f);
	}
	p->at = behind;
	return result;
}

static bool
ends_branch(const char *at)
{
	return *at == '\0' || *at == '|' || *at == ')' || (at[0] == '$' && at[1] == '\0');
}

static Fragment
parse_branch(Parser *p, int depth)
{
	Fragment f = empty_fragment(p);

	if (depth == 0)
		p->top_branches++;
	if (ends_branch(p->at))
		p->failed = true; /* whether an empty branch is allowed is the engine's business */
	while (!p->failed && !ends_branch(p->at))
		f = concatenate(p, f, parse_piece(p, depth));
	return f;
}

static Fragment
parse_alternatives(Parser *p, int depth)
{
	Fragment f;

	if (depth > 10)
	{
		p->failed = true;
		return empty_fragment(p);
	}
	f = parse_branch(p, depth);
	while (!p->failed && *p->at == '|')
	{
		Fragment other;
		Fragment either;

		p->at++;
		other = parse_branch(p, depth);
		either.start = add_state(p, NFA_SPLIT, f.start);
		either.end = add_state(p, NFA_SPLIT, -1);
		p->nfa->states[either.start].b = other.start;
		p->nfa->states[f.end].a = either.end;
		p->nfa->states[other.end].a = either.end;
		f = either;
	}
	return f;
}

/* A loop that reads anything. */
static Fragment
anything(Parser *p)
{
	uint64 chars[2] = {~UINT64CONST(0), ~UINT64CONST(0)};

	return any_number(p, chars_fragment(p, chars));
}

/*
 * The whole pattern, with its anchors.  "^a|b" anchors only the a: with an alternation at the top
 * level there may be no anchors.  State 0 is where it begins.
 */
static bool
parse_pattern(Nfa *nfa, const char *pattern)
{
	Parser p = {.at = pattern, .nfa = nfa};
	bool at_start = *pattern == '^';
	Fragment f;

	nfa->nstates = 0;
	if (strncmp(pattern, "***", 3) == 0 || strncmp(pattern, "(?", 2) == 0)
		return false;
	f = empty_fragment(&p);
	if (at_start)
		p.at++;
	else
		f = concatenate(&p, f, anything(&p));
	f = concatenate(&p, f, parse_alternatives(&p, 0));
	if (p.failed || (p.top_branches > 1 && (at_start || *p.at == '$')))
		return false;
	if (*p.at == '$')
		p.at++;
	else
		f = concatenate(&p, f, anything(&p));
	if (p.failed || *p.at != '\0')
		return false;
	nfa->states[f.end].kind = NFA_MATCH;
	return true;
}

/* ---- the deterministic automaton, made as it is walked ---- */

/* Add a state and all that can be reached from it without reading. */
static void
add_closure(const Nfa *nfa, StateSet *set, int state)
{
	int stack[NFA_STATES * 2 + 1];
	int depth = 0;

	stack[depth++] = state;
	while (depth > 0)
	{
		int s = stack[--depth];

		if ((set->words[s / 64] >> (s % 64)) & 1)
			continue;
		set->words[s / 64] |= UINT64CONST(1) << (s % 64);
		if (nfa->states[s].kind != NFA_SPLIT)
			continue;
		/* each state is expanded once and pushes two at most */
		if (nfa->states[s].a >= 0)
			stack[depth++] = nfa->states[s].a;
		if (nfa->states[s].b >= 0)
			stack[depth++] = nfa->states[s].b;
	}
}

static bool
in_set(const StateSet *set, int s)
{
	return (set->words[s / 64] >> (s % 64)) & 1;
}

/* The number of the deterministic state for a set, or -1 if there are too many. */
static int
dfa_state(const Nfa *nfa, Dfa *dfa, const StateSet *set)
{
	int n = dfa->nstates;

	for (int i = 0; i < n; i++)
	{
		if (memcmp(&dfa->sets[i], set, sizeof(StateSet)) == 0)
			return i;
	}
	if (n >= DFA_STATES)
		return -1;
	dfa->sets[n] = *set;
	dfa->accepts[n] = false;
	for (int s = 0; s < nfa->nstates; s++)
	{
		if (in_set(set, s) && nfa->states[s].kind == NFA_MATCH)
			dfa->accepts[n] = true;
	}
	for (int c = 0; c < ASCII; c++)
		dfa->next[n][c] = UNKNOWN;
	return dfa->nstates++;
}

/* Where character c leads from a state; -1 if that would be one state too many. */
static int
dfa_step(const Nfa *nfa, Dfa *dfa, int state, unsigned char c)
{
	StateSet set = {{0}};
	int next;

	for (int s = 0; s < nfa->nstates; s++)
	{
		if (in_set(&dfa->sets[state], s) && nfa->states[s].kind == NFA_CHARS &&
			has_char(nfa->states[s].chars, c))
			add_closure(nfa, &set, nfa->states[s].a);
	}
	next = dfa_state(nfa, dfa, &set);
	if (next >= 0)
		dfa->next[state][c] = next;
	return next;
}

/* 1 matches, 0 does not, -1 is for the engine to say. */
static int
dfa_matches(DmPattern *pattern, const char *string, Size length)
{
	Dfa *dfa = pattern->dfa;
	int state = 0;

	for (Size i = 0; i < length; i++)
	{
		unsigned char c = string[i];
		int next;

		if (IS_HIGHBIT_SET(c))
			return -1;
		next = dfa->next[state][c];
		if (unlikely(next == UNKNOWN))
		{
			next = dfa_step(pattern->nfa, dfa, state, c);
			if (next < 0)
			{
				pattern->nfa = NULL; /* do not try again */
				return -1;
			}
		}
		state = next;
	}
	return dfa->accepts[state];
}

static void
start_dfa(DmPattern *pattern)
{
	StateSet set = {{0}};

	pattern->dfa = palloc(sizeof(Dfa));
	pattern->dfa->nstates = 0;
	add_closure(pattern->nfa, &set, 0);
	(void) dfa_state(pattern->nfa, pattern->dfa, &set);
}

/* ---- what the rest of the extension sees ---- */

DmPattern *
DmPatternCreate(const char *pattern, Oid collation)
{
	DmPattern *result = palloc0(sizeof(DmPattern));
	Nfa *nfa = palloc(sizeof(Nfa));

	/* the engine wants a collation for character classes, and cannot use every one */
	if (!OidIsValid(collation) || !get_collation_isdeterministic(collation))
		collation = DEFAULT_COLLATION_OID;
	result->regex = cstring_to_text(pattern);
	result->collation = collation;
	(void) RE_compile_and_cache(result->regex, REG_ADVANCED, collation);
	if (parse_pattern(nfa, pattern))
	{
		result->nfa = nfa;
		start_dfa(result);
	}
	else
		pfree(nfa);
	result->cache = palloc0(CACHE_ENTRIES * sizeof(CacheEntry));
	return result;
}

bool
DmPatternIsFast(const DmPattern *pattern)
{
	return pattern->nfa != NULL;
}

static bool
engine_matches(DmPattern *pattern, const char *string, Size length)
{
	return RE_compile_and_execute(pattern->regex, unconstify(char *, string), (int) length,
								  REG_ADVANCED, pattern->collation, 0, NULL);
}

bool
DmPatternMatches(DmPattern *pattern, const char *string, Size length)
{
	CacheEntry *entry;

	if (pattern->nfa)
	{
		int answer = dfa_matches(pattern, string, length);

		if (answer >= 0)
			return answer;
	}
	if (length > CACHE_BYTES)
		return engine_matches(pattern, string, length);
	entry =
		&pattern->cache[hash_bytes((const unsigned char *) string, (int) length) % CACHE_ENTRIES];
	if (entry->length_plus_one != length + 1 || memcmp(entry->value, string, length) != 0)
	{
		bool matches = engine_matches(pattern, string, length);

		entry->length_plus_one = length + 1;
		entry->matches = matches;
		memcpy(entry->value, string, length);
	}
	return entry->matches;
}
