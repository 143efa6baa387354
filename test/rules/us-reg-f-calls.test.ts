import { describe, expect, it } from 'vitest';
import { evaluate } from '../../src/rules/contact/evaluate.ts';
import type { ContactEvent, ContactFacts, Outcome } from '../../src/rules/contact/facts.ts';
import { directive, events, ms } from './builders.ts';
import type { Given } from './shipped.ts';
import { AGENCY, consumer, pack } from './us-reg-f.ts';

const { at, on, ask, warnings, contact } = consumer;

const SEVEN = 'us.regf.calls.seven-in-seven';
const TALKED = 'us.regf.calls.after-conversation';

const placed = (time: string, outcome: Outcome = 'no_answer', given: Partial<ContactEvent> = {}) =>
  contact(time, outcome, { collectorId: 'agency-1', ...given });

/** A call by the agency that asks, after such contacts with the person on one number. */
function after(list: readonly ContactEvent[], given: Given = {}): ContactFacts {
  const { request, ...rest } = given;
  return on('voice', { ...rest, request: { ...AGENCY, ...(request as object) }, events: events(list) });
}

/** A call at noon on each of so many days from a date on. */
function daily(date: string, days: number, outcome?: Outcome, given?: Partial<ContactEvent>): ContactEvent[] {
  const first = Temporal.PlainDate.from(date);
  return Array.from({ length: days }, (_, index) => placed(`${first.add({ days: index })}T12:00:00`, outcome, given));
}

describe('seven calls within seven consecutive days', () => {
  it.each([
    [6, '2026-04-07T20:00:00', [], '2026-04-07T20:00:00'],
    [7, '2026-04-07T20:00:00', [SEVEN], '2026-04-08T08:00:00'],
    [7, '2026-04-07T20:59:59', [SEVEN], '2026-04-08T08:00:00'],
    [7, '2026-04-08T08:00:00', [], '2026-04-08T08:00:00'],
    [8, '2026-04-08T20:00:00', [SEVEN], '2026-04-09T08:00:00'],
    [14, '2026-04-14T20:00:00', [SEVEN], '2026-04-15T08:00:00'],
  ])('after %d of them, asked at %s: refused by %j, next at %s', (days, time, refused, next) => {
    expect(ask(after(daily('2026-04-01', days)), time)).toEqual({ refused, next });
  });

  it.each([
    ['over the end of a month', '2026-04-28', '2026-05-04T20:00:00', '2026-05-05T08:00:00'],
    ['over the end of a year', '2026-12-28', '2027-01-03T20:00:00', '2027-01-04T08:00:00'],
    ['over the end of February', '2027-02-25', '2027-03-03T20:00:00', '2027-03-04T08:00:00'],
    ['over a leap day', '2028-02-25', '2028-03-02T20:00:00', '2028-03-03T08:00:00'],
    ['over the day of 23 hours', '2026-03-05', '2026-03-11T20:00:00', '2026-03-12T08:00:00'],
    ['over the day of 25 hours', '2026-10-28', '2026-11-03T20:00:00', '2026-11-04T08:00:00'],
  ])('%s', (_, first, time, next) => {
    expect(ask(after(daily(first, 7)), time)).toEqual({ refused: [SEVEN], next });
  });

  it('are calendar days, not 168 hours', () => {
    const late = daily('2026-04-01', 7).map((call) => ({ ...call, at: call.at + 8 * 3_600_000 }));
    expect(ask(after(late), '2026-04-08T08:00:00').refused).toEqual([]);
  });

  it.each<[Outcome, boolean]>([
    ['placed', true],
    ['no_answer', true],
    ['voicemail', true],
    ['limited_message', true],
    ['answered', true],
    ['third_party_answered', true],
    ['delivered', true],
    ['pending', true],
    ['busy', false],
    ['not_in_service', false],
    ['wrong_number', false],
    ['undelivered', false],
  ])('%s counts: %s', (outcome, counts) => {
    const list = [...daily('2026-04-01', 6), placed('2026-04-07T12:00:00', outcome)];
    expect(ask(after(list), '2026-04-07T20:00:00').refused.includes(SEVEN)).toBe(counts);
  });

  it.each<[string, Partial<ContactEvent>, boolean]>([
    ['by another agency', { collectorId: 'agency-2' }, false],
    ['by the bank', { collectorId: 'bank' }, false],
    ['to a number that turned out to be wrong', { misdirected: true }, false],
    ['from the consumer', { direction: 'inbound' }, false],
    ['that was a text', { channel: 'sms' }, false],
    ['about another debt', { accountIds: ['A2'] }, false],
    ['about both debts', { accountIds: ['A1', 'A2'] }, true],
    ['that dropped a voicemail without ringing', { ringless: true }, true],
  ])('one %s counts: %s %s', (_, given, counts) => {
    const list = [...daily('2026-04-01', 6), placed('2026-04-07T12:00:00', 'voicemail', given)];
    expect(ask(after(list), '2026-04-07T20:00:00').refused).toEqual(counts ? [SEVEN] : []);
  });

  it('bind the agency, not the bank, nor a call to the attorney', () => {
    const list = daily('2026-04-01', 7);
    expect(ask(after(list, { request: { collectorKind: 'creditor' } }), '2026-04-07T20:00:00').refused).toEqual([]);
    expect(ask(after(list, { party: { partyId: 'counsel', role: 'lawyer' } }), '2026-04-07T20:00:00').refused).toEqual(
      [],
    );
  });

  it('follow the person over all numbers', () => {
    const list = daily('2026-04-01', 7);
    const elsewhere = on('voice', { request: AGENCY, events: { person: list, number: [] } });
    expect(ask(elsewhere, '2026-04-07T20:00:00').refused).toEqual([SEVEN]);
    const another = on('voice', { request: AGENCY, events: { person: [], number: list } });
    expect(ask(another, '2026-04-07T20:00:00').refused).toEqual([]);
  });
});

