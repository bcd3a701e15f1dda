/* attack_test.c - servers that are really vulnerable, and sound ones beside them: each attack says
 * yes to the one, with its reason, and no to the other. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>
#include <string.h>

#include "base/attr.h"
#include "scan/tls/assess.h"
#include "scan/tls/flawed_keys_harness.h"
#include "scan/tls/flawed_harness.h"

#define CONNECTIONS_MAX 160 /* of one assessment of a server that is asked everything */

#define RSA_AES_CBC    0x002f
#define RSA_RC4        0x0005
#define RSA_3DES       0x000a
#define RSA_AES_GCM    0x009c
#define RSA_EXPORT_RC4 0x0003
#define DHE_AES_CBC    0x0033
#define DHE_EXPORT_DES 0x0014

struct fixture {
	struct loop *loop;
	struct flawed_server *server;
	struct tls_assessor *assessor;
	struct tls_result *result;
};

static struct flawed_identity *identity;

static int set_up(void **state)
{
	(void)state;
	identity = flawed_identity_new();
	return 0;
}

static int tear_down(void **state)
{
	(void)state;
	flawed_identity_free(&identity);
	return 0;
}

static void on_result(void *context, struct tls_result *result)
{
	struct fixture *f = context;

	f->result = result;
	loop_stop(f->loop);
}

/* Nothing is waited for that is not an answer here; where nothing is one, it is waited for long
 * enough that a busy machine does not make one of it. */
#define SHORT_MS  30
#define ENOUGH_MS 1000

static void assess_as(struct fixture *f, const struct flaws *flaws, bool is_quick)
{
	struct tls_assess_config config = tls_assess_config_default();
	struct tls_target target = { .host = "127.0.0.1", .is_host_address = true };
	bool is_silent = flaws->strange == STAYS_SILENT || flaws->padding == RECORDS_ARE_IGNORED;

	*f = (struct fixture){ .loop = loop_new() };
	f->server = flawed_server_new(f->loop, flaws, identity);
	config.silence_ms = flaws->robot == ROBOT_IN_SHORT ? 3 * ENOUGH_MS : SHORT_MS;
	config.answer_ms = is_silent                          ? ENOUGH_MS
			   : flaws->robot == ROBOT_BY_SILENCE ? 2 * ENOUGH_MS
							      : 30000;
	config.target_ms = 300000;
	config.is_quick = is_quick;
	f->assessor = tls_assessor_new(f->loop, &config, on_result, f);
	tls_assessor_add(f->assessor, &target, flawed_server_address(f->server));
	loop_run(f->loop);
	assert_non_null(f->result);
	assert_int_equal(f->result->failure, TLS_FINE);
	assert_false(f->result->accounting.is_timed_out);
	assert_in_range(f->result->accounting.connections, 1, CONNECTIONS_MAX);
}

static void assess(struct fixture *f, const struct flaws *flaws)
{
	assess_as(f, flaws, false);
}

static void done(struct fixture *f)
{
	tls_assessor_free(&f->assessor);
	tls_result_free(&f->result);
	flawed_server_free(&f->server);
	loop_turn(f->loop, 0); /* buries the watches */
	loop_free(&f->loop);
}

static void assert_finding(const struct fixture *f, enum tls_vulnerability vulnerability,
			   enum tls_fact fact, const char *detail)
{
	const struct tls_finding *finding = &f->result->vulnerabilities[vulnerability];

	if (finding->fact != fact || strcmp(finding->detail, detail) != 0) {
		fail_msg("%s: %s, \"%s\"", tls_vulnerability_name(vulnerability),
			 tls_fact_text(finding->fact), finding->detail);
	}
}

/* One server, one finding. */
static void assert_told(const struct flaws *flaws, enum tls_vulnerability vulnerability,
			enum tls_fact fact, const char *detail)
{
	struct fixture f;

	assess(&f, flaws);
	assert_finding(&f, vulnerability, fact, detail);
	done(&f);
}

