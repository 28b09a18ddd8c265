/*
 * schema/: any bytes are either refused as a schema, with a location, or compile; the result is
 * the same each time, and a schema compiled under a URI can be found by it.
 */
#include "schema/schema.h"
#include "schema/validate.h"

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Abort, so that libFuzzer keeps the input. */
static void insist(bool holds, const char *what)
{
	if (holds)
		return;
	fprintf(stderr, "does not hold: %s\n", what);
	abort();
}

static int compile(struct schema_set *set, const struct schema **out, const uint8_t *data,
	size_t size, const char *uri, struct error *err)
{
	struct buf text = BUF_INIT;
	buf_add(&text, data, size);
	*err = (struct error)ERROR_INIT;
	int rc = schema_compile(set, out, &text, "x", uri, err);
	insist(!text.len && rc == err->code, "the text is taken over, the error is the answer");
	return rc;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct schema_set *set = schema_set_new();
	const struct schema *schema, *again;
	struct error err, second = ERROR_INIT;
	size_t line, column;
	int rc = compile(set, &schema, data, size, NULL, &err);
	if (rc < 0) {
		/* A reference may lead to a metaschema, which has its own name. */
		insist(rc == ERR_INVALID, "a schema is refused as invalid");
		insist(sscanf(err.text, "%*[^:]:%zu:%zu: ", &line, &column) == 2 && line && column,
			"a refusal says where");
		insist(compile(set, &again, data, size, NULL, &second) == rc,
			"what is refused is refused again");
	} else {
		insist(!compile(set, &again, data, size, NULL, &second),
			"what compiles compiles again");
		/* With another base, its references lead elsewhere, possibly nowhere. */
		if (!compile(set, &again, data, size, "http://x.test/again", &second))
			insist(!schema_compile_uri(set, &again, "http://x.test/again", &second),
				"what compiles is known by its URI");
	}
	schema_set_free(set);
	return 0;
}
