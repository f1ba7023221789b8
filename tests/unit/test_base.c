/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The small parts of base/: memory, sealing, randomness, YAML, files, reasons, clock and log. */
#include "tests/unit/arena.h"

#include "base/builtin_groups.h"
#include "base/clock.h"
#include "base/encode.h"
#include "base/file.h"
#include "base/log.h"
#include "base/nearest.h"
#include "base/random.h"
#include "base/seal.h"
#include "base/text.h"
#include "base/yaml.h"

#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

static void arena_hands_out_zeroed_separate_memory(void **state)
{
	char *p = arena_alloc(a, 100000), *q = arena_alloc(a, 1);

	(void)state;
	assert_int_equal(p[99999], 0);
	p[99999] = 1;
	assert_int_equal(*q, 0);
	assert_int_equal((uintptr_t)q % 16, 0);
	assert_string_equal(arena_printf(a, "%s-%d", "x", 7), "x-7");
}

static void a_block_that_is_used_again_holds_nothing_of_before(void **state)
{
	int round;

	(void)state;
	for (round = 0; round < 3; round++) {
		struct arena *b = arena_new();
		size_t i;

		for (i = 0; i < 40; i++) {
			char *p = arena_alloc(b, 5000);

			assert_int_equal(p[0] | p[2500] | p[4999], 0);
			memset(p, 0xa5, 5000);
		}
		arena_free(b);
	}
}

static void grows_arrays_without_losing_elements(void **state)
{
	int *numbers = NULL, i;

	(void)state;
	for (i = 0; i < 1000; i++) {
		numbers = arena_grow(a, numbers, (size_t)i, sizeof(*numbers));
		numbers[i] = i;
	}
	for (i = 0; i < 1000; i++)
		assert_int_equal(numbers[i], i);
}

static void opens_only_what_it_sealed(void **state)
{
	struct slice secret = slice_c("0123456789abcdef0123456789abcdef"), plain = slice_c("hello"), sealed, out;
	struct seal_key key, other;
	size_t i;

	(void)state;
	assert_int_equal(seal_derive(slice_c("short"), "x", &key), -1);
	assert_int_equal(seal_derive(secret, "pending", &key), 0);
	assert_int_equal(seal_derive(secret, "logout", &other), 0);
	sealed = seal(a, &key, slice_c("name"), plain);
	assert_int_equal(seal_open(a, &key, slice_c("name"), sealed, &out), 0);
	assert_slice_is(out, "hello");
	assert_int_equal(seal_open(a, &key, slice_c("other"), sealed, &out), -1);
	assert_int_equal(seal_open(a, &other, slice_c("name"), sealed, &out), -1);
	for (i = 0; i < sealed.n; i++) {
		char *changed = arena_copy(a, sealed);

		changed[i] ^= 1;
		assert_int_equal(seal_open(a, &key, slice_c("name"), slice_of(changed, sealed.n), &out), -1);
		assert_int_equal(seal_open(a, &key, slice_c("name"), slice_of(sealed.p, i), &out), -1);
	}
}

/* While a secret is changed. */
static void the_old_key_opens_and_never_seals(void **state)
{
	struct slice before, after, out;
	struct seal_key old, new, stranger;

	(void)state;
	assert_int_equal(seal_derive(slice_c("an old secret, of 32 bytes or more"), "pending", &old), 0);
	assert_int_equal(seal_derive(slice_c("a new secret, of 32 bytes or more"), "pending", &new), 0);
	assert_int_equal(seal_derive(slice_c("of somebody else, 32 bytes or more"), "pending", &stranger), 0);
	before = seal(a, &old, slice_c("name"), slice_c("hello"));
	assert_int_equal(seal_open(a, &new, slice_c("name"), before, &out), -1);
	new.also = &old;
	assert_int_equal(seal_open(a, &new, slice_c("name"), before, &out), 0);
	assert_slice_is(out, "hello");
	assert_int_equal(seal_open(a, &new, slice_c("other"), before, &out), -1);
	assert_int_equal(seal_open(a, &new, slice_c("name"), seal(a, &stranger, slice_c("name"), slice_c("hello")), &out), -1);
	after = seal(a, &new, slice_c("name"), slice_c("hello"));
	assert_int_equal(seal_open(a, &old, slice_c("name"), after, &out), -1);
	new.also = NULL;
	assert_int_equal(seal_open(a, &new, slice_c("name"), after, &out), 0);
}

static void gives_random_ids_as_xs_id(void **state)
{
	char one[RANDOM_ID_SIZE], two[RANDOM_ID_SIZE];

	(void)state;
	random_id(one);
	random_id(two);
	assert_int_equal(one[0], '_');
	assert_int_equal(strlen(one), 33);
	assert_string_not_equal(one, two);
}

