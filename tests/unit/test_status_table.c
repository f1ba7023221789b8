/* SPDX-License-Identifier: GPL-3.0-or-later */
/* `postern status` over what roles with fewer rights, or whoever took one over, can write: always one clean table. */
#include "tests/unit/unit.h"

#include "gateway/report.h"
#include "gateway/commands/status.h"

#include "base/clock.h"
#include "base/encode.h"
#include "base/file.h"
#include "base/text.h"

#include <fcntl.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#define NOW "2026-11-29T12:00:00Z"
#define LINE_MOST 1200                  /* bytes */
#define ROUNDS 60
#define CHILD "a child of this test"

static struct arena *a;
static char top[] = "/tmp/postern-status-XXXXXX";
static unsigned seed;

/* ---- what an attacker writes ---- */

static const char *in_top(const char *name)
{
	return arena_printf(a, "%s/%s", top, name);
}

static void begin_anew(void)
{
	arena_free(a);
	a = arena_new();
}

static unsigned draw(unsigned below)
{
	seed = seed * 1103515245u + 12345u;
	return (seed >> 16) % below;
}

static const char *hostile(void)
{
	static const char *const pieces[] = {
		"", "worker", "\x1b[2J\x1b[31m", "\n", "\r\nok: postern", "\t", "\x07\x08\x7f", "\302\23331m", "\xe2\x80\xae", "\xe2\x80\xa8",
		"\xff\xfe", "\xe2\x82", "%s%n%99999d", "  corp                 fresh", "\xd9\x85\xd8\xb1", "}\",\"", "\x1b]0;title\x07", "alarm ", "=1+1",
	};
	struct text t;

	text_begin(&t, a, 64);
	for (unsigned n = draw(6); n > 0; n--) {
		const char *piece = pieces[draw(sizeof(pieces) / sizeof(*pieces))];

		for (unsigned times = draw(10) == 0 ? 4000 : 1; times > 0; times--)
			text_add_c(&t, piece);
	}
	return t.p;
}

/* A line of the audit with this in every field; json_string refuses what is no UTF-8, so that goes in as it is. */
static void add_line(struct text *t)
{
	static const char *const fields[] = {"event", "door", "link", "outcome", "reason", "id", "detail"};
	static const char *const events[] = {"assertion", "refusal", "redirect", "restart"};
	static const char *const times[] = {NOW, "2026-11-29T11:59:00Z", "9999-12-31T23:59:59Z", "0001-01-01T00:00:00Z", "now"};

	text_addf(t, "{\"time\":\"%s\"", times[draw(sizeof(times) / sizeof(*times))]);
	for (size_t i = 0; i < sizeof(fields) / sizeof(*fields); i++) {
		text_addf(t, ",\"%s\":\"", fields[i]);
		if (i == 0 && draw(4))
			text_add_c(t, events[draw(4)]);
		else if (draw(8) == 0)
			text_add_c(t, hostile());
		else
			text_add_json(t, slice_c(hostile()));
		text_add_c(t, "\"");
	}
	text_add_c(t, draw(20) ? "}\n" : draw(2) ? "\n" : "}}]\n");
}

/* ---- what may come of it ---- */

static bool is_heading(const char *line)
{
	static const char *const headings[] = {"processes", "sign-ons of the last 15 minutes", "directories", "identity providers", "certificates", "disks",
		"could not be read"};

	for (size_t i = 0; i < sizeof(headings) / sizeof(*headings); i++)
		if (strcmp(line, headings[i]) == 0)
			return true;
	return false;
}

/* Each line begins as one of ours does, holds text alone, and is not endless; there are no more than there can be. */
static void is_clean(char *text)
{
	size_t lines = 0, headings = 0;

	for (char *line = text, *end; (end = strchr(line, '\n')); line = end + 1) {
		*end = 0;
		if (strcmp(report_clean(a, line), line) != 0)
			fail_msg("not clean: %s", report_clean(a, line));
		if (strlen(line) > LINE_MOST)
			fail_msg("%zu bytes: %.200s", strlen(line), report_clean(a, line));
		lines++;
		headings += is_heading(line);
		if (lines == 1 || !*line || is_heading(line) || strncmp(line, "  ", 2) == 0)
			continue;
		if (strncmp(line, "alarm ", 6) != 0 && strncmp(line, "warning ", 8) != 0 && strncmp(line, "settings ", 9) != 0)
			fail_msg("a line of its own: %s", report_clean(a, line));
	}
	assert_true(lines < 1000);
	assert_true(headings <= 7);
}

