/* sandbox_test.c - children try to break out of what they put themselves into. */
#include "sys/sandbox.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/capability.h>
#include <netinet/in.h>
#include <pthread.h>
#include <sched.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>
#include <cmocka.h>

#include "base/error.h"
#include "sys/channel.h"
#include "sys/clock.h"
#include "sys/file.h"
#include "sys/log.h"
#include "sys/net.h"
#include "sys/process.h"
#include "sys/sandbox_platform.h"

#define ALL_SETS 0x1ffu
#define KILLED   1000
#define SETUP    250 /* the sandbox itself failed */

static struct {
	char folder[64];
	int listener; /* on loopback */
	struct net_address address;
	struct net_address other; /* nobody listens there */
} world;

/* What is tried: 0, or the errno that refused it. */
typedef int attempt(void);

struct trial {
	attempt *try;
	unsigned sets;
	const struct sandbox_path *paths; /* NULL: sets only */
	size_t path_count;
	int connect_port;
	const int *keep; /* with is_dropping */
	bool is_dropping;
};

static int in_child(void *context)
{
	const struct trial *t = context;
	struct why why = { "" };
	int error = 0;

	if (t->is_dropping) {
		error = sandbox_privileges(t->keep, &why);
	}
	if (error == 0 && t->paths != NULL) {
		error = sandbox_files(t->paths, t->path_count, t->connect_port, &why);
	}
	if (error == 0 && t->sets != 0) {
		error = sandbox_calls(t->sets, &why);
	}
	if (error != 0) {
		dprintf(STDERR_FILENO, "# %s\n", why.text);
		return SETUP;
	}
	return t->try();
}

static int run(const struct trial *trial)
{
	struct trial copy = *trial;
	int status = 0;
	pid_t pid;

	assert_int_equal(process_spawn("trial", in_child, &copy, &pid), 0);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	if (WIFSIGNALED(status)) {
		return WTERMSIG(status) == SIGSYS ? KILLED : -WTERMSIG(status);
	}
	return WEXITSTATUS(status);
}

static int with_calls(attempt *try, unsigned sets)
{
	return run(&(struct trial){ .try = try, .sets = sets });
}

static int errno_of(long result)
{
	return result < 0 ? errno : 0;
}

static int make_world(void **state)
{
	struct why why;

	(void)state;
	(void)snprintf(world.folder, sizeof world.folder, "/tmp/bartizan-sandbox-XXXXXX");
	if (mkdtemp(world.folder) == NULL || chdir(world.folder) != 0 || mkdir("in", 0700) != 0 ||
	    mkdir("out", 0700) != 0 || mkdir("look", 0700) != 0 ||
	    file_replace("look/file", span_of("seen"), 0600, &why) != 0 ||
	    file_replace("out/file", span_of("unseen"), 0600, &why) != 0 ||
	    net_address_parse(span_of("127.0.0.1:0"), &world.address, &why) != 0) {
		return -1;
	}
	world.other = world.address;
	if (net_listen(&world.other, &world.listener, &world.other, &why) != 0) {
		return -1;
	}
	(void)close(world.listener);
	return net_listen(&world.address, &world.listener, &world.address, &why);
}

static int end_world(void **state)
{
	(void)state;
	(void)close(world.listener);
	(void)unlink("look/file");
	(void)unlink("out/file");
	(void)unlink("in/file");
	(void)rmdir("look");
	(void)rmdir("out");
	(void)rmdir("in");
	return chdir("/") != 0 || rmdir(world.folder) != 0;
}

/*
 * Calls
 */

static int try_exec(void)
{
	char *argv[] = { NULL };

	(void)execve("/bin/true", argv, argv);
	return errno;
}

static int try_execveat(void)
{
	return errno_of(syscall(SYS_execveat, AT_FDCWD, "/bin/true", NULL, NULL, 0));
}

static int try_ptrace(void)
{
	return errno_of(ptrace(PTRACE_TRACEME, 0, NULL, NULL));
}

static int try_bpf(void)
{
	return errno_of(syscall(SYS_bpf, 0, NULL, 0));
}

static int try_mount(void)
{
	return errno_of(syscall(SYS_mount, "none", "/", "tmpfs", 0, NULL));
}

static int try_module(void)
{
	return errno_of(syscall(SYS_finit_module, -1, "", 0));
}