static void a_sound_server_is_open_to_nothing_but_what_it_offers(void **state)
{
	const struct flaws sound = { .has_heartbeat = true, .has_tickets = true };
	struct fixture f;
	(void)state;

	assess(&f, &sound);
	assert_finding(&f, TLS_HEARTBLEED, TLS_NO, "");
	assert_finding(&f, TLS_CCS_INJECTION, TLS_NO, "");
	assert_finding(&f, TLS_ROBOT, TLS_NO, "");
	assert_finding(&f, TLS_POODLE_SSL, TLS_NO, "");
	assert_finding(&f, TLS_POODLE_TLS, TLS_NO, "");
	assert_finding(&f, TLS_PADDING_ORACLE, TLS_NO, "");
	assert_finding(&f, TLS_BEAST, TLS_NO, "");
	assert_finding(&f, TLS_DROWN, TLS_NO, "");
	assert_finding(&f, TLS_LOGJAM, TLS_NO, "");
	assert_finding(&f, TLS_FREAK, TLS_NO, "");
	assert_finding(&f, TLS_SWEET32, TLS_NO, "");
	assert_finding(&f, TLS_RC4, TLS_NO, "");
	assert_finding(&f, TLS_CRIME, TLS_NO, "");
	assert_finding(&f, TLS_TICKETBLEED, TLS_NO, "");
	assert_finding(&f, TLS_RENEGOTIATION, TLS_NO, "");
	assert_finding(&f, TLS_NO_DOWNGRADE_GUARD, TLS_NO, "one version only");
	done(&f);
}

/*
 * CBC records
 */

static void padding_that_is_not_looked_at_is_poodle(void **state)
{
	const struct flaws ignores = { .padding = PADDING_IS_IGNORED };
	const struct flaws in_part = { .padding = PADDING_IS_CHECKED_IN_PART };
	const struct flaws mac = { .padding = MAC_IS_IGNORED };
	(void)state;

	assert_told(&ignores, TLS_POODLE_TLS, TLS_YES,
		    "TLSv1.2: records are taken whatever their padding");
	assert_told(&in_part, TLS_POODLE_TLS, TLS_YES,
		    "TLSv1.2: of the padding only a part is looked at");
	assert_told(&mac, TLS_POODLE_TLS, TLS_YES,
		    "TLSv1.2: records are taken whatever their padding and MAC");
}

static void poodle_is_found_in_old_versions_too(void **state)
{
	const struct flaws old = { .lowest = 0x0301,
				   .highest = 0x0301,
				   .padding = PADDING_IS_IGNORED };
	const struct flaws middle = { .lowest = 0x0302,
				      .highest = 0x0302,
				      .padding = PADDING_IS_IGNORED };
	const struct flaws sound = { .lowest = 0x0301 };
	(void)state;

	assert_told(&old, TLS_POODLE_TLS, TLS_YES,
		    "TLSv1.0: records are taken whatever their padding");
	assert_told(&middle, TLS_POODLE_TLS, TLS_YES,
		    "TLSv1.1: records are taken whatever their padding");
	assert_told(&sound, TLS_POODLE_TLS, TLS_NO, "");
}

static void a_server_that_speaks_first_is_judged_by_more_than_its_greeting(void **state)
{
	const struct flaws sound = { .greets = true };
	const struct flaws ignores = { .greets = true, .padding = PADDING_IS_IGNORED };
	(void)state;

	assert_told(&sound, TLS_POODLE_TLS, TLS_NO, "");
	assert_told(&ignores, TLS_POODLE_TLS, TLS_YES,
		    "TLSv1.2: records are taken whatever their padding");
}

static void a_warning_before_all_is_no_refusal(void **state)
{
	const struct flaws silent = { .warns = true, .padding = RECORDS_ARE_IGNORED };
	const struct flaws ignores = { .warns = true, .padding = PADDING_IS_IGNORED };
	(void)state;

	assert_told(&silent, TLS_POODLE_TLS, TLS_UNKNOWN,
		    "TLSv1.2: says nothing, whether a record is right or wrong");
	assert_told(&ignores, TLS_POODLE_TLS, TLS_YES,
		    "TLSv1.2: records are taken whatever their padding");
}

