/* scan.c - finds hosts and ports, from here. */
#include <inttypes.h>
#include <linux/capability.h>
#include <net/if.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/error.h"
#include "base/mem.h"
#include "base/sha256.h"
#include "base/text.h"
#include "cli/command.h"
#include "cli/output.h"
#include "cli/scan/listing.h"
#include "cli/scan/permission.h"
#include "cli/scan/request.h"
#include "cli/scan/session.h"
#include "scan/discovery/cookie.h"
#include "scan/services.h"
#include "sys/alloc.h"
#include "sys/clock.h"
#include "sys/sandbox.h"

/* Gentle to any network of today, and a /24 with the default ports in a minute. */
#define RATE_DEFAULT     10000
#define IDENTIFY_DEFAULT (10 * INT64_C(60000))

#define RATE_LIMIT   100000000
#define WAIT_DEFAULT 4000
#define WAIT_LIMIT   60000
#define SHARDS_LIMIT 65536

static const struct arg options[] = {
	{ "-p", "PORTS",
	  "22,80,8000-8100, U: before ports of UDP, T: of TCP, '-' for all, 'ping' for "
	  "the host itself, 'default' (what is scanned without this)" },
	{ "--ports", "PORTS", "the same" },
	{ "--rate", "PPS", "probes a second, never more (default 10000)" },
	{ "--probes", "N", "of each target, 1 to 3 (default 2: how much is missed is then known)" },
	{ "--shard", "I/N", "only the Ith of N equal parts; together they are the whole" },
	{ "--resume", "FILE",
	  "keep in FILE how far the scan came and what it found, and go on from there where "
	  "FILE exists" },
	{ "--exclude", "FILE", "leave out the addresses, prefixes and ranges of a list" },
	{ "--opt-out", "FILE",
	  "a signed list of those who asked to be left out, besides "
	  "/etc/bartizan/opt-out" },
	{ "--no-identify", NULL, "find hosts and ports only; do not ask what answers there" },
	{ "--fingerprints", "PATH",
	  "Recog's files for products and versions (default: $BARTIZAN_FINGERPRINTS, else "
	  "/usr/share/bartizan/recog)" },
	{ "--oui", "FILE",
	  "IEEE's oui.txt or nmap's prefixes, for makers of network cards (default: those of "
	  "Debian's ieee-data or nmap)" },
	{ "--no-anonymous-asks", NULL,
	  "do not ask MQTT to be let in without a name, nor SNMP with the community 'public'" },
	{ "--identify-time", "TIME",
	  "begin identifying no longer than this after the last probe's answers (default 10m)" },
	{ "--authorized", NULL,
	  "do not ask: the targets are yours, or their owner allows this scan" },
	{ "--interface", "NAME", "only what is reached by this interface" },
	{ "--sender", "KIND", "best, xdp, af-xdp, sendmmsg, or connect: ordinary connections" },
	{ "--wait", "TIME", "for answers after the last probe (default 4s)" },
	{ "--contact", "TEXT",
	  "who scans, why, and where to ask, best with a URL or a mail address: told in probes "
	  "where their protocol has a place for it" },
	{ "--all", NULL, "list closed and filtered ports, too" },
	{ "--once", NULL, "scan once and end, which is what a scan from here does" },
	{ "--quiet", NULL, "no progress" },
	COMMAND_OUTPUT_OPTIONS,
	{ 0 },
};

static int number_of(const struct args *args, const char *name, uint64_t fallback, uint64_t low,
		     uint64_t high, uint64_t *out, struct why *why)
{
	const char *text = args_value(args, name, NULL);

	*out = fallback;
	if (text == NULL) {
		return 0;
	}
	if (text_to_u64(span_of(text), high, out) != 0 || *out < low) {
		return why_set(why, ERR_USAGE,
			       "%s %.32s: give a number from %" PRIu64 " to %" PRIu64, name, text,
			       low, high);
	}
	return 0;
}

