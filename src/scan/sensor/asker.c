/* asker.c - identify, conclude, assess: one target after the other, many at once. */
#include "scan/sensor/asker.h"

#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/error.h"
#include "base/mem.h"
#include "fingerprints/fingerprints.h"
#include "scan/identify/device.h"
#include "scan/sensor/line.h"
#include "scan/tls/assess.h"
#include "sys/alloc.h"
#include "sys/channel.h"
#include "sys/clock.h"
#include "sys/log.h"
#include "sys/sandbox.h"
#include "sys/trust.h"

/* One file with all roots: read once, before no file can be read any more. */
#define ROOTS_PATH "/etc/ssl/certs/ca-certificates.crt"

/* For one server's TLS, whatever it does. */
#define ASSESS_MS 30000

struct task {
	struct task *next;     /* in tls */
	struct task *next_all; /* whatever becomes of it */
	uint64_t id;
	struct ask ask;
	struct ask_answer answer;
	enum tls_starttls starttls;
	bool is_assessed; /* under way */
	struct rows rows;
	uint8_t bytes[ROWS_BYTES_MAX];
};

struct asker {
	struct loop *loop;
	struct channel *line;
	struct identifier *identifier;
	struct tls_assessor *assessor;
	struct fingerprints *fingerprints; /* or NULL */
	struct trust_store *roots;
	struct task *all;
	struct task *tls; /* those that wait for an assessment, or are in it */
	struct loop_timer *next_timer;
	uint8_t said[ASK_ANSWER_SIZE_MAX];
};

static void forget(struct asker *a, struct task *task)
{
	struct task **link = &a->all;

	while (*link != task) {
		link = &(*link)->next_all;
	}
	*link = task->next_all;
	free(task);
}

static void say(struct asker *a, struct task *task)
{
	struct writer w = writer_over(a->said, sizeof a->said);

	task->answer.rows = writer_span(&task->rows.out);
	ask_answer_write(&task->answer, &w);
	if (!writer_ok(&w) || channel_send(a->line, ASKER_ANSWER, task->id, writer_span(&w)) != 0) {
		_exit(1); /* an answer would be waited for in vain */
	}
	forget(a, task);
}

/* --- what it is --- */

static void guess(struct asker *a, const struct identify_result *result, struct task *task)
{
	struct device device;
	struct device_guess found;
	const struct service_facts *facts = &result->facts;

	device_init(&device);
	for (size_t i = 0; i < facts->count && a->fingerprints != NULL; i++) {
		struct fingerprint_match match;

		if (fingerprints_match(a->fingerprints, span_of(facts->facts[i].kind),
				       facts_text(facts, i), &match)) {
			device_add_match(&device, &match);
		}
	}
	if (task->ask.has_stack) {
		device_add_stack(&device, &task->ask.stack, task->ask.middlebox);
	}
	device_guess(&device, &found);
	snprintf(task->answer.os, sizeof task->answer.os, "%s",
		 found.os.is.family[0] != '\0' ? found.os.is.family : found.os.is.product);
	snprintf(task->answer.device, sizeof task->answer.device, "%s",
		 found.hardware.is.type[0] != '\0' ? found.hardware.is.type : found.os.is.type);
	task->answer.confidence =
		(uint8_t)(found.os.is.certainty > 100 ? 100 : found.os.is.certainty);
}

static enum tls_starttls starttls_of(const char *protocol)
{
	static const struct {
		const char *protocol;
		enum tls_starttls kind;
	} known[] = {
		{ "smtp", TLS_STARTTLS_SMTP },           { "imap", TLS_STARTTLS_IMAP },
		{ "pop3", TLS_STARTTLS_POP3 },           { "ftp", TLS_STARTTLS_FTP },
		{ "ldap", TLS_STARTTLS_LDAP },           { "xmpp", TLS_STARTTLS_XMPP },
		{ "postgresql", TLS_STARTTLS_POSTGRES }, { "mysql", TLS_STARTTLS_MYSQL },
	};

	for (size_t i = 0; i < COUNT_OF(known); i++) {
		if (span_is(span_of(protocol), known[i].protocol)) {
			return known[i].kind;
		}
	}
	return TLS_STARTTLS_NONE;
}

/* True where it speaks TLS in a way that can be assessed. */
static bool speaks_tls(const struct identify_result *result, enum tls_starttls *out)
{
	*out = TLS_STARTTLS_NONE;
	if (result->transport != IDENTIFY_TCP) {
		return false;
	}
	if (result->facts.layer == SERVICE_STARTTLS) {
		*out = starttls_of(result->facts.protocol);
		return *out != TLS_STARTTLS_NONE;
	}
	return result->facts.layer == SERVICE_TLS || result->facts.is_tls_open;
}

