-- SPDX-License-Identifier: MIT
-- Builds and drops tables, strings and closures.

local scale = tonumber(arg[1]) or 1

local seed = 1
local function random(n)
	seed = (seed * 1103515245 + 12345) % 2147483648
	return seed % n + 1
end

local function tree(depth)
	if depth == 0 then
		return {}
	end
	return { tree(depth - 1), tree(depth - 1) }
end

local function count(t)
	return t[1] and 1 + count(t[1]) + count(t[2]) or 1
end

local function words(n)
	local seen, parts = {}, {}
	for i = 1, n do
		local word = "word" .. random(n // 4)
		seen[word] = (seen[word] or 0) + 1
		parts[#parts + 1] = word
	end
	local text = table.concat(parts, " ")
	local found = 0
	for word in text:gmatch("%w+") do
		found = found + seen[word]
	end
	return found
end

local function closures(n)
	local list = {}
	for i = 1, n do
		list[i] = function(x) return x + i end
	end
	local sum = 0
	for i = 1, n do
		sum = sum + list[i](i)
	end
	return sum
end

for _ = 1, scale do
	local kept = tree(14)
	for _ = 1, 12 do
		assert(count(tree(13)) == 2 ^ 14 - 1)
		assert(words(30000) > 0)
		assert(closures(30000) == 30000 * 30001)
	end
	assert(count(kept) == 2 ^ 15 - 1)
end
