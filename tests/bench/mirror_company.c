/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "tests/bench/mirror_company.h"

#include <sys/resource.h>

/* Levels of each column; with everybody's, 25 groups. */
static const size_t depths[] = {6, 6, 5, 4, 3};

#define COLUMNS (sizeof(depths) / sizeof(*depths))

static const struct directory_join joins[] = {{"objectidentifier", "employeeNumber", false}, {"mail", "mail", true}};
static const char *const kept[] = {"departmentNumber", "title", NULL};
static const char *const nowhere[] = {NULL};

bool company_make(size_t people, size_t groups, struct company *out)
{
	size_t levels = 0;

	for (size_t k = 0; k < COLUMNS; k++)
		levels += depths[k];
	*out = (struct company){people, 0, groups / (levels + 1)};
	out->groups = out->width * levels + 1;
	/* groupOfNames is never empty */
	return people >= out->width && out->width >= 1;
}

size_t company_everybody(const struct company *c)
{
	return c->groups - 1;
}

struct directory_options company_options(const char *name, const char *const *uris)
{
	return (struct directory_options){.name = name, .uris = uris ? uris : nowhere, .bind_dn = COMPANY_ROOT,
		.password = {COMPANY_PASSWORD, strlen(COMPANY_PASSWORD)}, .people_base = "ou=people," COMPANY_SUFFIX,
		.people_filter = "(objectClass=inetOrgPerson)", .groups_base = "ou=groups," COMPANY_SUFFIX,
		.groups_filter = "(objectClass=groupOfNames)", .member_attribute = "member", .group_name_attribute = "cn",
		.mail_attribute = "mail", .joins = joins, .join_count = 2, .attributes = kept};
}

void company_object_id(size_t i, char out[37])
{
	snprintf(out, 37, "7b1c2d3e-4f50-4a61-8b72-%012zu", i % 1000000000000);
}

static void uuid_of(char kind, size_t i, unsigned char out[UUID_SIZE])
{
	memset(out, kind, UUID_SIZE);
	memcpy(out, &i, sizeof(i));
}

static struct slice person_dn(struct arena *a, size_t i)
{
	return slice_c(arena_printf(a, "uid=person%zu,ou=people," COMPANY_SUFFIX, i));
}

static struct slice group_dn(struct arena *a, size_t g)
{
	return slice_c(arena_printf(a, "cn=group-%zu,ou=groups," COMPANY_SUFFIX, g));
}

static void add(struct arena *a, struct mirror_attribute *list, size_t *n, const char *name, struct slice value)
{
	struct slice *values = arena_alloc(a, sizeof(*values));

	*values = value;
	list[(*n)++] = (struct mirror_attribute){name, values, 1};
}

void company_person(struct arena *a, size_t i, struct entry *out)
{
	struct mirror_attribute *list = arena_alloc(a, 8 * sizeof(*list));
	char *id = arena_alloc(a, 37);
	size_t n = 0;

	company_object_id(i, id);
	add(a, list, &n, "uid", slice_c(arena_printf(a, "person%zu", i)));
	add(a, list, &n, "cn", slice_c(arena_printf(a, "Person %zu", i)));
	add(a, list, &n, "sn", slice_c(arena_printf(a, "Number %zu", i)));
	add(a, list, &n, "mail", slice_c(arena_printf(a, "person.%zu@example.org", i)));
	add(a, list, &n, "employeeNumber", slice_c(id));
	add(a, list, &n, "departmentNumber", slice_c(arena_printf(a, "Department %zu", i % 50)));
	add(a, list, &n, "title", slice_c("Engineer"));
	*out = (struct entry){.dn = person_dn(a, i).p, .attributes = list, .attribute_count = n};
	uuid_of('p', i, out->uuid);
}

/* Who stands in group g: people in level 1 of a column, above it the group below; all of them in the last group. */
static struct slice *members(struct arena *a, const struct company *c, size_t g, size_t *n)
{
	size_t column = 0, first = 0, at = g % c->width, step = c->width;
	struct slice *list;

	while (column < COLUMNS && g >= first + depths[column] * c->width)
		first += depths[column++] * c->width;
	list = arena_alloc(a, (c->people / (column < COLUMNS ? step : 1) + 2) * sizeof(*list));
	*n = 0;
	if (column < COLUMNS && g >= first + c->width) {
		list[(*n)++] = group_dn(a, g - c->width);
		return list;
	}
	if (column == COLUMNS)
		at = 0, step = 1;
	else    /* in each column beside other people */
		at = (at + column * c->width / COLUMNS) % c->width;
	for (size_t i = at; i < c->people; i += step)
		list[(*n)++] = person_dn(a, i);
	return list;
}

void company_group(struct arena *a, const struct company *c, size_t g, struct entry *out)
{
	struct mirror_attribute *list = arena_alloc(a, 2 * sizeof(*list));
	size_t n = 0, count;
	struct slice *values = members(a, c, g, &count);

	add(a, list, &n, "cn", slice_c(arena_printf(a, "group-%zu", g)));
	list[n++] = (struct mirror_attribute){"member", values, count};
	*out = (struct entry){.dn = group_dn(a, g).p, .attributes = list, .attribute_count = n};
	uuid_of('g', g, out->uuid);
}

struct usage usage_now(void)
{
	struct rusage u;

	getrusage(RUSAGE_SELF, &u);
	return (struct usage){(double)(u.ru_utime.tv_sec + u.ru_stime.tv_sec) * 1e6 +
		(double)(u.ru_utime.tv_usec + u.ru_stime.tv_usec), u.ru_nvcsw};
}

void must(int rc, const struct error *err)
{
	if (rc < 0) {
		fprintf(stderr, "%s: %s\n", reason_word(err->reason), err->detail);
		exit(1);
	}
}

int by_number(const void *a, const void *b)
{
	int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;

	return x < y ? -1 : x > y;
}
