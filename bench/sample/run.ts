import { parseArgs } from 'node:util';
import { CLEAN, DIRT } from './parameters.ts';
import { type FileOptions, writeSample } from './write.ts';

const USAGE = `npm run sample -- [options]: writes a portfolio of people who do not exist:
accounts.csv, statements.csv and payments.csv in the service's own layouts, with their totals, and what the truth of them is.

  --customers <n>      people (default 1000, at most 5000000)
  --seed <n>           another number, another portfolio (default 1)
  --out <folder>       default ./sample
  --as-of <date>       day of the file (default 2026-11-20)
  --months <n>         due dates in the record of each card (default 6)
  --charset <name>     utf-8 (default) or gb18030, of the tables
  --separator <name>   comma (default), pipe or tab
  --bom                tables begin with a byte order mark
  --clean              no dirt`;

const SEPARATORS = { comma: ',', pipe: '|', tab: '\t' } as const;

const { values } = parseArgs({
  options: {
    customers: { type: 'string', default: '1000' },
    seed: { type: 'string', default: '1' },
    out: { type: 'string', default: 'sample' },
    'as-of': { type: 'string', default: '2026-11-20' },
    months: { type: 'string', default: '6' },
    charset: { type: 'string', default: 'utf-8' },
    separator: { type: 'string', default: 'comma' },
    bom: { type: 'boolean', default: false },
    clean: { type: 'boolean', default: false },
    help: { type: 'boolean', default: false },
  },
});

function fail(message: string): never {
  console.error(`${message}\n\n${USAGE}`);
  process.exit(2);
}

function whole(name: 'customers' | 'seed' | 'months', least: number, most: number): number {
  const value = Number(values[name]);
  if (!Number.isInteger(value) || value < least || value > most) {
    fail(`--${name} is a whole number from ${least} to ${most}.`);
  }
  return value;
}

function fileOptions(): FileOptions {
  const { charset, bom } = values;
  const separator = SEPARATORS[values.separator as keyof typeof SEPARATORS];
  if (separator === undefined) fail('--separator is comma, pipe or tab.');
  if (charset !== 'utf-8' && charset !== 'gb18030') fail('--charset is utf-8 or gb18030.');
  if (bom && charset === 'gb18030') fail('--bom goes with utf-8 only.');
  return { charset, separator, bom };
}

if (values.help) {
  console.log(USAGE);
} else {
  const asOf = values['as-of'];
  if (!/^\d{4}-\d{2}-\d{2}$/.test(asOf) || Number.isNaN(Date.parse(asOf))) fail('--as-of is a date, YYYY-MM-DD.');
  const customers = whole('customers', 1, 5_000_000);
  const sample = { seed: whole('seed', 0, 2 ** 31 - 1), customers, asOf, months: whole('months', 1, 60) };
  const file = fileOptions();
  const began = performance.now();
  const { counts } = await writeSample(values.out, { ...sample, dirt: values.clean ? CLEAN : DIRT }, file);
  const seconds = (performance.now() - began) / 1000;
  console.log(
    `${counts.customers} people, ${counts.rows} rows, ${counts.statements} statements, ${counts.payments} payments, ` +
      `${counts.contacts} calls in ${values.out}: ${Math.round(customers / seconds)} people a second, ` +
      `${Math.round(process.memoryUsage.rss() / 2 ** 20)} MiB.`,
  );
}
