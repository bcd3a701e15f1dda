/* policy.c - a policy to and from its CBOR array (docs/protocol.cddl), and two of them into one. */
#include "wire/policy.h"

#include "base/error.h"
#include "base/mem.h"
#include "base/sha256.h"
#include "base/text.h"
#include "wire/cbor.h"

void policy_init(struct policy *policy)
{
	mem_zero(policy, sizeof *policy);
}

/* --- reading --- */

static uint64_t take_number(struct cbor_reader *r, uint64_t max)
{
	uint64_t value = cbor_take_null(r) ? 0 : cbor_uint(r);

	if (value > max) {
		cbor_fail(r, ERR_LIMIT);
		return 0;
	}
	return value;
}

static enum policy_switch take_switch(struct cbor_reader *r)
{
	if (cbor_take_null(r)) {
		return POLICY_INHERIT;
	}
	return cbor_bool(r) ? POLICY_ON : POLICY_OFF;
}

/* Takes the head of an array that has at least so many items, and returns how many more. */
static size_t take_array(struct cbor_reader *r, size_t least)
{
	size_t count = cbor_array(r);

	if (count < least) {
		cbor_fail(r, ERR_MALFORMED);
		return 0;
	}
	return count - least;
}

static void pass_over(struct cbor_reader *r, size_t items)
{
	for (size_t i = 0; i < items && cbor_error(r) == 0; i++) {
		(void)cbor_item(r);
	}
}

static void take_collectors(struct cbor_reader *r, struct policy *policy)
{
	size_t count = cbor_array(r);

	for (size_t i = 0; i < count && cbor_error(r) == 0; i++) {
		size_t more = take_array(r, 3);
		uint64_t table = cbor_uint(r);
		struct policy_collector entry = { 0 };

		entry.is_on = take_switch(r);
		entry.period_s = (uint32_t)take_number(r, UINT32_MAX);
		pass_over(r, more);
		if (table < SCHEMA_TABLES_MAX) {
			policy->collectors[table] = entry;
		}
	}
}

static void take_events(struct cbor_reader *r, struct policy *policy)
{
	size_t count = cbor_array(r);

	for (size_t i = 0; i < count && cbor_error(r) == 0; i++) {
		size_t more = take_array(r, 3);
		uint64_t event = cbor_uint(r);
		struct policy_event entry = { 0 };

		entry.is_on = take_switch(r);
		entry.per_minute_max = (uint32_t)take_number(r, UINT32_MAX);
		pass_over(r, more);
		if (event < SCHEMA_EVENTS_MAX) {
			policy->events[event] = entry;
		}
	}
}

static size_t take_texts(struct cbor_reader *r, struct span *out, size_t max)
{
	size_t count = cbor_array(r);

	if (count > max) {
		cbor_fail(r, ERR_LIMIT);
		return 0;
	}
	for (size_t i = 0; i < count; i++) {
		out[i] = cbor_text(r);
		if (out[i].len == 0) {
			cbor_fail(r, ERR_MALFORMED);
		} else if (out[i].len > POLICY_TEXT_MAX) {
			cbor_fail(r, ERR_LIMIT);
		}
	}
	return count;
}

static void take_files(struct cbor_reader *r, struct policy_files *files)
{
	size_t more = take_array(r, 5);

	files->has_defaults = take_switch(r);
	files->path_count = take_texts(r, files->paths, POLICY_PATHS_MAX);
	files->exclude_count = take_texts(r, files->excludes, POLICY_EXCLUDES_MAX);
	files->files_max = (uint32_t)take_number(r, UINT32_MAX);
	files->hash_bytes_max = take_number(r, INT64_MAX);
	pass_over(r, more);
}

static void take_budget(struct cbor_reader *r, struct policy_budget *budget)
{
	size_t more = take_array(r, 4);

	budget->cpu_permille = (uint32_t)take_number(r, UINT32_MAX);
	budget->bytes_per_day = take_number(r, INT64_MAX);
	budget->ring_bytes = take_number(r, INT64_MAX);
	budget->io_bytes_per_s = take_number(r, INT64_MAX);
	pass_over(r, more);
}

static uint16_t take_16(struct cbor_reader *r, uint64_t max)
{
	uint64_t value = cbor_uint(r);

	if (value > max) {
		cbor_fail(r, ERR_LIMIT);
		return 0;
	}
	return (uint16_t)value;
}

