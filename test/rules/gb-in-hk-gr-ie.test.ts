import { describe, expect, it } from 'vitest';
import { evaluate } from '../../src/rules/contact/evaluate.ts';
import { type DirectiveKind, OUTCOMES, PURPOSES, type Purpose, ROLES } from '../../src/rules/contact/facts.ts';
import { directive } from './builders.ts';
import { customerOf, shipped } from './shipped.ts';

/** What every pack of a bank has beside the law of its country: a Monday morning at ten in each of them. */
const PACKS = [
  ['gb-conc@2021-05-04', 'gb', 'Europe/London'],
  ['in-rbi-2022@2022-08-12', 'in.rbi22', 'Asia/Kolkata'],
  ['hk@2015-02-06', 'hk', 'Asia/Hong_Kong'],
  ['gr@2023-05-26', 'gr', 'Europe/Athens'],
  ['ie@2012-01-01', 'ie', 'Europe/Dublin'],
  ['ie@2026-03-24', 'ie', 'Europe/Dublin'],
] as const;
const TIME = '2026-11-23T10:00:00';
const COLLECTING: readonly Purpose[] = ['collect', 'locate'];
const ADDRESSED: readonly Purpose[] = ['collect', 'locate', 'service', 'respond', 'statutory_notice'];

describe.each(PACKS)('%s', (id, prefix, zone) => {
  const { compiled: pack } = shipped(id);
  const { at, on, call, to, ask, contact, timed } = customerOf(zone, pack);
  const isGb = prefix === 'gb';

  const holds: [DirectiveKind, string, readonly Purpose[]][] = [
    ['bankruptcy_accepted', 'hold.bankruptcy', COLLECTING],
    ['deceased', 'hold.deceased', PURPOSES],
    ['incapacity', 'hold.incapacity', isGb ? COLLECTING : PURPOSES],
    ['dispute', 'hold.dispute', COLLECTING],
    ['hardship_hold', 'hold.hardship', COLLECTING],
    ['vulnerability', 'hold.vulnerability', COLLECTING],
    ['cease', 'wish.cease', isGb ? [...COLLECTING, 'solicit'] : COLLECTING],
    ['represented', 'represented', COLLECTING],
  ];
  it.each(holds)('%s holds, for these purposes only', (kind, rule, purposes) => {
    const held = (purpose: Purpose, given = {}) =>
      ask(to('debtor', purpose, { directives: [directive(kind, given)] }), TIME).refused.includes(`${prefix}.${rule}`);
    expect(PURPOSES.filter((purpose) => held(purpose))).toEqual(
      PURPOSES.filter((purpose) => purposes.includes(purpose)),
    );
    expect(held('collect', { until: at(TIME) })).toBe(false);
    expect(held('collect', { accountId: 'A2' })).toBe(false);
  });

  it.each([
    ['deceased', 'hold.deceased'],
    ['incapacity', 'hold.incapacity'],
    ['vulnerability', 'hold.vulnerability'],
    ['cease', 'wish.cease'],
    ['represented', 'represented'],
  ] as const)('%s is about the person it names', (kind, rule) => {
    const refused = (role: 'debtor' | 'guarantor', partyId: string) =>
      ask(to(role, 'collect', { directives: [directive(kind, { partyId })] }), TIME).refused;
    expect(refused('debtor', 'self')).toEqual([`${prefix}.${rule}`]);
    expect(refused('debtor', 'other')).toEqual([]);
    expect(refused('guarantor', 'other')).toEqual([`${prefix}.${rule}`]);
  });

  it('who is represented is debtor or guarantor, and the wish not to be called leaves writing', () => {
    const directives = [directive('represented')];
    expect(ask(to('lawyer', 'collect', { directives }), TIME).refused).toEqual([]);
    expect(ask(to('contact', 'collect', { directives }), TIME).refused).toEqual([`${prefix}.addressee`]);
    const quiet = { directives: [directive('cease')] };
    const refusing = (['voice', 'im', 'visit', 'sms', 'email', 'letter'] as const).filter((channel) =>
      ask(on(channel, quiet), TIME).refused.includes(`${prefix}.wish.cease`),
    );
    expect(refusing).toEqual(['voice', 'im', 'visit']);
  });

  it('the guardian, the executor and the lawyer act for the debtor while the reason lasts', () => {
    for (const [role, kind] of [
      ['guardian', 'incapacity'],
      ['executor', 'deceased'],
      ['lawyer', 'represented'],
    ] as const) {
      const asked = (given: object) =>
        (['collect', 'service', 'statutory_notice'] as const).flatMap(
          (purpose) =>
            ask(to(role, purpose, { directives: [directive(kind, { partyId: 'self', ...given })] }), TIME).refused,
        );
      expect(asked({})).toEqual([]);
      expect(asked({ until: at(TIME) })).toEqual(Array(3).fill(`${prefix}.addressee`));
    }
  });

  it('everybody is answered', () => {
    for (const role of ROLES)
      for (const purpose of ['respond', 'opt_out_confirmation'] as const)
        expect(ask(to(role, purpose), TIME).refused).toEqual([]);
  });

  it('a third person who refused is left alone', () => {
    const refused = ROLES.filter((role) =>
      ask(to(role, 'respond', { directives: [directive('third_party_refusal')] }), TIME).refused.includes(
        `${prefix}.contact.refused`,
      ),
    );
    expect(refused).toEqual(['spouse', 'contact', 'guardian', 'executor', 'lawyer', 'employer']);
  });

  it.each([
    ['channel', directive('channel_opt_out', { channel: 'voice' }), directive('channel_opt_out', { channel: 'sms' })],
    [
      'address',
      directive('address_opt_out', { contactPointId: 'm1' }),
      directive('address_opt_out', { contactPointId: 'm2' }),
    ],
  ] as const)('an opt-out of a %s', (what, own, other) => {
    const refusing = (held: ReturnType<typeof directive>) =>
      [...ADDRESSED, 'solicit' as const].filter((purpose) =>
        ask(to('debtor', purpose, { directives: [held] }), TIME).refused.includes(`${prefix}.${what}.opt-out`),
      );
    expect(refusing(own)).toEqual(['collect', 'locate', ...(isGb ? ['service'] : []), 'solicit']);
    expect(refusing(other)).toEqual([]);
  });

  it.each([
    ['invalid', { status: 'invalid' as const }, ['contact-point']],
    ['not on file', { contactPointId: null }, ['contact-point']],
    ["another person's", { ofParty: false }, ['contact-point']],
    ['of somebody else since', { wrongSince: 0 }, ['wrong-number']],
  ])('a contact point that is %s is not used', (_, contactPoint, rules) => {
    const refused = rules.map((rule) => `${prefix}.${rule}`);
    expect(ask(call({ contactPoint }), TIME)).toEqual({ refused, next: null });
    expect(ask(on('sms', { contactPoint }), TIME).refused).toEqual(refused);
    expect(ask(to('debtor', 'service', { contactPoint }), TIME).refused).toEqual(refused);
  });

  it('a wrong number is a matter of calls and texts', () => {
    expect(ask(on('letter', { contactPoint: { wrongSince: 0 } }), TIME).refused).toEqual([]);
  });

  it.each([
    ['unknown', { accounts: [], accountsNamed: false }, 'account.known'],
    ['settled', { accounts: [{ accountId: 'A1', status: 'settled' as const, pastDueDay: 20_000 }] }, 'account.settled'],
    ['closed', { accounts: [{ accountId: 'A1', status: 'closed' as const, pastDueDay: 20_000 }] }, 'account.settled'],
    ['sold', { accounts: [{ accountId: 'A1', status: 'sold' as const, pastDueDay: 20_000 }] }, 'account.settled'],
    ['not overdue', { accounts: [{ accountId: 'A1', status: 'open' as const, pastDueDay: null }] }, 'account.overdue'],
  ])('an account that is %s is neither collected nor a reason to search', (_, given, rule) => {
    const refusing = ADDRESSED.filter((purpose) =>
      ask(to('debtor', purpose, given), TIME).refused.includes(`${prefix}.${rule}`),
    );
    expect(refusing).toEqual(COLLECTING);
  });

  it('inconvenient times and places are kept', () => {
    const time = timed('time_restriction', [{ from: '09:00', to: '12:00' }]);
    expect(ask(call({ directives: [time] }), TIME)).toEqual({
      refused: [`${prefix}.wish.time`],
      next: '2026-11-23T12:00:00',
    });
    const place = { directives: [directive('place_restriction', { places: ['home'] })] };
    expect(ask(call({ ...place, contactPoint: { place: 'home' } }), TIME).refused).toEqual([`${prefix}.wish.place`]);
    expect(ask(call({ ...place, contactPoint: { place: null } }), TIME).refused).toEqual([]);
  });

  const CHANNELS = ['voice', 'sms', 'im', 'email', 'letter'] as const;
  it('two messages a day by text, messenger and e-mail together', () => {
    const sent = (count: number, outcome: (typeof OUTCOMES)[number] = 'delivered') =>
      (['sms', 'im', 'email'] as const)
        .slice(0, count)
        .map((channel) => contact('2026-11-23T09:00:00', outcome, { channel, purpose: 'service' }));
    const refusing = (count: number, purpose: Purpose = 'collect') =>
      CHANNELS.filter((channel) => {
        const known = on(channel, { events: { person: sent(count) }, request: { purpose } });
        return ask(known, '2026-11-23T12:00:00').refused.includes(`${prefix}.messages.person-day`);
      });
    expect([refusing(2), refusing(2, 'locate')]).toEqual(Array(2).fill(['sms', 'im', 'email']));
    expect([refusing(1), refusing(3, 'service')]).toEqual([[], []]);
    expect(ask(on('sms', { events: { person: sent(3).slice(1) } }), '2026-11-23T12:00:00').refused).not.toEqual([]);
    const counting = OUTCOMES.filter((outcome) => {
      const known = on('sms', { events: { person: sent(1, outcome) } });
      const { limits } = evaluate([pack], known, at('2026-11-23T12:00:00'));
      return limits.find(({ ruleId }) => ruleId === `${prefix}.messages.person-day`)?.used === 1;
    });
    expect(counting).toEqual(['placed', 'answered', 'conversation', 'delivered', 'pending']);
  });

  it('every call that was placed keeps its distance, for collection only', () => {
    const rule = prefix === 'gr' ? 'gr.calls.every-second-day' : `${prefix}.calls.gap`;
    const refused = (
      outcome: (typeof OUTCOMES)[number],
      purpose: Purpose = 'collect',
      channel: 'voice' | 'sms' = 'voice',
    ) =>
      ask(
        on(channel, { events: { person: [contact('2026-11-23T09:30:00', outcome)] }, request: { purpose } }),
        TIME,
      ).refused.includes(rule);
    expect(OUTCOMES.filter((outcome) => !refused(outcome))).toEqual(['delivered', 'undelivered']);
    expect(PURPOSES.filter((purpose) => refused('no_answer', purpose))).toEqual(COLLECTING);
    expect(refused('no_answer', 'collect', 'sms')).toBe(false);
  });

  it('a call shows a number and goes by its own name; other contacts have none to show', () => {
    expect(ask(call({ request: { callerNumber: null } }), TIME).refused).toEqual([`${prefix}.caller-number`]);
    expect(ask(on('sms', { request: { callerNumber: null } }), TIME).refused).toEqual([]);
    const posing = { presentsAs: 'police' };
    expect(ask(to('debtor', 'service', {}), TIME).refused).toEqual([]);
    expect(ask(call({ request: posing }), TIME).refused).toEqual([`${prefix}.own-name`]);
    expect(ask(on('letter', { request: posing }), TIME).refused).toEqual([`${prefix}.own-name`]);
  });
});