static void a_child_of_fork_gets_other_randomness(void **state)
{
	unsigned char here[16], there[16];
	int pipes[2];
	pid_t pid;

	(void)state;
	random_bytes(here, sizeof(here));
	assert_int_equal(pipe(pipes), 0);
	pid = fork();
	if (pid == 0) {
		random_bytes(there, sizeof(there));
		_exit(write(pipes[1], there, sizeof(there)) == sizeof(there) ? 0 : 1);
	}
	assert_int_equal(read(pipes[0], there, sizeof(there)), sizeof(there));
	random_bytes(here, sizeof(here));
	assert_memory_not_equal(here, there, sizeof(here));
	waitpid(pid, NULL, 0);
	close(pipes[0]);
	close(pipes[1]);
}

static void reads_settings_with_their_places(void **state)
{
	struct yaml_node *root;
	const struct yaml_node *n;
	struct error err;

	(void)state;
	assert_done(yaml_read(a, "f.yaml", slice_c("a: 1\nb:\n  - x\n  - 'y: z'\nc: {d: no}\n"), &root, &err), err);
	assert_string_equal(yaml_get(root, "a")->text, "1");
	n = yaml_get(root, "b");
	assert_int_equal(n->kind, YAML_NODE_LIST);
	assert_int_equal(n->line, 2);
	assert_string_equal(n->child->next->text, "y: z");
	assert_true(n->child->next->quoted);
	assert_int_equal(n->child->next->line, 4);
	assert_string_equal(yaml_get(yaml_get(root, "c"), "d")->text, "no");
	assert_null(yaml_get(root, "e"));
	yaml_error(&err, n, "is %s", "odd");
	assert_string_equal(err.detail, "f.yaml:2: b: is odd");
}

static void refuses_surprising_yaml(void **state)
{
	static const struct { const char *in, *detail; } rows[] = {
		{"a: &x 1\n", "f:1: an anchor"}, {"a: 1\nb: *x\n", "f:2: an alias"}, {"a: !!int 1\n", "f:1: a tag"},
		{"a: 1\n---\nb: 2\n", "f:2: a second document"}, {"a: 1\nb: 2\na: 3\n", "f:3: a: this key is there twice (first in line 1)"},
		{"[a]: 1\n", "f:1: a key must be a plain word"}, {"a: [1\n", "f:2:"}, {"a: \"\\0\"\n", "f:1: a value holds a control character"},
		{"a:\n\t- x\n", "f:2:"}, {"[[[[[[[[[[[[[[[[[[[[1]]]]]]]]]]]]]]]]]]]]", "f:1: settings are nested too deep"},
	};
	struct yaml_node *root;
	struct error err;
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		assert_refused(yaml_read(a, "f", slice_c(rows[i].in), &root, &err), err, REASON_SETTINGS);
		if (strncmp(err.detail, rows[i].detail, strlen(rows[i].detail)) != 0)
			fail_msg("%s: %s", rows[i].in, err.detail);
	}
	assert_done(yaml_read(a, "f", slice_c("# nothing\n"), &root, &err), err);
	assert_null(root->child);
}

static void a_word_is_known_but_for_a_typing_error_or_two(void **state)
{
	static const char *const words[] = {"plan", "pages", "prepare", "status"};
	static const struct { const char *written, *meant; } rows[] = {
		{"plam", "plan"}, {"palns", NULL}, {"Page", "pages"}, {"staust", "status"}, {"prepair", "prepare"}, {"pl", NULL}, {"", NULL},
		{"zzzzzzzz", NULL}, {"plan-plan-plan-plan-plan-plan-plan", NULL},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		struct nearest near = nearest_begin(rows[i].written);

		for (size_t k = 0; k < sizeof(words) / sizeof(*words); k++)
			nearest_consider(&near, words[k]);
		if (!rows[i].meant ? near.word != NULL : !near.word || strcmp(near.word, rows[i].meant) != 0)
			fail_msg("%s: %s", rows[i].written, near.word ? near.word : "nothing");
	}
}

