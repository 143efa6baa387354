import { once } from 'node:events';
import { type ClientRequest, type IncomingMessage, request } from 'node:http';
import { type AddressInfo, connect } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { createDb, createPool } from '../../src/db/database.ts';
import { buildTestApp, type TestApp } from '../support/app.ts';
import { askFor, makeDebtor } from '../support/make.ts';

type Fields = Record<string, unknown>;

const PATH = '/v1/contact-permissions/stream';
const NDJSON = { 'content-type': 'application/x-ndjson' };
const DAY = '2026-11-23T10:00:00+08:00';

let t: TestApp;

beforeAll(async () => {
  t = await buildTestApp({ now: DAY });
  await makeDebtor(t, 'C1');
  await t.app.listen({ host: '127.0.0.1', port: 0 });
});
afterAll(() => t?.close());

/** Sends the text at once and gives the parsed lines. */
const send = (text: string, path = PATH, headers: Record<string, string> = {}) =>
  t.call('POST', path, text, { ...NDJSON, ...headers });
const lineOf = (overrides: Fields = {}) => `${JSON.stringify(askFor('C1', overrides))}\n`;

interface Open {
  readonly sent: ClientRequest;
  /** The answer, once its first line is there. */
  readonly answer: () => Promise<IncomingMessage>;
  /** The next line of the answer, parsed; null at its end. */
  readonly next: () => Promise<Fields | null>;
}

const opened: ClientRequest[] = [];
afterAll(() => {
  for (const one of opened) one.destroy();
});

/** A stream that stays open: lines go out with `sent.write`, answers come with `next`. */
function open(app: TestApp = t, headers: Record<string, string> = {}): Open {
  const { port } = app.app.server.address() as AddressInfo;
  const all = { authorization: `Bearer ${app.keys.admin}`, ...NDJSON, ...headers };
  const sent = request({ host: '127.0.0.1', port, path: PATH, method: 'POST', headers: all });
  sent.flushHeaders();
  sent.on('error', () => undefined);
  opened.push(sent);
  const responded = once(sent, 'response').then(([answer]) => answer as IncomingMessage);
  const lines = (async function* () {
    let rest = '';
    for await (const piece of await responded) {
      const parts = (rest + String(piece)).split('\n');
      rest = parts.pop()!;
      for (const part of parts) yield JSON.parse(part) as Fields;
    }
  })();
  return { sent, answer: () => responded, next: async () => (await lines.next()).value ?? null };
}

/** Decisions of this process so far. */
async function decisions(): Promise<number> {
  const { values } = await t.services.metrics.registry.getSingleMetric('contact_decisions_total')!.get();
  return values.reduce((sum, { value }) => sum + value, 0);
}

/** Waits until no more is decided, and says how much was. */
async function settled(): Promise<number> {
  for (let before = -1; ; ) {
    const now = await decisions();
    if (now === before) return now;
    before = now;
    await sleep(250);
  }
}

