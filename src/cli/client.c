/* client.c - libcurl with one CA, and answers turned into reasons. */
#include "cli/client.h"

#include <curl/curl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "cli/find_server.h"
#include "sys/alloc.h"
#include "sys/buffer.h"
#include "sys/clock.h"

#define ANSWER_MAX      (256u << 20)
#define CONNECT_MS      10000
#define CALL_MS         120000
#define PAGE_LIMIT_TEXT "1000"

struct client {
	struct server_place place;
	char tenant[128];
	CURL *curl;
	struct curl_slist *headers;
	char error[CURL_ERROR_SIZE];
};

int client_open(const struct args *args, struct client **out, struct why *why)
{
	struct server_place place;
	int error = find_server(args, &place, why);
	char authorization[512];
	struct client *client;

	if (error != 0) {
		return error;
	}
	client = alloc_zeroed(1, sizeof *client);
	client->place = place;
	snprintf(client->tenant, sizeof client->tenant, "%s", args_value(args, "--tenant", ""));
	snprintf(authorization, sizeof authorization, "Authorization: Bearer %s", place.token);
	client->headers = curl_slist_append(NULL, authorization);
	client->headers = curl_slist_append(client->headers, "Content-Type: application/json");
	client->curl = curl_easy_init();
	if (client->curl == NULL || client->headers == NULL) {
		client_free(&client);
		return why_set(why, ERR_IO, "libcurl does not start");
	}
	*out = client;
	return 0;
}

void client_free(struct client **client)
{
	if (*client != NULL) {
		curl_slist_free_all((*client)->headers);
		curl_easy_cleanup((*client)->curl);
		free(*client);
		*client = NULL;
	}
}

const char *client_url(const struct client *client)
{
	return client->place.url;
}

/* --- targets --- */

static void append(struct target *t, const char *text, size_t len)
{
	if (t->len + len < sizeof t->text) {
		memcpy(t->text + t->len, text, len);
		t->len += len;
		t->text[t->len] = '\0';
	}
}

static void append_encoded(struct target *t, const char *text)
{
	char *encoded = curl_easy_escape(NULL, text, 0);

	if (encoded != NULL) {
		append(t, encoded, strlen(encoded));
		curl_free(encoded);
	}
}

struct target target_of(const char *path)
{
	struct target t = { 0 };

	append(&t, path, strlen(path));
	return t;
}

void target_segment(struct target *t, const char *segment)
{
	append(t, "/", 1);
	append_encoded(t, segment);
}

void target_param(struct target *t, const char *name, const char *value)
{
	if (value == NULL) {
		return;
	}
	append(t, t->has_query ? "&" : "?", 1);
	t->has_query = true;
	append(t, name, strlen(name));
	append(t, "=", 1);
	append_encoded(t, value);
}

/* --- requests --- */

static size_t take_bytes(char *bytes, size_t size, size_t count, void *context)
{
	struct span piece = { (const uint8_t *)bytes, size * count };

	return buffer_append(context, piece) == 0 ? piece.len : 0;
}

/* What every request has in common. */
static void prepare(struct client *client, const char *method, const struct target *target)
{
	struct target whole = *target;
	char url[sizeof client->place.url + sizeof target->text];

	if (client->tenant[0] != '\0') {
		target_param(&whole, "tenant", client->tenant);
	}
	snprintf(url, sizeof url, "%s%s", client->place.url, whole.text);
	curl_easy_reset(client->curl);
	client->error[0] = '\0';
	curl_easy_setopt(client->curl, CURLOPT_URL, url);
	curl_easy_setopt(client->curl, CURLOPT_CUSTOMREQUEST, method);
	curl_easy_setopt(client->curl, CURLOPT_HTTPHEADER, client->headers);
	curl_easy_setopt(client->curl, CURLOPT_CAINFO, client->place.ca_file);
	curl_easy_setopt(client->curl, CURLOPT_CAPATH, NULL);
	curl_easy_setopt(client->curl, CURLOPT_SSL_VERIFYPEER, 1L);
	curl_easy_setopt(client->curl, CURLOPT_SSL_VERIFYHOST, 2L);
	curl_easy_setopt(client->curl, CURLOPT_SSLVERSION, (long)CURL_SSLVERSION_TLSv1_2);
	curl_easy_setopt(client->curl, CURLOPT_PROTOCOLS_STR, "https");
	curl_easy_setopt(client->curl, CURLOPT_NOPROXY, "127.0.0.1,localhost,::1");
	curl_easy_setopt(client->curl, CURLOPT_CONNECTTIMEOUT_MS, (long)CONNECT_MS);
	curl_easy_setopt(client->curl, CURLOPT_NOSIGNAL, 1L);
	curl_easy_setopt(client->curl, CURLOPT_ERRORBUFFER, client->error);
	curl_easy_setopt(client->curl, CURLOPT_USERAGENT, "bartizan/" BARTIZAN_VERSION);
}

