/* identity.c - FOLDER/identity.pem, and the marks FOLDER/revoked and FOLDER/cloned. */
#include "sensor/identity.h"

#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "sensor/secret.h"
#include "base/error.h"
#include "sys/file.h"
#include "sys/log.h"
#include "sys/pki.h"

#define PATH_SIZE    4200
#define PEM_MAX      65536
#define FILE_NAME    "identity.pem"
#define REVOKED_NAME "revoked"
#define CLONED_NAME  "cloned"
#define TOKEN_NAME   "token"

static void path_of(const char *folder, const char *name, char out[PATH_SIZE])
{
	snprintf(out, PATH_SIZE, "%s/%s", folder, name);
}

void identity_init(struct identity *identity)
{
	memset(identity, 0, sizeof *identity);
	buffer_init(&identity->pem, PEM_MAX);
}

void identity_done(struct identity *identity)
{
	secret_wipe(buffer_span(&identity->pem));
	buffer_done(&identity->pem);
	identity_init(identity);
}

static bool exists(const char *folder, const char *name)
{
	char path[PATH_SIZE];
	struct stat status;

	path_of(folder, name, path);
	return stat(path, &status) == 0;
}

static void remove_file(const char *folder, const char *name)
{
	char path[PATH_SIZE];

	path_of(folder, name, path);
	(void)unlink(path);
}

bool identity_exists(const char *folder)
{
	return exists(folder, FILE_NAME);
}

bool identity_is_revoked(const char *folder)
{
	return exists(folder, REVOKED_NAME);
}

void identity_forget(const char *folder)
{
	remove_file(folder, FILE_NAME);
	remove_file(folder, REVOKED_NAME);
	remove_file(folder, CLONED_NAME);
}

void identity_drop_token(const char *folder)
{
	remove_file(folder, TOKEN_NAME);
}

void identity_mark_revoked(const char *folder)
{
	char path[PATH_SIZE];
	struct why why;

	path_of(folder, REVOKED_NAME, path);
	if (file_replace(path, span_of("revoked by the server\n"), S_IRUSR | S_IWUSR, &why) != 0) {
		log_warn("cannot remember the revocation", log_text("reason", why.text));
	}
}

int identity_mark_cloned(const char *folder, struct why *why)
{
	char path[PATH_SIZE];

	path_of(folder, CLONED_NAME, path);
	return file_replace(path, span_of("copied from another machine\n"), S_IRUSR | S_IWUSR, why);
}

bool identity_is_cloned(const char *folder)
{
	return exists(folder, CLONED_NAME);
}

/* Splits the file where the certificate begins. */
static int split(struct identity *identity)
{
	static const char mark[] = "-----BEGIN CERTIFICATE-----";
	struct span all = buffer_span(&identity->pem);
	const uint8_t *at = all.len > 0 ? memmem(all.ptr, all.len, mark, sizeof mark - 1) : NULL;

	if (at == NULL) {
		return ERR_MALFORMED;
	}
	identity->key_pem = span_first(all, (size_t)(at - all.ptr));
	identity->certificate_pem = span_after(all, identity->key_pem.len);
	return 0;
}

static int set_renewal(struct identity *identity, struct why *why)
{
	struct pki_certificate_facts facts;
	struct buffer der OWNED(buffer_done);
	int error;

	buffer_init(&der, PEM_MAX);
	error = pki_pem_to_der(identity->certificate_pem, &der, why);
	if (error == 0) {
		error = pki_certificate_facts(buffer_span(&der), &facts, why);
	}
	if (error != 0) {
		return error;
	}
	identity->renew_at_s =
		facts.not_before_s + (facts.not_after_s - facts.not_before_s) / 3 * 2;
	return 0;
}

int identity_load(const char *folder, struct identity *out, struct why *why)
{
	struct identity identity;
	char path[PATH_SIZE];
	int error;

	identity_init(&identity);
	path_of(folder, FILE_NAME, path);
	error = file_read(path, &identity.pem);
	if (error != 0) {
		identity_done(&identity);
		return why_set(why, error, "cannot read %s: %s", path, error_text(error));
	}
	error = split(&identity);
	if (error == 0) {
		error = set_renewal(&identity, why);
	} else {
		error = why_set(why, error, "%s holds no certificate", path);
	}
	if (error != 0) {
		identity_done(&identity);
		return error;
	}
	*out = identity;
	return 0;
}

int identity_store(const char *folder, struct span key_pem, struct span certificate_der,
		   struct why *why)
{
	struct identity identity;
	char path[PATH_SIZE];
	int error;

	identity_init(&identity);
	path_of(folder, FILE_NAME, path);
	error = buffer_append(&identity.pem, key_pem);
	if (error == 0) {
		error = pki_der_to_pem(certificate_der, &identity.pem, why);
	}
	if (error == 0) {
		error = file_replace(path, buffer_span(&identity.pem), S_IRUSR | S_IWUSR, why);
	}
	identity_done(&identity);
	if (error == 0) {
		remove_file(folder, REVOKED_NAME);
		remove_file(folder, CLONED_NAME);
	}
	return error;
}
