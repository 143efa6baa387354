import fc from 'fast-check';
import { sql } from 'kysely';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { customerRecord, normaliseCustomer } from '../../src/customers/record.ts';
import { customerInputSchema } from '../../src/customers/schemas.ts';
import { upsertCustomers } from '../../src/customers/upsert.ts';
import { buildTestApp, type TestApp } from '../support/app.ts';
import { askFor, makeDebtor, reportOf } from '../support/make.ts';
import { residentIdOf } from '../support/resident-id.ts';

let t: TestApp;
let made = 0;
/** Two fresh debtors with a number of their own each. */
let a: string;
let b: string;

beforeAll(async () => {
  t = await buildTestApp();
});
afterAll(() => t?.close());
beforeEach(async () => {
  made += 1;
  [a, b] = [`A${made}`, `B${made}`];
  t.setNow(day('08:00:00'));
  await makeDebtor(t, a, { phone: phoneOf(a) });
  await makeDebtor(t, b, { phone: phoneOf(b) });
  t.setNow(day('10:00:00'));
});

const day = (time: string) => `2026-11-23T${time}+08:00`;
const phoneOf = (id: string) => `136${id.charCodeAt(0)}${String(100_000 + made)}`;

async function ok(answer: ReturnType<TestApp['call']>) {
  const { status, body } = await answer;
  expect(status, JSON.stringify(body)).toBeLessThan(300);
  return body;
}
const ask = (id: string, more: Record<string, unknown> = {}) =>
  ok(t.call('POST', '/v1/contact-permissions', askFor(id, { accountIds: undefined, record: true, ...more })));
const report = (id: string, attemptId: string, time: string, outcome: string, more: Record<string, unknown> = {}) =>
  ok(t.call('POST', '/v1/contact-attempts', reportOf(id, `${id}:${attemptId}`, day(time), outcome, more)));
const direct = (id: string, body: Record<string, unknown>) =>
  ok(t.call('POST', `/v1/customers/${id}/directives`, { from: day('08:30:00'), ...body }));
const merge = (survivorId: string, mergedId: string, more: Record<string, unknown> = {}) =>
  ok(t.call('POST', '/v1/customer-merges', { survivorId, mergedId, reason: 'one person', ...more }));
const undo = (mergeId: string) => ok(t.call('POST', `/v1/customer-merges/${mergeId}/undo`, { reason: 'a mistake' }));
const customer = (id: string) => ok(t.call('GET', `/v1/customers/${id}`));
const mergesOf = async (id: string) => (await ok(t.call('GET', `/v1/customer-merges?customerId=${id}`))).items;
const replay = (decisionId: string, as: string) =>
  ok(t.call('POST', `/v1/contact-permissions/${decisionId}/replay`, { as }));
const put = (id: string, residentId: string | null, phone = phoneOf(id), name = '张三') =>
  ok(
    t.call('PUT', `/v1/customers/${id}`, {
      name,
      residentId,
      parties: [
        {
          partyId: 'self',
          role: 'debtor',
          name,
          contactPoints: [{ contactPointId: 'm1', kind: 'phone', value: phone }],
        },
      ],
    }),
  );
const SMS = { channel: 'sms', callerNumber: undefined };

/** Whatever says who is counted for whom, of these customers, as text; not what is only appended to. */
async function dump(ids: readonly string[]): Promise<string> {
  const of = (table: string, columns: string, order: string) =>
    sql<{ rows: string }>`SELECT coalesce(json_agg(x), '[]')::text AS rows FROM (
      SELECT ${sql.raw(columns)} FROM ${sql.table(table)} WHERE customer_id = ANY(${ids}::text[]) ORDER BY ${sql.raw(order)}) x`.execute(
      t.database.db,
    );
  const tables = [
    of('customers', '*', 'customer_id'),
    of('parties', '*', 'customer_id, party_id'),
    of('contact_points', '*', 'customer_id, contact_point_id'),
    of('budget_entries', '*', 'customer_id, contact_id, subject_key'),
    of('attempts', '*', 'attempt_id'),
    of('reservations', '*', 'reservation_id'),
    of('directives', '*', 'customer_id, directive_id'),
    of('contact_profiles', 'customer_id, debtor_key, household_keys, profile', 'customer_id'),
  ];
  return (await Promise.all(tables)).map(({ rows }) => rows[0]!.rows).join('\n');
}

