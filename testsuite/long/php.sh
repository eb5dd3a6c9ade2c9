#!/bin/sh
# SPDX-License-Identifier: MIT
# php with the modules curl, mysqli and zip, without a network; objects from
# its own pages and, with USE_ZEND_ALLOC=0, each from malloc.
# shellcheck disable=SC1091,SC2154 # what is sourced is not followed
. "${srcdir:?}/lib/preload.sh"

need php
for module in curl mysqli zip; do
	php -m | grep -qx $module || {
		echo "SKIP: php: no program php with $module"
		exit 0
	}
done

cat >"$work/load.php" <<'END'
<?php
mt_srand(7);
$x = [];
for ($i = 0; $i < 200000; $i++)
	$x["k" . mt_rand(0, 50000)][] = str_repeat(chr(97 + $i % 26), $i % 90);
ksort($x);
echo count($x), " ", md5(json_encode($x)), "\n";

// zip: written, read, changed
$zip = new ZipArchive;
$zip->open("a.zip", ZipArchive::CREATE);
$n = 0;
foreach (array_slice($x, 0, 2000) as $name => $texts) {
	$zip->addFromString("d" . $n % 7 . "/$name.txt", implode("\n", $texts));
	$zip->setMtimeIndex($n++, 1000000000);
}
var_dump($zip->close());
$zip->open("a.zip");
$sum = "";
for ($i = 0; $i < $zip->numFiles; $i++)
	$sum = md5($sum . $zip->getNameIndex($i) . $zip->getFromIndex($i));
echo $zip->numFiles, " files, $sum\n";
for ($i = 0; $i < $zip->numFiles; $i += 2)
	$zip->deleteIndex($i);
var_dump($zip->close());
$zip->open("a.zip");
echo $zip->numFiles, " left, ", $zip->statIndex(3)["name"], "\n";
$zip->close();

// curl: files, several at once, and a port where nobody listens
for ($i = 0; $i < 300; $i++) {
	$c = curl_init("file://" . __FILE__);
	curl_setopt($c, CURLOPT_RETURNTRANSFER, true);
	curl_setopt($c, CURLOPT_PROTOCOLS, CURLPROTO_FILE);
	$got = curl_exec($c);
	if ($got !== file_get_contents(__FILE__))
		echo "not the file\n";
	curl_close($c);
}
$multi = curl_multi_init();
$all = [];
for ($i = 0; $i < 100; $i++) {
	$c = curl_init($i % 2 ? "file://" . __FILE__ : "http://127.0.0.1:1/");
	curl_setopt($c, CURLOPT_RETURNTRANSFER, true);
	curl_setopt($c, CURLOPT_HTTPHEADER, ["X-A: " . str_repeat("b", $i)]);
	curl_multi_add_handle($multi, $c);
	$all[] = $c;
}
do {
	curl_multi_exec($multi, $active);
	if ($active)
		curl_multi_select($multi, 0.1);
} while ($active);
$numbers = [];
foreach ($all as $i => $c) {
	$numbers[] = strlen(curl_multi_getcontent($c) ?? "");
	curl_multi_remove_handle($multi, $c);
}
curl_multi_close($multi);
echo md5(implode(",", $numbers)), "\n";
echo curl_escape(curl_init(), "a b/c?d"), "\n";

// mysqli: no server, and what needs none
mysqli_report(MYSQLI_REPORT_OFF);
for ($i = 0; $i < 200; $i++) {
	$m = mysqli_init();
	$m->options(MYSQLI_OPT_CONNECT_TIMEOUT, 1);
	$m->options(MYSQLI_INIT_COMMAND, "set names " . str_repeat("x", $i));
	if (@$m->real_connect("127.0.0.1", "u", "p", "d", 1))
		echo "connected\n";
}
echo mysqli_connect_errno(), " ", mysqli_connect_error(), "\n";
try {
	mysqli_report(MYSQLI_REPORT_STRICT | MYSQLI_REPORT_ERROR);
	new mysqli("127.0.0.1", "u", "p", "d", 1);
} catch (mysqli_sql_exception $e) {
	echo get_class($e), " ", $e->getCode(), "\n";
}

// expressions, compression, errors, memory at its limit
echo preg_match_all('/(a+)(b|c)*?(z)?/', str_repeat("aaabcz", 20000)), "\n";
echo md5(gzcompress(json_encode($x), 9)), "\n";
echo md5(serialize(unserialize(serialize($x)))), "\n";
$g = (function () { for ($i = 0; $i < 100000; $i++) yield "$i" => [$i]; })();
echo array_sum(array_map(fn ($a) => $a[0], iterator_to_array($g))), "\n";
ini_set("memory_limit", "400M");
register_shutdown_function(function () { echo "down\n"; });
$s = "";
while (true)
	$s .= str_repeat("x", 1 << 20);
END

# An error of the limit gives other sizes where malloc has to serve.
load() {
	php -d display_errors=stderr -d memory_limit=900M "$work/load.php" \
		2>err
	status=$?
	grep -cE 'Allowed memory size|Out of memory' err
	rm -f err
	return $status
}

all_malloc() {
	sed '/memory_limit/,$d' "$work/load.php" >only.php
	USE_ZEND_ALLOC=0 php only.php
}

same "php" load
succeeded "php" 255 '^down$'
ours php 20000
same "php, each object from malloc" all_malloc
succeeded "php, each object from malloc" 0 '^mysqli_sql_exception 2002$'
ours php 1000000
finish