static void kills_whoever_executes_traces_mounts_or_loads_code(void **state)
{
	(void)state;
	assert_int_equal(with_calls(try_exec, ALL_SETS), KILLED);
	assert_int_equal(with_calls(try_execveat, ALL_SETS), KILLED);
	assert_int_equal(with_calls(try_bpf, ALL_SETS), KILLED);
	assert_int_equal(with_calls(try_mount, ALL_SETS), KILLED);
	assert_int_equal(with_calls(try_module, ALL_SETS), KILLED);
	if (!PLATFORM_IS_SANITIZED) {
		assert_int_equal(with_calls(try_ptrace, ALL_SETS), KILLED);
	}
}

static int try_openat2(void)
{
	return errno_of(syscall(SYS_openat2, AT_FDCWD, "/", NULL, 0));
}

static int try_io_uring(void)
{
	return errno_of(syscall(SYS_io_uring_setup, 1, NULL));
}

static int try_userfaultfd(void)
{
	return errno_of(syscall(SYS_userfaultfd, 0));
}

static int try_keyctl(void)
{
	return errno_of(syscall(SYS_keyctl, 0, 0, 0, 0, 0));
}

static int try_memfd(void)
{
	return errno_of(memfd_create("x", 0));
}

static int try_unshare(void)
{
	return errno_of(unshare(CLONE_NEWUSER));
}

static int try_name_space_by_clone(void)
{
	long pid = syscall(SYS_clone, CLONE_NEWUSER | SIGCHLD, NULL, NULL, NULL, NULL);

	if (pid == 0) {
		_exit(0);
	}
	return errno_of(pid);
}

static int try_handle(void)
{
	return errno_of(syscall(SYS_open_by_handle_at, AT_FDCWD, NULL, O_RDONLY));
}

static int try_listen(void)
{
	return errno_of(listen(world.listener, 1));
}

static int try_tty_input(void)
{
	return errno_of(ioctl(0, TIOCSTI, "x"));
}

static void refuses_what_is_in_no_set(void **state)
{
	static attempt *const attempts[] = {
		try_openat2, try_io_uring, try_userfaultfd,         try_keyctl, try_memfd,
		try_unshare, try_handle,   try_name_space_by_clone, try_listen, try_tty_input,
	};

	(void)state;
	for (size_t i = 0; i < COUNT_OF(attempts); i++) {
		assert_int_equal(with_calls(attempts[i], ALL_SETS), EPERM);
	}
}

static int try_clone3(void)
{
	return errno_of(syscall(SYS_clone3, NULL, 0));
}

static int try_x32(void)
{
	return errno_of(syscall(SYS_getpid | PLATFORM_X32_BIT));
}

static void hides_clone3_and_refuses_the_x32_interface(void **state)
{
	(void)state;
	assert_int_equal(with_calls(try_clone3, ALL_SETS), ENOSYS);
	assert_int_equal(with_calls(try_x32, ALL_SETS), EPERM);
}

static int open_socket(int family, int type, int protocol)
{
	return errno_of(socket(family, type | SOCK_CLOEXEC | SOCK_NONBLOCK, protocol));
}

static int try_tcp(void)
{
	return open_socket(AF_INET, SOCK_STREAM, 0);
}

static int try_udp6(void)
{
	int error = open_socket(AF_INET6, SOCK_DGRAM, IPPROTO_UDP);

	return error == EAFNOSUPPORT ? 0 : error;
}

static int try_raw(void)
{
	return open_socket(AF_INET, SOCK_RAW, IPPROTO_ICMP);
}

static int try_ping(void)
{
	return open_socket(AF_INET, SOCK_DGRAM, IPPROTO_ICMP);
}

static int try_packet(void)
{
	return open_socket(AF_PACKET, SOCK_DGRAM, 0);
}

static int try_netlink(void)
{
	return open_socket(AF_NETLINK, SOCK_RAW, 0);
}

static int try_unix(void)
{
	return open_socket(AF_UNIX, SOCK_STREAM, 0);
}

static int try_pair(void)
{
	int fds[2];

	return errno_of(socketpair(AF_UNIX, SOCK_STREAM, 0, fds));
}