static void records_that_are_refused_in_different_words_are_an_oracle(void **state)
{
	const struct flaws told = { .padding = PADDING_IS_TOLD };
	const struct flaws empty = { .padding = PADDING_IS_TOLD_IF_EMPTY };
	struct fixture f;
	(void)state;

	assess(&f, &told);
	assert_finding(&f, TLS_POODLE_TLS, TLS_NO, "");
	assert_finding(&f, TLS_PADDING_ORACLE, TLS_YES,
		       "TLSv1.2: alert 20 to a wrong MAC, alert 21 to wrong padding");
	done(&f);
	assert_told(&empty, TLS_PADDING_ORACLE, TLS_YES,
		    "TLSv1.2: alert 20 to a wrong MAC, the end of the connection to an empty "
		    "record with a wrong MAC");
}

static void a_server_that_takes_no_record_at_all_is_not_judged(void **state)
{
	const struct flaws refuses = { .padding = RECORDS_ARE_REFUSED };
	const struct flaws ignores = { .padding = RECORDS_ARE_IGNORED };
	(void)state;

	assert_told(&refuses, TLS_POODLE_TLS, TLS_UNKNOWN,
		    "TLSv1.2: a record with right padding is refused, too: alert 20");
	assert_told(&ignores, TLS_POODLE_TLS, TLS_UNKNOWN,
		    "TLSv1.2: says nothing, whether a record is right or wrong");
}

static void without_cbc_there_is_no_padding(void **state)
{
	static const uint16_t gcm[] = { RSA_AES_GCM };
	const struct flaws flaws = { .suites = gcm, .suite_count = COUNT_OF(gcm) };
	struct fixture f;
	(void)state;

	assess(&f, &flaws);
	assert_finding(&f, TLS_POODLE_TLS, TLS_NO, "no CBC suites");
	assert_finding(&f, TLS_PADDING_ORACLE, TLS_NO, "no CBC suites");
	assert_finding(&f, TLS_LUCKY13, TLS_NO, "");
	done(&f);
}

/*
 * ROBOT
 */

static void a_key_exchange_whose_padding_is_told_is_robot(void **state)
{
	const struct flaws alert = { .robot = ROBOT_BY_ALERT };
	const struct flaws weak = { .robot = ROBOT_WEAKLY };
	const struct flaws duplicate = { .robot = ROBOT_BY_DUPLICATE };
	const struct flaws reset = { .robot = ROBOT_BY_RESET };
	(void)state;

	assert_told(&alert, TLS_ROBOT, TLS_YES,
		    "strong oracle: alert 20 and a close to right padding, alert 51 and a close to "
		    "a wrong start");
	assert_told(&weak, TLS_ROBOT, TLS_YES,
		    "weak oracle: alert 20 and a close to right padding, alert 47 and a close to a "
		    "wrong start");
	assert_told(&duplicate, TLS_ROBOT, TLS_YES,
		    "strong oracle: alert 20 and a close to right padding, alert 20 twice and a "
		    "close to a wrong start");
	assert_told(&reset, TLS_ROBOT, TLS_YES,
		    "weak oracle: a close to right padding, a reset to a wrong start");
}

static void silence_is_an_answer_too(void **state)
{
	const struct flaws silence = { .robot = ROBOT_BY_SILENCE };
	struct fixture f;
	(void)state;

	assess(&f, &silence);
	assert_finding(&f, TLS_ROBOT, TLS_YES,
		       "strong oracle: alert 20 and a close to right padding, nothing to a wrong "
		       "start");
	done(&f);
}

static void the_short_flow_tells_what_the_full_one_hides(void **state)
{
	const struct flaws flaws = { .robot = ROBOT_IN_SHORT };
	struct fixture f;
	(void)state;

	assess(&f, &flaws);
	assert_finding(&f, TLS_ROBOT, TLS_YES,
		       "weak oracle: nothing to right padding, alert 51 and a close to a wrong "
		       "start (short flow)");
	done(&f);
}

static void answers_that_differ_by_chance_are_no_oracle(void **state)
{
	const struct flaws flaws = { .robot = ROBOT_BY_CHANCE };
	(void)state;

	assert_told(&flaws, TLS_ROBOT, TLS_UNKNOWN, "answers differ, but not steadily");
}

