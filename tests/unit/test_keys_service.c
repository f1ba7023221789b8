/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Keys and the service: what a start and a reload refuse, who gets them, and a running one. */
#include "tests/unit/keys_stage.h"

/* ---- what a start and a reload refuse ---- */

static void refuses_a_pair_that_is_no_good(void **state)
{
	struct place *t = *state;
	const struct { const struct test_pair *key, *certificate; mode_t mode; const char *why; } bad[] = {
		{&pair, &pair, 0640, "0640"}, {&pair, &pair, 0604, "0604"}, {&pair, &other, 0600, "belongs to another key"},
		{&weak, &weak, 0600, "1024 bits"}, {&ec, &ec, 0600, "not an RSA key"},
	};
	size_t i;

	assert_int_equal(keys(t, "make 2026"), 0);
	for (i = 0; i < sizeof(bad) / sizeof(*bad); i++) {
		put(t, "keys/bad.key", bad[i].mode, bad[i].key->key);
		put(t, "keys/bad.crt", 0644, bad[i].certificate->certificate);
		assert_refused(load(t, NULL), t->err, REASON_SETTINGS);
		assert_says(t->err.detail, bad[i].why);
		assert_says(t->err.detail, "p.yaml:1: keys_dir: ");
		assert_says(t->err.detail, "/keys/bad.");
	}
	put_pair(t, "bad", &pair);
	assert_done(load(t, NULL), t->err);
	assert_int_equal(unlink(path_of(t, "keys/bad.key")), 0);
	assert_refused(load(t, NULL), t->err, REASON_SETTINGS);
	assert_says(t->err.detail, "bad.key: cannot open");
	/* a key alone is one that is being made */
	assert_int_equal(unlink(path_of(t, "keys/bad.crt")), 0);
	put(t, "keys/bad.key", 0600, pair.key);
	assert_done(load(t, NULL), t->err);
}

static void goes_on_with_a_certificate_that_has_ended_and_says_so(void **state)
{
	struct place *t = *state;
	struct loaded l;
	int before[2];

	assert_int_equal(keys(t, "make 2026"), 0);
	put_pair(t, "ended", &ended);
	put(t, "keys/active.yaml", 0644, slice_c("usual: ended\nrequests: \"2026\"\n"));
	assert_done(load(t, &l), t->err);
	hush(t, before);
	keyring_alarm(&l.keyring, l.settings, time(NULL));
	speak(t, before);
	assert_says(t->output, "error");
	assert_says(t->output, "the certificate of a signing key has ended key=ended");
	assert_null(strstr(t->output, "key=2026"));
	hush(t, before);
	keyring_alarm(&l.keyring, l.settings, keyring_key(&l.keyring, "2026")->certificate.not_after - 29 * 86400L);
	speak(t, before);
	assert_says(t->output, "ends soon: see postern keys key=2026");
	loaded_free(&l);
}

static void refuses_a_folder_that_others_may_change(void **state)
{
	struct place *t = *state;

	assert_int_equal(keys(t, "make 2026"), 0);
	assert_int_equal(chmod(path_of(t, "keys"), 0770), 0);
	assert_refused(load(t, NULL), t->err, REASON_SETTINGS);
	assert_says(t->err.detail, "chmod go-w");
	assert_int_equal(keys(t, "make 2027"), 1);
	assert_int_equal(keys(t, "list"), 1);
	assert_int_equal(chmod(path_of(t, "keys"), 0755), 0);
	assert_done(load(t, NULL), t->err);
	if (geteuid() == 0) {
		assert_int_equal(chown(path_of(t, "keys"), 65534, 65534), 0);
		assert_refused(load(t, NULL), t->err, REASON_SETTINGS);
		assert_says(t->err.detail, "belongs to user 65534");
		assert_int_equal(keys(t, "make 2027"), 1);
		assert_int_equal(chown(path_of(t, "keys"), 0, 0), 0);
	}
	assert_int_equal(rename(path_of(t, "keys"), path_of(t, "real")), 0);
	assert_int_equal(symlink(path_of(t, "real"), path_of(t, "keys")), 0);
	assert_refused(load(t, NULL), t->err, REASON_SETTINGS);
	assert_int_equal(keys(t, "make 2027"), 1);
	assert_false(is_there(t, "real/2027.crt"));
}