static void opens_only_sockets_of_the_families_that_are_allowed(void **state)
{
	const unsigned none = ALL_SETS & ~(unsigned)(SANDBOX_INTERNET | SANDBOX_UNIX);

	(void)state;
	assert_int_equal(with_calls(try_tcp, none), EPERM);
	assert_int_equal(with_calls(try_udp6, none), EPERM);
	assert_int_equal(with_calls(try_unix, none), EPERM);
	assert_int_equal(with_calls(try_pair, none), EPERM);
	assert_int_equal(with_calls(try_tcp, SANDBOX_BASIC | SANDBOX_INTERNET), 0);
	assert_int_equal(with_calls(try_udp6, SANDBOX_BASIC | SANDBOX_INTERNET), 0);
	assert_int_equal(with_calls(try_unix, SANDBOX_BASIC | SANDBOX_INTERNET), EPERM);
	assert_int_equal(with_calls(try_unix, SANDBOX_BASIC | SANDBOX_UNIX), 0);
	assert_int_equal(with_calls(try_pair, SANDBOX_BASIC | SANDBOX_UNIX), 0);
	assert_int_equal(with_calls(try_tcp, SANDBOX_BASIC | SANDBOX_UNIX), EPERM);
	assert_int_equal(with_calls(try_raw, ALL_SETS), EPERM);
	assert_int_equal(with_calls(try_ping, ALL_SETS), EPERM);
	assert_int_equal(with_calls(try_packet, ALL_SETS), EPERM);
	assert_int_equal(with_calls(try_netlink, ALL_SETS), EPERM);
}

/* A socket that was open before. */
static int try_connect_inherited(void)
{
	return errno_of(connect(world.listener, (struct sockaddr *)&world.address.storage,
				world.address.length));
}

static int try_fast_open(void)
{
	return errno_of(sendto(world.listener, "x", 1, MSG_FASTOPEN,
			       (struct sockaddr *)&world.address.storage, world.address.length));
}

static void connects_no_socket_that_was_open_before(void **state)
{
	const unsigned sets = SANDBOX_BASIC | SANDBOX_SOCKETS_OPEN;

	(void)state;
	assert_int_equal(with_calls(try_connect_inherited, sets), EPERM);
	assert_int_equal(with_calls(try_fast_open, sets), EPERM);
	assert_int_equal(with_calls(try_connect_inherited, sets | SANDBOX_INTERNET), EISCONN);
}

static int open_as(int flags)
{
	return errno_of(open("look/file", flags | O_CLOEXEC, 0600));
}

static int try_read(void)
{
	return open_as(O_RDONLY);
}

static int try_write(void)
{
	return open_as(O_WRONLY);
}

static int try_read_write(void)
{
	return open_as(O_RDWR);
}

static int try_truncate_on_open(void)
{
	return open_as(O_RDONLY | O_TRUNC);
}

static int try_append(void)
{
	return open_as(O_RDONLY | O_APPEND);
}

static int try_create(void)
{
	return open_as(O_RDONLY | O_CREAT);
}

static int try_temporary(void)
{
	return errno_of(open("in", O_TMPFILE | O_RDWR, 0600));
}

static int try_old_open(void)
{
#if defined(SYS_open)
	return errno_of(syscall(SYS_open, "look/file", O_WRONLY));
#else
	return EPERM;
#endif
}

static int try_rename(void)
{
	return errno_of(rename("look/file", "look/other"));
}

static int try_unlink(void)
{
	return errno_of(unlink("look/file"));
}

static int try_chmod(void)
{
	return errno_of(chmod("look/file", 0777));
}

static int try_truncate(void)
{
	return errno_of(truncate("look/file", 0));
}

static int try_mkdir(void)
{
	return errno_of(mkdir("in/new", 0700));
}

static int try_symlink(void)
{
	return errno_of(symlink("/", "in/link"));
}

static void opens_files_for_reading_only_where_no_more_is_allowed(void **state)
{
	static attempt *const changes[] = {
		try_write,    try_read_write, try_truncate_on_open, try_append, try_create,
		try_old_open, try_temporary,  try_rename,           try_unlink, try_chmod,
		try_truncate, try_mkdir,      try_symlink,
	};
	const unsigned sets = ALL_SETS & ~(unsigned)SANDBOX_WRITE_FILES;

	(void)state;
	assert_int_equal(with_calls(try_read, sets), 0);
	for (size_t i = 0; i < COUNT_OF(changes); i++) {
		assert_int_equal(with_calls(changes[i], sets), EPERM);
	}
	assert_int_equal(with_calls(try_write, ALL_SETS), 0);
	assert_int_equal(with_calls(try_truncate_on_open, ALL_SETS), 0);
	assert_int_equal(file_replace("look/file", span_of("seen"), 0600, NULL), 0);
	if (!PLATFORM_IS_SANITIZED) {
		assert_int_equal(with_calls(try_read, SANDBOX_BASIC | SANDBOX_SOCKETS_OPEN), EPERM);
	}
}

