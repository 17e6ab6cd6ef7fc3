/*-------------------------------------------------------------------------
 *
 * my_access.c
 *		What the caller may see of which products, and why: datamesh.my_access.
 *
 * The ports and their columns are listed with SQL; what is shown of each is asked
 * of the very functions that decide when a port is read.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "catalog/pg_type.h"
#include "fmgr.h"
#include "funcapi.h"
#include "miscadmin.h"
#include "nodes/value.h"
#include "utils/acl.h"
#include "utils/array.h"
#include "utils/builtins.h"
#include "utils/timestamp.h"
#include "utils/tuplestore.h"

#include "access/engine.h"
#include "base/session.h"
#include "catalog/catalog.h"

PG_FUNCTION_INFO_V1(dm_my_access);

/* The columns of the result. */
enum
{
	OUT_PRODUCT,
	OUT_PORT,
	OUT_READER,
	OUT_BASIS,
	OUT_COLUMN,
	OUT_ACCESS,
	OUT_MASK,
	OUT_ROW_FILTER,
	OUT_GRANTED_BY,
	OUT_SINCE,
	OUT_UNTIL,
	OUT_COLUMNS
};

/* A port, as the catalog lists it. */
typedef struct Port
{
	int32 port_id;
	char *product;
	char *label;
	char *version;
	TimestampTz published_at; /* DT_NOEND: not known */
	bool holds;               /* the current user may SELECT */
	int ncolumns;
	char **columns;
} Port;

static char *
copy_text(MemoryContext context, uint64 row, int column)
{
	char *value = DmSpiText(row, column);

	return value != NULL ? MemoryContextStrdup(context, value) : NULL;
}

static void
copy_names(MemoryContext context, Port *port, Datum value)
{
	Datum *names;

	deconstruct_array(DatumGetArrayTypeP(value), TEXTOID, -1, false, TYPALIGN_INT, &names, NULL,
					  &port->ncolumns);
	port->columns = MemoryContextAlloc(context, sizeof(char *) * (port->ncolumns + 1));
	for (int i = 0; i < port->ncolumns; i++)
		port->columns[i] = MemoryContextStrdup(context, TextDatumGetCString(names[i]));
}

/* The ports of a product; product_id 0: all that the user may read. */
static List *
list_ports(int32 product_id, Oid user)
{
	const Oid types[] = {INT4OID, OIDOID};
	Datum values[] = {Int32GetDatum(product_id), ObjectIdGetDatum(user)};
	const bool nulls[] = {product_id == 0, false};
	MemoryContext context = CurrentMemoryContext;
	List *ports = NIL;
	DmIdentity saved;

	DmBecomeExtensionOwner(&saved);
	SPI_connect();
	DmSpiExecute(
		"SELECT x.port_id, x.product, x.label, x.version, x.published_at, x.holds, ARRAY(SELECT "
		"t.column_name::text FROM datamesh.contract_column AS t WHERE t.contract_id = "
		"x.contract_id ORDER BY t.position) FROM (SELECT o.port_id, o.contract_id, p.product, "
		"pg_catalog.format('%I.%I', p.domain_name, p.product_name || '_v' || o.major) AS label, "
		"o.major, c.version::text, c.published_at, coalesce(pg_catalog.has_schema_privilege($2, "
		"n.oid, 'USAGE') AND pg_catalog.has_table_privilege($2, r.oid, 'SELECT'), false) AS holds "
		"FROM datamesh.port AS o JOIN datamesh.product AS p ON p.product_id = o.product_id "
		"JOIN datamesh.contract AS c ON c.contract_id = o.contract_id LEFT JOIN "
		"pg_catalog.pg_namespace AS n ON n.nspname = p.domain_name LEFT JOIN pg_catalog.pg_class "
		"AS r ON r.relnamespace = n.oid AND r.relname = p.product_name || '_v' || o.major "
		"WHERE o.current_release IS NOT NULL AND ($1 IS NULL OR o.product_id = $1)) AS x "
		"WHERE x.holds OR $1 IS NOT NULL ORDER BY x.product, x.major",
		2, types, values, nulls, true);
	for (uint64 row = 0; row < SPI_processed; row++)
	{
		Port *port = MemoryContextAllocZero(context, sizeof(Port));
		MemoryContext old;
		Datum value;
		bool isnull;

		port->port_id = DatumGetInt32(DmSpiDatum(row, 1, &isnull));
		port->product = copy_text(context, row, 2);
		port->label = copy_text(context, row, 3);
		port->version = copy_text(context, row, 4);
		value = DmSpiDatum(row, 5, &isnull);
		port->published_at = isnull ? DT_NOEND : DatumGetTimestampTz(value);
		port->holds = DatumGetBool(DmSpiDatum(row, 6, &isnull));
		copy_names(context, port, DmSpiDatum(row, 7, &isnull));
		old = MemoryContextSwitchTo(context);
		ports = lappend(ports, port);
		MemoryContextSwitchTo(old);
	}
	SPI_finish();
	DmIdentityRestore(&saved);
	return ports;
}

