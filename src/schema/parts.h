/*
 * parts.h - tables that lie in a file of their own; for tables.c only.
 */
#pragma once

#include "schema/schema.h"

extern const struct table table_scan_scopes;
extern const struct table table_scan_hosts;
extern const struct table table_scan_ports;
extern const struct table table_scan_tls;
extern const struct table table_scan_certificates;
extern const struct table table_scan_web;
extern const struct table table_scan_host_keys;
extern const struct table table_scanned_hosts;
extern const struct table table_asset_joins;
extern const struct table table_open_ports;
extern const struct table table_network_services;
extern const struct table table_tls_endpoints;
extern const struct table table_served_certificates;
extern const struct table table_web;
extern const struct table table_served_host_keys;
extern const struct table table_exposures;
extern const struct table event_alerts;
