/* feeds.c - vulnerability feeds: what is in force, and asking for newer. The feeds role does the
 * work; what becomes of it is in its status, which GET shows as it is. */
#include "base/error.h"
#include "formats/json.h"
#include "server/api/body.h"
#include "server/api/call.h"
#include "server/api/requests.h"
#include "server/feeds/feed.h"
#include "server/feeds/feeds.h"
#include "sys/file.h"

#define STATUS_MAX (1u << 20)

/* --- reading --- */

static bool is_json(struct span bytes)
{
	struct json j = json_over(bytes);
	enum json_kind kind = json_next(&j).kind;

	json_skip(&j, kind);
	return kind == JSON_OBJECT && json_next(&j).kind == JSON_END && json_ok(&j);
}

static void get(struct call *call)
{
	struct buffer bytes;
	int error;

	buffer_init(&bytes, STATUS_MAX);
	error = file_read(FEEDS_STATUS_PATH, &bytes);
	if (error != 0 || !is_json(buffer_span(&bytes))) {
		call_fail(call, 503, "the feeds' status cannot be read now: %s",
			  error != 0 ? error_text(error) : "it is not whole");
	} else {
		emit_raw(&call->json, span_trim(buffer_span(&bytes)));
		call_answer(call, 200);
	}
	buffer_done(&bytes);
}

const struct resource resource_feeds = {
	.path = "/api/v1/feeds",
	.summary = "Vulnerability feeds: what is in force, since when, and what went wrong last",
	.operations = { { "GET", RESOURCE_SIGNED_IN, "", get } },
};

/* --- asking for more --- */

static const struct feed *find(struct call *call)
{
	const struct feed *feed = feed_named(span_of(call->route.captures[0]));

	if (feed == NULL) {
		call_fail(call, 404, "there is no such feed; GET /api/v1/feeds lists them");
	}
	return feed;
}

static void requested(struct call *call, const struct reply *reply)
{
	uint64_t requested_ms;

	if (arguments_uint(&reply->result, "requested_ms", &requested_ms) != 0) {
		call_fail(call, 503,
			  "the engine's answer lacks something; are both of one version?");
		return;
	}
	emit_object(&call->json);
	emit_key(&call->json, "requested_at");
	emit_time(&call->json, (int64_t)requested_ms);
	emit_object_end(&call->json);
	call_answer(call, 202);
}

static void update(struct call *call)
{
	const struct feed *feed = find(call);

	if (feed == NULL) {
		return;
	}
	if (feed->parts == NULL || call->api->config->is_offline) {
		call_fail(
			call, 409, "%s",
			feed->parts == NULL
				? "this feed is not fetched; import its files: bartizan feed import"
				: "this server is offline; import its files: bartizan feed import");
		return;
	}
	requests_ask(call, "feed-update",
		     (const struct argument[]){ argument_text("name", feed->name),
						argument_text("actor", call->who.name) },
		     2, requested);
}

const struct resource resource_feed_update = {
	.path = "/api/v1/feeds/{name}/update",
	.summary = "Fetch a feed now",
	.operations = { { "POST", RESOURCE_PLATFORM, "", update } },
};

static void import(struct call *call)
{
	const struct feed *feed = find(call);
	struct body body = { 0 };
	struct span inbox;
	bool is_forced;

	if (feed == NULL) {
		return;
	}
	if (body_read(call, "inbox force", &body) && body_text(&body, "inbox", 64, true, &inbox) &&
	    body_boolean(&body, "force", false, &is_forced)) {
		const struct argument arguments[] = {
			argument_text("name", feed->name),
			argument_span("inbox", inbox),
			argument_bool("force", is_forced),
			argument_text("actor", call->who.name),
		};

		requests_ask(call, "feed-import", arguments, COUNT_OF(arguments), requested);
	}
	body_done(&body);
}

const struct resource resource_feed_import = {
	.path = "/api/v1/feeds/{name}/import",
	.summary = "Take a feed's files from the server's own disk",
	.operations = { { "POST", RESOURCE_PLATFORM, "", import } },
};
