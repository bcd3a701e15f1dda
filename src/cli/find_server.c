/* find_server.c - by --data, by the environment, or by ./var. */
#include "cli/find_server.h"

#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/error.h"
#include "sys/buffer.h"
#include "sys/file.h"

#define SMALL_FILE_MAX 65536

static int read_small(const char *path, struct buffer *out)
{
	buffer_init(out, SMALL_FILE_MAX);
	return file_read(path, out);
}

static int read_token(struct server_place *place, struct why *why)
{
	struct buffer bytes;
	struct span token;
	int error = read_small(place->token_file, &bytes);

	token = span_trim(buffer_span(&bytes));
	if (error == ERR_DENIED) {
		error = why_set(
			why, error,
			"%s may not be read by this user: run as the user that the server runs as",
			place->token_file);
	} else if (error != 0) {
		error = why_set(why, error, "the token cannot be read from %s: %s",
				place->token_file, error_text(error));
	} else if (token.len == 0 || token.len >= sizeof place->token ||
		   span_find(token, '\n') < token.len) {
		error = why_set(why, ERR_MALFORMED, "%s holds no token: it must be one line",
				place->token_file);
	} else {
		memcpy(place->token, token.ptr, token.len);
		place->token[token.len] = '\0';
	}
	buffer_done(&bytes);
	return error;
}

/* A server that listens on every address is reached by loopback from here. */
static void take_url(struct server_place *place, const char *url)
{
	static const char any4[] = "https://0.0.0.0:";
	static const char any6[] = "https://[::]:";
	size_t len;

	if (strncmp(url, any4, sizeof any4 - 1) == 0) {
		snprintf(place->url, sizeof place->url, "https://127.0.0.1:%s",
			 url + sizeof any4 - 1);
	} else if (strncmp(url, any6, sizeof any6 - 1) == 0) {
		snprintf(place->url, sizeof place->url, "https://127.0.0.1:%s",
			 url + sizeof any6 - 1);
	} else {
		snprintf(place->url, sizeof place->url, "%s", url);
	}
	len = strlen(place->url);
	while (len > 0 && place->url[len - 1] == '/') {
		place->url[--len] = '\0';
	}
}

static int read_addresses(const char *folder, struct server_place *place, struct why *why)
{
	char path[4096];
	struct buffer bytes;
	struct span text;
	json_t *root;
	const char *url;
	int error;

	snprintf(path, sizeof path, "%s/run/addresses.json", folder);
	error = read_small(path, &bytes);
	text = buffer_span(&bytes);
	root = error == 0 ? json_loadb((const char *)text.ptr, text.len, 0, NULL) : NULL;
	url = json_string_value(json_object_get(root, "api"));
	if (error == ERR_NOT_FOUND) {
		error = why_set(why, error,
				"no server has run with the data folder %s: start one with "
				"'bartizand --data "
				"%s', or name another folder with --data",
				folder, folder);
	} else if (error != 0) {
		error = why_set(why, error, "%s cannot be read: %s", path, error_text(error));
	} else if (url == NULL) {
		error = why_set(why, ERR_MALFORMED,
				"%s holds no address: restart the server, which writes it", path);
	} else {
		take_url(place, url);
	}
	json_decref(root);
	buffer_done(&bytes);
	return error;
}

static int by_folder(const char *folder, struct server_place *place, struct why *why)
{
	int error = read_addresses(folder, place, why);

	snprintf(place->ca_file, sizeof place->ca_file, "%s/ca.pem", folder);
	snprintf(place->token_file, sizeof place->token_file, "%s/operator.token", folder);
	return error;
}

static int by_environment(const char *url, struct server_place *place, struct why *why)
{
	const char *token_file = getenv("BARTIZAN_TOKEN_FILE");
	const char *ca_file = getenv("BARTIZAN_CA");

	if (token_file == NULL || ca_file == NULL) {
		return why_set(why, ERR_USAGE,
			       "BARTIZAN_URL is set, so %s must be too: the path of %s",
			       token_file == NULL ? "BARTIZAN_TOKEN_FILE" : "BARTIZAN_CA",
			       token_file == NULL ? "a file that holds your token"
						  : "the server's ca.pem");
	}
	if (strncmp(url, "https://", 8) != 0) {
		return why_set(why, ERR_USAGE, "BARTIZAN_URL must begin with https://");
	}
	take_url(place, url);
	snprintf(place->token_file, sizeof place->token_file, "%s", token_file);
	snprintf(place->ca_file, sizeof place->ca_file, "%s", ca_file);
	return 0;
}

int find_server(const struct args *args, struct server_place *out, struct why *why)
{
	struct server_place place = { 0 };
	const char *folder = args_value(args, "--data", NULL);
	const char *url = getenv("BARTIZAN_URL");
	int error;

	if (folder == NULL && url == NULL) {
		folder = getenv("BARTIZAN_DATA");
	}
	if (folder == NULL && url == NULL && access("var/run/addresses.json", F_OK) == 0) {
		folder = "var";
	}
	if (folder != NULL) {
		error = by_folder(folder, &place, why);
	} else if (url != NULL) {
		error = by_environment(url, &place, why);
	} else {
		error = why_set(why, ERR_USAGE,
				"where is the server? Name its data folder with --data DIR, or set "
				"BARTIZAN_URL, BARTIZAN_TOKEN_FILE and BARTIZAN_CA. To start one: "
				"'bartizand "
				"--data DIR', or ./dev run");
	}
	if (error == 0) {
		error = read_token(&place, why);
	}
	if (error == 0 && access(place.ca_file, R_OK) != 0) {
		error = why_set(
			why, ERR_NOT_FOUND,
			"the server's CA certificate %s cannot be read: copy ca.pem from its data "
			"folder",
			place.ca_file);
	}
	if (error == 0) {
		*out = place;
	}
	return error;
}
