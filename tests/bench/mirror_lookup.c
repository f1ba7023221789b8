/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The mirror's file by itself, for `make bench-mirror`.
 *
 *	mirror_lookup ldif PEOPLE GROUPS                        the directory, for slapadd
 *	mirror_lookup write FILE NAME PEOPLE GROUPS             the same straight into the mirror, as directory NAME
 *	mirror_lookup look-up FILE NAME PEOPLE GROUPS COUNT     people picked all over the file
 *
 * The last two print JSON.  A look-up stands beside two floors of the same run,
 * taken in turns with it: the same keys fetched from the same file in one
 * transaction, and one key.
 */
#include "base/clock.h"
#include "ldap/tables.h"
#include "tests/bench/mirror_company.h"

#include <sys/stat.h>
#include <unistd.h>

#define BATCH 20                        /* look-ups timed together */
#define TURNS 10
#define KEYS_MAX 64                     /* a person's */

/* ---- ldif ---- */

static void print_entry(const struct entry *e, const char *classes)
{
	printf("dn: %s\n%s", e->dn, classes);
	for (size_t i = 0; i < e->attribute_count; i++)
		for (size_t j = 0; j < e->attributes[i].n; j++)
			printf("%s: %.*s\n", e->attributes[i].name, (int)e->attributes[i].values[j].n,
				e->attributes[i].values[j].p);
	putchar('\n');
}

static int write_ldif(const struct company *c)
{
	struct entry e;

	printf("dn: " COMPANY_SUFFIX "\nobjectClass: organization\nobjectClass: dcObject\no: Bench\ndc: example\n\n"
		"dn: ou=people," COMPANY_SUFFIX "\nobjectClass: organizationalUnit\nou: people\n\n"
		"dn: ou=groups," COMPANY_SUFFIX "\nobjectClass: organizationalUnit\nou: groups\n\n");
	for (size_t i = 0; i < c->people + c->groups; i++) {
		struct arena *a = arena_new();

		if (i < c->people)
			company_person(a, i, &e);
		else
			company_group(a, c, i - c->people, &e);
		print_entry(&e, i < c->people ? "objectClass: inetOrgPerson\n" : "objectClass: groupOfNames\n");
		arena_free(a);
	}
	return fflush(stdout) == 0 ? 0 : 1;
}

/* ---- write ---- */

static int write_mirror(const char *path, const char *name, const struct company *c)
{
	struct directory_options options = company_options(name, NULL);
	int64_t begin = clock_monotonic_us();
	struct usage before = usage_now();
	struct mirror_writer *w;
	struct error err;
	struct stat st = {0};
	size_t waiting = 0;

	must(mirror_writer_open(path, &options, &w, &err), &err);
	for (size_t i = 0; i < c->people + c->groups; i++) {
		bool is_person = i < c->people;
		struct arena *a = arena_new();
		struct entry e;

		if (is_person)
			company_person(a, i, &e);
		else
			company_group(a, c, i - c->people, &e);
		must(mirror_writer_put(w, is_person ? MIRROR_PEOPLE : MIRROR_GROUPS, &e, &err), &err);
		waiting += e.attributes[e.attribute_count - 1].n;
		arena_free(a);
		if (waiting < 100000)
			continue;
		must(mirror_writer_commit(w, &err), &err);
		waiting = 0;
	}
	mirror_writer_whole(w, MIRROR_PEOPLE);
	mirror_writer_whole(w, MIRROR_GROUPS);
	must(mirror_writer_commit(w, &err), &err);
	mirror_writer_close(w);
	stat(path, &st);
	printf("{\"seconds\": %.3f, \"cpu_seconds\": %.3f, \"bytes\": %lld}\n",
		(double)(clock_monotonic_us() - begin) / 1e6, (usage_now().cpu_us - before.cpu_us) / 1e6, (long long)st.st_size);
	return 0;
}

/* ---- look-up: the floor ---- */

struct wanted {
	int table;
	struct slice key;
};

struct person_keys {
	struct wanted keys[KEYS_MAX];
	size_t n;
};

static struct slice want(struct arena *a, struct store_txn *t, struct person_keys *p, int table, struct slice key)
{
	struct slice value = {NULL, 0};
	struct error err;

