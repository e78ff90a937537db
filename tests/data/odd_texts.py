"""Tables in odd encodings and dialects: FAULTS 6 and 11, trap T12."""

from __future__ import annotations

from tests.data.odd_files import Loads, Odd, Refused, holding

KOREAN = "길이;너비;종류\n1,5;2;고양이\n3;4,5;강아지\n5;6;고양이\n"
LATIN = "Länge;größe;Tier\n1,5;2;Kätzchen\n3;4,5;Hündchen\n"
TWO = ("cat", "dog")


def odd_texts() -> list[Odd]:
    """All of them."""
    return [*_encodings(), *_dialects()]


def _encodings() -> list[Odd]:
    korean, latin = Loads(3, 2, 2, ("강아지", "고양이"), 22.0), Loads(2, 2, 2, total=11.0)
    long = "a,y\n" + "1,cat\n2,dog\n" * 100_000
    late = long.encode() + "3,고양이\n".encode("cp949")
    names = ("Hündchen", "Kätzchen")
    return [
        Odd("utf-8.csv", holding(KOREAN), korean),
        Odd("utf-8 with mark.csv", holding(KOREAN.encode("utf-8-sig")), korean),
        Odd("utf-16.csv", holding(KOREAN.encode("utf-16")), korean),
        Odd("utf-16 big.csv", holding(b"\xfe\xff" + KOREAN.encode("utf-16-be")), korean),
        Odd("utf-16 no mark.csv", holding(KOREAN.encode("utf-16-le")), korean),
        Odd("utf-16 half.csv", holding(KOREAN.encode("utf-16")[:-1]), Refused("row 5|UTF-16")),
        Odd("utf-32.csv", holding(KOREAN.encode("utf-32")), korean),
        Odd("cp949.csv", holding(KOREAN.encode("cp949")),
            Loads(3, 2, 2, ("강아지", "고양이"), 22.0, said="read as CP949, a guess")),
        Odd("cp949 said.csv", holding(KOREAN.encode("cp949")), korean, {"encoding": "cp949"}),
        Odd("cp949 late.csv", holding(late), Loads(200_001, 1, 3, ("cat", "dog", "고양이")),
            shown_too=False),
        Odd("latin-1.csv", holding(LATIN.encode("latin-1")),
            Loads(2, 2, 2, names, 11.0, said="read as Latin-1, a guess")),
        Odd("windows.csv", holding((LATIN + "5;6;‘€’\n").encode("cp1252")),
            Loads(3, 2, 3, ("Hündchen", "Kätzchen", "‘€’"), 22.0)),
        Odd("latin-1 said.csv", holding(LATIN.encode("latin-1")), latin, {"encoding": "latin-1"}),
        Odd("utf-8 said wrong.csv", holding(LATIN.encode("latin-1")), Refused("row 1: byte 0xE4"),
            {"encoding": "utf-8"}),
        Odd("damaged utf-8.csv", holding(KOREAN.encode() * 2 + b"7;8;\xea\xb3\n"),
            Refused("row 9: byte 0xEA")),
        Odd("half a pair.csv", holding(KOREAN.encode() * 2 + b"7;8;\xed\xa0\x80\n"),
            Refused("row 9: byte 0xED")),
    ]  # fmt: skip


def _dialects() -> list[Odd]:
    good = Loads(3, 2, 2, TWO, 21.0)
    rows = (("a", "b", "y"), ("1", "2", "cat"), ("3", "4", "dog"), ("5", "6", "cat"))

    def text(separator: str, end: str = "\n") -> str:
        return "".join(separator.join(row) + end for row in rows)

    return [
        Odd("tabs.tsv", holding(text("\t")), good),
        Odd("bars.csv", holding(text("|")), good),
        Odd("spaces.txt", holding(text("   ")), good),
        Odd("trailing.csv", holding(text(",", ",\n")), good),
        Odd("trailing below.csv", holding("a,b,y\n1,2,cat,\n3,4,dog,\n5,6,cat,,\n"), good),
        Odd("twice.csv", holding("a,a,y\n1,2,cat\n3,4,dog\n5,6,cat\n"), good),
        Odd("no names.csv", holding(",,y\n1,2,cat\n3,4,dog\n5,6,cat\n"), good),
        Odd("no header.csv", holding("1,2,cat\n3,4,dog\n5,6,cat\n"), good),
        Odd("counted.csv", holding(",a,b,y\n0,1,2,cat\n1,3,4,dog\n2,5,6,cat\n"), good),
        Odd("remarks.csv", holding("# x\n#y\na,b,y\n1,2,cat\n# z\n3,4,dog\n5,6,cat\n"),
            Loads(3, 2, 2, TWO, 21.0, said="Comment lines skipped: 3")),
        Odd("percent remarks.csv", holding("% x\na,b,y\n1,2,cat\n3,4,dog\n5,6,cat\n"), good),
        Odd("quotes.csv", holding('"a","b","y"\n"1","2","cat"\n"3","4","dog"\n"5","6","cat"\n'),
            good),
        Odd("comma in quotes.csv", holding('a,y\n1,"c,t"\n2,"d""g"\n'),
            Loads(2, 1, 2, ("c,t", 'd"g'), 3.0)),
        Odd("decimal comma.csv", holding("a;b;y\n1,5;2;cat\n3;4,5;dog\n"),
            Loads(2, 2, 2, TWO, 11.0)),
        Odd("decimal comma tab.csv", holding("a\tb\ty\n1,5\t2\tcat\n3\t4,5\tdog\n"),
            Loads(2, 2, 2, TWO, 11.0)),
    ]  # fmt: skip
