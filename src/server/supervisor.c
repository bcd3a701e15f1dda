/* supervisor.c - starting, restarting and ending the roles. */
#include "server/supervisor.h"

#include "base/error.h"
#include "base/mem.h"
#include "server/data_folder.h"
#include "sys/alloc.h"
#include "sys/clock.h"
#include "sys/file.h"
#include "sys/log.h"
#include "sys/loop.h"
#include "sys/process.h"
#include "sys/sandbox.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

/* A role that dies is started again at once, and if it dies again before it was ready for
 * STEADY_MS, after a pause that doubles. */
#define PAUSE_FIRST_MS 100
#define PAUSE_LAST_MS  5000
#define STEADY_MS      10000

/* How long a role may take to get ready (the engine may have much to repair), and to end. */
#define READY_MS 120000
#define STOP_MS  10000

enum phase { PHASE_STARTING, PHASE_SERVING, PHASE_STOPPING };

struct supervisor;

/* One role's process, now or next. */
struct child {
	struct supervisor *supervisor;
	unsigned number; /* ROLE_ENGINE, ... */
	pid_t pid;       /* 0: none */
	int ready_fd;    /* our end of its pipe, -1 when it has said its word */
	struct loop_watch *ready_watch;
	struct loop_timer *timer; /* the restart's pause, or the time to get ready */
	bool is_ready;
	int64_t ready_ms;
	int64_t pause_ms;
};

struct supervisor {
	const struct supervisor_config *config;
	char folder[DATA_FOLDER_PATH_SIZE];
	char api_bus_path[DATA_FOLDER_BUS_PATH_SIZE];
	char sensors_text[NET_TEXT_SIZE];
	char api_text[NET_TEXT_SIZE];
	int lock_fd;
	int sensors_fd;
	int api_fd;
	int bus_fd;
	int api_bus_fd;
	int feeds_bus_fd;
	struct loop *loop;
	struct loop_timer *stop_timer;
	enum phase phase;
	int status;
	struct child children[ROLE_COUNT];
};

static const char *name_of(const struct child *c)
{
	return c->supervisor->config->roles[c->number]->name;
}

/* --- in the child --- */

static void fill_config(const struct supervisor *s, unsigned role, struct role_config *out)
{
	*out = (struct role_config){
		.data_folder = s->folder,
		.listen_fd = role == ROLE_ENGINE   ? s->bus_fd
			     : role == ROLE_INGEST ? s->sensors_fd
			     : role == ROLE_API    ? s->api_fd
						   : -1,
		.api_listen_fd = role == ROLE_ENGINE ? s->api_bus_fd : -1,
		.feeds_listen_fd = role == ROLE_ENGINE ? s->feeds_bus_fd : -1,
		.bus_path = role == ROLE_API     ? s->api_bus_path
			    : role == ROLE_FEEDS ? DATA_FOLDER_FEEDS_BUS_PATH
						 : DATA_FOLDER_BUS_PATH,
		.ready_fd = -1,
		.cert_life_s = s->config->cert_life_s,
		.is_verbose = s->config->is_verbose,
		.sensors_address = s->sensors_text,
		.api_address = s->api_text,
		.is_offline = s->config->is_offline,
		.feed_mirrors = s->config->feed_mirrors,
		.feed_proxy = s->config->feed_proxy,
		.resolver = s->config->resolver,
		.may_prove_private = s->config->may_prove_private,
	};
}

static int run_child(void *context)
{
	struct child *c = context;
	struct supervisor *s = c->supervisor;
	struct role_config config;
	int kept[4];

	/* a terminal sends Ctrl-C to all: the order of ending is the supervisor's */
	(void)signal(SIGINT, SIG_IGN);
	(void)signal(SIGHUP, SIG_IGN);
	fill_config(s, c->number, &config);
	config.ready_fd = c->ready_fd;
	kept[0] = config.listen_fd;
	kept[1] = config.api_listen_fd;
	kept[2] = config.feeds_listen_fd;
	kept[3] = config.ready_fd;
	process_close_all_but(kept, COUNT_OF(kept));
	if (c->number == ROLE_INGEST || c->number == ROLE_FEEDS) {
		mem_zero(s->api_bus_path, sizeof s->api_bus_path); /* see role.h */
	}
	log_open(name_of(c), s->config->is_verbose ? LOG_DEBUG : LOG_INFO);
	return s->config->roles[c->number]->run(&config);
}

/* --- starting --- */

static void forget_ready(struct child *c)
{
	loop_unwatch(&c->ready_watch);
	file_close(&c->ready_fd);
}

static void stop(struct supervisor *s, int status);

