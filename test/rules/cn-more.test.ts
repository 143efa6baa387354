import { describe, expect, it } from 'vitest';
import { loadPack } from '../../src/policy/load.ts';
import { CHANNELS, type Channel, OUTCOMES, PURPOSES, ROLES } from '../../src/rules/contact/facts.ts';
import { directive } from './builders.ts';
import { customerOf, shipped, sourceOf } from './shipped.ts';

const ID = 'cn-credit-card@2026-02-01';
const { compiled: pack } = shipped(ID);
const { at, on, call, to, ask, contact, warnings } = customerOf('Asia/Shanghai', pack);

/** The version with one of its options switched on, as a bank would write it in a version of its own. */
function withOption(id: string) {
  const [rules = ''] = sourceOf(ID).split('\nexamples:\n');
  const at = rules.indexOf(`- id: ${id}\n`);
  const switched = `${rules.slice(0, at)}${rules.slice(at).replace('enabled: false', 'enabled: true')}`;
  return customerOf('Asia/Shanghai', loadPack(`${switched}\nexamples: []\n`, ID).compiled);
}

describe('a plan that is kept', () => {
  const owing = (type: string, status: string, accountId = 'A1') => ({
    accountId,
    status: 'open' as const,
    pastDueDay: 20_000,
    plan: { type, status },
  });
  const TIME = '2026-11-23T10:00:00';

  it.each([
    ['individual_instalment', 'agreed', ['cn.plan.individual']],
    ['individual_instalment', 'active', ['cn.plan.individual']],
    ['individual_instalment', 'kept', []],
    ['individual_instalment', 'broken', []],
    ['individual_instalment', 'renegotiated', []],
    ['ordinary_instalment', 'active', ['cn.plan.other']],
    ['deferral', 'active', ['cn.plan.other']],
    ['reduced_lump_sum', 'agreed', ['cn.plan.other']],
    ['lump_sum', 'broken', []],
  ])('%s that is %s: %j', (type, status, refused) => {
    expect(ask(call({ accounts: [owing(type, status)] }), TIME).refused).toEqual(refused);
  });

  it.each([...ROLES])('stops collection from every role: %s', (role) => {
    const known = to(role, 'collect', { accounts: [owing('individual_instalment', 'active')] });
    expect(ask(known, TIME).refused).toContain('cn.plan.individual');
  });

  it.each(PURPOSES.filter((purpose) => !['collect', 'locate', 'solicit'].includes(purpose)))(
    'leaves a contact to %s possible',
    (purpose) => {
      const known = to('debtor', purpose, { accounts: [owing('individual_instalment', 'active')] });
      expect(ask(known, TIME).refused).toEqual([]);
    },
  );

  it.each(['individual_instalment', 'ordinary_instalment'])('%s stops collecting and searching alone', (type) => {
    const rule = type === 'individual_instalment' ? 'cn.plan.individual' : 'cn.plan.other';
    const stopped = PURPOSES.filter((purpose) =>
      ask(to('debtor', purpose, { accounts: [owing(type, 'active')] }), TIME).refused.includes(rule),
    );
    expect(stopped).toEqual(['collect', 'locate']);
  });

  it('of one account leaves the other to be collected, when that is what is asked', () => {
    const other = { accountId: 'A2', status: 'open' as const, pastDueDay: 20_000 };
    expect(ask(call({ accounts: [owing('individual_instalment', 'active'), other] }), TIME).refused).toEqual([
      'cn.plan.individual',
    ]);
    expect(ask(call({ accounts: [other] }), TIME).refused).toEqual([]);
  });
});

