# SPDX-License-Identifier: MIT
# Counts words, groups and sorts records, edits strings.
use strict;
use warnings;

my $scale = shift // 1;
my $seed = 1;

sub rnd {
	my ($n) = @_;
	$seed = ($seed * 1103515245 + 12345) % 2147483648;
	return int($seed / 65536) % $n;
}

sub word_counts {
	my ($n) = @_;
	my %seen;
	my $text = join ' ', map { 'word' . rnd($n / 4) } 1 .. $n;
	$seen{$_}++ for split / /, $text;
	my $sum = 0;
	$sum += $_ for values %seen;
	return $sum;
}

sub records {
	my ($n) = @_;
	my %group;
	for my $i (1 .. $n) {
		my $record = { id => $i, name => "name$i", key => rnd(100) };
		push @{ $group{ $record->{key} } }, $record;
	}
	my $count = 0;
	for my $key (sort { $a <=> $b } keys %group) {
		my @sorted =
			sort { $a->{name} cmp $b->{name} } @{ $group{$key} };
		$count += @sorted;
	}
	return $count;
}

sub strings {
	my ($n) = @_;
	my $text = '';
	$text .= chr(97 + rnd(26)) x (1 + rnd(40)) for 1 .. $n;
	my $changed = $text =~ s/a+/<$&>/gr;
	return length($changed) - length($text);
}

for (1 .. $scale) {
	for (1 .. 4) {
		die 'words' unless word_counts(60000) == 60000;
		die 'records' unless records(20000) == 20000;
		die 'strings' unless strings(20000) > 0;
	}
}
