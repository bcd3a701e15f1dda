/* table.c - every subcommand, in the order of the help. */
#include "cli/table.h"

#include <stdio.h>
#include <string.h>

extern const struct command command_assets, command_asset, command_history, command_watch,
	command_events, command_query, command_schema, command_check, command_sensors, command_tag,
	command_policy, command_enroll_token, command_tenants, command_operator_token,
	command_token, command_signin_link, command_audit, command_feed, command_completion,
	command_vulns, command_sbom, command_scan, command_tls, command_exposures, command_alerts,
	command_scope;

/* One a line, so that each can be added by itself. */
/* clang-format off */
const struct command *const commands[] = {
	&command_assets,
	&command_asset,
	&command_history,
	&command_watch,
	&command_events,
	&command_query,
	&command_schema,
	&command_vulns,
	&command_exposures,
	&command_alerts,
	&command_sbom,
	&command_check,
	&command_scan,
	&command_tls,
	&command_sensors,
	&command_tag,
	&command_scope,
	&command_policy,
	&command_enroll_token,
	&command_tenants,
	&command_operator_token,
	&command_token,
	&command_signin_link,
	&command_audit,
	&command_feed,
	&command_completion,
	NULL,
};
/* clang-format on */

const struct command *command_find(const char *name)
{
	for (size_t i = 0; commands[i] != NULL; i++) {
		if (strcmp(commands[i]->name, name) == 0) {
			return commands[i];
		}
	}
	return NULL;
}

/* Letters that both have, by position from either end: enough to tell a slip from another word. */
static size_t likeness(const char *a, const char *b)
{
	size_t a_len = strlen(a);
	size_t b_len = strlen(b);
	size_t shorter = a_len < b_len ? a_len : b_len;
	size_t front = 0;
	size_t back = 0;

	while (front < shorter && a[front] == b[front]) {
		front++;
	}
	while (back < shorter - front && a[a_len - 1 - back] == b[b_len - 1 - back]) {
		back++;
	}
	return front + back;
}

const char *command_nearest(const char *name)
{
	const char *nearest = NULL;
	size_t most = 0;

	for (size_t i = 0; commands[i] != NULL; i++) {
		size_t alike = likeness(name, commands[i]->name);
		size_t longer = strlen(name) > strlen(commands[i]->name)
					? strlen(name)
					: strlen(commands[i]->name);

		/* at most a third of the letters may differ, or two */
		if (alike > most && (longer - alike <= 2 || 3 * alike >= 2 * longer)) {
			most = alike;
			nearest = commands[i]->name;
		}
	}
	return nearest;
}

const char *table_brief(const struct command *command)
{
	static char brief[128];
	const char *summary = command->spec.summary;
	size_t len = strcspn(summary, ".:");

	while (summary[len] == '.' && summary[len + 1] > ' ') { /* within a number */
		len += 1 + strcspn(summary + len + 1, ".:");
	}
	snprintf(brief, sizeof brief, "%.*s", (int)len, summary);
	return brief;
}
