import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { lateTruth } from '../../src/replays/late-truth.ts';
import { buildTestApp, type TestApp } from '../support/app.ts';
import { askFor, makeDebtor, reportOf } from '../support/make.ts';

let t: TestApp;
let made = 0;
let id: string;

beforeAll(async () => {
  t = await buildTestApp();
});
afterAll(() => t?.close());
beforeEach(async () => {
  made += 1;
  id = `L${made}`;
  t.setNow(day('08:00:00'));
  await makeDebtor(t, id, { phone: `136${String(30_000_000 + made)}` });
  t.setNow(day('10:00:00'));
});

const day = (time: string) => `2026-11-23T${time}+08:00`;
const ask = async (overrides: Record<string, unknown> = {}) =>
  (await t.call('POST', '/v1/contact-permissions', askFor(id, { record: true, ...overrides }))).body;
const report = (attemptId: string, time: string, outcome: string, overrides: Record<string, unknown> = {}) =>
  t.call('POST', '/v1/contact-attempts', reportOf(id, `${id}:${attemptId}`, day(time), outcome, overrides));
const sweep = () => lateTruth.run(t.services, t.app.log, new AbortController().signal);
const waiting = async () =>
  (await t.database.pool.query('SELECT customer_id FROM late_truths WHERE customer_id = $1', [id])).rows.length;
const differing = async () => (await t.call('GET', `/v1/differing-decisions?customerId=${id}`)).body.items;
const events = async () =>
  (
    await t.database.pool.query<{ data: object }>(
      `SELECT data FROM outbox_events WHERE type = 'decision.would_differ' AND subject_key = $1 ORDER BY seq`,
      [id],
    )
  ).rows.map(({ data }) => data);

describe('late truth', () => {
  it('tells each decision once that a late report would have changed', async () => {
    const before = await ask();
    t.setNow(day('10:10:00'));
    const { decisionId } = await ask();
    t.setNow(day('12:00:00'));
    await report('late', '10:05:00', 'no_answer');
    await sweep();
    const told = { decisionId, customerId: id, permitted: true, wouldBePermitted: false };
    expect(await events()).toEqual([told]);
    expect(await differing()).toEqual([{ ...told, foundAt: day('12:00:00') }]);
    await report('later', '10:06:00', 'busy');
    await sweep();
    expect(await events()).toEqual([told]);
    expect(await waiting()).toBe(0);
    expect(before.permitted).toBe(true);
  });

  it('tells a refusal that a correction or a release makes needless, and takes back what no longer differs', async () => {
    await report('call', '09:50:00', 'no_answer');
    const { decisionId, permitted } = await ask();
    expect(permitted).toBe(false);
    t.setNow(day('11:00:00'));
    const correct = (outcome: string) => t.call('PATCH', `/v1/contact-attempts/${id}:call`, { outcome });
    await correct('wrong_number');
    await sweep();
    expect(await differing()).toEqual([]);
    await t.call('POST', `/v1/customers/${id}/directives`, { directiveId: 'H', kind: 'cease', from: day('09:00:00') });
    await correct('undelivered');
    await sweep();
    expect(await differing()).toEqual([]);
    await t.call('POST', `/v1/customers/${id}/directives/H/end`, { at: day('09:30:00') });
    await sweep();
    expect(await differing()).toMatchObject([{ decisionId, permitted: false, wouldBePermitted: true }]);
    await correct('no_answer');
    await sweep();
    expect(await differing()).toEqual([]);
  });

  it('does not look at what was told in time', async () => {
    const { reservationId } = await ask({ mode: 'reserve', requestId: 'own' });
    t.setNow(day('10:05:00'));
    await report('own', '10:00:10', 'conversation', { reservationId });
    await t.call('POST', `/v1/customers/${id}/directives`, { directiveId: 'now', kind: 'cease' });
    expect(await waiting()).toBe(0);
  });

  it('looks back for a month', async () => {
    await ask();
    t.setNow('2026-12-25T12:00:00+08:00');
    await report('late', '09:59:00', 'conversation');
    expect(await waiting()).toBe(1);
    await sweep();
    expect(await waiting()).toBe(0);
    expect(await differing()).toEqual([]);
  });

  it('goes on where it stopped, when there are many decisions', async () => {
    const { decisionId } = await ask();
    await t.database.pool.query(
      `INSERT INTO decisions (customer_id, recorded_at, decision_id, client_id, mode, permitted, evaluated_at, policy_version, request, facts, answer, engine)
       SELECT customer_id, recorded_at + n * interval '1 millisecond', decision_id || n, client_id, mode, permitted,
         evaluated_at + n * interval '1 millisecond', policy_version, request, facts, answer, engine
         FROM decisions, generate_series(1, 450) n WHERE decision_id = $1`,
      [decisionId],
    );
    t.setNow(day('12:00:00'));
    await report('late', '09:59:00', 'no_answer');
    await sweep();
    expect(await events()).toHaveLength(451);
  });
});
