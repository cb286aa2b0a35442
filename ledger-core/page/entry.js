'use strict';
// Events, entries and sealed values (event.md, entry.md, seal.md): the laws of form.

const entries = (() => {
  const LINE = 65_535;
  const EVENT = 32_768;
  const VALUE = 32_768;
  const KEY_ID = /^[A-Za-z0-9_-]{42}[AEIMQUYcgkosw048]$/;
  const RANDOM = /^[A-Za-z0-9_-]{21}[AQgw]$/;
  const PSEUDONYM = /^[a-z2-7]{25}[aeimquy4]$/;
  const ID = /^[A-Za-z0-9._:/+#-]{1,200}$/;
  const QUALITIES = ['exact', 'second', 'day', 'zone_assumed', 'received'];
  const IMPORT = ['source', 'source_id', 'ordinal', 'original', 'adapter'];

  function text(event, name) {
    const node = event.get(name);
    if (!node) refuse('event-missing', `the event has no \`${name}\``);
    // a plain string: one that needs no escape
    if (typeof node.value !== 'string' || node.value === '' || /["\\\u0000-\u001f]/.test(node.value)) refuse('event-text', `\`${name}\` is no plain text`);
    return node.value;
  }

  function count(event, name) {
    const node = event.get(name);
    if (!node) refuse('event-missing', `the event has no \`${name}\``);
    if (typeof node.value !== 'number' || node.value < 0) refuse('event-integer', `\`${name}\` is no integer from 0`);
    return node.value;
  }

  function hash(node, name) {
    if (typeof node.value !== 'string') refuse('event-hash', `\`${name}\` is no hash`);
    return fromBase64(node.value, 32, 'event-hash');
  }

  /** A time, exactly 27 characters, of a day that exists; from 1970 on. */
  function time(value) {
    const form = /^[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}\.[0-9]{6}Z$/;
    const milliseconds = typeof value === 'string' && form.test(value) ? Date.parse(`${value.slice(0, 23)}Z`) : NaN;
    if (!(milliseconds >= 0) || new Date(milliseconds).toISOString().slice(0, 23) !== value.slice(0, 23)) refuse('time', 'this is no time');
    return value;
  }

  function streamOf(name) {
    const [owner, label, random, more] = name.split('/');
    if (more !== undefined || !KEY_ID.test(owner) || !/^[a-z0-9._-]{1,64}$/.test(label ?? '') || !RANDOM.test(random ?? '')) refuse('event-stream', 'this is no name of a stream');
    return { name, owner };
  }

  function signersOf(event, stream) {
    const node = event.get('signers');
    if (!node) refuse('event-missing', 'the event has no `signers`');
    const ids = Array.isArray(node.value) ? node.value.map((item) => item.value) : [];
    if (ids.length < 1 || ids.length > 8 || ids.some((id) => typeof id !== 'string' || !KEY_ID.test(id))) refuse('event-signers', '1 to 8 key ids stand here');
    if (new Set(ids).size !== ids.length) refuse('event-signers', 'a key is named twice');
    if (ids[0] !== stream.owner) refuse('stream-owner', 'only the key in the name of the stream appends to it');
    return ids;
  }

  function checkImport(event) {
    const there = IMPORT.filter((name) => event.has(name));
    if (there.length === 0) return;
    if (there.length !== IMPORT.length) refuse('event-source', 'the members of an import stand together');
    for (const name of ['source', 'source_id', 'adapter']) if (!ID.test(text(event, name))) refuse('event-id', `\`${name}\` is no restricted id`);
    count(event, 'ordinal');
    hash(event.get('original'), 'original');
  }

  function checkSeen(event) {
    const seen = event.get('seen');
    if (!seen) return;
    const members = seen.value instanceof Map ? seen.value : new Map();
    if (members.has('root')) hash(members.get('root'), 'seen/root');
    const size = members.get('size')?.value;
    if (members.size !== 2 || !members.has('root') || typeof size !== 'number' || size < 0) refuse('event-seen', '`seen` has exactly `size` and `root`');
  }

  /** The law of form for an event's node; `bytes` are those it stands in. */
  function readEvent(node, bytes) {
    if (!(node.value instanceof Map)) refuse('event-object', 'an event is an object');
    if (node.to - node.from > EVENT) refuse('event-length', 'the event is too long');
    const event = node.value;
    const type = text(event, 'type');
    if (type.length > 64 || !/^[a-z_]+\.[a-z_]+$/.test(type)) refuse('event-type', 'this is no type');
    const schema = text(event, 'schema');
    if (schema.length > 64 || !/^[a-z-]+\/v[1-9][0-9]*$/.test(schema)) refuse('event-schema', 'this is no schema');
    const stream = streamOf(text(event, 'stream'));
    const signers = signersOf(event, stream);
    const seq = count(event, 'seq');
    const prev = event.has('prev') ? hash(event.get('prev'), 'prev') : undefined;
    if ((prev !== undefined) !== seq > 0) refuse('event-prev', '`prev` is there exactly above `seq` 0');
    if (event.has('final') && event.get('final').value !== true) refuse('event-final', '`final` is `true` or left out');
    const ledger = event.has('ledger') ? hash(event.get('ledger'), 'ledger') : undefined;
    if ((ledger === undefined) !== (type === 'ledger.created')) refuse('event-ledger', '`ledger` is absent exactly in `ledger.created`');
    time(text(event, 'occurred_at'));
    if (!QUALITIES.includes(text(event, 'time_quality'))) refuse('event-time-quality', 'this is no quality of a time');
    checkImport(event);
    checkSeen(event);
    return { node, type, schema, stream: stream.name, signers, seq, prev, ledger, final: event.has('final'), data: json.plain(node), bytes: bytes.subarray(node.from, node.to) };
  }

  const parseEvent = (bytes) => {
    if (bytes.length > EVENT) refuse('event-length', 'the event is too long');
    return readEvent(json.read(bytes), bytes);
  };

  /** What a JSON pointer leads to. */
  function at(node, pointer) {
    return pointer.slice(1).split('/').reduce((found, name) => {
      const value = found?.value;
      if (value instanceof Map) return value.get(name);
      return Array.isArray(value) && /^(0|[1-9][0-9]{0,5})$/.test(name) ? value[Number(name)] : undefined;
    }, node);
  }

  /** The commitment of a sealed object, or nothing. */
  function sealed(node) {
    const value = node?.value instanceof Map && node.value.size === 1 ? node.value.get('sealed')?.value : undefined;
    return typeof value === 'string' && /^[A-Za-z0-9+/]{42}[AEIMQUYcgkosw048]=$/.test(value) ? value : undefined;
  }

  /** All sealed objects of an event: pointer and commitment. */
  function allSealed(node, pointer = '') {
    const own = sealed(node);
    if (own) return [{ pointer, commitment: own }];
    const members = node.value instanceof Map ? [...node.value] : Array.isArray(node.value) ? [...node.value.entries()] : [];
    return members.flatMap(([name, member]) => allSealed(member, `${pointer}/${name}`));
  }

  function personsOf(node, event) {
    if (!(node.value instanceof Map)) refuse('entry-member', '`persons` is no object');
    const persons = new Map();
    for (const [pointer, { value }] of node.value) {
      if (typeof value !== 'string' || !PSEUDONYM.test(value)) refuse('entry-member', 'this is no pseudonym');
      if (!sealed(at(event.node, pointer))) refuse('entry-pointer', `\`${pointer}\` names no sealed value of the event`);
      persons.set(pointer, value);
    }
    if (persons.size > 256) refuse('entry-member', 'more than 256 pseudonyms');
    return persons;
  }

  function signaturesOf(node, signers) {
    const wrong = () => refuse('entry-member', 'a list of `key` and `sig` stands here');
    if (!Array.isArray(node.value) || node.value.length > 8) wrong();
    const list = node.value.map(({ value }) => {
      const [key, sig] = value instanceof Map && value.size === 2 ? [value.get('key')?.value, value.get('sig')?.value] : [];
      if (typeof key !== 'string' || typeof sig !== 'string' || !KEY_ID.test(key)) wrong();
      return { key, bytes: fromBase64(sig, 64, 'entry-member') };
    });
    if (list.length !== signers.length || list.some(({ key }, number) => key !== signers[number])) refuse('entry-signers', "the signatures are not exactly those of the event's signers");
    return list;
  }

  /** Reads an entry's line, without its newline, by the law of form. */
  function parse(line) {
    if (line.length > LINE) refuse('entry-length', 'the line is too long');
    const root = json.read(line, 'pointers').value;
    const names = root instanceof Map ? [...root.keys()].join(' ') : '';
    const wanted = 'chain event index persons recorded_at signatures';
    // what is missing or more is told before what is wrong within, up to the place where it is
    if (!names.startsWith('chain event')) refuse('entry-members', 'an entry has exactly six members');
    const event = readEvent(root.get('event'), line);
    if (!names.startsWith('chain event index persons')) refuse('entry-members', 'an entry has exactly six members');
    const persons = personsOf(root.get('persons'), event);
    if (!names.startsWith(wanted)) refuse('entry-members', 'an entry has exactly six members');
    const signatures = signaturesOf(root.get('signatures'), event.signers);
    if (names !== wanted) refuse('entry-members', 'an entry has exactly six members');
    const chain = root.get('chain').value;
    if (typeof chain !== 'string') refuse('entry-member', '`chain` is no hash');
    fromBase64(chain, 32, 'entry-member');
    const index = root.get('index').value;
    if (typeof index !== 'number' || index < 0) refuse('entry-member', '`index` is no integer from 0');
    const recorded = time(root.get('recorded_at').value);
    return { line, chain, event, index, persons, recorded, signatures, hash: base64(blake3.hash(line)) };
  }

  const lp = (bytes) => join(u64be(bytes.length), bytes);

  /** The scope of an event's commitments: its ledger; of the first event, nothing and its nonce. */
  function scope(event) {
    if (event.ledger) return lp(event.ledger);
    return join(lp(new Uint8Array()), lp(fromBase64(event.data.data?.nonce ?? '', 32, 'seal-nonce')));
  }

  function commitment({ within, stream, seq, pointer }, salt, value) {
    const parts = [within, lp(utf8(stream)), u64be(seq), lp(utf8(pointer)), lp(salt), lp(value)];
    return base64(blake3.derive('ledger/v1 seal', join(...parts)));
  }

  /** Reads a disclosure's line. */
  function disclosure(line) {
    const form = /^\{"commitment":"([^"]{44})","salt":"([^"]{44})","value":([^]*)\}$/;
    // bytes as characters: the value is cut out by its place
    const [, stated, salt, value] = form.exec(Array.from(line, (byte) => String.fromCharCode(byte)).join('')) || refuse('seal-disclosure', 'this is no disclosure');
    const raw = Uint8Array.from(value, (octet) => octet.charCodeAt(0));
    if (raw.length > VALUE) refuse('seal-size', 'the value is too long');
    let node;
    try {
      node = json.read(raw);
    } catch {
      refuse('seal-value', 'the value is no canonical JSON');
    }
    fromBase64(stated, 32, 'seal-commitment');
    return { commitment: stated, salt: fromBase64(salt, 32, 'seal-salt'), raw, value: json.plain(node) };
  }

  /** Refuses unless the disclosure opens the commitment at its place. */
  function opens(place, sealedValue, opened) {
    if (opened.commitment !== sealedValue || commitment(place, opened.salt, opened.raw) !== sealedValue) refuse('seal-unopened', 'the disclosure does not open the commitment');
  }

  return { parse, parseEvent, allSealed, scope, lp, disclosure, opens };
})();
