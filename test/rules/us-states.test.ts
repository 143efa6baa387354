import { describe, expect, it } from 'vitest';
import { evaluate } from '../../src/rules/contact/evaluate.ts';
import { type ContactEvent, OUTCOMES, type Outcome } from '../../src/rules/contact/facts.ts';
import { directive, events, ms } from './builders.ts';
import { customerOf, type Given, shipped } from './shipped.ts';

const AGENCY: Given = { request: { collectorKind: 'third_party', collectorId: 'agency-1' } };
const account = (accountId: string, given: object = {}) =>
  ({ accountId, status: 'open', pastDueDay: 20_000, ...given }) as const;

describe('Massachusetts', () => {
  const { call, on, ask, contact, timed } = customerOf('America/New_York', shipped('us-ma@2012-03-02').compiled);
  const WEEK = 'us.ma.two-in-seven-days';
  const WORK = 'us.ma.two-in-thirty-days-at-work';
  const HOUSEHOLD = 'us.ma.household.two-in-seven-days';

  it.each<[Outcome, boolean]>(
    OUTCOMES.map((outcome) => [outcome, !['busy', 'not_in_service', 'wrong_number', 'undelivered'].includes(outcome)]),
  )('%s is an initiated communication: %s', (outcome, counts) => {
    const list = [contact('2026-11-17T12:00:00', 'conversation'), contact('2026-11-18T12:00:00', outcome)];
    expect(ask(call({ events: events(list) }), '2026-11-20T12:00:00').refused).toEqual(counts ? [WEEK] : []);
  });

  it.each([
    ['2026-11-17T08:00:00', '2026-11-23T20:59:59', '2026-11-24T08:00:00'],
    ['2026-11-17T20:59:59', '2026-11-23T20:59:59', '2026-11-24T08:00:00'],
    ['2026-10-30T12:00:00', '2026-11-02T12:00:00', '2026-11-06T08:00:00'],
    ['2026-12-28T12:00:00', '2027-01-02T12:00:00', '2027-01-04T08:00:00'],
    ['2028-02-26T12:00:00', '2028-02-29T12:00:00', '2028-03-04T08:00:00'],
    ['2026-03-05T12:00:00', '2026-03-09T12:00:00', '2026-03-12T08:00:00'],
  ])('the third since %s waits, at %s, until %s', (first, time, next) => {
    const list = [contact(first, 'no_answer'), contact(first, 'voicemail', { channel: 'sms' })];
    for (const given of [{}, AGENCY]) {
      const known = call({ ...given, events: events(list) });
      expect(ask(known, time)).toEqual({ refused: [WEEK], next });
      expect(ask(known, next).refused).toEqual([]);
    }
  });

  it('each debt has its own two, and one call about both needs both', () => {
    const list = [1, 2].map((hour) => contact(`2026-11-20T1${hour}:00:00`, 'no_answer', { accountIds: ['A1'] }));
    const about = (...ids: string[]) => call({ accounts: ids.map((id) => account(id)), events: events(list) });
    expect(ask(about('A1'), '2026-11-23T12:00:00').refused).toEqual([WEEK]);
    expect(ask(about('A2'), '2026-11-23T12:00:00').refused).toEqual([]);
    expect(ask(about('A1', 'A2'), '2026-11-23T12:00:00').refused).toEqual([WEEK]);
  });

  it('two in thirty days at work, apart from the other numbers', () => {
    const list = ['2026-10-26', '2026-11-20'].map((date) =>
      contact(`${date}T12:00:00`, 'no_answer', { place: 'work' }),
    );
    const work = (given: Given = {}) => call({ ...given, contactPoint: { place: 'work' }, events: events(list) });
    expect(ask(work(), '2026-11-24T20:59:59')).toEqual({ refused: [WORK], next: '2026-11-25T08:00:00' });
    expect(ask(work(), '2026-11-25T08:00:00').refused).toEqual([]);
    expect(ask(call({ events: events(list) }), '2026-11-21T12:00:00').refused).toEqual([]);
    const home = list.map((event) => ({ ...event, place: 'home' as const }));
    expect(ask(call({ contactPoint: { place: 'work' }, events: events(home) }), '2026-11-21T12:00:00').refused).toEqual(
      [],
    );
  });

  it('the household counts debtor and spouse together', () => {
    const own = [contact('2026-11-20T12:00:00', 'conversation')];
    const household = [contact('2026-11-19T12:00:00', 'no_answer'), ...own];
    const spouse = { party: { partyId: 'spouse', role: 'spouse' } } as const;
    const asked = (list: readonly ContactEvent[]) =>
      ask(call({ ...spouse, events: { person: own, number: own, household: list } }), '2026-11-23T12:00:00');
    expect(asked(household)).toEqual({ refused: [HOUSEHOLD], next: '2026-11-26T08:00:00' });
    expect(asked(own).refused).toEqual([]);
  });

  it('the household is called at work twice in thirty days', () => {
    const spouse = { party: { partyId: 'spouse', role: 'spouse' }, contactPoint: { place: 'work' } } as const;
    const household = ['2026-10-26', '2026-11-20'].map((date) =>
      contact(`${date}T12:00:00`, 'no_answer', { place: 'work' }),
    );
    const known = call({ ...spouse, events: { person: [], number: [], household } });
    expect(ask(known, '2026-11-24T20:00:00')).toEqual({
      refused: ['us.ma.household.two-in-thirty-days-at-work'],
      next: '2026-11-25T08:00:00',
    });
  });

  it('an attorney takes the place of the debtor, for the bank too', () => {
    const directives = [directive('represented')];
    expect(ask(call({ directives }), '2026-11-23T12:00:00').refused).toEqual(['us.ma.represented']);
  });

  it.each([
    ['2026-11-12T09:29:59', ['us.ma.not-at-work'], '2026-11-12T09:30:00'],
    ['2026-11-12T09:30:00', [], '2026-11-12T09:30:00'],
  ])('not at work, said on the second, holds for ten days: %s', (time, refused, next) => {
    const said = { from: ms('2026-11-02T09:30:00-05:00'), until: ms('2026-11-12T09:30:00-05:00') };
    const wish = directive('place_restriction', { places: ['work'], ...said });
    expect(ask(call({ contactPoint: { place: 'work' }, directives: [wish] }), time)).toEqual({ refused, next });
    expect(ask(call({ directives: [wish] }), time).refused).toEqual([]);
  });

  it('hours are Eastern for the bank, the consumer’s for an agency', () => {
    const west = { zones: ['America/Los_Angeles'] };
    expect(ask(call(west), '2026-11-23T09:00:00').refused).toEqual([]);
    expect(ask(call(west), '2026-11-23T21:00:00').next).toBe('2026-11-24T08:00:00');
    expect(ask(call({ ...west, ...AGENCY }), '2026-11-23T09:00:00').next).toBe('2026-11-23T11:00:00');
    expect(ask(call({ ...west, ...AGENCY }), '2026-11-23T23:59:59').refused).toEqual([]);
  });

  it('hours give way to waking hours that are known', () => {
    const nightShift = timed('hours_consent', [{ from: '21:00', to: '24:00' }]);
    expect(ask(call({ directives: [nightShift] }), '2026-11-23T23:59:59').refused).toEqual([]);
  });

  it('one visit in thirty days for a debt, and none to work', () => {
    const visited = [contact('2026-11-02T12:00:00', 'conversation', { channel: 'visit' })];
    const absent = [contact('2026-11-02T12:00:00', 'no_answer', { channel: 'visit' })];
    const visit = (list: readonly ContactEvent[], given: Given = {}) => on('visit', { ...given, events: events(list) });
    expect(ask(visit(visited), '2026-12-01T12:00:00').next).toBe('2026-12-02T08:00:00');
    expect(ask(visit(absent), '2026-12-01T12:00:00').refused).toEqual([]);
    expect(ask(visit([], { contactPoint: { place: 'work' } }), '2026-12-01T12:00:00').refused).toEqual([
      'us.ma.visits.not-at-work',
    ]);
  });
});

