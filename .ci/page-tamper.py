"""Alters a package in every way that its layers are there to see: page-tamper.py PACKAGE OTHER OUT

Each is written as the one zip of its members. `listed` ones have a manifest that lists what was altered, under the signature of
the old one: so the layer behind the manifest has to see it. OTHER is a package of another ledger.
"""
import base64, hashlib, json, struct, sys, zlib

FIXED = bytes([10, 0, 0, 0, 0, 0, 0, 0, 0x21, 0])
DEFLATED = bytes([20, 0, 0, 0, 8, 0, 0, 0, 0x21, 0])


def read(path):
    data, at, members = open(path, "rb").read(), 0, {}
    while data[at : at + 4] == b"PK\3\4":
        method, packed, length = data[at + 8], *struct.unpack_from("<I4xH", data, at + 18)
        name = data[at + 30 : at + 30 + length].decode()
        at += 30 + length
        body, at = data[at : at + packed], at + packed
        members[name] = zlib.decompress(body, -15) if method == 8 else body
    return members


def deflate(data, level):
    packer = zlib.compressobj(level, zlib.DEFLATED, -15)
    return packer.compress(data) + packer.flush()


def write(pairs, packed={}):
    """All stored, but for those that `packed` has, as it has them."""
    body, directory = b"", b""
    for name, data in pairs:
        inner, fixed = (packed[name], DEFLATED) if name in packed else (data, FIXED)
        sizes = struct.pack("<IIIHH", zlib.crc32(data), len(inner), len(data), len(name), 0)
        directory += b"PK\1\2" + fixed[:2] + fixed + sizes + bytes(10) + struct.pack("<I", len(body)) + name.encode()
        body += b"PK\3\4" + fixed + sizes + name.encode() + inner
    count = len(list(pairs))
    return body + directory + b"PK\5\6" + struct.pack("<HHHHIIH", 0, 0, count, count, len(directory), len(body), 0)


