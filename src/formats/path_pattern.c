/* path_pattern.c - all places of the pattern that the path so far may have led to, byte by byte. */
#include "formats/path_pattern.h"

#include <string.h>

/* A pattern's place is reached: all of it before this byte stands for the path so far. */
struct places {
	bool is_reached[PATH_PATTERN_MAX + 1];
	size_t low; /* none is reached below, or above */
	size_t high;
	bool has_any;
};

static void reach(struct places *p, size_t place)
{
	p->is_reached[place] = true;
	p->low = !p->has_any || place < p->low ? place : p->low;
	p->high = !p->has_any || place > p->high ? place : p->high;
	p->has_any = true;
}

/* "**" and "*" may stand for nothing: what follows them is reached too. */
static void reach_on(struct places *p, struct span pattern, size_t place)
{
	reach(p, place);
	while (place < pattern.len && pattern.ptr[place] == '*') {
		reach(p, ++place);
	}
}

static bool is_double(struct span pattern, size_t place)
{
	bool is_second = place > 0 && pattern.ptr[place - 1] == '*';
	bool is_first = place + 1 < pattern.len && pattern.ptr[place + 1] == '*';

	return is_first || is_second;
}

static void step(const struct places *from, struct span pattern, uint8_t byte, struct places *to)
{
	for (size_t i = from->low; i <= from->high && i < pattern.len; i++) {
		if (!from->is_reached[i]) {
			continue;
		}
		if (pattern.ptr[i] == '*') {
			if (byte != '/' || is_double(pattern, i)) {
				reach_on(to, pattern, i);
			}
		} else if (pattern.ptr[i] == byte) {
			reach_on(to, pattern, i + 1);
		}
	}
}

static void forget(struct places *p)
{
	if (p->has_any) {
		memset(p->is_reached + p->low, 0, p->high - p->low + 1);
		p->has_any = false;
	}
}

/* The bytes before the first star stand for themselves: most paths differ there. */
static size_t literal_length(struct span pattern)
{
	size_t len = 0;

	while (len < pattern.len && pattern.ptr[len] != '*') {
		len++;
	}
	return len;
}

bool path_pattern_covers(struct span pattern, struct span path)
{
	struct places places[2] = { 0 };
	size_t begin = literal_length(pattern);
	unsigned now = 0;

	if (pattern.len == 0 || pattern.len > PATH_PATTERN_MAX || path.len < begin ||
	    memcmp(pattern.ptr, path.ptr, begin) != 0) {
		return false;
	}
	reach_on(&places[now], pattern, begin);
	for (size_t i = begin; i < path.len && places[now].has_any; i++) {
		if (path.ptr[i] == '/' && places[now].is_reached[pattern.len]) {
			return true;
		}
		step(&places[now], pattern, path.ptr[i], &places[1 - now]);
		forget(&places[now]);
		now = 1 - now;
	}
	return places[now].has_any && places[now].is_reached[pattern.len];
}
