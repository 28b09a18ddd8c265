/*
 * Draws the live view of git build watch, and prints the median time in milliseconds for the
 * fleet of the given clone. Used by bench_overview.sh.
 *
 * usage: frames DIR
 */
#include "bench/bench.h"

/* The files of a subcommand are not part of the library. */
#include "cli/coordination.c"
#include "cli/print.c"
#include "servers/watch_screen.c"

enum { FRAMES = 101 };

int main(int argc, char **argv)
{
	struct repo *repo;
	struct settings settings;
	struct health_limits limits;
	struct overview overview;
	struct health health;
	struct error err = ERROR_INIT;
	double took[FRAMES];
	if (argc != 2 || repo_open(&repo, argv[1], &err) < 0 ||
		settings_load(&settings, repo, NULL, &err) < 0 ||
		health_limits_load(&limits, repo, &err) < 0 ||
		overview_take(&overview, repo, &settings, &screen_overview, env_system(), &err) <
			0) {
		fprintf(stderr, "frames: %s\n", err.text);
		return 1;
	}
	health_check(&health, &overview, &limits);
	for (int i = 0; i < FRAMES; i++) {
		struct screen screen;
		struct screen_plan plan = { .overview = &overview,
			.health = &health,
			.width = 200,
			.height = 60,
			.scroll = i,
			.colour = true };
		double start = bench_now_ms();
		screen_draw(&screen, &plan);
		took[i] = bench_now_ms() - start;
		screen_release(&screen);
	}
	printf("%.2f\n", bench_median(took, FRAMES));
	health_release(&health);
	overview_release(&overview);
	settings_release(&settings);
	repo_close(repo);
	return 0;
}
