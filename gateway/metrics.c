/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The areas of counters: a table of rows each, found by hashing metric and
 * label values.
 *
 * One process writes to an area at a time, so a row is taken without a lock:
 * its text is written first, then `key` is stored with release order.  A
 * process that dies in between leaves the row free.  Readers load `key` with
 * acquire order and everything else as it may be.
 */
#include "gateway/metrics.h"
#include "base/encode.h"

#include <errno.h>
#include <fcntl.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <unistd.h>

#include <sys/mman.h>
#include <sys/stat.h>

#define ROWS 1024                       /* of an area: a power of two */
#define ROWS_FILLED 896                 /* from here on new label values are "other" */
#define TEXT_SIZE 128                   /* label values with their NULs */
#define LABELS_MAX 4
#define CELLS 15                        /* buckets, then the sum of a histogram */

struct row {
	_Atomic uint32_t key;           /* metric + 1; 0: free */
	uint32_t unused;
	char text[TEXT_SIZE];           /* label values, a NUL behind each */
	_Atomic uint64_t cells[CELLS];
};

struct area {
	_Atomic uint32_t used;          /* rows */
	_Atomic uint32_t areas;         /* in area 0 alone: how many areas anybody opened, the others are not looked at */
	_Atomic uint32_t connections;   /* and one more; 0: accepts none */
	_Atomic int64_t audit_failing;  /* since when; 0: it is not */
	char unused[sizeof(struct row) - 4 * sizeof(uint32_t) - sizeof(int64_t)];
	struct row rows[ROWS];
};

struct metrics {
	struct area *areas;             /* all of them */
	struct area *own;               /* the one to write to */
};

const struct metric_row metrics_table[METRIC_COUNT] = {
#define METRIC(name, kind, text, labels, help) [METRIC_##name] = {kind, text, labels, help},
#include "gateway/metrics.def"
#undef METRIC
};

const int64_t metrics_bounds[METRICS_BUCKETS - 1] = {100, 250, 500, 1000, 2500, 5000, 10000, 25000, 50000, 100000, 250000, 1000000};

_Static_assert(METRICS_BUCKETS < CELLS, "a row holds the buckets and their sum");
_Static_assert(sizeof(struct row) == 256, "rows are of one size for all processes");

/* ---- the memory ---- */

int metrics_make(int *fd_out, struct error *err)
{
	int fd = memfd_create("postern-metrics", MFD_CLOEXEC | MFD_ALLOW_SEALING);

	if (fd < 0)
		return error_set(err, REASON_FILE, "cannot make a memory file: %s", strerror(errno));
	if (ftruncate(fd, (off_t)(METRICS_AREAS * sizeof(struct area))) < 0 ||
		fcntl(fd, F_ADD_SEALS, F_SEAL_SEAL | F_SEAL_SHRINK | F_SEAL_GROW) < 0) {
		error_set(err, REASON_FILE, "cannot make a memory file: %s", strerror(errno));
		close(fd);
		return -1;
	}
	*fd_out = fd;
	return 0;
}

/* FNV-1a, over numbers and texts with their NUL. */
static uint64_t mix(uint64_t h, const void *p, size_t n)
{
	const unsigned char *c = p;

	while (n--)
		h = (h ^ *c++) * 1099511628211u;
	return h;
}

uint64_t metrics_layout(void)
{
	const uint64_t sizes[] = {METRICS_AREAS, sizeof(struct area), sizeof(struct row), ROWS, TEXT_SIZE, CELLS,
		METRIC_COUNT, offsetof(struct area, unused)};
	uint64_t h = mix(14695981039346656037u, sizes, sizeof(sizes));
	size_t i;

	h = mix(h, metrics_bounds, sizeof(metrics_bounds));
	for (i = 0; i < METRIC_COUNT; i++) {
		h = mix(h, &metrics_table[i].kind, sizeof(metrics_table[i].kind));
		h = mix(h, metrics_table[i].name, strlen(metrics_table[i].name) + 1);
		h = mix(h, metrics_table[i].labels, strlen(metrics_table[i].labels) + 1);
	}
	return h >> 8;
}

/*
 * The kernel lets go of a lock with its process, so an area is given on
 * whatever the process died of.  Area 0 is a parent's, who takes none.
 */
