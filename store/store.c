/* SPDX-License-Identifier: GPL-3.0-or-later */
/* LMDB environments with named tables, a schema number and a generation. */
#include "store/store.h"

#include "store/damage.h"
#include "store/replace.h"

#include <errno.h>
#include <fcntl.h>
#include <lmdb.h>
#include <sys/stat.h>
#include <unistd.h>

#define MAP_DEFAULT ((size_t)16 << 30)
#define READERS_MAX 512
#define FILE_MODE 0640
#define LOCK_MODE 0660

struct store {
	MDB_env *env;
	MDB_dbi about;                  /* "": schema and generation */
	MDB_dbi tables[STORE_TABLES_MAX];
	size_t table_count;
	enum store_use use;
	char *path;
	struct damage damage;
	bool is_copy;                   /* nobody else has it open */
	bool is_unusable;               /* it was found to be of another schema, or damaged */
	MDB_txn *idle;                  /* a reset read transaction: renewing it costs a tenth of a new one */
};

struct store_txn {
	struct store *store;
	MDB_txn *txn;
	bool is_write;
};

static const struct slice schema_key = {"schema", 6};
static const struct slice generation_key = {"generation", 10};

static int fail(struct error *err, const struct store *s, const char *what, int rc)
{
	return error_set(err, REASON_STORE, "%s: %s: %s", s->path, what, mdb_strerror(rc));
}

static MDB_val to_val(struct slice s)
{
	return (MDB_val){s.n, (void *)s.p};
}

static struct slice of_val(MDB_val v)
{
	return slice_of(v.mv_data, v.mv_size);
}

/* ---- opening ---- */

/* What no waiting and no right of access mends. */
static bool is_damage(int rc)
{
	return rc == MDB_INVALID || rc == MDB_VERSION_MISMATCH || rc == MDB_CORRUPTED || rc == MDB_INCOMPATIBLE || rc == MDB_PAGE_NOTFOUND;
}

static int cannot_open(struct store *s, const char *what, int rc, struct error *err)
{
	s->is_unusable = is_damage(rc);
	return fail(err, s, what, rc);
}

static int open_env(struct store *s, const struct store_options *o, struct error *err)
{
	unsigned flags = MDB_NOSUBDIR | MDB_NOTLS | (s->is_copy ? MDB_NOLOCK : 0);
	char lock[4096];
	int rc;

	if (o->use == STORE_READ)
		flags |= MDB_RDONLY;
	if (o->use == STORE_WRITE_NOSYNC)
		flags |= MDB_NOSYNC;
	rc = mdb_env_create(&s->env);
	if (rc == 0) {
		damage_watch(s->env, &s->damage);
		rc = mdb_env_set_mapsize(s->env, o->map_size ? o->map_size : MAP_DEFAULT);
	}
	if (rc == 0)
		rc = mdb_env_set_maxdbs(s->env, STORE_TABLES_MAX + 1);
	if (rc == 0)
		rc = mdb_env_set_maxreaders(s->env, READERS_MAX);
	if (rc == 0)
		rc = mdb_env_open(s->env, s->path, flags, FILE_MODE);
	if (rc != 0)
		return cannot_open(s, "cannot open it", rc, err);
	/* readers register in the lock file: the group needs to write there, and only there */
	snprintf(lock, sizeof(lock), "%s-lock", s->path);
	if (o->use != STORE_READ && chmod(lock, LOCK_MODE) < 0 && errno != EPERM)
		return error_set(err, REASON_STORE, "%s: cannot set its mode: %s", lock, strerror(errno));
	mdb_reader_check(s->env, &rc);
	return 0;
}

static int another_schema(struct store *s, uint32_t found, const struct store_options *o, struct error *err)
{
	s->is_unusable = true;
	return error_set(err, REASON_STORE, "%s: is of %s version of Postern (schema %u, this one has %u)%s%s", s->path,
		found > o->schema ? "a newer" : "an older", found, o->schema, o->cure ? "; " : "", o->cure ? o->cure : "");
}

