/*
 * found_bytes.c - what was found, as bytes.
 *
 *	"BTZFOUN2" | lost | u32 scopes | each: head | u32 hosts | each: head | u32 ports | each:
 *head, rows
 *
 * Only this program reads it, and the file bears a sum; still nothing in it is taken on trust.
 */
#include "scan/sensor/found.h"

#include <stdlib.h>

#include "base/error.h"
#include "base/mem.h"
#include "base/reader.h"
#include "base/text.h"
#include "sys/alloc.h"

#define MAGIC     "BTZFOUN2"
#define HEAD_SIZE 2048

static void take_bytes(struct reader *r, uint8_t *out, size_t len)
{
	struct span bytes = reader_bytes(r, len);

	mem_copy(out, bytes.ptr, bytes.len);
}

/* --- writing --- */

static int put_port(const struct found_port *port, struct buffer *out)
{
	static const struct host_names none = { .count = 0 };
	uint8_t head[HEAD_SIZE];
	struct writer w = writer_over(head, sizeof head);
	int error;

	writer_u8(&w, port->transport);
	writer_u8(&w, port->reason);
	writer_u8(&w, port->failures);
	writer_be16(&w, port->port);
	writer_be32(&w, port->run);
	writer_be32(&w, port->asked_run);
	writer_be64(&w, (uint64_t)port->asked_ms);
	writer_be64(&w, (uint64_t)port->changed_ms);
	writer_be64(&w, (uint64_t)port->expires_s);
	host_names_write(port->names != NULL ? port->names : &none, &w);
	writer_be32(&w, (uint32_t)port->row_count);
	error = buffer_append(out, writer_span(&w));
	for (size_t i = 0; i < port->row_count && error == 0; i++) {
		const struct found_row *row = &port->rows[i];

		w = writer_over(head, sizeof head);
		writer_be16(&w, row->table);
		writer_be32(&w, row->len);
		error = buffer_append(out, writer_span(&w));
		error = error == 0 ? buffer_append(out, (struct span){ row->bytes, row->len })
				   : error;
	}
	return error;
}

static int put_host(const struct found_host *host, struct buffer *out)
{
	struct result packed = { .address = host->address,
				 .state = PORT_HOST,
				 .reason = host->alive_by,
				 .middlebox = host->middlebox,
				 .stack = host->stack };
	uint8_t bytes[RESULT_PACKED_SIZE];
	uint8_t head[HEAD_SIZE];
	struct writer w = writer_over(head, sizeof head);
	int error;

	mem_copy(packed.mac, host->mac, sizeof packed.mac);
	result_pack(&packed, bytes);
	writer_bytes(&w, (struct span){ bytes, sizeof bytes });
	writer_be32(&w, host->run);
	writer_u8(&w, host->ttl);
	writer_u8(&w, host->confidence);
	writer_u8(&w, host->has_stack);
	text_write_field(&w, host->os);
	text_write_field(&w, host->device);
	text_write_field(&w, host->name);
	writer_be64(&w, (uint64_t)host->named_ms);
	writer_be64(&w, (uint64_t)host->changed_ms);
	writer_be64(&w, (uint64_t)host->followed_ms);
	writer_be32(&w, (uint32_t)host->port_count);
	error = buffer_append(out, writer_span(&w));
	for (size_t i = 0; i < host->port_count && error == 0; i++) {
		error = put_port(&host->ports[i], out);
	}
	return error;
}

static int put_scope(const struct found_scope *s, struct buffer *out)
{
	uint8_t head[HEAD_SIZE];
	struct writer w = writer_over(head, sizeof head);
	int error;

	text_write_field(&w, s->name);
	writer_be32(&w, s->run);
	writer_be32(&w, s->runs);
	writer_u8(&w, s->is_underway);
	writer_u8(&w, s->is_told);
	writer_be64(&w, (uint64_t)s->started_s);
	writer_be64(&w, (uint64_t)s->ended_s);
	writer_be64(&w, (uint64_t)s->finished_s);
	writer_be64(&w, (uint64_t)s->gone_ms);
	writer_bytes(&w, (struct span){ s->plan, sizeof s->plan });
	writer_bytes(&w, (struct span){ s->ports, sizeof s->ports });
	writer_u8(&w, s->is_hurried);
	writer_bytes(&w, (struct span){ s->key, sizeof s->key });
	for (unsigned i = 0; i < DISCOVERY_LEGS; i++) {
		writer_be64(&w, s->positions[i]);
	}
	writer_be64(&w, s->addresses);
	writer_be64(&w, s->probes);
	writer_be64(&w, s->probes_now);
	writer_be32(&w, (uint32_t)s->loss_permille);
	writer_be64(&w, s->left_out);
	writer_be32(&w, (uint32_t)s->host_count);
	error = buffer_append(out, writer_span(&w));
	for (size_t i = 0; i < s->host_count && error == 0; i++) {
		error = put_host(s->hosts[i], out);
	}
	return error;
}

int found_write(const struct found *found, struct buffer *out)
{
	uint8_t head[64];
	struct writer w = writer_over(head, sizeof head);
	int error;

	writer_text(&w, MAGIC);
	writer_be32(&w, found->lost.count);
	writer_be64(&w, (uint64_t)found->lost.at_ms);
	text_write_field(&w, found->lost.name);
	writer_be32(&w, (uint32_t)found->scope_count);
	error = buffer_append(out, writer_span(&w));
	for (size_t i = 0; i < found->scope_count && error == 0; i++) {
		error = put_scope(found->scopes[i], out);
	}
	return error;
}

