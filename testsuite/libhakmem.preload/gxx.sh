#!/bin/sh
# SPDX-License-Identifier: MIT
# g++ compiles, links and runs a program that is full of templates.
# { dg-hakmem-timeout "180" }
# shellcheck disable=SC1091,SC2154 # what is sourced is not followed

. "${srcdir:?}/lib/preload.sh"

need g++
count=$(pick 2 40)
level=$(pick 0 2)

# templates COUNT - a C++ program that makes the compiler instantiate
templates() {
	awk -v count="$1" 'BEGIN {
		for (n = split("algorithm functional iostream map memory" \
			" set sstream string tuple unordered_map" \
			" variant vector", h, " "); i < n;)
			print "#include <" h[++i] ">"
		print "template<int N> struct Tag { int v = N; };"
		print "template<int N> using Value = std::variant<int," \
			" std::string, std::vector<Tag<N>>>;"
		for (n = 1; n <= count; n++) {
			t = "Tag<" n ">"
			print "struct Class" n " {"
			print "\tstd::map<std::string, std::vector<" t ">> a;"
			print "\tstd::unordered_map<int, Value<" n ">> b;"
			print "\tstd::set<std::tuple<int, std::string>> c;"
			print "\tlong run() {"
			print "\t\tfor (int i = 0; i < 100; i++) {"
			print "\t\t\ta[std::to_string(i % 17)].push_back({i});"
			print "\t\t\tb[i] = std::to_string(i * " n ");"
			print "\t\t\tc.emplace(i % 13, \"x\");"
			print "\t\t}"
			print "\t\tlong sum = long(c.size());"
			print "\t\tfor (auto &[k, v] : a) {"
			print "\t\t\tstd::sort(v.begin(), v.end(), [](" t \
				" p, " t " q) { return p.v > q.v; });"
			print "\t\t\tsum += v.front().v + long(k.size());"
			print "\t\t}"
			print "\t\tfor (auto &[k, v] : b)"
			print "\t\t\tstd::visit([&](auto &x) { using X ="
			print "\t\t\t\tstd::decay_t<decltype(x)>;"
			print "\t\t\t\tif constexpr (std::is_same_v<X," \
				" std::string>) sum += long(x.size());" \
				" }, v);"
			print "\t\treturn sum;"
			print "\t}"
			print "};"
		}
		print "int main() {"
		print "\tlong sum = 0;"
		for (n = 1; n <= count; n++)
			print "\tsum += std::make_unique<Class" n ">()->run();"
		print "\tstd::cout << sum << \" from " count " classes\\n\";"
		print "}"
	}'
}

setup() {
	templates "$count" >big.cc
}

in_cplusplus() {
	g++ -std=c++17 "-O$level" -o big big.cc && ./big
}

same "g++ of $count classes" in_cplusplus
succeeded "g++" 0 "^[0-9]+ from $count classes\$"
ours cc1plus 50000
ours as 1000
ours ld 1000
ours big 500
finish
