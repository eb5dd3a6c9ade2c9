#!/bin/sh
# SPDX-License-Identifier: MIT
# gs draws pages of text, curves and pictures into files of several kinds, and
# takes text out of them again.
# { dg-hakmem-timeout "120" }
# shellcheck disable=SC1091,SC2154 # what is sourced is not followed

. "${srcdir:?}/lib/preload.sh"

need gs
pages=$(pick 2 30)

setup() {
	cat >doc.ps <<-END
	%!PS
	/n $pages def
	1 1 n {
		/p exch def
		/Times-Roman findfont 11 scalefont setfont
		0 1 40 {
			/l exch def
			72 720 l 15 mul sub moveto
			(page ) show p 10 string cvs show
			( line ) show l 10 string cvs show
			( of many words that are drawn) show
		} for
		0 5 355 {
			/a exch def
			gsave 300 400 translate a rotate
			a 360 div 0.5 0.5 setrgbcolor
			0 0 moveto 50 100 150 -100 200 p 10 mul curveto
			stroke grestore
		} for
		gsave 100 100 translate 200 200 scale
		64 64 8 [64 0 0 64 0 0]
		{ 64 string 0 1 63 { 1 index exch dup p mul 255 and put } for }
		image grestore
		/d 300 dict def
		1 1 2000 { /i exch def d i 10 string cvs cvn i put } for
		showpage
	} for
	(whole\n) print flush
	END
}

run() {
	gs -q -dNOPAUSE -dBATCH -dSAFER "$@"
}

draw() {
	run -sDEVICE=png16m -r75 -dTextAlphaBits=4 -dGraphicsAlphaBits=4 \
		-sOutputFile=page%d.png doc.ps &&
		run -sDEVICE=pdfwrite -dOmitInfoDate=true -dOmitID=true \
			-dOmitXMP=true -sOutputFile=doc.pdf doc.ps &&
		run -sDEVICE=txtwrite -sOutputFile=doc.txt doc.pdf &&
		run -sDEVICE=pbmraw -r100 -dNumRenderingThreads=2 \
			-sOutputFile=doc%d.pbm doc.pdf &&
		grep -c 'many words' doc.txt
	echo 'no such word' | run -sDEVICE=nullpage -
	echo "wrong: $?"
}

same "gs" draw
succeeded "gs" 0 '^whole$'
succeeded "gs" 0 '^wrong: [1-9]'
ours gs 1000
finish
