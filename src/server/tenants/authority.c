/* authority.c - the platform's certificate authority: files around sys/pki. */
#include "server/tenants/tenants.h"

#include "base/error.h"
#include "base/mem.h"
#include "base/writer.h"
#include "formats/x509.h"
#include "sys/alloc.h"
#include "sys/clock.h"
#include "sys/file.h"
#include "sys/pki.h"

#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>

#define PEM_BYTES_MAX    65536
#define CA_DAYS          7300
#define SERVER_LIFE_S    (397 * 24 * 3600)
#define ALTERNATIVES_MAX 32

struct authority {
	struct buffer certificate; /* PEM */
	struct buffer key;         /* PEM */
};

static int file_path(const char *folder, const char *name, char out[4096], struct why *why)
{
	if (snprintf(out, 4096, "%s/%s", folder, name) >= 4096) {
		return why_set(why, ERR_LIMIT, "the data folder's path is too long");
	}
	return 0;
}

static int read_part(const char *folder, const char *name, struct buffer *out, struct why *why)
{
	char path[4096];
	int error = file_path(folder, name, path, why);

	buffer_init(out, PEM_BYTES_MAX);
	if (error != 0) {
		return error;
	}
	error = file_read(path, out);
	if (error != 0) {
		buffer_done(out);
		return why_set(why, error, "%s: %s", path, error_text(error));
	}
	return 0;
}

static int write_part(const char *folder, const char *name, const struct buffer *bytes, mode_t mode,
		      struct why *why)
{
	char path[4096];
	int error = file_path(folder, name, path, why);

	return error != 0 ? error : file_replace(path, buffer_span(bytes), mode, why);
}

void authority_free(struct authority **authority)
{
	if (*authority == NULL) {
		return;
	}
	buffer_done(&(*authority)->certificate);
	buffer_done(&(*authority)->key);
	free(*authority);
	*authority = NULL;
}

int authority_open(const char *data_folder, struct authority **out, struct why *why)
{
	struct authority *a = alloc_zeroed(1, sizeof *a);
	int error = read_part(data_folder, "ca.pem", &a->certificate, why);

	if (error == 0) {
		error = read_part(data_folder, "ca.key", &a->key, why);
	}
	if (error != 0) {
		authority_free(&a);
		return error;
	}
	*out = a;
	return 0;
}

/* Makes ca.key and ca.pem where there is neither: the certificate last, as the sign that both are
 * there. */
static int prepare_ca(const char *folder, struct why *why)
{
	struct buffer key OWNED(buffer_done);
	struct buffer certificate OWNED(buffer_done);
	struct authority *there = NULL;
	char path[4096];
	struct stat st;
	int error;

	buffer_init(&key, PEM_BYTES_MAX);
	buffer_init(&certificate, PEM_BYTES_MAX);
	error = file_path(folder, "ca.pem", path, why);
	if (error != 0) {
		return error;
	}
	if (stat(path, &st) == 0) {
		error = authority_open(folder, &there, why);
		authority_free(&there);
		return error;
	}
	error = pki_key_new(&key, why);
	if (error == 0) {
		error = pki_ca_new(buffer_span(&key), "Bartizan CA", CA_DAYS, &certificate, why);
	}
	if (error == 0) {
		error = write_part(folder, "ca.key", &key, 0600, why);
	}
	return error != 0 ? error : write_part(folder, "ca.pem", &certificate, 0644, why);
}

static bool has_name(const struct x509 *certificate, const char *name)
{
	struct x509_names it = x509_names_over(certificate);
	struct x509_alternative_name found;

	while (x509_names_next(&it, &found)) {
		uint8_t room[256];
		struct writer text = writer_over(room, sizeof room);

		x509_write_alternative_name(&found, &text);
		if (span_is(writer_span(&text), name)) {
			return true;
		}
	}
	return false;
}

static bool has_names(const struct x509 *certificate, const char *const *names)
{
	for (; names != NULL && *names != NULL; names++) {
		if (!has_name(certificate, *names)) {
			return false;
		}
	}
	return true;
}

/* A crash between writing the two may have left a key that is not the certificate's. */
static bool is_key_of(const struct buffer *key, const struct buffer *certificate_der)
{
	struct buffer request OWNED(buffer_done);
	uint8_t of_key[32];
	uint8_t of_certificate[32];

	buffer_init(&request, PEM_BYTES_MAX);
	return pki_request_new(buffer_span(key), PKI_SERVER_NAME, &request, NULL) == 0 &&
	       pki_request_key_hash(buffer_span(&request), of_key, NULL) == 0 &&
	       pki_certificate_key_hash(buffer_span(certificate_der), of_certificate, NULL) == 0 &&
	       mem_compare(of_key, of_certificate, sizeof of_key) == 0;
}

