#!/bin/sh
# SPDX-License-Identifier: MIT
# java: a line of output, and objects, threads, compression, direct buffers and
# digests, with two collectors.
# shellcheck disable=SC1091,SC2154 # what is sourced is not followed
. "${srcdir:?}/lib/preload.sh"

need java javac

mkdir "$work/classes"
cat >"$work/Hello.java" <<'END'
class Hello {
	public static void main(String[] a) { System.out.println("hello"); }
}
END
cat >"$work/Load.java" <<'END'
import java.io.*;
import java.nio.ByteBuffer;
import java.security.MessageDigest;
import java.util.*;
import java.util.concurrent.*;
import java.util.zip.*;

class Load {
	static String work(long x, int rounds) throws Exception {
		MessageDigest d = MessageDigest.getInstance("SHA-256");
		Map<Long, byte[]> live = new TreeMap<>();
		for (int i = 0; i < rounds; i++) {
			x = x * 16807 % 2147483647;
			byte[] b = new byte[(int) (x % 3000)];
			Arrays.fill(b, (byte) i);
			live.put(x % 997, b);
			if (i % 200 == 0) {
				// Memory of the C library's malloc
				ByteBuffer n = ByteBuffer.allocateDirect(
					(int) (x % 100000) + b.length);
				n.put(b).flip();
				d.update(n);
				Deflater z = new Deflater(i / 200 % 9 + 1);
				z.setInput(b);
				z.finish();
				byte[] out = new byte[5000];
				int length = z.deflate(out);
				z.end();
				Inflater u = new Inflater();
				u.setInput(out, 0, length);
				byte[] back = new byte[b.length];
				if (u.inflate(back) != b.length ||
						!Arrays.equals(b, back))
					throw new Exception("not the same");
				u.end();
			}
		}
		for (byte[] b : live.values())
			d.update(b);
		return HexFormat.of().formatHex(d.digest());
	}

	public static void main(String[] a) throws Exception {
		System.out.println(work(1, 200000));
		ExecutorService pool = Executors.newFixedThreadPool(8);
		List<Future<String>> all = new ArrayList<>();
		for (int i = 1; i <= 40; i++) {
			final int n = i;
			all.add(pool.submit(() -> work(n, 10000)));
		}
		for (Future<String> f : all)
			System.out.println(f.get());
		pool.shutdown();
		for (int i = 0; i < 500; i++) {
			Thread t = new Thread(() -> new byte[100].clone());
			t.start();
			t.join();
		}
		Process p = new ProcessBuilder("sh", "-c", "echo child").start();
		System.out.println(new String(p.getInputStream().readAllBytes()));
		System.exit(3);
	}
}
END
javac -d "$work/classes" "$work/Hello.java" "$work/Load.java" || exit 1

run() {
	java -Xmx256m "$@"
}

same "java says hello" run -cp "$work/classes" Hello
succeeded "java says hello" 0 '^hello$'
ours java 5000
for collector in G1 Serial; do
	same "java with $collector" run -XX:+Use${collector}GC \
		-cp "$work/classes" Load
	succeeded "java with $collector" 3 '^child$'
	ours java 50000
done
finish
