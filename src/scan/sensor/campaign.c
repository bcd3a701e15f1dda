/* campaign.c - the policy's scopes, and whose turn it is. */
#include "scan/sensor/campaign_parts.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "scan/sensor/names.h"
#include "sys/alloc.h"
#include "sys/clock.h"
#include "sys/line.h"
#include "sys/log.h"

#define SECOND_MS     1000
#define WATCH_EACH_MS 5000

/* What was found is written this often while it changes. */
#define SAVE_EACH_MS 10000

/* What was found in a scope that no policy names any more is kept so long: it may have been turned
 * off for a while. */
#define GONE_KEPT_MS (24 * 3600 * INT64_C(1000))

void campaign_changed(struct campaign *c, uint16_t table)
{
	c->is_unsaved = true;
	c->hooks.changed(c->context, table);
}

void campaign_lost(struct campaign *c, const char *which)
{
	struct found_lost *lost = &c->found->lost;

	lost->count++;
	lost->at_ms = clock_wall_ms();
	snprintf(lost->name, sizeof lost->name, "%s", which);
	c->hooks.lost(c->context, which);
}

/* --- whose turn it is --- */

static struct turn turn_of(const struct campaign *c, const struct course *course)
{
	bool is_busy = course->phase != COURSE_WAITING && course->phase != COURSE_RUNNING;

	return (struct turn){ .started_s = course->found->started_s,
			      .is_underway = course->found->is_underway,
			      .is_first = course->found->runs == 0,
			      .is_held = is_busy || (c->is_once && course->is_done),
			      .period_s = course->wish.period_s,
			      .rate = course->wish.rate,
			      .from_minute = course->wish.from_minute,
			      .to_minute = course->wish.to_minute };
}

static size_t index_of(const struct campaign *c, const struct course *course)
{
	for (size_t i = 0; i < c->course_count; i++) {
		if (c->courses[i] == course) {
			return i;
		}
	}
	return TURNS_NONE;
}

static void stop_running(struct campaign *c)
{
	if (!c->running->is_stopping) {
		c->running->is_stopping = true;
		(void)(channel_send(c->finder, FINDER_STOP, c->find_id, (struct span){ NULL, 0 }) !=
		       0);
	}
}

static bool is_followed(const struct campaign *c, const struct course *course, int64_t now_ms)
{
	struct turn turn = turn_of(c, course);

	if (turn.is_held || course->targets == NULL || !turn_is_open(&turn, now_ms / 1000)) {
		return false;
	}
	for (size_t i = 0; i < course->found->host_count; i++) {
		if (follow_is_due(course, course->found->hosts[i], now_ms)) {
			return true;
		}
	}
	return false;
}

/* Hosts that changed are looked at before whatever else would be: a run that is under way makes
 * room, and goes on behind them. True where the finder is theirs. */
static bool follow(struct campaign *c, int64_t now_ms)
{
	if (c->is_once || now_ms - c->follow_ms < WATCH_EACH_MS) {
		return false;
	}
	for (size_t i = 0; i < c->course_count; i++) {
		if (!is_followed(c, c->courses[i], now_ms)) {
			continue;
		}
		if (c->running != NULL) {
			stop_running(c);
			return true;
		}
		if (run_follow(c, c->courses[i])) {
			return true;
		}
	}
	c->follow_ms = now_ms;
	return false;
}

static void take_turns(struct campaign *c)
{
	struct turn turns[POLICY_SCOPES_MAX];
	int64_t now_s = clock_wall_ms() / 1000;
	size_t next;

	for (size_t i = 0; i < c->course_count; i++) {
		turns[i] = turn_of(c, c->courses[i]);
		if (c->is_once && !c->courses[i]->is_done) {
			turns[i].started_s = 0; /* now, whenever it was scanned last */
		}
	}
	if (c->running != NULL && c->running->phase != COURSE_RUNNING) {
		return; /* that is short */
	}
	if (follow(c, 1000 * now_s)) {
		return;
	}
	next = turns_pick(turns, c->course_count, now_s, index_of(c, c->running),
			  clock_ms() - c->running_since_ms);
	if (c->running != NULL) {
		if (next == TURNS_NONE || c->courses[next] != c->running) {
			stop_running(c);
		}
	} else if (next != TURNS_NONE) {
		run_begin(c, c->courses[next]);
	}
}

static void forget_gone(struct campaign *c, int64_t now_ms)
{
	for (size_t i = c->found->scope_count; i > 0; i--) {
		struct found_scope *scope = c->found->scopes[i - 1];

		if (scope->gone_ms != 0 && now_ms - scope->gone_ms > GONE_KEPT_MS) {
			found_forget_scope(c->found, scope);
			for (unsigned t = TABLE_SCAN_SCOPES; t <= TABLE_SCAN_HOST_KEYS; t++) {
				campaign_changed(c, (uint16_t)t);
			}
		}
	}
}

