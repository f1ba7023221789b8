/* SPDX-License-Identifier: GPL-3.0-or-later */
/* store/: tables, schema numbers, generations, claims. */
#include "tests/unit/unit.h"

#include "store/store.h"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

static const char *const tables[] = {"one", "many+", "numbers#", NULL};
static char folder[64], path[96];
static struct arena *a;
static struct error err;

static int begin(void **state)
{
	(void)state;
	snprintf(folder, sizeof(folder), "/tmp/postern-test-XXXXXX");
	if (!mkdtemp(folder))
		return -1;
	snprintf(path, sizeof(path), "%s/store", folder);
	a = arena_new();
	return 0;
}

static int end(void **state)
{
	static const char *const names[] = {"store", "store-lock", "copy", NULL};
	size_t i;

	(void)state;
	for (i = 0; names[i]; i++)
		unlink(arena_printf(a, "%s/%s", folder, names[i]));
	arena_free(a);
	return rmdir(folder);
}

static struct store *open_as(enum store_use use)
{
	struct store_options o = {.path = path, .use = use, .schema = 7, .tables = tables};
	struct store *s;

	assert_done(store_open(&o, &s, &err), err);
	return s;
}

static int count_each(struct slice key, struct slice value, void *context)
{
	(void)key;
	(void)value;
	++*(int *)context;
	return 0;
}

static int count_value(struct slice value, void *context)
{
	return count_each(value, value, context);
}

static int in_order(struct slice key, struct slice value, void *context)
{
	uint64_t number, *last = context;

	assert_int_equal(key.n, sizeof(number));
	memcpy(&number, key.p, sizeof(number));
	assert_int_equal(value.n, 1);
	assert_true(number > *last);
	*last = number;
	return 0;
}

static void numbers_are_keys(void **state)
{
	static const uint64_t numbers[] = {256, 1, UINT64_C(1) << 40, 255};
	struct store *s = open_as(STORE_WRITE);
	struct store_txn *t;
	struct slice v;
	uint64_t last = 0, absent = 2;

	(void)state;
	assert_done(store_begin_write(s, &t, &err), err);
	for (size_t i = 0; i < sizeof(numbers) / sizeof(*numbers); i++)
		assert_done(store_put(t, 2, slice_of(&numbers[i], sizeof(numbers[i])), slice_of(&"abcd"[i], 1), &err), err);
	assert_int_equal(store_get(t, 2, slice_of(&numbers[2], sizeof(numbers[2])), &v, &err), 1);
	assert_true(slice_is(v, "c"));
	assert_int_equal(store_get(t, 2, slice_of(&absent, sizeof(absent)), &v, &err), 0);
	assert_int_equal(store_each(t, 2, slice_c(""), in_order, &last, &err), 0);
	assert_int_equal(last, numbers[2]);
	store_abort(t);
	store_close(s);
}

static void keeps_what_was_committed(void **state)
{
	struct store *w = open_as(STORE_WRITE), *r;
	struct store_txn *t;
	struct slice v;
	struct stat st;
	int n = 0;

	(void)state;
	assert_done(store_begin_write(w, &t, &err), err);
	assert_done(store_put(t, 0, slice_c("k"), slice_c("v"), &err), err);
	assert_int_equal(store_put_new(t, 0, slice_c("k"), slice_c("w"), &err), 0);
	assert_done(store_add(t, 1, slice_c("d1"), slice_c("x"), &err), err);
	assert_done(store_add(t, 1, slice_c("d1"), slice_c("y"), &err), err);
	assert_done(store_add(t, 1, slice_c("d1"), slice_c("y"), &err), err);
	assert_done(store_add(t, 1, slice_c("d2"), slice_c("z"), &err), err);
	assert_done(store_add(t, 1, slice_c("e"), slice_c("z"), &err), err);
	assert_done(store_commit(t, &err), err);
	assert_done(store_begin_write(w, &t, &err), err);
	assert_done(store_put(t, 0, slice_c("dropped"), slice_c("v"), &err), err);
	store_abort(t);

	r = open_as(STORE_READ);
	assert_done(store_begin_read(r, &t, &err), err);
	assert_int_equal(store_get(t, 0, slice_c("k"), &v, &err), 1);
	assert_slice_is(v, "v");
	assert_int_equal(store_get(t, 0, slice_c("dropped"), &v, &err), 0);
	assert_int_equal(store_each(t, 1, slice_c("d"), count_each, &n, &err), 0);
	assert_int_equal(n, 3);
	n = 0;
	assert_int_equal(store_each_value(t, 1, slice_c("d1"), count_value, &n, &err), 0);
	assert_int_equal(n, 2);
	store_abort(t);
	assert_int_equal(stat(path, &st), 0);
	assert_int_equal(st.st_mode & 0777 & ~0640, 0);
	assert_int_equal(stat(arena_printf(a, "%s-lock", path), &st), 0);
	assert_int_equal(st.st_mode & 0777, 0660);
	assert_done(store_copy(r, arena_printf(a, "%s/copy", folder), &err), err);
	store_close(r);
	store_close(w);
}

