/* clock.c - clocks, and RFC 3339 without locale or time zones. */
#include "sys/clock.h"

#include <time.h>

#include "base/error.h"
#include "base/reader.h"
#include "base/text.h"
#include "base/writer.h"

#define DAY_MS INT64_C(86400000)

/* 0001-01-01T00:00:00.000Z and 9999-12-31T23:59:59.999Z */
#define TIME_LEAST_MS INT64_C(-62135596800000)
#define TIME_MOST_MS  INT64_C(253402300799999)

static int64_t read_us(clockid_t clock)
{
	struct timespec now = { 0 };

	(void)clock_gettime(clock, &now);
	return (int64_t)now.tv_sec * 1000000 + now.tv_nsec / 1000;
}

int64_t clock_wall_ms(void)
{
	return read_us(CLOCK_REALTIME) / 1000;
}

int64_t clock_ms(void)
{
	return read_us(CLOCK_MONOTONIC) / 1000;
}

int64_t clock_us(void)
{
	return read_us(CLOCK_MONOTONIC);
}

int64_t clock_cpu_us(void)
{
	return read_us(CLOCK_PROCESS_CPUTIME_ID);
}

struct date {
	unsigned year;
	unsigned month;
	unsigned day;
};

/* Days since 1970-01-01, for years that begin in March, so that the leap day comes last:
 * 146097 days in 400 years, and the months from March have 153 days in five. */
static int64_t days_of(struct date date)
{
	int64_t year = (int64_t)date.year - (date.month <= 2);
	int64_t era = year / 400;
	int64_t year_of_era = year - era * 400;
	int64_t day_of_year = (153 * ((date.month + 9) % 12) + 2) / 5 + date.day - 1;

	return era * 146097 + year_of_era * 365 + year_of_era / 4 - year_of_era / 100 +
	       day_of_year - 719468;
}

static struct date date_of(int64_t days)
{
	int64_t shifted = days + 719468;
	int64_t era = shifted / 146097;
	int64_t day_of_era = shifted - era * 146097;
	int64_t year_of_era =
		(day_of_era - day_of_era / 1460 + day_of_era / 36524 - day_of_era / 146096) / 365;
	int64_t day_of_year =
		day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
	int64_t month = (5 * day_of_year + 2) / 153;
	struct date date = {
		.day = (unsigned)(day_of_year - (153 * month + 2) / 5 + 1),
		.month = (unsigned)(month < 10 ? month + 3 : month - 9),
	};

	date.year = (unsigned)(year_of_era + era * 400 + (date.month <= 2));
	return date;
}

static void write_digits(struct writer *w, uint64_t value, uint64_t unit)
{
	for (; unit > 0; unit /= 10) {
		writer_u8(w, (uint8_t)('0' + value / unit % 10));
	}
}

void clock_to_text(int64_t wall_ms, char out[CLOCK_TEXT_SIZE])
{
	struct writer w = writer_over((uint8_t *)out, CLOCK_TEXT_SIZE);
	int64_t clamped = wall_ms < TIME_LEAST_MS  ? TIME_LEAST_MS
			  : wall_ms > TIME_MOST_MS ? TIME_MOST_MS
						   : wall_ms;
	int64_t of_day = (clamped % DAY_MS + DAY_MS) % DAY_MS;
	struct date date = date_of((clamped - of_day) / DAY_MS);
	uint64_t rest = (uint64_t)of_day;

	write_digits(&w, date.year, 1000);
	writer_u8(&w, '-');
	write_digits(&w, date.month, 10);
	writer_u8(&w, '-');
	write_digits(&w, date.day, 10);
	writer_u8(&w, 'T');
	write_digits(&w, rest / 3600000, 10);
	writer_u8(&w, ':');
	write_digits(&w, rest / 60000 % 60, 10);
	writer_u8(&w, ':');
	write_digits(&w, rest / 1000 % 60, 10);
	writer_u8(&w, '.');
	write_digits(&w, rest % 1000, 100);
	writer_text(&w, "Z");
	writer_u8(&w, 0);
}

static unsigned take_digits(struct reader *r, size_t count, unsigned least, unsigned most)
{
	uint64_t value = 0;

	if (text_to_u64(reader_bytes(r, count), most, &value) != 0 || value < least) {
		reader_fail(r);
	}
	return (unsigned)value;
}

