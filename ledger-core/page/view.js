'use strict';
// What people see: the questions and answers, and a way from a control to an item, an entry and its proof.

(() => {
  const byId = (id) => document.getElementById(id);
  const SIGNS = { holds: ['●', 'holds'], 'does not hold': ['▲', 'not'], 'cannot tell': ['◆', 'open'] };
  const given = { bytes: undefined, name: '', policy: undefined, run: 0 };
  let result;

  /** An element with attributes and children; text is only ever text. */
  function make(tag, attributes = {}, ...children) {
    const element = document.createElement(tag);
    for (const [name, value] of Object.entries(attributes)) {
      if (name.startsWith('on')) element.addEventListener(name.slice(2), value);
      else element.setAttribute(name, value);
    }
    element.append(...children.filter((child) => child !== undefined && child !== ''));
    return element;
  }

  const sign = (verdict) => make('span', { class: SIGNS[verdict][1], 'aria-hidden': 'true' }, SIGNS[verdict][0]);

  function table(rows) {
    const line = ([name, value]) => make('tr', {}, make('th', { scope: 'row' }, name), make('td', {}, value));
    return make('table', {}, make('tbody', {}, ...rows.filter(([, value]) => value !== undefined && value !== '').map(line)));
  }

  /** The sample of a package, and what that leaves open; nothing of a whole population. */
  function aboutSample({ sample, draws }) {
    if (!sample) return [];
    return [['sample', `${sample.id}, draw${draws.length > 1 ? 's' : ''} ${draws.join(', ')}, of ${sample.control}`], ['totals', 'attested, not re-performed: what this kind of package cannot tell']];
  }

  /** What a bundle is about: its ledger, and all entries but those about keys. */
  function aboutBundle() {
    const { origin, size, root } = result.checkpoint;
    const shown = result.read.filter(({ event }) => !/^(key\.|ledger\.created$)/.test(event.type));
    const line = ({ index, event }) => [`entry ${index}`, `${event.data.occurred_at} ${event.type} ${json.write(event.data.subject ?? {})}`];
    return [['ledger', origin], ['checkpoint', `${size} entries, root ${base64(root)}`], ...shown.map(line)];
  }

  function showLayers() {
    const [glyph, kind] = SIGNS[result.verdict];
    byId('verdict').replaceChildren(make('span', { class: kind }, `${glyph} ${result.verdict}`), ' in what this page checks');
    byId('verdict').dataset.verdict = result.verdict;
    const { claim } = result;
    const facts = claim ? [['ledger', claim.origin], ['checkpoint', `${claim.checkpoint.size} entries, root ${claim.checkpoint.root}`], ['report', claim.report], ...aboutSample(claim), ['level', claim.level]] : result.bundle ? aboutBundle() : [];
    byId('claim').replaceChildren(...facts.flatMap(([name, value]) => [make('dt', {}, name), make('dd', {}, value)]));
    byId('layers').replaceChildren(...result.layers.map((layer) => {
      const fault = ({ place, code, message }) => make('li', {}, place === '' ? '' : `${place}: `, message, ' ', make('code', {}, code));
      const faults = layer.faults.map(fault);
      if (layer.more > 0) faults.push(make('li', {}, `and ${layer.more} more`));
      const [, word] = SIGNS[layer.verdict];
      return make('li', { 'data-layer': layer.name, 'data-verdict': layer.verdict }, sign(layer.verdict), make('b', {}, layer.name), make('span', { class: word }, layer.verdict), make('span', { class: 'about' }, layer.looked), faults.length > 0 ? make('ul', {}, ...faults) : undefined);
    }));
    byId('cannot').replaceChildren(...Object.entries(evidence.CANNOT).map(([name, why]) => make('li', { 'data-cannot': name }, make('b', {}, name), `: ${why}`)));
    byId('result').hidden = false;
  }

  /** What can be looked at: items with their rows, and entries. */
  function things() {
    const items = (result.selected ?? []).map((id) => {
      const rows = result.rows.get(id) ?? [];
      return { kind: 'item', id, rows, words: `${id} ${rows.map(({ row }) => Object.values(row).join(' ')).join(' ')}` };
    });
    const lines = (result.read ?? []).map((entry) => ({ kind: 'entry', id: String(entry.index), entry, words: `${entry.index} ${entry.event.type} ${json.write(entry.event.data)}` }));
    return [...items, ...lines];
  }

  function worst(rows) {
    const states = rows.map(({ row }) => row.result);
    return ['fail', 'indeterminate', 'waived', 'pass'].find((state) => states.includes(state)) ?? '';
  }

  function showList() {
    const wanted = byId('search').value.trim().toLowerCase();
    const all = things().filter(({ words }) => words.toLowerCase().includes(wanted));
    const button = (thing) => {
      const small = thing.kind === 'item' ? worst(thing.rows) : Object.entries(thing.entry.event.data.subject ?? {}).map(([name, id]) => `${name}:${id}`).join(' ');
      const title = thing.kind === 'item' ? thing.id : `${thing.id}  ${thing.entry.event.type}`;
      return make('button', { type: 'button', 'data-thing': `${thing.kind} ${thing.id}`, onclick: () => show(thing) }, title, make('small', {}, small));
    };
    const group = (name, kind) => {
      const own = all.filter((thing) => thing.kind === kind);
      return own.length > 0 ? [make('h3', {}, name), ...own.map(button)] : [];
    };
    const found = [...group(`Items of ${result.claim?.sample?.control ?? ''}`, 'item'), ...group('Entries', 'entry')];
    byId('list').replaceChildren(...(found.length > 0 ? found : [make('p', {}, 'nothing is called so')]));
  }

  /** Buttons that lead to entries. */
  function leads(indexes) {
    const known = new Map((result.read ?? []).map((entry) => [String(entry.index), entry]));
    return make('span', {}, ...indexes.map((index) => (known.has(index) ? make('button', { type: 'button', class: 'go', onclick: () => show({ kind: 'entry', id: index, entry: known.get(index) }) }, index) : `${index} `)));
  }

  function itemParts({ id, rows }) {
    const test = (dataset) => (result.tests ?? []).find((known) => known.dataset === dataset);
    const control = (result.report?.controls ?? []).find((known) => known.id === result.claim.sample.control);
    const parts = rows.flatMap(({ dataset, row }) => {
      const { entries: cited, ...rest } = row;
      return [make('h3', {}, `${test(dataset)?.id ?? dataset}: ${row.result}`), make('p', {}, test(dataset)?.rule ?? ''), table([...Object.entries(rest), ['entries', leads((cited ?? '').split(' ').filter((index) => index !== ''))]])];
    });
    return [make('h3', {}, `${result.claim.sample.control}, item ${id}`), make('p', {}, control?.control ?? ''), ...parts];
  }

  function entryParts({ entry }) {
    const { event } = entry;
    const opened = [...(result.opened ?? [])].filter(([name]) => name.startsWith(`${entry.index} `)).map(([name, value]) => [name.slice(name.indexOf(' ') + 1), json.write(value)]);
    const persons = [...entry.persons].map(([pointer, who]) => [pointer, who]);
    const proof = result.contents.proofs.get(entry.index);
    return [
      make('h3', {}, `Entry ${entry.index}: ${event.type}`),
      table([['occurred at', event.data.occurred_at], ['recorded at', entry.recorded], ['stream', `${event.stream} at ${event.seq}`], ['signed by', event.signers.join(', ')], ['hash', entry.hash], ['chain', entry.chain]]),
      persons.length > 0 ? make('h3', {}, 'Persons, by pseudonym') : undefined,
      persons.length > 0 ? table(persons) : undefined,
      opened.length > 0 ? make('h3', {}, 'Disclosed') : undefined,
      opened.length > 0 ? table(opened) : undefined,
      make('h3', {}, 'Event'),
      make('pre', { tabindex: '0' }, JSON.stringify(event.data, undefined, 2)),
      make('h3', {}, 'Proof'),
      make('pre', { tabindex: '0' }, proof ? new TextDecoder().decode(proof) : 'none'),
    ].filter((part) => part !== undefined);
  }

  function show(thing) {
    byId('shown').replaceChildren(...(thing.kind === 'item' ? itemParts(thing) : entryParts(thing)));
    for (const button of byId('list').querySelectorAll('button')) button.setAttribute('aria-current', String(button.dataset.thing === `${thing.kind} ${thing.id}`));
    byId('shown').focus({ preventScroll: true });
  }

  /** The list of what was checked, as a file. */
  function save() {
    const told = {
      cannot: evidence.CANNOT,
      checked_at: new Date().toISOString(),
      file: given.name,
      layers: result.layers.map(({ name, verdict, looked, faults, more }) => ({ faults, looked_at: looked, more, name, verdict })),
      policy: byId('policy').value,
      sha256: given.digest,
      ...(result.claim?.sample ? { totals: 'attested' } : {}),
      verdict: result.verdict,
    };
    const link = make('a', { href: URL.createObjectURL(new Blob([`${JSON.stringify(told, undefined, 2)}\n`], { type: 'application/json' })), download: `${given.name}.checked.json` });
    link.click();
    URL.revokeObjectURL(link.href);
  }

  /** Reads what was typed: a policy, or one verifier key, which alone is a policy without witnesses. */
  async function readPolicy() {
    const text = byId('policy').value.trim();
    byId('policy-fault').textContent = '';
    given.policy = undefined;
    if (text === '') return;
    try {
      const lines = /\s/.test(text) ? `${text}\n` : `log ${text}\nquorum none\n`;
      given.policy = await notes.readPolicy(utf8(lines));
    } catch (error) {
      byId('policy-fault').textContent = `${error.message} [${error.code ?? 'policy'}]`;
    }
  }

  async function check() {
    if (!given.bytes) return;
    given.run += 1;
    const { run } = given;
    await readPolicy();
    byId('package-name').textContent = `${given.name}, ${given.bytes.length.toLocaleString('en')} bytes: being checked`;
    const progress = async (done, all) => {
      if (done % 100 !== 0) return;
      byId('package-name').textContent = `${given.name}: ${done} of ${all}`;
      await new Promise((resume) => { setTimeout(resume); });
    };
    const found = await evidence.verify(given.bytes, given.policy, progress);
    // something else was given meanwhile
    if (run !== given.run) return;
    result = found;
    given.digest = hex(await sha256(given.bytes));
    byId('package-name').textContent = `${given.name}, ${given.bytes.length.toLocaleString('en')} bytes, SHA-256 ${given.digest}`;
    showLayers();
    byId('shown').replaceChildren();
    byId('browser').hidden = !(result.read?.length > 0);
    if (!byId('browser').hidden) showList();
    document.body.dataset.checked = String(run);
  }

  async function take(file) {
    if (!file) return;
    given.bytes = new Uint8Array(await file.arrayBuffer());
    given.name = file.name;
    await check();
  }

  byId('package').addEventListener('change', ({ target }) => take(target.files[0]));
  byId('policy').addEventListener('input', check);
  byId('policy-file').addEventListener('change', async ({ target }) => {
    byId('policy').value = target.files[0] ? await target.files[0].text() : '';
    await check();
  });
  byId('search').addEventListener('input', showList);
  byId('save').addEventListener('click', save);
  for (const name of ['dragover', 'dragleave', 'drop']) {
    document.addEventListener(name, (event) => {
      event.preventDefault();
      byId('drop').classList.toggle('over', name === 'dragover');
      if (name === 'drop') take(event.dataTransfer.files[0]);
    });
  }
})();
