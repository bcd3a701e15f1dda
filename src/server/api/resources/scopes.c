/* scopes.c - what may be scanned: listed, registered, set, proved, taken away. */
#include <stdio.h>
#include <string.h>

#include "base/mem.h"
#include "formats/scope_proof.h"
#include "server/api/body.h"
#include "server/api/listing.h"
#include "server/api/requests.h"

#define STATEMENT_MAX 1000
#define PORTS_MAX     511
#define SCOPE_MAX     255
#define ID_MAX        16
#define METHOD_MAX    15
#define MEMBERS       "name is_on period_s from_minute to_minute rate ports scanner"

/* Of several scanners the one that began last: with max() SQLite takes the others of its row. */
#define COLUMNS                                                                                    \
	"SELECT s.name, s.kind, s.proved_at IS NOT NULL, s.method, s.proved_at, s.proved_by, "     \
	"s.statement, s.failure, s.tried_at, s.checked_at, s.failing_since, s.token, s.name, "     \
	"s.token, s.name, s.name, s.added_at, s.added_by, s.is_on, nullif(s.period_s, 0), "        \
	"s.from_minute, "                                                                          \
	"s.to_minute, nullif(s.rate, 0), nullif(s.ports, ''), s.scanner, r.runs, r.state, "        \
	"r.reason, r.started, r.finished, r.addresses, r.hosts, r.open_ports, r.loss_permille "    \
	"FROM scopes s LEFT JOIN (SELECT *, max(coalesce(started, 0)) FROM scan_scopes GROUP BY "  \
	"scope) r "                                                                                \
	"ON r.scope = s.name "

/* --- what is to be published --- */

static bool plan(const struct view_value *name, enum scope_proof_method method,
		 struct scope_proof *out)
{
	struct scope_name scope;

	if (name->kind != VIEW_TEXT || scope_name_read(name->bytes, &scope) != 0) {
		return false;
	}
	scope_proof_plan(&scope, method, out);
	return true;
}

static void dns_names(struct emit *j, const struct view_value *name)
{
	struct scope_proof proof = { .count = 0 };
	char place[SCOPE_PROOF_PLACE_SIZE];

	(void)plan(name, SCOPE_PROOF_DNS, &proof);
	emit_array(j);
	for (size_t n = 0; n < proof.count; n++) {
		scope_proof_place(&proof, n, place);
		emit_text(j, place);
	}
	emit_array_end(j);
}

static void dns_value(struct emit *j, const struct view_value *token)
{
	char text[sizeof SCOPE_PROOF_PREFIX + SCOPE_MAX];

	snprintf(text, sizeof text, SCOPE_PROOF_PREFIX "%.*s", (int)token->bytes.len,
		 (const char *)token->bytes.ptr);
	emit_text(j, text);
}

static void dns_refusal(struct emit *j, const struct view_value *name)
{
	struct scope_proof proof = { .count = 0 };

	if (plan(name, SCOPE_PROOF_DNS, &proof) && proof.refusal != NULL) {
		emit_text(j, proof.refusal);
	} else {
		emit_null(j);
	}
}

static void https_url(struct emit *j, const struct view_value *name)
{
	struct scope_proof proof = { .count = 0 };
	char place[SCOPE_PROOF_PLACE_SIZE];

	if (plan(name, SCOPE_PROOF_HTTPS, &proof) && proof.count > 0) {
		scope_proof_place(&proof, 0, place);
		emit_text(j, place);
	} else {
		emit_null(j);
	}
}