/* Why there was no answer at all. */
static int explain_curl(const struct client *client, CURLcode code, struct why *why)
{
	switch (code) {
	case CURLE_OK:
		return 0;
	case CURLE_COULDNT_CONNECT:
	case CURLE_COULDNT_RESOLVE_HOST:
		return why_set(why, ERR_CLOSED,
			       "no server answers at %s: start it with 'bartizand --data DIR' (or "
			       "./dev run)",
			       client->place.url);
	case CURLE_PEER_FAILED_VERIFICATION:
		return why_set(why, ERR_DENIED,
			       "the certificate of %s is not of the CA in %s, or bears another "
			       "name (%s): is "
			       "this the right server and the right ca.pem?",
			       client->place.url, client->place.ca_file, client->error);
	case CURLE_SSL_CACERT_BADFILE:
		return why_set(why, ERR_MALFORMED, "%s is not a CA certificate in PEM form",
			       client->place.ca_file);
	case CURLE_OPERATION_TIMEDOUT:
		return why_set(why, ERR_TIMEOUT, "the server at %s did not answer in time",
			       client->place.url);
	case CURLE_WRITE_ERROR:
		return why_set(why, ERR_LIMIT, "the answer is larger than 256 MiB: ask for less");
	default:
		return why_set(why, ERR_CLOSED, "the connection to %s broke: %s", client->place.url,
			       client->error[0] != '\0' ? client->error : curl_easy_strerror(code));
	}
}

/* What an answer that is no success says. */
static int explain_status(const struct client *client, long status, struct span body,
			  struct why *why)
{
	json_t *root = json_loadb((const char *)body.ptr, body.len, 0, NULL);
	const char *message =
		json_string_value(json_object_get(json_object_get(root, "error"), "message"));
	int error = status == 401 || status == 403   ? ERR_DENIED
		    : status == 404                  ? ERR_NOT_FOUND
		    : status == 408                  ? ERR_TIMEOUT
		    : status == 409                  ? ERR_CONFLICT
		    : status >= 500 || status == 429 ? ERR_AGAIN
						     : ERR_USAGE;

	if (status == 401) {
		(void)why_set(why, error, "the server does not know the token in %s: %.300s",
			      client->place.token_file, message != NULL ? message : "");
	} else if (message != NULL) {
		(void)why_set(why, error, "%s", message);
	} else {
		(void)why_set(why, error, "the server answered with status %ld", status);
	}
	json_decref(root);
	return error;
}

int client_call(struct client *client, const char *method, const struct target *target,
		json_t *body, json_t **out, struct why *why)
{
	char *sent = body != NULL ? json_dumps(body, JSON_COMPACT) : NULL;
	struct buffer answer;
	struct span text;
	json_t *root = NULL;
	json_error_t fault;
	long status = 0;
	CURLcode code;
	int error;

	json_decref(body);
	buffer_init(&answer, ANSWER_MAX);
	prepare(client, method, target);
	curl_easy_setopt(client->curl, CURLOPT_TIMEOUT_MS, (long)CALL_MS);
	curl_easy_setopt(client->curl, CURLOPT_WRITEFUNCTION, take_bytes);
	curl_easy_setopt(client->curl, CURLOPT_WRITEDATA, &answer);
	if (strcmp(method, "GET") != 0) {
		curl_easy_setopt(client->curl, CURLOPT_POSTFIELDS, sent != NULL ? sent : "");
	}
	code = curl_easy_perform(client->curl);
	curl_easy_getinfo(client->curl, CURLINFO_RESPONSE_CODE, &status);
	text = buffer_span(&answer);
	error = explain_curl(client, code, why);
	if (error == 0 && status >= 300) {
		error = explain_status(client, status, text, why);
	}
	if (error == 0 && text.len > 0) {
		root = json_loadb((const char *)text.ptr, text.len, JSON_ALLOW_NUL, &fault);
		if (root == NULL) {
			error = why_set(why, ERR_MALFORMED, "the answer is not JSON: %s",
					fault.text);
		}
	}
	if (error == 0) {
		*out = root;
	}
	buffer_done(&answer);
	free(sent);
	return error;
}

/* The cursor of the next page as text; false where there is none. */
static bool next_cursor(const json_t *page, char out[256])
{
	const json_t *next = json_object_get(page, "next");

	if (json_is_integer(next)) {
		snprintf(out, 256, "%lld", (long long)json_integer_value(next));
	} else if (json_is_string(next)) {
		snprintf(out, 256, "%s", json_string_value(next));
	} else {
		return false;
	}
	return true;
}

int client_delete(struct client *client, const char *path, const char *name, struct why *why)
{
	struct target target = target_of(path);
	json_t *answer = NULL;
	int error;

	target_segment(&target, name);
	error = client_call(client, "DELETE", &target, NULL, &answer, why);
	json_decref(answer);
	return error;
}

