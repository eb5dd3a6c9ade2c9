#!/bin/sh
# SPDX-License-Identifier: MIT
# node: a line of output, and objects, buffers, compression, digests, worker
# threads and children.
# shellcheck disable=SC1091,SC2154 # what is sourced is not followed
. "${srcdir:?}/lib/preload.sh"

need node

cat >"$work/load.js" <<'END'
const zlib = require("zlib"), crypto = require("crypto"), fs = require("fs");
const { Worker, isMainThread, parentPort, workerData } =
	require("worker_threads");
const { execFileSync } = require("child_process");

function load(seed, rounds) {
	let x = seed, live = [];
	const hash = crypto.createHash("sha256");
	const number = () => (x = x * 16807 % 2147483647);
	for (let i = 0; i < rounds; i++) {
		const b = Buffer.alloc(number() % 20000, String(i));
		live[number() % 500] = { b, text: "t".repeat(number() % 300), i };
		if (i % 10 === 0)
			hash.update(b);
	}
	const all = JSON.stringify(live.filter(Boolean)
		.map((o) => [o.i, o.text, o.b.length]));
	const z = zlib.gzipSync(all);
	if (zlib.gunzipSync(z).toString() !== all)
		throw new Error("not what was compressed");
	return hash.update(all).digest("hex");
}

if (!isMainThread) {
	parentPort.postMessage(load(workerData, 5000));
} else {
	console.log("main", load(1, 60000));
	for (let i = 0; i < 3; i++)
		console.log(execFileSync("sh", ["-c", `echo child ${i}`])
			.toString().trim());
	const answers = [];
	const start = (n) => new Promise((resolve, reject) => {
		const w = new Worker(__filename, { workerData: n });
		w.on("message", (m) => answers[n] = m);
		w.on("error", reject);
		w.on("exit", resolve);
	});
	(async () => {
		for (let n = 1; n <= 20; n += 4)
			await Promise.all([0, 1, 2, 3].map((k) => start(n + k)));
		answers.forEach((a, n) => console.log(n, a));
		fs.writeFileSync("file", zlib.brotliCompressSync("abc".repeat(99999)));
		await Promise.all(Array.from({ length: 200 }, (_, i) =>
			fs.promises.writeFile("f" + i % 20, "x".repeat(i))
				.catch(() => console.log("failed"))));
		for (let i = 0; i < 20; i++)
			fs.unlinkSync("f" + i);
		process.exitCode = 3;
	})();
}
END

hello() {
	node -e 'console.log("hello")'
}

load() {
	node "$work/load.js"
}

same "node says hello" hello
succeeded "node says hello" 0 '^hello$'
ours node 5000
same "node with buffers, workers and children" load
succeeded "node with buffers, workers and children" 3 '^20 [0-9a-f]+$'
ours node 50000
finish
