/* feed_operations.c - what operators ask of the feeds role, and what it is told of assets. */
#include <stdio.h>

#include "base/error.h"
#include "server/bus/bus.h"
#include "server/engine/findings.h"
#include "server/engine/operation.h"
#include "server/engine/parts.h"
#include "server/services/vulnerability.h"
#include "sys/clock.h"

bool engine_has_feeds(const struct engine *engine)
{
	for (const struct engine_link *l = engine->links; l != NULL; l = l->next) {
		if (l->peer == ENGINE_FEEDS) {
			return true;
		}
	}
	return false;
}

void engine_tell_families(struct engine_tenant *t)
{
	const char *stream;

	while ((stream = findings_stream(t->findings, t->told_streams)) != NULL &&
	       engine_has_feeds(t->engine)) {
		struct span family = span_first(span_of(stream), span_find(span_of(stream), ':'));
		uint8_t room[128];
		struct writer w = writer_over(room, sizeof room);
		char name[RELEASE_STREAM_SIZE];
		struct argument argument;

		snprintf(name, sizeof name, "%.*s", (int)family.len, (const char *)family.ptr);
		argument = argument_text("name", name);
		request_write(&w, "feed-family", &argument, 1);
		engine_tell(t->engine, ENGINE_FEEDS, BUS_FEED_REQUEST, writer_span(&w));
		t->told_streams++;
	}
}

/* Feeds reads its own part of the request; what it makes of it is in feeds/status.json. */
static int pass_to_feeds(struct engine *engine, const char *operation, const char *name,
			 const char *inbox, bool is_forced, struct why *why)
{
	uint8_t room[512];
	struct writer w = writer_over(room, sizeof room);
	const struct argument arguments[] = {
		argument_text("name", name),
		argument_text("inbox", inbox),
		argument_bool("force", is_forced),
	};

	if (!engine_has_feeds(engine)) {
		return why_set(why, ERR_AGAIN, "the feeds role does not run now; try again");
	}
	request_write(&w, operation, arguments, COUNT_OF(arguments));
	engine_tell(engine, ENGINE_FEEDS, BUS_FEED_REQUEST, writer_span(&w));
	return 0;
}

static int run_feed(struct engine *engine, const struct arguments *arguments, const char *operation,
		    struct writer *reply, struct why *why)
{
	char name[64];
	char actor[OPERATION_ACTOR_SIZE];
	char inbox[65] = "";
	bool is_import = span_is(span_of(operation), "feed-import");
	bool is_forced = false;
	int64_t now_ms = clock_wall_ms();
	int error = operation_text(arguments, "name", name, sizeof name, why);

	error = error != 0 ? error : operation_text(arguments, "actor", actor, sizeof actor, why);
	if (is_import && error == 0) {
		error = operation_text(arguments, "inbox", inbox, sizeof inbox, why);
		(void)!arguments_bool(arguments, "force", &is_forced);
	}
	/* noted first: what was asked for is then known, whatever becomes of it */
	error = error != 0 ? error
			   : audit_add(engine->platform, now_ms, actor, operation, name, "", why);
	error = error != 0 ? error : pass_to_feeds(engine, operation, name, inbox, is_forced, why);
	if (error == 0) {
		reply_write(reply,
			    (const struct argument[]){
				    argument_uint("requested_ms", (uint64_t)now_ms) },
			    1);
	}
	return error;
}

static int run_feed_update(struct engine *engine, const struct arguments *arguments,
			   struct writer *reply, struct why *why)
{
	return run_feed(engine, arguments, "feed-update", reply, why);
}

static int run_feed_import(struct engine *engine, const struct arguments *arguments,
			   struct writer *reply, struct why *why)
{
	return run_feed(engine, arguments, "feed-import", reply, why);
}

const struct operation operation_feed_update = { "feed-update", run_feed_update };
const struct operation operation_feed_import = { "feed-import", run_feed_import };
