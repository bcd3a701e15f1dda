/* est_request_fuzz.c - whatever a stranger sends instead of an EST request. */
#include "server/ingest/est_request.h"

#include "base/error.h"

#include <assert.h>
#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct est_request *request = malloc(sizeof *request);
	struct est_refusal refusal = { 0 };
	uint8_t room[4096];
	struct writer w = writer_over(room, sizeof room);
	int error;

	if (request == NULL) {
		return 0;
	}
	error = est_request_parse((struct span){ data, size }, size % 2 == 1, request, &refusal);
	if (error == ERR_DENIED) {
		assert(refusal.status >= 400 && refusal.status < 600);
		est_write_refusal(&w, &refusal);
		assert(writer_ok(&w));
	} else if (error == 0) {
		assert(request->request.len <= EST_BODY_MAX);
		assert(request->operation != EST_ENROL || request->token.len > 0);
	} else {
		assert(error == ERR_AGAIN);
	}
	free(request);
	return 0;
}