static void readers_see_the_next_generation(void **state)
{
	struct store *w = open_as(STORE_WRITE);
	struct store_txn *t;
	uint64_t before, after;

	(void)state;
	assert_done(store_begin_read(w, &t, &err), err);
	assert_done(store_generation(t, &before, &err), err);
	store_abort(t);
	assert_done(store_begin_write(w, &t, &err), err);
	assert_done(store_generation_next(t, &err), err);
	assert_done(store_commit(t, &err), err);
	assert_done(store_begin_read(w, &t, &err), err);
	assert_done(store_generation(t, &after, &err), err);
	store_abort(t);
	assert_int_equal(after, before + 1);
	store_close(w);
}

static void refuses_another_schema_and_foreign_files(void **state)
{
	struct store_options o = {.path = path, .use = STORE_READ, .schema = 8, .tables = tables};
	struct store *s = open_as(STORE_WRITE);
	FILE *f;

	(void)state;
	store_close(s);
	assert_refused(store_open(&o, &s, &err), err, REASON_STORE);
	assert_non_null(strstr(err.detail, "is of an older version of Postern (schema 7, this one has 8)"));
	o.schema = 6;
	o.use = STORE_WRITE;                    /* no writer takes it over either */
	o.cure = "go back";
	assert_refused(store_open(&o, &s, &err), err, REASON_STORE);
	assert_non_null(strstr(err.detail, "is of a newer version of Postern (schema 7, this one has 6); go back"));
	o.use = STORE_READ;
	o.path = arena_printf(a, "%s/missing", folder);
	assert_refused(store_open(&o, &s, &err), err, REASON_STORE);
	unlink(path);
	f = fopen(path, "w");
	assert_non_null(f);
	fprintf(f, "%8192d", 1);
	fclose(f);
	o.path = path;
	assert_refused(store_open(&o, &s, &err), err, REASON_STORE);
	unlink(path);
}

/* What was put stays, or it is gone with the file. */
static int count_after(const struct store_options *o)
{
	struct store_txn *t;
	struct store *s;
	size_t n;

	assert_done(store_open(o, &s, &err), err);
	assert_done(store_begin_write(s, &t, &err), err);
	assert_done(store_count(t, 0, &n, &err), err);
	assert_done(store_put(t, 0, slice_c("key"), slice_c("value"), &err), err);
	assert_done(store_commit(t, &err), err);
	store_close(s);
	return (int)n;
}

static void what_can_be_had_again_is_made_anew_where_it_is_of_another_version(void **state)
{
	struct store_options o = {.path = path, .use = STORE_WRITE, .schema = 7, .derived = true, .tables = tables};
	struct store *reader, *writer;
	FILE *f;

	(void)state;
	unlink(path);
	assert_int_equal(count_after(&o), 0);
	assert_int_equal(count_after(&o), 1);
	reader = open_as(STORE_READ);
	writer = open_as(STORE_WRITE);
	assert_false(store_is_replaced(reader));
	o.schema = 8;                           /* an upgrade */
	assert_int_equal(count_after(&o), 0);
	assert_true(store_is_replaced(reader));
	assert_true(store_is_replaced(writer));
	store_close(reader);
	store_close(writer);
	o.schema = 7;                           /* and back */
	assert_int_equal(count_after(&o), 0);
	assert_int_equal(count_after(&o), 1);
	f = fopen(path, "w");
	assert_non_null(f);
	fprintf(f, "%16384d", 1);
	fclose(f);
	assert_int_equal(count_after(&o), 0);
	unlink(path);
}

