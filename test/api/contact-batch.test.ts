import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { createDb, createPool } from '../../src/db/database.ts';
import { buildTestApp, type TestAnswer, type TestApp } from '../support/app.ts';
import { documentOf } from '../support/graphql.ts';
import { askFor, makeDebtor } from '../support/make.ts';

type Fields = Record<string, unknown>;

let t: TestApp;
let made = 0;

beforeAll(async () => {
  t = await buildTestApp();
});
afterAll(() => t?.close());

/** A fresh debtor with a number of its own. */
async function debtor(): Promise<string> {
  made += 1;
  const id = `B${made}`;
  await makeDebtor(t, id, { phone: `136${String(20_000_000 + made)}` });
  return id;
}

const batch = (items: unknown, headers: Record<string, string> = {}) =>
  t.call('POST', '/v1/contact-permissions/batch', { items }, headers);
const sms = (id: string, overrides: Fields = {}) =>
  askFor(id, { channel: 'sms', callerNumber: undefined, ...overrides });
/** What each result says: the reason of a refusal, OK, or the code of its problem. */
const verdicts = ({ body }: TestAnswer) =>
  body.results.map((one: Fields & { problem?: { code: string } }) =>
    one.problem ? one.problem.code : one.permitted ? 'OK' : one.reasonCode,
  );

describe('a batch', () => {
  test('answers in the order asked, each result flat, with its place and status', async () => {
    const ids = [await debtor(), await debtor(), await debtor()];
    const asked = [ids[2]!, ids[0]!, ids[1]!, ids[0]!].map((id, index) =>
      askFor(id, index === 3 ? { at: '2026-11-23T22:30:00+08:00' } : {}),
    );
    const { status, body } = await batch(asked);
    expect(status).toBe(200);
    expect(body.summary).toEqual({ items: 4, permitted: 3, refused: 1, problems: 0 });
    for (const [index, item] of asked.entries()) {
      const single = await t.call('POST', '/v1/contact-permissions', item);
      expect(body.results[index]).toEqual({
        index,
        status: 200,
        ...single.body,
        decisionId: expect.stringMatching(/^dec_/),
      });
    }
  });

  test('gives each bad item its own problem, as the single call would, and answers the others', async () => {
    const id = await debtor();
    const items = [
      askFor(id),
      { ...askFor(id), channel: 'fax', vip: true },
      'no object',
      null,
      askFor(id, { collector: undefined }),
      askFor(id, { contactPointId: undefined, address: '123' }),
      askFor('nobody'),
      askFor(id, { accountIds: ['none'] }),
      sms(id),
    ];
    const answer = await batch(items);
    expect(verdicts(answer)).toEqual([
      'OK',
      'VALIDATION_FAILED',
      'VALIDATION_FAILED',
      'VALIDATION_FAILED',
      'VALIDATION_FAILED',
      'PHONE_INVALID',
      'NOT_FOUND',
      'NOT_FOUND',
      'OK',
    ]);
    expect(answer.body.summary).toEqual({ items: 9, permitted: 2, refused: 0, problems: 7 });
    for (const [index, item] of items.entries()) {
      const { problem } = answer.body.results[index];
      if (problem === undefined || typeof item !== 'object' || item === null) continue;
      const single = await t.call('POST', '/v1/contact-permissions', item);
      expect(problem).toEqual({ ...single.body, requestId: problem.requestId });
      expect(answer.body.results[index]).toEqual({ index, status: single.status, problem });
    }
    expect(answer.body.results[1].problem.errors.map(({ pointer }: { pointer: string }) => pointer)).toEqual([
      '/channel',
      '/vip',
    ]);
  });

  test.each([
    ['no items', { items: [] }, '/items TOO_SMALL'],
    ['1,001 items', { items: Array.from({ length: 1001 }, () => 1) }, '/items TOO_LARGE'],
    ['no list', { items: { 0: {} } }, '/items INVALID_TYPE'],
    ['another field', { items: [{}], atomic: true }, '/atomic UNKNOWN_FIELD'],
    ['nothing', {}, '/items REQUIRED'],
  ])('with %s is refused as a whole', async (_, body, error) => {
    const answer = await t.call('POST', '/v1/contact-permissions/batch', body);
    expect(answer.status).toBe(400);
    expect(answer.body.errors.map((one: Fields) => `${one.pointer} ${one.code}`)).toEqual([error]);
  });

  test('of a vendor speaks only for the vendor, item by item', async () => {
    const id = await debtor();
    const authorization = `Bearer ${await t.keyWith(['contact:check'], 'agency-7')}`;
    const own = askFor(id, { collector: undefined });
    const answer = await batch([own, askFor(id)], { authorization });
    expect(verdicts(answer)).toEqual(['VENDOR_NOT_NOTIFIED', 'FORBIDDEN']);
  });

  test('of 1,000 items is one request, larger than another body may be', async () => {
    const id = await debtor();
    const items = Array.from({ length: 1000 }, (_, n) => askFor(id, { presentsAs: `p${n}` }));
    const body = JSON.stringify({ items }) + ' '.repeat(t.config.bodyLimitBytes);
    const answer = await t.call('POST', '/v1/contact-permissions/batch', body, { 'content-type': 'application/json' });
    expect(answer.status).toBe(200);
    expect(answer.body.results.map(({ index }: { index: number }) => index)).toEqual(items.map((_, index) => index));
  });
});