/*
 * Memory, and what is taken too early
 */

static void memory_that_is_read_from_outside_is_heartbleed(void **state)
{
	const struct flaws bleeds = { .has_heartbeat = true, .bleeds = true };
	const struct flaws without = { 0 };
	(void)state;

	assert_told(&bleeds, TLS_HEARTBLEED, TLS_YES,
		    "a request that claims more than it has is answered");
	assert_told(&without, TLS_HEARTBLEED, TLS_NO, "no heartbeat");
}

static void an_early_change_that_is_taken_is_told(void **state)
{
	const struct flaws takes = { .takes_early_change = true };
	const struct flaws closes = { .closes_at_change = true };
	(void)state;

	assert_told(&takes, TLS_CCS_INJECTION, TLS_YES,
		    "an early ChangeCipherSpec is taken: what follows is decrypted");
	assert_told(&closes, TLS_CCS_INJECTION, TLS_NO, "");
}

static void a_session_id_that_grows_is_ticketbleed(void **state)
{
	const struct flaws fills = { .has_tickets = true, .fills_session_ids = true };
	const struct flaws forgets = { .has_tickets = true, .forgets_tickets = true };
	const struct flaws without = { 0 };
	(void)state;

	assert_told(&forgets, TLS_TICKETBLEED, TLS_UNKNOWN,
		    "its own ticket was not taken, so nothing could come with it");
	assert_told(&fills, TLS_TICKETBLEED, TLS_YES,
		    "an id of 16 bytes comes back with 32: memory fills it");
	assert_told(&without, TLS_TICKETBLEED, TLS_NO, "no tickets");
}

/* As scanners ask, which keep watching: the letter, and what takes no whole handshake. */
static void the_quick_way_can_try_what_takes_no_handshake(void **state)
{
	const struct flaws flaws = { .has_heartbeat = true,
				     .bleeds = true,
				     .takes_early_change = true,
				     .robot = ROBOT_BY_ALERT };
	struct fixture f;
	(void)state;

	assess_as(&f, &flaws, true);
	assert_int_equal(f.result->vulnerabilities[TLS_HEARTBLEED].fact, TLS_YES);
	assert_int_equal(f.result->vulnerabilities[TLS_CCS_INJECTION].fact, TLS_YES);
	assert_int_equal(f.result->vulnerabilities[TLS_ROBOT].fact, TLS_YES);
	assert_finding(&f, TLS_POODLE_TLS, TLS_UNKNOWN,
		       "not tried where only the letter is asked for");
	done(&f);
}

/*
 * What is offered
 */

static void ssl2_is_drown(void **state)
{
	const struct flaws flaws = { .has_ssl2 = true };
	(void)state;

	assert_told(&flaws, TLS_DROWN, TLS_YES,
		    "SSLv2 is offered, with export ciphers: SSL_CK_RC4_128_EXPORT40_WITH_MD5");
}

static void export_rsa_is_freak(void **state)
{
	static const uint16_t suites[] = { RSA_AES_CBC, RSA_EXPORT_RC4 };
	const struct flaws flaws = { .lowest = 0x0301,
				     .highest = 0x0301,
				     .suites = suites,
				     .suite_count = COUNT_OF(suites) };
	struct fixture f;
	(void)state;

	assess(&f, &flaws);
	assert_finding(&f, TLS_FREAK, TLS_YES, "TLS_RSA_EXPORT_WITH_RC4_40_MD5");
	assert_int_equal(f.result->rsa_export_bits, 512);
	assert_finding(&f, TLS_RC4, TLS_YES, "TLS_RSA_EXPORT_WITH_RC4_40_MD5");
	assert_finding(&f, TLS_BEAST, TLS_YES, "TLS_RSA_WITH_AES_128_CBC_SHA");
	done(&f);
}