static void watch(struct campaign *c, int64_t now_ms)
{
	if (now_ms - c->watched_ms < WATCH_EACH_MS || c->is_once) {
		return;
	}
	c->watched_ms = now_ms;
	for (size_t i = 0; i < c->course_count; i++) {
		struct turn turn = turn_of(c, c->courses[i]);

		if (turn_is_open(&turn, now_ms / 1000) && c->courses[i]->targets != NULL) {
			ask_watched(c, c->courses[i], now_ms);
		}
	}
	forget_gone(c, now_ms);
}

static void each_second(void *context)
{
	struct campaign *c = context;
	int64_t now_ms = clock_ms();

	for (size_t i = 0; i < c->course_count; i++) {
		struct course *course = c->courses[i];

		if (course->phase == COURSE_REFUSED && now_ms >= course->retry_ms && !c->is_once) {
			course->phase = COURSE_WAITING;
		}
		run_look(c, course);
	}
	watch(c, clock_wall_ms());
	names_some(c, clock_wall_ms());
	health_look(c);
	take_turns(c);
	loop_timer_arm(c->second, SECOND_MS);
}

void campaign_acknowledged(struct campaign *c)
{
	for (size_t i = 0; i < c->course_count; i++) {
		if (c->courses[i]->phase == COURSE_TELLING) {
			loop_timer_arm(c->second, 0);
		}
	}
}

/* --- the policy --- */

static bool is_same_wish(const struct policy_scope *a, const struct policy_scope *b)
{
	if (a->rate != b->rate || a->port_count != b->port_count ||
	    a->from_minute != b->from_minute || a->to_minute != b->to_minute ||
	    a->period_s != b->period_s) {
		return false;
	}
	for (size_t i = 0; i < a->port_count; i++) {
		if (a->ports[i].first != b->ports[i].first ||
		    a->ports[i].last != b->ports[i].last) {
			return false;
		}
	}
	return true;
}

static void free_course(struct course **course)
{
	targets_free(&(*course)->targets);
	free((*course)->ports);
	free(*course);
	*course = NULL;
}

/* Not to be scanned any more: its probes and connections end now. */
static void withdraw(struct campaign *c, struct course *course)
{
	log_info("a scope is withdrawn", log_text("scope", course->name));
	run_give_up(c, course);
	ask_drop(c, course->found);
	course->found->gone_ms = clock_wall_ms();
	free_course(&course);
}

static struct course *take_course(struct campaign *c, const char *name)
{
	for (size_t i = 0; i < c->course_count; i++) {
		struct course *course = c->courses[i];

		if (strcmp(course->name, name) == 0) {
			c->courses[i] = c->courses[--c->course_count];
			return course;
		}
	}
	return NULL;
}

static struct course *new_course(struct campaign *c, const char *name)
{
	struct found_scope *found = found_scope(c->found, name);
	struct course *course;

	if (found == NULL) {
		log_warn("too many scopes", log_text("scope", name));
		return NULL;
	}
	course = alloc_zeroed(1, sizeof *course);
	snprintf(course->name, sizeof course->name, "%s", name);
	course->found = found;
	/* what was complete and not told when this process began is told now */
	course->phase = found->runs > 0 && !found->is_told && !found->is_underway ? COURSE_TELLING
										  : COURSE_WAITING;
	return course;
}

static void apply_wish(struct campaign *c, struct course *course, const struct policy_scope *wish)
{
	uint8_t ports[SHA256_SIZE];

	if (!is_same_wish(&course->wish, wish) &&
	    (course->phase == COURSE_RUNNING || course->phase == COURSE_CONFIRMING ||
	     course->phase == COURSE_FOLLOWING || course->phase == COURSE_REFUSED)) {
		run_give_up(c, course);
	}
	course->wish = *wish;
	course->wish.name = (struct span){ NULL, 0 };
	run_digest_ports(wish, ports);
	if (course->found->run > 0 && mem_compare(ports, course->found->ports, sizeof ports) != 0) {
		/* what was never looked for is looked for now, not when the period is over; and it
		 * may have been asked for while nobody was here to hear it */
		course->found->started_s = 0;
		course->found->is_underway = false;
		course->found->is_hurried = true;
		mem_copy(course->found->ports, ports, sizeof ports);
		c->is_saved_now = true;
	}
	course->found->gone_ms = 0;
}

void campaign_set_policy(struct campaign *c, const struct policy *policy)
{
	struct course *next[POLICY_SCOPES_MAX];
	size_t count = 0;

	for (size_t i = 0; i < policy->scope_count; i++) {
		char name[ROWS_SCOPE_SIZE];
		struct course *course;
		bool is_new;

		snprintf(name, sizeof name, "%.*s", (int)policy->scopes[i].name.len,
			 (const char *)policy->scopes[i].name.ptr);
		course = take_course(c, name);
		is_new = course == NULL;
		course = is_new ? new_course(c, name) : course;
		if (course == NULL) {
			continue;
		}
		if (is_new) {
			course->wish = policy->scopes[i];
		}
		apply_wish(c, course, &policy->scopes[i]);
		next[count++] = course;
	}
	while (c->course_count > 0) {
		withdraw(c, c->courses[--c->course_count]);
	}
	mem_copy(c->courses, next, count * sizeof *next);
	c->course_count = count;
	for (size_t i = 0; i < c->found->scope_count; i++) {
		struct found_scope *scope = c->found->scopes[i];
		bool is_named = false;

		for (size_t k = 0; k < count; k++) {
			is_named = is_named || next[k]->found == scope;
		}
		if (!is_named && scope->gone_ms == 0) {
			scope->gone_ms = clock_wall_ms();
		}
	}
	campaign_changed(c, TABLE_SCAN_SCOPES);
	health_look(c);
	c->follow_ms = 0;
	loop_timer_arm(c->second, 0);
}

