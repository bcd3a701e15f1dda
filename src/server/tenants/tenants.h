/*
 * tenants.h - the platform's own file: tenants, enrolment tokens, operators' tokens, the
 * certificate authority's use, and the audit log.
 *
 * One writer (the engine); the api reads. Tokens are kept as SHA-256 only. Each
 * decision about a tenant's data is taken by access_judge, nowhere else.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/attr.h"
#include "base/span.h"
#include "sys/buffer.h"
#include "sys/why.h"

/* ^[a-z][a-z0-9-]{0,62}$ and a NUL. */
#define TENANT_NAME_SIZE 64
/* "btz_" or "bte_", 43 characters of base64url (32 random bytes) and a NUL. */
#define TOKEN_TEXT_SIZE 48

struct platform;

/* Opens DIR/platform.db; is_writer creates what is missing. */
MUST_USE int platform_open(const char *data_folder, bool is_writer, struct platform **out,
			   struct why *why);
void platform_close(struct platform **platform);

/* What follows is one transaction, so that a deed and its entry in the audit log stand or fall
 * together; each function below is one of its own otherwise. They nest: only the outermost commit
 * writes. */
MUST_USE int platform_begin(struct platform *p, struct why *why);

/* A commit that fails has undone what it was for. */
MUST_USE int platform_commit(struct platform *p, struct why *why);
void platform_rollback(struct platform *p);

struct tenant {
	char name[TENANT_NAME_SIZE];
	int64_t created_ms;
};

bool tenant_name_is_valid(struct span name);
MUST_USE int tenant_add(struct platform *p, const char *name, int64_t now_ms, struct why *why);
MUST_USE int tenant_find(struct platform *p, const char *name, struct tenant *out);
/* Each tenant by name; the callback returns false to stop. */
MUST_USE int tenant_each(struct platform *p, bool (*each)(void *context, const struct tenant *t),
			 void *context);
/* "DATA/tenants/NAME.db" */
void tenant_path(const char *data_folder, const char *name, char *out, size_t out_size);

/* What a token lets enrol. kind: "agent" or "scanner"; what enrolled as one is never the other. */
#define SENSOR_KIND_SIZE 8
struct enrolment_terms {
	char tenant[TENANT_NAME_SIZE];
	char kind[SENSOR_KIND_SIZE];
};

/* A token for sensors; the text is written once and never kept. */
MUST_USE int enrolment_token_new(struct platform *p, const struct enrolment_terms *terms,
				 uint32_t uses, int64_t expires_ms, int64_t now_ms,
				 char out[TOKEN_TEXT_SIZE], struct why *why);

/* Takes one use. ERR_DENIED with a reason (unknown, expired, used up: the reason to log; a stranger
 * is told the same for each). */
MUST_USE int enrolment_token_redeem(struct platform *p, struct span token, int64_t now_ms,
				    struct enrolment_terms *out, struct why *why);

/* Who asks: an operator's token of the platform (tenant "") or of one tenant. */
struct identity {
	char name[101];
	char tenant[TENANT_NAME_SIZE]; /* "": the platform */
};

MUST_USE int operator_token_new(struct platform *p, const char *tenant, const char *name,
				int64_t now_ms, char out[TOKEN_TEXT_SIZE], struct why *why);
MUST_USE int operator_token_find(struct platform *p, struct span token, struct identity *out);

/* An operator's token as it is listed: its id is the beginning of its hash, 16 hex digits. */
#define OPERATOR_TOKEN_ID_SIZE 17
struct operator_token {
	char id[OPERATOR_TOKEN_ID_SIZE];
	struct identity who;
	int64_t created_ms;
};

/* Each, the oldest first; the callback returns false to stop. */
MUST_USE int operator_token_each(struct platform *p,
				 bool (*each)(void *context, const struct operator_token *token),
				 void *context);

/* ERR_NOT_FOUND; ERR_CONFLICT where it is the platform's last one. *out: what was revoked. */
MUST_USE int operator_token_revoke(struct platform *p, const char *id, struct operator_token *out,
				   struct why *why);

enum access {
	ACCESS_READ,     /* see a tenant's data */
	ACCESS_OPERATE,  /* tokens for sensors, revocation */
	ACCESS_PLATFORM, /* tenants, operators' tokens, audit log, metrics */
};

/* 0, or ERR_DENIED (not for this identity), or ERR_NOT_FOUND (this tenant does not exist for it).
 */
MUST_USE int access_judge(struct platform *p, const struct identity *who, enum access access,
			  const char *tenant);

/* Appends to the audit log: entry n's hash is SHA-256 over hash n-1 and the entry's own canonical
 * CBOR. */
MUST_USE int audit_add(struct platform *p, int64_t now_ms, const char *actor, const char *action,
		       const char *subject, const char *tenant, struct why *why);

struct audit_entry {
	int64_t no;
	int64_t at_ms;
	const char *actor;
	const char *action;
	const char *subject;
	const char *tenant; /* "" for none */
	uint8_t hash[32];
};
/* Newest first, at most limit; before: only older numbers, 0 for all. */
MUST_USE int audit_each(struct platform *p, size_t limit, int64_t before,
			bool (*each)(void *context, const struct audit_entry *entry),
			void *context);
/* Checks the whole chain: 0, or ERR_CONFLICT and the first entry that does not fit. */
MUST_USE int audit_verify(struct platform *p, int64_t *out_bad_no);

/* The certificate authority of this platform: DIR/ca.pem, DIR/ca.key. */
struct authority;
MUST_USE int authority_open(const char *data_folder, struct authority **out, struct why *why);
void authority_free(struct authority **authority);

/* Makes CA and server key and certificate where they are missing, renews the server's where it is
 * past two thirds of its life or lacks one of the names. Before any role starts. */
MUST_USE int authority_prepare(const char *data_folder, const char *const *dns_names,
			       const char *const *addresses, struct why *why);

/* Signs a sensor's request: CN=sensor_id, O=tenant, clientAuth. */
MUST_USE int authority_sign_sensor(struct authority *a, struct span request_der,
				   const char *sensor_id, const char *tenant, int64_t lifetime_s,
				   struct buffer *out_der, struct why *why);
