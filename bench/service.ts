import pg from 'pg';
import { ATTEMPTS_A_YEAR, type BenchServer, CUSTOMERS, NOON } from './support/database.ts';
import { type Load, type Measured, send } from './support/load.ts';
import { median, type Ratio } from './support/report.ts';
import { type Server, startServer } from './support/servers.ts';

const CONNECTIONS = 32;
const ROUNDS = 5;
const CHECK_SECONDS = 4;
const POOL = { DATABASE_POOL_SIZE: '12' };
export const KEY = 'bench-key-with-every-scope-0123456789';
const HISTORY = { small: 10_000, large: ATTEMPTS_A_YEAR };

const startBaseline = (url: string) => startServer('bench/baseline.ts', '/readyz', { ...POOL, DATABASE_URL: url });
export const startOurs = (url: string) =>
  startServer('src/main.ts', '/readyz', {
    ...POOL,
    DATABASE_URL: url,
    ADMIN_API_KEY: KEY,
    ENCRYPTION_KEYS: `bench:${Buffer.alloc(32, 1).toString('base64')}`,
    BLIND_INDEX_KEY: Buffer.alloc(32, 2).toString('base64'),
    LOG_LEVEL: 'warn',
    SANDBOX: '1',
    DRAIN_SECONDS: '0',
  });

/** The customers in an order that has nothing to do with where their rows are. */
export const SHUFFLED = Array.from({ length: CUSTOMERS }, (_, index) => 1 + ((index * 7_001) % CUSTOMERS));

/** A recorded call of the bank to the debtor's mobile, at noon of the day that many days later. */
export function permissions(server: Server, daysLater: number, until: Load['until'], reserveAs?: string): Load {
  const noon = Temporal.Instant.from(NOON)
    .add({ hours: 24 * daysLater })
    .toString();
  return {
    url: server.url,
    method: 'POST',
    headers: { authorization: `Bearer ${KEY}`, 'content-type': 'application/json', 'test-clock': noon },
    connections: CONNECTIONS,
    until,
    requests: SHUFFLED.map((customer) => ({
      path: '/v1/contact-permissions',
      body: JSON.stringify({
        ...(reserveAs === undefined ? {} : { mode: 'reserve', requestId: `${reserveAs}:${customer}` }),
        customerId: `C${customer}`,
        accountIds: [`A${customer}`],
        contactPointId: 'm1',
        channel: 'voice',
        callerNumber: '95588',
        collector: { kind: 'creditor', id: 'bank' },
      }),
    })),
  };
}

function bare(server: Server, method: Load['method'], route: string, until: Load['until']): Load {
  const requests = SHUFFLED.map((customer) => ({ path: `/${route}/C${customer}` }));
  return { url: server.url, method, headers: {}, connections: CONNECTIONS, until, requests };
}

/** Sends the loads in turn, round after round, so that each meets the same machine; the first round only warms up. */
async function inTurns(rounds: number, loads: readonly ((round: number) => Load)[]): Promise<Measured[]> {
  const measured: Measured[][] = loads.map(() => []);
  for (let round = 0; round <= rounds; round += 1) {
    for (const [index, load] of loads.entries()) {
      const result = await send(load(round));
      if (round > 0) measured[index]!.push(result);
    }
  }
  const middle = (results: Measured[], pick: (result: Measured) => number) => median(results.map(pick));
  return measured.map((results) => ({
    requestsPerSecond: middle(results, (result) => result.requestsPerSecond),
    p50Ms: middle(results, (result) => result.p50Ms),
    p99Ms: middle(results, (result) => result.p99Ms),
  }));
}

async function queryOne<T extends pg.QueryResultRow>(url: string, text: string): Promise<T> {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  try {
    return (await client.query<T>(text)).rows[0]!;
  } finally {
    await client.end();
  }
}

const latency = ({ p50Ms, p99Ms }: Measured) => `p50 ${p50Ms} ms, p99 ${p99Ms} ms`;

/** Check against the bare look-up, with little and with much history, each in a database and a process of its own. */
export async function benchChecks(database: BenchServer): Promise<Ratio[]> {
  const small = await database.createDatabase('small', HISTORY.small);
  const large = await database.createDatabase('large', HISTORY.large);
  const servers = await Promise.all([startBaseline(small), startOurs(small), startOurs(large)]);
  const [baseline, ours, grown] = servers;
  try {
    const seconds = { seconds: CHECK_SECONDS };
    const [bareCheck, check, grownCheck] = await inTurns(ROUNDS, [
      () => bare(baseline, 'GET', 'check', seconds),
      () => permissions(ours, 0, seconds),
      () => permissions(grown, 0, seconds),
    ]);
    const { rows } = await queryOne<{ rows: number }>(
      large,
      `SELECT count(*)::float / ${CUSTOMERS} AS rows FROM budget_entries WHERE started_at >= timestamptz '${NOON}' - interval '12 hours'`,
    );
    return [
      {
        name: 'check',
        target: 1,
        ours: check!.requestsPerSecond,
        baseline: bareCheck!.requestsPerSecond,
        note: `POST /v1/contact-permissions, ${latency(check!)}; the bare route ${latency(bareCheck!)}`,
      },
      {
        name: 'growth',
        target: 0.9,
        ours: grownCheck!.requestsPerSecond,
        baseline: check!.requestsPerSecond,
        note: `${HISTORY.large.toLocaleString('en')} attempts against the last ${HISTORY.small.toLocaleString('en')} of them, ${rows.toFixed(1)} counted rows a customer on the day that is read; ${latency(grownCheck!)}`,
      },
    ];
  } finally {
    await Promise.all(servers.map(({ stop }) => stop()));
  }
}

/** Reserve against the bare compare-and-set; every request of a round is for another customer, at noon of a new day. */
export async function benchReserve(database: BenchServer): Promise<Ratio[]> {
  const url = await database.createDatabase('reserving', HISTORY.small);
  const servers = await Promise.all([startBaseline(url), startOurs(url)]);
  const [baseline, ours] = servers;
  try {
    const [bareReserve, fourStatements, reserve] = await inTurns(ROUNDS, [
      () => bare(baseline, 'POST', 'reserve', 'each once'),
      () => bare(baseline, 'POST', 'reserve-4', 'each once'),
      (round) => permissions(ours, round, 'each once', `round-${round}`),
    ]);
    const { granted } = await queryOne<{ granted: number }>(
      url,
      `SELECT 100.0 * count(reservation_id) / count(*) AS granted FROM decisions`,
    );
    return [
      {
        name: 'reserve',
        target: 0.8,
        ours: reserve!.requestsPerSecond,
        baseline: bareReserve!.requestsPerSecond,
        note: `${Number(granted).toFixed(1)} % granted, ${latency(reserve!)}; the bare route ${latency(bareReserve!)}, with BEGIN and COMMIT of its own ${Math.round(fourStatements!.requestsPerSecond).toLocaleString('en')}/s`,
      },
    ];
  } finally {
    await Promise.all(servers.map(({ stop }) => stop()));
  }
}
