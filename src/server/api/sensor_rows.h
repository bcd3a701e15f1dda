/*
 * sensor_rows.h - sensors out of the view, as the API's Sensor.
 */
#pragma once

struct call;

/* Answers with one sensor. */
void sensor_rows_answer_one(struct call *call, const char *id);

/* The same, and its collectors that are not well. */
void sensor_rows_answer_whole(struct call *call, const char *id);

/* Answers with a page, {items, next}; all, where no limit is given. */
void sensor_rows_answer_page(struct call *call);