unsigned metrics_take_area(int fd)
{
	unsigned area;

	for (area = 1; area < METRICS_AREAS; area++) {
		struct flock lock = {.l_type = F_WRLCK, .l_whence = SEEK_SET, .l_start = (off_t)(area * sizeof(struct area)), .l_len = 1};

		if (fcntl(fd, F_OFD_SETLK, &lock) == 0)
			return area;
	}
	return METRICS_AREAS;
}

/* An area that nobody had stays without memory, which reading would give it. */
static void note_area(struct area *areas, unsigned area)
{
	uint32_t n = atomic_load_explicit(&areas[0].areas, memory_order_relaxed);

	while (n < area + 1 && !atomic_compare_exchange_weak(&areas[0].areas, &n, area + 1))
		;
}

/* The file itself, or with MAP_ANONYMOUS memory of our own of its size, and the kernel does not look at the descriptor. */
static int map(int fd, int how, struct metrics **out, struct error *err)
{
	struct metrics *m;
	struct stat st;
	void *p;

	if (fstat(fd, &st) < 0 || st.st_size != (off_t)(METRICS_AREAS * sizeof(struct area)))
		return error_set(err, REASON_FILE, "the descriptor is not the memory of the metrics");
	p = mmap(NULL, METRICS_AREAS * sizeof(struct area), PROT_READ | PROT_WRITE, how, fd, 0);
	if (p == MAP_FAILED)
		return error_set(err, REASON_FILE, "the memory of the metrics cannot be used: %s", strerror(errno));
	m = calloc(1, sizeof(*m));
	if (!m)
		abort();
	m->areas = m->own = p;
	*out = m;
	return 0;
}

int metrics_open(int fd, unsigned area, struct metrics **out, struct error *err)
{
	if (area >= METRICS_AREAS) {
		*out = NULL;
		return 0;
	}
	if (map(fd, MAP_SHARED, out, err) < 0)
		return -1;
	(*out)->own += area;
	note_area((*out)->areas, area);
	return 0;
}

/* Reading, and not mapping: whoever may write the file could cut it meanwhile. */
int metrics_copy(int fd, struct metrics **out, struct error *err)
{
	struct metrics *m;
	size_t i, n = 1;

	if (map(fd, MAP_PRIVATE | MAP_ANONYMOUS, &m, err) < 0)
		return -1;
	for (i = 0; i < n && i < METRICS_AREAS; i++) {
		if (pread(fd, &m->areas[i], sizeof(struct area), (off_t)(i * sizeof(struct area))) != (ssize_t)sizeof(struct area)) {
			metrics_close(m);
			return error_set(err, REASON_FILE, "the memory of the metrics cannot be read");
		}
		n = atomic_load_explicit(&m->areas[0].areas, memory_order_relaxed);
	}
	*out = m;
	return 0;
}

void metrics_close(struct metrics *m)
{
	if (!m)
		return;
	munmap(m->areas, METRICS_AREAS * sizeof(struct area));
	free(m);
}

/* ---- writing ---- */

static size_t label_count(enum metric metric)
{
	const char *p = metrics_table[metric].labels;
	size_t n = *p ? 1 : 0;

	for (; *p; p++)
		n += *p == ' ';
	return n;
}

/* As FNV-1a, eight bytes at a time, whose upper half is folded down; nobody outside chooses what is hashed. */
static size_t place_of(enum metric metric, const char text[TEXT_SIZE])
{
	uint64_t h = 14695981039346656037u ^ (uint64_t)metric, word;
	size_t i;

	for (i = 0; i < TEXT_SIZE; i += sizeof(word)) {
		memcpy(&word, text + i, sizeof(word));
		h = (h ^ word) * 1099511628211u;
		h ^= h >> 32;
	}
	return h % ROWS;
}

static struct row *find(struct area *area, enum metric metric, const char text[TEXT_SIZE], uint32_t most)
{
	size_t at = place_of(metric, text), i;

	for (i = 0; i < ROWS; i++, at = (at + 1) % ROWS) {
		struct row *row = &area->rows[at];
		uint32_t key = atomic_load_explicit(&row->key, memory_order_relaxed);

		if (key == (uint32_t)metric + 1 && memcmp(row->text, text, TEXT_SIZE) == 0)
			return row;
		if (key)
			continue;
		if (atomic_load_explicit(&area->used, memory_order_relaxed) >= most)
			return NULL;
		memcpy(row->text, text, TEXT_SIZE);
		atomic_store_explicit(&row->key, (uint32_t)metric + 1, memory_order_release);
		atomic_fetch_add_explicit(&area->used, 1, memory_order_relaxed);
		return row;
	}
	return NULL;
}