static void announce(struct supervisor *s)
{
	for (unsigned i = 0; i < ROLE_COUNT; i++) {
		if (s->config->roles[i] != NULL && !s->children[i].is_ready) {
			return;
		}
	}
	if (s->phase == PHASE_STARTING) {
		s->phase = PHASE_SERVING;
		printf("ready sensors=%s api=https://%s\n", s->sensors_text, s->api_text);
		fflush(stdout);
	}
}

static void fail_start(struct child *c, const char *reason)
{
	log_error("cannot start", log_text("role", name_of(c)), log_text("reason", reason));
	stop(c->supervisor, 1);
}

/* Reads what the role said: '+', or '-' and a reason. False where there is nothing (yet). */
static bool read_word(struct child *c)
{
	char word[1024];
	ssize_t len = c->ready_fd < 0 ? -1 : read(c->ready_fd, word, sizeof word - 1);

	if (len < 0) {
		return false;
	}
	forget_ready(c);
	word[len] = '\0';
	if (len > 0 && word[0] == '+') {
		c->is_ready = true;
		c->ready_ms = clock_ms();
		loop_timer_disarm(c->timer);
		announce(c->supervisor);
	} else if (len > 1 && c->supervisor->phase == PHASE_STARTING) {
		fail_start(c, word + 1);
	}
	return true;
}

static void on_word(void *context, unsigned events)
{
	(void)events;
	(void)read_word(context);
}

static void start(struct child *c)
{
	struct supervisor *s = c->supervisor;
	int ends[2];

	if (pipe2(ends, O_CLOEXEC | O_NONBLOCK) != 0) {
		log_error("cannot make a pipe", log_text("reason", strerror(errno)));
		loop_timer_arm(c->timer, PAUSE_LAST_MS);
		return;
	}
	c->ready_fd = ends[1]; /* the child's copy of this struct takes that end */
	c->is_ready = false;
	if (process_spawn(name_of(c), run_child, c, &c->pid) != 0) {
		log_error("cannot fork", log_text("role", name_of(c)),
			  log_text("reason", strerror(errno)));
		close(ends[0]);
		close(ends[1]);
		c->ready_fd = -1;
		c->pid = 0;
		loop_timer_arm(c->timer, PAUSE_LAST_MS);
		return;
	}
	close(ends[1]);
	c->ready_fd = ends[0];
	c->ready_watch = loop_watch(s->loop, c->ready_fd, LOOP_READ, on_word, c);
	loop_timer_arm(c->timer, READY_MS);
}

/* Either the pause before a restart is over, or the time to get ready. */
static void on_timer(void *context)
{
	struct child *c = context;

	if (c->supervisor->phase == PHASE_STOPPING) {
		return;
	}
	if (c->pid == 0) {
		start(c);
	} else if (c->supervisor->phase == PHASE_STARTING) {
		fail_start(c, "it did not get ready in time");
	} else {
		log_error("a role did not get ready in time; it is killed",
			  log_text("role", name_of(c)));
		(void)kill(c->pid, SIGKILL);
	}
}

/* --- ending --- */

static void signal_role(struct supervisor *s, unsigned role, int signal_number)
{
	if (s->children[role].pid > 0) {
		(void)kill(s->children[role].pid, signal_number);
	}
}

/* Whether a role lives that tells the engine something. */
static bool is_feeding(const struct supervisor *s)
{
	return s->children[ROLE_INGEST].pid > 0 || s->children[ROLE_API].pid > 0 ||
	       s->children[ROLE_FEEDS].pid > 0;
}

static void signal_feeding(struct supervisor *s, int signal_number)
{
	signal_role(s, ROLE_INGEST, signal_number);
	signal_role(s, ROLE_API, signal_number);
	signal_role(s, ROLE_FEEDS, signal_number);
}

/* What feeds the engine first, then the engine, which commits all that it was fed. */
static void stop_next(struct supervisor *s)
{
	if (is_feeding(s)) {
		return;
	}
	if (s->children[ROLE_ENGINE].pid > 0) {
		signal_role(s, ROLE_ENGINE, SIGTERM);
		loop_timer_arm(s->stop_timer, STOP_MS);
		return;
	}
	loop_stop(s->loop);
}

static void stop(struct supervisor *s, int status)
{
	if (s->phase == PHASE_STOPPING) {
		return;
	}
	s->phase = PHASE_STOPPING;
	s->status = status;
	signal_feeding(s, SIGTERM);
	loop_timer_arm(s->stop_timer, STOP_MS);
	stop_next(s);
}

static void on_stop_signal(void *context)
{
	struct supervisor *s = context;

	log_info("ending", log_text("reason", "signal"));
	stop(s, 0);
}