static int shard_of(const struct args *args, struct discovery_plan *plan, struct why *why)
{
	struct span text = span_of(args_value(args, "--shard", "1/1"));
	size_t slash = span_find(text, '/');
	uint64_t number;

	if (text_to_u64(span_first(text, slash), SHARDS_LIMIT, &number) != 0 ||
	    text_to_u64(span_after(text, slash + 1), SHARDS_LIMIT, &plan->shard_count) != 0 ||
	    number == 0 || number > plan->shard_count) {
		return why_set(why, ERR_USAGE, "--shard %.*s: give I/N, the Ith of N parts, as 1/4",
			       text.len > 32 ? 32 : (int)text.len, (const char *)text.ptr);
	}
	plan->shard = number - 1;
	return 0;
}

static int sender_of(const struct args *args, struct discovery_plan *plan, struct why *why)
{
	static const struct {
		const char *name;
		enum sender_kind kind;
	} kinds[] = { { "best", SENDER_BEST },
		      { "xdp", SENDER_XDP },
		      { "af-xdp", SENDER_AF_XDP },
		      { "sendmmsg", SENDER_MMSG } };
	const char *text = args_value(args, "--sender", "best");

	if (strcmp(text, "connect") == 0) {
		plan->is_connect_only = true;
		return 0;
	}
	for (size_t i = 0; i < COUNT_OF(kinds); i++) {
		if (strcmp(text, kinds[i].name) == 0) {
			plan->sender = kinds[i].kind;
			return 0;
		}
	}
	return why_set(why, ERR_USAGE,
		       "--sender %.32s is none of best, xdp, af-xdp, sendmmsg and connect", text);
}

static int plan_of(const struct args *args, struct discovery_plan *plan, struct why *why)
{
	uint64_t passes;
	int64_t wait_ms = WAIT_DEFAULT;
	const char *wait = args_value(args, "--wait", NULL);
	int error = number_of(args, "--rate", RATE_DEFAULT, 1, RATE_LIMIT, &plan->rate, why);

	if (error == 0) {
		error = number_of(args, "--probes", 2, 1, 3, &passes, why);
	}
	if (error == 0 && wait != NULL &&
	    (clock_duration_from_text(span_of(wait), &wait_ms) != 0 || wait_ms < 0 ||
	     wait_ms > WAIT_LIMIT)) {
		error = why_set(why, ERR_USAGE, "--wait %.32s: give a time up to a minute, as 4s",
				wait);
	}
	if (error != 0) {
		return error;
	}
	plan->passes = (unsigned)passes;
	plan->wait_ms = wait_ms;
	plan->is_third_pass_allowed = !args_has(args, "--probes");
	plan->is_without_anonymous_asks = args_has(args, "--no-anonymous-asks");
	plan->interface = args_value(args, "--interface", NULL);
	if (plan->interface != NULL && if_nametoindex(plan->interface) == 0) {
		return why_set(why, ERR_USAGE, "there is no interface %.32s", plan->interface);
	}
	error = shard_of(args, plan, why);
	return error == 0 ? sender_of(args, plan, why) : error;
}

/* Without the right to raw packets there are still connections. */
static void choose_engine(struct discovery_plan *plan)
{
	if (!plan->is_connect_only && !sandbox_has(CAP_NET_RAW)) {
		plan->is_connect_only = true;
		fputs("bartizan scan: raw packets are not allowed to this user, so ordinary "
		      "connections are made: slower, and what is filtered is not told from what is "
		      "not there. For the fast way, as root: setcap "
		      "cap_net_raw,cap_net_admin,cap_bpf,cap_perfmon+ep $(command -v bartizan)\n",
		      stderr);
	}
}

/* What makes two scans the same, a line a fact. The order's seed is made of targets and ports, so
 * that shards on different machines share one order without a word. */
