/*
 * sensor_rows.h - sensors out of the view, as the API's Sensor.
 */
#pragma once

struct call;

/* Answers with one sensor. */
void sensor_rows_answer_one(struct call *call, const char *id);

/* Answers with all, {items}. */
void sensor_rows_answer_all(struct call *call);