describe('customers who were merged', () => {
  it('use up one budget, before and after, until it is undone', async () => {
    await report(a, 'sms', '09:00:00', 'delivered', { channel: 'sms' });
    await report(b, 'sms', '09:01:00', 'delivered', { channel: 'sms' });
    expect([(await ask(a, SMS)).permitted, (await ask(b, SMS)).permitted]).toEqual([true, true]);
    const { mergeId } = await merge(a, b);
    const codes = async (id: string) => (await ask(id, SMS)).reasons.map((one: { ruleId: string }) => one.ruleId);
    expect([await codes(a), await codes(b)]).toEqual([['cn.sms.person-day'], ['cn.sms.person-day']]);
    await undo(mergeId);
    expect([(await ask(a, SMS)).permitted, (await ask(b, SMS)).permitted]).toEqual([true, true]);
  });

  it('count a slot that one of them holds, and settle and release it under the new key', async () => {
    const first = await ask(b, { mode: 'reserve', requestId: 'b1' });
    await merge(a, b);
    expect((await ask(a)).reasonCode).toBe('MINIMUM_GAP');
    await report(b, 'b1', '10:00:00', 'no_answer', { reservationId: first.reservationId });
    expect((await ask(a)).reasonCode).toBe('MINIMUM_GAP');
    t.setNow(day('10:40:00'));
    const second = await ask(a, { mode: 'reserve', requestId: 'a1' });
    expect((await ask(b)).permitted).toBe(false);
    await ok(t.call('POST', `/v1/reservations/${second.reservationId}/release`, { reason: 'test' }));
    expect((await ask(b)).permitted).toBe(true);
  });

  it('heed what was said to either, recorded before and after, and no longer when it is undone', async () => {
    await direct(b, { directiveId: 'stop', kind: 'cease' });
    expect((await ask(a)).permitted).toBe(true);
    const { mergeId } = await merge(a, b);
    expect((await ask(a)).reasonCode).toBe('CEASED');
    await ok(t.call('POST', `/v1/customers/${b}/directives/stop/end`, {}));
    expect((await ask(a)).permitted).toBe(true);
    await direct(b, { directiveId: 'again', kind: 'cease', partyId: 'self' });
    expect((await ask(a)).reasonCode).toBe('CEASED');
    await undo(mergeId);
    expect([(await ask(a)).permitted, (await ask(b)).reasonCode]).toEqual([true, 'CEASED']);
  });

  it('heed it of a number that both have, and not what is about somebody else or a number of one alone', async () => {
    await put(a, null, phoneOf(b));
    await direct(b, { directiveId: 'number', kind: 'address_opt_out', contactPointId: 'm1' });
    await merge(a, b);
    expect((await ask(a)).reasons[0].code).toBe('ADDRESS_OPT_OUT');
    await put(a, null, phoneOf(a));
    expect((await ask(a)).permitted).toBe(true);
    await direct(b, { directiveId: 'friend', kind: 'cease', partyId: 'friend' });
    expect((await ask(a)).permitted).toBe(true);
  });

  it('may be asked about each other’s accounts; a dispute is about the account it names', async () => {
    const both = { accountIds: [`${a}-A1`, `${b}-A1`] };
    expect((await t.call('POST', '/v1/contact-permissions', askFor(a, both))).status).toBe(404);
    await direct(b, { directiveId: 'D', kind: 'dispute', accountId: `${b}-A1` });
    const { mergeId } = await merge(a, b);
    expect((await ask(a, { accountIds: [`${a}-A1`] })).permitted).toBe(true);
    expect((await ask(a, { accountIds: [`${b}-A1`] })).reasonCode).toBe('DISPUTED');
    const settled = { customerId: b, currency: 'CNY', asOf: day('09:30:00'), status: 'settled', balances: ZERO };
    await ok(t.call('PUT', `/v1/accounts/${b}-A1`, settled));
    expect((await ask(a, { accountIds: [`${b}-A1`] })).reasonCode).toBe('SETTLED');
    const told = await report(a, 'other', '09:00:00', 'no_answer', { accountIds: [`${b}-A1`] });
    expect(told.accountIds).toEqual([`${b}-A1`]);
    await undo(mergeId);
    expect((await t.call('POST', '/v1/contact-permissions', askFor(a, both))).status).toBe(404);
  });

  it('get the answers that one customer with all of it would get', async () => {
    await report(a, '1', '09:00:00', 'no_answer', { accountIds: [`${a}-A1`] });
    await report(b, '2', '09:40:00', 'no_answer', { accountIds: [`${b}-A1`] });
    await direct(b, { directiveId: 'D', kind: 'dispute', accountId: `${b}-A1` });
    await merge(a, b);
    const stored = await ask(a);
    const {
      sameAs: _,
      survivorId: __,
      masked: ___,
      updatedAt: ____,
      residentIdCheck: _____,
      ...file
    } = await customer(a);
    const parties = file.parties.map(
      ({
        socialCreditCodeValid,
        ...party
      }: {
        socialCreditCodeValid: unknown;
        contactPoints: { sharedPhone: boolean }[];
      }) => ({
        ...party,
        contactPoints: party.contactPoints.map(({ sharedPhone, ...point }) => point),
      }),
    );
    const account = {
      customerId: a,
      currency: 'CNY',
      asOf: '2026-11-20T00:00:00+08:00',
      pastDueSince: '2026-08-20',
      balances: ZERO,
    };
    const simulated = await ok(
      t.call('POST', '/v1/contact-permissions/simulate', {
        customer: { ...file, parties },
        accounts: [`${a}-A1`, `${b}-A1`].map((accountId) => ({ ...account, accountId })),
        attempts: [
          reportOf(a, `${a}:1`, day('09:00:00'), 'no_answer', { accountIds: [`${a}-A1`] }),
          reportOf(a, `${b}:2`, day('09:40:00'), 'no_answer', {
            accountIds: [`${b}-A1`],
            contactPointId: undefined,
            address: phoneOf(b),
          }),
        ],
        directives: [
          { directiveId: `${b}/D`.replace('/', '.'), kind: 'dispute', accountId: `${b}-A1`, from: day('08:30:00') },
        ],
        request: askFor(a, { accountIds: undefined }),
      }),
    );
    const told = ({ decisionId, ...answer }: Record<string, unknown>) => answer;
    expect(told(simulated)).toEqual(told(stored));
  });

  it('keep the key of the person through later writes, by the API and by a file', async () => {
    await merge(a, b);
    await put(b, residentIdOf(made), '13711110000', '张三丰');
    expect(await customer(b)).toMatchObject({ sameAs: [a], survivorId: a });
    await put(a, residentIdOf(made, '1960-01-01'));
    expect(await customer(b)).toMatchObject({ sameAs: [a], survivorId: a });
    await report(b, 'call', '09:50:00', 'no_answer');
    expect((await ask(a)).reasonCode).toBe('MINIMUM_GAP');
    const keys = await sql<{ debtor_key: Buffer; person_key: Buffer }>`
      SELECT c.debtor_key, p.person_key FROM customers c JOIN parties p USING (customer_id)
       WHERE c.customer_id IN (${a}, ${b}) AND p.role = 'debtor'`.execute(t.database.db);
    expect(
      new Set(keys.rows.flatMap((row) => [row.debtor_key.toString('hex'), row.person_key.toString('hex')])).size,
    ).toBe(1);
  });

  it('follow a survivor whose id becomes known, when both come in one batch and only that one has changed', async () => {
    await put(a, null);
    await put(b, null);
    await merge(a, b);
    await report(b, 'call', '09:50:00', 'no_answer');
    const now = t.services.clock();
    const recordOf = (id: string, residentId: string | null) => {
      const contactPoints = [{ contactPointId: 'm1', kind: 'phone', value: phoneOf(id) }];
      const parties = [{ partyId: 'self', role: 'debtor', name: '张三', contactPoints }];
      const input = customerInputSchema.parse({ name: '张三', residentId, parties });
      return customerRecord(t.services.vault, id, normaliseCustomer(input, now).customer, now);
    };
    const records = [recordOf(a, residentIdOf(made, '1976-01-01')), recordOf(b, null)];
    const outcome = await t.database.db.transaction().execute((trx) => upsertCustomers(trx, records));
    expect([outcome.get(a), outcome.get(b)]).toEqual(['updated', 'unchanged']);
    expect((await customer(b)).survivorId).toBe(a);
    expect([(await ask(a)).reasonCode, (await ask(b)).reasonCode]).toEqual(['MINIMUM_GAP', 'MINIMUM_GAP']);
  });

  it('are as they were, byte for byte, when it is undone', async () => {
    await put(a, residentIdOf(made, '1951-01-01'));
    await report(a, '1', '09:00:00', 'no_answer');
    await report(b, '1', '09:10:00', 'wrong_number');
    await direct(b, { directiveId: 'D', kind: 'cease' });
    await ask(b, { mode: 'reserve', requestId: 'r', contactPointId: undefined, channel: 'letter' });
    const before = await dump([a, b]);
    const { mergeId } = await merge(a, b);
    expect(await dump([a, b])).not.toBe(before);
    await undo(mergeId);
    expect(await dump([a, b])).toBe(before);
    expect(await undo(mergeId)).toMatchObject({ status: 'undone', undo: { basis: 'request', reason: 'a mistake' } });
  });

  it('keep what people said of them from whoever may not read personal data', async () => {
    const { mergeId } = await merge(a, b);
    await undo(mergeId);
    const masked = { authorization: `Bearer ${await t.keyWith(['customers:read'])}` };
    const { body } = await t.call('GET', `/v1/customer-merges/${mergeId}`, undefined, masked);
    expect(body).toMatchObject({ status: 'undone', reason: null, undo: { reason: null } });
  });

  it('are told of to whoever reads them, by a record of each merge', async () => {
    const done = await merge(a, b, { mergeId: `M-${made}` });
    expect(done).toMatchObject({
      mergeId: `M-${made}`,
      survivorId: a,
      mergedId: b,
      status: 'standing',
      basis: 'request',
      reason: 'one person',
      ruleVersion: '2026-11-01',
      movedCustomerIds: [b],
      clientId: 'admin',
      undo: null,
    });
    expect(await merge(a, b, { mergeId: `M-${made}` })).toEqual(done);
    expect(await mergesOf(b)).toEqual([done]);
    expect(await ok(t.call('GET', `/v1/customer-merges/M-${made}`))).toEqual(done);
    const events = await t.database.db
      .selectFrom('outbox_events')
      .select(['type', 'data'])
      .where('subject_key', '=', b)
      .execute();
    expect(events).toContainEqual({
      type: 'customer.merged',
      data: { mergeId: `M-${made}`, survivorId: a, mergedId: b, basis: 'request', ruleVersion: '2026-11-01' },
    });
    expect((await t.call('POST', '/v1/customer-merges', { survivorId: b, mergedId: a, reason: 'x' })).body.code).toBe(
      'CUSTOMERS_MERGED',
    );
    expect((await t.call('POST', '/v1/customer-merges', { survivorId: a, mergedId: a, reason: 'x' })).status).toBe(400);
  });
});

