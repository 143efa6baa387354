import { readFileSync } from 'node:fs';
import fc from 'fast-check';
import { beforeAll, describe, expect, it } from 'vitest';
import { accountRoll } from '../../src/payments/settle.ts';
import type { TestApp } from '../support/app.ts';
import { day, decidedOf } from '../support/decided.ts';
import { askFor, makeDebtor, reportOf } from '../support/make.ts';
import { residentIdOf } from '../support/resident-id.ts';
import { live, story, tell } from '../support/story.ts';

const d = decidedOf('R', 20_000_000);
const { ask, reserve, report, correct, direct, replay } = d;
const same = { identical: true, differences: [] };

/** What late truth does to an old decision, which stands as it was. */
async function expectOnlyNow(decisionId: string, now: Record<string, unknown>): Promise<void> {
  expect(await replay(decisionId, 'exact')).toMatchObject(same);
  expect(await replay(decisionId, 'as_known_then')).toMatchObject(same);
  const replayed = await replay(decisionId, 'as_known_now');
  expect(replayed.decision).toMatchObject(now);
  expect(replayed.identical).toBe(false);
}

describe('a replay', () => {
  it('is the recorded decision, text by text, while nothing more is known', async () => {
    const { body } = await d.t.call(
      'POST',
      '/v1/contact-permissions',
      askFor(d.id, { mode: 'reserve', requestId: 'r' }),
    );
    for (const as of ['exact', 'as_known_then', 'as_known_now']) {
      const replayed = await replay(body.decisionId, as);
      expect(replayed).toMatchObject(same);
      expect(replayed.decision).toEqual({ ...body, permissionToken: null });
    }
  });

  it('does not count the slot that the decision took, nor what came of it', async () => {
    const { decisionId, reservationId } = await reserve('own');
    // The dialer's clock is behind.
    await report('own', '09:59:57', 'conversation', { reservationId });
    for (const as of ['as_known_then', 'as_known_now']) expect(await replay(decisionId, as)).toMatchObject(same);
  });

  it('tells apart what one instant has seen: before, the decision, after', async () => {
    const before = await ask();
    await direct({ directiveId: 'D', kind: 'dispute', accountId: `${d.id}-A1`, from: day('09:00:00') });
    const after = await ask();
    await direct({ directiveId: 'E', kind: 'cease', from: day('09:00:00') });
    expect([before.reasonCode, after.reasonCode]).toEqual([null, 'DISPUTED']);
    await expectOnlyNow(before.decisionId, { permitted: false, reasonCode: 'DISPUTED' });
    await expectOnlyNow(after.decisionId, { permitted: false });
  });

  it('knows a late report, a correction, a release and an end only from now on', async () => {
    await report('early', '09:00:00', 'no_answer');
    const refused = await (async () => {
      await report('talk', '09:40:00', 'no_answer');
      return ask();
    })();
    expect(refused.reasonCode).toBe('MINIMUM_GAP');
    d.t.setNow(day('11:00:00'));
    await correct('talk', { outcome: 'busy' });
    await report('late', '09:59:00', 'conversation');
    const { differences } = await replay(refused.decisionId, 'as_known_now');
    expect(differences).toContainEqual({
      path: `/record/facts/events/person/${d.id}:late`,
      recorded: null,
      replayed: expect.objectContaining({ outcome: 'conversation' }),
    });
    expect(differences).toContainEqual({
      path: `/record/facts/events/person/${d.id}:talk/outcome`,
      recorded: 'no_answer',
      replayed: 'busy',
    });
    await expectOnlyNow(refused.decisionId, { nextPermittedAt: day('10:40:00') });
  });

  it('knows now that a slot was not needed', async () => {
    const first = await reserve('first');
    const second = await reserve('second');
    expect(second.reasonCode).toBe('MINIMUM_GAP');
    await d.t.call('POST', `/v1/reservations/${first.reservationId}/release`, { reason: 'test' });
    await expectOnlyNow(second.decisionId, { permitted: true });
  });

  it('counts a slot that was held and led to a call later', async () => {
    const first = await reserve('first');
    const second = await reserve('second');
    d.t.setNow(day('10:05:00'));
    await report('call', '10:00:30', 'no_answer', { reservationId: first.reservationId });
    expect(await replay(second.decisionId, 'as_known_then')).toMatchObject(same);
    expect(await replay(second.decisionId, 'as_known_now')).toMatchObject(same);
  });

  it('does not count what happened after it, nor heed what was said or became due after it', async () => {
    const { decisionId } = await ask();
    d.t.setNow(day('12:00:00'));
    await report('after', '11:00:00', 'conversation');
    await direct({ directiveId: 'later', kind: 'cease', from: day('11:00:00') });
    const settled = { customerId: d.id, currency: 'CNY', asOf: day('11:30:00'), status: 'settled', balances: ZERO };
    expect((await d.t.call('PUT', `/v1/accounts/${d.id}-A1`, settled)).status).toBe(200);
    for (const as of ['exact', 'as_known_then', 'as_known_now'])
      expect(await replay(decisionId, as)).toMatchObject(same);
  });

  it('knows now that the account had been settled before', async () => {
    const { decisionId } = await ask();
    d.t.setNow(day('12:00:00'));
    const settled = { customerId: d.id, currency: 'CNY', asOf: day('09:00:00'), status: 'settled', balances: ZERO };
    await d.t.call('PUT', `/v1/accounts/${d.id}-A1`, settled);
    await expectOnlyNow(decisionId, { permitted: false, reasonCode: 'SETTLED' });
  });

  it('knows now that a directive had ended, and that a number was wrong', async () => {
    await direct({ directiveId: 'D', kind: 'dispute', accountId: `${d.id}-A1`, from: day('08:30:00') });
    const disputed = await ask();
    d.t.setNow(day('12:00:00'));
    await d.t.call('POST', `/v1/customers/${d.id}/directives/D/end`, { at: day('09:30:00') });
    await expectOnlyNow(disputed.decisionId, { permitted: true });
    await report('wrong', '09:00:00', 'wrong_number');
    await expectOnlyNow(disputed.decisionId, { permitted: false, reasonCode: 'WRONG_NUMBER' });
  });

  it('keeps the customer, the number and the person as they were', async () => {
    const point = (value: string) => [{ contactPointId: 'm1', kind: 'phone', value }];
    const customer = (value: string, residentId: string) => ({
      name: '张三',
      residentId,
      parties: [{ partyId: 'self', role: 'debtor', name: '张三', contactPoints: point(value) }],
    });
    // The number changes hands, and two customers turn out to be one person.
    const other = { ...customer(d.phone('137'), residentIdOf(1, '1990-03-07')) };
    await d.t.call('PUT', `/v1/customers/${d.id}-twin`, other);
    const twin = reportOf(`${d.id}-twin`, `${d.id}:twin`, day('09:59:00'), 'no_answer');
    await d.t.call('POST', '/v1/contact-attempts', twin);
    await report('before', '09:50:00', 'no_answer');
    const mine = await ask();
    expect(mine.nextPermittedAt).toBe(day('10:20:00'));
    await d.t.call('PUT', `/v1/customers/${d.id}`, customer(d.phone('135'), residentIdOf(1, '1990-03-07')));
    await report('moved', '09:58:00', 'no_answer');
    expect(await replay(mine.decisionId, 'exact')).toMatchObject(same);
    expect(await replay(mine.decisionId, 'as_known_then')).toMatchObject(same);
    const now = await replay(mine.decisionId, 'as_known_now');
    expect(now.differences.map(({ path }: { path: string }) => path)).toContain(
      `/record/facts/events/person/${d.id}:twin`,
    );
  });

  it('knows that time alone had made an account past due, also when its state of today bills nothing', async () => {
    const account = {
      customerId: d.id,
      currency: 'CNY',
      minimumPaymentDue: '800.00',
      balances: { ...ZERO, principal: '8000.00' },
    };
    const put = (state: Record<string, unknown>) =>
      d.tell(200, 'PUT', `/v1/accounts/${d.id}-A1`, { ...account, status: 'open', ...state });
    await put({ asOf: day('00:00:00'), statementDay: 10, dueDays: 18 });
    d.t.setNow('2026-12-01T10:00:00+08:00');
    await accountRoll.run(d.t.services, d.t.app.log, new AbortController().signal);
    const overdue = await ask();
    expect(overdue.permitted).toBe(true);
    d.t.setNow('2026-12-02T10:00:00+08:00');
    await put({ asOf: '2026-12-02T00:00:00+08:00', status: 'settled', balances: ZERO, minimumPaymentDue: '0.00' });
    expect(await replay(overdue.decisionId, 'as_known_now')).toMatchObject(same);
  });

  it('knows now that the accounts were of somebody else, when a merge is undone', async () => {
    const settled = { customerId: d.id, currency: 'CNY', asOf: day('09:00:00'), status: 'settled', balances: ZERO };
    await d.tell(200, 'PUT', `/v1/accounts/${d.id}-A1`, settled);
    const twin = `${d.id}-twin`;
    await makeDebtor(d.t, twin, { phone: d.phone('137') });
    const pair = { survivorId: d.id, mergedId: twin, reason: 'one person' };
    const { mergeId } = await d.tell(201, 'POST', '/v1/customer-merges', pair);
    const all = await ask({ accountIds: undefined });
    const named = await ask({ accountIds: [`${twin}-A1`] });
    expect([all.permitted, named.permitted]).toEqual([true, true]);
    await d.tell(200, 'POST', `/v1/customer-merges/${mergeId}/undo`, { reason: 'a mistake' });
    await expectOnlyNow(all.decisionId, { permitted: false, reasonCode: 'SETTLED' });
    // What was asked about stays what it was.
    expect(await replay(named.decisionId, 'as_known_now')).toMatchObject(same);
  });

  it('tells apart what came at once', async () => {
    const reserving = [1, 2, 3, 4, 5, 6].map((n) => reserve(`race-${n}`));
    const reporting = ['09:05:00', '09:40:00', '09:41:00'].map((time, n) => report(`race-${n}`, time, 'no_answer'));
    const asking = [1, 2, 3].map((n) => ask({ requestId: `asked-${n}`, channel: n === 1 ? 'sms' : 'voice' }));
    const saying = direct({ directiveId: 'race', kind: 'dispute', from: day('09:00:00') });
    const answers = await Promise.all([...reserving, ...asking]);
    await Promise.all([...reporting, saying]);
    await Promise.all([reserve('race-7'), report('race-8', '09:55:00', 'conversation'), reserve('race-9')]);
    expect(answers.filter(({ reservationId }) => reservationId !== null).length).toBeLessThanOrEqual(1);
    for (const { decisionId } of answers) {
      expect(await replay(decisionId, 'exact')).toMatchObject(same);
      expect(await replay(decisionId, 'as_known_then')).toMatchObject(same);
    }
  });

  it('is the same then, for any customer and past and whatever is told later', async () => {
    let stories = 0;
    await fc.assert(
      fc.asyncProperty(
        story,
        fc.array(fc.nat({ max: 1000 }), { minLength: 6, maxLength: 6 }),
        async (given, chances) => {
          stories += 1;
          const told = tell(given, 10_000 + stories);
          const { attempts, reservations } = await live(d.t, told);
          for (const question of told.questions)
            await d.t.call('POST', '/v1/contact-permissions', { ...question, record: true });
          const { rows } = await d.t.database.pool.query<{ decision_id: string }>(
            'SELECT decision_id FROM decisions WHERE customer_id = $1',
            [told.customerId],
          );
          const check = async () => {
            for (const { decision_id } of rows) {
              expect(await replay(decision_id, 'exact')).toMatchObject(same);
              expect(await replay(decision_id, 'as_known_then')).toMatchObject(same);
              expect(typeof (await replay(decision_id, 'as_known_now')).identical).toBe('boolean');
            }
          };
          await check();
          const pick = <T>(list: readonly T[], chance: number) => list[chance % Math.max(1, list.length)];
          const [a = 0, b = 0, c = 0, minutes = 0] = chances;
          const attempt = pick(attempts, a);
          if (attempt) {
            const path = `/v1/contact-attempts/${attempt.attemptId}`;
            await d.t.call('PATCH', path, { outcome: pick(['wrong_number', 'busy', 'conversation', 'no_answer'], b) });
          }
          const open = pick(
            reservations.filter(({ status }) => status === 'live'),
            c,
          );
          if (open) await d.t.call('POST', `/v1/reservations/${open.reservationId}/release`, { reason: 'test' });
          const last = told.past.at(-1);
          if (last) {
            const body = {
              ...last.body,
              attemptId: `${last.id}-late`,
              outcome: 'no_answer',
              channel: 'voice',
              contactPointId: 'm1',
              address: undefined,
              partyId: 'self',
            };
            await d.t.call('POST', '/v1/contact-attempts', {
              ...body,
              startedAt: new Date(last.atMs - (minutes % 90) * 60_000).toISOString(),
            });
          }
          const { customerId, ...customer } = {
            ...told.customer,
            customerId: told.customerId,
            residentId: residentIdOf(stories, '1990-01-01', '310101'),
          };
          await d.t.call('PUT', `/v1/customers/${customerId}`, customer);
          await d.t.call('POST', `/v1/customers/${customerId}/directives`, {
            directiveId: 'late',
            kind: 'cease',
            from: new Date(told.startMs).toISOString(),
          });
          await check();
        },
      ),
      { numRuns: 25 },
    );
  }, 180_000);
});

