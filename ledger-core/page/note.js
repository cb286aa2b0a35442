'use strict';
// Signed notes, checkpoints, policies and proofs of an entry (note.md, checkpoint.md, policy.md, proof.md).

const notes = (() => {
  const ED25519 = 1;
  const COSIGNATURE = 4;
  const EMPTY_ROOT = '47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=';
  const [NOTE, POLICY, PROOF] = [1_000_000, 1_000_000, 1_100_000];

  function checkName(name) {
    // white space as Unicode has it; a byte order mark is none
    const space = /[\u0085\p{Z}]/u.test(name);
    if (name === '' || utf8(name).length > 255 || space || /[\u0000-\u0020+]/.test(name)) refuse('note-name', 'the name of a key holds a space or `+`, or is too long');
  }

  function readLine(line) {
    const parts = line.startsWith('— ') ? line.slice(2) : undefined;
    const space = parts?.indexOf(' ') ?? -1;
    if (space < 0) refuse('note-line', 'a signature line is a dash, a name and base64');
    const name = parts.slice(0, space);
    const blob = fromBase64(parts.slice(space + 1), undefined, 'note-line');
    if (blob.length < 4) refuse('note-line', 'a signature line has no key id');
    checkName(name);
    if (blob.length === 4) refuse('note-line', 'a signature has at least one byte');
    return { name, id: hex(blob.subarray(0, 4)), signature: blob.subarray(4) };
  }

  /** The text of a note and its signature lines; nothing of it is believed yet. */
  function readNote(bytes) {
    if (bytes.length > NOTE) refuse('note-large', 'the note is too large');
    const note = textOf(bytes, 'note-utf8');
    if (/[\u0000-\u0009\u000b-\u001f]/.test(note)) refuse('note-control', 'the note holds a control character');
    const end = note.lastIndexOf('\n\n');
    if (end < 0) refuse('note-split', 'no empty line parts the text from its signatures');
    const lines = note.slice(end + 2);
    if (lines === '') refuse('note-no-signature', 'a note has at least one signature');
    if (!lines.endsWith('\n')) refuse('note-newline', 'the note does not end with a newline');
    const list = lines.slice(0, -1).split('\n');
    if (list.length > 100) refuse('note-signatures', 'the note has more than 100 signatures');
    return { text: note.slice(0, end + 1), signatures: list.map(readLine) };
  }

  function readCheckpoint(text) {
    if (utf8(text).length > 65_536) refuse('checkpoint-large', 'the checkpoint is too large');
    const lines = text.endsWith('\n') ? text.slice(0, -1).split('\n') : [];
    const plain = (line, code) => {
      if (line === '' || /[\u0000-\u001f]/.test(line)) refuse(code, 'a line is empty or holds a control character');
      return line;
    };
    if (lines.length === 0) refuse('checkpoint-lines', 'a checkpoint has an origin, a size and a root');
    const origin = plain(lines[0], 'checkpoint-origin');
    if (lines.length < 2) refuse('checkpoint-lines', 'a checkpoint has an origin, a size and a root');
    const size = decimal(lines[1], 'checkpoint-size');
    if (lines.length < 3) refuse('checkpoint-lines', 'a checkpoint has an origin, a size and a root');
    const root = fromBase64(lines[2], 32, 'checkpoint-root');
    if (size === 0n && lines[2] !== EMPTY_ROOT) refuse('checkpoint-root', 'a log without entries has the hash of nothing as its root');
    for (const line of lines.slice(3)) plain(line, 'checkpoint-extension');
    return { origin, size, root };
  }

  /** Reads a verifier key, `name+id+base64`. */
  async function readKey(text) {
    const [, name, id, rest] = /^([^+]*)\+([^+]*)\+([^]*)$/.exec(text) || refuse('vkey-form', 'a verifier key is a name, an id and a key');
    if (!/^[0-9a-f]{8}$/.test(id)) refuse('vkey-form', 'the id of the key is not 8 hex digits');
    const bytes = fromBase64(rest, undefined, 'vkey-form');
    if (bytes.length === 0) refuse('vkey-form', 'the key has no type');
    checkName(name);
    const hash = await sha256(utf8(name), Uint8Array.of(10), bytes);
    if (hex(hash.subarray(0, 4)) !== id) refuse('vkey-id', `the id of the key \`${name}\` belongs to another name or key`);
    const type = bytes[0];
    if (type !== ED25519 && type !== COSIGNATURE) refuse('vkey-type', `the key \`${name}\` is of an unknown type`);
    const key = bytes.subarray(1);
    if (key.length !== 32) refuse('vkey-length', `the key \`${name}\` does not have 32 bytes`);
    const fault = ed25519.fault(key);
    if (fault) refuse(fault === 'point' ? 'vkey-point' : 'vkey-weak', `the key \`${name}\` is not one to trust`);
    return { name, id, type, key };
  }

  /** The time of a cosignature, or true; false where the line is not the key's signature of the text. */
  async function holds(key, text, line) {
    if (key.type === ED25519) return ed25519.verify(key.key, utf8(text), line.signature);
    if (line.signature.length !== 72) return false;
    const time = new DataView(line.signature.buffer, line.signature.byteOffset).getBigUint64(0);
    if (time >= 2n ** 63n) return false;
    const message = utf8(`cosignature/v1\ntime ${time}\n${text}`);
    return (await ed25519.verify(key.key, message, line.signature.subarray(8))) && { time };
  }

  /** Which of the keys signed the note; one line of theirs that does not hold refuses all of it. */
  async function open(bytes, keys) {
    const note = readNote(bytes);
    const verified = new Map();
    for (const line of note.signatures) {
      const matching = keys.filter((key) => key.name === line.name && key.id === line.id);
      if (matching.length > 1) refuse('note-ambiguous', `two of the keys are called \`${line.name}\` with the same id`);
      if (matching.length === 0 || verified.has(matching[0])) continue;
      const held = await holds(matching[0], note.text, line);
      if (!held) refuse('note-signature', `the signature by \`${line.name}\` does not hold for this text`);
      verified.set(matching[0], held);
    }
    if (verified.size === 0) refuse('note-unknown', 'the note is not signed by a known key');
    return { text: note.text, verified };
  }

  class PolicyReader {
    constructor() {
      this.logs = [];
      this.voters = [];
      this.taken = new Set();
      this.quorum = undefined;
    }

    async line(line) {
      if (/[\u0000-\u0008\u000a-\u001f\u007f]/.test(line)) refuse('policy-octet', 'a policy holds no control characters');
      const items = line.split(/[ \t]/).filter((item) => item !== '');
      const [word, first, second, ...rest] = items;
      if (word === undefined || word.startsWith('#')) return;
      if (word === 'log' && items.length >= 2) await this.log(first, items.slice(2));
      else if (word === 'witness' && items.length >= 3) await this.witness(first, second, rest);
      else if (word === 'group' && items.length >= 3) this.group(first, second, rest);
      else if (word === 'quorum' && items.length === 2) this.decide(first);
      else refuse('policy-line', 'this is no line of a policy');
    }

    async key(item, urls, type) {
      // the file is octets; a key is UTF-8
      const key = await readKey(textOf(Uint8Array.from(item, (octet) => octet.charCodeAt(0)), 'vkey-form'));
      if (urls.length > 1) refuse('policy-line', 'there is more on the line than a key and a URL');
      if (key.type !== type) refuse('policy-key-type', 'a log signs with type 1, a witness with type 4');
      const known = [...this.logs, ...this.voters.filter((voter) => voter.key).map((voter) => voter.key)];
      if (known.some((other) => same(other.key, key.key))) refuse('policy-duplicate-key', 'a public key stands in the policy twice');
      return key;
    }

    async log(item, urls) {
      const key = await this.key(item, urls, ED25519);
      if (this.logs.length >= 1024) refuse('policy-limit', 'the policy has more than 1024 logs');
      this.logs.push(key);
    }

    voter(voter) {
      if (voter.name === 'none' || this.voters.some((known) => known.name === voter.name)) refuse('policy-duplicate-name', `\`${voter.name}\` stands twice`);
      if (this.voters.length >= 1024) refuse('policy-limit', 'the policy has more than 1024 witnesses and groups');
      this.voters.push(voter);
    }

    async witness(name, item, urls) {
      this.voter({ name, key: await this.key(item, urls, COSIGNATURE) });
    }

    defined(name) {
      const found = this.voters.findIndex((voter) => voter.name === name);
      if (found < 0) refuse('policy-undefined', `no earlier line defines \`${name}\``);
      return found;
    }

    group(name, wanted, names) {
      const members = names.map((member) => this.defined(member));
      if (new Set(members).size !== members.length || members.some((member) => this.taken.has(member))) refuse('policy-member-twice', 'a witness or group is a member once');
      const plain = /^(0|[1-9][0-9]{0,5})$/.test(wanted) ? Number(wanted) : 0;
      const threshold = wanted === 'all' ? members.length : wanted === 'any' ? 1 : plain;
      if (threshold < 1 || threshold > members.length) refuse('policy-threshold', 'a group asks for `all`, `any`, or a number of its members');
      members.forEach((member) => this.taken.add(member));
      this.voter({ name, threshold, members });
    }

    decide(name) {
      if (this.quorum) refuse('policy-quorum', 'the policy has two quorum lines');
      this.quorum = { voter: name === 'none' ? undefined : this.defined(name) };
    }
  }

  async function readPolicy(bytes) {
    if (bytes.length > POLICY) refuse('policy-large', 'the policy is too large');
    const text = Array.from(bytes, (byte) => String.fromCharCode(byte)).join('');
    if (text !== '' && !text.endsWith('\n')) refuse('policy-newline', 'the last line does not end');
    const reader = new PolicyReader();
    for (const line of text.split('\n').slice(0, -1)) await reader.line(line);
    if (!reader.quorum) refuse('policy-quorum', 'the policy has no quorum line');
    return reader;
  }

  /** The checkpoint of a note that the policy accepts, and who cosigned it. */
  async function check(policy, bytes) {
    const witnesses = policy.voters.filter((voter) => voter.key);
    const opened = await open(bytes, [...policy.logs, ...witnesses.map((voter) => voter.key)]);
    const checkpoint = readCheckpoint(opened.text);
    if (!policy.logs.some((log) => opened.verified.has(log) && log.name === checkpoint.origin)) refuse('policy-log', `no trusted log called \`${checkpoint.origin}\` signed the checkpoint`);
    const votes = [];
    for (const voter of policy.voters) votes.push(voter.key ? opened.verified.has(voter.key) : voter.members.filter((member) => votes[member]).length >= voter.threshold);
    if (policy.quorum.voter !== undefined && !votes[policy.quorum.voter]) refuse('policy-quorum-unmet', 'the witnesses that cosigned are not the quorum');
    const cosigned = witnesses.filter((voter) => opened.verified.has(voter.key));
    return { ...checkpoint, witnesses: cosigned.map((voter) => ({ name: voter.name, time: opened.verified.get(voter.key).time })) };
  }

  /** The lines up to the empty one, and what follows it, as bytes. */
  function head(bytes, limit, name) {
    if (bytes.length > limit) refuse(`${name}-large`, 'the proof is too large');
    const lines = [];
    let from = 0;
    for (;;) {
      const end = bytes.indexOf(10, from);
      if (end < 0) return { lines, rest: undefined };
      const line = bytes.subarray(from, end);
      from = end + 1;
      if (line.length === 0 && lines.length > 0) return { lines, rest: bytes.subarray(from) };
      lines.push(Array.from(line, (byte) => String.fromCharCode(byte)).join(''));
      if (lines.length > 300) return { lines, rest: undefined };
    }
  }

  function hashes(lines, limit, name) {
    return lines.map((line, at) => {
      if (at >= limit) refuse(`${name}-length`, 'the proof has too many hashes');
      return fromBase64(line, 32, `${name}-hash`);
    });
  }

  function readProof(bytes) {
    const { lines, rest } = head(bytes, PROOF, 'proof');
    if (lines[0] !== 'c2sp.org/tlog-proof@v1') refuse('proof-header', 'the first line is not that of a proof');
    let at = 1;
    if (lines[at] === undefined) refuse(rest ? 'proof-index' : 'proof-split', 'the proof ends early');
    if (lines[at].startsWith('extra ')) {
      const extra = fromBase64(lines[at].slice(6), undefined, 'proof-extra');
      if (extra.length === 0 || extra.length > 65_536) refuse('proof-extra', 'extra data is 1 to 65536 bytes');
      at += 1;
      if (lines[at] === undefined) refuse(rest ? 'proof-index' : 'proof-split', 'the proof ends early');
    }
    if (!lines[at].startsWith('index ')) refuse('proof-index', 'no index stands where it should');
    const index = decimal(lines[at].slice(6), 'proof-index');
    const path = hashes(lines.slice(at + 1), 65, 'proof');
    if (!rest) refuse('proof-split', 'no empty line stands before the checkpoint');
    readCheckpoint(readNote(rest).text);
    return { index, path, note: rest };
  }

  /** The text of C2SP `tlog-witness`: `old N`, hashes, an empty line, the newer checkpoint. */
  function readConsistency(bytes) {
    const { lines, rest } = head(bytes, PROOF, 'consistency');
    if (!rest || !lines[0]?.startsWith('old ')) refuse('consistency-form', 'this is no consistency proof');
    const old = decimal(lines[0].slice(4), 'consistency-form');
    return { old, path: hashes(lines.slice(1), 65, 'consistency'), note: rest };
  }

  return { readNote, readCheckpoint, readKey, readPolicy, readProof, readConsistency, open, check };
})();
