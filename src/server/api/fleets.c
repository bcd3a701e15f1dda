/* fleets.c - one fleet a tenant, brought up to date in slices; calls that wait for one. */
#include "server/api/fleets.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/error.h"
#include "base/mem.h"
#include "server/api/asset_find.h"
#include "server/api/call.h"
#include "server/api/live.h"
#include "server/api/requests.h"
#include "sys/alloc.h"
#include "sys/clock.h"
#include "sys/log.h"

/* Time that one slice takes of the loop, and the pause after it. */
#define SLICE_US 15000
#define PAUSE_MS 2

/* A fleet follows its tenant's commits after so long: enough that the next who asks need not wait.
 */
#define FOLLOW_MS 10000

/* Between the fleets of two tenants, where all have something to do. */
#define STAGGER_MS 5

/* Day counts are told to the engine at most so often. */
#define TREND_MS (5 * 60 * INT64_C(1000))
#define DAY_MS   (24 * 3600 * INT64_C(1000))

#define ACCEPTANCES_MAX     100000
#define ACCEPTANCES_TIMEOUT 5000

/* A mapping, as long as a fleet follows it. */
struct mapping {
	struct knowledge *knowledge;
	int64_t built_ms;
	unsigned users;
	struct mapping *next;
};

struct waiting {
	struct tenant_fleet *fleet;
	struct call *call;
	fleets_then *then;
	struct waiting *next;
};

struct tenant_fleet {
	struct fleets *owner;
	char name[TENANT_NAME_SIZE];
	struct fleet *fleet;
	struct unjudged *unjudged;
	struct network *network;
	struct mapping *mapping; /* what it follows; NULL: nothing yet */
	struct fleet_acceptance *accepted;
	size_t accepted_count;
	struct loop_timer *timer;
	struct waiting *waiting; /* oldest first */
	bool is_ready;           /* it was up to date once */
	bool is_due;             /* the timer is armed because of a commit */
	bool is_working;         /* it is between two slices */
	struct fleet_summary told;
	int64_t told_day;
	int64_t tell_at_ms; /* by clock_ms */
	struct tenant_fleet *next;
};

struct fleets {
	struct api *api;
	struct tenant_fleet *tenants;
	struct mapping *mappings; /* the newest first */
	bool is_stale;            /* there may be a newer one */
};

/* --- what the feeds know --- */

static void drop_unused(struct fleets *fleets)
{
	struct mapping **link = &fleets->mappings;

	while (*link != NULL) {
		struct mapping *m = *link;

		if (m->users > 0 || m == fleets->mappings) {
			link = &m->next;
			continue;
		}
		*link = m->next;
		knowledge_close(&m->knowledge);
		free(m);
	}
}

static void open_newest(struct fleets *fleets)
{
	char path[4096];
	struct knowledge *knowledge;
	struct mapping *m;
	struct stat status;
	struct why why = { 0 };
	int error;

	fleets->is_stale = false;
	snprintf(path, sizeof path, "%.3900s/" KNOWLEDGE_PATH, fleets->api->config->data_folder);
	error = knowledge_open(path, &knowledge, &why);
	if (error != 0) {
		if (error != ERR_NOT_FOUND) {
			log_warn("knowledge cannot be read; what was known stays",
				 log_text("reason", why.text));
		}
		return;
	}
	m = alloc_zeroed(1, sizeof *m);
	m->knowledge = knowledge;
	m->built_ms = stat(path, &status) == 0 ? (int64_t)status.st_mtim.tv_sec * 1000 : 0;
	m->next = fleets->mappings;
	fleets->mappings = m;
	drop_unused(fleets);
}

static struct mapping *newest(struct fleets *fleets)
{
	if (fleets->is_stale) {
		open_newest(fleets);
	}
	return fleets->mappings;
}

const struct knowledge *fleets_knowledge(struct fleets *fleets)
{
	const struct mapping *m = newest(fleets);

	return m != NULL ? m->knowledge : NULL;
}

int64_t fleets_knowledge_built_ms(const struct fleets *fleets)
{
	return fleets->mappings != NULL ? fleets->mappings->built_ms : 0;
}