/* The values behind one another; a value that is too long for the row becomes "other". */
static void join(char text[TEXT_SIZE], enum metric metric, va_list args)
{
	size_t i, n = 0, count = label_count(metric), room = TEXT_SIZE / (count ? count : 1);
	const char *value;

	memset(text, 0, TEXT_SIZE);
	for (i = 0; i < count; i++) {
		value = va_arg(args, const char *);
		if (!value)
			break;
		if (strlen(value) >= room)
			value = "other";
		memcpy(text + n, value, strlen(value) + 1);
		n += strlen(value) + 1;
	}
}

static void join_others(char text[TEXT_SIZE], enum metric metric)
{
	size_t i, count = label_count(metric);

	memset(text, 0, TEXT_SIZE);
	for (i = 0; i < count; i++)
		memcpy(text + i * sizeof("other"), "other", sizeof("other"));
}

static struct row *row_of(struct metrics *m, enum metric metric, va_list args)
{
	char text[TEXT_SIZE];
	struct row *row;

	join(text, metric, args);
	row = find(m->own, metric, text, ROWS_FILLED);
	if (row)
		return row;
	join_others(text, metric);
	return find(m->own, metric, text, ROWS);
}

static void add(struct row *row, size_t cell, uint64_t n)
{
	atomic_fetch_add_explicit(&row->cells[cell], n, memory_order_relaxed);
}

void metrics_count(struct metrics *m, enum metric metric, ...)
{
	struct row *row;
	va_list args;

	if (!m)
		return;
	va_start(args, metric);
	row = row_of(m, metric, args);
	va_end(args);
	if (row)
		add(row, 0, 1);
}

void metrics_zero(struct metrics *m, enum metric metric, ...)
{
	va_list args;

	va_start(args, metric);
	if (m)
		row_of(m, metric, args);
	va_end(args);
}

void metrics_time(struct metrics *m, enum metric metric, int64_t microseconds, ...)
{
	struct row *row;
	va_list args;
	size_t i = 0;

	if (!m || microseconds < 0)
		return;
	va_start(args, microseconds);
	row = row_of(m, metric, args);
	va_end(args);
	while (i < METRICS_BUCKETS - 1 && microseconds > metrics_bounds[i])
		i++;
	if (!row)
		return;
	add(row, i, 1);
	add(row, METRICS_BUCKETS, (uint64_t)microseconds);
}

/* ---- who accepts next ---- */

bool metrics_connections(struct metrics *m, size_t n, bool accepts)
{
	uint32_t mine = n < UINT32_MAX ? (uint32_t)n + 1 : UINT32_MAX, areas, i;

	if (!m)
		return false;
	atomic_store_explicit(&m->own->connections, accepts ? mine : 0, memory_order_relaxed);
	areas = atomic_load_explicit(&m->areas[0].areas, memory_order_relaxed);
	for (i = 0; i < areas && i < METRICS_AREAS; i++) {
		uint32_t other = atomic_load_explicit(&m->areas[i].connections, memory_order_relaxed);

		/* with many, one more or less is not worth waiting for: they may all come at once */
		if (other && other - 1 + (other - 1) / 8 < mine - 1)
			return true;
	}
	return false;
}

uint64_t metrics_open_connections(const struct metrics *m)
{
	uint32_t areas = atomic_load_explicit(&m->areas[0].areas, memory_order_relaxed), i, one;
	uint64_t n = 0;

	for (i = 0; i < areas && i < METRICS_AREAS; i++) {
		one = atomic_load_explicit(&m->areas[i].connections, memory_order_relaxed);
		n += one ? one - 1 : 0;
	}
	return n;
}

void metrics_forget(struct metrics *m, unsigned area)
{
	if (!m || area >= METRICS_AREAS)
		return;
	atomic_store_explicit(&m->areas[area].connections, 0, memory_order_relaxed);
	atomic_store_explicit(&m->areas[area].audit_failing, 0, memory_order_relaxed);
}

/* ---- what does not work now ---- */

void metrics_audit_fails(struct metrics *m, int64_t since)
{
	if (m && atomic_load_explicit(&m->own->audit_failing, memory_order_relaxed) != since)
		atomic_store_explicit(&m->own->audit_failing, since, memory_order_relaxed);
}

