/* access.c - the one place that decides who may do what with a tenant's data. */
#include "server/tenants/tenants.h"

#include "base/error.h"
#include "base/span.h"

/*
 *                    platform token    tenant's token, its own    tenant's token, another's
 * ACCESS_READ        yes               yes                        does not exist
 * ACCESS_OPERATE     yes               yes                        does not exist
 * ACCESS_PLATFORM    yes               no                         no
 */
int access_judge(struct platform *p, const struct identity *who, enum access access,
		 const char *tenant)
{
	bool is_of_platform = who->tenant[0] == '\0';
	struct tenant found;

	if (access == ACCESS_PLATFORM) {
		return is_of_platform ? 0 : ERR_DENIED;
	}
	if (!is_of_platform && !span_is(span_of(tenant), who->tenant)) {
		return ERR_NOT_FOUND; /* not "denied": others' tenants are nobody's business */
	}
	return tenant_find(p, tenant, &found);
}