static char *printed(const struct status *s, bool json)
{
	int fd = memfd_create("printed", MFD_CLOEXEC), out;
	char *text;
	off_t size;

	fflush(stdout);
	out = dup(STDOUT_FILENO);
	assert_true(fd >= 0 && out >= 0 && dup2(fd, STDOUT_FILENO) >= 0);
	if (json)
		status_print_json(s);
	else
		status_print(s, false);
	fflush(stdout);
	assert_true(dup2(out, STDOUT_FILENO) >= 0);
	close(out);
	size = lseek(fd, 0, SEEK_END);
	text = arena_alloc(a, (size_t)size + 1);
	assert_int_equal(pread(fd, text, (size_t)size, 0), size);
	close(fd);
	return text;
}

static void is_json(const char *text)
{
	json_t *o = json_loads(text, JSON_REJECT_DUPLICATES, NULL);

	if (!o)
		fail_msg("not JSON: %.300s", report_clean(a, text));
	json_decref(o);
}

static void both_are_clean(const struct status *s)
{
	is_json(printed(s, true));
	is_clean(printed(s, false));
}

/* ---- the status of a service ---- */

static struct directory_options directory = {.name = "corp"};
static struct settings_directory source;
static struct settings settings;

static struct status status_now(void)
{
	struct status s = {.arena = a, .settings = &settings};

	settings = (struct settings){.file = "/etc/postern/postern.yaml", .runtime_dir = top, .state_dir = top, .directories = &directory,
		.directory_sources = &source, .directory_count = 1, .audit_file = in_top("audit"), .workers = 1};
	assert_int_equal(time_read(slice_c(NOW), &s.now), 0);
	for (size_t i = 0; i < DISKS; i++)
		s.disks[i] = (struct disk){"state_dir", hostile(), -1, -1};
	s.providers = arena_alloc(a, sizeof(*s.providers));
	return s;
}

static void write_audit(const struct status *s)
{
	struct text t;
	struct error err;

	text_begin(&t, a, 65536);
	for (unsigned n = 50 + draw(300); n > 0; n--)
		add_line(&t);
	assert_done(file_write(s->settings->audit_file, 0600, text_slice(&t), &err), err);
}

static void lines_of_the_audit_cannot_break_the_table(void **state)
{
	(void)state;
	for (int i = 0; i < ROUNDS; i++) {
		struct status s = status_now();

		write_audit(&s);
		status_audit(&s);
		assert_true(s.audited);
		assert_true(s.door_count > 0 && s.door_count <= STATUS_NAMES + 1);
		for (size_t d = 0; d < s.door_count; d++)
			assert_true(s.doors[d].reasons.n <= STATUS_NAMES + 1 && s.doors[d].outcomes.n <= STATUS_NAMES + 1);
		both_are_clean(&s);
		begin_anew();
	}
}

static void what_a_mirror_and_files_say_cannot_break_the_table(void **state)
{
	(void)state;
	for (int i = 0; i < ROUNDS; i++) {
		struct status s = status_now();
		struct status_directory d = {.name = "corp", .age = draw(2) ? FACTS_AGE_UNKNOWN : INT64_MAX, .staleness = "denied", .state = {.filled = true,
			.server = hostile(), .error = hostile(), .people = SIZE_MAX, .as_of = INT64_MIN}};
		struct status_certificate k = {"signing", report_clean(a, hostile()), INT64_C(253402300799), true};

		s.mirrored = true;
		s.directories = &d;
		s.certificates = &k;
		s.certificate_count = 1;
		s.running.pid = 1;
		s.counted = true;
		for (unsigned n = draw(300); n > 0; n--)
			status_count(a, &s.restarts, hostile(), UINT64_MAX);
		assert_true(s.restarts.n <= STATUS_NAMES + 1);
		status_warn(&s, "the directory %s: %s", "corp", hostile());
		status_cannot_read(&s, "%s", hostile());
		both_are_clean(&s);
		begin_anew();
	}
}

/* ---- processes that call themselves something, and their counters ---- */