/* --- what people accepted --- */

struct accepting {
	struct fleet_acceptance *list;
	char (*assets)[VIEW_ASSET_ID_SIZE]; /* "" where all are meant */
	size_t count;
	size_t capacity;
};

static void copy_text(struct span text, char *out, size_t size)
{
	struct span cut = span_first(text, size - 1);

	mem_copy(out, cut.ptr, cut.len);
	out[cut.len] = '\0';
}

static bool take_acceptance(void *context, size_t count, const char *const *names,
			    const struct view_value *values)
{
	struct accepting *a = context;
	struct fleet_acceptance *one;

	(void)names;
	if (values == NULL || count != 4) {
		return true;
	}
	if (a->count == a->capacity) {
		a->capacity = 2 * a->capacity + 16;
		a->list = alloc_resize(a->list, a->capacity, sizeof *a->list);
		a->assets = alloc_resize(a->assets, a->capacity, sizeof *a->assets);
	}
	one = &a->list[a->count];
	mem_zero(one, sizeof *one); /* they are compared as bytes */
	one->no = values[0].integer;
	copy_text(values[1].bytes, one->id, sizeof one->id);
	one->until_ms = values[3].kind == VIEW_INTEGER ? values[3].integer : 0;
	copy_text(values[2].kind == VIEW_TEXT ? values[2].bytes : span_of(""), a->assets[a->count],
		  sizeof a->assets[0]);
	a->count++;
	return true;
}

/* Tells the fleet where what is accepted has changed. */
static int follow_acceptances(struct tenant_fleet *t, struct view *view, struct why *why)
{
	static const char sql[] = "SELECT no, vulnerability, asset, until FROM acceptances";
	const struct view_limits limits = { .rows_max = ACCEPTANCES_MAX,
					    .timeout_ms = ACCEPTANCES_TIMEOUT };
	struct accepting a = { .count = 0 };
	int error =
		view_query(view, span_of(sql), NULL, 0, &limits, take_acceptance, &a, NULL, why);

	for (size_t i = 0; error == 0 && i < a.count; i++) {
		if (a.assets[i][0] != '\0') {
			error = view_asset_number(view, span_of(a.assets[i]), &a.list[i].asset,
						  why);
		}
	}
	free(a.assets);
	if (error != 0 ||
	    (a.count == t->accepted_count &&
	     (a.count == 0 || memcmp(a.list, t->accepted, a.count * sizeof *a.list) == 0))) {
		free(a.list);
		return error;
	}
	fleet_accept(t->fleet, a.list, a.count);
	free(t->accepted);
	t->accepted = a.list;
	t->accepted_count = a.count;
	return 0;
}

/* --- day counts --- */

static void tell_day(struct tenant_fleet *t)
{
	struct fleet_summary s = fleet_summary(t->fleet);
	int64_t day = clock_wall_ms() / DAY_MS;
	const struct argument arguments[] = {
		argument_text("tenant", t->name),
		argument_uint("day", (uint64_t)day),
		argument_uint("critical", s.findings[FLEET_CRITICAL]),
		argument_uint("high", s.findings[FLEET_HIGH]),
		argument_uint("medium", s.findings[FLEET_MEDIUM]),
		argument_uint("low", s.findings[FLEET_LOW]),
		argument_uint("none", s.findings[FLEET_NONE]),
		argument_uint("accepted", s.accepted),
		argument_uint("exploited", s.exploited),
		argument_uint("fixable", s.fixable),
		argument_uint("assets", s.assets),
		argument_uint("risk", s.risk),
	};

	if (clock_ms() < t->tell_at_ms ||
	    (day == t->told_day && memcmp(&s, &t->told, sizeof s) == 0)) {
		return;
	}
	if (requests_tell(t->owner->api->requests, "trend", arguments, COUNT_OF(arguments))) {
		t->told = s;
		t->told_day = day;
	}
	t->tell_at_ms = clock_ms() + TREND_MS;
}

/* --- a tenant's --- */

static struct tenant_fleet *find(const struct fleets *fleets, struct span name)
{
	struct tenant_fleet *t = fleets->tenants;

