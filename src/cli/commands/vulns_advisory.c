/* vulns_advisory.c - what DSA-..., USN-... or RHSA-... is about, where that is several. */
#include <stdio.h>

#include "base/error.h"
#include "cli/commands/vulns.h"

/* Whether the answer names several: one is shown as the vulnerability that it is. */
static bool is_of_several(const json_t *answer)
{
	return json_array_size(json_object_get(answer, "items")) > 1;
}

int vulns_advisory(const char *id, struct client *client, enum output output, bool *out_is_shown,
		   struct why *why)
{
	static const char *const columns[] = { "id",   "severity", "score",   "is_exploited",
					       "epss", "assets",   "summary", NULL };
	struct target target = target_of("/api/v1/advisories");
	json_t *answer = NULL;
	int error;

	target_segment(&target, id);
	error = client_call(client, "GET", &target, NULL, &answer, why);
	*out_is_shown = error == 0 && is_of_several(answer);
	if (*out_is_shown) {
		output_answer(answer, columns, output);
	}
	json_decref(answer);
	return error == ERR_NOT_FOUND ? 0 : error;
}
