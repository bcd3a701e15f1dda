/* certificate_servers.c - a table of servers, and a walk over the folders of their configurations.
 */
#include "agent/collectors/certificate_servers.h"

#include <stdlib.h>
#include <string.h>

#include "agent/collector.h"
#include "base/error.h"
#include "formats/config_paths.h"
#include "sys/alloc.h"

#define DEPTH_MAX     5
#define FILES_MAX     2048
#define FILE_MAX      (256u << 10)
#define PROCESSES_MAX 4

struct certificate_server {
	const char *folder;
	const char *processes[PROCESSES_MAX];
	bool is_folder_served; /* each file of a folder that it names */
};

static const struct certificate_server servers[] = {
	{ "/etc/nginx", { "nginx" } },
	{ "/etc/apache2", { "apache2" } },
	{ "/etc/httpd", { "httpd" } },
	{ "/etc/haproxy", { "haproxy" }, .is_folder_served = true },
	{ "/etc/lighttpd", { "lighttpd" } },
	{ "/etc/caddy", { "caddy" } },
	{ "/etc/postfix", { "master", "smtpd" } },
	{ "/etc/exim4", { "exim4", "exim" } },
	{ "/etc/dovecot", { "dovecot", "imap-login", "pop3-login" } },
	{ "/etc/ldap", { "slapd" } },
	{ "/etc/openvpn", { "openvpn" } },
	{ "/etc/stunnel", { "stunnel4", "stunnel" } },
	{ "/etc/postgresql", { "postgres", "postmaster" } },
	{ "/etc/mysql", { "mariadbd", "mysqld" } },
	{ "/etc/redis", { "redis-server" } },
	{ "/etc/mosquitto", { "mosquitto" } },
	{ "/etc/proftpd", { "proftpd" } },
	{ "/etc/cups", { "cupsd" } },
	{ "/etc/kubernetes", { "kube-apiserver", "etcd", "kubelet" } },
};

struct servers_walk {
	struct tree *tree;
	struct named_files named;
	uint32_t server; /* its bit */
	const char *root;
	size_t files;
};

bool certificate_servers_match(uint32_t mask, struct span process)
{
	for (size_t i = 0; i < COUNT_OF(servers); i++) {
		for (size_t k = 0; k < PROCESSES_MAX && servers[i].processes[k] != NULL; k++) {
			/* the kernel cuts names at 15 bytes */
			if ((mask >> i & 1) != 0 &&
			    span_equal(process, span_first(span_of(servers[i].processes[k]), 15))) {
				return true;
			}
		}
	}
	return false;
}

bool certificate_servers_has(struct span process)
{
	return certificate_servers_match(UINT32_MAX, process);
}

/* The first file whose path is not before this one. */
static size_t lower(const struct named_files *named, const char *path)
{
	size_t low = 0;
	size_t high = named->count;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (strcmp(named->files[middle].path, path) < 0) {
			low = middle + 1;
		} else {
			high = middle;
		}
	}
	return low;
}

static void add(struct servers_walk *walk, const char *path)
{
	struct named_files *named = &walk->named;
	size_t at = lower(named, path);

	if (at < named->count && strcmp(named->files[at].path, path) == 0) {
		named->files[at].servers |= walk->server;
		return;
	}
	if (named->count == CERTIFICATE_SERVERS_NAMED_MAX) {
		return;
	}
	if (named->count % 64 == 0) {
		named->files = alloc_resize(named->files, named->count + 64, sizeof *named->files);
	}
	memmove(&named->files[at + 1], &named->files[at],
		(named->count - at) * sizeof *named->files);
	named->files[at] = (struct named_file){ alloc_text(path), walk->server };
	named->count++;
}

