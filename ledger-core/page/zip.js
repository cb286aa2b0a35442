'use strict';
// The container (evidence.md): a zip that is byte for byte the one spelling of its members.

const zip = (() => {
  const LOCAL = [0x50, 0x4b, 3, 4];
  const CENTRAL = [0x50, 0x4b, 1, 2];
  const END = [0x50, 0x4b, 5, 6];
  // version 1.0, no flags, stored, midnight of 1 January 1980
  const FIXED = [10, 0, 0, 0, 0, 0, 0, 0, 0x21, 0];
  const [MEMBERS, NAME, BYTES] = [65_534, 200, 0xffff0000];

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
  const local = (name, sum, size) => [...LOCAL, ...FIXED, ...u32(sum), ...u32(size), ...u32(size), ...u16(utf8(name).length), 0, 0, ...utf8(name)];

  function central(name, sum, size, at) {
    const none = new Array(12).fill(0);
    return [...CENTRAL, 10, 0, ...FIXED, ...u32(sum), ...u32(size), ...u32(size), ...u16(utf8(name).length), ...none, ...u32(at), ...utf8(name)];
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

  function member(bytes, view, at) {
    if (at + 30 > bytes.length) form(at);
    const [sum, size, length] = [view.getUint32(at + 14, true), view.getUint32(at + 22, true), view.getUint16(at + 26, true)];
    const from = at + 30 + length;
    if (length > 255 || from + size > bytes.length) form(at);
    const name = textOf(bytes.subarray(at + 30, from), 'zip-form');
    if (!same(bytes.subarray(at, from), Uint8Array.from(local(name, sum, size)))) form(at);
    return { name, sum, bytes: bytes.subarray(from, from + size), end: from + size };
  }

  /** The members of a zip by name. */
  function decode(bytes) {
    if (bytes.length > BYTES) refuse('zip-large', 'the package is too large');
    const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
    const members = new Map();
    const directory = [];
    let at = 0;
    let last = '';
    while (LOCAL.every((byte, offset) => bytes[at + offset] === byte)) {
      const found = member(bytes, view, at);
      if (members.size > 0 && found.name <= last) refuse('zip-order', `\`${found.name}\` does not come after the one before it`);
      if (members.size === MEMBERS) refuse('zip-large', 'the package has too many members');
      if (crc32(found.bytes) !== found.sum) refuse('zip-sum', `\`${found.name}\` is damaged`);
      directory.push(Uint8Array.from(central(found.name, found.sum, found.bytes.length, at)));
      members.set(found.name, found.bytes);
      last = found.name;
      at = found.end;
    }
    checkNames(members.keys());
    const size = directory.reduce((sum, part) => sum + part.length, 0);
    const rest = join(...directory, Uint8Array.from(end(members.size, size, at)));
    if (members.size === 0 || !same(bytes.subarray(at), rest)) form(at);
    return members;
  }

  return { decode, checkNames };
})();
