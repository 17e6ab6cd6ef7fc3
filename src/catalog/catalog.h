/*-------------------------------------------------------------------------
 *
 * catalog.h
 *		What the other areas ask of the catalog.
 *
 * All functions here may be called with any current user: they read and write
 * the catalog as the owner of the extension.  They connect SPI themselves.
 * Results are palloc'd in the caller's current memory context.
 *
 *-------------------------------------------------------------------------
 */
#ifndef DATAMESH_CATALOG_CATALOG_H
#define DATAMESH_CATALOG_CATALOG_H

#include "lib/stringinfo.h"
#include "utils/jsonb.h"

#define DM_INTERNAL_SUFFIX "_internal"
#define DM_RELEASE_SUFFIX "_releases"
#define DM_PORT_ROLE_SUFFIX "_port"

typedef struct DmDomain
{
	char *name;
	char *owner_name;
	Oid owner; /* who owns internal_schema now; an error unless that is whom we know */
	char *port_role_name;
	Oid port_role;
	char *port_schema;     /* "sales" */
	char *internal_schema; /* "sales_internal", the one that every domain has */
	char *release_schema;  /* "sales_releases" */
} DmDomain;

typedef struct DmProduct
{
	int32 product_id;
	DmDomain *domain;
	char *name;
	char *qualified_name; /* domain.name, quoted where needed: what messages show */
	char *status;         /* draft, published, deprecated, retired */
} DmProduct;

typedef struct DmContract
{
	int32 contract_id;
	char *version;
	int major;
	char *status;
	char *mode; /* snapshot or live */
	char *source_schema;
	char *source_name;
	int retention;
	Jsonb *document;
} DmContract;

/*
 * Errors name what is missing and what is near (undefined_domain, ...).  A domain whose schemas
 * have changed hands, or whose roles have become dangerous (superuser, ...), is an error too.
 */
extern DmDomain *DmDomainByName(const char *name);
extern void
DmRequireDomain(const char *name); /* that there is one of this name, whatever has become of it */
extern DmProduct *DmProductByName(const char *product); /* 'domain.product' */

/*
 * The same with the product's row locked until the end of the transaction, so that whatever
 * changes a product does so one at a time.
 */
extern DmProduct *DmProductLock(const char *product);

/* version NULL: the highest that is not retired (a draft counts).  An error if there is none. */
extern DmContract *DmContractByVersion(const DmProduct *product, const char *version);
/*
 * The document of the same contract as it was loaded, keys in its own order.  Does not mind whether the
 * roles of the domain are in order.
 */
extern char *DmContractDocument(const char *product, const char *version);
/* The contract now in force for readers, or NULL if the product was never published. */
extern DmContract *DmContractInForce(const DmProduct *product);

/*
 * The current user must be a member of the domain's owning role (or a superuser):
 * "permission denied for domain ..." otherwise.
 */
extern void DmRequireDomainMember(const DmDomain *domain);

/*
 * Who reads a product is changed by one transaction at a time, which holds this lock to its end.  Taken
 * after the product's row and before the locks on schemas, relations and the event log.
 */
extern void DmReadersLock(int32 product_id);

/*
 * Keep others from making the same request: one of a role (InvalidOid: of nobody in particular) about a product.  It
 * stops nothing else, because whoever may ask may also leave the transaction open.
 */
extern void DmRequestsLock(int32 product_id, Oid role);

/* Keep a role from being dropped until the end of the transaction; false if it is gone already. */
extern bool DmRoleHold(Oid role);

/* The role that a contract's roles[].role means: a consumer's, else a domain's owner; InvalidOid. */
extern Oid DmConsumerRole(const char *consumer);

/* The owner of a schema; InvalidOid if there is no schema of this name. */
extern Oid DmSchemaOwner(const char *schema);

/*
 * The relation that a contract's source_schema and source_name mean: a table, view, materialized view,
 * partitioned or foreign table in an internal schema of the domain that still belongs to the domain's
 * owner.  An error that says what is wrong otherwise; takes no lock.
 */
extern Oid DmSourceRelation(const DmDomain *domain, const char *schema, const char *relation);

/*
 * Is this session restoring a dump of a mesh into a database that has not been at work yet?  Then rows and DDL
 * come in any order, and over several sessions.
 */
extern bool DmRestoring(void);

/*
 * What is wrong with the rules of a document that passed DmContractRead: a line for each place is appended,
 * their number returned.  The quality engine, which stands above the catalog, leaves it here.
 */
extern int (*DmContractRulesProblems)(Jsonb *document, StringInfo problems);

/*
 * Append one event, at the very end of a transaction's work: it locks the head
 * of the chain until commit.  product, version may be NULL; details must not be.
 * Returns the event's number.
 */
extern int64 DmEventAppend(const char *kind, const char *product, const char *version,
						   const Jsonb *details);

/*
 * The same when the transaction commits, after what has been handed in before it: for whatever may stand in a
 * transaction that goes on.  DmEventAppend appends first what waits.
 */
extern void DmEventAppendAtEnd(const char *kind, const char *product, const char *version,
							   const Jsonb *details);

#endif /* DATAMESH_CATALOG_CATALOG_H */