describe('a batch that reserves', () => {
  test('takes the two slots that are left, for the first two who ask, and later items see them taken', async () => {
    const id = await debtor();
    const item = (mode: string, requestId: string) => sms(id, { mode, requestId });
    const answer = await batch([
      item('check', 'c1'),
      item('reserve', 'r1'),
      { ...item('reserve', 'bad'), channel: 'fax' },
      item('check', 'c2'),
      item('reserve', 'r2'),
      item('check', 'c3'),
      item('reserve', 'r3'),
      item('reserve', 'r1'),
    ]);
    expect(verdicts(answer)).toEqual([
      'OK',
      'OK',
      'VALIDATION_FAILED',
      'OK',
      'OK',
      'FREQUENCY_CAP',
      'FREQUENCY_CAP',
      'OK',
    ]);
    const { results } = answer.body;
    expect(results.map(({ limits }: { limits?: Fields[] }) => limits?.[0]?.used)).toEqual([
      0,
      0,
      undefined,
      1,
      1,
      2,
      2,
      0,
    ]);
    expect(results[7]).toEqual({ ...results[1], index: 7 });
    const granted = results
      .filter(({ reservationId }: Fields) => reservationId)
      .map((one: Fields) => one.reservationId);
    expect(new Set(granted).size).toBe(2);
    const { rows } = await t.database.pool.query('SELECT reservation_id FROM reservations WHERE customer_id = $1', [
      id,
    ]);
    expect(rows.map((row) => row.reservation_id).sort()).toEqual([...new Set(granted)].sort());
  });

  test('of hundreds gives each number its two slots, beyond the groups it is decided in', async () => {
    const ids = await Promise.all(Array.from({ length: 50 }, debtor));
    const items = Array.from({ length: 400 }, (_, n) => sms(ids[(n * 7) % 50]!, { mode: 'reserve' }));
    const answer = await batch(items);
    const seen = new Map<unknown, number>();
    const expected = items.map(({ customerId }) => {
      seen.set(customerId, (seen.get(customerId) ?? 0) + 1);
      return seen.get(customerId)! <= 2 ? 'OK' : 'FREQUENCY_CAP';
    });
    expect(verdicts(answer)).toEqual(expected);
    expect(answer.body.summary).toEqual({ items: 400, permitted: 100, refused: 300, problems: 0 });
  });

  test('gives the same answer to the same requestId, and none to another question under it', async () => {
    const id = await debtor();
    const take = sms(id, { mode: 'reserve', requestId: 'twice' });
    const answer = await batch([take, take, { ...take, automated: true }]);
    expect(verdicts(answer)).toEqual(['OK', 'OK', 'IDEMPOTENCY_CONFLICT']);
    expect(answer.body.results[1]).toEqual({ ...answer.body.results[0], index: 1 });
    const single = await t.call('POST', '/v1/contact-permissions', take);
    expect(single.body.reservationId).toBe(answer.body.results[0].reservationId);
  });
});

