/* SPDX-License-Identifier: MIT */
/* Templates and standard containers: work for the compiler, never run. */
#include <algorithm>
#include <functional>
#include <map>
#include <string>
#include <tuple>
#include <vector>

template <int N> struct record {
	int key = N;
	std::string name = std::to_string(N);
	std::tuple<int, long, std::string> fields{ N, N, name };

	bool operator<(const record &other) const
	{
		return std::tie(key, name) < std::tie(other.key, other.name);
	}
};

template <int N> long use()
{
	std::map<int, std::vector<record<N>>> groups;
	for (int i = 0; i < N; i++)
		groups[i % 7].emplace_back();
	for (auto &g : groups)
		std::sort(g.second.begin(), g.second.end());
	std::function<long(long)> add = [&](long x) {
		return x + static_cast<long>(groups.size());
	};
	return add(N);
}

template <int N> struct chain {
	static long run()
	{
		return use<N>() + chain<N - 1>::run();
	}
};

template <> struct chain<0> {
	static long run()
	{
		return 0;
	}
};

long all()
{
	return chain<4 * SCALE>::run();
}
