/*-------------------------------------------------------------------------
 *
 * kernel_value.c
 *		Is this value an e-mail address, a card number, a tax number, ...?
 *
 * Checksums and ranges are those of the bodies that issue the numbers; each
 * function says which.  Addresses of crypto currencies are in kernel_crypto.c.
 *
 *-------------------------------------------------------------------------
 */
#include <string.h>

#include "masking/kernel_value.h"

static bool
is_digit(char c)
{
	return c >= '0' && c <= '9';
}

static bool
is_letter(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

static char
upper(char c)
{
	return c >= 'a' && c <= 'z' ? (char) (c - 32) : c;
}

static bool
is_hex(char c)
{
	return is_digit(c) || (upper(c) >= 'A' && upper(c) <= 'F');
}

static bool
one_of(char c, const char *set)
{
	return c != '\0' && strchr(set, c) != NULL;
}

/*
 * The digits of a number that may be written in groups: one separator at a time, none at the ends.
 * Returns how many there are, or 0 if there is anything else, or more than "most".  *groups, if
 * wanted, becomes the number of groups.
 */
static int
read_digits(const char *text, size_t length, const char *separators, int most, char *digits,
			int *groups)
{
	int count = 0;
	int parts = 1;

	for (size_t i = 0; i < length; i++)
	{
		if (is_digit(text[i]))
		{
			if (count >= most)
				return 0;
			digits[count++] = (char) (text[i] - '0');
		}
		else if (i > 0 && i + 1 < length && one_of(text[i], separators) && is_digit(text[i - 1]) &&
				 is_digit(text[i + 1]))
			parts++;
		else
			return 0;
	}
	if (groups != NULL)
		*groups = parts;
	return count;
}

static int
number(const char *digits, int count)
{
	int value = 0;

	for (int i = 0; i < count; i++)
		value = value * 10 + digits[i];
	return value;
}

static bool
all_same(const char *digits, int count)
{
	for (int i = 1; i < count; i++)
		if (digits[i] != digits[0])
			return false;
	return true;
}

static bool
is_date(int year, int month, int day)
{
	static const int days[] = {31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};

	if (month < 1 || month > 12 || day < 1 || day > days[month - 1])
		return false;
	return month != 2 || day < 29 || (year % 4 == 0 && (year % 100 != 0 || year % 400 == 0));
}

/* A host name of at least two labels, the last of letters (or an international xn-- label). */
static bool
is_host(const char *text, size_t length)
{
	size_t label = 0;
	size_t labels = 0;

	for (size_t i = 0; i <= length; i++)
	{
		if (i == length || text[i] == '.')
		{
			if (i == label || i - label > 63 || text[label] == '-' || text[i - 1] == '-')
				return false;
			labels++;
			if (i < length)
				label = i + 1;
		}
		else if (!is_letter(text[i]) && !is_digit(text[i]) && text[i] != '-' &&
				 (unsigned char) text[i] < 0x80)
			return false;
	}
	return labels >= 2 && length - label >= 2 && !is_digit(text[label]);
}

/* RFC 5322, the forms that are in use: a dot-atom and a host name. */
DmFit
DmFitEmail(const char *text, size_t length)
{
	size_t at = 0;

	if (length > 7 && memcmp(text, "mailto:", 7) == 0)
		text += 7, length -= 7;
	for (; at < length && text[at] != '@'; at++)
	{
		if (text[at] == '.' && (at == 0 || text[at - 1] == '.'))
			return DM_FIT_NONE;
		if (!is_letter(text[at]) && !is_digit(text[at]) &&
			!one_of(text[at], ".!#$%&'*+/=?^_`{|}~-") && (unsigned char) text[at] < 0x80)
			return DM_FIT_NONE;
	}
	if (at == 0 || at > 64 || at + 1 >= length || text[at - 1] == '.')
		return DM_FIT_NONE;
	return is_host(text + at + 1, length - at - 1) ? DM_FIT_PATTERN : DM_FIT_NONE;
}

/*
 * E.164: a plus and 8 to 15 digits.  Without a plus only what begins with 0 and has more digits than
 * a date, or stands in the groups 3-3-4; any other digits say something beneath a name only.
 */
DmFit
DmFitPhone(const char *text, size_t length)
{
	int digits = 0;
	int run = 0;
	int runs[3] = {0, 0, 0};
	int groups = 0;
	char first = 0;

	for (size_t i = 0; i < length; i++)
	{
		if (is_digit(text[i]))
		{
			if (digits++ == 0)
				first = text[i];
			if (run++ == 0)
				groups++;
			if (groups <= 3)
				runs[groups - 1] = run;
			continue;
		}
		run = 0;
		if (text[i] == '+' ? i > 0 : !one_of(text[i], " -./()"))
			return DM_FIT_NONE;
	}
	if (digits < 7 || digits > 15 || groups > 8)
		return DM_FIT_NONE;
	if (text[0] == '+')
		return digits >= 8 ? DM_FIT_PATTERN : DM_FIT_NONE;
	if (groups == 3 && digits == 10 && runs[0] == 3 && runs[1] == 3)
		return DM_FIT_PATTERN;
	if (groups == 3 && digits == 9 && runs[0] == 3 && runs[1] == 2)
		return DM_FIT_WEAK; /* written as a social security number is */
	if (groups > 1 && first == '0' && digits >= 9)
		return DM_FIT_PATTERN;
	return DM_FIT_WEAK;
}

/* Four numbers up to 255, without leading zeros; a prefix length may follow. */
static bool
is_ipv4(const char *text, size_t length)
{
	size_t i = 0;

	for (int part = 0; part < 4; part++)
	{
		size_t start = i;
		int value = 0;

		while (i < length && is_digit(text[i]) && i - start < 3)
			value = value * 10 + (text[i++] - '0');
		if (i == start || value > 255 || (i - start > 1 && text[start] == '0'))
			return false;
		if (part < 3 && (i >= length || text[i++] != '.'))
			return false;
	}
	if (i < length && text[i] == '/')
	{
		size_t start = ++i;

		while (i < length && is_digit(text[i]))
			i++;
		return i == length && i > start && i - start <= 2;
	}
	return i == length;
}

DmFit
DmFitIpv4(const char *text, size_t length)
{
	return is_ipv4(text, length) ? DM_FIT_PATTERN : DM_FIT_NONE;
}

/* RFC 4291: eight groups of up to four hex digits, :: for zeros once, an IPv4 address at the end. */
DmFit
DmFitIpv6(const char *text, size_t length)
{
	int groups = 0;
	bool gap = false;
	size_t i = 0;

	for (size_t k = length; k > 0 && length - k < 5; k--)
		if (text[k - 1] == '/')
			length = k - 1;
	if (length < 3)
		return DM_FIT_NONE;
	if (text[0] == ':' && text[1] != ':')
		return DM_FIT_NONE;
	while (i < length)
	{
		size_t start = i;

		if (text[i] == ':')
		{
			if (i + 1 < length && text[i + 1] == ':')
			{
				if (gap)
					return DM_FIT_NONE;
				gap = true;
				i += 2;
				continue;
			}
			if (i == 0 || text[i - 1] == ':' || i + 1 == length)
				return DM_FIT_NONE;
			i++;
			continue;
		}
		while (i < length && is_hex(text[i]))
			i++;
		if (i < length && text[i] == '.')
		{
			if (!is_ipv4(text + start, length - start))
				return DM_FIT_NONE;
			groups += 2;
			break;
		}
		if (i == start || i - start > 4)
			return DM_FIT_NONE;
		groups++;
	}
	return (gap ? groups >= 2 && groups <= 7 : groups == 8) ? DM_FIT_PATTERN : DM_FIT_NONE;
}

/* IEEE 802 EUI-48: 00:11:22:33:44:55, 00-11-..., or 0011.2233.4455. */
DmFit
DmFitMac(const char *text, size_t length)
{
	size_t group = length == 17 ? 2 : 4;
	bool zero = true;

	if (length != 17 && length != 14)
		return DM_FIT_NONE;
	for (size_t i = 0; i < length; i++)
	{
		if (i % (group + 1) == group)
		{
			if (text[i] != text[group] || !one_of(text[i], group == 2 ? ":-" : "."))
				return DM_FIT_NONE;
		}
		else if (!is_hex(text[i]))
			return DM_FIT_NONE;
		else if (text[i] != '0')
			zero = false;
	}
	return zero ? DM_FIT_NONE : DM_FIT_PATTERN;
}

/* RFC 3986: scheme://user:password@host */
DmFit
DmFitUrl(const char *text, size_t length)
{
	size_t i = 0;
	size_t colon = 0;

	while (i < length && (is_letter(text[i]) || is_digit(text[i]) || one_of(text[i], "+-.")))
		i++;
	if (i == 0 || !is_letter(text[0]) || i + 3 >= length || memcmp(text + i, "://", 3) != 0)
		return DM_FIT_NONE;
	i += 3;
	for (size_t start = i; i < length && !one_of(text[i], "/?#"); i++)
	{
		if (text[i] == ':' && colon == 0 && i > start)
			colon = i;
		if (text[i] == '@')
			return colon > 0 && i > colon + 1 && i + 1 < length ? DM_FIT_CERTAIN : DM_FIT_NONE;
	}
	return DM_FIT_NONE;
}

/* ISO/IEC 7812: the issuers' ranges and lengths. */
static bool
is_issued_card(const char *digits, int count)
{
	static const struct
	{
		int digits;
		int from;
		int to;
		int shortest;
		int longest;
	} ranges[] = {
		{1, 4, 4, 13, 13},       {1, 4, 4, 16, 16},       {1, 4, 4, 19, 19}, /* Visa */
		{2, 51, 55, 16, 16},     {4, 2221, 2720, 16, 16},                    /* Mastercard */
		{2, 34, 34, 15, 15},     {2, 37, 37, 15, 15},                        /* American Express */
		{4, 6011, 6011, 16, 19}, {3, 644, 649, 16, 19},   {2, 65, 65, 16, 19}, /* Discover */
		{3, 300, 305, 14, 19},   {2, 36, 36, 14, 19},     {2, 38, 39, 14, 19}, /* Diners Club */
		{4, 3528, 3589, 16, 19}, {2, 62, 62, 16, 19},                          /* JCB, UnionPay */
		{2, 50, 50, 12, 19},     {2, 56, 58, 12, 19},     {2, 63, 63, 12, 19}, /* Maestro */
		{2, 67, 67, 12, 19},
	};

	for (size_t i = 0; i < sizeof(ranges) / sizeof(ranges[0]); i++)
	{
		int prefix = count >= 12 ? number(digits, ranges[i].digits) : -1;

		if (prefix >= ranges[i].from && prefix <= ranges[i].to && count >= ranges[i].shortest &&
			count <= ranges[i].longest)
			return true;
	}
	return false;
}

/* ISO/IEC 7812-1, annex B (Luhn): every second digit from the right counts twice. */
DmFit
DmFitCard(const char *text, size_t length)
{
	char digits[19];
	int groups;
	int count = read_digits(text, length, " -", 19, digits, &groups);
	int sum = 0;

	if (!is_issued_card(digits, count))
		return DM_FIT_NONE;
	for (int i = 0; i < count; i++)
	{
		int digit = digits[count - 1 - i] << (i % 2);

		sum += digit > 9 ? digit - 9 : digit;
	}
	if (sum % 10 != 0)
		return DM_FIT_NONE;
	return groups >= 3 && groups <= 5 ? DM_FIT_CERTAIN : DM_FIT_CHECKED;
}

/* ISO 13616: lengths by country, and mod 97 of ISO 7064 over the number with its head at the end. */
DmFit
DmFitIban(const char *text, size_t length)
{
	static const char countries[] =
		"AD24AE23AL28AT20AZ28BA20BE16BG22BH22BI27BR29BY28CH21CR22CY28CZ24DE22DJ27DK18DO28EE20EG29ES"
		"24"
		"FI18FK18FO18FR27GB22GE22GI23GL18GR27GT28HR21HU28IE22IL23IQ23IS26IT27JO30KW30KZ20LB28LC32LI"
		"21"
		"LT20LU20LV21LY25MC27MD24ME22MK19MN20MR27MT31MU30NI28NL18NO15OM23PK24PL28PS29PT25QA29RO24RS"
		"22"
		"RU33SA24SC31SD18SE24SI19SK24SM27SO23ST25SV28TL23TN24TR26UA29VA22VG24XK20YE30";
	char iban[34];
	int count = 0;
	int rest = 0;

	for (size_t i = 0; i < length; i++)
	{
		if (text[i] == ' ' && i > 0 && text[i - 1] != ' ')
			continue;
		if (count == (int) sizeof(iban) || (!is_letter(text[i]) && !is_digit(text[i])))
			return DM_FIT_NONE;
		iban[count++] = upper(text[i]);
	}
	if (count < 15 || !is_letter(iban[0]) || !is_letter(iban[1]) || !is_digit(iban[2]) ||
		!is_digit(iban[3]))
		return DM_FIT_NONE;
	for (const char *country = countries;; country += 4)
	{
		if (*country == '\0')
			return DM_FIT_NONE;
		if (country[0] == iban[0] && country[1] == iban[1])
		{
			if (count != (country[2] - '0') * 10 + country[3] - '0')
				return DM_FIT_NONE;
			break;
		}
	}
	for (int i = 0; i < count; i++)
	{
		char c = iban[(i + 4) % count];

		rest = is_digit(c) ? (rest * 10 + c - '0') % 97 : (rest * 100 + c - 'A' + 10) % 97;
	}
	return rest == 1 ? DM_FIT_CERTAIN : DM_FIT_NONE;
}

/* Social Security Administration: no area 000, 666 or 9xx, no group 00, no serial 0000. */
DmFit
DmFitSsn(const char *text, size_t length)
{
	char digits[9];
	int groups;
	int area, group, serial;

	if (read_digits(text, length, " -", 9, digits, &groups) != 9)
		return DM_FIT_NONE;
	area = number(digits, 3);
	group = number(digits + 3, 2);
	serial = number(digits + 5, 4);
	if (area == 0 || area == 666 || area >= 900 || group == 0 || serial == 0)
		return DM_FIT_NONE;
	/* Printed on sample cards, and never valid since. */
	if ((area == 78 && group == 5 && serial == 1120) ||
		(area == 219 && group == 9 && serial == 9999))
		return DM_FIT_NONE;
	if (groups == 1)
		return DM_FIT_WEAK;
	return length == 11 && text[3] == text[6] && !is_digit(text[3]) && !is_digit(text[6])
			   ? DM_FIT_PATTERN
			   : DM_FIT_NONE;
}

/* NHS Data Dictionary: weights 10 to 2, check digit 11 - sum mod 11; 11 is 0, and 10 is not issued. */
DmFit
DmFitNhs(const char *text, size_t length)
{
	char digits[10];
	int sum = 0;

	if (read_digits(text, length, " -", 10, digits, NULL) != 10 || all_same(digits, 10))
		return DM_FIT_NONE;
	for (int i = 0; i < 10; i++)
		sum += digits[i] * (i == 9 ? 1 : 10 - i);
	return sum % 11 == 0 ? DM_FIT_CHECKED : DM_FIT_NONE;
}

/* HMRC, NIM39110: two letters, six digits, a suffix A to D. */
DmFit
DmFitNino(const char *text, size_t length)
{
	static const char *const refused[] = {"BG", "GB", "NK", "KN", "TN", "NT", "ZZ"};
	char nino[9];
	int count = 0;

	for (size_t i = 0; i < length; i++)
	{
		if (text[i] == ' ' && i > 0 && text[i - 1] != ' ')
			continue;
		if (count == 9)
			return DM_FIT_NONE;
		nino[count++] = upper(text[i]);
	}
	if (count != 9 || !is_letter(nino[0]) || one_of(nino[0], "DFIQUV") || !is_letter(nino[1]) ||
		one_of(nino[1], "DFIOQUV") || nino[8] < 'A' || nino[8] > 'D')
		return DM_FIT_NONE;
	for (size_t i = 0; i < sizeof(refused) / sizeof(refused[0]); i++)
		if (nino[0] == refused[i][0] && nino[1] == refused[i][1])
			return DM_FIT_NONE;
	for (int i = 2; i < 8; i++)
		if (!is_digit(nino[i]))
			return DM_FIT_NONE;
	return DM_FIT_PATTERN;
}

/* Real Decreto 1553/2005: the letter is TRWAGMYFPDXBNJZSQVHLCKE[number mod 23]; X, Y, Z are 0, 1, 2. */
DmFit
DmFitNif(const char *text, size_t length)
{
	char nif[9];
	int count = 0;
	int value = 0;

	for (size_t i = 0; i < length; i++)
	{
		if (one_of(text[i], "-. ") && i > 0 && i + 1 < length)
			continue;
		if (count == 9)
			return DM_FIT_NONE;
		nif[count++] = upper(text[i]);
	}
	if (count != 9)
		return DM_FIT_NONE;
	if (nif[0] >= 'X' && nif[0] <= 'Z')
		nif[0] = (char) ('0' + nif[0] - 'X');
	for (int i = 0; i < 8; i++)
	{
		if (!is_digit(nif[i]))
			return DM_FIT_NONE;
		value = value * 10 + nif[i] - '0';
	}
	return nif[8] == "TRWAGMYFPDXBNJZSQVHLCKE"[value % 23] ? DM_FIT_CHECKED : DM_FIT_NONE;
}

/*
 * Bundeszentralamt fuer Steuern: eleven digits, the first not 0; of the first ten, one digit stands
 * twice or three times and all others at most once; the last by ISO/IEC 7064, mod 11, 10.
 */
DmFit
DmFitTaxId(const char *text, size_t length)
{
	char digits[11];
	int seen[10] = {0};
	int repeated = 0;
	int product = 10;

	if (read_digits(text, length, " ", 11, digits, NULL) != 11 || digits[0] == 0)
		return DM_FIT_NONE;
	for (int i = 0; i < 10; i++)
	{
		int sum = (digits[i] + product) % 10;

		seen[(int) digits[i]]++;
		product = (sum == 0 ? 10 : sum) * 2 % 11;
	}
	for (int i = 0; i < 10; i++)
	{
		if (seen[i] > 3)
			return DM_FIT_NONE;
		repeated += seen[i] > 1;
	}
	return repeated == 1 && (11 - product) % 10 == digits[10] ? DM_FIT_CHECKED : DM_FIT_NONE;
}

/* Ministry of the Interior: a date whose month tells the century, weights 1 3 7 9, sum mod 10. */
DmFit
DmFitPesel(const char *text, size_t length)
{
	static const int weights[11] = {1, 3, 7, 9, 1, 3, 7, 9, 1, 3, 1};
	static const int centuries[5] = {1900, 2000, 2100, 2200, 1800};
	char digits[11];
	int month;
	int sum = 0;

	if (read_digits(text, length, "", 11, digits, NULL) != 11)
		return DM_FIT_NONE;
	for (int i = 0; i < 11; i++)
		sum += digits[i] * weights[i];
	month = number(digits + 2, 2);
	if (sum % 10 != 0 ||
		!is_date(centuries[month / 20] + number(digits, 2), month % 20, number(digits + 4, 2)))
		return DM_FIT_NONE;
	return DM_FIT_CHECKED;
}

/* UIDAI: twelve digits, the first not 0 or 1; J. Verhoeff, Error Detecting Decimal Codes (1969). */
DmFit
DmFitAadhaar(const char *text, size_t length)
{
	static const char permuted[8][11] = {"0123456789", "1576283094", "5803796142", "8916043527",
										 "9453126870", "4286573901", "2793806415", "7046913258"};
	char digits[12];
	int groups;
	int check = 0;

	if (read_digits(text, length, " -", 12, digits, &groups) != 12 || digits[0] < 2 ||
		(groups != 1 && groups != 3))
		return DM_FIT_NONE;
	for (int i = 0; i < 12; i++)
	{
		int a = check;
		int b = permuted[i % 8][(int) digits[11 - i]] - '0';

		/* The dihedral group of order ten: rotations 0 to 4, reflections 5 to 9. */
		if (a < 5)
			check = b < 5 ? (a + b) % 5 : 5 + (a + b) % 5;
		else
			check = b < 5 ? 5 + (a - b) % 5 : (a - b + 5) % 5;
	}
	return check == 0 ? DM_FIT_CHECKED : DM_FIT_NONE;
}

/* Year first, or last after day and month in either order. */
DmFit
DmFitDate(const char *text, size_t length)
{
	char digits[8];
	int groups;
	int year, a, b;

	if (length > 10 && (text[10] == ' ' || text[10] == 'T'))
		length = 10;
	if (length != 10 || read_digits(text, length, "-./", 8, digits, &groups) != 8 || groups != 3)
		return DM_FIT_NONE;
	if (!is_digit(text[4]))
	{
		if (is_digit(text[7]))
			return DM_FIT_NONE;
		year = number(digits, 4);
		a = number(digits + 4, 2);
		b = number(digits + 6, 2);
	}
	else
	{
		if (is_digit(text[2]) || is_digit(text[5]))
			return DM_FIT_NONE;
		year = number(digits + 4, 4);
		a = number(digits + 2, 2);
		b = number(digits, 2);
	}
	if (year < 1900 || year > 2100)
		return DM_FIT_NONE;
	return is_date(year, a, b) || is_date(year, b, a) ? DM_FIT_WEAK : DM_FIT_NONE;
}

/* Does a word of an address mean a street?  Words are in lower case. */
static bool
is_street(const char *word, size_t length)
{
	static const char *const words[] = {
		"street",   "st",      "avenue", "ave",   "road",  "rd",    "lane",      "ln",    "drive",
		"court",    "weg",     "platz",  "allee", "gasse", "rue",   "boulevard", "blvd",  "chemin",
		"calle",    "avenida", "plaza",  "paseo", "via",   "viale", "piazza",    "corso", "rua",
		"travessa", "ulica",   "ul",     "aleja", "al",    "plac",  "os",        "place", "quai"};
	static const char *const endings[] = {"stra\303\237e", "strasse", "str",    "weg",
										  "platz",         "allee",   "gasse",  "straat",
										  "laan",          "plein",   "gracht", "kade"};

	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++)
		if (strlen(words[i]) == length && memcmp(words[i], word, length) == 0)
			return true;
	for (size_t i = 0; i < sizeof(endings) / sizeof(endings[0]); i++)
	{
		size_t n = strlen(endings[i]);

		if (length > n + 1 && memcmp(endings[i], word + length - n, n) == 0)
			return true;
	}
	return false;
}

/* A word that means a street, and a number of up to five digits. */
DmFit
DmFitAddress(const char *text, size_t length)
{
	char word[DM_VALUE_MAX];
	size_t n = 0;
	int words = 0;
	int streets = 0;
	int numbers = 0;

	if (length > DM_VALUE_MAX)
		return DM_FIT_NONE;
	for (size_t i = 0; i <= length; i++)
	{
		if (i < length && !one_of(text[i], " ,.\n\t") && text[i] != '\0')
		{
			word[n++] = text[i] >= 'A' && text[i] <= 'Z' ? (char) (text[i] + 32) : text[i];
			continue;
		}
		if (n == 0)
			continue;
		words++;
		if (is_street(word, n))
			streets++;
		else if (is_digit(word[0]) && n <= 6)
			numbers++;
		n = 0;
	}
	return streets > 0 && numbers > 0 && words <= 16 ? DM_FIT_PATTERN : DM_FIT_NONE;
}