	while (t != NULL && !span_is(name, t->name)) {
		t = t->next;
	}
	return t;
}

static void forget_waiting(struct call *call)
{
	struct waiting *w = call->work;
	struct waiting **link;

	if (w == NULL) {
		return;
	}
	for (link = &w->fleet->waiting; *link != NULL; link = &(*link)->next) {
		if (*link == w) {
			*link = w->next;
			break;
		}
	}
	call->work = NULL;
	free(w);
}

/* The call that waited first, which is then to be answered; NULL where none waits. */
static struct call *take_waiting(struct tenant_fleet *t, fleets_then **then)
{
	struct waiting *w = t->waiting;
	struct call *call;

	if (w == NULL) {
		return NULL;
	}
	call = w->call;
	*then = w->then;
	call->ended = NULL;
	forget_waiting(call);
	return call;
}

static int follow(struct tenant_fleet *t, struct view *view, const struct knowledge *knowledge,
		  struct why *why)
{
	int64_t deadline_us = clock_us() + SLICE_US;
	int error = fleet_sync_some(t->fleet, view, knowledge, clock_wall_ms(), deadline_us, why);
	int others[] = { unjudged_sync(t->unjudged, view, knowledge, deadline_us, why),
			 network_sync_some(t->network, view, deadline_us, why) };

	for (size_t i = 0; i < COUNT_OF(others); i++) {
		error = error != 0 ? error : others[i];
	}
	return error;
}

static int sync_some(struct tenant_fleet *t, struct view **view, struct why *why)
{
	struct mapping *m = newest(t->owner);
	int error = live_view(t->owner->api->live, t->name, view, why);

	if (error != 0) {
		return error == ERR_AGAIN ? ERR_NOT_FOUND : error; /* no file yet: not our pause */
	}
	error = follow_acceptances(t, *view, why);
	if (error != 0) {
		return error;
	}
	if (m != NULL) {
		m->users++;
	}
	error = follow(t, *view, m != NULL ? m->knowledge : NULL, why);
	if (t->mapping != NULL) {
		t->mapping->users--;
	}
	t->mapping = m;
	drop_unused(t->owner);
	return error;
}

/* One slice; then it answers those who wait, or goes on later. */
static void work(void *context)
{
	struct tenant_fleet *t = context;
	struct why why = { 0 };
	struct view *view = NULL;
	fleets_then *then;
	struct call *call;
	int error = sync_some(t, &view, &why);

	t->is_due = false;
	t->is_working = error == ERR_AGAIN;
	if (error == ERR_AGAIN) {
		loop_timer_arm(t->timer, PAUSE_MS);
		return;
	}
	if (error != 0 && error != ERR_NOT_FOUND) {
		log_warn("findings cannot be counted", log_text("tenant", t->name),
			 log_text("reason", why.text));
	}
	t->is_ready = t->is_ready || error == 0;
	if (error == 0 && t->owner->api->requests != NULL) {
		tell_day(t);
	}
	while ((call = take_waiting(t, &then)) != NULL) {
		if (error == 0) {
			then(call, t->fleet, view);
		} else {
			call_fail_why(call, error == ERR_NOT_FOUND ? ERR_AGAIN : error, &why);
		}
	}
	if (!loop_timer_is_armed(t->timer)) {
		loop_timer_arm(t->timer, TREND_MS); /* the day ends, acceptances run out */
	}
}

static struct tenant_fleet *find_or_make(struct fleets *fleets, const char *name)
{
	struct tenant_fleet *t = find(fleets, span_of(name));

	if (t == NULL) {
		t = alloc_zeroed(1, sizeof *t);
		t->owner = fleets;
		snprintf(t->name, sizeof t->name, "%s", name);
		t->fleet = fleet_new();
		t->unjudged = unjudged_new();
		t->network = network_new();
		t->timer = loop_timer(fleets->api->loop, work, t);
		t->next = fleets->tenants;
		fleets->tenants = t;
	}
	return t;
}