/* True for a certificate that will hold for a third of its life and bears all names. */
static bool is_certificate_good(const struct buffer *der, const char *const *dns_names,
				const char *const *addresses)
{
	struct x509 certificate;
	int64_t now_s = clock_wall_ms() / 1000;
	int64_t third_s;

	if (x509_parse(buffer_span(der), &certificate) != 0) {
		return false;
	}
	third_s = (certificate.not_after - certificate.not_before) / 3;
	return now_s >= certificate.not_before && now_s < certificate.not_after - third_s &&
	       has_name(&certificate, PKI_SERVER_NAME) && has_names(&certificate, dns_names) &&
	       has_names(&certificate, addresses);
}

static bool is_server_good(const char *folder, const char *const *dns_names,
			   const char *const *addresses)
{
	struct buffer key OWNED(buffer_done);
	struct buffer pem OWNED(buffer_done);
	struct buffer der OWNED(buffer_done);

	buffer_init(&key, PEM_BYTES_MAX);
	buffer_init(&pem, PEM_BYTES_MAX);
	buffer_init(&der, PEM_BYTES_MAX);
	return read_part(folder, "server.key", &key, NULL) == 0 &&
	       read_part(folder, "server.pem", &pem, NULL) == 0 &&
	       pki_pem_to_der(buffer_span(&pem), &der, NULL) == 0 && is_key_of(&key, &der) &&
	       is_certificate_good(&der, dns_names, addresses);
}

static int make_server(const char *folder, const struct pki_profile *profile, struct why *why)
{
	struct authority *a OWNED(authority_free) = NULL;
	struct buffer key OWNED(buffer_done);
	struct buffer request OWNED(buffer_done);
	struct buffer der OWNED(buffer_done);
	struct buffer pem OWNED(buffer_done);
	int error;

	buffer_init(&key, PEM_BYTES_MAX);
	buffer_init(&request, PEM_BYTES_MAX);
	buffer_init(&der, PEM_BYTES_MAX);
	buffer_init(&pem, PEM_BYTES_MAX);
	error = authority_open(folder, &a, why);
	if (error == 0) {
		error = pki_key_new(&key, why);
	}
	if (error == 0) {
		error = pki_request_new(buffer_span(&key), PKI_SERVER_NAME, &request, why);
	}
	if (error == 0) {
		error = pki_sign(buffer_span(&a->certificate), buffer_span(&a->key),
				 buffer_span(&request), profile, &der, why);
	}
	if (error == 0) {
		error = pki_der_to_pem(buffer_span(&der), &pem, why);
	}
	if (error == 0) {
		error = write_part(folder, "server.key", &key, 0600, why);
	}
	return error != 0 ? error : write_part(folder, "server.pem", &pem, 0644, why);
}

int authority_prepare(const char *data_folder, const char *const *dns_names,
		      const char *const *addresses, struct why *why)
{
	const char *names[ALTERNATIVES_MAX + 2] = { PKI_SERVER_NAME };
	size_t count = 1;
	int error = prepare_ca(data_folder, why);

	if (error != 0 || is_server_good(data_folder, dns_names, addresses)) {
		return error;
	}
	for (; dns_names != NULL && *dns_names != NULL && count < ALTERNATIVES_MAX; dns_names++) {
		if (!span_is(span_of(*dns_names), PKI_SERVER_NAME)) {
			names[count++] = *dns_names;
		}
	}
	return make_server(data_folder,
			   &(struct pki_profile){ .common_name = PKI_SERVER_NAME,
						  .dns_names = names,
						  .addresses = addresses,
						  .is_server = true,
						  .lifetime_s = SERVER_LIFE_S },
			   why);
}

int authority_sign_sensor(struct authority *a, struct span request_der, const char *sensor_id,
			  const char *tenant, int64_t lifetime_s, struct buffer *out_der,
			  struct why *why)
{
	const struct pki_profile profile = { .common_name = sensor_id,
					     .organization = tenant,
					     .lifetime_s = lifetime_s };

	return pki_sign(buffer_span(&a->certificate), buffer_span(&a->key), request_der, &profile,
			out_der, why);
}
