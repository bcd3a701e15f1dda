/* tls.c - TLS servers assessed from here, without a server of ours. */
#include <errno.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>

#include "base/error.h"
#include "base/reader.h"
#include "base/text.h"
#include "cli/command.h"
#include "cli/output.h"
#include "cli/tls_judge.h"
#include "cli/tls_report.h"
#include "scan/tls/assess.h"
#include "sys/alloc.h"
#include "sys/buffer.h"
#include "sys/clock.h"
#include "sys/file.h"
#include "sys/loop.h"
#include "sys/net.h"
#include "sys/resolver.h"

#define LIST_BYTES_MAX (64u << 20)
#define TARGETS_MAX    2000 /* at once */
#define DEFAULT_PORT   "443"

#define NEAR_MAX  64 /* at once, of those whose servers answer at once */
#define FEEDER_MS 10 /* waited before room is looked for again, where nothing else happens */

static const struct arg options[] = {
	{ "--file", "LIST", "more targets, one a line; # begins a comment" },
	{ "--starttls", "P",
	  "begin in the clear: smtp, imap, pop3, ftp, ldap, xmpp, postgres or mysql" },
	{ "--quick", NULL, "only what a letter needs: a dozen connections, no HTTPS request" },
	{ "--json", NULL, "print one JSON document a target, one a line" },
	{ "--connections", "N", "of one target at once (default: 4)" },
	{ "--timeout", "S", "for one target (default: 2m)" },
	{ "--ca", "FILE", "roots that are trusted (PEM), in place of the system's" },
	{ "--known-keys", "FILE", "keys that others have: SHA-256 of each, a line each" },
	{ "--advice", NULL, "with each reason lines of configuration that mend it" },
	{ "--pulse", NULL,
	  "print how many have which grade, protocol, key, ... and no single one" },
	{ "--history", "FILE", "--pulse, added to this file and compared with runs before" },
	{ 0 },
};

/* A target with the addresses that its name has; the next is tried where one takes no connection.
 */
struct named {
	struct named *next;
	struct tls_target target;
	struct net_address addresses[RESOLVER_ADDRESSES_MAX];
	size_t count;
	size_t at;
	bool is_under_way;
	bool is_due; /* its next address is to be tried */
};

struct assessing {
	struct resolver *resolver;
	struct named *named;
	size_t due;
	const struct args *args;
	struct loop *loop;
	struct loop_timer *feeder;
	struct tls_assessor *assessor;
	struct tls_judge *judge;
	enum tls_starttls starttls;
	unsigned positional; /* the next one */
	struct span list;
	struct reader lines; /* of --file */
	unsigned failed;
	unsigned assessed;
	bool is_json;
	bool is_out_of_targets;
};

static void print_result(struct assessing *a, const struct tls_result *result)
{
	tls_judge_take(a->judge, result);
	if (tls_judge_is_pulse(a->judge)) {
		return;
	}
	if (a->is_json) {
		json_t *document = tls_report_json(result);
		char *text;

		tls_judge_add_json(a->judge, document);
		text = json_dumps(document, JSON_COMPACT); /* at once: a call a token costs more */
		if (text != NULL) {
			puts(text);
		}
		free(text);
		json_decref(document);
	} else {
		if (result->failure == TLS_FINE) {
			output_escaped(span_of(result->target.host), stdout);
			printf(":%u\n", result->target.port);
		}
		tls_judge_print(a->judge, stdout);
		tls_report_text(result, stdout);
	}
}

static void take_result(struct assessing *a, const struct tls_result *result)
{
	if (result->failure != TLS_FINE) {
		a->failed++;
	} else {
		a->assessed++;
	}
	print_result(a, result);
}

static void refuse_target(struct assessing *a, const struct tls_target *target, const char *reason)
{
	struct tls_result *result = tls_result_new();

	result->target = *target;
	result->failure = TLS_NO_ADDRESS;
	result->accounting.started_ms = clock_wall_ms();
	(void)snprintf(result->reason, sizeof result->reason, "%s", reason);
	take_result(a, result);
	tls_result_free(&result);
}

/* HOST, HOST:PORT, [ADDRESS]:PORT, a bare IPv6 address. */
static int split(struct span text, char host[256], char port[6], struct why *why)
{
	bool is_bare_ipv6 = text.len > 0 && text.ptr[0] != '[' &&
			    span_find(span_after(text, span_find(text, ':') + 1), ':') <
				    text.len - span_find(text, ':') - 1;
	char with_port[320];

	if (span_find(text, ':') < text.len && !is_bare_ipv6 && !span_ends_with(text, "]")) {
		return net_split(text, host, port, why);
	}
	(void)snprintf(with_port, sizeof with_port, is_bare_ipv6 ? "[%.*s]:%s" : "%.*s:%s",
		       (int)(text.len < 256 ? text.len : 256), (const char *)text.ptr,
		       DEFAULT_PORT);
	return net_split(span_of(with_port), host, port, why);
}