	if (p->n == KEYS_MAX)
		abort();
	p->keys[p->n++] = (struct wanted){table, arena_slice(a, key)};
	if (store_get(t, table, key, &value, &err) != 1) {
		fprintf(stderr, "a key of the mirror is missing\n");
		exit(1);
	}
	return value;
}

static bool is_known(const struct person_keys *p, struct slice id)
{
	for (size_t i = 0; i < p->n; i++)
		if (p->keys[i].table == TABLE_ROW && slice_equal(p->keys[i].key, id))
			return true;
	return false;
}

/* What must be fetched for a person at least: two index keys, the record, and one row for each group and the person. */
static void keys_of(struct arena *a, struct store_txn *t, const struct directory_options *d, size_t i,
	struct person_keys *out)
{
	char object_id[37], mail[64];
	struct slice node;
	struct error err;
	struct key k = {0};
	struct id_key k_id;
	struct row row;

	*out = (struct person_keys){.n = 0};
	company_object_id(i, object_id);
	snprintf(mail, sizeof(mail), "person.%zu@example.org", i);
	key_index(d, "employeenumber", slice_c(object_id), &k);
	node = want(a, t, out, TABLE_INDEX, key_slice(&k));
	key_index(d, "mail", slice_c(mail), &k);
	want(a, t, out, TABLE_INDEX, key_slice(&k));
	k_id = key_id(node_read(node));
	want(a, t, out, TABLE_PERSON, id_slice(&k_id));
	want(a, t, out, TABLE_ROW, id_slice(&k_id));
	for (size_t at = out->n - 1; at < out->n; at++) {
		struct slice s;

		if (store_get(t, TABLE_ROW, out->keys[at].key, &s, &err) != 1 || row_read(s, &row, &err) < 0)
			exit(1);
		for (size_t j = 0; j < row.parents.n; j += NODE_SIZE) {
			k_id = key_id(node_read(slice_of(row.parents.p + j, NODE_SIZE)));
			if (!is_known(out, id_slice(&k_id)))
				want(a, t, out, TABLE_ROW, id_slice(&k_id));
		}
	}
}

static void fetch(struct store *s, const struct person_keys *people, size_t n, size_t most)
{
	for (size_t i = 0; i < n; i++) {
		struct store_txn *t;
		struct error err;

		must(store_begin_read(s, &t, &err), &err);
		for (size_t k = 0; k < people[i].n && k < most; k++) {
			struct slice value;

			must(store_get(t, people[i].keys[k].table, people[i].keys[k].key, &value, &err), &err);
		}
		store_abort(t);
	}
}

/* ---- look-up ---- */

struct looking {
	struct directory_options options;
	struct mirror *mirror;
	size_t people, count;
	size_t at;                      /* of the walk over all people */
	size_t groups;                  /* seen */
	double cpu_us, keys_us, key_us; /* in all */
	long waits, private_dirty_kib, anonymous_kib;
	int64_t *times;                 /* of each look-up, by the clock */
};

static size_t next_person(struct looking *l)
{
	l->at = l->at * 48271 % 2147483647;
	return l->at % l->people;
}

static void look_up(struct looking *l, const size_t *people, size_t done)
{
	struct usage before = usage_now(), after;

	for (size_t i = 0; i < BATCH; i++) {
		char object_id[37];
		const struct mirror_claim claim = {"objectidentifier", object_id};
		const struct mirror_query query = {.claims = &claim, .claim_count = 1};
		struct arena *a = arena_new();
		struct mirror_person p;
		struct error err;
		int64_t begin;

		company_object_id(people[i], object_id);
		begin = clock_monotonic_us();
		must(mirror_person(a, l->mirror, &l->options, 1, &query, &p, &err), &err);
		l->times[done + i] = clock_monotonic_us() - begin;
		l->groups += p.group_count;
		arena_free(a);
	}
	after = usage_now();
	l->cpu_us += after.cpu_us - before.cpu_us;
	l->waits += after.waits - before.waits;
}

/* KiB of this process that are its own and nobody else's file: what ten workers would hold ten times. */
static long own_kib(const char *field)
{
	FILE *f = fopen("/proc/self/smaps_rollup", "r");
	char line[256];
	long kib = -1;

	while (f && fgets(line, sizeof(line), f))
		if (strncmp(line, field, strlen(field)) == 0)
			kib = strtol(line + strlen(field), NULL, 10);
	if (f)
		fclose(f);
	return kib;
}