void fleets_ask(struct call *call, fleets_then *then)
{
	struct tenant_fleet *t = find_or_make(call->api->fleets, call->tenant);
	struct waiting **link = &t->waiting;
	struct waiting *w = alloc_zeroed(1, sizeof *w);

	*w = (struct waiting){ .fleet = t, .call = call, .then = then };
	while (*link != NULL) {
		link = &(*link)->next;
	}
	*link = w;
	call->work = w;
	call->ended = forget_waiting;
	if (t->waiting == w) {
		work(t); /* the first one: others are answered along with it */
	}
}

const struct network *fleets_network(const struct call *call)
{
	const struct tenant_fleet *t = find(call->api->fleets, span_of(call->tenant));

	return t != NULL ? t->network : NULL;
}

const struct unjudged *fleets_unjudged(const struct call *call)
{
	const struct tenant_fleet *t = find(call->api->fleets, span_of(call->tenant));

	return t != NULL ? t->unjudged : NULL;
}

/* --- all --- */

struct fleets *fleets_new(struct api *api)
{
	struct fleets *fleets = alloc_zeroed(1, sizeof *fleets);

	fleets->api = api;
	fleets->is_stale = true;
	return fleets;
}

void fleets_free(struct fleets **variable)
{
	struct fleets *fleets = *variable;

	if (fleets == NULL) {
		return;
	}
	while (fleets->tenants != NULL) {
		struct tenant_fleet *t = fleets->tenants;

		fleets->tenants = t->next;
		loop_timer_free(&t->timer);
		fleet_free(&t->fleet);
		unjudged_free(&t->unjudged);
		network_free(&t->network);
		free(t->accepted);
		free(t);
	}
	while (fleets->mappings != NULL) {
		struct mapping *m = fleets->mappings;

		fleets->mappings = m->next;
		knowledge_close(&m->knowledge);
		free(m);
	}
	free(fleets);
	*variable = NULL;
}

/* One after the other, so that others have their turns between them. */
static void stagger(const struct fleets *fleets)
{
	int64_t delay_ms = PAUSE_MS;

	for (struct tenant_fleet *t = fleets->tenants; t != NULL; t = t->next) {
		loop_timer_arm(t->timer, delay_ms);
		delay_ms += STAGGER_MS;
	}
}

static bool prepare_one(void *context, const struct tenant *tenant)
{
	(void)find_or_make(context, tenant->name);
	return true;
}

void fleets_prepare(struct fleets *fleets)
{
	int error = tenant_each(fleets->api->platform, prepare_one, fleets);

	if (error != 0) {
		log_warn("tenants cannot be read", log_text("reason", error_text(error)));
	}
	stagger(fleets);
}

void fleets_new_knowledge(struct fleets *fleets)
{
	fleets->is_stale = true;
	for (struct tenant_fleet *t = fleets->tenants; t != NULL; t = t->next) {
		network_sensors(t->network); /* the engine may have been away */
	}
	stagger(fleets);
}

void fleets_sensors(struct fleets *fleets, struct span tenant)
{
	struct tenant_fleet *t = find(fleets, tenant);

	if (t != NULL) {
		network_sensors(t->network);
	}
}

void fleets_committed(struct fleets *fleets, struct span tenant)
{
	struct tenant_fleet *t = find(fleets, tenant);

	if (t == NULL) {
		char name[TENANT_NAME_SIZE];

		copy_text(tenant, name, sizeof name);
		t = find_or_make(fleets, name);
	}
	if (!t->is_due && !t->is_working) {
		t->is_due = true;
		loop_timer_arm(t->timer, FOLLOW_MS);
	}
}

struct fleets_figures fleets_figures(const struct fleets *fleets)
{
	struct fleets_figures figures = { 0, 0, 0 };

	for (const struct tenant_fleet *t = fleets->tenants; t != NULL; t = t->next) {
		struct fleet_summary s = fleet_summary(t->fleet);

		figures.fleets += t->is_ready;
		figures.bytes += fleet_bytes(t->fleet) + unjudged_bytes(t->unjudged) +
				 network_bytes(t->network);
		for (int i = 0; i < FLEET_LEVELS; i++) {
			figures.findings += s.findings[i];
		}
	}
	return figures;
}