static void refuses_a_folder_where_the_roles_may_write(void **state)
{
	static const char *const bad[] = {"keys_dir: state/keys\n", "keys_dir: run\n", "keys_dir: state\n", "keys_dir: x/../state/keys\n"};
	struct place *t = *state;
	size_t i;

	for (i = 0; i < sizeof(bad) / sizeof(*bad); i++) {
		use_settings(t, bad[i]);
		assert_refused(load(t, NULL), t->err, REASON_SETTINGS);
		assert_says(t->err.detail, "p.yaml:18: keys_dir: ");
		assert_says(t->err.detail, "where the roles may write");
	}
	use_settings(t, "keys_dir: stately\n");
	assert_int_equal(keys(t, "make 2026"), 0);
	assert_done(load(t, NULL), t->err);
	assert_true(is_there(t, "stately/2026.crt"));
}

static void refuses_a_file_that_names_no_key(void **state)
{
	struct place *t = *state;

	assert_int_equal(keys(t, "make 2026"), 0);
	put(t, "keys/not.a.name.crt", 0644, pair.certificate);
	assert_refused(load(t, NULL), t->err, REASON_SETTINGS);
	assert_says(t->err.detail, "\"not.a.name\" is not a name for a key");
	assert_int_equal(unlink(path_of(t, "keys/not.a.name.crt")), 0);
	put_pair(t, "main", &pair);
	assert_refused(load(t, NULL), t->err, REASON_SETTINGS);
	assert_says(t->err.detail, "\"main\" is not a name for a key");
}

static void refuses_an_assignment_that_cannot_be_followed(void **state)
{
	struct place *t = *state;
	const struct { const char *text, *why; } bad[] = {
		{"usual: 2025\n", "active.yaml:1: usual: there is no key \"2025\""},
		{"usual: \"2026\"\nconnections:\n  helpdesk: ../2026\n", "active.yaml:3: helpdesk: there is no key \"../2026\""},
		{"usual: {a: b}\n", "active.yaml:1: usual: must be the name of a key"},
		{"connections: 2026\n", "active.yaml:1: connections: must be a map"},
		{"usuall: 2026\n", "active.yaml:1: usuall: is not known here"},
		{"usual: [\n", "active.yaml:"},
		{"requests: \"2026\"\n", "no key signs for it"},
		{"usual: \"2026\"\n", "no key signs requests"},
	};
	size_t i;

	assert_int_equal(keys(t, "make 2026"), 0);
	for (i = 0; i < sizeof(bad) / sizeof(*bad); i++) {
		put(t, "keys/active.yaml", 0644, slice_c(bad[i].text));
		assert_refused(load(t, NULL), t->err, REASON_SETTINGS);
		assert_says(t->err.detail, bad[i].why);
	}
	/* a connection that the settings have no more harms nothing */
	put(t, "keys/active.yaml", 0644, slice_c("usual: \"2026\"\nrequests: \"2026\"\nconnections: {gone: \"2019\"}\n"));
	assert_string_equal(assignment(t), "2026 2026 2026 2026");
	/* several keys and no word on which */
	assert_int_equal(keys(t, "make 2027"), 0);
	assert_int_equal(unlink(path_of(t, "keys/active.yaml")), 0);
	assert_refused(load(t, NULL), t->err, REASON_SETTINGS);
	assert_says(t->err.detail, "p.yaml:8: organisation: no key signs for it: choose one with postern keys activate organisation NAME");
	assert_int_equal(keys(t, "activate --all 2027"), 0);
	assert_int_equal(keys(t, "activate --requests 2027"), 0);
	assert_string_equal(assignment(t), "2027 2027 2027 2027");
}

