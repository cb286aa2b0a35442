'use strict';
// The container (evidence.md): a zip that is byte for byte what is written for its members. How members are deflated is
// bound by what was signed.

const zip = (() => {
  const LOCAL = [0x50, 0x4b, 3, 4];
  const CENTRAL = [0x50, 0x4b, 1, 2];
  const END = [0x50, 0x4b, 5, 6];
  // version 1.0 for what is stored and 2.0 for what is deflated, no flags, midnight of 1 January 1980
  const fixed = ({ deflated }) => (deflated ? [20, 0, 0, 0, 8, 0, 0, 0, 0x21, 0] : [10, 0, 0, 0, 0, 0, 0, 0, 0x21, 0]);
  const [MEMBERS, NAME, BYTES, INFLATED, RATIO] = [65_534, 200, 0xffff0000, 2 ** 30, 200];
  /** The member that says how the others are packed: it is always stored. */
  const BINDING = 'manifest.json';

  const TABLE = Uint32Array.from({ length: 256 }, (_, byte) => {
    let sum = byte;
    for (let bit = 0; bit < 8; bit += 1) sum = sum & 1 ? (sum >>> 1) ^ 0xedb88320 : sum >>> 1;
    return sum;
  });

  function crc32(bytes) {
    let sum = 0xffffffff;
    for (let at = 0; at < bytes.length; at += 1) sum = (sum >>> 8) ^ TABLE[(sum ^ bytes[at]) & 255];
    return (sum ^ 0xffffffff) >>> 0;
  }

  const u32 = (number) => [number & 255, (number >>> 8) & 255, (number >>> 16) & 255, number >>> 24];
  const u16 = (number) => [number & 255, number >>> 8];
  const sizes = ({ name, sum, body, size }) => [...u32(sum), ...u32(body.length), ...u32(size), ...u16(utf8(name).length)];
  const local = (record) => [...LOCAL, ...fixed(record), ...sizes(record), 0, 0, ...utf8(record.name)];

  function central(record, at) {
    const none = new Array(12).fill(0);
    return [...CENTRAL, ...fixed(record).slice(0, 2), ...fixed(record), ...sizes(record), ...none, ...u32(at), ...utf8(record.name)];
  }

  const end = (count, size, at) => [...END, 0, 0, 0, 0, ...u16(count), ...u16(count), ...u32(size), ...u32(at), 0, 0];
  const form = (at) => refuse('zip-form', `from byte ${at} on this is not the one zip of its members`);

  /** Refuses names that lead elsewhere, that differ in case only, or that are a file and a folder. */
  function checkNames(names) {
    const known = new Map();
    for (const name of names) {
      const parts = name.split('/');
      if (name.length > NAME || parts.some((part) => !/^[A-Za-z0-9_-][A-Za-z0-9._-]*$/.test(part))) refuse('zip-name', `\`${name}\` is no name of a member`);
      const lower = name.toLowerCase();
      for (let at = lower.indexOf('/'); at >= 0; at = lower.indexOf('/', at + 1)) {
        const folder = lower.slice(0, at);
        if (known.get(folder) === 'file') refuse('zip-name', `a part of \`${name}\` is a member`);
        known.set(folder, 'folder');
      }
      if (known.get(lower) === 'folder') refuse('zip-name', `\`${name}\` is that of a folder too`);
      if (known.has(lower)) refuse('zip-case', `\`${name}\` and another name differ in case only`);
      known.set(lower, 'file');
    }
  }

  /** The member at an offset, if its header is the one that would be written for it. */
  function recordAt(bytes, view, at) {
    if (at + 30 > bytes.length) form(at);
    const u32At = (offset) => view.getUint32(at + offset, true);
    const [sum, packed, size, length] = [u32At(14), u32At(18), u32At(22), view.getUint16(at + 26, true)];
    const from = at + 30 + length;
    if (length > 255 || from + packed > bytes.length) form(at);
    const name = textOf(bytes.subarray(at + 30, from), 'zip-form');
    const record = { name, sum, size, deflated: bytes[at + 8] === 8 && name !== BINDING, body: bytes.subarray(from, from + packed), end: from + packed };
    const whole = record.deflated ? size <= packed * RATIO : size === packed;
    if (!whole || !same(bytes.subarray(at, from), Uint8Array.from(local(record)))) form(at);
    return record;
  }

  /** Inflates, giving each piece to `take`; whether the whole was deflate, from its beginning to its end. */
  async function inflateInto(body, take) {
    const reader = new Blob([body]).stream().pipeThrough(new DecompressionStream('deflate-raw')).getReader();
    try {
      for (;;) {
        const { done, value } = await reader.read();
        if (done) return true;
        if (!take(value)) {
          await reader.cancel();
          return false;
        }
      }
    } catch {
      return false;
    }
  }

  /** Whether bytes behind the end of what is deflated are seen here: not every engine refuses them. */
  let strict;
  async function endsWhereItEnds(body) {
    // the empty deflated text, and a byte behind it
    strict ??= inflateInto(Uint8Array.of(3, 0, 0), () => true).then((taken) => !taken);
    if (await strict) return true;
    // without its last byte it must be incomplete
    return !(await inflateInto(body.subarray(0, -1), () => true));
  }

  /** Exactly as many bytes as are said, from all of what is given. */
  async function inflate({ name, body, size }) {
    const inflated = new Uint8Array(size);
    let at = 0;
    const whole = await inflateInto(body, (piece) => {
      if (at + piece.length > size) return false;
      inflated.set(piece, at);
      at += piece.length;
      return true;
    });
    if (!whole || at !== size || !(await endsWhereItEnds(body))) refuse('zip-deflate', `\`${name}\` does not inflate to the bytes that it says`);
    return inflated;
  }

  /** The members of a zip by name, and how they are packed where that could have been done otherwise. */
  async function decode(bytes) {
    if (bytes.length > BYTES) refuse('zip-large', 'the package is too large');
    const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
    const members = new Map();
    const [directory, records] = [[], []];
    let [at, total, last, deflated] = [0, 0, '', false];
    while (LOCAL.every((byte, offset) => bytes[at + offset] === byte)) {
      const found = recordAt(bytes, view, at);
      if (members.size > 0 && found.name <= last) refuse('zip-order', `\`${found.name}\` does not come after the one before it`);
      total += found.size;
      if (total > INFLATED && found.name.startsWith('log/')) refuse('page-large', 'the package is larger than this page takes: `ledger verify` reads it');
      if (members.size === MEMBERS || total > INFLATED) refuse('zip-large', 'the package has too many members, or too many bytes in them');
      directory.push(Uint8Array.from(central(found, at)));
      if (found.name !== BINDING) records.push(bytes.subarray(at, found.end));
      deflated ||= found.deflated;
      const member = found.deflated ? await inflate(found) : found.body;
      if (crc32(member) !== found.sum) refuse('zip-sum', `\`${found.name}\` is damaged`);
      members.set(found.name, member);
      last = found.name;
      at = found.end;
    }
    checkNames(members.keys());
    const size = directory.reduce((sum, part) => sum + part.length, 0);
    const rest = join(...directory, Uint8Array.from(end(members.size, size, at)));
    if (members.size === 0 || !same(bytes.subarray(at), rest)) form(at);
    return { members, packed: deflated ? `sha256:${hex(await sha256(...records))}` : undefined };
  }

  return { decode, checkNames };
})();
