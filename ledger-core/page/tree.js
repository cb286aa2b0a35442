'use strict';
// The Merkle tree of RFC 6962 (tree.md): what a few hashes prove. Sizes and indexes are BigInts.

const tree = (() => {
  const leaf = (line) => sha256(Uint8Array.of(0), line);
  const node = (left, right) => sha256(Uint8Array.of(1), left, right);

  /** The largest power of two below n. */
  function split(n) {
    let k = 1n;
    while (k * 2n < n) k *= 2n;
    return k;
  }

  /** The siblings on the way down to the leaves from a to before b, and whether one is within them. */
  function wayDown(a, b, n) {
    let [low, high, begin] = [0n, n, a];
    const siblings = [];
    while (low !== begin || high !== b) {
      const middle = low + split(high - low);
      if (b <= middle) {
        siblings.push('right');
        high = middle;
      } else if (begin >= middle) {
        siblings.push('left');
        low = middle;
      } else {
        siblings.push('within');
        low = middle;
        begin = middle;
      }
    }
    return siblings;
  }

  async function subtree(a, b, n, root, proof, top) {
    const siblings = wayDown(a, b, n);
    const hashes = [...proof];
    let before = root;
    let now = root;
    if (siblings.includes('within')) {
      before = hashes.shift();
      now = before;
    }
    if (hashes.length !== siblings.length || now === undefined) refuse('tree-proof-length', 'the proof has too many or too few hashes');
    for (const hash of hashes) {
      const side = siblings.pop();
      if (side === 'within') before = await node(hash, before);
      now = side === 'right' ? await node(now, hash) : await node(hash, now);
    }
    if (!same(before, root)) refuse('tree-old-root', 'the proof does not lead to the older root');
    if (!same(now, top)) refuse('tree-root', 'the proof does not lead to the root');
  }

  /** Refuses unless the leaf is at the index in the tree of that size and root. */
  async function inclusion(index, size, leafHash, proof, root) {
    if (index >= size) refuse('tree-bounds', 'the index is not below the size');
    await subtree(index, index + 1n, size, leafHash, proof, root);
  }

  /** Refuses unless the newer tree begins with the older one. */
  async function consistency(old, size, oldRoot, proof, root) {
    if (old === 0n) refuse('tree-empty', 'nothing is proven from an empty tree');
    if (old > size) refuse('tree-bounds', 'the older tree is the larger');
    await subtree(0n, old, size, oldRoot, proof, root);
  }

  /** The root over leaves, which are pushed one after the other: only complete subtrees are kept. */
  class Frontier {
    constructor() {
      this.size = 0n;
      this.parts = [];
    }

    async push(hash) {
      let own = hash;
      for (let bit = this.size; bit & 1n; bit >>= 1n) own = await node(this.parts.pop(), own);
      this.parts.push(own);
      this.size += 1n;
    }

    async root() {
      let [own, ...rest] = [...this.parts].reverse();
      if (own === undefined) return sha256(new Uint8Array());
      for (const part of rest) own = await node(part, own);
      return own;
    }
  }

  return { Frontier, leaf, inclusion, consistency };
})();