static void refuses_half_a_pair_in_the_settings(void **state)
{
	struct place *t = *state;

	use_settings(t, "key: signing.key\n");
	assert_refused(load(t, NULL), t->err, REASON_SETTINGS);
	assert_says(t->err.detail, "p.yaml:18: key: key and certificate belong together");
}

/* ---- who gets them ---- */

static void hands_keys_to_their_role_and_certificates_to_all(void **state)
{
	struct place *t = *state;
	struct keyring keeper, worker;
	struct slice key, certificate;
	struct files *f;
	struct loaded l;
	int fd;

	assert_int_equal(keys(t, "make 2026"), 0);
	assert_int_equal(keys(t, "make 2027"), 0);
	assert_int_equal(keys(t, "activate helpdesk 2027"), 0);
	assert_done(load(t, &l), t->err);
	assert_done(files_snapshot(l.files, FILES_KEYS, &fd, &t->err), t->err);
	assert_done(files_from_snapshot(t->arena, fd, &f, &t->err), t->err);
	/* what happens to the folder since is not seen */
	remove_tree(path_of(t, "keys"));
	assert_done(keyring_read(t->arena, f, l.settings, &keeper, &t->err), t->err);
	assert_int_equal(keeper.n, 2);
	assert_string_equal(keeper.of[1]->name, "2027");
	assert_done(keyring_pair(f, keeper.of[1], &key, &certificate, &t->err), t->err);
	assert_done(files_snapshot(l.files, FILES_WORKER, &fd, &t->err), t->err);
	assert_done(files_from_snapshot(t->arena, fd, &f, &t->err), t->err);
	assert_done(keyring_read(t->arena, f, l.settings, &worker, &t->err), t->err);
	assert_int_equal(worker.n, 2);
	assert_refused(keyring_pair(f, worker.of[0], &key, &certificate, &t->err), t->err, REASON_FILE);
	loaded_free(&l);
}

/* ---- a running service ---- */

static const struct settings *settings_of(struct place *t)
{
	const struct settings *s;

	assert_done(settings_read(t->arena, files_from_disk(t->arena), t->settings, &s, NULL, &t->err), t->err);
	assert_done(folder_make(s->runtime_dir, 0750, &t->err), t->err);
	return s;
}

/* A child that holds the lock as a parent would, until it is told to go, and reads anew at SIGHUP. */
static pid_t start_holder(const struct settings *s, struct timespec read_at)
{
	int ready[2];
	sigset_t set;
	pid_t pid;
	char c;

	assert_int_equal(pipe(ready), 0);
	sigemptyset(&set);
	sigaddset(&set, SIGHUP);
	sigprocmask(SIG_BLOCK, &set, NULL);
	pid = fork();
	if (pid == 0) {
		int fd = running_say(-1, s, read_at), number;

		_exit(write(ready[1], "", 1) != 1 || fd < 0 || sigwait(&set, &number) != 0 || running_say(fd, s, running_time()) != fd ||
			sleep(20) ? 1 : 0);
	}
	assert_int_equal(read(ready[0], &c, 1), 1);
	close(ready[0]);
	close(ready[1]);
	return pid;
}

static void end_holder(pid_t pid)
{
	assert_int_equal(kill(pid, SIGKILL), 0);
	assert_int_equal(waitpid(pid, NULL, 0), pid);
}

static void finds_the_running_service_and_has_it_read_again(void **state)
{
	struct place *t = *state;
	const struct settings *s;
	struct running running;
	struct timespec past;
	pid_t pid;

	assert_int_equal(keys(t, "make 2026"), 0);
	assert_says(t->output, "no running service can be seen");
	s = settings_of(t);
	running_look(s, &running);
	assert_int_equal(running.pid, 0);
	past = running_time();
	past.tv_sec -= 60;
	pid = start_holder(s, past);
	running_look(s, &running);
	assert_int_equal(running.pid, pid);
	assert_int_equal(keys(t, "list"), 0);
	assert_says(t->output, "has not read them since");
	/* what may be in use yet is not retired */
	assert_int_equal(keys(t, "make 2027"), 0);
	assert_says(t->output, "Not live yet.  When you want it to be: postern reload");
	assert_int_equal(keys(t, "retire 2027"), 1);
	assert_says(t->output, "may sign with 2027 yet");
	assert_int_equal(keys(t, "activate helpdesk 2027 --reload"), 0);
	assert_says(t->output, "took it over");
	assert_int_equal(keys(t, "list"), 0);
	assert_says(t->output, "knows them as they are");
	assert_int_equal(keys(t, "list --json"), 0);
	assert_says(t->output, "\"live\": true");
	end_holder(pid);
	running_look(s, &running);
	assert_int_equal(running.pid, 0);
	assert_refused(running_reload(s, &running, &t->err), t->err, REASON_FILE);
}

