import { describe, expect, it } from 'vitest';
import { lateTruth } from '../../src/replays/late-truth.ts';
import { day, decidedOf } from '../support/decided.ts';
import { defaultFile, upload, workOff } from '../support/imports.ts';
import { makeDebtor, reportOf } from '../support/make.ts';
import { residentIdOf } from '../support/resident-id.ts';

const d = decidedOf('L', 30_000_000);
const { ask, report, correct, direct, replay, tell } = d;
const sweep = () => lateTruth.run(d.t.services, d.t.app.log, new AbortController().signal);
const waiting = async () =>
  (await d.t.database.pool.query('SELECT customer_id FROM late_truths WHERE customer_id = $1', [d.id])).rows.length;
const differing = async () => (await d.t.call('GET', `/v1/differing-decisions?customerId=${d.id}`)).body.items;
const events = async () =>
  (
    await d.t.database.pool.query<{ data: object }>(
      `SELECT data FROM outbox_events WHERE type = 'decision.would_differ' AND subject_key = $1 ORDER BY seq`,
      [d.id],
    )
  ).rows.map(({ data }) => data);

const ZERO = { principal: '0.00', interest: '0.00', penalty: '0.00', fees: '0.00' };
const account = () => `${d.id}-A1`;
const pay = (paymentId: string, postedOn: string, amount = '1200.00') =>
  tell(201, 'POST', `/v1/accounts/${account()}/payments`, { paymentId, amount, postedOn });
const takeBack = (paymentId: string, body: object) =>
  tell(200, 'POST', `/v1/accounts/${account()}/payments/${paymentId}/reversal`, body);
const putState = (asOf: string, changes: object = {}) =>
  tell(200, 'PUT', `/v1/accounts/${account()}`, {
    customerId: d.id,
    currency: 'CNY',
    asOf,
    pastDueSince: '2026-08-20',
    status: 'open',
    balances: { ...ZERO, principal: '8000.00' },
    ...changes,
  });
const settled = { status: 'settled', pastDueSince: null, balances: ZERO };
/** What is found of one decision; nothing when it would be as it is. */
const told = (decisionId: string, permitted: boolean) => [
  { decisionId, customerId: d.id, permitted, wouldBePermitted: !permitted },
];

describe('late truth', () => {
  it('tells each decision once that a late report would have changed', async () => {
    const before = await ask();
    d.t.setNow(day('10:10:00'));
    const { decisionId } = await ask();
    d.t.setNow(day('12:00:00'));
    await report('late', '10:05:00', 'no_answer');
    await sweep();
    const told = { decisionId, customerId: d.id, permitted: true, wouldBePermitted: false };
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
    d.t.setNow(day('11:00:00'));
    await correct('call', { outcome: 'wrong_number' });
    await sweep();
    expect(await differing()).toEqual([]);
    await direct({ directiveId: 'H', kind: 'cease', from: day('09:00:00') });
    await correct('call', { outcome: 'undelivered' });
    await sweep();
    expect(await differing()).toEqual([]);
    await d.t.call('POST', `/v1/customers/${d.id}/directives/H/end`, { at: day('09:30:00') });
    await sweep();
    expect(await differing()).toMatchObject([{ decisionId, permitted: false, wouldBePermitted: true }]);
    await correct('call', { outcome: 'no_answer' });
    await sweep();
    expect(await differing()).toEqual([]);
  });

  it('does not look at what was told in time', async () => {
    const { reservationId } = await ask({ mode: 'reserve', requestId: 'own' });
    d.t.setNow(day('10:05:00'));
    await report('own', '10:00:10', 'conversation', { reservationId });
    await direct({ directiveId: 'now', kind: 'cease' });
    expect(await waiting()).toBe(0);
  });

  it('looks back for a month', async () => {
    await ask();
    d.t.setNow('2026-12-25T12:00:00+08:00');
    await report('late', '09:59:00', 'conversation');
    expect(await waiting()).toBe(1);
    await sweep();
    expect(await waiting()).toBe(0);
    expect(await differing()).toEqual([]);
  });

  it('goes on where it stopped, when there are many decisions', async () => {
    const { decisionId } = await ask();
    await d.t.database.pool.query(
      `INSERT INTO decisions (customer_id, recorded_at, decision_id, client_id, mode, permitted, evaluated_at, policy_version, request, facts, answer, engine)
       SELECT customer_id, recorded_at + n * interval '1 millisecond', decision_id || n, client_id, mode, permitted,
         evaluated_at + n * interval '1 millisecond', policy_version, request, facts, answer, engine
         FROM decisions, generate_series(1, 450) n WHERE decision_id = $1`,
      [decisionId],
    );
    d.t.setNow(day('12:00:00'));
    await report('late', '09:59:00', 'no_answer');
    await sweep();
    expect(await events()).toHaveLength(451);
  });
});

