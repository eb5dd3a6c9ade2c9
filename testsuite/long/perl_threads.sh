#!/bin/sh
# SPDX-License-Identifier: MIT
# perl with threads, which copy the whole interpreter, with forks amid them,
# Storable, and modules in C.
# shellcheck disable=SC1091,SC2154 # what is sourced is not followed
. "${srcdir:?}/lib/preload.sh"

need perl
perl -Mthreads -e 1 2>/dev/null || {
	echo "SKIP: perl_threads: no program perl with threads"
	exit 0
}
export PERL_HASH_SEED=0 PERL_PERTURB_KEYS=0

cat >"$work/load.pl" <<'END'
use strict;
use warnings;
use threads;
use threads::shared;
use Thread::Queue;
use Storable qw(freeze thaw dclone store retrieve);
use Digest::SHA qw(sha256_hex);
use Compress::Zlib;
use Encode;
use Time::HiRes qw(usleep);
$| = 1;
$Storable::canonical = 1;

my %data = map { $_ => { list => [1 .. $_ % 50], text => "t" x ($_ % 300) } }
	1 .. 3000;

sub work {
	my ($x, $rounds) = @_;
	my %live;
	for (1 .. $rounds) {
		$x = $x * 16807 % 2147483647;
		$live{$x % 997} = [$x, "s" x ($x % 500), { $x => [$_] }];
	}
	my $copy = thaw(freeze(\%live));
	my $z = compress(freeze(dclone($copy)));
	return sha256_hex(uncompress($z));
}

# Threads that come and go
for my $round (1 .. 8) {
	my @t = map { threads->create(\&work, $round * 8 + $_, 2000) } 1 .. 6;
	print "$round ", substr($_->join, 0, 16), "\n" for @t;
}

# Work by a queue, answers in a shared hash: blocks of one thread that
# another one frees
my $queue = Thread::Queue->new;
my %answers : shared;
my @workers = map {
	threads->create(sub {
		while (defined(my $job = $queue->dequeue)) {
			my $text = join ",", map { $_ * $job->{n} } @{$job->{list}};
			lock %answers;
			$answers{$job->{n}} = shared_clone([$text, length $text]);
		}
	})
} 1 .. 4;
$queue->enqueue({ n => $_, list => [1 .. $_ % 40] }) for 1 .. 5000;
$queue->end;
$_->join for @workers;
print scalar keys %answers, " ", sha256_hex(join ";",
	map { @{$answers{$_}} } sort { $a <=> $b } keys %answers), "\n";

# Forks while threads allocate
my $stop : shared = 0;
my @busy = map {
	my $n = $_;
	threads->create(sub { my $i = 0; work($n + $i++, 300) until $stop; 1 })
} 1 .. 3;
my $good = 0;
for my $n (1 .. 40) {
	my $pid = fork // die;
	if (!$pid) {
		my $sum = 0;
		$sum += @{dclone($data{$_})->{list}} for keys %data;
		store(\%data, "stored.$$") if $n % 20 == 0;
		require POSIX;
		POSIX::_exit($sum == 73500 ? 7 : 8);
	}
	waitpid $pid, 0;
	$good++ if $? == 7 << 8;
	if (-e "stored.$pid") {
		$good++ if keys %{retrieve("stored.$pid")} == 3000;
		unlink "stored.$pid";
	}
}
$stop = 1;
$_->join for @busy;
print "$good good\n";

# Threads in children, and children of threads
for my $n (1 .. 10) {
	my $pid = fork // die;
	if (!$pid) {
		my @t = map { threads->create(\&work, $_, 500) } 1 .. 4;
		exit(4 == grep { length $_->join == 64 } @t);
	}
	waitpid $pid, 0;
	print "child $n: ", $? >> 8, "\n";
}
print threads->create(sub {
	my $said = `echo from a shell`;
	my $utf = decode("UTF-8", encode("UTF-8", "\x{263a}" x 10000));
	return $said . length($utf) . "\n";
})->join;
threads->create(sub { die "in a thread\n" })->join;
exit 5;
END

load() {
	perl "$work/load.pl"
}

same "perl with threads and forks" load
succeeded "perl with threads and forks" 5 '^42 good$'
ours perl 1000000
finish
