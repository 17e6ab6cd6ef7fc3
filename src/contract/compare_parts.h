/*-------------------------------------------------------------------------
 *
 * compare_parts.h
 *		What the parts of the comparison of contracts share.
 *
 * Everywhere "from" is the older document and "to" the newer one.  A node is
 * a value inside a document; an absent key and a JSON null are both NULL.
 *
 *-------------------------------------------------------------------------
 */
#ifndef DATAMESH_CONTRACT_COMPARE_PARTS_H
#define DATAMESH_CONTRACT_COMPARE_PARTS_H

#include "lib/stringinfo.h"

#include "contract/compare.h"

typedef const JsonbValue *DmDiffNode;

/* How the newer of two promises stands to the older one. */
typedef enum DmDiffOrder
{
	DM_ORDER_SAME,
	DM_ORDER_TIGHTER,
	DM_ORDER_LOOSER,
	DM_ORDER_UNKNOWN,
} DmDiffOrder;

/* A column that has another name now: "object.column" in the old document, the new column. */
typedef struct DmDiffRename
{
	char *from;
	char *to;
} DmDiffRename;

typedef struct DmCompare
{
	List *changes;
	DmDiffNode from_document;
	DmDiffNode to_document;
	DmDiffNode from_property; /* the column that is being compared, or NULL */
	DmDiffNode to_property;
	StringInfoData path; /* where we are */
	int depth;           /* of properties within properties */
	bool widening;
	bool writers; /* some role has write access: rows marked with a dagger are major */

	/* the rule whose parts are being compared; outside a rule: an error, counting failures */
	bool rule_is_error;        /* the old severity */
	bool rule_counts_failures; /* the threshold is an upper bound of what is counted */

	const char *object;    /* name of the schema object in the old document, or NULL */
	DmDiffRename *renames; /* sorted when not dirty */
	int nrenames;
	int maxrenames;
	bool renames_dirty;
} DmCompare;

/* ---- compare_node.c: nodes ---- */

extern DmDiffNode DmDiffNodeGet(DmDiffNode object, const char *key);
extern bool DmDiffNodeIsObject(DmDiffNode node);
extern bool DmDiffNodeIsArray(DmDiffNode node);
extern bool DmDiffIsOneOf(const char *name, const char *const *names, int nnames);
extern bool DmDiffIsMapOrAbsent(DmDiffNode node);
extern List *DmDiffKeysOf(DmDiffNode a, DmDiffNode b); /* of two objects, each once */
extern bool DmDiffNodeEqual(DmDiffNode a, DmDiffNode b);
extern bool DmDiffNodeIsTrue(DmDiffNode node);
/* The text of a string, number or boolean; NULL for anything else. */
extern char *DmDiffNodeText(DmDiffNode node);
/* Lower case, letters and digits only: for words that people spell in several ways. */
extern char *DmDiffNodeWord(DmDiffNode node);
/* The same for people: strings quoted, long ones cut off. */
extern char *DmDiffNodeShow(DmDiffNode node);

/* ---- compare_node.c: reports ---- */

/* Add a row for the current path. */
extern DmChange *DmDiffReport(DmCompare *c, DmLevel level, const char *reason, const char *change,
							  ...) pg_attribute_printf(4, 5);
/* The same for rows marked with a dagger: minor for readers, major when somebody writes. */
extern DmChange *DmDiffReportDagger(DmCompare *c, const char *reason, const char *change, ...)
	pg_attribute_printf(3, 4);
/* The change in the words "what added: to", "what removed, was from" or "what changed ...". */
extern char *DmDiffDescribe(const char *what, DmDiffNode from, DmDiffNode to);

/* Paths: each Push returns what to give to Pop. */
extern int DmDiffPushKey(DmCompare *c, const char *key);
extern int DmDiffPushIndex(DmCompare *c, int index);
extern int DmDiffPushName(DmCompare *c, const char *name); /* [name] */
extern void DmDiffPop(DmCompare *c, int saved);

/* ---- compare_node.c: fields of an object ---- */

typedef struct DmDiffFieldChange
{
	const char *name;
	DmDiffNode from;
	DmDiffNode to;
	DmDiffNode from_object; /* what the field belongs to; NULL if all of that is new or gone */
	DmDiffNode to_object;
} DmDiffFieldChange;

typedef void (*DmDiffFieldHandler)(DmCompare *c, const DmDiffFieldChange *field);

typedef struct DmDiffField
{
	const char *name;
	DmDiffFieldHandler compare;
} DmDiffField;