/* RFC 2409, 6.2: the Second Oakley Group. */
static const uint8_t oakley_2[128] = {
	0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xC9, 0x0F, 0xDA, 0xA2, 0x21, 0x68, 0xC2,
	0x34, 0xC4, 0xC6, 0x62, 0x8B, 0x80, 0xDC, 0x1C, 0xD1, 0x29, 0x02, 0x4E, 0x08, 0x8A, 0x67,
	0xCC, 0x74, 0x02, 0x0B, 0xBE, 0xA6, 0x3B, 0x13, 0x9B, 0x22, 0x51, 0x4A, 0x08, 0x79, 0x8E,
	0x34, 0x04, 0xDD, 0xEF, 0x95, 0x19, 0xB3, 0xCD, 0x3A, 0x43, 0x1B, 0x30, 0x2B, 0x0A, 0x6D,
	0xF2, 0x5F, 0x14, 0x37, 0x4F, 0xE1, 0x35, 0x6D, 0x6D, 0x51, 0xC2, 0x45, 0xE4, 0x85, 0xB5,
	0x76, 0x62, 0x5E, 0x7E, 0xC6, 0xF4, 0x4C, 0x42, 0xE9, 0xA6, 0x37, 0xED, 0x6B, 0x0B, 0xFF,
	0x5C, 0xB6, 0xF4, 0x06, 0xB7, 0xED, 0xEE, 0x38, 0x6B, 0xFB, 0x5A, 0x89, 0x9F, 0xA5, 0xAE,
	0x9F, 0x24, 0x11, 0x7C, 0x4B, 0x1F, 0xE6, 0x49, 0x28, 0x66, 0x51, 0xEC, 0xE6, 0x53, 0x81,
	0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF,
};

static void small_primes_are_logjam(void **state)
{
	static const uint8_t own[64] = { 0xd1, 0x17 };
	static const uint8_t large[256] = { 0xd1, 0x17 };
	static const uint16_t dhe[] = { DHE_AES_CBC };
	static const uint16_t dhe_export[] = { DHE_EXPORT_DES };
	struct flaws flaws = {
		.suites = dhe, .suite_count = 1, .prime = oakley_2, .prime_len = sizeof oakley_2
	};
	(void)state;

	assert_told(&flaws, TLS_LOGJAM, TLS_YES,
		    "prime of 1024 bits that many share: RFC 2409 group 2");
	flaws.prime = own;
	flaws.prime_len = sizeof own;
	assert_told(&flaws, TLS_LOGJAM, TLS_YES, "prime of 512 bits");
	flaws.suites = dhe_export;
	flaws.lowest = 0x0301;
	flaws.highest = 0x0301;
	assert_told(&flaws, TLS_LOGJAM, TLS_YES,
		    "export suites: TLS_DHE_RSA_EXPORT_WITH_DES40_CBC_SHA");
	flaws = (struct flaws){
		.suites = dhe, .suite_count = 1, .prime = large, .prime_len = sizeof large
	};
	assert_told(&flaws, TLS_LOGJAM, TLS_NO, "");
}

static void old_ciphers_and_versions_are_told(void **state)
{
	static const uint16_t suites[] = { RSA_AES_CBC, RSA_3DES, RSA_RC4 };
	const struct flaws flaws = { .lowest = 0x0300,
				     .highest = 0x0301,
				     .suites = suites,
				     .suite_count = COUNT_OF(suites) };
	struct fixture f;
	(void)state;

	assess(&f, &flaws);
	assert_finding(&f, TLS_POODLE_SSL, TLS_YES, "TLS_RSA_WITH_AES_128_CBC_SHA and 1 more");
	assert_finding(&f, TLS_BEAST, TLS_YES, "TLS_RSA_WITH_AES_128_CBC_SHA and 3 more");
	assert_finding(&f, TLS_RC4, TLS_YES, "TLS_RSA_WITH_RC4_128_SHA and 1 more");
	assert_finding(&f, TLS_SWEET32, TLS_YES, "TLS_RSA_WITH_3DES_EDE_CBC_SHA and 1 more");
	assert_finding(&f, TLS_LUCKY13, TLS_YES,
		       "exposure: CBC suites; whether padding is checked in constant time cannot "
		       "be seen");
	done(&f);
}

static void compression_is_crime(void **state)
{
	const struct flaws flaws = { .compresses = true };
	(void)state;

	assert_told(&flaws, TLS_CRIME, TLS_YES, "DEFLATE is agreed to");
}

