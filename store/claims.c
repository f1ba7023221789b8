/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Ids that may be used once, until they end.
 *
 * The key is the time since when the id was known, then its hash: a claim
 * touches the last page of one table, and what ends first stands first, where
 * it is swept.  All workers share the file; LMDB's write lock makes look-up and
 * claim one.
 */
#include "store/store.h"
#include "base/log.h"
#include "base/random.h"
#include "store/replace.h"

#include <endian.h>
#include <fcntl.h>
#include <unistd.h>

#include <openssl/evp.h>

#define SCHEMA 2
#define MAP_SIZE ((size_t)1 << 30)
#define SWEEP_MOST 8
#define HASH_SIZE 32
#define BOOT_ID_MAX 64

enum { CLAIMED, ABOUT };

#define KEY_SIZE (8 + HASH_SIZE)

struct claims {
	struct store *store;
	unsigned char generation[CLAIMS_GENERATION_SIZE];
};

static const char *const tables[] = {"claimed", "alive", NULL};
static const struct slice boot_key = {"boot", 4};
static const struct slice generation_key = {"generation", 10};

static struct slice boot_id(char out[BOOT_ID_MAX])
{
	int fd = open("/proc/sys/kernel/random/boot_id", O_RDONLY | O_CLOEXEC);
	ssize_t n = fd < 0 ? -1 : read(fd, out, BOOT_ID_MAX);

	if (fd >= 0)
		close(fd);
	if (n <= 0)
		abort();        /* without it a reboot would not be noticed, and replay would pass */
	return slice_of(out, (size_t)n);
}

/* 1 the file is of this boot, 0 it is not (or new), -1 it cannot be used. */
static int read_alive(struct claims *c, struct error *err)
{
	char boot[BOOT_ID_MAX];
	struct slice now = boot_id(boot), then, generation;
	struct store_txn *t;
	int rc = 0;

	if (store_begin_read(c->store, &t, err) < 0)
		return -1;
	if (store_get(t, ABOUT, boot_key, &then, err) == 1 && slice_equal(now, then) &&
		store_get(t, ABOUT, generation_key, &generation, err) == 1 && generation.n == sizeof(c->generation)) {
		memcpy(c->generation, generation.p, generation.n);
		rc = 1;
	}
	store_abort(t);
	return rc;
}

static int write_alive(struct claims *c, struct error *err)
{
	char boot[BOOT_ID_MAX];
	struct store_txn *t;

	random_bytes(c->generation, sizeof(c->generation));
	if (store_begin_write(c->store, &t, err) < 0)
		return -1;
	if (store_put(t, ABOUT, boot_key, boot_id(boot), err) < 0 ||
		store_put(t, ABOUT, generation_key, slice_of(c->generation, sizeof(c->generation)), err) < 0) {
		store_abort(t);
		return -1;
	}
	return store_commit(t, err);
}

static int open_file(struct claims *c, const char *path, struct error *err)
{
	struct store_options options = {.path = path, .use = STORE_WRITE_NOSYNC, .schema = SCHEMA, .map_size = MAP_SIZE, .tables = tables};

	return store_open(&options, &c->store, err);
}

/* With the guard held: of this boot, or thrown away and made anew. */
static int open_alive(struct claims *c, const char *path, struct error *err)
{
	int rc = open_file(c, path, err);

	if (rc == 0)
		rc = read_alive(c, err);
	if (rc == 1)
		return 0;
	if (rc < 0)
		log_warning("claims file cannot be used; a new one is made and sign-ons under way start again", "detail", err->detail, NULL);
	store_close(c->store);
	c->store = NULL;
	store_remove(path);
	if (open_file(c, path, err) < 0)
		return -1;
	return write_alive(c, err);
}

int claims_open(const char *path, struct claims **out, struct error *err)
{
	struct claims *c = calloc(1, sizeof(*c));
	int guard, rc;

	if (!c)
		abort();
	guard = store_guard(path, err);
	rc = guard < 0 ? -1 : open_alive(c, path, err);
	if (guard >= 0)
		close(guard);
	if (rc < 0) {
		claims_close(c);
		return -1;
	}
	*out = c;
	return 0;
}

void claims_close(struct claims *c)
{
	if (!c)
		return;
	store_close(c->store);
	free(c);
}

void claims_generation(const struct claims *c, unsigned char out[CLAIMS_GENERATION_SIZE])
{
	memcpy(out, c->generation, sizeof(c->generation));
}

/* ---- claiming ---- */

struct sweep {
	int64_t now;
	unsigned char found[SWEEP_MOST][KEY_SIZE];
	size_t n;
};

static int64_t time_of(struct slice s)
{
	uint64_t t;

	memcpy(&t, s.p, sizeof(t));
	return (int64_t)be64toh(t);
}

static int sweep_one(struct slice key, struct slice value, void *context)
{
	struct sweep *s = context;

	if (key.n != KEY_SIZE || value.n != 8)
		return 0;
	if (s->n == SWEEP_MOST || time_of(value) >= s->now)
		return 1;
	memcpy(s->found[s->n++], key.p, key.n);
	return 0;
}

static int sweep(struct store_txn *t, int64_t now, struct error *err)
{
	struct sweep s = {.now = now};
	size_t i;

	if (store_each(t, CLAIMED, (struct slice){0}, sweep_one, &s, err) < 0)
		return -1;
	for (i = 0; i < s.n; i++) {
		if (store_delete(t, CLAIMED, slice_of(s.found[i], KEY_SIZE), (struct slice){0}, err) < 0)
			return -1;
	}
	return 0;
}

int claims_take(struct claims *c, struct slice id, int64_t since, int64_t now, int64_t expires, struct error *err)
{
	uint64_t begin = htobe64((uint64_t)since), end = htobe64((uint64_t)expires);
	unsigned char key[KEY_SIZE];
	struct store_txn *t;
	int rc;

	/* an id may be of any length: its hash is the key */
	memcpy(key, &begin, sizeof(begin));
	if (EVP_Digest(id.p, id.n, key + sizeof(begin), NULL, EVP_sha256(), NULL) != 1)
		abort();
	if (store_begin_write(c->store, &t, err) < 0)
		return -1;
	rc = store_put_new(t, CLAIMED, slice_of(key, sizeof(key)), slice_of(&end, sizeof(end)), err);
	if (rc == 1 && sweep(t, now, err) < 0)
		rc = -1;
	if (rc != 1) {
		store_abort(t);
		return rc;
	}
	return store_commit(t, err) < 0 ? -1 : 1;
}
