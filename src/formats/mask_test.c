/* mask_test.c - what is hidden, and what is not. */
#include "formats/mask.h"

#include "base/attr.h"
#include "base/reader.h"
#include "formats/fixture.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>
#include <cmocka.h>

/* Arguments between bars. */
struct example {
	const char *given;
	const char *masked; /* NULL: as given */
};

static const struct example secrets[] = {
	{ "sh|-c|cd /; PGPASSWORD=abc psql -h db", "sh|-c|cd /; PGPASSWORD=*** psql -h db" },
	{ "mysql|-uroot|-phunter2|shop", "mysql|-uroot|-p***|shop" },
	{ "/usr/bin/mysqldump|--password=hunter2", "/usr/bin/mysqldump|--password=***" },
	{ "mysqldump|--password|hunter2", "mysqldump|--password|***" },
	{ "mysqldump|--password|--all", NULL },
	{ "prog|--token=abc def;x", "prog|--token=***" },
	{ "prog|--token|abc def", "prog|--token|***" },
	{ "prog|--secret|x", "prog|--secret|***" },
	{ "env|API_KEY=abc|true", "env|API_KEY=***|true" },
	{ "PGPASSWORD=x y", "PGPASSWORD=***" },
	{ "sh|-c|PGPASSWORD=abc psql -h db",
	  "sh|-c|PGPASSWORD=***" /* may be a value with blanks */ },
	{ "sh|-c|export DB_PASS='a b c'; run", "sh|-c|export DB_PASS='***'; run" },
	{ "sshpass|-p|hunter2|ssh|host", "sshpass|-p|***|ssh|host" },
	{ "sshpass|-phunter2|ssh|host", "sshpass|-p***|ssh|host" },
	{ "sudo|sshpass|-p|x y|ssh", "sudo|sshpass|-p|***|ssh" },
	{ "curl|-u|bob:hunter2|https://x/", "curl|-u|bob:***|https://x/" },
	{ "curl|-ubob:hunter2|https://x/", "curl|-ubob:***|https://x/" },
	{ "curl|-u|bob|https://x/", NULL },
	{ "curl|-H|Authorization: Bearer abc.def", "curl|-H|Authorization: ***" },
	{ "curl|-H|authorization:Basic abc=", "curl|-H|authorization:*** abc=" },
	{ "curl|-H|X-Api-Key: abc", "curl|-H|X-Api-Key: ***" },
	{ "curl|-H|Cookie: a=b; c=d", "curl|-H|Cookie: ***" },
	{ "sh|-c|curl -H 'Authorization: token abc' https://x",
	  "sh|-c|curl -H 'Authorization: ***' https://x" },
	{ "curl|-d|{\"user\": \"bob\", \"password\": \"hunter2\"}",
	  "curl|-d|{\"user\": \"bob\", \"password\": \"***\"}" },
	{ "curl|https://x/?a=1&access_token=abc&b=2", "curl|https://x/?a=1&access_token=***&b=2" },
	{ "git|clone|https://bob:hunter2@host/x.git", "git|clone|https://bob:***@host/x.git" },
	{ "psql|postgres://bob:hunter2@db:5432/x", "psql|postgres://bob:***@db:5432/x" },
	{ "aws|configure|AKIAIOSFODNN7EXAMPLE", "aws|configure|***" },
	{ "x|wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY", "x|***" },
	{ "x|ghp_16C7e42F292c6912E7710c838347Ae178B4a", "x|***" },
	{ "x|eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9.eyJzdWIiOiIxMjM0NTY3ODkwIn0.SflKxwRJSMeKKF2QT4",
	  "x|***" },
	{ "x|-----BEGIN RSA PRIVATE KEY-----\nMIIE", "x|***" },
	{ "usermod|-p|$6$abc$def|bob", "usermod|-p|***|bob" },
	{ "x|$6$abc$def", "x|***" },
	{ "x|mQ3fT9zLk2XvB7nR5wPcY8sDhJ4gA6Ue", "x|***" },
	{ "openssl|rsa|-passin|pass:hunter2", "openssl|rsa|-passin|***" },
	{ "openssl|enc|pass:hunter2", "openssl|enc|pass:***" },
	{ "docker|login|-u|bob|-p|hunter2|host", "docker|login|-u|bob|-p|***|host" },
	{ "java|-Djavax.net.ssl.keyStorePassword=abc",
	  "java|-Djavax.net.ssl.keyStorePassword=***" },
	{ "redis-cli|-a|hunter2|ping", "redis-cli|-a|***|ping" },
	{ "mount|-o|username=bob,password=hunter2,vers=3",
	  "mount|-o|username=bob,password=***,vers=3" },
};

