/*-------------------------------------------------------------------------
 *
 * compile.c
 *		What a contract says of masks, row filters and columns, read and made into the
 *		rules of a port: the names in it, its stewards, and the order of it all.
 *
 * What the files that read it keep true: a name that means nothing (a column, a
 * consumer, a mask) is an error.  A slip of the pen must never be the reason that
 * somebody sees more.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "access/xlog.h"
#include "catalog/pg_type.h"
#include "utils/acl.h"
#include "utils/builtins.h"
#include "utils/date.h"
#include "utils/datetime.h"
#include "utils/formatting.h"
#include "utils/lsyscache.h"

#include "access/compile_read.h"
#include "base/errors.h"
#include "base/session.h"

/* ---- names ---- */

DmAccessColumn *
DmAccessFindColumn(const DmAccess *access, const char *name)
{
	ListCell *cell;

	foreach (cell, access->columns)
		if (strcmp(((DmAccessColumn *) lfirst(cell))->name, name) == 0)
			return lfirst(cell);
	return NULL;
}

bool
DmAccessHasName(List *names, const char *name)
{
	ListCell *cell;

	foreach (cell, names)
		if (strcmp(lfirst(cell), name) == 0)
			return true;
	return false;
}

DmAccessColumn *
DmAccessRequireColumn(DmAccess *access, const DmPath *path, const char *name)
{
	DmAccessColumn *column = DmAccessFindColumn(access, name);

	if (column == NULL)
		DmProblem(&access->problems, path, "\"%s\" is not a column of the contract",
				  DmExcerpt(name));
	return column;
}

bool
DmAccessRequireConsumer(DmAccess *access, const DmPath *path, const char *name)
{
	StringInfoData known;
	ListCell *cell;

	if (DmAccessHasName(access->consumers, name))
		return true;
	initStringInfo(&known);
	foreach (cell, access->consumers)
		appendStringInfo(&known, "%s%s", known.len > 0 ? ", " : ": ", (char *) lfirst(cell));
	DmProblem(&access->problems, path, "\"%s\" is not one of the contract's readers%s",
			  DmExcerpt(name), known.len > 0 ? known.data : ", of whom there are none");
	return false;
}

/* ---- the document ---- */

bool
DmAccessFindCustom(const DmNode *node, const DmPath *path, const char *property,
				   DmAccessCustom *custom)
{
	const DmNode *list = DmNodeGet(node, "customProperties");

	if (list == NULL || list->kind != A)
		return false;
	custom->list = DmBelow(path, "customProperties");
	for (int i = 0; i < list->count; i++)
	{
		const char *name = DmNodeString(DmNodeGet(list->items[i], "property"));

		if (name == NULL || strcmp(name, property) != 0)
			continue;
		custom->member = DmMember(&custom->list, i);
		custom->here = custom->whole = DmBelow(&custom->member, "value");
		custom->value = DmNodeGet(list->items[i], "value");
		return custom->value != NULL;
	}
	return false;
}

bool
DmAccessFindProductCustom(const DmAccessLevel *level, const char *property, int form,
						  DmAccessCustom *custom)
{
	if (form == 0)
		return DmAccessFindCustom(level->node, level->path, psprintf("datamesh.%s", property),
								  custom);
	if (form == 1)
		return DmAccessFindCustom(level->node, level->path, property, custom);
	if (!DmAccessFindCustom(level->node, level->path, "access_policy", custom))
		return false;
	custom->value = DmNodeGet(custom->value, property);
	custom->here = DmBelow(&custom->whole, property);
	return custom->value != NULL;
}