describe('Washington', () => {
  const { call, on, ask, contact, at } = customerOf('America/Los_Angeles', shipped('us-wa@2019-07-28').compiled);
  const by = (channel: Parameters<typeof on>[0], given: Given = {}) => on(channel, { ...AGENCY, ...given });
  const home: Given = { contactPoint: { place: 'home' } };
  const made = (time: string, outcome: Outcome = 'conversation', given: Partial<ContactEvent> = {}) =>
    contact(time, outcome, { collectorId: 'agency-1', ...given });

  it.each([
    ['2026-11-23T07:29:59', ['us.wa.home-hours'], '2026-11-23T07:30:00'],
    ['2026-11-23T07:30:00', [], '2026-11-23T07:30:00'],
    ['2026-11-23T21:00:00', [], '2026-11-23T21:00:00'],
    ['2026-11-23T21:00:00.001', ['us.wa.home-hours'], '2026-11-24T07:30:00'],
    ['2026-11-23T21:00:01', ['us.wa.home-hours'], '2026-11-24T07:30:00'],
    ['2028-02-29T22:00:00', ['us.wa.home-hours'], '2028-03-01T07:30:00'],
    ['2026-03-08T03:00:00', ['us.wa.home-hours'], '2026-03-08T07:30:00'],
    ['2026-11-01T01:30:00', ['us.wa.home-hours'], '2026-11-01T07:30:00'],
  ])('at home at %s: refused by %j, next at %s', (time, refused, next) => {
    expect(ask(by('voice', home), time)).toEqual({ refused, next });
    expect(ask(by('voice'), time).refused).toEqual([]);
  });

  it('at home where that is, not where the agency’s rules come from', () => {
    const hawaii = { ...home, zones: ['Pacific/Honolulu'] };
    expect(ask(by('voice', hawaii), '2026-11-23T22:00:00').refused).toEqual([]);
    expect(ask(by('voice', hawaii), '2026-11-23T08:00:00').next).toBe('2026-11-23T09:30:00');
  });

  it.each([
    ['2026-11-28T23:59:59', ['us.wa.three-in-a-week'], '2026-11-29T00:00:00'],
    ['2026-11-29T00:00:00', [], '2026-11-29T00:00:00'],
  ])('three communications in the week before %s: %j', (time, refused, next) => {
    const household = ['22', '25', '28'].map((day) => made(`2026-11-${day}T00:00:00`));
    const known = by('letter', { events: { person: [], number: [], household } });
    expect(ask(known, time)).toEqual({ refused, next });
  });

  it.each<[Outcome, boolean]>([
    ['conversation', true],
    ['refused', true],
    ['voicemail', true],
    ['delivered', true],
    ['pending', true],
    ['no_answer', false],
    ['busy', false],
    ['third_party_answered', false],
  ])('%s is a communication: %s', (outcome, counts) => {
    const list = [made('2026-11-23T12:00:00'), made('2026-11-24T12:00:00'), made('2026-11-25T12:00:00', outcome)];
    expect(ask(by('email', { events: { person: list } }), '2026-11-26T12:00:00').refused).toEqual(
      counts ? ['us.wa.three-in-a-week'] : [],
    );
  });

  it('the spouse shares the three, another agency does not', () => {
    const spouse = { party: { partyId: 'spouse', role: 'spouse' } } as const;
    const household = ['23', '24', '25'].map((day) => made(`2026-11-${day}T12:00:00`));
    const asked = (list: readonly ContactEvent[]) =>
      ask(by('email', { ...spouse, events: { person: [], number: [], household: list } }), '2026-11-26T12:00:00')
        .refused;
    expect(asked(household)).toEqual(['us.wa.three-in-a-week']);
    expect(asked(household.map((event) => ({ ...event, collectorId: 'agency-2' })))).toEqual([]);
  });

  it('an answer to the debtor is free and is not counted', () => {
    const answers = ['23', '24', '25'].map((day) =>
      made(`2026-11-${day}T12:00:00`, 'delivered', { purpose: 'respond' }),
    );
    expect(ask(by('email', { events: { person: answers } }), '2026-11-26T12:00:00').refused).toEqual([]);
  });

  it('once a week at work', () => {
    const work: Given = { contactPoint: { place: 'work' } };
    const list = [made('2026-11-23T12:00:00', 'conversation', { place: 'work' })];
    expect(ask(by('voice', { ...work, events: events(list) }), '2026-11-28T12:00:00')).toEqual({
      refused: ['us.wa.one-in-a-week-at-work'],
      next: '2026-11-29T00:00:00',
    });
    expect(ask(by('voice', { events: events(list) }), '2026-11-28T12:00:00').refused).toEqual([]);
  });

  it('a wireless number twice a day, calls and texts together, answered or not', () => {
    const list = [
      made('2026-11-23T08:00:00', 'no_answer'),
      made('2026-11-23T09:00:00', 'undelivered', { channel: 'sms' }),
    ];
    const asked = (given: Given, time = '2026-11-23T20:00:00') =>
      ask(by('voice', { events: { person: [], number: list }, ...given }), time);
    expect(asked({})).toEqual({ refused: ['us.wa.wireless-two-a-day'], next: '2026-11-24T00:00:00' });
    expect(asked(home).refused).toEqual([]);
    expect(asked({}, '2026-11-24T00:00:00').refused).toEqual([]);
  });

  it('an attorney takes the place of the debtor', () => {
    expect(ask(by('letter', { directives: [directive('represented')] }), '2026-11-26T12:00:00').refused).toEqual([
      'us.wa.represented',
    ]);
  });

  it('binds licensed agencies, not the bank', () => {
    const list = ['23', '24', '25'].map((day) => contact(`2026-11-${day}T12:00:00`, 'conversation'));
    const pack = shipped('us-wa@2019-07-28').compiled;
    const verdict = evaluate([pack], call({ ...home, events: events(list) }), at('2026-11-26T03:00:00'));
    expect([verdict.permitted, verdict.limits, verdict.obligations]).toEqual([true, [], []]);
  });
});
