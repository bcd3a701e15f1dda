#include "formats/scope_name.h"

#include "formats/fuzz.h"

/* A scope, and the same bytes as an address in it; its one spelling must read as itself. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const struct span text = { data, size };
	struct scope_name scope;
	struct scope_name again;

	(void)address_reach(text);
	if (scope_name_read(text, &scope) != 0) {
		return 0;
	}
	(void)scope_name_holds(&scope, text);
	if (scope_name_read(span_of(scope.text), &again) != 0 ||
	    !span_is(span_of(again.text), scope.text)) {
		__builtin_trap();
	}
	return 0;
}
