"""Inputs in the place of a csv file with one note per row."""

from __future__ import annotations

import polars as pl

from wild.making import NOTE, ROWS, Input, as_csv, gzipped, json_lines, parquet, table

KNOWN = "known"
GITHUB = "https://github.com/"
CM = ("--system", "icd10cm")

_CSV = as_csv(ROWS)
_WIDE = "note_id,text,dx1,dx2,part\nn1,Pneumonia.,J18.9,I10,train\nn2,Stable.,E11.9,,train\n"
_LONG = (
    "note_id,text,codes,part\nn1,Pneumonia.,J18.9,train\nn1,Pneumonia.,I10,train\nn2,Stable.,E11.9,train\n"
)
_VERSIONS = "note_id,text,codes,icd_version,part\nn1,Pneumonia.,486,9,train\nn2,Stable.,E119,10,train\n"
_FRAME = pl.DataFrame(ROWS)

TABLE_INPUTS = (
    Input("wide", "a column per code", KNOWN, table(_WIDE, *CM)),
    Input("wide-named", "a column per code, and --codes 'dx*'", KNOWN, table(_WIDE, *CM, "--codes", "dx*")),
    Input("long", "a row per code", KNOWN, table(_LONG, *CM)),
    Input("long-merged", "a row per code, and --merge-rows", KNOWN, table(_LONG, *CM, "--merge-rows")),
    Input("version", "a column with the revision of ICD", KNOWN, table(_VERSIONS, *CM)),
    Input(
        "version-named",
        "the same, and --system-column icd_version",
        KNOWN,
        table(_VERSIONS, *CM, "--system-column", "icd_version"),
    ),
    Input("utf16", "a csv in UTF-16", KNOWN, table(_CSV.encode("utf-16"), *CM)),
    Input("gzip-unnamed", "a gzipped file named .csv", KNOWN, table(gzipped(_CSV), *CM)),
    Input("gzip-capitals", "a file named .csv.GZ", KNOWN, table(gzipped(_CSV), *CM, name="notes.csv.GZ")),
    Input(
        "surrogate",
        "half of a surrogate pair",
        KNOWN,
        table(
            '{"note_id": "1", "text": "a \\ud83d", "codes": "I10", "part": "train"}\n', *CM, name="n.jsonl"
        ),
    ),
    Input(
        "sep-line",
        "a first line for Excel",
        f"{GITHUB}python/cpython/issues/109644",
        table(f"sep=,\n{_CSV}", *CM),
    ),
    Input("semicolons", "semicolons between columns", KNOWN, table(as_csv(ROWS, ";"), *CM)),
    Input("tabs", "tabs in a file named .csv", KNOWN, table(as_csv(ROWS, "\t"), *CM)),
    Input(
        "trailing-delimiter",
        "a delimiter after each row, but not after the header",
        f"{GITHUB}pandas-dev/pandas/issues/41304",
        table("note_id,text,codes,part\nn1,Stable.,I10,train,\n", *CM),
    ),
    Input(
        "footer",
        "the number of rows after the last one",
        f"{GITHUB}microsoft/go-sqlcmd/issues/81",
        table(f"{_CSV}(2 rows affected)\n", *CM),
    ),
    Input(
        "underlined-header",
        "a header underlined with dashes",
        f"{GITHUB}cockroachdb/cockroach/issues/18584",
        table("note_id,text,codes,part\n-------,----,-----,----\nn1,Stable.,I10,train\n", *CM),
    ),
    Input(
        "header-again",
        "two files in one, each with its header",
        f"{GITHUB}cal-itp/data-infra/pull/5210",
        table(f"{_CSV}{_CSV.replace('n1', 'n3').replace('n2', 'n4')}", *CM),
    ),
    Input(
        "backslash-quotes",
        "quotation marks with backslashes",
        f"{GITHUB}aotimme/gocsv/issues/46",
        table('note_id,text,codes,part\n1,"States \\"I feel ok\\", left.",I10,train\n', *CM),
    ),
    Input(
        "inch-mark",
        "a quotation mark that is not closed",
        f"{GITHUB}max-mapper/binary-csv/issues/7",
        table('note_id\ttext\tcodes\tpart\n1\t"Chest pain\tR07.9\ttrain\n2\t16" cut\tS51.0\ttrain\n', *CM),
    ),
    Input(
        "carriage-returns",
        "the line ends of old Macs",
        f"{GITHUB}WarrenWilkinson/read-csv/issues/7",
        table(_CSV.replace("\n", "\r"), *CM),
    ),
    Input(
        "nul",
        "NUL characters in a text",
        f"{GITHUB}turicas/rows/issues/273",
        table(_CSV.replace("Known", "\0"), *CM),
    ),
    Input(
        "header-blanks",
        "blanks and capitals in the header",
        f"{GITHUB}wireservice/csvkit/issues/364",
        table(
            _CSV.replace("note_id,patient,text", "Note_ID, Patient , TEXT"), *CM, "--subject-id", "patient"
        ),
    ),
    Input(
        "column-twice",
        "two columns with the same name",
        f"{GITHUB}melihbirim/csvql/issues/102",
        table("note_id,text,text,codes,part\nn1,Stable.,,I10,train\n", *CM),
    ),
    Input(
        "index-column",
        "a column of row numbers without a name",
        f"{GITHUB}HFAnalyticsLab/monstR/issues/10",
        table(",note_id,text,codes,part\n0,n1,Stable.,I10,train\n", *CM),
    ),
    Input(
        "html-table",
        "an HTML table named .csv",
        f"{GITHUB}tidyverse/readxl/issues/480",
        table("<html><table><tr><td>note_id</td></tr></table></html>", *CM),
    ),
    Input("excel", "an Excel workbook named .csv", KNOWN, table(b"PK\x03\x04\x14\0 xl/workbook.xml", *CM)),
    Input(
        "zip-of-a-mac",
        "a ZIP archive with one table",
        f"{GITHUB}h2oai/datatable/issues/488",
        table(b"PK\x03\x04\x14\0 notes.csv __MACOSX/", *CM),
    ),
    Input(
        "json-array",
        "an array of JSON named .jsonl",
        f"{GITHUB}huggingface/datasets/pull/8086",
        table('[{"note_id": "1", "text": "a", "codes": []}]', *CM, name="notes.jsonl"),
    ),
    Input(
        "json-nan",
        "NaN for missing codes in JSON",
        f"{GITHUB}PaulJuliusMartinez/jless/issues/51",
        json_lines({"codes": float("nan")}),
    ),
    Input(
        "parquet-dictionary",
        "categories in parquet",
        f"{GITHUB}questdb/py-questdb-client/pull/63",
        parquet(_FRAME.with_columns(pl.col("codes", "part").cast(pl.Categorical))),
    ),
    Input(
        "parquet-binary",
        "texts as bytes in parquet",
        f"{GITHUB}adrianulbona/osm-parquetizer/issues/9",
        parquet(_FRAME.with_columns(pl.col("text").cast(pl.Binary))),
    ),
    Input(
        "parquet-as-csv",
        "parquet named .csv",
        KNOWN,
        parquet(_FRAME, name="notes.csv"),
    ),
    Input(
        "float-ids",
        "the same patient as 123 and 123.0",
        f"{GITHUB}bzkf/onco-analytics-on-fhir/pull/554",
        table(_CSV.replace("p1", "123.0").replace("p2", "123"), *CM, "--subject-id", "patient"),
    ),
    Input(
        "ids-without-zeros",
        "patients with and without leading zeros",
        f"{GITHUB}pehses/twixtools/pull/24",
        table(_CSV.replace("p1", "00146").replace("p2", "146"), *CM, "--subject-id", "patient"),
    ),
    Input(
        "ids-with-exponents",
        "ids that lost their last digits",
        f"{GITHUB}pandas-dev/pandas/issues/7072",
        table(_CSV.replace("n1", "9.00719925474099E+16"), *CM),
    ),
    Input(
        "wrong-encoding",
        "cp1252 without --encoding",
        KNOWN,
        table(_CSV.replace("Known", "\u00b5").encode("cp1252"), *CM),
    ),
    Input(
        "encoding-not-needed",
        "--encoding cp1252 for a file in UTF-8",
        KNOWN,
        table(_CSV.replace("Known", "\u00b5"), *CM, "--encoding", "cp1252"),
    ),
    Input(
        "empty-note",
        "a record without a text",
        KNOWN,
        table(_CSV.replace(NOTE, ""), *CM),
    ),
)
