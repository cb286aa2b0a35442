"""Reads the dressings of reports as other programs do: FOLDER [SCHEMAS]."""
import json
import pathlib
import sys

import openpyxl

folder = pathlib.Path(sys.argv[1])
schemas = pathlib.Path(sys.argv[2]) if len(sys.argv) > 2 else None
LISTS = [f"P{number:02}" for number in range(1, 18)]
SCHEMA = {
    "catalog": "catalog",
    "assessment-results": "assessment-results",
    "plan-of-action-and-milestones": "poam",
    "mapping-collection": "mapping",
}


def workbook(path, hostile):
    book = openpyxl.load_workbook(path)
    assert book.sheetnames[0] == "README" and book.sheetnames[1:18] == LISTS, book.sheetnames
    assert str(book.properties.created).startswith("2026-"), book.properties.created
    readme = {row[0]: row for row in book["README"].iter_rows(values_only=True)}
    for name in LISTS:
        sheet = book[name]
        head = 2 if hostile else 1
        assert sheet.freeze_panes == f"B{head + 1}", (name, sheet.freeze_panes)
        rows = [row for row in sheet.iter_rows(min_row=head + 1, values_only=True) if any(row)]
        said = int(readme[name][3])
        assert len(rows) == max(said, 1), (name, len(rows), said)
        assert int(readme[name][2]) == said + int(readme[name][4]), name
        if said:
            assert sheet.auto_filter.ref, name
        if hostile:
            assert "INTEGRITY DOES NOT HOLD" in sheet["A1"].value
    for sheet in book:
        for row in sheet.iter_rows():
            for cell in row:
                assert cell.data_type in ("s", "n"), (sheet.title, cell.coordinate, cell.data_type)
                assert cell.hyperlink is None, (sheet.title, cell.coordinate)
    print(f"openpyxl reads {path.parent.name}: {len(book.sheetnames)} sheets")


def oscal(path):
    import jsonschema
    import regex
    from jsonschema import Draft7Validator, validators

    # the standard library's `re` knows no \p{L}
    def pattern(_, wanted, value, __):
        if isinstance(value, str) and not regex.search(wanted, value):
            yield jsonschema.ValidationError(f"{value!r} is not {wanted!r}")

    strict = validators.extend(Draft7Validator, {"pattern": pattern})
    schema = json.loads((schemas / f"oscal_{SCHEMA[path.stem]}_schema_1.2.1.json").read_text())
    errors = [f"{list(e.absolute_path)}: {e.message[:200]}" for e in strict(schema).iter_errors(json.loads(path.read_text()))]
    assert not errors, (path, errors[:3])
    print(f"NIST's schema takes {path.parent.parent.name}/{path.stem}")


for report in sorted(folder.iterdir()):
    workbook(report / "report.xlsx", report.name == "hostile")
    for path in sorted((report / "oscal").iterdir()):
        if schemas:
            oscal(path)
if not schemas:
    print("no schemas of OSCAL beside the clone: left out")
