#include "scan/starttls.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "formats/fixture.h"

/* What a server sends, one piece a thing said by the client; NULL ends. Lengths by arrays, since
 * some hold NUL. */
struct piece {
	const char *bytes;
	size_t len;
};
#define TEXT(text)                                                                                 \
	{                                                                                          \
		(text), sizeof(text) - 1                                                           \
	}

struct outcome {
	enum starttls_verdict verdict;
	char said[2048];
	size_t said_len;
	size_t left_over;
};

/* Plays a dialogue, the server's bytes arriving in steps of this size. */
static struct outcome play(enum starttls_protocol protocol, const struct piece *pieces,
			   size_t count, size_t step)
{
	struct outcome o = { 0 };
	struct starttls d;
	uint8_t say[STARTTLS_SAY_MAX];
	struct writer w = writer_over(say, sizeof say);

	starttls_init(&d, protocol, "example.org");
	o.verdict = starttls_begin(&d, &w);
	memcpy(o.said, say, writer_used(&w));
	o.said_len = writer_used(&w);
	for (size_t i = 0; i < count; i++) {
		struct span whole = { (const uint8_t *)pieces[i].bytes, pieces[i].len };
		size_t from = 0;
		size_t seen = 0;

		do {
			size_t consumed;

			seen = seen + step < pieces[i].len ? seen + step : pieces[i].len;
			w = writer_over(say, sizeof say);
			o.verdict = starttls_read(&d, span_after(span_first(whole, seen), from),
						  i + 1 == count && seen == pieces[i].len,
						  &consumed, &w);
			assert_true(writer_ok(&w));
			assert_true(o.said_len + writer_used(&w) < sizeof o.said);
			memcpy(o.said + o.said_len, say, writer_used(&w));
			o.said_len += writer_used(&w);
			from += consumed;
			o.left_over = seen - from;
		} while (o.verdict == STARTTLS_MORE && seen < pieces[i].len);
		if (o.verdict != STARTTLS_SAY) {
			break;
		}
	}
	return o;
}

static struct outcome both_ways(enum starttls_protocol protocol, const struct piece *pieces,
				size_t count)
{
	struct outcome whole = play(protocol, pieces, count, SIZE_MAX / 2);
	struct outcome bytewise = play(protocol, pieces, count, 1);

	assert_int_equal(whole.verdict, bytewise.verdict);
	assert_int_equal(whole.said_len, bytewise.said_len);
	assert_memory_equal(whole.said, bytewise.said, whole.said_len);
	return whole;
}

#define PLAY(protocol, ...)                                                                        \
	both_ways(protocol, (const struct piece[]){ __VA_ARGS__ },                                 \
		  sizeof((const struct piece[]){ __VA_ARGS__ }) / sizeof(struct piece))

static void text_protocols_reach_tls(void **state)
{
	struct outcome o;

	(void)state;
	o = PLAY(STARTTLS_SMTP, TEXT("220-mail.example.org\r\n220 ESMTP\r\n"),
		 TEXT("250-mail\r\n250-PIPELINING\r\n250-STARTTLS\r\n250 HELP\r\n"),
		 TEXT("220 go ahead\r\n"));
	assert_int_equal(o.verdict, STARTTLS_READY);
	assert_string_equal(o.said, "EHLO bartizan.invalid\r\nSTARTTLS\r\n");

	o = PLAY(STARTTLS_IMAP, TEXT("* OK [CAPABILITY IMAP4rev1 STARTTLS] ready.\r\n"),
		 TEXT("* CAPABILITY IMAP4\r\nb1 OK begin\r\n"));
	assert_int_equal(o.verdict, STARTTLS_READY);
	assert_string_equal(o.said, "b1 STARTTLS\r\n");

	o = PLAY(STARTTLS_POP3, TEXT("+OK ready\r\n"), TEXT("+OK begin TLS\r\n"));
	assert_int_equal(o.verdict, STARTTLS_READY);
	o = PLAY(STARTTLS_FTP, TEXT("220-Welcome\r\n no code\r\n220 here\r\n"),
		 TEXT("234 AUTH TLS OK.\r\n"));
	assert_int_equal(o.verdict, STARTTLS_READY);
	assert_string_equal(o.said, "AUTH TLS\r\n");
	o = PLAY(STARTTLS_NNTP, TEXT("200 news\r\n"), TEXT("382 go\r\n"));
	assert_int_equal(o.verdict, STARTTLS_READY);
	o = PLAY(STARTTLS_SIEVE,
		 TEXT("\"IMPLEMENTATION\" \"Dovecot\"\r\n\"STARTTLS\"\r\nOK \"ready\"\r\n"),
		 TEXT("OK \"begin\"\r\n"));
	assert_int_equal(o.verdict, STARTTLS_READY);
}

