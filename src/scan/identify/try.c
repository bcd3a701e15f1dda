/* try.c - identifies ports from the command line: try-identify [udp/]ADDRESS:PORT[=NAME]...
 *
 * With fingerprints in $BARTIZAN_FINGERPRINTS it says products, too. One line of JSON a target. For
 * trying probers and for the scenario; not installed. */
#include <stdio.h>
#include <string.h>

#include "base/text.h"
#include "scan/identify/identify.h"
#include "scan/identify/product.h"
#include "sys/alloc.h"

struct run {
	struct loop *loop;
	struct identifier *identifier;
	struct fingerprints *fingerprints; /* or NULL */
	size_t left;
};

static void put_text(const char *name, struct span text)
{
	printf(",\"%s\":\"", name);
	for (size_t i = 0; i < text.len; i++) {
		uint8_t c = text.ptr[i];

		if (c < 0x20 || c >= 0x7f || c == '"' || c == '\\') {
			printf("\\u%04x", (unsigned)c);
		} else {
			putchar(c);
		}
	}
	putchar('"');
}

static void put_part(const char *name, const struct product_part *part)
{
	printf(",\"%s\":{\"certainty\":%u", name, part->certainty);
	put_text("vendor", span_of(part->vendor));
	put_text("product", span_of(part->product));
	put_text("version", span_of(part->version));
	put_text("cpe", span_of(part->cpe));
	putchar('}');
}

static const char *const layers[] = { "plain", "tls", "starttls" };

static void on_result(void *context, const struct identify_result *r)
{
	struct run *run = context;
	const struct service_facts *f = &r->facts;
	char where[NET_TEXT_SIZE];
	struct product product;

	net_address_text(&r->address, where);
	printf("{\"target\":\"%s/%s\",\"outcome\":\"%s\"",
	       r->transport == IDENTIFY_UDP ? "udp" : "tcp", where,
	       identify_outcome_text(r->outcome));
	put_text("protocol", span_of(f->protocol));
	put_text("layer", span_of(layers[f->layer]));
	put_text("alpn", span_of(f->alpn));
	put_text("found", span_of(f->found));
	put_text("gave_up", span_of(f->gave_up));
	put_text("banner", (struct span){ f->banner, f->banner_len });
	printf(",\"tls_open\":%s,\"certificate_bytes\":%zu,\"connections\":%u,\"handshakes\":%u,"
	       "\"received\":%llu,\"sent\":%llu,\"ms\":%lld,\"facts\":[",
	       f->is_tls_open ? "true" : "false", r->certificate.len, r->connections, r->handshakes,
	       (unsigned long long)r->bytes_received, (unsigned long long)r->bytes_sent,
	       (long long)r->duration_ms);
	for (size_t i = 0; i < f->count; i++) {
		printf("%s{\"kind\":\"%s\"", i > 0 ? "," : "", f->facts[i].kind);
		put_text("text", facts_text(f, i));
		putchar('}');
	}
	putchar(']');
	product_conclude(f, run->fingerprints, &product);
	put_part("service", &product.service);
	put_part("os", &product.os);
	put_part("hardware", &product.hardware);
	puts("}");
	fflush(stdout);
	if (--run->left == 0) {
		loop_stop(run->loop);
	}
}

int main(int argc, char **argv)
{
	struct run run = { .loop = loop_new() };
	struct identify_counts counts;
	struct why why;

	if (fingerprints_open_default(NULL, NULL, &run.fingerprints, &why) != 0) {
		run.fingerprints = NULL;
	}
	run.identifier = identifier_new(run.loop, NULL, on_result, &run);
	run.left = (size_t)(argc - 1);
	for (int i = 1; i < argc; i++) {
		struct span text = span_of(argv[i]);
		bool is_udp = span_starts_with(text, "udp/");
		size_t at;
		struct net_address address;

		text = span_after(text, is_udp ? 4 : 0);
		at = span_find(text, '=');
		if (net_address_parse(span_first(text, at), &address, &why) != 0) {
			fprintf(stderr, "try-identify: %s: %s\n", argv[i], why.text);
			return 2;
		}
		if (identifier_add(run.identifier, &address, is_udp ? IDENTIFY_UDP : IDENTIFY_TCP,
				   at < text.len ? argv[i] + (is_udp ? 4 : 0) + at + 1 : NULL,
				   NULL) != 0) {
			fprintf(stderr, "try-identify: %s: too many\n", argv[i]);
			return 2;
		}
	}
	if (run.left > 0) {
		loop_run(run.loop);
	}
	identifier_counts(run.identifier, &counts);
	fprintf(stderr, "ended %llu, known %llu, connections %llu, at most %u at once to a host\n",
		(unsigned long long)counts.ended, (unsigned long long)counts.known,
		(unsigned long long)counts.connections, counts.peak_per_host);
	identifier_free(&run.identifier);
	fingerprints_free(&run.fingerprints);
	loop_free(&run.loop);
	return 0;
}
