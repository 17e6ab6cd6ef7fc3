/*-------------------------------------------------------------------------
 *
 * detect.c
 *		detect_pii: which columns of a relation hold personal data?
 *
 * One scan of a bounded sample, all columns and all detectors together; the detectors
 * are in kernel_detect.c.  What is found is told by counts: no value of the relation
 * gets into a result, and neither does a key of a document.
 *
 * The sample is read as the relation's owner by those who have his rights, so that
 * what a view calls never runs with more, and as the caller otherwise, with the
 * caller's privileges and row security; in both cases in a security-restricted
 * operation with a search_path of our own.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "catalog/pg_class.h"
#include "catalog/pg_type.h"
#include "access/table.h"
#include "fmgr.h"
#include "funcapi.h"
#include "miscadmin.h"
#include "storage/bufmgr.h"
#include "utils/acl.h"
#include "utils/builtins.h"
#include "utils/lsyscache.h"
#include "utils/memutils.h"
#include "utils/rel.h"

#include "base/session.h"
#include "masking/detect.h"
#include "masking/kernel.h"
#include "base/compat.h"

PG_FUNCTION_INFO_V1(dm_detect_pii);

#define MOST_ROWS 1000000
#define FETCH_ROWS 200
#define VALUE_BYTES 8192 /* of one value that are looked at */
#define RESULT_COLUMNS 5

/* Blocks to sample for so many rows: enough that chance leaves none of them out. */
#define SAMPLE_BLOCKS(rows) Max(60, (rows) / 10)

typedef struct Column
{
	char *name;
	Oid type; /* below domains */
	int kind; /* DmColumnKind; 0: not looked at */
	bool document;
	int64 values; /* in the sample, not null */
	int64 fits[DM_DETECTORS_MAX][DM_FIT_CERTAIN + 1];
	int64 named[DM_DETECTORS_MAX];
} Column;

typedef struct Sampling
{
	Oid relation;
	int64 rows; /* at most */
	int ncolumns;
	Column *columns;
	MemoryContext per_row;
} Sampling;

/* The kind of a column by its type; 0 for types that no personal data is in, or none can be found in. */
static int
column_kind(Oid type, bool *document)
{
	char category;
	bool preferred;
	Oid base = getBaseType(type);
	Oid element = get_element_type(base);

	*document = base == JSONOID || base == JSONBOID;
	if (*document)
		return DM_COLUMN_DOCUMENT;
	if (OidIsValid(element))
	{
		bool inner;
		int kind = column_kind(element, &inner);

		return inner ? DM_COLUMN_TEXT : kind;
	}
	if (base == DATEOID || base == TIMESTAMPOID || base == TIMESTAMPTZOID)
		return DM_COLUMN_DATE;
	if (base == INT4OID || base == INT8OID || base == NUMERICOID)
		return DM_COLUMN_NUMBER;
	if (base == INETOID || base == CIDROID || base == MACADDROID || base == MACADDR8OID)
		return DM_COLUMN_NETWORK;
	if (base == BYTEAOID || base == UUIDOID)
		return 0;
	get_type_category_preferred(base, &category, &preferred);
	return category == TYPCATEGORY_STRING || category == TYPCATEGORY_USER ||
				   category == TYPCATEGORY_COMPOSITE
			   ? DM_COLUMN_TEXT
			   : 0;
}

static void
read_columns(Sampling *scan, Relation rel)
{
	TupleDesc desc = RelationGetDescr(rel);

	scan->columns = palloc0(sizeof(Column) * Max(desc->natts, 1));
	for (int i = 0; i < desc->natts; i++)
	{
		Form_pg_attribute attribute = TupleDescAttr(desc, i);
		Column *column = &scan->columns[scan->ncolumns];

		if (attribute->attisdropped)
			continue;
		column->kind = column_kind(attribute->atttypid, &column->document);
		if (column->kind == 0)
			continue;
		column->name = pstrdup(NameStr(attribute->attname));
		column->type = getBaseType(attribute->atttypid);
		scan->ncolumns++;
	}
}

/* Large tables are sampled by blocks, the same ones each time; of others the first rows are read. */
static char *
sample_query(const Sampling *scan, Relation rel)
{
	StringInfoData sql;
	double wanted = SAMPLE_BLOCKS(scan->rows);
	double blocks = 0;

	if (rel->rd_rel->relkind == RELKIND_RELATION || rel->rd_rel->relkind == RELKIND_MATVIEW)
		blocks = RelationGetNumberOfBlocks(rel);
	initStringInfo(&sql);
	appendStringInfoString(&sql, "SELECT ");
	for (int i = 0; i < scan->ncolumns; i++)
		appendStringInfo(&sql, "%s%s", i > 0 ? ", " : "", quote_identifier(scan->columns[i].name));
	appendStringInfo(&sql, " FROM %s",
					 quote_qualified_identifier(get_namespace_name(RelationGetNamespace(rel)),
												RelationGetRelationName(rel)));
	if (blocks > 2 * wanted)
		appendStringInfo(&sql, " TABLESAMPLE SYSTEM (%.6f) REPEATABLE (1)", 100 * wanted / blocks);
	appendStringInfo(&sql, " LIMIT " INT64_FORMAT, scan->rows);
	return sql.data;
}

