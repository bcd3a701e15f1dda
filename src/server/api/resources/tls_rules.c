/* tls_rules.c - what lowers a TLS server's grade, in words, and the lines that mend it. */
#include "schema/tls_rules.h"
#include "server/api/call.h"

static void write_text(struct emit *j, const char *name, const char *text)
{
	emit_key(j, name);
	emit_text(j, text);
}

static void write_lines(struct emit *j, const struct tls_advice *advice)
{
	const struct {
		const char *program;
		const char *lines;
	} all[] = {
		{ "nginx", advice->nginx },     { "apache", advice->apache },
		{ "haproxy", advice->haproxy }, { "postfix", advice->postfix },
		{ "dovecot", advice->dovecot }, { "openssl", advice->openssl },
		{ "gnutls", advice->gnutls },
	};

	for (size_t i = 0; i < COUNT_OF(all); i++) {
		if (all[i].lines != NULL) {
			emit_object(j);
			write_text(j, "program", all[i].program);
			write_text(j, "lines", all[i].lines);
			emit_object_end(j);
		}
	}
}

static void write_rule(struct emit *j, const struct tls_rule *rule)
{
	/* A+ caps nothing */
	bool is_capping = rule->cap != TLS_LETTER_A_PLUS;

	emit_object(j);
	write_text(j, "id", rule->id);
	write_text(j, "cap", is_capping ? tls_letter_text(rule->cap) : NULL);
	write_text(j, "sentence", rule->sentence);
	write_text(j, "fix", rule->fix);
	emit_key(j, "configuration");
	emit_array(j);
	if (rule->advice != NULL) {
		write_lines(j, rule->advice);
	}
	emit_array_end(j);
	emit_object_end(j);
}

static void get(struct call *call)
{
	size_t count;
	const struct tls_rule *rules = tls_rules(&count);

	emit_object(&call->json);
	emit_key(&call->json, "items");
	emit_array(&call->json);
	for (size_t i = 0; i < count; i++) {
		write_rule(&call->json, &rules[i]);
	}
	emit_array_end(&call->json);
	emit_object_end(&call->json);
	call_answer(call, 200);
}

const struct resource resource_tls_rules = {
	.path = "/api/v1/tls/rules",
	.summary = "What lowers a TLS server's grade, and how to mend it",
	.operations = { { "GET", RESOURCE_SIGNED_IN, "", get } },
};
