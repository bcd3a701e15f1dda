#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "scan/identify/prober.h"

struct piece {
	const char *bytes;
	size_t len;
};
#define TEXT(text)                                                                                 \
	{                                                                                          \
		(text), sizeof(text) - 1                                                           \
	}

/* One connection to a server that answers each of our words with the next piece. */
struct play {
	struct service_facts facts;
	enum probe_verdict verdict;
	unsigned said;
};

static struct probe_view view_of(const struct prober *prober, bool is_datagram)
{
	return (struct probe_view){ .alpn = "",
				    .host = "198.51.100.7",
				    .contact = &contact_default,
				    .port = prober->ports[0],
				    .is_datagram = is_datagram };
}

/* The verdict for the first len of the bytes, on the heap in their exact size. */
static enum probe_verdict read_part(const struct prober *prober, struct probe_view view, size_t len,
				    bool ended, struct service_facts *facts, struct writer *w)
{
	uint8_t *part = malloc(len > 0 ? len : 1);
	enum probe_verdict verdict;

	if (len > 0) {
		memcpy(part, view.bytes.ptr, len);
	}
	view.bytes = (struct span){ part, len };
	view.ended = ended;
	writer_rewind(w, 0);
	verdict = prober->read(&view, facts, w);
	free(part);
	assert_true(writer_ok(w));
	return verdict;
}

/* Plays all pieces; every truncation of each must leave it open what it is, or tell it early. */
static struct play play(const char *name, const struct piece *pieces, size_t count)
{
	static uint8_t received[65536];
	const struct prober *prober = prober_find(name);
	struct play p = { .verdict = PROBE_MORE };
	bool is_datagram;
	struct probe_view view;
	uint8_t words[PROBER_SAY_MAX];
	struct writer w = writer_over(words, sizeof words);
	size_t len = 0;

	assert_non_null(prober);
	is_datagram = prober->transports == PROBER_UDP;
	view = view_of(prober, is_datagram);
	if (prober->hello != NULL) {
		prober->hello(&view, &w);
		assert_true(writer_used(&w) > 0);
		view.step = 1;
		view.said_by = prober->name;
		p.said++;
	}
	for (size_t i = 0; i < count; i++) {
		static struct service_facts scratch;
		size_t before = is_datagram ? 0 : len;

		view.since = before;
		memcpy(received + before, pieces[i].bytes, pieces[i].len);
		len = before + pieces[i].len;
		view.bytes = (struct span){ received, len };
		for (size_t cut = before + 1; cut < len && !is_datagram; cut++) {
			enum probe_verdict early =
				read_part(prober, view, cut, false, &scratch, &w);

			if (early == PROBE_NOT) {
				printf("%s: piece %zu, %zu of %zu bytes: not this\n", name, i,
				       cut - before, pieces[i].len);
			}
			assert_int_not_equal(early, PROBE_NOT);
			assert_int_not_equal(read_part(prober, view, cut, true, &scratch, &w),
					     PROBE_MORE);
		}
		p.verdict = read_part(prober, view, len, i + 1 == count, &p.facts, &w);
		if (p.verdict != PROBE_SAY) {
			if (i + 1 != count) {
				printf("%s: piece %zu: verdict %d\n", name, i, (int)p.verdict);
			}
			assert_int_equal(i + 1, count);
			break;
		}
		view.step++;
		view.said_by = prober->name;
		p.said++;
	}
	return p;
}

#define PLAY(name, ...)                                                                            \
	play(name, (const struct piece[]){ __VA_ARGS__ },                                          \
	     sizeof((const struct piece[]){ __VA_ARGS__ }) / sizeof(struct piece))

static void assert_fact(const struct play *p, const char *kind, const char *wanted)
{
	bool is_found = false;

	for (size_t i = 0; i < p->facts.count && !is_found; i++) {
		is_found = strcmp(p->facts.facts[i].kind, kind) == 0 &&
			   span_is(facts_text(&p->facts, i), wanted);
	}
	if (!is_found) {
		struct span found = facts_find(&p->facts, kind);

		printf("%s is '%.*s', not '%s'\n", kind, (int)found.len, (const char *)found.ptr,
		       wanted);
	}
	assert_true(is_found);
}

/*
 * Exchanges as documented, or recorded
 */

