"""Odd and damaged tables: FAULTS 1 to 12 and 29, traps T1 to T4 and T12."""

from __future__ import annotations

import os
from pathlib import Path

from tests.data.odd_files import Loads, Odd, Refused, holding
from tests.data.odd_texts import odd_texts

GOOD = "a,b,y\n1,2,cat\n3,4,dog\n5,6,cat\n"
TWO = ("cat", "dog")


def odd_files() -> list[Odd]:
    """All tables."""
    return [*_without_rows(), *_rows(), *_numbers(), *_sizes(), *_labels(), *_no_files(),
            *_others(), *odd_texts()]  # fmt: skip


def _refused(name: str, text: bytes | str, words: str, **options: object) -> Odd:
    return Odd(name, holding(text), Refused(words), options)


def _without_rows() -> list[Odd]:
    return [
        _refused("empty.csv", "", "empty.csv is empty"),
        _refused("blank.csv", "\n\n   \n\t\n", "blank.csv is empty"),
        _refused("mark alone.csv", b"\xef\xbb\xbf", "mark alone.csv is empty"),
        _refused("separators.csv", ";;;;\n;;;;\n", "is empty"),
        _refused("comments.csv", "# a\n# b\n", "is empty"),
        _refused("header alone.csv", "a,b,y\n", "a header, but no row below"),
        _refused("five million lines.csv", "\n" * 5_000_000, "is empty"),
        _refused("header and blanks.csv", "a,b,y\n" + "\n" * 2_000_000, "no row below"),
        _refused("one column.csv", "y\ncat\ndog\n", 'row 1: only one column, "y"'),
        _refused("one row.csv", "a,b,y\n1,2,cat\n", 'all 1 rows have the label "cat"'),
        _refused("one class.csv", "a,y\n1,cat\n2,cat\n", 'all 2 rows have the label "cat"'),
        _refused("no feature.csv", "g,y\na,cat\nb,dog\n", "no column is left", group_column="g"),
    ]


def _rows() -> list[Odd]:
    many = "a,b,y\n" + "1,2,cat\n3,4,dog\n" * 30_000
    quote = ["a,b,y"] + ["1,2,cat", "3,4,dog"] * 30
    quote[10] = '5,6,"cat'
    return [
        _refused("cell too few.csv", "a,b,y\n1,2,cat\n3,dog\n", "row 3: 2 columns, 3 expected"),
        _refused("cell too many.csv", "a,b,y\n1,2,cat\n3,4,5,dog\n", "row 3: 4 columns, 3 exp"),
        _refused("far below.csv", many + "5,cat\n", "row 60002: 2 columns, 3 expected"),
        _refused("one more one less.csv", "a,b,y\n1,2,3,cat\n4,dog\n", "row 2: 4 columns"),
        _refused("quote open.csv", "\n".join(quote) + "\n", "row 11: the quotation marks"),
        _refused("last quote open.csv", GOOD + '7,8,"cat', "row 5: the quotation marks"),
        _refused("line in a quote.csv", 'a,y\n1,"c\nt"\n2,dog\n', "row 2: the quotation marks"),
        _refused("text after a quote.csv", 'a,y\n1,"c"t\n2,dog\n', "row 2: the quotation"),
        _refused("zero byte.csv", GOOD + "7,\0 8,cat\n", "row 5 has a zero byte"),
        _refused("zeros.csv", bytes(10_000), "row 1 has a zero byte"),
        _refused("long cell.csv", 'a,y\n1,"' + "x" * 200_000 + '"\n2,dog\n', "row 2: .*131,072"),
        _refused("long line.csv", "a,y\n1," + "x" * 34_000_000 + "\n", "row 2: this line is too"),
        _refused(
            "many columns.csv",
            ",".join("1" * 9_000_000) + "\n",
            "row 1: 9,000,000 columns, more than the",
        ),
        Odd("blank lines.csv", holding("\n\na,y\n\n1,cat\n\n2,dog\n\n"), Loads(2, 1, 2, TWO, 3.0)),
        Odd("no end.csv", holding(GOOD[:-1]), Loads(3, 2, 2, TWO, 21.0)),
        Odd("CR.csv", holding(GOOD.replace("\n", "\r")), Loads(3, 2, 2, TWO, 21.0)),
        Odd("CRLF.csv", holding(GOOD.replace("\n", "\r\n")), Loads(3, 2, 2, TWO, 21.0)),
        Odd("mixed ends.csv", holding("a,b,y\r1,2,cat\r\n3,4,dog\n5,6,cat"), Loads(3, 2, 2, TWO)),
    ]


def _number(name: str, cell: str, words: str = "") -> Odd:
    text = f"a;b;y\n1;2;cat\n3;{cell};dog\n5;6;cat\n"
    words = words or 'row 3, column "b": .*is not a finite number'
    return _refused(f"number {name}.csv", text, words)


