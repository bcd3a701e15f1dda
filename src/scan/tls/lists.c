/* lists.c - what hellos offer, and in which order. */
#include <stdlib.h>

#include "scan/tls/assessment.h"

/* The signalling values are not among the suites; SRP needs an extension with a user's name, or the
 * server ends the handshake although it may have other suites. */
static bool is_offered(const struct tls_suite *suite)
{
	return suite->id <= UINT16_MAX && suite->kex != TLS_KEX_ANY && suite->kex != TLS_KEX_SRP &&
	       suite->kex != TLS_KEX_NONE;
}

/* Strength first, then AEAD, then the exchange: what a server without an order of its own should
 * take. */
static unsigned rank(const struct tls_suite *suite)
{
	static const unsigned char kex_ranks[] = {
		[TLS_KEX_ECDHE] = 7,
		[TLS_KEX_DHE] = 6,
		[TLS_KEX_RSA] = 5,
		[TLS_KEX_ECCPWD] = 0,
	};
	unsigned kex = (size_t)suite->kex < sizeof kex_ranks ? kex_ranks[suite->kex] : 0;

	return (suite->auth != TLS_AUTH_NONE ? 1u : 0u) << 24 | suite->bits << 12 |
	       (suite->mode == TLS_MODE_AEAD ? 1u : 0u) << 8 | kex << 4 |
	       (suite->auth == TLS_AUTH_ECDSA ? 1u : 0u);
}

struct ranked {
	uint16_t id;
	unsigned rank;
};

static int by_rank(const void *a, const void *b)
{
	const struct ranked *left = a;
	const struct ranked *right = b;

	if (left->rank != right->rank) {
		return left->rank < right->rank ? 1 : -1;
	}
	return left->id < right->id ? -1 : left->id > right->id;
}

static void take_suites(struct hello_lists *lists)
{
	struct ranked all[JOB_LEFT_MAX];
	size_t count = 0;
	struct tls_suite suite;

	for (size_t i = 0; i < tls_suites_count(); i++) {
		tls_suites_at(i, &suite);
		if (suite.id > UINT16_MAX && lists->kind_count < COUNT_OF(lists->kinds)) {
			lists->kinds[lists->kind_count++] = suite.id;
		}
		if (is_offered(&suite) && count < JOB_LEFT_MAX) {
			all[count++] = (struct ranked){ (uint16_t)suite.id, rank(&suite) };
		} else if (suite.kex == TLS_KEX_ANY &&
			   lists->suite13_count < COUNT_OF(lists->suites13)) {
			lists->suites13[lists->suite13_count++] = (uint16_t)suite.id;
		}
	}
	qsort(all, count, sizeof all[0], by_rank);
	for (size_t i = 0; i < count; i++) {
		(void)tls_suites_find(all[i].id, &lists->facts[lists->suite_count]);
		lists->classes[lists->suite_count] =
			(uint8_t)suite_classes(&lists->facts[lists->suite_count]);
		lists->suites[lists->suite_count++] = all[i].id;
	}
}

/* TLS_AES_256_GCM_SHA384 before the others, then as numbered, then those of few. */
static void order_13(struct hello_lists *lists)
{
	static const uint16_t first[] = { 0x1302, 0x1303, 0x1301 };

	for (size_t i = 0; i < COUNT_OF(first); i++) {
		size_t at = 0;

		while (at < lists->suite13_count && lists->suites13[at] != first[i]) {
			at++;
		}
		for (; at > i && at < lists->suite13_count; at--) {
			lists->suites13[at] = lists->suites13[at - 1];
		}
		lists->suites13[i] = first[i];
	}
}

void hello_lists_make(struct hello_lists *lists)
{
	size_t count;
	const struct tls_group *groups = tls_groups_all(&count);
	const struct tls_scheme *schemes;

	take_suites(lists);
	order_13(lists);
	for (size_t i = 0; i < count && i < COUNT_OF(lists->groups); i++) {
		lists->groups[lists->group_count++] = groups[i].id;
		lists->hybrid_count += groups[i].is_post_quantum;
	}
	schemes = tls_schemes_all(&count);
	for (size_t i = 0; i < count && i < COUNT_OF(lists->schemes); i++) {
		lists->schemes[lists->scheme_count++] = schemes[i].id;
	}
}