const ZERO = { principal: '0.00', interest: '0.00', penalty: '0.00', fees: '0.00' };

describe('several merges', () => {
  const made4 = async () => {
    const ids = [a, b, `C${made}`, `D${made}`];
    for (const id of ids.slice(2)) await makeDebtor(t, id, { phone: phoneOf(id) });
    return ids as [string, string, string, string];
  };
  const people = async (ids: readonly string[]) =>
    Promise.all(ids.map(async (id) => [(await customer(id)).survivorId, ...(await customer(id)).sameAs].join(' ')));

  it('in a chain are one person, and each can be undone by itself', async () => {
    const [one, two, three, four] = await made4();
    const before = await dump([one, two, three, four]);
    const first = await merge(one, two);
    const second = await merge(three, one);
    const third = await merge(two, four);
    expect((await customer(two)).sameAs).toEqual([one, three, four]);
    expect((await customer(four)).survivorId).toBe(three);
    await undo(first.mergeId);
    // What was said of the second and the fourth still stands.
    expect(await people([one, two])).toEqual([`${three} ${three}`, `${two} ${four}`]);
    await undo(second.mergeId);
    await undo(third.mergeId);
    expect(await dump([one, two, three, four])).toBe(before);
  });

  it('in a star move everybody with the one they are merged with', async () => {
    const [one, two, three, four] = await made4();
    await merge(one, two);
    await merge(three, four);
    const last = await merge(one, three);
    expect(last.movedCustomerIds.toSorted()).toEqual([three, four]);
    await report(four, 'call', '09:50:00', 'no_answer');
    expect((await ask(two)).reasonCode).toBe('MINIMUM_GAP');
    await undo(last.mergeId);
    expect([(await ask(two)).permitted, (await ask(three)).reasonCode]).toEqual([true, 'MINIMUM_GAP']);
  });

  it('in any order, with writes between them, and all undone in any order leave every key as it was', async () => {
    const ids = ['K0', 'K1', 'K2', 'K3', 'K4'];
    for (const [no, id] of ids.entries()) {
      await makeDebtor(t, id, { phone: `1391111000${no}`, residentId: no < 2 ? residentIdOf(no, '1970-01-01') : null });
      await report(id, 'call', `09:0${no}:00`, 'no_answer');
    }
    const before = await dump(ids);
    const at = fc.nat({ max: 4 });
    const step = fc.oneof(
      { weight: 3, arbitrary: fc.record({ survivor: at, merged: at }) },
      { weight: 1, arbitrary: fc.record({ undone: fc.nat({ max: 9 }) }) },
    );
    await fc.assert(
      fc.asyncProperty(
        fc.array(step, { maxLength: 9 }),
        fc.array(fc.nat({ max: 9 }), { minLength: 10, maxLength: 10 }),
        async (steps, order) => {
          const merges: string[] = [];
          for (const one of steps) {
            if ('undone' in one) {
              if (merges.length > 0) await undo(merges[one.undone % merges.length]!);
              continue;
            }
            const body = { survivorId: ids[one.survivor], mergedId: ids[one.merged], reason: 'x' };
            const answer = await t.call('POST', '/v1/customer-merges', body);
            if (answer.status === 201) merges.push(answer.body.mergeId);
            else expect([400, 409]).toContain(answer.status);
            expect((await customer(ids[one.survivor]!)).sameAs.includes(ids[one.merged])).toBe(
              one.survivor !== one.merged,
            );
          }
          const left = merges
            .map((mergeId, index) => ({ mergeId, place: order[index]! }))
            .sort((x, y) => x.place - y.place);
          for (const { mergeId } of left) await undo(mergeId);
          expect(await dump(ids)).toBe(before);
        },
      ),
      { numRuns: 40 },
    );
  }, 120_000);
});

