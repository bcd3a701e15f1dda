/* state.c - a folder of mode 0700 and small files, each replaced whole. */
#include "sensor/state.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "sensor/clone.h"
#include "sensor/identity.h"
#include "sensor/secret.h"
#include "base/error.h"
#include "sys/alloc.h"
#include "sys/file.h"
#include "sys/log.h"

#define SERVER_MAX 512
#define CA_MAX     65536
#define TOKEN_MAX  1024

static int path_in(const struct state *state, const char *name, char out[STATE_PATH_SIZE],
		   struct why *why)
{
	int len = snprintf(out, STATE_PATH_SIZE, "%s/%s", state->folder, name);

	return len < 0 || len >= STATE_PATH_SIZE
		       ? why_set(why, ERR_LIMIT, "the path of the state folder is too long")
		       : 0;
}

/* It holds a key: nobody else may have prepared it, nobody else may look in. */
static int check_folder(const char *path, struct why *why)
{
	struct stat status;

	if (stat(path, &status) < 0) {
		return why_set(why, ERR_IO, "cannot look at %s: %s", path, strerror(errno));
	}
	if (status.st_uid != geteuid()) {
		return why_set(
			why, ERR_DENIED,
			"%s belongs to user %u, not to %u who runs this agent: start it as that "
			"user, or give another --state",
			path, (unsigned)status.st_uid, (unsigned)geteuid());
	}
	if ((status.st_mode & (S_IRWXG | S_IRWXO)) != 0 && chmod(path, S_IRWXU) < 0) {
		return why_set(why, ERR_DENIED, "cannot make %s private: %s", path,
			       strerror(errno));
	}
	return 0;
}

static int make_folders(struct state *state, struct why *why)
{
	int error = path_in(state, "key", state->key_folder, why);

	if (error == 0) {
		error = file_make_folder(state->folder, S_IRWXU, why);
	}
	if (error == 0) {
		error = check_folder(state->folder, why);
	}
	return error == 0 ? file_make_folder(state->key_folder, S_IRWXU, why) : error;
}

static bool read_remembered(const struct state *state, const char *name, struct buffer *out)
{
	char path[STATE_PATH_SIZE];

	return path_in(state, name, path, NULL) == 0 && file_read(path, out) == 0;
}

/* What was left in the folder goes where the connector may remove it. */
static void take_left_token(struct state *state)
{
	char left[STATE_PATH_SIZE];
	char kept[STATE_PATH_SIZE];

	if (path_in(state, "token", left, NULL) != 0 ||
	    path_in(state, "key/token", kept, NULL) != 0) {
		return;
	}
	(void)rename(left, kept); /* mostly there is none */
	if (file_read(kept, &state->token) != 0) {
		buffer_clear(&state->token);
	}
}

static int remember(const struct state *state, const char *name, struct span bytes, struct why *why)
{
	char path[STATE_PATH_SIZE];
	int error = path_in(state, name, path, why);

	return error == 0 ? file_replace(path, bytes, S_IRUSR | S_IWUSR, why) : error;
}

/* An address as somebody would have written it; what a damaged file holds is never shown. */
static bool is_plain(struct span text)
{
	for (size_t i = 0; i < text.len; i++) {
		if (text.ptr[i] <= ' ' || text.ptr[i] > '~') {
			return false;
		}
	}
	return true;
}

static int recall_server(struct state *state, struct why *why)
{
	struct buffer remembered OWNED(buffer_done);
	struct span server;

	buffer_init(&remembered, SERVER_MAX);
	if (!read_remembered(state, "server", &remembered)) {
		return why_set(why, ERR_USAGE,
			       "no server is known yet: give --server HOST:PORT, --ca FILE and "
			       "--token T (bartizan enroll-token makes one)");
	}
	server = span_trim(buffer_span(&remembered));
	if (!is_plain(server) || net_split(server, state->host, state->port, why) != 0) {
		return why_set(why, ERR_USAGE,
			       "the file \"server\" in %s is damaged: give --server HOST:PORT once",
			       state->folder);
	}
	return 0;
}

static int settle_server(struct state *state, const struct state_request *request, struct why *why)
{
	struct span server = span_of(request->server);
	int error;

	if (server.len == 0) {
		return recall_server(state, why);
	}
	error = net_split(server, state->host, state->port, why);
	return error == 0 ? remember(state, "server", server, why) : error;
}

/* Another CA than before means another platform: what this agent was given by the first one is
 * void. */
static int change_ca(struct state *state, const struct state_request *request, struct span known,
		     struct why *why)
{
	struct span given = buffer_span(&state->ca_pem);

	if (span_equal(given, known)) {
		return 0;
	}
	if (known.len > 0 && identity_exists(state->key_folder)) {
		if (!request->has_token) {
			return why_set(
				why, ERR_USAGE,
				"%s is not the CA that this agent was enrolled with: give --token "
				"to enrol with the new one, or leave --ca out",
				request->ca_file);
		}
		identity_forget(state->key_folder);
	}
	return remember(state, "ca.pem", given, why);
}

static int settle_ca(struct state *state, const struct state_request *request, struct why *why)
{
	struct buffer known OWNED(buffer_done);
	int error;

	buffer_init(&known, CA_MAX);
	if (!read_remembered(state, "ca.pem", &known)) {
		buffer_clear(&known);
	}
	if (request->ca_file == NULL || request->ca_file[0] == '\0') {
		return known.len == 0 ? why_set(why, ERR_USAGE,
						"no CA is known yet: give --ca FILE (ca.pem in the "
						"server's "
						"data folder)")
				      : buffer_append(&state->ca_pem, buffer_span(&known));
	}
	error = file_read(request->ca_file, &state->ca_pem);
	if (error != 0) {
		return why_set(why, error, "cannot read the CA %s: %s", request->ca_file,
			       error_text(error));
	}
	return change_ca(state, request, buffer_span(&known), why);
}

