#!/bin/sh
# SPDX-License-Identifier: MIT
# go with cgo: a program whose goroutines allocate in C, free in others, and are
# called back from C, built, tested and run; its objects are Go's, its C blocks
# ours.
# shellcheck disable=SC1091,SC2154 # what is sourced is not followed
. "${srcdir:?}/lib/preload.sh"

need go cc

setup() {
	mkdir package
	cat >package/go.mod <<-'END'
	module example.org/load

	go 1.19
	END
	cat >package/load.go <<-'END'
	package main

	/*
	#include <stdlib.h>
	#include <string.h>

	extern long called(char *p, long n);

	// Go's own exit asks no library whether it has something to say.
	static void leave(int status)
	{
		exit(status);
	}

	static char *make(long n, int c)
	{
		char *p = malloc(n);

		if (p)
			memset(p, c, n);
		return p;
	}

	static long through(long n)
	{
		char *p = calloc(1, n), *q;
		long sum;

		q = realloc(p, n * 2);
		if (!q)
			return -1;
		memset(q + n, 1, n);
		sum = called(q, n * 2);
		free(q);
		return sum;
	}
	*/
	import "C"

	import (
		"fmt"
		"runtime"
		"sync"
		"unsafe"
	)

	//export called
	func called(p *C.char, n C.long) C.long {
		sum := C.long(0)
		for _, c := range unsafe.Slice((*byte)(unsafe.Pointer(p)), int(n)) {
			sum += C.long(c)
		}
		return sum
	}

	type block struct {
		p *C.char
		n int
		c byte
	}

	func load(workers, rounds int) (sum int) {
		pass := make(chan block, 100)
		var makers, takers sync.WaitGroup
		var lock sync.Mutex
		for w := 1; w <= workers; w++ {
			makers.Add(1)
			takers.Add(1)
			go func(x int) {
				defer makers.Done()
				for i := 0; i < rounds; i++ {
					x = x * 16807 % 2147483647
					n, c := x%3000+1, byte(i)
					pass <- block{C.make(C.long(n), C.int(c)), n, c}
					_ = fmt.Sprint(make([]byte, x%300))
				}
			}(w)
			go func() {
				defer takers.Done()
				mine := 0
				for b := range pass {
					g := C.GoBytes(unsafe.Pointer(b.p), C.int(b.n))
					if g[0] != b.c || g[b.n-1] != b.c {
						panic("changed")
					}
					mine += b.n
					C.free(unsafe.Pointer(b.p))
				}
				lock.Lock()
				sum += mine
				lock.Unlock()
			}()
		}
		makers.Wait()
		close(pass)
		takers.Wait()
		return
	}

	func leave(status int) {
		C.leave(C.int(status))
	}

	func main() {
		fmt.Println(load(8, 10000))
		fmt.Println(C.through(1000), C.through(300000))
		for i := 0; i < 50; i++ {
			go func() {
				runtime.LockOSThread()
				C.free(unsafe.Pointer(C.CString("of a thread that ends")))
			}()
		}
		runtime.GC()
		leave(3)
	}
	END
	cat >package/load_test.go <<-'END'
	package main

	import "testing"

	func TestMain(m *testing.M) {
		leave(m.Run())
	}

	func TestTwice(t *testing.T) {
		if a, b := load(4, 2000), load(4, 2000); a != b {
			t.Fatal(a, b)
		}
	}
	END
	cat >package/wrong.txt <<-'END'
	package main

	func main() { x := 1; y() }
	END
}

# Outside of what is compared; new for each of the two.
in_go() {
	export GOCACHE="$PWD/cache" GOPATH="$PWD/path" GOFLAGS=-mod=mod
	export GOTOOLCHAIN=local GO111MODULE=on GOPROXY=off CGO_ENABLED=1
	cd package || return
	go build -o ../load . && ../load
	echo "load: $?"
	go test . | sed 's/[0-9.]*s$/a while/'
	go vet .
	mv wrong.txt wrong.go
	go build -o ../wrong wrong.go
	echo "wrong: $?"
	cd ..
	rm -rf cache path
}

same "go" in_go
succeeded "go" 0 '^load: 3$'
succeeded "go" 0 '^1000 300000$'
succeeded "go" 0 '^ok .*example.org/load'
ours load 80000
ours load.test 16000
ours 'cc1' 1000
finish
