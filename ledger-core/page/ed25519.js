'use strict';
// Ed25519, strictly: what the browser's own check leaves open is refused before it is asked (key.md, signature.md).

const ed25519 = (() => {
  const P = 2n ** 255n - 19n;
  const L = 2n ** 252n + 27742317777372353535851937790883648493n;
  const mod = (a) => ((a % P) + P) % P;

  function power(base, exponent) {
    let result = 1n;
    for (let b = mod(base), e = exponent; e > 0n; e >>= 1n, b = mod(b * b)) if (e & 1n) result = mod(result * b);
    return result;
  }

  const inverse = (a) => power(a, P - 2n);
  const D = mod(-121665n * inverse(121666n));
  const ROOT_OF_MINUS_ONE = power(2n, (P - 1n) / 4n);
  // y of the points of order 8; those of order 1, 2 and 4 have y = 1, -1 and 0
  const Y8 = little(fromHex('26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05'));
  const SMALL = [0n, 1n, P - 1n, Y8, P - Y8];

  function little(bytes) {
    return bytes.reduceRight((sum, byte) => (sum << 8n) | BigInt(byte), 0n);
  }

  const yOf = (bytes) => little(bytes) & (2n ** 255n - 1n);

  /** The point that 32 bytes spell (RFC 8032, 5.1.3), and whether that is its one spelling; or nothing. */
  function decode(bytes) {
    const y = mod(yOf(bytes));
    const sign = BigInt(bytes[31] >> 7);
    const u = mod(y * y - 1n);
    const v = mod(D * y * y + 1n);
    let x = mod(u * power(v, 3n) * power(u * power(v, 7n), (P - 5n) / 8n));
    if (mod(v * x * x) === mod(-u)) x = mod(x * ROOT_OF_MINUS_ONE);
    if (mod(v * x * x) !== u) return undefined;
    const canonical = yOf(bytes) < P && (x !== 0n || sign === 0n);
    if ((x & 1n) !== sign) x = mod(-x);
    return { point: [x, y, 1n, mod(x * y)], canonical };
  }

  /** Twisted Edwards addition in extended coordinates, complete for this curve. */
  function add([x1, y1, z1, t1], [x2, y2, z2, t2]) {
    const a = mod((y1 - x1) * (y2 - x2));
    const b = mod((y1 + x1) * (y2 + x2));
    const c = mod(2n * D * t1 * t2);
    const d = mod(2n * z1 * z2);
    const [e, f, g, h] = [b - a, d - c, d + c, b + a];
    return [mod(e * f), mod(g * h), mod(f * g), mod(e * h)];
  }

  function times(scalar, point) {
    let result = [0n, 1n, 1n, 0n];
    for (let q = point, e = scalar; e > 0n; e >>= 1n, q = add(q, q)) if (e & 1n) result = add(result, q);
    return result;
  }

  const isIdentity = ([x, y, z]) => x === 0n && y === z;

  /** What is wrong with 32 bytes as a key: no point, another spelling, small order, torsion; or nothing. */
  function fault(bytes) {
    const read = decode(bytes);
    if (!read) return 'point';
    if (!read.canonical) return 'encoding';
    if (isIdentity(times(8n, read.point))) return 'weak';
    return isIdentity(times(L, read.point)) ? undefined : 'torsion';
  }

  /** Refuses what is no key: `key-encoding`, `key-weak`, `key-torsion`. */
  function checkKey(bytes) {
    const found = fault(bytes);
    if (found === 'point' || found === 'encoding') refuse('key-encoding', 'the key is no canonical point of the curve');
    if (found === 'weak') refuse('key-weak', 'the key is of small order: anybody can sign for it');
    if (found === 'torsion') refuse('key-torsion', 'the key carries torsion: verifiers disagree about it');
  }

  const known = new Map();

  /** The browser's key for 32 bytes that are admitted as a key. */
  async function admit(bytes) {
    const name = hex(bytes);
    if (!known.has(name)) {
      checkKey(bytes);
      known.set(name, await crypto.subtle.importKey('raw', bytes, { name: 'Ed25519' }, false, ['verify']));
    }
    return known.get(name);
  }

  /** Whether the signature is one by the key over the message; a key that is none is refused. */
  async function verify(key, message, signature) {
    const admitted = await admit(key);
    if (signature.length !== 64) return false;
    const nonce = signature.subarray(0, 32);
    if (little(signature.subarray(32)) >= L) return false;
    if (yOf(nonce) >= P || SMALL.includes(yOf(nonce))) return false;
    return crypto.subtle.verify({ name: 'Ed25519' }, admitted, signature, message);
  }

  return { fault, checkKey, verify };
})();

/** What an envelope's signature is over (DSSE v1.0.2). */
const encodingOf = (type, payload) => join(utf8(`DSSEv1 ${utf8(type).length} ${type} ${payload.length} `), payload);