/* Relative ones are of the server's own folder, or of the one the configuration lies in. */
static void add_word(struct servers_walk *walk, struct span word, const char *folder)
{
	char name[CONFIG_PATH_MAX + 1];
	char path[TREE_PATH_SIZE];

	while (word.len > 1 && word.ptr[word.len - 1] == '/') {
		word.len--;
	}
	memcpy(name, word.ptr, word.len);
	name[word.len] = '\0';
	if (name[0] == '/') {
		add(walk, name);
		return;
	}
	if (tree_join(walk->root, name, path) == 0) {
		add(walk, path);
	}
	if (strcmp(folder, walk->root) != 0 && tree_join(folder, name, path) == 0) {
		add(walk, path);
	}
}

static int read_file(struct servers_walk *walk, const char *path, const char *folder)
{
	struct buffer file OWNED(buffer_done);
	struct config_paths it;
	struct span word;
	int error;

	buffer_init(&file, FILE_MAX);
	error = tree_read(walk->tree, path, &file);
	if (error != 0) {
		return collection_missing(error);
	}
	if (span_starts_with(buffer_span(&file), "-----BEGIN ") ||
	    span_find(buffer_span(&file), '\0') < buffer_span(&file).len) {
		return 0; /* a certificate, a key, no text */
	}
	it = config_paths_over(buffer_span(&file));
	while (config_paths_next(&it, &word)) {
		add_word(walk, word, folder);
	}
	return 0;
}

static bool is_configuration(struct span name)
{
	static const char *const others[] = { ".pem", ".crt",       ".cer",      ".key", ".der",
					      ".csr", ".dpkg-dist", ".dpkg-old", ".bak", "~" };

	for (size_t i = 0; i < COUNT_OF(others); i++) {
		if (span_ends_with(name, others[i])) {
			return false;
		}
	}
	return true;
}

static int read_folder(struct servers_walk *walk, const char *path, unsigned depth)
{
	struct tree_folder *folder OWNED(tree_folder_close) = NULL;
	char *child OWNED(alloc_free) = alloc_zeroed(1, TREE_PATH_SIZE);
	int error = tree_folder_open(walk->tree, path, &folder);
	const char *name;
	char type;

	if (error != 0) {
		return collection_missing(error);
	}
	while (error == 0 && tree_folder_next(folder, &name, &type)) {
		if (tree_join(path, name, child) != 0) {
			continue;
		}
		if (type == 'd' && depth < DEPTH_MAX) {
			error = read_folder(walk, child, depth + 1);
		} else if ((type == 'f' || type == 'l') && is_configuration(span_of(name)) &&
			   walk->files++ < FILES_MAX) {
			error = read_file(walk, child, path);
		}
	}
	return error;
}

int certificate_servers_read(struct tree *tree, struct named_files *out)
{
	struct servers_walk walk = { .tree = tree };
	int error = 0;

	for (size_t i = 0; error == 0 && i < COUNT_OF(servers); i++) {
		walk.server = UINT32_C(1) << i;
		walk.root = servers[i].folder;
		error = read_folder(&walk, servers[i].folder, 0);
	}
	if (error != 0) {
		certificate_servers_done(&walk.named);
		return error;
	}
	*out = walk.named;
	return 0;
}

void certificate_servers_done(struct named_files *named)
{
	for (size_t i = 0; i < named->count; i++) {
		free(named->files[i].path);
	}
	free(named->files);
	*named = (struct named_files){ .count = 0 };
}

static uint32_t named_by(const struct named_files *named, const char *path)
{
	size_t at = lower(named, path);

	return at < named->count && strcmp(named->files[at].path, path) == 0
		       ? named->files[at].servers
		       : 0;
}

/* Others name folders of certificates that they trust. */
static uint32_t those_that_serve_folders(void)
{
	uint32_t found = 0;

	for (size_t i = 0; i < COUNT_OF(servers); i++) {
		found |= servers[i].is_folder_served ? UINT32_C(1) << i : 0;
	}
	return found;
}

uint32_t certificate_servers_of(const struct named_files *named, const char *path)
{
	char *folder OWNED(alloc_free) = alloc_text(path);
	uint32_t found = named_by(named, path);

	*strrchr(folder, '/') = '\0';
	return found | (named_by(named, folder) & those_that_serve_folders());
}
