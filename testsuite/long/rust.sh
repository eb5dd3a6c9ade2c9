#!/bin/sh
# SPDX-License-Identifier: MIT
# rustc compiles and runs a program with threads, and says what is wrong with
# another; cargo builds, runs and tests a package, without a network.
#
# Some rustc bring malloc, calloc, realloc and free of their own: such a one has
# the library, and what it compiles is served by it.
# shellcheck disable=SC1091,SC2154 # what is sourced is not followed
. "${srcdir:?}/lib/preload.sh"

need rustc cargo cc nm
if ! rustc --version || ! cargo --version; then
	echo "SKIP: rust: no program rustc that runs"
	exit 0
fi

setup() {
	mkdir -p package/src
	cat >load.rs <<-'END'
	use std::collections::{BTreeMap, HashMap};
	use std::thread;

	fn work(mut x: u64, rounds: u64) -> u64 {
		let mut live: HashMap<u64, Vec<u8>> = HashMap::new();
		let mut sum = 0u64;
		for i in 0..rounds {
			x = x * 16807 % 2147483647;
			let mut v = vec![i as u8; (x % 3000) as usize];
			v.extend_from_slice(&x.to_le_bytes());
			if let Some(old) = live.insert(x % 997, v) {
				sum = sum.wrapping_mul(31)
					.wrapping_add(old.len() as u64 + old[0] as u64);
			}
		}
		let sorted: BTreeMap<_, _> = live.into_iter().collect();
		sorted.values().fold(sum, |s, v| s.wrapping_mul(7) + v.len() as u64)
	}

	pub fn all() -> Vec<String> {
		let threads: Vec<_> = (1..9u64)
			.map(|n| thread::spawn(move || work(n, 20000)))
			.collect();
		threads.into_iter().map(|t| t.join().unwrap().to_string()).collect()
	}

	#[allow(dead_code)]
	fn main() {
		println!("{}", all().join("\n"));
		let text: String = (0..10000).map(|i| format!("{:x}", i)).collect();
		println!("{} bytes", text.len());
		std::panic::set_hook(Box::new(|_| println!("dropped")));
		let caught = std::panic::catch_unwind(|| {
			let v: Vec<Box<u32>> = (0..100).map(Box::new).collect();
			if v.len() > 7 { panic!() }
		});
		std::process::exit(if caught.is_err() { 3 } else { 4 });
	}
	END
	echo 'fn main() { let x: u32 = "a"; y(); }' >wrong.rs
	cat >package/Cargo.toml <<-'END'
	[package]
	name = "package"
	version = "0.1.0"
	edition = "2021"

	[profile.release]
	incremental = false
	END
	cp load.rs package/src/main.rs
	cp load.rs package/src/lib.rs
	cat >>package/src/lib.rs <<-'END'
	#[cfg(test)]
	mod tests {
		#[test]
		fn twice() {
			assert_eq!(super::all(), super::all());
		}
	}
	END
}

in_rust() {
	rustc --edition 2021 -O -g -o load load.rs
	./load
	echo "load: $?"
	rustc wrong.rs
}

# What a build leaves behind has times in it, but for the program.
in_cargo() {
	export CARGO_HOME="$PWD/home" CARGO_TERM_COLOR=never
	(cd package && cargo build --release --offline --quiet &&
		cp target/release/package ../built
	cargo run --release --offline --quiet
	echo "run: $?"
	cargo test --release --offline --quiet 2>&1 |
		sed 's/finished in .*/finished/'
	rm -rf target)
	rm -rf home
}

# compiler FLOOR - as ours; of one that brings malloc itself, and may never come
# to the library, it is asked whether it is there at all
compiler() {
	nm -D --defined-only "$(rustc --print sysroot)/bin/rustc" 2>/dev/null |
		grep -qw malloc || {
		ours rustc "$1"
		return
	}
	mkfifo "$work/source"
	LD_PRELOAD=$lib rustc -o "$work/none" - <"$work/source" &
	exec 8>"$work/source"
	sleep 1
	if grep -q libhakmem "/proc/$!/maps"; then
		pass "rustc, with a malloc of its own, has the library"
	else
		fail "rustc has the library" "it is not mapped"
	fi
	echo 'fn main() { }' >&8
	exec 8>&-
	wait $! || fail "rustc has the library" "status $?"
	rm "$work/source"
}

same "rustc" in_rust
succeeded "rustc" 1 '^load: 3$'
compiler 10000
ours load 100000
same "cargo" in_cargo
succeeded "cargo" 0 '^run: 3$'
succeeded "cargo" 0 'test result: ok. 1 passed'
ours cargo 1000
ours package 100000
finish