static void
count_value(Column *column, const char *value)
{
	size_t length = strnlen(value, VALUE_BYTES);
	DmFindings findings = {0};

	column->values++;
	if (column->document)
		DmDetectJson(value, length, &findings);
	else
		DmDetectText(value, length, &findings);
	for (int i = 0; i < dm_detector_count; i++)
	{
		uint32 bit = (uint32) 1 << i;

		for (int fit = DM_FIT_WEAK; fit <= DM_FIT_CERTAIN; fit++)
			column->fits[i][fit] += (findings.fits[fit] & bit) != 0;
		column->named[i] += (findings.named & bit) != 0;
	}
}

static void
count_row(Sampling *scan, HeapTuple tuple, TupleDesc desc)
{
	MemoryContext before = MemoryContextSwitchTo(scan->per_row);

	for (int i = 0; i < scan->ncolumns; i++)
	{
		char *value = SPI_getvalue(tuple, desc, i + 1);

		if (value != NULL)
			count_value(&scan->columns[i], value);
	}
	MemoryContextSwitchTo(before);
	MemoryContextReset(scan->per_row);
}

static void
run_scan(Sampling *scan, const char *sql)
{
	Portal portal;

	SPI_connect();
	portal = SPI_cursor_open_with_args(NULL, sql, 0, NULL, NULL, NULL, true, 0);
	scan->per_row =
		AllocSetContextCreate(CurrentMemoryContext, "detect_pii row", ALLOCSET_DEFAULT_SIZES);
	do
	{
		SPI_cursor_fetch(portal, true, FETCH_ROWS);
		for (uint64 i = 0; i < SPI_processed; i++)
		{
			CHECK_FOR_INTERRUPTS();
			count_row(scan, SPI_tuptable->vals[i], SPI_tuptable->tupdesc);
		}
		SPI_freetuptable(SPI_tuptable);
	} while (SPI_processed > 0);
	SPI_cursor_close(portal);
	SPI_finish();
}

static Relation
open_relation(Oid relation)
{
	Relation rel = table_open(relation, AccessShareLock);

	if (strchr("rpmvf", rel->rd_rel->relkind) == NULL)
		ereport(ERROR, (errcode(ERRCODE_WRONG_OBJECT_TYPE),
						errmsg("\"%s\" holds no rows that could be looked at",
							   RelationGetRelationName(rel)),
						errhint("Name a table, a view, a materialized view or a foreign table.")));
	return rel;
}

/* reader: whose rights are used; InvalidOid: the owner's, of those who have them, else the caller's */
static void
scan_relation(Sampling *scan, Oid reader)
{
	Relation rel = open_relation(scan->relation);
	Oid owner = rel->rd_rel->relowner;
	DmIdentity saved;

	read_columns(scan, rel);
	if (scan->ncolumns > 0)
	{
		char *sql = sample_query(scan, rel);

		if (OidIsValid(reader))
			DmBecomeDomain(&saved, reader);
		else
			DmBecomeRestricted(&saved, has_privs_of_role(GetUserId(), owner) ? owner : GetUserId());
		run_scan(scan, sql);
		DmIdentityRestore(&saved);
	}
	table_close(rel, NoLock);
}

/*
 * What the counts say of one column and one detector.
 */
typedef struct Verdict
{
	int percent; /* of confidence; 0: nothing found */
	char *why;
} Verdict;

static const char *
name_part(const char *word, bool key)
{
	if (word != NULL)
		return psprintf("; the name says \"%s\"", word);
	return key ? "; a key of the document says so" : "";
}

static char *
count_part(const Column *column, int64 fits, const DmDetector *detector)
{
	return psprintf(INT64_FORMAT " of " INT64_FORMAT " values: %s", fits, column->values,
					detector->what);
}