static void xmpp_reaches_tls(void **state)
{
	struct outcome o =
		PLAY(STARTTLS_XMPP,
		     TEXT("<?xml version='1.0'?><stream:stream id='1'><stream:features><starttls "
			  "xmlns='urn:ietf:params:xml:ns:xmpp-tls'><required/></starttls>"
			  "</stream:features>"),
		     TEXT("<proceed xmlns='urn:ietf:params:xml:ns:xmpp-tls'/>"));

	(void)state;
	assert_int_equal(o.verdict, STARTTLS_READY);
	assert_int_equal(o.left_over, 0);
	assert_non_null(strstr(o.said, "to='example.org'"));
	assert_non_null(strstr(o.said, "<starttls"));
}

static void binary_protocols_reach_tls(void **state)
{
	static const char greeting[] = "\x4a\0\0\0\x0a"
				       "8.0.35\0"
				       "\x08\0\0\0salt8byt\0\xff\xff\x21\x02\0\xff\xcf\x15"
				       "\0\0\0\0\0\0\0\0\0\0saltsaltsalt\0caching_sha2_password\0";
	struct outcome o = PLAY(STARTTLS_MYSQL, { greeting, sizeof greeting - 1 });

	(void)state;
	assert_int_equal(o.verdict, STARTTLS_READY);
	assert_int_equal(o.said_len, 36);
	assert_int_equal(o.said[3], 1);

	o = PLAY(STARTTLS_POSTGRESQL, TEXT("S"));
	assert_int_equal(o.verdict, STARTTLS_READY);
	o = PLAY(STARTTLS_LDAP, TEXT("\x30\x0c\x02\x01\x01\x78\x07\x0a\x01\x00\x04\x00\x04\x00"));
	assert_int_equal(o.verdict, STARTTLS_READY);
	o = PLAY(STARTTLS_LDAP,
		 TEXT("\x30\x84\x00\x00\x00\x10\x02\x01\x01\x78\x84\x00\x00\x00\x07\x0a\x01\x00"
		      "\x04\x00\x04\x00"));
	assert_int_equal(o.verdict, STARTTLS_READY);
	o = PLAY(STARTTLS_RDP, TEXT("\x03\0\0\x13\x0e\xd0\0\0\x12\x34\0\x02\x1f\x08\0\x02\0\0\0"));
	assert_int_equal(o.verdict, STARTTLS_READY);
}