describe('when the database fails', () => {
  test('before anything was answered, the batch fails', async () => {
    const url = 'postgres://nobody@localhost:1/nothing';
    const pool = createPool({ url, maxConnections: 1, statementTimeoutMs: 1000 }, { warn: () => undefined });
    const lost = await buildTestApp({ database: { url, pool, db: createDb(pool), drop: () => pool.end() } });
    const answer = await lost.call('POST', '/v1/contact-permissions/batch', { items: [askFor('C1'), { bad: true }] });
    expect([answer.status, answer.body.code]).toEqual([503, 'UNAVAILABLE']);
    await lost.close();
    await pool.end();
  });

  test('in the middle, what was answered is kept and the rest is no yes', async () => {
    const id = await debtor();
    const { database } = t;
    const pool = createPool(
      { url: database.url, maxConnections: 3, statementTimeoutMs: 400 },
      { warn: () => undefined },
    );
    const hasty = await buildTestApp({ database: { ...database, pool, db: createDb(pool) } });
    const blocker = await database.pool.connect();
    try {
      // Reads go on; whoever wants to write waits until the statement is cancelled.
      await blocker.query('BEGIN; LOCK TABLE decisions IN SHARE MODE');
      const answer = await hasty.call('POST', '/v1/contact-permissions/batch', {
        items: [sms(id), { bad: true }, sms(id, { mode: 'reserve' }), sms(id), { bad: true }],
      });
      expect(answer.status).toBe(200);
      expect(verdicts(answer)).toEqual(['OK', 'VALIDATION_FAILED', 'UNAVAILABLE', 'UNAVAILABLE', 'UNAVAILABLE']);
      expect(answer.body.summary).toEqual({ items: 5, permitted: 1, refused: 0, problems: 4 });
    } finally {
      await blocker.query('ROLLBACK');
      blocker.release();
      await hasty.close();
      await pool.end();
    }
  });
});

describe('through GraphQL', () => {
  const call = async (operation: string, items: unknown) =>
    (await t.graphql(documentOf(t.app.graphql.schema, operation), { items })).body;

  test('a query takes no slot, item by item', async () => {
    const id = await debtor();
    const { data } = await call('checkContacts', [sms(id), sms(id, { mode: 'reserve' })]);
    expect(data.checkContacts.summary).toEqual({ items: 2, permitted: 1, refused: 0, problems: 1 });
    expect(data.checkContacts.results[1]).toMatchObject({
      status: 400,
      permitted: null,
      problem: { code: 'VALIDATION_FAILED', errors: [{ pointer: '/mode' }] },
    });
  });

  test('a mutation takes it', async () => {
    const id = await debtor();
    const items = ['1', '2', '3'].map((n) => sms(id, { mode: 'reserve', requestId: `gql/${id}/${n}` }));
    const { data } = await call('requestContactPermissions', items);
    const { results } = data.requestContactPermissions;
    expect(results.map((one: Fields) => one.reasonCode)).toEqual([null, null, 'FREQUENCY_CAP']);
    const again = await batch(items);
    expect(again.body.results.map((one: Fields) => one.reservationId)).toEqual(
      results.map((one: Fields) => one.reservationId),
    );
  });
});

/** Six of seven leave a field as it is in an ordinary question, so that many are permitted. */
const mostly = <T>(usual: T, ...others: T[]) =>
  fc.oneof({ weight: 6, arbitrary: fc.constant(usual) }, fc.constantFrom(...others));

/** A question of a list: the same list is asked of four worlds that are alike. */
const question = fc.record({
  customer: fc.constantFrom('a', 'a', 'a', 'b', 'b', 'nobody'),
  mode: fc.constantFrom('check', 'reserve'),
  channel: mostly('sms', 'voice', 'email', 'letter', 'fax'),
  purpose: mostly('collect', 'service', 'locate'),
  partyId: mostly<string | undefined>(undefined, 'friend', 'stranger'),
  target: mostly<Fields>(
    { contactPointId: 'm1' },
    { contactPointId: 'm2' },
    { address: '13800138000' },
    { address: '1' },
  ),
  at: mostly<string | undefined>(undefined, '2026-11-23T23:00:00+08:00', '2026-11-23'),
  requestId: mostly<string | undefined>(undefined, 'q/1', 'q/2'),
  automated: fc.boolean(),
  accounts: mostly<string[] | undefined>(undefined, ['A1'], ['A1', 'A1'], ['A9'], []),
});

type Question = typeof question extends fc.Arbitrary<infer Q> ? Q : never;

function itemOf({ customer, target, accounts, ...fields }: Question, world: string): Fields {
  const customerId = world + customer;
  const accountIds = accounts?.map((account) => `${customerId}-${account}`);
  const given = { ...fields, ...target, customerId, accountIds, callerNumber: '95588' };
  return JSON.parse(JSON.stringify({ ...given, collector: { kind: 'creditor', id: 'bank' } }));
}