describe('several debts', () => {
  const two = [
    { accountId: 'A1', status: 'open', pastDueDay: 20_000 },
    { accountId: 'A2', status: 'open', pastDueDay: 20_000 },
  ] as const;
  const asked = (list: readonly ContactEvent[], ...ids: string[]) =>
    ask(after(list, { accounts: two.filter(({ accountId }) => ids.includes(accountId)) }), '2026-04-07T20:00:00');
  const onFirst = daily('2026-04-01', 7, 'no_answer', { accountIds: ['A1'] });

  it('each have their own seven', () => {
    expect(asked(onFirst, 'A1').refused).toEqual([SEVEN]);
    expect(asked(onFirst, 'A2').refused).toEqual([]);
  });

  it('must all be under the count where one call is about them', () => {
    expect(asked(onFirst, 'A1', 'A2')).toEqual({ refused: [SEVEN], next: '2026-04-08T08:00:00' });
  });

  it('all count a call that was attributed to none', () => {
    const list = daily('2026-04-01', 7);
    expect([asked(list, 'A1').refused, asked(list, 'A2').refused]).toEqual([[SEVEN], [SEVEN]]);
  });

  it('are freed by the later of them', () => {
    const list = [...onFirst, ...daily('2026-03-31', 7, 'no_answer', { accountIds: ['A2'] })].sort(
      (a, b) => a.at - b.at,
    );
    expect(asked(list, 'A2').refused).toEqual([]);
    const known = after(list, { accounts: two });
    expect(ask(known, '2026-04-06T20:00:00').next).toBe('2026-04-08T08:00:00');
  });

  it('of one group are one debt, for the count and after a conversation', () => {
    const group = two.map((debt) => ({ ...debt, groupAccountIds: ['A1', 'A2'] }));
    const asked = (list: readonly ContactEvent[]) => ask(after(list, { accounts: [group[1]!] }), '2026-04-07T20:00:00');
    expect(asked(onFirst).refused).toEqual([SEVEN]);
    const talk = placed('2026-04-06T12:00:00', 'conversation', { conversationAccountIds: ['A1'] });
    expect(asked([talk])).toEqual({ refused: [TALKED], next: '2026-04-13T08:00:00' });
  });

  it('tell a call from what was talked about', () => {
    const talk = placed('2026-04-06T12:00:00', 'conversation', {
      accountIds: ['A1', 'A2'],
      conversationAccountIds: ['A1'],
    });
    expect(asked([talk], 'A1')).toEqual({ refused: [TALKED], next: '2026-04-13T08:00:00' });
    expect(asked([talk], 'A2').refused).toEqual([]);
    const six = daily('2026-04-01', 6, 'no_answer', { accountIds: ['A2'] });
    expect(asked([...six, { ...talk, at: at('2026-04-07T12:00:00') }], 'A2').refused).toEqual([SEVEN]);
  });
});

