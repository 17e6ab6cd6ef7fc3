/*-------------------------------------------------------------------------
 *
 * shape.h
 *		What a document should look like, told in tables; and holding it against them.
 *
 * A shape is the keys that an object may have.  Each says which kinds of values
 * may stand there and what else must hold.  Problems are collected, not raised.
 *
 *-------------------------------------------------------------------------
 */
#ifndef DATAMESH_CONTRACT_SHAPE_H
#define DATAMESH_CONTRACT_SHAPE_H

#include "contract/document.h"

/* Kinds of values, short enough for tables */
#define S DM_NODE_STRING
#define N DM_NODE_NUMBER
#define B DM_NODE_BOOLEAN
#define NIL_VALUE DM_NODE_NULL
#define A DM_NODE_ARRAY
#define O DM_NODE_OBJECT
#define SCALAR (S | N | B | NIL_VALUE)
#define ANY (SCALAR | A | O)

typedef struct DmPath
{
	const struct DmPath *up;
	const char *key; /* or NULL: an index */
	int index;
} DmPath;

typedef struct DmValidator
{
	StringInfoData problems;
	int problem_count;
	int notice_count;
} DmValidator;

typedef struct DmShape DmShape;
typedef void (*DmShapeCheck)(DmValidator *v, const DmPath *path, const DmNode *node);

/* What else a field asks for */
#define REQUIRED 1  /* the key must be there */
#define INTEGER 2   /* a number without a fraction */
#define COUNT 4     /* an integer of at least 0 */
#define FILLED 8    /* a string that is not empty */
#define POSITIVE 16 /* a number above 0 */

/* One key of an object: its name, the kinds its value may have, and what else is said of it. */
#define F(key, kinds_, ...)                                                                        \
	{                                                                                              \
		.name = (key), .kinds = (kinds_), __VA_ARGS__                                              \
	}
/* A key whose value is an array of objects of one shape. */
#define OBJECTS(key, shape_, ...) F(key, A, .item_kinds = O, .shape = &(shape_), __VA_ARGS__)
#define END F(NULL, 0)

typedef struct DmField
{
	const char *name;
	int kinds;
	int flags;
	const char *const *values; /* a string must be one of these */
	const DmShape *shape;      /* what an object (itself, or as a member of the array) has */
	const DmShape *order;      /* sorts an object whose checks depend on what stands beside it */
	int item_kinds;            /* kinds of an array's members */
	DmShapeCheck check;        /* what remains, once the kind is right */
} DmField;

struct DmShape
{
	const DmField *fields; /* ended by one without a name */
	DmShapeCheck check;
};

static inline DmPath
DmBelow(const DmPath *path, const char *key)
{
	return (DmPath){.up = path, .key = key};
}

static inline DmPath
DmMember(const DmPath *path, int index)
{
	return (DmPath){.up = path, .index = index};
}

/* Can numeric hold it?  Far more than anyone means, and far less than would hurt. */
extern bool DmIsReasonableNumber(const char *number);

/* Is it there, of such a kind, and nothing that has been reported already? */
static inline bool
DmIsKind(const DmNode *node, int kinds)
{
	return node != NULL && (node->kind & kinds) != 0 && node->problem == NULL &&
		   (node->kind != N || DmIsReasonableNumber(node->text));
}

/* Of ASCII, whatever the locale. */
static inline bool
DmIsAlnum(char c)
{
	return (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z');
}

/*
 * Reporting
 */
extern void DmProblem(DmValidator *v, const DmPath *path, const char *format, ...)
	pg_attribute_printf(3, 4);
/* schema[0].properties[3].logicalType */
extern char *DmPathText(const DmPath *path);
/* Something odd that is accepted. */
extern void DmOddity(DmValidator *v, const DmPath *path, const char *what);
/* At most so many bytes of a value, for messages. */
extern char *DmExcerpt(const char *text);
/* What stands there, for "expected ..., found ...". */
extern char *DmFoundText(const DmNode *node);
extern char *DmListText(const char *const *values);

/*
 * Questions
 */
extern bool DmIsOneOf(const char *text, const char *const *values);
/* Do two words differ by no more than a slip of the pen? */
extern bool DmIsNearMiss(const char *written, const char *known);
extern int DmCompareNumbers(const DmNode *a, const DmNode *b);
extern const DmField *DmFindField(const DmShape *shape, const char *name);

/*
 * Checking
 */
extern void DmRequire(DmValidator *v, const DmPath *path, const DmNode *node, const char *key,
					  const char *why);
extern void DmCheckTree(DmValidator *v, const DmPath *path, const DmNode *node);
extern void DmCheckValue(DmValidator *v, const DmPath *path, const DmNode *node,
						 const DmField *field);
extern void DmCheckShape(DmValidator *v, const DmPath *path, const DmNode *node,
						 const DmShape *shape);
/* One error for all problems, if there are any. */
extern void DmRaiseProblems(DmValidator *v);

/* Put the keys of a document into the order of its shape's; others follow as they stood. */
extern void DmShapeSort(DmNode *node, const DmShape *shape);

#endif /* DATAMESH_CONTRACT_SHAPE_H */
