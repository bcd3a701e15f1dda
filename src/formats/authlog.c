/*
 * authlog.c - a table of message patterns.
 *
 * In a pattern % and a letter take what stands there into the event, up to what the pattern says
 * next: %u is greedy (up to its last place), all others are not. %* takes and forgets. The pattern
 * is the whole message.
 */
#include "formats/authlog.h"

#include "base/attr.h"
#include "base/error.h"
#include "base/reader.h"
#include "base/text.h"

struct pattern {
	const char *program; /* "" for any */
	const char *text;
	enum authlog_kind kind;
	bool is_good;
	const char *action; /* of accounts and services; the reason of logins */
	const char *account_kind;
};

#define LOGIN(program, text)           program, text, AUTHLOG_LOGIN, true, "", ""
#define REFUSED(program, text, reason) program, text, AUTHLOG_LOGIN, false, reason, ""
#define USER(program, text, action)    program, text, AUTHLOG_ACCOUNT, true, action, "user"
#define GROUP(program, text, action)   program, text, AUTHLOG_ACCOUNT, true, action, "group"
#define UNIT(text, action)             "systemd", text, AUTHLOG_SERVICE, true, action, ""

/* %u user, %m method, %a address, %t terminal, %r reason, %b by whom, %n count, %g account, %c
 * command, %f folder, %o run as, %x unit, %w result, %s service of PAM. */
static const struct pattern patterns[] = {
	/* OpenSSH */
	{ LOGIN("sshd", "Accepted %m for %u from %a port %*") },
	{ REFUSED("sshd", "Failed %m for invalid user %u from %a port %*", "invalid user") },
	{ REFUSED("sshd", "Failed %m for illegal user %u from %a port %*", "invalid user") },
	{ REFUSED("sshd", "Failed %m for %u from %a port %*", "authentication failure") },
	{ REFUSED("sshd", "Connection closed by invalid user %u port %* [preauth]",
		  "invalid user") },
	{ REFUSED("sshd", "Connection closed by authenticating user %u port %* [preauth]",
		  "connection closed") },
	{ REFUSED("sshd", "Connection reset by invalid user %u port %* [preauth]",
		  "invalid user") },
	{ REFUSED("sshd", "Connection reset by authenticating user %u port %* [preauth]",
		  "connection reset") },
	{ REFUSED("sshd", "Disconnected from invalid user %u port %* [preauth]", "invalid user") },
	{ REFUSED("sshd", "Disconnected from authenticating user %u port %* [preauth]",
		  "disconnected") },
	/* dropbear */
	{ LOGIN("dropbear", "Password auth succeeded for '%u' from %a:%*") },
	{ LOGIN("dropbear", "Pubkey auth succeeded for '%u' with %* key %* from %a:%*") },
	{ REFUSED("dropbear", "Bad password attempt for '%u' from %a:%*",
		  "authentication failure") },
	{ REFUSED("dropbear", "Login attempt for nonexistent user from %a:%*", "invalid user") },
	/* login of util-linux, shadow and busybox */
	{ REFUSED("login", "FAILED LOGIN (%*) on '%t' from '%a' FOR '%u', %r", "") },
	{ REFUSED("login", "FAILED LOGIN (%*) on '%t' FOR '%u', %r", "") },
	{ REFUSED("login", "FAILED LOGIN %* FROM %a FOR %u, %r", "") },
	{ REFUSED("login", "FAILED LOGIN %* ON %t FOR %u, %r", "") },
	{ REFUSED("login", "invalid password for '%u' on '%t'%*", "authentication failure") },
	{ LOGIN("login", "%u login on '%t'%*") },
	/* su of util-linux, shadow and busybox */
	{ LOGIN("su", "(to %u) %b on %t") },
	{ REFUSED("su", "FAILED SU (to %u) %b on %t", "authentication failure") },
	{ LOGIN("su", "Successful su for %u by %b") },
	{ REFUSED("su", "FAILED su for %u by %b", "authentication failure") },
	/* doas */
	{ "doas", "%u ran command %c as %o from %f", AUTHLOG_SUDO, true, "", "" },
	{ "doas", "command not permitted for %u: %c", AUTHLOG_SUDO, false, "command not permitted",
	  "" },
	{ "doas", "failed auth for %u", AUTHLOG_SUDO, false, "authentication failure", "" },
	/* shadow */
	{ USER("useradd", "new user: name=%g, %*", "added") },
	{ GROUP("", "new group: name=%g, %*", "added") },
	{ USER("userdel", "delete user '%g'", "removed") },
	{ GROUP("userdel", "removed group '%g' owned by %*", "removed") },
	{ GROUP("groupdel", "group '%g' removed", "removed") },
	{ GROUP("groupmod", "group changed in /etc/group (group %g/%*", "changed") },
	{ GROUP("", "add '%*' to group '%g'", "member-added") },
	{ GROUP("", "delete '%*' from group '%g'", "member-removed") },
	{ USER("usermod", "lock user '%g' password", "locked") },
	{ USER("usermod", "unlock user '%g' password", "unlocked") },
	{ USER("usermod", "change user '%g' password", "password-changed") },
	{ USER("usermod", "change user name '%*' to '%g'", "changed") },
	{ USER("usermod", "change user '%g' %*", "changed") },
	{ USER("passwd", "password for '%g' changed by '%*'", "password-changed") },
	{ USER("passwd", "password for %g changed by %*", "password-changed") }, /* busybox */
	{ USER("chage", "changed password expiry for %g", "changed") },
	{ USER("chfn", "changed user '%g' information", "changed") },
	{ USER("chsh", "changed user '%g' shell to %*", "changed") },
	{ GROUP("gpasswd", "user %* added by %* to group %g", "member-added") },
	{ GROUP("gpasswd", "user %* removed by %* from group %g", "member-removed") },
	{ GROUP("gpasswd", "members of group %g set by %*", "changed") },
	{ GROUP("gpasswd", "set members of %g to %*", "changed") },
	/* systemd since 249, which names units in its messages */
	{ UNIT("Started %x - %*", "started") },
	{ UNIT("Finished %x - %*", "started") },
	{ UNIT("Stopped %x - %*", "stopped") },
	{ UNIT("Reloaded %x - %*", "reloaded") },
	{ UNIT("%x: Failed with result '%w'.", "failed") },
	{ UNIT("%x: Scheduled restart job, %*", "restarting") },
	{ UNIT("Unit %x entered failed state.", "failed") },
	/* PAM: pam_unix, pam_sss, pam_winbind, ... */
	{ USER("", "pam_%*(%s:chauthtok): password changed for %g", "password-changed") },
	{ LOGIN("", "pam_unix(%s:session): session opened for user %u by %*") },
	{ REFUSED("",
		  "pam_unix(%s:auth): authentication failure; %* tty=%t ruser=%* rhost=%a user=%u",
		  "authentication failure") },
};

