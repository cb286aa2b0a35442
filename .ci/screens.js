// Opens each report in Chromium: pictures, a printed file, what axe-core says, and whether anything sticks out.
'use strict';
const fs = require('fs');
const path = require('path');
const { execFileSync } = require('child_process');
const puppeteer = require('puppeteer-core');
const axe = fs.readFileSync(require.resolve('axe-core/axe.min.js'), 'utf8');
const [out, ...folders] = process.argv.slice(2);
const problems = [];

const looks = [
  { name: 'light', width: 1200, scheme: 'light' },
  { name: 'dark', width: 1200, scheme: 'dark' },
  { name: 'narrow', width: 400, scheme: 'light' },
];

async function look(page, file, name, { name: kind, width, scheme }) {
  await page.emulateMediaFeatures([{ name: 'prefers-color-scheme', value: scheme }]);
  await page.setViewport({ width, height: 900 });
  const begun = Date.now();
  await page.goto('file://' + file, { waitUntil: 'load' });
  const opened = Date.now() - begun;
  const tall = await page.evaluate(() => document.documentElement.scrollHeight);
  const wide = await page.evaluate(() => document.documentElement.scrollWidth);
  if (wide > width) problems.push(`${name} ${kind}: ${wide} wide in a window of ${width}`);
  // text of a chart must stay within its picture
  const cut = await page.evaluate(() => {
    const found = [];
    document.querySelectorAll('svg[role=img] text').forEach((text) => {
      const own = text.getBoundingClientRect();
      const frame = text.ownerSVGElement.getBoundingClientRect();
      if (own.width && (own.left < frame.left - 1 || own.right > frame.right + 1 || own.bottom > frame.bottom + 2)) found.push(text.textContent);
    });
    return found.slice(0, 5);
  });
  if (cut.length) problems.push(`${name} ${kind}: cut in a chart: ${cut.join(' | ')}`);
  // one part at a time: the whole is too tall for a picture
  const parts = await page.evaluate(() => {
    const style = document.createElement('style');
    style.id = 'looking';
    style.textContent = '.page:not(.looked-at),.toc:not(.looked-at){display:none!important}';
    document.head.appendChild(style);
    return document.querySelectorAll('.page, .toc').length;
  });
  for (let number = 0; number < parts; number += 1) {
    await page.setViewport({ width, height: 200 });
    const height = await page.evaluate((at) => {
      document.querySelectorAll('.page, .toc').forEach((part, own) => part.classList.toggle('looked-at', own === at));
      return document.documentElement.scrollHeight;
    }, number);
    await page.setViewport({ width, height: Math.min(height, 3000) });
    const picture = path.join(out, `${name}-${kind}-${String(number + 1).padStart(2, '0')}.png`);
    await page.screenshot({ path: picture });
  }
  await page.evaluate(() => document.getElementById('looking').remove());
  await page.setViewport({ width, height: 900 });
  await page.evaluate(axe);
  const result = await page.evaluate(() => window.axe.run(document, { resultTypes: ['violations'] }));
  for (const found of result.violations) {
    const nodes = found.nodes.slice(0, 3).map((node) => node.target.join(' '));
    const line = `${name} ${kind}: axe ${found.impact} ${found.id} (${found.nodes.length}): ${nodes.join('; ')}`;
    if (['serious', 'critical'].includes(found.impact)) problems.push(line);
    else console.log('note', line);
  }
  console.log(`${name} ${kind}: opened in ${opened} ms, ${tall} tall, ${parts} parts`);
}

(async () => {
  fs.mkdirSync(out, { recursive: true });
  const browser = await puppeteer.launch({ protocolTimeout: 900000,
    executablePath: process.env.CHROMIUM || '/usr/bin/chromium',
    args: ['--no-sandbox', '--disable-gpu', '--font-render-hinting=none'],
  });
  const page = await browser.newPage();
  page.on('pageerror', (error) => problems.push(`a script failed: ${error.message}`));
  await page.setBypassCSP(true);
  for (const folder of folders) {
    const name = path.basename(folder);
    const file = path.resolve(folder, 'report.html');
    for (const kind of looks) await look(page, file, name, kind);
    await page.setViewport({ width: 1200, height: 900 });
    await page.goto('file://' + file, { waitUntil: 'load' });
    const pdf = path.join(out, `${name}.pdf`);
    await page.pdf({ path: pdf, preferCSSPageSize: true, printBackground: true, timeout: 240000 });
    const last = process.env.PRINTED || '14';
    execFileSync('pdftoppm', ['-r', '60', '-png', '-l', last, pdf, path.join(out, `${name}-print`)]);
  }
  await browser.close();
  for (const problem of problems) console.error('PROBLEM', problem);
  process.exit(problems.length ? 1 : 0);
})();
