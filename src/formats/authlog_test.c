/* authlog_test.c - messages of Debian, Red Hat and Alpine, as one line each. */
#include "formats/authlog.h"

#include "base/attr.h"
#include "base/error.h"
#include "base/reader.h"
#include "base/writer.h"
#include "formats/fixture.h"
#include "formats/syslog.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>

static void add(struct writer *w, const char *key, struct span value)
{
	if (value.len > 0) {
		writer_text(w, " ");
		writer_text(w, key);
		writer_text(w, "=");
		writer_bytes(w, value);
	}
}

static void describe(const struct authlog_event *e, struct writer *w)
{
	static const char *const kinds[] = { "login", "sudo", "account", "service" };

	writer_text(w, kinds[e->kind]);
	writer_text(w, e->is_good ? "" : " refused");
	writer_text(w, e->is_closing ? " closing" : "");
	add(w, "user", e->user);
	add(w, "service", e->service);
	add(w, "method", e->method);
	add(w, "address", e->address);
	add(w, "terminal", e->terminal);
	add(w, "reason", e->reason);
	add(w, "by", e->by);
	add(w, "runas", e->runas);
	add(w, "folder", e->folder);
	add(w, "command", e->command);
	add(w, "action", e->action);
	add(w, e->account_kind.len > 0 ? (span_is(e->account_kind, "user") ? "user" : "group") : "",
	    e->account);
	add(w, "unit", e->unit);
	add(w, "result", e->result);
	if (e->count > 0) {
		writer_text(w, " count=");
		writer_decimal(w, e->count);
	}
	writer_text(w, "\n");
}

static const char *describe_file(const char *path)
{
	static uint8_t text[FIXTURE_TEXT_MAX];
	struct writer w = writer_over(text, sizeof text);
	struct reader r = reader_over(fixture(path));

	while (reader_left(&r) > 0) {
		struct authlog_event event;
		struct syslog_line line;

		assert_int_equal(syslog_parse(reader_line(&r), &line), 0);
		if (authlog_parse(line.program, line.message, &event) == 0) {
			describe(&event, &w);
		}
	}
	assert_true(writer_ok(&w));
	return fixture_text(writer_span(&w));
}

static void tells_what_debian_logs_once_each(void **state)
{
	(void)state;
	assert_string_equal(
		describe_file("formats-authlog/debian"),
		"login user=root service=sshd method=publickey address=192.0.2.7\n"
		"login refused user=oracle service=sshd method=password address=198.51.100.9 "
		"reason=invalid user\n"
		"login refused closing user=oracle service=sshd address=198.51.100.9 "
		"reason=invalid user\n"
		"sudo user=bob terminal=pts/0 runas=root folder=/home/bob "
		"command=/usr/bin/apt-get update\n"
		"sudo refused user=eve terminal=pts/1 reason=user NOT in sudoers runas=root "
		"folder=/tmp command=/bin/sh\n"
		"login user=root service=su terminal=pts/0 by=bob\n"
		"login refused user=root service=su terminal=pts/1 reason=authentication failure "
		"by=eve\n"
		"account service=useradd action=added group=carol\n"
		"account service=useradd action=added user=carol\n"
		"account service=usermod action=member-added group=sudo\n"
		"account service=passwd action=password-changed user=carol\n"
		"account service=userdel action=removed user=carol\n"
		"account service=userdel action=removed group=carol\n"
		"service action=started unit=nginx.service\n"
		"service action=failed unit=nginx.service result=exit-code\n"
		"login user=root service=login\n"
		"login refused user=root service=login terminal=/dev/tty1 "
		"reason=Authentication failure\n");
}

static void tells_what_red_hat_logs_once_each(void **state)
{
	(void)state;
	assert_string_equal(
		describe_file("formats-authlog/redhat"),
		"login user=bob service=sshd method=password address=2001:db8::7\n"
		"login refused user=root service=sshd method=password address=203.0.113.4 "
		"reason=authentication failure\n"
		"login refused user=root service=sshd method=password address=203.0.113.4 "
		"reason=authentication failure count=2\n"
		"login refused closing user=root service=sshd address=203.0.113.4 "
		"reason=connection closed\n"
		"login user=bob service=gdm-password\n"
		"login refused user=bob service=gdm-password terminal=/dev/tty1 "
		"reason=authentication failure\n"
		"sudo refused user=bob terminal=pts/0 reason=3 incorrect password attempts "
		"runas=root folder=/home/bob command=/bin/cat /etc/shadow\n"
		"account service=gpasswd action=member-added group=wheel\n"
		"account service=groupadd action=added group=ops\n"
		"account service=groupdel action=removed group=ops\n"
		"account service=chage action=changed user=bob\n"
		"account service=usermod action=locked user=bob\n"
		"service action=failed unit=httpd.service\n");
}

