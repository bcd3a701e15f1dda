/* facts_table.c - a column a case; what no feed says is null. */
#include "server/api/facts_table.h"

#include "base/error.h"
#include "base/reader.h"
#include "server/api/emit.h"

#define ALIASES_ROOM 65536
#define MILLION      1000000.0

enum {
	FACT_ID,
	FACT_SUMMARY,
	FACT_SEVERITY,
	FACT_CVSS,
	FACT_SCORE,
	FACT_IS_EXPLOITED,
	FACT_IS_RANSOMWARE,
	FACT_KEV_ADDED,
	FACT_KEV_DUE,
	FACT_EPSS,
	FACT_EPSS_PERCENTILE,
	FACT_PUBLISHED,
	FACT_ALIASES,
};

/* In the order of the enum. */
static const char columns[] = "id TEXT, summary TEXT, severity TEXT, cvss TEXT, score REAL, "
			      "is_exploited INTEGER, is_ransomware INTEGER, kev_added TEXT, "
			      "kev_due TEXT, epss REAL, epss_percentile REAL, published TEXT, "
			      "aliases TEXT";

static int begin(void *context, uint32_t *out_count, struct why *why)
{
	struct facts_table *facts = context;
	int error = 0;

	if (facts->knowledge == NULL) {
		error = knowledge_open(facts->path, &facts->knowledge, why);
	}
	if (error != 0 && error != ERR_NOT_FOUND) {
		return error;
	}
	*out_count = error == 0 ? (uint32_t)knowledge_figures(facts->knowledge).vulnerabilities : 0;
	return 0;
}

static bool find(void *context, struct span id, uint32_t *out_row)
{
	const struct facts_table *facts = context;

	return facts->knowledge != NULL &&
	       knowledge_vulnerability_number(facts->knowledge, id, out_row);
}

static struct view_value text(struct span value)
{
	return value.len > 0 ? view_span(value) : (struct view_value){ .kind = VIEW_NULL };
}

static struct view_value fraction(int number, double divisor)
{
	return number >= 0 ? (struct view_value){ .kind = VIEW_REAL, .real = number / divisor }
			   : (struct view_value){ .kind = VIEW_NULL };
}

/* "a b" as ["a","b"]. */
static struct view_value words(struct buffer *room, struct span list)
{
	struct emit j = emit_over(room);
	struct reader r = reader_over(list);

	buffer_clear(room);
	emit_array(&j);
	while (reader_left(&r) > 0) {
		emit_span(&j, reader_until(&r, ' '));
	}
	emit_array_end(&j);
	return emit_ok(&j) ? view_span(buffer_span(room))
			   : (struct view_value){ .kind = VIEW_NULL };
}

static struct view_value value(void *context, uint32_t row, unsigned column)
{
	struct facts_table *facts = context;
	struct knowledge_vulnerability v;

	knowledge_vulnerability_at(facts->knowledge, row, &v);
	switch (column) {
	case FACT_ID:
		return text(v.id);
	case FACT_SUMMARY:
		return text(v.summary);
	case FACT_SEVERITY:
		return text(v.severity);
	case FACT_CVSS:
		return text(v.cvss);
	case FACT_SCORE:
		return fraction(v.score_tenths, 10);
	case FACT_IS_EXPLOITED:
		return view_integer(v.is_exploited);
	case FACT_IS_RANSOMWARE:
		return view_integer(v.is_ransomware);
	case FACT_KEV_ADDED:
		return text(v.kev_added);
	case FACT_KEV_DUE:
		return text(v.kev_due);
	case FACT_EPSS:
		return fraction(v.epss_millionths, MILLION);
	case FACT_EPSS_PERCENTILE:
		return fraction(v.epss_percentile_millionths, MILLION);
	case FACT_PUBLISHED:
		return text(v.published);
	case FACT_ALIASES:
		return words(&facts->room, v.aliases);
	default:
		return (struct view_value){ .kind = VIEW_NULL };
	}
}

void facts_table_init(struct facts_table *facts, const char *path)
{
	*facts = (struct facts_table){
		.table = { .name = "vulnerability_facts",
			   .columns = columns,
			   .context = facts,
			   .begin = begin,
			   .find = find,
			   .value = value },
		.path = path,
	};
	buffer_init(&facts->room, ALIASES_ROOM);
}

void facts_table_done(struct facts_table *facts)
{
	knowledge_close(&facts->knowledge);
	buffer_done(&facts->room);
}