describe('seven days after a conversation, its day the first', () => {
  it.each([
    ['2026-04-03T08:00:00', '2026-04-03T08:00:01', '2026-04-10T08:00:00'],
    ['2026-04-03T20:59:59', '2026-04-04T08:00:00', '2026-04-10T08:00:00'],
    ['2026-04-03T20:59:59', '2026-04-09T20:59:59', '2026-04-10T08:00:00'],
    ['2026-04-28T12:00:00', '2026-04-29T12:00:00', '2026-05-05T08:00:00'],
    ['2028-02-25T12:00:00', '2028-02-29T12:00:00', '2028-03-03T08:00:00'],
    ['2027-02-25T12:00:00', '2027-02-28T12:00:00', '2027-03-04T08:00:00'],
    ['2026-03-05T12:00:00', '2026-03-08T12:00:00', '2026-03-12T08:00:00'],
    ['2026-10-29T12:00:00', '2026-11-01T12:00:00', '2026-11-05T08:00:00'],
  ])('talked at %s, asked at %s: next at %s', (talked, time, next) => {
    const known = after([placed(talked, 'conversation')]);
    expect(ask(known, time)).toEqual({ refused: [TALKED], next });
    expect(ask(known, next).refused).toEqual([]);
  });

  it.each<[string, Outcome, Partial<ContactEvent>, boolean]>([
    ['that the consumer began', 'conversation', { direction: 'inbound' }, true],
    ['that the consumer broke off', 'refused', {}, true],
    ['with whoever answered', 'third_party_answered', {}, false],
    ['that was cut off', 'answered', {}, false],
    ['by another agency', 'conversation', { collectorId: 'agency-2' }, false],
    ['with the wrong person', 'conversation', { misdirected: true }, false],
    ['at the door', 'conversation', { channel: 'visit' }, false],
    ['whose outcome is not reported', 'pending', {}, true],
  ])('one %s starts them (%s)', (_, outcome, given, starts) => {
    expect(ask(after([placed('2026-04-03T12:00:00', outcome, given)]), '2026-04-04T12:00:00').refused).toEqual(
      starts ? [TALKED] : [],
    );
  });

  it('bind calls, not texts and letters', () => {
    const known = after([placed('2026-04-03T12:00:00', 'conversation')]);
    const letter = { ...known, request: { ...known.request, channel: 'letter' as const }, contactPoint: null };
    expect(ask(letter, '2026-04-04T12:00:00').refused).toEqual([]);
  });
});

describe('consent to be called', () => {
  const FRIDAY = '2026-04-03T12:05:00';
  const agreed = (given: Parameters<typeof directive>[1] = {}) =>
    directive('call_consent', { from: at(FRIDAY), collectorId: 'agency-1', ...given });
  const talk = placed('2026-04-03T12:00:00', 'conversation');
  const asked = (given: Parameters<typeof directive>[1], time: string, list: readonly ContactEvent[] = [talk]) =>
    ask(after(list, { directives: [agreed(given)] }), time);

  it.each([
    ['at once', '2026-04-03T12:05:00', true],
    ['on the seventh day', '2026-04-09T20:59:59', true],
    ['not before it', '2026-04-03T12:04:59', false],
  ])('holds %s', (_, time, holds) => expect(asked({}, time).refused).toEqual(holds ? [] : [TALKED]));

  it('leaves out calls of seven days, its own day the first', () => {
    const hourly = (date: string) =>
      Array.from({ length: 7 }, (_, index) => placed(`${date}T${String(9 + index).padStart(2, '0')}:00:00`));
    const given = { from: at('2026-03-31T20:00:00') };
    expect(asked(given, '2026-04-07T20:00:00', hourly('2026-04-06')).refused).toEqual([]);
    expect(asked(given, '2026-04-07T20:00:00', hourly('2026-04-07')).refused).toEqual([SEVEN]);
    expect(asked(given, '2026-04-06T20:00:00', hourly('2026-03-31')).refused).toEqual([]);
  });

  it.each<[string, Parameters<typeof directive>[1], boolean]>([
    ['to this collector', {}, true],
    ['to the bank alone', { collectorId: 'bank' }, false],
    ['to another agency', { collectorId: 'agency-2' }, false],
    ['about this debt', { accountId: 'A1' }, true],
    ['about another debt', { accountId: 'A2' }, false],
    ['of this person', { partyId: 'self' }, true],
    ['of another person', { partyId: 'spouse' }, false],
    ['that was revoked', { until: at('2026-04-05T12:00:00') }, false],
    ['that is shorter but runs', { until: at('2026-04-06T12:00:01') }, true],
  ])('given %s: %s', (_, given, holds) => {
    expect(asked(given, '2026-04-06T12:00:00').refused).toEqual(holds ? [] : [TALKED]);
  });

  it('ends with the next conversation about the debt, and with no other', () => {
    const sunday = (given: Partial<ContactEvent>) => placed('2026-04-05T12:00:00', 'conversation', given);
    expect(asked({}, '2026-04-06T12:00:00', [talk, sunday({})])).toEqual({
      refused: [TALKED],
      next: '2026-04-12T08:00:00',
    });
    expect(asked({}, '2026-04-06T12:00:00', [talk, sunday({ accountIds: ['A2'] })]).refused).toEqual([]);
  });

  it('tells the dialer when the permission ends', () => {
    const known = after([talk], { directives: [agreed({ until: at('2026-04-06T12:30:00') })] });
    expect(evaluate([pack], known, at('2026-04-06T12:00:00')).closesAt).toBe(at('2026-04-06T12:30:00'));
  });
});