describe('a stream', () => {
  test('answers each line in its place and ends with the count', async () => {
    const night = '2026-11-23T22:30:00+08:00';
    const { status, body, headers } = await send(lineOf() + lineOf({ at: night }) + lineOf({ customerId: 'nobody' }));
    expect([status, headers['content-type']]).toEqual([200, 'application/x-ndjson']);
    const single = await t.call('POST', '/v1/contact-permissions', askFor('C1'));
    expect(body[0]).toEqual({ line: 1, status: 200, ...single.body, decisionId: expect.stringMatching(/^dec_/) });
    expect(body[1]).toMatchObject({ line: 2, status: 200, permitted: false, reasonCode: 'CALLING_HOURS' });
    expect(body[2]).toEqual({ line: 3, status: 404, problem: expect.objectContaining({ code: 'NOT_FOUND' }) });
    expect(body[3]).toEqual({ summary: { lines: 3, permitted: 1, refused: 1, problems: 1, complete: true } });
  });

  test('of nothing is only its end', async () => {
    const end = { summary: { lines: 0, permitted: 0, refused: 0, problems: 0, complete: true } };
    expect((await send('')).body).toEqual([end]);
    expect((await send('\n \r\n')).body).toEqual([end]);
    expect((await t.call('POST', PATH)).body).toEqual([end]);
  });

  test('goes on after a line that is none, names it by its number, and skips blank ones', async () => {
    const good = lineOf().trim();
    const lines = [
      `\ufeff${good}`,
      '',
      '{"customerId":',
      '[]',
      'null',
      good.replace('voice', 'fax'),
      '\r',
      `${good}\r`,
      `"${'x'.repeat(16_383)}"`,
      'x'.repeat(90_000),
      good,
    ];
    const { body } = await send(lines.join('\n'));
    const said = body
      .slice(0, -1)
      .map((one: Fields & { problem?: Fields }) => [one.line, one.problem?.code ?? one.permitted]);
    expect(said).toEqual([
      [1, true],
      [3, 'MALFORMED_JSON'],
      [4, 'VALIDATION_FAILED'],
      [5, 'VALIDATION_FAILED'],
      [6, 'VALIDATION_FAILED'],
      [8, true],
      [9, 'PAYLOAD_TOO_LARGE'],
      [10, 'PAYLOAD_TOO_LARGE'],
      [11, true],
    ]);
    expect(body[4].problem).toMatchObject({ status: 400, errors: [{ pointer: '/channel', code: 'INVALID_VALUE' }] });
    expect(body[6]).toMatchObject({ status: 413 });
    expect(body.at(-1).summary).toEqual({ lines: 9, permitted: 3, refused: 0, problems: 6, complete: true });
  });

  test('is flat when it is asked to be: no lists, and problems as ever', async () => {
    const { body } = await send(`${lineOf({ recording: false })}{}\n`, `${PATH}?fields=flat`);
    expect(body[0]).toMatchObject({
      line: 1,
      permitted: false,
      reasonCode: 'RECORDING_REQUIRED',
      retryAfterSeconds: null,
    });
    for (const value of Object.values(body[0])) expect(value === null || typeof value !== 'object').toBe(true);
    expect(body[1].problem.code).toBe('VALIDATION_FAILED');
  });

  test('reserves in its order: what a line takes, the lines behind it see', async () => {
    await makeDebtor(t, 'C2', { phone: '13800138002' });
    const ask = (fields: Fields) =>
      `${JSON.stringify(askFor('C2', { channel: 'sms', callerNumber: undefined, ...fields }))}\n`;
    const reserve = (requestId: string) => ask({ mode: 'reserve', requestId });
    // Two groups of lines and a bit: what the first one took is seen in the third.
    const many = ask({}).repeat(300);
    const { body } = await send(reserve('1') + many + reserve('2') + many + reserve('3') + reserve('1') + ask({}));
    const used = body.slice(0, -1).map(({ limits }: { limits: { used: number }[] }) => limits[0]!.used);
    expect(used).toEqual([0, ...Array(300).fill(1), 1, ...Array(300).fill(2), 2, 0, 2]);
    expect(body[602]).toMatchObject({ line: 603, permitted: false, reasonCode: 'FREQUENCY_CAP', reservationId: null });
    expect(body[603]).toEqual({ ...body[0], line: 604 });
    expect(body.at(-1).summary).toEqual({ lines: 605, permitted: 303, refused: 302, problems: 0, complete: true });
  });

  test('answers with the instant of Test-Clock, else with that of its lines', async () => {
    const fixed = await send(lineOf(), PATH, { 'test-clock': '2026-11-23T23:00:00+08:00' });
    expect(fixed.body[0]).toMatchObject({ evaluatedAt: '2026-11-23T23:00:00+08:00', reasonCode: 'CALLING_HOURS' });
    const stream = open();
    stream.sent.write(lineOf());
    expect(await stream.next()).toMatchObject({ evaluatedAt: DAY });
    t.setNow('2026-11-23T22:00:00+08:00');
    stream.sent.end(lineOf());
    expect(await stream.next()).toMatchObject({ evaluatedAt: '2026-11-23T22:00:00+08:00', permitted: false });
    t.setNow(DAY);
  });

  test('answers in the language that is asked for', async () => {
    const { body } = await send(lineOf({ recording: false }), PATH, { 'accept-language': 'en' });
    expect(body[0].reasonText).toMatch(/^[\x20-\x7e]+$/);
  });

  test('of a vendor speaks only for the vendor', async () => {
    const authorization = `Bearer ${await t.keyWith(['contact:check'], 'agency-7')}`;
    const { body } = await send(lineOf() + lineOf({ collector: undefined }), PATH, { authorization });
    expect(body[0].problem.code).toBe('FORBIDDEN');
    expect(body[1]).toMatchObject({ status: 200, permitted: false });
  });
});

