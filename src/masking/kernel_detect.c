/*-------------------------------------------------------------------------
 *
 * kernel_detect.c
 *		What looks like personal data: the registry of detectors, and how texts
 *		and documents are taken apart for them.
 *
 * The checks of single values are in kernel_value.c.
 *
 *-------------------------------------------------------------------------
 */
#include <string.h>

#include "masking/kernel_value.h"

#define WORDS(...) ((const char *const[]){__VA_ARGS__, NULL})
#define ANY (DM_COLUMN_TEXT | DM_COLUMN_DOCUMENT)
#define TEXT_OR_NUMBER (DM_COLUMN_TEXT | DM_COLUMN_NUMBER)
#define BOTH (DM_WHERE_WORDS | DM_WHERE_WHOLE)

/* Names in English, German, French, Spanish, Italian, Dutch, Portuguese and Polish, without accents. */
const DmDetector dm_detectors[] = {
	{"email", "an e-mail address", "mask_email",
	 WORDS("email", "e_mail", "mail", "emailaddress", "mailadresse", "courriel", "correo",
		   "posta_elettronica", "adres_email", "emails"),
	 DM_COLUMN_TEXT, 1, DM_WHERE_WORDS, DmFitEmail},
	{"phone", "a telephone number", "mask_partial(0, *******, 4)",
	 WORDS("phone", "telephone", "mobile", "cell", "msisdn", "fax", "phonenumber", "telefon",
		   "telefonnummer", "handy", "handynummer", "rufnummer", "portable", "telefono", "movil",
		   "cellulare", "telefoon", "telefoonnummer", "mobiel", "telefone", "celular", "telemovel",
		   "komorka", "telefonu", "tel"),
	 TEXT_OR_NUMBER, 50, DM_WHERE_WHOLE, DmFitPhone},
	{"ipv4", "an IPv4 address", "mask_pseudonym",
	 WORDS("ip", "ipv", "ip_address", "ip_addr", "ipaddress", "ip_adresse", "adresse_ip",
		   "direccion_ip", "indirizzo_ip", "ip_adres", "endereco_ip", "adres_ip", "remote_addr",
		   "client_ip"),
	 DM_COLUMN_TEXT | DM_COLUMN_NETWORK, 20, DM_WHERE_WORDS, DmFitIpv4},
	{"ipv6", "an IPv6 address", "mask_pseudonym", WORDS("ipv6", "ip6"), DM_COLUMN_TEXT, 20,
	 DM_WHERE_WORDS, DmFitIpv6},
	{"mac", "a MAC address", "mask_pseudonym",
	 WORDS("mac", "mac_address", "macaddress", "mac_addr", "mac_adresse", "adresse_mac",
		   "direccion_mac", "indirizzo_mac", "mac_adres", "endereco_mac", "adres_mac"),
	 DM_COLUMN_TEXT | DM_COLUMN_NETWORK, 5, DM_WHERE_WORDS, DmFitMac},
	{"url_credentials", "a URL with a password in it", "mask_redact",
	 WORDS("connection_string", "dsn"), 0, 0, DM_WHERE_WORDS, DmFitUrl},
	{"credit_card", "an issuer's range, its length and the Luhn checksum",
	 "mask_partial(0, ************, 4)",
	 WORDS("card", "cc", "credit_card", "creditcard", "card_number", "cardnumber", "card_no",
		   "cc_number", "ccnum", "pan", "kreditkarte", "kreditkartennummer", "kartennummer",
		   "carte_bancaire", "numero_carte", "carte_credit", "tarjeta", "numero_tarjeta",
		   "carta_credito", "numero_carta", "creditcardnummer", "cartao", "numero_cartao",
		   "karta_kredytowa", "numer_karty"),
	 TEXT_OR_NUMBER, 50, BOTH, DmFitCard},
	{"iban", "the length of its country and the checksum mod 97", "mask_partial(4, ****, 4)",
	 WORDS("iban", "bank_account", "account_number", "kontonummer", "compte_bancaire",
		   "cuenta_bancaria", "conto_corrente", "rekeningnummer", "conta_bancaria", "numer_konta"),
	 DM_COLUMN_TEXT, 0, BOTH, DmFitIban},
	{"us_ssn", "an area, group and serial that may be issued", "mask_partial(0, ***-**-, 4)",
	 WORDS("ssn", "social_security", "social_security_number", "socialsecuritynumber", "us_ssn"),
	 TEXT_OR_NUMBER, 20, BOTH, DmFitSsn},
	{"uk_nhs", "ten digits and the checksum mod 11", "mask_redact",
	 WORDS("nhs", "nhs_number", "nhsnumber", "nhs_no"), TEXT_OR_NUMBER, 50, BOTH, DmFitNhs},
	{"uk_nino", "a prefix and suffix that may be issued", "mask_redact",
	 WORDS("nino", "national_insurance", "national_insurance_number", "ni_number"), DM_COLUMN_TEXT,
	 20, BOTH, DmFitNino},
	{"es_nif", "its letter, from the number mod 23", "mask_redact",
	 WORDS("nif", "nie", "dni", "documento_identidad", "numero_identificacion_fiscal"),
	 DM_COLUMN_TEXT, 50, BOTH, DmFitNif},
	{"de_tax_id", "the repeated digit and the checksum of ISO 7064 mod 11, 10", "mask_redact",
	 WORDS("steuer_id", "steuerid", "steuernummer", "steueridentifikationsnummer",
		   "steuer_identifikationsnummer", "tax_id", "taxid", "idnr", "steuer_nr", "steuer_idnr"),
	 TEXT_OR_NUMBER, 50, BOTH, DmFitTaxId},
	{"pl_pesel", "a date of birth and the checksum", "mask_redact",
	 WORDS("pesel", "numer_pesel", "nr_pesel"), TEXT_OR_NUMBER, 50, BOTH, DmFitPesel},
	{"in_aadhaar", "twelve digits and the checksum of Verhoeff", "mask_partial(0, **** **** , 4)",
	 WORDS("aadhaar", "aadhar", "aadhaar_number", "uidai"), TEXT_OR_NUMBER, 50, BOTH, DmFitAadhaar},
	{"date_of_birth", "a date since 1900", "mask_date_trunc(year)",
	 WORDS("dob", "birth", "date_of_birth", "birth_date", "birthdate", "birthday", "born_on",
		   "geburtsdatum", "geburtstag", "geboren", "date_naissance", "date_de_naissance",
		   "naissance", "fecha_nacimiento", "fecha_de_nacimiento", "nacimiento", "data_nascita",
		   "data_di_nascita", "nascita", "geboortedatum", "data_nascimento", "data_de_nascimento",
		   "nascimento", "data_urodzenia", "urodzenia"),
	 DM_COLUMN_TEXT | DM_COLUMN_DATE, 101, DM_WHERE_WHOLE, DmFitDate},
	{"postal_address", "a street and a number", "mask_redact",
	 WORDS("address", "street", "street_address", "postal_address", "home_address", "address_line",
		   "postcode", "post_code", "postal_code", "zip", "zip_code", "zipcode", "adresse",
		   "anschrift", "strasse", "hausnummer", "plz", "postleitzahl", "rue", "code_postal",
		   "direccion", "calle", "codigo_postal", "domicilio", "indirizzo", "via", "cap", "adres",
		   "straat", "huisnummer", "endereco", "rua", "morada", "cep", "ulica", "kod_pocztowy",
		   "adres_zamieszkania"),
	 TEXT_OR_NUMBER, 20, DM_WHERE_WHOLE, DmFitAddress},
	{"crypto_address", "the checksum of its kind (Base58Check, Bech32, EIP-55)", "mask_pseudonym",
	 WORDS("wallet", "wallet_address", "bitcoin", "btc", "btc_address", "ethereum", "eth_address",
		   "crypto_address"),
	 DM_COLUMN_TEXT, 5, DM_WHERE_WORDS, DmFitCrypto},
	{"person_name", "", "mask_partial(1, ***, 0)",
	 WORDS("first_name", "firstname", "last_name", "lastname", "surname", "full_name", "fullname",
		   "given_name", "family_name", "middle_name", "maiden_name", "customer_name",
		   "person_name", "contact_name", "employee_name", "patient_name", "vorname", "nachname",
		   "familienname", "kundenname", "prenom", "nom", "nom_famille", "nom_de_famille", "nombre",
		   "apellido", "apellidos", "nome", "cognome", "voornaam", "achternaam", "naam",
		   "sobrenome", "apelido", "imie", "nazwisko"),
	 DM_COLUMN_TEXT, 101, DM_WHERE_WHOLE, NULL},
};
const int dm_detector_count = sizeof(dm_detectors) / sizeof(dm_detectors[0]);

