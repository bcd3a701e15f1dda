/*
 * certificates.c - X.509 certificates in files, where servers keep theirs.
 *
 * The distribution's own trust bundle is left out: it is a package, and its hundred roots say
 * nothing of this machine. A file that begins with a private key is not read beyond its first line.
 */
#include <ctype.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "agent/collectors/certificate_servers.h"
#include "agent/collectors/table.h"
#include "sensor/secret.h"
#include "agent/served_listeners.h"
#include "base/error.h"
#include "base/sha256.h"
#include "base/text.h"
#include "formats/pem.h"
#include "formats/x509.h"
#include "schema/schema.h"
#include "sys/alloc.h"
#include "sys/file.h"

#define DEPTH_MAX   6
#define FOLDERS_MAX 4096
#define FILES_MAX   16384
#define FILE_MAX    (1u << 20)
#define DER_MAX     65536
#define HEAD_BYTES  64
#define READ_BYTES  4096
#define NAMES_BYTES 32768

static const char *const roots[] = {
	"/etc/ssl",
	"/etc/pki/tls",
	"/etc/letsencrypt/live",
	"/usr/local/share/ca-certificates",
	"/usr/local/etc/ssl",
	"/etc/nginx",
	"/etc/apache2",
	"/etc/httpd",
	"/etc/haproxy",
	"/etc/postfix",
	"/etc/dovecot",
	"/etc/exim4",
	"/etc/ldap",
	"/etc/openvpn",
	"/etc/postgresql",
	"/etc/mysql",
	"/etc/kubernetes/pki",
	"/etc/docker/certs.d",
	"/var/lib/acme",
};

/* Where distributions keep the trust store that they ship: links that lead there are not ours. */
static const char *const shipped[] = {
	"/usr/share/ca-certificates/",
	"/usr/share/pki/",
	"/etc/pki/ca-trust/",
	"/usr/share/ca-certs/",
	"/etc/ssl/certs/ca-certificates.crt",
	"/etc/ssl/ca-bundle.pem",
	"/etc/ssl/cert.pem",
	"/var/lib/ca-certificates/",
};

static const char *const extensions[] = { ".pem", ".crt",   ".cer",   ".cert",
					  ".der", ".chain", ".bundle" };

struct certificates_walk {
	struct collection *c;
	struct named_files named; /* by servers' configurations */
	size_t folders;
	size_t files;
};

/* "9d04f354.0": a link by the hash of a subject, beside the certificate itself (openssl-rehash(1)).
 */
static bool is_hash_link(const char *name)
{
	size_t digits = strspn(name, "0123456789abcdef");

	return digits == 8 && name[8] == '.' && (isdigit((unsigned char)name[9]) || name[9] == 'r');
}

static bool is_shipped(const char *real)
{
	for (size_t i = 0; i < COUNT_OF(shipped); i++) {
		if (span_starts_with(span_of(real), shipped[i])) {
			return true;
		}
	}
	return false;
}

static bool has_extension(const char *path)
{
	for (size_t i = 0; i < COUNT_OF(extensions); i++) {
		if (span_ends_with(span_of(path), extensions[i])) {
			return true;
		}
	}
	return false;
}

static void set_names(struct row *row, const struct x509 *certificate, struct writer *texts,
		      struct span items[ROW_LIST_MAX])
{
	size_t count = x509_list_names(certificate, texts, items, ROW_LIST_MAX);

	if (count > 0) {
		row_set_list(row, CERTIFICATES_NAMES, items, count);
	}
}

/* Sets a column to what write appends for the certificate. */
static void set_written(struct row *row, unsigned column, const struct x509 *certificate,
			void (*write)(const struct x509 *certificate, struct writer *w),
			struct writer *texts)
{
	size_t mark = writer_used(texts);

	write(certificate, texts);
	row_set_text_if_any(row, column, span_after(writer_span(texts), mark));
}

static void set_name(struct row *row, unsigned column, struct span name, struct writer *texts)
{
	size_t mark = writer_used(texts);

	if (x509_write_name(name, texts) == 0) {
		row_set_text(row, column, span_after(writer_span(texts), mark));
	}
}

/* Where the servers listen whose configurations name the file. */
static void set_served_at(struct row *row, const struct certificates_walk *walk, const char *path,
			  struct span items[ROW_LIST_MAX])
{
	uint32_t servers = certificate_servers_of(&walk->named, path);
	const struct served_listener *listeners;
	size_t listener_count;
	size_t count = 0;

