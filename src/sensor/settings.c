/* settings.c - the token first: whatever else is wrong, it is not to be seen any longer. */
#include "sensor/settings.h"

#include <stdlib.h>

#include "base/error.h"
#include "sensor/secret.h"
#include "sys/alloc.h"
#include "sys/file.h"

#define TOKEN_MAX 1024

/* The token as text of our own. */
static int take_token(const struct args *args, char **out, struct why *why)
{
	const char *given = args_value(args, "--token", NULL);
	const char *path = args_value(args, "--token-file", NULL);
	struct buffer file OWNED(buffer_done);
	int error;

	buffer_init(&file, TOKEN_MAX);
	*out = NULL;
	if (given != NULL) {
		*out = alloc_text(given);
		secret_wipe(span_of(given));
		return 0;
	}
	if (path == NULL) {
		return 0;
	}
	error = file_read(path, &file);
	if (error != 0) {
		return why_set(why, error, "cannot read the token from %s: %s", path,
			       error_text(error));
	}
	*out = alloc_span(span_trim(buffer_span(&file)));
	return 0;
}

static const char *option_or_environment(const struct args *args, const char *option,
					 const char *variable)
{
	return args_value(args, option, getenv(variable));
}

int settings_open(const struct settings_request *request, const struct args *args,
		  struct sensor_settings *out, struct why *why)
{
	struct state_request state = {
		.folder = args_value(args, "--state", NULL),
		.server = option_or_environment(args, "--server", request->server_variable),
		.ca_file = option_or_environment(args, "--ca", request->ca_variable),
		.machine_root = request->machine_root
	};
	char *token OWNED(alloc_free) = NULL;
	int error = take_token(args, &token, why);

	if (error != 0) {
		return error;
	}
	if (state.folder == NULL) {
		return why_set(why, ERR_USAGE, "%s", request->no_folder);
	}
	state.has_token = token != NULL && token[0] != '\0';
	error = state_open(&state, &out->state, why);
	if (error != 0) {
		return error;
	}
	out->token = state.has_token ? token : state_take_token(&out->state);
	token = state.has_token ? NULL : token;
	out->is_once = args_has(args, "--once");
	out->is_verbose = args_has(args, "--verbose");
	return 0;
}

void settings_close(struct sensor_settings *settings)
{
	state_close(&settings->state);
	free(settings->token);
	settings->token = NULL;
}