static void databases_tell_their_versions(void **state)
{
	static const char greeting[] = "\x4a\0\0\0\x0a"
				       "8.0.35\0"
				       "\x08\0\0\0salt8byt\0\xff\xff\x21\x02\0\xff\xcf\x15"
				       "\0\0\0\0\0\0\0\0\0\0saltsaltsalt\0caching_sha2_password\0";
	struct play p = PLAY("mysql", { greeting, sizeof greeting - 1 });

	(void)state;
	assert_int_equal(p.verdict, PROBE_IS);
	assert_fact(&p, "mysql.banners", "8.0.35");

	p = PLAY("mysql",
		 TEXT("\x46\0\0\0\xff\x6a\x04"
		      "Host '198.51.100.9' is not allowed to connect to this MySQL server."));
	assert_int_equal(p.verdict, PROBE_IS);
	assert_fact(&p, "mysql.error",
		    "Host '198.51.100.9' is not allowed to connect to this MySQL server.");

	/* SQL Server 2019 RTM, from [MS-TDS] 4.1's form */
	p = PLAY("mssql", TEXT("\x04\x01\0\x25\0\0\x01\0\0\0\x15\0\x06\x01\0\x1b\0\x01\x02\0\x1c\0"
			       "\x01\x03\0\x1d\0\0\xff\x0f\0\x07\xd0\0\0\x02\0"));
	assert_int_equal(p.verdict, PROBE_IS);
	assert_fact(&p, "service.version", "15.0.2000");
	assert_fact(&p, "mssql.encryption", "not supported");

	p = PLAY("redis", TEXT("$43\r\n# Server\r\nredis_version:7.0.15\r\ntcp_port:1\r\n\r\n"));
	assert_fact(&p, "service.version", "7.0.15");
	p = PLAY("redis", TEXT("-NOAUTH Authentication required.\r\n"));
	assert_fact(&p, "redis.access", "refused");
	p = PLAY("memcached", TEXT("VERSION 1.6.18\r\n"));
	assert_fact(&p, "service.version", "1.6.18");
}

static void mongodb_is_asked_twice(void **state)
{
	static const char is_master[] = "\x45\0\0\0\x01\0\0\0\x74\x62\0\0\x01\0\0\0" /* OP_REPLY */
					"\x08\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\x01\0\0\0"
					"\x21\0\0\0\x10maxBsonObjectSize\0\0\0\0\x01\x08ok\0\x01\0";
	static const char build[] = "\x4b\0\0\0\x01\0\0\0\x74\x62\0\0\x01\0\0\0"
				    "\x08\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\x01\0\0\0"
				    "\x27\0\0\0\x02version\0\x06\0\0\0"
				    "6.0.5\0\x01ok\0\0\0\0\0\0\0\xf0\x3f\0";
	struct play p =
		PLAY("mongodb", { is_master, sizeof is_master - 1 }, { build, sizeof build - 1 });

	(void)state;
	assert_int_equal(p.verdict, PROBE_IS);
	assert_int_equal(p.said, 2);
	assert_fact(&p, "service.version", "6.0.5");
}

static void http_names_what_is_behind_it(void **state)
{
	struct play p = PLAY(
		"http",
		TEXT("HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: "
		     "149\r\n\r\n"
		     "{\"name\":\"a\",\"cluster_name\":\"lab\",\"version\":{\"number\":\"8.11.3\","
		     "\"build_flavor\":\"default\",\"lucene_version\":\"9.8.0\"},"
		     "\"tagline\":\"You Know, for Search\"}     "));

	(void)state;
	assert_string_equal(p.facts.protocol, "elasticsearch");
	assert_fact(&p, "service.version", "8.11.3");

	p = PLAY("http",
		 TEXT("HTTP/1.1 404 Not Found\r\nApi-Version: 1.43\r\nServer: Docker/24.0.7 "
		      "(linux)\r\n"
		      "Content-Length: 29\r\n\r\n{\"message\":\"page not found\"}\n"),
		 TEXT("HTTP/1.1 200 OK\r\nContent-Length: 71\r\n\r\n"
		      "{\"Version\":\"24.0.7\",\"Os\":\"linux\",\"KernelVersion\":\"6.1.0\","
		      "\"Arch\":\"amd64\"}"));
	assert_string_equal(p.facts.protocol, "docker");
	assert_fact(&p, "service.version", "24.0.7");
	assert_fact(&p, "os.kernel", "6.1.0");

	p = PLAY("http",
		 TEXT("HTTP/1.1 403 Forbidden\r\nContent-Length: 44\r\n\r\n"
		      "{\"kind\":\"Status\",\"apiVersion\":\"v1\",\"x\":\"yyy\"}"),
		 TEXT("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
		      "12\r\n{\"major\":\"1\",\"gitV\r\n11\r\nersion\":\"v1.28.4\"\r\n1\r\n}"
		      "\r\n0\r\n\r\n"));
	assert_string_equal(p.facts.protocol, "kubernetes");
	assert_fact(&p, "service.version", "1.28.4");

	p = PLAY("http", TEXT("HTTP/1.0 200 OK\nServer: CUPS/2.4 IPP/2.1\n\n"));
	assert_string_equal(p.facts.protocol, "ipp");
	p = PLAY("http", TEXT("HTTP/1.1 401 No\r\nWWW-Authenticate: Basic realm=\"x\"\r\n"
			      "Set-Cookie: a=1\r\nSet-Cookie: b=2\r\nContent-Length: 31\r\n\r\n"
			      "<TITLE lang=en> Log in </TITLE>"));
	assert_fact(&p, "http_header.wwwauth", "Basic realm=\"x\"");
	assert_fact(&p, "http_header.cookie", "b=2");
	assert_fact(&p, "html_title", "Log in");
	p = PLAY("http", TEXT("HTTP/1.1 400 Bad Request\r\nContent-Length: 52\r\n\r\n"
			      "<p>The plain HTTP request was sent to HTTPS port</p>"));
	assert_true(p.facts.is_tls_expected);
}

