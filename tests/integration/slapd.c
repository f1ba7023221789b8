/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "tests/integration/slapd.h"

#include "base/log.h"
#include "base/random.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define SLAPD "/usr/sbin/slapd"
#define PORTS_FROM 15000
#define PORTS_TO 32768

static bool slapd_there(void)
{
	return access(SLAPD, X_OK) == 0;
}

void shell(const char *format, ...)
{
	char command[2000];
	va_list args;

	va_start(args, format);
	vsnprintf(command, sizeof(command), format, args);
	va_end(args);
	if (system(command) != 0)
		fail_msg("failed: %s", command);
}

static bool is_free(int port)
{
	struct sockaddr_in a = {.sin_family = AF_INET, .sin_port = htons((uint16_t)port), .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	int fd = socket(AF_INET, SOCK_STREAM, 0), on = 1, rc;

	assert_int_equal(setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on)), 0);
	rc = bind(fd, (struct sockaddr *)&a, sizeof(a));
	close(fd);
	return rc == 0;
}

/* See PORTS_FILE in tests/demo/parts.py. */
static int ports_file(void)
{
	static const char path[] = "/tmp/postern-test-ports";
	int fd = open(path, O_RDWR | O_CLOEXEC);

	if (fd < 0) {
		fd = open(path, O_RDWR | O_CLOEXEC | O_CREAT, 0666);
		assert_true(fd >= 0 && fchmod(fd, 0666) == 0);
	}
	return fd;
}

int port_free(void)
{
	static bool given[PORTS_TO];
	static int file = -1;

	if (file < 0)
		file = ports_file();
	for (;;) {
		struct flock lock = {.l_type = F_WRLCK, .l_whence = SEEK_SET, .l_len = 1};
		uint16_t dice;

		random_bytes(&dice, sizeof(dice));
		lock.l_start = PORTS_FROM + dice % (PORTS_TO - PORTS_FROM);
		if (given[lock.l_start] || fcntl(file, F_SETLK, &lock) < 0 || !is_free((int)lock.l_start))
			continue;
		given[lock.l_start] = true;
		return (int)lock.l_start;
	}
}

void slapd_make(struct slapd *s, const char *database_settings)
{
	FILE *f;

	*s = (struct slapd){.folder = "/tmp/postern-slapd-XXXXXX"};
	assert_non_null(mkdtemp(s->folder));
	snprintf(s->config, sizeof(s->config), "%s/slapd.conf", s->folder);
	snprintf(s->mirror, sizeof(s->mirror), "%s/mirror.mdb", s->folder);
	snprintf(s->uri, sizeof(s->uri), "ldap://127.0.0.1:%d", port_free());
	shell("mkdir %s/db", s->folder);
	f = fopen(s->config, "w");
	assert_non_null(f);
	fprintf(f, "include /etc/ldap/schema/core.schema\ninclude /etc/ldap/schema/cosine.schema\n"
		"include /etc/ldap/schema/inetorgperson.schema\nmodulepath /usr/lib/ldap\nmoduleload back_mdb\nmoduleload syncprov\n"
		"pidfile %s/pid\nargsfile %s/args\ninclude %s/global.conf\n"
		"database mdb\nsuffix %s\nrootdn %s\nrootpw %s\ndirectory %s/db\nmaxsize 67108864\ndbnosync\n"
		"index objectClass,entryCSN,entryUUID eq\noverlay syncprov\n%s\n", s->folder, s->folder, s->folder,
			SLAPD_SUFFIX,
		SLAPD_ROOT, SLAPD_PASSWORD, s->folder, database_settings);
	fclose(f);
	shell("touch %s/global.conf", s->folder);
}

void slapd_load(struct slapd *s, const char *ldif)
{
	char command[300];
	FILE *p;

	snprintf(command, sizeof(command), "/usr/sbin/slapadd -q -w -b %s -f %s >%s/slapadd.log 2>&1", SLAPD_SUFFIX, s->config,
		s->folder);
	p = popen(command, "w");
	assert_non_null(p);
	fputs(ldif, p);
	if (pclose(p) != 0) {
		shell("cat %s/slapadd.log >&2", s->folder);
		fail_msg("slapadd failed");
	}
}

