/*
 * rows.h - rows of the schema's tables as the API shows them: booleans, times and lists as such.
 */
#pragma once

#include "base/span.h"
#include "schema/schema.h"
#include "server/api/emit.h"
#include "server/inventory/view.h"

/* A column's value. */
void rows_write_value(struct emit *j, enum column_type type, const struct view_value *value);