static void on_stop_timer(void *context)
{
	struct supervisor *s = context;
	bool is_engine_next = !is_feeding(s);

	log_error("a role did not end in time; it is killed",
		  log_text("role", is_engine_next ? "engine" : "ingest, api or feeds"));
	if (is_engine_next) {
		s->status = 1;
		signal_role(s, ROLE_ENGINE, SIGKILL);
	} else {
		signal_feeding(s, SIGKILL);
	}
}

/* --- deaths --- */

static void log_death(const struct child *c, int status)
{
	if (WIFSIGNALED(status)) {
		log_error("a role was killed", log_text("role", name_of(c)),
			  log_text("signal", sigabbrev_np(WTERMSIG(status))));
	} else {
		log_error("a role ended", log_text("role", name_of(c)),
			  log_number("status", WEXITSTATUS(status)));
	}
}

static void restart(struct child *c)
{
	bool was_steady = c->is_ready && clock_ms() - c->ready_ms >= STEADY_MS;

	c->is_ready = false;
	if (was_steady) {
		c->pause_ms = 0;
	}
	loop_timer_arm(c->timer, c->pause_ms);
	c->pause_ms = c->pause_ms == 0 ? PAUSE_FIRST_MS : 2 * c->pause_ms;
	if (c->pause_ms > PAUSE_LAST_MS) {
		c->pause_ms = PAUSE_LAST_MS;
	}
}

static void bury(struct child *c, int status)
{
	struct supervisor *s = c->supervisor;

	(void)read_word(c); /* its last one may not have been read yet */
	forget_ready(c);
	loop_timer_disarm(c->timer);
	c->pid = 0;
	if (s->phase == PHASE_STOPPING) {
		stop_next(s);
		return;
	}
	log_death(c, status);
	if (s->phase == PHASE_STARTING && !c->is_ready) {
		fail_start(c, "it ended before it was ready");
		return;
	}
	restart(c);
}

static void on_child(void *context)
{
	struct supervisor *s = context;
	int status;
	pid_t pid;

	while ((pid = waitpid(-1, &status, WNOHANG)) > 0) {
		for (unsigned i = 0; i < ROLE_COUNT; i++) {
			if (s->children[i].pid == pid) {
				bury(&s->children[i], status);
			}
		}
	}
}

/* --- sockets and the folder --- */

static int bind_tcp(const struct net_address *address, int *out_fd, char out_text[NET_TEXT_SIZE],
		    struct net_address *out_bound, struct why *why)
{
	int error = net_listen(address, out_fd, out_bound, why);

	if (error == 0) {
		net_address_text(out_bound, out_text);
	}
	return error;
}

static int prepare(struct supervisor *s, struct why *why)
{
	struct net_address sensors;
	struct net_address api;
	int error = data_folder_enter(s->config->data_folder, s->folder, why);

	error = error != 0 ? error : data_folder_lock(s->folder, &s->lock_fd, why);
	error = error != 0 ? error
			   : bind_tcp(&s->config->sensors, &s->sensors_fd, s->sensors_text,
				      &sensors, why);
	error = error != 0 ? error : bind_tcp(&s->config->api, &s->api_fd, s->api_text, &api, why);
	error = error != 0 ? error : data_folder_prepare(s->folder, &sensors, &api, why);
	if (error != 0) {
		return error;
	}
	data_folder_new_api_bus_path(s->api_bus_path);
	error = net_unix_listen(DATA_FOLDER_BUS_PATH, &s->bus_fd, why);
	error = error != 0 ? error : net_unix_listen(s->api_bus_path, &s->api_bus_fd, why);
	error = error != 0 ? error
			   : net_unix_listen(DATA_FOLDER_FEEDS_BUS_PATH, &s->feeds_bus_fd, why);
	return error != 0
		       ? error
		       : data_folder_write_addresses(s->folder, s->sensors_text, s->api_text, why);
}

static void init(struct supervisor *s, const struct supervisor_config *config)
{
	mem_zero(s, sizeof *s);
	s->config = config;
	s->lock_fd = -1;
	s->sensors_fd = -1;
	s->api_fd = -1;
	s->bus_fd = -1;
	s->api_bus_fd = -1;
	s->feeds_bus_fd = -1;
	s->loop = loop_new();
	s->stop_timer = loop_timer(s->loop, on_stop_timer, s);
	for (unsigned i = 0; i < ROLE_COUNT; i++) {
		s->children[i] = (struct child){ .supervisor = s, .number = i, .ready_fd = -1 };
		s->children[i].timer = loop_timer(s->loop, on_timer, &s->children[i]);
	}
}

