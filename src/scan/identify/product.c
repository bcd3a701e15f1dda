/* product.c - the surest match of each part. */
#include "scan/identify/product.h"

#include "base/text.h"
#include "fingerprints/cpe.h"

#define MATCHES_MAX      4u  /* of one fact: the first in Recog's order that say something */
#define STATED_CERTAINTY 90u /* a field of the protocol, not a banner's wording */

static void set_text(char *out, size_t size, struct span text)
{
	uint8_t room[PRODUCT_CPE_MAX];
	struct writer w = writer_over(room, sizeof room);
	size_t len;

	text_write_utf8(&w, text, size - 1);
	len = writer_used(&w);
	for (size_t i = 0; i < len; i++) {
		out[i] = room[i] < 0x20 || room[i] == 0x7f ? ' ' : (char)room[i];
	}
	out[len] = '\0';
}

/* Names of a part's parameters. */
struct part_names {
	const char *of;
	const char *vendor;
	const char *product;
	const char *version;
};

static const struct part_names service_names = { "service", "service.vendor", "service.product",
						 "service.version" };
static const struct part_names os_names = { "os", "os.vendor", "os.product", "os.version" };
static const struct part_names hardware_names = { "hw", "hw.vendor", "hw.product", "hw.version" };

static void take_part(const struct fingerprint_match *m, const struct part_names *names,
		      unsigned certainty, const char *kind, struct product_part *out)
{
	struct span product = fingerprint_param(m, names->product);
	struct span vendor = fingerprint_param(m, names->vendor);
	struct span version = fingerprint_param(m, names->version);
	uint8_t cpe[PRODUCT_CPE_MAX];
	struct writer w = writer_over(cpe, sizeof cpe);

	if (product.len + vendor.len == 0 || certainty == 0) {
		return;
	}
	/* of equals the one that knows the version */
	if (certainty < out->certainty ||
	    (certainty == out->certainty && (version.len == 0 || out->version[0] != '\0'))) {
		return;
	}
	*out = (struct product_part){ .certainty = certainty, .kind = kind };
	set_text(out->vendor, sizeof out->vendor, vendor);
	set_text(out->product, sizeof out->product, product);
	set_text(out->version, sizeof out->version, version);
	if (cpe_of_match(m, names->of, &w) == 0) {
		set_text(out->cpe, sizeof out->cpe, writer_span(&w));
	}
}

static void match_fact(struct fingerprints *f, const char *kind, struct span text,
		       struct product *out)
{
	struct fingerprint_match m; /* 18 KiB of stack */
	size_t from = 0;

	for (unsigned i = 0;
	     i < MATCHES_MAX && fingerprints_match_next(f, span_of(kind), text, &from, &m); i++) {
		const char *before = out->service.kind;
		unsigned certainty = out->service.certainty;

		take_part(&m, &service_names, m.certainty, kind, &out->service);
		take_part(&m, &os_names, m.os_certainty, kind, &out->os);
		take_part(&m, &hardware_names, m.certainty, kind, &out->hardware);
		if (out->device[0] == '\0') {
			struct span device = fingerprint_param(&m, "hw.device");

			set_text(out->device, sizeof out->device,
				 device.len > 0 ? device : fingerprint_param(&m, "os.device"));
		}
		if (out->service.kind != before || out->service.certainty != certainty) {
			set_text(out->description, sizeof out->description, m.description);
		}
	}
}

/* What the protocol states in fields, where it is surer, or the only word. */
static void take_stated(const struct service_facts *facts, const struct part_names *names,
			struct product_part *out)
{
	struct span vendor = facts_find(facts, names->vendor);
	struct span product = facts_find(facts, names->product);
	struct span version = facts_find(facts, names->version);

	if (product.len > 0 && out->product[0] == '\0') {
		out->certainty = STATED_CERTAINTY;
		out->kind = names->product;
		set_text(out->product, sizeof out->product, product);
		set_text(out->vendor, sizeof out->vendor, vendor);
	}
	if (version.len > 0 && out->version[0] == '\0') {
		set_text(out->version, sizeof out->version, version);
	}
}

/* Products that state their version in a field of their protocol, by the names CPE has for them. */
static void name_stated(struct product_part *service)
{
	static const struct {
		const char *product;
		const char *cpe; /* URI, to which the version is added */
	} known[] = {
		{ "Redis", "cpe:/a:redis:redis" },
		{ "memcached", "cpe:/a:memcached:memcached" },
		{ "MongoDB", "cpe:/a:mongodb:mongodb" },
		{ "Elasticsearch", "cpe:/a:elastic:elasticsearch" },
		{ "OpenSearch", "cpe:/a:amazon:opensearch" },
		{ "CouchDB", "cpe:/a:apache:couchdb" },
		{ "Docker Engine", "cpe:/a:docker:engine" },
		{ "Kubernetes", "cpe:/a:kubernetes:kubernetes" },
		{ "MariaDB", "cpe:/a:mariadb:mariadb" },
		{ "RabbitMQ", "cpe:/a:vmware:rabbitmq" },
		{ "PostgreSQL", "cpe:/a:postgresql:postgresql" },
	};
	uint8_t uri[PRODUCT_CPE_MAX];
	uint8_t cpe[PRODUCT_CPE_MAX];
	struct writer w = writer_over(uri, sizeof uri);
	struct writer out = writer_over(cpe, sizeof cpe);

	for (size_t i = 0; i < COUNT_OF(known) && service->cpe[0] == '\0'; i++) {
		if (!span_is(span_of(service->product), known[i].product)) {
			continue;
		}
		writer_text(&w, known[i].cpe);
		if (service->version[0] != '\0') {
			writer_text(&w, ":");
			writer_text(&w, service->version);
		}
		if (writer_ok(&w) && cpe_from_uri(writer_span(&w), &out) == 0) {
			set_text(service->cpe, sizeof service->cpe, writer_span(&out));
		}
	}
}

void product_conclude(const struct service_facts *facts, struct fingerprints *fingerprints,
		      struct product *out)
{
	*out = (struct product){ .device = "" };
	for (size_t i = 0; fingerprints != NULL && i < facts->count; i++) {
		match_fact(fingerprints, facts->facts[i].kind, facts_text(facts, i), out);
	}
	take_stated(facts, &service_names, &out->service);
	take_stated(facts, &os_names, &out->os);
	take_stated(facts, &hardware_names, &out->hardware);
	name_stated(&out->service);
}
