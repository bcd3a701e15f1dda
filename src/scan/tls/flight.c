/* flight.c - records are joined to messages, messages are found, nothing else is parsed but the
 * hello, for only it says what may follow in the clear. */
#include "scan/tls/flight.h"

#include "base/error.h"

#define ALERT_WARNING 1

void tls_flight_init(struct tls_flight *flight)
{
	*flight = (struct tls_flight){ .state = TLS_FLIGHT_MORE };
	buffer_init(&flight->messages, TLS_FLIGHT_MAX);
}

void tls_flight_done(struct tls_flight *flight)
{
	buffer_done(&flight->messages);
}

/* The buffer may have moved: what borrows from it is found again. */
static void refresh_hello(struct tls_flight *flight)
{
	struct span body;

	if (tls_flight_message(flight, TLS_SERVER_HELLO, &body)) {
		flight->has_hello = tls_server_hello_parse(body, &flight->hello) == 0;
	}
}

static void note_message(struct tls_flight *flight, const struct tls_message *message)
{
	size_t start = (size_t)(message->body.ptr - buffer_span(&flight->messages).ptr);

	if (flight->count < TLS_FLIGHT_MESSAGES_MAX) {
		flight->found[flight->count].type = message->type;
		flight->found[flight->count].start = start;
		flight->found[flight->count].len = message->body.len;
		flight->count++;
	}
	if (message->type == TLS_SERVER_HELLO) {
		refresh_hello(flight);
		if (!flight->has_hello) {
			flight->state = TLS_FLIGHT_BROKEN;
		} else if (flight->hello.version >= 0x0304) {
			flight->state = TLS_FLIGHT_WHOLE; /* the rest is encrypted, or a retry */
		}
	} else if (message->type == TLS_SERVER_HELLO_DONE) {
		flight->state = TLS_FLIGHT_WHOLE;
	}
}

static void note_too_long(struct tls_flight *flight, struct reader r)
{
	if (reader_u8(&r) == TLS_CERTIFICATE) {
		flight->certificates_cut = (uint32_t)reader_u8(&r) << 16;
		flight->certificates_cut |= reader_be16(&r);
	}
}

static void walk(struct tls_flight *flight)
{
	struct reader r = reader_over(span_after(buffer_span(&flight->messages), flight->walked));
	struct tls_message message;
	int error = 0;

	while (flight->state == TLS_FLIGHT_MORE) {
		error = tls_message_next(&r, &message);
		if (error != 0) {
			break;
		}
		note_message(flight, &message);
	}
	if (error == ERR_LIMIT) {
		note_too_long(flight, r);
	}
	flight->walked = flight->messages.len - reader_left(&r);
	if (error != 0 && error != ERR_AGAIN) {
		flight->state = TLS_FLIGHT_BROKEN;
	}
}

static void take_alert(struct tls_flight *flight, struct span payload)
{
	if (payload.len < 2) {
		flight->state = TLS_FLIGHT_BROKEN;
		return;
	}
	if (payload.ptr[0] == ALERT_WARNING && payload.ptr[1] != 0) {
		return; /* unrecognized_name and the like: the handshake goes on */
	}
	flight->alert_level = payload.ptr[0];
	flight->alert = payload.ptr[1];
	flight->state = TLS_FLIGHT_ALERT;
}

static void take_record(struct tls_flight *flight, const struct tls_record *record)
{
	if (flight->records++ == 0) {
		flight->record_version = record->version;
	}
	if (flight->records > TLS_FLIGHT_RECORDS_MAX) {
		flight->state = TLS_FLIGHT_BROKEN;
	} else if (record->type == TLS_RECORD_ALERT) {
		take_alert(flight, record->payload);
	} else if (record->type != TLS_RECORD_HANDSHAKE ||
		   buffer_append(&flight->messages, record->payload) != 0) {
		flight->state = TLS_FLIGHT_BROKEN;
	} else {
		walk(flight);
	}
}

size_t tls_flight_take(struct tls_flight *flight, struct span bytes)
{
	struct reader r = reader_over(bytes);
	struct tls_record record;

	while (flight->state == TLS_FLIGHT_MORE) {
		int error = tls_record_next(&r, &record);

		if (error == ERR_AGAIN) {
			break;
		}
		if (error != 0) {
			flight->is_plain_http =
				flight->records == 0 && span_starts_with(bytes, "HTTP/");
			flight->state = TLS_FLIGHT_BROKEN;
			break;
		}
		take_record(flight, &record);
	}
	if (flight->state != TLS_FLIGHT_MORE) {
		refresh_hello(flight);
	}
	return bytes.len - reader_left(&r);
}

bool tls_flight_message(const struct tls_flight *flight, enum tls_message_type type,
			struct span *body)
{
	struct span all = buffer_span(&flight->messages);

	for (unsigned i = 0; i < flight->count; i++) {
		if (flight->found[i].type == type) {
			*body = span_first(span_after(all, flight->found[i].start),
					   flight->found[i].len);
			return true;
		}
	}
	return false;
}
