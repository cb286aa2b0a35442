// The table of a drill with a column more, what the page in Chromium says: page-drill.js DRILL TOLD OUT
//   DRILL is the output of `ledger drill --json`, TOLD what `page.js` heard. Ends with 1 if the page misses what is to be seen.
'use strict';
const fs = require('fs');
const [drill, told, out] = process.argv.slice(2);
const table = JSON.parse(fs.readFileSync(drill, 'utf8'));
const said = JSON.parse(fs.readFileSync(told, 'utf8'));
/** Canonical: members in the order of their names. */
const canonical = (value) => {
  if (Array.isArray(value)) return `[${value.map(canonical).join(',')}]`;
  if (value === null || typeof value !== 'object') return JSON.stringify(value);
  return `{${Object.keys(value).sort().map((name) => `${JSON.stringify(name)}:${canonical(value[name])}`).join(',')}}`;
};
let missed = 0;
for (const trial of table.package) {
  const page = said[`drill-${trial.name}.zip`];
  if (page) {
    const codes = Object.keys(page.layers).filter((name) => page.layers[name] === 'does not hold');
    trial.page = { codes, verdict: page.verdict };
    if (page.verdict !== 'does not hold') missed += 1;
  }
  const column = page ? `${page.verdict} ${trial.page.codes.join(' ')}` : '';
  console.log(`${trial.name.padEnd(14)} ${(trial.package ? `${trial.package.verdict} ${trial.package.codes.join(' ')}` : 'nothing here to try it on').padEnd(48)} ${column}`);
}
fs.writeFileSync(out, `${canonical(table)}\n`);
if (missed) console.error(`PROBLEM the page does not see ${missed} of these`);
process.exit(missed ? 1 : 0);
