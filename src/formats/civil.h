/*
 * civil.h - dates of the proleptic Gregorian calendar and seconds since
 * 1970-01-01 UTC, without the C library's clock and locale.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

struct civil {
	int64_t year;
	unsigned month; /* 1 to 12 */
	unsigned day;   /* 1 to 31 */
	unsigned hour;
	unsigned minute;
	unsigned second; /* 0 to 59: POSIX time has no leap seconds */
};

/* The years for which the functions below are exact. */
#define CIVIL_YEAR_MIN (-999999)
#define CIVIL_YEAR_MAX 999999

/* True for a time of day and a day that the month has, within the years above. */
bool civil_is_valid(const struct civil *c);

/* Seconds since 1970-01-01T00:00:00Z of a valid date. */
int64_t civil_to_seconds(const struct civil *c);

/* The inverse; seconds outside the years above are moved to the nearest inside. */
struct civil civil_from_seconds(int64_t seconds);
