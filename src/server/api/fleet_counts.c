/* fleet_counts.c - what each asset holds, added to the sums and taken out of them again. */
#include "base/error.h"
#include "base/mem.h"
#include "server/api/fleet_inside.h"
#include "sys/clock.h"

int64_t fleet_acceptance_of(const struct fleet *f, const struct fleet_vulnerability *v,
			    uint32_t asset)
{
	for (size_t i = 0; v->is_accepted && i < f->acceptance_count; i++) {
		const struct fleet_acceptance *a = &f->acceptances[i];

		if ((a->asset == 0 || a->asset == asset) && span_is(v->id, a->id)) {
			return a->no;
		}
	}
	return 0;
}

/* Finds the most urgent row of each vulnerability that an asset has. */
static void mark_rows(struct fleet *f, const uint32_t *rows, uint32_t count)
{
	f->stamp++;
	f->touched_count = 0;
	for (uint32_t i = 0; i < count; i++) {
		const struct fleet_row *row = &f->rows[rows[i]];
		struct mark *mark = &f->marks[row->vulnerability];

		if (mark->stamp != f->stamp) {
			*mark = (struct mark){ f->stamp, rows[i] };
			f->touched = fleet_room(f->touched, f->touched_count, &f->touched_capacity,
						sizeof *f->touched);
			f->touched[f->touched_count++] = row->vulnerability;
		} else if (f->rows[mark->row].priority < row->priority) {
			mark->row = rows[i];
		}
	}
}

/* One that is urgent outweighs hundreds that nobody hurries for. */
static int64_t weight_of(uint8_t priority)
{
	return (int64_t)priority * priority * priority;
}

/* Counters go up or down by one of these. */
static void count_group(struct fleet *f, const struct fleet_row *row, int64_t by)
{
	struct fleet_group *group = &f->groups[row->group];

	group->findings += (uint64_t)by;
	if (row->status == JUDGEMENT_FIXABLE) {
		group->fixable += (uint64_t)by;
		group->weight += (uint64_t)(by * weight_of(row->priority));
	}
	if (f->group_stamps[row->group] != f->stamp) {
		f->group_stamps[row->group] = f->stamp;
		group->assets += (uint32_t)by;
	}
}

static void count_summary(struct fleet *f, const struct fleet_row *row, int64_t by)
{
	f->summary.findings[row->level] += (uint64_t)by;
	f->summary.risk += (uint64_t)(by * row->priority);
	if (f->vulnerabilities[row->vulnerability].facts.is_exploited) {
		f->summary.exploited += (uint64_t)by;
	}
	if (row->status == JUDGEMENT_FIXABLE) {
		f->summary.fixable += (uint64_t)by;
	}
}

void fleet_count_asset(struct fleet *f, uint32_t asset, int64_t by)
{
	struct fleet_asset *a = &f->assets[asset - 1].is;
	bool has_any = false;

	mark_rows(f, a->rows, a->row_count);
	for (uint32_t i = 0; i < a->row_count; i++) {
		f->rows[a->rows[i]].assets += (uint32_t)by;
	}
	mem_zero(a->levels, sizeof a->levels);
	a->accepted = 0;
	a->risk = 0;
	a->priority = 0;
	for (size_t i = 0; i < f->touched_count; i++) {
		struct fleet_vulnerability *v = &f->vulnerabilities[f->touched[i]];
		const struct fleet_row *row = &f->rows[f->marks[f->touched[i]].row];

		if (v->is_accepted && fleet_acceptance_of(f, v, asset) != 0) {
			v->accepted += (uint32_t)by;
			f->summary.accepted += (uint64_t)by;
			a->accepted++;
			continue;
		}
		has_any = true;
		v->assets += (uint32_t)by;
		a->levels[row->level]++;
		a->risk += row->priority;
		a->priority = row->priority > a->priority ? row->priority : a->priority;
		count_group(f, row, by);
		count_summary(f, row, by);
	}
	f->summary.assets += (uint32_t)(has_any ? by : 0);
}

void fleet_start_count(struct fleet *f)
{
	mem_zero(&f->summary, sizeof f->summary);
	for (uint32_t i = 0; i < f->ids.count; i++) {
		f->vulnerabilities[i].assets = 0;
		f->vulnerabilities[i].accepted = 0;
	}
	for (uint32_t i = 0; i < f->group_names.count; i++) {
		f->groups[i].assets = 0;
		f->groups[i].findings = 0;
		f->groups[i].fixable = 0;
		f->groups[i].weight = 0;
	}
	for (uint32_t i = 0; i < f->row_count; i++) {
		f->rows[i].assets = 0;
	}
	f->next_count = 1;
	f->is_sorted = false;
}

int fleet_count_more(struct fleet *f)
{
	while (f->next_count <= f->asset_count) {
		uint32_t asset = f->next_count++;

		fleet_count_asset(f, asset, 1);
		f->is_sorted = false;
		if (clock_us() >= f->deadline_us && f->next_count <= f->asset_count) {
			return ERR_AGAIN;
		}
	}
	return 0;
}