describe('before its first line a stream is refused like any request', () => {
  test.each<[string, string, Record<string, string>, number, string]>([
    ['without a key', PATH, { authorization: '' }, 401, 'UNAUTHENTICATED'],
    ['as JSON', PATH, { 'content-type': 'application/json' }, 415, 'UNSUPPORTED_MEDIA_TYPE'],
    ['with unknown fields', `${PATH}?fields=some`, {}, 400, 'VALIDATION_FAILED'],
    ['with another parameter', `${PATH}?defaults=1`, {}, 400, 'VALIDATION_FAILED'],
    ['at no instant', PATH, { 'test-clock': 'noon' }, 400, 'VALIDATION_FAILED'],
  ])('%s', async (_, path, headers, status, code) => {
    const answer = await send(lineOf(), path, headers);
    expect([answer.status, answer.body.code]).toEqual([status, code]);
  });

  test('without the scope', async () => {
    const authorization = `Bearer ${await t.keyWith(['customers:read', 'contact:report', 'admin'])}`;
    const answer = await send(lineOf(), PATH, { authorization });
    expect([answer.status, answer.body.code]).toEqual([403, 'FORBIDDEN']);
  });

  test('without a database', async () => {
    const url = 'postgres://nobody@localhost:1/nothing';
    const pool = createPool({ url, maxConnections: 1, statementTimeoutMs: 1000 }, { warn: () => undefined });
    const lost = await buildTestApp({ database: { url, pool, db: createDb(pool), drop: () => pool.end() } });
    const answer = await lost.call('POST', PATH, `\n${lineOf()}`, NDJSON);
    expect([answer.status, answer.body.code]).toEqual([503, 'UNAVAILABLE']);
    await lost.close();
    await pool.end();
  });
});

