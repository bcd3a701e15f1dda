/* ingest_role.c - ingest as a process: its files, its rights, its loop. */
#include "base/error.h"
#include "server/ingest/ingest.h"
#include "server/ingest/limits.h"
#include "sys/buffer.h"
#include "sys/clock.h"
#include "sys/file.h"
#include "sys/log.h"
#include "sys/process.h"
#include "sys/sandbox.h"

#include <signal.h>
#include <stdio.h>

#define PEM_BYTES_MAX 65536

/* How long the last words of a role that ends may take. */
#define LAST_WORDS_MS 1000

static int read_part(const char *folder, const char *name, struct buffer *out, struct why *why)
{
	char path[4096];
	int error;

	buffer_init(out, PEM_BYTES_MAX);
	snprintf(path, sizeof path, "%s/%s", folder, name);
	error = file_read(path, out);
	return error == 0 ? 0 : why_set(why, error, "%s: %s", path, error_text(error));
}

static int take_rights(struct why *why)
{
	static const int none[] = { -1 };
	int error = sandbox_privileges(none, why);

	if (error == 0) {
		error = sandbox_files(NULL, 0, 0, why);
	}
	if (error == ERR_UNSUPPORTED) {
		log_warn("this kernel cannot take all file access from ingest",
			 log_text("reason", why->text));
		error = 0;
	}
	/* no call that opens a file is allowed, with or without Landlock */
	return error != 0 ? error
			  : sandbox_calls(SANDBOX_BASIC | SANDBOX_SOCKETS_OPEN | SANDBOX_UNIX, why);
}

static int open_role(const struct role_config *role, struct loop *loop, struct ingest **out,
		     struct why *why)
{
	struct buffer ca OWNED(buffer_done) = { 0 };
	struct buffer certificate OWNED(buffer_done) = { 0 };
	struct buffer key OWNED(buffer_done) = { 0 };
	uint64_t files = process_raise_files();
	struct ingest_config config = {
		.listen_fd = role->listen_fd,
		.bus_path = role->bus_path,
		.connections_max = files > 2 * FILES_RESERVED ? (size_t)files - FILES_RESERVED
							      : FILES_RESERVED,
		.handshake_ms = HANDSHAKE_MS,
		.hello_ms = HELLO_MS,
		.frame_ms = FRAME_MS,
		.est_ms = EST_MS,
	};
	int error = read_part(role->data_folder, "ca.pem", &ca, why);

	error = error != 0 ? error : read_part(role->data_folder, "server.pem", &certificate, why);
	error = error != 0 ? error : read_part(role->data_folder, "server.key", &key, why);
	if (error != 0) {
		return error;
	}
	config.ca_pem = buffer_span(&ca);
	config.certificate_pem = buffer_span(&certificate);
	config.key_pem = buffer_span(&key);
	error = ingest_open(loop, &config, out, why);
	return error != 0 ? error : take_rights(why);
}

static void on_term(void *context)
{
	loop_stop(context);
}

int ingest_run(const struct role_config *config)
{
	struct ingest *ingest = NULL;
	struct loop *loop = loop_new();
	struct why why;
	int64_t deadline_ms;
	int status = 0;

	process_protect_memory();
	loop_on_signal(loop, SIGTERM, on_term, loop);
	if (open_role(config, loop, &ingest, &why) != 0) {
		status = role_failed(config, why.text);
		goto out;
	}
	role_ready(config);
	loop_run(loop);
	ingest_say_goodbye(ingest);
	deadline_ms = clock_ms() + LAST_WORDS_MS;
	while (!ingest_is_empty(ingest) && clock_ms() < deadline_ms) {
		loop_turn(loop, 50);
	}
out:
	ingest_close(&ingest);
	loop_free(&loop);
	return status;
}