/* Whose sessions are told by the program itself, or are no logins. */
static const char *const quiet_services[] = {
	"sshd",
	"su",
	"su-l",
	"sudo",
	"sudo-i",
	"cron",
	"crond",
	"atd",
	"systemd-user",
	"runuser",
	"runuser-l",
	"polkit-1",
	"gdm-launch-environment",
	"lightdm-greeter",
	"sddm-greeter",
	"chpasswd",
	"useradd",
	"usermod",
	"passwd",
	"doas",
	"newusers",
	"groupadd",
	"chsh",
	"chfn",
};

static struct span *field_of(struct authlog_event *event, char letter)
{
	switch (letter) {
	case 'u':
		return &event->user;
	case 'm':
		return &event->method;
	case 'a':
		return &event->address;
	case 't':
		return &event->terminal;
	case 'r':
		return &event->reason;
	case 'b':
		return &event->by;
	case 'g':
		return &event->account;
	case 'c':
		return &event->command;
	case 'f':
		return &event->folder;
	case 'o':
		return &event->runas;
	case 'x':
		return &event->unit;
	case 'w':
		return &event->result;
	case 's':
		return &event->service;
	default:
		return NULL;
	}
}

/* The pattern's text up to its next field. */
static struct span next_literal(const char *pattern)
{
	return span_first(span_of(pattern), span_find(span_of(pattern), '%'));
}

static bool starts_with(struct span text, struct span with)
{
	return text.len >= with.len && span_equal(span_first(text, with.len), with);
}

