/* redhat_products.c - platforms by their CPE, components by their purl, and which go together. */
#include "server/feeds/redhat_products.h"

#include "base/error.h"
#include "base/text.h"
#include "sys/alloc.h"

#include <stdlib.h>

#define NONE        UINT32_MAX
#define STREAM_SIZE 64

struct product_entry {
	struct span stream; /* of a platform */
	struct span name;   /* of a component */
	struct span module; /* name:stream of a component in a module, or of the module itself */
	struct span version;
	struct span advisory;
	unsigned flags;
	bool is_source;
	bool is_module;
	uint32_t component; /* of both together */
	uint32_t platform;
};

void products_init(struct products *p, struct feed_input *in)
{
	*p = (struct products){ .in = in };
	intern_init(&p->ids, SIZE_MAX, REDHAT_PRODUCTS_MAX);
}

void products_done(struct products *p)
{
	intern_done(&p->ids);
	free(p->entries);
}

static int entry_of(struct products *p, struct span id, uint32_t *out)
{
	int error = intern_add(&p->ids, id, out);

	if (error != 0) {
		return why_set(p->in->why, error, "%.200s: more than %d products", p->in->name,
			       REDHAT_PRODUCTS_MAX);
	}
	if (*out >= p->capacity) {
		uint32_t capacity = p->capacity == 0 ? 256 : p->capacity * 2;

		p->entries = alloc_resize(p->entries, capacity, sizeof *p->entries);
		for (uint32_t i = p->capacity; i < capacity; i++) {
			p->entries[i] =
				(struct product_entry){ .component = NONE, .platform = NONE };
		}
		p->capacity = capacity;
	}
	return 0;
}

/* cpe:/o:redhat:enterprise_linux:9::baseos is redhat:9, cpe:/a:redhat:rhel_eus:9.2::appstream
 * redhat-eus:9.2. */
static struct span stream_of(struct products *p, struct span cpe)
{
	struct reader r = reader_over(cpe);
	struct writer w = feed_text_begin(p->in, STREAM_SIZE);
	struct span product;
	struct span release;

	if (!span_is(reader_until(&r, ':'), "cpe")) {
		return (struct span){ NULL, 0 };
	}
	(void)reader_until(&r, ':'); /* /o or /a */
	if (!span_is(reader_until(&r, ':'), "redhat")) {
		return (struct span){ NULL, 0 };
	}
	product = reader_until(&r, ':');
	release = reader_until(&r, ':');
	if (release.len == 0 || release.ptr[0] < '1' || release.ptr[0] > '9') {
		return (struct span){ NULL, 0 };
	}
	if (span_is(product, "enterprise_linux")) {
		writer_text(&w, "redhat:");
		release = span_first(release, span_find(release, '.'));
	} else if (span_starts_with(product, "rhel_")) {
		writer_text(&w, "redhat-");
		writer_bytes(&w, span_after(product, 5));
		writer_text(&w, ":");
	} else {
		return (struct span){ NULL, 0 };
	}
	writer_bytes(&w, release);
	return writer_ok(&w) ? feed_text_end(p->in, &w) : (struct span){ NULL, 0 };
}

/* purl-spec: %XX stands for a byte. */
static void write_decoded(struct writer *w, struct span text)
{
	for (size_t i = 0; i < text.len; i++) {
		uint8_t c = text.ptr[i];

		if (c == '%' && text_from_hex(span_first(span_after(text, i + 1), 2), &c, 1) == 0) {
			i += 2;
		}
		writer_u8(w, c);
	}
}

static struct span decoded(struct products *p, struct span text)
{
	struct writer w = feed_text_begin(p->in, text.len + 1);

	write_decoded(&w, text);
	return feed_text_end(p->in, &w);
}

/* "nodejs:18" of nodejs:18:9040020240807131341:rhel9; empty where there is no stream. */
static struct span module_of(struct products *p, struct span label)
{
	struct span text = decoded(p, label);
	size_t name = span_find(text, ':');
	size_t stream = span_find(span_after(text, name + 1), ':');

	return name + 1 < text.len ? span_first(text, name + 1 + stream) : span_first(text, 0);
}

/* Until 2025: pkg:rpmmod/redhat/nodejs@18:9040020240807131341:rhel9 is a module, to which its
 * packages are related; pkg:rpmmod/redhat/nodejs:18/nodejs a package of any version in it. */
