/* trust_test.c - chains and stapled answers made with openssl, at times that are stated. */
#include "sys/trust.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <cmocka.h>

#include "base/error.h"
#include "sys/trust_files.h"

#define YEAR_2000_S INT64_C(946684800)

static uint8_t store_bytes[8][TRUST_FILE_MAX];

static struct span file(unsigned slot, const char *name)
{
	return trust_file(store_bytes[slot], name);
}

static struct trust_path verify_at(const struct span *chain, size_t count, int64_t now_s)
{
	struct trust_store *store = NULL;
	struct trust_path path;

	assert_int_equal(trust_store_open(TRUST_FILES "/root.pem", &store, NULL), 0);
	trust_verify(store, chain, count, now_s, &path);
	trust_store_free(&store);
	return path;
}

static struct trust_path verify(const char *leaf, const char *second)
{
	struct span chain[] = { file(0, leaf), { 0 } };

	if (second != NULL) {
		chain[1] = file(1, second);
	}
	return verify_at(chain, second != NULL ? 2 : 1, TRUST_FILES_NOW);
}

static void a_good_chain_is_trusted(void **state)
{
	struct trust_path path = verify("good.der", "intermediate.der");

	(void)state;
	assert_int_equal(path.problems, 0);
	assert_int_equal(path.length, 3);
	assert_int_equal(path.used, 3);
	assert_string_equal(path.reason, "");
}

static void order_does_not_matter_and_what_is_not_needed_is_not_used(void **state)
{
	struct span chain[] = { file(0, "good.der"), file(1, "other.der"), file(2, "root.der"),
				file(3, "intermediate.der") };
	struct trust_path path = verify_at(chain, 4, TRUST_FILES_NOW);

	(void)state;
	assert_int_equal(path.problems, 0);
	assert_int_equal(path.used, 1 | 4 | 8);
}

static void tells_what_is_wrong(void **state)
{
	(void)state;
	assert_int_equal(verify("expired.der", "intermediate.der").problems, TRUST_EXPIRED);
	assert_int_equal(verify("self.der", NULL).problems, TRUST_SELF_SIGNED);
	assert_true(verify("good.der", NULL).problems & TRUST_NO_ISSUER);
	assert_true(verify("good.der", "self.der").problems & TRUST_NO_ISSUER);
	assert_int_equal(verify("root.pem", NULL).problems, TRUST_UNREADABLE);
}

static void tells_every_problem_at_once(void **state)
{
	unsigned problems = verify("expired.der", NULL).problems;

	(void)state;
	assert_true(problems & TRUST_EXPIRED);
	assert_true(problems & TRUST_NO_ISSUER);
}

static void time_is_what_the_caller_says(void **state)
{
	struct span chain[] = { file(0, "good.der"), file(1, "intermediate.der") };

	(void)state;
	assert_true(verify_at(chain, 2, YEAR_2000_S).problems & TRUST_NOT_YET);
	assert_true(verify_at(chain, 2, YEAR_2000_S).problems & TRUST_ISSUER_EXPIRED);
	assert_true(verify_at(chain, 2, TRUST_FILES_NOW * 2).problems & TRUST_EXPIRED);
}

static void what_was_said_of_a_chain_is_not_said_of_another_nor_at_another_time(void **state)
{
	struct span chain[] = { file(0, "good.der"), file(1, "intermediate.der") };
	struct span shorter[] = { chain[0] };
	struct trust_store *known = NULL;
	struct trust_path path;

	(void)state;
	assert_int_equal(trust_store_open(TRUST_FILES "/root.pem", &known, NULL), 0);
	for (int i = 0; i < 2; i++) { /* as asked for the first time, and as remembered */
		trust_verify(known, chain, 2, TRUST_FILES_NOW, &path);
		assert_int_equal(path.problems, 0);
		assert_int_equal(path.used, 3);
		trust_verify(known, shorter, 1, TRUST_FILES_NOW, &path);
		assert_true(path.problems & TRUST_NO_ISSUER);
		trust_verify(known, chain, 2, YEAR_2000_S, &path);
		assert_true(path.problems & TRUST_NOT_YET);
	}
	store_bytes[1][chain[1].len - 1] ^= 1; /* another issuer, in the same place */
	trust_verify(known, chain, 2, TRUST_FILES_NOW, &path);
	assert_int_not_equal(path.problems, 0);
	store_bytes[1][chain[1].len - 1] ^= 1;
	trust_verify(known, chain, 2, TRUST_FILES_NOW, &path);
	assert_int_equal(path.problems, 0);
	trust_store_free(&known);
}

