/* authorized_keys.c - keys in ~/.ssh of every account of passwd(5). */
#include "agent/collectors/table.h"
#include "base/error.h"
#include "formats/authorized_keys.h"
#include "formats/passwd.h"
#include "schema/schema.h"

#define PASSWD_MAX (16u << 20)
#define KEYS_MAX   (4u << 20)

/* sshd's default AuthorizedKeysFile (sshd_config(5)). */
static const char *const file_names[] = { ".ssh/authorized_keys", ".ssh/authorized_keys2" };

static void emit(struct collection *c, const struct passwd_entry *user, const char *path,
		 const struct authorized_key *key)
{
	struct row *row = collection_row(c);

	row_set_text(row, AUTHORIZED_KEYS_USER, user->name);
	row_set_text(row, AUTHORIZED_KEYS_PATH, span_of(path));
	row_set_text(row, AUTHORIZED_KEYS_TYPE, key->type);
	row_set_integer(row, AUTHORIZED_KEYS_BITS, key->bits);
	row_set_text(row, AUTHORIZED_KEYS_FINGERPRINT, span_of(key->fingerprint));
	row_set_text_if_any(row, AUTHORIZED_KEYS_COMMENT, key->comment);
	row_set_text_if_any(row, AUTHORIZED_KEYS_OPTIONS, key->options);
	collection_emit(c);
}

/* True where an account above has the same home: the keys were told as that one's. */
static bool is_home_of_earlier(struct span passwd, const struct passwd_entry *user)
{
	struct passwd_iterator it = passwd_over(passwd);
	struct passwd_entry entry;

	while (passwd_next(&it, &entry) && entry.name.ptr != user->name.ptr) {
		if (span_equal(entry.home, user->home)) {
			return true;
		}
	}
	return false;
}

/* The same key twice in a file (with other options, say) is the first one: sshd stops there too. */
static bool is_repeated(struct span file, const struct authorized_key *key)
{
	struct authorized_keys_iterator it = authorized_keys_over(file);
	struct authorized_key earlier;

	while (authorized_keys_next(&it, &earlier) && earlier.base64.ptr != key->base64.ptr) {
		if (span_is(span_of(earlier.fingerprint), key->fingerprint)) {
			return true;
		}
	}
	return false;
}

static int collect_file(struct collection *c, struct span passwd, const struct passwd_entry *user,
			const char *path)
{
	struct buffer file OWNED(buffer_done);
	struct authorized_keys_iterator it;
	struct authorized_key key;
	int error;

	buffer_init(&file, KEYS_MAX);
	error = tree_read(c->machine->tree, path, &file);
	if (error != 0) {
		return collection_missing(error);
	}
	if (is_home_of_earlier(passwd, user)) {
		return 0;
	}
	it = authorized_keys_over(buffer_span(&file));
	while (authorized_keys_next(&it, &key)) {
		if (!is_repeated(buffer_span(&file), &key)) {
			emit(c, user, path, &key);
		}
	}
	return 0;
}

static int collect_home(struct collection *c, struct span passwd, const struct passwd_entry *user)
{
	char home[TREE_PATH_SIZE];
	char path[TREE_PATH_SIZE];
	struct writer w = writer_over((uint8_t *)home, sizeof home - 1);
	int error = 0;

	if (!span_starts_with(user->home, "/")) {
		return 0;
	}
	writer_bytes(&w, user->home);
	home[writer_used(&w)] = '\0';
	for (size_t i = 0; error == 0 && writer_ok(&w) && i < COUNT_OF(file_names); i++) {
		if (tree_join(home, file_names[i], path) == 0) {
			error = collect_file(c, passwd, user, path);
		}
	}
	return error;
}

static int authorized_keys_collect(struct collection *c)
{
	struct buffer passwd OWNED(buffer_done);
	struct passwd_iterator it;
	struct passwd_entry user;
	int error;

	buffer_init(&passwd, PASSWD_MAX);
	error = tree_read(c->machine->tree, "/etc/passwd", &passwd);
	if (error != 0) {
		return collection_missing(error);
	}
	it = passwd_over(buffer_span(&passwd));
	while (error == 0 && passwd_next(&it, &user)) {
		error = collect_home(c, buffer_span(&passwd), &user);
	}
	return error;
}

const struct collector collector_authorized_keys = {
	.name = "authorized_keys",
	.summary = "~/.ssh/authorized_keys of every account",
	.table = TABLE_AUTHORIZED_KEYS,
	.collect = authorized_keys_collect,
};
