/* check.c - a tree or an image judged here, without a server. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "cli/check/image.h"
#include "cli/check/report.h"
#include "cli/check/scratch.h"
#include "cli/command.h"
#include "server/feeds/digest.h"

/* Every error: a pipeline must not take "could not judge" for "nothing found". */
#define EXIT_ERROR EXIT_USAGE

#define FEEDS_MAX 128

static const struct arg options[] = {
	{ "--root", "DIR", "judge the file tree below DIR; / is this machine" },
	{ "--image", "FILE",
	  "judge an image: what 'docker save', 'podman save' and 'skopeo copy "
	  "... oci-archive:FILE' write" },
	{ "--feed", "FILE",
	  "a feed's file as it is published, its kind is recognised; may be given "
	  "again" },
	{ "--json", NULL, "print one JSON document" },
	{ "--sarif", NULL, "print SARIF 2.1.0" },
	{ "--fail-on", "LEVEL",
	  "exit 1 where a finding of this priority or a higher one exists: "
	  "critical, high, medium, low or any" },
	{ "--data", "DIR",
	  "without --feed: use the feeds of the server that keeps its data there" },
	{ "--tenant", "T", "taken and not needed: feeds are the same for every tenant" },
	{ 0 },
};

struct feeds {
	const char *files[FEEDS_MAX];
	const char *kinds[FEEDS_MAX];
	size_t count;
	char server_path[4096]; /* of a server's index, where that is used */
	struct knowledge *knowledge;
};

static int refuse(struct why *why, const char *text)
{
	return why_set(why, ERR_USAGE, "%s", text);
}

static int check_usage(const struct args *args, struct why *why)
{
	const char *level = args_value(args, "--fail-on", "any");

	if (args_has(args, "--root") == args_has(args, "--image")) {
		return refuse(why, "say what to judge: either --root DIR or --image FILE");
	}
	if (args_has(args, "--json") && args_has(args, "--sarif")) {
		return refuse(why, "--json and --sarif exclude each other; give one");
	}
	if (findings_level(level) < 0) {
		return why_set(why, ERR_USAGE,
			       "--fail-on %.32s is none of critical, high, medium, low and any",
			       level);
	}
	return 0;
}

/* What a server has gathered; read as it is, the server may run meanwhile. */
static int open_servers(const char *data, struct feeds *out, struct why *why)
{
	int error;

	snprintf(out->server_path, sizeof out->server_path, "%.3900s/%s", data, KNOWLEDGE_PATH);
	error = knowledge_open(out->server_path, &out->knowledge, why);
	if (error == ERR_NOT_FOUND) {
		return why_set(why, error,
			       "the server in %.200s has no feeds yet: 'bartizan feed update' "
			       "fetches them; or give --feed FILE",
			       data);
	}
	out->files[0] = out->server_path;
	out->kinds[0] = "server";
	out->count = error == 0 ? 1 : 0;
	return error;
}

static int open_feeds(const struct args *args, struct feeds *out, struct why *why)
{
	unsigned at = 0;
	const char *file;
	int error = 0;

	while (error == 0 && (file = args_next(args, "--feed", &at)) != NULL) {
		const struct feed *feed = NULL;

		if (out->count == FEEDS_MAX) {
			return why_set(why, ERR_USAGE, "there are more than %d feeds", FEEDS_MAX);
		}
		error = digest_recognise(file, &feed, why);
		if (error == 0) {
			out->files[out->count] = file;
			out->kinds[out->count++] = feed->name;
		}
	}
	if (error == 0 && out->count == 0 && args_has(args, "--data")) {
		return open_servers(args_value(args, "--data", ""), out, why);
	}
	if (error == 0 && out->count == 0) {
		return refuse(
			why,
			"give --feed FILE: a feed as published, e.g. the Debian tracker's "
			"https://security-tracker.debian.org/tracker/data/json, an ecosystem's "
			"all.zip of https://osv-vulnerabilities.storage.googleapis.com/, CISA's "
			"known_exploited_vulnerabilities.json; or --data DIR of a server, whose "
			"feeds are then used");
	}
	return error != 0 ? error : feeds_digest(out->files, out->count, &out->knowledge, why);
}

static void print(const struct args *args, const struct report *report)
{
	if (args_has(args, "--json")) {
		report_json(report, stdout);
	} else if (args_has(args, "--sarif")) {
		report_sarif(report, stdout);
	} else {
		report_text(report, stdout);
	}
}

static int judge(const struct args *args, const struct inventory *inventory,
		 const struct feeds *known, struct why *why)
{
	struct report report = {
		.inventory = inventory,
		.target = args_value(args, "--root", args_value(args, "--image", "")),
		.feeds = known->files,
		.kinds = known->kinds,
		.feed_count = known->count,
	};
	struct findings findings;
	int level = findings_level(args_value(args, "--fail-on", "any"));
	bool is_failing;

	if (findings_of(inventory, known->knowledge, &findings, why) != 0) {
		return EXIT_ERROR;
	}
	report.findings = &findings;
	print(args, &report);
	is_failing = args_has(args, "--fail-on") && findings_count(&findings, level) > 0;
	findings_done(&findings);
	return is_failing ? EXIT_REFUSED : EXIT_FINE;
}

/* An image is unpacked only as long as it is read. */
static int read_inventory(const struct args *args, struct inventory *out, struct why *why)
{
	struct scratch scratch;
	int error;

	if (args_has(args, "--root")) {
		return inventory_read(args_value(args, "--root", "/"), out, why);
	}
	error = scratch_open(&scratch, why);
	if (error != 0) {
		return error;
	}
	error = image_unpack(args_value(args, "--image", ""), &scratch, why);
	if (error == 0) {
		error = inventory_read(scratch.root, out, why);
	}
	scratch_close(&scratch);
	return error;
}

static int run(const struct args *args, struct why *why)
{
	struct feeds known = { .count = 0 };
	struct inventory inventory;
	int status = EXIT_ERROR;

	if (check_usage(args, why) != 0 || open_feeds(args, &known, why) != 0) {
		return EXIT_ERROR;
	}
	if (read_inventory(args, &inventory, why) == 0) {
		status = judge(args, &inventory, &known, why);
		inventory_done(&inventory);
	}
	knowledge_close(&known.knowledge);
	return status;
}

const struct command command_check = {
	.name = "check",
	.spec = { .usage = "bartizan check --root DIR | --image FILE [--feed FILE]... [options]",
		  .summary = "Judges a file tree or an image without a server: which "
			     "vulnerabilities its packages have, how urgent each is and why, and "
			     "what mends it. Exit code 0: judged; 1: judged, and --fail-on found "
			     "something; 2: it could not be judged.",
		  .options = options,
		  .examples =
			  "  bartizan check --root / --feed tracker.json --feed kev.json\n"
			  "  docker save app:1.2 > app.tar && bartizan check --image app.tar \\\n"
			  "    --feed tracker.json --feed epss.csv.gz --fail-on high\n"
			  "  bartizan check --root build/root --feed tracker.json --sarif > "
			  "check.sarif" },
	.run = run,
};
