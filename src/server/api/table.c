/* table.c - every resource, in openapi.yaml's order. */
#include "server/api/resource.h"

#include <stddef.h>

extern const struct resource resource_health, resource_metrics, resource_openapi, resource_ca,
	resource_session, resource_signin_links, resource_overview, resource_assets, resource_asset,
	resource_asset_table, resource_asset_history, resource_asset_tags, resource_asset_policy,
	resource_changes, resource_change_rate, resource_stream, resource_events, resource_query,
	resource_schema, resource_sensors, resource_sensor_revoke, resource_sensor,
	resource_policies, resource_policy, resource_enrolment_tokens, resource_tenants,
	resource_operator_tokens, resource_operator_token, resource_audit,
	resource_feeds, resource_feed_update, resource_feed_import;

const struct resource *const resources[] = {
	&resource_health,
	&resource_metrics,
	&resource_openapi,
	&resource_ca,
	&resource_session,
	&resource_signin_links,
	&resource_overview,
	&resource_assets,
	&resource_asset,
	&resource_asset_table,
	&resource_asset_history,
	&resource_asset_tags,
	&resource_asset_policy,
	&resource_changes,
	&resource_change_rate,
	&resource_stream,
	&resource_events,
	&resource_query,
	&resource_schema,
	&resource_sensors,
	&resource_sensor,
	&resource_sensor_revoke,
	&resource_policies,
	&resource_policy,
	&resource_enrolment_tokens,
	&resource_tenants,
	&resource_operator_tokens,
	&resource_operator_token,
	&resource_audit,
	&resource_feeds,
	&resource_feed_update,
	&resource_feed_import,
	NULL,
};
