/*
 * rows.h - what a port told, as rows of the scanner's tables.
 *
 * Pure: results in, canonical bytes out. Every text in them is a stranger's; row_encode mends and
 * cuts it. A row that does not fit any more is left out, never half written.
 */
#pragma once

#include "base/writer.h"
#include "scan/address.h"
#include "scan/identify/identify.h"
#include "scan/identify/product.h"
#include "scan/tls/chain.h"
#include "scan/tls/grade.h"

/* Rows of one port: itself, TLS, certificates, a page, a host key. */
#define ROWS_OF_PORT_MAX   64
#define ROWS_BYTES_MAX     (256u << 10)
#define ROWS_CERTIFICATES  16 /* of one server */
#define ROWS_BANNER_MAX    256
#define ROWS_SCOPE_SIZE    256
#define ROWS_TRANSPORT_TCP "tcp"

/* Where it was found. */
struct rows_place {
	char scope[ROWS_SCOPE_SIZE];
	char name[ROWS_SCOPE_SIZE]; /* that was asked for; "" for the address alone */
	struct address address;
	uint8_t transport; /* enum transport */
	uint16_t port;
	uint8_t reason; /* enum answer_reason */
};

/* Collects rows: u16 table, u32 length, bytes, each. */
struct rows {
	struct writer out;
	size_t count;
};

void rows_init(struct rows *rows, uint8_t *bytes, size_t size);

/* result may be NULL: nothing is known but that it is open. */
void rows_add_port(struct rows *rows, const struct rows_place *place,
		   const struct identify_result *result, const struct product *product);

/* Host keys and the page, where the service has them. */
void rows_add_details(struct rows *rows, const struct rows_place *place,
		      const struct identify_result *result, const struct product *product);

void rows_add_tls(struct rows *rows, const struct rows_place *place,
		  const struct tls_result *result,
		  const struct tls_chain_facts chains[TLS_CERTIFICATE_TYPES],
		  const struct tls_grade *grade);

/* The next row of collected bytes; false at their end. ERR_MALFORMED shows in the reader. */
bool rows_next(struct reader *rows, uint16_t *out_table, struct span *out_row);

/* True where a row is of a table that scanners tell of ports, and of this place and no other: what
 * a process that talks to strangers says is not taken on trust. */
bool rows_is_of(const struct rows_place *place, uint16_t table, struct span row);