/* Where a literal is, the first time or the last; text.len + 1 where it is not. */
static size_t place_of(struct span text, struct span literal, bool is_last)
{
	size_t found = text.len + 1;

	if (literal.len == 0) {
		return text.len;
	}
	for (size_t i = 0; i + literal.len <= text.len; i++) {
		if (starts_with(span_after(text, i), literal)) {
			found = i;
			if (!is_last) {
				break;
			}
		}
	}
	return found;
}

static bool match(const char *pattern, struct span text, struct authlog_event *event)
{
	while (*pattern != '\0') {
		struct span literal;
		struct span *field;
		char letter;
		size_t at;

		if (*pattern != '%') {
			literal = next_literal(pattern);
			if (!starts_with(text, literal)) {
				return false;
			}
			text = span_after(text, literal.len);
			pattern += literal.len;
			continue;
		}
		letter = pattern[1];
		pattern += 2;
		literal = next_literal(pattern);
		/* what ends the pattern ends the message */
		at = place_of(text, literal, letter == 'u' || pattern[literal.len] == '\0');
		if (at > text.len) {
			return false;
		}
		field = field_of(event, letter);
		if (field != NULL) {
			*field = span_first(text, at);
		}
		text = span_after(text, at);
	}
	return text.len == 0;
}

static bool is_any_of(struct span name, const char *const *list, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		if (span_is(name, list[i])) {
			return true;
		}
	}
	return false;
}

/* "root(uid=0)", and blanks that PAM puts between fields. */
static struct span plain_name(struct span name)
{
	name = span_trim(name);
	return span_first(name, span_find(name, '('));
}

static bool is_service(struct span unit)
{
	return span_ends_with(unit, ".service") && span_find(unit, ' ') == unit.len;
}

/* "USER ADDRESS", where the user's name may hold blanks. */
static void split_address(struct authlog_event *event)
{
	size_t at = place_of(event->user, span_of(" "), true);

	if (at < event->user.len) {
		event->address = span_after(event->user, at + 1);
		event->user = span_first(event->user, at);
	}
}

/* What a pattern cannot say. */
static bool finish(struct span program, const struct pattern *p, struct authlog_event *event)
{
	event->kind = p->kind;
	event->is_good = p->is_good;
	switch (p->kind) {
	case AUTHLOG_LOGIN:
		event->user = plain_name(event->user);
		event->reason = event->reason.len > 0 ? event->reason : span_of(p->action);
		event->address = span_trim(event->address);
		event->is_closing = span_starts_with(span_of(p->text), "Connection ") ||
				    span_starts_with(span_of(p->text), "Disconnected ");
		if (event->is_closing) {
			split_address(event);
		}
		if (event->service.len == 0) {
			event->service = program;
			return true;
		}
		/* of PAM */
		return !is_any_of(event->service, quiet_services, COUNT_OF(quiet_services)) &&
		       (event->is_good || !span_is(event->service, "login"));
	case AUTHLOG_SUDO:
		event->reason = span_of(p->action);
		return true;
	case AUTHLOG_ACCOUNT:
		event->action = span_of(p->action);
		event->account_kind = span_of(p->account_kind);
		event->service = event->service.len > 0 ? event->service : program;
		return event->account.len > 0;
	case AUTHLOG_SERVICE:
		event->action = span_of(p->action);
		return is_service(event->unit);
	}
	return false;
}

/* sshd runs as sshd-session since OpenSSH 9.8, and as sshd-auth since 10.0. */
static struct span main_program(struct span program)
{
	if (span_is(program, "sshd-session") || span_is(program, "sshd-auth")) {
		return span_of("sshd");
	}
	return program;
}

/* KEY=value between " ; "; the last one, COMMAND, goes to the end. */
static void take_sudo_field(struct span field, struct authlog_event *event)
{
	static const struct {
		const char *key;
		char letter;
	} keys[] = { { "TTY=", 't' }, { "PWD=", 'f' }, { "USER=", 'o' }, { "COMMAND=", 'c' } };

	for (size_t i = 0; i < COUNT_OF(keys); i++) {
		if (span_starts_with(field, keys[i].key)) {
			*field_of(event, keys[i].letter) =
				span_after(field, span_of(keys[i].key).len);
			return;
		}
	}
	if (span_find(field, '=') == field.len && event->reason.len == 0) {
		event->reason = field;
	}
}