static void http2_is_read_as_http_is(void **state)
{
	/* SETTINGS; then their acknowledgement, HEADERS (:status 200, server, content-type) and
	 * padded DATA; then the icon */
	struct play p = PLAY("http2", TEXT("\0\0\x06\x04\0\0\0\0\0\0\x03\0\0\0\x80"),
			     TEXT("\0\0\0\x04\x01\0\0\0\0"
				  "\0\0\x1a\x01\x04\0\0\0\x01"
				  "\x88\x76\x0c"
				  "nginx/1.24.0"
				  "\x5f\x09"
				  "text/html"
				  "\0\0\x1b\0\x09\0\0\0\x01\x03"
				  "<title>The lab</title>\n\0\0\0"),
			     TEXT("\0\0\x05\x01\x04\0\0\0\x03"
				  "\x88\x5f\x02"
				  "ic"
				  "\0\0\x03\0\x01\0\0\0\x03"
				  "abc"));

	(void)state;
	assert_int_equal(p.verdict, PROBE_IS);
	assert_int_equal(p.said, 3);
	assert_fact(&p, "http.version", "2");
	assert_fact(&p, "http.status", "200");
	assert_fact(&p, "http_header.server", "nginx/1.24.0");
	assert_fact(&p, "html_title", "The lab");
	assert_fact(&p, "favicon.md5", "900150983cd24fb0d6963f7d28e17f72");
	p = PLAY("http2", TEXT("\0\0\x06\x04\0\0\0\0\0\0\x03\0\0\0\x80"),
		 TEXT("\0\0\x08\x07\0\0\0\0\0\0\0\0\0\0\0\0\x01"));
	assert_int_equal(p.verdict, PROBE_IS); /* GOAWAY */
}

static void industry_tells_vendor_and_model(void **state)
{
	struct play p = PLAY("modbus", TEXT("\x62\x74\0\0\0\x1d\xff\x2b\x0e\x01\x01\0\0\x03"
					    "\0\x04"
					    "ACME\x01\x06"
					    "BX-100\x02\x05"
					    "V2.11"));

	(void)state;
	assert_int_equal(p.verdict, PROBE_IS);
	assert_fact(&p, "hw.vendor", "ACME");
	assert_fact(&p, "hw.version", "V2.11");
	p = PLAY("modbus", TEXT("\x62\x74\0\0\0\x03\xff\xab\x01"));
	assert_int_equal(p.verdict, PROBE_IS);

	p = PLAY("s7",
		 TEXT("\x03\0\0\x16\x11\xd0\0\x14\0\x01\0\xc0\x01\x0a\xc1\x02\x01\0\xc2\x02\x01"
		      "\x02"),
		 TEXT("\x03\0\0\x1b\x02\xf0\x80\x32\x03\0\0\0\0\0\x08\0\0\0\0\xf0\0\0\x01\0\x01\0"
		      "\xf0"),
		 TEXT("\x03\0\0\x4b\x02\xf0\x80\x32\x07\0\0\0\0\0\x0c\0\x2e\0\x01\x12\x08\x12\x84"
		      "\x01\x01"
		      "\0\0\0\0\xff\x09\0\x2a\0\x1c\0\0\0\x22\0\x01\0\x07"
		      "CPU 315-2 PN/DP\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0"));
	assert_int_equal(p.verdict, PROBE_IS);
	assert_fact(&p, "hw.vendor", "Siemens");
	assert_fact(&p, "hw.product", "CPU 315-2 PN/DP");

	p = PLAY("bacnet",
		 TEXT("\x81\x0a\0\x1c\x01\0\x30\x01\x0c\x0c\x02\0\0\x07\x19\x79\x3e\x75\x07\0"
		      "Vendor\x3f\0\0"),
		 TEXT("\x81\x0a\0\x0d\x01\0\x50\x02\x0c\x91\x02\x91\x20"),
		 TEXT("\x81\x0a\0\x17\x01\0\x30\x03\x0c\x0c\x02\0\0\x07\x19\x2c\x3e\x74\0"
		      "1.2\x3f"));
	assert_int_equal(p.verdict, PROBE_IS);
	assert_fact(&p, "hw.vendor", "Vendor");
	assert_fact(&p, "hw.version", "1.2");
}