static int require_schema(struct store *s, MDB_txn *txn, const struct store_options *o, struct error *err)
{
	uint32_t schema = o->schema;
	MDB_val key = to_val(schema_key), value = {sizeof(schema), &schema};
	uint32_t found;
	int rc = damage_get(&s->damage, txn, s->about, &key, &value);

	if (rc == MDB_NOTFOUND && s->use != STORE_READ && !o->derived) {
		value = (MDB_val){sizeof(schema), &schema};
		rc = mdb_put(txn, s->about, &key, &value, 0);
		return rc == 0 ? 0 : fail(err, s, "cannot write its schema number", rc);
	}
	if (rc != 0) {
		s->is_unusable = rc == MDB_NOTFOUND;    /* what is derived has one before it stands at its path */
		return fail(err, s, "cannot read its schema number", rc);
	}
	s->is_unusable = value.mv_size != sizeof(found);
	if (s->is_unusable)
		return error_set(err, REASON_STORE, "%s: its schema number is damaged", s->path);
	memcpy(&found, value.mv_data, sizeof(found));
	return found == schema ? 0 : another_schema(s, found, o, err);
}

static unsigned flags_of(const char *table)
{
	size_t n = strlen(table);

	if (n && table[n - 1] == '+')
		return MDB_DUPSORT;
	return n && table[n - 1] == '#' ? MDB_INTEGERKEY : 0;
}

static int open_tables(struct store *s, const struct store_options *o, struct error *err)
{
	unsigned create = o->use == STORE_READ ? 0 : MDB_CREATE;
	MDB_txn *txn;
	int rc;

	rc = mdb_txn_begin(s->env, NULL, o->use == STORE_READ ? MDB_RDONLY : 0, &txn);
	if (rc != 0)
		return cannot_open(s, "cannot begin", rc, err);
	rc = mdb_dbi_open(txn, "about", create, &s->about);
	if (rc != 0) {
		cannot_open(s, "is not one of ours", rc, err);
		goto abort;
	}
	if (require_schema(s, txn, o, err) < 0)
		goto abort;
	for (; o->tables[s->table_count]; s->table_count++) {
		const char *name = o->tables[s->table_count];

		if (s->table_count == STORE_TABLES_MAX)
			abort();
		rc = mdb_dbi_open(txn, name, create | flags_of(name), &s->tables[s->table_count]);
		if (rc != 0) {
			cannot_open(s, name, rc, err);
			goto abort;
		}
	}
	rc = mdb_txn_commit(txn);
	return rc == 0 ? 0 : fail(err, s, "cannot make its tables", rc);
abort:
	mdb_txn_abort(txn);
	return -1;
}

int store_open_there(const struct store_options *options, bool is_copy, struct store **out, struct error *err)
{
	struct store *s = calloc(1, sizeof(*s));
	int rc;

	if (!s || !(s->path = strdup(options->path)))
		abort();
	s->damage.path = s->path;
	s->use = options->use;
	s->is_copy = is_copy;
	if (open_env(s, options, err) < 0 || open_tables(s, options, err) < 0) {
		rc = s->is_unusable ? -2 : -1;
		store_close(s);
		return rc;
	}
	*out = s;
	return 0;
}

int store_open(const struct store_options *options, struct store **out, struct error *err)
{
	int rc = options->derived ? store_open_derived(options, out, err) : store_open_there(options, false, out, err);

	return rc == 0 ? 0 : -1;
}

bool store_is_replaced(const struct store *s)
{
	struct stat ours, there;
	int fd;

	if (s->is_copy || mdb_env_get_fd(s->env, &fd) != 0 || fstat(fd, &ours) < 0)
		return false;
	return stat(s->path, &there) < 0 ? errno == ENOENT : ours.st_dev != there.st_dev || ours.st_ino != there.st_ino;
}

void store_close(struct store *s)
{
	if (!s)
		return;
	mdb_txn_abort(s->idle);
	if (s->env)
		mdb_env_close(s->env);
	free(s->path);
	free(s);
}

/* ---- transactions ---- */

static struct store_txn *txn_new(struct store *s, MDB_txn *txn, bool is_write)
{
	struct store_txn *t = calloc(1, sizeof(*t));

	if (!t)
		abort();
	t->store = s;
	t->txn = txn;
	t->is_write = is_write;
	return t;
}