static void take_byte(struct reader *r, const char *either)
{
	struct span allowed = span_of(either);

	if (span_find(allowed, reader_u8(r)) == allowed.len) {
		reader_fail(r);
	}
}

static unsigned days_in_month(struct date date)
{
	static const uint8_t days[] = { 31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31 };
	bool is_leap = date.year % 4 == 0 && (date.year % 100 != 0 || date.year % 400 == 0);

	return date.month == 2 && is_leap ? 29 : days[date.month - 1];
}

/* full-date of RFC 3339 section 5.6, as milliseconds. */
static int64_t take_date(struct reader *r)
{
	struct date date = { .year = take_digits(r, 4, 1, 9999) };

	take_byte(r, "-");
	date.month = take_digits(r, 2, 1, 12);
	take_byte(r, "-");
	date.day = take_digits(r, 2, 1, 31);
	if (!reader_ok(r) || date.day > days_in_month(date)) {
		reader_fail(r);
		return 0;
	}
	return days_of(date) * DAY_MS;
}

/* time-secfrac, its first three digits. */
static unsigned take_fraction(struct reader *r)
{
	unsigned fraction = 0;
	unsigned digits = 0;

	if (reader_peek(r) != '.') {
		return 0;
	}
	(void)reader_u8(r);
	while (reader_peek(r) >= '0' && reader_peek(r) <= '9') {
		unsigned digit = (unsigned)reader_u8(r) - '0';

		if (digits < 3) {
			fraction = fraction * 10 + digit;
		}
		digits++;
	}
	if (digits == 0) {
		reader_fail(r);
	}
	return digits == 1 ? fraction * 100 : digits == 2 ? fraction * 10 : fraction;
}

/* full-time of RFC 3339 section 5.6; a leap second is the one after it. */
static int64_t take_time(struct reader *r)
{
	int64_t ms = (int64_t)take_digits(r, 2, 0, 23) * 3600000;
	uint8_t sign;

	take_byte(r, ":");
	ms += (int64_t)take_digits(r, 2, 0, 59) * 60000;
	take_byte(r, ":");
	ms += (int64_t)take_digits(r, 2, 0, 60) * 1000;
	ms += take_fraction(r);
	sign = reader_u8(r);
	if (sign == '+' || sign == '-') {
		int64_t offset = (int64_t)take_digits(r, 2, 0, 23) * 3600000;

		take_byte(r, ":");
		offset += (int64_t)take_digits(r, 2, 0, 59) * 60000;
		ms += sign == '+' ? -offset : offset;
	} else if (sign != 'Z' && sign != 'z') {
		reader_fail(r);
	}
	return ms;
}

int clock_from_text(struct span text, int64_t *out_wall_ms)
{
	struct reader r = reader_over(text);
	int64_t ms;

	if (text_to_i64(text, &ms) == 0) {
		if (ms < TIME_LEAST_MS / 1000 || ms > TIME_MOST_MS / 1000) {
			return ERR_MALFORMED;
		}
		*out_wall_ms = ms * 1000;
		return 0;
	}
	ms = take_date(&r);
	if (reader_left(&r) > 0) {
		take_byte(&r, "Tt ");
		ms += take_time(&r);
	}
	if (!reader_done(&r)) {
		return ERR_MALFORMED;
	}
	*out_wall_ms = ms;
	return 0;
}

int clock_duration_from_text(struct span text, int64_t *out_ms)
{
	static const struct {
		const char *name;
		int64_t ms;
	} units[] = { { "ms", 1 },      { "s", 1000 },   { "m", 60000 },
		      { "h", 3600000 }, { "d", DAY_MS }, { "", 1000 } };

	for (size_t i = 0; i < COUNT_OF(units); i++) {
		uint64_t count;
		int error;

		if (!span_ends_with(text, units[i].name)) {
			continue;
		}
		error = text_to_u64(span_first(text, text.len - span_of(units[i].name).len),
				    (uint64_t)(INT64_MAX / units[i].ms), &count);
		if (error != 0) {
			return error;
		}
		*out_ms = (int64_t)count * units[i].ms;
		return 0;
	}
	return ERR_MALFORMED;
}