static void others_tell_their_banners(void **state)
{
	struct play p =
		PLAY("rtsp", TEXT("RTSP/1.0 200 OK\r\nCSeq: 1\r\nServer: Hipcam RealServer/V1.0\r\n"
				  "Public: OPTIONS, DESCRIBE\r\n\r\n"));

	(void)state;
	assert_fact(&p, "rtsp_header.server", "Hipcam RealServer/V1.0");
	p = PLAY("sip",
		 TEXT("SIP/2.0 200 OK\r\nServer: kamailio (5.6.3)\r\nUser-Agent: x\r\n\r\n"));
	assert_fact(&p, "sip_header.server", "kamailio (5.6.3)");
	assert_fact(&p, "sip_header.user_agent", "x");
	p = PLAY("amqp", TEXT("\x01\0\0\0\0\0\x3a\0\x0a\0\x0a\0\x09\0\0\0\x28"
			      "\x0c"
			      "capabilitiesF\0\0\0\x03\x01"
			      "at\x07versionS\0\0\0\x06"
			      "3.10.8\0\0\0\0\0\0\0\0\xce"));
	assert_int_equal(p.verdict, PROBE_IS);
	assert_fact(&p, "service.version", "3.10.8");
	p = PLAY("amqp", TEXT("AMQP\0\0\x09\x01"));
	assert_fact(&p, "amqp.version", "0.9.1");
	p = PLAY("nntp",
		 TEXT("200 news.example.org InterNetNews NNRP server ready (posting ok)\r\n"));
	assert_int_equal(p.verdict, PROBE_IS);
	p = PLAY("sieve",
		 TEXT("\"IMPLEMENTATION\" \"Dovecot Pigeonhole\"\r\n\"SASL\" \"\"\r\nOK\r\n"));
	assert_fact(&p, "service.product", "Dovecot Pigeonhole");
	p = PLAY("ntp",
		 TEXT("\x24\x03\x06\xe9\0\0\0\0\0\0\0\0\x7f\x7f\x01\x01\0\0\0\0\0\0\0\0"
		      "btbtbtbt\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0"),
		 TEXT("\x16\x82\0\x01\0\0\0\0\0\0\0\x14version=\"ntpd 4.2.8\""));
	assert_fact(&p, "ntp.readvar", "version=\"ntpd 4.2.8\"");
	assert_fact(&p, "ntp.stratum", "3");
	p = PLAY("vnc", TEXT("RFB 003.008\n"), TEXT("\x02\x01\x13"));
	assert_fact(&p, "vnc.security", "none");
	assert_fact(&p, "vnc.security", "vencrypt");
	p = PLAY("vnc", TEXT("RFB 003.003\n"), TEXT("\0\0\0\x02"));
	assert_fact(&p, "vnc.security", "vnc");
}

/* Each protocol's first bytes, shown to every prober: only its own may say IS. */
static void ssh_tells_the_size_of_its_key(void **state)
{
	/* a reply with an RSA key: exponent 3, and a modulus of 16 bits */
	static const struct piece pieces[] = {
		TEXT("SSH-2.0-dropbear\r\n"),
		TEXT("\0\0\0\x21"
		     "\x04\x1f"
		     "\0\0\0\x17"
		     "\0\0\0\x07"
		     "ssh-rsa"
		     "\0\0\0\x01\x03"
		     "\0\0\0\x03"
		     "\0\x80\x01"
		     "\0\0\0\0"),
	};
	struct play p = play("ssh", pieces, COUNT_OF(pieces));
	struct span key = facts_find(&p.facts, "ssh.host_key");

	(void)state;
	assert_int_equal(p.verdict, PROBE_IS);
	assert_true(span_starts_with(key, "ssh-rsa SHA256:"));
	assert_true(span_is(span_after(key, key.len - 3), " 16"));
}