static char *plan_text(const struct request *request, struct discovery_plan *plan)
{
	size_t count;
	const struct targets_range *ranges = targets_ranges(request->targets, &count);
	OWNED(alloc_free) char *ports = ports_text(&request->ports);
	size_t size = strlen(ports) + 1024;
	char *text = alloc_zeroed(1, size);
	char hex[2 * SHA256_SIZE + 1];
	uint8_t digest[SHA256_SIZE];
	struct sha256 hash;

	sha256_init(&hash);
	for (size_t i = 0; i < count; i++) {
		sha256_add(&hash, (struct span){ ranges[i].first.bytes, ADDRESS_SIZE });
		sha256_add(&hash, (struct span){ ranges[i].last.bytes, ADDRESS_SIZE });
	}
	sha256_done(&hash, digest);
	text_to_hex((struct span){ digest, sizeof digest }, hex);
	sha256_init(&hash);
	sha256_add(&hash, (struct span){ digest, sizeof digest });
	sha256_add(&hash, span_of(ports));
	sha256_done(&hash, digest);
	mem_copy(plan->key + COOKIE_KEY_SIZE, digest, DISCOVERY_KEY_SIZE - COOKIE_KEY_SIZE);
	snprintf(text, size,
		 "targets: %" PRIu64 " addresses, SHA-256 %.16s\nports: %s\nprobes: %u\n"
		 "shard: %" PRIu64 "/%" PRIu64 "\nengine: %s\ninterface: %s\nanonymous asks: %s\n",
		 targets_count(request->targets), hex, ports, plan->passes, plan->shard + 1,
		 plan->shard_count, plan->is_connect_only ? "connections" : "raw packets",
		 plan->interface != NULL ? plan->interface : "any",
		 plan->is_without_anonymous_asks ? "no" : "yes");
	return text;
}

static int identify_of(const struct args *args, const struct contact *contact,
		       struct session_options *session, struct fingerprints **fingerprints,
		       struct why *why)
{
	const char *path = args_value(args, "--fingerprints", NULL);
	const char *time = args_value(args, "--identify-time", NULL);
	int error;

	session->identify_ms = IDENTIFY_DEFAULT;
	if (time != NULL && (clock_duration_from_text(span_of(time), &session->identify_ms) != 0 ||
			     session->identify_ms < 0)) {
		return why_set(why, ERR_USAGE, "--identify-time %.32s: give a time, as 10m", time);
	}
	if (args_has(args, "--no-identify")) {
		return 0;
	}
	error = fingerprints_open_default(path, NULL, fingerprints, why);
	if (error != 0 && path != NULL) {
		return error;
	}
	if (error != 0) {
		*fingerprints = NULL;
		fprintf(stderr,
			"bartizan scan: %s; protocols are told, products only where a protocol "
			"states them\n",
			why->text);
		*why = (struct why){ 0 };
	}
	session->services = services_new();
	session->follow_up = (struct follow_up_options){
		.fingerprints = *fingerprints,
		.is_without_anonymous_asks = args_has(args, "--no-anonymous-asks"),
		.contact = contact,
	};
	return 0;
}

/* A scan that reached nobody is no empty network. */
static bool is_nothing_sent(const struct discovery_report *report, const struct results *results,
			    struct why *why)
{
	const struct discovery_progress *p = &report->progress;

	if (p->sent > 0 || results_count(results) > 0 ||
	    (report->unreachable + report->nobodys == 0 && p->refused == 0)) {
		return false;
	}
	(void)why_set(why, 0,
		      "nothing could be sent: there is no way to %" PRIu64
		      " addresses, and the kernel refused %" PRIu64
		      " probes; look at routes and links (ip route), or give --interface",
		      report->unreachable + report->nobodys, p->refused);
	return true;
}