static void refusals_are_told_from_other_protocols(void **state)
{
	(void)state;
	assert_int_equal(PLAY(STARTTLS_SMTP, TEXT("220 x\r\n"), TEXT("250 HELP\r\n")).verdict,
			 STARTTLS_REFUSED);
	assert_int_equal(PLAY(STARTTLS_SMTP, TEXT("220 x\r\n"), TEXT("250 STARTTLS\r\n"),
			      TEXT("454 not now\r\n"))
				 .verdict,
			 STARTTLS_REFUSED);
	assert_int_equal(PLAY(STARTTLS_SMTP, TEXT("SSH-2.0-OpenSSH_9.2\r\n")).verdict,
			 STARTTLS_NOT_THIS);
	assert_int_equal(PLAY(STARTTLS_IMAP, TEXT("* OK x\r\n"), TEXT("b1 BAD no\r\n")).verdict,
			 STARTTLS_REFUSED);
	assert_int_equal(PLAY(STARTTLS_IMAP, TEXT("220 x\r\n")).verdict, STARTTLS_NOT_THIS);
	assert_int_equal(PLAY(STARTTLS_POP3, TEXT("+OK\r\n"), TEXT("-ERR no\r\n")).verdict,
			 STARTTLS_REFUSED);
	assert_int_equal(
		PLAY(STARTTLS_FTP, TEXT("220 x\r\n"), TEXT("530 log in first\r\n")).verdict,
		STARTTLS_REFUSED);
	assert_int_equal(PLAY(STARTTLS_POSTGRESQL, TEXT("N")).verdict, STARTTLS_REFUSED);
	assert_int_equal(PLAY(STARTTLS_POSTGRESQL, TEXT("H")).verdict, STARTTLS_NOT_THIS);
	assert_int_equal(PLAY(STARTTLS_MYSQL, TEXT("\x0f\0\0\0\xff\x6a\x04Host is bad.")).verdict,
			 STARTTLS_REFUSED);
	assert_int_equal(PLAY(STARTTLS_MYSQL, TEXT("HTTP/1.1 400 Bad Request\r\n\r\n")).verdict,
			 STARTTLS_NOT_THIS);
	assert_int_equal(
		PLAY(STARTTLS_RDP, TEXT("\x03\0\0\x13\x0e\xd0\0\0\x12\x34\0\x03\0\x08\0\x02\0\0\0"))
			.verdict,
		STARTTLS_REFUSED);
	assert_int_equal(PLAY(STARTTLS_XMPP, TEXT("HTTP/1.1 400 Bad\r\n")).verdict,
			 STARTTLS_NOT_THIS);
	assert_int_equal(PLAY(STARTTLS_XMPP,
			      TEXT("<stream:stream id='1'><stream:features></stream:features>"))
				 .verdict,
			 STARTTLS_REFUSED);
}

/* What stands behind the last line came in the clear and must not be taken for TLS. */
static void bytes_behind_the_last_word_are_left_over(void **state)
{
	struct starttls d;
	uint8_t say[STARTTLS_SAY_MAX];
	struct writer w = writer_over(say, sizeof say);
	size_t consumed;

	(void)state;
	starttls_init(&d, STARTTLS_POP3, NULL);
	assert_int_equal(starttls_read(&d, span_of("+OK\r\n"), false, &consumed, &w), STARTTLS_SAY);
	assert_int_equal(starttls_read(&d, span_of("+OK\r\n\x16\x03\x01"), false, &consumed, &w),
			 STARTTLS_READY);
	assert_int_equal(consumed, 5);
}

static void endless_lines_are_not_waited_for(void **state)
{
	static char line[8192];
	struct starttls d;
	uint8_t say[STARTTLS_SAY_MAX];
	struct writer w = writer_over(say, sizeof say);
	size_t consumed;

	(void)state;
	memset(line, 'x', sizeof line - 1);
	starttls_init(&d, STARTTLS_SMTP, NULL);
	assert_int_equal(starttls_read(&d, span_of(line), false, &consumed, &w), STARTTLS_NOT_THIS);
}

static void names_that_would_break_xml_are_not_said(void **state)
{
	struct starttls d;
	uint8_t say[STARTTLS_SAY_MAX];
	struct writer w = writer_over(say, sizeof say);

	(void)state;
	starttls_init(&d, STARTTLS_XMPP, "a'><evil/>");
	assert_int_equal(starttls_begin(&d, &w), STARTTLS_SAY);
	assert_non_null(strstr(fixture_text(writer_span(&w)), "to='localhost'"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(text_protocols_reach_tls),
		cmocka_unit_test(xmpp_reaches_tls),
		cmocka_unit_test(binary_protocols_reach_tls),
		cmocka_unit_test(refusals_are_told_from_other_protocols),
		cmocka_unit_test(bytes_behind_the_last_word_are_left_over),
		cmocka_unit_test(endless_lines_are_not_waited_for),
		cmocka_unit_test(names_that_would_break_xml_are_not_said),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
