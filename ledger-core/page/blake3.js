'use strict';
// BLAKE3, from its specification (sections 2.1 to 2.6): the hash and the derive-key mode, 32 bytes of output.

const blake3 = (() => {
  const IV = new Uint32Array([0x6a09e667, 0xbb67ae85, 0x3c6ef372, 0xa54ff53a, 0x510e527f, 0x9b05688c, 0x1f83d9ab, 0x5be0cd19]);
  const ORDER = [2, 6, 3, 10, 7, 0, 4, 13, 1, 11, 12, 5, 9, 14, 15, 8];
  const [CHUNK_START, CHUNK_END, PARENT, ROOT] = [1, 2, 4, 8];
  const [CONTEXT, MATERIAL] = [32, 64];
  const [BLOCK, CHUNK] = [64, 1024];

  const turn = (word, by) => (word >>> by) | (word << (32 - by));

  function mix(v, a, b, c, d, x, y) {
    v[a] = v[a] + v[b] + x;
    v[d] = turn(v[d] ^ v[a], 16);
    v[c] += v[d];
    v[b] = turn(v[b] ^ v[c], 12);
    v[a] = v[a] + v[b] + y;
    v[d] = turn(v[d] ^ v[a], 8);
    v[c] += v[d];
    v[b] = turn(v[b] ^ v[c], 7);
  }

  /** One block into a chaining value: the first 8 words of the compression function. */
  function compress(chain, block, counter, length, flags) {
    const v = new Uint32Array(16);
    v.set(chain);
    v.set(IV.subarray(0, 4), 8);
    v.set([counter >>> 0, Math.floor(counter / 2 ** 32), length, flags], 12);
    let m = block;
    for (let round = 0; round < 7; round += 1) {
      mix(v, 0, 4, 8, 12, m[0], m[1]);
      mix(v, 1, 5, 9, 13, m[2], m[3]);
      mix(v, 2, 6, 10, 14, m[4], m[5]);
      mix(v, 3, 7, 11, 15, m[6], m[7]);
      mix(v, 0, 5, 10, 15, m[8], m[9]);
      mix(v, 1, 6, 11, 12, m[10], m[11]);
      mix(v, 2, 7, 8, 13, m[12], m[13]);
      mix(v, 3, 4, 9, 14, m[14], m[15]);
      const last = m;
      m = Uint32Array.from(ORDER, (from) => last[from]);
    }
    return Uint32Array.from({ length: 8 }, (_, at) => v[at] ^ v[at + 8]);
  }

  /** Up to 64 bytes as 16 words, the lowest byte first, filled with zeros. */
  function words(bytes) {
    const block = new Uint32Array(16);
    bytes.forEach((byte, at) => {
      block[at >> 2] |= byte << (8 * (at & 3));
    });
    return block;
  }

  function chunk(bytes, key, counter, flags, root) {
    let chain = key;
    const blocks = Math.max(1, Math.ceil(bytes.length / BLOCK));
    for (let number = 0; number < blocks; number += 1) {
      const part = bytes.subarray(number * BLOCK, (number + 1) * BLOCK);
      const last = number === blocks - 1;
      const place = (number === 0 ? CHUNK_START : 0) | (last ? CHUNK_END | root : 0);
      chain = compress(chain, words(part), counter, part.length, flags | place);
    }
    return chain;
  }

  /** The left part of a tree is the largest power of two of chunks that leaves at least one byte. */
  function tree(bytes, key, counter, flags, root) {
    if (bytes.length <= CHUNK) return chunk(bytes, key, counter, flags, root);
    let left = CHUNK;
    while (left * 2 < bytes.length) left *= 2;
    const block = new Uint32Array(16);
    block.set(tree(bytes.subarray(0, left), key, counter, flags, 0));
    block.set(tree(bytes.subarray(left), key, counter + left / CHUNK, flags, 0), 8);
    return compress(key, block, 0, BLOCK, flags | PARENT | root);
  }

  function output(chain) {
    const bytes = new Uint8Array(32);
    const view = new DataView(bytes.buffer);
    chain.forEach((word, at) => view.setUint32(at * 4, word, true));
    return bytes;
  }

  const hash = (bytes) => output(tree(bytes, IV, 0, 0, ROOT));

  function derive(context, material) {
    const key = tree(utf8(context), IV, 0, CONTEXT, ROOT);
    return output(tree(material, key, 0, MATERIAL, ROOT));
  }

  return { hash, derive };
})();
