/*-------------------------------------------------------------------------
 *
 * state_io.c
 *		datamesh.ltv_state in and out: as text for people and dumps, and in
 *		binary for the wire, field by field, each behind a version.
 *
 * Text:
 *	 ltv/1 orders=3 amounts=2 total=12.50 special=nan,inf,-inf first=2024-01-01
 *	 last=2024-02-01 as_of=2024-03-01 parameters=0.3,10,-0.1
 * in this order, with what does not apply left out.  Dates do not depend on
 * DateStyle; those before year 1 are Julian day numbers (J1721000).  A null is
 * "null".
 *
 * Both ways in accept only what the aggregate can have produced.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "lib/stringinfo.h"
#include "libpq/pqformat.h"
#include "miscadmin.h"
#include "utils/builtins.h"
#include "utils/datetime.h"

#include "base/compat.h"
#include "ltv/state.h"

PG_FUNCTION_INFO_V1(dm_ltv_state_in);
PG_FUNCTION_INFO_V1(dm_ltv_state_out);
PG_FUNCTION_INFO_V1(dm_ltv_state_recv);
PG_FUNCTION_INFO_V1(dm_ltv_state_send);

/* What both forms carry. */
typedef struct StateFields
{
	int64 orders;
	int64 amounts;
	uint8 flags;
	Numeric total;
	DateADT first;
	DateADT last;
	DateADT as_of;
	DmLtvParameters parameters;
} StateFields;

/* NULL if the fields are those of a possible state, else what is wrong with them. */
static const char *
fields_fault(const StateFields *fields)
{
	if (fields->orders < 1)
		return "A state is of at least one order.";
	if (fields->amounts < 0 || fields->amounts > fields->orders)
		return "There are at most as many amounts as orders, and no less than zero.";
	if (numeric_is_nan(fields->total) || numeric_is_inf(fields->total))
		return "The total is of the finite amounts alone, and therefore finite.";
	if (fields->amounts == 0 && (fields->flags & DM_LTV_SPECIAL))
		return "Without amounts, none of them can be NaN or infinite.";
	if ((fields->flags & DM_LTV_HAS_DATE) && fields->first > fields->last)
		return "The first order date is after the last.";
	if ((fields->flags & DM_LTV_AS_OF_NULL) && !(fields->flags & DM_LTV_HAS_AS_OF))
		return "An as-of date that is not there cannot be null.";
	if (fields->parameters.count % DM_LTV_WEIGHTS != 0 ||
		fields->parameters.count > DM_LTV_PARAMETERS)
		return "There are no parameters, three weights, or three weights and three thresholds.";
	return NULL;
}

static DmLtvState *
state_from_fields(const StateFields *fields)
{
	DmLtvState *state = DmLtvStateCreate(&fields->parameters);

	state->flags = fields->flags;
	state->as_of = fields->as_of;
	state->first = fields->first;
	state->last = fields->last;
	state = DmLtvStateAddAmount(state, NumericGetDatum(fields->total));
	state->orders = fields->orders;
	state->amounts = fields->amounts;
	return state;
}

static void
fields_from_state(StateFields *fields, const DmLtvState *state)
{
	fields->orders = state->orders;
	fields->amounts = state->amounts;
	fields->flags = state->flags;
	fields->total = DmLtvStateTotal(state);
	fields->first = state->first;
	fields->last = state->last;
	fields->as_of = state->as_of;
	DmLtvStateParameters(state, &fields->parameters);
}

static char *
numeric_text(Numeric value)
{
	if (value == NULL)
		return "null";
	return DatumGetCString(DirectFunctionCall1(numeric_out, NumericGetDatum(value)));
}

static char *
date_text(DateADT date)
{
	int year;
	int month;
	int day;

	if (DATE_IS_NOBEGIN(date))
		return "-infinity";
	if (DATE_IS_NOEND(date))
		return "infinity";
	j2date(date + POSTGRES_EPOCH_JDATE, &year, &month, &day);
	if (year <= 0)
		return psprintf("J%d", date + POSTGRES_EPOCH_JDATE);
	return psprintf("%04d-%02d-%02d", year, month, day);
}

static void
append_special(StringInfo out, uint8 flags)
{
	const char *separator = " special=";

	if (flags & DM_LTV_HAS_NAN)
	{
		appendStringInfo(out, "%snan", separator);
		separator = ",";
	}
	if (flags & DM_LTV_HAS_INFINITY)
	{
		appendStringInfo(out, "%sinf", separator);
		separator = ",";
	}
	if (flags & DM_LTV_HAS_MINUS_INFINITY)
		appendStringInfo(out, "%s-inf", separator);
}

