'use strict';
// What a package tells beside the log: its manifest, the report, the rows of the items (evidence.md, report.md, sample.md).

const told = (() => {
  const STATEMENT = 'application/vnd.in-toto+json';
  const PREDICATE = 'urn:release-ledger:evidence:v1';
  const ID = /^[A-Za-z0-9._:/+#-]{1,200}$/;

  /** A canonical text with one member whose name is not of the grammar: taken out, then put back. */
  function without(bytes, member, code) {
    const text = textOf(bytes, code);
    const at = text.indexOf(member);
    if (at < 0) refuse(code, 'the text does not say what it is');
    return { text, rest: utf8(text.slice(0, at) + text.slice(at + member.length)) };
  }

  function statementText(claim, subjects) {
    const subject = subjects.map(([name, digest]) => ({ digest: { sha256: digest }, name }));
    return `{"_type":"https://in-toto.io/Statement/v1","predicate":${json.write(claim)},"predicateType":"${PREDICATE}","subject":${json.write(subject)}}`;
  }

  /** The draws that are claimed, ascending; none where they are not. */
  function drawsOf(sample) {
    const draws = sample?.draws === undefined ? [sample?.draw] : sample.draws;
    const ascending = Array.isArray(draws) && draws.length > 0 && draws.every((draw, at) => typeof draw === 'number' && (at === 0 || draws[at - 1] < draw));
    return ascending ? draws : undefined;
  }

  function readStatement(bytes) {
    const wrong = () => refuse('evidence-statement', 'this is no statement about a package');
    const { text, rest } = without(bytes, `"predicateType":"${PREDICATE}",`, 'evidence-statement');
    const read = json.plain(json.read(rest));
    const claim = read.predicate ?? wrong();
    if (claim.kind === undefined) wrong();
    const population = claim.kind === 'population' && claim.sample === undefined;
    if (claim.kind !== 'sample' && !population) refuse('evidence-kind', 'this page knows packages of a sample and of a population');
    const draws = population ? [] : (drawsOf(claim.sample) ?? wrong());
    const texts = [claim.level, claim.origin, claim.report, claim.tool, claim.checkpoint?.root, ...(population ? [] : [claim.sample.control, claim.sample.id])];
    const counts = [claim.checkpoint?.size, ...draws];
    if (texts.some((value) => typeof value !== 'string') || counts.some((value) => !(typeof value === 'number' && value >= 0))) wrong();
    fromBase64(claim.checkpoint.root, 32, 'evidence-statement');
    const digests = [claim.report, ...(claim.packed === undefined ? [] : [claim.packed])];
    if (digests.some((text) => !/^sha256:[0-9a-f]{64}$/.test(text)) || !Array.isArray(read.subject)) wrong();
    const { checkpoint, kind, level, origin, packed, report, sample, tool } = claim;
    const drawn = draws.length === 1 ? { draw: draws[0] } : { draws };
    const shown = population ? {} : { sample: { control: sample.control, ...drawn, id: sample.id } };
    const own = { checkpoint: { root: checkpoint.root, size: checkpoint.size }, kind, level, origin, ...(packed === undefined ? {} : { packed }), report, ...shown, tool };
    const subjects = read.subject.map((item) => [item?.name, item?.digest?.sha256]);
    if (subjects.some(([name, digest]) => typeof name !== 'string' || !/^[0-9a-f]{64}$/.test(digest))) wrong();
    if (statementText(own, subjects) !== text) wrong();
    return { claim: { ...own, draws }, subjects };
  }

  /** The manifest: a statement in an envelope. Whether its signatures hold is asked later. */
  function readManifest(bytes) {
    const wrong = () => refuse('evidence-envelope', 'this is no envelope around a statement');
    const type = `"payloadType":"${STATEMENT}",`;
    const { text, rest } = without(bytes, type, 'evidence-envelope');
    if (!text.endsWith('\n')) wrong();
    const read = json.plain(json.read(rest.subarray(0, -1)));
    const list = Array.isArray(read.signatures) ? read.signatures : wrong();
    const signatures = list.map(({ keyid, sig }) => (typeof keyid === 'string' && typeof sig === 'string' ? { key: keyid, bytes: fromBase64(sig, 64, 'evidence-envelope') } : wrong()));
    if (signatures.length < 1 || signatures.length > 8 || new Set(signatures.map(({ key }) => key)).size !== signatures.length) wrong();
    if (typeof read.payload !== 'string') wrong();
    const payload = fromBase64(read.payload, undefined, 'evidence-envelope');
    const again = `{"payload":"${read.payload}",${type}"signatures":${json.write(list.map(({ keyid, sig }) => ({ keyid, sig })))}}\n`;
    if (again !== text) wrong();
    return { ...readStatement(payload), signatures, message: encodingOf(STATEMENT, payload) };
  }

  /** The report's document. Its members may be named by ids. */
  function readReport(bytes) {
    const wrong = () => refuse('evidence-report', 'this is no report that is known here');
    if (bytes.at(-1) !== 10) wrong();
    const report = json.plain(json.read(bytes.subarray(0, -1), 'ids'));
    if (report.format !== 'ledger/report/v1') wrong();
    return report;
  }

  /** A cell without the apostrophe that keeps a spreadsheet from running it. */
  const unguarded = (cell) => (/^'[=+\-@\t\r]/.test(cell) ? cell.slice(1) : cell);
  const quoted = (cell) => (/[,"\r\n]/.test(cell) ? `"${cell.replaceAll('"', '""')}"` : cell);

  /** The rows of a file (RFC 4180), each by the names of its columns. */
  function readRows(bytes) {
    const wrong = () => refuse('evidence-csv', 'this is no canonical CSV of a dataset');
    const text = textOf(bytes, 'evidence-csv');
    const lines = [];
    let at = 0;
    while (at < text.length) {
      const row = [];
      for (;;) {
        const cell = /"((?:[^"]|"")*)"|[^,"\r\n]*/y;
        cell.lastIndex = at;
        const [all, inner] = cell.exec(text);
        row.push(inner === undefined ? all : inner.replaceAll('""', '"'));
        at += all.length;
        if (text[at] !== ',') break;
        at += 1;
      }
      if (!text.startsWith('\r\n', at)) wrong();
      at += 2;
      lines.push(row);
    }
    const again = lines.map((row) => `${row.map(quoted).join(',')}\r\n`).join('');
    const [columns, ...rows] = lines;
    if (again !== text || !columns || rows.some((row) => row.length !== columns.length)) wrong();
    return { columns, rows: rows.map((row) => Object.fromEntries(columns.map((name, place) => [name, unguarded(row[place])]))) };
  }

  /** An item's id as events may name it. */
  const itemId = async (item) => (ID.test(item) ? item : `sha256:${hex(await sha256(utf8(item)))}`);

  /** The list of a population: restricted ids, ascending, each on its line. */
  function readPopulation(bytes) {
    const text = textOf(bytes, 'sample-form');
    if (text === '') refuse('sample-empty', 'there is nothing to draw from');
    if (!text.endsWith('\n')) refuse('sample-form', 'the last line does not end in a newline');
    const ids = text.slice(0, -1).split('\n');
    ids.forEach((id, at) => {
      if (at > 0 && !(ids[at - 1] < id)) refuse('sample-order', 'a line does not come after the one before it');
      if (!ID.test(id)) refuse('sample-id', `\`${id}\` is no restricted id`);
    });
    return ids;
  }

  /** Draws again: the smallest SHA-256(seed, 0, id), then those in reserve. */
  async function draw(ids, seed, size, reserve) {
    if (!/^([0-9a-f]{2}){8,64}$/.test(seed)) refuse('sample-seed', 'this is no seed');
    if (size === 0 || Math.min(size, ids.length) > 100 || reserve > 100) refuse('sample-size', '1 to 100 items are drawn at once');
    const rank = async (id) => [hex(await sha256(fromHex(seed), Uint8Array.of(0), utf8(id))), id];
    const ranked = (await Promise.all(ids.map(rank))).sort(([a], [b]) => (a < b ? -1 : 1)).map(([, id]) => id);
    return { selected: ranked.slice(0, size), replacements: ranked.slice(size, size + reserve) };
  }

  return { readManifest, readReport, readRows, readPopulation, draw, itemId };
})();
