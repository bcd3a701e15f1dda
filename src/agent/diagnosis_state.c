/* diagnosis_state.c - the state folder as it lies there; nothing of it is opened for writing. */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "sensor/clone.h"
#include "agent/diagnosis.h"
#include "sensor/identity.h"
#include "sensor/policy_store.h"
#include "base/error.h"
#include "base/text.h"
#include "sys/buffer.h"
#include "sys/clock.h"
#include "sys/file.h"
#include "sys/net.h"
#include "sys/pki.h"

#define GROUP       "state folder and server"
#define PATH_SIZE   4200
#define PATIENCE_MS 3000
#define SMALL_MAX   65536

static void path_of(const char *folder, const char *name, char out[PATH_SIZE])
{
	snprintf(out, PATH_SIZE, "%s/%s", folder, name);
}

static void check_certificate(struct diagnosis *d, const struct identity *identity)
{
	struct pki_certificate_facts facts;
	struct buffer der OWNED(buffer_done);
	char until[CLOCK_TEXT_SIZE];

	buffer_init(&der, SMALL_MAX);
	if (pki_pem_to_der(identity->certificate_pem, &der, NULL) != 0 ||
	    pki_certificate_facts(buffer_span(&der), &facts, NULL) != 0) {
		diagnosis_add(d, GROUP, "identity", DIAGNOSIS_BAD,
			      "the certificate cannot be read; start the agent once with a new "
			      "--token");
		return;
	}
	clock_to_text(facts.not_after_s * 1000, until);
	diagnosis_add(d, GROUP, "identity", DIAGNOSIS_OK,
		      "sensor %s of tenant %s, certificate until %s (it renews itself)",
		      facts.common_name, facts.organization, until);
}

static void check_identity(struct diagnosis *d, const char *folder)
{
	struct identity identity;
	struct why why = { .text = "" };
	char key_folder[PATH_SIZE];
	int error;

	path_of(folder, "key", key_folder);
	identity_init(&identity);
	error = identity_load(key_folder, &identity, &why);
	if (error != 0) {
		diagnosis_add(d, GROUP, "identity", DIAGNOSIS_BAD,
			      "%s; start the agent once with --token (bartizan enroll-token makes "
			      "one)",
			      why.text);
		return;
	}
	check_certificate(d, &identity);
	if (identity_is_revoked(key_folder)) {
		diagnosis_add(d, GROUP, "revoked", DIAGNOSIS_BAD,
			      "the server said that this sensor is revoked; start the agent once "
			      "with a new --token to enrol it anew");
	}
	if (identity_is_cloned(key_folder) || clone_check(folder, "/") == CLONE_COPIED) {
		diagnosis_add(d, GROUP, "copied", DIAGNOSIS_NOTE,
			      "this folder was copied from another machine; the agent enrols anew "
			      "when it is started");
	}
	identity_done(&identity);
}

static bool is_answering(const struct net_address *address, struct why *why)
{
	struct pollfd wait = { .fd = -1, .events = POLLOUT };
	bool is_good = false;

	if (net_connect_start(address, &wait.fd, why) != 0) {
		return false;
	}
	if (poll(&wait, 1, PATIENCE_MS) == 1) {
		is_good = net_connect_result(wait.fd, why) == 0;
	} else {
		(void)why_set(why, ERR_TIMEOUT, "no answer within %d s", PATIENCE_MS / 1000);
	}
	file_close(&wait.fd);
	return is_good;
}

static void check_server(struct diagnosis *d, const char *folder)
{
	struct buffer file OWNED(buffer_done);
	struct net_address address;
	struct why why = { .text = "" };
	char path[PATH_SIZE];
	char host[256];
	char port[6];
	size_t count = 0;

	buffer_init(&file, SMALL_MAX);
	path_of(folder, "server", path);
	if (file_read(path, &file) != 0 ||
	    net_split(span_trim(buffer_span(&file)), host, port, &why) != 0) {
		diagnosis_add(d, GROUP, "server", DIAGNOSIS_BAD,
			      "no server is known; start the agent once with --server HOST:PORT");
	} else if (net_resolve(host, port, &address, 1, &count, &why) != 0 || count == 0) {
		diagnosis_add(d, GROUP, "server", DIAGNOSIS_BAD, "%s cannot be found: %s", host,
			      why.text);
	} else if (!is_answering(&address, &why)) {
		diagnosis_add(d, GROUP, "server", DIAGNOSIS_BAD, "%s port %s does not answer: %s",
			      host, port, why.text);
	} else {
		diagnosis_add(d, GROUP, "server", DIAGNOSIS_OK, "%s port %s answers", host, port);
	}
}

static void check_policy(struct diagnosis *d, const char *folder)
{
	static const uint8_t none[MESSAGE_POLICY_DIGEST];
	char hex[2 * MESSAGE_POLICY_DIGEST + 1];
	struct policy_store *store;
	char path[PATH_SIZE];

	path_of(folder, "policy", path);
	store = policy_store_open(open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW));
	text_to_hex((struct span){ policy_store_digest(store), MESSAGE_POLICY_DIGEST }, hex);
	if (memcmp(policy_store_digest(store), none, sizeof none) == 0) {
		diagnosis_add(d, GROUP, "policy", DIAGNOSIS_OK,
			      "none yet: the agent's own defaults hold");
	} else {
		diagnosis_add(d, GROUP, "policy", DIAGNOSIS_OK, "%s is in force", hex);
	}
	policy_store_close(&store);
}

/* The holder's number is in the file while it runs, and behind. */
static void check_running(struct diagnosis *d, const char *folder)
{
	struct flock lock = { .l_type = F_WRLCK, .l_whence = SEEK_SET };
	char path[PATH_SIZE];
	int fd;

	path_of(folder, "lock", path);
	fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
	if (fd >= 0 && fcntl(fd, F_GETLK, &lock) == 0 && lock.l_type != F_UNLCK) {
		diagnosis_add(d, GROUP, "agent", DIAGNOSIS_OK, "process %d is running",
			      (int)lock.l_pid);
	} else {
		diagnosis_add(d, GROUP, "agent", DIAGNOSIS_NOTE,
			      "none is running with this folder");
	}
	file_close(&fd);
}

void diagnosis_state_folder(struct diagnosis *d, const char *folder)
{
	struct stat status;

	if (stat(folder, &status) != 0) {
		diagnosis_add(d, GROUP, "folder", DIAGNOSIS_BAD, "%s: %s", folder, strerror(errno));
		return;
	}
	if (access(folder, R_OK | X_OK) != 0) {
		diagnosis_add(d, GROUP, "folder", DIAGNOSIS_BAD,
			      "%s belongs to user %u and cannot be read as user %u", folder,
			      (unsigned)status.st_uid, (unsigned)geteuid());
		return;
	}
	check_running(d, folder);
	check_identity(d, folder);
	check_server(d, folder);
	check_policy(d, folder);
}