def listed(members):
    envelope = json.loads(members["manifest.json"])
    statement = json.loads(base64.b64decode(envelope["payload"]))
    names = sorted(name for name in members if name != "manifest.json")
    statement["subject"] = [{"digest": {"sha256": hashlib.sha256(members[n]).hexdigest()}, "name": n} for n in names]
    text = json.dumps(statement, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    envelope["payload"] = base64.b64encode(text.encode()).decode()
    return {**members, "manifest.json": (json.dumps(envelope, sort_keys=True, separators=(",", ":")) + "\n").encode()}


good, other, out = read(sys.argv[1]), read(sys.argv[2]), sys.argv[3]
cases = {}


def case(name, members, list_it=True):
    members = {key: value for key, value in members.items() if value is not None}
    cases[name] = write(sorted((listed(members) if list_it else members).items()))


entries = sorted(name for name in good if name.startswith("entries/"))
drawn = entries[-2] if b'"type":"key.listed"' in good[entries[-1]] else entries[-1]
place_of = lambda name: name.split("/")[-1].split(".")[0]
flip = lambda data, at: data[:at] + bytes([data[at] ^ 1]) + data[at + 1 :]
swap = lambda data, old, new: data.replace(old, new, 1)
case("unlisted-change", {**good, "README.txt": b"read me"}, False)
case("extra", {**good, "report/extra.txt": b"x"}, False)
case("stranger", {**good, "tool.exe": b"x"})
case("missing", {**good, "report/report.md": None}, False)
case("no-proof", {**good, f"proofs/{place_of(drawn)}.tlog-proof": None})
case("no-entry", {**good, drawn: None})
case("proof-of-another", {**good, f"proofs/{place_of(drawn)}.tlog-proof": good[f"proofs/{place_of(entries[1])}.tlog-proof"]})
case("entry-edited", {**good, drawn: swap(good[drawn], b'"size":3', b'"size":4')})
case("entry-without-newline", {**good, drawn: good[drawn][:-1]})
case("entry-of-another-ledger", {**good, drawn: other[drawn]})
case("proofs-of-another-ledger", {**good, **{n: d for n, d in other.items() if n.startswith("proofs/") and n in good}})
case("checkpoint-of-another-ledger", {**good, "checkpoint": other["checkpoint"]})
case("checkpoint-unsigned", {**good, "checkpoint": flip(good["checkpoint"], len(good["checkpoint"]) - 20)})
case("checkpoint-larger", {**good, "checkpoint": swap(good["checkpoint"], b"\n21\n", b"\n22\n")})
case("report-edited", {**good, "report/report.json": swap(good["report/report.json"], b'"fail":6', b'"fail":5')})
case("table-edited", {**good, "report/csv/P03.csv": good["report/csv/P03.csv"] + b"x\r\n"})
rows = sorted(name for name in good if name.startswith("sample/") and name.endswith(".csv"))
case("row-edited", {**good, rows[0]: swap(good[rows[0]], b",fail,", b",pass,")})
case("row-removed", {**good, **{name: None for name in rows}})
case("test-removed", {**good, rows[0]: None})
case("row-of-another-item", {**good, rows[0]: good[rows[0]].replace(b"d-", b"e-")})
case("population-shorter", {**good, "sample/population": good["sample/population"].split(b"\n", 1)[1]})
case("consistency-gone", {**good, **{name: None for name in good if name.startswith("consistency/")}})
case("disclosed-wrongly", {**good, f"disclosures/{place_of(drawn)}.jsonl": b'{"commitment":"' + b"A" * 43 + b'=","salt":"' + b"A" * 43 + b'=","value":{"id":"x"}}\n'})
case("manifest-unsigned", {**good, "manifest.json": flip(good["manifest.json"], len(good["manifest.json"]) - 30)}, False)
case("first-entry-gone", {**good, entries[0]: None})
case("key-event-gone", {**good, entries[2]: None, f"proofs/{place_of(entries[2])}.tlog-proof": None})
tokens = sorted(name for name in good if name.startswith("anchors/") and name.endswith(".tsr"))
case("token-altered", {**good, tokens[0]: flip(good[tokens[0]], len(good[tokens[0]]) - 1)})
case("token-alone", {**good, tokens[0]: None})
case("token-stranger", {**good, "anchors/token.tsr": good[tokens[0]]})
pairs = sorted(good.items())
cases["traversal"] = write(sorted(pairs + [("../evil", b"x")]))
cases["twice"] = write(sorted(pairs + [pairs[0]]))
cases["case"] = write(sorted(pairs + [("readme.TXT", b"x")]))
cases["unsorted"] = write(pairs[1:] + pairs[:1])
# deflated otherwise than it was signed, and what does not inflate to what it says
readme, long = good["README.txt"], b"0" * 100_000
cases["repacked"] = write(pairs, {"README.txt": deflate(readme, 1)})
cases["repacked-all"] = write(pairs, {n: deflate(d, 4) for n, d in pairs if n != "manifest.json"})
cases["manifest-deflated"] = write(pairs, {"manifest.json": deflate(good["manifest.json"], 6)})
cases["bomb"] = write(sorted([*pairs, ("report/bomb.txt", long)]), {"report/bomb.txt": deflate(long, 9)})
cases["deflated-short"] = write(pairs, {"README.txt": deflate(readme[:-1], 6)})
cases["deflated-long"] = write(pairs, {"README.txt": deflate(readme + b"x", 6)})
cases["deflated-trailing"] = write(pairs, {"README.txt": deflate(readme, 6) + b"x"})
cases["deflated-cut"] = write(pairs, {"README.txt": deflate(readme, 6)[:-1]})
data = open(sys.argv[1], "rb").read()
for place in range(3, 8):
    cases[f"flipped-{place}"] = flip(data, len(data) * place // 9)
cases["appended"] = write(pairs) + b"\n"
cases["cut"] = write(pairs)[:-1]
bundle = read(sys.argv[1].replace("package.zip", "bundle.zip"))
shown = sorted(name for name in bundle if b'"type":"deployment.' in bundle[name])[0]
foreign = read(sys.argv[2].replace("package.zip", "bundle.zip"))
bundles = {
    "edited": {**bundle, shown: swap(bundle[shown], b'"rolling"', b'"rollinh"')},
    "no-proof": {name: data for name, data in bundle.items() if name != f"proofs/{place_of(shown)}.tlog-proof"},
    "no-first": {name: data for name, data in bundle.items() if name != entries[0]},
    "foreign": {**bundle, shown: foreign[shown]},
    "foreign-checkpoint": {**bundle, "checkpoint": foreign["checkpoint"]},
    "keys-gone": {name: data for name, data in bundle.items() if not (name in entries[1:4] or place_of(name) in map(place_of, entries[1:4]))},
    "more": {**bundle, "README.txt": b"read me"},
}
for name, members in bundles.items():
    cases[f"bundle-{name}"] = write(sorted(members.items()))
cases["bundle-deflated"] = write(sorted(bundle.items()), {shown: deflate(bundle[shown], 6)})
all_of_it = read(sys.argv[1].replace("package.zip", "population.zip"))
other_log = read(sys.argv[2].replace("package.zip", "population.zip"))
lines = all_of_it["log/entries/" + "0" * 20 + ".jsonl"].splitlines(keepends=True)
log = lambda lines: {**all_of_it, "log/entries/" + "0" * 20 + ".jsonl": b"".join(lines)}
populations = {
    "edited": log([*lines[:9], swap(lines[9], b"T10:00:00", b"T10:00:01"), *lines[10:]]),
    "line-gone": log(lines[:9] + lines[10:]),
    "last-gone": log(lines[:-1]),
    "line-twice": log([*lines, lines[-1]]),
    "swapped": log([*lines[:9], lines[10], lines[9], *lines[11:]]),
    "unended": log([*lines[:-1], lines[-1][:-1]]),
    "foreign": {**all_of_it, **{n: d for n, d in other_log.items() if n.startswith("log/entries/")}},
    "report": {**all_of_it, "report/report.json": swap(all_of_it["report/report.json"], b'"fail":6', b'"fail":5')},
    "token": {**all_of_it, **{n: flip(d, len(d) - 1) for n, d in all_of_it.items() if n.startswith("log/anchors/")}},
    "key-stolen": {**all_of_it, "log/key.pem": b"x"},
    "sample": {**all_of_it, "sample/population": b"x\n"},
}
for name, members in populations.items():
    cases[f"population-{name}"] = write(sorted(listed(members).items()))
cases["population-unlisted"] = write(sorted(log(lines[:-1]).items()))
for name, data in cases.items():
    open(f"{out}/{name}.zip", "wb").write(data)
print(" ".join(sorted(cases)))
