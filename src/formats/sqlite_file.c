/*
 * sqlite_file.c - b-trees of tables: interior pages point to pages below them, leaves
 * hold rows; what of a row does not fit its page goes on in a chain of overflow pages.
 */
#include "formats/sqlite_file.h"

#include "base/error.h"
#include "base/mem.h"
#include "formats/sqlite_wal.h"

#define PAGE_INTERIOR      0x05
#define PAGE_LEAF          0x0d
#define PAGE_SIZE_MIN      512
#define PAGE_SIZE_MAX      65536
#define USABLE_SIZE_MIN    480
#define VARINT_SIZE_MAX    9
#define RECORD_HEADER_MAX  1024
#define TABLE_NAME_MAX     64
#define SCHEMA_ROOT_PAGE   1
#define FORMAT_VERSION_WAL 2
#define ENCODING_UTF8      1

/* The file's header is in front of the first page's own. */
static size_t page_header_offset(uint32_t number)
{
	return number == SCHEMA_ROOT_PAGE ? SQLITE_FILE_HEADER_SIZE : 0;
}

static int parse_header(struct span header, struct sqlite_file *out)
{
	struct reader r = reader_over(span_first(header, SQLITE_FILE_HEADER_SIZE));
	struct span magic = reader_bytes(&r, 16);
	uint32_t page_size = reader_be16(&r);
	uint8_t read_version;
	uint32_t encoding;
	uint8_t reserved;

	(void)reader_u8(&r); /* version to write */
	read_version = reader_u8(&r);
	reserved = reader_u8(&r);
	(void)reader_bytes(&r, 35);
	encoding = reader_be32(&r);
	page_size = page_size == 1 ? PAGE_SIZE_MAX : page_size;
	if (!reader_ok(&r) || reader_left(&r) < 40 ||
	    !span_equal(magic, (struct span){ (const uint8_t *)"SQLite format 3", 16 }) ||
	    page_size < PAGE_SIZE_MIN || (page_size & (page_size - 1)) != 0 ||
	    page_size - reserved < USABLE_SIZE_MIN) {
		return ERR_MALFORMED;
	}
	/* 0: nothing was ever stored */
	if (read_version > FORMAT_VERSION_WAL || encoding > ENCODING_UTF8) {
		return ERR_UNSUPPORTED;
	}
	out->page_size = page_size;
	out->usable_size = page_size - reserved;
	return 0;
}

int sqlite_file_from(struct span header, struct sqlite_file_source source, uint32_t page_count,
		     struct sqlite_file *out)
{
	struct sqlite_file file = { .source = source, .page_count = page_count };
	int error = parse_header(header, &file);

	if (error != 0) {
		return error;
	}
	*out = file;
	return 0;
}

int sqlite_file_over(struct span whole, struct span wal, struct sqlite_file *out)
{
	struct sqlite_file file = { .whole = whole };
	int error = parse_header(whole, &file);

	if (error != 0) {
		return error;
	}
	if (whole.len / file.page_size > UINT32_MAX) {
		return ERR_LIMIT;
	}
	file.page_count = (uint32_t)(whole.len / file.page_size);
	error = sqlite_wal_open(wal, file.page_size, &file.wal, &file.page_count);
	if (error != 0) {
		return error;
	}
	*out = file;
	return 0;
}

static int get_page(const struct sqlite_file *file, uint32_t number, struct span *out)
{
	struct span page;

	if (number == 0 || number > file->page_count) {
		return ERR_MALFORMED;
	}
	if (file->source.page != NULL) {
		int error = file->source.page(file->source.context, number, &page);

		if (error != 0) {
			return error;
		}
	} else if (!sqlite_wal_find(file->wal, file->page_size, number, &page)) {
		page = span_first(span_after(file->whole, (size_t)(number - 1) * file->page_size),
				  file->page_size);
	}
	if (page.len != file->page_size) {
		return ERR_MALFORMED;
	}
	*out = page;
	return 0;
}

/* Big endian, seven bits a byte; the ninth has eight. */
static uint64_t take_varint(struct reader *r)
{
	uint64_t value = 0;

	for (int i = 1; i < VARINT_SIZE_MAX; i++) {
		uint8_t byte = reader_u8(r);

		value = value << 7 | (byte & 0x7f);
		if ((byte & 0x80) == 0) {
			return value;
		}
	}
	return value << 8 | reader_u8(r);
}

