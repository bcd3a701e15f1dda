#include "formats/json.h"

#include "formats/fuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct json j = json_over((struct span){ data, size });
	uint8_t text[4096];
	struct json_token token;

	do {
		struct writer w = writer_over(text, sizeof text);

		token = json_next(&j);
		fuzz_touch(token.text);
		json_write_string(token.text, &w);
		fuzz_touch(writer_span(&w));
	} while (token.kind != JSON_END);
	j = json_over((struct span){ data, size });
	json_skip(&j, json_next(&j).kind);
	return 0;
}
