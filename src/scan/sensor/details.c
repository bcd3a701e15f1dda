/* details.c - rows, then TLS: one server after the other, many at once. */
#include "scan/sensor/details.h"

#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/error.h"
#include "base/mem.h"
#include "base/text.h"
#include "fingerprints/fingerprints.h"
#include "formats/x509.h"
#include "scan/tls/assess.h"
#include "sys/alloc.h"
#include "sys/clock.h"
#include "sys/log.h"
#include "sys/trust.h"

/* One file with all roots: read once, before no file can be read any more. */
#define ROOTS_PATH "/etc/ssl/certs/ca-certificates.crt"

/* For one server's TLS, whatever it does. */
#define ASSESS_MS 30000

/* A port that speaks TLS. */
struct task {
	struct task *next;
	struct follower_task *of;
	struct rows_place place;
	struct details details;
	enum tls_starttls starttls;
	bool is_assessed; /* under way */
	size_t row_count; /* of what was told before TLS is assessed */
	size_t len;
	uint8_t *bytes;
};

struct asker {
	struct loop *loop;
	struct tls_assessor *assessor;
	struct fingerprints *fingerprints; /* or NULL */
	struct trust_store *roots;
	bool is_without_attacks;
	struct task *tls; /* those that wait for an assessment, or are in it */
	struct loop_timer *next_timer;
	uint8_t bytes[ROWS_BYTES_MAX]; /* of the one that is told */
	uint8_t said[FOLLOW_MORE_MAX];
};

/* --- as bytes --- */

void details_write(const struct details *details, struct writer *out)
{
	writer_u8(out, details->is_partial);
	writer_be64(out, (uint64_t)details->expires_s);
	host_names_write(&details->names, out);
	writer_bytes(out, details->rows);
}

int details_read(struct span more, struct details *out)
{
	struct reader r = reader_over(more);
	struct details details = { .is_partial = reader_u8(&r) != 0 };

	details.expires_s = (int64_t)reader_be64(&r);
	host_names_read(&r, &details.names);
	details.rows = reader_rest(&r);
	if (!reader_ok(&r) || details.expires_s < 0) {
		return ERR_MALFORMED;
	}
	*out = details;
	return 0;
}

void details_place(const struct follow_ask *ask, struct rows_place *out)
{
	*out = (struct rows_place){ .address = ask->address,
				    .transport = ask->transport,
				    .port = ask->port,
				    .reason = ask->reason };
	snprintf(out->scope, sizeof out->scope, "%s", ask->scope);
	snprintf(out->name, sizeof out->name, "%s", ask->name);
}

static void free_task(struct task *task)
{
	free(task->bytes);
	free(task);
}

/* Ends it. */
static void say(struct asker *a, struct task *task, const struct rows *rows)
{
	struct writer w = writer_over(a->said, sizeof a->said);

	task->details.rows = writer_span(&rows->out);
	details_write(&task->details, &w);
	follower_tell(task->of, writer_span(&w));
	free_task(task);
}

/* --- what it told --- */

/* What a machine calls itself: the probers' facts of SMB, NetBIOS and mDNS. */
static void take_names(const struct service_facts *facts, struct host_names *out)
{
	static const char *const kinds[] = { "host.dns_name", "host.name" };

	for (size_t k = 0; k < COUNT_OF(kinds); k++) {
		for (size_t i = 0; i < facts->count; i++) {
			if (span_is(span_of(facts->facts[i].kind), kinds[k])) {
				host_names_add(out, facts_text(facts, i));
			}
		}
	}
}

