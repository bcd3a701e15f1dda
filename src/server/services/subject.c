/* subject.c - a row's texts, and whose rules read it. */
#include "server/services/subject.h"

struct span subject_text(const struct row *row, unsigned column)
{
	const struct value *value = &row->values[column];

	return value->kind == VALUE_TEXT ? value->text : span_of(NULL);
}

long subject_find_last(struct span bytes, const char *text)
{
	struct span wanted = span_of(text);

	for (size_t at = bytes.len; at-- > 0;) {
		if (bytes.len - at >= wanted.len && span_starts_with(span_after(bytes, at), text)) {
			return (long)at;
		}
	}
	return -1;
}

bool subject_of_package(const struct row *package, struct span stream, struct subject *out)
{
	struct span manager = subject_text(package, PACKAGES_MANAGER);

	if (span_is(manager, "dpkg")) {
		return subject_of_dpkg(package, stream, out);
	}
	if (span_is(manager, "rpm")) {
		return subject_of_rpm(package, stream, out);
	}
	return span_is(manager, "apk") && subject_of_apk(package, stream, out);
}
