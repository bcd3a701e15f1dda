/* found.c - hosts by address, in open addressing; what is in each is few and searched through. */
#include "scan/sensor/found.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "base/mem.h"
#include "base/reader.h"
#include "sys/alloc.h"

struct found *found_new(void)
{
	return alloc_zeroed(1, sizeof(struct found));
}

/* --- taking away --- */

static void free_rows(struct found *found, struct found_port *port)
{
	for (size_t i = 0; i < port->row_count; i++) {
		found->rows[port->rows[i].table]--;
		found->bytes -= port->rows[i].len;
		free(port->rows[i].bytes);
	}
	free(port->rows);
	port->rows = NULL;
	port->row_count = 0;
}

static void free_port(struct found *found, struct found_port *port)
{
	free_rows(found, port);
	free(port->names);
	port->names = NULL;
}

static void free_host(struct found *found, struct found_host *host)
{
	for (size_t i = 0; i < host->port_count; i++) {
		free_port(found, &host->ports[i]);
	}
	free(host->ports);
	free(host);
	found->rows[TABLE_SCAN_HOSTS]--;
}

static void free_scope(struct found *found, struct found_scope *scope)
{
	for (size_t i = 0; i < scope->host_count; i++) {
		free_host(found, scope->hosts[i]);
	}
	free(scope->hosts);
	free(scope->slots);
	free(scope);
}

void found_free(struct found **found)
{
	struct found *f = *found;

	*found = NULL;
	if (f == NULL) {
		return;
	}
	for (size_t i = 0; i < f->scope_count; i++) {
		free_scope(f, f->scopes[i]);
	}
	free(f);
}

/* --- scopes --- */

struct found_scope *found_scope_find(struct found *found, const char *name)
{
	for (size_t i = 0; i < found->scope_count; i++) {
		if (strcmp(found->scopes[i]->name, name) == 0) {
			return found->scopes[i];
		}
	}
	return NULL;
}

struct found_scope *found_scope(struct found *found, const char *name)
{
	struct found_scope *scope = found_scope_find(found, name);

	if (scope != NULL || found->scope_count == FOUND_SCOPES_MAX) {
		return scope;
	}
	scope = alloc_zeroed(1, sizeof *scope);
	snprintf(scope->name, sizeof scope->name, "%s", name);
	scope->loss_permille = -1;
	found->scopes[found->scope_count++] = scope;
	return scope;
}

void found_forget_scope(struct found *found, struct found_scope *scope)
{
	for (size_t i = 0; i < found->scope_count; i++) {
		if (found->scopes[i] == scope) {
			found->scopes[i] = found->scopes[--found->scope_count];
			free_scope(found, scope);
			return;
		}
	}
}

/* --- hosts --- */

static size_t slot_of(const struct found_scope *scope, const struct address *address)
{
	uint64_t hash = UINT64_C(0xcbf29ce484222325); /* FNV-1a */
	size_t at;

	for (size_t i = 0; i < ADDRESS_SIZE; i++) {
		hash = (hash ^ address->bytes[i]) * UINT64_C(0x100000001b3);
	}
	at = (size_t)(hash ^ hash >> 32) & (scope->slot_count - 1);
	while (scope->slots[at] != 0 &&
	       !address_equal(&scope->hosts[scope->slots[at] - 1]->address, address)) {
		at = (at + 1) & (scope->slot_count - 1);
	}
	return at;
}

static void make_slots(struct found_scope *scope, size_t count)
{
	free(scope->slots);
	scope->slot_count = 64;
	while (scope->slot_count < 2 * count) {
		scope->slot_count *= 2;
	}
	scope->slots = alloc_zeroed(scope->slot_count, sizeof *scope->slots);
	for (size_t i = 0; i < scope->host_count; i++) {
		scope->slots[slot_of(scope, &scope->hosts[i]->address)] = (uint32_t)(i + 1);
	}
}

struct found_host *found_host(const struct found_scope *scope, const struct address *address)
{
	uint32_t number = scope->slot_count > 0 ? scope->slots[slot_of(scope, address)] : 0;

	return number != 0 ? scope->hosts[number - 1] : NULL;
}

struct found_host *found_add_host(struct found *found, struct found_scope *scope,
				  const struct address *address)
{
	struct found_host *host = found_host(scope, address);

	if (host != NULL) {
		return host;
	}
	if (found->rows[TABLE_SCAN_HOSTS] >= FOUND_ROWS_MAX) {
		scope->left_out++;
		return NULL;
	}
	if (2 * (scope->host_count + 1) > scope->slot_count) {
		make_slots(scope, 2 * (scope->host_count + 1));
		scope->hosts = alloc_resize(scope->hosts, scope->slot_count, sizeof *scope->hosts);
	}
	host = alloc_zeroed(1, sizeof *host);
	host->address = *address;
	scope->hosts[scope->host_count++] = host;
	scope->slots[slot_of(scope, address)] = (uint32_t)scope->host_count;
	found->rows[TABLE_SCAN_HOSTS]++;
	return host;
}

/* --- ports --- */