/* ---- why ---- */

static char *
role_name(Oid role)
{
	char *name = GetUserNameFromId(role, true);

	return name != NULL ? name : "unknown";
}

static const char *
kind_name(DmReaderKind kind)
{
	static const char *const names[] = {
		[DM_READER_UNKNOWN] = "none",    [DM_READER_NONE] = "none",
		[DM_READER_GRANT] = "grant",     [DM_READER_CONSUMER] = "consumer",
		[DM_READER_STEWARD] = "steward", [DM_READER_OWNER] = "owner",
	};

	return names[kind];
}

static char *
basis_of(const Port *port, const DmReader *reader)
{
	switch (reader->kind)
	{
		case DM_READER_OWNER:
			return psprintf("role %s owns the domain", role_name(reader->role));
		case DM_READER_STEWARD:
			return psprintf("contract %s names %s a steward", port->version,
							role_name(reader->role));
		case DM_READER_CONSUMER:
			return psprintf("contract %s names consumer %s (role %s)", port->version,
							reader->consumer, role_name(reader->role));
		case DM_READER_GRANT:
			return reader->grant->request_id != 0
					   ? psprintf("request %d of role %s", reader->grant->request_id,
								  role_name(reader->role))
					   : psprintf("grant %d to role %s", reader->grant->grant_id,
								  role_name(reader->role));
		default:
			return superuser_arg(reader->role) ? "superuser" : "a privilege on the port alone";
	}
}

/* Each word once, in order; NULL if there is none. */
static char *
join(List *words, const char *separator)
{
	List *told = NIL;
	StringInfoData text;
	ListCell *cell;

	initStringInfo(&text);
	foreach (cell, words)
	{
		if (list_member(told, lfirst(cell)))
			continue;
		told = lappend(told, lfirst(cell));
		appendStringInfo(&text, "%s%s", text.len > 0 ? separator : "", strVal(lfirst(cell)));
	}
	return text.len > 0 ? text.data : NULL;
}

static List *
append(List *words, const char *word)
{
	return lappend(words, makeString(pstrdup(word)));
}

static void
put_text(Datum *values, bool *nulls, int column, const char *text)
{
	nulls[column] = (text == NULL);
	values[column] = text != NULL ? CStringGetTextDatum(text) : (Datum) 0;
}

static void
put_time(Datum *values, bool *nulls, int column, TimestampTz time)
{
	nulls[column] = TIMESTAMP_NOT_FINITE(time);
	values[column] = TimestampTzGetDatum(time);
}

/* In which ways the users read the port. */
static void
put_reader(const Port *port, const List *readers, Datum *values, bool *nulls)
{
	List *kinds = NIL;
	List *bases = NIL;
	List *grantors = NIL;
	TimestampTz since = DT_NOBEGIN;
	TimestampTz until = DT_NOEND;
	ListCell *cell;

	foreach (cell, readers)
	{
		const DmReader *reader = lfirst(cell);

		kinds = append(kinds, kind_name(reader->kind));
		bases = append(bases, basis_of(port, reader));
		if (reader->kind == DM_READER_GRANT)
		{
			if (reader->grant->granted_by != NULL)
				grantors = append(grantors, reader->grant->granted_by);
			since = Max(since, reader->grant->since);
			until = Min(until, reader->grant->until);
		}
		else if (reader->kind == DM_READER_CONSUMER || reader->kind == DM_READER_STEWARD)
		{
			grantors = append(grantors, psprintf("contract %s", port->version));
			if (!TIMESTAMP_NOT_FINITE(port->published_at))
				since = Max(since, port->published_at);
		}
	}
	put_text(values, nulls, OUT_READER, join(kinds, ", "));
	put_text(values, nulls, OUT_BASIS, join(bases, "; "));
	put_text(values, nulls, OUT_GRANTED_BY, join(grantors, ", "));
	put_time(values, nulls, OUT_SINCE, since);
	put_time(values, nulls, OUT_UNTIL, until);
}

/* Not, or not any more. */
static void
put_no_access(const DmAccessGrant *ended, TimestampTz now, Datum *values, bool *nulls)
{
	char *end;
	char *detail;

	for (int i = OUT_READER; i < OUT_COLUMNS; i++)
		nulls[i] = true;
	put_text(values, nulls, OUT_READER, "none");
	put_text(values, nulls, OUT_ACCESS, "none");
	if (ended == NULL)
		return;
	DmGrantDescribeEnd(ended, now, &end, &detail);
	put_text(values, nulls, OUT_BASIS, psprintf("access %s. %s", end, detail));
	put_text(values, nulls, OUT_GRANTED_BY, ended->granted_by);
	put_time(values, nulls, OUT_SINCE, ended->since);
	put_time(values, nulls, OUT_UNTIL, Min(ended->until, ended->revoked_at));
}

/* ---- what ---- */