	if (servers == 0 || walk->c->machine->served == NULL) {
		return;
	}
	listeners = served_listeners_all(walk->c->machine->served, &listener_count);
	for (size_t i = 0; i < listener_count && count < ROW_LIST_MAX; i++) {
		if (certificate_servers_match(servers, span_of(listeners[i].process))) {
			items[count++] = span_of(listeners[i].text);
		}
	}
	if (count > 0) {
		row_set_list(row, CERTIFICATES_SERVED_AT, items, count);
	}
}

static void emit(const struct certificates_walk *walk, const char *path, struct span der)
{
	uint8_t *text OWNED(alloc_free) = alloc_zeroed(1, NAMES_BYTES);
	struct span *items OWNED(alloc_free) = alloc_zeroed(ROW_LIST_MAX, sizeof *items);
	struct span *places OWNED(alloc_free) = alloc_zeroed(ROW_LIST_MAX, sizeof *places);
	struct writer texts = writer_over(text, NAMES_BYTES);
	struct row *row = collection_row(walk->c);
	char fingerprint[2 * SHA256_SIZE + 1];
	uint8_t sum[SHA256_SIZE];
	struct x509 certificate;

	if (x509_parse(der, &certificate) != 0) {
		return;
	}
	sha256_of(der, sum);
	text_to_hex((struct span){ sum, sizeof sum }, fingerprint);
	row_set_text(row, CERTIFICATES_PATH, span_of(path));
	row_set_text(row, CERTIFICATES_FINGERPRINT, span_of(fingerprint));
	set_name(row, CERTIFICATES_SUBJECT, certificate.subject, &texts);
	set_name(row, CERTIFICATES_ISSUER, certificate.issuer, &texts);
	set_written(row, CERTIFICATES_SERIAL, &certificate, x509_write_serial, &texts);
	set_written(row, CERTIFICATES_KEY_TYPE, &certificate, x509_write_key_type, &texts);
	set_written(row, CERTIFICATES_SIGNATURE, &certificate, x509_write_signature, &texts);
	set_names(row, &certificate, &texts, items);
	row_set_integer(row, CERTIFICATES_NOT_BEFORE, certificate.not_before);
	row_set_integer(row, CERTIFICATES_NOT_AFTER, certificate.not_after);
	if (certificate.key_bits > 0) {
		row_set_integer(row, CERTIFICATES_KEY_BITS, certificate.key_bits);
	}
	row_set_boolean(row, CERTIFICATES_IS_CA, certificate.is_ca);
	row_set_boolean(row, CERTIFICATES_IS_SELF_SIGNED, certificate.is_self_signed);
	set_served_at(row, walk, path, places);
	collection_emit(walk->c);
}

static bool is_certificate_label(struct span label)
{
	return span_is(label, "CERTIFICATE") || span_is(label, "X509 CERTIFICATE") ||
	       span_is(label, "TRUSTED CERTIFICATE");
}

static void emit_pem(const struct certificates_walk *walk, const char *path, struct span file)
{
	uint8_t *der OWNED(alloc_free) = alloc_zeroed(1, DER_MAX);
	struct pem_iterator it = pem_over(file);
	struct pem_block block;
	struct span bytes;

	while (pem_next(&it, &block)) {
		if (is_certificate_label(block.label) &&
		    pem_decode(&block, der, DER_MAX, &bytes) == 0) {
			emit(walk, path, bytes);
		}
	}
}

/* True where a file's first bytes promise a certificate. */
static bool is_promising(const char *path, struct span head)
{
	static const char label[] = "PRIVATE KEY-----";

	if (span_starts_with(head, "-----BEGIN ")) {
		size_t line = span_find(head, '\n');

		return memmem(head.ptr, line, label, sizeof label - 1) == NULL &&
		       (has_extension(path) || span_starts_with(head, "-----BEGIN CERTIFICATE") ||
			span_starts_with(head, "-----BEGIN TRUSTED CERTIFICATE"));
	}
	return has_extension(path); /* DER, or PEM behind a text */
}

/* Appends the rest of a file. */
static int read_rest(int fd, struct buffer *file)
{
	for (;;) {
		uint8_t *at = buffer_reserve(file, READ_BYTES);
		ssize_t len;

		if (at == NULL) {
			return ERR_LIMIT;
		}
		len = read(fd, at, READ_BYTES);
		if (len < 0 && errno == EINTR) {
			continue;
		}
		if (len <= 0) {
			return len < 0 ? ERR_IO : 0;
		}
		buffer_grow(file, (size_t)len);
	}
}

