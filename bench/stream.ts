import { fork } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import pg from 'pg';
import { KEY, SHUFFLED, startOurs } from './service.ts';
import { type BenchServer, NOON } from './support/database.ts';
import { sampleMemory } from './support/memory.ts';
import { median, type Ratio } from './support/report.ts';
import type { Server } from './support/servers.ts';
import type { Streamed, StreamLoad } from './support/stream-process.ts';

const ROUNDS = 3;
const ATTEMPTS = 10_000;

/** A list of calls of the bank to the debtors' mobiles, as a dialer has its campaign checked before it begins. */
const BLOCK = SHUFFLED.map((customer) => {
  const collector = { kind: 'creditor', id: 'bank' };
  const call = { contactPointId: 'm1', channel: 'voice', callerNumber: '95588', collector };
  return `${JSON.stringify({ customerId: `C${customer}`, accountIds: [`A${customer}`], ...call })}\n`;
}).join('');

/** The same list as a table, and the rows that its questions need: who, where, which debt, what was said and done today. */
const LIST = (times: number) => `CREATE TEMP TABLE list AS
  SELECT n, 'C' || (1 + (n::bigint * 7001) % ${SHUFFLED.length}) AS customer_id FROM generate_series(0, ${times * SHUFFLED.length - 1}) n`;
const ROWS = `COPY (
  SELECT list.n, c.customer_id, c.jurisdictions, c.time_zones, p.party_id, p.role, p.person_key, cp.contact_point_id, cp.kind, cp.status,
    cp.time_zones, cp.address_key, a.account_id, a.status, a.past_due_since, d.kind, d.valid_from, d.valid_until, d.details,
    b.contact_id, b.started_at, b.channel, b.direction, b.outcome, b.purpose, b.collector_id, b.account_ids
  FROM list
  JOIN customers c USING (customer_id)
  JOIN parties p ON p.customer_id = list.customer_id AND p.role = 'debtor'
  JOIN contact_points cp ON cp.customer_id = list.customer_id AND cp.contact_point_id = 'm1'
  JOIN accounts a ON a.customer_id = list.customer_id
  LEFT JOIN directives d ON d.customer_id = list.customer_id
  CROSS JOIN LATERAL (VALUES (p.person_key), (cp.address_key)) subject (key)
  LEFT JOIN budget_entries b ON b.subject_key = subject.key AND b.started_at >= timestamptz '${NOON}' - interval '12 hours'
  ORDER BY list.n
) TO STDOUT`;

interface Scrubbed {
  readonly perSecond: number;
  /** Resident memory of the service, megabytes: at the first answers, and the most. */
  readonly firstMb: number;
  readonly peakMb: number;
}

/** Questions a second of one long stream, and of COPY of the rows they need to a client that drops them; in turns. */
export async function benchStream(database: BenchServer, questions: number): Promise<Ratio> {
  const url = await database.createDatabase('streaming', ATTEMPTS);
  const times = Math.ceil(questions / SHUFFLED.length);
  const server = await startOurs(url);
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  try {
    await client.query(LIST(times));
    await client.query('ANALYZE list');
    await scrub(server, Math.min(times, 2), 'full');
    const copied: number[] = [];
    const full: Scrubbed[] = [];
    const flat: Scrubbed[] = [];
    for (let round = 0; round < ROUNDS; round += 1) {
      copied.push(await copy(client, times));
      full.push(await scrub(server, times, 'full'));
      flat.push(await scrub(server, times, 'flat'));
    }
    const rate = (scrubbed: Scrubbed[]) => median(scrubbed.map(({ perSecond }) => perSecond));
    const whole = (value: number) => Math.round(value).toLocaleString('en');
    const peakMb = Math.max(...full.map((one) => one.peakMb));
    return {
      name: 'stream',
      target: 0.3,
      ours: rate(full),
      baseline: median(copied),
      note: `${whole(times * SHUFFLED.length)} questions of one POST /v1/contact-permissions/stream, with ?fields=flat ${whole(rate(flat))}/s, against COPY … TO STDOUT of the rows they need; memory ${whole(full[0]!.firstMb)} MB at the first answers, ${whole(peakMb)} MB at most`,
    };
  } finally {
    await client.end();
    await server.stop();
  }
}

async function copy(client: pg.Client, times: number): Promise<number> {
  const startedAt = performance.now();
  await client.query(ROWS);
  return (times * SHUFFLED.length * 1000) / (performance.now() - startedAt);
}

/** Throws unless every line was answered. */
async function scrub(server: Server, times: number, fields: 'full' | 'flat'): Promise<Scrubbed> {
  const memory = sampleMemory(server);
  const headers = { authorization: `Bearer ${KEY}`, 'content-type': 'application/x-ndjson', 'test-clock': NOON };
  const url = `${server.url}/v1/contact-permissions/stream?fields=${fields}`;
  const { seconds, lines, lastLine } = await inProcess({ url, headers, block: BLOCK, times });
  const { firstMb, peakMb } = await memory();
  const questions = times * SHUFFLED.length;
  const { summary } = JSON.parse(lastLine) as { summary?: { lines: number; problems: number; complete: boolean } };
  if (lines !== questions + 1 || summary?.lines !== questions || summary.problems > 0 || !summary.complete)
    throw new Error(`${url}: ${lines} lines, then ${lastLine}`);
  return { perSecond: questions / seconds, firstMb, peakMb };
}

function inProcess(load: StreamLoad): Promise<Streamed> {
  return new Promise((resolve, reject) => {
    const child = fork(fileURLToPath(new URL('./support/stream-process.ts', import.meta.url)), {
      stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
    });
    child.once('error', reject).once('exit', (code) => reject(new Error(`the stream process ended with ${code}`)));
    child.once('message', (streamed: Streamed) => resolve(streamed));
    child.send(load);
  });
}
