/*
 * attack.h - what the attacks share: a first flight, then something that no honest client says,
 * and how the server takes it.
 *
 * struct attack is the first member of a job's own. What is heard is bounded and compared, never
 * kept. Private to this folder.
 */
#pragma once

#include "scan/tls/assessment.h"

#define ATTACK_HEARD_MAX 4
#define ATTACK_TEXT_SIZE 48

/* Codes of records: an alert with its description, or the type of another one. */
#define ATTACK_ALERT  0x100
#define ATTACK_RECORD 0x200

enum attack_end { ATTACK_STAYED, ATTACK_CLOSED, ATTACK_RESET };

struct attack_reaction {
	unsigned count;
	uint16_t heard[ATTACK_HEARD_MAX];
	enum attack_end end;
};

struct attack {
	struct tls_flight flight;
	bool is_sent; /* the attack was said; else there is no reaction */
	bool is_over; /* enough was heard */
	int64_t opened_ms;
	/* Not only the first record counts but all, and how it ends; so long is waited for more. */
	int64_t patience_ms;
	struct attack_reaction reaction;
};

/* For struct speaking: opened, received (say: once the first flight is whole and older than TLS
 * 1.3), done; for ended: what there was of a reaction. */
void attack_opened(struct job *job);
size_t attack_received(struct job *job, struct span bytes, void (*say)(struct job *job));
void attack_ended(struct attack *attack, enum tls_wire_end end);
void attack_done(struct job *job);

/* A job with its own of that size, which begins with a struct attack; NULL where there are too
 * many. */
struct job *attack_add(struct assessment *assessment, const struct job_kind *kind,
		       enum tls_version version, size_t own_size);

/* Whether attacks are wanted, and the highest version that they can be tried with. */
bool attack_is_wanted(const struct assessment *assessment, enum tls_version *version);

/* A record in the clear. */
void attack_write_record(const struct job *job, uint8_t type, struct span payload,
			 struct writer *w);

bool attack_is_silence(const struct attack_reaction *reaction);
bool attack_is_same(const struct attack_reaction *a, const struct attack_reaction *b);

/* "alert 20", "alert 20 twice", "a reset", "nothing". */
void attack_text(const struct attack_reaction *reaction, char text[ATTACK_TEXT_SIZE]);

/* Unknown, for it came not so far: says why. */
void attack_set_unreached(const struct job *job, enum tls_vulnerability vulnerability);