describe('people who must be spared', () => {
  it.each([
    ['a vulnerable debtor', directive('vulnerability', { partyId: 'self' }), ['cn.hold.vulnerability']],
    ['somebody else who is vulnerable', directive('vulnerability', { partyId: 'other' }), []],
    ['debts that a court is clearing', directive('moratorium'), ['cn.hold.moratorium']],
    ['another debt that a court is clearing', directive('moratorium', { accountId: 'A2' }), []],
  ])('%s', (_, held, refused) => {
    const time = '2026-11-23T10:00:00';
    expect(ask(call({ directives: [held] }), time).refused).toEqual(refused);
    expect(ask(to('debtor', 'service', { directives: [held] }), time).refused).toEqual([]);
    const locating = ask(to('debtor', 'locate', { directives: [held] }), time).refused;
    expect(locating.filter((rule) => rule.startsWith('cn.hold.'))).toEqual(refused);
    const ending = { ...held, until: at('2026-11-23T10:00:01') };
    expect(ask(call({ directives: [ending] }), time).next).toBe(refused.length === 0 ? time : '2026-11-23T10:00:01');
  });

  it('a guarantor of a vulnerable debtor may be collected from, unless all of the family is meant', () => {
    const known = (partyId: string | null) =>
      to('guarantor', 'collect', { directives: [directive('vulnerability', { partyId })] });
    expect(ask(known('self'), '2026-11-23T10:00:00').refused).toEqual([]);
    expect(ask(known(null), '2026-11-23T10:00:00').refused).toEqual(['cn.hold.vulnerability']);
  });
});

describe('a contact person who offers to pay', () => {
  const offered = (offeredToPay: boolean) => ({
    events: { person: [contact('2026-11-20T10:00:00', 'conversation', { purpose: 'locate' as const, offeredToPay })] },
  });
  it.each([
    ['contact', 'service', []],
    ['spouse', 'service', []],
    ['employer', 'service', []],
    ['contact', 'collect', ['cn.addressee']],
    ['contact', 'statutory_notice', ['cn.addressee']],
    ['executor', 'service', ['cn.addressee']],
  ] as const)('%s, %s: %j', (role, purpose, refused) => {
    expect(ask(to(role, purpose, offered(true)), '2026-11-23T10:00:00').refused).toEqual(refused);
    expect(ask(to(role, purpose, offered(false)), '2026-11-23T10:00:00').refused).toEqual(['cn.addressee']);
  });

  it('may be come back to for thirty days', () => {
    const known = to('contact', 'service', offered(true));
    expect(ask(known, '2026-12-20T09:59:59.999').refused).toEqual([]);
    expect(ask(known, '2026-12-20T10:00:00')).toEqual({ refused: ['cn.addressee'], next: null });
  });

  it('and then refuses is left alone', () => {
    const known = to('contact', 'service', {
      ...offered(true),
      directives: [directive('third_party_refusal', { partyId: 'other' })],
    });
    expect(ask(known, '2026-11-23T10:00:00').refused).toEqual(['cn.contact.refused']);
  });
});

describe('advice that refuses nothing', () => {
  it.each([
    ['the last second before the National Day holiday', '2026-09-30T21:59:59', []],
    ['its first day', '2026-10-01T08:00:00', ['cn.holiday']],
    ['its last second', '2026-10-07T21:59:59', ['cn.holiday']],
    ['the day after', '2026-10-08T08:00:00', []],
    ['a Saturday that is worked for it', '2026-10-10T10:00:00', []],
    ['an ordinary Sunday', '2026-11-22T10:00:00', []],
    ['New Year', '2026-01-01T10:00:00', ['cn.holiday']],
    ['a year whose holidays are not published', '2027-02-08T10:00:00', []],
  ])('holidays: %s', (_, time, expected) => {
    expect(ask(call(), time).refused).toEqual([]);
    expect(warnings(call(), time)).toEqual(expected);
  });

  const LIVE = ['voice', 'sms', 'email', 'im', 'visit'];
  it('holidays are a matter of collecting and searching, not of letters', () => {
    const warned = (known: Parameters<typeof ask>[0]) => warnings(known, '2026-10-01T10:00:00').includes('cn.holiday');
    expect(CHANNELS.filter((channel) => warned(on(channel)))).toEqual(LIVE);
    expect(PURPOSES.filter((purpose) => warned(to('debtor', purpose)))).toEqual(['collect', 'locate']);
  });

  it('a second call within the hour, over whatever number', () => {
    const known = call({ events: { person: [contact('2026-11-23T10:00:00')] } });
    expect(warnings(known, '2026-11-23T10:59:59.999')).toEqual(['cn.warn.concentration']);
    expect(warnings(known, '2026-11-23T11:00:00')).toEqual([]);
    expect(ask(known, '2026-11-23T10:30:00').refused).toEqual([]);
    expect(warnings({ ...known, request: { ...known.request, purpose: 'service' } }, '2026-11-23T10:30:00')).toEqual(
      [],
    );
    expect(warnings(on('sms', { events: known.events }), '2026-11-23T10:30:00')).toEqual([]);
  });

  const mixed = (count: number) =>
    (
      [
        ['08:00:00', 'voice', 'no_answer'],
        ['09:30:00', 'voice', 'conversation'],
        ['10:00:00', 'sms', 'delivered'],
        ['11:00:00', 'email', 'delivered'],
        ['12:00:00', 'im', 'delivered'],
      ] as const
    )
      .slice(0, count)
      .map(([time, channel, outcome]) => contact(`2026-12-31T${time}`, outcome, { channel }));
  it.each(['voice', 'sms', 'im', 'email'] satisfies Channel[])(
    'a sixth contact of the day by calls and messages together: %s',
    (channel) => {
      const known = (count: number) => on(channel, { events: { person: mixed(count) } });
      expect(warnings(known(5), '2026-12-31T20:00:00')).toEqual(['cn.warn.cumulative']);
      expect(warnings(known(4), '2026-12-31T20:00:00')).toEqual([]);
      expect(warnings(known(5), '2027-01-01T08:00:00')).toEqual([]);
      expect(ask(known(5), '2026-12-31T20:00:00').refused).toEqual([]);
    },
  );

  it('a sixth letter, or an answer, is no such contact', () => {
    const day = '2026-12-31T20:00:00';
    expect(warnings(on('letter', { events: { person: mixed(5) } }), day)).toEqual([]);
    expect(warnings(to('debtor', 'respond', { events: { person: mixed(5) } }), day)).toEqual([]);
  });

  it.each(OUTCOMES)('%s adds to the contacts of the day, or does not', (outcome) => {
    const known = call({ events: { person: [...mixed(4), contact('2026-12-31T13:00:00', outcome)] } });
    const none = ['busy', 'not_in_service', 'third_party_answered', 'wrong_number', 'undelivered'];
    expect(warnings(known, '2026-12-31T20:00:00')).toEqual(none.includes(outcome) ? [] : ['cn.warn.cumulative']);
  });
});

