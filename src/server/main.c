/* main.c - bartizand: the command line, and which functions are the roles. */
#include "base/error.h"
#include "server/api/api.h"
#include "server/engine/engine.h"
#include "server/feeds/feeds.h"
#include "server/feeds/mirrors.h"
#include "server/feeds/names.h"
#include "server/ingest/ingest.h"
#include "server/supervisor.h"
#include "sys/args.h"
#include "sys/clock.h"

#include <stdio.h>
#include <sys/stat.h>

static const struct role engine_role = { "engine", engine_run };
static const struct role ingest_role = { "ingest", ingest_run };
static const struct role api_role = { "api", api_run };
static const struct role feeds_role = { "feeds", feeds_run };

static const struct arg options[] = {
	{ "--data", "DIR", "everything is kept here; the first start makes it" },
	{ "--sensors", "ADDR:PORT", "where sensors connect (default 127.0.0.1:7443)" },
	{ "--api", "ADDR:PORT",
	  "where the console and the API are served (default 127.0.0.1:7444)" },
	{ "--cert-life", "DURATION", "life of a sensor's certificate (default 90d)" },
	{ "--offline", NULL,
	  "fetch no vulnerability feeds and check no proofs of scopes; `bartizan feed import` and "
	  "proofs by statement still work" },
	{ "--feed-mirror", "[FEED=]URL,...",
	  "fetch feeds (or this one) below the first of these addresses that answers: "
	  "URL/HOST/PATH instead of https://HOST/PATH" },
	{ "--feed-proxy", "URL",
	  "fetch feeds through this proxy (http, https, socks5h) instead of the environment's" },
	{ "--resolver", "ADDR[:PORT]",
	  "ask this name server for what proves scopes, instead of the system's" },
	{ "--prove-private", NULL,
	  "fetch what proves scopes from private addresses, too: operators of every tenant can "
	  "then "
	  "have this server's own network asked for one file" },
	{ "--role", "ROLE", "run only this role in this process: engine, ingest, api or feeds" },
	{ "--verbose", NULL, "say more on stderr" },
	{ "--version", NULL, "print the version" },
	{ NULL, NULL, NULL },
};

static const struct args_spec spec = {
	.usage = "bartizand --data DIR [options]",
	.summary = "Serves sensors, the API and the console from one folder. When it serves, it "
		   "prints "
		   "one line: ready sensors=ADDR:PORT api=https://ADDR:PORT. SIGTERM ends it.",
	.options = options,
	.examples = "bartizand --data ./var\n"
		    "bartizand --data /var/lib/bartizan --sensors :7443 --api 127.0.0.1:7444\n"
		    "bartizand --data ./var --sensors 127.0.0.1:0 --api 127.0.0.1:0   (free ports)",
};

static int fail(const struct why *why)
{
	fprintf(stderr, "bartizand: %s\nTry: bartizand --help\n", why->text);
	return 2;
}

static bool is_proxy(const char *address)
{
	static const char *const schemes[] = { "http://", "https://", "socks5://", "socks5h://" };

	for (size_t i = 0; i < COUNT_OF(schemes); i++) {
		if (span_starts_with(span_of(address), schemes[i])) {
			return true;
		}
	}
	return false;
}

static int read_config(const struct args *args, struct supervisor_config *out, struct why *why)
{
	int64_t life_ms;
	int error;

	out->data_folder = args_value(args, "--data", NULL);
	if (out->data_folder == NULL) {
		return why_set(why, ERR_USAGE, "--data DIR says where everything is kept");
	}
	error = net_address_parse(span_of(args_value(args, "--sensors", "127.0.0.1:7443")),
				  &out->sensors, why);
	if (error == 0) {
		error = net_address_parse(span_of(args_value(args, "--api", "127.0.0.1:7444")),
					  &out->api, why);
	}
	if (error != 0) {
		return error;
	}
	if (clock_duration_from_text(span_of(args_value(args, "--cert-life", "90d")), &life_ms) !=
		    0 ||
	    life_ms < 1000) {
		return why_set(why, ERR_USAGE, "--cert-life is a duration such as 90d or 12h");
	}
	out->cert_life_s = life_ms / 1000;
	out->is_verbose = args_has(args, "--verbose");
	out->is_offline = args_has(args, "--offline");
	out->feed_mirrors = args_value(args, "--feed-mirror", NULL);
	out->feed_proxy = args_value(args, "--feed-proxy", NULL);
	if (out->feed_proxy != NULL && !is_proxy(out->feed_proxy)) {
		return why_set(why, ERR_USAGE,
			       "--feed-proxy is an address such as http://proxy:3128 or "
			       "socks5h://proxy:1080");
	}
	out->may_prove_private = args_has(args, "--prove-private");
	out->resolver = args_value(args, "--resolver", NULL);
	if (out->resolver != NULL && names_check_resolver(out->resolver, why) != 0) {
		return ERR_USAGE;
	}
	return out->feed_mirrors != NULL ? mirrors_check(out->feed_mirrors, why) : 0;
}

int main(int argc, char **argv)
{
	struct supervisor_config config = {
		.roles = { [ROLE_ENGINE] = &engine_role,
			   [ROLE_INGEST] = &ingest_role,
			   [ROLE_API] = &api_role,
			   [ROLE_FEEDS] = &feeds_role },
	};
	struct args args;
	struct why why;
	const char *role;

	(void)umask(077); /* whatever is made in the data folder is its owner's alone */
	if (args_parse(&spec, argc, argv, &args, &why) != 0) {
		return fail(&why);
	}
	if (args.is_help) {
		args_print_help(&spec, stdout);
		return 0;
	}
	if (args_has(&args, "--version")) {
		puts("bartizand " BARTIZAN_VERSION);
		return 0;
	}
	if (read_config(&args, &config, &why) != 0) {
		return fail(&why);
	}
	role = args_value(&args, "--role", NULL);
	if (role == NULL) {
		return supervisor_run(&config);
	}
	for (unsigned i = 0; i < ROLE_COUNT; i++) {
		if (span_is(span_of(role), config.roles[i]->name)) {
			return supervisor_run_alone(&config, i);
		}
	}
	(void)why_set(&why, ERR_USAGE, "--role is engine, ingest, api or feeds, not %s", role);
	return fail(&why);
}
