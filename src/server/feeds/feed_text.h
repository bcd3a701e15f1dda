/*
 * feed_text.h - what the feeds' parsers share: decoded texts, quotes, errors with their place.
 *
 * Texts live in a room that the caller gives (feed_input.room) until it is cleared, once a record.
 */
#pragma once

#include "formats/json.h"
#include "server/feeds/feed.h"

/* Forgets the texts of the record before. */
void feed_text_clear(struct feed_input *in);

/* A JSON string or key as what it says. Cut where the room is full. */
struct span feed_text(struct feed_input *in, struct span raw);

/* Takes the next value: its text decoded, or empty where it is no string. */
struct span feed_take_text(struct feed_input *in, struct json *j);

/* Passes over the next value and returns it as it is written. */
struct span feed_take_raw(struct feed_input *in, struct json *j);

/* Where the next value begins or lies, in the document. */
size_t feed_offset(const struct feed_input *in, const struct json *j);

/* Appends JSON without the blanks between its tokens. */
void feed_write_compact(struct writer *w, struct span json);

/* Lines, tabs and other control characters made one blank each; at most the summary's length. */
struct span feed_one_line(struct feed_input *in, struct span text);

/* Reserves room for a text that is written piece by piece, at most size bytes; feed_text_end hands
 * it out. Nothing else of the room may be used in between. */
struct writer feed_text_begin(struct feed_input *in, size_t size);
struct span feed_text_end(struct feed_input *in, const struct writer *w);

/* ERR_MALFORMED and "NAME, byte N: WHAT". */
int feed_malformed(struct feed_input *in, size_t offset, const char *what);

/* ERR_MALFORMED where the document is broken JSON or goes on behind its value; 0 where it is fine.
 */
int feed_finish_json(struct feed_input *in, struct json *j);

/* Counts a record that could not be read, and keeps the first as an example. */
void feed_odd(struct feed_input *in, size_t offset, const char *what);

/* Hands a record on: counts it, or counts it as odd. Fails only where the index is full. */
int feed_entry(struct feed_input *in, const struct knowledge_record *record, size_t offset);
int feed_facts(struct feed_input *in, const struct knowledge_vulnerability *facts, size_t offset);

/* Keeps the newest date that documents say. */
void feed_snapshot(struct feed_input *in, struct span date);

/* True for CVE-YEAR-NUMBER. */
bool feed_is_cve(struct span id);