describe('two customers with one valid resident id', () => {
  it('are merged by the rule, and a bank that gave it to two people holds them apart for good', async () => {
    const id = residentIdOf(made, '1965-01-01');
    await put(a, id);
    await report(a, 'call', '09:40:00', 'no_answer');
    await put(b, id);
    expect(await customer(b)).toMatchObject({ sameAs: [a], survivorId: a });
    const [rule] = await mergesOf(b);
    expect(rule).toMatchObject({ survivorId: a, mergedId: b, basis: 'resident_id', reason: null, clientId: null });
    expect((await ask(b)).reasonCode).toBe('MINIMUM_GAP');
    await undo(rule.mergeId);
    expect((await customer(b)).sameAs).toEqual([]);
    expect((await ask(b)).permitted).toBe(true);
    await put(b, id, '13788880000');
    await put(a, id, '13788880001');
    expect([(await customer(a)).sameAs, (await customer(b)).sameAs]).toEqual([[], []]);
    expect(
      (await ok(t.call('POST', '/v1/customers/search', { residentId: id }))).items.map(
        (item: { customer: { customerId: string } }) => item.customer.customerId,
      ),
    ).toEqual([a, b]);
    // A third one is the one's and not the other's.
    await makeDebtor(t, `C${made}`, { phone: '13788880002', residentId: id });
    expect((await customer(`C${made}`)).sameAs).toEqual([a]);
    // A person may still say that it was no mistake.
    const again = await merge(a, b);
    expect((await customer(b)).sameAs).toEqual([a, `C${made}`]);
    await undo(again.mergeId);
    expect((await customer(b)).sameAs).toEqual([]);
  });

  it('are so with 15 digits and 18, and with an id that cannot be right never', async () => {
    const id = residentIdOf(made % 1000, '1966-02-03');
    await put(a, id);
    await put(b, id.slice(0, 6) + id.slice(8, 17));
    expect(await customer(b)).toMatchObject({ sameAs: [a], residentIdCheck: 'valid' });
    const wrong = id.slice(0, 17) + (id.endsWith('1') ? '2' : '1');
    await put(a, wrong);
    await put(b, wrong);
    expect(await customer(b)).toMatchObject({ sameAs: [], residentIdCheck: 'wrong_check_character' });
    expect((await mergesOf(b))[0]).toMatchObject({
      status: 'undone',
      undo: { basis: 'resident_id_changed', clientId: null },
    });
    const found = await ok(t.call('POST', '/v1/customers/search', { residentId: wrong }));
    expect(found.items).toHaveLength(2);
  });

  it('part when one of them is corrected, and the rest stays together', async () => {
    const id = residentIdOf(made, '1967-01-01');
    await makeDebtor(t, `C${made}`, { phone: phoneOf('C'), residentId: id });
    await put(a, id);
    await put(b, id);
    expect((await customer(b)).sameAs).toEqual([a, `C${made}`]);
    await put(a, residentIdOf(made, '1968-01-01'));
    expect([(await customer(a)).sameAs, (await customer(`C${made}`)).sameAs]).toEqual([[], [b]]);
    expect((await mergesOf(b)).map(({ status }: { status: string }) => status)).toEqual(['standing', 'undone']);
  });

  it('are one person also where one of them had been merged with a third', async () => {
    await makeDebtor(t, `C${made}`, { phone: phoneOf('C') });
    const first = await merge(`C${made}`, a);
    const id = residentIdOf(made, '1969-01-01');
    await put(a, id);
    await put(b, id);
    expect((await customer(b)).sameAs).toEqual([a, `C${made}`]);
    await report(`C${made}`, 'call', '09:50:00', 'no_answer');
    expect((await ask(b)).reasonCode).toBe('MINIMUM_GAP');
    await undo(first.mergeId);
    expect([(await ask(b)).permitted, (await customer(b)).sameAs]).toEqual([true, [a]]);
  });
});