static void nobody_takes_anothers_answer_for_its_own(void **state)
{
	static const struct {
		const char *owner;
		struct piece piece;
	} answers[] = {
		{ "ssh", TEXT("SSH-2.0-OpenSSH_9.2\r\n") },
		{ "http", TEXT("HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n") },
		{ "smtp", TEXT("220 mail ESMTP Postfix\r\n") },
		{ "ftp", TEXT("220 ProFTPD FTP Server ready\r\n") },
		{ "imap", TEXT("* OK ready\r\n") },
		{ "pop3", TEXT("+OK ready\r\n") },
		{ "rtsp", TEXT("RTSP/1.0 400 Bad Request\r\n\r\n") },
		{ "vnc", TEXT("RFB 003.008\n") },
		{ "xmpp", TEXT("<?xml version='1.0'?><stream:stream "
			       "xmlns:stream='http://etherx.jabber.org/streams'></stream:error>") },
		{ "amqp", TEXT("AMQP\0\0\x09\x01") },
		{ "telnet", TEXT("\xff\xfd\x18\xff\xfd\x20login:") },
		{ "postgresql", TEXT("E\0\0\0\x1bSFATAL\0VFATAL\0MnoRx\0\0\0\0\0\0\0\0\0") },
		{ "ldap", TEXT("\x30\x0c\x02\x01\x01\x65\x07\x0a\x01\0\x04\0\x04\0") },
		{ NULL, TEXT("\x15\x03\x01\0\x02\x02\x28") },
		{ NULL, TEXT("hello world\r\n") },
		{ NULL, TEXT("\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0") },
		{ NULL, TEXT("\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff") },
	};
	static struct service_facts facts;
	uint8_t words[PROBER_SAY_MAX];

	(void)state;
	for (size_t i = 0; i < COUNT_OF(answers); i++) {
		for (size_t k = 0; probers[k] != NULL; k++) {
			struct writer w = writer_over(words, sizeof words);
			struct probe_view view = {
				.alpn = "", .host = "h", .contact = &contact_default, .port = 47000
			};
			enum probe_verdict verdict;

			view.bytes = (struct span){ (const uint8_t *)answers[i].piece.bytes,
						    answers[i].piece.len };
			view.ended = true;
			facts = (struct service_facts){ 0 };
			verdict = probers[k]->read(&view, &facts, &w);
			if (answers[i].owner != NULL &&
			    strcmp(probers[k]->name, answers[i].owner) == 0) {
				continue;
			}
			if (verdict >= PROBE_SAY) {
				printf("%s claims answer %zu\n", probers[k]->name, i);
			}
			assert_true(verdict < PROBE_MORE);
		}
	}
}

static void the_table_is_whole(void **state)
{
	uint8_t words[PROBER_SAY_MAX];
	size_t count = 0;

	(void)state;
	for (; probers[count] != NULL; count++) {
		const struct prober *p = probers[count];
		struct probe_view view = view_of(p, p->transports == PROBER_UDP);
		struct writer w = writer_over(words, sizeof words);

		assert_true(p->name[0] != '\0' && strlen(p->name) < SERVICE_PROTOCOL_MAX);
		assert_non_null(p->ports);
		assert_non_null(p->read);
		assert_true(p->transports != 0);
		assert_true(p->hello != NULL || p->speaks_first);
		if (p->hello != NULL) {
			char host[256];

			p->hello(&view, &w);
			assert_true(writer_ok(&w) && writer_used(&w) > 0);
			/* a name as long as names may be fits too */
			memset(host, 'h', sizeof host - 1);
			host[255] = '\0';
			view.host = host;
			w = writer_over(words, sizeof words);
			p->hello(&view, &w);
			assert_true(writer_ok(&w));
		}
	}
	assert_true(count <= 64);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(databases_tell_their_versions),
		cmocka_unit_test(mongodb_is_asked_twice),
		cmocka_unit_test(http_names_what_is_behind_it),
		cmocka_unit_test(industry_tells_vendor_and_model),
		cmocka_unit_test(others_tell_their_banners),
		cmocka_unit_test(ssh_tells_the_size_of_its_key),
		cmocka_unit_test(nobody_takes_anothers_answer_for_its_own),
		cmocka_unit_test(the_table_is_whole),
		cmocka_unit_test(http2_is_read_as_http_is),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