static int try_kill_parent(void)
{
	return errno_of(kill(getppid(), SIGURG));
}

static int try_kill_all(void)
{
	return errno_of(kill(-1, SIGURG));
}

static int try_kill_self(void)
{
	return errno_of(kill(getpid(), SIGURG));
}

static int try_raise(void)
{
	return raise(SIGURG) == 0 ? 0 : errno;
}

static int try_fork(void)
{
	pid_t pid = fork();

	if (pid == 0) {
		_exit(0);
	}
	return pid < 0 ? errno : errno_of(waitpid(pid, NULL, 0));
}

/* musl makes EAGAIN of whatever a thread, ENOMEM of whatever a mapping cannot be had for. */
static bool is_refusal(int number)
{
	return number == EPERM || number == EAGAIN || number == ENOMEM;
}

static void *do_nothing(void *context)
{
	return context;
}

static int try_thread(void)
{
	pthread_t thread;
	int error = pthread_create(&thread, NULL, do_nothing, NULL);

	return error != 0 ? error : pthread_join(thread, NULL);
}

static void signals_itself_and_nobody_else(void **state)
{
	(void)state;
	assert_int_equal(with_calls(try_kill_parent, SANDBOX_BASIC), EPERM);
	assert_int_equal(with_calls(try_kill_all, SANDBOX_BASIC), EPERM);
	assert_int_equal(with_calls(try_kill_self, SANDBOX_BASIC), 0);
	assert_int_equal(with_calls(try_raise, SANDBOX_BASIC), 0);
	assert_int_equal(with_calls(try_kill_parent, SANDBOX_BASIC | SANDBOX_CHILDREN), 0);
}

static void tells_children_from_threads(void **state)
{
	(void)state;
	assert_int_equal(with_calls(try_fork, SANDBOX_BASIC), EPERM);
	assert_int_equal(with_calls(try_fork, SANDBOX_BASIC | SANDBOX_THREADS), EPERM);
	assert_int_equal(with_calls(try_fork, SANDBOX_BASIC | SANDBOX_CHILDREN), 0);
	assert_int_equal(with_calls(try_thread, SANDBOX_BASIC | SANDBOX_THREADS), 0);
	assert_true(is_refusal(with_calls(try_thread, SANDBOX_BASIC)));
	assert_true(is_refusal(with_calls(try_thread, SANDBOX_BASIC | SANDBOX_CHILDREN)));
}

