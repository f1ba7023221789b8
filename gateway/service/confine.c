/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The lists of system calls, and the filter that is made of them. */
#include "gateway/service/confine.h"
#include "base/log.h"
#include "base/sanitized.h"

#include <errno.h>
#include <fcntl.h>
#include <seccomp.h>
#include <signal.h>
#include <stdbool.h>
#include <stdlib.h>
#include <unistd.h>

#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>

/* Files, memory, waiting, signals to oneself, and what is done with sockets that are there. */
static const char *const usual[] = {
	"read", "readv", "pread64", "preadv", "preadv2", "write", "writev", "pwrite64", "pwritev", "pwritev2", "close", "close_range", "lseek",
	"fstat", "stat", "lstat", "newfstatat", "statx", "fstatfs", "statfs", "access", "faccessat", "faccessat2", "readlink", "readlinkat",
	"open", "openat", "getdents64", "unlink", "unlinkat", "rename", "renameat", "renameat2", "link", "linkat", "mkdir", "mkdirat", "chmod",
	"fchmod", "fchmodat", "umask", "getcwd", "flock", "fsync", "fdatasync", "ftruncate", "fallocate", "fadvise64", "dup",
	"dup2", "dup3", "pipe", "pipe2", "copy_file_range", "sendfile",
	"mmap", "munmap", "mremap", "mprotect", "madvise", "msync", "brk", "mlock", "munlock", "memfd_create",
	"poll", "ppoll", "select", "pselect6", "epoll_create1", "epoll_ctl", "epoll_wait", "epoll_pwait", "epoll_pwait2", "eventfd2",
	"timerfd_create", "timerfd_settime", "nanosleep", "clock_nanosleep", "restart_syscall", "sched_yield", "futex", "set_robust_list",
	"get_robust_list", "rseq", "membarrier", "sched_getaffinity",
	"rt_sigaction", "rt_sigprocmask", "rt_sigreturn", "rt_sigpending", "rt_sigtimedwait", "rt_sigsuspend", "sigaltstack",
	"exit", "exit_group",
	"getpid", "gettid", "getppid", "getuid", "geteuid", "getgid", "getegid", "getgroups", "getresuid", "getresgid", "getpgrp", "getsid",
	"getrandom", "clock_gettime", "clock_getres", "gettimeofday", "time", "times", "getrusage", "getrlimit", "sysinfo", "uname",
	"accept", "accept4", "recvfrom", "recvmsg", "recvmmsg", "getsockname", "getpeername",
	"getsockopt", "setsockopt", NULL,
};

/* Connections to servers, the threads of libcurl's resolver, and the mirror's scout, who is a child. */
static const char *const network[] = {
	"socket", "socketpair", "connect", "bind", "clone", "clone3", "fork", "vfork", "wait4", "waitid", "kill", "tgkill", "setpriority",
	"prctl", "set_tid_address", "fcntl", "ioctl", "sendto", "sendmsg", "sendmmsg", "shutdown", NULL,
};

static const struct {
	const char *role;
	const char *const *more;
} roles[] = {
	{"worker", NULL}, {"keys", NULL}, {"mirror", network}, {"refresh", network}, {"rules", NULL}, {"metrics", NULL},
	{"provision", network}, {"scim", NULL},
};

void confine_memory(void)
{
	const struct rlimit none = {0, 0};

	prctl(PR_SET_DUMPABLE, 0);
	setrlimit(RLIMIT_CORE, &none);
}

/* A system call is made outside of the heap's and the log's critical sections, but for those that are on the list. */
static void on_refused(int signal_number, siginfo_t *info, void *context)
{
	char *name = seccomp_syscall_resolve_num_arch(info->si_arch, info->si_syscall);
	char number[16];

	(void)context;
	snprintf(number, sizeof(number), "%d", info->si_syscall);
	log_error("asked the kernel for something that this role has no business with, and is ended", "call", name ? name : number, NULL);
	signal(signal_number, SIG_DFL);
	raise(signal_number);
}

static bool is_off(void)
{
	const char *word = getenv("POSTERN_SECCOMP"), *preload = getenv("LD_PRELOAD");

	if (word && strcmp(word, "off") == 0) {
		log_warning("system calls are not restricted: POSTERN_SECCOMP=off", NULL);
		return true;
	}
	/* AddressSanitizer's report of leaks looks at the process from another one */
	return IS_SANITIZED || (preload && strstr(preload, "vgpreload"));
}

/* Names that this machine does not have are no calls of it. */
static int allow(scmp_filter_ctx filter, const char *const *names)
{
	for (; names && *names; names++) {
		int number = seccomp_syscall_resolve_name(*names);

		if (number < 0)
			continue;
		if (seccomp_rule_add(filter, SCMP_ACT_ALLOW, number, 0) < 0)
			return -1;
	}
	return 0;
}

