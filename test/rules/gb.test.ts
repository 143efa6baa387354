import { describe, expect, it } from 'vitest';
import { evaluate } from '../../src/rules/contact/evaluate.ts';
import { PURPOSES, type Purpose, ROLES, type Role } from '../../src/rules/contact/facts.ts';
import { directive, facts, ms } from './builders.ts';
import { customerOf, shipped } from './shipped.ts';

const { compiled: pack, document } = shipped('gb-conc@2021-05-04');
const { at, on, call, to, ask, contact, timed, obligations } = customerOf('Europe/London', pack);

describe("the bank's hours in the United Kingdom", () => {
  it.each([
    ['2026-11-23T07:59:59.999', ['gb.hours'], '2026-11-23T08:00:00'],
    ['2026-11-23T08:00:00', [], '2026-11-23T08:00:00'],
    ['2026-11-23T20:59:59', [], '2026-11-23T20:59:59'],
    ['2026-11-23T21:00:00', ['gb.hours'], '2026-11-24T08:00:00'],
    ['2026-12-31T21:00:00', ['gb.hours'], '2027-01-01T08:00:00'],
    ['2028-02-28T21:00:00', ['gb.hours'], '2028-02-29T08:00:00'],
  ])('at %s: %j, next at %s', (time, refused, next) => {
    expect(ask(call(), time)).toEqual({ refused, next });
  });

  it.each([
    ['the clocks go forward', '2026-03-28T21:00:00Z', '2026-03-29T07:00:00Z'],
    ['the clocks go back', '2026-10-24T20:00:00Z', '2026-10-25T08:00:00Z'],
  ])('open at eight on the wall when %s', (_, evening, morning) => {
    const known = call();
    expect(evaluate([pack], known, ms(evening)).nextPermittedAt).toBe(ms(morning));
    expect(evaluate([pack], known, ms(morning) - 1).permitted).toBe(false);
  });

  it.each([
    ['while both keep winter time', '2026-02-02T09:00:00', '2026-02-02T13:00:00'],
    ['while New York is an hour ahead of the season', '2026-03-16T09:00:00', '2026-03-16T12:00:00'],
    ['while both keep summer time', '2026-07-06T09:00:00', '2026-07-06T13:00:00'],
    ['while London is an hour ahead of the season', '2026-10-26T09:00:00', '2026-10-26T12:00:00'],
  ])('must be open in London and New York, %s', (_, time, next) => {
    expect(ask(call({ zones: ['Europe/London', 'America/New_York'] }), time)).toEqual({ refused: ['gb.hours'], next });
  });

  it('need a zone of the person', () => {
    const [reason] = evaluate([pack], call({ zones: [] }), at('2026-11-23T10:00:00')).reasons;
    expect([reason?.rule.spec.id, reason?.code, reason?.permittedFrom]).toEqual(['gb.hours', 'MISSING_FACTS', null]);
  });

  it.each(['letter', 'email', 'portal'] as const)('do not bind a %s', (channel) => {
    expect(ask(on(channel), '2026-11-23T03:00:00').refused).toEqual([]);
  });

  it('give way to times the person agreed to', () => {
    const agreed = timed('hours_consent', [{ days: ['mon'], from: '21:00', to: '22:00' }]);
    expect(ask(call({ directives: [agreed] }), '2026-11-23T21:59:59').refused).toEqual([]);
    expect(ask(call({ directives: [agreed] }), '2026-11-24T21:00:00').refused).toEqual(['gb.hours']);
  });
});