describe('a what-if', () => {
  it('has other versions decide, whatever their dates, and leaves the record as it is', async () => {
    const { decisionId } = await ask({ at: day('22:30:00') });
    const whatIf = async (policyVersion: string, as = 'exact') => replay(decisionId, as, { policyVersion });
    expect(await whatIf('cn-credit-card@2026-02-01')).toMatchObject(same);
    const other = await whatIf('us-nyc@2026-09-01+cn-credit-card@2026-02-01', 'as_known_now');
    expect(other.decision.policyVersion).toBe('cn-credit-card@2026-02-01+us-nyc@2026-09-01');
    expect(other.identical).toBe(false);
    expect(other.differences).toContainEqual({
      path: '/policyVersion',
      recorded: 'cn-credit-card@2026-02-01',
      replayed: 'cn-credit-card@2026-02-01+us-nyc@2026-09-01',
    });
    expect(await replay(decisionId, 'exact')).toMatchObject(same);
  });

  it('refuses an unknown version and an unknown decision', async () => {
    const { decisionId } = await ask();
    const path = `/v1/contact-permissions/${decisionId}/replay`;
    const unknown = await d.t.call('POST', path, { as: 'exact', policyVersion: 'cn-credit-card@2020-01-01' });
    expect([unknown.status, unknown.body.errors[0].pointer]).toEqual([404, '/policyVersion']);
    const unrecorded = await ask({ record: false });
    const missing = await d.t.call('POST', `/v1/contact-permissions/${unrecorded.decisionId}/replay`, { as: 'exact' });
    expect([missing.status, missing.body.errors[0].pointer]).toEqual([404, '/decisionId']);
  });
});

