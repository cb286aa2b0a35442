// Holds the page's formats against the vectors: `node .ci/page-vectors.js`. The page and the library are two implementations.
'use strict';
const fs = require('fs');
const path = require('path');
const vm = require('vm');
const root = path.join(__dirname, '..');
const parts = ['bytes', 'blake3', 'ed25519', 'json', 'tree', 'note', 'entry', 'zip', 'told'];
const source = parts.map((name) => fs.readFileSync(path.join(root, 'ledger-core/page', `${name}.js`), 'utf8')).join('\n');
const names = 'blake3, ed25519, json, tree, notes, entries, Refusal, refuse, utf8, base64, fromBase64, fromHex, decimal, sha256, same, hex, encodingOf, base64url, zip, told';
const lib = vm.runInThisContext(`(() => {${source}\nreturn { ${names} };})()`);

function vectors(format) {
  const folder = path.join(root, 'fixtures', format);
  return fs.readdirSync(folder).filter((name) => name.endsWith('.vector')).map((name) => {
    const file = fs.readFileSync(path.join(folder, name));
    const end = file.indexOf('\n\n');
    const lines = file.subarray(0, end).toString().split('\n').map((line) => [line.split(': ', 1)[0], line.slice(line.indexOf(': ') + 2)]);
    return { name: `${format}/${name}`, ...Object.fromEntries(lines), all: lines, bytes: new Uint8Array(file.subarray(end + 2)) };
  });
}

const word = (bytes) => Buffer.from(bytes).toString();
const hashesOf = (bytes) => word(bytes).split('\n').filter((line) => line).map((line) => lib.fromBase64(line, 32));

const LOG = 'example.com/log/testdata+33d7b496+AeHTu4Q3hEIMHNqc6fASMsq3rKNx280NI+oO5xCFkkSx';
const WITNESS = 'Wit1+9b3fb2d5+BFhZSmQj9+SoL+p/nN0Hh76xXmF7QcHfytUrI1XfSClk';

const judges = {
  json: async ({ bytes, read }) => {
    if (read === 'any') return 'skip';
    const node = lib.json.read(bytes, read === 'line' ? 'pointers' : 'plain');
    if (lib.json.write(lib.json.plain(node)) !== word(bytes)) throw new Error('another text');
  },
  key: async ({ bytes, read }) => {
    if (read !== 'point') return 'skip';
    lib.ed25519.checkKey(lib.fromBase64(word(bytes), 32));
  },
  signature: async ({ bytes, key, signature, over }) => {
    const message = over === 'event' ? lib.encodingOf('application/vnd.release-ledger.event+json', bytes) : bytes;
    const held = await lib.ed25519.verify(lib.fromBase64(key, 32), message, lib.fromBase64(signature, 64));
    if (!held) lib.refuse('signature-false', 'false');
  },
  tree: async (v) => {
    const number = (name) => BigInt(v[name]);
    const hash = (name) => lib.fromBase64(v[name], 32);
    if (v.what === 'inclusion') await lib.tree.inclusion(number('index'), number('size'), hash('leaf'), hashesOf(v.bytes), hash('root'));
    else await lib.tree.consistency(number('old'), number('size'), hash('old-root'), hashesOf(v.bytes), hash('root'));
  },
  note: async (v) => {
    const keys = [];
    for (const text of v.vkey.split(' ')) keys.push(await lib.notes.readKey(text));
    await lib.notes.open(v.bytes, keys);
  },
  cosignature: async ({ bytes, vkey, time }) => {
    const key = await lib.notes.readKey(vkey);
    const opened = await lib.notes.open(bytes, [key]);
    if (String(opened.verified.get(key).time) !== time) throw new Error('another time');
  },
  checkpoint: async ({ bytes, expect }) => {
    // which ledger an origin names is judged with the package's first entry
    if (expect.startsWith('refuse origin')) return 'skip';
    return lib.notes.readCheckpoint(word(bytes)) && undefined;
  },
  policy: async ({ bytes }) => {
    const policy = await lib.notes.readPolicy(bytes);
    await lib.notes.check(policy, new Uint8Array(fs.readFileSync(path.join(root, 'fixtures/policy/checkpoint.note'))));
  },
  proof: async ({ bytes, entry }) => {
    const proof = lib.notes.readProof(bytes);
    const policy = await lib.notes.readPolicy(lib.utf8(`log ${LOG}\nwitness w1 ${WITNESS}\nquorum w1\n`));
    const checked = await lib.notes.check(policy, proof.note);
    await lib.tree.inclusion(proof.index, checked.size, await lib.tree.leaf(lib.utf8(entry)), proof.path, checked.root);
  },
  event: async ({ bytes, law, hash, expect }) => {
    const event = lib.entries.parseEvent(bytes);
    if (hash && lib.base64(lib.blake3.hash(bytes)) !== hash) throw new Error('another hash');
    if (law === 'meaning' && expect !== 'accept') return 'skip';
    return event && undefined;
  },
  entry: async ({ bytes, hash, leaf }) => {
    const entry = lib.entries.parse(bytes);
    if (hash && entry.hash !== hash) throw new Error('another hash');
    if (leaf && lib.base64(await lib.tree.leaf(bytes)) !== leaf) throw new Error('another leaf');
  },
  evidence: async ({ bytes, read, members }) => {
    const found = read === 'zip' ? (await lib.zip.decode(bytes)).members.size : lib.told.readManifest(bytes).subjects.length;
    if (String(found) !== members) throw new Error('another number of members');
  },
  seal: async (v) => {
    const opened = lib.entries.disclosure(v.bytes);
    const lp = lib.entries.lp;
    const within = v.ledger !== undefined ? lp(lib.fromBase64(v.ledger, 32)) : new Uint8Array([...lp(new Uint8Array()), ...lp(lib.fromBase64(v.nonce, 32))]);
    lib.entries.opens({ within, stream: v.stream, seq: BigInt(v.seq), pointer: v.pointer }, v.sealed, opened);
  },
};

(async () => {
  let wrong = 0;
  for (const [format, judge] of Object.entries(judges)) {
    let [held, skipped] = [0, 0];
    for (const vector of vectors(format)) {
      let outcome = 'accept';
      try {
        if ((await judge(vector)) === 'skip') {
          skipped += 1;
          continue;
        }
      } catch (error) {
        outcome = error.code ? `refuse ${error.code}` : String(error.stack);
      }
      if (outcome === vector.expect) held += 1;
      else {
        wrong += 1;
        console.error(`${vector.name}: ${outcome}, expected ${vector.expect}`);
      }
    }
    console.log(`${format}: ${held} as expected, ${skipped} not of the page`);
  }
  process.exit(wrong ? 1 : 0);
})();