static char *
row_filter(const DmPolicy *policy, const DmSubject *subject)
{
	StringInfoData text;
	int count = 0;

	initStringInfo(&text);
	for (int i = 1; i <= policy->rules->nfilters; i++)
	{
		int choice = DmFilterChoice(policy, i, subject);
		const char *filter = policy->rules->filters[i - 1];

		if (choice == DM_FILTER_NO_ROW)
			return "false";
		if (choice != DM_FILTER_HOLDS)
			continue;
		appendStringInfo(&text, count > 0 ? " AND (%s)" : "(%s)", filter != NULL ? filter : "?");
		count++;
	}
	if (count == 1)
		return pnstrdup(text.data + 1, text.len - 2);
	return count > 0 ? text.data : NULL;
}

/* A column that the policy does not name is shown as it is. */
static int
column_choice(const DmPolicy *policy, const char *column, const DmSubject *subject, char **mask)
{
	for (int i = 1; i <= policy->rules->ncolumns; i++)
	{
		const DmColumnRule *rule = &policy->rules->columns[i - 1];

		if (rule->column != NULL && strcmp(rule->column, column) == 0)
		{
			int choice = DmMaskChoice(policy, i, subject);

			*mask = choice > 0 ? rule->masks[choice - 1] : NULL;
			return choice;
		}
	}
	return DM_RAW;
}

static void
put_readable(const Port *port, const DmPortReaders *readers, const DmSubject *subject,
			 ReturnSetInfo *rsinfo, Datum *values, bool *nulls)
{
	bool unprotected = (readers->policy_id == 0);
	const DmPolicy *policy = unprotected ? NULL : DmPolicyFind(readers->policy_id);

	put_reader(port, DmStandings(readers, subject), values, nulls);
	put_text(values, nulls, OUT_ROW_FILTER,
			 policy != NULL ? row_filter(policy, subject)
			 : unprotected  ? NULL
							: "false");
	for (int i = 0; i < port->ncolumns; i++)
	{
		char *mask = NULL;
		int choice = policy != NULL ? column_choice(policy, port->columns[i], subject, &mask)
					 : unprotected  ? DM_RAW
									: DM_HIDDEN;

		put_text(values, nulls, OUT_COLUMN, port->columns[i]);
		put_text(values, nulls, OUT_ACCESS,
				 choice == DM_RAW      ? "raw"
				 : choice == DM_HIDDEN ? "hidden"
									   : "masked");
		put_text(values, nulls, OUT_MASK, mask);
		tuplestore_putvalues(rsinfo->setResult, rsinfo->setDesc, values, nulls);
	}
}

static void
put_unreadable(const Port *port, const DmAccessGrant *ended, const DmSubject *subject,
			   ReturnSetInfo *rsinfo, Datum *values, bool *nulls)
{
	put_no_access(ended, subject->now, values, nulls);
	for (int i = 0; i < port->ncolumns; i++)
	{
		put_text(values, nulls, OUT_COLUMN, port->columns[i]);
		tuplestore_putvalues(rsinfo->setResult, rsinfo->setDesc, values, nulls);
	}
}

static void
put_port(ReturnSetInfo *rsinfo, const Port *port, const DmSubject *subject)
{
	Datum values[OUT_COLUMNS] = {0};
	bool nulls[OUT_COLUMNS] = {0};
	const DmPortReaders *readers = DmPortReadersFind(port->port_id);
	const DmAccessGrant *ended = readers != NULL ? DmGrantEnded(readers, subject) : NULL;

	put_text(values, nulls, OUT_PRODUCT, port->product);
	put_text(values, nulls, OUT_PORT, port->label);
	if (port->holds && readers != NULL && ended == NULL)
		put_readable(port, readers, subject, rsinfo, values, nulls);
	else
		put_unreadable(port, ended, subject, rsinfo, values, nulls);
}

Datum
dm_my_access(PG_FUNCTION_ARGS)
{
	ReturnSetInfo *rsinfo = (ReturnSetInfo *) fcinfo->resultinfo;
	DmSubject subject = DmSubjectNow();
	int32 product_id = 0;
	MemoryContext context;
	List *ports;
	ListCell *cell;

	InitMaterializedSRF(fcinfo, 0);
	if (!PG_ARGISNULL(0))
		product_id = DmProductByName(text_to_cstring(PG_GETARG_TEXT_PP(0)))->product_id;
	ports = list_ports(product_id, subject.user);
	context =
		AllocSetContextCreate(CurrentMemoryContext, "datamesh my_access", ALLOCSET_DEFAULT_SIZES);
	foreach (cell, ports)
	{
		MemoryContext old = MemoryContextSwitchTo(context);

		CHECK_FOR_INTERRUPTS();
		(void) DmAccessBegin();
		put_port(rsinfo, lfirst(cell), &subject);
		MemoryContextSwitchTo(old);
		MemoryContextReset(context);
	}
	MemoryContextDelete(context);
	return (Datum) 0;
}