static void renegotiation_without_rfc_5746_is_told(void **state)
{
	const struct flaws flaws = { .is_without_renegotiation_info = true };
	(void)state;

	assert_told(&flaws, TLS_RENEGOTIATION, TLS_YES,
		    "without RFC 5746; when a client asks for it, it is refused");
}

/*
 * Downgrades
 */

static void a_fallback_that_is_not_noticed_is_told(void **state)
{
	struct flaws flaws = { .lowest = 0x0301, .ignores_fallback = true };
	struct fixture f;
	(void)state;

	assess(&f, &flaws);
	assert_finding(&f, TLS_NO_DOWNGRADE_GUARD, TLS_YES, "TLS_FALLBACK_SCSV is not heeded");
	assert_int_equal(f.result->features.fallback_scsv, TLS_NO);
	done(&f);
	flaws.ignores_fallback = false;
	assess(&f, &flaws);
	assert_finding(&f, TLS_NO_DOWNGRADE_GUARD, TLS_NO, "");
	assert_int_equal(f.result->features.fallback_scsv, TLS_YES);
	done(&f);
}

static void only_the_right_alert_says_that_a_fallback_was_noticed(void **state)
{
	static const uint8_t others[] = { 40, 47, 70, 80 };
	struct fixture f;
	(void)state;

	for (size_t i = 0; i < COUNT_OF(others); i++) {
		const struct flaws flaws = { .lowest = 0x0302, .fallback_alert = others[i] };
		char detail[TLS_RESULT_DETAIL_SIZE];

		assess(&f, &flaws);
		(void)snprintf(detail, sizeof detail,
			       "TLS_FALLBACK_SCSV is refused with alert %u, not with "
			       "inappropriate_fallback (RFC 7507)",
			       others[i]);
		assert_finding(&f, TLS_NO_DOWNGRADE_GUARD, TLS_UNKNOWN, detail);
		assert_int_equal(f.result->features.fallback_scsv, TLS_UNKNOWN);
		done(&f);
	}
}

static void the_sentinel_of_tls_1_3_must_be_there_and_the_right_one(void **state)
{
	const struct flaws sound = { .has_tls13 = true };
	const struct flaws without = { .has_tls13 = true, .is_without_sentinel = true };
	const struct flaws wrong = { .has_tls13 = true, .has_wrong_sentinel = true };
	const struct flaws old = { .has_tls13 = true, .lowest = 0x0301 };
	static const char missing[] = "with TLSv1.2 the sentinel that TLS 1.3 demands is missing "
				      "or wrong (RFC 8446, 4.1.3)";
	struct fixture f;
	(void)state;

	assess(&f, &sound);
	assert_finding(&f, TLS_NO_DOWNGRADE_GUARD, TLS_NO, "");
	assert_int_equal(f.result->features.downgrade_sentinel, TLS_YES);
	done(&f);
	assess(&f, &without);
	assert_finding(&f, TLS_NO_DOWNGRADE_GUARD, TLS_YES, missing);
	assert_int_equal(f.result->features.downgrade_sentinel, TLS_NO);
	done(&f);
	assert_told(&wrong, TLS_NO_DOWNGRADE_GUARD, TLS_YES, missing);
	assert_told(&old, TLS_NO_DOWNGRADE_GUARD, TLS_NO, "");
}

/* RFC 8996 gave the signal up with the versions that it was for. */
static void the_signal_counts_only_where_there_are_old_versions(void **state)
{
	struct flaws flaws = { .has_tls13 = true, .ignores_fallback = true };
	(void)state;

	assert_told(&flaws, TLS_NO_DOWNGRADE_GUARD, TLS_NO,
		    "by the sentinel of TLS 1.3; TLS_FALLBACK_SCSV is not heeded");
	flaws.lowest = 0x0302;
	assert_told(&flaws, TLS_NO_DOWNGRADE_GUARD, TLS_YES, "TLS_FALLBACK_SCSV is not heeded");
}

/*
 * Servers that behave strangely where an attack begins
 */

