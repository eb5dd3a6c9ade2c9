#!/bin/sh
# SPDX-License-Identifier: MIT
# perl: hashes, regular expressions, sorting, sprintf, pipes and fork.
# { dg-hakmem-timeout "120" }
# shellcheck disable=SC1091,SC2154 # what is sourced is not followed

. "${srcdir:?}/lib/preload.sh"

need perl
factor=$(pick 1 20)
export PERL_HASH_SEED=0 PERL_PERTURB_KEYS=0

cat >"$work/load.pl" <<'END'
use strict;
use warnings;

my $factor = shift;
my $x = 1;
sub number { return $x = $x * 16807 % 2147483647 }

my %words;
for my $i (1 .. 30000 * $factor) {
	my $n = number();
	push @{$words{"w" . $n % 5003}}, { n => $n, text => "t$n" x ($n % 6) };
}
my $sum = 0;
for my $w (sort keys %words) {
	$sum = ($sum * 31 + $_->{n} + length $_->{text}) % 1000000007
		for @{$words{$w}};
}
print scalar keys %words, " keys, sum $sum\n";

my $text = join " ", map { "name$_=" . number() } 1 .. 8000 * $factor;
my %pairs = $text =~ /(name\d+)=(\d+)/g;
(my $changed = $text) =~ s/(\d{4,})/reverse $1/ge;
printf "%d pairs, %d characters, %s\n", scalar keys %pairs, length $changed,
	unpack "%32C*", $changed;
my @sorted = sort { $pairs{$a} <=> $pairs{$b} || $a cmp $b } keys %pairs;
print "@sorted[0 .. 9]\n";

# Strings that grow, are split and joined again.
my $long = "";
$long .= chr(97 + number() % 26) x (number() % 50) for 1 .. 10000 * $factor;
my @parts = split /[aeiou]+/, $long;
print scalar @parts, " parts, ", length join("", @parts), "\n";

# Children: by a pipe, and forked with all this memory.
open my $pipe, "-|", "printf '3\\n1\\n2\\n' | sort -n" or die;
print "from sort: $_" while <$pipe>;
close $pipe or die;
$| = 1;
for my $n (1 .. 5) {
	my $pid = fork // die;
	if (!$pid) {
		my %copy = map { $_ => [@{$words{$_}}] } keys %words;
		print "child $n: ", scalar keys %copy, "\n";
		exit $n;
	}
	waitpid $pid, 0;
	print "child $n ended with ", $? >> 8, "\n";
}
warn "a warning\n";
undef %words;
exit 3;
END

load() {
	perl "$work/load.pl" "$factor"
}

same "perl workload" load
succeeded "perl workload" 3 '^child 5 ended with 5$'
ours perl 100000
finish
