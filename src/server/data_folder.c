/* data_folder.c - the data folder. */
#include "server/data_folder.h"

#include "base/error.h"
#include "base/text.h"
#include "server/tenants/tenants.h"
#include "sys/clock.h"
#include "sys/file.h"
#include "sys/pki.h"

#include <dirent.h>
#include <errno.h>
#include <ifaddrs.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* Names beside the path of the data folder never make it longer than this. */
#define NAME_ROOM 128

/* Most addresses that the server's certificate bears. */
#define ADDRESSES_MAX 24

struct address_list {
	char texts[ADDRESSES_MAX][NET_TEXT_SIZE];
	const char *pointers[ADDRESSES_MAX + 1]; /* ended by NULL */
	size_t count;
};

/* The caller made sure that the folder's path leaves room. */
static void join(const char *folder, const char *name, char out[DATA_FOLDER_PATH_SIZE])
{
	snprintf(out, DATA_FOLDER_PATH_SIZE, "%s/%s", folder, name);
}

int data_folder_enter(const char *folder, char out[DATA_FOLDER_PATH_SIZE], struct why *why)
{
	char *resolved;
	int error = file_make_folder(folder, 0700, why);

	if (error != 0) {
		return error;
	}
	resolved = realpath(folder, NULL);
	if (resolved == NULL) {
		return why_set(why, ERR_IO, "%s: %s", folder, strerror(errno));
	}
	if (strlen(resolved) + NAME_ROOM >= DATA_FOLDER_PATH_SIZE) {
		free(resolved);
		return why_set(why, ERR_LIMIT, "the data folder's path is too long");
	}
	snprintf(out, DATA_FOLDER_PATH_SIZE, "%s", resolved);
	free(resolved);
	return chdir(out) == 0 ? 0 : why_set(why, ERR_IO, "%s: %s", out, strerror(errno));
}

int data_folder_lock(const char *folder, int *out_fd, struct why *why)
{
	char path[DATA_FOLDER_PATH_SIZE];
	struct why holder;
	int error;

	join(folder, "lock", path);
	error = file_lock(path, out_fd, &holder);
	if (error == ERR_EXISTS) {
		return why_set(why, error, "another bartizand serves %.200s already: %.200s",
			       folder, holder.text);
	}
	return error == 0 ? 0 : why_set(why, error, "%.500s", holder.text);
}

/* --- making it --- */

static int make_operator_token(struct platform *p, const char *folder, struct why *why)
{
	char path[DATA_FOLDER_PATH_SIZE];
	char token[TOKEN_TEXT_SIZE];
	char line[TOKEN_TEXT_SIZE + 1];
	int64_t now_ms = clock_wall_ms();
	int error;

	join(folder, "operator.token", path);
	if (access(path, F_OK) == 0) {
		return 0;
	}
	error = platform_begin(p, why);
	if (error != 0) {
		return error;
	}
	error = operator_token_new(p, "", "operator", now_ms, token, why);
	if (error == 0) {
		error = audit_add(p, now_ms, "bartizand", "operator-token", "operator", "", why);
	}
	if (error != 0) {
		platform_rollback(p);
		return error;
	}
	error = platform_commit(p, why);
	if (error != 0) {
		return error;
	}
	/* last: a token that no file holds is harmless, a file whose token is unknown is not */
	snprintf(line, sizeof line, "%s\n", token);
	return file_replace(path, span_of(line), 0600, why);
}

static int make_default_tenant(struct platform *p, struct why *why)
{
	struct tenant found;
	int64_t now_ms = clock_wall_ms();
	int error = tenant_find(p, "default", &found);

	if (error != ERR_NOT_FOUND) {
		return error == 0 ? 0 : why_set(why, error, "platform.db: %s", error_text(error));
	}
	error = platform_begin(p, why);
	if (error != 0) {
		return error;
	}
	error = tenant_add(p, "default", now_ms, why);
	if (error == 0) {
		error = audit_add(p, now_ms, "bartizand", "tenant-add", "default", "default", why);
	}
	if (error != 0) {
		platform_rollback(p);
		return error;
	}
	return platform_commit(p, why);
}

static int make_platform(const char *folder, struct why *why)
{
	struct platform *p = NULL;
	int error = platform_open(folder, true, &p, why);

	if (error == 0) {
		error = make_default_tenant(p, why);
	}
	if (error == 0) {
		error = make_operator_token(p, folder, why);
	}
	platform_close(&p);
	return error;
}

static void add_address(struct address_list *list, const char *text)
{
	for (size_t i = 0; i < list->count; i++) {
		if (span_is(span_of(text), list->pointers[i])) {
			return;
		}
	}
	if (list->count < ADDRESSES_MAX) {
		snprintf(list->texts[list->count], NET_TEXT_SIZE, "%s", text);
		list->pointers[list->count] = list->texts[list->count];
		list->count++;
	}
}

