/* device.c - claims are gathered, then grouped by family: sources that agree add up. */
#include "scan/identify/device.h"

#include "base/text.h"
#include "formats/ascii.h"
#include "scan/identify/device_stacks.h"

#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#define CARD_CERTAINTY 40 /* a card's maker is often the device's, and often not */
#define HOPS_MAX       32
#define LOCALLY_MADE   2 /* the bit of a MAC address's first byte (IEEE 802) */
#define STACK_SOURCE   "TCP stack"

void device_init(struct device *d)
{
	*d = (struct device){ 0 };
}

/* --- claims --- */

static void take(char out[DEVICE_TEXT_SIZE], struct span text)
{
	struct writer w = writer_over((uint8_t *)out, DEVICE_TEXT_SIZE - 1);

	text_write_utf8(&w, span_trim(text), DEVICE_TEXT_SIZE - 1);
	out[writer_used(&w)] = '\0';
}

static void take_param(char out[DEVICE_TEXT_SIZE], const struct fingerprint_match *m,
		       const char *name)
{
	take(out, fingerprint_param(m, name));
}

static void add(struct device_claim *claims, size_t *count, const struct device_claim *claim)
{
	if (*count < DEVICE_CLAIMS_MAX && claim->family[0] != '\0' && claim->certainty > 0) {
		claims[(*count)++] = *claim;
	}
}

static void add_system(struct device *d, const struct fingerprint_match *m)
{
	struct device_claim claim = { .certainty = m->os_certainty };

	take(claim.source, m->kind);
	take_param(claim.family, m, "os.family");
	take_param(claim.vendor, m, "os.vendor");
	take_param(claim.product, m, "os.product");
	take_param(claim.version, m, "os.version");
	take_param(claim.type, m, "os.device");
	if (claim.family[0] == '\0') {
		take_param(claim.family, m, "os.product");
	}
	add(d->systems, &d->system_count, &claim);
}

static void add_hardware(struct device *d, const struct fingerprint_match *m)
{
	struct device_claim claim = { .certainty = m->certainty };

	take(claim.source, m->kind);
	take_param(claim.family, m, "hw.vendor");
	take_param(claim.vendor, m, "hw.vendor");
	take_param(claim.product, m, "hw.product");
	take_param(claim.version, m, "hw.version");
	take_param(claim.type, m, "hw.device");
	if (claim.type[0] == '\0') {
		take_param(claim.type, m, "os.device");
	}
	if (claim.product[0] == '\0') {
		take_param(claim.product, m, "hw.model");
	}
	add(d->hardware, &d->hardware_count, &claim);
}

void device_add_match(struct device *d, const struct fingerprint_match *m)
{
	add_system(d, m);
	add_hardware(d, m);
}

const struct device_claim *device_claims(const struct device *d, bool is_hardware, size_t *count)
{
	*count = is_hardware ? d->hardware_count : d->system_count;
	return is_hardware ? d->hardware : d->systems;
}

void device_add_claim(struct device *d, bool is_hardware, const struct device_claim *claim)
{
	if (is_hardware) {
		add(d->hardware, &d->hardware_count, claim);
	} else {
		add(d->systems, &d->system_count, claim);
	}
}

void device_add_stack(struct device *d, const struct answer_stack *stack, unsigned middlebox)
{
	const struct device_stack *row = device_stack_of(stack);
	struct device_claim claim = { .source = STACK_SOURCE };

	if (middlebox != 0) {
		return; /* it may be anybody's stack */
	}
	d->ttl = stack->ttl;
	if (row != NULL) {
		claim.certainty = row->certainty;
		claim.also = row->also;
		take(claim.family, span_of(row->family));
		take(claim.vendor, span_of(row->vendor));
		take(claim.product, span_of(row->product));
		add(d->systems, &d->system_count, &claim);
	}
}

void device_add_mac(struct device *d, const uint8_t mac[6], struct span vendor)
{
	struct device_claim claim = { .source = "MAC address", .certainty = CARD_CERTAINTY };

	if ((mac[0] & LOCALLY_MADE) == 0) {
		take(claim.family, vendor);
		take(claim.vendor, vendor);
		add(d->hardware, &d->hardware_count, &claim);
	}
}

/* --- weighing --- */

static bool is_same(const char *a, const char *b)
{
	return ascii_same(span_of(a), b);
}

static bool is_among(const char *list, const char *family)
{
	struct span rest = span_of(list);

	while (rest.len > 0) {
		size_t end = span_find(rest, '|');

		if (ascii_same(span_first(rest, end), family)) {
			return true;
		}
		rest = span_after(rest, end + 1);
	}
	return false;
}

/* Whether a claim speaks for a family, if not for it alone. */
static bool speaks_for(const struct device_claim *claim, const char *family)
{
	return is_same(claim->family, family) || is_among(claim->also, family);
}

/* The surest of one source: the same banner on ten ports is one witness. */
static bool is_surest_of_source(const struct device_claim *claims, size_t count, size_t at,
				const char *family)
{
	for (size_t i = 0; i < count; i++) {
		bool is_rival = i != at && strcmp(claims[i].source, claims[at].source) == 0 &&
				speaks_for(&claims[i], family);

		if (is_rival && (claims[i].certainty > claims[at].certainty ||
				 (claims[i].certainty == claims[at].certainty && i < at))) {
			return false;
		}
	}
	return true;
}

