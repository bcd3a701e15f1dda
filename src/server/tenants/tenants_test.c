/* tenants_test.c - tokens, access, the audit log and the authority, on real files. */
#include "server/tenants/tenants.h"

#include "base/error.h"
#include "sys/file.h"
#include "sys/pki.h"

#include <ftw.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>
#include <cmocka.h>
#include <sqlite3.h>

struct world {
	char folder[64];
	struct platform *p;
};

static struct world world;

static int begin(void **state)
{
	struct world *w = &world;
	struct why why = { "" };

	snprintf(w->folder, sizeof w->folder, "/tmp/bartizan-tenants-XXXXXX");
	assert_non_null(mkdtemp(w->folder));
	assert_int_equal(platform_open(w->folder, true, &w->p, &why), 0);
	assert_int_equal(tenant_add(w->p, "default", 10, &why), 0);
	assert_int_equal(tenant_add(w->p, "other", 20, &why), 0);
	*state = w;
	return 0;
}

static int remove_one(const char *path, const struct stat *st, int kind, struct FTW *ftw)
{
	(void)st;
	(void)kind;
	(void)ftw;
	return remove(path);
}

static int end(void **state)
{
	struct world *w = *state;

	platform_close(&w->p);
	return nftw(w->folder, remove_one, 16, FTW_DEPTH | FTW_PHYS);
}

/* --- the file --- */

static void the_file_is_private_and_needs_a_writer_first(void **state)
{
	struct world *w = *state;
	struct platform *reader = NULL;
	struct why why = { "" };
	char path[128];
	struct stat st;

	snprintf(path, sizeof path, "%s/platform.db", w->folder);
	assert_int_equal(stat(path, &st), 0);
	assert_int_equal(st.st_mode & 0777, 0600);
	assert_int_equal(platform_open("/nonexistent", false, &reader, &why), ERR_NOT_FOUND);
	assert_non_null(strstr(why.text, "start bartizand"));
}

/* Runs SQL behind the platform's back. */
static void tamper(struct world *w, const char *sql)
{
	char path[128];
	sqlite3 *db;

	snprintf(path, sizeof path, "%s/platform.db", w->folder);
	assert_int_equal(sqlite3_open(path, &db), SQLITE_OK);
	assert_int_equal(sqlite3_exec(db, sql, NULL, NULL, NULL), SQLITE_OK);
	sqlite3_close(db);
}

static void a_file_of_a_newer_version_is_left_alone(void **state)
{
	struct world *w = *state;
	struct platform *again = NULL;
	struct why why = { "" };

	tamper(w, "PRAGMA user_version = 99");
	assert_int_equal(platform_open(w->folder, true, &again, &why), ERR_CONFLICT);
	assert_non_null(strstr(why.text, "newer version"));
}

static void tokens_of_the_version_before_are_for_agents(void **state)
{
	struct world *w = *state;
	char token[TOKEN_TEXT_SIZE];
	struct enrolment_terms terms;

	assert_int_equal(enrolment_token_new(w->p,
					     &(struct enrolment_terms){ "default", "scanner" }, 1,
					     2000, 1, token, NULL),
			 0);
	platform_close(&w->p);
	tamper(w, "ALTER TABLE enrolment_tokens DROP COLUMN kind; PRAGMA user_version = 1;");
	assert_int_equal(platform_open(w->folder, true, &w->p, NULL), 0);
	assert_int_equal(enrolment_token_redeem(w->p, span_of(token), 2, &terms, NULL), 0);
	assert_string_equal(terms.kind, "agent");
}

static void a_transaction_that_is_rolled_back_leaves_nothing(void **state)
{
	struct world *w = *state;
	struct tenant found;

	assert_int_equal(platform_begin(w->p, NULL), 0);
	assert_int_equal(tenant_add(w->p, "outer", 1, NULL), 0);
	assert_int_equal(platform_begin(w->p, NULL), 0);
	assert_int_equal(tenant_add(w->p, "inner", 1, NULL), 0);
	platform_rollback(w->p);
	assert_int_equal(tenant_find(w->p, "inner", &found), ERR_NOT_FOUND);
	assert_int_equal(tenant_find(w->p, "outer", &found), 0);
	assert_int_equal(platform_commit(w->p, NULL), 0);
	assert_int_equal(tenant_find(w->p, "outer", &found), 0);
	platform_rollback(w->p); /* nothing is open: nothing happens */
}

/* --- tenants --- */

