// Gives packages to the page in Chromium, from a file and without a network, and compares each layer with the command line's.
//   page.js PAGE POLICY OUT PACKAGE:EXPECTED…   EXPECTED is the output of `ledger verify --json`
'use strict';
const fs = require('fs');
const path = require('path');
const puppeteer = require('puppeteer-core');
const axe = fs.readFileSync(require.resolve('axe-core/axe.min.js'), 'utf8');
const [page, policy, out, ...pairs] = process.argv.slice(2);
const problems = [];

async function check(tab, file) {
  const before = await tab.evaluate(() => document.body.dataset.checked ?? '');
  await (await tab.$('#package')).uploadFile(file);
  await tab.waitForFunction((known) => (document.body.dataset.checked ?? '') !== known, { timeout: 60_000 }, before);
  return tab.evaluate(() => ({
    verdict: document.getElementById('verdict').dataset.verdict,
    layers: Object.fromEntries([...document.querySelectorAll('[data-layer]')].map((item) => [item.dataset.layer, item.dataset.verdict])),
    cannot: [...document.querySelectorAll('[data-cannot]')].map((item) => item.dataset.cannot),
  }));
}

/** The layers that the page and the command line say otherwise. */
function differences(told, expected) {
  const both = expected.layers.filter(({ name }) => !told.cannot.includes(name));
  const wrong = both.filter(({ name, verdict }) => told.layers[name] !== verdict);
  const missing = Object.keys(told.layers).filter((name) => !both.some((layer) => layer.name === name));
  return [...wrong.map(({ name, verdict }) => `${name}: the page says ${told.layers[name]}, the command line ${verdict}`), ...missing.map((name) => `${name}: the page alone`)];
}

/** What axe-core says against the page as it stands. */
async function accessible(tab) {
  await tab.evaluate(axe);
  const { violations } = await tab.evaluate(() => window.axe.run(document, { resultTypes: ['violations'] }));
  return violations.map((found) => `axe ${found.impact} ${found.id}: ${found.nodes.slice(0, 3).map((node) => node.target.join(' ')).join('; ')}`);
}

async function pictures(tab) {
  for (const [name, width, scheme] of [['light', 1200, 'light'], ['dark', 1200, 'dark'], ['narrow', 400, 'light']]) {
    await tab.setViewport({ width, height: 900 });
    await tab.emulateMediaFeatures([{ name: 'prefers-color-scheme', value: scheme }]);
    for (const thing of ['item', 'entry']) {
      await tab.evaluate((kind) => document.querySelector(`[data-thing^="${kind} "]`)?.click(), thing);
      const wide = await tab.evaluate(() => document.documentElement.scrollWidth);
      if (wide > width) problems.push(`${name} ${thing}: ${wide} wide in a window of ${width}`);
      for (const word of await accessible(tab)) problems.push(`${name} ${thing}: ${word}`);
      await tab.screenshot({ path: path.join(out, `page-${name}-${thing}.png`), fullPage: true });
    }
  }
}

(async () => {
  fs.mkdirSync(out, { recursive: true });
  const browser = await puppeteer.launch({ executablePath: process.env.CHROMIUM || '/usr/bin/chromium', args: ['--no-sandbox', '--disable-gpu'] });
  const tab = await browser.newPage();
  await tab.setOfflineMode(true);
  tab.on('pageerror', (error) => problems.push(`a script failed: ${error.message}`));
  tab.on('request', (request) => { if (!/^(file|data|blob):/.test(request.url())) problems.push(`the page asked for ${request.url()}`); });
  await tab.goto(`file://${path.resolve(page)}`, { waitUntil: 'load' });
  await (await tab.$('#policy-file')).uploadFile(policy);
  const said = {};
  for (const [number, pair] of pairs.entries()) {
    const [file, expected] = pair.split(':');
    const begun = Date.now();
    const told = await check(tab, file);
    said[path.basename(file)] = told;
    const wrong = differences(told, JSON.parse(fs.readFileSync(expected, 'utf8')));
    problems.push(...wrong.map((word) => `${path.basename(file)}: ${word}`));
    console.log(`${path.basename(file)}: ${told.verdict}, ${Object.values(told.layers).filter((verdict) => verdict === 'holds').length} layers hold, ${Date.now() - begun} ms`);
    if (number === 0) await pictures(tab);
  }
  await browser.close();
  fs.writeFileSync(path.join(out, 'told.json'), JSON.stringify(said));
  for (const problem of problems) console.error('PROBLEM', problem);
  process.exit(problems.length > 0 ? 1 : 0);
})();