/*
 * Call the handler of every field that differs, in the table's order and with the path at the
 * field; fields that are not in the table are held.
 */
extern void DmCompareFields(DmCompare *c, DmDiffNode from, DmDiffNode to, const DmDiffField *fields,
							int nfields);
/* The same of a field that is an object; held if either side is anything else. */
extern void DmCompareFieldsOf(DmCompare *c, const DmDiffFieldChange *field,
							  const DmDiffField *fields, int nfields);
extern void DmDiffFieldIgnored(DmCompare *c, const DmDiffFieldChange *field);
extern void DmDiffFieldPatch(DmCompare *c, const DmDiffFieldChange *field);
extern void DmDiffFieldHeld(DmCompare *c, const DmDiffFieldChange *field);
extern void DmDiffFieldIdentity(DmCompare *c, const DmDiffFieldChange *field); /* an id */

/* ---- compare_node.c: finding the same item in two lists ---- */

typedef struct DmDiffPairing
{
	int nfrom;
	int nto;
	JsonbValue *from;
	JsonbValue *to;
	int *to_of;   /* for each item of from the index of its partner, or -1 */
	int *from_of; /* the other way round */
} DmDiffPairing;

/* The key of an item, or NULL if it has none; palloc'd or within the document. */
typedef char *(*DmDiffKeyOf)(DmCompare *c, DmDiffNode item, bool is_from, void *arg);

/*
 * An absent list is an empty one.  Reports anything else that is no list as held and returns
 * NULL.
 */
extern DmDiffPairing *DmDiffPairingCreate(DmCompare *c, DmDiffNode from, DmDiffNode to);
/* Pair what is left by equal keys, duplicates in their order: O(n log n). */
extern void DmDiffPairBy(DmCompare *c, DmDiffPairing *pairing, DmDiffKeyOf key_of, void *arg);
extern char *DmDiffKeyText(DmCompare *c, DmDiffNode item, bool is_from,
						   void *field); /* of a field */
extern char *DmDiffKeyContent(DmCompare *c, DmDiffNode item, bool is_from, void *unused);

/* Two lists as sets of texts: what one has and the other lacks, sorted; shown shortened. */
typedef struct DmDiffSetChange
{
	int nadded;
	int nremoved;
	char *added;
	char *removed;
} DmDiffSetChange;

extern DmDiffSetChange DmDiffSets(DmCompare *c, DmDiffNode from, DmDiffNode to, DmDiffKeyOf key_of);
extern char *DmDiffKeyValue(DmCompare *c, DmDiffNode item, bool is_from,
							void *unused); /* any value */

/* ---- compare_node.c: columns that were renamed ---- */

extern void DmDiffRenameRemember(DmCompare *c, const char *from, const char *to);
/* A column reference of the old document ("column" or "object.column") as the new one writes it. */
extern char *DmDiffRenamed(DmCompare *c, const char *reference);
extern char *DmDiffKeyColumn(DmCompare *c, DmDiffNode item, bool is_from, void *unused);

/* ---- the parts ---- */

/* compare_type.c */
extern void DmComparePhysicalType(DmCompare *c, const DmDiffFieldChange *field);
extern void DmCompareLogicalType(DmCompare *c, const DmDiffFieldChange *field);

/* compare_rule.c */
extern void DmCompareRules(DmCompare *c, const DmDiffFieldChange *field);

/* compare_value.c */
extern void DmCompareTypeOptions(DmCompare *c, const DmDiffFieldChange *field);
extern void DmCompareAllowedValues(DmCompare *c, const DmDiffFieldChange *field);

/* compare_sla.c */
extern void DmCompareSlas(DmCompare *c, const DmDiffFieldChange *field);

/* compare_access.c */
extern bool DmDiffHasWriter(DmDiffNode roles);
extern void DmCompareRoles(DmCompare *c, const DmDiffFieldChange *field);
extern void DmCompareTeam(DmCompare *c, const DmDiffFieldChange *field);

/* compare_personal.c */
extern void DmCompareClassification(DmCompare *c, const DmDiffFieldChange *field);

/* compare_custom.c */
extern void DmCompareCustom(DmCompare *c, const DmDiffFieldChange *field);
/* The names that customProperties datamesh.aliases keeps: is "name" one of them? */
extern bool DmDiffHasAlias(DmDiffNode item, const char *name);

#define DM_REASON_HELD                                                                             \
	"what this change means for readers cannot be told: the publisher must state the level"
#define DM_REASON_WRITTEN_DIFFERENTLY "it is written differently and means the same"

#endif /* DATAMESH_CONTRACT_COMPARE_PARTS_H */