static const struct listing_member members[] = {
	{ "name", LISTING_TEXT },
	{ "kind", LISTING_TEXT },
	{ "is_proved", LISTING_BOOLEAN },
	{ "method", LISTING_TEXT },
	{ "proved_at", LISTING_TIME },
	{ "proved_by", LISTING_TEXT },
	{ "statement", LISTING_TEXT },
	{ "failure", LISTING_TEXT },
	{ "tried_at", LISTING_TIME },
	{ "checked_at", LISTING_TIME },
	{ "failing_since", LISTING_TIME },
	{ "token", LISTING_TEXT },
	{ "dns_names", .write = dns_names },
	{ "dns_value", .write = dns_value },
	{ "dns_refusal", .write = dns_refusal },
	{ "https_url", .write = https_url },
	{ "added_at", LISTING_TIME },
	{ "added_by", LISTING_TEXT },
	{ "is_on", LISTING_BOOLEAN },
	{ "period_s", LISTING_INTEGER },
	{ "from_minute", LISTING_INTEGER },
	{ "to_minute", LISTING_INTEGER },
	{ "rate", LISTING_INTEGER },
	{ "ports", LISTING_TEXT },
	{ "scanner", LISTING_TEXT },
	{ "runs", LISTING_INTEGER },
	{ "state", LISTING_TEXT },
	{ "reason", LISTING_TEXT },
	{ "started_at", LISTING_SECONDS },
	{ "finished_at", LISTING_SECONDS },
	{ "addresses", LISTING_INTEGER },
	{ "hosts", LISTING_INTEGER },
	{ "open_ports", LISTING_INTEGER },
	{ "loss_permille", LISTING_INTEGER },
};

static void get(struct call *call)
{
	const struct listing listing = {
		.sql = COLUMNS "ORDER BY s.name LIMIT ?8 OFFSET ?9",
		.members = members,
		.member_count = COUNT_OF(members),
	};

	listing_answer(call, &listing);
}

/* --- registering and setting --- */

/* One scope, as the engine spells it. */
static void was_put(struct call *call, const struct reply *reply)
{
	struct span name = { NULL, 0 };
	struct span token = { NULL, 0 };

	if (arguments_text(&reply->result, "name", &name) != 0 ||
	    arguments_text(&reply->result, "token", &token) != 0) {
		call_fail(call, 503, "the scope is registered, but cannot be read now");
		return;
	}
	emit_object(&call->json);
	emit_key(&call->json, "name");
	emit_span(&call->json, name);
	emit_key(&call->json, "token");
	emit_span(&call->json, token);
	emit_object_end(&call->json);
	call_answer(call, 200);
}

struct wish {
	struct argument arguments[12];
	size_t count;
	char texts[3][PORTS_MAX + 1]; /* name, ports, scanner */
};

static bool take_text(struct body *body, const char *name, size_t max, size_t slot,
		      struct wish *out)
{
	struct span text;

	if (!body_text(body, name, max, slot == 0, &text)) {
		return false;
	}
	if (text.ptr != NULL) {
		mem_copy(out->texts[slot], text.ptr, text.len);
		out->texts[slot][text.len] = '\0';
		out->arguments[out->count++] = argument_text(name, out->texts[slot]);
	}
	return true;
}

static bool take_number(struct body *body, const char *name, int64_t max, struct wish *out)
{
	int64_t number;

	if (!body_integer(body, name, 0, max, -1, &number)) {
		return false;
	}
	if (number >= 0) {
		out->arguments[out->count++] = argument_uint(name, (uint64_t)number);
	}
	return true;
}

/* Off where it says so; unsaid leaves it as it is. */
static bool take_is_on(struct body *body, struct wish *out)
{
	bool if_unsaid_on;
	bool if_unsaid_off;

	if (!body_boolean(body, "is_on", true, &if_unsaid_on) ||
	    !body_boolean(body, "is_on", false, &if_unsaid_off)) {
		return false;
	}
	if (if_unsaid_on == if_unsaid_off) {
		out->arguments[out->count++] = argument_uint("is_on", if_unsaid_on);
	}
	return true;
}