static void on_identified(void *context, const struct identify_result *result)
{
	struct asker *a = context;
	struct task *task = result->target_context;
	struct product product;

	product_conclude(&result->facts, a->fingerprints, &product);
	task->answer.outcome = (uint8_t)result->outcome;
	guess(a, result, task);
	rows_add_port(&task->rows, &task->ask.place, result, &product);
	rows_add_details(&task->rows, &task->ask.place, result, &product);
	if (!speaks_tls(result, &task->starttls)) {
		say(a, task);
		return;
	}
	task->next = a->tls;
	a->tls = task;
	loop_timer_arm(a->next_timer, 0);
}

/* --- what its TLS is worth --- */

static struct net_address socket_of(const struct rows_place *place)
{
	struct net_address address = { 0 };
	struct sockaddr_in *v4 = (struct sockaddr_in *)&address.storage;
	struct sockaddr_in6 *v6 = (struct sockaddr_in6 *)&address.storage;
	struct span bytes = address_bytes(&place->address);

	if (address_is_v4(&place->address)) {
		v4->sin_family = AF_INET;
		v4->sin_port = htons(place->port);
		mem_copy(&v4->sin_addr, bytes.ptr, bytes.len);
		address.length = sizeof *v4;
	} else {
		v6->sin6_family = AF_INET6;
		v6->sin6_port = htons(place->port);
		mem_copy(&v6->sin6_addr, bytes.ptr, bytes.len);
		address.length = sizeof *v6;
	}
	return address;
}

static void assess(struct asker *a, struct task *task)
{
	const struct rows_place *place = &task->ask.place;
	struct tls_target target = { .port = place->port, .starttls = task->starttls };
	struct net_address address = socket_of(place);

	if (place->name[0] != '\0') {
		snprintf(target.host, sizeof target.host, "%s", place->name);
	} else {
		char text[ADDRESS_TEXT_MAX];

		address_text(&place->address, text);
		snprintf(target.host, sizeof target.host, "%s", text);
		target.is_host_address = true;
	}
	task->is_assessed = true;
	tls_assessor_add(a->assessor, &target, &address);
}

/* One server of a host at a time. */
static bool is_host_busy(const struct asker *a, const struct address *address)
{
	for (const struct task *t = a->tls; t != NULL; t = t->next) {
		if (t->is_assessed && address_equal(&t->ask.place.address, address)) {
			return true;
		}
	}
	return false;
}

static void assess_some(void *context)
{
	struct asker *a = context;

	for (struct task *t = a->tls; t != NULL && tls_assessor_room(a->assessor) > 0;
	     t = t->next) {
		if (!t->is_assessed && !is_host_busy(a, &t->ask.place.address)) {
			assess(a, t);
		}
	}
}

static struct task *take_assessed(struct asker *a, const struct tls_target *target)
{
	struct address address;

	if (address_parse(span_of(target->address), &address) != 0) {
		return NULL;
	}
	for (struct task **link = &a->tls; *link != NULL; link = &(*link)->next) {
		struct task *task = *link;

		if (task->is_assessed && task->ask.place.port == target->port &&
		    address_equal(&task->ask.place.address, &address)) {
			*link = task->next;
			return task;
		}
	}
	return NULL;
}

static int64_t soonest_end(const struct tls_chain_facts chains[TLS_CERTIFICATE_TYPES])
{
	int64_t soonest = 0;

	for (unsigned t = 0; t < TLS_CERTIFICATE_TYPES; t++) {
		if (chains[t].is_present && chains[t].is_readable && chains[t].not_after_s > 0 &&
		    (soonest == 0 || chains[t].not_after_s < soonest)) {
			soonest = chains[t].not_after_s;
		}
	}
	return soonest;
}

static void on_assessed(void *context, struct tls_result *result)
{
	struct asker *a = context;
	struct task *task = take_assessed(a, &result->target);
	const struct tls_chain_judges judges = { a->roots, NULL };
	struct tls_chain_facts *chains = NULL;

	loop_timer_arm(a->next_timer, 0);
	if (task == NULL) {
		tls_result_free(&result);
		return;
	}
	if (result->failure == TLS_FINE) {
		struct tls_grade *grade = alloc_zeroed(1, sizeof *grade);

		chains = alloc_zeroed(TLS_CERTIFICATE_TYPES, sizeof *chains);
		tls_chain_analyse_all(result, &judges, clock_wall_ms() / 1000, chains);
		tls_grade(result, chains, grade);
		rows_add_tls(&task->rows, &task->ask.place, result, chains, grade);
		task->answer.expires_s = soonest_end(chains);
		free(grade);
	} else {
		task->answer.is_partial = true;
	}
	free(chains);
	tls_result_free(&result);
	say(a, task);
}

