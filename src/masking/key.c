/*-------------------------------------------------------------------------
 *
 * key.c
 *		The secret of keyed masks.
 *
 * What it keeps true:
 *
 * - A key is in one place: a file that only the server's user can read, named by
 *	 datamesh.mask_key_file.  It is in no table, setting, dump, log or message.
 *	 The catalog (datamesh.mask_key) knows keys by their id, a digest made with
 *	 the key, from which it cannot be computed.
 *
 * - Which key is current is a row, read with the snapshot of the query that asks:
 *	 all rows of a query, in all its parallel workers, are masked with one key;
 *	 a rotation that rolls back has not happened; and a standby changes keys when it
 *	 has replayed the rotation.  That is why the file keeps the keys before: a
 *	 query that began before a rotation still needs the one it began with.
 *
 * - The file is written whole, beside the old one, synced, and renamed; then the row
 *	 is written.  A crash in between leaves a key that no row names.
 *
 * - Fail closed: no key, another key, or a file that others may read is an error,
 *	 never an unkeyed or unmasked value.
 *
 * - Each backend caches one prepared key, and wipes what it replaces.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include <sys/stat.h>
#include <unistd.h>

#include "access/table.h"
#include "access/tableam.h"
#include "access/xact.h"
#include "catalog/pg_authid.h"
#include "catalog/pg_type.h"
#include "fmgr.h"
#include "mb/pg_wchar.h"
#include "miscadmin.h"
#include "port/pg_bswap.h"
#include "storage/fd.h"
#include "storage/lmgr.h"
#include "utils/builtins.h"
#include "utils/lsyscache.h"
#include "utils/rel.h"
#include "utils/snapmgr.h"

#include "base/errors.h"
#include "base/session.h"
#include "base/settings.h"
#include "catalog/catalog.h"
#include "masking/masking.h"
#include "base/compat.h"

PG_FUNCTION_INFO_V1(dm_rotate_key);
PG_FUNCTION_INFO_V1(dm_mask_key_available);

#define SECRET_SIZE 32
#define LINE_SIZE (2 * SECRET_SIZE)
#define ID_SIZE 16 /* characters */
#define FILE_MAX (1024 * 1024)
#define FILE_HEAD "# Keys of datamesh's masks, one a line. Whoever reads this file can undo them.\n"

/* The lock of whoever writes the file, which all databases share: no object has this sub-number. */
#define KEY_LOCK_NUMBER 0x646d

/* mask_key's columns that are read here */
#define COLUMN_KEY_ID 1
#define COLUMN_RETIRED_AT 4

static struct
{
	bool valid;
	char id[ID_SIZE + 1];
	DmHmacKey key;
	struct stat file;
	/* the question that it answered last */
	TimestampTz statement;
	TransactionId xmin;
	TransactionId xmax;
	uint32 xcnt;
	CommandId curcid;
} cache;

static void
forget_key(void)
{
	explicit_bzero(&cache, sizeof(cache));
}

static void
key_id(const uint8_t *secret, char id[ID_SIZE + 1])
{
	static const char label[] = "datamesh mask key";
	uint8_t digest[DM_DIGEST_SIZE];
	DmHmacKey key;
	DmSha256 hash;

	DmHmacPrepare(&key, secret, SECRET_SIZE);
	DmHmacInit(&hash, &key);
	DmSha256Update(&hash, label, sizeof(label) - 1);
	DmHmacFinal(&hash, &key, digest);
	id[hex_encode((const char *) digest, ID_SIZE / 2, id)] = '\0';
	explicit_bzero(&key, sizeof(key));
	explicit_bzero(&hash, sizeof(hash));
}

/*
 * The file
 */

/* Relative to the data directory, which is where a server process works. */
static const char *
key_path(void)
{
	if (dm_mask_key_file == NULL || dm_mask_key_file[0] == '\0')
		ereport(ERROR, (errcode(ERRCODE_DM_MASK_KEY), errmsg("no file is named for mask keys"),
						errhint("Set datamesh.mask_key_file.")));
	return dm_mask_key_file;
}

