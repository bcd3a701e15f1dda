/* network_filter.c - parameters of pages over the network. */
#include "server/api/network_filter.h"

#include <stdio.h>

/* The most items that may be passed over. */
#define OFFSET_MAX INT64_C(10000000)

bool network_parameter(struct call *call, const struct network *network, const char *name,
		       int64_t *out)
{
	char text[CALL_TEXT_SIZE];

	if (!call_text(call, name, text)) {
		return false;
	}
	*out = text[0] == '\0' ? 0 : kept_find(&network->texts, span_of(text));
	return true;
}

bool network_page_read(struct call *call, const struct network *network, struct network_page *out)
{
	struct network_filter *f = &out->filter;

	*out = (struct network_page){ .limit = 0 };
	if (!call_integer(call, "port", 0, 65535, -1, &f->port) ||
	    !network_parameter(call, network, "transport", &f->transport) ||
	    !network_parameter(call, network, "protocol", &f->protocol) ||
	    !network_parameter(call, network, "scope", &f->scope) ||
	    !call_limit(call, &out->limit) ||
	    !call_integer(call, "after", 0, OFFSET_MAX, 0, &out->offset)) {
		return false;
	}
	out->is_nothing = f->transport < 0 || f->protocol < 0 || f->scope < 0;
	return true;
}

bool network_page_has(const struct network_page *page, int64_t position)
{
	return position >= page->offset && position - page->offset < page->limit;
}

void network_page_end(struct call *call, const struct network_page *page, int64_t total)
{
	int64_t end = page->offset + page->limit;
	char next[24];

	snprintf(next, sizeof next, "%lld", (long long)end);
	emit_array_end(&call->json);
	emit_key(&call->json, "next");
	emit_text(&call->json, total > end ? next : NULL);
	emit_key(&call->json, "total");
	emit_integer(&call->json, total);
	emit_object_end(&call->json);
	call_answer(call, 200);
}