/* What was told for another machine, and what happened there. */
static void discard_memory(const struct state *state)
{
	static const char *const names[] = { "snapshot.0", "snapshot.1", "events", "policy" };

	for (size_t i = 0; i < COUNT_OF(names); i++) {
		char path[STATE_PATH_SIZE];

		if (path_in(state, names[i], path, NULL) == 0) {
			(void)unlink(path);
		}
	}
}

/* The key is another machine's. First it is marked, so that whatever fails in between it is never
 * taken for our own. */
static int become_another(const struct state *state, bool is_token_given, struct why *why)
{
	int error = 0;

	log_warn("this state folder was copied from another machine",
		 log_text("folder", state->folder),
		 log_text("do", is_token_given
					? "nothing: this machine enrols with the token"
					: "nothing: this machine enrols anew, as an asset of its "
					  "own; the server tells its operator"));
	if (is_token_given) {
		identity_forget(state->key_folder);
	} else if (identity_exists(state->key_folder)) {
		error = identity_mark_cloned(state->key_folder, why);
	}
	if (error == 0) {
		discard_memory(state);
	}
	return error;
}

static int settle_machine(const struct state *state, const struct state_request *request,
			  struct why *why)
{
	enum clone_verdict verdict;
	int error = 0;

	if (request->machine_root == NULL) {
		return 0;
	}
	verdict = clone_check(state->folder, request->machine_root);
	if (verdict == CLONE_COPIED) {
		error = become_another(state, request->has_token, why);
	} else if (verdict == CLONE_RESTORED) {
		log_info("this state folder was put back on its machine, the identity stays",
			 log_text("folder", state->folder));
	}
	return error != 0 || verdict == CLONE_SAME
		       ? error
		       : clone_remember(state->folder, request->machine_root, why);
}

static bool has_token(const struct state *state, const struct state_request *request)
{
	return request->has_token || span_trim(buffer_span(&state->token)).len > 0;
}

int state_open(const struct state_request *given, struct state *out, struct why *why)
{
	struct state_request request = *given;
	struct state state = { .lock_fd = -1 };
	char lock[STATE_PATH_SIZE];
	int error;

	buffer_init(&state.ca_pem, CA_MAX);
	buffer_init(&state.token, TOKEN_MAX);
	if (strlen(request.folder) >= sizeof state.folder) {
		return why_set(why, ERR_LIMIT, "the path of the state folder is too long");
	}
	memcpy(state.folder, request.folder, strlen(request.folder) + 1);
	error = make_folders(&state, why);
	if (error == 0) {
		error = path_in(&state, "lock", lock, why);
	}
	if (error == 0) {
		error = file_lock(lock, &state.lock_fd, why);
	}
	if (error == 0) {
		take_left_token(&state);
		request.has_token = has_token(&state, given);
		error = settle_server(&state, &request, why);
	}
	if (error == 0) {
		error = settle_ca(&state, &request, why);
	}
	if (error == 0) {
		error = settle_machine(&state, &request, why);
	}
	if (error == 0 && !request.has_token && !identity_exists(state.key_folder)) {
		error = why_set(
			why, ERR_USAGE,
			"this agent is not enrolled yet: give --token T (bartizan enroll-token "
			"makes one)");
	}
	if (error != 0) {
		state_close(&state);
		return error;
	}
	*out = state;
	return 0;
}

void state_close(struct state *state)
{
	file_close(&state->lock_fd);
	buffer_done(&state->ca_pem);
	buffer_done(&state->token);
}

char *state_take_token(struct state *state)
{
	struct span text = span_trim(buffer_span(&state->token));
	char *token = text.len > 0 ? alloc_span(text) : NULL;

	secret_wipe(buffer_span(&state->token));
	buffer_clear(&state->token);
	return token;
}

/* Two files, "NAME.0" and "NAME.1", to be written in turn. */
static int open_pair(const struct state *state, const char *stem, int out_fds[STATE_SNAPSHOTS],
		     struct why *why)
{
	int fds[STATE_SNAPSHOTS];

	for (int i = 0; i < STATE_SNAPSHOTS; i++) {
		char name[16];
		char path[STATE_PATH_SIZE];
		int error;

		snprintf(name, sizeof name, "%s.%d", stem, i);
		error = path_in(state, name, path, why);
		if (error == 0) {
			fds[i] = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW,
				      S_IRUSR | S_IWUSR);
			error = fds[i] < 0 ? why_set(why, ERR_IO, "cannot open %s: %s", path,
						     strerror(errno))
					   : 0;
		}
		if (error != 0) {
			while (i-- > 0) {
				close(fds[i]);
			}
			return error;
		}
	}
	memcpy(out_fds, fds, sizeof fds);
	return 0;
}

int state_open_snapshots(const struct state *state, int out_fds[STATE_SNAPSHOTS], struct why *why)
{
	return open_pair(state, "snapshot", out_fds, why);
}

int state_open_hashes(const struct state *state, int out_fds[STATE_SNAPSHOTS], struct why *why)
{
	return open_pair(state, "hashes", out_fds, why);
}

int state_open_file(const struct state *state, const char *name, struct why *why)
{
	char path[STATE_PATH_SIZE];
	int fd;

	if (path_in(state, name, path, why) != 0) {
		return -1;
	}
	fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, S_IRUSR | S_IWUSR);
	if (fd < 0) {
		(void)why_set(why, ERR_IO, "cannot open %s: %s", path, strerror(errno));
	}
	return fd;
}