describe('a stream in parts', () => {
  test('is answered line by line, without waiting for more', async () => {
    const stream = open();
    for (const line of [1, 2, 3]) {
      stream.sent.write(lineOf());
      expect(await stream.next()).toMatchObject({ line, permitted: true });
    }
    stream.sent.write('{"half":');
    await sleep(30);
    stream.sent.end('true}');
    expect(await stream.next()).toMatchObject({ line: 4, problem: { code: 'VALIDATION_FAILED' } });
    expect(await stream.next()).toMatchObject({ summary: { lines: 4, complete: true } });
    expect(await stream.next()).toBeNull();
  });

  test('ends with an error line when the database fails, and with complete: false', async () => {
    const { database } = t;
    const pool = createPool(
      { url: database.url, maxConnections: 3, statementTimeoutMs: 400 },
      { warn: () => undefined },
    );
    const hasty = await buildTestApp({ database: { ...database, pool, db: createDb(pool) } });
    await hasty.app.listen({ host: '127.0.0.1', port: 0 });
    const stream = open(hasty);
    stream.sent.write(lineOf());
    expect(await stream.next()).toMatchObject({ line: 1, permitted: true });
    const blocker = await database.pool.connect();
    try {
      await blocker.query('BEGIN; LOCK TABLE budget_entries IN ACCESS EXCLUSIVE MODE');
      stream.sent.write(`[]\n${lineOf()}${lineOf()}`);
      expect(await stream.next()).toMatchObject({ line: 2, problem: { code: 'VALIDATION_FAILED' } });
      expect(await stream.next()).toMatchObject({ line: 3, status: 503, problem: { code: 'UNAVAILABLE' } });
      const counts = { lines: 3, permitted: 1, refused: 0, problems: 2, complete: false };
      expect(await stream.next()).toEqual({ summary: counts });
      expect(await stream.next()).toBeNull();
    } finally {
      await blocker.query('ROLLBACK');
      blocker.release();
    }

    await hasty.close();
    await pool.end();
  });

  test('is read no faster than its reader takes, and held nowhere', { timeout: 90_000 }, async () => {
    const LINES = 20_000;
    setFlagsFromString('--expose-gc');
    const collect = runInNewContext('gc') as () => void;
    const heapUsed = () => {
      collect();
      return process.memoryUsage().heapUsed;
    };
    const before = await decisions();
    const stream = open();
    stream.sent.end(lineOf().repeat(LINES));
    (await stream.answer()).pause();
    const stalledAt = (await settled()) - before;
    expect(stalledAt).toBeGreaterThan(0);
    expect(stalledAt).toBeLessThan(LINES - 2000);
    const heap: number[] = [];
    for (let line = 1; line <= LINES; line += 1) {
      expect((await stream.next())?.line).toBe(line);
      if (line === 2000 || line === LINES - 2000) heap.push(heapUsed());
      if (line % 500 === 0) await sleep(5);
    }
    expect((await stream.next())?.summary).toMatchObject({ lines: LINES, permitted: LINES, complete: true });
    // The answers between are twenty megabytes.
    expect(heap[1]! - heap[0]!).toBeLessThan(8_000_000);
  });

  test('is worked on no further when its client goes away', async () => {
    const LINES = 20_000;
    const before = await decisions();
    const stream = open();
    stream.sent.end(lineOf().repeat(LINES));
    await stream.next();
    stream.sent.destroy();
    expect((await settled()) - before).toBeLessThan(LINES / 2);
    const { pool } = t.database;
    expect(pool.idleCount).toBe(pool.totalCount);
    const said = t.logged.filter((line) => line.includes('"stream decided"'));
    expect(said.at(-1)).toContain('"complete":false');
  });

  test('that breaks off in a line leaves that line unasked', async () => {
    const { port } = t.app.server.address() as AddressInfo;
    const before = await decisions();
    const socket = connect(port, '127.0.0.1');
    const headers = ['host: x', `authorization: Bearer ${t.keys.admin}`, 'content-type: application/x-ndjson'];
    const head = [`POST ${PATH} HTTP/1.1`, ...headers, 'content-length: 9999', '\r\n'].join('\r\n');
    socket.write(head + lineOf() + lineOf().slice(0, -1));
    await once(socket, 'data');
    socket.destroy();
    expect((await settled()) - before).toBe(1);
  });

  test('is ended when the service closes, with what was answered and complete: false', async () => {
    const closing = await buildTestApp({ now: DAY, database: t.database });
    await closing.app.listen({ host: '127.0.0.1', port: 0 });
    const streams = [open(closing), open(closing)];
    for (const stream of streams) {
      stream.sent.write(lineOf() + lineOf());
      expect(await stream.next()).toMatchObject({ line: 1 });
    }
    const startedAt = performance.now();
    const closed = closing.close();
    for (const stream of streams) {
      expect(await stream.next()).toMatchObject({ line: 2, permitted: true });
      expect(await stream.next()).toMatchObject({ summary: { lines: 2, complete: false } });
      expect(await stream.next()).toBeNull();
    }
    // The clients keep their streams open, and are cut off after a moment.
    await closed;
    expect(performance.now() - startedAt).toBeLessThan(5000);
  });
});