struct found_port *found_port(struct found_host *host, uint8_t transport, uint16_t port)
{
	for (size_t i = 0; i < host->port_count; i++) {
		if (host->ports[i].transport == transport && host->ports[i].port == port) {
			return &host->ports[i];
		}
	}
	return NULL;
}

struct found_port *found_add_port(struct found *found, struct found_scope *scope,
				  struct found_host *host, uint8_t transport, uint16_t port)
{
	struct found_port *found_one = found_port(host, transport, port);

	if (found_one != NULL) {
		return found_one;
	}
	if (host->port_count == FOUND_PORTS_PER_HOST ||
	    found->rows[TABLE_SCAN_PORTS] >= FOUND_ROWS_MAX) {
		scope->left_out++;
		return NULL;
	}
	host->ports = alloc_resize(host->ports, host->port_count + 1, sizeof *host->ports);
	found_one = &host->ports[host->port_count++];
	*found_one = (struct found_port){ .transport = transport, .port = port };
	return found_one;
}

static bool is_same(const struct found_port *port, struct span rows)
{
	struct reader r = reader_over(rows);
	uint16_t table;
	struct span row;
	size_t i = 0;

	while (rows_next(&r, &table, &row)) {
		if (i == port->row_count || port->rows[i].table != table ||
		    !span_equal((struct span){ port->rows[i].bytes, port->rows[i].len }, row)) {
			return false;
		}
		i++;
	}
	return i == port->row_count;
}

bool found_set_rows(struct found *found, struct found_scope *scope, struct found_port *port,
		    struct span rows)
{
	struct reader r = reader_over(rows);
	uint16_t table;
	struct span row;

	if (is_same(port, rows)) {
		return false;
	}
	free_rows(found, port);
	while (rows_next(&r, &table, &row)) {
		struct found_row *to;

		if (table >= SCHEMA_TABLES_MAX || found->rows[table] >= FOUND_ROWS_MAX ||
		    found->bytes + row.len > FOUND_BYTES_MAX) {
			scope->left_out++;
			continue;
		}
		port->rows = alloc_resize(port->rows, port->row_count + 1, sizeof *port->rows);
		to = &port->rows[port->row_count++];
		*to = (struct found_row){ .table = table,
					  .len = (uint32_t)row.len,
					  .bytes = alloc_zeroed(1, row.len + 1) };
		mem_copy(to->bytes, row.ptr, row.len);
		found->rows[table]++;
		found->bytes += row.len;
	}
	return true;
}

bool found_set_names(struct found_port *port, const struct host_names *names)
{
	static const struct host_names none = { .count = 0 };

	if (host_names_equal(port->names != NULL ? port->names : &none, names)) {
		return false;
	}
	free(port->names);
	port->names = NULL;
	if (names->count > 0) {
		port->names = alloc_zeroed(1, sizeof *names);
		*port->names = *names;
	}
	return true;
}

size_t found_drop_unseen(struct found *found, struct found_scope *scope)
{
	size_t dropped = 0;
	size_t hosts = 0;

	for (size_t i = 0; i < scope->host_count; i++) {
		struct found_host *host = scope->hosts[i];
		size_t kept = 0;

		for (size_t k = 0; k < host->port_count; k++) {
			if (host->ports[k].run == scope->run) {
				host->ports[kept++] = host->ports[k];
				continue;
			}
			free_port(found, &host->ports[k]);
			dropped++;
		}
		host->port_count = kept;
		if (kept == 0 && host->run != scope->run) {
			free_host(found, host);
			dropped++;
			continue;
		}
		scope->hosts[hosts++] = host;
	}
	scope->host_count = hosts;
	if (scope->slot_count > 0) {
		make_slots(scope, scope->slot_count / 2);
	}
	return dropped;
}

/* --- rows --- */

static void take_encoded(const struct row *row, void (*take)(void *context, struct span row),
			 void *context)
{
	uint8_t bytes[ROW_BYTES_MAX];
	struct writer w = writer_over(bytes, sizeof bytes);

	if (row_encode(row, &w) == 0) {
		take(context, writer_span(&w));
	}
}

static bool is_zero(const uint8_t *bytes, size_t len)
{
	for (size_t i = 0; i < len; i++) {
		if (bytes[i] != 0) {
			return false;
		}
	}
	return true;
}

/* DNS first, then what the ports told, in their order. names and items must live as the row. */
static void set_names(struct row *row, const struct found_host *host, struct host_names *names,
		      struct span items[HOST_NAMES_MAX])
{
	host_names_add(names, span_of(host->name));
	for (size_t i = 0; i < host->port_count; i++) {
		if (host->ports[i].names != NULL) {
			host_names_add_all(names, host->ports[i].names);
		}
	}
	for (size_t i = 0; i < names->count; i++) {
		items[i] = host_names_at(names, i);
	}
	if (names->count > 0) {
		row_set_list(row, SCAN_HOSTS_NAMES, items, names->count);
	}
}