static int scan(const struct args *args, const struct request *request, struct discovery_plan *plan,
		enum output output, struct why *why)
{
	OWNED(alloc_free) char *words = plan_text(request, plan);
	OWNED(alloc_free) char *ports = ports_text(&request->ports);
	OWNED(results_free) struct results *results = results_new();
	struct session_options session = {
		.resume = args_value(args, "--resume", NULL),
		.is_quiet = args_has(args, "--quiet") || isatty(STDERR_FILENO) == 0,
	};
	OWNED(fingerprints_free) struct fingerprints *fingerprints = NULL;
	OWNED(services_free) struct services *services = NULL;
	OWNED(makers_free) struct makers *makers = NULL;
	int error = identify_of(args, plan->contact, &session, &fingerprints, why);
	struct session_outcome outcome;
	struct listing listing = {
		.results = results,
		.report = &outcome.report,
		.ports = ports,
		.addresses = request->asked,
		.left_out = request->never + request->excluded + request->opted_out,
		.shard = plan->shard,
		.shard_count = plan->shard_count,
		.is_all = args_has(args, "--all"),
	};

	services = session.services;
	if (makers_open(args_value(args, "--oui", NULL), &makers, why) != 0) {
		if (args_has(args, "--oui")) {
			return EXIT_REFUSED;
		}
		*why = (struct why){ 0 }; /* no list is here: nobody is named */
	}
	listing.makers = makers;
	listing.services = services;
	listing.identified = &outcome.identified;
	plan->targets = request->targets;
	plan->ports = &request->ports;
	if (error != 0) {
		return error == ERR_USAGE ? EXIT_USAGE : EXIT_REFUSED;
	}
	if (session_run(&session, plan, words, results, &outcome, why) != 0) {
		return EXIT_REFUSED;
	}
	listing_print(&listing, output);
	if (is_nothing_sent(&outcome.report, results, why)) {
		return EXIT_REFUSED;
	}
	if (outcome.report.is_complete && session_left(&outcome) == 0) {
		return EXIT_FINE;
	}
	(void)why_set(why, 0,
		      "stopped before the end%s; go on with the same command and --resume %.300s",
		      outcome.report.is_complete ? " of identification" : "", outcome.kept);
	return EXIT_REFUSED;
}

static int run(const struct args *args, struct why *why)
{
	struct contact contact;
	struct discovery_plan plan = { .passes = 2, .contact = &contact };
	struct request request;
	enum output output;
	int status = EXIT_REFUSED;
	int error;

	if (contact_parse(args_value(args, "--contact", CONTACT_DEFAULT), &contact, why) != 0 ||
	    output_of(args, &output, why) != 0 || plan_of(args, &plan, why) != 0) {
		return EXIT_USAGE;
	}
	error = request_read(args, &request, why);
	if (error != 0) {
		return error == ERR_USAGE || error == ERR_MALFORMED ? EXIT_USAGE : EXIT_REFUSED;
	}
	if (permission_get(request.targets, args_has(args, "--authorized"), why) == 0) {
		choose_engine(&plan);
		status = scan(args, &request, &plan, output, why);
	}
	request_done(&request);
	return status;
}

const struct command command_scan = {
	.name = "scan",
	.spec = { .usage = "bartizan scan TARGETS... [-p PORTS] [--rate PPS] [options]",
		  .summary =
			  "Finds hosts and open ports and says what answers there, without a "
			  "server. TARGETS: addresses, "
			  "prefixes (10.0.0.0/8), ranges (1.2.3.0-1.2.5.255, 10.0.0-255.1), names, "
			  "@FILE, or - for a list on the input. Scan only what is yours or what "
			  "you "
			  "are allowed to. Exit code 0: scanned to the end; 1: refused, or stopped "
			  "before; 2: wrong usage.",
		  .options = options,
		  .examples = "  bartizan scan 192.168.1.0/24\n"
			      "  bartizan scan 10.0.0.0/8 -p 22,443,U:161 --rate 100000 --resume "
			      "ten.scan\n"
			      "  bartizan scan @hosts --shard 1/4 --json --authorized\n",
		  .positionals_min = 1,
		  .positionals_max = 64 },
	.run = run,
};