/* What a text editor does to settings is said in words that lead to it. */
static void says_how_yaml_is_mended(void **state)
{
	static const struct { const char *in, *place, *advice; } rows[] = {
		{"a:\n  b: 1\n\tc: 2\n", "f:3:", "a tab indents this line"},
		{"a:\n\tb: 1\n", "f:2:", "a tab indents this line"},
		{"a:\n  b: 1\n c: 2\n", "f:3:", "indented like those"},
		{"a:\n  - b\n c\n", "f:3:", "indented like those"},
		{"a: 1\n  b: 2\n", "f:2:", "indented too far"},
		{"a: when it is: so\n", "f:1:", "need quotes"},
		{"a: 1\nb: @c\n", "f:2:", "needs quotes"},
		{"a: 1\nb: \xe4\n", "f:2:", "UTF-8"},
		{"\xff\xfe" "a", "f:1:", "UTF-8"},
		{"a: 1\n\nb: \x01\n", "f:3:", "UTF-8"},
	};
	struct yaml_node *root;
	struct error err;

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		assert_refused(yaml_read(a, "f", slice_c(rows[i].in), &root, &err), err, REASON_SETTINGS);
		if (strncmp(err.detail, rows[i].place, strlen(rows[i].place)) != 0 || !strstr(err.detail, rows[i].advice))
			fail_msg("%s: %s", rows[i].in, err.detail);
	}
	/* what other editors add does no harm */
	assert_done(yaml_read(a, "f", slice_c("\xef\xbb\xbf" "a: 1\r\nb:\r\n  c: 2\r\n"), &root, &err), err);
	assert_string_equal(yaml_get(root, "a")->text, "1");
	assert_string_equal(yaml_get(yaml_get(root, "b"), "c")->text, "2");
}

static void writes_and_reads_files_whole(void **state)
{
	char folder[] = "/tmp/postern-test-XXXXXX";
	const char *path;
	struct slice out;
	struct error err;
	struct stat st;

	(void)state;
	assert_non_null(mkdtemp(folder));
	path = arena_printf(a, "%s/x/y/file", folder);
	assert_refused(file_write(path, 0600, slice_c("one"), &err), err, REASON_FILE);
	assert_done(folder_make(arena_printf(a, "%s/x/y", folder), 0700, &err), err);
	assert_done(file_write(path, 0600, slice_c("one"), &err), err);
	assert_done(file_write(path, 0640, slice_c("two"), &err), err);
	assert_int_equal(stat(path, &st), 0);
	assert_int_equal(st.st_mode & 0777, 0640);
	assert_done(file_read(a, path, FILE_PUBLIC, 3, &out, &err), err);
	assert_slice_is(out, "two");
	assert_refused(file_read(a, path, FILE_PUBLIC, 2, &out, &err), err, REASON_FILE);
	assert_refused(file_read(a, path, FILE_SECRET, 3, &out, &err), err, REASON_FILE);
	assert_non_null(strstr(err.detail, "chmod 0600"));
	assert_refused(file_read(a, folder, FILE_PUBLIC, 3, &out, &err), err, REASON_FILE);
	unlink(path);
	rmdir(arena_printf(a, "%s/x/y", folder));
	rmdir(arena_printf(a, "%s/x", folder));
	assert_int_equal(rmdir(folder), 0);     /* no temporary file was left */
}

static void every_reason_has_word_status_and_sentence(void **state)
{
	int i, j;

	(void)state;
	for (i = 1; i < REASON_COUNT; i++) {
		assert_true(reason_status((enum reason)i) >= 400 && reason_status((enum reason)i) < 600);
		assert_true(strlen(reason_sentence((enum reason)i)) > 20);
		for (j = 1; j < i; j++)
			assert_string_not_equal(reason_word((enum reason)i), reason_word((enum reason)j));
	}
}

static void clock_stands_still_when_set(void **state)
{
	(void)state;
	clock_set(1000);
	assert_int_equal(clock_now(), 1000);
	clock_set(0);
	assert_true(clock_now() > 1700000000);
}

static void cuts_a_long_detail_between_characters(void **state)
{
	static char umlauts[1500];
	struct error err;

	(void)state;
	for (size_t i = 0; i < sizeof(umlauts) - 2; i += 2)
		memcpy(umlauts + i, "\xc3\xa4", 2);
	for (const char *shift = "abcd"; *shift; shift++) {
		error_set(&err, REASON_FILE, "%s%s", shift, umlauts);
		assert_in_range(strlen(err.detail), sizeof(err.detail) - 5, sizeof(err.detail) - 1);
		assert_true(utf8_is_clean(slice_c(err.detail)));
		error_prefix(&err, "%s: ", shift);
		assert_true(utf8_is_clean(slice_c(err.detail)));
	}
}

/* What was cut to a length by its format, or was none to begin with: the audit leaves out what is no text. */
static void a_detail_is_always_text(void **state)
{
	struct error err;

	(void)state;
	error_set(&err, REASON_FILE, "\"%.4s\" is not good", "abc\xc3\xa4");
	assert_string_equal(err.detail, "\"abc?\" is not good");
	error_set(&err, REASON_FILE, "%.5s|%s", "abc\xc3\xa4", "\xff\xe2\x82\xac\xe2\x82");
	assert_string_equal(err.detail, "abc\xc3\xa4|?\xe2\x82\xac??");
	error_prefix(&err, "%.1s: ", "\xc3\xa4");
	assert_string_equal(err.detail, "?: abc\xc3\xa4|?\xe2\x82\xac??");
}