static bool has_said(const char *output, const char *words)
{
	char text[4096];
	int fd = open(output, O_RDONLY | O_CLOEXEC);
	ssize_t n = fd < 0 ? -1 : read(fd, text, sizeof(text));

	if (fd >= 0)
		close(fd);
	return n > 0 && memmem(text, (size_t)n, words, strlen(words));
}

/* Holds keys_dir as another `postern keys` would, until this one says so (NULL: whatever it says), or for a minute. */
static pid_t start_other(struct place *t, const char *folder, const char *until)
{
	const char *output = path_of(t, "output");
	int ready[2];
	pid_t pid;
	char c;

	assert_int_equal(pipe(ready), 0);
	pid = fork();
	if (pid == 0) {
		int fd = open(path_of(t, folder), O_RDONLY | O_DIRECTORY | O_CLOEXEC);

		if (fd < 0 || unlink(output) < 0 || flock(fd, LOCK_EX) < 0 || write(ready[1], "", 1) != 1)
			_exit(1);
		for (int i = 0; i < 6000 && !(until && has_said(output, until)); i++)
			usleep(10000);
		_exit(0);
	}
	assert_int_equal(read(ready[0], &c, 1), 1);
	close(ready[0]);
	close(ready[1]);
	return pid;
}

static void waits_a_while_for_another_one_and_not_for_ever(void **state)
{
	struct place *t = *state;
	int64_t began;
	pid_t pid;

	assert_int_equal(keys(t, "make 2026"), 0);
	pid = start_other(t, "keys", "waiting for another `postern keys`, 10 s at most");
	assert_int_equal(keys(t, "make 2027"), 0);
	assert_int_equal(waitpid(pid, NULL, 0), pid);
	assert_says(t->output, "waiting for another `postern keys`, 10 s at most");
	pid = start_other(t, "keys", NULL);
	began = clock_monotonic_us();
	assert_int_equal(keys(t, "make 2028"), 1);
	assert_true(clock_monotonic_us() - began >= 10000000);
	assert_says(t->output, "another `postern keys` is at work here");
	assert_int_equal(access(path_of(t, "keys/2028.key"), F_OK), -1);
	/* who only reads waits for nobody */
	assert_int_equal(keys(t, "list"), 0);
	end_holder(pid);
}

/* The user of the roles owns runtime_dir. */
/* Of somebody else's service, who would be told to reload in place of ours. */
static void the_lock_of_another_service_under_another_name_is_none(void **state)
{
	struct place *t = *state;
	const struct settings *s = settings_of(t);
	struct flock lock = {.l_type = F_WRLCK, .l_whence = SEEK_SET};
	struct running running;
	int ready[2];
	char byte;
	pid_t pid;

	put(t, "run/postern.lock", 0644, slice_c(""));
	assert_int_equal(pipe(ready), 0);
	pid = fork();
	if (pid == 0) {
		int fd = open(path_of(t, "run/postern.lock"), O_RDWR);

		alarm(30);
		if (fd < 0 || fcntl(fd, F_SETLK, &lock) < 0 || write(ready[1], "", 1) != 1)
			_exit(1);
		for (;;)
			pause();
	}
	assert_int_equal(read(ready[0], &byte, 1), 1);
	running_look(s, &running);
	assert_int_equal(running.pid, pid);
	assert_int_equal(link(path_of(t, "run/postern.lock"), path_of(t, "other")), 0);
	running_look(s, &running);
	assert_int_equal(running.pid, 0);
	kill(pid, SIGKILL);
	waitpid(pid, NULL, 0);
	close(ready[0]);
	close(ready[1]);
	unlink(path_of(t, "other"));
}