int store_begin_read(struct store *s, struct store_txn **out, struct error *err)
{
	MDB_txn *txn = s->idle;
	int rc;

	s->idle = NULL;
	rc = txn ? mdb_txn_renew(txn) : mdb_txn_begin(s->env, NULL, MDB_RDONLY, &txn);
	if (rc == MDB_READERS_FULL) {
		/* slots of processes that were killed */
		mdb_reader_check(s->env, &rc);
		rc = mdb_txn_begin(s->env, NULL, MDB_RDONLY, &txn);
	}
	if (rc != 0)
		return fail(err, s, "cannot read", rc);
	*out = txn_new(s, txn, false);
	return 0;
}

int store_begin_write(struct store *s, struct store_txn **out, struct error *err)
{
	MDB_txn *txn;
	int rc = mdb_txn_begin(s->env, NULL, 0, &txn);

	if (rc != 0)
		return fail(err, s, "cannot write", rc);
	*out = txn_new(s, txn, true);
	return 0;
}

int store_commit(struct store_txn *t, struct error *err)
{
	struct store *s = t->store;
	int rc;

	if (!t->is_write) {
		store_abort(t);
		return 0;
	}
	rc = mdb_txn_commit(t->txn);
	free(t);
	return rc == 0 ? 0 : fail(err, s, "cannot commit", rc);
}

void store_abort(struct store_txn *t)
{
	if (!t)
		return;
	if (!t->is_write && !t->store->idle) {
		mdb_txn_reset(t->txn);
		t->store->idle = t->txn;
	} else {
		mdb_txn_abort(t->txn);
	}
	free(t);
}

/* ---- one key ---- */

int store_get(struct store_txn *t, int table, struct slice key, struct slice *out, struct error *err)
{
	MDB_val k = to_val(key), v;
	int rc = damage_get(&t->store->damage, t->txn, t->store->tables[table], &k, &v);

	if (rc == MDB_NOTFOUND)
		return 0;
	if (rc != 0)
		return fail(err, t->store, "cannot read a record", rc);
	*out = of_val(v);
	return 1;
}

static int put(struct store_txn *t, int table, struct slice key, struct slice value, unsigned flags, struct error *err)
{
	MDB_val k = to_val(key), v = to_val(value);
	int rc = mdb_put(t->txn, t->store->tables[table], &k, &v, flags);

	if (rc == MDB_KEYEXIST)
		return 0;
	return rc == 0 ? 1 : fail(err, t->store, "cannot write a record", rc);
}

int store_put(struct store_txn *t, int table, struct slice key, struct slice value, struct error *err)
{
	return put(t, table, key, value, 0, err) < 0 ? -1 : 0;
}

int store_add(struct store_txn *t, int table, struct slice key, struct slice value, struct error *err)
{
	return put(t, table, key, value, MDB_NODUPDATA, err) < 0 ? -1 : 0;
}

int store_put_new(struct store_txn *t, int table, struct slice key, struct slice value, struct error *err)
{
	return put(t, table, key, value, MDB_NOOVERWRITE, err);
}

int store_delete(struct store_txn *t, int table, struct slice key, struct slice value, struct error *err)
{
	MDB_val k = to_val(key), v = to_val(value);
	int rc = mdb_del(t->txn, t->store->tables[table], &k, value.p ? &v : NULL);

	if (rc == MDB_NOTFOUND)
		return 0;
	return rc == 0 ? 1 : fail(err, t->store, "cannot delete a record", rc);
}

int store_clear(struct store_txn *t, int table, struct error *err)
{
	int rc = mdb_drop(t->txn, t->store->tables[table], 0);

	return rc == 0 ? 0 : fail(err, t->store, "cannot clear a table", rc);
}

int store_count(struct store_txn *t, int table, size_t *out, struct error *err)
{
	MDB_stat st;
	int rc = mdb_stat(t->txn, t->store->tables[table], &st);

	if (rc != 0)
		return fail(err, t->store, "cannot count a table", rc);
	*out = st.ms_entries;
	return 0;
}

/* ---- many ---- */

