#include "formats/scope_proof.h"

#include <string.h>

#include "base/reader.h"
#include "formats/fuzz.h"

#define TOKEN "0123456789abcdef0123456789abcdef"

/* What a writer of outcomes makes of a stranger's bytes has lines of its own kinds alone. */
static void check_lines(const struct writer *w)
{
	struct reader r = reader_over(writer_span(w));

	while (writer_ok(w) && reader_left(&r) > 0) {
		struct span line = reader_line(&r);

		if (!span_starts_with(line, "line ") && !span_starts_with(line, "record ")) {
			__builtin_trap();
		}
	}
}

/* A scope, a newline, and bytes: an outcome that is judged, a file, a record. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static uint8_t room[SCOPE_OUTCOME_MAX];
	struct reader r = reader_over((struct span){ data, size });
	struct scope_name scope;
	struct scope_proof proof;
	char place[SCOPE_PROOF_PLACE_SIZE];
	char failure[SCOPE_FAILURE_SIZE];
	struct writer w = writer_over(room, sizeof room);
	struct span rest;

	if (scope_name_read(reader_line(&r), &scope) != 0 || scope.refusal != NULL) {
		return 0;
	}
	rest = reader_rest(&r);
	for (int method = SCOPE_PROOF_DNS; method <= SCOPE_PROOF_HTTPS; method++) {
		bool is_good;

		scope_proof_plan(&scope, (enum scope_proof_method)method, &proof);
		for (size_t n = 0; n < proof.count; n++) {
			scope_proof_place(&proof, n, place);
		}
		is_good = scope_proof_judge(&proof, TOKEN, rest, failure);
		if (is_good != (failure[0] == '\0') ||
		    (is_good && memmem(rest.ptr, rest.len, TOKEN, sizeof TOKEN - 1) == NULL)) {
			__builtin_trap();
		}
	}
	scope_outcome_body(&w, span_first(rest, SCOPE_PROOF_BODY_MAX));
	if (!writer_ok(&w)) {
		__builtin_trap();
	}
	(void)scope_outcome_record(&w, 0, rest);
	check_lines(&w);
	return 0;
}