int client_pages(struct client *client, const struct target *target, const char *cursor_name,
		 size_t limit, json_t **out, struct why *why)
{
	json_t *all = json_array();
	char cursor[256] = "";
	bool has_more = true;
	int error = 0;

	while (error == 0 && has_more && (limit == 0 || json_array_size(all) < limit)) {
		struct target each = *target;
		json_t *page = NULL;

		target_param(&each, "limit", PAGE_LIMIT_TEXT);
		target_param(&each, cursor_name, cursor[0] != '\0' ? cursor : NULL);
		error = client_call(client, "GET", &each, NULL, &page, why);
		if (error == 0) {
			json_array_extend(all, json_object_get(page, "items"));
			has_more = next_cursor(page, cursor);
		}
		json_decref(page);
	}
	while (error == 0 && limit > 0 && json_array_size(all) > limit) {
		json_array_remove(all, json_array_size(all) - 1);
	}
	if (error != 0) {
		json_decref(all);
		return error;
	}
	*out = json_pack("{s:o}", "items", all);
	return 0;
}

/* --- streams --- */

/* Longest line of a stream. */
#define LINE_MAX_BYTES (2u << 20)

struct streaming {
	struct client *client;
	const struct client_lines *lines;
	void *context;
	struct buffer rest; /* a line that is not complete; the body of a failure */
	long status;
	bool is_stopped;
};

static size_t take_stream(char *bytes, size_t size, size_t count, void *context)
{
	struct streaming *s = context;
	struct span piece = { (const uint8_t *)bytes, size * count };
	struct span held;
	size_t at;

	if (s->status == 0) {
		curl_easy_getinfo(s->client->curl, CURLINFO_RESPONSE_CODE, &s->status);
		if (s->status == 200) {
			s->lines->opened(s->context);
		}
	}
	if (buffer_append(&s->rest, piece) != 0) {
		return 0;
	}
	while (s->status == 200 && !s->is_stopped) {
		held = buffer_span(&s->rest);
		at = span_find(held, '\n');
		if (at == held.len) {
			break;
		}
		s->is_stopped = !s->lines->line(s->context, span_first(held, at));
		buffer_consume(&s->rest, at + 1);
	}
	return piece.len;
}

/* Runs the transfer until it ends, is stopped, or its time is up. */
static int transfer(struct streaming *s, CURLM *multi, struct why *why)
{
	int running = 1;
	int queued;

	while (running > 0 && !s->is_stopped) {
		int64_t left_ms =
			s->lines->deadline_ms > 0 ? s->lines->deadline_ms - clock_ms() : 60000;

		if (left_ms <= 0) {
			return why_set(why, ERR_TIMEOUT, "the time is up");
		}
		if (curl_multi_perform(multi, &running) != CURLM_OK) {
			return why_set(why, ERR_IO, "libcurl cannot go on");
		}
		if (running > 0 && !s->is_stopped) {
			curl_multi_poll(multi, NULL, 0, (int)(left_ms < 60000 ? left_ms : 60000),
					NULL);
		}
	}
	if (s->is_stopped) {
		return 0;
	}
	for (CURLMsg *message; (message = curl_multi_info_read(multi, &queued)) != NULL;) {
		if (message->msg == CURLMSG_DONE) {
			int error = explain_curl(s->client, message->data.result, why);

			if (error != 0) {
				return error;
			}
		}
	}
	curl_easy_getinfo(s->client->curl, CURLINFO_RESPONSE_CODE, &s->status);
	return s->status == 200 ? why_set(why, ERR_CLOSED, "the server ended the stream")
				: explain_status(s->client, s->status, buffer_span(&s->rest), why);
}

int client_stream(struct client *client, const struct target *target,
		  const struct client_lines *lines, void *context, struct why *why)
{
	struct streaming s = { .client = client, .lines = lines, .context = context };
	CURLM *multi = curl_multi_init();
	struct curl_slist *headers = NULL;
	char last[128];
	int error;

	buffer_init(&s.rest, LINE_MAX_BYTES);
	prepare(client, "GET", target);
	for (struct curl_slist *h = client->headers; h != NULL; h = h->next) {
		headers = curl_slist_append(headers, h->data);
	}
	if (lines->last_event_id != NULL && lines->last_event_id[0] != '\0') {
		snprintf(last, sizeof last, "Last-Event-ID: %s", lines->last_event_id);
		headers = curl_slist_append(headers, last);
	}
	curl_easy_setopt(client->curl, CURLOPT_HTTPHEADER, headers);
	curl_easy_setopt(client->curl, CURLOPT_WRITEFUNCTION, take_stream);
	curl_easy_setopt(client->curl, CURLOPT_WRITEDATA, &s);
	/* the server says something every 15 s: three times that is too long a silence */
	curl_easy_setopt(client->curl, CURLOPT_LOW_SPEED_LIMIT, 1L);
	curl_easy_setopt(client->curl, CURLOPT_LOW_SPEED_TIME, 45L);
	curl_multi_add_handle(multi, client->curl);
	error = transfer(&s, multi, why);
	curl_multi_remove_handle(multi, client->curl);
	curl_multi_cleanup(multi);
	curl_easy_reset(client->curl);
	curl_slist_free_all(headers);
	buffer_done(&s.rest);
	return error;
}