describe('options of the bank', () => {
  it('are off', () => {
    const known = { ...call(), region: 'CN-65' };
    expect(ask(known, '2026-11-23T08:00:00').refused).toEqual([]);
    expect(ask(call(), '2026-02-17T10:00:00').refused).toEqual([]);
  });

  it('Xinjiang from ten to ten, and nowhere else', () => {
    const bank = withOption('cn.hours.xinjiang');
    const inRegion = (region: string, time: string) => bank.ask({ ...call(), region }, time);
    expect(inRegion('CN-65', '2026-11-23T09:59:59')).toEqual({
      refused: ['cn.hours.xinjiang'],
      next: '2026-11-23T10:00:00',
    });
    expect(inRegion('CN-65', '2026-11-23T21:59:59').refused).toEqual([]);
    expect(inRegion('CN-11', '2026-11-23T09:59:59').refused).toEqual([]);
    expect(bank.ask(call(), '2026-11-23T09:59:59').refused).toEqual([]);
    const refusing = CHANNELS.filter(
      (channel) => bank.ask({ ...on(channel), region: 'CN-65' }, '2026-11-23T09:00:00').refused.length > 0,
    );
    expect(refusing).toEqual(['voice', 'sms', 'email', 'im', 'visit']);
  });

  it("quiet from New Year's Eve to the third day", () => {
    const bank = withOption('cn.holiday.spring-festival');
    const REFUSED = ['cn.holiday.spring-festival'];
    expect(bank.ask(call(), '2026-02-15T21:59:59').refused).toEqual([]);
    expect(bank.ask(call(), '2026-02-16T08:00:00')).toEqual({ refused: REFUSED, next: '2026-02-20T08:00:00' });
    expect(bank.ask(call(), '2026-02-19T21:59:59').refused).toEqual(REFUSED);
    expect(bank.ask(call(), '2026-02-20T08:00:00').refused).toEqual([]);
    const quiet = (known: Parameters<typeof ask>[0]) =>
      bank.ask(known, '2026-02-17T10:00:00').refused.includes(REFUSED[0]!);
    expect(CHANNELS.filter((channel) => quiet(on(channel)))).toEqual(['voice', 'sms', 'email', 'im', 'visit']);
    expect(PURPOSES.filter((purpose) => quiet(to('debtor', purpose)))).toEqual(['collect', 'locate']);
  });
});
