/* audit.c - what operators did. */
#include "server/api/call.h"

struct page {
	struct emit *json;
	int64_t oldest;
};

static bool write_entry(void *context, const struct audit_entry *entry)
{
	struct page *page = context;
	struct emit *j = page->json;

	page->oldest = entry->no;
	emit_object(j);
	emit_key(j, "no");
	emit_integer(j, entry->no);
	emit_key(j, "at");
	emit_time(j, entry->at_ms);
	emit_key(j, "actor");
	emit_text(j, entry->actor);
	emit_key(j, "action");
	emit_text(j, entry->action);
	emit_key(j, "subject");
	emit_text(j, entry->subject);
	emit_key(j, "tenant");
	emit_text(j, entry->tenant != NULL && entry->tenant[0] != '\0' ? entry->tenant : NULL);
	emit_key(j, "hash");
	emit_hex(j, (struct span){ entry->hash, sizeof entry->hash });
	emit_object_end(j);
	return true;
}

static void get(struct call *call)
{
	struct emit *j = &call->json;
	struct page page = { .json = j };
	int64_t limit;
	int64_t before;

	if (!call_limit(call, &limit) || !call_integer(call, "before", 1, INT64_MAX, 0, &before)) {
		return;
	}
	emit_object(j);
	emit_key(j, "items");
	emit_array(j);
	if (audit_each(call->api->platform, (size_t)limit, before, write_entry, &page) != 0) {
		call_fail(call, 503, "the audit log cannot be read now; try again");
		return;
	}
	emit_array_end(j);
	emit_key(j, "next");
	if (page.oldest > 1) {
		emit_integer(j, page.oldest);
	} else {
		emit_null(j); /* entries are numbered from 1 */
	}
	emit_object_end(j);
	call_answer(call, 200);
}

const struct resource resource_audit = {
	.path = "/api/v1/audit",
	.summary = "What operators did, newest first",
	.operations = { { "GET", RESOURCE_PLATFORM, "before limit", get } },
};
