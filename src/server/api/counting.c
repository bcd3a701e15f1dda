/* counting.c - whole changes only, so that a piece can end behind any of them. */
#include "server/api/counting.h"

#include "sys/clock.h"

#define PIECE_MS        20
#define READ_TIMEOUT_MS 2000

struct piece {
	struct counting *counting;
	int64_t until_ms; /* of clock_ms */
	int64_t no;       /* the change that is being counted; 0: none yet */
	int64_t at_ms;
	uint32_t rows;
	bool is_cut;
};

/* A change counts once all its rows were seen. */
static void close_change(struct piece *p)
{
	struct counting *c = p->counting;

	if (p->no == 0) {
		return;
	}
	rates_add(&c->rates, p->at_ms, p->rows);
	c->to = p->no > c->to ? p->no : c->to;
	c->from = p->no < c->from ? p->no : c->from;
}

static bool on_row(void *context, size_t count, const char *const *names,
		   const struct view_value *values)
{
	struct piece *p = context;

	(void)names;
	if (values == NULL || count != 2) {
		return true;
	}
	if (values[0].integer != p->no) {
		close_change(p);
		p->no = values[0].integer;
		p->at_ms = values[1].integer;
		p->rows = 0;
		p->is_cut = clock_ms() >= p->until_ms;
		if (p->is_cut) {
			return false; /* this one is counted next time */
		}
	}
	p->rows++;
	return true;
}

/* Counts the changes that the SQL gives, ?1 and ?2 bound. *out_is_all: none are left. */
static int count_piece(struct counting *c, struct view *view, const char *sql, int64_t first,
		       int64_t second, bool *out_is_all, struct why *why)
{
	const struct view_limits limits = { .timeout_ms = READ_TIMEOUT_MS };
	const struct view_value bound[] = { view_integer(first), view_integer(second) };
	struct piece piece = { .counting = c, .until_ms = clock_ms() + PIECE_MS };
	int error = view_query(view, span_of(sql), bound, 2, &limits, on_row, &piece, NULL, why);

	if (error == 0 && !piece.is_cut) {
		close_change(&piece);
	}
	*out_is_all = error == 0 && !piece.is_cut;
	return error;
}

int counting_go_on(struct counting *c, struct view *view, int64_t now_ms, bool *out_has_more,
		   struct why *why)
{
	int64_t day_ago_ms = now_ms - (int64_t)RATES_MINUTES * 60000;
	bool is_all = false;
	int error;

	if (!c->has_begun) {
		c->has_begun = true;
		c->to = (int64_t)view_last_change(view);
		c->from = c->to + 1;
	}
	error = count_piece(c, view,
			    "SELECT no, at FROM changes WHERE no > ?1 AND ?2 = ?2 ORDER BY no",
			    c->to, 0, &is_all, why);
	if (error == 0 && is_all && !c->has_day) {
		error = count_piece(c, view,
				    "SELECT no, at FROM changes WHERE no < ?1 AND at >= ?2 "
				    "ORDER BY no DESC",
				    c->from, day_ago_ms, &c->has_day, why);
	}
	*out_has_more = error == 0 && !(is_all && c->has_day);
	return error;
}