static void what_cannot_be_opened_now_is_not_thrown_away(void **state)
{
	struct store_options o = {.path = path, .use = STORE_WRITE, .schema = 7, .derived = true, .tables = tables};
	struct stat before, after;
	struct store *s;

	(void)state;
	if (geteuid() == 0)
		skip();                         /* root may open it all the same */
	unlink(path);
	assert_int_equal(count_after(&o), 0);
	assert_int_equal(stat(path, &before), 0);
	assert_int_equal(chmod(path, 0), 0);
	o.schema = 8;
	assert_refused(store_open(&o, &s, &err), err, REASON_STORE);
	assert_int_equal(stat(path, &after), 0);
	assert_int_equal(before.st_ino, after.st_ino);
	unlink(path);
}

static void claims_of_another_version_are_made_anew_under_a_new_generation(void **state)
{
	struct store_options o = {.path = path, .use = STORE_WRITE_NOSYNC, .schema = 99, .tables = tables};
	unsigned char g1[CLAIMS_GENERATION_SIZE], g2[CLAIMS_GENERATION_SIZE];
	struct claims *old, *new;
	struct store *s;

	(void)state;
	unlink(path);
	assert_done(claims_open(path, &old, &err), err);
	claims_generation(old, g1);
	claims_close(old);
	unlink(path);
	assert_done(store_open(&o, &s, &err), err);
	store_close(s);
	assert_done(claims_open(path, &new, &err), err);
	claims_generation(new, g2);
	assert_memory_not_equal(g1, g2, sizeof(g1));
	claims_close(new);
}

static int claim(struct claims *c, const char *id, int64_t since, int64_t now, int64_t expires)
{
	return claims_take(c, slice_c(id), since, now, expires, &err);
}

static void an_id_is_claimed_once_by_whichever_process(void **state)
{
	struct claims *c, *d;
	unsigned char g1[CLAIMS_GENERATION_SIZE], g2[CLAIMS_GENERATION_SIZE];

	(void)state;
	unlink(path);
	assert_done(claims_open(path, &c, &err), err);
	claims_generation(c, g1);
	assert_int_equal(claim(c, "r1", 90, 100, 200), 1);
	assert_int_equal(claim(c, "r1", 90, 100, 200), 0);
	assert_int_equal(claim(c, "r1", 90, 150, 300), 0);      /* whatever the second says of its end */
	assert_int_equal(claim(c, "r2", 90, 100, 200), 1);
	claims_close(c);
	assert_done(claims_open(path, &d, &err), err);          /* as another process */
	claims_generation(d, g2);
	assert_memory_equal(g1, g2, sizeof(g1));
	assert_int_equal(claim(d, "r1", 90, 100, 200), 0);
	claims_close(d);
}

static void ended_claims_are_swept_and_others_kept(void **state)
{
	struct claims *c;
	int i;

	(void)state;
	unlink(path);
	assert_done(claims_open(path, &c, &err), err);
	for (i = 0; i < 100; i++)
		assert_int_equal(claim(c, arena_printf(a, "old %d", i), i, 100, 200), 1);
	assert_int_equal(claim(c, "young", 150, 150, 400), 1);
	for (i = 0; i < 100; i++)
		assert_int_equal(claim(c, arena_printf(a, "new %d", i), 300 + i, 300, 500), 1);
	assert_int_equal(claim(c, "young", 150, 300, 500), 0);
	for (i = 0; i < 100; i++)                               /* all gone, eight with each call */
		assert_int_equal(claim(c, arena_printf(a, "old %d", i), i, 300, 500), 1);
	claims_close(c);
}