int64_t metrics_audit_failing(const struct metrics *m)
{
	uint32_t areas = m ? atomic_load_explicit(&m->areas[0].areas, memory_order_relaxed) : 0, i;
	int64_t first = 0;

	for (i = 0; i < areas && i < METRICS_AREAS; i++) {
		int64_t since = atomic_load_explicit(&m->areas[i].audit_failing, memory_order_relaxed);

		if (since > 0 && (!first || since < first))
			first = since;
	}
	return first;
}

/* ---- reading ---- */

struct sum {
	struct metrics_sample sample;
	char text[TEXT_SIZE];
	uint64_t cells[CELLS];
};

struct sums {
	struct arena *arena;
	struct sum **table;             /* ROWS_MOST of them, NULL: free */
	size_t n;
};

#define SUMS_TABLE (ROWS * 16)          /* four times what a sound service can hold */
#define SUMS_MOST (ROWS * 8)

/* The label values of a row, as far as they are text; what another process wrote is only believed to be bytes. */
static bool read_values(struct arena *a, enum metric metric, char text[TEXT_SIZE], const char *const **out)
{
	size_t i, n = label_count(metric), at = 0;
	const char **values = arena_alloc(a, (LABELS_MAX + 1) * sizeof(*values));

	text[TEXT_SIZE - 1] = 0;
	for (i = 0; i < n && i < LABELS_MAX; i++) {
		if (at >= TEXT_SIZE)
			return false;
		values[i] = text + at;
		if (!utf8_is_clean(slice_c(values[i])))
			return false;
		at += strlen(values[i]) + 1;
	}
	*out = values;
	return true;
}

static struct sum *sum_of(struct sums *sums, enum metric metric, const char text[TEXT_SIZE])
{
	size_t at = place_of(metric, text) * 16;
	struct sum *s;

	for (; sums->table[at]; at = (at + 1) % SUMS_TABLE) {
		if (sums->table[at]->sample.metric == metric && memcmp(sums->table[at]->text, text, TEXT_SIZE) == 0)
			return sums->table[at];
	}
	if (sums->n == SUMS_MOST)
		return NULL;
	s = arena_alloc(sums->arena, sizeof(*s));
	memcpy(s->text, text, TEXT_SIZE);
	s->sample.metric = metric;
	if (!read_values(sums->arena, metric, s->text, &s->sample.values))
		return NULL;
	sums->table[at] = s;
	sums->n++;
	return s;
}

static void add_row(struct sums *sums, const struct row *row)
{
	uint32_t key = atomic_load_explicit(&row->key, memory_order_acquire);
	char text[TEXT_SIZE];
	struct sum *s;
	size_t i;

	if (key == 0 || key > METRIC_COUNT || metrics_table[key - 1].kind == GAUGE)
		return;
	memcpy(text, row->text, TEXT_SIZE);
	text[TEXT_SIZE - 1] = 0;
	s = sum_of(sums, (enum metric)(key - 1), text);
	for (i = 0; s && i < CELLS; i++)
		s->cells[i] += atomic_load_explicit(&row->cells[i], memory_order_relaxed);
}

static int compare(const void *a, const void *b)
{
	const struct sum *x = *(struct sum *const *)a, *y = *(struct sum *const *)b;

	if (x->sample.metric != y->sample.metric)
		return x->sample.metric < y->sample.metric ? -1 : 1;
	return memcmp(x->text, y->text, TEXT_SIZE);
}

static void finish(struct sum *s)
{
	s->sample.count = s->cells[0];
	s->sample.buckets = s->cells;
	s->sample.microseconds = s->cells[METRICS_BUCKETS];
}

size_t metrics_read(struct arena *a, const struct metrics *m, const struct metrics_sample **out)
{
	struct sums sums = {.arena = a, .table = arena_alloc(a, SUMS_TABLE * sizeof(*sums.table))};
	struct metrics_sample *samples;
	size_t i, j, n = 0, areas = atomic_load_explicit(&m->areas[0].areas, memory_order_relaxed);

	for (i = 0; i < areas && i < METRICS_AREAS; i++) {
		for (j = 0; j < ROWS; j++)
			add_row(&sums, &m->areas[i].rows[j]);
	}
	for (i = 0; i < SUMS_TABLE; i++) {
		if (sums.table[i])
			sums.table[n++] = sums.table[i];
	}
	qsort(sums.table, n, sizeof(*sums.table), compare);
	samples = arena_alloc(a, (n + 1) * sizeof(*samples));
	for (i = 0; i < n; i++) {
		finish(sums.table[i]);
		samples[i] = sums.table[i]->sample;
	}
	*out = samples;
	return n;
}