_Static_assert(sizeof(dm_detectors) / sizeof(dm_detectors[0]) <= DM_DETECTORS_MAX,
			   "a set of detectors is a bitmap of 32 bits");

/*
 * Names
 */
#define NAME_MAX_BYTES 160

/* U+00C0 to U+017F without their accents */
static const char latin_base[] = "aaaaaaaceeeeiiiidnooooo_ouuuuypsaaaaaaaceeeeiiiidnooooo_ouuuuypy"
								 "aaaaaaccccccccddddeeeeeeeeeegggggggghhhhiiiiiiiiiiiijjkkklllllll"
								 "lllnnnnnnnnnoooooooorrrrrrssssssssttttttuuuuuuuuuuuuwwyyyzzzzzzs";

static bool
is_lower(unsigned char c)
{
	return c >= 'a' && c <= 'z';
}

static bool
is_upper(unsigned char c)
{
	return c >= 'A' && c <= 'Z';
}

static bool
is_digit(unsigned char c)
{
	return c >= '0' && c <= '9';
}

/*
 * A name as _words_in_lower_case_: customerEMail, "E-Mail" and e_mail2 have the same words.  to has
 * NAME_MAX_BYTES; what does not fit is left out.
 */
static void
normalize_name(const char *name, size_t length, char *to)
{
	size_t n = 0;
	unsigned char before = '_';

	to[n++] = '_';
	for (size_t i = 0; i < length && n < NAME_MAX_BYTES - 4; i++)
	{
		unsigned char c = (unsigned char) name[i];
		unsigned char second = i + 1 < length ? (unsigned char) name[i + 1] : 0;

		if (c >= 0xC3 && c <= 0xC5 && (second & 0xC0) == 0x80)
		{
			if (c == 0xC3 && second == 0x9F) /* sharp s */
				to[n++] = 's';
			to[n++] = latin_base[(c - 0xC3) * 64 + (second & 0x3F)];
			before = 'a';
			i++;
			continue;
		}
		if (is_upper(c))
		{
			if (is_lower(before) || is_digit(before) || (is_upper(before) && is_lower(second)))
				to[n++] = '_';
			to[n++] = (char) (c | 0x20);
		}
		else if (is_lower(c))
			to[n++] = (char) c;
		else if (is_digit(c))
		{
			if (!is_digit(before) && to[n - 1] != '_')
				to[n++] = '_';
			to[n++] = (char) c;
		}
		else if (to[n - 1] != '_')
			to[n++] = '_';
		before = c;
	}
	if (to[n - 1] != '_')
		to[n++] = '_';
	to[n] = '\0';
}