def _numbers() -> list[Odd]:
    mean = "a,b,y\n1,2,cat\n3,NA,dog\n5,?,cat\n7,,dog\n"
    usual = "a,b,y\n+1,.5,cat\n5.,1E2,dog\n -0 ,1e+05,cat\n"
    return [
        _number("text", "cat"),
        _number("infinity", "infinity"),
        _number("inf", "-inf"),
        _number("1e309", "1e309"),
        _number("400 digits", "1" * 400),
        _number("1_000", "1_000"),
        _number("arabic digits", "١٢"),
        _number("wide digits", "１２"),
        _number("minus sign", "−5"),
        _number("hex", "0x10"),
        _number("hard space", "1\u00a0000"),
        _number("thousands", "1.234,5"),
        _number("percent", "50%"),
        _number("truth", "TRUE"),
        _number("date", "2026-11-24"),
        _number("inches", '5"', 'row 3'),
        _number("spreadsheet error", "#DIV/0!"),
        _number("complex", "1+2j"),
        _number("none", "", 'row 3, column "b": no value'),
        _number("NA", "NA", 'row 3, column "b": no value \\("NA"\\)'),
        _number("nan", "nan", 'row 3, column "b": no value'),
        Odd("usual numbers.csv", holding(usual), Loads(3, 2, 2, TWO, 100106.5)),
        Odd("tiny numbers.csv", holding("a,y\n1e-320,cat\n-0.0,dog\n"), Loads(2, 1, 2, TWO)),
        Odd("mean.csv", holding(mean), Loads(4, 2, 2, TWO, 24.0, said="3 missing .* in 3 rows"),
            {"missing": "mean"}),
        Odd("drop.csv", holding(mean), Refused('all 1 rows have the label'), {"missing": "drop"},
            shown_too=False),
        Odd("drop infinite.csv", holding("a,y\n1,cat\n1e309,dog\n3,dog\n"),
            Loads(2, 1, 2, TWO, 4.0, said="1 rows with 1 missing"), {"missing": "drop"}),
        _refused("all missing.csv", "a,y\n,cat\n,dog\n", "leaves none", missing="drop"),
        _refused("no mean.csv", "a,b,y\n1,,cat\n2,,dog\n", 'column "b": no row', missing="mean"),
        _refused("class missing.csv", "a,y\n1,cat\n2,dog\n3,\n", 'row 4, column "y": no value'),
        _refused("mixed marks.csv", "a;b;y\n1,5;2;cat\n3;4.5;dog\n", r"row 3: .*\(row 2\).*mixed"),
        _refused("quantity.csv", "a,y\n" + "".join(f"{i},{i / 7}\n" for i in range(60)),
                 "60 different numbers.*regression"),
    ]  # fmt: skip


def _sizes() -> list[Odd]:
    wide = ",".join(f"f{j}" for j in range(5_000)) + ",y\n"
    wide += "".join(",".join(["1"] * 5_000) + f",c{i % 3}\n" for i in range(30))
    tall = "a,b,y\n" + "0.5,2,cat\n-1.25,4,dog\n" * 100_000
    classes = "a,b,y\n" + "".join(f"{i},{i % 7},class {i % 1000:03}\n" for i in range(5_000))
    huge = ",".join(f"f{j}" for j in range(200_000)) + ",y\n"
    huge += "".join(",".join(["1"] * 200_000) + f",{name}\n" for name in ("cat", "dog"))
    return [
        Odd("200000 columns.csv", holding(huge), Loads(2, 200_000, 2, TWO, 400_000.0)),
        Odd("5000 columns.csv", holding(wide), Loads(30, 5_000, 3, ("c0", "c1", "c2"), 150_000.0)),
        Odd("200000 rows.csv", holding(tall), Loads(200_000, 2, 2, TWO, 525_000.0)),
        Odd("1000 classes.csv", holding(classes),
            Loads(5_000, 2, 1_000, tuple(f"class {k:03}" for k in range(1_000)))),
        _refused("above the limit.csv", tall, "3.2 MB; the limit is 1 MB|limit", limit_bytes=10**6),
    ]  # fmt: skip


