// Writes each dashboard of pages/ as ../grafana/NAME.json; with --check it writes nothing, and fails when a file is
// not what it would write. npm ci first.
import { readFileSync, writeFileSync, readdirSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { dirname, join } from 'node:path';

const here = dirname(fileURLToPath(import.meta.url));
const check = process.argv.includes('--check');
let different = 0;

for (const file of readdirSync(join(here, 'pages')).sort()) {
  const { default: dashboard } = await import(join(here, 'pages', file));
  const path = join(here, '../grafana', file.replace(/\.mjs$/, '.json'));
  const text = `${JSON.stringify(dashboard, null, 2)}\n`;
  if (!check) {
    writeFileSync(path, text);
  } else if (readFileSync(path, 'utf8') !== text) {
    console.error(`${path} is not what generate.mjs makes`);
    different += 1;
  }
}
process.exit(different ? 1 : 0);
