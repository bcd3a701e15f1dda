/* found_test.c - what is kept, what is forgotten, and what comes back from bytes. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/error.h"
#include "base/mem.h"
#include "scan/sensor/details.h"
#include "scan/sensor/found.h"
#include "wire/row.h"
#include "sys/alloc.h"

#define SCOPE "192.0.2.0/24"

static struct rows_place place_at(uint32_t host, uint16_t port)
{
	return (struct rows_place){ .scope = SCOPE,
				    .address = address_v4(0xc0000200 + host),
				    .transport = TRANSPORT_TCP,
				    .port = port,
				    .reason = ANSWER_SYN_ACK };
}

/* A port with its bare row, seen in the run. */
static struct found_port *add_port(struct found *f, struct found_scope *s, uint32_t host,
				   uint16_t number, uint32_t run)
{
	const struct rows_place place = place_at(host, number);
	struct found_host *h = found_add_host(f, s, &place.address);
	struct found_port *port = found_add_port(f, s, h, TRANSPORT_TCP, number);
	uint8_t bytes[4096];
	struct rows rows;

	h->run = run;
	h->alive_by = ANSWER_SYN_ACK;
	port->run = run;
	rows_init(&rows, bytes, sizeof bytes);
	rows_add_port(&rows, &place, NULL, NULL);
	(void)found_set_rows(f, s, port, writer_span(&rows.out));
	return port;
}

static void count_row(void *context, struct span row)
{
	(void)row;
	++*(size_t *)context;
}

static struct found_status status_of(void *context, const struct found_scope *scope)
{
	(void)context;
	(void)scope;
	return (struct found_status){ "waiting", "" };
}

static size_t count(const struct found *f, uint16_t table)
{
	size_t n = 0;

	found_each_row(f, table, status_of, NULL, count_row, &n);
	return n;
}

static struct found *filled(struct found_scope **scope)
{
	struct found *f = found_new();

	*scope = found_scope(f, SCOPE);
	(*scope)->run = 2;
	for (uint32_t i = 1; i <= 200; i++) {
		(void)add_port(f, *scope, i, 22, 2);
		(void)add_port(f, *scope, i, 80, i % 2 == 0 ? 2 : 1);
	}
	return f;
}

static void hosts_are_found_by_their_addresses(void **state)
{
	struct found_scope *s;
	struct found *f = filled(&s);
	struct address there = address_v4(0xc0000200 + 77);
	struct address not_there = address_v4(0xc0000200 + 201);

	(void)state;
	assert_int_equal(s->host_count, 200);
	assert_true(address_equal(&found_host(s, &there)->address, &there));
	assert_null(found_host(s, &not_there));
	assert_non_null(found_port(found_host(s, &there), TRANSPORT_TCP, 80));
	assert_null(found_port(found_host(s, &there), TRANSPORT_UDP, 80));
	assert_int_equal(count(f, TABLE_SCAN_HOSTS), 200);
	assert_int_equal(count(f, TABLE_SCAN_PORTS), 400);
	assert_int_equal(count(f, TABLE_SCAN_SCOPES), 1);
	found_free(&f);
}

static void what_a_run_did_not_see_is_dropped_and_nothing_else(void **state)
{
	struct found_scope *s;
	struct found *f = filled(&s);
	struct address odd = address_v4(0xc0000200 + 77);
	struct address gone = address_v4(0xc0000200 + 78);

	(void)state;
	found_host(s, &gone)->run = 1;
	found_port(found_host(s, &gone), TRANSPORT_TCP, 22)->run = 1;
	found_port(found_host(s, &gone), TRANSPORT_TCP, 80)->run = 1;
	/* 100 ports of odd hosts; two ports and the host of this one */
	assert_int_equal(found_drop_unseen(f, s), 103);
	assert_null(found_host(s, &gone));
	assert_int_equal(found_host(s, &odd)->port_count, 1);
	assert_int_equal(count(f, TABLE_SCAN_HOSTS), 199);
	assert_int_equal(count(f, TABLE_SCAN_PORTS), 400 - 102);
	assert_int_equal(f->rows[TABLE_SCAN_PORTS], 400 - 102);
	found_free(&f);
}