def _labels() -> list[Odd]:
    soft = "a,p,q\n1,0.25,0.75\n2,1,0\n3,0.5,0.5\n4,0.9,0.1\n"
    safe = 'a,y\n1,=SUM(1)\n2,<b>x</b>\n3,@x\n4,"=HYPERLINK(""x"")"\n'
    marks = "a,y\n1,\u202egod\n2,c\u200bt\n3,e\u0301\n4,\u00e9\n5,🐈\n"
    long = "x" * 4_000
    return [
        Odd("007.csv", holding("a,y\n1,007\n2,7\n3,7\n"), Loads(3, 1, 2, ("007", "7"))),
        Odd("0 and 0.0.csv", holding("a,y\n1,0.0\n2,0\n"), Loads(2, 1, 2, ("0", "0.0"))),
        Odd("gaps.csv", holding("a,y\n1,-7\n2,1000\n3,5\n"), Loads(3, 1, 3, ("-7", "5", "1000"))),
        Odd("case.csv", holding("a,y\n1,Cat\n2,cat\n3,cat \n"), Loads(3, 1, 2, ("Cat", "cat"))),
        Odd("soft.csv", holding(soft), Loads(4, 1, 2, ("p", "q"), 10.0, soft=True, said="Soft")),
        Odd("one-hot.csv", holding("a,p,q,r\n1,0,1,0\n2,1,0,0\n3,0,0,1\n5,0,1,0\n"),
            Loads(4, 1, 3, ("p", "q", "r"), 11.0, said="One-hot")),
        _refused("not soft.csv", soft + "5,0.5,0.75\n", "row 6: the targets .*sum to 1.25",
                 target_columns=["p", "q"]),
        Odd("formulas.csv", holding(safe), Loads(4, 1, 4)),
        Odd("marks.csv", holding(marks), Loads(5, 1, 5)),
        Odd("long name.csv", holding(f"a,y\n1,{long}\n2,dog\n"), Loads(2, 1, 2, ("dog", long))),
        Odd("line separator.csv", holding("a,y\n1,c\u2028t\n2,d\u0085g\n"), Loads(2, 1, 2)),
        _refused("no such column.csv", GOOD, 'no column is named "z"', label_column="z"),
        _refused("a part of no name.csv", "a,s,y\n1,train,cat\n2,tset,dog\n", '"tset" in row 2',
                 split_column="s"),
        _refused("used twice.csv", GOOD, "chosen for two", label_column="y", group_column="y"),
        _refused("another order.csv", GOOD, 'class "dog" is not in', class_order=["cat", "cow"]),
    ]  # fmt: skip


def _pipe(path: Path) -> None:
    os.mkfifo(path)


def _to_device(path: Path) -> None:
    path.symlink_to("/dev/zero")


def _broken_link(path: Path) -> None:
    path.symlink_to(path.parent / "nowhere.csv")


def _to_itself(path: Path) -> None:
    path.symlink_to(path)


def _nothing(path: Path) -> None:
    path.unlink(missing_ok=True)


def _no_files() -> list[Odd]:
    return [
        Odd("folder.csv", Path.mkdir, Refused("folder folder.csv has no sub-folders")),
        Odd("pipe.csv", _pipe, Refused("pipe.csv is a device or a pipe")),
        Odd("device.csv", _to_device, Refused("device.csv is a device or a pipe")),
        Odd("broken link.csv", _broken_link, Refused("broken link.csv was not found")),
        Odd("link to itself.csv", _to_itself, Refused("link to itself.csv could not be read")),
        Odd("not there.csv", _nothing, Refused("not there.csv was not found in")),
        Odd("가나다 (1) 'x'.csv", holding(GOOD), Loads(3, 2, 2, TWO, 21.0)),
        Odd("line\nbreak.csv", holding("a,y\n"), Refused("^line\N{REPLACEMENT CHARACTER}break")),
    ]


def _others() -> list[Odd]:
    page = "<!DOCTYPE html>\n<html><body>\n<p>No table</p>\n</body></html>\n"
    return [
        _refused("program.csv", b"\x7fELF\x02\x01\x01" + bytes(100), "is a program"),
        _refused("script.csv", "#!/bin/sh\nrm -rf x\n", "is a program"),
        _refused("document.csv", b"%PDF-1.7\n%\xe2\xe3\xcf\xd3\n1 0 obj", "is a PDF document"),
        _refused("database.csv", b"SQLite format 3\0" + bytes(84), "is a database"),
        _refused("hdf5.npz", b"\x89HDF\r\n\x1a\n" + bytes(100), "is an HDF5 file"),
        _refused("old sheet.csv", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(99), "old spreadsh"),
        _refused("picture.csv", b"\x89PNG\r\n\x1a\n" + bytes(100), "is a single picture"),
        _refused("photo.npz", b"\xff\xd8\xff\xe0" + bytes(100), "is a single picture"),
        _refused("packed.csv", b"\x1f\x8b\x08\0\0\0\0\0\0\x03" + bytes(20), "packed with gzip"),
        _refused("noise.csv", bytes(range(256)) * 40, "row 1|row 2"),
        _refused("half a parquet.parquet", b"PAR1" + bytes(100), "half a parquet.parquet"),
        _refused("page.csv", page, "row 1|row 2"),
        _refused("python.csv", "import os\n\n\ndef f(x):\n    return x\n", "row 1|row 4"),
        _refused("json lines.csv", '{"a": 1, "y": "cat"}\n{"a": 2, "y": "dog"}\n', "row 1|row 2"),
        Odd("a table.npz", holding(GOOD), Loads(3, 2, 2, TWO, 21.0)),
        Odd("a table.png", holding("BM,b,y\n1,2,cat\n3,4,dog\n"), Loads(2, 2, 2, TWO, 10.0)),
    ]
