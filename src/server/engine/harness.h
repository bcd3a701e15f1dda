/*
 * harness.h - an engine in a fresh folder with a sensor's side by hand, for tests; not part of the
 * server.
 */
#pragma once

#include "server/bus/arguments.h"
#include "server/bus/bus.h"
#include "server/engine/engine.h"
#include "server/tenants/tenants.h"
#include "sys/buffer.h"
#include "wire/session.h"

/* What the engine sent, kept until taken. */
struct harness_answer {
	uint8_t kind;
	uint64_t id;
	uint8_t *body;
	size_t size;
};

#define HARNESS_ANSWERS_MAX 4096

struct harness {
	char folder[64];
	struct engine *engine;
	struct engine_link *ingest;
	struct engine_link *api;
	struct harness_answer answers[HARNESS_ANSWERS_MAX];
	size_t answer_count;
	struct buffer held; /* the bytes of the answer taken last */
};

/* A sensor's key and certificate. */
struct harness_sensor {
	struct buffer key_pem;
	struct buffer request;
	struct buffer certificate;
	uint8_t key_hash[32];
	char id[17];
};

/* Opens an engine with the tenants "default" and "other". */
void harness_open(struct harness *h);
void harness_close(struct harness *h);

/* Closes the engine and opens it again on the same folder, with fresh links. */
void harness_restart(struct harness *h);

/* Ends the turn, until no work is left. */
void harness_commit(struct harness *h);

/* Takes the oldest answer to this id; false where there is none. body is valid until the next call.
 */
bool harness_take(struct harness *h, uint64_t id, uint8_t *out_kind, struct span *body);

/* Takes the oldest answer to a session, which must be one message, and decodes it. */
struct message harness_message(struct harness *h, uint64_t session);
bool harness_has_answer(const struct harness *h, uint64_t id);

/* An operation of the api, answered at once. Result and spans are valid until the next call. */
struct reply harness_request(struct harness *h, const char *operation,
			     const struct argument *arguments, size_t count);

/* A token of the tenant for so many uses. */
void harness_token(struct harness *h, const char *tenant, uint64_t uses, char out[TOKEN_TEXT_SIZE]);

/* A sensor with a new key, enrolled in the tenant. */
void harness_enrol(struct harness *h, const char *tenant, struct harness_sensor *out);
void harness_sensor_init(struct harness_sensor *sensor);
void harness_sensor_done(struct harness_sensor *sensor);

/* Sends BUS_ENROL and ends the turn; the answer: HTTP status or 0, and the certificate or the
 * reason. */
unsigned harness_try_to_enrol(struct harness *h, const char *token, struct span request,
			      struct span *out);
unsigned harness_try_to_renew(struct harness *h, const char *tenant, const char *sensor_id,
			      const uint8_t key_hash[32], struct span request, struct span *out);

/* The same for BUS_CLONE. */
unsigned harness_try_to_clone(struct harness *h, const char *tenant, const char *sensor_id,
			      const uint8_t key_hash[32], struct span request, struct span *out);

void harness_open_session(struct harness *h, uint64_t session, const char *tenant,
			  const char *sensor_id, const uint8_t key_hash[32]);

/* From an address; replaced: that of the sensor's session before, which ingest has ended. */
void harness_open_session_from(struct harness *h, uint64_t session, const char *tenant,
			       const char *sensor_id, const uint8_t key_hash[32],
			       const char *address, const char *replaced);
void harness_close_session(struct harness *h, uint64_t session);

/* One message from a sensor, without ending the turn. */
void harness_send(struct harness *h, uint64_t session, const struct message *message);

/* Opens a session, says hello for packages and os, and takes the welcome. */
struct message harness_greet(struct harness *h, uint64_t session, const char *tenant,
			     const struct harness_sensor *sensor);

/* The same of a sensor that knows policies and events; policy: the digest of the one in force
 * there. */
struct message harness_greet_policed(struct harness *h, uint64_t session,
				     const struct harness_sensor *sensor,
				     const uint8_t policy[MESSAGE_POLICY_DIGEST]);