static bool answers(const struct slapd *s)
{
	struct sockaddr_in a = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	int fd = socket(AF_INET, SOCK_STREAM, 0), rc;

	a.sin_port = htons((uint16_t)strtol(strrchr(s->uri, ':') + 1, NULL, 10));
	rc = connect(fd, (struct sockaddr *)&a, sizeof(a));
	close(fd);
	return rc == 0;
}

static void nap(int milliseconds)
{
	const struct timespec t = {milliseconds / 1000, milliseconds % 1000 * 1000000L};

	nanosleep(&t, NULL);
}

void slapd_start(struct slapd *s)
{
	char addresses[200], log[96];

	snprintf(addresses, sizeof(addresses), "%s %s %s", s->uri, s->tls_uri, s->listen ? s->listen : "");
	snprintf(log, sizeof(log), "%s/slapd.log", s->folder);
	s->pid = fork();
	if (s->pid == 0) {
		int fd = open(log, O_WRONLY | O_CREAT | O_APPEND, 0600);

		prctl(PR_SET_PDEATHSIG, SIGTERM);
		dup2(fd, 1);
		dup2(fd, 2);
		execl(SLAPD, "slapd", "-d", "0", "-h", addresses, "-f", s->config, (char *)NULL);
		_exit(127);
	}
	for (int i = 0; i < 6000 && !answers(s); i++)
		nap(10);
	if (!answers(s)) {
		shell("cat %s >&2", log);
		fail_msg("slapd does not answer at %s", s->uri);
	}
}

static int end_process(pid_t *pid)
{
	int status = 0;

	if (*pid <= 0)
		return 0;
	kill(*pid, SIGCONT);
	kill(*pid, SIGTERM);
	while (waitpid(*pid, &status, 0) < 0 && errno == EINTR)
		;
	*pid = 0;
	return status;
}

void slapd_stop(struct slapd *s)
{
	end_process(&s->pid);
}

void slapd_forget_data(struct slapd *s)
{
	shell("rm -f %s/db/*", s->folder);
}

void slapd_end(struct slapd *s)
{
	end_process(&s->follower);
	slapd_stop(s);
	shell("rm -rf %s", s->folder);
}

void slapd_change(struct slapd *s, const char *ldif)
{
	char command[300];
	FILE *p;

	snprintf(command, sizeof(command), "ldapmodify -x -H %s -D %s -w %s >%s/ldapmodify.log 2>&1", s->uri, SLAPD_ROOT,
		SLAPD_PASSWORD, s->folder);
	p = popen(command, "w");
	assert_non_null(p);
	fputs(ldif, p);
	if (pclose(p) != 0) {
		shell("cat %s/ldapmodify.log >&2", s->folder);
		fail_msg("ldapmodify failed");
	}
}

/* ---- the follower ---- */

static volatile sig_atomic_t stopping;

static void on_term(int number)
{
	(void)number;
	stopping = 1;
}

static bool must_stop(void *context)
{
	(void)context;
	return stopping;
}

static void alive(void *context)
{
	(void)context;
}

void follower_start(struct slapd *s, const struct directory_options *d)
{
	const struct mirror_progress progress = {.alive = alive, .stop = must_stop};
	struct error err = {0};
	int rc;

	fflush(NULL);
	s->follower = fork();
	if (s->follower)
		return;
	prctl(PR_SET_PDEATHSIG, SIGTERM);
	signal(SIGTERM, on_term);
	if (s->log && !freopen(s->log, "a", stderr))
		_exit(1);
	log_begin("mirror", s->log ? LOG_LEVEL_INFO : LOG_LEVEL_ERROR);
	rc = mirror_follow(s->mirror, d, &progress, &err);
	if (rc < 0)
		fprintf(stderr, "mirror_follow: %s: %s\n", reason_word(err.reason), err.detail);
	_exit(rc < 0 ? 1 : 0);
}

void follower_stop(struct slapd *s)
{
	int status = end_process(&s->follower);

	if (!WIFEXITED(status) || WEXITSTATUS(status) != 0)
		fail_msg("the follower ended with status %d", status);
}

/* ---- a program of tests ---- */

int slapd_begin(int argc, char **argv)
{
	if (!slapd_there()) {
		fprintf(stderr, SLAPD " is not installed\n");
		return -1;
	}
	signal(SIGPIPE, SIG_IGN);       /* as every process of ours */
	if (argc > 1)
		cmocka_set_test_filter(argv[1]);
	return 0;
}