struct sqlite_file_rows sqlite_file_rows_over(const struct sqlite_file *file, uint32_t root_page)
{
	return (struct sqlite_file_rows){
		.file = file,
		.levels = { { .page = root_page, .cell = 0 } },
		.depth = 1,
	};
}

/* How much of a payload its leaf holds (fileformat2, section 1.6). */
static uint32_t local_size(const struct sqlite_file *file, uint64_t payload_size)
{
	uint64_t usable = file->usable_size;
	uint64_t most = usable - 35;
	uint64_t least = (usable - 12) * 32 / 255 - 23;
	uint64_t fitting;

	if (payload_size <= most) {
		return (uint32_t)payload_size;
	}
	fitting = least + (payload_size - least) % (usable - 4);
	return (uint32_t)(fitting <= most ? fitting : least);
}

/* A leaf's cell: payload size, rowid, payload, first overflow page. */
static int take_row(struct sqlite_file_rows *it, uint32_t number, struct span page, size_t offset)
{
	struct reader r = reader_over(span_after(page, offset));

	it->payload_size = take_varint(&r);
	it->rowid = (int64_t)take_varint(&r);
	if (it->payload_size > (uint64_t)it->file->page_count * it->file->usable_size) {
		return ERR_MALFORMED;
	}
	it->local_page = number;
	it->local_offset = (uint32_t)(page.len - reader_left(&r));
	it->local_size = local_size(it->file, it->payload_size);
	(void)reader_bytes(&r, it->local_size);
	it->overflow_page = it->local_size < it->payload_size ? reader_be32(&r) : 0;
	it->seek_page = 0;
	return reader_ok(&r) ? 0 : ERR_MALFORMED;
}

/* In a tree each page is entered once; a page more than there are is a cycle. */
static int enter(struct sqlite_file_rows *it, uint32_t page)
{
	if (++it->pages_visited > it->file->page_count) {
		return ERR_MALFORMED;
	}
	if (it->depth == SQLITE_FILE_DEPTH_MAX) {
		return ERR_LIMIT;
	}
	it->levels[it->depth++] = (struct sqlite_file_level){ .page = page, .cell = 0 };
	return 0;
}

enum step {
	STEP_ON,  /* the place has changed: go on from there */
	STEP_ROW, /* the row at hand is set */
};

/* One step of the walk, or an error. */
static int take_step(struct sqlite_file_rows *it)
{
	struct sqlite_file_level *level = &it->levels[it->depth - 1];
	struct span page;
	struct reader header;
	struct reader pointer;
	uint32_t cell = level->cell++;
	uint32_t cells;
	uint32_t right = 0;
	uint16_t offset;
	uint8_t type;
	int error = get_page(it->file, level->page, &page);

	if (error != 0) {
		return error;
	}
	header = reader_over(span_after(page, page_header_offset(level->page)));
	type = reader_u8(&header);
	(void)reader_be16(&header); /* free blocks */
	cells = reader_be16(&header);
	(void)reader_bytes(&header, 3); /* where cells begin; fragments */
	if (type == PAGE_INTERIOR) {
		right = reader_be32(&header);
	} else if (type != PAGE_LEAF) {
		return ERR_MALFORMED;
	}
	if (cell == cells && type == PAGE_INTERIOR) {
		error = enter(it, right);
		return error != 0 ? error : STEP_ON;
	}
	if (cell >= cells) {
		it->depth--;
		return STEP_ON;
	}
	(void)reader_bytes(&header, (size_t)cell * 2);
	offset = reader_be16(&header);
	if (!reader_ok(&header)) {
		return ERR_MALFORMED;
	}
	if (type == PAGE_LEAF) {
		error = take_row(it, level->page, page, offset);
		return error != 0 ? error : STEP_ROW;
	}
	pointer = reader_over(span_after(page, offset));
	error = enter(it, reader_be32(&pointer)); /* page 0, where it failed, does not exist */
	return error != 0 ? error : STEP_ON;
}

