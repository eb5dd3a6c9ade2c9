#!/bin/sh
# SPDX-License-Identifier: MIT
# C++: operators new and delete in all their forms come from libhakmem, with
# libstdc++'s containers, exceptions, streams and threads on top.

set -eu

lib=$HAKMEM_LIB
unset HAKMEM_LIB
cxx=${CXX:-g++}

if ! $cxx --version >/dev/null 2>&1; then
	echo "UNSUPPORTED: no C++ compiler"
	exit 77
fi

cat >t.cc <<'END'
#include <cstdio>
#include <cstdlib>
#include <cstdint>
#include <dlfcn.h>
#include <map>
#include <memory>
#include <new>
#include <sstream>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

#define CHECK(x) do { if (!(x)) { \
	std::printf("line %d: %s\n", __LINE__, #x); std::exit(1); } } while (0)

static int (*is_ours)(const void *);

struct alignas(64) Wide { char c[100]; };
struct alignas(4096) Page { char c[5000]; };

static void operators()
{
	for (std::size_t n = 1; n < 3000000; n = n * 3 + 1) {
		char *a = static_cast<char *>(::operator new(n));
		char *b = new char[n];
		char *c = new (std::nothrow) char[n];

		CHECK(is_ours(a) && is_ours(b) && is_ours(c));
		a[n - 1] = b[n - 1] = c[n - 1] = 1;
		::operator delete(a, n);
		delete[] b;
		delete[] c;
	}
	for (int i = 0; i < 1000; i++) {
		auto w = std::make_unique<Wide>();
		auto p = std::make_unique<Page[]>(2);

		CHECK(reinterpret_cast<std::uintptr_t>(w.get()) % 64 == 0);
		CHECK(reinterpret_cast<std::uintptr_t>(p.get()) % 4096 == 0);
	}
}

static void failures()
{
	volatile std::size_t much = PTRDIFF_MAX;
	bool caught = false;

	CHECK(!new (std::nothrow) char[much - 100]);
	try {
		char *p = new char[much - 100];
		std::printf("%p\n", static_cast<void *>(p));
	} catch (const std::bad_alloc &) {
		caught = true;
	}
	CHECK(caught);
	for (int i = 0; i < 1000; i++) {
		try {
			throw std::runtime_error(std::string(i, 'x'));
		} catch (const std::exception &e) {
			CHECK(std::string(e.what()).size() == std::size_t(i));
		}
	}
}

static void containers()
{
	std::map<std::string, std::vector<int>> m;
	std::ostringstream s;

	for (int i = 0; i < 20000; i++)
		m[std::to_string(i % 500) + "a long key of a string"]
			.push_back(i);
	for (auto &e : m)
		s << e.first << e.second.size();
	CHECK(m.size() == 500 && s.str().size() > 10000);
}

struct Late {
	std::string text = std::string(1000, 'l');
	~Late() { std::string copy = text + text; CHECK(copy.size() == 2000); }
};
static Late late;
thread_local Late late_in_thread;

int main()
{
	*reinterpret_cast<void **>(&is_ours) =
		dlsym(RTLD_DEFAULT, "hakmem_is_ours");
	CHECK(is_ours);
	operators();
	failures();
	std::vector<std::thread> threads;
	for (int i = 0; i < 4; i++)
		threads.emplace_back([] {
			CHECK(late_in_thread.text.size() == 1000);
			containers();
		});
	for (auto &t : threads)
		t.join();
	containers();
	CHECK(late.text.size() == 1000);
	std::puts("all of it");
}
END
$cxx -std=c++17 -O1 -Wall -o t t.cc -pthread -ldl
env LD_PRELOAD="$lib" ./t >out 2>err || {
	echo "exit status $?"
	cat out err
	exit 1
}
test "$(cat out)" = "all of it" || {
	cat out
	exit 1
}