static void a_changed_byte_breaks_the_signature(void **state)
{
	struct span chain[] = { file(0, "good.der"), file(1, "intermediate.der") };

	(void)state;
	store_bytes[0][chain[0].len - 1] ^= 1;
	assert_true(verify_at(chain, 2, TRUST_FILES_NOW).problems & TRUST_BAD_SIGNATURE);
}

static void an_unknown_root_that_was_sent_is_told(void **state)
{
	struct span chain[] = { file(0, "good.der"), file(1, "intermediate.der"),
				file(2, "root.der") };
	struct trust_store *store = NULL;
	struct trust_path path;

	(void)state;
	assert_int_equal(trust_store_open(TRUST_FILES "/self.pem", &store, NULL), ERR_IO);
	assert_int_equal(trust_store_open(NULL, &store, NULL), 0);
	trust_verify(store, chain, 3, TRUST_FILES_NOW, &path);
	trust_store_free(&store);
	assert_int_equal(path.problems, TRUST_UNKNOWN_ROOT);
}

static void certificates_without_end_are_cut_off(void **state)
{
	static uint8_t huge[TRUST_DER_SIZE_MAX + 1] = { 0x30, 0x83, 0x03, 0xff, 0xfc };
	struct span chain[40];

	(void)state;
	chain[0] = (struct span){ huge, sizeof huge };
	assert_int_equal(verify_at(chain, 1, TRUST_FILES_NOW).problems, TRUST_UNREADABLE);
	for (size_t i = 0; i < 40; i++) {
		chain[i] = i == 39 ? file(1, "intermediate.der") : file(0, "good.der");
	}
	assert_true(verify_at(chain, 40, TRUST_FILES_NOW).problems & TRUST_NO_ISSUER);
}

static struct trust_ocsp status_of(const char *answer, const char *leaf, int64_t now_s)
{
	struct span chain[] = { file(0, leaf), file(1, "intermediate.der") };
	struct trust_ocsp status;

	trust_read_ocsp(file(2, answer), chain, 2, now_s, &status);
	return status;
}

static void stapled_answers_are_read(void **state)
{
	struct trust_ocsp good = status_of("good.ocsp", "good.der", TRUST_FILES_NOW);
	struct trust_ocsp revoked = status_of("revoked.ocsp", "revoked.der", TRUST_FILES_NOW);

	(void)state;
	assert_string_equal(good.reason, "");
	assert_int_equal(good.status, TRUST_STATUS_GOOD);
	assert_int_equal(good.next_update_s - good.this_update_s, 7 * 86400);
	assert_int_equal(revoked.status, TRUST_STATUS_REVOKED);
	assert_true(revoked.revoked_at_s > 0);
}

static void stapled_answers_must_be_signed_in_time_and_about_this_one(void **state)
{
	struct span chain[] = { file(0, "good.der"), file(1, "intermediate.der") };
	struct trust_ocsp status;
	struct span answer;

	(void)state;
	assert_int_equal(status_of("good.ocsp", "other.der", TRUST_FILES_NOW).status,
			 TRUST_STATUS_NONE);
	assert_true(
		status_of("good.ocsp", "good.der", TRUST_FILES_NOW + 30 * 86400).is_out_of_date);
	assert_int_equal(status_of("good.ocsp", "good.der", TRUST_FILES_NOW + 30 * 86400).status,
			 TRUST_STATUS_NONE);
	answer = file(2, "good.ocsp");
	trust_read_ocsp(answer, chain, 1, TRUST_FILES_NOW, &status);
	assert_int_equal(status.status, TRUST_STATUS_NONE); /* without an issuer */
	/* the second of producedAt: nothing but the signature tells */
	for (size_t i = 0; i + 17 < answer.len; i++) {
		if (store_bytes[2][i] == 0x18 && store_bytes[2][i + 1] == 15) {
			store_bytes[2][i + 15] ^= 1;
			break;
		}
	}
	trust_read_ocsp(answer, chain, 2, TRUST_FILES_NOW, &status);
	assert_int_equal(status.status, TRUST_STATUS_NONE);
	assert_string_equal(status.reason, "the response is not signed by the issuer");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_good_chain_is_trusted),
		cmocka_unit_test(order_does_not_matter_and_what_is_not_needed_is_not_used),
		cmocka_unit_test(tells_what_is_wrong),
		cmocka_unit_test(tells_every_problem_at_once),
		cmocka_unit_test(time_is_what_the_caller_says),
		cmocka_unit_test(
			what_was_said_of_a_chain_is_not_said_of_another_nor_at_another_time),
		cmocka_unit_test(a_changed_byte_breaks_the_signature),
		cmocka_unit_test(an_unknown_root_that_was_sent_is_told),
		cmocka_unit_test(certificates_without_end_are_cut_off),
		cmocka_unit_test(stapled_answers_are_read),
		cmocka_unit_test(stapled_answers_must_be_signed_in_time_and_about_this_one),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
