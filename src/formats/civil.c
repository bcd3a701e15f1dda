/* civil.c - days counted from 1 March of year 0, so that the leap day is a year's last. */
#include "formats/civil.h"

#define DAYS_IN_ERA      146097 /* 400 years */
#define DAYS_BEFORE_1970 719468 /* from 0000-03-01 to 1970-01-01 */
#define SECONDS_IN_DAY   86400
#define SECONDS_MIN      (INT64_C(-31619087596800)) /* -999999-01-01T00:00:00Z */
#define SECONDS_MAX      (INT64_C(31494784780799))  /* 999999-12-31T23:59:59Z */

static bool is_leap(int64_t year)
{
	return year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
}

static unsigned days_in_month(int64_t year, unsigned month)
{
	static const uint8_t days[] = { 31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31 };

	return days[month - 1] + (month == 2 && is_leap(year) ? 1u : 0u);
}

bool civil_is_valid(const struct civil *c)
{
	return c->year >= CIVIL_YEAR_MIN && c->year <= CIVIL_YEAR_MAX && c->month >= 1 &&
	       c->month <= 12 && c->day >= 1 && c->day <= days_in_month(c->year, c->month) &&
	       c->hour <= 23 && c->minute <= 59 && c->second <= 59;
}

static int64_t floor_divide(int64_t a, int64_t b)
{
	return a / b - (a % b < 0 ? 1 : 0);
}

int64_t civil_to_seconds(const struct civil *c)
{
	int64_t year = c->month <= 2 ? c->year - 1 : c->year; /* beginning in March */
	int64_t month = (c->month + 9) % 12;                  /* March is 0 */
	int64_t era = floor_divide(year, 400);
	int64_t year_of_era = year - era * 400;
	int64_t day_of_year = (153 * month + 2) / 5 + c->day - 1;
	int64_t day_of_era = year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year;
	int64_t days = era * DAYS_IN_ERA + day_of_era - DAYS_BEFORE_1970;

	return days * SECONDS_IN_DAY + c->hour * 3600 + c->minute * 60 + c->second;
}

struct civil civil_from_seconds(int64_t seconds)
{
	int64_t bounded = seconds < SECONDS_MIN ? SECONDS_MIN
						: (seconds > SECONDS_MAX ? SECONDS_MAX : seconds);
	int64_t days = floor_divide(bounded, SECONDS_IN_DAY);
	int64_t of_day = bounded - days * SECONDS_IN_DAY;
	int64_t since_march = days + DAYS_BEFORE_1970;
	int64_t era = floor_divide(since_march, DAYS_IN_ERA);
	int64_t day_of_era = since_march - era * DAYS_IN_ERA;
	int64_t year_of_era = (day_of_era - day_of_era / 1460 + day_of_era / 36524 -
			       day_of_era / (DAYS_IN_ERA - 1)) /
			      365;
	int64_t day_of_year =
		day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
	int64_t month = (5 * day_of_year + 2) / 153; /* March is 0 */
	unsigned civil_month = (unsigned)(month < 10 ? month + 3 : month - 9);

	return (struct civil){
		.year = era * 400 + year_of_era + (civil_month <= 2 ? 1 : 0),
		.month = civil_month,
		.day = (unsigned)(day_of_year - (153 * month + 2) / 5 + 1),
		.hour = (unsigned)(of_day / 3600),
		.minute = (unsigned)(of_day / 60 % 60),
		.second = (unsigned)(of_day % 60),
	};
}
