/* SPDX-License-Identifier: MIT */
/*
 * fork with a big heap: the child frees and allocates some blocks and ends;
 * the parent goes on.  Writes of an allocator into shared pages show as
 * faults of the child.
 */
#include "bench.h"

#include <sys/wait.h>

static size_t min_size = 16, max_size = 1024, heap = (size_t)128 << 20;
static size_t count = 50, ops = 1000;

static void replace(struct bench_rng *rng, void **block, size_t blocks)
{
	for (size_t i = 0; i < ops; i++) {
		size_t k = bench_below(rng, blocks);
		size_t size = bench_between(rng, min_size, max_size);
		free(block[k]);
		block[k] = bench_malloc(size);
		bench_touch(block[k], size, BENCH_TOUCH_ENDS);
	}
}

static void fork_once(struct bench_rng *rng, void **block, size_t blocks)
{
	int status;
	pid_t pid = fork();

	if (pid < 0)
		bench_die("fork: %s", strerror(errno));
	if (pid == 0) {
		replace(rng, block, blocks);
		_exit(0);
	}
	replace(rng, block, blocks);
	while (waitpid(pid, &status, 0) < 0)
		if (errno != EINTR)
			bench_die("waitpid: %s", strerror(errno));
	if (!WIFEXITED(status) || WEXITSTATUS(status))
		bench_die("the child failed: status %#x", (unsigned)status);
}

int main(int argc, char **argv)
{
	const struct bench_arg args[] = {
		BENCH_NUMBER("min", &min_size, "smallest size"),
		BENCH_NUMBER("max", &max_size, "largest size"),
		BENCH_NUMBER("heap", &heap, "bytes live at the fork"),
		BENCH_NUMBER("count", &count, "forks"),
		BENCH_NUMBER("ops", &ops, "replacements by each process"),
	};

	bench_parse(argc, argv, args, BENCH_COUNT(args));
	size_t blocks = heap / ((min_size + max_size) / 2) + 1;
	void **block = bench_array(blocks, sizeof(*block));
	struct bench_rng rng = { 1 };

	for (size_t i = 0; i < blocks; i++) {
		size_t size = bench_between(&rng, min_size, max_size);
		block[i] = bench_malloc(size);
		memset(block[i], 1, size);
	}
	double start = bench_now();
	for (size_t i = 0; i < count; i++)
		fork_once(&rng, block, blocks);
	double seconds = bench_now() - start;
	struct rusage ru;
	getrusage(RUSAGE_CHILDREN, &ru);
	bench_report("fork_heap", count, seconds, " faults=%.1f",
		     (double)ru.ru_minflt / (double)count);
	return 0;
}
