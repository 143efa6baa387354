import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, existsSync, mkdtempSync, readFileSync, realpathSync, rmSync } from 'node:fs';
import { request } from 'node:http';
import { type AddressInfo, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { startOf } from '../../src/db/service-lock.ts';
import { createTestDatabase } from '../support/database.ts';

let dataDir: string;
let running: Service[];
beforeEach(() => {
  dataDir = realpathSync(mkdtempSync(join(tmpdir(), 'service-')));
  chmodSync(dataDir, 0o711);
  running = [];
});
afterEach(async () => {
  for (const { child, stop } of running) if (child.exitCode === null && child.signalCode === null) await stop();
  rmSync(dataDir, { recursive: true, force: true });
});

interface Service {
  readonly child: ChildProcess;
  /** All that was printed so far. */
  readonly output: { stdout: string; stderr: string };
  /** The address, once the service listens. */
  readonly address: () => Promise<string>;
  /** Sends the signal and waits for the exit code. */
  readonly stop: (signal?: NodeJS.Signals) => Promise<number | null>;
  readonly exited: Promise<number | null>;
}

/** The real process, as `npm start` runs it. */
function start(settings: Record<string, string> = {}): Service {
  const env = { PATH: process.env.PATH, DATA_DIR: dataDir, PORT: '0', ...settings };
  const child = spawn(process.execPath, ['src/main.ts'], { env, stdio: ['ignore', 'pipe', 'pipe'] });
  const output = { stdout: '', stderr: '' };
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    output.stdout += text;
  });
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    output.stderr += text;
  });
  const exited = once(child, 'close').then(([code]) => code as number | null);
  const service: Service = {
    child,
    output,
    exited,
    address: async () => {
      const listening = () => /Server listening at (http:\/\/[^"]+)"/.exec(output.stdout)?.[1];
      while (listening() === undefined) {
        if (child.exitCode !== null) throw new Error(`the service ended: ${output.stderr}`);
        await sleep(20);
      }
      return listening()!;
    },
    stop: (signal = 'SIGTERM') => {
      child.kill(signal);
      return exited;
    },
  };
  running.push(service);
  return service;
}

const banner = async ({ output }: Service) => {
  while (!output.stdout.includes('refused with the reason')) await sleep(20);
  await sleep(50);
  return output.stdout;
};
const serverPid = () => Number(readFileSync(join(dataDir, 'postgres', 'postmaster.pid'), 'utf8').split('\n')[0]);
const status = async (url: string) => (await fetch(url)).status;

/** Does what one of the printed curl lines does. */
async function runCurl(line: string): Promise<Record<string, unknown>> {
  const headers = Object.fromEntries(
    [...line.matchAll(/-H ["']([^:]+): ([^"']+)["']/g)].map(([, name, value]) => [name!, value!]),
  );
  const answer = await fetch(/http:\S+/.exec(line)![0], { method: 'POST', headers, body: /-d '(.*)'/.exec(line)![1]! });
  expect(answer.status).toBe(200);
  return (await answer.json()) as Record<string, unknown>;
}

test('the first start shows where it is and three calls that answer as it says, and SIGTERM leaves nothing behind', async () => {
  const service = start();
  const address = await service.address();
  expect(await status(`${address}/livez`)).toBe(200);
  expect(await status(`${address}/readyz`)).toBe(200);
  const text = await banner(service);
  expect(text).toContain(`listens on ${address}\n`);
  expect(text).toContain(`${address}/docs\n`);
  const calls = text.split('\n').filter((line) => line.startsWith('curl '));
  expect(calls).toHaveLength(3);
  const answers = [];
  for (const call of calls) answers.push(await runCurl(call));
  expect(answers[0]).toMatchObject({ permitted: true, reservationId: null });
  expect(answers[1]).toMatchObject({ permitted: true, reservationId: expect.stringMatching(/^res_/) });
  expect(answers[2]).toMatchObject({ permitted: false, reasonText: expect.stringMatching(/./) });
  const server = serverPid();
  expect(await service.stop()).toBe(0);
  expect(startOf(server)).toBeNull();
  expect(existsSync(join(dataDir, 'service.lock'))).toBe(false);
  expect(service.output.stderr).toBe('');
});

test('after kill -9 the next start stops the orphan and keeps the data and the key', async () => {
  const killed = start();
  const keyOf = (text: string) => /development key +(\S+)/.exec(text)?.[1];
  const firstBanner = await banner(killed);
  const [, take] = firstBanner.split('\n').filter((line) => line.startsWith('curl '));
  const { reservationId } = await runCurl(take!);
  const orphan = serverPid();
  await killed.stop('SIGKILL');
  const next = start();
  const address = await next.address();
  expect(startOf(orphan)).toBeNull();
  const key = keyOf(await banner(next));
  expect(key).toBe(keyOf(firstBanner));
  const kept = await fetch(`${address}/v1/reservations/${reservationId}`, {
    headers: { authorization: `Bearer ${key}` },
  });
  expect(kept.status).toBe(200);
  expect(await next.stop()).toBe(0);
});

test('a signal that comes twice, as npm sends it, still ends the request in flight and the database', async () => {
  const service = start();
  const { hostname, port } = new URL(await service.address());
  const key = /development key +(\S+)/.exec(await banner(service))![1];
  const upload = request({
    hostname,
    port,
    method: 'POST',
    path: '/v1/imports?source=default',
    headers: {
      authorization: `Bearer ${key}`,
      'content-type': 'text/csv; charset=utf-8',
      'transfer-encoding': 'chunked',
      'idempotency-key': 'one-upload',
    },
  });
  const answered = once(upload, 'response');
  const template = await fetch(`http://${hostname}:${port}/v1/imports/template?source=default`, {
    headers: { authorization: `Bearer ${key}` },
  });
  const csv = await template.text();
  upload.write(csv.slice(0, 20));
  await sleep(200);
  const server = serverPid();
  service.child.kill('SIGTERM');
  await sleep(100);
  service.child.kill('SIGTERM');
  await sleep(300);
  expect(service.child.exitCode).toBeNull();
  upload.end(csv.slice(20));
  const [response] = await answered;
  expect(response.statusCode).toBe(202);
  response.resume();
  const answeredAt = performance.now();
  expect(await service.exited).toBe(0);
  // The client keeps its connection; the service does not wait for it.
  expect(performance.now() - answeredAt).toBeLessThan(3_500);
  expect(startOf(server)).toBeNull();
});

test('a busy port is one sentence, and the database does not stay', async () => {
  const other = createServer().listen(0, '127.0.0.1');
  await once(other, 'listening');
  const { port } = other.address() as AddressInfo;
  const service = start({ PORT: String(port) });
  expect(await service.exited).toBe(1);
  other.close();
  expect(service.output.stderr).toBe(
    `Port ${port} of 127.0.0.1 is in use: stop the other process, or set PORT (0 takes a free one).\n`,
  );
  expect(existsSync(join(dataDir, 'postgres', 'postmaster.pid'))).toBe(false);
});

test('a second start on the same folder is one sentence', async () => {
  const first = start();
  await first.address();
  const second = start();
  expect(await second.exited).toBe(1);
  expect(second.output.stderr).toBe(
    `Another service (process ${first.child.pid}) uses DATA_DIR ${dataDir}: stop it or set another DATA_DIR.\n`,
  );
});

test('every wrong setting is named at once', async () => {
  const service = start({ PORT: 'http', DATABASE_URL: 'mysql://localhost/x', BLIND_INDEX_KEY: 'short' });
  expect(await service.exited).toBe(1);
  expect(service.output.stderr).toMatch(/^The settings are not valid:\n( {2}- .+\n){4,}$/);
  for (const name of ['PORT', 'DATABASE_URL', 'BLIND_INDEX_KEY', 'ENCRYPTION_KEYS'])
    expect(service.output.stderr).toContain(`- ${name}: `);
});

/** What DATABASE_URL asks for beside itself. */
const KEYS = {
  ENCRYPTION_KEYS: `k1:${Buffer.alloc(32, 1).toString('base64')}`,
  BLIND_INDEX_KEY: Buffer.alloc(32, 2).toString('base64'),
};

test('a DATABASE_URL that does not answer is one sentence', async () => {
  const service = start({ ...KEYS, DATABASE_URL: 'postgres://postgres:secret@127.0.0.1:1/none' });
  expect(await service.exited).toBe(1);
  expect(service.output.stderr).toBe(
    'The database of DATABASE_URL cannot be used (connect ECONNREFUSED 127.0.0.1:1).\n',
  );
});

test('a database that is behind is left alone: the service starts, is not ready and says why', async () => {
  const database = await createTestDatabase('empty');
  const service = start({ ...KEYS, DATABASE_URL: database.url, DRAIN_SECONDS: '0' });
  const address = await service.address();
  expect(await status(`${address}/livez`)).toBe(200);
  expect(await status(`${address}/readyz`)).toBe(503);
  expect(service.output.stdout).toMatch(
    /"level":50,.*migrations are pending, so the service is not ready: run `npm run migrate -- up`\."/,
  );
  expect(service.output.stdout).not.toContain('development key');
  expect(await service.stop()).toBe(0);
  const { rows } = await database.pool.query(
    `SELECT count(*)::int AS tables FROM pg_class WHERE relkind = 'r' AND relnamespace::regnamespace::text !~ '^(pg_|information_schema)'`,
  );
  expect(rows[0].tables).toBe(0);
  await database.drop();
});

test('with DATABASE_URL readiness goes first and the service answers until the drain is over', async () => {
  const database = await createTestDatabase();
  const service = start({ ...KEYS, DATABASE_URL: database.url, DRAIN_SECONDS: '2' });
  const address = await service.address();
  expect(await status(`${address}/readyz`)).toBe(200);
  const signalledAt = performance.now();
  const stopped = service.stop();
  await sleep(300);
  expect(await status(`${address}/readyz`)).toBe(503);
  expect(await status(`${address}/livez`)).toBe(200);
  expect(await stopped).toBe(0);
  expect(performance.now() - signalledAt).toBeGreaterThan(1_900);
  await database.drop();
});