bool sqlite_file_rows_next(struct sqlite_file_rows *it, int64_t *rowid)
{
	while (it->depth > 0) {
		int step = take_step(it);

		if (step < 0) {
			it->error = step;
			it->depth = 0;
		} else if (step == STEP_ROW) {
			*rowid = it->rowid;
			return true;
		}
	}
	it->payload_size = 0;
	return false;
}

/* Moves to the overflow page that holds an offset; bounded by the payload's size. */
static int seek(struct sqlite_file_rows *it, uint64_t offset, struct span *content)
{
	uint32_t content_size = it->file->usable_size - 4;

	if (it->seek_page == 0 || offset < it->seek_offset) {
		it->seek_page = it->overflow_page;
		it->seek_offset = it->local_size;
	}
	for (;;) {
		struct span page;
		struct reader r;
		uint32_t next;
		int error = get_page(it->file, it->seek_page, &page);

		if (error != 0) {
			return error;
		}
		r = reader_over(page);
		next = reader_be32(&r);
		if (offset < it->seek_offset + content_size) {
			*content = span_after(reader_bytes(&r, content_size),
					      (size_t)(offset - it->seek_offset));
			return 0;
		}
		it->seek_page = next;
		it->seek_offset += content_size;
	}
}

/* What is at an offset of the row, up to the end of its page. */
static int locate(struct sqlite_file_rows *it, uint64_t offset, struct span *content)
{
	struct span page;
	int error;

	if (offset >= it->local_size) {
		return seek(it, offset, content);
	}
	error = get_page(it->file, it->local_page, &page);
	if (error != 0) {
		return error;
	}
	*content = span_first(span_after(page, it->local_offset + (size_t)offset),
			      it->local_size - (size_t)offset);
	return 0;
}

int sqlite_file_read(struct sqlite_file_rows *it, uint64_t offset, uint8_t *to, size_t len)
{
	size_t done = 0;

	if (offset > it->payload_size || len > it->payload_size - offset) {
		return ERR_MALFORMED;
	}
	while (done < len) {
		struct span content;
		int error = locate(it, offset + done, &content);

		if (error != 0) {
			return error;
		}
		content = span_first(content, len - done);
		if (content.len == 0) {
			return ERR_MALFORMED;
		}
		mem_copy(to + done, content.ptr, content.len);
		done += content.len;
	}
	return 0;
}

/* Size and type of a serial type (fileformat2, section 2.1). False for reserved ones. */
static bool describe(uint64_t serial, struct sqlite_file_value *out)
{
	static const uint8_t integer_sizes[] = { 0, 1, 2, 3, 4, 6, 8 };

	if (serial >= 12) {
		out->type = serial % 2 == 0 ? SQLITE_FILE_BLOB : SQLITE_FILE_TEXT;
		out->size = (serial - 12) / 2;
		return true;
	}
	if (serial == 10 || serial == 11) {
		return false;
	}
	out->type = serial == 0 ? SQLITE_FILE_NULL
				: (serial == 7 ? SQLITE_FILE_REAL : SQLITE_FILE_INTEGER);
	if (serial < COUNT_OF(integer_sizes)) {
		out->size = integer_sizes[serial];
	} else {
		out->size = serial == 7 ? 8 : 0;
		out->integer = serial == 9 ? 1 : 0;
	}
	return true;
}

static int read_integer(struct sqlite_file_rows *it, struct sqlite_file_value *value)
{
	uint8_t bytes[8];
	uint64_t bits;
	int error = sqlite_file_read(it, value->offset, bytes, (size_t)value->size);

	if (error != 0 || value->size == 0) {
		return error;
	}
	bits = (bytes[0] & 0x80) != 0 ? UINT64_MAX : 0; /* the sign */
	for (size_t i = 0; i < value->size; i++) {
		bits = bits << 8 | bytes[i];
	}
	value->integer = (int64_t)bits;
	return 0;
}

/* Reads the record's header, its size included, and returns a reader behind that size. */
static int read_record_header(struct sqlite_file_rows *it, uint8_t buffer[RECORD_HEADER_MAX],
			      struct reader *out, uint64_t *header_size)
{
	size_t first =
		it->payload_size < VARINT_SIZE_MAX ? (size_t)it->payload_size : VARINT_SIZE_MAX;
	int error = sqlite_file_read(it, 0, buffer, first);
	struct reader r = reader_over((struct span){ buffer, first });
	uint64_t size = take_varint(&r);
	size_t skip = first - reader_left(&r);