static void a_damaged_claims_file_is_made_anew_under_a_new_generation(void **state)
{
	unsigned char g1[CLAIMS_GENERATION_SIZE], g2[CLAIMS_GENERATION_SIZE];
	struct claims *c;
	FILE *f;

	(void)state;
	unlink(path);
	assert_done(claims_open(path, &c, &err), err);
	claims_generation(c, g1);
	claims_close(c);
	f = fopen(path, "w");
	assert_non_null(f);
	fprintf(f, "%16384d", 1);
	fclose(f);
	assert_done(claims_open(path, &c, &err), err);
	claims_generation(c, g2);
	assert_memory_not_equal(g1, g2, sizeof(g1));
	assert_int_equal(claim(c, "a", 1, 1, 2), 1);
	claims_close(c);
}

static void a_writer_killed_in_the_middle_leaves_the_others_working(void **state)
{
	struct claims *c;
	int round;

	(void)state;
	unlink(path);
	for (round = 0; round < 5; round++) {
		pid_t pid = fork();

		assert_true(pid >= 0);
		if (pid == 0) {
			char id[32];
			int i;

			if (claims_open(path, &c, &err) < 0)
				_exit(1);
			for (i = 0;; i++) {
				snprintf(id, sizeof(id), "%d-%d", round, i);
				claim(c, id, i, 1, 1000);
			}
		}
		usleep(30000);
		kill(pid, SIGKILL);
		waitpid(pid, NULL, 0);
		assert_done(claims_open(path, &c, &err), err);
		assert_int_equal(claim(c, arena_printf(a, "after %d", round), 1, 1, 1000), 1);
		claims_close(c);
	}
}

/* ---- a writer that holds the lock and does not go on ---- */

#define A_WHILE_MS 20000

static void tell(int fd)
{
	if (write(fd, "x", 1) != 1)
		_exit(1);
}

static bool heard(int fd, int ms)
{
	struct pollfd p = {.fd = fd, .events = POLLIN};
	char c;

	return poll(&p, 1, ms) == 1 && read(fd, &c, 1) == 1;
}

/* Says that it has the file open, that it is about to claim, and that it has claimed. */
static void claim_when_told(int go, int said)
{
	struct claims *c;

	if (claims_open(path, &c, &err) < 0)
		_exit(1);
	tell(said);
	if (!heard(go, A_WHILE_MS))
		_exit(2);
	tell(said);
	if (claim(c, "whoever waited", 1, 1, 1000) != 1)
		_exit(3);
	tell(said);
	_exit(0);
}

static void stop_in_a_write(void)
{
	static const char *const of_claims[] = {"claimed", "alive", NULL};
	struct store_options o = {.path = path, .use = STORE_WRITE_NOSYNC, .schema = 2, .map_size = (size_t)1 << 30, .tables = of_claims};
	struct store_txn *t;
	struct store *s;

	if (store_open(&o, &s, &err) < 0 || store_begin_write(s, &t, &err) < 0 || store_put(t, 0, slice_c("k"), slice_c("v"), &err) < 0)
		_exit(1);
	raise(SIGSTOP);
	_exit(2);
}

static void a_stopped_writer_that_is_killed_frees_who_waits_for_it(void **state)
{
	int go[2], said[2], status;
	pid_t waits, holds;

	(void)state;
	unlink(path);
	assert_true(pipe2(go, O_CLOEXEC) == 0 && pipe2(said, O_CLOEXEC) == 0);
	waits = fork();
	if (waits == 0)
		claim_when_told(go[0], said[1]);
	assert_true(heard(said[0], A_WHILE_MS));
	holds = fork();
	if (holds == 0)
		stop_in_a_write();
	assert_int_equal(waitpid(holds, &status, WUNTRACED), holds);
	assert_true(WIFSTOPPED(status));
	tell(go[1]);
	assert_true(heard(said[0], A_WHILE_MS));
	assert_false(heard(said[0], 300));              /* the lock is held */
	kill(holds, SIGKILL);                           /* as the watchdog does */
	waitpid(holds, NULL, 0);
	assert_true(heard(said[0], A_WHILE_MS));
	assert_int_equal(waitpid(waits, &status, 0), waits);
	assert_true(WIFEXITED(status) && WEXITSTATUS(status) == 0);
	for (int i = 0; i < 2; i++) {
		close(go[i]);
		close(said[i]);
	}
}