static bool is_any(const struct net_address *address)
{
	char text[NET_TEXT_SIZE];

	net_host_text(address, text);
	return span_is(span_of(text), "0.0.0.0") || span_is(span_of(text), "::");
}

static void add_interfaces(struct address_list *list)
{
	struct ifaddrs *all;

	if (getifaddrs(&all) != 0) {
		return;
	}
	for (struct ifaddrs *i = all; i != NULL; i = i->ifa_next) {
		struct net_address address = { .length = 0 };
		char text[NET_TEXT_SIZE];

		if (i->ifa_addr == NULL) {
			continue;
		}
		if (i->ifa_addr->sa_family == AF_INET) {
			address.length = sizeof(struct sockaddr_in);
		} else if (i->ifa_addr->sa_family == AF_INET6) {
			address.length = sizeof(struct sockaddr_in6);
		}
		if (address.length > 0) {
			memcpy(&address.storage, i->ifa_addr, address.length);
			net_host_text(&address, text);
			if (!span_starts_with(span_of(text), "fe80")) {
				add_address(list, text);
			}
		}
	}
	freeifaddrs(all);
}

static void add_bound(struct address_list *list, const struct net_address *address)
{
	char text[NET_TEXT_SIZE];

	if (is_any(address)) {
		add_interfaces(list);
	} else {
		net_host_text(address, text);
		add_address(list, text);
	}
}

static int make_authority(const char *folder, const struct net_address *sensors,
			  const struct net_address *api, struct why *why)
{
	struct address_list addresses = { .count = 0 };
	char host[256] = "";
	const char *names[] = { PKI_SERVER_NAME, "localhost", host, NULL };

	if (gethostname(host, sizeof host - 1) != 0 || host[0] == '\0' || strlen(host) > 64) {
		names[2] = NULL;
	}
	add_address(&addresses, "127.0.0.1");
	add_address(&addresses, "::1");
	add_bound(&addresses, sensors);
	add_bound(&addresses, api);
	return authority_prepare(folder, names, addresses.pointers, why);
}

int data_folder_prepare(const char *folder, const struct net_address *sensors,
			const struct net_address *api, struct why *why)
{
	static const char *const subfolders[] = { "run", "tenants", "feeds" };

	for (size_t i = 0; i < COUNT_OF(subfolders); i++) {
		char path[DATA_FOLDER_PATH_SIZE];
		int error;

		join(folder, subfolders[i], path);
		error = file_make_folder(path, 0700, why);
		if (error != 0) {
			return error;
		}
	}
	if (make_platform(folder, why) != 0 || make_authority(folder, sensors, api, why) != 0) {
		return ERR_IO;
	}
	return 0;
}

/* --- run/ --- */

static bool is_api_bus(const char *name)
{
	return span_starts_with(span_of(name), "api-") && span_ends_with(span_of(name), ".sock");
}

/* The name of an api's bus socket in run/, or false where there is none. */
static bool find_api_bus(char out[DATA_FOLDER_BUS_PATH_SIZE])
{
	bool is_found = false;
	struct dirent *entry;
	DIR *run = opendir("run");

	while (run != NULL && !is_found && (entry = readdir(run)) != NULL) {
		is_found = is_api_bus(entry->d_name) &&
			   snprintf(out, DATA_FOLDER_BUS_PATH_SIZE, "run/%s", entry->d_name) <
				   DATA_FOLDER_BUS_PATH_SIZE;
	}
	if (run != NULL) {
		closedir(run);
	}
	return is_found;
}

void data_folder_new_api_bus_path(char out[DATA_FOLDER_BUS_PATH_SIZE])
{
	uint8_t random[16];
	char hex[2 * sizeof random + 1];

	while (find_api_bus(out) && unlink(out) == 0) {
	}
	pki_random(random, sizeof random);
	text_to_hex((struct span){ random, sizeof random }, hex);
	snprintf(out, DATA_FOLDER_BUS_PATH_SIZE, "run/api-%s.sock", hex);
}

int data_folder_api_bus_path(char out[DATA_FOLDER_BUS_PATH_SIZE], struct why *why)
{
	return find_api_bus(out) ? 0
				 : why_set(why, ERR_NOT_FOUND,
					   "no engine serves this folder; start it first");
}

int data_folder_write_addresses(const char *folder, const char *sensors, const char *api,
				struct why *why)
{
	char path[DATA_FOLDER_PATH_SIZE];
	char json[1024];

	join(folder, "run/addresses.json", path);
	snprintf(json, sizeof json,
		 "{\"sensors\": \"%s\", \"api\": \"https://%s\", \"pid\": %ld}\n", sensors, api,
		 (long)getpid());
	return file_replace(path, span_of(json), 0600, why);
}