	if (error != 0) {
		return error;
	}
	if (!reader_ok(&r) || size < skip || size > it->payload_size) {
		return ERR_MALFORMED;
	}
	if (size > RECORD_HEADER_MAX) {
		return ERR_LIMIT;
	}
	error = sqlite_file_read(it, 0, buffer, (size_t)size);
	if (error != 0) {
		return error;
	}
	*out = reader_over(span_after((struct span){ buffer, (size_t)size }, skip));
	*header_size = size;
	return 0;
}

int sqlite_file_column(struct sqlite_file_rows *it, size_t column, struct sqlite_file_value *out)
{
	uint8_t buffer[RECORD_HEADER_MAX];
	struct reader types;
	struct sqlite_file_value value = { 0 };
	uint64_t offset;
	int error = read_record_header(it, buffer, &types, &offset);

	if (error != 0) {
		return error;
	}
	for (size_t i = 0; i <= column; i++) {
		if (reader_left(&types) == 0) {
			return ERR_NOT_FOUND;
		}
		value = (struct sqlite_file_value){ .offset = offset };
		if (!describe(take_varint(&types), &value) || !reader_ok(&types) ||
		    value.size > it->payload_size - offset) {
			return ERR_MALFORMED;
		}
		offset += value.size;
	}
	if (value.type == SQLITE_FILE_INTEGER && value.size > 0) {
		error = read_integer(it, &value);
		if (error != 0) {
			return error;
		}
	}
	*out = value;
	return 0;
}

/* Whether a column of the row at hand is this text: 1, 0, or an error. */
static int column_is(struct sqlite_file_rows *it, size_t column, const char *text)
{
	struct span wanted = span_of(text);
	uint8_t buffer[TABLE_NAME_MAX];
	struct sqlite_file_value value;
	int error = sqlite_file_column(it, column, &value);

	if (error != 0) {
		return error;
	}
	if (value.type != SQLITE_FILE_TEXT || value.size != wanted.len ||
	    value.size > sizeof buffer) {
		return 0;
	}
	error = sqlite_file_read(it, value.offset, buffer, (size_t)value.size);
	if (error != 0) {
		return error;
	}
	return span_equal((struct span){ buffer, (size_t)value.size }, wanted);
}

/* A table WITHOUT ROWID has an index's pages. */
static int check_root(const struct sqlite_file *file, uint32_t number)
{
	struct span page;
	uint8_t type;
	int error = get_page(file, number, &page);

	if (error != 0) {
		return error;
	}
	type = page.ptr[page_header_offset(number)];
	return type == PAGE_LEAF || type == PAGE_INTERIOR ? 0 : ERR_UNSUPPORTED;
}

int sqlite_file_table(const struct sqlite_file *file, const char *name, uint32_t *root_page)
{
	enum { TYPE, NAME, TABLE_NAME, ROOT_PAGE };
	struct sqlite_file_rows it = sqlite_file_rows_over(file, SCHEMA_ROOT_PAGE);
	int64_t rowid;

	for (size_t i = 0; sqlite_file_rows_next(&it, &rowid); i++) {
		int is_table = column_is(&it, TYPE, "table");
		int is_named = is_table == 1 ? column_is(&it, NAME, name) : is_table;
		struct sqlite_file_value root;
		int error;

		if (is_named < 0 || i == SQLITE_FILE_SCHEMA_MAX) {
			return is_named < 0 ? is_named : ERR_LIMIT;
		}
		if (is_named == 0) {
			continue;
		}
		error = sqlite_file_column(&it, ROOT_PAGE, &root);
		if (error != 0) {
			return error;
		}
		if (root.type != SQLITE_FILE_INTEGER || root.integer < 1 ||
		    root.integer > (int64_t)UINT32_MAX) {
			return ERR_MALFORMED;
		}
		error = check_root(file, (uint32_t)root.integer);
		if (error == 0) {
			*root_page = (uint32_t)root.integer;
		}
		return error;
	}
	return it.error != 0 ? it.error : ERR_NOT_FOUND;
}
