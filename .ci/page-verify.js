// What the page says of packages, without a browser: `node .ci/page-verify.js POLICY PACKAGE…` prints a line of JSON for each.
'use strict';
const fs = require('fs');
const path = require('path');
const vm = require('vm');
const parts = ['bytes', 'blake3', 'ed25519', 'json', 'tree', 'note', 'entry', 'zip', 'told', 'verify'];
const source = parts.map((name) => fs.readFileSync(path.join(__dirname, '../ledger-core/page', `${name}.js`), 'utf8')).join('\n');
const { evidence, notes } = vm.runInThisContext(`(() => {${source}\nreturn { evidence, notes };})()`);

(async () => {
  const [policyFile, ...packages] = process.argv.slice(2);
  const policy = policyFile === '-' ? undefined : await notes.readPolicy(new Uint8Array(fs.readFileSync(policyFile)));
  for (const file of packages) {
    const begun = Date.now();
    const { verdict, layers } = await evidence.verify(new Uint8Array(fs.readFileSync(file)), policy);
    const told = layers.map((layer) => ({ name: layer.name, verdict: layer.verdict, looked_at: layer.looked, faults: layer.faults }));
    console.log(JSON.stringify({ file, verdict, milliseconds: Date.now() - begun, layers: told }));
  }
})();