/* Of one server's own certificate; a pattern (*.example.org) is not a host's name. */
static void take_certificate_names(struct span der, struct host_names *out)
{
	struct x509_alternative_name name;
	struct x509 certificate;
	struct x509_names it;

	if (x509_parse(der, &certificate) != 0) {
		return;
	}
	it = x509_names_over(&certificate);
	for (unsigned i = 0; i < HOST_NAMES_MAX && x509_names_next(&it, &name); i++) {
		uint8_t text[HOST_NAMES_TEXT_SIZE];
		struct writer w = writer_over(text, sizeof text);

		x509_write_alternative_name(&name, &w);
		host_names_add(out, writer_ok(&w) ? writer_span(&w) : (struct span){ NULL, 0 });
	}
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

static void on_identified(void *more, struct follower_task *of,
			  const struct identify_result *result, const struct product *product)
{
	struct asker *a = more;
	struct task *task = alloc_zeroed(1, sizeof *task);
	struct rows rows;

	task->of = of;
	details_place(follower_ask(of), &task->place);
	rows_init(&rows, a->bytes, sizeof a->bytes);
	rows_add_port(&rows, &task->place, result, product);
	rows_add_details(&rows, &task->place, result, product);
	take_names(&result->facts, &task->details.names);
	take_certificate_names(result->certificate, &task->details.names);
	if (!speaks_tls(result, &task->starttls)) {
		say(a, task, &rows);
		return;
	}
	task->row_count = rows.count;
	task->len = writer_used(&rows.out);
	task->bytes = alloc_zeroed(1, task->len + 1);
	mem_copy(task->bytes, a->bytes, task->len);
	task->next = a->tls;
	a->tls = task;
	loop_timer_arm(a->next_timer, 0);
}

/* --- what its TLS is worth --- */

static void assess(struct asker *a, struct task *task)
{
	const struct rows_place *place = &task->place;
	struct tls_target target = { .port = place->port, .starttls = task->starttls };
	struct net_address address = address_socket(&place->address, place->port);

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
		if (t->is_assessed && address_equal(&t->place.address, address)) {
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
		if (!t->is_assessed && !is_host_busy(a, &t->place.address)) {
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

		if (task->is_assessed && task->place.port == target->port &&
		    address_equal(&task->place.address, &address)) {
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
	struct rows rows;

	loop_timer_arm(a->next_timer, 0);
	if (task == NULL) {
		tls_result_free(&result);
		return;
	}
	rows_init(&rows, a->bytes, sizeof a->bytes);
	writer_bytes(&rows.out, (struct span){ task->bytes, task->len });
	rows.count = task->row_count;
	if (result->failure == TLS_FINE) {
		struct tls_grade *grade = alloc_zeroed(1, sizeof *grade);

		chains = alloc_zeroed(TLS_CERTIFICATE_TYPES, sizeof *chains);
		tls_chain_analyse_all(result, &judges, clock_wall_ms() / 1000, chains);
		tls_grade(result, chains, grade);
		rows_add_tls(&rows, &task->place, result, chains, grade);
		task->details.expires_s = soonest_end(chains);
		free(grade);
	} else {
		task->details.is_partial = true;
	}
	free(chains);
	tls_result_free(&result);
	say(a, task, &rows);
}

/* --- the process --- */

static void open_assessor(struct asker *a)
{
	struct tls_assess_config config = tls_assess_config_default();

	config.is_quick = true;
	config.tests_vulnerabilities = !a->is_without_attacks;
	config.targets_max = DETAILS_TLS_AT_ONCE;
	config.connections_max = DETAILS_PER_HOST;
	config.target_ms = ASSESS_MS;
	a->assessor = tls_assessor_new(a->loop, &config, on_assessed, a);
}

static void drop(void *more)
{
	struct asker *a = more;

	tls_assessor_free(&a->assessor);
	while (a->tls != NULL) {
		struct task *task = a->tls;

		a->tls = task->next;
		free_task(task);
	}
	open_assessor(a);
}

static int open_roots(struct asker *a, const char *path, struct why *why)
{
	if (path == NULL && access(ROOTS_PATH, R_OK) == 0) {
		path = ROOTS_PATH;
	}
	return trust_store_open(path, &a->roots, why);
}

static void *open_details(const void *own, struct follower *follower, struct loop *loop,
			  struct why *why)
{
	const struct asker_settings *settings = own;
	struct asker *a = alloc_zeroed(1, sizeof *a);

	log_open("asker", LOG_INFO);
	if (fingerprints_open_default(settings->fingerprints, NULL, &a->fingerprints, why) != 0) {
		log_warn("no fingerprints: products are told only where a protocol states them",
			 log_text("reason", why->text));
		follower_lacks(follower, why->text);
		a->fingerprints = NULL;
	}
	if (open_roots(a, settings->roots, why) != 0) {
		free(a);
		return NULL;
	}
	follower_use(follower, a->fingerprints);
	a->loop = loop;
	a->is_without_attacks = settings->is_without_attacks;
	a->next_timer = loop_timer(loop, assess_some, a);
	open_assessor(a);
	return a;
}

int asker_start(const struct asker_settings *settings, int *out_line, struct why *why)
{
	static const struct follower_more more = { open_details, on_identified, drop };
	struct contact contact = contact_default;
	const struct follower_plan plan = { .at_once = DETAILS_AT_ONCE,
					    .per_host = DETAILS_PER_HOST,
					    .more = &more,
					    .own = settings,
					    .contact = &contact };

	int error = contact_parse(settings->contact, &contact, why);

	return error == 0 ? follower_start(&plan, NULL, out_line, why) : error;
}
