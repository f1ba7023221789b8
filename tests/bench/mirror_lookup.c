/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * How long a usual person's look-up takes: 25 nested groups, by object id.
 *
 *	mirror_lookup [PEOPLE [GROUPS]]         default 10000 and 1000
 *
 * Prints the time to fill the file and microseconds for each look-up, of people
 * picked all over the file.  Ratios between sizes matter, not absolute figures.
 */
#include "base/clock.h"
#include "ldap/mirror_write.h"

#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#define DIRECT 5                        /* groups a person is in; each lies in a chain of LEVELS */
#define LEVELS 5
#define LOOKUPS 20000

static const struct directory_join joins[] = {{"objectidentifier", "employeeNumber", false}, {"mail", "mail", true}};
static const char *const no_uris[] = {NULL};
static const char *const kept[] = {"department", "title", NULL};
static const struct directory_options directory = {.name = "corp", .uris = no_uris, .people_base = "dc=x",
	.people_filter = "(a=b)",
	.groups_base = "dc=x", .groups_filter = "(a=b)", .member_attribute = "member", .group_name_attribute = "cn",
	.mail_attribute = "mail", .joins = joins, .join_count = 2, .attributes = kept};

static void must(int rc, const struct error *err)
{
	if (rc < 0) {
		fprintf(stderr, "%s: %s\n", reason_word(err->reason), err->detail);
		exit(1);
	}
}

static void uuid_of(char kind, size_t i, unsigned char out[UUID_SIZE])
{
	memset(out, kind, UUID_SIZE);
	memcpy(out, &i, sizeof(i));
}

static struct slice text(struct arena *a, const char *format, size_t i)
{
	return slice_c(arena_printf(a, "%s%zu%s", format, i, strchr(format, '=') ? ",ou=people,dc=example,dc=org" : ""));
}

static void put_person(struct mirror_writer *w, size_t i)
{
	struct arena *a = arena_new();
	const struct slice values[] = {text(a, "7b1c2d3e-4f50-4a61-8b72-", 100000000000 + i),
		slice_c(arena_printf(a, "person.%zu@example.org", i)), text(a, "p", i), text(a, "department", i % 50),
		slice_c("Engineer")};
	const struct mirror_attribute attributes[] = {{"employeeNumber", &values[0], 1}, {"mail", &values[1], 1},
		{"uid", &values[2], 1}, {"department", &values[3], 1}, {"title", &values[4], 1}};
	struct entry e = {.dn = text(a, "uid=p", i).p, .attributes = attributes, .attribute_count = 5};
	struct error err;

	uuid_of('p', i, e.uuid);
	must(mirror_writer_put(w, MIRROR_PEOPLE, &e, &err), &err);
	arena_free(a);
}

/* Group g of level l holds the group g of level l - 1; at level 0, every person whose number fits. */
static void put_group(struct mirror_writer *w, size_t g, size_t per_level, size_t people)
{
	struct arena *a = arena_new();
	struct slice *members = arena_alloc(a, (people * DIRECT / per_level + 2) * sizeof(*members));
	const struct slice cn = text(a, "group-", g);
	size_t n = 0;

	if (g >= per_level)
		members[n++] = text(a, "cn=group-", g - per_level);
	for (size_t k = 0; g < per_level && k < DIRECT; k++)
		for (size_t i = (g + per_level - k * (per_level / DIRECT)) % per_level; i < people; i += per_level)
			members[n++] = text(a, "uid=p", i);
	{
		const struct mirror_attribute attributes[] = {{"cn", &cn, 1}, {"member", members, n}};
		struct entry e = {.dn = text(a, "cn=group-", g).p, .attributes = attributes, .attribute_count = 2};
		struct error err;

		uuid_of('g', g, e.uuid);
		must(mirror_writer_put(w, MIRROR_GROUPS, &e, &err), &err);
	}
	arena_free(a);
}

static void fill(const char *path, size_t people, size_t groups)
{
	int64_t begin = clock_monotonic_us();
	struct mirror_writer *w;
	struct error err;
	struct stat st;

	must(mirror_writer_open(path, &directory, &w, &err), &err);
	for (size_t i = 0; i < people; i++) {
		put_person(w, i);
		if (i % 5000 == 4999)
			must(mirror_writer_commit(w, &err), &err);
	}
	for (size_t g = 0; g < groups; g++) {
		put_group(w, g, groups / LEVELS, people);
		if (g % 100 == 99)
			must(mirror_writer_commit(w, &err), &err);
	}
	mirror_writer_whole(w, MIRROR_PEOPLE);
	mirror_writer_whole(w, MIRROR_GROUPS);
	must(mirror_writer_commit(w, &err), &err);
	mirror_writer_close(w);
	stat(path, &st);
	printf("filled: %zu people, %zu groups in %.2f s; file %.1f MB\n", people, groups,
		(double)(clock_monotonic_us() - begin) / 1e6, (double)st.st_size / 1e6);
}

static int by_number(const void *a, const void *b)
{
	int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;

	return x < y ? -1 : x > y;
}

/* Of this process: what others on the machine do hardly moves it. */
static double cpu_us(void)
{
	struct rusage u;

	getrusage(RUSAGE_SELF, &u);
	return (double)(u.ru_utime.tv_sec + u.ru_stime.tv_sec) * 1e6 + (double)(u.ru_utime.tv_usec + u.ru_stime.tv_usec);
}

static void look_up_many(const char *path, size_t people)
{
	static int64_t times[LOOKUPS / 20];
	struct mirror *m;
	struct error err;
	size_t groups = 0, at = 1;
	double cpu = cpu_us();

	must(mirror_open(path, &m, &err), &err);
	for (size_t i = 0; i < LOOKUPS / 20; i++) {
		int64_t begin;
		char numbers[20][48];

		for (size_t j = 0; j < 20; j++) {
			at = (at * 48271) % 2147483647;
			snprintf(numbers[j], sizeof(numbers[j]), "7b1c2d3e-4f50-4a61-8b72-%zu", 100000000000 + at % people);
		}
		begin = clock_monotonic_us();
		for (size_t j = 0; j < 20; j++) {
			const struct mirror_claim claim = {"objectidentifier", numbers[j]};
			const struct mirror_query query = {&claim, 1, false};
			struct arena *a = arena_new();
			struct mirror_person p;

			must(mirror_person(a, m, &directory, 1, &query, &p, &err), &err);
			groups += p.group_count;
			arena_free(a);
		}
		times[i] = clock_monotonic_us() - begin;
	}
	qsort(times, LOOKUPS / 20, sizeof(*times), by_number);
	printf("look-up: p50 %.1f us, p99 %.1f us (means of 20), %.1f us of CPU, %.1f groups each\n",
		(double)times[LOOKUPS / 40] / 20, (double)times[LOOKUPS / 20 * 99 / 100] / 20, (cpu_us() - cpu) / LOOKUPS,
		(double)groups / LOOKUPS);
	mirror_close(m);
}

int main(int argc, char **argv)
{
	size_t people = argc > 1 ? strtoul(argv[1], NULL, 10) : 10000;
	size_t groups = argc > 2 ? strtoul(argv[2], NULL, 10) : 1000;
	char folder[] = "/tmp/postern-bench-XXXXXX", path[64], lock[80];

	if (people == 0 || groups < DIRECT * LEVELS || !mkdtemp(folder))
		return 2;
	snprintf(path, sizeof(path), "%s/mirror", folder);
	snprintf(lock, sizeof(lock), "%s-lock", path);
	fill(path, people, groups);
	look_up_many(path, people);
	unlink(path);
	unlink(lock);
	rmdir(folder);
	return 0;
}
