# SPDX-License-Identifier: MIT
"""Count the pixels of some colours in a PNG file (8 bits, not interlaced).

usage: stat_png.py FILE RRGGBB...
Prints width, height and a count for each colour.
"""
import struct
import sys
import zlib


def chunks(data):
    if data[:8] != b"\x89PNG\r\n\x1a\n":
        sys.exit("not a PNG file")
    at = 8
    while at < len(data):
        size, kind = struct.unpack(">I4s", data[at:at + 8])
        yield kind, data[at + 8:at + 8 + size]
        at += 12 + size


def paeth(a, b, c):
    p = a + b - c
    pa, pb, pc = abs(p - a), abs(p - b), abs(p - c)
    return a if pa <= pb and pa <= pc else b if pb <= pc else c


def unfilter(kind, row, above, bpp):
    row = bytearray(row)
    n = len(row)
    if kind == 1:
        for i in range(bpp, n):
            row[i] = (row[i] + row[i - bpp]) & 255
    elif kind == 2:
        for i in range(n):
            row[i] = (row[i] + above[i]) & 255
    elif kind == 3:
        for i in range(n):
            left = row[i - bpp] if i >= bpp else 0
            row[i] = (row[i] + (left + above[i]) // 2) & 255
    elif kind == 4:
        for i in range(n):
            left, corner = (row[i - bpp], above[i - bpp]) if i >= bpp \
                else (0, 0)
            row[i] = (row[i] + paeth(left, above[i], corner)) & 255
    return row


def rows(data):
    packed = b""
    for kind, body in chunks(data):
        if kind == b"IHDR":
            width, height, depth, colour, _, _, lace = \
                struct.unpack(">IIBBBBB", body)
            if depth != 8 or lace or colour not in (2, 6):
                sys.exit("a PNG file of another kind")
            bpp = 3 if colour == 2 else 4
        elif kind == b"IDAT":
            packed += body
    raw = zlib.decompress(packed)
    stride = width * bpp
    above = bytes(stride)
    yield width, height
    for y in range(height):
        at = y * (stride + 1)
        above = unfilter(raw[at], raw[at + 1:at + 1 + stride], above, bpp)
        yield [bytes(above[i:i + 3]) for i in range(0, stride, bpp)]


def main():
    wanted = [bytes.fromhex(c) for c in sys.argv[2:]]
    count = dict.fromkeys(wanted, 0)
    lines = rows(open(sys.argv[1], "rb").read())
    width, height = next(lines)
    for row in lines:
        for pixel in row:
            if pixel in count:
                count[pixel] += 1
    print(width, height, *(count[c] for c in wanted))


main()
