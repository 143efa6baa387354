import { chmodSync, mkdtempSync, openAsBlob, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import pg from 'pg';
import { KEY, permissions, startOurs } from './service.ts';
import { type BenchServer, startDatabase } from './support/database.ts';
import { send } from './support/load.ts';
import { sampleMemory } from './support/memory.ts';
import { median, type Ratio, table } from './support/report.ts';
import type { Server } from './support/servers.ts';

const ATTEMPTS = 10_000;
/** Questions a second while a file is imported: a bank's dialers at work, not at their limit. */
const RATE = 100;
const CONNECTIONS = 4;
const QUIET_SECONDS = 10;

const COLUMNS =
  'customer_id,name,resident_id,phone,account_id,currency,as_of,past_due_since,principal,interest,penalty,fees,minimum_due,credit_limit,annual_rate,status';
const SURNAMES = [...'王李张刘陈杨黄赵吴周徐孙马朱胡郭何林高罗'];
const GIVEN = [...'伟芳娜敏静丽强磊军洋勇艳杰涛明超秀兰霞平刚桂英'];
const WEIGHTS = [7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2];

/**
 * A file of so many new customers with an account each, up to a million, in the service's own layout; every row is right as it
 * stands, and nobody is a person of another row or round.
 */
function fileOf(round: number, rows: number): string {
  const lines = [COLUMNS];
  for (let no = 0; no < rows; no += 1) {
    const name = SURNAMES[no % SURNAMES.length]! + GIVEN[(no * 7) % GIVEN.length]! + GIVEN[(no * 13) % GIVEN.length]!;
    const born = `19${50 + (no % 50)}${String(1 + (no % 12)).padStart(2, '0')}${String(1 + (no % 28)).padStart(2, '0')}`;
    const body = `${110101 + 10_000 * round + (no % 15)}${born}${String(Math.floor(no / 50) % 1000).padStart(3, '0')}`;
    const check = '10X98765432'[WEIGHTS.reduce((sum, weight, at) => sum + weight * Number(body[at]), 0) % 11]!;
    const phone = 13_000_000_000 + ((no * 7_368_787 + round * 1_000_003) % 1_000_000_000);
    const principal = `${1000 + (no % 90_000)}.${String(no % 100).padStart(2, '0')}`;
    lines.push(
      `IC${round}-${no},${name},${body}${check},${phone},IA${round}-${no},CNY,2026-11-20,2026-08-20,${principal},600.00,100.00,0.00,1200.00,50000.00,0.1825,open`,
    );
  }
  return `${lines.join('\n')}\n`;
}

interface Imported {
  readonly perSecond: number;
  /** Resident memory of the service, megabytes: at the beginning, and the most. */
  readonly firstMb: number;
  readonly peakMb: number;
}

/**
 * Rows a second from the first byte of the upload until every row is applied, against COPY of the same file; in turns, twice
 * unless there are very many. Meanwhile permissions are asked for, few at first and then half as many as are answered at most.
 */
export async function benchImport(database: BenchServer, rows: number): Promise<Ratio> {
  const url = await database.createDatabase('importing', ATTEMPTS);
  const server = await startOurs(url);
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  const folder = mkdtempSync(join(tmpdir(), 'collections-rules-bench-'));
  // The server that reads the file is another OS user.
  chmodSync(folder, 0o755);
  try {
    await client.query(
      `CREATE TABLE staging (${COLUMNS.split(',')
        .map((column) => `${column} text`)
        .join(', ')})`,
    );
    const { requestsPerSecond: most } = await answering(server, { seconds: QUIET_SECONDS });
    const rates = [RATE, Math.round(most / 2)];
    const quiet = await eachRate(server, rates, QUIET_SECONDS);
    const copied: number[] = [];
    const imported: Imported[] = [];
    const busy: number[][] = [];
    const searched: number[] = [];
    for (let round = 0; round < (rows > 200_000 ? 1 : 2); round += 1) {
      const file = join(folder, `round-${round}.csv`);
      writeFileSync(file, fileOf(round, rows));
      copied.push(await copy(client, file, rows));
      const done = importFile(server, file, rows);
      // Answers are measured in the middle of the work, for as long as it is sure to last.
      const load = sleep(2000).then(() => eachRate(server, rates, Math.max(3, Math.floor(rows / 40_000))));
      imported.push(await done);
      busy.push(await load);
      searched.push(await searchSeconds(client));
    }
    const whole = (value: number) => Math.round(value).toLocaleString('en');
    const latencies = rates.map(
      (rate, at) =>
        `${rate} permissions a second with a p99 of ${median(busy.map((round) => round[at]!))} ms, without the import ${quiet[at]} ms`,
    );
    return {
      name: 'import',
      target: 0.3,
      ours: median(imported.map(({ perSecond }) => perSecond)),
      baseline: median(copied),
      note: `${whole(rows)} rows of new customers by POST /v1/imports until all are applied, against COPY of the same file into one table of text; memory ${whole(imported[0]!.firstMb)} MB at first, ${whole(Math.max(...imported.map(({ peakMb }) => peakMb)))} MB at most; meanwhile ${latencies.join('; ')}; the search for duplicates took ${whole(median(searched))} seconds more`,
    };
  } finally {
    await client.end();
    await server.stop();
    rmSync(folder, { recursive: true, force: true });
  }
}

function answering(server: Server, until: { seconds: number }, rate?: number) {
  return send({ ...permissions(server, 0, until), connections: CONNECTIONS, ...(rate !== undefined && { rate }) });
}

/** The p99 in milliseconds at one rate after the other. */
async function eachRate(server: Server, rates: readonly number[], seconds: number): Promise<number[]> {
  const p99s: number[] = [];
  for (const rate of rates) p99s.push((await answering(server, { seconds }, rate)).p99Ms);
  return p99s;
}

/** An import ends with the search for duplicates among its customers, which is not to slow down the next. */
async function searchSeconds(client: pg.Client): Promise<number> {
  const startedAt = performance.now();
  const open = `SELECT FROM duplicate_searches WHERE status IN ('queued', 'running')`;
  while ((await client.query(open)).rowCount !== 0) await sleep(200);
  return (performance.now() - startedAt) / 1000;
}

async function copy(client: pg.Client, file: string, rows: number): Promise<number> {
  const startedAt = performance.now();
  const { rowCount } = await client.query(`COPY staging FROM '${file}' WITH (FORMAT csv, HEADER true)`);
  if (rowCount !== rows) throw new Error(`COPY has read ${rowCount} rows`);
  return (rows * 1000) / (performance.now() - startedAt);
}

/** Throws unless every row was accepted. */
async function importFile(server: Server, file: string, rows: number): Promise<Imported> {
  const memory = sampleMemory(server);
  const headers = { authorization: `Bearer ${KEY}`, 'content-type': 'text/csv; charset=utf-8' };
  const startedAt = performance.now();
  const body = await openAsBlob(file);
  const sent = await fetch(`${server.url}/v1/imports`, { method: 'POST', headers, body });
  let state = (await sent.json()) as { importId: string; status: string; accepted: number };
  while (state.status === 'queued' || state.status === 'running') {
    await sleep(100);
    state = (await (await fetch(`${server.url}/v1/imports/${state.importId}`, { headers })).json()) as typeof state;
  }
  const perSecond = (rows * 1000) / (performance.now() - startedAt);
  const { firstMb, peakMb } = await memory();
  if (state.status !== 'completed' || state.accepted !== rows) throw new Error(`import: ${JSON.stringify(state)}`);
  return { perSecond, firstMb, peakMb };
}

if (import.meta.main) {
  const database = await startDatabase();
  try {
    process.stdout.write(`${table([await benchImport(database, Number(process.argv[2] ?? 200_000))])}\n`);
  } finally {
    await database.stop();
  }
}
