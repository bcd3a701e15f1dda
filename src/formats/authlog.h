/*
 * authlog.h - what sshd, login, su, sudo, PAM, shadow's tools and systemd write to the log.
 *
 * One message is at most one event. Of messages that tell the same (sshd's and PAM's of one login)
 * one is taken and the others are passed over, so that nothing is told twice: sshd's "Accepted" and
 * "Failed", su's own, util-linux login's "FAILED LOGIN", PAM's "session opened" for all else.
 * Names in messages of sshd are an attacker's: what is behind the last " from " counts.
 */
#pragma once

#include "base/attr.h"
#include "base/span.h"

/* A longer message is not looked at. */
#define AUTHLOG_MESSAGE_MAX 8192

enum authlog_kind { AUTHLOG_LOGIN, AUTHLOG_SUDO, AUTHLOG_ACCOUNT, AUTHLOG_SERVICE };

/* Texts are borrowed from the message or static; empty where nothing is said. */
struct authlog_event {
	enum authlog_kind kind;
	bool is_good; /* let in; allowed */
	struct span user;
	struct span service; /* of logins: sshd, login, su, ... */
	struct span method;
	struct span address;
	struct span terminal;
	struct span reason;
	uint32_t count;    /* how often, where a daemon summed up; else 0 */
	bool is_closing;   /* of sshd: the end of a connection without a login; told only where no
			    * other failure of the same process was */
	struct span by;    /* who became that user, of su */
	struct span runas; /* of sudo */
	struct span command;
	struct span folder;
	struct span action; /* of accounts and services, as the schema names them */
	struct span account;
	struct span account_kind;
	struct span unit;
	struct span result;
};

/* program: what wrote it ("sshd", "systemd"). ERR_UNSUPPORTED where it tells of nothing that is
 * asked for, ERR_LIMIT where it is too long. */
MUST_USE int authlog_parse(struct span program, struct span message, struct authlog_event *out);

/* The same of systemd by its message's number (32 hexadecimal digits), which older versions need:
 * their messages do not name the unit. unit, result: the fields UNIT and UNIT_RESULT. */
MUST_USE int authlog_parse_unit(struct span message_id, struct span unit, struct span result,
				struct authlog_event *out);
