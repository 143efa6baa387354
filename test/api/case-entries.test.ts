import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { buildTestApp, type TestApp } from '../support/app.ts';
import { makeDebtor } from '../support/make.ts';

const NOW = '2026-11-23T10:00:00+08:00';
let t: TestApp;
/** Reads customers, and no personal data. */
let reader: { authorization: string };
beforeAll(async () => {
  t = await buildTestApp({ now: NOW });
  for (const id of ['C1', 'C2', 'C3', 'C4', 'C5', 'C6', 'C7', 'C8']) await makeDebtor(t, id);
  reader = { authorization: `Bearer ${await t.keyWith(['customers:read'])}` };
});
afterAll(() => t.close());

type Fields = Record<string, unknown>;
const record = (id: string, entry: Fields) => t.call('POST', `/v1/customers/${id}/case-entries`, entry);
const end = (id: string, entryId: string, body: Fields = {}) =>
  t.call('POST', `/v1/customers/${id}/case-entries/${entryId}/end`, body);
const get = (id: string, entryId: string, headers = {}) =>
  t.call('GET', `/v1/customers/${id}/case-entries/${entryId}`, undefined, headers);
const list = (id: string, query = '', headers = {}) =>
  t.call('GET', `/v1/customers/${id}/case-entries${query}`, undefined, headers);
const income = (entryId: string, monthlyAmount: string, on?: string) => ({
  entryId,
  kind: 'income',
  ...(on && { on }),
  details: { monthlyAmount, currency: 'CNY', source: 'salary of 张三' },
});
const complaint = (entryId: string, extra: Fields = {}) => ({
  entryId,
  kind: 'complaint',
  details: { receivedVia: 'regulator', subject: 'called the neighbour', collectorId: 'vendor-7', ...extra },
});
const placement = (entryId: string, on: string, until: string | null, accountId: string) => ({
  entryId,
  kind: 'placement',
  accountId,
  on,
  until,
  details: { collectorId: 'vendor-7', mandate: 'telephone' },
});
const eventsOf = async (customerId: string) => {
  const { rows } = await t.database.pool.query(
    `SELECT type, data FROM outbox_events WHERE subject_key = $1 AND type LIKE 'case_entry.%' ORDER BY seq`,
    [customerId],
  );
  return rows.map(({ type, data }) => [type, data.kind, data.collectorId, data.outcome]);
};

