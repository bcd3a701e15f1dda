/*
 * table.h - each collector by name, for table.c only.
 */
#pragma once

#include "agent/collector.h"

extern const struct collector collector_addresses;
extern const struct collector collector_authorized_keys;
extern const struct collector collector_certificates;
extern const struct collector collector_cron;
extern const struct collector collector_groups;
extern const struct collector collector_hardware;
extern const struct collector collector_interfaces;
extern const struct collector collector_kernel;
extern const struct collector collector_listeners;
extern const struct collector collector_modules;
extern const struct collector collector_mounts;
extern const struct collector collector_os;
extern const struct collector collector_packages;
extern const struct collector collector_services;
extern const struct collector collector_users;