static void
check_file(int fd, struct stat *file)
{
	if (fstat(fd, file) != 0)
		ereport(ERROR,
				(errcode_for_file_access(), errmsg("could not examine the mask key file: %m")));
	if (!S_ISREG(file->st_mode))
		ereport(ERROR,
				(errcode(ERRCODE_DM_MASK_KEY), errmsg("the mask key file is no regular file"),
				 errdetail_log("It is \"%s\".", key_path())));
	if (file->st_uid != geteuid())
		ereport(
			ERROR,
			(errcode(ERRCODE_DM_MASK_KEY),
			 errmsg("the mask key file does not belong to the server's user"),
			 errdetail_log("It is \"%s\".", key_path()),
			 errhint(
				 "Nothing is masked with a key that others may know. Check who had it, give the "
				 "file back, and rotate the key.")));
	if ((file->st_mode & (S_IRWXG | S_IRWXO)) != 0)
		ereport(ERROR,
				(errcode(ERRCODE_DM_MASK_KEY),
				 errmsg("the mask key file may be read or written by others"),
				 errdetail("Its permissions are %04o; they must be 0600 or narrower.",
						   (unsigned) (file->st_mode & 07777)),
				 errdetail_log("It is \"%s\", with permissions %04o.", key_path(),
							   (unsigned) (file->st_mode & 07777)),
				 errhint("Set them to 0600, and rotate the key if anybody may have read it.")));
}

/*
 * The file's content, to be wiped with free_content; NULL if there is no file and that may be.
 */
static char *
read_content(struct stat *file, size_t *length, bool missing_ok)
{
	int fd = OpenTransientFile(key_path(), O_RDONLY | PG_BINARY);
	char *content;
	ssize_t done;

	if (fd < 0)
	{
		if (errno == ENOENT && missing_ok)
			return NULL;
		ereport(
			ERROR,
			(errcode(ERRCODE_DM_MASK_KEY), errmsg("the mask key file cannot be opened: %m"),
			 errdetail_log("It is \"%s\".", key_path()),
			 errhint("A server restored from a dump, or a standby, needs a copy of the file; CALL "
					 "datamesh.rotate_key() makes a new key, which changes all hashes and "
					 "pseudonyms.")));
	}
	check_file(fd, file);
	if (file->st_size > FILE_MAX)
		ereport(ERROR, (errcode(ERRCODE_DM_MASK_KEY), errmsg("the mask key file is too large")));
	content = palloc(file->st_size + 1);
	done = read(fd, content, file->st_size);
	if (done != file->st_size)
	{
		explicit_bzero(content, file->st_size);
		ereport(ERROR, (errcode_for_file_access(), errmsg("could not read the mask key file")));
	}
	content[done] = '\0';
	*length = done;
	CloseTransientFile(fd);
	return content;
}

static void
free_content(char *content, size_t length)
{
	explicit_bzero(content, length);
	pfree(content);
}

/* One line's key; false if it holds none. */
static bool
parse_line(const char *line, size_t length, uint8_t secret[SECRET_SIZE])
{
	while (length > 0 && (line[length - 1] == '\r' || line[length - 1] == ' '))
		length--;
	if (length != LINE_SIZE || strspn(line, "0123456789abcdef") < LINE_SIZE)
		return false;
	hex_decode(line, LINE_SIZE, (char *) secret);
	return true;
}

/* Look for a key by its id; false if the content does not have it. */
static bool
find_key(const char *content, const char *id, DmHmacKey *key)
{
	bool found = false;

	for (const char *line = content; !found && *line != '\0';)
	{
		size_t length = strcspn(line, "\n");
		uint8_t secret[SECRET_SIZE];
		char its_id[ID_SIZE + 1];

		if (parse_line(line, length, secret))
		{
			key_id(secret, its_id);
			found = strcmp(its_id, id) == 0;
			if (found)
				DmHmacPrepare(key, secret, SECRET_SIZE);
			explicit_bzero(secret, sizeof(secret));
		}
		line += length + (line[length] == '\n');
	}
	return found;
}

/* Write the file anew: beside the old one, synced, renamed.  The caller wipes content. */
static void
write_content(const char *content, size_t length)
{
	const char *path = key_path();
	char *beside = psprintf("%s.new", path);
	int fd;

	if (unlink(beside) != 0 && errno != ENOENT)
		ereport(ERROR, (errcode_for_file_access(),
						errmsg("could not remove an unfinished mask key file: %m")));
	fd = OpenTransientFilePerm(beside, O_CREAT | O_EXCL | O_WRONLY | PG_BINARY, S_IRUSR | S_IWUSR);
	if (fd < 0)
		ereport(ERROR, (errcode_for_file_access(), errmsg("could not create the mask key file: %m"),
						errdetail_log("It is \"%s\".", path)));
	errno = 0;
	if (write(fd, content, length) != (ssize_t) length || pg_fsync(fd) != 0)
	{
		int save_errno = errno ? errno : ENOSPC;

		CloseTransientFile(fd);
		unlink(beside);
		errno = save_errno;
		ereport(ERROR,
				(errcode_for_file_access(), errmsg("could not write the mask key file: %m")));
	}
	CloseTransientFile(fd);
	(void) durable_rename(beside, path, ERROR);
	pfree(beside);
}