describe('a case entry', () => {
  test('is recorded once: the same again gives the first result, other content is refused', async () => {
    const first = await record('C1', income('E1', '6500'));
    expect(first.status).toBe(201);
    expect(first.body).toEqual({
      entryId: 'E1',
      customerId: 'C1',
      kind: 'income',
      accountId: null,
      on: '2026-11-23',
      until: null,
      details: { monthlyAmount: '6500.00', currency: 'CNY', source: 'salary of 张三' },
      inForce: true,
      endedOn: null,
      outcome: null,
      endText: null,
      masked: false,
      recordedAt: NOW,
    });
    const again = await record('C1', income('E1', '6500'));
    expect([again.status, again.body]).toEqual([200, first.body]);
    expect((await record('C1', income('E1', '6501'))).body.code).toBe('CASE_ENTRY_CONFLICT');
    expect(await eventsOf('C1')).toEqual([['case_entry.recorded', 'income', null, null]]);
  });

  test('of one customer and of another may have the same id', async () => {
    expect((await record('C2', income('E1', '7000'))).status).toBe(201);
    expect((await get('C1', 'E1')).body.details.monthlyAmount).toBe('6500.00');
  });

  test('is not overwritten by a later one, and the newest stands first', async () => {
    await record('C3', income('old', '5000', '2026-01-05'));
    await record('C3', income('new', '4000', '2026-10-05'));
    await record('C3', income('late', '4500', '2026-06-05'));
    await record('C3', { entryId: 'n', kind: 'note', on: '2026-07-01', details: { text: 'x' } });
    const items = (await list('C3', '?kind=income')).body.items as { entryId: string; inForce: boolean }[];
    expect(items.map(({ entryId }) => entryId)).toEqual(['new', 'late', 'old']);
    expect(items.every(({ inForce }) => inForce)).toBe(true);
    const page = await list('C3', '?kind=income&limit=2');
    const rest = await list('C3', `?kind=income&limit=2&cursor=${page.body.nextCursor}`);
    expect([...page.body.items, ...rest.body.items]).toEqual(items);
    expect(rest.body.nextCursor).toBeNull();
    expect((await list('C3', `?limit=2&cursor=${page.body.nextCursor}`)).status).toBe(400);
  });

  test('without personal-data:read shows neither amount nor text', async () => {
    await record('C4', income('money', '6543.21'));
    await record('C4', complaint('wrong'));
    await record('C4', { entryId: 'why', kind: 'default_reason', details: { reason: 'illness', text: 'dialysis' } });
    await record('C4', { entryId: 'n', kind: 'note', details: { text: 'her sister 13800138999 called' } });
    const house = { type: 'real_estate', description: 'flat in Pudong', encumbered: true };
    await record('C4', { entryId: 'flat', kind: 'collateral', details: house });
    await record('C4', { entryId: 'job', kind: 'employment', details: { status: 'employed', employerName: 'ACME' } });
    await end('C4', 'wrong', { outcome: 'upheld', text: 'we wrote to her' });
    const masked = await list('C4', '', reader);
    expect(masked.body.items.every((entry: Fields) => entry.masked)).toBe(true);
    expect(JSON.stringify(masked.body)).not.toMatch(
      /6543\.21|illness|dialysis|neighbour|13800138999|Pudong|ACME|employed|we wrote/,
    );
    const details = Object.fromEntries(masked.body.items.map((entry: Fields) => [entry.entryId, entry.details]));
    expect(details.wrong).toEqual({ receivedVia: 'regulator', subject: null, collectorId: 'vendor-7' });
    expect(details.flat).toEqual({ type: 'real_estate', description: null, encumbered: true });
    expect((await get('C4', 'wrong')).body.endText).toBe('we wrote to her');
    const { rows } = await t.database.pool.query('SELECT row_to_json(e)::text AS text FROM case_entries e');
    expect(JSON.stringify(rows)).not.toMatch(/6543\.21|illness|neighbour|Pudong|ACME/);
  });

  test('with a card number in a text is refused, wherever the text stands', async () => {
    const card = '4111 1111-1111 1111';
    const note = await record('C5', { entryId: 'n', kind: 'note', details: { text: `his card ${card} again` } });
    expect([note.status, note.body.errors[0].pointer]).toEqual([422, '/details/text']);
    // Shorter than this, and the random id of the request may hold it.
    expect(JSON.stringify(note.body)).not.toMatch(/4111.?1111/);
    const wide = await record('C5', complaint('w', { subject: 'card ４１１１１１１１１１１１１１１１' }));
    expect([wide.status, wide.body.errors[0].pointer]).toEqual([422, '/details/subject']);
    await record('C5', complaint('c'));
    const ending = await end('C5', 'c', { outcome: 'upheld', text: card });
    expect([ending.status, ending.body.errors[0].pointer]).toEqual([422, '/text']);
    const phone = { entryId: 'p', kind: 'note', details: { text: 'call +86 138 0013 8000' } };
    expect((await record('C5', phone)).status).toBe(201);
  });

  test.each([
    [income('x', '1.234'), '/details/monthlyAmount', 'TOO_PRECISE', 422],
    [income('x', '-5'), '/details/monthlyAmount', 'INVALID_FORMAT', 400],
    [income('x', '5', '2026-11-24'), '/on', 'IN_THE_FUTURE', 422],
    [{ ...income('x', '5', '2026-11-20'), until: '2026-11-20' }, '/until', 'OUT_OF_ORDER', 422],
    [{ ...income('x', '5'), accountId: 'C1-A1' }, '/accountId', 'UNKNOWN_REFERENCE', 404],
    [{ entryId: 'x', kind: 'note', details: {} }, '/details/text', 'REQUIRED', 400],
    [{ entryId: 'x', kind: 'note', details: { text: 'x', more: 1 } }, '/details/more', 'UNKNOWN_FIELD', 400],
    [{ entryId: 'x', kind: 'default_reason', details: { reason: 'greed' } }, '/details/reason', 'INVALID_VALUE', 400],
    [{ entryId: 'x', kind: 'placement', details: { collectorId: 'v', mandate: 'all' } }, '/accountId', 'REQUIRED', 400],
  ])('%j is refused at %s', async (entry, pointer, code, status) => {
    const { status: answered, body } = await record('C2', entry as Fields);
    expect([answered, body.errors[0].pointer, body.errors[0].code]).toEqual([status, pointer, code]);
  });
});