static void take_module(struct products *p, struct span path, struct product_entry *e)
{
	size_t slash = span_find(path, '/');
	size_t at = span_find(path, '@');
	struct writer w;

	e->is_module = true;
	if (slash < path.len) {
		e->module = module_of(p, span_first(path, slash));
		e->name = decoded(p, span_first(span_after(path, slash + 1), at - slash - 1));
		e->is_source = true;
		return;
	}
	w = feed_text_begin(p->in, path.len + 1);
	writer_bytes(&w, span_first(path, at));
	writer_text(&w, ":");
	writer_bytes(&w, span_after(path, at + 1));
	e->module = module_of(p, feed_text_end(p->in, &w));
}

/* pkg:rpm/redhat/sudo@1.9.5p2-10.el9_3?arch=src&epoch=1, and of a module
 * pkg:rpm/redhat/nodejs@20.16.0-1.module%2Bel9?arch=src&rpmmod=nodejs:20:9040020240807145403:rhel9
 */
static void take_purl(struct products *p, struct span purl, struct product_entry *e)
{
	static const char prefix[] = "pkg:rpm/redhat/";
	static const char module_prefix[] = "pkg:rpmmod/redhat/";
	size_t question = span_find(purl, '?');
	struct reader qualifiers = reader_over(span_after(purl, question + 1));
	struct span path = span_after(span_first(purl, question), sizeof prefix - 1);
	struct span version = span_after(path, span_find(path, '@') + 1);
	struct writer w = feed_text_begin(p->in, purl.len + 1);
	struct span epoch = { NULL, 0 };
	struct span module = { NULL, 0 };

	if (span_starts_with(purl, module_prefix)) {
		take_module(p, span_after(span_first(purl, question), sizeof module_prefix - 1), e);
		return;
	}
	if (!span_starts_with(purl, prefix)) {
		e->is_module = true; /* a container, ...: nothing of rpm's database */
		return;
	}
	e->is_source = question == purl.len;
	while (reader_left(&qualifiers) > 0) {
		struct span part = reader_until(&qualifiers, '&');

		e->is_source |= span_is(part, "arch=src");
		module = span_starts_with(part, "rpmmod=") ? span_after(part, 7) : module;
		epoch = span_starts_with(part, "epoch=") ? span_after(part, 6) : epoch;
	}
	write_decoded(&w, span_first(path, span_find(path, '@')));
	e->name = feed_text_end(p->in, &w);
	w = feed_text_begin(p->in, purl.len + 1);
	if (epoch.len > 0 && !span_is(epoch, "0")) {
		writer_bytes(&w, epoch);
		writer_text(&w, ":");
	}
	write_decoded(&w, version);
	e->version = version.len > 0 ? feed_text_end(p->in, &w) : version;
	e->is_module = module.len > 0;
	if (e->is_module && e->is_source) {
		e->module = module_of(p, module);
	}
	for (size_t i = 0; i + 7 <= e->version.len; i++) {
		e->is_module |= span_starts_with(span_after(e->version, i), ".module");
	}
}

/* { "product_id": ..., "product_identification_helper": { "cpe": ..., "purl": ... } } */
static int take_product(struct products *p, struct json *j)
{
	struct product_entry found = { .component = NONE, .platform = NONE };
	struct span id = { NULL, 0 };
	struct span name;
	uint32_t number;
	int error;

	if (!json_enter(j, JSON_OBJECT)) {
		return 0;
	}
	while (json_member(j, &name)) {
		if (span_is(name, "product_id")) {
			(void)json_text(j, &id);
		} else if (span_is(name, "product_identification_helper") &&
			   json_enter(j, JSON_OBJECT)) {
			while (json_member(j, &name)) {
				struct span text = feed_take_text(p->in, j);

				if (span_is(name, "cpe")) {
					found.stream = stream_of(p, text);
				} else if (span_is(name, "purl")) {
					take_purl(p, text, &found);
				}
			}
		} else if (!span_is(name, "product_identification_helper")) {
			json_skip(j, json_next(j).kind);
		}
	}
	error = id.len == 0 ? 0 : entry_of(p, id, &number);
	if (error == 0 && id.len > 0) {
		p->entries[number] = found;
	}
	return error;
}

/* Branches hold branches; wherever they are, what counts are their products. */
static int take_branches(struct products *p, struct json *j)
{
	size_t depth = 0;
	int error = 0;

	do {
		struct json_token token = json_next(j);

		depth += token.kind == JSON_OBJECT || token.kind == JSON_ARRAY;
		depth -= token.kind == JSON_OBJECT_END || token.kind == JSON_ARRAY_END;
		if (token.kind == JSON_KEY && span_is(token.text, "product")) {
			error = take_product(p, j);
		}
	} while (error == 0 && depth > 0 && json_ok(j));
	return error;
}