static void names_follow_their_grammar(void **state)
{
	static const char *const good[] = { "a", "default", "acme-2", "x0" };
	static const char *const bad[] = { "",    "-a", "2a",  "A",       "a_b",
					   "a/b", "..", "a b", "\xc3\xa4" };
	char long_name[TENANT_NAME_SIZE + 1];

	(void)state;
	for (size_t i = 0; i < COUNT_OF(good); i++) {
		assert_true(tenant_name_is_valid(span_of(good[i])));
	}
	for (size_t i = 0; i < COUNT_OF(bad); i++) {
		assert_false(tenant_name_is_valid(span_of(bad[i])));
	}
	memset(long_name, 'a', sizeof long_name);
	assert_true(tenant_name_is_valid((struct span){ (const uint8_t *)long_name, 63 }));
	assert_false(tenant_name_is_valid((struct span){ (const uint8_t *)long_name, 64 }));
}

static bool collect(void *context, const struct tenant *t)
{
	char *names = context;

	snprintf(names + strlen(names), 64 - strlen(names), "%s ", t->name);
	return true;
}

static void tenants_are_listed_by_name_and_exist_once(void **state)
{
	struct world *w = *state;
	struct why why = { "" };
	char names[64] = "";

	assert_int_equal(tenant_add(w->p, "other", 1, &why), ERR_EXISTS);
	assert_non_null(strstr(why.text, "other exists"));
	assert_int_equal(tenant_add(w->p, "../x", 1, &why), ERR_USAGE);
	assert_int_equal(tenant_each(w->p, collect, names), 0);
	assert_string_equal(names, "default other ");
}

/* --- tokens --- */

static int redeem(struct world *w, const char *token, int64_t now_ms, struct why *why)
{
	struct enrolment_terms terms;

	return enrolment_token_redeem(w->p, span_of(token), now_ms, &terms, why);
}

static void a_token_enrols_as_often_as_it_says(void **state)
{
	struct world *w = *state;
	char token[TOKEN_TEXT_SIZE];
	struct enrolment_terms terms;
	struct why why = { "" };

	assert_int_equal(enrolment_token_new(w->p, &(struct enrolment_terms){ "other", "scanner" },
					     2, 2000, 1000, token, &why),
			 0);
	assert_int_equal(strlen(token), TOKEN_TEXT_SIZE - 1);
	assert_int_equal(strncmp(token, "bte_", 4), 0);
	assert_int_equal(enrolment_token_redeem(w->p, span_of(token), 1500, &terms, &why), 0);
	assert_string_equal(terms.tenant, "other");
	assert_string_equal(terms.kind, "scanner");
	assert_int_equal(redeem(w, token, 1500, &why), 0);
	assert_int_equal(redeem(w, token, 1500, &why), ERR_DENIED);
	assert_non_null(strstr(why.text, "used up"));
}

static void a_token_expires(void **state)
{
	struct world *w = *state;
	char token[TOKEN_TEXT_SIZE];
	struct why why = { "" };

	assert_int_equal(enrolment_token_new(w->p, &(struct enrolment_terms){ "default", "agent" },
					     2, 2000, 1000, token, &why),
			 0);
	assert_int_equal(redeem(w, token, 2000, &why), ERR_DENIED);
	assert_non_null(strstr(why.text, "expired"));
	assert_int_equal(redeem(w, token, 1999, &why), 0);
}

static void unknown_tokens_and_senseless_ones_are_refused(void **state)
{
	struct world *w = *state;
	char token[TOKEN_TEXT_SIZE];
	struct why why = { "" };

	assert_int_equal(redeem(w, "bte_no", 1, &why), ERR_DENIED);
	assert_non_null(strstr(why.text, "unknown"));
	assert_int_equal(redeem(w, "", 1, &why), ERR_DENIED);
	assert_int_equal(enrolment_token_new(w->p, &(struct enrolment_terms){ "nobody", "agent" },
					     1, 2, 1, token, &why),
			 ERR_NOT_FOUND);
	assert_int_equal(enrolment_token_new(w->p, &(struct enrolment_terms){ "default", "agent" },
					     0, 2, 1, token, &why),
			 ERR_USAGE);
	assert_int_equal(enrolment_token_new(w->p, &(struct enrolment_terms){ "default", "agent" },
					     1, 1, 1, token, &why),
			 ERR_USAGE);
	assert_int_equal(enrolment_token_new(w->p, &(struct enrolment_terms){ "default", "tester" },
					     1, 2, 1, token, &why),
			 ERR_USAGE);
}

