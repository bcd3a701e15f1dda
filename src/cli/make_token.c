/* make_token.c - what enroll-token and operator-token have in common. */
#include "cli/make_token.h"

#include <stdio.h>

#include "cli/client.h"
#include "cli/command.h"
#include "cli/output.h"

int make_token(const struct args *args, const char *path, json_t *body, struct why *why)
{
	struct target target = target_of(path);
	struct client *client = NULL;
	json_t *answer = NULL;

	if (client_open(args, &client, why) != 0) {
		json_decref(body);
		return EXIT_REFUSED;
	}
	if (client_call(client, "POST", &target, body, &answer, why) != 0) {
		client_free(&client);
		return EXIT_REFUSED;
	}
	if (args_has(args, "--json")) {
		output_json(answer, stdout);
	} else {
		puts(json_string_value(json_object_get(answer, "token")));
	}
	json_decref(answer);
	client_free(&client);
	return EXIT_FINE;
}
