/* opt_out.c - the signature first, then what was signed. */
#include "scan/targets/opt_out.h"

#include <stdio.h>

#include "base/error.h"
#include "base/reader.h"
#include "sys/file.h"
#include "sys/pki.h"
#include "sys/signature.h"

#define SIGNATURE_LINE "signature "

/* Splits the file at its last line. */
static int split(struct span file, struct span *list, struct span *signature)
{
	size_t end = file.len;
	size_t start;

	while (end > 0 && file.ptr[end - 1] == '\n') {
		end--;
	}
	start = end;
	while (start > 0 && file.ptr[start - 1] != '\n') {
		start--;
	}
	*list = span_first(file, start);
	*signature = span_after(span_first(file, end), start);
	return span_starts_with(*signature, SIGNATURE_LINE) ? 0 : ERR_MALFORMED;
}

static int verify(const char *path, struct span list, struct span line, struct why *why)
{
	char key_path[4096];
	struct buffer key;
	struct buffer signature;
	int error;

	snprintf(key_path, sizeof key_path, "%.4000s.pub", path);
	buffer_init(&key, 1u << 16);
	buffer_init(&signature, 256);
	error = file_read(key_path, &key);
	if (error != 0) {
		(void)why_set(why, ERR_DENIED,
			      "the opt-out list %.200s is there, but not the key that signed it "
			      "(%.200s.pub): nothing is scanned until it can be believed",
			      path, path);
	} else if (pki_base64_decode(span_after(line, sizeof SIGNATURE_LINE - 1), &signature,
				     NULL) != 0 ||
		   signature_verify(buffer_span(&key), list, buffer_span(&signature)) != 0) {
		error = why_set(why, ERR_DENIED,
				"the signature of the opt-out list %.300s is wrong: nothing is "
				"scanned until whoever keeps the list has signed it anew",
				path);
	}
	buffer_done(&key);
	buffer_done(&signature);
	return error != 0 ? ERR_DENIED : 0;
}

static int read_list(const char *path, struct span list, struct targets *out, struct why *why)
{
	struct reader r = reader_over(list);
	size_t number = 0;
	int error = 0;

	while (error == 0 && reader_left(&r) > 0) {
		struct span line = reader_line(&r);

		line = span_trim(span_first(line, span_find(line, '#')));
		number++;
		if (line.len > 0 && targets_add_word(out, line, NULL) != 0) {
			error = why_set(why, ERR_MALFORMED,
					"%.300s: line %zu is no address, prefix or range", path,
					number);
		}
	}
	return error;
}

int opt_out_read(const char *path, struct targets **out, struct why *why)
{
	struct targets *list = targets_new();
	struct buffer file;
	struct span text;
	struct span signature;
	int error;

	buffer_init(&file, OPT_OUT_FILE_MAX);
	error = file_read(path, &file);
	if (error == 0 && split(buffer_span(&file), &text, &signature) != 0) {
		error = why_set(why, ERR_DENIED,
				"the opt-out list %.300s has no signature in its last line: "
				"nothing is scanned until it has",
				path);
	} else if (error == 0) {
		error = verify(path, text, signature, why);
		error = error == 0 ? read_list(path, text, list, why) : error;
	} else if (error != ERR_NOT_FOUND) {
		(void)why_set(why, error, "the opt-out list %.300s cannot be read: %s", path,
			      error_text(error));
	}
	buffer_done(&file);
	if (error != 0) {
		targets_free(&list);
		return error;
	}
	(void)(targets_settle(list, NULL) == 0); /* only taken away with */
	*out = list;
	return 0;
}