/* Percent that a family has for it: the chance that not all its witnesses are wrong. */
static unsigned weight(const struct device_claim *claims, size_t count, const char *family)
{
	unsigned doubt = 10000;

	for (size_t i = 0; i < count; i++) {
		if (speaks_for(&claims[i], family) &&
		    is_surest_of_source(claims, count, i, family)) {
			doubt = doubt *
				(100 - (claims[i].certainty < 100 ? claims[i].certainty : 100)) /
				100;
		}
	}
	return 100 - (doubt + 99) / 100;
}

/* What others have for them, that do not speak for the family at all. */
static unsigned opposition(const struct device_claim *claims, size_t count, const char *family)
{
	unsigned most = 0;

	for (size_t i = 0; i < count; i++) {
		if (!speaks_for(&claims[i], family)) {
			unsigned other = weight(claims, count, claims[i].family);

			most = other > most ? other : most;
		}
	}
	return most;
}

/* The family with the most for it, by the surest claim of that name; NULL without claims. */
static const struct device_claim *strongest(const struct device_claim *claims, size_t count)
{
	const struct device_claim *best = NULL;
	unsigned most = 0;

	for (size_t i = 0; i < count; i++) {
		unsigned w = weight(claims, count, claims[i].family);

		if (best == NULL || w > most ||
		    (w == most && claims[i].certainty > best->certainty)) {
			best = &claims[i];
			most = w;
		}
	}
	return best;
}

/* A detail of the family: the surest claim's, and nothing where an equally sure one disagrees. */
static void settle(const struct device_claim *claims, size_t count, const char *family,
		   size_t offset, char out[DEVICE_TEXT_SIZE])
{
	unsigned surest = 0;
	bool is_disputed = false;

	out[0] = '\0';
	for (size_t i = 0; i < count; i++) {
		const char *text = (const char *)&claims[i] + offset;

		if (text[0] == '\0' || !is_same(claims[i].family, family) ||
		    claims[i].certainty < surest) {
			continue;
		}
		is_disputed = claims[i].certainty == surest && (is_disputed || !is_same(out, text));
		surest = claims[i].certainty;
		memcpy(out, text, DEVICE_TEXT_SIZE);
	}
	if (is_disputed) {
		out[0] = '\0';
	}
}

static void explain(char out[DEVICE_WHY_SIZE], const char *format, ...) PRINTF(2, 3);

static void explain(char out[DEVICE_WHY_SIZE], const char *format, ...)
{
	size_t len = strlen(out);
	va_list args;

	va_start(args, format);
	vsnprintf(out + len, DEVICE_WHY_SIZE - len, format, args);
	va_end(args);
}

/* "ssh.banner 85%, TCP stack 60%; against it: ftp.banner 85% (FreeBSD)" */
static void explain_all(const struct device_claim *claims, size_t count, const char *family,
			char out[DEVICE_WHY_SIZE])
{
	const char *before = "";

	for (size_t i = 0; i < count; i++) {
		if (speaks_for(&claims[i], family) &&
		    is_surest_of_source(claims, count, i, family)) {
			explain(out, "%s%s %u%%", before, claims[i].source, claims[i].certainty);
			before = ", ";
		}
	}
	before = "; against it: ";
	for (size_t i = 0; i < count; i++) {
		if (!speaks_for(&claims[i], family) &&
		    is_surest_of_source(claims, count, i, claims[i].family)) {
			explain(out, "%s%s %u%% (%s)", before, claims[i].source,
				claims[i].certainty, claims[i].family);
			before = ", ";
		}
	}
}

static void weigh(const struct device_claim *claims, size_t count, struct device_part *out)
{
	const struct device_claim *best = strongest(claims, count);
	struct device_claim *is = &out->is;
	unsigned sure;

	*out = (struct device_part){ .why = "" };
	if (best == NULL) {
		return;
	}
	sure = weight(claims, count, best->family);
	sure = sure > DEVICE_CERTAIN_MAX ? DEVICE_CERTAIN_MAX : sure;
	is->certainty = sure - sure * opposition(claims, count, best->family) / 200;
	is->also = is_same(best->source, STACK_SOURCE) ? best->also : NULL;
	memcpy(is->family, best->family, sizeof is->family);
	settle(claims, count, best->family, offsetof(struct device_claim, vendor), is->vendor);
	settle(claims, count, best->family, offsetof(struct device_claim, product), is->product);
	settle(claims, count, best->family, offsetof(struct device_claim, type), is->type);
	if (is->product[0] != '\0') { /* a version is of a product */
		settle(claims, count, best->family, offsetof(struct device_claim, version),
		       is->version);
	}
	explain_all(claims, count, best->family, out->why);
}

void device_guess(const struct device *d, struct device_guess *out)
{
	int hops = (int)device_initial_ttl(d->ttl) - (int)d->ttl;

	weigh(d->systems, d->system_count, &out->os);
	weigh(d->hardware, d->hardware_count, &out->hardware);
	out->hops = d->ttl == 0 || hops > HOPS_MAX ? -1 : hops;
}