static void
read_key(DmAccess *access)
{
	const Oid type = INT4OID;
	Datum value = Int32GetDatum(access->contract->contract_id);
	DmIdentity saved;

	DmBecomeExtensionOwner(&saved);
	DmSpiExecute("SELECT column_name FROM datamesh.contract_column WHERE contract_id = $1 "
				 "AND primary_key_position IS NOT NULL ORDER BY primary_key_position, position",
				 1, &type, &value, NULL, false);
	for (uint64 row = 0; row < SPI_processed; row++)
		access->key = lappend(access->key, DmSpiText(row, 1));
	DmIdentityRestore(&saved);
}

/* ---- stewards ---- */

static bool
is_today_or_before(const char *text)
{
	char today[16];
	struct pg_tm tm;
	DateADT date = GetSQLCurrentDate();

	j2date(date + POSTGRES_EPOCH_JDATE, &tm.tm_year, &tm.tm_mon, &tm.tm_mday);
	snprintf(today, sizeof(today), "%04d-%02d-%02d", tm.tm_year, tm.tm_mon, tm.tm_mday);
	return strncmp(text, today, strlen(today)) <= 0;
}

/*
 * The role that was this steward when the contract was published before, InvalidOid if it was none: a role
 * that was made since, under the same name, is somebody else.
 */
static Oid
steward_before(const DmAccess *access, const char *name)
{
	const Oid types[] = {INT4OID, TEXTOID, INT8OID};
	Datum values[] = {Int32GetDatum(access->contract->contract_id), CStringGetTextDatum(name),
					  Int64GetDatum((int64) GetSystemIdentifier())};
	Oid result = InvalidOid;
	DmIdentity saved;

	DmBecomeExtensionOwner(&saved);
	DmSpiExecute("SELECT s ->> 'oid' FROM datamesh.port AS p "
				 "JOIN datamesh.port_policy AS o USING (port_id), "
				 "LATERAL pg_catalog.jsonb_array_elements(o.rules -> 'stewards') AS s "
				 "WHERE p.contract_id = $1 AND s ->> 'role' = $2 "
				 "AND (s ->> 'cluster')::pg_catalog.int8 = $3 ORDER BY o.policy_id DESC LIMIT 1",
				 3, types, values, NULL, true);
	if (SPI_processed > 0)
		result = atooid(DmSpiText(0, 1));
	DmIdentityRestore(&saved);
	return result;
}

static Oid
steward_role(const DmAccess *access, const char *name)
{
	Oid now = get_role_oid(name, true);
	Oid before = steward_before(access, name);

	if (!OidIsValid(before) || before == now)
		return now;
	ereport(
		WARNING,
		(errmsg("role \"%s\" is not the one that was steward of data product \"%s\"",
				DmExcerpt(name), access->product->qualified_name),
		 errdetail("The role of that name was made after the contract was published."),
		 errhint("It reads as everybody else does. A new version of the contract names it anew.")));
	return InvalidOid;
}

static void
read_steward(DmAccess *access, const DmNode *member)
{
	const char *role = DmNodeString(DmNodeGet(member, "role"));
	const char *name = DmNodeString(DmNodeGet(member, "username"));
	const char *in = DmNodeString(DmNodeGet(member, "dateIn"));
	const char *out = DmNodeString(DmNodeGet(member, "dateOut"));
	Oid oid;

	if (role == NULL || name == NULL || strstr(asc_tolower(role, strlen(role)), "steward") == NULL)
		return;
	if ((in != NULL && in[0] != '\0' && !is_today_or_before(in)) ||
		(out != NULL && out[0] != '\0' && is_today_or_before(out)))
		return;
	oid = steward_role(access, name);
	if (OidIsValid(oid))
		access->stewards = list_append_unique_oid(access->stewards, oid);
	else if (!OidIsValid(get_role_oid(name, true)))
		ereport(NOTICE, (errmsg("steward \"%s\" of the contract is no role of this server",
								DmExcerpt(name)),
						 errdetail("A steward who is one reads the product raw.")));
}

