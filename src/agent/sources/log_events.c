/* log_events.c - a row for each kind. */
#include "agent/sources/log_events.h"

#include "formats/mask.h"
#include "schema/schema.h"

#define MASKED_MAX (2 * AUTHLOG_MESSAGE_MAX)

static void put_login(struct event_sink *sink, int64_t at_ms, const struct authlog_event *event)
{
	struct row row;

	row_init(&row, schema_event_by_number(EVENT_LOGINS));
	row_set_text_if_any(&row, LOGINS_USER, event->user);
	row_set_boolean(&row, LOGINS_IS_SUCCESS, event->is_good);
	row_set_text_if_any(&row, LOGINS_SERVICE, event->service);
	row_set_text_if_any(&row, LOGINS_METHOD, event->method);
	row_set_text_if_any(&row, LOGINS_ADDRESS, event->address);
	row_set_text_if_any(&row, LOGINS_TERMINAL,
			    span_starts_with(event->terminal, "/dev/")
				    ? span_after(event->terminal, 5)
				    : event->terminal);
	row_set_text_if_any(&row, LOGINS_REASON,
			    event->is_good ? (struct span){ NULL, 0 } : event->reason);
	row_set_text_if_any(&row, LOGINS_BY, event->by);
	if (event->count > 0) {
		row_set_integer(&row, LOGINS_COUNT, event->count);
	}
	event_sink_put(sink, at_ms, &row);
}

static void put_sudo(struct event_sink *sink, int64_t at_ms, const struct authlog_event *event,
		     struct writer *w)
{
	struct row row;

	row_init(&row, schema_event_by_number(EVENT_SUDO_USES));
	row_set_text_if_any(&row, SUDO_USES_USER, event->user);
	row_set_text_if_any(&row, SUDO_USES_RUNAS, event->runas);
	row_set_text_if_any(&row, SUDO_USES_COMMAND, mask_text(event->command, w));
	row_set_text_if_any(&row, SUDO_USES_FOLDER, event->folder);
	row_set_text_if_any(&row, SUDO_USES_TERMINAL, event->terminal);
	row_set_boolean(&row, SUDO_USES_IS_ALLOWED, event->is_good);
	row_set_text_if_any(&row, SUDO_USES_REASON, event->reason);
	event_sink_put(sink, at_ms, &row);
}

static void put_account(struct event_sink *sink, int64_t at_ms, const struct authlog_event *event,
			struct span words)
{
	struct row row;

	row_init(&row, schema_event_by_number(EVENT_ACCOUNT_CHANGES));
	row_set_text(&row, ACCOUNT_CHANGES_ACTION, event->action);
	row_set_text(&row, ACCOUNT_CHANGES_ACCOUNT, event->account);
	row_set_text(&row, ACCOUNT_CHANGES_KIND, event->account_kind);
	row_set_text_if_any(&row, ACCOUNT_CHANGES_BY, event->service);
	row_set_text_if_any(&row, ACCOUNT_CHANGES_TEXT, words);
	event_sink_put(sink, at_ms, &row);
}

static void put_service(struct event_sink *sink, int64_t at_ms, const struct authlog_event *event,
			struct span words)
{
	struct row row;

	row_init(&row, schema_event_by_number(EVENT_SERVICE_CHANGES));
	row_set_text(&row, SERVICE_CHANGES_UNIT, event->unit);
	row_set_text(&row, SERVICE_CHANGES_ACTION, event->action);
	row_set_text_if_any(&row, SERVICE_CHANGES_RESULT, event->result);
	row_set_text_if_any(&row, SERVICE_CHANGES_TEXT, words);
	event_sink_put(sink, at_ms, &row);
}

/* A connection that ends without a login is a failure of its own only where none was told. */
static bool is_told(struct log_events *events, uint32_t pid, const struct authlog_event *event)
{
	if (pid == 0 || event->is_good || event->kind != AUTHLOG_LOGIN) {
		return false;
	}
	for (size_t i = 0; i < LOG_EVENTS_FAILED; i++) {
		if (events->failed[i] == pid) {
			if (event->is_closing) {
				events->failed[i] = 0; /* the number may be another's soon */
			}
			return event->is_closing;
		}
	}
	if (!event->is_closing) {
		events->failed[events->next_failed++ % LOG_EVENTS_FAILED] = pid;
	}
	return false;
}

void log_events_put(struct log_events *events, int64_t at_ms, uint32_t pid,
		    const struct authlog_event *event, struct span message)
{
	static const uint16_t numbers[] = { [AUTHLOG_LOGIN] = EVENT_LOGINS,
					    [AUTHLOG_SUDO] = EVENT_SUDO_USES,
					    [AUTHLOG_ACCOUNT] = EVENT_ACCOUNT_CHANGES,
					    [AUTHLOG_SERVICE] = EVENT_SERVICE_CHANGES };
	uint8_t bytes[MASKED_MAX];
	struct writer w = writer_over(bytes, sizeof bytes);

	if ((events->events & UINT32_C(1) << numbers[event->kind]) == 0 ||
	    !event_sink_wants(events->sink, numbers[event->kind]) || is_told(events, pid, event)) {
		return;
	}
	switch (event->kind) {
	case AUTHLOG_LOGIN:
		put_login(events->sink, at_ms, event);
		break;
	case AUTHLOG_SUDO:
		put_sudo(events->sink, at_ms, event, &w);
		break;
	case AUTHLOG_ACCOUNT:
		put_account(events->sink, at_ms, event, mask_text(message, &w));
		break;
	case AUTHLOG_SERVICE:
		put_service(events->sink, at_ms, event, mask_text(message, &w));
		break;
	}
}
