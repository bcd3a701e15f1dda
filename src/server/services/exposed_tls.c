/* exposed_tls.c - TLS servers that are weak, by their grade and what was found. */
#include "server/services/exposed.h"

#include <stdio.h>

static const struct {
	const char *grade;
	int public;
	int private;
} grades[] = {
	{ "F", 75, 45 }, { "E", 55, 30 }, { "D", 50, 25 }, { "C", 45, 20 }, { "B", 20, 10 },
};

static void join_list(const struct value *list, char *out, size_t size)
{
	struct span item;
	size_t used = 0;
	size_t at = 0;

	out[0] = '\0';
	while (list->kind == VALUE_LIST && used < size && row_list_next(list, &at, &item)) {
		used += (size_t)snprintf(out + used, size - used, "%s%.*s", used > 0 ? ", " : "",
					 EXPOSED_SPAN(item));
	}
}

static void judge(const struct row *row, int64_t now_s, exposed_taker *take, void *context)
{
	struct span address = exposed_text(row, TLS_ENDPOINTS_ADDRESS);
	struct span grade = exposed_text(row, TLS_ENDPOINTS_GRADE_WITHOUT_TRUST);
	const struct value *found = &row->values[TLS_ENDPOINTS_VULNERABILITIES];
	bool is_public = exposed_is_public(address);
	struct exposed_finding f = { .id = "tls-weak" };

	(void)now_s;
	grade = grade.len > 0 ? grade : exposed_text(row, TLS_ENDPOINTS_GRADE);
	exposed_at(&f, span_of("tcp"), address, exposed_number(row, TLS_ENDPOINTS_PORT));
	for (size_t i = 0; i < COUNT_OF(grades); i++) {
		if (span_is(grade, grades[i].grade)) {
			f.priority = is_public ? grades[i].public : grades[i].private;
		}
	}
	if (f.priority > 0) {
		f.advice = "Allow TLS 1.2 and 1.3 only, with suites that have forward secrecy; "
			   "`bartizan tls` prints the lines for your server.";
		snprintf(f.what, sizeof f.what, "TLS is graded %.*s", EXPOSED_SPAN(grade));
		snprintf(f.identity, sizeof f.identity, "%.*s", EXPOSED_SPAN(grade));
		join_list(&row->values[TLS_ENDPOINTS_REASONS], f.evidence, sizeof f.evidence);
		take(context, &f);
	}
	if (found->kind == VALUE_LIST && found->item_count > 0) {
		f.id = "tls-vulnerable";
		f.priority = is_public ? 70 : 50;
		f.advice = "Upgrade the TLS library, and turn off what is named.";
		join_list(found, f.evidence, sizeof f.evidence);
		snprintf(f.identity, sizeof f.identity, "%s", f.evidence);
		snprintf(f.what, sizeof f.what, "TLS has known vulnerabilities");
		take(context, &f);
	}
	if (row->values[TLS_ENDPOINTS_IS_TRUSTED].kind == VALUE_BOOLEAN &&
	    !exposed_is_true(row, TLS_ENDPOINTS_IS_TRUSTED) && is_public) {
		f.id = "certificate-not-trusted";
		f.priority = 35;
		f.advice = "Serve a certificate of a public authority with its whole chain; where "
			   "only your own machines come, let them trust your authority.";
		f.evidence[0] = '\0';
		snprintf(f.identity, sizeof f.identity, "%.*s",
			 EXPOSED_SPAN(exposed_text(row, TLS_ENDPOINTS_CERTIFICATE)));
		snprintf(f.what, sizeof f.what, "clients do not trust the certificate");
		take(context, &f);
	}
}

const struct exposed_family exposed_tls = { "tls", TABLE_TLS_ENDPOINTS, judge };
