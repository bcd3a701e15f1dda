/*
 * client.h - the API over HTTPS, with the server's own CA as the only one that is trusted.
 */
#pragma once

#include <jansson.h>

#include "base/attr.h"
#include "base/span.h"
#include "sys/args.h"
#include "sys/why.h"

struct client;

/* Finds the server: --data DIR of args; else BARTIZAN_URL, BARTIZAN_TOKEN_FILE and BARTIZAN_CA;
 * else BARTIZAN_DATA or ./var. Reads token and CA; connects to nothing yet. */
MUST_USE int client_open(const struct args *args, struct client **out, struct why *why);
void client_free(struct client **client);

/* The server's address, https://HOST:PORT. */
const char *client_url(const struct client *client);

/* A path with its query, percent-encoded as it is put together. */
struct target {
	char text[4096];
	size_t len;
	bool has_query;
};

/* path is taken as it is. The tenant need not be named: the client adds its own. */
struct target target_of(const char *path);
void target_segment(struct target *t, const char *segment);
/* Nothing where value is NULL. */
void target_param(struct target *t, const char *name, const char *value);

/* One request. body may be NULL, and is taken over. *out is what the answer holds: to be freed with
 * json_decref; NULL for an empty one. ERR_DENIED for a token that is refused, ERR_NOT_FOUND,
 * ERR_USAGE for what the server finds wrong, ERR_CLOSED where none answers, ...: each with the
 * reason. */
MUST_USE int client_call(struct client *client, const char *method, const struct target *target,
			 json_t *body, json_t **out, struct why *why);

/* DELETE of path/name, whose answer says nothing more. */
MUST_USE int client_delete(struct client *client, const char *path, const char *name,
			   struct why *why);

/* Every page of a listing, as one {"items": [...]}. limit 0: all. */
MUST_USE int client_pages(struct client *client, const struct target *target,
			  const char *cursor_name, size_t limit, json_t **out, struct why *why);

/* Lines of a stream until one returns false, the stream ends (ERR_CLOSED), or deadline_ms of
 * clock_ms passes (ERR_TIMEOUT; 0 for none). opened is called once the server has accepted. */
struct client_lines {
	void (*opened)(void *context);
	bool (*line)(void *context, struct span line);
	const char *last_event_id; /* or NULL */
	int64_t deadline_ms;
};
MUST_USE int client_stream(struct client *client, const struct target *target,
			   const struct client_lines *lines, void *context, struct why *why);
