/* permission.c - asks on the terminal itself, for the input may be a list of targets. */
#include "cli/scan/permission.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/error.h"
#include "scan/targets/scopes.h"

#define RANGES_SHOWN 8

static void print_ranges(FILE *to, const struct targets *targets)
{
	size_t count;
	const struct targets_range *ranges = targets_ranges(targets, &count);

	for (size_t i = 0; i < count && i < RANGES_SHOWN; i++) {
		char first[ADDRESS_TEXT_MAX];
		char last[ADDRESS_TEXT_MAX];

		address_text(&ranges[i].first, first);
		address_text(&ranges[i].last, last);
		fprintf(to, "  %s%s%s\n", first, strcmp(first, last) == 0 ? "" : " - ",
			strcmp(first, last) == 0 ? "" : last);
	}
	if (count > RANGES_SHOWN) {
		fprintf(to, "  and %zu more ranges\n", count - RANGES_SHOWN);
	}
}

static int ask(const struct targets *unknown, FILE *terminal, struct why *why)
{
	char answer[16] = "";

	fprintf(terminal, "bartizan scan: %" PRIu64 " address%s:\n", targets_count(unknown),
		targets_count(unknown) == 1 ? "" : "es");
	print_ranges(terminal, unknown);
	fputs("May you scan them: are they yours, or did their owner allow it? Type yes: ",
	      terminal);
	fflush(terminal);
	if (fgets(answer, sizeof answer, terminal) == NULL || strcmp(answer, "yes\n") != 0) {
		return why_set(why, ERR_DENIED, "nothing was scanned");
	}
	return 0;
}

/* Those of the targets that nobody has spoken for. */
static int find_unknown(const struct targets *targets, const char *path, struct targets **out,
			struct why *why)
{
	struct targets *known = NULL;
	int error = path[0] != '\0' ? scopes_read(path, &known, why) : 0;

	if (error != 0) {
		return error;
	}
	*out = targets_new();
	(void)(targets_add_all(*out, targets) == 0 && targets_settle(*out, NULL) == 0);
	if (known != NULL) {
		targets_subtract(*out, known);
		targets_free(&known);
	}
	return 0;
}

int permission_get(const struct targets *targets, bool is_given, struct why *why)
{
	char path[4096] = "";
	struct targets *unknown = NULL;
	FILE *terminal;
	int error;

	if (is_given) {
		return 0;
	}
	(void)(scopes_path(path) != 0); /* without a home nothing is remembered */
	error = find_unknown(targets, path, &unknown, why);
	if (error != 0 || targets_count(unknown) == 0) {
		targets_free(&unknown);
		return error;
	}
	terminal = fopen("/dev/tty", "r+");
	if (terminal == NULL) {
		error = why_set(
			why, ERR_DENIED,
			"may these addresses be scanned? There is no terminal to ask on: say "
			"--authorized where they are yours or their owner allows it");
	} else {
		error = ask(unknown, terminal, why);
		if (error == 0 && path[0] != '\0') {
			error = scopes_add(path, unknown, why);
		}
		fclose(terminal);
	}
	targets_free(&unknown);
	return error;
}