describe('days in two zones', () => {
  const zones = ['America/New_York', 'America/Los_Angeles'];
  // 00:30 Eastern is still the evening before on the Pacific coast.
  const early = placed('2026-04-02T00:30:00');

  it('count in the zone that counts more', () => {
    const list = [early, ...daily('2026-04-03', 6)];
    expect(ask(after(list), '2026-04-09T12:00:00').refused).toEqual([]);
    const pacific = (time: string) => evaluate([pack], after(list, { zones }), ms(time)).reasons.length;
    expect(pacific('2026-04-08T20:30:00-04:00')).toBe(1);
    expect(pacific('2026-04-09T12:00:00-04:00')).toBe(0);
  });

  it('keep a conversation for seven days in both', () => {
    const known = after([placed('2026-04-03T00:30:00', 'conversation')], { zones });
    expect(ask(known, '2026-04-09T20:00:00')).toEqual({ refused: [TALKED], next: '2026-04-10T11:00:00' });
  });
});

describe('what may rebut the presumption is a warning', () => {
  const QUICK = 'us.regf.calls.succession';
  const MANY = 'us.regf.calls.seven-in-one-day';
  const TOGETHER = 'us.regf.contacts.cumulative';
  it.each([
    ['2026-04-07T12:04:59', [QUICK]],
    ['2026-04-07T12:05:00', []],
  ])('a second call at %s: %j', (time, warned) => {
    expect(warnings(after([placed('2026-04-07T12:00:00')]), time)).toEqual(warned);
  });

  it('the seventh call of a day, not the sixth', () => {
    const hourly = (count: number) =>
      Array.from({ length: count }, (_, index) => placed(`2026-04-07T${String(9 + index).padStart(2, '0')}:00:00`));
    expect(warnings(after(hourly(5)), '2026-04-07T20:00:00')).toEqual([]);
    expect(warnings(after(hourly(6)), '2026-04-07T20:00:00')).toEqual([MANY]);
    expect(warnings(after(hourly(6)), '2026-04-08T09:00:00')).toEqual([]);
  });

  it('calls, texts and e-mails together', () => {
    const channels = ['voice', 'sms', 'email', 'im', 'sms', 'email', 'sms'] as const;
    const list = channels.map((channel, index) => placed(`2026-04-0${index + 1}T12:00:00`, 'delivered', { channel }));
    expect(warnings(after(list.slice(1)), '2026-04-07T20:00:00')).toEqual([]);
    expect(warnings(after(list), '2026-04-07T20:00:00')).toEqual([TOGETHER]);
    expect(ask(after(list), '2026-04-07T20:00:00').refused).toEqual([]);
    expect(warnings(after(list), '2026-04-08T08:00:00')).toEqual([]);
  });
});