int store_each(struct store_txn *t, int table, struct slice prefix,
	int (*each)(struct slice key, struct slice value, void *context), void *context, struct error *err)
{
	MDB_cursor *cursor;
	MDB_val k = to_val(prefix), v;
	int rc, answer = 0;

	rc = mdb_cursor_open(t->txn, t->store->tables[table], &cursor);
	if (rc != 0)
		return fail(err, t->store, "cannot walk a table", rc);
	for (rc = damage_cursor_get(&t->store->damage, cursor, &k, &v, prefix.n ? MDB_SET_RANGE : MDB_FIRST); rc == 0 && answer == 0;
		rc = answer == 0 ? damage_cursor_get(&t->store->damage, cursor, &k, &v, MDB_NEXT) : 0) {
		if (k.mv_size < prefix.n || (prefix.n > 0 && memcmp(k.mv_data, prefix.p, prefix.n) != 0))
			break;
		answer = each(of_val(k), of_val(v), context);
	}
	mdb_cursor_close(cursor);
	if (rc != 0 && rc != MDB_NOTFOUND)
		return fail(err, t->store, "cannot walk a table", rc);
	return answer;
}

int store_each_value(struct store_txn *t, int table, struct slice key, int (*each)(struct slice value, void *context), void *context,
	struct error *err)
{
	MDB_cursor *cursor;
	MDB_val k = to_val(key), v;
	int rc, answer = 0;

	rc = mdb_cursor_open(t->txn, t->store->tables[table], &cursor);
	if (rc != 0)
		return fail(err, t->store, "cannot walk a key", rc);
	for (rc = damage_cursor_get(&t->store->damage, cursor, &k, &v, MDB_SET_KEY); rc == 0 && answer == 0;
		rc = answer == 0 ? damage_cursor_get(&t->store->damage, cursor, &k, &v, MDB_NEXT_DUP) : 0)
		answer = each(of_val(v), context);
	mdb_cursor_close(cursor);
	if (rc != 0 && rc != MDB_NOTFOUND)
		return fail(err, t->store, "cannot walk a key", rc);
	return answer;
}

/* ---- about the file ---- */

int store_generation(struct store_txn *t, uint64_t *out, struct error *err)
{
	MDB_val k = to_val(generation_key), v;
	int rc = damage_get(&t->store->damage, t->txn, t->store->about, &k, &v);

	if (rc != 0 && rc != MDB_NOTFOUND)
		return fail(err, t->store, "cannot read its generation", rc);
	*out = 0;
	if (rc == 0 && v.mv_size == sizeof(*out))
		memcpy(out, v.mv_data, sizeof(*out));
	return 0;
}

int store_generation_next(struct store_txn *t, struct error *err)
{
	MDB_val k = to_val(generation_key), v;
	uint64_t generation;
	int rc;

	if (store_generation(t, &generation, err) < 0)
		return -1;
	generation++;
	v = (MDB_val){sizeof(generation), &generation};
	rc = mdb_put(t->txn, t->store->about, &k, &v, 0);
	return rc == 0 ? 0 : fail(err, t->store, "cannot write its generation", rc);
}

int store_copy(struct store *s, const char *path, struct error *err)
{
	int rc = mdb_env_copy2(s->env, path, MDB_CP_COMPACT);

	return rc == 0 ? 0 : fail(err, s, "cannot copy it", rc);
}

/* -1: no file can be made there. */
static int unnamed_file(const char *folder)
{
	char path[4096];
	int fd;

	if (!folder || snprintf(path, sizeof(path), "%s/copy.XXXXXX", folder) >= (int)sizeof(path))
		return -1;
	fd = mkostemp(path, O_CLOEXEC);
	if (fd >= 0)
		unlink(path);
	return fd;
}

int store_open_copy(struct store *of, const char *folder, const struct store_options *options, struct store **out, struct error *err)
{
	const char *temporary = getenv("TMPDIR");
	struct store_options copy = *options;
	char path[40];
	int fd = unnamed_file(folder), rc;

	if (!temporary || !*temporary)
		temporary = "/tmp";
	if (fd < 0)
		fd = unnamed_file(temporary);
	if (fd < 0)
		return error_set(err, REASON_FILE, "no file for a copy can be made in %s or %s: %s", folder, temporary, strerror(errno));
	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	copy.path = path;
	copy.use = STORE_READ;
	rc = mdb_env_copyfd2(of->env, fd, MDB_CP_COMPACT);
	if (rc != 0)
		fail(err, of, "cannot copy it", rc);
	else
		rc = store_open_there(&copy, true, out, err);
	close(fd);
	return rc == 0 ? 0 : -1;
}
