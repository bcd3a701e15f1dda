/* derived.c - an asset's derived tables: the union over the places that belong to it. */
#include "server/engine/estate_parts.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/error.h"
#include "base/mem.h"

/* Which table is made of which report, its columns by their names. */
static const struct {
	uint16_t report;
	uint16_t derived;
} made_of[] = {
	{ TABLE_SCAN_HOSTS, TABLE_SCANNED_HOSTS },
	{ TABLE_SCAN_PORTS, TABLE_OPEN_PORTS },
	{ TABLE_SCAN_PORTS, TABLE_NETWORK_SERVICES },
	{ TABLE_SCAN_TLS, TABLE_TLS_ENDPOINTS },
	{ TABLE_SCAN_CERTIFICATES, TABLE_SERVED_CERTIFICATES },
	{ TABLE_SCAN_WEB, TABLE_WEB },
	{ TABLE_SCAN_HOST_KEYS, TABLE_SERVED_HOST_KEYS },
};

static bool is_wanted(const struct row *row, uint16_t derived)
{
	if (row->table->number != TABLE_SCAN_PORTS) {
		return true;
	}
	if (!span_is(estate_text(row, SCAN_PORTS_STATE), "open")) {
		return false;
	}
	return derived == TABLE_OPEN_PORTS || estate_text(row, SCAN_PORTS_PROTOCOL).len > 0 ||
	       estate_text(row, SCAN_PORTS_PRODUCT).len > 0 ||
	       estate_text(row, SCAN_PORTS_BANNER).len > 0;
}

static void copy_by_name(const struct row *from, const struct table *to, struct row *out)
{
	row_init(out, to);
	for (size_t c = 0; c < to->column_count; c++) {
		int source = schema_column(from->table, span_of(to->columns[c].name));

		if (source >= 0) {
			out->values[c] = from->values[source];
		}
	}
}

static void add_appeared(struct place *p, const struct row *report, struct row *row)
{
	struct span transport = estate_text(report, SCAN_PORTS_TRANSPORT);
	const struct place_port *port =
		place_port(p, (uint16_t)estate_number(report, SCAN_PORTS_PORT),
			   transport.len > 0 ? transport.ptr[0] : 0);

	if (port != NULL && port->appeared_s != 0) {
		row_set_integer(row, OPEN_PORTS_APPEARED, port->appeared_s);
	}
}

static int add_row(struct estate *e, struct place *p, const struct place_row *from,
		   uint16_t derived, struct numbers32 *out, struct why *why)
{
	struct row report;
	struct row row;
	uint32_t number;
	int error = inventory_row(e->inv, from->table, from->row, &report, why);

	if (error != 0 || !is_wanted(&report, derived)) {
		return error;
	}
	copy_by_name(&report, schema_by_number(derived), &row);
	if (derived == TABLE_OPEN_PORTS) {
		add_appeared(p, &report, &row);
	}
	error = inventory_derived_row(e->inv, &row, &number, why);
	if (error == 0) {
		numbers32_push(out, number);
	}
	return error;
}

/* What it is known again by: as place_restore reads it. */
static void write_identity(const struct place *p, char *out, size_t size)
{
	snprintf(out, size, "%s%s%s%s%s", p->mac[0] != '\0' ? "mac " : "", p->mac,
		 p->mac[0] != '\0' && p->key[0] != '\0' ? " " : "", p->key[0] != '\0' ? "key " : "",
		 p->key);
	if (out[0] == '\0') {
		snprintf(out, size, "address");
	}
}

static int add_join(struct estate *e, const struct place *p, struct numbers32 *out, struct why *why)
{
	char identity[128];
	struct row row;
	uint32_t number;
	int error;

	write_identity(p, identity, sizeof identity);
	row_init(&row, schema_by_number(TABLE_ASSET_JOINS));
	row_set_text(&row, ASSET_JOINS_ADDRESS, span_of(p->address));
	row_set_text(&row, ASSET_JOINS_SCOPE, span_of(e->scopes[p->scope].name));
	row_set_text(&row, ASSET_JOINS_EVIDENCE, span_of(join_evidence_name(p->evidence)));
	row_set_text_if_any(&row, ASSET_JOINS_DETAIL, span_of(p->detail));
	row_set_integer(&row, ASSET_JOINS_CONFIDENCE, p->confidence);
	row_set_text_if_any(&row, ASSET_JOINS_JOINED_BY, span_of(p->by));
	row_set_integer(&row, ASSET_JOINS_SINCE, p->since_s);
	row_set_text(&row, ASSET_JOINS_IDENTITY, span_of(identity));
	if (p->gone_s != 0) {
		row_set_integer(&row, ASSET_JOINS_GONE, p->gone_s);
		row_set_integer(&row, ASSET_JOINS_ANSWERED, p->answered_s);
	}
	error = inventory_derived_row(e->inv, &row, &number, why);
	if (error == 0) {
		numbers32_push(out, number);
	}
	return error;
}

static int by_number(const void *a, const void *b)
{
	uint32_t x = *(const uint32_t *)a;
	uint32_t y = *(const uint32_t *)b;

	return x < y ? -1 : x > y;
}

/* Rises, each once: two places may show the same. */
static void sort(struct numbers32 *rows)
{
	size_t kept = 0;

	if (rows->count == 0) {
		return;
	}
	qsort(rows->items, rows->count, sizeof *rows->items, by_number);
	for (size_t i = 0; i < rows->count; i++) {
		if (kept == 0 || rows->items[kept - 1] != rows->items[i]) {
			rows->items[kept++] = rows->items[i];
		}
	}
	rows->count = kept;
}

static int put(struct estate *e, uint32_t asset, uint16_t table, struct numbers32 *rows,
	       struct why *why)
{
	struct inventory_result result;
	int error;

	sort(rows);
	error = inventory_derive(e->inv, asset, table, rows->items, rows->count, e->now_ms, &result,
				 why);
	if (error == 0 && result.change_no > e->newest) {
		e->newest = result.change_no;
	}
	return error;
}

static int make_table(struct estate *e, uint32_t asset, uint16_t report, uint16_t derived,
		      struct why *why)
{
	struct links_set places = links_of(&e->places_by_asset, place_asset_text(&asset));
	struct numbers32 rows = { NULL, 0, 0 };
	int error = 0;

	for (uint32_t i = 0; error == 0 && i < places.count; i++) {
		struct place *p = &e->places[places.items[i]];

		for (uint32_t r = 0; error == 0 && r < p->row_count; r++) {
			if (p->rows[r].table == report) {
				error = add_row(e, p, &p->rows[r], derived, &rows, why);
			}
		}
	}
	error = error == 0 ? put(e, asset, derived, &rows, why) : error;
	numbers32_done(&rows);
	return error;
}

static int make_joins(struct estate *e, uint32_t asset, struct why *why)
{
	struct links_set places = links_of(&e->places_by_asset, place_asset_text(&asset));
	struct numbers32 rows = { NULL, 0, 0 };
	int error = 0;

	for (uint32_t i = 0; error == 0 && i < places.count; i++) {
		error = add_join(e, &e->places[places.items[i]], &rows, why);
	}
	error = error == 0 ? put(e, asset, TABLE_ASSET_JOINS, &rows, why) : error;
	numbers32_done(&rows);
	return error;
}

int derived_make(struct estate *e, uint32_t asset, struct why *why)
{
	int error = make_joins(e, asset, why);

	for (size_t i = 0; error == 0 && i < COUNT_OF(made_of); i++) {
		error = make_table(e, asset, made_of[i].report, made_of[i].derived, why);
	}
	return error;
}