static int try_map_code(void)
{
	void *at = mmap(NULL, 4096, PROT_READ | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	return at == MAP_FAILED ? errno : 0;
}

static int try_make_code(void)
{
	void *at = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	return at == MAP_FAILED ? SETUP : errno_of(mprotect(at, 4096, PROT_READ | PROT_EXEC));
}

static int try_be_readable(void)
{
	return prctl(PR_SET_DUMPABLE, 0) != 0 ? SETUP : errno_of(prctl(PR_SET_DUMPABLE, 1));
}

static void makes_no_memory_into_code_nor_itself_readable(void **state)
{
	(void)state;
	if (PLATFORM_IS_SANITIZED) {
		skip();
	}
	assert_true(is_refusal(with_calls(try_map_code, ALL_SETS)));
	assert_int_equal(with_calls(try_make_code, ALL_SETS), EPERM);
	assert_int_equal(with_calls(try_be_readable, ALL_SETS), EPERM);
}

static int try_tighter(void)
{
	return sandbox_calls(SANDBOX_BASIC, NULL) == 0 ? 0 : EPERM;
}

static int try_tighter_in_child(void)
{
	struct trial tighter = {
		.try = try_tcp,
		.sets = SANDBOX_BASIC | SANDBOX_UNIX,
		.paths = (const struct sandbox_path[]){ { "/", false } },
		.path_count = 1,
		.is_dropping = true,
	};

	return run(&tighter);
}

static void lets_children_take_more_from_themselves(void **state)
{
	(void)state;
	assert_int_equal(with_calls(try_tighter, SANDBOX_BASIC), EPERM);
	assert_int_equal(with_calls(try_tighter_in_child, SANDBOX_BASIC | SANDBOX_CHILDREN |
								  SANDBOX_READ_FILES |
								  SANDBOX_INTERNET),
			 EPERM);
}

/* What the rest of this folder does in a sandboxed role. */
struct work {
	struct loop *loop;
	struct channel *channels[2];
	struct loop_timer *timer;
	unsigned messages;
};

static void work_message(void *context, uint8_t kind, uint64_t id, struct span body)
{
	struct work *w = context;

	w->messages += kind == 1 && id == 2 && span_is(body, "work");
}

static void work_closed(void *context)
{
	(void)context;
}

static void work_stop(void *context)
{
	struct work *w = context;

	loop_stop(w->loop);
}

static int try_work(void)
{
	static const struct channel_handler handler = { work_message, NULL, work_closed };
	struct work w = { .loop = loop_new() };
	OWNED(buffer_done) struct buffer b;
	OWNED(file_close) int lock = -1;
	char text[CLOCK_TEXT_SIZE];
	int fds[2];

	buffer_init(&b, 4096);
	if (net_pair(fds) != 0) {
		return 1;
	}
	for (size_t i = 0; i < 2; i++) {
		w.channels[i] = channel_new(w.loop, fds[i], 4096, &handler, &w);
	}
	w.timer = loop_timer(w.loop, work_stop, &w);
	loop_timer_arm(w.timer, 20);
	loop_on_signal(w.loop, SIGTERM, work_stop, &w);
	if (channel_send(w.channels[0], 1, 2, span_of("work")) != 0) {
		return 2;
	}
	loop_run(w.loop);
	clock_to_text(clock_wall_ms(), text);
	if (file_replace("in/file", span_of(text), 0600, NULL) != 0 ||
	    file_read("in/file", &b) != 0 || file_lock("in/file", &lock, NULL) != 0 ||
	    file_make_folder("in", 0700, NULL) != 0) {
		return 3;
	}
	(void)process_raise_files();
	log_debug("not shown", log_number("a", 1));
	loop_timer_free(&w.timer);
	channel_free(&w.channels[0]);
	channel_free(&w.channels[1]);
	loop_free(&w.loop);
	return w.messages == 1 ? 0 : 4;
}

static void lets_work_go_on_that_is_allowed(void **state)
{
	(void)state;
	assert_int_equal(with_calls(try_work, SANDBOX_BASIC | SANDBOX_SOCKETS_OPEN | SANDBOX_UNIX |
						      SANDBOX_READ_FILES | SANDBOX_WRITE_FILES),
			 0);
}

static int try_resolve(void)
{
	struct net_address found[4];
	size_t count = 0;

	return net_resolve("localhost", "443", found, 4, &count, NULL) == 0 && count > 0 ? 0 : 1;
}

static void resolves_names_with_files_and_the_internet(void **state)
{
	(void)state;
	assert_int_equal(with_calls(try_resolve, SANDBOX_BASIC | SANDBOX_READ_FILES |
							 SANDBOX_INTERNET | SANDBOX_SOCKETS_OPEN),
			 0);
}

/*
 * Paths and ports
 */

static long landlock_version(void)
{
	return syscall(SYS_landlock_create_ruleset, NULL, 0ul, 1u);
}

static void skip_without_landlock(long version)
{
	if (landlock_version() < version) {
		print_message("# SKIP: this kernel's Landlock is older than version %ld\n",
			      version);
		skip();
	}
}

static int with_files(attempt *try, int connect_port)
{
	const struct sandbox_path paths[] = {
		{ "in", true },
		{ "look", false },
		{ "nothing/here", true },
		{ "/dev/null", true },
	};

	return run(&(struct trial){ .try = try,
				    .paths = paths,
				    .path_count = COUNT_OF(paths),
				    .connect_port = connect_port });
}

static int try_inside(void)
{
	OWNED(buffer_done) struct buffer b;

	buffer_init(&b, 100);
	return file_replace("in/file", span_of("x"), 0600, NULL) == 0 &&
			       file_read("in/file", &b) == 0 && truncate("in/file", 0) == 0 &&
			       file_make_folder("in/a/b", 0700, NULL) == 0 &&
			       rmdir("in/a/b") == 0 && rename("in/a", "in/b") == 0 &&
			       rmdir("in/b") == 0 && unlink("in/file") == 0 &&
			       file_read("look/file", &b) == 0
		       ? 0
		       : errno;
}

static int try_shadow(void)
{
	return errno_of(open("/etc/shadow", O_RDONLY));
}

static int try_passwd(void)
{
	return errno_of(open("/etc/passwd", O_RDONLY));
}

static int try_read_outside(void)
{
	return errno_of(open("in/../out/file", O_RDONLY));
}

static int try_write_outside(void)
{
	return errno_of(open("out/new", O_WRONLY | O_CREAT, 0600));
}

static int try_move_out(void)
{
	return rename("look/file", "in/file") != 0 ? EACCES : 0;
}

static int try_device(void)
{
	return errno_of(mknod("in/null", S_IFCHR | 0600, (1 << 8) | 3));
}

static int try_remove_readonly(void)
{
	return errno_of(unlink("look/file"));
}

static int try_list_root(void)
{
	return errno_of(open("/", O_RDONLY | O_DIRECTORY));
}

static int try_exec_quietly(void)
{
	return try_exec();
}

static void reaches_only_the_paths_that_are_allowed(void **state)
{
	static attempt *const refused[] = {
		try_shadow,   try_passwd,       try_read_outside,    try_write_outside,
		try_move_out, try_write,        try_remove_readonly, try_list_root,
		try_symlink,  try_exec_quietly, try_truncate,
	};

	(void)state;
	skip_without_landlock(3);
	assert_int_equal(with_files(try_inside, 0), 0);
	for (size_t i = 0; i < COUNT_OF(refused); i++) {
		assert_int_equal(with_files(refused[i], 0), EACCES);
	}
	/* EPERM without root */
	assert_int_not_equal(with_files(try_device, 0), 0);
}

static int connect_to(const struct net_address *address)
{
	int fd = socket(AF_INET, SOCK_STREAM, 0);

	return errno_of(connect(fd, (const struct sockaddr *)&address->storage, address->length));
}

static int try_connect(void)
{
	return connect_to(&world.address);
}

static int try_connect_other(void)
{
	return connect_to(&world.other);
}

static int try_bind(void)
{
	struct sockaddr_in any = { .sin_family = AF_INET };
	int fd = socket(AF_INET, SOCK_STREAM, 0);

	return errno_of(bind(fd, (struct sockaddr *)&any, sizeof any));
}

static void connects_only_to_the_port_that_is_allowed(void **state)
{
	struct sockaddr_in in;
	int port;

	(void)state;
	skip_without_landlock(4);
	memcpy(&in, &world.address.storage, sizeof in);
	port = ntohs(in.sin_port);
	assert_int_equal(with_files(try_connect, port), 0);
	assert_int_equal(with_files(try_connect_other, port), EACCES);
	assert_int_equal(with_files(try_connect, 0), EACCES);
	assert_int_equal(with_files(try_connect, -1), 0);
	assert_int_equal(with_files(try_connect_other, -1), ECONNREFUSED);
	assert_int_equal(with_files(try_bind, -1), EACCES);
	assert_int_equal(with_files(try_bind, SANDBOX_PORTS_ANY_BOUND), 0);
	assert_int_equal(with_files(try_connect_other, SANDBOX_PORTS_ANY_BOUND), ECONNREFUSED);
}

static int try_abstract(void)
{
	struct sockaddr_un name = { .sun_family = AF_UNIX, .sun_path = "\0bartizan-sandbox-test" };
	int fd = socket(AF_UNIX, SOCK_STREAM, 0);

	return errno_of(connect(fd, (struct sockaddr *)&name, sizeof name));
}

static void speaks_to_nobody_outside_by_signal_or_abstract_socket(void **state)
{
	struct sockaddr_un name = { .sun_family = AF_UNIX, .sun_path = "\0bartizan-sandbox-test" };
	OWNED(file_close) int fd = socket(AF_UNIX, SOCK_STREAM, 0);

	(void)state;
	skip_without_landlock(6);
	assert_int_equal(bind(fd, (struct sockaddr *)&name, sizeof name), 0);
	assert_int_equal(listen(fd, 8), 0);
	assert_int_equal(with_files(try_abstract, 0), EPERM);
	assert_int_equal(with_files(try_kill_parent, 0), EPERM);
	assert_int_equal(with_files(try_kill_self, 0), 0);
}

/*
 * Privileges
 */

static int try_have_nothing(void)
{
	struct __user_cap_header_struct header = { .version = _LINUX_CAPABILITY_VERSION_3 };
	struct __user_cap_data_struct data[2] = { 0 };

	if (syscall(SYS_capget, &header, data) != 0 || data[0].permitted != 0 ||
	    data[1].permitted != 0 || data[0].effective != 0 || data[0].inheritable != 0) {
		return 1;
	}
	return prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0) == 1 ? 0 : 2;
}

