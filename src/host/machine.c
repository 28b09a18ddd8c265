#include "host/machine.h"

#include <arpa/inet.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/statvfs.h>
#include <unistd.h>

#define GIB (1024.0 * 1024.0 * 1024.0)

static int64_t read_uptime(void)
{
	double uptime = 0;
	FILE *file = fopen("/proc/uptime", "re");
	if (!file)
		return 0;
	if (fscanf(file, "%lf", &uptime) != 1)
		uptime = 0;
	fclose(file);
	return (int64_t)uptime;
}

/* proc(5), /proc/stat: user nice system idle iowait irq softirq steal, in ticks since boot. */
static double read_cpu(struct machine_sample *sample)
{
	uint64_t t[8] = { 0 };
	FILE *file = fopen("/proc/stat", "re");
	if (!file)
		return -1;
	int read = fscanf(file,
		"cpu %" SCNu64 " %" SCNu64 " %" SCNu64 " %" SCNu64 " %" SCNu64 " %" SCNu64
		" %" SCNu64 " %" SCNu64,
		&t[0], &t[1], &t[2], &t[3], &t[4], &t[5], &t[6], &t[7]);
	fclose(file);
	if (read < 4)
		return -1;
	struct machine_sample now = { 0 };
	for (int i = 0; i < 8; i++)
		now.total += t[i];
	now.busy = now.total - t[3] - t[4];
	uint64_t total = now.total - sample->total, busy = now.busy - sample->busy;
	/* Smaller counters mean that the host was rebooted. */
	if (now.total < sample->total || now.busy < sample->busy) {
		total = now.total;
		busy = now.busy;
	}
	*sample = now;
	return total ? 100.0 * (double)busy / (double)total : -1;
}

static double read_memory(void)
{
	char line[256];
	uint64_t total = 0, available = 0;
	FILE *file = fopen("/proc/meminfo", "re");
	if (!file)
		return -1;
	while (fgets(line, sizeof(line), file)) {
		sscanf(line, "MemTotal: %" SCNu64, &total);
		sscanf(line, "MemAvailable: %" SCNu64, &available);
	}
	fclose(file);
	return total ? (double)(total - available) * 1024.0 / GIB : -1;
}

static double read_disk(const char *directory)
{
	struct statvfs fs;
	if (statvfs(directory, &fs) < 0)
		return -1;
	return (double)fs.f_bavail * (double)fs.f_frsize / GIB;
}

void machine_read(struct machine *out, struct machine_sample *sample, const char *directory)
{
	out->uptime_seconds = read_uptime();
	out->cpu_usage = read_cpu(sample);
	out->memory_used_gb = read_memory();
	out->disk_free_gb = read_disk(directory);
}

void machine_address(char out[46])
{
	/* Connecting a datagram socket sends nothing; the kernel only chooses a route, here to an
	 * address that is reserved for documentation (RFC 5737). */
	struct sockaddr_in to = { .sin_family = AF_INET, .sin_port = htons(9) }, from;
	socklen_t len = sizeof(from);
	int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	inet_pton(AF_INET, "192.0.2.1", &to.sin_addr);
	memcpy(out, "127.0.0.1", sizeof("127.0.0.1"));
	if (fd < 0)
		return;
	if (!connect(fd, (struct sockaddr *)&to, sizeof(to)) &&
		!getsockname(fd, (struct sockaddr *)&from, &len))
		inet_ntop(AF_INET, &from.sin_addr, out, 46);
	close(fd);
}
