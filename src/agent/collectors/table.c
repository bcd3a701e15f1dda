/* table.c - every collector, in the order they run: small and telling ones first. */
#include "agent/collectors/table.h"

const struct collector *const collectors[] = {
	&collector_os,           &collector_kernel,
	&collector_hardware,     &collector_users,
	&collector_groups,       &collector_interfaces,
	&collector_addresses,    &collector_listeners,
	&collector_mounts,       &collector_modules,
	&collector_cron,         &collector_authorized_keys,
	&collector_services,     &collector_packages,
	&collector_certificates, NULL,
};
