/* exposed_web.c - pages that strangers should not be shown. */
#include "server/services/exposed.h"

#include <stdio.h>

static const struct {
	const char *page;
	const char *id;
	const char *what;
	int public;
	int private;
	const char *advice;
} rules[] = {
	{ "admin", "admin-page", "an administration page is shown", 70, 20,
	  "Let it be reached from operators' networks or through a VPN only." },
	{ "login", "login-page", "a sign-in page is shown in clear", 45, 30,
	  "Offer it over HTTPS only, and send HTTP there." },
	{ "listing", "directory-listing", "the server lists the files of a folder", 45, 15,
	  "Turn listing off (nginx: autoindex off; Apache: Options -Indexes)." },
	{ "default", "default-page", "a page as it was installed is shown", 15, 0,
	  "A server that nobody set up is a server that nobody keeps up: set it up, or turn it "
	  "off." },
};

static void judge(const struct row *row, int64_t now_s, exposed_taker *take, void *context)
{
	struct span page = exposed_text(row, WEB_PAGE);
	struct span address = exposed_text(row, WEB_ADDRESS);
	bool is_public = exposed_is_public(address);

	(void)now_s;
	for (size_t i = 0; i < COUNT_OF(rules); i++) {
		struct exposed_finding f = { .id = rules[i].id, .advice = rules[i].advice };

		f.priority = is_public ? rules[i].public : rules[i].private;
		if (!span_is(page, rules[i].page) || f.priority == 0 ||
		    (span_is(page, "login") && exposed_is_true(row, WEB_IS_TLS))) {
			continue;
		}
		exposed_at(&f, span_of("tcp"), address, exposed_number(row, WEB_PORT));
		snprintf(f.what, sizeof f.what, "%s%s", rules[i].what,
			 is_public ? " to the Internet" : "");
		snprintf(f.identity, sizeof f.identity, "%.*s %.*s", EXPOSED_SPAN(page),
			 EXPOSED_SPAN(exposed_text(row, WEB_PRODUCT)));
		snprintf(f.evidence, sizeof f.evidence, "title '%.*s' %.*s",
			 EXPOSED_SPAN(exposed_text(row, WEB_TITLE)),
			 EXPOSED_SPAN(exposed_text(row, WEB_PRODUCT)));
		take(context, &f);
	}
}

const struct exposed_family exposed_web = { "web", TABLE_WEB, judge };