struct found_status campaign_status(void *campaign, const struct found_scope *scope)
{
	static const char *const states[] = {
		[COURSE_WAITING] = "waiting",   [COURSE_NAMING] = "running",
		[COURSE_RUNNING] = "running",   [COURSE_CONFIRMING] = "running",
		[COURSE_FOLLOWING] = "waiting", [COURSE_ASKING] = "running",
		[COURSE_TELLING] = "waiting",   [COURSE_REFUSED] = "refused",
	};
	const struct campaign *c = campaign;

	for (size_t i = 0; i < c->course_count; i++) {
		if (c->courses[i]->found == scope) {
			return (struct found_status){ states[c->courses[i]->phase],
						      c->courses[i]->reason };
		}
	}
	return (struct found_status){ "off", "the policy does not name it" };
}

size_t campaign_scopes(const struct campaign *c, size_t *out_done)
{
	*out_done = 0;
	for (size_t i = 0; i < c->course_count; i++) {
		*out_done += c->courses[i]->is_done || c->courses[i]->phase == COURSE_REFUSED;
	}
	return c->course_count;
}

uint64_t campaign_progress(const struct campaign *c)
{
	return c->progress;
}

bool campaign_take_unsaved(struct campaign *c)
{
	int64_t now_ms = clock_ms();
	bool is_due = c->is_saved_now || (c->is_unsaved && now_ms - c->saved_ms >= SAVE_EACH_MS);

	if (is_due) {
		c->is_saved_now = false;
		c->is_unsaved = false;
		c->saved_ms = now_ms;
	}
	return is_due;
}

/* --- life --- */

/* about: the number of the course's look-up. */
static void scope_named(void *context, void *about, const struct resolver_answer *answer)
{
	struct campaign *c = context;

	for (size_t i = 0; i < c->course_count; i++) {
		struct course *course = c->courses[i];

		if (course->phase != COURSE_NAMING || course->number != (uintptr_t)about) {
			continue;
		}
		if (c->running != NULL) {
			course->phase = COURSE_WAITING; /* another one took the turn */
			return;
		}
		run_named(c, course, answer);
		return;
	}
}

static void finder_closed(void *context)
{
	struct campaign *c = context;

	campaign_lost(c, "finder");
}

static void asker_closed(void *context)
{
	struct campaign *c = context;

	campaign_lost(c, "asker");
}

static void asker_lacks(void *context, struct span what)
{
	struct campaign *c = context;

	snprintf(c->lacks, sizeof c->lacks, "%.*s",
		 (int)(what.len < sizeof c->lacks ? what.len : sizeof c->lacks - 1),
		 what.len > 0 ? (const char *)what.ptr : "");
}

static void names_closed(void *context)
{
	struct campaign *c = context;

	campaign_lost(c, "names");
}

struct campaign *campaign_new(struct loop *loop, const struct campaign_lines *lines,
			      struct found *found, bool is_once, const struct campaign_hooks *hooks,
			      void *context)
{
	static const struct channel_handler finder = { run_message, NULL, finder_closed };
	static const struct follow_up_events asker = { .ask = ask_turn,
						       .answered = ask_answered,
						       .skipped = ask_skipped,
						       .lost = asker_closed,
						       .lacks = asker_lacks };
	struct campaign *c = alloc_zeroed(1, sizeof *c);

	c->loop = loop;
	c->found = found;
	c->is_once = is_once;
	c->hooks = *hooks;
	c->context = context;
	c->finder = channel_new(loop, lines->finder, LINE_QUEUE_MAX, &finder, c);
	c->follow_up = follow_up_over(loop, lines->asker, &asker, c);
	c->free_ask = ASKS_NONE;
	c->scope_names = resolver_over(loop, &lines->names[NAMES_OF_SCOPES], 1, scope_named,
				       names_closed, c);
	if (lines->names[NAMES_OF_HOSTS] >= 0) {
		c->host_names = resolver_over(loop, &lines->names[NAMES_OF_HOSTS], 1,
					      names_answered, names_closed, c);
	}
	c->second = loop_timer(loop, each_second, c);
	c->saved_ms = clock_ms();
	loop_timer_arm(c->second, 0);
	return c;
}

void campaign_free(struct campaign **campaign)
{
	struct campaign *c = *campaign;

	*campaign = NULL;
	if (c == NULL) {
		return;
	}
	channel_free(&c->finder);
	follow_up_free(&c->follow_up);
	resolver_free(&c->scope_names);
	resolver_free(&c->host_names);
	while (c->course_count > 0) {
		free_course(&c->courses[--c->course_count]);
	}
	loop_timer_free(&c->second);
	free(c->asks);
	free(c);
}
