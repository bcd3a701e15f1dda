/* audit.c - what operators did, and proof that nobody altered it. */
#include <string.h>

#include "base/error.h"
#include "base/sha256.h"
#include "base/text.h"
#include "cli/client.h"
#include "cli/command.h"
#include "cli/output.h"
#include "sys/clock.h"
#include "wire/cbor.h"

/* Longest canonical form of an entry. */
#define ENTRY_BYTES_MAX 4096

static const struct arg options[] = {
	COMMAND_SERVER_OPTIONS,
	{ "--limit", "N", "entries at the most; 0 for all (default: 100)" },
	COMMAND_OUTPUT_OPTIONS,
	{ 0 },
};

static struct span text_of(const json_t *entry, const char *name)
{
	const json_t *value = json_object_get(entry, name);

	return (struct span){ (const uint8_t *)json_string_value(value),
			      json_string_length(value) };
}

/* SHA-256(hash before | CBOR [no, at in ms, actor, action, subject, tenant]). */
static int hash_entry(const uint8_t before[SHA256_SIZE], const json_t *entry,
		      uint8_t out[SHA256_SIZE])
{
	uint8_t bytes[ENTRY_BYTES_MAX];
	struct writer w = writer_over(bytes, sizeof bytes);
	struct sha256 h;
	int64_t at_ms;

	if (clock_from_text(text_of(entry, "at"), &at_ms) != 0) {
		return ERR_MALFORMED;
	}
	cbor_write_array(&w, 6);
	cbor_write_int(&w, json_integer_value(json_object_get(entry, "no")));
	cbor_write_int(&w, at_ms);
	cbor_write_text(&w, text_of(entry, "actor"));
	cbor_write_text(&w, text_of(entry, "action"));
	cbor_write_text(&w, text_of(entry, "subject"));
	cbor_write_text(&w, text_of(entry, "tenant")); /* null is empty */
	if (!writer_ok(&w)) {
		return ERR_LIMIT;
	}
	sha256_init(&h);
	sha256_add(&h, (struct span){ before, SHA256_SIZE });
	sha256_add(&h, writer_span(&w));
	sha256_done(&h, out);
	return 0;
}

/* Walks the entries, newest first in the list, from the oldest on. */
static int verify(const json_t *items, struct why *why)
{
	size_t count = json_array_size(items);
	uint8_t before[SHA256_SIZE] = { 0 };
	bool has_before = false;
	int64_t first = 0;
	int64_t previous = 0;

	for (size_t i = count; i-- > 0;) {
		const json_t *entry = json_array_get(items, i);
		int64_t no = json_integer_value(json_object_get(entry, "no"));
		uint8_t stated[SHA256_SIZE];
		uint8_t hash[SHA256_SIZE];

		if (i + 1 == count) {
			first = no;
			has_before = no == 1; /* the chain begins with zeros */
		}
		if (text_from_hex(text_of(entry, "hash"), stated, sizeof stated) != 0 ||
		    (has_before && hash_entry(before, entry, hash) != 0)) {
			return why_set(why, ERR_MALFORMED, "entry %lld is malformed",
				       (long long)no);
		}
		if ((previous != 0 && no != previous + 1) ||
		    (has_before && memcmp(hash, stated, sizeof hash) != 0)) {
			return why_set(
				why, ERR_CONFLICT,
				"the audit log was altered: entry %lld does not fit the one before",
				(long long)no);
		}
		memcpy(before, stated, sizeof before);
		has_before = true;
		previous = no;
	}
	printf("entries %lld to %lld fit together", (long long)first, (long long)previous);
	if (count > 0) {
		printf("; the newest hash is %s",
		       json_string_value(json_object_get(json_array_get(items, 0), "hash")));
	}
	putchar('\n');
	return 0;
}

static void print(const json_t *answer, enum output output)
{
	static const char *const columns[] = { "no",      "at",     "actor", "action",
					       "subject", "tenant", NULL };
	static const char *const all[] = { "no",      "at",     "actor", "action",
					   "subject", "tenant", "hash",  NULL };

	output_answer(answer, output == OUTPUT_CSV ? all : columns, output);
}

static int run(const struct args *args, struct why *why)
{
	bool is_verify = args->positional_count == 1 && strcmp(args->positionals[0], "verify") == 0;
	struct target target = target_of("/api/v1/audit");
	struct client *client = NULL;
	json_t *answer = NULL;
	enum output output;
	uint64_t limit;
	int error;

	if (output_of(args, &output, why) != 0) {
		return EXIT_USAGE;
	}
	if (text_to_u64(span_of(args_value(args, "--limit", "100")), 100000000, &limit) != 0) {
		(void)why_set(why, 0, "--limit must be a number, 0 for all");
		return EXIT_USAGE;
	}
	if (args->positional_count > 0 && !is_verify) {
		(void)why_set(why, 0, "the usage is: %s", args->spec->usage);
		return EXIT_USAGE;
	}
	if (client_open(args, &client, why) != 0) {
		return EXIT_REFUSED;
	}
	error = client_pages(client, &target, "before", is_verify ? 0 : (size_t)limit, &answer,
			     why);
	if (error == 0 && is_verify) {
		error = verify(json_object_get(answer, "items"), why);
	} else if (error == 0) {
		print(answer, output);
	}
	json_decref(answer);
	client_free(&client);
	return error == 0 ? EXIT_FINE : EXIT_REFUSED;
}

const struct command command_audit = {
	.name = "audit",
	.spec = { .usage = "bartizan audit [verify] [options]",
		  .summary = "Lists what operators did, newest first. 'verify' computes the whole "
			     "chain "
			     "of hashes anew; whoever noted a hash earlier can compare.",
		  .options = options,
		  .examples = "  bartizan audit --data var\n"
			      "  bartizan audit verify --data var",
		  .positionals_max = 1 },
	.run = run,
};
