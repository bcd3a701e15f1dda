/* client_harness.c - curl's multi interface, turned along with the server's loop. */
#include "server/api/client_harness.h"

#include <stdarg.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>
#include <stdio.h>
#include <string.h>

#include "base/span.h"

void client_harness_open(struct client_harness *c, struct loop *loop, unsigned port)
{
	*c = (struct client_harness){ .loop = loop, .multi = curl_multi_init(), .port = port };
}

void client_harness_close(struct client_harness *c)
{
	curl_multi_cleanup(c->multi);
	c->multi = NULL;
}

static size_t take_body(char *bytes, size_t size, size_t count, void *context)
{
	struct exchange *e = context;

	/* a NUL stays behind, for strstr */
	if (size * count >= sizeof e->body - e->len) {
		return 0;
	}
	memcpy(e->body + e->len, bytes, size * count);
	e->len += size * count;
	return size * count;
}

static size_t take_header(char *bytes, size_t size, size_t count, void *context)
{
	struct exchange *e = context;
	size_t len = size * count;

	if (len < sizeof e->headers - e->headers_len) {
		memcpy(e->headers + e->headers_len, bytes, len);
		e->headers_len += len;
	}
	return len;
}

void client_harness_start(struct client_harness *c, struct exchange *e, const char *method,
			  const char *path, const char *const *headers, const char *body)
{
	char url[1024];

	memset(e, 0, sizeof *e);
	e->curl = curl_easy_init();
	for (size_t i = 0; headers != NULL && headers[i] != NULL; i++) {
		e->sent_headers = curl_slist_append(e->sent_headers, headers[i]);
	}
	snprintf(url, sizeof url, "https://127.0.0.1:%u%s", c->port, path);
	curl_easy_setopt(e->curl, CURLOPT_URL, url);
	curl_easy_setopt(e->curl, CURLOPT_PATH_AS_IS, 1L);
	curl_easy_setopt(e->curl, CURLOPT_CUSTOMREQUEST, method);
	curl_easy_setopt(e->curl, CURLOPT_HTTPHEADER, e->sent_headers);
	curl_easy_setopt(e->curl, CURLOPT_SSL_VERIFYPEER, 0L);
	curl_easy_setopt(e->curl, CURLOPT_SSL_VERIFYHOST, 0L);
	curl_easy_setopt(e->curl, CURLOPT_NOPROXY, "*");
	curl_easy_setopt(e->curl, CURLOPT_WRITEFUNCTION, take_body);
	curl_easy_setopt(e->curl, CURLOPT_WRITEDATA, e);
	curl_easy_setopt(e->curl, CURLOPT_HEADERFUNCTION, take_header);
	curl_easy_setopt(e->curl, CURLOPT_HEADERDATA, e);
	curl_easy_setopt(e->curl, CURLOPT_PRIVATE, e);
	if (body != NULL) {
		curl_easy_setopt(e->curl, CURLOPT_POSTFIELDS, body);
	}
	curl_multi_add_handle(c->multi, e->curl);
}

void client_harness_turn(struct client_harness *c)
{
	int running;
	int queued;

	loop_turn(c->loop, 1);
	assert_int_equal(curl_multi_perform(c->multi, &running), CURLM_OK);
	for (CURLMsg *m; (m = curl_multi_info_read(c->multi, &queued)) != NULL;) {
		struct exchange *e;

		curl_easy_getinfo(m->easy_handle, CURLINFO_PRIVATE, (char **)&e);
		e->is_done = true;
		e->code = m->data.result;
		curl_easy_getinfo(m->easy_handle, CURLINFO_RESPONSE_CODE, &e->status);
	}
}

void client_harness_end(struct client_harness *c, struct exchange *e)
{
	curl_multi_remove_handle(c->multi, e->curl);
	curl_easy_cleanup(e->curl);
	curl_slist_free_all(e->sent_headers);
}

bool client_harness_has(const struct exchange *e, const char *text)
{
	return strstr(e->body, text) != NULL;
}