describe('so many records', () => {
  const write = async (ids: readonly string[], residentId: string | null) => {
    const stale = new Set<string>();
    const records = ids.map((id) => {
      const input = customerInputSchema.parse({ name: '张三', residentId, parties: [] });
      const { customer } = normaliseCustomer(input, t.services.clock());
      return customerRecord(t.services.vault, id, customer, t.services.clock());
    });
    await t.services.db.transaction().execute((trx) => upsertCustomers(trx, records, stale));
    return stale;
  };

  it('as make a placeholder of a person cannot be merged', async () => {
    const ids = Array.from({ length: 52 }, (_, no) => `L${made}-${String(no).padStart(2, '0')}`);
    await write(ids, null);
    for (const [no, id] of ids.slice(1, 51).entries()) await merge(ids[no]!, id);
    expect((await customer(ids[0]!)).sameAs).toHaveLength(50);
    const { status, body } = await t.call('POST', '/v1/customer-merges', {
      survivorId: ids[51],
      mergedId: ids[7],
      reason: 'one too many',
    });
    expect([status, body.code]).toEqual([422, 'UNPROCESSABLE']);
    expect((await customer(ids[51]!)).sameAs).toEqual([]);
  }, 60_000);

  it('of one resident id are all told when it becomes a placeholder, and left alone afterwards', async () => {
    const residentId = residentIdOf(made, '1970-01-01');
    const idOf = (no: number) => `P${made}-${no}`;
    await write(
      Array.from({ length: 51 }, (_, no) => idOf(no)),
      residentId,
    );
    expect((await write([idOf(51)], residentId)).size).toBe(52);
    expect([...(await write([idOf(52)], residentId))]).toEqual([idOf(52)]);
    await write([idOf(51)], null);
    expect((await write([idOf(52)], null)).size).toBe(52);
  });
});