/* --- the line --- */

static void open_engines(struct asker *a)
{
	const struct identify_options options = { .connections_max = ASKER_AT_ONCE,
						  .connections_per_host = ASKER_PER_HOST };
	struct tls_assess_config config = tls_assess_config_default();

	config.is_quick = true;
	config.tests_vulnerabilities = false;
	config.targets_max = ASKER_TLS_AT_ONCE;
	config.connections_max = ASKER_PER_HOST;
	config.target_ms = ASSESS_MS;
	a->identifier = identifier_new(a->loop, &options, on_identified, a);
	a->assessor = tls_assessor_new(a->loop, &config, on_assessed, a);
}

static void take_ask(struct asker *a, uint64_t id, struct span body)
{
	struct task *task = alloc_zeroed(1, sizeof *task);
	struct net_address address;

	task->id = id;
	rows_init(&task->rows, task->bytes, sizeof task->bytes);
	if (ask_read(body, &task->ask) != 0) {
		free(task);
		return;
	}
	task->next_all = a->all;
	a->all = task;
	address = socket_of(&task->ask.place);
	if (identifier_add(a->identifier, &address,
			   task->ask.place.transport == TRANSPORT_UDP ? IDENTIFY_UDP : IDENTIFY_TCP,
			   task->ask.place.name[0] != '\0' ? task->ask.place.name : NULL,
			   task) != 0) {
		task->answer.outcome = IDENTIFY_CLOSED;
		say(a, task);
	}
}

/* Every connection ends here and now. */
static void drop_all(struct asker *a)
{
	identifier_free(&a->identifier);
	tls_assessor_free(&a->assessor);
	a->tls = NULL;
	while (a->all != NULL) {
		forget(a, a->all);
	}
	open_engines(a);
}

static void on_message(void *context, uint8_t kind, uint64_t id, struct span body)
{
	struct asker *a = context;

	if (kind == ASKER_ASK) {
		take_ask(a, id, body);
	} else if (kind == ASKER_DROP) {
		drop_all(a);
	}
}

static void on_closed(void *context)
{
	(void)context;
	_exit(0);
}

static int open_roots(struct asker *a, const char *path, struct why *why)
{
	if (path == NULL && access(ROOTS_PATH, R_OK) == 0) {
		path = ROOTS_PATH;
	}
	return trust_store_open(path, &a->roots, why);
}

static int confine(struct why *why)
{
	const int keep[] = { -1 };
	int error = sandbox_privileges(keep, why);

	if (error == 0) {
		error = sandbox_files(NULL, 0, -1, why);
		error = error == ERR_UNSUPPORTED ? 0 : error; /* the connector says so */
	}
	if (error == 0) {
		error = sandbox_calls(SANDBOX_BASIC | SANDBOX_SOCKETS_OPEN | SANDBOX_INTERNET, why);
	}
	return error == ERR_UNSUPPORTED ? 0 : error;
}

static int asker_process(void *context)
{
	static const struct channel_handler handler = { on_message, NULL, on_closed };
	const struct line_child *child = context;
	const struct asker_settings *settings = child->own;
	struct asker *a = alloc_zeroed(1, sizeof *a);
	struct why why;

	log_open("asker", LOG_INFO);
	if (fingerprints_open_default(settings->fingerprints, NULL, &a->fingerprints, &why) != 0) {
		log_warn("no fingerprints: products are told only where a protocol states them",
			 log_text("reason", why.text));
		a->fingerprints = NULL;
	}
	if (open_roots(a, settings->roots, &why) != 0) {
		log_error("cannot start", log_text("reason", why.text));
		return 1;
	}
	a->loop = loop_new();
	a->next_timer = loop_timer(a->loop, assess_some, a);
	open_engines(a);
	a->line = channel_new(a->loop, child->fd, LINE_QUEUE_MAX, &handler, a);
	if (confine(&why) != 0) {
		log_error("cannot confine", log_text("reason", why.text));
		return 1;
	}
	loop_run(a->loop);
	return 0;
}

int asker_start(const struct asker_settings *settings, int *out_line, struct why *why)
{
	return line_start("scan-ask", asker_process, settings, out_line, why);
}