// Greece has its own distance of days instead.
describe.each(PACKS.filter(([, prefix]) => prefix !== 'gr'))('%s', (id, prefix, zone) => {
  const { on, ask, contact } = customerOf(zone, shipped(id).compiled);

  it('three calls a day are the most, for collection only', () => {
    const calls = (count: number) =>
      ['07:00:00', '07:30:00', '08:00:00'].slice(0, count).map((time) => contact(`2026-11-23T${time}`));
    const refused = (count: number, purpose: Purpose = 'collect', channel: 'voice' | 'sms' = 'voice') =>
      ask(on(channel, { events: { person: calls(count) }, request: { purpose } }), TIME).refused.includes(
        `${prefix}.calls.person-day`,
      );
    expect([refused(2), refused(3), refused(3, 'collect', 'sms')]).toEqual([false, true, false]);
    expect(PURPOSES.filter((purpose) => refused(3, purpose))).toEqual(COLLECTING);
  });

  it('an hour between two calls, to the millisecond', () => {
    const known = on('voice', { events: { person: [contact(TIME)] } });
    const rule = `${prefix}.calls.gap`;
    expect(ask(known, '2026-11-23T10:59:59.999')).toEqual({ refused: [rule], next: '2026-11-23T11:00:00' });
    expect(ask(known, '2026-11-23T11:00:00').refused).toEqual([]);
  });
});