describe('a payment', () => {
  it('told late that had cured the account before is told once', async () => {
    const { decisionId } = await ask();
    d.t.setNow(day('12:00:00'));
    await pay('P1', '2026-11-22');
    await sweep();
    expect(await events()).toEqual(told(decisionId, true));
    await tell(200, 'POST', `/v1/accounts/${account()}/payments`, {
      paymentId: 'P1',
      amount: '1200.00',
      postedOn: '2026-11-22',
    });
    expect(await waiting()).toBe(0);
    await pay('P2', '2026-11-22');
    await sweep();
    expect(await events()).toHaveLength(1);
  });

  it('that was too small changes nothing, nor does one of the day, which has no time', async () => {
    await ask();
    d.t.setNow(day('12:00:00'));
    await pay('P1', '2026-11-23');
    expect(await waiting()).toBe(0);
    await pay('P2', '2026-11-22', '1.00');
    expect(await waiting()).toBe(1);
    await sweep();
    expect(await differing()).toEqual([]);
  });

  it('that is reversed never was, also on its day', async () => {
    await pay('P1', '2026-11-23');
    const { decisionId, reasonCode } = await ask();
    expect(reasonCode).toBe('NOT_OVERDUE');
    d.t.setNow(day('12:00:00'));
    await takeBack('P1', {});
    await sweep();
    expect(await events()).toEqual(told(decisionId, false));
  });

  it('that is charged back is owed again from its day, and past due after it', async () => {
    await pay('P1', '2026-11-21');
    await pay('P2', '2026-11-21');
    const { decisionId } = await ask();
    d.t.setNow(day('12:00:00'));
    await takeBack('P1', { kind: 'chargeback' });
    await takeBack('P2', { kind: 'chargeback' });
    expect(await waiting()).toBe(0);
    expect((await replay(decisionId, 'as_known_now')).identical).toBe(true);
  });

  it('that had been charged back before is told', async () => {
    await pay('P1', '2026-11-20');
    const { decisionId } = await ask();
    d.t.setNow(day('12:00:00'));
    await takeBack('P1', { kind: 'chargeback', reversedOn: '2026-11-21' });
    await sweep();
    expect(await events()).toEqual(told(decisionId, false));
  });

  it('is one fact among others: what was waived before is told too', async () => {
    const { decisionId } = await ask();
    d.t.setNow(day('12:00:00'));
    for (const [component, amount] of [
      ['retail', '8000.00'],
      ['interest', '600.00'],
    ])
      await tell(201, 'POST', `/v1/accounts/${account()}/charges`, {
        chargeId: component,
        kind: 'adjustment',
        direction: 'down',
        component,
        amount,
        postedOn: '2026-11-22',
      });
    const rate = { changeId: 'R1', from: '2026-11-22', annualRate: '0.15' };
    await tell(201, 'POST', `/v1/accounts/${account()}/rate-changes`, rate);
    expect(await waiting()).toBe(3);
    await sweep();
    expect(await events()).toEqual(told(decisionId, true));
  });
});

describe('a state', () => {
  it('as of an instant before a decision is told, one after it is not', async () => {
    const before = await ask();
    d.t.setNow(day('11:00:00'));
    await putState(day('10:30:00'), settled);
    expect(await waiting()).toBe(0);
    await putState(day('10:40:00'));
    d.t.setNow(day('11:30:00'));
    const after = await ask();
    d.t.setNow(day('12:00:00'));
    await putState(day('11:00:00'), settled);
    await sweep();
    expect([before.permitted, await events()]).toEqual([true, told(after.decisionId, true)]);
  });

  it('that says the same of what decisions read is not looked at', async () => {
    await ask();
    d.t.setNow(day('12:00:00'));
    await putState(day('09:00:00'), { balances: { ...ZERO, principal: '7000.00' }, creditLimit: '9000.00' });
    expect(await waiting()).toBe(0);
  });

  it('older than the newest changes what was decided in between, and nothing after', async () => {
    d.t.setNow(day('12:00:00'));
    const after = await ask();
    await putState(day('11:00:00'));
    await putState(day('08:30:00'), settled);
    expect(await waiting()).toBe(0);
    d.t.setNow(day('09:00:00'));
    const between = await ask();
    d.t.setNow(day('12:00:00'));
    await putState(day('08:40:00'), settled);
    await sweep();
    expect(await events()).toEqual([]);
    await putState(day('08:50:00'), { ...settled, status: 'open' });
    await sweep();
    expect(await events()).toEqual(told(between.decisionId, true));
    expect((await replay(after.decisionId, 'as_known_now')).decision.permitted).toBe(true);
  });

  it('that is corrected and corrected back is what it was', async () => {
    d.t.setNow(day('09:50:00'));
    await putState(day('09:30:00'));
    d.t.setNow(day('10:00:00'));
    const { decisionId } = await ask();
    d.t.setNow(day('12:00:00'));
    await putState(day('09:30:00'), settled);
    await sweep();
    expect(await differing()).toMatchObject(told(decisionId, true));
    d.t.setNow(day('12:01:00'));
    await putState(day('09:30:00'));
    await sweep();
    expect(await differing()).toEqual([]);
  });

  it('of a file is told, and nobody is queued of whom nothing was decided', async () => {
    const { decisionId } = await ask();
    d.t.setNow(day('12:00:00'));
    const row = (id: string, phone: string) => ({
      customer_id: id,
      account_id: `${id}-A1`,
      as_of: '2026-11-23',
      phone,
      status: 'settled',
    });
    const rows = [row(d.id, d.phone('136')), row(`${d.id}-new`, d.phone('137'))];
    const { importId } = (await upload(d.t, defaultFile(rows))).body;
    expect(await workOff(d.t, importId)).toMatchObject({ status: 'completed', accepted: 2 });
    const queued = await d.t.database.pool.query('SELECT customer_id FROM late_truths');
    expect(queued.rows).toEqual([{ customer_id: d.id }]);
    await sweep();
    expect(await events()).toEqual(told(decisionId, true));
  });
});

