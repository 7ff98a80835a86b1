"""Inputs with codes as other programs and people write them."""

from __future__ import annotations

from wild.making import Input, codes, json_lines

KNOWN = "known"
GITHUB = "https://github.com/"

CODE_INPUTS = (
    Input("hcpcs", "an HCPCS code", KNOWN, codes("E8015")),
    Input("letter-for-digit", "a letter l for a 1", KNOWN, codes("E10l")),
    Input("no-placeholder", "W21.89A, which must be W21.89XA", KNOWN, codes("W21.89A")),
    Input("comma", "codes divided by commas", KNOWN, codes("I10, E11.9")),
    Input("bar", "codes divided by bars", KNOWN, codes("I10|E11.9")),
    Input("line-end", "codes divided by line ends", KNOWN, codes("I10\nE11.9")),
    Input("blank", "codes divided by blanks", KNOWN, codes("I10 E11.9")),
    Input("python-list", "a list of Python", KNOWN, codes("['I10', 'E11.9']")),
    Input("json-list", "a list of JSON", KNOWN, codes('["I10", "E11.9"]')),
    Input("numpy-list", "an array as NumPy prints it", KNOWN, codes("['I10' 'I48.91']")),
    Input("no-break", "no-break blanks", KNOWN, codes("\u00a0 E11.9\u00a0")),
    Input("zero-width", "a zero-width blank", KNOWN, codes("E11.9\u200b")),
    Input("other-country", "ICD-10-GM", KNOWN, codes("I25.10;E11.90;U69.00", system="icd10")),
    Input(
        "fhir-uri",
        "codes with the URI of FHIR",
        KNOWN,
        json_lines({"codes": [{"system": "http://hl7.org/fhir/sid/icd-10-cm", "code": "I10"}]}),
    ),
    Input("null-in-list", "a null in a list", KNOWN, json_lines({"codes": ["I10", None]})),
    Input(
        "leading-zeros",
        "ICD-9 codes that lost their zeros",
        f"{GITHUB}MIT-LCP/mimic-code/issues/1433",
        codes("42", "389", system="icd9cm", options=["--unknown-codes", "keep"]),
    ),
    Input(
        "trailing-zeros",
        "250.10 as 250.1",
        f"{GITHUB}jackwasey/icd/issues/109",
        codes("icd9cm:250.1;icd9cm:345.1"),
    ),
    Input(
        "scientific",
        "codes as numbers with exponents",
        f"{GITHUB}bloom-housing/bloom/issues/4458",
        codes("8.00E+21"),
    ),
    Input("date", "a code as a date", f"{GITHUB}FreeAndFair/ColoradoRLA/issues/783", codes("1-Oct")),
    Input(
        "for-excel",
        "codes protected from Excel",
        f"{GITHUB}Cinchoo/ChoETL/issues/78",
        codes('="E11.9"', "'I10", '"J18.9"', "\x1fN17.9"),
    ),
    Input(
        "small-x",
        "a placeholder in lower case",
        f"{GITHUB}PheWAS/PheWAS/issues/43",
        codes("W22.01xA", "w22.01XA"),
    ),
    Input(
        "padded-x",
        "codes of the NHS, padded with X",
        f"{GITHUB}opensafely-core/cohort-extractor/issues/512",
        codes("I10X;G08X", "M45X9", system="icd10"),
    ),
    Input(
        "episodes",
        "all episodes of a stay in a cell",
        f"{GITHUB}opensafely-core/cohort-extractor/issues/256",
        codes("I801 ,I802 ,N179 ||I801 ,E119 ", system="icd10"),
    ),
    Input(
        "marks",
        "daggers, asterisks and exclamation marks",
        "https://hl7.org/fhir/R4/icd.html",
        codes("J21.8+ B95.6*", "S62.32 Z33!", "A17.0\u2020", system="icd10"),
    ),
    Input(
        "certainty",
        "certainty after a German code",
        f"{GITHUB}hl7germany/basisprofil-de-r4/issues/204",
        codes("F32.1G;I10.90V", system="icd10"),
    ),
    Input(
        "certainty-apart",
        "the same, after a blank",
        f"{GITHUB}hl7germany/basisprofil-de-stu3/issues/138",
        codes("M54.5 V", system="icd10"),
    ),
    Input(
        "dash", "a dash for a missing character", f"{GITHUB}OHDSI/Vocabulary-v5.0/issues/47", codes("E11.-")
    ),
    Input("range", "a range", f"{GITHUB}opensafely-core/opencodelists/issues/2646", codes("E10-E14")),
    Input(
        "two-revisions",
        "ICD-9 and ICD-10 in a cell",
        f"{GITHUB}aidh-ms/OpenICU/issues/600",
        codes("414.00, I25.10"),
    ),
    Input(
        "icd9-as-icd10",
        "ICD-9 codes in a column of ICD-10",
        f"{GITHUB}ablack3/icdpicr/issues/7",
        codes("V58.61", "E888"),
    ),
    Input(
        "dot-too-early",
        "an ICD-9 E code with its dot too early",
        f"{GITHUB}OHDSI/Vocabulary-v5.0/issues/88",
        codes("E81.40", system="icd9cm"),
    ),
    Input(
        "procedure",
        "a procedure in a column of diagnoses",
        f"{GITHUB}mims-harvard/MedTok/issues/2",
        codes("00.29", system="icd9cm"),
    ),
    Input(
        "backslash-n",
        "MySQL's mark for a missing value",
        f"{GITHUB}BurntSushi/xsv/issues/105",
        codes("E11.9;\\N"),
    ),
    Input(
        "nan", "what pandas writes for a missing value", f"{GITHUB}BurntSushi/xsv/issues/105", codes("nan")
    ),
    Input(
        "hl7-element",
        "a coded element of HL7",
        f"{GITHUB}LinuxForHealth/hl7v2-fhir-converter/issues/189",
        codes("K80.00^Cholelithiasis^I10"),
    ),
    Input(
        "german-uris",
        "the old and the new URI of ICD-10-GM",
        f"{GITHUB}hl7ch/ch-core/issues/359",
        json_lines(
            {"codes": [{"system": "http://fhir.de/CodeSystem/dimdi/icd-10-gm", "code": "S62.32"}]},
            {"codes": [{"system": " http://fhir.de/CodeSystem/bfarm/icd-10-gm", "code": "I10.90"}]},
        ),
    ),
    Input("homoglyph", "a Cyrillic letter in a code", KNOWN, codes("\u041511.9")),
    Input("description", "a code with its description", KNOWN, codes("E11.9 Type 2 diabetes")),
    Input("comma-for-dot", "a comma for a dot", KNOWN, codes("37,23", system="icd9pcs")),
    Input(
        "triple-colons",
        "candidates divided by three colons",
        f"{GITHUB}JohnSnowLabs/johnsnowlabs/pull/302",
        codes("O24.4:::O24.41"),
    ),
    Input(
        "code-fence",
        "the answer of a language model",
        f"{GITHUB}pydantic/pydantic-ai/pull/3141",
        codes('```json\n["I10", "E11.9"]\n```'),
    ),
)