static int try_bounding(void)
{
	for (int i = 0; i < 64; i++) {
		if (prctl(PR_CAPBSET_READ, i, 0, 0, 0) == 1 && i != CAP_NET_RAW) {
			return 1;
		}
	}
	return 0;
}

static int try_own_foreign(void)
{
	return errno_of(chown("look/file", 12345, 12345));
}

static int try_take_back(void)
{
	struct __user_cap_header_struct header = { .version = _LINUX_CAPABILITY_VERSION_3 };
	struct __user_cap_data_struct data[2] = { { ~0u, ~0u, 0 }, { 0, 0, 0 } };

	return errno_of(syscall(SYS_capset, &header, data));
}

static int with_privileges(attempt *try, const int *keep)
{
	return run(&(struct trial){ .try = try, .keep = keep, .is_dropping = true });
}

static void keeps_no_privilege_that_it_did_not_ask_for(void **state)
{
	static const int none[] = { -1 };
	static const int raw[] = { CAP_NET_RAW, -1 };

	(void)state;
	assert_int_equal(with_privileges(try_have_nothing, none), 0);
	assert_int_equal(with_privileges(try_take_back, none), EPERM);
	if (!process_is_root()) {
		print_message("# SKIP: what root keeps can be tried by root only\n");
		skip();
	}
	assert_int_equal(with_privileges(try_own_foreign, none), EPERM);
	assert_int_equal(with_privileges(try_raw, none), EPERM);
	assert_int_equal(with_privileges(try_raw, raw), 0);
	assert_int_equal(with_privileges(try_bounding, raw), 0);
	assert_int_equal(with_privileges(try_own_foreign, raw), EPERM);
}