static void
read_stewards(DmAccess *access, const DmNode *document)
{
	const DmNode *members = DmNodeGet(document, "team");

	if (members != NULL && members->kind == O)
		members = DmNodeGet(members, "members");
	for (int i = 0; members != NULL && members->kind == A && i < members->count; i++)
		read_steward(access, members->items[i]);
}

/* ---- all of it ---- */

/* Is it about access_policy, however that or what belongs into it is spelt? */
static bool
is_about_policy(const char *problems)
{
	StringInfoData word;

	initStringInfo(&word);
	for (; *problems != '\0'; problems++)
		if (DmIsAlnum(*problems))
			appendStringInfoChar(&word, (char) pg_ascii_tolower((unsigned char) *problems));
	return strstr(word.data, "accesspolicy") != NULL ||
		   strstr(word.data, "allowedconsumers") != NULL ||
		   strstr(word.data, "ownerdomain") != NULL;
}

void
DmAccessRaise(DmAccess *access)
{
	if (access->problems.problem_count == 0)
		return;
	ereport(
		ERROR,
		(errcode(ERRCODE_DM_UNENFORCEABLE),
		 errmsg("version %s of data product \"%s\" asks for protection that cannot be given",
				access->contract->version, access->product->qualified_name),
		 errdetail_internal("%s", access->problems.problems.data),
		 errhint("Nothing was published. Each line names a place in the contract. Protection is "
				 "asked for by customProperties: datamesh.mask of a property; "
				 "datamesh.masking_rules, datamesh.pii_columns, datamesh.rowFilter and "
				 "datamesh.kAnonymity of the contract or its object; datamesh.columns of a "
				 "role.%s",
				 is_about_policy(access->problems.problems.data)
					 ? " access_policy is one of them too, of the contract or its object: an "
					   "object with owner_domain, allowed_consumers, pii_columns and masking_rules."
					 : "")));
}

static void
set_levels(DmAccessLevels *levels, const DmNode *document)
{
	const DmNode *schema = DmNodeGet(document, "schema");

	levels->schema = DmBelow(NULL, "schema");
	levels->object = DmMember(&levels->schema, 0);
	levels->level[0] = (DmAccessLevel){document, NULL};
	levels->level[1] = (DmAccessLevel){
		schema != NULL && schema->kind == A && schema->count > 0 ? schema->items[0] : NULL,
		&levels->object};
}

static void
prepare_columns(DmAccess *access)
{
	ListCell *cell;

	foreach (cell, access->columns)
	{
		DmAccessColumn *column = lfirst(cell);

		column->label = pstrdup(quote_identifier(column->stored));
		column->base_typmod = column->typmod;
		if (OidIsValid(column->type))
			column->base = getBaseTypeAndTypmod(column->type, &column->base_typmod);
	}
}

DmAccess *
DmAccessCompile(const DmProduct *product, const DmContract *contract, List *consumers,
				List *columns)
{
	DmAccess *access = palloc0(sizeof(DmAccess));
	char *json = JsonbToCString(NULL, &contract->document->root, VARSIZE(contract->document));
	const DmNode *document = DmJsonRead(json, strlen(json));
	DmAccessLevels levels;

	access->product = product;
	access->contract = contract;
	access->consumers = consumers;
	access->columns = columns;
	initStringInfo(&access->problems.problems);
	set_levels(&levels, document);
	prepare_columns(access);
	read_key(access);

	DmAccessScan(access, document);
	DmAccessReadColumns(access, &levels, document);
	DmAccessReadRows(access, &levels);
	read_stewards(access, document);
	DmAccessCheckMasks(access);
	DmAccessRaise(access);
	return access;
}

bool
DmAccessRestricts(const DmAccess *access)
{
	return access->protected != NIL || access->rows != NIL;
}

bool
DmAccessWithholds(const DmAccess *access, const char *name)
{
	ListCell *cell;

	foreach (cell, access->protected)
		if (strcmp(((DmProtected *) lfirst(cell))->column->name, name) == 0)
			return true;
	return access->rows != NIL;
}
