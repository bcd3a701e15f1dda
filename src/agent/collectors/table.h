/*
 * table.h - each collector by name, for table.c only.
 */
#pragma once

#include "agent/collector.h"

extern const struct collector collector_accounts;
extern const struct collector collector_addresses;
extern const struct collector collector_authorized_keys;
extern const struct collector collector_ssh_host_keys;
extern const struct collector collector_certificates;
extern const struct collector collector_cron;
extern const struct collector collector_groups;
extern const struct collector collector_hardware;
extern const struct collector collector_interfaces;
extern const struct collector collector_kernel;
extern const struct collector collector_listeners;
extern const struct collector collector_modules;
extern const struct collector collector_mounts;
extern const struct collector collector_neighbours;
extern const struct collector collector_os;
extern const struct collector collector_packages;
extern const struct collector collector_package_use;
extern const struct collector collector_processes;
extern const struct collector collector_routes;
extern const struct collector collector_services;
extern const struct collector collector_sshd_config;
extern const struct collector collector_sudo_rules;
extern const struct collector collector_sysctl;
extern const struct collector collector_timers;
extern const struct collector collector_trust_store;
extern const struct collector collector_updates;
extern const struct collector collector_users;
extern const struct collector collector_devices;
extern const struct collector collector_disks;
extern const struct collector collector_privileged_files;
extern const struct collector collector_files;
extern const struct collector collector_firewall;
extern const struct collector collector_sensor_health;
extern const struct collector collector_language_packages;
extern const struct collector collector_containers;
