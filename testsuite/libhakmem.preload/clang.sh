#!/bin/sh
# SPDX-License-Identifier: MIT
# clang compiles, links and runs programs in C and C++, says what is wrong with
# others, and compiles sources of this project.
# { dg-hakmem-timeout "180" }
# shellcheck disable=SC1091,SC2154 # what is sourced is not followed

. "${srcdir:?}/lib/preload.sh"
. "$srcdir/lib/compiler.sh"

need clang ld

setup() {
	c_sources
	cat >words.cc <<-'END'
	#include <iostream>
	#include <map>
	#include <memory>
	#include <stdexcept>
	#include <string>
	#include <thread>
	#include <vector>

	template <int n> struct sum { enum { value = n + sum<n - 1>::value }; };
	template <> struct sum<0> { enum { value = 0 }; };

	int main()
	{
		std::map<std::string, std::vector<int>> all;
		std::vector<std::thread> threads;

		for (int i = 0; i < 20000; i++)
			all[std::to_string(i % 777)].push_back(i);
		for (int i = 0; i < 4; i++)
			threads.emplace_back([i] {
				for (int k = 0; k < 5000; k++)
					std::make_unique<std::string>(k % 500, 'x');
			});
		for (auto &t : threads)
			t.join();
		try {
			all.at("none").push_back(1);
		} catch (const std::out_of_range &) {
			std::cout << all.size() << " " << sum<500>::value << "\n";
		}
	}
	END
}

in_cxx() {
	clang++ -std=c++17 -O2 -pthread -o words words.cc && ./words
}

same "clang" in_c clang
succeeded "clang" 1 '^small: 7$'
ours 'clang*' 10000
ours small 1
ours ld 100
if command -v clang++ >/dev/null &&
	echo '#include <map>' | clang++ -x c++ -fsyntax-only - 2>/dev/null; then
	same "clang++" in_cxx
	succeeded "clang++" 0 '^777 125250$'
	ours 'clang*' 100000
	ours words 20000
fi
same "clang of this project" project clang
succeeded "clang of this project"
ours 'clang*' 10000
finish
