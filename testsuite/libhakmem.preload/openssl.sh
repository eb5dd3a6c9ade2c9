#!/bin/sh
# SPDX-License-Identifier: MIT
# openssl: digests, ciphers, keys, signatures, certificates.
# { dg-hakmem-timeout "120" }
# shellcheck disable=SC1091,SC2154 # what is sourced is not followed

. "${srcdir:?}/lib/preload.sh"

need openssl
numbers "$(pick 20000 3000000)" >"$work/in"
# Made without the library; everything below is repeatable.
make_keys() {
	openssl genrsa -out "$work/rsa.pem" 2048 2>/dev/null &&
		openssl genpkey -algorithm ed25519 -out "$work/ed.pem" &&
		openssl req -x509 -key "$work/rsa.pem" -subj /CN=example.org \
			-days 1000 -out "$work/cert.pem"
}

make_keys || fail "openssl" "cannot make keys"

digests() {
	for name in sha256 sha512 sha3-256 blake2b512 md5; do
		openssl dgst -r "-$name" "$work/in" || return 1
	done
	openssl dgst -sha256 -hmac secret "$work/in"
}

ciphers() {
	key=000102030405060708090a0b0c0d0e0f
	for name in aes-256-cbc aes-256-ctr chacha20 camellia-128-cbc; do
		openssl enc "-$name" -K "$key$key" -iv "$key" -in "$work/in" \
			-out "$name.enc" || return 1
		openssl enc -d "-$name" -K "$key$key" -iv "$key" \
			-in "$name.enc" | cmp - "$work/in" || return 1
	done
	openssl base64 -in aes-256-ctr.enc -out text &&
		openssl enc -aes-128-cbc -pbkdf2 -iter 2000 -S 0123456789abcdef \
			-pass pass:word -in "$work/in" -out pbkdf
}

keys() {
	openssl rsa -in "$work/rsa.pem" -noout -text -check &&
		openssl rsa -in "$work/rsa.pem" -pubout -out public.pem &&
		openssl dgst -sha256 -sign "$work/rsa.pem" -out sign "$work/in" &&
		openssl dgst -sha256 -verify public.pem -signature sign \
			"$work/in" &&
		openssl pkeyutl -sign -rawin -inkey "$work/ed.pem" \
			-in "$work/rsa.pem" -out sign.ed &&
		openssl asn1parse -in public.pem -strparse 19 &&
		openssl prime -generate -bits 64 -hex | wc -l
}

certificates() {
	openssl x509 -in "$work/cert.pem" -noout -text -fingerprint -sha256 &&
		openssl verify -CAfile "$work/cert.pem" "$work/cert.pem" &&
		openssl req -new -key "$work/rsa.pem" \
			-subj "/O=Example/CN=www.example.org" \
			-addext subjectAltName=DNS:a.example.org -out req.pem &&
		openssl req -in req.pem -noout -text -verify &&
		openssl crl2pkcs7 -nocrl -certfile "$work/cert.pem" |
		openssl pkcs7 -print_certs -noout
}

# Their messages on standard error hold an address.
wrong() {
	openssl x509 -in "$work/rsa.pem" -noout 2>/dev/null ||
		openssl dgst -no-such-digest "$work/in" 2>/dev/null
}

same "openssl dgst" digests
succeeded "openssl dgst"
ours openssl 3000
same "openssl enc" ciphers
succeeded "openssl enc"
ours openssl 3000
same "openssl with keys" keys
succeeded "openssl with keys" 0 '^Verified OK$'
ours openssl 3000
same "openssl with certificates" certificates
succeeded "openssl with certificates" 0 'cert.pem: OK$'
ours openssl 3000
same "openssl with wrong input" wrong
succeeded "openssl with wrong input" 1
ours openssl 3000
finish