Datum
dm_ltv_state_out(PG_FUNCTION_ARGS)
{
	StateFields fields;
	StringInfoData out;

	fields_from_state(&fields, DatumGetLtvState(PG_GETARG_DATUM(0)));
	initStringInfo(&out);
	appendStringInfo(&out, "ltv/%d orders=" INT64_FORMAT " amounts=" INT64_FORMAT " total=%s",
					 DM_LTV_VERSION, fields.orders, fields.amounts, numeric_text(fields.total));
	append_special(&out, fields.flags);
	if (fields.flags & DM_LTV_HAS_DATE)
		appendStringInfo(&out, " first=%s last=%s", date_text(fields.first),
						 date_text(fields.last));
	if (fields.flags & DM_LTV_HAS_AS_OF)
		appendStringInfo(&out, " as_of=%s",
						 fields.flags & DM_LTV_AS_OF_NULL ? "null" : date_text(fields.as_of));
	for (int i = 0; i < fields.parameters.count; i++)
		appendStringInfo(&out, "%s%s", i == 0 ? " parameters=" : ",",
						 numeric_text(fields.parameters.values[i]));
	PG_RETURN_CSTRING(out.data);
}

static void
invalid_state(const char *text, const char *detail)
{
	ereport(ERROR, (errcode(ERRCODE_INVALID_TEXT_REPRESENTATION),
					errmsg("invalid input syntax for type %s: \"%s\"", "datamesh.ltv_state", text),
					errdetail("%s", detail),
					errhint("States are written by datamesh.ltv_partial, for example \"ltv/1 "
							"orders=2 amounts=2 total=12.50 first=2024-01-01 last=2024-02-01\".")));
}

/*
 * The value of the next word if that word is name=value, and step over it; else NULL.  Words are
 * separated by single spaces.
 */
static char *
next_value(char **at, const char *name)
{
	size_t length = strlen(name);
	char *value;
	char *end;

	if (strncmp(*at, name, length) != 0 || (*at)[length] != '=')
		return NULL;
	value = *at + length + 1;
	end = strchr(value, ' ');
	if (end == NULL)
	{
		*at = value + strlen(value);
		return value;
	}
	*end = '\0';
	*at = end + 1;
	return value;
}

static char *
needed_value(char **at, const char *name, const char *text)
{
	char *value = next_value(at, name);

	if (value == NULL)
		invalid_state(text, psprintf("\"%s=\" is missing, or not in its place.", name));
	return value;
}

static int64
parse_int64(char *value)
{
	return DatumGetInt64(DirectFunctionCall1(int8in, CStringGetDatum(value)));
}

static Numeric
parse_numeric(char *value)
{
	return DatumGetNumeric(DirectFunctionCall3(numeric_in, CStringGetDatum(value),
											   ObjectIdGetDatum(InvalidOid), Int32GetDatum(-1)));
}

static DateADT
parse_date(char *value, const char *text)
{
	size_t year = strspn(value, "0123456789");

	/* date_in takes more than date_text writes: words such as today, and orders that DateStyle decides */
	if (value[0] != 'J' && year < 4 && strcmp(value, "infinity") != 0 &&
		strcmp(value, "-infinity") != 0)
		invalid_state(text, psprintf("\"%s\" is no date of the form 2026-01-31.", value));
	return DatumGetDateADT(DirectFunctionCall1(date_in, CStringGetDatum(value)));
}

static uint8
parse_special(char *list, const char *text)
{
	uint8 flags = 0;

	for (char *word = strtok(list, ","); word; word = strtok(NULL, ","))
	{
		if (strcmp(word, "nan") == 0)
			flags |= DM_LTV_HAS_NAN;
		else if (strcmp(word, "inf") == 0)
			flags |= DM_LTV_HAS_INFINITY;
		else if (strcmp(word, "-inf") == 0)
			flags |= DM_LTV_HAS_MINUS_INFINITY;
		else
			invalid_state(text, "\"special=\" lists nan, inf and -inf.");
	}
	return flags;
}

static void
parse_parameters(char *list, DmLtvParameters *parameters, const char *text)
{
	for (char *word = strtok(list, ","); word; word = strtok(NULL, ","))
	{
		if (parameters->count == DM_LTV_PARAMETERS)
			invalid_state(text, "There are at most six parameters.");
		parameters->values[parameters->count] =
			strcmp(word, "null") == 0 ? NULL : parse_numeric(word);
		parameters->count++;
	}
}

