/*
 * ask.h - what the process that follows up is asked, and what it answers.
 *
 * Pure: structs and bytes. What the follower says is parsed as a stranger's.
 */
#pragma once

#include "base/attr.h"
#include "scan/answer.h"
#include "scan/service.h"

#define FOLLOW_NAME_SIZE 256

/* An open port. */
struct follow_ask {
	struct address address;
	uint16_t port;
	uint8_t transport;            /* enum transport */
	uint8_t reason;               /* enum answer_reason */
	char scope[FOLLOW_NAME_SIZE]; /* that it was found in; "" for none */
	char name[FOLLOW_NAME_SIZE];  /* that is asked for (SNI, Host); "" for the address alone */
	struct span payload;          /* its answer of UDP to discovery, as it came; borrowed */
};

#define FOLLOW_PAYLOAD_MAX  512 /* as discovery keeps it (catcher.h) */
#define FOLLOW_ASK_SIZE_MAX (ADDRESS_SIZE + 8 + 2 * FOLLOW_NAME_SIZE + FOLLOW_PAYLOAD_MAX)

/* What a program adds to its answers, of its own form (follower.h): at most so much. */
#define FOLLOW_MORE_MAX        (512u << 10)
#define FOLLOW_ANSWER_SIZE_MAX (2 + SERVICE_PACKED_MAX + FOLLOW_MORE_MAX)

struct follow_answer {
	struct service service;
	struct span packed; /* the same, as it came; borrowed */
	struct span more;   /* borrowed */
};

void follow_ask_write(const struct follow_ask *ask, struct writer *out);
MUST_USE int follow_ask_read(struct span body, struct follow_ask *out);

void follow_answer_write(const struct service *service, struct span more, struct writer *out);
MUST_USE int follow_answer_read(struct span body, struct follow_answer *out);