static void rows_are_replaced_only_where_they_differ(void **state)
{
	struct found_scope *s;
	struct found *f = filled(&s);
	struct address address = address_v4(0xc0000200 + 1);
	struct found_port *port = found_port(found_host(s, &address), TRANSPORT_TCP, 22);
	struct rows_place place = place_at(1, 22);
	uint64_t bytes_before = f->bytes;
	uint8_t bytes[4096];
	struct rows rows;

	(void)state;
	rows_init(&rows, bytes, sizeof bytes);
	rows_add_port(&rows, &place, NULL, NULL);
	assert_false(found_set_rows(f, s, port, writer_span(&rows.out)));
	place.reason = ANSWER_CONNECTED;
	rows_init(&rows, bytes, sizeof bytes);
	rows_add_port(&rows, &place, NULL, NULL);
	assert_true(found_set_rows(f, s, port, writer_span(&rows.out)));
	assert_true(found_set_rows(f, s, port, (struct span){ NULL, 0 }));
	assert_int_equal(count(f, TABLE_SCAN_PORTS), 399);
	assert_true(f->bytes < bytes_before);
	found_free(&f);
}

static void a_host_that_has_too_many_ports_says_so(void **state)
{
	struct found *f = found_new();
	struct found_scope *s = found_scope(f, SCOPE);
	struct address address = address_v4(0xc0000201);
	struct found_host *host = found_add_host(f, s, &address);

	(void)state;
	for (unsigned i = 1; i <= FOUND_PORTS_PER_HOST; i++) {
		assert_non_null(found_add_port(f, s, host, TRANSPORT_TCP, (uint16_t)i));
	}
	assert_null(found_add_port(f, s, host, TRANSPORT_TCP, 60000));
	assert_int_equal(s->left_out, 1);
	found_free(&f);
}

static void bytes_bring_everything_back(void **state)
{
	struct found_scope *s;
	struct found *f = filled(&s);
	struct found *back = NULL;
	struct buffer first;
	struct buffer second;
	struct host_names told = { .count = 0 };

	(void)state;
	host_names_add(&told, span_of("a.example.org"));
	(void)found_set_names(&s->hosts[0]->ports[0], &told);
	s->hosts[0]->changed_ms = 77;
	s->is_hurried = true;
	s->is_underway = true;
	s->positions[0] = 12345;
	s->finished_s = 99;
	buffer_init(&first, FOUND_FILE_MAX);
	buffer_init(&second, FOUND_FILE_MAX);
	assert_int_equal(found_write(f, &first), 0);
	assert_int_equal(found_read(buffer_span(&first), &back), 0);
	assert_int_equal(found_write(back, &second), 0);
	assert_true(span_equal(buffer_span(&first), buffer_span(&second)));
	assert_int_equal(back->scopes[0]->positions[0], 12345);
	assert_true(back->scopes[0]->is_hurried);
	assert_int_equal(back->scopes[0]->hosts[0]->changed_ms, 77);
	assert_int_equal(back->scopes[0]->hosts[0]->ports[0].names->count, 1);
	assert_int_equal(count(back, TABLE_SCAN_PORTS), 400);
	found_free(&f);
	found_free(&back);
	buffer_done(&first);
	buffer_done(&second);
}

static void every_truncation_is_refused(void **state)
{
	struct found *f = found_new();
	struct found_scope *s = found_scope(f, SCOPE);
	struct found *back = NULL;
	struct buffer bytes;

	(void)state;
	(void)add_port(f, s, 1, 22, 1);
	(void)add_port(f, s, 2, 443, 1);
	buffer_init(&bytes, FOUND_FILE_MAX);
	assert_int_equal(found_write(f, &bytes), 0);
	for (size_t len = 0; len < buffer_span(&bytes).len; len++) {
		/* a copy of just so many bytes, so that reading past them is seen */
		uint8_t *cut = alloc_zeroed(1, len + 1);
		struct span part = { memcpy(cut, buffer_span(&bytes).ptr, len), len };

		assert_int_equal(found_read(part, &back), ERR_MALFORMED);
		free(cut);
	}
	assert_null(back);
	found_free(&f);
	buffer_done(&bytes);
}

static void rows_of_another_place_are_told_apart(void **state)
{
	struct rows_place place = place_at(1, 22);
	const struct rows_place mine = place;
	uint8_t bytes[4096];
	struct rows rows;
	struct reader r;
	uint16_t table;
	struct span row;

	(void)state;
	rows_init(&rows, bytes, sizeof bytes);
	rows_add_port(&rows, &place, NULL, NULL);
	r = reader_over(writer_span(&rows.out));
	assert_true(rows_next(&r, &table, &row));
	assert_true(rows_is_of(&mine, table, row));
	assert_false(rows_is_of(&mine, TABLE_SCAN_HOSTS, row));
	assert_false(rows_is_of(&mine, TABLE_SCAN_SCOPES, row));
	assert_false(rows_is_of(&mine, TABLE_PACKAGES, row));
	assert_false(rows_is_of(&mine, table, span_first(row, row.len - 1)));
	place.port = 23;
	assert_false(rows_is_of(&place, table, row));
	place = place_at(2, 22);
	assert_false(rows_is_of(&place, table, row));
	place = mine;
	place.transport = TRANSPORT_UDP;
	assert_false(rows_is_of(&place, table, row));
	place = mine;
	memcpy(place.scope, "192.0.3.0/24", 13);
	assert_false(rows_is_of(&place, table, row));
}