static double per_batch(struct store *s, const struct person_keys *keys, size_t most)
{
	double before = usage_now().cpu_us;

	fetch(s, keys, BATCH, most);
	return usage_now().cpu_us - before;
}

/* All keys are gathered before any is fetched, so that they are as far from the processor as those of a look-up. */
static void measure_floor(struct looking *l, const char *path)
{
	const struct store_options options = {.path = path, .use = STORE_READ, .schema = MIRROR_SCHEMA,
		.tables = mirror_tables};
	size_t n = l->count / TURNS;
	struct arena *a = arena_new();
	struct person_keys *keys = arena_alloc(a, n * sizeof(*keys));
	struct store_txn *t;
	struct store *s;
	struct error err;

	must(store_open(&options, &s, &err), &err);
	must(store_begin_read(s, &t, &err), &err);
	for (size_t i = 0; i < n; i++)
		keys_of(a, t, &l->options, next_person(l), &keys[i]);
	store_abort(t);
	for (size_t i = 0; i < n; i += BATCH)
		l->key_us += per_batch(s, keys + i, 1);
	for (size_t i = 0; i < n; i += BATCH)
		l->keys_us += per_batch(s, keys + i, KEYS_MAX);
	store_close(s);
	arena_free(a);
}

static void look_up_all(struct looking *l, size_t from)
{
	for (size_t done = from; done < from + l->count / TURNS; done += BATCH) {
		size_t people[BATCH];

		for (size_t i = 0; i < BATCH; i++)
			people[i] = next_person(l);
		look_up(l, people, done);
	}
}

/* A worker has had its file open for a while, as the floor has: what the first use of a page costs is not counted. */
static void measure_look_ups(struct looking *l, const char *path, size_t from)
{
	struct looking before;
	struct error err;

	must(mirror_open(path, &l->mirror, &err), &err);
	before = *l;
	look_up_all(l, from);
	*l = before;
	look_up_all(l, from);
	l->private_dirty_kib = own_kib("Private_Dirty:");
	l->anonymous_kib = own_kib("Anonymous:");
	mirror_close(l->mirror);
}

static int measure(const char *path, const char *name, const struct company *c, size_t count)
{
	struct looking l = {.options = company_options(name, NULL), .people = c->people, .at = 1,
		.count = (count + BATCH * TURNS - 1) / (BATCH * TURNS) * (BATCH * TURNS)};
	double n = (double)l.count;

	l.times = calloc(l.count, sizeof(*l.times));
	if (!l.times)
		abort();
	/* in turns, so that what slows the machine down slows both; one process may open a file only once */
	for (size_t done = 0; done < l.count; done += l.count / TURNS) {
		measure_floor(&l, path);
		measure_look_ups(&l, path, done);
	}
	qsort(l.times, l.count, sizeof(*l.times), by_number);
	printf("{\"cpu_us\": %.3f, \"keys_us\": %.3f, \"key_us\": %.3f, \"groups\": %.2f, \"p50_us\": %lld, \"p99_us\": %lld, "
		"\"most_us\": %lld, \"waits\": %ld, "
		"\"private_dirty_kib\": %ld, \"anonymous_kib\": %ld}\n", l.cpu_us / n, l.keys_us / n, l.key_us / n, (double)l.groups / n,
		(long long)l.times[l.count / 2], (long long)l.times[l.count * 99 / 100], (long long)l.times[l.count - 1], l.waits,
		l.private_dirty_kib, l.anonymous_kib);
	free(l.times);
	return 0;
}

int main(int argc, char **argv)
{
	bool is_ldif = argc == 4 && strcmp(argv[1], "ldif") == 0, is_write = argc == 6 && strcmp(argv[1], "write") == 0;
	bool is_look_up = argc == 7 && strcmp(argv[1], "look-up") == 0;
	const char *const *numbers = (const char *const *)argv + (is_ldif ? 2 : 4);
	struct company c;

	if (!is_ldif && !is_write && !is_look_up)
		return 2;
	if (!company_make(strtoul(numbers[0], NULL, 10), strtoul(numbers[1], NULL, 10), &c)) {
		fprintf(stderr, "at least 24 groups, and as many people as groups in a level\n");
		return 2;
	}
	if (is_ldif)
		return write_ldif(&c);
	return is_write ? write_mirror(argv[2], argv[3], &c) : measure(argv[2], argv[3], &c, strtoul(argv[6], NULL, 10));
}