static void take_ports(struct cbor_reader *r, struct policy_scope *scope)
{
	size_t count = cbor_array(r);

	if (count > POLICY_PORTS_MAX) {
		cbor_fail(r, ERR_LIMIT);
		return;
	}
	for (size_t i = 0; i < count && cbor_error(r) == 0; i++) {
		struct policy_ports *ports = &scope->ports[i];

		if (cbor_array(r) != 2) {
			cbor_fail(r, ERR_MALFORMED);
		}
		ports->first = take_16(r, UINT16_MAX);
		ports->last = take_16(r, UINT16_MAX);
		if (ports->last < ports->first) {
			cbor_fail(r, ERR_MALFORMED);
		}
	}
	scope->port_count = cbor_error(r) == 0 ? count : 0;
}

static void take_scopes(struct cbor_reader *r, struct policy *policy)
{
	size_t count = cbor_array(r);

	if (count > POLICY_SCOPES_MAX) {
		cbor_fail(r, ERR_LIMIT);
		return;
	}
	for (size_t i = 0; i < count && cbor_error(r) == 0; i++) {
		struct policy_scope *scope = &policy->scopes[i];
		size_t more = take_array(r, 6);

		scope->name = cbor_text(r);
		if (scope->name.len == 0 || scope->name.len > POLICY_SCOPE_NAME_MAX) {
			cbor_fail(r, ERR_MALFORMED);
		}
		scope->period_s = (uint32_t)take_number(r, UINT32_MAX);
		scope->from_minute = take_16(r, POLICY_MINUTES - 1);
		scope->to_minute = take_16(r, POLICY_MINUTES - 1);
		scope->rate = (uint32_t)take_number(r, UINT32_MAX);
		take_ports(r, scope);
		pass_over(r, more);
	}
	policy->scope_count = cbor_error(r) == 0 ? count : 0;
}

int policy_decode(struct span bytes, struct policy *out)
{
	struct cbor_reader r = cbor_over(bytes);
	struct policy policy;
	size_t more;
	int error;

	policy_init(&policy);
	more = take_array(&r, 4);
	take_collectors(&r, &policy);
	take_events(&r, &policy);
	take_files(&r, &policy.files);
	take_budget(&r, &policy.budget);
	if (more > 0) {
		take_scopes(&r, &policy);
		more--;
	}
	pass_over(&r, more);
	error = cbor_done(&r);
	if (error == 0) {
		*out = policy;
	}
	return error;
}

/* --- writing --- */

static void write_number(struct writer *w, uint64_t value)
{
	if (value == 0) {
		cbor_write_null(w);
	} else {
		cbor_write_uint(w, value);
	}
}

static void write_switch(struct writer *w, enum policy_switch value)
{
	if (value == POLICY_INHERIT) {
		cbor_write_null(w);
	} else {
		cbor_write_bool(w, value == POLICY_ON);
	}
}

/* One entry of the first two lists, where it says anything. */
static void write_entry(struct writer *w, size_t number, enum policy_switch is_on, uint32_t value)
{
	if (is_on == POLICY_INHERIT && value == 0) {
		return;
	}
	cbor_write_array(w, 3);
	cbor_write_uint(w, number);
	write_switch(w, is_on);
	write_number(w, value);
}

static void write_lists(struct writer *w, const struct policy *policy)
{
	size_t count = 0;

	for (size_t i = 0; i < SCHEMA_TABLES_MAX; i++) {
		const struct policy_collector *c = &policy->collectors[i];

		count += c->is_on != POLICY_INHERIT || c->period_s != 0;
	}
	cbor_write_array(w, count);
	for (size_t i = 0; i < SCHEMA_TABLES_MAX; i++) {
		const struct policy_collector *c = &policy->collectors[i];

		write_entry(w, i, c->is_on, c->period_s);
	}
	count = 0;
	for (size_t i = 0; i < SCHEMA_EVENTS_MAX; i++) {
		const struct policy_event *e = &policy->events[i];

		count += e->is_on != POLICY_INHERIT || e->per_minute_max != 0;
	}
	cbor_write_array(w, count);
	for (size_t i = 0; i < SCHEMA_EVENTS_MAX; i++) {
		const struct policy_event *e = &policy->events[i];

		write_entry(w, i, e->is_on, e->per_minute_max);
	}
}

