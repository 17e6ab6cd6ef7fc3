/*-------------------------------------------------------------------------
 *
 * bytes.h
 *		Writing and reading the stored form of a measure, field by field.
 *
 * Numbers are little-endian on every machine.  A writer without a buffer only
 * counts, so that the same code tells the size and fills it in.  A reader
 * trusts nothing: whatever does not fit is ERRCODE_INVALID_BINARY_REPRESENTATION.
 *
 *-------------------------------------------------------------------------
 */
#ifndef DATAMESH_QUALITY_BYTES_H
#define DATAMESH_QUALITY_BYTES_H

#include "port/pg_bswap.h"

typedef struct DmWriter
{
	char *p; /* NULL: count only */
	Size size;
} DmWriter;

typedef struct DmReader
{
	const char *start;
	const char *p;
	const char *end;
	bool borrow; /* the bytes outlive what is read: arrays may stay where they are */
} DmReader;

#ifdef WORDS_BIGENDIAN
#define dm_little64(x) pg_bswap64(x)
#define dm_little32(x) pg_bswap32(x)
#else
#define dm_little64(x) (x)
#define dm_little32(x) (x)
#endif

static inline void
dm_write(DmWriter *w, const void *data, Size size)
{
	if (w->p)
	{
		memcpy(w->p, data, size);
		w->p += size;
	}
	w->size += size;
}

static inline void
dm_write8(DmWriter *w, uint8 v)
{
	dm_write(w, &v, 1);
}

static inline void
dm_write32(DmWriter *w, uint32 v)
{
	v = dm_little32(v);
	dm_write(w, &v, 4);
}

static inline void
dm_write64(DmWriter *w, uint64 v)
{
	v = dm_little64(v);
	dm_write(w, &v, 8);
}

/*
 * Arrays of 64-bit numbers are aligned in memory if the bytes follow the four-byte header of an
 * aligned varlena.
 */
#define dm_padding(offset) (7 & -((offset) + VARHDRSZ))

static inline void
dm_write_padding(DmWriter *w)
{
	dm_write(w, "\0\0\0\0\0\0\0", dm_padding(w->size));
}

/* A string, or NULL. */
static inline void
dm_write_string(DmWriter *w, const char *s)
{
	uint32 length = s ? strlen(s) : 0;

	dm_write32(w, s ? length : PG_UINT32_MAX);
	dm_write(w, s ? s : "", length);
}

static inline void
dm_read_fail(void)
{
	ereport(ERROR, (errcode(ERRCODE_INVALID_BINARY_REPRESENTATION),
					errmsg("invalid value for type datamesh.measure"),
					errdetail("The stored state is damaged or was not written by datamesh.")));
}

static inline const char *
dm_read(DmReader *r, Size size)
{
	const char *at = r->p;

	if (size > (Size) (r->end - r->p))
		dm_read_fail();
	r->p += size;
	return at;
}

static inline void
dm_read_padding(DmReader *r)
{
	Size size = dm_padding((Size) (r->p - r->start));
	const char *bytes = dm_read(r, size);

	while (size-- > 0)
	{
		if (bytes[size] != 0)
			dm_read_fail();
	}
}

static inline uint8
dm_read8(DmReader *r)
{
	return *(const uint8 *) dm_read(r, 1);
}

static inline uint32
dm_read32(DmReader *r)
{
	uint32 v;

	memcpy(&v, dm_read(r, 4), 4);
	return dm_little32(v);
}

static inline uint64
dm_read64(DmReader *r)
{
	uint64 v;

	memcpy(&v, dm_read(r, 8), 8);
	return dm_little64(v);
}

/* A count: never negative. */
static inline int64
dm_read_count(DmReader *r)
{
	int64 v = (int64) dm_read64(r);

	if (v < 0)
		dm_read_fail();
	return v;
}

static inline bool
dm_read_bool(DmReader *r)
{
	uint8 v = dm_read8(r);

	if (v > 1)
		dm_read_fail();
	return v;
}

/* palloc'd in the current context; NULL where NULL was written. */
static inline char *
dm_read_string(DmReader *r)
{
	uint32 length = dm_read32(r);
	const char *at;

	if (length == PG_UINT32_MAX)
		return NULL;
	at = dm_read(r, length);
	if (memchr(at, '\0', length) != NULL)
		dm_read_fail();
	return pnstrdup(at, length);
}

#endif /* DATAMESH_QUALITY_BYTES_H */