static const char *
match_name(const DmDetector *detector, const char *normalized)
{
	for (const char *const *word = detector->words; *word != NULL; word++)
	{
		size_t length = strlen(*word);
		const char *at = normalized;

		while ((at = strstr(at, *word)) != NULL)
		{
			if (at[-1] == '_' && at[length] == '_')
				return *word;
			at++;
		}
	}
	return NULL;
}

const char *
DmDetectName(const DmDetector *detector, const char *name, size_t length)
{
	char normalized[NAME_MAX_BYTES];

	normalize_name(name, length, normalized);
	return match_name(detector, normalized);
}

/*
 * Texts
 */

static void
try_detectors(const char *text, size_t length, DmWhere where, DmFindings *findings)
{
	for (int i = 0; i < dm_detector_count; i++)
	{
		DmFit fit;

		if ((dm_detectors[i].where & where) == 0 || dm_detectors[i].fit == NULL)
			continue;
		fit = dm_detectors[i].fit(text, length);
		if (fit != DM_FIT_NONE)
			findings->fits[fit] |= (uint32_t) 1 << i;
	}
}

static bool
ends_word(unsigned char c)
{
	return c <= ' ' || strchr(",;()<>\"'{}[]|=\\", c) != NULL;
}

/* No detector fits a word without one of these. */
static bool
is_telling(unsigned char c)
{
	return is_digit(c) || c == '@' || c == ':';
}

static void
try_word(const char *word, size_t length, DmFindings *findings)
{
	while (length > 0 && strchr(".:!?", word[length - 1]) != NULL && word[length - 1] != '\0')
		length--;
	if (length >= 3 && length <= DM_VALUE_MAX)
		try_detectors(word, length, DM_WHERE_WORDS, findings);
}