static void trusts_nothing_that_lies_in_the_folder_of_the_roles(void **state)
{
	struct place *t = *state;
	const struct settings *s = settings_of(t);
	struct running running;
	int before[2], fd;

	put(t, "victim", 0600, slice_c("mine"));
	put(t, "run/postern.lock", 0644, slice_c("1\n"));
	running_look(s, &running);
	assert_int_equal(running.pid, 0);
	assert_int_equal(unlink(path_of(t, "run/postern.lock")), 0);
	assert_int_equal(symlink(path_of(t, "victim"), path_of(t, "run/postern.lock")), 0);
	hush(t, before);
	fd = running_say(-1, s, running_time());
	speak(t, before);
	assert_int_equal(fd, -1);
	assert_int_equal(unlink(path_of(t, "run/postern.lock")), 0);
	assert_int_equal(link(path_of(t, "victim"), path_of(t, "run/postern.lock")), 0);
	hush(t, before);
	fd = running_say(-1, s, running_time());
	speak(t, before);
	assert_int_equal(fd, -1);
	assert_slice_is(read_back(t, "victim"), "mine");
	assert_int_equal(unlink(path_of(t, "run/postern.lock")), 0);
	assert_int_equal(mkfifo(path_of(t, "run/postern.lock"), 0666), 0);
	hush(t, before);
	fd = running_say(-1, s, running_time());
	speak(t, before);
	assert_int_equal(fd, -1);
	running_look(s, &running);
	assert_int_equal(running.pid, 0);
}

static void writes_why_it_refused_over_nothing_of_others(void **state)
{
	struct place *t = *state;
	const struct settings *s = settings_of(t);

	put(t, "victim", 0600, slice_c("mine"));
	assert_int_equal(symlink(path_of(t, "victim"), path_of(t, "run/postern.refused")), 0);
	running_refuse(s, "it does not suit me");
	assert_slice_is(read_back(t, "run/postern.refused"), "it does not suit me");
	assert_int_equal(unlink(path_of(t, "run/postern.refused")), 0);
	assert_int_equal(link(path_of(t, "victim"), path_of(t, "run/postern.refused")), 0);
	running_refuse(s, "nor this");
	assert_slice_is(read_back(t, "run/postern.refused"), "nor this");
	assert_slice_is(read_back(t, "victim"), "mine");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(refuses_a_pair_that_is_no_good, begin, end),
		cmocka_unit_test_setup_teardown(goes_on_with_a_certificate_that_has_ended_and_says_so, begin, end),
		cmocka_unit_test_setup_teardown(refuses_a_folder_that_others_may_change, begin, end),
		cmocka_unit_test_setup_teardown(refuses_a_folder_where_the_roles_may_write, begin, end),
		cmocka_unit_test_setup_teardown(refuses_a_file_that_names_no_key, begin, end),
		cmocka_unit_test_setup_teardown(refuses_an_assignment_that_cannot_be_followed, begin, end),
		cmocka_unit_test_setup_teardown(refuses_half_a_pair_in_the_settings, begin, end),
		cmocka_unit_test_setup_teardown(hands_keys_to_their_role_and_certificates_to_all, begin, end),
		cmocka_unit_test_setup_teardown(finds_the_running_service_and_has_it_read_again, begin, end),
		cmocka_unit_test_setup_teardown(waits_a_while_for_another_one_and_not_for_ever, begin, end),
		cmocka_unit_test_setup_teardown(the_lock_of_another_service_under_another_name_is_none, begin, end),
		cmocka_unit_test_setup_teardown(trusts_nothing_that_lies_in_the_folder_of_the_roles, begin, end),
		cmocka_unit_test_setup_teardown(writes_why_it_refused_over_nothing_of_others, begin, end),
	};

	return cmocka_run_group_tests(tests, begin_all, end_all);
}