static void write_texts(struct writer *w, const struct span *texts, size_t count)
{
	cbor_write_array(w, count);
	for (size_t i = 0; i < count; i++) {
		cbor_write_text(w, texts[i]);
	}
}

static void write_scopes(struct writer *w, const struct policy *policy)
{
	cbor_write_array(w, policy->scope_count);
	for (size_t i = 0; i < policy->scope_count; i++) {
		const struct policy_scope *scope = &policy->scopes[i];

		cbor_write_array(w, 6);
		cbor_write_text(w, scope->name);
		write_number(w, scope->period_s);
		cbor_write_uint(w, scope->from_minute);
		cbor_write_uint(w, scope->to_minute);
		write_number(w, scope->rate);
		cbor_write_array(w, scope->port_count);
		for (size_t p = 0; p < scope->port_count; p++) {
			cbor_write_array(w, 2);
			cbor_write_uint(w, scope->ports[p].first);
			cbor_write_uint(w, scope->ports[p].last);
		}
	}
}

int policy_encode(const struct policy *policy, struct writer *out)
{
	const struct policy_files *files = &policy->files;
	const struct policy_budget *budget = &policy->budget;
	size_t mark = writer_used(out);

	/* scopes are a later minor version's: without any the bytes are as they were */
	cbor_write_array(out, policy->scope_count > 0 ? 5 : 4);
	write_lists(out, policy);
	cbor_write_array(out, 5);
	write_switch(out, files->has_defaults);
	write_texts(out, files->paths, files->path_count);
	write_texts(out, files->excludes, files->exclude_count);
	write_number(out, files->files_max);
	write_number(out, files->hash_bytes_max);
	cbor_write_array(out, 4);
	write_number(out, budget->cpu_permille);
	write_number(out, budget->bytes_per_day);
	write_number(out, budget->ring_bytes);
	write_number(out, budget->io_bytes_per_s);
	if (policy->scope_count > 0) {
		write_scopes(out, policy);
	}
	if (!writer_ok(out) || writer_used(out) - mark > MESSAGE_POLICY_MAX) {
		writer_rewind(out, mark);
		return ERR_FULL;
	}
	return 0;
}

/* --- merging --- */

static void merge_switch(enum policy_switch *base, enum policy_switch over)
{
	*base = over != POLICY_INHERIT ? over : *base;
}

static void merge_32(uint32_t *base, uint32_t over)
{
	*base = over != 0 ? over : *base;
}

static void merge_64(uint64_t *base, uint64_t over)
{
	*base = over != 0 ? over : *base;
}

/* How many texts there are when over's are added; more than max where they do not fit. */
static size_t add_texts(struct span *texts, size_t count, size_t max, const struct span *over,
			size_t over_count)
{
	for (size_t i = 0; i < over_count; i++) {
		bool is_known = false;

		for (size_t k = 0; k < count && !is_known; k++) {
			is_known = span_equal(texts[k], over[i]);
		}
		if (is_known) {
			continue;
		}
		if (count == max) {
			return max + 1;
		}
		texts[count++] = over[i];
	}
	return count;
}

int policy_merge(struct policy *base, const struct policy *over)
{
	struct policy merged = *base;
	struct policy_files *files = &merged.files;

	for (size_t i = 0; i < SCHEMA_TABLES_MAX; i++) {
		merge_switch(&merged.collectors[i].is_on, over->collectors[i].is_on);
		merge_32(&merged.collectors[i].period_s, over->collectors[i].period_s);
	}
	for (size_t i = 0; i < SCHEMA_EVENTS_MAX; i++) {
		merge_switch(&merged.events[i].is_on, over->events[i].is_on);
		merge_32(&merged.events[i].per_minute_max, over->events[i].per_minute_max);
	}
	files->path_count = add_texts(files->paths, files->path_count, POLICY_PATHS_MAX,
				      over->files.paths, over->files.path_count);
	files->exclude_count = add_texts(files->excludes, files->exclude_count, POLICY_EXCLUDES_MAX,
					 over->files.excludes, over->files.exclude_count);
	if (files->path_count > POLICY_PATHS_MAX || files->exclude_count > POLICY_EXCLUDES_MAX) {
		return ERR_LIMIT;
	}
	merge_switch(&files->has_defaults, over->files.has_defaults);
	merge_32(&files->files_max, over->files.files_max);
	merge_64(&files->hash_bytes_max, over->files.hash_bytes_max);
	merge_32(&merged.budget.cpu_permille, over->budget.cpu_permille);
	merge_64(&merged.budget.bytes_per_day, over->budget.bytes_per_day);
	merge_64(&merged.budget.ring_bytes, over->budget.ring_bytes);
	merge_64(&merged.budget.io_bytes_per_s, over->budget.io_bytes_per_s);
	if (over->scope_count > 0) {
		mem_copy(merged.scopes, over->scopes, sizeof merged.scopes);
		merged.scope_count = over->scope_count;
	}
	*base = merged;
	return 0;
}

