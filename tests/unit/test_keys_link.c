/* SPDX-License-Identifier: GPL-3.0-or-later */
/* A worker's line to its keys role: nonsense on it, and either side without the other. */
#include "tests/unit/keys_role_stage.h"

#include "gateway/keys/keys_wire.h"

/* ---- packets ---- */

static void send_packet(const void *p, size_t n)
{
	assert_int_equal(send(ends[0], p, n, MSG_NOSIGNAL), (ssize_t)n);
}

static void survives_nonsense_and_serves_the_next_question(void **state)
{
	const struct keys_head head = {KEYS_MAGIC, KEYS_ASSERTION, 7, INT64_MAX};
	struct keeper_assertion what = honest();
	struct saml_issued issued = {0};
	char large[sizeof(head) + 8192];

	(void)state;
	send_packet("", 0);
	send_packet("x", 1);
	send_packet(&head, sizeof(head) - 1);
	send_packet(&head, sizeof(head));
	for (uint32_t question = 0; question < 8; question++) {
		struct keys_head odd = {KEYS_MAGIC, question, 100 + question, INT64_MAX};

		memset(large, 255, sizeof(large));      /* lengths beyond the end */
		memcpy(large, &odd, sizeof(odd));
		send_packet(large, sizeof(large));
		odd.id += 100;
		memset(large, question & 1 ? 0 : 1, sizeof(large));
		memcpy(large, &odd, sizeof(odd));
		send_packet(large, sizeof(large));
	}
	memset(large, 0, sizeof(large));
	send_packet(large, sizeof(large));
	assert_done(ask_for(&what, &issued), err);
	assert_int_equal(waitpid(role_pid, NULL, WNOHANG), 0);
}

/* Whoever asks and takes no answer does not fill the log. */
static void complains_of_a_deaf_worker_a_few_times_a_second(void **state)
{
	int log[2], before = dup(STDERR_FILENO);
	int64_t began = clock_monotonic_us();
	size_t lines = 0, most;
	static char text[1 << 20];
	ssize_t n;

	(void)state;
	kill(role_pid, SIGKILL);
	end_of_role();
	assert_int_equal(pipe2(log, O_NONBLOCK), 0);
	assert_true(fcntl(log[1], F_SETPIPE_SZ, 1 << 20) > 0);
	dup2(log[1], STDERR_FILENO);
	start_role();
	dup2(before, STDERR_FILENO);
	close(before);
	for (uint64_t id = 1; id <= 1500; id++) {
		const struct keys_head head = {KEYS_MAGIC, KEYS_QUERY, id, INT64_MAX};

		send_packet(&head, sizeof(head));
	}
	kill(role_pid, SIGTERM);
	close(ends[0]);         /* it ends behind the last question */
	end_of_role();
	ends[0] = -1;
	most = 5 * (size_t)((clock_monotonic_us() - began) / 1000000 + 2);
	n = read(log[0], text, sizeof(text));
	for (ssize_t i = 0; i < n; i++)
		lines += text[i] == '\n';
	assert_in_range(lines, 1, most);
	close(log[0]);
	close(log[1]);
}

/* Every cut and many changed bytes of a good question: an answer or none, and never anything signed that is not whole. */
static void answers_no_question_that_was_cut(void **state)
{
	struct keys_head head = {KEYS_MAGIC, KEYS_REJECTION, 1, INT64_MAX};
	struct slice answer;
	struct text t;

	(void)state;
	text_begin(&t, a, 256);
	wire_head(&t, &head);
	wire_number(&t, HELPDESK);
	wire_bytes(&t, slice_c("_asked"));
	wire_number(&t, SAML_REQUEST_DENIED);
	wire_bytes(&t, slice_c("no"));
	assert_int_equal(keys_answer(a, vault_keeper(vault), text_slice(&t), &answer), 0);
	memcpy(&head, answer.p, sizeof(head));
	assert_int_equal(head.what, KEYS_DONE);
	for (size_t n = 0; n < t.n; n++) {
		/* a copy of its own, so that a byte too far is seen */
		int rc = keys_answer(a, vault_keeper(vault), arena_slice(a, slice_of(t.p, n)), &answer);

		assert_int_equal(rc, n < sizeof(head) ? -1 : 0);
		if (rc == 0)
			memcpy(&head, answer.p, sizeof(head));
		assert_int_equal(head.what, rc == 0 ? KEYS_NO : KEYS_DONE);
	}
	text_add_c(&t, "x");
	assert_int_equal(keys_answer(a, vault_keeper(vault), text_slice(&t), &answer), 0);
	memcpy(&head, answer.p, sizeof(head));
	assert_int_equal(head.what, KEYS_NO);
}

/* ---- one side without the other ---- */

static void a_question_that_died_with_its_role_is_asked_again(void **state)
{
	struct keeper_assertion what = honest();
	struct saml_issued issued = {0};
	char packet[4096];
	pid_t helper;

	(void)state;
	kill(role_pid, SIGKILL);
	assert_int_equal(end_of_role(), -SIGKILL);
	/* takes the question and dies with it; then comes the next one */
	helper = fork();
	if (helper == 0) {
		_exit(recv(ends[1], packet, sizeof(packet), 0) > 0 ? 0 : 1);
	}
	role_pid = fork();
	if (role_pid == 0) {
		usleep(300000);
		run_role();
	}
	assert_done(ask_for(&what, &issued), err);
	waitpid(helper, NULL, 0);
}

static void a_stopped_role_is_waited_for_while_the_worker_says_that_it_lives(void **state)
{
	struct keeper_assertion what = honest();
	struct saml_issued issued = {0};
	char beats[64];
	pid_t helper;

	(void)state;
	kill(role_pid, SIGSTOP);
	helper = fork();
	if (helper == 0) {
		usleep(1700000);
		_exit(kill(role_pid, SIGCONT));
	}
	while (read(heartbeat[0], beats, sizeof(beats)) > 0)
		;
	assert_done(ask_for(&what, &issued), err);
	assert_true(read(heartbeat[0], beats, sizeof(beats)) > 0);
	waitpid(helper, NULL, 0);
}

static void ends_behind_its_worker_and_not_before(void **state)
{
	struct keeper_assertion what = honest();
	struct saml_issued issued = {0};

	(void)state;
	kill(role_pid, SIGCONT);
	assert_done(ask_for(&what, &issued), err);
	close(ends[1]);         /* as the parent does at a reload */
	assert_done(ask_for(&what, &issued), err);
	shutdown(ends[0], SHUT_RDWR);
	assert_int_equal(end_of_role(), 0);
	assert_refused(ask_for(&what, &issued), err, REASON_KEYS_UNAVAILABLE);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(survives_nonsense_and_serves_the_next_question, begin, end),
		cmocka_unit_test_setup_teardown(complains_of_a_deaf_worker_a_few_times_a_second, begin, end),
		cmocka_unit_test_setup_teardown(answers_no_question_that_was_cut, begin, end),
		cmocka_unit_test_setup_teardown(a_question_that_died_with_its_role_is_asked_again, begin, end),
		cmocka_unit_test_setup_teardown(a_stopped_role_is_waited_for_while_the_worker_says_that_it_lives, begin, end),
		cmocka_unit_test_setup_teardown(ends_behind_its_worker_and_not_before, begin, end),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