/* ---- pages that are lost ---- */

#define PAGE 4096
#define MANY 3000

static struct slice key_of(int i)
{
	return slice_c(arena_printf(a, "key of %06d", i));
}

static int add_many(struct store_txn *t)
{
	for (int i = 0; i < MANY; i++)
		if (store_put(t, 0, key_of(i), slice_c("a value that takes some room"), &err) < 0)
			return -1;
	return 0;
}

/* Everything is taken away, in a process of its own: how it ended, and what it said of it. */
static int delete_all(const char **said_out)
{
	char *said = arena_alloc(a, 4096);
	int line[2], status;
	ssize_t n;
	pid_t pid;

	assert_int_equal(pipe(line), 0);
	pid = fork();
	if (pid == 0) {
		const struct rlimit none = {0, 0};
		struct store *s = open_as(STORE_WRITE);
		struct store_txn *t;
		int rc;

		setrlimit(RLIMIT_CORE, &none);
		dup2(line[1], STDERR_FILENO);
		rc = store_begin_write(s, &t, &err);
		for (int i = 0; i < MANY && rc >= 0; i++)
			rc = store_delete(t, 0, key_of(i), slice_of(NULL, 0), &err);
		_exit(0);
	}
	close(line[1]);
	n = read(line[0], said, 4095);
	close(line[0]);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	*said_out = arena_copy(a, slice_of(said, n > 0 ? (size_t)n : 0));
	return status;
}

/* A change that meets one cannot go on, nor come back; it says at least which file it was. */
static void a_process_that_ends_of_a_lost_page_says_in_which_file(void **state)
{
	unsigned char page[PAGE], lost[PAGE];
	struct store *s = (unlink(path), open_as(STORE_WRITE));
	struct store_txn *t;
	int fd, ended = 0;

	(void)state;
	assert_done(store_begin_write(s, &t, &err), err);
	assert_int_equal(add_many(t), 0);
	assert_done(store_commit(t, &err), err);
	store_close(s);
	memset(lost, 'A', sizeof(lost));
	fd = open(path, O_RDWR | O_CLOEXEC);
	for (off_t at = 2 * PAGE; pread(fd, page, PAGE, at) == PAGE && ended < 3; at += 5 * PAGE) {
		const char *said;
		int status;

		assert_int_equal(pwrite(fd, lost, PAGE, at), PAGE);
		status = delete_all(&said);
		assert_int_equal(pwrite(fd, page, PAGE, at), PAGE);
		if (!WIFSIGNALED(status) || WTERMSIG(status) != SIGABRT)
			continue;
		ended++;
		assert_non_null(strstr(said, arena_printf(a, "a file is damaged, and this process ends of it file=%s ", path)));
	}
	assert_true(ended > 0);
	close(fd);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(numbers_are_keys),
		cmocka_unit_test(keeps_what_was_committed),
		cmocka_unit_test(readers_see_the_next_generation),
		cmocka_unit_test(refuses_another_schema_and_foreign_files),
		cmocka_unit_test(what_can_be_had_again_is_made_anew_where_it_is_of_another_version),
		cmocka_unit_test(what_cannot_be_opened_now_is_not_thrown_away),
		cmocka_unit_test(claims_of_another_version_are_made_anew_under_a_new_generation),
		cmocka_unit_test(an_id_is_claimed_once_by_whichever_process),
		cmocka_unit_test(ended_claims_are_swept_and_others_kept),
		cmocka_unit_test(a_damaged_claims_file_is_made_anew_under_a_new_generation),
		cmocka_unit_test(a_writer_killed_in_the_middle_leaves_the_others_working),
		cmocka_unit_test(a_stopped_writer_that_is_killed_frees_who_waits_for_it),
		cmocka_unit_test(a_process_that_ends_of_a_lost_page_says_in_which_file),
	};

	return cmocka_run_group_tests(tests, begin, end);
}
