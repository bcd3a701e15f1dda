/*
 * scan.h - what the version schemes share: runs of digits and letters, and numbers that
 * are compared as digit strings, so that none is too large.
 */
#pragma once

#include "base/reader.h"

bool scan_is_digit(uint8_t c);
bool scan_is_letter(uint8_t c);
bool scan_is_alnum(uint8_t c);

/* The digits, or the letters, that come next; empty where none does. */
struct span scan_digits(struct reader *r);
struct span scan_letters(struct reader *r);

/* Passes over what is neither. */
void scan_skip_separators(struct reader *r);

/* Consumes this byte where it is next. */
bool scan_take(struct reader *r, uint8_t c);

/* Consumes this word where it is next, its case not regarded; word is in lower case. */
bool scan_take_word(struct reader *r, const char *word);

/* True for one or more digits and nothing else. */
bool scan_is_number(struct span text);

/* True for one or more bytes that all are letters, digits or among others. */
bool scan_is_made_of(struct span text, const char *others);

/* The index of the last such byte, or text.len where there is none. */
size_t scan_find_last(struct span text, uint8_t byte);

/* By value: leading zeros do not count, and no digits are zero. */
int scan_compare_numbers(struct span a, struct span b);
bool scan_is_zero(struct span digits);

/* As span_compare(), with A to Z as a to z. */
int scan_compare_folded(struct span a, struct span b);

/* -1, 0 or 1: the order of two ranks. */
int scan_order(int a, int b);