describe('whose decisions', () => {
  it('are replayed: its own by whoever asks, all by whoever may read policy, none of others by a vendor', async () => {
    const key = async (...given: Parameters<TestApp['keyWith']>) => ({
      authorization: `Bearer ${await d.t.keyWith(...given)}`,
    });
    const dialer = await key(['contact:check']);
    const body = askFor(d.id, { record: true });
    const { decisionId } = (await d.t.call('POST', '/v1/contact-permissions', body, dialer)).body;
    const status = async (headers: Record<string, string>) =>
      (await d.t.call('POST', `/v1/contact-permissions/${decisionId}/replay`, { as: 'exact' }, headers)).status;
    expect(await status(dialer)).toBe(200);
    expect(await status(await key(['policy:read']))).toBe(200);
    expect(await status(await key(['contact:check']))).toBe(404);
    expect(await status(await key(['contact:check', 'policy:read'], 'vendor-1'))).toBe(404);
    expect(await status(await key(['contact:report']))).toBe(403);
  });
});

describe('decisions of an earlier release', () => {
  const read = (name: string) => readFileSync(new URL(`../cases/${name}`, import.meta.url), 'utf8');
  const HASH = '1d8220bffd71d9bc86f5d5070691783a05066b235c9bbb75acd3be493f1bc1c0';
  const rows = read('decisions-of-engine-1.ndjson')
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line) as { decision_id: string });

  beforeAll(async () => {
    await d.t.database.pool.query(
      `INSERT INTO decisions (customer_id, recorded_at, decision_id, client_id, request_id, mode, permitted, evaluated_at,
         policy_version, reservation_id, request, facts, answer, engine, position)
       SELECT customer_id, recorded_at, decision_id, client_id, request_id, mode, permitted, evaluated_at, policy_version,
         reservation_id, request, facts, answer, engine, NULL FROM json_populate_recordset(NULL::decisions, $1::json)`,
      [JSON.stringify(rows)],
    );
  });

  it('say that the text that decided is gone, when it is', async () => {
    const { identical, differences } = await replay(rows[0]!.decision_id, 'exact');
    expect(identical).toBe(false);
    const path = '/record/engine/packs/cn-credit-card@2026-02-01';
    expect(differences).toContainEqual({ path, recorded: HASH, replayed: expect.not.stringMatching(HASH) });
  });

  it('are the same on the text that decided', async () => {
    await d.t.database.pool.query(
      `INSERT INTO policy_sources (content_hash, pack, version, origin, source, recorded_at)
       VALUES ($1, 'cn-credit-card', '2026-02-01', 'release', $2, now())`,
      [HASH, read('cn-credit-card-of-engine-1.yaml')],
    );
    for (const { decision_id } of rows) expect(await replay(decision_id, 'exact')).toMatchObject(same);
  });
});

const ZERO = { principal: '0.00', interest: '0.00', penalty: '0.00', fees: '0.00' };