describe('decisions that were taken before', () => {
  it('are taken again as they were, through merges and their end, and with what is known now', async () => {
    await report(b, 'call', '09:50:00', 'no_answer');
    await direct(b, { directiveId: 'D', kind: 'dispute', accountId: `${b}-A1` });
    const alone = await ask(a);
    const { mergeId } = await merge(a, b);
    const together = await ask(a, { accountIds: [`${a}-A1`, `${b}-A1`] });
    const theirs = await ask(b);
    expect([alone.permitted, together.reasonCode, theirs.permitted]).toEqual([true, 'DISPUTED', false]);
    const same = { identical: true, differences: [] };
    const known = async () => {
      for (const { decisionId } of [alone, together, theirs])
        for (const as of ['exact', 'as_known_then']) expect(await replay(decisionId, as), as).toMatchObject(same);
    };
    await known();
    expect((await replay(alone.decisionId, 'as_known_now')).decision.permitted).toBe(false);
    expect(await replay(together.decisionId, 'as_known_now')).toMatchObject(same);
    await undo(mergeId);
    await known();
    expect(await replay(alone.decisionId, 'as_known_now')).toMatchObject(same);
    expect((await replay(together.decisionId, 'as_known_now')).decision.reasons).not.toContainEqual(
      expect.objectContaining({ code: 'MINIMUM_GAP' }),
    );
    const again = await merge(b, a);
    await known();
    await undo(again.mergeId);
    await known();
  });
});
