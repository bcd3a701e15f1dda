/*
 * assess.h - assesses many TLS servers at once, each within stated bounds.
 *
 * Hellos are written by hand and only the first flight is read, so old ciphers need no support
 * here; what is encrypted is asked once, by a handshake. A target never has more connections at
 * once than configured, and never takes longer than its time.
 */
#pragma once

#include "scan/tls/result.h"
#include "sys/loop.h"
#include "sys/net.h"

struct tls_assess_config {
	unsigned targets_max;     /* at once */
	unsigned connections_max; /* of one target at once */
	int64_t connect_ms;
	int64_t answer_ms;
	int64_t target_ms;
	int64_t silence_ms; /* from when on nothing is an answer of its own (ROBOT) */
	bool is_quick;      /* what a letter needs, in about a dozen connections; no HTTPS */
	bool tests_vulnerabilities; /* by more than hellos: Heartbleed and the like */
};

/* What suits the Internet. */
struct tls_assess_config tls_assess_config_default(void);

struct tls_assessor;

/* Gets the result and owns it. */
typedef void tls_assess_done(void *context, struct tls_result *result);

struct tls_assessor *tls_assessor_new(struct loop *loop, const struct tls_assess_config *config,
				      tls_assess_done *done, void *context);
void tls_assessor_free(struct tls_assessor **assessor);

/* How many more may be added now. */
unsigned tls_assessor_room(const struct tls_assessor *assessor);

/* How many are under way. */
unsigned tls_assessor_busy(const struct tls_assessor *assessor);

/* How many are under way whose servers are near, or may be, for all that is known yet. A few dozen
 * of them keep a processor busy, and more would only leave its caches; those far away hardly count.
 */
unsigned tls_assessor_near(const struct tls_assessor *assessor);

/* Begins one; there must be room. target's address is filled in from address. */
void tls_assessor_add(struct tls_assessor *assessor, const struct tls_target *target,
		      const struct net_address *address);
