/*
 * trust_store.c - the certificates that programs of this machine trust.
 *
 * OpenSSL trusts what lies in /etc/ssl/certs, most others a bundle of it. A certificate is told
 * once: by its own file behind the link in the folder, and only where it has none by the bundle.
 */
#include <stdlib.h>
#include <string.h>

#include "agent/collectors/path_list.h"
#include "agent/collectors/table.h"
#include "base/error.h"
#include "base/sha256.h"
#include "base/text.h"
#include "formats/pem.h"
#include "formats/x509.h"
#include "schema/schema.h"
#include "sys/alloc.h"

#define FILE_MAX         (4u << 20)
#define DER_MAX          65536
#define NAME_BYTES       8192
#define CERTIFICATES_MAX 4096

static const char folder_pattern[] = "/etc/ssl/certs/*";

static const char *const bundles[] = {
	"/etc/ssl/certs/ca-certificates.crt",                /* Debian, Alpine, Arch */
	"/etc/pki/ca-trust/extracted/pem/tls-ca-bundle.pem", /* Fedora, RHEL */
	"/etc/pki/tls/certs/ca-bundle.crt",                  /* older RHEL */
	"/etc/ssl/ca-bundle.pem",                            /* SUSE */
	"/etc/ssl/cert.pem",                                 /* Alpine */
};

struct trust_walk {
	struct collection *c;
	uint8_t (*told)[SHA256_SIZE];
	size_t told_count;
	uint8_t der[DER_MAX];
	uint8_t name[NAME_BYTES];
};

/* True the first time. */
static bool is_new(struct trust_walk *walk, const uint8_t sum[SHA256_SIZE])
{
	for (size_t i = 0; i < walk->told_count; i++) {
		if (memcmp(walk->told[i], sum, SHA256_SIZE) == 0) {
			return false;
		}
	}
	if (walk->told_count == CERTIFICATES_MAX) {
		return false;
	}
	if (walk->told_count % 64 == 0) {
		walk->told = alloc_resize(walk->told, walk->told_count + 64, sizeof *walk->told);
	}
	memcpy(walk->told[walk->told_count++], sum, SHA256_SIZE);
	return true;
}

static void emit(struct trust_walk *walk, const char *path, struct span der)
{
	struct writer w = writer_over(walk->name, sizeof walk->name);
	char fingerprint[2 * SHA256_SIZE + 1];
	uint8_t sum[SHA256_SIZE];
	struct x509 certificate;
	struct row *row;

	if (x509_parse(der, &certificate) != 0) {
		return;
	}
	sha256_of(der, sum);
	if (!is_new(walk, sum)) {
		return;
	}
	text_to_hex((struct span){ sum, sizeof sum }, fingerprint);
	row = collection_row(walk->c);
	row_set_text(row, TRUST_STORE_FINGERPRINT, span_of(fingerprint));
	if (x509_write_name(certificate.subject, &w) == 0) {
		row_set_text(row, TRUST_STORE_SUBJECT, writer_span(&w));
	}
	row_set_integer(row, TRUST_STORE_NOT_AFTER, certificate.not_after);
	row_set_text(row, TRUST_STORE_PATH, span_of(path));
	collection_emit(walk->c);
}

/* path: where it is read; shown: what is told of it. */
static int collect_file(struct trust_walk *walk, const char *path, const char *shown)
{
	struct buffer file OWNED(buffer_done);
	struct pem_iterator it;
	struct pem_block block;
	struct span der;
	int error;

	buffer_init(&file, FILE_MAX);
	error = tree_read(walk->c->machine->tree, path, &file);
	if (error != 0) {
		return collection_missing(error);
	}
	it = pem_over(buffer_span(&file));
	while (pem_next(&it, &block)) {
		if ((span_is(block.label, "CERTIFICATE") ||
		     span_is(block.label, "TRUSTED CERTIFICATE")) &&
		    pem_decode(&block, walk->der, sizeof walk->der, &der) == 0) {
			emit(walk, shown, der);
		}
	}
	return 0;
}

static bool is_bundle(const char *path)
{
	for (size_t i = 0; i < COUNT_OF(bundles); i++) {
		if (strcmp(path, bundles[i]) == 0) {
			return true;
		}
	}
	return false;
}

/* "9d04f354.0": a link by the hash of a subject to a file beside it, which is told under its own
 * name. */
static bool is_hash_link(struct tree *tree, const char *path)
{
	const char *name = path + sizeof folder_pattern - 2;
	char target[TREE_PATH_SIZE];

	return strspn(name, "0123456789abcdef") == 8 && name[8] == '.' &&
	       tree_link(tree, path, target) == 0 && strchr(target, '/') == NULL;
}

/* Files of the folder, each by the path without links. */
static int collect_folder(struct trust_walk *walk)
{
	struct tree *tree = walk->c->machine->tree;
	char real[TREE_PATH_SIZE];
	struct tree_entry entry;
	struct path_list list;
	int error = path_list_glob(tree, folder_pattern, &list);

	if (error != 0) {
		return error;
	}
	for (size_t i = 0; error == 0 && i < list.count; i++) {
		if (!is_hash_link(tree, list.paths[i]) &&
		    tree_look(tree, list.paths[i], &entry, real) == 0 && entry.type == 'f' &&
		    entry.size <= FILE_MAX && !is_bundle(list.paths[i]) && !is_bundle(real)) {
			error = collect_file(walk, list.paths[i], real);
		}
	}
	path_list_done(&list);
	return error;
}

static int trust_store_collect(struct collection *c)
{
	struct trust_walk *walk OWNED(alloc_free) = alloc_zeroed(1, sizeof *walk);
	int error;

	walk->c = c;
	error = collect_folder(walk);
	for (size_t i = 0; error == 0 && i < COUNT_OF(bundles); i++) {
		error = collect_file(walk, bundles[i], bundles[i]);
	}
	alloc_free(&walk->told);
	return error;
}

const struct collector collector_trust_store = {
	.name = "trust_store",
	.summary = "certificates that programs of this machine trust",
	.table = TABLE_TRUST_STORE,
	.collect = trust_store_collect,
};