static void put(struct call *call)
{
	struct wish wish = { .count = 2 };
	struct body body;
	bool is_read;

	wish.arguments[0] = argument_text("tenant", call->tenant);
	wish.arguments[1] = argument_text("actor", call->who.name);
	is_read = body_read(call, MEMBERS, &body) &&
		  take_text(&body, "name", SCOPE_MAX, 0, &wish) &&
		  take_text(&body, "ports", PORTS_MAX, 1, &wish) &&
		  take_text(&body, "scanner", ID_MAX, 2, &wish) && take_is_on(&body, &wish) &&
		  take_number(&body, "period_s", INT32_MAX, &wish) &&
		  take_number(&body, "from_minute", 1439, &wish) &&
		  take_number(&body, "to_minute", 1439, &wish) &&
		  take_number(&body, "rate", INT32_MAX, &wish);
	body_done(&body);
	if (is_read) {
		requests_ask(call, "scope-put", wish.arguments, wish.count, was_put);
	}
}

const struct resource resource_scopes = {
	.path = "/api/v1/scopes",
	.summary = "What may be scanned, and how",
	.operations = { { "GET", RESOURCE_READ, "limit after", get },
			{ "PUT", RESOURCE_OPERATE, "", put } },
};

/* --- proving --- */

static void was_done(struct call *call, const struct reply *reply)
{
	(void)reply;
	call_answer_empty(call, 204, NULL, NULL);
}

static void was_asked(struct call *call, const struct reply *reply)
{
	struct span name = { NULL, 0 };
	uint64_t requested_ms = 0;

	if (arguments_text(&reply->result, "name", &name) != 0 ||
	    arguments_uint(&reply->result, "requested_ms", &requested_ms) != 0) {
		call_fail(call, 503, "it is being checked, but that cannot be told now");
		return;
	}
	emit_object(&call->json);
	emit_key(&call->json, "name");
	emit_span(&call->json, name);
	emit_key(&call->json, "requested_at");
	emit_time(&call->json, (int64_t)requested_ms);
	emit_object_end(&call->json);
	call_answer(call, 202);
}

struct proof_wish {
	char name[SCOPE_MAX + 1];
	char method[METHOD_MAX + 1];
	char statement[STATEMENT_MAX + 1];
};

static bool read_proof(struct call *call, struct proof_wish *out)
{
	struct span name;
	struct span method;
	struct span statement;
	struct body body;
	bool is_read = body_read(call, "name method statement", &body) &&
		       body_text(&body, "name", SCOPE_MAX, true, &name) &&
		       body_text(&body, "method", METHOD_MAX, false, &method) &&
		       body_text(&body, "statement", STATEMENT_MAX, false, &statement);

	if (is_read) {
		body_copy(name, out->name);
		body_copy(method.ptr != NULL ? method : span_of("statement"), out->method);
		body_copy(statement, out->statement);
	}
	body_done(&body);
	return is_read;
}

static void prove(struct call *call)
{
	struct proof_wish wish;
	bool is_statement;

	if (!read_proof(call, &wish)) {
		return;
	}
	is_statement = span_is(span_of(wish.method), "statement");
	if (!is_statement && wish.statement[0] != '\0') {
		call_fail(call, 400, "a `statement` is for the method \"statement\"");
		return;
	}
	requests_ask(call, "scope-prove",
		     (const struct argument[]){ argument_text("tenant", call->tenant),
						argument_text("actor", call->who.name),
						argument_text("name", wish.name),
						argument_text("method", wish.method),
						argument_text("statement", wish.statement) },
		     5, is_statement ? was_done : was_asked);
}

const struct resource resource_scope_proof = {
	.path = "/api/v1/scopes/proof",
	.summary = "Proves that a scope may be scanned",
	.operations = { { "POST", RESOURCE_OPERATE, "", prove } },
};

/* --- taking away --- */

static void delete (struct call *call)
{
	requests_ask(call, "scope-remove",
		     (const struct argument[]){ argument_text("tenant", call->tenant),
						argument_text("actor", call->who.name),
						argument_text("name", call->route.captures[0]) },
		     3, was_done);
}

const struct resource resource_scope = {
	.path = "/api/v1/scopes/{name}",
	.summary = "Takes a scope away",
	.operations = { { "DELETE", RESOURCE_OPERATE, "", delete } },
};
