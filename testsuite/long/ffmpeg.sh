#!/bin/sh
# SPDX-License-Identifier: MIT
# ffmpeg encodes pictures and sound that it makes, with threads, decodes them,
# scales and mixes; each file and each frame is the same.
# shellcheck disable=SC1091,SC2154 # what is sourced is not followed
. "${srcdir:?}/lib/preload.sh"

need ffmpeg

run() {
	ffmpeg -nostdin -hide_banner -loglevel error -y "$@"
}

# has KIND NAME
has() {
	ffmpeg -hide_banner "-$1" 2>/dev/null | grep -qw "$2"
}

exact="-fflags +bitexact -flags:v +bitexact -flags:a +bitexact -map_metadata -1"

# encode FILE CODEC...
encode() {
	file=$1
	shift
	# shellcheck disable=SC2086 # words
	run -f lavfi -i testsrc2=duration=3:size=320x240:rate=25 \
		-f lavfi -i sine=frequency=440:duration=3 \
		"$@" -threads 4 $exact "$file"
}

movie() {
	encode a.avi -c:v mpeg4 -q:v 3 -c:a ac3 &&
		encode b.mkv -c:v ffv1 -c:a flac &&
		encode c.nut -c:v mjpeg -q:v 3 -c:a pcm_s16le || return
	if has encoders libx264; then
		encode d.mp4 -c:v libx264 -preset veryfast -c:a aac || return
	fi
	for file in ?.*; do
		run -i "$file" -threads 4 -f framemd5 - &&
			run -i "$file" -filter_complex \
				'[0:v]scale=200:150,hflip,split[x][y];[x][y]hstack[v];[0:a]atempo=1.5[a]' \
				-map '[v]' -map '[a]' -f framemd5 - || return
	done
	run -i a.avi -vf fps=2 p%d.png && ls
	ffmpeg -nostdin -hide_banner -loglevel error -i none.avi x.avi
	echo "none: $?"
	echo whole
}

same "ffmpeg" movie
succeeded "ffmpeg" 0 '^p6\.png$'
succeeded "ffmpeg" 0 '^whole$'
ours ffmpeg 10000
finish