describe('the end of an entry', () => {
  test('of a complaint has an outcome, keeps both, and is told once', async () => {
    await record('C6', complaint('c1'));
    expect((await end('C6', 'c1')).body.errors[0]).toMatchObject({ pointer: '/outcome', code: 'REQUIRED' });
    expect((await end('C6', 'c1', { outcome: 'recalled' })).status).toBe(422);
    t.setNow('2026-11-25T15:00:00+08:00');
    const ended = await end('C6', 'c1', { outcome: 'partly_upheld' });
    expect(ended.body).toMatchObject({ outcome: 'partly_upheld', endedOn: '2026-11-25', inForce: false });
    expect(ended.body.details.subject).toBe('called the neighbour');
    t.setNow('2026-11-26T15:00:00+08:00');
    expect((await end('C6', 'c1', { outcome: 'partly_upheld' })).body).toEqual(ended.body);
    expect((await end('C6', 'c1', { outcome: 'withdrawn' })).body.code).toBe('CASE_ENTRY_CONFLICT');
    expect(await eventsOf('C6')).toEqual([
      ['case_entry.recorded', 'complaint', 'vendor-7', null],
      ['case_entry.ended', 'complaint', 'vendor-7', 'partly_upheld'],
    ]);
    t.setNow(NOW);
  });

  test('of another kind has none, lies not before the entry, and not in the future', async () => {
    await record('C6', income('i', '1', '2026-11-10'));
    expect((await end('C6', 'i', { outcome: 'upheld' })).body.errors[0].pointer).toBe('/outcome');
    expect((await end('C6', 'i', { on: '2026-11-09' })).body.errors[0].code).toBe('OUT_OF_ORDER');
    expect((await end('C6', 'i', { on: '2026-11-24' })).body.errors[0].code).toBe('IN_THE_FUTURE');
    expect((await end('C6', 'i', { on: '2026-11-15' })).body).toMatchObject({ endedOn: '2026-11-15', inForce: false });
    expect((await end('C6', 'nothing')).status).toBe(404);
    expect((await end('C1', 'i')).status).toBe(404);
  });

  test('comes by itself where the entry has one: exclusive', async () => {
    const entry = { ...income('u', '1', '2026-11-01'), until: '2026-11-23' };
    expect((await record('C6', entry)).body.inForce).toBe(false);
    expect((await record('C6', { ...entry, entryId: 'u2', until: '2026-11-24' })).body.inForce).toBe(true);
  });
});

describe('a placement', () => {
  const place = async (entryId: string, on: string, until: string | null, accountId = 'C7-A1') => {
    const { status, body } = await record(accountId.slice(0, 2), placement(entryId, on, until, accountId));
    return status === 201 ? 'placed' : body.code;
  };

  test('shares no day of an account with another one; the day it ends is free', async () => {
    expect(await place('p1', '2026-11-01', '2026-12-01')).toBe('placed');
    expect(await place('p2', '2026-11-30', null)).toBe('PLACEMENT_OVERLAP');
    expect(await place('p3', '2026-10-01', '2026-11-02')).toBe('PLACEMENT_OVERLAP');
    expect(await place('p4', '2026-10-01', '2026-11-01')).toBe('placed');
    expect(await place('p5', '2026-12-01', null)).toBe('placed');
    expect(await place('p6', '2027-12-01', null)).toBe('PLACEMENT_OVERLAP');
    expect(await place('p1', '2026-11-01', '2026-12-01', 'C8-A1')).toBe('placed');
    const recalled = await end('C7', 'p1', { on: '2026-11-20', outcome: 'recalled' });
    expect(recalled.body).toMatchObject({ endedOn: '2026-11-20', until: '2026-12-01', inForce: false });
    expect(await place('p7', '2026-11-20', '2026-12-01')).toBe('placed');
  });

  test('that is still to begin can be called off', async () => {
    expect(await place('future', '2027-01-01', null, 'C8-A1')).toBe('placed');
    expect((await get('C8', 'future')).body.inForce).toBe(false);
    const { body } = await end('C8', 'future', { outcome: 'recalled' });
    expect(body.endedOn).toBe('2027-01-01');
    expect(await place('other', '2027-01-01', null, 'C8-A1')).toBe('placed');
  });

  test('is one, of twenty that are sent at once', async () => {
    await makeDebtor(t, 'C9');
    const answers = await Promise.all(
      Array.from({ length: 20 }, (_, index) => place(`race-${index}`, '2026-11-01', null, 'C9-A1')),
    );
    expect(answers.filter((answer) => answer === 'placed')).toHaveLength(1);
    expect(answers.filter((answer) => answer === 'PLACEMENT_OVERLAP')).toHaveLength(19);
  });
});

test('strangers are 404, and who may only read writes nothing', async () => {
  expect((await list('nobody')).status).toBe(404);
  expect((await record('nobody', income('E1', '1'))).status).toBe(404);
  expect((await get('C1', 'nothing')).status).toBe(404);
  const answer = await t.call('POST', '/v1/customers/C1/case-entries', income('E9', '1'), reader);
  expect([answer.status, answer.body.code]).toEqual([403, 'FORBIDDEN']);
});