describe('a breathing space', () => {
  const START = at('2026-03-02T00:00:00');
  const space = (given: Parameters<typeof directive>[1] = {}) =>
    directive('moratorium', { moratoriumType: 'breathing_space', from: START, until: null, ...given });
  const HELD = 'gb.moratorium.breathing-space';

  it.each([
    ['the second before it starts', '2026-03-01T20:59:59', []],
    ['on its first day', '2026-03-02T08:00:00', [HELD]],
    ['on its sixtieth day', '2026-04-30T20:59:59', [HELD]],
    ['on the day after', '2026-05-01T08:00:00', []],
  ])('of 60 days: %s', (_, time, refused) => {
    const known = call({ directives: [space({ until: at('2026-05-01T00:00:00') })] });
    expect(ask(known, time).refused).toEqual(refused);
  });

  it.each([
    ['in the hours: at that second', '2026-04-10T15:30:00', '2026-04-10T15:30:00'],
    ['at night: in the morning', '2026-04-10T02:00:00', '2026-04-10T08:00:00'],
    ['in the hour that summer time leaves out: in the morning', '2026-03-29T01:30:00', '2026-03-29T08:00:00'],
  ])('that ends %s', (_, until, next) => {
    const known = call({ directives: [space({ until: at(until) })] });
    expect(ask(known, '2026-03-02T10:00:00')).toEqual({ refused: [HELD], next });
  });

  it('that is cancelled and started again ends with the last', () => {
    const known = call({
      directives: [
        space({ from: at('2026-03-20T00:00:00'), until: at('2026-05-19T00:00:00') }),
        space({ until: at('2026-03-20T00:00:00') }),
      ],
    });
    expect(ask(known, '2026-03-02T10:00:00').next).toBe('2026-05-19T08:00:00');
  });

  it('closes a permission when it starts', () => {
    const known = call({ directives: [space({ from: at('2026-03-02T11:00:00') })] });
    expect(evaluate([pack], known, at('2026-03-02T10:00:00')).closesAt).toBe(at('2026-03-02T11:00:00'));
  });

  it.each(PURPOSES.filter((purpose) => purpose !== 'solicit'))('and a contact to %s', (purpose) => {
    const refused = purpose === 'collect' ? [HELD] : purpose === 'locate' ? [HELD, 'gb.addressee'] : [];
    expect(ask(to('debtor', purpose, { directives: [space()] }), '2026-03-02T10:00:00').refused).toEqual(refused);
  });

  it('of one account holds that account, from the guarantor too', () => {
    const accounts = ['A1', 'A2'].map((accountId) => ({ accountId, status: 'open' as const, pastDueDay: 20_000 }));
    const directives = [space({ accountId: 'A1' })];
    expect(ask(to('guarantor', 'collect', { accounts, directives }), '2026-03-02T10:00:00').refused).toEqual([HELD]);
    const other = to('guarantor', 'collect', { accounts: accounts.slice(1), directives });
    expect(ask(other, '2026-03-02T10:00:00').refused).toEqual([]);
  });

  it('in a mental health crisis holds for itself, and until its end is known', () => {
    const crisis = directive('moratorium', { moratoriumType: 'mental_health_crisis', from: START });
    expect(ask(call({ directives: [crisis] }), '2026-09-01T10:00:00')).toEqual({
      refused: ['gb.moratorium.mental-health-crisis'],
      next: null,
    });
    const over = { ...crisis, until: at('2026-09-01T10:00:01') };
    expect(ask(call({ directives: [over] }), '2026-09-01T10:00:00').next).toBe('2026-09-01T10:00:01');
  });
});

describe('what the customer asked for', () => {
  it.each([
    [
      'a time',
      timed('time_restriction', [{ days: ['mon'], from: '06:00', to: '14:00' }]),
      'gb.wish.time',
      '2026-11-23T14:00:00',
    ],
    ['a place', directive('place_restriction', { places: ['home'] }), 'gb.wish.place', null],
    ['a channel', directive('channel_opt_out', { channel: 'voice' }), 'gb.channel.opt-out', null],
    ['a number', directive('address_opt_out', { contactPointId: 'm1' }), 'gb.address.opt-out', null],
    ['no calls', directive('cease'), 'gb.wish.cease', null],
  ])('%s is respected', (_, wish, refused, next) => {
    const known = call({ directives: [wish], contactPoint: { place: 'home' } });
    expect(ask(known, '2026-11-23T10:00:00')).toEqual({ refused: [refused], next });
    expect(pack.rules.find(({ spec }) => spec.id === refused)?.spec.strength).toBe('must');
  });

  it.each(['statutory_notice', 'respond'] as const)('about a channel does not stop a contact to %s', (purpose) => {
    const known = to('debtor', purpose, { directives: [directive('channel_opt_out', { channel: 'voice' })] });
    expect(ask(known, '2026-11-23T10:00:00').refused).toEqual([]);
  });

  it('not to be called leaves writing', () => {
    for (const channel of ['sms', 'email', 'letter'] as const)
      expect(ask(on(channel, { directives: [directive('cease')] }), '2026-11-23T10:00:00').refused).toEqual([]);
  });
});