static void done(struct supervisor *s)
{
	for (unsigned i = 0; i < ROLE_COUNT; i++) {
		forget_ready(&s->children[i]);
		loop_timer_free(&s->children[i].timer);
	}
	loop_timer_free(&s->stop_timer);
	loop_free(&s->loop);
	file_close(&s->sensors_fd);
	file_close(&s->api_fd);
	file_close(&s->bus_fd);
	file_close(&s->api_bus_fd);
	file_close(&s->feeds_bus_fd);
	file_close(&s->lock_fd);
}

/* What roles take from themselves further is theirs; nobody below the supervisor can have more than
 * this. */
static int take_rights(const struct supervisor *s, struct why *why)
{
	static const int none[] = { -1 };
	const struct sandbox_path paths[] = {
		{ .path = s->folder, .is_writable = true },
		{ .path = "/" }, /* what libraries read: time zones, their configuration */
	};
	/* feeds are fetched by a child of a child */
	bool is_online = s->config->roles[ROLE_FEEDS] != NULL && !s->config->is_offline;
	int error = sandbox_privileges(none, why);

	if (error == 0) {
		error = sandbox_files(paths, COUNT_OF(paths), is_online ? -1 : 0, why);
	}
	if (error == ERR_UNSUPPORTED) {
		log_warn("this kernel cannot restrict which files are written",
			 log_text("reason", why->text));
		error = 0;
	}
	return error != 0 ? error
			  : sandbox_calls(SANDBOX_BASIC | SANDBOX_READ_FILES | SANDBOX_WRITE_FILES |
						  SANDBOX_SOCKETS_OPEN | SANDBOX_UNIX |
						  SANDBOX_CHILDREN | SANDBOX_THREADS |
						  (is_online ? SANDBOX_INTERNET : 0),
					  why);
}

int supervisor_run(const struct supervisor_config *config)
{
	struct supervisor *s = alloc_zeroed(1, sizeof *s);
	struct why why;
	int status;

	log_open("supervisor", config->is_verbose ? LOG_DEBUG : LOG_INFO);
	init(s, config);
	if (prepare(s, &why) != 0 || take_rights(s, &why) != 0) {
		log_error("cannot start", log_text("reason", why.text));
		s->status = 1;
		goto out;
	}
	loop_on_signal(s->loop, SIGTERM, on_stop_signal, s);
	loop_on_signal(s->loop, SIGINT, on_stop_signal, s);
	loop_on_signal(s->loop, SIGCHLD, on_child, s);
	for (unsigned i = 0; i < ROLE_COUNT; i++) {
		if (config->roles[i] != NULL) {
			start(&s->children[i]);
		}
	}
	loop_run(s->loop);
out:
	status = s->status;
	done(s);
	free(s);
	return status;
}

/* --- one role alone --- */

static int prepare_alone(struct supervisor *s, unsigned role, struct why *why)
{
	struct net_address bound;
	int error = data_folder_enter(s->config->data_folder, s->folder, why);

	if (error != 0) {
		return error;
	}
	net_address_text(&s->config->sensors, s->sensors_text);
	net_address_text(&s->config->api, s->api_text);
	switch (role) {
	case ROLE_INGEST:
		return bind_tcp(&s->config->sensors, &s->sensors_fd, s->sensors_text, &bound, why);
	case ROLE_API:
		error = data_folder_api_bus_path(s->api_bus_path, why);
		return error != 0 ? error
				  : bind_tcp(&s->config->api, &s->api_fd, s->api_text, &bound, why);
	case ROLE_FEEDS:
		return 0;
	default:
		error = data_folder_lock(s->folder, &s->lock_fd, why);
		error = error != 0 ? error
				   : data_folder_prepare(s->folder, &s->config->sensors,
							 &s->config->api, why);
		if (error != 0) {
			return error;
		}
		data_folder_new_api_bus_path(s->api_bus_path);
		error = net_unix_listen(DATA_FOLDER_BUS_PATH, &s->bus_fd, why);
		error = error != 0 ? error : net_unix_listen(s->api_bus_path, &s->api_bus_fd, why);
		return error != 0
			       ? error
			       : net_unix_listen(DATA_FOLDER_FEEDS_BUS_PATH, &s->feeds_bus_fd, why);
	}
}

int supervisor_run_alone(const struct supervisor_config *config, unsigned role)
{
	struct supervisor *s = alloc_zeroed(1, sizeof *s);
	struct role_config role_config;
	struct why why;
	int status = 1;

	log_open(config->roles[role]->name, config->is_verbose ? LOG_DEBUG : LOG_INFO);
	init(s, config);
	if (prepare_alone(s, role, &why) != 0) {
		log_error("cannot start", log_text("reason", why.text));
	} else {
		fill_config(s, role, &role_config);
		status = config->roles[role]->run(&role_config);
	}
	done(s);
	free(s);
	return status;
}