describe('a merge', () => {
  const twin = () => `${d.id}-twin`;
  const reportOfTwin = (attemptId: string, time: string) =>
    tell(201, 'POST', '/v1/contact-attempts', reportOf(twin(), `${d.id}:${attemptId}`, day(time), 'no_answer'));
  const merge = () =>
    tell(201, 'POST', '/v1/customer-merges', { survivorId: twin(), mergedId: d.id, reason: 'one person' });
  const undo = (mergeId: string) => tell(200, 'POST', `/v1/customer-merges/${mergeId}/undo`, { reason: 'a mistake' });

  it('counts what was done to either, and its end takes that back', async () => {
    await makeDebtor(d.t, twin(), { phone: d.phone('137') });
    await reportOfTwin('before', '09:50:00');
    const { decisionId } = await ask();
    d.t.setNow(day('12:00:00'));
    const { mergeId } = await merge();
    await sweep();
    expect(await events()).toEqual(told(decisionId, true));
    await undo(mergeId);
    await sweep();
    expect(await differing()).toEqual([]);
    expect(await events()).toHaveLength(1);
  });

  it('that joins nothing that counts tells nothing', async () => {
    await makeDebtor(d.t, twin(), { phone: d.phone('137') });
    await ask();
    d.t.setNow(day('12:00:00'));
    await merge();
    expect(await waiting()).toBe(1);
    await sweep();
    expect(await differing()).toEqual([]);
  });

  it('by the rule, when a resident id becomes known, counts too; a resident id of one alone does not', async () => {
    const residentId = residentIdOf(77, '1990-03-07');
    const withId = () =>
      tell(200, 'PUT', `/v1/customers/${d.id}`, {
        name: '张三',
        residentId,
        parties: [
          {
            partyId: 'self',
            role: 'debtor',
            name: '张三',
            contactPoints: [{ contactPointId: 'm1', kind: 'phone', value: d.phone('136'), line: 'mobile' }],
          },
        ],
      });
    const { decisionId } = await ask();
    d.t.setNow(day('12:00:00'));
    await withId();
    expect(await waiting()).toBe(0);
    await makeDebtor(d.t, twin(), { phone: d.phone('137') });
    await reportOfTwin('before', '09:55:00');
    expect(await waiting()).toBe(0);
    await tell(200, 'PUT', `/v1/customers/${twin()}`, {
      name: '张三',
      residentId,
      parties: [{ partyId: 'self', role: 'debtor', name: '张三', contactPoints: [] }],
    });
    await sweep();
    expect(await events()).toEqual(told(decisionId, true));
  });

  it('makes what is told late of either late for both', async () => {
    await makeDebtor(d.t, twin(), { phone: d.phone('137') });
    await merge();
    const { decisionId } = await ask({ accountIds: undefined });
    d.t.setNow(day('12:00:00'));
    await reportOfTwin('late', '09:50:00');
    await sweep();
    expect(await events()).toEqual(told(decisionId, true));
    await tell(200, 'PATCH', `/v1/contact-attempts/${d.id}:late`, { outcome: 'undelivered' });
    await sweep();
    expect(await differing()).toEqual([]);
    for (const id of [d.id, twin()])
      await tell(200, 'PUT', `/v1/accounts/${id}-A1`, {
        customerId: id,
        currency: 'CNY',
        asOf: day('09:00:00'),
        ...settled,
      });
    await sweep();
    expect(await differing()).toMatchObject(told(decisionId, true));
  });
});
