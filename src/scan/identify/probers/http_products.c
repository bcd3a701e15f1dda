/* http_products.c - what is behind an answer of HTTP, by fields that the product alone has. */
#include "scan/identify/probers/http.h"

static void tell_version(struct service_facts *facts, const char *vendor, const char *product,
			 struct span version)
{
	facts_add_text(facts, "service.vendor", vendor);
	facts_add_text(facts, "service.product", product);
	facts_add(facts, "service.version", version);
}

static bool is_elasticsearch(const struct words_answer *a, struct span body)
{
	(void)a;
	return words_json(body, "cluster_name", NULL).len > 0 &&
	       words_json(body, "version", "lucene_version").len > 0;
}

static void tell_elasticsearch(struct span body, struct service_facts *facts)
{
	bool is_fork = span_is(words_json(body, "version", "distribution"), "opensearch");

	tell_version(facts, is_fork ? "OpenSearch" : "Elastic",
		     is_fork ? "OpenSearch" : "Elasticsearch",
		     words_json(body, "version", "number"));
	facts_add(facts, "elasticsearch.cluster", words_json(body, "cluster_name", NULL));
}

static bool is_docker(const struct words_answer *a, struct span body)
{
	(void)body;
	return span_starts_with(words_header_first(a, "server"), "Docker/") &&
	       words_header_first(a, "api-version").len > 0;
}

static void tell_docker(struct span body, struct service_facts *facts)
{
	struct span version = words_json(body, "Version", NULL);

	if (version.len > 0) {
		tell_version(facts, "Docker", "Docker Engine", version);
		facts_add(facts, "os.family", words_json(body, "Os", NULL));
		facts_add(facts, "os.arch", words_json(body, "Arch", NULL));
		facts_add(facts, "os.kernel", words_json(body, "KernelVersion", NULL));
	}
}

static bool is_kubernetes(const struct words_answer *a, struct span body)
{
	return (span_is(words_json(body, "kind", NULL), "Status") &&
		span_is(words_json(body, "apiVersion", NULL), "v1")) ||
	       words_header_first(a, "x-kubernetes-pf-flowschema-uid").len > 0;
}

static void tell_kubernetes(struct span body, struct service_facts *facts)
{
	struct span version = words_json(body, "gitVersion", NULL);

	if (version.len > 0) {
		tell_version(facts, "Kubernetes", "Kubernetes",
			     span_after(version, version.ptr[0] == 'v' ? 1 : 0));
	}
}

static bool is_ipp(const struct words_answer *a, struct span body)
{
	struct span server = words_header_first(a, "server");

	(void)body;
	return words_contain(server, "IPP/") || span_starts_with(server, "CUPS/");
}

static bool is_couchdb(const struct words_answer *a, struct span body)
{
	(void)a;
	return words_json(body, "couchdb", NULL).len > 0;
}

static void tell_couchdb(struct span body, struct service_facts *facts)
{
	tell_version(facts, "Apache", "CouchDB", words_json(body, "version", NULL));
}

static bool is_clickhouse(const struct words_answer *a, struct span body)
{
	(void)body;
	return words_header_first(a, "x-clickhouse-summary").len > 0;
}

const struct http_product http_products[] = {
	{ "elasticsearch", NULL, is_elasticsearch, tell_elasticsearch },
	{ "docker", "/version", is_docker, tell_docker },
	{ "kubernetes", "/version", is_kubernetes, tell_kubernetes },
	{ "ipp", NULL, is_ipp, NULL },
	{ "couchdb", NULL, is_couchdb, tell_couchdb },
	{ "clickhouse", NULL, is_clickhouse, NULL },
	{ NULL, NULL, NULL, NULL },
};
