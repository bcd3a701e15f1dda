/*
 * rules.h - the rules of docs/vulnerability-matching.md, each in a sentence for people.
 */
#pragma once

/* Of a judgement's rule or subject_rule; "" for a name that is none. */
const char *rule_sentence(const char *rule);

struct rule {
	const char *name;
	const char *sentence;
};

/* All of them, ended by one without a name. */
extern const struct rule rules[];