/* Below is this program once more, which is what the kernel shows of it; it ends with the test. */
static pid_t start_child(const char *role, const char *instance)
{
	pid_t pid = fork();

	assert_true(pid >= 0);
	if (pid > 0)
		return pid;
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	execl("/proc/self/exe", CHILD, "role", role, instance, "x", (char *)NULL);
	_exit(1);
}

static void await_name(pid_t pid)
{
	const char *path = arena_printf(a, "/proc/%ld/cmdline", (long)pid);
	char name[sizeof(CHILD)] = "";

	for (int tries = 0; strcmp(name, CHILD) != 0 && tries < 3000; tries++) {
		FILE *f = fopen(path, "r");

		assert_non_null(f);
		usleep(fread(name, 1, sizeof(name) - 1, f) ? 0 : 10000);
		fclose(f);
	}
	assert_string_equal(name, CHILD);
}

/* Asked by another process, since this one does not see its own lock. */
static void ask_of_parent(void)
{
	struct status s = status_now();
	struct error err;

	status_processes(&s);
	if (s.running.pid != getppid() || s.process_count < 3 || s.process_count > STATUS_PROCESSES || !s.counted || s.restarts.n < 2 ||
		file_write(in_top("text"), 0600, slice_c(printed(&s, false)), &err) < 0 || file_write(in_top("json"), 0600, slice_c(printed(&s, true)), &err) < 0)
		_exit(1);
	_exit(0);
}

static void processes_and_counters_cannot_break_the_table(void **state)
{
	struct status s = status_now();
	struct slice text;
	pid_t children[3], asked;
	struct metrics *m;
	struct error err;
	int fd, lock, rc;

	(void)state;
	assert_int_equal(metrics_make(&fd, &err), 0);
	assert_done(metrics_open(fd, 0, &m, &err), err);
	for (int i = 0; i < 40; i++)
		metrics_count(m, METRIC_RESTARTS, hostile(), NULL);
	metrics_count(m, METRIC_RESTARTS, "worker", NULL);
	metrics_count(m, METRIC_RESTARTS, "a\nb  c", NULL);
	lock = running_say(-1, s.settings, running_time());
	assert_true(lock >= 0);
	children[0] = start_child("worker\n\x1b[31mwarning x", "0\n\n");
	children[1] = start_child(arena_printf(a, "%0*d", 30000, 7), "\xe2\x80\xae");
	children[2] = start_child("mirror", "corp");
	for (int i = 0; i < 3; i++)
		await_name(children[i]);
	asked = fork();
	if (asked == 0)
		ask_of_parent();
	assert_int_equal(waitpid(asked, &rc, 0), asked);
	for (int i = 0; i < 3; i++) {
		kill(children[i], SIGKILL);
		waitpid(children[i], NULL, 0);
	}
	metrics_close(m);
	close(fd);
	close(lock);
	assert_int_equal(rc, 0);
	assert_done(file_read(a, in_top("json"), FILE_PUBLIC, 1 << 20, &text, &err), err);
	is_json(text.p);
	assert_done(file_read(a, in_top("text"), FILE_PUBLIC, 1 << 20, &text, &err), err);
	assert_non_null(strstr(text.p, "  worker??[31mwarning x 0?? pid "));
	assert_non_null(strstr(text.p, "  mirror corp          pid "));
	assert_non_null(strstr(text.p, ", a?b  c 1"));
	is_clean((char *)text.p);
}

static int make_folder(void **state)
{
	(void)state;
	a = arena_new();
	return mkdtemp(top) ? 0 : -1;
}

static int remove_folder(void **state)
{
	static const char *const files[] = {"audit", "text", "json", "postern.lock"};

	(void)state;
	for (size_t i = 0; i < sizeof(files) / sizeof(*files); i++)
		unlink(in_top(files[i]));
	arena_free(a);
	return rmdir(top);
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(lines_of_the_audit_cannot_break_the_table),
		cmocka_unit_test(what_a_mirror_and_files_say_cannot_break_the_table),
		cmocka_unit_test(processes_and_counters_cannot_break_the_table),
	};

	if (argc > 1 && strcmp(argv[1], "role") == 0)
		for (;;)
			pause();
	return cmocka_run_group_tests(tests, make_folder, remove_folder);
}