static void tells_what_alpine_logs_once_each(void **state)
{
	(void)state;
	assert_string_equal(describe_file("formats-authlog/alpine"),
			    "login user=root service=sshd method=publickey address=192.0.2.7\n"
			    "login user=root service=login terminal=tty1\n"
			    "login refused user=root service=login terminal=tty1 "
			    "reason=authentication failure\n"
			    "sudo user=bob runas=root folder=/home/bob command=apk update\n"
			    "sudo refused user=eve reason=command not permitted command=sh\n"
			    "account service=passwd action=password-changed user=bob\n"
			    "login refused user=root service=dropbear address=203.0.113.4 "
			    "reason=authentication failure\n");
}

static void believes_the_address_that_sshd_wrote_not_the_one_in_a_name(void **state)
{
	struct authlog_event event;

	(void)state;
	assert_int_equal(
		authlog_parse(span_of("sshd"),
			      span_of("Failed password for invalid user root from 127.0.0.1 "
				      "port 22 ssh2 from 198.51.100.9 port 40022 ssh2"),
			      &event),
		0);
	assert_true(span_is(event.address, "198.51.100.9"));
	assert_true(span_is(event.user, "root from 127.0.0.1 port 22 ssh2"));
}

static void keeps_semicolons_in_the_command_of_sudo(void **state)
{
	struct authlog_event event;

	(void)state;
	assert_int_equal(authlog_parse(span_of("sudo"),
				       span_of("bob : TTY=unknown ; PWD=/ ; USER=root ; "
					       "COMMAND=/bin/sh -c a ; b ; USER=x"),
				       &event),
			 0);
	assert_true(span_is(event.command, "/bin/sh -c a ; b ; USER=x"));
	assert_true(span_is(event.runas, "root"));
	assert_true(event.is_good);
}

static void knows_units_by_the_number_of_the_message(void **state)
{
	struct authlog_event event;
	struct span none = { NULL, 0 };

	(void)state;
	assert_int_equal(authlog_parse_unit(span_of("39f53479d3a045ac8e11786248231fbf"),
					    span_of("nginx.service"), none, &event),
			 0);
	assert_true(span_is(event.action, "started"));
	assert_true(span_is(event.unit, "nginx.service"));
	assert_int_equal(authlog_parse_unit(span_of("39f53479d3a045ac8e11786248231fbf"),
					    span_of("user.slice"), none, &event),
			 ERR_UNSUPPORTED);
	assert_int_equal(authlog_parse_unit(span_of("00000000000000000000000000000000"),
					    span_of("nginx.service"), none, &event),
			 ERR_UNSUPPORTED);
}

static void parse_lines(struct span part)
{
	struct reader r = reader_over(part);
	struct authlog_event event;
	struct syslog_line line;

	while (reader_left(&r) > 0) {
		if (syslog_parse(reader_line(&r), &line) == 0) {
			(void)!authlog_parse(line.program, line.message, &event);
		}
	}
}

static void stops_at_every_truncation(void **state)
{
	(void)state;
	fixture_truncate(fixture("formats-authlog/debian"), parse_lines);
	fixture_truncate(fixture("formats-authlog/hostile"), parse_lines);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(tells_what_debian_logs_once_each),
		cmocka_unit_test(tells_what_red_hat_logs_once_each),
		cmocka_unit_test(tells_what_alpine_logs_once_each),
		cmocka_unit_test(believes_the_address_that_sshd_wrote_not_the_one_in_a_name),
		cmocka_unit_test(keeps_semicolons_in_the_command_of_sudo),
		cmocka_unit_test(knows_units_by_the_number_of_the_message),
		cmocka_unit_test(stops_at_every_truncation),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
