/* Lists, as a table or as JSON. */
#include "cli/listing.h"

void listing_begin(struct listing *listing, const char *array, const char *const *titles)
{
	listing->array = array;
	table_init(&listing->table, titles);
	show_json_begin(&listing->json);
}

static void open_array(struct listing *listing)
{
	json_begin_member(&listing->json, listing->array, '[');
	listing->array = NULL;
}

void listing_row(struct listing *listing)
{
	if (listing->array)
		open_array(listing);
	else
		json_end(&listing->json);
	json_begin(&listing->json, '{');
}

void listing_end(struct listing *listing, const struct invocation *inv, bool titles_alone)
{
	bool filled = titles_alone || table_has_rows(&listing->table);
	if (listing->array)
		open_array(listing);
	show_json_end(&listing->json, inv->json);
	table_end(&listing->table, !inv->json && filled, inv->colour);
}