/* --- reading --- */

static void take_rows(struct reader *r, struct found *found, struct found_scope *scope,
		      struct found_port *port, uint32_t count)
{
	struct reader whole = *r;
	size_t len = 0;

	for (uint32_t i = 0; i < count && reader_ok(r); i++) {
		uint16_t table;
		struct span row;

		if (!rows_next(r, &table, &row)) {
			reader_fail(r);
			return;
		}
		len += 6 + row.len;
	}
	if (reader_ok(r)) {
		(void)found_set_rows(found, scope, port, reader_bytes(&whole, len));
	}
}

static void take_port(struct reader *r, struct found *found, struct found_scope *scope,
		      struct found_host *host)
{
	uint8_t transport = reader_u8(r);
	uint8_t reason = reader_u8(r);
	uint8_t failures = reader_u8(r);
	uint16_t number = reader_be16(r);
	struct host_names names;
	struct found_port *port =
		reader_ok(r) ? found_add_port(found, scope, host, transport, number) : NULL;

	if (port == NULL || (transport != TRANSPORT_TCP && transport != TRANSPORT_UDP)) {
		reader_fail(r);
		return;
	}
	port->reason = reason;
	port->failures = failures;
	port->run = reader_be32(r);
	port->asked_run = reader_be32(r);
	port->asked_ms = (int64_t)reader_be64(r);
	port->changed_ms = (int64_t)reader_be64(r);
	port->expires_s = (int64_t)reader_be64(r);
	host_names_read(r, &names);
	(void)found_set_names(port, &names);
	take_rows(r, found, scope, port, reader_be32(r));
}

static void take_host(struct reader *r, struct found *found, struct found_scope *scope)
{
	struct result packed;
	struct found_host *host;
	uint32_t ports;

	if (result_unpack(reader_bytes(r, RESULT_PACKED_SIZE), &packed) != 0) {
		reader_fail(r);
		return;
	}
	host = found_add_host(found, scope, &packed.address);
	if (host == NULL) {
		reader_fail(r);
		return;
	}
	host->alive_by = packed.reason;
	host->middlebox = packed.middlebox;
	host->stack = packed.stack;
	mem_copy(host->mac, packed.mac, sizeof host->mac);
	host->run = reader_be32(r);
	host->ttl = reader_u8(r);
	host->confidence = reader_u8(r);
	host->has_stack = reader_u8(r) != 0;
	text_read_field(r, host->os, sizeof host->os);
	text_read_field(r, host->device, sizeof host->device);
	text_read_field(r, host->name, sizeof host->name);
	host->named_ms = (int64_t)reader_be64(r);
	host->changed_ms = (int64_t)reader_be64(r);
	host->followed_ms = (int64_t)reader_be64(r);
	ports = reader_be32(r);
	for (uint32_t i = 0; i < ports && reader_ok(r); i++) {
		take_port(r, found, scope, host);
	}
}

static void take_scope(struct reader *r, struct found *found)
{
	char name[ROWS_SCOPE_SIZE];
	struct found_scope *s;
	uint32_t hosts;

	text_read_field(r, name, sizeof name);
	s = reader_ok(r) && found_scope_find(found, name) == NULL ? found_scope(found, name) : NULL;
	if (s == NULL) {
		reader_fail(r);
		return;
	}
	s->run = reader_be32(r);
	s->runs = reader_be32(r);
	s->is_underway = reader_u8(r) != 0;
	s->is_told = reader_u8(r) != 0;
	s->started_s = (int64_t)reader_be64(r);
	s->ended_s = (int64_t)reader_be64(r);
	s->finished_s = (int64_t)reader_be64(r);
	s->gone_ms = (int64_t)reader_be64(r);
	take_bytes(r, s->plan, sizeof s->plan);
	take_bytes(r, s->ports, sizeof s->ports);
	s->is_hurried = reader_u8(r) != 0;
	take_bytes(r, s->key, sizeof s->key);
	for (unsigned i = 0; i < DISCOVERY_LEGS; i++) {
		s->positions[i] = reader_be64(r);
	}
	s->addresses = reader_be64(r);
	s->probes = reader_be64(r);
	s->probes_now = reader_be64(r);
	s->loss_permille = (int32_t)reader_be32(r);
	s->left_out = reader_be64(r);
	hosts = reader_be32(r);
	for (uint32_t i = 0; i < hosts && reader_ok(r); i++) {
		take_host(r, found, s);
	}
}

int found_read(struct span bytes, struct found **out)
{
	struct reader r = reader_over(bytes);
	struct found *found;
	uint32_t scopes;

	if (!span_is(reader_bytes(&r, 8), MAGIC)) {
		return ERR_MALFORMED;
	}
	found = found_new();
	found->lost.count = reader_be32(&r);
	found->lost.at_ms = (int64_t)reader_be64(&r);
	text_read_field(&r, found->lost.name, sizeof found->lost.name);
	scopes = reader_be32(&r);
	for (uint32_t i = 0; i < scopes && reader_ok(&r); i++) {
		take_scope(&r, found);
	}
	if (!reader_done(&r)) {
		found_free(&found);
		return ERR_MALFORMED;
	}
	*out = found;
	return 0;
}