static void processes_that_redeem_at_once_share_the_uses(void **state)
{
	enum { PROCESSES = 4, ATTEMPTS = 10, USES = 13 };
	struct world *w = *state;
	char token[TOKEN_TEXT_SIZE];
	int redeemed = 0;

	assert_int_equal(enrolment_token_new(w->p, &(struct enrolment_terms){ "default", "agent" },
					     USES, 2000, 1, token, NULL),
			 0);
	platform_close(&w->p);
	fflush(NULL);
	for (int i = 0; i < PROCESSES; i++) {
		if (fork() == 0) {
			struct world own = *w;
			int count = 0;

			if (platform_open(w->folder, true, &own.p, NULL) != 0) {
				_exit(255);
			}
			for (int n = 0; n < ATTEMPTS; n++) {
				count += redeem(&own, token, 5, NULL) == 0;
			}
			platform_close(&own.p);
			_exit(count);
		}
	}
	for (int i = 0; i < PROCESSES; i++) {
		int status;

		assert_true(wait(&status) > 0);
		assert_int_not_equal(WEXITSTATUS(status), 255);
		redeemed += WEXITSTATUS(status);
	}
	assert_int_equal(redeemed, USES);
	assert_int_equal(platform_open(w->folder, true, &w->p, NULL), 0);
}

static void the_file_holds_no_token(void **state)
{
	struct world *w = *state;
	char token[TOKEN_TEXT_SIZE];
	char operator_token[TOKEN_TEXT_SIZE];
	struct buffer bytes;
	char path[128];

	assert_int_equal(enrolment_token_new(w->p, &(struct enrolment_terms){ "default", "agent" },
					     1, 2000, 1, token, NULL),
			 0);
	assert_int_equal(operator_token_new(w->p, "", "root", 1, operator_token, NULL), 0);
	platform_close(&w->p);
	snprintf(path, sizeof path, "%s/platform.db", w->folder);
	buffer_init(&bytes, 1 << 20);
	assert_int_equal(file_read(path, &bytes), 0);
	assert_null(memmem(buffer_span(&bytes).ptr, bytes.len, token + 4, 20));
	assert_null(memmem(buffer_span(&bytes).ptr, bytes.len, operator_token + 4, 20));
	buffer_done(&bytes);
	assert_int_equal(platform_open(w->folder, true, &w->p, NULL), 0);
}

static void an_operators_token_tells_who_it_is(void **state)
{
	struct world *w = *state;
	char token[TOKEN_TEXT_SIZE];
	struct identity who;

	assert_int_equal(operator_token_new(w->p, "other", "Ann", 1, token, NULL), 0);
	assert_int_equal(operator_token_find(w->p, span_of(token), &who), 0);
	assert_string_equal(who.name, "Ann");
	assert_string_equal(who.tenant, "other");
	token[10] ^= 1;
	assert_int_equal(operator_token_find(w->p, span_of(token), &who), ERR_NOT_FOUND);
	assert_int_equal(operator_token_new(w->p, "nobody", "Ann", 1, token, NULL), ERR_NOT_FOUND);
	assert_int_equal(operator_token_new(w->p, "", "", 1, token, NULL), ERR_USAGE);
	assert_int_equal(operator_token_new(w->p, "", "A\n", 1, token, NULL), ERR_USAGE);
}

/* --- access --- */

static void access_is_as_the_table_says(void **state)
{
	static const struct identity platform = { "root", "" };
	static const struct identity own = { "ann", "default" };
	static const struct {
		const struct identity *who;
		enum access access;
		const char *tenant;
		int verdict;
	} table[] = {
		{ &platform, ACCESS_READ, "default", 0 },
		{ &platform, ACCESS_OPERATE, "other", 0 },
		{ &platform, ACCESS_READ, "nobody", ERR_NOT_FOUND },
		{ &platform, ACCESS_PLATFORM, "", 0 },
		{ &own, ACCESS_READ, "default", 0 },
		{ &own, ACCESS_OPERATE, "default", 0 },
		{ &own, ACCESS_READ, "other", ERR_NOT_FOUND },
		{ &own, ACCESS_OPERATE, "other", ERR_NOT_FOUND },
		{ &own, ACCESS_READ, "nobody", ERR_NOT_FOUND },
		{ &own, ACCESS_READ, "", ERR_NOT_FOUND },
		{ &own, ACCESS_PLATFORM, "", ERR_DENIED },
		{ &own, ACCESS_PLATFORM, "default", ERR_DENIED },
	};
	struct world *w = *state;

	for (size_t i = 0; i < COUNT_OF(table); i++) {
		assert_int_equal(access_judge(w->p, table[i].who, table[i].access, table[i].tenant),
				 table[i].verdict);
	}
}

