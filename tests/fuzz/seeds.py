#!/usr/bin/env python3
"""Writes a few good inputs for each fuzz program into FOLDER/table, FOLDER/array and FOLDER/schema. Usage: seeds.py FOLDER"""
import io
import pathlib
import struct
import sys
import zipfile

TABLES = [
    b"1,2,3\n4,5.5,-6e1\n",
    b'a,"b ""x""",c\r\n1,,x\r\n2,NA,"y\nz"\r\n',
    b"sep=;\n1,5;a;x\n2,25;b;y\n",
    b"\xef\xbb\xbfk\tv\nred\t1\nblue\t2\n",
]
SCHEMAS = [
    b'{"format":"gradus-schema/1","task":"regression","missing":"error","input":"F32","features":1,"targets":1}',
    b'{"format":"gradus-schema/1","task":"classification","missing":"mean","input":"F32","features":3,"targets":1,"named":true,"columns":['
    b'{"name":"a","role":"input","fill":1.5},{"name":"b","role":"input","categories":["x","y"],"fill":"x"},{"name":"c","role":"target"},'
    b'{"name":"d","role":"ignored"}],"number_classes":true,"classes":["1","20"]}',
    b'{"format":"gradus-schema/1","task":"classification","missing":"error","input":"U8","features":6,"targets":1,"height":2,"width":3,'
    b'"classes":["0","1"]}',
]


def npy(kind, shape, values, version=1, fortran=False):
    text = str({"descr": "<" + kind, "fortran_order": fortran, "shape": shape}).encode() + b"\n"
    code = {"f4": "f", "f8": "d", "i8": "q", "u1": "B", "i2": "h"}[kind]
    return b"\x93NUMPY" + bytes([version, 0]) + struct.pack("<H" if version == 1 else "<I", len(text)) + text + struct.pack("<%d%s" % (len(values), code), *values)


def npz(method, **arrays):
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", method) as archive:
        for name, array in arrays.items():
            archive.writestr(name + ".npy", array)
    return out.getvalue()


def main():
    folder = pathlib.Path(sys.argv[1])
    x, y = npy("f4", (3, 2), [1, 2, 3, 4, 5, 6]), npy("i8", (3,), [0, 1, 0])
    pictures = npy("u1", (3, 2, 2), list(range(12)))
    arrays = [x, npy("f8", (2, 3), [1, 2, 3, 4, 5, 6], 2, True), npy("i2", (3, 2), [1, 0, 2, 1, 3, 0], 3), npz(zipfile.ZIP_STORED, x=x, y=y),
              npz(zipfile.ZIP_DEFLATED, x_train=pictures, y_train=y, x_test=pictures, y_test=y)]
    for name, inputs in (("table", [b"\0" + t for t in TABLES]), ("array", [b"\0" + a for a in arrays]), ("schema", SCHEMAS)):
        (folder / name).mkdir(parents=True, exist_ok=True)
        for number, data in enumerate(inputs):
            (folder / name / str(number)).write_bytes(data)


main()
