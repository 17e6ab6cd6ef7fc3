/*-------------------------------------------------------------------------
 *
 * document.h
 *		A contract document in memory: what the YAML and JSON readers build, what
 *		the validator walks, and what the writers print.
 *
 * Nodes live in the memory context that was current when they were made and
 * are freed with it.  Texts are in the server's encoding.  A YAML alias is the
 * anchor's own node met a second time, so that nodes are never changed once read.
 *
 *-------------------------------------------------------------------------
 */
#ifndef DATAMESH_CONTRACT_DOCUMENT_H
#define DATAMESH_CONTRACT_DOCUMENT_H

#include "lib/stringinfo.h"

#include "base/compat.h"

/* Bits, so that a set of kinds says what may stand somewhere. */
typedef enum DmNodeKind
{
	DM_NODE_NULL = 1,
	DM_NODE_BOOLEAN = 2,
	DM_NODE_NUMBER = 4,
	DM_NODE_STRING = 8,
	DM_NODE_ARRAY = 16,
	DM_NODE_OBJECT = 32,
} DmNodeKind;

typedef struct DmNode DmNode;

typedef struct DmEntry
{
	char *key;
	const char *problem; /* why the key cannot stand, or NULL */
	int line;
	DmNode *value;
} DmEntry;

struct DmNode
{
	DmNodeKind kind;
	int line;            /* where it begins, from 1 */
	const char *problem; /* why the value cannot stand, or NULL */
	const char *note;    /* what a writer should know of it, or NULL */
	char *text;          /* of strings as it is; of numbers and booleans as JSON has it */
	int count;           /* members of arrays and objects */
	int allocated;
	bool open;   /* still being read */
	int height;  /* levels of nesting it makes: 0 for scalars, aliases written out */
	int64 bytes; /* about the length of its JSON, aliases written out */
	union
	{
		DmNode **items;
		DmEntry *entries;
	};
};

/* Deepest nesting that a document may have. */
#define DM_MAX_NESTING 100

extern DmNode *DmNodeMake(DmNodeKind kind, int line);
extern DmNode *DmNodeMakeText(DmNodeKind kind, int line, const char *text);
extern void DmNodeAppend(DmNode *array, DmNode *item);
extern DmNode *DmNodeMakeString(const char *text);
extern void DmNodeSet(DmNode *object, const char *key, DmNode *value);
extern void DmNodeSetString(DmNode *object, const char *key, const char *text);
extern void DmNodePut(DmNode *object, char *key, int line, DmNode *value);
/* The value of a key, or NULL.  node may be NULL or no object. */
extern DmNode *DmNodeGet(const DmNode *node, const char *key);
/* The text of a string, or NULL if it is none. */
extern const char *DmNodeString(const DmNode *node);

/*
 * Readers.  Broken syntax is an error with line and column; what is well-formed but has no
 * place in a contract (a key twice, .nan, foreign tags) is left in "problem" for the validator,
 * which reports it with everything else.
 */
extern DmNode *DmJsonRead(const char *text, size_t length);
extern DmNode *DmYamlRead(const char *text, size_t length);

/* Writers. */
extern void DmJsonWrite(StringInfo out, const DmNode *node);
extern void DmYamlWrite(StringInfo out, const DmNode *node);

/*
 * What a plain (unquoted) YAML scalar is by the core schema of YAML 1.2.  For a boolean or a
 * number, *json is its JSON form; for a number without one, *json is NULL.
 */
extern DmNodeKind DmYamlResolve(const char *text, char **json);

/*
 * Hold a document against the structure of ODCS v3.1: one error for all that is wrong, a
 * notice for each oddity that is accepted.
 */
extern void DmOdcsValidate(const DmNode *document);
/* Put the keys of a document that has lost its order into the standard's. */
extern void DmOdcsSort(DmNode *document);

/* An error for what no reader may let pass: "Line 3, column 7: ..." */
pg_noreturn extern void DmDocumentSyntaxError(const char *language, int line, int column,
											  const char *problem);
pg_noreturn extern void DmDocumentTooDeep(int line);

#endif /* DATAMESH_CONTRACT_DOCUMENT_H */
