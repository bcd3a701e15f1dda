/*
 * epss.c - FIRST's exploit prediction scores:
 *
 *   #model_version:v2025.03.14,score_date:2025-09-01T00:00:00+0000
 *   cve,epss,percentile
 *   CVE-1999-0001,0.01141,0.77474
 *
 * It scores every CVE there is; kept are those that another feed speaks of.
 */
#include "base/error.h"
#include "base/reader.h"
#include "formats/split.h"
#include "server/feeds/feed_text.h"
#include "server/feeds/table.h"

#define MILLION 1000000

/* 0 to 1 as millionths: digits, a point, digits, or with an exponent such as 9e-05. */
static bool take_share(struct span text, int *out)
{
	struct reader r = reader_over(text);
	double value = 0;
	double unit = 1;
	int exponent = 0;
	bool is_behind_point = false;
	size_t digits = 0;

	for (uint8_t c = reader_peek(&r); c == '.' || (c >= '0' && c <= '9'); c = reader_peek(&r)) {
		(void)reader_u8(&r);
		if (c == '.') {
			if (is_behind_point) {
				return false;
			}
			is_behind_point = true;
			continue;
		}
		if (++digits > 32) {
			return false;
		}
		unit /= is_behind_point ? 10 : 1;
		value = is_behind_point ? value + (c - '0') * unit : value * 10 + (c - '0');
	}
	if (reader_peek(&r) == 'e') {
		struct span rest = span_after(reader_rest(&r), 1);

		if (rest.len < 2 || rest.len > 3 || rest.ptr[0] != '-') {
			return false;
		}
		for (size_t i = 1; i < rest.len; i++) {
			if (rest.ptr[i] < '0' || rest.ptr[i] > '9') {
				return false;
			}
			exponent = exponent * 10 + (rest.ptr[i] - '0');
		}
	}
	for (; exponent > 0; exponent--) {
		value /= 10;
	}
	if (digits == 0 || reader_left(&r) > 0 || value > 1) {
		return false;
	}
	*out = (int)(value * MILLION + 0.5);
	return true;
}

static int take_line(struct feed_input *in, struct span line, size_t offset)
{
	struct span fields[3];
	struct knowledge_vulnerability facts;

	if (!split_fields(line, ',', fields, COUNT_OF(fields)) || !feed_is_cve(fields[0])) {
		feed_odd(in, offset, "expected CVE,epss,percentile");
		return 0;
	}
	facts = knowledge_no_facts(fields[0]);
	if (!take_share(fields[1], &facts.epss_millionths) ||
	    !take_share(fields[2], &facts.epss_percentile_millionths)) {
		feed_odd(in, offset, "expected two numbers from 0 to 1");
		return 0;
	}
	if (!knowledge_builder_knows(in->builder, facts.id)) {
		in->report->records++;
		return 0;
	}
	return feed_facts(in, &facts, offset);
}

/* #model_version:...,score_date:2025-02-20T00:00:00+0000 */
static void take_comment(struct feed_input *in, struct span line)
{
	struct reader r = reader_over(line);

	while (reader_left(&r) > 0) {
		struct span part = reader_until(&r, ',');

		if (span_starts_with(part, "score_date:")) {
			feed_snapshot(in, span_after(part, 11));
		}
	}
}

static int parse(struct feed_input *in)
{
	struct reader r = reader_over(in->bytes);
	bool has_head = false;

	if (in->bytes.len > 0 && in->bytes.ptr[in->bytes.len - 1] != '\n') {
		return feed_malformed(in, in->bytes.len, "the last line is cut off");
	}
	while (reader_left(&r) > 0) {
		size_t offset = in->bytes.len - reader_left(&r);
		struct span line = reader_line(&r);
		int error = 0;

		if (span_starts_with(line, "#")) {
			take_comment(in, line);
		} else if (!has_head) {
			if (!span_is(line, "cve,epss,percentile")) {
				return feed_malformed(in, offset,
						      "expected the line cve,epss,percentile");
			}
			has_head = true;
		} else {
			error = take_line(in, line, offset);
		}
		if (error != 0) {
			return error;
		}
	}
	return has_head ? 0 : feed_malformed(in, 0, "expected the line cve,epss,percentile");
}

static bool recognise(const struct feed *feed, struct span bytes)
{
	struct reader r = reader_over(bytes);
	struct span line = reader_line(&r);

	(void)feed;
	return span_starts_with(line, "#model_version:") || span_is(line, "cve,epss,percentile");
}

static const struct feed_part parts[] = {
	{ "epss.csv.gz", "https://epss.empiricalsecurity.com/epss_scores-current.csv.gz" },
	{ NULL, NULL },
};

const struct feed feed_epss = {
	.name = "epss",
	.summary = "FIRST EPSS: probability that a vulnerability is exploited in the next 30 days",
	.parts = parts,
	.is_automatic = true,
	.interval_s = 24 * 3600,
	.size_max = UINT64_C(64) << 20,
	.recognise = recognise,
	.parse = parse,
};