static void
parse_fields(StateFields *fields, char *at, const char *text)
{
	char *value;

	fields->orders = parse_int64(needed_value(&at, "orders", text));
	fields->amounts = parse_int64(needed_value(&at, "amounts", text));
	fields->total = parse_numeric(needed_value(&at, "total", text));
	if ((value = next_value(&at, "special")) != NULL)
		fields->flags |= parse_special(value, text);
	if ((value = next_value(&at, "first")) != NULL)
	{
		fields->flags |= DM_LTV_HAS_DATE;
		fields->first = parse_date(value, text);
		fields->last = parse_date(needed_value(&at, "last", text), text);
	}
	if ((value = next_value(&at, "as_of")) != NULL)
	{
		fields->flags |= DM_LTV_HAS_AS_OF;
		if (strcmp(value, "null") == 0)
			fields->flags |= DM_LTV_AS_OF_NULL;
		else
			fields->as_of = parse_date(value, text);
	}
	if ((value = next_value(&at, "parameters")) != NULL)
		parse_parameters(value, &fields->parameters, text);
	if (*at != '\0')
		invalid_state(text, psprintf("\"%s\" is not expected here.", at));
}

Datum
dm_ltv_state_in(PG_FUNCTION_ARGS)
{
	char *text = PG_GETARG_CSTRING(0);
	const char *prefix = "ltv/1 ";
	StateFields fields = {0};
	const char *fault;

	if (strncmp(text, prefix, strlen(prefix)) != 0)
		invalid_state(text, "A state begins with its version, \"ltv/1\".");
	parse_fields(&fields, pstrdup(text + strlen(prefix)), text);
	fault = fields_fault(&fields);
	if (fault)
		invalid_state(text, fault);
	PG_RETURN_POINTER(state_from_fields(&fields));
}

static void
send_numeric(StringInfo out, Numeric value)
{
	bytea *bytes;

	pq_sendint8(out, value == NULL ? 0 : 1);
	if (value == NULL)
		return;
	bytes = DatumGetByteaP(DirectFunctionCall1(numeric_send, NumericGetDatum(value)));
	pq_sendbytes(out, VARDATA(bytes), VARSIZE(bytes) - VARHDRSZ);
}

Datum
dm_ltv_state_send(PG_FUNCTION_ARGS)
{
	StateFields fields;
	StringInfoData out;

	fields_from_state(&fields, DatumGetLtvState(PG_GETARG_DATUM(0)));
	pq_begintypsend(&out);
	pq_sendint8(&out, DM_LTV_VERSION);
	pq_sendint8(&out, fields.flags);
	pq_sendint64(&out, fields.orders);
	pq_sendint64(&out, fields.amounts);
	send_numeric(&out, fields.total);
	pq_sendint32(&out, fields.first);
	pq_sendint32(&out, fields.last);
	pq_sendint32(&out, fields.as_of);
	pq_sendint8(&out, fields.parameters.count);
	for (int i = 0; i < fields.parameters.count; i++)
		send_numeric(&out, fields.parameters.values[i]);
	PG_RETURN_BYTEA_P(pq_endtypsend(&out));
}

static void
invalid_bytes(const char *detail)
{
	ereport(ERROR,
			(errcode(ERRCODE_INVALID_BINARY_REPRESENTATION),
			 errmsg("invalid binary form of type datamesh.ltv_state"), errdetail("%s", detail)));
}

static Numeric
receive_numeric(StringInfo in)
{
	if (pq_getmsgbyte(in) == 0)
		return NULL;
	return DatumGetNumeric(DirectFunctionCall3(numeric_recv, PointerGetDatum(in),
											   ObjectIdGetDatum(InvalidOid), Int32GetDatum(-1)));
}

static DateADT
receive_date(StringInfo in)
{
	return DatumGetDateADT(DirectFunctionCall3(date_recv, PointerGetDatum(in),
											   ObjectIdGetDatum(InvalidOid), Int32GetDatum(-1)));
}

Datum
dm_ltv_state_recv(PG_FUNCTION_ARGS)
{
	StringInfo in = (StringInfo) PG_GETARG_POINTER(0);
	StateFields fields = {0};
	const char *fault;

	if (pq_getmsgbyte(in) != DM_LTV_VERSION)
		invalid_bytes("This version of the state is not known here.");
	fields.flags = pq_getmsgbyte(in);
	if (fields.flags & ~DM_LTV_ALL_FLAGS)
		invalid_bytes("It carries flags that are not known here.");
	fields.orders = pq_getmsgint64(in);
	fields.amounts = pq_getmsgint64(in);
	fields.total = receive_numeric(in);
	if (fields.total == NULL)
		invalid_bytes("The total is missing.");
	fields.first = receive_date(in);
	fields.last = receive_date(in);
	fields.as_of = receive_date(in);
	fields.parameters.count = pq_getmsgbyte(in);
	if (fields.parameters.count > DM_LTV_PARAMETERS)
		invalid_bytes("There are at most six parameters.");
	for (int i = 0; i < fields.parameters.count; i++)
		fields.parameters.values[i] = receive_numeric(in);
	fault = fields_fault(&fields);
	if (fault)
		invalid_bytes(fault);
	PG_RETURN_POINTER(state_from_fields(&fields));
}
