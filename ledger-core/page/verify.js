'use strict';
// One question after the other about a package (evidence.md). The command line asks the same, and two more.

const evidence = (() => {
  const [MANIFEST, CHECKPOINT, PAGE, README, REPORT, POPULATION] = ['manifest.json', 'checkpoint', 'index.html', 'README.txt', 'report/report.json', 'sample/population'];
  const KEY_EVENTS = ['key.listed', 'key.registered', 'key.revoked', 'key.rotated', 'ledger.created'];
  const EVENT = 'application/vnd.release-ledger.event+json';
  const [HOLDS, FALSE, UNKNOWN] = ['holds', 'does not hold', 'cannot tell'];
  const LISTED = 20;
  /** What the page cannot check, and who can. */
  const CANNOT = {
    rights: 'whether each key could say what it signed, by its capabilities and scope, is for the command line to check',
    anchors: 'tokens of authorities for times are here unchecked: whether they hold, and who certifies those authorities, is for the command line to check, with --tsa-roots',
    items: 'the tests of controls are performed again by the command line only',
    performed: 'the report of a whole population is made once more by the command line only',
    page: 'itself: a page that came with a package could have been altered with it; take it from elsewhere, with `ledger evidence page`',
  };
  /** The layers of a bundle, which has what is proven by itself, and claims nothing beside. */
  const BUNDLE = ['package', 'checkpoint', 'entries', 'chain', 'signatures', 'keys', 'disclosures'];
  /** The layers of a package of a population: its log as one, and the report that comes out of it once more. */
  const POPULATION_LAYERS = ['package', 'manifest', 'checkpoint', 'log', 'signer', 'report'];
  const LAYERS = ['package', 'manifest', 'checkpoint', 'entries', 'chain', 'signatures', 'keys', 'signer', 'consistency', 'disclosures', 'report', 'sample'];

  const place = (index) => String(index).padStart(20, '0');
  const entryName = (index) => `entries/${place(index)}.json`;

  /** One layer while it is looked at. */
  class Layer {
    constructor(name) {
      Object.assign(this, { name, verdict: HOLDS, looked: '', faults: [], more: 0 });
    }

    fault(at, code, message, verdict = FALSE) {
      if (this.verdict !== FALSE) this.verdict = verdict;
      if (this.faults.length < LISTED) this.faults.push({ place: at, code, message });
      else this.more += 1;
    }

    demand(so, at, code, message) {
      if (!so) this.fault(at, code, message);
      return so;
    }

    /** What the work gives, or a fault where it is refused. */
    async hold(at, work) {
      try {
        return await work();
      } catch (error) {
        // what nobody foresaw is never a pass
        // what is too large for the page alone is not wrong
        this.fault(at, error.code && error instanceof Refusal ? error.code : 'page-fault', error.message, error.code === 'page-large' ? UNKNOWN : FALSE);
        return undefined;
      }
    }
  }

  /** Members by what they are. */
  function sortMembers(members, bundle) {
    const kinds = { entries: '.json', proofs: '.tlog-proof', disclosures: '.jsonl', consistency: '' };
    const contents = { all: members, entries: new Map(), proofs: new Map(), disclosures: new Map(), consistency: new Map(), rows: new Map(), attachments: new Map() };
    for (const [name, bytes] of members) {
      const [folder, ...rest] = name.split('/');
      const ending = kinds[folder];
      if (rest.length > 0 && ending !== undefined) {
        const file = rest.join('/');
        const digits = file.slice(0, 20);
        if (file !== digits + ending || !/^[0-9]{20}$/.test(digits) || BigInt(digits) >= 2n ** 64n) refuse('evidence-member', `no package has the member \`${name}\``);
        contents[folder].set(Number(digits), bytes);
      } else if (/^blobs\/[0-9a-f]{64}$/.test(name) || /^controls\/[^/]*\.toml$/.test(name) || /^anchors\/[0-9]{20}-[0-9a-f]{16}\.ts[qr]$/.test(name)) {
        if (folder === 'blobs') contents.attachments.set(rest[0], bytes);
      } else if (folder === 'sample' && name.endsWith('.csv')) contents.rows.set(name.slice(7, -4), bytes);
      else if (!(folder === 'report' && rest.length > 0) && ![MANIFEST, CHECKPOINT, PAGE, README, POPULATION, 'drill.json'].includes(name)) refuse('evidence-member', `no package has the member \`${name}\``);
    }
    for (const name of bundle ? [CHECKPOINT, entryName(0)] : [MANIFEST, CHECKPOINT, PAGE, README, REPORT, POPULATION, entryName(0)]) if (!members.has(name)) refuse('evidence-missing', `the member \`${name}\` is not here`);
    return contents;
  }

  const isPopulation = (members) => [...members.keys()].some((name) => name.startsWith('log/'));
  const OF_LOG = /^log\/(entries\/[0-9]{20}\.jsonl|ledger\.toml|checkpoints\.log|anchors\/[^/]+|blobs\/[0-9a-f]{64})$/;

  /** Members of a package of a population, by what they are. */
  function sortPopulation(members) {
    const known = [MANIFEST, CHECKPOINT, PAGE, README, 'drill.json'];
    for (const name of members.keys()) if (!known.includes(name) && !name.startsWith('report/') && !/^controls\/[^/]*\.toml$/.test(name) && !OF_LOG.test(name)) refuse('evidence-member', `no package has the member \`${name}\``);
    for (const name of [MANIFEST, CHECKPOINT, PAGE, README, REPORT, 'log/ledger.toml']) if (!members.has(name)) refuse('evidence-missing', `the member \`${name}\` is not here`);
    return { all: members, entries: new Map(), proofs: new Map(), disclosures: new Map() };
  }

  const isBundle = (members) => [...members.keys()].every((name) => name === CHECKPOINT || /^(entries|proofs|disclosures)\//.test(name));

  async function manifestLayer(contents, packed) {
    const layer = new Layer('manifest');
    const manifest = await layer.hold(MANIFEST, () => told.readManifest(contents.all.get(MANIFEST)));
    if (!manifest) return { layer };
    const stated = new Map(manifest.subjects);
    const own = [...contents.all.keys()].filter((name) => name !== MANIFEST).sort();
    for (const name of own) {
      const digest = hex(await sha256(contents.all.get(name)));
      if (layer.demand(stated.has(name), name, 'evidence-extra', 'the manifest does not list the member')) layer.demand(stated.get(name) === digest, name, 'evidence-digest', 'the member is not the one that was listed');
    }
    for (const name of stated.keys()) layer.demand(contents.all.has(name) && name !== MANIFEST, name, 'evidence-missing', 'the manifest lists a member that is not here');
    layer.demand(manifest.subjects.map(([name]) => name).join('\n') === own.join('\n'), MANIFEST, 'evidence-order', 'the members are not listed once each, in order');
    layer.demand(packed === undefined || packed === manifest.claim.packed, MANIFEST, 'evidence-packed', 'the members are not packed as they were signed');
    layer.looked = `${manifest.subjects.length} members by their SHA-256`;
    return { layer, manifest };
  }

  async function checkpointLayer(contents, claim, policy) {
    const layer = new Layer('checkpoint');
    if (!policy) {
      layer.fault(CHECKPOINT, 'policy-none', 'no policy or key was given: who signed the checkpoint cannot be told', UNKNOWN);
      return layer;
    }
    const checked = await layer.hold(CHECKPOINT, () => notes.check(policy, contents.all.get(CHECKPOINT)));
    if (!checked) return layer;
    const own = !claim || (checked.origin === claim.origin && checked.size === BigInt(claim.checkpoint.size) && base64(checked.root) === claim.checkpoint.root);
    layer.demand(own, CHECKPOINT, 'evidence-checkpoint', 'the manifest names another checkpoint');
    layer.looked = `${checked.size} entries of ${checked.origin}, signed by its log, cosigned by ${checked.witnesses.length}`;
    return layer;
  }

  function readEntry(index, bytes) {
    // a line without its newline; without one there is no line
    const entry = entries.parse(bytes.at(-1) === 10 ? bytes.subarray(0, -1) : new Uint8Array());
    if (entry.index !== index) refuse('evidence-index', `the line is that of entry ${entry.index}`);
    return entry;
  }

  async function included(entry, contents, checkpoint) {
    const proof = notes.readProof(contents.proofs.get(entry.index));
    if (proof.index !== BigInt(entry.index)) refuse('evidence-index', `the proof is that of entry ${proof.index}`);
    if (!same(proof.note, contents.all.get(CHECKPOINT))) refuse('evidence-checkpoint', 'the proof is against another checkpoint');
    await tree.inclusion(proof.index, checkpoint.size, await tree.leaf(entry.line), proof.path, checkpoint.root);
  }

  async function entriesLayer(contents, checkpoint, progress) {
    const layer = new Layer('entries');
    const read = [];
    const genesis = await layer.hold(CHECKPOINT, () => {
      const [, name, digits] = /^(.*)\/([0-9a-f]{64})$/s.exec(checkpoint.origin) || refuse('origin-form', 'the origin does not end in 64 hex digits');
      if (!/^[a-z0-9./-]{1,100}$/.test(name)) refuse('origin-name', 'the origin has no name');
      return digits;
    });
    for (const [index, bytes] of [...contents.entries].sort(([a], [b]) => a - b)) {
      const entry = await layer.hold(entryName(index), () => readEntry(index, bytes));
      if (!entry) continue;
      read.push(entry);
      const own = hex(entry.event.ledger ?? (await sha256(entry.event.bytes)));
      layer.demand((entry.index === 0) === !entry.event.ledger && own === genesis, entryName(index), 'evidence-ledger', 'the entry is of another ledger');
      if (layer.demand(contents.proofs.has(index), entryName(index), 'evidence-proof', 'no proof of this entry is here')) await layer.hold(`proofs/${place(index)}.tlog-proof`, () => included(entry, contents, checkpoint));
      await progress?.(read.length, contents.entries.size);
    }
    for (const index of contents.proofs.keys()) layer.demand(contents.entries.has(index), `proofs/${place(index)}.tlog-proof`, 'evidence-proof', 'the entry of this proof is not here');
    const texts = contents.attachments.size > 0 ? read.map(({ event }) => textOf(event.bytes, 'event-utf8')) : [];
    for (const [digest, bytes] of contents.attachments) {
      const at = `blobs/${digest}`;
      layer.demand(hex(await sha256(bytes)) === digest, at, 'attachment-digest', 'the attachment is not the one that was named');
      layer.demand(texts.some((text) => text.includes(`sha256:${digest}`)), at, 'evidence-member', 'no entry that is here names the attachment');
    }
    layer.looked = `${contents.entries.size} entries, each with its proof`;
    return { layer, read };
  }

  function chainLayer(read, origin) {
    const layer = new Layer('chain');
    let links = 0;
    let last;
    const streams = new Map();
    for (const entry of read) {
      const before = entry.index === 0 ? base64(blake3.hash(utf8(origin))) : last && last.index + 1 === entry.index ? last.hash : undefined;
      if (before !== undefined) {
        links += 1;
        layer.demand(before === entry.chain, entryName(entry.index), 'chain-link', 'the entry does not follow the one before it');
      }
      last = entry;
      const own = `${entry.event.stream} ${entry.event.seq}`;
      layer.demand(!streams.has(own), entryName(entry.index), 'stream-fork', 'its place in its stream is taken');
      streams.set(own, entry);
    }
    for (const entry of streams.values()) {
      const before = streams.get(`${entry.event.stream} ${entry.event.seq - 1}`);
      if (!before) continue;
      links += 1;
      const follows = same(entry.event.prev, blake3.hash(before.event.bytes)) && !before.event.final;
      layer.demand(follows, entryName(entry.index), 'stream-prev', 'the event does not follow the one before it in its stream');
    }
    layer.looked = `${links} links between entries that stand side by side`;
    return layer;
  }

  /** The public keys that an event itself brings; none where one of them is no key. */
  function brought({ type, data }) {
    const list = { 'ledger.created': data.data?.roots?.map?.((root) => root.public_key), 'key.registered': [data.data?.public_key], 'key.rotated': [data.data?.successor] }[type] ?? [];
    try {
      return list.map((text) => {
        const key = fromBase64(text ?? '', 32);
        ed25519.checkKey(key);
        return key;
      });
    } catch {
      return [];
    }
  }

  /** All keys that the entries bring: id, bytes, where they were registered, where they ended. */
  function keysOf(read) {
    const keys = new Map();
    for (const { index, event } of read) {
      const known = keys.get(event.data.subject?.key);
      if (known && ['key.rotated', 'key.revoked'].includes(event.type)) known.ended ??= index;
      for (const key of brought(event)) {
        const id = base64url(blake3.hash(key));
        if (!keys.has(id)) keys.set(id, { key, registered: index, ended: undefined });
      }
    }
    return keys;
  }

  function standing(keys, id, index, brings) {
    const known = keys.get(id) ?? refuse('key-unknown', `key \`${id}\` is registered by no entry that is here`);
    if (known.registered > index || (known.registered === index && !brings)) refuse('key-early', `key \`${id}\` was registered later`);
    if (known.ended < index) refuse('key-ended', `key \`${id}\` had ended`);
    return known.key;
  }

  async function signed(key, message, bytes) {
    if (!(await ed25519.verify(key, message, bytes))) refuse('signature-false', 'the signature is not one by this key');
  }

  async function signaturesLayer(read, keys, progress) {
    const layer = new Layer('signatures');
    let count = 0;
    for (const [number, { index, event, signatures }] of read.entries()) {
      const message = encodingOf(EVENT, event.bytes);
      for (const { key, bytes } of signatures) {
        count += 1;
        await layer.hold(entryName(index), async () => signed(standing(keys, key, index, true), message, bytes));
      }
      await progress?.(number + 1, read.length);
    }
    layer.looked = `${count} signatures by ${keys.size} keys`;
    return layer;
  }

  function keysLayer(read) {
    const layer = new Layer('keys');
    const listed = Math.max(-1, ...read.filter(({ event }) => event.type === 'key.listed').map(({ index }) => index));
    const last = Math.max(0, ...read.filter(({ event }) => !KEY_EVENTS.includes(event.type)).map(({ index }) => index));
    if (listed < 0 || listed < last) layer.fault('', 'evidence-keys', `no list of keys was recorded after entry ${last}: that no revocation is left out is attested, not proven`, UNKNOWN);
    if (listed >= 0) layer.looked = `the list of keys of entry ${listed}`;
    return layer;
  }

  async function signerLayer(manifest, keys) {
    const layer = new Layer('signer');
    for (const { key, bytes } of manifest.signatures) await layer.hold(MANIFEST, async () => signed(standing(keys, key, manifest.claim.checkpoint.size, false), manifest.message, bytes));
    layer.looked = `the manifest, signed by ${manifest.signatures.map(({ key }) => key).join(', ')}`;
    return layer;
  }

  /** The trees that the report and the commitments name: size and root. */
  function headsOf(report, read) {
    const named = [report.front?.ledger, report.front?.previous].filter((known) => known !== undefined);
    const committed = read.filter(({ event }) => event.type === 'sample.committed').map(({ event }) => event.data.data?.checkpoint);
    return [...named, ...committed].map((head) => ({ size: head?.size, root: head?.root }));
  }

  async function consistencyLayer(heads, contents, checkpoint) {
    const layer = new Layer('consistency');
    const sizes = new Set(heads.map(({ size }) => size));
    for (const { size, root } of heads) {
      const name = `consistency/${place(size)}`;
      if (!(BigInt(size ?? -1) >= 0n) || BigInt(size) >= checkpoint.size) layer.demand(BigInt(size ?? -1) === checkpoint.size && root === base64(checkpoint.root), name, 'evidence-head', 'a tree is named that the checkpoint does not hold');
      else if (layer.demand(contents.consistency.has(size), name, 'evidence-missing', 'the proof of consistency is not here')) {
        await layer.hold(name, async () => {
          const proof = notes.readConsistency(contents.consistency.get(size));
          if (proof.old !== BigInt(size)) refuse('consistency-form', 'the proof is from another size');
          if (!same(proof.note, contents.all.get(CHECKPOINT))) refuse('evidence-checkpoint', 'the proof is against another checkpoint');
          await tree.consistency(proof.old, checkpoint.size, fromBase64(root, 32), proof.path, checkpoint.root);
        });
      }
    }
    for (const size of contents.consistency.keys()) layer.demand(sizes.has(size) && BigInt(size) < checkpoint.size, `consistency/${place(size)}`, 'evidence-member', 'nothing here names a tree of this size');
    layer.looked = `${sizes.size} trees that the report and the sample name`;
    return layer;
  }

  /** Opens what was disclosed: the values, by entry and pointer. */
  async function disclosuresLayer(read, contents, claim) {
    const layer = new Layer('disclosures');
    const opened = new Map();
    let count = 0;
    for (const [index, bytes] of contents.disclosures) {
      const name = `disclosures/${place(index)}.jsonl`;
      const entry = read.find((known) => known.index === index);
      const lines = bytes.at(-1) === 10 ? bytes.subarray(0, -1) : new Uint8Array();
      for (let from = 0; from <= lines.length; ) {
        const end = lines.indexOf(10, from) < 0 ? lines.length : lines.indexOf(10, from);
        const line = lines.subarray(from, end);
        from = end + 1;
        count += 1;
        await layer.hold(name, () => {
          if (!entry) refuse('evidence-missing', 'the entry of this disclosure is not here');
          const disclosure = entries.disclosure(line);
          const sealed = entries.allSealed(entry.event.node).find(({ commitment }) => commitment === disclosure.commitment) ?? refuse('seal-unopened', 'no sealed value of the entry has this commitment');
          entries.opens({ within: entries.scope(entry.event), stream: entry.event.stream, seq: entry.event.seq, pointer: sealed.pointer }, sealed.commitment, disclosure);
          const own = `${index} ${sealed.pointer}`;
          if (opened.has(own)) refuse('evidence-twice', 'a value is disclosed twice');
          opened.set(own, disclosure.value);
        });
      }
    }
    layer.looked = `${count} opened${claim ? `, for the level \`${claim.level}\`` : ''}; what is not disclosed stays sealed`;
    return { layer, opened };
  }

  /** Whether the counts of a table tie: all are in scope or left out, and what was tested adds up. */
  function ties(about) {
    const sum = (object) => Object.values(object ?? {}).reduce((total, count) => total + count, 0);
    if (typeof about.total !== 'number' || typeof about.in_scope !== 'number') return false;
    const counted = sum(about.counts);
    return (about.rows === undefined || about.rows.length === about.in_scope) && about.total === about.in_scope + sum(about.excluded) && (counted === 0 || counted === about.in_scope);
  }

  async function reportLayer(report, contents, claim) {
    const layer = new Layer('report');
    const digest = `sha256:${hex(await sha256(contents.all.get(REPORT)))}`;
    layer.demand(digest === claim.report, REPORT, 'evidence-digest', 'the manifest claims another report');
    layer.demand(report.front?.ledger?.origin === claim.origin, REPORT, 'evidence-ledger', 'the report is of another ledger');
    const tables = [...(report.datasets ?? []), ...(report.populations ?? [])];
    let files = 0;
    for (const about of tables) {
      layer.demand(ties(about), `${REPORT}: ${about.id}`, 'evidence-counts', 'the counts of the table do not tie');
      const bytes = contents.all.get(`report/${about.file}`);
      if (!bytes) continue;
      files += 1;
      layer.demand(`sha256:${hex(await sha256(bytes))}` === about.digest, `report/${about.file}`, 'evidence-digest', 'the file is not the one that the report names');
    }
    layer.looked = `${report.front?.id}, ${tables.length} tables whose counts tie, ${files} files by their digests`;
    return layer;
  }

  const notDrawn = (message) => refuse('evidence-sample', message);

  /** Draws again, all draws that are claimed; gives what was selected. */
  async function redraw(read, contents, claim) {
    const of = (type) => read.filter(({ event }) => event.type === type && event.data.subject?.sample === claim.sample.id);
    const fixed = of('sample.committed')[0] ?? notDrawn('the commitment of the sample is not here');
    const committed = fixed.event.data.data;
    if (committed.control !== claim.sample.control) notDrawn('the sample is of another control');
    const bytes = contents.all.get(POPULATION);
    const ids = told.readPopulation(bytes);
    if (committed.population?.rows !== ids.length || committed.population?.digest !== `sha256:${hex(await sha256(bytes))}`) refuse('sample-population', 'these items are another population than the committed one');
    const items = new Set();
    for (const number of claim.draws) {
      const drawn = of('sample.drawn').find(({ event }) => event.data.data?.draw === number) ?? notDrawn(`draw ${number} of the sample is not here`);
      if (drawn.index < fixed.index) notDrawn('the draw stands before the commitment');
      for (const item of await selectedBy(drawn.event.data.data, ids)) items.add(item);
    }
    return [...items];
  }

  /** What a draw selects, drawn once more. */
  async function selectedBy(draw, ids) {
    const replacements = draw.replacements ?? [];
    if (draw.method === 'targeted') {
      const known = new Set(ids);
      if (!draw.selected.every((id) => known.has(id))) notDrawn('an item is not in the population');
      return draw.selected;
    }
    const again = await told.draw(ids, draw.seed, draw.size, replacements.length);
    if (json.write(again) !== json.write({ selected: draw.selected, replacements })) notDrawn('the seed selects other items');
    return draw.selected;
  }

  async function sampleLayer(read, contents, claim, report) {
    const layer = new Layer('sample');
    const selected = (await layer.hold('', () => redraw(read, contents, claim))) ?? [];
    const tests = (report.controls ?? []).find(({ id }) => id === claim.sample.control)?.tests ?? [];
    const counted = new Set(tests.filter((test) => test.counted === true).map((test) => test.dataset));
    // the rows of each item, in the order of the datasets
    const rows = new Map();
    for (const [dataset, bytes] of contents.rows) {
      const name = `sample/${dataset}.csv`;
      const sheet = await layer.hold(name, () => told.readRows(bytes));
      if (!sheet) continue;
      const about = (report.populations ?? []).find(({ id }) => id === dataset);
      const named = (about?.query?.columns ?? []).map((column) => column.name).join('\n') === sheet.columns.join('\n');
      layer.demand(counted.has(dataset) && named, name, 'evidence-rows', 'these are no rows of a test of the control');
      for (const row of sheet.rows) {
        const item = await told.itemId(row.item ?? '');
        layer.demand(selected.includes(item), name, 'evidence-rows', 'the row is of no item that was selected');
        rows.set(item, [...(rows.get(item) ?? []), { dataset, row }]);
        const cited = (row.entries ?? '').split(' ').filter((index) => index !== '');
        layer.demand(cited.every((index) => contents.entries.has(Number(index))), name, 'evidence-missing', 'an entry that the row cites is not here');
      }
    }
    for (const dataset of counted) layer.demand(contents.rows.has(dataset), `sample/${dataset}.csv`, 'evidence-missing', 'a test counts for the control, and its rows are not here');
    for (const item of selected) layer.demand(rows.has(item), POPULATION, 'evidence-missing', `no row is of the item \`${item}\``);
    layer.looked = `${selected.length} items of ${claim.sample.control}, drawn from what was committed before`;
    return { layer, selected, rows, tests };
  }

  function outcome(layers, found, names = LAYERS) {
    for (const name of names.filter((known) => !layers.some((layer) => layer.name === known))) {
      const layer = new Layer(name);
      layer.fault('', 'evidence-unseen', 'it was not looked at: what it stands on does not hold', UNKNOWN);
      layers.push(layer);
    }
    const any = (verdict) => layers.some((layer) => layer.verdict === verdict);
    return { verdict: any(FALSE) ? FALSE : any(UNKNOWN) ? UNKNOWN : HOLDS, layers, ...found };
  }

  /** Verifies a package: the bytes of a zip, and the reader's own policy, or nothing. An answer comes back, whatever is in it. */
  async function verify(bytes, policy, progress) {
    const layers = [new Layer('package')];
    try {
      return await ask(bytes, policy, progress, layers);
    } catch (error) {
      layers[0].fault('', 'page-fault', `something in the package is of no known form: ${error.message}`);
      return outcome(layers, {});
    }
  }

  /** All lines of a log: each in its form and place, linked, signed, and together the tree of the checkpoint. */
  async function logLayer(contents, checkpoint, progress) {
    const layer = new Layer('log');
    const [read, frontier] = [[], new tree.Frontier()];
    const genesis = /\/([0-9a-f]{64})$/.exec(checkpoint.origin)?.[1];
    let index = 0;
    for (const [name, bytes] of contents.all) {
      if (!name.startsWith('log/entries/')) continue;
      layer.demand(name === `log/entries/${place(index)}.jsonl`, name, 'segment-name', 'the file does not begin where the one before it ends');
      layer.demand(bytes.at(-1) === 10, name, 'segment-line', 'the last line does not end');
      for (let from = 0; from < bytes.length; index += 1) {
        const end = bytes.indexOf(10, from) < 0 ? bytes.length : bytes.indexOf(10, from);
        const line = bytes.subarray(from, end);
        from = end + 1;
        await frontier.push(await tree.leaf(line));
        const number = index;
        const entry = await layer.hold(`entry ${number}`, () => entries.parse(line));
        await progress?.(number, Number(checkpoint.size));
        if (!entry) continue;
        read.push(entry);
        layer.demand(entry.index === number, `entry ${number}`, 'evidence-index', `the line is that of entry ${entry.index}`);
        const own = hex(entry.event.ledger ?? (await sha256(entry.event.bytes)));
        layer.demand((entry.index === 0) === !entry.event.ledger && own === genesis, `entry ${number}`, 'evidence-ledger', 'the entry is of another ledger');
      }
    }
    const whole = frontier.size === checkpoint.size && same(await frontier.root(), checkpoint.root);
    layer.demand(whole, 'log', 'evidence-checkpoint', 'the entries are not those of the checkpoint');
    const keys = keysOf(read);
    const signatures = await signaturesLayer(read, keys, progress);
    for (const part of [chainLayer(read, checkpoint.origin), signatures]) for (const fault of part.faults) layer.fault(fault.place, fault.code, fault.message);
    layer.looked = `${index} entries from the first on, ${signatures.looked}`;
    return { layer, read, keys };
  }

  /** A package of a population: its whole log. */
  async function population(members, packed, policy, progress, layers) {
    const done = (found) => outcome(layers, found, POPULATION_LAYERS);
    const contents = await layers[0].hold('', () => sortPopulation(members));
    if (!contents) return done({});
    layers[0].looked = `${members.size} members`;
    const { layer, manifest } = await manifestLayer(contents, packed);
    layers.push(layer);
    if (!manifest) return done({ contents });
    const { claim } = manifest;
    layer.demand(claim.kind === 'population', MANIFEST, 'evidence-kind', 'the manifest is of another kind of package');
    layers.push(await checkpointLayer(contents, claim, policy));
    let checkpoint;
    try {
      checkpoint = notes.readCheckpoint(notes.readNote(contents.all.get(CHECKPOINT)).text);
    } catch {
      return done({ contents, claim });
    }
    const found = await logLayer(contents, checkpoint, progress);
    layers.push(found.layer, await signerLayer(manifest, found.keys));
    const reading = new Layer('report');
    const report = await reading.hold(REPORT, () => told.readReport(contents.all.get(REPORT)));
    layers.push(report ? await reportLayer(report, contents, claim) : reading);
    return done({ contents, claim, checkpoint, read: found.read, report });
  }

  /** A bundle: entries under a checkpoint, without a claim beside. */
  async function bundle(members, packed, policy, progress, layers) {
    const contents = await layers[0].hold('', () => sortMembers(members, true));
    if (!contents) return outcome(layers, {}, BUNDLE);
    layers[0].demand(packed === undefined, '', 'evidence-packed', 'nothing signs how a bundle is packed');
    layers[0].looked = `${members.size} members`;
    layers.push(await checkpointLayer(contents, undefined, policy));
    let checkpoint;
    try {
      checkpoint = notes.readCheckpoint(notes.readNote(contents.all.get(CHECKPOINT)).text);
    } catch {
      return outcome(layers, { contents }, BUNDLE);
    }
    const { layer, read } = await entriesLayer(contents, checkpoint, progress);
    const keys = keysOf(read);
    layers.push(layer, chainLayer(read, checkpoint.origin), await signaturesLayer(read, keys, progress), keysLayer(read));
    const { layer: disclosures, opened } = await disclosuresLayer(read, contents);
    return outcome([...layers, disclosures], { contents, checkpoint, read, opened, bundle: true }, BUNDLE);
  }

  async function ask(bytes, policy, progress, layers) {
    const opened = await layers[0].hold('', () => zip.decode(bytes));
    if (!opened) return outcome(layers, {});
    const { members, packed } = opened;
    if (isBundle(members)) return bundle(members, packed, policy, progress, layers);
    if (isPopulation(members)) return population(members, packed, policy, progress, layers);
    const contents = await layers[0].hold('', () => sortMembers(members));
    if (!contents) return outcome(layers, {});
    layers[0].looked = `${members.size} members`;
    const { layer, manifest } = await manifestLayer(contents, packed);
    layers.push(layer);
    if (!manifest) return outcome(layers, { contents });
    const { claim } = manifest;
    if (!layer.demand(claim.kind === 'sample', MANIFEST, 'evidence-kind', 'the manifest is of another kind of package')) return outcome(layers, { contents });
    layers.push(await checkpointLayer(contents, claim, policy));
    let checkpoint;
    try {
      checkpoint = notes.readCheckpoint(notes.readNote(contents.all.get(CHECKPOINT)).text);
    } catch {
      return outcome(layers, { contents, claim });
    }
    const found = await entriesLayer(contents, checkpoint, progress);
    const { read } = found;
    const keys = keysOf(read);
    layers.push(found.layer, chainLayer(read, checkpoint.origin), await signaturesLayer(read, keys, progress), keysLayer(read), await signerLayer(manifest, keys));
    const { layer: disclosures, opened: values } = await disclosuresLayer(read, contents, claim);
    const reading = new Layer('report');
    const report = await reading.hold(REPORT, () => told.readReport(contents.all.get(REPORT)));
    if (!report) return outcome([...layers, disclosures, reading], { contents, claim, read, opened: values });
    layers.push(await consistencyLayer(headsOf(report, read), contents, checkpoint), disclosures, await reportLayer(report, contents, claim));
    const { layer: sample, selected, rows, tests } = await sampleLayer(read, contents, claim, report);
    return outcome([...layers, sample], { contents, claim, checkpoint, read, opened: values, report, selected, rows, tests });
  }

  return { verify, CANNOT, LAYERS };
})();
