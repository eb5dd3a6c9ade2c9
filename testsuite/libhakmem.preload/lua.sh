#!/bin/sh
# SPDX-License-Identifier: MIT
# lua: tables, texts, closures, coroutines, what it collects, errors.
# { dg-hakmem-timeout "120" }
# shellcheck disable=SC1091,SC2154 # what is sourced is not followed

. "${srcdir:?}/lib/preload.sh"

lua=$(command -v lua5.4 || command -v lua5.3 || echo lua)
need "$lua"
factor=$(pick 1 20)

setup() {
	cat >load.lua <<-'END'
	local factor, x = tonumber(arg[1]), 1
	local function number() x = x * 16807 % 2147483647 return x end
	local live, sum = {}, 0
	for i = 1, 50000 * factor do
		local text = string.rep(string.char(97 + i % 26), number() % 200)
		local old = live[number() % 997]
		if old then sum = (sum * 31 + #old.text + #old) % 1000003 end
		live[number() % 997] = { text = text, i, i * 2, tostring(i) }
		if i % 1000 == 0 then collectgarbage("step") end
	end
	local made = {}
	for i = 1, 2000 do
		made[i] = coroutine.wrap(function()
			for k = 1, 5 do coroutine.yield(("%d.%d"):format(i, k)) end
		end)
	end
	local words = {}
	for k = 1, 5 do for i = 1, #made do words[#words + 1] = made[i]() end end
	table.sort(words)
	print(#table.concat(words, ","), words[1], words[#words])
	print(("many words "):rep(3000):gsub("(%w+) (%w+)", "%2 %1"):len())
	print(pcall(string.rep, "x", -1), select("#", pcall(error, { 1 })))
	live, made = nil, nil
	collectgarbage()
	print("sum " .. sum)
	os.exit(3, true)
	END
	echo 'local x = = 1' >wrong.lua
}

job() {
	"$lua" wrong.lua
	echo "wrong: $?"
	"$lua" load.lua "$factor"
}

same "lua" job
succeeded "lua" 3 '^sum [0-9]+$'
succeeded "lua" 3 '^wrong: 1$'
ours 'lua*' 100000
finish
