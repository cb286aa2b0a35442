'use strict';
// Bytes and their spellings: each has exactly one, and everything else is refused.

/** A refusal: a stable code, as the pages of the formats name them, and a sentence for people. */
class Refusal extends Error {
  constructor(code, message) {
    super(message);
    this.code = code;
  }
}

function refuse(code, message) {
  throw new Refusal(code, message);
}

const encoder = new TextEncoder();
// a byte order mark is a character like any other: it is not dropped
const decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

const utf8 = (text) => encoder.encode(text);

function textOf(bytes, code) {
  try {
    return decoder.decode(bytes);
  } catch {
    return refuse(code, 'the bytes are not UTF-8');
  }
}

function join(...parts) {
  const all = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) {
    all.set(part, at);
    at += part.length;
  }
  return all;
}

function same(a, b) {
  return a.length === b.length && a.every((byte, at) => byte === b[at]);
}

const hex = (bytes) => Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join('');

const fromHex = (text) => Uint8Array.from(text.match(/../g) || [], (pair) => parseInt(pair, 16));

function base64(bytes) {
  let text = '';
  for (let at = 0; at < bytes.length; at += 8192) text += String.fromCharCode(...bytes.subarray(at, at + 8192));
  return btoa(text);
}

/** Padded base64 with zero unused bits; `length` bytes where it is given. */
function fromBase64(text, length, code = 'base64') {
  let bytes;
  try {
    bytes = Uint8Array.from(atob(text), (character) => character.charCodeAt(0));
  } catch {
    return refuse(code, 'this is not base64');
  }
  if (base64(bytes) !== text) refuse(code, 'this is not the one base64 spelling of its bytes');
  if (length !== undefined && bytes.length !== length) refuse(code, `this is not ${length} bytes in base64`);
  return bytes;
}

const base64url = (bytes) => base64(bytes).replace(/=+$/, '').replaceAll('+', '-').replaceAll('/', '_');

/** A decimal of 64 bits without sign or leading zero, as a BigInt. */
function decimal(text, code) {
  if (!/^(0|[1-9][0-9]{0,19})$/.test(text) || BigInt(text) >= 2n ** 64n) refuse(code, `\`${text}\` is no plain decimal`);
  return BigInt(text);
}

/** The number as 8 bytes, highest first. */
function u64be(number) {
  const bytes = new Uint8Array(8);
  new DataView(bytes.buffer).setBigUint64(0, BigInt(number));
  return bytes;
}

async function sha256(...parts) {
  return new Uint8Array(await crypto.subtle.digest('SHA-256', parts.length === 1 ? parts[0] : join(...parts)));
}
