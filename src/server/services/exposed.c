/* exposed.c - what the families have in common, and their table. */
#include "server/services/exposed.h"

#include <stdio.h>

#include "formats/scope_name.h"

extern const struct exposed_family exposed_services, exposed_listeners, exposed_certificates,
	exposed_files, exposed_tls, exposed_web, exposed_ports;

const struct exposed_family *const exposed_families[] = {
	&exposed_services, &exposed_listeners, &exposed_certificates, &exposed_files,
	&exposed_tls,      &exposed_web,       &exposed_ports,        NULL,
};

const char *exposed_level(int priority)
{
	if (priority >= 80) {
		return "critical";
	}
	if (priority >= 60) {
		return "high";
	}
	return priority >= 30 ? "medium" : "low";
}

bool exposed_is_public(struct span address)
{
	return address_reach(address) == ADDRESS_PUBLIC;
}

struct span exposed_text(const struct row *row, unsigned column)
{
	return row->values[column].kind == VALUE_TEXT ? row->values[column].text
						      : (struct span){ NULL, 0 };
}

int64_t exposed_number(const struct row *row, unsigned column)
{
	const struct value *value = &row->values[column];

	return value->kind == VALUE_INTEGER || value->kind == VALUE_BOOLEAN ? value->number : 0;
}

bool exposed_is_true(const struct row *row, unsigned column)
{
	return exposed_number(row, column) != 0;
}

void exposed_at(struct exposed_finding *finding, struct span transport, struct span address,
		int64_t port)
{
	bool is_ipv6 = false;

	for (size_t i = 0; i < address.len; i++) {
		is_ipv6 = is_ipv6 || address.ptr[i] == ':';
	}
	snprintf(finding->subject, sizeof finding->subject, "%.*s %s%.*s%s:%lld",
		 EXPOSED_SPAN(transport), is_ipv6 ? "[" : "", EXPOSED_SPAN(address),
		 is_ipv6 ? "]" : "", (long long)port);
	finding->address = address;
	finding->port = port;
}

void exposed_row(const struct exposed_family *family, const struct exposed_finding *f,
		 struct row *out)
{
	static const uint16_t number = TABLE_EXPOSURES;

	row_init(out, schema_by_number(number));
	row_set_text(out, EXPOSURES_ID, span_of(f->id));
	row_set_text(out, EXPOSURES_SUBJECT, span_of(f->subject));
	row_set_text(out, EXPOSURES_FAMILY, span_of(family->name));
	row_set_text(out, EXPOSURES_LEVEL, span_of(exposed_level(f->priority)));
	row_set_integer(out, EXPOSURES_PRIORITY, f->priority);
	row_set_text(out, EXPOSURES_WHAT, span_of(f->what));
	row_set_text_if_any(out, EXPOSURES_EVIDENCE, span_of(f->evidence));
	row_set_text(out, EXPOSURES_ADVICE, span_of(f->advice));
	row_set_text(out, EXPOSURES_SEEN_BY, span_of(f->is_agents ? "agent" : "scan"));
	row_set_text_if_any(out, EXPOSURES_ADDRESS, f->address);
	if (f->port != 0) {
		row_set_integer(out, EXPOSURES_PORT, f->port);
	}
}
