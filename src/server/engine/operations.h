/*
 * operations.h - what the api may ask of the engine with BUS_REQUEST, by name.
 *
 * NAME             ARGUMENTS                       RESULT
 * enrolment-token  tenant, uses, ttl_ms, actor     token, expires_ms
 * operator-token   tenant ("": platform), name,    token
 *                  actor
 * operator-token-  id, actor                       name, tenant
 *   revoke
 * tenant-add       name, actor                     created_ms
 * sensor-revoke    tenant, id, actor               id
 * policy-set       tenant, name, bytes (hex of     (none)
 *                  wire/policy.h), actor; with
 *                  "default" perhaps
 *                  events_keep_ms, events_max
 * policy-delete    tenant, name, actor             (none)
 * asset-tags       tenant, id, actor; set, add,    tags
 *                  remove: tags, separated by one
 *                  space
 * tidy             tenant                          (none): everything that lags is written
 * feed-update      name, actor                     requested_ms: when it is done, the feed's
 *                                                  tried_at in feeds/status.json is later
 * feed-import      name, inbox, force, actor       requested_ms; inbox: a folder of feeds/inbox
 * scope-put        tenant, name, actor; perhaps    name, token
 *                  is_on, period_s, from_minute,
 *                  to_minute, rate, ports, scanner
 * scope-remove     tenant, name, actor             (none)
 * scope-prove      tenant, name, actor; method     name, requested_ms: by dns and https the
 *                  (dns, https, statement),        scope's tried_at is later when it is done
 *                  statement
 * asset-join       tenant, id, address, scope,     (none)
 *                  is_join (0: never), reason,
 *                  actor
 * figures          (none)                          numbers: "NAME", or "NAME TENANT" where they
 *                                                  are of one tenant ("assets default")
 *
 * Failures bear an HTTP status, a code and a message for people. Whatever changes
 * something lands in the audit log with its actor.
 */
#pragma once

#include "base/span.h"
#include "base/writer.h"

struct engine;

/* Carries a request out and writes the reply's body. Never fails: what goes wrong is the reply. */
void operations_run(struct engine *engine, struct span request, struct writer *reply);