static void forget(struct assessing *a, struct named *named)
{
	struct named **link = &a->named;

	while (*link != named) {
		link = &(*link)->next;
	}
	*link = named->next;
	free(named);
}

static void on_resolved(void *context, void *about, const struct resolver_answer *answer)
{
	struct assessing *a = context;
	struct named *named = about;

	if (answer->count == 0) {
		refuse_target(a, &named->target, answer->reason);
		forget(a, named);
		return;
	}
	for (size_t i = 0; i < answer->count; i++) {
		named->addresses[i] = answer->addresses[i];
	}
	named->count = answer->count;
	named->is_due = true;
	a->due++;
}

static void add_due(struct assessing *a)
{
	struct named *next;

	for (struct named *named = a->named;
	     named != NULL && a->due > 0 && tls_assessor_room(a->assessor) > 0; named = next) {
		next = named->next;
		if (named->is_due) {
			named->is_due = false;
			named->is_under_way = true;
			a->due--;
			tls_assessor_add(a->assessor, &named->target,
					 &named->addresses[named->at++]);
		}
	}
}

static struct named *named_of(struct assessing *a, const struct tls_result *result)
{
	for (struct named *named = a->named; named != NULL; named = named->next) {
		char text[NET_TEXT_SIZE];

		if (!named->is_under_way || named->target.port != result->target.port ||
		    strcmp(named->target.host, result->target.host) != 0) {
			continue;
		}
		net_host_text(&named->addresses[named->at - 1], text);
		if (strcmp(text, result->target.address) == 0) {
			return named;
		}
	}
	return NULL;
}

/* True where another address of the name is tried instead. */
static bool tries_next(struct assessing *a, const struct tls_result *result)
{
	struct named *named = named_of(a, result);

	if (named == NULL) {
		return false;
	}
	if ((result->failure != TLS_REFUSED && result->failure != TLS_TIMED_OUT) ||
	    named->at == named->count) {
		forget(a, named);
		return false;
	}
	named->is_under_way = false;
	named->is_due = true;
	a->due++;
	return true;
}

static void add_target(struct assessing *a, struct span text)
{
	struct tls_target target = { .starttls = a->starttls };
	struct net_address address;
	struct named *named;
	struct why why = { 0 };
	char port[6] = "";
	char whole[NET_TEXT_SIZE + 8];
	uint64_t number = 0;

	if (split(text, target.host, port, &why) != 0 ||
	    text_to_u64(span_of(port), 65535, &number) != 0 || number == 0) {
		(void)snprintf(target.host, sizeof target.host, "%.*s",
			       (int)(text.len < 255 ? text.len : 255), (const char *)text.ptr);
		refuse_target(a, &target, "that is no HOST:PORT");
		return;
	}
	target.port = (uint16_t)number;
	(void)snprintf(whole, sizeof whole, strchr(target.host, ':') != NULL ? "[%s]:%s" : "%s:%s",
		       target.host, port);
	target.is_host_address = net_address_parse(span_of(whole), &address, NULL) == 0;
	if (target.is_host_address) {
		tls_assessor_add(a->assessor, &target, &address);
		return;
	}
	named = alloc_zeroed(1, sizeof *named);
	named->target = target;
	named->next = a->named;
	a->named = named;
	resolver_ask(a->resolver, target.host, port, named);
}

/* False where there is no further target. */
static bool next_target(struct assessing *a, struct span *out)
{
	if (a->positional < a->args->positional_count) {
		*out = span_of(a->args->positionals[a->positional++]);
		return true;
	}
	while (reader_left(&a->lines) > 0) {
		struct span line = reader_line(&a->lines);

		line = span_trim(span_first(line, span_find(line, '#')));
		if (line.len > 0) {
			*out = line;
			return true;
		}
	}
	return false;
}

static bool is_all_done(const struct assessing *a)
{
	return a->is_out_of_targets && a->due == 0 && resolver_busy(a->resolver) == 0 &&
	       tls_assessor_busy(a->assessor) == 0;
}

/* How many of the list may begin now. */
static unsigned room(const struct assessing *a)
{
	unsigned places = tls_assessor_room(a->assessor);
	unsigned waiting = resolver_busy(a->resolver) + (unsigned)a->due;
	unsigned near = tls_assessor_near(a->assessor);
	unsigned free_near = near < NEAR_MAX ? NEAR_MAX - near : 0;

	places = places > waiting ? places - waiting : 0;
	return places < free_near ? places : free_near;
}

static void feed(struct assessing *a)
{
	struct span text;
	unsigned places;

	add_due(a);
	places = room(a);
	while (!a->is_out_of_targets && places > 0) {
		if (!next_target(a, &text)) {
			a->is_out_of_targets = true;
		} else {
			add_target(a, text);
			places--;
		}
	}
	if (is_all_done(a)) {
		loop_stop(a->loop);
	} else if (!a->is_out_of_targets && !loop_timer_is_armed(a->feeder)) {
		loop_timer_arm(a->feeder, FEEDER_MS);
	}
}

static void on_feeder(void *context)
{
	(void)context; /* the turn ends with feed() */
}