static void details_are_read_whole_or_not_at_all(void **state)
{
	struct details details = { .expires_s = 5, .rows = span_of("rows") };
	struct details back;
	uint8_t bytes[4096];
	struct writer w = writer_over(bytes, sizeof bytes);

	(void)state;
	host_names_add(&details.names, span_of("www.example.org"));
	details_write(&details, &w);
	assert_int_equal(details_read(writer_span(&w), &back), 0);
	assert_true(host_names_equal(&back.names, &details.names));
	assert_true(span_is(back.rows, "rows"));
	for (size_t len = 0; len < writer_used(&w) - 4; len++) {
		assert_int_equal(details_read(span_first(writer_span(&w), len), &back),
				 ERR_MALFORMED);
	}
}

static void a_name_is_folded_and_taken_once_and_what_is_none_is_not_taken(void **state)
{
	static const char *const none[] = { "",           ".",         "192.0.2.1",     "a..b",
					    ".a",         "two words", "*.example.org", "a\nb",
					    "caf\xc3\xa9" };
	struct host_names names = { .count = 0 };

	(void)state;
	for (size_t i = 0; i < COUNT_OF(none); i++) {
		host_names_add(&names, span_of(none[i]));
	}
	assert_int_equal(names.count, 0);
	host_names_add(&names, span_of("Mail.Example.ORG."));
	host_names_add(&names, span_of("mail.example.org"));
	host_names_add(&names, span_of("PRINTER-7"));
	assert_int_equal(names.count, 2);
	assert_true(span_is(host_names_at(&names, 0), "mail.example.org"));
	assert_true(span_is(host_names_at(&names, 1), "printer-7"));
	assert_int_equal(host_names_at(&names, 2).len, 0);
	for (unsigned i = 0; i < 100; i++) {
		char name[] = "n00";

		name[1] = (char)('0' + i / 10);
		name[2] = (char)('0' + i % 10);
		host_names_add(&names, span_of(name));
	}
	assert_int_equal(names.count, HOST_NAMES_MAX);
}

static void read_names(void *context, struct span bytes)
{
	struct row row;
	struct span item;
	size_t next = 0;
	char *out = context;

	assert_int_equal(row_decode(schema_by_number(TABLE_SCAN_HOSTS), bytes, &row), 0);
	out[0] = '\0';
	while (row_list_next(&row.values[SCAN_HOSTS_NAMES], &next, &item)) {
		size_t at = strlen(out);

		memcpy(out + at, item.ptr, item.len);
		memcpy(out + at + item.len, " ", 2);
	}
}

static void a_host_has_the_names_that_dns_and_its_ports_tell(void **state)
{
	struct found *f = found_new();
	struct found_scope *s = found_scope(f, SCOPE);
	struct found_port *port = add_port(f, s, 1, 443, 1);
	struct host_names told = { .count = 0 };
	char names[256] = "";

	(void)state;
	memcpy(s->hosts[0]->name, "a.example.org", 14);
	host_names_add(&told, span_of("b.example.org"));
	host_names_add(&told, span_of("a.example.org"));
	assert_true(found_set_names(port, &told));
	assert_false(found_set_names(port, &told));
	found_each_row(f, TABLE_SCAN_HOSTS, status_of, NULL, read_names, names);
	assert_string_equal(names, "a.example.org b.example.org ");
	found_free(&f);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(hosts_are_found_by_their_addresses),
		cmocka_unit_test(what_a_run_did_not_see_is_dropped_and_nothing_else),
		cmocka_unit_test(rows_are_replaced_only_where_they_differ),
		cmocka_unit_test(a_host_that_has_too_many_ports_says_so),
		cmocka_unit_test(bytes_bring_everything_back),
		cmocka_unit_test(every_truncation_is_refused),
		cmocka_unit_test(rows_of_another_place_are_told_apart),
		cmocka_unit_test(details_are_read_whole_or_not_at_all),
		cmocka_unit_test(a_name_is_folded_and_taken_once_and_what_is_none_is_not_taken),
		cmocka_unit_test(a_host_has_the_names_that_dns_and_its_ports_tell),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