/* Terminals obey control characters of eight bits as well (ECMA-48), also where they are written in UTF-8. */
static void the_log_shows_no_control_characters(void **state)
{
	FILE *file = tmpfile();
	int out = dup(STDERR_FILENO);
	char line[400];
	size_t n;

	(void)state;
	assert_non_null(file);
	assert_true(dup2(fileno(file), STDERR_FILENO) >= 0);
	log_error("told", "mail", "a\xc2\x9b" "2J\xff b\n", "name", "M\xc3\xbcller", NULL);
	assert_true(dup2(out, STDERR_FILENO) >= 0);
	close(out);
	rewind(file);
	n = fread(line, 1, sizeof(line) - 1, file);
	line[n] = 0;
	fclose(file);
	assert_non_null(strstr(line, " mail=\"a\\xc2\\x9b2J\\xff b\\x0a\" name=\"M\xc3\xbcller\"\n"));
}

static void what_is_hidden_is_in_no_core_dump(void **state)
{
	struct arena *own = arena_new();
	char *secret = arena_alloc(own, 200000), line[512];
	FILE *maps = fopen("/proc/self/smaps", "re");
	bool ours = false, hidden = false;

	(void)state;
	assert_non_null(maps);
	arena_hide(own);
	while (fgets(line, sizeof(line), maps)) {
		char *end;
		unsigned long from = strtoul(line, &end, 16), to;

		if (*end == '-' && end > line + 6) {
			to = strtoul(end + 1, NULL, 16);
			ours = from <= (unsigned long)secret && (unsigned long)secret < to;
		} else if (ours && strncmp(line, "VmFlags:", 8) == 0) {
			hidden = strstr(line, " dd") != NULL;
		}
	}
	fclose(maps);
	arena_free(own);
	assert_true(hidden);
}

static void one_list_says_which_groups_atlassian_has_by_itself(void **state)
{
	static const char *const its[] = {"site-admins", "Site-Admins-acme", "org-admins-acme", "administrators", "administrators-acme",
		"system-administrators", "jira-administrators-acme", "jira-admins-acme", "confluence-administrators", "confluence-admins-acme",
		"bitbucket-admins", "jira-product-admins", "jira-user-access-admins-acme", "x-user-access-admins", "atlassian-addons-admin",
		"jira-users", "jira-software-users-acme", "JIRA-ServiceManagement-Users-acme", "jira-servicemanagement-customers-acme",
		"confluence-users-acme", "confluence-guests-acme", "bitbucket-users", "trusted-users-acme", "stakeholders", " jira-users\t",
		/* with what is not seen at an end, and is taken off by some programs */
		"site-admins\xc2\xa0", "\xe2\x80\x8bsite-admins", "org-admins\xe3\x80\x80 \v", "\xef\xbb\xbf\xe2\x80\xafjira-admins-acme\f",
	};
	static const char *const anybodys[] = {"", " ", "-", "users", "jira", "jira-people", "jira-usersx", "jira-user", "agents",
		"site-administration", "our-jira-users", "product-admins", "the-product-administration"};

	(void)state;
	for (size_t i = 0; i < sizeof(its) / sizeof(*its); i++)
		if (!group_is_builtin(its[i]))
			fail_msg("%s is Atlassian's", its[i]);
	for (size_t i = 0; i < sizeof(anybodys) / sizeof(*anybodys); i++)
		if (group_is_builtin(anybodys[i]))
			fail_msg("%s is not Atlassian's", anybodys[i]);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(cuts_a_long_detail_between_characters),
		cmocka_unit_test(a_detail_is_always_text),
		cmocka_unit_test(the_log_shows_no_control_characters),
		cmocka_unit_test(what_is_hidden_is_in_no_core_dump),
		cmocka_unit_test(arena_hands_out_zeroed_separate_memory),
		cmocka_unit_test(a_block_that_is_used_again_holds_nothing_of_before),
		cmocka_unit_test(grows_arrays_without_losing_elements),
		cmocka_unit_test(opens_only_what_it_sealed),
		cmocka_unit_test(the_old_key_opens_and_never_seals),
		cmocka_unit_test(gives_random_ids_as_xs_id),
		cmocka_unit_test(a_child_of_fork_gets_other_randomness),
		cmocka_unit_test(reads_settings_with_their_places),
		cmocka_unit_test(refuses_surprising_yaml),
		cmocka_unit_test(a_word_is_known_but_for_a_typing_error_or_two),
		cmocka_unit_test(says_how_yaml_is_mended),
		cmocka_unit_test(writes_and_reads_files_whole),
		cmocka_unit_test(every_reason_has_word_status_and_sentence),
		cmocka_unit_test(clock_stands_still_when_set),
		cmocka_unit_test(one_list_says_which_groups_atlassian_has_by_itself),
	};

	return cmocka_run_group_tests(tests, begin, end);
}