/* --- the audit log --- */

static void fill_audit(struct world *w)
{
	for (int i = 1; i <= 5; i++) {
		char subject[16];

		snprintf(subject, sizeof subject, "s%d", i);
		assert_int_equal(
			audit_add(w->p, 100 + i, "ann", "sensor-revoke", subject, "default", NULL),
			0);
	}
}

static bool count_entry(void *context, const struct audit_entry *entry)
{
	int64_t *next = context;

	assert_int_equal(entry->no, *next);
	assert_int_equal(entry->at_ms, 100 + *next);
	assert_string_equal(entry->action, "sensor-revoke");
	(*next)--;
	return *next > 2;
}

static void entries_are_told_newest_first_and_verify(void **state)
{
	struct world *w = *state;
	int64_t bad = 0;
	int64_t next = 5;

	assert_int_equal(audit_verify(w->p, &bad), 0);
	fill_audit(w);
	assert_int_equal(audit_verify(w->p, &bad), 0);
	assert_int_equal(audit_each(w->p, 100, 0, count_entry, &next), 0);
	assert_int_equal(next, 2);
}

static void assert_found(const char *sql, int64_t where)
{
	struct world *w = &world;
	int64_t bad = 0;

	tamper(w, sql);
	assert_int_equal(audit_verify(w->p, &bad), ERR_CONFLICT);
	assert_int_equal(bad, where);
}

static void an_altered_entry_is_found(void **state)
{
	fill_audit(*state);
	assert_found("UPDATE audit SET actor = 'bob' WHERE no = 3", 3);
}

static void a_removed_entry_is_found(void **state)
{
	fill_audit(*state);
	assert_found("DELETE FROM audit WHERE no = 2", 2);
}

static void swapped_entries_are_found(void **state)
{
	fill_audit(*state);
	assert_found("UPDATE audit SET no = 99 WHERE no = 2;"
		     "UPDATE audit SET no = 2 WHERE no = 3;"
		     "UPDATE audit SET no = 3 WHERE no = 99",
		     2);
}

static void a_hash_of_another_size_is_found(void **state)
{
	fill_audit(*state);
	assert_found("UPDATE audit SET hash = x'00' WHERE no = 4", 4);
}

/* --- the authority --- */

static void sensors_certificates_bear_what_the_platform_says(void **state)
{
	struct world *w = *state;
	struct authority *a = NULL;
	struct pki_certificate_facts facts;
	struct buffer key;
	struct buffer request;
	struct buffer der;

	buffer_init(&key, 8192);
	buffer_init(&request, 8192);
	buffer_init(&der, 8192);
	assert_int_equal(authority_prepare(w->folder, NULL, NULL, NULL), 0);
	assert_int_equal(authority_open(w->folder, &a, NULL), 0);
	assert_int_equal(pki_key_new(&key, NULL), 0);
	assert_int_equal(pki_request_new(buffer_span(&key), "i am the ca", &request, NULL), 0);
	assert_int_equal(authority_sign_sensor(a, buffer_span(&request), "00112233445566ff",
					       "other", 3600, &der, NULL),
			 0);
	assert_int_equal(pki_certificate_facts(buffer_span(&der), &facts, NULL), 0);
	assert_string_equal(facts.common_name, "00112233445566ff");
	assert_string_equal(facts.organization, "other");
	authority_free(&a);
	buffer_done(&key);
	buffer_done(&request);
	buffer_done(&der);
}

static void read_file(const struct world *w, const char *name, char *out, size_t size)
{
	struct buffer bytes;
	char path[128];

	buffer_init(&bytes, 65536);
	snprintf(path, sizeof path, "%s/%s", w->folder, name);
	assert_int_equal(file_read(path, &bytes), 0);
	snprintf(out, size, "%.*s", (int)bytes.len, (const char *)buffer_span(&bytes).ptr);
	buffer_done(&bytes);
}

