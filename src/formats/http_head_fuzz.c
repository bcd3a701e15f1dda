#include "formats/http_head.h"

#include "formats/fuzz.h"

static void touch(const struct http_head *head)
{
	struct reader r = reader_over(head->headers);
	struct http_header header;
	uint8_t buffer[64];
	struct http_credentials credentials;
	struct span value;

	fuzz_touch(head->method);
	fuzz_touch(head->target);
	fuzz_touch(head->reason);
	while (http_head_next(&r, &header)) {
		fuzz_touch(header.name);
		fuzz_touch(header.value);
	}
	if (reader_left(&r) > 0) { /* what was accepted must be readable to its end */
		__builtin_trap();
	}
	if (http_head_find(head, "Authorization", &value) == 0 &&
	    http_head_basic(value, buffer, sizeof buffer, &credentials) == 0) {
		fuzz_touch(credentials.user);
		fuzz_touch(credentials.password);
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct http_head head;

	if (http_head_parse_request((struct span){ data, size }, &head) == 0) {
		touch(&head);
	}
	if (http_head_parse_response((struct span){ data, size }, &head) == 0) {
		touch(&head);
	}
	return 0;
}