static size_t merge_all(const struct span *documents, size_t count, struct policy *out)
{
	size_t left_out = 0;

	policy_init(out);
	for (size_t i = 0; i < count; i++) {
		struct policy next;

		if (policy_decode(documents[i], &next) != 0 || policy_merge(out, &next) != 0) {
			left_out++;
		}
	}
	return left_out;
}

int policy_combine(const struct span *documents, size_t count, struct policy *out_merged,
		   struct writer *out, size_t *out_left_out)
{
	/* where all together are too long to be sent, the most special ones go first */
	for (size_t taken = count;; taken--) {
		size_t left_out = count - taken + merge_all(documents, taken, out_merged);
		int error = policy_encode(out_merged, out);

		if (error == 0 && out_left_out != NULL) {
			*out_left_out = left_out;
		}
		if (error == 0 || taken == 0) {
			return error;
		}
	}
}

bool policy_is_empty(const struct policy *policy)
{
	const struct policy_files *files = &policy->files;
	const struct policy_budget *budget = &policy->budget;

	for (size_t i = 0; i < SCHEMA_TABLES_MAX; i++) {
		if (policy->collectors[i].is_on != POLICY_INHERIT ||
		    policy->collectors[i].period_s != 0) {
			return false;
		}
	}
	for (size_t i = 0; i < SCHEMA_EVENTS_MAX; i++) {
		if (policy->events[i].is_on != POLICY_INHERIT ||
		    policy->events[i].per_minute_max != 0) {
			return false;
		}
	}
	return files->has_defaults == POLICY_INHERIT && files->path_count == 0 &&
	       files->exclude_count == 0 && files->files_max == 0 && files->hash_bytes_max == 0 &&
	       budget->cpu_permille == 0 && budget->bytes_per_day == 0 && budget->ring_bytes == 0 &&
	       budget->io_bytes_per_s == 0 && policy->scope_count == 0;
}

void policy_digest(struct span bytes, uint8_t out[MESSAGE_POLICY_DIGEST])
{
	uint8_t whole[SHA256_SIZE];

	sha256_of(bytes, whole);
	mem_copy(out, whole, MESSAGE_POLICY_DIGEST);
}

/* --- ports as people write them --- */

static int read_range(struct span text, struct policy_ports *out)
{
	size_t dash = span_find(text, '-');
	uint64_t first;
	uint64_t last;

	if (text_to_u64(span_first(text, dash), UINT16_MAX, &first) != 0) {
		return ERR_MALFORMED;
	}
	last = first;
	if (dash < text.len && text_to_u64(span_after(text, dash + 1), UINT16_MAX, &last) != 0) {
		return ERR_MALFORMED;
	}
	*out = (struct policy_ports){ (uint16_t)first, (uint16_t)last };
	return last < first ? ERR_MALFORMED : 0;
}

int policy_ports_read(struct span text, struct policy_scope *out)
{
	struct policy_ports ports[POLICY_PORTS_MAX];
	size_t count = 0;

	while (text.len > 0) {
		struct span item = span_first(text, span_find(text, ','));
		int error = count == POLICY_PORTS_MAX ? ERR_LIMIT : read_range(item, &ports[count]);

		if (error != 0) {
			return error;
		}
		count++;
		text = span_after(text, item.len + 1);
	}
	mem_copy(out->ports, ports, count * sizeof *ports);
	out->port_count = count;
	return 0;
}