static void take_host(const struct found_scope *scope, const struct found_host *host,
		      void (*take)(void *context, struct span row), void *context)
{
	char address[ADDRESS_TEXT_MAX];
	char mac[18];
	struct host_names names = { .count = 0 };
	struct span items[HOST_NAMES_MAX];
	struct row row;

	address_text(&host->address, address);
	row_init(&row, schema_by_number(TABLE_SCAN_HOSTS));
	row_set_text(&row, SCAN_HOSTS_SCOPE, span_of(scope->name));
	row_set_text(&row, SCAN_HOSTS_ADDRESS, span_of(address));
	if (!is_zero(host->mac, sizeof host->mac)) {
		snprintf(mac, sizeof mac, "%02x:%02x:%02x:%02x:%02x:%02x", host->mac[0],
			 host->mac[1], host->mac[2], host->mac[3], host->mac[4], host->mac[5]);
		row_set_text(&row, SCAN_HOSTS_MAC, span_of(mac));
	}
	set_names(&row, host, &names, items);
	row_set_text(&row, SCAN_HOSTS_ALIVE_BY,
		     span_of(answer_reason_text((enum answer_reason)host->alive_by)));
	if (host->ttl != 0) {
		row_set_integer(&row, SCAN_HOSTS_TTL, host->ttl);
	}
	row_set_text_if_any(&row, SCAN_HOSTS_SYSTEM, span_of(host->os));
	row_set_text_if_any(&row, SCAN_HOSTS_DEVICE, span_of(host->device));
	if (host->confidence > 0) {
		row_set_integer(&row, SCAN_HOSTS_CONFIDENCE, host->confidence);
	}
	row_set_boolean(&row, SCAN_HOSTS_IS_MIDDLEBOX,
			(host->middlebox & MIDDLEBOX_EVERY_PORT) != 0);
	take_encoded(&row, take, context);
}

static size_t open_ports_of(const struct found_scope *scope)
{
	size_t count = 0;

	for (size_t i = 0; i < scope->host_count; i++) {
		count += scope->hosts[i]->port_count;
	}
	return count;
}

static void take_scope(const struct found_scope *scope, struct found_status status,
		       void (*take)(void *context, struct span row), void *context)
{
	char reason[512];
	struct row row;

	row_init(&row, schema_by_number(TABLE_SCAN_SCOPES));
	row_set_text(&row, SCAN_SCOPES_SCOPE, span_of(scope->name));
	row_set_integer(&row, SCAN_SCOPES_RUNS, scope->runs);
	row_set_text(&row, SCAN_SCOPES_STATE, span_of(status.state));
	if (scope->left_out > 0) {
		snprintf(reason, sizeof reason,
			 "%s%s%llu hosts and ports beyond the limits (%u rows of a table, %u MiB, "
			 "%u ports of a host) were not kept",
			 status.reason, status.reason[0] != '\0' ? "; " : "",
			 (unsigned long long)scope->left_out, (unsigned)FOUND_ROWS_MAX,
			 FOUND_BYTES_MAX >> 20, FOUND_PORTS_PER_HOST);
		row_set_text(&row, SCAN_SCOPES_REASON, span_of(reason));
	} else {
		row_set_text_if_any(&row, SCAN_SCOPES_REASON, span_of(status.reason));
	}
	if (scope->started_s > 0) {
		row_set_integer(&row, SCAN_SCOPES_STARTED, scope->started_s);
	}
	if (scope->finished_s > 0) {
		row_set_integer(&row, SCAN_SCOPES_FINISHED, scope->finished_s);
	}
	row_set_integer(&row, SCAN_SCOPES_ADDRESSES, (int64_t)scope->addresses);
	if (scope->runs > 0) {
		/* of complete runs alone: else each found port would be a change of this row */
		row_set_integer(&row, SCAN_SCOPES_PROBES, (int64_t)scope->probes);
		row_set_integer(&row, SCAN_SCOPES_HOSTS, (int64_t)scope->host_count);
		row_set_integer(&row, SCAN_SCOPES_OPEN_PORTS, (int64_t)open_ports_of(scope));
	}
	if (scope->loss_permille >= 0) {
		row_set_integer(&row, SCAN_SCOPES_LOSS_PERMILLE, scope->loss_permille);
	}
	take_encoded(&row, take, context);
}

static void take_ports(const struct found_host *host, uint16_t table,
		       void (*take)(void *context, struct span row), void *context)
{
	for (size_t i = 0; i < host->port_count; i++) {
		const struct found_port *port = &host->ports[i];

		for (size_t k = 0; k < port->row_count; k++) {
			if (port->rows[k].table == table) {
				take(context,
				     (struct span){ port->rows[k].bytes, port->rows[k].len });
			}
		}
	}
}

void found_each_row(const struct found *found, uint16_t table, found_status_of *status,
		    void *status_context, void (*take)(void *context, struct span row),
		    void *context)
{
	for (size_t i = 0; i < found->scope_count; i++) {
		const struct found_scope *scope = found->scopes[i];

		if (table == TABLE_SCAN_SCOPES) {
			take_scope(scope, status(status_context, scope), take, context);
			continue;
		}
		for (size_t k = 0; k < scope->host_count; k++) {
			if (table == TABLE_SCAN_HOSTS) {
				take_host(scope, scope->hosts[k], take, context);
			} else {
				take_ports(scope->hosts[k], table, take, context);
			}
		}
	}
}