static void on_done(void *context, struct tls_result *result)
{
	struct assessing *a = context;

	if (!tries_next(a, result)) {
		take_result(a, result);
	}
	tls_result_free(&result);
}

static void on_idle(void *context)
{
	feed(context);
}

static int read_limits(const struct args *args, struct tls_assess_config *config, struct why *why)
{
	const char *connections = args_value(args, "--connections", "4");
	const char *timeout = args_value(args, "--timeout", "2m");
	uint64_t number;

	if (text_to_u64(span_of(connections), 64, &number) != 0 || number == 0) {
		return why_set(why, ERR_USAGE, "--connections must be a number, 1 to 64");
	}
	config->connections_max = (unsigned)number;
	if (clock_duration_from_text(span_of(timeout), &config->target_ms) != 0 ||
	    config->target_ms <= 0) {
		return why_set(why, ERR_USAGE, "--timeout must be a time, such as 30s or 2m");
	}
	config->is_quick = args_has(args, "--quick");
	config->tests_vulnerabilities = !config->is_quick;
	return 0;
}

/* As many targets at once as descriptors allow. */
static void fit_to_descriptors(struct tls_assess_config *config)
{
	struct rlimit limit;
	rlim_t fits;

	config->targets_max = TARGETS_MAX;
	if (getrlimit(RLIMIT_NOFILE, &limit) != 0) {
		return;
	}
	limit.rlim_cur = limit.rlim_max;
	(void)setrlimit(RLIMIT_NOFILE, &limit);
	(void)getrlimit(RLIMIT_NOFILE, &limit);
	fits = limit.rlim_cur / (config->connections_max + 1);
	if (fits < config->targets_max) {
		config->targets_max = fits > 1 ? (unsigned)fits : 1;
	}
}

static int read_list(const struct args *args, struct buffer *list, struct why *why)
{
	const char *path = args_value(args, "--file", NULL);

	if (path == NULL) {
		return args->positional_count > 0 ? 0
						  : why_set(why, ERR_USAGE,
							    "say which servers: HOST[:PORT]... or "
							    "--file LIST");
	}
	if (file_read(path, list) != 0) {
		return why_set(why, ERR_USAGE, "cannot read the list '%s'", path);
	}
	return 0;
}

static int assess_all(struct assessing *a, const struct tls_assess_config *config)
{
	a->loop = loop_new();
	a->feeder = loop_timer(a->loop, on_feeder, a);
	a->assessor = tls_assessor_new(a->loop, config, on_done, a);
	a->resolver = resolver_new(a->loop, on_resolved, a);
	loop_on_idle(a->loop, on_idle, a);
	feed(a);
	if (!is_all_done(a)) {
		loop_run(a->loop);
	}
	tls_assessor_free(&a->assessor);
	resolver_free(&a->resolver);
	while (a->named != NULL) {
		forget(a, a->named);
	}
	loop_timer_free(&a->feeder);
	loop_free(&a->loop);
	return a->failed > 0 ? EXIT_REFUSED : EXIT_FINE;
}

static int run(const struct args *args, struct why *why)
{
	struct tls_assess_config config = tls_assess_config_default();
	struct assessing a = { .args = args, .is_json = args_has(args, "--json") };
	const char *starttls = args_value(args, "--starttls", NULL);
	struct buffer list;
	int code = EXIT_USAGE;

	buffer_init(&list, LIST_BYTES_MAX);
	if (starttls != NULL && !tls_starttls_find(starttls, &a.starttls)) {
		(void)why_set(why, ERR_USAGE,
			      "--starttls must be smtp, imap, pop3, ftp, ldap, xmpp, postgres or "
			      "mysql");
	} else if (read_limits(args, &config, why) == 0 && read_list(args, &list, why) == 0 &&
		   tls_judge_open(args, &a.judge, why) == 0) {
		fit_to_descriptors(&config);
		a.lines = reader_over(buffer_span(&list));
		code = assess_all(&a, &config);
		if (tls_judge_finish(a.judge, a.is_json, stdout, why) != 0) {
			code = EXIT_USAGE;
		} else if (code == EXIT_REFUSED) {
			(void)why_set(why, 0, "%u of %u servers could not be assessed", a.failed,
				      a.failed + a.assessed);
		}
	}
	tls_judge_free(&a.judge);
	buffer_done(&list);
	return code;
}

const struct command command_tls = {
	.name = "tls",
	.spec = { .usage = "bartizan tls HOST[:PORT]... [--file LIST] [--starttls P] [options]",
		  .summary = "Assesses TLS servers: versions, cipher suites, groups, certificates, "
			     "vulnerabilities. Port 443 where none is said. Needs no server of "
			     "ours; assess what is yours, or with permission.",
		  .options = options,
		  .examples = "  bartizan tls www.example.org\n"
			      "  bartizan tls mail.example.org:25 --starttls smtp\n"
			      "  bartizan tls --file sites.txt --quick --json > sites.json",
		  .positionals_max = ARGS_POSITIONALS_MAX },
	.run = run,
};
