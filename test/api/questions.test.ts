import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { buildTestApp, type TestApp } from '../support/app.ts';
import { reportOf } from '../support/make.ts';

let t: TestApp;
const day = (time: string) => `2026-11-23T${time}+08:00`;
const bank = { kind: 'creditor', id: 'bank' };
const balances = { principal: '1.00', interest: '0.00', penalty: '0.00', fees: '0.00' };

/** A debtor who can be reached in more ways than one. */
async function make(id: string, n: number, more: Record<string, unknown> = {}): Promise<void> {
  const phone = (contactPointId: string, digit: number, status = 'active') => {
    return { contactPointId, kind: 'phone', value: `1${digit}9${String(40_000_000 + n)}`, line: 'mobile', status };
  };
  const contactPoints = [
    phone('m1', 3),
    phone('m2', 5),
    phone('m3', 7, 'invalid'),
    { contactPointId: 'e1', kind: 'email', value: `e${n}@example.com` },
  ];
  const parties = [{ partyId: 'self', role: 'debtor', name: '张三', contactPoints }];
  await t.call('PUT', `/v1/customers/${id}`, { name: '张三', parties, ...more });
  const account = {
    customerId: id,
    currency: 'CNY',
    asOf: '2026-11-20T00:00:00+08:00',
    pastDueSince: '2026-08-20',
    balances,
  };
  expect((await t.call('PUT', `/v1/accounts/${id}-A1`, account)).status).toBe(201);
}

beforeAll(async () => {
  t = await buildTestApp();
  await make('Q1', 1);
  await make('Q2', 2, { timeZones: ['America/New_York', 'America/Chicago'], jurisdictions: ['US'] });
});
afterAll(() => t?.close());

const question = (id: string, more: Record<string, unknown> = {}) => ({
  customerId: id,
  contactPointId: 'm1',
  channel: 'voice',
  callerNumber: '95588',
  collector: bank,
  ...more,
});
const explain = (id: string, more: Record<string, unknown> = {}, headers: Record<string, string> = {}) =>
  t.call('POST', '/v1/contact-permissions/explain', question(id, more), headers);
const budget = (id: string, more: Record<string, unknown> = {}) =>
  t.call('POST', '/v1/contact-budgets', question(id, more));
const told = (body: { counterfactuals: { code: string; change: Record<string, unknown> }[] }) =>
  body.counterfactuals.map(({ code, change }) => [code, ...Object.values(change).filter((value) => value !== null)]);

describe('an explanation', () => {
  it('is the answer to a check, and nothing more where it permits', async () => {
    const { body } = await explain('Q1');
    const {
      decisionId: _,
      permissionToken,
      ...checked
    } = (await t.call('POST', '/v1/contact-permissions', question('Q1'))).body;
    expect(body).toEqual({ ...checked, decisionId: body.decisionId, counterfactuals: [] });
    expect(permissionToken).toBeNull();
  });

  it('names each single change that would help, in both languages', async () => {
    const { body } = await explain('Q1', { at: day('22:30:00') }, { 'accept-language': 'en' });
    expect(body.reasonCode).toBe('CALLING_HOURS');
    expect(told(body)).toEqual([
      ['WAIT'],
      ['OTHER_CHANNEL', 'letter'],
      ['OTHER_CHANNEL', 'portal'],
      ['OBTAIN_DIRECTIVE', 'hours_consent'],
    ]);
    expect(body.counterfactuals[0]).toMatchObject({
      permitted: true,
      nextPermittedAt: '2026-11-24T08:00:00+08:00',
      text: 'Wait until 2026-11-24T08:00:00+08:00.',
    });
    expect(body.counterfactuals.at(-1)).toMatchObject({
      nextPermittedAt: day('22:30:00'),
      text: 'Obtain and record consent of the person to this time.',
    });
    const chinese = await explain('Q1', { at: day('22:30:00') });
    expect(chinese.body.counterfactuals.at(-1).text).toBe('取得并登记：本人同意在此时段联系，即可联系。');
  });

  it('is put to the engine with the contacts that count there', async () => {
    const call = (attemptId: string, time: string, contactPointId: string) =>
      t.call('POST', '/v1/contact-attempts', {
        ...reportOf('Q1', attemptId, day(time), 'no_answer'),
        contactPointId,
      });
    await call('q1', '09:02:00', 'm1');
    await call('q2', '09:30:00', 'm1');
    const first = (await explain('Q1')).body;
    expect(first.reasonCode).toBe('FREQUENCY_CAP');
    expect(told(first)).toContainEqual(['OTHER_CONTACT_POINT', 'm2']);
    await call('q3', '09:03:00', 'm2');
    await call('q4', '09:29:00', 'm2');
    const { body } = await explain('Q1');
    expect(told(body)).not.toContainEqual(['OTHER_CONTACT_POINT', 'm2']);
    expect(told(body)).toContainEqual(['OTHER_CHANNEL', 'e1', 'email']);
  });

  it.each<[string, Record<string, unknown>, string[]]>([
    ['a recording', { recording: false }, ['RECORD_CALL']],
    ['a registered number', { callerNumber: '12345' }, ['REGISTERED_CALLER_NUMBER']],
    ['a notice', { collector: { kind: 'third_party', id: 'vendor-1' } }, ['OBTAIN_DIRECTIVE', 'vendor_notice']],
    ['another contact point', { contactPointId: 'm3' }, ['OTHER_CONTACT_POINT', 'm1']],
  ])('finds %s', async (_, more, change) => {
    t.setNow('2026-11-25T10:00:00+08:00');
    expect(told((await explain('Q1', more)).body)).toContainEqual(change);
    t.setNow(day('10:00:00'));
  });

  it('finds which of two zones would help, and which directive stands in the way', async () => {
    const by = { collector: { kind: 'third_party', id: 'vendor-1' } };
    const { body } = await explain('Q2', { ...by, at: '2026-11-23T21:30:00-05:00' });
    expect(told(body)).toContainEqual(['CONFIRM_ZONE', 'America/Chicago']);
    expect(told(body)).not.toContainEqual(['CONFIRM_ZONE', 'America/New_York']);
    await t.call('POST', '/v1/customers/Q2/directives', { directiveId: 'D', kind: 'cease', from: day('09:00:00') });
    const ceased = await explain('Q2', { ...by, at: '2026-11-23T12:00:00-05:00' });
    expect(told(ceased.body)).toContainEqual(['END_DIRECTIVE', 'cease', 'D']);
  });
});