const WORLDS = ['single', 'batch', 'stream', 'graphql'] as const;

/** The two of a world share their numbers, so what one takes the other feels; no other world has them. */
async function makeTwin(id: string, number: number): Promise<void> {
  await makeDebtor(t, id, { phone: `135${number}` });
  const party = (partyId: string, role: string, contactPointId: string, value: string) => ({
    partyId,
    role,
    name: partyId,
    contactPoints: [{ contactPointId, kind: 'phone', value }],
  });
  const parties = [party('self', 'debtor', 'm1', `135${number}`), party('friend', 'contact', 'm2', `134${number}`)];
  await t.call('PUT', `/v1/customers/${id}`, { name: 'twin', parties });
}

/** Sends the questions through one door; each result without its place, as the single call would answer it. */
async function ask(world: (typeof WORLDS)[number], items: readonly Fields[]): Promise<unknown[]> {
  const flat = ({ index: _, line: __, status, problem, ...answer }: Fields) =>
    problem ? { status, problem } : { status, ...answer };
  if (world === 'single') {
    const results: unknown[] = [];
    for (const item of items) {
      const { status, body } = await t.call('POST', '/v1/contact-permissions', item);
      results.push(status === 200 ? { status, ...body } : { status, problem: body });
    }
    return results;
  }
  if (world === 'batch') return (await batch(items)).body.results.map(flat);
  if (world === 'stream') {
    const lines = items.map((item) => `${JSON.stringify(item)}\n`).join('');
    const headers = { 'content-type': 'application/x-ndjson' };
    return (await t.call('POST', '/v1/contact-permissions/stream', lines, headers)).body.slice(0, -1).map(flat);
  }
  const document = documentOf(t.app.graphql.schema, 'requestContactPermissions');
  const { data, errors } = (await t.graphql(document, { items })).body;
  expect(errors).toBeUndefined();
  // What REST leaves out, GraphQL has as null.
  return data.requestContactPermissions.results.map(({ problem, ...result }: Fields) => {
    if (!problem) return flat(result);
    const { errors: fields, ...rest } = problem as { errors: Fields[] };
    return flat({ ...result, problem: { ...rest, errors: fields.map(({ line: _, ...field }) => field) } });
  });
}

/** The world's own names and the ids that are made, replaced by what they are in every world. */
function comparable(results: unknown[], run: string): unknown[] {
  const ids = new Map<string, string>();
  const text = JSON.stringify(results)
    .replaceAll(run, 'C')
    .replaceAll(/"requestId":"[^"]*"/g, '"requestId":""')
    .replaceAll(/"permissionToken":"[^"]*"/g, '"permissionToken":"token"')
    .replaceAll(/(dec|res)_[0-9a-f-]{36}/g, (id, prefix: string) => {
      if (!ids.has(id)) ids.set(id, `${prefix} ${ids.size}`);
      return ids.get(id)!;
    });
  // Contacts of one instant are in the order of their random ids.
  const sorted = (key: string, value: unknown) => (key === 'countedAttemptIds' ? (value as string[]).sort() : value);
  return JSON.parse(text, sorted) as unknown[];
}

test('one by one, as a batch, as a stream and through GraphQL, the same questions get the same answers', async () => {
  let run = 0;
  let granted = 0;
  await fc.assert(
    fc.asyncProperty(fc.array(question, { minLength: 5, maxLength: 12 }), async (questions) => {
      run += 1;
      const answers: unknown[][] = [];
      for (const [n, world] of WORLDS.entries()) {
        const name = `W${run}.${n}.`;
        for (const customer of ['a', 'b']) await makeTwin(`${name}${customer}`, 10_000_000 + run * 10 + n);
        const items = questions.map((one) => itemOf(one, name));
        answers.push(comparable(await ask(world, items), name));
      }
      for (const other of answers.slice(1)) expect(other).toEqual(answers[0]);
      granted += answers[0]!.filter((one) => (one as Fields).reservationId).length;
    }),
    { numRuns: Number(process.env.FUZZ_RUNS ?? 20), seed: Number(process.env.FUZZ_SEED ?? 20261123) },
  );
  expect(granted).toBeGreaterThan(20);
});
