/*
 * listing_service.h - what was identified, as cells and as JSON.
 *
 * Names of the JSON are an interface (docs/scanning.md): they are added to, not changed.
 */
#pragma once

#include "cli/output.h"
#include "scan/service.h"

/* Columns of one port, in this order; service may be NULL. */
#define LISTING_SERVICE_COLUMNS      "service", "tls", "product", "version"
#define LISTING_SERVICE_MORE_COLUMNS "cpe", "certainty", "certificate"
void listing_service_cells(struct sheet *sheet, const struct service *service);
void listing_service_more_cells(struct sheet *sheet, const struct service *service);

/* is_short: its first line, where that is text, as much as a terminal has room for. */
void listing_banner_cell(struct sheet *sheet, const struct service *service, bool is_short);

/* "Linux Debian 12 (85 %)"; empty where nothing is guessed. */
#define LISTING_GUESS_SIZE 320
void listing_guess_text(const struct device_part *part, char out[LISTING_GUESS_SIZE]);

/* The caller's; NULL where nothing is guessed. */
json_t *listing_guess_json(const struct device_part *part);
json_t *listing_service_json(const struct service *service);