describe('a budget', () => {
  const slots = (
    body: { budgets: { ruleId: string; used: number; remaining: number; slotsReturnAt: string[] }[] },
    ruleId: string,
  ) => body.budgets.find((one) => one.ruleId === ruleId);

  it('tells what is left of each cap and when it returns', async () => {
    await make('Q3', 3);
    for (const [attemptId, time, outcome] of [
      ['a', '09:00:00', 'conversation'],
      ['b', '09:35:00', 'no_answer'],
    ] as const)
      await t.call('POST', '/v1/contact-attempts', reportOf('Q3', `q3${attemptId}`, day(time), outcome));
    const { body } = await budget('Q3', { at: day('10:10:00'), contacts: 0 });
    expect(slots(body, 'cn.calls.unanswered-per-number-day')).toMatchObject({
      used: 1,
      max: 6,
      remaining: 5,
      countedAttemptIds: ['q3b'],
      slotsReturnAt: ['2026-11-24T00:00:00+08:00'],
      refuses: true,
    });
    expect(slots(body, 'cn.calls.per-number-hour')).toMatchObject({ used: 1, slotsReturnAt: [day('10:35:00')] });
    expect(body).toMatchObject({ permitted: true, evaluatedAt: day('10:10:00'), schedule: [] });
  });

  it('plans contacts that are permitted one after the other, as reservations at those instants are', async () => {
    await make('Q4', 4);
    t.setNow(day('20:00:00'));
    const { schedule } = (await budget('Q4', { days: 2, contacts: 12 })).body;
    expect(schedule.length).toBeGreaterThan(5);
    for (const [index, instant] of schedule.entries()) {
      const { body: early } = await t.call('POST', '/v1/contact-permissions', question('Q4'));
      if (index > 0 && !early.permitted) expect(early.nextPermittedAt).toBe(instant);
      t.setNow(instant);
      const { body } = await t.call('POST', '/v1/contact-permissions', question('Q4', { mode: 'reserve' }));
      expect(body.permitted, `${index} ${instant}`).toBe(true);
    }
    t.setNow(day('10:00:00'));
  });

  it('keeps the distance that is asked for, and is empty where nothing is permitted', async () => {
    await make('Q5', 5);
    const at = day('10:00:00');
    expect((await budget('Q5', { at, contacts: 2, minutesApart: 90 })).body.schedule).toEqual([at, day('11:30:00')]);
    await t.call('POST', '/v1/customers/Q5/directives', { directiveId: 'D', kind: 'deceased' });
    expect((await budget('Q5')).body).toMatchObject({ permitted: false, nextPermittedAt: null, schedule: [] });
  });
});