static const char *const plain[] = {
	"ls|-la|/home/bob/.ssh/id_ed25519",
	"git|checkout|4f2a9c1e7b3d5a6f8091a2b3c4d5e6f708192a3b",
	("docker|run|-p|8080:80|nginx@sha256:"
	 "2cf24dba5fb0a30e26e83b2ac5b9e29e1b161e5c1fa7425e73043362938b9824"),
	"ssh|-p|2222|host",
	"mkdir|-p|/srv/data",
	"grep|-r|password|/etc",
	"vault|--password-file=/run/secrets/db",
	"docker|login|--password-stdin|host",
	"cat|/usr/share/doc/libpam-passwdqc/README",
	"passwd|bob",
	"PWD=/home/bob",
	"cc|-DVERSION=\"1.2\"|-Isrc/server/tokens|-o|build/token.o",
	"/usr/lib/x86_64-linux-gnu/libexec/kf5/kioslave5|kio_file.so",
	"apt-get|install|linux-image-6.1.0-18-amd64=6.1.76-1",
	"systemd-run|--unit=run-0f1e2d3c-4b5a-6978-8796-a5b4c3d2e1f0",
	"java|org.springframework.boot.autoconfigure.AbstractAutowireCapableBeanFactory2",
	"curl|https://example.com:8443/path?x=1",
	"rsync|host:/srv/backup|/srv",
	"cp|--target-directory=/var/cache/apt/archives/partial/Documents2024",
	"ssh-keygen|-t|ed25519|-f|/root/.ssh/id_ed25519",
	"date|+%Y-%m-%dT%H:%M:%S",
};

static void run(const char *given, char *out, size_t size)
{
	static uint8_t scratch[4096];
	struct writer w = writer_over(scratch, sizeof scratch);
	struct writer joined = writer_over((uint8_t *)out, size - 1);
	struct reader r = reader_over(span_of(given));
	struct mask mask = { .program = NULL };
	bool is_first = true;

	while (reader_left(&r) > 0) {
		struct span argument = reader_until(&r, '|');

		writer_text(&joined, is_first ? "" : "|");
		writer_bytes(&joined, mask_argument(&mask, argument, &w));
		is_first = false;
	}
	assert_true(writer_ok(&joined));
	out[writer_used(&joined)] = '\0';
}

static void masks_what_looks_like_a_secret(void **state)
{
	char out[1024];

	(void)state;
	for (size_t i = 0; i < COUNT_OF(secrets); i++) {
		run(secrets[i].given, out, sizeof out);
		assert_string_equal(out, secrets[i].masked != NULL ? secrets[i].masked
								   : secrets[i].given);
	}
}

static void leaves_ordinary_arguments_alone(void **state)
{
	char out[1024];

	(void)state;
	for (size_t i = 0; i < COUNT_OF(plain); i++) {
		run(plain[i], out, sizeof out);
		assert_string_equal(out, plain[i]);
	}
}

static void masks_a_whole_command_line_as_text(void **state)
{
	uint8_t scratch[256];
	struct writer w = writer_over(scratch, sizeof scratch);

	(void)state;
	assert_string_equal(fixture_text(mask_text(
				    span_of("/usr/bin/mysql -uroot -phunter2 -e 'select 1'"), &w)),
			    "/usr/bin/mysql -uroot -p*** -e 'select 1'");
	assert_string_equal(fixture_text(mask_text(span_of("/bin/ls --token abc /"), &w)),
			    "/bin/ls --token *** /");
}

static void hides_all_where_there_is_no_room(void **state)
{
	uint8_t scratch[8];
	struct writer w = writer_over(scratch, sizeof scratch);
	struct mask mask = { .program = NULL };

	(void)state;
	assert_string_equal(fixture_text(mask_argument(&mask, span_of("--password=abc"), &w)),
			    "***");
	assert_true(writer_ok(&w));
}

static void hides_all_behind_too_many_places(void **state)
{
	uint8_t text[40 * 8];
	uint8_t scratch[1024];
	struct writer t = writer_over(text, sizeof text);
	struct writer w = writer_over(scratch, sizeof scratch);
	struct span masked;

	(void)state;
	for (int i = 0; i < 40; i++) {
		writer_text(&t, "pass=ab ");
	}
	masked = mask_text(writer_span(&t), &w);
	for (size_t i = 0; i + 2 <= masked.len; i++) {
		assert_int_not_equal(memcmp(masked.ptr + i, "ab", 2), 0);
	}
}

static void parse_part(struct span given)
{
	uint8_t scratch[1024];
	struct writer w = writer_over(scratch, sizeof scratch);
	struct mask mask = { .program = NULL };

	(void)mask_argument(&mask, given, &w);
	(void)mask_argument(&mask, given, &w);
	(void)mask_text(given, &w);
	assert_true(writer_ok(&w));
}

static void stops_at_every_truncation(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT_OF(secrets); i++) {
		fixture_truncate(span_of(secrets[i].given), parse_part);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(masks_what_looks_like_a_secret),
		cmocka_unit_test(leaves_ordinary_arguments_alone),
		cmocka_unit_test(masks_a_whole_command_line_as_text),
		cmocka_unit_test(hides_all_where_there_is_no_room),
		cmocka_unit_test(hides_all_behind_too_many_places),
		cmocka_unit_test(stops_at_every_truncation),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