static int collect_file(const struct certificates_walk *walk, const char *path)
{
	OWNED(file_close) int fd = -1;
	struct buffer file OWNED(buffer_done);
	uint8_t head[HEAD_BYTES];
	struct stat status;
	ssize_t len;
	int error;

	buffer_init(&file, FILE_MAX);
	error = tree_open(walk->c->machine->tree, path, &fd);
	if (error != 0) {
		return collection_missing(error);
	}
	len = read(fd, head, sizeof head);
	/* room for all of it at once, so that wiping it below wipes every copy */
	if (len <= 0 || fstat(fd, &status) < 0 || status.st_size > FILE_MAX - READ_BYTES ||
	    buffer_reserve(&file, (size_t)status.st_size + READ_BYTES) == NULL ||
	    !is_promising(path, (struct span){ head, (size_t)len }) ||
	    buffer_append(&file, (struct span){ head, (size_t)len }) != 0) {
		return 0;
	}
	error = read_rest(fd, &file);
	if (error == 0 && head[0] == 0x30) { /* a DER SEQUENCE */
		emit(walk, path, buffer_span(&file));
	} else if (error == 0) {
		emit_pem(walk, path, buffer_span(&file));
	}
	/* a key may stand behind a certificate in one file */
	secret_wipe(buffer_span(&file));
	return error == ERR_IO ? error : 0;
}

static bool is_wanted(struct collection *c, const char *path, const char *name, char type)
{
	char real[TREE_PATH_SIZE];
	struct tree_entry entry;

	if ((type != 'f' && type != 'l') || is_hash_link(name) || is_shipped(path) ||
	    (type == 'l' && tree_link(c->machine->tree, path, real) == 0 && is_shipped(real))) {
		return false; /* told by the link's own text, most need not be followed */
	}
	return tree_look(c->machine->tree, path, &entry, real) == 0 && entry.type == 'f' &&
	       entry.size <= FILE_MAX && !is_shipped(real);
}

static int collect_folder(struct certificates_walk *walk, const char *path, unsigned depth)
{
	struct tree_folder *folder OWNED(tree_folder_close) = NULL;
	char *child OWNED(alloc_free) = alloc_zeroed(1, TREE_PATH_SIZE);
	const char *name;
	char type;
	int error;

	if (depth > DEPTH_MAX || ++walk->folders > FOLDERS_MAX) {
		return 0;
	}
	error = tree_folder_open(walk->c->machine->tree, path, &folder);
	if (error != 0) {
		return collection_missing(error);
	}
	while (error == 0 && tree_folder_next(folder, &name, &type)) {
		if (tree_join(path, name, child) != 0 || is_hash_link(name)) {
			continue;
		}
		if (type == 'd') { /* links to folders are not followed: they may lead round */
			error = collect_folder(walk, child, depth + 1);
		} else if (walk->files < FILES_MAX && is_wanted(walk->c, child, name, type)) {
			walk->files++;
			error = collect_file(walk, child);
		}
	}
	return error;
}

static bool is_below_root(const char *path)
{
	for (size_t i = 0; i < COUNT_OF(roots); i++) {
		size_t len = strlen(roots[i]);

		if (strncmp(path, roots[i], len) == 0 && path[len] == '/') {
			return true;
		}
	}
	return false;
}

/* Certificates that servers name wherever they lie. */
static int collect_named(struct certificates_walk *walk)
{
	char real[TREE_PATH_SIZE];
	struct tree_entry entry;
	int error = 0;

	for (size_t i = 0; error == 0 && i < walk->named.count && walk->files < FILES_MAX; i++) {
		const char *path = walk->named.files[i].path;

		if (!is_below_root(path) && has_extension(path) && !is_shipped(path) &&
		    tree_look(walk->c->machine->tree, path, &entry, real) == 0 &&
		    entry.type == 'f' && entry.size <= FILE_MAX && !is_shipped(real)) {
			walk->files++;
			error = collect_file(walk, path);
		}
	}
	return error;
}

static int certificates_collect(struct collection *c)
{
	struct certificates_walk walk = { .c = c };
	int error = certificate_servers_read(c->machine->tree, &walk.named);

	for (size_t i = 0; error == 0 && i < COUNT_OF(roots); i++) {
		error = collect_folder(&walk, roots[i], 0);
	}
	if (error == 0) {
		error = collect_named(&walk);
	}
	certificate_servers_done(&walk.named);
	return error;
}

const struct collector collector_certificates = {
	.name = "certificates",
	.summary = "X.509 certificates in files, but the trust store that is shipped",
	.table = TABLE_CERTIFICATES,
	.collect = certificates_collect,
};
