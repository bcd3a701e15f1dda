/* policy_store_test.c - a policy through restarts and torn writes. */
#include "sensor/policy_store.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>
#include <cmocka.h>

#include "base/error.h"

struct encoded {
	uint8_t bytes[4096];
	uint8_t digest[MESSAGE_POLICY_DIGEST];
	size_t len;
};

/* A policy that tells its number by the ring's size. */
static struct encoded policy_of(uint64_t number)
{
	struct encoded e = { .len = 0 };
	struct policy *policy = calloc(1, sizeof *policy);
	struct writer w = writer_over(e.bytes, sizeof e.bytes);

	policy->budget.ring_bytes = number;
	policy->files.paths[0] = span_of("/srv");
	policy->files.path_count = 1;
	assert_int_equal(policy_encode(policy, &w), 0);
	e.len = writer_used(&w);
	policy_digest((struct span){ e.bytes, e.len }, e.digest);
	free(policy);
	return e;
}

static int set(struct policy_store *store, const struct encoded *e, bool *out_is_remembered)
{
	uint8_t copy[4096];

	memcpy(copy, e->bytes, e->len); /* what was borrowed goes */
	return policy_store_set(store, (struct span){ e->digest, sizeof e->digest },
				(struct span){ copy, e->len }, out_is_remembered);
}

static uint64_t number_of(const struct policy_store *store)
{
	return policy_store_policy(store)->budget.ring_bytes;
}

static void what_is_set_is_in_force_and_remembered(void **state)
{
	int fd = memfd_create("policy", 0);
	struct policy_store *store = policy_store_open(dup(fd));
	static const uint8_t none[MESSAGE_POLICY_DIGEST];
	bool is_remembered = false;

	(void)state;
	assert_memory_equal(policy_store_digest(store), none, sizeof none);
	assert_int_equal(number_of(store), 0);
	for (uint64_t i = 1; i < 6; i++) {
		struct encoded e = policy_of(i);

		assert_int_equal(set(store, &e, &is_remembered), 0);
		assert_true(is_remembered);
		assert_int_equal(number_of(store), i);
		policy_store_close(&store);
		store = policy_store_open(dup(fd));
		assert_int_equal(number_of(store), i);
		assert_memory_equal(policy_store_digest(store), e.digest, sizeof e.digest);
		assert_true(span_is(policy_store_policy(store)->files.paths[0], "/srv"));
	}
	policy_store_close(&store);
	close(fd);
}

static void what_cannot_be_read_leaves_the_old_one(void **state)
{
	struct policy_store *store = policy_store_open(-1);
	struct encoded good = policy_of(1);
	struct encoded bad = policy_of(2);
	bool is_remembered = true;

	(void)state;
	assert_int_equal(set(store, &good, &is_remembered), 0);
	assert_false(is_remembered); /* there is no file */
	bad.digest[3] ^= 1;
	assert_int_equal(set(store, &bad, &is_remembered), ERR_MALFORMED);
	bad.len--;
	policy_digest((struct span){ bad.bytes, bad.len }, bad.digest);
	assert_int_not_equal(set(store, &bad, &is_remembered), 0);
	assert_int_equal(number_of(store), 1);
	assert_memory_equal(policy_store_digest(store), good.digest, sizeof good.digest);
	policy_store_close(&store);
}

static void a_torn_write_at_any_byte_leaves_the_older_one(void **state)
{
	int fd = memfd_create("policy", 0);
	struct policy_store *store = policy_store_open(dup(fd));
	struct encoded first = policy_of(1);
	struct encoded second = policy_of(2);
	uint8_t whole[256];
	ssize_t size;
	bool is_remembered;

	(void)state;
	assert_int_equal(set(store, &first, &is_remembered), 0);
	assert_int_equal(set(store, &second, &is_remembered), 0);
	policy_store_close(&store);
	size = pread(fd, whole, sizeof whole, POLICY_STORE_PLACE_SIZE);
	assert_true(size > 0);
	for (ssize_t i = 0; i < size; i++) {
		uint8_t flipped = whole[i] ^ 1;

		assert_int_equal(pwrite(fd, &flipped, 1, POLICY_STORE_PLACE_SIZE + i), 1);
		store = policy_store_open(dup(fd));
		assert_int_equal(number_of(store), 1);
		policy_store_close(&store);
		assert_int_equal(pwrite(fd, &whole[i], 1, POLICY_STORE_PLACE_SIZE + i), 1);
	}
	for (ssize_t len = size - 1; len >= 0; len--) {
		assert_int_equal(ftruncate(fd, POLICY_STORE_PLACE_SIZE + len), 0);
		store = policy_store_open(dup(fd));
		assert_int_equal(number_of(store), 1);
		policy_store_close(&store);
	}
	close(fd);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_is_set_is_in_force_and_remembered),
		cmocka_unit_test(what_cannot_be_read_leaves_the_old_one),
		cmocka_unit_test(a_torn_write_at_any_byte_leaves_the_older_one),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