static int become_nobody(void)
{
	return setuid(65534) != 0 ? SETUP : 0;
}

static int try_tell_what_it_has(void)
{
	return sandbox_has(CAP_NET_RAW) && !sandbox_has(CAP_CHOWN) && !sandbox_has(39) ? 0 : 1;
}

static void tells_which_privileges_it_has(void **state)
{
	static const int raw[] = { CAP_NET_RAW, -1 };

	(void)state;
	if (!process_is_root()) {
		skip();
	}
	assert_int_equal(with_privileges(try_tell_what_it_has, raw), 0);
}

static int try_drop_as_nobody(void)
{
	static const int none[] = { -1 };

	return become_nobody() != 0 || sandbox_privileges(none, NULL) != 0 ? 1 : try_have_nothing();
}

static void works_without_root(void **state)
{
	(void)state;
	if (!process_is_root()) {
		skip(); /* the test before was it */
	}
	assert_int_equal(run(&(struct trial){ .try = try_drop_as_nobody }), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(kills_whoever_executes_traces_mounts_or_loads_code),
		cmocka_unit_test(refuses_what_is_in_no_set),
		cmocka_unit_test(hides_clone3_and_refuses_the_x32_interface),
		cmocka_unit_test(opens_only_sockets_of_the_families_that_are_allowed),
		cmocka_unit_test(connects_no_socket_that_was_open_before),
		cmocka_unit_test(opens_files_for_reading_only_where_no_more_is_allowed),
		cmocka_unit_test(signals_itself_and_nobody_else),
		cmocka_unit_test(tells_children_from_threads),
		cmocka_unit_test(makes_no_memory_into_code_nor_itself_readable),
		cmocka_unit_test(lets_children_take_more_from_themselves),
		cmocka_unit_test(lets_work_go_on_that_is_allowed),
		cmocka_unit_test(resolves_names_with_files_and_the_internet),
		cmocka_unit_test(reaches_only_the_paths_that_are_allowed),
		cmocka_unit_test(connects_only_to_the_port_that_is_allowed),
		cmocka_unit_test(speaks_to_nobody_outside_by_signal_or_abstract_socket),
		cmocka_unit_test(keeps_no_privilege_that_it_did_not_ask_for),
		cmocka_unit_test(tells_which_privileges_it_has),
		cmocka_unit_test(works_without_root),
	};
	return cmocka_run_group_tests(tests, make_world, end_world);
}
