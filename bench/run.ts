import { execFileSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { benchEngine } from './engine/engine.ts';
import { benchImport } from './import.ts';
import { benchChecks, benchReserve } from './service.ts';
import { benchStream } from './stream.ts';
import { startDatabase } from './support/database.ts';
import { type Ratio, table } from './support/report.ts';

/** Prints how fast the service is, as ratios to baselines measured in the same run. A missed target is no failure. */
const folder = fileURLToPath(new URL('.', import.meta.url));
if (!existsSync(`${folder}node_modules`)) {
  const flags = ['--no-package-lock', '--no-audit', '--no-fund', '--loglevel=error'];
  execFileSync('npm', ['install', '--prefix', folder, ...flags], { stdio: ['ignore', 'ignore', 'inherit'] });
}

const started = performance.now();
const progress = (sentence: string) => process.stderr.write(`${sentence}\n`);
const ratios: Ratio[] = [];
progress('engine …');
ratios.push(await benchEngine());
progress('check and growth (loads five million attempts first) …');
const database = await startDatabase();
try {
  ratios.push(...(await benchChecks(database)));
  progress('reserve …');
  ratios.push(...(await benchReserve(database)));
  progress('stream …');
  const many = process.argv.includes('--million') ? 1_000_000 : 200_000;
  ratios.push(await benchStream(database, many));
  progress('import …');
  ratios.push(await benchImport(database, many));
} finally {
  await database.stop();
}
const seconds = Math.round((performance.now() - started) / 1000);
if (process.argv.includes('--json')) process.stdout.write(`${JSON.stringify({ seconds, ratios }, null, 2)}\n`);
else process.stdout.write(`\n${table(ratios)}\n\n${seconds} seconds in all.\n`);