static int take_relationship(struct products *p, struct json *j)
{
	struct span whole = { NULL, 0 };
	struct span component = { NULL, 0 };
	struct span platform = { NULL, 0 };
	struct span name;
	uint32_t numbers[3];
	int error;

	while (json_member(j, &name)) {
		if (span_is(name, "product_reference")) {
			(void)json_text(j, &component);
		} else if (span_is(name, "relates_to_product_reference")) {
			(void)json_text(j, &platform);
		} else if (span_is(name, "full_product_name") && json_enter(j, JSON_OBJECT)) {
			while (json_member(j, &name)) {
				if (span_is(name, "product_id")) {
					(void)json_text(j, &whole);
				} else {
					json_skip(j, json_next(j).kind);
				}
			}
		} else if (!span_is(name, "full_product_name")) {
			json_skip(j, json_next(j).kind);
		}
	}
	if (whole.len == 0 || component.len == 0 || platform.len == 0) {
		feed_odd(p->in, feed_offset(p->in, j), "a relationship lacks one of its ids");
		return 0;
	}
	error = entry_of(p, whole, &numbers[0]);
	error = error != 0 ? error : entry_of(p, component, &numbers[1]);
	error = error != 0 ? error : entry_of(p, platform, &numbers[2]);
	if (error == 0) {
		p->entries[numbers[0]].component = numbers[1];
		p->entries[numbers[0]].platform = numbers[2];
	}
	return error;
}

static int take_relationships(struct products *p, struct json *j)
{
	struct json_token token;
	int error = 0;

	if (!json_enter(j, JSON_ARRAY)) {
		return 0;
	}
	while (error == 0 && (token = json_next(j)).kind != JSON_ARRAY_END &&
	       token.kind != JSON_END) {
		if (token.kind == JSON_OBJECT) {
			error = take_relationship(p, j);
		} else {
			json_skip(j, token.kind);
		}
	}
	return error;
}

int products_take_tree(struct products *p, struct json *j)
{
	struct span name;
	int error = 0;

	if (!json_enter(j, JSON_OBJECT)) {
		return feed_malformed(p->in, feed_offset(p->in, j),
				      "\"product_tree\" is no object");
	}
	while (error == 0 && json_member(j, &name)) {
		if (span_is(name, "branches")) {
			error = take_branches(p, j);
		} else if (span_is(name, "relationships")) {
			error = take_relationships(p, j);
		} else {
			json_skip(j, json_next(j).kind);
		}
	}
	return error;
}

void products_remedy(struct products *p, struct json *ids, struct span advisory, unsigned flags)
{
	struct json_token token;
	uint32_t number;

	if (!json_enter(ids, JSON_ARRAY)) {
		return;
	}
	while ((token = json_next(ids)).kind != JSON_ARRAY_END && token.kind != JSON_END) {
		json_skip(ids, token.kind);
		if (token.kind == JSON_STRING && intern_find(&p->ids, token.text, &number)) {
			p->entries[number].flags |= flags;
			if (advisory.len > 0) {
				p->entries[number].advisory = advisory;
			}
		}
	}
}

void products_forget_remedies(struct products *p)
{
	for (uint32_t i = 0; i < p->ids.count; i++) {
		p->entries[i].flags = 0;
		p->entries[i].advisory = (struct span){ NULL, 0 };
	}
}

enum product_kind products_resolve(const struct products *p, struct span id, struct product *out)
{
	const struct product_entry *whole;
	const struct product_entry *component;
	const struct product_entry *platform;
	struct span module;
	uint32_t number;

	if (!intern_find(&p->ids, id, &number) || p->entries[number].component == NONE) {
		return PRODUCT_UNKNOWN;
	}
	whole = &p->entries[number];
	component = &p->entries[whole->component];
	platform = &p->entries[whole->platform];
	module = component->module;
	if (platform->component != NONE) { /* a module of a platform, where that is written apart */
		module = p->entries[platform->component].module;
		platform = &p->entries[platform->platform];
	}
	if (platform->stream.len > 0 && component->module.len > 0 && component->name.len == 0) {
		return PRODUCT_BINARY; /* the module itself: its packages are told as well */
	}
	if (platform->stream.len == 0 || component->name.len == 0) {
		return PRODUCT_UNKNOWN;
	}
	if (!component->is_source) {
		return PRODUCT_BINARY;
	}
	if (component->is_module && module.len == 0) {
		return PRODUCT_UNKNOWN;
	}
	*out = (struct product){
		.stream = platform->stream,
		.name = component->name,
		.module = module,
		.version = component->version,
		.advisory = whole->advisory,
		.flags = whole->flags,
	};
	return PRODUCT_SOURCE;
}