/* Limits may be asked for, not set. */
static int allow_asking(scmp_filter_ctx filter)
{
	return seccomp_rule_add(filter, SCMP_ACT_ALLOW, SCMP_SYS(prlimit64), 1, SCMP_A2(SCMP_CMP_EQ, 0));
}

/* One value of an argument of 32 bits: what stands above them is nothing to the kernel. */
struct value_rule {
	const char *call;
	unsigned argument;
	scmp_datum_t mask, value;
};

/*
 * For roles without `network`.  Whoever may set the owner of a descriptor
 * (F_SETOWN, FIOSETOWN) or signal any thread can kill the other processes of
 * its user; who sends with MSG_FASTOPEN connects; and a listening socket that
 * was shut down for reading is shut for all who share it.
 */
static int allow_own(scmp_filter_ctx filter)
{
	const scmp_datum_t all = UINT32_MAX;
	const struct value_rule rules[] = {
		{"fcntl", 1, 0xfffffff8, 0},            /* F_DUPFD to F_SETLKW */
		{"fcntl", 1, all, F_OFD_GETLK}, {"fcntl", 1, all, F_OFD_SETLK}, {"fcntl", 1, all, F_OFD_SETLKW},
		{"fcntl", 1, all, F_DUPFD_CLOEXEC}, {"fcntl", 1, all, F_ADD_SEALS}, {"fcntl", 1, all, F_GET_SEALS},
		{"ioctl", 1, all, FIONBIO}, {"ioctl", 1, all, FIONREAD}, {"ioctl", 1, all, TCGETS}, {"ioctl", 1, all, TIOCGWINSZ},
		{"ioctl", 1, all, SIOCGIFNAME},       /* getnameinfo, of each neighbour with a link-local address */
		{"tgkill", 0, all, (scmp_datum_t)getpid()},
		{"sendto", 3, MSG_FASTOPEN, 0}, {"sendmsg", 2, MSG_FASTOPEN, 0}, {"sendmmsg", 3, MSG_FASTOPEN, 0},
		{"shutdown", 1, all, SHUT_WR},
	};

	for (size_t i = 0; i < sizeof(rules) / sizeof(*rules); i++) {
		const struct value_rule *r = &rules[i];
		const struct scmp_arg_cmp is = {r->argument, SCMP_CMP_MASKED_EQ, r->mask, r->value};

		if (seccomp_rule_add_array(filter, SCMP_ACT_ALLOW, seccomp_syscall_resolve_name(r->call), 1, &is) < 0)
			return -1;
	}
	return 0;
}

/*
 * For roles without `network`: sockets of this host are for the journal and
 * systemd's notification, which take datagrams; without `connect` they lead
 * nowhere else.  Signal 0 asks whether a process lives.
 */
static int allow_telling(scmp_filter_ctx filter)
{
	if (seccomp_rule_add(filter, SCMP_ACT_ALLOW, SCMP_SYS(socket), 2, SCMP_A0(SCMP_CMP_EQ, AF_UNIX),
			SCMP_A1(SCMP_CMP_MASKED_EQ, 0xf, SOCK_DGRAM)) < 0)
		return -1;
	return seccomp_rule_add(filter, SCMP_ACT_ALLOW, SCMP_SYS(kill), 1, SCMP_A1(SCMP_CMP_EQ, 0));
}

static int allow_role(scmp_filter_ctx filter, const char *const *more)
{
	if (allow(filter, usual) < 0 || allow_asking(filter) < 0)
		return -1;
	if (more)
		return allow(filter, more);
	return allow_own(filter) < 0 ? -1 : allow_telling(filter);
}

int confine_calls(const char *role, struct error *err)
{
	struct sigaction refused = {.sa_sigaction = on_refused, .sa_flags = SA_SIGINFO};
	scmp_filter_ctx filter;
	size_t i;
	int rc;

	for (i = 0; i < sizeof(roles) / sizeof(*roles) && strcmp(roles[i].role, role) != 0; i++)
		;
	if (i == sizeof(roles) / sizeof(*roles))
		return error_set(err, REASON_INTERNAL, "there is no list of system calls for the role %s", role);
	if (is_off())
		return 0;
	sigaction(SIGSYS, &refused, NULL);
	filter = seccomp_init(SCMP_ACT_TRAP);
	if (!filter)
		return error_set(err, REASON_INTERNAL, "no filter of system calls can be made");
	rc = allow_role(filter, roles[i].more) < 0 ? -EINVAL : seccomp_load(filter);
	seccomp_release(filter);
	return rc == 0 ? 0 : error_set(err, REASON_INTERNAL, "system calls cannot be restricted: %s", strerror(-rc));
}