describe('who may be contacted for what', () => {
  const DEBTOR: Purpose[] = ['collect', 'service', 'respond', 'statutory_notice', 'opt_out_confirmation'];
  const ANSWER: Purpose[] = ['respond', 'opt_out_confirmation'];
  const allowed: Record<Role, Purpose[]> = {
    debtor: DEBTOR,
    guarantor: DEBTOR,
    spouse: ['locate', ...ANSWER],
    contact: ['locate', ...ANSWER],
    guardian: ANSWER,
    executor: ANSWER,
    lawyer: ANSWER,
    employer: ANSWER,
  };
  it.each(ROLES.flatMap((role) => PURPOSES.map((purpose) => [role, purpose] as const)))('%s, %s', (role, purpose) => {
    const known = to(role, purpose, { debtorHasValidNumber: false });
    expect(ask(known, '2026-11-23T10:00:00').refused).toEqual(allowed[role].includes(purpose) ? [] : ['gb.addressee']);
  });

  it.each([
    ['guardian', 'incapacity'],
    ['executor', 'deceased'],
    ['lawyer', 'represented'],
  ] as const)('the %s of the debtor is collected from while %s holds', (role, kind) => {
    const directives = [directive(kind, { partyId: 'self' })];
    expect(ask(to(role, 'collect', { directives }), '2026-11-23T10:00:00').refused).toEqual([]);
  });

  it('a friend is asked only once the debtor cannot be reached', () => {
    expect(ask(to('contact', 'locate'), '2026-11-23T10:00:00').refused).toEqual(['gb.contact.debtor-unreachable']);
  });
});

describe('how often', () => {
  const calls = (...times: string[]) => times.map((time) => contact(time));

  it.each([
    ['three on the day', ['2026-11-23T08:00:00', '2026-11-23T10:00:00', '2026-11-23T12:00:00'], 'person-day', 24],
    [
      'seven in seven days',
      ['17', '18', '19', '20', '21', '22', '22'].map((date, index) => `2026-11-${date}T1${index}:00:00`),
      'person-week',
      24,
    ],
  ])('%s are the most', (_, times, rule, nextDay) => {
    const known = call({ events: { person: calls(...times) } });
    expect(ask(known, '2026-11-23T18:00:00')).toEqual({
      refused: [`gb.calls.${rule}`],
      next: `2026-11-${nextDay}T08:00:00`,
    });
    const fewer = call({ events: { person: calls(...times.slice(1)) } });
    expect(ask(fewer, '2026-11-23T18:00:00').refused).toEqual([]);
  });

  it('days are counted in the zone that counts more', () => {
    const late = calls('2026-11-23T01:00:00', '2026-11-23T02:00:00', '2026-11-23T03:00:00');
    const ask8pm = (zones: string[]) => ask(call({ zones, events: { person: late } }), '2026-11-23T20:00:00').refused;
    expect(ask8pm(['Europe/London'])).toEqual(['gb.calls.person-day']);
    expect(ask8pm(['America/New_York'])).toEqual([]);
    expect(ask8pm(['America/New_York', 'Europe/London'])).toEqual(['gb.calls.person-day']);
  });

  it('an hour lies between two calls, to the second', () => {
    const known = call({ events: { person: calls('2026-11-23T10:00:00') } });
    expect(ask(known, '2026-11-23T10:59:59.999')).toEqual({ refused: ['gb.calls.gap'], next: '2026-11-23T11:00:00' });
    expect(ask(known, '2026-11-23T11:00:00').refused).toEqual([]);
  });

  it('two messages a day over all written channels', () => {
    const sent = (['sms', 'email'] as const).map((channel) => contact('2026-11-23T09:00:00', 'delivered', { channel }));
    expect(ask(on('im', { events: { person: sent } }), '2026-11-23T20:00:00')).toEqual({
      refused: ['gb.messages.person-day'],
      next: '2026-11-24T08:00:00',
    });
  });
});

describe('the pack', () => {
  it('has no number but those of the bank', () => {
    const counting = document.rules.filter(({ kind }) => kind === 'cap' || kind === 'gap' || kind === 'hours');
    expect(counting.map(({ id, strength }) => [id, strength])).toEqual(counting.map(({ id }) => [id, 'bank']));
    expect(counting).toHaveLength(5);
  });

  it.each([
    ['a call to the debtor', facts(), ['VERIFY_IDENTITY', 'IDENTIFY_CALLER']],
    ['a call to a friend', to('contact', 'locate'), ['VERIFY_IDENTITY', 'IDENTIFY_CALLER', 'NO_DEBT_DETAILS']],
    ['a letter', on('letter'), ['PRIVATE_ENVELOPE']],
  ])('tells %s what to do', (_, known, codes) => {
    expect(obligations(known, '2026-11-23T10:00:00')).toEqual(codes);
  });
});