void
DmDetectText(const char *text, size_t length, DmFindings *findings)
{
	size_t start = 0;
	bool telling = false;

	while (length > 0 && (unsigned char) text[0] <= ' ')
		text++, length--;
	while (length > 0 && (unsigned char) text[length - 1] <= ' ')
		length--;
	if (length == 0)
		return;
	if (length <= DM_VALUE_MAX)
		try_detectors(text, length, DM_WHERE_WHOLE, findings);
	for (size_t i = 0; i <= length; i++)
	{
		if (i < length && !ends_word((unsigned char) text[i]))
		{
			telling |= is_telling((unsigned char) text[i]);
			continue;
		}
		if (telling)
			try_word(text + start, i - start, findings);
		start = i + 1;
		telling = false;
	}
}

/*
 * Documents.  This is no parser: it finds the strings and numbers, and which strings are keys.
 */
#define STRING_MAX_BYTES 2048

static int
hex_value(unsigned char c)
{
	if (is_digit(c))
		return c - '0';
	c |= 0x20;
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/*
 * The string that begins after the quote at *at, without escapes; *at moves behind its end.  What is
 * longer than "to" is left out, what is escaped beyond ASCII becomes a question mark.
 */
static size_t
read_string(const char *text, size_t length, size_t *at, char *to)
{
	size_t n = 0;
	size_t i = *at + 1;

	for (; i < length && text[i] != '"'; i++)
	{
		char c = text[i];

		if (c == '\\' && i + 1 < length)
		{
			c = text[++i];
			if (c == 'u' && i + 4 < length)
			{
				int code = 0;

				for (int k = 1; k <= 4; k++)
				{
					int digit = hex_value((unsigned char) text[i + k]);

					code = digit < 0 || code > 0xFFF ? 0x1000 : code * 16 + digit;
				}
				c = code < 0x80 ? (char) code : '?';
				i += 4;
			}
			else if (c != '"' && c != '\\' && c != '/')
				c = ' '; /* a line break and the like */
		}
		if (n < STRING_MAX_BYTES)
			to[n++] = c;
	}
	*at = i < length ? i + 1 : length;
	return n;
}

static size_t
read_number(const char *text, size_t length, size_t at)
{
	while (at < length &&
		   (is_digit((unsigned char) text[at]) || strchr("+-.eE", text[at]) != NULL) &&
		   text[at] != '\0')
		at++;
	return at;
}

/* A value beneath a key that has the names of these detectors. */
static void
try_value(const char *text, size_t length, uint32_t key, DmFindings *findings)
{
	DmFindings here = {0};

	DmDetectText(text, length, &here);
	for (int fit = DM_FIT_WEAK; fit <= DM_FIT_CERTAIN; fit++)
	{
		findings->fits[fit] |= here.fits[fit];
		findings->named |= here.fits[fit] & key;
	}
	for (int i = 0; key != 0 && i < dm_detector_count; i++)
		if (dm_detectors[i].fit == NULL && length > 0)
			findings->named |= key & ((uint32_t) 1 << i);
}

static uint32_t
key_names(const char *key, size_t length)
{
	char normalized[NAME_MAX_BYTES];
	uint32_t names = 0;

	normalize_name(key, length, normalized);
	for (int i = 0; i < dm_detector_count; i++)
		if (match_name(&dm_detectors[i], normalized) != NULL)
			names |= (uint32_t) 1 << i;
	return names;
}

void
DmDetectJson(const char *text, size_t length, DmFindings *findings)
{
	char string[STRING_MAX_BYTES];
	uint32_t key = 0;
	size_t at = 0;

	while (at < length)
	{
		unsigned char c = (unsigned char) text[at];

		if (c == '"')
		{
			size_t n = read_string(text, length, &at, string);
			size_t next = at;

			while (next < length && (unsigned char) text[next] <= ' ')
				next++;
			if (next < length && text[next] == ':')
			{
				key = key_names(string, n);
				try_value(string, n, 0, findings);
			}
			else
				try_value(string, n, key, findings);
		}
		else if (is_digit(c) || c == '-')
		{
			size_t end = read_number(text, length, at + 1);

			try_value(text + at, end - at, key, findings);
			at = end;
		}
		else
			at++;
	}
}