static void a_server_that_just_ends_or_stays_silent_is_never_vulnerable(void **state)
{
	static const enum strange ways[] = { CLOSES, RESETS, STAYS_SILENT };
	static const enum tls_vulnerability tried[] = { TLS_HEARTBLEED,     TLS_CCS_INJECTION,
							TLS_ROBOT,          TLS_POODLE_TLS,
							TLS_PADDING_ORACLE, TLS_TICKETBLEED };
	(void)state;

	for (size_t i = 0; i < COUNT_OF(ways); i++) {
		const struct flaws flaws = { .has_heartbeat = true,
					     .has_tickets = true,
					     .strange = ways[i] };
		struct fixture f;

		assess(&f, &flaws);
		for (size_t j = 0; j < COUNT_OF(tried); j++) {
			const struct tls_finding *finding = &f.result->vulnerabilities[tried[j]];

			assert_int_not_equal(finding->fact, TLS_YES);
			/* what is not known has its reason */
			assert_true(finding->fact == TLS_NO || finding->detail[0] != '\0');
		}
		assert_finding(&f, TLS_POODLE_TLS, TLS_UNKNOWN,
			       "TLSv1.2: no handshake with its CBC suites came about");
		assert_finding(&f, TLS_TICKETBLEED, TLS_UNKNOWN,
			       "no handshake brought a ticket to try it with");
		assert_finding(&f, TLS_CCS_INJECTION,
			       ways[i] == STAYS_SILENT ? TLS_UNKNOWN : TLS_NO,
			       ways[i] == STAYS_SILENT
				       ? "an early ChangeCipherSpec is neither taken nor refused"
				       : "");
		assert_finding(&f, TLS_HEARTBLEED, ways[i] == STAYS_SILENT ? TLS_UNKNOWN : TLS_NO,
			       ways[i] == STAYS_SILENT ? "neither the request nor a fatal alert "
							 "behind it is answered"
						       : "");
		done(&f);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_sound_server_is_open_to_nothing_but_what_it_offers),
		cmocka_unit_test(padding_that_is_not_looked_at_is_poodle),
		cmocka_unit_test(poodle_is_found_in_old_versions_too),
		cmocka_unit_test(a_server_that_speaks_first_is_judged_by_more_than_its_greeting),
		cmocka_unit_test(a_warning_before_all_is_no_refusal),
		cmocka_unit_test(records_that_are_refused_in_different_words_are_an_oracle),
		cmocka_unit_test(a_server_that_takes_no_record_at_all_is_not_judged),
		cmocka_unit_test(without_cbc_there_is_no_padding),
		cmocka_unit_test(a_key_exchange_whose_padding_is_told_is_robot),
		cmocka_unit_test(silence_is_an_answer_too),
		cmocka_unit_test(the_short_flow_tells_what_the_full_one_hides),
		cmocka_unit_test(answers_that_differ_by_chance_are_no_oracle),
		cmocka_unit_test(memory_that_is_read_from_outside_is_heartbleed),
		cmocka_unit_test(an_early_change_that_is_taken_is_told),
		cmocka_unit_test(a_session_id_that_grows_is_ticketbleed),
		cmocka_unit_test(ssl2_is_drown),
		cmocka_unit_test(export_rsa_is_freak),
		cmocka_unit_test(small_primes_are_logjam),
		cmocka_unit_test(old_ciphers_and_versions_are_told),
		cmocka_unit_test(compression_is_crime),
		cmocka_unit_test(renegotiation_without_rfc_5746_is_told),
		cmocka_unit_test(a_fallback_that_is_not_noticed_is_told),
		cmocka_unit_test(only_the_right_alert_says_that_a_fallback_was_noticed),
		cmocka_unit_test(the_sentinel_of_tls_1_3_must_be_there_and_the_right_one),
		cmocka_unit_test(the_signal_counts_only_where_there_are_old_versions),
		cmocka_unit_test(the_quick_way_can_try_what_takes_no_handshake),
		cmocka_unit_test(a_server_that_just_ends_or_stays_silent_is_never_vulnerable),
	};
	return cmocka_run_group_tests(tests, set_up, tear_down);
}