static Verdict
judge(const Column *column, int number)
{
	const DmDetector *detector = &dm_detectors[number];
	const int64 *fits = column->fits[number];
	const char *word = DmDetectName(detector, column->name, strlen(column->name));
	bool key = column->named[number] > 0;
	bool named = word != NULL || key;
	int64 share = (int64) detector->percent * column->values;
	Verdict verdict = {0, NULL};

	if (fits[DM_FIT_CERTAIN] > 0)
	{
		verdict.percent = 100;
		verdict.why = psprintf("%s%s", count_part(column, fits[DM_FIT_CERTAIN], detector),
							   name_part(word, key));
	}
	else if (fits[DM_FIT_CHECKED] > 0 && (named || fits[DM_FIT_CHECKED] * 100 >= share))
	{
		verdict.percent = named || fits[DM_FIT_CHECKED] >= 3 ? 100 : 70;
		verdict.why = psprintf("%s%s", count_part(column, fits[DM_FIT_CHECKED], detector),
							   name_part(word, key));
	}
	else if (fits[DM_FIT_PATTERN] > 0 && (named || fits[DM_FIT_PATTERN] * 100 >= share))
	{
		verdict.percent = named ? 95 : (int) (50 + 40 * fits[DM_FIT_PATTERN] / column->values);
		verdict.why = psprintf("%s%s", count_part(column, fits[DM_FIT_PATTERN], detector),
							   name_part(word, key));
	}
	else if (named && fits[DM_FIT_WEAK] > 0)
	{
		verdict.percent = 90;
		verdict.why =
			psprintf("%s%s", count_part(column, fits[DM_FIT_WEAK], detector), name_part(word, key));
	}
	else if (key)
	{
		verdict.percent = 80;
		verdict.why =
			psprintf(INT64_FORMAT " of " INT64_FORMAT " values: a key of the document says so",
					 column->named[number], column->values);
	}
	else if (word != NULL && (column->kind & detector->kinds) != 0)
	{
		bool unsaid = detector->fit == NULL || column->kind != DM_COLUMN_TEXT;

		verdict.percent = unsaid && column->values > 0 ? 80 : column->values > 0 ? 40 : 60;
		verdict.why = psprintf("the name says \"%s\"%s", word,
							   column->values == 0 ? "; there is no value to look at"
							   : unsaid            ? ""
												   : "; no value of the sample looks like it");
	}
	return verdict;
}

/*
 * What to mask it with: the detector's mask where it takes the column's type, else the one that takes
 * every type.
 */
static const char *
suggested_mask(const Column *column, const DmDetector *detector)
{
	bool of_date = strncmp(detector->mask, "mask_date_trunc", strlen("mask_date_trunc")) == 0;

	if (of_date ? column->type == DATEOID || column->type == TIMESTAMPOID ||
					  column->type == TIMESTAMPTZOID
				: column->type == TEXTOID || column->type == VARCHAROID)
		return detector->mask;
	return "mask_redact";
}

static DmPiiHit *
make_hit(const Column *column, int number, const Verdict *verdict)
{
	DmPiiHit *hit = palloc(sizeof(DmPiiHit));

	hit->column = column->name;
	hit->detector = dm_detectors[number].name;
	hit->percent = verdict->percent;
	hit->why = verdict->why;
	hit->mask = suggested_mask(column, &dm_detectors[number]);
	return hit;
}

/* The hits of a column, the most certain first. */
static List *
column_hits(const Column *column, List *hits)
{
	Verdict verdicts[DM_DETECTORS_MAX];

	for (int i = 0; i < dm_detector_count; i++)
		verdicts[i] = judge(column, i);
	for (;;)
	{
		int best = -1;

		for (int i = 0; i < dm_detector_count; i++)
			if (verdicts[i].percent > 0 &&
				(best < 0 || verdicts[i].percent > verdicts[best].percent))
				best = i;
		if (best < 0)
			return hits;
		hits = lappend(hits, make_hit(column, best, &verdicts[best]));
		verdicts[best].percent = 0;
	}
}

List *
DmDetectPii(Oid relation, int64 rows, Oid reader)
{
	Sampling scan = {0};
	List *hits = NIL;

	scan.relation = relation;
	scan.rows = rows;
	scan_relation(&scan, reader);
	for (int i = 0; i < scan.ncolumns; i++)
		hits = column_hits(&scan.columns[i], hits);
	return hits;
}

static void
put_hit(ReturnSetInfo *rsinfo, const DmPiiHit *hit)
{
	Datum values[RESULT_COLUMNS];
	bool nulls[RESULT_COLUMNS] = {false};
	char *confidence = psprintf("%d.%02d", hit->percent / 100, hit->percent % 100);

	values[0] = CStringGetTextDatum(hit->column);
	values[1] = CStringGetTextDatum(hit->detector);
	values[2] = DirectFunctionCall3(numeric_in, CStringGetDatum(confidence),
									ObjectIdGetDatum(InvalidOid), Int32GetDatum(-1));
	values[3] = CStringGetTextDatum(hit->why);
	values[4] = CStringGetTextDatum(hit->mask);
	tuplestore_putvalues(rsinfo->setResult, rsinfo->setDesc, values, nulls);
}

/* detect_pii(relation, sample_rows) */
Datum
dm_detect_pii(PG_FUNCTION_ARGS)
{
	ReturnSetInfo *rsinfo = (ReturnSetInfo *) fcinfo->resultinfo;
	int32 rows = PG_GETARG_INT32(1);
	ListCell *cell;

	if (rows < 1 || rows > MOST_ROWS)
		ereport(ERROR, (errcode(ERRCODE_INVALID_PARAMETER_VALUE),
						errmsg("sample_rows must be between 1 and %d", MOST_ROWS)));
	InitMaterializedSRF(fcinfo, 0);
	foreach (cell, DmDetectPii(PG_GETARG_OID(0), rows, InvalidOid))
		put_hit(rsinfo, lfirst(cell));
	PG_RETURN_VOID();
}