/* Add a new key to the file, and give its id. */
static void
add_key(char id[ID_SIZE + 1])
{
	uint8_t secret[SECRET_SIZE];
	struct stat file;
	size_t length = 0;
	char *before = read_content(&file, &length, true);
	size_t size;
	char *content;

	if (before == NULL)
	{
		before = pstrdup(FILE_HEAD);
		length = strlen(before);
	}
	content = palloc(length + LINE_SIZE + 3);
	memcpy(content, before, length);
	free_content(before, length);
	size = length;
	if (size > 0 && content[size - 1] != '\n')
		content[size++] = '\n';
	if (!pg_strong_random(secret, sizeof(secret)))
	{
		free_content(content, size);
		ereport(ERROR, (errcode(ERRCODE_INTERNAL_ERROR), errmsg("could not generate a mask key")));
	}
	size += hex_encode((const char *) secret, SECRET_SIZE, content + size);
	content[size++] = '\n';
	key_id(secret, id);
	explicit_bzero(secret, sizeof(secret));
	PG_TRY();
	{
		write_content(content, size);
	}
	PG_FINALLY();
	{
		free_content(content, size);
	}
	PG_END_TRY();
}

/*
 * The current key
 */

/* The id of the key that is current for a snapshot; false if there is none. */
static bool
current_id(Snapshot snapshot, char id[ID_SIZE + 1])
{
	Relation rel = table_open(get_relname_relid("mask_key", DmExtensionSchema()), AccessShareLock);
	TupleTableSlot *slot = table_slot_create(rel, NULL);
	TableScanDesc scan = table_beginscan(rel, snapshot, 0, NULL);
	bool found = false;

	while (!found && table_scan_getnextslot(scan, ForwardScanDirection, slot))
	{
		bool isnull;

		slot_getattr(slot, COLUMN_RETIRED_AT, &isnull);
		if (isnull)
		{
			char *value = TextDatumGetCString(slot_getattr(slot, COLUMN_KEY_ID, &isnull));

			strlcpy(id, value, ID_SIZE + 1);
			pfree(value);
			found = true;
		}
	}
	table_endscan(scan);
	ExecDropSingleTupleTableSlot(slot);
	table_close(rel, AccessShareLock);
	return found;
}

static bool
same_question(Snapshot snapshot)
{
	return cache.valid && cache.statement == GetCurrentStatementStartTimestamp() &&
		   cache.xmin == snapshot->xmin && cache.xmax == snapshot->xmax &&
		   cache.xcnt == snapshot->xcnt && cache.curcid == snapshot->curcid;
}

/* Is the file still the one that the cached key was read from, and as well protected? */
static bool
same_file(void)
{
	struct stat now;

	return stat(key_path(), &now) == 0 && now.st_dev == cache.file.st_dev &&
		   now.st_ino == cache.file.st_ino && now.st_mode == cache.file.st_mode &&
		   now.st_uid == cache.file.st_uid && now.st_size == cache.file.st_size &&
		   now.st_mtime == cache.file.st_mtime && now.st_ctime == cache.file.st_ctime;
}

static void
load_key(const char *id)
{
	size_t length;
	char *content;
	bool found;

	forget_key();
	content = read_content(&cache.file, &length, false);
	found = find_key(content, id, &cache.key);
	free_content(content, length);
	if (!found)
		ereport(
			ERROR,
			(errcode(ERRCODE_DM_MASK_KEY), errmsg("the mask key file does not hold key \"%s\"", id),
			 errdetail_log("It is \"%s\".", key_path()),
			 errhint("Copy the file from the server that made the key, or make a new key with CALL "
					 "datamesh.rotate_key(), which changes all hashes and pseudonyms.")));
	strlcpy(cache.id, id, sizeof(cache.id));
}

const DmHmacKey *
DmMaskKey(void)
{
	Snapshot snapshot = ActiveSnapshotSet() ? GetActiveSnapshot() : GetTransactionSnapshot();
	char id[ID_SIZE + 1];

	if (same_question(snapshot))
		return &cache.key;

	cache.valid = false;
	if (!current_id(snapshot, id))
		ereport(ERROR, (errcode(ERRCODE_DM_MASK_KEY), errmsg("this database has no mask key"),
						errhint("The platform team makes one with CALL datamesh.rotate_key().")));
	if (strcmp(cache.id, id) != 0 || !same_file())
		load_key(id);
	cache.statement = GetCurrentStatementStartTimestamp();
	cache.xmin = snapshot->xmin;
	cache.xmax = snapshot->xmax;
	cache.xcnt = snapshot->xcnt;
	cache.curcid = snapshot->curcid;
	cache.valid = true;
	return &cache.key;
}

