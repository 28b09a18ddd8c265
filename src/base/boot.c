#include "base/boot.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

int64_t boot_time(void)
{
	FILE *file = fopen("/proc/stat", "re");
	char line[256];
	int64_t when = 0;
	while (file && !when && fgets(line, sizeof(line), file))
		if (sscanf(line, "btime %" SCNd64, &when) != 1)
			when = 0;
	if (file)
		fclose(file);
	return when;
}

void boot_id(char out[BOOT_ID_SIZE])
{
	FILE *file = fopen("/proc/sys/kernel/random/boot_id", "re");
	if (!file || !fgets(out, BOOT_ID_SIZE, file))
		*out = '\0';
	if (file)
		fclose(file);
	out[strcspn(out, "\n")] = '\0';
}
