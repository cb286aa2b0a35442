'use strict';
// Canonical JSON: one spelling of each value, and nothing else is read (json.md).

const json = (() => {
  const INTEGER = 2 ** 53 - 1;
  const DEPTH = 16;
  const ESCAPES = { '"': '"', '\\': '\\', b: '\b', f: '\f', n: '\n', r: '\r', t: '\t' };
  const NAME = /^[a-z0-9_]+$/;
  const POINTER = /^\/[a-z0-9_/]+$/;
  const PRINTABLE = /^[ !#-[\]-~]+$/;

  /** Reads a text. A node is `{value, from, to}`: its value, and where its bytes stand. */
  class Reader {
    constructor(bytes, names) {
      this.bytes = bytes;
      this.text = textOf(bytes, 'json-utf8');
      this.ascii = this.text.length === bytes.length;
      this.at = 0;
      // the bytes before the place that was asked for last
      this.known = { at: 0, bytes: 0 };
      this.names = names;
    }

    /** How many bytes the text has before its present place. */
    place() {
      if (this.ascii) return this.at;
      const { at, bytes } = this.known;
      this.known = { at: this.at, bytes: bytes + utf8(this.text.slice(at, this.at)).length };
      return this.known.bytes;
    }

    fail() {
      const next = this.text[this.at];
      if (next !== undefined && ' \t\r\n'.includes(next)) refuse('json-space', `white space at character ${this.at}`);
      if (this.text.startsWith('null', this.at)) refuse('json-null', `null at character ${this.at}`);
      refuse('json-syntax', `something else is expected at character ${this.at}`);
    }

    take(expected) {
      if (!this.text.startsWith(expected, this.at)) this.fail();
      this.at += expected.length;
    }

    value(depth, path) {
      const from = this.place();
      const next = this.text[this.at];
      let value;
      if (next === '{') value = this.object(depth + 1, path);
      else if (next === '[') value = this.list(depth + 1);
      else if (next === '"') value = this.string();
      else if (next === 't' || next === 'f') {
        value = next === 't';
        this.take(String(value));
      } else if (next === '-' || (next >= '0' && next <= '9')) value = this.number();
      else this.fail();
      return { value, from, to: this.place() };
    }

    number() {
      const [all] = /^-?[0-9]*/.exec(this.text.slice(this.at, this.at + 40));
      const after = this.text[this.at + all.length];
      if (after !== undefined && '.eE'.includes(after) && all !== '-') refuse('json-float', 'a number has a fraction or an exponent');
      if (all === '-') {
        this.at += 1;
        this.fail();
      }
      if (!/^(0|-?[1-9][0-9]*)$/.test(all)) refuse('json-integer', 'a leading zero, or minus zero');
      if (all.length > 17 || Math.abs(Number(all)) > INTEGER) refuse('json-range', 'an integer beyond 2^53-1');
      this.at += all.length;
      return Number(all);
    }

    string() {
      this.take('"');
      let out = '';
      for (;;) {
        const next = this.text[this.at];
        if (next === undefined) this.fail();
        this.at += 1;
        if (next === '"') return out;
        if (next < ' ') refuse('json-control', 'an unescaped control character');
        out += next === '\\' ? this.escape() : next;
      }
    }

    /** A name needs no escape, so one that has any is none. */
    name() {
      const end = this.text.indexOf('"', this.at + 1);
      const name = end < 0 ? '' : this.text.slice(this.at + 1, end);
      if (end >= 0 && name.includes('\\')) return name;
      return this.string();
    }

    escape() {
      const letter = this.text[this.at];
      if (letter === 'u') {
        const digits = this.text.slice(this.at + 1, this.at + 5);
        const code = /^00[01][0-9a-f]$/.test(digits) ? parseInt(digits, 16) : 0x20;
        if (code >= 0x20 || '\b\f\n\r\t'.includes(String.fromCharCode(code))) refuse('json-escape', 'an escape that is not its one spelling');
        this.at += 5;
        return String.fromCharCode(code);
      }
      if (!Object.hasOwn(ESCAPES, letter ?? '')) refuse('json-escape', 'an unknown escape');
      this.at += 1;
      return ESCAPES[letter];
    }

    deeper(depth) {
      if (depth > DEPTH) refuse('json-depth', `more than ${DEPTH} objects and arrays one in another`);
    }

    list(depth) {
      this.deeper(depth);
      this.take('[');
      const items = [];
      if (this.text[this.at] !== ']') {
        do items.push(this.value(depth)); while (this.comma());
      }
      this.take(']');
      return items;
    }

    comma() {
      if (this.text[this.at] !== ',') return false;
      this.at += 1;
      return true;
    }

    object(depth, path) {
      this.deeper(depth);
      this.take('{');
      const members = new Map();
      const form = this.names === 'ids' ? PRINTABLE : this.names === 'pointers' && path === 'persons' ? POINTER : NAME;
      let before;
      if (this.text[this.at] !== '}') {
        do {
          if (this.text[this.at] !== '"') this.fail();
          const name = this.name();
          if (!form.test(name)) refuse('json-name', `\`${name}\` is no name here`);
          if (name === before) refuse('json-duplicate', `\`${name}\` stands twice`);
          if (before !== undefined && name < before) refuse('json-order', `\`${name}\` stands behind \`${before}\``);
          before = name;
          this.take(':');
          members.set(name, this.value(depth, depth === 1 ? name : undefined));
        } while (this.comma());
      }
      this.take('}');
      return members;
    }
  }

  /** Reads the canonical text. With `pointers`, names in the top-level `persons` are JSON pointers; with `ids`, any printable ones. */
  function read(bytes, names = 'plain') {
    if (bytes.length === 0) refuse('json-empty', 'there is nothing');
    const reader = new Reader(bytes, names);
    const node = reader.value(0, '');
    const rest = reader.text[reader.at];
    if (rest !== undefined) refuse(' \t\r\n'.includes(rest) ? 'json-space' : 'json-trailing', 'something follows the value');
    return node;
  }

  /** The node as plain values: objects without prototypes, lists, texts, numbers, booleans. */
  function plain(node) {
    if (node.value instanceof Map) {
      const object = Object.create(null);
      for (const [name, member] of node.value) object[name] = plain(member);
      return object;
    }
    return Array.isArray(node.value) ? node.value.map(plain) : node.value;
  }

  /** The canonical text of plain values. */
  function write(value) {
    if (Array.isArray(value)) return `[${value.map(write).join(',')}]`;
    if (value !== null && typeof value === 'object') {
      const names = Object.keys(value).sort((a, b) => (a < b ? -1 : 1));
      return `{${names.map((name) => `${write(name)}:${write(value[name])}`).join(',')}}`;
    }
    // JSON.stringify escapes as the page asks, but for U+2028 and lone surrogates, which it leaves to us
    return JSON.stringify(value);
  }

  return { read, plain, write };
})();