/* "bob : REASON ; TTY=pts/0 ; PWD=/home/bob ; USER=root ; COMMAND=/bin/ls", the reason only where
 * it was refused. */
static int parse_sudo(struct span message, struct authlog_event *event)
{
	const struct span between = span_of(" ; ");
	const struct span colon = span_of(" : ");
	struct span rest = span_trim(message);
	size_t at = place_of(rest, colon, false);
	bool is_last = false;

	if (at > rest.len) {
		return ERR_UNSUPPORTED;
	}
	event->kind = AUTHLOG_SUDO;
	event->user = span_first(rest, at);
	rest = span_trim(span_after(rest, at + colon.len));
	while (!is_last) {
		at = place_of(rest, between, false);
		is_last = at > rest.len || span_starts_with(rest, "COMMAND=");
		take_sudo_field(is_last ? rest : span_first(rest, at), event);
		rest = is_last ? rest : span_after(rest, at + between.len);
	}
	event->is_good = event->reason.len == 0;
	return event->command.len == 0 && event->is_good ? ERR_UNSUPPORTED : 0;
}

/* "message repeated 3 times: [ Failed password for ...]" of rsyslog and syslog-ng. */
static struct span unwrap_repeated(struct span message, uint32_t *out_count)
{
	const struct span begin = span_of("message repeated ");
	struct span digits;
	struct span rest;
	uint64_t count;

	*out_count = 0;
	if (!starts_with(message, begin) || message.ptr[message.len - 1] != ']') {
		return message;
	}
	rest = span_after(message, begin.len);
	digits = span_first(rest, span_find(rest, ' '));
	rest = span_after(rest, digits.len);
	if (!span_starts_with(rest, " times: [ ") || text_to_u64(digits, UINT32_MAX, &count) != 0) {
		return message;
	}
	*out_count = (uint32_t)count;
	rest = span_after(rest, span_of(" times: [ ").len);
	return span_first(rest, rest.len - 1);
}

int authlog_parse(struct span program, struct span message, struct authlog_event *out)
{
	struct authlog_event event = { .count = 0 };
	uint32_t count;

	if (message.len > AUTHLOG_MESSAGE_MAX) {
		return ERR_LIMIT;
	}
	program = main_program(program);
	message = unwrap_repeated(span_trim(message), &count);
	if (span_is(program, "sudo") && !span_starts_with(message, "pam_")) {
		int error = parse_sudo(message, &event);

		event.count = count;
		*out = error == 0 ? event : *out;
		return error;
	}
	for (size_t i = 0; i < COUNT_OF(patterns); i++) {
		const struct pattern *p = &patterns[i];

		if (p->program[0] != '\0' && !span_is(program, p->program)) {
			continue;
		}
		event = (struct authlog_event){ .count = count };
		if (match(p->text, message, &event)) {
			if (!finish(program, p, &event)) {
				return ERR_UNSUPPORTED;
			}
			*out = event;
			return 0;
		}
	}
	return ERR_UNSUPPORTED;
}

int authlog_parse_unit(struct span message_id, struct span unit, struct span result,
		       struct authlog_event *out)
{
	/* sd-messages.h */
	static const struct {
		const char *id;
		const char *action;
	} known[] = {
		{ "39f53479d3a045ac8e11786248231fbf", "started" },
		{ "9d1aaa27d60140bd96365438aad20286", "stopped" },
		{ "7b05ebc668384222baa8881179cfda54", "reloaded" },
		{ "d9b373ed55a64feb8242e02dbe79a49c", "failed" },
		{ "5eb03494b6584870a536b337290809b3", "restarting" },
	};

	for (size_t i = 0; is_service(unit) && i < COUNT_OF(known); i++) {
		if (span_is(message_id, known[i].id)) {
			*out = (struct authlog_event){ .kind = AUTHLOG_SERVICE,
						       .is_good = true,
						       .unit = unit,
						       .action = span_of(known[i].action),
						       .result = result };
			return 0;
		}
	}
	return ERR_UNSUPPORTED;
}