static void the_servers_certificate_is_kept_while_it_is_good(void **state)
{
	static const char *const names[] = { "bartizand", "localhost", NULL };
	static const char *const more_names[] = { "bartizand", "localhost", "srv.example", NULL };
	static const char *const addresses[] = { "127.0.0.1", "2001:db8::1", NULL };
	struct world *w = *state;
	char first[4096];
	char second[4096];
	char path[128];

	assert_int_equal(authority_prepare(w->folder, names, addresses, NULL), 0);
	read_file(w, "server.pem", first, sizeof first);
	assert_int_equal(authority_prepare(w->folder, names, addresses, NULL), 0);
	read_file(w, "server.pem", second, sizeof second);
	assert_string_equal(first, second);

	assert_int_equal(authority_prepare(w->folder, more_names, addresses, NULL), 0);
	read_file(w, "server.pem", second, sizeof second);
	assert_string_not_equal(first, second);

	/* a key that is not the certificate's: a crash between the two files, say */
	snprintf(path, sizeof path, "%s/server.key", w->folder);
	read_file(w, "ca.key", first, sizeof first);
	assert_int_equal(file_replace(path, span_of(first), 0600, NULL), 0);
	read_file(w, "server.pem", first, sizeof first);
	assert_int_equal(authority_prepare(w->folder, more_names, addresses, NULL), 0);
	read_file(w, "server.pem", second, sizeof second);
	assert_string_not_equal(first, second);
}

static void a_lost_ca_key_is_said_not_replaced(void **state)
{
	struct world *w = *state;
	struct why why = { "" };
	char path[128];

	assert_int_equal(authority_prepare(w->folder, NULL, NULL, NULL), 0);
	snprintf(path, sizeof path, "%s/ca.key", w->folder);
	assert_int_equal(unlink(path), 0);
	assert_true(authority_prepare(w->folder, NULL, NULL, &why) < 0);
	assert_non_null(strstr(why.text, "ca.key"));
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, begin, end)

static bool take_id(void *context, const struct operator_token *token)
{
	struct operator_token *wanted = context;

	if (span_is(span_of(token->who.name), wanted->who.name)) {
		*wanted = *token;
	}
	return true;
}

static void a_revoked_token_signs_nobody_in(void **state)
{
	struct world *w = *state;
	struct operator_token token = { .who.name = "Ann" };
	struct operator_token last = { .who.name = "root" };
	struct operator_token gone;
	struct identity who;
	char text[TOKEN_TEXT_SIZE];
	char root[TOKEN_TEXT_SIZE];
	struct why why;

	assert_int_equal(operator_token_new(w->p, "", "root", 1, root, NULL), 0);
	assert_int_equal(operator_token_new(w->p, "", "Ann", 2, text, NULL), 0);
	assert_int_equal(operator_token_each(w->p, take_id, &token), 0);
	assert_int_equal(operator_token_each(w->p, take_id, &last), 0);
	assert_int_equal(strlen(token.id), 16);
	assert_int_equal(operator_token_revoke(w->p, token.id, &gone, &why), 0);
	assert_string_equal(gone.who.name, "Ann");
	assert_int_equal(operator_token_find(w->p, span_of(text), &who), ERR_NOT_FOUND);
	assert_int_equal(operator_token_find(w->p, span_of(root), &who), 0);
	assert_int_equal(operator_token_revoke(w->p, token.id, &gone, &why), ERR_NOT_FOUND);
	assert_int_equal(operator_token_revoke(w->p, last.id, &gone, &why), ERR_CONFLICT);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(the_file_is_private_and_needs_a_writer_first),
		TEST(a_file_of_a_newer_version_is_left_alone),
		TEST(tokens_of_the_version_before_are_for_agents),
		TEST(a_transaction_that_is_rolled_back_leaves_nothing),
		TEST(names_follow_their_grammar),
		TEST(tenants_are_listed_by_name_and_exist_once),
		TEST(a_token_enrols_as_often_as_it_says),
		TEST(a_token_expires),
		TEST(unknown_tokens_and_senseless_ones_are_refused),
		TEST(a_revoked_token_signs_nobody_in),
		TEST(processes_that_redeem_at_once_share_the_uses),
		TEST(the_file_holds_no_token),
		TEST(an_operators_token_tells_who_it_is),
		TEST(access_is_as_the_table_says),
		TEST(entries_are_told_newest_first_and_verify),
		TEST(an_altered_entry_is_found),
		TEST(a_removed_entry_is_found),
		TEST(swapped_entries_are_found),
		TEST(a_hash_of_another_size_is_found),
		TEST(sensors_certificates_bear_what_the_platform_says),
		TEST(the_servers_certificate_is_kept_while_it_is_good),
		TEST(a_lost_ca_key_is_said_not_replaced),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