static void
hash_part(DmSha256 *hash, const text *part)
{
	uint32 length = part == NULL ? 0 : VARSIZE_ANY_EXHDR(part);
	uint32 big = pg_hton32(length);

	DmSha256Update(hash, &big, sizeof(big));
	if (length > 0)
		DmSha256Update(hash, VARDATA_ANY(part), length);
}

void
DmMaskDigest(DmMaskPurpose purpose, const text *policy, const text *context, const void *value,
			 size_t length, uint8_t digest[DM_DIGEST_SIZE])
{
	const DmHmacKey *key = DmMaskKey();
	uint8_t first = (uint8_t) purpose;
	DmSha256 hash;

	DmHmacInit(&hash, key);
	DmSha256Update(&hash, &first, 1);
	hash_part(&hash, policy);
	hash_part(&hash, context);
	DmSha256Update(&hash, value, length);
	DmHmacFinal(&hash, key, digest);
	explicit_bzero(&hash, sizeof(hash));
}

/*
 * Rotation
 */

/* Make "id" the current key; the id of the one before, or NULL. */
static char *
record_key(const char *id)
{
	Oid types[2] = {TEXTOID, NAMEOID};
	Datum values[2];
	NameData user;
	char *before = NULL;
	MemoryContext context = CurrentMemoryContext;

	namestrcpy(&user, GetUserNameFromId(GetSessionUserId(), false));
	values[0] = CStringGetTextDatum(id);
	values[1] = NameGetDatum(&user);
	SPI_connect();
	DmSpiExecute("UPDATE datamesh.mask_key SET retired_at = pg_catalog.clock_timestamp() "
				 "WHERE retired_at IS NULL RETURNING key_id",
				 0, NULL, NULL, NULL, false);
	if (SPI_processed > 0)
		before = MemoryContextStrdup(context, DmSpiText(0, 1));
	DmSpiExecute("INSERT INTO datamesh.mask_key (key_id, made_by) VALUES ($1, $2)", 2, types,
				 values, NULL, false);
	SPI_finish();
	return before;
}

static void
append_event(const char *id, const char *before)
{
	StringInfoData json;

	initStringInfo(&json);
	appendStringInfo(&json, "{\"key_id\": \"%s\", \"previous\": ", id);
	if (before != NULL)
		appendStringInfo(&json, "\"%s\"}", before);
	else
		appendStringInfoString(&json, "null}");
	DmEventAppend("mask_key_rotated", NULL, NULL,
				  DatumGetJsonbP(DirectFunctionCall1(jsonb_in, CStringGetDatum(json.data))));
}

/* rotate_key(only_if_none) */
Datum
dm_rotate_key(PG_FUNCTION_ARGS)
{
	bool only_if_none = !PG_ARGISNULL(0) && PG_GETARG_BOOL(0);
	char id[ID_SIZE + 1];
	DmIdentity saved;
	char *before;

	PreventCommandIfReadOnly("rotate_key()");
	LockSharedObject(AuthIdRelationId, BOOTSTRAP_SUPERUSERID, KEY_LOCK_NUMBER, ExclusiveLock);
	/* The lock may have been waited for: look again, with a snapshot of now. */
	PushActiveSnapshot(GetLatestSnapshot());
	if (only_if_none && current_id(GetActiveSnapshot(), id))
	{
		PopActiveSnapshot();
		PG_RETURN_VOID();
	}
	PopActiveSnapshot();
	add_key(id);
	DmBecomeExtensionOwner(&saved);
	before = record_key(id);
	DmIdentityRestore(&saved);
	append_event(id, before);
	PG_RETURN_VOID();
}

/* Whether keyed masks would work now; never an error, for views of how things stand. */
Datum
dm_mask_key_available(PG_FUNCTION_ARGS)
{
	text *id = PG_GETARG_TEXT_PP(0);
	char *name = text_to_cstring(id);
	struct stat file;
	size_t length;
	char *content;
	DmHmacKey key;
	bool found;

	if (stat(key_path(), &file) != 0 || !S_ISREG(file.st_mode) || file.st_uid != geteuid() ||
		(file.st_mode & (S_IRWXG | S_IRWXO)) != 0)
		PG_RETURN_BOOL(false);
	content = read_content(&file, &length, true);
	if (content == NULL)
		PG_RETURN_BOOL(false);
	found = find_key(content, name, &key);
	free_content(content, length);
	explicit_bzero(&key, sizeof(key));
	PG_RETURN_BOOL(found);
}
